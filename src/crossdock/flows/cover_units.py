"""What Amazon may sell of one SKU before we hear of it is off the shop's entries for as long: the notes under the cover's number follow what is weighed.

Rule: taken before anything is sent, because it protects what is on sale already. A note is the truth of what is off its entry: an update takes or gives the
difference to it, so that a run that was killed is followed by one that finds it done, or does it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from crossdock.domain import on_sale
from crossdock.domain.cover import cover_number, units_to_cover
from crossdock.domain.ids import SellerSku
from crossdock.domain.inventory import StockEntry
from crossdock.domain.sellable import Decision, SetListed, StockRule
from crossdock.domain.stock_look import sku_stock
from crossdock.domain.stock_record import StockRecord
from crossdock.domain.timeline import Event
from crossdock.errors import Conflict, DataError, RemoteError
from crossdock.flows.known_stock import KnownStock
from crossdock.ports import CommerceStock


def cover_units(
    sku: SellerSku,
    record: StockRecord,
    known: KnownStock,
    entries: Sequence[StockEntry],
    *,
    decision: Decision,
    inventory: CommerceStock,
    rule: StockRule,
    now: datetime,
) -> tuple[StockRecord, tuple[Event, ...], RemoteError | DataError | None]:
    """Let the units be off that are to be, with the set that is sent next; what could not be done, as the fault of it.

    `entries`: of the pool, as they are after the claims.
    """
    number = cover_number(known.covers, sku)
    units = _units(record, known, decision, rule=rule, now=now)
    before = sum(entry.claims.get(number, 0) for entry in (*entries, *known.beside))
    after, fault = 0, None
    for entry, wanted in [*_spread(entries, units, number), *((entry, 0) for entry in known.beside)]:
        held = entry.claims.get(number, 0)
        try:
            after += held if wanted == held else _note(entry, wanted, number, inventory)
        except (RemoteError, DataError) as refused:
            after, fault = after + held, refused
    events = (Event("stock.covered", {"units": str(after)}),) if after != before else ()
    return replace(record, covered=after), events, fault


def _units(record: StockRecord, known: KnownStock, decision: Decision, *, rule: StockRule, now: datetime) -> int:
    if record.fulfilled_by != "MERCHANT" or not record.managed:
        return 0
    state = record.on_sale
    if isinstance(decision, SetListed):
        state = on_sale.sent(state, decision.quantity, now.timestamp())
    left = replace(record, on_sale=state, available=record.available - known.elsewhere)
    return units_to_cover(sku_stock(left, known.outlook, now), rule)


def _spread(entries: Sequence[StockEntry], units: int, number: str) -> Iterator[tuple[StockEntry, int]]:
    """Each entry of the pool with what it keeps back: what it has, in the policy's order, for no entry can keep back what lies in another."""
    for entry in entries:
        has = max(0, entry.available + entry.claims.get(number, 0))
        yield entry, min(units, has)
        units -= min(units, has)


def _note(entry: StockEntry, units: int, number: str, inventory: CommerceStock) -> int:
    """Note it; answers how many units are off the entry then."""
    try:
        _take(entry, units, number, inventory)
    except Conflict:
        # The shop sells it just now, which is when it matters: once more, onto what is there.
        again = [each for each in inventory.read([entry.sku]).entries if each.entry_id == entry.entry_id]
        if not again:
            raise
        [entry] = again
        units = min(units, max(0, entry.available + entry.claims.get(number, 0)))
        _take(entry, units, number, inventory)
    return units


def _take(entry: StockEntry, units: int, number: str, inventory: CommerceStock) -> None:
    if units:
        inventory.claim(entry, units, number)
    else:
        inventory.unclaim(entry, number)
