"""The rows of one settlement as columns of whole numbers: what they sum to, by whatever the books ask for.

Rule: texts are kept once, in dictionaries (labels, SKUs, ids that are no order's); a row has their number, so that ten million rows fit in memory.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, datetime

import polars as pl

from crossdock.domain.settlement import LabelUse, OrderSums, RowGroup, RowLabel, RowOwner, TaxTreatment

# Of a row: its line in the file, its label, its order (below zero: an id that is no order's), minor units, second of posting, SKU, units.
SCHEMA = {
    "row": pl.UInt32,
    "label": pl.UInt32,
    "order": pl.Int64,
    "amount": pl.Int64,
    "posted": pl.UInt32,
    "sku": pl.UInt32,
    "quantity": pl.Int32,
}
# Rows written at a time.
CHUNK = 200_000
_OWNERS: tuple[RowOwner, ...] = ("", "order", "mcf")
CHANNEL = 2
_TREATMENTS: tuple[TaxTreatment, ...] = ("", "untaxed", "seller", "amazon")


class SettlementRows:
    """All rows of a settlement, and the dictionaries of their texts."""

    def __init__(
        self,
        frame: pl.DataFrame,
        unpriced: pl.DataFrame,
        *,
        labels: Sequence[RowLabel],
        skus: Sequence[str],
        others: Sequence[str],
    ) -> None:
        """Both of `SCHEMA`, in the file's order. `unpriced`: lines that tell of units only (V1); `others`: ids that are no Amazon order's, from -1 down."""
        self.frame = frame
        self.unpriced = unpriced
        self.labels = labels
        self.skus = skus
        self.others = others

    def __len__(self) -> int:
        """How many rows there are."""
        return self.frame.height

    def total(self) -> int:
        """Sum of all amounts, minor units."""
        return int(self.frame["amount"].sum())

    def posted(self) -> tuple[int, int]:
        """Seconds since 1970 of the first and the last posting; of no row, nothing."""
        column = self.frame["posted"]
        return (int(column.min()), int(column.max())) if self.frame.height else (0, 0)  # type: ignore[arg-type] # of a column of whole numbers

    def orders(self, fulfilled_by: Collection[str]) -> dict[int, int]:
        """Every Amazon order, as a number, with rows of this fulfilment (AFN, MFN): when the first was posted, in seconds since 1970."""
        labels = [number for number, label in enumerate(self.labels) if label.fulfilled_by in fulfilled_by]
        found = (
            self.frame.filter((pl.col("order") > 0) & _is_label(labels))
            .group_by("order")
            .agg(pl.col("posted").min())
            .sort("order")
        )
        return dict(found.iter_rows())

    def tax_left(self, uses: Sequence[LabelUse]) -> dict[int, int]:
        """Orders, as numbers, whose collected tax and whose tax remitted by Amazon do not cancel: what is left, minor units."""
        collected, remitted = _labels(uses, "is_collected_tax"), _labels(uses, "is_remitted_tax")
        taxed = self.frame.filter((pl.col("order") > 0) & _is_label([*collected, *remitted]))
        left = (
            taxed.group_by("order")
            .agg(pl.col("amount").sum(), remitted=((pl.col("amount") != 0) & _is_label(remitted)).any())
            .filter(pl.col("remitted") & (pl.col("amount") != 0))
            .sort("order")
        )
        return dict(left.select("order", "amount").iter_rows())

    def group(
        self, months: Mapping[date, datetime], uses: Sequence[LabelUse], order_mode: Collection[int]
    ) -> list[RowGroup]:
        """The sums the books are made of. `months`: when each begins; `uses`: of each label; `order_mode`: orders another system invoices.

        Each row remembers its group, by its place in what is answered.
        """
        starts = pl.Series([int(at.timestamp()) for at in months.values()], dtype=pl.UInt32)
        frame = self.frame.with_columns(
            month=(starts.search_sorted(self.frame["posted"], side="right") - 1).cast(pl.UInt32),
            owner=self._owners(),
            by_order=pl.col("order").is_in(pl.Series(sorted(order_mode), dtype=pl.Int64).implode())
            & _is_label(_labels(uses, "of_order")),
            sign=pl.col("amount").sign().cast(pl.Int8),
        ).with_columns(treatment=self._treatments(uses))
        keys = ["label", "owner", "month", "treatment", "by_order", "sign"]
        sums = (
            frame.group_by(keys)
            .agg(amount=pl.col("amount").sum(), rows=pl.len(), first_row=pl.col("row").min())
            .sort("first_row", *keys)
            .with_row_index("group")
        )
        groups = frame.select(keys).join(sums.select("group", *keys), on=keys, how="left", maintain_order="left")
        self.frame = self.frame.select(*SCHEMA).with_columns(groups["group"])
        begins = list(months)
        return [self._group(row, begins) for row in sums.iter_rows(named=True)]

    def digests(self, posting_of_group: Sequence[int]) -> dict[int, str]:
        """Of each posting: the hash of the lines of its rows, as docs/certificate.md has it."""
        postings = pl.Series(posting_of_group, dtype=pl.UInt32)
        lines = (
            self.frame.select("row", posting=postings.gather(self.frame["group"]))
            .group_by("posting")
            .agg(pl.col("row").cast(pl.String).str.join("\n"))
        )
        return {posting: hashlib.sha256(f"{rows}\n".encode()).hexdigest() for posting, rows in lines.iter_rows()}

    def order_sums(self, uses: Sequence[LabelUse]) -> OrderSums:
        """What belongs to orders, and what to none."""
        of_order = _is_label(_labels(uses, "of_order")) & (pl.col("order") > 0)
        of_channel = _is_label(_labels(uses, "of_channel_order")) & (self._owners() == CHANNEL)
        belongs = self.frame.select(belongs=of_order | of_channel)["belongs"]
        mine, rest = self.frame.filter(belongs), self.frame.filter(~belongs)
        sums = mine.group_by("order").agg(amount=pl.col("amount").sum(), rows=pl.len())
        others = pl.Series(["", *self.others], dtype=pl.String)
        digits = pl.col("order").abs().cast(pl.String).str.zfill(17)
        amazon = pl.concat_str(digits.str.slice(0, 3), digits.str.slice(3, 7), digits.str.slice(10, 7), separator="-")
        listed = sums.with_columns(
            id=pl.when(pl.col("order") > 0)
            .then(amazon)
            .otherwise(others.gather(sums["order"].clip(upper_bound=0).abs().cast(pl.UInt32)))
        ).sort("id")
        text = "".join(
            f"{name}\t{amount}\t{rows}\n" for name, amount, rows in listed.select("id", "amount", "rows").iter_rows()
        )
        return OrderSums(
            count=sums.height,
            rows=mine.height,
            amount=int(mine["amount"].sum()),
            rest_rows=rest.height,
            rest_amount=int(rest["amount"].sum()),
            sha256=hashlib.sha256(text.encode()).hexdigest(),
        )

    def _group(self, row: Mapping[str, int], months: Sequence[date]) -> RowGroup:
        what = self.labels[row["label"]]
        return RowGroup(
            label=what.label,
            marketplace=what.marketplace,
            fulfilled_by=what.fulfilled_by,
            owner=_OWNERS[row["owner"]],
            month=months[row["month"]],
            treatment=_TREATMENTS[row["treatment"]],
            order_mode=bool(row["by_order"]),
            sign=row["sign"],
            amount=row["amount"],
            rows=row["rows"],
            first_row=row["first_row"],
        )

    def copied(self) -> Iterator[bytes]:
        """The rows as PostgreSQL's COPY reads text: line, group, order (or nothing), amount, second of posting, SKU, units."""
        order = pl.when(pl.col("order") != 0).then("order")
        for chunk in self.frame.iter_slices(CHUNK):
            yield _copy_text(chunk.select("row", "group", order, "amount", "posted", "sku", "quantity"))

    def spelt(self) -> Iterator[bytes]:
        """The same with texts in place of their numbers: SKU, order, amount, second of posting, units, and the five of the label."""
        skus = pl.Series(self.skus, dtype=pl.String)
        others = pl.Series(["", *self.others], dtype=pl.String)
        labels = pl.DataFrame(
            [(*of.label, of.marketplace, of.fulfilled_by) for of in self.labels],
            schema=dict.fromkeys("abcde", pl.String()),
            orient="row",
        )
        for chunk in self.frame.iter_slices(CHUNK):
            other = others.gather(chunk["order"].clip(upper_bound=0).abs().cast(pl.UInt32))
            order = pl.when(pl.col("order") > 0).then(pl.col("order").cast(pl.String)).otherwise(other)
            texts = [skus.gather(chunk["sku"]), *labels[chunk["label"]].get_columns()]
            escaped = [text.str.replace_all("\\", "\\\\", literal=True) for text in texts]
            yield _copy_text(
                chunk.select(escaped[0], order.alias("o"), "amount", "posted", "quantity").with_columns(*escaped[1:])
            )

    def _owners(self) -> pl.Expr:
        """Nobody's, an Amazon order's, or a multi-channel order's: a place in `_OWNERS`."""
        channels = [-1 - number for number, text in enumerate(self.others) if is_multi_channel(text)]
        is_channel = pl.col("order").is_in(pl.Series(channels, dtype=pl.Int64).implode())
        return pl.when(pl.col("order") > 0).then(1).when(is_channel).then(CHANNEL).otherwise(0).cast(pl.UInt8)

    def _treatments(self, uses: Sequence[LabelUse]) -> pl.Expr:
        """Of each row that has one, by the rows of the same order and transaction: remitted by Amazon, else by the seller, else untaxed."""
        transactions = {
            text: n for n, text in enumerate(dict.fromkeys(of.label.transaction_type for of in self.labels))
        }
        assert len(transactions) <= _TRANSACTIONS_MAX, "more kinds of transaction than a file can have"
        by_label = pl.Series([transactions[of.label.transaction_type] for of in self.labels], dtype=pl.Int64)
        deed = pl.col("order") * _TRANSACTIONS_MAX + by_label.gather(self.frame["label"])
        moves = pl.col("amount") != 0
        deeds = self.frame.select("label", "amount", deed=deed).filter(moves)
        remitted = deeds.filter(_is_label(_labels(uses, "is_remitted_tax")))["deed"].unique()
        collected = deeds.filter(_is_label(_labels(uses, "is_collected_tax")))["deed"].unique()
        treatment = (
            pl.when(deed.is_in(remitted.implode())).then(3).when(deed.is_in(collected.implode())).then(2).otherwise(1)
        )
        of_seller = _is_label(_labels(uses, "treated"))
        of_order = _is_label(_labels(uses, "treated_by_order"))
        is_treated = pl.when(pl.col("by_order")).then(of_order).otherwise(of_seller)
        return pl.when(is_treated).then(treatment).otherwise(0).cast(pl.UInt8)


# Kinds of transaction of one file, to number a deed (an order's transaction) by one whole number; order ids have 17 digits.
_TRANSACTIONS_MAX = 90


def is_multi_channel(text: str) -> bool:
    """Whether an id is that of an order of another shop, which Amazon ships: S01-1234567-1234567."""
    return len(text) == 19 and text[0] == "S" and text[3] == text[11] == "-"  # noqa: PLR2004 - the form of the id


def _labels(uses: Sequence[LabelUse], what: str) -> list[int]:
    """Numbers of the labels that have this use."""
    return [number for number, use in enumerate(uses) if getattr(use, what)]


def _is_label(numbers: Sequence[int]) -> pl.Expr:
    return pl.col("label").is_in(pl.Series(numbers, dtype=pl.UInt32).implode())


def _copy_text(columns: pl.DataFrame) -> bytes:
    return columns.write_csv(separator="\t", include_header=False, null_value="\\N", quote_style="never").encode()
