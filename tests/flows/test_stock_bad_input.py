"""Stock under bad input: wrong clocks, shared units, deleted things, odd names, refusals and lost messages never list what cannot be sold."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from crossdock import events
from crossdock.domain.ids import AmazonOrderId, SellerSku
from crossdock.domain.record import Record
from crossdock.domain.sellable import StockRule
from crossdock.domain.stock_policy import StockPolicy
from crossdock.domain.stock_record import StockRecord
from crossdock.domain.timeline import State
from crossdock.engine import schedule
from crossdock.errors import ConfigError, Conflict
from crossdock.routines import Ran, run_routine
from crossdock.twin.commercetools_orders import place_order
from crossdock.twin.world import Fault, Request, Response
from tests.flows.auditor import all_kinds, calls, fail, imported, kinds, write
from tests.flows.conftest import a_name
from tests.joined_twin import START, Handle, Scene, Stage, covers

RISK = StockPolicy(claims_from=START - timedelta(days=1), channels=("warehouse",))
PROOF = replace(RISK, escrow_channel="escrow", rule=StockRule(mode="proof"))
MUG, OTHER = SellerSku("MUG-BLUE"), SellerSku("MUG-BLUE-2")
SHARED = {OTHER: MUG}


@pytest.fixture(autouse=True)
def quiet() -> None:
    """Dozens of workers would say dozens of times the same."""
    events.silence()


def opened(stage: Stage, *skus: str, policy: StockPolicy = RISK, **more: Any) -> Scene:
    """A shop whose mug, or these SKUs, are on Amazon with nothing for sale, and everything was looked at once."""
    scene = stage.scene(connection_id=a_name(), stock=policy, **more)
    scene.account.listings.delay_s = (5.0, 5.0)
    scene.merchant.list_goods(skus or [MUG], quantity=0)
    return looked(scene)


def looked(scene: Scene) -> Scene:
    """The first look on both sides."""
    scene.joined.discover()
    scene.stock.list_all()
    scene.stock.list_amazon()
    scene.stock.drain(batches=20)
    return scene


def watch(scene: Scene, minutes: float, *, every_s: float = 20.0, search: bool = True) -> Scene:
    """A worker at work for so long; orders are searched for every three minutes, unless nobody searches."""
    for turn in range(int(minutes * 60 / every_s)):
        if search and turn % int(180 / every_s) == 0:
            scene.joined.discover()
        scene.stock.discover()
        scene.stock.drain(batches=5)
        scene.after(seconds=every_s)
    return scene


def listed(scene: Scene, sku: SellerSku = MUG) -> int:
    """What buyers can buy on Amazon now."""
    scene.account.catch_up()
    return scene.account.listings.by_sku[sku].quantity or 0


def held(scene: Scene, sku: SellerSku = MUG) -> StockRecord:
    """What we hold of a SKU."""
    return scene.stock.store.find([sku])[sku]


def entries(scene: Scene, sku: str = MUG) -> list[dict[str, Any]]:
    """What commercetools has of a SKU."""
    return [each for each in list(scene.project.inventory) if each["sku"] == sku]


def on_stock(scene: Scene, sku: str = MUG) -> int:
    """All of it, what is kept back in the shop counted in."""
    return sum(entry["quantityOnStock"] + sum(covers(entry)) for entry in entries(scene, sku))


def notes(scene: Scene) -> int:
    """How many claims are noted on the mug's entries, covers aside."""
    fields = [(entry, entry.get("custom", {}).get("fields", {})) for entry in entries(scene)]
    return sum(len(noted.get("amazon-claims", [])) - len(covers(entry)) for entry, noted in fields)


def counted_anew(scene: Scene, quantity: int) -> Scene:
    """Somebody sets what commercetools has of the mug by hand."""
    [entry] = entries(scene)
    changed = {"quantityOnStock": quantity, "availableQuantity": quantity, "version": entry["version"] + 1}
    scene.project.inventory.put(entry | changed | {"lastModifiedAt": scene.project.now()})
    return scene


def buy(scene: Scene, units: int, sku: str = MUG) -> str:
    """Somebody orders on Amazon."""
    return scene.merchant.buy(skus=[sku], quantity=units, fulfilled_by="MERCHANT")


# --- clocks


@pytest.mark.parametrize("minutes", [-5, 0, 5])
def test_clock_of_ours_that_is_wrong_holds_no_less_than_is_on_sale(shared_stage: Stage, minutes: int) -> None:
    """An order made just before a read is in what the read shows: by Amazon's clock, or by ours where that is later."""
    scene = shared_stage.scene(connection_id=a_name(), stock=RISK, ahead=timedelta(minutes=minutes))
    scene.account.listings.delay_s = (5.0, 5.0)
    scene.merchant.list_goods([MUG], quantity=0)
    scene.stock.list_all()
    scene.stock.list_amazon()
    watch(scene, 8, search=False)
    order_id = buy(scene, 5)

    scene.after(seconds=10).stock.look_at([MUG])
    scene.stock.drain(batches=1)
    scene.joined.import_one(AmazonOrderId(order_id))
    scene.stock.drain(batches=1)

    assert 500 <= listed(scene) <= held(scene).on_sale.hold.live_max
    assert on_stock(scene) == 995


def test_clock_of_ours_that_is_behind_proves_nothing_that_is_not_there(shared_stage: Stage) -> None:
    """With proof the units beside the hold are moved and listed: what Amazon has on sale is in the hold at every moment."""
    scene = watch(opened(shared_stage, policy=PROOF, ahead=timedelta(minutes=-5)), 15)
    first = listed(scene)

    covered = [is_held_after_sale(scene) for _ in range(4)]

    assert first > 0
    assert covered == [True] * 4
    assert on_stock(watch(scene, 9)) == 992


def test_time_that_cannot_be_is_not_believed(shared_stage: Stage) -> None:
    """An answer dated by a proxy of another century holds no SKU for a century."""

    def through(handle: Handle) -> Handle:
        def act(request: Request) -> Response:
            answer = handle(request)
            return answer._replace(headers=answer.headers | {"date": "Fri, 31 Dec 2999 23:59:59 GMT"})

        return act

    scene = watch(opened(shared_stage, through=through), 3)

    assert listed(scene) >= 500
    assert held(scene).on_sale.read_at_s < (START + timedelta(hours=1)).timestamp()


def is_held_after_sale(scene: Scene) -> bool:
    """Somebody buys, Amazon is read, and the order becomes known; whether all that is on sale then is held."""
    buy(scene, 2)
    scene.after(seconds=10).stock.look_at([MUG])
    watch(scene, 6)
    return held(scene).on_sale.hold.units >= listed(scene)


# --- one stock, two names


def test_two_skus_of_one_stock_are_one_counter(shared_stage: Stage) -> None:
    """Of two that the merchant ships one sells the units; the other is brought to 0, whatever it listed, and is a case."""
    scene = opened(shared_stage, MUG, sku_aliases=SHARED)
    scene.merchant.list_goods([OTHER], quantity=40)
    scene.stock.look_at([OTHER])

    watch(scene, 4)

    assert 500 <= listed(scene) <= 1000
    assert listed(scene, OTHER) == 0
    assert (kinds(scene, MUG), kinds(scene, OTHER)) == ([], ["stock.shared_units"])


def test_what_the_other_sku_has_on_sale_is_not_listed_a_second_time(shared_stage: Stage) -> None:
    """While the other cannot be brought to 0, its units are not there for this one."""

    def through(handle: Handle) -> Handle:
        def act(request: Request) -> Response:
            is_set = request.method == "PATCH" and request.path.endswith(OTHER)
            return Response(503) if is_set else handle(request)

        return act

    scene = watch(opened(shared_stage, MUG, through=through, sku_aliases=SHARED), 2)
    before = listed(scene)
    scene.merchant.list_goods([OTHER], quantity=400)
    scene.stock.look_at([OTHER])

    watch(scene, 4)

    assert before > 600
    assert listed(scene, OTHER) == 400
    assert 0 < listed(scene) <= 600


def test_sale_under_the_other_name_wakes_the_one_that_sells(shared_stage: Stage) -> None:
    """What one name sold is off the entry, and the other looks at it without waiting for a sweep."""
    scene = opened(shared_stage, MUG, sku_aliases=SHARED)
    watch(scene, 2)
    scene.merchant.list_goods([OTHER], quantity=40)
    buy(scene, 30, OTHER)

    scene.after(minutes=4).joined.discover()
    scene.stock.drain(batches=20)

    assert on_stock(scene) == 970
    assert held(scene).available == 970


def test_sku_that_amazon_ships_beside_one_of_the_merchant_is_left_alone(shared_stage: Stage) -> None:
    """FBA and FBM of one product never touch each other: no case, no set, no claim."""
    scene = opened(shared_stage, MUG, sku_aliases=SHARED)
    scene.merchant.list_goods([OTHER], fulfilled_by="AMAZON")
    scene.merchant.buy(skus=[OTHER], quantity=3, fulfilled_by="AMAZON")
    scene.stock.look_at([OTHER])
    before = dict(scene.account.listings.by_sku[OTHER].live)

    watch(scene, 5)

    assert 500 <= listed(scene) <= 1000
    assert on_stock(scene) == 1000
    assert all_kinds(scene) == []
    assert scene.stock.inbox.known([OTHER]) == {OTHER: State.OUT_OF_SCOPE}
    assert scene.account.listings.by_sku[OTHER].live == before


# --- from which order on


def test_claims_begin_where_they_began(shared_stage: Stage) -> None:
    """Another moment after the first order would take units twice or never: it is refused, and the old one is named."""
    scene = watch(opened(shared_stage), 2)
    imported(scene)
    scene.stock.policy = replace(RISK, claims_from=START + timedelta(hours=1))

    with pytest.raises(ConfigError, match=r"stock\.claims_from: .* set it back to 2026-11-19T08:00:00\+00:00"):
        scene.stock.drain(batches=1)
    scene.stock.policy = RISK
    scene.stock.check_claims()


def test_claims_do_not_begin_before_what_was_imported(shared_stage: Stage) -> None:
    """Stock that is joined later, from a moment before the last import, would take that order's units once more."""
    scene = shared_stage.scene(connection_id=a_name())
    imported(scene)
    early = scene.joined._stock(RISK, scene.twin.world.clock.now)
    late = scene.joined._stock(replace(RISK, claims_from=START + timedelta(hours=1)), scene.twin.world.clock.now)

    with pytest.raises(ConfigError, match=r"imported already; name a moment after the newest"):
        early.check_claims(scene.joined.links.imported_since)
    late.check_claims(scene.joined.links.imported_since)


# --- who refuses us


def test_claims_go_on_while_amazon_refuses(shared_stage: Stage) -> None:
    """A missing role stops reads and sets, not what commercetools must lose; it is one case, and all is well when it is granted."""
    scene = shared_stage.scene(connection_id=a_name(), stock=RISK)
    skus = [SellerSku(sku) for sku in scene.merchant.stock_the_shop(30, quantity=100, channel_key="warehouse")]
    scene.merchant.list_goods(skus, quantity=20)
    looked(scene)
    watch(scene, 2)
    fail(scene, "amazon.getListingsItem", "forbidden", times=None)
    fail(scene, "amazon.patchListingsItem", "forbidden", times=None)
    bought = [buy(scene, 1, sku) for sku in skus]

    scene.after(minutes=4).joined.discover()
    scene.stock.look_at(skus)
    watch(scene, 11, every_s=60, search=False)
    lost = [sku for sku in skus if entries(scene, sku)[0]["quantityOnStock"] not in {99, 999}]
    told = all_kinds(scene)
    scene.twin.world.faults.clear()
    watch(scene, 15, every_s=30, search=False)

    assert len(bought) == 34
    assert (lost, told) == ([], ["connection.unauthorized"])
    assert all_kinds(scene) == []
    assert set(scene.stock.inbox.known(skus).values()) == {State.IN_SYNC}


def test_refusal_by_commercetools_ends_the_drain(shared_stage: Stage) -> None:
    """Without commercetools nothing can be claimed or decided: one case, and nobody knocks on."""
    scene = opened(shared_stage)
    fail(scene, "commercetools.queryInventory", "forbidden", times=None)
    scene.stock.look_at([MUG])

    report = scene.stock.drain(batches=1)

    assert report.paused is not None
    assert all_kinds(scene) == ["connection.unauthorized"]


def test_routine_that_meets_a_conflict_runs_again(shared_stage: Stage) -> None:
    """A version that moved under a routine is nobody's mistake: it has its next time, and the worker goes on."""
    scene = opened(shared_stage)
    fail(scene, "commercetools.queryMessages", "conflict")

    ran = run_routine(scene.joined, schedule.STOCK, scene.twin.world.clock.now)
    again = run_routine(scene.joined, schedule.STOCK, scene.twin.world.clock.now)

    assert ran.problem
    assert not ran.needs_person
    assert again == Ran({"skus": again.did["skus"]}, follows=again.follows, again_s=again.again_s)
    assert all_kinds(scene) == []


# --- what was read is old


@dataclass
class Meanwhile:
    """Stands between the product and the twin: before the next answer to a query of entries, something else happens once."""

    acts: list[Callable[[], None]] = field(default_factory=list)

    def through(self, handle: Handle) -> Handle:
        """The handle through which the product speaks."""

        def answer(request: Request) -> Response:
            if self.acts and request.method == "GET" and request.path.endswith("/inventory"):
                self.acts.pop()()
            return handle(request)

        return answer


def shipped_long_ago(scene: Scene) -> Scene:
    """Two mugs were sold, claimed and shipped, so long ago that the next run settles them."""
    watch(scene, 3)
    order_id = buy(scene, 2)
    watch(scene, 4)
    scene.merchant.ship(order_id)
    scene.after(minutes=5).joined.discover()
    return scene.after(days=3)


def test_line_that_another_run_settled_is_not_claimed_again(shared_stage: Stage) -> None:
    """What is forgotten on the entry between two readings of one run is not taken a second time."""
    meanwhile = Meanwhile()
    scene = shipped_long_ago(opened(shared_stage, through=meanwhile.through))

    def other_run() -> None:
        lines = scene.stock.store.lines([MUG])[MUG]
        scene.stock.store.settle(lines)
        [entry] = scene.stock.inventory.read([MUG]).entries
        scene.stock.inventory.forget_claims(entry, [line.claim_number for line in lines])

    scene.stock.look_at([MUG])
    meanwhile.acts.append(other_run)
    scene.stock.drain(batches=5)

    assert meanwhile.acts == []
    assert (on_stock(scene), notes(scene)) == (998, 0)


def test_note_of_a_settled_line_goes_with_a_later_run(shared_stage: Stage) -> None:
    """Killed between settling and forgetting, the number would keep its room on the entry for good; a number nobody knows stays."""
    scene = shipped_long_ago(opened(shared_stage))
    write(scene, "update sold_lines set settled = true")
    before = notes(scene)

    scene.stock.look_at([MUG])
    scene.stock.drain(batches=5)
    after = notes(scene)
    [entry] = scene.stock.inventory.read([MUG]).entries
    scene.stock.inventory.claim(entry, 1, "302-0000000-0000000/1")
    scene.stock.look_at([MUG])
    scene.stock.drain(batches=5)

    assert (before, after) == (1, 0)
    assert (notes(scene), on_stock(scene)) == (1, 997)


def test_two_workers_at_one_sku_claim_once(shared_stage: Stage) -> None:
    """Both have read the same: one takes the units, the other is told of the conflict, and finds them taken."""
    scene = watch(opened(shared_stage), 3)
    buy(scene, 2)
    scene.after(minutes=4).joined.discover()
    record = scene.stock.inbox.find(MUG)
    other = scene.joined._stock(RISK, scene.twin.world.clock.now)
    assert record is not None
    scene.stock.prepare([record])
    other.prepare([record])

    with ThreadPoolExecutor(2) as pool:
        ran = list(pool.map(lambda stock: _conflict_in(stock.run_record, record), [scene.stock, other]))
    scene.stock.drain(batches=5)

    assert (sum(ran), on_stock(scene), notes(scene)) == (1, 998, 1)
    assert all_kinds(scene) == []


def _conflict_in(run: Callable[[Record], object], record: Record) -> bool:
    try:
        run(record)
    except Conflict:
        return True
    return False


# --- what Amazon shows


def test_merchants_channel_without_a_quantity_is_not_set(shared_stage: Stage) -> None:
    """A listing that tells no quantity is a case, and nothing is sent until it does."""
    scene = shared_stage.scene(connection_id=a_name(), stock=RISK)
    scene.merchant.list_goods([MUG], quantity=5)
    scene.account.listings.by_sku[MUG].live = {"DEFAULT": None}

    watch(looked(scene), 2)
    told, sent = kinds(scene, MUG), calls(scene, "amazon.patchListingsItem")
    scene.account.listings.by_sku[MUG].live = {"DEFAULT": 5}
    scene.stock.look_at([MUG])
    watch(scene, 2)

    assert (told, sent) == (["stock.listing_unreadable"], 0)
    assert (kinds(scene, MUG), listed(scene) >= 500) == ([], True)


def test_listing_that_was_deleted_is_let_be_until_it_is_back(shared_stage: Stage) -> None:
    """Nothing is sent to a SKU that Amazon does not list; listed again, it has its quantity."""
    scene = watch(opened(shared_stage), 3)
    del scene.account.listings.by_sku[MUG]
    scene.stock.look_at([MUG])
    watch(scene, 2)
    gone, sent = scene.stock.inbox.known([MUG]), calls(scene, "amazon.patchListingsItem")
    place_order(scene.project, {MUG: 400}, channel_key="warehouse")
    watch(scene, 2)
    sent_after = calls(scene, "amazon.patchListingsItem")

    scene.merchant.list_goods([MUG], quantity=0)
    scene.stock.look_at([MUG])
    watch(scene, 40, every_s=60)

    assert (gone, sent_after) == ({MUG: State.OUT_OF_SCOPE}, sent)
    assert 300 <= listed(scene) <= 600


def test_feed_that_succeeds_for_a_sku_amazon_does_not_know_lists_nothing(shared_stage: Stage) -> None:
    """Amazon's report says accepted of a listing that was deleted meanwhile: a read tells, and no other SKU suffers."""
    scene = opened(shared_stage, MUG, "LAMP-01")
    lamp = SellerSku("LAMP-01")
    watch(scene, 3)
    place_order(scene.project, {MUG: 900, lamp: 900}, channel_key="warehouse")
    watch(scene, 3)
    counted_anew(scene, 900).stock.list_all()
    scene.stock.prepare([])
    scene.stock._plan = replace(scene.stock._plan, lanes={MUG: "feed", lamp: "feed"})
    record = scene.stock.inbox.find(MUG)
    assert record is not None
    scene.stock.run_record(record)
    del scene.account.listings.by_sku[MUG]

    follow(scene, 30)

    assert scene.stock.inbox.known([MUG]) == {MUG: State.OUT_OF_SCOPE}
    assert held(scene).fulfilled_by == ""
    assert 0 < listed(scene, lamp) <= 100


def follow(scene: Scene, minutes: int) -> None:
    """A worker at work at feeds as well."""
    for _ in range(minutes):
        scene.stock.follow_feeds()
        watch(scene, 1, every_s=60, search=False)


@pytest.mark.parametrize("by_hand", [3, 5000])
def test_quantity_set_by_hand_is_put_right(shared_stage: Stage, by_hand: int) -> None:
    """More than can be is answered with 0 and a case; less counts as sold until no order explains it. Either way it is right within the hour."""
    scene = watch(opened(shared_stage), 3)
    scene.merchant.edit_quantity(MUG, by_hand)
    scene.stock.look_at([MUG])

    watch(scene, 2)
    soon = listed(scene)
    watch(scene, 66, every_s=60)

    assert soon <= 1000
    assert 500 <= listed(scene) <= 1000
    assert kinds(scene, MUG) == []


def test_set_that_never_takes_effect_stays_held(shared_stage: Stage) -> None:
    """Accepted and never shown: what was sent may still come, so it is held; somebody looks, and nothing above the stock is on sale."""
    scene = shared_stage.scene(connection_id=a_name(), stock=RISK)
    scene.account.listings.never_applied = 1.0
    scene.merchant.list_goods([MUG], quantity=0)

    watch(looked(scene), 8)

    assert listed(scene) <= on_stock(scene)
    assert held(scene).on_sale.hold.units >= listed(scene)
    assert kinds(scene, MUG) == ["stock.not_applied"]


# --- what commercetools shows


def test_stock_below_zero_lists_nothing(shared_stage: Stage) -> None:
    """A stock somebody corrected to less than nothing is a case and 0 on Amazon, until there is some again."""
    scene = watch(opened(shared_stage), 3)

    counted_anew(scene, -5).stock.list_all()
    watch(scene, 3)
    low, told = listed(scene), kinds(scene, MUG)
    counted_anew(scene, 50).stock.list_all()
    watch(scene, 4)

    assert (low, told) == (0, ["stock.negative"])
    assert 0 < listed(scene) <= 50
    assert kinds(scene, MUG) == []


@pytest.mark.parametrize(("channels", "most"), [(("warehouse",), 30), (("warehouse", None), 400)])
def test_entry_without_channel_counts_where_the_policy_says(
    shared_stage: Stage, channels: tuple[str | None, ...], most: int
) -> None:
    """Of two entries of one SKU those of the policy's channels are sold; one parcel comes from one of them."""
    scene = opened(shared_stage, policy=replace(RISK, channels=channels))
    counted_anew(scene, 30).project.add_inventory(MUG, 400)
    scene.stock.list_all()

    watch(scene, 4)
    buy(scene, 2)
    watch(scene, 4)

    assert 0 < listed(scene) <= most
    assert on_stock(scene) == 428
    assert notes(scene) == 1


def test_entry_that_was_deleted_takes_the_sku_off_sale(shared_stage: Stage) -> None:
    """Without an entry there is nothing to sell; what Amazon sold before is a case until an entry can give it."""
    scene = watch(opened(shared_stage), 3)
    [entry] = entries(scene)
    scene.project.inventory.remove(entry["id"])
    buy(scene, 2)

    watch(scene, 6)
    off, told = listed(scene), kinds(scene, MUG)
    scene.project.add_inventory(MUG, 100, channel_key="warehouse")
    watch(scene, 4)

    assert (off, told) == (0, ["stock.negative", "stock.no_entry"])
    assert (on_stock(scene), kinds(scene, MUG)) == (98, [])
    assert 0 < listed(scene) <= 98


@pytest.mark.parametrize("sku", ["A/B 1", "50% OFF", "Tasse-é-茶", 'q"uo\\te', "a+b&c=d#e?f"])
def test_odd_sku_is_listed_and_claimed_like_any_other(shared_stage: Stage, sku: str) -> None:
    """Slash, blank, per cent, quotes and letters of all scripts: read, set, claimed and given back under their own name."""
    scene = shared_stage.scene(connection_id=a_name(), stock=RISK)
    scene.account.listings.delay_s = (5.0, 5.0)
    scene.project.add_product(sku, "An odd name")
    scene.project.add_inventory(sku, 100, channel_key="warehouse")
    scene.merchant.list_goods([sku], quantity=0)

    watch(looked(scene), 3)
    order_id = buy(scene, 2, sku)
    claimed = on_stock(watch(scene, 5), sku)
    scene.merchant.cancel(order_id, restock=True)
    watch(scene, 5)

    assert 0 < listed(scene, SellerSku(sku)) <= 100
    assert (claimed, on_stock(scene, sku)) == (98, 100)
    assert kinds(scene, sku) == []


def test_storm_of_conflicts_on_an_entry_claims_once(shared_stage: Stage) -> None:
    """An entry that others write all the time is read again and again; the units leave it once."""
    scene = watch(opened(shared_stage), 3)
    scene.twin.world.faults.add(Fault("commercetools.updateInventoryEntry", "conflict", times=4))
    buy(scene, 2)

    watch(scene, 8)

    assert (on_stock(scene), notes(scene)) == (998, 1)
    assert all_kinds(scene) == []


@pytest.mark.parametrize("said", ["never", "twice", "late"])
def test_careless_messages_change_nothing_but_the_time(shared_stage: Stage, said: str) -> None:
    """What no message told the sweep finds; what is told twice, or after it was found, is looked at and found right."""
    scene = watch(opened(shared_stage), 3)
    scene.project.messages_enabled = said == "twice"
    place_order(scene.project, {MUG: 900}, channel_key="warehouse")
    mark = scene.joined.cursors.find("stock.messages")
    assert mark is not None

    scene.after(minutes=1).stock.sweep()
    watch(scene, 3)
    scene.project.messages_enabled = True
    scene.joined.cursors.save("stock.messages", mark, scene.twin.world.clock.now())
    sent = calls(scene, "amazon.patchListingsItem")
    watch(scene, 3)

    assert 0 < listed(scene) <= 100
    assert calls(scene, "amazon.patchListingsItem") <= sent + 1
    assert on_stock(scene) == 100


@pytest.mark.parametrize("quantity", [50_000, 700])
def test_set_waits_for_a_read_where_orders_are_known_late(shared_stage: Stage, quantity: int) -> None:
    """Up or down: what Amazon sold since the last read would be on sale again, and nobody else told of it."""
    scene = watch(opened(shared_stage), 10)
    reads, sets = calls(scene, "amazon.getListingsItem"), calls(scene, "amazon.patchListingsItem")
    counted_anew(scene, quantity)
    scene.stock.look_at([MUG])
    record = held(scene)
    scene.stock.store.save(MUG, replace(record, read_wanted=False), scene.twin.world.clock.now())
    scene.stock.drain(batches=1)
    assert calls(scene, "amazon.patchListingsItem") == sets + 1
    assert calls(scene, "amazon.getListingsItem") == reads + 1
