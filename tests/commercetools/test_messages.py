"""What moved in the stock, as commercetools' messages tell it: each once, late ones too, orders with the time they take to show."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from crossdock.commercetools.messages import ORDER_LAG, OVERLAP, PAGE_SIZE, SEEN_MAX
from crossdock.domain.ids import SellerSku
from crossdock.domain.inventory import HintPage, MessagePlace, StockHint
from crossdock.errors import DataError, Unauthorized, Unavailable
from crossdock.twin.commercetools_orders import place_order
from crossdock.twin.world import Fault
from tests.commercetools import test_sent_as_published as published
from tests.commercetools.stockroom import MUG, Json, Stockroom, faults

RED = SellerSku("MUG-RED")
KEPT = (
    "switch on the project's messages, each kept 15 days: the list of changes where Crossdock hears of stock and orders"
)


@pytest.fixture
def room() -> Stockroom:
    """A hundred mugs in the warehouse, none in escrow; what was told of that is long past."""
    return Stockroom()


@pytest.fixture
def start(room: Stockroom) -> MessagePlace:
    """Where reading begins: now, that is the minute before it."""
    return MessagePlace(room.world.clock.now())


def _pass(room: Stockroom, place: MessagePlace) -> Iterator[HintPage]:
    """All pages of one pass."""
    page = room.messages.read(place)
    yield page
    while page.place.after is not None:
        page = room.messages.read(page.place)
        yield page


def _hints(room: Stockroom, place: MessagePlace) -> tuple[list[StockHint], MessagePlace]:
    pages = list(_pass(room, place))
    return [hint for page in pages for hint in page.hints], pages[-1].place


def _told(room: Stockroom, kind: str, **more: Any) -> Json:
    """A message of this type about an order that was placed a moment later, with what else is told."""
    room.wait(seconds=1)
    order = place_order(room.project, {MUG: 1}, channel_key="warehouse")
    stamp = room.project.stamp("shop")
    room.project.messages.forget(
        {each["id"] for each in room.project.messages if each["resource"]["id"] == order["id"]}
    )
    room.project.tell(room.project.orders, order, kind, more, stamp=stamp)
    return order


def test_direct_changes_are_hints_at_once(room: Stockroom, start: MessagePlace) -> None:
    """Created, changed, sold out and deleted: each names its SKU, its entry and who did it, the oldest first, and shows at once."""
    entry = room.project.add_inventory("POT", 3)
    room.wait(seconds=1)
    claimed = room.inventory.claim(room.entry(None, "POT"), 3, "303-1")
    room.wait(seconds=1)
    room.door.platform.handle(
        room.door.requests[-1]._replace(method="DELETE", query={"version": [str(claimed.version)]}, body=b"")
    )
    hints, _ = _hints(room, start)
    told = [(hint.why, hint.skus, hint.entry_id, hint.by_client) for hint in hints]
    assert [told[0], told[-1]] == [
        ("InventoryEntryCreated", ("POT",), entry["id"], "merchant-center"),
        ("InventoryEntryDeleted", ("POT",), entry["id"], "stock"),
    ]
    # Of one instant they come in the order of their ids.
    assert set(told[1:-1]) == {
        ("InventoryEntryQuantitySet", ("POT",), entry["id"], "stock"),
        ("InventoryEntryOutOfStock", ("POT",), entry["id"], "stock"),
    }
    assert {hint.lag for hint in hints} == {timedelta(0)}
    assert hints[-1].at == room.world.clock.now()


def test_orders_show_after_their_lag(room: Stockroom, start: MessagePlace) -> None:
    """Read at once the stock is as before the order; read after the hint's lag it is as after it. No message of the stock itself comes."""
    place_order(room.project, {MUG: 4, RED: 1}, channel_key="warehouse")
    [hint], place = _hints(room, start)
    assert (hint.why, set(hint.skus), hint.lag, hint.by_client) == ("OrderCreated", {MUG, RED}, ORDER_LAG, "shop")
    assert room.entry().available == 100
    room.wait(seconds=hint.lag.total_seconds())
    assert (room.entry().available, room.entry(sku=RED).available) == (96, 99)
    assert _hints(room, place)[0] == []


@pytest.mark.parametrize("kind", ["OrderCreatedFromRecurringOrder", "OrderImported"])
def test_other_ways_to_an_order_are_hints(room: Stockroom, start: MessagePlace, kind: str) -> None:
    """An order of a recurring one and an imported one take stock as well."""
    order = place_order(room.project, {RED: 1}, channel_key="warehouse")
    _told(room, kind, order=order)
    hints, _ = _hints(room, start)
    assert [(hint.why, hint.skus) for hint in hints] == [("OrderCreated", (RED,)), (kind, (RED,))]


def test_order_that_takes_no_stock_is_no_hint(room: Stockroom, start: MessagePlace) -> None:
    """Lines with inventory mode `None` move nothing, whether the order says so or the line; a line that does is told alone."""
    place_order(room.project, {MUG: 4}, inventory_mode="None")
    place_order(room.project, {MUG: 4, RED: 1}, channel_key="warehouse")
    [told] = [
        each
        for each in room.project.messages
        if each["type"] == "OrderCreated" and len(each["order"]["lineItems"]) == 2
    ]
    lines = [
        line | ({"inventoryMode": "None"} if line["variant"]["sku"] == MUG else {})
        for line in told["order"]["lineItems"]
    ]
    room.project.messages.forget({told["id"]})
    room.project.messages.put(told | {"order": told["order"] | {"lineItems": lines}})
    assert [hint.skus for hint in _hints(room, start)[0]] == [(RED,)]


def test_edited_order_is_read_again(room: Stockroom, start: MessagePlace) -> None:
    """An edit tells its actions and not the lines: those the order has now and those that were added, in one read for all edits of a page."""
    edit = {"stagedActions": [{"action": "addLineItem", "sku": RED, "quantity": 1}, {"action": "setLocale"}]}
    _told(room, "OrderEditApplied", edit=edit, result={})
    _told(room, "OrderEditApplied", edit={"stagedActions": []}, result={})
    hints, _ = _hints(room, start)
    assert [(hint.why, hint.skus, hint.lag) for hint in hints] == [
        ("OrderEditApplied", (MUG, RED), ORDER_LAG),
        ("OrderEditApplied", (MUG,), ORDER_LAG),
    ]
    assert room.door.calls()["/orders"] == 1


def test_order_message_without_its_order_is_read_again(room: Stockroom, start: MessagePlace) -> None:
    """A payload may be left out; of an order that is gone as well nothing is left to say."""
    _told(room, "OrderCreated")
    gone = _told(room, "OrderCreated")
    room.project.orders.remove(gone["id"])
    assert [hint.skus for hint in _hints(room, start)[0]] == [(MUG,)]


def test_changes_without_a_sku_name_their_entry(room: Stockroom, start: MessagePlace) -> None:
    """Until October 2025 a changed quantity came without its SKU: it is among the identifiers, or the entry is to be read."""
    room.inventory.claim(room.entry(), 1, "303-1")
    [told] = [each for each in room.project.messages if each["type"] == "InventoryEntryQuantitySet"]
    without = {name: value for name, value in told.items() if name != "sku"}
    nameless = {name: value for name, value in without.items() if name != "resourceUserProvidedIdentifiers"}
    room.answer("/messages", without, nameless | {"id": "another"})
    named, bare = room.messages.read(start).hints
    assert (named.skus, bare.skus) == ((MUG,), ())
    assert named.entry_id == bare.entry_id == room.entry().entry_id


def test_types_nobody_needs_are_left_out(room: Stockroom, start: MessagePlace) -> None:
    """They are not asked for; where one comes all the same, it is passed over, whatever it holds."""
    room.project.tell(
        room.project.orders, {"id": "1", "version": 1}, "OrderStateChanged", {}, stamp=room.project.stamp()
    )
    assert _hints(room, start)[0] == []
    at = "2026-11-02T09:00:00.000Z"
    room.answer(
        "/messages", {"id": "1", "createdAt": at, "type": "MoodChanged", "resource": 7}, {"id": "2", "createdAt": at}
    )
    page = room.messages.read(start)
    assert (page.hints, page.unreadable) == ((), ())


ODD: dict[str, Json | str] = {
    "no time": {"id": "1", "type": "OrderCreated"},
    "no object": "7",
    "no resource": {"id": "1", "createdAt": "2026-11-02T09:00:00Z", "type": "InventoryEntryDeleted"},
    "nothing named": {"id": "1", "createdAt": "2026-11-02T09:00:00Z", "type": "InventoryEntryDeleted", "resource": {}},
    "odd SKU": {
        "id": "1",
        "createdAt": "2026-11-02T09:00:00Z",
        "type": "InventoryEntryDeleted",
        "resource": {},
        "sku": 7,
    },
    "odd lines": {
        "id": "1",
        "createdAt": "2026-11-02T09:00:00Z",
        "type": "OrderCreated",
        "resource": {"id": "7"},
        "order": {"lineItems": 3},
    },
}


@pytest.mark.parametrize("what", sorted(ODD))
def test_unreadable_message_stops_no_other(room: Stockroom, start: MessagePlace, what: str) -> None:
    """It is named without its content, and the others are hints."""
    room.inventory.claim(room.entry(), 1, "303-1")
    [told] = [each for each in room.project.messages if each["type"] == "InventoryEntryQuantitySet"]
    room.answer("/messages", ODD[what], told)
    page = room.messages.read(start)
    assert [hint.skus for hint in page.hints] == [(MUG,)]
    assert len(page.unreadable) == 1
    assert str(page.unreadable[0]).startswith("message ")


def test_each_message_is_a_hint_once(room: Stockroom, start: MessagePlace) -> None:
    """Passes overlap by a minute; what the one before told is not told again, what came since is."""
    claimed = room.inventory.claim(room.entry(), 1, "303-1")
    first, place = _hints(room, start)
    room.wait(seconds=10)
    room.inventory.claim(claimed, 1, "303-2")
    second, place = _hints(room, place)
    assert [len(first), len(second), len(_hints(room, place)[0])] == [1, 1, 0]


def test_late_message_is_found(room: Stockroom, start: MessagePlace) -> None:
    """One that becomes visible after later ones is found if it is less than a minute older than the newest."""
    room.inventory.claim(room.entry(), 1, "303-1")
    [late] = [each for each in room.project.messages if each["type"] == "InventoryEntryQuantitySet"]
    room.project.messages.forget({late["id"]})
    room.wait(seconds=OVERLAP.total_seconds())
    room.project.add_inventory("POT", 3)
    hints, place = _hints(room, start)
    assert [hint.skus for hint in hints] == [("POT",)]
    room.project.messages.put(late)
    assert [hint.skus for hint in _hints(room, place)[0]] == [(MUG,)]


def test_what_is_remembered_goes_with_the_minute(room: Stockroom, start: MessagePlace) -> None:
    """Only what the next pass meets again is kept in mind."""
    room.project.add_inventory("POT", 3)
    _, place = _hints(room, start)
    assert len(place.seen) == 1
    room.wait(seconds=OVERLAP.total_seconds() + 1)
    room.project.add_inventory("PAN", 3)
    _, place = _hints(room, place)
    assert list(place.seen.values()) == [place.newest_at]
    many = {f"{n}": place.newest_at for n in range(SEEN_MAX + 7)}
    assert len(room.messages.read(MessagePlace(place.newest_at, many)).place.seen) == SEEN_MAX


def test_ten_thousand_messages_of_one_instant_are_read_once_each(room: Stockroom, start: MessagePlace) -> None:
    """Page by page by time and then by id, also with pages that are read twice after a kill."""
    added = {room.project.add_inventory(f"SKU-{n:05d}", n)["sku"] for n in range(10_100)}
    pages = list(_pass(room, start))
    hinted = [sku for page in pages for hint in page.hints for sku in hint.skus]
    assert (len(pages), len(hinted), set(hinted)) == (10_100 // PAGE_SIZE + 1, len(added), added)
    again = room.messages.read(pages[20].place)
    assert again.hints == pages[21].hints
    assert len(_hints(room, pages[-1].place)[0]) <= len(added) - SEEN_MAX


def test_full_page_without_a_place_is_no_page(room: Stockroom, start: MessagePlace) -> None:
    """There is nothing to go on from."""
    room.answer("/messages", *["{}"] * PAGE_SIZE)
    with pytest.raises(DataError, match="messages page"):
        room.messages.read(start)


def test_reading_goes_by_their_clock(room: Stockroom) -> None:
    """A place five minutes ahead of theirs, as a clock of ours could set it, comes back to messages only later; what it skipped the sweep finds."""
    ahead = MessagePlace(room.world.clock.now() + timedelta(minutes=5))
    room.project.add_inventory("POT", 3)
    assert _hints(room, ahead)[0] == []
    [_], place = _hints(room, MessagePlace(room.world.clock.now()))
    assert place.newest_at == room.world.clock.now()


@pytest.mark.parametrize("at", ["2026-11-02T09:10:00.123456Z", "2026-11-02T10:10:00+01:00", "2026-11-02T09:10:00Z"])
def test_times_are_sent_as_they_were_told(room: Stockroom, start: MessagePlace, at: str) -> None:
    """Nothing is cut off a time: a page would come again for ever."""
    moment = datetime.fromisoformat(at)
    room.messages.read(MessagePlace(start.newest_at, {}, (moment, "7")))
    [where] = room.door.requests[-1].query["where"]
    sent = where.split('createdAt > "')[1].split('"')[0]
    assert (datetime.fromisoformat(sent), sent[-1]) == (moment, "Z")


def test_silence_is_unavailable(room: Stockroom, start: MessagePlace) -> None:
    """A page that does not come moves nothing."""
    room.world.faults.add(Fault("commercetools.queryMessages", "timed_out"))
    with pytest.raises(Unavailable):
        room.messages.read(start)


def test_missing_scope_is_told(room: Stockroom, start: MessagePlace) -> None:
    """Without `view_messages` there is nothing to read."""
    room.world.faults.add(Fault("commercetools.queryMessages", "forbidden"))
    with pytest.raises(Unauthorized, match="insufficient_scope"):
        room.messages.read(start)


# --- switched on by setting up


def test_messages_are_switched_on_once(room: Stockroom) -> None:
    """Told by a dry run, done by a real one, and nothing is left to do."""
    room.project.messages_enabled = False
    assert room.provision(messages=True, dry_run=True) == [KEPT]
    assert room.project.messages_enabled is False
    assert (room.provision(messages=True), room.provision(messages=True)) == ([KEPT], [])
    assert (room.project.messages_enabled, room.project.delete_days_after_creation) == (True, 15)


def test_messages_that_are_on_stay_as_they_are(room: Stockroom) -> None:
    """How long they are kept is the merchant's affair, and without the wish nobody asks."""
    room.project.delete_days_after_creation = 90
    assert (room.provision(messages=True), room.project.delete_days_after_creation) == ([], 90)
    room.project.messages_enabled = False
    assert room.provision() == []


@pytest.mark.skipif(not published.MODEL.exists(), reason="commercetools' published models are not at hand")
def test_all_that_is_sent_is_in_the_model(room: Stockroom, start: MessagePlace) -> None:
    """Switching on, a pass, its later pages and the orders it reads."""
    room.project.messages_enabled = False
    room.provision(messages=True)
    _told(room, "OrderEditApplied", edit={"stagedActions": []}, result={})
    [_], place = _hints(room, start)
    room.messages.read(MessagePlace(place.newest_at, {}, (place.newest_at, "7")))
    assert faults(room.door.requests) == []
    assert {request.path for request in room.door.requests} >= {"/shop/messages", "/shop/orders", "/shop"}
    assert any("changeMessagesConfiguration" in json.dumps(actions) for actions in room.updates())
