"""The bridge as a picture: where each step begins and how far it goes, in hundredths of the width. Pure; the table it stands in says the same in figures."""

from __future__ import annotations

from dataclasses import dataclass

from crossdock.domain.bridge import Bridge
from crossdock.domain.money import Money


@dataclass(frozen=True, slots=True)
class Step:
    """One row: `kind` is `up`, `down`, `payout` or `owed`; the amount, what is reached with it, and its place in the picture."""

    key: str
    title: str
    kind: str
    amount: Money
    reached: Money
    rows: int
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Waterfall:
    """All steps and the payout at their end; `zero` is where nothing is."""

    steps: tuple[Step, ...]
    zero: float


def draw(bridge: Bridge, currency: str, end: str) -> Waterfall:
    """The steps of a bridge. `end`: what its last row is called."""
    ends = [0, bridge.payout, *(bar.after for bar in bridge.bars)]
    low, high = min(ends), max(ends)
    whole = high - low or 1

    def place(amount: int) -> float:
        return round(100 * (amount - low) / whole, 2)

    def step(key: str, title: str, *, kind: str, amount: int, before: int, rows: int) -> Step:
        left, right = sorted((place(before), place(before + amount)))
        reached = Money(before + amount, currency)
        width = round(max(0.4 if amount else 0.0, right - left), 2)
        return Step(key, title, kind, Money(amount, currency), reached, rows, min(left, 100 - width), width)

    steps = [
        step(
            bar.key,
            bar.title,
            kind="up" if bar.amount >= 0 else "down",
            amount=bar.amount,
            before=bar.before,
            rows=bar.rows,
        )
        for bar in bridge.bars
    ]
    rows = sum(bar.rows for bar in bridge.bars)
    last = step(
        "payout", end, kind="owed" if bridge.payout < 0 else "payout", amount=bridge.payout, before=0, rows=rows
    )
    return Waterfall((*steps, last), place(0))
