"""What the flows of money need from outside, as Protocols; each method states its contract."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date, datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from crossdock.domain.accrual import Transaction
from crossdock.domain.bank import Due, Payout
from crossdock.domain.bank_cases import SeenDays
from crossdock.domain.ids import AmazonOrderId, OrderNumber, SettlementId
from crossdock.domain.journal import Entry
from crossdock.domain.ledger_book import BookedSettlement, KeptSettlement, RowColumns, Seen
from crossdock.domain.payment import ShippedPage, ShopOrder, ShopPayment, WritePayment
from crossdock.domain.payment import Transaction as PaymentTransaction
from crossdock.domain.settlement import FileFacts, Settlement
from crossdock.domain.settlement_report import ReportPage
from crossdock.domain.statement import BankLine


class SettlementFile(Protocol):
    """A settlement as its file tells it."""

    @property
    def settlement(self) -> Settlement:
        """The summary."""

    @property
    def facts(self) -> FileFacts:
        """What was found of the file itself."""

    @property
    def rows(self) -> RowColumns:
        """All rows."""


class SettlementReports(Protocol):
    """Amazon's settlement reports: reading only."""

    def settlements(self, now: datetime, token: str | None) -> ReportPage:
        """One page of the reports that are listed; repeating is safe. `token`: from the page before."""

    def download(self, document_id: str) -> bytes:
        """A document as Amazon sends it, packed or not; repeating is safe. DataError where it is too large."""


class PayoutList(Protocol):
    """Amazon's payouts: reading only."""

    def since(self, since: datetime) -> list[Payout]:
        """All payouts made since then; repeating is safe."""


class Transactions(Protocol):
    """Amazon's transactions before their settlement closes: reading only."""

    def transactions(self, since: datetime, until: datetime) -> Iterable[Transaction]:
        """All that were posted then, of at most 180 days; repeating is safe. DataError for one that cannot be read."""


class AccrualBook(Protocol):
    """Accruals in the books of one connection."""

    def was_accrued(self, month: date) -> bool:
        """Whether a month was accrued, to whatever amount."""

    def settled_until(self) -> Mapping[tuple[str, str], datetime]:
        """When the last booked settlement of each currency and marketplace ended."""

    def invoiced_elsewhere(self, orders: Sequence[int]) -> set[int]:
        """Which of these orders another system was said to invoice."""

    def save_accruals(self, month: date, entries: Mapping[str, tuple[Entry, Entry]], now: datetime) -> None:
        """The month is accrued, in one transaction; repeating changes nothing."""


class KeptFiles(Protocol):
    """Settlement files as they were received, and the reports they came by."""

    def has_report(self, report_id: str) -> bool:
        """Whether this report was taken in: booked, or a case."""

    def took_in(self, report_id: str, sha256: str, now: datetime) -> None:
        """This report was dealt with to its end; it is not fetched again."""


class KnownOrders(Protocol):
    """Orders that this connection imported or left out; as numbers (`order_number_of`)."""

    def made_at(self, orders: Collection[int]) -> Mapping[int, datetime]:
        """When these orders were made, of those that are known."""

    def were_made(self, since: datetime, until: datetime) -> bool:
        """Whether any order of that time is known."""


class Booking(Protocol):
    """A transaction in which a settlement is looked at or booked, alone on its connection."""

    def look(self, settlement: Settlement, marketplaces: Collection[str]) -> Seen:
        """What is booked around it."""

    def save(self, booked: BookedSettlement, rows: RowColumns, now: datetime) -> None:
        """All of it is in the ledger once the transaction ends."""


class Ledger(Protocol):
    """The books of one connection."""

    def find(self, settlement_id: SettlementId) -> KeptSettlement | None:
        """A settlement, booked or held; None where it is not known."""

    def accepted(self, settlement_id: SettlementId, sha256: str) -> tuple[int, str]:
        """The difference of this very file that a person took into suspense, and why; 0 where nobody did."""

    def invoiced_elsewhere(self, orders: Sequence[int]) -> set[int]:
        """Which of these orders another system was said to invoice."""

    def booked_orders(self, orders: Sequence[int]) -> set[int]:
        """Which of these orders have booked rows already."""

    def hold(self, settlement: Settlement, facts: FileFacts, *, rows: int, difference: int, now: datetime) -> bool:
        """The settlement is known, and nothing of it is booked; False where it is booked already. Repeating is safe."""

    def has_same_rows(self, settlement_key: int, rows: RowColumns) -> bool:
        """Whether a booked settlement has exactly these rows, in whatever order."""

    def booking(self) -> AbstractContextManager[Booking]:
        """One transaction, alone on this connection; nothing of it stays if it ends early."""


class BankBook(Protocol):
    """The transaction in which lines of the bank are matched, alone on its connection."""

    def lines(self) -> Sequence[BankLine]:
        """Every line of Amazon's that is kept."""

    def dues(self, zone: ZoneInfo) -> Sequence[Due]:
        """What booked settlements send over the bank, by days of this time zone."""

    def payouts(self) -> Sequence[Payout]:
        """Payouts as Amazon told them."""

    def seen(self) -> SeenDays | None:
        """The days of all statements; None where none was given yet."""

    def forget(self, line_ids: Sequence[str]) -> None:
        """These lines are kept no more. Repeating is safe."""

    def save(
        self, new: Sequence[BankLine], settlements: Mapping[str, Sequence[str]], seen: SeenDays | None, now: datetime
    ) -> None:
        """New lines are kept, and of every line the settlements it belongs to. Repeating is safe."""


class Bank(Protocol):
    """The lines of the bank of one connection."""

    def matching(self) -> AbstractContextManager[BankBook]:
        """One transaction, alone on this connection; nothing of it stays if it ends early."""


class CommercePayments(Protocol):
    """Payments in commercetools, and the orders they belong to."""

    def find_order(self, order_number: OrderNumber, key: str) -> ShopOrder | None:
        """The order under this number with its payment of this key; None means commercetools does not have the order."""

    def find(self, key: str) -> ShopPayment | None:
        """The payment of this key; None where there is none."""

    def create(self, write: WritePayment) -> ShopPayment:
        """Create the payment; repeating is safe: the key is unique, and the second time raises Conflict."""

    def add(self, payment: ShopPayment, transactions: tuple[PaymentTransaction, ...]) -> ShopPayment:
        """Add transactions to the version that was read; Conflict where it has moved. After any other fault read it again, then add what is missing."""

    def change_order(self, order: ShopOrder, *, payment_id: str | None, payment_state: str | None) -> None:
        """Let the payment belong to the order, and set its state, on the version that was read; Conflict where it has moved. None: as it is."""


class SettledOrders(Protocol):
    """Which orders settlements speak of, and which they should and do not."""

    def next_settlement(self, sequence: int) -> int | None:
        """The certificate after this one, as settlements were booked; None where this is the last."""

    def orders_of(self, sequence: int) -> Iterable[list[AmazonOrderId]]:
        """The Amazon orders of the settlement of this certificate, some thousands at once."""

    def shipped_unsettled(self, after: datetime, record_id: str, *, shipped_before: datetime) -> ShippedPage:
        """A page of the orders that were shipped by then and whose payment nobody looks after yet, in the order of their making."""
