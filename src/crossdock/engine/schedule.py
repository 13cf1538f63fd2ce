"""Which routine runs how often on a connection, with the reason. Pure: `due_routines` answers what is due now."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

DISCOVER = "discover_orders"
INGEST = "ingest_orders"
FENCE = "check_fence"
DAYS = "check_days"
ERASE = "erase_personal_data"
PUSH = "push_stock"
STOCK = "discover_stock"
SWEEP = "sweep_stock"
LISTING = "list_stock"
LISTED = "list_listings"
FEEDS = "follow_feeds"
COLLECT = "collect_settlements"
ACCRUE = "accrue_months"
PAYMENTS = "discover_payments"
MATCH = "match_payments"
# The flow under which the cases of settlements stand.
RECONCILE = "reconcile_settlements"
# In which order one pass over a connection runs them.
PASS = (
    (DISCOVER,),
    (INGEST,),
    (LISTING, LISTED, STOCK, SWEEP),
    (FENCE, DAYS, PUSH, COLLECT, ACCRUE),
    (FEEDS, PAYMENTS),
    (MATCH,),
)
# Flows of records: woken by what arrives and by what is due, not by the clock.
DRAINS = (INGEST, PUSH, MATCH)


@dataclass(frozen=True, slots=True)
class Routine:
    """A flow that runs by the clock. `target_s`: the freshness it promises, shown beside the measured one.

    `of_stock`: only where stock is ours; `of_finance`: only where books are kept.
    """

    name: str
    every: timedelta
    target_s: int
    reason: str
    of_stock: bool = False
    of_finance: bool = False


ROUTINES: tuple[Routine, ...] = (
    Routine(
        DISCOVER,
        timedelta(seconds=180),
        300,
        "searchOrders allows one call in 178.6 s once its burst is spent; the search ends two minutes ago",
    ),
    Routine(
        FENCE,
        timedelta(hours=1),
        2 * 3600,
        "an FBA order a warehouse can see must be found before the next picking list",
    ),
    Routine(
        DAYS,
        timedelta(hours=1),
        26 * 3600,
        "a closed day is proven once; a page costs one of the rare searches, so it may take several runs",
    ),
    Routine(ERASE, timedelta(hours=1), 26 * 3600, "personal data leaves on its day, 30 days after delivery"),
    Routine(
        STOCK,
        timedelta(minutes=2),
        300,
        "messages tell what the shop sold; while they tell something they are asked every ten seconds",
        of_stock=True,
    ),
    Routine(
        SWEEP, timedelta(minutes=5), 900, "what no message told is found by what was modified lately", of_stock=True
    ),
    Routine(
        LISTING, timedelta(hours=24), 26 * 3600, "what neither told is found by looking at every entry", of_stock=True
    ),
    Routine(
        LISTED,
        timedelta(hours=24),
        26 * 3600,
        "what Amazon lists is compared whole, a thousand SKUs in ten seconds",
        of_stock=True,
    ),
    Routine(
        FEEDS,
        timedelta(minutes=10),
        1200,
        "a feed that is under way is looked at every minute; whoever gathers one wakes this at once, so that nothing waits for the clock",
        of_stock=True,
    ),
    Routine(
        COLLECT,
        timedelta(hours=6),
        26 * 3600,
        "a settlement closes every few days and is listed for 90; getReports allows one call in 45 s",
        of_finance=True,
    ),
    Routine(
        ACCRUE,
        timedelta(hours=12),
        26 * 3600,
        "a month is accrued two days after its end, when Amazon has told all of it",
        of_finance=True,
    ),
    Routine(
        PAYMENTS,
        timedelta(minutes=10),
        1800,
        "whoever imported a settlement looks at its orders soon; where none is new it is one small query",
        of_finance=True,
    ),
)

# After a refused consent: soon enough to go on by itself when it is renewed, seldom enough not to knock in vain all day.
PAUSE = timedelta(minutes=5)
# While messages tell something, the next are worth asking for soon; a hundred idle connections must not cost more than a hundredth of a core or two.
BUSY_EVERY = timedelta(seconds=10)
# While a feed is under way: it takes minutes.
FEED_EVERY = timedelta(seconds=60)


def due_routines(
    next_runs: Mapping[str, datetime], now: datetime, *, with_stock: bool = False, with_finance: bool = False
) -> list[str]:
    """The routines whose time has come; one that never ran is due."""
    ours = [
        routine.name
        for routine in ROUTINES
        if (with_stock or not routine.of_stock) and (with_finance or not routine.of_finance)
    ]
    return [name for name in ours if (at := next_runs.get(name)) is None or at <= now]


def target_of(name: str) -> timedelta:
    """The freshness a routine promises."""
    return timedelta(seconds=next(routine.target_s for routine in ROUTINES if routine.name == name))


def next_run(name: str, connection_id: str, now: datetime, *, wait_s: float | None = None) -> datetime:
    """When a routine runs again: at its connection's next turn, within its interval, or as soon as a platform said it may.

    Each connection has its own turn in the interval: a hundred of them that began together are spread over it, not a wave that whoever has work waits behind.
    """
    every_s = next(routine.every for routine in ROUTINES if routine.name == name).total_seconds()
    turn_s = zlib.crc32(f"{connection_id}/{name}".encode()) % every_s
    to_turn_s = every_s - (now.timestamp() - turn_s) % every_s
    return now + timedelta(seconds=to_turn_s if wait_s is None else min(every_s, wait_s))
