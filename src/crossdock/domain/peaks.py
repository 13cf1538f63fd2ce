"""The calendar of announced peaks and deals: stretches in which many times the usual is sold.

Rule: where two overlap, their factors multiply. Times are seconds by Amazon's clock.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

# An announced boost is prepared for so long before it begins: a set takes up to a minute to be in effect, and waits for its call before that.
AHEAD_S = 120.0


@dataclass(frozen=True, slots=True)
class Boost:
    """An announced stretch in which many times the usual is sold: a peak of all SKUs, or one SKU's deal.

    Where two overlap, their factors multiply.
    """

    from_s: float
    until_s: float
    factor: float


Calendar: TypeAlias = tuple[Boost, ...]


def selling_s(calendar: Calendar, at_s: float, left_s: float) -> float:
    """The time that is left to sell in, at the usual pace: an announced peak makes it longer."""
    near = [boost for boost in calendar if boost.from_s < at_s + left_s and at_s < boost.until_s]
    if not near:
        return left_s
    edges = {at_s, at_s + left_s, *(min(max(edge, at_s), at_s + left_s) for edge in _edges(near))}
    return sum((until_s - from_s) * _factor_at(near, from_s) for from_s, until_s in pairwise(sorted(edges)))


def announced(calendar: Calendar, at_s: float, ahead_s: float) -> float:
    """The highest factor the calendar tells of for any moment between now and `ahead_s` from now."""
    near = [boost for boost in calendar if boost.from_s <= at_s + ahead_s and at_s < boost.until_s]
    if not near:
        return 1.0
    return max(_factor_at(near, moment) for moment in (at_s, *(e for e in _edges(near) if at_s < e <= at_s + ahead_s)))


def next_change_s(calendar: Calendar, at_s: float, ahead_s: float) -> float | None:
    """When `announced` answers otherwise than now; None where it never does."""
    now = announced(calendar, at_s, ahead_s)
    moments = {moment for edge in _edges(calendar) for moment in (edge - ahead_s, edge) if moment > at_s}
    return next((moment for moment in sorted(moments) if announced(calendar, moment, ahead_s) != now), None)


def next_boost(calendar: Calendar, at_s: float) -> Boost | None:
    """The stretch of one factor that is on now, or the next one, with what overlaps in it multiplied."""
    stretches = pairwise(sorted(set(_edges(calendar))))
    boosts = (Boost(from_s, until_s, _factor_at(calendar, from_s)) for from_s, until_s in stretches if at_s < until_s)
    return next((boost for boost in boosts if boost.factor != 1.0), None)


def _edges(calendar: Iterable[Boost]) -> list[float]:
    return [edge for boost in calendar for edge in (boost.from_s, boost.until_s)]


def _factor_at(calendar: Iterable[Boost], at_s: float) -> float:
    return math.prod(boost.factor for boost in calendar if boost.from_s <= at_s < boost.until_s)
