"""History: one line for everything that happened to a record. It is only ever added to; the application may not change or delete it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from crossdock.domain.timeline import Event
from crossdock.store.database import Transaction, as_json


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
        {"record_id": record_id, "code": event.code, "facts": dict(event.facts)}
        for record_id, events in found
        for event in events
    ]
    if rows:
        # One statement for all, in their order: one for each cost a twentieth of the worker's CPU (measured).
        transaction.execute(
            """
            insert into history (connection_id, flow, record_id, at, code, facts)
            select %s, %s, row ->> 'record_id', %s, row ->> 'code', row -> 'facts'
            from jsonb_array_elements(%s::jsonb) with ordinality as found (row, place) order by place
            """,
            [connection_id, flow, now, as_json(rows)],
        )
