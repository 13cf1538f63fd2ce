"""Amazon's share of what all SKUs usually sell on both sides together: what a handful of units of one SKU cannot tell.

Rule: measured once an hour, and kept; nothing is kept where nothing was learnt yet.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from crossdock.domain.demand import EVEN_SHARE, Demand, share_of
from crossdock.ports import Cursors

SHARE = "stock.amazon_share"
EVERY = timedelta(hours=1)


def measure_share(cursors: Cursors, *, demands: Callable[[], Sequence[Demand]], now: datetime) -> float:
    """The share, between 0 and 1. `demands`: what was learnt of the SKUs that are sold on both sides."""
    kept = cursors.find(SHARE)
    if kept is not None and now - datetime.fromisoformat(kept["at"]) < EVERY:
        return float(kept["share"])
    learnt = demands()
    if not learnt:
        return EVEN_SHARE
    share = share_of(learnt)
    cursors.save(SHARE, {"share": share, "at": now.isoformat()}, now)
    return share
