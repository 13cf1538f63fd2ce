"""What Amazon's data protection policy says must go, goes: from the vault and from commercetools, in one run, with a certificate.

The order in commercetools is redacted first and the sealed text deleted last, so that a run killed in between finds its work again. An order that
cannot be redacted keeps none of the others: its sealed text stays as the mark of work to do, and a person is told. What commercetools does not have is
erased only while no drain holds its address, and is looked for once more until a write that was lost can bring it there no more. Somebody else's order
under our number is left alone: commercetools does not have ours then.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from crossdock.domain.case import Case
from crossdock.domain.ids import AmazonOrderId, OrderNumber
from crossdock.domain.order import ImportedOrder
from crossdock.domain.order_import import is_order
from crossdock.errors import Conflict, Rejected, RemoteError, Unavailable
from crossdock.ports import CommerceOrders, Cursors, Inbox, Lock, Vault

# Redacted before the next certificates are written; a run goes on with the next so many until nothing is due.
BATCH_MAX = 200
# One order that fails is that order's own trouble; so many in a row are the platform's, which is left alone then.
AWAY_AFTER = 4
# What is tried every hour and still stands two days after its day does not go away by itself.
LATE_AFTER = timedelta(days=2)
# A request is given up after a minute, a paused process may wake after hours: nobody writes what was read a day ago.
WATCHED_FOR = timedelta(days=1)
WATCHED = "personal_data.watched"
NOT_ERASED = "order.not_erased"


@dataclass(frozen=True, slots=True)
class _Sides:
    """What an erasure touches."""

    vault: Vault
    orders: CommerceOrders
    inbox: Inbox
    cursors: Cursors
    lock: Lock
    order_number: Callable[[AmazonOrderId], OrderNumber]
    now: datetime


@dataclass(slots=True)
class _Looked:
    """What came of some orders in commercetools. `away`: the platform does not answer, so the rest was not tried."""

    redacted: list[AmazonOrderId] = field(default_factory=list)
    absent: list[AmazonOrderId] = field(default_factory=list)
    failed: dict[AmazonOrderId, RemoteError] = field(default_factory=dict)
    away: Unavailable | None = None


def erase_personal_data(
    *,
    vault: Vault,
    orders: CommerceOrders,
    inbox: Inbox,
    cursors: Cursors,
    lock: Lock,
    order_number: Callable[[AmazonOrderId], OrderNumber],
    now: datetime,
) -> tuple[list[AmazonOrderId], list[str]]:
    """Erase all that is due: the orders it was, and their certificates, one a batch and day. Nothing to do is two empty lists.

    `lock`: of the drain that imports. Unavailable where commercetools does not answer at all; what was redacted before is erased.
    """
    sides = _Sides(vault, orders, inbox, cursors, lock, order_number, now)
    erased: list[AmazonOrderId] = []
    certificates: list[str] = []
    left: list[AmazonOrderId] = []

    while due := vault.due(now.date(), BATCH_MAX, but=left):
        looked = _redact_each(due, sides)
        done, proofs = _erase(looked, sides)
        inbox.clear_cases(done, NOT_ERASED, now)
        erased += done
        certificates += proofs
        left += [order_id for order_id in due if order_id not in set(done)]
        _tell_late(looked.failed, left, sides)
        if looked.away is not None:
            raise looked.away

    _look_again(sides)
    return erased, certificates


def _redact_each(order_ids: Iterable[AmazonOrderId], sides: _Sides) -> _Looked:
    """Take the person off each of these orders. A refusal is a case at once; what only failed is tried again by the next run."""
    looked = _Looked()
    in_a_row = 0
    for order_id in order_ids:
        try:
            kept_by = looked.redacted if _redact(order_id, sides) else looked.absent
            kept_by.append(order_id)
            in_a_row = 0
        except Unavailable as fault:
            looked.failed[order_id] = fault
            in_a_row += 1
            if in_a_row == AWAY_AFTER:
                looked.away = fault
                break
        except (Rejected, Conflict) as fault:
            looked.failed[order_id] = fault
            in_a_row = 0
            if isinstance(fault, Rejected):
                _tell(order_id, fault, sides)
    return looked


def _redact(order_id: AmazonOrderId, sides: _Sides) -> bool:
    """Whether commercetools has the order, which holds nothing of the person any more then."""
    imported = _find_ours(order_id, sides)
    if imported is None:
        return False
    sides.orders.redact(imported)
    return True


def _erase(looked: _Looked, sides: _Sides) -> tuple[list[AmazonOrderId], list[str]]:
    """Delete what commercetools holds nothing of any more. What it does not have could be on its way there, so that waits until no drain runs."""
    if not looked.absent:
        return looked.redacted, sides.vault.erase(looked.redacted, sides.now)
    with sides.lock() as held:
        gone: list[AmazonOrderId] = []
        if held is not None:
            numbers = {order_id: sides.order_number(order_id) for order_id in looked.absent}
            came = sides.orders.existing(list(numbers.values()))
            gone = [
                order_id
                for order_id, number in numbers.items()
                if number not in came or _is_foreign(order_id, looked, sides)
            ]
            watched = _watched(sides.cursors) | dict.fromkeys(gone, sides.now)
            _watch(watched, sides)
        done = sorted([*looked.redacted, *gone])
        return done, sides.vault.erase(done, sides.now)


def _is_foreign(order_id: AmazonOrderId, looked: _Looked, sides: _Sides) -> bool:
    """Whether what stands under our number is somebody else's order. What cannot be read waits for the next run, and holds up no other."""
    try:
        return _find_ours(order_id, sides) is None
    except (Unavailable, Rejected) as fault:
        looked.failed[order_id] = fault
        return False


def _find_ours(order_id: AmazonOrderId, sides: _Sides) -> ImportedOrder | None:
    """The commercetools order that is this Amazon order: by its field or its lines, or where the merchant replaced our type, by our link."""
    imported = sides.orders.find(sides.order_number(order_id))
    if imported is None or is_order(imported, order_id, frozenset()):
        return imported
    record = sides.inbox.find(order_id)
    if record is None:
        return None
    is_linked = record.link is not None and record.link.commercetools_id == imported.commercetools_id
    return imported if is_linked or is_order(imported, order_id, _item_ids(record.snapshot)) else None


def _item_ids(snapshot: bytes) -> frozenset[str]:
    """The ids of an order's items; none where the order could not be read when it arrived."""
    return frozenset(item["order_item_id"] for item in json.loads(snapshot).get("items", []))


def _look_again(sides: _Sides) -> None:
    """Redact what a lost write brought to commercetools after its erasure, and let its record see what became of it.

    What came and was not redacted stays on the list however old it is, also where commercetools was away before its turn.
    """
    if not _watched(sides.cursors):
        return
    with sides.lock() as held:
        if held is None:
            return
        watched = _watched(sides.cursors)
        came = sides.orders.existing([sides.order_number(order_id) for order_id in watched])
        late = [order_id for order_id in watched if sides.order_number(order_id) in came]
        # What is sealed again has its day again.
        sealed = sides.vault.find(late)
        looked = _redact_each([order_id for order_id in late if order_id not in sealed], sides)
        sides.inbox.wake(looked.redacted, sides.now)
        sides.inbox.clear_cases(looked.redacted, NOT_ERASED, sides.now)
        done = {*looked.redacted, *sealed}
        to_redact = set(late) - done - set(looked.absent)
        still = {
            order_id: at
            for order_id, at in watched.items()
            if order_id in to_redact or (order_id not in done and at > sides.now - WATCHED_FOR)
        }
        _watch(still, sides)


def _watched(cursors: Cursors) -> dict[AmazonOrderId, datetime]:
    found = cursors.find(WATCHED) or {}
    return {AmazonOrderId(order_id): datetime.fromisoformat(at) for order_id, at in found.items()}


def _watch(watched: Mapping[AmazonOrderId, datetime], sides: _Sides) -> None:
    sides.cursors.save(WATCHED, {order_id: at.isoformat() for order_id, at in watched.items()}, sides.now)


def _tell_late(failed: Mapping[AmazonOrderId, RemoteError], left: Sequence[AmazonOrderId], sides: _Sides) -> None:
    """A case for each that failed and should have gone days ago."""
    if not failed:
        return
    late = set(sides.vault.due((sides.now - LATE_AFTER).date(), len(left)))
    for order_id, fault in failed.items():
        if order_id in late and not isinstance(fault, Rejected):
            _tell(order_id, fault, sides)


def _tell(order_id: AmazonOrderId, fault: RemoteError, sides: _Sides) -> None:
    facts = {"operation": fault.operation, "request_id": fault.request_id}
    if isinstance(fault, Rejected):
        facts |= {"code": fault.code, "field": fault.pointer}
    sides.inbox.raise_case(
        order_id, Case(NOT_ERASED, {name: value for name, value in facts.items() if value}), sides.now
    )
