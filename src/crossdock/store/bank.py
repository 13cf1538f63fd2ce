"""What the bank's statements say of Amazon, and what Amazon says of its payouts: lines told by the one or the other, and the settlements they belong to.

Rule: a connection matches one statement at a time, and what a statement brought and what it closes are one transaction.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from zoneinfo import ZoneInfo

from psycopg.types.json import Jsonb

from crossdock.domain.accounts import BANK, CARD
from crossdock.domain.bank import Due, DueKind, Payout
from crossdock.domain.bank_cases import SeenDays
from crossdock.domain.ids import ConnectionId, SettlementId
from crossdock.domain.statement import BankLine
from crossdock.store.database import Database, Transaction

# The name of the mark of the days that statements told of.
SEEN = "bank.statements"


class BankStore:
    """The bank of one connection."""

    def __init__(self, database: Database, connection_id: ConnectionId) -> None:
        """Bind to one connection."""
        self._database = database
        self._connection_id = connection_id

    @contextmanager
    def matching(self) -> Iterator[BankBook]:
        """One transaction in which lines are matched, alone on this connection; nothing of it stays if it ends early."""
        with self._database.transaction([self._connection_id]) as transaction:
            transaction.execute(
                "select pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"{self._connection_id}/bank"]
            )
            yield BankBook(transaction, self._connection_id)

    def save_payouts(self, payouts: Sequence[Payout], now: datetime) -> int:
        """Keep payouts as Amazon tells them, the newest status and trace id of each; answers how many are news. Repeating is safe."""
        del now
        with self._database.transaction([self._connection_id]) as transaction:
            cursor = transaction.cursor()
            cursor.executemany(
                """
                insert into bank_lines as b (connection_id, line_id, told_by, on_day, amount, currency, ids, settlement_ids, payout_status, told_at)
                values (%s, %s, 'amazon', %s, %s, %s, %s, %s, %s, %s)
                on conflict (connection_id, line_id) do update set payout_status = excluded.payout_status, ids = excluded.ids,
                    settlement_ids = excluded.settlement_ids, amount = excluded.amount, currency = excluded.currency
                where (b.payout_status, b.ids, b.settlement_ids, b.amount, b.currency)
                    is distinct from (excluded.payout_status, excluded.ids, excluded.settlement_ids, excluded.amount, excluded.currency)
                """,
                [self._payout_row(payout) for payout in payouts],
            )
            return max(cursor.rowcount, 0)

    def _payout_row(self, payout: Payout) -> tuple[object, ...]:
        return (
            self._connection_id,
            f"payout {payout.payout_id}",
            payout.created_at.date(),
            payout.amount,
            payout.currency,
            [payout.trace_id] if payout.trace_id else [],
            list(payout.settlement_ids),
            payout.status,
            payout.created_at,
        )


class BankBook:
    """The transaction in which lines are matched."""

    def __init__(self, transaction: Transaction, connection_id: ConnectionId) -> None:
        """Begun by `BankStore.matching`."""
        self._transaction = transaction
        self._connection_id = connection_id

    def lines(self) -> list[BankLine]:
        """Every line of Amazon's that is kept."""
        rows = self._transaction.execute(
            """
            select line_id, on_day, amount, currency, ids, bank_reference, is_reversal from bank_lines
            where connection_id = %s and told_by = 'bank' order by on_day, line_id
            """,
            [self._connection_id],
        ).fetchall()
        return [BankLine(row[0], row[1], row[2], row[3], tuple(row[4]), row[5], row[6]) for row in rows]

    def payouts(self) -> list[Payout]:
        """Payouts as Amazon told them."""
        rows = self._transaction.execute(
            """
            select line_id, payout_status, amount, currency, told_at, ids, settlement_ids from bank_lines
            where connection_id = %s and told_by = 'amazon' order by told_at, line_id
            """,
            [self._connection_id],
        ).fetchall()
        return [
            Payout(
                payout_id=row[0].removeprefix("payout "),
                status=row[1],
                amount=row[2],
                currency=row[3],
                created_at=row[4],
                trace_id="".join(row[5]),
                settlement_ids=tuple(map(SettlementId, row[6])),
            )
            for row in rows
        ]

    def dues(self, zone: ZoneInfo) -> list[Due]:
        """Payouts of booked settlements, and their rows on the two clearing accounts: failed transfers and charges."""
        payouts = self._transaction.execute(
            """
            select settlement_id, total, currency, coalesce(deposit_at, ends_at) from settlements
            where connection_id = %s and state = 'booked' and total > 0
            """,
            [self._connection_id],
        ).fetchall()
        rows = self._transaction.execute(
            """
            select s.settlement_id, r.row_no, -r.amount, s.currency, r.posted_at, g.account from settlement_groups g
            join settlements s using (connection_id, settlement_key)
            join settlement_rows r on (r.connection_id, r.settlement_key, r.group_no) = (g.connection_id, g.settlement_key, g.group_no)
                and r.row_no >= g.first_row
            where g.connection_id = %s and g.account = any(%s) and r.amount <> 0
            """,
            [self._connection_id, [BANK, CARD]],
        ).fetchall()
        found = [Due(row[0], 0, "payout", row[1], row[2], _day(row[3], zone)) for row in payouts]
        return found + [Due(row[0], row[1], _kind(row[5], row[2]), row[2], row[3], _day(row[4], zone)) for row in rows]

    def seen(self) -> SeenDays | None:
        """The days of all statements; None where none was given yet."""
        row = self._transaction.execute(
            "select value from cursors where connection_id = %s and name = %s", [self._connection_id, SEEN]
        ).fetchone()
        return SeenDays(date.fromisoformat(row[0]["first"]), date.fromisoformat(row[0]["last"])) if row else None

    def forget(self, line_ids: Sequence[str]) -> None:
        """Delete these lines."""
        self._transaction.execute(
            "delete from bank_lines where connection_id = %s and told_by = 'bank' and line_id = any(%s)",
            [self._connection_id, list(line_ids)],
        )

    def save(
        self, new: Sequence[BankLine], settlements: Mapping[str, Sequence[str]], seen: SeenDays | None, now: datetime
    ) -> None:
        """Keep new lines, of every line the settlements it belongs to, and the days of the statements."""
        self._transaction.cursor().executemany(
            """
            insert into bank_lines (connection_id, line_id, told_by, on_day, amount, currency, ids, bank_reference, is_reversal, told_at)
            values (%s, %s, 'bank', %s, %s, %s, %s, %s, %s, %s)
            """,
            [
                (
                    self._connection_id,
                    line.line_id,
                    line.on_day,
                    line.amount,
                    line.currency,
                    list(line.ids),
                    line.bank_reference,
                    line.is_reversal,
                    now,
                )
                for line in new
            ],
        )
        self._transaction.execute(
            """
            update bank_lines b set settlement_ids = n.settlement_ids from (
                select line_id, array(select jsonb_array_elements_text(coalesce(%(settlements)s::jsonb -> line_id, '[]'))) as settlement_ids
                from bank_lines where connection_id = %(connection)s and told_by = 'bank'
            ) n where b.connection_id = %(connection)s and b.line_id = n.line_id and b.settlement_ids <> n.settlement_ids
            """,
            {"connection": self._connection_id, "settlements": Jsonb({k: list(v) for k, v in settlements.items()})},
        )
        if seen is not None:
            value = Jsonb({"first": seen.first.isoformat(), "last": seen.last.isoformat()})
            self._transaction.execute(
                """
                insert into cursors values (%s, %s, %s, %s)
                on conflict (connection_id, name) do update set value = excluded.value, updated_at = excluded.updated_at
                """,
                [self._connection_id, SEEN, value, now],
            )


def _kind(account: str, amount: int) -> DueKind:
    """What a row on a clearing account is; money that comes in by a row of its own is a payout of its own, such as a test deposit."""
    if account == CARD:
        return "charge"
    return "payout" if amount > 0 else "failed"


def _day(at: datetime, zone: ZoneInfo) -> date:
    return at.astimezone(zone).date()
