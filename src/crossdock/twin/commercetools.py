"""commercetools as its callers see it: addresses, access tokens, scopes, answers.

Every operation passes through the world, where faults strike. A query parameter or header that the platform does not
know is ignored, the Host header too: the project is named by the path.
"""

import re
from base64 import b64decode
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote, urlencode

import msgspec

from crossdock.twin.commercetools_inventory import show_due_changes
from crossdock.twin.commercetools_project import Client, Project
from crossdock.twin.commercetools_queries import expanded
from crossdock.twin.commercetools_refusals import Json, RefusedError, not_found
from crossdock.twin.commercetools_routes import ALLOWED, ROUTES, Ask, Route
from crossdock.twin.world import STATUS_OF_FAULT, FaultAnswer, Request, Response, World, perform

BODY_MAX = 16 * 1024 * 1024  # bytes, as documented
URI_MAX = 8 * 1024  # bytes; the platform's front answers a longer one itself
_URI_SURELY_SHORT = 600  # characters: one is encoded with at most twelve

# What each fault says as the platform would say it.
_FAULT_CODES: Mapping[FaultAnswer, tuple[str, str]] = {
    "unavailable": ("OverCapacity", "The service is having trouble handling the load."),
    "broken": ("General", "A server-side problem occurred before or after data persistence."),
    "throttled": ("TooManyRequests", "Too many requests."),
    "unauthorized": ("invalid_token", "invalid_token"),
    "forbidden": ("insufficient_scope", "Insufficient scope."),
    "not_found": ("ResourceNotFound", "The Resource was not found."),
    "too_large": ("ContentTooLarge", "The request entity is too large."),
    "conflict": ("ConcurrentModification", "Object has a different version than expected."),
}


class Token(NamedTuple):
    """What an access token allows, and until when."""

    project_key: str
    client_id: str
    scopes: frozenset[str]
    expires_at: datetime


class Commercetools:
    """The platform: its projects and the access tokens it has given out."""

    def __init__(self, world: World) -> None:
        """Begin without a project."""
        self.world = world
        self.projects: dict[str, Project] = {}
        self.tokens: dict[str, Token] = {}

    def add_project(self, key: str, **settings: Any) -> Project:
        """Add an empty project; its settings are those of `Project`."""
        project = Project(key, self.world, **settings)
        self.projects[key] = project
        return project

    def handle(self, request: Request) -> Response:
        """Answer one request, or let a fault of the world answer it."""
        if request.path == "/oauth/token":
            return self._perform("token", request, lambda: self._give_token(request))
        _, project_key, *rest = [*request.path.split("/"), ""][:5]
        collection = rest[0] if rest else ""
        kind, name = _addressed(rest[1] if len(rest) > 1 else "", collection)
        route = ROUTES.get((request.method, collection, kind)) if request.path.count("/") <= _SLASHES_MAX else None
        if route is None:
            refused = not_found(f"at '{request.path}'")
            return self._perform("unknown", request, lambda: _reply(request, refused.status, refused.body()))
        return self._perform(route.operation, request, lambda: self._act(route, project_key, name, request))

    def _perform(self, operation: str, request: Request, act: Callable[[], Response]) -> Response:
        """Let an operation happen in the world; a request that is refused is an answer, too."""

        def acts() -> Response:
            try:
                return act()
            except RefusedError as error:
                return _reply(request, error.status, error.body())

        def refuse(fault: FaultAnswer) -> Response:
            code, message = _FAULT_CODES[fault]
            details = {"currentVersion": _version_in(request) + 1} if fault == "conflict" else {}
            return _reply(
                request, STATUS_OF_FAULT[fault], RefusedError(STATUS_OF_FAULT[fault], code, message, **details).body()
            )

        return perform(self.world, f"commercetools.{operation}", acts, refuse)

    def _act(self, route: Route, project_key: str, name: str, request: Request) -> Response:
        """Answer a request to a project, once it is clear that it may be made."""
        if _too_long(request):
            return Response(414, b"<html><body>414 Request-URI Too Large</body></html>", {"content-type": "text/html"})
        if len(request.body) > BODY_MAX:
            raise RefusedError(413, "ContentTooLarge", f"The request body exceeds {BODY_MAX} bytes.")
        token = self._token(request)
        project = self.projects.get(unquote(project_key))
        if project is None:
            raise not_found(f"with key '{unquote(project_key)}'")
        if token.project_key != project.key or not ALLOWED[route.operation] & token.scopes:
            wanted = ", ".join(f"{scope}:{project.key}" for scope in route.scopes)
            raise RefusedError(
                403, "insufficient_scope", f"Insufficient scope. One of the following scopes is missing: {wanted}."
            )
        show_due_changes(project)
        status, body = route.act(Ask(project, request, name, project.stamp(token.client_id)))
        if "expand" in request.query:
            body = expanded(body, request.query["expand"], project.resolve)
        return _reply(request, status, body)

    def _token(self, request: Request) -> Token:
        """Find the access token of a request; refuse none, one that was never given, and one that has expired."""
        scheme, _, text = request.headers.get("authorization", "").partition(" ")
        token = self.tokens.get(text.strip()) if scheme.lower() == "bearer" else None
        if token is None or token.expires_at <= self.world.clock.now():
            raise RefusedError(401, "invalid_token", "invalid_token")
        return token

    def _give_token(self, request: Request) -> Response:
        """Give an access token to an API client that proves itself, for the scopes it asks for or all it has."""
        form = parse_qs(request.body.decode("utf-8", "replace"))
        project, client = self._client(request)
        if form.get("grant_type") != ["client_credentials"]:
            raise RefusedError(400, "unsupported_grant_type", "Invalid parameter: grant_type: only client_credentials.")
        asked = " ".join(form.get("scope", [])).split()
        scopes = frozenset(scope.removesuffix(f":{project.key}") for scope in asked) or client.scopes
        if any(not scope.endswith(f":{project.key}") for scope in asked) or not scopes <= client.scopes:
            raise RefusedError(400, "invalid_scope", f"Permissions exceeded. The client may not: {' '.join(asked)}.")
        now = self.world.clock.now()
        self.tokens = {text: token for text, token in self.tokens.items() if token.expires_at > now}
        text = self.world.new_id().replace("-", "")
        self.tokens[text] = Token(project.key, client.id, scopes, now + timedelta(seconds=client.token_valid_s))
        body = {
            "access_token": text,
            "token_type": "Bearer",
            "expires_in": client.token_valid_s,
            "scope": " ".join(f"{scope}:{project.key}" for scope in sorted(scopes)),
        }
        return _reply(request, 200, body)

    def _client(self, request: Request) -> tuple[Project, Client]:
        """Find the API client that proves itself with HTTP Basic; refuse anybody else."""
        scheme, _, text = request.headers.get("authorization", "").partition(" ")
        try:
            client_id, _, secret = b64decode(text, validate=True).decode().partition(":")
        except ValueError:
            client_id, secret = "", ""
        for project in self.projects.values():
            client = project.clients.get(unquote(client_id))
            if scheme.lower() == "basic" and client is not None and client.secret == unquote(secret):
                return project, client
        raise RefusedError(
            401, "invalid_client", "Please provide valid client credentials using HTTP Basic Authentication."
        )


_VERSION = re.compile("[0-9]{1,18}")
_SLASHES_MAX = 3  # /{project}/{collection}/{one of it}
_encode = msgspec.json.Encoder().encode


def _reply(request: Request, status: int, body: Json) -> Response:
    """Make an answer; it carries the caller's correlation id back."""
    headers = {"content-type": "application/json; charset=utf-8"}
    correlation = request.headers.get("x-correlation-id")
    if correlation is not None:
        headers["x-correlation-id"] = correlation
    if status == HTTPStatus.UNAUTHORIZED:
        headers["www-authenticate"] = f'Bearer realm="commercetools", error="{body["error"]}"'
    return Response(status, _encode(body), headers)


def _addressed(text: str, collection: str) -> tuple[str, str]:
    """Tell how the last part of an address names a resource, and the name."""
    if not text:
        return "", ""
    if collection == "orders" and text == "import":
        return "import", ""
    for kind in ("key", "order-number"):
        if text.startswith(f"{kind}="):
            return kind, unquote(text[len(kind) + 1 :])
    return "id", unquote(text)


def _too_long(request: Request) -> bool:
    """Tell whether the address of a request is longer than the platform's front takes."""
    length = len(request.path) + sum(len(name) + sum(map(len, values)) for name, values in request.query.items())
    if length < _URI_SURELY_SHORT:
        return False
    return len(request.path) + len(urlencode(request.query, doseq=True)) > URI_MAX


def _version_in(request: Request) -> int:
    """Tell which version a request expects, as far as it says so."""
    try:
        version = msgspec.json.decode(request.body, type=_Expecting).version
    except msgspec.DecodeError:
        text = request.query.get("version", ["1"])[-1]
        version = int(text) if _VERSION.fullmatch(text) else 1
    return version


class _Expecting(msgspec.Struct):
    """The one field every update has that does not depend on its kind."""

    version: int
