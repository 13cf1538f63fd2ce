"""One order's money over all settlements: the SQL behind its page and its command."""

from __future__ import annotations

import re
from collections.abc import Sequence

from crossdock.domain.bridge import AccountSum
from crossdock.domain.ids import AmazonOrderId, order_number_of
from crossdock.domain.settlement import Label
from crossdock.domain.settlement_desk import ORDER_ROWS_MAX, OrderMoney, OrderMoneyRow
from crossdock.store.database import Database

ORDER_ID = re.compile(r"\d{3}-\d{7}-\d{7}", re.ASCII)

_SUMS = """
    select s.currency, g.account, sum(r.amount)::bigint, count(*)::int
    from settlement_rows r join settlements s using (connection_id, settlement_key) join settlement_groups g using (connection_id, settlement_key, group_no)
    where r.order_no = %s and r.connection_id = %s group by 1, 2 order by 1, 2
"""
_ROWS = """
    select s.settlement_id, r.row_no, g.transaction_type, g.amount_type, g.description, g.account, coalesce(t.text, ''), r.quantity, r.amount, s.currency,
        r.posted_at
    from settlement_rows r join settlements s using (connection_id, settlement_key) join settlement_groups g using (connection_id, settlement_key, group_no)
    left join settlement_texts t on t.connection_id = r.connection_id and t.settlement_key = r.settlement_key and t.kind = 'sku' and t.number = r.sku_no
    where r.order_no = %s and r.connection_id = %s order by r.posted_at, s.settlement_id, r.row_no, r.group_no limit %s
"""


def find_order_money(
    database: Database, connection_ids: Sequence[str], connection_id: str, order_id: str
) -> OrderMoney | None:
    """What all settlements have of one order; None where none has a row of it, or it is not the viewer's to see."""
    if connection_id not in connection_ids or not ORDER_ID.fullmatch(order_id):
        return None
    key = [order_number_of(AmazonOrderId(order_id)), connection_id]
    with database.transaction([connection_id]) as transaction:
        found = transaction.execute(_SUMS, key).fetchall()
        if not found:
            return None
        rows = transaction.execute(_ROWS, [*key, ORDER_ROWS_MAX]).fetchall()
    sums: dict[str, tuple[AccountSum, ...]] = {}
    for currency, account, amount, count in found:
        sums[currency] = (*sums.get(currency, ()), AccountSum(account, amount, count))
    return OrderMoney(
        connection_id=connection_id,
        order_id=order_id,
        sums=sums,
        rows=tuple(OrderMoneyRow(row[0], row[1], Label(*row[2:5]), *row[5:]) for row in rows),
        rows_in_all=sum(row[3] for row in found),
    )
