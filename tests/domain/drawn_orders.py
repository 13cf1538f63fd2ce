"""Orders drawn by Hypothesis: of every reading Amazon may mean, and hostile ones that no reading explains."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import strategies as st

from crossdock.domain.ids import AmazonOrderId, MarketplaceId, OrderItemId, SellerSku
from crossdock.domain.money import Money
from crossdock.domain.order import AmazonOrder, AmazonStatus, Breakdown, FulfilledBy, OrderItem

NOW = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
GERMANY = MarketplaceId("A1PA6795UKMFR9")
AMOUNTS = st.integers(0, 1_000_000)
PLAIN = ("ITEM", "SHIPPING", "GIFT_WRAP", "COD_FEE", "OTHER", "NEW_KIND")
SKUS = tuple(SellerSku(sku) for sku in ("MUG-BLUE", "MUG-RED", "TEA-GREEN"))


@st.composite
def parts(draw: st.DrawFn, amount: int, kinds: tuple[str, ...]) -> tuple[tuple[str, Money], ...]:
    """No parts at all, parts that sum to the amount, or parts that do not quite."""
    shape = draw(st.sampled_from(("none", "whole", "more")))
    if shape == "none":
        return ()
    first = draw(st.integers(-amount, amount)) if amount else 0
    rest = amount - first + (draw(st.integers(-5, 5)) if shape == "more" else 0)
    chosen = draw(st.lists(st.sampled_from(kinds), min_size=2, max_size=2))
    return tuple((kind, Money(value, "EUR")) for kind, value in zip(chosen, (first, rest), strict=True))


@st.composite
def rows(draw: st.DrawFn) -> tuple[Breakdown, ...]:
    """The proceeds of one item."""
    plain = [
        Breakdown(kind, Money(draw(AMOUNTS), "EUR")) for kind in draw(st.lists(st.sampled_from(PLAIN), max_size=4))
    ]
    made: list[Breakdown] = [*plain]
    for kind in draw(st.lists(st.sampled_from(("TAX", "DISCOUNT")), max_size=3)):
        amount = draw(st.integers(-10_000, 10_000))
        made.append(Breakdown(kind, Money(amount, "EUR"), draw(parts(abs(amount), (*PLAIN, "DISCOUNT")))))
    return tuple(made)


@st.composite
def items(draw: st.DrawFn, number: int) -> OrderItem:
    """One item; some have a unit price and no ITEM row."""
    quantity = draw(st.integers(0, 12))
    fulfilled = draw(st.integers(0, quantity))
    price = draw(st.none() | st.integers(0, 100_000))
    return OrderItem(
        order_item_id=OrderItemId(f"{number:014d}"),
        seller_sku=draw(st.sampled_from(SKUS)),
        asin="B000000001",
        title="Example article",
        quantity=quantity,
        unit_price=None if price is None else Money(price, "EUR"),
        proceeds=draw(rows()),
        quantity_fulfilled=fulfilled,
        quantity_unfulfilled=draw(st.none() | st.integers(0, quantity - fulfilled)),
        facilitator=draw(st.sampled_from(("", "", "Amazon Services, Inc."))),
        cancellation_requested=draw(st.booleans()),
    )


@st.composite
def orders(draw: st.DrawFn) -> AmazonOrder:
    """One order, whoever ships it and however far it is; its total follows one of the readings, or none, or is not told."""
    made = tuple(draw(items(number)) for number in range(draw(st.integers(1, 4))))
    of_the_order = tuple(
        Breakdown(kind, Money(draw(st.integers(-5_000, 5_000)), "EUR"))
        for kind in draw(
            st.lists(st.sampled_from(("DELIVERY_TIP", "TAX", "DISCOUNT", "SHIPPING", "SURPRISE")), max_size=3)
        )
    )
    order = AmazonOrder(
        order_id=AmazonOrderId("302-0000001-0000001"),
        created_at=NOW,
        updated_at=NOW,
        channel_name="AMAZON",
        marketplace_id=GERMANY,
        status=draw(st.sampled_from([*AmazonStatus, "SOMETHING_NEW"])),
        fulfilled_by=draw(st.sampled_from([*FulfilledBy, "SOMEBODY_ELSE"])),
        items=made,
        programs=tuple(draw(st.lists(st.sampled_from(("PRIME", "IN_STORE_PICK_UP", "AMAZON_EASY_SHIP")), max_size=1))),
        ship_by_at=NOW,
        proceeds=of_the_order,
    )
    amounts = [row.amount.minor_units for item in made for row in item.proceeds]
    tax = sum(row.amount.minor_units for item in made for row in item.proceeds if row.type == "TAX")
    total = draw(st.none() | st.sampled_from([sum(amounts), sum(amounts) - tax]) | st.integers(-100, 2_000_000))
    return replace(order, grand_total=None if total is None else Money(total, "EUR"))


@st.composite
def importable(draw: st.DrawFn, by: tuple[FulfilledBy, ...] = tuple(FulfilledBy)) -> AmazonOrder:
    """An order that is imported where its goods are known: priced, with something to send, of no programme."""
    order = draw(orders())
    status = draw(st.sampled_from((AmazonStatus.UNSHIPPED, AmazonStatus.PARTIALLY_SHIPPED, AmazonStatus.SHIPPED)))
    priced = [item if item.unit_price else replace(item, unit_price=Money(1999, "EUR")) for item in order.items]
    first = replace(priced[0], quantity=priced[0].quantity + 1, quantity_unfulfilled=None)
    return replace(
        order, status=status, fulfilled_by=draw(st.sampled_from(by)), programs=(), items=(first, *priced[1:])
    )
