"""What must change on an order that is in commercetools already: states, a few living fields, sync info. Lines never change.

commercetools has no action for lines, quantities or prices of an order, so a changed quantity goes into the line's fields and to a person.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from crossdock.domain.case import Case
from crossdock.domain.order import NOBODY, AmazonOrder, AmazonStatus, FulfilledBy, ImportedOrder, Recipient
from crossdock.domain.order_fields import TEXT_MAX, line_fields_of
from crossdock.domain.order_lifecycle import WAREHOUSE_ORDER_STATES, WAREHOUSE_SHIPMENT_STATES, Move, left_its_fence
from crossdock.domain.timeline import Event

# The rest is written once, at import: it cannot change on Amazon, or it is the merchant's from then on.
LIVING_FIELDS = ("amazon-status", "amazon-ship-by", "amazon-deliver-by", "amazon-cancellation-requested")
LIVING_LINE_FIELDS = ("amazon-quantity-cancelled", "amazon-quantity-to-ship")


@dataclass(frozen=True, slots=True)
class ChangeOrder:
    """Change this order, all at once, on the version that was read. None as a field's value removes the field.

    `recipient`: the shipping address is replaced by this one.
    """

    imported: ImportedOrder
    order_state: str | None = None
    shipment_state: str | None = None
    fields: Mapping[str, object | None] = field(default_factory=dict)
    line_fields: Mapping[str, Mapping[str, object | None]] = field(default_factory=dict)
    type_fields: Mapping[str, object] | None = None
    type_key: str = ""
    sync_channel: str | None = None
    sync_id: str = ""
    recipient: Recipient | None = None
    cases: tuple[Case, ...] = ()
    events: tuple[Event, ...] = ()

    def is_empty(self) -> bool:
        """Whether nothing would be sent."""
        states = self.order_state is None and self.shipment_state is None
        return (
            states
            and not self.fields
            and not self.line_fields
            and self.type_fields is None
            and self.sync_channel is None
            and self.recipient is None
        )


_STATES: dict[Move, tuple[str | None, str | None]] = {
    Move.MARK_PARTIAL: (None, "Partial"),
    Move.MARK_SHIPPED: ("Complete", "Shipped"),
    Move.CANCEL: ("Cancelled", "Canceled"),
}


def plan_changes(
    order: AmazonOrder,
    imported: ImportedOrder,
    move: Move,
    *,
    fields: Mapping[str, object],
    type_key: str,
    sync_channel: str | None,
    cases: tuple[Case, ...],
    moved_to: Recipient | None = None,
) -> ChangeOrder | None:
    """The change that brings the order in commercetools to what Amazon shows, or None where it is there already. Sync info goes alone, and last."""
    order_state, shipment_state = _STATES.get(move, (None, None))
    events: list[Event] = []
    if order.fulfilled_by == FulfilledBy.AMAZON and left_its_fence(imported) and order_state != "Cancelled":
        seen = {"order_state": imported.order_state, "shipment_state": imported.shipment_state or "absent"}
        events.append(Event("order.fence_restored", seen))
        cases = (*cases, Case("order.fba_left_its_fence", seen, None, order.grand_total))
        # Only what a warehouse would find is put right: an order that was delivered or cancelled stays so.
        if imported.order_state in WAREHOUSE_ORDER_STATES:
            order_state = "Complete"
        if imported.shipment_state in WAREHOUSE_SHIPMENT_STATES:
            shipment_state = "Shipped" if order.status == AmazonStatus.SHIPPED else "Delayed"
    if moved_to is not None:
        events.append(Event("order.address_changed"))
        cases = (*cases, Case("order.address_changed", {}, order.ship_by_at, order.grand_total))
    change = ChangeOrder(
        imported=imported,
        order_state=order_state if order_state != imported.order_state else None,
        shipment_state=shipment_state if shipment_state != imported.shipment_state else None,
        fields=_changed_fields(imported, fields) | _changed_instructions(imported, moved_to),
        line_fields=_changed_line_fields(order, imported),
        type_fields=None if imported.has_type else fields,
        type_key=type_key,
        recipient=moved_to,
        cases=cases,
        events=tuple(events),
    )
    if not change.is_empty():
        return change
    # An update is all or nothing: sync info that is refused must not keep a cancellation back, or an FBA order in front of the warehouse.
    if sync_channel is None or sync_channel in imported.synced_channels:
        return None
    return replace(change, sync_channel=sync_channel, sync_id=order.order_id)


def _changed_fields(imported: ImportedOrder, wanted: Mapping[str, object]) -> dict[str, object | None]:
    """Living fields that differ. An order whose type the merchant replaced has none of ours, and is left alone."""
    if "amazon-order-id" not in imported.fields:
        return {}
    return {name: wanted.get(name) for name in LIVING_FIELDS if wanted.get(name) != imported.fields.get(name)}


def _changed_instructions(imported: ImportedOrder, moved_to: Recipient | None) -> dict[str, object | None]:
    """What the buyer asks of the carrier goes with the address, where our fields are."""
    if moved_to is None or "amazon-order-id" not in imported.fields:
        return {}
    name, wanted = "amazon-delivery-instructions", moved_to.instructions[:TEXT_MAX] or None
    return {} if imported.fields.get(name) == wanted else {name: wanted}


def _changed_line_fields(order: AmazonOrder, imported: ImportedOrder) -> dict[str, dict[str, object | None]]:
    items = {str(item.order_item_id): line_fields_of(item, NOBODY) for item in order.items}
    changed: dict[str, dict[str, object | None]] = {}
    for line in imported.lines:
        wanted = items.get(line.key)
        if wanted is None or "amazon-order-item-id" not in line.fields or line.custom:
            continue
        names = [name for name in LIVING_LINE_FIELDS if wanted.get(name) != line.fields.get(name)]
        if names:
            changed[line.line_id] = {name: wanted.get(name) for name in names}
    return changed
