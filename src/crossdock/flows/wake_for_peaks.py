"""Peaks that the policy came to announce -> SKUs that are looked at now: what sleeps until tomorrow would sleep through a peak of tonight.

Rule: a SKU that was looked at under the policy of today wakes by itself before each of its peaks; only those whose peaks have changed are woken.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from crossdock.domain.ids import SellerSku
from crossdock.domain.stock_policy import Peak, fits
from crossdock.ports import Cursors, Inbox

PEAKS = "stock.peaks"


def wake_for_peaks(
    cursors: Cursors,
    *,
    inbox: Inbox,
    peaks: Sequence[Peak],
    skus: Callable[[], Sequence[SellerSku]],
    now: datetime,
) -> None:
    """Every SKU whose peaks are others than when this was asked last is due; the mark moves after that. `skus`: all that are listed."""
    after = [[peak.boost.from_s, peak.boost.until_s, peak.boost.factor, *peak.skus] for peak in peaks]
    before = (cursors.find(PEAKS) or {}).get("peaks", [])
    if after == before:
        return
    changed = [peak for peak in (*before, *after) if (peak in before) != (peak in after)]
    patterns = {pattern for peak in changed for pattern in peak[3:]}
    inbox.expect([sku for sku in skus() if any(fits(pattern, sku) for pattern in patterns)], now, now)
    cursors.save(PEAKS, {"peaks": after}, now)
