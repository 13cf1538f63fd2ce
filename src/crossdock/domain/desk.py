"""What the desk shows: rows of lists, one record in full, and the health of the whole. No value here holds personal data.

Every read is told the connections its viewer may see; a record of another connection does not exist for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from crossdock.domain.money import Money
from crossdock.domain.order import AmazonOrder
from crossdock.domain.outlook import AnnouncedPeak
from crossdock.domain.sellable import Mode
from crossdock.domain.stock_record import SoldLine, StockRecord
from crossdock.domain.timeline import Event, Link, State

# The flow whose records are orders, and the mark of the search that finds them.
ORDERS_FLOW = "ingest_orders"
ORDERS_SEARCH = "orders.search"
# The flow whose records are SKUs, and the record of its cases that are about all of them.
STOCK_FLOW = "push_stock"
ALL_SKUS = "plan"

# A page of a list: what one looks through before one searches.
PAGE_ROWS = 50
# As many ids as a person pastes out of a spreadsheet at once.
IDS_MAX = 200
# A record's history is shown up to here, the newest first; the rest is counted.
HISTORY_MAX = 200
# Of a SKU that sells by the minute, so many lines of orders are shown, the newest first; the rest is counted.
LINES_MAX = 100


@dataclass(frozen=True, slots=True)
class LastRun:
    """When a routine of a connection last did all of its work; None where it never has."""

    connection_id: str
    flow: str
    succeeded_at: datetime | None


@dataclass(frozen=True, slots=True)
class Backlog:
    """The records of one connection that are due now: how many (counted up to `BACKLOG_MAX`), and since when the oldest."""

    connection_id: str
    due: int
    oldest_due_at: datetime | None


# Beyond this a backlog is not counted further: the oldest says more.
BACKLOG_MAX = 1000


@dataclass(frozen=True, slots=True)
class RateLeft:
    """How many calls of one operation are left now, of how many at once, and how long one takes to come back."""

    connection_id: str
    operation: str
    left: int
    burst: int
    every: timedelta


@dataclass(frozen=True, slots=True)
class CaseCount:
    """Open cases of one kind, one owner and one connection. `overdue`: those whose deadline has passed."""

    connection_id: str
    owner: str
    kind: str
    cases: int
    overdue: int
    next_deadline: datetime | None


@dataclass(frozen=True, slots=True)
class AtStake:
    """Money an owner's open cases are about. A record with several cases of one owner is counted once."""

    owner: str
    amount: Money


@dataclass(frozen=True, slots=True)
class HourCount:
    """Orders bought in one hour (its beginning), by who fulfils them and where they stand now."""

    hour: datetime
    fulfilled_by: str
    state: State
    orders: int


@dataclass(frozen=True, slots=True)
class StateCount:
    """Records of one connection in one state."""

    connection_id: str
    state: State
    records: int


@dataclass(frozen=True, slots=True)
class ProvenDay:
    """What the second, independent search of a closed day counted. Proven: nothing was missing."""

    connection_id: str
    day: date
    checked_at: datetime
    on_amazon: int
    in_commercetools: int
    out_of_scope: int
    waiting: int
    missing: int


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """Which orders. `ids`: Amazon's, the order number or commercetools' own; `after`: the last row of the page before."""

    ids: tuple[str, ...] = ()
    state: State | None = None
    fulfilled_by: str | None = None
    after: tuple[datetime, str, str] | None = None


@dataclass(frozen=True, slots=True)
class OrderRow:
    """One order of a list. Times and total are None where Amazon has not told them, or the record could not be read."""

    connection_id: str
    record_id: str
    created_at: datetime
    changed_at: datetime
    fulfilled_by: str
    status: str
    state: State
    reason: str
    due_at: datetime | None
    marketplace_id: str
    ship_by_at: datetime | None
    total: Money | None
    lines: int

    def position(self) -> tuple[datetime, str, str]:
        """Where the next page goes on."""
        return (self.created_at, self.record_id, self.connection_id)


@dataclass(frozen=True, slots=True)
class CaseFilter:
    """Which open cases, the nearest deadline first. `after`: the last row of the page before."""

    owner: str | None = None
    kind: str | None = None
    after: tuple[datetime | None, int] | None = None


@dataclass(frozen=True, slots=True)
class CaseRow:
    """One case, open or closed."""

    case_id: int
    connection_id: str
    flow: str
    record_id: str
    kind: str
    owner: str
    facts: Mapping[str, str]
    deadline: datetime | None
    at_stake: Money | None
    opened_at: datetime
    updated_at: datetime
    closed_at: datetime | None
    closed_because: str

    def position(self) -> tuple[datetime | None, int]:
        """Where the next page goes on."""
        return (self.deadline, self.case_id)


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One thing that happened to a record."""

    at: datetime
    event: Event


@dataclass(frozen=True, slots=True)
class OrderSheet:
    """One order in full. `order`: None where its snapshot could not be read; `history`: the newest first."""

    row: OrderRow
    order: AmazonOrder | None
    link: Link | None
    snapshot_at: datetime
    first_seen_at: datetime
    attempts: int
    cases: tuple[CaseRow, ...]
    history: tuple[HistoryLine, ...]
    history_lines: int


@dataclass(frozen=True, slots=True)
class StockFilter:
    """Which SKUs, the largest exposure first. `skus`: seller SKUs, whole; `after`: the last row of the page before."""

    skus: tuple[str, ...] = ()
    state: State | None = None
    after: tuple[int, str, str] | None = None


@dataclass(frozen=True, slots=True)
class StockView:
    """How a SKU stood after its last look, in units. `shop_margin` is S, `unseen_margin` U; `under_way`, `overdue`: quantities sent and not seen yet.

    At most `exposure` units are sold twice before Amazon follows, any at all with `probability`. The delays and what sells in an hour are what that rests on.
    `peak`: announced, and on or the next. `covered`: of those available, off the shop's entry for what Amazon may sell before we hear of it.
    """

    available: int
    claims: int
    shop_margin: int
    unseen_margin: int
    sellable: int
    listed: int
    hold: int
    under_way: int | None
    overdue: int | None
    exposure: int
    probability: float
    mode: Mode
    reason: str
    amazon_per_hour: float
    shop_per_hour: float
    order_known_s: int
    shop_seen_s: int
    effect_s: int
    peak: AnnouncedPeak | None = None
    covered: int = 0


@dataclass(frozen=True, slots=True)
class StockRow:
    """One SKU of a list. `listed`: None where the merchant lists none of it; `view`: None before its first look, or where it is another version's."""

    connection_id: str
    seller_sku: str
    state: State
    reason: str
    due_at: datetime | None
    changed_at: datetime
    listed: int | None
    exposure: int
    view: StockView | None

    def position(self) -> tuple[int, str, str]:
        """Where the next page goes on."""
        return (self.exposure, self.seller_sku, self.connection_id)


@dataclass(frozen=True, slots=True)
class StockSheet:
    """One SKU in full. `record`: None before its first look; `lines`: of orders whose units it must know of, the newest first; `history`: likewise."""

    row: StockRow
    record: StockRecord | None
    looked_at: datetime | None
    first_seen_at: datetime
    attempts: int
    lines: tuple[SoldLine, ...]
    lines_in_all: int
    cases: tuple[CaseRow, ...]
    history: tuple[HistoryLine, ...]
    history_lines: int


@dataclass(frozen=True, slots=True)
class StockCount:
    """The SKUs of one connection: looked at, for sale on Amazon, exposed and with how many units, waiting, and with a case. `paused`: why no set goes."""

    connection_id: str
    looked_at: int
    listed: int
    exposed: int
    exposed_units: int
    waiting: int
    cases: int
    paused: str = ""
