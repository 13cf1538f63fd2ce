"""The product's Amazon door on a simulated Amazon, and a way to put any answer in the place of Amazon's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx2

from crossdock.amazon.auth import Credentials, Tokens
from crossdock.amazon.client import Client
from crossdock.amazon.orders import Orders
from crossdock.domain.ids import MarketplaceId
from crossdock.rate import Limiter
from crossdock.twin.amazon import Amazon
from crossdock.twin.merchant import Merchant
from crossdock.twin.transport import transport
from crossdock.twin.world import Request, Response, World

GERMANY, USA = MarketplaceId("A1PA6795UKMFR9"), MarketplaceId("ATVPDKIKX0DER")


@dataclass
class Plan:
    """A limiter that writes down what it is told; `wait_s` is its answer to everybody."""

    wait_s: float = 0.0
    taken: list[str] = field(default_factory=list)
    urgent: list[bool] = field(default_factory=list)
    throttled: list[str] = field(default_factory=list)
    observed: list[tuple[str, float]] = field(default_factory=list)

    def limiter(self) -> Limiter:
        """As the door takes it."""
        return Limiter(
            take=self._take,
            throttled=self._throttled,
            observed=lambda operation, per_s: self.observed.append((operation, per_s)),
            every=lambda _: 2.0,
        )

    def _take(self, operation: str, urgent: bool) -> float:  # noqa: FBT001 - as the limiter is called
        self.taken.append(operation)
        self.urgent.append(urgent)
        return self.wait_s

    def _throttled(self, operation: str) -> float:
        self.throttled.append(operation)
        return 179.0


class Door:
    """One account, the twin of Amazon, and our door on it."""

    def __init__(
        self,
        *,
        roles: tuple[str, ...] = ("inventory_and_order_tracking", "direct_to_consumer_delivery", "tax_remittance"),
    ) -> None:
        """Open the account; `answers` stand before the twin, by path."""
        self.world = World(seed=7)
        self.amazon = Amazon(self.world)
        self.account = self.amazon.add_account(marketplace_ids=(GERMANY, USA), roles=roles)
        self.merchant = Merchant(self.world, self.account, skus=("MUG-BLUE", "MUG-RED"))
        self.answers: dict[str, Callable[[Request], Response]] = {}
        self.requests: list[Request] = []
        self.plan = Plan()
        self.http = httpx2.Client(transport=transport(self._handle))
        self.credentials = Credentials(self.account.client_id, self.account.client_secret, self.account.refresh_token)
        self.tokens = Tokens(self.http, "http://amazon.test/auth/o2/token", self.credentials, self.world.clock.now)
        self.client = Client(self.http, "http://amazon.test", self.tokens, self.plan.limiter())
        self.orders = Orders(self.client, [GERMANY, USA])

    def answer(self, path: str, status: int, body: bytes) -> None:
        """From now on let this be the answer to a path."""
        self.answers[path] = lambda _: Response(status, body, {"x-amzn-requestid": "request-7"})

    def calls(self) -> Counter[str]:
        """What Amazon was asked, by path."""
        return Counter(request.path for request in self.requests)

    def _handle(self, request: Request) -> Response:
        self.requests.append(request)
        return self.answers.get(request.path, self.amazon.handle)(request)
