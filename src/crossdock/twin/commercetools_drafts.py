"""The shapes of what callers send to commercetools: what several drafts share.

What needs the state of the project (references, uniqueness, custom fields) is no matter of shape and is checked later.
"""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

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
