"""Settlement files as they were received, kept for ever: packed, in parts, under the hash of their bytes."""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import BinaryIO

from crossdock.domain.ids import ConnectionId
from crossdock.store.database import Database

# A part in memory twice, packed and not; a fast level packs a settlement to a tenth.
PART = 8 << 20
LEVEL = 1
# zlib lets other threads run, and the machine may have two cores.
THREADS = 2


class SettlementFiles:
    """The settlement files of one connection."""

    def __init__(self, database: Database, connection_id: ConnectionId) -> None:
        """Bind to one connection."""
        self._database = database
        self._connection_id = connection_id

    def keep(self, stream: BinaryIO, *, sha256: str, name: str, by_hand: bool, now: datetime) -> None:
        """Keep all bytes of the stream, of which `sha256` is the hash; repeating is safe."""
        with self._database.transaction([self._connection_id]) as transaction:
            known = transaction.execute(
                "select from settlement_files where connection_id = %s and sha256 = %s", [self._connection_id, sha256]
            ).fetchone()
            if known is not None:
                return
            size = 0
            for number, (length, packed) in enumerate(_packed(stream)):
                size += length
                transaction.execute(
                    "insert into settlement_file_parts (connection_id, sha256, part, packed) values (%s, %s, %s, %s) on conflict do nothing",
                    [self._connection_id, sha256, number, packed],
                )
            source = "hand" if by_hand else "amazon"
            transaction.execute(
                """
                insert into settlement_files (connection_id, sha256, name, size, source, received_at)
                values (%s, %s, %s, %s, %s, %s) on conflict do nothing
                """,
                [self._connection_id, sha256, name, size, source, now],
            )

    def read(self, sha256: str) -> Iterator[bytes]:
        """The bytes as they were received, part by part; none where no such file is kept."""
        number = 0
        while True:
            with self._database.transaction([self._connection_id]) as transaction:
                row = transaction.execute(
                    "select packed from settlement_file_parts where connection_id = %s and sha256 = %s and part = %s",
                    [self._connection_id, sha256, number],
                ).fetchone()
            if row is None:
                return
            yield gzip.decompress(row[0])
            number += 1

    def has_report(self, report_id: str) -> bool:
        """Whether this report was taken in: booked, or a case."""
        with self._database.transaction([self._connection_id]) as transaction:
            row = transaction.execute(
                "select from settlement_reports where connection_id = %s and report_id = %s",
                [self._connection_id, report_id],
            ).fetchone()
        return row is not None

    def took_in(self, report_id: str, sha256: str, now: datetime) -> None:
        """This report was dealt with to its end; it is not fetched again."""
        with self._database.transaction([self._connection_id]) as transaction:
            transaction.execute(
                """
                insert into settlement_reports (connection_id, report_id, sha256, taken_in_at) values (%s, %s, %s, %s)
                on conflict do nothing
                """,
                [self._connection_id, report_id, sha256, now],
            )


def _packed(stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Length and packed bytes of each part, the next packed while one is written."""
    with ThreadPoolExecutor(THREADS, thread_name_prefix="pack") as pool:
        parts: Iterable[bytes] = iter(lambda: stream.read(PART), b"")
        waiting = []
        for part in parts:
            waiting.append((len(part), pool.submit(gzip.compress, part, LEVEL, mtime=0)))
            if len(waiting) > THREADS:
                length, packed = waiting.pop(0)
                yield length, packed.result()
        for length, packed in waiting:
            yield length, packed.result()
