"""Closed days and the fence of FBA orders, proven again and again: what is missing or in a warehouse's sight is put right by the flow of orders.

Part of the composition root (`start_up.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime

from crossdock import events
from crossdock.commercetools.orders import Orders
from crossdock.domain.case import Case
from crossdock.domain.day_check import DayCheck
from crossdock.domain.ids import AmazonOrderId, OrderNumber
from crossdock.domain.order import ReadOrder
from crossdock.flows.check_days import check_day
from crossdock.flows.ingest_orders import PAGES_MAX
from crossdock.ports import AmazonOrders, Clock
from crossdock.store.cursors import Cursors
from crossdock.store.links import Links
from crossdock.store.records import Inbox

# So many of the newest FBA orders are looked at by number, whatever became of our mark on them: some days' worth, in some twenty-five queries.
FENCE_LOOK_MAX = 5_000


class OrderChecks:
    """The checks over many orders of one connection."""

    def __init__(
        self,
        *,
        amazon: AmazonOrders,
        orders: Orders,
        inbox: Inbox,
        links: Links,
        cursors: Cursors,
        take_in: Callable[[Sequence[ReadOrder]], int],
        save_day: Callable[[DayCheck, datetime], None],
        number_prefix: Callable[[], str],
        clock: Clock,
    ) -> None:
        """`take_in`: puts orders in the inbox; `save_day`: keeps the proof of a day."""
        self._amazon = amazon
        self._orders = orders
        self._inbox = inbox
        self._links = links
        self._cursors = cursors
        self._take_in = take_in
        self._save_day = save_day
        self._prefix = number_prefix
        self._clock = clock

    def check_day(self, day: date) -> DayCheck:
        """Prove one closed day, page by page as Amazon's rate allows; what was missing is in the inbox afterwards, with a case."""
        name = f"orders.day.{day.isoformat()}"
        check = None
        for _ in range(PAGES_MAX):
            position = self._cursors.find(name) or {}
            check = check_day(
                day,
                position,
                amazon=self._amazon,
                inbox=self._inbox,
                orders=self._orders,
                order_number=self._order_number,
            )
            now = self._clock()
            # The case first: once the order is in the inbox, a run that was killed would not find it missing any more.
            for read in check.missing:
                self._inbox.raise_case(read.record_id, Case("order.missing", {"day": day.isoformat()}), now)
            self._take_in(check.missing)
            # What stands in commercetools and was left out here is looked at once more, by the flow that reads commercetools first.
            self._inbox.wake([*check.vanished, *check.strays], now)
            looked = {"looked": [*position.get("looked", []), *check.strays]}
            self._cursors.save(name, check.position or looked, now)
            if check.position is None:
                break
        assert check is not None, "a day check reads at least one page"
        return check

    def note_day(self, check: DayCheck) -> None:
        """Keep the proof of a day, for the desk."""
        self._save_day(check, self._clock())

    def check_fence(self) -> list[OrderNumber]:
        """FBA orders a warehouse would find; each is due at once, and its flow puts it back behind its fence."""
        found = self._orders.find_unfenced(self._links.fba_numbers(FENCE_LOOK_MAX))
        prefix = self._prefix()
        self._inbox.wake([number.removeprefix(prefix) for number in found], self._clock())
        events.emit("fence.checked", found=len(found))
        return found

    def _order_number(self, order_id: AmazonOrderId) -> OrderNumber:
        return OrderNumber(self._prefix() + order_id)
