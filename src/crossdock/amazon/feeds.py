"""Feeds API 2021-06-30, for JSON_LISTINGS_FEED: many quantities at once, in Amazon's own time.

Source: the model `feeds_2021-06-30.json`, the schemas of the feed and of its report, and the page of best practices. One method is one step, so that
what a crash must not lose can be written down between two. A feed that is done was understood, not applied; its report names only what was refused or
remarked on, so a message it does not name counts as accepted only where the report is whole and its sums agree.
"""

from __future__ import annotations

import re
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, get_args
from urllib.parse import quote

import msgspec

from crossdock.amazon.client import Client
from crossdock.amazon.listings import (
    ANY_PRODUCT_TYPE,
    CODE_LENGTH_MAX,
    CODES_MAX,
    NOT_JSON,
    quantity_patches,
    read_answer,
)
from crossdock.amazon.rates import (
    CANCEL_FEED,
    CREATE_FEED_DOCUMENT,
    CREATE_LISTINGS_FEED,
    GET_FEED,
    GET_FEED_DOCUMENT,
)
from crossdock.domain.ids import MarketplaceId, SellerSku
from crossdock.domain.listed import FeedDocument, FeedReport, FeedState, FeedStatus, MessageResult, SetQuantity, Upload
from crossdock.errors import DataError, Rejected

PATH = "/feeds/2021-06-30"
FEED_TYPE = "JSON_LISTINGS_FEED"
# The address is made for this very text, and an upload with another is refused.
CONTENT_TYPE = "application/json; charset=UTF-8"
# The schema's own limit since January 2026, and the size Amazon advises.
MESSAGES_MAX = 25_000
FEED_BYTES_MAX = 10 * 1024 * 1024

# 25,000 messages with four issues of some 600 bytes each are 60 MB; what is larger, packed or unpacked, is cut off there.
REPORT_BYTES_MAX = 64 * 1024 * 1024

# A document is one member; some writers make several. Millions of empty ones would take for ever.
GZIP_MEMBERS_MAX = 16

_GZIP_MAGIC = b"\x1f\x8b"
_GZIP_WINDOW = zlib.MAX_WBITS | 16
# A text that breaks off is taken to the end, so that nothing is looked at twice.
_QUOTES_AND_BRACKETS = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[][{}]', re.DOTALL)
# Of a report: the object itself, its list of issues, an issue.
_ISSUE_DEPTH = 3

_STATUSES: dict[str, FeedStatus] = {status: status for status in get_args(FeedStatus)}


class _Document(msgspec.Struct, rename="camel"):
    feed_document_id: str
    url: str


class _Created(msgspec.Struct, rename="camel"):
    feed_id: str


class _Feed(msgspec.Struct, rename="camel"):
    feed_id: str
    processing_status: str
    result_feed_document_id: str | None = None


class _Issue(msgspec.Struct, rename="camel"):
    severity: str
    message_id: Any = None
    sku: Any = None
    code: Any = None


class _Summary(msgspec.Struct, rename="camel"):
    messages_processed: int
    messages_accepted: int
    messages_invalid: int


class _Report(msgspec.Struct):
    issues: list[msgspec.Raw]
    summary: _Summary


class Feeds:
    """The listings feeds of one seller account."""

    def __init__(self, client: Client, marketplace_ids: Sequence[MarketplaceId]) -> None:
        """`marketplace_ids`: at most 25, all of one region."""
        self._client = client
        self._marketplace_ids = list(marketplace_ids)

    def create_document(self, *, urgent: bool = False) -> Upload:
        """A place for one document, open for five minutes. Repeating it makes another; one that is not used does no harm."""
        draft = {"contentType": CONTENT_TYPE}
        answer = self._client.post(CREATE_FEED_DOCUMENT, f"{PATH}/documents", draft=draft, urgent=urgent)
        made = read_answer(CREATE_FEED_DOCUMENT, answer.body, _Document)
        return Upload(made.feed_document_id, made.url)

    def upload(self, place: Upload, document: FeedDocument) -> None:
        """The document is in its place; repeating it is safe. Unavailable where the place has closed: make another."""
        self._client.upload("uploadFeedDocument", place.url, document.body, content_type=CONTENT_TYPE)

    def create(self, document_id: str, *, urgent: bool = False) -> str:
        """The id of the feed that now waits in Amazon's queue. Not to be repeated: after an Unavailable without `own_rate` it may be there already."""
        draft = {"feedType": FEED_TYPE, "marketplaceIds": self._marketplace_ids, "inputFeedDocumentId": document_id}
        answer = self._client.post(CREATE_LISTINGS_FEED, f"{PATH}/feeds", draft=draft, urgent=urgent)
        return read_answer(CREATE_LISTINGS_FEED, answer.body, _Created).feed_id

    def get(self, feed_id: str, *, urgent: bool = False) -> FeedState:
        """Where the feed stands. Rejected where Amazon does not know it, as after 90 days; DataError for a status that is not known."""
        body = self._client.get(GET_FEED, _feed_path(feed_id), {}, urgent=urgent).body
        feed = read_answer(GET_FEED, body, _Feed)
        status = _STATUSES.get(feed.processing_status)
        if status is None or feed.feed_id != feed_id:
            raise DataError(
                f"{GET_FEED}.processingStatus", f"{feed.processing_status[:64]!a} of {feed.feed_id[:64]!a} is not known"
            )
        return FeedState(feed_id, status, feed.result_feed_document_id)

    def cancel(self, feed_id: str) -> bool:
        """Whether the feed certainly never takes effect: it was taken out of the queue, now or before. False where it is too late.

        Amazon refuses with one code whatever the reason, so a refusal is decided by where the feed stands; one that waits still is refused indeed.
        """
        try:
            self._client.delete(CANCEL_FEED, _feed_path(feed_id), urgent=True)
        except Rejected:
            status = self.get(feed_id, urgent=True).status
            if status == "IN_QUEUE":
                raise
            return status == "CANCELLED"
        return True

    def report(self, report_id: str, skus: Sequence[SellerSku]) -> FeedReport:
        """What became of each message; `skus` as the document had them. Whatever arrives is read as far as it goes, and `incomplete` says so.

        Two calls, the second to the storage. Unavailable where either does not answer: the report is kept for 28 days.
        """
        body = self._client.get(GET_FEED_DOCUMENT, f"{PATH}/documents/{quote(report_id, safe='')}", {}).body
        place = read_answer(GET_FEED_DOCUMENT, body, _Document)
        packed, whole = self._client.download("downloadFeedDocument", place.url, bytes_max=REPORT_BYTES_MAX)
        return parse_feed_report(packed, skus, whole=whole)


def feed_documents(seller_id: str, changes: Iterable[SetQuantity]) -> Iterator[FeedDocument]:
    """The documents of feeds that set these quantities, one at a time and each within Amazon's limits: no more than one is ever held.

    A message is known by its number, from 1. A SKU may stand in one document once: within a feed nobody promises an order.
    """
    header = msgspec.json.encode({"sellerId": seller_id, "version": "2.0"})
    head, tail = b'{"header":' + header + b',"messages":[', b"]}"
    body, skus = bytearray(head), list[SellerSku]()
    for change in changes:
        message = _message(len(skus) + 1, change)
        if len(skus) == MESSAGES_MAX or len(body) + len(message) + len(tail) + 1 > FEED_BYTES_MAX:
            yield _document(body + tail, skus)
            body, skus = bytearray(head), []
            message = _message(1, change)
        body += b"," + message if skus else message
        skus.append(change.seller_sku)
    if skus:
        yield _document(body + tail, skus)


def parse_feed_report(packed: bytes, skus: Sequence[SellerSku], *, whole: bool = True) -> FeedReport:
    """What a report tells of the messages with these SKUs, numbered from 1; never an exception. `whole`: nothing of it is known to be missing."""
    body, unpacked = unpack(packed, REPORT_BYTES_MAX)
    report = _find_report(body) if whole and unpacked else None
    raw_issues = [bytes(raw) for raw in report.issues] if report else _salvage(body)
    issues = [issue for raw in raw_issues if (issue := _find_issue(raw)) is not None]
    summary = report.summary if report and len(issues) == len(raw_issues) else None
    numbers = {sku: number for number, sku in enumerate(skus, 1)}

    refused: set[int] = set()
    codes: dict[int, dict[str, None]] = defaultdict(dict)
    stops_all = False
    for issue in issues:
        number = _number_of(issue, numbers)
        codes[number][_code_of(issue)] = None
        if issue.severity == "ERROR" and number:
            refused.add(number)
        stops_all = stops_all or (issue.severity == "ERROR" and not number)
    others = _others_accepted(summary, len(skus), len(refused), stops_all=stops_all)
    return FeedReport(
        messages=tuple(
            MessageResult(sku, False if number in refused else others, tuple(codes[number])[:CODES_MAX])
            for number, sku in enumerate(skus, 1)
        ),
        codes=tuple(codes[0])[:CODES_MAX],
        incomplete=others is None,
    )


def unpack(packed: bytes, bytes_max: int) -> tuple[bytes, bool]:
    """The text of a document, packed or not by its first bytes, and whether that is all of it: no more than `bytes_max` is ever unpacked."""
    if not packed.startswith(_GZIP_MAGIC):
        return packed[:bytes_max], len(packed) <= bytes_max
    text = bytearray()
    for _ in range(GZIP_MEMBERS_MAX):
        member = zlib.decompressobj(_GZIP_WINDOW)
        try:
            text += member.decompress(packed, bytes_max - len(text) + 1)
        except zlib.error:
            return bytes(text), False
        if len(text) > bytes_max or not member.eof:
            return bytes(text[:bytes_max]), False
        packed = member.unused_data
        if not packed:
            return bytes(text), True
    return bytes(text), False


def _message(number: int, change: SetQuantity) -> bytes:
    return msgspec.json.encode(
        {
            "messageId": number,
            "sku": change.seller_sku,
            "operationType": "PATCH",
            "productType": ANY_PRODUCT_TYPE,
            "patches": quantity_patches(change.quantity),
        }
    )


def _document(body: bytes | bytearray, skus: Sequence[SellerSku]) -> FeedDocument:
    assert len(set(skus)) == len(skus), "one set a SKU and feed"
    return FeedDocument(bytes(body), tuple(skus))


def _feed_path(feed_id: str) -> str:
    return f"{PATH}/feeds/{quote(feed_id, safe='')}"


def _others_accepted(summary: _Summary | None, sent: int, refused: int, *, stops_all: bool) -> bool | None:
    """Whether the messages that no error names were accepted: all, none, or nobody can say."""
    if summary is None:
        return None
    if stops_all:
        return False if summary.messages_accepted == 0 else None
    told = (summary.messages_processed, summary.messages_accepted, summary.messages_invalid)
    return True if told == (sent, sent - refused, refused) else None


def _number_of(issue: _Issue, numbers: dict[SellerSku, int]) -> int:
    """The message an issue is about, by its number or else its SKU; 0 where it is about none of them."""
    if isinstance(issue.message_id, int) and 1 <= issue.message_id <= len(numbers):
        return issue.message_id
    return numbers.get(SellerSku(issue.sku), 0) if isinstance(issue.sku, str) else 0


def _code_of(issue: _Issue) -> str:
    return (issue.code[:CODE_LENGTH_MAX] if isinstance(issue.code, str) else "") or issue.severity[:CODE_LENGTH_MAX]


def _find_report(body: bytes) -> _Report | None:
    try:
        return msgspec.json.decode(body, type=_Report)
    except NOT_JSON:
        return None


def _find_issue(raw: bytes) -> _Issue | None:
    try:
        return msgspec.json.decode(raw, type=_Issue)
    except NOT_JSON:
        return None


def _salvage(body: bytes) -> list[bytes]:
    """The whole objects at the depth of issues, by quotes and brackets alone, of a report that breaks off somewhere."""
    parts: list[bytes] = []
    depth = begin = 0
    for token in _QUOTES_AND_BRACKETS.finditer(body):
        if token.group() in {b"[", b"{"}:
            depth += 1
            begin = token.start() if depth == _ISSUE_DEPTH else begin
        elif token.group() in {b"]", b"}"}:
            if depth == _ISSUE_DEPTH:
                parts.append(body[begin : token.end()])
            depth -= 1
    return parts
