"""What changes on either side between a write and the next look: nothing is dropped, doubled, or left open."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.flows.auditor import bought, calls, case, fail, imported, kinds, put, reason, state, unaccounted, work
from tests.flows.conftest import a_name
from tests.flows.test_order_changes import change, delete, edited, states, taken
from tests.joined_twin import Scene, Stage, with_policy

DAY_MINUTES = 24 * 60


@pytest.mark.parametrize("fulfilled_by", ["MERCHANT", "AMAZON"])
def test_cancelled_after_an_answer_that_was_lost(scene: Scene, fulfilled_by: str) -> None:
    """The import took effect, its answer was lost, and Amazon cancels before the next try: the order is found and cancelled."""
    fail(scene, "commercetools.importOrder", "timed_out", after_effect=True)
    order_id = imported(scene, fulfilled_by=fulfilled_by)

    scene.merchant.cancel(order_id)
    work(scene)

    assert states(scene, order_id) == ("Cancelled", "Canceled")
    assert state(scene, order_id) == "in_sync"


def test_out_of_scope_by_a_new_policy_after_an_answer_that_was_lost(scene: Scene) -> None:
    """A policy that would not import the order today does not disown the one that stands in commercetools."""
    fail(scene, "commercetools.importOrder", "timed_out", after_effect=True)
    order_id = imported(scene)

    with_policy(scene, import_from=scene.twin.world.clock.now() + timedelta(days=1))
    work(scene)

    assert state(scene, order_id) == "in_sync"
    assert scene.numbers() == [order_id]


def test_a_foreign_order_under_the_number_of_one_out_of_scope_is_left_alone(scene: Scene) -> None:
    """An old order that another tool had imported is no case: it is out of scope, whatever stands under its number."""
    bystander = imported(scene, fulfilled_by="AMAZON")
    with_policy(scene, import_from=scene.twin.world.clock.now() + timedelta(days=1))
    order_id = bought(scene)
    order = dict(scene.order(bystander)) | {"orderNumber": order_id, "lineItems": [], "customLineItems": []}
    del order["custom"]
    scene.project.orders.remove(order["id"])
    scene.project.orders.put(order)

    work(scene)

    assert (state(scene, order_id), kinds(scene, order_id)) == ("out_of_scope", [])


def test_an_order_whose_sync_info_was_refused_is_recorded_all_the_same(shared_stage: Stage) -> None:
    """Without the sync channel the order is imported and linked, and the refusal a case; deleted then, it never comes back by itself."""
    scene = shared_stage.scene(connection_id=a_name(), sync_channel="amazon")
    channel = scene.project.channels.find("key", "amazon")
    assert channel is not None
    scene.project.channels.remove(channel["id"])
    order_id = imported(scene, quantity=3)
    work(scene)
    assert kinds(scene, order_id) == ["order.rejected"]

    delete(scene, order_id)
    work(scene, rounds=4, minutes=61)

    assert kinds(scene, order_id) == ["order.vanished"]
    assert calls(scene, "commercetools.importOrder") == 1
    assert taken(scene) == 3


@pytest.mark.parametrize("fulfilled_by", ["MERCHANT", "AMAZON"])
def test_sync_info_that_is_refused_keeps_no_cancellation_back(shared_stage: Stage, fulfilled_by: str) -> None:
    """An update is all or nothing, so sync info goes alone: the channel is gone, and the order is cancelled all the same, the refusal a case beside it."""
    scene = shared_stage.scene(connection_id=a_name(), sync_channel="amazon")
    channel = scene.project.channels.find("key", "amazon")
    assert channel is not None
    scene.project.channels.remove(channel["id"])
    order_id = imported(scene, fulfilled_by=fulfilled_by)
    work(scene)

    scene.merchant.cancel(order_id)
    work(scene, rounds=2)

    assert states(scene, order_id) == ("Cancelled", "Canceled")
    assert kinds(scene, order_id) == ["order.rejected"]


def test_sync_info_that_failed_once_comes_with_the_next_run(shared_stage: Stage) -> None:
    """A fault while the sync info is written costs neither the order nor the sync info."""
    scene = shared_stage.scene(connection_id=a_name(), sync_channel="amazon")
    fail(scene, "commercetools.updateOrder", "unavailable")
    order_id = imported(scene)

    work(scene)

    assert len(scene.order(order_id)["syncInfo"]) == 1
    assert (state(scene, order_id), kinds(scene, order_id)) == ("in_sync", [])


def test_an_anonymous_customer_that_was_deleted_is_made_again(scene: Scene) -> None:
    """Somebody tidies up customers: the next order makes the anonymous one anew, without a person."""
    imported(scene, fulfilled_by="AMAZON")
    (customer,) = list(scene.project.customers)
    scene.project.customers.remove(customer["id"])

    order_id = imported(scene, fulfilled_by="AMAZON")
    work(scene)

    assert (state(scene, order_id), kinds(scene, order_id)) == ("in_sync", [])
    assert len(list(scene.project.customers)) == 1


def test_an_fba_order_whose_type_was_replaced_is_still_fenced(scene: Scene) -> None:
    """Our mark is gone with the type, and somebody opens the order: it is found by its number and put back."""
    scene.project.add_type("merchant-order", ["order"], {"colour": "String"})
    order_id = imported(scene, fulfilled_by="AMAZON")
    replaced: dict[str, Any] = {"action": "setCustomType", "type": {"typeId": "type", "key": "merchant-order"}}
    change(scene, order_id, replaced, {"action": "changeOrderState", "orderState": "Open"})

    found = scene.joined.checks.check_fence()
    work(scene)

    assert found == [order_id]
    assert states(scene, order_id) == ("Complete", "Delayed")
    assert kinds(scene, order_id) == ["order.fba_left_its_fence"]


def test_an_fba_order_with_a_status_nobody_knows_is_still_fenced(scene: Scene) -> None:
    """The question what a status means does not leave an FBA order where a warehouse finds it."""
    order_id = imported(scene, fulfilled_by="AMAZON")
    order = edited(scene, order_id)
    order["fulfillment"]["fulfillmentStatus"] = "INVOICE_UNCONFIRMED"
    put(scene, order)
    work(scene)
    change(scene, order_id, {"action": "changeOrderState", "orderState": "Open"})

    scene.joined.checks.check_fence()
    work(scene)

    assert states(scene, order_id) == ("Complete", "Delayed")
    assert "order.status_unknown" in kinds(scene, order_id)


def test_a_programme_that_the_policy_now_dispatches_is_imported(scene: Scene) -> None:
    """After a restart with another policy the case closes by itself, within hours and without news from Amazon."""
    order_id = imported(scene, programs=["IN_STORE_PICK_UP"])
    assert kinds(scene, order_id) == ["order.program_unsupported"]

    with_policy(scene, dispatch_programs=frozenset({"IN_STORE_PICK_UP"}))
    work(scene, rounds=3, minutes=61)

    assert kinds(scene, order_id) == []
    assert scene.numbers() == [order_id]


def test_a_ship_by_date_that_passes_opens_its_case(scene: Scene) -> None:
    """Nobody ships, and Amazon sends no news: the case is there when the ship-by date has passed."""
    order_id = imported(scene)
    assert kinds(scene, order_id) == []

    work(scene, rounds=8, minutes=DAY_MINUTES)

    assert kinds(scene, order_id) == ["order.late_to_import"]
    assert case(scene, order_id, "order.late_to_import")["deadline"] < scene.twin.world.clock.now()


def test_a_case_of_another_kind_does_not_end_the_daily_look(scene: Scene) -> None:
    """The buyer asks to cancel, nobody answers, and nobody ships: the ship-by date is watched all the same."""
    order_id = imported(scene)
    order = edited(scene, order_id)
    order["orderItems"][0]["cancellation"] = {
        "cancellationRequest": {"requester": "BUYER", "cancelReason": "No longer needed"}
    }
    put(scene, order)

    work(scene, rounds=8, minutes=DAY_MINUTES)

    assert kinds(scene, order_id) == ["order.cancellation_requested", "order.late_to_import"]


def test_an_order_cancelled_in_the_shop_is_noticed_within_a_day(scene: Scene) -> None:
    """Amazon is not told and sends nothing: the daily look at what is to be shipped finds it."""
    order_id = imported(scene)
    change(scene, order_id, {"action": "changeOrderState", "orderState": "Cancelled"})

    work(scene, rounds=2, minutes=DAY_MINUTES)

    assert "order.cancelled_in_shop" in kinds(scene, order_id)


def test_what_is_no_longer_ours_to_ship_is_looked_at_no_more(scene: Scene) -> None:
    """Shipped, an order is due no more by itself: old orders cost nothing."""
    order_id = imported(scene)
    scene.merchant.ship(order_id)

    work(scene, rounds=3, minutes=DAY_MINUTES)

    assert reason(scene, order_id) in {"brought up to date", "both sides agree"}
    assert scene.joined.inbox.next_due_at() is None
    assert unaccounted(scene) == []
