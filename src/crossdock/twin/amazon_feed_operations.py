"""The Feeds API 2021-06-30, simulated, and the storage its documents are put to and taken from.

The storage answers under `/feed-documents/` of the host that was asked for the address, wants no access token, and
speaks XML: an address lives for five minutes, and an upload must come with the very content type it was made for.
"""

import re
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import msgspec

from crossdock.twin.amazon_account import LISTING_ROLES, SellerAccount, timestamp
from crossdock.twin.amazon_feeds import LISTINGS_FEED, Feed, Link
from crossdock.twin.amazon_operations import Answer, NotFound, Operation
from crossdock.twin.amazon_pages import STATUSES, answer_page
from crossdock.twin.amazon_search import InvalidInput, Query, choice, time_value, values
from crossdock.twin.world import STATUS_OF_FAULT, FaultAnswer, Request, Response

DOCUMENTS_PATH = "/feed-documents/"
HOST = "amazon.test"  # of addresses, where a request names no host
REMOVED_TYPES = frozenset(  # taken, and FATAL in the end: since 31 July 2025 they are processed no more
    {
        "POST_FLAT_FILE_INVLOADER_DATA",
        "POST_FLAT_FILE_LISTINGS_DATA",
        "POST_FLAT_FILE_PRICEANDQUANTITYONLY_UPDATE_DATA",
        "POST_INVENTORY_AVAILABILITY_DATA",
        "POST_PRODUCT_DATA",
        "POST_PRODUCT_IMAGE_DATA",
        "POST_PRODUCT_OVERRIDES_DATA",
        "POST_PRODUCT_PRICING_DATA",
        "POST_PRODUCT_RELATIONSHIP_DATA",
        "POST_UIEE_BOOKLOADER_DATA",
    }
)
FEED_TYPES_MAX = 10
MARKETPLACES_MAX = {"createFeed": 25, "getFeeds": 10}
FEEDS_KEPT = timedelta(days=90)
REPORTS_KEPT = timedelta(days=28)
INVALID_BODY = "Invalid request parameters"
STORAGE_ERRORS: dict[FaultAnswer, str] = {
    "unavailable": "SlowDown",
    "throttled": "SlowDown",
    "broken": "InternalError",
    "not_found": "NoSuchKey",
    "too_large": "EntityTooLarge",
}


class DocumentRequest(msgspec.Struct, rename="camel"):
    """The body of createFeedDocument."""

    content_type: str


class FeedRequest(msgspec.Struct, rename="camel"):
    """The body of createFeed."""

    feed_type: str
    marketplace_ids: list[str]
    input_feed_document_id: str
    feed_options: dict[str, str] | None = None


def create_document(account: SellerAccount, request: Request, _: list[str]) -> Answer:
    """Answer createFeedDocument."""
    try:
        content_type = msgspec.json.decode(request.body, type=DocumentRequest).content_type
    except msgspec.DecodeError:
        raise InvalidInput(INVALID_BODY) from None
    if "/" not in content_type:
        raise InvalidInput(INVALID_BODY)
    document = account.feeds.new_document(content_type)
    url = _url(request, account.feeds.new_link(document))
    return Answer(201, {"feedDocumentId": document.document_id, "url": url})


def create_feed(account: SellerAccount, request: Request, _: list[str]) -> Answer:
    """Answer createFeed: the document must have been uploaded before."""
    asked = _feed_request(request)
    if asked is None:
        raise InvalidInput(INVALID_BODY)
    marketplaces = asked.marketplace_ids
    if not 1 <= len(marketplaces) <= MARKETPLACES_MAX["createFeed"] or not set(marketplaces) <= set(
        account.marketplace_ids
    ):
        raise InvalidInput("marketplaceIds names no marketplace, too many, or one the seller is not in.")
    if asked.feed_type != LISTINGS_FEED and asked.feed_type not in REMOVED_TYPES:
        raise InvalidInput(f"feedType {asked.feed_type} is not known here.")
    document = account.feeds.documents.get(asked.input_feed_document_id)
    if document is None or document.result or document.body is None:
        raise InvalidInput("inputFeedDocumentId names no document, or one whose contents were not uploaded.")
    return Answer(202, {"feedId": account.feeds.create(asked.feed_type, marketplaces, document).feed_id})


def get_feed(account: SellerAccount, _: Request, parts: list[str]) -> Answer:
    """Answer getFeed."""
    return Answer(200, _shown(_find(account, parts[0])))


def cancel_feed(account: SellerAccount, _: Request, parts: list[str]) -> Answer:
    """Answer cancelFeed: only a feed that still waits can be cancelled."""
    feed = _find(account, parts[0])
    if not account.feeds.cancel(feed):
        raise InvalidInput(f"Feed {feed.feed_id} cannot be cancelled: its processingStatus is {feed.status}.")
    return Answer(200)


def get_feeds(account: SellerAccount, request: Request, _: list[str]) -> Answer:
    """Answer one page of getFeeds, the newest feed first: by filters, or by a token alone."""
    return answer_page(
        account,
        request.query,
        operation="getFeeds",
        field="feeds",
        find=lambda: _found(account, request.query),
        show=lambda feed_id: _shown(account.feeds.by_id[feed_id]),
    )


def get_document(account: SellerAccount, request: Request, parts: list[str]) -> Answer:
    """Answer getFeedDocument: the address of a report, for 28 days."""
    document = account.feeds.documents.get(parts[0])
    now = account.world.clock.now()
    if document is None or not document.result or document.created_at < now - REPORTS_KEPT:
        raise NotFound("NotFound", f"Feed document {parts[0]} was not found.")
    encodes = choice(request.query, "enableContentEncodingUrlHeader", frozenset({"true", "false"})) == {"true"}
    encoding = "gzip" if encodes and document.compressed else "identity"
    answer = {"feedDocumentId": document.document_id, "url": _url(request, account.feeds.new_link(document, encoding))}
    return Answer(200, answer | ({"compressionAlgorithm": "GZIP"} if document.compressed else {}))


def store(accounts: Iterable[SellerAccount], request: Request) -> Response:
    """Answer the storage: PUT what is fed, GET what was reported."""
    key = request.path.removeprefix(DOCUMENTS_PATH)
    link = next((account.feeds.links[key] for account in accounts if key in account.feeds.links), None)
    now = next(iter(accounts)).world.clock.now() if link else None
    if link is None or now is None or link.expires_at <= now:
        return storage_error(403, "AccessDenied", "Request has expired")
    if request.method == "PUT" and not link.document.result:
        return _upload(link, request)
    if request.method == "GET" and link.document.result and link.document.body is not None:
        headers = {"content-type": link.document.content_type}
        headers |= {"content-encoding": "gzip"} if link.content_encoding == "gzip" else {}
        return Response(200, link.document.body, headers)
    return storage_error(403, "SignatureDoesNotMatch", "The request signature does not match.")


def refuse_storage(fault: FaultAnswer) -> Response:
    """Word a fault as the storage does."""
    return storage_error(STATUS_OF_FAULT[fault], STORAGE_ERRORS.get(fault, "AccessDenied"), "The request was refused.")


def _upload(link: Link, request: Request) -> Response:
    """Keep what is fed."""
    if request.headers.get("content-type") != link.document.content_type:
        return storage_error(403, "SignatureDoesNotMatch", "The request signature does not match.")
    link.document.body = request.body
    return Response(200, b"", {})


def storage_error(status: int, code: str, message: str) -> Response:
    """Give an error in the form of the storage."""
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>'
    return Response(status, body.encode(), {"content-type": "application/xml"})


def _found(account: SellerAccount, query: Query) -> list[str]:
    """Find the feeds that match the filters."""
    kinds, marketplaces = set(values(query, "feedTypes")), set(values(query, "marketplaceIds"))
    if not kinds:
        raise InvalidInput("Either feedTypes or nextToken is required.")
    if len(kinds) > FEED_TYPES_MAX or len(marketplaces) > MARKETPLACES_MAX["getFeeds"]:
        raise InvalidInput("feedTypes or marketplaceIds names too many.")
    statuses = choice(query, "processingStatuses", STATUSES)
    now = account.world.clock.now()
    since, until = time_value(query, "createdSince"), time_value(query, "createdUntil")
    found = [
        feed
        for feed in account.feeds.by_id.values()
        if feed.feed_type in kinds
        and (not marketplaces or marketplaces & set(feed.marketplace_ids))
        and (not statuses or feed.status in statuses)
        and max(since or now - FEEDS_KEPT, now - FEEDS_KEPT) <= feed.created_at <= (until or now)
    ]
    return [feed.feed_id for feed in reversed(found)]


def _find(account: SellerAccount, feed_id: str) -> Feed:
    """Find a feed that is not older than feeds are kept."""
    feed = account.feeds.by_id.get(feed_id)
    if feed is None or feed.created_at < account.world.clock.now() - FEEDS_KEPT:
        raise NotFound("NotFound", f"Feed {feed_id} was not found.")
    return feed


def _shown(feed: Feed) -> dict[str, Any]:
    """Show a feed as the API does."""
    shown: dict[str, Any] = {
        "feedId": feed.feed_id,
        "feedType": feed.feed_type,
        "marketplaceIds": feed.marketplace_ids,
        "createdTime": timestamp(feed.created_at),
        "processingStatus": feed.status,
    }
    if feed.started_at is not None:
        shown["processingStartTime"] = timestamp(feed.started_at)
    if feed.ended_at is not None:
        shown["processingEndTime"] = timestamp(feed.ended_at)
    if feed.result_document_id is not None:
        shown["resultFeedDocumentId"] = feed.result_document_id
    return shown


def _url(request: Request, key: str) -> str:
    """Give the address of a document, on the host this request came to."""
    return f"http://{request.headers.get('host', HOST)}{DOCUMENTS_PATH}{key}?X-Amz-Expires=300"


def _feed_request(request: Request) -> FeedRequest | None:
    """Read the body of createFeed; None if it is none."""
    try:
        return msgspec.json.decode(request.body, type=FeedRequest)
    except msgspec.DecodeError:
        return None


def _plan(request: Request) -> str:
    """Tell which plan a createFeed counts for: feeds of listings have their own."""
    asked = _feed_request(request)
    return f"createFeed/{LISTINGS_FEED}" if asked and asked.feed_type == LISTINGS_FEED else "createFeed"


ROOT = "/feeds/2021-06-30"
ONE_FEED = re.compile(rf"{ROOT}/feeds/([^/]+)")
ALL_FEEDS = re.compile(rf"{ROOT}/feeds")
OPERATIONS = (
    Operation("createFeedDocument", "POST", re.compile(rf"{ROOT}/documents"), create_document, LISTING_ROLES),
    Operation("getFeedDocument", "GET", re.compile(rf"{ROOT}/documents/([^/]+)"), get_document, LISTING_ROLES),
    Operation("createFeed", "POST", ALL_FEEDS, create_feed, LISTING_ROLES, _plan),
    Operation("getFeeds", "GET", ALL_FEEDS, get_feeds, LISTING_ROLES),
    Operation("getFeed", "GET", ONE_FEED, get_feed, LISTING_ROLES),
    Operation("cancelFeed", "DELETE", ONE_FEED, cancel_feed, LISTING_ROLES),
)
