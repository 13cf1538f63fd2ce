"""Many quantities go to Amazon by one feed: held before it exists, told apart by its report, and safe when it is late, cut off, lost or refused."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from crossdock.domain.ids import SellerSku
from crossdock.domain.stock_policy import StockPolicy
from crossdock.domain.stock_record import StockRecord
from crossdock.errors import RemoteError, Unavailable
from crossdock.twin.commercetools_orders import place_order
from crossdock.twin.world import Fault, Request, Response
from tests.flows.auditor import all_kinds, calls, fail, kinds, rows, throttled
from tests.flows.conftest import a_name
from tests.joined_twin import SKUS, START, Handle, Scene, Stage

RISK = StockPolicy(claims_from=START - timedelta(days=1), channels=("warehouse",))
MUG, RED, TEA = SellerSku("MUG-BLUE"), SellerSku("MUG-RED"), SellerSku("TEA-GREEN")
ALL = [SellerSku(sku) for sku in SKUS]


def opened(stage: Stage, goods: int = 0, *, through: Callable[[Handle], Handle] = lambda handle: handle) -> Scene:
    """A shop with four goods and so many more, all on Amazon with nothing for sale, and every one looked at on both sides, but for what is to be sent."""
    scene = stage.scene(connection_id=a_name(), through=through, stock=RISK)
    scene.merchant.stock_the_shop(goods, quantity=1000, channel_key="warehouse")
    scene.merchant.list_goods(quantity=0)
    scene.joined.discover()
    while not scene.stock.list_all()[1]:
        pass
    while not compared(scene):
        scene.after(seconds=10)
    return scene


def compared(scene: Scene) -> bool:
    """Go on comparing what Amazon lists, as far as its rate allows; whether all was seen."""
    try:
        return scene.stock.list_amazon()[1]
    except Unavailable:
        return False


def gathered(scene: Scene, skus: Sequence[SellerSku] = ALL) -> Scene:
    """These raises join a feed, as if far more of them waited."""
    scene.stock.prepare([])
    scene.stock._plan = replace(scene.stock._plan, lanes=dict.fromkeys(skus, "feed"))
    for record in [record for sku in skus if (record := scene.stock.inbox.find(sku)) is not None]:
        scene.stock.run_record(record)
    return scene


def submitted(scene: Scene, skus: Sequence[SellerSku] = ALL) -> Scene:
    """And that feed is with Amazon."""
    gathered(scene, skus).stock.follow_feeds()
    return scene


def turn(scene: Scene) -> Scene:
    """What a worker does now; a platform that does not answer is asked again in the next turn."""
    scene.stock.discover()
    scene.stock.drain(batches=5)
    try:
        scene.stock.follow_feeds()
    except RemoteError as fault:
        scene.twin.world.record(f"refused.{type(fault).__name__}", 0)
    return scene


def watch(scene: Scene, minutes: float, *, step_s: float = 10.0) -> Scene:
    """A worker at work for so long."""
    for _ in range(int(minutes * 60 / step_s)):
        turn(scene).after(seconds=step_s)
    return scene


def until_over(scene: Scene) -> Scene:
    """A worker at work until no feed is under way."""
    while scene.stock.feeds.book.under_way():
        turn(scene).after(seconds=5)
    return scene


def listed(scene: Scene) -> dict[str, int | None]:
    """What buyers can buy on Amazon now."""
    scene.account.catch_up()
    return {sku: each.quantity for sku, each in scene.account.listings.by_sku.items()}


def is_well_listed(scene: Scene, but: Sequence[SellerSku] = ()) -> bool:
    """Whether every SKU is on sale with most of what there is, and none with more."""
    on_sale = [quantity or 0 for sku, quantity in listed(scene).items() if sku not in but]
    return bool(on_sale) and min(on_sale) >= 500 and max(on_sale) <= 1000


def held(scene: Scene, sku: SellerSku = MUG) -> StockRecord:
    """What we hold of a SKU."""
    return scene.stock.store.find([sku])[sku]


def feeds(scene: Scene) -> list[tuple[str, str]]:
    """How far each feed is, and what came of it."""
    return [(row["stage"], row["outcome"]) for row in rows(scene, "select stage, outcome from feeds order by feed_key")]


def spoiling(sku: str) -> Callable[[Handle], Handle]:
    """Stands between the product and the twin, and makes the quantity of one SKU in a document one that Amazon refuses."""

    def through(handle: Handle) -> Handle:
        def act(request: Request) -> Response:
            head, mark, tail = request.body.partition(b'"sku":"%s"' % sku.encode())
            spoilt = head + mark + re.sub(rb'"quantity":\d+', b'"quantity":-1', tail, count=1)
            return handle(request._replace(body=spoilt) if request.method == "PUT" else request)

        return act

    return through


# --- the way of a feed


def test_first_load_goes_by_feed(stage: Stage) -> None:
    """Six hundred SKUs are raised with a handful of calls, each is read back in its time, and all of them are listed right."""
    scene = opened(stage, 600)

    watch(scene, 3)
    watch(scene, 4, step_s=2.5)

    assert is_well_listed(scene)
    assert calls(scene, "amazon.createFeed") == 1
    assert calls(scene, "amazon.patchListingsItem") == 0
    assert {each.on_sale.hold.live_max for each in records(scene)} == set(listed(scene).values())
    assert [each for each in records(scene) if each.on_sale.is_under_way()] == []
    assert all_kinds(scene) == []
    assert throttled(scene) == 0


def records(scene: Scene) -> list[StockRecord]:
    """All that we hold."""
    return list(scene.stock.store.find(scene.stock.store.skus()).values())


def test_few_raises_are_patched(stage: Stage) -> None:
    """What calls serve in a minute makes no feed."""
    scene = opened(stage)

    watch(scene, 3)

    assert is_well_listed(scene)
    assert calls(scene, "amazon.createFeed") == 0


def test_hold_is_there_before_the_feed(shared_stage: Stage) -> None:
    """What was gathered is held, and nothing was said to Amazon yet."""
    scene = gathered(opened(shared_stage))

    assert [held(scene, sku).on_sale.hold.raising or 0 for sku in ALL] >= [500] * 4
    assert feeds(scene) == [("gathering", "")]
    assert calls(scene, "amazon.createFeedDocument") == 0


def test_accepted_is_not_applied(shared_stage: Stage) -> None:
    """A report that accepts clears no hold: a read does, after the usual time since the feed has ended."""
    scene = submitted(opened(shared_stage))
    scene.account.listings.never_applied = 1.0
    held_at_first = held(scene)
    until_over(scene)
    watch(scene, 0.5)

    told, ended = held(scene), feeds(scene)
    watch(scene, 1.5)

    assert ended == [("over", "done")]
    assert told.sent == held_at_first.sent
    assert told.on_sale.hold.raising == held_at_first.on_sale.hold.raising
    assert held(scene).on_sale.hold.overdue == held_at_first.on_sale.hold.raising


def test_notification_wakes_the_follow_up(shared_stage: Stage) -> None:
    """A feed that has ended is told of, and so is what quantities it changed: those SKUs are read at once."""
    scene = submitted(opened(shared_stage))
    scene.after(minutes=4).account.catch_up()
    told = list(scene.account.notifications)

    looked_at, ended = scene.joined.take_notifications(told)
    scene.stock.drain(batches=5)

    assert (looked_at, ended) == (4, 1)
    assert held(scene).on_sale.hold.live_max == listed(scene)[MUG] != 0


def test_quantity_that_says_nothing_new_asks_nothing(shared_stage: Stage) -> None:
    """A sale of what is on sale anyway is no reason to ask Amazon; more than can be on sale is."""
    scene = watch(opened(shared_stage), 3)
    scene.account.notifications.clear()
    scene.merchant.edit_quantity(MUG, 400)
    less = scene.joined.take_notifications(list(scene.account.notifications))
    scene.account.notifications.clear()
    scene.merchant.edit_quantity(MUG, 4000)
    more = scene.joined.take_notifications(list(scene.account.notifications))

    assert (less, more) == ((0, 0), (1, 0))


def test_nothing_that_lowers_goes_by_feed(shared_stage: Stage) -> None:
    """A batch was planned to raise a SKU; by its turn it is sold out. It is set to 0 by a call, whatever the plan says."""
    scene = watch(opened(shared_stage), 3)
    place_order(scene.project, {MUG: 1000}, channel_key="warehouse")
    scene.after(seconds=15)

    gathered(scene, [MUG])

    sent = held(scene).sent
    assert sent is not None
    assert (sent.quantity, sent.lane) == (0, "patch")
    assert feeds(scene) == []


# --- what goes wrong


def test_late_feed_is_cancelled_with_one_case(shared_stage: Stage) -> None:
    """A queue that stands still: one case, the feed is taken out of it, its sets leave the hold, and patches do the work."""
    scene = opened(shared_stage)
    scene.account.feeds.queue_s = (10**6, 10**6)
    submitted(scene)

    watch(scene, 19)
    before = held(scene)
    watch(scene, 6)

    assert before.on_sale.hold.raising
    assert before.sent is not None
    assert before.sent.lane == "feed"
    assert feeds(scene) == [("over", "cancelled")]
    assert all_kinds(scene) == ["stock.feed_late"]
    assert is_well_listed(scene)
    assert calls(scene, "amazon.createFeed") == 1


def test_case_of_a_late_feed_is_over_after_an_hour(shared_stage: Stage) -> None:
    """When no feed was late for an hour, and the next goes through, nobody needs to look any more."""
    scene = opened(shared_stage)
    scene.account.feeds.queue_s = (10**6, 10**6)
    watch(submitted(scene, [MUG]), 25)
    scene.account.feeds.queue_s = (2.0, 20.0)

    watch(scene.after(minutes=60), 2)

    assert all_kinds(scene) == []


def test_late_feed_that_cannot_be_cancelled_stays_held(shared_stage: Stage) -> None:
    """It stands in the midst of its processing: a case, and what it may still set stays in the hold, past its time, whatever follows."""
    scene = opened(shared_stage)
    submitted(scene, [MUG])
    scene.after(seconds=25).account.catch_up()
    scene.account.feeds.stop()

    watch(scene, 40)
    late, quantity = (all_kinds(scene), held(scene).on_sale.hold.overdue or 0), 500
    scene.account.feeds.go_on()
    watch(scene, 10)

    assert late[0] == ["stock.feed_late"]
    assert late[1] >= quantity
    assert feeds(scene) == [("over", "done")]
    assert (listed(scene)[MUG] or 0) >= quantity


def test_late_feed_that_begins_while_it_is_cancelled_stays_held(shared_stage: Stage) -> None:
    """It left the queue between our question and our word: nothing was cancelled, so nothing leaves the hold."""
    begun: list[Scene] = []

    def beginning(handle: Handle) -> Handle:
        return lambda request: handle(begin(request, begun))

    scene = opened(shared_stage, through=beginning)
    begun.append(scene)
    scene.account.feeds.queue_s = (10**6, 10**6)
    submitted(scene, [MUG]).after(minutes=21)

    scene.stock.follow_feeds()

    assert feeds(scene) == [("submitted", "")]
    assert rows(scene, "select ended from feed_sets") == [{"ended": None}]


def begin(request: Request, begun: Sequence[Scene]) -> Request:
    """When a feed is to be cancelled it begins to be processed."""
    for feed in [feed for scene in begun if request.method == "DELETE" for feed in scene.account.feeds.by_id.values()]:
        feed.status, feed.started_at = "IN_PROGRESS", feed.created_at
    return request


def test_zero_goes_beside_a_feed(shared_stage: Stage) -> None:
    """Sold out while a raise waits in a feed: 0 goes by patch at once, and when the feed sets what is gone, 0 follows again."""
    scene = opened(shared_stage)
    scene.account.feeds.queue_s = (300.0, 300.0)
    submitted(scene, [MUG])
    place_order(scene.project, {MUG: 1000}, channel_key="warehouse")

    watch(scene, 3)
    beside = (calls(scene, "amazon.patchListingsItem"), held(scene).on_sale.hold.raising)
    watch(scene, 12)

    assert beside[0] >= 1
    assert beside[1]
    assert listed(scene)[MUG] == 0
    assert held(scene).on_sale.most == 0


def test_what_is_gone_before_the_feed_is_built_is_left_out(shared_stage: Stage) -> None:
    """Between joining and building the shop sold: that SKU goes by itself, the others go by feed."""
    scene = gathered(opened(shared_stage), [MUG, TEA])
    place_order(scene.project, {MUG: 600}, channel_key="warehouse")
    scene.after(seconds=15).stock.discover()
    scene.stock.drain(batches=5)

    scene.stock.follow_feeds()
    watch(scene, 5)

    ended = rows(scene, "select seller_sku, ended from feed_sets order by 1")
    assert [tuple(row.values()) for row in ended] == [(MUG, "never"), (TEA, "processed")]
    assert 0 < (listed(scene)[MUG] or 0) <= 400
    assert is_well_listed(scene, [MUG, *[sku for sku in ALL if sku not in {MUG, TEA}]])


def test_refused_message_is_a_case_of_its_sku(shared_stage: Stage) -> None:
    """One of four is refused: it leaves the hold and has a case with Amazon's code, until it is accepted a quarter of an hour later."""
    scene = submitted(opened(shared_stage, through=spoiling(MUG)))

    watch(scene, 5)
    refused = (kinds(scene, MUG), held(scene).on_sale.is_under_way(), listed(scene)[MUG])
    watch(scene, 17)

    assert refused == (["stock.rejected"], False, 0)
    assert all_kinds(scene) == []
    assert is_well_listed(scene)


def test_feed_that_is_refused_as_a_whole_is_one_case(shared_stage: Stage) -> None:
    """Four messages refused for one reason are one case, and their sets go by patch."""
    scene = opened(shared_stage)
    scene.stock.feeds._seller_id = "SOMEBODYELSE"

    submitted(scene)
    watch(scene, 6)

    assert feeds(scene) == [("over", "refused")]
    assert all_kinds(scene) == ["stock.rejected"]
    assert is_well_listed(scene)


@pytest.mark.parametrize("outcome", ["fatal", "cut_report"])
def test_feed_of_which_nobody_knows_stays_held_until_it_is_read(shared_stage: Stage, outcome: str) -> None:
    """FATAL, or a report that breaks off: some, none or all of it was applied. Reads tell, and what was not is set again."""
    scene = opened(shared_stage)
    scene.account.feeds.next_outcomes.append(outcome)  # type: ignore[arg-type]
    submitted(scene)

    until_over(scene)
    under_way = [held(scene, sku).on_sale.hold.raising for sku in ALL]
    watch(scene, 8)

    assert [quantity or 0 for quantity in under_way] >= [500] * 4
    assert is_well_listed(scene)


def test_sku_that_amazon_does_not_know_is_told_by_its_read(shared_stage: Stage) -> None:
    """The report calls it a success; the read finds no listing, and nothing is set of it any more."""
    scene = submitted(opened(shared_stage))
    del scene.account.listings.by_sku[MUG]

    watch(scene, 6)

    assert held(scene).fulfilled_by == ""
    assert is_well_listed(scene)


def test_paused_connection_hands_no_feed_over(shared_stage: Stage) -> None:
    """What was gathered before a pause does not go; it goes when the pause is over."""
    scene = gathered(opened(shared_stage))
    scene.stock.pause("moving house")
    watch(scene, 2)
    during = calls(scene, "amazon.createFeed")

    scene.stock.resume()
    watch(scene, 3)

    assert during == 0
    assert is_well_listed(scene)


def test_feed_waits_for_its_rate_and_is_not_lost(shared_stage: Stage) -> None:
    """Throttled, it was certainly not created: the same feed goes as soon as it may."""
    scene = opened(shared_stage)
    fail(scene, "amazon.createFeed", "throttled", times=1)
    gathered(scene)

    watch(scene, 8)

    assert feeds(scene) == [("over", "done")]
    assert is_well_listed(scene)


@pytest.mark.parametrize("answer", ["unavailable", "timed_out"])
def test_feed_that_may_exist_is_not_created_again(shared_stage: Stage, answer: str) -> None:
    """No answer to createFeed: it may be in the queue. Nothing else is sent until its time is over; then reads tell."""
    scene = opened(shared_stage)
    scene.twin.world.faults.add(Fault("amazon.createFeed", answer, times=1))  # type: ignore[arg-type]
    gathered(scene, [MUG])

    watch(scene, 4)
    meanwhile = (feeds(scene), held(scene).on_sale.hold.raising)
    watch(scene, 35, step_s=30)

    assert meanwhile[0] == [("over", "lost")]
    assert meanwhile[1]
    assert (listed(scene)[MUG] or 0) >= 500
