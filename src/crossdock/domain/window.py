"""Window: a stretch of time we ask a platform about, with its overlap."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

# Amazon wants `...Before` at least two minutes old (Orders API v2026-01-01), by its own clock: half a minute more bears a clock of ours that is fast.
SEARCH_LAG = timedelta(seconds=150)
# Asked again from before the mark: an update may carry a time from before the search that did not show it.
SEARCH_OVERLAP = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Window:
    """From `after` (inclusive) to `before` (exclusive), both aware."""

    after: datetime
    before: datetime

    def is_empty(self) -> bool:
        """Whether there is nothing to ask about."""
        return self.after >= self.before


def next_window(mark: datetime, now: datetime) -> Window:
    """What to ask next when everything up to `mark` has been read."""
    return Window(after=mark - SEARCH_OVERLAP, before=now - SEARCH_LAG)
