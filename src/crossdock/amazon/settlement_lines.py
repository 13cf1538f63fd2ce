"""Lines of a settlement file -> rows of whole numbers, block by block; a cell that leaves a doubt is a DataError that names line, column and text.

Rule: the table library splits lines and tells texts apart; each different text is read once, by `settlement_cells.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import NoReturn

import polars as pl

from crossdock.amazon import settlement_v1
from crossdock.amazon.settlement_cells import (
    DecimalStyle,
    Doubt,
    quoted,
    read_amount,
    read_moment_or_day,
    read_quantity,
)
from crossdock.amazon.settlement_rows import SCHEMA, TRANSACTIONS_MAX, SettlementRows
from crossdock.domain.settlement import LONGEST, Label, RowLabel, Settlement
from crossdock.errors import DataError

# Lines are numbered by 32 bits, and labels are a vocabulary: more of them than this is a column mistaken for another.
LINES_MAX, LABELS_MAX = 50_000_000, 20_000
# Half of what 64 bits hold, in minor units.
MAGNITUDE_MAX = 4 * 10**18
# A row may be posted a little after the settlement's end, no more.
EARLY = timedelta(days=31)

V2_REQUIRED = (
    "settlement-id",
    "settlement-start-date",
    "settlement-end-date",
    "deposit-date",
    "total-amount",
    "currency",
    "transaction-type",
    "order-id",
    "marketplace-name",
    "amount-type",
    "amount-description",
    "amount",
    "fulfillment-id",
    "posted-date",
    "posted-date-time",
    "sku",
    "quantity-purchased",
)
_USED = {*V2_REQUIRED, *settlement_v1.REQUIRED, *settlement_v1.AMOUNTS, *settlement_v1.TYPES}
_LABEL = ("transaction-type", "amount-type", "amount-description", "marketplace-name", "fulfillment-id")
_ORDER = r"^[0-9]{3}-[0-9]{7}-[0-9]{7}$"
_MOMENT = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}:[0-9]{2}(?: UTC|\+00:00)$"


@dataclass
class LineReader:
    """The rows of one file while its blocks are read."""

    name: str
    columns: Sequence[str]
    settlement: Settlement
    style: DecimalStyle
    frames: list[pl.DataFrame] = field(default_factory=list)
    labels: dict[tuple[str, ...], int] = field(default_factory=dict)
    amounts: dict[str, int] = field(default_factory=dict)
    next_line: int = 3
    magnitude: int = 0
    blank: int = 0
    transactions: set[str] = field(default_factory=set)
    skus: dict[str, int] = field(default_factory=dict)
    others: dict[str, int] = field(default_factory=dict)
    unpriced: list[pl.DataFrame] = field(default_factory=list)

    @property
    def is_v1(self) -> bool:
        """Whether it is of the archived kind."""
        return "price-amount" in self.columns

    def take(self, text: bytes) -> None:
        r"""Read whole lines, UTF-8 that end in \n, which follow those read before."""
        lines = self._split(self._begun(text))
        self._check(lines)
        self.frames.append(self._rows(lines))
        # A sum of so many so large amounts would not be their sum any more.
        self.magnitude += int(self.frames[-1]["amount"].abs().cast(pl.Int128).sum())
        if self.magnitude > MAGNITUDE_MAX:
            raise DataError(self.name, "has amounts that are too large to be true")
        if self.next_line > LINES_MAX:
            raise DataError(self.name, f"has more than {LINES_MAX} lines")

    def rows(self) -> SettlementRows:
        """All rows read."""
        empty = pl.DataFrame(schema=SCHEMA)
        return SettlementRows(
            pl.concat([empty, *self.frames], rechunk=False),
            pl.concat([empty, *self.unpriced]),
            labels=[RowLabel(Label(*texts[:3]), *texts[3:]) for texts in self.labels],
            skus=list(self.skus),
            others=list(self.others),
        )

    def _begun(self, text: bytes) -> bytes:
        """The block from its first line that is not blank: those before it the library would skip without counting."""
        body = text.lstrip(b"\n")
        skipped = len(text) - len(body)
        self._count_blank(self.next_line, skipped)
        self.next_line += skipped
        return body

    def _split(self, text: bytes) -> pl.DataFrame:
        """The lines as columns of text, none lost: what their cells and tabs come to is the length of the block."""
        try:
            lines = pl.read_csv(
                text,
                separator="\t",
                quote_char=None,
                has_header=False,
                schema=dict.fromkeys(self.columns, pl.String()),
                empty_string_is_null=False,
                extra_columns="raise",
                row_index_name="row",
                row_index_offset=self.next_line,
            )
            cells = sum(lines.select(pl.col(self.columns).str.len_bytes().sum()).row(0))
        except pl.exceptions.PolarsError:
            self._refuse_shape(text)
        height, width = lines.height, len(self.columns)
        if cells + height * width != len(text):
            lines = self._without_blank(lines)
            if cells + lines.height * width + (height - lines.height) != len(text):
                self._refuse_shape(text)
        self.next_line += height
        used = [name for name in self.columns if name in _USED]
        padded = pl.col(used).str.starts_with(" ") | pl.col(used).str.ends_with(" ")
        is_padded = any(lines.select(padded.any()).row(0))
        return lines.select("row", pl.col(used).str.strip_chars(" ") if is_padded else pl.col(used))

    def _without_blank(self, lines: pl.DataFrame) -> pl.DataFrame:
        is_blank = pl.all_horizontal(pl.col(self.columns) == "")
        blank = lines.filter(is_blank)["row"]
        self._count_blank(next(iter(blank), 0), len(blank))
        return lines.filter(~is_blank)

    def _count_blank(self, first: int, count: int) -> None:
        """Blank lines are seen in archived files, after a card charge; of V2 none is known, so one there is a doubt."""
        if count and not self.is_v1:
            raise DataError(f"{self.name}, line {first}", "is blank, and rows follow it")
        self.blank += count

    def _refuse_shape(self, text: bytes) -> NoReturn:
        """Some line has not the header's columns: name the first."""
        for number, line in enumerate(text.split(b"\n")[:-1], self.next_line):
            has = line.count(b"\t") + 1
            if line and has != len(self.columns):
                raise DataError(
                    f"{self.name}, line {number}",
                    f"has {has} columns where the header names {len(self.columns)}: {quoted(line.decode())}",
                )
        raise DataError(f"{self.name}, from line {self.next_line}", "cannot be split into its columns")

    def _check(self, lines: pl.DataFrame) -> None:
        """No line is of another settlement, another currency, a second summary, a repeated header, or empty."""
        ours, currency = self.settlement.settlement_id, self.settlement.total.currency
        checks = (
            ("settlement-id", pl.col("settlement-id") == "settlement-id", "is the header once more"),
            ("settlement-id", pl.col("settlement-id") != ours, f"is not of the settlement {ours}"),
            ("total-amount", pl.col("total-amount") != "", "is a second summary"),
            ("currency", ~pl.col("currency").is_in(["", currency]), f"is not in {currency}"),
        )
        for column, wrong, what in checks:
            found = lines.filter(wrong).select("row", column).head(1).rows()
            if found:
                row, text = found[0]
                raise DataError(f"{self.name}, line {row}, column {column}", f"{quoted(text)} {what}")
        amounts = self._amounts()
        nothing = pl.all_horizontal(pl.col("transaction-type", *amounts) == "")
        empty = lines.filter(nothing)["row"].head(1).to_list()
        if empty:
            raise DataError(f"{self.name}, line {empty[0]}", "has neither a transaction-type nor an amount")

    def _rows(self, lines: pl.DataFrame) -> pl.DataFrame:
        """The rows as whole numbers."""
        if self.is_v1:
            priced = pl.any_horizontal(pl.col(self._amounts()) != "")
            unpriced = lines.filter(~priced).with_columns(**settlement_v1.UNPRICED)
            self.unpriced.append(self._numbers(unpriced))
            lines = settlement_v1.as_rows(lines)
        return self._numbers(lines)

    def _numbers(self, lines: pl.DataFrame) -> pl.DataFrame:
        return pl.DataFrame(
            {
                "row": lines["row"],
                "label": self._coded(lines, _LABEL, self._label),
                "order": self._orders(lines),
                "amount": self._coded(lines, ("amount",), self._amount),
                "posted": self._posted(lines),
                "sku": self._coded(lines, ("sku",), self._sku),
                "quantity": self._coded(lines, ("quantity-purchased",), read_quantity),
            },
            schema=SCHEMA,
        )

    def _amounts(self) -> list[str]:
        return [name for name in self.columns if name in settlement_v1.AMOUNTS] if self.is_v1 else ["amount"]

    def _coded(self, lines: pl.DataFrame, columns: Sequence[str], code_of: Callable[..., int]) -> pl.Series:
        """A number for each line by the text of these columns, each different text read once."""
        names = list(columns)
        texts = lines.select(names).unique(maintain_order=True)
        codes = []
        for row in texts.iter_rows():
            try:
                codes.append(code_of(*row))
            except Doubt as doubt:
                self._refuse(lines, dict(zip(names, row, strict=True)), str(doubt))
        coded = texts.with_columns(code=pl.Series(codes, dtype=pl.Int64))
        return lines.select(names).join(coded, on=names, how="left", maintain_order="left")["code"]

    def _refuse(self, lines: pl.DataFrame, texts: dict[str, str], what: str) -> NoReturn:
        """Name the first line that has these texts."""
        row = lines.filter(*(pl.col(name) == text for name, text in texts.items()))["row"][0]
        column, text = next(iter(texts.items()))
        raise DataError(f"{self.name}, line {row}, column {column}", f"{quoted(text)} {what}")

    def _amount(self, text: str) -> int:
        amount = self.amounts.get(text)
        if amount is None:
            amount = self.amounts[text] = read_amount(text, self.settlement.total.currency, self.style)
        return amount

    def _label(self, *texts: str) -> int:
        self.transactions.add(texts[0])
        if len(self.labels) >= LABELS_MAX or len(self.transactions) > TRANSACTIONS_MAX:
            raise Doubt(f"is one of more than {TRANSACTIONS_MAX} kinds of transaction, or {LABELS_MAX} labels")
        return self.labels.setdefault(texts, len(self.labels))

    def _sku(self, text: str) -> int:
        return self.skus.setdefault(text, len(self.skus))

    def _orders(self, lines: pl.DataFrame) -> pl.Series:
        """Amazon's order ids as whole numbers, other ids by their place in `others` from -1 down, 0 for none."""
        ids = lines["order-id"]
        is_order = ids.str.contains(_ORDER)
        numbers = ids.set(~is_order, None).str.replace_all("-", "", literal=True).cast(pl.Int64)
        if is_order.all():
            return numbers
        other = self._coded(lines.filter(~is_order), ("order-id",), self._other)
        places = pl.arg_where(~is_order, eager=True)
        return numbers.scatter(places, other)

    def _other(self, text: str) -> int:
        return -1 - self.others.setdefault(text, len(self.others)) if text else 0

    def _posted(self, lines: pl.DataFrame) -> pl.Series:
        """Seconds since 1970: posted-date-time, else posted-date, else the end of the settlement."""
        column = lines["posted-date-time"] if "posted-date-time" in lines.columns else lines["posted-date"]
        is_usual = column.str.contains(_MOMENT)
        moments = column.set(~is_usual, None).str.slice(0, 19).str.replace("T", " ", literal=True)
        read = moments.str.to_datetime("%Y-%m-%d %H:%M:%S", time_unit="ms", strict=False).dt.epoch("s")
        # What is not of the usual form, or was no moment, is read text by text.
        odd = read.is_null()
        if odd.any():
            days = ["posted-date-time", "posted-date"] if "posted-date-time" in lines.columns else ["posted-date"]
            read = read.scatter(pl.arg_where(odd, eager=True), self._coded(lines.filter(odd), days, self._moment))
        self._check_posted(lines, read)
        return read

    def _moment(self, *texts: str) -> int:
        text = next(filter(None, texts), "")
        return int((read_moment_or_day(text) if text else self.settlement.ends_at).timestamp())

    def _check_posted(self, lines: pl.DataFrame, posted: pl.Series) -> None:
        """No row was posted long before the settlement or long after: that is a wrong date, and would open a month of its own."""
        least = int((self.settlement.starts_at - LONGEST).timestamp())
        most = int((self.settlement.ends_at + EARLY).timestamp())
        wrong = pl.arg_where((posted < least) | (posted > most), eager=True)
        if len(wrong):
            column = "posted-date-time" if "posted-date-time" in lines.columns else "posted-date"
            row = lines.select("row", column).row(wrong[0])
            raise DataError(
                f"{self.name}, line {row[0]}, column {column}", f"{quoted(row[1])} is not near the settlement"
            )
