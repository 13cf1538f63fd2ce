"""The SQL behind the desk's list of settlements, its calendar, the page of one, and what the overview counts of the books.

Rule: as in `sheets.py`: every function is told the connections its viewer may see, and every list is bounded and walks along an index.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from psycopg.rows import TupleRow, class_row

from crossdock.domain.desk import PAGE_ROWS, CaseRow
from crossdock.domain.finance_desk import EntryRow
from crossdock.domain.settlement import FileFacts, Label
from crossdock.domain.settlement_cases import label_record
from crossdock.domain.settlement_desk import (
    GROUPS_MAX,
    MONEY_FLOW,
    PERIODS_MAX,
    BookedGroup,
    BooksCount,
    CertificateMark,
    Period,
    SettlementFilter,
    SettlementRow,
    SettlementSheet,
)
from crossdock.store.database import Database, Transaction
from crossdock.store.sheets import read_cases

_BEFORE_ALL = (datetime(9999, 1, 1, tzinfo=UTC), "", "")
# So many labels that no rule fits are looked up for their cases.
_LABELS_MAX = 200

_ROW_COLUMNS = """
    s.connection_id, s.settlement_id, s.state, s.currency, s.total, s.starts_at, s.ends_at, s.deposit_at, s.row_count as rows, s.chain, s.difference,
    coalesce(c.sha256, '') as certificate,
    coalesce((select sum(-p.debit) from entries e join postings p on p.connection_id = e.connection_id and p.entry_id = e.entry_id
        where e.connection_id = s.connection_id and e.settlement_id = s.settlement_id and p.account = 'suspense'), 0)::bigint as suspense,
    coalesce(k.cases, 0) as cases, coalesce(k.at_stake, 0) as at_stake
"""
_ROW_TABLES = """
    left join certificates c on c.connection_id = s.connection_id and c.settlement_id = s.settlement_id
    left join lateral (
        select count(*)::int as cases, sum(k.at_stake_minor_units) filter (where k.at_stake_currency = s.currency)::bigint as at_stake
        from cases k where k.connection_id = s.connection_id and k.flow = %(flow)s and k.record_id = s.settlement_id and k.closed_at is null
    ) k on true
"""
# Fixed conditions, one for each filter.
_CONDITIONS = {
    None: "",
    "booked": "and s.state = 'booked'",
    "held": "and s.state = 'held'",
    "case": """and exists (select from cases k where k.connection_id = s.connection_id and k.flow = %(flow)s
        and k.record_id = s.settlement_id and k.closed_at is null)""",
}


def find_settlements(
    database: Database, connection_ids: Sequence[str], wanted: SettlementFilter
) -> list[SettlementRow]:
    """One page of settlements, the newest first, and one row more where another page follows."""
    conditions = _CONDITIONS[wanted.state] + (" and s.chain = %(chain)s" if wanted.chain else "")
    conditions += " and s.settlement_id = %(one)s" if wanted.settlement_id else ""
    ends_at, settlement_id, connection_id = wanted.after or _BEFORE_ALL
    values = {
        "connections": list(connection_ids),
        "flow": MONEY_FLOW,
        "chain": wanted.chain,
        "one": wanted.settlement_id,
        "ends_at": ends_at,
        "settlement": settlement_id,
        "connection": connection_id,
        "rows": PAGE_ROWS + 1,
    }
    with (
        database.transaction(connection_ids) as transaction,
        transaction.cursor(row_factory=class_row(SettlementRow)) as cursor,
    ):
        return cursor.execute(
            f"""
            select {_ROW_COLUMNS} from (
                select s.* from unnest(%(connections)s::text[]) one cross join lateral (
                    select * from settlements s where s.connection_id = one {conditions}
                        and (s.ends_at, s.settlement_id, s.connection_id) < (%(ends_at)s, %(settlement)s, %(connection)s)
                    order by s.ends_at desc, s.settlement_id desc limit %(rows)s
                ) s order by s.ends_at desc, s.settlement_id desc, s.connection_id desc limit %(rows)s
            ) s {_ROW_TABLES}
            order by s.ends_at desc, s.settlement_id desc, s.connection_id desc
            """,  # noqa: S608 - the columns and conditions are the constants above
            values,
        ).fetchall()


def find_periods(database: Database, connection_ids: Sequence[str]) -> list[Period]:
    """The newest settlements' times, the newest first."""
    with (
        database.transaction(connection_ids) as transaction,
        transaction.cursor(row_factory=class_row(Period)) as cursor,
    ):
        return cursor.execute(
            """
            select s.* from unnest(%(connections)s::text[]) one cross join lateral (
                select connection_id, settlement_id, state, currency, chain, predecessor_id, starts_at, ends_at, total
                from settlements s where s.connection_id = one order by s.ends_at desc, s.settlement_id desc limit %(rows)s
            ) s order by s.ends_at desc, s.settlement_id desc, s.connection_id desc limit %(rows)s
            """,
            {"connections": list(connection_ids), "rows": PERIODS_MAX},
        ).fetchall()


def find_settlement(
    database: Database, connection_ids: Sequence[str], connection_id: str, settlement_id: str
) -> SettlementSheet | None:
    """One settlement in full, if it is of a connection the viewer may see."""
    if connection_id not in connection_ids:
        return None
    key = {"connection": connection_id, "settlement": settlement_id, "flow": MONEY_FLOW}
    with database.transaction([connection_id]) as transaction:
        with transaction.cursor(row_factory=class_row(SettlementRow)) as cursor:
            row = cursor.execute(
                f"select {_ROW_COLUMNS} from settlements s {_ROW_TABLES} "  # noqa: S608 - the constants above
                "where s.connection_id = %(connection)s and s.settlement_id = %(settlement)s",
                key,
            ).fetchone()
        if row is None:
            return None
        told = transaction.execute(
            """
            select s.settlement_key, s.facts, s.predecessor_id, coalesce(f.source, ''), f.received_at, coalesce(a.amount, 0), coalesce(a.reason, '')
            from settlements s left join settlement_files f on f.connection_id = s.connection_id and f.sha256 = s.sha256
            left join accepted_differences a on a.connection_id = s.connection_id and a.settlement_id = s.settlement_id and a.sha256 = s.sha256
            where s.connection_id = %(connection)s and s.settlement_id = %(settlement)s
            """,
            key,
        ).fetchone()
        assert told is not None, "a settlement is nowhere"
        groups = _groups(transaction, connection_id, told[0])
        return SettlementSheet(
            row=row,
            facts=FileFacts(**told[1]),
            source=told[3],
            received_at=told[4],
            predecessor_id=told[2],
            accepted=told[5],
            reason=told[6],
            entries=tuple(_entries(transaction, key)),
            groups=groups,
            certificate=_certificate(transaction, key),
            cases=tuple(_cases(transaction, connection_id, settlement_id, groups)),
        )


def find_certificate(
    database: Database, connection_ids: Sequence[str], connection_id: str, settlement_id: str
) -> bytes | None:
    """The bytes of a settlement's certificate; None where it has none, or is not the viewer's to see."""
    if connection_id not in connection_ids:
        return None
    with database.transaction([connection_id]) as transaction:
        row = transaction.execute(
            "select document from certificates where connection_id = %s and settlement_id = %s",
            [connection_id, settlement_id],
        ).fetchone()
    return bytes(row[0]) if row else None


def books_counts(database: Database, connection_ids: Sequence[str]) -> list[BooksCount]:
    """How the books stand, for each connection that has a settlement."""
    ids = {"connections": list(connection_ids)}
    with database.transaction(connection_ids) as transaction:
        suspense: dict[str, list[tuple[str, int]]] = {}
        for connection_id, currency, amount in transaction.execute(
            """
            select p.connection_id, e.currency, sum(-p.debit)::bigint from postings p join entries e using (connection_id, entry_id)
            where p.connection_id = any(%(connections)s) and p.account = 'suspense' group by 1, 2 having sum(p.debit) <> 0 order by 1, 2
            """,
            ids,
        ).fetchall():
            suspense.setdefault(connection_id, []).append((currency, amount))
        found = transaction.execute(
            """
            select s.*, (select count(*)::int from settlements h where h.connection_id = s.connection_id and h.state = 'held')
            from unnest(%(connections)s::text[]) one cross join lateral (
                select connection_id, settlement_id, currency, total, starts_at, ends_at from settlements s
                where s.connection_id = one order by s.ends_at desc, s.settlement_id desc limit 1
            ) s order by 1
            """,
            ids,
        ).fetchall()
    names = ("connection_id", "settlement_id", "currency", "total", "starts_at", "ends_at", "held", "suspense")
    return [BooksCount(**dict(zip(names, (*row, tuple(suspense.get(row[0], ()))), strict=True))) for row in found]


def _entries(transaction: Transaction, key: dict[str, Any]) -> list[EntryRow]:
    with transaction.cursor(row_factory=class_row(EntryRow)) as cursor:
        return cursor.execute(
            """
            select e.entry_id, e.number, e.kind, e.on_day, e.month, e.currency, p.number as line, p.account, p.marketplace, p.treatment, p.debit, p.rows
            from entries e join postings p using (connection_id, entry_id)
            where e.connection_id = %(connection)s and e.settlement_id = %(settlement)s order by e.number, p.number
            """,
            key,
        ).fetchall()


def _groups(transaction: Transaction, connection_id: str, settlement_key: int) -> tuple[BookedGroup, ...]:
    found = transaction.execute(
        """
        select group_no, transaction_type, amount_type, description, marketplace, fulfilled_by, month, treatment, order_mode, amount, rows, first_row,
            account, entry_number, posting_number
        from settlement_groups where connection_id = %s and settlement_key = %s order by group_no limit %s
        """,
        [connection_id, settlement_key, GROUPS_MAX],
    ).fetchall()
    return tuple(BookedGroup(row[0], Label(*row[1:4]), *row[4:]) for row in found)


def _certificate(transaction: Transaction, key: dict[str, Any]) -> CertificateMark | None:
    row: TupleRow | None = transaction.execute(
        """
        select c.sequence, c.sha256, coalesce(b.sha256, ''), c.made_at from certificates c
        left join certificates b on b.connection_id = c.connection_id and b.sequence = c.sequence - 1
        where c.connection_id = %(connection)s and c.settlement_id = %(settlement)s
        """,
        key,
    ).fetchone()
    return CertificateMark(*row) if row else None


def _cases(
    transaction: Transaction, connection_id: str, settlement_id: str, groups: Sequence[BookedGroup]
) -> list[CaseRow]:
    """Its own, and those of the labels in it that no rule fits."""
    labels = dict.fromkeys(label_record(group.label) for group in groups if group.account == "suspense")
    records = [settlement_id, *list(labels)[:_LABELS_MAX]]
    return [case for record in records for case in read_cases(transaction, [connection_id, MONEY_FLOW, record])]
