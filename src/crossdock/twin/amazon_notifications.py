"""The messages the simulated Amazon sends of orders, quantities and feeds, each in the words of its own schema.

ORDER_CHANGE 1.0 still speaks the language of the Orders API v0 (`MFN`, `Canceled`, `Prime`), whatever API the reader
uses; FEED_PROCESSING_FINISHED begins its names with small letters, the others with capitals.
"""

from collections.abc import Callable
from typing import Any

ORDER_STATUS = {
    "PENDING_AVAILABILITY": "PendingAvailability",
    "PENDING": "Pending",
    "UNSHIPPED": "Unshipped",
    "PARTIALLY_SHIPPED": "PartiallyShipped",
    "SHIPPED": "Shipped",
    "CANCELLED": "Canceled",
    "UNFULFILLABLE": "Unfulfillable",
}
ORDER_PROGRAMS = {
    "AMAZON_BUSINESS": "Business",
    "PRIME": "Prime",
    "PREMIUM": "Premium",
    "INVOICE_BY_AMAZON": "IBA",
}
SHIPPING_PROGRAMS = {"IN_STORE_PICK_UP": "ISPU", "AMAZON_EASY_SHIP": "EasyShip"}
WITHOUT_ADDRESS = ("PENDING", "PENDING_AVAILABILITY")

Json = dict[str, Any]


def order_change(seller_id: str, order: Json, before: Json | None, *, now: str, new_id: Callable[[], str]) -> Json:
    """Word the notification about an order that was `before` (None: unknown until now)."""
    change_type, reason = _what_changed(order, before)
    return {
        "NotificationVersion": "1.0",
        "NotificationType": "ORDER_CHANGE",
        "PayloadVersion": "1.0",
        "EventTime": now,
        "Payload": {
            "OrderChangeNotification": {
                "NotificationLevel": "OrderLevel",
                "SellerId": seller_id,
                "AmazonOrderId": order["orderId"],
                "OrderChangeType": change_type,
                "OrderChangeTrigger": {"TimeOfOrderChange": order["lastUpdatedTime"], "ChangeReason": reason},
                "Summary": _summary(order),
            }
        },
        "NotificationMetadata": _metadata(seller_id, now, new_id()),
    }


def quantity_change(seller_id: str, sku: str, quantity: int, *, at: str, new_id: Callable[[], str]) -> Json:
    """Word LISTINGS_ITEM_MFN_QUANTITY_CHANGE: what the merchant's own channel has for sale now."""
    return {
        "NotificationVersion": "1.0",
        "NotificationType": "LISTINGS_ITEM_MFN_QUANTITY_CHANGE",
        "PayloadVersion": "1.0",
        "EventTime": at,
        "Payload": {"SellerId": seller_id, "FulfillmentChannelCode": "DEFAULT", "Sku": sku, "Quantity": quantity},
        "NotificationMetadata": _metadata(seller_id, at, new_id()),
    }


def feed_finished(
    seller_id: str,
    *,
    feed_id: str,
    feed_type: str,
    status: str,
    result_document_id: str | None,
    at: str,
    new_id: Callable[[], str],
) -> Json:
    """Word FEED_PROCESSING_FINISHED: the feed will not change any more."""
    payload = {
        "sellerId": seller_id,
        "accountId": f"amzn1.merchant.o.{seller_id}",
        "feedId": feed_id,
        "feedType": feed_type,
        "processingStatus": status,
    }
    if result_document_id is not None:
        payload["resultFeedDocumentId"] = result_document_id
    metadata = _metadata(seller_id, at, new_id())
    return {
        "notificationVersion": "2020-09-04",
        "notificationType": "FEED_PROCESSING_FINISHED",
        "payloadVersion": "2020-09-04",
        "eventTime": at,
        "payload": {"feedProcessingFinishedNotification": payload},
        "notificationMetadata": {name[0].lower() + name[1:]: value for name, value in metadata.items()},
    }


def _metadata(seller_id: str, at: str, notification_id: str) -> Json:
    """Word what every message carries."""
    return {
        "ApplicationId": "amzn1.sellerapps.app.twin",
        "SubscriptionId": f"subscription-{seller_id}",
        "PublishTime": at,
        "NotificationId": notification_id,
    }


def _what_changed(order: Json, before: Json | None) -> tuple[str, str]:
    """Tell the type and the reason of the change."""
    if _cancellation_requested(order) and not (before and _cancellation_requested(before)):
        return "BuyerRequestedChange", "Buyer Requested Cancel"
    if before and _tip(order) != _tip(before):
        return "DeliveryTipChange", "Delivery Tip Change"
    return "OrderStatusChange", "Order Status Change"


def _summary(order: Json) -> Json:
    """Sum the order up; what the notification does not know of it is left out or null, as its schema wants."""
    fulfillment = order.get("fulfillment", {})
    status = fulfillment.get("fulfillmentStatus")
    address = order.get("recipient", {}).get("deliveryAddress", {})
    ship_by = fulfillment.get("shipByWindow", {})
    deliver_by = fulfillment.get("deliverByWindow", {}) if fulfillment.get("fulfilledBy") == "MERCHANT" else {}
    items = order.get("orderItems", [])
    programs = order.get("programs", [])
    shown = {
        "MarketplaceId": order.get("salesChannel", {}).get("marketplaceId", ""),
        "OrderStatus": ORDER_STATUS.get(status, status),
        "PurchaseDate": order["createdTime"],
        "DestinationPostalCode": None if status in WITHOUT_ADDRESS else address.get("postalCode"),
        "FulfillmentType": "AFN" if fulfillment.get("fulfilledBy") == "AMAZON" else "MFN",
        "OrderType": "Preorder" if "PREORDER" in programs else "StandardOrder",
        "NumberOfItemsShipped": sum(_count(item, "quantityFulfilled") for item in items),
        "NumberOfItemsUnshipped": sum(_count(item, "quantityUnfulfilled") for item in items),
        "EarliestDeliveryDate": deliver_by.get("earliestDateTime"),
        "LatestDeliveryDate": None if status in WITHOUT_ADDRESS else deliver_by.get("latestDateTime"),
        "EarliestShipDate": ship_by.get("earliestDateTime"),
        "LatestShipDate": ship_by.get("latestDateTime"),
        "OrderPrograms": [ORDER_PROGRAMS[name] for name in programs if name in ORDER_PROGRAMS] + _replacement(order),
        "ShippingPrograms": [SHIPPING_PROGRAMS[name] for name in programs if name in SHIPPING_PROGRAMS],
        "OrderItems": [_item(item) for item in items],
    }
    return {name: value for name, value in shown.items() if value is not None or name == "DestinationPostalCode"}


def _item(item: Json) -> Json:
    """Tell which SKU, and how many of it: enough to reserve stock."""
    return {
        "OrderItemId": item["orderItemId"],
        "SellerSKU": item.get("product", {}).get("sellerSku", ""),
        "SupplySourceId": None,
        "Quantity": item.get("quantityOrdered"),
        "QuantityShipped": _count(item, "quantityFulfilled"),
        "IsBuyerRequestedCancel": _requested(item),
    }


def _count(item: Json, name: str) -> int:
    """Read a number of units, 0 where there is no number: a hostile order is notified too."""
    value = item.get("fulfillment", {}).get(name)
    return value if isinstance(value, int) else 0


def _requested(item: Json) -> bool:
    """Tell whether the buyer wants this item cancelled."""
    return "cancellationRequest" in item.get("cancellation", {})


def _cancellation_requested(order: Json) -> bool:
    """Tell whether the buyer wants any item cancelled."""
    return any(_requested(item) for item in order.get("orderItems", []))


def _tip(order: Json) -> list[Json]:
    """Give the delivery tip of the order, as it stands among the proceeds."""
    return [part for part in order.get("proceeds", {}).get("breakdowns", []) if part.get("type") == "DELIVERY_TIP"]


def _replacement(order: Json) -> list[str]:
    """Tell whether the order replaces another."""
    kinds = {other.get("associationType") for other in order.get("associatedOrders", [])}
    return ["Replacement"] if "REPLACEMENT_ORIGINAL_ID" in kinds else []
