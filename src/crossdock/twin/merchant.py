"""What people do in a world: buyers order on Amazon, the warehouse ships, someone changes their mind.

Everything is drawn from the world's seed, so the same acts in the same order make the same orders. Of a SKU that is
listed nobody can buy more than is live; of one that is not, buyers find as much as they want.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Literal

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


class SoldOut(Exception):
    """Nothing of what somebody wanted to buy is for sale."""


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
        self.amazon_collects: set[str] = set()
        """The marketplaces where Amazon collects the VAT that is inside the prices, as it does for a seller from abroad."""
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

    def list_goods(
        self,
        skus: Iterable[str] | None = None,
        *,
        quantity: int = 0,
        fulfilled_by: Literal["MERCHANT", "AMAZON"] = "MERCHANT",
    ) -> list[str]:
        """List goods on Amazon (all of them unless told which), where `quantity` is live at once; answer their SKUs."""
        with self.world.lock:
            listed = self.goods if skus is None else [good(sku) for sku in skus]
            for one in listed:
                self.account.listings.add(one.sku, quantity, fulfilled_by=fulfilled_by, asin=one.asin, title=one.title)
            return [one.sku for one in listed]

    def edit_quantity(self, sku: str, quantity: int) -> None:
        """Set the quantity of a listed SKU by hand in Seller Central; it is live at once. Raises KeyError."""
        with self.world.lock:
            self.account.catch_up()
            self.account.listings.edit_quantity(sku, quantity)

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
        unless it is bought `settled`. Of what is listed the buyer gets what is live, and Amazon takes that off the
        quantity at once. Raises SoldOut if that leaves nothing.
        """
        with self.world.lock:
            self.account.catch_up()
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
            if purchase.fulfilled_by == "MERCHANT":
                for line in purchase.lines:
                    self.account.listings.move(line.good.sku, -line.quantity, notify=notify)
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

    def ship(self, order_id: str, *, quantities: dict[str, int] | None = None, notify: bool = True) -> Order:
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
            return self.account.put_order(order, notify=notify)

    def cancel(
        self, order_id: str, *, by: str = "BUYER", reason: str = "BUYER_CANCELLED", restock: bool = False
    ) -> Order:
        """Cancel what is not shipped of an order; one that was never paid for loses its price and its people.

        With `restock` Amazon puts the units back to the quantity of the listings they were bought from.
        """
        with self.world.lock:
            self.account.catch_up()
            order = self._changing(order_id)
            left = _left_of_merchant(order) if restock else []
            if order["fulfillment"]["fulfillmentStatus"] == "PENDING":
                _forget_price_and_people(order)
            order["fulfillment"]["fulfillmentStatus"] = "CANCELLED"
            for item in order["orderItems"]:
                item["fulfillment"]["quantityUnfulfilled"] = 0
                execution = {"cancelledBy": by, "cancelReason": reason}
                item.setdefault("cancellation", {})["cancellationExecution"] = execution
            kept = self.account.put_order(order)
            for sku, units in left:
                self.account.listings.move(sku, units)
            return kept

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
        drawn_by = fulfilled_by or ("AMAZON" if random.random() < SHARE_BY_AMAZON else "MERCHANT")
        wanted = self._cart() if skus is None else [good(sku) for sku in skus]
        fulfilled_by = fulfilled_by or self._listed_as(wanted) or drawn_by
        sold = self._for_sale([(one, quantity or random.choice(QUANTITIES)) for one in wanted], fulfilled_by)
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
            amazon_collects=market.marketplace_id in self.amazon_collects,
        )

    def _listed_as(self, wanted: Iterable[Good]) -> str | None:
        """Tell who fulfils the first of these goods that is listed; None if none is."""
        by_sku = self.account.listings.by_sku
        listing = next((by_sku[one.sku] for one in wanted if one.sku in by_sku), None)
        if listing is None:
            return None
        return "AMAZON" if listing.by_amazon and listing.quantity is None else "MERCHANT"

    def _for_sale(self, wanted: Sequence[tuple[Good, int]], fulfilled_by: str) -> list[tuple[Good, int]]:
        """Cut wishes down to what is live. Raises SoldOut."""
        taken: Counter[str] = Counter()
        sold = []
        for one, units in wanted:
            live = self.account.listings.sellable(one.sku, fulfilled_by)
            got = units if live is None else min(units, live - taken[one.sku])
            taken[one.sku] += got
            if got > 0:
                sold.append((one, got))
        if wanted and not sold:
            raise SoldOut
        return sold

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


def _left_of_merchant(order: Order) -> list[tuple[str, int]]:
    """Tell what the merchant has not shipped of an order: SKU and units."""
    if order["fulfillment"]["fulfilledBy"] != "MERCHANT":
        return []
    return [(item["product"]["sellerSku"], item["fulfillment"]["quantityUnfulfilled"]) for item in order["orderItems"]]


def _forget_price_and_people(order: Order) -> None:
    """Take out what Amazon never tells of an order that was not paid for."""
    for name in ("buyer", "recipient", "proceeds", "payment", "tax"):
        order.pop(name, None)
    for item in order["orderItems"]:
        for name in ("proceeds", "expense", "promotion", "tax"):
            item.pop(name, None)
        item["product"].pop("price", None)
        item["fulfillment"].pop("packing", None)
