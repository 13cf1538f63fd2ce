"""Amazon's queue on a loopback port: moto's server, which speaks SQS's own protocol and knows nothing of ours."""

from __future__ import annotations

import http.client
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any

import boto3
from moto.server import ThreadedMotoServer

from crossdock.queues import Queue, open_queue

REGION = "eu-west-1"
KEYS = ("AKIAEXAMPLE", "example-secret")


@dataclass(frozen=True, slots=True)
class Sqs:
    """The server, and what a publisher or an operator does there."""

    host: str
    port: int
    client: Any

    @property
    def endpoint(self) -> str:
        """Whom to ask."""
        return f"http://{self.host}:{self.port}"

    def make_queue(self) -> str:
        """The address of a new, empty queue."""
        url: str = self.client.create_queue(QueueName=f"crossdock-{next(_numbers)}")["QueueUrl"]
        return url

    def send(self, url: str, bodies: Sequence[str]) -> None:
        """Put these on a queue, as Amazon and commercetools do."""
        for body in bodies:
            self.client.send_message(QueueUrl=url, MessageBody=body)

    def left(self, url: str) -> int:
        """How many messages are on it: those that wait, and those that were handed out and are not deleted."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        told = self.client.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return sum(int(value) for value in told.values())

    @contextmanager
    def asking_for_keys(self) -> Iterator[None]:
        """Meanwhile only keys that somebody was given are let in, which is none."""
        self._let_in(b"0")
        try:
            yield
        finally:
            self._let_in(b"inf")

    @contextmanager
    def opened(self, url: str, *, hidden_s: int = 120) -> Iterator[Queue]:
        """Our side of a queue."""
        with closing(open_queue(url, region=REGION, endpoint=self.endpoint, keys=KEYS, hidden_s=hidden_s)) as queue:
            yield queue

    def _let_in(self, calls: bytes) -> None:
        """So many calls from now on are not asked for a key."""
        with closing(http.client.HTTPConnection(self.host, self.port)) as connection:
            connection.request("POST", "/moto-api/reset-auth", body=calls)
            connection.getresponse().read()


@contextmanager
def serving_sqs() -> Iterator[Sqs]:
    """The server, for as long as the tests of a file need it."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    session = boto3.session.Session(*KEYS, region_name=REGION)
    with closing(session.client("sqs", endpoint_url=f"http://{host}:{port}")) as client:
        yield Sqs(host, port, client)
    server.stop()


_numbers = count(1)
