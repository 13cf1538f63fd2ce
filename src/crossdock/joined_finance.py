"""The money of one connection, wired: settlement files in, entries and certificates out.

Part of the composition root (`start_up.py`).
"""

from __future__ import annotations

import hashlib
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from crossdock import events
from crossdock.amazon.settlement_file import FILE_MAX, read_settlement
from crossdock.domain.case import Case
from crossdock.domain.finance_policy import FinancePolicy
from crossdock.domain.ids import ConnectionId, SettlementId
from crossdock.domain.money import Money, parse_money
from crossdock.errors import ConfigError, DataError
from crossdock.flows.reconcile_settlements import Reconciled, reconcile_settlement
from crossdock.joined_exports import JoinedExports
from crossdock.policy_export import ExportPolicy
from crossdock.ports import Clock, Inbox
from crossdock.ports_finance import KnownOrders
from crossdock.store.database import Database
from crossdock.store.ledger import Ledger
from crossdock.store.ledger_sheets import LedgerSheets
from crossdock.store.settlement_files import SettlementFiles

# Settlements pack to a tenth or a twentieth; a file that unpacks to more than this is no settlement but an attack.
PACKED_RATIO_MAX, UNPACKED_MIN = 200, 64 << 20
_GZIP_MAGIC = b"\x1f\x8b"
_CHUNK = 1 << 20
# Stands in the certificate.
REASON_MAX = 200


class JoinedFinance:
    """The books of one connection."""

    def __init__(
        self,
        policy: FinancePolicy,
        exports: ExportPolicy,
        *,
        database: Database,
        connection_id: ConnectionId,
        inbox: Inbox,
        orders: KnownOrders,
        clock: Clock,
    ) -> None:
        """`inbox`: of the flow of settlements; `orders`: those that were imported."""
        self.policy = policy
        self.connection_id = connection_id
        self.ledger = Ledger(database, connection_id)
        self.files = SettlementFiles(database, connection_id)
        self.sheets = LedgerSheets(database, connection_id)
        self.exports = JoinedExports(exports, database=database, connection_id=connection_id, clock=clock)
        self._inbox = inbox
        self._orders = orders
        self._clock = clock

    def import_file(
        self, stream: BinaryIO, name: str, *, report_id: str = "", charset: str = "", any_seller: bool = False
    ) -> Reconciled:
        """Bring a settlement file, packed or not, into the books. DataError, and a case, where it cannot be read: it is kept all the same.

        `report_id`: Amazon's, empty for a file given by hand; `any_seller`: a person says that it is this seller's.
        """
        with _unpacked(stream, name) as plain:
            try:
                file = read_settlement(plain, name, charset=charset)
            except DataError as fault:
                self._keep_unread(plain, name, report_id, fault)
                raise
            plain.seek(0)
            now = self._clock()
            self.files.keep(plain, sha256=file.facts.sha256, name=name, report_id=report_id, now=now)
            done = reconcile_settlement(
                file,
                ledger=self.ledger,
                inbox=self._inbox,
                policy=self.policy,
                orders=self._orders,
                by_hand=not report_id and not any_seller,
                now=now,
            )
        events.emit(
            "settlement.reconciled",
            settlement_id=done.settlement_id,
            outcome=done.outcome,
            rows=len(file.rows),
            cases=len(done.cases),
        )
        return done

    def accept(self, settlement_id: SettlementId, difference: str, reason: str) -> Reconciled:
        """Take a settlement's exact difference into suspense, and book it. ConfigError where that is not its difference."""
        kept = self.ledger.find(settlement_id)
        if kept is None or kept.state != "held":
            raise ConfigError([f"{settlement_id}: is not held for a difference; nothing is to be accepted"])
        held = Money(kept.difference, kept.currency)
        if parse_money(difference, kept.currency, "--difference") != held:
            raise ConfigError(
                [f"--difference: {settlement_id} is off by {held}, to the cent; nothing else can be accepted"]
            )
        if not reason.strip() or not reason.isprintable() or len(reason) > REASON_MAX:
            raise ConfigError([f"--reason: is needed, in one line of at most {REASON_MAX} letters"])
        self.ledger.accept(settlement_id, kept.sha256, kept.difference, reason=reason.strip(), now=self._clock())
        return self.book_kept(kept.sha256, f"{settlement_id}.txt")

    def book_kept(self, sha256: str, name: str) -> Reconciled:
        """Bring a file that is kept into the books."""
        with tempfile.TemporaryFile() as plain:
            for part in self.files.read(sha256):
                plain.write(part)
            plain.seek(0)
            return self.import_file(plain, name, any_seller=True)

    def _keep_unread(self, plain: BinaryIO, name: str, report_id: str, fault: DataError) -> None:
        """What cannot be read is kept, with a case that says where the doubt is."""
        plain.seek(0)
        sha256 = hashlib.sha256()
        while chunk := plain.read(_CHUNK):
            sha256.update(chunk)
        plain.seek(0)
        now = self._clock()
        self.files.keep(plain, sha256=sha256.hexdigest(), name=name, report_id=report_id, now=now)
        facts = {"where": fault.where, "what": fault.what, "file": sha256.hexdigest()[:16]}
        self._inbox.raise_case(f"file {sha256.hexdigest()[:16]}", Case("settlement.unreadable", facts), now)

    def write_audit(self, settlement_id: str, folder: Path) -> list[Path]:
        """The certificate of a settlement, those before it, and all their files as received, in a folder; what was written."""
        written = []
        for certificate in self.sheets.certificates_up_to(settlement_id):
            path = folder / f"{certificate.sequence:05d}-{certificate.settlement_id}.json"
            path.write_bytes(certificate.document)
            written.append(path)
            kept = self.ledger.find(certificate.settlement_id)
            assert kept is not None, "a certificate without its settlement"
            path = folder / f"{certificate.settlement_id}.txt"
            with path.open("wb") as file:
                for part in self.files.read(kept.sha256):
                    file.write(part)
            written.append(path)
        return written


@contextmanager
def _unpacked(stream: BinaryIO, name: str) -> Iterator[BinaryIO]:
    """The bytes of a file that may be gzip, to be read more than once; DataError for a bomb or a broken one."""
    magic = stream.read(len(_GZIP_MAGIC))
    stream.seek(0)
    if magic != _GZIP_MAGIC:
        yield stream
        return
    with tempfile.TemporaryFile() as plain:
        packed = unpacked = 0
        member = zlib.decompressobj(zlib.MAX_WBITS | 16)
        while chunk := member.unconsumed_tail or member.unused_data or stream.read(_CHUNK):
            if member.eof:
                member = zlib.decompressobj(zlib.MAX_WBITS | 16)
            packed = stream.tell()
            try:
                text = member.decompress(chunk, _CHUNK)
            except zlib.error as fault:
                raise DataError(name, "is a broken gzip file") from fault
            unpacked += len(text)
            if unpacked > min(FILE_MAX, max(UNPACKED_MIN, packed * PACKED_RATIO_MAX)):
                raise DataError(name, "unpacks to far more than a settlement does")
            plain.write(text)
        if not member.eof:
            raise DataError(name, "is a gzip file that was cut")
        plain.seek(0)
        yield plain
