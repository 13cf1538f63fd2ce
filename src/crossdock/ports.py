"""What flows and the engine need from outside, as Protocols. Adapters fit by shape; `app` is where mypy proves it.

Faults, for every method that reaches a platform: `Unavailable` (try later), `Unauthorized` (a person must act), `Rejected` (refused for good);
`StoreError` for every method that reaches our own database. Further faults are named where they occur.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date, datetime
from typing import Any, Protocol

from crossdock.domain.case import Case
from crossdock.domain.feed import FeedNews
from crossdock.domain.ids import AmazonOrderId, OrderNumber, SellerSku
from crossdock.domain.inventory import HintPage, MessagePlace, Moved, StockEntry, StockPage, StockPlace
from crossdock.domain.listed import ListedPage, ListedQuantity, SetQuantity, Submission
from crossdock.domain.order import AmazonOrder, ImportedOrder, OrdersPage, PersonalData, ReadOrder, Recipient
from crossdock.domain.order_changes import ChangeOrder
from crossdock.domain.order_import import ImportOrder
from crossdock.domain.order_policy import Variant
from crossdock.domain.record import Arrival, Record, Settled
from crossdock.domain.stock_record import SoldLine, StockRecord
from crossdock.domain.timeline import State
from crossdock.domain.window import Window

Clock = Callable[[], datetime]


class AmazonOrders(Protocol):
    """Amazon's orders: reading only. `urgent` calls may have the share of Amazon's rate that is kept for whoever cannot wait."""

    def search(
        self, window: Window, token: str | None, *, by_creation: bool = False, urgent: bool = False
    ) -> OrdersPage:
        """One page of the orders updated (or created) in the window, without addresses; repeating is safe.

        `token`: from the page before. Rejected with code `InvalidInput` where Amazon no longer takes the token.
        """

    def search_recipients(self, window: Window, token: str | None) -> OrdersPage:
        """One page of the FBM orders still to be shipped, with buyers and addresses; repeating is safe."""

    def get(self, order_id: AmazonOrderId, *, with_recipient: bool, urgent: bool = True) -> ReadOrder | None:
        """One order now; None where Amazon does not know it."""


class CommerceOrders(Protocol):
    """Orders in commercetools."""

    def find(self, order_number: OrderNumber) -> ImportedOrder | None:
        """The order under this number; None means commercetools does not have it."""

    def import_order(self, decision: ImportOrder) -> ImportedOrder | frozenset[SellerSku]:
        """Create the order; the SKUs whose stock cannot be taken where that is why nothing was created.

        Repeating is safe: the number is unique, and the second time raises Conflict.
        """

    def change(self, decision: ChangeOrder) -> ImportedOrder:
        """Apply all changes to the version that was read, or none; Conflict where it has moved."""

    def redact(self, imported: ImportedOrder) -> ImportedOrder:
        """Take addresses, e-mail and our personal fields off the order; repeating is safe. Conflict where it has moved."""

    def existing(self, order_numbers: Sequence[OrderNumber]) -> frozenset[OrderNumber]:
        """Which of these numbers commercetools has."""

    def find_unfenced(self, fba: Sequence[OrderNumber] = ()) -> list[OrderNumber]:
        """FBA orders that one of a warehouse's usual filters would find, by our mark or among `fba`; none in a healthy project."""


class CommerceCatalog(Protocol):
    """Products in commercetools."""

    def find_variants(self, skus: frozenset[SellerSku]) -> Mapping[SellerSku, Variant]:
        """The variants with these SKUs; a SKU that is not in the answer does not exist. Cached for minutes."""


class CommerceStock(Protocol):
    """Stock in commercetools: entries, and units taken off or given back under a number."""

    def read(self, skus: Collection[SellerSku]) -> StockPage:
        """Every entry of these SKUs, with and without a channel, as one page."""

    def read_changed(self, since: datetime, after: StockPlace | None = None) -> StockPage:
        """A page of the entries that changed since a mark, by commercetools' clock."""

    def read_all(self, after: StockPlace | None = None) -> StockPage:
        """A page of all entries."""

    def create_entry(self, sku: SellerSku, supply_channel: str | None) -> StockEntry:
        """An empty entry; Conflict where there is one."""

    def claim(self, entry: StockEntry, units: int, claim_number: str) -> StockEntry:
        """So many units are off the entry under this number, once. Conflict where it has moved; after any other fault read it again, then repeat."""

    def unclaim(self, entry: StockEntry, claim_number: str) -> StockEntry:
        """What was taken under this number is back, once. Faults as for a claim."""

    def move(self, taken_from: StockEntry, given_to: StockEntry, units: int, move_number: str) -> Moved:
        """So many units change entries, once under this number. Faults as for a claim."""

    def forget_claims(self, entry: StockEntry, claim_numbers: Collection[str]) -> StockEntry:
        """These numbers are noted no more; quantities stay. Repeating is safe."""


class StockMessages(Protocol):
    """What commercetools tells of stock that moved."""

    def read(self, place: MessagePlace) -> HintPage:
        """The next hints; repeating is safe."""


class AmazonListings(Protocol):
    """Quantities on Amazon."""

    def read_quantity(self, sku: SellerSku, *, urgent: bool = False) -> ListedQuantity | None:
        """What Amazon shows of one SKU now; None where it lists none such."""

    def list_quantities(
        self, created: Window | None = None, token: str | None = None, *, urgent: bool = False
    ) -> ListedPage:
        """One page of what Amazon shows of all SKUs."""

    def set_quantity(self, change: SetQuantity, *, urgent: bool = False) -> Submission:
        """Amazon has queued the set. Absolute: repeating it overwrites what was sold meanwhile. Unavailable with `own_rate`: certainly not sent."""


class StockBook(Protocol):
    """What we hold of each SKU, and the lines of orders it must know of."""

    def note(self, lines: Sequence[SoldLine]) -> list[SellerSku]:
        """Take in the lines of orders; answers the SKUs of which some are news. Repeating is safe."""

    def find(self, skus: Sequence[SellerSku]) -> Mapping[SellerSku, StockRecord]:
        """What we hold of these SKUs; one that is missing was never looked at."""

    def feed_news(self, skus: Sequence[SellerSku]) -> Mapping[SellerSku, FeedNews]:
        """What became of the newest set of each of these in a feed."""

    def lines(self, skus: Sequence[SellerSku]) -> Mapping[SellerSku, list[SoldLine]]:
        """Their lines that are not settled, the oldest first."""

    def save(
        self,
        sku: SellerSku,
        record: StockRecord,
        now: datetime,
        *,
        counted: Sequence[SoldLine] = (),
        view: Mapping[str, Any] | None = None,
    ) -> StockRecord:
        """Keep the record together with the lines it now counts; answers it as it is held now. Conflict where it is not the newest any more."""

    def gather(
        self, sku: SellerSku, record: StockRecord, now: datetime, *, quantity: int, expected_at_s: float
    ) -> StockRecord:
        """Keep the record, and have its set join the feed that gathers, at once; answers the record with that feed in it."""

    def settle(self, lines: Sequence[SoldLine], noted: Sequence[str] = ()) -> list[str]:
        """These are final: never claimed or given back any more. Answers their claim numbers, and those `noted` of lines that were settled before."""


class Vault(Protocol):
    """Sealed personal data."""

    def save(self, personal: Mapping[AmazonOrderId, tuple[PersonalData, date]], now: datetime) -> None:
        """Seal; what was held of the same order is merged under it. Repeating is safe."""

    def find(self, order_ids: Sequence[AmazonOrderId]) -> Mapping[AmazonOrderId, PersonalData]:
        """Open what is held."""

    def due(self, today: date, limit: int, *, but: Sequence[AmazonOrderId] = ()) -> list[AmazonOrderId]:
        """Orders whose day of erasure has come, `but` for some that cannot go now."""

    def erase(self, order_ids: Sequence[AmazonOrderId], now: datetime) -> list[str]:
        """Delete for good; the certificates. Repeating is safe."""


class Recipients(Protocol):
    """Where FBM orders go: from the vault, else from Amazon, one by one."""

    def find(self, order: AmazonOrder) -> PersonalData:
        """What is known of the buyer as of this version of the order; empty where Amazon hides it. Conflict where it is not to be shipped any more."""

    def find_moved(self, order: AmazonOrder) -> Recipient | None:
        """Where an imported order goes, if Amazon shows another address than commercetools was told; None where it does not."""

    def keep(self, order: AmazonOrder) -> None:
        """Say that commercetools has been told the newest address; nothing happens where it is the one that is sealed."""


class Cursors(Protocol):
    """How far a search has read."""

    def find(self, name: str) -> dict[str, Any] | None:
        """The mark under this name; None means nothing was read yet."""

    def save(self, name: str, value: Mapping[str, Any], now: datetime) -> None:
        """Move the mark; repeating is safe."""


class Inbox(Protocol):
    """The records of one flow of one connection."""

    def put(self, arrivals: Sequence[Arrival], now: datetime) -> int:
        """Take in what arrived; answers how many were news. Repeating is safe."""

    def due(self, now: datetime, limit: int) -> list[Record]:
        """Records whose time has come, the longest due first."""

    def find(self, record_id: str) -> Record | None:
        """One record, due or not."""

    def known(self, record_ids: Sequence[str]) -> dict[str, State]:
        """Which of these are known, and in which state."""

    def wake(self, record_ids: Sequence[str], now: datetime) -> int:
        """Make records due now."""

    def expect(self, record_ids: Sequence[str], at: datetime, now: datetime) -> None:
        """Make records due by this time at the latest, unknown ones too; repeating is safe."""

    def settle(self, results: Sequence[Settled], now: datetime) -> None:
        """Write what a few records came to, in one transaction."""

    def raise_case(self, record_id: str, case: Case, now: datetime) -> None:
        """Open a case that is not the outcome of one record's run; twice is one."""

    def clear_case(self, record_id: str, kind: str, now: datetime) -> None:
        """Close it, seen healthy; nothing happens where there is none."""

    def clear_cases(
        self, record_ids: Sequence[str], kind: str, now: datetime, *, facts: Mapping[str, str] | None = None
    ) -> None:
        """The same for many records; with `facts` only a case that tells these."""

    def next_due_at(self) -> datetime | None:
        """When the next record is due; None when none is."""


class HeldLock(Protocol):
    """A lock that is asked, not believed."""

    def is_held(self) -> bool:
        """Whether it is still ours."""


Lock = Callable[[], AbstractContextManager[HeldLock | None]]
