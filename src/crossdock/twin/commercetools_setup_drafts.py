"""The shapes of what callers send to commercetools: stock, channels, types, states, customers, settings."""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from crossdock.twin.commercetools_drafts import Address, ChannelRole, Custom, Identifier, Name, StateType


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


class EnumValue(Struct, omit_defaults=True):
    """A value of an enum: its label is one text, or one for each language."""

    key: str
    label: str | Name


class FieldType(Struct, rename="camel", omit_defaults=True):
    """What a custom field holds; what some types need besides their name is checked with the type."""

    name: Literal[
        "Boolean",
        "String",
        "LocalizedString",
        "Enum",
        "LocalizedEnum",
        "Number",
        "Money",
        "Date",
        "Time",
        "DateTime",
        "Reference",
        "Set",
    ]
    values: list[EnumValue] | None = None
    reference_type_id: str | None = None
    element_type: "FieldType | None" = None


class FieldDefinition(Struct, rename="camel", omit_defaults=True):
    """A custom field of a type."""

    name: str
    type: FieldType
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
