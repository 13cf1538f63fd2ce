"""The SQL behind the overview: freshness, backlogs, rates, cases by owner, the pictures of the day and the proof of the days before.

Rule: every function is told the connections its viewer may see, and counts along an index that holds all it counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from crossdock.domain.desk import (
    BACKLOG_MAX,
    ORDERS_FLOW,
    ORDERS_SEARCH,
    AtStake,
    Backlog,
    CaseCount,
    HourCount,
    LastRun,
    ProvenDay,
    RateLeft,
    StateCount,
)
from crossdock.domain.money import Money
from crossdock.domain.timeline import State
from crossdock.store.database import Database

HOURS_OF_A_DAY = 24


def last_runs(database: Database, connection_ids: Sequence[str]) -> list[LastRun]:
    """When each routine of each connection last did all of its work; the search of orders by its own mark, every page counts."""
    with database.transaction(connection_ids) as transaction:
        found = transaction.execute(
            """
            select connection_id, case name when %s then name else substr(name, 5) end,
                case name when %s then updated_at else (value ->> 'succeeded')::timestamptz end
            from cursors where connection_id = any(%s) and (name = %s or name like 'run.%%')
            order by 1, 2
            """,
            [ORDERS_SEARCH, ORDERS_SEARCH, list(connection_ids), ORDERS_SEARCH],
        ).fetchall()
    return [LastRun(*row) for row in found]


def backlogs(
    database: Database, connection_ids: Sequence[str], now: datetime, *, flow: str = ORDERS_FLOW
) -> list[Backlog]:
    """How many records of a flow are due now, and since when the oldest, for each connection."""
    with database.transaction(connection_ids) as transaction:
        found = transaction.execute(
            """
            select c, count(due.due_at)::int, min(due.due_at) from unnest(%s::text[]) c
            left join lateral (
                select due_at from inbox where connection_id = c and flow = %s and due_at <= %s order by due_at limit %s
            ) due on true
            group by c order by c
            """,
            [list(connection_ids), flow, now, BACKLOG_MAX],
        ).fetchall()
    return [Backlog(*row) for row in found]


def rates_left(database: Database, connection_ids: Sequence[str], now: datetime) -> list[RateLeft]:
    """What is in each bucket now."""
    with database.transaction(connection_ids) as transaction:
        found = transaction.execute(
            """
            select connection_id, operation, floor(least(burst, tokens + per_s * greatest(0, extract(epoch from %s - updated_at))))::int,
                burst::int, per_s
            from rates where connection_id = any(%s) order by connection_id, operation
            """,
            [now, list(connection_ids)],
        ).fetchall()
    return [
        RateLeft(c, operation, left, burst, timedelta(seconds=1 / per_s)) for c, operation, left, burst, per_s in found
    ]


def case_counts(database: Database, connection_ids: Sequence[str], now: datetime) -> list[CaseCount]:
    """Open cases by connection, owner and kind."""
    with database.transaction(connection_ids) as transaction:
        found = transaction.execute(
            """
            select connection_id, owner, kind, count(*)::int, count(*) filter (where deadline < %s)::int, min(deadline)
            from cases where connection_id = any(%s) and closed_at is null group by 1, 2, 3 order by 2, 4 desc, 3, 1
            """,
            [now, list(connection_ids)],
        ).fetchall()
    return [CaseCount(*row) for row in found]


def money_at_stake(database: Database, connection_ids: Sequence[str]) -> list[AtStake]:
    """What each owner's open cases are about, by currency; a record with several cases of one owner counts once."""
    with database.transaction(connection_ids) as transaction:
        found = transaction.execute(
            """
            select owner, at_stake_currency, sum(abs(at_stake_minor_units))::bigint from (
                select distinct on (connection_id, owner, at_stake_currency, flow, record_id) owner, at_stake_currency, at_stake_minor_units
                from cases where connection_id = any(%s) and closed_at is null and at_stake_currency is not null
                order by connection_id, owner, at_stake_currency, flow, record_id, at_stake_minor_units desc
            ) record group by 1, 2 order by 1, 3 desc
            """,
            [list(connection_ids)],
        ).fetchall()
    return [AtStake(owner, Money(amount, currency)) for owner, currency, amount in found]


def orders_by_hour(database: Database, connection_ids: Sequence[str], since: datetime) -> list[HourCount]:
    """Orders bought in the day that begins then, by hour, by who fulfils them and by where they stand now."""
    # One short walk an hour: grouped by an expression of the time, PostgreSQL would expect as many groups as orders and sort them all.
    with database.transaction(connection_ids) as transaction:
        found = transaction.execute(
            """
            select hour, fulfilled_by, state, sum(orders)::int
            from unnest(%s::text[]) c cross join generate_series(%s::timestamptz, %s::timestamptz, '1 hour') hour
            cross join lateral (
                select fulfilled_by, state, count(*) as orders from inbox
                where connection_id = c and flow = %s and created_at >= hour and created_at < hour + interval '1 hour' group by 1, 2
            ) bought
            group by 1, 2, 3 order by 1, 2, 3
            """,
            [list(connection_ids), since, since + timedelta(hours=HOURS_OF_A_DAY - 1), ORDERS_FLOW],
        ).fetchall()
    return [HourCount(hour, fulfilled_by, State(state), orders) for hour, fulfilled_by, state, orders in found]


def state_counts(database: Database, connection_ids: Sequence[str], states: Sequence[State]) -> list[StateCount]:
    """Orders in these states, for each connection. What is open is soon counted; all that ever was takes a quarter of a second for a million."""
    with database.transaction(connection_ids) as transaction:
        found = transaction.execute(
            """
            select connection_id, state, count(*)::int from inbox
            where connection_id = any(%s) and flow = %s and state = any(%s) group by 1, 2 order by 1, 2
            """,
            [list(connection_ids), ORDERS_FLOW, list(states)],
        ).fetchall()
    return [StateCount(connection_id, State(state), records) for connection_id, state, records in found]


def proven_days(database: Database, connection_ids: Sequence[str], since: date) -> list[ProvenDay]:
    """What the second search of each closed day counted, the newest first."""
    with database.transaction(connection_ids) as transaction:
        found = transaction.execute(
            """
            select connection_id, day, checked_at, on_amazon, in_commercetools, out_of_scope, waiting, missing
            from closed_days where connection_id = any(%s) and day >= %s order by day desc, connection_id
            """,
            [list(connection_ids), since],
        ).fetchall()
    return [ProvenDay(*row) for row in found]
