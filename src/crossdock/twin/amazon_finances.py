"""The Finances API, simulated: the transactions of v2024-06-19, and the groups of v0, one for each settlement, open ones too.

Amounts are numbers in JSON, written with exactly the digits they have. Pages may be empty although more follow; the list goes on
until there is no token.
"""

import re
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

import msgspec

from crossdock.twin.amazon_account import MONEY_ROLES, PageToken, SellerAccount, timestamp
from crossdock.twin.amazon_operations import Answer, Operation
from crossdock.twin.amazon_search import InvalidInput, Query, choice, first_value, time_value, whole_number
from crossdock.twin.settlement_file import written_amount
from crossdock.twin.settlement_ledger import Transaction
from crossdock.twin.settlement_rows import Row
from crossdock.twin.settlements import ACCOUNT_TAIL, Settlement
from crossdock.twin.world import Request

SETTLES_AFTER = timedelta(minutes=2)
WINDOW_MAX = timedelta(days=180)
TOKEN_LIFE = timedelta(hours=24)
TRANSACTIONS_A_PAGE = 100
EMPTY_EVERY = 4  # so many pages, and the next is empty
STATUSES = frozenset({"DEFERRED", "RELEASED", "DEFERRED_RELEASED"})
IDENTIFIERS = frozenset({"FINANCIAL_EVENT_GROUP_ID", "ORDER_ID"})  # those that can be asked for
UNITED_STATES = "ATVPDKIKX0DER"
ACCOUNT_TYPE = "Standard Orders"

Json = dict[str, Any]


def money(minor: int, currency: str, prefix: str = "currency") -> Json:
    """Write an amount; the names of v0 begin with a capital."""
    amount = msgspec.Raw(written_amount(minor, currency).encode())
    return {f"{prefix}Code": currency, f"{prefix}Amount": amount}


def list_transactions(account: SellerAccount, request: Request, _: list[str]) -> Answer:
    """Answer one page of listTransactions, the oldest first."""
    query = request.query
    now = account.world.clock.now()
    asked = ("listTransactions", *sorted((name, *values) for name, values in query.items() if name != "nextToken"))
    token = first_value(query, "nextToken")
    page = page_of(account, asked, token, lambda: _found(account, query, now))
    known = {one.transaction_id: one for one in account.payments.ledger.transactions()}
    turn = int(page.mark)
    size = 0 if turn % (EMPTY_EVERY + 1) == EMPTY_EVERY else TRANSACTIONS_A_PAGE
    end = page.offset + size
    shown = [_shown(account, known[name]) for name in page.ids[page.offset : end]]
    payload: Json = {"transactions": shown}
    if end < len(page.ids):
        rest = PageToken(asked, page.ids, end, str(turn + 1), now + TOKEN_LIFE)
        payload["nextToken"] = account.new_page_token(rest)
    return Answer(200, {"payload": payload})


def page_of(
    account: SellerAccount, asked: tuple[object, ...], token: str | None, find: Callable[[], list[str]]
) -> PageToken:
    """Begin a search, or find where it goes on: it must be asked for as at first. Raises InvalidInput."""
    now = account.world.clock.now()
    if token is None:
        return PageToken(asked, find(), 0, "0", now + TOKEN_LIFE)
    page = account.page_tokens.get(token)
    if page is None or page.expires_at <= now:
        raise InvalidInput("nextToken is invalid or has expired.")
    if page.search != asked:
        raise InvalidInput("The parameters must be those of the request that gave the nextToken.")
    return page


def _found(account: SellerAccount, query: Query, now: datetime) -> list[str]:
    """Find the transactions that match the filters."""
    after, before = time_value(query, "postedAfter"), time_value(query, "postedBefore")
    name, value = first_value(query, "relatedIdentifierName"), first_value(query, "relatedIdentifierValue")
    if (name is None) != (value is None) or (name is not None and name not in IDENTIFIERS):
        raise InvalidInput("relatedIdentifierName must be FINANCIAL_EVENT_GROUP_ID or ORDER_ID, and have a value.")
    if after is None and name is None:
        raise InvalidInput("postedAfter is required without a related identifier.")
    latest = now - SETTLES_AFTER
    if (after is not None and after > latest) or (before is not None and before > latest):
        raise InvalidInput("postedAfter and postedBefore must be more than two minutes ago.")
    if after is not None and before is not None and before <= after:
        raise InvalidInput("postedBefore must be later than postedAfter.")
    if after is not None and (before or latest) - after > WINDOW_MAX:
        return []
    statuses = choice(query, "transactionStatus", STATUSES)
    marketplace_id = first_value(query, "marketplaceId")
    found = [
        one
        for one in account.payments.ledger.transactions()
        if (after is None or one.posted_at >= after)
        and one.posted_at < (before or latest)
        and (not statuses or one.status in statuses)
        and (marketplace_id is None or _is_told_of(one, marketplace_id))
        and (name is None or value == (one.order_id if name == "ORDER_ID" else group_of(account, one)))
    ]
    return [one.transaction_id for one in sorted(found, key=lambda one: one.place)]


def _is_told_of(transaction: Transaction, marketplace_id: str) -> bool:
    """Tell whether a transaction is found by its marketplace: those of a merchant's own orders in the US are not."""
    by_merchant = any(row.about.fulfillment_id == "MFN" for row in transaction.rows)
    return transaction.marketplace_id == marketplace_id and not (marketplace_id == UNITED_STATES and by_merchant)


def group_of(account: SellerAccount, transaction: Transaction) -> str:
    """Tell in which group a transaction is; while it is deferred, and for ever after, it is in none."""
    if transaction.deferral is not None:
        return ""
    return transaction.group_id or account.payments.periods[transaction.currency].group_id


def _shown(account: SellerAccount, one: Transaction) -> Json:
    """Show a transaction as the API does."""
    released = one.deferral is None and one.other_id
    identifiers = {
        "ORDER_ID": one.order_id,
        "SHIPMENT_ID": one.rows[0].about.shipment_id if one.kind == "Shipment" else "",
        "REFUND_ID": one.rows[0].about.adjustment_id if one.kind == "Refund" else "",
        "FINANCIAL_EVENT_GROUP_ID": group_of(account, one),
        "SETTLEMENT_ID": one.settlement_id,
        "DEFERRED_TRANSACTION_ID": one.other_id if released else "",
        "RELEASE_TRANSACTION_ID": one.other_id if one.status == "DEFERRED_RELEASED" else "",
    }
    marketplace_id = one.marketplace_id or account.payments.first_marketplace_of(one.currency)
    shown: Json = {
        "sellingPartnerMetadata": {
            "sellingPartnerId": account.seller_id,
            "accountType": ACCOUNT_TYPE,
            "marketplaceId": marketplace_id,
        },
        "relatedIdentifiers": [
            {"relatedIdentifierName": name, "relatedIdentifierValue": value}
            for name, value in identifiers.items()
            if value
        ],
        "transactionType": one.kind,
        "transactionId": one.transaction_id,
        "transactionStatus": one.status,
        "description": one.description,
        "postedDate": timestamp(one.posted_at),
        "totalAmount": money(one.minor, one.currency),
        "items": _items(one),
        "breakdowns": _breakdowns(one.rows, one.currency),
    }
    if one.marketplace_id:
        shown["marketplaceDetails"] = {
            "marketplaceId": one.marketplace_id,
            "marketplaceName": one.rows[0].about.marketplace_name,
        }
    if one.deferral is not None:
        deferred = {"contextType": "DeferredContext", "deferralReason": one.deferral.reason}
        shown["contexts"] = [deferred | {"maturityDate": timestamp(one.deferral.matures_at)}]
    return shown


def _items(one: Transaction) -> list[Json]:
    """Show the items a transaction is about."""
    rows_of: dict[str, list[Row]] = {}
    for row in one.rows:
        if row.about.item_code:
            rows_of.setdefault(row.about.item_code, []).append(row)
    items = []
    for rows in rows_of.values():
        about = rows[0].about
        product: Json = {"contextType": "ProductContext", "asin": about.asin, "sku": about.sku}
        product["fulfillmentNetwork"] = about.fulfillment_id
        if about.quantity is not None:
            product["quantityShipped"] = about.quantity
        items.append(
            {
                "totalAmount": money(sum(row.minor for row in rows), one.currency),
                "breakdowns": _breakdowns(rows, one.currency),
                "contexts": [product],
            }
        )
    return items


def _breakdowns(rows: Iterable[Row], currency: str) -> list[Json]:
    """Show what an amount consists of: by the types of a settlement's rows, and by their descriptions below them."""
    sums: dict[str, dict[str, int]] = {}
    for row in rows:
        below = sums.setdefault(row.amount_type, {})
        below[row.description] = below.get(row.description, 0) + row.minor
    return [
        {
            "breakdownType": name,
            "breakdownAmount": money(sum(below.values()), currency),
            "breakdowns": [
                {"breakdownType": description, "breakdownAmount": money(minor, currency)}
                for description, minor in below.items()
            ],
        }
        for name, below in sums.items()
    ]


def list_groups(account: SellerAccount, request: Request, _: list[str]) -> Answer:
    """Answer one page of listFinancialEventGroups, the newest first."""
    query = request.query
    now = account.world.clock.now()
    size = whole_number(query, "MaxResultsPerPage", default=10, most=100)
    asked = ("listFinancialEventGroups", *sorted((name, *told) for name, told in query.items() if name != "NextToken"))
    token = first_value(query, "NextToken")
    groups = {group["FinancialEventGroupId"]: group for _, group in _groups(account, now)}
    page = page_of(account, asked, token, lambda: _chosen_groups(account, query, now))
    end = page.offset + size
    payload: Json = {"FinancialEventGroupList": [groups[name] for name in page.ids[page.offset : end]]}
    if end < len(page.ids):
        rest = PageToken(asked, page.ids, end, "", now + TOKEN_LIFE)
        payload["NextToken"] = account.new_page_token(rest)
    return Answer(200, {"payload": payload})


def _chosen_groups(account: SellerAccount, query: Query, now: datetime) -> list[str]:
    """Find the groups that were opened in a window."""
    after = time_value(query, "FinancialEventGroupStartedAfter")
    before = time_value(query, "FinancialEventGroupStartedBefore")
    latest = now - SETTLES_AFTER
    if (after is not None and after > latest) or (before is not None and before > latest):
        raise InvalidInput("A group's window must be more than two minutes ago.")
    if after is not None and before is not None and before <= after:
        raise InvalidInput("FinancialEventGroupStartedBefore must be later than FinancialEventGroupStartedAfter.")
    if after is not None and (before or latest) - after > WINDOW_MAX:
        return []
    chosen = [
        (start, str(group["FinancialEventGroupId"]))
        for start, group in _groups(account, now)
        if (after is None or start >= after) and (before is None or start < before)
    ]
    return [name for _, name in sorted(chosen, key=lambda one: one[0], reverse=True)]


def _groups(account: SellerAccount, now: datetime) -> list[tuple[datetime, Json]]:
    """Give all groups: the settlements that are closed, and those that are open."""
    payments = account.payments
    groups = [(one.start, _closed_group(one, now)) for one in payments.settlements]
    for currency, period in payments.periods.items():
        group = {
            "FinancialEventGroupId": period.group_id,
            "ProcessingStatus": "Open",
            "OriginalTotal": money(payments.balance(currency), currency, "Currency"),
            "BeginningBalance": money(period.reserve + period.debt, currency, "Currency"),
            "FinancialEventGroupStart": timestamp(period.start),
        }
        groups.append((period.start, group))
    return groups


def _closed_group(one: Settlement, now: datetime) -> Json:
    """Show the group of a settlement that is closed."""
    group: Json = {
        "FinancialEventGroupId": one.group_id,
        "ProcessingStatus": "Closed",
        "OriginalTotal": money(one.total, one.currency, "Currency"),
        "BeginningBalance": money(one.beginning, one.currency, "Currency"),
        "FinancialEventGroupStart": timestamp(one.start),
        "FinancialEventGroupEnd": timestamp(one.end),
    }
    if one.transfer != "none":
        ended = "Failed" if one.transfer == "failed" else "Succeeded"
        group["FundTransferStatus"] = ended if now >= one.deposit_at else "Processing"
        group["FundTransferDate"] = timestamp(one.end)
        group["TraceId"] = one.trace_id
        group["AccountTail"] = ACCOUNT_TAIL
    return group


OPERATIONS = (
    Operation(
        "listTransactions", "GET", re.compile(r"/finances/2024-06-19/transactions"), list_transactions, MONEY_ROLES
    ),
    Operation(
        "listFinancialEventGroups", "GET", re.compile(r"/finances/v0/financialEventGroups"), list_groups, MONEY_ROLES
    ),
)
