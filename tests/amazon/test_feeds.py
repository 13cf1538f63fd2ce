"""Feeds of quantities: documents within Amazon's limits, their way through the twin's queue, and reports read as far as they go."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.amazon.feeds import (
    CONTENT_TYPE,
    FEED_BYTES_MAX,
    GZIP_MEMBERS_MAX,
    MESSAGES_MAX,
    Feeds,
    feed_documents,
    parse_feed_report,
    unpack,
)
from crossdock.domain.ids import SellerSku
from crossdock.domain.listed import FeedDocument, FeedReport, FeedState, MessageResult, SetQuantity
from crossdock.errors import DataError, Rejected, Unauthorized, Unavailable
from crossdock.twin.world import Fault, FaultAnswer, Request, Response
from tests.amazon.doors import GERMANY, USA, Door
from tests.twin.amazon_models import problems, published

SELLER = "ATWINSELLER001"
BLUE, RED, ODD = SellerSku("MUG-BLUE"), SellerSku("MUG-RED"), SellerSku('a/b "ü" 100%')
SKUS = (BLUE, RED, ODD)
DOCUMENTS = "/feeds/2021-06-30/documents"
SECRET = "signed-address"


def _door() -> Door:
    door = Door(roles=("product_listing",))
    [door.account.listings.add(sku, 5) for sku in SKUS]
    door.tokens.get()
    door.requests.clear()
    return door


def _feeds(door: Door) -> Feeds:
    return Feeds(door.client, [GERMANY, USA])


def _document(*quantities: int) -> FeedDocument:
    [document] = feed_documents(SELLER, [SetQuantity(*each) for each in zip(SKUS, quantities, strict=False)])
    return document


def _submit(door: Door, document: FeedDocument) -> str:
    feeds = _feeds(door)
    place = feeds.create_document()
    feeds.upload(place, document)
    return feeds.create(place.document_id)


def _noting(asked: list[SetQuantity], number: int) -> Iterator[SetQuantity]:
    """So many sets; each is noted when it is taken."""
    for n in range(number):
        asked.append(SetQuantity(SellerSku(f"S{n}"), 1))
        yield asked[-1]


def _report_of(door: Door, feed_id: str, document: FeedDocument) -> FeedReport:
    door.world.clock.advance(timedelta(minutes=30))
    state = _feeds(door).get(feed_id)
    assert state.report_id is not None
    return _feeds(door).report(state.report_id, document.skus)


def _written(issues: list[dict[str, Any]], *, processed: int = 3, accepted: int = 3, invalid: int = 0) -> bytes:
    summary = {"messagesProcessed": processed, "messagesAccepted": accepted, "messagesInvalid": invalid}
    header = {"sellerId": SELLER, "version": "2.0", "feedId": "1"}
    return json.dumps({"header": header, "issues": issues, "summary": summary}).encode()


def _issue(code: str, severity: str = "ERROR", **more: object) -> dict[str, Any]:
    return {"code": code, "severity": severity, "message": "x"} | more


def _accepted(report: FeedReport) -> list[bool | None]:
    return [message.accepted for message in report.messages]


# --- documents


def test_document_is_of_the_schema() -> None:
    """What is fed holds against Amazon's own schema, odd SKUs included, and names what it sets in order."""
    document = _document(3, 0, 7)
    feed = json.loads(document.body)
    assert problems("feeds/listings-feed-schema-v2.json", feed) == []
    assert [(each["messageId"], each["sku"]) for each in feed["messages"]] == list(enumerate(SKUS, 1))
    assert document.skus == SKUS


def test_documents_stay_within_the_number_of_messages() -> None:
    """One more than Amazon takes begins a second document, whose numbers begin again; each is made when it is asked for."""
    asked: list[SetQuantity] = []
    documents = feed_documents(SELLER, _noting(asked, MESSAGES_MAX + 1))
    first = next(documents)
    assert (len(first.skus), len(asked)) == (MESSAGES_MAX, MESSAGES_MAX + 1)
    [second] = documents
    assert second.skus == (f"S{MESSAGES_MAX}",)
    assert json.loads(second.body)["messages"][0]["messageId"] == 1


def test_documents_stay_within_their_size() -> None:
    """Where the texts are long the size ends a document first; nothing is lost between two."""
    wide = ["杯" * 90 + f"{number:06}" for number in range(MESSAGES_MAX)]
    documents = list(feed_documents(SELLER, (SetQuantity(SellerSku(sku), 1) for sku in wide)))
    assert len(documents) == 2
    assert FEED_BYTES_MAX - 1000 < len(documents[0].body) <= FEED_BYTES_MAX
    assert [sku for document in documents for sku in document.skus] == wide
    assert len(json.loads(documents[1].body)["messages"]) == len(documents[1].skus)


def test_nothing_to_set_is_no_document() -> None:
    """An empty feed would be refused."""
    assert list(feed_documents(SELLER, [])) == []


def test_one_sku_twice_in_a_feed_is_our_mistake() -> None:
    """Which of the two would win nobody promises."""
    with pytest.raises(AssertionError):
        list(feed_documents(SELLER, [SetQuantity(BLUE, 1), SetQuantity(BLUE, 2)]))


# --- the way through the queue


def test_feed_goes_its_way() -> None:
    """Uploaded, queued, processed, reported; and in effect only afterwards."""
    door = _door()
    document = _document(3, 0, 7)
    feed_id = _submit(door, document)
    waiting = _feeds(door).get(feed_id)
    report = _report_of(door, feed_id, document)

    assert waiting == FeedState(feed_id, "IN_QUEUE")
    assert _feeds(door).get(feed_id).status == "DONE"
    assert report == FeedReport(tuple(MessageResult(sku, accepted=True) for sku in SKUS))
    assert [door.account.listings.by_sku[sku].quantity for sku in SKUS] == [3, 0, 7]
    assert door.plan.taken == [
        "createFeedDocument",
        "createFeed/JSON_LISTINGS_FEED",
        *("getFeed", "getFeed", "getFeedDocument", "getFeed"),
    ]


def test_every_request_is_in_the_model() -> None:
    """Bodies are those Amazon's model allows, and no query is sent."""
    door = _door()
    feed_id = _submit(door, _document(3))
    _feeds(door).cancel(feed_id)
    definitions = published("models", "feeds-api-model", "feeds_2021-06-30.json")["definitions"]
    create_document, upload, create, cancel = door.requests

    assert _against(definitions, "CreateFeedDocumentSpecification", create_document) == []
    assert _against(definitions, "CreateFeedSpecification", create) == []
    assert json.loads(create.body)["feedType"] == "JSON_LISTINGS_FEED"
    assert (cancel.method, cancel.path, cancel.body) == ("DELETE", f"/feeds/2021-06-30/feeds/{feed_id}", b"")
    assert [request.query for request in (create_document, create, cancel)] == [{}, {}, {}]
    assert upload.headers["content-type"] == json.loads(create_document.body)["contentType"] == CONTENT_TYPE


def _against(definitions: dict[str, Any], name: str, request: Request) -> list[str]:
    validator = jsonschema.Draft4Validator(definitions[name] | {"definitions": definitions})
    return [error.message for error in validator.iter_errors(json.loads(request.body))]


def test_documents_go_without_our_token() -> None:
    """The storage is told neither token nor anything else of ours; nor is the address shown where the value is."""
    door = _door()
    document = _document(3)
    _report_of(door, _submit(door, document), document)
    stored = [request for request in door.requests if request.path.startswith("/feed-documents/")]
    place = _feeds(door).create_document()
    assert [request.method for request in stored] == ["PUT", "GET"]
    assert [request.headers.get("x-amz-access-token") for request in stored] == [None, None]
    assert place.url not in repr(place)


def test_closed_place_is_no_missing_role() -> None:
    """After five minutes the storage refuses: another place is made, and no person is asked for a role."""
    door = _door()
    place = _feeds(door).create_document()
    door.world.clock.advance(timedelta(minutes=6))
    with pytest.raises(Unavailable, match="uploadFeedDocument: the storage of documents answered 403"):
        _feeds(door).upload(place, _document(3))


@pytest.mark.parametrize(
    ("answer", "fault"),
    [("unavailable", Unavailable), ("throttled", Unavailable), ("timed_out", Unavailable), ("too_large", Rejected)],
)
def test_faults_of_the_storage(answer: FaultAnswer, fault: type[Exception]) -> None:
    """Each is one of ours, without the address."""
    door = _door()
    place = _feeds(door).create_document()
    door.world.faults.add(Fault("amazon.uploadFeedDocument", answer))
    with pytest.raises(fault) as failed:
        _feeds(door).upload(place, _document(3))
    assert "http" not in str(failed.value)
    assert failed.value.__cause__ is None


@pytest.mark.parametrize(
    "url",
    [
        f"http://elsewhere.test/{SECRET}",
        f"http://amazon.test:81/{SECRET}",
        f"http://amazon.test@elsewhere.test/{SECRET}",
        f"https://user@elsewhere.test/{SECRET}",
        f"data:,{SECRET}",
        f"ftp://amazon.test/{SECRET}",
        f"https:///{SECRET}",
        f"http://[amazon.test/{SECRET}",
        f"//amazon.test/{SECRET}",
        "",
    ],
)
def test_only_safe_addresses_are_called(url: str) -> None:
    """Over TLS, or on the endpoint's own host: no other is called, and none is told."""
    door = _door()
    answer = json.dumps({"feedDocumentId": "d", "url": url}).encode()
    door.answer(DOCUMENTS, 201, answer)
    door.answer(f"{DOCUMENTS}/r", 200, answer)
    with pytest.raises(DataError) as sent:
        _feeds(door).upload(_feeds(door).create_document(), _document(3))
    with pytest.raises(DataError) as fetched:
        _feeds(door).report("r", SKUS)
    assert {request.path for request in door.requests} == {DOCUMENTS, f"{DOCUMENTS}/r"}
    assert SECRET not in f"{sent.value}{fetched.value}"


def test_address_that_breaks_the_client_is_not_told() -> None:
    """An address no client can read is no answer."""
    door = _door()
    door.answer(DOCUMENTS, 201, json.dumps({"feedDocumentId": "d", "url": f"https://a\x01b/{SECRET}"}).encode())
    with pytest.raises(Unavailable) as failed:
        _feeds(door).upload(_feeds(door).create_document(), _document(3))
    assert SECRET not in str(failed.value)


def test_cancelled_while_it_waits() -> None:
    """It never takes effect; asked again after a lost answer, that is still so."""
    door = _door()
    feed_id = _submit(door, _document(3))
    assert _feeds(door).cancel(feed_id)
    assert _feeds(door).cancel(feed_id)
    door.world.clock.advance(timedelta(hours=1))
    assert door.account.listings.by_sku[BLUE].quantity == 5
    assert set(door.plan.urgent[-3:]) == {True}


def test_too_late_to_cancel() -> None:
    """A feed that has begun, or is done, goes its way."""
    door = _door()
    feed_id = _submit(door, _document(3))
    door.account.feeds.processing_s = (600.0, 600.0)
    door.world.clock.advance(timedelta(seconds=21))
    begun = _feeds(door).cancel(feed_id)
    door.world.clock.advance(timedelta(hours=1))
    assert (begun, _feeds(door).cancel(feed_id)) == (False, False)


def test_refused_cancellation_of_a_waiting_feed_is_no_answer() -> None:
    """Refused for another reason than being late: nothing is known, so the refusal is told."""
    door = _door()
    feed_id = _submit(door, _document(3))
    door.answers[f"/feeds/2021-06-30/feeds/{feed_id}"] = lambda request: (
        Response(400, b"", {}) if request.method == "DELETE" else door.amazon.handle(request)
    )
    with pytest.raises(Rejected):
        _feeds(door).cancel(feed_id)


def test_fatal_feed_has_no_report() -> None:
    """Of a FATAL feed some, none or all was applied: the state is all there is."""
    door = _door()
    door.account.feeds.next_outcomes.append("fatal")
    feed_id = _submit(door, _document(3))
    door.world.clock.advance(timedelta(hours=1))
    assert _feeds(door).get(feed_id) == FeedState(feed_id, "FATAL")


def test_unknown_status_is_for_a_person() -> None:
    """A status Amazon adds later is not guessed at."""
    door = _door()
    door.answer("/feeds/2021-06-30/feeds/7", 200, b'{"feedId": "7", "processingStatus": "ON_HOLD"}')
    with pytest.raises(DataError, match="'ON_HOLD' of '7' is not known"):
        _feeds(door).get("7")


def test_unknown_feed_and_document_are_refused() -> None:
    """Feeds are forgotten after 90 days, reports after 28; their ids are no paths."""
    door = _door()
    with pytest.raises(Rejected) as feed:
        _feeds(door).get("../documents")
    with pytest.raises(Rejected) as report:
        _feeds(door).report("a/b", SKUS)
    assert (feed.value.status, report.value.status) == (404, 404)
    assert [request.path for request in door.requests] == [
        "/feeds/2021-06-30/feeds/..%2Fdocuments",
        f"{DOCUMENTS}/a%2Fb",
    ]


@pytest.mark.parametrize(
    ("operation", "bucket"),
    [("createFeedDocument", "createFeedDocument"), ("createFeed", "createFeed/JSON_LISTINGS_FEED")],
)
def test_throttled_and_refused(operation: str, bucket: str) -> None:
    """A 429 empties the bucket of that operation, feeds of listings having their own; a 403 that stays needs a person."""
    door = _door()
    door.world.faults.add(Fault(f"amazon.{operation}", "throttled"))
    with pytest.raises(Unavailable) as waited:
        _submit(door, _document(3))
    door.world.faults.add(Fault(f"amazon.{operation}", "forbidden", times=2))
    with pytest.raises(Unauthorized):
        _submit(door, _document(3))
    assert waited.value.own_rate
    assert door.plan.throttled == [bucket]


# --- reports


@pytest.mark.parametrize("compressed", [True, False])
def test_refused_message_is_told_by_its_code(*, compressed: bool) -> None:
    """One message is invalid: it alone is refused, packed or not."""
    door = _door()
    door.account.feeds.compressed = compressed
    body = _document(3, 1, 7).body.replace(b'"quantity":1', b'"quantity":"one"')
    document = FeedDocument(body, SKUS)
    report = _report_of(door, _submit(door, document), document)
    assert report.messages[1] == MessageResult(RED, accepted=False, codes=("90244",))
    assert (_accepted(report), report.incomplete) == ([True, False, True], False)


def test_feed_that_cannot_be_parsed_is_refused_as_a_whole() -> None:
    """An issue of no message, and none accepted: nothing of the feed was taken, and the code says why."""
    door = _door()
    document = FeedDocument(b"{", SKUS)
    report = _report_of(door, _submit(door, document), document)
    assert (report.codes, _accepted(report), report.incomplete) == (("4002001",), [False, False, False], False)


def test_report_that_breaks_off_keeps_what_it_tells() -> None:
    """What is named is refused; of the rest nobody can say."""
    door = _door()
    door.account.feeds.next_outcomes.append("cut_report")
    body = _document(0, 1, 1).body.replace(b'"quantity":1', b'"quantity":-1')
    document = FeedDocument(body, SKUS)
    report = _report_of(door, _submit(door, document), document)
    assert report.incomplete
    assert report.messages[0].accepted is None
    assert report.messages[1] == MessageResult(RED, accepted=False, codes=("90004114",))


def test_report_cut_anywhere_is_never_lost_and_never_accepts() -> None:
    """At whatever byte it breaks off, packed or not, no message counts as accepted."""
    issues = [_issue("1", messageId=1, sku=BLUE), _issue("2", "WARNING", messageId=2, sku=RED)]
    written = _written(issues, accepted=2, invalid=1)
    packed = gzip.compress(written)
    cut = [parse_feed_report(text[:n], SKUS) for text in (written, packed) for n in range(len(text))]
    whole = [parse_feed_report(written, SKUS), parse_feed_report(packed, SKUS)]
    assert {_accepted(report)[0] for report in cut} == {None, False}
    assert {(message.accepted, report.incomplete) for report in cut for message in report.messages[1:]} == {
        (None, True)
    }
    assert [_accepted(report) for report in whole] == [[False, True, True]] * 2
    assert whole[0].messages[1].codes == ("2",)


@pytest.mark.parametrize(
    ("issues", "sums", "accepted"),
    [
        ([], (3, 3, 0), [True, True, True]),
        ([], (3, 2, 1), [None, None, None]),
        ([], (2, 2, 0), [None, None, None]),
        ([], (0, 0, 0), [None, None, None]),
        ([_issue("1", "INFO", messageId=1)], (3, 3, 0), [True, True, True]),
        ([_issue("1", sku=RED)], (3, 2, 1), [True, False, True]),
        ([_issue("1", messageId=2)] * 2, (3, 2, 1), [True, False, True]),
        ([_issue("1", messageId=4)], (3, 2, 1), [None, None, None]),
        ([_issue("1", messageId=0, sku="MUG-GREEN")], (3, 2, 1), [None, None, None]),
        ([_issue("1", messageId="2")], (3, 2, 1), [None, None, None]),
        ([_issue("1")], (0, 0, 0), [False, False, False]),
        ([_issue("1"), _issue("2", messageId=2)], (3, 2, 1), [None, False, None]),
        ([{"messageId": 1}], (3, 3, 0), [None, None, None]),
        ([{"severity": "ERROR", "messageId": 1}], (3, 2, 1), [False, True, True]),
    ],
)
def test_unnamed_messages_are_accepted_only_where_the_sums_agree(
    issues: list[dict[str, Any]], sums: tuple[int, int, int], accepted: list[bool | None]
) -> None:
    """A report names what was refused; whatever does not add up leaves the rest unknown."""
    processed, taken, invalid = sums
    report = parse_feed_report(_written(issues, processed=processed, accepted=taken, invalid=invalid), SKUS)
    assert (_accepted(report), report.incomplete) == (accepted, None in accepted)


def test_bomb_is_cut_at_its_limit() -> None:
    """No more is unpacked than the limit, however much a few bytes would become."""
    bomb = gzip.compress(bytes(10_000_000))
    assert unpack(bomb, 1000) == (bytes(1000), False)
    assert unpack(gzip.compress(bytes(1000)), 1000) == (bytes(1000), True)
    assert unpack(bytes(1001), 1000) == (bytes(1000), False)
    assert unpack(bytes(1000), 1000) == (bytes(1000), True)


def test_packed_in_several_members() -> None:
    """Some writers pack in pieces; thousands of them, or something else behind the last, are no report."""
    assert unpack(gzip.compress(b"ab") + gzip.compress(b"cd"), 1000) == (b"abcd", True)
    assert unpack(gzip.compress(b"") * (GZIP_MEMBERS_MAX + 1), 1000) == (b"", False)
    assert unpack(gzip.compress(b"ab") + b"rest", 1000) == (b"ab", False)


def test_larger_report_than_is_taken_from_the_storage() -> None:
    """What is beyond the limit is never fetched, and the answer says that it is not all."""
    door = _door()
    door.answers["/big"] = lambda _: Response(200, bytes(1001), {})
    download = door.client.download
    assert download("downloadFeedDocument", "https://storage.test/big", bytes_max=1000) == (bytes(1000), False)
    assert download("downloadFeedDocument", "https://storage.test/big", bytes_max=1001) == (bytes(1001), True)


@given(st.binary() | st.binary().map(lambda body: b"\x1f\x8b" + body) | st.binary().map(gzip.compress))
def test_any_bytes_are_a_report(body: bytes) -> None:
    """Whatever arrives is an incomplete report at worst, never an exception."""
    report = parse_feed_report(body, SKUS)
    assert (_accepted(report), report.incomplete) == ([None, None, None], True)


def test_text_that_never_ends_is_read_once() -> None:
    """A report that breaks off in a text full of quotes takes no longer than its length."""
    report = parse_feed_report(
        b'{"issues":[' + json.dumps(_issue("1", messageId=1)).encode() + b',{"' + b'\\"' * 500_000, SKUS
    )
    assert _accepted(report) == [False, None, None]
