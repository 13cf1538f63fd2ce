"""DATEV's Buchungsstapel: its first line, its columns, its periods, and its currencies."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.domain.ledger import LedgerAccount, LedgerKey
from crossdock.errors import DataError
from crossdock.exports.targets import ExportedFile
from tests.exports.books import DATEV, a_posting, a_sale, booked, exported, ledger_of, rows

NAMED = {  # columns by their numbers, as developer.datev.de lists them
    1: "Umsatz (ohne Soll/Haben-Kz)",
    2: "Soll/Haben-Kennzeichen",
    3: "WKZ Umsatz",
    7: "Konto",
    8: "Gegenkonto (ohne BU-Schlüssel)",
    9: "BU-Schlüssel",
    10: "Belegdatum",
    11: "Belegfeld 1",
    14: "Buchungstext",
    20: "Beleglink",
    21: "Beleginfo - Art 1",
    36: "Beleginfo - Inhalt 8",
    37: "KOST1 - Kostenstelle",
    40: "EU-Land u. UStID (Bestimmung)",
    48: "Zusatzinformation - Art 1",
    87: "Zusatzinformation - Inhalt 20",
    88: "Stück",
    95: "Auftragsnummer",
    102: "Herkunft-Kz",
    103: "Buchungs GUID",
    114: "Festschreibung",
    115: "Leistungsdatum",
    120: "Land",
    121: "Abrechnungsreferenz",
    125: "Abw. Skontokonto",
}


def lines(file: ExportedFile) -> list[str]:
    """The lines of a file, which end with CRLF."""
    return file.content.decode("cp1252").split("\r\n")


def test_first_line() -> None:
    """31 fields, as DATEV's own example quotes them."""
    (file,) = exported([a_sale()], DATEV)
    assert file.name == "EXTF_Buchungsstapel-2026-11.csv"
    assert lines(file)[0] == (
        '"EXTF";700;21;"Buchungsstapel";13;20261201083015123;;"CD";"Crossdock";"";29098;55003;20260101;4;20261101;20261130;'
        '"Amazon";"";1;0;0;"EUR";;"";;;"03";;;"";""'
    )
    assert len(lines(file)[0].split(";")) == 31


def test_columns() -> None:
    """125 columns on every line, with the names at their numbers."""
    (file,) = exported([a_sale()], DATEV)
    names = lines(file)[1].split(";")
    assert {number: names[number - 1] for number in NAMED} == NAMED
    assert [len(line.split(";")) for line in lines(file)[1:-1]] == [125] * 5
    assert lines(file)[-1] == ""


def test_booking() -> None:
    """A posting is a line against the clearing account: above zero, S or H for its own account, the entry's id and memo as document and text."""
    (file,) = exported([a_sale()], DATEV)
    cells = [line.split(";") for line in lines(file)[2:-1]]
    assert [cell[:11] for cell in cells] == [
        ["19,99", '"H"', '"EUR"', "", "", '""', "4000", "1590", '""', "1511", '"24288684721-1"'],
        ["3,80", '"H"', '"EUR"', "", "", '""', "1776", "1590", '""', "1511", '"24288684721-1"'],
        ["3,00", '"S"', '"EUR"', "", "", '""', "4760", "1590", '""', "1511", '"24288684721-1"'],
        ["20,79", '"S"', '"EUR"', "", "", '""', "1460", "1590", '""', "1511", '"24288684721-1"'],
    ]
    assert {cell[13] for cell in cells} == {'"Amazon settlement 24288684721 2026-11 0123456789abcdef"'}
    assert cells[0][47:55] == [
        *('"Crossdock"', '"CD-24288684721-1"', '"Konto Crossdock"', '"sales.product"'),
        *('"Marktplatz"', '"Amazon.de"', '"Steuer"', '"seller"'),
    ]
    assert cells[2][51:55] == ['""', '""', '""', '""']


def test_a_file_for_each_month() -> None:
    """A file has one month, inside one fiscal year."""
    days = [date(2026, 6, 30), date(2026, 7, 1), date(2027, 1, 31), date(2027, 2, 28)]
    files = exported([a_sale(number, on) for number, on in enumerate(days, 1)], replace(DATEV, fiscal_year_month=7))
    assert [(file.name, lines(file)[0].split(";")[12:16]) for file in files] == [
        ("EXTF_Buchungsstapel-2026-06.csv", ["20250701", "4", "20260601", "20260630"]),
        ("EXTF_Buchungsstapel-2026-07.csv", ["20260701", "4", "20260701", "20260731"]),
        ("EXTF_Buchungsstapel-2027-01.csv", ["20260701", "4", "20270101", "20270131"]),
        ("EXTF_Buchungsstapel-2027-02.csv", ["20260701", "4", "20270201", "20270228"]),
    ]


@pytest.mark.parametrize(
    ("currency", "rate", "first"),
    [
        ("GBP", "1.15", ["19,99", '"H"', '"GBP"', "0,869565", "22,99", '"EUR"']),
        ("JPY", "0.0062", ["1999,00", '"H"', '"JPY"', "161,290323", "12,39", '"EUR"']),
        ("EUR", "1", ["19,99", '"H"', '"EUR"', "", "", '""']),
    ],
)
def test_foreign_currency(currency: str, rate: str, first: list[str]) -> None:
    """A foreign amount has its rate (units of it for one of the books') and the amount in the books' currency."""
    (file,) = exported([a_sale(currency=currency, rate=rate)], DATEV)
    assert lines(file)[2].split(";")[:6] == first


def test_amounts_of_the_books_balance() -> None:
    """What rounding leaves is on the largest line, so that the clearing account ends at nothing in the books' currency too."""
    entry = booked(
        *(a_posting("sales.product", -333, f"Amazon {number}") for number in range(9)),
        a_posting("clearing.bank", 9 * 333),
        currency="GBP",
        rate=Decimal("1.1549"),
    )
    (file,) = exported([entry], DATEV)
    based = [(row["Soll/Haben-Kennzeichen"], int(re.sub(",", "", row["Basis-Umsatz"]))) for row in rows(file, "datev")]
    assert based == [("H", 385)] * 9 + [("S", 9 * 385)]


@given(
    st.lists(
        st.integers(1_000, 10**6), min_size=1, max_size=30
    ),  # DATEV has ten digits, also for the sum in another currency
    st.decimals("0.01", "100", places=6),
    st.sampled_from(["GBP", "JPY"]),
)
def test_any_rate(sales: list[int], rate: Decimal, currency: str) -> None:
    """Whatever the amounts and the rate: the file says them, and what it says in the books' currency balances to the cent."""
    lines_ = [a_posting("sales.product", -amount, f"Amazon {number}") for number, amount in enumerate(sales)]
    (file,) = exported([booked(*lines_, a_posting("clearing.bank", sum(sales)), currency=currency, rate=rate)], DATEV)
    based = [
        (row["Soll/Haben-Kennzeichen"], Decimal(row["Basis-Umsatz"].replace(",", "."))) for row in rows(file, "datev")
    ]
    assert sum(amount if side == "S" else -amount for side, amount in based) == 0


def test_three_decimals() -> None:
    """An amount with a third decimal has no place in DATEV, and is refused rather than rounded."""
    entries = [booked(a_posting("sales.product", -1999), a_posting("clearing.bank", 1999), currency="KWD")]
    with pytest.raises(DataError, match=r"column Umsatz .+: has more than 2 decimals"):
        exported(entries, replace(DATEV, currency="KWD"))


@pytest.mark.parametrize(
    ("number", "told"),
    [
        ("1590", "which is the clearing account of all lines"),
        ("123456", "column Konto: has more than 5 characters"),
        ("12a4", "column Konto: has not the form"),
    ],
)
def test_account_that_datev_cannot_have(number: str, told: str) -> None:
    """An account is digits, at most one more than the ledger's have, and not the clearing account."""
    ledger = {**ledger_of(DATEV), LedgerKey("clearing.bank"): LedgerAccount(number)}
    with pytest.raises(DataError, match=told):
        exported([a_sale()], DATEV, ledger)
