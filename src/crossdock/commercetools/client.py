"""One call to commercetools: token, correlation id, and the one place where its faults are translated.

commercetools publishes no rate; parallelism bounds us. Bodies are never quoted in an error: they hold addresses. Its own codes and field names are.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar
from urllib.parse import urlencode

import httpx2
import msgspec

from crossdock.errors import Conflict, CrossdockError, Rejected, Unauthorized, Unavailable

T = TypeVar("T")

TOKEN_LEEWAY = timedelta(seconds=60)
IMPORT_PATH = "/orders/import"
# "URI length limited to ~8kB": a longer query is cut into several by its caller.
QUERY_BYTES_MAX = 7_000

_BUSY_CODES = frozenset({"OverCapacity", "PendingOperation", "QueryTimedOut", "General", "BadGateway"})
# Codes that mean "there is one already": the caller reads it and compares.
_EXISTS_CODES = frozenset({"DuplicateField", "DuplicateFieldWithConflictingResource"})

# Their codes are a few words; what is longer is no code and not quoted whole.
CODE_MAX = 64

_encode = msgspec.json.Encoder(decimal_format="number").encode


@dataclass(frozen=True, slots=True)
class Credentials:
    """An API client of the project; the secret is never printed."""

    client_id: str
    client_secret: str = field(repr=False)


class ErrorDetail(msgspec.Struct, rename="camel"):
    """One entry of an error answer; only what we branch on or may quote."""

    code: str = ""
    field: str = ""
    skus: list[str] = []
    type_id: str = ""
    key: str = ""


class _ErrorBody(msgspec.Struct, rename="camel"):
    errors: list[ErrorDetail] = []
    error: str = ""


class _Token(msgspec.Struct):
    access_token: str
    expires_in: int
    scope: str = ""


class Client:
    """The calls of one project."""

    def __init__(
        self,
        http: httpx2.Client,
        *,
        api_url: str,
        auth_url: str,
        project_key: str,
        credentials: Credentials,
        clock: Callable[[], datetime],
    ) -> None:
        """`api_url`, `auth_url`: the region's hosts, without a slash at their end."""
        self._http = http
        self._base = f"{api_url}/{project_key}"
        self._import_url = httpx2.URL(f"{self._base}{IMPORT_PATH}")
        self._extensions = {"timeout": http.timeout.as_dict()}
        self._token_url = f"{auth_url}/oauth/token"
        self._credentials = credentials
        self._clock = clock
        self._guard = threading.Lock()
        self._token = ""
        self._ends_at: datetime | None = None
        self.scopes = ""

    def get(self, operation: str, path: str, shape: type[T], query: Mapping[str, str] | None = None) -> T:
        """The answer of a GET, read as `shape`."""
        return self._call(operation, "GET", path, shape, query=query)

    def find(self, operation: str, path: str, shape: type[T]) -> T | None:
        """The answer of a GET for one thing; None where there is none."""
        try:
            return self._call(operation, "GET", path, shape)
        except Rejected as refused:
            if refused.status == httpx2.codes.NOT_FOUND:
                return None
            raise

    def post(self, operation: str, path: str, body: Any, shape: type[T]) -> T:
        """The answer of a POST, read as `shape`. Conflict where the version has moved or the thing exists."""
        return self._call(operation, "POST", path, shape, content=_encode(body))

    def _call(
        self,
        operation: str,
        method: str,
        path: str,
        shape: type[T],
        *,
        query: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> T:
        url = self._url(path, query)
        token = self.token()
        response = self._send(operation, method, url, token=token, content=content)
        if response.status_code == httpx2.codes.UNAUTHORIZED:
            # Tokens can be revoked before their time: renew once, then it is the client's.
            self._forget(token)
            response = self._send(operation, method, url, token=self.token(), content=content)
        if response.status_code >= httpx2.codes.MULTIPLE_CHOICES:
            raise _fault(operation, response)
        try:
            return msgspec.json.decode(response.content, type=shape)
        except (msgspec.MsgspecError, UnicodeDecodeError) as fault:
            # msgspec names the place and the kinds that do not fit, never the value.
            why = str(fault) if isinstance(fault, msgspec.MsgspecError) else "not UTF-8"
            message = f"{operation}: commercetools answered with something else than the documented JSON: {why}"
            raise Unavailable(message, operation=operation, request_id=_request_id(response)) from fault

    def _url(self, path: str, query: Mapping[str, str] | None) -> httpx2.URL:
        """The whole address. That of the import, the one path of every order, is parsed once: parsing was 7 % of a worker's CPU."""
        if path == IMPORT_PATH and not query:
            return self._import_url
        return httpx2.URL(f"{self._base}{path}?{urlencode(query)}" if query else f"{self._base}{path}")

    def _send(
        self, operation: str, method: str, url: httpx2.URL, *, token: str, content: bytes | None
    ) -> httpx2.Response:
        headers = {
            "authorization": f"Bearer {token}",
            "x-correlation-id": f"crossdock-{uuid.uuid4()}",
            "accept": "application/json",
        }
        if content is not None:
            headers["content-type"] = "application/json"
        # Built here and not by the client: there is no cookie, no default header and no second base address to merge.
        request = httpx2.Request(method, url, headers=headers, content=content, extensions=self._extensions)
        try:
            return self._http.send(request)
        except httpx2.HTTPError as fault:
            message = f"{operation}: commercetools did not answer: {type(fault).__name__}"
            raise Unavailable(message, operation=operation, request_id=headers["x-correlation-id"]) from fault

    def token(self) -> str:
        """A token that is good for the next minute; one call fetches it for all threads."""
        with self._guard:
            if self._ends_at is None or self._clock() >= self._ends_at - TOKEN_LEEWAY:
                answer = self._fetch_token()
                self._token, self.scopes = answer.access_token, answer.scope
                self._ends_at = self._clock() + timedelta(seconds=answer.expires_in)
            return self._token

    def _forget(self, token: str) -> None:
        with self._guard:
            if self._token == token:
                self._ends_at = None

    def _fetch_token(self) -> _Token:
        operation = "commercetools.token"
        try:
            response = self._http.post(
                self._token_url,
                data={"grant_type": "client_credentials"},
                auth=(self._credentials.client_id, self._credentials.client_secret),
            )
        except httpx2.HTTPError as fault:
            message = f"commercetools' sign-in did not answer: {type(fault).__name__}"
            raise Unavailable(message, operation=operation) from fault
        if response.status_code != httpx2.codes.OK:
            refusal = _fault(operation, response)
            if isinstance(refusal, Rejected):
                message = f"commercetools refuses this API client: {refusal.code}"
                raise Unauthorized(
                    message,
                    platform="commercetools",
                    code=refusal.code,
                    operation=operation,
                    request_id=refusal.request_id,
                )
            raise refusal
        try:
            return msgspec.json.decode(response.content, type=_Token)
        except (msgspec.MsgspecError, UnicodeDecodeError) as fault:
            message = "commercetools' sign-in answered with something else than a token"
            raise Unavailable(message, operation=operation) from fault


class OutOfStock(Rejected):
    """An order cannot take its stock: no entry for the SKU and channel, or not enough."""

    skus: tuple[str, ...] = ()


def _fault(operation: str, response: httpx2.Response) -> CrossdockError:
    status, request_id = response.status_code, _request_id(response)
    body = _error_body(response.content)
    first = body.errors[0] if body.errors else ErrorDetail(code=body.error)
    code = first.code[:CODE_MAX]
    message = f"{operation}: commercetools answered {status} {code}".rstrip()
    if status == httpx2.codes.CONFLICT or first.code in _EXISTS_CODES:
        return Conflict(message, operation=operation, request_id=request_id)
    if status == httpx2.codes.TOO_MANY_REQUESTS:
        retry_after = response.headers.get("retry-after", "")
        wait_s = float(retry_after) if retry_after.isdigit() else None
        return Unavailable(message, operation=operation, request_id=request_id, retry_after_s=wait_s)
    if status >= httpx2.codes.INTERNAL_SERVER_ERROR or first.code in _BUSY_CODES:
        return Unavailable(message, operation=operation, request_id=request_id)
    if status in {httpx2.codes.UNAUTHORIZED, httpx2.codes.FORBIDDEN}:
        return Unauthorized(message, platform="commercetools", code=code, operation=operation, request_id=request_id)
    if first.code == "OutOfStock" and first.skus:
        fault = OutOfStock(message, code=code, operation=operation, request_id=request_id, status=status)
        fault.skus = tuple(first.skus)
        return fault
    pointer = first.field or " ".join(filter(None, (first.type_id, first.key)))
    return Rejected(
        message,
        code=code or str(status),
        operation=operation,
        request_id=request_id,
        pointer=pointer[:200],
        status=status,
    )


def as_sent(body: Any) -> Any:
    """A body as the other side reads it, for a rehearsal: what a number is in JSON is a number here."""
    return msgspec.json.decode(_encode(body))


def _error_body(content: bytes) -> _ErrorBody:
    try:
        return msgspec.json.decode(content, type=_ErrorBody)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return _ErrorBody()


def _request_id(response: httpx2.Response) -> str:
    return str(response.headers.get("x-correlation-id", ""))


def money_draft(amount: int, currency: str) -> dict[str, Any]:
    """Whole minor units as both requests and custom fields take them."""
    return {"centAmount": amount, "currencyCode": currency}


def rate_number(rate: Decimal) -> Decimal:
    """A tax rate without needless zeros, so that 0.1900 is sent as 0.19."""
    return rate.normalize() if rate else Decimal(0)
