"""Exported journals, read from their bytes: which entry, which signed amounts in which order, and which memo.

A ledger's format is one row of FORMATS; a plain-text journal has its own reading.
"""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from crossdock_verify.faults import Unreadable

BYTES_MAX = 256 * 1024 * 1024  # of one export: a million lines
HEAD = 4096  # bytes that are enough to recognise an export

Column = str | int  # by name, or counted from 0 where names are translated


@dataclass(frozen=True)
class Format:
    """Where a ledger's file has what: `starts` are the first cells by which it is known, in small letters and without `*` and `.`."""

    name: str
    starts: tuple[str, ...]
    entry: Column
    memo: Column
    debit: Column  # the one signed column where there is neither credit nor side
    credit: Column | None = None
    side: Column | None = None
    credit_side: str = ""
    currency: Column | None = None
    delimiter: str = ","
    encoding: str = "utf-8-sig"
    decimal_mark: str = "."
    header_line: int = 0
    entry_in_text: bool = False  # the entry's id is part of a longer text
    carried: bool = False  # the entry's cells are on its first line only


FORMATS = (
    Format("csv", ("entry", "date"), "entry", "memo", "debit", credit="credit", currency="currency"),
    Format(
        name="datev",
        starts=("extf", "700"),
        entry=10,
        memo=13,
        debit=0,
        side=1,
        credit_side="h",
        currency=2,
        delimiter=";",
        encoding="cp1252",
        decimal_mark=",",
        header_line=1,
    ),
    Format("xero", ("narration", "date"), "narration", "narration", "amount", entry_in_text=True),
    Format("quickbooks", ("journal no",), "journal no", "memo", "debits", credit="credits", currency="currency"),
    Format("netsuite", ("externalid",), "externalid", "memo", "debit", credit="credit", currency="currency"),
    Format(
        "sage-50", ("type", "account reference"), "reference", "details", "net amount", side="type", credit_side="jc"
    ),
    Format(
        name="intacct",
        starts=("journal", "date"),
        entry="reference_no",
        memo="description",
        debit="debit",
        credit="credit",
        currency="currency",
        carried=True,
    ),
)
BEANCOUNT = "beancount"

_ENTRY_IN_TEXT = re.compile(r"(?:(?<=\bCD-)|(?<![0-9-]))[0-9]{6,20}-[0-9]{1,4}(?![0-9-])")
# An entry goes by its id, or by the posting key that is made of it.
_KEY = "CD-"
_BEANCOUNT_HEAD = re.compile(r"\s*(?:;|(?:option|plugin|include) \"|[0-9]{4}-[0-9]{2}-[0-9]{2} )")
_TEXT = r'"((?:[^"\\]|\\.)*)"'
_TRANSACTION = re.compile(rf"[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}} (?:[*!]|txn) (?:{_TEXT} )?{_TEXT}")
_DIRECTIVE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} ")
_ENTRY = re.compile(rf"\s+entry: {_TEXT}\s*")
_POSTING = re.compile(r"\s+(?:[*!] )?[A-Z][^\s:]*(?::\S+)+(?:\s+(-?[0-9.]+)\s+([A-Z][A-Z0-9]*))?")
_DECIMAL = re.compile(r"(-?)([0-9]{1,30})(?:\.([0-9]{1,10}))?")


@dataclass
class ExportedEntry:
    """One entry of one export; amounts are as they are written, with a point, below zero for a credit."""

    path: Path
    format: str
    name: str
    line: int
    text: str
    memos: list[str] = field(default_factory=list)
    written: list[str] = field(default_factory=list)
    currencies: set[str] = field(default_factory=set)

    def amounts(self, digits: int) -> list[int | str]:
        """In minor units; what is no amount stays as it is written, and is equal to none."""
        return [_minor(text, digits) for text in self.written]


def recognise(head: bytes) -> Format | str | None:
    """The format of a file that begins like this; None where it is no export."""
    for form in FORMATS:
        row = next(_csv_rows(head.split(b"\n")[0].decode(form.encoding, "replace"), form.delimiter), (0, []))[1]
        if tuple(_plain(cell) for cell in row[: len(form.starts)]) == form.starts:
            return form
    return BEANCOUNT if _BEANCOUNT_HEAD.match(head.decode("utf-8", "replace")) else None


def read_export(path: Path, form: Format | str) -> list[ExportedEntry]:
    """The entries in the order of their first lines; Unreadable where a line belongs to none."""
    if path.stat().st_size > BYTES_MAX:
        raise Unreadable("the export is too large")
    try:
        text = path.read_bytes().decode(form.encoding if isinstance(form, Format) else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable(f"the export is not {error.encoding}") from None
    return _read_table(path, form, text) if isinstance(form, Format) else _read_beancount(path, text)


def _read_table(path: Path, form: Format, text: str) -> list[ExportedEntry]:
    entries: dict[str, ExportedEntry] = {}
    header: list[str] = []
    carried = ""
    for index, (number, row) in enumerate(_csv_rows(text, form.delimiter, strict=True)):
        if index == form.header_line:
            header = [_plain(cell) for cell in row]
        if index <= form.header_line or not any(row):
            continue
        name = _cell(form.entry, header, row)
        if form.entry_in_text:
            match = _ENTRY_IN_TEXT.search(name)
            name = match[0] if match else ""
        name = name.removeprefix(_KEY) or (carried if form.carried else "")
        if not name:
            raise Unreadable("the line belongs to no entry", number, form.delimiter.join(row))
        carried = name
        shown = form.delimiter.join(row)[:500]
        entry = entries.setdefault(name, ExportedEntry(path, form.name, name, number, shown))
        memo = _cell(form.memo, header, row)
        if memo or not form.carried:
            entry.memos.append(memo)
        # A ledger that knows one currency has no column of it.
        if form.currency is not None and (isinstance(form.currency, int) or form.currency in header):
            entry.currencies |= {_cell(form.currency, header, row)} - {""}
        entry.written.append(_signed(form, header, row))
    return list(entries.values())


def _signed(form: Format, header: Sequence[str], row: list[str]) -> str:
    debit = _cell(form.debit, header, row).replace(form.decimal_mark, ".")
    if form.credit is not None:
        credit = _cell(form.credit, header, row).replace(form.decimal_mark, ".")
        return f"{debit} and {credit}" if debit and credit else debit or _opposite(credit)
    is_credit = form.side is not None and _plain(_cell(form.side, header, row)) == form.credit_side
    return _opposite(debit) if is_credit else debit


def _opposite(text: str) -> str:
    return text[1:] if text.startswith("-") else f"-{text}"


def _read_beancount(path: Path, text: str) -> list[ExportedEntry]:
    entries: dict[str, ExportedEntry] = {}
    opened: ExportedEntry | None = None
    for number, line in enumerate(text.split("\n"), 1):
        if match := _TRANSACTION.match(line):
            opened = ExportedEntry(path, BEANCOUNT, "", number, line[:500], [match[2]])
        elif _DIRECTIVE.match(line):
            opened = None
        elif opened is not None and (match := _ENTRY.fullmatch(line)):
            opened.name = match[1]
            if opened.name in entries:
                raise Unreadable(f"{opened.name[:60]!a} stands twice", number, line)
            entries[opened.name] = opened
        elif opened is not None and (match := _POSTING.match(line)):
            opened.written.append(match[1] or "")
            opened.currencies |= {match[2]} if match[2] else set()
    return list(entries.values())


def _csv_rows(text: str, delimiter: str, *, strict: bool = False) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=strict)
    try:
        for row in reader:
            yield reader.line_num, row
    except csv.Error as error:
        if strict:
            raise Unreadable(f"the export cannot be read: {error}", reader.line_num) from None


def _cell(column: Column, header: Sequence[str], row: list[str]) -> str:
    if isinstance(column, str):
        if column not in header:
            raise Unreadable(f"the export has no column {column}", 1)
        column = header.index(column)
    return row[column].strip() if column < len(row) else ""


def _plain(cell: str) -> str:
    return cell.strip().strip("*.").lower()


def _minor(text: str, digits: int) -> int | str:
    match = _DECIMAL.fullmatch(text)
    if match is None:
        return text[:60]
    decimals = (match[3] or "").ljust(digits, "0")
    if decimals[digits:].strip("0"):
        return text[:60]
    minor = int(match[2] + decimals[:digits])
    return -minor if match[1] else minor
