"""What can be changed on an order in commercetools, and the message each change sends.

No action changes lines, quantities or prices: the platform has none.
"""

from typing import Any

from crossdock.twin.commercetools_bodies import stored_time, update_of
from crossdock.twin.commercetools_custom import set_custom_field, set_custom_type, stored_address
from crossdock.twin.commercetools_deliveries import add_delivery, add_parcel, set_address, set_tracking
from crossdock.twin.commercetools_drafts import Address, Custom, Identifier, OrderState, PaymentState, ShipmentState
from crossdock.twin.commercetools_inventory import channel_with_role
from crossdock.twin.commercetools_item_addresses import (
    add_item_address,
    line_of,
    remove_item_address,
    set_shipping_details,
)
from crossdock.twin.commercetools_order_drafts import (
    DeliveryItem,
    Measurements,
    Parcel,
    ShippingDetails,
    TrackingData,
)
from crossdock.twin.commercetools_payments import add_payment, remove_payment
from crossdock.twin.commercetools_project import Project, Stamp
from crossdock.twin.commercetools_refusals import Json, invalid_input, invalid_operation
from crossdock.twin.commercetools_updates import Act, Edit, apply, custom_shapes, setter, shape


def update_order(project: Project, order: Json, update: Json, stamp: Stamp) -> Json:
    """Update an order; give it as it is afterwards."""
    return apply(project, project.orders, order, update, actions=_ACTIONS, stamp=stamp)


def _change_state(name: str, message: str) -> Act:
    """Make the action that changes one of the order's states; the same state again is no change."""
    old = "old" + name[0].upper() + name[1:]

    def act(edit: Edit, action: Json) -> None:
        before = edit.set(name, action[name])
        if before != action[name]:
            edit.tell(message, **{name: action[name], old: before})

    return act


def _set_address(name: str, message: str) -> Act:
    """Make the action that sets or removes one of the order's addresses."""

    def act(edit: Edit, action: Json) -> None:
        address = stored_address(edit.project, action["address"]) if "address" in action else None
        before = edit.set(name, address)
        edit.tell(message, address=address, oldAddress=before)

    return act


def _set_customer_email(edit: Edit, action: Json) -> None:
    """Set or remove the customer's e-mail address."""
    before = edit.set("customerEmail", action.get("email"))
    edit.tell("OrderCustomerEmailSet", email=action.get("email"), oldEmail=before)


def _set_customer_id(edit: Edit, action: Json) -> None:
    """Give the order to another customer, or to none."""
    customer_id = action.get("customerId")
    customer = edit.project.find("customer", {"id": customer_id}) if customer_id is not None else None
    before = edit.set("customerId", customer_id)
    edit.tell(
        "OrderCustomerSet",
        customer={"typeId": "customer", "id": customer_id} if customer else None,
        oldCustomer={"typeId": "customer", "id": before} if before else None,
    )


def _set_order_number(edit: Edit, action: Json) -> None:
    """Give the order its number, once."""
    if "orderNumber" in edit.resource:
        raise invalid_operation("The order number is already set and cannot be changed.")
    edit.project.orders.check_unique("orderNumber", action.get("orderNumber"))
    edit.set("orderNumber", action.get("orderNumber"))


def _set_type(edit: Edit, action: Json) -> None:
    """Replace or remove the order's type and custom fields."""
    before = edit.resource.get("custom")
    set_custom_type(edit.project, edit.resource, action, "order")
    previous = before["type"]["id"] if before else None
    if "custom" in edit.resource:
        edit.tell("OrderCustomTypeSet", customFields=edit.resource["custom"], previousTypeId=previous)
    else:
        edit.tell("OrderCustomTypeRemoved", previousTypeId=previous)


def _set_field(edit: Edit, action: Json) -> None:
    """Set or remove one custom field of the order."""
    before, after = set_custom_field(edit.project, edit.resource, action)
    if after is None:
        edit.tell("OrderCustomFieldRemoved", name=action["name"])
    elif before is None:
        edit.tell("OrderCustomFieldAdded", name=action["name"], value=after)
    elif before != after:
        edit.tell("OrderCustomFieldChanged", name=action["name"], value=after, previousValue=before)


def _set_item_type(kind: str, resource_type_id: str) -> Act:
    """Make the action that replaces or removes the type and custom fields of a line."""

    def act(edit: Edit, action: Json) -> None:
        set_custom_type(edit.project, line_of(edit, action, kind), action, resource_type_id)

    return act


def _set_item_field(kind: str) -> Act:
    """Make the action that sets or removes one custom field of a line."""

    def act(edit: Edit, action: Json) -> None:
        set_custom_field(edit.project, line_of(edit, action, kind), action)

    return act


def _update_sync_info(edit: Edit, action: Json) -> None:
    """Note that the order was exported to, or imported from, a channel; there is one note for each channel."""
    channel = channel_with_role(edit.project, action["channel"], "OrderExport", "OrderImport")
    synced_at = stored_time(action.get("syncedAt", edit.stamp.at))
    if synced_at is None:
        raise invalid_input("syncedAt is not a valid date and time.")
    info = {"channel": channel, "syncedAt": synced_at}
    if "externalId" in action:
        info["externalId"] = action["externalId"]
    others = [each for each in edit.resource["syncInfo"] if each["channel"] != channel]
    edit.resource["syncInfo"] = [*others, info]


def _transition_state(edit: Edit, action: Json) -> None:
    """Move the order to another state of the merchant's own workflow."""
    state = edit.project.find("state", action["state"])
    if state["type"] != "OrderState":
        raise invalid_operation(f"The state '{state['key']}' is not an OrderState.")
    current = edit.resource.get("state")
    if not action.get("force", False):
        _check_transition(edit.project, current, state)
    reference = {"typeId": "state", "id": state["id"]}
    edit.set("state", reference)
    edit.tell("OrderStateTransition", state=reference, oldState=current, force=action.get("force", False))


def _check_transition(project: Project, current: Json | None, state: Json) -> None:
    """Refuse a transition the workflow does not have."""
    if current is None:
        if not state["initial"]:
            raise invalid_operation(f"The state '{state['key']}' is not an initial state.")
        return
    transitions = project.find("state", current).get("transitions")
    if transitions is not None and state["id"] not in {each["id"] for each in transitions}:
        raise invalid_operation(f"There is no transition to the state '{state['key']}'.")


_ACTIONS: dict[str, Act] = {
    "changeOrderState": _change_state("orderState", "OrderStateChanged"),
    "changeShipmentState": _change_state("shipmentState", "OrderShipmentStateChanged"),
    "changePaymentState": _change_state("paymentState", "OrderPaymentStateChanged"),
    "transitionState": _transition_state,
    "setShippingAddress": _set_address("shippingAddress", "OrderShippingAddressSet"),
    "setBillingAddress": _set_address("billingAddress", "OrderBillingAddressSet"),
    "addItemShippingAddress": add_item_address,
    "removeItemShippingAddress": remove_item_address,
    "setCustomerEmail": _set_customer_email,
    "setCustomerId": _set_customer_id,
    "setOrderNumber": _set_order_number,
    "setPurchaseOrderNumber": setter(
        "purchaseOrderNumber", "OrderPurchaseOrderNumberSet", old="oldPurchaseOrderNumber"
    ),
    "setCustomType": _set_type,
    "setCustomField": _set_field,
    "setLineItemCustomType": _set_item_type("lineItem", "line-item"),
    "setLineItemCustomField": _set_item_field("lineItem"),
    "setLineItemShippingDetails": set_shipping_details("lineItem"),
    "setCustomLineItemShippingDetails": set_shipping_details("customLineItem"),
    "setCustomLineItemCustomType": _set_item_type("customLineItem", "custom-line-item"),
    "setCustomLineItemCustomField": _set_item_field("customLineItem"),
    "updateSyncInfo": _update_sync_info,
    "addDelivery": add_delivery,
    "setDeliveryAddress": set_address,
    "addParcelToDelivery": add_parcel,
    "setParcelTrackingData": set_tracking,
    "addPayment": add_payment,
    "removePayment": remove_payment,
}


def _item_shapes(kind: str, name: str) -> tuple[Any, Any, Any]:
    """Make the shapes of the actions on a line's custom fields, and on where its units go."""
    named = {f"{kind}Id": str | None, f"{kind}Key": str | None}
    fields = dict[str, Any] | None
    return (
        shape(f"set{name}CustomType", type=Identifier | None, fields=fields, **named),
        shape(f"set{name}CustomField", name=str, value=Any, **named),
        shape(f"set{name}ShippingDetails", shippingDetails=ShippingDetails | None, **named),
    )


ORDER_UPDATE = update_of(
    shape("changeOrderState", orderState=OrderState),
    shape("changeShipmentState", shipmentState=ShipmentState),
    shape("changePaymentState", paymentState=PaymentState),
    shape("transitionState", state=Identifier, force=bool | None),
    shape("setShippingAddress", address=Address | None),
    shape("setBillingAddress", address=Address | None),
    shape("addItemShippingAddress", address=Address),
    shape("removeItemShippingAddress", addressKey=str),
    shape("setCustomerEmail", email=str | None),
    shape("setCustomerId", customerId=str | None),
    shape("setOrderNumber", orderNumber=str | None),
    shape("setPurchaseOrderNumber", purchaseOrderNumber=str | None),
    *custom_shapes(),
    *_item_shapes("lineItem", "LineItem"),
    *_item_shapes("customLineItem", "CustomLineItem"),
    shape("updateSyncInfo", channel=Identifier, externalId=str | None, syncedAt=str | None),
    shape(
        "addDelivery",
        deliveryKey=str | None,
        items=list[DeliveryItem] | None,
        address=Address | None,
        parcels=list[Parcel] | None,
        custom=Custom | None,
    ),
    shape(
        "addParcelToDelivery",
        deliveryId=str | None,
        deliveryKey=str | None,
        parcelKey=str | None,
        measurements=Measurements | None,
        trackingData=TrackingData | None,
        items=list[DeliveryItem] | None,
        custom=Custom | None,
    ),
    shape("setDeliveryAddress", deliveryId=str | None, deliveryKey=str | None, address=Address | None),
    shape("setParcelTrackingData", parcelId=str | None, parcelKey=str | None, trackingData=TrackingData | None),
    shape("addPayment", payment=Identifier),
    shape("removePayment", payment=Identifier),
)
