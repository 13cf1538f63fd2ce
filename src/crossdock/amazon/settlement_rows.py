"""The rows of one settlement as columns of whole numbers: what they sum to, by whatever the books ask for.

Rule: texts are kept once, in dictionaries (labels, SKUs, ids that are no order's); a row has their number, so that ten million rows fit in memory.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, datetime

import polars as pl

from crossdock.amazon.settlement_copy import copy_of_numbers, copy_of_texts
from crossdock.domain.settlement import LabelUse, OrderSums, RowGroup, RowLabel, RowOwner, TaxTreatment, UnitsSold

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
_CHANNEL_ORDER = re.compile(r"S[0-9]{2}-[0-9]{7}-[0-9]{7}")
# Rows reckoned on at a time.
SLICE = 1_000_000
# Kinds of transaction of one file, to number a deed (an order's transaction) by one whole number; order ids have 17 digits.
TRANSACTIONS_MAX = 90
# Of one settlement: rows are posted at most 400 days before it begins.
_MONTHS_MAX = 64
# What the rows of a sale are called, and those of the price of goods.
SALE, PRINCIPAL = "Order", ("ItemPrice", "Principal")
REFUNDS = ("Refund", "Chargeback Refund", "A-to-z Guarantee Refund")
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
        column = pl.concat([self.frame["posted"], self.unpriced["posted"]])
        return (int(column.min()), int(column.max())) if len(column) else (0, 0)  # type: ignore[arg-type] # of a column of whole numbers

    def orders(self) -> list[int]:
        """Every Amazon order that a row names, as a number."""
        return self.frame.select(pl.col("order").filter(pl.col("order") > 0).unique().sort())["order"].to_list()

    def shipped_by(self, fulfilment: str, *, sold: bool) -> dict[int, int]:
        """Amazon orders, as numbers, with rows of this fulfilment (AFN, MFN), or of their sale alone: when the first was posted, in seconds since 1970."""
        labels = [
            number
            for number, of in enumerate(self.labels)
            if of.fulfilled_by == fulfilment and (not sold or of.label.transaction_type == SALE)
        ]
        found = self.frame.filter((pl.col("order") > 0) & _is_label(labels)).group_by("order")
        return dict(found.agg(pl.col("posted").min()).sort("order").iter_rows())

    def units(self, months: Mapping[date, datetime]) -> list[UnitsSold]:
        """Units by SKU and month, sold on Amazon and refunded there: of the price of goods in V2, of the lines that tell of units alone in V1."""
        principal = [n for n, of in enumerate(self.labels) if of.label[1:] == PRINCIPAL]
        # V1 tells the units of a sale on a line of their own, so those of its price are none.
        told = pl.concat([self.frame.select(*SCHEMA).filter(_is_label(principal)), self.unpriced.select(*SCHEMA)])
        sales = [n for n, of in enumerate(self.labels) if of.label.transaction_type == SALE]
        refunds = [n for n, of in enumerate(self.labels) if of.label.transaction_type in REFUNDS]
        # Deliveries for other shops have no Amazon order, liquidations another type.
        told = told.filter((pl.col("quantity") != 0) & (pl.col("order") > 0) & _is_label([*sales, *refunds]))
        if not told.height:
            return []
        starts = pl.Series([int(at.timestamp()) for at in months.values()], dtype=pl.UInt32)
        counted = (
            told.with_columns(month=starts.search_sorted(told["posted"], side="right") - 1, sold=_is_label(sales))
            .group_by("sku", "month")
            .agg(
                sold=pl.col("quantity").filter(pl.col("sold")).sum(),
                refunded=pl.col("quantity").filter(~pl.col("sold")).sum(),
            )
            .sort("sku", "month")
        )
        begins = list(months)
        return [UnitsSold(self.skus[sku], begins[month], sold, back) for sku, month, sold, back in counted.iter_rows()]

    def tax_left(self, uses: Sequence[LabelUse]) -> dict[int, int]:
        """Orders, as numbers, where in one transaction collected tax and tax remitted by Amazon do not cancel: what is left, minor units."""
        collected, remitted = _labels(uses, "is_collected_tax"), _labels(uses, "is_remitted_tax")
        taxed = self.frame.with_columns(deed=self._deed(self.frame)).filter(
            (pl.col("order") > 0) & _is_label([*collected, *remitted])
        )
        left = (
            taxed.group_by("deed", "order")
            .agg(pl.col("amount").sum(), remitted=((pl.col("amount") != 0) & _is_label(remitted)).any())
            .filter(pl.col("remitted") & (pl.col("amount") != 0))
            .group_by("order")
            .agg(pl.col("amount").abs().sum())
            .sort("order")
        )
        return dict(left.select("order", "amount").iter_rows())

    def group(
        self, months: Mapping[date, datetime], uses: Sequence[LabelUse], order_mode: Collection[int]
    ) -> list[RowGroup]:
        """The sums the books are made of. `months`: when each begins; `uses`: of each label; `order_mode`: orders another system invoices.

        Each row remembers its group, by its place in what is answered.
        """
        if not self.frame.height:
            self.frame = self.frame.with_columns(group=pl.lit(0, pl.UInt32))
            return []
        assert len(months) <= _MONTHS_MAX, "more months than a settlement can have"
        starts = pl.Series([int(at.timestamp()) for at in months.values()], dtype=pl.UInt32)
        orders = pl.Series(sorted(order_mode), dtype=pl.Int64)
        deeds = self._taxed(uses, "is_remitted_tax"), self._taxed(uses, "is_collected_tax")
        # Slice by slice: what is reckoned on the way would take more room than the rows.
        keys = pl.concat(
            [
                pl.Series(dtype=pl.UInt32),
                *(self._keys(part, uses, starts=starts, orders=orders, deeds=deeds) for part in self._slices()),
            ]
        )
        sums = (
            self.frame.select("row", "amount", key=keys)
            .group_by("key")
            .agg(amount=pl.col("amount").sum(), rows=pl.len(), first_row=pl.col("row").min())
            .sort("first_row", "key")
            .with_row_index("group")
        )
        groups = keys.replace_strict(sums["key"], sums["group"], return_dtype=pl.UInt32)
        self.frame = self.frame.select(*SCHEMA).with_columns(group=groups)
        begins = list(months)
        return [self._group(row, begins) for row in sums.iter_rows(named=True)]

    def _group(self, row: Mapping[str, int], months: Sequence[date]) -> RowGroup:
        rest, sign = divmod(row["key"], 3)
        rest, by_order = divmod(rest, 2)
        rest, treatment = divmod(rest, len(_TREATMENTS))
        rest, month = divmod(rest, _MONTHS_MAX)
        label, owner = divmod(rest, len(_OWNERS))
        what = self.labels[label]
        return RowGroup(
            label=what.label,
            marketplace=what.marketplace,
            fulfilled_by=what.fulfilled_by,
            owner=_OWNERS[owner],
            month=months[month],
            treatment=_TREATMENTS[treatment],
            order_mode=bool(by_order),
            sign=sign - 1,
            amount=row["amount"],
            rows=row["rows"],
            first_row=row["first_row"],
        )

    def _keys(
        self,
        part: pl.DataFrame,
        uses: Sequence[LabelUse],
        *,
        starts: pl.Series,
        orders: pl.Series,
        deeds: tuple[pl.Series, pl.Series],
    ) -> pl.Series:
        """One number for each row by everything the books tell apart; `_group` takes it apart again."""
        month = starts.search_sorted(part["posted"], side="right") - 1
        part = part.with_columns(
            month=month.cast(pl.UInt32),
            owner=self._owners(),
            by_order=pl.col("order").is_in(orders.implode()) & _is_label(_labels(uses, "of_order")),
            deed=self._deed(part),
        )
        remitted, collected = (pl.col("deed").is_in(each.implode()) for each in deeds)
        of_seller, of_order = (_is_label(_labels(uses, what)) for what in ("treated", "treated_by_order"))
        is_treated = pl.when(pl.col("by_order")).then(of_order).otherwise(of_seller)
        treatment = pl.when(~is_treated).then(0).when(remitted).then(3).when(collected).then(2).otherwise(1)
        key = pl.col("label").cast(pl.UInt32) * len(_OWNERS) + pl.col("owner")
        key = (key * _MONTHS_MAX + pl.col("month")) * len(_TREATMENTS) + treatment
        key = (key * 2 + pl.col("by_order").cast(pl.UInt32)) * 3 + (pl.col("amount").sign() + 1)
        return part.select(key=key.cast(pl.UInt32))["key"]

    def _taxed(self, uses: Sequence[LabelUse], what: str) -> pl.Series:
        """The deeds that have a row of this kind of tax which is not 0."""
        labels = _labels(uses, what)
        found = [
            part.select("label", "amount", deed=self._deed(part))
            .filter((pl.col("amount") != 0) & _is_label(labels))["deed"]
            .unique()
            for part in self._slices()
        ]
        return pl.concat([pl.Series(dtype=pl.Int64), *found]).unique()

    def _slices(self) -> Iterator[pl.DataFrame]:
        return self.frame.iter_slices(SLICE)

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

    def copied(self) -> Iterator[bytes]:
        """The rows as PostgreSQL's COPY reads text: line, group, order (or nothing), amount, second of posting, SKU, units."""
        return copy_of_numbers(self.frame)

    def spelt(self) -> Iterator[bytes]:
        """The same with texts in place of their numbers: SKU, order, amount, second of posting, units, and the five of the label."""
        labels = [(*of.label, of.marketplace, of.fulfilled_by) for of in self.labels]
        return copy_of_texts(self.frame, self.skus, self.others, labels)

    def _owners(self) -> pl.Expr:
        """Nobody's, an Amazon order's, or a multi-channel order's: a place in `_OWNERS`."""
        channels = [-1 - number for number, text in enumerate(self.others) if is_multi_channel(text)]
        is_channel = pl.col("order").is_in(pl.Series(channels, dtype=pl.Int64).implode())
        return pl.when(pl.col("order") > 0).then(1).when(is_channel).then(CHANNEL).otherwise(0).cast(pl.UInt8)

    def _deed(self, part: pl.DataFrame) -> pl.Series:
        """A number for each order and transaction type: what is collected in one is remitted in the same."""
        transactions = dict.fromkeys(of.label.transaction_type for of in self.labels)
        places = {text: n for n, text in enumerate(transactions)}
        by_label = pl.Series([places[of.label.transaction_type] for of in self.labels], dtype=pl.Int64)
        return part["order"] * TRANSACTIONS_MAX + by_label.gather(part["label"])


def is_multi_channel(text: str) -> bool:
    """Whether an id is that of an order of another shop, which Amazon ships: S01-1234567-1234567."""
    return _CHANNEL_ORDER.fullmatch(text) is not None


def _labels(uses: Sequence[LabelUse], what: str) -> list[int]:
    """Numbers of the labels that have this use."""
    return [number for number, use in enumerate(uses) if getattr(use, what)]


def _is_label(numbers: Sequence[int]) -> pl.Expr:
    return pl.col("label").is_in(pl.Series(numbers, dtype=pl.UInt32).implode())
