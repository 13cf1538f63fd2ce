"""Entries to export, each target with its settings, and what the files say by the standard library's own reader."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

from crossdock.domain.journal import Entry, Posting, PostingKey
from crossdock.domain.ledger import Booked, ExportEntry, Ledger, LedgerAccount, LedgerKey, MissingAccounts, plan_export
from crossdock.domain.settlement import TaxTreatment
from crossdock.exports.offer import demands, export
from crossdock.exports.targets import (
    BeancountSettings,
    CsvSettings,
    DatevSettings,
    ExportedFile,
    IntacctSettings,
    NetSuiteSettings,
    QuickBooksSettings,
    Sage50Settings,
    Settings,
    XeroSettings,
)

SETTLEMENT = "24288684721"
CERTIFICATE = "0123456789abcdef" * 4
MADE_AT = datetime(2026, 12, 1, 8, 30, 15, 123_000, tzinfo=UTC)

DATEV = DatevSettings(29098, 55003, 4, "1590", MADE_AT, chart="03")
SETTINGS: dict[str, Settings] = {
    "beancount": BeancountSettings(),
    "csv": CsvSettings(),
    "datev": DATEV,
    "intacct": IntacctSettings("EUR"),
    "netsuite": NetSuiteSettings("EUR"),
    "quickbooks": QuickBooksSettings("EUR", multicurrency=True),
    "sage50": Sage50Settings("EUR"),
    "xero": XeroSettings("EUR", tracking="Marketplace"),
}
TARGETS = sorted(SETTINGS)
TABLES = [target for target in TARGETS if target != "beancount"]

NUMBERS = {
    "sales.product": ("4000", "Income:Amazon:Sales"),
    "sales.shipping": ("4010", "Income:Amazon:Shipping"),
    "tax.sales": ("1776", "Liabilities:Tax"),
    "fees.selling": ("4760", "Expenses:Amazon:Fees"),
    "balance.unsettled": ("1591", "Assets:Amazon:Unsettled"),
    "clearing.bank": ("1460", "Assets:Amazon:Payouts"),
}


def a_posting(account: str, debit: int, marketplace: str = "", treatment: TaxTreatment = "") -> Posting:
    """One line, minor units, debit above zero."""
    return Posting(PostingKey(account, marketplace, treatment), debit, 1)


def booked(
    *postings: Posting,
    number: int = 1,
    on: date = date(2026, 11, 15),
    currency: str = "EUR",
    rate: Decimal | None = None,
    settlement_id: str = SETTLEMENT,
) -> Booked:
    """An entry as it was booked."""
    entry = Entry(number, "settlement", on, on.replace(day=1), currency, postings)
    return Booked(settlement_id, entry, CERTIFICATE, rate)


def a_sale(number: int = 1, on: date = date(2026, 11, 15), currency: str = "EUR", rate: str = "") -> Booked:
    """19.99 of goods, 3.80 of tax, 3.00 of fees, and what is paid."""
    return booked(
        a_posting("sales.product", -1999, "Amazon.de", "seller"),
        a_posting("tax.sales", -380, "Amazon.de", "seller"),
        a_posting("fees.selling", 300),
        a_posting("fees.selling", 0, "Amazon.de"),
        a_posting("clearing.bank", 2079),
        number=number,
        on=on,
        currency=currency,
        rate=Decimal(rate) if rate else None,
    )


def two_sales() -> list[Booked]:
    """Two entries of two months."""
    return [a_sale(1, date(2026, 10, 31)), a_sale(2)]


def ledger_of(settings: Settings, name: str = "", tax_code: str = "") -> Ledger:
    """The merchant's accounts as this target knows them."""
    is_text = isinstance(settings, BeancountSettings)
    code = tax_code or {XeroSettings: "20% (VAT on Income)", Sage50Settings: "T9"}.get(type(settings), "")
    return {
        LedgerKey(account): LedgerAccount(text if is_text else number, name or f"Amazon:{account}", code)
        for account, (number, text) in NUMBERS.items()
    }


def planned(entries: Iterable[Booked], settings: Settings, ledger: Ledger | None = None) -> tuple[ExportEntry, ...]:
    """The entries with the merchant's accounts, none of which is missing."""
    plan = plan_export(entries, ledger or ledger_of(settings), demands(settings))
    assert not isinstance(plan, MissingAccounts), plan
    return plan


def exported(entries: Iterable[Booked], settings: Settings, ledger: Ledger | None = None) -> tuple[ExportedFile, ...]:
    """The files of a target."""
    return export(planned(entries, settings, ledger), settings)


def in_currency(settings: Settings, currency: str) -> Settings:
    """The settings of books in another currency."""
    if isinstance(settings, BeancountSettings | CsvSettings):
        return settings
    return replace(settings, currency=currency)


def rows(file: ExportedFile, target: str) -> list[dict[str, str]]:
    """The lines of a table by the names of its columns, as Python's own reader has them."""
    encoding = "cp1252" if target in {"datev", "sage50"} else "utf-8"
    lines = file.content.decode(encoding).split("\r\n", 1)[1 if target == "datev" else 0 :]
    text = io.StringIO(lines[0] if target == "datev" else file.content.decode(encoding), newline="")
    return list(csv.DictReader(text, delimiter=";" if target == "datev" else ",", strict=True))


def amounts(files: Sequence[ExportedFile], target: str) -> Counter[Decimal]:
    """All amounts, debit above zero, how often each is there."""
    return Counter(amount for file in files for amount in _amounts(file, target))


def _amounts(file: ExportedFile, target: str) -> list[Decimal]:
    if target == "beancount":
        found = re.findall(r"^  [A-Z]\S+  (\S+) [A-Z]{3}$", file.content.decode(), re.MULTILINE)
        return [Decimal(amount) for amount in found]
    return [_amount(row, target) for row in rows(file, target)]


def _amount(row: dict[str, str], target: str) -> Decimal:
    if target == "datev":
        size = Decimal(row["Umsatz (ohne Soll/Haben-Kz)"].replace(",", "."))
        return size if row["Soll/Haben-Kennzeichen"] == "S" else -size
    if target == "sage50":
        return Decimal(row["Net Amount"]) * (1 if row["Type"] == "JD" else -1)
    if target == "xero":
        return Decimal(row["*Amount"])
    debit, credit = {
        "csv": ("debit", "credit"),
        "intacct": ("DEBIT", "CREDIT"),
        "netsuite": ("Debit", "Credit"),
        "quickbooks": ("Debits", "Credits"),
    }[target]
    return Decimal(row[debit] or 0) - Decimal(row[credit] or 0)
