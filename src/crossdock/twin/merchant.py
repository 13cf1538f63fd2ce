"""What people do in a world: buyers order on Amazon, the warehouse ships, someone changes their mind.

Everything is drawn from the world's seed, so the same acts in the same order make the same orders.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from crossdock.twin.amazon_account import Order, SellerAccount, decoded, encoded
from crossdock.twin.commercetools_project import Project
from crossdock.twin.purchases import MARKETS, Good, Purchase, draw_lines, good, package, write_order
from crossdock.twin.world import World

SHARE_BY_AMAZON = 1 / 3
SHARE_BUSINESS = 0.12
SHARE_PRIME = {"AMAZON": 0.8, "MERCHANT": 0.1}
SHARE_WITH_TIP = 0.04
LINES = (1, 1, 1, 1, 2, 2, 3, 5)  # how many lines a cart has: mostly one
QUANTITIES = (1, 1, 1, 1, 2, 3)
PENDING_MINUTES = (5, 30)  # how long an order waits for its payment
CARRIERS = ("DHL", "UPS", "FedEx", "GLS")


class Merchant:
    """The people around one seller's account and one commercetools project."""

    def __init__(
        self, world: World, account: SellerAccount, project: Project | None = None, *, skus: Iterable[str] = ()
    ) -> None:
        """Begin without orders; buyers find `skus` on Amazon, and whatever the shop is stocked with later."""
        self.world = world
        self.account = account
        self.project = project
        self.goods = [good(sku) for sku in skus]
        self._random = world.stream(f"merchant/{account.seller_id}")
        self._paid_at: dict[str, datetime] = {}
        self._count = 0
        self._stocked = 0  # so many of the goods, from the first, are in the shop

    def stock_the_shop(
        self, n: int = 0, *, quantity: int = 100, channel_key: str | None = None, tax_category: str | None = None
    ) -> list[str]:
        """Make `n` more goods, then put `quantity` of every good the shop lacks into the project; answer all SKUs."""
        known = len(self.goods)
        self.goods += [good(f"TWIN-{number:05d}") for number in range(known + 1, known + n + 1)]
        if self.project is not None:
            for one in self.goods[self._stocked :]:
                self.project.add_product(one.sku, one.title, tax_category=tax_category)
                self.project.add_inventory(one.sku, quantity, channel_key=channel_key)
            self._stocked = len(self.goods)
        return [one.sku for one in self.goods]

    def buy(
        self,
        *,
        skus: Sequence[str] | None = None,
        quantity: int | None = None,
        marketplace_id: str | None = None,
        fulfilled_by: str | None = None,
        programs: Sequence[str] | None = None,
        settled: bool = False,
        notify: bool = True,
    ) -> str:
        """Let somebody order, and answer the order id; what is not said is left to chance.

        One line for each of `skus`, which may name goods nobody has stocked. The order is PENDING until `settle`,
        unless it is bought `settled`.
        """
        with self.world.lock:
            purchase = self._purchase(
                skus=skus,
                quantity=quantity,
                marketplace_id=marketplace_id,
                fulfilled_by=fulfilled_by,
                programs=programs,
            )
            wait = timedelta(minutes=self._random.randint(*PENDING_MINUTES))
            if not settled:
                self._paid_at[purchase.order_id] = purchase.made_at + wait
            self.account.put_order(write_order(purchase, "UNSHIPPED" if settled else "PENDING"), notify=notify)
            return purchase.order_id

    def settle(self, *, at_once: bool = False) -> list[str]:
        """Turn the orders whose payment is through by now (or all) from PENDING to UNSHIPPED; answer their ids."""
        with self.world.lock:
            now = self.world.clock.now()
            paid = [order_id for order_id, at in self._paid_at.items() if at_once or at <= now]
            for order_id in paid:
                order = self._changing(order_id)
                order["fulfillment"]["fulfillmentStatus"] = "UNSHIPPED"
                self.account.put_order(order)
            return paid

    def ship(self, order_id: str, *, quantities: dict[str, int] | None = None) -> Order:
        """Ship an order, or so many units by order item id; a merchant's parcel carries a tracking number."""
        with self.world.lock:
            order = self._changing(order_id)
            packed = []
            for item in order["orderItems"]:
                counts = item["fulfillment"]
                left = counts["quantityUnfulfilled"]
                units = left if quantities is None else min(left, quantities.get(item["orderItemId"], 0))
                counts["quantityFulfilled"] += units
                counts["quantityUnfulfilled"] = left - units
                if units:
                    packed.append({"orderItemId": item["orderItemId"], "quantity": units})
            whole = not any(item["fulfillment"]["quantityUnfulfilled"] for item in order["orderItems"])
            order["fulfillment"]["fulfillmentStatus"] = "SHIPPED" if whole else "PARTIALLY_SHIPPED"
            if order["fulfillment"]["fulfilledBy"] == "MERCHANT":
                carrier = self._random.choice(CARRIERS)
                parcel = package(order, packed, carrier=carrier, now=self.world.clock.now())
                order.setdefault("packages", []).append(parcel)
            return self.account.put_order(order)

    def cancel(self, order_id: str, *, by: str = "BUYER", reason: str = "BUYER_CANCELLED") -> Order:
        """Cancel what is not shipped of an order; one that was never paid for loses its price and its people."""
        with self.world.lock:
            order = self._changing(order_id)
            if order["fulfillment"]["fulfillmentStatus"] == "PENDING":
                _forget_price_and_people(order)
            order["fulfillment"]["fulfillmentStatus"] = "CANCELLED"
            for item in order["orderItems"]:
                item["fulfillment"]["quantityUnfulfilled"] = 0
                execution = {"cancelledBy": by, "cancelReason": reason}
                item.setdefault("cancellation", {})["cancellationExecution"] = execution
            return self.account.put_order(order)

    def request_cancellation(self, order_id: str, *, reason: str = "No longer needed") -> Order:
        """Let the buyer ask for a cancellation, which somebody has to decide upon."""
        with self.world.lock:
            order = self._changing(order_id, still_waits=True)
            for item in order["orderItems"]:
                asked = {"requester": "BUYER", "cancelReason": reason}
                item.setdefault("cancellation", {})["cancellationRequest"] = asked
            return self.account.put_order(order)

    def finalize_tip(self, order_id: str) -> Order:
        """Let the delivery tip of an order become final, if it has one."""
        with self.world.lock:
            order = self._changing(order_id, still_waits=True)
            for part in order["proceeds"]["breakdowns"]:
                if part["type"] == "DELIVERY_TIP":
                    part["status"] = "FINALIZED"
            return self.account.put_order(order)

    def _purchase(
        self,
        *,
        skus: Sequence[str] | None,
        quantity: int | None,
        marketplace_id: str | None,
        fulfilled_by: str | None,
        programs: Sequence[str] | None,
    ) -> Purchase:
        """Draw what was left to chance."""
        random = self._random
        self._count += 1
        market = MARKETS[
            marketplace_id or random.choice([one for one in self.account.marketplace_ids if one in MARKETS])
        ]
        fulfilled_by = fulfilled_by or ("AMAZON" if random.random() < SHARE_BY_AMAZON else "MERCHANT")
        wanted = self._cart() if skus is None else [good(sku) for sku in skus]
        sold = [(one, quantity or random.choice(QUANTITIES)) for one in wanted]
        drawn = [name for name, share in self._program_shares(fulfilled_by) if random.random() < share]
        tipped = market.currency == "USD" and random.random() < SHARE_WITH_TIP
        return Purchase(
            order_id=self._new_order_id(market.order_prefix),
            number=self._count,
            market=market,
            fulfilled_by=fulfilled_by,
            programs=list(programs) if programs is not None else drawn,
            lines=draw_lines(random, market, sold, fulfilled_by=fulfilled_by),
            tip=random.choice((100, 250, 500)) if tipped else 0,
            discount_sign=random.choice((-1, 1)),
            made_at=self.world.clock.now(),
        )

    def _cart(self) -> list[Good]:
        """Draw what is in a cart."""
        return self._random.sample(self.goods, k=min(len(self.goods), self._random.choice(LINES)))

    def _program_shares(self, fulfilled_by: str) -> list[tuple[str, float]]:
        """Tell how often an order belongs to each programme."""
        return [("AMAZON_BUSINESS", SHARE_BUSINESS), ("PRIME", SHARE_PRIME[fulfilled_by])]

    def _new_order_id(self, prefix: int) -> str:
        """Draw an order id nobody has yet."""
        while True:
            number = self._random.randrange(10**14)
            order_id = f"{prefix}-{number // 10**7:07d}-{number % 10**7:07d}"
            if order_id not in self.account.orders:
                return order_id

    def _changing(self, order_id: str, *, still_waits: bool = False) -> Order:
        """Give a copy of an order that is about to change; its payment is no longer waited for, unless told so."""
        if not still_waits:
            self._paid_at.pop(order_id, None)
        order: Order = decoded(encoded(self.account.orders[order_id]))
        del order["lastUpdatedTime"]
        return order


def _forget_price_and_people(order: Order) -> None:
    """Take out what Amazon never tells of an order that was not paid for."""
    for name in ("buyer", "recipient", "proceeds", "payment", "tax"):
        order.pop(name, None)
    for item in order["orderItems"]:
        for name in ("proceeds", "expense", "promotion", "tax"):
            item.pop(name, None)
        item["product"].pop("price", None)
        item["fulfillment"].pop("packing", None)
