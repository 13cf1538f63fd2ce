"""Stock through the door of the simulated platform: read by SKU, by change and as a whole; each claim taken once; moves that never double a unit."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from crossdock.commercetools.inventory import SWEEP_OVERLAP
from crossdock.commercetools.queries import PAGE_SIZE_MAX
from crossdock.domain.ids import SellerSku
from crossdock.domain.inventory import CLAIMS_FIELD, CLAIMS_MAX, UNITS_MAX, StockEntry, StockPage, StockPlace
from crossdock.errors import Conflict, DataError, Rejected, Unavailable
from crossdock.twin.commercetools_orders import place_order
from crossdock.twin.world import Fault, Request
from tests.commercetools import test_sent_as_published as published
from tests.commercetools.stockroom import MUG, STOCK_TYPE, Stockroom, faults

NUMBER = "303-1234567-1234567/10000000000001"
UPDATE = "commercetools.updateInventoryEntry"


@pytest.fixture
def room() -> Stockroom:
    """A hundred mugs in the warehouse, none in escrow."""
    return Stockroom()


def _swept(room: Stockroom, since: Any) -> Iterator[StockPage]:
    """All pages of a sweep."""
    page = room.inventory.read_changed(since)
    yield page
    while page.place is not None:
        page = room.inventory.read_changed(since, page.place)
        yield page


def _listed(room: Stockroom) -> Iterator[StockPage]:
    """All pages of the whole."""
    page = room.inventory.read_all()
    yield page
    while page.place is not None:
        page = room.inventory.read_all(page.place)
        yield page


def _ids(pages: Iterator[StockPage]) -> list[str]:
    return [entry.entry_id for page in pages for entry in page.entries]


# --- reading


def test_entries_with_and_without_a_channel_are_apart(room: Stockroom) -> None:
    """One SKU in two channels and in none is three entries, each with its channel's key; what is negative is shown so; what has no entry is not there."""
    room.project.add_inventory(MUG, -3)
    page = room.inventory.read([MUG, SellerSku("MUG-RED"), SellerSku("NOT-THERE")])
    assert {(each.sku, each.supply_channel): (each.on_stock, each.available) for each in page.entries} == {
        (MUG, "warehouse"): (100, 100),
        (MUG, "escrow"): (0, 0),
        (MUG, None): (-3, -3),
        ("MUG-RED", "warehouse"): (100, 100),
    }
    assert (page.unreadable, page.place) == ((), None)


def test_channel_the_policy_does_not_name_is_its_id(room: Stockroom) -> None:
    """It is no channel of ours, and still not the entry without one."""
    strange = room.project.add_channel("outlet")
    room.project.add_inventory("MUG-GREY", 1, channel_key="outlet")
    assert [each.supply_channel for each in room.inventory.read([SellerSku("MUG-GREY")]).entries] == [strange["id"]]


def test_no_sku_is_asked_for_without_skus(room: Stockroom) -> None:
    """Nothing wanted, nothing asked."""
    assert room.inventory.read([]) == StockPage(())
    assert room.door.requests == []


@pytest.mark.parametrize("sku", ['a" or sku = "MUG-BLUE', "back\\slash", "(", "\u2603" * 256, "%22", ":sku", "a b&c"])
def test_no_sku_breaks_out_of_its_quotes(room: Stockroom, sku: str) -> None:
    """A hostile SKU finds only itself."""
    assert room.inventory.read([SellerSku(sku)]).entries == ()
    room.project.add_inventory(sku, 7)
    assert [(each.sku, each.available) for each in room.inventory.read([SellerSku(sku)]).entries] == [(sku, 7)]


def test_many_skus_are_cut_into_queries_of_bearable_length(room: Stockroom) -> None:
    """Neither many SKUs nor long ones make a query the platform refuses for its length."""
    short = [SellerSku(f"SHORT-{n:04d}") for n in range(1200)]
    long = [SellerSku(f"{n:02d}" + '"\u2603' * 100) for n in range(20)]
    added = [room.project.add_inventory(sku, 1)["id"] for sku in (*short, *long)]
    assert {each.entry_id for each in room.inventory.read([*short, *long]).entries} == set(added)
    assert room.door.calls()["/inventory"] >= 8


def test_more_entries_of_a_sku_than_a_page(room: Stockroom) -> None:
    """A SKU in more channels than a page has rows is read whole."""
    channels = [room.project.add_channel(f"depot-{n}")["key"] for n in range(PAGE_SIZE_MAX + 1)]
    added = {room.project.add_inventory("WIDE", 1, channel_key=key)["id"] for key in channels}
    assert {each.entry_id for each in room.inventory.read([SellerSku("WIDE")]).entries} == added


def test_more_than_ten_thousand_entries_are_listed(room: Stockroom) -> None:
    """Past the platform's 10,000, each entry once, also with changes and newcomers in between."""
    added = {room.project.add_inventory(f"SKU-{n:05d}", n)["id"] for n in range(10_050)}
    pages = _listed(room)
    first = next(pages)
    room.put(first.entries[0], availableQuantity=0)
    rest = [entry.entry_id for page in pages for entry in page.entries]
    listed = [*(entry.entry_id for entry in first.entries), *rest]
    assert len(listed) == len(set(listed)) == 10_054
    assert added < set(listed)
    assert room.door.calls()["/inventory"] == 21


def test_sweep_finds_what_changed_since(room: Stockroom) -> None:
    """What changed after the mark, and a minute before it; the newest change is the next mark, by the platform's clock."""
    mark = room.world.clock.now()
    assert _ids(_swept(room, mark)) == []
    changed = room.inventory.claim(room.entry(), 2, NUMBER)
    [page] = _swept(room, mark)
    assert ([each.entry_id for each in page.entries], page.newest_at) == ([changed.entry_id], room.world.clock.now())
    assert _ids(_swept(room, mark + SWEEP_OVERLAP)) == [changed.entry_id]
    assert _ids(_swept(room, mark + SWEEP_OVERLAP + timedelta(milliseconds=1))) == []


def test_sweep_goes_page_by_page_through_one_instant(room: Stockroom) -> None:
    """Twelve hundred entries that changed in the same millisecond are swept, each once; one that changes on the way comes again, at the end."""
    mark = room.world.clock.now()
    added = {room.project.add_inventory(f"SKU-{n:05d}", n)["id"] for n in range(1200)}
    pages = _swept(room, mark)
    first = next(pages).entries
    room.wait(milliseconds=1)
    room.inventory.claim(first[0], 1, NUMBER)
    rest = _ids(pages)
    swept = [*(each.entry_id for each in first), *rest]
    assert (set(swept), len(swept)) == (added, 1201)
    assert rest[-1] == first[0].entry_id


def test_sweep_does_not_know_of_an_order_before_it_shows(room: Stockroom) -> None:
    """For up to ten seconds an order is nowhere in the stock: neither in a sweep nor in a read."""
    mark = room.world.clock.now()
    place_order(room.project, {MUG: 4}, channel_key="warehouse")
    assert (_ids(_swept(room, mark)), room.entry().available) == ([], 100)
    room.wait(seconds=10)
    assert room.entry().available == 96
    assert _ids(_swept(room, mark)) == [room.entry().entry_id]


BAD: dict[str, Any] = {
    "quantityOnStock": 1.5,
    "availableQuantity": 2**63,
    "sku": 7,
    "version": None,
    "lastModifiedAt": "yesterday",
    "supplyChannel": "warehouse",
    "custom": {"fields": {CLAIMS_FIELD: "303-1"}},
}


@pytest.mark.parametrize("field", sorted(BAD))
def test_unreadable_entry_stops_no_other(room: Stockroom, field: str) -> None:
    """What cannot be read without guessing is named, with its id and its SKU where it has one; the others are read."""
    good = room.stored(room.entry())
    room.answer("/inventory", good, good | {"id": "odd", field: BAD[field]}, good)
    page = room.inventory.read_all()
    [unread] = page.unreadable
    assert [each.available for each in page.entries] == [100, 100]
    assert (unread.entry_id, unread.sku) == ("odd", "" if field == "sku" else MUG)
    assert "inventory entry odd" in str(unread.problem)


@pytest.mark.parametrize("row", ["7", "null", "[]", '"MUG-BLUE"', "{}", '{"id": 7, "sku": ["MUG"]}'])
def test_what_is_no_entry_at_all_has_no_name(room: Stockroom, row: str) -> None:
    """Anything may stand in an answer; it is one unreadable entry without a name."""
    room.answer("/inventory", row)
    [unread] = room.inventory.read_all().unreadable
    assert (unread.entry_id, unread.sku) == ("", "")


def test_full_page_ends_at_its_last_row_with_a_place(room: Stockroom) -> None:
    """A page whose last rows cannot be placed goes on behind the last that can; one with no place at all is no page."""
    good = room.stored(room.entry())
    room.answer("/inventory", *[good] * (PAGE_SIZE_MAX - 1), "{}")
    page = room.inventory.read_all()
    assert page.place == StockPlace(good["id"], page.entries[0].changed_at)
    room.answer("/inventory", *["{}"] * PAGE_SIZE_MAX)
    with pytest.raises(DataError, match="inventory page"):
        room.inventory.read_all()


def test_fields_nobody_knows_are_nobodys_business(room: Stockroom) -> None:
    """The platform adds fields at any time."""
    room.answer("/inventory", room.stored(room.entry()) | {"mood": {"calm": True}})
    assert len(room.inventory.read_all().entries) == 1


def test_find_one_entry(room: Stockroom) -> None:
    """By its id, now; None where it is gone; a DataError where it cannot be read."""
    entry = room.entry()
    assert room.inventory.find(entry.entry_id) == entry
    assert room.inventory.find("no/such?") is None
    room.put(entry, custom={"type": {"typeId": "type", "id": "x"}, "fields": {CLAIMS_FIELD: ["x 1 x 0"]}})
    with pytest.raises(DataError, match=rf"{entry.entry_id}, field {CLAIMS_FIELD}"):
        room.inventory.find(entry.entry_id)


# --- claims


def test_claim_is_taken_and_noted_in_one_update(room: Stockroom) -> None:
    """The units are off, the number is on the entry, and a type of ours holds it."""
    claimed = room.inventory.claim(room.entry(), 3, NUMBER)
    assert (claimed.on_stock, claimed.available, claimed.claims) == (97, 97, {NUMBER: 3})
    assert room.entry() == claimed
    assert room.updates() == [["removeQuantity", "setCustomType"]]
    assert room.stored(claimed)["custom"]["fields"] == {CLAIMS_FIELD: [f"{NUMBER} x 3"]}


def test_claim_is_taken_once_however_often_it_is_claimed(room: Stockroom) -> None:
    """Claimed again it is a look, and no call; a second claim stands beside it."""
    claimed = room.inventory.claim(room.entry(), 3, NUMBER)
    assert room.inventory.claim(room.entry(), 3, NUMBER) == claimed
    both = room.inventory.claim(claimed, 2, "303-2")
    assert (both.available, both.claims) == (95, {NUMBER: 3, "303-2": 2})
    assert room.updates() == [["removeQuantity", "setCustomType"], ["removeQuantity", "setCustomField"]]


@pytest.mark.parametrize("after_effect", [False, True])
@pytest.mark.parametrize("answer", ["timed_out", "broken", "unavailable", "not_json"])
def test_claim_whose_answer_is_lost_is_taken_once(room: Stockroom, answer: Any, *, after_effect: bool) -> None:
    """Whether it took effect or not: read again and claimed again, the units are off once."""
    room.world.faults.add(Fault(UPDATE, answer, after_effect=after_effect))
    with pytest.raises(Unavailable):
        room.inventory.claim(room.entry(), 3, NUMBER)
    assert room.inventory.claim(room.entry(), 3, NUMBER).available == 97
    assert room.entry().claims == {NUMBER: 3}


def test_claim_on_a_version_that_moved_is_a_conflict(room: Stockroom) -> None:
    """Nothing is taken on what was read before somebody changed it; read again, it is."""
    stale = room.entry()
    room.inventory.claim(stale, 1, "303-2")
    with pytest.raises(Conflict, match="409"):
        room.inventory.claim(stale, 3, NUMBER)
    assert room.inventory.claim(room.entry(), 3, NUMBER).available == 96


def test_one_claim_of_two_workers_is_taken_once(room: Stockroom) -> None:
    """Eight threads that all read before any wrote take the units once."""
    stale = room.entry()

    def claim(_: int) -> None:
        with suppress(Conflict):
            room.inventory.claim(stale, 3, NUMBER)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(claim, range(8)))
    assert (room.entry().available, room.entry().claims) == (97, {NUMBER: 3})


def test_what_amazon_sold_is_taken_below_zero(room: Stockroom) -> None:
    """A negative stock is a fact, and a claim makes it more so."""
    below = room.inventory.claim(room.entry("escrow"), 3, NUMBER)
    assert (below.on_stock, below.available) == (-3, -3)


def test_claim_meets_an_order_that_does_not_show_yet(room: Stockroom) -> None:
    """Both count in the end: the claim at once, the order after the lag; what was read before it showed is a Conflict."""
    place_order(room.project, {MUG: 4}, channel_key="warehouse")
    claimed = room.inventory.claim(room.entry(), 3, NUMBER)
    assert claimed.available == 97
    room.wait(seconds=10)
    with pytest.raises(Conflict):
        room.inventory.claim(claimed, 1, "303-2")
    assert room.entry().available == 93


def test_claim_of_other_units_takes_the_difference(room: Stockroom) -> None:
    """An order that grew or shrank has exactly its units off, each step once."""
    room.inventory.claim(room.entry(), 3, NUMBER)
    assert room.inventory.claim(room.entry(), 5, NUMBER).available == 95
    shrunk = room.inventory.claim(room.entry(), 1, NUMBER)
    assert (shrunk.available, shrunk.claims) == (99, {NUMBER: 1})


def test_unclaim_gives_back_what_was_taken_once(room: Stockroom) -> None:
    """As many as are noted, and no more the second time; what was never claimed is not given back."""
    claimed = room.inventory.claim(room.entry(), 3, NUMBER)
    back = room.inventory.unclaim(claimed, NUMBER)
    assert (back.available, back.claims) == (100, {})
    assert room.inventory.unclaim(room.entry(), NUMBER) == back
    assert room.inventory.unclaim(room.entry(), "never") == back
    with pytest.raises(Conflict):
        room.inventory.unclaim(claimed, NUMBER)


def test_unclaim_whose_answer_is_lost_gives_back_once(room: Stockroom) -> None:
    """It took effect, nobody heard; done again, it is not done twice."""
    claimed = room.inventory.claim(room.entry(), 3, NUMBER)
    room.world.faults.add(Fault(UPDATE, "timed_out", after_effect=True))
    with pytest.raises(Unavailable):
        room.inventory.unclaim(claimed, NUMBER)
    assert room.inventory.unclaim(room.entry(), NUMBER).available == 100


@pytest.mark.parametrize("units", [0, -1, UNITS_MAX + 1, 10**30])
def test_units_that_cannot_be_meant_are_refused(room: Stockroom, units: int) -> None:
    """None, less than none, or more than any order has: nothing is sent."""
    entry = room.entry()
    with pytest.raises(DataError, match="units"):
        room.inventory.claim(entry, units, NUMBER)
    with pytest.raises(DataError, match="units"):
        room.inventory.move(entry, room.entry("escrow"), units, NUMBER)
    assert room.updates() == []


@pytest.mark.parametrize("number", ["", " ", "a" * 65, "a\x00b", "a\nb", " a", "a\ud800"])
def test_numbers_that_name_nothing_are_refused(room: Stockroom, number: str) -> None:
    """A number that would not come back as it was sent could be claimed twice."""
    with pytest.raises(DataError, match="claim number"):
        room.inventory.claim(room.entry(), 1, number)
    assert room.updates() == []


@pytest.mark.parametrize("number", ["a x 7", " x 7 x".strip(), "\u2603", '"\\', "-1", "a" * 64])
def test_odd_numbers_come_back_as_they_were_noted(room: Stockroom, number: str) -> None:
    """Whatever the number is, what is noted is read as it."""
    assert room.inventory.claim(room.entry(), 2, number).claims == {number: 2}
    assert room.entry().claims == {number: 2}


@pytest.mark.parametrize("note", [["303-1"], ["303-1 x"], ["303-1 x 1", "303-1 x 2"], [7], ["303-1 x 1.5"], {}, " x 1"])
def test_note_that_is_none_of_ours_is_not_read_as_nothing(room: Stockroom, note: Any) -> None:
    """Taken for an empty note, every claim would be taken once more."""
    room.put(room.entry(), custom={"type": {"typeId": "type", "id": "x"}, "fields": {CLAIMS_FIELD: note}})
    assert [each.sku for each in room.inventory.read([MUG]).unreadable] == [MUG]


def test_entry_that_is_gone_is_a_conflict(room: Stockroom) -> None:
    """Between the look and the claim somebody deleted it: look again, and it is not there."""
    entry = room.entry()
    room.project.inventory.remove(entry.entry_id)
    with pytest.raises(Conflict, match="the entry is gone"):
        room.inventory.claim(entry, 1, NUMBER)
    assert room.inventory.find(entry.entry_id) is None


def test_number_of_claims_is_bounded(room: Stockroom) -> None:
    """A full entry says so and takes no more; what is noted can still be changed, taken back and forgotten."""
    numbers = [f"303-{n:04d}" for n in range(CLAIMS_MAX)]
    first = room.inventory.claim(room.entry(), 1, numbers[0])
    custom = room.stored(first)["custom"]
    room.put(first, custom=custom | {"fields": {CLAIMS_FIELD: [f"{each} x 1" for each in numbers]}})
    with pytest.raises(DataError, match="2000 claims: forget"):
        room.inventory.claim(room.entry(), 1, NUMBER)
    with pytest.raises(DataError, match="2000 claims: forget"):
        room.inventory.move(room.entry("escrow"), room.entry(), 1, NUMBER)
    assert room.inventory.claim(room.entry(), 2, numbers[1]).available == 98
    assert len(room.inventory.unclaim(room.entry(), numbers[1]).claims) == CLAIMS_MAX - 1
    left = room.inventory.forget_claims(room.entry(), numbers)
    assert (left.claims, left.available) == ({}, 100)


def test_forgetting_changes_no_quantity(room: Stockroom) -> None:
    """What is settled is forgotten, what is not stays; forgetting again is a look and no call."""
    room.inventory.claim(room.inventory.claim(room.entry(), 3, NUMBER), 2, "303-2")
    left = room.inventory.forget_claims(room.entry(), [NUMBER, "never"])
    assert (left.available, left.claims) == (95, {"303-2": 2})
    assert room.inventory.forget_claims(left, [NUMBER]) == left
    assert room.updates()[2:] == [["setCustomField"]]


# --- types


def test_type_of_the_merchants_stays_on_the_entry(room: Stockroom) -> None:
    """Our field is added to the type that is in use, its own values stay, and the claim is noted beside them."""
    shelf = room.project.add_type("shelves", ["inventory-entry"], {"shelf": "String"})
    custom = {"type": {"typeId": "type", "id": shelf["id"]}, "fields": {"shelf": "A7"}}
    room.put(room.entry(), custom=custom)
    with pytest.raises(Rejected) as refused:
        room.inventory.claim(room.entry(), 1, NUMBER)
    assert (refused.value.pointer, room.entry().available) == (CLAIMS_FIELD, 100)
    assert room.provision() == [f"add the field {CLAIMS_FIELD} to the type shelves"]
    claimed = room.inventory.claim(room.entry(), 1, NUMBER)
    assert room.stored(claimed)["custom"] == custom | {"fields": {"shelf": "A7", CLAIMS_FIELD: [f"{NUMBER} x 1"]}}
    room.inventory.unclaim(claimed, NUMBER)
    assert room.stored(claimed)["custom"] == custom


def test_stock_that_was_not_set_up_is_refused_with_the_name_of_what_is_missing(room: Stockroom) -> None:
    """Without the type nothing is taken."""
    room.project.types.remove(next(each["id"] for each in room.project.types if each["key"] == STOCK_TYPE))
    with pytest.raises(Rejected) as refused:
        room.inventory.claim(room.entry(), 1, NUMBER)
    assert (refused.value.pointer, room.entry().available) == (f"type {STOCK_TYPE}", 100)


def test_setting_up_twice_does_nothing_more(room: Stockroom) -> None:
    """The type is there, and a second run and a dry run find nothing to do."""
    [kept] = [each for each in room.project.types if each["key"] == STOCK_TYPE]
    [field] = kept["fieldDefinitions"]
    assert (kept["resourceTypeIds"], field["name"]) == (["inventory-entry"], CLAIMS_FIELD)
    assert field["type"] == {"name": "Set", "elementType": {"name": "String"}}
    assert (room.provision(), room.provision(dry_run=True)) == ([], [])


def test_dry_run_only_says_what_stock_lacks(room: Stockroom) -> None:
    """The type to be made and the types to be added to, page by page of a project with many; none of it is done."""
    room.project.types.remove(next(each["id"] for each in room.project.types if each["key"] == STOCK_TYPE))
    room.project.add_type("shelves", ["inventory-entry", "channel"], {"shelf": "String"})
    others = [room.project.add_type(f"other-{n}", ["customer"], {})["key"] for n in range(PAGE_SIZE_MAX)]
    told = [
        f"create the type {STOCK_TYPE} for inventory-entry with 1 fields",
        f"add the field {CLAIMS_FIELD} to the type shelves",
    ]
    assert (len(others), room.provision(dry_run=True), room.provision()) == (PAGE_SIZE_MAX, told, told)
    assert room.provision() == []


@pytest.mark.parametrize("kind", ["String", {"name": "Set", "elementType": {"name": "Number"}}])
def test_field_that_is_something_else_is_told_and_nothing_made(room: Stockroom, kind: Any) -> None:
    """A merchant's field of our name that cannot hold the note is found before anything is written."""
    room.project.types.remove(next(each["id"] for each in room.project.types if each["key"] == STOCK_TYPE))
    room.project.add_type("shelves", ["inventory-entry"], {CLAIMS_FIELD: kind})
    with pytest.raises(
        DataError, match=rf"type shelves, field {CLAIMS_FIELD}: is a \w+(:\w+)? and must be a Set:String"
    ):
        room.provision()
    assert room.project.types.find("key", STOCK_TYPE) is None


def test_type_of_our_key_for_something_else_is_told(room: Stockroom) -> None:
    """No update makes an order's type one for stock."""
    room.project.types.remove(next(each["id"] for each in room.project.types if each["key"] == STOCK_TYPE))
    room.project.add_type(STOCK_TYPE, ["order"], {})
    with pytest.raises(DataError, match="not for inventory-entry"):
        room.provision()


# --- moves


def test_move_takes_and_gives(room: Stockroom) -> None:
    """What leaves the shop is in escrow; moved again under the same number nothing is sent."""
    moved = room.inventory.move(room.entry(), room.entry("escrow"), 7, "move-1")
    assert (moved.taken_from, moved.given_to) == (room.entry(), room.entry("escrow"))
    assert (moved.taken_from.available, moved.given_to.available) == (93, 7)
    assert room.inventory.move(room.entry(), room.entry("escrow"), 7, "move-1") == moved
    assert len(room.updates()) == 2


@pytest.mark.parametrize("after_effect", [False, True])
@pytest.mark.parametrize("call", [0, 1])
def test_move_killed_anywhere_is_finished(room: Stockroom, call: int, *, after_effect: bool) -> None:
    """Killed before or after either update there are never more units than before; run again, all are there, whatever is asked for then."""
    room.world.faults.add(Fault(UPDATE, "timed_out", skip=call, after_effect=after_effect))
    with pytest.raises(Unavailable):
        room.inventory.move(room.entry(), room.entry("escrow"), 7, "move-1")
    between = room.entry().available + room.entry("escrow").available
    taken = "move-1" in room.entry().claims
    moved = room.inventory.move(room.entry(), room.entry("escrow"), 9 if taken else 7, "move-1")
    assert between == (93 if (call, after_effect) in {(0, True), (1, False)} else 100)
    assert (moved.taken_from.available, moved.given_to.available) == (93, 7)


@pytest.mark.parametrize("stale", ["warehouse", "escrow"])
def test_move_onto_a_version_that_moved_is_finished_after_a_new_look(room: Stockroom, stale: str) -> None:
    """A Conflict on either side leaves no unit twice, and the next run does what is left."""
    before = {key: room.entry(key) for key in ("warehouse", "escrow")}
    room.inventory.claim(before[stale], 1, NUMBER)
    with pytest.raises(Conflict):
        room.inventory.move(before["warehouse"], before["escrow"], 7, "move-1")
    assert room.entry().available + room.entry("escrow").available <= 99
    moved = room.inventory.move(room.entry(), room.entry("escrow"), 7, "move-1")
    assert moved.taken_from.available + moved.given_to.available == 99
    assert (moved.taken_from.claims["move-1"], moved.given_to.claims["move-1"]) == (7, -7)


def test_move_of_two_workers_is_done_once(room: Stockroom) -> None:
    """Both looked before either wrote: one moves, the other is told to look again."""
    before = room.entry(), room.entry("escrow")
    room.inventory.move(*before, 7, "move-1")
    with pytest.raises(Conflict):
        room.inventory.move(*before, 7, "move-1")
    with pytest.raises(Conflict):
        room.inventory.move(room.entry(), before[1], 7, "move-1")
    assert (room.entry().available, room.entry("escrow").available) == (93, 7)


def test_more_than_is_there_is_not_moved(room: Stockroom) -> None:
    """Units that do not exist would be for sale on the other side; a negative stock gives nothing either."""
    with pytest.raises(DataError, match="101 units are to be moved and 100 are available"):
        room.inventory.move(room.entry(), room.entry("escrow"), 101, "move-1")
    room.inventory.claim(room.entry("escrow"), 3, NUMBER)
    with pytest.raises(DataError, match="1 units are to be moved and -3 are available"):
        room.inventory.move(room.entry("escrow"), room.entry(), 1, "move-2")


def test_move_whose_end_is_gone_is_undone(room: Stockroom) -> None:
    """The first half of a move to an entry that was deleted goes back, once."""
    before, escrow = room.entry(), room.entry("escrow")
    room.project.inventory.remove(escrow.entry_id)
    with pytest.raises(Conflict, match="gone"):
        room.inventory.move(before, escrow, 7, "move-1")
    assert (room.entry().available, room.inventory.find(escrow.entry_id)) == (93, None)
    room.inventory.unclaim(room.entry(), "move-1")
    assert room.inventory.unclaim(room.entry(), "move-1").available == 100


def test_move_is_forgotten_from_its_beginning(room: Stockroom) -> None:
    """As long as the receiving entry knows the number nothing is moved again, so it is forgotten there last."""
    moved = room.inventory.move(room.entry(), room.entry("escrow"), 7, "move-1")
    room.inventory.forget_claims(moved.taken_from, ["move-1"])
    again = room.inventory.move(room.entry(), room.entry("escrow"), 7, "move-1")
    assert (again.taken_from.available, again.given_to.available) == (93, 7)


def test_units_move_between_entries_of_one_sku_only(room: Stockroom) -> None:
    """Anything else is our own mistake."""
    with pytest.raises(AssertionError, match="one SKU"):
        room.inventory.move(room.entry(), room.entry(sku="MUG-RED"), 1, "move-1")
    with pytest.raises(AssertionError, match="another entry"):
        room.inventory.move(room.entry(), room.entry(), 1, "move-1")


def test_entry_is_created_empty_and_once(room: Stockroom) -> None:
    """An escrow that is not there yet begins with nothing; the second time is a Conflict."""
    made = room.inventory.create_entry(SellerSku("MUG-RED"), "escrow")
    bare = room.inventory.create_entry(SellerSku("MUG-RED"), None)
    assert [(each.supply_channel, each.available, each.has_type) for each in (made, bare)] == [
        ("escrow", 0, False),
        (None, 0, False),
    ]
    with pytest.raises(Conflict):
        room.inventory.create_entry(SellerSku("MUG-RED"), "escrow")


# --- as published


@pytest.mark.skipif(not published.MODEL.exists(), reason="commercetools' published models are not at hand")
def test_all_that_is_sent_is_in_the_model(room: Stockroom) -> None:
    """Every path, parameter, draft and action is commercetools' own; a wrong one would be seen."""
    room.project.add_type("shelves", ["inventory-entry"], {"shelf": "String"})
    room.project.types.remove(next(each["id"] for each in room.project.types if each["key"] == STOCK_TYPE))
    room.provision()
    escrow = room.inventory.create_entry(SellerSku("TEA-GREEN"), "escrow")
    moved = room.inventory.move(room.entry(sku="TEA-GREEN"), escrow, 2, "move-1")
    room.inventory.forget_claims(room.inventory.claim(moved.given_to, 1, NUMBER), [NUMBER])
    room.inventory.unclaim(moved.taken_from, "move-1")
    assert len(_ids(_swept(room, room.world.clock.now()))) == 2
    place = StockPlace(escrow.entry_id, escrow.changed_at)
    room.inventory.read_changed(room.world.clock.now(), place)
    room.inventory.read_all(place)
    sent = room.door.requests
    wrong = json.dumps({"version": 1, "actions": [{"action": "addQuantity", "units": 1}]}).encode()
    assert faults(sent) == []
    assert len(faults([Request("POST", "/shop/inventory/1", {"dry": ["true"]}, {}, wrong)])) >= 3


def test_values_do_not_change(room: Stockroom) -> None:
    """An entry is what was read; a claim answers with another one."""
    entry = room.entry()
    kept = replace(entry)
    room.inventory.claim(entry, 1, NUMBER)
    assert isinstance(entry, StockEntry)
    assert entry == kept
