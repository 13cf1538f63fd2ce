"""The update actions of one order: what a decided change sends, and what takes a person off the order.

Source: the order's update actions of the published API model. Each is made so that sending it twice ends the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from crossdock.commercetools.order_draft import address_draft, field_value
from crossdock.domain.order import ImportedOrder
from crossdock.domain.order_changes import ChangeOrder
from crossdock.domain.order_fields import PERSONAL_LINE_FIELDS, PERSONAL_ORDER_FIELDS

# What commercetools takes in one update (its documented limit); an order of hundreds of lines has more.
ACTIONS_MAX = 500


def slices(actions: Sequence[dict[str, Any]]) -> Iterator[Sequence[dict[str, Any]]]:
    """The actions in their order, as many at once as one update may have; one empty slice where there are none."""
    for start in range(0, max(len(actions), 1), ACTIONS_MAX):
        yield actions[start : start + ACTIONS_MAX]


def change_actions(decision: ChangeOrder) -> list[dict[str, Any]]:
    """All that a decided change does to the order."""
    actions: list[dict[str, Any]] = []
    if decision.order_state is not None:
        actions.append({"action": "changeOrderState", "orderState": decision.order_state})
    if decision.shipment_state is not None:
        actions.append({"action": "changeShipmentState", "shipmentState": decision.shipment_state})
    if decision.recipient is not None:
        actions.append({"action": "setShippingAddress", "address": address_draft(decision.recipient)})
    if decision.type_fields is not None:
        values = {name: field_value(value) for name, value in decision.type_fields.items()}
        actions.append(
            {"action": "setCustomType", "type": {"typeId": "type", "key": decision.type_key}, "fields": values}
        )
    for name, value in decision.fields.items():
        actions.append(
            {"action": "setCustomField", "name": name} | ({} if value is None else {"value": field_value(value)})
        )
    for line_id, fields in decision.line_fields.items():
        actions += [_line_action(line_id, name, value, custom=False) for name, value in fields.items()]
    if decision.sync_channel is not None:
        channel = {"typeId": "channel", "key": decision.sync_channel}
        actions.append({"action": "updateSyncInfo", "channel": channel, "externalId": decision.sync_id})
    return actions


def redact_actions(imported: ImportedOrder) -> list[dict[str, Any]]:
    """All that takes a person off the order: every address it has a place for, e-mail, purchase order number, and our personal fields."""
    actions: list[dict[str, Any]] = [
        {"action": "setShippingAddress"},
        {"action": "setBillingAddress"},
        {"action": "setCustomerEmail"},
        {"action": "setPurchaseOrderNumber"},
    ]
    actions += [
        {"action": "setDeliveryAddress", "deliveryId": delivery_id} for delivery_id in imported.addressed_deliveries
    ]
    # An address that a line names cannot be removed, so the lines forget theirs first.
    for line in imported.lines:
        if line.names_addresses and imported.item_addresses:
            kind = "customLineItem" if line.custom else "lineItem"
            actions.append({"action": f"set{kind[0].upper()}{kind[1:]}ShippingDetails", f"{kind}Id": line.line_id})
    actions += [{"action": "removeItemShippingAddress", "addressKey": key} for key in imported.item_addresses]
    actions += [{"action": "setCustomField", "name": name} for name in PERSONAL_ORDER_FIELDS if name in imported.fields]
    for line in imported.lines:
        held = [name for name in PERSONAL_LINE_FIELDS if name in line.fields]
        actions += [_line_action(line.line_id, name, None, custom=line.custom) for name in held]
    return actions


def _line_action(line_id: str, name: str, value: object | None, *, custom: bool) -> dict[str, Any]:
    action = (
        {"action": "setCustomLineItemCustomField", "customLineItemId": line_id}
        if custom
        else {"action": "setLineItemCustomField", "lineItemId": line_id}
    )
    return action | {"name": name} | ({} if value is None else {"value": field_value(value)})
