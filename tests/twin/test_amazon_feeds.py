"""The feeds of the simulated Amazon: documents, the queue, the processing report, and what reaches the listings."""

from __future__ import annotations

import gzip
from collections import deque
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx2
import msgspec
import pytest

from crossdock.twin.amazon_feed_messages import MESSAGES_MAX
from crossdock.twin.amazon_feeds import Outcome
from crossdock.twin.both import Twin
from crossdock.twin.merchant import Merchant
from crossdock.twin.serve import start
from crossdock.twin.world import STATUS_OF_FAULT, Fault, FaultAnswer, Request, Response
from tests.twin.amazon_caller import Caller, json_of, messages_of
from tests.twin.amazon_models import Check, checker, problems, published

MODEL = "feeds-api-model/feeds_2021-06-30.json"
REPORT = "feeds/listings-feed-processing-report-schema-v2.json"
FEED = "feeds/listings-feed-schema-v2.json"
FINISHED = "FEED_PROCESSING_FINISHED"
QUANTITY_CHANGE = "LISTINGS_ITEM_MFN_QUANTITY_CHANGE"
LISTINGS = "JSON_LISTINGS_FEED"
DE = "A1PA6795UKMFR9"
JSON_TYPE = "application/json; charset=UTF-8"
ROOT = "/feeds/2021-06-30"

Json = dict[str, Any]


@pytest.fixture
def check() -> Check:
    """Hold an answer against the published model of the Feeds API."""
    return checker(MODEL)


def _units(quantity: Any, channel: str = "DEFAULT") -> Json:
    return {"fulfillment_channel_code": channel, "quantity": quantity}


def _message(number: int, sku: str, quantity: Any, **changes: Any) -> Json:
    patch = {"op": "replace", "path": "/attributes/fulfillment_availability", "value": [_units(quantity)]}
    return {
        "messageId": number,
        "sku": sku,
        "operationType": "PATCH",
        "productType": "PRODUCT",
        "patches": [patch],
    } | changes


def _feed(caller: Caller, *messages: Json, **header: Any) -> Json:
    return {"header": {"sellerId": caller.account.seller_id, "version": "2.0"} | header, "messages": list(messages)}


def _put(caller: Caller, url: str, body: bytes, content_type: str = JSON_TYPE) -> Response:
    return caller.amazon.handle(Request("PUT", urlsplit(url).path, {}, {"content-type": content_type}, body))


def _download(caller: Caller, url: str) -> Response:
    return caller.amazon.handle(Request("GET", urlsplit(url).path, {}, {}))


def _new_document(caller: Caller) -> Json:
    return json_of(caller.send("POST", f"{ROOT}/documents", {"contentType": JSON_TYPE}))


def _uploaded(caller: Caller, feed: object) -> str:
    made = _new_document(caller)
    assert _put(caller, made["url"], feed if isinstance(feed, bytes) else msgspec.json.encode(feed)).status == 200
    return str(made["feedDocumentId"])


def _create(caller: Caller, document_id: str, feed_type: str = LISTINGS, *marketplaces: str) -> Response:
    body = {"feedType": feed_type, "marketplaceIds": marketplaces or [DE], "inputFeedDocumentId": document_id}
    return caller.send("POST", f"{ROOT}/feeds", body)


def _fed(caller: Caller, feed: object) -> str:
    return str(json_of(_create(caller, _uploaded(caller, feed)))["feedId"])


def _get(caller: Caller, feed_id: str) -> Response:
    return caller.send("GET", f"{ROOT}/feeds/{feed_id}")


def _status(caller: Caller, feed_id: str) -> str:
    return str(json_of(_get(caller, feed_id))["processingStatus"])


def _cancel(caller: Caller, feed_id: str) -> Response:
    return caller.send("DELETE", f"{ROOT}/feeds/{feed_id}")


def _document(caller: Caller, feed_id: str, **query: str) -> Response:
    document_id = json_of(_get(caller, feed_id))["resultFeedDocumentId"]
    return caller.send("GET", f"{ROOT}/documents/{document_id}", **query)


def _report(caller: Caller, feed_id: str) -> Json:
    body = _download(caller, json_of(_document(caller, feed_id))["url"]).body
    report: Json = msgspec.json.decode(gzip.decompress(body))
    return report


def _reported(caller: Caller, feed: object) -> Json:
    feed_id = _fed(caller, feed)
    caller.wait(minutes=5)
    return _report(caller, feed_id)


def _live(caller: Caller, sku: str = "MUG-1") -> int | None:
    caller.account.catch_up()
    return caller.account.listings.by_sku[sku].quantity


def _seen(caller: Caller, feed_id: str, wait_s: int) -> tuple[str, int | None, int]:
    """What of a feed is seen after a while: its status, what is live, and what the attributes echo."""
    caller.wait(seconds=wait_s)
    listing = caller.account.listings.by_sku["MUG-1"]
    return _status(caller, feed_id), listing.quantity, listing.attributes["fulfillment_availability"][0]["quantity"]


def _codes(report: Json) -> list[tuple[int | None, str]]:
    return [(issue.get("messageId"), issue["code"]) for issue in report["issues"]]


# Documents


def test_a_document_is_uploaded_with_its_content_type_and_within_five_minutes(caller: Caller) -> None:
    """The address is presigned: it wants no token, but the very content type, and it dies."""
    made = _new_document(caller)
    wrong = _put(caller, made["url"], b"{}", "application/json")
    right = _put(caller, made["url"], b"{}")
    read = _download(caller, made["url"])
    caller.wait(seconds=299)
    again = _put(caller, made["url"], b"[]")
    caller.wait(seconds=1)
    late = _put(caller, made["url"], b"{}")
    assert [answer.status for answer in (wrong, right, read, again, late)] == [403, 200, 403, 200, 403]
    assert (b"SignatureDoesNotMatch" in wrong.body, b"Request has expired" in late.body) == (True, True)


def test_an_address_nobody_gave_opens_nothing(caller: Caller) -> None:
    """An invented address is refused like an expired one."""
    assert _put(caller, "http://amazon.test/feed-documents/invented", b"{}").status == 403


def test_the_address_is_on_the_host_that_was_asked(caller: Caller) -> None:
    """Whoever serves the twin serves its documents as well."""
    assert _new_document(caller)["url"].startswith("http://amazon.test/feed-documents/")


def test_a_feed_needs_contents_that_were_uploaded(caller: Caller, check: Check) -> None:
    """createFeed takes only a document of this seller that holds something; a report is none."""
    empty = _new_document(caller)["feedDocumentId"]
    feed_id = _fed(caller, _feed(caller, _message(1, "MUG-1", 5)))
    caller.wait(minutes=5)
    result = json_of(_get(caller, feed_id))["resultFeedDocumentId"]
    statuses = [check("createFeed", _create(caller, one)) for one in (empty, "unknown", result)]
    assert statuses == [400, 400, 400]


@pytest.mark.parametrize(
    ("feed_type", "marketplaces"),
    [(LISTINGS, ["NOWHERE"]), (LISTINGS, [DE] * 26), ("POST_NONSENSE", [DE])],
)
def test_a_feed_of_a_wrong_type_or_place_is_a_400(
    caller: Caller, check: Check, feed_type: str, marketplaces: list[str]
) -> None:
    """One to 25 marketplaces of the seller, and a feed type that exists."""
    document_id = _uploaded(caller, _feed(caller, _message(1, "MUG-1", 5)))
    assert check("createFeed", _create(caller, document_id, feed_type, *marketplaces)) == 400


@pytest.mark.parametrize("body", [{}, {"contentType": 1}, {"contentType": "JSON"}, None])
def test_a_document_needs_a_content_type(caller: Caller, check: Check, body: object) -> None:
    """Without one there is nothing to sign."""
    assert check("createFeedDocument", caller.send("POST", f"{ROOT}/documents", body)) == 400


# From the queue to the listings


def test_a_feed_waits_is_processed_and_reaches_the_listings_later(caller: Caller) -> None:
    """IN_QUEUE, IN_PROGRESS, DONE; attributes show it when it is done, buyers see it after the usual delay."""
    caller.merchant.list_goods(["MUG-1"], quantity=10)
    caller.account.feeds.queue_s, caller.account.feeds.processing_s = (10.0, 10.0), (60.0, 60.0)
    caller.account.listings.delay_s = (30.0, 30.0)
    feed_id = _fed(caller, _feed(caller, _message(1, "MUG-1", 4)))
    seen = [_seen(caller, feed_id, wait_s) for wait_s in (0, 10, 60, 29, 1)]
    assert seen == [
        ("IN_QUEUE", 10, 10),
        ("IN_PROGRESS", 10, 10),
        ("DONE", 10, 4),
        ("DONE", 10, 4),
        ("DONE", 4, 4),
    ]
    shown = json_of(_get(caller, feed_id))
    assert shown["processingStartTime"] == "2026-11-02T09:00:10.000Z"
    assert shown["processingEndTime"] == "2026-11-02T09:01:10.000Z"


def test_all_that_was_due_happens_in_its_order_whenever_somebody_looks(caller: Caller) -> None:
    """Nobody looked for a day: messages tell the times at which it happened, one after the other."""
    caller.merchant.list_goods(["MUG-1", "MUG-2"], quantity=10)
    _fed(caller, _feed(caller, _message(1, "MUG-1", 4)))
    _fed(caller, _feed(caller, _message(1, "MUG-2", 4)))
    caller.wait(days=1)
    told = [msgspec.json.decode(message) for message in caller.account.notifications]
    times = [one.get("EventTime") or one.get("eventTime") for one in told]
    assert times == sorted(times)
    assert (len(messages_of(caller.account, FINISHED)), len(messages_of(caller.account, QUANTITY_CHANGE))) == (2, 2)
    assert times[-1] < "2026-11-02T09:10"


def test_feeds_of_a_seller_are_processed_one_after_the_other(caller: Caller) -> None:
    """A slow feed keeps all later ones waiting (amzn/selling-partner-api-models#4823), also the urgent one."""
    caller.account.feeds.queue_s = (0.0, 0.0)
    caller.account.feeds.processing_s = (3600.0, 3600.0)
    slow = _fed(caller, _feed(caller, _message(1, "MUG-1", 4)))
    caller.account.feeds.processing_s = (1.0, 1.0)
    urgent = _fed(caller, _feed(caller, _message(1, "MUG-1", 0)))
    caller.wait(minutes=59)
    during = (_status(caller, slow), _status(caller, urgent))
    caller.wait(minutes=2)
    assert during == ("IN_PROGRESS", "IN_QUEUE")
    assert (_status(caller, slow), _status(caller, urgent)) == ("DONE", "DONE")


def test_a_patch_may_overtake_a_feed_and_be_overwritten_by_it(caller: Caller) -> None:
    """Between the lanes there is no order: the older number of the feed arrives last and stays."""
    caller.merchant.list_goods(["MUG-1"], quantity=10)
    caller.account.listings.delay_s = (1.0, 1.0)
    _fed(caller, _feed(caller, _message(1, "MUG-1", 9)))
    patch = _message(1, "MUG-1", 0)["patches"]
    path = f"/listings/2021-08-01/items/{caller.account.seller_id}/MUG-1"
    caller.send("PATCH", path, {"productType": "PRODUCT", "patches": patch}, marketplaceIds=DE)
    caller.wait(seconds=2)
    patched = _live(caller)
    caller.wait(minutes=5)
    assert (patched, _live(caller)) == (0, 9)


def test_only_a_feed_in_the_queue_can_be_cancelled(caller: Caller, check: Check) -> None:
    """A cancelled feed changes nothing, is told of, and lets the next one go on; afterwards it is too late."""
    caller.merchant.list_goods(["MUG-1"], quantity=10)
    first, second = (_fed(caller, _feed(caller, _message(1, "MUG-1", number))) for number in (4, 5))
    cancelled = check("cancelFeed", _cancel(caller, first))
    caller.wait(seconds=25)
    running = (_status(caller, second), check("cancelFeed", _cancel(caller, second)))
    caller.wait(minutes=5)
    done = check("cancelFeed", _cancel(caller, second))
    assert (cancelled, running, done) == (200, ("IN_PROGRESS", 400), 400)
    assert (_status(caller, first), _live(caller)) == ("CANCELLED", 5)
    assert check("cancelFeed", _cancel(caller, "1")) == 404


def test_feeds_can_be_stuck_and_go_on(caller: Caller) -> None:
    """While they are stopped nothing moves, wherever it stands; from then on each takes its time."""
    caller.account.feeds.queue_s, caller.account.feeds.processing_s = (0.0, 0.0), (60.0, 60.0)
    running, waiting = (_fed(caller, _feed(caller, _message(1, "MUG-1", number))) for number in (4, 5))
    caller.wait(seconds=30)
    caller.account.feeds.stop()
    caller.wait(hours=12)
    stuck = (_status(caller, running), _status(caller, waiting), caller.account.feeds.stuck)
    caller.account.feeds.go_on()
    again = (_status(caller, running), _status(caller, waiting))
    caller.wait(seconds=60)
    assert stuck == ("IN_PROGRESS", "IN_QUEUE", True)
    assert again == ("DONE", "IN_PROGRESS")
    assert _status(caller, waiting) == "DONE"


def test_what_was_due_before_the_stop_has_happened(caller: Caller) -> None:
    """Stopping works from its moment on, though nobody had looked before."""
    feed_id = _fed(caller, _feed(caller, _message(1, "MUG-1", 4)))
    caller.wait(hours=1)
    caller.account.feeds.stop()
    assert _status(caller, feed_id) == "DONE"


def test_a_fatal_feed_applied_some_none_or_all_of_its_messages(caller: Caller) -> None:
    """FATAL has no report, and nobody knows how far it came: each comes another way."""
    feeds = [[f"S-{number}-{sku}" for sku in range(10)] for number in range(5)]
    caller.merchant.list_goods([sku for skus in feeds for sku in skus], quantity=1)
    caller.account.feeds.next_outcomes = deque[Outcome](["fatal"] * 5)
    fed = [
        _fed(caller, _feed(caller, *[_message(number, sku, 2) for number, sku in enumerate(skus, 1)])) for skus in feeds
    ]
    caller.wait(hours=1)
    lives = [[_live(caller, sku) or 0 for sku in skus] for skus in feeds]
    shown = [json_of(_get(caller, feed_id)) for feed_id in fed]
    assert {(one["processingStatus"], "resultFeedDocumentId" in one) for one in shown} == {("FATAL", False)}
    assert [sorted(one, reverse=True) for one in lives] == lives
    assert len({one.count(2) for one in lives}) > 2


def test_a_report_may_be_cut_off(caller: Caller) -> None:
    """The feed is DONE and applied; its report breaks off in its middle."""
    caller.merchant.list_goods(["MUG-1"], quantity=1)
    caller.account.feeds.next_outcomes = deque[Outcome](["cut_report"])
    with pytest.raises(msgspec.DecodeError):
        _reported(caller, _feed(caller, _message(1, "MUG-1", 2)))
    caller.wait(minutes=1)
    assert _live(caller) == 2


def test_the_old_listing_feeds_end_fatal(caller: Caller) -> None:
    """Types removed in July 2025 are taken, and fail."""
    feed_id = json_of(_create(caller, _uploaded(caller, b"<x/>"), "POST_INVENTORY_AVAILABILITY_DATA"))["feedId"]
    caller.wait(minutes=5)
    assert _status(caller, feed_id) == "FATAL"


def test_accepted_is_not_applied_holds_for_feeds_too(caller: Caller) -> None:
    """The report says accepted, the attributes echo, and the quantity stays."""
    caller.merchant.list_goods(["MUG-1"], quantity=10)
    caller.account.listings.never_applied = 1.0
    report = _reported(caller, _feed(caller, _message(1, "MUG-1", 2)))
    caller.wait(minutes=10)
    assert (report["summary"]["messagesAccepted"], _live(caller)) == (1, 10)
    assert caller.account.listings.by_sku["MUG-1"].attributes["fulfillment_availability"] == [_units(2)]


def test_every_operation_type_does_what_its_name_says(caller: Caller) -> None:
    """UPDATE replaces everything, PARTIAL_UPDATE and PATCH what they name, DELETE takes the listing away."""
    caller.merchant.list_goods(["A", "B", "C", "D", "E"], quantity=10)
    more = {"item_name": [{"value": "Mug", "marketplace_id": DE}]}
    change = {"operationType": "UPDATE", "attributes": {"fulfillment_availability": [_units(1)]}}
    whole = {name: value for name, value in _message(1, "A", 0).items() if name != "patches"}
    report = _reported(
        caller,
        _feed(
            caller,
            whole | change | {"messageId": 1},
            whole | change | {"messageId": 2, "sku": "B", "operationType": "PARTIAL_UPDATE", "attributes": more},
            _message(3, "C", 3),
            {"messageId": 4, "sku": "D", "operationType": "DELETE"},
            whole | change | {"messageId": 5, "sku": "E", "attributes": more},
        ),
    )
    caller.wait(minutes=1)
    assert report["summary"]["messagesAccepted"] == 5
    assert [_live(caller, sku) for sku in ("A", "B", "C", "E")] == [1, 10, 3, None]
    assert "D" not in caller.account.listings.by_sku
    assert caller.account.listings.by_sku["B"].attributes == {"fulfillment_availability": [_units(10)]} | more


# The processing report


def test_an_unknown_sku_is_reported_as_accepted(caller: Caller) -> None:
    """Existence has to be checked elsewhere (amzn/selling-partner-api-models#4402)."""
    report = _reported(caller, _feed(caller, _message(1, "NOBODY-KNOWS", 2)))
    assert (report["issues"], report["summary"]["messagesAccepted"]) == ([], 1)
    assert "NOBODY-KNOWS" not in caller.account.listings.by_sku


def test_an_invalid_message_is_reported_and_the_others_are_applied(caller: Caller) -> None:
    """Each issue names its message; one bad message stops itself only."""
    caller.merchant.list_goods(["MUG-1", "MUG-2"], quantity=10)
    report = _reported(
        caller,
        _feed(
            caller,
            _message(1, "MUG-1", 2),
            _message(2, "MUG-2", -2),
            _message(3, "MUG-2", 5, productType=None),
            _message(4, "MUG-2", 5, operationType="MOVE"),
            _message(1, "MUG-2", 5),
            _message(5, "MUG-2", 5, attributes={"x": []}),
            _message(0, "MUG-2", 5),
            _message(2_147_483_648, "MUG-2", 5),
            _message(6, "", 5),
            _message(7, "MUG-2", 5, patches=[]),
            {"messageId": 8, "sku": "MUG-2", "operationType": "DELETE", "productType": "PRODUCT"},
        ),
    )
    caller.wait(minutes=1)
    schema = "4002008"
    assert _codes(report) == [
        (2, "90004114"),
        (3, schema),
        (4, schema),
        (1, schema),
        (5, schema),
        (None, schema),
        (2_147_483_648, schema),
        (6, schema),
        (7, schema),
        (8, schema),
    ]
    assert report["issues"][0]["sku"] == "MUG-2"
    assert report["issues"][0]["attributeName"] == "fulfillment_availability"
    assert report["summary"] == {
        "errors": 10,
        "warnings": 0,
        "messagesProcessed": 11,
        "messagesAccepted": 1,
        "messagesInvalid": 10,
    }
    assert (_live(caller, "MUG-1"), _live(caller, "MUG-2")) == (2, 10)
    assert problems(REPORT, report) == []


@pytest.mark.parametrize(
    ("change", "code", "seller"),
    [
        (b"not JSON", "4002001", ""),
        (b"[1]", "4002005", ""),
        ({"header": None}, "4002005", ""),
        ({"header": {"version": "2.0"}}, "4002005", ""),
        ({"header": {"sellerId": "A", "version": "1.0"}}, "4002006", "A"),
        ({"messages": []}, "4002005", "ATWINSELLER001"),
        ({"messages": None}, "4002005", "ATWINSELLER001"),
    ],
)
def test_a_feed_that_cannot_be_read_has_one_issue_without_a_message(
    caller: Caller, change: bytes | Json, code: str, seller: str
) -> None:
    """The issue is the feed's own, nothing is processed, and the seller may be missing from the report's header."""
    feed = change if isinstance(change, bytes) else _feed(caller, _message(1, "MUG-1", 2)) | change
    report = _reported(caller, feed)
    assert (_codes(report), report["header"]["sellerId"]) == ([(None, code)], seller)
    assert (report["summary"]["errors"], report["summary"]["messagesProcessed"]) == (1, 0)
    assert problems(REPORT, report) == []


def test_a_feed_for_another_seller_is_refused_message_by_message(caller: Caller) -> None:
    """The header must name the seller whose token created the feed (amzn/selling-partner-api-models#2851)."""
    report = _reported(caller, _feed(caller, _message(1, "MUG-1", 2), sellerId="SOMEBODY"))
    assert (_codes(report), report["summary"]["messagesInvalid"]) == ([(1, "BAD_REQUEST")], 1)


def test_a_feed_holds_25000_messages_and_no_more(caller: Caller) -> None:
    """One more, and nothing of it is taken."""
    messages = [_message(number, "MUG-1", 1) for number in range(1, MESSAGES_MAX + 1)]
    full = _reported(caller, _feed(caller, *messages))
    over = _reported(caller, _feed(caller, *messages, _message(MESSAGES_MAX + 1, "MUG-1", 1)))
    assert (full["summary"]["messagesAccepted"], full["issues"]) == (MESSAGES_MAX, [])
    assert (over["summary"]["messagesProcessed"], over["summary"]["errors"]) == (0, 1)


def test_a_report_shows_the_listings_its_header_asked_for(caller: Caller) -> None:
    """Items of the Listings API for the messages that were accepted, as the listings are when the feed is done."""
    caller.merchant.list_goods(["MUG-1", "MUG-2"], quantity=10)
    wish = {"includedData": ["fulfillmentAvailability", "attributes", "issues"], "apiVersion": "2021-08-01"}
    messages = [_message(1, "MUG-1", 2), _message(2, "MUG-2", -1), _message(3, "NONE", 1)]
    report = _reported(caller, _feed(caller, *messages, report=wish))
    [shown] = report["items"]
    assert (shown["sku"], shown["fulfillmentAvailability"][0]["quantity"]) == ("MUG-1", 10)
    assert shown["attributes"]["fulfillment_availability"] == [_units(2)]
    assert report["summary"]["itemSummary"] == {"items": 1, "errors": 0, "warnings": 0}
    assert report["header"]["report"] == wish
    assert problems(REPORT, report) == []


def test_the_published_example_of_a_feed_is_understood(caller: Caller) -> None:
    """All operation types of the example are accepted; what these tests send fits the schema of feeds as well."""
    example = published("schemas", "feeds/listings-feed-schema-v2.example.json")
    example["header"]["sellerId"] = caller.account.seller_id
    caller.merchant.list_goods([f"My-SKU-{letter}" for letter in "ABCDE"], quantity=1)
    report = _reported(caller, example)
    caller.wait(minutes=1)
    caller.account.catch_up()
    assert (report["issues"], report["summary"]["messagesAccepted"]) == ([], 5)
    assert {sku: listing.live for sku, listing in caller.account.listings.by_sku.items()} == {
        "My-SKU-B": {"DEFAULT": 10},
        "My-SKU-C": {"AMAZON_NA": None},
        "My-SKU-D": {"DEFAULT": 10},
        "My-SKU-E": {"DEFAULT": 10},
    }
    assert problems(FEED, _feed(caller, _message(1, "MUG-1", 2))) == []
    assert problems(REPORT, report) == []


def test_a_report_is_compressed_and_its_address_lives_for_five_minutes(caller: Caller, check: Check) -> None:
    """GZIP by name, or by content encoding where the caller asks for it; a report is kept for 28 days."""
    feed_id = _fed(caller, _feed(caller, _message(1, "MUG-1", 2)))
    caller.wait(minutes=5)
    plain, encoded = _document(caller, feed_id), _document(caller, feed_id, enableContentEncodingUrlHeader="true")
    by_name, by_header = (_download(caller, json_of(one)["url"]) for one in (plain, encoded))
    caller.wait(minutes=5)
    late = _download(caller, json_of(plain)["url"])
    caller.wait(days=28)
    gone = check("getFeedDocument", _document(caller, feed_id))
    assert (check("getFeedDocument", plain), json_of(plain)["compressionAlgorithm"]) == (200, "GZIP")
    assert (by_name.headers.get("content-encoding"), by_header.headers["content-encoding"]) == (None, "gzip")
    assert gzip.decompress(by_name.body).startswith(b'{"header"')
    assert (late.status, gone) == (403, 404)


# Lists, rates, roles, faults


def test_feeds_are_listed_by_filters_or_by_a_token_alone(caller: Caller, check: Check) -> None:
    """The newest first, in pages; a token goes with nothing else."""
    caller.account.set_rate("createFeed/JSON_LISTINGS_FEED", 100.0, 100)
    fed = [
        _fed(caller, _feed(caller, _message(1, "MUG-1", 2)))
        for _ in range(3)
        if caller.wait(minutes=1) > caller.beginning
    ]
    caller.wait(hours=1)
    late = _fed(caller, _feed(caller, _message(1, "MUG-1", 2)))
    first = caller.send("GET", f"{ROOT}/feeds", feedTypes=LISTINGS, pageSize="3")
    token = json_of(first)["nextToken"]
    second = caller.send("GET", f"{ROOT}/feeds", nextToken=token)
    both = caller.send("GET", f"{ROOT}/feeds", nextToken=token, feedTypes=LISTINGS)
    waiting = caller.send("GET", f"{ROOT}/feeds", feedTypes=LISTINGS, processingStatuses="IN_QUEUE,IN_PROGRESS")
    old = caller.send("GET", f"{ROOT}/feeds", feedTypes=LISTINGS, createdUntil="2026-11-02T09:02:00Z")
    pages = [[feed["feedId"] for feed in json_of(one)["feeds"]] for one in (first, second, waiting, old)]
    assert pages == [[late, fed[2], fed[1]], [fed[0]], [late], [fed[1], fed[0]]]
    assert [check("getFeeds", one) for one in (first, second, waiting, old, both)] == [200, 200, 200, 200, 400]


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"pageSize": "10"},
        {"feedTypes": LISTINGS, "pageSize": "101"},
        {"feedTypes": LISTINGS, "processingStatuses": "LOST"},
        {"feedTypes": ",".join(f"POST_{number}" for number in range(11))},
        {"feedTypes": LISTINGS, "createdSince": "yesterday"},
        {"nextToken": "unknown"},
    ],
)
def test_a_list_that_breaks_a_rule_is_a_400(caller: Caller, check: Check, query: dict[str, str]) -> None:
    """Feed types or a token, at most ten types, a hundred on a page, known statuses."""
    assert check("getFeeds", caller.send("GET", f"{ROOT}/feeds", **query)) == 400


def test_a_feed_is_kept_for_ninety_days(caller: Caller, check: Check) -> None:
    """After that it is found no more, alone or in a list."""
    feed_id = _fed(caller, _feed(caller, _message(1, "MUG-1", 2)))
    caller.wait(days=91)
    assert check("getFeed", _get(caller, feed_id)) == 404
    assert json_of(caller.send("GET", f"{ROOT}/feeds", feedTypes=LISTINGS))["feeds"] == []


def test_five_listing_feeds_in_five_minutes(caller: Caller) -> None:
    """This type has a plan of its own: five at once, then one a minute; other types and operations are not touched."""
    document_id = _uploaded(caller, _feed(caller, _message(1, "MUG-1", 2)))
    answers = [_create(caller, document_id) for _ in range(6)]
    caller.wait(seconds=60)
    next_minute = [_create(caller, document_id).status for _ in range(2)]
    other = _create(caller, document_id, "POST_PRODUCT_DATA")
    assert [answer.status for answer in answers] == [202] * 5 + [429]
    assert next_minute == [202, 429]
    assert (other.status, other.headers["x-amzn-ratelimit-limit"]) == (202, "0.0083")


def test_the_other_operations_have_their_published_rates(caller: Caller) -> None:
    """Bursts of 15, 15, 15, 10 and 10."""
    calls = {
        "createFeedDocument": ("POST", f"{ROOT}/documents", {"contentType": JSON_TYPE}),
        "getFeed": ("GET", f"{ROOT}/feeds/1", None),
        "cancelFeed": ("DELETE", f"{ROOT}/feeds/1", None),
        "getFeeds": ("GET", f"{ROOT}/feeds", None),
        "getFeedDocument": ("GET", f"{ROOT}/documents/1", None),
    }
    statuses = {name: [caller.send(*call).status for _ in range(20)] for name, call in calls.items()}
    tried = {name: codes.index(429) for name, codes in statuses.items()}
    rates = {name: caller.account.bucket(name).rate for name in calls}
    assert tried == {"createFeedDocument": 15, "getFeed": 15, "cancelFeed": 15, "getFeeds": 10, "getFeedDocument": 10}
    assert list(rates.values()) == [0.5, 2.0, 2.0, 0.0222, 0.0222]


def test_the_role_product_listing_is_needed(caller: Caller, check: Check) -> None:
    """Feeds of listings need the role of listings."""
    caller.account.roles.discard("product_listing")
    assert check("getFeed", _get(caller, "1")) == 403


@pytest.mark.parametrize("answer", ["unavailable", "broken", "throttled", "forbidden", "not_found"])
def test_faults_speak_the_models_language(caller: Caller, check: Check, answer: FaultAnswer) -> None:
    """A fault looks like an error of the API, and its call had no effect."""
    document_id = _uploaded(caller, _feed(caller, _message(1, "MUG-1", 2)))
    caller.world.faults.add(Fault("amazon.*Feed*", answer, times=3))
    failed = [check("createFeed", _create(caller, document_id)), check("getFeed", _get(caller, "1"))]
    assert [*failed, check("cancelFeed", _cancel(caller, "1"))] == [STATUS_OF_FAULT[answer]] * 3
    assert caller.account.feeds.by_id == {}


def test_a_feed_whose_answer_is_lost_was_created(caller: Caller) -> None:
    """A time-out after the effect: nobody knows the feed id, and the feed waits."""
    document_id = _uploaded(caller, _feed(caller, _message(1, "MUG-1", 2)))
    caller.world.faults.add(Fault("amazon.createFeed", "timed_out", after_effect=True))
    assert _create(caller, document_id).hold is not None
    assert [feed.status for feed in caller.account.feeds.by_id.values()] == ["IN_QUEUE"]
    assert _create(caller, document_id).status == 202


def test_the_storage_fails_in_its_own_words(caller: Caller) -> None:
    """Uploads and downloads are operations too; a fault strikes them and speaks XML."""
    made = _new_document(caller)
    caller.world.faults.add(Fault("amazon.uploadFeedDocument", "unavailable"))
    failed, right = _put(caller, made["url"], b"{}"), _put(caller, made["url"], b"{}")
    assert (failed.status, b"<Code>SlowDown</Code>" in failed.body, right.status) == (503, True, 200)
    assert [call.operation for call in caller.world.calls[-2:]] == ["amazon.uploadFeedDocument"] * 2


def test_every_answer_fits_the_model(caller: Caller, check: Check) -> None:
    """From the document to the cancelled, the fatal and the finished feed."""
    caller.account.feeds.next_outcomes = deque[Outcome](["fatal", "done", "done"])
    made = caller.send("POST", f"{ROOT}/documents", {"contentType": JSON_TYPE})
    _put(caller, json_of(made)["url"], msgspec.json.encode(_feed(caller, _message(1, "MUG-1", 2))))
    created = [_create(caller, json_of(made)["feedDocumentId"]) for _ in range(3)]
    fatal, done, cancelled = (json_of(one)["feedId"] for one in created)
    waiting = check("getFeed", _get(caller, fatal))
    assert check("cancelFeed", _cancel(caller, cancelled)) == 200
    caller.wait(seconds=21)
    running = check("getFeed", _get(caller, fatal))
    caller.wait(minutes=10)
    ended = [check("getFeed", _get(caller, feed_id)) for feed_id in (fatal, done, cancelled)]
    listed = check("getFeeds", caller.send("GET", f"{ROOT}/feeds", feedTypes=LISTINGS))
    assert [check("createFeedDocument", made), *[check("createFeed", one) for one in created]] == [201, 202, 202, 202]
    assert [waiting, running, *ended, listed] == [200] * 6
    assert check("getFeedDocument", _document(caller, done)) == 200
    assert [_status(caller, feed_id) for feed_id in (fatal, done, cancelled)] == ["FATAL", "DONE", "CANCELLED"]


# Notifications and control


def test_the_end_of_a_feed_is_notified(caller: Caller) -> None:
    """DONE with its report, FATAL and CANCELLED without, in the form of the schema and its small letters."""
    caller.account.feeds.next_outcomes = deque[Outcome](["done", "fatal", "done"])
    done, fatal, cancelled = (_fed(caller, _feed(caller, _message(1, "MUG-1", 2))) for _ in range(3))
    _cancel(caller, cancelled)
    caller.wait(minutes=10)
    told = messages_of(caller.account, FINISHED)
    ends = [one["payload"]["feedProcessingFinishedNotification"] for one in told]
    result = json_of(_get(caller, done))["resultFeedDocumentId"]
    assert [(end["feedId"], end["processingStatus"], end.get("resultFeedDocumentId")) for end in ends] == [
        (cancelled, "CANCELLED", None),
        (done, "DONE", result),
        (fatal, "FATAL", None),
    ]
    assert {end["feedType"] for end in ends} == {LISTINGS}
    assert [problems("notifications/FeedProcessingFinishedNotification.json", one) for one in told] == [[], [], []]


@pytest.fixture
def outside() -> Iterator[tuple[Twin, httpx2.Client]]:
    """A served twin with a seller who lists two SKUs, and a client that has signed in."""
    twin = Twin()
    account = twin.amazon.add_account()
    twin.add_merchant(Merchant(twin.world, account, skus=["MUG-1", "MUG-2"]))
    form = {"grant_type": "refresh_token", "refresh_token": account.refresh_token}
    form |= {"client_id": account.client_id, "client_secret": account.client_secret}
    with start(twin) as running, httpx2.Client(base_url=running.url, timeout=10.0) as client:
        granted = client.post("/auth/o2/token", data=form).json()
        client.headers["x-amz-access-token"] = granted["access_token"]
        assert client.post("/_twin/merchant/list", json={"quantity": 10}).json() == {"skus": ["MUG-1", "MUG-2"]}
        yield twin, client


def test_a_client_feeds_over_the_wire(outside: tuple[Twin, httpx2.Client]) -> None:
    """Document, upload, feed and report through one port; control makes time pass and shows what is live."""
    twin, client = outside
    feed = {"header": {"sellerId": "ATWINSELLER001", "version": "2.0"}, "messages": [_message(1, "MUG-1", 3)]}
    made = client.post(f"{ROOT}/documents", json={"contentType": JSON_TYPE}).json()
    put = client.put(made["url"], content=msgspec.json.encode(feed), headers={"content-type": JSON_TYPE})
    asked = {"feedType": LISTINGS, "marketplaceIds": [DE], "inputFeedDocumentId": made["feedDocumentId"]}
    feed_id = client.post(f"{ROOT}/feeds", json=asked).json()["feedId"]
    client.post("/_twin/clock/advance", json={"seconds": 600})
    result = client.get(f"{ROOT}/feeds/{feed_id}").json()["resultFeedDocumentId"]
    link = client.get(f"{ROOT}/documents/{result}", params={"enableContentEncodingUrlHeader": "true"}).json()
    report = client.get(link["url"]).json()
    listed = client.get("/_twin/listings").json()["listings"]
    assert (put.status_code, report["summary"]["messagesAccepted"], listed["MUG-1"]["live"]) == (200, 1, {"DEFAULT": 3})
    assert client.get("/_twin/feeds").json()["feeds"][0]["status"] == "DONE"
    assert client.get("/_twin/state").json()["amazon"]["ATWINSELLER001"]["feeds_by_status"] == {"DONE": 1}
    assert twin.world.counts()["amazon.downloadFeedDocument"] == 1


def test_people_and_platform_are_told_from_outside(outside: tuple[Twin, httpx2.Client]) -> None:
    """Quantities by hand, purchases until nothing is left, a cancellation that restocks, and how Amazon fares."""
    twin, client = outside
    edited = client.post("/_twin/merchant/edit_quantity", json={"sku": "MUG-1", "quantity": 3})
    bought = client.post("/_twin/merchant/buy", json={"count": 3, "skus": ["MUG-1"], "quantity": 2}).json()
    cancelled = {"order_id": bought["order_ids"][0], "restock": True}
    client.post("/_twin/merchant/cancel", json=cancelled)
    slow = client.post("/_twin/listings", json={"delay_s": [600, 600], "never_applied": 0.5}).json()
    feeds = {"queue_s": [1, 2], "processing_s": [3, 4], "stuck": True, "next_outcomes": ["fatal"]}
    stuck = client.post("/_twin/feeds", json=feeds).json()
    moving = client.post("/_twin/feeds", json={"stuck": False}).json()
    account = twin.merchants["ATWINSELLER001"].account
    assert edited.json() == {"sku": "MUG-1", "quantity": 3}
    assert (len(bought["order_ids"]), bought["sold_out"]) == (2, 1)
    assert account.listings.by_sku["MUG-1"].quantity == 2
    assert (slow, account.listings.delay_s) == ({"delay_s": [600, 600], "never_applied": 0.5}, (600.0, 600.0))
    assert (stuck, moving) == (feeds, feeds | {"stuck": False})


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("merchant/edit_quantity", {"sku": "NONE", "quantity": 1}),
        ("merchant/edit_quantity", {"sku": "MUG-1", "quantity": -1}),
        ("merchant/cancel", {"order_id": "305-0000000-0000000"}),
        ("merchant/list", {"quantity": -1}),
        ("listings", {"never_applied": 2}),
        ("listings", {"delay_s": [-1, 1]}),
        ("feeds", {"next_outcomes": ["happy"]}),
        ("feeds", {"seller_id": "NOBODY"}),
    ],
)
def test_control_without_sense_says_why(outside: tuple[Twin, httpx2.Client], path: str, body: Json) -> None:
    """A mistake is a 400 with a sentence."""
    _, client = outside
    refused = client.post(f"/_twin/{path}", json=body)
    assert (refused.status_code, bool(refused.json()["error"])) == (400, True)
