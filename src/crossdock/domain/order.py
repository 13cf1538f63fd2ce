"""An order: as Amazon tells it, the person behind it, and as commercetools holds it.

`AmazonOrder` never holds personal data; that is `PersonalData`, which lives sealed, apart, and only while an FBM order needs it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from crossdock.domain.ids import AmazonOrderId, MarketplaceId, OrderItemId, OrderNumber, SellerSku
from crossdock.domain.money import Money
from crossdock.errors import DataError


class FulfilledBy(StrEnum):
    """Who ships. Amazon's own words; anything else is never taken for FBM."""

    MERCHANT = "MERCHANT"
    AMAZON = "AMAZON"


class AmazonStatus(StrEnum):
    """Amazon's fulfillmentStatus (Orders API v2026-01-01). A value that is not here is a case, not a crash."""

    PENDING_AVAILABILITY = "PENDING_AVAILABILITY"
    PENDING = "PENDING"
    UNSHIPPED = "UNSHIPPED"
    PARTIALLY_SHIPPED = "PARTIALLY_SHIPPED"
    SHIPPED = "SHIPPED"
    CANCELLED = "CANCELLED"
    UNFULFILLABLE = "UNFULFILLABLE"


@dataclass(frozen=True, slots=True)
class Breakdown:
    """One amount of the proceeds: `type` as Amazon spells it (ITEM, SHIPPING, TAX, DISCOUNT ...), and for TAX and DISCOUNT its parts by subtype."""

    type: str
    amount: Money
    parts: tuple[tuple[str, Money], ...] = ()


@dataclass(frozen=True, slots=True)
class OrderItem:
    """One line of an Amazon order."""

    order_item_id: OrderItemId
    seller_sku: SellerSku
    asin: str
    title: str
    quantity: int
    unit_price: Money | None = None
    proceeds: tuple[Breakdown, ...] = ()
    quantity_fulfilled: int = 0
    quantity_unfulfilled: int | None = None
    points: int = 0
    points_value: Money | None = None
    promotion_ids: tuple[str, ...] = ()
    gift_wrap_level: str = ""
    programs: tuple[str, ...] = ()
    facilitator: str = ""
    reporting_scheme: str = ""
    cancellation_requested: bool = False
    cancelled_by: str = ""

    def quantity_cancelled(self) -> int:
        """Units neither shipped nor to be shipped any more; 0 while Amazon does not say."""
        if self.quantity_unfulfilled is None:
            return 0
        return max(0, self.quantity - self.quantity_fulfilled - self.quantity_unfulfilled)


@dataclass(frozen=True, slots=True)
class AmazonOrder:
    """One order as Amazon shows it now, without personal data. Times are aware and in UTC."""

    order_id: AmazonOrderId
    created_at: datetime
    updated_at: datetime
    channel_name: str
    marketplace_id: MarketplaceId
    status: str
    fulfilled_by: str
    items: tuple[OrderItem, ...]
    service_level: str = ""
    ship_by_at: datetime | None = None
    deliver_by_at: datetime | None = None
    programs: tuple[str, ...] = ()
    replaces: AmazonOrderId | None = None
    seller_order_id: str = ""
    grand_total: Money | None = None
    proceeds: tuple[Breakdown, ...] = ()
    delivered: bool = False
    cleaned_fields: tuple[str, ...] = ()

    def skus(self) -> frozenset[SellerSku]:
        """The SKUs of all lines."""
        return frozenset(item.seller_sku for item in self.items)

    def cancellation_requested(self) -> bool:
        """Whether the buyer asked to cancel any line that is not cancelled yet."""
        return any(item.cancellation_requested and not item.cancelled_by for item in self.items)


@dataclass(frozen=True, slots=True)
class Recipient:
    """Where an FBM order goes. Personal data."""

    name: str = ""
    company: str = ""
    line_1: str = ""
    line_2: str = ""
    line_3: str = ""
    city: str = ""
    district: str = ""
    municipality: str = ""
    state: str = ""
    postal_code: str = ""
    country: str = ""
    phone: str = ""
    instructions: str = ""

    def deliverable(self) -> bool:
        """Whether a parcel could be addressed: masked orders come with a town and nothing more."""
        return bool(self.name and (self.line_1 or self.line_2) and self.country)


@dataclass(frozen=True, slots=True)
class PersonalData:
    """All that Amazon told about the person behind one FBM order. Sealed at rest, erased on schedule.

    `recipient_at`: the last update of the order the recipient was read with; None where nobody noted it.
    """

    recipient: Recipient | None = None
    recipient_at: datetime | None = None
    buyer_name: str = ""
    buyer_email: str = ""
    buyer_company: str = ""
    purchase_order_number: str = ""
    gift_messages: tuple[tuple[OrderItemId, str], ...] = ()
    customization_urls: tuple[tuple[OrderItemId, str], ...] = ()
    tax_registrations: tuple[tuple[str, str, str], ...] = ()

    def gift_message(self, order_item_id: OrderItemId) -> str:
        """The buyer's words for one line, empty where there are none."""
        return dict(self.gift_messages).get(order_item_id, "")

    def is_addressed_before(self, other: PersonalData) -> bool:
        """Whether the other's recipient was read with a later version of the order; one whose time is unknown is the oldest."""
        if other.recipient is None or other.recipient_at is None:
            return False
        return self.recipient_at is None or self.recipient_at < other.recipient_at

    def merged_with(self, other: PersonalData) -> PersonalData:
        """Both reads of one order together; what this one lacks comes from the other, and of two recipients the later one.

        Datasets arrive by different calls: gift messages with the search, the address with a read of its own.
        """
        addressed = other if self.recipient is None or self.is_addressed_before(other) else self
        return PersonalData(
            recipient=addressed.recipient,
            recipient_at=addressed.recipient_at,
            buyer_name=self.buyer_name or other.buyer_name,
            buyer_email=self.buyer_email or other.buyer_email,
            buyer_company=self.buyer_company or other.buyer_company,
            purchase_order_number=self.purchase_order_number or other.purchase_order_number,
            gift_messages=self.gift_messages or other.gift_messages,
            customization_urls=self.customization_urls or other.customization_urls,
            tax_registrations=self.tax_registrations or other.tax_registrations,
        )


NOBODY = PersonalData()


@dataclass(frozen=True, slots=True)
class ImportedLine:
    """One line of the order in commercetools: `key` is Amazon's order item id. `custom` is True for a custom line item.

    `names_addresses`: somebody said which of the order's item addresses its units go to.
    """

    line_id: str
    key: str
    sku: str
    quantity: int
    custom: bool
    inventory_mode: str | None
    has_type: bool
    lacks_tax: bool = False
    fields: dict[str, object] = field(default_factory=dict)
    names_addresses: bool = False


@dataclass(frozen=True, slots=True)
class ImportedOrder:
    """The order as commercetools holds it now. Field values are those of our `amazon-` fields only.

    `addressed_deliveries`: ids of the deliveries with an address of their own; `item_addresses`: keys of the addresses lines may name.
    """

    commercetools_id: str
    version: int
    order_number: OrderNumber
    order_state: str
    shipment_state: str | None
    total_gross: Money
    lines: tuple[ImportedLine, ...]
    has_type: bool
    fields: dict[str, object]
    has_address: bool
    customer_email: str | None
    customer_id: str | None
    inventory_mode: str | None
    synced_channels: tuple[str, ...] = ()
    addressed_deliveries: tuple[str, ...] = ()
    item_addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReadOrder:
    """One order out of an answer of Amazon's: readable, or the problem that stands in its place. `record_id` is always there."""

    record_id: str
    order: AmazonOrder | None
    personal: PersonalData = NOBODY
    problem: DataError | None = None
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class OrdersPage:
    """One page of a search. `mark`: up to when the search has seen everything, once `next_token` is None."""

    orders: tuple[ReadOrder, ...]
    next_token: str | None
    mark: datetime | None
