"""How many units move between the shop's entry and Amazon's own, the escrow: in proof mode neither side may sell the other's.

The rule: what an entry gives another costs nothing that counts, a set on Amazon does. So units move where both sides together then sell so much more, in the
time that is left, that it is worth the sets: one to list more, two to take down what Amazon has on sale and list the rest again. So many move as sell most.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

from crossdock.domain import demand as asked
from crossdock.domain import stock as holds
from crossdock.domain.sellable import SkuStock, StockRule

# A set has to sell so many more units on average.
SET_WORTH = 0.33
# Soon sold out, on either side: with this probability before a move made later would be on sale.
SOON, SOON_S = 0.3, 60.0
# From a move until Amazon has its units on sale; from a 0 until a read has proven it.
RAISE_S, TAKE_DOWN_S = 60.0, 120.0


@dataclass(frozen=True, slots=True)
class MoveToAmazon:
    """So many units leave the shop's entry for the escrow."""

    units: int


@dataclass(frozen=True, slots=True)
class MoveToShop:
    """So many units of the escrow go back to the shop: the hold sets them free."""

    units: int


@dataclass(frozen=True, slots=True)
class TakeDown:
    """Amazon's units are needed in the shop: send 0, and move what a read then sets free."""


@dataclass(frozen=True, slots=True)
class LeaveSplit:
    """Nothing moves."""

    reason: str


Transfer: TypeAlias = MoveToAmazon | MoveToShop | TakeDown | LeaveSplit


def first_split(stock_units: int, stock: SkuStock) -> int:
    """The units that are Amazon's to begin with: its part of what both sides ask for."""
    amazon, shop = stock.demand.amazon.per_s, stock.demand.shop.per_s
    return min(stock_units, round(stock_units * amazon / (amazon + shop)))


def decide_transfer(stock: SkuStock, shop_units: int, rule: StockRule) -> Transfer:
    """What moves now. `stock`: as for `decide_set`, its available the escrow; `shop_units`: available in the shop's own entry."""
    if stock.listed.is_under_way():
        return LeaveSplit("a set is under way")
    if stock.selling_s <= 0:
        return LeaveSplit("nothing is sold any more")
    sides = _Sides(stock, max(0, stock.available), max(0, shop_units))
    if shop_units <= 0 or _is_soon(stock.demand.shop.per_s * stock.pace, shop_units):
        return _to_shop(sides)
    if _is_soon(stock.demand.amazon.per_s * stock.pace, stock.listed.most):
        return _to_amazon(sides, rule)
    return LeaveSplit("both sides have enough")


@dataclass(frozen=True, slots=True)
class _Sides:
    """What lies on either side, and what is sold of it."""

    stock: SkuStock
    escrow: int
    shop: int

    def means(self, amazon_late_s: float = 0.0, shop_late_s: float = 0.0) -> tuple[int, int]:
        """The places of what both sides ask for in the time that is left, where one can sell only later."""
        demand, left_s = self.stock.demand, self.stock.selling_s
        amazon_s, shop_s = max(1.0, left_s - amazon_late_s), max(1.0, left_s - shop_late_s)
        return asked.step_of(demand.amazon.per_s * amazon_s), asked.step_of(demand.shop.per_s * shop_s)

    def sells(self, means: tuple[int, int], to_amazon: int = 0) -> float:
        """The units that both sell on average, with so many moved."""
        amazon, shop = means
        return asked.sold_of(amazon, self.escrow + to_amazon) + asked.sold_of(shop, self.shop - to_amazon)

    def part_of_amazon(self) -> int:
        """Of all there is, what is Amazon's as both sides ask for it."""
        amazon, shop = self.stock.demand.amazon.per_s, self.stock.demand.shop.per_s
        return math.ceil((self.escrow + self.shop) * amazon / (amazon + shop))


def _to_amazon(sides: _Sides, rule: StockRule) -> Transfer:
    """As many as sell best there, where that is worth a set."""
    hold, total = sides.stock.listed.hold, sides.escrow + sides.shop
    allowed = total * rule.share_percent // 100
    most = min(allowed if rule.cap is None else min(allowed, rule.cap), total) - sides.escrow
    # A raise has to be more than may be live, beside it: fewer units could not be listed.
    least = max(1, hold.units + max(1, hold.live_max + 1, hold.overdue or 0) - sides.stock.available)
    if least > min(most, sides.shop):
        return LeaveSplit("the shop has too few to list more")
    amazon, shop = means = sides.means(amazon_late_s=RAISE_S)
    units = _best((shop, sides.shop), (amazon, sides.escrow), least, min(most, sides.shop))
    if asked.in_the_long_run(shop, sides.shop - units) <= 0.0:
        # Neither side sells all it has: each has its part.
        units = max(units, min(most, sides.part_of_amazon() - sides.escrow))
    if sides.sells(means, units) - sides.sells(sides.means()) < SET_WORTH:
        return LeaveSplit("the shop sells as many")
    return MoveToAmazon(units)


def _to_shop(sides: _Sides) -> Transfer:
    """What the hold sets free, at once; what Amazon has on sale only where that is worth two sets."""
    amazon, shop = sides.means()
    free = min(sides.escrow, holds.releasable(sides.stock.listed.hold, sides.stock.available))
    units = _best((amazon, sides.escrow), (shop, sides.shop), 0, free)
    if free > 0 and asked.in_the_long_run(amazon, sides.escrow - units) <= 0.0:
        units = max(units, min(free, sides.escrow - sides.part_of_amazon()))
    if units > 0:
        return MoveToShop(units)
    if sides.stock.listed.hold.live_max <= 0 or sides.escrow <= free:
        return LeaveSplit("nothing of it is on sale on Amazon")
    late = sides.means(amazon_late_s=TAKE_DOWN_S, shop_late_s=TAKE_DOWN_S)
    units = _best((late[0], sides.escrow), (late[1], sides.shop), 1, sides.escrow)
    if sides.sells(late, -units) - sides.sells((amazon, shop)) < 2 * SET_WORTH:
        return LeaveSplit("Amazon sells as many")
    return TakeDown()


def _best(giver: tuple[int, int], taker: tuple[int, int], least: int, most: int) -> int:
    """How many units one gives the other so that both together sell most. Each: the place of what is asked for, and the units it has."""
    units = least
    while units < most and asked.in_the_long_run(taker[0], taker[1] + units + 1) > asked.in_the_long_run(
        giver[0], giver[1] - units
    ):
        units += 1
    return units


def _is_soon(per_s: float, units: int) -> bool:
    return asked.exceeds(per_s * SOON_S, units - 1) > SOON
