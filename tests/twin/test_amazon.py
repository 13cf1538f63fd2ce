"""The simulated Amazon against the rules of the Selling Partner API as Amazon's pages tell them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from crossdock.twin.amazon_account import timestamp
from crossdock.twin.world import Delivery, Fault, FaultAnswer, Request
from tests.twin.amazon_caller import FORM, Caller, ids_of, json_of

GRANTLESS = "sellingpartnerapi::notifications"

# Tokens


def test_a_refresh_token_gives_an_access_token_for_an_hour(caller: Caller) -> None:
    """The refresh token grant answers as Login with Amazon documents it."""
    granted = json_of(caller.refresh())
    assert granted["access_token"].startswith("Atza|")
    assert (granted["token_type"], granted["expires_in"]) == ("bearer", 3600)
    assert granted["refresh_token"] == caller.account.refresh_token


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"refresh_token": "Atzr|revoked"}, 400, "invalid_grant"),
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_id": "unknown"}, 401, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": ""}, 400, "invalid_request"),
        ({"refresh_token": ""}, 400, "invalid_request"),
        ({"scope": GRANTLESS}, 400, "invalid_request"),
    ],
)
def test_a_wrong_token_request_is_refused_in_their_words(
    caller: Caller, changes: dict[str, str], status: int, code: str
) -> None:
    """Each way of asking wrongly has its own error code."""
    refused = caller.refresh(**changes)
    assert (refused.status, json_of(refused)["error"]) == (status, code)


def test_a_refresh_token_belongs_to_its_application(caller: Caller) -> None:
    """Another application, itself known, cannot use this seller's refresh token."""
    caller.amazon.add_account(
        seller_id="ATWINSELLER002", refresh_token="Atzr|other", client_id="other", client_secret="other-secret"
    )
    refused = caller.refresh(client_id="other", client_secret="other-secret")
    assert (refused.status, json_of(refused)["error"]) == (400, "invalid_grant")


def test_an_application_may_lose_its_right_to_tokens(caller: Caller) -> None:
    """Amazon then answers unauthorized_client."""
    caller.amazon.unauthorized_clients.add(caller.account.client_id)
    refused = caller.refresh()
    assert (refused.status, json_of(refused)["error"]) == (400, "unauthorized_client")


def test_a_token_request_must_be_a_posted_form(caller: Caller) -> None:
    """JSON and GET are no token requests."""
    as_json = Request("POST", "/auth/o2/token", {}, {"content-type": "application/json"}, b"{}")
    as_get = Request("GET", "/auth/o2/token", {}, FORM)
    assert json_of(caller.amazon.handle(as_json))["error"] == "invalid_request"
    assert json_of(caller.amazon.handle(as_get))["error"] == "invalid_request"


def test_client_credentials_give_a_token_that_opens_no_seller(caller: Caller) -> None:
    """A grantless token has its scope, no refresh token, and no way into an account's orders."""
    known = caller.account
    form = {"grant_type": "client_credentials", "client_id": known.client_id, "client_secret": known.client_secret}
    granted = json_of(caller.grant(**form, scope=GRANTLESS))
    assert "refresh_token" not in granted
    assert caller.get("/orders/2026-01-01/orders", token=granted["access_token"]).status == 403
    assert json_of(caller.grant(**form, scope="everything"))["error"] == "invalid_scope"


@pytest.mark.parametrize(
    ("answer", "status", "code"),
    [("unavailable", 503, "temporarily_unavailable"), ("broken", 500, "server_error")],
)
def test_login_may_fail_on_their_side(caller: Caller, answer: FaultAnswer, status: int, code: str) -> None:
    """A fault at the token endpoint has the form of Login with Amazon, not of the Selling Partner API."""
    caller.world.faults.add(Fault("amazon.token", answer))
    failed = caller.refresh()
    assert (failed.status, json_of(failed)["error"]) == (status, code)


def test_an_access_token_expires_by_the_clock_of_the_world(caller: Caller) -> None:
    """One second before the hour the token works, at the hour it is a 403 that says so."""
    token = caller.token()
    caller.wait(seconds=3599)
    assert caller.search().status == 200
    caller.wait(seconds=1)
    expired = caller.get("/orders/2026-01-01/orders", token=token)
    assert expired.status == 403
    assert json_of(expired)["errors"][0]["code"] == "Unauthorized"
    assert "expired" in json_of(expired)["errors"][0]["details"]


def test_a_call_needs_a_valid_token_of_a_seller_who_still_consents(caller: Caller) -> None:
    """No token, an invented one, and one whose consent was withdrawn are all refused with 403."""
    token = caller.token()
    without = caller.amazon.handle(Request("GET", "/orders/2026-01-01/orders", {}, {}))
    invented = caller.get("/orders/2026-01-01/orders", token="Atza|invented")
    del caller.amazon.accounts[caller.account.refresh_token]
    withdrawn = caller.get("/orders/2026-01-01/orders", token=token)
    assert [without.status, invented.status, withdrawn.status] == [403, 403, 403]


def test_an_application_without_a_role_sees_no_orders(caller: Caller) -> None:
    """The Orders API is open only to applications that have one of its roles."""
    caller.account.roles.clear()
    assert caller.search().status == 403


# The window of a search


def test_a_search_finds_what_was_updated_in_its_window_with_both_ends(caller: Caller) -> None:
    """At or after `lastUpdatedAfter`, at or before `lastUpdatedBefore`, the oldest first."""
    orders = caller.bought_a_minute_apart(3)
    caller.wait(minutes=10)
    after, before = (timestamp(caller.beginning + timedelta(minutes=minutes)) for minutes in (1, 2))
    found = caller.search(lastUpdatedAfter=after, lastUpdatedBefore=before)
    assert ids_of(found) == orders[:2]
    assert json_of(found)["lastUpdatedBefore"] == before


def test_without_an_end_a_search_ends_two_minutes_ago(caller: Caller) -> None:
    """The newest two minutes are not shown yet, and the mark to go on from says so."""
    order_id = caller.merchant.buy()
    caller.wait(seconds=119)
    too_early = caller.search()
    now = caller.wait(seconds=1)
    in_time = caller.search()
    assert ids_of(too_early) == []
    assert ids_of(in_time) == [order_id]
    assert json_of(in_time)["lastUpdatedBefore"] == timestamp(now - timedelta(minutes=2))


def test_an_updated_order_moves_to_its_new_time(caller: Caller) -> None:
    """An order that changed is found at its last update, and at its creation where that is asked for."""
    order_id = caller.merchant.buy()
    settled_at = caller.wait(hours=1)
    caller.merchant.settle()
    caller.wait(hours=1)
    before_the_change = timestamp(settled_at - timedelta(seconds=1))
    assert ids_of(caller.search(lastUpdatedAfter=timestamp(settled_at))) == [order_id]
    assert ids_of(caller.search(lastUpdatedAfter="2026-01-01", lastUpdatedBefore=before_the_change)) == []
    by_creation = caller.search(createdAfter="2026-01-01", createdBefore=before_the_change)
    assert ids_of(by_creation) == [order_id]
    assert json_of(by_creation)["createdBefore"] == before_the_change
    assert "lastUpdatedBefore" not in json_of(by_creation)


@pytest.mark.parametrize(
    "query",
    [
        {"lastUpdatedAfter": "2026-01-01", "createdAfter": "2026-01-01"},
        {"lastUpdatedAfter": "2026-01-01", "createdBefore": "2026-02-01"},
        {"createdAfter": "2026-01-01", "lastUpdatedBefore": "2026-02-01"},
        {"lastUpdatedAfter": "2026-02-01", "lastUpdatedBefore": "2026-01-01"},
        {"lastUpdatedAfter": "2026-01-01", "lastUpdatedBefore": "2026-11-02T08:58:01Z"},
        {"lastUpdatedAfter": "yesterday"},
        {"lastUpdatedAfter": "2026-01-01T00:00:00 01:00"},
        {"maxResultsPerPage": "0"},
        {"maxResultsPerPage": "101"},
        {"maxResultsPerPage": "ten"},
        {"fulfillmentStatuses": "UNSHIPPED,Canceled"},
        {"fulfilledBy": "MFN"},
        {"includedData": "BUYER,SECRETS"},
        {"marketplaceIds": ",".join(f"M{number}" for number in range(51))},
        {"paginationToken": "invented"},
    ],
)
def test_a_search_that_breaks_a_rule_is_invalid_input(caller: Caller, query: dict[str, str]) -> None:
    """A wrong request is a 400 in Amazon's form, and still tells the rate."""
    refused = caller.search(**query)
    assert refused.status == 400
    assert json_of(refused)["errors"][0]["code"] == "InvalidInput"
    assert refused.headers["x-amzn-ratelimit-limit"] == "1000"


def test_a_search_needs_a_beginning(caller: Caller) -> None:
    """Without `createdAfter` and `lastUpdatedAfter` there is nothing to search."""
    assert caller.get("/orders/2026-01-01/orders").status == 400


def test_a_marketplace_of_somebody_else_is_forbidden(caller: Caller) -> None:
    """An account asks about its own marketplaces only."""
    assert caller.search(marketplaceIds="A13V1IB3VIYZZH").status == 403


def test_orders_older_than_two_years_are_not_shown_except_where_they_are(caller: Caller) -> None:
    """Two years everywhere, since 2016 in Japan; neither operation shows the older ones."""
    german = caller.merchant.buy(marketplace_id="A1PA6795UKMFR9")
    japanese = caller.merchant.buy(marketplace_id="A1VC38T7YXB528")
    caller.wait(days=730)
    assert set(ids_of(caller.search())) == {german, japanese}
    caller.wait(seconds=1)
    assert ids_of(caller.search()) == [japanese]
    assert caller.get_order(german).status == 404
    assert caller.get_order(japanese).status == 200


# Filters and pages of a search


def test_filters_narrow_a_search(caller: Caller) -> None:
    """Marketplace, status and fulfilment each leave what matches, whether listed with commas or repeated."""
    by_amazon = caller.merchant.buy(marketplace_id="A1PA6795UKMFR9", fulfilled_by="AMAZON")
    by_merchant = caller.merchant.buy(marketplace_id="ATVPDKIKX0DER", fulfilled_by="MERCHANT", settled=True)
    caller.wait(minutes=2)
    assert ids_of(caller.search(fulfilledBy="AMAZON")) == [by_amazon]
    assert ids_of(caller.search(fulfillmentStatuses="UNSHIPPED,SHIPPED")) == [by_merchant]
    assert ids_of(caller.search(marketplaceIds="ATVPDKIKX0DER")) == [by_merchant]
    repeated = {"lastUpdatedAfter": ["2026-01-01"], "fulfilledBy": ["AMAZON", "MERCHANT"]}
    assert set(ids_of(caller.get("/orders/2026-01-01/orders", repeated))) == {by_amazon, by_merchant}


def test_unknown_parameters_and_the_host_are_ignored(caller: Caller) -> None:
    """What Amazon does not know does not matter."""
    order_id = caller.merchant.buy()
    caller.wait(minutes=2)
    headers = {"x-amz-access-token": caller.token(), "host": "sellingpartnerapi-fe.amazon.com"}
    query = {"lastUpdatedAfter": ["2026-01-01"], "OrderStatuses": ["Shipped"]}
    assert ids_of(caller.amazon.handle(Request("GET", "/orders/2026-01-01/orders", query, headers))) == [order_id]


def test_pages_go_through_the_same_orders_whatever_changes_meanwhile(caller: Caller) -> None:
    """Orders that change or arrive between two pages are neither shown twice nor push others out."""
    orders = caller.bought_a_minute_apart(5)
    caller.wait(minutes=2)
    first = caller.search(maxResultsPerPage="2")
    caller.merchant.cancel(orders[0])
    caller.merchant.cancel(orders[3])
    caller.wait(minutes=5)
    second = caller.search(maxResultsPerPage="2", paginationToken=json_of(first)["pagination"]["nextToken"])
    third = caller.search(maxResultsPerPage="2", paginationToken=json_of(second)["pagination"]["nextToken"])
    assert ids_of(first) + ids_of(second) + ids_of(third) == orders
    assert "pagination" not in json_of(third)
    marks = {json_of(page)["lastUpdatedBefore"] for page in (first, second, third)}
    assert len(marks) == 1


def test_a_page_can_be_asked_for_again_and_with_other_datasets(caller: Caller) -> None:
    """A page whose answer was lost is there still; page size and datasets may change on the way."""
    orders = [caller.merchant.buy() for _ in range(4)]
    caller.wait(minutes=2)
    token = json_of(caller.search(maxResultsPerPage="1"))["pagination"]["nextToken"]
    once = caller.search(maxResultsPerPage="1", paginationToken=token)
    again = caller.search(maxResultsPerPage="3", paginationToken=token, includedData="FULFILLMENT")
    assert ids_of(once) == ids_of(again)[:1]
    assert sorted(ids_of(again)) == sorted(set(orders) - set(ids_of(caller.search(maxResultsPerPage="1"))))
    assert "fulfillment" in json_of(again)["orders"][0]


def test_a_pagination_token_belongs_to_its_search(caller: Caller) -> None:
    """Other conditions with the same token are refused."""
    caller.merchant.buy()
    caller.merchant.buy()
    caller.wait(minutes=2)
    token = json_of(caller.search(maxResultsPerPage="1"))["pagination"]["nextToken"]
    assert caller.search(maxResultsPerPage="1", paginationToken=token, fulfilledBy="AMAZON").status == 400


def test_a_pagination_token_expires_after_a_day(caller: Caller) -> None:
    """Up to the day the token works, from then on it is invalid input."""
    caller.merchant.buy()
    caller.merchant.buy()
    caller.wait(minutes=2)
    token = json_of(caller.search(maxResultsPerPage="1"))["pagination"]["nextToken"]
    caller.wait(hours=23, minutes=59)
    assert caller.search(maxResultsPerPage="1", paginationToken=token).status == 200
    caller.wait(minutes=1)
    assert caller.search(maxResultsPerPage="1", paginationToken=token).status == 400


# What is shown


def test_without_datasets_only_the_basics_are_shown(caller: Caller) -> None:
    """Every dataset is absent unless it is asked for."""
    shown = caller.shown(caller.merchant.buy(settled=True, skus=["MUG-1"]), included="")
    basics = {"orderId", "orderAliases", "createdTime", "lastUpdatedTime", "programs", "salesChannel", "orderItems"}
    assert set(shown) == basics
    assert set(shown["orderItems"][0]) == {"orderItemId", "quantityOrdered", "product"}


@pytest.mark.parametrize(
    ("dataset", "of_the_order", "of_the_items"),
    [
        ("BUYER", {"buyer"}, set()),
        ("RECIPIENT", {"recipient"}, set()),
        ("PROCEEDS", {"proceeds"}, {"proceeds"}),
        ("EXPENSE", set(), {"expense"}),
        ("PROMOTION", set(), {"promotion"}),
        ("CANCELLATION", set(), {"cancellation"}),
        ("FULFILLMENT", {"fulfillment"}, {"fulfillment"}),
        ("PACKAGES", {"packages"}, set()),
        ("TAX", {"tax"}, {"tax"}),
        ("PAYMENT", {"payment"}, set()),
        ("FULFILLMENT_ORDERS", {"fulfillmentOrders"}, set()),
    ],
)
def test_each_dataset_shows_what_its_line_in_the_table_says(
    caller: Caller, dataset: str, of_the_order: set[str], of_the_items: set[str]
) -> None:
    """One dataset asked for is one dataset shown, on the order and on its items."""
    order_id = caller.merchant.buy(settled=True, skus=["MUG-1"], fulfilled_by="MERCHANT")
    order = caller.account.orders[order_id]
    item = {"expense": {"x": 1}, "promotion": {"x": 1}, "cancellation": {"x": 1}, "tax": {"x": 1}}
    more = {"programs": ["AMAZON_EASY_SHIP"], "packages": [{}], "tax": {"x": 1}, "fulfillmentOrders": [{}]}
    caller.account.put_order(order | more | {"orderItems": [order["orderItems"][0] | item]})
    without, shown = caller.shown(order_id, included=""), caller.shown(order_id, included=dataset)
    assert set(shown) - set(without) == of_the_order
    assert set(shown["orderItems"][0]) - set(without["orderItems"][0]) == of_the_items


@pytest.mark.parametrize("status", ["PENDING", "PENDING_AVAILABILITY"])
def test_a_pending_order_has_neither_price_nor_address(caller: Caller, status: str) -> None:
    """Before the payment is through, Amazon tells what and how many, not for how much nor to whom."""
    order_id = caller.merchant.buy(marketplace_id="A1VC38T7YXB528")
    order = caller.account.orders[order_id]
    caller.account.put_order(order | {"fulfillment": order["fulfillment"] | {"fulfillmentStatus": status}})
    shown = caller.shown(order_id)
    item = shown["orderItems"][0]
    assert not {"buyer", "recipient", "proceeds", "payment", "tax"} & set(shown)
    assert not {"proceeds", "expense", "promotion", "tax"} & set(item)
    assert "price" not in item["product"]
    assert item["quantityOrdered"] >= 1
    assert shown["fulfillment"]["fulfillmentStatus"] == status


def test_personal_data_needs_the_roles_for_it(caller: Caller) -> None:
    """Without the restricted roles there is no person in an answer, though the datasets were asked for."""
    order_id = caller.merchant.buy(settled=True, fulfilled_by="MERCHANT", programs=[])
    allowed = caller.shown(order_id)
    caller.account.roles = {"inventory_and_order_tracking"}
    refused = caller.shown(order_id)
    assert allowed["buyer"].keys() == {"buyerName", "buyerEmail"}
    assert allowed["recipient"]["deliveryAddress"].keys() >= {"name", "addressLine1", "postalCode", "phone"}
    assert "buyer" not in refused
    assert not refused["recipient"]["deliveryAddress"].keys() & {"name", "addressLine1", "postalCode", "phone"}
    assert refused["recipient"]["deliveryAddress"]["countryCode"]


def test_the_tax_role_shows_the_name_but_not_the_way_to_the_buyer(caller: Caller) -> None:
    """Who remits taxes learns who bought, not the e-mail address nor the street."""
    order_id = caller.merchant.buy(settled=True, fulfilled_by="MERCHANT", programs=[])
    caller.account.roles = {"tax_remittance"}
    shown = caller.shown(order_id)
    assert shown["buyer"].keys() == {"buyerName"}
    assert "addressLine1" not in shown["recipient"]["deliveryAddress"]


def test_amazon_keeps_email_phone_and_packages_of_its_own_orders(caller: Caller) -> None:
    """An FBA order shows no e-mail address, no telephone number and no packages."""
    order_id = caller.merchant.buy(settled=True, fulfilled_by="AMAZON")
    caller.account.put_order(caller.account.orders[order_id] | {"packages": [{"packageReferenceId": "1"}]})
    shown = caller.shown(order_id)
    assert "buyerEmail" not in shown["buyer"]
    assert "phone" not in shown["recipient"]["deliveryAddress"]
    assert "packages" not in shown


def test_the_telephone_number_goes_after_the_delivery(caller: Caller) -> None:
    """A shipped FBM order loses the telephone number once its latest delivery date has passed."""
    order_id = caller.merchant.buy(settled=True, fulfilled_by="MERCHANT")
    caller.merchant.ship(order_id)
    assert "phone" in caller.shown(order_id)["recipient"]["deliveryAddress"]
    caller.wait(days=8)
    assert "phone" not in caller.shown(order_id)["recipient"]["deliveryAddress"]


def test_gift_messages_and_customization_need_the_role_too(caller: Caller) -> None:
    """What a buyer wrote is personal data, wherever it stands."""
    order_id = caller.merchant.buy(settled=True, skus=["MUG-1"])
    order = caller.account.orders[order_id]
    gift = {"packing": {"giftOption": {"giftMessage": "Happy test day", "giftWrapLevel": "STANDARD"}}}
    product = order["orderItems"][0]["product"] | {"customization": {"customizedUrl": "https://example.test/1"}}
    fulfillment = order["orderItems"][0]["fulfillment"] | gift
    item = order["orderItems"][0] | {"product": product, "fulfillment": fulfillment}
    caller.account.put_order(order | {"orderItems": [item]})
    allowed = caller.shown(order_id)["orderItems"][0]
    caller.account.roles = {"inventory_and_order_tracking"}
    refused = caller.shown(order_id)["orderItems"][0]
    assert allowed["fulfillment"]["packing"] == gift["packing"]
    assert "customization" in allowed["product"]
    assert refused["fulfillment"]["packing"] == {"giftOption": {"giftWrapLevel": "STANDARD"}}
    assert "customization" not in refused["product"]


def test_unknown_fields_and_broken_unicode_pass_through(caller: Caller) -> None:
    """Amazon adds fields at any time, and buyers write what is no valid Unicode: the twin can show both."""
    order_id = caller.merchant.buy(settled=True)
    caller.account.put_order(caller.account.orders[order_id] | {"newField": "half a pair: \ud83d"})
    answered = caller.get_order(order_id)
    assert b'"newField": "half a pair: \\ud83d"' in answered.body


# getOrder, other operations, rates, faults


def test_an_unknown_order_is_not_found_and_a_wrong_id_is_invalid(caller: Caller) -> None:
    """A well-formed id nobody has is a 404, anything else a 400."""
    unknown, wrong = caller.get_order("305-0000000-0000000"), caller.get_order("TWIN-1")
    assert (unknown.status, json_of(unknown)["errors"][0]["code"]) == (404, "NotFound")
    assert (wrong.status, json_of(wrong)["errors"][0]["code"]) == (400, "InvalidInput")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/orders/v0/orders"),
        ("POST", "/orders/2026-01-01/orders"),
        ("PUT", "/orders/2026-01-01/orders/305-0000000-0000000/cancellation"),
        ("GET", "/catalog/2022-04-01/items/B"),
        ("GET", "/"),
    ],
)
def test_an_operation_the_twin_lacks_is_not_found(caller: Caller, method: str, path: str) -> None:
    """What is not simulated says so in Amazon's form instead of pretending."""
    answered = caller.amazon.handle(Request(method, path, {}, {"x-amz-access-token": caller.token()}))
    assert (answered.status, json_of(answered)["errors"][0]["code"]) == (404, "NotFound")


def test_the_published_rates_throttle_each_operation_and_account_by_itself(caller: Caller) -> None:
    """After the burst of 20 searches comes a 429 without the rate; getOrder and other sellers are not touched."""
    query = {"lastUpdatedAfter": ["2026-01-01"]}
    burst = [caller.get("/orders/2026-01-01/orders", query) for _ in range(20)]
    throttled = caller.get("/orders/2026-01-01/orders", query)
    order_id = caller.merchant.buy(settled=True)
    assert {(answer.status, answer.headers["x-amzn-ratelimit-limit"]) for answer in burst} == {(200, "0.0056")}
    assert (throttled.status, json_of(throttled)["errors"][0]["code"]) == (429, "QuotaExceeded")
    assert "x-amzn-ratelimit-limit" not in throttled.headers
    assert caller.get_order(order_id).headers["x-amzn-ratelimit-limit"] == "0.5"


def test_an_empty_bucket_is_refilled_at_its_rate(caller: Caller) -> None:
    """One more search after 1 / 0.0056 = 178.6 seconds, and not a second before."""
    query = {"lastUpdatedAfter": ["2026-01-01"]}
    [caller.get("/orders/2026-01-01/orders", query) for _ in range(20)]
    caller.wait(seconds=178)
    assert caller.get("/orders/2026-01-01/orders", query).status == 429
    caller.wait(seconds=0.6)
    assert caller.get("/orders/2026-01-01/orders", query).status == 200
    assert caller.get("/orders/2026-01-01/orders", query).status == 429


def test_get_order_has_a_burst_of_thirty(caller: Caller) -> None:
    """The thirty-first getOrder at once is throttled, unknown orders count as well."""
    statuses = [caller.get_order("305-0000000-0000000").status for _ in range(31)]
    assert statuses == [404] * 30 + [429]


def test_a_seller_may_have_another_rate(caller: Caller) -> None:
    """Amazon's plans follow the seller's business; the header tells."""
    caller.account.set_rate("getOrder", 0.25, 1)
    first, second = caller.get_order("305-0000000-0000000"), caller.get_order("305-0000000-0000000")
    assert (first.headers["x-amzn-ratelimit-limit"], second.status) == ("0.25", 429)


def test_every_answer_carries_its_own_request_id(caller: Caller) -> None:
    """Support asks for the request id, so success, error and token all have one."""
    answers = [caller.refresh(), caller.search(), caller.search(fulfilledBy="X"), caller.get("/nothing")]
    ids = {answer.headers["x-amzn-requestid"] for answer in answers}
    assert len(ids) == 4


@pytest.mark.parametrize(
    ("answer", "status", "code"),
    [
        ("unavailable", 503, "ServiceUnavailable"),
        ("broken", 500, "InternalFailure"),
        ("throttled", 429, "QuotaExceeded"),
        ("forbidden", 403, "Unauthorized"),
        ("too_large", 413, "RequestTooLarge"),
    ],
)
def test_faults_speak_amazons_language(caller: Caller, answer: FaultAnswer, status: int, code: str) -> None:
    """A fault looks like an error of the Selling Partner API."""
    caller.world.faults.add(Fault("amazon.searchOrders", answer))
    failed = caller.search()
    assert (failed.status, json_of(failed)["errors"][0]["code"]) == (status, code)
    assert caller.search().status == 200


# Notifications


def test_a_new_order_is_notified_with_skus_and_quantities(caller: Caller) -> None:
    """The message says enough to reserve stock at once, and nothing of a person while the order is pending."""
    order_id = caller.merchant.buy(skus=["MUG-1"], quantity=2, fulfilled_by="MERCHANT")
    [message] = caller.account.notifications
    change = _change(message)
    assert (change["AmazonOrderId"], change["SellerId"]) == (order_id, caller.account.seller_id)
    assert change["OrderChangeType"] == "OrderStatusChange"
    summary = change["Summary"]
    assert (summary["OrderStatus"], summary["FulfillmentType"]) == ("Pending", "MFN")
    assert summary["DestinationPostalCode"] is None
    assert [(item["SellerSKU"], item["Quantity"]) for item in summary["OrderItems"]] == [("MUG-1", 2)]


def test_a_buyers_wish_to_cancel_is_notified_as_such(caller: Caller) -> None:
    """The change type tells a cancellation request from a change of status."""
    order_id = caller.merchant.buy(settled=True, notify=False)
    caller.merchant.request_cancellation(order_id)
    caller.merchant.cancel(order_id)
    requested, cancelled = (_change(message) for message in caller.account.notifications)
    assert requested["OrderChangeType"] == "BuyerRequestedChange"
    assert requested["Summary"]["OrderItems"][0]["IsBuyerRequestedCancel"] is True
    assert (cancelled["OrderChangeType"], cancelled["Summary"]["OrderStatus"]) == ("OrderStatusChange", "Canceled")


def test_messages_arrive_doubled_with_one_notification_id(caller: Caller) -> None:
    """A message that arrives twice is the same message, which its id tells."""
    caller.world.delivery = Delivery(doubled=1.0)
    caller.merchant.buy()
    first, second = caller.account.notifications
    assert first == second


def test_messages_may_be_lost(caller: Caller) -> None:
    """Nothing may depend on a message alone."""
    caller.world.delivery = Delivery(lost=1.0)
    order_id = caller.merchant.buy()
    caller.wait(minutes=2)
    assert not caller.account.notifications
    assert ids_of(caller.search()) == [order_id]


def _change(message: bytes) -> dict[str, Any]:
    change: dict[str, Any] = msgspec.json.decode(message)["Payload"]["OrderChangeNotification"]
    return change
