"""`crossdock check`: roles and scopes on both sides, and what will not work without them. Reads only; nothing is repaired here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, TypeAlias

import msgspec

from crossdock.amazon.auth import OPERATION as AMAZON_SIGN_IN
from crossdock.domain.window import SEARCH_LAG, Window
from crossdock.errors import CrossdockError, DataError, Rejected, RemoteError, Unauthorized, Unavailable
from crossdock.joined import Joined
from crossdock.policy import ConnectionPolicy
from crossdock.queues import Queue

Verdict = Literal["ok", "warning", "failed"]
OpenQueues: TypeAlias = Callable[[Iterable[str]], AbstractContextManager[Mapping[str, Sequence[Queue]]]]

# What each scope is for; `manage_orders` may be bound to the project or to a store.
SCOPES: dict[str, str] = {
    "manage_orders": "no order can be imported or changed",
    "view_products": "no SKU can be looked up: every order waits as order.unknown_sku",
}
CUSTOMERS, CHANNELS = "manage_customers", "view_channels"
# For stock: there is no scope of inventory alone. Who manages products views them.
PRODUCTS, MESSAGES = "manage_products", "view_messages"
STOCK_SCOPES: dict[str, str] = {
    PRODUCTS: f"{SCOPES['view_products']}, and units sold on Amazon are not taken off the stock",
    MESSAGES: "stock that moves is noticed by the sweep alone, minutes later",
}
# For the payments of orders, where books are kept.
PAYMENTS = "manage_payments"
# What only this command needs.
FOR_CHECK = "view_project_settings"
SET_UP = "commercetools: types and channels"
LISTINGS = "Amazon: listings"
SETTLEMENTS = "Amazon: settlements"
QUEUES = "SQS: queues"
# Which of both the refused call was: the sign-in, which concerns the secrets, or a call, which concerns roles and scopes.
COMMERCETOOLS_SIGN_IN = "commercetools.token"
# Messages of an import hold the whole order, address included, and outlive its redaction.
MESSAGE_DAYS_MAX = 30


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: how it is, and what follows."""

    connection_id: str
    what: str
    verdict: Verdict
    says: str

    def as_json(self) -> dict[str, str]:
        """For `--json`."""
        return {"connection": self.connection_id, "what": self.what, "verdict": self.verdict, "says": self.says}


class _Messages(msgspec.Struct, rename="camel"):
    enabled: bool = False
    delete_days_after_creation: int = 15


class _Project(msgspec.Struct, rename="camel"):
    messages: _Messages | None = None


def check_connection(joined: Joined, now: datetime, open_queues: OpenQueues) -> Iterator[Finding]:
    """Look at everything one connection needs, one finding at a time."""
    checks: list[tuple[str, Callable[[], tuple[Verdict, str]]]] = [
        ("Amazon: orders", lambda: _amazon_orders(joined, now)),
        ("Amazon: addresses", lambda: _amazon_addresses(joined, now)),
        ("commercetools: sign-in and scopes", lambda: _scopes(joined)),
        ("commercetools: catalogue", lambda: _catalogue(joined)),
        (SET_UP, lambda: _set_up(joined)),
        ("commercetools: messages", lambda: _messages(joined)),
    ]
    if joined.policy.stock is not None:
        checks.insert(2, (LISTINGS, lambda: _amazon_listings(joined)))
    if joined.finance is not None:
        checks.insert(2, (SETTLEMENTS, lambda: _amazon_settlements(joined, now)))
    if joined.policy.queues:
        checks.append((QUEUES, lambda: _queues(joined, open_queues)))
    told: set[str] = set()
    for what, look in checks:
        verdict, says = _look(look, joined.connection_id, what)
        if verdict == "failed" and says in told:
            verdict, says = "failed", "not looked at, for the same reason as above"
        told.add(says)
        yield Finding(joined.connection_id, what, verdict, says)


def _look(look: Callable[[], tuple[Verdict, str]], connection_id: str, what: str) -> tuple[Verdict, str]:
    """What is found; or of a fault what a person does about it."""
    try:
        return look()
    except Unauthorized as fault:
        return "failed", _advice(fault, _prefix(connection_id), what)
    except Rejected as fault:
        return "failed", f"{fault}; compare this machine's clock and the policy's ids with the platform's"
    except Unavailable as fault:
        if not fault.own_rate:
            return "failed", str(fault)
        wait_s = fault.retry_after_s or 0
        says = f"not looked at: Amazon's plan for this call is spent for now. Nothing is wrong; run `crossdock check` again in {wait_s:.0f} s"
        return "warning", says
    except CrossdockError as fault:
        return "failed", str(fault)


def _prefix(connection_id: str) -> str:
    """How the names of a connection's secrets begin."""
    return f"CROSSDOCK_{connection_id.upper().replace('-', '_')}_"


def _advice(fault: Unauthorized, prefix: str, what: str) -> str:
    """Which secret, consent, role or scope it is."""
    if fault.operation == COMMERCETOOLS_SIGN_IN:
        setup = f" (or {prefix}CT_SETUP_CLIENT_ID and its secret, where they are set)" if what == SET_UP else ""
        return (
            f"{fault}: the client id or the secret is wrong, or the client was deleted; compare {prefix}CT_CLIENT_ID and "
            f"{prefix}CT_CLIENT_SECRET{setup} with the API clients of the project"
        )
    elif fault.operation == AMAZON_SIGN_IN and fault.code == "invalid_client":
        return f"{fault}: the application or its secret is wrong; compare {prefix}LWA_CLIENT_ID and {prefix}LWA_CLIENT_SECRET"
    elif fault.operation == AMAZON_SIGN_IN:
        return f"{fault}: let the seller authorise the application again, and set the new {prefix}LWA_REFRESH_TOKEN"
    elif fault.platform == "amazon":
        without, role, otherwise = _ROLES.get(what, ("", "its roles", ""))
        return (
            f"{fault}{without}. Grant the application {role}, let the seller authorise it again, set the new "
            f"{prefix}LWA_REFRESH_TOKEN{otherwise}"
        )
    return f"{fault}; give the API client the scopes named above"


# What does not work without it, the role, and what else may be done.
_ROLES = {
    LISTINGS: (
        ": no quantity can be read or set",
        "the role Product Listing",
        ", and compare amazon.seller_id with the account; or leave [connection.stock] out",
    ),
    SETTLEMENTS: (
        ": no settlement can be fetched",
        "the role Finance and Accounting",
        "; or give files to `crossdock settlements import`",
    ),
}


def _amazon_orders(joined: Joined, now: datetime) -> tuple[Verdict, str]:
    page = joined.amazon.search(Window(now - timedelta(days=1), now - SEARCH_LAG), None)
    return "ok", f"orders can be read; {len(page.orders)} changed within a day on the first page"


def _amazon_addresses(joined: Joined, now: datetime) -> tuple[Verdict, str]:
    page = joined.amazon.search_recipients(Window(now - timedelta(days=30), now - SEARCH_LAG), None)
    orders = [read for read in page.orders if read.order is not None]
    if not orders:
        return (
            "warning",
            "no FBM order waits for shipment, so the role Direct-to-Consumer Delivery could not be seen at work",
        )
    masked = sum(1 for read in orders if not (read.personal.recipient and read.personal.recipient.deliverable()))
    if masked:
        says = f"{masked} of {len(orders)} orders to ship come without an address: they will wait as order.personal_data_masked"
        return "failed", f"{says}; grant the role Direct-to-Consumer Delivery and re-authorise"
    return "ok", f"{len(orders)} orders to ship come with their address"


def _amazon_listings(joined: Joined) -> tuple[Verdict, str]:
    assert joined.stock is not None, "looked at only with a policy of stock"
    page = joined.stock.listings.list_quantities()
    if not page.found:
        says = "nothing is listed in these marketplaces, so no quantity is set; compare amazon.seller_id and marketplaces with the account"
        return "warning", says
    return "ok", f"listings can be read, and set by the same role; there are {page.found}"


def _amazon_settlements(joined: Joined, now: datetime) -> tuple[Verdict, str]:
    assert joined.finance is not None, "looked at only where books are kept"
    page = joined.finance.amazon.reports.settlements(now, None)
    if not page.reports:
        return (
            "warning",
            "Amazon lists no settlement of the last 90 days; files can be given to `crossdock settlements import`",
        )
    return "ok", f"settlements can be fetched; Amazon lists {len(page.reports)} on the first page"


def _scopes(joined: Joined) -> tuple[Verdict, str]:
    joined.commercetools.token()
    granted = {scope.split(":")[0] for scope in joined.commercetools.scopes.split()}
    wanted = wanted_scopes(joined.policy)
    if "manage_project" in granted:
        names = ", ".join([*wanted, FOR_CHECK])
        return "warning", f"the API client may do everything (manage_project); make one that has {names}, and no more"
    covered = granted | {f"view_{scope.removeprefix('manage_')}" for scope in granted if scope.startswith("manage_")}
    missing = [f"{scope} is missing: {what}" for scope, what in wanted.items() if scope not in covered]
    return ("failed", "; ".join(missing)) if missing else ("ok", f"granted: {', '.join(sorted(granted))}")


def wanted_scopes(policy: ConnectionPolicy) -> dict[str, str]:
    """The scopes that the policy in force needs, each with what does not work without it."""
    wanted = dict(SCOPES)
    if policy.stock is not None:
        del wanted["view_products"]
        wanted |= STOCK_SCOPES
    if "anonymous" in {policy.orders.customer_fba, policy.orders.customer_fbm}:
        wanted[CUSTOMERS] = "no anonymous customer can be made: orders of that kind end as connection.unauthorized"
    if policy.finance is not None:
        wanted[PAYMENTS] = "what buyers paid and got back does not come to their orders"
    if policy.orders.sync_channel is not None:
        wanted[CHANNELS] = "the sync channel cannot be looked up: orders end as connection.unauthorized"
    return wanted


def _catalogue(joined: Joined) -> tuple[Verdict, str]:
    try:
        joined.products.check_model()
    except DataError as fault:
        return "failed", str(fault)
    except Unauthorized as fault:
        if fault.operation == COMMERCETOOLS_SIGN_IN:
            raise
        return "warning", f"cannot be looked at without the scope {FOR_CHECK} ({fault})"
    return "ok", "the catalogue is of the Classic kind"


def _set_up(joined: Joined) -> tuple[Verdict, str]:
    try:
        steps = joined.provision(dry_run=True)
    except (Unauthorized, Rejected) as fault:
        if fault.operation == COMMERCETOOLS_SIGN_IN:
            raise
        scopes = "manage_types and manage_channels"
        if joined.policy.stock is not None:
            scopes = "manage_types, manage_channels and manage_project_settings"
        return "warning", f"cannot be looked at ({fault}); give CROSSDOCK_..._CT_SETUP_CLIENT_ID the scopes {scopes}"
    return (
        ("failed", f"`crossdock provision` would {'; '.join(steps)}")
        if steps
        else ("ok", "all types and channels are there")
    )


def _messages(joined: Joined) -> tuple[Verdict, str]:
    try:
        messages = joined.commercetools.get("getProject", "", _Project).messages or _Messages()
    except RemoteError as fault:
        if fault.operation == COMMERCETOOLS_SIGN_IN:
            raise
        return "warning", f"cannot be looked at: {fault}"
    if not messages.enabled and joined.policy.stock is not None:
        return "warning", f"are off, so {STOCK_SCOPES[MESSAGES]}; `crossdock provision` switches them on"
    if messages.enabled and messages.delete_days_after_creation > MESSAGE_DAYS_MAX:
        days = messages.delete_days_after_creation
        return (
            "warning",
            f"messages are kept {days} days and hold imported addresses: set deleteDaysAfterCreation to {MESSAGE_DAYS_MAX} or less",
        )
    return "ok", "messages do not outlive personal data"


def _queues(joined: Joined, open_queues: OpenQueues) -> tuple[Verdict, str]:
    try:
        with open_queues([joined.connection_id]) as opened:
            waiting = [f"{queue.name} (about {queue.check()} waiting)" for queue in opened[joined.connection_id]]
    except Unauthorized as fault:
        prefix = _prefix(joined.connection_id)
        keys = f"compare {prefix}AWS_ACCESS_KEY_ID and {prefix}AWS_SECRET_ACCESS_KEY, or what boto3 finds by itself"
        rights = "let it have sqs:ReceiveMessage, sqs:DeleteMessage and sqs:GetQueueAttributes on the queue"
        return "failed", f"{fault}; {keys}, and {rights}"
    return "ok", f"messages can be read from {', '.join(waiting)}"


def worst(findings: list[Finding]) -> dict[str, Any]:
    """The whole in one object, for `--json`."""
    return {
        "ok": all(finding.verdict != "failed" for finding in findings),
        "findings": [finding.as_json() for finding in findings],
    }
