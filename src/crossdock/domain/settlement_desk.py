"""What the desk shows of settlements: rows of the list, one in full, the rows behind a figure, and one order's money.

Amounts are minor units of the currency beside them, signed as Amazon signs them: above zero is to the seller.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from crossdock.domain.bridge import AccountSum
from crossdock.domain.desk import CaseRow
from crossdock.domain.finance_desk import EntryRow
from crossdock.domain.settlement import FileFacts, Label

# The flow whose records are settlements, as its cases name it.
MONEY_FLOW = "reconcile_settlements"
# Ten connections with a settlement a fortnight on four marketplaces, for two years.
PERIODS_MAX = 2_000
# An order has a handful of rows for each of its lines; the rest is counted.
ORDER_ROWS_MAX = 500
# Labels by marketplaces, months and signs come to hundreds.
GROUPS_MAX = 20_000

SettlementState = Literal["booked", "held"]
# `case`: with an open case, booked or held.
SettlementChoice = Literal["booked", "held", "case"]


@dataclass(frozen=True, slots=True)
class SettlementFilter:
    """Which settlements, the newest first. `after`: the last row of the page before."""

    state: SettlementChoice | None = None
    chain: str = ""
    settlement_id: str = ""
    after: tuple[datetime, str, str] | None = None


@dataclass(frozen=True, slots=True)
class SettlementRow:
    """One settlement of a list. `difference`: declared total less rows, of one that is held; `cases`: open ones, and what is `at_stake` in them."""

    connection_id: str
    settlement_id: str
    state: SettlementState
    currency: str
    total: int
    starts_at: datetime
    ends_at: datetime
    deposit_at: datetime | None
    rows: int
    chain: str
    difference: int
    certificate: str
    suspense: int
    cases: int
    at_stake: int

    def position(self) -> tuple[datetime, str, str]:
        """Where the next page goes on."""
        return (self.ends_at, self.settlement_id, self.connection_id)


@dataclass(frozen=True, slots=True)
class Period:
    """The time of one settlement, for the calendar."""

    connection_id: str
    settlement_id: str
    state: SettlementState
    currency: str
    chain: str
    predecessor_id: str
    starts_at: datetime
    ends_at: datetime
    total: int


@dataclass(frozen=True, slots=True)
class BookedGroup:
    """Rows that are booked alike, and where: `line` is the place of their posting in its entry, from 0."""

    number: int
    label: Label
    marketplace: str
    fulfilled_by: str
    month: date
    treatment: str
    order_mode: bool
    amount: int
    rows: int
    first_row: int
    account: str
    entry: int
    line: int


@dataclass(frozen=True, slots=True)
class CertificateMark:
    """A certificate by its number and hash. `previous`: hash of the one before; empty for the first."""

    sequence: int
    sha256: str
    previous: str
    made_at: datetime


@dataclass(frozen=True, slots=True)
class SettlementSheet:
    """One settlement in full. `source`: `amazon` or `hand`; `accepted`: declared total less rows, where a person took it into suspense for `reason`."""

    row: SettlementRow
    facts: FileFacts
    source: str
    received_at: datetime | None
    predecessor_id: str
    accepted: int
    reason: str
    entries: tuple[EntryRow, ...]
    groups: tuple[BookedGroup, ...]
    certificate: CertificateMark | None
    cases: tuple[CaseRow, ...]

    def sums(self) -> list[AccountSum]:
        """What its rows come to on each account, group by group."""
        return [AccountSum(group.account, group.amount, group.rows) for group in self.groups]


@dataclass(frozen=True, slots=True)
class RowsWanted:
    """Which rows of a settlement: of these groups, in the order of the file. `after`: line and group of the last row of the page before."""

    connection_id: str
    settlement_id: str
    groups: tuple[int, ...]
    after: tuple[int, int] = (0, -1)


@dataclass(frozen=True, slots=True)
class FileRow:
    """One row as it was read. `order_id`: what stands in its order id, of whatever form; `imported`: it is an order of the inbox."""

    line: int
    group: int
    order_id: str
    is_order: bool
    imported: bool
    sku: str
    quantity: int
    amount: int
    posted_at: datetime


@dataclass(frozen=True, slots=True)
class OrderMoneyRow:
    """One row of an order, with the settlement it is in."""

    settlement_id: str
    line: int
    label: Label
    account: str
    sku: str
    quantity: int
    amount: int
    currency: str
    posted_at: datetime


@dataclass(frozen=True, slots=True)
class OrderMoney:
    """One order over all settlements. `sums`: by currency; `rows`: the oldest first, of `rows_in_all`."""

    connection_id: str
    order_id: str
    sums: dict[str, tuple[AccountSum, ...]]
    rows: tuple[OrderMoneyRow, ...]
    rows_in_all: int


@dataclass(frozen=True, slots=True)
class BooksCount:
    """How the books of one connection stand: its newest settlement, how many are held, and what is in suspense by currency."""

    connection_id: str
    settlement_id: str
    currency: str
    total: int
    starts_at: datetime
    ends_at: datetime
    held: int
    suspense: tuple[tuple[str, int], ...]

    def next_expected_at(self) -> datetime:
        """When the next should end: as long after this one as this one was long."""
        return self.ends_at + (self.ends_at - self.starts_at)
