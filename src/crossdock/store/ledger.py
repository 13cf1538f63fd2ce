"""The ledger: settlements with their rows, entries and certificates. Only ever added to: a correction is an entry of its own.

Rule: a settlement is booked in one transaction, rows, entries and certificate, and a connection books one at a time: its certificates have no gap.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from crossdock.domain.ids import ConnectionId, SettlementId
from crossdock.domain.ledger_book import KeptSettlement, RowColumns
from crossdock.domain.settlement import FileFacts, Settlement
from crossdock.store.booking import Booking, find_settlement, write_settlement
from crossdock.store.database import Database


class Ledger:
    """The settlements and books of one connection."""

    def __init__(self, database: Database, connection_id: ConnectionId) -> None:
        """Bind to one connection."""
        self._database = database
        self.connection_id = connection_id

    def find(self, settlement_id: SettlementId) -> KeptSettlement | None:
        """A settlement by its id, booked or held; None where it is not here."""
        with self._database.transaction([self.connection_id]) as transaction:
            return find_settlement(transaction, self.connection_id, settlement_id)

    def invoiced_elsewhere(self, orders: Sequence[int]) -> set[int]:
        """Which of these orders, as numbers, another system was said to invoice."""
        with self._database.transaction([self.connection_id]) as transaction:
            rows = transaction.execute(
                "select order_no from invoiced_elsewhere where connection_id = %s and order_no = any(%s)",
                [self.connection_id, list(orders)],
            ).fetchall()
        return {row[0] for row in rows}

    def booked_orders(self, orders: Sequence[int]) -> set[int]:
        """Which of these orders, as numbers, have booked rows already."""
        with self._database.transaction([self.connection_id]) as transaction:
            rows = transaction.execute(
                "select distinct order_no from settlement_rows where connection_id = %s and order_no = any(%s)",
                [self.connection_id, list(orders)],
            ).fetchall()
        return {row[0] for row in rows}

    def accepted(self, settlement_id: SettlementId, sha256: str) -> tuple[int, str]:
        """The difference of a file that a person took into suspense, and why; 0 where nobody did."""
        with self._database.transaction([self.connection_id]) as transaction:
            row = transaction.execute(
                "select amount, reason from accepted_differences where connection_id = %s and settlement_id = %s and sha256 = %s",
                [self.connection_id, settlement_id, sha256],
            ).fetchone()
        return (row[0], row[1]) if row else (0, "")

    def accept(self, settlement_id: SettlementId, sha256: str, amount: int, *, reason: str, now: datetime) -> None:
        """A person in finance takes the exact difference of this file into suspense; the first word stands."""
        with self._database.transaction([self.connection_id]) as transaction:
            transaction.execute(
                """
                insert into accepted_differences (connection_id, settlement_id, sha256, amount, reason, accepted_at)
                values (%s, %s, %s, %s, %s, %s) on conflict do nothing
                """,
                [self.connection_id, settlement_id, sha256, amount, reason, now],
            )

    def hold(self, settlement: Settlement, facts: FileFacts, *, rows: int, difference: int, now: datetime) -> bool:
        """A settlement whose rows do not add up is known, and nothing of it is booked; False where it is booked already."""
        with self._database.transaction([self.connection_id]) as transaction:
            key = write_settlement(
                transaction,
                self.connection_id,
                settlement,
                facts=facts,
                state="held",
                rows=rows,
                difference=difference,
                now=now,
            )
        return key is not None

    def has_same_rows(self, settlement_key: int, rows: RowColumns) -> bool:
        """Whether a booked settlement has these rows, in whatever order its file had them."""
        kept = """
            select coalesce(s.text, ''), coalesce(o.text, r.order_no::text, ''), r.amount, r.posted_at, r.quantity,
                g.transaction_type, g.amount_type, g.description, g.marketplace, g.fulfilled_by
            from settlement_rows r join settlement_groups g using (connection_id, settlement_key, group_no)
            left join settlement_texts s on (s.connection_id, s.settlement_key, s.kind, s.number) = (r.connection_id, r.settlement_key, 'sku', r.sku_no)
            left join settlement_texts o on (o.connection_id, o.settlement_key, o.kind, o.number) = (r.connection_id, r.settlement_key, 'id', -r.order_no)
            where r.connection_id = %s and r.settlement_key = %s
        """
        with self._database.transaction([self.connection_id]) as transaction:
            transaction.execute(
                """
                create temp table given_rows (sku text, order_id text, amount bigint, posted bigint, quantity integer,
                    transaction_type text, amount_type text, description text, marketplace text, fulfilled_by text) on commit drop
                """
            )
            with transaction.cursor().copy("copy given_rows from stdin") as copy:
                for block in rows.spelt():
                    copy.write(block)
            given = """
                select sku, order_id, amount, to_timestamp(posted), quantity, transaction_type, amount_type, description, marketplace,
                    fulfilled_by from given_rows
            """
            differs = transaction.execute(
                f"select exists (({kept} except all {given}) union all ({given} except all {kept}))",
                [self.connection_id, settlement_key] * 2,
            ).fetchone()
        return differs is not None and not differs[0]

    @contextmanager
    def booking(self) -> Iterator[Booking]:
        """One transaction in which a settlement is booked, alone on this connection; nothing of it stays if it ends early."""
        with self._database.transaction([self.connection_id]) as transaction:
            transaction.execute(
                "select pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"{self.connection_id}/booking"]
            )
            yield Booking(transaction, self.connection_id)
