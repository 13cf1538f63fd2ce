"""Entries as they leave for the merchant's ledger, and which of them left before."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from crossdock.domain.ids import ConnectionId
from crossdock.domain.journal import Entry, Posting, PostingKey
from crossdock.domain.ledger import Booked
from crossdock.store.database import Database


class ExportBook:
    """The entries of one connection."""

    def __init__(self, database: Database, connection_id: ConnectionId) -> None:
        """Bind to one connection."""
        self._database = database
        self._connection_id = connection_id

    def entries(
        self, target: str, *, since: date, until: date, settlements: Sequence[str] = (), again: bool = False
    ) -> list[Booked]:
        """Entries of these days, of these settlements or of all, in the order of days; without `again` those that have not left for the target yet."""
        with self._database.transaction([self._connection_id]) as transaction:
            rows = transaction.execute(
                """
                select e.entry_id, e.settlement_id, coalesce(c.sha256, ''), e.number, e.kind, e.on_day, e.month, e.currency,
                    array(select row(p.account, p.marketplace, p.treatment, p.debit, p.rows) from postings p
                        where p.connection_id = e.connection_id and p.entry_id = e.entry_id order by p.number)
                from entries e left join certificates c using (connection_id, settlement_id)
                where e.connection_id = %(connection)s and e.on_day between %(since)s and %(until)s
                    and (%(all)s or e.settlement_id = any(%(settlements)s))
                    and (%(again)s or not exists (select from exported_entries x where x.connection_id = e.connection_id
                        and x.target = %(target)s and x.entry_id = e.entry_id))
                order by e.on_day, e.settlement_id, e.number
                """,
                {
                    "connection": self._connection_id,
                    "since": since,
                    "until": until,
                    "all": not settlements,
                    "settlements": list(settlements),
                    "again": again,
                    "target": target,
                },
            ).fetchall()
        return [_booked(*row[1:]) for row in rows]

    def note(self, target: str, entries: Sequence[Booked], now: datetime) -> None:
        """These entries left for the target; the first time counts."""
        with self._database.transaction([self._connection_id]) as transaction:
            transaction.cursor().executemany(
                "insert into exported_entries (connection_id, target, entry_id, exported_at) values (%s, %s, %s, %s) on conflict do nothing",
                [(self._connection_id, target, f"{each.settlement_id}-{each.entry.number}", now) for each in entries],
            )


def _booked(settlement_id: str, certificate: str, *told: Any) -> Booked:
    """An entry as it was booked, balanced or our own mistake."""
    number, kind, on, month, currency, lines = told
    postings = tuple(
        Posting(PostingKey(account, marketplace, treatment), int(debit), int(rows))
        for account, marketplace, treatment, debit, rows in lines
    )
    return Booked(settlement_id, Entry(number, kind, on, month, currency, postings), certificate)
