"""One call to Amazon: the rate is asked first, and each of its faults becomes one of ours, without a word of its body."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crossdock.amazon.client import USER_AGENT
from crossdock.domain.ids import AmazonOrderId
from crossdock.domain.window import Window
from crossdock.errors import CrossdockError, Rejected, Unauthorized, Unavailable
from crossdock.twin.world import Fault, FaultAnswer, Request, Response
from tests.amazon.doors import Door

PATH = "/orders/2026-01-01/orders"
QUERY = {"lastUpdatedAfter": "2026-11-01T00:00:00Z"}
PERSON = "Test Buyer 7"


@pytest.fixture
def door() -> Door:
    """An account with a token at hand."""
    door = Door()
    door.tokens.get()
    door.requests.clear()
    return door


def test_call_carries_what_amazon_asks_for(door: Door) -> None:
    """Each request has the token, a user agent of the form Amazon wants, and no query that was not given."""
    door.client.get("searchOrders", PATH, QUERY)
    headers = door.requests[0].headers
    assert headers["x-amz-access-token"] == door.tokens.get()
    assert headers["user-agent"] == USER_AGENT
    assert "Language=Python/" in USER_AGENT
    assert door.requests[0].query == {"lastUpdatedAfter": ["2026-11-01T00:00:00Z"]}


def test_no_call_without_our_own_rate(door: Door) -> None:
    """While the plan has no call left nothing is sent; that is no fault of anybody's."""
    door.plan.wait_s = 42.0
    with pytest.raises(Unavailable) as waited:
        door.client.get("searchOrders", PATH, QUERY)
    assert (waited.value.own_rate, waited.value.retry_after_s) == (True, 42.0)
    assert door.requests == []


def test_rate_in_the_header_is_passed_on(door: Door) -> None:
    """What Amazon says of the pair's rate corrects the plan."""
    door.client.get("searchOrders", PATH, QUERY)
    assert (door.plan.taken, door.plan.observed) == (["searchOrders"], [("searchOrders", 0.0056)])


@pytest.mark.parametrize("header", ["", "soon", "0", "-1", "nan", "inf"])
def test_odd_rate_is_not_believed(door: Door, header: str) -> None:
    """A rate that is none changes nothing."""
    door.answers[PATH] = lambda request: door.amazon.handle(request)._replace(
        headers={"x-amzn-ratelimit-limit": header}
    )
    door.client.get("searchOrders", PATH, QUERY)
    assert door.plan.observed == []


def test_throttled_empties_the_bucket(door: Door) -> None:
    """A 429 is no error of the record: it waits for the rate, and the bucket learns of it."""
    door.world.faults.add(Fault("amazon.searchOrders", "throttled"))
    with pytest.raises(Unavailable) as waited:
        door.client.get("searchOrders", PATH, QUERY)
    assert (waited.value.own_rate, waited.value.retry_after_s) == (True, 179.0)
    assert door.plan.throttled == ["searchOrders"]


@pytest.mark.parametrize(
    ("answer", "fault", "message"),
    [
        ("unavailable", Unavailable, "searchOrders: Amazon answered 503 ServiceUnavailable"),
        ("broken", Unavailable, "searchOrders: Amazon answered 500 InternalFailure"),
        ("timed_out", Unavailable, "searchOrders: Amazon did not answer: ReadTimeout"),
        ("too_large", Rejected, "searchOrders: Amazon answered 413"),
        ("not_found", Rejected, "searchOrders: Amazon answered 404"),
    ],
)
def test_faults_of_amazons(door: Door, answer: FaultAnswer, fault: type[CrossdockError], message: str) -> None:
    """Each fault of Amazon's is one of ours, by kind, with the operation and Amazon's code."""
    door.world.faults.add(Fault("amazon.searchOrders", answer))
    with pytest.raises(fault, match=f"^{message}"):
        door.client.get("searchOrders", PATH, QUERY)


@pytest.mark.parametrize("answer", ["unauthorized", "forbidden"])
def test_refused_twice_is_unauthorised(door: Door, answer: FaultAnswer) -> None:
    """A refusal that stays after a fresh token needs a person; one that goes away does not."""
    door.world.faults.add(Fault("amazon.searchOrders", answer))
    assert door.client.get("searchOrders", PATH, QUERY).body
    door.world.faults.add(Fault("amazon.searchOrders", answer, times=2))
    with pytest.raises(Unauthorized):
        door.client.get("searchOrders", PATH, QUERY)


def test_second_try_takes_a_call_of_our_rate_too(door: Door) -> None:
    """Amazon counts it, so we do."""
    door.world.faults.add(Fault("amazon.searchOrders", "forbidden"))
    door.client.get("searchOrders", PATH, QUERY)
    assert door.plan.taken == ["searchOrders", "searchOrders"]


def test_refusal_without_a_call_left_waits_and_is_decided_by_the_next(door: Door) -> None:
    """No call for a second try: wait, and what is refused with the new token as well needs a person; a call let in forgets all that."""

    def refuse(_: Request) -> Response:
        door.plan.wait_s = 42.0
        return Response(403, b"", {})

    door.answers[PATH] = refuse
    with pytest.raises(Unavailable) as waited:
        door.client.get("searchOrders", PATH, QUERY)
    door.plan.wait_s = 0.0
    with pytest.raises(Unauthorized):
        door.client.get("searchOrders", PATH, QUERY)
    asked = [request.headers["x-amz-access-token"] for request in door.requests if request.path == PATH]
    del door.answers[PATH]
    door.plan.wait_s = 0.0

    assert waited.value.own_rate
    assert len(set(asked)) == len(asked) == 2
    assert door.client.get("searchOrders", PATH, QUERY).body
    door.world.faults.add(Fault("amazon.searchOrders", "forbidden"))
    assert door.client.get("searchOrders", PATH, QUERY).body


def test_who_cannot_wait_says_so(door: Door) -> None:
    """The sweep says it, and single reads do unless they are hints; pages and proofs do not."""
    span = Window(door.world.clock.now() - timedelta(days=1), door.world.clock.now() - timedelta(minutes=3))
    door.orders.search(span, None, urgent=True)
    door.orders.search(span, None, by_creation=True)
    door.orders.search_recipients(span, None)
    door.orders.get(AmazonOrderId("302-0000000-0000000"), with_recipient=True)
    door.orders.get(AmazonOrderId("302-0000000-0000000"), with_recipient=False, urgent=False)
    assert door.plan.urgent == [True, False, False, True, False]


@pytest.mark.parametrize(
    "body",
    [
        f'{{"errors": [{{"code": "InvalidInput", "message": "{PERSON}", "details": "{PERSON}"}}]}}'.encode(),
        f"<html>{PERSON}</html>".encode(),
        f'{{"errors": "{PERSON}"}}'.encode(),
        f'{{"errors": [{{"code": 7, "message": "{PERSON}"}}]}}'.encode(),
        PERSON.encode() + b"\xff",
        b'{"errors": [{"code": "' + b"x" * 100_000 + b'"}]}',
        b'{"errors": []}',
        b"",
    ],
)
@pytest.mark.parametrize("status", [400, 404, 413, 415, 500, 503])
def test_no_body_is_ever_quoted(door: Door, status: int, body: bytes) -> None:
    """Whatever an error's body holds, its text is not in ours; Amazon's code and request id are."""
    door.answer(PATH, status, body)
    with pytest.raises((Rejected, Unavailable)) as refused:
        door.client.get("searchOrders", PATH, QUERY)
    assert PERSON not in str(refused.value)
    assert len(str(refused.value)) < 150
    assert refused.value.request_id == "request-7"


def test_answer_tells_by_when_it_was_given(door: Door) -> None:
    """Amazon's clock is told in whole seconds, rounded down: the end of that second is the latest the answer can be of."""
    now = door.world.clock.now()
    at = door.client.get("searchOrders", PATH, QUERY).at
    assert at is not None
    assert timedelta(0) < at - now <= timedelta(seconds=1)


@pytest.mark.parametrize("date", ["", "soon", "Fri, 31 Dec 9999 23:59:59 GMT", "Fri, 20 Nov 2026 08:00:00", "1"])
def test_odd_date_is_no_time(door: Door, date: str) -> None:
    """A date that is none, or is of no zone, tells nothing."""
    door.answers[PATH] = lambda request: door.amazon.handle(request)._replace(headers={"date": date})
    assert door.client.get("searchOrders", PATH, QUERY).at is None
