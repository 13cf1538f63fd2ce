"""How late we hear of things, as measured: what the last orders took from Amazon's own time of them until they were known here. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from crossdock.domain.sellable import Delays

# So many of the newest are kept; a change of the way orders arrive shows within as many.
KEPT_MAX = 100
# Fewer say little of a delay that only one in twenty exceeds.
KEPT_MIN = 20
# What is older was not late: it came with a first search, or after an outage.
LATE_S_MAX = 3600.0
# Before anything was measured: a search every three minutes, which ends two and a half minutes ago.
UNMEASURED_S = 330.0


def measured(kept: Sequence[float], news: Sequence[float]) -> list[float]:
    """The delays to be kept, in seconds, the newest last. What is known before it happened tells of our clock alone: it is behind."""
    return [*kept, *(round(late_s, 1) for late_s in news if 0.0 <= late_s <= LATE_S_MAX)][-KEPT_MAX:]


def delays_of(kept: Sequence[float]) -> Delays:
    """What is reckoned with: 19 of 20 orders are known by then. A set's effect is not measured: Amazon tells no time of it."""
    if len(kept) < KEPT_MIN:
        return replace(Delays(), order_known_s=UNMEASURED_S)
    return replace(Delays(), order_known_s=sorted(kept)[-(-len(kept) * 19 // 20) - 1])
