"""Every way a few units can go while one set is under way: what we believe is on sale is never less than what is.

Time is counted in steps. A set takes effect within its usual time, when it likes, or never; which of these is hidden from the product's functions, and so
are sales until their orders are known. Sets slower than usual are the hold's affair, not this belief's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from crossdock.domain import on_sale
from crossdock.domain.on_sale import OnSale
from crossdock.domain.stock import Hold

UNITS = 3
STEPS = 9
USUAL_S = 4.5


class World(NamedTuple):
    """One moment. `waiting`: sets that may take effect still, with their times; `unknown`: when the orders that are not known yet were made."""

    live: int
    belief: OnSale
    waiting: tuple[tuple[int, float], ...] = ()
    unknown: tuple[float, ...] = ()


@dataclass(frozen=True)
class Rules:
    """The product's functions; a control replaces one."""

    sent: Callable[[OnSale, int, float], OnSale] = on_sale.sent
    sold: Callable[[OnSale, int, float], OnSale] = on_sale.sold


def following(w: World, at_s: float, rules: Rules) -> Iterator[World]:
    """What can happen next, at this time."""
    waiting = tuple(each for each in w.waiting if at_s - each[1] < USUAL_S)
    if w.live:
        yield World(w.live - 1, w.belief, waiting, (*w.unknown, at_s))
    for number, made_at_s in enumerate(w.unknown):
        rest = w.unknown[:number] + w.unknown[number + 1 :]
        yield World(w.live, rules.sold(w.belief, 1, made_at_s), waiting, rest)
    for number, (quantity, _) in enumerate(waiting):
        yield World(quantity, w.belief, waiting[:number] + waiting[number + 1 :], w.unknown)
    for quantity in range(UNITS + 1):
        if not w.belief.is_under_way() or (quantity == 0 and w.belief.zero_at_s is None):
            yield World(w.live, rules.sent(w.belief, quantity, at_s), (*waiting, (quantity, at_s)), w.unknown)
    read = on_sale.seen(w.belief, w.live, at_s, sold_since=0, usual_s=USUAL_S)
    yield World(w.live, read, waiting, w.unknown)


def explore(rules: Rules) -> tuple[int, World | None]:
    """All states within so many steps; the first in which more is on sale than is believed."""
    states = {World(UNITS, OnSale(Hold(UNITS, UNITS)))}
    count = 0
    for step in range(1, STEPS + 1):
        states = {after for w in states for after in following(w, float(step), rules)}
        count += len(states)
        wrong = next((w for w in states if w.live > w.belief.most), None)
        if wrong is not None:
            return count, wrong
    return count, None


def _believed_at_once(state: OnSale, quantity: int, at_s: float) -> OnSale:
    """The belief by sending time: what was sent is on sale, and orders made after the sending come off it."""
    del state
    return OnSale(Hold(quantity, quantity), read_at_s=at_s)


def _made_before_comes_off(state: OnSale, units: int, made_at_s: float) -> OnSale:
    """An order that the read shows already is taken off what it showed."""
    return on_sale.sold(state, units, max(made_at_s, state.read_at_s + 0.5))


def test_no_state_has_more_on_sale_than_is_believed() -> None:
    """A set in effect at any moment or never, a 0 beside it, orders known in any order, reads at any time."""
    states, wrong = explore(Rules())

    assert wrong is None
    assert states > 100_000


def test_belief_by_sending_time_is_wrong() -> None:
    """A set that takes effect after a sale puts the unit on sale again: who reckons from the sending believes it gone."""
    assert explore(Rules(sent=_believed_at_once))[1] is not None


def test_order_made_before_the_read_does_not_come_off_it() -> None:
    """What a read shows has lost the units of orders made before it, known or not."""
    assert explore(Rules(sold=_made_before_comes_off))[1] is not None
