"""Closed days and their proof: every Amazon order of the day is in commercetools, out of scope, or waiting."""

from __future__ import annotations

from datetime import datetime

from crossdock.domain.day_check import DayCheck
from crossdock.store.database import Database


def save_day(database: Database, connection_id: str, check: DayCheck, now: datetime) -> None:
    """Keep what a day's check counted; a later check of the same day replaces it."""
    with database.transaction([connection_id]) as transaction:
        transaction.execute(
            """
            insert into closed_days (connection_id, day, checked_at, on_amazon, in_inbox, in_commercetools, out_of_scope, waiting, missing)
            values (%s, %s, %s, %s, %s, %s, %s, %s, %s)
            on conflict (connection_id, day) do update set checked_at = excluded.checked_at, on_amazon = excluded.on_amazon,
                in_inbox = excluded.in_inbox, in_commercetools = excluded.in_commercetools, out_of_scope = excluded.out_of_scope,
                waiting = excluded.waiting, missing = excluded.missing
            """,
            [
                connection_id,
                check.day,
                now,
                check.on_amazon,
                check.on_amazon - check.found_missing,
                check.in_commercetools,
                check.out_of_scope,
                check.waiting,
                check.amiss(),
            ],
        )
