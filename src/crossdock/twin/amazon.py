"""Amazon, simulated: Login with Amazon and the operations of the Selling Partner API that Crossdock uses.

Written from Amazon's published models and pages. Every answer carries `x-amzn-requestid` and `date`; answers with status 20x,
400 and 404 tell the caller's rate; errors have Amazon's form. The host and unknown parameters are ignored.
"""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from email.utils import format_datetime
from functools import partial
from typing import NamedTuple
from urllib.parse import parse_qs, unquote

from crossdock.twin.amazon_account import DEFAULT_ROLES, ORDER_ROLES, SellerAccount, encoded
from crossdock.twin.amazon_feed_operations import DOCUMENTS_PATH, refuse_storage, store
from crossdock.twin.amazon_feed_operations import OPERATIONS as FEED_OPERATIONS
from crossdock.twin.amazon_finances import OPERATIONS as FINANCE_OPERATIONS
from crossdock.twin.amazon_listing_operations import OPERATIONS as LISTING_OPERATIONS
from crossdock.twin.amazon_operations import Answer, NotFound, Operation
from crossdock.twin.amazon_report_operations import OPERATIONS as REPORT_OPERATIONS
from crossdock.twin.amazon_report_operations import REPORTS_PATH, download
from crossdock.twin.amazon_search import AccessDenied, InvalidInput, find_order, included_data, search_orders, shown
from crossdock.twin.amazon_transfers import OPERATIONS as TRANSFER_OPERATIONS
from crossdock.twin.world import STATUS_OF_FAULT, FaultAnswer, Request, Response, World, perform

__all__ = ["Amazon", "SellerAccount"]

ORDERS_PATH = "/orders/2026-01-01/orders"
STORAGE = {"PUT": "amazon.uploadFeedDocument", "GET": "amazon.downloadFeedDocument"}
ORDER_ID = re.compile(r"[0-9]{3}-[0-9]{7}-[0-9]{7}")
TOKEN_LIFE = timedelta(hours=1)
TOKENS_SWEPT_FROM = 10_000  # with so many access tokens the expired ones are swept out, and again at twice the rest
SCOPES = frozenset({"sellingpartnerapi::notifications", "sellingpartnerapi::client_credential:rotation"})

ERROR_OF_FAULT: dict[FaultAnswer, tuple[str, str]] = {
    "unavailable": ("ServiceUnavailable", "Service is temporarily unavailable."),
    "broken": ("InternalFailure", "We encountered an internal error. Please try again."),
    "throttled": ("QuotaExceeded", "You exceeded your quota for the requested resource."),
    "unauthorized": ("Unauthorized", "Access to requested resource is denied."),
    "forbidden": ("Unauthorized", "Access to requested resource is denied."),
    "not_found": ("NotFound", "The requested resource does not exist."),
    "too_large": ("RequestTooLarge", "The request size exceeded the maximum accepted size."),
    "conflict": ("Conflict", "The resource was changed meanwhile."),
}
TOKEN_ERROR_OF_FAULT: dict[FaultAnswer, str] = {
    "unavailable": "temporarily_unavailable",
    "broken": "server_error",
    "throttled": "temporarily_unavailable",
    "unauthorized": "invalid_client",
    "forbidden": "access_denied",
}
TELLS_RATE = (200, 201, 202, 400, 404)


class AccessToken(NamedTuple):
    """A token that was handed out; without an account it opens only operations that need no seller."""

    account: SellerAccount | None
    expires_at: datetime


class TokenRefused(Exception):
    """Login with Amazon hands out no token: status, error code, description."""


class Amazon:
    """The whole simulated Amazon of one world, in all regions."""

    def __init__(self, world: World) -> None:
        """Begin without accounts."""
        self.world = world
        self.accounts: dict[str, SellerAccount] = {}
        """The accounts by refresh token. Taking one out revokes the seller's consent, its access tokens included."""
        self.unauthorized_clients: set[str] = set()
        """Client ids whose application may not ask for tokens any more."""
        self._tokens: dict[str, AccessToken] = {}
        self._sweep_at = TOKENS_SWEPT_FROM
        self._random = world.stream("amazon/tokens")

    def add_account(
        self,
        *,
        seller_id: str = "ATWINSELLER001",
        marketplace_ids: Iterable[str] = ("A1PA6795UKMFR9",),
        refresh_token: str = "Atzr|twin-refresh-token",  # noqa: S107 (it opens nothing but this simulation)
        client_id: str = "amzn1.application-oa2-client.twin",
        client_secret: str = "amzn1.oa2-cs.v1.twin",  # noqa: S107 (the same)
        roles: Iterable[str] = DEFAULT_ROLES,
    ) -> SellerAccount:
        """Open a seller's account whose consent the application already has."""
        account = SellerAccount(
            self.world,
            seller_id=seller_id,
            marketplace_ids=marketplace_ids,
            refresh_token=refresh_token,
            client_id=client_id,
            client_secret=client_secret,
            roles=roles,
        )
        self.accounts[refresh_token] = account
        return account

    def handle(self, request: Request) -> Response:
        """Answer one request, as Amazon would."""
        if request.path == "/auth/o2/token":
            return perform(self.world, "amazon.token", lambda: self._token(request), self._refuse_token)
        if request.path.startswith(DOCUMENTS_PATH) and request.method in STORAGE:
            act = partial(store, self.accounts.values(), request)
            return perform(self.world, STORAGE[request.method], act, refuse_storage)
        if request.path.startswith(REPORTS_PATH) and request.method == "GET":
            act = partial(download, self.accounts.values(), request)
            return perform(self.world, "amazon.downloadReportDocument", act, refuse_storage)
        for operation in OPERATIONS:
            named = operation.path.fullmatch(request.path) if request.method == operation.method else None
            if named is not None:
                return self._seller_operation(operation, request, [unquote(part) for part in named.groups()])
        return perform(self.world, "amazon.unknown", lambda: self._refuse("not_found"), self._refuse)

    def _seller_operation(self, operation: Operation, request: Request, parts: list[str]) -> Response:
        """Answer an operation on one seller's account: token, then rate, then the operation itself."""

        def answer() -> Response:
            account = self._account_of(request, operation.roles)
            if isinstance(account, Response):
                return account
            bucket = account.bucket(operation.plan(request) if operation.plan else operation.name)
            if not bucket.take(self.world.clock.now()):
                return self._refuse("throttled")
            account.catch_up()
            try:
                response = self._answer(operation.act(account, request, parts))
            except InvalidInput as wrong:
                details, message = (*wrong.args, "Invalid Input")[:2]
                response = self._error(400, "InvalidInput", message, details)
            except AccessDenied:
                response = self._refuse("forbidden")
            except NotFound as unknown:
                code, message = unknown.args
                response = self._error(404, code, message, "")
            if response.status in TELLS_RATE:
                response.headers["x-amzn-ratelimit-limit"] = f"{bucket.rate:g}"
            return response

        return perform(self.world, f"amazon.{operation.name}", answer, self._refuse)

    def _account_of(self, request: Request, roles: frozenset[str]) -> SellerAccount | Response:
        """Tell whose account the access token opens, or refuse as Amazon words it."""
        name = request.headers.get("x-amz-access-token")
        token = self._tokens.get(name) if name else None
        if not name:
            reason = "Access token is missing in the request header."
        elif token is None:
            reason = "The access token you provided is revoked, malformed or invalid."
        elif token.expires_at <= self.world.clock.now():
            reason = "The access token you provided has expired."
        elif token.account is None or self.accounts.get(token.account.refresh_token) is not token.account:
            reason = ""
        elif not token.account.roles & roles:
            reason = "The application does not have a role for this resource."
        else:
            return token.account
        return self._error(403, "Unauthorized", "Access to requested resource is denied.", reason)

    def _token(self, request: Request) -> Response:
        """Answer a token exchange of Login with Amazon."""
        try:
            return self._grant(request)
        except TokenRefused as refused:
            status, code, description = refused.args
            return self._json(status, {"error": code, "error_description": description})

    def _grant(self, request: Request) -> Response:
        """Hand out an access token. Raises TokenRefused."""
        content_type = request.headers.get("content-type", "")
        if request.method != "POST" or not content_type.startswith("application/x-www-form-urlencoded"):
            raise TokenRefused(400, "invalid_request", "The request must be a form sent by POST.")
        form = {name: values[0] for name, values in parse_qs(request.body.decode("latin-1")).items()}
        grant_type = _required(form, "grant_type")
        if grant_type not in ("refresh_token", "client_credentials"):
            raise TokenRefused(400, "unsupported_grant_type", "The authorization grant type is not supported.")
        client_id, client_secret = _required(form, "client_id"), _required(form, "client_secret")
        if (client_id, client_secret) not in {(known.client_id, known.client_secret) for known in self._clients()}:
            raise TokenRefused(401, "invalid_client", "Client authentication failed")
        if client_id in self.unauthorized_clients:
            raise TokenRefused(400, "unauthorized_client", "Not authorized for requested operation")
        if "scope" in form and "refresh_token" in form:
            raise TokenRefused(400, "invalid_request", "refresh_token and scope exclude each other")

        if grant_type == "client_credentials":
            if not set(_required(form, "scope").split()) <= SCOPES:
                raise TokenRefused(400, "invalid_scope", "The request has an invalid scope parameter")
            return self._json(200, self._new_token(None))
        account = self.accounts.get(_required(form, "refresh_token"))
        if account is None or account.client_id != client_id:
            raise TokenRefused(400, "invalid_grant", "The request has an invalid grant parameter : refresh_token")
        return self._json(200, self._new_token(account))

    def _clients(self) -> Iterable[SellerAccount]:
        """Give an account of each application."""
        return self.accounts.values()

    def _new_token(self, account: SellerAccount | None) -> dict[str, object]:
        """Issue a token that lives for one hour."""
        now = self.world.clock.now()
        if len(self._tokens) >= self._sweep_at:
            self._tokens = {name: token for name, token in self._tokens.items() if token.expires_at > now}
            self._sweep_at = max(TOKENS_SWEPT_FROM, 2 * len(self._tokens))
        name = f"Atza|{self._random.getrandbits(320):080x}"
        self._tokens[name] = AccessToken(account, now + TOKEN_LIFE)
        granted: dict[str, object] = {"access_token": name, "token_type": "bearer", "expires_in": 3600}
        return granted if account is None else {**granted, "refresh_token": account.refresh_token}

    def _refuse(self, fault: FaultAnswer) -> Response:
        """Word a fault as the Selling Partner API does."""
        return self._error(STATUS_OF_FAULT[fault], *ERROR_OF_FAULT[fault], "")

    def _refuse_token(self, fault: FaultAnswer) -> Response:
        """Word a fault as Login with Amazon does."""
        code = TOKEN_ERROR_OF_FAULT.get(fault, "invalid_request")
        return self._json(STATUS_OF_FAULT[fault], {"error": code, "error_description": "The request was not granted"})

    def _error(self, status: int, code: str, message: str, details: str) -> Response:
        """Give an error in Amazon's form."""
        return self._json(status, {"errors": [{"code": code, "message": message, "details": details}]})

    def _answer(self, answer: Answer) -> Response:
        """Give the answer of an operation."""
        if answer.value is not None:
            return self._json(answer.status, answer.value)
        return Response(answer.status, b"", self._headers())

    def _json(self, status: int, value: object) -> Response:
        """Give an answer with the headers every answer has."""
        return Response(status, encoded(value), {"content-type": "application/json", **self._headers()})

    def _headers(self) -> dict[str, str]:
        """Give the headers of every answer: its number, and the time by Amazon's clock in whole seconds, as HTTP has it."""
        return {"x-amzn-requestid": self.world.new_id(), "date": format_datetime(self.world.clock.now(), usegmt=True)}


def _search_orders(account: SellerAccount, request: Request, _: list[str]) -> Answer:
    """Answer searchOrders."""
    return Answer(200, search_orders(account, request.query))


def _get_order(account: SellerAccount, request: Request, parts: list[str]) -> Answer:
    """Answer getOrder."""
    [order_id] = parts
    included = included_data(request.query)
    order = find_order(account, order_id)
    if order is not None:
        return Answer(200, {"order": shown(order, included, account.roles, account.world.clock.now())})
    if ORDER_ID.fullmatch(order_id) is None:
        raise InvalidInput("orderId is not in 3-7-7 format.")
    raise NotFound(*ERROR_OF_FAULT["not_found"])


def _required(form: dict[str, str], name: str) -> str:
    """Read a parameter that must be there."""
    if not form.get(name):
        raise TokenRefused(400, "invalid_request", f"The request is missing a required parameter : {name}")
    return form[name]


OPERATIONS = (
    Operation("searchOrders", "GET", re.compile(ORDERS_PATH), _search_orders, ORDER_ROLES),
    Operation("getOrder", "GET", re.compile(f"{ORDERS_PATH}/(.*)"), _get_order, ORDER_ROLES),
    *LISTING_OPERATIONS,
    *FEED_OPERATIONS,
    *REPORT_OPERATIONS,
    *FINANCE_OPERATIONS,
    *TRANSFER_OPERATIONS,
)
