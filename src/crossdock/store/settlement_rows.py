"""The rows behind a figure, as the file had them: the SQL of the desk's last step down.

Rule: a page costs as much in a settlement of ten million rows as in one of ten: rows lie in the order of the file, and are read stretch by stretch.
"""

from __future__ import annotations

from collections.abc import Sequence

from psycopg.rows import TupleRow

from crossdock.domain.desk import ORDERS_FLOW, PAGE_ROWS
from crossdock.domain.ids import order_id_of
from crossdock.domain.settlement_desk import FileRow, RowsWanted
from crossdock.store.database import Database, Transaction

# Lines of the first stretch that is looked through, and how much longer each next one is: rows of a rare group may be far apart.
_STRETCH, _LONGER = 4_096, 8


def find_rows(database: Database, connection_ids: Sequence[str], wanted: RowsWanted) -> list[FileRow]:
    """One page of rows in the order of the file, and one more where another page follows."""
    if wanted.connection_id not in connection_ids or not wanted.groups:
        return []
    with database.transaction([wanted.connection_id]) as transaction:
        told = transaction.execute(
            """
            select s.settlement_key, (s.facts ->> 'lines')::int, min(g.first_row) from settlements s
            join settlement_groups g on g.connection_id = s.connection_id and g.settlement_key = s.settlement_key
            where s.connection_id = %s and s.settlement_id = %s and g.group_no = any(%s) group by 1, 2
            """,
            [wanted.connection_id, wanted.settlement_id, list(wanted.groups)],
        ).fetchone()
        found = [] if told is None else _walk(transaction, wanted, *told)
        imported = _imported(transaction, wanted.connection_id, found)
    return [_row(row, imported) for row in found]


def _walk(transaction: Transaction, wanted: RowsWanted, key: int, lines: int, *first: int) -> list[TupleRow]:
    """Stretch by stretch until there are enough, or the file is over."""
    low, length = max(wanted.after[0], *first), _STRETCH
    found: list[TupleRow] = []
    while low <= lines and len(found) <= PAGE_ROWS:
        found += transaction.execute(
            """
            select r.row_no, r.group_no, r.order_no, r.amount, r.posted_at, r.quantity, coalesce(s.text, ''), coalesce(o.text, '') from (
                select * from settlement_rows r where r.connection_id = %(connection)s and r.settlement_key = %(key)s
                    and r.row_no >= %(low)s and r.row_no < %(high)s and r.group_no = any(%(groups)s)
                    and (r.row_no, r.group_no) > (%(after_line)s, %(after_group)s)
                order by r.row_no, r.group_no limit %(rows)s
            ) r
            left join settlement_texts s on s.connection_id = r.connection_id and s.settlement_key = r.settlement_key and s.kind = 'sku' and s.number = r.sku_no
            left join settlement_texts o on o.connection_id = r.connection_id and o.settlement_key = r.settlement_key and o.kind = 'id'
                and o.number = -r.order_no
            order by r.row_no, r.group_no
            """,
            {
                "connection": wanted.connection_id,
                "key": key,
                "low": low,
                "high": low + length,
                "groups": list(wanted.groups),
                "after_line": wanted.after[0],
                "after_group": wanted.after[1],
                "rows": PAGE_ROWS + 1 - len(found),
            },
        ).fetchall()
        low, length = low + length, length * _LONGER
    return found


def _imported(transaction: Transaction, connection_id: str, rows: Sequence[TupleRow]) -> set[str]:
    """Which of their orders have a page."""
    orders = {str(order_id_of(row[2])) for row in rows if row[2] is not None and row[2] > 0}
    found = transaction.execute(
        "select record_id from inbox where connection_id = %s and flow = %s and record_id = any(%s)",
        [connection_id, ORDERS_FLOW, sorted(orders)],
    ).fetchall()
    return {row[0] for row in found}


def _row(row: TupleRow, imported: set[str]) -> FileRow:
    line, group, order_no, amount, posted_at, quantity, sku, other_id = row
    is_order = order_no is not None and order_no > 0
    order_id = str(order_id_of(order_no)) if is_order else other_id
    return FileRow(line, group, order_id, is_order, order_id in imported, sku, quantity, amount, posted_at)
