"""A seller's account on the simulated Amazon: what it may do, its orders, its usage plans and its notifications.

Orders are kept whole, every dataset and all personal data included, as the Orders API v2026-01-01 spells them; what a
caller gets to see of them is decided elsewhere. They change through `put_order` only, which keeps the index in step.
"""

import json
from bisect import bisect_left, bisect_right, insort
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from crossdock.twin.amazon_notifications import order_change
from crossdock.twin.world import World

Order = dict[str, Any]

USAGE_PLANS = {"searchOrders": (0.0056, 20), "getOrder": (0.5, 30)}  # rate a second and burst, as published

DIRECT_TO_CONSUMER_DELIVERY = "direct_to_consumer_delivery"
ORDER_ROLES = frozenset(  # any of them opens the Orders API
    {
        "amazon_fulfillment",
        "buyer_communication",
        "buyer_solicitation",
        "finance_and_accounting",
        "inventory_and_order_tracking",
        "pricing",
        "product_listing",
        "professional_services",
        "selling_partner_insights",
        DIRECT_TO_CONSUMER_DELIVERY,
        "tax_invoicing",
        "tax_remittance",
    }
)


@dataclass
class Bucket:
    """A token bucket: it holds up to `burst` calls and is refilled by `rate` a second."""

    rate: float
    burst: int
    tokens: float
    filled_at: datetime

    def take(self, now: datetime) -> bool:
        """Take one call out; False if there is none."""
        passed_s = (now - self.filled_at).total_seconds()
        self.tokens = min(float(self.burst), self.tokens + passed_s * self.rate)
        self.filled_at = now
        if self.tokens < 1.0 - 1e-9:  # a bucket refilled for exactly one call holds 0.9999... of it
            return False
        self.tokens -= 1.0
        return True


class OrderIndex:
    """The orders by one of their times, so that a window of it is found without looking at every order."""

    def __init__(self) -> None:
        """Begin empty."""
        self._sorted: list[tuple[datetime, str]] = []
        self._time_of: dict[str, datetime] = {}

    def put(self, order_id: str, at: datetime) -> None:
        """Place an order at its time, wherever it stood before."""
        before = self._time_of.get(order_id)
        if before is not None:
            del self._sorted[bisect_left(self._sorted, (before, order_id))]
        insort(self._sorted, (at, order_id))
        self._time_of[order_id] = at

    def time_of(self, order_id: str) -> datetime:
        """Tell the time of an order."""
        return self._time_of[order_id]

    def between(self, after: datetime, before: datetime) -> Iterable[str]:
        """Give the ids of the orders from `after` to `before`, both included, the oldest first."""
        begin = bisect_left(self._sorted, (after, ""))
        end = bisect_right(self._sorted, (before, "\U0010ffff"))
        return (order_id for _, order_id in self._sorted[begin:end])


@dataclass(frozen=True)
class PageToken:
    """What a pagination token stands for: the rest of a search, as it was when its first page was answered."""

    search: tuple[object, ...]
    order_ids: list[str]
    offset: int
    mark: str
    expires_at: datetime


class SellerAccount:
    """One selling partner in one region, and the application it has authorised."""

    def __init__(
        self,
        world: World,
        *,
        seller_id: str,
        marketplace_ids: Iterable[str],
        refresh_token: str,
        client_id: str,
        client_secret: str,
        roles: Iterable[str] = ("inventory_and_order_tracking", DIRECT_TO_CONSUMER_DELIVERY, "tax_remittance"),
    ) -> None:
        """Open the account, without orders; `roles` are those of the application the seller has authorised."""
        self.world = world
        self.seller_id = seller_id
        self.marketplace_ids = list(marketplace_ids)
        self.refresh_token = refresh_token
        self.client_id = client_id
        self.client_secret = client_secret
        self.roles = set(roles)
        self.orders: dict[str, Order] = {}
        self.notifications: deque[bytes] = deque()
        self.page_tokens: dict[str, PageToken] = {}
        self.by_update = OrderIndex()
        self.by_creation = OrderIndex()
        self._buckets: dict[str, Bucket] = {}
        self._random = world.stream(f"amazon/{seller_id}")

    def put_order(self, order: Order, *, notify: bool = True) -> Order:
        """Insert or replace an order, and return it as it is kept.

        Without `lastUpdatedTime` (and `createdTime`) the order was updated (and made) now. Unless told not to, Amazon
        notifies the seller of it. Raises KeyError without an `orderId`, ValueError for a time that is none.
        """
        with self.world.lock:
            now = timestamp(self.world.clock.now())
            kept: Order = decoded(encoded({"createdTime": now, "lastUpdatedTime": now, **order}))
            order_id = kept["orderId"]
            updated_at, created_at = parse_time(kept["lastUpdatedTime"]), parse_time(kept["createdTime"])
            before = self.orders.get(order_id)
            self.orders[order_id] = kept
            self.by_update.put(order_id, updated_at)
            self.by_creation.put(order_id, created_at)
            if notify:
                message = order_change(self.seller_id, kept, before, now=now, new_id=self.world.new_id)
                self.world.deliver(self.notifications, encoded(message))
            return kept

    def set_rate(self, operation: str, rate: float, burst: int) -> None:
        """Give this account another usage plan for an operation such as `searchOrders`, with a full bucket."""
        self._buckets[operation.removeprefix("amazon.")] = Bucket(rate, burst, float(burst), self.world.clock.now())

    def bucket(self, operation: str) -> Bucket:
        """Give the bucket of an operation."""
        if operation not in self._buckets:
            self.set_rate(operation, *USAGE_PLANS[operation])
        return self._buckets[operation]

    def new_page_token(self, token: PageToken) -> str:
        """Remember where a search goes on, and forget what has expired."""
        now = self.world.clock.now()
        for name in [name for name, known in self.page_tokens.items() if known.expires_at <= now]:
            del self.page_tokens[name]
        name = f"{self._random.getrandbits(240):060x}=="
        self.page_tokens[name] = token
        return name


def timestamp(at: datetime) -> str:
    """Write a time as Amazon does: UTC, with milliseconds."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_time(text: str) -> datetime:
    """Read an ISO 8601 time; one without an offset is UTC. Raises ValueError."""
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def encoded(value: object) -> bytes:
    """Write JSON, also of text that is no valid Unicode, as platforms have been seen to send."""
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        return json.dumps(value).encode()


def decoded(body: bytes) -> Any:
    """Read JSON, also with lone surrogates in its text."""
    try:
        return msgspec.json.decode(body)
    except msgspec.DecodeError:
        return json.loads(body)
