"""What Amazon tells by itself: an order changed, a quantity changed, a feed has ended. At least once, in no order; the object is read again.

Source: the published schemas `OrderChangeNotification.json`, `ListingsItemMfnQuantityChange.json` and `FeedProcessingFinishedNotification.json`.
Amazon spells the keys of its envelopes in two
ways, so they are read without regard to case. A message never acts: it names what to read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeAlias

from crossdock.domain.ids import AmazonOrderId, SellerSku
from crossdock.domain.listed import MERCHANT_CHANNEL, check_sku
from crossdock.errors import DataError

# SQS carries 256 KB; more than that is no notification.
MESSAGE_BYTES_MAX = 256 * 1024

# What is no order id is never asked for: Amazon's refusal of it would be taken for a refusal of all that came with it.
_ID = re.compile(r"[A-Za-z0-9-]{2,64}")


@dataclass(frozen=True, slots=True)
class OrderChanged:
    """An order that changed. `seller_id` tells whose it is, `event_at` when; neither is trusted for more than reading again."""

    notification_id: str
    seller_id: str
    order_id: AmazonOrderId
    event_at: datetime


@dataclass(frozen=True, slots=True)
class QuantityChanged:
    """What the merchant's own channel has for sale of a SKU by now: after a set of ours, a sale, or somebody else's hand."""

    notification_id: str
    seller_id: str
    seller_sku: SellerSku
    quantity: int
    event_at: datetime


@dataclass(frozen=True, slots=True)
class FeedFinished:
    """A feed has ended, whoever created it. `seller_id`: empty where Amazon names none."""

    notification_id: str
    seller_id: str
    feed_id: str
    event_at: datetime


Notification: TypeAlias = OrderChanged | QuantityChanged | FeedFinished


@dataclass(frozen=True, slots=True)
class Heard:
    """What a few messages told of one seller; `unreadable`: why some of them told nothing."""

    order_ids: tuple[AmazonOrderId, ...]
    quantities: tuple[QuantityChanged, ...]
    feed_ids: tuple[str, ...]
    unreadable: tuple[DataError, ...]


def hear(bodies: Iterable[bytes], seller_id: str) -> Heard:
    """The notifications among these messages that are of this seller."""
    found: list[Notification] = []
    unreadable: list[DataError] = []
    for body in bodies:
        try:
            told = parse_notification(body)
        except DataError as fault:
            unreadable.append(fault)
            continue
        if told is not None and told.seller_id in {seller_id, ""}:
            found.append(told)
    return Heard(
        tuple(each.order_id for each in found if isinstance(each, OrderChanged)),
        tuple(each for each in found if isinstance(each, QuantityChanged)),
        tuple(each.feed_id for each in found if isinstance(each, FeedFinished)),
        tuple(unreadable),
    )


def parse_notification(body: bytes) -> Notification | None:
    """What changed, or None for a notification of another kind. DataError where it is none."""
    if len(body) > MESSAGE_BYTES_MAX:
        raise DataError("notification", f"larger than {MESSAGE_BYTES_MAX} bytes")
    try:
        envelope = _folded(json.loads(body))
    except (ValueError, RecursionError) as fault:
        raise DataError("notification", "not JSON") from fault
    payload = _folded(envelope.get("payload"))
    notification_id = str(_folded(envelope.get("notificationmetadata")).get("notificationid", ""))
    match envelope.get("notificationtype"):
        case "ORDER_CHANGE":
            seller_id, order_id = _order_changed(_folded(payload.get("orderchangenotification")))
            return OrderChanged(notification_id, seller_id, order_id, _time(envelope.get("eventtime")))
        case "LISTINGS_ITEM_MFN_QUANTITY_CHANGE" if payload.get("fulfillmentchannelcode") == MERCHANT_CHANNEL:
            seller_id, sku, quantity = _quantity_changed(payload)
            return QuantityChanged(notification_id, seller_id, sku, quantity, _time(envelope.get("eventtime")))
        case "FEED_PROCESSING_FINISHED":
            seller_id, feed_id = _feed_finished(_folded(payload.get("feedprocessingfinishednotification")))
            return FeedFinished(notification_id, seller_id, feed_id, _time(envelope.get("eventtime")))
        case _:
            return None


def _order_changed(told: Mapping[str, Any]) -> tuple[str, AmazonOrderId]:
    order_id, seller_id = told.get("amazonorderid"), told.get("sellerid")
    if not isinstance(order_id, str) or not _is_name(seller_id) or not _ID.fullmatch(order_id):
        raise DataError("notification.Payload.OrderChangeNotification", "names no order or no seller")
    return str(seller_id), AmazonOrderId(order_id)


def _quantity_changed(told: Mapping[str, Any]) -> tuple[str, SellerSku, int]:
    sku, seller_id, quantity = told.get("sku"), told.get("sellerid"), told.get("quantity")
    is_count = isinstance(quantity, int) and not isinstance(quantity, bool) and quantity >= 0
    if not isinstance(sku, str) or not _is_name(seller_id) or not is_count:
        raise DataError("notification.Payload", "names no SKU, no seller or no quantity")
    check_sku(SellerSku(sku))
    return str(seller_id), SellerSku(sku), int(quantity or 0)


def _feed_finished(told: Mapping[str, Any]) -> tuple[str, str]:
    feed_id, seller_id = told.get("feedid"), told.get("sellerid", "")
    if not isinstance(feed_id, str) or not isinstance(seller_id, str) or not _ID.fullmatch(feed_id):
        raise DataError("notification.payload.feedProcessingFinishedNotification", "names no feed")
    return seller_id, feed_id


def _is_name(value: object) -> bool:
    return isinstance(value, str) and value != ""


def _folded(value: object) -> Mapping[str, Any]:
    return {str(key).lower(): item for key, item in value.items()} if isinstance(value, dict) else {}


def _time(value: object) -> datetime:
    try:
        at = datetime.fromisoformat(str(value))
    except ValueError as fault:
        raise DataError("notification.EventTime", "not a time") from fault
    return at if at.tzinfo else at.replace(tzinfo=UTC)
