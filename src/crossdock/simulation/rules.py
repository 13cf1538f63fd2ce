"""Our own rules in the market: the product's functions decide, and this is all that stands between them and the market's calls.

What the product would keep of a SKU is kept in a `_Line`; nothing here weighs anything. One pool and a risk, as `domain/sellable.py` has it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from crossdock.domain import demand as asked
from crossdock.domain import on_sale, peaks
from crossdock.domain.cover import units_to_cover
from crossdock.domain.demand import PACE_S, Demand
from crossdock.domain.evidence import ROOM_EVERY_S, is_stale, read_again_at, read_room
from crossdock.domain.on_sale import OnSale
from crossdock.domain.peaks import AHEAD_S, Boost, Calendar
from crossdock.domain.sellable import USUAL_S, Delays, SetListed, SkuStock, StockRule, decide_set
from crossdock.simulation.market import Feed, Market
from crossdock.simulation.peak import Sku

# What we are blind for, as a merchant's own measurements would say.
DELAYS: dict[Feed, Delays] = {
    "events": Delays(order_known_s=8.0, effect_s=45.0, shop_seen_s=10.0),
    "polling": Delays(order_known_s=220.0, effect_s=45.0, shop_seen_s=10.0),
}
LEARN_EVERY_S = 300.0
# A read of evidence gives way while so many wait already: what was sent comes first.
READS_WAIT_S = 2.0
# A read that is due now is asked for no sooner than this: a cancellation comes with others.
READ_SOONEST_S = 1.0


@dataclass(slots=True)
class Line:
    """What is kept of one SKU. Units asked for since it was learnt from last, and whether it was on sale all that time.

    `covered`: units that are off the shop's entry beside those of known orders. `is_asked`: a set waits for a read.
    """

    available: int
    demand: Demand
    calendar: Calendar
    on_sale: OnSale = field(default_factory=OnSale)
    amazon_units: int = 0
    shop_units: int = 0
    amazon_open: bool = True
    shop_open: bool = True
    read_at_s: float = 0.0
    covered: int = 0
    is_asked: bool = False


@dataclass(slots=True)
class Rules:
    """The risk mode, with or without knowing of the peak and the deals before."""

    rule: StockRule
    announced: bool
    lines: list[Line] = field(default_factory=list)
    pace: float = 1.0
    amazon_share: float = asked.EVEN_SHARE
    delays: Delays = DELAYS["events"]
    _asked: int = 0
    _shop_minutes: dict[int, int] = field(default_factory=dict)
    _market: Market | None = None

    @property
    def market(self) -> Market:
        """The market, once it has begun."""
        assert self._market is not None, "begun"
        return self._market

    def begin(self, market: Market) -> None:
        """List what the rules say; what is listed before anybody buys takes effect before, and costs no call that counts."""
        self._market = market
        self.delays = DELAYS[market.feed]
        market.wake(ROOM_EVERY_S, 0, "room")
        self.lines = [line_of(market, place, announced=self.announced) for place in range(len(market.shelves))]
        self.amazon_share = asked.share_of(line.demand for line in self.lines)
        for place, line in enumerate(self.lines):
            decision = decide_set(self._stock(line), self.rule)
            market.shelves[place].live = decision.quantity
            line.on_sale = on_sale.seen(line.on_sale, decision.quantity, 0.0, sold_since=0, usual_s=USUAL_S)
            market.wake(LEARN_EVERY_S * (place + 1) / len(self.lines), place, "learn")
            self._cover(place, line, self._stock(line))
            self._plan_read(place, line, self._stock(line))

    def on_order_known(self, sku: int, units: int, made_at_s: float) -> None:
        """Claim it."""
        line = self.lines[sku]
        unseen = line.on_sale.unseen
        line.on_sale = on_sale.sold(line.on_sale, units, made_at_s)
        explained = unseen - line.on_sale.unseen
        self.market.take(sku, units)
        line.available -= units
        line.amazon_units += units
        if not explained:
            line.demand = asked.sold(line.demand, units, self.market.now_s)
        self._decide(sku, line)

    def on_cancelled(self, sku: int, units: int, _at_s: float) -> None:
        """Count the units as on sale again, and give them back."""
        line = self.lines[sku]
        line.on_sale = on_sale.cancelled(line.on_sale, units)
        self.market.take(sku, -units)
        line.available += units
        self._decide(sku, line)

    def on_shop_sold(self, sku: int, units: int) -> None:
        """The shop has less."""
        line = self.lines[sku]
        line.available -= units
        line.shop_units += units
        minute = int(self.market.now_s // 60)
        self._shop_minutes[minute] = self._shop_minutes.get(minute, 0) + units
        line.demand = asked.sold(line.demand, units, self.market.now_s)
        self._decide(sku, line)

    def on_restocked(self, sku: int, units: int) -> None:
        """There is more."""
        line = self.lines[sku]
        line.available += units
        self._decide(sku, line)

    def on_read(self, sku: int, quantity: int) -> None:
        """What it shows as sold is not listed again, before its order is known."""
        line = self.lines[sku]
        line.is_asked = False
        unseen = line.on_sale.unseen
        line.on_sale = on_sale.seen(line.on_sale, quantity, self.market.now_s, sold_since=0, usual_s=USUAL_S)
        found = line.on_sale.unseen - unseen
        if found > 0:
            line.demand = asked.sold(line.demand, found, self.market.now_s)
        self._decide(sku, line)

    def on_alarm(self, sku: int, what: str, told: Any) -> None:
        """A read is due, or it is time to learn."""
        line = self.lines[sku]
        if what in {"read", "again"}:
            if told == line.read_at_s:
                self._asked += what == "read"
                self._read(sku, line)
            return
        if what == "room":
            self._make_room()
            return
        if sku == 0:
            self._measure_pace()
            self.amazon_share = asked.share_of(line.demand for line in self.lines)
        self._learn(line)
        self._decide(sku, line)
        if self.market.now_s < self.market.scene.end_s:
            self.market.wake(self.market.now_s + LEARN_EVERY_S, sku, "learn")

    def _stock(self, line: Line) -> SkuStock:
        now_s = self.market.now_s
        expected = peaks.announced(line.calendar, now_s, AHEAD_S) if self.announced else self.pace
        return SkuStock(
            line.available,
            line.on_sale,
            asked.pooled(line.demand, self.amazon_share),
            self.delays,
            selling_s=peaks.selling_s(line.calendar, now_s, max(0.0, self.market.scene.end_s - now_s)),
            pace=asked.pace(line.demand, now_s, expected),
            at_s=now_s,
        )

    def _decide(self, sku: int, line: Line) -> None:
        market = self.market
        line.amazon_open = line.amazon_open and line.on_sale.hold.live_max > 0
        line.shop_open = line.shop_open and line.available > line.on_sale.unseen
        stock = self._stock(line)
        decision = decide_set(stock, self.rule)
        if isinstance(decision, SetListed) and decision.quantity > 0 and is_stale(stock, self.rule):
            if not line.is_asked:
                market.read_listed(sku)
            line.is_asked = True
        elif isinstance(decision, SetListed):
            line.on_sale = on_sale.sent(line.on_sale, decision.quantity, market.now_s)
            market.set_listed(sku, decision.quantity)
            stock = replace(stock, listed=line.on_sale)
        self._cover(sku, line, stock)
        self._plan_read(sku, line, stock)

    def _cover(self, sku: int, line: Line, stock: SkuStock) -> None:
        units = units_to_cover(stock, self.rule)
        self.market.take(sku, units - line.covered)
        line.covered = units

    def _plan_read(self, sku: int, line: Line, stock: SkuStock) -> None:
        at_s = read_again_at(stock, self.rule)
        if at_s is None:
            line.read_at_s = -1.0
            return
        at_s = max(at_s, self.market.now_s + READ_SOONEST_S)
        # One that is planned for about then already will do.
        if not self.market.now_s <= line.read_at_s <= at_s:
            line.read_at_s = at_s
            self.market.wake(at_s, sku, "read", at_s)

    def _read(self, sku: int, line: Line) -> None:
        line.read_at_s = -1.0
        wait_s = self.market.reads_wait_s
        if wait_s > READS_WAIT_S and not line.on_sale.is_under_way():
            line.read_at_s = self.market.now_s + wait_s
            self.market.wake(line.read_at_s, sku, "again", line.read_at_s)
            return
        self.market.read_listed(sku)

    def _make_room(self) -> None:
        every_s = read_room(self.delays.read_every_s, self._asked / ROOM_EVERY_S)
        self.delays = replace(self.delays, read_every_s=every_s)
        self._asked = 0
        if self.market.now_s < self.market.scene.end_s:
            self.market.wake(self.market.now_s + ROOM_EVERY_S, 0, "room")

    def _measure_pace(self) -> None:
        """By what the shop sold: that is known at once."""
        minute = int(self.market.now_s // 60)
        sold = sum(self._shop_minutes.get(minute - back, 0) for back in range(1, int(PACE_S // 60) + 1))
        usual = PACE_S * sum(line.demand.shop.per_s for line in self.lines if line.available > line.on_sale.unseen)
        self.pace = asked.shared_pace(sold, usual)

    def _learn(self, line: Line) -> None:
        expected = peaks.announced(line.calendar, self.market.now_s, 0.0) if self.announced else self.pace
        line.demand = asked.learnt(
            line.demand,
            amazon=(line.amazon_units, LEARN_EVERY_S if line.amazon_open else 0.0),
            shop=(line.shop_units, LEARN_EVERY_S if line.shop_open else 0.0),
            pace=expected,
        )
        line.amazon_units = line.shop_units = 0
        line.amazon_open = line.on_sale.hold.live_max > 0
        line.shop_open = line.available > line.on_sale.unseen


def line_of(market: Market, place: int, *, announced: bool) -> Line:
    """A SKU as the product knows it before anybody bought: a noisy prior, and what was announced."""
    scene = market.scene
    sku: Sku = scene.skus[place]
    a_day = sku.prior_per_s * 86_400
    boosts: tuple[Boost | None, ...] = (scene.rush, sku.deal) if announced else ()
    return Line(
        available=sku.stock,
        demand=asked.prior(a_day * scene.amazon_share, a_day * (1.0 - scene.amazon_share)),
        calendar=tuple(boost for boost in boosts if boost),
    )
