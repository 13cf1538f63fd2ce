"""The product's commercetools door on a simulated project, and a way to put any answer in the place of commercetools'."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import httpx2

from crossdock.commercetools.client import Client, Credentials
from crossdock.commercetools.customers import Customers
from crossdock.commercetools.orders import Orders
from crossdock.commercetools.products import Products
from crossdock.commercetools.provision import Channels, Provision
from crossdock.twin.commercetools import Commercetools
from crossdock.twin.transport import transport
from crossdock.twin.world import Request, Response, World

SCOPES = (
    "manage_orders",
    "view_products",
    "manage_customers",
    "manage_types",
    "manage_channels",
    "manage_project_settings",
)


class Door:
    """A provisioned project with three goods in a warehouse, and our door on it."""

    def __init__(self) -> None:
        """Set the shop up; `answers` stand before the twin, by operation's path."""
        self.world = World(seed=7)
        self.platform = Commercetools(self.world)
        self.project = self.platform.add_project("shop")
        self.project.add_client("worker", "worker-secret", *SCOPES)
        self.answers: dict[str, Callable[[Request], Response]] = {}
        self.requests: list[Request] = []
        self.http = httpx2.Client(transport=transport(self._handle))
        self.client = self.signed_in(Credentials("worker", "worker-secret"))
        Provision(self.client).ensure(
            order_type="amazon",
            line_type="amazon-line",
            supply_channels=["warehouse"],
            sync_channel="marketplace",
            dry_run=False,
        )
        self.project.add_tax_category(
            "standard", {"name": "VAT", "amount": 0.19, "includedInPrice": True, "country": "DE"}
        )
        for sku in ("MUG-BLUE", "MUG-RED", "TEA-GREEN"):
            self.project.add_product(sku, sku, tax_category="standard")
            self.project.add_inventory(sku, 100, channel_key="warehouse")
        self.orders = Orders(self.client, Customers(self.client), Channels(self.client, ["marketplace"]).key_of)
        self.products = Products(self.client, self.world.clock.now)
        self.requests.clear()

    def signed_in(self, credentials: Credentials) -> Client:
        """A client with these credentials."""
        return Client(
            self.http,
            api_url="http://shop.test",
            auth_url="http://shop.test",
            project_key="shop",
            credentials=credentials,
            clock=self.world.clock.now,
        )

    def answer(self, path: str, status: int, body: bytes, **headers: str) -> None:
        """From now on let this be the answer to a path of the project, or to the sign-in."""
        named = {"x-correlation-id": "request-7"} | {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers[path] = lambda _: Response(status, body, named)

    def calls(self) -> Counter[str]:
        """What commercetools was asked, by path."""
        return Counter(request.path.removeprefix("/shop") for request in self.requests)

    def sent(self, path_end: str) -> list[dict[str, Any]]:
        """What was POSTed to paths with this end."""
        return [
            json.loads(request.body)
            for request in self.requests
            if request.method == "POST" and request.path.endswith(path_end)
        ]

    def _handle(self, request: Request) -> Response:
        self.requests.append(request)
        return self.answers.get(request.path.removeprefix("/shop"), self.platform.handle)(request)
