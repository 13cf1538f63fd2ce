"""Orders and personal data as bytes, exactly: whole minor units, aware times, nothing rounded on the way there or back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec

from crossdock.domain.case import Case
from crossdock.domain.case_kinds import CASE_KINDS
from crossdock.domain.order import AmazonOrder, PersonalData, ReadOrder
from crossdock.domain.record import Arrival
from crossdock.domain.timeline import Event, Outcome, State
from crossdock.errors import DataError

# What stands in the place of an order that could not be read: it is read again from Amazon when its turn comes.
UNREADABLE = b"{}"
# The time of an order whose time could not be read.
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)

_encode = msgspec.json.Encoder().encode
_order_decoder = msgspec.json.Decoder(AmazonOrder)
_personal_decoder = msgspec.json.Decoder(PersonalData)


def encode_order(order: AmazonOrder) -> bytes:
    """The snapshot of an order; it holds no personal data."""
    return _encode(order)


def decode_order(snapshot: bytes) -> AmazonOrder | None:
    """The order of a snapshot; None where it could not be read when it arrived."""
    return None if snapshot == UNREADABLE else _order_decoder.decode(snapshot)


def encode_personal(personal: PersonalData) -> bytes:
    """Personal data on its way to be sealed."""
    return _encode(personal)


def decode_personal(text: bytes) -> PersonalData:
    """Personal data just opened."""
    return _personal_decoder.decode(text)


def arrival(read: ReadOrder, now: datetime) -> Arrival:
    """An order as it goes into the inbox: readable, or a case that says which place of it is not."""
    order = read.order
    if order is None:
        return _unreadable(
            read.record_id, read.problem or DataError("order", "missing"), read.updated_at or LONG_AGO, now
        )
    events = [Event("order.seen", {"status": order.status, "fulfilled_by": order.fulfilled_by})]
    if order.cleaned_fields:
        events.append(Event("order.text_cleaned", {"fields": ", ".join(order.cleaned_fields)[:500]}))
    return Arrival(
        record_id=order.order_id,
        snapshot=encode_order(order),
        snapshot_at=order.updated_at,
        created_at=order.created_at,
        fulfilled_by=order.fulfilled_by,
        status=order.status,
        events=tuple(events),
    )


def _unreadable(record_id: str, problem: DataError, updated_at: datetime, now: datetime) -> Arrival:
    kind = CASE_KINDS["record.unreadable"]
    case = Case(kind.code, {"where": problem.where[:200], "what": problem.what[:200]})
    due_at = now + timedelta(seconds=kind.recheck_s) if kind.recheck_s else None
    outcome = Outcome(State.CASE, kind.title, due_at=due_at, cases=(case,))
    return Arrival(record_id, UNREADABLE, updated_at, updated_at, outcome=outcome)
