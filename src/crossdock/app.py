"""All connections of one process: which flow is due, one pass over what is due, and the worker that goes on until it is stopped.

Part of the composition root (`start_up.py`).
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager

from crossdock import doors, events
from crossdock.doors import Outside
from crossdock.engine import schedule
from crossdock.engine.jobs import Wakeups, Work
from crossdock.engine.listen import Receive, listen
from crossdock.engine.schedule import INGEST
from crossdock.errors import ConfigError
from crossdock.joined import Joined
from crossdock.policy import Policy
from crossdock.queues import Queue
from crossdock.routines import Ran, run_routine, take_messages
from crossdock.settings import ConnectionSecrets, Settings, load_connection_secrets
from crossdock.store.database import Database
from crossdock.store.due import next_due_flows

# How soon a worker that broke ends its process.
LOOK_S = 1.0
# So long a listener is waited for: the long poll it is in, and what it took out of it.
LISTENERS_END_S = 10.0


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
        self._secrets: dict[str, ConnectionSecrets] = {}
        problems: list[str] = []
        for connection in policy.connections:
            try:
                connection_secrets = load_connection_secrets(environment, connection.connection_id)
            except ConfigError as fault:
                problems += fault.problems
                continue
            self._secrets[connection.connection_id] = connection_secrets
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
        """ConfigError where what the first import fixed was changed: every order would be taken for vanished, or its units leave the stock twice."""
        problems: list[str] = []
        for joined in self.joined.values():
            try:
                joined.check_prefix()
                if joined.stock is not None:
                    joined.stock.check_claims(joined.links.imported_since)
            except ConfigError as fault:
                problems += fault.problems
        if problems:
            raise ConfigError(problems)

    def close(self) -> None:
        """Give sockets back."""
        for joined in self.joined.values():
            joined.close()

    @contextmanager
    def open_queues(self, connection_ids: Iterable[str]) -> Iterator[dict[str, list[Queue]]]:
        """The queues of these connections; nothing is asked of them yet. ConfigError where one cannot be asked here."""
        with ExitStack() as stack:
            opened: dict[str, list[Queue]] = {}
            for connection_id in connection_ids:
                opened[connection_id] = doors.queues(self.joined[connection_id].policy, self._secrets[connection_id])
                for queue in opened[connection_id]:
                    stack.enter_context(closing(queue))
            yield opened

    def due(self) -> Iterable[tuple[str, str]]:
        """The (connection, flow) that are due now."""
        moment = self.clock()
        next_runs, with_due_records = next_due_flows(self.database, self.connection_ids, schedule.DRAINS, moment)
        for connection_id, joined in self.joined.items():
            runs, with_stock = next_runs.get(connection_id, {}), joined.stock is not None
            for name in schedule.due_routines(
                runs, moment, with_stock=with_stock, with_finance=joined.finance is not None
            ):
                yield connection_id, name
            for flow in schedule.DRAINS:
                paused_until = runs.get(flow)
                is_ours = {schedule.PUSH: with_stock, schedule.MATCH: joined.payments is not None}.get(flow, True)
                if (
                    is_ours
                    and (connection_id, flow) in with_due_records
                    and (not paused_until or paused_until <= moment)
                ):
                    yield connection_id, flow

    def run(self, connection_id: str, flow: str) -> Sequence[str]:
        """One wake-up of one flow; answers the flows to wake next. Whatever goes wrong ends here, with a next time; only our database's fault goes up."""
        joined = self.joined.get(connection_id)
        # Another worker on this database has a policy with more connections; its wake-ups are its own.
        return () if joined is None else run_routine(joined, flow, self.clock).follows

    def one_pass(self, joined: Joined) -> dict[str, Ran]:
        """What a worker does between two ticks, once: fetch, import, and whatever runs by the clock and is due. For cron.

        What one routine meets stops no other; the answer says of each what it did, and what it met.
        """
        ran: dict[str, Ran] = {}
        wanted = {schedule.DISCOVER, INGEST}
        # What finds work comes before what does it, and what is due is asked again once it was found.
        for flows in schedule.PASS:
            due = {flow for connection_id, flow in self.due() if connection_id == joined.connection_id} | wanted
            for flow in flows:
                if flow in due:
                    ran[flow] = run_routine(joined, flow, self.clock)
                    wanted |= set(ran[flow].follows) - {flow}
        return ran | {schedule.ERASE: run_routine(joined, schedule.ERASE, self.clock)}

    def spare_the_collector(self) -> None:
        """For a process that works for days: what is loaded stays, and the collector looks seldom at the many short-lived orders.

        Measured with `make bench-orders` on a busy machine, two runs each: 2.0 and 2.2 ms of CPU an order without, 1.6 and 2.0 ms with.
        """
        gc.collect()
        gc.freeze()
        gc.set_threshold(100_000, 50, 100)

    def work(self, stop: threading.Event, queues: Mapping[str, Sequence[Receive]] | None = None) -> None:
        """Work until `stop` is set: wake-ups from the database, notifications from the queues given by connection."""
        self.spare_the_collector()
        wakeups = Wakeups(self.database.app_url, Work(run=self.run, due=self.due))
        listeners = [
            threading.Thread(target=self._listen, args=(connection_id, receive, stop, wakeups), daemon=True)
            for connection_id, of_connection in (queues or {}).items()
            for receive in of_connection
        ]
        for thread in listeners:
            thread.start()
        with ThreadPoolExecutor(1, thread_name_prefix="worker") as pool:
            working = pool.submit(wakeups.work)
            events.emit("worker.started", connections=len(self.joined))
            # A worker that breaks ends the process, loudly: one that only looks alive would be missed by nobody.
            while not stop.wait(LOOK_S) and not working.done():
                pass
            wakeups.stop()
            working.result()
        for thread in listeners:
            thread.join(LISTENERS_END_S)
        events.emit("worker.stopped", reason="asked to stop")

    def _listen(self, connection_id: str, receive: Receive, stop: threading.Event, wakeups: Wakeups) -> None:
        """What a queue of notifications hints at is read, and its flow woken."""
        events.bind(connection_id=connection_id)

        def take(messages: Sequence[bytes]) -> None:
            for flow in take_messages(self.joined[connection_id], messages):
                wakeups.wake(connection_id, flow)

        listen(receive, take, stop)
