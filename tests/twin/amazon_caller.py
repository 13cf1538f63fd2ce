"""How the tests of the simulated Amazon ask it, and what they hold its answers against."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import msgspec

from crossdock.twin.amazon import Amazon, SellerAccount
from crossdock.twin.merchant import Merchant
from crossdock.twin.world import Request, Response, World

SPECS = Path(__file__).parents[3] / "shared" / "specs" / "amazon"
FORM = {"content-type": "application/x-www-form-urlencoded;charset=UTF-8"}
EVERYTHING = (
    "BUYER,RECIPIENT,PROCEEDS,EXPENSE,PROMOTION,CANCELLATION,FULFILLMENT,PACKAGES,TAX,PAYMENT,FULFILLMENT_ORDERS"
)
MARKETPLACES = ("ATVPDKIKX0DER", "A1PA6795UKMFR9", "A1F83G8C2ARO7P", "A1VC38T7YXB528")


class Caller:
    """One account in a world of its own, and an application that calls it."""

    def __init__(self) -> None:
        """Open the account."""
        self.world = World(seed=7)
        self.amazon = Amazon(self.world)
        self.account: SellerAccount = self.amazon.add_account(marketplace_ids=MARKETPLACES)
        self.payments = self.account.payments
        self.merchant = Merchant(self.world, self.account, skus=[f"MUG-{number}" for number in range(1, 9)])
        self.beginning = self.world.clock.now()
        self._token, self._token_expires_at = "", self.beginning

    def grant(self, **form: str) -> Response:
        """Ask for a token."""
        asked = Request("POST", "/auth/o2/token", {}, FORM, urlencode(form).encode())
        return self.amazon.handle(asked)

    def refresh(self, **changes: str) -> Response:
        """Ask for a token as the seller's application does, but for some changes."""
        known = self.account
        form = {"grant_type": "refresh_token", "refresh_token": known.refresh_token}
        form |= {"client_id": known.client_id, "client_secret": known.client_secret}
        return self.grant(**(form | changes))

    def token(self) -> str:
        """Give an access token, a new one where the last has expired."""
        now = self.world.clock.now()
        if now >= self._token_expires_at:
            self._token, self._token_expires_at = str(json_of(self.refresh())["access_token"]), now + timedelta(hours=1)
        return self._token

    def get(self, path: str, query: dict[str, list[str]] | None = None, token: str | None = None) -> Response:
        """Send a GET with the token."""
        return self.amazon.handle(Request("GET", path, query or {}, {"x-amz-access-token": token or self.token()}))

    def send(self, method: str, path: str, body: object = None, **query: str) -> Response:
        """Send any request with the token, and a body in JSON."""
        headers = {"x-amz-access-token": self.token(), "content-type": "application/json", "host": "amazon.test"}
        asked = {name: value.split("|") for name, value in query.items()}
        return self.amazon.handle(Request(method, path, asked, headers, msgspec.json.encode(body)))

    def search(self, **query: str) -> Response:
        """Call searchOrders, from the beginning unless told otherwise, with a rate that never throttles."""
        self.account.set_rate("searchOrders", 1000.0, 1000)
        asked = (
            query
            if {"createdAfter", "lastUpdatedAfter"} & query.keys()
            else {"lastUpdatedAfter": "2026-01-01", **query}
        )
        return self.get("/orders/2026-01-01/orders", {name: [value] for name, value in asked.items()})

    def get_order(self, order_id: str, **query: str) -> Response:
        """Call getOrder."""
        return self.get(f"/orders/2026-01-01/orders/{order_id}", {name: [value] for name, value in query.items()})

    def shown(self, order_id: str, included: str = EVERYTHING) -> dict[str, Any]:
        """Give what getOrder shows of an order."""
        order: dict[str, Any] = json_of(self.get_order(order_id, includedData=included))["order"]
        return order

    def bought_a_minute_apart(self, n: int) -> list[str]:
        """Let somebody order every minute, first a minute from now."""
        orders = []
        for _ in range(n):
            self.wait(minutes=1)
            orders.append(self.merchant.buy())
        return orders

    def wait(self, **by: float) -> datetime:
        """Let time pass."""
        self.world.clock.advance(timedelta(**by))
        return self.world.clock.now()


def messages_of(account: SellerAccount, kind: str) -> list[dict[str, Any]]:
    """Give the messages of one kind that wait in the queue of an account."""
    told = [msgspec.json.decode(message) for message in account.notifications]
    return [one for one in told if kind in (one.get("NotificationType"), one.get("notificationType"))]


def json_of(response: Response) -> dict[str, Any]:
    """Read the JSON of an answer."""
    body: dict[str, Any] = msgspec.json.decode(response.body)
    return body


def ids_of(response: Response) -> list[str]:
    """Give the ids of the orders on a page."""
    return [order["orderId"] for order in json_of(response)["orders"]]
