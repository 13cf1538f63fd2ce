"""A rush that nobody announced: what all SKUs sell on Amazon now, over what they usually sell, multiplies what is expected of each."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from crossdock.domain.ids import SellerSku
from crossdock.domain.peaks import Boost
from crossdock.domain.stock_policy import Peak, StockPolicy
from tests.flows.test_push_stock import MUG, RISK, look, watch
from tests.joined_twin import START, Scene, Stage

LAMP = SellerSku("LAMP-01")
DAY = Boost((START + timedelta(hours=1)).timestamp(), (START + timedelta(days=1)).timestamp(), 8.0)


def usual_hours(stage: Stage, policy: StockPolicy = RISK) -> Scene:
    """A shop at which Amazon sold a mug every five minutes for longer than an hour."""
    scene = stage.scene(stock=policy)
    scene.merchant.list_goods(quantity=0)
    watch(look(scene), 3)
    for _ in range(15):
        scene.merchant.buy(skus=[MUG], quantity=1, fulfilled_by="MERCHANT")
        watch(scene, 5)
    return scene


def rush(scene: Scene, minutes: float) -> Scene:
    """So long Amazon sells sixteen mugs every two minutes."""
    for _ in range(round(minutes / 2)):
        scene.merchant.buy(skus=[MUG], quantity=16, fulfilled_by="MERCHANT")
        watch(scene, 2)
    return scene


def pace_of(scene: Scene, sku: SellerSku = LAMP) -> float:
    """What the next look at the SKU multiplies its usual rates by."""
    scene.stock.prepare([])
    return scene.stock._known(sku).outlook.pace


def test_rush_of_one_sku_is_expected_of_all(stage: Stage) -> None:
    """Some forty times the usual are believed as far as so few units can be, of a SKU nobody bought as well; half an hour later it is over."""
    scene = usual_hours(stage)
    usual = pace_of(scene)

    rushing = pace_of(rush(scene, 14))
    after = pace_of(watch(scene, 30))

    assert usual == pytest.approx(1.0, abs=0.1)
    assert rushing > 1.8
    assert after < 1.0


def test_announced_peak_is_not_reckoned_with_twice(stage: Stage) -> None:
    """Eight times the usual where eight times were announced is the usual pace."""
    announced = replace(RISK, peaks=(Peak(DAY, ("MUG-*",)),))

    scene = rush(usual_hours(stage, announced), 14)

    assert pace_of(scene) < 1.3


def test_search_that_is_behind_tells_no_pace(stage: Stage) -> None:
    """What was measured of a time long ago says nothing of now."""
    scene = rush(usual_hours(stage), 14)

    assert pace_of(scene) > 1.8
    assert pace_of(scene.after(minutes=30)) == 1.0


def test_first_hour_is_not_called_usual(stage: Stage) -> None:
    """A shop that was joined a moment ago may sell so much every day."""
    scene = stage.scene(stock=RISK)
    scene.merchant.list_goods(quantity=0)
    watch(look(scene), 3)

    assert pace_of(rush(scene, 20)) == 1.0
