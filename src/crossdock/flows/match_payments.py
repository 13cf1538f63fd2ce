"""Rows of booked settlements -> what each buyer paid and got back, as a payment of the order in commercetools.

Rule: the payment's key is the order's, and a transaction is known by its settlement; so a flow killed on any line and run again adds what is missing.
What is decided lies in the ledger, which never changes; a settlement's orders are handed over until the mark says that they were.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, assert_never

from crossdock.domain.ids import OrderNumber
from crossdock.domain.order_import import NeedsPerson, OutOfScope, Wait
from crossdock.domain.payment import (
    MISSING_AGAIN,
    SETTLED_WITHIN,
    Decision,
    KnownPayment,
    PaymentPolicy,
    Recorded,
    ShopPayment,
    WritePayment,
    decide_payment,
    payment_key,
)
from crossdock.domain.timeline import Event, Outcome, State
from crossdock.errors import Conflict
from crossdock.ports import Cursors, Inbox
from crossdock.ports_finance import CommercePayments, SettledOrders

# The last certificate whose orders were handed over, and how far today's walk along the shipped orders is.
HANDED_OVER = "payments.handed_over"
WALKED = "payments.walked"
# A history of years is taken up in several runs, so that others have their turn.
SETTLEMENTS_MAX = 20
PAGES_MAX = 20
WALK_EVERY = timedelta(days=1)
# What waits for longer has had its case for months, or was bought before there were settlements here.
UNPAID_FOR_MAX = timedelta(days=180)


def discover_settled(*, settled: SettledOrders, cursors: Cursors, inbox: Inbox, now: datetime) -> tuple[int, int]:
    """Every order of the settlements that were booked since is due; answers how many settlements and orders. A killed run begins its settlement again."""
    sequence = (cursors.find(HANDED_OVER) or {}).get("sequence", 0)
    settlements = orders = 0
    while settlements < SETTLEMENTS_MAX and (sequence := settled.next_settlement(sequence)) is not None:
        for order_ids in settled.orders_of(sequence):
            inbox.expect(order_ids, now, now)
            orders += len(order_ids)
        cursors.save(HANDED_OVER, {"sequence": sequence}, now)
        settlements += 1
    return settlements, orders


def discover_unpaid(*, settled: SettledOrders, cursors: Cursors, inbox: Inbox, now: datetime) -> int:
    """Once a day: every order that was shipped so long ago that it should be settled, and that no settlement spoke of, is due; answers how many."""
    walk: Mapping[str, Any] = cursors.find(WALKED) or {}
    if walk and now - datetime.fromisoformat(walk["begun"]) >= WALK_EVERY:
        walk = {}
    begun = datetime.fromisoformat(walk["begun"]) if walk else now
    at, record_id = (walk["at"], walk["record_id"]) if walk else ((now - UNPAID_FOR_MAX).isoformat(), "")
    due = 0
    for _ in range(PAGES_MAX):
        if at is None:
            break
        page = settled.shipped_unsettled(datetime.fromisoformat(at), record_id, shipped_before=now - SETTLED_WITHIN)
        inbox.expect(page.order_ids, now, now)
        due += len(page.order_ids)
        at, record_id = (page.at.isoformat(), page.record_id) if page.at is not None else (None, "")
        cursors.save(WALKED, {"begun": begun.isoformat(), "at": at, "record_id": record_id}, now)
    return due


def match_payment(
    known: KnownPayment,
    order_number: OrderNumber | None,
    *,
    payments: CommercePayments,
    policy: PaymentPolicy,
    now: datetime,
) -> Outcome:
    """Bring what one buyer paid and got back to commercetools, each once, or say who must look at it. `order_number`: None where it was never imported."""
    order = payments.find_order(order_number, payment_key(known.order_id)) if order_number is not None else None

    decision = decide_payment(known, order, policy, now)

    match decision:
        case WritePayment():
            _write(decision, payments)
        case Recorded() | OutOfScope() | Wait() | NeedsPerson():
            pass
        case _:
            assert_never(decision)

    return _outcome(decision, now)


def _write(write: WritePayment, payments: CommercePayments) -> None:
    """The payment first, then the order that it belongs to: a payment whose order does not know it is found by its key."""
    order = write.order
    payment = order.payment or (_create(write, payments) if write.transactions else None)
    missing = write.missing_in(payment) if payment is not None else ()
    if payment is not None and missing:
        payments.add(payment, missing)
    payment_id = payment.payment_id if payment is not None and order.payment is None else None
    state = write.payment_state if write.payment_state != order.payment_state else None
    if payment_id is not None or state is not None:
        payments.change_order(order, payment_id=payment_id, payment_state=state)


def _create(write: WritePayment, payments: CommercePayments) -> ShopPayment:
    """The new payment, or the one that there is: an earlier run's, whose answer was lost."""
    try:
        return payments.create(write)
    except Conflict:
        held = payments.find(write.key)
        if held is None:
            raise
        return held


def _outcome(decision: Decision, now: datetime) -> Outcome:
    match decision:
        case WritePayment():
            facts = {"transactions": str(len(decision.transactions)), "payment_state": decision.payment_state or ""}
            event = Event("payment.written", {name: value for name, value in facts.items() if value})
            return _done(decision, "payment brought up to date", events=(event,))
        case Recorded():
            return _done(decision, "commercetools has its payment")
        case OutOfScope():
            return Outcome(State.OUT_OF_SCOPE, decision.reason)
        case Wait():
            return Outcome(State.WAITING, decision.reason, due_at=decision.until)
        case NeedsPerson():
            case = decision.case
            due_at = now + MISSING_AGAIN if case.kind == "settlement.order_missing" else None
            return Outcome(State.CASE, case.kind, due_at=due_at, cases=(case,))
        case _:
            assert_never(decision)


def _done(decision: WritePayment | Recorded, reason: str, *, events: tuple[Event, ...] = ()) -> Outcome:
    state = State.CASE if decision.cases else State.IN_SYNC
    reason = decision.cases[0].kind if decision.cases else reason
    return Outcome(state, reason, due_at=decision.look_at, cases=decision.cases, events=events)
