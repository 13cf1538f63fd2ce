"""One look at a SKU's stock: what was learnt of its demand since the last one, what a read of Amazon means, and how it stands now. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from crossdock.domain import demand as asked
from crossdock.domain import on_sale
from crossdock.domain.blind import NEGLIGIBLE
from crossdock.domain.case import Case
from crossdock.domain.cover import PREFIX, covered_on
from crossdock.domain.evidence import read_again_at
from crossdock.domain.feed import FeedNews, is_news
from crossdock.domain.inventory import StockEntry
from crossdock.domain.listed import ListedQuantity
from crossdock.domain.on_sale import OnSale
from crossdock.domain.outlook import Outlook
from crossdock.domain.sellable import (
    USUAL_S,
    Decision,
    LeaveListed,
    Mode,
    SetListed,
    SkuStock,
    StockRule,
    decide_set,
    exposure,
)
from crossdock.domain.stock_record import Shown, SoldLine, StockRecord, sold_since

# Somebody else's quantity was answered with 0; so long nothing is listed, so that two writers do not fight over every minute.
FOREIGN_FOR = timedelta(hours=1)
# A clock that is wrong is wrong by less; what is further from ours is no time, and would hold a SKU for as long.
APART_MAX = timedelta(hours=6)
# With proof a set is proven some minutes after its usual time, when a search of orders has passed the read; one that is not by then was lost.
LOST_AFTER = timedelta(minutes=15)
# Where there is nothing to decide about. The desk knows this reason.
NOT_LISTED = "not listed on Amazon"
# Before a SKU was ever seen to sell: one unit a day on each side.
PRIOR = asked.prior(1.0, 1.0)


@dataclass(frozen=True, slots=True)
class Pool:
    """What lies in the entries that feed Amazon. `available`: to this connection; `lying`: with what others keep back as well, which was sold by nobody."""

    available: int
    lying: int


def pool_of(entries: Sequence[StockEntry], *, split_shipping: bool, covers: str, missing: int) -> Pool:
    """Units in a pool, negative ones too; no more than one parcel can be built from, unless an order may be split.

    `covers`: what this connection's begin with; `missing`: sold, and not off the entries.
    """

    def there(prefix: str) -> int:
        units = [entry.available + covered_on(entry, prefix) for entry in entries]
        return (sum(units) if split_shipping else min(sum(units), max(units, default=0))) - missing

    return Pool(there(covers), there(PREFIX))


def learnt(
    record: StockRecord,
    entries: Sequence[StockEntry],
    shop: Sequence[StockEntry] = (),
    *,
    outlook: Outlook,
    pool: Pool,
    amazon_units: int,
    now: datetime,
) -> StockRecord:
    """The record after a look: what Amazon sold is told by orders, what else is missing the shop sold. Time without stock teaches nothing.

    What was sold in a peak teaches the usual rate.

    `shop`: with proof, the shop's own entries, where what it sold is missing; `entries`: those and the pool's.
    """
    before = record
    demand, managed = record.demand or PRIOR, record.managed or bool(entries)
    shop_left = sum(entry.available for entry in shop)
    record = replace(
        record,
        demand=demand,
        managed=managed,
        looked_at=now,
        available=pool.available,
        lying=pool.lying,
        shop_available=shop_left,
    )
    if before.looked_at is None or before.move is not None:
        # Units of a move that was begun are missing on one side and sold by nobody.
        return record
    elapsed_s = max(0.0, (now - before.looked_at).total_seconds())
    shop_units = max(0, before.shop_available - shop_left if shop else before.lying - amazon_units - pool.lying)
    at_s = now.timestamp()
    pace = asked.pace(demand, at_s, outlook.lately(before.looked_at.timestamp(), at_s))
    if record.on_sale.most > 0 or amazon_units:
        demand = replace(demand, amazon=asked.seen(demand.amazon, amazon_units, elapsed_s, pace))
    if (before.shop_available if shop else before.available) > 0 or shop_units:
        demand = replace(demand, shop=asked.seen(demand.shop, shop_units, elapsed_s, pace))
    if amazon_units + shop_units:
        demand = asked.sold(demand, amazon_units + shop_units, at_s)
    return replace(record, demand=demand)


def sku_stock(record: StockRecord, outlook: Outlook, now: datetime) -> SkuStock:
    """How the SKU stands now."""
    demand, delays, at_s = record.demand or PRIOR, outlook.delays, now.timestamp()
    return SkuStock(
        record.available,
        record.on_sale,
        asked.pooled(demand, outlook.amazon_share),
        delays,
        selling_s=outlook.selling_s(at_s),
        pace=asked.pace(demand, at_s, outlook.expected(at_s), delays.order_known_s / 2),
        at_s=at_s,
        covered=record.covered,
    )


def with_read(record: StockRecord, listed: ListedQuantity | None, at: datetime) -> StockRecord:
    """What Amazon answered; the time is that of the answer, so that an order made meanwhile counts as made before.

    The merchant's channel without a quantity tells nothing.
    """
    is_known = listed is not None and (listed.fulfilled_by == "AMAZON" or listed.quantity is not None)
    if listed is None or listed.fulfilled_by is None or not is_known:
        return replace(record, fulfilled_by="", shown=None, read_wanted=False)
    quantity = listed.quantity if listed.fulfilled_by == "MERCHANT" else None
    shown = None if quantity is None else Shown(quantity, by_amazon(at, listed.answered_at))
    return replace(record, fulfilled_by=listed.fulfilled_by, shown=shown, read_wanted=False)


def by_amazon(at: datetime, answered_at: datetime | None) -> datetime:
    """When something was done, by Amazon's clock; by ours where that is later, or where Amazon tells no time that can be."""
    return max(at, answered_at) if answered_at is not None and answered_at - at < APART_MAX else at


def unreadable(listed: ListedQuantity | None) -> list[Case]:
    """A listing whose channel or quantity cannot be told is somebody's to look at; none at all, or one that Amazon ships, is not."""
    if listed is None or listed.fulfilled_by == "AMAZON" or listed.quantity is not None:
        return []
    return [Case("stock.listing_unreadable", {"channels": ", ".join(sorted(listed.by_channel))[:200]})]


def to_move(stock: SkuStock, shop_units: int) -> SkuStock:
    """The same as for a move: without the units that an overdue set ties up, which are neither side's until it is seen or gone.

    What sells slowly is looked at for as long as it lasts: in some hours no move of it would be worth a set.
    """
    hold, rates = stock.listed.hold, stock.demand.amazon.per_s + stock.demand.shop.per_s
    tied = hold.overdue or 0
    listed = replace(stock.listed, hold=replace(hold, units=hold.units - tied, overdue=None))
    lasts_s = (max(0, stock.available - tied) + max(0, shop_units)) / rates
    return replace(stock, available=stock.available - tied, listed=listed, selling_s=max(stock.selling_s, lasts_s))


def read_due_s(record: StockRecord, rule: StockRule, outlook: Outlook, now: datetime) -> float | None:
    """When a read is worth its call: as evidence of what is on sale, or because what one showed as sold was none, and is not sold for as long."""
    times = [read_again_at(sku_stock(record, outlook, now), rule), on_sale.doubted_at_s(record.on_sale)]
    return min((at_s for at_s in times if at_s is not None), default=None)


def refused_by_feed(record: StockRecord, news: FeedNews | None) -> list[Case]:
    """A set that Amazon refused in a feed is somebody's to look at, as one that it refuses in a call."""
    if news is None or news.end != "refused" or not is_news(record, news):
        return []
    facts = {"operation": "JSON_LISTINGS_FEED", "code": news.code}
    return [Case("stock.rejected", {name: value for name, value in facts.items() if value})]


def is_foreign(record: StockRecord, lines: Sequence[SoldLine], shown: Shown) -> bool:
    """Whether nobody of us can have sent what Amazon shows: it is more than what we know of could leave on sale.

    An order that can still be cancelled may have been, and its units be on sale again before we are told.
    """
    hold = record.on_sale.hold
    cancellable = sum(line.units for line in lines if not line.final)
    known = sold_since(lines, shown.at)
    return shown.quantity > max(hold.live_max + max(0, known) + cancellable, hold.raising or 0, hold.overdue or 0)


def used(record: StockRecord, lines: Sequence[SoldLine], shown: Shown, *, mode: Mode) -> StockRecord:
    """The record after what Amazon showed was used."""
    before = record.on_sale
    since = sold_since(lines, shown.at)
    use = on_sale.proven if mode == "proof" else on_sale.seen
    after = use(before, shown.quantity, shown.at.timestamp(), sold_since=since, usual_s=USUAL_S)
    record = replace(record, on_sale=after, shown=None)
    sent = record.sent
    if sent is None or not before.is_under_way():
        return record
    # Once seen is enough: what is read next is measured against that and not against what was live before the set.
    if sent.seen or _shows_sent(before, shown.quantity, since):
        return replace(record, sent=replace(sent, seen=True), unshown=0)
    is_over = (before.hold.raising is not None and after.hold.raising is None) or (
        before.zero_at_s is not None and after.zero_at_s is None
    )
    return replace(record, unshown=record.unshown + is_over)


def _shows_sent(state: OnSale, quantity: int, since: int) -> bool:
    """Whether what Amazon shows can be the last set, less what was sold since."""
    unmoved = state.hold.live_max + since
    sent = 0 if state.zero_at_s is not None else state.hold.raising or 0
    return quantity > unmoved if sent > unmoved else quantity <= sent


def is_tied_up(record: StockRecord, rule: StockRule) -> bool:
    """Whether, with proof, no raise can be sent, because sets that were lost may still take effect: two of them, or one of all there is."""
    state, hold, sent = record.on_sale, record.on_sale.hold, record.sent
    if rule.mode != "proof" or hold.overdue is None or sent is None or record.looked_at is None or not record.managed:
        return False
    if hold.raising is not None:
        return record.looked_at - sent.at > LOST_AFTER
    return hold.live_max <= 0 and state.zero_at_s is None and 0 < record.available <= hold.overdue


def edited(record: StockRecord, lines: Sequence[SoldLine], shown: Shown, now: datetime) -> StockRecord:
    """The record after somebody else set the quantity: it is on sale, and what we sent may take effect still."""
    live = max(0, shown.quantity - sold_since(lines, shown.at))
    hold = record.on_sale.hold
    units = live + (hold.raising or 0) + (hold.overdue or 0)
    state = replace(
        record.on_sale, hold=replace(hold, units=units, live_max=live), read_at_s=shown.at.timestamp(), zero_at_s=None
    )
    return replace(record, on_sale=state, shown=None, foreign_until=now + FOREIGN_FOR)


def decide_listed(
    record: StockRecord,
    rule: StockRule,
    outlook: Outlook,
    now: datetime,
    *,
    paused: str = "",
    is_shared: bool = False,
) -> Decision:
    """What to send of a SKU now. Nothing but 0 is sent beside a read that is not used yet, because it would prove nothing any more.

    `is_shared`: another SKU on Amazon sells these units, so that here there are none.
    """
    if record.fulfilled_by != "MERCHANT":
        return LeaveListed(0, 0, 0, "Amazon ships it" if record.fulfilled_by else NOT_LISTED)
    if not record.managed:
        return LeaveListed(0, 0, 0, "commercetools has no stock entry of it")
    if is_shared or (record.foreign_until is not None and record.foreign_until > now):
        is_listed = record.on_sale.most > 0 and record.on_sale.zero_at_s is None
        why = "another SKU sells these units" if is_shared else "somebody else sets this quantity"
        decision: Decision = SetListed(0, 0, 0) if is_listed else LeaveListed(0, 0, 0, why)
    else:
        decision = decide_set(sku_stock(record, outlook, now), rule)
    if isinstance(decision, LeaveListed):
        return decision
    waits = record.shown is not None and decision.quantity > 0
    why = paused or ("a read waits for its orders" if waits else "")
    return LeaveListed(decision.quantity, decision.shop_margin, decision.unseen_margin, why) if why else decision


def view(
    record: StockRecord,
    lines: Sequence[SoldLine],
    decision: Decision,
    outlook: Outlook,
    *,
    rule: StockRule,
    now: datetime,
) -> dict[str, Any]:
    """What the desk shows of a SKU: how its quantity was decided, what it may oversell, and on which delays, rates and peak that rests."""
    at_sku = sku_stock(record, outlook, now)
    exposed = exposure(at_sku, rule, record.on_sale.most)
    hold = record.on_sale.hold
    return {
        "available": record.available,
        "claims": sum(line.units for line in lines),
        "covered": record.covered,
        "shop_margin": decision.shop_margin,
        "unseen_margin": decision.unseen_margin,
        "sellable": decision.quantity,
        "listed": hold.live_max,
        "hold": hold.units,
        "under_way": hold.raising,
        "overdue": hold.overdue,
        # Rarer than anybody would hold a unit back for is not exposed: else the plentiful would lead every list of what may be oversold.
        "exposure": exposed.units if exposed.probability >= NEGLIGIBLE else 0,
        "probability": round(exposed.probability, 6),
        "mode": rule.mode,
        "reason": decision.reason,
        "amazon_per_hour": round(at_sku.demand.amazon.per_s * 3600, 3),
        "shop_per_hour": round(at_sku.demand.shop.per_s * 3600, 3),
        "order_known_s": round(outlook.delays.order_known_s),
        "shop_seen_s": round(outlook.delays.shop_seen_s),
        "effect_s": round(outlook.delays.effect_s),
        "peak": outlook.peak(now),
    }
