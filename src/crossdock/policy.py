"""crossdock.toml -> Policy: what the merchant decided, for each connection. Unknown keys are errors; every problem is told at once, with its line.

`crossdock.example.toml` is the reference of every key and is read by the tests.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from crossdock.domain.case import Owner
from crossdock.domain.case_kinds import CASE_KINDS
from crossdock.domain.ids import ConnectionId, MarketplaceId, SellerSku
from crossdock.domain.marketplaces import MARKETPLACES
from crossdock.domain.order_policy import OrderPolicy
from crossdock.errors import ConfigError
from crossdock.policy_file import Section, read_toml

AMAZON_ENDPOINTS = {
    "NA": "https://sellingpartnerapi-na.amazon.com",
    "EU": "https://sellingpartnerapi-eu.amazon.com",
    "FE": "https://sellingpartnerapi-fe.amazon.com",
}
LWA_TOKEN_URL = "https://api.amazon.com/auth/o2/token"  # noqa: S105 - an address, no secret
COMMERCETOOLS_REGIONS = (
    "us-central1.gcp",
    "us-east-2.aws",
    "europe-west1.gcp",
    "eu-central-1.aws",
    "australia-southeast1.gcp",
)

_CONNECTION_ID = r"[a-z0-9][a-z0-9-]{0,62}"
_KEY = r"[A-Za-z0-9_-]{2,256}"
# Without TLS only to a twin on this machine.
_URL = r"https://[^\s/?#]+(/[^\s?#]*)?|http://(127\.0\.0\.1|localhost|\[::1\])(:\d+)?(/[^\s?#]*)?"


@dataclass(frozen=True, slots=True)
class AmazonSide:
    """One seller account in one region."""

    seller_id: str
    region: str
    marketplace_ids: tuple[MarketplaceId, ...]
    endpoint: str
    token_url: str


@dataclass(frozen=True, slots=True)
class CommercetoolsSide:
    """One project."""

    project_key: str
    api_url: str
    auth_url: str


@dataclass(frozen=True, slots=True)
class ConnectionPolicy:
    """One seller account joined to one project."""

    connection_id: ConnectionId
    amazon: AmazonSide
    commercetools: CommercetoolsSide
    orders: OrderPolicy


@dataclass(frozen=True, slots=True)
class Policy:
    """All connections, and who looks at which kind of case."""

    connections: tuple[ConnectionPolicy, ...]
    owners: Mapping[str, str] = field(default_factory=dict)

    def connection(self, connection_id: str) -> ConnectionPolicy:
        """The connection of this id; ConfigError where there is none."""
        for connection in self.connections:
            if connection.connection_id == connection_id:
                return connection
        known = ", ".join(connection.connection_id for connection in self.connections)
        raise ConfigError([f"--connection: {connection_id!r} is not in the policy; it has {known}"])


def load_policy(path: Path) -> Policy:
    """Read the policy; ConfigError with every problem of the file."""
    values, lines = read_toml(path)
    problems: list[str] = []
    top = Section(path, "", values, lines, problems)
    none: list[dict[str, Any]] = []
    tables = top.value("connection", _tables, default=none) or none
    if not tables:
        top.problem("connection", "is missing: the file needs at least one [[connection]]")
    connections = [
        _connection(Section(path, f"connection[{n}]", table, lines, problems)) for n, table in enumerate(tables)
    ]
    owners = top.pairs("owners", _owner)
    top.finish()
    _check_together(connections, top)
    if problems:
        raise ConfigError(problems)
    return Policy(connections=tuple(connections), owners=owners)


def find_connection_ids(path: Path) -> list[str]:
    """The ids of the file's connections as far as they can be read, so that missing secrets are told with the file's own problems."""
    try:
        values, _ = read_toml(path)
        tables = _tables(values.get("connection", []))
    except (ConfigError, ValueError):
        return []
    ids = [table.get("id") for table in tables]
    return [name for name in ids if isinstance(name, str) and re.fullmatch(_CONNECTION_ID, name)]


def _connection(section: Section) -> ConnectionPolicy:
    connection_id = section.text("id", pattern=_CONNECTION_ID)
    amazon = _amazon(section.section("amazon"))
    commercetools = _commercetools(section.section("commercetools"))
    orders = _orders(section.section("orders"), amazon)
    section.finish()
    return ConnectionPolicy(ConnectionId(connection_id), amazon, commercetools, orders)


def _amazon(section: Section) -> AmazonSide:
    region = section.text("region", choices=AMAZON_ENDPOINTS)
    ids = section.value("marketplaces", _marketplaces) or ()
    for marketplace_id in ids:
        if MARKETPLACES[marketplace_id].region != region:
            section.problem(
                "marketplaces",
                f"{MARKETPLACES[marketplace_id].country} is not in the region {region}: one connection, one region",
            )
    side = AmazonSide(
        seller_id=section.text("seller_id", pattern=r"[A-Z0-9]{5,32}"),
        region=region,
        marketplace_ids=ids,
        endpoint=section.text("endpoint", AMAZON_ENDPOINTS.get(region, ""), pattern=_URL).rstrip("/"),
        token_url=section.text("token_url", LWA_TOKEN_URL, pattern=_URL),
    )
    section.finish()
    return side


def _commercetools(section: Section) -> CommercetoolsSide:
    region = section.text("region", "", choices=("", *COMMERCETOOLS_REGIONS))
    side = CommercetoolsSide(
        project_key=section.text("project_key", pattern=r"[a-z0-9][a-z0-9_-]{1,35}"),
        api_url=section.text(
            "api_url", f"https://api.{region}.commercetools.com" if region else None, pattern=_URL
        ).rstrip("/"),
        auth_url=section.text(
            "auth_url", f"https://auth.{region}.commercetools.com" if region else None, pattern=_URL
        ).rstrip("/"),
    )
    section.finish()
    return side


def _orders(section: Section, amazon: AmazonSide) -> OrderPolicy:
    customers, fba = section.section("customers"), section.section("fba")
    modes = ("None", "TrackOnly", "ReserveOnOrder")
    policy = OrderPolicy(
        import_from=section.value("import_from", _moment) or datetime(1970, 1, 1, tzinfo=UTC),
        marketplaces=frozenset(amazon.marketplace_ids),
        number_prefix=section.text("number_prefix", "", pattern=r"[A-Za-z0-9_-]{0,40}"),
        order_state=section.text("order_state", "Open", choices=("Open", "Confirmed")),
        inventory_mode=section.text("inventory_mode", "TrackOnly", choices=modes),
        supply_channel=section.text("supply_channel", "", pattern=_KEY) or None,
        fba_import=fba.text("import", "always", choices=("always", "when_shipped")),
        customer_fbm=customers.text("fbm", "none", choices=("none", "anonymous")),
        customer_fba=customers.text("fba", "anonymous", choices=("none", "anonymous")),
        dispatch_programs=frozenset(
            name for name, act in section.pairs("programs", _program).items() if act == "dispatch"
        ),
        sku_aliases=section.pairs("sku_aliases", _alias),
        tax_included=section.pairs("tax_included", _tax_included),
        tax_rates=section.pairs("tax_rates", _tax_rate),
        order_type=section.text("order_type", "crossdock-amazon-order", pattern=_KEY),
        line_type=section.text("line_type", "crossdock-amazon-line", pattern=_KEY),
        sync_channel=section.text("sync_channel", "", pattern=_KEY) or None,
    )
    for inside in (customers, fba, section):
        inside.finish()
    return policy


def _check_together(connections: list[ConnectionPolicy], top: Section) -> None:
    """What no connection can see by itself."""
    seen: dict[str, str] = {}
    accounts: dict[tuple[str, str], str] = {}
    for n, connection in enumerate(connections):
        place = f"connection[{n}].id"
        if connection.connection_id in seen:
            top.problem(place, f"{connection.connection_id!r} is used twice")
        account = (connection.amazon.seller_id, connection.amazon.region)
        if account in accounts:
            top.problem(
                place, f"joins the seller account of {accounts[account]!r} again: its orders would be imported twice"
            )
        seen[connection.connection_id] = place
        accounts[account] = connection.connection_id


def _tables(value: Any) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
        message = "must be written as [[connection]]"
        raise ValueError(message)
    return value


def _marketplace(name: str) -> MarketplaceId:
    for marketplace in MARKETPLACES.values():
        if name in {marketplace.marketplace_id, marketplace.country}:
            return marketplace.marketplace_id
    message = f"{name!r} is no marketplace; give its country (DE, US, GB ...) or its id"
    raise ValueError(message)


def _marketplaces(value: Any) -> tuple[MarketplaceId, ...]:
    if not isinstance(value, list) or not value or not all(isinstance(name, str) for name in value):
        message = 'must be a list of marketplaces, as in ["DE", "FR"]'
        raise ValueError(message)
    return tuple(_marketplace(name) for name in value)


def _moment(value: Any) -> datetime:
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, date):
        return datetime.combine(value, time(), UTC)
    message = "must be a date or a time without quotes, as in 2026-11-01"
    raise ValueError(message)


def _program(name: str, value: Any) -> tuple[str, str]:
    if name not in {"IN_STORE_PICK_UP", "AMAZON_EASY_SHIP"} or value not in {"case", "dispatch"}:
        message = 'is IN_STORE_PICK_UP or AMAZON_EASY_SHIP, set to "case" or "dispatch"'
        raise ValueError(message)
    return name, value


def _alias(name: str, value: Any) -> tuple[SellerSku, SellerSku]:
    if not isinstance(value, str) or not value:
        message = "must be the SKU in commercetools, in quotes"
        raise ValueError(message)
    return SellerSku(name), SellerSku(value)


def _tax_included(name: str, value: Any) -> tuple[MarketplaceId, bool]:
    if not isinstance(value, bool):
        message = "must be true or false"
        raise ValueError(message)  # noqa: TRY004 - Section collects ValueError, whatever is wrong
    return _marketplace(name), value


def _tax_rate(name: str, value: Any) -> tuple[MarketplaceId, Decimal]:
    try:
        rate = Decimal(value) if isinstance(value, str) else Decimal(-1)
    except InvalidOperation:
        rate = Decimal(-1)
    if not 0 <= rate < 1:
        message = 'must be a share in quotes, as in "0.19"'
        raise ValueError(message)
    return _marketplace(name), rate


def _owner(kind: str, value: Any) -> tuple[str, str]:
    if kind not in CASE_KINDS:
        message = "is no kind of case; `crossdock cases kinds` lists them"
        raise ValueError(message)
    if not isinstance(value, str) or not 1 <= len(value) <= 80:  # noqa: PLR2004 - fits a column of the desk
        message = f"must be a name in quotes; usual are {', '.join(Owner)}"
        raise ValueError(message)
    return kind, value
