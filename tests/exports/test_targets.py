"""Each ledger's file: the same entries with the same totals everywhere, within what the ledger takes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crossdock.domain.ledger import Booked
from crossdock.errors import DataError
from crossdock.exports.offer import TARGETS as OFFERED
from crossdock.exports.offer import demands, export
from crossdock.exports.targets import (
    CsvSettings,
    ExportedFile,
    IntacctSettings,
    NetSuiteSettings,
    QuickBooksSettings,
    Sage50Settings,
)
from tests.exports.books import (
    SETTINGS,
    TARGETS,
    a_posting,
    a_sale,
    amounts,
    booked,
    exported,
    in_currency,
    rows,
    two_sales,
)

MEMO = "Amazon settlement 24288684721 2026-11 0123456789abcdef"


def below(file: ExportedFile) -> list[str]:
    """The lines of a file below its names."""
    return file.content.decode().split("\r\n")[1:-1]


@pytest.mark.parametrize("target", TARGETS)
def test_same_totals(target: str) -> None:
    """The same entries have the same amounts in every target, each as often."""
    wanted = [Decimal(text) for text in ("-19.99", "-3.80", "3.00", "20.79")]
    assert amounts(exported(two_sales(), SETTINGS[target]), target) == Counter(wanted * 2)


AMOUNTS = st.lists(st.integers(-(10**7), 10**7).filter(bool), min_size=1, max_size=6).filter(sum)


@given(st.lists(AMOUNTS, min_size=1, max_size=4), st.sampled_from(["EUR", "JPY"]))
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_any_entries_have_the_same_totals(entries: list[list[int]], currency: str) -> None:
    """Whatever is booked, all targets say the same, and the checker finds it so."""
    digits = {"EUR": 2, "JPY": 0}[currency]
    given_ = [
        booked(
            *(a_posting("sales.product", amount, f"Amazon {number}") for number, amount in enumerate(amounts_)),
            a_posting("clearing.bank", -sum(amounts_)),
            number=place,
            currency=currency,
        )
        for place, amounts_ in enumerate(entries, 1)
    ]
    wanted = Counter(Decimal(p.debit).scaleb(-digits) for each in given_ for p in each.entry.postings)
    said = {target: exported(given_, in_currency(SETTINGS[target], currency)) for target in TARGETS}
    assert [target for target in TARGETS if amounts(said[target], target) != wanted] == []


@pytest.mark.parametrize("target", TARGETS)
def test_yen_have_no_decimals(target: str) -> None:
    """1500 yen are 1500, in DATEV 1500,00, and never 15.00."""
    entries = [booked(a_posting("sales.product", -1500), a_posting("clearing.bank", 1500), currency="JPY")]
    files = exported(entries, in_currency(SETTINGS[target], "JPY"))
    assert amounts(files, target) == {Decimal(-1500): 1, Decimal(1500): 1}
    assert (b"1500,00" in files[0].content) == (target == "datev")
    assert b"1500.0" not in files[0].content


def test_every_target_is_offered() -> None:
    """These tests have settings for each target, and each says what it cannot do without."""
    assert {name: type(each) for name, each in SETTINGS.items()} == OFFERED
    assert all(demands(each).memo_length >= 60 for each in SETTINGS.values())


@pytest.mark.parametrize("target", TARGETS)
def test_nothing_is_no_file(target: str) -> None:
    """No entries are no files."""
    assert export((), SETTINGS[target]) == ()


@pytest.mark.parametrize("target", TARGETS)
def test_export_is_repeatable(target: str) -> None:
    """The same entries are the same bytes under the same names."""
    assert exported(two_sales(), SETTINGS[target]) == exported(two_sales(), SETTINGS[target])


# --- Xero


def test_xero() -> None:
    """One line a posting: the narration begins with the posting key, debits are above zero, the marketplace is tracked."""
    (file,) = exported([a_sale()], SETTINGS["xero"])
    assert file.name == "crossdock-xero-2026-11-15-2026-11-15.csv"
    assert below(file)[:1] == [
        (
            f"CD-24288684721-1 {MEMO},15/11/2026,sales.product Amazon.de seller,4000,20% (VAT on Income),-19.99,"
            "Marketplace,Amazon.de,,"
        )
    ]


def long_entry(number: int, lines: int) -> Booked:
    """An entry of so many lines."""
    sales = [a_posting("sales.product", -1, f"Amazon {place}") for place in range(lines - 1)]
    return booked(*sales, a_posting("clearing.bank", lines - 1), number=number)


@pytest.mark.parametrize(
    ("entries", "files"),
    [
        ([300], [300]),
        ([150, 150], [300]),
        ([150, 151], [150, 151]),
        ([3] * 101, [300, 3]),
        ([299, 2, 299, 2], [299, 2, 299, 2]),
    ],
)
def test_xero_takes_300_lines(entries: Sequence[int], files: Sequence[int]) -> None:
    """A file has at most 300 lines, and no entry is in two."""
    given_ = [long_entry(number, lines) for number, lines in enumerate(entries, 1)]
    written = exported(given_, SETTINGS["xero"])
    assert [len(below(file)) for file in written] == files
    assert len({file.name for file in written}) == len(files)


def test_xero_splits_no_entry() -> None:
    """An entry that alone is longer is refused with what may be done."""
    with pytest.raises(DataError, match=r"xero, entry 24288684721-1: has 301 lines, and Xero takes 300 .+ one account"):
        exported([long_entry(1, 301)], SETTINGS["xero"])


# --- QuickBooks


def test_quickbooks() -> None:
    """Debits and credits stand apart, accounts by their names, the rate where the currency is another."""
    (file,) = exported([a_sale(currency="GBP", rate="1.15")], SETTINGS["quickbooks"])
    assert below(file)[1:3] == [
        f"CD-24288684721-1,11/15/2026,Amazon:tax.sales,,3.80,tax.sales Amazon.de seller,,{MEMO},GBP,1.15",
        f"CD-24288684721-1,11/15/2026,Amazon:fees.selling,3.00,,fees.selling,,{MEMO},GBP,1.15",
    ]


def test_quickbooks_names() -> None:
    """A receivable line has the customer that was set for its account."""
    (file,) = exported([a_sale()], QuickBooksSettings("EUR", names={"clearing.bank": "Amazon"}))
    assert [row["Name"] for row in rows(file, "quickbooks")] == ["", "", "", "Amazon"]


def test_quickbooks_number_has_21_characters() -> None:
    """A journal number of 21 characters is written, a longer one is refused: cut, it would be another's."""
    longest = replace(a_sale(123), settlement_id="24288684721999")
    (file,) = exported([longest], SETTINGS["quickbooks"])
    assert below(file)[0].startswith("CD-24288684721999-123,")
    with pytest.raises(DataError, match=r"column Journal No\.: has more than 21 characters"):
        exported([replace(longest, settlement_id="242886847219999")], SETTINGS["quickbooks"])


# --- NetSuite


def test_netsuite() -> None:
    """The head of an entry is on each of its lines; the rate of the books' own currency is 1."""
    (file,) = exported([a_sale()], NetSuiteSettings("EUR", subsidiary="Parent : Germany", location="Berlin"))
    assert below(file)[3:] == [
        f"CD-24288684721-1,11/15/2026,EUR,1,Parent : Germany,{MEMO},1460,20.79,,clearing.bank,,,,Berlin,"
    ]


def test_netsuite_takes_10_digits() -> None:
    """An amount of more than 10 digits before its decimals is refused, never cut."""
    entries = [booked(a_posting("sales.product", -(10**12)), a_posting("clearing.bank", 10**12))]
    with pytest.raises(DataError, match=r"column Credit: has more than 10 digits"):
        exported(entries, SETTINGS["netsuite"])


# --- Sage


def test_sage50() -> None:
    """JD debits and JC credits, amounts above zero, no tax of its own."""
    (file,) = exported([a_sale()], Sage50Settings("EUR", department=7))
    head = f"15/11/2026,CD-24288684721-1,{MEMO}"
    assert below(file)[1:3] == [
        f"JC,,1776,7,{head},3.80,T9,0.00,1,tax.sales Amazon.de seller,Crossdock,,",
        f"JD,,4760,7,{head},3.00,T9,0.00,1,fees.selling,Crossdock,,",
    ]


def test_intacct_in_the_company_s_own_columns() -> None:
    """Columns come in the template's order; one that is not ours has what was fixed or nothing; the head stands on the first line only."""
    columns = ("DONOTIMPORT", "JOURNAL", "REFERENCE_NO", "DATE", "LINE_NO", "ACCT_NO", "LOCATION_ID", "CREDIT", "DEBIT")
    (file,) = exported(two_sales(), IntacctSettings("EUR", columns=columns, fixed={"LOCATION_ID": "100"}))
    assert file.content.decode().split("\r\n")[0] == ",".join(columns)
    assert below(file)[3:6] == [
        ",,,,4,1460,100,,20.79",
        ",GJ,CD-24288684721-2,11/15/2026,1,4000,100,19.99,",
        ",,,,2,1776,100,3.80,",
    ]


# --- one's own columns


def test_csv() -> None:
    """By default twelve columns, of which none is a target's."""
    (file,) = exported([a_sale()], SETTINGS["csv"])
    assert file.content.decode().split("\r\n")[:2] == [
        "entry,date,account,account_name,debit,credit,currency,memo,marketplace,tax_treatment,tax_code,posting_key",
        f"24288684721-1,2026-11-15,4000,Amazon:sales.product,,19.99,EUR,{MEMO},Amazon.de,seller,,CD-24288684721-1",
    ]


def test_csv_of_one_s_own() -> None:
    """Columns, separator, decimal mark, days and encoding as they were asked for."""
    own = CsvSettings(
        columns=(("Beleg", "posting_key"), ("Datum", "date"), ("Betrag", "amount"), ("Währung", "currency")),
        delimiter=";",
        decimal_mark=",",
        date_form="dd.mm.yyyy",
        encoding="cp1252",
    )
    (file,) = exported([a_sale()], own)
    assert file.content.decode("cp1252").split("\r\n")[:2] == [
        "Beleg;Datum;Betrag;Währung",
        "CD-24288684721-1;15.11.2026;-19,99;EUR",
    ]


def test_entries_of_several_days() -> None:
    """A file's name says the days of its entries."""
    (file,) = exported([a_sale(1, date(2026, 10, 31)), a_sale(2)], SETTINGS["csv"])
    assert file.name == "crossdock-csv-2026-10-31-2026-11-15.csv"
