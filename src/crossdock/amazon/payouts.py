"""Transfers API 2024-06-01: what Amazon paid out, by which number the bank shows it, and which settlements it paid.

Source: the model `transfers_2024-06-01.json`. A settlement that pays nothing has a payout without an amount.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from crossdock.amazon.client import Client
from crossdock.amazon.finances import AmountTold, minor_units_of
from crossdock.amazon.listings import read_answer
from crossdock.amazon.rates import LIST_PAYOUTS
from crossdock.domain.bank import Payout
from crossdock.domain.ids import SettlementId
from crossdock.errors import DataError

PATH = "/finances/transfers/2024-06-01/payouts"
# Years of payouts are fewer pages.
PAGES_MAX = 500


class _Identifier(msgspec.Struct, rename="camel"):
    related_identifier_name: str = ""
    related_identifier_value: str = ""


class _Payout(msgspec.Struct, rename="camel"):
    id: str
    current_status: str
    creation_date: datetime
    amount: AmountTold | None = None
    trace_id: str = ""
    related_identifiers: list[_Identifier] = []


class _Page(msgspec.Struct, rename="camel"):
    payouts: list[_Payout] = []
    next_token: str | None = None


class Payouts:
    """The payouts to one seller account."""

    def __init__(self, client: Client) -> None:
        """`client`: of a seller who gave the role Finance and Accounting."""
        self._client = client

    def since(self, since: datetime) -> list[Payout]:
        """All payouts made since then; repeating is safe. Those of nothing are of 0. DataError for an amount that cannot be read."""
        window = {"createdAfter": since.strftime("%Y-%m-%dT%H:%M:%SZ")}
        found: list[Payout] = []
        token = None
        for _ in range(PAGES_MAX):
            query = window | ({"nextToken": token} if token else {})
            page = read_answer(LIST_PAYOUTS, self._client.get(LIST_PAYOUTS, PATH, query).body, _Page)
            found += map(_read, page.payouts)
            token = page.next_token
            if not token:
                return found
        raise DataError(LIST_PAYOUTS, f"has more than {PAGES_MAX} pages")


def _read(told: _Payout) -> Payout:
    settlements = [
        SettlementId(each.related_identifier_value)
        for each in told.related_identifiers
        if each.related_identifier_name == "SETTLEMENT_ID"
    ]
    where = f"{LIST_PAYOUTS} {told.id[:64]!a}"
    return Payout(
        payout_id=told.id,
        status=told.current_status,
        amount=minor_units_of(told.amount, where) if told.amount else 0,
        currency=told.amount.currency_code if told.amount else "",
        created_at=told.creation_date,
        trace_id=told.trace_id,
        settlement_ids=tuple(settlements),
    )
