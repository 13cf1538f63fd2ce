"""The Procrastinate app: wake-ups, one running and one waiting per (connection, flow), on any number of worker processes.

A job is a wake-up, not a record: the state of the work is in the inbox, so a lost or doubled wake-up changes nothing. This is the one file with
`async` in it, because Procrastinate's takeover calls exist in that colour only.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import procrastinate
import psycopg
import psycopg_pool
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from procrastinate.jobs import Status

from crossdock import events, quiet
from crossdock.engine.schedule import DRAINS
from crossdock.errors import StoreError

WAKE = "wake"
# A worker that has not been heard of for so long is dead; with the tick below, its work is taken over well within a minute.
HEARTBEAT_S = 5.0
DEAD_AFTER_S = 20.0
# Every ten seconds: the sixth column is the seconds.
TICK_CRON = "* * * * * */10"
# Wake-ups of so many connections at once in one process: each drain has its own threads.
CONCURRENCY = 4
# How long a worker waits before it looks for the database again.
REOPEN_S = 2.0
# NOTIFY wakes workers at once, except for a wake-up that waited for the lock of one that ran: nothing tells when that is over. One query of a worker each
# time, whatever the number of connections; at 15 s, a change that came while a drain was ending waited for the next tick (seen: 8 s at p95).
POLL_S = 1.0


@dataclass(frozen=True, slots=True)
class Work:
    """What the engine runs, handed in by `app`.

    `run(connection_id, flow)` does one wake-up and answers the flows to wake next; `due()` lists the (connection, flow) that are due now.
    """

    run: Callable[[str, str], Sequence[str]]
    due: Callable[[], Iterable[tuple[str, str]]]


class Wakeups:
    """The wake-ups of one database."""

    def __init__(self, app_url: str, work: Work) -> None:
        """`app_url`: the application's role, the same as the store's."""
        self._work = work
        kwargs = {"options": "-c search_path=procrastinate"}
        self._connector = procrastinate.PsycopgConnector(
            conninfo=app_url, kwargs=kwargs, min_size=1, max_size=CONCURRENCY + 3, pool_factory=_pool
        )
        self._app = procrastinate.App(connector=self._connector)
        self._wake = self._app.task(name=WAKE)(self._run)
        tick = self._app.task(name="tick", queueing_lock="tick")(self._tick)
        self._app.periodic(cron=TICK_CRON)(tick)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._main: asyncio.Task[None] | None = None
        self._stop = threading.Event()

    def work(self, on_ready: Callable[[], None] = lambda: None) -> None:
        """Work until `stop`; a database that goes away is waited for."""
        on_ready()
        while not self._stop.is_set():
            try:
                asyncio.run(self._work_once())
            except (ConnectorException, psycopg.OperationalError, StoreError, OSError) as fault:
                events.emit("store.unavailable", flow="worker", reason=type(fault).__name__)
                self._stop.wait(REOPEN_S)

    def stop(self) -> None:
        """End `work` from another thread: running records are finished, the rest stays due."""
        self._stop.set()
        loop, main = self._loop, self._main
        if loop is not None and main is not None:
            loop.call_soon_threadsafe(main.cancel)

    async def _work_once(self) -> None:
        self._loop = asyncio.get_running_loop()
        async with self._app.open_async():
            await self._defer_due()
            self._main = asyncio.ensure_future(
                self._app.run_worker_async(
                    concurrency=CONCURRENCY,
                    install_signal_handlers=False,
                    delete_jobs="always",
                    fetch_job_polling_interval=POLL_S,
                    update_heartbeat_interval=HEARTBEAT_S,
                    stalled_worker_timeout=DEAD_AFTER_S,
                    shutdown_graceful_timeout=30.0,
                )
            )
            if self._stop.is_set():
                self._main.cancel()
            try:
                await self._main
            except asyncio.CancelledError:
                if not self._stop.is_set():
                    raise

    def wake(self, connection_id: str, flow: str) -> None:
        """Ask for a run of this flow from another thread; one that waits already is enough."""
        loop = self._loop
        if loop is not None and loop.is_running():
            asyncio.run_coroutine_threadsafe(self._defer(connection_id, flow), loop).result()

    async def _run(self, connection_id: str, flow: str) -> None:
        """One wake-up, on a thread of its own; what follows from it is a wake-up too, so that others have their turn in between."""
        for follows in await asyncio.to_thread(self._work.run, connection_id, flow):
            await self._defer(connection_id, follows)

    async def _tick(self, timestamp: int) -> None:
        """Take over what dead workers held, then wake whatever is due."""
        del timestamp
        await self._take_over()
        await self._defer_due()

    async def _take_over(self) -> None:
        """Finish the jobs of dead workers as failed, one by one. Retrying them would break the queueing lock of the one that waits."""
        stalled = list(await self._app.job_manager.get_stalled_jobs(seconds_since_heartbeat=DEAD_AFTER_S))
        for job in stalled:
            try:
                assert job.id is not None, "a stored job without an id"
                await self._app.job_manager.finish_job_by_id_async(job_id=job.id, status=Status.FAILED, delete_job=True)
            except ConnectorException:
                continue
        if stalled:
            events.emit("worker.takeover", jobs=len(stalled))

    async def _defer_due(self) -> None:
        for connection_id, flow in await asyncio.to_thread(lambda: list(self._work.due())):
            await self._defer(connection_id, flow)

    async def _defer(self, connection_id: str, flow: str) -> None:
        name = f"{connection_id}/{flow}"
        arguments: dict[str, Any] = {"connection_id": connection_id, "flow": flow}
        try:
            # What has records due goes before what looks for some: a hundred connections' routines, due together, held a change up for 17 s (measured).
            priority = 1 if flow in DRAINS else 0
            await self._wake.configure(lock=name, queueing_lock=name, priority=priority).defer_async(**arguments)
        except AlreadyEnqueued:
            return


def _pool(**arguments: Any) -> psycopg_pool.AsyncConnectionPool:
    """Procrastinate's pool, without its round trip before every statement."""
    return psycopg_pool.AsyncConnectionPool(**(arguments | {"check": _check}))


async def _check(connection: psycopg.AsyncConnection) -> None:
    """Ask only a connection whose server said something."""
    if not quiet.is_quiet(connection.pgconn.socket):
        await psycopg_pool.AsyncConnectionPool.check_connection(connection)
