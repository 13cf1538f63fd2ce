"""Reading the bytes of an export again: cells, amounts and days, by code of its own.

Rule: nothing here comes from the writer, so that a mistake of the writer is not in both; what is not written exactly as it must be is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from crossdock.exports.targets import DateForm, ExportedFile, ExportRefused

_DAYS: dict[DateForm, re.Pattern[str]] = {
    "dd/mm/yyyy": re.compile(r"(?P<d>\d\d)/(?P<m>\d\d)/(?P<y>\d{4})", re.ASCII),
    "mm/dd/yyyy": re.compile(r"(?P<m>\d\d)/(?P<d>\d\d)/(?P<y>\d{4})", re.ASCII),
    "yyyy-mm-dd": re.compile(r"(?P<y>\d{4})-(?P<m>\d\d)-(?P<d>\d\d)", re.ASCII),
    "dd.mm.yyyy": re.compile(r"(?P<d>\d\d)\.(?P<m>\d\d)\.(?P<y>\d{4})", re.ASCII),
}
# What would run in a spreadsheet, as code points, with what may stand before it.
_RUNS = {0x3D, 0x2B, 0x2D, 0x40, 0xFF1D, 0xFF0B, 0xFF0D, 0xFF20, 0xFE66, 0xFE62, 0xFE63, 0xFE6B, 0x2212}
_BEFORE = {0x22, 0x27, 0x60, 0xB4, 0x2018, 0x2019, 0x201C, 0x201D, 0x201E, 0x201A, 0xAB, 0xBB, 0xFF02, 0xFF07}


class Text(NamedTuple):
    """A cell, and whether it stood in quotes."""

    text: str
    quoted: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a table, by the names of its columns."""

    file: str
    number: int
    cells: Mapping[str, Text]

    def text(self, column: str) -> str:
        """What stands in a column."""
        return self.cells[column].text

    def refuse(self, column: str, what: str) -> ExportRefused:
        """The refusal of a cell."""
        return ExportRefused(self.file, self.number, column, what)

    def amount(self, column: str, mark: str) -> Decimal | None:
        """An amount in plain digits, None where nothing stands there."""
        text = self.text(column)
        if not text:
            return None
        if not re.fullmatch(rf"-?(0|[1-9][0-9]*)({re.escape(mark)}[0-9]+)?", text) or self.cells[column].quoted:
            raise self.refuse(column, "is no amount")
        return Decimal(text.replace(mark, "."))

    def day(self, column: str, form: DateForm) -> date:
        """A day in the form that was asked for."""
        found = _DAYS[form].fullmatch(self.text(column))
        if found is None:
            raise self.refuse(column, f"is no day of the form {form}")
        return read_day(self, column, (int(found["y"]), int(found["m"]), int(found["d"])))

    def refuse_formulas(self, columns: Sequence[str]) -> None:
        """No cell of these runs in a spreadsheet or breaks its line."""
        for column in columns:
            text = self.text(column)
            if re.search(r"[\x00-\x1f\x7f]", text):
                raise self.refuse(column, "has a control character")
            if runs(text):
                raise self.refuse(column, "would run as a formula")


def runs(text: str) -> bool:
    """Whether a part of a text begins as a formula and has no apostrophe before it: a spreadsheet may divide by another separator than the file."""
    return any(_begins(part) in _RUNS for part in re.split(r"[,;|]", text) if not part.startswith("'"))


def _begins(part: str) -> int:
    """The first character that counts."""
    return next((ord(each) for each in part if not each.isspace() and ord(each) not in _BEFORE), 0)


def read_day(line: Line, column: str, day: tuple[int, int, int]) -> date:
    """Year, month and day as a day that there is."""
    try:
        return date(*day)
    except ValueError as fault:
        raise line.refuse(column, "is no day of the calendar") from fault


def read_text(file: ExportedFile, encoding: str) -> str:
    """The bytes in their encoding, and nothing that it cannot hold."""
    try:
        return file.content.decode(encoding)
    except UnicodeDecodeError as fault:
        line = file.content[: fault.start].count(b"\n") + 1
        raise ExportRefused(file.name, line, "", f"is not {encoding}") from fault


def read_rows(file: ExportedFile, encoding: str, separator: str) -> list[list[Text]]:
    """The cells of each line; CRLF ends every line and stands in none."""
    text = read_text(file, encoding)
    if not text.endswith("\r\n"):
        raise ExportRefused(file.name, text.count("\n") + 1, "", "does not end with CRLF")
    return [
        list(_cells(file.name, number, line, separator)) for number, line in enumerate(text[:-2].split("\r\n"), start=1)
    ]


def read_table(file: ExportedFile, rows: Sequence[Sequence[Text]], header: Sequence[str], first: int) -> Iterator[Line]:
    """The lines below a header; `first`: the header's line. Every line has as many cells."""
    names = [cell.text for cell in rows[first - 1]] if len(rows) >= first else []
    for number, wanted in enumerate(header):
        if number >= len(names) or names[number] != wanted:
            raise ExportRefused(file.name, first, wanted, f"column {number + 1} of the header must be {wanted}")
    if len(names) != len(header):
        raise ExportRefused(file.name, first, "", f"has {len(names)} columns, not {len(header)}")
    for number, row in enumerate(rows[first:], start=first + 1):
        if len(row) != len(header):
            raise ExportRefused(file.name, number, "", f"has {len(row)} cells, not {len(header)}")
        yield Line(file.name, number, dict(zip(header, row, strict=True)))


def _cells(file: str, number: int, line: str, separator: str) -> Iterator[Text]:
    """One cell after the other: plain up to the separator, or in quotes with quotes doubled."""
    place = 0
    while True:
        if line[place : place + 1] == '"':
            found = re.compile(r'"((?:[^"]|"")*)"').match(line, place)
            if found is None:
                raise ExportRefused(file, number, "", "has a quote without an end")
            cell, place = Text(found[1].replace('""', '"'), quoted=True), found.end()
        else:
            end = line.find(separator, place)
            end = len(line) if end < 0 else end
            cell, place = Text(line[place:end], quoted=False), end
            if '"' in cell.text or "\r" in cell.text or "\n" in cell.text:
                raise ExportRefused(file, number, "", "has a quote or a line end in a plain cell")
        yield cell
        if place == len(line):
            return
        if not line.startswith(separator, place):
            raise ExportRefused(file, number, "", "has something between a quote and the next cell")
        place += len(separator)
