"""How commands say where money went: the bridge of a settlement, and one order over all of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from crossdock.console import print_table, say
from crossdock.domain.bridge import Bar, bridge_of, settlement_bridge
from crossdock.domain.money import Money
from crossdock.domain.settlement_desk import OrderMoney, OrderMoneyRow, SettlementSheet
from crossdock.errors import ConfigError

STEPS = ["step", "amount", "reached", "rows"]
ROWS = ["settlement", "line", "posted", "label", "SKU", "amount"]


def bars_of(sheet: SettlementSheet) -> Sequence[Bar]:
    """From sales to the payout; ConfigError where nothing is booked."""
    if sheet.row.state != "booked":
        raise ConfigError([f"{sheet.row.settlement_id}: is held for a difference, so nothing of it is booked"])
    return settlement_bridge(sheet.sums(), total=sheet.row.total, accepted_difference=sheet.accepted).bars


def print_bridge(sheet: SettlementSheet) -> None:
    """The same for people."""
    row = sheet.row
    say(f"Settlement {row.settlement_id}: {Money(row.total, row.currency)}", "")
    print_table("From sales to payout", STEPS, [_step(bar, row.currency) for bar in bars_of(sheet)])


def print_order_money(found: Iterable[OrderMoney]) -> None:
    """What came of an order in each currency, and its rows; of each connection that has any."""
    for money in found:
        for currency, sums in money.sums.items():
            bridge = bridge_of(sums)
            say(f"Order {money.order_id}, {money.connection_id}: {Money(bridge.payout, currency)}", "")
            print_table("What came of it", STEPS, [_step(bar, currency) for bar in bridge.bars])
        print_table(f"{money.rows_in_all} rows", ROWS, [_row(row) for row in money.rows])
        if money.rows_in_all > len(money.rows):
            say(f"{money.rows_in_all - len(money.rows)} newer rows are not shown.")


def _step(bar: Bar, currency: str) -> tuple[object, ...]:
    return (bar.title, str(Money(bar.amount, currency)), str(Money(bar.after, currency)), bar.rows or "")


def _row(row: OrderMoneyRow) -> tuple[object, ...]:
    amount = str(Money(row.amount, row.currency))
    return (row.settlement_id, row.line, f"{row.posted_at:%Y-%m-%d %H:%M:%S}", str(row.label), row.sku, amount)
