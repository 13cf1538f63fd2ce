"""Cases: opened once, closed when seen healthy, each time with a line in the history.

Rule: raising one twice is one case, with the newest facts. A kind that stands for a while is a trace of something that has been put right already: it is
not closed by being healthy again, but by its time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from psycopg.types.json import Jsonb

from crossdock.domain.case import Case
from crossdock.domain.case_kinds import CASE_KINDS
from crossdock.domain.desk import CaseRow
from crossdock.domain.record import Settled
from crossdock.domain.timeline import Event
from crossdock.store.database import Database, Transaction, as_json
from crossdock.store.history import write_events

# Not closed by a run of the record, which looks at other things.
_CHECKED_ELSEWHERE = [kind.code for kind in CASE_KINDS.values() if not kind.closed_by_run]
_STANDING = {kind.code: kind.stands_s for kind in CASE_KINDS.values() if kind.stands_s is not None}


@dataclass(frozen=True, slots=True)
class CaseBook:
    """The cases of one flow of one connection. `owners`: who looks at which kind by the merchant's policy, where it differs from the catalogue."""

    connection_id: str
    flow: str
    owners: Mapping[str, str]

    def open(self, transaction: Transaction, found: Sequence[tuple[str, Sequence[Case]]], now: datetime) -> None:
        """Open what is not open, and bring the facts of the others up to date."""
        rows = [self._row(record_id, case, now) for record_id, cases in found for case in cases]
        if not rows:
            return
        cursor = transaction.cursor()
        cursor.executemany(
            """
            insert into cases (connection_id, flow, record_id, kind, owner, facts, deadline, at_stake_minor_units, at_stake_currency,
                opened_at, updated_at)
            values (%s, %s, %s, %s, %s, %s::jsonb, %s, %s, %s, %s, %s)
            on conflict (connection_id, flow, record_id, kind) where closed_at is null do update set
                facts = excluded.facts, deadline = excluded.deadline, updated_at = excluded.updated_at,
                at_stake_minor_units = excluded.at_stake_minor_units, at_stake_currency = excluded.at_stake_currency
            returning record_id, kind, xmax = 0
            """,
            rows,
            returning=True,
        )
        written = [row for result in cursor.results() if (row := result.fetchone())]
        self._note(transaction, "case.opened", [(row[0], row[1]) for row in written if row[2]], now)

    def close(self, transaction: Transaction, results: Sequence[Settled], now: datetime) -> None:
        """Close what the runs did not find any more. A record that was only put back keeps its cases: nothing was seen."""
        seen = [s for s in results if not s.outcome.keeps_cases]
        still = [f"{s.record.record_id} {case.kind}" for s in seen for case in s.outcome.cases]
        closed = transaction.execute(
            """
            update cases set closed_at = %s, updated_at = %s, closed_because = 'seen healthy'
            where connection_id = %s and flow = %s and record_id = any(%s) and closed_at is null and record_id || ' ' || kind <> all(%s) and kind <> all(%s)
                and (not %s::jsonb ? kind or updated_at <= %s - make_interval(secs => (%s::jsonb ->> kind)::int))
            returning record_id, kind
            """,
            [
                now,
                now,
                self.connection_id,
                self.flow,
                [s.record.record_id for s in seen],
                still,
                _CHECKED_ELSEWHERE,
                Jsonb(_STANDING),
                now,
                Jsonb(_STANDING),
            ],
        ).fetchall()
        self._note(transaction, "case.closed", [(row[0], row[1]) for row in closed], now)

    def keep_standing(self, transaction: Transaction, results: Sequence[Settled], now: datetime) -> None:
        """A record with a case that still stands is a case itself, looked at again when the time of that case is over."""
        standing = transaction.execute(
            """
            select record_id, kind, updated_at from cases
            where connection_id = %s and flow = %s and record_id = any(%s) and closed_at is null and kind = any(%s)
            """,
            [self.connection_id, self.flow, [s.record.record_id for s in results], list(_STANDING)],
        ).fetchall()
        for record_id, kind, updated_at in standing:
            ends_at = updated_at + timedelta(seconds=_STANDING[kind])
            if ends_at > now:
                transaction.execute(
                    """
                    update inbox set state = 'case', due_at = least(due_at, %s)
                    where connection_id = %s and flow = %s and record_id = %s
                    """,
                    [ends_at, self.connection_id, self.flow, record_id],
                )

    def clear(
        self, transaction: Transaction, record_ids: Sequence[str], kind: str, now: datetime, *, facts: Mapping[str, str]
    ) -> None:
        """Close the case of this kind of each of these records that tells these facts, seen healthy; nothing happens where there is none."""
        closed = transaction.execute(
            """
            update cases set closed_at = %s, updated_at = %s, closed_because = 'seen healthy'
            where connection_id = %s and flow = %s and record_id = any(%s) and kind = %s and facts @> %s and closed_at is null
            returning record_id, kind
            """,
            [now, now, self.connection_id, self.flow, list(record_ids), kind, Jsonb(dict(facts))],
        ).fetchall()
        self._note(transaction, "case.closed", [(row[0], row[1]) for row in closed], now)

    def _row(self, record_id: str, case: Case, now: datetime) -> tuple[object, ...]:
        at_stake = case.at_stake
        return (
            self.connection_id,
            self.flow,
            record_id,
            case.kind,
            self.owners.get(case.kind, CASE_KINDS[case.kind].owner),
            as_json(dict(case.facts)),
            case.deadline,
            at_stake.minor_units if at_stake else None,
            at_stake.currency if at_stake else None,
            now,
            now,
        )

    def _note(self, transaction: Transaction, code: str, found: Sequence[tuple[str, str]], now: datetime) -> None:
        events = [(record_id, (Event(code, {"kind": kind}),)) for record_id, kind in found]
        write_events(transaction, self.connection_id, self.flow, found=events, now=now)


def resolve_case(database: Database, row: CaseRow, because: str, now: datetime) -> bool:
    """A person has dealt with a case: closed, with the reason; False where it was closed already."""
    with database.transaction([row.connection_id]) as transaction:
        closed = transaction.execute(
            """
            update cases set closed_at = %s, updated_at = %s, closed_because = %s
            where connection_id = %s and case_id = %s and closed_at is null returning case_id
            """,
            [now, now, because, row.connection_id, row.case_id],
        ).fetchone()
        if closed is not None:
            event = Event("case.resolved", {"kind": row.kind})
            write_events(transaction, row.connection_id, row.flow, found=[(row.record_id, (event,))], now=now)
    return closed is not None
