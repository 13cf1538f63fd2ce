"""A JSON_LISTINGS_FEED as the simulated Amazon reads it, and the processing report it writes about it.

Both in the form of the published schemas (listings-feed-schema-v2, listings-feed-processing-report-schema-v2). A report
says what was understood, not what took effect: a message for an unknown SKU is accepted without an issue.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Literal, NamedTuple

import msgspec

from crossdock.twin.amazon_listing_items import ITEM_DATASETS, item
from crossdock.twin.amazon_listing_patches import (
    Change,
    Json,
    Malformed,
    Patch,
    as_patches,
    change_of,
    check_form,
    find_issues,
    replaced,
)
from crossdock.twin.amazon_listings import Listing

MESSAGES_MAX = 25_000
MESSAGE_ID_MAX = 2_147_483_647

NOT_PARSED = ("4002001", "Item 'Feed' cannot be parsed.")
NO_HEADER = ("4002005", "Attribute 'header' is required, but not present.")
NO_SELLER = ("4002005", "Attribute 'Merchant' is required, but not present.")
NO_MESSAGES = ("4002005", "Attribute 'messages' is required, but not present.")
WRONG_VERSION = ("4002006", "Attribute 'version' does not match the required value.")
TOO_MANY = ("4002004", f"The feed holds more than {MESSAGES_MAX} messages.")  # the code is a guess, nobody published it
NOT_OF_THE_SCHEMA = (
    "4002008",
    "The provided message did not meet the schema validation requirements for a feed message.",
)
OTHER_SELLER = ("BAD_REQUEST", "Invalid 'accountId' provided.")

NEEDED = {  # beside messageId, sku and operationType
    "UPDATE": {"productType", "attributes"},
    "PARTIAL_UPDATE": {"productType", "attributes"},
    "PATCH": {"productType", "patches"},
    "DELETE": set[str](),
}
FORBIDDEN = {
    "UPDATE": {"patches"},
    "PARTIAL_UPDATE": {"requirements", "patches"},
    "PATCH": {"requirements", "attributes"},
    "DELETE": {"requirements", "attributes", "productType", "patches"},
}


class Message(msgspec.Struct, rename="camel"):
    """One message of a feed."""

    message_id: int
    sku: str
    operation_type: Literal["UPDATE", "PARTIAL_UPDATE", "PATCH", "DELETE"]
    product_type: str | None = None
    requirements: Literal["LISTING", "LISTING_PRODUCT_ONLY", "LISTING_OFFER_ONLY"] | None = None
    attributes: Json | None = None
    patches: list[Patch] | None = None

    def change(self, attributes: Json) -> Change | None:
        """Tell what a valid message makes of a listing's attributes; None: it deletes the listing."""
        match self.operation_type:
            case "DELETE":
                return None
            case "UPDATE":
                return replaced(attributes, self.attributes or {})
            case "PARTIAL_UPDATE":
                return change_of(attributes, as_patches(self.attributes or {}))
            case "PATCH":
                return change_of(attributes, self.patches or [])


class Reading(NamedTuple):
    """What was understood of a feed."""

    seller_id: str
    report: Json | None
    """What the header wants the report to hold of the listings."""
    accepted: list[Message]
    issues: list[Json]
    processed: int


class ReportRequest(msgspec.Struct, rename="camel"):
    """Which datasets of the listings a header wants in the report."""

    included_data: list[str]
    api_version: Literal["2021-08-01"]


class FeedRefused(Exception):
    """Nothing of the feed can be taken: the seller named in its header, code and message."""


def read_feed(body: bytes, seller_id: str) -> Reading:
    """Read a feed of a seller, message by message."""
    try:
        named, report, messages = _parts_of(body)
    except FeedRefused as refused:
        named, code, message = refused.args
        return Reading(named, None, [], [_issue(code, message)], 0)
    accepted, issues = [], []
    seen: Counter[int] = Counter()
    for raw in messages:
        message = _message(raw)
        if message is None:
            issues.append(_issue(*NOT_OF_THE_SCHEMA) | _named(raw))
            continue
        seen[message.message_id] += 1
        found = _issues_of(message, first=seen[message.message_id] == 1, own=named == seller_id)
        issues += found
        if not found:
            accepted.append(message)
    return Reading(named, report, accepted, issues, len(messages))


def write_report(
    reading: Reading, feed_id: str, find: Callable[[str], Listing | None], marketplaces: list[str]
) -> Json:
    """Write the processing report, with the listings as they are now where the header asked for them."""
    header: Json = {"sellerId": reading.seller_id, "version": "2.0", "feedId": feed_id}
    summary: Json = {
        "errors": _count(reading.issues, "ERROR"),
        "warnings": _count(reading.issues, "WARNING"),
        "messagesProcessed": reading.processed,
        "messagesAccepted": len(reading.accepted),
        "messagesInvalid": reading.processed - len(reading.accepted),
    }
    report: Json = {"header": header, "issues": reading.issues, "summary": summary}
    if reading.report is not None:
        skus = dict.fromkeys(message.sku for message in reading.accepted)
        listings = [listing for sku in skus if (listing := find(sku)) is not None]
        header["report"] = reading.report
        report["items"] = [item(listing, reading.report["includedData"], marketplaces) for listing in listings]
        issues = [issue for listing in listings for issue in listing.issues]
        summary["itemSummary"] = {
            "items": len(listings),
            "errors": _count(issues, "ERROR"),
            "warnings": _count(issues, "WARNING"),
        }
    return report


def _parts_of(body: bytes) -> tuple[str, Json | None, list[object]]:
    """Take a feed apart: the seller and the wishes of its header, and its messages. Raises FeedRefused."""
    try:
        feed = msgspec.json.decode(body)
    except msgspec.DecodeError:
        raise FeedRefused("", *NOT_PARSED) from None
    header = feed.get("header") if isinstance(feed, dict) else None
    if not isinstance(header, dict):
        raise FeedRefused("", *NO_HEADER)
    named = header.get("sellerId")
    if not isinstance(named, str) or not named:
        raise FeedRefused("", *NO_SELLER)
    if header.get("version") != "2.0":
        raise FeedRefused(named, *WRONG_VERSION)
    messages = feed.get("messages")
    if not isinstance(messages, list) or not messages:
        raise FeedRefused(named, *NO_MESSAGES)
    if len(messages) > MESSAGES_MAX:
        raise FeedRefused(named, *TOO_MANY)
    return named, _report_of(named, header.get("report")), messages


def _report_of(named: str, wish: object) -> Json | None:
    """Read what the header wants to be reported. Raises FeedRefused."""
    if wish is None:
        return None
    try:
        read = msgspec.convert(wish, ReportRequest)
    except msgspec.ValidationError:
        raise FeedRefused(named, *NOT_PARSED) from None
    if not read.included_data or not set(read.included_data) <= ITEM_DATASETS:
        raise FeedRefused(named, *NOT_PARSED)
    return {"includedData": read.included_data, "apiVersion": read.api_version}


def _message(raw: object) -> Message | None:
    """Read one message; None if it is not what the schema wants."""
    try:
        message = msgspec.convert(raw, Message)
        check_form(message.patches or [])
    except (msgspec.ValidationError, Malformed):
        return None
    fields: Json = raw if isinstance(raw, dict) else {}
    kind = message.operation_type
    whole = NEEDED[kind] <= fields.keys() and not FORBIDDEN[kind] & fields.keys() and None not in fields.values()
    filled = message.attributes != {} and message.patches != [] and message.product_type != "" and message.sku
    return message if whole and filled and 1 <= message.message_id <= MESSAGE_ID_MAX else None


def _issues_of(message: Message, *, first: bool, own: bool) -> list[Json]:
    """Tell why a message is invalid; empty if it is valid."""
    if not first:
        return [_issue(*NOT_OF_THE_SCHEMA) | {"messageId": message.message_id, "sku": message.sku}]
    if not own:
        return [_issue(*OTHER_SELLER) | {"messageId": message.message_id}]
    patches = message.patches if message.patches is not None else as_patches(message.attributes or {})
    return [
        {
            "messageId": message.message_id,
            "sku": message.sku,
            "code": issue["code"],
            "severity": issue["severity"],
            "message": issue["message"],
            "attributeName": issue["attributeNames"][0],
        }
        for issue in find_issues(patches)
    ]


def _named(raw: object) -> Json:
    """Give what can be told of a message that was not understood."""
    known = raw if isinstance(raw, dict) else {}
    number, sku = known.get("messageId"), known.get("sku")
    told: Json = {"messageId": number} if isinstance(number, int) and number >= 1 else {}
    return told | ({"sku": sku} if isinstance(sku, str) and sku else {})


def _issue(code: str, message: str) -> Json:
    """Word an error that stops a message, or the whole feed."""
    return {"code": code, "severity": "ERROR", "message": message}


def _count(issues: Iterable[Json], severity: str) -> int:
    """Count the issues of one severity."""
    return sum(issue.get("severity") == severity for issue in issues)
