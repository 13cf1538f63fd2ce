"""Xero: manual journals, imported as drafts (help centre, manual journals import).

Rule: lines of the same narration and date are one journal, so the narration begins with the posting key, and no entry is split between files.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from crossdock.domain.ledger import Demands, ExportEntry
from crossdock.errors import DataError
from crossdock.exports.table import Column, Dialect, file_name, refuse_foreign, rows_of, write_table
from crossdock.exports.targets import ExportedFile, XeroSettings

# Xero takes no more lines in one file.
LINES_MAX = 300
DEMANDS = Demands(memo_length=200, fields=("number", "tax_code"))

COLUMNS = (
    Column("*Narration", "narration", required=True),
    Column("*Date", "date", "date", required=True),
    Column("Description", "text"),
    Column("*AccountCode", "account", "code", length_max=10, required=True),
    Column("*TaxRate", "tax_code", required=True),
    Column("*Amount", "amount", "amount", required=True),
    Column("TrackingName1", "tracking"),
    Column("TrackingOption1", "tracked"),
    Column("TrackingName2"),
    Column("TrackingOption2"),
)


def write_xero(entries: Sequence[ExportEntry], settings: XeroSettings) -> Iterator[ExportedFile]:
    """Files of at most 300 lines; DataError for an entry that is longer, or in another currency."""
    refuse_foreign(entries, settings.currency, "xero")
    parts = _parts(entries)
    dialect = Dialect(date_form=settings.date_form)
    for number, part in enumerate(parts, 1):
        rows = (
            {
                **row,
                "narration": f"{row['posting_key']} {row['memo']}",
                "tracking": settings.tracking if row["marketplace"] else "",
                "tracked": row["marketplace"] if settings.tracking else "",
            }
            for row in rows_of(part)
        )
        name = file_name("xero", entries, "csv", number if len(parts) > 1 else 0)
        yield ExportedFile(name, write_table(COLUMNS, rows, dialect, "xero").encode(dialect.encoding))


def _parts(entries: Sequence[ExportEntry]) -> list[list[ExportEntry]]:
    """Entries in their order, as many a file as fit."""
    parts: list[list[ExportEntry]] = [[]]
    lines = 0
    for entry in entries:
        if len(entry.lines) > LINES_MAX:
            raise DataError(
                f"xero, entry {entry.entry_id}",
                f"has {len(entry.lines)} lines, and Xero takes {LINES_MAX} in a file: give several marketplaces one account, or use another target",
            )
        if lines + len(entry.lines) > LINES_MAX:
            parts.append([])
            lines = 0
        parts[-1].append(entry)
        lines += len(entry.lines)
    return parts
