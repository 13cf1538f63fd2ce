"""Stock in commercetools becomes the quantity on Amazon: claims, holds, reads, and what a person must look at."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crossdock.amazon.rates import GET_LISTINGS_ITEM, PLANS
from crossdock.domain.ids import SellerSku
from crossdock.domain.sellable import StockRule
from crossdock.domain.stock_policy import StockPolicy
from crossdock.domain.timeline import State
from crossdock.twin.commercetools_orders import place_order
from tests.flows.auditor import kinds
from tests.joined_twin import START, Scene, Stage

RISK = StockPolicy(claims_from=START - timedelta(days=1), channels=("warehouse",), rule=StockRule())
MUG = SellerSku("MUG-BLUE")


@pytest.fixture
def shop(stage: Stage) -> Scene:
    """A shop whose four goods are on Amazon with nothing for sale, and the first look is over."""
    scene = stage.scene(stock=RISK)
    scene.merchant.list_goods(quantity=0)
    look(scene)
    return scene


def look(scene: Scene) -> Scene:
    """What a worker does now: search orders, hear of stock, look at every SKU that is due."""
    scene.joined.discover()
    scene.stock.list_all()
    scene.stock.list_amazon()
    scene.stock.discover()
    scene.stock.drain(batches=50)
    return scene


def watch(scene: Scene, minutes: float) -> Scene:
    """A worker at work for some minutes: messages every ten seconds, a search every three minutes, and what is due when it is due."""
    clock = scene.twin.world.clock
    ends_at = clock.now() + timedelta(minutes=minutes)
    messages_at = search_at = clock.now()
    while clock.now() < ends_at:
        if clock.now() >= messages_at:
            scene.stock.discover()
            messages_at = clock.now() + timedelta(seconds=10)
        if clock.now() >= search_at:
            scene.run()
            search_at = clock.now() + timedelta(minutes=3)
        scene.stock.drain(batches=5)
        due_at = scene.stock.inbox.next_due_at() or ends_at
        clock.advance(max(timedelta(seconds=0.2), min(messages_at, search_at, due_at, ends_at) - clock.now()))
    return scene


def listed(scene: Scene, sku: SellerSku = MUG) -> int | None:
    """What buyers can buy on Amazon now."""
    scene.account.catch_up()
    return scene.account.listings.by_sku[sku].quantity


def on_stock(scene: Scene, sku: str = MUG) -> int:
    """What commercetools has of a SKU."""
    [entry] = [each for each in list(scene.project.inventory) if each["sku"] == sku]
    quantity: int = entry["quantityOnStock"]
    return quantity


def test_first_look_lists_what_the_shop_has(shop: Scene) -> None:
    """A SKU that is on Amazon with nothing for sale is raised to what the shop can spare, and the raise is seen in effect."""
    watch(shop, 3)

    assert 500 <= (listed(shop) or 0) <= 1000
    assert shop.stock.inbox.known([MUG]) == {MUG: State.IN_SYNC}


def test_order_on_amazon_leaves_the_entry_once(shop: Scene) -> None:
    """A Pending order's units are claimed before it can be imported, and its import takes no more."""
    raised = listed(watch(shop, 3)) or 0
    order_id = shop.merchant.buy(skus=[MUG], quantity=2, fulfilled_by="MERCHANT")

    claimed = on_stock(watch(shop, 6))
    shop.merchant.settle(at_once=True)
    shop.after(minutes=5).run()
    watch(shop, 1)

    assert claimed == 998
    assert shop.numbers() == [order_id]
    assert on_stock(shop) == 998
    assert listed(shop) == raised - 2


@pytest.mark.parametrize("restock", [True, False])
def test_cancelled_order_gives_its_units_back_once(shop: Scene, *, restock: bool) -> None:
    """Whether Amazon puts the units on sale again or not, the entry has them back and what is listed is right."""
    raised = listed(watch(shop, 3)) or 0
    order_id = shop.merchant.buy(skus=[MUG], quantity=2, fulfilled_by="MERCHANT")
    watch(shop, 6)

    shop.merchant.cancel(order_id, restock=restock)
    watch(shop, 9)

    assert on_stock(shop) == 1000
    assert listed(shop) == (raised if restock else raised - 2)


def test_shop_sale_that_endangers_lowers_what_is_listed(shop: Scene) -> None:
    """What the shop sold is heard of by a message, and Amazon lists no more than there is."""
    watch(shop, 3)
    place_order(shop.project, {MUG: 900}, channel_key="warehouse")

    watch(shop, 3)

    assert 0 < (listed(shop) or 0) <= 100


def test_quantity_set_by_hand_is_answered_with_zero(shop: Scene) -> None:
    """More than anything we sent can explain: a case, 0 at once, and after an hour the right quantity."""
    watch(shop, 3)
    shop.merchant.edit_quantity(MUG, 5000)
    shop.merchant.buy(skus=[MUG], quantity=1, fulfilled_by="MERCHANT")
    shop.stock.look_at([MUG])

    watch(shop, 4)
    zero = listed(shop)
    case = kinds(shop, MUG)
    watch(shop, 65)

    assert (zero, case) == (0, ["stock.foreign_writer"])
    assert 500 <= (listed(shop) or 0) <= 999
    assert kinds(shop, MUG) == []


def test_sku_that_amazon_ships_is_left_alone(stage: Stage) -> None:
    """An FBA listing is read once and never set."""
    scene = stage.scene(stock=RISK)
    scene.merchant.list_goods([MUG], fulfilled_by="AMAZON")

    watch(look(scene), 2)

    assert scene.stock.inbox.known([MUG]) == {MUG: State.OUT_OF_SCOPE}
    assert "amazon.patchListingsItem" not in scene.twin.world.counts()


def test_sets_that_never_take_effect_are_a_case(shop: Scene) -> None:
    """Accepted twice and never shown: somebody must look at the listing."""
    watch(shop, 3)
    shop.account.listings.never_applied = 1.0
    place_order(shop.project, {MUG: 900}, channel_key="warehouse")

    watch(shop, 8)

    assert kinds(shop, MUG) == ["stock.not_applied"]


def test_paused_connection_sends_nothing_and_claims(shop: Scene) -> None:
    """A pause stops quantities, not claims; what was held back goes when it is over."""
    watch(shop, 3)
    shop.stock.pause("moving house")
    place_order(shop.project, {MUG: 900}, channel_key="warehouse")
    watch(shop, 3)
    paused = listed(shop)

    shop.stock.resume()
    watch(shop, 3)

    assert (paused or 0) > 100
    assert (listed(shop) or 0) <= 100


def test_lowering_does_not_wait_behind_a_read(shop: Scene) -> None:
    """Where our rate has no read left, what stops units from being sold twice is sent all the same; the read comes later."""
    watch(shop, 3)
    now = shop.twin.world.clock.now()
    place_order(shop.project, {MUG: 900}, channel_key="warehouse")
    shop.after(seconds=20).stock.look_at([MUG])
    shop.joined.rates.empty(GET_LISTINGS_ITEM, PLANS[GET_LISTINGS_ITEM], shop.twin.world.clock.now())

    shop.stock.drain(batches=5)

    [record] = shop.stock.store.find([MUG]).values()
    assert record.read_wanted
    assert record.sent is not None
    assert record.sent.at > now
    assert record.sent.quantity <= 100
