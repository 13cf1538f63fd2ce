"""Amazon's share of what all SKUs sell: measured out of what was learnt of them, kept for an hour, and used for each."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crossdock.domain import demand as asked
from crossdock.domain.ids import SellerSku
from crossdock.domain.stock_record import StockRecord
from tests.flows.test_push_stock import MUG, RISK
from tests.joined_twin import Scene, Stage


def learnt(scene: Scene, sku: str, amazon_a_day: float, shop_a_day: float, fulfilled_by: str = "MERCHANT") -> None:
    """A SKU of which this was learnt."""
    record = scene.stock.store.find([SellerSku(sku)]).get(SellerSku(sku), StockRecord())
    told = replace(record, fulfilled_by=fulfilled_by, demand=asked.prior(amazon_a_day, shop_a_day))
    scene.stock.store.save(SellerSku(sku), told, scene.twin.world.clock.now())


def share(scene: Scene) -> float:
    """What the next look reckons with."""
    scene.stock.prepare([])
    return scene.stock._known(MUG).outlook.amazon_share


def test_share_is_half_before_anything_was_learnt(stage: Stage) -> None:
    """Nothing is kept of that: what is learnt next is measured at once."""
    scene = stage.scene(stock=RISK)
    assert share(scene) == 0.5
    learnt(scene, "CUP", 90.0, 10.0)
    assert share(scene) == pytest.approx(0.9)


def test_share_is_that_of_what_the_merchant_ships(stage: Stage) -> None:
    """Of all such SKUs together; what Amazon ships sells none of the shop's units."""
    scene = stage.scene(stock=RISK)
    learnt(scene, "CUP", 60.0, 10.0)
    learnt(scene, "POT", 0.0, 30.0)
    learnt(scene, "BOOK", 5_000.0, 1.0, fulfilled_by="AMAZON")
    assert share(scene) == pytest.approx(0.6, abs=0.001)


def test_share_is_measured_once_an_hour(stage: Stage) -> None:
    """It is one of all SKUs, and changes slowly."""
    scene = stage.scene(stock=RISK)
    learnt(scene, "CUP", 60.0, 40.0)
    first = share(scene)
    learnt(scene, "CUP", 10.0, 90.0)
    assert share(scene.after(minutes=59)) == first == pytest.approx(0.6)
    assert share(scene.after(minutes=2)) == pytest.approx(0.1)
