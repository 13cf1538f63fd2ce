"""Routines by the clock: what is due, and when it runs again."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from crossdock.amazon.rates import PLANS, SEARCH_ORDERS
from crossdock.engine.schedule import (
    BUSY_EVERY,
    DAYS,
    DISCOVER,
    DRAINS,
    ERASE,
    FEEDS,
    FENCE,
    LISTED,
    LISTING,
    ROUTINES,
    STOCK,
    SWEEP,
    due_routines,
    next_run,
    target_of,
)

NOW = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)


def test_what_never_ran_is_due() -> None:
    """A new connection runs everything but what is of stock."""
    assert due_routines({}, NOW) == [DISCOVER, FENCE, DAYS, ERASE]


def test_stock_is_looked_for_only_where_it_is_ours() -> None:
    """A connection with a policy of stock runs these as well, and no other is given them, however long they are due."""
    long_due = dict.fromkeys([STOCK, SWEEP, LISTING, LISTED, FEEDS], NOW - timedelta(days=3))

    assert due_routines({}, NOW, with_stock=True) == [
        DISCOVER,
        FENCE,
        DAYS,
        ERASE,
        STOCK,
        SWEEP,
        LISTING,
        LISTED,
        FEEDS,
    ]
    assert set(due_routines(long_due, NOW)).isdisjoint(long_due)


def test_due_is_what_has_come_of_stock_too() -> None:
    """To the moment, not before."""
    later = NOW + timedelta(microseconds=1)
    runs = dict.fromkeys([DISCOVER, FENCE, DAYS, ERASE, SWEEP, LISTED, FEEDS], later) | {STOCK: NOW, LISTING: NOW}

    assert due_routines(runs, NOW, with_stock=True) == [STOCK, LISTING]


def test_due_is_what_has_come() -> None:
    """To the moment, not before; a name nobody knows any more is left alone."""
    runs = {
        DISCOVER: NOW,
        FENCE: NOW + timedelta(microseconds=1),
        DAYS: NOW - timedelta(days=3),
        ERASE: NOW + timedelta(days=1),
        "gone": NOW,
    }

    assert due_routines(runs, NOW) == [DISCOVER, DAYS]


@pytest.mark.parametrize("routine", ROUTINES, ids=lambda routine: routine.name)
def test_runs_again_after_its_interval(routine: object) -> None:
    """Each after its own time."""
    known = next(one for one in ROUTINES if one is routine)

    first = next_run(known.name, "eu", NOW)

    assert timedelta(0) < first - NOW <= known.every
    assert next_run(known.name, "eu", first) == first + known.every
    assert next_run(known.name, "eu", first + known.every / 3) == first + known.every


def test_connections_that_began_together_are_spread() -> None:
    """Of a hundred connections no tenth of the interval has more than a quarter."""
    turns = [next_run(STOCK, f"c{n}", NOW) - NOW for n in range(100)]

    tenths = Counter(turn // timedelta(seconds=12) for turn in turns)
    assert max(tenths.values()) <= 25


@pytest.mark.parametrize(("wait_s", "pause_s"), [(2.0, 2), (0.0, 0), (9e9, 180)])
def test_put_back_runs_when_it_may_and_never_later_than_usual(wait_s: float, pause_s: float) -> None:
    """A platform that says when it is worth asking again is believed, up to the routine's own interval."""
    assert next_run(DISCOVER, "eu", NOW, wait_s=wait_s) == NOW + timedelta(seconds=pause_s)


@pytest.mark.parametrize("routine", ROUTINES, ids=lambda routine: routine.name)
def test_promise_leaves_room_for_one_miss(routine: object) -> None:
    """The freshness that is promised is more than one interval, and each routine says why it is what it is."""
    known = next(one for one in ROUTINES if one is routine)

    assert known.target_s > known.every.total_seconds()
    assert known.reason


def test_what_tells_something_is_asked_again_soon_and_an_unfinished_listing_at_once() -> None:
    """Messages after ten seconds instead of a minute; a listing that has more pages goes on now."""
    assert next_run(STOCK, "eu", NOW, wait_s=BUSY_EVERY.total_seconds()) == NOW + timedelta(seconds=10)
    assert next_run(LISTING, "eu", NOW, wait_s=0.0) == NOW


def test_each_look_at_stock_finds_what_the_quicker_one_missed() -> None:
    """Messages, then the sweep, then the listing: each is slower and promises less than the one before it."""
    every = {routine.name: routine.every for routine in ROUTINES}

    assert BUSY_EVERY < every[STOCK] < every[SWEEP] < every[LISTING]
    assert target_of(STOCK) < target_of(SWEEP) < target_of(LISTING)


def test_drains_are_woken_by_records_and_not_by_the_clock() -> None:
    """No flow of records is a routine as well."""
    assert {routine.name for routine in ROUTINES}.isdisjoint(DRAINS)


def test_sweep_keeps_to_amazons_plan() -> None:
    """A sweep every interval costs no more than the published plan gives back."""
    sweep = next(routine for routine in ROUTINES if routine.name == DISCOVER)

    assert sweep.every.total_seconds() * PLANS[SEARCH_ORDERS].per_s >= 1.0
