"""What is due, over many connections in two statements: an idle worker asks this every few seconds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from crossdock.store.database import Database


def next_due_flows(
    database: Database, connection_ids: Sequence[str], flows: Sequence[str], now: datetime
) -> tuple[dict[str, dict[str, datetime]], frozenset[tuple[str, str]]]:
    """When each routine runs next, by connection and name; and the (connection, flow) with records due, of these flows."""
    with database.transaction(connection_ids) as transaction:
        runs = transaction.execute(
            "select connection_id, substr(name, 5), value ->> 'next' from cursors where connection_id = any(%s) and name like 'run.%%'",
            [list(connection_ids)],
        ).fetchall()
        due = transaction.execute(
            """
            select c, f from unnest(%s::text[]) c cross join unnest(%s::text[]) f
            where exists (select from inbox where connection_id = c and flow = f and due_at <= %s)
            """,
            [list(connection_ids), list(flows), now],
        ).fetchall()
    next_runs: dict[str, dict[str, datetime]] = {}
    for connection_id, name, at in runs:
        next_runs.setdefault(connection_id, {})[name] = datetime.fromisoformat(at)
    return next_runs, frozenset((row[0], row[1]) for row in due)
