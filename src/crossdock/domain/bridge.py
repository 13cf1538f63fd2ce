"""From what was sold to what was paid: the sums of a settlement's rows as the bars of a bridge.

Rule: every account is in exactly one bar, so the bars add up to the payout to the cent, whatever the mapping makes of a row.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from crossdock.domain.accounts import (
    BANK,
    CARD,
    CARRIED_OVER,
    RESERVE,
    SUSPENSE,
    TAX_COLLECTED,
    TAX_REMITTED,
    UNSETTLED,
)

DIFFERENCE = "difference"
OTHER = "other"

# In the order in which one walks from gross sales to the payout.
TITLES = {
    "sales": "Sales",
    "discounts": "Discounts",
    "refunds": "Refunds",
    "tax-collected": "Tax collected",
    "tax-remitted": "Tax remitted by Amazon",
    "tax-withheld": "Tax withheld from you",
    "invoiced-elsewhere": "Orders invoiced elsewhere",
    "selling-fees": "Selling fees",
    "fulfilment-fees": "Fulfilment fees",
    "advertising": "Advertising",
    "other-fees": "Other fees",
    "reimbursements": "Reimbursements",
    "suspense": "In suspense",
    "reserve": "Reserve",
    "carried-over": "Carried over",
    "transfers": "Transfers and payouts returned",
    "card": "Charge to the card",
    "other-months": "Other months",
    OTHER: "Other accounts",
    DIFFERENCE: "Accepted difference",
}
_EXACT = {
    "sales.discounts": "discounts",
    TAX_COLLECTED: "tax-collected",
    TAX_REMITTED: "tax-remitted",
    "tax.creditable": "tax-withheld",
    "tax.on_fees": "other-fees",
    "fees.selling": "selling-fees",
    "fees.fulfilment": "fulfilment-fees",
    "fees.advertising": "advertising",
    SUSPENSE: "suspense",
    RESERVE: "reserve",
    CARRIED_OVER: "carried-over",
    "balance.transfer": "transfers",
    "balance.loan": "transfers",
    BANK: "transfers",
    CARD: "card",
    UNSETTLED: "other-months",
}
_FAMILIES = {
    "sales": "sales",
    "refunds": "refunds",
    "receivable": "invoiced-elsewhere",
    "fees": "other-fees",
    "income": "reimbursements",
}


class AccountSum(NamedTuple):
    """What rows come to on an account: minor units as Amazon signs them, + to the seller."""

    account: str
    amount: int
    rows: int


@dataclass(frozen=True, slots=True)
class Bar:
    """One step of the bridge, minor units. `before`: what all steps before it come to."""

    key: str
    title: str
    amount: int
    rows: int
    before: int

    @property
    def after(self) -> int:
        """What is reached with it."""
        return self.before + self.amount


@dataclass(frozen=True, slots=True)
class Bridge:
    """The bars in their order, and where they lead."""

    bars: tuple[Bar, ...]

    @property
    def payout(self) -> int:
        """What is paid, or owed where it is below zero."""
        return sum(bar.amount for bar in self.bars)


def bar_of(account: str) -> str:
    """The bar an account is in: by its key, else by the family it is of."""
    return _EXACT.get(account) or _FAMILIES.get(account.split(".", 1)[0], OTHER)


def bridge_of(sums: Iterable[AccountSum], *, accepted_difference: int = 0) -> Bridge:
    """The bridge of these sums; a bar without rows is left out. `accepted_difference`: what a person took into suspense so that the rows meet the total."""
    found: dict[str, tuple[int, int]] = {}
    given = accepted_difference
    for each in sums:
        key = bar_of(each.account)
        amount, rows = found.get(key, (0, 0))
        found[key] = (amount + each.amount, rows + each.rows)
        given += each.amount
    if accepted_difference:
        found[DIFFERENCE] = (accepted_difference, 0)
    bars: list[Bar] = []
    reached = 0
    for key, title in TITLES.items():
        if key in found:
            bars.append(Bar(key, title, *found[key], before=reached))
            reached = bars[-1].after
    bridge = Bridge(tuple(bars))
    assert bridge.payout == reached == given, "a bridge does not end where its rows do"
    return bridge


def settlement_bridge(sums: Iterable[AccountSum], *, total: int, accepted_difference: int) -> Bridge:
    """The bridge of a booked settlement, which ends at its declared total."""
    bridge = bridge_of(sums, accepted_difference=accepted_difference)
    assert bridge.payout == total, "the rows of a booked settlement are not its total"
    return bridge
