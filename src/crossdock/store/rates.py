"""Token buckets per (connection, operation), shared by all processes, so that no call of ours is ever throttled.

A plan is one row taken per call; one of 10 calls a second or more is taken in leases of a second's worth, because a row per call would cost
a third of the throughput (measured). What a process leased and did not use is lost with it: too few calls, never too many. Slower plans are not
leased: a second's worth would be the whole burst, and nothing would be left of the share that is kept for urgent calls.

The platform counts calls as they arrive, and the one that found its bucket full may have been the slowest on its way: what came in after it came in a
shorter time than we gave it. So a bucket that is full, or nearly, is refilled only from `ARRIVAL_S` after a call of it.
"""

from __future__ import annotations

import math
import threading
from datetime import datetime, timedelta

from crossdock.rate import Plan
from crossdock.store.database import Database

LEASE_FROM_PER_S = 10.0
# How much longer one call may take to arrive than another; a TLS connection that has to be made first takes about as long.
ARRIVAL_S = 0.25
# A bucket refilled for exactly one call holds 0.9999... of it.
_NOTHING = 1e-9


class Rates:
    """The buckets of one connection."""

    def __init__(self, database: Database, connection_id: str) -> None:
        """Bind to one connection."""
        self._database = database
        self._connection_id = connection_id
        self._leased: dict[str, float] = {}
        self._guard = threading.Lock()

    def take(self, operation: str, plan: Plan, now: datetime, *, urgent: bool = False) -> float:
        """Take one call. Answers 0.0 when it may be made now, else the seconds until it may."""
        lease = plan.per_s if plan.per_s >= LEASE_FROM_PER_S else 1.0
        with self._guard:
            if self._leased.get(operation, 0.0) >= 1.0:
                self._leased[operation] -= 1.0
                return 0.0
        # A bucket so small that the share would leave no call at all has none to keep.
        reserve = 0.0 if urgent else max(0.0, min(plan.burst * plan.urgent_share, plan.burst - lease))
        wait_s = self._draw(operation, plan, now, lease=lease, reserve=reserve)
        if wait_s == 0.0 and lease > 1.0:
            with self._guard:
                self._leased[operation] = self._leased.get(operation, 0.0) + lease - 1.0
        return wait_s

    def _draw(self, operation: str, plan: Plan, now: datetime, *, lease: float, reserve: float) -> float:
        with self._database.transaction([self._connection_id]) as transaction:
            transaction.execute(
                "insert into rates values (%s, %s, %s, %s, %s, %s) on conflict do nothing",
                [self._connection_id, operation, plan.burst, plan.per_s, plan.burst, now],
            )
            row = transaction.execute(
                """
                select least(burst, tokens + per_s * greatest(0, extract(epoch from %s - updated_at))), per_s, burst, greatest(%s, updated_at)
                from rates where connection_id = %s and operation = %s for update
                """,
                [now, now, self._connection_id, operation],
            ).fetchone()
            assert row is not None, "the bucket was just made"
            tokens, per_s, burst = map(float, row[:3])
            refilled_from = row[3]
            lacking = max(lease + reserve - tokens, 0.0)
            if lacking < _NOTHING:
                lacking = 0.0
            left = tokens if lacking else tokens - lease
            if not lacking and tokens >= burst - per_s * ARRIVAL_S:
                refilled_from = max(refilled_from, now + timedelta(seconds=ARRIVAL_S))
            transaction.execute(
                "update rates set tokens = %s, updated_at = %s where connection_id = %s and operation = %s",
                [left, refilled_from, self._connection_id, operation],
            )
        return _whole_ms(lacking / per_s + (refilled_from - now).total_seconds()) if lacking else 0.0

    def correct(self, operation: str, plan: Plan, per_s: float, now: datetime) -> None:
        """Amazon's header says another rate than the published plan: believe the header."""
        with self._database.transaction([self._connection_id]) as transaction:
            transaction.execute(
                """
                insert into rates values (%s, %s, %s, %s, %s, %s)
                on conflict (connection_id, operation) do update set per_s = excluded.per_s
                """,
                [self._connection_id, operation, plan.burst, per_s, plan.burst, now],
            )

    def empty(self, operation: str, plan: Plan, now: datetime) -> float:
        """We were throttled: the bucket is empty now, for every process. Answers the seconds until one call fits again."""
        with self._guard:
            self._leased.pop(operation, None)
        with self._database.transaction([self._connection_id]) as transaction:
            row = transaction.execute(
                """
                insert into rates values (%s, %s, 0, %s, %s, %s)
                on conflict (connection_id, operation) do update set tokens = 0, updated_at = greatest(rates.updated_at, excluded.updated_at)
                returning per_s, updated_at
                """,
                [self._connection_id, operation, plan.per_s, plan.burst, now],
            ).fetchone()
        assert row is not None, "an upsert without a row"
        return _whole_ms(1.0 / float(row[0]) + (row[1] - now).total_seconds())


def _whole_ms(wait_s: float) -> float:
    """Rounded up: who comes back a fraction too early would be sent away with a wait of nothing, and come back at once."""
    return math.ceil(wait_s * 1000) / 1000
