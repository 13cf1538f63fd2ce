"""Which routine runs how often on a connection, with the reason. Pure: `due_routines` answers what is due now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

DISCOVER = "discover_orders"
INGEST = "ingest_orders"
FENCE = "check_fence"
DAYS = "check_days"
ERASE = "erase_personal_data"


@dataclass(frozen=True, slots=True)
class Routine:
    """A flow that runs by the clock. `target_s`: the freshness it promises, shown beside the measured one."""

    name: str
    every: timedelta
    target_s: int
    reason: str


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
)

# After a refused consent: soon enough to go on by itself when it is renewed, seldom enough not to knock in vain all day.
PAUSE = timedelta(minutes=5)


def due_routines(next_runs: Mapping[str, datetime], now: datetime) -> list[str]:
    """The routines whose time has come; one that never ran is due."""
    return [routine.name for routine in ROUTINES if (at := next_runs.get(routine.name)) is None or at <= now]


def next_run(name: str, now: datetime, *, wait_s: float | None = None) -> datetime:
    """When a routine runs again: after its interval, or as soon as a platform said it may."""
    every = next(routine.every for routine in ROUTINES if routine.name == name)
    return now + (every if wait_s is None else min(every, timedelta(seconds=wait_s)))
