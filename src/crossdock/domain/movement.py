"""What buyers paid and got back for an order, out of the rows of settlements: by settlement, gross of fees and of tax withheld.

Rule: prices, the tax on them, and what promotions take off are the buyer's; the rest of an order's rows is between Amazon and the seller, or the state.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

from crossdock.domain.accounts import fold
from crossdock.domain.ids import SettlementId
from crossdock.domain.money import Money, total
from crossdock.domain.settlement import Label

Side = Literal["paid", "given_back"]

_SIDES: dict[str, Side] = {
    "order": "paid",
    "refund": "given_back",
    "chargebackrefund": "given_back",
    "atozguaranteerefund": "given_back",
}
_OF_BUYERS = frozenset({"itemprice", "promotion"})


class LabelSum(NamedTuple):
    """The rows of one order with one label in one settlement. `amount`: minor units, + to the seller; `posted_at`: the first of them."""

    settlement_id: SettlementId
    currency: str
    label: Label
    marketplace: str
    amount: int
    posted_at: datetime


@dataclass(frozen=True, slots=True)
class Movement:
    """What one settlement says that a buyer paid, or was given back. Below zero where Amazon took it back."""

    settlement_id: SettlementId
    side: Side
    amount: Money
    at: datetime
    marketplace: str


def movements_of(sums: Iterable[LabelSum]) -> tuple[Movement, ...]:
    """What a buyer paid and got back by settlement, the oldest first; what is between Amazon and the seller is left out."""
    found: defaultdict[tuple[SettlementId, Side, str], list[LabelSum]] = defaultdict(list)
    for each in sums:
        side = side_of(each.label)
        if side is not None:
            found[each.settlement_id, side, each.currency].append(each)
    moved = [
        Movement(
            settlement_id,
            side,
            Money(sum(each.amount for each in rows) * (1 if side == "paid" else -1), currency),
            min(each.posted_at for each in rows),
            max(each.marketplace for each in rows),
        )
        for (settlement_id, side, currency), rows in found.items()
    ]
    return tuple(
        sorted((each for each in moved if each.amount), key=lambda m: (m.at, m.settlement_id, m.side != "paid"))
    )


def side_of(label: Label) -> Side | None:
    """Whether rows of this label are what a buyer paid, or got back; None where they are neither."""
    folded = fold(label)
    return _SIDES.get(folded.transaction_type) if folded.amount_type in _OF_BUYERS else None


def sum_of(movements: Iterable[Movement], side: Side, currency: str) -> Money:
    """What all settlements say of one side, in one currency."""
    return total(
        (each.amount for each in movements if each.side == side and each.amount.currency == currency), currency
    )
