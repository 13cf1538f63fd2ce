"""One call to the Selling Partner API: token, rate, request id, and the one place where its faults are translated.

No signature: SP-API ignores SigV4 since October 2023. The rate is asked before the call; a 429 all the same empties the bucket and is no error.
"""

from __future__ import annotations

import math
import platform
from collections.abc import Mapping
from importlib import metadata
from urllib.parse import urlencode

import httpx2
import msgspec

from crossdock.amazon.auth import Tokens
from crossdock.errors import CrossdockError, Rejected, Unauthorized, Unavailable
from crossdock.rate import Limiter

# Amazon asks for this form on every request.
USER_AGENT = f"Crossdock/{metadata.version('crossdock')} (Language=Python/{platform.python_version()})"


class _Error(msgspec.Struct):
    code: str = ""
    message: str = ""


class _Errors(msgspec.Struct):
    errors: list[_Error] = []


class Client:
    """The calls of one seller account in one region."""

    def __init__(self, http: httpx2.Client, endpoint: str, tokens: Tokens, limiter: Limiter) -> None:
        """`endpoint`: the region's base address, without a slash at its end."""
        self._http = http
        self._endpoint = endpoint
        self._tokens = tokens
        self._limiter = limiter

    def get(self, operation: str, path: str, query: Mapping[str, str]) -> bytes:
        """The body of a GET. Unavailable with `own_rate` while our own plan has no call left; faults as in `errors.py`."""
        wait_s = self._limiter.take(operation)
        if wait_s > 0:
            message = f"{operation}: the next call fits the plan in {wait_s:.0f} s"
            raise Unavailable(message, operation=operation, retry_after_s=wait_s, own_rate=True)
        url = f"{self._endpoint}{path}?{urlencode(query)}" if query else f"{self._endpoint}{path}"
        token = self._tokens.get()
        response = self._send(operation, url, token)
        if response.status_code in {httpx2.codes.UNAUTHORIZED, httpx2.codes.FORBIDDEN}:
            # An expired token is answered with 403 like a missing role: renew once, then it is the role.
            self._tokens.forget(token)
            response = self._send(operation, url, self._tokens.get())
        self._observe(operation, response)
        if response.status_code != httpx2.codes.OK:
            raise self._fault(operation, response)
        return response.content

    def _send(self, operation: str, url: str, token: str) -> httpx2.Response:
        try:
            return self._http.get(
                url, headers={"x-amz-access-token": token, "user-agent": USER_AGENT, "accept": "application/json"}
            )
        except httpx2.HTTPError as fault:
            message = f"{operation}: Amazon did not answer: {type(fault).__name__}"
            raise Unavailable(message, operation=operation) from fault

    def _observe(self, operation: str, response: httpx2.Response) -> None:
        try:
            per_s = float(response.headers.get("x-amzn-ratelimit-limit", ""))
        except ValueError:
            return
        if 0 < per_s < math.inf:
            self._limiter.observed(operation, per_s)

    def _fault(self, operation: str, response: httpx2.Response) -> CrossdockError:
        request_id = response.headers.get("x-amzn-requestid", "")
        status = response.status_code
        code = _first_code(response.content)
        if status == httpx2.codes.TOO_MANY_REQUESTS:
            wait_s = self._limiter.throttled(operation)
            message = f"{operation}: throttled by Amazon"
            return Unavailable(message, operation=operation, request_id=request_id, retry_after_s=wait_s, own_rate=True)
        message = f"{operation}: Amazon answered {status} {code}".rstrip()
        if status >= httpx2.codes.INTERNAL_SERVER_ERROR:
            return Unavailable(message, operation=operation, request_id=request_id)
        if status in {httpx2.codes.UNAUTHORIZED, httpx2.codes.FORBIDDEN}:
            return Unauthorized(message, code=code, operation=operation, request_id=request_id)
        return Rejected(message, code=code or str(status), operation=operation, request_id=request_id, status=status)


def _first_code(body: bytes) -> str:
    """Amazon's own code; its message is left out, because it may quote what was sent."""
    try:
        errors = msgspec.json.decode(body, type=_Errors).errors
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return ""
    return errors[0].code[:64] if errors else ""
