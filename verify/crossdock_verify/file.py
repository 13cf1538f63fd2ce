"""A settlement file, from bytes to rows: line by line, each line once, and nothing is guessed."""

import gzip
import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from operator import itemgetter
from pathlib import Path

from crossdock_verify.amounts import Amounts
from crossdock_verify.charts import Label
from crossdock_verify.faults import Unreadable

BYTES_MAX = 2 * 1024 * 1024 * 1024  # ten times the largest file that was tried; a bomb in a .gz ends here
_BLOCK = 1024 * 1024
_LINE_MAX = 1024 * 1024  # a row has some 200 characters

# line number, label, order-id, marketplace-name, amount, when it was posted (`posted-date-time`, else `posted-date`)
Row = tuple[int, Label, str, str, int, str]
Pick = Callable[[list[str]], tuple[str, ...]]

_SUMMARY = (
    "settlement-id",
    "settlement-start-date",
    "settlement-end-date",
    "deposit-date",
    "total-amount",
    "currency",
    "transaction-type",
)
_NEEDED = {"V1": (*_SUMMARY, "price-amount"), "V2": (*_SUMMARY, "amount-type", "amount-description", "amount")}
_COMMON = (
    "settlement-id",
    "total-amount",
    "transaction-type",
    "order-id",
    "marketplace-name",
    "posted-date-time",
    "posted-date",
)
_V2 = (*_COMMON, "amount-type", "amount-description", "amount")
_OTHER_NAMES = {
    "marketplace": "marketplace-name",
    "posted-datetime": "posted-date-time",
    "quantity": "quantity-purchased",
}
# Type column, amount column, amount type; the last two columns have no type column.
_V1_PAIRS = (
    ("price-type", "price-amount", "ItemPrice"),
    ("item-related-fee-type", "item-related-fee-amount", "ItemFees"),
    ("promotion-type", "promotion-amount", "Promotion"),
    ("shipment-fee-type", "shipment-fee-amount", "Shipment-Fees"),
    ("order-fee-type", "order-fee-amount", "Order-Fees"),
    ("other-fee-reason-description", "other-fee-amount", "other-fee"),
    ("direct-payment-type", "direct-payment-amount", "DirectPayment"),
    ("", "misc-fee-amount", "misc-fee"),
    ("", "other-amount", "other-transaction"),
)
_CAPITALS = re.compile(r"[A-Z]+(?:_[A-Z]+)+")


def read_blocks(path: Path) -> Iterator[bytes]:
    """The bytes as Amazon sent them, without the compression."""
    size = 0
    try:
        with path.open("rb") as plain:
            packed = plain.read(2) == b"\x1f\x8b"
        with gzip.open(path) if packed else path.open("rb") as opened:
            while block := opened.read(_BLOCK):
                size += len(block)
                if size > BYTES_MAX:
                    raise Unreadable("the file is too large")
                yield block
    except (EOFError, OSError, zlib.error) as error:
        raise Unreadable(f"the file cannot be read: {str(error)[:200]!a}") from None


def read_lines(blocks: Iterable[bytes], encoding: str) -> Iterator[str]:
    """Each line without its end; the byte order mark is gone. No encoding of a certificate has a line end within a character."""
    number, mark = 1, "\ufeff"
    for piece in _whole_lines(blocks):
        try:
            lines = piece.decode(encoding).removeprefix(mark).split("\n")
        except UnicodeDecodeError as error:
            line = number + piece.count(b"\n", 0, error.start)
            raise Unreadable(f"a byte that is not {encoding}", line) from None
        number, mark = number + len(lines), ""
        yield from [line.removesuffix("\r") for line in lines] if b"\r" in piece else lines


def _whole_lines(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Pieces that end where a line ends, without that end."""
    rest = b""
    for block in blocks:
        head, end, tail = block.rpartition(b"\n")
        if end:
            yield rest + head
            rest = tail
        else:
            rest += tail
        if len(rest) > _LINE_MAX:
            raise Unreadable("a line is too long")
    if rest:
        yield rest


class Reading:
    """What a file says: `summary` at once, the counts when `rows` has come to its end."""

    def __init__(self, lines: Iterable[str], digits: int) -> None:
        """Reads header and summary."""
        self._texts = iter(lines)
        self.amounts = Amounts(digits)
        self.lines = self.blank = self.unpriced = self.rows_read = 0
        header = self._next_cells("there is no header")
        self._columns = _columns(header)
        self.version = "V1" if "price-amount" in self._columns else "V2"
        for column in _NEEDED[self.version]:
            if column not in self._columns:
                raise Unreadable(f"there is no column {column}", 1)
        if not {"posted-date", "posted-date-time"} & self._columns.keys():
            raise Unreadable("there is no column that says when a row was posted", 1)
        cells = self._next_cells("there is no summary")
        if len(cells) > len(self._columns):
            raise Unreadable("the summary has more cells than the header", 2)
        cells += [""] * (len(self._columns) - len(cells))
        self.summary = {column: cells[self._columns[column]] for column in _SUMMARY}
        if not self.summary["total-amount"] or self.summary["transaction-type"]:
            raise Unreadable("the second line is not the summary", 2, "\t".join(cells))
        self.total = self._read_amount(self.summary["total-amount"], 2, "\t".join(cells))

    def rows(self) -> Iterator[Row]:
        """Each amount of the file, in its order."""
        return self._rows_v1() if self.version == "V1" else self._rows_v2()

    def _next_cells(self, missing: str) -> list[str]:
        try:
            text = next(self._texts)
        except StopIteration:
            raise Unreadable(missing, self.lines + 1) from None
        self.lines += 1
        return _cells(text)

    def _rows_v2(self) -> Iterator[Row]:
        pick, known = self._picker(_V2), self.amounts.known
        for number, text, cells in self._row_lines(blank_within=False):
            picked = pick(cells)
            settlement, total, kind, order, marketplace, posted, day, amount_type, description, amount = picked
            if settlement != self.summary["settlement-id"] or total:
                raise Unreadable("the line is of another settlement, or a second summary", number, text)
            minor = known[amount] if amount in known else self._read_amount(amount, number, text)
            self.rows_read += 1
            yield number, (kind, amount_type, description), order, marketplace, minor, posted or day

    def _rows_v1(self) -> Iterator[Row]:
        pick = self._picker(_COMMON)
        pairs = [
            (self._picker((name or "transaction-type", amount)), amount_type)
            for name, amount, amount_type in _V1_PAIRS
            if amount in self._columns
        ]
        for number, text, cells in self._row_lines(blank_within=True):
            settlement, total, kind, order, marketplace, posted, day = pick(cells)
            if settlement != self.summary["settlement-id"] or total:
                raise Unreadable("the line is of another settlement, or a second summary", number, text)
            before = self.rows_read
            for pick_pair, amount_type in pairs:
                name, amount = pick_pair(cells)
                if amount:
                    minor = self._read_amount(amount, number, text)
                    self.rows_read += 1
                    yield number, _v1_label(kind, amount_type, name), order, marketplace, minor, posted or day
            self.unpriced += self.rows_read == before

    def _row_lines(self, *, blank_within: bool) -> Iterator[tuple[int, str, list[str]]]:
        """Number, text and cells of each line that is a row; all cells have lost their spaces, and one more is empty."""
        width = len(self._columns)
        for number, text in enumerate(self._texts, self.lines + 1):
            self.lines = number
            cells = text.split("\t") if " \t" not in text and "\t " not in text else _cells(text)
            if len(cells) != width:
                if text:
                    raise Unreadable(f"the line has {len(cells)} cells, the header {width}", number, text)
                self.blank += 1
                continue
            if self.blank and not blank_within:
                raise Unreadable("a row after a blank line", number, text)
            cells[0], cells[-1] = cells[0].strip(" "), cells[-1].strip(" ")
            cells.append("")
            yield number, text, cells

    def _read_amount(self, amount: str, number: int, text: str) -> int:
        try:
            return self.amounts.read(amount)
        except Unreadable as problem:
            raise Unreadable(problem.message, number, text) from None

    def _picker(self, columns: tuple[str, ...]) -> Pick:
        """Takes the cells of these columns; a column that the file has not is the empty cell behind the last."""
        return itemgetter(*(self._columns.get(column, len(self._columns)) for column in columns))


def _cells(text: str) -> list[str]:
    return [cell.strip(" ") for cell in text.split("\t")]


def _columns(header: list[str]) -> dict[str, int]:
    columns: dict[str, int] = {}
    for index, cell in enumerate(header):
        name = cell.lower().replace(" ", "-").replace("_", "-")
        name = _OTHER_NAMES.get(name, name)
        if name in columns:
            raise Unreadable(f"two columns are {name[:60]!a}", 1)
        columns[name] = index
    return columns


def _v1_label(kind: str, amount_type: str, name: str) -> Label:
    if amount_type in ("other-fee", "misc-fee"):
        return kind, amount_type, name if amount_type == "other-fee" else ""
    if amount_type == "ItemFees" and kind == "ServiceFee":
        return kind, name, "TransactionTotalAmount"
    if amount_type != "other-transaction":
        return kind, amount_type, name
    if kind == "Micro Deposit":
        return "Transfers", kind, kind
    capitals = _CAPITALS.fullmatch(kind) is not None
    return "other-transaction", "FBA Inventory Reimbursement" if capitals else "other-transaction", kind
