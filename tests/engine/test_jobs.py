"""The worker's loop on real PostgreSQL: a database that is away when it starts, or starts again, is waited for."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field

from crossdock.engine.jobs import Wakeups, Work
from crossdock.errors import StoreError

PATIENCE_S = 30.0


@dataclass
class Outage:
    """What is due, as after an outage: the first look fails. `done` is set when the work is run."""

    looks: list[int] = field(default_factory=list)
    done: threading.Event = field(default_factory=threading.Event)

    def due(self) -> Iterable[tuple[str, str]]:
        """One flow, from the second look on."""
        self.looks.append(1)
        if len(self.looks) == 1:
            message = "the database does not answer: PoolTimeout"
            raise StoreError(message)
        return [("eu", "ingest_orders")]

    def run(self, connection_id: str, flow: str) -> tuple[str, ...]:
        """The flow is run."""
        assert (connection_id, flow) == ("eu", "ingest_orders")
        self.done.set()
        return ()


def test_database_that_is_away_at_the_start_is_waited_for(addresses: tuple[str, str]) -> None:
    """The first look for what is due fails, as after an outage; the worker looks again and does the work."""
    outage = Outage()
    wakeups = Wakeups(addresses[0], Work(run=outage.run, due=outage.due))
    worker = threading.Thread(target=wakeups.work, daemon=True)

    worker.start()
    worked = outage.done.wait(PATIENCE_S)
    wakeups.stop()
    worker.join(PATIENCE_S)

    assert (worked, worker.is_alive()) == (True, False)
