"""The SQL behind the desk's list of SKUs, the page of one, and what the overview counts of them.

Rule: as in `sheets.py`: every function is told the connections its viewer may see, and every list is bounded. All SKUs are walked along the index of
exposures; those in one state are fetched by their state first, because few are in any that is asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from psycopg.rows import TupleRow

from crossdock.domain.desk import (
    HISTORY_MAX,
    LINES_MAX,
    PAGE_ROWS,
    STOCK_FLOW,
    HistoryLine,
    StockCount,
    StockFilter,
    StockRow,
    StockSheet,
    StockView,
)
from crossdock.domain.ids import AmazonOrderId, OrderItemId, SellerSku
from crossdock.domain.stock_record import SoldLine, StockRecord
from crossdock.domain.timeline import Event, State
from crossdock.store.database import Database, Transaction
from crossdock.store.sheets import read_cases

_PAUSED = "stock.paused"
# Larger than the exposure of any SKU: the list begins there.
_BEFORE_ALL = (2**31 - 1, "", "")

_ROW_COLUMNS = """
    s.connection_id, s.seller_sku, coalesce(i.state, 'waiting'), coalesce(i.reason, ''), i.due_at,
    coalesce(i.changed_at, s.changed_at), s.listed, s.exposure, s.view
"""


def find_skus(database: Database, connection_ids: Sequence[str], wanted: StockFilter) -> list[StockRow]:
    """One page of SKUs, the largest exposure first, and one row more where another page follows."""
    with database.transaction(connection_ids) as transaction:
        if wanted.skus:
            keys = _keys_by_sku(transaction, connection_ids, wanted.skus)
        elif wanted.state is None:
            keys = _keys_by_exposure(transaction, connection_ids, wanted)
        else:
            keys = _keys_by_state(transaction, connection_ids, wanted, wanted.state)
        found = transaction.execute(
            f"""
            select {_ROW_COLUMNS} from unnest(%s::text[], %s::text[]) as key (connection_id, seller_sku)
            join stock s on s.connection_id = key.connection_id and s.seller_sku = key.seller_sku
            left join inbox i on i.connection_id = s.connection_id and i.flow = %s and i.record_id = s.seller_sku
            order by s.exposure desc, s.seller_sku, s.connection_id
            """,  # noqa: S608 - the columns are the constant above
            [[key[0] for key in keys], [key[1] for key in keys], STOCK_FLOW],
        ).fetchall()
    rows = [_row(row) for row in found]
    return [row for row in rows if wanted.state in {None, row.state}] if wanted.skus else rows


def _keys_by_sku(transaction: Transaction, connection_ids: Sequence[str], skus: Sequence[str]) -> list[TupleRow]:
    return transaction.execute(
        "select connection_id, seller_sku from stock where connection_id = any(%s) and seller_sku = any(%s) limit %s",
        [list(connection_ids), list(skus), len(skus) * max(1, len(connection_ids))],
    ).fetchall()


def _keys_by_exposure(transaction: Transaction, connection_ids: Sequence[str], wanted: StockFilter) -> list[TupleRow]:
    """Two short walks along the index for each connection: the rest of those as exposed as the last row seen, then those less exposed."""
    return transaction.execute(
        """
        select key.connection_id, key.seller_sku from unnest(%(connections)s::text[]) c cross join lateral (
            (select s.connection_id, s.seller_sku, s.exposure from stock s
             where s.connection_id = c and s.exposure = %(exposure)s
                and s.seller_sku >= %(sku)s and (s.seller_sku, s.connection_id) > (%(sku)s, %(connection)s)
             order by s.seller_sku limit %(rows)s)
            union all
            (select s.connection_id, s.seller_sku, s.exposure from stock s
             where s.connection_id = c and s.exposure < %(exposure)s order by s.exposure desc, s.seller_sku limit %(rows)s)
        ) key
        order by key.exposure desc, key.seller_sku, key.connection_id limit %(rows)s
        """,
        _bounds(connection_ids, wanted),
    ).fetchall()


def _keys_by_state(
    transaction: Transaction, connection_ids: Sequence[str], wanted: StockFilter, state: State
) -> list[TupleRow]:
    """Those in this state, then in the order of the list."""
    return transaction.execute(
        """
        select s.connection_id, s.seller_sku from inbox i
        join stock s on s.connection_id = i.connection_id and s.seller_sku = i.record_id
        where i.connection_id = any(%(connections)s) and i.flow = %(flow)s and i.state = %(state)s
            and (-s.exposure, s.seller_sku, s.connection_id) > (-%(exposure)s, %(sku)s, %(connection)s)
        order by s.exposure desc, s.seller_sku, s.connection_id limit %(rows)s
        """,
        _bounds(connection_ids, wanted) | {"flow": STOCK_FLOW, "state": state},
    ).fetchall()


def _bounds(connection_ids: Sequence[str], wanted: StockFilter) -> dict[str, Any]:
    exposure, sku, connection_id = wanted.after or _BEFORE_ALL
    return {
        "connections": list(connection_ids),
        "exposure": exposure,
        "sku": sku,
        "connection": connection_id,
        "rows": PAGE_ROWS + 1,
    }


def find_sku(
    database: Database, connection_ids: Sequence[str], connection_id: str, seller_sku: str
) -> StockSheet | None:
    """One SKU in full, if it is of a connection the viewer may see; one that nobody has looked at yet too."""
    if connection_id not in connection_ids:
        return None
    key = [connection_id, STOCK_FLOW, seller_sku]
    with database.transaction([connection_id]) as transaction:
        found = transaction.execute(
            """
            select i.connection_id, i.record_id, i.state, i.reason, i.due_at, i.changed_at, s.listed, coalesce(s.exposure, 0), s.view,
                s.record::text, s.changed_at, i.first_seen_at, i.attempts
            from inbox i left join stock s on s.connection_id = i.connection_id and s.seller_sku = i.record_id
            where i.connection_id = %s and i.flow = %s and i.record_id = %s
            """,
            key,
        ).fetchone()
        if found is None:
            return None
        lines = transaction.execute(
            """
            select order_id, item_id, seller_sku, ordered, units, made_at, told_at, final, counted, count(*) over ()::int from sold_lines
            where connection_id = %s and seller_sku = %s and not settled order by made_at desc, order_id, item_id limit %s
            """,
            [connection_id, seller_sku, LINES_MAX],
        ).fetchall()
        cases = read_cases(transaction, key)
        history = transaction.execute(
            """
            select at, code, facts, count(*) over ()::int from history where connection_id = %s and flow = %s and record_id = %s
            order by history_id desc limit %s
            """,
            [*key, HISTORY_MAX],
        ).fetchall()
    record, looked_at, first_seen_at, attempts = found[9:]
    return StockSheet(
        row=_row(found[:9]),
        record=_record(record),
        looked_at=looked_at,
        first_seen_at=first_seen_at,
        attempts=attempts,
        lines=tuple(
            SoldLine(AmazonOrderId(row[0]), OrderItemId(row[1]), SellerSku(row[2]), *row[3:9]) for row in lines
        ),
        lines_in_all=lines[0][9] if lines else 0,
        cases=tuple(cases),
        history=tuple(HistoryLine(at, Event(code, facts)) for at, code, facts, _ in history),
        history_lines=history[0][3] if history else 0,
    )


def stock_counts(database: Database, connection_ids: Sequence[str]) -> list[StockCount]:
    """How the SKUs stand, for each connection that has looked at any."""
    with database.transaction(connection_ids) as transaction:
        found = transaction.execute(
            """
            select s.connection_id, s.looked_at, s.listed, s.exposed, s.units, coalesce(i.waiting, 0), coalesce(i.cases, 0), p.value ->> 'reason'
            from (
                select connection_id, count(*)::int as looked_at, (count(*) filter (where listed > 0))::int as listed,
                    (count(*) filter (where exposure > 0))::int as exposed, sum(exposure)::int as units
                from stock where connection_id = any(%(connections)s) group by 1
            ) s
            left join (
                select connection_id, (count(*) filter (where state = 'waiting'))::int as waiting, (count(*) filter (where state = 'case'))::int as cases
                from inbox where connection_id = any(%(connections)s) and flow = %(flow)s and state in ('waiting', 'case') group by 1
            ) i on i.connection_id = s.connection_id
            left join cursors p on p.connection_id = s.connection_id and p.name = %(paused)s
            order by 1
            """,
            {"connections": list(connection_ids), "flow": STOCK_FLOW, "paused": _PAUSED},
        ).fetchall()
    names = ("connection_id", "looked_at", "listed", "exposed", "exposed_units", "waiting", "cases", "paused")
    return [StockCount(**dict(zip(names, (*row[:7], row[7] or ""), strict=True))) for row in found]


def _row(row: TupleRow) -> StockRow:
    connection_id, seller_sku, state, reason, due_at, changed_at, listed, exposure, view = row
    return StockRow(connection_id, seller_sku, State(state), reason, due_at, changed_at, listed, exposure, _view(view))


def _view(stored: Any) -> StockView | None:
    """The view as it was stored; None where nothing was yet, or another version stored it."""
    try:
        return msgspec.convert(stored, StockView)
    except msgspec.ValidationError:
        return None


def _record(stored: str | None) -> StockRecord | None:
    try:
        return None if stored is None else msgspec.json.decode(stored, type=StockRecord)
    except msgspec.DecodeError:
        return None
