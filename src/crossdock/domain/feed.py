"""A feed of many quantities on its way to Amazon, and what became of each of its sets.

The rule: a set in a feed is held from before the feed exists. Its usual time begins when the feed has ended, not when it was handed over; what certainly
never takes effect leaves the hold, and what nobody can tell stays in it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from crossdock.domain import on_sale
from crossdock.domain.ids import SellerSku
from crossdock.domain.stock_record import StockRecord

# A feed waits seconds and is processed in minutes; one that waits so long stands behind others, or the queue stands still.
LATE_AFTER = timedelta(minutes=20)
# By then a feed has ended or was cancelled, as a rule: from then on a read tells, whatever became of it.
EXPECTED_AFTER = timedelta(minutes=30)
# After a feed that went wrong the next would wait behind it: patches go meanwhile.
SHUT_FOR = timedelta(hours=1)
# As for any set: gone so long after it was sent. An assumption.
FOLLOWED_FOR = timedelta(hours=24)
# Kept for whoever asks what became of one; Amazon keeps its own for 90 days.
KEPT_FOR = timedelta(days=30)
# Amazon takes 25,000 messages and advises 10 MiB; so many stay below both, whatever the SKUs are called.
SETS_MAX = 15_000

FeedStage = Literal["gathering", "closed", "creating", "submitted", "over"]
FeedEnd = Literal["done", "fatal", "cancelled", "refused", "dropped", "lost"]
SetEnd = Literal["processed", "refused", "never"]


@dataclass(frozen=True, slots=True)
class QuantityFeed:
    """One feed. `key`: our own number of it, from before it exists; `feed_id`: Amazon's, empty before it is known; `late_at`: found past its usual time."""

    key: int
    stage: FeedStage
    made_at: datetime
    feed_id: str = ""
    submitted_at: datetime | None = None
    late_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class FeedSet:
    """One quantity in a feed; `expected_at_s`: under which time the hold has it."""

    seller_sku: SellerSku
    quantity: int
    expected_at_s: float
    end: SetEnd | None = None


@dataclass(frozen=True, slots=True)
class FeedNews:
    """What became of a SKU's newest set in a feed. processed: it may be in effect from then on, or was not taken at all; never: it certainly is not."""

    quantity: int
    expected_at_s: float
    end: SetEnd
    told_at: datetime
    code: str = ""


def is_news(record: StockRecord, news: FeedNews | None) -> bool:
    """Whether the hold still has that very set, as it was before anything was told of it."""
    state = record.on_sale
    return news is not None and state.hold.raising == news.quantity and state.raising_at_s == news.expected_at_s


def with_news(record: StockRecord, news: FeedNews | None) -> StockRecord:
    """The record after what a feed told: of a set that was processed the usual time begins, one that never takes effect leaves the hold."""
    if news is None or not is_news(record, news):
        return record
    state = record.on_sale
    if news.end == "processed":
        return replace(record, on_sale=replace(state, raising_at_s=news.told_at.timestamp(), sold_since_raise=0))
    return replace(record, on_sale=on_sale.unsent(state, news.quantity))


def is_wanted(record: StockRecord | None, feed_key: int, quantity: int) -> bool:
    """Whether a gathered set may still go: nothing was sent of the SKU since, and there are as many units as it says."""
    if record is None or record.sent is None or record.sent.feed_key != feed_key:
        return False
    return record.on_sale.hold.raising == quantity and record.available >= quantity
