"""The edge of the desk: who may knock, and the headers every answer carries. The only `async` of the pages.

Rule: there is no sign-in yet, so the desk is bound to this machine alone and answers only requests that name it: a page of the open web whose name
was made to point here (DNS rebinding) is turned away.
"""

from __future__ import annotations

from ipaddress import ip_address

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from crossdock.errors import ConfigError

# Everything comes from here: no inline script or style, no frame, no other host. Charts and polling need nothing more.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}
# Our own style sheet, script and what is vendored: their address changes with their content, so they may be kept.
STATIC = "/static/"
KEPT = "public, max-age=31536000, immutable"

NOT_HERE = "The desk has no sign-in yet and answers on this machine only: ask for http://127.0.0.1 or http://localhost with its port.\n"


def check_loopback(host: str) -> None:
    """Refuse to be bound to an address that other machines can reach (ConfigError)."""
    if not is_loopback(host):
        raise ConfigError(
            [
                f"--host: {host!r} can be reached from outside, and the desk has no sign-in yet; use 127.0.0.1, ::1 or localhost"
            ]
        )


def is_loopback(host: str) -> bool:
    """Whether a name or address, without a port, is this machine and nothing else."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host.removeprefix("[").removesuffix("]")).is_loopback
    except ValueError:
        return False


class Edge:
    """Stands before the pages: turns away what does not name this machine, and seals every answer."""

    def __init__(self, pages: ASGIApp) -> None:
        """`pages`: what answers the requests that are let through."""
        self._pages = pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._pages(scope, receive, send)
            return

        async def sealed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                if scope["path"].startswith(STATIC) and message["status"] in {200, 304}:
                    headers["cache-control"] = KEPT
            await send(message)

        host = Headers(scope=scope).get("host", "")
        answer = self._pages if is_loopback(_without_port(host)) else PlainTextResponse(NOT_HERE, status_code=421)
        await answer(scope, receive, sealed)


def _without_port(host: str) -> str:
    """`[::1]:8080` -> `[::1]`, `localhost:8080` -> `localhost`; anything odd stays odd and is no loopback."""
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdecimal() and not host.endswith("]") else host
