"""`crossdock check`: roles and scopes on both sides, and what will not work without them. Reads only; nothing is repaired here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import msgspec

from crossdock.domain.window import SEARCH_LAG, Window
from crossdock.errors import CrossdockError, DataError, Rejected, RemoteError, Unauthorized
from crossdock.joined import Joined

Verdict = Literal["ok", "warning", "failed"]

# What each scope is for; `manage_orders` may be bound to the project or to a store.
SCOPES: dict[str, str] = {
    "manage_orders": "no order can be imported or changed",
    "view_products": "no SKU can be looked up: every order waits as order.unknown_sku",
}
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


def check_connection(joined: Joined, now: datetime) -> Iterator[Finding]:
    """Look at everything one connection needs, one finding at a time."""
    checks: list[tuple[str, Callable[[], tuple[Verdict, str]]]] = [
        ("Amazon: orders", lambda: _amazon_orders(joined, now)),
        ("Amazon: addresses", lambda: _amazon_addresses(joined, now)),
        ("commercetools: sign-in and scopes", lambda: _scopes(joined)),
        ("commercetools: catalogue", lambda: _catalogue(joined)),
        ("commercetools: types and channels", lambda: _set_up(joined)),
        ("commercetools: messages", lambda: _messages(joined)),
    ]
    for what, look in checks:
        try:
            verdict, says = look()
        except Unauthorized as fault:
            verdict, says = "failed", f"{fault}; renew the consent, the secret or the scope"
        except Rejected as fault:
            verdict, says = "failed", f"{fault}; compare this machine's clock and the policy's ids with the platform's"
        except CrossdockError as fault:
            verdict, says = "failed", str(fault)
        yield Finding(joined.connection_id, what, verdict, says)


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


def _scopes(joined: Joined) -> tuple[Verdict, str]:
    joined.commercetools.token()
    granted = {scope.split(":")[0] for scope in joined.commercetools.scopes.split()}
    if "manage_project" in granted:
        return (
            "warning",
            "the API client may do everything (manage_project); give it manage_orders and view_products only",
        )
    wanted = dict(SCOPES)
    policy = joined.policy.orders
    if "anonymous" in {policy.customer_fba, policy.customer_fbm}:
        wanted["manage_customers"] = (
            "no anonymous customer can be made: orders of that kind end as connection.unauthorized"
        )
    if policy.sync_channel is not None:
        wanted["view_channels"] = "the sync channel cannot be looked up: orders end as connection.unauthorized"
    covered = granted | {"view_products"} if "manage_products" in granted else granted
    missing = [f"{scope} is missing: {what}" for scope, what in wanted.items() if scope not in covered]
    return ("failed", "; ".join(missing)) if missing else ("ok", f"granted: {', '.join(sorted(granted))}")


def _catalogue(joined: Joined) -> tuple[Verdict, str]:
    try:
        joined.products.check_model()
    except DataError as fault:
        return "failed", str(fault)
    except Unauthorized as fault:
        return "warning", f"cannot be looked at without the scope view_project_settings ({fault})"
    return "ok", "the catalogue is of the Classic kind"


def _set_up(joined: Joined) -> tuple[Verdict, str]:
    try:
        steps = joined.provision(dry_run=True)
    except (Unauthorized, Rejected) as fault:
        return (
            "warning",
            f"cannot be looked at ({fault}); give CROSSDOCK_..._CT_SETUP_CLIENT_ID the scopes manage_types and manage_channels",
        )
    return (
        ("failed", f"`crossdock provision` would {'; '.join(steps)}")
        if steps
        else ("ok", "all types and channels are there")
    )


def _messages(joined: Joined) -> tuple[Verdict, str]:
    try:
        messages = joined.commercetools.get("getProject", "", _Project).messages or _Messages()
    except RemoteError as fault:
        return "warning", f"cannot be looked at: {fault}"
    if messages.enabled and messages.delete_days_after_creation > MESSAGE_DAYS_MAX:
        days = messages.delete_days_after_creation
        return (
            "warning",
            f"messages are kept {days} days and hold imported addresses: set deleteDaysAfterCreation to {MESSAGE_DAYS_MAX} or less",
        )
    return "ok", "messages do not outlive personal data"


def worst(findings: list[Finding]) -> dict[str, Any]:
    """The whole in one object, for `--json`."""
    return {
        "ok": all(finding.verdict != "failed" for finding in findings),
        "findings": [finding.as_json() for finding in findings],
    }
