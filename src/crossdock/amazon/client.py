"""One call to the Selling Partner API: token, rate, request id, and the one place where its faults are translated.

No signature: SP-API ignores SigV4 since October 2023. The rate is asked before the call; a 429 all the same empties the bucket and is no error.
Documents go to and come from the addresses Amazon gives for them, without our token; such an address opens its document to anybody and is never told.
"""

from __future__ import annotations

import math
import platform
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from importlib import metadata
from typing import NamedTuple
from urllib.parse import urlencode, urlsplit

import httpx2
import msgspec

from crossdock.amazon.auth import Tokens
from crossdock.errors import CrossdockError, DataError, Rejected, Unauthorized, Unavailable
from crossdock.rate import Limiter

# Amazon asks for this form on every request.
USER_AGENT = f"Crossdock/{metadata.version('crossdock')} (Language=Python/{platform.python_version()})"

_REFUSED = frozenset({httpx2.codes.UNAUTHORIZED, httpx2.codes.FORBIDDEN})
_TAKEN = frozenset({httpx2.codes.OK, httpx2.codes.CREATED, httpx2.codes.ACCEPTED})
_PASSING = frozenset({httpx2.codes.FORBIDDEN, httpx2.codes.REQUEST_TIMEOUT, httpx2.codes.TOO_MANY_REQUESTS})
# Amazon's clock is told in whole seconds, rounded down: the answer was given before the next.
_SECOND = timedelta(seconds=1)
# An address that cannot be used is no answer either; what it was is told nowhere, because whoever has it may read or write there.
_NO_ANSWER = (httpx2.HTTPError, httpx2.InvalidURL)


class Answer(NamedTuple):
    """The body of an answer, and the id under which Amazon knows of it. `at`: by when it was given, by Amazon's clock; None where it does not tell."""

    body: bytes
    request_id: str
    at: datetime | None = None


class _Asked(NamedTuple):
    """A request but for who sends it."""

    method: str
    url: str
    body: bytes | None = None


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
        self._is_refused = False

    def get(self, operation: str, path: str, query: Mapping[str, str], *, urgent: bool = False) -> Answer:
        """The answer to a GET. Unavailable with `own_rate` while our own plan has no call left; faults as in `errors.py`.

        `urgent`: somebody waits for it, so the share of the plan that is kept for such calls is his.
        """
        return self._call(operation, _Asked("GET", self._url(path, query)), urgent=urgent)

    def patch(
        self, operation: str, path: str, query: Mapping[str, str], *, change: object, urgent: bool = False
    ) -> Answer:
        """The answer to a PATCH whose body is `change`, as JSON. After an Unavailable without `own_rate` it may have taken effect all the same."""
        return self._call(
            operation, _Asked("PATCH", self._url(path, query), msgspec.json.encode(change)), urgent=urgent
        )

    def post(self, operation: str, path: str, *, draft: object, urgent: bool = False) -> Answer:
        """The answer to a POST whose body is `draft`, as JSON. After an Unavailable without `own_rate` it may have taken effect all the same."""
        return self._call(operation, _Asked("POST", self._url(path, {}), msgspec.json.encode(draft)), urgent=urgent)

    def delete(self, operation: str, path: str, *, urgent: bool = False) -> Answer:
        """The answer to a DELETE. After an Unavailable without `own_rate` it may have taken effect all the same."""
        return self._call(operation, _Asked("DELETE", self._url(path, {})), urgent=urgent)

    def upload(self, operation: str, url: str, document: bytes, *, content_type: str) -> None:
        """The document is at the address Amazon gave for it, without our token. Repeating it while the address lives is safe.

        `content_type`: the very one the address was made for. Unavailable where the address has expired: ask for a new one.
        """
        asked = _Asked("PUT", self._document_url(operation, url), document)
        try:
            response = self._http.request(
                asked.method, asked.url, content=asked.body, headers={"content-type": content_type}
            )
        except _NO_ANSWER as fault:
            raise _unanswered(operation, fault) from None
        _check_stored(operation, response.status_code)

    def download(self, operation: str, url: str, *, bytes_max: int) -> tuple[bytes, bool]:
        """What is at the address Amazon gave, without our token, and whether that is all of it: no more than `bytes_max` is ever taken."""
        asked = _Asked("GET", self._document_url(operation, url))
        taken = bytearray()
        try:
            with self._http.stream(asked.method, asked.url, headers={"accept-encoding": "identity"}) as response:
                _check_stored(operation, response.status_code)
                for chunk in response.iter_bytes():
                    taken += chunk[: bytes_max - len(taken) + 1]
                    if len(taken) > bytes_max:
                        break
        except _NO_ANSWER as fault:
            raise _unanswered(operation, fault) from None
        return bytes(taken[:bytes_max]), len(taken) <= bytes_max

    def _url(self, path: str, query: Mapping[str, str]) -> str:
        return f"{self._endpoint}{path}?{urlencode(query)}" if query else f"{self._endpoint}{path}"

    def _document_url(self, operation: str, url: str) -> str:
        """The address itself, where it may be called: over TLS, or on the endpoint's own host and port, which is how a twin on loopback is reached."""
        try:
            there, ours = urlsplit(url), urlsplit(self._endpoint)
            fits = there.scheme == "https" and bool(there.hostname) and there.username is None
            fits = fits or (there.scheme, there.netloc) == (ours.scheme, ours.netloc)
        except ValueError:
            fits = False
        if not fits:
            raise DataError(operation, "the address of the document is not one that may be called")
        return url

    def _call(self, operation: str, asked: _Asked, *, urgent: bool) -> Answer:
        response = self._try(operation, asked, urgent=urgent)
        if response.status_code in _REFUSED and not self._is_refused:
            # An expired token is answered with 403 like a missing role: once more with a new one, at once or, where our rate is spent, at the
            # next call. Then it is the role. What was refused took no effect, so a write is repeated like a read.
            self._is_refused = True
            response = self._try(operation, asked, urgent=urgent)
        self._is_refused = response.status_code in _REFUSED
        self._observe(operation, response)
        if response.status_code not in _TAKEN:
            raise self._fault(operation, response)
        return Answer(response.content, _request_id(response), _answered_by(response))

    def _try(self, operation: str, asked: _Asked, *, urgent: bool) -> httpx2.Response:
        """One call of our rate, with a token that was not refused before."""
        wait_s = self._limiter.take(operation, urgent)
        if wait_s > 0:
            message = f"{operation}: the next call fits the plan in {wait_s:.0f} s"
            raise self._waits(message, operation, wait_s)
        token = self._tokens.get()
        response = self._send(operation, asked, token)
        if response.status_code in _REFUSED:
            self._tokens.forget(token)
        return response

    def _send(self, operation: str, asked: _Asked, token: str) -> httpx2.Response:
        headers = {"x-amz-access-token": token, "user-agent": USER_AGENT, "accept": "application/json"}
        if asked.body is not None:
            headers["content-type"] = "application/json"
        try:
            return self._http.request(asked.method, asked.url, content=asked.body, headers=headers)
        except httpx2.HTTPError as fault:
            raise _unanswered(operation, fault) from fault

    def _waits(self, message: str, operation: str, wait_s: float, request_id: str = "") -> Unavailable:
        every_s = self._limiter.every(operation)
        return Unavailable(
            message, operation=operation, request_id=request_id, retry_after_s=wait_s, own_rate=True, every_s=every_s
        )

    def _observe(self, operation: str, response: httpx2.Response) -> None:
        try:
            per_s = float(response.headers.get("x-amzn-ratelimit-limit", ""))
        except ValueError:
            return
        if 0 < per_s < math.inf:
            self._limiter.observed(operation, per_s)

    def _fault(self, operation: str, response: httpx2.Response) -> CrossdockError:
        request_id = _request_id(response)
        status = response.status_code
        code = _first_code(response.content)
        if status == httpx2.codes.TOO_MANY_REQUESTS:
            wait_s = self._limiter.throttled(operation)
            return self._waits(f"{operation}: throttled by Amazon", operation, wait_s, request_id)
        message = f"{operation}: Amazon answered {status} {code}".rstrip()
        if status >= httpx2.codes.INTERNAL_SERVER_ERROR:
            return Unavailable(message, operation=operation, request_id=request_id)
        if status in _REFUSED:
            return Unauthorized(message, platform="amazon", code=code, operation=operation, request_id=request_id)
        return Rejected(message, code=code or str(status), operation=operation, request_id=request_id, status=status)


def _request_id(response: httpx2.Response) -> str:
    return response.headers.get("x-amzn-requestid", "")


def _answered_by(response: httpx2.Response) -> datetime | None:
    """The end of the second in which Amazon says it answered."""
    try:
        at = parsedate_to_datetime(response.headers.get("date", ""))
        return at.astimezone(UTC) + _SECOND if at.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def _unanswered(operation: str, fault: Exception) -> Unavailable:
    return Unavailable(f"{operation}: Amazon did not answer: {type(fault).__name__}", operation=operation)


def _check_stored(operation: str, status: int) -> None:
    """The storage of documents is none of the API: its 403 is an address that has expired, and says nothing of our token or role."""
    message = f"{operation}: the storage of documents answered {status}"
    if status >= httpx2.codes.INTERNAL_SERVER_ERROR or status in _PASSING:
        raise Unavailable(message, operation=operation)
    if status != httpx2.codes.OK:
        raise Rejected(message, code=str(status), operation=operation, status=status)


def _first_code(body: bytes) -> str:
    """Amazon's own code; its message is left out, because it may quote what was sent."""
    try:
        errors = msgspec.json.decode(body, type=_Errors).errors
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return ""
    return errors[0].code[:64] if errors else ""
