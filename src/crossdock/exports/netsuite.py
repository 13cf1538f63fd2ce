"""NetSuite: journal entries by CSV import (Oracle's help, journal entry import).

Rule: lines are grouped by ExternalID, which NetSuite keeps unique: an entry that is imported again is found, not doubled.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from crossdock.domain.ledger import Demands, ExportEntry
from crossdock.exports.table import Column, Dialect, file_name, refuse_without_rate, rows_of, write_table
from crossdock.exports.targets import ExportedFile, NetSuiteSettings

# Digits of an amount before its decimals.
DIGITS_MAX = 10
DEMANDS = Demands(memo_length=200)

COLUMNS = (
    Column("ExternalID", "posting_key", "code", required=True),
    Column("Date", "date", "date", required=True),
    Column("Currency", "currency", "code", required=True),
    Column("Exchange Rate", "rate", "rate", required=True),
    Column("Subsidiary", "subsidiary"),
    Column("Memo", "memo", required=True),
    Column("Account", "account", "code", required=True),
    Column("Debit", "debit", "amount", length_max=DIGITS_MAX),
    Column("Credit", "credit", "amount", length_max=DIGITS_MAX),
    Column("Line Memo", "text", length_max=999, cut=True),
    Column("Name"),
    Column("Department", "department"),
    Column("Class", "class"),
    Column("Location", "location"),
    Column("Tax Code", "tax_code"),
)


def write_netsuite(entries: Sequence[ExportEntry], settings: NetSuiteSettings) -> Iterator[ExportedFile]:
    """One file; DataError for an entry in another currency than the subsidiary's that has no rate."""
    refuse_without_rate(entries, settings.currency, "netsuite")
    more = {
        "subsidiary": settings.subsidiary,
        "department": settings.department,
        "class": settings.class_name,
        "location": settings.location,
    }
    rows = (
        {**row, "rate": Decimal(1) if row["currency"] == settings.currency else row["rate"]}
        for row in rows_of(entries, more)
    )
    dialect = Dialect(date_form=settings.date_form)
    content = write_table(COLUMNS, rows, dialect, "netsuite").encode(dialect.encoding)
    yield ExportedFile(file_name("netsuite", entries, "csv"), content)
