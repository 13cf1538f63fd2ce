"""What all SKUs sell on Amazon now, over what they usually sell together: a rush that nobody announced is one of all of them.

Rule: only what Amazon sold counts, by the times of its orders: units that are missing in commercetools may be a count that somebody corrected. What an
announced peak sells counts as what would usually have been sold, so that it is not reckoned with twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from crossdock.domain import demand as asked
from crossdock.domain import peaks
from crossdock.domain.demand import PACE_DOUBT_UNITS, PACE_S, Rate
from crossdock.domain.ids import SellerSku
from crossdock.domain.peaks import Calendar
from crossdock.ports import Cursors

PACE = "stock.pace"
EVERY = timedelta(seconds=PACE_S)
# After a search that was behind, a rush of a few minutes would be lost in more.
SPAN_MAX = 3 * EVERY
# What was seen for less is not called usual.
USUAL_S_MIN = 3600.0
# A search that is behind for longer says nothing of now.
STALE_AFTER = timedelta(minutes=20)


def measure_pace(
    cursors: Cursors,
    *,
    sold: Callable[[datetime, datetime], Mapping[SellerSku, int]],
    calendar_of: Callable[[SellerSku], Calendar],
    searched_until: datetime | None,
    now: datetime,
) -> float:
    """The factor on all usual rates beside the calendar; 1 where nothing is known. `sold`: units ordered between two times, by SKU.

    It is measured over the last minutes of which all orders are known, and kept until there are some more.
    """
    kept = cursors.find(PACE) or {}
    until = datetime.fromisoformat(kept["until"]) if kept else None
    if searched_until is not None and (until is None or searched_until - until >= EVERY):
        span = EVERY if until is None else min(searched_until - until, SPAN_MAX)
        from_s, span_s = (searched_until - span).timestamp(), span.total_seconds()
        units = sum(
            count * span_s / peaks.selling_s(calendar_of(sku), from_s, span_s)
            for sku, count in sold(searched_until - span, searched_until).items()
        )
        kept, until = _measured(kept, units, span_s) | {"until": searched_until.isoformat()}, searched_until
        cursors.save(PACE, kept, now)
    return float(kept["pace"]) if until is not None and now - until < STALE_AFTER else 1.0


def _measured(kept: Mapping[str, Any], units: float, span_s: float) -> dict[str, Any]:
    """What is usual once these units belong to it, and the pace over what was usual before; 1 until enough was seen to call it usual."""
    if not kept:
        return {"units": units, "seconds": span_s, "pace": 1.0}
    usual = Rate(kept["units"], kept["seconds"])
    pace = asked.shared_pace(units, usual.per_s * span_s, PACE_DOUBT_UNITS) if usual.seconds >= USUAL_S_MIN else 1.0
    after = asked.seen(usual, units, span_s, 1.0)
    return {"units": after.units, "seconds": after.seconds, "pace": pace}
