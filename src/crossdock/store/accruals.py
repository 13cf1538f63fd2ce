"""Accruals in the ledger: for each month and currency an entry and its reversal, written once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from zlib import crc32

from psycopg.types.json import Jsonb

from crossdock.domain.ids import ConnectionId
from crossdock.domain.journal import Entry
from crossdock.store.database import Database
from crossdock.store.entries import save_entries
from crossdock.store.ledger import Ledger


class Accruals:
    """The accruals of one connection."""

    def __init__(self, database: Database, connection_id: ConnectionId) -> None:
        """Bind to one connection."""
        self._database = database
        self._connection_id = connection_id
        self._ledger = Ledger(database, connection_id)

    def was_accrued(self, month: date) -> bool:
        """Whether a month was accrued, to whatever amount."""
        with self._database.transaction([self._connection_id]) as transaction:
            row = transaction.execute(
                "select from cursors where connection_id = %s and name = %s", [self._connection_id, _mark(month)]
            ).fetchone()
        return row is not None

    def settled_until(self) -> Mapping[tuple[str, str], datetime]:
        """When the last booked settlement of each currency and marketplace ended."""
        with self._database.transaction([self._connection_id]) as transaction:
            rows = transaction.execute(
                """
                select s.currency, g.marketplace, max(s.ends_at) from settlements s join settlement_groups g using (connection_id, settlement_key)
                where s.connection_id = %s and s.state = 'booked' group by 1, 2
                """,
                [self._connection_id],
            ).fetchall()
        return {(currency, marketplace): ends_at for currency, marketplace, ends_at in rows}

    def invoiced_elsewhere(self, orders: Sequence[int]) -> set[int]:
        """Which of these orders, as numbers, another system was said to invoice."""
        return self._ledger.invoiced_elsewhere(orders)

    def save_accruals(self, month: date, entries: Mapping[str, tuple[Entry, Entry]], now: datetime) -> None:
        """The month is accrued, in one transaction; a month that is accrued already stays as it is."""
        with self._database.transaction([self._connection_id]) as transaction:
            marked = transaction.execute(
                """
                insert into cursors (connection_id, name, value, updated_at) values (%s, %s, %s, %s)
                on conflict do nothing returning name
                """,
                [self._connection_id, _mark(month), Jsonb({"currencies": sorted(entries)}), now],
            ).fetchone()
            if marked is None:
                return
            for currency, pair in entries.items():
                save_entries(transaction, self._connection_id, self._name(month, currency), entries=pair, now=now)

    def _name(self, month: date, currency: str) -> str:
        """Short enough for a journal number of QuickBooks, and not that of another connection's accrual: A2611EUR0482."""
        return f"A{month:%y%m}{currency}{crc32(self._connection_id.encode()) % 10_000:04d}"


def _mark(month: date) -> str:
    return f"accrued.{month:%Y-%m}"
