"""Orders change on both sides: each change ends where both agree, or with the person who must decide."""

from __future__ import annotations

from typing import Any

import pytest

from crossdock.domain.case_kinds import CASE_KINDS
from crossdock.domain.ids import AmazonOrderId, SellerSku
from crossdock.engine.schedule import INGEST
from crossdock.errors import ConfigError
from crossdock.store.claims import claimed_units
from crossdock.store.records import Inbox
from crossdock.twin.amazon_account import decoded, encoded
from tests.build import a_line, an_order
from tests.flows.auditor import (
    all_kinds,
    bought,
    calls,
    case,
    history,
    imported,
    kinds,
    people,
    put,
    reason,
    rows,
    state,
    stored,
    unaccounted,
    work,
)
from tests.flows.conftest import a_name
from tests.joined_twin import Scene, Stage, with_policy

Json = dict[str, Any]


def change(scene: Scene, number: str, *actions: Json) -> Json:
    """Somebody changes the order in commercetools, with a client of their own."""
    return _post(
        scene, scene.order(number)["id"], {"version": scene.order(number)["version"], "actions": list(actions)}
    )


def _post(scene: Scene, order_id: str, body: Json) -> Json:
    answer: Json = scene.joined.commercetools.post("updateOrder", f"/orders/{order_id}", body, dict[str, Any])
    return answer


def delete(scene: Scene, number: str) -> None:
    """Somebody deletes the order in commercetools."""
    scene.project.orders.remove(scene.order(number)["id"])


def states(scene: Scene, number: str) -> tuple[str, str]:
    """The order's two states in commercetools."""
    return scene.order(number)["orderState"], scene.order(number)["shipmentState"]


def modes(scene: Scene, number: str) -> list[str]:
    """Each line's stock effect; where a line says none of its own, the order's."""
    order = scene.order(number)
    return [line.get("inventoryMode", order["inventoryMode"]) for line in order["lineItems"]]


def seen_by_warehouse(scene: Scene, number: str, shown: Json) -> None:
    """Something sets these states, or takes one off."""
    order = scene.order(number)
    order.update(shown)
    scene.project.orders.put({name: value for name, value in order.items() if value is not None})


def taken(scene: Scene, sku: str = "MUG-BLUE") -> int:
    """How many units of a good orders took from the warehouse, once stock shows it."""
    scene.after(minutes=1)
    scene.joined.orders.find_unfenced()
    return 1000 - sum(int(entry["availableQuantity"]) for entry in scene.project.inventory if entry["sku"] == sku)


def edited(scene: Scene, order_id: str) -> Json:
    """A copy of the order on Amazon, to be changed and put back."""
    order: Json = decoded(encoded(scene.account.orders[order_id]))
    return order


def foreign_order(scene: Scene, number: str) -> Json:
    """An order somebody else made under a number that Amazon will use."""
    bystander = bought(scene, fulfilled_by="AMAZON")
    work(scene)
    order = dict(scene.order(bystander))
    scene.project.orders.remove(order["id"])
    mine: Json = {
        "id": "00000000-0000-4000-8000-000000000007",
        "orderNumber": number,
        "custom": None,
        "lineItems": [],
        "customLineItems": [],
    }
    foreign = {name: value for name, value in (order | mine).items() if value is not None}
    scene.project.orders.put(foreign)
    return foreign


# --- the ordinary life of an order


def test_pending_then_paid_then_shipped(scene: Scene) -> None:
    """Pending it waits; paid it is imported to be shipped; shipped on Amazon it is closed, and its stock was taken once."""
    order_id = bought(scene, settled=False, quantity=2)
    work(scene)
    pending = (state(scene, order_id), scene.numbers())
    scene.merchant.settle(at_once=True)
    work(scene)
    open_states = states(scene, order_id)
    scene.merchant.ship(order_id)

    work(scene)

    assert pending == ("waiting", [])
    assert open_states == ("Open", "Pending")
    assert states(scene, order_id) == ("Complete", "Shipped")
    assert taken(scene) == 2


def test_fba_order_lives_behind_its_fence(scene: Scene) -> None:
    """An order that Amazon ships takes no stock, has no address, and is never in a state a warehouse acts on."""
    order_id = imported(scene, fulfilled_by="AMAZON", quantity=2)
    fenced = states(scene, order_id)
    scene.merchant.ship(order_id)

    work(scene)

    order = scene.order(order_id)
    assert fenced == ("Complete", "Delayed")
    assert states(scene, order_id) == ("Complete", "Shipped")
    assert "shippingAddress" not in order
    assert (order["inventoryMode"], modes(scene, order_id)) == ("None", ["None"])
    assert taken(scene) == 0


def test_partly_shipped_is_partial_then_complete(scene: Scene) -> None:
    """Some units leave first: `Partial`, then `Shipped`."""
    order_id = imported(scene, skus=["MUG-BLUE", "TEA-GREEN"])
    first = scene.account.orders[order_id]["orderItems"][0]["orderItemId"]
    scene.merchant.ship(order_id, quantities={first: 1})
    work(scene)
    partial = states(scene, order_id)
    scene.merchant.ship(order_id)

    work(scene)

    assert partial == ("Open", "Partial")
    assert states(scene, order_id) == ("Complete", "Shipped")


def test_first_seen_shipped_is_history_and_takes_no_stock(scene: Scene) -> None:
    """An FBM order that left before we knew it is recorded as shipped: no address, no stock, nothing for the warehouse."""
    order_id = bought(scene)
    scene.merchant.ship(order_id)

    work(scene)

    assert states(scene, order_id) == ("Complete", "Shipped")
    assert "shippingAddress" not in scene.order(order_id)
    assert (taken(scene), calls(scene, "amazon.getOrder")) == (0, 0)


def test_first_seen_partly_shipped_is_a_case_for_operations(scene: Scene) -> None:
    """What is left of an order that was begun elsewhere must be shipped from there."""
    order_id = bought(scene, skus=["MUG-BLUE", "TEA-GREEN"])
    first = scene.account.orders[order_id]["orderItems"][0]["orderItemId"]
    scene.merchant.ship(order_id, quantities={first: 1})

    work(scene)

    assert states(scene, order_id) == ("Complete", "Partial")
    assert kinds(scene, order_id) == ["order.late_to_import"]


# --- cancellations


def test_cancelled_before_import_is_left_out(scene: Scene) -> None:
    """An order that was cancelled while pending is counted and never imported."""
    order_id = bought(scene, settled=False)
    work(scene)
    scene.merchant.cancel(order_id)

    work(scene)

    assert (state(scene, order_id), scene.numbers()) == ("out_of_scope", [])


@pytest.mark.parametrize("fulfilled_by", ["MERCHANT", "AMAZON"])
def test_cancelled_after_import_is_cancelled(scene: Scene, fulfilled_by: str) -> None:
    """Cancelled on Amazon before it was shipped: cancelled in commercetools."""
    order_id = imported(scene, fulfilled_by=fulfilled_by)
    scene.merchant.cancel(order_id)

    work(scene)

    assert states(scene, order_id) == ("Cancelled", "Canceled")
    assert (state(scene, order_id), kinds(scene, order_id)) == ("in_sync", [])


def test_cancelled_after_shipment_asks_a_person(scene: Scene) -> None:
    """The goods are gone and Amazon cancels: no state is changed, and a person is told."""
    order_id = imported(scene)
    scene.merchant.ship(order_id)
    work(scene)
    scene.merchant.cancel(order_id)

    work(scene)

    assert states(scene, order_id) == ("Complete", "Shipped")
    assert kinds(scene, order_id) == ["order.cancelled_after_shipment"]
    assert case(scene, order_id, "order.cancelled_after_shipment")["owner"] == "customer_service"


def test_cancelled_in_the_shop_is_a_case_until_amazon_agrees(scene: Scene) -> None:
    """Somebody cancels in commercetools while Amazon expects the parcel: a case with the ship-by date, which closes when Amazon cancels too."""
    order_id = imported(scene)
    change(scene, order_id, {"action": "changeOrderState", "orderState": "Cancelled"})
    put(scene, edited(scene, order_id))
    work(scene)
    told = case(scene, order_id, "order.cancelled_in_shop")
    scene.merchant.cancel(order_id)

    work(scene)

    assert told["deadline"] is not None
    assert kinds(scene, order_id) == []
    assert states(scene, order_id)[0] == "Cancelled"


def test_reopened_in_the_shop_closes_the_case_by_itself(scene: Scene) -> None:
    """The case looks again every hour: it closes when commercetools shows the order open."""
    order_id = imported(scene)
    change(scene, order_id, {"action": "changeOrderState", "orderState": "Cancelled"})
    put(scene, edited(scene, order_id))
    work(scene)
    told = kinds(scene, order_id)
    change(scene, order_id, {"action": "changeOrderState", "orderState": "Open"})

    work(scene, minutes=61)

    assert told == ["order.cancelled_in_shop"]
    assert kinds(scene, order_id) == []


def test_request_to_cancel_has_a_deadline_and_can_be_withdrawn(scene: Scene) -> None:
    """The buyer asks to cancel: a case with the ship-by date and a mark on the order; both go when the request goes."""
    order_id = imported(scene)
    before = edited(scene, order_id)
    scene.merchant.request_cancellation(order_id)
    work(scene)
    told, mark = case(scene, order_id, "order.cancellation_requested"), scene.order(order_id)["custom"]["fields"]
    put(scene, before)

    work(scene)

    assert told["deadline"] is not None
    assert mark["amazon-cancellation-requested"] is True
    assert kinds(scene, order_id) == []
    assert "amazon-cancellation-requested" not in scene.order(order_id)["custom"]["fields"]


def test_request_to_cancel_that_came_before_the_import_is_a_case_too(scene: Scene) -> None:
    """A buyer who asks before we imported the order is heard with the import."""
    order_id = bought(scene)
    scene.merchant.request_cancellation(order_id)

    work(scene)

    assert kinds(scene, order_id) == ["order.cancellation_requested"]
    assert scene.numbers() == [order_id]


def test_shipped_all_the_same_closes_the_request(scene: Scene) -> None:
    """When the parcel left, there is nothing to decide any more."""
    order_id = imported(scene)
    scene.merchant.request_cancellation(order_id)
    work(scene)
    scene.merchant.ship(order_id)

    work(scene)

    assert kinds(scene, order_id) == []


def test_quantity_that_changed_goes_to_the_line_and_to_a_person(scene: Scene) -> None:
    """One of three units is cancelled: the line keeps its quantity, its fields tell how many to pack, and operations is told."""
    order_id = imported(scene, quantity=3)
    order = edited(scene, order_id)
    order["orderItems"][0]["fulfillment"]["quantityUnfulfilled"] = 2
    put(scene, order)

    work(scene)

    line = scene.order(order_id)["lineItems"][0]
    assert line["quantity"] == 3
    assert (
        line["custom"]["fields"]["amazon-quantity-cancelled"],
        line["custom"]["fields"]["amazon-quantity-to-ship"],
    ) == (1, 2)
    assert kinds(scene, order_id) == ["order.changed_before_shipment"]
    assert case(scene, order_id, "order.changed_before_shipment")["deadline"] is not None


# --- the fence


def test_fba_order_that_left_its_fence_is_put_back_and_told(scene: Scene) -> None:
    """Somebody opens an FBA order: the check finds it, the flow puts it back, operations must make sure it was not picked."""
    order_id = imported(scene, fulfilled_by="AMAZON")
    change(
        scene,
        order_id,
        {"action": "changeOrderState", "orderState": "Open"},
        {"action": "changeShipmentState", "shipmentState": "Ready"},
    )

    found = scene.joined.checks.check_fence()
    scene.joined.drain()

    assert found == [order_id]
    assert states(scene, order_id) == ("Complete", "Delayed")
    assert kinds(scene, order_id) == ["order.fba_left_its_fence"]
    assert scene.joined.checks.check_fence() == []


@pytest.mark.parametrize(
    "shown",
    [
        {"orderState": "Open"},
        {"orderState": "Confirmed"},
        {"shipmentState": "Pending"},
        {"shipmentState": "Ready"},
        {"shipmentState": "Partial"},
        {"shipmentState": None},
    ],
    ids=["open", "confirmed", "pending", "ready", "partial", "absent"],
)
def test_each_filter_of_a_warehouse_is_watched(scene: Scene, shown: Json) -> None:
    """Whichever of the six filters would find an FBA order, the check finds it first."""
    order_id = imported(scene, fulfilled_by="AMAZON")
    seen_by_warehouse(scene, order_id, shown)

    found = scene.joined.checks.check_fence()
    scene.joined.drain()

    assert found == [order_id]
    assert states(scene, order_id) == ("Complete", "Delayed")
    assert scene.joined.checks.check_fence() == []


def test_fence_case_stands_for_a_day(scene: Scene) -> None:
    """The order is behind its fence again at once, but somebody may have picked it: the case stays for a day, whatever news comes, then closes."""
    order_id = imported(scene, fulfilled_by="AMAZON")
    change(scene, order_id, {"action": "changeOrderState", "orderState": "Open"})
    scene.joined.checks.check_fence()
    scene.joined.drain()
    scene.merchant.ship(order_id)
    work(scene, minutes=60)
    standing = (kinds(scene, order_id), state(scene, order_id))

    work(scene, minutes=24 * 60)

    assert standing == (["order.fba_left_its_fence"], "case")
    assert (kinds(scene, order_id), state(scene, order_id)) == ([], "in_sync")


def test_order_of_the_shop_is_none_of_our_fence(scene: Scene) -> None:
    """An open FBM order is where it belongs."""
    imported(scene)

    assert scene.joined.checks.check_fence() == []


# --- gone, taken, changed by others


def test_deleted_order_is_never_imported_twice(scene: Scene) -> None:
    """Somebody deletes an order we imported: a case, whatever news Amazon has, and no second import by itself."""
    order_id = imported(scene)
    delete(scene, order_id)
    put(scene, edited(scene, order_id))

    work(scene, rounds=3, minutes=25 * 60)

    assert scene.numbers() == []
    assert kinds(scene, order_id) == ["order.vanished"]
    assert unaccounted(scene) == []


def test_deleted_order_comes_back_when_a_person_says_so(scene: Scene) -> None:
    """`import --again` imports it once more, and the case closes."""
    order_id = imported(scene)
    delete(scene, order_id)
    put(scene, edited(scene, order_id))
    work(scene)

    known = scene.joined.import_one(AmazonOrderId(order_id), again=True)
    scene.joined.drain()

    assert known
    assert (scene.numbers(), kinds(scene, order_id)) == ([order_id], [])


def test_import_again_of_an_order_that_is_there_changes_nothing(scene: Scene) -> None:
    """Said by mistake, it finds the order under its number: still one order, still linked."""
    order_id = imported(scene)
    version = scene.order(order_id)["version"]

    scene.joined.import_one(AmazonOrderId(order_id), again=True)
    scene.joined.drain()

    assert (scene.numbers(), scene.order(order_id)["version"]) == ([order_id], version)
    assert len(rows(scene, "select * from links")) == 1


def test_import_of_an_order_amazon_does_not_know(scene: Scene) -> None:
    """It says so and stores nothing."""
    known = scene.joined.import_one(AmazonOrderId("302-0000000-0000000"))

    assert (known, rows(scene, "select * from inbox")) == (False, [])


def test_number_of_another_order_is_a_case(scene: Scene) -> None:
    """commercetools has an order of somebody else's under our number: it is neither changed nor taken for ours."""
    order_id = bought(scene, fulfilled_by="MERCHANT")
    foreign = foreign_order(scene, "302-0000007-0000007")
    order = edited(scene, order_id) | {"orderId": "302-0000007-0000007"}
    del order["lastUpdatedTime"]
    scene.account.put_order(order)
    work(scene, rounds=2)
    scene.merchant.ship("302-0000007-0000007")

    work(scene)
    work(scene, minutes=25 * 60)

    assert kinds(scene, "302-0000007-0000007") == ["order.number_taken"]
    assert scene.order("302-0000007-0000007")["version"] == foreign["version"]
    assert rows(scene, "select * from links where record_id = '302-0000007-0000007'") == []


def test_type_of_the_merchants_own_is_never_replaced(scene: Scene) -> None:
    """The merchant sets another type on the order: from then on its fields are the merchant's, and states still follow Amazon."""
    scene.project.add_type("merchant-order", ["order"], {"colour": "String"})
    order_id = imported(scene)
    change(
        scene,
        order_id,
        {"action": "setCustomType", "type": {"typeId": "type", "key": "merchant-order"}, "fields": {"colour": "blue"}},
    )
    scene.merchant.ship(order_id)

    work(scene)

    assert scene.order(order_id)["custom"]["fields"] == {"colour": "blue"}
    assert states(scene, order_id) == ("Complete", "Shipped")
    assert (state(scene, order_id), all_kinds(scene)) == ("in_sync", [])


def test_field_of_the_merchants_own_is_never_touched(scene: Scene) -> None:
    """Fields the merchant added to our type keep their values through every change."""
    order_type = scene.project.types.find("key", "crossdock-amazon-order")
    assert order_type is not None
    order_type["fieldDefinitions"].append(
        {"name": "colour", "type": {"name": "String"}, "label": {"en": "Colour"}, "required": False}
    )
    order_id = imported(scene)
    change(scene, order_id, {"action": "setCustomField", "name": "colour", "value": "blue"})
    scene.merchant.ship(order_id)

    work(scene)

    assert scene.order(order_id)["custom"]["fields"]["colour"] == "blue"
    assert scene.order(order_id)["custom"]["fields"]["amazon-status"] == "SHIPPED"


def test_field_written_once_is_the_merchants_from_then_on(scene: Scene) -> None:
    """What Amazon never changes is written at import and not written again over a person's correction."""
    order_id = imported(scene)
    change(scene, order_id, {"action": "setCustomField", "name": "amazon-service-level", "value": "EXPRESS"})
    scene.merchant.ship(order_id)

    work(scene)

    assert scene.order(order_id)["custom"]["fields"]["amazon-service-level"] == "EXPRESS"


def test_change_of_others_between_reading_and_writing_is_read_again(scene: Scene) -> None:
    """A version that moved meanwhile is a conflict: read again, decided again, and nobody's change is lost."""
    order_id = imported(scene)
    scene.merchant.ship(order_id)
    scene.after(minutes=5).joined.discover()
    stale = scene.order(order_id)["version"]
    change(scene, order_id, {"action": "setCustomField", "name": "amazon-service-level", "value": "EXPRESS"})

    scene.joined.drain()

    assert scene.order(order_id)["version"] > stale + 1
    assert scene.order(order_id)["custom"]["fields"]["amazon-service-level"] == "EXPRESS"
    assert states(scene, order_id) == ("Complete", "Shipped")


def test_order_that_is_in_sync_is_not_written_again(scene: Scene) -> None:
    """News that changes nothing for commercetools writes nothing there."""
    order_id = imported(scene)
    version = scene.order(order_id)["version"]
    put(scene, edited(scene, order_id))

    work(scene)

    assert (scene.order(order_id)["version"], reason(scene, order_id)) == (version, "both sides agree")


def test_prefix_is_fixed_with_the_first_import(scene: Scene) -> None:
    """Another prefix would make every order new: the drain refuses it before any record is touched, until it is set back."""
    order_id = imported(scene)
    put(scene, edited(scene, order_id))
    scene.after(minutes=5).joined.discover()
    with_policy(scene, number_prefix="AMZ-")
    with pytest.raises(ConfigError, match="number_prefix"):
        scene.joined.drain()

    with_policy(scene, number_prefix="").joined.drain()

    assert (scene.numbers(), all_kinds(scene)) == ([order_id], [])


def test_prefix_of_a_new_connection_is_free(scene: Scene) -> None:
    """Before the first import any prefix will do, and every number begins with it from then on."""
    with_policy(scene, number_prefix="AMZ-")

    order_id = imported(scene)

    assert scene.numbers() == [f"AMZ-{order_id}"]
    assert unaccounted(scene) == []


# --- cases


def test_masked_address_is_a_case_that_closes_when_the_role_comes(shared_stage: Stage) -> None:
    """Without the role Amazon shows a town and no name: nothing is imported; a quarter of an hour after the role is granted it is."""
    scene = shared_stage.scene(connection_id=a_name(), roles=("inventory_and_order_tracking",))
    order_id = imported(scene)
    told = case(scene, order_id, "order.personal_data_masked")
    scene.account.roles.add("direct_to_consumer_delivery")

    work(scene, minutes=16)

    assert told["deadline"] is not None
    assert (scene.numbers(), kinds(scene, order_id)) == ([order_id], [])
    assert scene.order(order_id)["shippingAddress"]["streetName"].endswith("Example Street")


def test_masked_order_that_is_cancelled_needs_nobody(shared_stage: Stage) -> None:
    """The case closes with the order."""
    scene = shared_stage.scene(connection_id=a_name(), roles=("inventory_and_order_tracking",))
    order_id = imported(scene)
    scene.merchant.cancel(order_id)

    work(scene)

    assert (state(scene, order_id), kinds(scene, order_id)) == ("out_of_scope", [])


def test_case_raised_twice_is_one_case(scene: Scene) -> None:
    """A case that is seen again keeps its number and the time it was opened; only its facts are new."""
    order_id = bought(scene, skus=["NOT-THERE"])
    work(scene)
    first = case(scene, order_id, "order.unknown_sku")

    work(scene, rounds=3, minutes=20)

    assert len(rows(scene, "select * from cases where record_id = %s", order_id)) == 1
    assert case(scene, order_id, "order.unknown_sku")["opened_at"] == first["opened_at"]
    assert history(scene, order_id).count("case.opened") == 1


def test_case_that_comes_back_is_a_new_case(scene: Scene) -> None:
    """Closed and seen again later it is another case, with its own time."""
    order_id = imported(scene)
    before = edited(scene, order_id)
    scene.merchant.request_cancellation(order_id)
    work(scene)
    put(scene, before)
    work(scene)
    scene.merchant.request_cancellation(order_id)

    work(scene)

    assert len(rows(scene, "select * from cases where record_id = %s", order_id)) == 2
    assert [code for code in history(scene, order_id) if code.startswith("case.")] == [
        "case.opened",
        "case.closed",
        "case.opened",
    ]


def test_owner_is_by_kind_unless_the_policy_says_otherwise(scene: Scene) -> None:
    """A kind of case belongs to whom the merchant named, else to whom the catalogue names."""
    joined = scene.joined
    joined.inbox = Inbox(joined._database, joined.connection_id, INGEST, {"order.unknown_sku": "Listings desk"})
    unknown, asked = bought(scene, skus=["NOT-THERE"]), bought(scene)
    scene.merchant.request_cancellation(asked)

    work(scene)

    assert case(scene, unknown, "order.unknown_sku")["owner"] == "Listings desk"
    assert (
        case(scene, asked, "order.cancellation_requested")["owner"] == CASE_KINDS["order.cancellation_requested"].owner
    )


def test_no_case_of_any_kind_holds_a_person(scene: Scene) -> None:
    """Every case and every line of history of a bad day: not a name, not an address, not an e-mail of any buyer."""
    bought(scene, skus=["NOT-THERE"])
    asked = bought(scene)
    scene.merchant.request_cancellation(asked)
    mismatched = edited(scene, bought(scene))
    mismatched["proceeds"]["grandTotal"]["amount"] = "1234.56"
    put(scene, mismatched)
    unreadable = edited(scene, bought(scene))
    unreadable["orderItems"][0]["quantityOrdered"] = "many"
    put(scene, unreadable)
    scene.project.inventory.forget({entry["id"] for entry in scene.project.inventory if entry["sku"] == "TEA-GREEN"})
    bought(scene, skus=["TEA-GREEN"])

    work(scene, rounds=2)

    assert len(all_kinds(scene)) >= 5
    assert [word for word in people(scene) if word in stored(scene)] == []


def test_no_stock_entry_does_not_hold_up_a_ship_by_date(scene: Scene) -> None:
    """A SKU without an entry is imported without stock effect on its line, the other line takes its own, and operations is told."""
    scene.project.inventory.forget({entry["id"] for entry in scene.project.inventory if entry["sku"] == "TEA-GREEN"})

    order_id = imported(scene, skus=["MUG-BLUE", "TEA-GREEN"], quantity=2)

    assert modes(scene, order_id) == ["TrackOnly", "None"]
    assert kinds(scene, order_id) == ["order.no_stock"]
    assert taken(scene) == 2


def test_claims_are_the_units_of_known_orders_not_yet_imported(scene: Scene) -> None:
    """Pending FBM units are claimed at once; imported, cancelled and FBA units are not."""
    bought(scene, settled=False, quantity=3)
    bought(scene, settled=False, quantity=7, fulfilled_by="AMAZON")
    scene.merchant.cancel(bought(scene, settled=False, quantity=11))
    imported(scene, quantity=13)

    claims = claimed_units(scene.joined._database, scene.joined.connection_id, INGEST)

    assert claims == [{"seller_sku": "MUG-BLUE", "units": 3, "orders": 1}]


def test_alias_maps_a_seller_sku_to_the_shops_own(scene: Scene) -> None:
    """A seller SKU that the shop spells otherwise is imported under the shop's."""
    with_policy(scene, sku_aliases={SellerSku("AMZ-MUG"): SellerSku("MUG-BLUE")})

    order_id = imported(scene, skus=["AMZ-MUG"])

    assert [line["variant"]["sku"] for line in scene.order(order_id)["lineItems"]] == ["MUG-BLUE"]


# --- tax that is lacking


def untaxed(scene: Scene, head: str, *lines: Json) -> str:
    """An order whose tax nobody knows: Amazon states none, and neither the goods' category nor the policy has a rate."""
    with_policy(scene, tax_rates={})
    order = an_order(head, *lines)
    scene.account.put_order(order)
    work(scene)
    return str(order["orderId"])


def give_tax(scene: Scene, number: str) -> None:
    """Somebody gives every line of the order its rate in commercetools."""
    rate = {"name": "VAT", "amount": 0.19, "includedInPrice": True, "country": "DE"}
    order = decoded(encoded(scene.order(number)))
    for line in (*order["lineItems"], *order["customLineItems"]):
        line["taxRate"] = rate
    scene.project.orders.put(order)


@pytest.mark.parametrize(
    ("fulfilled_by", "sku"), [("FBM", "MUG-BLUE"), ("FBA", "MUG-BLUE"), ("FBA", "NOT-THERE"), ("FBM", "AMZ-MUG")]
)
def test_untaxed_goods_are_a_case_until_they_have_their_tax(scene: Scene, fulfilled_by: str, sku: str) -> None:
    """Each look finds goods without a rate again, in a line or in a custom line, under Amazon's SKU; the case closes when commercetools shows one."""
    with_policy(scene, sku_aliases={SellerSku("AMZ-MUG"): SellerSku("MUG-BLUE")})
    order_id = untaxed(scene, f"{fulfilled_by} UNSHIPPED in DE, total 20.00 EUR", a_line(f"2 x {sku} @ 10.00 EUR"))
    first = case(scene, order_id, "order.tax_unmapped")
    work(scene, rounds=2, minutes=16)
    soon = kinds(scene, order_id)
    work(scene, rounds=2, minutes=25 * 60)
    late, again = kinds(scene, order_id), case(scene, order_id, "order.tax_unmapped")
    give_tax(scene, order_id)

    work(scene, minutes=25 * 60)

    assert ("order.tax_unmapped" in soon, "order.tax_unmapped" in late) == (True, True)
    assert (again["case_id"], again["facts"]) == (first["case_id"], {"skus": sku})
    assert "order.tax_unmapped" not in kinds(scene, order_id)


@pytest.mark.parametrize(
    ("head", "line", "told"),
    [
        ("total 14.00 EUR, DELIVERY_TIP 2.00", "1 x MUG-BLUE @ 11.90 EUR, TAX 1.90", ["order.total_mismatch"]),
        ("total 13.90 EUR, DELIVERY_TIP 2.00", "1 x MUG-BLUE @ 11.90 EUR, TAX 1.90", []),
        ("total 0.00 EUR", "1 x MUG-BLUE @ 0.00 EUR", []),
    ],
)
def test_what_never_has_tax_lacks_none(scene: Scene, head: str, line: str, told: list[str]) -> None:
    """A tip, a difference and goods for nothing stand without a rate, and no look at them later makes a case of it."""
    order_id = untaxed(scene, f"FBM UNSHIPPED in DE, {head}", a_line(line))
    first = kinds(scene, order_id)
    put(scene, edited(scene, order_id))

    work(scene)

    assert (first, kinds(scene, order_id)) == (told, told)


def test_cancelled_units_amazon_still_charges_are_a_line_of_their_own(scene: Scene) -> None:
    """One of three is cancelled before the import and Amazon's ITEM still holds it: two at their price, and the rest of the total beside them."""
    order = an_order(
        "FBM UNSHIPPED in DE, total 30.00 EUR",
        a_line("3 x MUG-BLUE @ 10.00 EUR, TAX 4.79", fulfillment={"quantityUnfulfilled": 2}),
    )
    scene.account.put_order(order)

    work(scene, rounds=2)

    held = scene.order(order["orderId"])
    (line,), (extra,) = held["lineItems"], held["customLineItems"]
    assert (line["quantity"], line["price"]["value"]["centAmount"], line["totalPrice"]["centAmount"]) == (2, 1000, 2000)
    assert (extra["name"], extra["totalPrice"]["centAmount"]) == ({"en": "Cancelled"}, 1000)
    assert held["taxedPrice"]["totalGross"]["centAmount"] == 3000
    assert (state(scene, order["orderId"]), kinds(scene, order["orderId"])) == ("in_sync", [])
