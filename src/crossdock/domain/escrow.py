"""How many units move between the shop's entry and Amazon's own, the escrow: in proof mode neither side may sell the other's.

The rule: few moves, each worth a call. To Amazon half an emptying shelf's worth at a time, so that it can be proven; back to the shop only what the hold
sets free. What Amazon has on sale is taken back by a 0 first, and only where the shop would sell it and Amazon would not.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

from crossdock.domain import demand as asked
from crossdock.domain import stock as holds
from crossdock.domain.sellable import SkuStock, StockRule

# A side that sells all it has with more than this probability gives nothing away.
SELLS_ALL = 0.7
# Amazon's units are taken down only where it sells them all with no more than this probability: that costs two calls and some minutes.
TAKE_DOWN = 0.3
# Where even odds are the measure: the last unit goes where it is rather sold.
EVEN = 0.5
# Soon sold out, on either side: with this probability before a move made later would be on sale.
SOON, SOON_S = 0.5, 60.0
# A move of fewer units than this is not worth its call, unless no more are left on both sides.
UNITS_MIN = 2
# Taking down fewer units than this, or than a third of what is live, is not worth its calls.
SURPLUS_MIN = 2


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
    escrow, listed = stock.available, stock.listed
    if listed.is_under_way():
        return LeaveSplit("a set is under way")
    total = max(0, escrow) + max(0, shop_units)
    wanted = _wanted(total, stock, rule)
    free = holds.releasable(listed.hold, escrow)
    if shop_units <= 0 or _is_soon(stock.demand.shop.per_s * stock.pace, shop_units):
        return _to_shop(stock, wanted, free)
    if asked.sells(stock.demand.shop.per_s, stock.selling_s, shop_units) > SELLS_ALL:
        return LeaveSplit("the shop sells all it has")
    if _is_soon(stock.demand.amazon.per_s * stock.pace, listed.most):
        # A raise has to be more than may be live, beside it: fewer units could not be listed.
        needed = max(0, listed.hold.units + max(1, listed.hold.live_max + 1, listed.hold.overdue or 0) - escrow)
        # The shop keeps one, unless it would rather leave it than sell it.
        most = shop_units if _shop_leaves(stock, 1) else shop_units - 1
        units = min(most, max(needed, wanted - escrow))
        if units >= max(needed, min(UNITS_MIN, escrow + shop_units)) and units > 0:
            return MoveToAmazon(units)
    return LeaveSplit("both sides have enough")


def _to_shop(stock: SkuStock, wanted: int, free: int) -> Transfer:
    escrow, live = stock.available, stock.listed.most
    surplus = escrow - wanted
    if free > 0 and surplus > 0:
        return MoveToShop(min(free, surplus))
    if surplus < max(SURPLUS_MIN, live // 3) or stock.selling_s <= 0:
        return LeaveSplit("Amazon has no more than its part")
    # Taken down for some minutes, so only where Amazon is unlikely to sell it all.
    if asked.sells(stock.demand.amazon.per_s, stock.selling_s, live) > TAKE_DOWN:
        return LeaveSplit("Amazon may sell it")
    return TakeDown()


def _wanted(total: int, stock: SkuStock, rule: StockRule) -> int:
    """The escrow's part of all that is left, as both sides ask for it."""
    amazon, shop = stock.demand.amazon.per_s, stock.demand.shop.per_s
    most = total * rule.share_percent // 100
    if rule.cap is not None:
        most = min(most, rule.cap)
    return min(most, math.ceil(total * amazon / (amazon + shop)))


def _shop_leaves(stock: SkuStock, units: int) -> bool:
    """Whether the shop rather leaves so many units than sells them."""
    return asked.sells(stock.demand.shop.per_s, stock.selling_s, units) < EVEN


def _is_soon(per_s: float, units: int) -> bool:
    return asked.exceeds(per_s * SOON_S, units - 1) > SOON
