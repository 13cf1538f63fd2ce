"""Payments through the door of the simulated platform: created once, read with their order, added to, given to the order."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from crossdock.commercetools.client import Credentials
from crossdock.commercetools.payments import Payments
from crossdock.domain.ids import OrderNumber, SettlementId
from crossdock.domain.money import Money
from crossdock.domain.payment import ShopOrder, Transaction, WritePayment
from crossdock.errors import Conflict, Rejected, Unauthorized, Unavailable
from tests.commercetools.decisions import an_import
from tests.commercetools.doors import SCOPES, Door
from tests.commercetools.test_sent_as_published import MODEL, Json, _faults, model  # noqa: F401 - a fixture
from tests.flows.settled import BACK, SALE, SECOND, bought, settle
from tests.joined_twin import Stage
from tests.sample_orders import Sent
from tests.settlements import finance

NUMBER, KEY = OrderNumber("302-0000001-0000001"), "amazon-302-0000001-0000001"
AT = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
CHARGE = Transaction("Charge", SettlementId("28471003921"), Money(1999, "EUR"), AT)
REFUND = Transaction("Refund", SettlementId("28471003922"), Money(500, "EUR"), AT)


@pytest.fixture
def door() -> Door:
    """A shop with one order, and a client that may keep payments."""
    door = Door()
    door.orders.import_order(an_import())
    door.project.add_client("books", "books-secret", *SCOPES, "manage_payments")
    door.requests.clear()
    return door


@pytest.fixture
def payments(door: Door) -> Payments:
    """The door of payments."""
    return Payments(door.signed_in(Credentials("books", "books-secret")))


def the_order(payments: Payments) -> ShopOrder:
    """The order as it stands."""
    found = payments.find_order(NUMBER, KEY)
    assert found is not None
    return found


def a_write(payments: Payments, *transactions: Transaction) -> WritePayment:
    """What is to be written of the order."""
    return WritePayment(the_order(payments), KEY, transactions or (CHARGE,), "Paid", (), None)


def test_order_is_read_with_its_payment_in_one_call(door: Door, payments: Payments) -> None:
    """Total, states, and of its payments the one of our key with its transactions; before that none."""
    before = the_order(payments)
    made = payments.create(a_write(payments))
    payments.change_order(before, payment_id=made.payment_id, payment_state="BalanceDue")
    door.requests.clear()
    after = the_order(payments)
    assert (before.total, before.shipment_state, before.cancelled, before.payment) == (
        Money(1999, "EUR"),
        "Pending",
        False,
        None,
    )
    assert (after.payment, after.payment_state, after.version) == (made, "BalanceDue", before.version + 2)
    assert [request.path for request in door.requests] == [f"/shop/orders/order-number={NUMBER}"]


def test_payments_of_others_are_not_ours(door: Door, payments: Payments) -> None:
    """A payment of the shop's own interface, and one that was deleted, are passed over."""
    other = payments.create(replace(a_write(payments), key="invoice-7"))
    gone = payments.create(replace(a_write(payments), key="invoice-8"))
    payments.change_order(the_order(payments), payment_id=other.payment_id, payment_state=None)
    payments.change_order(the_order(payments), payment_id=gone.payment_id, payment_state=None)
    door.project.payments.remove(gone.payment_id)
    assert the_order(payments).payment is None


def test_key_is_taken_once(payments: Payments) -> None:
    """The second payment of one key is a Conflict, and the first is found by it."""
    made = payments.create(a_write(payments))
    with pytest.raises(Conflict, match=r"400 DuplicateField$"):
        payments.create(a_write(payments))
    assert payments.find(KEY) == made


def test_unknown_order_and_payment_are_none(door: Door, payments: Payments) -> None:
    """However odd their names are."""
    assert payments.find_order(OrderNumber("no/such number?"), KEY) is None
    assert payments.find("no/such key") is None
    assert [request.path for request in door.requests if "no" in request.path] == [
        "/shop/orders/order-number=no%2Fsuch%20number%3F",
        "/shop/payments/key=no%2Fsuch%20key",
    ]


def test_transaction_is_written_as_it_was(door: Door, payments: Payments) -> None:
    """Type, amount, time, settlement and success; added ones to the version that was read."""
    made = payments.create(a_write(payments))
    added = payments.add(made, (REFUND,))
    with pytest.raises(Conflict):
        payments.add(made, (REFUND,))
    [held] = door.project.payments
    assert [
        (each["type"], each["amount"]["centAmount"], each["timestamp"], each["interactionId"], each["state"])
        for each in held["transactions"]
    ] == [
        ("Charge", 1999, "2026-11-21T10:00:00.000Z", "28471003921", "Success"),
        ("Refund", 500, "2026-11-21T10:00:00.000Z", "28471003922", "Success"),
    ]
    assert added.names == {("Charge", "28471003921"), ("Refund", "28471003922")}


def test_order_is_changed_on_the_version_that_was_read(payments: Payments) -> None:
    """A moved version is a Conflict, and changes nothing."""
    order, made = the_order(payments), payments.create(a_write(payments))
    payments.change_order(order, payment_id=made.payment_id, payment_state=None)
    with pytest.raises(Conflict):
        payments.change_order(order, payment_id=None, payment_state="Failed")
    assert (the_order(payments).payment_state, the_order(payments).payment) == ("Paid", made)


def test_payment_of_another_order_is_refused(door: Door, payments: Payments) -> None:
    """commercetools' own code comes with it."""
    made, order = payments.create(a_write(payments)), the_order(payments)
    door.project.orders.put(door.project.orders_by_number()[NUMBER] | {"id": "another", "orderNumber": "another"})
    payments.change_order(replace(order, commercetools_id="another"), payment_id=made.payment_id, payment_state=None)
    with pytest.raises(Rejected) as refused:
        payments.change_order(order, payment_id=made.payment_id, payment_state="Paid")
    assert refused.value.code == "InvalidOperation"


def test_cancelled_units_are_seen(door: Door, payments: Payments) -> None:
    """By the field of the line, whichever line it is."""
    order = door.project.orders_by_number()[NUMBER]
    [line] = order["lineItems"]
    fields = line["custom"] | {"fields": line["custom"]["fields"] | {"amazon-quantity-cancelled": 1}}
    door.project.orders.put(order | {"lineItems": [line | {"custom": fields}]})
    assert the_order(payments).cancelled


def test_client_without_the_scope_is_unauthorized(door: Door) -> None:
    """Reading the order needs no more than orders do; the payment needs its own scope."""
    payments = Payments(door.client)
    with pytest.raises(Unauthorized) as refused:
        payments.create(a_write(payments))
    assert (refused.value.operation, refused.value.code) == ("createPayment", "insufficient_scope")


def test_answer_that_cannot_be_read_is_unavailable(door: Door, payments: Payments) -> None:
    """The payment is there for who looks."""
    write = a_write(payments)
    door.answers["/payments"] = lambda request: door.platform.handle(request)._replace(body=b"<html>")
    with pytest.raises(Unavailable):
        payments.create(write)
    assert payments.find(KEY) is not None


@pytest.mark.skipif(not MODEL.exists(), reason="commercetools' published models are not at hand")
def test_all_that_is_sent_is_in_the_model(stage: Stage, model: Json) -> None:  # noqa: F811 - the fixture
    """A payment, a transaction that is added to it, and the order it is given to: closed to fields that commercetools does not know."""
    sent = Sent()
    scene = settle(bought(stage.scene(finance=finance(), through=sent.through)), SALE)
    settle(scene, BACK, settlement_id=SECOND, starts="2026-11-27", ends="2026-12-11", posted="2026-11-28 10:00:00 UTC")
    ours = [each for each in sent.requests if "/payments" in each.path or "order-number=" in each.path]
    assert [each.method for each in ours] == ["GET", "POST", "GET", "POST"]
    assert _faults([each for each in sent.requests if each.path.startswith("/shop-eu")], model) == []
