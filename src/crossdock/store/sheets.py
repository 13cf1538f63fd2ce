"""The SQL behind the desk's lists of orders and cases, and behind the page of one of each.

Rule: every function is told the connections its viewer may see, and every list is bounded and walks along an index, one short walk a connection, so
that a page of a million orders costs as much as a page of fifty. Row-level security lets an index serve only comparisons that cannot leak, which is
why ids are searched whole and never inside the snapshot.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from psycopg.rows import TupleRow

from crossdock.domain.desk import (
    HISTORY_MAX,
    ORDERS_FLOW,
    PAGE_ROWS,
    CaseFilter,
    CaseRow,
    HistoryLine,
    OrderFilter,
    OrderRow,
    OrderSheet,
)
from crossdock.domain.ids import OrderNumber
from crossdock.domain.money import MINOR_DIGITS, Money
from crossdock.domain.timeline import Event, Link, State
from crossdock.store.database import Database, Transaction
from crossdock.store.snapshots import decode_order

_BEFORE_ALL = datetime(9999, 1, 1, tzinfo=UTC)

_ORDER_COLUMNS = """
    i.connection_id, i.record_id, i.created_at, i.changed_at, i.fulfilled_by, i.status, i.state, i.reason, i.due_at,
    i.snapshot ->> 'marketplace_id', i.snapshot ->> 'ship_by_at', i.snapshot -> 'grand_total', jsonb_array_length(coalesce(i.snapshot -> 'items', '[]'))
"""

_CASE_COLUMNS = """
    k.case_id, k.connection_id, k.flow, k.record_id, k.kind, k.owner, k.facts, k.deadline, k.at_stake_minor_units, k.at_stake_currency,
    k.opened_at, k.updated_at, k.closed_at, k.closed_because
"""


# --- orders


def find_orders(database: Database, connection_ids: Sequence[str], wanted: OrderFilter) -> list[OrderRow]:
    """One page of orders, the newest first, and one row more where another page follows."""
    with database.transaction(connection_ids) as transaction:
        keys = (
            _keys_by_id(transaction, connection_ids, wanted.ids)
            if wanted.ids
            else _keys_by_time(transaction, connection_ids, wanted)
        )
        found = transaction.execute(
            f"""
            select {_ORDER_COLUMNS} from unnest(%s::text[], %s::text[]) as key (connection_id, record_id)
            join inbox i on i.connection_id = key.connection_id and i.flow = %s and i.record_id = key.record_id
            order by i.created_at desc, i.record_id desc, i.connection_id desc
            """,  # noqa: S608 - the columns are the constant above
            [[key[0] for key in keys], [key[1] for key in keys], ORDERS_FLOW],
        ).fetchall()
    rows = [_order_row(row) for row in found]
    if wanted.ids:
        rows = [
            row for row in rows if wanted.state in {None, row.state} and wanted.fulfilled_by in {None, row.fulfilled_by}
        ]
    return rows


def _keys_by_id(transaction: Transaction, connection_ids: Sequence[str], ids: Sequence[str]) -> list[TupleRow]:
    """Which orders have one of these ids: Amazon's, the order number, or commercetools' own."""
    return transaction.execute(
        """
        select connection_id, record_id from inbox where connection_id = any(%(connections)s) and flow = %(flow)s and record_id = any(%(ids)s)
        union select connection_id, record_id from links where connection_id = any(%(connections)s) and order_number = any(%(ids)s)
        union select connection_id, record_id from links where connection_id = any(%(connections)s) and commercetools_id = any(%(ids)s)
        limit %(rows)s
        """,
        {"connections": list(connection_ids), "flow": ORDERS_FLOW, "ids": list(ids), "rows": 2 * len(ids)},
    ).fetchall()


def _keys_by_time(transaction: Transaction, connection_ids: Sequence[str], wanted: OrderFilter) -> list[TupleRow]:
    """One walk along an index for each connection, and, where who fulfils is asked for, for each state; then merged."""
    # Three fixed statements, each with an index made for it.
    if wanted.fulfilled_by is not None:
        states, conditions = (
            [wanted.state] if wanted.state else list(State),
            "and i.state = s and i.fulfilled_by = %(fulfilled_by)s",
        )
    elif wanted.state is not None:
        states, conditions = [wanted.state], "and i.state = s"
    else:
        states, conditions = [State.WAITING], ""
    return transaction.execute(
        f"""
        select key.connection_id, key.record_id from unnest(%(connections)s::text[]) c cross join unnest(%(states)s::text[]) s
        cross join lateral (
            select i.connection_id, i.record_id, i.created_at from inbox i
            where i.connection_id = c and i.flow = %(flow)s {conditions}
                and (i.created_at, i.record_id, i.connection_id) < (%(created_at)s, %(record_id)s, %(connection_id)s)
            order by i.created_at desc, i.record_id desc limit %(rows)s
        ) key
        order by key.created_at desc, key.record_id desc, key.connection_id desc limit %(rows)s
        """,  # noqa: S608 - the conditions are the constants above
        {
            "connections": list(connection_ids),
            "states": states,
            "flow": ORDERS_FLOW,
            "fulfilled_by": wanted.fulfilled_by,
            "rows": PAGE_ROWS + 1,
            **dict(
                zip(("created_at", "record_id", "connection_id"), wanted.after or (_BEFORE_ALL, "", ""), strict=True)
            ),
        },
    ).fetchall()


def find_order(
    database: Database, connection_ids: Sequence[str], connection_id: str, record_id: str
) -> OrderSheet | None:
    """One order in full, if it is of a connection the viewer may see."""
    if connection_id not in connection_ids:
        return None
    key = [connection_id, ORDERS_FLOW, record_id]
    with database.transaction([connection_id]) as transaction:
        found = transaction.execute(
            f"""
            select {_ORDER_COLUMNS}, i.snapshot::text, i.snapshot_at, i.first_seen_at, i.attempts, l.commercetools_id, l.order_number, l.version
            from inbox i left join links l on l.connection_id = i.connection_id and l.record_id = i.record_id
            where i.connection_id = %s and i.flow = %s and i.record_id = %s
            """,  # noqa: S608 - the columns are the constant above
            key,
        ).fetchone()
        cases = read_cases(transaction, key)
        history = transaction.execute(
            """
            select at, code, facts, count(*) over ()::int from history where connection_id = %s and flow = %s and record_id = %s
            order by history_id desc limit %s
            """,
            [*key, HISTORY_MAX],
        ).fetchall()
    if found is None:
        return None
    snapshot, snapshot_at, first_seen_at, attempts, commercetools_id, order_number, version = found[13:]
    return OrderSheet(
        row=_order_row(found[:13]),
        order=decode_order(snapshot.encode()),
        link=Link(commercetools_id, OrderNumber(order_number), version) if commercetools_id else None,
        snapshot_at=snapshot_at,
        first_seen_at=first_seen_at,
        attempts=attempts,
        cases=tuple(cases),
        history=tuple(HistoryLine(at, Event(code, facts)) for at, code, facts, _ in history),
        history_lines=history[0][3] if history else 0,
    )


# --- cases


def find_cases(database: Database, connection_ids: Sequence[str], wanted: CaseFilter) -> list[CaseRow]:
    """One page of open cases, the nearest deadline first, and one row more where another page follows."""
    conditions = ("and k.owner = %(owner)s " if wanted.owner is not None else "") + (
        "and k.kind = %(kind)s " if wanted.kind is not None else ""
    )
    deadline, case_id = wanted.after or (datetime(1, 1, 1, tzinfo=UTC), 0)
    beyond = (
        "infinity" if deadline is None else deadline.isoformat()
    )  # a case without a deadline comes after all that have one
    with database.transaction(connection_ids) as transaction:
        found = transaction.execute(
            f"""
            select {_CASE_COLUMNS} from unnest(%(connections)s::text[]) c cross join lateral (
                select * from cases k where k.connection_id = c and k.closed_at is null {conditions}
                    and (coalesce(k.deadline, 'infinity'), k.case_id) > (%(beyond)s::timestamptz, %(case_id)s)
                order by coalesce(k.deadline, 'infinity'), k.case_id limit %(rows)s
            ) k order by coalesce(k.deadline, 'infinity'), k.case_id limit %(rows)s
            """,  # noqa: S608 - the columns and conditions are the constants above
            {
                "connections": list(connection_ids),
                "owner": wanted.owner,
                "kind": wanted.kind,
                "beyond": beyond,
                "case_id": case_id,
                "rows": PAGE_ROWS + 1,
            },
        ).fetchall()
    return [_case_row(row) for row in found]


def find_case(database: Database, connection_ids: Sequence[str], case_id: int) -> CaseRow | None:
    """One case, open or closed, if it is of a connection the viewer may see."""
    with database.transaction(connection_ids) as transaction:
        found = transaction.execute(
            f"select {_CASE_COLUMNS} from cases k where k.connection_id = any(%s) and k.case_id = %s",  # noqa: S608 - the constant above
            [list(connection_ids), case_id],
        ).fetchone()
    return None if found is None else _case_row(found)


def read_cases(transaction: Transaction, key: Sequence[str]) -> list[CaseRow]:
    """The cases of one record, by its connection, flow and id: the open ones, then the last closed first."""
    found = transaction.execute(
        f"""
        select {_CASE_COLUMNS} from cases k where k.connection_id = %s and k.flow = %s and k.record_id = %s
        order by k.closed_at desc nulls first, k.case_id desc limit %s
        """,  # noqa: S608 - the columns are the constant above
        [*key, HISTORY_MAX],
    ).fetchall()
    return [_case_row(row) for row in found]


# --- rows


def _order_row(row: TupleRow) -> OrderRow:
    *told, marketplace_id, ship_by_at, total, lines = row
    connection_id, record_id, created_at, changed_at, fulfilled_by, status, state, reason, due_at = told
    return OrderRow(
        connection_id=connection_id,
        record_id=record_id,
        created_at=created_at,
        changed_at=changed_at,
        fulfilled_by=fulfilled_by,
        status=status,
        state=State(state),
        reason=reason,
        due_at=due_at,
        marketplace_id=marketplace_id or "",
        ship_by_at=datetime.fromisoformat(ship_by_at) if ship_by_at else None,
        total=_money(total["minor_units"], total["currency"]) if total else None,
        lines=lines,
    )


def _case_row(row: TupleRow) -> CaseRow:
    return CaseRow(
        case_id=row[0],
        connection_id=row[1],
        flow=row[2],
        record_id=row[3],
        kind=row[4],
        owner=row[5],
        facts=row[6],
        deadline=row[7],
        at_stake=_money(row[8], row[9]),
        opened_at=row[10],
        updated_at=row[11],
        closed_at=row[12],
        closed_because=row[13] or "",
    )


def _money(minor_units: Any, currency: str | None) -> Money | None:
    """An amount as it was stored; a currency that is not in the table of minor digits could not be shown."""
    return Money(int(minor_units), currency) if currency in MINOR_DIGITS and minor_units is not None else None
