"""What a settlement is in truth, in minor units: per order and per kind of movement.

It is added up from what happened, by what each row was made for, and never read back from labels or from a file: so that
a reader of the file can be held against it.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from crossdock.twin.settlement_rows import Row


@dataclass
class OrderTruth:
    """What one settlement moved for one order, as the seller sees it: plus is to the seller, minus from the seller."""

    principal: int = 0
    shipping: int = 0
    gift_wrap: int = 0
    cash_on_delivery: int = 0
    tax: int = 0
    promotions: int = 0
    """Negative; the buyer paid the sum of these six."""
    points: int = 0
    fees: int = 0
    tax_withheld: int = 0
    refunded: int = 0
    """Negative: prices given back, less the promotions that lapse with them."""
    refunded_tax: int = 0
    refund_fees: int = 0
    """The commission that comes back, less what the refund itself costs."""
    refund_tax_withheld: int = 0
    retrocharged_tax: int = 0
    retrocharged_withheld: int = 0

    @property
    def paid(self) -> int:
        """Tell what the buyer paid."""
        return self.principal + self.shipping + self.gift_wrap + self.cash_on_delivery + self.tax + self.promotions

    @property
    def total(self) -> int:
        """Tell what the order brought in this settlement."""
        return sum(asdict(self).values())


ORDER_KINDS = frozenset(each.name for each in fields(OrderTruth))


@dataclass
class Truth:
    """What the rows of one settlement add up to, in truth."""

    currency: str
    total: int = 0
    orders: dict[str, OrderTruth] = field(default_factory=dict)
    movements: Counter[str] = field(default_factory=Counter)
    """Everything by its kind: `orders`, `refunds`, `retrocharges`, `reserve`, `reserve_back`, `payable`, `card_charge`,
    `failed_transfer`, `advertising`, `storage`, `inbound`, `vine`, `subscription`, `reimbursement`, `micro_deposit`,
    `multichannel`, `unknown`; they add up to the total."""
    row_count: int = 0

    def as_json(self) -> dict[str, Any]:
        """Give it as JSON has it."""
        orders = {order_id: asdict(one) | {"paid": one.paid} for order_id, one in self.orders.items()}
        return {
            "currency": self.currency,
            "total": self.total,
            "row_count": self.row_count,
            "movements": dict(self.movements),
            "orders": orders,
        }


def truth_of(currency: str, rows: Iterable[Row]) -> Truth:
    """Add rows up."""
    truth = Truth(currency)
    for row in rows:
        truth.total += row.minor
        truth.row_count += 1
        truth.movements[_movement(row.kind)] += row.minor
        if row.kind in ORDER_KINDS:
            order = truth.orders.setdefault(row.about.order_id, OrderTruth())
            setattr(order, row.kind, getattr(order, row.kind) + row.minor)
    return truth


def _movement(kind: str) -> str:
    """Tell which kind of movement a row belongs to."""
    if kind not in ORDER_KINDS:
        return kind
    if kind.startswith("refund"):
        return "refunds"
    return "retrocharges" if kind.startswith("retrocharged") else "orders"
