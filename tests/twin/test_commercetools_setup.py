"""Channels, types, states and customers in the simulated commercetools."""

from __future__ import annotations

import pytest

from tests.twin.commercetools_caller import Json, Shop


@pytest.fixture
def shop() -> Shop:
    """A project with three goods."""
    return Shop()


def test_a_channel_supplies_inventory_unless_told(shop: Shop) -> None:
    """Its key is taken once, and it has at least one role."""
    channel = shop.create("/channels", {"key": "outlet"})
    assert channel["roles"] == ["InventorySupply"]
    assert shop.refused("POST", "/channels", {"key": "outlet"})["field"] == "key"
    assert shop.refused("POST", "/channels", {"key": "x", "roles": []})["code"] == "InvalidOperation"
    assert shop.refused("POST", "/channels", {"key": "x", "roles": ["Shop"]})["code"] == "InvalidJsonInput"
    assert shop.get("/channels/key=outlet") == channel


def test_a_channel_gets_and_loses_roles(shop: Shop) -> None:
    """Adding one it has changes nothing; the last cannot be removed."""
    path = "/channels/key=warehouse"
    same = shop.update(path, 1, {"action": "addRoles", "roles": ["InventorySupply"]})
    added = shop.update(path, 1, {"action": "addRoles", "roles": ["Primary"]})
    assert (same["version"], added["version"], added["roles"]) == (1, 2, ["InventorySupply", "Primary"])
    last = {"version": 2, "actions": [{"action": "removeRoles", "roles": ["InventorySupply", "Primary"]}]}
    assert shop.refused("POST", path, last)["code"] == "InvalidOperation"
    assert shop.update(path, 2, {"action": "setRoles", "roles": ["OrderExport"]})["roles"] == ["OrderExport"]
    assert shop.update(path, 3, {"action": "changeKey", "key": "depot"})["key"] == "depot"
    assert shop.get("/channels/key=depot")["version"] == 4


@pytest.mark.parametrize(
    ("definition", "code"),
    [
        ({"name": "amazon-id"}, "DuplicateField"),
        ({"name": "x"}, "InvalidField"),
        ({"name": "with space"}, "InvalidField"),
        ({"name": "a" * 37}, "InvalidField"),
        ({"name": "ok", "type": {"name": "Text"}}, "InvalidJsonInput"),
        ({"name": "ok", "type": {"name": "Enum"}}, "InvalidJsonInput"),
        ({"name": "ok", "type": {"name": "Set", "elementType": {"name": "Text"}}}, "InvalidJsonInput"),
        ({"name": "ok", "type": {"name": "Set", "elementType": {"name": "Reference"}}}, "InvalidJsonInput"),
    ],
)
def test_a_field_must_be_properly_defined(shop: Shop, definition: Json, code: str) -> None:
    """Its name has a pattern and is new in its type, its type exists and is complete."""
    shop.create("/types", _type("amazon", _definition("amazon-id")))
    action = {"action": "addFieldDefinition", "fieldDefinition": _definition("ok") | definition}
    assert shop.refused("POST", "/types/key=amazon", {"version": 1, "actions": [action]})["code"] == code


def test_a_field_is_added_to_the_type_the_merchant_uses(shop: Shop) -> None:
    """Orders that have the type can hold it at once."""
    shop.create("/types", _type("merchant", _definition("their-field")))
    order = shop.import_order(custom={"type": {"key": "merchant"}, "fields": {"their-field": "kept"}})
    action = {"action": "addFieldDefinition", "fieldDefinition": _definition("amazon-id")}
    assert shop.update("/types/key=merchant", 1, action)["version"] == 2
    setting = {"action": "setCustomField", "name": "amazon-id", "value": "303-1"}
    changed = shop.update(f"/orders/{order['id']}", 1, setting)
    assert changed["custom"]["fields"] == {"their-field": "kept", "amazon-id": "303-1"}


def test_a_field_has_one_type_wherever_it_is_defined(shop: Shop) -> None:
    """Two types of the same resource agree on a field of the same name; types of others need not."""
    shop.create("/types", _type("merchant", _definition("units", "String")))
    refused = shop.refused("POST", "/types", _type("amazon", _definition("units", "Number")))
    assert refused["code"] == "InvalidInput"
    shop.create("/types", _type("amazon", _definition("units", "Number"), resource="line-item"))


def test_an_enum_grows(shop: Shop) -> None:
    """A value is added once."""
    field_type = {"name": "Enum", "values": [{"key": "PRIME", "label": "Prime"}]}
    shop.create("/types", _type("amazon", _definition("program") | {"type": field_type}))
    action = {"action": "addEnumValue", "fieldName": "program", "value": {"key": "BUSINESS", "label": "Business"}}
    assert shop.update("/types/key=amazon", 1, action)["version"] == 2
    assert shop.refused("POST", "/types/key=amazon", {"version": 2, "actions": [action]})["code"] == "DuplicateField"
    custom = {"type": {"key": "amazon"}, "fields": {"program": "BUSINESS"}}
    assert shop.import_order(custom=custom)["custom"]["fields"] == {"program": "BUSINESS"}


def test_a_type_names_resources_that_exist(shop: Shop) -> None:
    """And its key is taken once."""
    assert shop.refused("POST", "/types", _type("amazon", resource="spaceship"))["field"] == "resourceTypeIds"
    shop.create("/types", _type("amazon"))
    assert shop.refused("POST", "/types", _type("amazon"))["code"] == "DuplicateField"
    assert shop.find("/types", 'resourceTypeIds contains any ("order")')[0]["key"] == "amazon"


def test_states_lead_to_states(shop: Shop) -> None:
    """Transitions are stored by id, to states of the same type only; a line's first state is always there."""
    end = shop.create("/states", {"key": "end", "type": "OrderState"})
    shop.create("/states", {"key": "line", "type": "LineItemState"})
    start = shop.create("/states", {"key": "start", "type": "OrderState", "transitions": [{"key": "end"}]})
    assert start["transitions"] == [{"typeId": "state", "id": end["id"]}]
    wrong = {"version": 1, "actions": [{"action": "setTransitions", "transitions": [{"key": "line"}]}]}
    assert shop.refused("POST", "/states/key=start", wrong)["code"] == "InvalidOperation"
    assert "transitions" not in shop.update("/states/key=start", 1, {"action": "setTransitions"})
    assert shop.get("/states/key=Initial")["builtIn"] is True


def test_a_customer_has_an_address_nobody_else_has(shop: Shop) -> None:
    """E-mail addresses are compared in lower case; keys are unique too."""
    customer = shop.create("/customers", _customer("Buyer-7@Example.com", key="amazon-7"))["customer"]
    assert customer["email"] == "buyer-7@example.com"
    assert customer["authenticationMode"] == "ExternalAuth"
    same = shop.refused("POST", "/customers", _customer("BUYER-7@example.com"))
    assert (same["code"], same["field"], same["duplicateValue"]) == ("DuplicateField", "email", "buyer-7@example.com")
    assert shop.refused("POST", "/customers", _customer("b@example.com", key="amazon-7"))["field"] == "key"
    assert shop.get("/customers/key=amazon-7") == customer
    assert shop.find("/customers", 'email = "buyer-7@example.com"') == [customer]
    assert shop.messages(customer["id"]) == ["CustomerCreated"]


@pytest.mark.parametrize("email", ["", "buyer", "@example.com", "a b@example.com", "a@b@c"])
def test_a_customers_address_is_one(shop: Shop, email: str) -> None:
    """What is no e-mail address is refused."""
    assert shop.refused("POST", "/customers", _customer(email))["code"] == "InvalidInput"


def test_a_customer_who_signs_in_needs_a_password(shop: Shop) -> None:
    """Unless somebody else authenticates them; the password is never shown."""
    assert shop.refused("POST", "/customers", {"email": "a@example.com"})["field"] == "password"
    created = shop.create("/customers", {"email": "a@example.com", "password": "1 Example Street"})["customer"]
    assert created["password"] == "****"


def test_a_customer_can_be_emptied(shop: Shop) -> None:
    """Every field that says who it is can be removed or replaced, and each removal is told."""
    draft = _customer("buyer@example.com", firstName="Test", lastName="Buyer 7", companyName="Example Ltd")
    address = {"country": "DE", "city": "Example"}
    customer = shop.create("/customers", draft | {"addresses": [address], "defaultShippingAddress": 0})["customer"]
    address_id = customer["addresses"][0]["id"]
    assert customer["defaultShippingAddressId"] == address_id
    assert customer["shippingAddressIds"] == [address_id]
    emptied = shop.update(
        f"/customers/{customer['id']}",
        1,
        {"action": "setFirstName"},
        {"action": "setLastName"},
        {"action": "setCompanyName"},
        {"action": "changeEmail", "email": "erased-7@example.com"},
        {"action": "removeAddress", "addressId": address_id},
        {"action": "setKey", "key": "erased-7"},
    )
    assert {"firstName", "lastName", "companyName", "defaultShippingAddressId"}.isdisjoint(emptied)
    assert (emptied["email"], emptied["addresses"], emptied["shippingAddressIds"]) == ("erased-7@example.com", [], [])
    assert shop.messages(customer["id"])[1:] == [
        "CustomerFirstNameSet",
        "CustomerLastNameSet",
        "CustomerCompanyNameSet",
        "CustomerEmailChanged",
        "CustomerAddressRemoved",
    ]


def test_an_address_of_a_customer_changes(shop: Shop) -> None:
    """It keeps its id; an address is added with one of its own, and named by it or by its key."""
    customer = shop.create("/customers", _customer("buyer@example.com"))["customer"]
    path = f"/customers/{customer['id']}"
    added = shop.update(path, 1, {"action": "addAddress", "address": {"country": "DE", "key": "home"}})
    changed = shop.update(
        path, 2, {"action": "changeAddress", "addressKey": "home", "address": {"country": "AT", "key": "home"}}
    )
    assert changed["addresses"][0] == {"country": "AT", "key": "home", "id": added["addresses"][0]["id"]}
    gone = {"version": 3, "actions": [{"action": "removeAddress", "addressId": "none"}]}
    assert shop.refused("POST", path, gone)["code"] == "InvalidOperation"


def test_a_customer_has_custom_fields(shop: Shop) -> None:
    """Set, changed and removed, each with its message."""
    shop.project.add_type("buyer", ["customer"], {"marketplace": "String"})
    customer = shop.create("/customers", _customer("buyer@example.com"))["customer"]
    changed = shop.update(
        f"/customers/{customer['id']}",
        1,
        {"action": "setCustomType", "type": {"key": "buyer"}},
        {"action": "setCustomField", "name": "marketplace", "value": "DE"},
        {"action": "setCustomField", "name": "marketplace", "value": "FR"},
    )
    assert changed["custom"]["fields"] == {"marketplace": "FR"}
    assert shop.find("/customers", 'custom(fields(marketplace = "FR"))') == [changed]
    assert shop.messages(customer["id"])[1:] == [
        "CustomerCustomTypeSet",
        "CustomerCustomFieldAdded",
        "CustomerCustomFieldChanged",
    ]


def test_a_customer_is_erased(shop: Shop) -> None:
    """With data erasure the messages go, too; without it the deletion is told."""
    first = shop.create("/customers", _customer("a@example.com"))["customer"]
    second = shop.create("/customers", _customer("b@example.com"))["customer"]
    shop.send("DELETE", f"/customers/{first['id']}", query={"version": ["1"], "dataErasure": ["true"]})
    shop.send("DELETE", f"/customers/{second['id']}", query={"version": ["1"]})
    assert shop.messages(first["id"]) == []
    assert shop.messages(second["id"]) == ["CustomerCreated", "CustomerDeleted"]
    assert shop.get("/customers")["total"] == 0


def _definition(name: str, field_type: str = "String") -> Json:
    return {"name": name, "type": {"name": field_type}, "label": {"en": name}, "required": False}


def _type(key: str, *definitions: Json, resource: str = "order") -> Json:
    return {"key": key, "name": {"en": key}, "resourceTypeIds": [resource], "fieldDefinitions": list(definitions)}


def _customer(email: str, **more: str) -> Json:
    return {"email": email, "authenticationMode": "ExternalAuth", **more}
