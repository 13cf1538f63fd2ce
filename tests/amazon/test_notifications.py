"""ORDER_CHANGE, read in both of Amazon's spellings; anything else is another notification or none at all."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossdock.amazon.notifications import MESSAGE_BYTES_MAX, OrderChanged, parse_notification
from crossdock.domain.ids import AmazonOrderId
from crossdock.errors import DataError
from tests.amazon.doors import Door

SCHEMA = (
    Path(__file__).parents[3]
    / "shared"
    / "specs"
    / "amazon"
    / "schemas"
    / "notifications"
    / "OrderChangeNotification.json"
)

MESSAGE: dict[str, Any] = {
    "NotificationVersion": "1.0",
    "NotificationType": "ORDER_CHANGE",
    "PayloadVersion": "1.0",
    "EventTime": "2026-11-20T07:00:00.000Z",
    "Payload": {
        "OrderChangeNotification": {
            "NotificationLevel": "OrderLevel",
            "SellerId": "ATWINSELLER001",
            "AmazonOrderId": "302-0000001-0000001",
            "OrderChangeType": "OrderStatusChange",
            "OrderChangeTrigger": {
                "TimeOfOrderChange": "2026-11-20T07:00:00.000Z",
                "ChangeReason": "Order Status Change",
            },
            "Summary": {
                "MarketplaceId": "A1PA6795UKMFR9",
                "OrderStatus": "Unshipped",
                "PurchaseDate": "2026-11-20T06:30:00.000Z",
                "DestinationPostalCode": None,
                "FulfillmentType": "MFN",
                "OrderType": "StandardOrder",
                "NumberOfItemsShipped": 0,
                "NumberOfItemsUnshipped": 1,
                "OrderPrograms": [],
                "ShippingPrograms": [],
                "OrderItems": [
                    {
                        "OrderItemId": "1",
                        "SellerSKU": "MUG-BLUE",
                        "SupplySourceId": None,
                        "Quantity": 1,
                        "QuantityShipped": 0,
                        "IsBuyerRequestedCancel": False,
                    }
                ],
            },
        }
    },
    "NotificationMetadata": {
        "ApplicationId": "amzn1.sellerapps.app.twin",
        "SubscriptionId": "subscription-7",
        "PublishTime": "2026-11-20T07:00:01.000Z",
        "NotificationId": "notification-7",
    },
}
READ = OrderChanged(
    "notification-7", "ATWINSELLER001", AmazonOrderId("302-0000001-0000001"), datetime(2026, 11, 20, 7, 0, tzinfo=UTC)
)


def _camel(value: Any) -> Any:
    """The same message with keys as Amazon's newer notifications spell them."""
    if isinstance(value, list):
        return [_camel(each) for each in value]
    return {key[0].lower() + key[1:]: _camel(each) for key, each in value.items()} if isinstance(value, dict) else value


def _changed(**change: object) -> bytes:
    """The message with another order."""
    inner = MESSAGE["Payload"]["OrderChangeNotification"] | change
    return json.dumps(MESSAGE | {"Payload": {"OrderChangeNotification": inner}}).encode()


@pytest.mark.skipif(not SCHEMA.exists(), reason="Amazon's published schemas are not at hand")
def test_message_is_what_amazon_would_send() -> None:
    """The message the tests read fits Amazon's published schema."""
    jsonschema.Draft7Validator(json.loads(SCHEMA.read_text())).validate(MESSAGE)


@pytest.mark.parametrize("spelt", [MESSAGE, _camel(MESSAGE), {key.upper(): value for key, value in MESSAGE.items()}])
def test_both_spellings_are_read(spelt: dict[str, Any]) -> None:
    """Keys are read without regard to their case."""
    assert parse_notification(json.dumps(spelt).encode()) == READ


def test_every_message_of_a_lived_in_account_is_read() -> None:
    """What the twin tells of buying, shipping and cancelling names those orders and that seller."""
    door = Door()
    bought = [door.merchant.buy(settled=True) for _ in range(20)]
    [door.merchant.ship(order_id) for order_id in bought[:10]]
    [door.merchant.request_cancellation(order_id) for order_id in bought[10:]]
    read = [parse_notification(message) for message in door.account.notifications]
    assert {changed.order_id for changed in read if changed} == set(bought)
    assert {changed.seller_id for changed in read if changed} == {door.account.seller_id}
    assert len(read) == 40


@pytest.mark.parametrize("kind", ["FEED_PROCESSING_FINISHED", "LISTINGS_ITEM_MFN_QUANTITY_CHANGE", "", None, 7])
def test_other_notifications_are_left_alone(kind: object) -> None:
    """A notification of another kind is none of ours and no fault."""
    assert parse_notification(json.dumps(MESSAGE | {"NotificationType": kind}).encode()) is None


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (b"", "not JSON"),
        (b"<html>", "not JSON"),
        (b"\xff\xfe{}", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b'"' + b"x" * MESSAGE_BYTES_MAX + b'"', "larger than"),
        (_changed(AmazonOrderId=None), "names no order"),
        (_changed(AmazonOrderId=3020000001), "names no order"),
        (_changed(AmazonOrderId="../../orders"), "names no order"),
        (_changed(AmazonOrderId="302-0000001-\ud800"), "names no order"),
        (_changed(AmazonOrderId="3" * 5000), "names no order"),
        (_changed(SellerId=None), "names no order or no seller"),
        (json.dumps(MESSAGE | {"Payload": None}).encode(), "names no order"),
        (json.dumps(MESSAGE | {"Payload": ["x"]}).encode(), "names no order"),
        (json.dumps(MESSAGE | {"EventTime": "soon"}).encode(), "not a time"),
        (json.dumps(MESSAGE | {"EventTime": None}).encode(), "not a time"),
    ],
)
def test_what_is_no_notification_says_so(body: bytes, what: str) -> None:
    """A message that cannot be read is a DataError that quotes nothing of it."""
    with pytest.raises(DataError, match=what) as refused:
        parse_notification(body)
    assert len(str(refused.value)) < 120


@settings(max_examples=200)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda each: st.lists(each) | st.dictionaries(st.text() | st.sampled_from(list(MESSAGE)), each),
    )
)
def test_no_json_breaks_the_reader(value: object) -> None:
    """Any JSON that is no ORDER_CHANGE is no notification of ours."""
    assert parse_notification(json.dumps(value).encode()) is None
