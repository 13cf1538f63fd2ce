"""The yardstick: what one writes in an afternoon on the two public SDKs. One order after the other, a look before each import, no rules."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

os.environ.setdefault("OAUTHLIB_INSECURE_TRANSPORT", "1")

from commercetools.platform import Client
from commercetools.platform.models.cart import InventoryMode, TaxedPriceDraft, TaxPortionDraft
from commercetools.platform.models.channel import ChannelResourceIdentifier
from commercetools.platform.models.common import BaseAddress, LocalizedString, Money, PriceDraft
from commercetools.platform.models.order import (
    CustomLineItemImportDraft,
    LineItemImportDraft,
    OrderImportDraft,
    OrderState,
    PaymentState,
    ProductVariantImportDraft,
    ShipmentState,
    ShippingInfoImportDraft,
)
from commercetools.platform.models.shipping_method import ShippingRateDraft
from commercetools.platform.models.tax_category import TaxRate
from commercetools.platform.models.type import CustomFieldsDraft, FieldContainer, TypeResourceIdentifier
from sp_api.api.orders.orders_2026_01_01 import OrdersV20260101
from sp_api.auth import AccessTokenClient

# More than a measurement imports; each page of a hundred costs the SDK a call.
ORDERS_MAX = 2_000

COUNTRIES = {"A1PA6795UKMFR9": "DE", "A1F83G8C2ARO7P": "GB", "A13V1IB3VIYZZH": "FR"}


@dataclass(frozen=True)
class Marketplace:
    """A marketplace as the SDK wants it, at the twin's address."""

    endpoint: str
    marketplace_id: str
    region: str = "eu-west-1"


class Script:
    """The script, run a few orders at a time."""

    def __init__(self, url: str, secrets: tuple[str, str, str], marketplace_ids: Sequence[str]) -> None:
        """Read the orders; reading them is not measured, as it is not in the worker's measurement."""
        self.orders = read_orders(url, secrets, marketplace_ids)
        self.shop = Client(
            client_id="script-shop",
            client_secret="bench-secret",  # noqa: S106 - it opens nothing but the twin
            scope=["manage_project:script-shop"],
            url=url,
            token_url=f"{url}/oauth/token",
        ).with_project_key("script-shop")

    def import_some(self, count: int) -> float:
        """Import the next orders; answers the seconds it took."""
        some, self.orders = self.orders[:count], self.orders[count:]
        assert len(some) == count, "there are no more orders for the script"
        began = time.perf_counter()
        for order in some:
            if self.shop.orders().with_order_number(order["orderId"]).get() is None:
                imported = self.shop.orders().import_order().post(draft(order))
                assert imported is not None
                assert imported.order_number == order["orderId"]
        return time.perf_counter() - began


def read_orders(url: str, secrets: tuple[str, str, str], marketplace_ids: Sequence[str]) -> list[dict[str, Any]]:
    """All orders by the SDK, page after page."""
    refresh_token, client_id, client_secret = secrets

    class Tokens(AccessTokenClient):
        scheme = "http://"
        host = url.removeprefix("http://")

    api = OrdersV20260101(
        marketplace=Marketplace(url, marketplace_ids[0]),
        refresh_token=refresh_token,
        credentials={"lwa_app_id": client_id, "lwa_client_secret": client_secret},
        auth_token_client_class=Tokens,
    )
    asked = {
        "lastUpdatedAfter": (datetime.now(UTC) - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "marketplaceIds": list(marketplace_ids),
        "includedData": ["FULFILLMENT", "PROCEEDS", "BUYER", "RECIPIENT"],
    }
    orders: list[dict[str, Any]] = []
    token: dict[str, str] = {}
    while True:
        answer = api.search_orders(**asked, **token)
        orders += answer.payload["orders"]
        if answer.next_token is None or len(orders) >= ORDERS_MAX:
            return orders
        token = {"paginationToken": answer.next_token}


def draft(order: dict[str, Any]) -> OrderImportDraft:
    """The order as such scripts map it, with what a warehouse and a ledger need: address, taxes, shipping, promotions, our fields."""
    total = order["proceeds"]["grandTotal"]
    currency = total["currencyCode"]
    country = COUNTRIES[order["salesChannel"]["marketplaceId"]]
    tax = sum((amount_of(item, "TAX") for item in order["orderItems"]), Decimal(0))
    gross = Decimal(total["amount"])
    shipping = sum((amount_of(item, "SHIPPING") for item in order["orderItems"]), Decimal(0))
    merchant_ships = order["fulfillment"]["fulfilledBy"] == "MERCHANT"
    return OrderImportDraft(
        order_number=order["orderId"],
        total_price=money(gross, currency),
        taxed_price=TaxedPriceDraft(
            total_net=money(gross - tax, currency),
            total_gross=money(gross, currency),
            tax_portions=[
                TaxPortionDraft(name="Amazon", rate=float(rate(tax, gross - tax)), amount=money(tax, currency))
            ],
        ),
        order_state=OrderState.OPEN if merchant_ships else OrderState.COMPLETE,
        shipment_state=ShipmentState.PENDING if merchant_ships else ShipmentState.DELAYED,
        payment_state=PaymentState.PAID,
        inventory_mode=InventoryMode.TRACK_ONLY if merchant_ships else InventoryMode.NONE,
        country=country,
        customer_email=order.get("buyer", {}).get("buyerEmail"),
        shipping_address=address(order) if merchant_ships else None,
        line_items=[line(item, currency, country, merchant_ships=merchant_ships) for item in order["orderItems"]],
        custom_line_items=[extra for item in order["orderItems"] for extra in extras(item, currency)],
        shipping_info=ShippingInfoImportDraft(
            shipping_method_name=order["fulfillment"].get("fulfillmentServiceLevel", "Amazon"),
            price=money(shipping, currency),
            shipping_rate=ShippingRateDraft(price=money(shipping, currency)),
        ),
        custom=CustomFieldsDraft(
            type=TypeResourceIdentifier(key="amazon-order"),
            fields=FieldContainer(
                {
                    "amazon-order-id": order["orderId"],
                    "amazon-fulfilled-by": order["fulfillment"]["fulfilledBy"],
                    "amazon-status": order["fulfillment"]["fulfillmentStatus"],
                    "amazon-marketplace-id": order["salesChannel"]["marketplaceId"],
                }
            ),
        ),
    )


def line(item: dict[str, Any], currency: str, country: str, *, merchant_ships: bool) -> LineItemImportDraft:
    """One line with its tax and our fields."""
    goods, tax = amount_of(item, "ITEM"), amount_of(item, "TAX")
    return LineItemImportDraft(
        name=LocalizedString(en=item["product"]["title"]),
        variant=ProductVariantImportDraft(sku=item["product"]["sellerSku"]),
        quantity=item["quantityOrdered"],
        price=PriceDraft(value=money(goods / item["quantityOrdered"], currency)),
        tax_rate=TaxRate(name="Amazon", amount=float(rate(tax, goods - tax)), included_in_price=True, country=country),
        supply_channel=ChannelResourceIdentifier(key="warehouse") if merchant_ships else None,
        inventory_mode=InventoryMode.TRACK_ONLY if merchant_ships else InventoryMode.NONE,
        custom=CustomFieldsDraft(
            type=TypeResourceIdentifier(key="amazon-line"),
            fields=FieldContainer(
                {"amazon-order-item-id": item["orderItemId"], "amazon-asin": item["product"].get("asin", "")}
            ),
        ),
    )


def extras(item: dict[str, Any], currency: str) -> list[CustomLineItemImportDraft]:
    """Gift wrap and promotions as lines of their own."""
    return [
        CustomLineItemImportDraft(
            name=LocalizedString(en=kind.title()),
            slug=f"amazon-{kind.lower().replace('_', '-')}-{item['orderItemId']}",
            quantity=1,
            money=money(amount, currency),
        )
        for kind in ("GIFT_WRAP", "DISCOUNT")
        if (amount := amount_of(item, kind))
    ]


def address(order: dict[str, Any]) -> BaseAddress:
    """Where the parcel goes."""
    told = order["recipient"]["deliveryAddress"]
    return BaseAddress(
        country=told["countryCode"],
        last_name=told.get("name"),
        street_name=told.get("addressLine1"),
        additional_street_info=told.get("addressLine2"),
        postal_code=told.get("postalCode"),
        city=told.get("city"),
        phone=told.get("phone"),
    )


def amount_of(item: dict[str, Any], kind: str) -> Decimal:
    """One amount of the proceeds."""
    rows = item.get("proceeds", {}).get("breakdowns", [])
    return sum((Decimal(row["subtotal"]["amount"]) for row in rows if row["type"] == kind), Decimal(0))


def rate(tax: Decimal, net: Decimal) -> Decimal:
    """The tax rate behind an amount."""
    return (tax / net).quantize(Decimal("0.0001")) if net and 0 <= tax <= net else Decimal(0)


def money(amount: Decimal, currency: str) -> Money:
    """Two decimals, as such scripts assume."""
    return Money(cent_amount=int(amount * 100), currency_code=currency)
