"""Orders, quantities and feeds that changed, read in both of Amazon's spellings; anything else is another notification or none at all."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossdock.amazon.notifications import (
    MESSAGE_BYTES_MAX,
    FeedFinished,
    OrderChanged,
    QuantityChanged,
    hear,
    parse_notification,
)
from crossdock.domain.ids import AmazonOrderId, SellerSku
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
    read = hear(door.account.notifications, door.account.seller_id)
    assert set(read.order_ids) == set(bought)
    assert len(read.order_ids) == 40
    assert hear(door.account.notifications, "ANOTHERSELLER").order_ids == ()


@pytest.mark.parametrize("kind", ["REPORT_PROCESSING_FINISHED", "LISTINGS_ITEM_STATUS_CHANGE", "", None, 7])
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


def test_quantities_of_a_lived_in_account_are_read() -> None:
    """What the twin tells of a sale names the SKU and what is left of it; what does not concern orders is no order."""
    door = Door()
    door.merchant.list_goods(["MUG-BLUE"], quantity=5)
    door.merchant.buy(skus=["MUG-BLUE"], quantity=2, fulfilled_by="MERCHANT", notify=True)
    [told] = hear(door.account.notifications, door.account.seller_id).quantities
    assert (told.seller_sku, told.quantity, told.seller_id) == ("MUG-BLUE", 3, door.account.seller_id)


def _told(kind: str, payload: object) -> bytes:
    return json.dumps(MESSAGE | {"NotificationType": kind, "Payload": payload}).encode()


QUANTITY = {"SellerId": "ATWINSELLER001", "FulfillmentChannelCode": "DEFAULT", "Sku": "MUG-BLUE", "Quantity": 3}
FINISHED = {"sellerId": "ATWINSELLER001", "accountId": "a", "feedId": "53347018456", "processingStatus": "DONE"}


def test_quantity_and_feed_are_read() -> None:
    """Each kind is a value of its own; a feed of an account that names no seller is told to everybody."""
    at = READ.event_at
    quantity = parse_notification(_told("LISTINGS_ITEM_MFN_QUANTITY_CHANGE", QUANTITY))
    ended = parse_notification(_told("FEED_PROCESSING_FINISHED", {"feedProcessingFinishedNotification": FINISHED}))
    unnamed = {key: value for key, value in FINISHED.items() if key != "sellerId"}
    body = _told("FEED_PROCESSING_FINISHED", {"feedProcessingFinishedNotification": unnamed})
    assert quantity == QuantityChanged("notification-7", "ATWINSELLER001", SellerSku("MUG-BLUE"), 3, at)
    assert ended == FeedFinished("notification-7", "ATWINSELLER001", "53347018456", at)
    assert hear([body, b"{"], "ANYSELLER").feed_ids == ("53347018456",)
    assert [fault.what for fault in hear([body, b"{"], "ANYSELLER").unreadable] == ["not JSON"]


def test_quantity_of_another_channel_is_left_alone() -> None:
    """Amazon's own stock is none of ours."""
    assert (
        parse_notification(
            _told("LISTINGS_ITEM_MFN_QUANTITY_CHANGE", QUANTITY | {"FulfillmentChannelCode": "AMAZON_EU"})
        )
        is None
    )


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        ("LISTINGS_ITEM_MFN_QUANTITY_CHANGE", QUANTITY | {"Sku": None}),
        ("LISTINGS_ITEM_MFN_QUANTITY_CHANGE", QUANTITY | {"Sku": ".."}),
        ("LISTINGS_ITEM_MFN_QUANTITY_CHANGE", QUANTITY | {"Quantity": -1}),
        ("LISTINGS_ITEM_MFN_QUANTITY_CHANGE", QUANTITY | {"Quantity": True}),
        ("LISTINGS_ITEM_MFN_QUANTITY_CHANGE", QUANTITY | {"SellerId": ""}),
        ("FEED_PROCESSING_FINISHED", {"feedProcessingFinishedNotification": FINISHED | {"feedId": "../x"}}),
        ("FEED_PROCESSING_FINISHED", {"feedProcessingFinishedNotification": FINISHED | {"sellerId": 7}}),
        ("FEED_PROCESSING_FINISHED", None),
    ],
)
def test_what_names_nothing_of_these_says_so(kind: str, payload: object) -> None:
    """A message of a kind we read, that does not say of what it is."""
    with pytest.raises(DataError):
        parse_notification(_told(kind, payload))
