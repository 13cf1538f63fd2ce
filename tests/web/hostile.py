"""Texts that try to become something else, and an order, a case and a history full of them."""

from __future__ import annotations

from datetime import timedelta

from crossdock.domain.case import Case
from crossdock.domain.ids import AmazonOrderId, MarketplaceId, OrderItemId, OrderNumber, SellerSku
from crossdock.domain.money import Money
from crossdock.domain.order import AmazonOrder, ImportedLine, ImportedOrder, OrderItem
from crossdock.domain.record import Arrival, Settled
from crossdock.domain.timeline import Event, Link, Outcome, State
from crossdock.store.snapshots import encode_order
from tests.joined_twin import Scene

TEXTS = {
    "script": "<script>alert(1)</script>",
    "attribute": "\"'><img src=x onerror=alert(1)>",
    "template": "{{ 7 * 7 }}{% raw %}",
    "entity": "&lt;b&gt;&#60;",
    "url": "javascript:alert(1)//?a=b&c=d#e",
    "sql": "'; drop table inbox; --",
    "formula": '=HYPERLINK("http://evil.example")',
    "right to left": "\u202etxet\u2066 \u05d0\u05d1\u05d2",
    "replaced": "a\ufffdb\u0001\u001b[31m",
    "megabyte": "<b>" + "x" * 1_000_000,
}


def put(scene: Scene, text: str) -> str:
    """An order that says this text wherever Amazon, or a record of ours, can say anything; its id says it too, cut as ids are."""
    now = scene.twin.world.clock.now()
    order_id = f"h {text[:60]}"
    item = OrderItem(
        OrderItemId(text),
        SellerSku(text),
        text,
        text,
        1,
        Money(100, "EUR"),
        promotion_ids=(text,),
        gift_wrap_level=text,
        programs=(text,),
    )
    order = AmazonOrder(
        AmazonOrderId(order_id),
        now,
        now,
        text,
        MarketplaceId(text),
        text[:2000],
        text[:2000],
        (item,),
        text,
        now,
        now,
        (text,),
        AmazonOrderId(text),
        text,
        Money(100, "EUR"),
    )
    inbox = scene.joined.inbox
    inbox.put(
        [
            Arrival(
                order_id,
                encode_order(order),
                now,
                now,
                text[:2000],
                text[:2000],
                events=(Event("order.seen", {"status": text, text[:50]: text}),),
            )
        ],
        now,
    )
    record = inbox.find(order_id)
    assert record is not None, "the order was just put in"
    cases = (Case("order.unknown_sku", {"skus": text, text[:50]: text}, now + timedelta(hours=1), Money(100, "EUR")),)
    outcome = Outcome(
        State.CASE,
        text,
        cases=cases,
        events=(Event(text[:50], {"x": text}),),
        link=Link(text[:200], OrderNumber(text[:200]), 1),
    )
    inbox.settle([Settled(record, outcome)], now)
    return order_id


def imported(text: str) -> ImportedOrder:
    """An order in commercetools that says this text wherever it can, personal fields included."""
    fields: dict[str, object] = {
        "amazon-status": text,
        "amazon-fulfilled-by": text,
        "amazon-delivery-instructions": f"PERSONAL {text}",
        "amazon-buyer-tax-id": "PERSONAL",
    }
    line = ImportedLine(
        text,
        text,
        text,
        1,
        custom=False,
        inventory_mode=text,
        has_type=True,
        fields={"amazon-gift-message": "PERSONAL", "amazon-gift-wrap": text},
    )
    return ImportedOrder(
        text,
        1,
        OrderNumber(text),
        text,
        text,
        Money(100, "EUR"),
        (line,),
        True,
        fields,
        True,
        "PERSONAL@PERSONAL.example",
        text,
        text,
        (text,),
    )
