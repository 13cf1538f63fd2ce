"""The inbox: one row a record, its newest snapshot, its state, and when it is due.

Rule: an older snapshot never replaces a newer, and a result is written only onto the version it was decided from. So a record that changed while it
was being worked on is simply due again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from crossdock.domain.case import Case
from crossdock.domain.ids import OrderNumber
from crossdock.domain.record import Arrival, Record, Settled
from crossdock.domain.timeline import Link, State
from crossdock.store.cases import CaseBook
from crossdock.store.database import Database, Transaction, as_json
from crossdock.store.history import write_events
from crossdock.store.snapshots import LONG_AGO


class Inbox:
    """The records of one flow of one connection."""

    def __init__(self, database: Database, connection_id: str, flow: str, owners: dict[str, str]) -> None:
        """`owners`: who looks at which kind of case by the merchant's policy, where it differs from the catalogue."""
        self._database = database
        self._connection_id = connection_id
        self._flow = flow
        self._cases = CaseBook(connection_id, flow, owners)

    def put(self, arrivals: Sequence[Arrival], now: datetime) -> int:
        """Take in what arrived; answers how many were news. Repeating is safe: what is known already changes nothing."""
        # By name, as everywhere rows are locked, so that two writers never wait for each other; the same record twice keeps its order.
        with self._database.transaction([self._connection_id]) as transaction:
            news = [
                arrival
                for arrival in sorted(arrivals, key=lambda a: a.record_id)
                if self._put_one(transaction, arrival, now)
            ]
            # What cannot be read and is older than what is held says nothing; what tells no time may be the newest.
            timeless = [arrival for arrival in arrivals if arrival.snapshot_at == LONG_AGO]
            self._cases.open(
                transaction, [(a.record_id, a.outcome.cases) for a in (*news, *timeless) if a.outcome], now
            )
            write_events(
                transaction, self._connection_id, self._flow, found=[(a.record_id, a.events) for a in news], now=now
            )
        return len(news)

    def _put_one(self, transaction: Transaction, arrival: Arrival, now: datetime) -> bool:
        outcome = arrival.outcome
        state = outcome.state if outcome else State.WAITING
        due_at = outcome.due_at if outcome else now
        reason = outcome.reason if outcome else "arrived"
        found = transaction.execute(
            """
            insert into inbox as held (connection_id, flow, record_id, snapshot, snapshot_at, created_at, fulfilled_by, status,
                state, reason, due_at, first_seen_at, changed_at)
            values (%s, %s, %s, %s::jsonb, %s, %s, %s, %s, %s, %s, %s, %s, %s)
            on conflict (connection_id, flow, record_id) do update set
                snapshot = excluded.snapshot, snapshot_at = excluded.snapshot_at, created_at = excluded.created_at,
                fulfilled_by = excluded.fulfilled_by, status = excluded.status, version = held.version + 1,
                state = excluded.state, reason = excluded.reason, due_at = excluded.due_at, attempts = 0, changed_at = excluded.changed_at
            where excluded.snapshot_at > held.snapshot_at
                or (excluded.snapshot_at = held.snapshot_at and excluded.snapshot <> held.snapshot)
            returning version
            """,
            [
                self._connection_id,
                self._flow,
                arrival.record_id,
                arrival.snapshot.decode(),
                arrival.snapshot_at,
                arrival.created_at,
                arrival.fulfilled_by,
                arrival.status,
                state,
                reason,
                due_at,
                now,
                now,
            ],
        ).fetchone()
        return found is not None

    def due(self, now: datetime, limit: int) -> list[Record]:
        """Records whose time has come, the longest due first."""
        return self._read("where i.due_at <= %s order by i.due_at limit %s", [now, limit])

    def find(self, record_id: str) -> Record | None:
        """One record, due or not."""
        return next(iter(self._read("where i.record_id = %s", [record_id])), None)

    def known(self, record_ids: Sequence[str]) -> dict[str, State]:
        """Which of these are in the inbox, and in which state."""
        with self._database.transaction([self._connection_id]) as transaction:
            found = transaction.execute(
                "select record_id, state from inbox where connection_id = %s and flow = %s and record_id = any(%s)",
                [self._connection_id, self._flow, list(record_ids)],
            ).fetchall()
        return {record_id: State(state) for record_id, state in found}

    def next_due_at(self) -> datetime | None:
        """When the next record is due; None when none is."""
        with self._database.transaction([self._connection_id]) as transaction:
            row = transaction.execute(
                "select min(due_at) from inbox where connection_id = %s and flow = %s and due_at is not null",
                [self._connection_id, self._flow],
            ).fetchone()
        return row[0] if row else None

    def wake(self, record_ids: Sequence[str], now: datetime) -> int:
        """Make records due now, whatever their state; answers how many there are."""
        with self._database.transaction([self._connection_id]) as transaction:
            return transaction.execute(
                """
                with held as materialized (
                    select record_id from inbox
                    where connection_id = %s and flow = %s and record_id = any(%s) order by record_id for update
                )
                update inbox set due_at = %s, attempts = 0, version = version + 1 from held
                where inbox.connection_id = %s and inbox.flow = %s and inbox.record_id = held.record_id
                """,
                [self._connection_id, self._flow, list(record_ids), now, self._connection_id, self._flow],
            ).rowcount

    def expect(self, record_ids: Sequence[str], at: datetime, now: datetime) -> None:
        """Make records due by this time at the latest; what is not known yet is taken in without a snapshot, which its flow reads by itself."""
        if not record_ids:
            return
        with self._database.transaction([self._connection_id]) as transaction:
            transaction.execute(
                """
                insert into inbox as held (connection_id, flow, record_id, snapshot, snapshot_at, created_at, state, reason, due_at, first_seen_at, changed_at)
                select %s, %s, record_id, '{}', %s, %s, 'waiting', 'arrived', %s, %s, %s
                from unnest(%s::text[]) as found (record_id) order by record_id
                on conflict (connection_id, flow, record_id) do update set
                    due_at = least(held.due_at, excluded.due_at), version = held.version + 1, attempts = 0
                """,
                [self._connection_id, self._flow, now, now, at, now, now, sorted(set(record_ids))],
            )

    def wake_waiting(self, now: datetime) -> int:
        """Make every record due that waits."""
        with self._database.transaction([self._connection_id]) as transaction:
            return transaction.execute(
                "update inbox set due_at = %s, version = version + 1 where connection_id = %s and flow = %s and state = 'waiting'",
                [now, self._connection_id, self._flow],
            ).rowcount

    def settle(self, results: Sequence[Settled], now: datetime) -> None:
        """Write what a few records came to, in one transaction: state, link, cases opened and closed, history."""
        results = sorted(results, key=lambda s: s.record.record_id)
        with self._database.transaction([self._connection_id]) as transaction:
            current = self._write_states(transaction, results, now)
            self._write_links(transaction, results, now)
            # What was decided from a version that has moved closes nothing: the record is due again.
            self._cases.close(transaction, current, now)
            self._cases.open(transaction, [(s.record.record_id, s.outcome.cases) for s in results], now)
            self._cases.keep_standing(transaction, current, now)
            write_events(
                transaction,
                self._connection_id,
                self._flow,
                found=[(s.record.record_id, s.outcome.events) for s in results],
                now=now,
            )

    def raise_case(self, record_id: str, case: Case, now: datetime) -> None:
        """Open a case that is not the outcome of one record's run: of the connection itself, or of a check over many records."""
        with self._database.transaction([self._connection_id]) as transaction:
            self._cases.open(transaction, [(record_id, (case,))], now)

    def clear_case(self, record_id: str, kind: str, now: datetime) -> None:
        """Close such a case, seen healthy; nothing happens where there is none."""
        self.clear_cases([record_id], kind, now)

    def clear_cases(
        self, record_ids: Sequence[str], kind: str, now: datetime, *, facts: Mapping[str, str] | None = None
    ) -> None:
        """The same for many records; with `facts` only a case that tells these."""
        with self._database.transaction([self._connection_id]) as transaction:
            self._cases.clear(transaction, record_ids, kind, now, facts=facts or {})

    def _read(self, where: str, arguments: list[Any]) -> list[Record]:
        # Two statements, not a join: before the first ANALYZE of a new database, PostgreSQL would walk all links for each record.
        with self._database.transaction([self._connection_id]) as transaction:
            found = transaction.execute(
                f"""
                select i.record_id, i.snapshot::text, i.version, i.attempts, i.state from inbox i
                {where.replace("where", "where i.connection_id = %s and i.flow = %s and", 1)}
                """,  # noqa: S608 - the two callers' own text, never an argument
                [self._connection_id, self._flow, *arguments],
            ).fetchall()
            links = self._links(transaction, [row[0] for row in found])
        return [
            Record(
                record_id=row[0],
                snapshot=row[1].encode(),
                version=row[2],
                attempts=row[3],
                state=State(row[4]),
                link=links.get(row[0]),
            )
            for row in found
        ]

    def _links(self, transaction: Transaction, record_ids: list[str]) -> dict[str, Link]:
        if not record_ids:
            return {}
        found = transaction.execute(
            """
            select record_id, commercetools_id, order_number, version from links
            where connection_id = %s and record_id = any(%s)
            """,
            [self._connection_id, record_ids],
        ).fetchall()
        return {row[0]: Link(row[1], OrderNumber(row[2]), row[3]) for row in found}

    def _write_states(self, transaction: Transaction, results: Sequence[Settled], now: datetime) -> list[Settled]:
        """Answers those whose record is still the version they were decided from; the others are not written.

        One statement for all: one for each cost a tenth of the worker's CPU (measured). Rows are locked by name, as everywhere.
        """
        decided = [
            {
                "record_id": s.record.record_id,
                "version": s.record.version,
                "state": s.outcome.state,
                "reason": s.outcome.reason,
                "due_at": s.outcome.due_at,
                "attempts": s.attempts,
            }
            for s in results
        ]
        written = transaction.execute(
            """
            with decided as (
                select * from jsonb_to_recordset(%s::jsonb)
                    as decided (record_id text, version bigint, state text, reason text, due_at timestamptz, attempts int)
            ), held as materialized (
                select record_id from inbox
                where connection_id = %s and flow = %s and record_id = any(select record_id from decided) order by record_id for update
            )
            update inbox set state = decided.state, reason = decided.reason, due_at = decided.due_at, attempts = decided.attempts, changed_at = %s
            from decided join held using (record_id)
            where inbox.connection_id = %s and inbox.flow = %s and inbox.record_id = decided.record_id and inbox.version = decided.version
            returning inbox.record_id
            """,
            [as_json(decided), self._connection_id, self._flow, now, self._connection_id, self._flow],
        ).fetchall()
        current = {row[0] for row in written}
        return [s for s in results if s.record.record_id in current]

    def _write_links(self, transaction: Transaction, results: Sequence[Settled], now: datetime) -> None:
        linked = [
            {
                "record_id": s.record.record_id,
                "commercetools_id": s.outcome.link.commercetools_id,
                "order_number": s.outcome.link.order_number,
                "version": s.outcome.link.version,
            }
            for s in results
            if s.outcome.link is not None
        ]
        if linked:
            transaction.execute(
                """
                insert into links (connection_id, record_id, commercetools_id, order_number, version, linked_at)
                select %s, record_id, commercetools_id, order_number, version, %s
                from jsonb_to_recordset(%s::jsonb) as found (record_id text, commercetools_id text, order_number text, version bigint)
                on conflict (connection_id, record_id) do update set commercetools_id = excluded.commercetools_id, version = excluded.version
                """,
                [self._connection_id, now, as_json(linked)],
            )
