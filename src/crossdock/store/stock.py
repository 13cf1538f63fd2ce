"""One SKU's stock as we hold it, and the lines of orders it must know of.

Rule: what the hold counts and which lines are counted change in one transaction, so that a sale is counted once, whatever is killed. A record is saved
onto the version it was decided from, so that of two runs at once none forgets what the other has sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import msgspec

from crossdock.domain.demand import Demand
from crossdock.domain.feed import FeedNews
from crossdock.domain.ids import AmazonOrderId, OrderItemId, SellerSku
from crossdock.domain.stock_record import SentSet, SoldLine, StockRecord
from crossdock.errors import Conflict
from crossdock.store.database import Database, Transaction, as_json
from crossdock.store.feeds import FeedStore, gather

_encode = msgspec.json.Encoder().encode
_decoder = msgspec.json.Decoder(StockRecord)
_demand_decoder = msgspec.json.Decoder(Demand)


class StockStore:
    """The stock of one connection."""

    def __init__(self, database: Database, connection_id: str) -> None:
        """Bind to one connection."""
        self._database = database
        self._connection_id = connection_id

    def note(self, lines: Sequence[SoldLine]) -> list[SellerSku]:
        """Take in the lines of orders; answers the SKUs of which some are news. An older version replaces no newer one; repeating is safe.

        Of two versions of one moment the one with fewer units is the newer: lines are cancelled, never enlarged.
        """
        if not lines:
            return []
        rows = [
            {
                "order_id": line.order_id,
                "item_id": line.item_id,
                "seller_sku": line.seller_sku,
                "ordered": line.ordered,
                "units": line.units,
                "made_at": line.made_at,
                "told_at": line.told_at,
                "final": line.final,
            }
            for line in sorted(lines, key=lambda line: (line.order_id, line.item_id, line.told_at))
        ]
        with self._database.transaction([self._connection_id]) as transaction:
            # One row each, in order: a page may hold two versions of one order, and one statement may not write a row twice.
            cursor = transaction.cursor()
            cursor.executemany(
                """
                insert into sold_lines as held (connection_id, order_id, item_id, seller_sku, ordered, units, made_at, told_at, final)
                values (%(connection_id)s, %(order_id)s, %(item_id)s, %(seller_sku)s, %(ordered)s, %(units)s, %(made_at)s, %(told_at)s, %(final)s)
                on conflict (connection_id, order_id, item_id) do update set
                    units = excluded.units, told_at = excluded.told_at, final = excluded.final, ordered = excluded.ordered
                where excluded.told_at > held.told_at
                    or (excluded.told_at = held.told_at and (excluded.units < held.units or (excluded.final and not held.final)))
                returning seller_sku
                """,
                [row | {"connection_id": self._connection_id} for row in rows],
                returning=True,
            )
            news = [row[0] for result in cursor.results() if (row := result.fetchone())]
        return [SellerSku(sku) for sku in dict.fromkeys(news)]

    def find(self, skus: Sequence[SellerSku]) -> Mapping[SellerSku, StockRecord]:
        """What we hold of these SKUs; one that is missing was never looked at."""
        with self._database.transaction([self._connection_id]) as transaction:
            rows = transaction.execute(
                "select seller_sku, record::text from stock where connection_id = %s and seller_sku = any(%s)",
                [self._connection_id, list(skus)],
            ).fetchall()
        return {SellerSku(row[0]): _decoder.decode(row[1]) for row in rows}

    def lines(self, skus: Sequence[SellerSku]) -> Mapping[SellerSku, list[SoldLine]]:
        """Their lines that are not settled, the oldest first."""
        with self._database.transaction([self._connection_id]) as transaction:
            rows = transaction.execute(
                """
                select order_id, item_id, seller_sku, ordered, units, made_at, told_at, final, counted from sold_lines
                where connection_id = %s and seller_sku = any(%s) and not settled order by made_at, order_id, item_id
                """,
                [self._connection_id, list(skus)],
            ).fetchall()
        found: dict[SellerSku, list[SoldLine]] = {}
        for row in rows:
            line = SoldLine(AmazonOrderId(row[0]), OrderItemId(row[1]), SellerSku(row[2]), *row[3:])
            found.setdefault(line.seller_sku, []).append(line)
        return found

    def save(
        self,
        sku: SellerSku,
        record: StockRecord,
        now: datetime,
        *,
        counted: Sequence[SoldLine] = (),
        view: Mapping[str, Any] | None = None,
    ) -> StockRecord:
        """Keep the record, with the lines it now counts; answers it as it is held now. Conflict where it was not the newest any more.

        `view`: what the desk shows of it; None leaves that as it was.
        """
        with self._database.transaction([self._connection_id]) as transaction:
            held = self._save(transaction, sku, record, now, view=view)
            self._count(transaction, counted)
        return held

    def gather(
        self, sku: SellerSku, record: StockRecord, now: datetime, *, quantity: int, expected_at_s: float
    ) -> StockRecord:
        """Keep the record, and have its set join the feed that gathers, in one transaction; answers the record with that feed in it."""
        with self._database.transaction([self._connection_id]) as transaction:
            key = gather(
                transaction, self._connection_id, sku=sku, quantity=quantity, expected_at_s=expected_at_s, now=now
            )
            gathered = replace(record, sent=SentSet(quantity, now, lane="feed", feed_key=key))
            return self._save(transaction, sku, gathered, now, view=None)

    def feed_news(self, skus: Sequence[SellerSku]) -> Mapping[SellerSku, FeedNews]:
        """What became of the newest set of each of these in a feed; nothing where nobody told yet."""
        return FeedStore(self._database, self._connection_id).news(skus)

    def _save(
        self,
        transaction: Transaction,
        sku: SellerSku,
        record: StockRecord,
        now: datetime,
        *,
        view: Mapping[str, Any] | None,
    ) -> StockRecord:
        newest = replace(record, version=record.version + 1)
        written = transaction.execute(
            """
            insert into stock as held (connection_id, seller_sku, record, listed, zeroed_at, exposure, view, changed_at)
            values (%s, %s, %s::jsonb, %s, %s, coalesce(%s, 0), coalesce(%s::jsonb, '{}'), %s)
            on conflict (connection_id, seller_sku) do update set record = excluded.record, changed_at = excluded.changed_at,
                listed = excluded.listed, zeroed_at = excluded.zeroed_at, exposure = coalesce(%s, held.exposure), view = coalesce(%s::jsonb, held.view)
            where (held.record->>'version')::bigint = %s
            """,
            [
                self._connection_id,
                sku,
                _encode(newest).decode(),
                record.on_sale.hold.live_max if record.fulfilled_by == "MERCHANT" else None,
                record.sent.at if record.sent is not None and record.sent.quantity == 0 else None,
                (view or {}).get("exposure"),
                None if view is None else as_json(view),
                now,
                (view or {}).get("exposure"),
                None if view is None else as_json(view),
                record.version,
            ],
        ).rowcount
        if not written:
            message = "the record of this stock has moved"
            raise Conflict(message, operation="stock")
        return newest

    def want_reading(self, skus: Sequence[SellerSku]) -> None:
        """Have Amazon asked for these at their next run; one that was never looked at is asked for anyhow."""
        with self._database.transaction([self._connection_id]) as transaction:
            transaction.execute(
                """
                update stock set record = record || jsonb_build_object('read_wanted', true, 'version', (record->>'version')::bigint + 1)
                where connection_id = %s and seller_sku in (select * from unnest(%s::text[]) order by 1)
                """,
                [self._connection_id, list(skus)],
            )

    def skus(self) -> list[SellerSku]:
        """All that were ever looked at and that the merchant ships."""
        with self._database.transaction([self._connection_id]) as transaction:
            rows = transaction.execute(
                "select seller_sku from stock where connection_id = %s and listed is not null order by 1",
                [self._connection_id],
            ).fetchall()
        return [SellerSku(row[0]) for row in rows]

    def sold_between(self, after: datetime, until: datetime) -> Mapping[SellerSku, int]:
        """Units ordered on Amazon in that time, by SKU, cancelled ones too; of the last days, in which no line is settled."""
        with self._database.transaction([self._connection_id]) as transaction:
            rows = transaction.execute(
                """
                select seller_sku, sum(ordered)::int from sold_lines
                where connection_id = %s and not settled and made_at > %s and made_at <= %s group by 1
                """,
                [self._connection_id, after, until],
            ).fetchall()
        return {SellerSku(row[0]): row[1] for row in rows}

    def demands(self) -> list[Demand]:
        """What was learnt of the SKUs that the merchant ships; of 20,000, where there are more."""
        with self._database.transaction([self._connection_id]) as transaction:
            rows = transaction.execute(
                """
                select (record->'demand')::text from stock
                where connection_id = %s and record->>'fulfilled_by' = 'MERCHANT' and record->>'demand' is not null limit 20000
                """,
                [self._connection_id],
            ).fetchall()
        return [_demand_decoder.decode(row[0]) for row in rows]

    def count_listed(self, since: datetime) -> tuple[int, int]:
        """How many have something for sale, and how many were taken off sale since then."""
        with self._database.transaction([self._connection_id]) as transaction:
            row = transaction.execute(
                """
                select (select count(*)::int from stock where connection_id = %s and listed > 0),
                    (select count(*)::int from stock where connection_id = %s and zeroed_at >= %s)
                """,
                [self._connection_id, self._connection_id, since],
            ).fetchone()
        assert row is not None, "a count has a row"
        return int(row[0]), int(row[1])

    def settle(self, lines: Sequence[SoldLine], noted: Sequence[str] = ()) -> list[str]:
        """These are final: never claimed or given back any more. Answers their claim numbers, and those `noted` of lines that were settled before."""
        named = [number.partition("/") for number in noted]
        with self._database.transaction([self._connection_id]) as transaction:
            transaction.execute(
                """
                update sold_lines set settled = true where connection_id = %s
                    and (order_id, item_id) in (select * from unnest(%s::text[], %s::text[]))
                """,
                [self._connection_id, [line.order_id for line in lines], [line.item_id for line in lines]],
            )
            before = transaction.execute(
                """
                select order_id || '/' || item_id from sold_lines where connection_id = %s and settled
                    and (order_id, item_id) in (select * from unnest(%s::text[], %s::text[]))
                """,
                [self._connection_id, [order_id for order_id, _, _ in named], [item_id for _, _, item_id in named]],
            ).fetchall()
        return [line.claim_number for line in lines] + [row[0] for row in before]

    def _count(self, transaction: Transaction, lines: Sequence[SoldLine]) -> None:
        if lines:
            transaction.execute(
                """
                update sold_lines set counted = found.units
                from unnest(%s::text[], %s::text[], %s::integer[]) as found (order_id, item_id, units)
                where connection_id = %s and sold_lines.order_id = found.order_id and sold_lines.item_id = found.item_id
                """,
                [
                    [line.order_id for line in lines],
                    [line.item_id for line in lines],
                    [line.units for line in lines],
                    self._connection_id,
                ],
            )
