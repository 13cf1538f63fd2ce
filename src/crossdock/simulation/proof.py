"""The proof mode in the market: Amazon's units lie in an entry of their own, and the product's functions move, set and prove them.

The claims of Amazon's orders come off the escrow, never off the shop; a read is used when every order up to it is known.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from crossdock.domain import demand as asked
from crossdock.domain import on_sale, peaks
from crossdock.domain.escrow import LeaveSplit, MoveToAmazon, MoveToShop, TakeDown, decide_transfer, first_split
from crossdock.domain.evidence import read_again_at
from crossdock.domain.peaks import AHEAD_S
from crossdock.domain.sellable import USUAL_S, SetListed, SkuStock, StockRule, decide_set
from crossdock.simulation.market import ORDER_KNOWN_S, Market
from crossdock.simulation.rules import DELAYS, LEARN_EVERY_S, READ_SOONEST_S, Line, line_of

# Whatever moved: another look no sooner, so that what one look moved is on sale before the next.
LOOK_EVERY_S = 60.0


@dataclass(slots=True)
class Shown:
    """A read that waits for its orders. `since`: units of known orders made after it, less those of cancellations."""

    quantity: int
    at_s: float
    since: int = 0


@dataclass(slots=True)
class Proof:
    """The proof mode. The line's `available` is the escrow; `in_shop` is what we know of the shop's entry."""

    rule: StockRule
    announced: bool
    lines: list[Line] = field(default_factory=list)
    in_shop: list[int] = field(default_factory=list)
    shown: dict[int, Shown] = field(default_factory=dict)
    moves: int = 0
    amazon_share: float = asked.EVEN_SHARE
    _market: Market | None = None

    @property
    def market(self) -> Market:
        """The market, once it has begun."""
        assert self._market is not None, "begun"
        return self._market

    def begin(self, market: Market) -> None:
        """Split every SKU's stock, and list Amazon's part."""
        self._market = market
        self.lines = [line_of(market, place, announced=self.announced) for place in range(len(market.shelves))]
        self.amazon_share = asked.share_of(line.demand for line in self.lines)
        for place, shelf in enumerate(market.shelves):
            line = self.lines[place]
            units = first_split(shelf.stock, self._stock(line))
            line.available = shelf.live = units
            line.on_sale = on_sale.sent(line.on_sale, units, -USUAL_S) if units else line.on_sale
            line.on_sale = on_sale.proven(line.on_sale, units, 0.0, sold_since=0, usual_s=USUAL_S)
            market.take(place, units)
            self.in_shop.append(shelf.stock - units)
            market.wake(LEARN_EVERY_S * (place + 1) / len(market.shelves), place, "learn")

    def on_order_known(self, sku: int, units: int, made_at_s: float) -> None:
        """Off the escrow and off the hold in the same moment."""
        line = self.lines[sku]
        line.available -= units
        line.on_sale = on_sale.sold(line.on_sale, units, made_at_s)
        line.amazon_units += units
        line.demand = asked.sold(line.demand, units, self.market.now_s)
        if sku in self.shown and made_at_s > self.shown[sku].at_s:
            self.shown[sku].since += units
        self._decide(sku, line)

    def on_cancelled(self, sku: int, units: int, at_s: float) -> None:
        """Back to the escrow, and held: they may be on sale again."""
        line = self.lines[sku]
        line.available += units
        line.on_sale = on_sale.cancelled(line.on_sale, units)
        if sku in self.shown and at_s > self.shown[sku].at_s:
            self.shown[sku].since -= units
        self._decide(sku, line)

    def on_shop_sold(self, sku: int, units: int) -> None:
        """The shop has less; Amazon's units are not touched."""
        line = self.lines[sku]
        self.in_shop[sku] -= units
        line.shop_units += units
        line.demand = asked.sold(line.demand, units, self.market.now_s)
        self._decide(sku, line)

    def on_restocked(self, sku: int, units: int) -> None:
        """What comes in is the shop's first."""
        self.in_shop[sku] += units
        self._decide(sku, self.lines[sku])

    def on_read(self, sku: int, quantity: int) -> None:
        """It is used once the search of orders has passed it."""
        at_s = self.market.now_s
        self.shown[sku] = Shown(quantity, at_s)
        self.market.wake(at_s + ORDER_KNOWN_S[self.market.feed][1] + 1.0, sku, "use", at_s)

    def on_alarm(self, sku: int, what: str, told: Any) -> None:
        """A read is due or may be used, or it is time to learn."""
        line = self.lines[sku]
        if what == "read":
            if told == line.read_at_s:
                line.read_at_s = -1.0
                self.market.read_listed(sku)
            return
        if what == "use":
            self._use(sku, line, told)
        else:
            self._learn(line, self.in_shop[sku])
            if sku == 0:
                self.amazon_share = asked.share_of(line.demand for line in self.lines)
            if self.market.now_s < self.market.scene.end_s:
                self.market.wake(self.market.now_s + LEARN_EVERY_S, sku, "learn")
        self._decide(sku, line)

    def _use(self, sku: int, line: Line, read_at_s: float) -> None:
        shown = self.shown.get(sku)
        if shown is None or shown.at_s != read_at_s:
            return
        del self.shown[sku]
        line.on_sale = on_sale.proven(line.on_sale, shown.quantity, shown.at_s, sold_since=shown.since, usual_s=USUAL_S)

    def _stock(self, line: Line) -> SkuStock:
        now_s = self.market.now_s
        pace = peaks.announced(line.calendar, now_s, AHEAD_S)
        left_s = max(0.0, self.market.scene.end_s - now_s)
        return SkuStock(
            line.available,
            line.on_sale,
            asked.pooled(line.demand, self.amazon_share),
            DELAYS[self.market.feed],
            selling_s=peaks.selling_s(line.calendar, now_s, left_s),
            pace=asked.pace(line.demand, now_s, pace),
        )

    def _decide(self, sku: int, line: Line) -> None:
        line.amazon_open = line.amazon_open and line.on_sale.hold.live_max > 0
        line.shop_open = line.shop_open and self.in_shop[sku] > 0
        if sku in self.shown:
            return
        stock = self._stock(line)
        if self.market.now_s <= self.market.scene.end_s:
            self._move(sku, line, stock)
            stock = replace(stock, available=line.available, listed=line.on_sale)
        decision = decide_set(stock, self.rule)
        if isinstance(decision, SetListed):
            self._send(sku, line, decision.quantity)
            stock = replace(stock, listed=line.on_sale)
        self._plan_read(sku, line, stock)

    def _move(self, sku: int, line: Line, stock: SkuStock) -> None:
        """Carry out one transfer; commercetools moves no more than lies there."""
        match decide_transfer(stock, self.in_shop[sku], self.rule):
            case MoveToAmazon(units):
                moved = min(units, max(0, self.market.shelves[sku].in_shop))
                line.available += moved
                self.in_shop[sku] -= moved
                self.market.take(sku, moved)
                self.moves += 1
            case MoveToShop(units):
                line.available -= units
                self.in_shop[sku] += units
                self.market.take(sku, -units)
                self.moves += 1
            case TakeDown():
                self._send(sku, line, 0)
            case LeaveSplit():
                pass

    def _send(self, sku: int, line: Line, quantity: int) -> None:
        line.on_sale = on_sale.sent(line.on_sale, quantity, self.market.now_s)
        self.market.set_listed(sku, quantity)

    def _plan_read(self, sku: int, line: Line, stock: SkuStock) -> None:
        at_s = read_again_at(stock, self.rule)
        if at_s is None:
            line.read_at_s = -1.0
            return
        at_s = max(at_s, self.market.now_s + READ_SOONEST_S)
        if not self.market.now_s <= line.read_at_s <= at_s:
            line.read_at_s = at_s
            self.market.wake(at_s, sku, "read", at_s)

    def _learn(self, line: Line, in_shop: int) -> None:
        expected = peaks.announced(line.calendar, self.market.now_s, 0.0)
        line.demand = asked.learnt(
            line.demand,
            amazon=(line.amazon_units, LEARN_EVERY_S if line.amazon_open else 0.0),
            shop=(line.shop_units, LEARN_EVERY_S if line.shop_open else 0.0),
            pace=expected,
        )
        line.amazon_units = line.shop_units = 0
        line.amazon_open = line.on_sale.hold.live_max > 0
        line.shop_open = in_shop > 0
