"""The world both simulated platforms live in: time, chance, faults and the memory of calls."""

from __future__ import annotations

from collections import deque
from datetime import UTC, datetime, timedelta

import pytest

from crossdock.twin.world import (
    CALLS_REMEMBERED_MAX,
    STATUS_OF_FAULT,
    Clock,
    Delivery,
    Fault,
    FaultAnswer,
    Response,
    World,
    perform,
)


class Platform:
    """A platform with one operation that counts its effects."""

    def __init__(self, world: World) -> None:
        """Stand in this world."""
        self.world = world
        self.effects = 0

    def call(self, operation: str = "amazon.searchOrders") -> Response:
        """Call the operation."""
        return perform(self.world, operation, self._act, lambda fault: Response(STATUS_OF_FAULT[fault], fault.encode()))

    def _act(self) -> Response:
        self.effects += 1
        return Response(200, b"done")


@pytest.fixture
def platform() -> Platform:
    """A platform in a world of its own."""
    return Platform(World(seed=3))


def test_a_stepped_clock_moves_only_when_told() -> None:
    """Time stands still until it is advanced, and is always told in UTC."""
    clock = Clock(datetime(2026, 11, 2, 9, 0, tzinfo=UTC))
    before = clock.now()
    clock.advance(timedelta(minutes=2))
    assert clock.now() - before == timedelta(minutes=2)
    assert clock.now().tzinfo is UTC


def test_a_running_clock_may_run_fast() -> None:
    """At speed 1,000,000 time passes between two looks at the clock, and can still be advanced."""
    clock = Clock(datetime(2026, 11, 2, 9, 0, tzinfo=UTC), speed=1_000_000)
    first, second = clock.now(), clock.now()
    clock.advance(timedelta(days=300))
    assert datetime(2026, 11, 2, 9, 0, tzinfo=UTC) < first < second
    assert clock.now() - second > timedelta(days=300)


def test_without_a_fault_a_call_takes_effect(platform: Platform) -> None:
    """What nobody disturbs is done and remembered."""
    assert platform.call() == Response(200, b"done")
    assert [(call.operation, call.status) for call in platform.world.calls] == [("amazon.searchOrders", 200)]


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ("unavailable", 503),
        ("broken", 500),
        ("throttled", 429),
        ("unauthorized", 401),
        ("forbidden", 403),
        ("not_found", 404),
        ("too_large", 413),
        ("conflict", 409),
    ],
)
def test_a_fault_answers_instead_of_the_operation(platform: Platform, answer: FaultAnswer, status: int) -> None:
    """A fault strikes once, without effect, in the platform's own words; then all is well again."""
    platform.world.faults.add(Fault("amazon.*", answer))
    assert platform.call() == Response(status, answer.encode())
    assert platform.effects == 0
    assert platform.call().status == 200


def test_a_fault_may_strike_after_the_effect(platform: Platform) -> None:
    """The caller sees a failure though the request took effect."""
    platform.world.faults.add(Fault("amazon.*", "broken", after_effect=True))
    assert platform.call().status == 500
    assert platform.effects == 1


def test_a_fault_may_answer_with_a_page_of_html(platform: Platform) -> None:
    """Something on the way answers 200 with what is no JSON."""
    platform.world.faults.add(Fault("amazon.*", "not_json"))
    answered = platform.call()
    assert (answered.status, answered.headers["content-type"]) == (200, "text/html")
    assert answered.body.startswith(b"<html>")


def test_a_fault_can_let_calls_pass_and_strike_often(platform: Platform) -> None:
    """`skip` calls pass, then `times` calls are struck, then all is well."""
    platform.world.faults.add(Fault("amazon.*", "broken", skip=2, times=3))
    assert [platform.call().status for _ in range(7)] == [200, 200, 500, 500, 500, 200, 200]
    assert platform.world.faults.waiting() == []


def test_a_fault_for_ever_ends_when_faults_are_cleared(platform: Platform) -> None:
    """A fault without a number of times stays until somebody takes it away."""
    platform.world.faults.add(Fault("amazon.*", "broken", times=None))
    assert [platform.call().status for _ in range(20)] == [500] * 20
    platform.world.faults.clear()
    assert platform.call().status == 200


def test_a_fault_meets_its_operations_only(platform: Platform) -> None:
    """The pattern of a fault says which operations it strikes."""
    platform.world.faults.add(Fault("amazon.get*", "broken"))
    assert platform.call("amazon.searchOrders").status == 200
    assert platform.call("commercetools.getOrder").status == 200
    assert platform.call("amazon.getOrder").status == 500


def test_a_fault_with_a_share_strikes_as_often_as_it_says_and_the_same_calls_again() -> None:
    """Chance comes from the seed: about the share is struck, and it is the same calls in every run."""
    first, second = Platform(World(seed=5)), Platform(World(seed=5))
    first.world.faults.add(Fault("*", "broken", times=None, share=0.25))
    second.world.faults.add(Fault("*", "broken", times=None, share=0.25))
    struck = [first.call().status for _ in range(1000)]
    assert [second.call().status for _ in range(1000)] == struck
    assert 200 < struck.count(500) < 300


def test_a_held_call_takes_effect_when_it_goes_on(platform: Platform) -> None:
    """A call held before its effect does nothing until it is finished."""
    platform.world.faults.add(Fault("amazon.*", "hold"))
    hold = platform.call().hold
    assert hold is not None
    assert (hold.lost, platform.effects) == (False, 0)
    assert hold.finish() == Response(200, b"done")
    assert platform.effects == 1


def test_a_call_held_after_its_effect_takes_effect_once(platform: Platform) -> None:
    """Finishing a call that has already taken effect only gives its answer."""
    platform.world.faults.add(Fault("amazon.*", "hold", after_effect=True))
    hold = platform.call().hold
    assert hold is not None
    assert platform.effects == 1
    assert hold.finish() == Response(200, b"done")
    assert platform.effects == 1


def test_a_lost_answer_is_never_sent(platform: Platform) -> None:
    """A call that times out is held for good and remembered with status 0."""
    platform.world.faults.add(Fault("amazon.*", "timed_out", after_effect=True))
    hold = platform.call().hold
    assert hold is not None
    assert (hold.lost, platform.effects, platform.world.calls[-1].status) == (True, 1, 0)


def test_calls_are_counted_by_operation(platform: Platform) -> None:
    """Every call counts, until the calls are forgotten."""
    platform.call("amazon.getOrder")
    platform.call("amazon.getOrder")
    platform.call("commercetools.importOrder")
    assert platform.world.counts() == {"amazon.getOrder": 2, "commercetools.importOrder": 1}
    platform.world.forget_calls()
    assert platform.world.counts() == {}


def test_old_calls_are_kept_as_counts_only(platform: Platform) -> None:
    """A world that runs for days does not fill the memory, and still knows how many calls there were."""
    _record(platform.world, CALLS_REMEMBERED_MAX + 5)
    assert len(platform.world.calls) < CALLS_REMEMBERED_MAX
    assert platform.world.counts() == {"amazon.getOrder": CALLS_REMEMBERED_MAX + 5}


def test_the_seed_decides_about_ids_and_chance() -> None:
    """Two worlds with one seed are alike, two with different seeds are not."""
    one, same, other = World(seed=1), World(seed=1), World(seed=2)
    ids = [one.new_id() for _ in range(3)]
    assert [same.new_id() for _ in range(3)] == ids
    assert other.new_id() not in ids
    assert one.stream("x").random() == same.stream("x").random() != one.stream("y").random()


def test_messages_may_be_lost_doubled_and_overtaken() -> None:
    """Delivery is perfect unless told otherwise; careless, it keeps about what its shares say."""
    world = World(seed=9)
    messages = [b"%d" % number for number in range(1000)]
    perfect = _delivered(world, messages)
    world.delivery = Delivery(lost=0.1, doubled=0.2, overtaking=0.3)
    careless = _delivered(world, messages)
    assert perfect == messages
    assert 850 < len(set(careless)) < 950
    assert 1000 < len(careless) < 1180
    assert careless != sorted(careless, key=int)


def _record(world: World, n: int) -> None:
    for _ in range(n):
        world.record("amazon.getOrder", 200)


def _delivered(world: World, messages: list[bytes]) -> list[bytes]:
    queue = deque[bytes]()
    for message in messages:
        world.deliver(queue, message)
    return list(queue)
