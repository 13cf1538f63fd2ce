"""How many units buyers ask for in a stretch of time, on Amazon and in the shop: learnt per SKU, never from time in which it was sold out.

Buyers come in bursts that both channels share, and an order holds more than one unit: the spread is wider than independent buyers would make it. A SKU
starts with what its class sells; what all SKUs do now, what the calendar says and what the SKU itself sold in the last minutes multiply its usual rates.
Rates are units a second, times seconds by Amazon's clock.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import accumulate

# Variance over mean of what independent buyers take: orders of 1 to 6 units, most of them of one.
LUMPS = 1.95
# What was seen two hours ago counts half: this morning says little of tonight.
HALF_LIFE_S = 2 * 3600.0
# What was sold in the last minutes tells of a burst or a deal nobody announced.
BURST_S = 300.0
# A SKU's own burst is believed as if so many units had been seen at the usual pace before.
BURST_UNITS = 3.0
# All SKUs together rarely do less than half or more than eight times the usual; beyond, the measure is doubted.
PACE_MIN, PACE_MAX = 0.5, 8.0
# All SKUs' pace is measured over the last minutes.
PACE_S = 300.0
# It is believed as if so many units had been sold at the usual pace besides: with a few orders an hour, one more is no rush.
PACE_DOUBT_UNITS = 30.0

# No rate is nothing: whatever was never sold may be.
UNITS_MIN = 1e-6
# A SKU's own share of Amazon is believed as if so many units had been sold in the share of all SKUs before.
SHARE_UNITS = 20.0

# Of no SKU at all.
EVEN_SHARE = 0.5

# Means on a grid of a sixteenth of a natural logarithm share their tails: no decision turns on less, and the tails are kept.
_STEPS = 16
_STEP_MIN, _STEP_MAX = -20 * _STEPS, 4 * _STEPS + 8
# More probable than this is worth a number in a tail.
_TINY = 1e-12
_UNITS_MAX = 1_000

# The factor of a burst, and of how little the rate is known (a gamma of mean 1, shape 1.3): probability, and the factor's place on the grid.
BURSTS = ((0.3, -24), (0.3, -6), (0.2, 3), (0.12, 10), (0.06, 16), (0.02, 23))
# How far a learnt rate may be from the true one, in a time in which bursts even out (mean 1): probability, and place on the grid.
GUESSES = ((0.25, -9), (0.5, 0), (0.25, 6))
_SHARES = tuple(share for share, _ in BURSTS)


@dataclass(frozen=True, slots=True)
class Rate:
    """A usual rate, as far as it is known: `units` seen in `seconds` of being on sale at the usual pace, the prior counted in."""

    units: float
    seconds: float

    @property
    def per_s(self) -> float:
        """The expected rate."""
        return self.units / self.seconds


@dataclass(frozen=True, slots=True)
class Demand:
    """What is known of one SKU's buyers. `recent_units`: sold lately on both channels, fading with BURST_S, as of `recent_at_s`."""

    amazon: Rate
    shop: Rate
    recent_units: float = 0.0
    recent_at_s: float = 0.0


def prior(amazon_units_a_day: float, shop_units_a_day: float, *, weight_units: float = 2.0) -> Demand:
    """What a class of goods sells a day, as if `weight_units` had been seen already: so soon is it overruled by what really happens."""
    return Demand(_prior(amazon_units_a_day, weight_units), _prior(shop_units_a_day, weight_units))


def sold(demand: Demand, units: int, at_s: float) -> Demand:
    """A sale on either channel became known, made at `at_s`: it counts towards a burst at once."""
    faded = demand.recent_units * math.exp(-abs(at_s - demand.recent_at_s) / BURST_S)
    if at_s < demand.recent_at_s:
        return replace(
            demand, recent_units=demand.recent_units + units * math.exp((at_s - demand.recent_at_s) / BURST_S)
        )
    return replace(demand, recent_units=faded + units, recent_at_s=at_s)


def seen(rate: Rate, units: float, on_sale_s: float, pace: float) -> Rate:
    """The usual rate after `units` were asked for in `on_sale_s`. Time in which it was sold out is not in `on_sale_s`; a peak's `pace` is divided out."""
    kept = 0.5 ** (on_sale_s / HALF_LIFE_S)
    if rate.units < 1.0:
        # The little that is known of a slow seller is kept.
        kept = 1.0
    return Rate(max(UNITS_MIN, rate.units * kept + units), rate.seconds * kept + on_sale_s * pace)


def learnt(demand: Demand, *, amazon: tuple[float, float], shop: tuple[float, float], pace: float) -> Demand:
    """The demand after units were asked for in so many seconds of being on sale, on either side; no seconds teach nothing."""
    return replace(
        demand,
        amazon=seen(demand.amazon, *amazon, pace) if amazon[1] > 0.0 else demand.amazon,
        shop=seen(demand.shop, *shop, pace) if shop[1] > 0.0 else demand.shop,
    )


def pooled(demand: Demand, amazon_share: float) -> Demand:
    """The demand with both sides' sales telling of either: what sells well in the shop sells well on Amazon, in about the share that all SKUs together have.

    Apart, a handful of units a side would say little of either rate; what a side was seen to sell for long overrules it.
    """
    total = demand.amazon.per_s + demand.shop.per_s

    def with_prior(rate: Rate, share: float) -> Rate:
        return Rate(rate.units + SHARE_UNITS * share, rate.seconds + SHARE_UNITS / total)

    return replace(
        demand, amazon=with_prior(demand.amazon, amazon_share), shop=with_prior(demand.shop, 1.0 - amazon_share)
    )


def share_of(demands: Iterable[Demand]) -> float:
    """Amazon's share of what these SKUs usually sell on both sides together."""
    pairs = [(demand.amazon.per_s, demand.shop.per_s) for demand in demands]
    amazon, shop = sum(pair[0] for pair in pairs), sum(pair[1] for pair in pairs)
    return amazon / (amazon + shop) if pairs else EVEN_SHARE


def shared_pace(units: float, usual_units: float, doubt_units: float = 0.0) -> float:
    """All SKUs' pace now over the usual: what they sold in the last minutes, where `usual_units` would have been."""
    if usual_units <= 0.0:
        return 1.0
    return min(PACE_MAX, max(PACE_MIN, (units + doubt_units) / (usual_units + doubt_units)))


def pace(demand: Demand, at_s: float, expected_pace: float, late_s: float = 0.0) -> float:
    """The factor on both usual rates now. `expected_pace`: of the calendar or of all SKUs; what the SKU itself sold lately corrects it upwards.

    `late_s`: how late sales become known on average; a sale is no less recent for that.
    """
    faded = demand.recent_units * math.exp(-max(0.0, at_s - late_s - demand.recent_at_s) / BURST_S)
    usual = (demand.amazon.per_s + demand.shop.per_s) * expected_pace * BURST_S
    return expected_pace * max(1.0, (faded + BURST_UNITS) / (usual + BURST_UNITS))


def exceeds(mean: float, units: int) -> float:
    """The probability that more than `units` are asked for where `mean` are expected, bursts counted in."""
    return at_least(step_of(mean), units + 1)


def quantile(mean: float, probability: float) -> int:
    """The number of units that is not exceeded with this probability."""
    tail, units = _mixed(step_of(mean)), 0
    while units + 1 < len(tail) and tail[units + 1] > 1.0 - probability:
        units += 1
    return units


def step_of(mean: float) -> int:
    """The place of a mean on the grid the tails are kept for."""
    return min(_STEP_MAX, max(_STEP_MIN, round(math.log(mean) * _STEPS))) if mean > 0.0 else _STEP_MIN


def sum_of(step: int, other: int) -> int:
    """The place of the sum of two means."""
    return step_of(math.exp(step / _STEPS) + math.exp(other / _STEPS))


def at_least(step: int, units: int) -> float:
    """The probability that `units` or more are asked for where the mean is at this place of the grid, bursts counted in."""
    if units <= 0:
        return 1.0
    tail = _mixed(step)
    return tail[units] if units < len(tail) else 0.0


# Many SKUs stand in the same place of the grid with the same few units left; the answers take some 10 MB.
@lru_cache(maxsize=50_000)
def both_at_least(one: int, one_units: int, other: int, other_units: int) -> float:
    """The probability that each is asked for as much or more, `one` and `other` being places of means; the burst is the same for both."""
    both = 0.0
    for share, tail, other_tail in zip(_SHARES, _by_burst(one), _by_burst(other), strict=True):
        if one_units < len(tail) and other_units < len(other_tail):
            both += (
                share
                * (tail[one_units] if one_units > 0 else 1.0)
                * (other_tail[other_units] if other_units > 0 else 1.0)
            )
    return both


def in_the_long_run(step: int, units: int) -> float:
    """The probability that `units` or more are asked for in a long time: bursts even out, what is left is how little the rate is known."""
    if units <= 0:
        return 1.0
    tail = _long_run(step)
    return tail[units] if units < len(tail) else 0.0


def sold_of(step: int, units: int) -> float:
    """How many of so many units are sold on average in a long time, where the mean asked for is at this place of the grid."""
    row = _sold(step)
    return row[min(units, len(row) - 1)] if units > 0 else 0.0


def negligible_from(step: int) -> int:
    """The number of units that is reached with next to no probability, in any burst."""
    return len(_mixed(step))


@lru_cache(maxsize=2_000)
def _mixed(step: int) -> tuple[float, ...]:
    """P(at least n) over all bursts, for n from 0."""
    rows = _by_burst(step)
    return tuple(
        sum(share * row[units] for share, row in zip(_SHARES, rows, strict=True) if units < len(row))
        for units in range(len(rows[-1]))
    )


@lru_cache(maxsize=2_000)
def _long_run(step: int) -> tuple[float, ...]:
    """P(at least n) over all guesses of the rate, for n from 0."""
    rows = [(share, _tail(step + guess)) for share, guess in GUESSES]
    most = max(len(row) for _, row in rows)
    return tuple(sum(share * row[units] for share, row in rows if units < len(row)) for units in range(most))


@lru_cache(maxsize=2_000)
def _sold(step: int) -> tuple[float, ...]:
    """How many are sold of n on average, for n from 0: the last unit as often as n are asked for."""
    return tuple(accumulate(_long_run(step)[1:], initial=0.0))


@lru_cache(maxsize=2_000)
def _by_burst(step: int) -> tuple[tuple[float, ...], ...]:
    """P(at least n) within each of the bursts."""
    return tuple(_tail(step + burst) for _, burst in BURSTS)


@lru_cache(maxsize=2_000)
def _tail(step: int) -> tuple[float, ...]:
    """P(at least n) for n from 0, as far as it is more than tiny: negative binomial of variance LUMPS x mean."""
    mean = math.exp(max(step, _STEP_MIN) / _STEPS)
    shape = mean / (LUMPS - 1.0)
    chance = LUMPS**-shape
    tail, left = [1.0], 1.0
    for units in range(_UNITS_MAX):
        left -= chance
        if left < _TINY:
            break
        tail.append(left)
        chance *= (units + shape) / (units + 1) * (1.0 - 1.0 / LUMPS)
    return tuple(tail)


def _prior(units_a_day: float, weight_units: float) -> Rate:
    return Rate(weight_units, weight_units * 86_400 / max(units_a_day, 1e-3))
