"""The simulated commercetools against the published API model: every answer, closed to fields the model lacks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from crossdock.twin.commercetools_routes import ROUTES
from crossdock.twin.world import Fault, FaultAnswer, Response
from tests.twin.commercetools_caller import (
    SPECS,
    Json,
    Shop,
    a_custom_line,
    a_line,
    a_rate,
    a_shipping,
    an_order,
    eur,
    json_of,
)

MODEL = SPECS / "http-api.openapi.yaml"
pytestmark = pytest.mark.skipif(not MODEL.exists(), reason="commercetools' published models are not at hand")

Check = Callable[..., None]

# In the published examples of answers, though not in the model.
ALSO = {
    "Order": {"type": {"const": "Order"}},
    "CreatedBy": {"isPlatformClient": {"type": "boolean"}},
    "LastModifiedBy": {"isPlatformClient": {"type": "boolean"}},
}
# The model says that custom fields, attributes and error objects hold texts only, which its own texts contradict.
FREE: dict[str, Json] = {
    "FieldContainer": {"type": "object"},
    "ErrorObject": {"type": "object", "required": ["code", "message"]},
    "CustomFieldValue": {},
}


@pytest.fixture(scope="session")
def model() -> Json:
    """The published model of the HTTP API."""
    with MODEL.open() as file:
        loaded: Json = yaml.load(file, yaml.CSafeLoader)
    return loaded


@pytest.fixture(scope="session")
def check(model: Json) -> Check:
    """Hold a value against a schema of the model; an error object against the schema of its code."""
    schemas = model["components"]["schemas"]
    definitions = {name: _closed(name, schemas) for name in schemas}
    codes = schemas["ErrorObject"]["discriminator"]["mapping"]

    def hold(name: str, *values: Any) -> None:
        for value in values:
            Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": definitions}).validate(value)
            errors = value.get("errors", []) if isinstance(value, dict) and "statusCode" in value else []
            for error in errors:
                if error["code"] in codes:
                    hold(codes[error["code"]].rpartition("/")[2], error)

    return hold


@pytest.fixture
def shop() -> Shop:
    """A project with three goods and types with fields of every kind."""
    shop = Shop()
    fields: dict[str, str | Json] = {
        "text": "String",
        "flag": "Boolean",
        "number": "Number",
        "moment": "DateTime",
        "money": "Money",
        "one-of": {"name": "Enum", "values": [{"key": "A", "label": "a"}]},
        "several": {"name": "Set", "elementType": {"name": "String"}},
        "channel": {"name": "Reference", "referenceTypeId": "channel"},
    }
    kinds = ["order", "line-item", "custom-line-item", "inventory-entry", "customer", "order-delivery", "order-parcel"]
    shop.project.add_type("amazon", kinds, fields)
    return shop


def _fields(shop: Shop) -> Json:
    channel = shop.get("/channels/key=warehouse")["id"]
    fields = {"text": "x", "flag": True, "number": 1.5, "moment": "2026-11-02T09:00:00Z", "money": eur(1)}
    fields |= {"one-of": "A", "several": ["x"], "channel": {"typeId": "channel", "id": channel}}
    return {"type": {"typeId": "type", "key": "amazon"}, "fields": fields}


def _a_full_order(shop: Shop) -> Json:
    custom = _fields(shop)
    tax = {"totalNet": eur(1680), "totalGross": eur(1999), "taxPortions": [{"rate": 0.19, "amount": eur(319)}]}
    address = {"country": "DE", "lastName": "Test Buyer 7", "streetName": "1 Example Street", "pOBox": "7"}
    precise = {"type": "highPrecision", "currencyCode": "EUR", "preciseAmount": 33333, "fractionDigits": 4}
    warehouse: Json = {"supplyChannel": {"key": "warehouse"}, "distributionChannel": {"key": "amazon-de"}}
    shop.project.add_store("amazon")
    draft = {"email": "buyer@example.com", "authenticationMode": "ExternalAuth"}
    customer = shop.create("/customers", draft)["customer"]["id"]
    return an_order(
        orderNumber="303-1",
        purchaseOrderNumber="po",
        customerId=customer,
        customerEmail="buyer@example.com",
        store={"key": "amazon"},
        lineItems=[
            a_line(taxRate=a_rate(0.19), taxedPrice=tax, custom=custom, key="first", **warehouse),
            a_line("POT", 3, inventoryMode="None") | {"price": {"value": precise}},
        ],
        customLineItems=[a_custom_line(taxRate=a_rate(0.07), taxCategory={"key": "standard"}, custom=custom)],
        taxedPrice=tax,
        inventoryMode="TrackOnly",
        shippingAddress=address,
        billingAddress=address,
        shippingInfo=a_shipping(taxRate=a_rate(0.19), deliveries=[{"parcels": [{"key": "early"}]}]),
        paymentState="Paid",
        shipmentState="Pending",
        country="DE",
        completedAt="2026-11-01T00:00:00Z",
        custom=custom,
    )


def test_an_order_is_as_published(shop: Shop, check: Check) -> None:
    """As imported, as read, as found, and after every kind of change."""
    order = shop.create("/orders/import", _a_full_order(shop))
    check("Order", order)
    path, line = f"/orders/{order['id']}", order["lineItems"][0]["id"]
    custom = _fields(shop)
    parcel = {"key": "p-1", "measurements": {"weightInGram": 5}, "trackingData": {"trackingId": "1"}, "custom": custom}
    shop.create("/states", {"key": "start", "type": "OrderState"})
    changed = shop.update(
        path,
        1,
        {"action": "changeOrderState", "orderState": "Complete"},
        {"action": "changeShipmentState", "shipmentState": "Shipped"},
        {"action": "changePaymentState", "paymentState": "CreditOwed"},
        {"action": "addDelivery", "items": [{"id": line, "quantity": 1}], "parcels": [parcel], "custom": custom},
        {"action": "setParcelTrackingData", "parcelKey": "p-1", "trackingData": {"carrier": "DHL"}},
        {"action": "addDelivery", "deliveryKey": "d-1", "address": {"country": "DE", "lastName": "Test Buyer 7"}},
        {"action": "setDeliveryAddress", "deliveryKey": "d-1", "address": {"country": "AT"}},
        {"action": "addItemShippingAddress", "address": {"country": "AT", "key": "home"}},
        {"action": "addItemShippingAddress", "address": {"country": "AT", "key": "away"}},
        {
            "action": "setLineItemShippingDetails",
            "lineItemId": line,
            "shippingDetails": {
                "targets": [{"addressKey": "home", "quantity": order["lineItems"][0]["quantity"]}],
            },
        },
        {"action": "removeItemShippingAddress", "addressKey": "away"},
        {"action": "updateSyncInfo", "channel": {"key": "amazon-de"}, "externalId": "303-1"},
        {"action": "transitionState", "state": {"key": "start"}},
        {"action": "setCustomField", "name": "text", "value": "y"},
        {"action": "setCustomField", "name": "flag"},
        {"action": "setCustomType", "type": {"key": "amazon"}},
        {"action": "setPurchaseOrderNumber"},
        {"action": "setShippingAddress", "address": {"country": "AT"}},
        {"action": "setBillingAddress"},
        {"action": "setCustomerEmail"},
        {"action": "setCustomerId"},
    )
    check("Order", changed)
    check("OrderPagedQueryResponse", shop.get("/orders"))
    check("OrderPagedQueryResponse", shop.get("/orders", expand="lineItems[*].supplyChannel"))


def test_every_message_is_as_published(shop: Shop, check: Check) -> None:
    """Each kind of message has the fields of its own schema."""
    test_an_order_is_as_published(shop, check)
    order = shop.project.orders_by_number()["303-1"]
    shop.send("DELETE", f"/orders/{order['id']}", query={"version": [str(order["version"])]})
    entry = shop.find("/inventory", 'sku = "POT"')[0]
    shop.update(
        f"/inventory/{entry['id']}",
        1,
        {"action": "setSafetyStock", "quantity": 2},
        {"action": "setReorderPoint", "quantity": 3},
        {"action": "removeQuantity", "quantity": 10},
    )
    shop.send("DELETE", f"/inventory/{entry['id']}", query={"version": ["4"]})
    customer = shop.find("/customers", 'email = "buyer@example.com"')[0]
    changed = shop.update(f"/customers/{customer['id']}", 1, *_customer_actions())
    shop.send("DELETE", f"/customers/{customer['id']}", query={"version": [str(changed["version"])]})
    page = shop.get("/messages", limit="500")
    kinds = {message["type"] for message in page["results"]}
    _check_messages(check, page["results"])
    assert len(kinds) > 30
    assert page["total"] == len(page["results"])


def _customer_actions() -> list[Json]:
    texts = ("FirstName", "LastName", "Title", "CompanyName", "ExternalId")
    return [
        *({"action": f"set{name}", name[0].lower() + name[1:]: "x"} for name in texts),
        {"action": "setDateOfBirth", "dateOfBirth": "2000-01-01"},
        {"action": "addAddress", "address": {"country": "DE", "key": "home"}},
        {"action": "changeAddress", "addressKey": "home", "address": {"country": "AT", "key": "home"}},
        {"action": "removeAddress", "addressKey": "home"},
        {"action": "changeEmail", "email": "other@example.com"},
        {"action": "setCustomType", "type": {"key": "amazon"}},
        {"action": "setCustomField", "name": "text", "value": "x"},
        {"action": "setCustomField", "name": "text", "value": "y"},
        {"action": "setCustomField", "name": "text"},
        {"action": "setCustomType"},
    ]


@pytest.mark.parametrize(
    ("path", "schema"),
    [
        ("/inventory", "InventoryEntry"),
        ("/product-projections", "ProductProjection"),
        ("/customers", "Customer"),
        ("/channels", "Channel"),
        ("/types", "Type"),
        ("/states", "State"),
        ("/tax-categories", "TaxCategory"),
    ],
)
def test_everything_else_is_as_published(shop: Shop, check: Check, path: str, schema: str) -> None:
    """The project, and what it was set up with, one by one and as pages."""
    custom = _fields(shop)
    levels = {"stockLevels": {"safetyStock": 1}, "expectedDelivery": "2026-12-01T00:00:00Z", "custom": custom}
    shop.create("/inventory", {"sku": "MUG-BLUE", "quantityOnStock": 1, "key": "no-channel", **levels})
    address = {"country": "DE", "city": "Example"}
    draft: Json = {"email": "a@example.com", "password": "x", "addresses": [address], "defaultBillingAddress": 0}
    check("CustomerSignInResult", shop.create("/customers", draft | {"custom": custom}))
    shop.create("/channels", {"key": "outlet", "name": {"en": "Outlet"}, "address": address})
    shop.create("/states", {"key": "start", "type": "OrderState", "transitions": []})
    answer = shop.get(path, limit="500")
    assert answer["results"]
    check(f"{schema.removesuffix('Entry')}PagedQueryResponse", answer)
    check(schema, *answer["results"])
    check("Project", shop.get(""))


def test_a_page_of_messages_is_as_published(shop: Shop, check: Check) -> None:
    """The page itself; what its messages add to the base of all messages is in their own schemas."""
    page = shop.get("/messages", limit="500")
    check("MessagePagedQueryResponse", page | {"results": []})
    _check_messages(check, page["results"])


def _check_messages(check: Check, messages: list[Json]) -> None:
    """Hold each message against the schema of its kind."""
    for message in messages:
        check(f"{message['type']}Message", message)


def test_every_refusal_is_as_published(shop: Shop, check: Check) -> None:
    """Errors have the fields of their code."""
    order = shop.create("/orders/import", _a_full_order(shop))
    path = f"/orders/{order['id']}"
    short = an_order(
        lineItems=[a_line(quantity=99, supplyChannel={"key": "warehouse"})], inventoryMode="ReserveOnOrder"
    )
    answers = [
        shop.send("POST", "/orders/import", b"{"),
        shop.send("POST", "/orders/import", an_order(orderNumber="303-1")),
        shop.send("POST", "/orders/import", an_order(lineItems=[a_line("GONE")])),
        shop.send("POST", "/orders/import", an_order(customerId="gone")),
        shop.send("POST", "/orders/import", an_order(lineItems=[])),
        shop.send("POST", "/orders/import", an_order(customLineItems=[a_custom_line("x")])),
        shop.send("POST", "/orders/import", an_order(totalPrice=eur(2**63))),
        shop.send("POST", "/orders/import", short),
        shop.send("POST", "/customers", {"email": "a@example.com"}),
        shop.send("POST", path, {"version": 9, "actions": []}),
        shop.send("POST", path, {"version": 1, "actions": [{"action": "setOrderNumber", "orderNumber": "x"}]}),
        shop.send("GET", "/orders/gone"),
    ]
    check("ErrorResponse", *map(json_of, answers))
    codes = {json_of(answer)["errors"][0]["code"] for answer in answers}
    assert codes == {
        "InvalidJsonInput",
        "DuplicateField",
        "ReferencedResourceNotFound",
        "InvalidInput",
        "InvalidField",
        "MoneyOverflow",
        "OutOfStock",
        "RequiredField",
        "ConcurrentModification",
        "InvalidOperation",
        "ResourceNotFound",
    }


def test_faults_and_missing_rights_are_as_published(shop: Shop, check: Check) -> None:
    """Authorization errors and those of faults have the published forms too."""
    faults: tuple[FaultAnswer, ...] = ("unavailable", "broken", "conflict", "not_found")
    answers = [_struck(shop, fault) for fault in faults]
    shop.project.add_client("nothing", "secret", "view_types")
    shop.token = shop.sign_in("nothing", "secret")
    answers.append(shop.send("GET", ""))
    shop.token = ""
    answers += [shop.send("GET", ""), shop.ask_for_token("nobody", "x")]
    assert [answer.status for answer in answers] == [503, 500, 409, 404, 403, 401, 401]
    check("ErrorResponse", *map(json_of, answers[:4]))
    check("AuthErrorResponse", *map(json_of, answers[4:]))


def _struck(shop: Shop, fault: FaultAnswer) -> Response:
    shop.world.faults.add(Fault("commercetools.getProject", fault))
    return shop.send("GET", "")


def test_operations_and_their_scopes_are_the_published_ones(model: Json) -> None:
    """Each address of the twin is in the model, and asks for scopes the model names for it."""
    paths = model["paths"]
    asked = {
        (method, _published(collection, kind)): set(route.scopes)
        for (method, collection, kind), route in ROUTES.items()
    }
    unknown = {
        (method, path): scopes
        for (method, path), scopes in asked.items()
        if not scopes <= {scope.partition(":")[0] for scope in _scopes(paths[path][method.lower()])}
    }
    assert unknown == {}


def _published(collection: str, kind: str) -> str:
    named = {"": "", "id": "/{ID}", "key": "/key={key}", "order-number": "/order-number={orderNumber}"}
    return "/{projectKey}" + (f"/{collection}" if collection else "") + named.get(kind, f"/{kind}")


def _scopes(operation: Json) -> list[str]:
    return [scope for each in operation["security"] for scopes in each.values() for scope in scopes]


def _closed(name: str, schemas: Json) -> Json:
    """Make a JSON schema of one of the model's: its parents merged into it, closed to what it does not name."""
    if name in FREE:
        return FREE[name]
    schema: Json = schemas[name]
    mapping = _merged(name, schemas).get("mapping")
    if mapping and name != "Message":
        return {"anyOf": [_pointed({"$ref": reference}) for reference in sorted(set(mapping.values()))]}
    if "allOf" not in schema and "properties" not in schema:
        plain: Json = _pointed({key: value for key, value in schema.items() if key != "required"})
        return plain
    merged = _merged(name, schemas)
    properties = {each: _pointed(value) for each, value in merged["properties"].items()}
    required = sorted(each for each in merged["required"] if not each.startswith("/"))
    return {
        "type": "object",
        "properties": properties | ALSO.get(name, {}),
        "required": required,
        "additionalProperties": False,
    }


def _merged(name: str, schemas: Json) -> Json:
    """Collect the fields of a schema and of those it extends; its own discriminator, if it has one."""
    schema = schemas[name]
    parts = schema.get("allOf", [schema])
    merged: Json = {"properties": {}, "required": set(), "mapping": None}
    for part in parts:
        inherited = "$ref" in part
        found = _merged(part["$ref"].rpartition("/")[2], schemas) if inherited else part
        merged["properties"] |= found.get("properties", {})
        merged["required"] |= set(found.get("required", ()))
        merged["mapping"] = None if inherited else part.get("discriminator", {}).get("mapping")
    return merged


def _pointed(schema: Any) -> Any:
    """Point references at where the validator keeps the definitions."""
    if isinstance(schema, dict):
        return {
            key: value.replace("#/components/schemas/", "#/$defs/") if key == "$ref" else _pointed(value)
            for key, value in schema.items()
        }
    return [_pointed(each) for each in schema] if isinstance(schema, list) else schema
