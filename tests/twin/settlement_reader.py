"""How the tests read a settlement's file: by its labels alone, as somebody would who knows nothing of how it was made."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import NamedTuple

BALANCES = {
    "Current Reserve Amount": "reserve",
    "Previous Reserve Amount Balance": "reserve_back",
    "Payable to Amazon": "payable",
    "Successful charge": "card_charge",
    "Subscription Fee": "subscription",
}
OTHER = {
    "Cost of Advertising": "advertising",
    "FBA Inventory Storage Fee": "storage",
    "FBA Inbound Placement Service Fee": "inbound",
    "FBA Inventory Reimbursement": "reimbursement",
    "Micro Deposit": "micro_deposit",
}
REFUNDS = ("Refund", "Chargeback Refund", "A-to-z Guarantee Refund")
RETROCHARGES = ("Order_Retrocharge", "Refund_Retrocharge")

Cells = dict[str, str]


class Told(NamedTuple):
    """What a file says."""

    header: list[str]
    widths: set[int]
    summary: Cells
    rows: list[Cells]

    @property
    def total(self) -> int:
        """Tell the total of the summary, in minor units."""
        return minor(self.summary["total-amount"], self.summary["currency"])

    def sums(self, *columns: str) -> Counter[tuple[str, ...]]:
        """Add the amounts up by some columns."""
        sums: Counter[tuple[str, ...]] = Counter()
        for row in self.rows:
            sums[tuple(row[column] for column in columns)] += self.amount(row)
        return sums

    def amount(self, row: Cells) -> int:
        """Tell the amount of a row, in minor units."""
        return minor(row["amount"], self.summary["currency"])

    def with_label(self, label: str) -> list[int]:
        """Give the amounts that have a description or a type."""
        return [self.amount(row) for row in self.rows if label in (row["amount-description"], row["amount-type"])]

    def movements(self) -> dict[str, int]:
        """Add the amounts up by the kind of movement their labels tell."""
        sums: Counter[str] = Counter()
        for row in self.rows:
            sums[_movement(row)] += self.amount(row)
        return dict(sums)

    def orders(self) -> dict[str, dict[str, int]]:
        """Add the amounts of each order up: paid, fees, withheld, refunded and so on."""
        orders: dict[str, Counter[str]] = {}
        for row in self.rows:
            part = _part(row)
            if part:
                orders.setdefault(row["order-id"], Counter())[part] += self.amount(row)
        return {order_id: {name: sums[name] for name in PARTS} for order_id, sums in orders.items()}


PARTS = ("paid", "points", "fees", "tax_withheld", "refunded", "refund_fees", "refund_tax_withheld", "retrocharged")


def read(file: bytes) -> Told:
    """Read a file."""
    lines = [line.split("\t") for line in file.decode().removesuffix("\n").split("\n")]
    header, first, *rest = lines
    return Told(
        header,
        {len(line) for line in lines},
        dict(zip(header, first, strict=True)),
        [dict(zip(header, line, strict=True)) for line in rest],
    )


def minor(text: str, currency: str) -> int:
    """Read an amount in minor units; it must have exactly the digits of its currency."""
    value = Decimal(text.replace(",", "."))
    digits = 0 if currency == "JPY" else 2
    assert value.as_tuple().exponent == -digits
    return int(value.scaleb(digits))


def _movement(row: Cells) -> str:
    kind, amount_type, description = row["transaction-type"], row["amount-type"], row["amount-description"]
    if amount_type == "Shipment-Fees":
        return "multichannel"
    if kind == "Order":
        return "orders"
    if kind in REFUNDS:
        return "refunds"
    if kind in RETROCHARGES:
        return "retrocharges"
    if description.startswith("Transfer of funds unsuccessful"):
        return "failed_transfer"
    return BALANCES.get(description) or OTHER.get(amount_type, "unknown")


def _part(row: Cells) -> str:
    kind, amount_type = row["transaction-type"], row["amount-type"]
    if kind in RETROCHARGES:
        return "retrocharged"
    if kind in REFUNDS:
        return {"ItemFees": "refund_fees", "ItemWithheldTax": "refund_tax_withheld"}.get(amount_type, "refunded")
    parts = {"ItemPrice": "paid", "Promotion": "paid", "Points": "points", "ItemFees": "fees"}
    return parts.get(amount_type, "tax_withheld" if amount_type == "ItemWithheldTax" else "") if kind == "Order" else ""
