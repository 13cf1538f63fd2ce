"""Login with Amazon: access tokens from the seller's refresh token.

Source: SP-API "Connecting to the Selling Partner API", step 1. A token lives an hour; one call fetches it for all threads.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import httpx2
import msgspec

from crossdock.errors import Unauthorized, Unavailable

OPERATION = "lwa.token"
# Fetched anew this long before it ends, so that no call starts with a token that dies on the way.
LEEWAY = timedelta(seconds=60)
# The two codes after which the same request may work later; every other one needs a person.
_PASSING = frozenset({"server_error", "temporarily_unavailable"})


@dataclass(frozen=True, slots=True)
class Credentials:
    """The application's and the seller's secrets; never printed."""

    client_id: str
    client_secret: str = field(repr=False)
    refresh_token: str = field(repr=False)


class _Token(msgspec.Struct):
    access_token: str
    expires_in: int


class _Refusal(msgspec.Struct):
    error: str = ""


class Tokens:
    """The access token of one seller, cached until shortly before it ends."""

    def __init__(
        self, http: httpx2.Client, token_url: str, credentials: Credentials, clock: Callable[[], datetime]
    ) -> None:
        """`token_url`: `https://api.amazon.com/auth/o2/token`, or a twin's."""
        self._http = http
        self._url = token_url
        self._credentials = credentials
        self._clock = clock
        self._guard = threading.Lock()
        self._token = ""
        self._ends_at: datetime | None = None

    def get(self) -> str:
        """A token that is good for the next minute. Unauthorized where the consent or the secret is gone."""
        with self._guard:
            if self._ends_at is None or self._clock() >= self._ends_at - LEEWAY:
                answer = self._fetch()
                self._token = answer.access_token
                self._ends_at = self._clock() + timedelta(seconds=answer.expires_in)
            return self._token

    def forget(self, token: str) -> None:
        """Amazon refused this token: fetch another one next time, unless another thread has already."""
        with self._guard:
            if self._token == token:
                self._ends_at = None

    def _fetch(self) -> _Token:
        form = {
            "grant_type": "refresh_token",
            "refresh_token": self._credentials.refresh_token,
            "client_id": self._credentials.client_id,
            "client_secret": self._credentials.client_secret,
        }
        try:
            response = self._http.post(self._url, data=form)
        except httpx2.HTTPError as fault:
            message = f"Login with Amazon did not answer: {type(fault).__name__}"
            raise Unavailable(message, operation=OPERATION) from fault
        request_id = response.headers.get("x-amzn-requestid", "")
        if response.status_code == httpx2.codes.OK:
            try:
                return msgspec.json.decode(response.content, type=_Token)
            except (msgspec.MsgspecError, UnicodeDecodeError) as fault:
                message = "Login with Amazon answered with something else than a token"
                raise Unavailable(message, operation=OPERATION, request_id=request_id) from fault
        code = _refusal(response.content)
        if (
            code in _PASSING
            or response.status_code >= httpx2.codes.INTERNAL_SERVER_ERROR
            or response.status_code == httpx2.codes.TOO_MANY_REQUESTS
        ):
            message = f"Login with Amazon is not available: {code or response.status_code}"
            raise Unavailable(message, operation=OPERATION, request_id=request_id)
        message = f"Login with Amazon refuses this connection: {code or response.status_code}"
        raise Unauthorized(message, platform="amazon", code=code, operation=OPERATION, request_id=request_id)


def _refusal(body: bytes) -> str:
    try:
        return msgspec.json.decode(body, type=_Refusal).error[:64]
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return ""
