"""The Transfers API 2024-06-01, simulated: one payout for each settlement that is closed, from its start to the bank.

What the bank shows is the payout's `traceId`; which settlement it paid stands in `relatedIdentifiers`.
"""

import re
from datetime import datetime, timedelta
from typing import Any

from crossdock.twin.amazon_account import MONEY_ROLES, PageToken, SellerAccount, timestamp
from crossdock.twin.amazon_finances import ACCOUNT_TYPE, TOKEN_LIFE, money, page_of
from crossdock.twin.amazon_operations import Answer, Operation
from crossdock.twin.amazon_search import Query, first_value, time_value, values
from crossdock.twin.settlements import ACCOUNT_TAIL, Settlement
from crossdock.twin.world import Request

PAYOUTS_A_PAGE = 25
IN_TRANSIT_AFTER = timedelta(hours=6)
FAILURE = "INVALID_BANK_ACCOUNT"

Json = dict[str, Any]


def list_payouts(account: SellerAccount, request: Request, _: list[str]) -> Answer:
    """Answer one page of listPayouts, the newest first."""
    query = request.query
    now = account.world.clock.now()
    asked = ("listPayouts", *sorted((name, *told) for name, told in query.items() if name != "nextToken"))
    token = first_value(query, "nextToken")
    page = page_of(account, asked, token, lambda: _found(account, query))
    known = {one.payout_id: one for one in account.payments.settlements}
    end = page.offset + PAYOUTS_A_PAGE
    shown = [_shown(account, known[name], now) for name in page.ids[page.offset : end]]
    answer: Json = {"payouts": shown}
    if end < len(page.ids):
        answer["nextToken"] = account.new_page_token(PageToken(asked, page.ids, end, "", now + TOKEN_LIFE))
    return Answer(200, answer)


def _found(account: SellerAccount, query: Query) -> list[str]:
    """Find the payouts that match the filters."""
    after, before = time_value(query, "createdAfter"), time_value(query, "createdBefore")
    marketplaces, payout_id = set(values(query, "marketplaceIds")), first_value(query, "payoutId")
    account_type = first_value(query, "accountType")
    found = [
        one
        for one in account.payments.settlements
        if (not marketplaces or marketplaces & set(one.marketplace_ids))
        and (after is None or one.end >= after)
        and (before is None or one.end < before)
        and payout_id in (None, one.payout_id)
        and account_type in (None, ACCOUNT_TYPE)
    ]
    return [one.payout_id for one in sorted(found, key=lambda one: one.end, reverse=True)]


def _shown(account: SellerAccount, one: Settlement, now: datetime) -> Json:
    """Show a payout as the API does."""
    history = [{"status": status, "lastUpdatedDate": timestamp(at)} for status, at in _steps(one) if at <= now]
    if history[-1]["status"] == "FAILED":
        history[-1]["failureReason"] = FAILURE
    shown: Json = {
        "id": one.payout_id,
        "partnerMetadata": {
            "partnerId": account.seller_id,
            "accountType": ACCOUNT_TYPE,
            "marketplaceId": one.marketplace_ids[0],
        },
        "currentStatus": history[-1]["status"],
        "statusHistory": history,
        "creationDate": timestamp(one.end),
        "period": {"startDate": timestamp(one.start), "endDate": timestamp(one.end)},
        "relatedIdentifiers": [{"relatedIdentifierName": "SETTLEMENT_ID", "relatedIdentifierValue": one.settlement_id}],
    }
    if one.transfer == "none":
        return shown
    shown |= {"type": "SCHEDULED", "amount": money(one.total, one.currency), "paymentMethod": "BANK_ACCOUNT"}
    shown["accountTail"] = ACCOUNT_TAIL
    if len(history) > 1:  # the bank's number is known once the bank has it
        shown["traceId"] = one.trace_id
    return shown


def _steps(one: Settlement) -> list[tuple[str, datetime]]:
    """Tell what becomes of a payout, and when."""
    if one.transfer == "none":
        return [("NO_PAYOUT", one.end)]
    ended = "FAILED" if one.transfer == "failed" else "PAID"
    return [("STARTED", one.end), ("IN_TRANSIT", one.end + IN_TRANSIT_AFTER), (ended, one.deposit_at)]


OPERATIONS = (
    Operation("listPayouts", "GET", re.compile(r"/finances/transfers/2024-06-01/payouts"), list_payouts, MONEY_ROLES),
)
