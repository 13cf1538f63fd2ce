"""Sage: the audit trail of Sage 50 UK (JD and JC lines), and journals of Sage Intacct in the columns of the company's own template.

Rule: Sage 50's journals are in the company's currency; an entry of Intacct says its head on its first line only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from crossdock.domain.ledger import Demands, ExportEntry
from crossdock.exports.table import (
    Cell,
    Column,
    Dialect,
    file_name,
    refuse_foreign,
    refuse_without_rate,
    rows_of,
    write_table,
)
from crossdock.exports.targets import ExportedFile, IntacctSettings, Sage50Settings

# What Details hold.
SAGE50_DEMANDS = Demands(memo_length=60, fields=("number", "tax_code"))
INTACCT_DEMANDS = Demands(memo_length=80)

# Lengths as Sage's knowledge base gives them (gb-kb.sage.com, transaction CSV).
SAGE50_COLUMNS = (
    Column("Type", "side", "code", required=True),
    Column("Account Reference"),
    Column("Nominal A/C Ref", "account", "code", length_max=8, required=True),
    Column("Department Code", "department", "whole", required=True),
    Column("Date", "date", "date", required=True),
    Column("Reference", "posting_key", "code", length_max=30, required=True),
    Column("Details", "memo", length_max=60, required=True),
    Column("Net Amount", "size", "amount", length_max=8, required=True),
    Column("Tax Code", "tax_code", "code", length_max=3, required=True, pattern=r"T\d{1,2}"),
    Column("Tax Amount", "tax", "amount", required=True),
    Column("Exchange Rate", "one", "whole", required=True),
    Column("Extra Reference", "text", length_max=30, cut=True),
    Column("User Name", "user", length_max=32, cut=True),
    Column("Project Refn"),
    Column("Cost Code Refn"),
)
# What stands below a name of a template; a name that is not here has what the merchant fixed, or nothing.
INTACCT_COLUMNS = {
    column.name: column
    for column in (
        Column("JOURNAL", "journal", "code"),
        Column("DATE", "date", "date"),
        Column("DESCRIPTION", "memo", length_max=80),
        Column("REFERENCE_NO", "posting_key", "code"),
        Column("LINE_NO", "line", "whole", required=True),
        Column("ACCT_NO", "account", "code", length_max=24, required=True),
        Column("DOCUMENT", "entry"),
        Column("MEMO", "text", length_max=1000, cut=True),
        Column("DEBIT", "debit", "amount"),
        Column("CREDIT", "credit", "amount"),
        Column("CURRENCY", "currency", "code"),
        Column("EXCH_RATE_DATE", "rate_date", "date"),
        Column("EXCHANGE_RATE", "rate", "rate"),
    )
}
_HEAD = ("journal", "date", "memo", "posting_key")


def write_sage50(entries: Sequence[ExportEntry], settings: Sage50Settings) -> Iterator[ExportedFile]:
    """One file in Windows-1252; DataError for an entry in another currency."""
    refuse_foreign(entries, settings.currency, "sage50")
    more: dict[str, Cell] = {"department": settings.department, "user": settings.user_name, "one": 1}
    rows = ({**row, "tax": _nothing(row["size"])} for row in rows_of(entries, more, ("JD", "JC")))
    dialect = Dialect(encoding="cp1252", date_form="dd/mm/yyyy")
    content = write_table(SAGE50_COLUMNS, rows, dialect, "sage50").encode(dialect.encoding)
    yield ExportedFile(file_name("sage50", entries, "csv"), content)


def write_intacct(entries: Sequence[ExportEntry], settings: IntacctSettings) -> Iterator[ExportedFile]:
    """One file in the template's columns; DataError for an entry in another currency that has no rate, or no column to say its currency in."""
    if "CURRENCY" in settings.columns:
        refuse_without_rate(entries, settings.currency, "intacct")
    else:
        refuse_foreign(entries, settings.currency, "intacct")
    more: dict[str, Cell] = {
        "journal": settings.journal,
        **{f"fixed {name}": it for name, it in settings.fixed.items()},
    }
    rows = (_intacct_row(row, settings) for row in rows_of(entries, more))
    columns = [_intacct_column(name, settings) for name in settings.columns]
    dialect = Dialect(date_form=settings.date_form)
    content = write_table(columns, rows, dialect, "intacct").encode(dialect.encoding)
    yield ExportedFile(file_name("intacct", entries, "csv"), content)


def _intacct_column(name: str, settings: IntacctSettings) -> Column:
    if name in settings.fixed:
        return Column(name, f"fixed {name}")
    return INTACCT_COLUMNS.get(name, Column(name))


def _intacct_row(row: dict[str, Cell], settings: IntacctSettings) -> dict[str, Cell]:
    """The head on the first line only; a rate where the currency is another."""
    head = {name: row[name] for name in _HEAD} if row["line"] == 1 else dict.fromkeys(_HEAD, "")
    is_foreign = row["currency"] != settings.currency
    rate = {"rate": row["rate"], "rate_date": row["date"]} if is_foreign else {"rate": "", "rate_date": ""}
    return {**row, **head, **rate}


def _nothing(size: Cell) -> Decimal:
    """0 with the digits of the currency."""
    assert isinstance(size, Decimal)
    return size - size
