"""What Amazon may send and should not: each order ends in sync, waiting with a time, or as a case with an owner; the others go on."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from crossdock.domain.case_kinds import CASE_KINDS
from crossdock.twin.amazon_account import decoded, encoded, timestamp
from crossdock.twin.world import Request, Response
from tests.flows.auditor import (
    all_kinds,
    bought,
    case,
    kinds,
    put,
    rows,
    state,
    unaccounted,
    unknown,
    work,
    write,
)
from tests.flows.conftest import a_name
from tests.joined_twin import Handle, Scene, Stage

Json = dict[str, Any]

HTML = "<script>alert(1)</script><b>Happy birthday</b> & 'all' \"the\" best; drop table inbox; =1+1"
LONG = "x" * 1_000_000


def an_order_of(scene: Scene, **wishes: Any) -> Json:
    """An order Amazon has, to be spoilt."""
    order: Json = decoded(encoded(scene.account.orders[bought(scene, **wishes)]))
    return order


def spoilt(scene: Scene, path: str, value: object, **wishes: Any) -> str:
    """An order with one place of it set to something else; a place set to nothing is taken out."""
    order = an_order_of(scene, **wishes)
    *way, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    place: Any = order
    for step in way:
        place = place[step]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return put(scene, order)


def with_hundred(scene: Scene, path: str, value: object, **wishes: Any) -> tuple[str, list[str]]:
    """One spoilt order among a page of healthy ones."""
    healthy = [bought(scene, fulfilled_by="AMAZON") for _ in range(49)]
    order_id = spoilt(scene, path, value, **wishes)
    return order_id, healthy + [bought(scene, fulfilled_by="AMAZON") for _ in range(50)]


def spoiling(path: str, spoil: bytes, by: bytes) -> Callable[[Handle], Handle]:
    """Stands before the twin and replaces bytes in answers to requests of this path."""

    def through(handle: Handle) -> Handle:
        def act(request: Request) -> Response:
            response = handle(request)
            return (
                response._replace(body=response.body.replace(spoil, by)) if request.path.startswith(path) else response
            )

        return act

    return through


SPOILT = [
    pytest.param(
        "fulfillment.fulfillmentStatus", "TELEPORTED", "MERCHANT", "order.status_unknown", id="unknown status"
    ),
    pytest.param(
        "fulfillment.fulfillmentStatus", "TELEPORTED", "AMAZON", "order.status_unknown", id="unknown status, FBA"
    ),
    pytest.param("fulfillment.fulfilledBy", "ROBOT", "MERCHANT", "order.status_unknown", id="unknown fulfilment"),
    pytest.param("fulfillment.fulfilledBy", "", "MERCHANT", "order.status_unknown", id="empty fulfilment"),
    pytest.param("fulfillment.fulfilledBy", None, "MERCHANT", "order.status_unknown", id="no fulfilment"),
    pytest.param("fulfillment", None, "MERCHANT", "order.status_unknown", id="no fulfilment at all"),
    pytest.param("orderItems.0.product.sellerSku", "NEVER-HEARD-OF", "MERCHANT", "order.unknown_sku", id="unknown SKU"),
    pytest.param("orderItems.0.product.sellerSku", HTML[:200], "MERCHANT", "order.unknown_sku", id="HTML as SKU"),
    pytest.param(
        "orderItems.0.product.sellerSku", 'A"; drop table "\\', "MERCHANT", "order.unknown_sku", id="quotes in a SKU"
    ),
    pytest.param("orderItems.0.product.sellerSku", "", "MERCHANT", "order.unknown_sku", id="empty SKU"),
    pytest.param("orderItems.0.product.sellerSku", LONG, "MERCHANT", "record.unreadable", id="1 MB of SKU"),
    pytest.param("orderItems.0.quantityOrdered", -1, "MERCHANT", "record.unreadable", id="negative quantity"),
    pytest.param("orderItems.0.quantityOrdered", 1.5, "MERCHANT", "record.unreadable", id="half a unit"),
    pytest.param("orderItems.0.quantityOrdered", 2**63, "MERCHANT", "record.unreadable", id="quantity above 64 bits"),
    pytest.param("orderItems.0.quantityOrdered", "2", "MERCHANT", "record.unreadable", id="quantity as text"),
    pytest.param("orderItems.0.orderItemId", 7, "MERCHANT", "record.unreadable", id="an item id is a number"),
    pytest.param("orderItems", None, "MERCHANT", "record.unreadable", id="no items at all"),
    pytest.param("createdTime", "yesterday", "MERCHANT", "record.unreadable", id="no time"),
    pytest.param("proceeds.grandTotal.currencyCode", "XXX", "MERCHANT", "record.unreadable", id="unknown currency"),
    pytest.param("proceeds.grandTotal.currencyCode", "USD", "MERCHANT", "record.unreadable", id="two currencies"),
    pytest.param("proceeds.grandTotal.amount", "1,00", "MERCHANT", "record.unreadable", id="a comma in an amount"),
    pytest.param("proceeds.grandTotal.amount", "1e3", "MERCHANT", "record.unreadable", id="an exponent"),
    pytest.param("proceeds.grandTotal.amount", "9" * 400, "MERCHANT", "record.unreadable", id="an amount without end"),
    pytest.param("proceeds.grandTotal.amount", "0.001", "MERCHANT", "record.unreadable", id="a tenth of a cent"),
    pytest.param("programs", LONG, "MERCHANT", "record.unreadable", id="1 MB in the place of a list"),
    pytest.param("programs", ["AMAZON_EASY_SHIP"], "MERCHANT", "order.program_unsupported", id="easy ship"),
]


@pytest.mark.parametrize(("path", "value", "fulfilled_by", "kind"), SPOILT)
def test_spoilt_order_is_a_case_with_an_owner(
    scene: Scene, path: str, value: object, fulfilled_by: str, kind: str
) -> None:
    """One place of an order is wrong: that order is one case, of the kind that says what to do, and nothing of it is imported."""
    order_id = spoilt(scene, path, value, fulfilled_by=fulfilled_by)

    work(scene)

    assert kinds(scene, order_id) == [kind]
    assert case(scene, order_id, kind)["owner"] == CASE_KINDS[kind].owner
    assert scene.numbers() == []
    assert unaccounted(scene) == []


@pytest.mark.parametrize(("path", "value", "fulfilled_by", "kind"), SPOILT[:1] + SPOILT[10:17])
def test_ninety_nine_others_go_on(scene: Scene, path: str, value: object, fulfilled_by: str, kind: str) -> None:
    """One spoilt order in the middle of a full page stops itself only."""
    order_id, healthy = with_hundred(scene, path, value, fulfilled_by=fulfilled_by)

    work(scene, rounds=2)

    assert scene.numbers() == sorted(healthy)
    assert all_kinds(scene) == [kind]
    assert state(scene, order_id) == "case"


def test_unknown_sku_of_an_fba_order_is_recorded_and_a_case(scene: Scene) -> None:
    """Amazon ships it whatever we know: the sale is recorded with a custom line, and the catalogue is told."""
    order_id = spoilt(scene, "orderItems.0.product.sellerSku", "NEVER-HEARD-OF", fulfilled_by="AMAZON")

    work(scene)

    assert kinds(scene, order_id) == ["order.unknown_sku"]
    assert [line["quantity"] for line in scene.order(order_id)["customLineItems"]] == [1]
    assert scene.order(order_id)["lineItems"] == []


def test_unknown_sku_waits_and_goes_on_when_it_exists(scene: Scene) -> None:
    """An FBM order with an unknown SKU carries its ship-by date, and is imported a quarter of an hour after the product exists."""
    order_id = bought(scene, skus=["NEW-ARTICLE"])
    work(scene)
    deadline = case(scene, order_id, "order.unknown_sku")["deadline"]

    scene.project.add_product("NEW-ARTICLE", "New article")
    scene.project.add_inventory("NEW-ARTICLE", 5, channel_key="warehouse")
    work(scene, minutes=16)

    assert (
        timestamp(deadline)[:16] == scene.account.orders[order_id]["fulfillment"]["shipByWindow"]["latestDateTime"][:16]
    )
    assert (scene.numbers(), kinds(scene, order_id)) == ([order_id], [])


def test_missing_price_is_a_case_until_amazon_states_it(scene: Scene) -> None:
    """An order to ship without any price waits: a sale at zero is wrong in every ledger."""
    order = an_order_of(scene)
    priceless = decoded(encoded(order))
    del priceless["proceeds"], priceless["orderItems"][0]["proceeds"], priceless["orderItems"][0]["product"]["price"]
    order_id = put(scene, priceless)
    work(scene)
    told = kinds(scene, order_id)

    put(scene, order)
    work(scene)

    assert told == ["order.price_missing"]
    assert (scene.numbers(), kinds(scene, order_id)) == ([order_id], [])


def test_parts_that_do_not_sum_are_imported_with_the_difference(scene: Scene) -> None:
    """A cent must not hold up a ship-by date: the order is imported with the difference as a line, and finance is told."""
    order_id = spoilt(scene, "proceeds.grandTotal.amount", "1234.56")

    work(scene)

    assert kinds(scene, order_id) == ["order.total_mismatch"]
    assert scene.order(order_id)["taxedPrice"]["totalGross"]["centAmount"] == 123456


@pytest.mark.parametrize(
    "path",
    [
        "recipient.deliveryAddress.name",
        "recipient.deliveryAddress.addressLine1",
        "recipient.deliveryAddress.city",
        "buyer.buyerName",
        "orderItems.0.product.title",
        "orderItems.0.product.asin",
        "fulfillment.fulfillmentServiceLevel",
    ],
)
@pytest.mark.parametrize(
    "value", [HTML, LONG, "Zero\x00width", "lone \ud800 surrogate", "\u202eright to left", "🎁" * 5000]
)
def test_odd_text_is_imported_all_the_same(scene: Scene, path: str, value: str) -> None:
    """Markup, a megabyte, NUL, half a character: no text of a buyer or a title keeps an order from its warehouse."""
    order_id = spoilt(scene, path, value)

    work(scene)

    assert scene.numbers() == [order_id]
    assert (state(scene, order_id), all_kinds(scene)) == ("in_sync", [])


def test_cleaned_text_is_noted(scene: Scene) -> None:
    """Where a character no database can hold was replaced, the record's history says in which field, and not what stood there."""
    order_id = spoilt(scene, "orderItems.0.product.title", "Mug \x00 blue \ud800")

    work(scene)

    noted = rows(scene, "select facts from history where record_id = %s and code = 'order.text_cleaned'", order_id)
    assert [row["facts"]["fields"] for row in noted] == ["orderItems.product.title"]


def test_gift_message_is_carried_as_it_was_written(scene: Scene) -> None:
    """Markup in a gift message is text, and reaches the warehouse as text."""
    gift = {"giftOption": {"giftMessage": HTML, "giftWrapLevel": "STANDARD"}}
    order_id = spoilt(scene, "orderItems.0.fulfillment.packing", gift)

    work(scene)

    assert scene.order(order_id)["lineItems"][0]["custom"]["fields"]["amazon-gift-message"] == HTML


def test_half_a_character_in_one_order_leaves_the_page_whole(shared_stage: Stage) -> None:
    """Bytes that are no UTF-8 in the middle of a page: all orders arrive, also the one that holds them."""
    scene = shared_stage.scene(
        connection_id=a_name(), through=spoiling("/orders", b"Example article MUG-BLUE", b"Mug \xff\xfe")
    )
    order_ids = sorted(bought(scene) for _ in range(3))

    work(scene)

    assert scene.numbers() == order_ids


def test_unreadable_order_is_readable_later(scene: Scene) -> None:
    """When Amazon sends the order in a form that can be read the case closes, and the order is imported."""
    order = an_order_of(scene)
    order_id = put(scene, order | {"createdTime": "soon"})
    work(scene)
    told = kinds(scene, order_id)

    put(scene, order)
    work(scene)

    assert told == ["record.unreadable"]
    assert (scene.numbers(), kinds(scene, order_id), state(scene, order_id)) == ([order_id], [], "in_sync")


def test_unreadable_order_of_the_same_time_is_readable_later(scene: Scene) -> None:
    """Mended without a new time it is news all the same."""
    order = an_order_of(scene)
    order_id = put(scene, order | {"createdTime": "soon"}, lastUpdatedTime=order["lastUpdatedTime"])
    work(scene)

    scene.account.put_order(order)
    scene.joined.take_notifications(list(scene.account.notifications)[-1:])
    scene.joined.drain()

    assert scene.numbers() == [order_id]


def test_person_retries_an_unreadable_order(scene: Scene) -> None:
    """A case that is retried reads the order from Amazon anew; what is read is kept, so that the desk shows it."""
    order = an_order_of(scene)
    order_id = put(scene, order | {"createdTime": "soon"})
    work(scene)
    scene.account.put_order(order, notify=False)

    scene.joined.inbox.wake([order_id], scene.twin.world.clock.now())
    work(scene)

    assert (scene.numbers(), kinds(scene, order_id)) == ([order_id], [])
    assert [row["fulfilled_by"] for row in rows(scene, "select fulfilled_by from inbox")] == ["MERCHANT"]


def test_order_without_an_id_is_a_record_too(scene: Scene) -> None:
    """Even an order without any id is one record with a case, however often it is seen."""
    order = an_order_of(scene)
    scene.account.orders[order["orderId"]]["orderId"] = {"no": "id"}
    write(scene, "delete from inbox")

    work(scene, rounds=3, minutes=1.5)

    assert all_kinds(scene) == ["record.unreadable"]
    assert len(rows(scene, "select * from inbox")) == 1


@pytest.mark.parametrize(
    "answer", [b"", b"{}", b"[]", b"null", b'{"orders": 7}', b'{"orders": [', b"<html>", b"\xff", b"[" * 100_000]
)
def test_answer_that_is_no_page_moves_no_mark(shared_stage: Stage, answer: bytes) -> None:
    """A search that answers nonsense is put back; when it answers again every order is found."""
    answers = [answer]

    def through(handle: Handle) -> Handle:
        return lambda request: (
            Response(200, answers.pop()) if request.path.endswith("/orders") and answers else handle(request)
        )

    scene = shared_stage.scene(connection_id=a_name(), through=through)
    order_id = bought(scene)

    work(scene, rounds=2)

    assert scene.numbers() == [order_id]
    assert answers == []


def among(odd: list[object]) -> Callable[[Handle], Handle]:
    """Stands before the twin and puts things that are no orders before and behind those of each page."""

    def through(handle: Handle) -> Handle:
        def act(request: Request) -> Response:
            response = handle(request)
            if not request.path.endswith("/orders") or response.status != 200:
                return response
            page = json.loads(response.body)
            return response._replace(body=json.dumps(page | {"orders": odd[:5] + page["orders"] + odd[5:]}).encode())

        return act

    return through


def test_page_with_one_order_of_every_wrong_shape(shared_stage: Stage) -> None:
    """Numbers, texts, nothing, lists and objects in the place of orders: one healthy order between them is imported."""
    odd = [7, "order", None, [], {}, True, {"orderId": 5}, {"orderId": "302-0000009-0000009"}, [[[]]], 1.5]
    scene = shared_stage.scene(connection_id=a_name(), through=among(odd))
    order_id = bought(scene)

    work(scene, rounds=2)

    assert scene.numbers() == [order_id]
    assert set(all_kinds(scene)) == {"record.unreadable"}
    assert unknown(scene) == []
    assert unaccounted(scene) == []


def test_spoilt_record_of_our_own_stops_itself_only(scene: Scene) -> None:
    """A snapshot that our own code cannot read any more is our mistake with that record; the others go on, and the log says so."""
    order_ids = [bought(scene) for _ in range(3)]
    scene.after(minutes=5).joined.discover()
    write(scene, "update inbox set snapshot = '{\"order_id\": 7}' where record_id = %s", order_ids[0])

    report = scene.joined.drain()

    assert scene.numbers() == sorted(order_ids[1:])
    assert kinds(scene, order_ids[0]) == ["record.our_mistake"]
    assert len(report.mistakes) == 2
    assert case(scene, order_ids[0], "record.our_mistake")["facts"].keys() == {"error", "place"}


def test_spoilt_seal_stops_itself_only(scene: Scene) -> None:
    """A sealed address that does not open any more concerns its own order; the others go on."""
    order_ids = [bought(scene, skus=["LATER"]) for _ in range(3)]
    work(scene)
    write(scene, "update personal_data set sealed = sealed || 'x' where record_id = %s", order_ids[0])
    scene.project.add_product("LATER", "Later")

    work(scene, minutes=16)

    assert set(scene.numbers()) >= set(order_ids[1:])
    assert unaccounted(scene) == []


def test_spoilt_seal_does_not_stop_the_sweep(scene: Scene) -> None:
    """A sealed text that does not open any more is as good as gone: the sweep goes on, and Amazon is asked again."""
    gift = {"giftOption": {"giftMessage": "Greetings from Test Buyer 7", "giftWrapLevel": "STANDARD"}}
    broken = spoilt(scene, "orderItems.0.fulfillment.packing", gift, skus=["LATER"])
    work(scene)
    write(scene, "update personal_data set sealed = sealed || 'x' where record_id = %s", broken)
    put(scene, scene.account.orders[broken])
    order_id = bought(scene)

    work(scene, rounds=2)

    assert scene.numbers() == [order_id]
    assert kinds(scene, broken) == ["order.unknown_sku"]
