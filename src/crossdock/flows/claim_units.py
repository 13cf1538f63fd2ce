"""What Amazon sold of one SKU leaves its entry in commercetools, once, and comes back when the order is cancelled.

Rule: a sale is claimed on the entry before the hold counts it, a cancellation is counted before it is given back. Killed in between, a unit is missing from
what may be listed until the next run; it is never there twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from crossdock.domain import on_sale
from crossdock.domain.case import Case
from crossdock.domain.cover import PREFIX
from crossdock.domain.inventory import StockEntry
from crossdock.domain.stock_record import SETTLED_AFTER, SoldLine, StockRecord, claimed, entry_to_take_from
from crossdock.domain.timeline import Event
from crossdock.ports import CommerceStock, StockBook


@dataclass(frozen=True, slots=True)
class Claimed:
    """The entries and the record after it. `missing`: units that no entry could give; `restocked`: Amazon may have put some on sale again."""

    entries: tuple[StockEntry, ...]
    record: StockRecord
    missing: int = 0
    restocked: bool = False
    cases: tuple[Case, ...] = ()
    events: tuple[Event, ...] = ()


def claim_units(
    record: StockRecord,
    entries: Sequence[StockEntry],
    lines: Sequence[SoldLine],
    *,
    inventory: CommerceStock,
    stock: StockBook,
    now: datetime,
) -> Claimed:
    """Bring entries and hold in step with what was sold of one SKU. `entries`: of its pool, in the policy's order; Conflict where one has moved."""
    at, events, missing = list(entries), [], 0
    noted = claimed(at)
    for line in lines:
        entry = noted.get(line.claim_number) or entry_to_take_from(at, line.units)
        if line.units <= (entry.claims.get(line.claim_number, 0) if entry else 0):
            continue
        if entry is None:
            missing += line.units
            continue
        _put(at, inventory.claim(entry, line.units, line.claim_number))
        events.append(Event("stock.claimed", {"order": line.order_id, "units": str(line.units)}))

    uncounted = [line for line in lines if line.units != line.counted]
    if uncounted:
        record = replace(record, on_sale=counted(record, uncounted))
        record = stock.save(lines[0].seller_sku, record, now, counted=uncounted)

    noted = claimed(at)
    for line in lines:
        entry = noted.get(line.claim_number)
        if entry is None or line.units >= entry.claims[line.claim_number]:
            continue
        entry = next(each for each in at if each.entry_id == entry.entry_id)
        back = inventory.claim(entry, line.units, line.claim_number) if line.units else None
        _put(at, back or inventory.unclaim(entry, line.claim_number))
        events.append(Event("stock.given_back", {"order": line.order_id}))

    _forget(at, lines, inventory=inventory, stock=stock, now=now)
    cases = (Case("stock.no_entry", {"units": str(missing)}),) if missing else ()
    restocked = any(line.units < line.counted for line in uncounted)
    return Claimed(tuple(at), record, missing, restocked, cases, tuple(events))


def counted(record: StockRecord, lines: Sequence[SoldLine]) -> on_sale.OnSale:
    """What may be on sale, with these lines' news in it."""
    state = record.on_sale
    for line in lines:
        if line.units > line.counted:
            state = on_sale.sold(state, line.units - line.counted, line.made_at.timestamp())
        else:
            state = on_sale.cancelled(state, line.counted - line.units)
    return state


def _forget(
    entries: list[StockEntry], lines: Sequence[SoldLine], *, inventory: CommerceStock, stock: StockBook, now: datetime
) -> None:
    """Final orders give their room on the entry to others. Settled first: what is forgotten while it could still be claimed would be taken again.

    A run that was killed in between left notes of lines that are settled: they go now. Of what nobody knows the note stays.
    """
    over = [line for line in lines if line.final and line.told_at < now - SETTLED_AFTER]
    noted = {number for number in claimed(entries) if not number.startswith(PREFIX)}
    unread = noted - {line.claim_number for line in lines}
    if not over and not unread:
        return
    numbers = stock.settle(over, sorted(unread))
    for entry in list(entries):
        _put(entries, inventory.forget_claims(entry, numbers))


def _put(entries: list[StockEntry], changed: StockEntry) -> None:
    entries[[entry.entry_id for entry in entries].index(changed.entry_id)] = changed
