"""What the inbox knows of Amazon's orders that a settlement names: when each was made."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from crossdock.domain.ids import AmazonOrderId, ConnectionId, order_id_of, order_number_of
from crossdock.store.database import Database


class KnownOrderStore:
    """The orders of one connection, by number (`order_number_of`)."""

    def __init__(self, database: Database, connection_id: ConnectionId, flow: str) -> None:
        """Bind to one connection, and to the flow that brings orders in."""
        self._database = database
        self._connection_id = connection_id
        self._flow = flow

    def made_at(self, orders: Collection[int]) -> Mapping[int, datetime]:
        """When these orders were made, of those that are known."""
        ids = [order_id_of(number) for number in orders]
        with self._database.transaction([self._connection_id]) as transaction:
            rows = transaction.execute(
                "select record_id, created_at from inbox where connection_id = %s and flow = %s and record_id = any(%s)",
                [self._connection_id, self._flow, ids],
            ).fetchall()
        return {order_number_of(AmazonOrderId(record_id)): made_at for record_id, made_at in rows}

    def were_made(self, since: datetime, until: datetime) -> bool:
        """Whether any order of that time is known."""
        with self._database.transaction([self._connection_id]) as transaction:
            row = transaction.execute(
                "select from inbox where connection_id = %s and flow = %s and created_at between %s and %s limit 1",
                [self._connection_id, self._flow, since, until],
            ).fetchone()
        return row is not None
