"""Stock in the simulated commercetools: what orders take, when it shows, and what is told about it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crossdock.twin.commercetools_orders import place_order
from crossdock.twin.commercetools_refusals import RefusedError
from tests.twin.commercetools_caller import Json, Shop, a_line, an_order

WAREHOUSE: Json = {"supplyChannel": {"typeId": "channel", "key": "warehouse"}}


@pytest.fixture
def shop() -> Shop:
    """A project with three goods, ten of each in the warehouse."""
    return Shop()


def test_an_import_takes_no_stock_unless_told(shop: Shop) -> None:
    """The mode None is the default and touches nothing."""
    shop.import_order(lineItems=[a_line(quantity=3, **WAREHOUSE)])
    shop.wait(minutes=1)
    assert shop.stock("MUG-BLUE") == (10, 10)


def test_what_an_order_takes_shows_after_the_lag(shop: Shop) -> None:
    """For ten seconds the entry shows the old quantity; then a new version shows the new one, without a message."""
    entry = shop.find("/inventory", 'sku = "MUG-BLUE"')[0]
    shop.import_order(lineItems=[a_line(quantity=3, **WAREHOUSE)], inventoryMode="TrackOnly")
    shop.wait(seconds=9.9)
    assert shop.stock("MUG-BLUE") == (10, 10)
    shop.wait(seconds=0.1)
    after = shop.get(f"/inventory/{entry['id']}")
    assert (after["quantityOnStock"], after["availableQuantity"]) == (7, 7)
    assert (after["version"], after["lastModifiedAt"]) == (2, "2026-11-02T09:00:10.000Z")
    assert shop.messages(entry["id"]) == ["InventoryEntryCreated"]


def test_the_lag_and_the_version_are_settings(shop: Shop) -> None:
    """A world may show stock at once, and without a new version: neither is promised by the platform."""
    shop.project.stock_lag = timedelta(0)
    shop.project.order_stock_changes_version = False
    shop.import_order(lineItems=[a_line(quantity=3, **WAREHOUSE)], inventoryMode="TrackOnly")
    entry = shop.find("/inventory", 'sku = "MUG-BLUE"')[0]
    assert (entry["availableQuantity"], entry["version"]) == (7, 1)


def test_tracking_goes_below_zero_but_needs_an_entry(shop: Shop) -> None:
    """TrackOnly sells what is not there, and refuses what nobody counts."""
    shop.import_order(lineItems=[a_line(quantity=12, **WAREHOUSE)], inventoryMode="TrackOnly")
    shop.wait(seconds=10)
    assert shop.stock("MUG-BLUE") == (-2, -2)
    draft = an_order(orderNumber="303-1", lineItems=[a_line()], inventoryMode="TrackOnly")  # of no supply channel
    refused = shop.refused("POST", "/orders/import", draft)
    assert (refused["code"], refused["skus"], len(refused["lineItems"])) == ("OutOfStock", ["MUG-BLUE"], 1)
    assert "303-1" not in shop.project.orders_by_number()


def test_reserving_needs_enough(shop: Shop) -> None:
    """ReserveOnOrder refuses the whole order if one line is short, and takes nothing."""
    lines = [a_line(quantity=1, **WAREHOUSE), a_line("POT", quantity=11, **WAREHOUSE)]
    draft = an_order(lineItems=lines, inventoryMode="ReserveOnOrder")
    assert shop.refused("POST", "/orders/import", draft)["skus"] == ["POT"]
    shop.wait(seconds=10)
    assert shop.stock("MUG-BLUE") == (10, 10)


def test_reserving_counts_what_does_not_show_yet(shop: Shop) -> None:
    """Two orders in the same second cannot take the same units, though the entry still shows them."""
    draft = an_order(lineItems=[a_line(quantity=6, **WAREHOUSE)], inventoryMode="ReserveOnOrder")
    shop.create("/orders/import", draft)
    assert shop.stock("MUG-BLUE") == (10, 10)
    assert shop.refused("POST", "/orders/import", draft)["code"] == "OutOfStock"


def test_two_lines_of_an_order_share_the_stock(shop: Shop) -> None:
    """Six and five of ten are too many."""
    lines = [a_line(quantity=6, **WAREHOUSE), a_line(quantity=5, **WAREHOUSE)]
    draft = an_order(lineItems=lines, inventoryMode="ReserveOnOrder")
    assert shop.refused("POST", "/orders/import", draft)["code"] == "OutOfStock"


def test_what_can_be_restocked_can_be_reserved(shop: Shop) -> None:
    """With restockableInDays, 0 included, an order may take more than there is."""
    entry = shop.find("/inventory", 'sku = "POT"')[0]
    shop.update(f"/inventory/{entry['id']}", 1, {"action": "setRestockableInDays", "restockableInDays": 0})
    shop.import_order(lineItems=[a_line("POT", quantity=11, **WAREHOUSE)], inventoryMode="ReserveOnOrder")
    shop.wait(seconds=10)
    assert shop.stock("POT") == (-1, -1)


def test_a_line_may_have_a_mode_of_its_own(shop: Shop) -> None:
    """It overrides the order's, and is shown only where it differs."""
    lines = [a_line(inventoryMode="None"), a_line("POT", inventoryMode="TrackOnly", **WAREHOUSE)]
    order = shop.import_order(lineItems=lines, inventoryMode="TrackOnly")
    shop.wait(seconds=10)
    assert order["lineItems"][0]["inventoryMode"] == "None"
    assert "inventoryMode" not in order["lineItems"][1]
    assert (shop.stock("MUG-BLUE"), shop.stock("POT")) == ((10, 10), (9, 9))


def test_a_direct_change_shows_at_once_and_is_told(shop: Shop) -> None:
    """Adding, removing and setting tell the quantities before and after, with the SKU and the channel."""
    entry = shop.find("/inventory", 'sku = "POT"')[0]
    path = f"/inventory/{entry['id']}"
    shop.update(path, 1, {"action": "addQuantity", "quantity": 5}, {"action": "removeQuantity", "quantity": 20})
    assert shop.stock("POT") == (-5, -5)
    shop.update(path, 3, {"action": "changeQuantity", "quantity": 8})
    told = shop.find("/messages", f'resource(id = "{entry["id"]}") and type = "InventoryEntryQuantitySet"')
    quantities = [(each["oldQuantityOnStock"], each["newAvailableQuantity"]) for each in told]
    assert quantities == [(10, 15), (15, -5), (-5, 8)]
    assert told[0]["sku"] == "POT"
    assert told[0]["supplyChannel"] == entry["supplyChannel"]


def test_a_relative_change_meets_an_order_that_does_not_show_yet(shop: Shop) -> None:
    """Both count: the change at once, the order after the lag."""
    shop.import_order(lineItems=[a_line("POT", quantity=3, **WAREHOUSE)], inventoryMode="TrackOnly")
    entry = shop.find("/inventory", 'sku = "POT"')[0]
    shop.update(f"/inventory/{entry['id']}", 1, {"action": "removeQuantity", "quantity": 2})
    assert shop.stock("POT") == (8, 8)
    shop.wait(seconds=10)
    assert shop.stock("POT") == (5, 5)


def test_an_absolute_change_overwrites_an_order_that_does_not_show_yet(shop: Shop) -> None:
    """Whoever sets a quantity gives the units of the newest orders back: the danger of absolute values."""
    shop.import_order(lineItems=[a_line("POT", quantity=3, **WAREHOUSE)], inventoryMode="TrackOnly")
    entry = shop.find("/inventory", 'sku = "POT"')[0]
    shop.update(f"/inventory/{entry['id']}", 1, {"action": "changeQuantity", "quantity": 10})
    shop.wait(seconds=10)
    assert shop.stock("POT") == (10, 10)


def test_an_update_decided_before_an_order_showed_is_refused(shop: Shop) -> None:
    """What an order took raises the entry's version."""
    entry = shop.find("/inventory", 'sku = "POT"')[0]
    shop.import_order(lineItems=[a_line("POT", **WAREHOUSE)], inventoryMode="TrackOnly")
    shop.wait(seconds=10)
    update = {"version": 1, "actions": [{"action": "changeQuantity", "quantity": 10}]}
    assert shop.refused("POST", f"/inventory/{entry['id']}", update)["currentVersion"] == 2


def test_there_is_one_entry_for_a_sku_and_a_channel(shop: Shop) -> None:
    """A second one is a duplicate; in another channel, or in none, it is not. The SKU need not be a product's."""
    draft = {"sku": "POT", "quantityOnStock": 1}
    assert shop.refused("POST", "/inventory", draft | WAREHOUSE)["code"] == "DuplicateField"
    assert shop.create("/inventory", draft)["availableQuantity"] == 1
    assert shop.refused("POST", "/inventory", draft)["code"] == "DuplicateField"
    assert shop.create("/inventory", {"sku": "UNHEARD-OF", "quantityOnStock": 0, "key": "unheard-of"})["version"] == 1
    same_key = {"sku": "OTHER", "quantityOnStock": 0, "key": "unheard-of"}
    assert shop.refused("POST", "/inventory", same_key)["field"] == "key"


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ({"action": "setKey", "key": "pot-1"}, {"key": "pot-1"}),
        (
            {"action": "setExpectedDelivery", "expectedDelivery": "2026-12-01T00:00:00Z"},
            {"expectedDelivery": "2026-12-01T00:00:00.000Z"},
        ),
        ({"action": "setInventoryLimits", "minCartQuantity": 1, "maxCartQuantity": 5}, {"maxCartQuantity": 5}),
        ({"action": "setSafetyStock", "quantity": 2}, {"stockLevels": {"safetyStock": 2}}),
        ({"action": "setReorderPoint", "quantity": 4}, {"stockLevels": {"reorderPoint": 4}}),
        (
            {"action": "setReservationExpirationInMinutes", "reservationExpirationInMinutes": 30},
            {"reservationExpirationInMinutes": 30},
        ),
        ({"action": "setCustomType", "type": {"key": "claims"}, "fields": {"claim": "a"}}, {}),
    ],
)
def test_an_entry_changes(shop: Shop, action: Json, expected: Json) -> None:
    """Each property has its action."""
    shop.project.add_type("claims", ["inventory-entry"], {"claim": "String"})
    entry = shop.find("/inventory", 'sku = "POT"')[0]
    changed = shop.update(f"/inventory/{entry['id']}", 1, action)
    assert changed["version"] == 2
    assert {name: changed[name] for name in expected} == expected


def test_a_claim_and_its_quantity_are_one_update(shop: Shop) -> None:
    """Units are removed and the claim's number set together, or not at all."""
    shop.project.add_type("claims", ["inventory-entry"], {"claim": "String"})
    entry = shop.find("/inventory", 'sku = "POT"')[0]
    path = f"/inventory/{entry['id']}"
    shop.update(path, 1, {"action": "setCustomType", "type": {"key": "claims"}})
    remove = {"action": "removeQuantity", "quantity": 2}
    wrong = {"action": "setCustomField", "name": "claim", "value": 7}
    assert shop.refused("POST", path, {"version": 2, "actions": [remove, wrong]})["code"] == "InvalidField"
    assert shop.stock("POT") == (10, 10)
    claimed = shop.update(path, 2, remove, wrong | {"value": "claim-7"})
    assert (claimed["availableQuantity"], claimed["custom"]["fields"]) == (8, {"claim": "claim-7"})


def test_an_entry_moves_to_another_channel(shop: Shop) -> None:
    """Unless there is an entry already."""
    shop.project.add_channel("outlet", "InventorySupply")
    shop.project.add_inventory("POT", 1, "outlet")
    entry = shop.find("/inventory", 'sku = "MUG-RED"')[0]
    action = {"action": "setSupplyChannel", "supplyChannel": {"key": "outlet"}}
    assert shop.update(f"/inventory/{entry['id']}", 1, action)["version"] == 2
    pot = shop.find("/inventory", 'sku = "POT" and availableQuantity = 10')[0]
    refused = shop.refused("POST", f"/inventory/{pot['id']}", {"version": 1, "actions": [action]})
    assert refused["code"] == "DuplicateField"


def test_an_entry_is_deleted(shop: Shop) -> None:
    """Its deletion is told with its SKU and channel."""
    entry = shop.find("/inventory", 'sku = "POT"')[0]
    assert shop.send("DELETE", f"/inventory/{entry['id']}", query={"version": ["1"]}).status == 200
    told = shop.find("/messages", 'type = "InventoryEntryDeleted"')[0]
    assert (told["sku"], told["supplyChannel"]) == ("POT", entry["supplyChannel"])
    assert shop.find("/inventory", 'sku = "POT"') == []


def test_falling_to_a_level_is_told(shop: Shop) -> None:
    """Also when an order took the units: out of stock, and the levels set for the entry."""
    entry = shop.find("/inventory", 'sku = "POT"')[0]
    shop.update(f"/inventory/{entry['id']}", 1, {"action": "setSafetyStock", "quantity": 2})
    shop.import_order(lineItems=[a_line("POT", quantity=8, **WAREHOUSE)], inventoryMode="TrackOnly")
    shop.wait(seconds=10)
    shop.get("/inventory")
    shop.update(f"/inventory/{entry['id']}", 3, {"action": "removeQuantity", "quantity": 2})
    assert shop.messages(entry["id"])[1:] == [
        "InventoryEntrySafetyStock",
        "InventoryEntryQuantitySet",
        "InventoryEntryOutOfStock",
    ]


def test_somebody_buys_in_the_shop(shop: Shop) -> None:
    """An order of the shop itself takes stock as its own orders do, and is told as created, not as imported."""
    order = place_order(shop.project, {"MUG-BLUE": 2, "POT": 1}, channel_key="warehouse")
    shop.wait(seconds=10)
    assert (shop.stock("MUG-BLUE"), shop.stock("POT")) == ((8, 8), (9, 9))
    assert shop.messages(order["id"]) == ["OrderCreated"]
    with pytest.raises(RefusedError, match="out of stock"):
        place_order(shop.project, {"POT": 10}, channel_key="warehouse")
