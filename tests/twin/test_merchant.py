"""The people of a simulated world: what they buy, what it adds up to, and what happens to it."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Any

import pytest

from crossdock.twin.commercetools_project import Project
from crossdock.twin.merchant import Merchant
from tests.twin.amazon_caller import MARKETPLACES, Caller

Order = dict[str, Any]
INSIDE = {"A1PA6795UKMFR9", "A1F83G8C2ARO7P", "A1VC38T7YXB528"}  # where tax is inside the prices


def _bought(caller: Caller, n: int, **wish: Any) -> list[Order]:
    return [caller.account.orders[caller.merchant.buy(**wish)] for _ in range(n)]


def _amount(money: dict[str, str]) -> Decimal:
    return Decimal(money["amount"])


def _received(breakdowns: list[Order], *, inside: bool) -> Decimal:
    """What breakdowns add up to: discounts always lower it, tax counts where it is on top."""
    signed = {"DISCOUNT": -1, "TAX": 0 if inside else 1}
    return sum(
        (
            abs(_amount(part["subtotal"])) * signed[part["type"]]
            if part["type"] == "DISCOUNT"
            else _amount(part["subtotal"]) * signed.get(part["type"], 1)
            for part in breakdowns
        ),
        Decimal(0),
    )


@pytest.mark.parametrize("marketplace_id", MARKETPLACES)
def test_the_proceeds_add_up_in_every_marketplace(caller: Caller, marketplace_id: str) -> None:
    """Lines add up to their totals, these and the tip to the grand total, details to their breakdowns: to the unit."""
    inside = marketplace_id in INSIDE
    orders = _bought(caller, 300, marketplace_id=marketplace_id)
    items = [item for order in orders for item in order["orderItems"]]
    parts = [part for item in items for part in item["proceeds"]["breakdowns"]]
    assert all(
        _amount(o["proceeds"]["grandTotal"]) == _received(o["proceeds"]["breakdowns"], inside=inside) for o in orders
    )
    assert all(
        _amount(i["proceeds"]["proceedsTotal"]) == _received(i["proceeds"]["breakdowns"], inside=inside) for i in items
    )
    assert all(
        _amount(part["subtotal"]) == sum(_amount(detail["value"]) for detail in part["detailedBreakdowns"])
        for part in parts
        if "detailedBreakdowns" in part
    )
    assert all(_of_items(order) + _tip(order) == _amount(order["proceeds"]["grandTotal"]) for order in orders)


def _of_items(order: Order) -> Decimal:
    return sum((_amount(item["proceeds"]["proceedsTotal"]) for item in order["orderItems"]), Decimal(0))


def _tip(order: Order) -> Decimal:
    tips = [part for part in order["proceeds"]["breakdowns"] if part["type"] == "DELIVERY_TIP"]
    return sum((_amount(part["subtotal"]) for part in tips), Decimal(0))


def test_about_a_third_of_the_orders_is_fulfilled_by_amazon(caller: Caller) -> None:
    """Both kinds of orders arrive, and every kind of line, programme and proceeds among them."""
    orders = _bought(caller, 600)
    by = Counter(order["fulfillment"]["fulfilledBy"] for order in orders)
    kinds = {part["type"] for order in orders for part in order["proceeds"]["breakdowns"]}
    programs = {program for order in orders for program in order["programs"]}
    discounts = {
        _sign(part) for order in orders for part in order["proceeds"]["breakdowns"] if part["type"] == "DISCOUNT"
    }
    assert 150 < by["AMAZON"] < 250
    assert kinds == {"ITEM", "SHIPPING", "GIFT_WRAP", "COD_FEE", "DISCOUNT", "TAX", "DELIVERY_TIP"}
    assert programs == {"AMAZON_BUSINESS", "PRIME"}
    assert discounts == {-1, 1}
    assert max(len(order["orderItems"]) for order in orders) == 5
    assert {order["salesChannel"]["marketplaceId"] for order in orders} == set(MARKETPLACES)


def _sign(part: Order) -> int:
    return -1 if _amount(part["subtotal"]) < 0 else 1


def test_american_tax_is_on_top_and_collected_by_amazon(caller: Caller) -> None:
    """Every line of a US order has its tax, and says that the marketplace remits it."""
    [order] = _bought(caller, 1, marketplace_id="ATVPDKIKX0DER")
    collection = {"model": "MARKETPLACE_FACILITATOR", "responsibleParty": "Amazon Services, Inc."}
    assert all(item["tax"]["taxCollections"] == [collection] for item in order["orderItems"])
    assert "TAX" in {part["type"] for part in order["proceeds"]["breakdowns"]}


def test_tax_inside_the_price_is_told_sometimes(caller: Caller) -> None:
    """In Germany some orders tell the tax inside their prices and some do not."""
    orders = _bought(caller, 60, marketplace_id="A1PA6795UKMFR9")
    told = Counter("TAX" in {part["type"] for part in order["proceeds"]["breakdowns"]} for order in orders)
    assert told[True] > told[False] > 0


def test_yen_have_no_minor_units_and_points_are_granted(caller: Caller) -> None:
    """Amounts in Japan are whole, and each line grants points."""
    [order] = _bought(caller, 1, marketplace_id="A1VC38T7YXB528")
    assert "." not in order["proceeds"]["grandTotal"]["amount"]
    points = order["orderItems"][0]["expense"]["pointsCost"]["pointsGranted"]
    assert points["pointsMonetaryValue"] == {"amount": str(points["pointsNumber"]), "currencyCode": "JPY"}


def test_the_persons_are_artificial(caller: Caller) -> None:
    """Nobody could take a buyer for a real person."""
    orders = _bought(caller, 50)
    assert {order["buyer"]["buyerName"].rsplit(" ", 1)[0] for order in orders} == {"Test Buyer"}
    assert all(order["buyer"]["buyerEmail"].endswith("@marketplace.example") for order in orders)
    assert all(order["recipient"]["deliveryAddress"]["addressLine1"].endswith("Example Street") for order in orders)


def test_the_same_seed_makes_the_same_orders(caller: Caller) -> None:
    """A run can be repeated order by order."""
    other = Caller()
    assert _bought(caller, 20) == _bought(other, 20)


def test_an_order_can_be_specified(caller: Caller) -> None:
    """What is said of a purchase is so, even a SKU nobody stocks."""
    [order] = _bought(
        caller,
        1,
        skus=["UNKNOWN-1", "MUG-2"],
        quantity=3,
        marketplace_id="A1F83G8C2ARO7P",
        fulfilled_by="AMAZON",
        programs=[],
    )
    assert [(item["product"]["sellerSku"], item["quantityOrdered"]) for item in order["orderItems"]] == [
        ("UNKNOWN-1", 3),
        ("MUG-2", 3),
    ]
    assert (order["fulfillment"]["fulfilledBy"], order["programs"]) == ("AMAZON", [])
    assert order["salesChannel"]["marketplaceName"] == "Amazon.co.uk"


def test_payments_come_through_after_a_while(caller: Caller) -> None:
    """Orders stay pending for five to thirty minutes; settling at once does not wait."""
    orders = [caller.merchant.buy() for _ in range(40)]
    caller.wait(minutes=4)
    early = caller.merchant.settle()
    caller.wait(minutes=13)
    half = caller.merchant.settle()
    rest = caller.merchant.settle(at_once=True)
    assert early == []
    assert 0 < len(half) < 40
    assert sorted(half + rest) == sorted(orders)
    assert {order["fulfillment"]["fulfillmentStatus"] for order in caller.account.orders.values()} == {"UNSHIPPED"}
    assert caller.merchant.settle(at_once=True) == []


def test_a_shipped_order_has_a_parcel_with_a_tracking_number(caller: Caller) -> None:
    """The merchant's parcel holds every item; an order Amazon ships has none."""
    own = caller.merchant.ship(caller.merchant.buy(settled=True, fulfilled_by="MERCHANT", skus=["MUG-1", "MUG-2"]))
    amazons = caller.merchant.ship(caller.merchant.buy(settled=True, fulfilled_by="AMAZON"))
    [parcel] = own["packages"]
    assert parcel["trackingNumber"]
    assert [item["orderItemId"] for item in parcel["packageItems"]] == [
        item["orderItemId"] for item in own["orderItems"]
    ]
    assert "packages" not in amazons
    assert {own["fulfillment"]["fulfillmentStatus"], amazons["fulfillment"]["fulfillmentStatus"]} == {"SHIPPED"}


def test_an_order_can_be_shipped_in_parts(caller: Caller) -> None:
    """One unit now, the rest later: two parcels, partially shipped in between."""
    order_id = caller.merchant.buy(settled=True, fulfilled_by="MERCHANT", skus=["MUG-1"], quantity=3)
    item_id = caller.account.orders[order_id]["orderItems"][0]["orderItemId"]
    partly = caller.merchant.ship(order_id, quantities={item_id: 1})
    whole = caller.merchant.ship(order_id)
    assert partly["fulfillment"]["fulfillmentStatus"] == "PARTIALLY_SHIPPED"
    assert partly["orderItems"][0]["fulfillment"]["quantityUnfulfilled"] == 2
    assert whole["fulfillment"]["fulfillmentStatus"] == "SHIPPED"
    assert [parcel["packageItems"][0]["quantity"] for parcel in whole["packages"]] == [1, 2]


def test_a_cancelled_order_says_who_cancelled_it(caller: Caller) -> None:
    """One cancelled while pending never had a price; one cancelled later keeps it."""
    never_paid = caller.merchant.cancel(caller.merchant.buy())
    later = caller.merchant.cancel(caller.merchant.buy(settled=True), by="MERCHANT", reason="NO_INVENTORY")
    execution = {"cancelledBy": "MERCHANT", "cancelReason": "NO_INVENTORY"}
    assert not {"proceeds", "recipient", "buyer"} & never_paid.keys()
    assert later["orderItems"][0]["cancellation"]["cancellationExecution"] == execution
    assert "proceeds" in later
    assert caller.merchant.settle(at_once=True) == []


def test_a_tip_becomes_final(caller: Caller) -> None:
    """A delivery tip is pending first, and final when the buyer can no longer change it."""
    tipped = next(order for order in _bought(caller, 200, marketplace_id="ATVPDKIKX0DER", settled=True) if _tip(order))
    final = caller.merchant.finalize_tip(tipped["orderId"])
    assert [part["status"] for part in final["proceeds"]["breakdowns"] if part["type"] == "DELIVERY_TIP"] == [
        "FINALIZED"
    ]


def test_the_shop_is_stocked_with_what_amazon_sells(caller: Caller) -> None:
    """Every good becomes a product with stock in the project, once, whether it was named or made up."""
    project = Project("shop", caller.world)
    merchant = Merchant(caller.world, caller.account, project, skus=["MUG-1"])
    first = merchant.stock_the_shop(2, quantity=40)
    second = merchant.stock_the_shop(1)
    entries = [(entry["sku"], entry["quantityOnStock"]) for entry in project.inventory]
    assert first == ["MUG-1", "TWIN-00002", "TWIN-00003"]
    assert second == [*first, "TWIN-00004"]
    assert entries == [("MUG-1", 40), ("TWIN-00002", 40), ("TWIN-00003", 40), ("TWIN-00004", 100)]
    assert sorted(product["masterVariant"]["sku"] for product in project.products) == second
