"""The built-in peak: 1,500 SKUs in six hours, one common rush, deals, bursts shared by both channels, orders of several units, cancellations.

Drawn from a seed, so that a result can be repeated. Times are seconds from the start, quantities units.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from crossdock.domain.peaks import Boost

HOURS = 6
END_S = HOURS * 3600.0
QUARTER_S = 900.0
SKUS = 1_500
UNITS = 30_000
AMAZON_SHARE = 0.6
ZIPF = 0.8
# Units an order holds, and how often.
ORDER_UNITS = ((1, 0.66), (2, 0.2), (3, 0.08), (4, 0.03), (5, 0.02), (6, 0.01))
MEAN_ORDER_UNITS = sum(units * share for units, share in ORDER_UNITS)
RUSH_FACTOR, RUSH_S = 4.0, 3600.0
DEAL_SHARE, DEAL_FACTOR, DEAL_S = 0.03, 25.0, (600.0, 900.0)
# The gamma factor of a SKU's quarter of an hour: mean 1, variance 1 / shape.
BURST_SHAPE = 2.0
STOCK_COVERS = (0.4, 1.6)
RESTOCKED_SHARE = 0.1
CANCELLED_SHARE, RESTOCKING_SHARE = 0.02, 0.5
# How far what a merchant believes a SKU sells is from what it sells: the spread of its logarithm.
PRIOR_SPREAD = 0.5


@dataclass(frozen=True, slots=True)
class Order:
    """What somebody wants to buy. `is_cancelled`: half an hour later; `restocks`: Amazon then puts the units on sale again."""

    at_s: float
    on_amazon: bool
    units: int
    is_cancelled: bool = False
    restocks: bool = False


@dataclass(frozen=True, slots=True)
class Sku:
    """One SKU's buyers and stock. `prior_per_s`: what the merchant believes it sells on both channels together, rush and deals aside."""

    stock: int
    restocked: tuple[tuple[float, int], ...]
    orders: tuple[Order, ...]
    deal: Boost | None
    prior_per_s: float


@dataclass(frozen=True, slots=True)
class Scene:
    """All SKUs, until when they are bought, and the rush they share, if any."""

    skus: tuple[Sku, ...]
    end_s: float
    rush: Boost | None = None
    amazon_share: float = AMAZON_SHARE


def draw(seed: int, *, skus: int = SKUS, units: int = UNITS) -> Scene:
    """One peak."""
    chance = random.Random(seed)
    weights = [(rank + 1) ** -ZIPF for rank in range(skus)]
    scale = units / sum(weights)
    rush_from = chance.uniform(3600.0, END_S - 2 * RUSH_S)
    rush = Boost(rush_from, rush_from + RUSH_S, RUSH_FACTOR)
    return Scene(tuple(_sku(chance, weight * scale, rush) for weight in weights), END_S, rush)


def _sku(chance: random.Random, mean_units: float, rush: Boost) -> Sku:
    """One SKU; a deal comes on top of its mean."""
    deal = None
    if chance.random() < DEAL_SHARE:
        begins = chance.uniform(0.0, END_S - DEAL_S[1])
        deal = Boost(begins, begins + chance.uniform(*DEAL_S), DEAL_FACTOR)
    usual_s = END_S + (RUSH_FACTOR - 1.0) * RUSH_S
    per_s = mean_units / usual_s
    expected = per_s * (usual_s + ((DEAL_FACTOR - 1.0) * (deal.until_s - deal.from_s) if deal else 0.0))
    orders: list[Order] = []
    begins = 0.0
    while begins < END_S:
        burst = chance.gammavariate(BURST_SHAPE, 1.0 / BURST_SHAPE)
        orders += _quarter(chance, begins, per_s * burst, rush=rush, deal=deal)
        begins += QUARTER_S
    stock = round(expected * chance.uniform(*STOCK_COVERS))
    restocked: tuple[tuple[float, int], ...] = ()
    if chance.random() < RESTOCKED_SHARE:
        restocked = ((chance.uniform(0.3, 0.8) * END_S, max(1, round(expected * 0.5))),)
    return Sku(stock, restocked, tuple(orders), deal, per_s * chance.lognormvariate(0.0, PRIOR_SPREAD))


def _quarter(chance: random.Random, begins: float, per_s: float, *, rush: Boost, deal: Boost | None) -> list[Order]:
    """The orders of a quarter of an hour, by thinning: drawn at the highest rate there is, kept as often as the rate of their moment says."""
    ends = begins + QUARTER_S
    boosts = [boost for boost in (rush, deal) if boost and boost.from_s < ends and boost.until_s > begins]
    most = 1.0
    for boost in boosts:
        most *= boost.factor
    found: list[Order] = []
    at_s = begins + chance.expovariate(per_s / MEAN_ORDER_UNITS * most)
    while at_s < ends:
        factor = 1.0
        for boost in boosts:
            factor *= boost.factor if boost.from_s <= at_s < boost.until_s else 1.0
        if chance.random() * most < factor:
            found.append(_order(chance, at_s))
        at_s += chance.expovariate(per_s / MEAN_ORDER_UNITS * most)
    return found


def _order(chance: random.Random, at_s: float) -> Order:
    on_amazon = chance.random() < AMAZON_SHARE
    is_cancelled = on_amazon and chance.random() < CANCELLED_SHARE
    units = chance.choices([units for units, _ in ORDER_UNITS], [share for _, share in ORDER_UNITS])[0]
    return Order(at_s, on_amazon, units, is_cancelled, is_cancelled and chance.random() < RESTOCKING_SHARE)
