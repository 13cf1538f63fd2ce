"""What people see of the books: settlements, entries, and the rows behind each figure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from psycopg.rows import class_row

from crossdock.domain.certificate import Certificate
from crossdock.domain.finance_desk import EntryRow, SettlementListRow
from crossdock.domain.ids import ConnectionId, SettlementId
from crossdock.domain.settlement import UnitsSold
from crossdock.store.database import Database

# A connection has one settlement a fortnight and marketplace: this many are years.
CERTIFICATES_MAX = 10_000


class LedgerSheets:
    """The books of one connection, for reading."""

    def __init__(self, database: Database, connection_id: ConnectionId) -> None:
        """Bind to one connection."""
        self._database = database
        self._connection_id = connection_id

    def settlements(self, limit: int) -> list[SettlementListRow]:
        """The newest settlements, booked and held."""
        with (
            self._database.transaction([self._connection_id]) as transaction,
            transaction.cursor(row_factory=class_row(SettlementListRow)) as cursor,
        ):
            return cursor.execute(
                """
                select s.connection_id, s.settlement_id, s.state, s.currency, s.total, s.starts_at, s.ends_at, s.deposit_at, s.row_count as rows, s.chain,
                    s.difference, f.source, coalesce(c.sha256, '') as certificate,
                    coalesce((select sum(-p.debit) from postings p join entries e using (connection_id, entry_id)
                        where e.connection_id = s.connection_id and e.settlement_id = s.settlement_id and p.account = 'suspense'), 0)::bigint as suspense,
                    (select count(*) from cases k where k.connection_id = s.connection_id and k.record_id = s.settlement_id and k.closed_at is null) as cases
                from settlements s left join settlement_files f using (connection_id, sha256)
                left join certificates c on c.connection_id = s.connection_id and c.settlement_id = s.settlement_id
                where s.connection_id = %s order by s.ends_at desc, s.settlement_id desc limit %s
                """,
                [self._connection_id, limit],
            ).fetchall()

    def entries(self, settlement_id: SettlementId) -> list[EntryRow]:
        """Every line of a settlement's entries, in their order."""
        with (
            self._database.transaction([self._connection_id]) as transaction,
            transaction.cursor(row_factory=class_row(EntryRow)) as cursor,
        ):
            return cursor.execute(
                """
                select e.entry_id, e.number, e.kind, e.on_day, e.month, e.currency, p.number as line, p.account, p.marketplace, p.treatment, p.debit, p.rows
                from entries e join postings p using (connection_id, entry_id)
                where e.connection_id = %s and e.settlement_id = %s order by e.number, p.number
                """,
                [self._connection_id, settlement_id],
            ).fetchall()

    def balances(self) -> list[tuple[str, str, int]]:
        """What each account comes to, by currency, in debits."""
        with self._database.transaction([self._connection_id]) as transaction:
            rows = transaction.execute(
                """
                select p.account, e.currency, sum(p.debit)::bigint from postings p join entries e using (connection_id, entry_id)
                where p.connection_id = %s group by 1, 2 order by 1, 2
                """,
                [self._connection_id],
            ).fetchall()
        return [(row[0], row[1], row[2]) for row in rows]

    def units(self, month: date) -> list[UnitsSold]:
        """Units sold and refunded in a month, by SKU, over all settlements."""
        with self._database.transaction([self._connection_id]) as transaction:
            rows = transaction.execute(
                """
                select sku, month, sum(sold)::integer, sum(refunded)::integer from settlement_units
                where connection_id = %s and month = %s group by 1, 2 order by 1
                """,
                [self._connection_id, month],
            ).fetchall()
        return [UnitsSold(*row) for row in rows]

    def certificates_up_to(self, settlement_id: str) -> Sequence[Certificate]:
        """The certificate of a settlement and all before it, in their order; none where it has none."""
        with self._database.transaction([self._connection_id]) as transaction:
            rows = transaction.execute(
                """
                select sequence, settlement_id, document from certificates where connection_id = %(connection)s and sequence <=
                    (select sequence from certificates where connection_id = %(connection)s and settlement_id = %(settlement)s)
                order by sequence limit %(limit)s
                """,
                {"connection": self._connection_id, "settlement": settlement_id, "limit": CERTIFICATES_MAX},
            ).fetchall()
        return [Certificate(row[0], SettlementId(row[1]), bytes(row[2])) for row in rows]
