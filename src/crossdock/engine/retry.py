"""decide_retry(): when a record that met a fault is taken up again, or that a person must look. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from crossdock.errors import Conflict, RemoteError, Unavailable

# Doubling from a second: 12 tries are a little over an hour, with the longest pause ten minutes.
ATTEMPTS_MAX = 12
PAUSE_MAX_S = 600.0
# Records that wait for the same rate come back one after the other, not all for the one call there will be; but soon enough for a page that serves many.
SPREAD_MAX_S = 60.0
# Those whose turns at a quick rate fall into the same part of a second come back together: a batch costs much the same whatever its size, and in one
# it is the most urgent that has the call.
TOGETHER_S = 0.5
# A version that moves five times in a row is somebody else's loop, not chance.
CONFLICTS_MAX = 5


@dataclass(frozen=True, slots=True)
class RetryAt:
    """Put the record back until then. `counts`: whether it was a try; waiting for one's own rate is none."""

    at: datetime
    counts: bool


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Open a case of this kind; the record goes on being tried, slowly."""

    kind: str


def decide_retry(fault: RemoteError, attempts: int, now: datetime, *, turn: int = 0) -> RetryAt | GiveUp:
    """What follows from an Unavailable or a Conflict after so many attempts since the record's last news.

    `turn`: how many others wait for the same rate already.
    """
    if isinstance(fault, Unavailable) and fault.own_rate:
        wait_s = fault.retry_after_s or 1.0
        every_s = fault.every_s or wait_s
        at = now + timedelta(seconds=min(wait_s + turn * every_s, max(wait_s, SPREAD_MAX_S)))
        return RetryAt(_together(at) if every_s < TOGETHER_S else at, counts=False)
    if isinstance(fault, Conflict):
        return RetryAt(now, counts=True) if attempts < CONFLICTS_MAX else GiveUp("record.stuck")
    if attempts >= ATTEMPTS_MAX:
        return GiveUp("record.stuck")
    pause_s = min(2.0**attempts, PAUSE_MAX_S)
    if isinstance(fault, Unavailable) and fault.retry_after_s is not None:
        pause_s = max(pause_s, fault.retry_after_s)
    return RetryAt(now + timedelta(seconds=pause_s), counts=True)


def _together(at: datetime) -> datetime:
    """The end of the part of a second that this falls into; the same for all that do, whoever asked and when."""
    return at + timedelta(seconds=-at.timestamp() % TOGETHER_S)
