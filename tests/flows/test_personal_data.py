"""A buyer's data: asked for only where a parcel needs it, sealed at rest, nowhere else, and gone on its day on both sides."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from crossdock import events
from crossdock.domain.ids import AmazonOrderId
from crossdock.errors import CrossdockError
from crossdock.flows import erase_personal_data as erasing
from crossdock.twin.world import Request, Response
from tests.flows.auditor import (
    all_kinds,
    bought,
    calls,
    fail,
    found_in,
    history,
    imported,
    kinds,
    listening,
    people,
    person_of,
    put,
    rows,
    stored,
    work,
    write,
)
from tests.flows.conftest import a_name
from tests.flows.test_order_changes import change, edited, foreign_order
from tests.joined_twin import START, Handle, Scene, Stage

PERSONAL = frozenset({"BUYER", "RECIPIENT", "PAYMENT"})
GIFT = {"giftOption": {"giftMessage": "Greetings from Test Buyer 7", "giftWrapLevel": "STANDARD"}}


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """All that is written to standard output and error, by our events and by any library, at any level."""
    written = io.StringIO()
    root = logging.getLogger()
    level, handlers = root.level, root.handlers[:]
    with redirect_stderr(written), redirect_stdout(written):
        events.configure(verbose=True)
        root.setLevel(logging.DEBUG)
        yield written
    root.setLevel(level)
    root.handlers[:] = handlers
    events.silence()


def with_gift(scene: Scene, **wishes: Any) -> str:
    """An order with a gift message, which comes with the search and not with the address."""
    order = edited(scene, bought(scene, **wishes))
    order["orderItems"][0]["fulfillment"]["packing"] = GIFT
    return put(scene, order)


def sealed(scene: Scene) -> list[dict[str, Any]]:
    """What rests in the vault."""
    return rows(scene, "select * from personal_data order by record_id")


def day_of_erasure(scene: Scene, order_id: str) -> date:
    """When one order's data goes."""
    found: date = rows(scene, "select erase_on from personal_data where record_id = %s", order_id)[0]["erase_on"]
    return found


def deliver(scene: Scene, order_id: str) -> None:
    """The parcel arrives."""
    order = edited(scene, order_id)
    order["packages"][0]["packageStatus"]["status"] = "DELIVERED"
    put(scene, order)


def until(scene: Scene, day: date) -> Scene:
    """Let time pass until the morning of a day."""
    scene.twin.world.clock.advance(datetime(day.year, day.month, day.day, 6, tzinfo=UTC) - scene.twin.world.clock.now())
    return scene


def in_commercetools(scene: Scene, order_id: str) -> str:
    """All that commercetools holds of an order."""
    return json.dumps(scene.order(order_id), ensure_ascii=False)


def dying_at(path: str, gone: type[BaseException], *, after: bool) -> Any:
    """Stands before the twin and kills the process at the first update of an order, before or after its effect."""

    def through(handle: Handle) -> Handle:
        left = [gone]

        def act(request: Request) -> Response:
            if request.method != "POST" or path not in request.path or "import" in request.path or not left:
                return handle(request)
            dying = left.pop()
            if after:
                handle(request)
            raise dying

        return act

    return through


class GoneError(BaseException):
    """The process is killed."""


# --- what is asked for, and where it rests


def test_fba_order_is_never_asked_for_its_buyer(shared_stage: Stage) -> None:
    """Through a whole life of an FBA order no request names a dataset with persons in it, also not when a person imports it by hand."""
    heard: list[Request] = []
    scene = shared_stage.scene(connection_id=a_name(), through=listening(heard))
    order_id = imported(scene, fulfilled_by="AMAZON")
    scene.joined.take_notifications(list(scene.account.notifications))
    scene.joined.import_one(AmazonOrderId(order_id), again=True)
    scene.merchant.ship(order_id)
    work(scene, rounds=2)

    asked = {
        dataset for request in heard for names in request.query.get("includedData", []) for dataset in names.split(",")
    }

    assert asked & PERSONAL == set()
    assert sealed(scene) == []


def test_gift_message_of_an_fba_order_is_dropped(scene: Scene) -> None:
    """What comes with other datasets is dropped on arrival where Amazon ships: neither sealed nor passed on."""
    order_id = with_gift(scene, fulfilled_by="AMAZON")

    work(scene)

    assert sealed(scene) == []
    assert found_in(stored(scene) + in_commercetools(scene, order_id), person_of(scene.account.orders[order_id])) == []


def test_gift_message_of_an_order_that_is_never_imported_is_dropped(shared_stage: Stage) -> None:
    """Of an order from before the beginning nothing is needed, so nothing is sealed."""
    scene = shared_stage.scene(connection_id=a_name(), import_from=START + timedelta(hours=1))
    order_id = with_gift(scene)
    put(scene.after(hours=2), edited(scene, order_id))

    work(scene)

    assert [row["state"] for row in rows(scene, "select state from inbox")] == ["out_of_scope"]
    assert (sealed(scene), calls(scene, "amazon.getOrder")) == ([], 0)


@pytest.mark.parametrize("count", [3, 40])
def test_buyers_of_orders_that_are_never_imported_are_not_asked_for(shared_stage: Stage, count: int) -> None:
    """Whether few or many: no read and no page of addresses for orders from before the beginning."""
    heard: list[Request] = []
    scene = shared_stage.scene(connection_id=a_name(), through=listening(heard), import_from=START + timedelta(hours=1))
    order_ids = [bought(scene) for _ in range(count)]
    scene.after(hours=2)
    [put(scene, edited(scene, order_id)) for order_id in order_ids]

    work(scene, rounds=2, minutes=60)

    asked = {
        dataset for request in heard for names in request.query.get("includedData", []) for dataset in names.split(",")
    }
    assert len(rows(scene, "select * from inbox where state = 'out_of_scope'")) == count
    assert asked & PERSONAL == set()


def test_buyer_of_a_vanished_order_is_not_asked_for(scene: Scene) -> None:
    """What will not be imported again by itself needs no address."""
    order_id = imported(scene)
    scene.project.orders.remove(scene.order(order_id)["id"])
    write(scene, "delete from personal_data")
    reads = calls(scene, "amazon.getOrder")
    put(scene, edited(scene, order_id))

    work(scene)

    assert kinds(scene, order_id) == ["order.vanished"]
    assert calls(scene, "amazon.getOrder") == reads


def test_fbm_order_reaches_the_warehouse_with_all_it_needs(scene: Scene) -> None:
    """Address, relay e-mail and gift message are on the commercetools order: a parcel can be packed from it."""
    order_id = with_gift(scene)

    work(scene)

    order, told = scene.order(order_id), scene.account.orders[order_id]
    assert (
        f"{order['shippingAddress']['firstName']} {order['shippingAddress']['lastName']}"
        == told["recipient"]["deliveryAddress"]["name"]
    )
    assert order["shippingAddress"]["streetName"] == told["recipient"]["deliveryAddress"]["addressLine1"]
    assert order["customerEmail"] == told["buyer"]["buyerEmail"]
    assert order["lineItems"][0]["custom"]["fields"]["amazon-gift-message"] == GIFT["giftOption"]["giftMessage"]


def test_buyer_is_nowhere_in_the_open(scene: Scene) -> None:
    """No snapshot, line of history, case, mark or proof holds a name, an address, an e-mail, a gift message or a tax number."""
    with_gift(scene)
    for_company = bought(scene, programs=["AMAZON_BUSINESS"])
    work(scene)
    scene.merchant.ship(for_company)
    work(scene, rounds=2)

    assert len(people(scene)) >= 8
    assert found_in(stored(scene), people(scene)) == []


def test_sealed_text_does_not_contain_the_plain_text(scene: Scene) -> None:
    """What rests in the vault cannot be read without its key."""
    with_gift(scene)
    work(scene)

    resting = b"".join(bytes(row["sealed"]) for row in sealed(scene)).decode("latin-1")

    assert len(resting) > 100
    assert found_in(resting, people(scene)) == []


def test_buyer_is_in_no_log(scene: Scene, log: io.StringIO) -> None:
    """A bad day, logged at every level by everybody: ids and codes, and nothing of a buyer."""
    fail(scene, "commercetools.importOrder", "broken", after_effect=True)
    fail(scene, "commercetools.importOrder", "too_large", skip=1)
    fail(scene, "amazon.getOrder", "not_json")
    with_gift(scene)
    bought(scene, programs=["AMAZON_BUSINESS"])
    bought(scene, skus=["NOT-THERE"])
    work(scene, rounds=3)
    until(scene, date(2027, 2, 1)).joined.erase()

    assert "drain.finished" in log.getvalue()
    assert found_in(log.getvalue(), people(scene)) == []


@pytest.mark.parametrize("answer", ["too_large", "broken", "not_json", "forbidden"])
def test_buyer_is_in_no_error(scene: Scene, answer: str) -> None:
    """However a write with an address in it fails, the error that goes up quotes nothing of it."""
    order_id = bought(scene)
    scene.after(minutes=5).joined.discover()
    fail(scene, "commercetools.importOrder", answer, times=None)
    record = scene.joined.inbox.find(order_id)
    assert record is not None

    with pytest.raises(CrossdockError) as refused:
        scene.joined.run_record(record)

    assert (
        found_in(repr(refused.getrepr(style="long", showlocals=False)) + repr(vars(refused.value)), people(scene)) == []
    )


def test_unreadable_order_quotes_nothing_of_its_buyer(scene: Scene) -> None:
    """A buyer's name in the place of a number: the case names the place and not the name."""
    order = edited(scene, bought(scene))
    order["orderItems"][0]["quantityOrdered"] = order["buyer"]["buyerName"]
    order["proceeds"]["grandTotal"]["currencyCode"] = order["buyer"]["buyerName"]
    order_id = put(scene, order)

    work(scene)

    assert kinds(scene, order_id) == ["record.unreadable"]
    assert found_in(stored(scene), people(scene)) == []


# --- erased on its day


def test_buyer_goes_thirty_days_after_the_latest_delivery(scene: Scene) -> None:
    """As long as Amazon knows no delivery, its latest delivery date counts."""
    order_id = imported(scene)

    latest = scene.account.orders[order_id]["fulfillment"]["deliverByWindow"]["latestDateTime"]

    assert day_of_erasure(scene, order_id) == (datetime.fromisoformat(latest) + timedelta(days=30)).date()


def test_nothing_is_erased_before_its_day(scene: Scene) -> None:
    """The day before, everything is there."""
    order_id = imported(scene)
    until(scene, day_of_erasure(scene, order_id) - timedelta(days=1))

    assert scene.joined.erase() == ([], [])
    assert "shippingAddress" in scene.order(order_id)


def test_on_its_day_it_goes_on_both_sides(scene: Scene) -> None:
    """Rows, key, and in commercetools address, e-mail, purchase order number and our personal fields: gone; the order itself stays."""
    order_id = with_gift(scene, programs=["AMAZON_BUSINESS"])
    work(scene)
    scene.merchant.ship(order_id)
    work(scene)
    assert len(found_in(in_commercetools(scene, order_id), person_of(scene.account.orders[order_id]))) >= 6

    erased, certificates = until(scene, day_of_erasure(scene, order_id)).joined.erase()

    assert (erased, len(certificates)) == ([order_id], 1)
    assert found_in(in_commercetools(scene, order_id), person_of(scene.account.orders[order_id])) == []
    assert {"shippingAddress", "billingAddress", "customerEmail", "purchaseOrderNumber"} & scene.order(
        order_id
    ).keys() == set()
    assert sealed(scene) == []
    assert rows(scene, "select * from personal_data_keys") == []
    assert scene.order(order_id)["custom"]["fields"]["amazon-order-id"] == order_id


def test_certificate_names_the_day_and_the_count(scene: Scene) -> None:
    """The proof says how many records of which day went when, over a hash of their names; it holds no person."""
    order_ids = [imported(scene) for _ in range(3)]
    day = day_of_erasure(scene, order_ids[0])

    _, certificates = until(scene, day).joined.erase()

    assert certificates[0].startswith(
        f"3 records of {scene.joined.connection_id} due on {day} were erased at {day}T06:00:00+00:00, sha256 "
    )
    assert [row["records"] for row in rows(scene, "select records from erasures")] == [3]


def test_erased_again_is_nothing(scene: Scene) -> None:
    """A second run on the same day finds nothing to do and writes no second certificate."""
    order_id = imported(scene)
    until(scene, day_of_erasure(scene, order_id)).joined.erase()
    version = scene.order(order_id)["version"]

    again = scene.joined.erase()

    assert (again, scene.order(order_id)["version"]) == (([], []), version)


@pytest.mark.parametrize("after", [False, True])
def test_killed_while_erasing_ends_the_same(shared_stage: Stage, *, after: bool) -> None:
    """A process that dies between the two sides finds its work again: in the end both sides are empty."""
    scene = shared_stage.scene(connection_id=a_name(), through=dying_at("/orders/", GoneError, after=after))
    order_id = imported(scene)
    until(scene, day_of_erasure(scene, order_id))
    with pytest.raises(GoneError):
        scene.joined.erase()
    kept = len(sealed(scene))

    scene.joined.erase()

    assert kept == 1
    assert sealed(scene) == []
    assert found_in(in_commercetools(scene, order_id), people(scene)) == []


def test_platform_that_is_away_keeps_the_work(scene: Scene) -> None:
    """While commercetools does not answer nothing is deleted; the next run does it."""
    order_id = imported(scene)
    until(scene, day_of_erasure(scene, order_id))
    fail(scene, "commercetools.getOrderByOrderNumber", "unavailable")
    with pytest.raises(CrossdockError):
        scene.joined.erase()

    scene.joined.erase()

    assert sealed(scene) == []
    assert "shippingAddress" not in scene.order(order_id)


def test_order_that_cannot_be_redacted_holds_up_no_other(scene: Scene) -> None:
    """commercetools refuses one: a case for engineering, its seal stays, the other two are erased; the case closes when it went."""
    order_ids = sorted(imported(scene) for _ in range(3))
    until(scene, day_of_erasure(scene, order_ids[0]))
    fail(scene, "commercetools.updateOrder", "too_large")

    erased, _ = scene.joined.erase()
    told, kept = all_kinds(scene), [row["record_id"] for row in sealed(scene)]
    scene.joined.erase()

    assert (erased, told, kept) == (order_ids[1:], ["order.not_erased"], order_ids[:1])
    assert (all_kinds(scene), sealed(scene)) == ([], [])


def test_order_that_moves_while_it_is_redacted_goes_with_the_next_run(scene: Scene) -> None:
    """Somebody changes the order at the same moment: nobody's case, and the next run erases it."""
    order_id = imported(scene)
    until(scene, day_of_erasure(scene, order_id))
    fail(scene, "commercetools.updateOrder", "conflict")

    first = scene.joined.erase()
    scene.joined.erase()

    assert (first, all_kinds(scene), sealed(scene)) == (([], []), [], [])


def test_order_that_was_deleted_in_commercetools_is_erased_here(scene: Scene) -> None:
    """What commercetools no longer has needs no redaction."""
    order_id = imported(scene)
    scene.project.orders.remove(scene.order(order_id)["id"])

    erased, _ = until(scene, day_of_erasure(scene, order_id)).joined.erase()

    assert (erased, sealed(scene)) == ([order_id], [])


def test_order_of_somebody_else_under_our_number_keeps_its_address(scene: Scene) -> None:
    """Where the number is taken by an order of the shop, our own copy goes and the shop's customer keeps the address."""
    order_id = bought(scene)
    foreign = foreign_order(scene, "302-0000007-0000007")
    scene.project.orders.put(foreign | {"shippingAddress": {"country": "DE", "lastName": "Test Customer 9"}})
    order = edited(scene, order_id) | {"orderId": "302-0000007-0000007"}
    del order["lastUpdatedTime"]
    scene.account.put_order(order)
    work(scene, rounds=2)

    until(scene, date(2027, 2, 1)).joined.erase()

    assert scene.order("302-0000007-0000007")["shippingAddress"]["lastName"] == "Test Customer 9"
    assert sealed(scene) == []


def test_order_whose_type_was_replaced_is_redacted_all_the_same(scene: Scene) -> None:
    """The merchant put a type of their own in the place of ours: our link still tells that the order is ours."""
    scene.project.add_type("merchant-order", ["order"], {"colour": "String"})
    order_id = imported(scene)
    change(scene, order_id, {"action": "setCustomType", "type": {"typeId": "type", "key": "merchant-order"}})

    until(scene, day_of_erasure(scene, order_id)).joined.erase()

    assert "shippingAddress" not in scene.order(order_id)
    assert sealed(scene) == []


def test_more_than_a_batch_goes_in_one_run(scene: Scene) -> None:
    """A big day's orders are all erased on their day, not a batch an hour."""
    order_ids = [bought(scene) for _ in range(erasing.BATCH_MAX + 20)]
    work(scene, rounds=3)
    until(scene, day_of_erasure(scene, order_ids[0]))

    erased, _ = scene.joined.erase()

    assert sorted(erased) == sorted(order_ids)
    assert sealed(scene) == []


def test_delivery_brings_the_day_forward(scene: Scene) -> None:
    """A parcel that arrived early counts from its arrival."""
    order_id = imported(scene)
    scene.merchant.ship(order_id)
    work(scene)
    scene.after(days=1)
    deliver(scene, order_id)

    work(scene)

    assert day_of_erasure(scene, order_id) == (START + timedelta(days=31)).date()


def test_later_news_does_not_put_the_day_off(scene: Scene) -> None:
    """A delivered order that changes again weeks later is not kept a day longer for it."""
    order_id = imported(scene)
    scene.merchant.ship(order_id)
    deliver(scene, order_id)
    work(scene)
    first = day_of_erasure(scene, order_id)
    scene.after(days=20)
    put(scene, edited(scene, order_id))

    work(scene)

    assert day_of_erasure(scene, order_id) == first


def test_cancelled_order_is_erased_at_once(scene: Scene) -> None:
    """Nothing is sent any more, so nothing is kept: the next run empties both sides."""
    order_id = with_gift(scene)
    work(scene)
    scene.merchant.cancel(order_id)
    work(scene)

    erased, _ = scene.joined.erase()

    assert (erased, sealed(scene)) == ([order_id], [])
    assert found_in(in_commercetools(scene, order_id), people(scene)) == []


def test_order_cancelled_before_its_import_leaves_nothing(scene: Scene) -> None:
    """What was sealed while it was known and not yet imported goes with the cancellation."""
    order_id = with_gift(scene, skus=["NOT-THERE"])
    work(scene)
    assert len(sealed(scene)) == 1
    scene.merchant.cancel(order_id)
    work(scene)

    scene.joined.erase()

    assert sealed(scene) == []


def test_legal_hold_keeps_what_is_due(scene: Scene) -> None:
    """A record under legal hold stays, sealed and in commercetools, until the hold is lifted; the others of its day go."""
    held, other = imported(scene), imported(scene)
    write(scene, "update personal_data set hold_reason = 'dispute 7' where record_id = %s", held)
    until(scene, day_of_erasure(scene, held))

    erased, _ = scene.joined.erase()
    kept, resting = "shippingAddress" in scene.order(held), [row["record_id"] for row in sealed(scene)]
    write(scene, "update personal_data set hold_reason = null")
    scene.joined.erase()

    assert (erased, kept, resting) == ([other], True, [held])
    assert (sealed(scene), rows(scene, "select * from personal_data_keys")) == ([], [])


def test_legal_hold_survives_news(scene: Scene) -> None:
    """News of an order under legal hold does not lift the hold."""
    order_id = with_gift(scene)
    work(scene)
    write(scene, "update personal_data set hold_reason = 'dispute 7'")
    scene.merchant.ship(order_id)
    deliver(scene, order_id)

    work(scene)

    assert [row["hold_reason"] for row in sealed(scene)] == ["dispute 7"]


def test_erased_buyer_does_not_come_back(scene: Scene) -> None:
    """After the erasure, news of the order brings nothing of its buyer back to either side."""
    order_id = imported(scene)
    scene.merchant.ship(order_id)
    work(scene)
    until(scene, day_of_erasure(scene, order_id)).joined.erase()
    put(scene, edited(scene, order_id))
    reads = calls(scene, "amazon.getOrder")

    work(scene, rounds=2)

    assert sealed(scene) == []
    assert found_in(in_commercetools(scene, order_id), people(scene)) == []
    assert calls(scene, "amazon.getOrder") == reads
    assert "order.imported" in history(scene, order_id)
