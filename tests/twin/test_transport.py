"""The twin as a transport of the HTTP client."""

from __future__ import annotations

import httpx2
import pytest

from crossdock.twin.transport import transport
from crossdock.twin.world import Fault, Request, Response
from tests.twin.amazon_caller import FORM, Caller


def test_a_request_arrives_as_it_would_over_a_network() -> None:
    """Path still encoded, query decoded with every repetition, header names in lower case, body whole."""
    seen: list[Request] = []

    def handle(request: Request) -> Response:
        seen.append(request)
        return Response(201, b"{}", {"x-amzn-requestid": "1"})

    client = httpx2.Client(transport=transport(handle), base_url="https://amazon.example")
    answered = client.post("/a%2Fb/c?x=1&x=2%2C3&y=", content=b"body", headers={"X-Amz-Access-Token": "t"})
    [request] = seen
    assert (answered.status_code, answered.headers["x-amzn-RequestId"], answered.json()) == (201, "1", {})
    assert (request.method, request.path, request.body) == ("POST", "/a%2Fb/c", b"body")
    assert request.query == {"x": ["1", "2,3"], "y": [""]}
    assert request.headers["x-amz-access-token"] == "t"


@pytest.mark.parametrize("answer", ["hold", "timed_out"])
def test_an_answer_that_does_not_come_times_out(caller: Caller, answer: str) -> None:
    """What is held or lost is a read that timed out, at once."""
    caller.world.faults.add(Fault("amazon.token", answer))  # type: ignore[arg-type]
    client = httpx2.Client(transport=transport(caller.amazon.handle), base_url="https://api.example")
    with pytest.raises(httpx2.ReadTimeout):
        client.post("/auth/o2/token", content=b"", headers=FORM)
