"""All connections of one process: which flow is due, one run of a flow, and the worker that goes on until it is stopped.

Part of the composition root (`start_up.py`).
"""

from __future__ import annotations

import gc
import secrets
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta

from crossdock import events
from crossdock.domain.case import Case
from crossdock.doors import Outside
from crossdock.engine import schedule
from crossdock.engine.drain import BATCHES_MAX, CONNECTION_RECORD
from crossdock.engine.jobs import Wakeups, Work
from crossdock.errors import ConfigError, DataError, Rejected, StoreError, Unauthorized, Unavailable
from crossdock.flows.check_days import CLOSED_AFTER, is_closed
from crossdock.joined import INGEST, Joined
from crossdock.policy import Policy
from crossdock.settings import Settings, load_connection_secrets
from crossdock.store.database import Database
from crossdock.store.due import next_due_flows

# How often a queue of notifications is asked, where it does not wait by itself.
QUEUE_PAUSE_S = 1.0

Receive = Callable[[], list[bytes]]


class App:
    """All connections of one process."""

    def __init__(
        self,
        settings: Settings,
        policy: Policy,
        environment: Mapping[str, str],
        *,
        database: Database,
        outside: Outside,
    ) -> None:
        """Wire every connection; ConfigError with every secret that is missing."""
        self.settings = settings
        self.policy = policy
        self.database = database
        self.clock = outside.clock
        self.joined: dict[str, Joined] = {}
        problems: list[str] = []
        for connection in policy.connections:
            try:
                connection_secrets = load_connection_secrets(environment, connection.connection_id)
            except ConfigError as fault:
                problems += fault.problems
                continue
            self.joined[connection.connection_id] = Joined(
                connection,
                connection_secrets,
                database=database,
                master_keys=settings.master_keys,
                owners=dict(policy.owners),
                outside=outside,
            )
        if problems:
            raise ConfigError(problems)
        self.connection_ids = list(self.joined)

    def check_prefixes(self) -> None:
        """ConfigError where an order number's prefix was changed after the first import: every order would be taken for vanished."""
        problems: list[str] = []
        for joined in self.joined.values():
            try:
                joined.check_prefix()
            except ConfigError as fault:
                problems += fault.problems
        if problems:
            raise ConfigError(problems)

    def close(self) -> None:
        """Give sockets back."""
        for joined in self.joined.values():
            joined.close()

    def due(self) -> Iterable[tuple[str, str]]:
        """The (connection, flow) that are due now."""
        moment = self.clock()
        next_runs, with_due_records = next_due_flows(self.database, self.connection_ids, INGEST, moment)
        for connection_id in self.connection_ids:
            for name in schedule.due_routines(next_runs.get(connection_id, {}), moment):
                yield connection_id, name
            paused_until = next_runs.get(connection_id, {}).get(INGEST)
            if connection_id in with_due_records and (paused_until is None or paused_until <= moment):
                yield connection_id, INGEST

    def run(self, connection_id: str, flow: str) -> Sequence[str]:
        """One wake-up of one flow; answers the flows to wake next. A platform's fault is put back here, our database's goes up."""
        joined = self.joined.get(connection_id)
        if joined is None:
            # Another worker on this database has a policy with more connections; its wake-ups are its own.
            return ()
        events.bind(connection_id=connection_id, correlation_id=secrets.token_hex(8))
        wait_s: float | None = None
        follows: Sequence[str] = ()
        try:
            follows = self._run(joined, flow)
        except Unavailable as fault:
            wait_s = fault.retry_after_s or schedule.PAUSE.total_seconds()
            events.emit(
                "flow.put_back", flow=flow, operation=fault.operation, request_id=fault.request_id, wait_s=round(wait_s)
            )
        except Unauthorized as fault:
            self._pause(joined, flow, fault)
            return ()
        except (Rejected, DataError) as fault:
            self._refused(joined, flow, fault)
            return ()
        except StoreError as fault:
            events.emit("store.unavailable", flow=flow, reason=str(fault))
            raise
        if flow != INGEST:
            self._note_run(joined, flow, wait_s)
            joined.inbox.clear_case(flow, "connection.refused", self.clock())
        return follows

    def _run(self, joined: Joined, flow: str) -> Sequence[str]:
        if flow == schedule.DISCOVER:
            news = joined.discover()
            joined.inbox.clear_case(CONNECTION_RECORD, "connection.unauthorized", self.clock())
            return (INGEST,) if news else ()
        elif flow == schedule.FENCE:
            joined.check_fence()
        elif flow == schedule.ERASE:
            joined.erase()
        elif flow == schedule.DAYS:
            self.check_days(joined)
        else:
            assert flow == INGEST, f"no flow is called {flow}"
            report = joined.drain(batches=BATCHES_MAX)
            if report.paused is not None:
                self._pause(joined, flow, report.paused)
        return ()

    def one_pass(self, joined: Joined) -> dict[str, int]:
        """What a worker does between two ticks, once: fetch, import, and whatever runs by the clock and is due. For cron."""
        try:
            news = joined.discover()
        except (Rejected, DataError) as fault:
            self._refused(joined, schedule.DISCOVER, fault)
            raise
        self._note_run(joined, schedule.DISCOVER, None)
        report = joined.drain()
        due = {flow for connection_id, flow in self.due() if connection_id == joined.connection_id}
        for flow in (schedule.FENCE, schedule.DAYS):
            if flow in due:
                self.run(joined.connection_id, flow)
        erased, _ = joined.erase()
        self._note_run(joined, schedule.ERASE, None)
        return {
            "news": news,
            "settled": report.settled,
            "put_back": report.put_back,
            "cases": report.cases,
            "erased": len(erased),
        }

    def check_days(self, joined: Joined) -> None:
        """Prove yesterday, once, after the ordinary search has passed it."""
        moment = self.clock()
        day = (moment - timedelta(days=1)).date()
        name = f"orders.proven.{day.isoformat()}"
        searched = joined.searched_until()
        if (
            searched is None
            or not is_closed(day, min(moment, searched + CLOSED_AFTER))
            or joined.cursors.find(name) is not None
        ):
            return
        check = joined.check_day(day)
        if check.position is None:
            events.emit(
                "day.checked",
                day=day.isoformat(),
                on_amazon=check.on_amazon,
                in_commercetools=check.in_commercetools,
                out_of_scope=check.out_of_scope,
                waiting=check.waiting,
                missing=check.found_missing,
            )
            joined.note_day(check)
            joined.cursors.save(name, {"proven": check.is_proven()}, moment)

    def _pause(self, joined: Joined, flow: str, fault: Unauthorized) -> None:
        """One case for the connection; its flow rests a few minutes and goes on by itself."""
        events.emit(
            "connection.paused", flow=flow, operation=fault.operation, code=fault.code, request_id=fault.request_id
        )
        facts = {"flow": flow, "operation": fault.operation, "code": fault.code, "request_id": fault.request_id}
        case = Case("connection.unauthorized", {name: value for name, value in facts.items() if value})
        joined.inbox.raise_case(CONNECTION_RECORD, case, self.clock())
        self._note_run(joined, flow, schedule.PAUSE.total_seconds(), succeeded=False)

    def _refused(self, joined: Joined, flow: str, fault: Rejected | DataError) -> None:
        """One case for the routine; it is tried again at its next time."""
        told = (
            {"code": fault.code, "request_id": fault.request_id}
            if isinstance(fault, Rejected)
            else {"where": fault.where}
        )
        operation = fault.operation if isinstance(fault, Rejected) else ""
        events.emit("flow.failed", flow=flow, error=type(fault).__name__, place=operation)
        facts = {"routine": flow, "operation": operation, **told}
        case = Case("connection.refused", {name: value for name, value in facts.items() if value})
        joined.inbox.raise_case(flow, case, self.clock())
        self._note_run(joined, flow, None, succeeded=False)

    def _note_run(self, joined: Joined, flow: str, wait_s: float | None, *, succeeded: bool = True) -> None:
        moment = self.clock()
        every = (
            moment + timedelta(seconds=wait_s or 0)
            if flow == INGEST
            else schedule.next_run(flow, moment, wait_s=wait_s)
        )
        value = {"next": every.isoformat()}
        if succeeded and wait_s is None:
            value["succeeded"] = moment.isoformat()
        else:
            value |= (
                {"succeeded": found["succeeded"]}
                if "succeeded" in (found := joined.cursors.find(f"run.{flow}") or {})
                else {}
            )
        joined.cursors.save(f"run.{flow}", value, moment)

    def spare_the_collector(self) -> None:
        """For a process that works for days: what is loaded stays, and the collector looks seldom at the many short-lived orders.

        Measured with `make bench-orders` on a busy machine, two runs each: 2.0 and 2.2 ms of CPU an order without, 1.6 and 2.0 ms with.
        """
        gc.collect()
        gc.freeze()
        gc.set_threshold(100_000, 50, 100)

    def work(self, stop: threading.Event, queues: Mapping[str, Receive] | None = None) -> None:
        """Work until `stop` is set: wake-ups from the database, notifications from the queues given by connection."""
        self.spare_the_collector()
        wakeups = Wakeups(self.database.app_url, Work(run=self.run, due=self.due))
        listeners = [
            threading.Thread(target=self._listen, args=(connection_id, receive, stop, wakeups), daemon=True)
            for connection_id, receive in (queues or {}).items()
        ]
        worker = threading.Thread(target=wakeups.work, name="worker", daemon=True)
        for thread in (worker, *listeners):
            thread.start()
        events.emit("worker.started", connections=len(self.joined))
        stop.wait()
        wakeups.stop()
        worker.join()
        events.emit("worker.stopped", reason="asked to stop")

    def _listen(self, connection_id: str, receive: Receive, stop: threading.Event, wakeups: Wakeups) -> None:
        """Notifications only make things faster: whatever fails here is found by the sweep."""
        waiting: list[bytes] = []
        events.bind(connection_id=connection_id)
        while not stop.is_set():
            waiting += receive()
            try:
                if waiting and self.joined[connection_id].take_notifications(waiting):
                    wakeups.wake(connection_id, INGEST)
                waiting = []
            except (Unavailable, Unauthorized, StoreError) as fault:
                events.emit(
                    "flow.put_back",
                    flow="notifications",
                    operation=getattr(fault, "operation", ""),
                    request_id="",
                    wait_s=0,
                )
            stop.wait(QUEUE_PAUSE_S)
