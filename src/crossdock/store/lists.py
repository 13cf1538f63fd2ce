"""Orders and cases as lists, for the command line: explicit columns, newest or most urgent first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crossdock.domain.case_kinds import CASE_KINDS
from crossdock.domain.money import Money
from crossdock.store.database import Database, Transaction, rows_of


def list_orders(database: Database, connection_ids: Sequence[str], state: str, limit: int) -> list[dict[str, Any]]:
    """The newest orders, all or of one state."""
    with database.transaction(connection_ids) as transaction:
        return rows_of(
            transaction.execute(
                """
                select i.connection_id, i.record_id, i.fulfilled_by, i.status, i.state, i.reason, i.created_at, i.due_at, l.order_number
                from inbox i left join links l on l.connection_id = i.connection_id and l.record_id = i.record_id
                where i.connection_id = any(%s) and i.flow = 'ingest_orders' and (%s = '' or i.state = %s)
                order by i.created_at desc limit %s
                """,
                [list(connection_ids), state, state, limit],
            )
        )


def find_order(database: Database, connection_ids: Sequence[str], record_id: str) -> dict[str, Any] | None:
    """One order with its snapshot (which holds no personal data), its open cases and its history."""
    with database.transaction(connection_ids) as transaction:
        found = rows_of(
            transaction.execute(
                """
                select i.connection_id, i.record_id, i.fulfilled_by, i.status, i.state, i.reason, i.created_at, i.due_at, i.attempts,
                    i.snapshot, l.order_number, l.commercetools_id, l.linked_at
                from inbox i left join links l on l.connection_id = i.connection_id and l.record_id = i.record_id
                where i.connection_id = any(%s) and i.flow = 'ingest_orders' and i.record_id = %s
                """,
                [list(connection_ids), record_id],
            )
        )
        if not found:
            return None
        history = transaction.execute(
            "select at, code, facts from history where connection_id = %s and record_id = %s order by history_id",
            [found[0]["connection_id"], record_id],
        )
        return found[0] | {
            "history": rows_of(history),
            "cases": [row for row in _cases(transaction, connection_ids, "", "", 100, 0) if row["record_id"] == record_id],
        }


def list_cases(
    database: Database, connection_ids: Sequence[str], owner: str, kind: str, limit: int, *, case_id: int = 0
) -> list[dict[str, Any]]:
    """Open cases, the nearest deadline first, each with its meaning and first step."""
    with database.transaction(connection_ids) as transaction:
        return _cases(transaction, connection_ids, owner, kind, limit, case_id)


def _cases(
    transaction: Transaction, connection_ids: Sequence[str], owner: str, kind: str, limit: int, case_id: int
) -> list[dict[str, Any]]:
    rows = rows_of(
        transaction.execute(
            """
            select case_id, connection_id, record_id, kind, owner, facts, deadline, at_stake_minor_units, at_stake_currency, opened_at, closed_at
            from cases where connection_id = any(%s) and (%s = '' or owner = %s) and (%s = '' or kind = %s)
                and (case when %s = 0 then closed_at is null else case_id = %s end)
            order by deadline nulls last, case_id limit %s
            """,
            [list(connection_ids), owner, owner, kind, kind, case_id, case_id, limit],
        )
    )
    return [_told(row) for row in rows]


def _told(row: dict[str, Any]) -> dict[str, Any]:
    minor_units, currency = row.pop("at_stake_minor_units"), row.pop("at_stake_currency")
    known = CASE_KINDS[row["kind"]]
    at_stake = str(Money(minor_units, currency)) if minor_units is not None else None
    return row | {"at_stake": at_stake, "title": known.title, "meaning": known.meaning, "first_step": known.first_step, "closes_when": known.closes_when}
