"""What one SKU's next set would be, and nothing done: no claim, no read of Amazon, no row written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from crossdock.domain.feed import with_news
from crossdock.domain.ids import SellerSku
from crossdock.domain.plan import Lane, PlannedSet, choose_lane, planned, waiting_set
from crossdock.domain.sellable import StockRule
from crossdock.domain.stock_look import learnt, pool_of
from crossdock.domain.stock_record import StockRecord, claimed
from crossdock.flows.claim_units import counted
from crossdock.flows.known_stock import KnownStock, decide_known, use_read


@dataclass(frozen=True, slots=True)
class BatchPlan:
    """How the sets of a batch go to Amazon, and whose turn it is first. Of a SKU that is not in it nothing would be sent."""

    lanes: Mapping[SellerSku, Lane]
    ranks: Mapping[SellerSku, tuple[int, float]]


def plan_batch(
    batch: Mapping[SellerSku, KnownStock],
    *,
    rule_of: Callable[[SellerSku], StockRule],
    split_shipping: bool,
    gathered: int,
    feeds_open: bool,
    now: datetime,
) -> BatchPlan:
    """The lanes of all sets a batch would send, decided together. Each set is decided again when its turn comes; its lane holds for a raise only."""
    waiting = []
    for sku, known in batch.items():
        record, change = plan_set(sku, known, rule=rule_of(sku), split_shipping=split_shipping, now=now)
        waiting += [waiting_set(change, record)] if change is not None else []
    lanes = choose_lane(waiting, gathered=gathered, feeds_open=feeds_open)
    return BatchPlan(lanes, {each.seller_sku: each.rank for each in waiting})


def plan_set(
    sku: SellerSku, known: KnownStock, *, rule: StockRule, split_shipping: bool, now: datetime
) -> tuple[StockRecord, PlannedSet | None]:
    """How the SKU would stand after its claims, and what would then be sent for it; None where nothing would."""
    noted = claimed(known.entries)
    unclaimed = sum(
        line.units - (entry.claims[line.claim_number] if (entry := noted.get(line.claim_number)) else 0)
        for line in known.lines
    )
    news = [line for line in known.lines if line.units != line.counted]
    record = replace(known.record, on_sale=counted(known.record, news))
    pool = pool_of(known.entries, split_shipping=split_shipping, covers=known.covers, missing=unclaimed)
    sold = sum(max(0, line.units - line.counted) for line in news)
    shop = known.split.shop if known.split is not None else ()
    entries = (*known.entries, *shop)
    record = learnt(record, entries, shop, outlook=known.outlook, pool=pool, amazon_units=sold, now=now)
    record, _ = use_read(with_news(record, known.news), known, rule, now)
    return record, planned(sku, record, decide_known(record, known, rule, now))
