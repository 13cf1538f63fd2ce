"""Peaks and deals that the policy announces: prepared for before they begin, also where nothing else happens, and never learnt as the usual."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from crossdock.domain.demand import Rate
from crossdock.domain.ids import SellerSku
from crossdock.domain.peaks import Boost
from crossdock.domain.sellable import StockRule
from crossdock.domain.stock_look import PRIOR
from crossdock.domain.stock_policy import Peak, StockPolicy
from crossdock.twin.commercetools_orders import place_order
from tests.flows.test_push_stock import RISK, listed, look, watch
from tests.joined_twin import START, Scene, Stage

MUG, LAMP, TEA = SellerSku("MUG-BLUE"), SellerSku("LAMP-01"), SellerSku("TEA-GREEN")
BEGINS, ENDS = START + timedelta(hours=1), START + timedelta(hours=2)


def announcing(*skus: str, times: float = 1000.0) -> StockPolicy:
    """The policy with a peak of an hour, of these SKUs; the shop sells to the last unit, so that it can sell in it."""
    peak = Peak(Boost(BEGINS.timestamp(), ENDS.timestamp(), times), skus)
    return replace(RISK, rule=StockRule(cover=False), peaks=(peak,))


def scarce(stage: Stage, policy: StockPolicy, connection_id: str = "eu") -> Scene:
    """Ten mugs and ten lamps are left, on sale on both sides, and nobody buys."""
    scene = stage.scene(stock=policy, connection_id=connection_id)
    place_order(scene.project, {MUG: 990, LAMP: 990}, channel_key="warehouse")
    scene.after(minutes=1).merchant.list_goods(quantity=0)
    return watch(look(scene), 10)


def watch_until(scene: Scene, **before_the_peak: float) -> Scene:
    """A worker at work until so long before the peak begins."""
    span = BEGINS - timedelta(**before_the_peak) - scene.twin.world.clock.now()
    return watch(scene, span.total_seconds() / 60)


def swept(scene: Scene) -> list[str]:
    """The SKUs that a sweep finds; they are looked at."""
    scene.stock.drain(batches=5)
    scene.stock.sweep()
    found = scene.stock.inbox.due(scene.twin.world.clock.now(), 10)
    scene.stock.drain(batches=5)
    return sorted(record.record_id for record in found)


def sell_in_the_peak(scene: Scene) -> Rate:
    """Every ten minutes of the peak somebody buys a mug in the shop; answers what was learnt of the shop's buyers."""
    watch_until(scene, minutes=-1)
    for _ in range(6):
        place_order(scene.project, {MUG: 1}, channel_key="warehouse")
        watch(scene, 9)
    [record] = scene.stock.store.find([MUG]).values()
    assert record.demand is not None, "it was looked at"
    return record.demand.shop


def test_less_is_listed_before_a_peak_begins(stage: Stage) -> None:
    """Nothing happens to the SKU, and two minutes before the peak it is looked at: what both sides could sell at once is kept back by the time it begins."""
    scene = scarce(stage, announcing("MUG-*"))
    usual = listed(watch_until(scene, minutes=3)), listed(scene, LAMP)

    watch_until(scene, seconds=5)

    assert usual[0] == usual[1]
    assert 0 <= (listed(scene) or 0) < (usual[0] or 0)
    assert listed(scene, LAMP) == usual[1]


def test_more_is_listed_when_a_peak_is_over(stage: Stage) -> None:
    """Its end is a look as well, although nothing else happens to the SKU."""
    scene = scarce(stage, announcing("*"))
    peak = listed(watch_until(scene, minutes=-59))

    after = listed(watch_until(scene, minutes=-64))

    assert (peak or 0) < (after or 0)


def test_peak_announced_while_a_sku_sleeps_wakes_it(stage: Stage) -> None:
    """A policy that came to say so after the last look counts as well: the sweep finds whom it is about, once."""
    scene = scarce(stage, RISK)
    usual = listed(scene)
    # What moved last is swept again each time.
    place_order(scene.project, {TEA: 1}, channel_key="warehouse")
    swept(scene.after(minutes=1))

    before = swept(scene)
    scene.joined.stock = scene.joined._stock(announcing("MUG-*"), scene.joined._clock)
    woken, again = swept(scene), swept(scene)
    watch_until(scene, seconds=5)

    assert (before, woken, again) == ([TEA], [MUG, "MUG-RED", TEA], [TEA])
    assert (listed(scene) or 0) < (usual or 0)


def test_peak_is_not_learnt_as_the_usual_rate(stage: Stage) -> None:
    """What was sold in an announced peak makes nobody believe that so much is sold every day; not announced, it does."""
    told = sell_in_the_peak(scarce(stage, announcing("*")))
    untold = sell_in_the_peak(scarce(stage, RISK, "us"))

    assert told.per_s < PRIOR.shop.per_s < untold.per_s / 3
