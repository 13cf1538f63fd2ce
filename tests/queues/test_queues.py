"""A real queue: what is put on it arrives, what a fault interrupted comes again, and nothing leaves it before it was taken."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Any, NoReturn

import pytest

from crossdock.domain.stock_policy import StockPolicy
from crossdock.engine.listen import QUEUE_PAUSE_S, REST_S, hear, listen
from crossdock.engine.schedule import PAUSE
from crossdock.errors import CrossdockError, Rejected, StoreError, Unauthorized, Unavailable
from crossdock.queues import _refused, _unanswered, open_queue, unwrap
from crossdock.routines import take_messages
from crossdock.twin.commercetools_orders import place_order
from tests.flows.auditor import bought, calls, state
from tests.joined_twin import START, Scene, Stage
from tests.served_queue import KEYS, REGION, Sqs, serving_sqs
from tests.waiting import wait_until


@pytest.fixture(scope="module")
def sqs() -> Iterator[Sqs]:
    """A server of queues for this file."""
    with serving_sqs() as served:
        yield served


@pytest.fixture
def url(sqs: Sqs) -> str:
    """A queue of this test's own."""
    return sqs.make_queue()


MUG = "MUG-BLUE"
SELLING = StockPolicy(claims_from=START - timedelta(days=1), channels=("warehouse",))


def raising(fault: Exception) -> Callable[..., NoReturn]:
    """Something that always ends so."""

    def act(*_: object) -> NoReturn:
        raise fault

    return act


def until(stop: threading.Event, count: int, sizes: list[int], taken: list[bytes]) -> Callable[[Sequence[bytes]], None]:
    """Takes what it is given and notes how much at once; asks to stop when so many were taken."""

    def take(bodies: Sequence[bytes]) -> None:
        sizes.append(len(bodies))
        taken.extend(bodies)
        if len(taken) >= count:
            stop.set()

    return take


def taking(scene: Scene, woken: list[str]) -> Callable[[Sequence[bytes]], None]:
    """As the worker takes messages; notes the flows it would wake."""
    return lambda bodies: woken.extend(take_messages(scene.joined, bodies))


def notifications(scene: Scene) -> list[str]:
    """What Amazon has to tell, as it puts it on a queue."""
    told = [body.decode() for body in scene.account.notifications]
    scene.account.notifications.clear()
    return told


def deliveries(scene: Scene) -> list[str]:
    """What a subscription of the project delivers of all its messages."""
    envelope = {"notificationType": "Message", "projectKey": scene.project.key}
    return [json.dumps(envelope | message) for message in scene.project.messages]


def from_sns(body: str) -> str:
    """The same, carried by SNS."""
    topic = "arn:aws:sns:eu-west-1:123456789012:shop"
    return json.dumps({"Type": "Notification", "MessageId": "1", "TopicArn": topic, "Message": body})


# --- what arrives


def test_order_change_on_the_queue_arrives_as_an_order(sqs: Sqs, url: str, stage: Stage) -> None:
    """Nobody searched: the order is in the inbox, its flow is woken, and the queue is empty."""
    scene = stage.scene()
    order_id = bought(scene)
    sqs.send(url, notifications(scene))
    woken: list[str] = []

    with sqs.opened(url) as queue:
        rest_s = hear(queue.receive, taking(scene, woken))

    assert (rest_s, state(scene, order_id), woken) == (QUEUE_PAUSE_S, "waiting", ["ingest_orders"])
    assert (calls(scene, "amazon.searchOrders"), sqs.left(url)) == (0, 0)


@pytest.mark.parametrize("carried", [str, from_sns])
def test_message_of_commercetools_arrives_as_a_stock_hint(
    sqs: Sqs, url: str, stage: Stage, carried: Callable[[str], str]
) -> None:
    """What the shop sold wakes the drain of stock, whether commercetools writes to the queue itself or through SNS."""
    scene = stage.scene(stock=SELLING)
    place_order(scene.project, {MUG: 1}, channel_key="warehouse")
    sqs.send(url, [carried(body) for body in deliveries(scene)])
    woken: list[str] = []

    with sqs.opened(url) as queue:
        hear(queue.receive, taking(scene, woken))

    assert (woken, sqs.left(url)) == (["push_stock"], 0)


def test_both_platforms_may_write_to_one_queue(sqs: Sqs, url: str, stage: Stage) -> None:
    """Each message goes to whom it concerns."""
    scene = stage.scene(stock=SELLING)
    order_id = bought(scene)
    place_order(scene.project, {MUG: 1}, channel_key="warehouse")
    sqs.send(url, [*notifications(scene), *deliveries(scene)])
    woken: list[str] = []

    with sqs.opened(url) as queue:
        hear(queue.receive, taking(scene, woken))

    assert (state(scene, order_id), set(woken), sqs.left(url)) == ("waiting", {"push_stock", "ingest_orders"}, 0)


@pytest.mark.parametrize(
    "odd",
    [
        "no JSON",
        "{" * 1000,
        '{"a":' + "[" * 100_000,
        "é" * 200_000,
        '{"Type": "Notification", "TopicArn": "t", "Message": ""}',
    ],
    ids=["text", "open", "deep", "large", "empty"],
)
def test_what_is_no_message_goes_and_the_one_behind_it_is_read(sqs: Sqs, url: str, stage: Stage, odd: str) -> None:
    """A body that cannot be read is dropped by itself: it stops neither the listener nor the message beside it."""
    scene = stage.scene(stock=SELLING)
    order_id = bought(scene)
    sqs.send(url, [odd, *notifications(scene)])

    with sqs.opened(url) as queue:
        rest_s = hear(queue.receive, taking(scene, []))

    assert (rest_s, state(scene, order_id), sqs.left(url)) == (QUEUE_PAUSE_S, "waiting", 0)


@pytest.mark.parametrize(
    ("body", "inside"),
    [
        (from_sns("told").encode(), b"told"),
        (from_sns("\ud800").encode(), None),
        (b'{"Type": "UnsubscribeConfirmation", "TopicArn": "t", "Message": "m"}', None),
        (b'{"notificationType": "Message", "projectKey": "shop"}', None),
        (b"\xff\xfe", None),
    ],
    ids=["carried", "surrogate", "other", "plain", "bytes"],
)
def test_only_what_sns_carried_is_unwrapped(body: bytes, inside: bytes | None) -> None:
    """Anything else goes on as it is, readable or not."""
    assert unwrap(body) == (body if inside is None else inside)


# --- what is kept


@pytest.mark.parametrize("fault", [Unavailable("away"), StoreError("away"), Unauthorized("no", platform="amazon")])
def test_what_a_fault_interrupted_is_delivered_again(sqs: Sqs, url: str, fault: CrossdockError) -> None:
    """It stays on the queue, is hidden for a while, and then comes again; only then it is deleted."""
    sqs.send(url, ["told"])
    taken: list[bytes] = []

    with sqs.opened(url, hidden_s=1) as queue:
        hear(queue.receive, raising(fault))
        kept = sqs.left(url)
        wait_until(lambda: bool(hear(queue.receive, taken.extend) and taken), "the message again")

    assert (kept, taken, sqs.left(url)) == (1, [b"told"], 0)


def test_worker_killed_while_it_takes_loses_nothing(sqs: Sqs, url: str) -> None:
    """What was handed out and not acknowledged is another worker's before long."""
    sqs.send(url, ["told"])
    taken: list[bytes] = []

    with sqs.opened(url, hidden_s=1) as killed:
        killed.receive()
    with sqs.opened(url) as queue:
        wait_until(lambda: bool(hear(queue.receive, taken.extend) and taken), "the message again")

    assert (taken, sqs.left(url)) == ([b"told"], 0)


def test_nothing_is_deleted_before_it_was_taken(sqs: Sqs, url: str) -> None:
    """While it is taken the message is still on the queue."""
    sqs.send(url, ["told"])
    left: list[int] = []

    with sqs.opened(url) as queue:
        hear(queue.receive, lambda _: left.append(sqs.left(url)))

    assert (left, sqs.left(url)) == ([1], 0)


def test_message_that_breaks_us_leaves_the_queue(sqs: Sqs, url: str) -> None:
    """The sweep finds what it meant; kept, it would break us again for ever."""
    sqs.send(url, ["odd"])

    with sqs.opened(url) as queue:
        rest_s = hear(queue.receive, raising(AssertionError("a mistake")))

    assert (rest_s, sqs.left(url)) == (REST_S, 0)


def test_more_than_a_call_brings_comes_in_several(sqs: Sqs, url: str) -> None:
    """Ten at a time, until all were taken once."""
    sqs.send(url, [str(n) for n in range(25)])
    stop, sizes, taken = threading.Event(), list[int](), list[bytes]()

    with sqs.opened(url) as queue:
        listen(queue.receive, until(stop, 25, sizes, taken), stop)

    assert (sorted(map(int, taken)), max(sizes), sqs.left(url)) == (list(range(25)), 10, 0)


def test_message_that_cannot_be_deleted_is_said(sqs: Sqs, url: str) -> None:
    """It comes again, which is worth a line and a rest."""
    with sqs.opened(url) as queue, pytest.raises(Unavailable, match="1 messages could not be deleted: ReceiptHandle"):
        queue._delete(["never handed out"])


# --- what goes wrong


def test_queue_that_is_not_there_is_said(sqs: Sqs, url: str) -> None:
    """Which queue, which call and SQS's own code; the listener rests and asks again."""
    with sqs.opened(f"{url}-gone") as queue:
        with pytest.raises(
            Rejected, match=r"queue crossdock-\d+-gone: sqs.receiveMessage was refused: AWS.*NonExistent"
        ):
            queue.receive()
        assert hear(queue.receive, raising(AssertionError("nothing arrived"))) == REST_S


def test_wrong_keys_are_said_without_them(sqs: Sqs, url: str) -> None:
    """A refused key is Unauthorized by AWS, and no word tells it; the listener rests as after a refused consent."""
    with sqs.opened(url) as queue, sqs.asking_for_keys():
        with pytest.raises(Unauthorized) as refused:
            queue.receive()
        rest_s = hear(queue.receive, raising(AssertionError("nothing arrived")))

    assert (refused.value.platform, refused.value.operation, rest_s) == (
        "aws",
        "sqs.receiveMessage",
        PAUSE.total_seconds(),
    )
    assert not any(key in str(refused.value) for key in KEYS)


def test_queue_that_does_not_answer_is_unavailable() -> None:
    """Nobody listens at its address."""
    queue = open_queue("http://127.0.0.1:9/1/q", region=REGION, endpoint="http://127.0.0.1:9", keys=KEYS)

    with pytest.raises(Unavailable, match=r"queue q: sqs\.receiveMessage was not answered: EndpointConnectionError"):
        queue.receive()


def answered(code: str, status: int) -> dict[str, Any]:
    """A refusal as boto3 tells it."""
    return {
        "Error": {"Code": code, "Message": "User jane is not"},
        "ResponseMetadata": {"HTTPStatusCode": status, "RequestId": "r-1"},
    }


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("AccessDenied", 403, Unauthorized),
        ("AccessDeniedException", 400, Unauthorized),
        ("InvalidClientTokenId", 403, Unauthorized),
        ("UnrecognizedClientException", 400, Unauthorized),
        ("ExpiredTokenException", 400, Unauthorized),
        ("InvalidSignatureException", 400, Unauthorized),
        ("KMS.AccessDeniedException", 400, Unauthorized),
        ("RequestThrottled", 403, Unavailable),
        ("ThrottlingException", 400, Unavailable),
        ("KMS.ThrottlingException", 400, Unavailable),
        ("AWS.SimpleQueueService.OverLimit", 403, Unavailable),
        ("InternalFailure", 500, Unavailable),
        ("ServiceUnavailable", 503, Unavailable),
        ("AWS.SimpleQueueService.NonExistentQueue", 400, Rejected),
        ("InvalidAddress", 404, Rejected),
    ],
)
def test_refusal_is_told_by_whose_fault_it_is(code: str, status: int, kind: type[CrossdockError]) -> None:
    """Throttled and broken may work later, keys and rights need a person, the rest is refused for good; AWS's words, which name users, are left out."""
    fault = _refused(answered(code, status), "sqs.receiveMessage", "q")

    assert (type(fault), fault.request_id) == (kind, "r-1")
    assert str(fault) == f"queue q: sqs.receiveMessage was refused: {code}"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("NoCredentialsError", Unauthorized),
        ("CredentialRetrievalError", Unauthorized),
        ("TokenRetrievalError", Unauthorized),
        ("UnauthorizedSSOTokenError", Unauthorized),
        ("ReadTimeoutError", Unavailable),
        ("SSLError", Unavailable),
        ("ResponseParserError", Unavailable),
        ("ParamValidationError", Rejected),
    ],
)
def test_call_that_was_not_answered_is_told_by_its_cause(name: str, kind: type[CrossdockError]) -> None:
    """Missing credentials need a person, the network does not."""
    assert type(_unanswered(name, "sqs.receiveMessage", "q")) is kind


# --- what is not there


def test_missing_library_is_said_with_its_remedy() -> None:
    """A queue is named and boto3 is not installed: what to run, or what to leave out."""
    pretend = "import sys; sys.modules['boto3'] = None; from crossdock.queues import open_queue; "
    asked = "open_queue('https://sqs.eu-west-1.amazonaws.com/1/q', region='eu-west-1', endpoint='', keys=('', ''))"

    done = subprocess.run([sys.executable, "-c", pretend + asked], capture_output=True, text=True, check=False)

    assert (
        "ConfigError: connection.queue: what speaks to a queue is not installed; run `pip install crossdock[sqs]`"
        in done.stderr
    )
