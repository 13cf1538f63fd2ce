"""The one writer of tables: a target says its columns as data, and rows become bytes.

Rule: a text is made plain and may be cut where the column says so; a code is written as it stands or refused; an amount is exact or refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal, TypeAlias

from crossdock.domain.ledger import ExportEntry
from crossdock.errors import DataError
from crossdock.exports.targets import DateForm
from crossdock.exports.text import is_plain, plain

Form = Literal["text", "code", "number", "amount", "rate", "date", "day", "whole"]
Cell: TypeAlias = str | int | Decimal | date
Row: TypeAlias = Mapping[str, Cell]

_STRFTIME: dict[DateForm, str] = {
    "dd/mm/yyyy": "%d/%m/%Y",
    "mm/dd/yyyy": "%m/%d/%Y",
    "yyyy-mm-dd": "%Y-%m-%d",
    "dd.mm.yyyy": "%d.%m.%Y",
}


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a target.

    `source`: what of a row stands in it, nothing where empty. `length_max`: of a text or code its characters, of an amount or rate its digits before the
    mark; 0 for no limit. `decimals`: of an amount or rate exactly so many, None for the currency's own. `pattern`: what a code must be, whole.
    """

    name: str
    source: str = ""
    form: Form = "text"
    length_max: int = 0
    required: bool = False
    cut: bool = False
    pattern: str = ""
    decimals: int | None = None


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a target's files are written. `quotes_texts`: texts and codes stand in quotes even where nothing in them needs it."""

    encoding: str = "utf-8"
    delimiter: str = ","
    decimal_mark: str = "."
    date_form: DateForm = "dd/mm/yyyy"
    quotes_texts: bool = False


def rows_of(
    entries: Iterable[ExportEntry], more: Row | None = None, sides: tuple[str, str] = ("", "")
) -> Iterator[dict[str, Cell]]:
    """One row a line, in order, with everything a column may hold; `more` stands in each; `sides`: what the target calls debit and credit."""
    for entry in entries:
        for number, line in enumerate(entry.lines, 1):
            amount = exact(line.debit, entry.digits)
            yield {
                **(more or {}),
                "entry": entry.entry_id,
                "posting_key": entry.posting_key,
                "date": entry.on,
                "month": f"{entry.month:%Y-%m}",
                "line": number,
                "account": line.number,
                "account_name": line.name,
                "account_key": line.account,
                "tax_code": line.tax_code,
                "marketplace": line.marketplace,
                "tax_treatment": line.treatment,
                "text": line.text,
                "debit": amount if line.debit > 0 else "",
                "credit": -amount if line.debit < 0 else "",
                "amount": amount,
                "size": abs(amount),
                "side": sides[0] if line.debit > 0 else sides[1],
                "currency": entry.currency,
                "rate": "" if entry.rate is None else entry.rate,
                "memo": entry.memo,
            }


def exact(minor_units: int, digits: int) -> Decimal:
    """Minor units as an amount with all digits of its currency."""
    return Decimal(minor_units).scaleb(-digits)


def write_table(columns: Sequence[Column], rows: Iterable[Row], dialect: Dialect, target: str) -> str:
    """The line of names and a line for each row, CRLF after each; DataError at entry and column for what cannot be written."""
    # Names stand in quotes only where they must.
    names = write_line([Column(column.name, form="whole") for column in columns], [c.name for c in columns], dialect)
    return names + "".join(write_line(columns, _cells(columns, row, dialect, target), dialect) for row in rows)


def write_line(columns: Sequence[Column], cells: Sequence[str], dialect: Dialect) -> str:
    """Cells that are texts already, between delimiters."""
    written = (_quoted(column, cell, dialect) for column, cell in zip(columns, cells, strict=True))
    return dialect.delimiter.join(written) + "\r\n"


def refuse_foreign(entries: Iterable[ExportEntry], currency: str, target: str) -> None:
    """DataError where an entry is not in the only currency a target's journals have."""
    for entry in entries:
        if entry.currency != currency:
            raise DataError(
                f"{target}, entry {entry.entry_id}",
                f"is in {entry.currency}, and journals of this target are in {currency} only",
            )


def refuse_without_rate(entries: Iterable[ExportEntry], currency: str, target: str) -> None:
    """DataError where an entry is in another currency than the books and has no rate."""
    for entry in entries:
        if entry.currency != currency and (entry.rate is None or entry.rate <= 0):
            raise DataError(
                f"{target}, entry {entry.entry_id}", f"is in {entry.currency} and has no rate to {currency}"
            )


def file_name(target: str, entries: Sequence[ExportEntry], extension: str, part: int = 0) -> str:
    """A name that says the target and the days; the same entries have the same name."""
    first, last = min(entry.on for entry in entries), max(entry.on for entry in entries)
    return f"crossdock-{target}-{first}-{last}{f'-{part}' if part else ''}.{extension}"


def _cells(columns: Sequence[Column], row: Row, dialect: Dialect, target: str) -> list[str]:
    cells = []
    for column in columns:
        cell = row.get(column.source, "") if column.source else ""
        try:
            cells.append(_cell(column, cell, dialect))
        except ValueError as fault:
            raise DataError(f"{target}, entry {row['entry']}, column {column.name}", str(fault)) from fault
    return cells


def _cell(column: Column, cell: Cell, dialect: Dialect) -> str:
    """A cell as it is written, without quotes; ValueError with what is wrong."""
    written = "" if cell == "" else _written(column, cell, dialect)
    if column.required and not written:
        raise ValueError("is empty")
    return written


def _written(column: Column, cell: Cell, dialect: Dialect) -> str:
    match column.form:
        case "text":
            return _text(column, str(cell), dialect)
        case "code" | "number":
            return _code(column, str(cell), dialect)
        case "amount" | "rate":
            assert isinstance(cell, Decimal), f"{column.name} is no amount"
            return _decimal(column, cell, dialect)
        case "date" | "day":
            assert isinstance(cell, date), f"{column.name} is no date"
            return cell.strftime("%d%m" if column.form == "day" else _STRFTIME[dialect.date_form])
        case "whole":
            return str(cell)


def _text(column: Column, cell: str, dialect: Dialect) -> str:
    text = plain(cell, dialect.encoding)
    if column.length_max and len(text) > column.length_max:
        if not column.cut:
            raise ValueError(f"has more than {column.length_max} characters")
        return text[: column.length_max].rstrip()
    return text


def _code(column: Column, cell: str, dialect: Dialect) -> str:
    if not is_plain(cell, dialect.encoding):
        raise ValueError("has characters that may not stand there")
    if column.length_max and len(cell) > column.length_max:
        raise ValueError(f"has more than {column.length_max} characters")
    if column.pattern and not re.fullmatch(column.pattern, cell, re.ASCII):
        raise ValueError(f"has not the form {column.pattern}")
    return cell


def _decimal(column: Column, value: Decimal, dialect: Dialect) -> str:
    if column.decimals is not None:
        rounded = round(value, column.decimals)
        if rounded != value and column.form == "amount":
            raise ValueError(f"has more than {column.decimals} decimals")
        value = rounded
    text = f"{value:f}"
    if column.length_max and len(text.lstrip("-").partition(".")[0]) > column.length_max:
        raise ValueError(f"has more than {column.length_max} digits before the decimal mark")
    return text.replace(".", dialect.decimal_mark)


def _quoted(column: Column, cell: str, dialect: Dialect) -> str:
    is_text = column.form in {"text", "code"}
    if (dialect.quotes_texts and is_text) or any(special in cell for special in (dialect.delimiter, '"')):
        return '"' + cell.replace('"', '""') + '"'
    return cell
