"""The finances and transfers of the simulated Amazon: what is booked, deferred, grouped and paid out."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from crossdock.twin.trading_month import trade_a_month
from crossdock.twin.world import STATUS_OF_FAULT, Fault, FaultAnswer, Response
from tests.twin.amazon_caller import Caller, json_of
from tests.twin.amazon_models import Check, checker

TRANSACTIONS = "/finances/2024-06-19/transactions"
GROUPS = "/finances/v0/financialEventGroups"
PAYOUTS = "/finances/transfers/2024-06-01/payouts"
US, DE = "ATVPDKIKX0DER", "A1PA6795UKMFR9"
LONG_AGO = "2026-10-01T00:00:00Z"

Json = dict[str, Any]


@pytest.fixture
def of_finances() -> Check:
    """Hold an answer against the published model of Finances v2024-06-19."""
    return checker("finances-api-model/finances_2024-06-19.json")


@pytest.fixture
def of_groups() -> Check:
    """Hold an answer against the published model of Finances v0."""
    return checker("finances-api-model/financesV0.json")


@pytest.fixture
def of_transfers() -> Check:
    """Hold an answer against the published model of Transfers 2024-06-01."""
    return checker("finances-api-model/transfers_2024-06-01.json")


def _transactions(caller: Caller, **query: str) -> Response:
    asked = query if {"relatedIdentifierName", "postedAfter"} & query.keys() else {"postedAfter": LONG_AGO} | query
    return caller.send("GET", TRANSACTIONS, **asked)


def _all_pages(caller: Caller, **query: str) -> list[Response]:
    """Follow listTransactions to its end."""
    caller.account.set_rate("listTransactions", 1000.0, 1000)
    pages = [_transactions(caller, **query)]
    while token := json_of(pages[-1])["payload"].get("nextToken"):
        pages.append(_transactions(caller, **query, nextToken=token))
    return pages


def _found(caller: Caller, **query: str) -> list[Json]:
    return [one for page in _all_pages(caller, **query) for one in json_of(page)["payload"]["transactions"]]


def _identifiers(one: Json) -> dict[str, str]:
    return {each["relatedIdentifierName"]: each["relatedIdentifierValue"] for each in one["relatedIdentifiers"]}


def _shipped(caller: Caller, n: int = 1, **wishes: Any) -> list[str]:
    orders = [caller.merchant.buy(settled=True, notify=False, **wishes) for _ in range(n)]
    [caller.merchant.ship(order_id) for order_id in orders]
    return orders


def _keep_nothing_back(caller: Caller) -> None:
    habits = caller.payments.ledger.habits
    habits.reserve_percent, habits.delivered_share, habits.invoiced_share = 0, 0.0, 0.0


def _lose_in_transfer(caller: Caller) -> None:
    """Let one settlement be paid, one fail, and one come to less than nothing, each after an hour."""
    caller.payments.next_transfers.extend(["paid", "failed"])
    for name in ("reimbursement", "reimbursement", "advertising"):
        caller.payments.charge(name, 12_345, "EUR")
        caller.wait(hours=1)
        caller.payments.close("EUR")


def _settle_every_hour(caller: Caller, n: int) -> None:
    for _ in range(n):
        caller.payments.charge("reimbursement", 5_000, "EUR")
        caller.wait(hours=1)
        caller.payments.close("EUR")


# --- transactions


def test_everything_that_is_booked_fits_the_model(caller: Caller, of_finances: Check) -> None:
    """A month of all marketplaces, deferred, released and refunded, in all its pages is what the model describes."""
    trade_a_month(caller.merchant, 400)
    caller.wait(minutes=3)
    pages = _all_pages(caller)
    found = [one for page in pages for one in json_of(page)["payload"]["transactions"]]
    assert {of_finances("listTransactions", page) for page in pages} == {200}
    assert {one["transactionStatus"] for one in found} == {"DEFERRED", "RELEASED", "DEFERRED_RELEASED"}
    assert {one["transactionType"] for one in found} >= {"Shipment", "Refund", "ServiceFee"}
    assert len(found) == len(caller.payments.ledger.transactions()) > 400


def test_a_page_may_be_empty_although_more_follow(caller: Caller) -> None:
    """After four full pages comes an empty one with a token, then the rest; nothing is left out and nothing twice."""
    caller.payments.post(("A", "B", "C"), 1, "EUR", times=450)
    caller.wait(minutes=3)
    pages = _all_pages(caller)
    found = [one["transactionId"] for page in pages for one in json_of(page)["payload"]["transactions"]]
    assert [len(json_of(page)["payload"]["transactions"]) for page in pages] == [100, 100, 100, 100, 0, 50]
    assert len(set(found)) == len(found) == 450


def test_an_open_settlement_is_what_its_transactions_come_to(caller: Caller) -> None:
    """Before it closes, the transactions of its group add up to its balance; amounts have all their digits."""
    _keep_nothing_back(caller)
    _shipped(caller, 20, marketplace_id=DE)
    caller.wait(minutes=3)
    group_id = caller.payments.periods["EUR"].group_id
    answer = _transactions(caller, relatedIdentifierName="FINANCIAL_EVENT_GROUP_ID", relatedIdentifierValue=group_id)
    found = json.loads(answer.body, parse_float=Decimal)["payload"]["transactions"]
    amounts = [one["totalAmount"]["currencyAmount"] for one in found]
    assert sum(amounts) * 100 == caller.payments.balance("EUR") > 0
    assert {amount.as_tuple().exponent for amount in amounts} == {-2}
    assert {sum(part["breakdownAmount"]["currencyAmount"] for part in one["breakdowns"]) for one in found} == set(
        amounts
    )
    assert {"SETTLEMENT_ID" in _identifiers(one) for one in found} == {False}


def test_a_closed_settlement_is_named_in_its_transactions(caller: Caller) -> None:
    """Once it has closed its transactions name the settlement, in the group they were in before."""
    _keep_nothing_back(caller)
    [order_id] = _shipped(caller, marketplace_id=DE)
    caller.wait(minutes=3)
    [settlement] = caller.payments.close()
    [one] = _found(caller, relatedIdentifierName="ORDER_ID", relatedIdentifierValue=order_id)
    told = _identifiers(one)
    assert told["SETTLEMENT_ID"] == settlement.settlement_id
    assert told["FINANCIAL_EVENT_GROUP_ID"] == settlement.group_id
    assert (told["ORDER_ID"], len(told["SHIPMENT_ID"])) == (order_id, 9)


def test_a_deferred_transaction_says_why_and_until_when(caller: Caller, of_finances: Check) -> None:
    """Money that is kept until after delivery is in no group, and tells the day on which it is released."""
    _keep_nothing_back(caller)
    caller.payments.ledger.habits.delivered_share = 1.0
    [order_id] = _shipped(caller, marketplace_id=DE)
    caller.wait(minutes=3)
    answer = _transactions(caller, transactionStatus="DEFERRED")
    [one] = json_of(answer)["payload"]["transactions"]
    [context] = one["contexts"]
    assert of_finances("listTransactions", answer) == 200
    assert context["deferralReason"] == "DD7"
    assert context["maturityDate"] > one["postedDate"]
    assert "FINANCIAL_EVENT_GROUP_ID" not in _identifiers(one)
    assert _identifiers(one)["ORDER_ID"] == order_id
    assert caller.payments.balance("EUR") == 0


def test_a_release_and_what_it_releases_name_each_other(caller: Caller) -> None:
    """After the day has come there are two, of one amount, of which only the release is in a group."""
    _keep_nothing_back(caller)
    caller.payments.ledger.habits.invoiced_share = 1.0
    [order_id] = _shipped(caller, marketplace_id=DE, programs=["AMAZON_BUSINESS"])
    caller.wait(days=30, minutes=3)
    before, after = _found(caller, relatedIdentifierName="ORDER_ID", relatedIdentifierValue=order_id)
    assert [one["transactionStatus"] for one in (before, after)] == ["DEFERRED_RELEASED", "RELEASED"]
    assert _identifiers(before)["RELEASE_TRANSACTION_ID"] == after["transactionId"]
    assert _identifiers(after)["DEFERRED_TRANSACTION_ID"] == before["transactionId"]
    assert before["totalAmount"] == after["totalAmount"]
    assert ["FINANCIAL_EVENT_GROUP_ID" in _identifiers(one) for one in (before, after)] == [False, True]
    assert before["contexts"][0]["deferralReason"] == "B2B"


def test_a_refund_has_its_own_number(caller: Caller) -> None:
    """It names the refund and the order, and comes to less than nothing."""
    _keep_nothing_back(caller)
    [order_id] = _shipped(caller, marketplace_id=DE)
    caller.payments.refund(order_id)
    caller.wait(minutes=3)
    [_, refund] = _found(caller, relatedIdentifierName="ORDER_ID", relatedIdentifierValue=order_id)
    assert refund["transactionType"] == "Refund"
    assert {"REFUND_ID", "ORDER_ID"} <= _identifiers(refund).keys()
    assert refund["totalAmount"]["currencyAmount"] < 0


def test_a_merchants_orders_in_the_us_are_not_found_by_the_marketplace(caller: Caller) -> None:
    """Asked for by their marketplace only those fulfilled by Amazon are told; elsewhere all are."""
    _keep_nothing_back(caller)
    [_shipped(caller, marketplace_id=one, fulfilled_by=by) for one in (US, DE) for by in ("MERCHANT", "AMAZON")]
    caller.wait(minutes=3)
    assert [len(_found(caller, **query)) for query in ({"marketplaceId": US}, {"marketplaceId": DE}, {})] == [1, 2, 4]


def test_a_window_of_more_than_half_a_year_is_empty(caller: Caller) -> None:
    """Amazon answers with nothing rather than with a refusal."""
    caller.payments.charge("subscription", 3_900, "EUR")
    caller.wait(days=179)
    within = _found(caller, postedAfter="2026-11-02T00:00:00Z")
    assert len(within) == 1
    assert _found(caller, postedAfter="2026-10-01T00:00:00Z") == []


def test_the_last_two_minutes_are_not_told(caller: Caller) -> None:
    """What was posted just now is not found yet."""
    caller.payments.charge("subscription", 3_900, "EUR")
    caller.wait(minutes=2)
    early = _found(caller)
    caller.wait(seconds=1)
    assert (early, len(_found(caller))) == ([], 1)


@pytest.mark.parametrize(
    "query",
    [
        {"postedAfter": ""},
        {"postedAfter": "2026-11-02T08:59:00Z"},
        {"postedAfter": "2026-11-01T00:00:00Z", "postedBefore": "2026-10-01T00:00:00Z"},
        {"postedAfter": LONG_AGO, "postedBefore": "2026-11-02T09:00:00Z"},
        {"transactionStatus": "PENDING"},
        {"relatedIdentifierName": "SETTLEMENT_ID", "relatedIdentifierValue": "1"},
        {"relatedIdentifierName": "ORDER_ID"},
        {"nextToken": "nonsense"},
    ],
)
def test_transactions_without_sense_are_refused(caller: Caller, of_finances: Check, query: dict[str, str]) -> None:
    """What the page forbids is a 400 in Amazon's form."""
    assert of_finances("listTransactions", _transactions(caller, **query)) == 400


def test_a_token_wants_the_same_question(caller: Caller) -> None:
    """With other parameters than the first page's a token is refused."""
    caller.payments.post(("A", "B", "C"), 1, "EUR", times=101)
    caller.wait(minutes=3)
    token = json_of(_transactions(caller))["payload"]["nextToken"]
    assert _transactions(caller, nextToken=token, transactionStatus="RELEASED").status == 400
    assert _transactions(caller, nextToken=token).status == 200


# --- groups


def test_groups_are_the_settlements(caller: Caller, of_groups: Check) -> None:
    """Each settlement is a group, closed ones with their transfer, and each currency has an open one."""
    _lose_in_transfer(caller)
    caller.wait(days=3)
    answer = caller.send("GET", GROUPS)
    groups = json_of(answer)["payload"]["FinancialEventGroupList"]
    closed = [one for one in groups if one["ProcessingStatus"] == "Closed"]
    assert of_groups("listFinancialEventGroups", answer) == 200
    assert [one.get("FundTransferStatus") for one in closed] == [None, "Failed", "Succeeded"]
    assert [one.get("TraceId") for one in closed[1:]] == [one.trace_id for one in caller.payments.settlements[1::-1]]
    assert len(groups) - len(closed) == len(caller.payments.periods) == 4
    assert [one["FinancialEventGroupId"] for one in closed] == [
        one.group_id for one in reversed(caller.payments.settlements)
    ]


def test_groups_follow_each_other(caller: Caller) -> None:
    """Each begins where the one before ended, with what that one kept back or left owing."""
    _lose_in_transfer(caller)
    groups = json_of(caller.send("GET", GROUPS))["payload"]["FinancialEventGroupList"]
    line = [one for one in reversed(groups) if one["OriginalTotal"]["CurrencyCode"] == "EUR"]
    beginnings = [one["BeginningBalance"]["CurrencyAmount"] for one in line]
    assert [one["FinancialEventGroupEnd"] for one in line[:-1]] == [one["FinancialEventGroupStart"] for one in line[1:]]
    assert beginnings[:2] == [0, 12.34]


def test_groups_come_in_pages(caller: Caller, of_groups: Check) -> None:
    """A page holds as many as are wanted; its token goes on, and only with the same question."""
    _lose_in_transfer(caller)
    caller.wait(minutes=3)
    first = caller.send("GET", GROUPS, MaxResultsPerPage="4")
    token = json_of(first)["payload"]["NextToken"]
    second = caller.send("GET", GROUPS, MaxResultsPerPage="4", NextToken=token)
    refused = caller.send("GET", GROUPS, MaxResultsPerPage="5", NextToken=token)
    told = [
        one["FinancialEventGroupId"]
        for page in (first, second)
        for one in json_of(page)["payload"]["FinancialEventGroupList"]
    ]
    assert len(set(told)) == 7
    assert [of_groups("listFinancialEventGroups", one) for one in (first, second, refused)] == [200, 200, 400]


def test_groups_are_found_by_their_beginning(caller: Caller, of_groups: Check) -> None:
    """A window has its first moment and not its last; one of more than half a year holds nothing."""
    _lose_in_transfer(caller)
    caller.wait(minutes=3)
    window = {
        "FinancialEventGroupStartedAfter": "2026-11-02T10:00:00Z",
        "FinancialEventGroupStartedBefore": "2026-11-02T11:00:00Z",
    }
    found = json_of(caller.send("GET", GROUPS, **window))["payload"]["FinancialEventGroupList"]
    wide = caller.send("GET", GROUPS, FinancialEventGroupStartedAfter="2026-01-01")
    turned = caller.send("GET", GROUPS, **window | {"FinancialEventGroupStartedBefore": "2026-11-02T09:00:00Z"})
    assert [one["FinancialEventGroupStart"] for one in found] == ["2026-11-02T10:00:00.000Z"]
    assert json_of(wide)["payload"]["FinancialEventGroupList"] == []
    assert of_groups("listFinancialEventGroups", turned) == 400
    assert of_groups("listFinancialEventGroups", caller.send("GET", GROUPS, MaxResultsPerPage="101")) == 400


# --- payouts


def test_payouts_tell_which_settlement_they_paid(caller: Caller, of_transfers: Check) -> None:
    """Paid, failed, or nothing to pay: each names its settlement, and what the bank shows of it."""
    _lose_in_transfer(caller)
    caller.wait(days=3)
    answer = caller.send("GET", PAYOUTS)
    payouts = json_of(answer)["payouts"]
    settlements = caller.payments.settlements[::-1]
    assert of_transfers("listPayouts", answer) == 200
    assert [one["currentStatus"] for one in payouts] == ["NO_PAYOUT", "FAILED", "PAID"]
    assert [one.get("traceId") for one in payouts] == [None, settlements[1].trace_id, settlements[2].trace_id]
    assert [one["relatedIdentifiers"] for one in payouts] == [
        [{"relatedIdentifierName": "SETTLEMENT_ID", "relatedIdentifierValue": one.settlement_id}] for one in settlements
    ]
    assert [one["amount"]["currencyAmount"] * 100 for one in payouts[1:]] == [one.total for one in settlements[1:]]
    assert payouts[1]["statusHistory"][-1]["failureReason"]


def test_a_payout_takes_two_days(caller: Caller) -> None:
    """It is started, then under way with the bank's number, then paid; the history keeps all three."""
    caller.payments.charge("reimbursement", 5_000, "EUR")
    caller.wait(hours=1)
    caller.payments.close("EUR")
    told = [json_of(caller.send("GET", PAYOUTS))["payouts"][0]]
    caller.wait(hours=6)
    told.append(json_of(caller.send("GET", PAYOUTS))["payouts"][0])
    caller.wait(days=2)
    told.append(json_of(caller.send("GET", PAYOUTS))["payouts"][0])
    assert [one["currentStatus"] for one in told] == ["STARTED", "IN_TRANSIT", "PAID"]
    assert ["traceId" in one for one in told] == [False, True, True]
    assert [one["status"] for one in told[2]["statusHistory"]] == ["STARTED", "IN_TRANSIT", "PAID"]


def test_payouts_come_in_pages(caller: Caller, of_transfers: Check) -> None:
    """Thirty payouts are two pages, and the token wants the same question."""
    _settle_every_hour(caller, 30)
    first = caller.send("GET", PAYOUTS, marketplaceIds=DE)
    second = caller.send("GET", PAYOUTS, marketplaceIds=DE, nextToken=json_of(first)["nextToken"])
    refused = caller.send("GET", PAYOUTS, nextToken=json_of(first)["nextToken"])
    assert [len(json_of(page)["payouts"]) for page in (first, second)] == [25, 5]
    assert [of_transfers("listPayouts", page) for page in (first, second, refused)] == [200, 200, 400]


def test_payouts_are_found_by_what_is_asked(caller: Caller) -> None:
    """By marketplace, time, number and kind of account."""
    _lose_in_transfer(caller)
    queries: list[dict[str, str]] = [
        {"marketplaceIds": US},
        {"createdAfter": "2026-11-02T11:00:00Z"},
        {"createdBefore": "2026-11-02T11:00:00Z"},
        {"payoutId": caller.payments.settlements[0].payout_id},
        {"accountType": "Invoiced orders"},
        {"accountType": "Standard Orders"},
    ]
    assert [len(json_of(caller.send("GET", PAYOUTS, **query))["payouts"]) for query in queries] == [0, 2, 1, 1, 0, 3]


# --- all of them


def test_finances_have_the_published_rates(caller: Caller) -> None:
    """Ten calls at once, thirty for the groups; after two seconds one more."""
    operations = {TRANSACTIONS: 10, GROUPS: 30, PAYOUTS: 10}
    asked = {
        path: [caller.send("GET", path, postedAfter=LONG_AGO) for _ in range(burst + 1)]
        for path, burst in operations.items()
    }
    assert {path: [one.status for one in answers].index(429) for path, answers in asked.items()} == operations
    assert {answers[0].headers["x-amzn-ratelimit-limit"] for answers in asked.values()} == {"0.5"}
    caller.wait(seconds=2)
    assert {caller.send("GET", path, postedAfter=LONG_AGO).status for path in operations} == {200}


def test_finances_want_the_role_for_money(caller: Caller) -> None:
    """Without it nothing is told."""
    caller.account.roles.remove("finance_and_accounting")
    assert {caller.send("GET", path).status for path in (TRANSACTIONS, GROUPS, PAYOUTS)} == {403}


@pytest.mark.parametrize("answer", ["unavailable", "broken", "throttled", "forbidden", "not_found"])
def test_faults_strike_finances(
    caller: Caller, of_finances: Check, of_groups: Check, of_transfers: Check, *, answer: FaultAnswer
) -> None:
    """Every operation can go wrong, in the form its model gives."""
    caller.token()
    caller.world.faults.add(Fault("amazon.list*", answer, times=3))
    statuses = [
        of_finances("listTransactions", _transactions(caller)),
        of_groups("listFinancialEventGroups", caller.send("GET", GROUPS)),
        of_transfers("listPayouts", caller.send("GET", PAYOUTS)),
    ]
    assert set(statuses) == {STATUS_OF_FAULT[answer]}
