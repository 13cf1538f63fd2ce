"""The drain: due records of one (connection, flow) -> run each -> in sync, put back, or a case.

Rules: the only broad `except` of the product is here; a record is never on two threads; before each record the lock is asked, not believed. That
narrows the time in which two drains overlap, it does not exclude it: every outside write is idempotent by itself.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path

from crossdock import events
from crossdock.domain.case import Case
from crossdock.domain.case_kinds import CASE_KINDS
from crossdock.domain.record import Record, Settled
from crossdock.domain.timeline import Event, Outcome, State
from crossdock.engine.access import note_let_in, note_refused
from crossdock.engine.retry import GiveUp, decide_retry
from crossdock.errors import Conflict, DataError, Rejected, RemoteError, StoreError, Unauthorized, Unavailable
from crossdock.ports import Clock, HeldLock, Inbox, Lock

# One query's worth of SKUs and addresses is prepared for a batch at once.
BATCH_MAX = 500
# Results written in one transaction: a commit per record would cost more than the record.
SETTLE_MAX = 50
# Calls overlap on these; commercetools' own clients use 20 in parallel, one process of ours is on its CPU before that.
THREADS = 8
# A drain ends after so many batches, so that its wake-up can be taken over and other connections have their turn.
BATCHES_MAX = 50


@dataclass(frozen=True, slots=True)
class Flow:
    """A flow as the engine sees it: `prepare` may read ahead for a batch, `run` does one record. `rejected`: the case of one that a platform refused.

    `rank`: whose turn is first in a batch that was prepared, the lowest; those with the same first number share their turns at a rate.
    `unauthorized`: what a record comes to whose platform refuses the connection, where the others have something to do all the same; None ends the drain.
    """

    name: str
    run: Callable[[Record], Outcome]
    prepare: Callable[[Sequence[Record]], None] = lambda _: None
    rejected: str = "order.rejected"
    rank: Callable[[Record], tuple[int, float]] = lambda _: (0, 0.0)
    unauthorized: Callable[[Unauthorized], Outcome | None] = lambda _: None


@dataclass(slots=True)
class Report:
    """What a drain did. `paused`: a platform refuses the connection; `refused`: the same, and it went on; `busy`: another process drains it."""

    settled: int = 0
    put_back: int = 0
    cases: int = 0
    busy: bool = False
    lost_lock: bool = False
    paused: Unauthorized | None = None
    refused: Unauthorized | None = None
    mistakes: list[str] = field(default_factory=list)
    # The next turn of each operation whose rate is waited for, and of each rank; of this batch, for its records come back at one time or another.
    turns: dict[tuple[str, int], Iterator[int]] = field(default_factory=dict, compare=False, repr=False)


class LostLockError(Exception):
    """The lock is gone: stop before the next outside call."""


def drain(
    flow: Flow,
    *,
    inbox: Inbox,
    lock: Lock,
    clock: Clock,
    threads: int = THREADS,
    batches: int = BATCHES_MAX,
    linger_s: float = 0.0,
) -> Report:
    """Run due records until none is left, the lock is lost, or a platform refuses the connection. StoreError ends it: it runs again.

    `linger_s`: records that are due so soon are waited for, because a rate of a few calls a second is lost between one wake-up and the next.
    """
    report = Report()
    with lock() as held:
        if held is None:
            report.busy = True
            return report
        with ThreadPoolExecutor(threads, thread_name_prefix=f"drain-{flow.name}") as pool:
            for _ in range(batches):
                batch = inbox.due(clock(), BATCH_MAX)
                if not batch and _waited(inbox, clock, linger_s):
                    continue
                if not batch:
                    break
                report.turns.clear()
                _prepare(flow, batch, report)
                batch.sort(key=flow.rank)
                _run_batch(flow, batch, inbox=inbox, held=held, clock=clock, pool=pool, report=report)
                if report.paused or report.lost_lock:
                    break
    _note_access(report, flow, inbox, clock)
    return report


def _waited(inbox: Inbox, clock: Clock, linger_s: float) -> bool:
    """Wait for the next record where it is due soon enough; False where none is, or the clock stands still."""
    next_at = inbox.next_due_at() if linger_s else None
    begun = clock()
    wait_s = (next_at - begun).total_seconds() if next_at is not None else linger_s + 1.0
    if wait_s > linger_s:
        return False
    time.sleep(max(wait_s, 0.0))
    return clock() > begun


def tell(flow: str, report: Report) -> None:
    """Log what a drain did; one that did nothing says nothing."""
    if report.busy:
        events.emit("drain.busy", flow=flow)
    elif report.settled or report.put_back or report.cases:
        events.emit(
            "drain.finished",
            flow=flow,
            settled=report.settled,
            put_back=report.put_back,
            cases=report.cases,
            lost_lock=report.lost_lock,
        )
    for place in report.mistakes:
        events.emit("record.our_mistake", flow=flow, place=place)


def _prepare(flow: Flow, batch: Sequence[Record], report: Report) -> None:
    """Read ahead. It only saves calls: what fails here fails again where one record alone can be put back, or stopped, for it."""
    try:
        flow.prepare(batch)
    except RemoteError:
        return
    except StoreError:
        raise
    except Exception as mistake:  # noqa: BLE001 - one record that cannot be read ahead must not stop the others
        report.mistakes.append(_place_of(mistake))


def _run_batch(
    flow: Flow,
    batch: Sequence[Record],
    *,
    inbox: Inbox,
    held: HeldLock,
    clock: Clock,
    pool: ThreadPoolExecutor,
    report: Report,
) -> None:
    futures = [pool.submit(_run_record, flow, record, held=held, clock=clock, report=report) for record in batch]
    try:
        for results in _groups(futures, report):
            _settle(results, inbox, clock(), report)
    finally:
        for future in futures:
            future.cancel()


def _settle(results: Sequence[Settled], inbox: Inbox, now: datetime, report: Report) -> None:
    """Write results together; where that breaks, each by itself, so that what cannot be written stops its own record only."""
    try:
        inbox.settle(results, now)
    except StoreError:
        raise
    except Exception as mistake:  # noqa: BLE001 - one result that cannot be written must not hold back the others
        place = _place_of(mistake)
        report.mistakes.append(place)
        if len(results) > 1:
            for each in results:
                _settle([each], inbox, now, report)
        else:
            facts = {"error": type(mistake).__name__, "place": place}
            inbox.settle([_case(results[0].record, "record.our_mistake", facts, now)], now)


def _groups(futures: Sequence[Future[Settled]], report: Report) -> Iterator[list[Settled]]:
    """Results as they come, a few at a time."""
    results: list[Settled] = []
    for future in as_completed(futures):
        try:
            settled = future.result()
        except LostLockError:
            # Those that were stopped by a refused connection still hold their lock.
            report.lost_lock = report.lost_lock or report.paused is None
            continue
        except Unauthorized:
            continue
        _count(report, settled)
        results.append(settled)
        if len(results) == SETTLE_MAX:
            yield results
            results = []
    if results:
        yield results


def _count(report: Report, settled: Settled) -> None:
    """On the drain's own thread, because adding up from several would lose some."""
    if settled.outcome.state is State.WAITING and settled.outcome.keeps_cases:
        report.put_back += 1
    elif not settled.outcome.keeps_cases:
        report.settled += 1
    report.cases += len(settled.outcome.cases)


def _run_record(flow: Flow, record: Record, *, held: HeldLock, clock: Clock, report: Report) -> Settled:
    """One record, one outcome. Our database's faults and a refused connection end the drain; everything else is this record's own."""
    if report.paused or report.lost_lock or not held.is_held():
        raise LostLockError
    try:
        return Settled(record, flow.run(record))
    except (Unavailable, Conflict) as fault:
        return _put_back(record, fault, clock(), report, rank=flow.rank(record)[0])
    except Rejected as fault:
        facts = {
            "operation": fault.operation,
            "code": fault.code,
            "field": fault.pointer,
            "request_id": fault.request_id,
        }
        return _case(record, flow.rejected, facts, clock())
    except DataError as fault:
        return _case(record, "record.unreadable", {"where": fault.where[:200], "what": fault.what[:200]}, clock())
    except Unauthorized as fault:
        outcome = flow.unauthorized(fault)
        if outcome is not None:
            report.refused = fault
            return Settled(record, outcome, record.attempts)
        # Said here, on this thread, so that the others knock no more.
        report.paused = fault
        raise
    except (StoreError, LostLockError):
        raise
    except Exception as mistake:  # noqa: BLE001 - the one place: our own mistake stops this record and no other
        place = _place_of(mistake)
        report.mistakes.append(place)
        return _case(record, "record.our_mistake", {"error": type(mistake).__name__, "place": place}, clock())


def _put_back(record: Record, fault: Unavailable | Conflict, now: datetime, report: Report, *, rank: int) -> Settled:
    own_rate = isinstance(fault, Unavailable) and fault.own_rate
    turn = next(report.turns.setdefault((fault.operation, rank), count())) if own_rate else 0
    retry = decide_retry(fault, record.attempts, now, turn=turn)
    if isinstance(retry, GiveUp):
        return _case(
            record,
            retry.kind,
            {"operation": fault.operation, "request_id": fault.request_id},
            now,
            attempts=record.attempts,
        )
    attempts = record.attempts + 1 if retry.counts else record.attempts
    facts = {"operation": fault.operation, "request_id": fault.request_id}
    code = "record.moved" if isinstance(fault, Conflict) else "record.put_back"
    events = (Event(code, {name: value for name, value in facts.items() if value}),) if retry.counts else ()
    outcome = Outcome(State.WAITING, str(fault)[:200], due_at=retry.at, events=events, keeps_cases=True)
    return Settled(record, outcome, attempts)


def _case(record: Record, kind: str, facts: dict[str, str], now: datetime, *, attempts: int = 1) -> Settled:
    """`attempts` stays above zero: the next run must look whether this one's write took effect. Nothing else was seen, so no other case closes."""
    recheck_s = CASE_KINDS[kind].recheck_s
    due_at = now + timedelta(seconds=recheck_s) if recheck_s else None
    case = Case(kind, {name: value for name, value in facts.items() if value})
    return Settled(
        record, Outcome(State.CASE, CASE_KINDS[kind].title, due_at=due_at, cases=(case,), keeps_cases=True), attempts
    )


def _place_of(mistake: Exception) -> str:
    """File and line of our own code; never the message, which may quote the record."""
    frames = traceback.extract_tb(mistake.__traceback__)
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "unknown"


def _note_access(report: Report, flow: Flow, inbox: Inbox, clock: Clock) -> None:
    """One case for the platform while it refuses; it closes with a drain that is let in: the record that was refused stayed due, and is in it."""
    refused = report.paused or report.refused
    if refused is not None:
        note_refused(inbox, flow.name, refused, clock())
    elif report.settled:
        note_let_in(inbox, flow.name, clock())
