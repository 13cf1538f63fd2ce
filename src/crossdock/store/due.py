"""What is due, over many connections in two statements: an idle worker asks this every few seconds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from crossdock.store.database import Database


def next_due_flows(
    database: Database, connection_ids: Sequence[str], flow: str, now: datetime
) -> tuple[dict[str, dict[str, datetime]], frozenset[str]]:
    """When each routine runs next, by connection and name; and the connections with records due in `flow`."""
    with database.transaction(connection_ids) as transaction:
        runs = transaction.execute(
            "select connection_id, substr(name, 5), value ->> 'next' from cursors where connection_id = any(%s) and name like 'run.%%'",
            [list(connection_ids)],
        ).fetchall()
        due = transaction.execute(
            """
            select c from unnest(%s::text[]) c
            where exists (select from inbox where connection_id = c and flow = %s and due_at <= %s)
            """,
            [list(connection_ids), flow, now],
        ).fetchall()
    next_runs: dict[str, dict[str, datetime]] = {}
    for connection_id, name, at in runs:
        next_runs.setdefault(connection_id, {})[name] = datetime.fromisoformat(at)
    return next_runs, frozenset(row[0] for row in due)
