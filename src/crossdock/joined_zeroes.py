"""How many SKUs may be taken off sale in an hour before a person is asked: a wrong file may have emptied the stock.

Part of the composition root (`start_up.py`).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import count

from crossdock.domain.case import Case
from crossdock.domain.plan import zeroes_allowed
from crossdock.domain.stock_policy import StockPolicy
from crossdock.ports import Clock
from crossdock.store.cursors import Cursors
from crossdock.store.records import Inbox
from crossdock.store.stock import StockStore

# The record under which the whole connection has its case, and the mark a person's word leaves.
PLAN_RECORD = "plan"
LET_GO = "stock.zeroes_allowed"
WITHIN = timedelta(hours=1)


class ZeroLimit:
    """The limit of one connection, counted anew for each batch."""

    def __init__(
        self, policy: Callable[[], StockPolicy], *, store: StockStore, cursors: Cursors, inbox: Inbox, clock: Clock
    ) -> None:
        """`policy`: as it is now."""
        self._policy = policy
        self._store = store
        self._cursors = cursors
        self._inbox = inbox
        self._clock = clock
        self._left: Iterator[int] | None = None
        self._allowed = 0
        self._guard = threading.Lock()

    def count_anew(self) -> None:
        """A batch begins."""
        self._left = None

    def let_go(self) -> None:
        """For an hour as many as it takes: a person has looked."""
        now = self._clock()
        self._cursors.save(LET_GO, {"until": (now + WITHIN).isoformat()}, now)
        self._inbox.clear_case(PLAN_RECORD, "stock.unsafe_plan", now)

    def take(self) -> bool:
        """Take one of the SKUs that may be taken off sale; the first that may not opens the case."""
        with self._guard:
            if self._left is None:
                self._left = self._count(self._clock())
            if next(self._left, None) is not None:
                return True
        self._inbox.raise_case(PLAN_RECORD, Case("stock.unsafe_plan", {"allowed": str(self._allowed)}), self._clock())
        return False

    def _count(self, now: datetime) -> Iterator[int]:
        """As many as may still go this hour: the policy's share of those listed, less those that went; all, where a person let them go."""
        allowed_until = (self._cursors.find(LET_GO) or {}).get("until")
        if allowed_until is not None and datetime.fromisoformat(allowed_until) > now:
            return count()
        policy, (listed, gone) = self._policy(), self._store.count_listed(now - WITHIN)
        self._allowed = zeroes_allowed(
            listed + gone, max_percent=policy.zeroes_max_percent, changes_min=policy.changes_min
        )
        return iter(range(max(0, self._allowed - gone)))
