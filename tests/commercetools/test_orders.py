"""Orders through the door of the simulated platform: written once, found as written, changed all at once, redacted, listed."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from crossdock.commercetools.client import OutOfStock
from crossdock.domain.ids import OrderNumber, SellerSku
from crossdock.domain.money import Money
from crossdock.domain.order import ImportedOrder
from crossdock.domain.order_changes import ChangeOrder
from crossdock.domain.order_import import without_stock
from crossdock.errors import Conflict, Unavailable
from tests.build import a_line, an_order
from tests.commercetools.decisions import FBA, FBM, PERSONAL, an_import
from tests.commercetools.doors import Door

GIFT = {"fulfillment": {"packing": {"giftOption": {"giftMessage": "Greetings", "giftWrapLevel": "STANDARD"}}}}


@pytest.fixture
def door() -> Door:
    """A shop with a hundred of each good."""
    return Door()


def _imported(door: Door, **more: object) -> ImportedOrder:
    order = door.orders.import_order(an_import(**more))  # type: ignore[arg-type]
    assert isinstance(order, ImportedOrder)
    return order


def test_import_is_found_as_it_was_written(door: Door) -> None:
    """What importing answers is what reading by number finds: states, total, line, fields and person."""
    written = _imported(door)
    assert door.orders.find(OrderNumber("302-0000001-0000001")) == written
    assert (written.order_state, written.shipment_state, written.total_gross) == ("Open", "Pending", Money(1999, "EUR"))
    assert [(line.key, line.sku, line.quantity, line.custom, line.lacks_tax) for line in written.lines] == [
        ("10000000000001", "MUG-BLUE", 1, False, False)
    ]
    assert written.fields["amazon-ship-by"] == datetime(2026, 11, 22, 22, 59, 59, tzinfo=UTC)
    assert (written.has_address, written.customer_email) == (True, "test-buyer-7@marketplace.example")


def test_number_is_taken_once(door: Door) -> None:
    """The second import of one number is a Conflict and changes nothing."""
    _imported(door)
    with pytest.raises(Conflict, match=r"400 DuplicateField$"):
        door.orders.import_order(an_import())
    assert len(door.project.orders_by_number()) == 1


def test_import_whose_answer_is_lost_is_found(door: Door) -> None:
    """A success that cannot be read is Unavailable, and the order is there for who looks."""
    door.answers["/orders/import"] = lambda request: door.platform.handle(request)._replace(body=b"<html>")
    with pytest.raises(Unavailable):
        door.orders.import_order(an_import())
    assert door.orders.find(OrderNumber("302-0000001-0000001")) is not None


def test_unknown_number_is_none(door: Door) -> None:
    """A number commercetools does not have is None, however odd it is."""
    assert door.orders.find(OrderNumber("no/such number?")) is None
    assert door.requests[-1].path == "/shop/orders/order-number=no%2Fsuch%20number%3F"


def test_stock_that_cannot_be_taken_is_named_and_nothing_is_written(door: Door) -> None:
    """SKUs without an entry come back; the same import without taking theirs succeeds and says so on the line."""
    door.project.add_product("BARE", "Bare")
    decision = an_import(
        an_order(
            "FBM UNSHIPPED in DE, total 3.00 EUR", a_line("1 x BARE @ 1.00 EUR"), a_line("1 x MUG-BLUE @ 2.00 EUR")
        )
    )
    missing = door.orders.import_order(decision)
    assert missing == frozenset({"BARE"})
    assert door.project.orders_by_number() == {}
    order = door.orders.import_order(without_stock(decision, frozenset({SellerSku("BARE")})))
    assert isinstance(order, ImportedOrder)
    assert {line.sku: line.inventory_mode for line in order.lines} == {"BARE": "None", "MUG-BLUE": None}


def test_refusal_for_stock_we_do_not_take_is_no_answer(door: Door) -> None:
    """Where the SKUs named are those already without stock effect, trying again would go round in circles: it is raised."""
    decision = without_stock(an_import(), frozenset({SellerSku("MUG-BLUE")}))
    door.answer("/orders/import", 400, json.dumps({"errors": [{"code": "OutOfStock", "skus": ["MUG-BLUE"]}]}).encode())
    with pytest.raises(OutOfStock):
        door.orders.import_order(decision)


def test_change_is_all_or_nothing(door: Door) -> None:
    """States, fields, lines' fields and sync info change in one update on the version that was read; a moved version is a Conflict."""
    held = _imported(door)
    line_id = held.lines[0].line_id
    change = ChangeOrder(
        held,
        order_state="Complete",
        shipment_state="Shipped",
        fields={"amazon-status": "SHIPPED", "amazon-ship-by": None},
        line_fields={line_id: {"amazon-quantity-cancelled": 1, "amazon-quantity-to-ship": 0}},
        sync_channel="marketplace",
        sync_id="302-0000001-0000001",
    )
    after = door.orders.change(change)
    assert (after.order_state, after.shipment_state, after.synced_channels) == ("Complete", "Shipped", ("marketplace",))
    assert (after.fields["amazon-status"], after.fields.get("amazon-ship-by")) == ("SHIPPED", None)
    assert (after.lines[0].fields["amazon-quantity-cancelled"], after.lines[0].fields["amazon-quantity-to-ship"]) == (
        1,
        0,
    )
    with pytest.raises(Conflict):
        door.orders.change(replace(change, order_state="Open"))
    assert door.orders.find(held.order_number) == after


def many_lines(door: Door) -> ImportedOrder:
    """An order of 260 lines."""
    lines = [a_line("1 x MUG-BLUE @ 1.00 EUR") for _ in range(260)]
    decision = an_import(an_order("FBM UNSHIPPED in DE, total 260.00 EUR", *lines))
    order = door.orders.import_order(replace(decision, inventory_mode="None"))
    assert isinstance(order, ImportedOrder)
    return order


def updates(door: Door) -> list[int]:
    """How many actions each update of an order had."""
    return [
        len(json.loads(request.body)["actions"])
        for request in door.requests
        if request.method == "POST" and re.search("/orders/[^/]+$", request.path) and b'"actions"' in request.body
    ]


def test_more_changes_than_one_update_takes(door: Door) -> None:
    """An order of hundreds of lines is changed in several updates, each on the version that the one before answered."""
    held = many_lines(door)
    wanted = {"amazon-quantity-cancelled": 1, "amazon-quantity-to-ship": 0}
    after = door.orders.change(ChangeOrder(held, line_fields={line.line_id: wanted for line in held.lines}))
    assert updates(door) == [500, 20]
    assert {line.fields["amazon-quantity-cancelled"] for line in after.lines} == {1}
    assert {line.fields["amazon-quantity-to-ship"] for line in after.lines} == {0}
    assert door.orders.find(held.order_number) == after


def test_more_to_redact_than_one_update_takes(door: Door) -> None:
    """An order with hundreds of deliveries keeps none of their addresses."""
    held = _imported(door)
    order = door.project.orders_by_number()[held.order_number]
    there = {"items": [], "parcels": [], "createdAt": "2026-11-20T08:00:00.000Z", "address": order["shippingAddress"]}
    deliveries = [there | {"id": f"00000000-0000-4000-8000-{n:012d}"} for n in range(600)]
    door.project.orders.put(order | {"shippingInfo": (order.get("shippingInfo") or {}) | {"deliveries": deliveries}})
    found = door.orders.find(held.order_number)
    assert found is not None
    after = door.orders.redact(found)
    assert (len(found.addressed_deliveries), after.addressed_deliveries) == (600, ())
    assert (len(updates(door)), max(updates(door))) == (2, 500)
    assert "Example Street" not in json.dumps(door.project.orders_by_number())


def test_order_that_lost_its_type_gets_it_back(door: Door) -> None:
    """The type and all fields are set in one action."""
    held = _imported(door)
    after = door.orders.change(
        ChangeOrder(
            held, type_fields={"amazon-order-id": "302-0000001-0000001", "amazon-prime": True}, type_key="amazon"
        )
    )
    assert after.fields == {"amazon-order-id": "302-0000001-0000001", "amazon-prime": True}


def test_redaction_leaves_no_person(door: Door) -> None:
    """After redaction no field of the order, of a line or of a custom line holds a person's words; doing it again is safe."""
    order = an_order("FBM UNSHIPPED in DE, total 23.49 EUR", a_line("1 x MUG-BLUE @ 20.00 EUR, GIFT_WRAP 3.49", **GIFT))
    personal = replace(
        PERSONAL, gift_messages=((an_import(order).order.items[0].order_item_id, "Greetings from Test Buyer 7"),)
    )
    held = _imported(door, order=order, personal=personal)
    assert "Test Buyer 7" in json.dumps(door.project.orders_by_number())
    once = door.orders.redact(held)
    twice = door.orders.redact(once)
    stored = json.dumps(door.project.orders_by_number())
    assert [
        word
        for word in ("Test Buyer 7", "Example Street", "marketplace.example", "PO-7", "At the door", "XX7")
        if word in stored
    ] == []
    assert (twice.has_address, twice.customer_email) == (False, None)


def test_numbers_are_looked_up_a_few_hundred_at_a_time(door: Door) -> None:
    """However many numbers are asked for, no query grows too long, and exactly those that are there come back."""
    _imported(door)
    numbers = [OrderNumber(f"302-0000001-{n:07d}") for n in range(1, 1200)]
    assert door.orders.existing(numbers) == frozenset({"302-0000001-0000001"})
    assert max(len(str(request.query)) for request in door.requests) < 8000
    assert door.orders.existing([]) == frozenset()
    assert door.orders.existing([OrderNumber('quote" and \\ slash')]) == frozenset()


def test_pages_follow_the_id(door: Door) -> None:
    """More than a page of FBA orders outside their fence is found to the last one."""
    fenced = [an_import(FBA | {"orderId": f"302-0000002-{n:07d}"}, customer_fba="none") for n in range(520)]
    [door.orders.import_order(replace(decision, order_state="Open")) for decision in fenced]
    [
        door.orders.import_order(an_import(FBA | {"orderId": f"302-0000003-{n:07d}"}, customer_fba="none"))
        for n in range(3)
    ]
    found = door.orders.find_unfenced()
    assert len(found) == len(set(found)) == 520
    assert {number[:11] for number in found} == {"302-0000002"}


@pytest.mark.parametrize(
    ("order_state", "shipment_state", "visible"),
    [
        ("Complete", "Delayed", False),
        ("Complete", "Shipped", False),
        ("Cancelled", "Pending", False),
        ("Open", "Shipped", True),
        ("Confirmed", "Delayed", True),
        ("Complete", "Pending", True),
        ("Complete", "Ready", True),
        ("Complete", "Partial", True),
    ],
)
def test_what_a_warehouse_would_find(door: Door, order_state: str, shipment_state: str, visible: bool) -> None:  # noqa: FBT001 - a column
    """The daily look finds an FBA order by every filter a warehouse may use, and no FBM order."""
    door.orders.import_order(
        replace(an_import(FBA, customer_fba="none"), order_state=order_state, shipment_state=shipment_state)
    )
    door.orders.import_order(an_import(FBM | {"orderId": "302-0000009-0000009"}))
    assert door.orders.find_unfenced() == ["302-0000001-0000001"] * visible
