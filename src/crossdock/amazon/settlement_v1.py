"""Archived settlements, flat file V1: one line has several amounts, each with its type in a column beside it. They become rows as V2 has them.

Source: Amazon's notice of V1's end (a price's or fee's name becomes amount-type, its value amount-description; a transaction of `other-amount`
becomes the description), and real files of 2025.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

# Column of the type, column of the amount, and what V2 calls that kind of amount.
_AMOUNTS = (
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
AMOUNTS = tuple(amount for _, amount, _ in _AMOUNTS)
TYPES = tuple(kind for kind, _, _ in _AMOUNTS if kind)


def types_wanted(columns: Sequence[str]) -> list[str]:
    """The columns of types that the columns of amounts in a file need beside them; none of V2."""
    return [kind for kind, amount, _ in _AMOUNTS if kind and amount in columns]


# A line that tells of units only, as V2 would have it.
UNPRICED = {"amount-type": pl.lit(""), "amount-description": pl.lit(""), "amount": pl.lit("0")}
REQUIRED = (
    "settlement-id",
    "settlement-start-date",
    "settlement-end-date",
    "deposit-date",
    "total-amount",
    "currency",
    "transaction-type",
    "order-id",
    "marketplace-name",
    "fulfillment-id",
    "posted-date",
    "sku",
    "quantity-purchased",
    "price-type",
    "price-amount",
    "other-amount",
)
# A reason of reimbursement is written in capitals: WAREHOUSE_DAMAGE, REVERSAL_REIMBURSEMENT.
_REIMBURSEMENT = r"^[A-Z]+(?:_[A-Z]+)+$"


def as_rows(lines: pl.DataFrame) -> pl.DataFrame:
    """The amounts of V1 lines as rows in V2's columns, in the order of the file; a line without any amount gives none."""
    parts = [
        lines.filter(pl.col(amount) != "").with_columns(*_labels(kind, amount_type), amount=pl.col(amount), part=part)
        for part, (kind, amount, amount_type) in enumerate(_AMOUNTS)
        if amount in lines.columns
    ]
    shared = ["row", *_KEPT, "amount-type", "amount-description", "amount", "part"]
    return pl.concat([part.select(shared) for part in parts]).sort("row", "part").drop("part")


_KEPT = (
    "settlement-id",
    "transaction-type",
    "order-id",
    "marketplace-name",
    "fulfillment-id",
    "posted-date",
    "sku",
    "quantity-purchased",
)


def _labels(kind_column: str, amount_type: str) -> list[pl.Expr]:
    """transaction-type, amount-type and amount-description as V2 would have them."""
    transaction = pl.col("transaction-type")
    if amount_type == "other-transaction":
        reimbursed = transaction.str.contains(_REIMBURSEMENT)
        micro = transaction == "Micro Deposit"
        return [
            pl.when(micro).then(pl.lit("Transfers")).otherwise(pl.lit("other-transaction")).alias("transaction-type"),
            pl.when(micro)
            .then(transaction)
            .when(reimbursed)
            .then(pl.lit("FBA Inventory Reimbursement"))
            .otherwise(pl.lit("other-transaction"))
            .alias("amount-type"),
            transaction.alias("amount-description"),
        ]
    kind = pl.col(kind_column) if kind_column else pl.lit("")
    if amount_type == "ItemFees":
        # Advertising is told as a fee of no item; V2 gives it a type of its own.
        advertising = transaction == "ServiceFee"
        return [
            pl.when(advertising).then(kind).otherwise(pl.lit(amount_type)).alias("amount-type"),
            pl.when(advertising).then(pl.lit("TransactionTotalAmount")).otherwise(kind).alias("amount-description"),
        ]
    return [pl.lit(amount_type).alias("amount-type"), kind.alias("amount-description")]
