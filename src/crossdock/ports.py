"""What flows and the engine need from outside, as Protocols. Adapters fit by shape; `app` is where mypy proves it.

Faults, for every method that reaches a platform: `Unavailable` (try later), `Unauthorized` (a person must act), `Rejected` (refused for good);
`StoreError` for every method that reaches our own database. Further faults are named where they occur.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol

from crossdock.domain.case import Case
from crossdock.domain.desk import (
    AtStake,
    Backlog,
    CaseCount,
    CaseFilter,
    CaseRow,
    HourCount,
    LastRun,
    OrderFilter,
    OrderRow,
    OrderSheet,
    ProvenDay,
    RateLeft,
    StateCount,
)
from crossdock.domain.ids import AmazonOrderId, OrderNumber, SellerSku
from crossdock.domain.order import AmazonOrder, ImportedOrder, OrdersPage, PersonalData, ReadOrder
from crossdock.domain.order_changes import ChangeOrder
from crossdock.domain.order_import import ImportOrder
from crossdock.domain.order_policy import Variant
from crossdock.domain.record import Arrival, Record, Settled
from crossdock.domain.timeline import State
from crossdock.domain.window import Window

Clock = Callable[[], datetime]


class AmazonOrders(Protocol):
    """Amazon's orders: reading only."""

    def search(self, window: Window, token: str | None, *, by_creation: bool = False) -> OrdersPage:
        """One page of the orders updated (or created) in the window, without addresses; repeating is safe.

        `token`: from the page before. Rejected with code `InvalidInput` where Amazon no longer takes the token.
        """

    def search_recipients(self, window: Window, token: str | None) -> OrdersPage:
        """One page of the FBM orders still to be shipped, with buyers and addresses; repeating is safe."""

    def get(self, order_id: AmazonOrderId, *, with_recipient: bool) -> ReadOrder | None:
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
        """Take address, e-mail and our personal fields off the order; repeating is safe. Conflict where it has moved."""

    def existing(self, order_numbers: Sequence[OrderNumber]) -> frozenset[OrderNumber]:
        """Which of these numbers commercetools has."""

    def find_unfenced(self) -> list[OrderNumber]:
        """FBA orders that one of a warehouse's usual filters would find; none in a healthy project."""


class CommerceCatalog(Protocol):
    """Products in commercetools."""

    def find_variants(self, skus: frozenset[SellerSku]) -> Mapping[SellerSku, Variant]:
        """The variants with these SKUs; a SKU that is not in the answer does not exist. Cached for minutes."""


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
        """What is known of the buyer; empty where Amazon hides it."""


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

    def settle(self, results: Sequence[Settled], now: datetime) -> None:
        """Write what a few records came to, in one transaction."""

    def raise_case(self, record_id: str, case: Case, now: datetime) -> None:
        """Open a case that is not the outcome of one record's run; twice is one."""

    def clear_case(self, record_id: str, kind: str, now: datetime) -> None:
        """Close it, seen healthy; nothing happens where there is none."""

    def clear_cases(self, record_ids: Sequence[str], kind: str, now: datetime) -> None:
        """The same for many records."""

    def next_due_at(self) -> datetime | None:
        """When the next record is due; None when none is."""


class HeldLock(Protocol):
    """A lock that is asked, not believed."""

    def is_held(self) -> bool:
        """Whether it is still ours."""


Lock = Callable[[], AbstractContextManager[HeldLock | None]]


@dataclass(frozen=True, slots=True)
class Desk:
    """What the web pages read. The first argument is always the connections the viewer may see; of others nothing is found.

    All of it is reading, so repeating is safe. `read_commercetools` is the only one that leaves the house: the order of a connection as commercetools
    holds it now, None where it has none.
    """

    last_runs: Callable[[Sequence[str]], Sequence[LastRun]]
    backlogs: Callable[[Sequence[str], datetime], Sequence[Backlog]]
    rates_left: Callable[[Sequence[str], datetime], Sequence[RateLeft]]
    case_counts: Callable[[Sequence[str], datetime], Sequence[CaseCount]]
    money_at_stake: Callable[[Sequence[str]], Sequence[AtStake]]
    orders_by_hour: Callable[[Sequence[str], datetime], Sequence[HourCount]]
    state_counts: Callable[[Sequence[str], Sequence[State]], Sequence[StateCount]]
    proven_days: Callable[[Sequence[str], date], Sequence[ProvenDay]]
    find_orders: Callable[[Sequence[str], OrderFilter], Sequence[OrderRow]]
    find_order: Callable[[Sequence[str], str, str], OrderSheet | None]
    find_cases: Callable[[Sequence[str], CaseFilter], Sequence[CaseRow]]
    find_case: Callable[[Sequence[str], int], CaseRow | None]
    read_commercetools: Callable[[str, AmazonOrderId], ImportedOrder | None]
    is_ready: Callable[[], bool]
