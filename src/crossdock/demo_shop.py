"""The simulated shop behind `crossdock demo` and `crossdock twin`: what it sells, what was bought before the first minute, what it lists on Amazon."""

from __future__ import annotations

from datetime import timedelta

from crossdock.start_up import now
from crossdock.twin.amazon import SellerAccount
from crossdock.twin.both import Twin
from crossdock.twin.commercetools_orders import place_order
from crossdock.twin.commercetools_project import Project
from crossdock.twin.merchant import Merchant
from crossdock.twin.trading_month import trade_a_month
from crossdock.twin.world import Clock, World

SKUS = ("MUG-BLUE", "MUG-RED", "TEA-GREEN", "TEA-BLACK", "LAMP-DESK", "LAMP-FLOOR", "BOOK-COOKING", "BOOK-GARDEN")
MARKETPLACES = {"DE": "A1PA6795UKMFR9", "GB": "A1F83G8C2ARO7P", "FR": "A13V1IB3VIYZZH"}
BY_AMAZON = ("BOOK-COOKING", "BOOK-GARDEN")
SCARCE = {"LAMP-FLOOR": 30, "TEA-BLACK": 40}
ON_STOCK = 250
EARLIER_HOURS = 30
# A month of trade before that, paid out.
MONTH_DAYS, MONTH_ORDERS = 30, 90


def selling_shop(
    seed: int, earlier: int, *, listed: bool = False, paid: bool = False
) -> tuple[Twin, SellerAccount, Project, Merchant]:
    """A shop that has been selling for a day or two. `listed`: its goods are on Amazon with nothing for sale yet; `paid`: a month before that is paid out."""
    begins = now() - timedelta(hours=EARLIER_HOURS)
    clock = Clock(begins - timedelta(days=MONTH_DAYS if paid else 0), speed=1.0)
    twin = Twin(World(seed=seed, clock=clock))
    account = twin.amazon.add_account(seller_id="A1DEMOSELLER", marketplace_ids=tuple(MARKETPLACES.values()))
    project = twin.commercetools.add_project("demo-shop")
    project.add_client("demo", "demo-secret")
    project.add_channel("warehouse", "InventorySupply")
    merchant = twin.add_merchant(Merchant(twin.world, account, project, skus=SKUS))
    merchant.stock_the_shop(quantity=ON_STOCK, channel_key="warehouse")
    if paid:
        trade_a_month(merchant, MONTH_ORDERS, days=MONTH_DAYS)
    step = timedelta(hours=EARLIER_HOURS) / (earlier + 8)
    for number in range(earlier):
        order_id = merchant.buy(settled=number < earlier - 3, notify=False)
        if number < earlier // 3:
            merchant.ship(order_id)
        clock.advance(step)
    merchant.buy(skus=["MUG-DISCONTINUED"], fulfilled_by="MERCHANT", settled=True, notify=False)
    merchant.buy(skus=["TEA-GREEN"], fulfilled_by="MERCHANT", programs=["IN_STORE_PICK_UP"], settled=True, notify=False)
    merchant.request_cancellation(merchant.buy(skus=["LAMP-DESK"], fulfilled_by="MERCHANT", settled=True, notify=False))
    if listed:
        list_goods(merchant, project)
    account.notifications.clear()
    clock.advance(now() - clock.now())
    return twin, account, project, merchant


def list_goods(merchant: Merchant, project: Project) -> None:
    """Put the goods on Amazon with nothing for sale yet, two of them in Amazon's own warehouse; of some the shop has sold nearly all."""
    merchant.list_goods([sku for sku in SKUS if sku not in BY_AMAZON])
    merchant.list_goods(BY_AMAZON, fulfilled_by="AMAZON")
    place_order(project, {sku: ON_STOCK - left for sku, left in SCARCE.items()}, channel_key="warehouse")
