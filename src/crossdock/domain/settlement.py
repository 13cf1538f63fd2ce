"""A settlement: what Amazon says it owes for a stretch of time, and the sums of its rows that the books are made of.

Rule: every row counts, reserve and charge rows too; their sum is the declared total to the cent, or nothing of the settlement is booked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from crossdock.domain.case import Case
from crossdock.domain.ids import SettlementId
from crossdock.domain.money import Money

# A longer settlement is no settlement but a wrong date: the longest known one took eight weeks.
LONGEST = timedelta(days=400)

# Whose money a row is, by the form of its order-id: an Amazon order, a multi-channel order of another shop (S01-...), or nobody's.
RowOwner = Literal["order", "mcf", ""]
# How the tax of an order was dealt with: Amazon remits it, the seller does, or the rows name none. Empty where the question does not arise.
TaxTreatment = Literal["amazon", "seller", "untaxed", ""]


class Label(NamedTuple):
    """The three texts by which Amazon says what a row is for, as they stand in the file, trimmed."""

    transaction_type: str
    amount_type: str
    description: str

    def __str__(self) -> str:
        """As people quote it."""
        return " / ".join(part or "(empty)" for part in self)


@dataclass(frozen=True, slots=True)
class Settlement:
    """The summary row. `total`: what is paid out, signed as Amazon sees the seller: negative where the seller owes. Times are UTC."""

    settlement_id: SettlementId
    starts_at: datetime
    ends_at: datetime
    deposit_at: datetime | None
    total: Money


@dataclass(frozen=True, slots=True)
class RowGroup:
    """The sum of all rows that are booked alike.

    `amount`: minor units, + to the seller; `sign` is that of each row (-1, 0, 1); `month` is the first day of the month the rows were
    posted in, in the books' time zone; `first_row` is the line of the file, the header being line 1.
    """

    label: Label
    marketplace: str
    fulfilled_by: str
    owner: RowOwner
    month: date
    treatment: TaxTreatment
    order_mode: bool
    sign: int
    amount: int
    rows: int
    first_row: int


@dataclass(frozen=True, slots=True)
class RowLabel:
    """What rows are told apart by besides their amount and time."""

    label: Label
    marketplace: str
    fulfilled_by: str


@dataclass(frozen=True, slots=True)
class LabelUse:
    """What the books make of a label's rows. `treated`: whose tax treatment tells, and `treated_by_order` where another system invoices the order."""

    is_collected_tax: bool
    is_remitted_tax: bool
    treated: bool
    treated_by_order: bool
    of_order: bool
    of_channel_order: bool


@dataclass(frozen=True, slots=True)
class OrderSums:
    """What belongs to orders and what to none, minor units; `sha256` of the list of orders as docs/certificate.md has it."""

    count: int
    rows: int
    amount: int
    rest_rows: int
    rest_amount: int
    sha256: str


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What was found of the file itself. `unpriced`: rows of V1 that have a quantity and no amount."""

    name: str
    sha256: str
    size: int
    encoding: str
    version: str
    decimal_mark: str
    lines: int
    blank: int
    unpriced: int


class UnitsSold(NamedTuple):
    """Units of a SKU that were sold, and that were refunded, in a month: for those who book their cost."""

    sku: str
    month: date
    sold: int
    refunded: int


def check_control_total(settlement: Settlement, groups: Iterable[RowGroup]) -> Case | None:
    """The rows add up to the declared total, or a case with the exact difference (declared less rows)."""
    total = settlement.total
    off = Money(total.minor_units - sum(group.amount for group in groups), total.currency)
    if not off:
        return None
    facts = {"declared": str(total), "rows": str(total - off), "off": str(off)}
    return Case("settlement.total_differs", facts, at_stake=Money(abs(off.minor_units), off.currency))


def month_of(at: datetime, zone: ZoneInfo) -> date:
    """The first day of the month in which a moment lies, in the books' time zone."""
    return at.astimezone(zone).date().replace(day=1)


def month_after(month: date) -> date:
    """The first day of the next month."""
    return (month + timedelta(days=31)).replace(day=1)


def month_starts(first: datetime, last: datetime, zone: ZoneInfo) -> Mapping[date, datetime]:
    """For every month that touches the stretch: the UTC moment at which it begins in the books' time zone, clocks put forward or back included."""
    starts = {}
    month = month_of(first, zone)
    while month <= month_of(last, zone):
        starts[month] = datetime(month.year, month.month, 1, tzinfo=zone).astimezone(UTC)
        month = month_after(month)
    return starts
