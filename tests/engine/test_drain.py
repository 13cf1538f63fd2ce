"""The drain, by clock steps, on a real inbox: every due record runs once, each comes to its own end, and a lost lock or a closed door stops the rest."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import psycopg
import pytest

from crossdock.domain.case import Case
from crossdock.domain.ids import OrderNumber
from crossdock.domain.record import Arrival, Record
from crossdock.domain.timeline import Link, Outcome, State
from crossdock.engine.access import connection_record
from crossdock.engine.drain import BATCH_MAX, THREADS, Flow, Report, drain
from crossdock.errors import Conflict, DataError, Rejected, StoreError, Unauthorized, Unavailable
from crossdock.store.database import Database, rows_of
from crossdock.store.records import Inbox
from crossdock.twin.world import Clock

NOW = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
FLOW = "ingest_orders"
IN_SYNC = Outcome(State.IN_SYNC, "done")

_numbers = count(1)


def refused(**more: str) -> Unauthorized:
    """Amazon no longer lets us in."""
    return Unauthorized("no", platform="amazon", **more)


@dataclass
class Desk:
    """An inbox, a clock, and a flow whose ends are written down beforehand: by record, one end a run, the last for ever."""

    database: Database
    inbox: Inbox
    name: str
    clock: Clock = field(default_factory=lambda: Clock(NOW))
    ends: dict[str, list[object]] = field(default_factory=dict)
    runs: list[str] = field(default_factory=list)
    threads: Counter[str] = field(default_factory=Counter)
    prepare: Callable[[Sequence[Record]], None] = lambda _: None
    rejected: str = "order.rejected"
    rank: Callable[[Record], tuple[int, float]] = lambda _: (0, 0.0)

    def arrive(self, *names: str, at: datetime = NOW) -> None:
        """Records that are due now."""
        self.inbox.put([Arrival(name, b'{"n": 1}', at, at) for name in names], at)

    def run(self, record: Record) -> Outcome:
        """The next end that was written down for this record."""
        self.runs.append(record.record_id)
        self.threads[threading.current_thread().name] += 1
        ends = self.ends.get(record.record_id, [IN_SYNC])
        end = ends.pop(0) if len(ends) > 1 else ends[0]
        if callable(end):
            end = end()
        if isinstance(end, BaseException):
            raise end
        assert isinstance(end, Outcome)
        return end

    def drain(self, **limits: Any) -> Report:
        """One drain under the real lock."""
        flow = Flow(FLOW, run=self.run, prepare=self.prepare, rejected=self.rejected, rank=self.rank)
        return drain(
            flow,
            inbox=self.inbox,
            lock=lambda: self.database.lock(f"{self.name}/{FLOW}"),
            clock=self.clock.now,
            **limits,
        )

    def read(self, statement: str) -> list[dict[str, Any]]:
        """Rows of this desk's own connection."""
        with self.database.transaction([self.name]) as transaction:
            return rows_of(transaction.execute(statement.encode()))

    def states(self) -> dict[str, str]:
        """Each record's state."""
        return {
            row["record_id"]: row["state"] for row in self.read("select record_id, state from inbox order by record_id")
        }

    def kinds(self, record_id: str) -> list[str]:
        """Its open cases."""
        found = self.read("select record_id, kind from cases where closed_at is null order by kind")
        return [row["kind"] for row in found if row["record_id"] == record_id]

    def after(self, **span: float) -> Desk:
        """Let time pass."""
        self.clock.advance(timedelta(**span))
        return self


@pytest.fixture
def desk(shared_database: Database) -> Desk:
    """A desk of this test's own."""
    name = f"eu-{next(_numbers)}"
    return Desk(shared_database, Inbox(shared_database, name, FLOW, {}), name)


def names(number: int) -> list[str]:
    """So many record ids."""
    return [f"A-{n:03d}" for n in range(number)]


def test_every_due_record_runs_once(desk: Desk) -> None:
    """More than a batch, none twice, none on two threads."""
    desk.arrive(*names(BATCH_MAX * 2 + 7))

    report = desk.drain()

    assert sorted(desk.runs) == sorted(names(BATCH_MAX * 2 + 7))
    assert report.settled == BATCH_MAX * 2 + 7
    assert set(desk.states().values()) == {"in_sync"}
    assert len(desk.threads) <= THREADS


def test_nothing_due_is_nothing_done(desk: Desk) -> None:
    """Records of tomorrow stay."""
    desk.ends["A-000"] = [Outcome(State.WAITING, "later", due_at=NOW + timedelta(days=1))]
    desk.arrive("A-000")
    desk.drain()

    assert desk.drain() == Report()
    assert desk.runs == ["A-000"]


def test_drain_ends_after_so_many_batches(desk: Desk) -> None:
    """Others have their turn; what is left stays due."""
    desk.arrive(*names(BATCH_MAX + 5))

    report = desk.drain(batches=1)

    assert report.settled == BATCH_MAX
    assert len(desk.inbox.due(NOW, 1000)) == 5


def test_unavailable_is_put_back_and_the_rest_goes_on(desk: Desk) -> None:
    """One record waits for its platform with a growing pause; the others are done."""
    desk.ends["A-001"] = [Unavailable("away", operation="importOrder", request_id="r-7")]
    desk.arrive(*names(3))

    report = desk.drain()
    again = [
        desk.after(seconds=1).drain().put_back,
        desk.after(seconds=1).drain().put_back,
        desk.after(seconds=1).drain().put_back,
    ]

    assert (report.settled, report.put_back) == (2, 1)
    assert again == [1, 0, 1]
    assert [row["facts"] for row in desk.read("select facts from history where code = 'record.put_back' limit 1")] == [
        {"operation": "importOrder", "request_id": "r-7"}
    ]


def test_own_rate_is_no_try(desk: Desk) -> None:
    """Waiting for one's own rate leaves no line and counts nothing, however often."""
    desk.ends["A-000"] = [Unavailable("rate", retry_after_s=2.0, own_rate=True)] * 40 + [IN_SYNC]
    desk.arrive("A-000")

    reports = [desk.after(seconds=2).drain() for _ in range(41)]

    assert [report.cases for report in reports] == [0] * 41
    assert desk.states() == {"A-000": "in_sync"}
    assert desk.read("select * from history") == []


def test_many_that_wait_for_one_rate_do_not_all_come_back_at_once(desk: Desk) -> None:
    """Of twenty records that wait for a call in two seconds one is due in two seconds, two in four, and so on."""
    desk.ends = {
        name: [Unavailable("rate", operation="getOrder", retry_after_s=2.0, own_rate=True)] for name in names(20)
    }
    desk.arrive(*names(20))
    desk.drain()

    due = [len(desk.inbox.due(NOW + timedelta(seconds=seconds), 100)) for seconds in (1, 2, 4, 20, 40)]

    assert due == [0, 1, 2, 10, 20]


def test_what_avoids_most_harm_has_the_first_turn(desk: Desk) -> None:
    """Of a batch the lowest rank runs first, and waits for the rate among its own kind only: the first of the others is due as soon as the first of them."""
    waits = Unavailable("rate", operation="patchListingsItem", retry_after_s=2.0, own_rate=True)
    desk.ends = {name: [waits] for name in names(20)}
    desk.arrive(*names(20))
    desk.rank = lambda record: (0 if record.record_id >= "A-015" else 1, -float(record.record_id[2:]))

    desk.drain(threads=1)

    due = [record.record_id for record in desk.inbox.due(NOW + timedelta(seconds=2), 100)]
    assert desk.runs == names(20)[::-1]
    assert sorted(due) == ["A-014", "A-019"]


def test_turns_at_a_rate_are_of_one_batch(desk: Desk) -> None:
    """Who comes back when his turn was, and has to wait once more, is not sent behind all who ever waited."""
    waits = Unavailable("rate", operation="getOrder", retry_after_s=2.0, own_rate=True)
    desk.ends = {name: [waits] for name in names(20)}
    desk.arrive(*names(20))
    desk.drain()

    desk.after(seconds=2).drain()

    assert len(desk.inbox.due(desk.clock.now() + timedelta(seconds=2), 100)) == 2


def test_stuck_is_told_and_goes_on_trying(desk: Desk) -> None:
    """After a dozen tries a case; tried once an hour; the first success closes it."""
    desk.ends["A-000"] = [Unavailable("away")] * 14 + [IN_SYNC]
    desk.arrive("A-000")
    [desk.after(minutes=10, seconds=1).drain() for _ in range(13)]
    told, runs = desk.kinds("A-000"), len(desk.runs)
    desk.after(minutes=30).drain()
    quiet = len(desk.runs)
    desk.after(minutes=31).drain()
    desk.after(minutes=61).drain()

    assert (told, runs, quiet) == (["record.stuck"], 13, 13)
    assert (desk.states(), desk.kinds("A-000")) == ({"A-000": "in_sync"}, [])


def test_conflict_runs_again_at_once(desk: Desk) -> None:
    """What moved is read again in the same drain."""
    desk.ends["A-000"] = [Conflict("moved"), IN_SYNC]
    desk.arrive("A-000")

    report = desk.drain()

    assert (desk.runs, report.settled, desk.states()) == (["A-000", "A-000"], 1, {"A-000": "in_sync"})


def test_conflict_without_end_is_somebody_elses_loop(desk: Desk) -> None:
    """Five times in a row is no chance: a case, and no endless loop."""
    desk.ends["A-000"] = [Conflict("moved")]
    desk.arrive("A-000")

    desk.drain()

    assert len(desk.runs) == 6
    assert desk.kinds("A-000") == ["record.stuck"]


def test_refused_is_a_case_with_their_code(desk: Desk) -> None:
    """Their code, the field they name and the request id; looked at again in an hour."""
    desk.ends["A-000"] = [
        Rejected("no", code="InvalidField", operation="importOrder", request_id="r-7", pointer="country"),
        IN_SYNC,
    ]
    desk.arrive("A-000")
    desk.drain()
    facts = desk.read("select facts from cases")[0]["facts"]

    desk.after(hours=1).drain()

    assert facts == {"operation": "importOrder", "code": "InvalidField", "field": "country", "request_id": "r-7"}
    assert desk.kinds("A-000") == []


def test_refused_is_the_case_of_its_flow(desk: Desk) -> None:
    """A flow of stock says whose case a refusal is, so that it goes to who can mend it; an order's is the usual one."""
    desk.ends["A-000"] = [Rejected("no", code="90225", operation="patchListingsItem")]
    desk.ends["A-001"] = [Rejected("no", code="InvalidField", operation="importOrder")]
    desk.arrive("A-001")
    desk.drain()
    desk.arrive("A-000")
    desk.rejected = "stock.rejected"

    desk.drain()

    assert desk.kinds("A-000") == ["stock.rejected"]
    assert desk.kinds("A-001") == ["order.rejected"]
    assert desk.read("select owner from cases where kind = 'stock.rejected'") == [{"owner": "catalogue"}]


def test_refused_in_another_flow_is_looked_at_again_when_its_kind_says(desk: Desk) -> None:
    """The time of the next look is that of the kind: a refused quantity after a quarter of an hour."""
    desk.ends["A-000"] = [Rejected("no", code="90225")]
    desk.rejected = "stock.rejected"
    desk.arrive("A-000")
    desk.drain()

    early = desk.after(minutes=14).drain().cases
    late = desk.after(minutes=2).drain().cases

    assert (early, late, len(desk.runs)) == (0, 1, 2)


def test_unreadable_is_a_case_with_its_place(desk: Desk) -> None:
    """Where and what, cut to a bounded length."""
    desk.ends["A-000"] = [DataError("x" * 1000, "y" * 1000)]
    desk.arrive("A-000")

    desk.drain()

    assert desk.kinds("A-000") == ["record.unreadable"]
    assert {len(text) for text in desk.read("select facts from cases")[0]["facts"].values()} == {200}


@pytest.mark.parametrize(
    "mistake",
    [AssertionError("1 Example Street"), KeyError("Test Buyer 7"), ZeroDivisionError(), RecursionError("deep")],
)
def test_our_own_mistake_stops_its_record_only(desk: Desk, mistake: Exception) -> None:
    """A broken line of ours: a case with kind and place, never the message, which may quote the record; the others go on."""
    desk.ends["A-001"] = [mistake]
    desk.arrive(*names(3))

    report = desk.drain()

    assert desk.states() == {"A-000": "in_sync", "A-001": "case", "A-002": "in_sync"}
    assert len(report.mistakes) == 1
    assert desk.read("select facts from cases")[0]["facts"] == {
        "error": type(mistake).__name__,
        "place": report.mistakes[0],
    }
    assert "Example" not in report.mistakes[0]


def test_failed_run_closes_no_case(desk: Desk) -> None:
    """A case that stands stays through refusals and mistakes; a healthy run closes all of them."""
    asked = Outcome(State.CASE, "asked", due_at=NOW, cases=(Case("order.cancellation_requested"),))
    desk.ends["A-000"] = [asked, Rejected("no", code="InvalidField"), KeyError("x"), IN_SYNC]
    desk.arrive("A-000")
    desk.drain(batches=1)
    desk.drain(batches=1)
    desk.inbox.wake(["A-000"], NOW)
    desk.drain(batches=1)
    standing = desk.kinds("A-000")
    desk.inbox.wake(["A-000"], NOW)

    desk.drain(batches=1)

    assert standing == ["order.cancellation_requested", "order.rejected", "record.our_mistake"]
    assert desk.kinds("A-000") == []


def test_reading_ahead_that_fails_stops_nothing(desk: Desk) -> None:
    """What a batch could not read ahead its records read themselves; our own mistake there is told."""

    def prepare(_: Sequence[Record]) -> None:
        raise KeyError("our own")

    desk.prepare = prepare
    desk.arrive(*names(3))

    report = desk.drain()

    assert (report.settled, len(report.mistakes)) == (3, 1)


def test_reading_ahead_from_a_platform_that_is_away_is_no_mistake(desk: Desk) -> None:
    """It fails again where one record can be put back for it."""

    def prepare(_: Sequence[Record]) -> None:
        raise Unavailable("away")

    desk.prepare = prepare
    desk.arrive(*names(3))

    assert desk.drain().mistakes == []
    assert set(desk.states().values()) == {"in_sync"}


def test_reading_ahead_without_a_database_ends_the_drain(desk: Desk) -> None:
    """Our own database away is nobody's record's fault."""

    def prepare(_: Sequence[Record]) -> None:
        raise StoreError("away")

    desk.prepare = prepare
    desk.arrive(*names(3))

    with pytest.raises(StoreError):
        desk.drain()
    assert desk.runs == []


def test_closed_door_pauses_the_connection_with_one_case(desk: Desk) -> None:
    """Ninety records meet a refused consent: one case, no record is touched, and the rest is not tried."""
    desk.ends = {name: [refused(code="invalid_grant", operation="getOrder")] for name in names(90)}
    desk.arrive(*names(90))

    report = desk.drain()

    assert report.paused is not None
    assert not report.lost_lock
    assert desk.kinds(connection_record("amazon")) == ["connection.unauthorized"]
    assert set(desk.states().values()) == {"waiting"}
    assert len(desk.runs) <= THREADS * 2
    assert [row["attempts"] for row in desk.read("select distinct attempts from inbox")] == [0]


def test_opened_door_closes_the_case(desk: Desk) -> None:
    """The first record that runs through closes it."""
    desk.ends = {"A-000": [refused(), IN_SYNC]}
    desk.arrive("A-000")
    desk.drain()

    desk.drain()

    assert desk.kinds(connection_record("amazon")) == []


def test_second_drain_of_the_same_flow_is_busy(desk: Desk) -> None:
    """Two processes: one drains, the other goes away at once."""
    desk.arrive("A-000")
    with desk.database.lock(f"{desk.name}/{FLOW}"):
        report = desk.drain()

    assert (report.busy, desk.runs) == (True, [])
    assert desk.drain().settled == 1


def test_lost_lock_stops_before_the_next_record(desk: Desk) -> None:
    """The session that holds the lock dies in the middle: what runs is finished, nothing new is begun, the rest stays due."""
    seen: list[psycopg.Connection[Any]] = []

    @contextmanager
    def lock() -> Any:
        with desk.database.lock(f"{desk.name}/{FLOW}") as held:
            assert held is not None
            seen.append(held._connection)
            yield held

    def die() -> Outcome:
        seen[0].close()
        return IN_SYNC

    desk.ends["A-000"] = [die]
    desk.arrive(*names(50))

    report = drain(Flow(FLOW, run=desk.run), inbox=desk.inbox, lock=lock, clock=desk.clock.now, threads=1)

    assert report.lost_lock
    assert (desk.runs, report.settled) == (["A-000"], 1)
    assert len(desk.inbox.due(NOW, 100)) == 49


def test_database_that_goes_away_ends_the_drain(desk: Desk) -> None:
    """A record whose run meets our own database away: the drain ends with that fault, and every record is still due or done."""
    desk.ends["A-010"] = [StoreError("away"), IN_SYNC]
    desk.arrive(*names(30))

    with pytest.raises(StoreError):
        desk.drain()
    desk.drain()

    assert set(desk.states().values()) == {"in_sync"}


def test_counts_add_up(desk: Desk) -> None:
    """Done, put back and cases of a mixed batch, on eight threads."""
    case = Outcome(State.CASE, "case", cases=(Case("order.unknown_sku"), Case("order.no_stock")))
    away, refused = Unavailable("away", retry_after_s=60), Rejected("no", code="X")
    desk.ends = {name: [[IN_SYNC], [case], [away], [refused]][n % 4] for n, name in enumerate(names(400))}  # type: ignore[misc]
    desk.arrive(*names(400))

    report = desk.drain()

    assert (report.settled, report.put_back, report.cases) == (200, 100, 300)


def test_result_that_cannot_be_written_stops_its_record_only(desk: Desk) -> None:
    """What breaks while results are written together is found one by one: that record is our mistake, the others are done."""
    desk.arrive("A", "B", "C")
    too_large = Link("7c1f", OrderNumber("B"), 2**70)
    desk.ends["B"] = [Outcome(State.IN_SYNC, "done", link=too_large)]

    report = desk.drain()

    assert desk.states() == {"A": "in_sync", "B": "case", "C": "in_sync"}
    assert desk.read("select kind from cases") == [{"kind": "record.our_mistake"}]
    assert len(report.mistakes) == 2
