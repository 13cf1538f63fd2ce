"""The payments of one connection, wired: rows of booked settlements in, payments of orders in commercetools out.

Part of the composition root (`start_up.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from crossdock import events
from crossdock.domain.ids import AmazonOrderId
from crossdock.domain.movement import LabelSum, movements_of
from crossdock.domain.payment import KnownPayment, PaymentPolicy, SeenOrder, Span
from crossdock.domain.record import Record
from crossdock.domain.timeline import Outcome
from crossdock.engine.drain import BATCHES_MAX, Flow, Report, drain, tell
from crossdock.engine.schedule import MATCH
from crossdock.flows.match_payments import discover_settled, discover_unpaid, match_payment
from crossdock.ports import Clock, Cursors, Inbox, Lock
from crossdock.ports_finance import CommercePayments
from crossdock.store.order_sums import OrderSums


@dataclass(frozen=True, slots=True)
class _Ahead:
    """What was read for a batch, in one go."""

    order_ids: frozenset[AmazonOrderId]
    sums: Mapping[AmazonOrderId, Sequence[LabelSum]]
    seen: Mapping[AmazonOrderId, SeenOrder]
    spans: Mapping[str, Span]
    searched_until: datetime | None


class JoinedPayments:
    """What buyers paid, of one connection."""

    def __init__(
        self,
        policy: PaymentPolicy,
        payments: CommercePayments,
        sums: OrderSums,
        *,
        inbox: Inbox,
        cursors: Cursors,
        lock: Lock,
        searched_until: Callable[[], datetime | None],
        clock: Clock,
    ) -> None:
        """`inbox`: of the flow of payments; `searched_until`: up to when Amazon's orders have been read."""
        self.policy = policy
        self.inbox = inbox
        self._payments = payments
        self._sums = sums
        self._cursors = cursors
        self._lock = lock
        self._searched_until = searched_until
        self._clock = clock
        self._ahead = _Ahead(frozenset(), {}, {}, {}, None)

    def discover(self) -> int:
        """Every order of a settlement that was booked since is due, and once a day those that should be settled and are not; answers how many."""
        now = self._clock()
        settlements, orders = discover_settled(settled=self._sums, cursors=self._cursors, inbox=self.inbox, now=now)
        unpaid = discover_unpaid(settled=self._sums, cursors=self._cursors, inbox=self.inbox, now=now)
        if orders or unpaid:
            events.emit("payments.discovered", settlements=settlements, orders=orders, unpaid=unpaid)
        return orders + unpaid

    def drain(self, *, batches: int = BATCHES_MAX) -> Report:
        """Run the due orders through the flow."""
        flow = Flow(MATCH, run=self.run_record, prepare=self.prepare, rejected="settlement.payment_refused")
        report = drain(flow, inbox=self.inbox, lock=self._lock, clock=self._clock, batches=batches)
        tell(MATCH, report)
        return report

    def prepare(self, batch: Sequence[Record]) -> None:
        """Read ahead for the batch."""
        self._ahead = self._look(batch)

    def _look(self, batch: Sequence[Record]) -> _Ahead:
        """One query for what settlements say of these orders, one for what Amazon told of them, and one for what has been settled."""
        order_ids = frozenset(AmazonOrderId(record.record_id) for record in batch)
        sums, seen = self._sums.sums(order_ids), self._sums.seen(order_ids)
        return _Ahead(order_ids, sums, seen, self._sums.spans(), self._searched_until())

    def run_record(self, record: Record) -> Outcome:
        """One record through the flow."""
        order_id = AmazonOrderId(record.record_id)
        ahead = self._ahead if order_id in self._ahead.order_ids else self._look([record])
        movements = movements_of(ahead.sums.get(order_id, ()))
        known = KnownPayment(order_id, movements, ahead.seen.get(order_id), ahead.spans, ahead.searched_until)
        order_number = record.link.order_number if record.link is not None else None
        return match_payment(known, order_number, payments=self._payments, policy=self.policy, now=self._clock())
