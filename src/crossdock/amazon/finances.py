"""Finances API 2024-06-19: transactions before their settlement closes.

Source: the model `finances_2024-06-19.json`. A page may be empty and not be the last; a transaction that was deferred is told twice, as deferred and
by its release.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import get_args

import msgspec

from crossdock.amazon.client import Client
from crossdock.amazon.listings import read_answer
from crossdock.amazon.rates import LIST_TRANSACTIONS
from crossdock.domain.accrual import Status, Transaction
from crossdock.domain.ids import AMAZON_ORDER_ID
from crossdock.domain.money import MINOR_DIGITS, MINOR_UNITS_MAX
from crossdock.errors import DataError

PATH = "/finances/2024-06-19/transactions"
# A search leads to its end in so many pages, or in circles.
PAGES_MAX = 5_000
# Parts within parts: Amazon's own examples have three.
DEPTH_MAX = 8
_STATUSES: dict[str, Status] = {status: status for status in get_args(Status)}


class AmountTold(msgspec.Struct, rename="camel"):
    """An amount as the Finances and Transfers APIs write it: a JSON number."""

    currency_code: str
    currency_amount: Decimal


class _Breakdown(msgspec.Struct, rename="camel"):
    breakdown_type: str
    breakdown_amount: AmountTold
    breakdowns: list[_Breakdown] | None = None


class _Identifier(msgspec.Struct, rename="camel"):
    related_identifier_name: str = ""
    related_identifier_value: str = ""


class _Marketplace(msgspec.Struct, rename="camel"):
    marketplace_name: str = ""


class _Context(msgspec.Struct, rename="camel"):
    fulfillment_network: str = ""


class _Item(msgspec.Struct, rename="camel"):
    contexts: list[_Context] = []
    breakdowns: list[_Breakdown] | None = None


class _Transaction(msgspec.Struct, rename="camel"):
    transaction_id: str
    transaction_type: str
    transaction_status: str
    posted_date: datetime
    total_amount: AmountTold
    related_identifiers: list[_Identifier] = []
    marketplace_details: _Marketplace | None = None
    breakdowns: list[_Breakdown] | None = None
    items: list[_Item] | None = None


class _Page(msgspec.Struct, rename="camel"):
    transactions: list[_Transaction] = []
    next_token: str | None = None


class _Answer(msgspec.Struct):
    payload: _Page


class Finances:
    """The transactions of one seller account."""

    def __init__(self, client: Client) -> None:
        """`client`: of a seller who gave the role Finance and Accounting."""
        self._client = client

    def transactions(self, since: datetime, until: datetime) -> Iterator[Transaction]:
        """All transactions posted in a stretch of at most 180 days; repeating is safe. DataError for one whose status or amounts cannot be read."""
        window = {"postedAfter": _at(since), "postedBefore": _at(until)}
        token = None
        for _ in range(PAGES_MAX):
            query = window | ({"nextToken": token} if token else {})
            page = read_answer(
                LIST_TRANSACTIONS, self._client.get(LIST_TRANSACTIONS, PATH, query).body, _Answer
            ).payload
            yield from map(_read, page.transactions)
            token = page.next_token
            if not token:
                return
        raise DataError(LIST_TRANSACTIONS, f"has more than {PAGES_MAX} pages")


def _read(told: _Transaction) -> Transaction:
    where = f"{LIST_TRANSACTIONS} {told.transaction_id[:64]!a}"
    status = _STATUSES.get(told.transaction_status)
    if status is None:
        raise DataError(where, f"has the status {told.transaction_status[:40]!a}, which is not known")
    currency = told.total_amount.currency_code
    items = told.items or []
    # Some transactions say what they consist of only item by item.
    breakdowns = told.breakdowns or [each for item in items for each in item.breakdowns or []]
    parts = tuple(_parts(breakdowns, (), where, currency))
    total = _minor(told.total_amount, where, currency)
    left = total - sum(amount for _, amount in parts)
    named = {each.related_identifier_name: each.related_identifier_value for each in told.related_identifiers}
    order_id = named.get("ORDER_ID", "")
    networks = [context.fulfillment_network for item in items for context in item.contexts]
    return Transaction(
        transaction_id=told.transaction_id,
        kind=told.transaction_type,
        status=status,
        posted_at=told.posted_date,
        currency=currency,
        marketplace=told.marketplace_details.marketplace_name if told.marketplace_details else "",
        order_id=order_id if AMAZON_ORDER_ID.fullmatch(order_id) else "",
        fulfilled_by=next(filter(None, networks), ""),
        release_id=named.get("RELEASE_TRANSACTION_ID", ""),
        # What the parts do not tell of the total is a part of its own, so that nothing is lost.
        parts=(*parts, ((told.transaction_type,), left)) if left else parts,
    )


def _parts(
    breakdowns: Sequence[_Breakdown], path: tuple[str, ...], where: str, currency: str
) -> Iterator[tuple[tuple[str, ...], int]]:
    """The innermost amounts, each with the names around it."""
    if len(path) > DEPTH_MAX:
        raise DataError(where, f"has parts within parts {DEPTH_MAX} deep")
    for each in breakdowns:
        inside = (*path, each.breakdown_type)
        amount = _minor(each.breakdown_amount, where, currency)
        below = list(_parts(each.breakdowns or [], inside, where, currency))
        yield from below
        if left := amount - sum(part for _, part in below):
            yield inside, left


def minor_units_of(told: AmountTold, where: str) -> int:
    """Exactly, from the digits of the JSON number; DataError for a currency that is not known, or a part of its smallest unit."""
    digits = MINOR_DIGITS.get(told.currency_code)
    if digits is None:
        raise DataError(where, f"has the currency {told.currency_code[:8]!a}, which is not known")
    scaled = told.currency_amount.scaleb(digits)
    if scaled != scaled.to_integral_value() or abs(scaled) > MINOR_UNITS_MAX:
        raise DataError(where, f"has an amount that is none in {told.currency_code}")
    return int(scaled)


def _minor(told: AmountTold, where: str, currency: str) -> int:
    if told.currency_code != currency:
        raise DataError(where, "has a part in another currency")
    return minor_units_of(told, where)


def _at(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
