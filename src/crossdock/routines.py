"""One run of one routine of a connection: what it did, what it met, and when it runs again.

Part of the composition root (`start_up.py`). Whatever goes wrong ends here, as a case or a next time; only our own database's fault goes up.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from crossdock import events
from crossdock.commercetools.messages import is_delivery_of
from crossdock.domain.case import Case
from crossdock.domain.day_check import ProofMark, first_mark, read_mark
from crossdock.engine import schedule
from crossdock.engine.access import note_let_in, note_refused
from crossdock.engine.attempt import Broken, attempt
from crossdock.engine.drain import BATCHES_MAX, Report
from crossdock.engine.schedule import INGEST
from crossdock.errors import Conflict, DataError, Rejected, StoreError, Unauthorized, Unavailable
from crossdock.flows.check_days import CLOSED_AFTER, first_open_day
from crossdock.joined import Joined
from crossdock.ports import Clock, Inbox

# Five sets a second are fewer than a drain can decide: it waits for the next rather than for its next wake-up, and gives others their turn within a minute.
LINGER_S = 0.5
LINGERING_BATCHES = 200
# The mark up to which closed days are proven.
PROVEN = "orders.proven"


@dataclass(frozen=True, slots=True)
class Ran:
    """What a run came to. `did`: counts by name; `certificates`: of what was erased; `follows`: flows to wake next.

    `problem`: what it met, in words; `waits`: it waits for our own rate; `needs_person`: it was refused or broke, which is a case. `again_s`: it has
    more to do and runs again sooner than its interval says.
    """

    did: Mapping[str, int] = field(default_factory=dict)
    certificates: Sequence[str] = ()
    follows: Sequence[str] = ()
    problem: str = ""
    waits: bool = False
    needs_person: bool = False
    again_s: float | None = None


def run_routine(joined: Joined, flow: str, clock: Clock) -> Ran:
    """Run it once, and note when it runs again."""
    events.bind(connection_id=joined.connection_id, correlation_id=secrets.token_hex(8))
    try:
        ran = attempt(partial(_run, joined, flow, clock))
    except (Unavailable, Conflict) as fault:
        wait_s = (isinstance(fault, Unavailable) and fault.retry_after_s) or schedule.PAUSE.total_seconds()
        events.emit(
            "flow.put_back", flow=flow, operation=fault.operation, request_id=fault.request_id, wait_s=round(wait_s)
        )
        if flow not in schedule.DRAINS:
            _note_run(joined, flow, clock(), wait_s=wait_s, succeeded=False)
        return Ran(problem=str(fault), waits=isinstance(fault, Unavailable) and fault.own_rate)
    except Unauthorized as fault:
        _pause(joined, flow, fault, clock())
        return Ran(problem=str(fault), needs_person=True)
    except (Rejected, DataError) as fault:
        _refused(joined, flow, fault, clock())
        return Ran(problem=str(fault), needs_person=True)
    except StoreError as fault:
        events.emit("store.unavailable", flow=flow, reason=str(fault))
        raise
    if isinstance(ran, Broken):
        _broke(joined, flow, ran, clock())
        return Ran(problem=f"{flow} broke: {ran.error} at {ran.place}", needs_person=True)
    was_amiss = flow in schedule.DRAINS or (joined.cursors.find(f"run.{flow}") or {}).get("amiss", True)
    if flow not in schedule.DRAINS:
        _note_run(joined, flow, clock(), wait_s=ran.again_s, succeeded=ran.again_s != 0.0, amiss=False)
    if was_amiss:
        _note_healthy(joined, flow, clock())
    return ran


def _run(joined: Joined, flow: str, clock: Clock) -> Ran:
    if flow == schedule.DISCOVER:
        # The sweep goes before all other searches, but not for ever: what is paid with when calls are scarce is freshness, not completeness.
        news = joined.discover(urgent=not _is_proof_late(joined, clock()))
        return Ran({"news": news}, follows=run_after_orders(joined) if news else ())
    elif flow == schedule.FENCE:
        return Ran({"unfenced": len(joined.checks.check_fence())})
    elif flow == schedule.ERASE:
        erased, certificates = joined.erase()
        return Ran({"erased": len(erased)}, certificates)
    elif flow == schedule.DAYS:
        check_days(joined, clock)
        return Ran()
    elif flow in _KEEPERS:
        return _KEEPERS[flow](joined, flow)
    assert flow in schedule.DRAINS, f"no flow is called {flow}"
    report = _drain(joined, flow)
    if report.paused is not None:
        _pause(joined, flow, report.paused, clock())
    did = {"settled": report.settled, "put_back": report.put_back, "cases": report.cases}
    # What was gathered goes at once, not a minute later.
    follows = (
        (schedule.FEEDS,)
        if flow == schedule.PUSH and joined.stock is not None and joined.stock.feeds.gathered()
        else ()
    )
    refused = report.paused or report.refused
    return Ran(did, follows=follows, problem=str(refused or ""), needs_person=refused is not None)


def take_messages(joined: Joined, messages: Sequence[bytes]) -> Sequence[str]:
    """What a queue delivered, from either platform; answers the flows to wake."""
    project_key = joined.policy.commercetools.project_key
    from_shop = [body for body in messages if joined.stock is not None and is_delivery_of(body, project_key)]
    from_amazon = [body for body in messages if body not in from_shop]
    moved = joined.stock.take_messages(from_shop) if joined.stock is not None and from_shop else 0
    news, feeds = joined.take_notifications(from_amazon) if from_amazon else (0, 0)
    follows = run_after_orders(joined) if news else (schedule.PUSH,) if moved else ()
    return (*follows, schedule.FEEDS) if feeds and joined.stock is not None else follows


def run_after_orders(joined: Joined) -> Sequence[str]:
    """The flows to wake when orders are news: what was sold leaves the stock before the order is brought over."""
    return (INGEST,) if joined.stock is None else (schedule.PUSH, INGEST)


def _drain(joined: Joined, flow: str) -> Report:
    if flow == INGEST:
        return joined.drain(batches=BATCHES_MAX)
    if flow == schedule.MATCH:
        return joined.payments.drain() if joined.payments is not None else Report()
    return joined.stock.drain(batches=LINGERING_BATCHES, linger_s=LINGER_S) if joined.stock is not None else Report()


def _keep_books(joined: Joined, flow: str) -> Ran:
    """Settlements that are new, a month that ended, or orders whose payment is to be looked at."""
    if joined.finance is None:
        return Ran()
    if flow == schedule.ACCRUE:
        return Ran({"entries": joined.finance.accrue()})
    if flow == schedule.PAYMENTS:
        orders = joined.payments.discover() if joined.payments is not None else 0
        return Ran({"orders": orders}, follows=(schedule.MATCH,) if orders else ())
    files = joined.finance.collect()
    return Ran({"files": files}, follows=(schedule.PAYMENTS,) if files else ())


def _look_after_stock(joined: Joined, flow: str) -> Ran:
    """Which SKUs may have moved, asked again soon while there is something to tell; or what became of feeds."""
    stock = joined.stock
    if stock is None:
        return Ran()
    if flow == schedule.FEEDS:
        told = stock.follow_feeds()
        return Ran(
            {"feeds": told}, again_s=schedule.FEED_EVERY.total_seconds() if stock.feeds.book.under_way() else None
        )
    discover = {
        schedule.STOCK: stock.discover,
        schedule.SWEEP: stock.sweep,
        schedule.LISTING: stock.list_all,
        schedule.LISTED: stock.list_amazon,
    }[flow]
    count, finished = discover()
    again_s = 0.0 if not finished else schedule.BUSY_EVERY.total_seconds() if count and flow == schedule.STOCK else None
    follows = (*((schedule.PUSH,) if count else ()), *(() if finished else (flow,)))
    return Ran({"skus": count}, follows=follows, again_s=again_s)


_KEEPERS: Mapping[str, Callable[[Joined, str], Ran]] = {
    **dict.fromkeys(
        (schedule.STOCK, schedule.SWEEP, schedule.LISTING, schedule.LISTED, schedule.FEEDS), _look_after_stock
    ),
    **dict.fromkeys((schedule.COLLECT, schedule.ACCRUE, schedule.PAYMENTS), _keep_books),
}


def check_days(joined: Joined, clock: Clock) -> None:
    """Prove every closed day that the ordinary search has passed and that is not proven yet, the oldest first, as far as Amazon's rate goes.

    A day that is not proven is checked again by the next run, when what was found has been worked on.
    """
    moment = clock()
    searched = joined.searched_until()
    if searched is None:
        return
    mark = _proof_mark(joined) or first_mark(joined.policy.orders.import_from, moment)
    for day in mark.due(first_open_day(min(moment, searched + CLOSED_AFTER))):
        check = joined.checks.check_day(day)
        if check.position is not None:
            return
        events.emit(
            "day.checked",
            day=day.isoformat(),
            on_amazon=check.on_amazon,
            in_commercetools=check.in_commercetools,
            out_of_scope=check.out_of_scope,
            waiting=check.waiting,
            missing=check.amiss(),
        )
        joined.checks.note_day(check)
        mark = mark.after(check)
        joined.cursors.save(PROVEN, mark.as_json(), moment)


def _proof_mark(joined: Joined) -> ProofMark | None:
    value = joined.cursors.find(PROVEN)
    return read_mark(value) if value is not None else None


def _is_proof_late(joined: Joined, now: datetime) -> bool:
    """Whether a closed day waits for its proof longer than the routine promises."""
    mark = _proof_mark(joined) or first_mark(joined.policy.orders.import_from, now)
    return mark.until < first_open_day(now - schedule.target_of(schedule.DAYS))


def _pause(joined: Joined, flow: str, fault: Unauthorized, now: datetime) -> None:
    """One case for the platform; the flow rests a few minutes and goes on by itself."""
    events.emit("connection.paused", flow=flow, operation=fault.operation, code=fault.code, request_id=fault.request_id)
    note_refused(_inbox(joined, flow), flow, fault, now)
    _note_run(joined, flow, now, wait_s=schedule.PAUSE.total_seconds(), succeeded=False)


def _broke(joined: Joined, flow: str, broken: Broken, now: datetime) -> None:
    """One case for the routine, for it is a setting or our mistake; it is tried again at its next time."""
    events.emit("flow.failed", flow=flow, error=broken.error, place=broken.place)
    case = Case("connection.failed", {"routine": flow, "error": broken.error, "place": broken.place})
    _inbox(joined, flow).raise_case(flow, case, now)
    wait_s = schedule.PAUSE.total_seconds() if flow in schedule.DRAINS else None
    _note_run(joined, flow, now, wait_s=wait_s, succeeded=False)


def _note_healthy(joined: Joined, flow: str, now: datetime) -> None:
    """It ran through: what was in its way is over. Of a drain that had nothing to do, only the drain itself knows who let it in."""
    inbox = _inbox(joined, flow)
    inbox.clear_case(flow, "connection.refused", now)
    inbox.clear_case(flow, "connection.failed", now)
    if flow not in schedule.DRAINS:
        note_let_in(inbox, flow, now)


def _refused(joined: Joined, flow: str, fault: Rejected | DataError, now: datetime) -> None:
    """One case for the routine; it is tried again at its next time, and soon while it never ran through: others begin where it ends."""
    told = (
        {"code": fault.code, "request_id": fault.request_id} if isinstance(fault, Rejected) else {"where": fault.where}
    )
    operation = fault.operation if isinstance(fault, Rejected) else ""
    events.emit("flow.failed", flow=flow, error=type(fault).__name__, place=operation)
    facts = {"routine": flow, "operation": operation, **told}
    case = Case("connection.refused", {name: value for name, value in facts.items() if value})
    _inbox(joined, flow).raise_case(flow, case, now)
    ran_before = "succeeded" in (joined.cursors.find(f"run.{flow}") or {})
    _note_run(joined, flow, now, wait_s=None if ran_before else schedule.PAUSE.total_seconds(), succeeded=False)


def _inbox(joined: Joined, flow: str) -> Inbox:
    """Where a routine's cases are kept: those of the drains of stock and of payments beside their records."""
    if flow == schedule.MATCH and joined.payments is not None:
        return joined.payments.inbox
    return joined.stock.inbox if flow == schedule.PUSH and joined.stock is not None else joined.inbox


def _note_run(
    joined: Joined, flow: str, now: datetime, *, wait_s: float | None, succeeded: bool = True, amiss: bool = True
) -> None:
    """When it runs again. `amiss`: a case may be open of it, which the next run that goes through closes; most have none, and need not look."""
    rests = timedelta(seconds=wait_s or 0)
    next_at = (
        now + rests if flow in schedule.DRAINS else schedule.next_run(flow, joined.connection_id, now, wait_s=wait_s)
    )
    before = joined.cursors.find(f"run.{flow}") or {}
    done_at = now.isoformat() if succeeded else before.get("succeeded")
    value = {"next": next_at.isoformat(), "succeeded": done_at}
    joined.cursors.save(f"run.{flow}", {name: at for name, at in value.items() if at} | {"amiss": amiss}, now)
