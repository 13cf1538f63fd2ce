"""The checker: it refuses bytes that say anything else than what was given, and says where."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock import exports
from crossdock.exports.check import confirm
from crossdock.exports.targets import CsvSettings, ExportedFile, ExportRefused
from tests.exports.books import DATEV, SETTINGS, TABLES, TARGETS, a_sale, exported, planned, two_sales

ENTRIES = two_sales()
EXPORTS = Path(exports.__file__).parent
CHECKERS = sorted(EXPORTS.glob("check*.py"))


def refusal(target: str, files: Sequence[ExportedFile]) -> ExportRefused:
    """How the checker refuses these files for the two sales."""
    with pytest.raises(ExportRefused) as refused:
        confirm(files, planned(ENTRIES, SETTINGS[target]), SETTINGS[target])
    return refused.value


def changed(target: str, old: str, new: str) -> list[ExportedFile]:
    """The target's files with the first thing of this form written otherwise."""
    first, *rest = exported(ENTRIES, SETTINGS[target])
    content = re.sub(old.encode(), new.encode(), first.content, count=1)
    assert content != first.content, f"{old} is not in {target}"
    return [ExportedFile(first.name, content), *rest]


CENT = dict.fromkeys(TARGETS, (r"19([.,])99", r"19\g<1>98"))
DROPPED = dict.fromkeys(TARGETS, (r"\n[^\n]*19[.,]99[^\n]*\n", r"\n"))
SIGN = {
    "beancount": (r"-19\.99", "19.99"),
    "csv": (r",,19\.99,", ",19.99,,"),
    "datev": (r'19,99;"H"', '19,99;"S"'),
    "intacct": (r",,19\.99,", ",19.99,,"),
    "netsuite": (r",,19\.99,", ",19.99,,"),
    "quickbooks": (r",,19\.99,", ",19.99,,"),
    "sage50": ("\nJC", "\nJD"),
    "xero": (r"-19\.99", "19.99"),
}
HEADER = {
    "beancount": ('tolerance_multiplier" "0"', 'tolerance_multiplier" "1"'),
    "csv": ("debit,credit", "credit,debit"),
    "datev": ('"EXTF";700', '"EXTF";510'),
    "intacct": ("DEBIT,CREDIT", "CREDIT,DEBIT"),
    "netsuite": ("Debit,Credit", "Credit,Debit"),
    "quickbooks": ("Debits,Credits", "Credits,Debits"),
    "sage50": ("Net Amount", "Net"),
    "xero": (r"\*Amount", "Amount"),
}
MARK = dict.fromkeys(TARGETS, ("0123456789abcdef", "0123456789abcdee"))
DAY = {
    "beancount": (r"2026-10-31 \*", "2026-10-30 *"),
    "csv": ("2026-10-31", "2026-10-30"),
    "datev": (";3110;", ";3010;"),
    "sage50": ("31/10", "30/10"),
    "xero": ("31/10", "30/10"),
} | dict.fromkeys(("intacct", "netsuite", "quickbooks"), ("10/31", "10/30"))
ACCOUNT = dict.fromkeys(TARGETS, (r"\b4000\b", "4010")) | {
    "beancount": ("  Income:Amazon:Sales", "  Expenses:Amazon:Fees"),
    "quickbooks": ("Amazon:sales.product", "Amazon:sales.shipping"),
}
ENTRY = dict.fromkeys(
    ("beancount", "csv", "datev", "netsuite", "quickbooks"), ("24288684721-1", "24288684721-7")
) | dict.fromkeys(("intacct", "sage50", "xero"), ("CD-24288684721-1", "CD-24288684721-7"))
LAST_END = dict.fromkeys(TARGETS, (r"\r?\n\Z", ""))
MORE = dict.fromkeys(TARGETS, (r"(\r?\n)\Z", r"\g<1>x\g<1>"))

CHANGES = {
    "a cent": CENT,
    "a dropped line": DROPPED,
    "a swapped sign": SIGN,
    "a wrong header": HEADER,
    "another mark": MARK,
    "another day": DAY,
    "another account": ACCOUNT,
    "another entry": ENTRY,
    "a file that is cut": LAST_END,
    "a line too many": MORE,
}


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("change", CHANGES)
def test_change_is_refused(change: str, target: str) -> None:
    """Whatever is changed in a target's bytes, nothing is handed over."""
    refused = refusal(target, changed(target, *CHANGES[change][target]))
    assert refused.line >= 1
    assert str(refused).startswith(f"{refused.file}, line {refused.line}")


@pytest.mark.parametrize(
    ("change", "target", "told"),
    [
        (
            "a cent",
            "xero",
            r"\.csv, line 2, column \*Amount: is not the amount of line sales\.product Amazon\.de seller",
        ),
        ("a cent", "quickbooks", r"line 2, column Credits: is not the amount"),
        ("a cent", "datev", r"EXTF_Buchungsstapel-2026-10\.csv, line 3, column Umsatz .+: is not the amount"),
        ("a cent", "beancount", r"\.beancount, line 12, column amount: is not the amount"),
        ("a wrong header", "sage50", r"line 1, column Net Amount: column 8 of the header must be Net Amount"),
        ("a wrong header", "datev", r"line 1, column 2: must be 700"),
        ("another account", "netsuite", r"line 2, column Account: is not the account of this line"),
        ("a line too many", "csv", r"line 10: has 1 cells, not 12"),
    ],
)
def test_refusal_names_the_place(change: str, target: str, told: str) -> None:
    """A refusal says file, line and column."""
    assert re.search(told, str(refusal(target, changed(target, *CHANGES[change][target]))))


@pytest.mark.parametrize("target", TARGETS)
@given(data=st.data())
def test_any_digit_of_an_amount_counts(target: str, data: st.DataObject) -> None:
    """Whichever digit of whichever amount is another, the checker finds it."""
    files = exported(ENTRIES, SETTINGS[target])
    first, *rest = files
    places = [
        place
        for found in re.finditer(rb"(?:19[.,]99|3[.,]80|3[.,]00|20[.,]79)", first.content)
        for place in range(found.start(), found.end())
        if first.content[place : place + 1].isdigit()
    ]
    place = data.draw(st.sampled_from(places))
    digit = data.draw(st.sampled_from(sorted(set(b"0123456789") - {first.content[place]})))
    content = first.content[:place] + bytes([digit]) + first.content[place + 1 :]
    refusal(target, [ExportedFile(first.name, content), *rest])


@pytest.mark.parametrize("target", TARGETS)
def test_file_too_few_is_refused(target: str) -> None:
    """An entry that is in no file is missing."""
    settings = SETTINGS[target]
    assert "24288684721-2 is missing" in str(refusal(target, exported(ENTRIES[:1], settings)))


@pytest.mark.parametrize("target", TABLES)
def test_bytes_of_another_encoding(target: str) -> None:
    """A byte that the encoding does not have is refused with its line."""
    first, *rest = exported(ENTRIES, SETTINGS[target])
    content = first.content.replace(b"sales.product Amazon.de", b"sales.product Amazon\x81de").replace(
        b'"Amazon.de"', b'"Amazon\x81de"'
    )
    content = content.replace(b",Amazon.de,", b",Amazon\x81de,")
    assert refusal(target, [ExportedFile(first.name, content), *rest]).line > 1


@pytest.mark.parametrize("target", TABLES)
def test_formula_is_refused(target: str) -> None:
    """A cell that would run is refused, whoever wrote it."""
    old = {"datev": '"Amazon.de"', "csv": ",Amazon.de,"}.get(target, "sales.product Amazon.de seller")
    new = old.replace("Amazon.de", "=1+1").replace("sales.product ", "").replace(" seller", "")
    assert "would run as a formula" in str(refusal(target, changed(target, re.escape(old), new)))


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (";20261001;", ";20261002;", "the period is no month"),
        (";20260101;", ";20260201;", "the period is not inside|must be"),
        (";29098;", ";29099;", "column 11: must be 29098"),
        (r'"EXTF"', "EXTF", "column 1: must be EXTF"),
        (r'"";""\r\n', '""\r\n', "has 30 fields, not 31"),
        ("Umsatz ", "Umsätze ", "column 1 of the header"),
        (";1590;", ";1591;", "must be the clearing account 1590"),
        ("19,99", "-19,99", "has not the form"),
        ("19,99", "19.99", "has not the form"),
        ("19,99", "1.019,99", "has not the form"),
        (";3110;", ";3111;", "is no day of the calendar"),
        (";3110;", ";0111;", "is not inside the period"),
        ('"EUR";;;""', '"USD";;;""', "a rate and an amount of the books' currency"),
        ('"EUR";;;""', '"EUR";1,000000;19,99;"EUR"', "a rate and an amount of the books' currency"),
    ],
)
def test_datev(old: str, new: str, told: str) -> None:
    """What DATEV would not take, or take for something else, is refused."""
    first, *rest = exported(ENTRIES, DATEV)
    content = re.sub(old, new, first.content.decode("cp1252"), count=1).encode("cp1252")
    assert re.search(told, str(refusal("datev", [ExportedFile(first.name, content), *rest])))


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("22,99", "22,98", "do not balance"),
        ("0,869565", "0,869465", "is not the entry's rate"),
        ("0,869565", "1,150000", "is not the entry's rate"),
    ],
)
def test_datev_in_the_books_currency(old: str, new: str, told: str) -> None:
    """Amounts in the books' currency balance too, and the rate is the entry's."""
    entries = [a_sale(currency="GBP", rate="1.15")]
    (file,) = exported(entries, DATEV)
    wrong = replace_bytes(file, old, new)
    with pytest.raises(ExportRefused, match=told):
        confirm([wrong], planned(entries, DATEV), DATEV)


def replace_bytes(file: ExportedFile, old: str, new: str) -> ExportedFile:
    """A file with the first of this written otherwise."""
    return ExportedFile(file.name, file.content.replace(old.encode(), new.encode(), 1))


@pytest.mark.parametrize(
    ("target", "old", "new"),
    [
        ("xero", "20% (VAT on Income)", "0% (VAT on Income)"),
        ("sage50", ",T9,", ",T1,"),
        ("sage50", ",0.00,", ",3.80,"),
        ("sage50", ",1,sales", ",2,sales"),
        ("netsuite", ",EUR,1,", ",EUR,2,"),
        ("netsuite", ",\r\n", ",VAT\r\n"),
        ("quickbooks", ",EUR,\r\n", ",EUR,1.5\r\n"),
        ("intacct", ",EUR,,,\r\n", ",EUR,,,1.5\r\n"),
        ("csv", "seller,,", "seller,VAT,"),
        ("datev", '1590;"";', '1590;"9";'),
    ],
)
def test_tax_code_and_rate_count(target: str, old: str, new: str) -> None:
    """A tax code or a rate that was not given would change what the ledger makes of the amounts."""
    first, *rest = exported(ENTRIES, SETTINGS[target])
    wrong = replace_bytes(first, old, new)
    assert wrong != first
    assert refusal(target, [wrong, *rest]).line > 1


@pytest.mark.parametrize("target", ["quickbooks", "netsuite", "intacct"])
def test_rate_of_a_foreign_currency_counts(target: str) -> None:
    """The rate in the file is the entry's own."""
    settings = SETTINGS[target]
    entries = [a_sale(currency="GBP", rate="1.15")]
    (file,) = exported(entries, settings)
    with pytest.raises(ExportRefused, match="is not the entry's rate"):
        confirm([replace_bytes(file, "1.15", "1.16")], planned(entries, settings), settings)


def test_amounts_that_are_swapped() -> None:
    """Two lines with each other's amounts have the right total, and are refused all the same."""
    (file,) = exported(ENTRIES, SETTINGS["csv"])
    content = file.content.replace(b"19.99", b"#").replace(b"3.80", b"19.99").replace(b"#", b"3.80")
    assert refusal("csv", [ExportedFile(file.name, content)]).column == "credit"


def test_lines_in_another_order() -> None:
    """Entries whose lines are mixed are no entries."""
    (file,) = exported(ENTRIES, SETTINGS["netsuite"])
    lines = file.content.split(b"\r\n")
    lines[1], lines[5] = lines[5], lines[1]
    assert refusal("netsuite", [ExportedFile(file.name, b"\r\n".join(lines))]).line == 2


def test_decimals_count() -> None:
    """19.990 is 19.99, and still not how a cent is written."""
    settings = CsvSettings()
    entries = planned(ENTRIES, settings)
    wrong = [replace_bytes(file, "19.99", "19.990") for file in exported(ENTRIES, settings)]
    with pytest.raises(ExportRefused, match="has not the decimals of EUR"):
        confirm(wrong, entries, settings)


def test_other_entries_are_refused() -> None:
    """Files of other entries than those given are refused, though they are well written."""
    settings = SETTINGS["csv"]
    files = exported([replace(ENTRIES[0], rate=Decimal(1)), ENTRIES[1]], settings)
    confirm(files, planned(ENTRIES, settings), settings)
    others = planned([a_sale(3)], settings)
    with pytest.raises(ExportRefused, match="was not given"):
        confirm(files, others, settings)


@pytest.mark.parametrize("path", CHECKERS, ids=lambda path: path.stem)
def test_checker_knows_no_writer(path: Path) -> None:
    """The checker imports nothing of the writers: a mistake of theirs is not also its own."""
    imported = set(re.findall(r"^from crossdock\.exports(?:\.| import )(\w+)", path.read_text(), re.MULTILINE))
    assert {name for name in imported if not name.startswith("check")} <= {"targets"}
