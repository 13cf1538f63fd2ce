"""A closed day is proven by a second, independent search: what is on Amazon is in the inbox, and what is in scope is in commercetools."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from crossdock.domain.day_check import DayCheck
from crossdock.errors import Rejected, Unavailable
from crossdock.flows.check_days import is_closed
from crossdock.twin.world import Request
from tests.flows.auditor import (
    all_kinds,
    bought,
    calls,
    fail,
    history,
    imported,
    kinds,
    listening,
    rows,
    state,
    throttled,
    unaccounted,
    work,
    write,
)
from tests.flows.conftest import a_name
from tests.flows.test_order_changes import delete
from tests.joined_twin import START, Scene, Stage

DAY = START.date()


def day_later(scene: Scene) -> Scene:
    """The next morning, when the day before is closed."""
    return scene.after(days=1)


def counts(check: DayCheck) -> dict[str, int]:
    """What the check counted."""
    return {
        "on_amazon": check.on_amazon,
        "in_commercetools": check.in_commercetools,
        "out_of_scope": check.out_of_scope,
        "waiting": check.waiting,
        "missing": check.found_missing,
        "vanished": len(check.vanished),
    }


def forget(scene: Scene, order_id: str) -> None:
    """The first search never brought this order."""
    write(scene, "delete from inbox where record_id = %s", order_id)
    scene.project.orders.remove(scene.order(order_id)["id"])
    write(scene, "delete from links where record_id = %s", order_id)


def test_closed_day_is_proven(scene: Scene) -> None:
    """FBM, FBA, cancelled and waiting orders of a day: each is counted in its place, and the sum is what Amazon has."""
    imported(scene)
    imported(scene, fulfilled_by="AMAZON")
    scene.merchant.cancel(bought(scene, settled=False))
    bought(scene, settled=False)
    work(scene, rounds=2)

    check = day_later(scene).joined.checks.check_day(DAY)

    assert check.is_proven()
    assert counts(check) == {
        "on_amazon": 4,
        "in_commercetools": 2,
        "out_of_scope": 1,
        "waiting": 1,
        "missing": 0,
        "vanished": 0,
    }


def test_proof_is_kept_for_the_desk(scene: Scene) -> None:
    """The counts of a day are stored, and a later check of the same day replaces them."""
    imported(scene)
    check = day_later(scene).joined.checks.check_day(DAY)
    scene.joined.checks.note_day(check)
    scene.joined.checks.note_day(check)

    kept = rows(scene, "select day, on_amazon, in_inbox, in_commercetools, missing from closed_days")

    assert kept == [{"day": DAY, "on_amazon": 1, "in_inbox": 1, "in_commercetools": 1, "missing": 0}]


def test_missing_order_gets_a_case_and_is_imported(scene: Scene) -> None:
    """An order the first search never brought: a case, and the order itself is fetched and imported, which closes it."""
    imported(scene)
    lost = imported(scene)
    forget(scene, lost)

    check = day_later(scene).joined.checks.check_day(DAY)
    told = kinds(scene, lost)
    scene.joined.drain()

    assert (check.is_proven(), counts(check)["missing"]) == (False, 1)
    assert told == ["order.missing"]
    assert lost in scene.numbers()
    assert (state(scene, lost), kinds(scene, lost)) == ("in_sync", [])


def test_second_search_by_creation_asks_for_nobody(shared_stage: Stage) -> None:
    """It asks by creation time, of the whole day and no more, and for no dataset with persons in it."""
    heard: list[Request] = []
    scene = shared_stage.scene(connection_id=a_name(), through=listening(heard))
    day_later(scene).joined.checks.check_day(DAY)

    asked = [request.query for request in heard if request.path.endswith("/orders") and "createdAfter" in request.query]

    assert [(query["createdAfter"], query["createdBefore"]) for query in asked] == [
        (["2026-11-20T00:00:00.000Z"], ["2026-11-21T00:00:00.000Z"])
    ]
    assert "RECIPIENT" not in asked[0]["includedData"][0]
    assert "BUYER" not in asked[0]["includedData"][0]


def test_vanished_order_is_a_case_and_not_imported_again(scene: Scene) -> None:
    """An order that was imported and is gone: the day is not proven, engineering is told, nothing is written."""
    order_id = imported(scene)
    delete(scene, order_id)

    check = day_later(scene).joined.checks.check_day(DAY)
    scene.joined.drain()

    assert (check.is_proven(), check.vanished) == (False, (order_id,))
    assert kinds(scene, order_id) == ["order.vanished"]
    assert scene.numbers() == []


def test_day_that_was_not_proven_is_proven_when_checked_again(scene: Scene) -> None:
    """What was missing has been fetched: the second check of the same day proves it."""
    imported(scene)
    lost = imported(scene)
    forget(scene, lost)
    day_later(scene).joined.checks.check_day(DAY)
    scene.joined.drain()

    check = scene.after(hours=1).joined.checks.check_day(DAY)

    assert check.is_proven()
    assert counts(check)["on_amazon"] == 2


def test_check_goes_on_where_the_rate_stopped_it(scene: Scene) -> None:
    """A page costs one of the rare searches: the count goes on from its position when the next call is free, and asks for no page twice."""
    order_ids = [bought(scene, fulfilled_by="AMAZON") for _ in range(250)]
    work(scene, rounds=3)
    day_later(scene)
    write(
        scene,
        "update rates set tokens = 3.5, updated_at = %s where operation = 'searchOrders'",
        scene.twin.world.clock.now(),
    )
    before = calls(scene, "amazon.searchOrders")
    with pytest.raises(Unavailable) as waited:
        scene.joined.checks.check_day(DAY)

    check = scene.after(hours=1).joined.checks.check_day(DAY)

    assert waited.value.own_rate
    assert calls(scene, "amazon.searchOrders") - before == 3
    assert counts(check)["on_amazon"] == len(order_ids)
    assert (check.is_proven(), throttled(scene)) == (True, 0)


def test_check_whose_token_died_counts_the_day_anew(scene: Scene) -> None:
    """A token older than a day is refused: the whole day is counted again, and nothing is counted twice."""
    order_ids = [bought(scene, fulfilled_by="AMAZON") for _ in range(150)]
    work(scene, rounds=2)
    fail(day_later(scene), "amazon.searchOrders", "unavailable", skip=1)
    with pytest.raises(Unavailable):
        scene.joined.checks.check_day(DAY)
    scene.account.page_tokens.clear()

    check = scene.after(hours=25).joined.checks.check_day(DAY)

    assert counts(check)["on_amazon"] == len(order_ids)
    assert check.is_proven()


def test_check_that_is_refused_says_so(scene: Scene) -> None:
    """A search Amazon refuses for good is not taken for an empty day."""
    fail(day_later(scene), "amazon.searchOrders", "too_large", times=None)

    with pytest.raises(Rejected):
        scene.joined.checks.check_day(DAY)


def test_empty_day_is_proven(scene: Scene) -> None:
    """A day without orders is a proven day."""
    check = day_later(scene).joined.checks.check_day(DAY)

    assert (check.is_proven(), check.on_amazon) == (True, 0)


@pytest.mark.parametrize(
    ("at", "closed"),
    [
        (datetime(2026, 11, 20, 23, 59, tzinfo=UTC), False),
        (datetime(2026, 11, 21, 0, 59, 59, tzinfo=UTC), False),
        (datetime(2026, 11, 21, 1, 0, tzinfo=UTC), True),
    ],
)
def test_day_is_closed_an_hour_after_its_end(at: datetime, *, closed: bool) -> None:
    """The last orders of a day had their hour to arrive."""
    assert is_closed(date(2026, 11, 20), at) is closed


def test_missing_order_that_cannot_be_read_is_a_case_of_its_own(scene: Scene) -> None:
    """Missing and unreadable: it is a record with a case, not a gap."""
    lost = imported(scene)
    forget(scene, lost)
    scene.account.orders[lost]["orderItems"][0]["quantityOrdered"] = "many"

    day_later(scene).joined.checks.check_day(DAY)
    scene.joined.drain()

    assert "record.unreadable" in kinds(scene, lost)
    assert unaccounted(scene) == []


def test_daily_check_finds_a_broken_fence(scene: Scene) -> None:
    """An FBA order that something opened overnight is found, restored and told, among orders that are where they belong."""
    imported(scene)
    order_id = imported(scene, fulfilled_by="AMAZON")
    scene.order(order_id)["orderState"] = "Confirmed"

    found = day_later(scene).joined.checks.check_fence()
    scene.joined.drain()

    assert found == [order_id]
    assert scene.order(order_id)["orderState"] == "Complete"
    assert all_kinds(scene) == ["order.fba_left_its_fence"]
    assert "order.fence_restored" in history(scene, order_id)


def test_check_of_a_long_ago_day_needs_no_mark(scene: Scene) -> None:
    """Any day can be checked, also one from before the first search; orders from before the beginning are out of scope there."""
    order_id = bought(scene, fulfilled_by="AMAZON")
    scene.account.orders[order_id]["createdTime"] = (START - timedelta(days=30)).isoformat()
    scene.account.by_creation.put(order_id, START - timedelta(days=30))

    check = scene.joined.checks.check_day(DAY - timedelta(days=30))
    scene.joined.drain()

    assert counts(check)["missing"] == 1
    assert state(scene, order_id) == "out_of_scope"
