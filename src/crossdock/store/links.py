"""Links: which commercetools order an Amazon order became. They are written with the outcome of a run, by `records.py`."""

from __future__ import annotations

from datetime import datetime

from crossdock.domain.ids import OrderNumber
from crossdock.store.database import Database


class Links:
    """The links of one flow of one connection."""

    def __init__(self, database: Database, connection_id: str, flow: str) -> None:
        """Bind to one connection and flow."""
        self._database = database
        self._connection_id = connection_id
        self._flow = flow

    def is_numbered(self, prefix: str) -> bool:
        """Whether what was imported stands in commercetools under this prefix; also where nothing was imported yet."""
        with self._database.transaction([self._connection_id]) as transaction:
            row = transaction.execute(
                "select order_number = %s || record_id from links where connection_id = %s limit 1",
                [prefix, self._connection_id],
            ).fetchone()
        return row is None or bool(row[0])

    def imported_since(self, at: datetime) -> bool:
        """Whether an order that the merchant ships, made from then on, is in commercetools."""
        with self._database.transaction([self._connection_id]) as transaction:
            row = transaction.execute(
                """
                select exists (
                    select from inbox i join links l on l.connection_id = i.connection_id and l.record_id = i.record_id
                    where i.connection_id = %s and i.flow = %s and i.fulfilled_by = 'MERCHANT' and i.created_at >= %s
                )
                """,
                [self._connection_id, self._flow, at],
            ).fetchone()
        return row is not None and bool(row[0])

    def fba_numbers(self, limit: int) -> list[OrderNumber]:
        """The order numbers of the newest orders that Amazon ships and that are in commercetools."""
        with self._database.transaction([self._connection_id]) as transaction:
            found = transaction.execute(
                """
                select l.order_number from inbox i join links l on l.connection_id = i.connection_id and l.record_id = i.record_id
                where i.connection_id = %s and i.flow = %s and i.fulfilled_by = 'AMAZON'
                order by i.created_at desc limit %s
                """,
                [self._connection_id, self._flow, limit],
            ).fetchall()
        return [OrderNumber(row[0]) for row in found]

    def unlink(self, record_id: str) -> bool:
        """Forget that a record was ever imported, because a person said to import it again."""
        with self._database.transaction([self._connection_id]) as transaction:
            return bool(
                transaction.execute(
                    "delete from links where connection_id = %s and record_id = %s", [self._connection_id, record_id]
                ).rowcount
            )
