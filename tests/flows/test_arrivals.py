"""Orders arrive: by the sweep with its mark and pages, by notifications that only make it faster, and never above Amazon's rates."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from crossdock.amazon.orders import parse_order
from crossdock.amazon.rates import GET_ORDER, PLANS, SEARCH_ORDERS
from crossdock.errors import Rejected, Unavailable
from crossdock.store.rates import ARRIVAL_S
from crossdock.twin.amazon_account import decoded, encoded
from crossdock.twin.world import Request, Response
from tests.flows.auditor import (
    DE,
    all_kinds,
    bought,
    calls,
    fail,
    history,
    imported,
    kinds,
    listening,
    put,
    rows,
    state,
    throttled,
    unaccounted,
    unknown,
    work,
    write,
)
from tests.joined_twin import START, Handle, Scene, Stage


def crowd(scene: Scene, count: int, **wishes: object) -> list[str]:
    """So many orders at once."""
    return [bought(scene, **wishes) for _ in range(count)]


def buy_each_minute(scene: Scene, *, minutes: int, each: int) -> None:
    """A shop with customers, and a worker that is woken every half minute."""
    for _ in range(minutes * 2):
        crowd(scene, each, fulfilled_by=None, skus=None, quantity=None)
        work(scene, minutes=0.5)


class GoneError(BaseException):
    """The process is killed: nothing of ours can catch this."""


def dying_at_page(number: int) -> Callable[[Handle], Handle]:
    """Stands before the twin and kills the process when this page was answered, before it is put away."""
    seen: list[Request] = []

    def through(handle: Handle) -> Handle:
        def act(request: Request) -> Response:
            response = handle(request)
            seen.extend([request] * request.path.endswith("/orders"))
            if len(seen) == number and request is seen[-1]:
                raise GoneError
            return response

        return act

    return through


def test_sweep_finds_orders_and_moves_its_mark(stage: Stage) -> None:
    """After a sweep the order is in the inbox, and the mark stands where Amazon said it had looked."""
    scene = stage.scene()
    order_id = bought(scene)

    scene.after(minutes=5).joined.discover()

    assert state(scene, order_id) == "waiting"
    assert scene.joined.searched_until() == START + timedelta(minutes=2, seconds=30)


def test_sweep_looks_back_over_its_mark(stage: Stage) -> None:
    """An update that Amazon dates before the mark, but shows only after it was passed, is found by the overlap."""
    scene = stage.scene()
    work(scene, minutes=10)
    order = decoded(encoded(scene.account.orders[bought(scene)]))
    scene.account.put_order(
        order | {"orderId": "302-0000001-0000009", "lastUpdatedTime": (START + timedelta(minutes=6)).isoformat()}
    )

    work(scene, minutes=4)

    assert state(scene, "302-0000001-0000009") != ""


def test_overlap_makes_no_news(stage: Stage) -> None:
    """What the overlap shows again changes nothing: no news, no second line of history."""
    scene = stage.scene()
    order_id = imported(scene)
    before = history(scene, order_id)

    news = [scene.after(minutes=1).joined.discover() for _ in range(3)]

    assert news == [0, 0, 0]
    assert history(scene, order_id) == before


def test_nothing_to_ask_is_no_call(stage: Stage) -> None:
    """A search that would end before it begins is not made: calls are rare."""
    scene = stage.scene(import_from=START)

    scene.joined.discover()

    assert calls(scene, "amazon.searchOrders") == 0


def test_many_pages_are_one_sweep(stage: Stage) -> None:
    """Two hundred and fifty orders are three pages, each order once, and the mark moves after the last."""
    scene = stage.scene()
    crowd(scene, 250, fulfilled_by="AMAZON")

    scene.after(minutes=5).joined.discover()

    assert calls(scene, "amazon.searchOrders") == 3
    assert unknown(scene) == []
    assert "token" not in rows(scene, "select value from cursors where name = 'orders.search'")[0]["value"]


def test_killed_between_pages_goes_on_from_its_token(stage: Stage) -> None:
    """A process that dies with the second page in hand reads that page again, and not the first."""
    scene = stage.scene(through=dying_at_page(2))
    crowd(scene, 250, fulfilled_by="AMAZON")
    scene.after(minutes=5)
    with pytest.raises(GoneError):
        scene.joined.discover()

    scene.joined.discover()

    assert calls(scene, "amazon.searchOrders") == 4
    assert unknown(scene) == []


def test_page_token_that_died_begins_the_window_again(stage: Stage) -> None:
    """A process that stood still for more than a day has a token Amazon no longer takes: the same window once more, nothing skipped."""
    scene = stage.scene()
    crowd(scene, 150, fulfilled_by="AMAZON")
    fail(scene, "amazon.searchOrders", "unavailable", skip=1)
    with pytest.raises(Unavailable):
        scene.after(minutes=5).joined.discover()
    scene.account.page_tokens.clear()

    scene.after(hours=25).joined.discover()

    assert unknown(scene) == []
    assert scene.joined.searched_until() == START + timedelta(minutes=5, hours=25) - timedelta(seconds=150)


def test_fresh_token_that_is_refused_is_not_asked_for_ever(stage: Stage) -> None:
    """Where Amazon refuses every second page somebody must know, and not twenty of the rare calls are spent on it."""
    scene = stage.scene()
    crowd(scene, 150, fulfilled_by="AMAZON")
    fail(scene, "amazon.searchOrders", "too_large", skip=1)
    fail(scene, "amazon.searchOrders", "too_large", skip=1, times=None)

    with pytest.raises(Rejected):
        scene.after(minutes=5).joined.discover()

    assert calls(scene, "amazon.searchOrders") <= 4
    assert scene.joined.searched_until() == START - timedelta(days=7)


def test_same_order_twice_in_a_page_is_one_record(stage: Stage) -> None:
    """An order that a page holds twice is one record, one line of history, one commercetools order."""
    scene = stage.scene()
    order_id = bought(scene)
    read = parse_order(encoded(scene.account.orders[order_id]))

    news = scene.joined.take_in([read, read])
    scene.joined.drain()

    assert news == 1
    assert history(scene, order_id).count("order.seen") == 1
    assert scene.numbers() == [order_id]


def test_two_versions_in_a_page_leave_the_newer(stage: Stage) -> None:
    """Whichever stands first, the newer version of an order is what is held."""
    scene = stage.scene()
    order_id = bought(scene)
    older = parse_order(encoded(scene.account.orders[order_id]))
    scene.after(minutes=1).merchant.cancel(order_id)
    newer = parse_order(encoded(scene.account.orders[order_id]))

    scene.joined.take_in([newer, older])

    assert rows(scene, "select status from inbox")[0]["status"] == "CANCELLED"


def test_older_version_never_replaces_a_newer(stage: Stage) -> None:
    """A read that was overtaken by another is no news, and does not bring the old status back."""
    scene = stage.scene()
    order_id = bought(scene)
    older = parse_order(encoded(scene.account.orders[order_id]))
    scene.after(minutes=1).merchant.cancel(order_id)
    scene.joined.take_in([parse_order(encoded(scene.account.orders[order_id]))])

    news = scene.joined.take_in([older])

    assert news == 0
    assert rows(scene, "select status from inbox")[0]["status"] == "CANCELLED"


def test_older_unreadable_version_says_nothing(stage: Stage) -> None:
    """A version that cannot be read opens no case where a newer one is held that can."""
    scene = stage.scene()
    order_id = bought(scene)
    broken = parse_order(encoded(decoded(encoded(scene.account.orders[order_id])) | {"orderItems": 7}))
    scene.after(minutes=1).merchant.cancel(order_id)
    scene.joined.take_in([parse_order(encoded(scene.account.orders[order_id]))])

    scene.joined.take_in([broken])

    assert all_kinds(scene) == []


def test_notification_is_read_at_once(stage: Stage) -> None:
    """An ORDER_CHANGE brings the order in seconds, without any search."""
    scene = stage.scene()
    order_id = bought(scene)

    scene.joined.take_notifications(list(scene.account.notifications))
    scene.joined.drain()

    assert scene.numbers() == [order_id]
    assert calls(scene, "amazon.searchOrders") == 0


def test_notifications_twice_and_out_of_order_change_nothing(stage: Stage) -> None:
    """Doubled and reordered messages are hints to read again; what is read is always what Amazon shows now."""
    scene = stage.scene()
    order_id = bought(scene)
    scene.after(minutes=1).merchant.cancel(order_id)
    messages = list(scene.account.notifications)

    scene.joined.take_notifications([*reversed(messages), *messages])
    scene.joined.drain()

    assert state(scene, order_id) == "out_of_scope"
    assert calls(scene, "amazon.getOrder") == 1
    assert scene.numbers() == []


def test_lost_notification_is_found_by_the_sweep(stage: Stage) -> None:
    """A queue that loses everything costs minutes, not orders."""
    scene = stage.scene()
    scene.twin.world.delivery.lost = 1.0
    order_id = bought(scene)
    scene.joined.take_notifications(list(scene.account.notifications))

    work(scene)

    assert len(scene.account.notifications) == 0
    assert scene.numbers() == [order_id]


def test_careless_delivery_ends_the_same(stage: Stage) -> None:
    """With messages lost, doubled and overtaking each other, notifications and sweep together bring every order once."""
    scene = stage.scene()
    delivery = scene.twin.world.delivery
    delivery.lost, delivery.doubled, delivery.overtaking = 0.3, 0.3, 0.5
    order_ids = crowd(scene, 20)

    scene.joined.take_notifications(list(scene.account.notifications))
    work(scene, rounds=3)

    assert scene.numbers() == sorted(order_ids)
    assert unaccounted(scene) == []


def test_notification_of_another_seller_is_left_alone(stage: Stage) -> None:
    """A message for somebody else's account is not read with our token."""
    scene = stage.scene()
    other = stage.scene(connection_id="us", twin=scene.twin)
    bought(other)

    scene.joined.take_notifications(list(other.account.notifications))

    assert calls(scene, "amazon.getOrder") == 0
    assert rows(scene, "select * from inbox") == []


@pytest.mark.parametrize(
    "message", [b"", b"{", b"\xff\xfe", b"[1]", b'{"NotificationType": "ORDER_CHANGE"}', b"null", b"[" * 100_000]
)
def test_unreadable_notification_stops_nothing(stage: Stage, message: bytes) -> None:
    """What is no notification is dropped, and the one behind it is read."""
    scene = stage.scene()
    order_id = bought(scene)

    scene.joined.take_notifications([message, *scene.account.notifications])

    assert state(scene, order_id) == "waiting"


def test_notification_of_an_order_amazon_refuses_to_read_stops_nothing(stage: Stage) -> None:
    """An order id in a form Amazon itself does not take is left to the sweep, and the next message is read."""
    scene = stage.scene()
    bought(scene)
    order_id = bought(scene)
    first, second = scene.account.notifications
    odd = decoded(first)
    odd["Payload"]["OrderChangeNotification"]["AmazonOrderId"] = "S01-ODD"

    scene.joined.take_notifications([encoded(odd), second])

    assert state(scene, order_id) == "waiting"


def test_more_notifications_than_reads_keep_what_was_read(stage: Stage) -> None:
    """Where more orders changed than may be read one by one, those that were read are kept and the sweep brings the rest; addresses keep their share."""
    scene = stage.scene()
    order_ids = crowd(scene, 40, fulfilled_by="AMAZON")

    news, _ = scene.joined.take_notifications(list(scene.account.notifications))
    work(scene, rounds=2)

    assert news == 22
    assert scene.numbers() == sorted(order_ids)
    assert throttled(scene) == 0


def test_address_of_a_few_is_read_one_by_one(stage: Stage) -> None:
    """A few FBM orders are a read each, with no second search."""
    scene = stage.scene()
    crowd(scene, 5)

    work(scene)

    assert calls(scene, "amazon.getOrder") == 5
    assert calls(scene, "amazon.searchOrders") == 1
    assert len(scene.numbers()) == 5


def test_addresses_of_many_are_read_by_the_page(stage: Stage) -> None:
    """More than thirty orders that wait for an address are one page, not a read each."""
    scene = stage.scene()
    crowd(scene, 80)

    work(scene)

    assert calls(scene, "amazon.getOrder") == 0
    assert calls(scene, "amazon.searchOrders") == 2
    assert len(scene.numbers()) == 80


def test_page_of_addresses_asks_for_merchant_orders_to_be_shipped_only(stage: Stage) -> None:
    """The one search with persons in it names the merchant's own orders that are still to be shipped."""
    heard: list[Request] = []
    scene = stage.scene(through=listening(heard))
    crowd(scene, 40)

    work(scene)

    asked = [
        request.query
        for request in heard
        if request.path.endswith("/orders") and "RECIPIENT" in request.query["includedData"][0]
    ]
    assert [query["fulfilledBy"] for query in asked] == [["MERCHANT"]]
    assert [query["fulfillmentStatuses"] for query in asked] == [["UNSHIPPED,PARTIALLY_SHIPPED"]]


def test_addresses_that_the_page_did_not_bring_are_read_one_by_one(stage: Stage) -> None:
    """When the page of addresses fails, the records go on with reads of their own, as far as the rate allows, and the rest follows."""
    scene = stage.scene()
    crowd(scene, 40)
    fail(scene, "amazon.searchOrders", "broken", skip=1)

    work(scene, rounds=3)

    assert len(scene.numbers()) == 40
    assert throttled(scene) == 0


def test_simulated_hour_of_arrivals_never_exceeds_a_rate(stage: Stage) -> None:
    """An hour in which a worker is woken every half minute: Amazon refuses no call for its rate, and all orders are there."""
    scene = stage.scene(seed=11)

    buy_each_minute(scene, minutes=60, each=1)
    work(scene, rounds=2)

    assert throttled(scene) == 0
    assert scene.numbers() == sorted(scene.account.orders)
    assert unaccounted(scene) == []


def test_own_rate_spent_is_a_wait_and_no_fault(stage: Stage) -> None:
    """When the burst of searches is spent the sweep says when it may go on, and asks nothing."""
    scene = stage.scene()
    write(scene, "insert into rates values ('eu', %s, 0, %s, 20, %s)", SEARCH_ORDERS, PLANS[SEARCH_ORDERS].per_s, START)

    with pytest.raises(Unavailable) as waited:
        scene.joined.discover()

    assert (waited.value.own_rate, calls(scene, "amazon.searchOrders")) == (True, 0)
    assert waited.value.retry_after_s == pytest.approx(1 / 0.0056, abs=1)


def test_429_empties_the_bucket_and_is_no_error(stage: Stage) -> None:
    """A 429 all the same: the bucket is empty from now on, the record waits for it, and that is no try."""
    scene = stage.scene()
    order_id = bought(scene)
    scene.after(minutes=5).joined.discover()
    fail(scene, "amazon.getOrder", "throttled")

    report = scene.joined.drain()

    assert (report.put_back, all_kinds(scene)) == (1, [])
    assert rows(scene, "select tokens from rates where operation = %s", GET_ORDER)[0]["tokens"] == 0
    assert rows(scene, "select attempts from inbox")[0]["attempts"] == 0
    assert "record.put_back" not in history(scene, order_id)


def test_after_a_429_the_order_goes_on_by_itself(stage: Stage) -> None:
    """Two seconds after the call arrived, at the latest, the rate gives one again."""
    scene = stage.scene()
    order_id = bought(scene)
    scene.after(minutes=5).joined.discover()
    fail(scene, "amazon.getOrder", "throttled")
    scene.joined.drain()

    scene.after(seconds=2 + ARRIVAL_S).joined.drain()

    assert scene.numbers() == [order_id]


def test_header_corrects_the_rate(stage: Stage) -> None:
    """What Amazon says of this pair's rate is believed from the next call on."""
    scene = stage.scene()
    scene.account.set_rate("getOrder", 4.0, 30)
    imported(scene)

    corrected = rows(scene, "select per_s from rates where operation = %s", GET_ORDER)

    assert corrected == [{"per_s": 4.0}]


def test_searches_leave_their_share_to_the_urgent(stage: Stage) -> None:
    """A sweep stops before the last two calls of the burst: they are for who cannot wait three minutes."""
    scene = stage.scene()
    plan = PLANS[SEARCH_ORDERS]

    taken = [scene.joined.rates.take(SEARCH_ORDERS, plan, START) for _ in range(20)]
    urgent = [scene.joined.rates.take(SEARCH_ORDERS, plan, START, urgent=True) for _ in range(3)]

    assert [wait_s == 0.0 for wait_s in taken] == [True] * 18 + [False] * 2
    assert [wait_s == 0.0 for wait_s in urgent] == [True, True, False]


def test_pending_order_waits_and_its_units_are_claimed(stage: Stage) -> None:
    """A pending order has no address and no price: it waits with a time, and asks nobody anything."""
    scene = stage.scene()
    order_id = bought(scene, settled=False)

    work(scene)

    assert (state(scene, order_id), kinds(scene, order_id)) == ("waiting", [])
    assert calls(scene, "amazon.getOrder") == 0


def test_order_from_before_the_beginning_is_out_of_scope(stage: Stage) -> None:
    """An order bought before `orders.import_from` is counted and left alone, even when it changes today."""
    scene = stage.scene(import_from=START)
    order = decoded(encoded(scene.account.orders[bought(scene)]))
    put(scene, order | {"createdTime": (START - timedelta(days=1)).isoformat()})

    work(scene)

    assert [row["state"] for row in rows(scene, "select state from inbox")] == ["out_of_scope"]
    assert scene.numbers() == []


def test_marketplace_that_is_not_ours_is_out_of_scope(stage: Stage) -> None:
    """An order of a marketplace that is not part of this connection is counted and left alone, however it came here."""
    scene = stage.scene(marketplaces=("A1F83G8C2ARO7P",))
    order_id = bought(scene, marketplace_id=DE)

    scene.joined.take_notifications(list(scene.account.notifications))
    scene.joined.drain()

    assert state(scene, order_id) == "out_of_scope"
