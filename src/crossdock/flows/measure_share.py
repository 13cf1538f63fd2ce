"""Amazon's share of what all SKUs usually sell on both sides together: what a handful of units of one SKU cannot tell.

Rule: measured once an hour, and kept; half of it where nothing was learnt yet.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from crossdock.domain.outlook import EVEN_SHARE
from crossdock.ports import Cursors

SHARE = "stock.amazon_share"
EVERY = timedelta(hours=1)


def measure_share(cursors: Cursors, *, measured: Callable[[], float | None], now: datetime) -> float:
    """The share, between 0 and 1. `measured`: as of now, None where there is nothing to measure."""
    kept = cursors.find(SHARE)
    if kept is not None and now - datetime.fromisoformat(kept["at"]) < EVERY:
        return float(kept["share"])
    share = measured()
    if share is None:
        return EVEN_SHARE
    cursors.save(SHARE, {"share": share, "at": now.isoformat()}, now)
    return share
