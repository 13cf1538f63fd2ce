"""Feeds of quantities: which are under way, which sets each carries, and what became of them.

Rule: a set joins a feed in the transaction that holds it, and a feed is one that may exist on Amazon from before it is created there. What is told of a
set is written once, and never taken back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from crossdock.domain.feed import KEPT_FOR, SETS_MAX, FeedEnd, FeedNews, FeedSet, FeedStage, QuantityFeed, SetEnd
from crossdock.domain.ids import SellerSku
from crossdock.store.database import Database, Transaction

# Ends after which the next feed would fare no better for a while; a lost one says nothing of the queue.
_WENT_WRONG: list[FeedEnd] = ["fatal", "cancelled", "refused", "dropped"]


class FeedStore:
    """The feeds of one connection."""

    def __init__(self, database: Database, connection_id: str) -> None:
        """Bind to one connection."""
        self._database = database
        self._connection_id = connection_id

    def news(self, skus: Sequence[SellerSku]) -> Mapping[SellerSku, FeedNews]:
        """What was told of the newest set of each of these SKUs; nothing where nothing was."""
        with self._database.transaction([self._connection_id]) as transaction:
            rows = transaction.execute(
                """
                select distinct on (seller_sku) seller_sku, quantity, expected_at_s, ended, told_at, code from feed_sets
                where connection_id = %s and seller_sku = any(%s) order by seller_sku, feed_key desc
                """,
                [self._connection_id, list(skus)],
            ).fetchall()
        return {SellerSku(row[0]): FeedNews(*row[1:]) for row in rows if row[3] is not None}

    def gathered(self) -> int:
        """How many sets wait in the feed that still takes some."""
        with self._database.transaction([self._connection_id]) as transaction:
            row = transaction.execute(
                "select size from feeds where connection_id = %s and stage = 'gathering'", [self._connection_id]
            ).fetchone()
        return int(row[0]) if row else 0

    def went_wrong(self, since: datetime) -> bool:
        """Whether a feed was late, or came to nothing, since then."""
        with self._database.transaction([self._connection_id]) as transaction:
            row = transaction.execute(
                """
                select exists (
                    select from feeds where connection_id = %s and (late_at > %s or (outcome = any(%s) and ended_at > %s))
                )
                """,
                [self._connection_id, since, _WENT_WRONG, since],
            ).fetchone()
        assert row is not None, "a question has an answer"
        return bool(row[0])

    def under_way(self) -> list[QuantityFeed]:
        """Every feed that is not over, the oldest first."""
        with self._database.transaction([self._connection_id]) as transaction:
            rows = transaction.execute(
                """
                select feed_key, stage, made_at, feed_id, submitted_at, late_at from feeds
                where connection_id = %s and stage <> 'over' order by feed_key
                """,
                [self._connection_id],
            ).fetchall()
        return [QuantityFeed(*row) for row in rows]

    def close(self) -> None:
        """The feed that gathers takes no more."""
        with self._database.transaction([self._connection_id]) as transaction:
            transaction.execute(
                "update feeds set stage = 'closed' where connection_id = %s and stage = 'gathering'",
                [self._connection_id],
            )

    def sets(self, feed_key: int) -> list[FeedSet]:
        """All that joined it, in the order of their messages."""
        with self._database.transaction([self._connection_id]) as transaction:
            rows = transaction.execute(
                'select seller_sku, quantity, expected_at_s, ended from feed_sets where connection_id = %s and feed_key = %s order by seller_sku collate "C"',
                [self._connection_id, feed_key],
            ).fetchall()
        return [FeedSet(SellerSku(row[0]), *row[1:]) for row in rows]

    def mark(self, feed_key: int, stage: FeedStage) -> None:
        """Where it stands before Amazon's number of it is known."""
        self._update(feed_key, "stage = %s", stage)

    def submitted(self, feed_key: int, feed_id: str, now: datetime) -> None:
        """Amazon has it, under this number."""
        self._update(feed_key, "stage = 'submitted', feed_id = %s, submitted_at = %s", feed_id, now)

    def late(self, feed_key: int, now: datetime) -> None:
        """It is past its usual time; the first time counts as long as it is under way."""
        self._update(feed_key, "late_at = coalesce(late_at, %s)", now)

    def tell(
        self, feed_key: int, ends: Mapping[SellerSku, SetEnd], now: datetime, *, codes: Mapping[SellerSku, str]
    ) -> None:
        """What became of these sets; what was told of one before stands."""
        skus = list(ends)
        with self._database.transaction([self._connection_id]) as transaction:
            transaction.execute(
                """
                update feed_sets set ended = told.ended, code = told.code, told_at = %s
                from unnest(%s::text[], %s::text[], %s::text[]) as told (seller_sku, ended, code)
                where connection_id = %s and feed_key = %s and feed_sets.seller_sku = told.seller_sku and feed_sets.ended is null
                """,
                [
                    now,
                    skus,
                    [ends[sku] for sku in skus],
                    [codes.get(sku, "") for sku in skus],
                    self._connection_id,
                    feed_key,
                ],
            )

    def end(self, feed_key: int, outcome: FeedEnd, now: datetime) -> None:
        """It is over; those that were over long ago are forgotten."""
        self._update(feed_key, "stage = 'over', outcome = %s, ended_at = %s", outcome, now)
        with self._database.transaction([self._connection_id]) as transaction:
            transaction.execute(
                """
                with old as (
                    delete from feeds where connection_id = %s and stage = 'over' and ended_at < %s returning feed_key
                )
                delete from feed_sets where connection_id = %s and feed_key in (select feed_key from old)
                """,
                [self._connection_id, now - KEPT_FOR, self._connection_id],
            )

    def _update(self, feed_key: int, changes: str, *values: object) -> None:
        with self._database.transaction([self._connection_id]) as transaction:
            transaction.execute(
                f"update feeds set {changes} where connection_id = %s and feed_key = %s".encode(),  # noqa: S608 - our own text, never an argument
                [*values, self._connection_id, feed_key],
            )


def gather(
    transaction: Transaction,
    connection_id: str,
    *,
    sku: SellerSku,
    quantity: int,
    expected_at_s: float,
    now: datetime,
) -> int:
    """One more set joins the feed that gathers, a new one where there is none; answers that feed's key. A full one takes no more."""
    row = transaction.execute(
        """
        insert into feeds as held (connection_id, stage, size, made_at) values (%s, 'gathering', 1, %s)
        on conflict (connection_id) where stage = 'gathering' do update set
            size = held.size + 1, stage = case when held.size + 1 >= %s then 'closed' else held.stage end
        returning feed_key
        """,
        [connection_id, now, SETS_MAX],
    ).fetchone()
    assert row is not None, "an upsert without a row"
    transaction.execute(
        "insert into feed_sets (connection_id, feed_key, seller_sku, quantity, expected_at_s) values (%s, %s, %s, %s, %s)",
        [connection_id, row[0], sku, quantity, expected_at_s],
    )
    return int(row[0])
