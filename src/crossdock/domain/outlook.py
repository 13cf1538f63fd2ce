"""What a look at a SKU reckons with beside the SKU itself: how long we are blind, and how much more than usual buyers ask for now.

Rule: an announced peak or deal counts from a little before it begins, so that what it takes off sale is off when it does. What is sold in it teaches the usual
rate, and not the peak's.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from crossdock.domain import peaks
from crossdock.domain.demand import EVEN_SHARE
from crossdock.domain.peaks import AHEAD_S, Calendar
from crossdock.domain.sellable import SELLING_S, Delays

AHEAD = timedelta(seconds=AHEAD_S)
AS_ASSUMED = Delays()


@dataclass(frozen=True, slots=True)
class AnnouncedPeak:
    """A stretch in which so many times the usual is expected, on both sides."""

    from_at: datetime
    until_at: datetime
    times: float

    def counts_from(self) -> datetime:
        """What is more than usual is prepared for; what is less is believed when it is there."""
        return self.from_at - AHEAD if self.times > 1.0 else self.from_at


@dataclass(frozen=True, slots=True)
class Outlook:
    """`calendar`: of this SKU. `pace`: what all SKUs sell now over what is expected of them, the calendar counted in.

    `amazon_share`: of what all SKUs usually sell on both sides together.
    """

    delays: Delays = AS_ASSUMED
    calendar: Calendar = ()
    pace: float = 1.0
    amazon_share: float = EVEN_SHARE

    def expected(self, at_s: float) -> float:
        """The factor on a usual rate that is reckoned with now."""
        return peaks.announced(self.calendar, at_s, AHEAD_S) * self.pace

    def lately(self, from_s: float, until_s: float) -> float:
        """The factor that there was on average between these times; it is divided out of what is learnt from them."""
        if until_s <= from_s:
            return peaks.announced(self.calendar, until_s, 0.0) * self.pace
        return peaks.selling_s(self.calendar, from_s, until_s - from_s) / (until_s - from_s) * self.pace

    def selling_s(self, at_s: float) -> float:
        """The time to sell in that the weighing looks ahead, at the usual pace."""
        return peaks.selling_s(self.calendar, at_s, SELLING_S)

    def changes_at(self, now: datetime) -> datetime | None:
        """When the calendar has another factor reckoned with; None where it never does again."""
        at_s = peaks.next_change_s(self.calendar, now.timestamp(), AHEAD_S)
        return None if at_s is None else datetime.fromtimestamp(at_s, UTC)

    def peak(self, now: datetime) -> AnnouncedPeak | None:
        """The peak that is on, or the next."""
        boost = peaks.next_boost(self.calendar, now.timestamp())
        if boost is None:
            return None
        from_at, until_at = (datetime.fromtimestamp(at_s, UTC) for at_s in (boost.from_s, boost.until_s))
        return AnnouncedPeak(from_at, until_at, round(boost.factor, 3))
