"""The composition root: settings and policy in, a running Crossdock out. Owns the real clock.

With `joined.py`, the only module that names concrete classes.
"""

from __future__ import annotations

import base64
import os
import secrets
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TypeVar

import httpx2

from crossdock import events
from crossdock.domain.case import Case
from crossdock.engine import schedule
from crossdock.engine.drain import BATCHES_MAX, CONNECTION_RECORD
from crossdock.engine.jobs import Wakeups, Work
from crossdock.errors import ConfigError, DataError, Rejected, StoreError, Unauthorized, Unavailable
from crossdock.flows.check_days import CLOSED_AFTER, is_closed
from crossdock.joined import HTTP_TIMEOUT, INGEST, Joined, Outside
from crossdock.policy import Policy, find_connection_ids, load_policy
from crossdock.settings import MASTER_KEY_BYTES, Settings, load_connection_secrets, load_settings
from crossdock.store import embedded
from crossdock.store.database import Database, migrate
from crossdock.store.due import next_due_flows

MASTER_KEY_FILE = "master.key"
# A connection's calls run on the drain's threads; a few more for pages of the desk.
HTTP_CONNECTIONS_MAX = 16
# How often a queue of notifications is asked, where it does not wait by itself.
QUEUE_PAUSE_S = 1.0

T = TypeVar("T")
Receive = Callable[[], list[bytes]]


def now() -> datetime:
    """The real time, in UTC."""
    return datetime.now(UTC)


def http_client() -> httpx2.Client:
    """A client with time-outs; TLS is verified, always."""
    limits = httpx2.Limits(max_connections=HTTP_CONNECTIONS_MAX, max_keepalive_connections=HTTP_CONNECTIONS_MAX)
    return httpx2.Client(timeout=HTTP_TIMEOUT, limits=limits, follow_redirects=False)


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the database is, and where our own data lies."""

    app_url: str
    owner_url: str | None
    data_dir: Path


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
        joined = self.joined[connection_id]
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

    def work(self, stop: threading.Event, queues: Mapping[str, Receive] | None = None) -> None:
        """Work until `stop` is set: wake-ups from the database, notifications from the queues given by connection."""
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


@contextmanager
def open_app(
    environment: Mapping[str, str] = os.environ,
    *,
    clock: Callable[[], datetime] = now,
    http: Callable[[], httpx2.Client] = http_client,
) -> Iterator[App]:
    """Everything from the environment: settings, policy, database, connections. ConfigError with every problem there is."""
    problems: list[str] = []
    settings = _collect(lambda: load_settings(environment), problems)
    policy_path = settings.policy_path if settings else Path(environment.get("CROSSDOCK_POLICY", "crossdock.toml"))
    policy = _collect(lambda: load_policy(policy_path), problems)
    for connection_id in find_connection_ids(policy_path):
        _collect(partial(load_connection_secrets, environment, connection_id), problems)
    if settings is None or policy is None or problems:
        raise ConfigError(problems)
    with ExitStack() as stack:
        addresses = stack.enter_context(open_addresses(settings))
        if not settings.master_keys:
            settings = replace(settings, master_keys=(read_master_key(addresses.data_dir),))
        if addresses.owner_url is not None:
            migrate(addresses.owner_url, addresses.app_url)
        database = Database(addresses.app_url)
        database.open()
        stack.callback(database.close)
        app = App(settings, policy, environment, database=database, outside=Outside(http, clock))
        stack.callback(app.close)
        yield app


@contextmanager
def open_addresses(settings: Settings) -> Iterator[Addresses]:
    """The database the settings name, or our own, started here or attached to."""
    data_dir = embedded.default_data_dir()
    if settings.database_url is not None:
        yield Addresses(settings.database_url, settings.owner_database_url, data_dir)
        return
    with embedded.running(data_dir, version=settings.postgres_version) as server:
        yield Addresses(server.app_url, server.owner_url, data_dir)


def read_master_key(data_dir: Path) -> bytes:
    """The master key that `crossdock init` wrote beside our own database; ConfigError where there is none."""
    path = data_dir / MASTER_KEY_FILE
    try:
        return base64.b64decode(path.read_text())
    except OSError as fault:
        raise ConfigError(
            [f"CROSSDOCK_MASTER_KEY: missing, and {path} cannot be read; run `crossdock init`"]
        ) from fault


def write_master_key(data_dir: Path) -> Path:
    """Make the master key where there is none; readable by its owner alone."""
    path = data_dir / MASTER_KEY_FILE
    if not path.exists():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(base64.b64encode(secrets.token_bytes(MASTER_KEY_BYTES)).decode())
    return path


def _collect(read: Callable[[], T], problems: list[str]) -> T | None:
    try:
        return read()
    except ConfigError as fault:
        problems += fault.problems
        return None
