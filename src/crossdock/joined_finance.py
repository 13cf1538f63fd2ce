"""The money of one connection, wired: settlement files in, entries and certificates out.

Part of the composition root (`start_up.py`).
"""

from __future__ import annotations

import hashlib
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from crossdock import events
from crossdock.amazon.settlement_file import FILE_MAX, read_settlement
from crossdock.domain.bank import Payout
from crossdock.domain.case import Case
from crossdock.domain.finance_policy import FinancePolicy
from crossdock.domain.ids import ConnectionId, SettlementId
from crossdock.domain.money import Money, parse_money
from crossdock.domain.settlement_report import SettlementReport
from crossdock.engine.schedule import COLLECT
from crossdock.errors import ConfigError, DataError
from crossdock.flows.accrue_months import accrue_month
from crossdock.flows.collect_settlements import collect_settlements
from crossdock.flows.reconcile_settlements import Reconciled, reconcile_settlement
from crossdock.joined_bank import JoinedBank
from crossdock.joined_exports import JoinedExports
from crossdock.policy_export import ExportPolicy
from crossdock.ports import Clock, Inbox, Lock
from crossdock.ports_finance import KnownOrders, PayoutList, SettlementReports, Transactions
from crossdock.store.accruals import Accruals
from crossdock.store.database import Database
from crossdock.store.ledger import Ledger
from crossdock.store.ledger_sheets import LedgerSheets
from crossdock.store.settlement_files import SettlementFiles

# Settlements pack to a tenth or a twentieth; a file that unpacks to more than this is no settlement but an attack.
PACKED_RATIO_MAX, UNPACKED_MIN = 200, 64 << 20
_GZIP_MAGIC = b"\x1f\x8b"
_CHUNK = 1 << 20
# Payouts are asked for as far back as reports are listed; a settlement that is not listed so long after its payout was made never is.
PAYOUTS_FOR, LISTED_AFTER = timedelta(days=90), timedelta(days=4)
# Stands in the certificate.
REASON_MAX = 200
# Letters of a file's name that are kept.
NAME_MAX = 200


@dataclass(frozen=True, slots=True)
class AmazonMoney:
    """What is read of a seller's money."""

    reports: SettlementReports
    finances: Transactions
    payouts: PayoutList


class JoinedFinance:
    """The books of one connection."""

    def __init__(
        self,
        policy: FinancePolicy,
        exports: ExportPolicy,
        amazon: AmazonMoney,
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
        self.bank = JoinedBank(policy, database=database, connection_id=connection_id, inbox=inbox, clock=clock)
        self.exports = JoinedExports(exports, database=database, connection_id=connection_id, clock=clock)
        self.amazon = amazon
        self._accruals = Accruals(database, connection_id)
        self._lock: Lock = lambda: database.lock(f"{connection_id}/{COLLECT}")
        self._inbox = inbox
        self._orders = orders
        self._clock = clock

    def collect(self) -> int:
        """Fetch the settlement reports that Amazon lists and that are not here yet; answers how many. Another process that does so is left alone."""
        with self._lock() as held:
            if held is None:
                return 0
            now = self._clock()
            taken = collect_settlements(reports=self.amazon.reports, files=self.files, take_in=self._take_in, now=now)
            # What was paid, and by which number the bank shows it; a settlement that was paid and never listed is missed.
            payouts = self.amazon.payouts.since(now - PAYOUTS_FOR)
            if self.bank.store.save_payouts(payouts, now):
                self.bank.match()
            self._miss(payouts, now)
            return taken

    def _miss(self, payouts: Sequence[Payout], now: datetime) -> None:
        """A case for each settlement that a payout names and that never came, days after it closed."""
        late = [each for each in payouts if each.created_at < now - LISTED_AFTER]
        for settlement_id, payout in {name: each for each in late for name in each.settlement_ids}.items():
            if self.ledger.find(settlement_id) is None:
                facts = {"payout": payout.payout_id[:64], "closed": payout.created_at.date().isoformat()}
                self._inbox.raise_case(settlement_id, Case("settlement.gap", facts), now)

    def accrue(self) -> int:
        """Accrue the month that ended last, where the policy wants it and it is time; answers how many entries were written."""
        with self._lock() as held:
            if held is None:
                return 0
            entries = accrue_month(
                transactions=self.amazon.finances,
                book=self._accruals,
                policy=self.policy,
                orders=self._orders,
                now=self._clock(),
            )
        return 2 * len(entries)

    def _take_in(self, report: SettlementReport) -> str:
        """One report, which may be a case; answers the hash of its file, empty where there is none."""
        name = f"report {report.report_id}"
        try:
            stream = BytesIO(self.amazon.reports.download(report.document_id))
        except DataError as fault:
            self._inbox.raise_case(
                name, Case("settlement.unreadable", {"where": fault.where, "what": fault.what}), self._clock()
            )
            return ""
        try:
            return self._read_and_book(stream, name, by_hand=False, any_seller=True)[0]
        except DataError as fault:
            return self._keep_unread(stream, name, fault, by_hand=False)

    def import_file(self, stream: BinaryIO, name: str, *, any_seller: bool = False) -> Reconciled:
        """Bring a settlement file, packed or not, into the books. DataError, and a case, where it cannot be read: it is kept all the same.

        `any_seller`: a person says that it is this seller's.
        """
        try:
            return self._read_and_book(stream, name, by_hand=True, any_seller=any_seller)[1]
        except DataError as fault:
            self._keep_unread(stream, name, fault, by_hand=True)
            raise

    def _read_and_book(self, stream: BinaryIO, name: str, *, by_hand: bool, any_seller: bool) -> tuple[str, Reconciled]:
        now, name = self._clock(), _shown(name)
        with _unpacked(stream, name) as plain:
            file = read_settlement(plain, name)
            plain.seek(0)
            self.files.keep(plain, sha256=file.facts.sha256, name=name, by_hand=by_hand, now=now)
        done = reconcile_settlement(
            file,
            ledger=self.ledger,
            inbox=self._inbox,
            policy=self.policy,
            orders=self._orders,
            by_hand=not any_seller,
            now=now,
        )
        # Lines of the bank may have waited for it.
        self.bank.match()
        events.emit(
            "settlement.reconciled",
            settlement_id=done.settlement_id,
            outcome=done.outcome,
            rows=len(file.rows),
            cases=len(done.cases),
        )
        return file.facts.sha256, done

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

    def _keep_unread(self, stream: BinaryIO, name: str, fault: DataError, *, by_hand: bool) -> str:
        """What cannot be read is kept, with a case that says where the doubt is; answers its hash."""
        name = _shown(name)
        stream.seek(0)
        sha256 = hashlib.sha256()
        while chunk := stream.read(_CHUNK):
            sha256.update(chunk)
        stream.seek(0)
        now, name_of_file = self._clock(), sha256.hexdigest()
        self.files.keep(stream, sha256=name_of_file, name=name, by_hand=by_hand, now=now)
        facts = {"where": fault.where, "what": fault.what, "file": name_of_file[:16]}
        self._inbox.raise_case(f"file {name_of_file[:16]}", Case("settlement.unreadable", facts), now)
        return name_of_file

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


def _shown(name: str) -> str:
    """A file's name as a database can hold it and a terminal shows it."""
    return "".join(letter if letter.isprintable() else "?" for letter in name)[:NAME_MAX]


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
