"""Routines through the worker's own entry, `App.run`: who is let in, which days are proven, whose call goes first, and what breaks by our own fault."""

from __future__ import annotations

import base64
import threading
from collections import deque
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import reduce
from pathlib import Path
from typing import NoReturn

import pytest

from crossdock.amazon.rates import PLANS
from crossdock.app import App
from crossdock.demo import POLICY as DEMO_POLICY
from crossdock.domain.day_check import CHECKS_MAX, DayCheck, ProofMark, read_mark
from crossdock.domain.ids import AmazonOrderId, SellerSku
from crossdock.domain.stock_policy import StockPolicy
from crossdock.domain.timeline import State
from crossdock.domain.window import Window
from crossdock.doors import Outside
from crossdock.engine.listen import QUEUE_PAUSE_S, REST_S, WAITING_MAX, Held, hear, listen
from crossdock.engine.schedule import (
    DAYS,
    DISCOVER,
    ERASE,
    FEEDS,
    FENCE,
    INGEST,
    LISTED,
    LISTING,
    PAUSE,
    PUSH,
    STOCK,
    SWEEP,
    next_run,
)
from crossdock.errors import ConfigError, CrossdockError, DataError, StoreError, Unauthorized, Unavailable
from crossdock.policy import Policy
from crossdock.settings import Settings
from crossdock.start_up import open_app
from crossdock.store.database import Database
from crossdock.store.personal_data import PersonalDataStore
from crossdock.store.vault import Vault
from crossdock.twin.commercetools_orders import place_order
from crossdock.twin.world import Request
from tests.flows.auditor import all_kinds, bought, calls, fail, imported, kinds, listening, rows, state, write
from tests.flows.conftest import a_name
from tests.flows.test_completeness import forget
from tests.joined_twin import MASTER_KEY, ROLES, SKUS, START, Scene, Stage, with_policy

SECRETS = ("LWA_CLIENT_ID", "LWA_CLIENT_SECRET", "LWA_REFRESH_TOKEN", "CT_CLIENT_ID", "CT_CLIENT_SECRET")
OTHER_KEY = b"another" + MASTER_KEY[7:]
UNAUTHORIZED = "connection.unauthorized"
DAY = START.date()
SELLING = StockPolicy(claims_from=START - timedelta(days=1), channels=("warehouse",))
MUG = SellerSku("MUG-BLUE")


def app_of(scene: Scene) -> App:
    """The composition root around a scene."""
    joined = scene.joined
    prefix = f"CROSSDOCK_{joined.connection_id.upper().replace('-', '_')}_"
    app = App(
        Settings(Path(), master_keys=(MASTER_KEY,)),
        Policy((joined.policy,)),
        {prefix + name: "set" for name in SECRETS},
        database=joined._database,
        outside=Outside(lambda: joined._http, scene.twin.world.clock.now),
    )
    app.joined[joined.connection_id] = joined
    return app


def run(scene: Scene, *flows: str, rounds: int = 1, **span: float) -> list[list[str]]:
    """So many rounds of these flows, some time apart; after each flow, the records whose access is refused."""
    app, seen = app_of(scene), []
    for _ in range(rounds):
        scene.after(**span)
        for flow in flows:
            app.run(scene.joined.connection_id, flow)
            seen.append(refused(scene))
    return seen


def refused(scene: Scene) -> list[str]:
    """The records of the open cases of refused access."""
    found = rows(
        scene, "select record_id from cases where kind = %s and closed_at is null order by record_id", UNAUTHORIZED
    )
    return [row["record_id"] for row in found]


def opened(scene: Scene, kind: str) -> int:
    """How often a case of this kind was opened."""
    return len(rows(scene, "select 1 from cases where kind = %s", kind))


def waits_for_its_turn(scene: Scene, flow: str) -> bool:
    """Whether a routine runs again by the clock, and no sooner."""
    now = scene.twin.world.clock.now()
    return now + rests(scene, flow) == next_run(flow, scene.joined.connection_id, now)


def rests(scene: Scene, flow: str) -> timedelta:
    """In how long a flow is due again."""
    value = rows(scene, "select value from cursors where name = %s", f"run.{flow}")[0]["value"]
    return datetime.fromisoformat(value["next"]) - scene.twin.world.clock.now()


def due(scene: Scene) -> list[str]:
    """The flows that are due."""
    return [flow for _, flow in app_of(scene).due()]


def succeeded(scene: Scene, flow: str) -> str | None:
    """When a routine last did all of its work."""
    at: str | None = rows(scene, "select value ->> 'succeeded' as at from cursors where name = %s", f"run.{flow}")[0][
        "at"
    ]
    return at


def selling(shared_stage: Stage, roles: Sequence[str] = ROLES) -> Scene:
    """A shop that gave us its stock; of each of its four goods five are on Amazon."""
    scene = shared_stage.scene(connection_id=a_name(), stock=SELLING, roles=tuple(roles))
    scene.merchant.list_goods(quantity=5)
    return scene


def settled(scene: Scene) -> Scene:
    """After the first look: every SKU is listed, every set was seen in effect, and everything that was told is heard."""
    run(scene, LISTED, LISTING, STOCK, SWEEP, PUSH)
    run(scene, STOCK, PUSH, rounds=3, minutes=2)
    return scene


def proven(scene: Scene) -> dict[date, int]:
    """The days that were checked, with what was amiss."""
    return {row["day"]: row["missing"] for row in rows(scene, "select day, missing from closed_days order by day")}


def days_asked(heard: list[Request]) -> list[str]:
    """The days the second search asked for, page by page."""
    return [request.query["createdAfter"][0][:10] for request in heard if "createdAfter" in request.query]


def searches_left(scene: Scene, tokens: float) -> None:
    """So many searches are left now."""
    now = scene.twin.world.clock.now()
    assert write(scene, "update rates set tokens = %s, updated_at = %s where operation = 'searchOrders'", tokens, now)


def search_until_refused(scene: Scene) -> int:
    """Search without hurry until our own rate says no; answers how many calls that were."""
    now = scene.twin.world.clock.now()
    for made in range(100):
        try:
            scene.joined.amazon.search(Window(now - timedelta(days=1), now - timedelta(minutes=3)), None)
        except Unavailable:
            return made
    raise AssertionError("the rate never says no")


# --- who is let in


def test_refused_import_is_one_case_however_often_amazon_accepts(scene: Scene) -> None:
    """commercetools refuses each import while searches and the fence go well: the case is opened once, stays, and closes when imports are accepted."""
    bought(scene)
    fail(scene, "commercetools.importOrder", "forbidden", times=None)
    run(scene, DISCOVER, INGEST, minutes=5)

    during = run(scene, DISCOVER, FENCE, INGEST, rounds=4, minutes=6)
    scene.twin.world.faults.clear()
    after = run(scene, DISCOVER, INGEST, minutes=6)

    assert during == [["connection/commercetools"]] * 12
    assert (after, opened(scene, UNAUTHORIZED)) == ([["connection/commercetools"], []], 1)


def test_refused_search_is_one_case_however_many_orders_go_through(scene: Scene) -> None:
    """Amazon refuses the search while notified orders are imported: the case stays, and is Amazon's."""
    fail(scene, "amazon.searchOrders", "forbidden", times=None)
    run(scene, DISCOVER, minutes=5)
    order_id = bought(scene)
    scene.joined.take_notifications(list(scene.account.notifications))

    during = run(scene, INGEST, DISCOVER, rounds=2, minutes=6)
    scene.twin.world.faults.clear()
    after = run(scene, INGEST, DISCOVER, minutes=6)

    assert scene.numbers() == [order_id]
    assert during == [["connection/amazon"]] * 4
    assert (after, opened(scene, UNAUTHORIZED)) == ([["connection/amazon"], []], 1)


def test_platform_that_accepts_searches_and_refuses_orders_is_one_case(scene: Scene) -> None:
    """The same platform lets the search in and the address read not: a search that goes well closes nothing."""
    bought(scene)
    fail(scene, "amazon.getOrder", "forbidden", times=None)
    run(scene, DISCOVER, INGEST, minutes=5)

    during = run(scene, DISCOVER, INGEST, rounds=3, minutes=6)

    assert during == [["connection/amazon"]] * 6
    assert opened(scene, UNAUTHORIZED) == 1


def test_both_platforms_refuse_and_each_has_its_case(scene: Scene) -> None:
    """Two platforms, two cases; each closes with its own."""
    bought(scene)
    run(scene, DISCOVER, minutes=5)
    fail(scene, "commercetools.importOrder", "forbidden", times=None)
    fail(scene, "amazon.searchOrders", "forbidden", times=2)

    during = run(scene, DISCOVER, INGEST, minutes=6)
    after = run(scene, DISCOVER, minutes=6)

    assert during == [["connection/amazon"], ["connection/amazon", "connection/commercetools"]]
    assert after == [["connection/commercetools"]]


@pytest.mark.parametrize(
    ("flow", "operation"), [(FENCE, "commercetools.queryOrders"), (INGEST, "commercetools.importOrder")]
)
def test_refused_flow_rests_five_minutes(scene: Scene, flow: str, operation: str) -> None:
    """Soon enough to go on by itself, and nobody knocks meanwhile."""
    bought(scene)
    run(scene, DISCOVER, minutes=5)
    fail(scene, operation, "forbidden", times=None)

    run(scene, flow, minutes=6)

    assert rests(scene, flow) == PAUSE
    assert flow not in [name for _, name in app_of(scene).due()]


def test_single_run_says_who_refuses(scene: Scene) -> None:
    """`crossdock run` tells the refusal, and the case is there."""
    fail(scene, "amazon.searchOrders", "forbidden", times=2)

    ran = app_of(scene.after(minutes=5)).one_pass(scene.joined)
    during = refused(scene)
    app_of(scene.after(minutes=6)).one_pass(scene.joined)

    assert "searchOrders" in ran[DISCOVER].problem
    assert (during, refused(scene)) == (["connection/amazon"], [])


def test_single_run_whose_search_must_wait_does_the_rest(scene: Scene) -> None:
    """Our own rate is spent: what is due is imported and erased all the same, and the wait is told, not failed."""
    order_id = bought(scene)
    scene.after(minutes=5).joined.discover()
    scene.joined.rates.empty("searchOrders", PLANS["searchOrders"], scene.twin.world.clock.now())

    ran = app_of(scene).one_pass(scene.joined)

    assert scene.numbers() == [order_id]
    assert (ran[DISCOVER].waits, ran[INGEST].problem) == (True, "")


def test_search_that_could_not_be_made_closes_no_refusal(scene: Scene) -> None:
    """Put back is not healthy: the case of a refused search stays until one is accepted."""
    fail(scene, "amazon.searchOrders", "too_large")
    run(scene, DISCOVER, minutes=5)
    fail(scene, "amazon.searchOrders", "unavailable")

    run(scene, DISCOVER, minutes=5)
    during = all_kinds(scene)
    run(scene, DISCOVER, minutes=5)

    assert (during, all_kinds(scene)) == (["connection.refused"], [])


# --- which days are proven


def test_every_day_of_a_long_pause_is_proven(shared_stage: Stage) -> None:
    """A worker that was off over a long weekend proves each day since the beginning, once, the oldest first, and not the one that is not over."""
    heard: list[Request] = []
    scene = shared_stage.scene(connection_id=a_name(), through=listening(heard), import_from=START)
    imported(scene)

    run(scene, DISCOVER, DAYS, days=4)
    run(scene, DAYS, rounds=3, hours=1)

    days = [DAY + timedelta(days=n) for n in range(4)]
    assert proven(scene) == dict.fromkeys(days, 0)
    assert days_asked(heard) == [day.isoformat() for day in days]


def test_next_day_is_proven_an_hour_after_it_closed(shared_stage: Stage) -> None:
    """Not before, and not before the ordinary search has passed it."""
    scene = shared_stage.scene(connection_id=a_name(), import_from=START)
    run(scene, DISCOVER, DAYS, hours=16, minutes=59)
    too_early = proven(scene)
    write(
        scene,
        "update cursors set value = jsonb_build_object('mark', %s::text) where name = 'orders.search'",
        f"{DAY}T23:59:00Z",
    )
    run(scene, DAYS, minutes=2)
    not_passed = proven(scene)

    run(scene, DISCOVER, DAYS)

    assert (too_early, not_passed, proven(scene)) == ({}, {}, {DAY: 0})


def test_nothing_is_proven_before_the_first_search(scene: Scene) -> None:
    """Every order would be missing."""
    run(scene, DAYS, days=1)

    assert proven(scene) == {}


def test_days_before_the_beginning_are_skipped(shared_stage: Stage) -> None:
    """The day on which the beginning lies is the first that is proven."""
    scene = shared_stage.scene(connection_id=a_name(), import_from=START - timedelta(days=2))

    run(scene, DISCOVER, DAYS, minutes=5)

    assert list(proven(scene)) == [DAY - timedelta(days=2), DAY - timedelta(days=1)]


def test_beginning_of_years_ago_costs_a_month_of_days(shared_stage: Stage) -> None:
    """A new connection looks back thirty days at most, and spreads them as Amazon's rate allows."""
    scene = shared_stage.scene(connection_id=a_name(), import_from=START - timedelta(days=730))
    run(scene, DISCOVER, DAYS, minutes=5)
    at_first = list(proven(scene))

    run(scene, DAYS, rounds=3, hours=1)

    assert at_first[0] == DAY - timedelta(days=30)
    assert len(at_first) == 17
    assert list(proven(scene)) == [DAY - timedelta(days=n) for n in range(30, 0, -1)]


def test_day_that_is_not_proven_holds_up_no_other_and_is_checked_again(shared_stage: Stage) -> None:
    """What was missing is fetched and brought in; an hour later that day alone is counted again, and proven."""
    heard: list[Request] = []
    scene = shared_stage.scene(connection_id=a_name(), through=listening(heard), import_from=START)
    lost = imported(scene)
    forget(scene, lost)

    run(scene, DISCOVER, DAYS, days=2)
    first = proven(scene)
    run(scene, INGEST)
    run(scene, DAYS, rounds=3, hours=1)

    tomorrow = DAY + timedelta(days=1)
    assert (first, proven(scene)) == ({DAY: 1, tomorrow: 0}, {DAY: 0, tomorrow: 0})
    assert days_asked(heard) == [str(DAY), str(tomorrow), str(DAY)]


def test_proof_goes_on_where_the_rate_stopped_it(shared_stage: Stage) -> None:
    """Two calls for days: two days; the others follow, and none is counted twice."""
    heard: list[Request] = []
    scene = shared_stage.scene(connection_id=a_name(), through=listening(heard), import_from=START)
    run(scene, DISCOVER, days=4)
    searches_left(scene, 4.5)
    run(scene, DAYS)
    first = list(proven(scene))

    run(scene, DAYS, hours=1)

    assert first == [DAY, DAY + timedelta(days=1)]
    assert len(proven(scene)) == len(days_asked(heard)) == 4


def test_order_left_out_and_imported_all_the_same_is_found(shared_stage: Stage) -> None:
    """A write whose answer was lost, and a cancellation before anybody looked: the day is not proven, and the flow puts commercetools right."""
    scene = shared_stage.scene(connection_id=a_name(), import_from=START)
    order_id = imported(scene)
    scene.merchant.cancel(order_id)
    scene.after(minutes=5).joined.discover()
    write(scene, "update inbox set state = 'out_of_scope', due_at = null where record_id = %s", order_id)
    write(scene, "delete from links where record_id = %s", order_id)

    run(scene, DISCOVER, DAYS, days=1)
    first = proven(scene)
    run(scene, INGEST)
    run(scene, DAYS, hours=1)

    assert (first, proven(scene)) == ({DAY: 1}, {DAY: 0})
    assert scene.order(order_id)["orderState"] == "Cancelled"
    assert state(scene, order_id) != "out_of_scope"


def test_order_of_somebody_else_under_a_left_out_number_is_looked_at_once(shared_stage: Stage) -> None:
    """An earlier connector's order is read by the flow and left alone; that proves the day the next time."""
    scene = shared_stage.scene(connection_id=a_name(), import_from=START)
    order_id = imported(scene)
    scene.order(order_id)["custom"] = None
    scene.order(order_id)["lineItems"] = []
    scene.merchant.cancel(order_id)
    scene.after(minutes=5).joined.discover()
    write(scene, "update inbox set state = 'out_of_scope', due_at = null where record_id = %s", order_id)
    write(scene, "delete from links where record_id = %s", order_id)

    run(scene, DISCOVER, DAYS, days=1)
    first = proven(scene)
    run(scene, INGEST)
    run(scene, DAYS, rounds=2, hours=1)

    assert (first, proven(scene)) == ({DAY: 1}, {DAY: 0})
    assert (state(scene, order_id), kinds(scene, order_id)) == ("out_of_scope", [])


def test_day_that_stays_unproven_is_given_up_after_a_day_of_checks() -> None:
    """A mark never asks for a day for ever: what is in its way has cases of its own. It is read as it was written."""
    check = DayCheck(DAY, 1, 0, 0, 0, 0, ("302-1",), (), None)
    mark = reduce(lambda at, _: read_mark(at.as_json()).after(check), range(CHECKS_MAX - 1), ProofMark(DAY))

    assert mark.due(DAY + timedelta(days=3)) == [DAY, DAY + timedelta(days=1), DAY + timedelta(days=2)]
    assert mark.after(check) == ProofMark(DAY + timedelta(days=1))


# --- whose call goes first


def test_sweep_goes_when_all_other_searches_must_wait(scene: Scene) -> None:
    """Pages of addresses, proofs and back-fills stop before the two calls that are kept; the sweep has both."""
    order_id = bought(scene, fulfilled_by="AMAZON")
    scene.after(minutes=5)

    made = search_until_refused(scene)
    with pytest.raises(Unavailable):
        scene.joined.checks.check_day(DAY - timedelta(days=1))
    scene.joined.discover()

    assert made == 18
    assert state(scene, order_id) == "waiting"


def test_addresses_are_read_when_notifications_have_spent_theirs(scene: Scene) -> None:
    """What notifications hint at leaves a quarter of the single reads: for addresses, and for who asks for one order."""
    order_ids = [bought(scene) for _ in range(25)]
    scene.joined.take_notifications(list(scene.account.notifications))
    hinted = calls(scene, "amazon.getOrder")

    asked = scene.joined.import_one(AmazonOrderId(order_ids[-1]))
    scene.joined.drain()

    assert (hinted, asked) == (22, True)
    assert calls(scene, "amazon.getOrder") == 30
    assert len(scene.numbers()) == 7


def test_sweep_gives_way_while_the_proof_is_late(shared_stage: Stage) -> None:
    """What is paid with when calls are scarce is freshness: a day that waits longer for its proof than was promised is not put off by sweeps."""
    scene = shared_stage.scene(connection_id=a_name(), import_from=START)
    run(scene, DISCOVER, DAYS, days=1)
    run(scene, DISCOVER, days=2)
    searches_left(scene, 2.5)
    before = calls(scene, "amazon.searchOrders")

    run(scene, DISCOVER, minutes=1)
    waited = calls(scene, "amazon.searchOrders") - before
    searches_left(scene, 5)
    run(scene, DAYS)
    searches_left(scene, 2.5)
    run(scene, DISCOVER)

    assert (waited, len(proven(scene))) == (0, 3)
    assert calls(scene, "amazon.searchOrders") - before == 3


# --- what breaks by our own fault


def with_other_key(scene: Scene) -> Scene:
    """The same connection in a process that was given another master key."""
    joined = scene.joined
    joined.vault = Vault(PersonalDataStore(joined._database, joined.connection_id, [OTHER_KEY]))
    return scene


def test_routine_that_breaks_is_one_case_and_comes_back_at_its_time(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    """A master key that opens nothing: told by its place and without its words, due at its next time and not at once, and closed when it is mended."""
    scene.merchant.cancel(imported(scene))
    right = scene.joined.vault

    run(with_other_key(scene), DISCOVER, rounds=2, minutes=5)
    told, waits, due = all_kinds(scene), waits_for_its_turn(scene, DISCOVER), [flow for _, flow in app_of(scene).due()]
    scene.joined.vault = right
    run(scene, DISCOVER, minutes=3)

    assert (told, waits, DISCOVER in due) == (["connection.failed"], True, False)
    assert (all_kinds(scene), opened(scene, "connection.failed")) == ([], 1)
    written = "".join(capsys.readouterr())
    assert "flow.failed" in written
    assert "personal_data.py:" in written
    assert "opens none" not in written


def test_drain_that_breaks_rests_five_minutes(scene: Scene) -> None:
    """A prefix changed after the first import: no order is imported a second time, and nobody tries every ten seconds."""
    imported(scene)
    bought(scene)
    scene.after(minutes=5).joined.discover()
    with_policy(scene, number_prefix="AMZ-")

    run(scene, INGEST)
    told, waits = all_kinds(scene), rests(scene, INGEST)
    with_policy(scene, number_prefix="")
    run(scene, INGEST, minutes=5)

    assert (told, waits) == (["connection.failed"], PAUSE)
    assert (all_kinds(scene), len(scene.numbers())) == ([], 2)


def test_process_does_not_start_with_a_master_key_that_opens_nothing(
    addresses: tuple[str, str], tmp_path: Path
) -> None:
    """The setting is named, with the connection and the day; with the old key behind the new one it starts."""
    database = Database(addresses[0])
    database.open()
    day = date(2026, 12, 20)
    PersonalDataStore(database, "demo", [MASTER_KEY]).save({"302-1": (b"sealed", day)}, now=START)
    database.close()
    policy = tmp_path / "crossdock.toml"
    policy.write_text(DEMO_POLICY.format(url="http://127.0.0.1:9", seller_id="A1SELLER", import_from="2026-11-01"))
    settings = {f"CROSSDOCK_DEMO_{name}": "set" for name in SECRETS} | {
        "CROSSDOCK_POLICY": str(policy),
        "CROSSDOCK_DATABASE_URL": addresses[0],
    }
    old, new = base64.b64encode(MASTER_KEY).decode(), base64.b64encode(OTHER_KEY).decode()

    with pytest.raises(ConfigError) as refusal, open_app(settings | {"CROSSDOCK_MASTER_KEY": new}):
        pass
    with open_app(settings | {"CROSSDOCK_MASTER_KEY": f"{new} {old}"}) as app:
        assert app.connection_ids == ["demo"]

    assert [problem.split(":")[0] for problem in refusal.value.problems] == ["CROSSDOCK_MASTER_KEY"]
    assert "connection demo holds until 2026-12-20" in refusal.value.problems[0]


# --- notifications


def raising(fault: Exception) -> Callable[..., NoReturn]:
    """Something that always ends so."""

    def act(*_: object) -> NoReturn:
        raise fault

    return act


def ignore(_: Sequence[bytes]) -> None:
    """Nothing comes of it."""


@pytest.mark.parametrize("fault", [OSError("queue away"), ValueError("no body"), DataError("message", "no JSON")])
def test_queue_that_breaks_is_asked_again(fault: Exception) -> None:
    """Whatever a queue's client raises ends no listener: it is asked again a little later."""
    assert hear(raising(fault), ignore) == REST_S


def test_message_that_breaks_us_is_dropped() -> None:
    """The sweep finds its order; kept, it would break us again for ever."""
    arrivals = deque([[b"odd"], []])
    queue = Held(arrivals.popleft)

    rest_s = hear(queue.receive, raising(AssertionError("a mistake")))

    assert (rest_s, queue.receive().bodies) == (REST_S, [])


@pytest.mark.parametrize(
    ("fault", "rest_s"),
    [
        (Unavailable("away"), REST_S),
        (StoreError("away"), REST_S),
        (Unauthorized("no", platform="amazon"), PAUSE.total_seconds()),
    ],
)
def test_what_waits_for_a_platform_is_bounded(fault: CrossdockError, rest_s: float) -> None:
    """While Amazon refuses, the newest messages wait and the oldest go; a refused consent rests as everywhere."""
    arrived = [str(n).encode() for n in range(WAITING_MAX + 1)]
    arrivals = deque([arrived, [], [], []])
    queue = Held(arrivals.popleft)

    first = hear(queue.receive, raising(fault))
    kept = queue.receive().bodies
    taken: list[bytes] = []
    second = hear(queue.receive, taken.extend)

    assert (first, second) == (rest_s, QUEUE_PAUSE_S)
    assert (len(kept), taken, queue.receive().bodies) == (WAITING_MAX, arrived[1:], [])


def test_listener_goes_on_until_it_is_stopped() -> None:
    """It hands on what arrives, of more than it keeps the newest, and ends when it is told to."""
    stop, taken = threading.Event(), list[bytes]()

    def take(messages: Sequence[bytes]) -> None:
        taken.extend(messages)
        stop.set()

    listen(Held(lambda: [b"old", *[b"new"] * WAITING_MAX]).receive, take, stop)

    assert taken == [b"new"] * WAITING_MAX


def test_moment_of_the_mark_is_utc(shared_stage: Stage) -> None:
    """A beginning given in another zone begins on its day in UTC."""
    from_elsewhere = datetime.fromisoformat(f"{DAY - timedelta(days=2)}T01:00:00+02:00")
    scene = shared_stage.scene(connection_id=a_name(), import_from=from_elsewhere.astimezone(UTC))

    run(scene, DISCOVER, DAYS, minutes=5)

    assert next(iter(proven(scene))) == DAY - timedelta(days=3)


# --- stock


def test_routines_of_stock_run_only_where_stock_is_ours(scene: Scene, shared_stage: Stage) -> None:
    """A connection without a policy of stock is due for none of them; one with it is due for all from the start."""
    usual = [DISCOVER, FENCE, DAYS, ERASE]

    assert due(scene) == usual
    assert due(selling(shared_stage)) == [*usual, STOCK, SWEEP, LISTING, LISTED, FEEDS]


def test_wake_up_of_stock_that_is_not_ours_does_nothing(scene: Scene) -> None:
    """Another worker's policy may know more: what it wakes is no fault here, and asks nobody."""
    scene.twin.world.forget_calls()

    ran = [app_of(scene).run(scene.joined.connection_id, flow) for flow in (STOCK, SWEEP, LISTING, LISTED, FEEDS, PUSH)]

    assert ([list(follows) for follows in ran], scene.twin.world.counts()) == ([[]] * 6, {})
    assert all_kinds(scene) == []


def test_listing_wakes_the_drain_and_the_drain_sets_what_may_be_sold(shared_stage: Stage) -> None:
    """The first look finds every SKU; the drain sets each once, and looks again when the sets should show."""
    scene = selling(shared_stage)
    run(scene, LISTED)

    follows = app_of(scene).run(scene.joined.connection_id, LISTING)
    woken = PUSH in due(scene)
    run(scene, PUSH, rounds=3, minutes=2)

    assert (list(follows), woken, waits_for_its_turn(scene, LISTING)) == ([PUSH], True, True)
    assert calls(scene, "amazon.patchListingsItem") == len(SKUS)
    assert set(scene.stock.inbox.known(SKUS).values()) == {State.IN_SYNC}
    assert PUSH not in due(scene)


def test_messages_are_asked_again_soon_while_they_tell_something(shared_stage: Stage) -> None:
    """What the shop sold is heard of, its SKU alone is due once it shows, and the next messages are asked for in ten seconds; silence rests a minute."""
    scene = selling(shared_stage)
    settled(scene)
    place_order(scene.project, {MUG: 1000}, channel_key="warehouse")

    heard = app_of(scene.after(seconds=5)).run(scene.joined.connection_id, STOCK)
    busy, early = rests(scene, STOCK), PUSH in due(scene)
    run(scene, PUSH, STOCK, rounds=2, seconds=20)
    silence = app_of(scene).run(scene.joined.connection_id, STOCK)

    assert (list(heard), busy, early) == ([PUSH], timedelta(seconds=10), False)
    assert (list(silence), waits_for_its_turn(scene, STOCK)) == ([], True)
    assert calls(scene, "amazon.patchListingsItem") == len(SKUS) + 1


def test_sweep_finds_what_no_message_told(shared_stage: Stage) -> None:
    """Only the sweep runs: the SKU whose entry was modified is looked at, and the sweep comes back in five minutes."""
    scene = selling(shared_stage)
    settled(scene)
    place_order(scene.project, {MUG: 1000}, channel_key="warehouse")

    run(scene, SWEEP, PUSH, seconds=30)

    assert waits_for_its_turn(scene, SWEEP)
    assert calls(scene, "amazon.patchListingsItem") == len(SKUS) + 1


def test_nothing_is_heard_before_the_first_listing(shared_stage: Stage) -> None:
    """It gives messages and sweep the mark they begin from; until then both have nothing to ask."""
    scene = selling(shared_stage)
    scene.twin.world.forget_calls()

    run(scene, STOCK, SWEEP)

    assert scene.twin.world.counts() == {}
    assert (waits_for_its_turn(scene, STOCK), waits_for_its_turn(scene, SWEEP)) == (True, True)


@pytest.mark.parametrize(
    ("flow", "operation"),
    [
        (LISTING, "commercetools.queryInventory"),
        (SWEEP, "commercetools.queryInventory"),
        (STOCK, "commercetools.queryMessages"),
    ],
)
def test_look_at_stock_that_is_put_back_is_no_case(shared_stage: Stage, flow: str, operation: str) -> None:
    """commercetools is away: the routine comes back within five minutes, has not succeeded, and does so then."""
    scene = selling(shared_stage)
    run(scene, LISTING)
    done_at = scene.twin.world.clock.now()
    run(scene, STOCK, SWEEP)
    fail(scene, operation, "unavailable")

    run(scene, flow, minutes=6)
    told, waits, before = all_kinds(scene), rests(scene, flow), succeeded(scene, flow)
    run(scene, flow, minutes=5)

    assert (told, before) == ([], done_at.isoformat())
    assert timedelta(0) < waits <= PAUSE
    assert succeeded(scene, flow) == scene.twin.world.clock.now().isoformat()


def test_connection_without_the_role_of_listings_is_one_case_and_imports_orders(shared_stage: Stage) -> None:
    """Amazon does not show what it lists: one case, nothing is set, searches do not close it, orders go on; with the role it closes and all is set."""
    scene = selling(shared_stage, roles=[role for role in ROLES if role != "product_listing"])

    during = run(scene, LISTING, LISTED, PUSH)
    waits = rests(scene, LISTED)
    order_id = bought(scene)
    during += run(scene, DISCOVER, INGEST, LISTED, PUSH, minutes=6)
    sets = calls(scene, "amazon.patchListingsItem")
    scene.account.roles = set(ROLES)
    after = run(scene, LISTED, PUSH, rounds=2, minutes=6)

    assert during == [[], *[["connection/amazon"]] * 6]
    assert (waits, sets, after, opened(scene, UNAUTHORIZED)) == (PAUSE, 0, [[]] * 4, 1)
    assert scene.numbers() == [order_id]
    assert calls(scene, "amazon.patchListingsItem") == len(SKUS)


def test_role_that_is_taken_away_lets_wait_what_is_to_be_set(shared_stage: Stage) -> None:
    """Amazon refuses a set: one case, the SKU waits five minutes, a search closes nothing, and with the role the set goes."""
    scene = settled(selling(shared_stage))
    place_order(scene.project, {MUG: 1000}, channel_key="warehouse")
    scene.account.roles = set(ROLES) - {"product_listing"}

    during = run(scene, SWEEP, PUSH, seconds=30)
    [row] = rows(scene, "select due_at from inbox where flow = %s and record_id = %s", PUSH, MUG)
    waits, asked_again = row["due_at"] - scene.twin.world.clock.now(), PUSH in due(scene)
    during += run(scene, DISCOVER, FENCE, minutes=4)
    scene.account.roles = set(ROLES)
    after = run(scene, PUSH, minutes=2)

    assert during == [[], *[["connection/amazon"]] * 3]
    assert (waits, asked_again, after, opened(scene, UNAUTHORIZED)) == (PAUSE, False, [[]], 1)
    assert scene.account.listings.under_way(MUG)[-1].live == {"DEFAULT": 0}


def test_refused_listing_is_a_case_that_the_next_one_closes(shared_stage: Stage) -> None:
    """commercetools takes the query for none: a case of the routine, closed when it is answered."""
    scene = selling(shared_stage)
    fail(scene, "commercetools.queryInventory", "too_large")

    run(scene, LISTING)
    told = all_kinds(scene)
    run(scene, LISTING, hours=24)

    assert (told, all_kinds(scene)) == (["connection.refused"], [])


def test_listing_that_is_not_finished_goes_on_at_once(shared_stage: Stage) -> None:
    """More entries than one run reads: it is due now, has not succeeded, and goes on where it was; messages begin when it is through."""
    scene = selling(shared_stage)
    [scene.project.add_inventory(f"BULK-{n:05d}", 1, channel_key="warehouse") for n in range(10_000)]

    run(scene, LISTING)
    first = rests(scene, LISTING), succeeded(scene, LISTING), LISTING in due(scene)
    listening_yet = scene.joined.cursors.find("stock.messages")
    run(scene, LISTING)

    assert (first, listening_yet) == ((timedelta(0), None, True), None)
    assert waits_for_its_turn(scene, LISTING)
    assert scene.joined.cursors.find("stock.messages") is not None
    assert len(rows(scene, "select 1 from inbox where flow = %s", PUSH)) == 10_000 + len(SKUS)


@pytest.mark.parametrize(("ours", "follows"), [(True, [PUSH, INGEST]), (False, [INGEST])])
def test_news_of_orders_wake_stock_first(shared_stage: Stage, *, ours: bool, follows: list[str]) -> None:
    """What was sold leaves the stock before its order is brought over; without a policy of stock only the order is."""
    scene = shared_stage.scene(connection_id=a_name(), stock=SELLING if ours else None)
    bought(scene)

    woken = app_of(scene.after(minutes=5)).run(scene.joined.connection_id, DISCOVER)

    assert list(woken) == follows


def test_pass_from_cron_looks_at_stock_as_well(shared_stage: Stage) -> None:
    """`crossdock run` hears of the shop and sets what is due; what rests is left out, and nothing meets a problem."""
    scene = selling(shared_stage)

    passes = [app_of(scene.after(minutes=6)).one_pass(scene.joined) for _ in range(3)]

    assert [flow for flow in passes[0] if flow in {STOCK, SWEEP, LISTING, LISTED}] == [LISTING, LISTED, STOCK, SWEEP]
    assert [flow for flow in passes[1] if flow in {STOCK, SWEEP, LISTING, LISTED}] == [STOCK, SWEEP]
    assert [ran.problem for one in passes for ran in one.values() if ran.problem] == []
    assert calls(scene, "amazon.patchListingsItem") == len(SKUS)
