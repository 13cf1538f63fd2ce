"""What Amazon may sell of one SKU before we hear of it is off the shop's entry for as long: the note under the cover's number follows what is weighed.

Rule: taken before anything is sent, because it protects what is on sale already. The note is the truth of what is off: an update takes or gives the
difference to it, so that a run that was killed is followed by one that finds it done, or does it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from crossdock.domain import on_sale
from crossdock.domain.cover import cover_number, units_to_cover
from crossdock.domain.ids import SellerSku
from crossdock.domain.inventory import StockEntry
from crossdock.domain.sellable import Decision, SetListed, StockRule
from crossdock.domain.stock_look import sku_stock
from crossdock.domain.stock_record import StockRecord, claimed, entry_to_take_from
from crossdock.domain.timeline import Event
from crossdock.errors import Conflict
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
) -> tuple[StockRecord, tuple[Event, ...]]:
    """Let the units be off that are to be, with the set that is sent next. `entries`: of the pool, as they are after the claims."""
    units = _units(record, known, decision, rule=rule, now=now)
    number = cover_number(known.covers, sku)
    shop = known.split.shop if known.split is not None else ()
    noted = claimed([*entries, *shop]).get(number)
    entry = noted or entry_to_take_from(entries, units)
    held = noted.claims[number] if noted else 0
    if units == held or entry is None:
        return replace(record, covered=held), ()
    try:
        _note(entry, units, number, inventory)
    except Conflict:
        # The shop sells it just now, which is when it matters: once more, onto what is there.
        again = [each for each in inventory.read([entry.sku]).entries if each.entry_id == entry.entry_id]
        if not again:
            raise
        _note(again[0], units, number, inventory)
    return replace(record, covered=units), (Event("stock.covered", {"units": str(units)}),)


def _units(record: StockRecord, known: KnownStock, decision: Decision, *, rule: StockRule, now: datetime) -> int:
    if record.fulfilled_by != "MERCHANT" or not record.managed:
        return 0
    state = record.on_sale
    if isinstance(decision, SetListed):
        state = on_sale.sent(state, decision.quantity, now.timestamp())
    left = replace(record, on_sale=state, available=record.available - known.elsewhere)
    return units_to_cover(sku_stock(left, known.outlook, now), rule)


def _note(entry: StockEntry, units: int, number: str, inventory: CommerceStock) -> StockEntry:
    return inventory.claim(entry, units, number) if units else inventory.unclaim(entry, number)
