"""Every operation the flow uses, every way in which a platform fails, before and after the effect: nothing is lost, nothing doubled, the rest goes on."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from crossdock.errors import Unauthorized
from crossdock.twin.commercetools_shelf import Shelf
from crossdock.twin.world import FaultAnswer
from tests.flows.auditor import (
    all_kinds,
    bought,
    calls,
    fail,
    imported,
    kinds,
    reason,
    state,
    unaccounted,
    unknown,
    work,
)
from tests.flows.conftest import a_name
from tests.joined_twin import Scene, Stage

AMAZON = ("amazon.token", "amazon.searchOrders", "amazon.getOrder")
COMMERCETOOLS = (
    "commercetools.token",
    "commercetools.importOrder",
    "commercetools.getOrderByOrderNumber",
    "commercetools.updateOrder",
    "commercetools.queryProductProjections",
    "commercetools.getCustomerByKey",
    "commercetools.createCustomer",
    "commercetools.getChannelByKey",
)
ANSWERS: tuple[FaultAnswer, ...] = (
    "unavailable",
    "broken",
    "throttled",
    "unauthorized",
    "forbidden",
    "not_found",
    "too_large",
    "not_json",
    "timed_out",
)
# A refusal says that nothing happened; these answers say nothing about it.
AFTER_EFFECT: tuple[FaultAnswer, ...] = ("unavailable", "broken", "not_json", "timed_out")
OPERATIONS = (*AMAZON, *COMMERCETOOLS)
ONCE = [*itertools.product(OPERATIONS, ANSWERS, (False,)), *itertools.product(OPERATIONS, AFTER_EFFECT, (True,))]
# Those that look alike to the product are shown once.
LASTING = list(
    itertools.product(OPERATIONS, ("unavailable", "throttled", "forbidden", "not_found", "too_large", "not_json"))
)
CONFLICTS = [(operation, after) for operation in COMMERCETOOLS[1:] for after in (False, True)]
# What concerns one record: a refusal of these is that record's own.
OF_ONE_RECORD = ("commercetools.importOrder", "commercetools.updateOrder")
REFUSALS: tuple[FaultAnswer, ...] = (
    "unavailable",
    "broken",
    "throttled",
    "not_found",
    "too_large",
    "not_json",
    "conflict",
    "timed_out",
)


def scene_of(stage: Stage, **orders: Any) -> Scene:
    """A scene that uses every operation: an anonymous customer, and sync info under a channel."""
    return stage.scene(connection_id=a_name(), sync_channel="amazon", **orders)


def a_day(scene: Scene) -> None:
    """Orders are bought, imported and shipped, and a worker's rounds go on until the slowest look again."""
    fbm, fba = bought(scene), bought(scene, fulfilled_by="AMAZON")
    work(scene, rounds=2, minutes=10)
    work(scene, rounds=2, minutes=61)
    scene.merchant.ship(fbm)
    scene.merchant.ship(fba)
    work(scene, rounds=2, minutes=10)
    work(scene, rounds=2, minutes=61)
    work(scene, minutes=25 * 60)


def end_of(scene: Scene) -> list[object]:
    """What an auditor finds at the end of the day."""
    orders = scene.project.orders_by_number()
    found = sorted((order["orderState"], order["shipmentState"], len(order["syncInfo"])) for order in orders.values())
    stock = sorted((entry["sku"], entry["availableQuantity"]) for entry in scene.project.inventory)
    return [
        sorted(orders) == sorted(scene.account.orders),
        found,
        stock,
        unaccounted(scene),
        unknown(scene),
        all_kinds(scene),
    ]


def remove(shelf: Shelf, key: str) -> None:
    """Somebody deletes a thing of the project by hand."""
    found = shelf.find("key", key)
    assert found is not None
    shelf.remove(found["id"])


@pytest.fixture(scope="module")
def undisturbed(shared_stage: Stage) -> list[object]:
    """The end every disturbed day must come to."""
    scene = scene_of(shared_stage)
    a_day(scene)
    return end_of(scene)


@pytest.mark.parametrize(("operation", "answer", "after"), ONCE)
def test_one_fault_changes_nothing_in_the_end(
    shared_stage: Stage, undisturbed: list[object], operation: str, answer: FaultAnswer, *, after: bool
) -> None:
    """One call goes wrong, with or without its effect: at the end of the day everything is as if it had not."""
    scene = fail(scene_of(shared_stage), operation, answer, after_effect=after)

    a_day(scene)

    assert scene.twin.world.faults.waiting() == []
    assert end_of(scene) == undisturbed


@pytest.mark.parametrize(("operation", "after"), CONFLICTS)
def test_one_conflict_changes_nothing_in_the_end(
    shared_stage: Stage, undisturbed: list[object], operation: str, *, after: bool
) -> None:
    """A 409 of commercetools is read again and decided again."""
    scene = fail(scene_of(shared_stage), operation, "conflict", after_effect=after)

    a_day(scene)

    assert end_of(scene) == undisturbed


@pytest.mark.parametrize(("operation", "answer"), LASTING)
def test_lasting_fault_is_a_wait_or_a_case_and_ends(shared_stage: Stage, operation: str, answer: FaultAnswer) -> None:
    """While a platform keeps failing each order waits with a time or is a case; nobody knocks all day; afterwards all goes on."""
    scene = scene_of(shared_stage)
    fail(scene, operation, answer, times=None)
    a_day(scene)
    during, knocks = unaccounted(scene), calls(scene, operation)

    scene.twin.world.faults.clear()
    work(scene, rounds=2, minutes=61)
    work(scene, rounds=2, minutes=25 * 60)

    assert during == []
    assert knocks <= 80
    assert unaccounted(scene) == []
    assert unknown(scene) == []
    assert scene.numbers() == sorted(scene.account.orders)


@pytest.mark.parametrize(("operation", "answer"), list(itertools.product(OF_ONE_RECORD, REFUSALS)))
def test_one_refused_record_does_not_hold_up_the_others(
    shared_stage: Stage, operation: str, answer: FaultAnswer
) -> None:
    """What commercetools refuses once is that order's own trouble: the other nine go through in the same run."""
    scene = scene_of(shared_stage)
    order_ids = [bought(scene) for _ in range(10)]
    scene.after(minutes=5).joined.discover()
    fail(scene, operation, answer)

    scene.joined.drain()

    assert sum(state(scene, order_id) == "in_sync" for order_id in order_ids) >= 9
    assert unaccounted(scene) == []


def test_created_although_commercetools_said_500(scene: Scene) -> None:
    """A 500 after the order was written: the next try reads it under its number instead of writing it again."""
    fail(scene, "commercetools.importOrder", "broken", after_effect=True)
    order_id = imported(scene)
    assert state(scene, order_id) == "waiting"

    scene.after(seconds=2).joined.drain()

    assert (state(scene, order_id), scene.numbers()) == ("in_sync", [order_id])
    assert calls(scene, "commercetools.importOrder") == 1


def test_taken_stock_is_taken_once_after_a_lost_answer(scene: Scene) -> None:
    """A time-out after the commit: the order is there once and its stock was taken once."""
    fail(scene, "commercetools.importOrder", "timed_out", after_effect=True)
    imported(scene, quantity=3)

    scene.after(minutes=1).joined.drain()
    scene.after(minutes=1)

    assert len(scene.numbers()) == 1
    assert sorted(entry["quantityOnStock"] for entry in scene.project.inventory) == [997, 1000, 1000, 1000]


def test_access_token_that_expires_between_pages_is_renewed(scene: Scene) -> None:
    """Amazon forgets our token while we turn the page: one more token, and no page is lost."""
    order_ids = [bought(scene, fulfilled_by="AMAZON") for _ in range(150)]
    fail(scene, "amazon.searchOrders", "forbidden", skip=1)

    work(scene)

    assert sorted(order_ids) == scene.numbers()
    assert calls(scene, "amazon.token") == 2


def test_commercetools_token_that_is_revoked_is_renewed(scene: Scene) -> None:
    """A token that is revoked before its time costs one call."""
    imported(scene)
    scene.twin.commercetools.tokens.clear()

    order_id = imported(scene)

    assert state(scene, order_id) == "in_sync"


def test_refused_consent_is_one_case_of_the_connection(scene: Scene) -> None:
    """When the seller takes the consent back, that is one case and not one for each order; it closes when calls are accepted again."""
    order_ids = [bought(scene) for _ in range(5)]
    scene.after(minutes=5).joined.discover()
    scene.twin.amazon.accounts.clear()
    scene.after(hours=2)

    paused = [scene.joined.drain().paused is not None for _ in range(3)]
    during = all_kinds(scene)
    scene.twin.amazon.accounts[scene.account.refresh_token] = scene.account
    work(scene)

    assert (paused, during) == ([True, True, True], ["connection.unauthorized"])
    assert all_kinds(scene) == []
    assert scene.numbers() == sorted(order_ids)


def test_refused_search_leaves_known_orders_alone(scene: Scene) -> None:
    """A search that is refused goes to the worker as what it is; orders that are here already are worked on."""
    order_id = bought(scene)
    scene.joined.take_notifications(list(scene.account.notifications))
    fail(scene, "amazon.searchOrders", "forbidden", times=None)

    with pytest.raises(Unauthorized):
        scene.after(minutes=5).joined.discover()
    scene.joined.drain()

    assert scene.numbers() == [order_id]


def test_put_back_too_often_is_a_case_that_goes_on_trying(scene: Scene) -> None:
    """After a dozen tries a person is told; the order is still tried once an hour, and the case closes by itself."""
    order_id = bought(scene)
    fail(scene, "commercetools.importOrder", "unavailable", times=None)
    work(scene, rounds=15, minutes=11)
    told = kinds(scene, order_id)

    scene.twin.world.faults.clear()
    work(scene, minutes=61)

    assert told == ["record.stuck"]
    assert (state(scene, order_id), kinds(scene, order_id)) == ("in_sync", [])


def test_retry_after_of_a_platform_is_kept(scene: Scene) -> None:
    """A try is put back with growing pauses: a second, two, four."""
    order_id = bought(scene)
    fail(scene, "commercetools.importOrder", "unavailable", times=3)
    work(scene)
    scene.joined.drain()
    scene.after(seconds=1).joined.drain()
    scene.after(seconds=1).joined.drain()
    scene.after(seconds=1).joined.drain()

    assert calls(scene, "commercetools.importOrder") == 3
    assert "importOrder" in reason(scene, order_id)


def test_missing_channel_is_a_case_and_repaired_by_itself(shared_stage: Stage) -> None:
    """A supply channel that is not in the project: a case that names it, and the next look after it was made."""
    scene = shared_stage.scene(connection_id=a_name(), supply_channel="elsewhere")
    remove(scene.project.channels, "elsewhere")
    order_id = imported(scene)
    told = kinds(scene, order_id)

    scene.project.add_channel("elsewhere", "InventorySupply")
    work(scene, minutes=61)

    assert told == ["order.rejected"]
    assert scene.numbers() == [order_id]


def test_missing_type_is_a_case_and_repaired_by_itself(scene: Scene) -> None:
    """A type somebody deleted: a case for engineering, and the order goes on when it is back."""
    remove(scene.project.types, "crossdock-amazon-order")
    order_id = imported(scene)
    told = kinds(scene, order_id)

    scene.joined.provision(dry_run=False)
    work(scene, minutes=61)

    assert told == ["order.rejected"]
    assert (scene.numbers(), kinds(scene, order_id)) == ([order_id], [])


def test_refusal_closes_no_other_case(scene: Scene) -> None:
    """A case that stands stays while commercetools refuses: nothing was seen that would make it healthy."""
    order_id = imported(scene)
    scene.merchant.request_cancellation(order_id)
    work(scene)
    scene.merchant.request_cancellation(order_id, reason="Please")
    fail(scene, "commercetools.getOrderByOrderNumber", "too_large")

    work(scene)

    assert kinds(scene, order_id) == ["order.cancellation_requested", "order.rejected"]
