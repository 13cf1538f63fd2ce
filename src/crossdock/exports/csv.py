"""A plain table with the columns one chooses: for ledgers that map columns when they import, for spreadsheets, and for whoever checks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from crossdock.domain.ledger import Demands, ExportEntry
from crossdock.exports.table import Column, Dialect, Form, file_name, rows_of, write_table
from crossdock.exports.targets import CsvSettings, ExportedFile, Source

DEMANDS = Demands(memo_length=200)

# What is no text.
FORMS: Mapping[Source, Form] = {
    "entry": "code",
    "posting_key": "code",
    "date": "date",
    "line": "whole",
    "account": "code",
    "account_key": "code",
    "debit": "amount",
    "credit": "amount",
    "amount": "amount",
    "currency": "code",
    "rate": "rate",
}


def write_csv(entries: Sequence[ExportEntry], settings: CsvSettings) -> Iterator[ExportedFile]:
    """One file with the columns of the settings."""
    columns = [Column(heading, source, FORMS.get(source, "text")) for heading, source in settings.columns]
    dialect = Dialect(
        encoding=settings.encoding,
        delimiter=settings.delimiter,
        decimal_mark=settings.decimal_mark,
        date_form=settings.date_form,
    )
    content = write_table(columns, rows_of(entries), dialect, "csv").encode(dialect.encoding)
    yield ExportedFile(file_name("csv", entries, "csv"), content)
