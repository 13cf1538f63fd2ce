"""Which fields of which resource a `where` predicate may name, and what each holds.

commercetools refuses a field that does not exist and an enum value that does not exist, so the twin must know them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias, get_args

from crossdock.twin.commercetools_drafts import (
    ChannelRole,
    InventoryMode,
    OrderState,
    PaymentState,
    Rounding,
    ShipmentState,
    StateType,
)

TEXT, NUMBER, FLAG, TIME, ANY = "text", "number", "flag", "time", "any"


@dataclass(frozen=True)
class Choice:
    """A field that holds one of a closed set of words."""

    name: str
    values: frozenset[str]


@dataclass(frozen=True)
class Localized:
    """A field with a text for each language."""


@dataclass(frozen=True)
class CustomFieldsOf:
    """The custom fields the project's types define for a kind of resource."""

    resource_type_id: str


Kind: TypeAlias = "str | Choice | Localized | CustomFieldsOf | Mapping[str, Kind]"
Fields: TypeAlias = Mapping[str, Kind]


def _texts(names: str) -> dict[str, Kind]:
    """Make fields that hold texts."""
    return dict.fromkeys(names.split(), TEXT)


def _choice(name: str, literal: object) -> Choice:
    """Make a choice of the words of a draft's field."""
    return Choice(name, frozenset(get_args(literal)))


def _custom(resource_type_id: str) -> Fields:
    """Make the `custom` field of a kind of resource."""
    return {"type": REFERENCE, "fields": CustomFieldsOf(resource_type_id)}


REFERENCE: Fields = {"typeId": TEXT, "id": TEXT}
MONEY: Fields = {
    "type": TEXT,
    "currencyCode": TEXT,
    "centAmount": NUMBER,
    "preciseAmount": NUMBER,
    "fractionDigits": NUMBER,
}
BASE: Fields = {
    "id": TEXT,
    "version": NUMBER,
    "createdAt": TIME,
    "lastModifiedAt": TIME,
    "createdBy": {"clientId": TEXT},
    "lastModifiedBy": {"clientId": TEXT},
}
_TAXED: Fields = {
    "totalNet": MONEY,
    "totalGross": MONEY,
    "totalTax": MONEY,
    "taxPortions": {"rate": NUMBER, "name": TEXT, "amount": MONEY},
}
_TAX_RATE: Fields = {
    "id": TEXT,
    "key": TEXT,
    "name": TEXT,
    "amount": NUMBER,
    "includedInPrice": FLAG,
    "country": TEXT,
    "state": TEXT,
}
_ADDRESS: Fields = {
    **_texts(
        "id key country title salutation firstName lastName streetName streetNumber additionalStreetInfo "
        "postalCode city region state company department building apartment pOBox phone mobile email fax "
        "additionalAddressInfo externalId"
    ),
    "custom": _custom("address"),
}
_PRICE: Fields = {
    "id": TEXT,
    "key": TEXT,
    "value": MONEY,
    "country": TEXT,
    "channel": REFERENCE,
    "customerGroup": REFERENCE,
    "validFrom": TIME,
    "validUntil": TIME,
}
_VARIANT: Fields = {
    "id": NUMBER,
    "sku": TEXT,
    "key": TEXT,
    "prices": _PRICE,
    "attributes": {"name": TEXT, "value": ANY},
    "images": {"url": TEXT, "label": TEXT},
}
_ITEM_STATE: Fields = {"quantity": NUMBER, "state": REFERENCE}
_DELIVERY_ITEM: Fields = {"id": TEXT, "quantity": NUMBER}
_TRACKING: Fields = {
    "trackingId": TEXT,
    "carrier": TEXT,
    "provider": TEXT,
    "providerTransaction": TEXT,
    "isReturn": FLAG,
}
_PARCEL: Fields = {
    "id": TEXT,
    "key": TEXT,
    "createdAt": TIME,
    "trackingData": _TRACKING,
    "items": _DELIVERY_ITEM,
    "custom": _custom("order-parcel"),
}
_DELIVERY: Fields = {
    "id": TEXT,
    "key": TEXT,
    "createdAt": TIME,
    "items": _DELIVERY_ITEM,
    "parcels": _PARCEL,
    "address": _ADDRESS,
    "custom": _custom("order-delivery"),
}
_LINE: Fields = {
    "id": TEXT,
    "key": TEXT,
    "name": Localized(),
    "quantity": NUMBER,
    "totalPrice": MONEY,
    "taxedPrice": _TAXED,
    "taxRate": _TAX_RATE,
    "state": _ITEM_STATE,
}
_INVENTORY_MODE = _choice("InventoryMode", InventoryMode)

ORDER: Fields = {
    **BASE,
    "orderNumber": TEXT,
    "purchaseOrderNumber": TEXT,
    "customerId": TEXT,
    "customerEmail": TEXT,
    "customerGroup": REFERENCE,
    "store": {"typeId": TEXT, "key": TEXT},
    "totalPrice": MONEY,
    "taxedPrice": _TAXED,
    "taxedShippingPrice": _TAXED,
    "orderState": _choice("OrderState", OrderState),
    "shipmentState": _choice("ShipmentState", ShipmentState),
    "paymentState": _choice("PaymentState", PaymentState),
    "state": REFERENCE,
    "inventoryMode": _INVENTORY_MODE,
    "priceRoundingMode": _choice("RoundingMode", Rounding),
    "taxRoundingMode": _choice("RoundingMode", Rounding),
    "taxMode": TEXT,
    "taxCalculationMode": TEXT,
    "shippingMode": TEXT,
    "country": TEXT,
    "locale": TEXT,
    "origin": TEXT,
    "completedAt": TIME,
    "billingAddress": _ADDRESS,
    "shippingAddress": _ADDRESS,
    "itemShippingAddresses": _ADDRESS,
    "paymentInfo": {"payments": REFERENCE},
    "syncInfo": {"channel": REFERENCE, "externalId": TEXT, "syncedAt": TIME},
    "returnInfo": {"returnTrackingId": TEXT, "returnDate": TIME},
    "shippingInfo": {
        "shippingMethodName": TEXT,
        "price": MONEY,
        "taxRate": _TAX_RATE,
        "taxedPrice": _TAXED,
        "taxCategory": REFERENCE,
        "shippingMethod": REFERENCE,
        "shippingMethodState": TEXT,
        "deliveries": _DELIVERY,
    },
    "lineItems": {
        **_LINE,
        "productId": TEXT,
        "productKey": TEXT,
        "productType": REFERENCE,
        "variant": _VARIANT,
        "price": _PRICE,
        "supplyChannel": REFERENCE,
        "distributionChannel": REFERENCE,
        "inventoryMode": _INVENTORY_MODE,
        "custom": _custom("line-item"),
    },
    "customLineItems": {
        **_LINE,
        "slug": TEXT,
        "money": MONEY,
        "taxCategory": REFERENCE,
        "custom": _custom("custom-line-item"),
    },
    "custom": _custom("order"),
}
INVENTORY_ENTRY: Fields = {
    **BASE,
    "key": TEXT,
    "sku": TEXT,
    "supplyChannel": REFERENCE,
    "quantityOnStock": NUMBER,
    "availableQuantity": NUMBER,
    "restockableInDays": NUMBER,
    "expectedDelivery": TIME,
    "minCartQuantity": NUMBER,
    "maxCartQuantity": NUMBER,
    "stockLevels": {"safetyStock": NUMBER, "reorderPoint": NUMBER},
    "custom": _custom("inventory-entry"),
}
PRODUCT: Fields = {
    "id": TEXT,
    "version": NUMBER,
    "createdAt": TIME,
    "lastModifiedAt": TIME,
    "key": TEXT,
    "name": Localized(),
    "slug": Localized(),
    "description": Localized(),
    "productType": REFERENCE,
    "taxCategory": REFERENCE,
    "categories": REFERENCE,
    "published": FLAG,
    "hasStagedChanges": FLAG,
    "priceMode": TEXT,
    "masterVariant": _VARIANT,
    "variants": _VARIANT,
}
CUSTOMER: Fields = {
    **BASE,
    **_texts(
        "key email customerNumber externalId firstName lastName middleName title salutation companyName "
        "vatId dateOfBirth locale authenticationMode defaultShippingAddressId defaultBillingAddressId"
    ),
    "isEmailVerified": FLAG,
    "addresses": _ADDRESS,
    "customerGroup": REFERENCE,
    "stores": {"typeId": TEXT, "key": TEXT},
    "custom": _custom("customer"),
}
CHANNEL: Fields = {
    **BASE,
    "key": TEXT,
    "roles": _choice("ChannelRoleEnum", ChannelRole),
    "name": Localized(),
    "description": Localized(),
    "address": _ADDRESS,
    "custom": _custom("channel"),
}
TYPE: Fields = {
    **BASE,
    "key": TEXT,
    "name": Localized(),
    "description": Localized(),
    "resourceTypeIds": TEXT,
    "fieldDefinitions": {"name": TEXT, "required": FLAG, "type": {"name": TEXT}},
}
STATE: Fields = {
    **BASE,
    "key": TEXT,
    "type": _choice("StateTypeEnum", StateType),
    "name": Localized(),
    "description": Localized(),
    "initial": FLAG,
    "builtIn": FLAG,
    "roles": TEXT,
    "transitions": REFERENCE,
}
TAX_CATEGORY: Fields = {**BASE, "key": TEXT, "name": TEXT, "description": TEXT, "rates": _TAX_RATE}
MESSAGE: Fields = {
    **BASE,
    "type": TEXT,
    "sequenceNumber": NUMBER,
    "resourceVersion": NUMBER,
    "resource": REFERENCE,
    "resourceUserProvidedIdentifiers": _texts("key externalId orderNumber customerNumber sku"),
}
