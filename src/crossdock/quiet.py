"""Whether a database connection that lay in a pool is worth a question before it is used.

A pool asks the server of each connection it hands out, a round trip before every transaction. One that the server closed shows it without: its socket has
something to read, which one that was asked nothing has not.
"""

from __future__ import annotations

import select

import psycopg
from psycopg_pool import ConnectionPool


def check(connection: psycopg.Connection) -> None:
    """As `ConnectionPool` checks, where there is reason to: psycopg.OperationalError for a connection that is gone."""
    if not is_quiet(connection.pgconn.socket):
        ConnectionPool.check_connection(connection)


def is_quiet(descriptor: int) -> bool:
    """Whether the other end said nothing, neither a notice nor good-bye. `poll` and not `select`, which knows the first 1024 descriptors only."""
    look = select.poll()
    look.register(descriptor, select.POLLIN)
    return not look.poll(0)
