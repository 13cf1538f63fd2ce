"""Entries into the ledger, each with its postings; only ever added to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from crossdock.domain.ids import ConnectionId
from crossdock.domain.journal import Entry
from crossdock.store.database import Transaction


def save_entries(
    transaction: Transaction,
    connection_id: ConnectionId,
    settlement_id: str,
    *,
    entries: Sequence[Entry],
    now: datetime,
) -> None:
    """Entries of a settlement, or of an accrual under a name of its own; each is known by that and its number."""
    cursor = transaction.cursor()
    for entry in entries:
        entry_id = f"{settlement_id}-{entry.number}"
        cursor.execute(
            """
            insert into entries (connection_id, entry_id, settlement_id, number, kind, on_day, month, currency, booked_at)
            values (%s, %s, %s, %s, %s, %s, %s, %s, %s)
            """,
            [
                connection_id,
                entry_id,
                settlement_id,
                entry.number,
                entry.kind,
                entry.on,
                entry.month,
                entry.currency,
                now,
            ],
        )
        cursor.executemany(
            """
            insert into postings (connection_id, entry_id, number, account, marketplace, treatment, debit, rows)
            values (%s, %s, %s, %s, %s, %s, %s, %s)
            """,
            [
                (connection_id, entry_id, number, *posting.key, posting.debit, posting.rows)
                for number, posting in enumerate(entry.postings)
            ],
        )
