"""Which commercetools order an Amazon order became. Links are written with the record's outcome (`records.py`)."""

from __future__ import annotations

from crossdock.domain.ids import OrderNumber
from crossdock.store.database import Database


def find_other_prefix(database: Database, connection_id: str, prefix: str) -> OrderNumber | None:
    """An order number that is not this prefix and the Amazon order id; None where there is none."""
    with database.transaction([connection_id]) as transaction:
        row = transaction.execute(
            "select order_number from links where connection_id = %s and order_number <> %s || record_id limit 1",
            [connection_id, prefix],
        ).fetchone()
    return OrderNumber(row[0]) if row else None
