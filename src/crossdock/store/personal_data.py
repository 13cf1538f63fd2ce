"""What Amazon told about a buyer, sealed, and gone on time.

An envelope: the master key (never in the database) seals one key per connection and day of erasure; that key seals each record (AES-256-GCM, bound to
its connection and record). Erasing a day deletes its rows *and* its key, so that a backup without the key holds nothing either.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from crossdock.errors import ConfigError
from crossdock.store.database import Database, Transaction

_NONCE_BYTES = 12


@dataclass(frozen=True, slots=True)
class Certificate:
    """Proof of one erasure: how many records of which day, and a hash over their names and the time."""

    erase_on: date
    records: tuple[str, ...]
    text: str


class PersonalDataStore:
    """The sealed personal data of one connection."""

    def __init__(self, database: Database, connection_id: str, master_keys: Sequence[bytes]) -> None:
        """`master_keys`: 32 bytes each; the first seals, all open, so that a key can be replaced without a pause."""
        self._database = database
        self._connection_id = connection_id
        self._masters = [AESGCM(key) for key in master_keys]
        self._day_keys: dict[date, AESGCM] = {}
        self._guard = threading.Lock()

    def save(self, texts: Mapping[str, tuple[bytes, date]], *, now: datetime) -> None:
        """Seal by record: (plain bytes, the day to erase on). An earlier text of the same record is replaced."""
        if not texts:
            return
        with self._database.transaction([self._connection_id]) as transaction:
            # A day that is over has no key any more: what is saved late is erased with today's.
            days = {record_id: max(erase_on, now.date()) for record_id, (_, erase_on) in texts.items()}
            keys = {day: self._make_day_key(transaction, day) for day in sorted(set(days.values()))}
            rows = [
                (self._connection_id, record_id, days[record_id], self._seal(keys[days[record_id]], record_id, text))
                for record_id, (text, _) in sorted(texts.items())
            ]
            transaction.cursor().executemany(
                """
                insert into personal_data (connection_id, record_id, erase_on, sealed) values (%s, %s, %s, %s)
                on conflict (connection_id, record_id) do update set erase_on = excluded.erase_on, sealed = excluded.sealed
                """,
                rows,
            )

    def find(self, record_ids: Sequence[str]) -> dict[str, bytes]:
        """Open what is held of these records. A text that does not open under its key any more is as good as gone: Amazon is asked again."""
        with self._database.transaction([self._connection_id]) as transaction:
            found = transaction.execute(
                "select record_id, erase_on, sealed from personal_data where connection_id = %s and record_id = any(%s)",
                [self._connection_id, list(record_ids)],
            ).fetchall()
            opened = {
                record_id: self._open(transaction, erase_on, record_id, sealed) for record_id, erase_on, sealed in found
            }
        return {record_id: text for record_id, text in opened.items() if text is not None}

    def erasure_days(self, record_ids: Sequence[str]) -> dict[str, date]:
        """On which day each of these records is erased; what is not held is not in the answer."""
        with self._database.transaction([self._connection_id]) as transaction:
            found = transaction.execute(
                "select record_id, erase_on from personal_data where connection_id = %s and record_id = any(%s)",
                [self._connection_id, list(record_ids)],
            ).fetchall()
        return dict(found)

    def records_to_erase(self, today: date, limit: int, *, but: Sequence[str] = ()) -> list[str]:
        """Records whose day has come and that no legal hold keeps, `but` for some that cannot go now."""
        with self._database.transaction([self._connection_id]) as transaction:
            return [
                row[0]
                for row in transaction.execute(
                    """
                    select record_id from personal_data
                    where connection_id = %s and erase_on <= %s and hold_reason is null and record_id <> all(%s)
                    order by erase_on, record_id limit %s
                    """,
                    [self._connection_id, today, list(but), limit],
                ).fetchall()
            ]

    def erase(self, record_ids: Sequence[str], now: datetime) -> list[Certificate]:
        """Delete these records' texts, and the key of every day that has none left; one certificate a day. Repeating is safe."""
        with self._database.transaction([self._connection_id]) as transaction:
            # First, in a statement of its own: whoever seals for these days holds their keys, and is waited for, so that the next statements see the rows.
            transaction.execute(
                "select from personal_data_keys where connection_id = %s and erase_on <= %s order by erase_on for update",
                [self._connection_id, now.date()],
            )
            gone = transaction.execute(
                "delete from personal_data where connection_id = %s and record_id = any(%s) returning erase_on, record_id",
                [self._connection_id, list(record_ids)],
            ).fetchall()
            days = transaction.execute(
                """
                delete from personal_data_keys k where connection_id = %s and erase_on <= %s
                and not exists (select from personal_data d where d.connection_id = k.connection_id and d.erase_on = k.erase_on)
                returning erase_on
                """,
                [self._connection_id, now.date()],
            ).fetchall()
            certificates = [
                _certify(self._connection_id, day, [r for d, r in gone if d == day], now)
                for day in sorted({d for d, _ in gone})
            ]
            for certificate in certificates:
                transaction.execute(
                    # Two batches of one day at one moment are two proofs: the second stands a moment later.
                    """
                    insert into erasures select %s, %s, greatest(%s, max(erased_at) + interval '1 microsecond'), %s, %s
                    from erasures where connection_id = %s and erase_on = %s
                    """,
                    [
                        self._connection_id,
                        certificate.erase_on,
                        now,
                        len(certificate.records),
                        certificate.text,
                        self._connection_id,
                        certificate.erase_on,
                    ],
                )
        with self._guard:
            for (day,) in days:
                self._day_keys.pop(day, None)
        return certificates

    def renew_keys(self) -> int:
        """Seal the days' keys anew that an older master key sealed; answers how many. The keys themselves stay. Repeating is safe.

        A key that no master key opens is left as it is: whoever needs it is told, and erasure needs none.
        """
        with self._database.transaction([self._connection_id]) as transaction:
            found = transaction.execute(
                "select erase_on, sealed_key from personal_data_keys where connection_id = %s order by erase_on",
                [self._connection_id],
            ).fetchall()
            older = [
                (self._seal_key(plain, day), self._connection_id, day, sealed)
                for day, sealed in found
                if self._open_key(self._masters[:1], sealed, day) is None
                and (plain := self._open_key(self._masters, sealed, day)) is not None
            ]
            transaction.cursor().executemany(
                "update personal_data_keys set sealed_key = %s where connection_id = %s and erase_on = %s and sealed_key = %s",
                older,
            )
        return len(older)

    def find_sealed_day(self) -> date | None:
        """A day whose key none of the master keys opens; None where all are opened."""
        with self._database.transaction([self._connection_id]) as transaction:
            found = transaction.execute(
                "select erase_on, sealed_key from personal_data_keys where connection_id = %s order by erase_on",
                [self._connection_id],
            ).fetchall()
        return next((day for day, sealed in found if self._open_key(self._masters, sealed, day) is None), None)

    def _seal(self, key: AESGCM, record_id: str, text: bytes) -> bytes:
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + key.encrypt(nonce, text, self._bound_to(record_id))

    def _open(self, transaction: Transaction, erase_on: date, record_id: str, sealed: bytes) -> bytes | None:
        # The second time with the key as it is stored now: another process may have erased the day since, and begun it anew.
        for _ in range(2):
            with self._guard:
                key = self._day_keys.get(erase_on)
            key = key or self._stored_day_key(transaction, erase_on)
            if key is None:
                # The day was erased between the row and its key.
                return None
            try:
                return key.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], self._bound_to(record_id))
            except InvalidTag:
                with self._guard:
                    self._day_keys.pop(erase_on, None)
        return None

    def _make_day_key(self, transaction: Transaction, erase_on: date) -> AESGCM:
        """The key of a day, made where there is none; no erasure takes it away before the transaction ends."""
        # The second time where an erasure that was under way has just deleted the key that was there: nobody else can delete one made here.
        for _ in range(2):
            plain = AESGCM.generate_key(bit_length=256)
            transaction.execute(
                "insert into personal_data_keys values (%s, %s, %s) on conflict do nothing",
                [self._connection_id, erase_on, self._seal_key(plain, erase_on)],
            )
            key = self._stored_day_key(transaction, erase_on)
            if key is not None:
                return key
        message = "a day's key was deleted twice while it was made"
        raise AssertionError(message)

    def _stored_day_key(self, transaction: Transaction, erase_on: date) -> AESGCM | None:
        """The key of a day as it is stored now; None where the day was erased. An erasure that is under way is waited for."""
        row = transaction.execute(
            "select sealed_key from personal_data_keys where connection_id = %s and erase_on = %s for share",
            [self._connection_id, erase_on],
        ).fetchone()
        if row is None:
            return None
        key = AESGCM(self._open_master(row[0], erase_on))
        with self._guard:
            self._day_keys[erase_on] = key
        return key

    def _seal_key(self, plain: bytes, erase_on: date) -> bytes:
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._masters[0].encrypt(nonce, plain, self._bound_to(erase_on.isoformat()))

    def _open_master(self, sealed: bytes, erase_on: date) -> bytes:
        plain = self._open_key(self._masters, sealed, erase_on)
        if plain is None:
            problem = "opens none of the stored keys; give the key the data was sealed with as the second one"
            raise ConfigError([f"CROSSDOCK_MASTER_KEY: {problem}"])
        return plain

    def _open_key(self, masters: Sequence[AESGCM], sealed: bytes, erase_on: date) -> bytes | None:
        """The key of a day; None where none of these master keys sealed it."""
        for master in masters:
            with suppress(InvalidTag):
                return master.decrypt(
                    sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], self._bound_to(erase_on.isoformat())
                )
        return None

    def _bound_to(self, name: str) -> bytes:
        """Ties a sealed text to its place: moved to another record or connection, it does not open."""
        return f"{self._connection_id}|{name}".encode()


def _certify(connection_id: str, erase_on: date, record_ids: list[str], now: datetime) -> Certificate:
    records = tuple(sorted(record_ids))
    digest = hashlib.sha256(
        "\n".join([connection_id, erase_on.isoformat(), now.isoformat(), *records]).encode()
    ).hexdigest()
    text = (
        f"{len(records)} records of {connection_id} due on {erase_on} were erased at {now.isoformat()}, sha256 {digest}"
    )
    return Certificate(erase_on, records, text)
