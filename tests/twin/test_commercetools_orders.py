"""Orders in the simulated commercetools: what an import takes, computes and refuses."""

from __future__ import annotations

from typing import Any

import pytest

from tests.twin.commercetools_caller import (
    Json,
    Shop,
    a_custom_line,
    a_line,
    a_rate,
    a_shipping,
    an_order,
    eur,
)


@pytest.fixture
def shop() -> Shop:
    """A project with three goods."""
    return Shop()


def test_the_smallest_order_gets_the_defaults(shop: Shop) -> None:
    """What a draft leaves out is what the platform says it is."""
    order = shop.import_order(orderNumber="303-1")
    assert order["version"] == 1
    assert (order["orderState"], order["inventoryMode"], order["origin"]) == ("Open", "None", "Customer")
    assert order["createdAt"] == order["lastModifiedAt"] == "2026-11-02T09:00:00.000Z"
    assert order["createdBy"]["clientId"] == "everything"
    assert order["syncInfo"] == order["returnInfo"] == order["customLineItems"] == []
    assert "shipmentState" not in order
    assert shop.get("/orders/order-number=303-1") == shop.get(f"/orders/{order['id']}") == order


def test_the_total_is_stored_as_given(shop: Shop) -> None:
    """Nothing adds up the order's total, not even when it is wrong or negative."""
    order = shop.import_order(totalPrice=eur(-5), taxedPrice=_taxed(80, 95))
    assert order["totalPrice"] == {
        "type": "centPrecision",
        "currencyCode": "EUR",
        "centAmount": -5,
        "fractionDigits": 2,
    }
    assert order["taxedPrice"]["totalTax"]["centAmount"] == 15


def test_a_line_costs_its_price_times_its_quantity(shop: Shop) -> None:
    """The line's total is the one amount the platform computes, negative quantities included."""
    order = shop.import_order(lineItems=[a_line(quantity=3, cents=1999), a_line("POT", quantity=-1, cents=500)])
    assert [line["totalPrice"]["centAmount"] for line in order["lineItems"]] == [5997, -500]


@pytest.mark.parametrize(
    ("price", "quantity", "mode", "total"),
    [
        ((33333, 4), 3, "HalfEven", 1000),
        ((16667, 4), 6, "HalfEven", 1000),
        ((25, 3), 1, "HalfEven", 2),
        ((35, 3), 1, "HalfEven", 4),
        ((25, 3), 1, "HalfUp", 3),
        ((25, 3), 1, "HalfDown", 2),
        ((-25, 3), 1, "HalfEven", -2),
    ],
)
def test_a_high_precision_price_is_multiplied_before_it_is_rounded(
    shop: Shop, price: tuple[int, int], *, quantity: int, mode: str, total: int
) -> None:
    """Three for 10.00 come to 10.00, and a half goes where the order's rounding mode sends it."""
    precise, digits = price
    value = {"type": "highPrecision", "currencyCode": "EUR", "preciseAmount": precise, "fractionDigits": digits}
    line = a_line(quantity=quantity) | {"price": {"value": value}}
    order = shop.import_order(lineItems=[line], priceRoundingMode=mode)
    assert order["lineItems"][0]["totalPrice"]["centAmount"] == total
    assert order["lineItems"][0]["price"]["value"]["preciseAmount"] == precise


@pytest.mark.parametrize("change", [{"fractionDigits": 2}, {"centAmount": 335}, {"fractionDigits": 21}])
def test_a_high_precision_price_must_be_consistent(shop: Shop, change: Json) -> None:
    """Too few or too many digits, or cents that are not next to the precise amount, are refused."""
    price = {"type": "highPrecision", "currencyCode": "EUR", "preciseAmount": 33333, "fractionDigits": 4} | change
    line = a_line() | {"price": {"value": price}}
    assert shop.refused("POST", "/orders/import", an_order(lineItems=[line]))["code"] == "InvalidField"


def test_a_currency_without_cents(shop: Shop) -> None:
    """Five yen are five of the smallest unit."""
    order = shop.import_order(totalPrice={"currencyCode": "JPY", "centAmount": 500})
    assert order["totalPrice"]["fractionDigits"] == 0


@pytest.mark.parametrize(
    ("included", "net", "gross"), [(True, 1680, 1999), (False, 1999, 2379)], ids=["inside", "on top"]
)
def test_tax_is_computed_from_the_rate(shop: Shop, *, included: bool, net: int, gross: int) -> None:
    """A line with a rate and no taxed price gets the platform's own."""
    order = shop.import_order(lineItems=[a_line(taxRate=a_rate(0.19, included=included))])
    taxed = order["lineItems"][0]["taxedPrice"]
    assert (taxed["totalNet"]["centAmount"], taxed["totalGross"]["centAmount"]) == (net, gross)
    assert taxed["totalTax"]["centAmount"] == gross - net


def test_tax_may_be_computed_for_each_unit(shop: Shop) -> None:
    """In the mode UnitPriceLevel each unit is rounded by itself."""
    line = a_line(quantity=3, cents=10, taxRate=a_rate(0.19))
    by_line = shop.import_order(lineItems=[line])["lineItems"][0]["taxedPrice"]
    by_unit = shop.import_order(lineItems=[line], taxCalculationMode="UnitPriceLevel")["lineItems"][0]["taxedPrice"]
    assert (by_line["totalNet"]["centAmount"], by_unit["totalNet"]["centAmount"]) == (25, 24)


def test_a_taxed_price_is_stored_as_given(shop: Shop) -> None:
    """Amounts somebody else computed are kept to the cent, on lines, custom lines and the shipping."""
    order = shop.import_order(
        lineItems=[a_line(taxRate=a_rate(0.19), taxedPrice=_taxed(1, 2))],
        customLineItems=[a_custom_line(taxRate=a_rate(0.07), taxedPrice=_taxed(3, 5))],
        shippingInfo=a_shipping(taxedPrice=_taxed(7, 11)),
    )
    given = [order["lineItems"][0], order["customLineItems"][0], order["shippingInfo"]]
    assert [each["taxedPrice"]["totalTax"]["centAmount"] for each in given] == [1, 2, 4]
    assert order["taxedShippingPrice"] == order["shippingInfo"]["taxedPrice"]


def test_a_taxed_price_of_a_line_needs_its_rate(shop: Shop) -> None:
    """The shipping may do without."""
    draft = an_order(lineItems=[a_line(taxedPrice=_taxed(1, 2))])
    assert shop.refused("POST", "/orders/import", draft)["code"] == "InvalidInput"


def test_an_order_number_is_taken_once(shop: Shop) -> None:
    """The same number again is a duplicate, which names the field and the value."""
    shop.import_order(orderNumber="303-1")
    refused = shop.refused("POST", "/orders/import", an_order(orderNumber="303-1"))
    assert (refused["status"], refused["code"]) == (400, "DuplicateField")
    assert (refused["field"], refused["duplicateValue"]) == ("orderNumber", "303-1")
    assert len(shop.project.orders) == 1


@pytest.mark.parametrize(
    ("changes", "detail"),
    [
        ({"totalPrice": None}, "totalPrice: Missing required value"),
        ({"totalPrice": {"currencyCode": "EUR"}}, "totalPrice -> centAmount: Missing required value"),
        ({"totalPrice": {"currencyCode": "EUR", "centAmount": 1.5}}, "totalPrice -> centAmount"),
        ({"totalPrice": {"currencyCode": "euro", "centAmount": 1}}, "totalPrice -> currencyCode"),
        ({"lineItems": [{"quantity": 1}]}, "lineItems -> 0 -> name: Missing required value"),
        ({"lineItems": [a_line() | {"quantity": "1"}]}, "lineItems -> 0 -> quantity"),
        ({"orderState": "Done"}, "orderState: Invalid enum value 'Done'"),
        ({"shipmentState": "Cancelled"}, "shipmentState: Invalid enum value"),
        ({"shippingAddress": {"city": "Example"}}, "shippingAddress -> country: Missing required value"),
        ({"shippingAddress": {"country": "Germany"}}, "shippingAddress -> country"),
        ({"shippingInfo": {"shippingMethodName": "x", "price": eur(1)}}, "shippingInfo -> shippingRate: Missing"),
        ({"lineItems": [a_line(taxRate=a_rate(19))]}, "lineItems -> 0 -> taxRate -> amount"),
        ({"completedAt": "yesterday"}, "completedAt"),
    ],
)
def test_a_draft_of_the_wrong_shape_is_refused_with_its_path(shop: Shop, changes: Json, detail: str) -> None:
    """Missing fields and wrong kinds of values are named."""
    refused = shop.refused("POST", "/orders/import", an_order(**changes))
    assert refused["code"] == "InvalidJsonInput"
    assert detail in refused["detailedErrorMessage"]


def test_an_order_has_at_least_one_line(shop: Shop) -> None:
    """Custom lines count."""
    assert shop.refused("POST", "/orders/import", an_order(lineItems=[]))["code"] == "InvalidInput"
    assert shop.import_order(lineItems=None, customLineItems=[a_custom_line()])["lineItems"] == []


def test_fields_the_platform_does_not_know_are_dropped(shop: Shop) -> None:
    """They are no error and are not stored."""
    order = shop.import_order(amazonSecret=True, shippingAddress={"country": "DE", "planet": "Earth"})
    assert "amazonSecret" not in order
    assert order["shippingAddress"] == {"country": "DE"}


@pytest.mark.parametrize(
    ("changes", "type_id"),
    [
        ({"lineItems": [a_line("GONE")]}, "product"),
        ({"lineItems": [a_line(supplyChannel={"typeId": "channel", "key": "gone"})]}, "channel"),
        ({"customerId": "gone"}, "customer"),
        ({"custom": {"type": {"typeId": "type", "key": "gone"}}}, "type"),
        ({"store": {"typeId": "store", "key": "gone"}}, "store"),
        ({"state": {"typeId": "state", "id": "gone"}}, "state"),
        ({"paymentInfo": {"payments": [{"typeId": "payment", "id": "gone"}]}}, "payment"),
        ({"customLineItems": [a_custom_line(taxCategory={"key": "gone"})]}, "tax-category"),
    ],
)
def test_what_an_order_refers_to_must_be_there(shop: Shop, changes: Json, type_id: str) -> None:
    """A reference to nothing is refused and names its type."""
    refused = shop.refused("POST", "/orders/import", an_order(**changes))
    assert (refused["code"], refused["typeId"]) == ("ReferencedResourceNotFound", type_id)
    assert len(shop.project.orders) == 0


def test_answers_refer_by_id(shop: Shop) -> None:
    """A draft may name a key; the order holds the id, and the object only when it is asked for."""
    shop.project.add_store("amazon")
    channel = shop.get("/channels/key=warehouse")
    order = shop.import_order(
        lineItems=[a_line(supplyChannel={"typeId": "channel", "key": "warehouse"})], store={"key": "amazon"}
    )
    line = order["lineItems"][0]
    expanded = shop.get(f"/orders/{order['id']}", expand="lineItems[*].supplyChannel")
    assert line["supplyChannel"] == {"typeId": "channel", "id": channel["id"]}
    assert order["store"] == {"typeId": "store", "key": "amazon"}
    assert expanded["lineItems"][0]["supplyChannel"]["obj"] == channel
    assert "obj" not in shop.get(f"/orders/{order['id']}")["lineItems"][0]["supplyChannel"]


def test_a_line_carries_its_variant(shop: Shop) -> None:
    """The product's data are copied into the order, except what the draft overrides."""
    overriding = a_line("POT", variant={"sku": "POT", "attributes": [{"name": "color", "value": "green"}]})
    plain, changed = shop.import_order(lineItems=[a_line("POT"), overriding])["lineItems"]
    assert plain["variant"]["prices"][0]["value"]["centAmount"] == 1999
    assert plain["productKey"] == "product-POT"
    assert plain["state"][0]["quantity"] == 1
    assert changed["variant"]["attributes"] == [{"name": "color", "value": "green"}]


@pytest.mark.parametrize("slug", ["x", "with space", "ä-umlaut", "a" * 257])
def test_a_custom_line_needs_a_proper_slug(shop: Shop, slug: str) -> None:
    """Slugs have a pattern; money may be negative."""
    draft = an_order(customLineItems=[a_custom_line(slug)])
    assert shop.refused("POST", "/orders/import", draft)["field"] == "slug"
    order = shop.import_order(customLineItems=[a_custom_line("discount", -250, quantity=2)])
    assert order["customLineItems"][0]["totalPrice"]["centAmount"] == -500


def test_a_channel_must_have_the_role_it_is_used_in(shop: Shop) -> None:
    """A marketplace supplies no stock."""
    draft = an_order(lineItems=[a_line(supplyChannel={"key": "amazon-de"})])
    assert "InventorySupply" in shop.refused("POST", "/orders/import", draft)["message"]


def test_line_keys_are_distinct(shop: Shop) -> None:
    """Two lines of an order cannot have the same key."""
    draft = an_order(lineItems=[a_line(key="line-1"), a_line("POT", key="line-1")])
    assert shop.refused("POST", "/orders/import", draft)["code"] == "DuplicateField"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"amazon-id": 5}, "InvalidField"),
        ({"amazon-prime": "yes"}, "InvalidField"),
        ({"amazon-ship-by": "soon"}, "InvalidField"),
        ({"amazon-program": "unknown"}, "InvalidField"),
        ({"amazon-labels": ["a", 1]}, "InvalidField"),
        ({"amazon-tip": {"currencyCode": "EUR", "centAmount": "1"}}, "InvalidField"),
        ({"amazon-tip": 5}, "InvalidField"),
        ({"amazon-channel": {"typeId": "channel", "id": "gone"}}, "ReferencedResourceNotFound"),
        ({"amazon-channel": {"typeId": "product", "id": "gone"}}, "InvalidField"),
        ({"not-defined": "x"}, "InvalidField"),
    ],
)
def test_custom_fields_hold_what_their_type_says(shop: Shop, fields: Json, code: str) -> None:
    """A value of the wrong kind, and a field the type does not define, are refused."""
    _add_fields(shop, "order")
    draft = an_order(custom={"type": {"key": "amazon-order"}, "fields": fields})
    assert shop.refused("POST", "/orders/import", draft)["code"] == code


def test_custom_fields_are_stored(shop: Shop) -> None:
    """Each kind of field keeps its value; times become UTC, money gets its type, null is nothing."""
    _add_fields(shop, "order")
    channel = shop.get("/channels/key=warehouse")
    fields = {
        "amazon-id": "303-1",
        "amazon-prime": True,
        "amazon-ship-by": "2026-11-05T23:59:59+01:00",
        "amazon-program": "PRIME",
        "amazon-labels": ["a", "b"],
        "amazon-tip": eur(100),
        "amazon-channel": {"typeId": "channel", "id": channel["id"]},
        "amazon-note": None,
    }
    stored = shop.import_order(custom={"type": {"key": "amazon-order"}, "fields": fields})["custom"]
    assert stored["type"] == {"typeId": "type", "id": shop.get("/types/key=amazon-order")["id"]}
    assert stored["fields"]["amazon-ship-by"] == "2026-11-05T22:59:59.000Z"
    assert stored["fields"]["amazon-tip"]["type"] == "centPrecision"
    assert "amazon-note" not in stored["fields"]


def test_a_type_is_used_where_it_is_defined_for(shop: Shop) -> None:
    """A type of line items cannot be an order's."""
    _add_fields(shop, "line-item")
    custom = {"type": {"key": "amazon-order"}, "fields": {"amazon-id": "x"}}
    assert shop.refused("POST", "/orders/import", an_order(custom=custom))["code"] == "InvalidOperation"
    assert shop.import_order(lineItems=[a_line(custom=custom)])["lineItems"][0]["custom"]["fields"] == {
        "amazon-id": "x"
    }


def test_a_required_custom_field_must_be_there(shop: Shop) -> None:
    """Without it the order is refused."""
    definition = {"name": "needed", "type": {"name": "String"}, "label": {"en": "Needed"}, "required": True}
    draft = {"key": "strict", "name": {"en": "Strict"}, "resourceTypeIds": ["order"], "fieldDefinitions": [definition]}
    shop.create("/types", draft)
    refused = shop.refused("POST", "/orders/import", an_order(custom={"type": {"key": "strict"}}))
    assert (refused["code"], refused["field"]) == ("RequiredField", "needed")


def test_deleting_an_order_needs_its_version(shop: Shop) -> None:
    """An order goes only if it is what the caller thinks it is, and its number is free again."""
    order = shop.import_order(orderNumber="303-1")
    assert shop.refused("DELETE", "/orders/order-number=303-1")["code"] == "InvalidInput"
    assert shop.refused("DELETE", "/orders/order-number=303-1", version="7")["status"] == 409
    assert shop.send("DELETE", f"/orders/{order['id']}", query={"version": ["1"]}).status == 200
    assert shop.refused("GET", "/orders/order-number=303-1")["status"] == 404
    assert shop.messages(order["id"]) == ["OrderImported", "OrderDeleted"]
    shop.import_order(orderNumber="303-1")


def test_erasing_an_order_erases_what_was_told_about_it(shop: Shop) -> None:
    """With data erasure the messages with its personal data go, too, and those of others stay."""
    order, other = shop.import_order(customerEmail="buyer@example.com"), shop.import_order()
    shop.send("DELETE", f"/orders/{order['id']}", query={"version": ["1"], "dataErasure": ["true"]})
    assert shop.messages(order["id"]) == []
    assert shop.messages(other["id"]) == ["OrderImported"]


def _taxed(net: int, gross: int) -> Json:
    portion = {"rate": 0.19, "name": "Amazon", "amount": eur(gross - net)}
    return {"totalNet": eur(net), "totalGross": eur(gross), "taxPortions": [portion]}


def _add_fields(shop: Shop, resource_type_id: str) -> None:
    fields: dict[str, Any] = {
        "amazon-id": "String",
        "amazon-prime": "Boolean",
        "amazon-ship-by": "DateTime",
        "amazon-note": "String",
        "amazon-tip": "Money",
        "amazon-program": {"name": "Enum", "values": [{"key": "PRIME", "label": "Prime"}]},
        "amazon-labels": {"name": "Set", "elementType": {"name": "String"}},
        "amazon-channel": {"name": "Reference", "referenceTypeId": "channel"},
    }
    shop.project.add_type("amazon-order", [resource_type_id], fields)
