"""crossdock.toml -> Policy: what the merchant decided, for each connection. Unknown keys are errors; every problem is told at once, with its line.

`crossdock.example.toml` is the reference of every key and is read by the tests.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from crossdock.domain.case import Owner
from crossdock.domain.case_kinds import CASE_KINDS
from crossdock.domain.finance_policy import FinancePolicy
from crossdock.domain.ids import ConnectionId, MarketplaceId
from crossdock.domain.marketplaces import MARKETPLACES
from crossdock.domain.order_policy import OrderPolicy
from crossdock.domain.stock_policy import StockPolicy
from crossdock.errors import ConfigError
from crossdock.policy_export import ExportPolicy
from crossdock.policy_file import URL, Section, read_toml
from crossdock.policy_finance import read_finance
from crossdock.policy_orders import marketplace, read_orders
from crossdock.policy_queue import QueueAddress, read_queues
from crossdock.policy_stock import Shelf, check_shelves, check_with_orders, read_stock

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

# Fits a column of the desk.
OWNER_LETTERS_MAX = 80

_CONNECTION_ID = r"[a-z0-9][a-z0-9-]{0,62}"


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
    """One seller account joined to one project. `stock` None: quantities on Amazon are left alone. `queues`: none where all is found by asking.

    `finance` None: settlements are left alone. `exports`: how entries leave for the merchant's ledger.
    """

    connection_id: ConnectionId
    amazon: AmazonSide
    commercetools: CommercetoolsSide
    orders: OrderPolicy
    stock: StockPolicy | None = None
    queues: tuple[QueueAddress, ...] = ()
    finance: FinancePolicy | None = None
    exports: ExportPolicy = field(default_factory=ExportPolicy)


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


def with_its_own(connection: ConnectionPolicy) -> ConnectionPolicy:
    """The connection's policy of orders with what its stock and its books say of orders."""
    orders = connection.orders
    if connection.stock is not None:
        orders = replace(orders, claims_from=connection.stock.claims_from)
    if connection.finance is not None:
        orders = replace(orders, invoiced_elsewhere_from=connection.finance.invoiced_elsewhere_from)
    return replace(connection, orders=orders)


def load_policy(path: Path) -> Policy:
    """Read the policy; ConfigError with every problem of the file."""
    values, lines = read_toml(path)
    problems: list[str] = []
    top = Section(path, "", "", values, lines, problems)
    none: list[dict[str, Any]] = []
    tables = top.value("connection", _tables, default=none) or none
    if not tables and not problems:
        top.missing("connection", ": the file needs at least one [[connection]]")
    sections = [_connection_section(top, n, table) for n, table in enumerate(tables)]
    connections = [_connection(section) for section in sections]
    owners = top.pairs("owners", _owner)
    top.finish()
    _check_together(connections, sections)
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
    return [name for table in tables if (name := _id_of(table))]


def _id_of(table: Mapping[str, Any]) -> str:
    """A connection's id, empty where it has none that is one."""
    name = table.get("id")
    return name if isinstance(name, str) and re.fullmatch(_CONNECTION_ID, name) else ""


def _connection_section(top: Section, n: int, table: dict[str, Any]) -> Section:
    """People know a connection by its id, or by its number where it has none."""
    title = f"connection {_id_of(table) or n + 1}: "
    return Section(top.path, f"connection[{n}]", title, table, top.lines, top.problems)


def _connection(section: Section) -> ConnectionPolicy:
    connection_id = section.text("id", pattern=_CONNECTION_ID)
    amazon = _amazon(section.section("amazon"))
    commercetools = _commercetools(section.section("commercetools"))
    problems_before = len(section.problems)
    orders = read_orders(section.section("orders"), amazon.marketplace_ids)
    table = section.section("stock")
    stock = read_stock(table, orders) if "stock" in section.values else None
    if stock is not None and len(section.problems) == problems_before:
        check_with_orders(table, stock, orders)
    queues = read_queues(section.section("queue")) if "queue" in section.values else ()
    finance, exports = (
        read_finance(section.section("finance")) if "finance" in section.values else (None, ExportPolicy())
    )
    section.finish()
    return ConnectionPolicy(ConnectionId(connection_id), amazon, commercetools, orders, stock, queues, finance, exports)


def _amazon(section: Section) -> AmazonSide:
    region = section.text("region", choices=AMAZON_ENDPOINTS)
    ids = section.value("marketplaces", _marketplaces) or ()
    for marketplace_id in ids:
        if region and MARKETPLACES[marketplace_id].region != region:
            section.problem(
                "marketplaces",
                f"{MARKETPLACES[marketplace_id].country} is not in the region {region}: one connection, one region",
            )
    side = AmazonSide(
        seller_id=section.text("seller_id", pattern=r"[A-Z0-9]{5,32}"),
        region=region,
        marketplace_ids=ids,
        endpoint=section.text("endpoint", AMAZON_ENDPOINTS.get(region, ""), pattern=URL).rstrip("/"),
        token_url=section.text("token_url", LWA_TOKEN_URL, pattern=URL),
    )
    section.finish()
    return side


def _commercetools(section: Section) -> CommercetoolsSide:
    region = section.text("region", "", choices=("", *COMMERCETOOLS_REGIONS))
    if "region" not in section.values and not {"api_url", "auth_url"} <= section.values.keys():
        section.missing("region", "; it is one of " + ", ".join(COMMERCETOOLS_REGIONS))
    side = CommercetoolsSide(
        project_key=section.text("project_key", pattern=r"[a-z0-9][a-z0-9_-]{1,35}"),
        api_url=section.text("api_url", f"https://api.{region}.commercetools.com", pattern=URL).rstrip("/"),
        auth_url=section.text("auth_url", f"https://auth.{region}.commercetools.com", pattern=URL).rstrip("/"),
    )
    section.finish()
    return side


def _check_together(connections: list[ConnectionPolicy], sections: list[Section]) -> None:
    """What no connection can see by itself; what one of them lacks is told already."""
    ids: set[str] = set()
    accounts: dict[tuple[str, str], str] = {}
    queues: dict[str, str] = {}
    for connection, section in zip(connections, sections, strict=True):
        name, side = connection.connection_id, connection.amazon
        if name and name in ids:
            section.problem("id", f"{name!r} is used twice")
        account = (side.seller_id, side.region)
        if all(account) and account in accounts:
            other = accounts[account] or "another connection"
            section.problem("amazon.seller_id", f"is that of {other} too: its orders would be imported twice")
        for url in (address.url for address in connection.queues):
            if url in queues:
                other = queues[url] or "another connection"
                section.problem(
                    "queue.urls", f"names a queue of {other} too: what is delivered to one, the other misses"
                )
            queues.setdefault(url, name)
        ids.add(name)
        accounts.setdefault(account, name)
    check_shelves([_shelf(*each) for each in zip(connections, sections, strict=True)])


def _shelf(connection: ConnectionPolicy, section: Section) -> Shelf:
    side = connection.commercetools
    project = (side.api_url, side.project_key) if side.project_key else None
    return Shelf(connection.connection_id, project, connection.orders, connection.stock, section)


def _tables(value: Any) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
        message = "must be written as [[connection]]"
        raise ValueError(message)
    return value


def _marketplaces(value: Any) -> tuple[MarketplaceId, ...]:
    if not isinstance(value, list) or not value or not all(isinstance(name, str) for name in value):
        message = 'must be a list of marketplaces, as in ["DE", "FR"]'
        raise ValueError(message)
    return tuple(marketplace(name) for name in value)


def _owner(kind: str, value: Any) -> tuple[str, str]:
    if isinstance(value, dict):
        message = f'must be written in quotes, as in "{kind}.{next(iter(value), "")}"'
        raise ValueError(message)  # noqa: TRY004 - Section collects ValueError, whatever is wrong
    if kind not in CASE_KINDS:
        message = "is no kind of case; `crossdock cases kinds` lists them"
        raise ValueError(message)
    is_name = isinstance(value, str) and 1 <= len(value) <= OWNER_LETTERS_MAX
    if not is_name or not value.isprintable() or value != value.strip():
        message = f"must be a name in quotes, of at most {OWNER_LETTERS_MAX} letters; usual are {', '.join(Owner)}"
        raise ValueError(message)
    return kind, value
