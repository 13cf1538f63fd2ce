"""A buyer's data: asked for only where a parcel needs it, sealed at rest, nowhere else, and gone on its day on both sides."""

from __future__ import annotations

import io
import json
import logging
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from crossdock import events
from crossdock.domain.ids import AmazonOrderId
from crossdock.errors import CrossdockError, Unavailable
from crossdock.flows import erase_personal_data as erasing
from crossdock.store.personal_data import PersonalDataStore
from crossdock.store.snapshots import encode_personal
from crossdock.store.vault import Vault
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
    later,
    listening,
    people,
    person_of,
    put,
    rows,
    state,
    stored,
    work,
    write,
)
from tests.flows.conftest import a_name
from tests.flows.test_order_changes import change, edited, foreign_order, states
from tests.joined_twin import MASTER_KEY, START, Handle, Scene, Stage, with_policy

PERSONAL = frozenset({"BUYER", "RECIPIENT", "PAYMENT"})
NEW_KEY = bytes(range(1, 33))
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


@dataclass
class Broken:
    """Stands before the twin: each request for one of these orders in commercetools goes wrong for ever."""

    answer: str
    order_ids: tuple[str, ...] = ()

    def through(self, handle: Handle) -> Handle:
        """The handle through which the product speaks to the twin."""

        def act(request: Request) -> Response:
            if not request.path.endswith(self.order_ids):
                return handle(request)
            if self.answer == "broken":
                return Response(500, b'{"errors": [{"code": "General"}]}', {"content-type": "application/json"})
            return handle(request)._replace(body=b"<html>")

        return act


@dataclass
class Meanwhile:
    """Something happens once, just before a request for this path takes effect."""

    path: str
    acts: Callable[[], object] | None = None
    came_of_it: Any = None

    def through(self, handle: Handle) -> Handle:
        """The handle through which the product speaks to the twin."""

        def act(request: Request) -> Response:
            if self.acts is not None and re.search(self.path, request.path):
                acts, self.acts = self.acts, None
                acts()
            return handle(request)

        return act


@dataclass
class OnItsWay:
    """The process dies with its import sent and not arrived."""

    left: list[Request] = field(default_factory=list)

    def through(self, handle: Handle) -> Handle:
        """The handle through which the product speaks to the twin."""

        def act(request: Request) -> Response:
            if self.left or not request.path.endswith("/orders/import"):
                return handle(request)
            self.left.append(request)
            raise GoneError

        return act

    def arrive(self, scene: Scene) -> None:
        """It arrives after all."""
        assert scene.twin.handle(self.left[0]).status == 201


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


def test_order_that_cannot_be_read_keeps_its_work(scene: Scene) -> None:
    """While commercetools does not answer for it nothing is deleted and nobody is bothered; the next run does it."""
    order_id = imported(scene)
    until(scene, day_of_erasure(scene, order_id))
    fail(scene, "commercetools.getOrderByOrderNumber", "unavailable")

    first = scene.joined.erase()
    kept, told = len(sealed(scene)), all_kinds(scene)
    scene.joined.erase()

    assert (first, kept, told) == (([], []), 1, [])
    assert sealed(scene) == []
    assert "shippingAddress" not in scene.order(order_id)


@pytest.mark.parametrize("answer", ["broken", "not_json"])
def test_order_that_always_fails_holds_up_no_other(shared_stage: Stage, answer: str) -> None:
    """One order answers 500, or nothing readable, for ever: the others go on their day, and after two more days a person is told."""
    broken = Broken(answer)
    scene = shared_stage.scene(connection_id=a_name(), through=broken.through)
    order_ids = sorted(imported(scene) for _ in range(3))
    until(scene, day_of_erasure(scene, order_ids[0]))
    broken.order_ids = (order_ids[0],)

    erased, _ = scene.joined.erase()
    first = all_kinds(scene)
    scene.after(days=1).joined.erase()
    second = all_kinds(scene)
    scene.after(days=1).joined.erase()
    third = [(row["record_id"], row["kind"]) for row in rows(scene, "select * from cases where closed_at is null")]

    assert erased == order_ids[1:]
    assert (first, second, third) == ([], [], [(order_ids[0], "order.not_erased")])
    broken.order_ids = ()
    assert scene.joined.erase()[0] == order_ids[:1]
    assert (all_kinds(scene), sealed(scene)) == ([], [])
    assert "shippingAddress" not in scene.order(order_ids[0])


def test_several_that_fail_here_and_there_are_not_the_platform(shared_stage: Stage) -> None:
    """Each order that answers in between shows that the platform is there: all those that can go, go."""
    broken = Broken("broken")
    scene = shared_stage.scene(connection_id=a_name(), through=broken.through)
    order_ids = sorted(imported(scene) for _ in range(2 * erasing.AWAY_AFTER + 2))
    until(scene, day_of_erasure(scene, order_ids[0]))
    broken.order_ids = tuple(order_ids[::2])

    erased, _ = scene.joined.erase()

    assert erased == order_ids[1::2]


def test_platform_that_is_away_is_left_alone(scene: Scene) -> None:
    """Where nothing is answered a few are tried and the run is put back; what was redacted before is erased, and the next run does the rest."""
    order_ids = sorted(imported(scene) for _ in range(9))
    until(scene, day_of_erasure(scene, order_ids[0]))
    fail(scene, "commercetools.getOrderByOrderNumber", "unavailable", times=None, skip=2)
    before = calls(scene, "commercetools.getOrderByOrderNumber")

    with pytest.raises(Unavailable):
        scene.joined.erase()
    tried, kept = calls(scene, "commercetools.getOrderByOrderNumber") - before, len(sealed(scene))
    scene.twin.world.faults.clear()
    scene.joined.erase()

    assert (tried, kept) == (2 + erasing.AWAY_AFTER, 7)
    assert (sealed(scene), all_kinds(scene)) == ([], [])


def test_field_that_the_merchant_filled_otherwise_stops_nothing(scene: Scene) -> None:
    """A type of the merchant's own with a text under the name of one of our times: the order is redacted like any other."""
    scene.project.add_type("merchant-order", ["order"], {"amazon-order-id": "String", "amazon-ship-by": "String"})
    order_id = imported(scene)
    fields = {"amazon-order-id": order_id, "amazon-ship-by": "soon"}
    change(
        scene,
        order_id,
        {"action": "setCustomType", "type": {"typeId": "type", "key": "merchant-order"}, "fields": fields},
    )

    until(scene, day_of_erasure(scene, order_id)).joined.erase()

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


def test_erasure_renews_the_seal_of_what_stays(scene: Scene) -> None:
    """With a new master key before the old one, the next erasure seals all days under the new one, though nothing is due."""
    order_id = AmazonOrderId(imported(scene))
    database, connection_id = scene.joined._database, scene.joined.connection_id
    scene.joined.vault = Vault(PersonalDataStore(database, connection_id, [NEW_KEY, MASTER_KEY]))

    scene.joined.erase()

    assert order_id in PersonalDataStore(database, connection_id, [NEW_KEY]).find([order_id])


# --- erased while an import is under way


def test_import_under_way_is_waited_for(shared_stage: Stage) -> None:
    """Cancelled while a drain holds the address: the erasure waits until the drain is done, and then empties both sides."""
    meanwhile = Meanwhile("/orders/import")
    scene = shared_stage.scene(connection_id=a_name(), through=meanwhile.through)
    order_id = bought(scene)
    scene.after(minutes=5).joined.discover()

    def cancelled_and_erased() -> None:
        scene.merchant.cancel(order_id)
        scene.after(minutes=5).joined.take_notifications(list(scene.account.notifications))
        meanwhile.came_of_it = scene.joined.erase()

    meanwhile.acts = cancelled_and_erased
    scene.joined.drain()
    work(scene)
    scene.joined.erase()

    assert meanwhile.came_of_it == ([], [])
    assert states(scene, order_id) == ("Cancelled", "Canceled")
    assert found_in(in_commercetools(scene, order_id), people(scene)) == []
    assert sealed(scene) == []


def test_order_in_commercetools_does_not_wait_for_a_drain(scene: Scene) -> None:
    """An order that is there already can be imported by nobody: it goes while a drain runs; one that is not there waits."""
    there, absent = imported(scene), with_gift(scene, skus=["NOT-THERE"])
    work(scene)
    until(scene, max(day_of_erasure(scene, there), day_of_erasure(scene, absent)))

    with scene.joined._database.lock(f"{scene.joined.connection_id}/ingest_orders"):
        first, _ = scene.joined.erase()
    second, _ = scene.joined.erase()

    assert (first, second) == ([there], [absent])


def test_write_that_was_lost_is_redacted_when_it_arrives(shared_stage: Stage) -> None:
    """The process dies with its import on the way; cancelled and erased, the order arrives after all: redacted and cancelled by the next runs."""
    on_its_way = OnItsWay()
    scene = shared_stage.scene(connection_id=a_name(), through=on_its_way.through)
    order_id = bought(scene)
    scene.after(minutes=5).joined.discover()
    with pytest.raises(GoneError):
        scene.joined.drain()
    scene.merchant.cancel(order_id)
    work(scene)
    erased, _ = scene.joined.erase()

    on_its_way.arrive(scene)
    open_for_a_while = "shippingAddress" in scene.order(order_id)
    scene.after(hours=1).joined.erase()
    scene.joined.drain()

    assert (erased, open_for_a_while) == ([order_id], True)
    assert found_in(in_commercetools(scene, order_id), people(scene)) == []
    assert states(scene, order_id) == ("Cancelled", "Canceled")


def test_write_that_arrives_while_it_is_looked_for_is_redacted_first(shared_stage: Stage) -> None:
    """Not there when it was asked for, and there when the drains stood still: the seal stays until the next run has redacted the order."""
    on_its_way, meanwhile = OnItsWay(), Meanwhile("/orders$")
    scene = shared_stage.scene(
        connection_id=a_name(), through=lambda handle: on_its_way.through(meanwhile.through(handle))
    )
    order_id = bought(scene)
    scene.after(minutes=5).joined.discover()
    with pytest.raises(GoneError):
        scene.joined.drain()
    scene.merchant.cancel(order_id)
    work(scene)
    meanwhile.acts = lambda: on_its_way.arrive(scene)

    first, _ = scene.joined.erase()
    second, _ = scene.joined.erase()

    assert (first, second, sealed(scene)) == ([], [order_id], [])
    assert found_in(in_commercetools(scene, order_id), people(scene)) == []


def test_order_that_is_sealed_again_keeps_its_address(scene: Scene) -> None:
    """Erased on its day, then Amazon extends the delivery and the order is imported after all: its address has a new day."""
    order_id = imported(scene, skus=["NEW-ARTICLE"])
    until(scene, day_of_erasure(scene, order_id)).joined.erase()
    order = edited(scene, order_id)
    order["fulfillment"]["deliverByWindow"]["latestDateTime"] = later(scene, days=10).isoformat()
    put(scene, order)
    with_policy(scene, sku_aliases={"NEW-ARTICLE": "MUG-BLUE"})
    work(scene)

    scene.after(minutes=5).joined.erase()

    assert "shippingAddress" in scene.order(order_id)
    assert day_of_erasure(scene, order_id) == later(scene, days=40).date()


def test_erased_order_that_never_arrives_is_looked_for_one_day(scene: Scene) -> None:
    """After a day nothing can be on its way any more, and nothing is asked."""
    order_id = with_gift(scene, skus=["NOT-THERE"])
    work(scene)
    until(scene, day_of_erasure(scene, order_id)).joined.erase()
    asked = calls(scene, "commercetools.queryOrders")
    scene.after(hours=12).joined.erase()
    scene.after(hours=12).joined.erase()
    looked = calls(scene, "commercetools.queryOrders") - asked

    scene.after(hours=12).joined.erase()

    assert (looked, calls(scene, "commercetools.queryOrders") - asked) == (2, 2)


def test_cancelled_before_its_address_was_read_is_not_imported(shared_stage: Stage) -> None:
    """The search saw the order to ship, the read of its address sees it cancelled: that is the truth, at once and without a case."""
    meanwhile = Meanwhile("/orders/2026-01-01/orders/")
    scene = shared_stage.scene(connection_id=a_name(), through=meanwhile.through)
    order_id = bought(scene)
    scene.after(minutes=5).joined.discover()
    meanwhile.acts = lambda: scene.merchant.cancel(order_id)

    scene.joined.drain()

    assert rows(scene, "select state, reason from inbox") == [
        {"state": "out_of_scope", "reason": "cancelled before it was imported"}
    ]
    assert (scene.numbers(), all_kinds(scene), calls(scene, "amazon.getOrder")) == ([], [], 1)
    scene.joined.erase()
    assert sealed(scene) == []


def test_what_is_sealed_after_the_cancellation_goes_with_it(scene: Scene) -> None:
    """An address that a run sealed while the cancellation arrived is not kept until the day of a parcel that is never sent."""
    order_id = imported(scene)
    kept = rows(scene, "select * from personal_data")[0]
    scene.merchant.cancel(order_id)
    scene.after(minutes=5).joined.discover()
    write(scene, "delete from personal_data")
    write(
        scene,
        "insert into personal_data (connection_id, record_id, erase_on, sealed) values (%s, %s, %s, %s)",
        *(kept[name] for name in ("connection_id", "record_id", "erase_on", "sealed")),
    )

    scene.joined.drain()

    assert day_of_erasure(scene, order_id) == scene.twin.world.clock.now().date()


# --- every place an address can be


def test_addresses_of_deliveries_and_of_lines_go_too(scene: Scene) -> None:
    """What a warehouse adds with a delivery, or somebody to split an order, is an address of the same person."""
    order_id = imported(scene, quantity=1)
    address = scene.order(order_id)["shippingAddress"]
    line = scene.order(order_id)["lineItems"][0]["id"]
    change(
        scene,
        order_id,
        {"action": "addDelivery", "items": [{"id": line, "quantity": 1}], "address": address},
        {"action": "addDelivery", "items": []},
        {"action": "addItemShippingAddress", "address": address | {"key": "first"}},
        {"action": "addItemShippingAddress", "address": address | {"key": "second"}},
        {
            "action": "setLineItemShippingDetails",
            "lineItemId": line,
            "shippingDetails": {"targets": [{"addressKey": "first", "quantity": 1}]},
        },
    )

    until(scene, day_of_erasure(scene, order_id)).joined.erase()

    assert found_in(in_commercetools(scene, order_id), people(scene)) == []
    assert len(scene.order(order_id)["shippingInfo"]["deliveries"]) == 2
    assert [message["type"] for message in scene.project.messages].count("DeliveryAddressSet") == 1
    assert (sealed(scene), all_kinds(scene)) == ([], [])


# --- an address that changes


def moved(scene: Scene, order_id: str, street: str = "99 Corrected Street", **address: str) -> str:
    """The buyer has Amazon correct the address."""
    order = edited(scene, order_id)
    order["recipient"]["deliveryAddress"] |= {"addressLine1": street, **address}
    return put(scene, order)


def street(scene: Scene, order_id: str) -> str:
    """Where the warehouse would send it."""
    return str(scene.order(order_id)["shippingAddress"]["streetName"])


def test_address_that_changed_while_the_order_waited_is_the_new_one(scene: Scene) -> None:
    """Sealed while its SKU was unknown, corrected on Amazon, then imported: the parcel goes to where the buyer is."""
    order_id = imported(scene, skus=["NEW-ARTICLE"])
    moved(scene, order_id)

    with_policy(scene, sku_aliases={"NEW-ARTICLE": "MUG-BLUE"})
    work(scene, rounds=2, minutes=16)

    assert (state(scene, order_id), street(scene, order_id)) == ("in_sync", "99 Corrected Street")
    put(scene, edited(scene, order_id))
    work(scene)
    assert kinds(scene, order_id) == []


def test_older_read_does_not_replace_a_newer_address(scene: Scene) -> None:
    """A page that was read before and arrives after is no news of where the parcel goes."""
    order_id = AmazonOrderId(imported(scene))
    held = scene.joined.vault.find([order_id])[order_id]
    assert held.recipient is not None
    assert held.recipient_at is not None
    older = replace(
        held,
        recipient=replace(held.recipient, line_1="1 Old Street"),
        recipient_at=held.recipient_at - timedelta(hours=1),
    )

    scene.joined.vault.save({order_id: (older, day_of_erasure(scene, order_id))}, scene.twin.world.clock.now())

    assert scene.joined.vault.find([order_id])[order_id] == held


def test_imported_orders_that_are_sealed_no_more_are_not_paged(scene: Scene) -> None:
    """Without a sealed address there is nothing to compare with: news of many such orders asks for no page of addresses."""
    order_ids = [bought(scene) for _ in range(40)]
    work(scene, rounds=2, minutes=60)
    write(scene, "delete from personal_data")
    [put(scene, edited(scene, order_id)) for order_id in order_ids]
    searches = calls(scene, "amazon.searchOrders")

    work(scene, minutes=60)

    assert calls(scene, "amazon.searchOrders") == searches + 1


def test_waiting_order_without_news_is_read_once(scene: Scene) -> None:
    """An address is read again for news of its order, not for each try."""
    imported(scene, skus=["NEW-ARTICLE"])

    work(scene, rounds=4, minutes=16)

    assert calls(scene, "amazon.getOrder") == 1


def test_waiting_order_whose_address_is_the_same_is_read_once_for_its_news(scene: Scene) -> None:
    """News without another address renews what is sealed."""
    order_id = imported(scene, skus=["NEW-ARTICLE"])
    put(scene, edited(scene, order_id))

    work(scene, rounds=4, minutes=16)

    assert calls(scene, "amazon.getOrder") == 2


def test_address_that_nobody_dated_is_read_again(scene: Scene) -> None:
    """What an earlier version sealed says nothing of its age."""
    order_id = imported(scene, skus=["NEW-ARTICLE"])
    held = scene.joined.vault.find([AmazonOrderId(order_id)])[AmazonOrderId(order_id)]
    undated = encode_personal(replace(held, recipient_at=None))
    day = day_of_erasure(scene, order_id)
    scene.joined.vault._sealed.save({order_id: (undated, day)}, now=scene.twin.world.clock.now())

    work(scene, minutes=16)

    assert calls(scene, "amazon.getOrder") == 2


def test_address_that_is_hidden_by_now_is_not_shipped_to(scene: Scene) -> None:
    """With news of the order Amazon no longer tells where it goes: the old address may be wrong, so the order waits for a person."""
    order_id = imported(scene, skus=["NEW-ARTICLE"])
    order = edited(scene, order_id)
    del order["recipient"]
    put(scene, order)

    with_policy(scene, sku_aliases={"NEW-ARTICLE": "MUG-BLUE"})
    work(scene, minutes=16)

    assert (kinds(scene, order_id), scene.numbers()) == (["order.personal_data_masked"], [])


def test_address_that_changed_after_the_import_is_replaced(scene: Scene) -> None:
    """Not packed yet: commercetools gets the new address, a person a case for a day, the history a line; none of them holds the buyer."""
    order_id = imported(scene)
    moved(scene, order_id, addressLine2="Ring twice")

    work(scene)

    assert (street(scene, order_id), kinds(scene, order_id)) == ("99 Corrected Street", ["order.address_changed"])
    assert "order.address_changed" in history(scene, order_id)
    assert found_in(stored(scene), people(scene)) == []
    version = scene.order(order_id)["version"]
    work(scene, minutes=25 * 60)
    assert ("order.address_changed" in kinds(scene, order_id), scene.order(order_id)["version"]) == (False, version)


def test_delivery_instructions_go_with_the_address(scene: Scene) -> None:
    """What the buyer asks of the carrier is part of where the parcel goes: added, and taken off again."""
    order_id = imported(scene)
    order = edited(scene, order_id)
    order["recipient"]["deliveryPreference"] = {"dropOffLocation": "Ring twice"}
    put(scene, order)
    work(scene)
    added = scene.order(order_id)["custom"]["fields"].get("amazon-delivery-instructions")

    order = edited(scene, order_id)
    del order["recipient"]["deliveryPreference"]
    put(scene, order)
    work(scene)

    assert "Ring twice" in added
    assert "amazon-delivery-instructions" not in scene.order(order_id)["custom"]["fields"]


def test_what_the_merchant_corrected_stays(scene: Scene) -> None:
    """News of another kind does not put Amazon's address over the merchant's correction."""
    order_id = imported(scene)
    address = scene.order(order_id)["shippingAddress"] | {"streetName": "1 Corrected By The Merchant"}
    change(scene, order_id, {"action": "setShippingAddress", "address": address})
    scene.merchant.request_cancellation(order_id)

    work(scene)

    assert street(scene, order_id) == "1 Corrected By The Merchant"
    assert kinds(scene, order_id) == ["order.cancellation_requested"]


@pytest.mark.parametrize("shipment_state", ["Shipped", "Delivered"])
def test_parcel_that_left_keeps_its_address(scene: Scene, shipment_state: str) -> None:
    """What is on its way went to the old address; Amazon is not asked for another."""
    order_id = imported(scene)
    old, reads = street(scene, order_id), calls(scene, "amazon.getOrder")
    change(scene, order_id, {"action": "changeShipmentState", "shipmentState": shipment_state})
    moved(scene, order_id)

    work(scene)

    assert (street(scene, order_id), calls(scene, "amazon.getOrder")) == (old, reads)


def test_erased_address_is_not_read_again_for_news(scene: Scene) -> None:
    """An order that is still to be shipped after its day: what went does not come back, nor does the gift message that each search brings."""
    order_id = with_gift(scene)
    work(scene)
    until(scene, day_of_erasure(scene, order_id)).joined.erase()
    moved(scene, order_id)

    work(scene)

    assert "shippingAddress" not in scene.order(order_id)
    assert sealed(scene) == []


@pytest.mark.parametrize("after", [False, True])
def test_killed_while_the_address_is_replaced_ends_the_same(shared_stage: Stage, *, after: bool) -> None:
    """Dead before the new address is in commercetools or right after, it is there in the end, and sealed for its day."""
    scene = shared_stage.scene(connection_id=a_name(), through=dying_at("/orders/", GoneError, after=after))
    order_id = imported(scene)
    moved(scene, order_id)
    with pytest.raises(GoneError):
        work(scene)

    work(scene, rounds=2)

    held = scene.joined.vault.find([AmazonOrderId(order_id)])[AmazonOrderId(order_id)]
    assert street(scene, order_id) == "99 Corrected Street"
    assert held.recipient is not None
    assert held.recipient.line_1 == "99 Corrected Street"


def test_address_that_changed_after_a_lost_answer_is_replaced(scene: Scene) -> None:
    """The import took effect unheard and the buyer moved before the next try: the order found is not left at the old address."""
    fail(scene, "commercetools.importOrder", "timed_out", after_effect=True)
    order_id = bought(scene)
    work(scene)
    moved(scene, order_id)

    work(scene, rounds=2)

    assert (state(scene, order_id), street(scene, order_id)) == ("case", "99 Corrected Street")
    assert kinds(scene, order_id) == ["order.address_changed"]


def test_many_orders_with_news_are_read_by_the_page(scene: Scene) -> None:
    """Amazon touches all open orders at once: pages tell which of them moved, and a read for each is not waited for."""
    order_ids = [bought(scene) for _ in range(40)]
    work(scene, rounds=2, minutes=60)
    [put(scene, edited(scene, order_id)) for order_id in order_ids[1:]]
    moved(scene, order_ids[0])
    reads = calls(scene, "amazon.getOrder")

    work(scene, minutes=60)

    assert street(scene, order_ids[0]) == "99 Corrected Street"
    assert all_kinds(scene) == ["order.address_changed"]
    assert calls(scene, "amazon.getOrder") == reads


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


# --- whose order it is, and what is not forgotten


def taken_by_somebody_else(scene: Scene) -> str:
    """Amazon's order under a number that an order of the shop has; its buyer is sealed all the same."""
    order_id = bought(scene)
    foreign = foreign_order(scene, "302-0000007-0000007")
    scene.project.orders.put(foreign | {"shippingAddress": {"country": "DE", "lastName": "Test Customer 9"}})
    order = edited(scene, order_id) | {"orderId": "302-0000007-0000007"}
    del order["lastUpdatedTime"]
    scene.account.put_order(order)
    work(scene, rounds=2)
    write(scene, "delete from personal_data where record_id <> '302-0000007-0000007'")
    until(scene, date(2027, 2, 1))
    return "302-0000007-0000007"


def test_order_of_somebody_else_is_as_good_as_absent(scene: Scene) -> None:
    """commercetools does not have ours, so that is waited for: not erased while a drain holds its address, and looked for once more afterwards."""
    order_id = taken_by_somebody_else(scene)

    with scene.joined._database.lock(f"{scene.joined.connection_id}/ingest_orders"):
        first, _ = scene.joined.erase()
    second, _ = scene.joined.erase()
    third, _ = scene.after(hours=1).joined.erase()

    assert (first, second, third) == ([], [order_id], [])
    assert scene.order(order_id)["shippingAddress"]["lastName"] == "Test Customer 9"
    assert list(scene.joined.cursors.find(erasing.WATCHED) or {}) == [order_id]


def test_order_of_somebody_else_that_cannot_be_read_again_waits(scene: Scene) -> None:
    """Read once and then not answered for: its seal stays for the next run."""
    order_id = taken_by_somebody_else(scene)
    fail(scene, "commercetools.getOrderByOrderNumber", "unavailable", skip=1)

    first, _ = scene.joined.erase()
    second, _ = scene.joined.erase()

    assert (first, second, all_kinds(scene)) == ([], [order_id], ["order.number_taken"])


def test_order_that_only_its_lines_tell_is_redacted(scene: Scene) -> None:
    """The result of the import was lost, so there is no link, and the merchant took our type off: the keys of the lines still tell whose it is."""
    fail(scene, "commercetools.importOrder", "timed_out", after_effect=True)
    order_id = bought(scene)
    work(scene)
    change(scene, order_id, {"action": "setCustomType"})
    there, linked = "shippingAddress" in scene.order(order_id), rows(scene, "select * from links")

    erased, _ = until(scene, day_of_erasure(scene, order_id)).joined.erase()

    assert (there, linked, erased) == (True, [], [order_id])
    assert found_in(in_commercetools(scene, order_id), people(scene)) == []


def take_away(scene: Scene, orders: Sequence[dict[str, Any]]) -> None:
    """Somebody deletes orders in commercetools."""
    for order in orders:
        scene.project.orders.remove(order["id"])


def put_back(scene: Scene, orders: Sequence[dict[str, Any]]) -> None:
    """They are there after all."""
    for order in orders:
        scene.project.orders.put(order)


def test_watch_forgets_nothing_while_commercetools_is_away(scene: Scene) -> None:
    """Eight orders come back after their erasure and nothing is answered for days: each of them is redacted as soon as it can be."""
    order_ids = sorted(imported(scene) for _ in range(2 * erasing.AWAY_AFTER))
    held = [scene.order(order_id) for order_id in order_ids]
    take_away(scene, held)
    until(scene, day_of_erasure(scene, order_ids[0])).joined.erase()
    put_back(scene, held)

    fail(scene, "commercetools.getOrderByOrderNumber", "unavailable", times=None)
    scene.after(hours=1).joined.erase()
    scene.after(days=2).joined.erase()
    watched = scene.joined.cursors.find(erasing.WATCHED) or {}
    scene.twin.world.faults.clear()
    scene.joined.erase()

    assert sorted(watched) == order_ids
    assert [order_id for order_id in order_ids if "shippingAddress" in scene.order(order_id)] == []
    assert scene.joined.cursors.find(erasing.WATCHED) == {}
