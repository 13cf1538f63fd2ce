"""What one shipment, refund or retro-charge of an order is made of in a settlement: one row an amount, in minor units.

The amounts are those the order itself tells. Where tax is inside the prices and told, principal and tax stand apart; where it
is not told the principal is what the buyer paid. What is shipped in parts is paid in parts that add up to the whole.
A delivery tip is not paid out: under which label Amazon does that was never seen.
"""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any, NamedTuple
from zlib import crc32

NO_MINOR_UNITS = frozenset({"JPY"})
COMMISSION_PERCENTS = (8, 12, 15, 15)  # by SKU, as by category
REFUND_COMMISSION_PERCENT = 20  # of the commission that is given back,
REFUND_COMMISSION_MAX = 500  # but at most this
DIGITAL_SERVICES_PERCENT = 2  # of the commission, where it is taken at all
DIGITAL_SERVICES = frozenset({"GBP", "CAD"})
TAX_LABELS = frozenset({"Tax", "ShippingTax", "GiftWrapTax", "CODItemTaxCharge"})
KEPT_BY_AMAZON = frozenset({"FBAPerUnitFulfillmentFee", "DigitalServicesFee"})  # fees that no refund gives back
PRICES = (  # part of the proceeds, what it is to the buyer, label of its price, label of its tax
    ("ITEM", "principal", "Principal", "Tax"),
    ("SHIPPING", "shipping", "Shipping", "ShippingTax"),
    ("GIFT_WRAP", "gift_wrap", "GiftWrap", "GiftWrapTax"),
    ("COD_FEE", "cash_on_delivery", "CODItemCharge", "CODItemTaxCharge"),
)

Json = dict[str, Any]


class About(NamedTuple):
    """What is the same for several rows: the cells that say what they are about."""

    transaction_type: str
    order_id: str = ""
    merchant_order_id: str = ""
    adjustment_id: str = ""
    shipment_id: str = ""
    marketplace_name: str = ""
    fulfillment_id: str = ""
    item_code: str = ""
    merchant_item_id: str = ""
    sku: str = ""
    quantity: int | None = None
    asin: str = ""


class Row(NamedTuple):
    """One row: `kind` is what it is in truth, whatever its labels say; the amount is as the seller sees it."""

    kind: str
    about: About
    amount_type: str
    description: str
    minor: int
    promotion_id: str = ""


class Line(NamedTuple):
    """The amounts of one order item, as the order tells them; discounts are positive, `tax_inside` is where its tax is."""

    prices: dict[str, int]
    discounts: dict[str, int]
    tax: dict[str, int]
    tax_inside: bool


def digits_of(currency: str) -> int:
    """Tell how many digits a currency has after the point."""
    return 0 if currency in NO_MINOR_UNITS else 2


def currency_of(order: Json) -> str:
    """Tell in which currency an order was paid; "" where it tells no price."""
    return str(order.get("proceeds", {}).get("grandTotal", {}).get("currencyCode", ""))


def shipment_rows(order: Json, shipped: Mapping[str, tuple[int, int]], shipment_id: str) -> list[Row]:
    """Pay for one shipment: of each item id the units that were shipped before it, and those after it."""
    currency = currency_of(order)
    by_amazon = order.get("fulfillment", {}).get("fulfilledBy") == "AMAZON"
    rows = []
    for item in order.get("orderItems", ()):
        before, after = shipped.get(item["orderItemId"], (0, 0))
        if after <= before or "proceeds" not in item:
            continue
        product = item.get("product", {})
        about = About(
            transaction_type="Order",
            order_id=order["orderId"],
            merchant_order_id=order["orderId"],
            shipment_id=shipment_id,
            marketplace_name=order.get("salesChannel", {}).get("marketplaceName", ""),
            fulfillment_id="AFN" if by_amazon else "MFN",
            item_code=item["orderItemId"],
            sku=product.get("sellerSku", ""),
            quantity=after - before,
            asin=product.get("asin", ""),
        )
        whole = _rows_of(item, about, currency)
        rows += _part_of(whole, before, after, item["quantityOrdered"])
    return rows


def refund_rows(rows: Iterable[Row], percent: int, *, transaction_type: str, adjustment_id: str) -> list[Row]:
    """Give back so much of every hundred of what is left of an order: of its rows, and those of its refunds so far."""
    left: dict[tuple[str, str, str, str], list[Any]] = {}
    for row in rows:
        key = (row.about.item_code, row.amount_type, row.description, row.promotion_id)
        known = left.setdefault(key, [row, 0])
        known[1] += row.minor
    given = []
    commissions: dict[str, tuple[About, int]] = {}
    for (item_code, amount_type, description, _), (row, minor) in left.items():
        if description in KEPT_BY_AMAZON or description == "RefundCommission":
            continue
        back = -minor * percent // 100 if minor < 0 else -(minor * percent // 100)
        if not back:
            continue
        about = row.about._replace(transaction_type=transaction_type, adjustment_id=adjustment_id, quantity=None)
        kind = _kind_of_refund(amount_type, description)
        given.append(Row(kind, about, amount_type, description, back, row.promotion_id))
        if description == "Commission":
            commissions[item_code] = (about, back)
    for about, back in commissions.values():
        fee = min(REFUND_COMMISSION_MAX, back * REFUND_COMMISSION_PERCENT // 100)
        if fee > 0:
            given.append(Row("refund_fees", about, "ItemFees", "RefundCommission", -fee))
    return _evened(given)


def _evened(given: list[Row]) -> list[Row]:
    """Tax that Amazon had remitted comes back as it was collected: what rounding a part leaves is on an item's first such row."""
    left: dict[str, int] = {}
    for row in given:
        if row.amount_type == "ItemWithheldTax" or row.description in TAX_LABELS | {"TaxDiscount"}:
            left[row.about.item_code] = left.get(row.about.item_code, 0) + row.minor
    evened = []
    for row in given:
        rest = left.pop(row.about.item_code, 0) if row.amount_type == "ItemWithheldTax" else 0
        evened.append(row._replace(minor=row.minor - rest))
    return evened


def retrocharge_rows(rows: Iterable[Row], *, of_refund: bool, tax_label: str) -> list[Row]:
    """Reckon tax on an order again that Amazon collects itself: the rows of an item add up to nothing."""
    charged = []
    for row in rows:
        if row.description != "Principal" or row.amount_type != "ItemPrice" or row.kind != "principal":
            continue
        tax = row.minor * 7 // 100 * (-1 if of_refund else 1)
        name = "Refund_Retrocharge" if of_refund else "Order_Retrocharge"
        about = row.about._replace(transaction_type=name, quantity=None)
        charged.append(Row("retrocharged_tax", about, "ItemPrice", "Tax", tax))
        charged.append(Row("retrocharged_withheld", about, "ItemWithheldTax", f"{tax_label}-Principal", -tax))
    return charged


def _rows_of(item: Json, about: About, currency: str) -> list[Row]:
    """Pay for all units of an item."""
    line = _line(item, currency)
    rows = [*_price_rows(line, about), *_promotion_rows(line, item, about)]
    if any(each.get("model") == "MARKETPLACE_FACILITATOR" for each in item.get("tax", {}).get("taxCollections", ())):
        rows += _withheld_rows(line, about)
    points = item.get("expense", {}).get("pointsCost", {}).get("pointsGranted", {}).get("pointsMonetaryValue")
    if points:
        rows.append(Row("points", about, "Points", "PointsGranted", -_minor(points, currency)))
    rows += _fee_rows(line, about, item["quantityOrdered"], currency)
    return [row for row in rows if row.minor]


def _price_rows(line: Line, about: About) -> Iterator[Row]:
    """Pay what the buyer paid, prices first."""
    for part, kind, label, _ in PRICES:
        inside = line.tax.get(part, 0) if line.tax_inside else 0
        yield Row(kind, about, "ItemPrice", label, line.prices.get(part, 0) - inside)
    for part, _, _, label in PRICES:
        yield Row("tax", about, "ItemPrice", label, line.tax.get(part, 0))


def _promotion_rows(line: Line, item: Json, about: About) -> Iterator[Row]:
    """Take off what was promised to the buyer, and the tax on it."""
    promotions = item.get("promotion", {}).get("breakdowns", ())
    promotion_id = promotions[0].get("promotionId", "") if promotions else ""
    for part, label in (("ITEM", "Principal"), ("SHIPPING", "Shipping")):
        inside = _discount_tax(line, part) if line.tax_inside else 0
        yield Row("promotions", about, "Promotion", label, inside - line.discounts.get(part, 0), promotion_id)
    yield Row("promotions", about, "Promotion", "TaxDiscount", line.tax.get("DISCOUNT", 0), promotion_id)


def _withheld_rows(line: Line, about: About) -> Iterator[Row]:
    """Take off the tax that Amazon hands to the authorities itself."""
    other = line.tax.get("GIFT_WRAP", 0)
    principal = line.tax.get("ITEM", 0) + line.tax.get("COD_FEE", 0) - _discount_tax(line, "ITEM")
    shipping = line.tax.get("SHIPPING", 0) - _discount_tax(line, "SHIPPING")
    label = "MarketplaceFacilitatorVAT" if line.tax_inside else "MarketplaceFacilitatorTax"
    if line.tax_inside:  # no label of VAT on anything else was seen
        principal, other = principal + other, 0
    for name, tax in (("Principal", principal), ("Shipping", shipping), ("Other", other)):
        yield Row("tax_withheld", about, "ItemWithheldTax", f"{label}-{name}", -tax)


def _fee_rows(line: Line, about: About, units: int, currency: str) -> Iterator[Row]:
    """Take off what Amazon charges for the sale, and for what it did in the warehouse."""
    mark = crc32(about.sku.encode())
    percent = COMMISSION_PERCENTS[mark % len(COMMISSION_PERCENTS)]
    paid = sum(line.prices.values()) - sum(line.discounts.values())
    commission = (paid * percent + 50) // 100
    yield Row("fees", about, "ItemFees", "Commission", -commission)
    if currency in DIGITAL_SERVICES:
        digital = commission * DIGITAL_SERVICES_PERCENT // 100
        yield Row("fees", about, "ItemFees", "DigitalServicesFee", -digital)
    if about.fulfillment_id == "AFN":
        each = 219 + mark % 400
        yield Row("fees", about, "ItemFees", "FBAPerUnitFulfillmentFee", -each * units)
        yield Row("fees", about, "ItemFees", "ShippingChargeback", -line.prices.get("SHIPPING", 0))
        yield Row("fees", about, "ItemFees", "GiftwrapChargeback", -line.prices.get("GIFT_WRAP", 0))


def _part_of(rows: Iterable[Row], before: int, after: int, ordered: int) -> list[Row]:
    """Take the share of some units: the shares of all units add up to the whole, to the minor unit."""
    if (before, after) == (0, ordered):
        return list(rows)
    parts = [row._replace(minor=row.minor * after // ordered - row.minor * before // ordered) for row in rows]
    return [row for row in parts if row.minor]


def _line(item: Json, currency: str) -> Line:
    """Read the amounts of an item."""
    prices: dict[str, int] = {}
    discounts: dict[str, int] = {}
    tax: dict[str, int] = {}
    for one in item["proceeds"].get("breakdowns", ()):
        if one["type"] == "TAX":
            tax = _details(one, currency)
        elif one["type"] == "DISCOUNT":
            discounts = {name: abs(minor) for name, minor in _details(one, currency).items()}
        else:
            prices[one["type"]] = _minor(one["subtotal"], currency)
    paid = sum(prices.values()) - sum(discounts.values())
    return Line(prices, discounts, tax, tax_inside=_minor(item["proceeds"]["proceedsTotal"], currency) == paid)


def _details(breakdown: Json, currency: str) -> dict[str, int]:
    """Read what a breakdown consists of."""
    details = breakdown.get("detailedBreakdowns") or [{"subtype": "ITEM", "value": breakdown["subtotal"]}]
    return {one["subtype"]: _minor(one["value"], currency) for one in details}


def _discount_tax(line: Line, part: str) -> int:
    """Tell how much of the tax on all discounts, a positive number, is on one of them."""
    whole, discounted = -line.tax.get("DISCOUNT", 0), sum(line.discounts.values())
    shipping = whole * line.discounts.get("SHIPPING", 0) // discounted if discounted else 0
    return shipping if part == "SHIPPING" else whole - shipping


def _kind_of_refund(amount_type: str, description: str) -> str:
    """Tell what a row of a refund is."""
    if amount_type in ("ItemFees", "Shipment-Fees"):
        return "refund_fees"
    if amount_type == "ItemWithheldTax":
        return "refund_tax_withheld"
    return "refunded_tax" if description in TAX_LABELS else "refunded"


def _minor(money: Json, currency: str) -> int:
    """Read an amount in minor units."""
    return int(Decimal(money["amount"]).scaleb(digits_of(currency)))
