"""The twin on a port: for the demonstration, for training, and for other people's clients.

Requests are answered in the event loop itself, one after the other: the twin only computes. A call that is held keeps
its connection open until control releases it or its client goes away; an answer that is lost closes the connection.
Nothing is printed. Serve on loopback only: whoever reaches the port may do everything.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, MutableMapping
from itertools import count
from threading import Thread
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs

import uvicorn

from crossdock.twin.both import Held, Twin
from crossdock.twin.control import control
from crossdock.twin.world import Hold, Request, Response

BODY_MAX = 16 * 1024 * 1024  # larger than anything either platform takes
BACKLOG = 2048
SHUTDOWN_S = 1  # how long open calls may go on when the server stops

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


def serve(twin: Twin, port: int = 0, host: str = "127.0.0.1", *, on_ready: Callable[[str], None] | None = None) -> None:
    """Serve until the process is interrupted; `on_ready` is told the address as soon as calls are accepted."""
    listening = _listen(host, port)
    if on_ready is not None:
        on_ready(_address(listening))
    _server(twin).run(sockets=[listening])


class Running:
    """A twin that is served by a thread of this process; a context that stops it at its end."""

    def __init__(self, twin: Twin, port: int, host: str) -> None:
        """Accept calls from now on."""
        listening = _listen(host, port)
        self.twin = twin
        self.url = _address(listening)
        self._server = _server(twin)
        self._thread = Thread(target=self._server.run, args=([listening],), name="twin", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Close the port and every connection."""
        self._server.should_exit = True
        self._thread.join()

    def __enter__(self) -> Self:
        """Give the running twin."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Stop it."""
        self.stop()


def start(twin: Twin, port: int = 0, host: str = "127.0.0.1") -> Running:
    """Serve from a thread; the answer knows the `url` and can `stop`."""
    return Running(twin, port, host)


class Application:
    """The twin as an ASGI application."""

    def __init__(self, twin: Twin) -> None:
        """Serve this twin."""
        self._twin = twin
        self._numbers = count(1)

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request."""
        body = await _read(receive)
        if body is None:
            await _send(send, Response(413))
            return
        request = _request(scope, body)
        answer = control if request.path.startswith("/_twin/") else Twin.handle
        response = answer(self._twin, request)
        if response.hold is None:
            await _send(send, response)
        elif response.hold.lost:
            await _hang_up(receive, send)
        else:
            await self._keep_back(response.hold, receive, send)

    async def _keep_back(self, hold: Hold, receive: Receive, send: Send) -> None:
        """Wait until the call is released or its client goes away."""
        loop = asyncio.get_running_loop()
        released = asyncio.Event()
        hold_id = str(next(self._numbers))
        now = self._twin.world.clock.now()
        self._twin.holds[hold_id] = Held(hold.operation, now, lambda: _call(loop, released.set))
        go_on, gone = asyncio.create_task(released.wait()), asyncio.create_task(_until_gone(receive))
        try:
            await asyncio.wait({go_on, gone}, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:  # the server stops
            _abort(send)
            raise
        finally:
            del self._twin.holds[hold_id]
            go_on.cancel()
            gone.cancel()
        if not gone.done():
            await _send(send, hold.finish())


def _listen(host: str, port: int) -> socket.socket:
    """Open the port. Named TCP, because asyncio switches Nagle's delay of 40 ms off only where it sees that name."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(BACKLOG)
    except OSError:
        listening.close()
        raise
    return listening


def _server(twin: Twin) -> uvicorn.Server:
    """Make a silent server."""
    config = uvicorn.Config(
        Application(twin),
        http="httptools",
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        log_level="critical",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        timeout_graceful_shutdown=SHUTDOWN_S,
    )
    return uvicorn.Server(config)


def _address(listening: socket.socket) -> str:
    """Tell where a socket listens."""
    host, port = listening.getsockname()[:2]
    return f"http://{host}:{port}"


def _call(loop: asyncio.AbstractEventLoop, act: Callable[[], None]) -> None:
    """Do something in the loop, from whatever thread."""
    loop.call_soon_threadsafe(act)


async def _read(receive: Receive) -> bytes | None:
    """Read the body; None if it is too large."""
    parts = []
    size = 0
    while True:
        message = await receive()
        part = message.get("body", b"")
        parts.append(part)
        size += len(part)
        if size > BODY_MAX:
            return None
        if not message.get("more_body", False):
            return parts[0] if len(parts) == 1 else b"".join(parts)


def _request(scope: MutableMapping[str, Any], body: bytes) -> Request:
    """Take over a request as it arrived."""
    query = scope["query_string"]
    return Request(
        method=scope["method"],
        path=scope["raw_path"].decode("latin-1"),
        query=parse_qs(query.decode("latin-1"), keep_blank_values=True) if query else {},
        headers={name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]},
        body=body,
    )


async def _send(send: Send, response: Response) -> None:
    """Send an answer."""
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in response.headers.items()]
    headers.append((b"content-length", b"%d" % len(response.body)))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body})


async def _until_gone(receive: Receive) -> None:
    """Wait until the client has gone away."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _hang_up(receive: Receive, send: Send) -> None:
    """End a call without an answer."""
    _abort(send)
    await _until_gone(receive)


def _abort(send: Send) -> None:
    """Close the connection: ASGI has no word for it, so the server's own is taken from behind its `send`."""
    cycle = getattr(send, "__self__")  # noqa: B009 (mypy knows no such attribute of a callable)
    cycle.transport.abort()
