"""The names things go by, as distinct types, so that one is never passed for another."""

from __future__ import annotations

from typing import NewType

ConnectionId = NewType("ConnectionId", str)
AmazonOrderId = NewType("AmazonOrderId", str)
OrderItemId = NewType("OrderItemId", str)
SellerSku = NewType("SellerSku", str)
MarketplaceId = NewType("MarketplaceId", str)
OrderNumber = NewType("OrderNumber", str)
ChannelKey = NewType("ChannelKey", str)
