"""What the pages of the desk read, as functions that the composition root binds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

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
    StockCount,
    StockFilter,
    StockRow,
    StockSheet,
)
from crossdock.domain.ids import AmazonOrderId
from crossdock.domain.order import ImportedOrder
from crossdock.domain.settlement_desk import (
    BooksCount,
    FileRow,
    OrderMoney,
    Period,
    RowsWanted,
    SettlementFilter,
    SettlementRow,
    SettlementSheet,
)
from crossdock.domain.timeline import State


@dataclass(frozen=True, slots=True)
class MoneyDesk:
    """What the pages of settlements read; the first argument as in `Desk`.

    `certificate`: its bytes, None where there is none. `received`: the bytes of a file as it was received, by its hash, part by part, none where it is
    not kept. `account_names`: by key, as the chart in force on a day has them.
    """

    find_settlements: Callable[[Sequence[str], SettlementFilter], Sequence[SettlementRow]]
    periods: Callable[[Sequence[str]], Sequence[Period]]
    find_settlement: Callable[[Sequence[str], str, str], SettlementSheet | None]
    find_rows: Callable[[Sequence[str], RowsWanted], Sequence[FileRow]]
    certificate: Callable[[Sequence[str], str, str], bytes | None]
    received: Callable[[str, str], Iterator[bytes]]
    find_order_money: Callable[[Sequence[str], str, str], OrderMoney | None]
    books_counts: Callable[[Sequence[str]], Sequence[BooksCount]]
    account_names: Callable[[str, datetime], Mapping[str, str]]


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
    stock_backlogs: Callable[[Sequence[str], datetime], Sequence[Backlog]]
    stock_counts: Callable[[Sequence[str]], Sequence[StockCount]]
    find_skus: Callable[[Sequence[str], StockFilter], Sequence[StockRow]]
    find_sku: Callable[[Sequence[str], str, str], StockSheet | None]
    money: MoneyDesk
    read_commercetools: Callable[[str, AmazonOrderId], ImportedOrder | None]
    is_ready: Callable[[], bool]
