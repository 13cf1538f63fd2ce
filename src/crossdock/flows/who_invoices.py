"""Rows of a settlement -> the orders whose sale another system invoices, so that the books do not take it for income a second time.

Rule: an order is on one side for its life, refunds included.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime

from crossdock.domain.finance_policy import FinancePolicy
from crossdock.domain.ledger_book import RowColumns
from crossdock.ports_finance import KnownOrders, Ledger


def orders_invoiced_elsewhere(
    rows: RowColumns, *, ledger: Ledger, policy: FinancePolicy, orders: KnownOrders
) -> Collection[int]:
    """The orders another system invoices: what was said of an order once is true for its life, of a new one the policy says it by its day of purchase.

    An order that nobody here has seen is new only by the rows of its sale: a refund alone is of an order from before.
    """
    elsewhere = ledger.invoiced_elsewhere(rows.orders())
    for fulfilment, begins in policy.invoiced_elsewhere_from.items():
        new = rows.shipped_by(fulfilment, sold=False).keys() - elsewhere
        new -= ledger.booked_orders(list(new))
        made_at = dict(orders.made_at(list(new)))
        # Of an order that was never seen, the first posting of its sale is the nearest thing to its day.
        for number, second in rows.shipped_by(fulfilment, sold=True).items():
            made_at.setdefault(number, datetime.fromtimestamp(second, UTC))
        elsewhere |= {number for number in new if number in made_at and made_at[number] >= begins}
    return elsewhere
