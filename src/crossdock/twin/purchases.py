"""One purchase on the simulated Amazon: what is in the cart, what it costs, who gets it, and how Amazon writes it down.

Amounts are whole minor units until they are written. In the US tax is put on top and Amazon collects it; elsewhere it
is inside the prices, and sometimes not told at all. A discount is written with either sign, as has been seen. The
persons are artificial and look it.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from random import Random
from typing import Any, NamedTuple
from zlib import crc32

from crossdock.twin.amazon_account import Order, timestamp

SHARE_WITH_SHIPPING = 0.4
SHARE_WITH_PROMOTION = 0.2
SHARE_WITH_GIFT_WRAP = 0.08
SHARE_CASH_ON_DELIVERY = 0.1  # of merchant-fulfilled orders in Japan
SHARE_TAX_TOLD = 0.7  # where tax is inside the prices
UNEVEN_FROM = 3  # so many units, and the line's price may be no multiple of a whole unit price,
SHARE_UNEVEN = 0.1  # as often as this
BASIS_POINTS = 10_000

SHIP_WITHIN = timedelta(days=2)
DELIVER_AFTER = timedelta(days=3)
DELIVER_WITHIN = timedelta(days=7)


class Market(NamedTuple):
    """A marketplace, its money, its tax and an artificial town in it."""

    marketplace_id: str
    name: str
    currency: str
    digits: int
    tax_basis_points: int
    tax_inside: bool
    price_factor: float  # from a good's price in cents to this currency's minor units
    order_prefix: int
    town: dict[str, str]
    phone: str


class Good(NamedTuple):
    """Something that is sold: its price is in cents, before a marketplace makes its own of it."""

    sku: str
    asin: str
    title: str
    price_cents: int


class Cart(NamedTuple):
    """What is the same for all lines of a cart."""

    cash_on_delivery: bool
    tax_told: bool


class Line(NamedTuple):
    """One line of a cart, in minor units; discounts are positive here, `tax` is None where Amazon tells none."""

    item_id: str
    good: Good
    quantity: int
    unit_price: int
    parts: dict[str, int]
    discounts: dict[str, int]
    tax: dict[str, int] | None
    gift_wrapped: bool


class Purchase(NamedTuple):
    """One order before it is written."""

    order_id: str
    number: int
    market: Market
    fulfilled_by: str
    programs: list[str]
    lines: list[Line]
    tip: int
    discount_sign: int
    made_at: datetime
    amazon_collects: bool = False
    """Whether Amazon hands the tax to the authorities, although it is inside the prices."""


_US_TOWN = {"city": "Exampletown", "stateOrRegion": "NY", "postalCode": "00000", "countryCode": "US"}
_DE_TOWN = {"city": "Musterstadt", "postalCode": "00000", "countryCode": "DE"}
_GB_TOWN = {"city": "Exampleton", "postalCode": "ZZ99 9ZZ", "countryCode": "GB"}
_JP_TOWN = {"city": "見本市", "stateOrRegion": "見本県", "postalCode": "000-0000", "countryCode": "JP"}
MARKETS = {
    market.marketplace_id: market
    for market in (
        Market("ATVPDKIKX0DER", "Amazon.com", "USD", 2, 825, False, 1.0, 111, _US_TOWN, "+1 555-555-0100"),
        Market("A1PA6795UKMFR9", "Amazon.de", "EUR", 2, 1900, True, 1.0, 302, _DE_TOWN, "+49 000 000000"),
        Market("A1F83G8C2ARO7P", "Amazon.co.uk", "GBP", 2, 2000, True, 0.9, 203, _GB_TOWN, "+44 0000 000000"),
        Market("A1VC38T7YXB528", "Amazon.co.jp", "JPY", 0, 1000, True, 1.5, 249, _JP_TOWN, "+81 00 0000 0000"),
    )
}


def good(sku: str) -> Good:
    """Give the good with this SKU: the same SKU is always the same good."""
    mark = crc32(sku.encode())
    return Good(sku, f"B0{mark:08X}", f"Example article {sku}", 499 + mark % 80 * 100)


def draw_lines(random: Random, market: Market, sold: Iterable[tuple[Good, int]], *, fulfilled_by: str) -> list[Line]:
    """Draw the lines of one cart; how it is paid and whether its tax is told is the same for all of them."""
    cash = market.currency == "JPY" and fulfilled_by == "MERCHANT" and random.random() < SHARE_CASH_ON_DELIVERY
    cart = Cart(cash_on_delivery=cash, tax_told=not market.tax_inside or random.random() < SHARE_TAX_TOLD)
    return [_draw_line(random, market, cart, one) for one in sold]


def _draw_line(random: Random, market: Market, cart: Cart, sold: tuple[Good, int]) -> Line:
    """Draw what one line costs: price, shipping, gift wrap, promotion and tax."""
    one, quantity = sold
    unit_price = round(one.price_cents * market.price_factor)
    uneven = quantity >= UNEVEN_FROM and random.random() < SHARE_UNEVEN
    parts = {"ITEM": unit_price * quantity - (1 if uneven else 0)}
    if random.random() < SHARE_WITH_SHIPPING:
        parts["SHIPPING"] = round(random.choice((399, 599, 999)) * market.price_factor)
    gift_wrapped = random.random() < SHARE_WITH_GIFT_WRAP
    if gift_wrapped:
        parts["GIFT_WRAP"] = round(349 * market.price_factor)
    if cart.cash_on_delivery:
        parts["COD_FEE"] = 330
    discounts = {}
    if random.random() < SHARE_WITH_PROMOTION:
        discounts["ITEM"] = parts["ITEM"] * random.choice((5, 10, 20)) // 100
        if "SHIPPING" in parts and random.random() < SHARE_WITH_SHIPPING:
            discounts["SHIPPING"] = parts["SHIPPING"]
    tax = None
    if cart.tax_told:
        tax = {name: _tax(market, amount) for name, amount in parts.items()}
        if discounts:
            tax["DISCOUNT"] = -sum(_tax(market, amount) for amount in discounts.values())
    item_id = f"{random.randrange(10**13, 10**14)}"
    return Line(item_id, one, quantity, unit_price, parts, discounts, tax, gift_wrapped)


def line_total(market: Market, line: Line) -> int:
    """Tell what the seller receives for a line: tax only where it is on top."""
    on_top = 0 if market.tax_inside or line.tax is None else sum(line.tax.values())
    return sum(line.parts.values()) - sum(line.discounts.values()) + on_top


def write_order(purchase: Purchase, status: str) -> Order:
    """Write the order as the Orders API spells it, every dataset included."""
    market, made_at = purchase.market, purchase.made_at
    business = "AMAZON_BUSINESS" in purchase.programs
    total = _money(market, sum(line_total(market, line) for line in purchase.lines) + purchase.tip)
    order: Order = {
        "orderId": purchase.order_id,
        "orderAliases": [{"aliasId": f"TWIN-{purchase.number}", "aliasType": "SELLER_ORDER_ID"}],
        "createdTime": timestamp(made_at),
        "programs": purchase.programs,
        "salesChannel": {
            "channelName": "AMAZON",
            "marketplaceId": market.marketplace_id,
            "marketplaceName": market.name,
        },
        "buyer": _buyer(purchase.number, business=business),
        "recipient": {"deliveryAddress": _address(purchase.number, market, business=business)},
        "proceeds": {"grandTotal": total, "breakdowns": _order_breakdowns(purchase)},
        "payment": {"paymentExecutions": [{"paymentMethod": _payment_method(purchase), "paymentAmount": total}]},
        "fulfillment": {
            "fulfillmentStatus": status,
            "fulfilledBy": purchase.fulfilled_by,
            "fulfillmentServiceLevel": "SECOND_DAY" if "PRIME" in purchase.programs else "STANDARD",
            "shipByWindow": _window(made_at, made_at + SHIP_WITHIN),
            "deliverByWindow": _window(made_at + DELIVER_AFTER, made_at + DELIVER_WITHIN),
        },
        "orderItems": [_item(purchase, line) for line in purchase.lines],
    }
    if business and market.tax_inside:
        registration = {"entityType": "BUYER", "legalName": f"Example Company {purchase.number}"}
        registration |= {"taxRegistrationType": "VAT", "taxRegistrationNumber": f"XX{purchase.number:09d}"}
        order["tax"] = {"taxRegistrations": [registration]}
    return order


def package(order: Order, items: list[dict[str, Any]], *, carrier: str, now: datetime) -> dict[str, Any]:
    """Write the next parcel of an order that a merchant ships."""
    number = len(order.get("packages", [])) + 1
    return {
        "packageReferenceId": str(number),
        "createdTime": timestamp(now),
        "packageStatus": {"status": "SHIPPED"},
        "carrier": carrier,
        "shipTime": timestamp(now),
        "shippingService": f"{carrier} Standard",
        "trackingNumber": f"TWIN{order['orderId'].replace('-', '')}{number:02d}",
        "shipFromAddress": {"name": "Example Warehouse", "addressLine1": "1 Example Street"},
        "packageItems": items,
    }


def _item(purchase: Purchase, line: Line) -> dict[str, Any]:
    """Write one item."""
    market = purchase.market
    price: dict[str, Any] = {"unitPrice": _money(market, line.unit_price)}
    if "AMAZON_BUSINESS" in purchase.programs:
        price["priceDesignation"] = "BUSINESS_PRICE"
    fulfillment: dict[str, Any] = {"quantityFulfilled": 0, "quantityUnfulfilled": line.quantity}
    if line.gift_wrapped:
        gift = {"giftMessage": f"Greetings from Test Buyer {purchase.number}", "giftWrapLevel": "STANDARD"}
        fulfillment["packing"] = {"giftOption": gift}
    item: dict[str, Any] = {
        "orderItemId": line.item_id,
        "quantityOrdered": line.quantity,
        "product": {
            "asin": line.good.asin,
            "title": line.good.title,
            "sellerSku": line.good.sku,
            "condition": {"conditionType": "NEW", "conditionSubtype": "NEW"},
            "price": price,
        },
        "proceeds": {
            "proceedsTotal": _money(market, line_total(market, line)),
            "breakdowns": _item_breakdowns(purchase, line),
        },
        "fulfillment": fulfillment,
    }
    if market.currency == "JPY":
        points = line.parts["ITEM"] // 100
        granted = {"pointsNumber": points, "pointsMonetaryValue": _money(market, points)}
        item["expense"] = {"pointsCost": {"pointsGranted": granted}}
    if line.discounts:
        item["promotion"] = {"breakdowns": [{"promotionId": f"TWIN-PROMOTION-{line.good.sku}"}]}
    if not market.tax_inside or purchase.amazon_collects:
        collection = {"model": "MARKETPLACE_FACILITATOR", "responsibleParty": "Amazon Services, Inc."}
        item["tax"] = {"taxCollections": [collection]}
    return item


def _item_breakdowns(purchase: Purchase, line: Line) -> list[dict[str, Any]]:
    """Write what a line's proceeds consist of."""
    market, sign = purchase.market, purchase.discount_sign
    breakdowns: list[dict[str, Any]] = [
        {"type": name, "subtotal": _money(market, amount)} for name, amount in line.parts.items()
    ]
    if line.discounts:
        signed = {name: sign * amount for name, amount in line.discounts.items()}
        breakdowns.append(_with_details(market, "DISCOUNT", signed))
    if line.tax is not None:
        breakdowns.append(_with_details(market, "TAX", line.tax))
    return breakdowns


def _with_details(market: Market, name: str, amounts: dict[str, int]) -> dict[str, Any]:
    """Write a breakdown that says what it consists of."""
    details = [{"subtype": subtype, "value": _money(market, amount)} for subtype, amount in amounts.items()]
    return {"type": name, "subtotal": _money(market, sum(amounts.values())), "detailedBreakdowns": details}


def _order_breakdowns(purchase: Purchase) -> list[dict[str, Any]]:
    """Write the proceeds of all lines together, and the tip, which belongs to none."""
    sums: dict[str, int] = {}
    for line in purchase.lines:
        for name, amount in line.parts.items():
            sums[name] = sums.get(name, 0) + amount
        if line.discounts:
            sums["DISCOUNT"] = sums.get("DISCOUNT", 0) + purchase.discount_sign * sum(line.discounts.values())
        if line.tax is not None:
            sums["TAX"] = sums.get("TAX", 0) + sum(line.tax.values())
    breakdowns: list[dict[str, Any]] = [
        {"type": name, "subtotal": _money(purchase.market, amount)} for name, amount in sums.items()
    ]
    if purchase.tip:
        tip = _money(purchase.market, purchase.tip)
        breakdowns.append({"type": "DELIVERY_TIP", "status": "PENDING", "subtotal": tip})
    return breakdowns


def _tax(market: Market, amount: int) -> int:
    """Round the tax on an amount, or inside it, half up."""
    whole = BASIS_POINTS + market.tax_basis_points if market.tax_inside else BASIS_POINTS
    return (2 * amount * market.tax_basis_points + whole) // (2 * whole)


def _money(market: Market, minor_units: int) -> dict[str, str]:
    """Write an amount with exactly the digits its currency has."""
    if not market.digits:
        return {"amount": str(minor_units), "currencyCode": market.currency}
    whole, rest = divmod(abs(minor_units), 10**market.digits)
    sign = "-" if minor_units < 0 else ""
    return {"amount": f"{sign}{whole}.{rest:0{market.digits}d}", "currencyCode": market.currency}


def _window(earliest: datetime, latest: datetime) -> dict[str, str]:
    """Write a stretch of time, in whole seconds as Amazon's examples have it."""
    return {"earliestDateTime": f"{earliest:%Y-%m-%dT%H:%M:%SZ}", "latestDateTime": f"{latest:%Y-%m-%dT%H:%M:%SZ}"}


def _payment_method(purchase: Purchase) -> str:
    """Tell how the buyer pays."""
    return "CashOnDelivery" if any("COD_FEE" in line.parts for line in purchase.lines) else "CreditCard"


def _buyer(number: int, *, business: bool) -> dict[str, str]:
    """Make up a buyer."""
    person = {"buyerName": f"Test Buyer {number}", "buyerEmail": f"test-buyer-{number}@marketplace.example"}
    if business:
        person |= {"buyerCompanyName": f"Example Company {number}", "buyerPurchaseOrderNumber": f"PO-{number:06d}"}
    return person


def _address(number: int, market: Market, *, business: bool) -> dict[str, str]:
    """Make up an address."""
    address = {"name": f"Test Buyer {number}", "addressLine1": f"{number} Example Street", **market.town}
    address |= {"phone": market.phone, "addressType": "COMMERCIAL" if business else "RESIDENTIAL"}
    return address | ({"companyName": f"Example Company {number}"} if business else {})
