"""The twin as a transport for the HTTP client: requests reach it without any network.

An answer that is held back or lost looks as it would to a real client: the read times out.
"""

from collections.abc import Callable

import httpx2

from crossdock.twin.world import Request, Response

Handle = Callable[[Request], Response]


def transport(handle: Handle) -> httpx2.MockTransport:
    """Make a transport that asks `handle` of a twin, or of one of its platforms; usable from several threads."""

    def answer(asked: httpx2.Request) -> httpx2.Response:
        response = handle(_request(asked))
        if response.hold is not None:
            raise httpx2.ReadTimeout(f"{response.hold.operation} does not answer", request=asked)
        return httpx2.Response(response.status, headers=response.headers, content=response.body)

    return httpx2.MockTransport(answer)


def _request(asked: httpx2.Request) -> Request:
    """Take over a request as it would arrive."""
    query: dict[str, list[str]] = {}
    for name, value in asked.url.params.multi_items():
        query.setdefault(name, []).append(value)
    path = asked.url.raw_path.split(b"?", 1)[0].decode("ascii")
    headers = {name.lower(): value for name, value in asked.headers.items()}
    return Request(asked.method, path, query, headers, asked.read())
