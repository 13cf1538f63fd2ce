"""The shapes of what callers send to commercetools, and reading a body into one of them.

A body that has not its shape is refused with the path of the first thing wrong. Fields the platform does not know are
dropped, as it drops them. What needs the state of the project (references, uniqueness, custom fields) is checked later.
"""

import re
from datetime import UTC, datetime
from functools import cache
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from crossdock.twin.commercetools_refusals import Json, invalid_json

ACTIONS_MAX = 500  # update actions in one request

Country = Annotated[str, Meta(pattern="^[A-Z]{2}$")]
Currency = Annotated[str, Meta(pattern="^[A-Z]{3}$")]
Name = dict[str, str]
Rounding = Literal["HalfEven", "HalfUp", "HalfDown"]
InventoryMode = Literal["None", "TrackOnly", "ReserveOnOrder", "ReserveOnCart"]
OrderState = Literal["Open", "Confirmed", "Complete", "Cancelled"]
ShipmentState = Literal["Shipped", "Delivered", "Ready", "Pending", "Delayed", "Partial", "Backorder", "Canceled"]
PaymentState = Literal["BalanceDue", "Failed", "Pending", "CreditOwed", "Paid"]
ChannelRole = Literal["InventorySupply", "ProductDistribution", "OrderExport", "OrderImport", "Primary"]
StateType = Literal[
    "OrderState",
    "RecurringOrderState",
    "LineItemState",
    "ProductState",
    "ReviewState",
    "PaymentState",
    "QuoteRequestState",
    "StagedQuoteState",
    "QuoteState",
]


class Identifier(Struct, rename="camel", omit_defaults=True):
    """A reference in a draft: by id or by key."""

    type_id: str | None = None
    id: str | None = None
    key: str | None = None


class Reference(Struct, rename="camel", omit_defaults=True):
    """A reference where the platform takes an id only."""

    id: str
    type_id: str | None = None


class Money(Struct, rename="camel", omit_defaults=True):
    """An amount in minor units, or in high precision where the field allows it."""

    currency_code: Currency
    cent_amount: int | None = None
    type: Literal["centPrecision", "highPrecision"] | None = None
    precise_amount: int | None = None
    fraction_digits: int | None = None


class Custom(Struct, rename="camel", omit_defaults=True):
    """Custom fields with their type."""

    type: Identifier
    fields: dict[str, Any] = {}


class SubRate(Struct, rename="camel", omit_defaults=True):
    """One of several taxes in a rate."""

    name: str
    amount: float


class TaxRate(Struct, rename="camel", omit_defaults=True):
    """A tax rate given inline."""

    name: str
    amount: Annotated[float, Meta(ge=0, le=1)]
    included_in_price: bool
    country: Country
    state: str | None = None
    id: str | None = None
    key: str | None = None
    sub_rates: list[SubRate] | None = None


class TaxPortion(Struct, rename="camel", omit_defaults=True):
    """What one rate contributes to a taxed price."""

    rate: Annotated[float, Meta(ge=0, le=1)]
    amount: Money
    name: str | None = None


class TaxedPrice(Struct, rename="camel", omit_defaults=True):
    """The taxed price of an order."""

    total_net: Money
    total_gross: Money
    tax_portions: list[TaxPortion]
    total_tax: Money | None = None


class TaxedItemPrice(Struct, rename="camel", omit_defaults=True):
    """The taxed price of one line (order import takes it since the release note of 2026-09-03)."""

    total_net: Money
    total_gross: Money
    tax_portions: list[TaxPortion] = []
    total_tax: Money | None = None


class Address(Struct, rename="camel", omit_defaults=True):
    """A postal address; only the country is required."""

    country: Country
    id: str | None = None
    key: str | None = None
    title: str | None = None
    salutation: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    street_name: str | None = None
    street_number: str | None = None
    additional_street_info: str | None = None
    postal_code: str | None = None
    city: str | None = None
    region: str | None = None
    state: str | None = None
    company: str | None = None
    department: str | None = None
    building: str | None = None
    apartment: str | None = None
    p_o_box: str | None = msgspec.field(default=None, name="pOBox")
    phone: str | None = None
    mobile: str | None = None
    email: str | None = None
    fax: str | None = None
    additional_address_info: str | None = None
    external_id: str | None = None
    custom: Custom | None = None


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


class StockLevels(Struct, rename="camel", omit_defaults=True):
    """When an entry raises a message about its stock."""

    safety_stock: int | None = None
    reorder_point: int | None = None


class InventoryDraft(Struct, rename="camel", omit_defaults=True):
    """A new inventory entry."""

    sku: str
    quantity_on_stock: int
    key: str | None = None
    supply_channel: Identifier | None = None
    min_cart_quantity: int | None = None
    max_cart_quantity: int | None = None
    restockable_in_days: int | None = None
    expected_delivery: str | None = None
    reservation_expiration_in_minutes: Annotated[int, Meta(ge=1, le=44640)] | None = None
    stock_levels: StockLevels | None = None
    custom: Custom | None = None


class ChannelDraft(Struct, rename="camel", omit_defaults=True):
    """A new channel."""

    key: str
    roles: list[ChannelRole] | None = None
    name: Name | None = None
    description: Name | None = None
    address: Address | None = None
    custom: Custom | None = None
    geo_location: dict[str, Any] | None = None


class FieldDefinition(Struct, rename="camel", omit_defaults=True):
    """A custom field of a type."""

    name: str
    type: dict[str, Any]
    label: Name
    required: bool
    input_hint: Literal["SingleLine", "MultiLine"] | None = None


class TypeDraft(Struct, rename="camel", omit_defaults=True):
    """A new type."""

    key: str
    name: Name
    resource_type_ids: list[str]
    description: Name | None = None
    field_definitions: list[FieldDefinition] | None = None


class StateDraft(Struct, rename="camel", omit_defaults=True):
    """A new state of a workflow."""

    key: str
    type: StateType
    name: Name | None = None
    description: Name | None = None
    initial: bool | None = None
    roles: list[str] | None = None
    transitions: list[Identifier] | None = None


class MessagesConfiguration(Struct, rename="camel", omit_defaults=True):
    """Whether a project keeps messages, and for how many days."""

    enabled: bool
    delete_days_after_creation: Annotated[int, Meta(ge=1, le=90)] | None = None


class CustomerDraft(Struct, rename="camel", omit_defaults=True):
    """A new customer."""

    email: str
    key: str | None = None
    customer_number: str | None = None
    external_id: str | None = None
    password: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    middle_name: str | None = None
    title: str | None = None
    salutation: str | None = None
    date_of_birth: str | None = None
    company_name: str | None = None
    vat_id: str | None = None
    addresses: list[Address] | None = None
    default_shipping_address: int | None = None
    shipping_addresses: list[int] | None = None
    default_billing_address: int | None = None
    billing_addresses: list[int] | None = None
    is_email_verified: bool | None = None
    customer_group: Identifier | None = None
    custom: Custom | None = None
    locale: str | None = None
    stores: list[Identifier] | None = None
    authentication_mode: Literal["Password", "ExternalAuth"] | None = None


_MISSING = re.compile(r"Object missing required field `(?P<field>[^`]+)`(?: - at `\$\.?(?P<path>.*)`)?")
_AT = re.compile(r"(?P<why>.*?) - at `\$\.?(?P<path>.*)`")
_STEP = re.compile(r"[^.\[\]]+")


def read(body: bytes, shape: Any) -> Json:
    """Read a body into the fields its shape knows; refuse what is no JSON or has not the shape."""
    try:
        draft: Json = msgspec.to_builtins(_decoder(shape).decode(body))
    except msgspec.ValidationError as error:
        raise invalid_json(_in_their_words(str(error))) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise invalid_json(str(error)) from error
    if b"\\u0000" in body and _has_nul(draft):
        # What the platform does with NUL is not published; its databases cannot hold it, so the twin refuses it.
        raise invalid_json("The character U+0000 is not allowed")
    return draft


@cache
def _decoder(shape: Any) -> msgspec.json.Decoder[Any]:
    """Make what reads a shape, once."""
    return msgspec.json.Decoder(shape)


def update_of(*actions: Any) -> Any:
    """Make the shape of an update whose actions are these."""
    one_of: Any = actions[0]
    for action in actions[1:]:
        one_of = one_of | action
    return msgspec.defstruct("Update", [("version", int), ("actions", list[one_of])])


def stored_time(text: str) -> str | None:
    """Write a date and time as the platform stores it: UTC, milliseconds, `Z`; None if it is none."""
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return moment.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"
    except (ValueError, OverflowError):  # overflow: the first or last day of all, in another time zone
        return None


def _in_their_words(error: str) -> str:
    """Word what is wrong as the platform does: the path, then the reason."""
    if found := _MISSING.fullmatch(error):
        return " -> ".join([*_steps(found["path"] or ""), found["field"]]) + ": Missing required value"
    if found := _AT.fullmatch(error):
        return " -> ".join(_steps(found["path"])) + ": " + found["why"]
    return error


def _steps(path: str) -> list[str]:
    """Cut a path into field names and indexes."""
    return _STEP.findall(path)


def _has_nul(value: object) -> bool:
    """Tell whether a NUL character is anywhere in a value."""
    if isinstance(value, str):
        return "\x00" in value
    if isinstance(value, dict):
        return any(_has_nul(name) or _has_nul(inner) for name, inner in value.items())
    return isinstance(value, list) and any(_has_nul(inner) for inner in value)
