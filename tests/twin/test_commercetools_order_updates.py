"""Changing orders in the simulated commercetools: versions, all or nothing, and the message of each change."""

from __future__ import annotations

import pytest

from tests.twin.commercetools_caller import Json, Shop, a_custom_line, a_line, a_shipping, eur


@pytest.fixture
def shop() -> Shop:
    """A project with three goods, and a type for orders and their lines."""
    shop = Shop()
    fields: dict[str, str | Json] = {"amazon-id": "String", "amazon-units": "Number"}
    shop.project.add_type("amazon", ["order", "line-item", "custom-line-item"], fields)
    return shop


def test_an_update_raises_the_version_and_tells(shop: Shop) -> None:
    """Each action that changes something counts, and its message carries old and new."""
    order = shop.import_order(orderNumber="303-1")
    shop.wait(minutes=1)
    updated = shop.update(
        f"/orders/{order['id']}",
        1,
        {"action": "changeOrderState", "orderState": "Confirmed"},
        {"action": "changeShipmentState", "shipmentState": "Ready"},
        {"action": "changePaymentState", "paymentState": "Paid"},
    )
    assert (updated["version"], updated["orderState"], updated["shipmentState"]) == (4, "Confirmed", "Ready")
    assert updated["lastModifiedAt"] == "2026-11-02T09:01:00.000Z"
    assert shop.messages(order["id"]) == [
        "OrderImported",
        "OrderStateChanged",
        "OrderShipmentStateChanged",
        "OrderPaymentStateChanged",
    ]
    told = shop.find("/messages", 'type = "OrderStateChanged"')[0]
    assert (told["orderState"], told["oldOrderState"], told["resourceVersion"]) == ("Confirmed", "Open", 2)
    assert told["resourceUserProvidedIdentifiers"] == {"orderNumber": "303-1"}


def test_an_update_from_an_old_version_is_refused(shop: Shop) -> None:
    """The refusal tells the current version."""
    shop.import_order(orderNumber="303-1")
    action = {"action": "changeOrderState", "orderState": "Confirmed"}
    shop.update("/orders/order-number=303-1", 1, action)
    refused = shop.refused("POST", "/orders/order-number=303-1", {"version": 1, "actions": [action]})
    assert (refused["status"], refused["code"], refused["currentVersion"]) == (409, "ConcurrentModification", 2)


def test_an_update_takes_effect_as_a_whole_or_not_at_all(shop: Shop) -> None:
    """One action that cannot be done undoes those before it, and nothing is told."""
    order = shop.import_order()
    actions = [
        {"action": "changeOrderState", "orderState": "Cancelled"},
        {"action": "setCustomerId", "customerId": "nobody"},
    ]
    refused = shop.refused("POST", f"/orders/{order['id']}", {"version": 1, "actions": actions})
    assert refused["code"] == "ReferencedResourceNotFound"
    assert shop.get(f"/orders/{order['id']}") == order
    assert shop.messages(order["id"]) == ["OrderImported"]


def test_an_update_that_changes_nothing_raises_no_version(shop: Shop) -> None:
    """The same state again is no change."""
    order = shop.import_order()
    again = shop.update(f"/orders/{order['id']}", 1, {"action": "changeOrderState", "orderState": "Open"})
    assert again == order


def test_five_hundred_actions_are_enough(shop: Shop) -> None:
    """One more is refused."""
    order = shop.import_order()
    actions = [{"action": "setPurchaseOrderNumber", "purchaseOrderNumber": str(n)} for n in range(501)]
    assert shop.refused("POST", f"/orders/{order['id']}", {"version": 1, "actions": actions})["code"] == "InvalidInput"
    assert shop.update(f"/orders/{order['id']}", 1, *actions[:500])["version"] == 501


@pytest.mark.parametrize("action", [{"action": "changeLineItemQuantity"}, {"action": "changeOrderState"}, {}])
def test_an_action_must_be_known_and_complete(shop: Shop, action: Json) -> None:
    """There is no action that changes quantities, and none without its input."""
    order = shop.import_order()
    refused = shop.refused("POST", f"/orders/{order['id']}", {"version": 1, "actions": [action]})
    assert refused["code"] == "InvalidJsonInput"


def test_personal_data_can_be_taken_out(shop: Shop) -> None:
    """Addresses and e-mail are removed by setting them to nothing; what was there is still in the messages."""
    address = {"country": "DE", "lastName": "Test Buyer 7", "streetName": "1 Example Street"}
    order = shop.import_order(shippingAddress=address, billingAddress=address, customerEmail="buyer@example.com")
    actions = [{"action": f"set{name}"} for name in ("ShippingAddress", "BillingAddress", "CustomerEmail")]
    redacted = shop.update(f"/orders/{order['id']}", 1, *actions)
    told = shop.find("/messages", 'type = "OrderShippingAddressSet"')[0]
    assert {"shippingAddress", "billingAddress", "customerEmail"}.isdisjoint(redacted)
    assert told["oldAddress"] == address
    assert "address" not in told
    assert shop.find("/messages", 'type = "OrderCustomerEmailSet"')[0]["oldEmail"] == "buyer@example.com"


def test_an_order_number_is_set_once(shop: Shop) -> None:
    """It cannot be changed, and not be another order's."""
    shop.import_order(orderNumber="303-1")
    order = shop.import_order()
    path = f"/orders/{order['id']}"
    taken = {"version": 1, "actions": [{"action": "setOrderNumber", "orderNumber": "303-1"}]}
    assert shop.refused("POST", path, taken)["code"] == "DuplicateField"
    assert shop.update(path, 1, {"action": "setOrderNumber", "orderNumber": "303-2"})["orderNumber"] == "303-2"
    again = {"version": 2, "actions": [{"action": "setOrderNumber", "orderNumber": "303-3"}]}
    assert shop.refused("POST", path, again)["code"] == "InvalidOperation"
    assert shop.get("/orders/order-number=303-2")["id"] == order["id"]


def test_custom_fields_of_an_order_change(shop: Shop) -> None:
    """A field is added, changed and removed, each with its message; without a type there is none to set."""
    order = shop.import_order()
    path = f"/orders/{order['id']}"
    no_type = {"version": 1, "actions": [{"action": "setCustomField", "name": "amazon-id", "value": "x"}]}
    assert shop.refused("POST", path, no_type)["code"] == "InvalidOperation"
    typed = shop.update(path, 1, {"action": "setCustomType", "type": {"key": "amazon"}, "fields": {"amazon-id": "a"}})
    changed = shop.update(
        path,
        typed["version"],
        {"action": "setCustomField", "name": "amazon-units", "value": 2},
        {"action": "setCustomField", "name": "amazon-id", "value": "b"},
        {"action": "setCustomField", "name": "amazon-units", "value": None},
    )
    assert changed["custom"]["fields"] == {"amazon-id": "b"}
    assert shop.messages(order["id"])[1:] == [
        "OrderCustomTypeSet",
        "OrderCustomFieldAdded",
        "OrderCustomFieldChanged",
        "OrderCustomFieldRemoved",
    ]
    gone = {"version": changed["version"], "actions": [{"action": "setCustomField", "name": "amazon-units"}]}
    assert shop.refused("POST", path, gone)["code"] == "InvalidOperation"
    assert "custom" not in shop.update(path, changed["version"], {"action": "setCustomType"})


def test_custom_fields_of_lines_change(shop: Shop) -> None:
    """Lines and custom lines are named by id or by key."""
    order = shop.import_order(
        lineItems=[a_line(), a_line("POT", key="second")], customLineItems=[a_custom_line(key="gift")]
    )
    updated = shop.update(
        f"/orders/{order['id']}",
        1,
        {"action": "setLineItemCustomType", "lineItemId": order["lineItems"][0]["id"], "type": {"key": "amazon"}},
        {
            "action": "setLineItemCustomField",
            "lineItemId": order["lineItems"][0]["id"],
            "name": "amazon-units",
            "value": 1,
        },
        {
            "action": "setLineItemCustomType",
            "lineItemKey": "second",
            "type": {"key": "amazon"},
            "fields": {"amazon-id": "z"},
        },
        {"action": "setCustomLineItemCustomType", "customLineItemKey": "gift", "type": {"key": "amazon"}},
        {
            "action": "setCustomLineItemCustomField",
            "customLineItemKey": "gift",
            "name": "amazon-id",
            "value": "g",
        },
    )
    lines = [*updated["lineItems"], *updated["customLineItems"]]
    assert [line["custom"]["fields"] for line in lines] == [{"amazon-units": 1}, {"amazon-id": "z"}, {"amazon-id": "g"}]


def test_a_parcel_is_followed(shop: Shop) -> None:
    """A delivery, its parcels and their tracking are added, and told without and with the parcels."""
    order = shop.import_order(shippingInfo=a_shipping())
    path, line = f"/orders/{order['id']}", order["lineItems"][0]["id"]
    items = [{"id": line, "quantity": 5}]  # more than was ordered: the platform does not check
    parcel = {"key": "parcel-1", "trackingData": {"trackingId": "00340", "carrier": "DHL"}}
    first = shop.update(path, 1, {"action": "addDelivery", "deliveryKey": "d-1", "items": items, "parcels": [parcel]})
    added = shop.update(path, 2, {"action": "addParcelToDelivery", "deliveryKey": "d-1", "parcelKey": "parcel-2"})
    tracked = shop.update(
        path, 3, {"action": "setParcelTrackingData", "parcelKey": "parcel-2", "trackingData": {"trackingId": "00341"}}
    )
    delivery = tracked["shippingInfo"]["deliveries"][0]
    assert first["shippingInfo"]["deliveries"][0]["parcels"][0]["trackingData"]["isReturn"] is False
    assert len(added["shippingInfo"]["deliveries"][0]["parcels"]) == 2
    assert [each["trackingData"]["trackingId"] for each in delivery["parcels"]] == ["00340", "00341"]
    assert shop.messages(order["id"])[1:] == [
        "DeliveryAdded",
        "ParcelAddedToDelivery",
        "ParcelAddedToDelivery",
        "ParcelTrackingDataUpdated",
    ]
    assert shop.find("/messages", 'type = "DeliveryAdded"')[0]["delivery"]["parcels"] == []
    assert shop.find("/orders", 'shippingInfo(deliveries(parcels(trackingData(trackingId = "00341"))))') == [tracked]


def test_the_address_of_a_delivery_is_set_and_removed(shop: Shop) -> None:
    """By the delivery's id or key; the message tells what was there."""
    order = shop.import_order(shippingInfo=a_shipping())
    path, address = f"/orders/{order['id']}", {"country": "DE", "lastName": "Test Buyer 7"}
    added = shop.update(path, 1, {"action": "addDelivery", "deliveryKey": "d-1", "address": address})
    delivery = added["shippingInfo"]["deliveries"][0]
    other = {"action": "setDeliveryAddress", "deliveryKey": "d-1", "address": address | {"country": "AT"}}
    changed = shop.update(path, 2, other)
    removed = shop.update(path, 3, {"action": "setDeliveryAddress", "deliveryId": delivery["id"]})
    told = shop.find("/messages", 'type = "DeliveryAddressSet" and resourceVersion = 4')[0]
    unknown = {"version": 4, "actions": [{"action": "setDeliveryAddress", "deliveryId": "gone"}]}
    assert delivery["address"] == address
    assert changed["shippingInfo"]["deliveries"][0]["address"]["country"] == "AT"
    assert "address" not in removed["shippingInfo"]["deliveries"][0]
    assert (told["deliveryId"], told["oldAddress"]["country"], "address" in told) == (delivery["id"], "AT", False)
    assert shop.refused("POST", path, unknown)["code"] == "InvalidOperation"


def test_an_address_that_a_line_names_stays(shop: Shop) -> None:
    """It is removed when no line names it any more; its key is the order's only one."""
    order = shop.import_order(lineItems=[a_line(quantity=2)], customLineItems=[a_custom_line(key="gift")])
    path, line = f"/orders/{order['id']}", order["lineItems"][0]["id"]
    add = {"action": "addItemShippingAddress", "address": {"country": "DE", "key": "home"}}
    named = {"targets": [{"addressKey": "home", "quantity": 2}]}
    split = shop.update(
        path,
        1,
        add,
        {"action": "setLineItemShippingDetails", "lineItemId": line, "shippingDetails": named},
        {
            "action": "setCustomLineItemShippingDetails",
            "customLineItemKey": "gift",
            "shippingDetails": {"targets": [{"addressKey": "home", "quantity": 1}]},
        },
    )
    remove = {"action": "removeItemShippingAddress", "addressKey": "home"}
    forget = [
        {"action": "setLineItemShippingDetails", "lineItemId": line},
        {"action": "setCustomLineItemShippingDetails", "customLineItemKey": "gift"},
    ]
    assert split["lineItems"][0]["shippingDetails"] == named | {"valid": True}
    assert shop.refused("POST", path, {"version": 4, "actions": [remove]})["code"] == "InvalidOperation"
    assert shop.refused("POST", path, {"version": 4, "actions": [forget[0], remove]})["code"] == "InvalidOperation"
    assert shop.refused("POST", path, {"version": 4, "actions": [add]})["code"] == "DuplicateField"
    together = shop.update(path, 4, *forget, remove)
    assert together["itemShippingAddresses"] == []
    assert "shippingDetails" not in together["lineItems"][0]


@pytest.mark.parametrize(
    "action",
    [
        {"action": "addItemShippingAddress", "address": {"country": "DE"}},
        {"action": "removeItemShippingAddress", "addressKey": "gone"},
        {"action": "setLineItemShippingDetails", "shippingDetails": {"targets": [{"addressKey": "x", "quantity": 1}]}},
        {"action": "setLineItemShippingDetails", "shippingDetails": {"targets": []}},
    ],
)
def test_addresses_of_lines_must_fit_the_order(shop: Shop, action: Json) -> None:
    """An address has a key, a line names addresses that are there, and all its units go somewhere."""
    order = shop.import_order()
    named = {"lineItemId": order["lineItems"][0]["id"]} if action["action"].startswith("setLine") else {}
    update = {"version": 1, "actions": [action | named]}
    assert shop.refused("POST", f"/orders/{order['id']}", update)["code"] == "InvalidOperation"


@pytest.mark.parametrize(
    ("action", "code"),
    [
        ({"items": [{"id": "no-line", "quantity": 1}]}, "InvalidOperation"),
        ({"deliveryKey": "d-1"}, "DuplicateField"),
        ({"parcels": [{"key": "parcel-1"}]}, "DuplicateField"),
    ],
)
def test_a_delivery_must_fit_the_order(shop: Shop, action: Json, code: str) -> None:
    """Its items are lines of the order, its key and those of its parcels are new."""
    order = shop.import_order(shippingInfo=a_shipping())
    known = {"action": "addDelivery", "deliveryKey": "d-1", "parcels": [{"key": "parcel-1"}]}
    shop.update(f"/orders/{order['id']}", 1, known)
    update = {"version": 2, "actions": [{"action": "addDelivery", **action}]}
    assert shop.refused("POST", f"/orders/{order['id']}", update)["code"] == code


def test_an_order_without_shipping_takes_no_delivery(shop: Shop) -> None:
    """Without shippingInfo there is no place for it."""
    order = shop.import_order()
    update = {"version": 1, "actions": [{"action": "addDelivery"}]}
    assert shop.refused("POST", f"/orders/{order['id']}", update)["code"] == "InvalidOperation"


def test_what_was_synchronised_is_noted_by_channel(shop: Shop) -> None:
    """There is one note for each channel, the latest; the channel needs the role."""
    order = shop.import_order()
    path, channel = f"/orders/{order['id']}", {"typeId": "channel", "key": "amazon-de"}
    wrong = {"version": 1, "actions": [{"action": "updateSyncInfo", "channel": {"key": "warehouse"}}]}
    assert shop.refused("POST", path, wrong)["code"] == "InvalidInput"
    shop.update(path, 1, {"action": "updateSyncInfo", "channel": channel, "externalId": "303-1"})
    synced_at = "2026-11-02T12:00:00Z"
    again = shop.update(path, 2, {"action": "updateSyncInfo", "channel": channel, "syncedAt": synced_at})
    assert [each["syncedAt"] for each in again["syncInfo"]] == ["2026-11-02T12:00:00.000Z"]


def test_an_order_moves_through_the_merchants_own_states(shop: Shop) -> None:
    """The first state is an initial one, and transitions are kept unless forced."""
    end = shop.create("/states", {"key": "end", "type": "OrderState", "initial": False, "transitions": []})
    start = shop.create("/states", {"key": "start", "type": "OrderState", "transitions": [{"key": "end"}]})
    order = shop.import_order()
    path = f"/orders/{order['id']}"
    too_early = {"version": 1, "actions": [{"action": "transitionState", "state": {"key": "end"}}]}
    assert shop.refused("POST", path, too_early)["code"] == "InvalidOperation"
    shop.update(path, 1, {"action": "transitionState", "state": {"key": "start"}})
    assert shop.update(path, 2, {"action": "transitionState", "state": {"key": "end"}})["state"]["id"] == end["id"]
    back = {"action": "transitionState", "state": {"typeId": "state", "id": start["id"]}}
    assert shop.refused("POST", path, {"version": 3, "actions": [back]})["code"] == "InvalidOperation"
    assert shop.update(path, 3, back | {"force": True})["state"]["id"] == start["id"]


def test_an_order_changes_its_customer(shop: Shop) -> None:
    """The customer must be there; without one the order is nobody's."""
    draft = {"email": "Buyer@Example.com", "authenticationMode": "ExternalAuth"}
    customer = shop.create("/customers", draft)["customer"]
    order = shop.import_order(customerId=customer["id"])
    nobody = shop.update(f"/orders/{order['id']}", 1, {"action": "setCustomerId"})
    told = shop.find("/messages", 'type = "OrderCustomerSet"')[0]
    assert order["customerId"] == customer["id"]
    assert "customerId" not in nobody
    assert told["oldCustomer"] == {"typeId": "customer", "id": customer["id"]}


def test_what_was_answered_before_does_not_change_later(shop: Shop) -> None:
    """A message keeps the order as it was imported, whatever happens to it afterwards."""
    order = shop.import_order(totalPrice=eur(1))
    shop.update(f"/orders/{order['id']}", 1, {"action": "changeOrderState", "orderState": "Complete"})
    imported = shop.find("/messages", 'type = "OrderImported"')[0]
    assert imported["order"] == order
