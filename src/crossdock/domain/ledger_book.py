"""What the ledger keeps and is asked for: a settlement with all that was made of it, and its neighbours in time."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, NamedTuple, Protocol

from crossdock.domain.certificate import Certificate, Chains, Place
from crossdock.domain.ids import SettlementId
from crossdock.domain.journal import Entry
from crossdock.domain.settlement import FileFacts, LabelUse, OrderSums, RowGroup, RowLabel, Settlement, UnitsSold


class RowColumns(Protocol):
    """The rows of a settlement as columns, however many millions: asked for sums, and written as they are."""

    labels: Sequence[RowLabel]
    skus: Sequence[str]
    others: Sequence[str]

    def __len__(self) -> int:
        """How many there are."""

    def posted(self) -> tuple[int, int]:
        """Seconds since 1970 of the first and the last posting."""

    def orders(self) -> list[int]:
        """Every Amazon order that a row names, as a number."""

    def shipped_by(self, fulfilment: str, *, sold: bool) -> Mapping[int, int]:
        """Amazon orders, as numbers, with rows of this fulfilment (AFN, MFN), or of their sale alone: when the first was posted, in seconds since 1970."""

    def units(self, months: Mapping[date, datetime]) -> Sequence[UnitsSold]:
        """Units sold and refunded, by SKU and month."""

    def group(
        self, months: Mapping[date, datetime], uses: Sequence[LabelUse], order_mode: Collection[int]
    ) -> list[RowGroup]:
        """The sums the books are made of."""

    def digests(self, posting_of_group: Sequence[int]) -> Mapping[int, str]:
        """Of each posting the hash of the lines of its rows."""

    def tax_left(self, uses: Sequence[LabelUse]) -> Mapping[int, int]:
        """Orders, as numbers, where in one transaction collected tax and tax remitted by Amazon do not cancel: what is left, minor units."""

    def order_sums(self, uses: Sequence[LabelUse]) -> OrderSums:
        """What belongs to orders, and what to none."""

    def copied(self) -> Iterator[bytes]:
        """The rows as COPY reads them, by numbers."""

    def spelt(self) -> Iterator[bytes]:
        """The rows as COPY reads them, with their texts."""


class PostingPlace(NamedTuple):
    """Where a group of rows is in the books: the number of its entry, and the place of its posting in it from 0."""

    account: str
    entry_number: int
    posting_number: int


@dataclass(frozen=True, slots=True)
class Later:
    """A booked settlement that begins later and follows none."""

    settlement_id: SettlementId
    starts_at: datetime


@dataclass(frozen=True, slots=True)
class Seen:
    """What is booked around a settlement: itself, its neighbours, where its certificate will stand, and up to when its currency is accrued.

    `last_before`: when the newest settlement of its currency and marketplaces ended that ended before it began; `next_after`: the first that began
    after it ended, and follows none.
    """

    kept: KeptSettlement | None
    neighbours: tuple[Neighbour, ...]
    last_before: datetime | None
    next_after: Later | None
    place: Place
    accrued_until: date | None


@dataclass(frozen=True, slots=True)
class BookedSettlement:
    """A settlement and all that was made of it. `places`: of each group; `order_mode`: its orders another system invoices, as numbers.

    `difference`: what a person took into suspense.
    """

    settlement: Settlement
    facts: FileFacts
    groups: Sequence[RowGroup]
    places: Sequence[PostingPlace]
    entries: Sequence[Entry]
    certificate: Certificate
    chains: Chains
    order_mode: Collection[int]
    difference: int
    units: Sequence[UnitsSold]


@dataclass(frozen=True, slots=True)
class KeptSettlement:
    """A settlement as the ledger has it, in minor units. `difference`: declared total less rows, of one that is held for it."""

    key: int
    settlement_id: SettlementId
    sha256: str
    state: Literal["booked", "held"]
    currency: str
    total: int
    starts_at: datetime
    ends_at: datetime
    deposit_at: datetime | None
    rows: int
    difference: int
    chain: str
    predecessor_id: str


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A booked settlement right before or right after another of its currency. `document`: its certificate."""

    settlement_id: SettlementId
    chain: str
    is_before: bool
    certificate_sha256: str
    document: bytes
    marketplaces: tuple[str, ...]
    has_predecessor: bool
    has_follower: bool
