"""A miniature language for orders: a line of goods as people would note it, an order by its first words.

    an_order("FBM UNSHIPPED in DE, total 43.88 EUR", a_line("2 x MUG-BLUE @ 19.99 EUR, SHIPPING 3.90, TAX 7.01 (ITEM 6.38 SHIPPING 0.63)"))

is the JSON Amazon would send (Orders API v2026-01-01). `@` is the price of one unit, `=` the ITEM amount where it is not units times price. Every
further amount is named as Amazon names it; People and places are artificial.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any

from crossdock.amazon.orders import parse_order
from crossdock.domain.order import AmazonOrder, PersonalData

Json = dict[str, Any]

MADE_AT = "2026-11-20T06:30:00.000Z"
NEWS_AT = "2026-11-20T07:00:00.000Z"
SHIP_BY = "2026-11-22T22:59:59Z"
DELIVER_BY = "2026-11-26T22:59:59Z"

MARKETS = {
    "US": ("ATVPDKIKX0DER", "Amazon.com"),
    "DE": ("A1PA6795UKMFR9", "Amazon.de"),
    "GB": ("A1F83G8C2ARO7P", "Amazon.co.uk"),
    "JP": ("A1VC38T7YXB528", "Amazon.co.jp"),
    "AE": ("A2VIGQ35RCS4UG", "Amazon.ae"),
}
FACILITATED: Json = {
    "tax": {"taxCollections": [{"model": "MARKETPLACE_FACILITATOR", "responsibleParty": "Amazon Services, Inc."}]}
}

_LINE = re.compile(r"(\d+) x (\S+)(?: @ (-?[\d.]+))?(?: = (-?[\d.]+))? ([A-Z]{3})")
_ROW = re.compile(r"([A-Z_]+) (-?[\d.]+)(?: \(([^)]*)\))?")
_HEAD = re.compile(r"(FBM|FBA|\S+) (\S+) in ([A-Z]{2})(?:, total (-?[\d.]+) ([A-Z]{3}))?")


def a_line(text: str, **more: Any) -> Json:
    """One item: units, SKU, amounts; `more` is merged into it, `fulfillment` and `product` deeply. Its id is given by its order."""
    first, *rows = re.split(r", (?![^(]*\))", text)
    match = _LINE.fullmatch(first)
    assert match is not None, f"not a line: {first}"
    quantity, sku, price, amount, currency = int(match[1]), match[2], match[3], match[4], match[5]
    product: Json = {"asin": f"B0{sum(sku.encode()):08d}", "title": f"Example article {sku}", "sellerSku": sku}
    if price is not None:
        product["price"] = {"unitPrice": money(price, currency)}
        amount = amount or str(Decimal(price) * quantity)
    breakdowns = [_row(row, currency) for row in rows]
    if amount is not None:
        breakdowns.insert(0, {"type": "ITEM", "subtotal": money(amount, currency)})
    item: Json = {
        "quantityOrdered": quantity,
        "product": product | more.pop("product", {}),
        "fulfillment": {"quantityFulfilled": 0, "quantityUnfulfilled": quantity} | more.pop("fulfillment", {}),
    }
    return item | ({"proceeds": {"breakdowns": breakdowns}} if breakdowns else {}) | more


def an_order(head: str, *lines: Json, order_id: str = "302-0000001-0000001", **more: Any) -> Json:
    """One order: `FBM` or `FBA` (anything else as it stands), Amazon's status, the marketplace's country, the grand total, amounts of the order."""
    first, *rows = re.split(r", (?=[A-Z_]+ -?\d)", head)
    match = _HEAD.fullmatch(first)
    assert match is not None, f"not the head of an order: {first}"
    fulfilled_by = {"FBM": "MERCHANT", "FBA": "AMAZON"}.get(match[1], match[1])
    marketplace_id, name = MARKETS[match[3]]
    fulfillment = {
        "fulfillmentStatus": match[2],
        "fulfilledBy": fulfilled_by,
        "fulfillmentServiceLevel": "STANDARD",
        "shipByWindow": {"earliestDateTime": MADE_AT, "latestDateTime": SHIP_BY},
        "deliverByWindow": {"earliestDateTime": SHIP_BY, "latestDateTime": DELIVER_BY},
    }
    order: Json = {
        "orderId": order_id,
        "createdTime": MADE_AT,
        "lastUpdatedTime": NEWS_AT,
        "salesChannel": {"channelName": "AMAZON", "marketplaceId": marketplace_id, "marketplaceName": name},
        "buyer": {"buyerName": "Test Buyer 7", "buyerEmail": "test-buyer-7@marketplace.example"},
        "recipient": {"deliveryAddress": an_address(match[3])},
        "fulfillment": fulfillment | more.pop("fulfillment", {}),
        "orderItems": [{"orderItemId": f"1000000000000{n}", **line} for n, line in enumerate(lines, 1)],
    }
    if match[4] is not None:
        total = money(match[4], match[5])
        breakdowns = [_row(row, match[5]) for row in rows]
        order["proceeds"] = {"grandTotal": total} | ({"breakdowns": breakdowns} if breakdowns else {})
    return {name: value for name, value in (order | more).items() if value is not None}


def an_address(country: str = "DE") -> Json:
    """Where an artificial person lives."""
    return {
        "name": "Test Buyer 7",
        "addressLine1": "1 Example Street",
        "city": "Exampletown",
        "postalCode": "00000",
        "countryCode": country,
        "phone": "+00 000 000000",
        "addressType": "RESIDENTIAL",
    }


def money(amount: str, currency: str) -> Json:
    """An amount as Amazon writes it."""
    return {"amount": amount, "currencyCode": currency}


def encoded(order: Json) -> bytes:
    """The bytes Amazon would send."""
    return json.dumps(order).encode()


def read(order: Json) -> AmazonOrder:
    """The order as the product reads it; it must be readable."""
    answer = parse_order(encoded(order))
    assert answer.order is not None, answer.problem
    return answer.order


def read_personal(order: Json) -> PersonalData:
    """What the product reads of the person."""
    return parse_order(encoded(order)).personal


def _row(text: str, currency: str) -> Json:
    match = _ROW.fullmatch(text)
    assert match is not None, f"not an amount: {text}"
    row: Json = {"type": match[1], "subtotal": money(match[2], currency)}
    words = (match[3] or "").split()
    if words:
        parts = zip(words[::2], words[1::2], strict=True)
        row["detailedBreakdowns"] = [
            {"subtype": subtype, "value": money(amount, currency)} for subtype, amount in parts
        ]
    return row
