"""What the flows of money need from outside, as Protocols; each method states its contract."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from crossdock.domain.certificate import Place
from crossdock.domain.ids import SettlementId
from crossdock.domain.ledger_book import BookedSettlement, KeptSettlement, Neighbour, RowColumns
from crossdock.domain.settlement import FileFacts, Settlement


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


class KnownOrders(Protocol):
    """Orders that this connection imported or left out; as numbers (`order_number_of`)."""

    def made_at(self, orders: Collection[int]) -> Mapping[int, datetime]:
        """When these orders were made, of those that are known."""

    def were_made(self, since: datetime, until: datetime) -> bool:
        """Whether any order of that time is known."""


class Booking(Protocol):
    """The transaction in which a settlement is booked, alone on its connection."""

    def find(self, settlement_id: SettlementId) -> KeptSettlement | None:
        """The settlement as it stands; None where it is not known."""

    def find_neighbours(self, settlement: Settlement) -> Sequence[Neighbour]:
        """Booked settlements of its currency that end where it begins, or begin where it ends."""

    def find_last_before(self, settlement: Settlement, marketplaces: Collection[str]) -> datetime | None:
        """When the newest booked settlement of its currency and these marketplaces ended that ended before it began; None where there is none."""

    def next_place(self) -> Place:
        """Where the next certificate stands."""

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

    def hold(self, settlement: Settlement, facts: FileFacts, *, rows: int, difference: int, now: datetime) -> None:
        """The settlement is known, and nothing of it is booked. Repeating is safe."""

    def has_same_rows(self, settlement_key: int, rows: RowColumns) -> bool:
        """Whether a booked settlement has exactly these rows, in whatever order."""

    def booking(self) -> AbstractContextManager[Booking]:
        """One transaction, alone on this connection; nothing of it stays if it ends early."""
