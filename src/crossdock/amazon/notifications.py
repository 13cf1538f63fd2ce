"""ORDER_CHANGE: the hint that an order is new or has changed. At least once, in no order; the object is read again.

Source: the published schema `OrderChangeNotification.json` and the samples of the Notifications API. Amazon spells the keys of its envelopes in two
ways, so they are read without regard to case. A message never acts: it names what to read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from crossdock.domain.ids import AmazonOrderId
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


def parse_notification(body: bytes) -> OrderChanged | None:
    """What changed, or None for a notification of another kind. DataError where it is none."""
    if len(body) > MESSAGE_BYTES_MAX:
        raise DataError("notification", f"larger than {MESSAGE_BYTES_MAX} bytes")
    try:
        envelope = _folded(json.loads(body))
    except (ValueError, RecursionError) as fault:
        raise DataError("notification", "not JSON") from fault
    if envelope.get("notificationtype") != "ORDER_CHANGE":
        return None
    change = _folded(_folded(envelope.get("payload")).get("orderchangenotification"))
    metadata = _folded(envelope.get("notificationmetadata"))
    order_id = change.get("amazonorderid")
    seller_id = change.get("sellerid")
    if not isinstance(order_id, str) or not isinstance(seller_id, str) or not _ID.fullmatch(order_id):
        raise DataError("notification.Payload.OrderChangeNotification", "names no order or no seller")
    return OrderChanged(
        notification_id=str(metadata.get("notificationid", "")),
        seller_id=seller_id,
        order_id=AmazonOrderId(order_id),
        event_at=_time(envelope.get("eventtime")),
    )


def _folded(value: object) -> Mapping[str, Any]:
    return {str(key).lower(): item for key, item in value.items()} if isinstance(value, dict) else {}


def _time(value: object) -> datetime:
    try:
        at = datetime.fromisoformat(str(value))
    except ValueError as fault:
        raise DataError("notification.EventTime", "not a time") from fault
    return at if at.tzinfo else at.replace(tzinfo=UTC)
