"""CAMT.053: what banks write is read to the cent, and what could hurt or could be read in two ways is refused by line."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.domain.money import Money
from crossdock.domain.statement import StatementLine
from crossdock.errors import DataError
from crossdock.statements.camt053 import read_camt053
from crossdock.statements.xml_tree import SIZE_MAX
from tests.statements.camt import a_statement, a_transaction, an_entry

PAYOUT = "2026-11-05 +16.99 EUR AMAZON PAYMENTS EUROPE | 28471003921"
BOOKED_08 = "<Sts><Cd>BOOK</Cd></Sts>"


def read(*entries: str, head: str = "", version: str = "02") -> list[StatementLine]:
    """The lines of a statement."""
    return list(read_camt053(a_statement(*entries, head=head, version=version), "statement.xml").lines)


@pytest.mark.parametrize(
    ("version", "status", "party"),
    [
        *((f"0{n}", "<Sts>BOOK</Sts>", "{}") for n in range(2, 8)),
        ("08", BOOKED_08, "<Pty>{}</Pty>"),
    ],
)
def test_every_version_is_read(version: str, status: str, party: str) -> None:
    """Versions 02 to 08 say the same in slightly different places."""
    [line] = read(an_entry(PAYOUT, status=status, party=party), version=version)
    assert (line.on_day, line.amount, line.currency) == (date(2026, 11, 5), 1699, "EUR")
    assert (line.names, line.texts) == (("AMAZON PAYMENTS EUROPE",), ("28471003921",))


@pytest.mark.parametrize("version", ["01", "09", "10", "12"])
def test_other_versions_are_refused(version: str) -> None:
    """What was never looked at is not read as if it were known."""
    with pytest.raises(DataError, match=r"statement\.xml, line 2: is XML, and no statement"):
        read(an_entry(PAYOUT), version=version)


def test_another_message_is_refused() -> None:
    """An intraday report, camt.052, has entries that may still change."""
    content = a_statement(an_entry(PAYOUT)).replace(b"camt.053", b"camt.052")
    with pytest.raises(DataError, match="no statement camt"):
        read_camt053(content, "report.xml")


def test_money_that_goes_out_is_negative() -> None:
    """A debit is a negative amount, and its other side is the creditor."""
    [line] = read(an_entry("2026-11-05 -416.09 EUR AMAZON EU | charge"))
    assert (line.amount, line.names) == (-41609, ("AMAZON EU",))


def test_only_booked_entries_are_lines() -> None:
    """Entries that are pending or only told are counted and left out."""
    pending = [an_entry(PAYOUT, status=f"<Sts>{status}</Sts>") for status in ("PDNG", "INFO", "FUTR")]
    statement = read_camt053(a_statement(an_entry(PAYOUT), *pending), "statement.xml")
    assert (len(statement.lines), statement.pending) == (1, 3)


def test_references_and_value_date_are_read() -> None:
    """The bank's own reference, the reversal mark and the value date stand in the entry; the time of a day of booking is passed over."""
    more = (
        "<RvslInd>true</RvslInd><ValDt><DtTm>2026-11-06T00:00:00+01:00</DtTm></ValDt><AcctSvcrRef>BANK-1</AcctSvcrRef>"
    )
    [line] = read(an_entry("2026-11-05 -16.99 EUR AMAZON | 28471003921", more=more))
    assert (line.bank_reference, line.is_reversal, line.value_on) == ("BANK-1", True, date(2026, 11, 6))
    assert line.names == ("AMAZON",)


def test_reference_that_is_none_is_none() -> None:
    """Banks write NONREF where there is no reference; it must not make two lines one."""
    [line] = read(an_entry(PAYOUT, more="<AcctSvcrRef>NONREF</AcctSvcrRef>"))
    assert line.bank_reference == ""


def test_days_of_the_statement_are_those_it_names() -> None:
    """A statement of November tells of all its days, however few lines it has."""
    head = "<FrToDt><FrDtTm>2026-11-01T00:00:00</FrDtTm><ToDtTm>2026-11-30T24:00:00</ToDtTm></FrToDt>"
    statement = read_camt053(a_statement(an_entry(PAYOUT), head=head), "statement.xml")
    assert (statement.first, statement.last) == (date(2026, 11, 1), date(2026, 11, 30))


def test_empty_statement_has_no_days() -> None:
    """A statement without entries and days is read, and says nothing."""
    assert read_camt053(a_statement(), "statement.xml").first is None


def test_collective_entry_is_read_one_by_one() -> None:
    """Transactions that add up to their entry are lines of their own."""
    details = f"<NtryDtls>{a_transaction('10.00', 'EUR', '28471003921')}{a_transaction('6.99', 'EUR', '28471003922')}</NtryDtls>"
    assert [(line.amount, line.texts) for line in read(an_entry(PAYOUT, details=details))] == [
        (1000, ("28471003921",)),
        (699, ("28471003922",)),
    ]


@pytest.mark.parametrize(("second", "currency"), [("6.98", "EUR"), ("6.99", "GBP"), ("", "EUR")])
def test_collective_entry_that_does_not_add_up_is_one_line(second: str, currency: str) -> None:
    """Where the parts are not the whole, the entry is one line, with what is said of all."""
    other = a_transaction(second, currency, "salary", name="J. DOE")
    details = f"<NtryDtls>{a_transaction('10.00', 'EUR', '28471003921')}{other}</NtryDtls>"
    [line] = read(an_entry(PAYOUT, details=details))
    assert (line.amount, line.names) == (1699, ("AMAZON", "J. DOE"))


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (an_entry(PAYOUT).replace("16.99", "16,99"), "line 4, Amt: is missing, or no decimal"),
        (an_entry(PAYOUT).replace("16.99", "-16.99"), "line 4, Amt: is missing, or no decimal"),
        (an_entry(PAYOUT).replace("16.99", "1e3"), "line 4, Amt: is missing, or no decimal"),
        (an_entry(PAYOUT).replace("16.99", "16.999"), "more than 2 decimal places"),
        (an_entry(PAYOUT).replace("16.99", "١٦"), "line 4, Amt: is missing, or no decimal"),
        (an_entry(PAYOUT).replace('"EUR"', '"EURO"'), "unknown currency"),
        (an_entry(PAYOUT).replace("CRDT", "CREDIT"), "line 4, CdtDbtInd: is neither"),
        (an_entry(PAYOUT).replace("2026-11-05", "05.11.2026"), "line 4, BookgDt: has no day"),
        (an_entry(PAYOUT).replace("2026-11-05", "2026-02-30"), "line 4, BookgDt: has no day"),
        (an_entry(PAYOUT, status="<Sts>MAYBE</Sts>"), "line 4, Sts: is no status"),
        (an_entry(PAYOUT, more="<RvslInd>perhaps</RvslInd>"), "line 4, RvslInd: is neither"),
    ],
    ids=["comma", "sign", "exponent", "tenth of a cent", "digits", "currency", "direction", "day", "no day", "status", "reversal"],
)  # fmt: skip
def test_what_leaves_a_doubt_is_refused_by_line(entry: str, said: str) -> None:
    """An entry that could be read in two ways, or in none, stops the file with its line and field, and quotes nobody's text."""
    with pytest.raises(DataError) as refused:
        read(entry)
    assert said in str(refused.value)
    assert "AMAZON" not in str(refused.value)


LAUGHS = b"""<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;">
<!ENTITY lol3 "&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;">]><lolz>&lol3;</lolz>"""
EXTERNAL = b"""<?xml version="1.0"?><!DOCTYPE d [<!ENTITY x SYSTEM "/etc/hostname">]><d>&x;</d>"""
REMOTE_DTD = b"""<?xml version="1.0"?><!DOCTYPE d SYSTEM "http://192.0.2.1/d.dtd"><d/>"""
DEEP = a_statement("<a>" * 100_000)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (LAUGHS, "has a DTD"),
        (EXTERNAL, "has a DTD"),
        (REMOTE_DTD, "has a DTD"),
        (DEEP, "is nested more than 40 deep"),
        (a_statement(an_entry(PAYOUT, more="<a/>" * 500_001)), "more than 500000 elements"),
        (a_statement(an_entry(PAYOUT))[:-60], "is no XML"),
        (b"<" + bytes(SIZE_MAX), "has more than 128 MiB"),
        (b"<", "is no XML"),
        (a_statement("&unknown;"), "is no XML: undefined entity"),
    ],
    ids=["billion laughs", "external entity", "remote dtd", "depth", "elements", "cut", "size", "nothing", "entity"],
)  # fmt: skip
def test_hostile_xml_is_refused(content: bytes, said: str) -> None:
    """Whatever could fill the memory, read a file or ask another machine is refused before it does."""
    with pytest.raises(DataError) as refused:
        read_camt053(content, "statement.xml")
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("encoding", "declared"), [("utf-8", "UTF-8"), ("iso-8859-1", "ISO-8859-1"), ("utf-16", "UTF-16")]
)
def test_declared_encoding_is_followed(encoding: str, declared: str) -> None:
    """A file is read in the encoding it declares."""
    content = a_statement(an_entry("2026-11-05 +1.00 EUR MÜLLER | für"), declared=declared).decode().encode(encoding)
    [line] = read_camt053(content, "statement.xml").lines
    assert (line.names, line.texts) == (("MÜLLER",), ("für",))


@pytest.mark.parametrize(
    ("encoding", "declared"),
    [("iso-8859-1", "UTF-8"), ("utf-8", "UTF-7"), ("utf-8", "x-unknown"), ("utf-8", "cp037"), ("utf-8", "UTF-16")],
)
def test_wrong_encoding_is_refused(encoding: str, declared: str) -> None:
    """Bytes that are not what the file declares, or that no bank declares, are not guessed at."""
    content = a_statement(an_entry("2026-11-05 +1.00 EUR MÜLLER | für"), declared=declared).decode().encode(encoding)
    with pytest.raises(DataError):
        read_camt053(content, "statement.xml")


def test_another_namespace_inside_an_entry_is_passed_over() -> None:
    """What a bank adds of its own is not taken for what the standard says."""
    [line] = read(an_entry(PAYOUT, more='<Amt xmlns="urn:bank" Ccy="EUR">99.00</Amt>'))
    assert line.amount == 1699


@given(st.lists(st.integers(-(10**11), 10**11), max_size=20))
def test_every_amount_is_read_to_the_cent(amounts: list[int]) -> None:
    """Whatever the amounts are, the lines are they, in their order."""
    texts = [str(Money(abs(amount), "EUR")) for amount in amounts]
    signs = ["-" if amount < 0 else "+" for amount in amounts]
    entries = [an_entry(f"2026-11-05 {sign}{text} X | y") for sign, text in zip(signs, texts, strict=True)]
    assert [line.amount for line in read(*entries)] == amounts


@given(st.binary(max_size=300), st.integers(0, 400))
def test_broken_bytes_are_a_data_error_or_a_statement(noise: bytes, at: int) -> None:
    """Bytes put anywhere into a file lead to lines or to a DataError, never to another fault."""
    content = a_statement(an_entry(PAYOUT))
    assert _tried(content[:at] + noise + content[at:]) in {"read", "refused"}


def _tried(content: bytes) -> str:
    try:
        read_camt053(content, "statement.xml")
    except DataError:
        return "refused"
    return "read"
