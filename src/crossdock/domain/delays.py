"""How late we hear of things and are heard, as measured: of orders, of what the shop sells, and of quantities that were sent. Pure.

The rule: until enough was measured, what is assumed counts; afterwards what most were, and of orders nearly all, because each later one may be sold twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

from crossdock.domain.sellable import USUAL_S, Delays
from crossdock.domain.stock_record import StockRecord

# Of an order from Amazon's own time of it; of a change in commercetools until its stock may be read; of a set from when it was accepted until it was in effect.
Kind = Literal["orders", "shop", "sets"]

# So many of the newest are kept; a change of the way orders arrive shows within as many.
KEPT_MAX = 100
# Fewer say little of a delay that only one in twenty exceeds.
KEPT_MIN = 20
# What is older was not late: it came with a first search, or after an outage.
LATE_S_MAX = 3600.0
# Before anything was measured: a search every three minutes, which ends two and a half minutes ago.
UNMEASURED_S = 330.0
# Of a hundred orders so many are known by the time that is reckoned with; of the others so many are enough (`crossdock simulate` weighs with as much).
ORDERS_PERCENT, OTHERS_PERCENT = 95, 75
# A read that was made when a set should be in effect and shows it says no more than that.
IN_TIME_S = 1.5 * USUAL_S


def measured(kept: Sequence[float], news: Sequence[float]) -> list[float]:
    """The delays to be kept, in seconds, the newest last. What is known before it happened tells of our clock alone: it is behind."""
    return [*kept, *(round(late_s, 1) for late_s in news if 0.0 <= late_s <= LATE_S_MAX)][-KEPT_MAX:]


def shown_after(before: StockRecord, after: StockRecord) -> float | None:
    """The delay of a set that the newest read is the first to show, in seconds; None where it shows none, or one of a feed, which takes the feed's time.

    A read in time says no more than that: as assumed. Where sets before it were not shown it may be the first of them: the longest delay counts.
    """
    sent = after.sent
    if sent is None or sent.lane != "patch" or not sent.seen or (before.sent is not None and before.sent.seen):
        return None
    first_sent_at_s = sent.at.timestamp() - before.unshown * USUAL_S
    late_s = after.on_sale.read_at_s - first_sent_at_s
    return Delays().effect_s if late_s <= IN_TIME_S else late_s


def delays_of(kept: Mapping[str, Sequence[float]]) -> Delays:
    """What is reckoned with."""
    assumed = Delays()
    return replace(
        assumed,
        order_known_s=_exceeded_by_few(kept.get("orders", ()), ORDERS_PERCENT, UNMEASURED_S),
        shop_seen_s=_exceeded_by_few(kept.get("shop", ()), OTHERS_PERCENT, assumed.shop_seen_s),
        effect_s=_exceeded_by_few(kept.get("sets", ()), OTHERS_PERCENT, assumed.effect_s),
    )


def _exceeded_by_few(kept: Sequence[float], percent: int, assumed_s: float) -> float:
    """The delay that so many of a hundred do not exceed."""
    return sorted(kept)[-(-len(kept) * percent // 100) - 1] if len(kept) >= KEPT_MIN else assumed_s
