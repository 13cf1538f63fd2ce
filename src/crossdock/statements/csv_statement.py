"""A bank statement as CSV, its columns named by the policy: text -> Statement, or a DataError that names line and column. Pure.

Rule: nothing is guessed: the form of a day and the decimal mark are what the policy says, and a cell that has another form is refused. No cell is quoted:
most lines of a statement are nobody's business.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NoReturn

from crossdock.domain.finance_policy import CsvForm
from crossdock.domain.money import parse_money
from crossdock.domain.statement import Statement, StatementLine
from crossdock.errors import DataError

SIZE_MAX = 64 << 20
LINES_MAX = 1_000_000
# Banks write some lines about the account before the names of the columns.
PREAMBLE_MAX = 40
_DAYS = {
    "YYYY-MM-DD": r"(?P<y>[0-9]{4})-(?P<m>[0-9]{2})-(?P<d>[0-9]{2})",
    "YYYY/MM/DD": r"(?P<y>[0-9]{4})/(?P<m>[0-9]{2})/(?P<d>[0-9]{2})",
    "YYYYMMDD": r"(?P<y>[0-9]{4})(?P<m>[0-9]{2})(?P<d>[0-9]{2})",
    "DD.MM.YYYY": r"(?P<d>[0-9]{2})\.(?P<m>[0-9]{2})\.(?P<y>[0-9]{4})",
    "DD.MM.YY": r"(?P<d>[0-9]{2})\.(?P<m>[0-9]{2})\.(?P<y>[0-9]{2})",
    "DD/MM/YYYY": r"(?P<d>[0-9]{2})/(?P<m>[0-9]{2})/(?P<y>[0-9]{4})",
    "MM/DD/YYYY": r"(?P<m>[0-9]{2})/(?P<d>[0-9]{2})/(?P<y>[0-9]{4})",
    "DD-MM-YYYY": r"(?P<d>[0-9]{2})-(?P<m>[0-9]{2})-(?P<y>[0-9]{4})",
}
DATE_FORMATS = tuple(_DAYS)
# Others have several bytes a letter and no line that could be told by its number.
ENCODINGS = ("utf-8", "cp1252", "iso-8859-1", "iso-8859-15")
# Digits in groups of three, which share the mark that is not the decimal one, a blank or an apostrophe; or digits alone.
_AMOUNTS = {
    mark: re.compile(
        rf"([+-]?)([0-9]{{1,3}}(?:(?P<group>[{other} '\u00a0\u202f])[0-9]{{3}}(?:(?P=group)[0-9]{{3}})*)|[0-9]{{1,15}})(?:[{mark}]([0-9]{{1,4}}))?"
    )
    for mark, other in ((".", ","), (",", "."))
}


def read_csv_statement(content: bytes, name: str, form: CsvForm) -> Statement:
    """Read a file in the form the policy tells."""
    if len(content) > SIZE_MAX:
        raise DataError(name, f"has more than {SIZE_MAX >> 20} MiB")
    reader = _Reader(name, form)
    lines = list(reader.lines(_decoded(content, name, form)))
    days = [line.on_day for line in lines]
    return Statement(lines, 0, min(days, default=None), max(days, default=None))


def _decoded(content: bytes, name: str, form: CsvForm) -> str:
    try:
        text = content.decode("utf-8-sig" if form.encoding == "utf-8" else form.encoding)
    except UnicodeDecodeError as fault:
        line = content.count(b"\n", 0, fault.start) + 1
        raise DataError(f"{name}, line {line}", f"is not {form.encoding}; `encoding` says what it is") from fault
    if "\0" in text:
        raise DataError(name, f"is not {form.encoding}, or no text")
    return text


@dataclass(slots=True)
class _Reader:
    """One reading of one file."""

    name: str
    form: CsvForm

    def lines(self, text: str) -> Iterator[StatementLine]:
        """Every line of the statement."""
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=self.form.delimiter, strict=True)
        header: Sequence[str] | None = None
        at = 0
        try:
            for row in rows:
                at, line = rows.line_num, [cell.strip() for cell in row]
                if at > LINES_MAX:
                    raise DataError(self.name, f"has more than {LINES_MAX} lines")
                if header is None:
                    header = self._header(line, at)
                elif any(line):
                    if len(line) != len(header):
                        raise DataError(f"{self.name}, line {at}", f"has {len(line)} columns, not {len(header)}")
                    yield self._line(dict(zip(header, line, strict=True)), f"{self.name}, line {at}")
        except csv.Error as fault:
            raise DataError(f"{self.name}, line {rows.line_num}", f"cannot be read as CSV: {fault}") from fault
        if header is None:
            self._no_header()

    def _header(self, row: Sequence[str], at: int) -> Sequence[str] | None:
        """The names of the columns, where this is their line; None for a line before it."""
        if set(self.form.columns) <= set(row):
            twice = [column for column in self.form.columns if row.count(column) > 1]
            if twice:
                raise DataError(f"{self.name}, line {at}", f"names the column {twice[0]} twice")
            return row
        return self._no_header() if at > PREAMBLE_MAX else None

    def _no_header(self) -> NoReturn:
        columns = ", ".join(self.form.columns)
        told = "[connection.finance.bank.csv] says how its columns are called and what stands between them"
        raise DataError(self.name, f"has no line with the names of the columns {columns}: {told}")

    def _line(self, row: dict[str, str], where: str) -> StatementLine:
        form = self.form
        currency = form.currency_code or row[form.currency]
        return StatementLine(
            on_day=self._day(row[form.date], f"{where}, column {form.date}"),
            amount=self._amount(row[form.amount], currency, f"{where}, column {form.amount}"),
            currency=currency,
            texts=tuple(row[column] for column in form.reference if row[column]),
        )

    def _day(self, cell: str, where: str) -> date:
        match = re.fullmatch(_DAYS[self.form.date_format], cell, re.ASCII)
        try:
            year, month, day = (int(match[part]) for part in "ymd") if match else (0, 0, 0)
            return date(year + 2000 if "YYYY" not in self.form.date_format else year, month, day)
        except ValueError as fault:
            raise DataError(where, f"is no day of the form {self.form.date_format}") from fault

    def _amount(self, cell: str, currency: str, where: str) -> int:
        match = _AMOUNTS[self.form.decimal_mark].fullmatch(cell.replace("\u2212", "-"))
        if match is None:
            raise DataError(where, f"is no amount with the decimal mark `{self.form.decimal_mark}`")
        whole = re.sub(r"[^0-9]", "", match[2])
        part = f".{match[4]}" if match[4] else ""
        sign = "-" if match[1] == "-" else ""
        return parse_money(f"{sign}{whole}{part}", currency, where).minor_units
