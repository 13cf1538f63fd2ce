"""An hour at a shop whose stock is joined, for pages to show: plenty and scarce SKUs, one of each trouble, and names that are hard on addresses."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

from crossdock.domain.ids import SellerSku
from crossdock.domain.sellable import StockRule
from crossdock.domain.stock_policy import StockPolicy
from crossdock.twin.commercetools_orders import place_order
from crossdock.twin.merchant import SoldOut
from tests.joined_twin import START, Scene, Stage

POOL = StockPolicy(
    claims_from=START - timedelta(days=1),
    channels=("warehouse",),
    rule=StockRule(),
    rules={"TEA-GREEN": StockRule(cap=8, buffer_units=2)},
)
ODD = "KIT 100%/2 \u00e4#?&'<b>"
SCARCE, FOUGHT_OVER, SHIPPED_BY_AMAZON, SOLD_OUT = "LAMP-01", "MUG-RED", "BOOK-FBA", "VASE-07"


def stock_up(stage: Stage, *, minutes: int = 60) -> Scene:
    """A shop that sells on both sides every few minutes."""
    scene = stage.scene(stock=POOL, marketplaces=("A1PA6795UKMFR9",), seed=5)
    for sku, units in ((ODD, 40), (SHIPPED_BY_AMAZON, 10), (SOLD_OUT, 1)):
        scene.project.add_product(sku, f"Example article {sku}")
        scene.project.add_inventory(sku, units, channel_key="warehouse")
    scene.merchant.list_goods(quantity=0)
    scene.merchant.list_goods([ODD, SOLD_OUT], quantity=0)
    scene.merchant.list_goods([SHIPPED_BY_AMAZON], fulfilled_by="AMAZON")
    place_order(scene.project, {SCARCE: 982, "TEA-GREEN": 970}, channel_key="warehouse")
    # What an order took shows late: seen before, it would be learnt as a rush.
    scene.after(seconds=15)
    scene.stock.list_all()
    scene.stock.list_amazon()
    work(scene, minutes=4)
    for step in range(minutes // 5):
        if step % 2:
            with suppress(SoldOut):
                scene.merchant.buy(skus=[SCARCE if step % 3 else "MUG-BLUE"], quantity=1, fulfilled_by="MERCHANT")
        else:
            place_order(scene.project, {"TEA-GREEN" if step % 4 else SCARCE: 1}, channel_key="warehouse")
        scene.merchant.settle()
        work(scene, minutes=5)
    scene.merchant.edit_quantity(FOUGHT_OVER, 5000)
    scene.stock.look_at([SellerSku(FOUGHT_OVER)])
    work(scene, minutes=2)
    place_order(scene.project, {SCARCE: 2}, channel_key="warehouse")
    work(scene, minutes=0.4)
    return scene


def work(scene: Scene, *, minutes: float) -> None:
    """What a worker does in that time: messages every ten seconds, a search every three minutes, and what is due when it is due."""
    clock = scene.twin.world.clock
    ends_at = clock.now() + timedelta(minutes=minutes)
    search_at = clock.now()
    while clock.now() < ends_at:
        if clock.now() >= search_at:
            scene.run()
            search_at = clock.now() + timedelta(minutes=3)
        scene.stock.discover()
        scene.stock.drain(batches=5)
        clock.advance(min(timedelta(seconds=10), ends_at - clock.now()))
    scene.stock.drain(batches=5)
