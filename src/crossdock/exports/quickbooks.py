"""QuickBooks Online: journal entries (Intuit's help, import journal entries).

Rule: accounts are found by their full name (`Parent:Sub`), so the name is written and never cut; account numbers must be switched off for the import.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from crossdock.domain.ledger import Demands, ExportEntry
from crossdock.exports.table import (
    Column,
    Dialect,
    file_name,
    refuse_foreign,
    refuse_without_rate,
    rows_of,
    write_table,
)
from crossdock.exports.targets import ExportedFile, QuickBooksSettings

# What a journal number may have at most.
NUMBER_MAX = 21
DEMANDS = Demands(memo_length=200, fields=("name",))

COLUMNS = (
    Column("Journal No.", "posting_key", "code", length_max=NUMBER_MAX, required=True),
    Column("Journal Date", "date", "date", required=True),
    Column("Account Name", "account_name", length_max=100, required=True),
    Column("Debits", "debit", "amount", length_max=11),
    Column("Credits", "credit", "amount", length_max=11),
    Column("Description", "text", length_max=4000, cut=True),
    Column("Name", "name", length_max=100),
    Column("Memo", "memo", length_max=4000),
)
# Only where the company has several currencies switched on.
CURRENCY_COLUMNS = (
    Column("Currency", "currency", "code", length_max=3, required=True),
    Column("Exchange rate", "rate", "rate"),
)


def write_quickbooks(entries: Sequence[ExportEntry], settings: QuickBooksSettings) -> Iterator[ExportedFile]:
    """One file; DataError for an entry in another currency where the company has but one, or no rate for it."""
    if settings.multicurrency:
        refuse_without_rate(entries, settings.currency, "quickbooks")
    else:
        refuse_foreign(entries, settings.currency, "quickbooks")
    columns = (*COLUMNS, *(CURRENCY_COLUMNS if settings.multicurrency else ()))
    rows = ({**row, "name": settings.names.get(str(row["account_key"]), "")} for row in rows_of(entries))
    dialect = Dialect(date_form=settings.date_form)
    content = write_table(columns, rows, dialect, "quickbooks").encode(dialect.encoding)
    yield ExportedFile(file_name("quickbooks", entries, "csv"), content)
