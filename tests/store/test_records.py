"""The inbox: the newest snapshot of each record, its state and its time; results are written onto what they were decided from."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from crossdock.domain.case import Case
from crossdock.domain.ids import OrderNumber
from crossdock.domain.record import Arrival, Record, Settled
from crossdock.domain.timeline import Event, Link, Outcome, State
from crossdock.errors import DataError
from crossdock.store.database import Database, rows_of
from crossdock.store.links import Links
from crossdock.store.records import Inbox
from crossdock.store.snapshots import LONG_AGO

NOW = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
FLOW = "ingest_orders"
IN_SYNC = Outcome(State.IN_SYNC, "imported")
LINKED = replace(IN_SYNC, link=Link("7c1f", OrderNumber("A-1"), 1))
UNKNOWN_SKU = Outcome(
    State.CASE, "case", due_at=NOW + timedelta(minutes=15), cases=(Case("order.unknown_sku", {"skus": "MUG"}),)
)
FENCE = Outcome(State.CASE, "case", due_at=NOW + timedelta(days=1), cases=(Case("order.fba_left_its_fence"),))
UNREADABLE = Outcome(State.CASE, "case", cases=(Case("record.unreadable", {"where": "order"}),))

_numbers = count(1)


@pytest.fixture
def inbox(shared_database: Database) -> Inbox:
    """The inbox of a connection of this test's own."""
    return Inbox(shared_database, f"eu-{next(_numbers)}", FLOW, {})


def arrived(
    record_id: str = "A-1", *, at: datetime = NOW, text: str = "first", outcome: Outcome | None = None
) -> Arrival:
    """A record as it arrives."""
    return Arrival(
        record_id, b'{"text": "%s"}' % text.encode(), at, at, "MERCHANT", "UNSHIPPED", outcome, (Event("order.seen"),)
    )


def held(inbox: Inbox, record_id: str = "A-1") -> Record:
    """The record as it is now."""
    found = inbox.find(record_id)
    assert found is not None
    return found


def read(inbox: Inbox, statement: str) -> list[dict[str, Any]]:
    """Rows of the inbox's own connection."""
    with inbox._database.transaction([inbox._connection_id]) as transaction:
        return rows_of(transaction.execute(statement.encode()))


def open_kinds(inbox: Inbox) -> list[str]:
    """The open cases."""
    return [row["kind"] for row in read(inbox, "select kind from cases where closed_at is null order by kind")]


def codes(inbox: Inbox) -> list[str]:
    """What happened, as codes."""
    return [row["code"] for row in read(inbox, "select code from history order by history_id")]


def test_arrived_is_due_at_once(inbox: Inbox) -> None:
    """A new record waits, is due now, and its arrival is in the history."""
    assert inbox.put([arrived()], NOW) == 1
    assert [record.record_id for record in inbox.due(NOW, 10)] == ["A-1"]
    assert codes(inbox) == ["order.seen"]


def test_known_already_is_no_news(inbox: Inbox) -> None:
    """The same snapshot of the same time changes nothing."""
    inbox.put([arrived()], NOW)

    assert inbox.put([arrived()], NOW + timedelta(hours=1)) == 0
    assert held(inbox).version == 1


def test_same_time_with_another_text_is_news(inbox: Inbox) -> None:
    """Amazon's times are coarse: another text of the same millisecond is news."""
    inbox.put([arrived()], NOW)

    assert inbox.put([arrived(text="second")], NOW) == 1


def test_older_is_no_news(inbox: Inbox) -> None:
    """An older snapshot never replaces a newer."""
    inbox.put([arrived(text="newer")], NOW)

    assert inbox.put([arrived(at=NOW - timedelta(seconds=1), text="older")], NOW) == 0
    assert b"newer" in held(inbox).snapshot


def test_news_takes_a_settled_record_up_again(inbox: Inbox) -> None:
    """In sync, then news: due again, its tries counted anew, its link kept."""
    inbox.put([arrived()], NOW)
    inbox.settle([Settled(held(inbox), LINKED, 3)], NOW)
    inbox.put([arrived(at=NOW + timedelta(minutes=1), text="second")], NOW)

    again = held(inbox)

    assert (again.state, again.attempts, again.link) == (State.WAITING, 0, LINKED.link)


def test_due_are_the_longest_due_first(inbox: Inbox) -> None:
    """No record is overtaken for ever."""
    inbox.put([arrived("A-2")], NOW + timedelta(minutes=1))
    inbox.put([arrived("A-1")], NOW)
    inbox.put([arrived("A-3")], NOW + timedelta(minutes=9))

    assert [record.record_id for record in inbox.due(NOW + timedelta(minutes=5), 10)] == ["A-1", "A-2"]
    assert [record.record_id for record in inbox.due(NOW + timedelta(minutes=5), 1)] == ["A-1"]
    assert inbox.next_due_at() == NOW


def test_result_of_an_older_version_does_not_settle(inbox: Inbox) -> None:
    """News that came while a record was worked on: the record is due again, but its link is kept, because the write happened."""
    inbox.put([arrived()], NOW)
    working = held(inbox)
    inbox.put([arrived(at=NOW + timedelta(minutes=1), text="second")], NOW)

    inbox.settle([Settled(working, LINKED)], NOW)

    assert (held(inbox).state, held(inbox).link) == (State.WAITING, LINKED.link)
    assert len(inbox.due(NOW, 10)) == 1


def test_result_of_an_older_version_closes_no_case(inbox: Inbox) -> None:
    """News that cannot be read came while the older version was worked on: its case stays open, or the record would be nobody's."""
    inbox.put([arrived()], NOW)
    working = held(inbox)
    inbox.put([arrived(at=NOW + timedelta(minutes=1), text="second", outcome=UNREADABLE)], NOW)

    inbox.settle([Settled(working, LINKED)], NOW)

    assert (held(inbox).state, open_kinds(inbox)) == (State.CASE, ["record.unreadable"])


def test_woken_while_it_was_worked_on_is_due_again(inbox: Inbox) -> None:
    """A person's retry during a run is not lost with the run's result."""
    inbox.put([arrived()], NOW)
    working = held(inbox)
    inbox.wake(["A-1"], NOW)

    inbox.settle([Settled(working, IN_SYNC)], NOW)

    assert len(inbox.due(NOW, 10)) == 1


def test_case_raised_twice_is_one_with_the_newest_facts(inbox: Inbox) -> None:
    """The same kind of the same record: one case, one line in the history."""
    inbox.put([arrived()], NOW)
    inbox.settle([Settled(held(inbox), UNKNOWN_SKU)], NOW)
    newer = replace(UNKNOWN_SKU, cases=(Case("order.unknown_sku", {"skus": "MUG, TEA"}),))

    inbox.settle([Settled(held(inbox), newer)], NOW + timedelta(hours=1))

    assert [row["facts"] for row in read(inbox, "select facts from cases")] == [{"skus": "MUG, TEA"}]
    assert codes(inbox) == ["order.seen", "case.opened"]


def test_case_raised_again_in_the_same_moment_is_no_second_line(inbox: Inbox) -> None:
    """Twice within one tick of the clock is still once."""
    inbox.put([arrived()], NOW)
    inbox.raise_case("A-1", Case("order.missing"), NOW)
    inbox.raise_case("A-1", Case("order.missing"), NOW)

    assert codes(inbox) == ["order.seen", "case.opened"]


def test_seen_healthy_closes(inbox: Inbox) -> None:
    """A run that does not name the case any more closes it, with a line in the history."""
    inbox.put([arrived()], NOW)
    inbox.settle([Settled(held(inbox), UNKNOWN_SKU)], NOW)

    inbox.settle([Settled(held(inbox), IN_SYNC)], NOW)

    assert open_kinds(inbox) == []
    assert codes(inbox)[-1] == "case.closed"


def test_put_back_closes_nothing(inbox: Inbox) -> None:
    """A try that failed saw nothing of the record."""
    inbox.put([arrived()], NOW)
    inbox.settle([Settled(held(inbox), UNKNOWN_SKU)], NOW)

    inbox.settle([Settled(held(inbox), Outcome(State.WAITING, "later", due_at=NOW, keeps_cases=True))], NOW)

    assert open_kinds(inbox) == ["order.unknown_sku"]


def test_case_of_another_check_is_not_closed_by_a_run(inbox: Inbox) -> None:
    """What the erasure could not do is not put right by the order's being in sync; the erasure closes it."""
    inbox.put([arrived()], NOW)
    inbox.raise_case("A-1", Case("order.not_erased"), NOW)
    inbox.settle([Settled(held(inbox), IN_SYNC)], NOW)
    still = open_kinds(inbox)

    inbox.clear_cases(["A-1", "A-2"], "order.not_erased", NOW)

    assert (still, open_kinds(inbox)) == (["order.not_erased"], [])


def test_trace_of_what_was_put_right_stands_its_time(inbox: Inbox) -> None:
    """A day from when it was seen last: healthy runs before do not close it, and the record is looked at again when the day is over."""
    inbox.put([arrived()], NOW)
    inbox.settle([Settled(held(inbox), FENCE)], NOW)
    inbox.settle([Settled(held(inbox), IN_SYNC)], NOW + timedelta(hours=23))
    standing = (open_kinds(inbox), held(inbox).state, inbox.next_due_at())

    inbox.settle([Settled(held(inbox), IN_SYNC)], NOW + timedelta(days=1))

    assert standing == (["order.fba_left_its_fence"], State.CASE, NOW + timedelta(days=1))
    assert (open_kinds(inbox), held(inbox).state, inbox.next_due_at()) == ([], State.IN_SYNC, None)


def test_put_back_with_a_standing_case_keeps_its_pause(inbox: Inbox) -> None:
    """When the time of the case is over while a platform is away, the record waits for its next try and not for nothing."""
    inbox.put([arrived()], NOW)
    inbox.settle([Settled(held(inbox), FENCE)], NOW)
    later = NOW + timedelta(days=2)

    inbox.settle(
        [Settled(held(inbox), Outcome(State.WAITING, "later", due_at=later + timedelta(minutes=1), keeps_cases=True))],
        later,
    )

    assert inbox.next_due_at() == later + timedelta(minutes=1)


def test_unreadable_and_older_opens_nothing(inbox: Inbox) -> None:
    """A version that is older than the one held says nothing, readable or not."""
    inbox.put([arrived()], NOW)
    inbox.put([arrived(at=NOW - timedelta(minutes=1), outcome=UNREADABLE)], NOW)

    assert open_kinds(inbox) == []


def test_unreadable_without_a_time_opens_its_case(inbox: Inbox) -> None:
    """What cannot even tell its time may be the newest: a person looks, and what is held stays."""
    inbox.put([arrived()], NOW)
    inbox.put([arrived(at=LONG_AGO, text="odd", outcome=UNREADABLE)], NOW)

    assert open_kinds(inbox) == ["record.unreadable"]
    assert b"first" in held(inbox).snapshot


def test_link_is_forgotten_only_by_order_of_a_person(inbox: Inbox) -> None:
    """Unlinking says whether there was a link."""
    inbox.put([arrived()], NOW)
    inbox.settle([Settled(held(inbox), LINKED)], NOW)
    links = Links(inbox._database, inbox._connection_id, FLOW)

    assert (links.unlink("A-1"), links.unlink("A-1"), held(inbox).link) == (True, False, None)


def test_pages_in_opposite_order_do_not_wait_for_each_other(inbox: Inbox) -> None:
    """Pages that hold the same records in opposite order, from several threads: all are written, none is a victim, the newest is held."""
    names = [f"A-{number:03d}" for number in range(300)]
    later = [NOW + timedelta(seconds=n) for n in range(8)]
    pages = [[arrived(name, at=at, text=str(at)) for name in names[:: (-1) ** n]] for n, at in enumerate(later)]

    with ThreadPoolExecutor(8) as pool:
        faults = [future.exception() for future in [pool.submit(inbox.put, page, NOW) for page in pages]]

    assert faults == [None] * 8
    assert {record.snapshot for record in inbox.due(NOW, 400)} == {b'{"text": "%s"}' % str(later[-1]).encode()}


def test_results_in_opposite_order_do_not_wait_for_each_other(inbox: Inbox) -> None:
    """Results of the same records in opposite order, from several threads, as after a lost lock: all are written, none is a victim."""
    names = [f"A-{number:03d}" for number in range(300)]
    inbox.put([arrived(name) for name in names], NOW)
    records = inbox.due(NOW, 400)
    results = [[Settled(record, UNKNOWN_SKU) for record in records[:: (-1) ** n]] for n in range(8)]

    with ThreadPoolExecutor(8) as pool:
        faults = [future.exception() for future in [pool.submit(inbox.settle, result, NOW) for result in results]]

    assert faults == [None] * 8
    assert len(open_kinds(inbox)) == 300


def test_owner_by_policy(shared_database: Database) -> None:
    """A kind the merchant gave to somebody is theirs; the others are the catalogue's."""
    inbox = Inbox(shared_database, f"eu-{next(_numbers)}", FLOW, {"order.unknown_sku": "Listings desk"})
    inbox.raise_case("A-1", Case("order.unknown_sku"), NOW)
    inbox.raise_case("A-1", Case("order.missing"), NOW)

    assert [row["owner"] for row in read(inbox, "select owner from cases order by kind")] == [
        "engineering",
        "Listings desk",
    ]


def test_problem_of_an_order_is_told_by_place_and_kind() -> None:
    """A DataError says where and what, which is all that a case of it holds."""
    problem = DataError("orderItems[0].quantityOrdered", "no quantity")

    assert str(problem) == "orderItems[0].quantityOrdered: no quantity"


@pytest.mark.parametrize("unfit", ["a\x00b", "a\udc00b"])
def test_text_that_postgresql_cannot_hold_is_replaced(inbox: Inbox, unfit: str) -> None:
    """NUL and lone surrogates in what a platform tells stop no record, and none beside it."""
    inbox.put([arrived("A-1"), arrived("A-2")], NOW)
    told = Case("order.rejected", {"code": unfit})
    outcome = Outcome(State.CASE, unfit, cases=(told,), events=(Event("order.rejected", {"code": unfit}),))

    inbox.settle([Settled(held(inbox, "A-1"), outcome), Settled(held(inbox, "A-2"), LINKED)], NOW)

    assert read(inbox, "select reason from inbox where record_id = 'A-1'") == [{"reason": "a\ufffdb"}]
    assert read(inbox, "select facts from cases") == [{"facts": {"code": "a\ufffdb"}}]
    assert held(inbox, "A-2").state is State.IN_SYNC


def test_waking_and_settling_the_same_records_do_not_wait_for_each_other(inbox: Inbox) -> None:
    """Both lock rows by name, whatever the order in which they are told them."""
    names = [f"A-{number:03d}" for number in range(60)]
    inbox.put([arrived(name) for name in names], NOW)

    with ThreadPoolExecutor(2) as pool:
        settled = pool.map(lambda _: inbox.settle([Settled(r, IN_SYNC) for r in inbox.due(NOW, 60)], NOW), range(200))
        woken = pool.map(lambda _: inbox.wake(names[::-1], NOW), range(200))

    assert list(woken) == [60] * 200
    assert list(settled) == [None] * 200
