"""The names things go by, as distinct types, so that one is never passed for another."""

from __future__ import annotations

import re
from typing import NewType

# How Amazon writes the id of an order.
AMAZON_ORDER_ID = re.compile(r"[0-9]{3}-[0-9]{7}-[0-9]{7}")

ConnectionId = NewType("ConnectionId", str)
AmazonOrderId = NewType("AmazonOrderId", str)
OrderItemId = NewType("OrderItemId", str)
SellerSku = NewType("SellerSku", str)
MarketplaceId = NewType("MarketplaceId", str)
OrderNumber = NewType("OrderNumber", str)
ChannelKey = NewType("ChannelKey", str)
SettlementId = NewType("SettlementId", str)


def order_number_of(order_id: AmazonOrderId) -> int:
    """An Amazon order id as a whole number, as rows of settlements keep it: 701-5738750-0566651 is 70157387500566651."""
    return int(order_id.replace("-", ""))


def order_id_of(number: int) -> AmazonOrderId:
    """The Amazon order id of such a number."""
    text = f"{number:017d}"
    return AmazonOrderId(f"{text[:3]}-{text[3:10]}-{text[10:]}")
