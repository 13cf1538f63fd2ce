"""Proof: Amazon's units lie in an entry of their own, and nothing is listed that is not there beside all that may be sold already."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crossdock.domain.sellable import StockRule
from crossdock.domain.stock_policy import StockPolicy
from crossdock.twin.commercetools_orders import place_order
from tests.flows.test_push_stock import MUG, listed, look, watch
from tests.joined_twin import START, Scene, Stage

PROOF = StockPolicy(
    claims_from=START - timedelta(days=1),
    channels=("warehouse",),
    escrow_channel="escrow",
    rule=StockRule(mode="proof"),
)


@pytest.fixture
def shop(stage: Stage) -> Scene:
    """A shop in proof mode whose goods are on Amazon with nothing for sale."""
    scene = stage.scene(stock=PROOF)
    scene.merchant.list_goods(quantity=0)
    return look(scene)


def shelves(scene: Scene) -> dict[str, int]:
    """What commercetools has of the mug, by channel."""
    keys = {channel["id"]: channel["key"] for channel in list(scene.project.channels)}
    return {
        keys[entry["supplyChannel"]["id"]]: entry["quantityOnStock"]
        for entry in list(scene.project.inventory)
        if entry["sku"] == MUG
    }


def test_units_move_into_the_escrow_and_are_listed(shop: Scene) -> None:
    """Units leave the shop's entry for Amazon's, none is lost, and no more is listed than lies there."""
    held = shelves(watch(shop, 12))

    assert sum(held.values()) == 1000
    assert 0 < (listed(shop) or 0) <= held["escrow"]


def test_order_takes_from_the_escrow_and_a_cancellation_gives_back_to_it(shop: Scene) -> None:
    """What Amazon sold leaves the escrow, not the shop's entry; what is cancelled returns there."""
    before = shelves(watch(shop, 12))
    order_id = shop.merchant.buy(skus=[MUG], quantity=3, fulfilled_by="MERCHANT")
    sold = shelves(watch(shop, 6))
    shop.merchant.cancel(order_id, restock=True)
    back = shelves(watch(shop, 6))

    assert sum(before.values()) - sum(sold.values()) == 3
    assert sum(back.values()) == 1000
    assert (listed(shop) or 0) <= back["escrow"]


def test_shop_that_sells_out_gets_back_only_what_is_free(shop: Scene) -> None:
    """The shop sells all of its own; what Amazon has on sale stays covered by the escrow at every moment."""
    watch(shop, 12)
    place_order(shop.project, {MUG: shelves(shop)["warehouse"]}, channel_key="warehouse")

    covered = [(listed(watch(shop, 1)) or 0) <= shelves(shop)["escrow"] for _ in range(15)]

    assert covered == [True] * 15
