"""The simulated commercetools' payments: unique by key and by their interface's number, changed by transactions, of one order at most."""

from __future__ import annotations

import pytest

from tests.twin.commercetools_caller import Json, Shop, eur, json_of
from tests.twin.test_commercetools_spec import MODEL, Check, _check_messages, check, model  # noqa: F401 - fixtures of the published model

CHARGE: Json = {"type": "Charge", "amount": eur(1999), "interactionId": "7", "timestamp": "2026-11-02T09:00:00+01:00"}


@pytest.fixture
def shop() -> Shop:
    """A project with a type for payments."""
    shop = Shop()
    shop.project.add_type("noted", ["payment", "transaction"], {"note": "String"})
    return shop


def a_payment(**more: object) -> Json:
    """The smallest payment there can be, and more."""
    return {"amountPlanned": eur(1999), **more}


def test_payment_is_created_read_and_found(shop: Shop) -> None:
    """By id, by key and by predicate; a transaction begins as `Initial`, in UTC."""
    made = shop.create(
        "/payments", a_payment(key="k-1", transactions=[CHARGE], paymentMethodInfo={"paymentInterface": "A"})
    )
    assert made == shop.get(f"/payments/{made['id']}") == shop.get("/payments/key=k-1")
    assert shop.find("/payments", 'key = "k-1" and transactions(type = "Charge")') == [made]
    [charge] = made["transactions"]
    assert (charge["state"], charge["timestamp"]) == ("Initial", "2026-11-02T08:00:00.000Z")
    assert charge["amount"] == {"type": "centPrecision", "currencyCode": "EUR", "centAmount": 1999, "fractionDigits": 2}


def test_key_and_number_are_unique(shop: Shop) -> None:
    """A key in the project, a number in its interface."""
    one = {"interfaceId": "7", "paymentMethodInfo": {"paymentInterface": "A"}}
    shop.create("/payments", a_payment(key="k-1", **one))
    shop.create("/payments", a_payment(key="k-2", interfaceId="7", paymentMethodInfo={"paymentInterface": "B"}))
    assert [
        shop.refused("POST", "/payments", draft)[name]
        for draft, name in [
            (a_payment(key="k-1"), "field"),
            (a_payment(**one), "field"),
            (a_payment(key="no key!"), "code"),
        ]
    ] == ["key", "interfaceId", "InvalidField"]


@pytest.mark.parametrize(
    ("draft", "code"),
    [
        ({}, "InvalidJsonInput"),
        (a_payment(transactions=[{"type": "Charge"}]), "InvalidJsonInput"),
        (a_payment(transactions=[CHARGE | {"type": "Gift"}]), "InvalidJsonInput"),
        (a_payment(transactions=[CHARGE | {"timestamp": "yesterday"}]), "InvalidInput"),
        (a_payment(amountPlanned=eur(2**63)), "MoneyOverflow"),
        (a_payment(customer={"id": "gone"}), "ReferencedResourceNotFound"),
        (a_payment(custom={"type": {"key": "noted"}, "fields": {"other": "x"}}), "InvalidField"),
    ],
)
def test_draft_that_does_not_fit_is_refused(shop: Shop, draft: Json, code: str) -> None:
    """As everywhere."""
    assert shop.refused("POST", "/payments", draft)["code"] == code


def test_transactions_are_added_and_changed(shop: Shop) -> None:
    """On the version that was read, all actions or none; nothing tells a second transaction of the same number from the first."""
    made = shop.create("/payments", a_payment(key="k-1", transactions=[CHARGE]))
    path, charge = f"/payments/{made['id']}", made["transactions"][0]["id"]
    changed = shop.update(
        path,
        1,
        {"action": "addTransaction", "transaction": CHARGE},
        {"action": "changeTransactionState", "transactionId": charge, "state": "Success"},
        {"action": "changeTransactionTimestamp", "transactionId": charge, "timestamp": "2026-11-03T00:00:00Z"},
        {"action": "changeTransactionInteractionId", "transactionId": charge, "interactionId": "8"},
        {"action": "changeAmountPlanned", "amount": eur(2000)},
        {"action": "setInterfaceId", "interfaceId": "9"},
        {"action": "setKey", "key": "k-2"},
    )
    assert [(each["interactionId"], each["state"]) for each in changed["transactions"]] == [
        ("8", "Success"),
        ("7", "Initial"),
    ]
    assert (changed["key"], changed["interfaceId"], changed["version"]) == ("k-2", "9", 8)
    again = {"version": 8, "actions": [{"action": "setInterfaceId", "interfaceId": "10"}]}
    gone = {"version": 8, "actions": [{"action": "changeTransactionState", "transactionId": "x", "state": "Failure"}]}
    assert [shop.refused("POST", path, body)["code"] for body in (again, gone)] == ["InvalidOperation"] * 2
    assert shop.refused("POST", path, {"version": 1, "actions": []})["code"] == "ConcurrentModification"


def test_payment_belongs_to_one_order(shop: Shop) -> None:
    """It is added once however often it is asked for, to one order, and can be taken off it again."""
    made = shop.create("/payments", a_payment(key="k-1"))
    one, other = shop.import_order(orderNumber="1"), shop.import_order(orderNumber="2")
    add = {"action": "addPayment", "payment": {"typeId": "payment", "key": "k-1"}}
    order = shop.update(f"/orders/{one['id']}", 1, add, add)
    taken = shop.refused("POST", f"/orders/{other['id']}", {"version": 1, "actions": [add]})
    expanded = shop.get(f"/orders/{one['id']}", expand="paymentInfo.payments[*]")
    freed = shop.update(f"/orders/{one['id']}", order["version"], add | {"action": "removePayment"})
    assert order["paymentInfo"]["payments"] == [{"typeId": "payment", "id": made["id"]}]
    assert (taken["code"], expanded["paymentInfo"]["payments"][0]["obj"]) == ("InvalidOperation", made)
    assert "paymentInfo" not in freed
    assert shop.update(f"/orders/{other['id']}", 1, add)["paymentInfo"] == order["paymentInfo"]


def test_scopes_of_payments_are_their_own(shop: Shop) -> None:
    """Who may view may not create, and who may keep orders may neither."""
    shop.project.add_client("viewer", "secret", "view_payments", "manage_orders")
    shop.create("/payments", a_payment(key="k-1"))
    shop.token = shop.sign_in("viewer", "secret")
    assert shop.get("/payments/key=k-1")["version"] == 1
    assert shop.refused("POST", "/payments", a_payment())["status"] == 403
    shop.project.add_client("orders", "secret", "manage_orders")
    shop.token = shop.sign_in("orders", "secret")
    assert shop.refused("GET", "/payments/key=k-1")["code"] == "insufficient_scope"


def test_payment_is_deleted(shop: Shop) -> None:
    """On its version; its order keeps a reference that leads nowhere."""
    made = shop.create("/payments", a_payment(key="k-1"))
    order = shop.import_order(orderNumber="1")
    shop.update(f"/orders/{order['id']}", 1, {"action": "addPayment", "payment": {"id": made["id"]}})
    assert shop.refused("DELETE", "/payments/key=k-1", version="7")["code"] == "ConcurrentModification"
    assert json_of(shop.send("DELETE", "/payments/key=k-1", query={"version": ["1"]})) == made
    assert shop.refused("GET", "/payments/key=k-1")["status"] == 404
    assert shop.get(f"/orders/{order['id']}", expand="paymentInfo.payments[*]")["paymentInfo"]["payments"] == [
        {"typeId": "payment", "id": made["id"]}
    ]


@pytest.mark.skipif(not MODEL.exists(), reason="commercetools' published models are not at hand")
def test_payments_are_as_published(shop: Shop, check: Check) -> None:  # noqa: F811 - the fixture
    """As created, as found, after every kind of change, and the messages about it."""
    custom = {"type": {"key": "noted"}, "fields": {"note": "x"}}
    status = {"interfaceCode": "ok", "interfaceText": "as it should be"}
    info = {"paymentInterface": "A", "method": "card", "name": {"en": "Card"}}
    full = a_payment(
        key="k-1",
        paymentMethodInfo=info,
        paymentStatus=status,
        custom=custom,
        transactions=[CHARGE | {"custom": custom}],
    )
    made = shop.create("/payments", full)
    charge = made["transactions"][0]["id"]
    changed = shop.update(
        f"/payments/{made['id']}",
        1,
        {"action": "addTransaction", "transaction": CHARGE | {"type": "Refund", "state": "Success"}},
        {"action": "changeTransactionState", "transactionId": charge, "state": "Success"},
        {"action": "setInterfaceId", "interfaceId": "7"},
        {"action": "setStatusInterfaceText", "interfaceText": "done"},
        {"action": "setAnonymousId", "anonymousId": "nobody"},
        {"action": "setCustomField", "name": "note", "value": "y"},
        {"action": "setCustomType"},
    )
    check("Payment", made, changed)
    check("PaymentPagedQueryResponse", shop.get("/payments"))
    order = shop.import_order(orderNumber="1")
    add = {"action": "addPayment", "payment": {"typeId": "payment", "id": made["id"]}}
    paid = shop.update(f"/orders/{order['id']}", 1, add)
    check("Order", paid, shop.update(f"/orders/{order['id']}", paid["version"], add | {"action": "removePayment"}))
    check("ErrorResponse", json_of(shop.send("POST", "/payments", a_payment(key="k-1"))))
    messages = shop.get("/messages", limit="500")["results"]
    _check_messages(check, messages)
    assert {"PaymentCreated", "PaymentTransactionAdded", "OrderPaymentAdded", "OrderPaymentRemoved"} <= {
        each["type"] for each in messages
    }
