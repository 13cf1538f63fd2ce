"""Token buckets: never more calls than the plan, whoever takes them, and soon enough the next."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossdock.rate import Plan
from crossdock.store.database import Database
from crossdock.store.rates import ARRIVAL_S, Rates
from crossdock.twin.amazon_account import Bucket

NOW = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
SLOW = Plan(0.0056, 20, urgent_share=0.1)
SINGLE = Plan(0.5, 30, urgent_share=0.0)
FAST = Plan(10, 50, urgent_share=0.0)
TINY = Plan(0.1, 1)
# As Amazon plans patchListingsItem: a second's worth is the whole burst.
QUICK = Plan(5, 5, urgent_share=0.4)


@pytest.fixture
def rates(shared_database: Database) -> Rates:
    """The buckets of a connection of this test's own, as one process sees them."""
    return Rates(shared_database, f"eu-{next(_numbers)}")


def another(rates: Rates) -> Rates:
    """The same buckets, as another process sees them."""
    return Rates(rates._database, rates._connection_id)


_numbers = count(1)


def taken(rates: Rates, plan: Plan, count: int, now: datetime = NOW, *, urgent: bool = False) -> int:
    """How many of so many calls may be made now."""
    return sum(rates.take("operation", plan, now, urgent=urgent) == 0.0 for _ in range(count))


def test_burst_then_nothing(rates: Rates) -> None:
    """A full bucket gives its burst and then says how long the next call takes."""
    assert taken(rates, SINGLE, 40) == 30
    assert rates.take("operation", SINGLE, NOW) == 2.0 + ARRIVAL_S


def test_wait_that_was_told_is_enough(rates: Rates) -> None:
    """Who waits as long as was said gets the call, to the millisecond, and no second one."""
    taken(rates, SLOW, 30)
    wait_s = rates.take("operation", SLOW, NOW)

    assert wait_s > 0
    assert taken(rates, SLOW, 2, NOW + timedelta(seconds=wait_s)) == 1


def test_wait_is_never_nothing(rates: Rates) -> None:
    """A hair before the time the wait is a millisecond, so that nobody comes back at once."""
    taken(rates, SINGLE, 30)

    assert rates.take("operation", SINGLE, NOW + timedelta(seconds=1.9999 + ARRIVAL_S)) == 0.001


def test_bucket_refills_to_its_burst_and_no_further(rates: Rates) -> None:
    """A quiet week is no week's worth of calls."""
    taken(rates, SINGLE, 30)

    assert taken(rates, SINGLE, 100, NOW + timedelta(days=7)) == 30


def test_share_is_kept_for_urgent_calls(rates: Rates) -> None:
    """Ordinary calls stop before the share; urgent ones take it."""
    assert taken(rates, SLOW, 30) == 18
    assert taken(rates, SLOW, 30, urgent=True) == 2


def test_plan_of_five_a_second_keeps_its_share(rates: Rates) -> None:
    """It is taken call by call: three ordinary ones, and two are left for a quantity that must go down now."""
    assert taken(rates, QUICK, 10) == 3
    assert taken(another(rates), QUICK, 10, urgent=True) == 2
    assert rates.take("operation", QUICK, NOW, urgent=True) == 0.2 + ARRIVAL_S


def test_plan_of_five_a_second_loses_nothing_with_a_process(rates: Rates) -> None:
    """One call of a process that ends then leaves the next one all the others."""
    taken(rates, QUICK, 1)

    assert taken(another(rates), QUICK, 10, urgent=True) == 4


def test_plan_of_one_call_is_usable(rates: Rates) -> None:
    """A bucket that holds a single call has no share to keep, or nobody could ever call."""
    assert taken(rates, TINY, 3) == 1
    assert rates.take("operation", TINY, NOW) == 10.0 + ARRIVAL_S


WAYS = st.lists(st.tuples(st.sampled_from([0.0, 0.0, 0.05, 0.3, 2.0, 30.0]), st.floats(0, ARRIVAL_S)), max_size=40)


@pytest.mark.parametrize("plan", [SINGLE, TINY, QUICK], ids=["slow", "tiny", "quick"])
@given(ways=WAYS)
@settings(max_examples=40, deadline=None)
def test_calls_that_take_long_to_arrive_are_not_throttled(
    shared_database: Database, plan: Plan, ways: list[tuple[float, float]]
) -> None:
    """The platform counts arrivals: whatever each call's way takes, none that we allow finds its bucket there empty."""
    rates = Rates(shared_database, f"eu-{next(_numbers)}")
    arrivals = sorted(arrivals_of(rates, plan, ways))
    theirs = Bucket(plan.per_s, int(plan.burst), plan.burst, NOW)

    assert [theirs.take(at) for at in arrivals] == [True] * len(arrivals)


def arrivals_of(rates: Rates, plan: Plan, ways: list[tuple[float, float]]) -> Iterator[datetime]:
    """When the calls arrive that are asked for, each so long after the one before it or after the wait it was told, and on its way for so long."""
    at = NOW
    for after_s, way_s in ways:
        at += timedelta(seconds=after_s)
        wait_s = rates.take("operation", plan, at, urgent=True)
        at += timedelta(seconds=wait_s)
        if wait_s == 0.0 or rates.take("operation", plan, at, urgent=True) == 0.0:
            yield at + timedelta(seconds=way_s)


def test_two_processes_share_one_bucket(rates: Rates) -> None:
    """Whoever takes: together they take the burst."""
    other = another(rates)

    assert taken(rates, SINGLE, 20) + taken(other, SINGLE, 20) == 30


def test_many_threads_take_no_call_twice(rates: Rates) -> None:
    """Eight threads at once are given the burst and not one call more."""
    with ThreadPoolExecutor(8) as pool:
        waits = list(pool.map(lambda _: rates.take("operation", SINGLE, NOW), range(80)))

    assert waits.count(0.0) == 30


def test_lease_of_a_fast_plan_exceeds_nothing(rates: Rates) -> None:
    """A second's worth at a time: two processes together still take the burst and no more."""
    other = another(rates)

    assert taken(rates, FAST, 60) + taken(other, FAST, 60) == 50


def test_lease_that_was_not_used_is_lost_and_not_doubled(rates: Rates) -> None:
    """A process that ends with a lease in hand gives away calls; the next has what is in the bucket."""
    taken(rates, FAST, 1)

    assert taken(another(rates), FAST, 60) == 40


def test_header_is_believed(rates: Rates) -> None:
    """A rate Amazon states counts from now on, also where it is lower than the plan."""
    taken(rates, SINGLE, 30)
    rates.correct("operation", SINGLE, 0.1, NOW)

    assert rates.take("operation", SINGLE, NOW) == 10.0 + ARRIVAL_S
    rates.correct("operation", SINGLE, 4.0, NOW)
    assert rates.take("operation", SINGLE, NOW) == 0.25 + ARRIVAL_S


def test_429_empties_for_every_process(rates: Rates) -> None:
    """After a refusal nobody calls before the bucket has a call again; a lease in hand is given up."""
    taken(rates, FAST, 1)

    wait_s = rates.empty("operation", FAST, NOW)

    assert wait_s == 0.1 + ARRIVAL_S
    assert taken(rates, FAST, 5) == 0
    assert taken(another(rates), FAST, 5) == 0


def test_clock_that_goes_back_gives_nothing(rates: Rates) -> None:
    """A clock that was set back neither refills the bucket twice nor breaks it."""
    taken(rates, SINGLE, 30)
    earlier = taken(rates, SINGLE, 5, NOW - timedelta(hours=1))
    back = taken(rates, SINGLE, 5, NOW)

    assert (earlier, back) == (0, 0)
