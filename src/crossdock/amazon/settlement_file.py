"""A settlement report, flat file V2 or archived V1: bytes -> SettlementFile, or a DataError that names line, column and text. Pure.

Rule: every byte is accounted for. A line is the header, the summary, a blank one at the end, or a row; what a row's cells and tabs come to is the
length of the file. Read in blocks: the table library splits lines and tells texts apart, and each text is read by `settlement_cells.py`.
Facts: docs/finance.md, "The settlement file".
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import BinaryIO, TypeVar

from crossdock.amazon import settlement_v1
from crossdock.amazon.settlement_cells import DecimalStyle, Doubt, quoted, read_amount, read_moment_or_day
from crossdock.amazon.settlement_lines import V2_REQUIRED, LineReader
from crossdock.amazon.settlement_rows import SettlementRows
from crossdock.domain.ids import SettlementId
from crossdock.domain.money import MINOR_DIGITS, Money
from crossdock.domain.settlement import LONGEST, FileFacts, Settlement
from crossdock.errors import DataError

T = TypeVar("T")

BLOCK = 32 << 20
# A settlement of ten million rows has some two thousand million bytes; more is no settlement.
FILE_MAX = 8 << 30
# Columns of a header, and bytes of a line: more is no settlement.
COLUMNS_MAX, LINE_MAX = 200, 1 << 20
_YEN = re.compile(rb"\t *JPY *[\t\r\n]")
# Twice the digits of any; with a nought before it, it would be another.
_SETTLEMENT_ID = re.compile(r"[1-9][0-9]{0,19}")

# Other names a column was seen under, folded; an unknown required one is never guessed.
ALIASES = {"marketplace": "marketplace-name", "posted-datetime": "posted-date-time", "quantity": "quantity-purchased"}


@dataclass(frozen=True, slots=True)
class SettlementFile:
    """A settlement as its file tells it."""

    settlement: Settlement
    rows: SettlementRows
    facts: FileFacts


def read_settlement(stream: BinaryIO, name: str) -> SettlementFile:
    """Read a settlement from its bytes (decompressed, and read twice where they are not UTF-8).

    Strict UTF-8, else cp932 where the summary's currency is Japan's and cp1252 for all others.
    """
    try:
        return _read(stream, name, "utf-8")
    except UnicodeDecodeError:
        stream.seek(0)
        header_and_summary = stream.readline(LINE_MAX) + stream.readline(LINE_MAX)
        legacy = "cp932" if _YEN.search(header_and_summary) else "cp1252"
        stream.seek(0)
    try:
        return _read(stream, name, legacy)
    except UnicodeDecodeError as fault:
        raise DataError(name, f"is neither UTF-8 nor {legacy}: no text of it can be trusted") from fault


def _read(stream: BinaryIO, name: str, encoding: str) -> SettlementFile:
    file = _Bytes()
    blocks = _blocks(stream, file, name, encoding)
    header, _, rest = next(blocks, b"").partition(b"\n")
    summary, _, rest = rest.partition(b"\n")
    reader = _begin(header.decode(), summary.decode(), name)
    for lines in chain([rest], blocks):
        if lines:
            reader.take(lines)
            file.lines = reader.next_line - 1
    rows = reader.rows()
    facts = FileFacts(
        name=name,
        sha256=file.sha256.hexdigest(),
        size=file.size,
        encoding=encoding,
        version="V1" if reader.is_v1 else "V2",
        decimal_mark=reader.style.shown,
        lines=reader.next_line - 1 + file.blank,
        blank=file.blank + reader.blank,
        unpriced=rows.unpriced.height,
    )
    return SettlementFile(reader.settlement, rows, facts)


@dataclass(slots=True)
class _Bytes:
    """The file so far: its hash and size, the lines that were read, and how many blank ones it ends with."""

    sha256: hashlib._Hash = field(default_factory=hashlib.sha256)
    size: int = 0
    lines: int = 0
    blank: int = 0


def _blocks(stream: BinaryIO, file: _Bytes, name: str, encoding: str) -> Iterator[bytes]:
    r"""The file in blocks of whole lines, UTF-8 with \n. Blank lines at its end are counted and left out."""
    held = b""
    while chunk := stream.read(BLOCK):
        chunk += stream.readline(LINE_MAX)
        file.sha256.update(chunk)
        if not file.size:
            chunk = chunk.removeprefix(b"\xef\xbb\xbf")
        file.size = stream.tell()
        if file.size > FILE_MAX:
            raise DataError(name, f"has more than {FILE_MAX >> 30} GiB")
        text = held + _as_utf8(chunk, f"{name}, line", file.lines + 1, encoding)
        # Whether these are blank lines in the file or at its end, the next block tells.
        held = b"\n" * (len(text) - len(text.rstrip(b"\n")) - 1) if text.endswith(b"\n\n") else b""
        yield text.removesuffix(held) if held else text
    file.blank = len(held)


def _as_utf8(chunk: bytes, where: str, first: int, encoding: str) -> bytes:
    r"""A chunk with \n for \r\n, in UTF-8, its last line ended."""
    text = chunk.replace(b"\r\n", b"\n") if b"\r" in chunk else chunk
    if not text.isascii():
        text = text.decode(encoding).encode()
    for forbidden, what in ((b"\0", "NUL"), (b"\r", "a carriage return inside it")):
        if (at := text.find(forbidden)) >= 0:
            number = first + text.count(b"\n", 0, at)
            raise DataError(f"{where} {number}", f"has {what}")
    return text if text.endswith(b"\n") else text + b"\n"


def _begin(header: str, summary: str, name: str) -> LineReader:
    """From the first two lines: which column is which, and what the settlement is."""
    columns = _columns(header, f"{name}, line 1")
    cells = [cell.strip(" ") for cell in summary.split("\t")]
    where = f"{name}, line 2"
    if len(cells) > len(columns):
        raise DataError(where, f"has {len(cells)} columns where the header names {len(columns)}")
    # Some summaries end with their last cell.
    row = dict.fromkeys(columns, "") | dict(zip(columns, cells, strict=False))
    if row["transaction-type"] or not row["total-amount"]:
        raise DataError(where, "is no summary: it must have total-amount and no transaction-type")
    style = DecimalStyle()
    return LineReader(name, columns, _settlement(row, where, style), style)


def _columns(header: str, where: str) -> list[str]:
    """The names of the columns, in the order of the file; each once, and all that are needed."""
    names = [name.strip(" ").casefold().replace("_", "-").replace(" ", "-") for name in header.split("\t")]
    names = [ALIASES.get(name, name) for name in names]
    if len(names) > COLUMNS_MAX:
        raise DataError(where, f"names more than {COLUMNS_MAX} columns")
    for number, name in enumerate(names, 1):
        if not name:
            raise DataError(where, f"column {number} has no name")
        if names.count(name) > 1:
            raise DataError(where, f"names the column {quoted(name)} twice")
    required = settlement_v1.REQUIRED if "price-amount" in names else V2_REQUIRED
    missing = [name for name in (*required, *settlement_v1.types_wanted(names)) if name not in names]
    if missing:
        raise DataError(where, f"has no column {', '.join(missing)}")
    return names


def _settlement(row: dict[str, str], where: str, style: DecimalStyle) -> Settlement:
    currency = row["currency"]
    if currency not in MINOR_DIGITS:
        raise DataError(f"{where}, column currency", f"{quoted(currency)} is no currency")
    settlement_id = row["settlement-id"]
    if not _SETTLEMENT_ID.fullmatch(settlement_id):
        raise DataError(f"{where}, column settlement-id", f"{quoted(settlement_id)} is no number")

    def cell(name: str, read: Callable[[str], T]) -> T:
        try:
            return read(row[name])
        except Doubt as doubt:
            raise DataError(f"{where}, column {name}", f"{quoted(row[name])} {doubt}") from doubt

    starts_at = cell("settlement-start-date", read_moment_or_day)
    ends_at = cell("settlement-end-date", read_moment_or_day)
    if not starts_at <= ends_at <= starts_at + LONGEST:
        raise DataError(where, f"the settlement begins {starts_at:%Y-%m-%d} and ends {ends_at:%Y-%m-%d}")
    return Settlement(
        settlement_id=SettlementId(settlement_id),
        starts_at=starts_at,
        ends_at=ends_at,
        deposit_at=cell("deposit-date", read_moment_or_day) if row["deposit-date"] else None,
        total=Money(cell("total-amount", lambda text: read_amount(text, currency, style)), currency),
    )
