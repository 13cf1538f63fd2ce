"""The end of a month -> what it earned and no settlement has told yet, as an accrual and its reversal; once for each currency.

Rule: a month is accrued when Amazon has told all of it, two days after its end, and never again: what settlements say later is the truth, and the
difference stands in the next month.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

from crossdock.domain.accrual import TOLD_AFTER, Transaction, accrue, open_transactions
from crossdock.domain.finance_policy import FinancePolicy
from crossdock.domain.ids import AmazonOrderId, order_number_of
from crossdock.domain.journal import Entry
from crossdock.domain.settlement import month_of
from crossdock.ports_finance import AccrualBook, KnownOrders, Transactions

# Amazon answers for 180 days at most; an order that is deferred is released within weeks.
LOOK_BACK = timedelta(days=120)
# The last two minutes are not told yet.
TOLD_UNTIL = timedelta(minutes=3)


def accrue_month(
    *,
    transactions: Transactions,
    book: AccrualBook,
    policy: FinancePolicy,
    orders: KnownOrders,
    now: datetime,
) -> Mapping[str, tuple[Entry, Entry]]:
    """Accrue the month that ended last, unless it is too early or was done; answers the entries by currency."""
    month = _last_month(policy, now)
    first = _begins(month, policy)
    until = _begins(month_of(first + timedelta(days=40), policy.books.zone), policy)
    if not policy.accruals or now < until + TOLD_AFTER or book.was_accrued(month):
        return {}
    told = list(transactions.transactions(until - LOOK_BACK, now - TOLD_UNTIL))
    ended_at = book.settled_until()
    found = open_transactions(told, until=until, settled_until=lambda each: _ended_at(each, ended_at))

    entries = accrue(
        found,
        month,
        chart=policy.chart_on(until - timedelta(seconds=1)),
        order_mode=_order_mode(found, book=book, policy=policy, orders=orders),
    )
    book.save_accruals(month, entries, now)
    return entries


def _ended_at(each: Transaction, ended_at: Mapping[tuple[str, str], datetime]) -> datetime | None:
    """When the last booked settlement of its currency and marketplace ended; of its currency where its marketplace has none of its own."""
    of_currency = [at for (currency, _), at in ended_at.items() if currency == each.currency]
    return ended_at.get((each.currency, each.marketplace)) or max(of_currency, default=None)


def _order_mode(found: list[Transaction], *, book: AccrualBook, policy: FinancePolicy, orders: KnownOrders) -> set[int]:
    """The orders another system invoices, by what was said of them or by the policy, who ships, and their day of purchase."""
    numbers = {order_number_of(AmazonOrderId(each.order_id)): each for each in found if each.order_id}
    known = book.invoiced_elsewhere(list(numbers))
    made_at = orders.made_at(numbers.keys() - known)
    for number, each in numbers.items():
        begins = policy.invoiced_elsewhere_from.get(each.fulfilled_by)
        if begins is not None and made_at.get(number, each.posted_at) >= begins:
            known.add(number)
    return known


def _last_month(policy: FinancePolicy, now: datetime) -> date:
    """The first day of the month before this one, in the books' time zone."""
    return (month_of(now, policy.books.zone) - timedelta(days=1)).replace(day=1)


def _begins(month: date, policy: FinancePolicy) -> datetime:
    return datetime(month.year, month.month, 1, tzinfo=policy.books.zone).astimezone(UTC)
