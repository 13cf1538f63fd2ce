"""A plan made by a process of its own shows what the worker would send: decided by the same delays, the same pace, the same search."""

from __future__ import annotations

from dataclasses import replace

from crossdock.domain.delays import KEPT_MIN
from crossdock.domain.demand import prior
from crossdock.joined_delays import DELAYS
from crossdock.twin.commercetools_orders import place_order
from tests.flows.auditor import rows
from tests.flows.dying import restarted
from tests.flows.test_push_stock import MUG, RISK, listed, look, watch
from tests.joined_twin import Scene, Stage


def selling_fast(stage: Stage) -> Scene:
    """A shop that sells four mugs a minute and has a hundred left, and whose sets take a quarter of an hour."""
    scene = stage.scene(stock=RISK)
    scene.merchant.list_goods(quantity=0)
    watch(look(scene), 2)
    now = scene.twin.world.clock.now()
    record = scene.stock.store.find([MUG])[MUG]
    scene.stock.store.save(MUG, replace(record, demand=prior(3_000, 6_000, weight_units=50)), now, view={})
    scene.stock._cursors.save(DELAYS, {"sets": [900.0] * KEPT_MIN}, now)
    return sell(scene, 900).after(seconds=15)


def sell(scene: Scene, units: int) -> Scene:
    """One order of the shop."""
    place_order(scene.project, {MUG: units}, channel_key="warehouse")
    return scene


def test_plan_of_another_process_is_what_the_worker_sends(stage: Stage) -> None:
    """Decided with the delays that were measured, not with those a process begins with; nothing is written for it."""
    scene = selling_fast(stage)
    world = scene.twin.world
    other = restarted(scene.joined, scene.twin.handle, stage.database, world.clock.now)
    before = rows(scene, "select * from stock order by seller_sku")

    assert other.stock is not None
    [planned] = other.stock.plans.make([MUG]).changes
    unchanged = rows(scene, "select * from stock order by seller_sku") == before
    scene.joined = restarted(other, scene.twin.handle, stage.database, world.clock.now)
    scene.stock.look_at([MUG])
    scene.stock.drain(batches=50)
    scene.after(minutes=2)

    assert unchanged
    assert (planned.seller_sku, planned.quantity) == (MUG, listed(scene))
