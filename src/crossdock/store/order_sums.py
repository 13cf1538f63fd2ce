"""What settlements say of orders: sums by order, settlement and label for a whole batch, the orders of one settlement, and the orders of none.

Rule: a batch costs one query, by the index of orders; nothing here is as long as a settlement but the list of its orders, which is read in parts.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime

from crossdock.domain.ids import AmazonOrderId, ConnectionId, SettlementId, order_id_of, order_number_of
from crossdock.domain.movement import LabelSum
from crossdock.domain.payment import SeenOrder, ShippedPage, Span
from crossdock.domain.settlement import Label
from crossdock.domain.timeline import State
from crossdock.store.database import Database

# As many orders as become due in one statement.
ORDERS_AT_ONCE = 10_000
# Orders looked through in one statement: some tens of milliseconds.
PAGE_ROWS = 5_000


class OrderSums:
    """The money of one connection's orders."""

    def __init__(self, database: Database, connection_id: ConnectionId, *, orders_flow: str, flow: str) -> None:
        """`orders_flow`: the one that brings orders in; `flow`: the one that brings their payments over."""
        self._database = database
        self._connection_id = connection_id
        self._orders_flow = orders_flow
        self._flow = flow

    def sums(self, order_ids: Collection[AmazonOrderId]) -> Mapping[AmazonOrderId, Sequence[LabelSum]]:
        """What all booked settlements say of these orders; one that none speaks of is not in the answer."""
        numbers = [order_number_of(order_id) for order_id in order_ids]
        with self._database.transaction([self._connection_id]) as transaction:
            rows = transaction.execute(
                """
                select r.order_no, s.settlement_id, s.currency, g.transaction_type, g.amount_type, g.description, max(g.marketplace),
                    sum(r.amount)::bigint, min(r.posted_at)
                from settlement_rows r join settlements s using (connection_id, settlement_key)
                join settlement_groups g using (connection_id, settlement_key, group_no)
                where r.order_no = any(%s) and r.connection_id = %s group by 1, 2, 3, 4, 5, 6 order by 1, 2, 4, 5, 6
                """,
                [numbers, self._connection_id],
            ).fetchall()
        found: dict[AmazonOrderId, list[LabelSum]] = {}
        for number, settlement_id, currency, *label, marketplace, amount, posted_at in rows:
            found.setdefault(order_id_of(number), []).append(
                LabelSum(SettlementId(settlement_id), currency, Label(*label), marketplace, amount, posted_at)
            )
        return found

    def seen(self, order_ids: Collection[AmazonOrderId]) -> Mapping[AmazonOrderId, SeenOrder]:
        """Of these orders those that are known, as they stand now."""
        with self._database.transaction([self._connection_id]) as transaction:
            rows = transaction.execute(
                """
                select record_id, state, status, created_at, snapshot_at from inbox
                where connection_id = %s and flow = %s and record_id = any(%s)
                """,
                [self._connection_id, self._orders_flow, list(order_ids)],
            ).fetchall()
        return {AmazonOrderId(row[0]): SeenOrder(State(row[1]), *row[2:]) for row in rows}

    def spans(self) -> Mapping[str, Span]:
        """The time that booked settlements cover, by currency."""
        with self._database.transaction([self._connection_id]) as transaction:
            rows = transaction.execute(
                """
                select currency, min(starts_at), max(ends_at) from settlements where connection_id = %s and state = 'booked' group by 1
                """,
                [self._connection_id],
            ).fetchall()
        return {row[0]: Span(row[1], row[2]) for row in rows}

    def next_settlement(self, sequence: int) -> int | None:
        """The certificate that was made after this one, as settlements were booked; None where this is the last."""
        with self._database.transaction([self._connection_id]) as transaction:
            row = transaction.execute(
                "select min(sequence) from certificates where connection_id = %s and sequence > %s",
                [self._connection_id, sequence],
            ).fetchone()
        return row[0] if row else None

    def orders_of(self, sequence: int) -> Iterator[list[AmazonOrderId]]:
        """The Amazon orders of the settlement of this certificate, some thousands at once; other shops' orders and deliveries to Amazon are none."""
        with (
            self._database.transaction([self._connection_id]) as transaction,
            transaction.cursor(name="orders_of_settlement") as cursor,
        ):
            cursor.execute(
                """
                select distinct r.order_no from settlement_rows r
                join settlements s using (connection_id, settlement_key) join certificates c using (connection_id, settlement_id)
                where c.connection_id = %s and c.sequence = %s and r.order_no > 0
                """,
                [self._connection_id, sequence],
            )
            while rows := cursor.fetchmany(ORDERS_AT_ONCE):
                yield [order_id_of(row[0]) for row in rows]

    def shipped_unsettled(self, after: datetime, record_id: str, *, shipped_before: datetime) -> ShippedPage:
        """The next orders, as they were made: those that are shipped, of which Amazon last told before then, and whose payment nobody looks after."""
        with self._database.transaction([self._connection_id]) as transaction:
            rows = transaction.execute(
                """
                select i.record_id, i.created_at, i.status = 'SHIPPED' and i.snapshot_at <= %(before)s and i.state in ('in_sync', 'case')
                    and not exists (select from inbox m where m.connection_id = i.connection_id and m.flow = %(flow)s and m.record_id = i.record_id)
                from inbox i where i.connection_id = %(connection)s and i.flow = %(orders)s
                    and (i.created_at, i.record_id) > (%(after)s, %(record_id)s) and i.created_at <= %(before)s
                order by i.created_at, i.record_id limit %(rows)s
                """,
                {
                    "connection": self._connection_id,
                    "orders": self._orders_flow,
                    "flow": self._flow,
                    "after": after,
                    "record_id": record_id,
                    "before": shipped_before,
                    "rows": PAGE_ROWS,
                },
            ).fetchall()
        order_ids = tuple(AmazonOrderId(row[0]) for row in rows if row[2])
        return ShippedPage(order_ids, rows[-1][1], rows[-1][0]) if len(rows) == PAGE_ROWS else ShippedPage(order_ids)
