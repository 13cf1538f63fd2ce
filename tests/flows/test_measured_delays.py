"""How late things are known is measured at work: orders, what the shop sells, and quantities that were sent."""

from __future__ import annotations

from crossdock.domain.delays import KEPT_MIN
from crossdock.domain.ids import SellerSku
from crossdock.joined_delays import DELAYS
from crossdock.twin.commercetools_orders import place_order
from tests.flows.auditor import rows
from tests.flows.test_push_stock import MUG, RISK, look, watch
from tests.joined_twin import Scene, Stage


def selling(stage: Stage) -> Scene:
    """A shop whose goods are on Amazon, where whatever is listed was seen."""
    scene = stage.scene(stock=RISK)
    scene.merchant.list_goods(quantity=0)
    return watch(look(scene), 4)


def kept(scene: Scene, kind: str) -> list[float]:
    """What was measured of one kind, in seconds."""
    found: list[float] = (scene.stock._cursors.find(DELAYS) or {}).get(kind, [])
    return found


def test_set_that_a_read_showed_in_time_is_as_assumed(stage: Stage) -> None:
    """Each of the first sets was in effect by the read at its usual time."""
    scene = selling(stage)

    assert set(kept(scene, "sets")) == {45.0}


def test_slow_sets_are_measured_by_the_read_that_shows_them(stage: Stage) -> None:
    """Where Amazon takes four minutes, and 0 is sent again meanwhile, the delay is at least that, and not a read's distance more."""
    scene = selling(stage)
    before = len(kept(scene, "sets"))
    scene.account.listings.delay_s = (240.0, 240.0)
    place_order(scene.project, {MUG: 990}, channel_key="warehouse")

    watch(scene, 12)

    [late_s] = kept(scene, "sets")[before:]
    assert 240.0 <= late_s <= 240.0 + 62.0


def test_notification_tells_when_a_set_took_effect(stage: Stage) -> None:
    """By Amazon's own time of it, to the second, before any read; told twice and late it is the same."""
    scene = selling(stage)
    before = len(kept(scene, "sets"))
    scene.account.listings.delay_s = (20.0, 20.0)
    place_order(scene.project, {MUG: 990}, channel_key="warehouse")
    watch(scene, 0.3)
    scene.account.catch_up()
    scene.after(seconds=30).account.catch_up()

    scene.joined.take_notifications(list(scene.account.notifications))

    assert kept(scene, "sets")[before:] == [20.0]


def test_what_the_shop_sells_is_known_after_its_lag(stage: Stage) -> None:
    """A message every ten seconds, and the ten that commercetools takes to show what an order took."""
    scene = selling(stage)
    before = len(kept(scene, "shop"))
    place_order(scene.project, {MUG: 1}, channel_key="warehouse")

    watch(scene, 0.5)

    late = kept(scene, "shop")[before:]
    assert late
    assert all(10.0 <= late_s <= 20.5 for late_s in late)


def test_what_was_measured_is_reckoned_with(stage: Stage) -> None:
    """Twenty slow sets, and the desk's view of a SKU tells of them after its next look."""
    scene = selling(stage)
    scene.stock._cursors.save(
        DELAYS, {"sets": [300.0] * KEPT_MIN, "shop": [70.0] * KEPT_MIN}, scene.twin.world.clock.now()
    )
    place_order(scene.project, {MUG: 1}, channel_key="warehouse")

    watch(scene, 1)

    [row] = rows(scene, "select view from stock where seller_sku = %s", MUG)
    assert (row["view"]["effect_s"], row["view"]["shop_seen_s"]) == (300, 70)


def read_every_s_after(scene: Scene) -> float:
    """How often the neediest SKUs are read, a drain later."""
    scene.after(seconds=31).stock.drain(batches=1)
    return scene.stock._delays.now().read_every_s


def test_rarer_reads_are_reckoned_with_where_more_are_wanted_than_amazon_gives(stage: Stage) -> None:
    """Thousands of SKUs want a read within half a minute; once they do not any more, the neediest are read every half minute again."""
    scene = stage.scene(stock=RISK)
    delays = scene.stock._delays
    assert delays.now().read_every_s == 30.0
    list(map(delays.want_read, (SellerSku(f"SKU-{number}") for number in range(2_000))))
    scene.after(seconds=31).stock.drain(batches=1)
    assert delays.now().read_every_s > 60.0
    quiet = [read_every_s_after(scene) for _ in range(8)]
    assert quiet == sorted(quiet, reverse=True)
    assert quiet[-1] == 30.0


def test_read_that_is_wanted_is_counted(stage: Stage) -> None:
    """Whether or not the account's rate had one left."""
    scene = stage.scene(stock=RISK)
    scene.merchant.list_goods(quantity=0)
    look(scene)
    scene.after(minutes=2).stock.drain(batches=5)
    scene.stock.look_at([MUG])
    scene.stock.drain(batches=5)
    assert MUG in scene.stock._delays._wanted
