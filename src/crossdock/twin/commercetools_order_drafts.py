"""The shapes of what callers send to commercetools: an order as it is imported, and what is added to it later."""

from typing import Any, Literal

from msgspec import Struct

from crossdock.twin.commercetools_drafts import (
    Address,
    Country,
    Custom,
    Identifier,
    InventoryMode,
    Money,
    Name,
    OrderState,
    PaymentState,
    Reference,
    Rounding,
    ShipmentState,
    TaxedItemPrice,
    TaxedPrice,
    TaxRate,
)


class Price(Struct, rename="camel", omit_defaults=True):
    """A price of one unit."""

    value: Money
    key: str | None = None
    country: Country | None = None
    channel: Identifier | None = None
    valid_from: str | None = None
    valid_until: str | None = None
    custom: Custom | None = None


class Variant(Struct, rename="camel", omit_defaults=True):
    """Which variant a line sells, and what of it the order overrides."""

    id: int | None = None
    sku: str | None = None
    prices: list[Price] | None = None
    attributes: list[dict[str, Any]] | None = None
    images: list[dict[str, Any]] | None = None


class ItemState(Struct, rename="camel", omit_defaults=True):
    """How many units of a line are in a state."""

    quantity: int
    state: Reference


class Target(Struct, rename="camel", omit_defaults=True):
    """How many units of a line go to one of the order's addresses."""

    address_key: str
    quantity: int


class ShippingDetails(Struct, rename="camel", omit_defaults=True):
    """Where the units of a line go."""

    targets: list[Target]


class LineItem(Struct, rename="camel", omit_defaults=True):
    """A line that sells a variant of the catalogue."""

    name: Name
    variant: Variant
    quantity: int
    price: Price
    key: str | None = None
    product_id: str | None = None
    tax_rate: TaxRate | None = None
    taxed_price: TaxedItemPrice | None = None
    distribution_channel: Identifier | None = None
    supply_channel: Identifier | None = None
    inventory_mode: InventoryMode | None = None
    shipping_details: ShippingDetails | None = None
    state: list[ItemState] | None = None
    custom: Custom | None = None


class CustomLineItem(Struct, rename="camel", omit_defaults=True):
    """A line of no product: a fee, a discount, something unknown."""

    name: Name
    slug: str
    quantity: int
    money: Money
    key: str | None = None
    tax_rate: TaxRate | None = None
    taxed_price: TaxedItemPrice | None = None
    tax_category: Identifier | None = None
    price_mode: Literal["Standard", "External"] | None = None
    shipping_details: ShippingDetails | None = None
    state: list[ItemState] | None = None
    custom: Custom | None = None


class DeliveryItem(Struct, rename="camel", omit_defaults=True):
    """How many units of a line are delivered."""

    id: str
    quantity: int


class Measurements(Struct, rename="camel", omit_defaults=True):
    """The size and weight of a parcel."""

    height_in_millimeter: int | None = None
    length_in_millimeter: int | None = None
    width_in_millimeter: int | None = None
    weight_in_gram: int | None = None


class TrackingData(Struct, rename="camel", omit_defaults=True):
    """How a parcel can be followed."""

    tracking_id: str | None = None
    carrier: str | None = None
    provider: str | None = None
    provider_transaction: str | None = None
    is_return: bool | None = None


class Parcel(Struct, rename="camel", omit_defaults=True):
    """One parcel of a delivery."""

    key: str | None = None
    measurements: Measurements | None = None
    tracking_data: TrackingData | None = None
    items: list[DeliveryItem] | None = None
    custom: Custom | None = None


class Delivery(Struct, rename="camel", omit_defaults=True):
    """What leaves together."""

    key: str | None = None
    items: list[DeliveryItem] | None = None
    parcels: list[Parcel] | None = None
    address: Address | None = None
    custom: Custom | None = None


class ShippingRate(Struct, rename="camel", omit_defaults=True):
    """The rate behind a shipping price."""

    price: Money
    free_above: Money | None = None
    tiers: list[dict[str, Any]] | None = None


class ShippingInfo(Struct, rename="camel", omit_defaults=True):
    """How an order is shipped and what the buyer pays for it."""

    shipping_method_name: str
    price: Money
    shipping_rate: ShippingRate
    tax_rate: TaxRate | None = None
    taxed_price: TaxedItemPrice | None = None
    tax_category: Identifier | None = None
    shipping_method: Identifier | None = None
    deliveries: list[Delivery] | None = None
    shipping_method_state: Literal["DoesNotMatchCart", "MatchesCart"] | None = None


class PaymentInfo(Struct, rename="camel", omit_defaults=True):
    """The payments of an order."""

    payments: list[Reference]


class OrderImport(Struct, rename="camel", omit_defaults=True):
    """An order as it is imported."""

    total_price: Money
    order_number: str | None = None
    purchase_order_number: str | None = None
    customer_id: str | None = None
    customer_email: str | None = None
    customer_group: Identifier | None = None
    store: Identifier | None = None
    line_items: list[LineItem] | None = None
    custom_line_items: list[CustomLineItem] | None = None
    taxed_price: TaxedPrice | None = None
    price_rounding_mode: Rounding | None = None
    tax_rounding_mode: Rounding | None = None
    tax_calculation_mode: Literal["LineItemLevel", "UnitPriceLevel"] | None = None
    inventory_mode: InventoryMode | None = None
    billing_address: Address | None = None
    shipping_address: Address | None = None
    item_shipping_addresses: list[Address] | None = None
    shipping_info: ShippingInfo | None = None
    payment_info: PaymentInfo | None = None
    payment_state: PaymentState | None = None
    shipment_state: ShipmentState | None = None
    order_state: OrderState | None = None
    state: Reference | None = None
    country: Country | None = None
    origin: Literal["Customer", "Merchant", "Quote", "RecurringOrder"] | None = None
    completed_at: str | None = None
    custom: Custom | None = None
