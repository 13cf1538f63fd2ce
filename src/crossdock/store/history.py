"""History: one line for everything that happened to a record. It is only ever added to; the application may not change or delete it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from psycopg.types.json import Jsonb

from crossdock.domain.timeline import Event
from crossdock.store.database import Transaction


def write_events(
    transaction: Transaction,
    connection_id: str,
    flow: str,
    *,
    found: Sequence[tuple[str, Sequence[Event]]],
    now: datetime,
) -> None:
    """Add the events of each record."""
    rows = [
        (connection_id, flow, record_id, now, event.code, Jsonb(dict(event.facts)))
        for record_id, events in found
        for event in events
    ]
    if rows:
        transaction.cursor().executemany(
            "insert into history (connection_id, flow, record_id, at, code, facts) values (%s, %s, %s, %s, %s, %s)",
            rows,
        )
