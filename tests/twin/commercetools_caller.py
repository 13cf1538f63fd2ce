"""How the tests of the simulated commercetools ask it, and the smallest drafts it takes."""

from __future__ import annotations

from base64 import b64encode
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec

from crossdock.twin.commercetools import Commercetools
from crossdock.twin.world import Request, Response, World

SPECS = Path(__file__).parents[3] / "shared" / "specs" / "commercetools"
Json = dict[str, Any]


class Shop:
    """A project with three goods in a warehouse, and an application that may do everything in it."""

    def __init__(self) -> None:
        """Set the shop up and sign in."""
        self.world = World(seed=11)
        self.platform = Commercetools(self.world)
        self.project = self.platform.add_project("shop")
        self.project.add_client("everything", "its-secret")
        self.project.add_channel("warehouse", "InventorySupply")
        self.project.add_channel("amazon-de", "OrderImport", "OrderExport", "ProductDistribution")
        rate = {"name": "19 % MwSt", "amount": 0.19, "includedInPrice": True, "country": "DE"}
        self.project.add_tax_category("standard", rate)
        for sku in ("MUG-BLUE", "MUG-RED", "POT"):
            self.project.add_product(sku, sku.title(), tax_category="standard", prices=[a_price(1999)])
            self.project.add_inventory(sku, 10, "warehouse")
        self.token = self.sign_in("everything", "its-secret")

    def sign_in(self, client_id: str, secret: str, scope: str = "") -> str:
        """Get an access token."""
        answer = self.ask_for_token(client_id, secret, scope)
        return str(json_of(answer).get("access_token", ""))

    def ask_for_token(self, client_id: str, secret: str, scope: str = "") -> Response:
        """Ask for an access token."""
        form = "grant_type=client_credentials" + (f"&scope={quote(scope)}" if scope else "")
        basic = b64encode(f"{client_id}:{secret}".encode()).decode()
        return self.platform.handle(
            Request("POST", "/oauth/token", {}, {"authorization": f"Basic {basic}"}, form.encode())
        )

    def send(
        self, method: str, path: str, body: Json | bytes = b"", query: dict[str, list[str]] | None = None
    ) -> Response:
        """Send a request to the project, in JSON unless the body is bytes."""
        encoded = body if isinstance(body, bytes) else msgspec.json.encode(body)
        headers = {"authorization": f"Bearer {self.token}"}
        return self.platform.handle(Request(method, f"/shop{path}", query or {}, headers, encoded))

    def get(self, path: str, **query: str) -> Json:
        """Read something that must be there."""
        return self._expect("GET", path, b"", query=query, status=200)

    def find(self, path: str, where: str, **inputs: str) -> list[Json]:
        """Query with a predicate."""
        variables = {f"var.{name}": value for name, value in inputs.items()}
        results: list[Json] = self.get(path, where=where, **variables)["results"]
        return results

    def create(self, path: str, draft: Json) -> Json:
        """Create something, which must succeed."""
        return self._expect("POST", path, draft, status=201)

    def update(self, path: str, version: int, *actions: Json) -> Json:
        """Update something, which must succeed."""
        return self._expect("POST", path, {"version": version, "actions": list(actions)}, status=200)

    def refused(self, method: str, path: str, body: Json | bytes = b"", **query: str) -> Json:
        """Send what must be refused; give the first error, with the status beside it."""
        response = self.send(method, path, body, {name: [value] for name, value in query.items()})
        answer = json_of(response)
        assert answer["statusCode"] == response.status >= 400
        error: Json = answer["errors"][0]
        return error | {"status": response.status}

    def import_order(self, **changes: Any) -> Json:
        """Import an order, which must succeed."""
        return self.create("/orders/import", an_order(**changes))

    def stock(self, sku: str) -> tuple[int, int]:
        """Tell what the warehouse's entry of a SKU shows: on stock, and available."""
        entry = self.find("/inventory", "sku = :sku", sku=sku)[0]
        return entry["quantityOnStock"], entry["availableQuantity"]

    def messages(self, resource_id: str) -> list[str]:
        """Name the messages about a resource, in their order."""
        found = self.get("/messages", where=f'resource(id = "{resource_id}")', sort="sequenceNumber asc", limit="500")
        return [message["type"] for message in found["results"]]

    def wait(self, **by: float) -> None:
        """Let time pass."""
        self.world.clock.advance(timedelta(**by))

    def _expect(
        self, method: str, path: str, body: Json | bytes, *, status: int, query: dict[str, str] | None = None
    ) -> Json:
        response = self.send(method, path, body, {name: [value] for name, value in (query or {}).items()})
        assert response.status == status, response.body
        return json_of(response)


def json_of(response: Response) -> Json:
    """Read the JSON of an answer."""
    body: Json = msgspec.json.decode(response.body)
    return body


def eur(cents: int) -> Json:
    """Make an amount."""
    return {"currencyCode": "EUR", "centAmount": cents}


def a_price(cents: int) -> Json:
    """Make a price as a product stores it."""
    return {"value": {"type": "centPrecision", "fractionDigits": 2, **eur(cents)}}


def a_rate(amount: float, *, included: bool = True) -> Json:
    """Make a tax rate given inline."""
    return {"name": "Amazon", "amount": amount, "includedInPrice": included, "country": "DE"}


def a_line(sku: str = "MUG-BLUE", quantity: int = 1, cents: int = 1999, **more: Any) -> Json:
    """Make a line that sells a variant."""
    price = {"value": eur(cents)}
    return {"name": {"en": sku}, "variant": {"sku": sku}, "quantity": quantity, "price": price, **more}


def a_custom_line(slug: str = "gift-wrap", cents: int = 300, quantity: int = 1, **more: Any) -> Json:
    """Make a line of no product."""
    return {"name": {"en": slug}, "slug": slug, "quantity": quantity, "money": eur(cents), **more}


def a_shipping(cents: int = 499, **more: Any) -> Json:
    """Make the shipping of an order."""
    return {"shippingMethodName": "Standard", "price": eur(cents), "shippingRate": {"price": eur(cents)}, **more}


def an_order(**changes: Any) -> Json:
    """Make the smallest order that can be imported, with changes; a change to None leaves the field out."""
    draft = {"totalPrice": eur(1999), "lineItems": [a_line()], **changes}
    return {name: value for name, value in draft.items() if value is not None}
