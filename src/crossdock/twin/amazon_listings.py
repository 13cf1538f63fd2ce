"""What a seller lists on the simulated Amazon: by SKU, what is really for sale beside what was sent last.

`attributes` echo a submission at once. What buyers can buy, `live`, follows after a delay drawn from the world's seed,
or never: accepted is not applied. Sets of one lane (a patch, a feed) reach a SKU in their order; between the lanes
nothing is promised. A set is absolute: it overwrites what was sold since it was sent.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import heappop, heappush
from random import Random
from typing import Literal, NamedTuple, TypeAlias

from crossdock.twin.amazon_listing_patches import AVAILABILITY, MERCHANT_CHANNEL, Change, Json, Patch, change_of
from crossdock.twin.world import World

NETWORKS = {"ATVPDKIKX0DER": "AMAZON_NA", "A1VC38T7YXB528": "AMAZON_JP"}  # elsewhere in our markets: AMAZON_EU

Lane: TypeAlias = Literal["patch", "feed"]
Tell = Callable[[str, int, datetime], None]
"""Tells the seller that a merchant-fulfilled quantity changed: SKU, new quantity, when."""


@dataclass
class Listing:
    """One SKU on Amazon."""

    sku: str
    asin: str
    title: str
    product_type: str
    marketplace_ids: list[str]
    created_at: datetime
    updated_at: datetime
    """When it was last submitted, set or edited; sales do not count, as far as anybody has told."""
    live: dict[str, int | None]
    """What is for sale, by channel; None where Amazon counts its own stock."""
    attributes: Json
    issues: list[Json] = field(default_factory=list)
    offers: list[Json] = field(default_factory=list)

    @property
    def quantity(self) -> int | None:
        """What buyers can buy from the merchant; None if the merchant does not offer it."""
        return self.live.get(MERCHANT_CHANNEL)

    @property
    def by_amazon(self) -> bool:
        """Whether Amazon sells it from its own warehouses."""
        return any(channel != MERCHANT_CHANNEL for channel in self.live)

    @property
    def statuses(self) -> list[str]:
        """Whether it can be bought and found."""
        return ["BUYABLE", "DISCOVERABLE"] if self.quantity or self.by_amazon else ["DISCOVERABLE"]


class Set(NamedTuple):
    """A change on its way: it takes effect `at`, unless somebody looks only later."""

    at: datetime
    number: int
    lane: Lane
    sku: str
    live: dict[str, int | None]
    ended: frozenset[str]
    deletes: bool


class Listings:
    """All listings of one account, and the changes that have not taken effect yet."""

    def __init__(self, world: World, *, random: Random, marketplace_ids: list[str], tell: Tell) -> None:
        """Begin without listings."""
        self.by_sku: dict[str, Listing] = {}
        self.delay_s = (2.0, 60.0)
        """How long a set takes until it is in effect: the least and the most, for sets sent from now on."""
        self.never_applied = 0.0
        """The share of the sets, sent from now on, that are accepted, echoed and never take effect."""
        self._world = world
        self._random = random
        self._marketplace_ids = marketplace_ids
        self._tell = tell
        self._under_way: list[Set] = []
        self._count = 0
        self._last: dict[tuple[Lane, str], datetime] = {}

    def add(
        self,
        sku: str,
        quantity: int = 0,
        *,
        fulfilled_by: Literal["MERCHANT", "AMAZON"] = "MERCHANT",
        asin: str = "B000000000",
        title: str = "",
        product_type: str = "PRODUCT",
        marketplace_ids: Iterable[str] | None = None,
    ) -> Listing:
        """List a SKU at once, as if it had long been listed: with a quantity, or from Amazon's warehouses."""
        now = self._world.clock.now()
        marketplaces = list(self._marketplace_ids if marketplace_ids is None else marketplace_ids)
        channel, live = MERCHANT_CHANNEL, quantity if fulfilled_by == "MERCHANT" else None
        if fulfilled_by == "AMAZON":
            channel = NETWORKS.get(marketplaces[0], "AMAZON_EU") if marketplaces else "AMAZON_EU"
        entry: Json = {"fulfillment_channel_code": channel} | ({} if live is None else {"quantity": live})
        listing = Listing(
            sku=sku,
            asin=asin,
            title=title or f"Example article {sku}",
            product_type=product_type,
            marketplace_ids=marketplaces,
            created_at=now,
            updated_at=now,
            live={channel: live},
            attributes={AVAILABILITY: [entry]},
        )
        self.by_sku[sku] = listing
        return listing

    def submit(self, sku: str, change: Change | None, *, lane: Lane, at: datetime) -> None:
        """Take a valid submission: echo it now, put it into effect later, or never; None deletes the listing.

        For a SKU that is not listed nothing happens, and nobody is told (amzn/selling-partner-api-models#4402).
        """
        listing = self.by_sku.get(sku)
        if listing is None:
            return
        if change is not None:
            listing.attributes = change.attributes
            listing.updated_at = at
        delay = timedelta(seconds=self._random.uniform(*self.delay_s))
        ignored = self._random.random() < self.never_applied
        if ignored or (change is not None and not change.live and not change.ended):
            return
        effective = max(at + delay, self._last.get((lane, sku), at))
        self._last[lane, sku] = effective
        self._count += 1
        live, ended = ({}, frozenset[str]()) if change is None else (change.live, change.ended)
        heappush(self._under_way, Set(effective, self._count, lane, sku, live, ended, change is None))

    def under_way(self, sku: str | None = None) -> list[Set]:
        """List the changes that will still take effect, the next first."""
        return sorted(one for one in self._under_way if sku in (None, one.sku))

    def due_at(self) -> datetime | None:
        """Tell when the next change takes effect."""
        return self._under_way[0].at if self._under_way else None

    def step(self) -> None:
        """Let the next change take effect."""
        one = heappop(self._under_way)
        if self._last.get((one.lane, one.sku)) == one.at:
            del self._last[one.lane, one.sku]
        listing = self.by_sku.get(one.sku)
        if listing is None:
            return
        if one.deletes:
            del self.by_sku[one.sku]
            return
        before = listing.quantity
        listing.live = {name: live for name, live in listing.live.items() if name not in one.ended} | one.live
        listing.updated_at = max(listing.updated_at, one.at)
        self._tell_of(listing, before, one.at)

    def sellable(self, sku: str, fulfilled_by: str) -> int | None:
        """Tell how many units a buyer can get from whoever fulfils; None: nothing limits them."""
        listing = self.by_sku.get(sku)
        if listing is None:
            return None
        if fulfilled_by == "MERCHANT":
            return listing.quantity or 0
        return None if listing.by_amazon else 0

    def move(self, sku: str, units: int, *, notify: bool = True) -> None:
        """Take sold units off the quantity of the merchant, or put cancelled ones back; other SKUs are let be."""
        listing = self.by_sku.get(sku)
        if listing is None or listing.quantity is None or not units:
            return
        before = listing.quantity
        listing.live[MERCHANT_CHANNEL] = max(0, before + units)
        if notify:
            self._tell_of(listing, before, self._world.clock.now())

    def edit_quantity(self, sku: str, quantity: int) -> None:
        """Set the quantity by hand in Seller Central, at once. Raises KeyError for a SKU the merchant does not list."""
        listing = self.by_sku[sku]
        before = listing.quantity
        if before is None:
            raise KeyError(sku)
        now = self._world.clock.now()
        entry = {"fulfillment_channel_code": MERCHANT_CHANNEL, "quantity": quantity}
        listing.attributes = change_of(listing.attributes, [Patch("merge", f"/attributes/{AVAILABILITY}", [entry])])[0]
        listing.live[MERCHANT_CHANNEL] = quantity
        listing.updated_at = now
        self._tell_of(listing, before, now)

    def _tell_of(self, listing: Listing, before: int | None, at: datetime) -> None:
        """Tell the seller of a quantity that is another than before."""
        quantity = listing.quantity or 0
        if quantity != (before or 0):
            self._tell(listing.sku, quantity, at)
