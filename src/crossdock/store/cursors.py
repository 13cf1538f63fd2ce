"""How far each search has read: a mark that moves only after everything before it is in the inbox."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from crossdock.store.database import Database


class Cursors:
    """The marks of one connection, each a small JSON object under a name."""

    def __init__(self, database: Database, connection_id: str) -> None:
        """Bind to one connection."""
        self._database = database
        self._connection_id = connection_id

    def find(self, name: str) -> dict[str, Any] | None:
        """The mark, or None where nothing was read yet."""
        with self._database.transaction([self._connection_id]) as transaction:
            row = transaction.execute(
                "select value from cursors where connection_id = %s and name = %s", [self._connection_id, name]
            ).fetchone()
        return row[0] if row else None

    def save(self, name: str, value: Mapping[str, Any], now: datetime) -> None:
        """Move the mark; repeating is safe."""
        with self._database.transaction([self._connection_id]) as transaction:
            transaction.execute(
                """
                insert into cursors values (%s, %s, %s, %s)
                on conflict (connection_id, name) do update set value = excluded.value, updated_at = excluded.updated_at
                """,
                [self._connection_id, name, Jsonb(dict(value)), now],
            )
