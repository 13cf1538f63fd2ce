"""One settlement into the ledger, in one transaction: rows, what they sum to, entries, certificate."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict
from datetime import datetime

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from crossdock.domain.certificate import Certificate, Place
from crossdock.domain.ids import ConnectionId, SettlementId
from crossdock.domain.ledger_book import BookedSettlement, KeptSettlement, Later, Neighbour, RowColumns, Seen
from crossdock.domain.settlement import FileFacts, Settlement
from crossdock.store.database import Transaction
from crossdock.store.entries import save_entries

_INCOMING = """
    create temp table incoming_rows (
        row_no integer, group_no integer, order_no bigint, amount bigint, posted bigint, sku_no integer, quantity integer
    ) on commit drop
"""


class Booking:
    """The transaction in which a settlement is booked."""

    def __init__(self, transaction: Transaction, connection_id: ConnectionId) -> None:
        """Begun by `Ledger.booking`."""
        self._transaction = transaction
        self._connection_id = connection_id

    def look(self, settlement: Settlement, marketplaces: Collection[str]) -> Seen:
        """What is booked around a settlement, now that nobody else books."""
        accrued = self._transaction.execute(
            "select max(on_day) from entries where connection_id = %s and kind = 'accrual' and currency = %s",
            [self._connection_id, settlement.total.currency],
        ).fetchone()
        return Seen(
            kept=find_settlement(self._transaction, self._connection_id, settlement.settlement_id),
            neighbours=tuple(self._neighbours(settlement)),
            last_before=self._last_before(settlement, marketplaces),
            next_after=self._next_after(settlement, marketplaces),
            place=self._next_place(),
            accrued_until=accrued[0] if accrued else None,
        )

    def _next_after(self, settlement: Settlement, marketplaces: Collection[str]) -> Later | None:
        """The first booked settlement of its currency and marketplaces that begins after it ended, where that one follows none."""
        row = self._transaction.execute(
            """
            select s.settlement_id, s.starts_at, s.predecessor_id from settlements s
            where s.connection_id = %s and s.currency = %s and s.state = 'booked' and s.starts_at > %s
                and (%s or exists (select from settlement_groups g where g.connection_id = s.connection_id and g.settlement_key = s.settlement_key
                    and g.marketplace = any(%s)))
            order by s.starts_at, s.settlement_id limit 1
            """,
            [
                self._connection_id,
                settlement.total.currency,
                settlement.ends_at,
                not marketplaces,
                list(marketplaces),
            ],
        ).fetchone()
        return Later(SettlementId(row[0]), row[1]) if row and not row[2] else None

    def _next_place(self) -> Place:
        """Where the next certificate stands."""
        row = self._transaction.execute(
            "select sequence, sha256 from certificates where connection_id = %s order by sequence desc limit 1",
            [self._connection_id],
        ).fetchone()
        return Place(self._connection_id, row[0] + 1 if row else 1, row[1] if row else "")

    def _neighbours(self, settlement: Settlement) -> list[Neighbour]:
        """Booked settlements of the same currency that end where this one begins, or begin where it ends, with what they hand on."""
        rows = self._transaction.execute(
            """
            select s.settlement_id, s.chain, s.ends_at <= %(starts_at)s, c.sha256, c.document,
                array(select distinct g.marketplace from settlement_groups g where g.connection_id = s.connection_id
                    and g.settlement_key = s.settlement_key and g.marketplace <> ''),
                s.predecessor_id <> '', exists (select from settlements f where f.connection_id = s.connection_id and f.predecessor_id = s.settlement_id)
            from settlements s join certificates c using (connection_id, settlement_id)
            where s.connection_id = %(connection)s and s.currency = %(currency)s and s.state = 'booked'
                and (s.ends_at = %(starts_at)s or s.starts_at = %(ends_at)s) order by s.settlement_id
            """,
            {
                "connection": self._connection_id,
                "currency": settlement.total.currency,
                "starts_at": settlement.starts_at,
                "ends_at": settlement.ends_at,
            },
        ).fetchall()
        return [
            Neighbour(name, chain, is_before, sha256, bytes(document), tuple(marketplaces), *follows)
            for name, chain, is_before, sha256, document, marketplaces, *follows in rows
        ]

    def _last_before(self, settlement: Settlement, marketplaces: Collection[str]) -> datetime | None:
        """When the newest booked settlement of its currency and marketplaces ended that ended before it began; without marketplaces the currency tells."""
        row = self._transaction.execute(
            """
            select max(s.ends_at) from settlements s where s.connection_id = %s and s.currency = %s and s.state = 'booked' and s.ends_at < %s
                and (%s or exists (select from settlement_groups g where g.connection_id = s.connection_id and g.settlement_key = s.settlement_key
                    and g.marketplace = any(%s)))
            """,
            [
                self._connection_id,
                settlement.total.currency,
                settlement.starts_at,
                not marketplaces,
                list(marketplaces),
            ],
        ).fetchone()
        return row[0] if row else None

    def save(self, booked: BookedSettlement, rows: RowColumns, now: datetime) -> None:
        """All of a settlement: its rows, what they sum to, its entries and its certificate."""
        key = write_settlement(
            self._transaction,
            self._connection_id,
            booked.settlement,
            facts=booked.facts,
            state="booked",
            rows=len(rows),
            difference=booked.difference,
            now=now,
        )
        assert key is not None, "a booked settlement was written once more"
        self._transaction.execute(
            "update settlements set chain = %s, predecessor_id = %s where connection_id = %s and settlement_key = %s",
            [booked.chains.name, booked.chains.predecessor, self._connection_id, key],
        )
        self._save_groups(key, booked)
        self._save_rows(key, rows)
        save_entries(
            self._transaction,
            self._connection_id,
            booked.settlement.settlement_id,
            entries=booked.entries,
            now=now,
        )
        self._save_certificate(booked.certificate, now)
        self._transaction.cursor().executemany(
            "insert into settlement_units (connection_id, settlement_key, sku, month, sold, refunded) values (%s, %s, %s, %s, %s, %s)",
            [(self._connection_id, key, *each) for each in booked.units],
        )
        self._transaction.cursor().executemany(
            "insert into invoiced_elsewhere (connection_id, order_no, decided_at) values (%s, %s, %s) on conflict do nothing",
            [(self._connection_id, order, now) for order in booked.order_mode],
        )

    def _save_groups(self, key: int, booked: BookedSettlement) -> None:
        self._transaction.cursor().executemany(
            """
            insert into settlement_groups (connection_id, settlement_key, group_no, transaction_type, amount_type, description, marketplace,
                fulfilled_by, owner, month, treatment, order_mode, sign, amount, rows, first_row, account, entry_number, posting_number)
            values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
            """,
            [
                (
                    self._connection_id,
                    key,
                    number,
                    *group.label,
                    group.marketplace,
                    group.fulfilled_by,
                    group.owner,
                    group.month,
                    group.treatment,
                    group.order_mode,
                    group.sign,
                    group.amount,
                    group.rows,
                    group.first_row,
                    place.account,
                    place.entry_number,
                    place.posting_number,
                )
                for number, (group, place) in enumerate(zip(booked.groups, booked.places, strict=True))
            ],
        )

    def _save_rows(self, key: int, rows: RowColumns) -> None:
        """PostgreSQL refuses COPY under row-level security, so the rows go through a table of the session."""
        self._transaction.execute(_INCOMING)
        with self._transaction.cursor().copy("copy incoming_rows from stdin") as copy:
            for block in rows.copied():
                copy.write(block)
        self._transaction.execute(
            """
            insert into settlement_rows (connection_id, settlement_key, row_no, group_no, order_no, amount, posted_at, sku_no, quantity)
            select %s, %s, row_no, group_no, order_no, amount, to_timestamp(posted), sku_no, quantity from incoming_rows
            """,
            [self._connection_id, key],
        )
        texts = [("sku", number, text) for number, text in enumerate(rows.skus) if text]
        texts += [("id", number, text) for number, text in enumerate(rows.others, 1)]
        self._transaction.cursor().executemany(
            "insert into settlement_texts (connection_id, settlement_key, kind, number, text) values (%s, %s, %s, %s, %s)",
            [(self._connection_id, key, *each) for each in texts],
        )

    def _save_certificate(self, certificate: Certificate, now: datetime) -> None:
        self._transaction.execute(
            "insert into certificates (connection_id, sequence, settlement_id, sha256, document, made_at) values (%s, %s, %s, %s, %s, %s)",
            [
                self._connection_id,
                certificate.sequence,
                certificate.settlement_id,
                certificate.sha256,
                certificate.document,
                now,
            ],
        )


def write_settlement(
    transaction: Transaction,
    connection_id: ConnectionId,
    settlement: Settlement,
    *,
    facts: FileFacts,
    state: str,
    rows: int,
    difference: int,
    now: datetime,
) -> int | None:
    """What is known of a settlement, held or booked; answers its key, None where it is booked already, and stays as it is."""
    row = transaction.execute(
        """
        insert into settlements (connection_id, settlement_id, sha256, currency, total, starts_at, ends_at, deposit_at, facts, state, row_count,
            difference, changed_at)
        values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
        on conflict (connection_id, settlement_id) do update set sha256 = excluded.sha256, state = excluded.state, total = excluded.total,
            currency = excluded.currency, starts_at = excluded.starts_at, ends_at = excluded.ends_at, deposit_at = excluded.deposit_at,
            row_count = excluded.row_count, difference = excluded.difference, facts = excluded.facts, changed_at = excluded.changed_at
        where settlements.state = 'held' returning settlement_key
        """,
        [
            connection_id,
            settlement.settlement_id,
            facts.sha256,
            settlement.total.currency,
            settlement.total.minor_units,
            settlement.starts_at,
            settlement.ends_at,
            settlement.deposit_at,
            Jsonb(asdict(facts)),
            state,
            rows,
            difference,
            now,
        ],
    ).fetchone()
    return int(row[0]) if row else None


def find_settlement(
    transaction: Transaction, connection_id: ConnectionId, settlement_id: SettlementId
) -> KeptSettlement | None:
    """A settlement by its id, booked or held; None where it is not here."""
    with transaction.cursor(row_factory=class_row(KeptSettlement)) as cursor:
        return cursor.execute(
            """
            select settlement_key as key, settlement_id, sha256, state, currency, total, starts_at, ends_at, deposit_at, row_count as rows,
                difference, chain, predecessor_id from settlements where connection_id = %s and settlement_id = %s
            """,
            [connection_id, settlement_id],
        ).fetchone()
