"""Units kept back in the shop for what Amazon may sell before we hear of it: taken once, given back, never counted twice."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from crossdock.domain import demand as asked
from crossdock.domain.cover import cover_number, covers_of
from crossdock.domain.sellable import StockRule
from crossdock.domain.stock_policy import StockPolicy
from crossdock.domain.stock_record import StockRecord
from crossdock.flows.cover_units import _spread
from crossdock.twin.commercetools_orders import place_order
from crossdock.twin.commercetools_refusals import RefusedError
from crossdock.twin.world import Fault
from tests.flows.auditor import calls, rows
from tests.flows.test_push_stock import MUG, RISK, listed, look, watch
from tests.joined_twin import Scene, Stage, covers


def scarce(stage: Stage, left: int = 6, outlet: int = 0, policy: StockPolicy = RISK) -> Scene:
    """A few mugs are left, of which both sides sell two an hour, as was learnt before; Amazon lists some of them."""
    scene = stage.scene(stock=policy)
    if outlet:
        scene.project.add_inventory(MUG, outlet, channel_key="outlet")
    place_order(scene.project, {MUG: 1000 - left}, channel_key="warehouse")
    scene.after(minutes=1).merchant.list_goods(quantity=0)
    look(scene)
    scene.stock.store.save(MUG, replace(record(scene), demand=asked.prior(50.0, 50.0)), scene.twin.world.clock.now())
    scene.stock.look_at([MUG])
    return watch(scene, 7)


def entries(scene: Scene) -> list[dict[str, Any]]:
    """What commercetools has of the mug, the warehouse first."""
    return [each for each in list(scene.project.inventory) if each["sku"] == MUG]


def entry(scene: Scene) -> tuple[int, int]:
    """What the shop has of the mug, and what is kept back of it."""
    found = entries(scene)[0]
    return found["quantityOnStock"], sum(covers(found))


def buy(scene: Scene, units: int) -> None:
    """Somebody buys mugs on Amazon."""
    scene.merchant.buy(skus=[MUG], quantity=units, fulfilled_by="MERCHANT", settled=True)


def record(scene: Scene) -> StockRecord:
    """What we hold of the mug."""
    return scene.stock.store.find([MUG])[MUG]


def under(scene: Scene, rule: StockRule) -> Scene:
    """The scene with another rule."""
    scene.stock.policy = replace(scene.stock.policy, rule=rule)
    scene.stock.look_at([MUG])
    return scene


def test_what_amazon_may_sell_the_shop_cannot(stage: Stage) -> None:
    """The few that are left: what is on sale on Amazon is off the shop's entry, and the rest is the shop's."""
    scene = scarce(stage)
    shop, kept = entry(scene)
    assert 0 < (listed(scene) or 0) <= kept
    assert shop + kept == 6
    with pytest.raises(RefusedError):
        place_order(scene.project, {MUG: shop + 1}, channel_key="warehouse")


def test_each_unit_is_sold_once_whoever_comes_first(stage: Stage) -> None:
    """Both sides buy all they can before we hear of any of it."""
    scene = scarce(stage)
    bought = listed(scene) or 0
    shop, _ = entry(scene)
    buy(scene, bought)
    place_order(scene.project, {MUG: shop}, channel_key="warehouse")
    watch(scene, 10)
    assert sum(entry(scene)) == record(scene).available == 6 - bought - shop >= 0


def test_order_that_is_known_takes_the_place_of_what_was_kept_back(stage: Stage) -> None:
    """The claim takes the unit and the cover gives it back: the shop's entry is none the poorer, and nothing is missing."""
    scene = scarce(stage)
    buy(scene, 1)
    watch(scene, 20)
    assert sum(entry(scene)) == 5
    assert record(scene).covered == entry(scene)[1]


def test_it_comes_back_when_the_burst_is_over(stage: Stage) -> None:
    """Some are sold at once; an hour later the shop may sell what was kept back then, and nobody had to tell."""
    scene = scarce(stage, left=14)
    place_order(scene.project, {MUG: 5}, channel_key="warehouse")
    _, kept = entry(watch(scene, 1))
    shop, still_kept = entry(watch(scene, 60))
    assert shop + still_kept == 9
    assert still_kept < kept


def test_rule_that_keeps_nothing_back_gives_it_back(stage: Stage) -> None:
    """The merchant wants the shop to sell to the last unit: with the next look all of it is there."""
    scene = under(scarce(stage), StockRule(cover=False))
    watch(scene, 5)
    assert entry(scene) == (6, 0)
    assert record(scene).covered == 0


def test_shop_that_sells_meanwhile_is_no_reason_to_wait(stage: Stage) -> None:
    """The entry has moved since it was read: what is kept back is taken off what is there now, in the same look."""
    scene = scarce(stage, left=14)
    place_order(scene.project, {MUG: 5}, channel_key="warehouse")
    scene.twin.world.faults.add(Fault("commercetools.updateInventoryEntry", "conflict", times=1))
    watch(scene, 1)
    assert scene.twin.world.faults.waiting() == []
    assert entry(scene)[1] == record(scene).covered > 0
    assert rows(scene, "select code from history where code = 'record.moved'") == []


def test_no_entry_keeps_back_what_lies_in_another(stage: Stage) -> None:
    """Two warehouses have a few each: of both so much is kept back as is to be, and neither falls below nothing."""
    both = replace(RISK, channels=("warehouse", "outlet"), split_shipping=True)
    scene = scarce(stage, left=3, outlet=3, policy=both)
    stood = [(each["quantityOnStock"], sum(covers(each))) for each in entries(scene)]
    assert [sum(each) for each in stood] == [3, 3]
    assert min(left for left, _ in stood) >= 0
    assert sum(kept for _, kept in stood) == record(scene).covered > 0


def test_entries_together_keep_back_what_one_would(stage: Stage) -> None:
    """What the first keeps back the second does not keep back as well."""
    shelf = replace(scarce(stage).stock.inventory.read([MUG]).entries[0], available=6, claims={})
    kept = [units for _, units in _spread([shelf, replace(shelf, entry_id="another")], 8, "cover/")]
    assert kept == [6, 2]


def test_cover_that_commercetools_does_not_take_is_tried_again(stage: Stage) -> None:
    """The 0 that was due with it goes its way; what is to be kept back meanwhile is, seconds after commercetools answers again."""
    scene = scarce(stage, left=14)
    place_order(scene.project, {MUG: 5}, channel_key="warehouse")
    scene.stock.discover()
    scene.twin.world.faults.add(Fault("commercetools.updateInventoryEntry", "unavailable", times=None))
    scene.after(seconds=20).stock.drain(batches=5)
    assert record(scene).on_sale.zero_at_s is not None
    scene.twin.world.faults.clear()
    scene.after(seconds=6).stock.drain(batches=5)
    assert entry(scene)[1] == record(scene).covered > 0


def test_entry_that_feeds_amazon_no_more_has_all_back(stage: Stage) -> None:
    """Its channel is taken out of the policy: what was kept back of it comes back with the next look."""
    scene = scarce(stage)
    scene.stock.policy = scene.stock._batch._policy = replace(RISK, channels=("outlet",))
    scene.stock.look_at([MUG])
    watch(scene, 5)
    assert entry(scene) == (6, 0)


def test_what_another_connection_keeps_back_was_sold_by_nobody(stage: Stage) -> None:
    """Two accounts sell from one entry: what one takes off it is not available to the other, and teaches it nothing of the shop's buyers."""
    scene = scarce(stage, left=14)
    before = record(scene)
    [entry] = scene.stock.inventory.read([MUG]).entries
    scene.stock.inventory.claim(entry, 5, cover_number(covers_of("another"), MUG))
    scene.stock.look_at([MUG])
    scene.after(seconds=1).stock.drain(batches=5)
    after = record(scene)
    assert (after.available, after.lying) == (before.available - 5, before.lying)
    assert after.demand is not None
    assert before.demand is not None
    assert after.demand.shop.per_s <= before.demand.shop.per_s


def test_commercetools_that_takes_no_cover_does_not_hold_up_a_zero(stage: Stage) -> None:
    """What is to be off sale goes off sale, whatever becomes of what is kept back."""
    scene = scarce(stage)
    scene.twin.world.faults.add(Fault("commercetools.updateInventoryEntry", "unavailable", times=None))
    watch(under(scene, StockRule(cap=0)), 3)
    assert listed(scene) == 0


def test_paused_connection_still_keeps_back(stage: Stage) -> None:
    """What is on sale already is protected, whatever may be sent."""
    scene = scarce(stage, left=100)
    scene.stock.pause("stocktaking")
    place_order(scene.project, {MUG: 95}, channel_key="warehouse")
    watch(scene, 2)
    assert sum(entry(scene)) == 5
    assert entry(scene)[1] > 0


def test_look_without_news_leaves_it(stage: Stage) -> None:
    """Nothing is taken or given for the sake of looking."""
    scene = scarce(stage)
    before = entry(scene)
    updates = calls(scene, "commercetools.updateInventoryEntry")
    look(scene)
    assert (entry(scene), calls(scene, "commercetools.updateInventoryEntry")) == (before, updates)


def test_what_amazon_does_not_sell_is_the_shops(stage: Stage) -> None:
    """Taken off sale on Amazon, and seen so: all that is left is the shop's."""
    scene = scarce(stage)
    watch(under(scene, StockRule(cap=0)), 30)
    assert (listed(scene), entry(scene)) == (0, (6, 0))
