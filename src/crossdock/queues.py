"""A queue of Amazon SQS, where Amazon and commercetools put what changed. What is not acknowledged is delivered again, by the queue itself.

Source: the API reference of Amazon SQS (ReceiveMessage, DeleteMessageBatch, GetQueueAttributes; common errors). No body is ever quoted, in no line and in no
error: a message of commercetools may hold a whole order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from typing import Any

import msgspec

from crossdock.engine.listen import Arrived
from crossdock.errors import ConfigError, Rejected, RemoteError, Unauthorized, Unavailable

# As many as SQS hands out at once.
MESSAGES_MAX = 10
# Of at most 20. A worker that is asked to stop waits for the poll it is in; an idle queue then costs half a million requests a month, of a million free.
WAIT_S = 5
# So long what was handed out is hidden from other workers: a few reads of orders, with a time-out or two. Then what a fault interrupted comes again.
HIDDEN_S = 120
CONNECT_S, READ_S = 5, WAIT_S + 10
# For `crossdock check`: what it looks at is hidden from nobody.
PEEK_S = 0

RECEIVE, DELETE, LOOK = "sqs.receiveMessage", "sqs.deleteMessageBatch", "sqs.getQueueAttributes"

# Some come with the status of a bad request; a throttled request may come with that of a forbidden one.
_THROTTLED = ("Throttl", "OverLimit", "TooManyRequests")
_NOT_LET_IN = (
    *("AccessDenied", "AuthFailure", "InvalidAccessKey", "InvalidSecurity", "NotAuthorized", "OptInRequired"),
    *("RequestExpired", "Signature", "Skewed", "Token", "UnrecognizedClient"),
)
# What boto3 calls the ways of not finding credentials, or of not getting them.
_NO_CREDENTIALS = ("Credential", "Token", "SSO", "Login")


class _Envelope(msgspec.Struct, rename="pascal"):
    """What SNS puts around a message, unless its subscription asks for raw delivery."""

    type: str
    topic_arn: str
    message: str


class Queue:
    """One standard queue. Several threads and processes may ask it; each message goes to one of them at a time."""

    def __init__(self, url: str, client: Any, *, hidden_s: int = HIDDEN_S) -> None:
        """`client`: boto3's; `hidden_s`: after so many seconds what was not acknowledged comes again."""
        self.name = url.rsplit("/", 1)[-1]
        self._url = url
        self._client = client
        self._hidden_s = hidden_s

    def receive(self) -> Arrived:
        """Up to ten messages, as soon as there is one; waits a few seconds for it. Unavailable, Unauthorized or Rejected."""
        messages = self._read(WAIT_S, self._hidden_s)
        bodies = [unwrap(str(each.get("Body", "")).encode(errors="replace")) for each in messages]
        return Arrived(bodies, partial(self._delete, [each["ReceiptHandle"] for each in messages]))

    def check(self) -> int:
        """About how many messages wait, after it was seen that they can be read; none is taken. The same faults."""
        self._read(0, PEEK_S)
        told = self._call(LOOK, self._client.get_queue_attributes, AttributeNames=["ApproximateNumberOfMessages"])
        return int(told.get("Attributes", {}).get("ApproximateNumberOfMessages", 0))

    def close(self) -> None:
        """Give the sockets back."""
        self._client.close()

    def _read(self, wait_s: int, hidden_s: int) -> Sequence[dict[str, Any]]:
        arguments = {"MaxNumberOfMessages": MESSAGES_MAX, "WaitTimeSeconds": wait_s, "VisibilityTimeout": hidden_s}
        messages: Sequence[dict[str, Any]] = self._call(RECEIVE, self._client.receive_message, **arguments).get(
            "Messages", []
        )
        return messages

    def _delete(self, receipts: Sequence[str]) -> None:
        """Unavailable where some stay: they come again, and are only read twice."""
        entries = [{"Id": str(number), "ReceiptHandle": receipt} for number, receipt in enumerate(receipts)]
        left = self._call(DELETE, self._client.delete_message_batch, Entries=entries).get("Failed", [])
        if left:
            codes = ", ".join(sorted({str(each.get("Code")) for each in left}))
            raise Unavailable(
                f"queue {self.name}: {len(left)} messages could not be deleted: {codes}", operation=DELETE
            )

    def _call(self, operation: str, ask: Callable[..., dict[str, Any]], **arguments: Any) -> dict[str, Any]:
        faults = import_module("botocore.exceptions")
        try:
            return ask(QueueUrl=self._url, **arguments)
        except faults.ClientError as fault:
            raise _refused(fault.response, operation, self.name) from fault
        except faults.BotoCoreError as fault:
            raise _unanswered(type(fault).__name__, operation, self.name) from fault


def open_queue(url: str, *, region: str, endpoint: str, keys: tuple[str, str], hidden_s: int = HIDDEN_S) -> Queue:
    """The queue of this address, not asked yet. `keys`: an access key and its secret; where both are empty boto3 looks where it always does.

    ConfigError where boto3 is not installed, or where what it reads (AWS_PROFILE, its own files) is wrong.
    """
    try:
        # Looked for here and not at the top: it comes with an extra, and costs a fifth of a second that only a listener has a use for.
        session, config, faults = map(import_module, ("boto3.session", "botocore.config", "botocore.exceptions"))
    except ImportError as fault:
        problem = "connection.queue: what speaks to a queue is not installed; run `pip install crossdock[sqs]`, or leave the table out"
        raise ConfigError([problem]) from fault
    key_id, secret = (key or None for key in keys)
    # A call is tried once: what follows a fault is the listener's to decide.
    once = config.Config(
        connect_timeout=CONNECT_S, read_timeout=READ_S, retries={"mode": "standard", "total_max_attempts": 1}
    )
    try:
        signed = session.Session(aws_access_key_id=key_id, aws_secret_access_key=secret, region_name=region)
        return Queue(url, signed.client("sqs", endpoint_url=endpoint, config=once), hidden_s=hidden_s)
    except faults.BotoCoreError as fault:
        problem = (
            f"connection.queue: boto3 cannot be set up with the environment and its own files: {type(fault).__name__}"
        )
        raise ConfigError([problem]) from fault


def unwrap(body: bytes) -> bytes:
    """What was published, where SNS carried it; anything else as it is."""
    try:
        envelope = msgspec.json.decode(body, type=_Envelope)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return body
    return envelope.message.encode() if envelope.type == "Notification" else body


def _refused(response: dict[str, Any], operation: str, name: str) -> RemoteError:
    """Whose fault an answer of SQS tells. Its words are left out: they name users."""
    code = str(response.get("Error", {}).get("Code", "unknown"))
    told = response.get("ResponseMetadata", {})
    status, request_id = int(told.get("HTTPStatusCode", 0)), str(told.get("RequestId", ""))
    message = f"queue {name}: {operation} was refused: {code}"
    if status >= 500 or status == 429 or any(part in code for part in _THROTTLED):  # noqa: PLR2004 - HTTP's own numbers
        return Unavailable(message, operation=operation, request_id=request_id)
    if status in {401, 403} or any(part in code for part in _NOT_LET_IN):
        return Unauthorized(message, platform="aws", code=code, operation=operation, request_id=request_id)
    return Rejected(message, code=code, operation=operation, request_id=request_id, status=status)


def _unanswered(kind: str, operation: str, name: str) -> RemoteError:
    """What kept a call from being made or answered, by boto3's name for it."""
    if any(part in kind for part in _NO_CREDENTIALS):
        message = f"queue {name}: {operation} was not asked: no credentials ({kind})"
        return Unauthorized(message, platform="aws", code=kind, operation=operation)
    if "Validation" in kind:
        return Rejected(f"queue {name}: {operation} was not asked: {kind}", code=kind, operation=operation)
    return Unavailable(f"queue {name}: {operation} was not answered: {kind}", operation=operation)
