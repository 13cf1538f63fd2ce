"""A seller's account on the simulated Amazon: what it may do, its orders, listings, feeds, money, rates and notifications.

Orders are kept whole, every dataset and all personal data included, as the Orders API v2026-01-01 spells them; what a
caller gets to see of them is decided elsewhere. They change through `put_order` only, which keeps the index in step.
Listings and feeds change as time passes: `catch_up` brings them up to now, and whoever looks at them calls it first.
"""

from bisect import bisect_left, bisect_right, insort
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crossdock.twin.amazon_feeds import Feed, Feeds
from crossdock.twin.amazon_listings import Listings
from crossdock.twin.amazon_notifications import feed_finished, order_change, quantity_change
from crossdock.twin.amazon_reports import Reports
from crossdock.twin.amazon_wire import decoded, encoded, parse_time, timestamp
from crossdock.twin.settlements import Payments
from crossdock.twin.world import World

__all__ = [
    "DEFAULT_ROLES",
    "DIRECT_TO_CONSUMER_DELIVERY",
    "LISTING_ROLES",
    "MONEY_ROLES",
    "ORDER_ROLES",
    "USAGE_PLANS",
    "Bucket",
    "Order",
    "OrderIndex",
    "PageToken",
    "SellerAccount",
    "decoded",
    "encoded",
    "parse_time",
    "timestamp",
]

Order = dict[str, Any]

USAGE_PLANS = {  # rate a second and burst, as published
    "searchOrders": (0.0056, 20),
    "getOrder": (0.5, 30),
    "getListingsItem": (5.0, 10),
    "patchListingsItem": (5.0, 5),
    "searchListingsItems": (5.0, 5),
    "createFeedDocument": (0.5, 15),
    "createFeed": (0.0083, 15),
    "createFeed/JSON_LISTINGS_FEED": (5 / 300, 5),  # this feed type has a plan of its own: 5 in 5 minutes
    "getFeed": (2.0, 15),
    "getFeeds": (0.0222, 10),
    "cancelFeed": (2.0, 15),
    "getFeedDocument": (0.0222, 10),
    "createReport": (0.0167, 15),
    "getReports": (0.0222, 10),
    "getReport": (2.0, 15),
    "getReportDocument": (0.0167, 15),
    "listTransactions": (0.5, 10),
    "listFinancialEventGroups": (0.5, 30),
    "listPayouts": (0.5, 10),
}

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
LISTING_ROLES = frozenset({"product_listing"})  # opens the Listings Items API, and feeds of listings
MONEY_ROLES = frozenset({"finance_and_accounting"})  # opens finances, transfers, and reports of settlements
DEFAULT_ROLES = (
    "inventory_and_order_tracking",
    DIRECT_TO_CONSUMER_DELIVERY,
    "tax_remittance",
    "product_listing",
    "finance_and_accounting",
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
    """What a pagination token stands for: the rest of a search, as it was when its first page was answered.

    `ids` are those of what was searched for: orders, SKUs or feeds. `mark` is the end of a window, in searches of orders.
    """

    search: tuple[object, ...]
    ids: list[str]
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
        roles: Iterable[str] = DEFAULT_ROLES,
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
        self.listings = Listings(
            world,
            random=world.stream(f"amazon/{seller_id}/listings"),
            marketplace_ids=self.marketplace_ids,
            tell=self._tell_quantity,
        )
        self.feeds = Feeds(
            world,
            random=world.stream(f"amazon/{seller_id}/feeds"),
            seller_id=seller_id,
            listings=self.listings,
            tell=self._tell_feed,
        )
        self.reports = Reports(world, random=world.stream(f"amazon/{seller_id}/reports"))
        self.payments = Payments(
            world,
            random=world.stream(f"amazon/{seller_id}/payments"),
            marketplace_ids=self.marketplace_ids,
            tell=self.reports.add,
        )
        self.page_tokens: dict[str, PageToken] = {}
        self.by_update = OrderIndex()
        self.by_creation = OrderIndex()
        self._notifications: deque[bytes] = deque()
        self._buckets: dict[str, Bucket] = {}
        self._random = world.stream(f"amazon/{seller_id}")

    @property
    def notifications(self) -> deque[bytes]:
        """The queue Amazon puts its messages into, with everything that happened until now."""
        self.catch_up()
        return self._notifications

    def catch_up(self) -> None:
        """Let happen to listings and feeds what was due by now, in the order of its times."""
        with self.world.lock:
            now = self.world.clock.now()
            while True:
                due = [(at, part) for part in (self.feeds, self.listings) if (at := part.due_at()) and at <= now]
                if not due:
                    return
                min(due, key=lambda one: one[0])[1].step()

    def put_order(self, order: Order, *, notify: bool = True) -> Order:
        """Insert or replace an order, and return it as it is kept.

        Without `lastUpdatedTime` (and `createdTime`) the order was updated (and made) now. Unless told not to, Amazon
        notifies the seller of it. Raises KeyError without an `orderId`, ValueError for a time that is none.
        """
        with self.world.lock:
            self.catch_up()
            now = timestamp(self.world.clock.now())
            kept: Order = decoded(encoded({"createdTime": now, "lastUpdatedTime": now, **order}))
            order_id = kept["orderId"]
            updated_at, created_at = parse_time(kept["lastUpdatedTime"]), parse_time(kept["createdTime"])
            before = self.orders.get(order_id)
            self.orders[order_id] = kept
            self.payments.ledger.note(before, kept, updated_at)
            self.by_update.put(order_id, updated_at)
            self.by_creation.put(order_id, created_at)
            if notify:
                message = order_change(self.seller_id, kept, before, now=now, new_id=self.world.new_id)
                self.world.deliver(self._notifications, encoded(message))
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

    def _tell_quantity(self, sku: str, quantity: int, at: datetime) -> None:
        """Notify the seller of the quantity that buyers can buy of a SKU now."""
        message = quantity_change(self.seller_id, sku, quantity, at=timestamp(at), new_id=self.world.new_id)
        self.world.deliver(self._notifications, encoded(message))

    def _tell_feed(self, feed: Feed, at: datetime) -> None:
        """Notify the seller of a feed that is done, fatal or cancelled."""
        message = feed_finished(
            self.seller_id,
            feed_id=feed.feed_id,
            feed_type=feed.feed_type,
            status=feed.status,
            result_document_id=feed.result_document_id,
            at=timestamp(at),
            new_id=self.world.new_id,
        )
        self.world.deliver(self._notifications, encoded(message))
