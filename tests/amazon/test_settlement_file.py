"""Settlement files: what is read to the cent, and what is refused with line, column and text."""

from __future__ import annotations

from decimal import Decimal
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.amazon.settlement_cells import DecimalStyle, Doubt, read_amount
from crossdock.amazon.settlement_file import SettlementFile, read_settlement
from crossdock.errors import DataError
from tests.settlements import COLUMNS, REAL, a_settlement

SALE = "Order | 302-0000001-0000001 | ItemPrice | Principal | 19.99"
FEE = "Order | 302-0000001-0000001 | ItemFees | Commission | -3.00"
TWO = f"{SALE}\n{FEE}"
V1 = b"\t".join(
    b"settlement-id settlement-start-date settlement-end-date deposit-date total-amount currency transaction-type order-id "
    b"marketplace-name fulfillment-id posted-date sku quantity-purchased price-type price-amount promotion-type promotion-amount other-amount".split()
)
real = pytest.mark.skipif(not REAL.is_dir(), reason="the samples of real settlements are not beside the checkout")


def read(content: bytes, **more: str) -> SettlementFile:
    """The file as it is read."""
    return read_settlement(BytesIO(content), "settlement.txt", **more)


def refusal(content: bytes) -> str:
    """What is said of a file that is not read."""
    with pytest.raises(DataError) as refused:
        read(content)
    return str(refused.value)


@real
@pytest.mark.parametrize(
    ("name", "total", "rows", "lines", "blank"),
    [
        ("50011020300", -32169, 3, 6, 1),
        ("50018020314", -6231, 15, 18, 1),
        ("50034020328", 101608, 153, 192, 1),
        ("50044020356", 463023, 575, 731, 0),
    ],
)
def test_real_file_adds_up(name: str, total: int, rows: int, lines: int, blank: int) -> None:
    """The rows of a real archived file are its declared total, and every line of it is accounted for."""
    file = read((REAL / f"{name}.txt").read_bytes())
    assert (file.settlement.total.minor_units, file.rows.total(), len(file.rows)) == (total, total, rows)
    assert (file.facts.lines, file.facts.blank, file.facts.version) == (lines, blank, "V1")


@real
def test_real_file_without_a_line_is_off_by_that_line() -> None:
    """Of a real file without its line 100 exactly the two amounts of that line are missing."""
    lines = (REAL / "50034020328.txt").read_bytes().splitlines(keepends=True)
    file = read(b"".join(lines[:99] + lines[100:]))
    assert file.settlement.total.minor_units - file.rows.total() == -6057


@real
def test_synthetic_file_of_others_is_read() -> None:
    """A file that another project made up reads to its own total."""
    file = read((REAL / "v2-synthetic-xieyi138.txt").read_bytes())
    assert (file.rows.total(), file.facts.version) == (file.settlement.total.minor_units, "V2")


def test_summary_is_no_row() -> None:
    """The summary says when, how much and in which currency, and is not among the rows."""
    file = read(a_settlement(TWO))
    assert (str(file.settlement.total), len(file.rows), file.rows.total()) == ("16.99 EUR", 2, 1699)


def test_identical_rows_are_two() -> None:
    """Two rows that are the same to the letter are two rows."""
    assert read(a_settlement(f"{SALE}\n{SALE}")).rows.total() == 3998


@pytest.mark.parametrize(
    ("change", "same"),
    [
        (lambda content: content.replace(b"\n", b"\r\n"), "with the line ends of Windows"),
        (lambda content: b"\xef\xbb\xbf" + content, "with a byte order mark"),
        (lambda content: content + b"\n\n\n", "with blank lines at its end"),
        (lambda content: content.removesuffix(b"\n"), "without its last line end"),
        (lambda content: content.replace(b"\t-3.00\t", b"\t-3.00   \t"), "with blanks behind an amount"),
        (lambda content: content.replace(b"amount-type", b"Amount_Type"), "with a column in another spelling"),
        (
            lambda content: content.replace(b"19.99", b"19,99").replace(b"3.00", b"3,00").replace(b"16.99", b"16,99"),
            "EU",
        ),
        (lambda content: content.replace(b"MUG-BLUE", b'"MUG'), "with a quote in a text"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_same_rows_in_other_clothes(change: object, same: str) -> None:
    """Line ends, marks, blanks, spelling and the decimal style of another country change no cent."""
    assert callable(change), same
    assert read(change(a_settlement(TWO))).rows.total() == 1699


def test_columns_go_by_name() -> None:
    """Columns in another order, and one that nobody knows, change nothing."""
    rows = [line.split(b"\t") for line in a_settlement(TWO).splitlines()]
    turned = b"\n".join(b"\t".join([*reversed(row), b"new-column" if n == 0 else b"x"]) for n, row in enumerate(rows))
    assert read(turned).rows.total() == 1699


REFUSED = [
    ("cut in the middle of a line", lambda c: c[: c.index(b"ItemFees")], "line 4: has"),
    ("a line with a cell too many", lambda c: c.replace(b"-3.00", b"-3.00\t"), "line 4: has 25 columns"),
    ("a line with a cell too few", lambda c: c.replace(b"\t-3.00", b"-3.00"), "line 4: has 23 columns"),
    (
        "a blank line in the middle",
        lambda c: c.replace(b"\n28471003921\t\t\t\t\t\tOrder", b"\n\n28471003921\t\t\t\t\t\tOrder", 1),
        "line 3: is blank",
    ),
    ("a line of nothing but tabs", lambda c: c + b"\t" * 23 + b"\n", "line 5"),
    ("NUL", lambda c: c.replace(b"MUG-BLUE", b"MUG\0BLUE", 1), "line 3: has NUL"),
    ("a carriage return inside", lambda c: c.replace(b"MUG-BLUE", b"MUG\rBLUE", 1), "line 3: has a carriage return"),
    ("mixed decimal styles", lambda c: c.replace(b"-3.00", b"-3,00"), "line 4, column amount: '-3,00' has ','"),
    ("1.005", lambda c: c.replace(b"-3.00", b"1.005"), "line 4, column amount: '1.005' can be read"),
    ("three decimals", lambda c: c.replace(b"-3.00", b"12345.005"), "line 4, column amount"),
    ("full-width digits", lambda c: c.replace(b"-3.00", "-\uff13.\uff10\uff10".encode()), "line 4, column amount"),
    ("an exponent", lambda c: c.replace(b"-3.00", b"3e2"), "line 4, column amount"),
    ("an underscore in a number", lambda c: c.replace(b"-3.00", b"1_000"), "line 4, column amount"),
    ("no amount", lambda c: c.replace(b"-3.00", b""), "line 4, column amount: '' is no amount"),
    (
        "a repeated header",
        lambda c: c + c.split(b"\n")[0] + b"\n",
        "line 5, column settlement-id: 'settlement-id' is the header",
    ),
    ("a second summary", lambda c: c + c.split(b"\n")[1] + b"\n", "line 5, column total-amount"),
    (
        "a row of another settlement",
        lambda c: c + c.split(b"\n")[3].replace(b"28471003921", b"11111") + b"\n",
        "line 5, column settlement-id",
    ),
    (
        "another currency",
        lambda c: c.replace(b"\t\t\t\t\t\tOrder", b"\t\t\t\t\tUSD\tOrder", 1),
        "line 3, column currency: 'USD'",
    ),
    ("no column of amounts", lambda c: c.replace(b"\tamount\t", b"\tsum\t"), "line 1: has no column amount"),
    ("a column twice", lambda c: c.replace(b"promotion-id", b"amount"), "line 1: names the column 'amount' twice"),
    (
        "a moment that there was not",
        lambda c: c.replace(b"2026-10-21 10:00:00", b"2026-02-30 10:00:00", 1),
        "line 3, column posted-date-time",
    ),
    (
        "a moment without a zone",
        lambda c: c.replace(b"10:00:00 UTC", b"10:00:00", 1),
        "line 3, column posted-date-time",
    ),
    (
        "a posting of long ago",
        lambda c: c.replace(b"2026-10-21 10", b"2016-10-21 10", 1),
        "line 3, column posted-date-time",
    ),
    (
        "a slashed day alone",
        lambda c: c.replace(b"21.10.2026\t2026-10-21 10:00:00 UTC", b"03/04/26\t", 1),
        "line 3, column posted-date",
    ),
    (
        "a quantity that is none",
        lambda c: c.replace(b"MUG-BLUE\t1", b"MUG-BLUE\t1.5", 1),
        "line 3, column quantity-purchased",
    ),
    ("an unknown currency", lambda c: c.replace(b"\tEUR\t", b"\tEURO\t", 1), "line 2, column currency"),
    ("no summary", lambda c: b"\n".join([c.split(b"\n")[0], *c.split(b"\n")[2:]]), "line 2: is no summary"),
    (
        "a settlement that ends before it begins",
        lambda c: c.replace(b"2026-11-03", b"2026-10-03", 1),
        "line 2: the settlement begins",
    ),
    (
        "a year that nobody will see",
        lambda c: c.replace(b"2026-11-03", b"9999-11-03"),
        "line 2, column settlement-end-date",
    ),
    (
        "a year before Amazon",
        lambda c: c.replace(b"2026-10-21 10", b"1960-10-21 10", 1),
        "line 3, column posted-date-time",
    ),
    (
        "an id that begins with a nought",
        lambda c: c.replace(b"28471003921", b"028471003921"),
        "line 2, column settlement-id",
    ),
    (
        "an archived file without a type",
        lambda c: V1.replace(b"promotion-type\t", b"promo\t") + b"\n" + c,
        "has no column promotion-type",
    ),
    ("nothing at all", lambda c: c[:0], "settlement.txt"),
    ("a picture", lambda c: b"\x89PNG\r\n\x1a\n" + bytes(range(256)) + c, "neither UTF-8 nor cp1252"),
]


@pytest.mark.parametrize(("change", "said"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_doubt_names_its_place(change: object, said: str) -> None:
    """What cannot be read without guessing is refused, with line and column."""
    assert callable(change)
    assert said in refusal(change(a_settlement(TWO)))


def test_doubt_far_down_is_named_by_its_line() -> None:
    """The line of a doubt is that of the file, also behind thousands of others."""
    rows = "\n".join([SALE] * 5_000)
    content = a_settlement(rows).splitlines(keepends=True)
    content[4_000] = content[4_000].replace(b"19.99", b"19.9x")
    assert "line 4001, column amount: '19.9x'" in refusal(b"".join(content))


@pytest.mark.parametrize(
    ("charset", "currency", "text"), [("cp1252", "EUR", "Gro\xdfe Tasse"), ("cp932", "JPY", "マグカップ")]
)
def test_old_encodings_are_read_strictly(charset: str, currency: str, text: str) -> None:
    """What is no UTF-8 is read as the country of the currency writes, and the encoding is told."""
    content = a_settlement("Order | 250-0000001-0000001 | ItemPrice | Principal | 200", currency=currency, sku=text)
    file = read(content.decode().encode(charset))
    assert (list(file.rows.skus), file.facts.encoding) == ([text], charset)


def test_wrong_encoding_is_refused() -> None:
    """Bytes that are text in no encoding we may assume are not replaced by question marks."""
    assert "neither UTF-8 nor cp1252" in refusal(a_settlement(TWO).replace(b"MUG-BLUE", b"MUG-\x81"))


def test_day_without_time_is_in_its_month_everywhere() -> None:
    """A row with a day and no time is posted at noon, so that no time zone of a marketplace moves it to another day."""
    content = a_settlement(SALE).replace(b"2026-10-21 10:00:00 UTC", b"").replace(b"21.10.2026", b"31.10.2026")
    assert read(content).rows.posted()[0] == 1793448000


def test_unknown_order_ids_are_kept() -> None:
    """An id that is no order's, such as a shipment's to Amazon, is kept as it stands."""
    file = read(a_settlement("FBAFees | FBA15ABCDEF | FBA Inventory Storage Fee | Base fee | -1.00"))
    assert (list(file.rows.others), file.rows.orders()) == (["FBA15ABCDEF"], [])


def test_header_is_as_amazon_has_it() -> None:
    """The files of these tests have Amazon's 24 columns."""
    assert len(COLUMNS) == 24


AMOUNTS = st.integers(min_value=-(10**12), max_value=10**12)


@pytest.mark.parametrize(("mark", "group"), [(".", ""), (".", ","), (",", ""), (",", ".")])
@given(cents=AMOUNTS)
def test_amount_reads_back(mark: str, group: str, cents: int) -> None:
    """Whatever amount is written in the style of a country reads back to the cent."""
    whole, part = divmod(abs(cents), 100)
    text = f"{'-' if cents < 0 else ''}{whole:{group and ','}}".replace(",", group) + f"{mark}{part:02d}"
    assert read_amount(text, "EUR", DecimalStyle()) == cents


@given(yen=AMOUNTS, group=st.sampled_from(["", ",", "."]))
def test_yen_reads_back(yen: int, group: str) -> None:
    """Whole yen read back, with any separator of thousands, for there is nothing behind them."""
    assert read_amount(f"{yen:{group and ','}}".replace(",", group), "JPY", DecimalStyle()) == yen


@given(text=st.text(alphabet="0123456789.,- ", max_size=12))
def test_amount_is_exact_or_refused(text: str) -> None:
    """Any text of digits and marks is read as the one number it can be, or not at all."""
    assert exact(text) in {None, cents_of(text)}


def cents_of(text: str) -> int | None:
    """What is read, or None where it is refused."""
    try:
        return read_amount(text, "EUR", DecimalStyle())
    except Doubt:
        return None


def exact(text: str) -> int | None:
    """What a text is by the decimal module, once marks that group are gone; None where it is refused."""
    style = DecimalStyle()
    try:
        read_amount(text, "EUR", style)
    except Doubt:
        return None
    return int(Decimal(text.replace("," if style.mark == "." else ".", "").replace(",", ".")) * 100)


def test_amounts_that_no_number_holds_are_refused() -> None:
    """Amounts whose sum would wrap around are too large to be true."""
    row = "Order | 302-0000001-0000001 | ItemPrice | Principal | 999999999999.99"
    content = a_settlement(row).splitlines(keepends=True)
    assert "too large to be true" in refusal(b"".join([*content[:2], content[2] * 50_000]))


@pytest.mark.parametrize("moment", ["21.10.2026 10:00:00 UTC", "2026-10-21T10:00:00Z", "2026-10-21T10:00:00+00:00"])
def test_every_seen_form_of_a_moment_is_read(moment: str) -> None:
    """The forms of a moment that were seen in files are the same moment."""
    content = a_settlement(SALE).replace(b"2026-10-21 10:00:00 UTC", moment.encode())
    assert read(content).rows.posted() == (1792576800, 1792576800)


def test_summary_may_end_with_its_last_cell() -> None:
    """A summary of six cells is one."""
    header, summary, *rows = a_settlement(TWO).split(b"\n")
    assert read(b"\n".join([header, summary.rstrip(b"\t"), *rows])).rows.total() == 1699


def test_grouped_yen_show_no_decimal_mark() -> None:
    """A mark that groups thousands is none before decimals."""
    file = read(
        a_settlement(
            "Order | 250-0000001-0000001 | ItemPrice | Principal | 1234", currency="JPY", total="1234"
        ).replace(b"1234", b"1,234")
    )
    assert (file.rows.total(), file.facts.decimal_mark) == (1234, "")
