"""What we hold of one SKU's stock between two looks: what was sent to Amazon and seen there, and which sold units commercetools has lost already.

Rule: a unit that Amazon sold is taken off commercetools by a claim (the note on the entry is the truth of it) and counted in the hold (ours is the truth of
it). A sale is claimed first and counted then; a cancellation is counted first and given back then: killed in between, too little is listed, never too much.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from crossdock.domain.demand import Demand
from crossdock.domain.ids import AmazonOrderId, OrderItemId, SellerSku
from crossdock.domain.inventory import StockEntry
from crossdock.domain.on_sale import OnSale
from crossdock.domain.order import AmazonOrder, AmazonStatus, FulfilledBy

# Of a final order nothing changes any more; so long after its last news its number needs no room on the entry.
SETTLED_AFTER = timedelta(days=2)
FINAL = frozenset({AmazonStatus.SHIPPED, AmazonStatus.CANCELLED, AmazonStatus.UNFULFILLABLE})


@dataclass(frozen=True, slots=True)
class SoldLine:
    """One line of an Amazon order that the merchant ships. `units`: sold and not cancelled; `counted`: so many of them the hold knows of.

    `made_at`, `told_at`: of the order and of its newest version, by Amazon's clock. `settled`: final, and forgotten on the entry.
    """

    order_id: AmazonOrderId
    item_id: OrderItemId
    seller_sku: SellerSku
    ordered: int
    units: int
    made_at: datetime
    told_at: datetime
    final: bool
    counted: int = 0
    settled: bool = False

    @property
    def claim_number(self) -> str:
        """Under which its units are noted on the entry they were taken from."""
        return f"{self.order_id}/{self.item_id}"


@dataclass(frozen=True, slots=True)
class Shown:
    """What a read of Amazon showed, by Amazon's clock, waiting to be used."""

    quantity: int
    at: datetime


@dataclass(frozen=True, slots=True)
class SentSet:
    """The last set: through which lane, and Amazon's number of it, empty while the answer is not known. `feed_key`: our own number of its feed.

    `seen`: a read has shown what can be this set. That proves nothing; that none does is somebody's to look at.
    """

    quantity: int
    at: datetime
    lane: str = "patch"
    submission_id: str = ""
    feed_key: int | None = None
    seen: bool = False


@dataclass(frozen=True, slots=True)
class PendingMove:
    """A move of units between the shop's entry and the escrow that was begun, under the number both note."""

    number: str
    units: int
    to_amazon: bool


NOTHING_ON_SALE = OnSale()


@dataclass(frozen=True, slots=True)
class StockRecord:
    """One SKU's stock as we hold it. `fulfilled_by`: empty before Amazon was ever asked. `unshown`: sets in a row that no read has shown.

    `foreign_until`: somebody else sets this quantity; nothing is listed before that time. `looked_at`, `available`: of the last look at commercetools
    (with proof of the escrow, and `shop_available` of the shop's own).
    `covered`: units that were off the entry for what Amazon may sell, beside the claims of known orders. `lying`: available, and what other
    connections keep back.
    `managed`: commercetools has, or had, an entry of it; before that its quantity is none of our business.
    `read_wanted`: somebody, or a notification, wants Amazon asked at the next run. `version`: what is saved must have been decided from the newest.
    """

    on_sale: OnSale = NOTHING_ON_SALE
    fulfilled_by: str = ""
    shown: Shown | None = None
    sent: SentSet | None = None
    unshown: int = 0
    foreign_until: datetime | None = None
    read_wanted: bool = False
    managed: bool = False
    move: PendingMove | None = None
    demand: Demand | None = None
    looked_at: datetime | None = None
    available: int = 0
    shop_available: int = 0
    lying: int = 0
    covered: int = 0
    version: int = field(default=0, compare=False)


def sold_lines(order: AmazonOrder) -> list[SoldLine]:
    """The lines of an order as stock sees them; none where Amazon ships."""
    if order.fulfilled_by != FulfilledBy.MERCHANT:
        return []
    gone = order.status in {AmazonStatus.CANCELLED, AmazonStatus.UNFULFILLABLE}
    return [
        SoldLine(
            order_id=order.order_id,
            item_id=item.order_item_id,
            seller_sku=item.seller_sku,
            ordered=item.quantity,
            units=item.quantity_fulfilled if gone else item.quantity - item.quantity_cancelled(),
            made_at=order.created_at,
            told_at=order.updated_at,
            final=order.status in FINAL,
        )
        for item in order.items
    ]


def sold_since(lines: Sequence[SoldLine], at: datetime) -> int:
    """Units of known orders made after a read, less those of cancellations made after it; negative where more was cancelled."""
    made = sum(line.units for line in lines if line.made_at > at)
    undone = sum(line.ordered - line.units for line in lines if line.made_at <= at < line.told_at)
    return made - undone


def claimed(entries: Sequence[StockEntry]) -> Mapping[str, StockEntry]:
    """The entry on which each claim is noted, by its number."""
    return {number: entry for entry in entries for number in entry.claims}


def entry_to_take_from(entries: Sequence[StockEntry], units: int) -> StockEntry | None:
    """The first of the entries, in the policy's order, that has the units; else the one that has most. None where there is no entry at all."""
    having = next((entry for entry in entries if entry.available >= units), None)
    return having or max(entries, key=lambda entry: entry.available, default=None)
