"""A pooled database connection: one that the server closed is never handed out, and one that it did not close costs no question."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from crossdock.store.database import Database
from crossdock.store.embedded import Embedded


@pytest.fixture
def single(addresses: tuple[str, str]) -> Iterator[Database]:
    """A pool of one connection."""
    database = Database(addresses[0], size_max=1)
    database.open()
    yield database
    database.close()


def backend(database: Database) -> int:
    """The server's process behind the connection a transaction is given."""
    with database.transaction(["eu"]) as transaction:
        return int(transaction.execute("select pg_backend_pid()").fetchone()[0])  # type: ignore[index]


def test_connection_that_the_server_closed_is_replaced(embedded_server: Embedded, single: Database) -> None:
    """Nobody who needs a transaction hears of a session that an administrator ended while it lay in the pool."""
    before = backend(single)
    with psycopg.connect(embedded_server.admin_url, autocommit=True) as admin:
        admin.execute("select pg_terminate_backend(%s, 5000)", [before])

    assert backend(single) != before


def test_connection_that_lies_in_the_pool_is_not_asked(single: Database, capfd: pytest.CaptureFixture[str]) -> None:
    """Between two transactions nothing is sent to the server: what libpq traces of the second begins with its own first statement."""
    with single.transaction(["eu"]) as transaction:
        transaction.pgconn.trace(2)
        transaction.pgconn.set_trace_flags(psycopg.pq.Trace.SUPPRESS_TIMESTAMPS)
    capfd.readouterr()

    backend(single)

    sent = [line.split("\t")[2:] for line in capfd.readouterr().err.splitlines() if line.startswith("F\t")]
    assert sent[0][0] == "Query"
    assert "BEGIN" in sent[0][1]
