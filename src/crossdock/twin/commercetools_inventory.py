"""Stock in commercetools: entries by SKU and supply channel, and what orders take from them.

What an order takes counts at once for the next order, and shows in the entry after the project's lag; the messages of
direct changes are never sent for it. A change through the API shows at once.
"""

from collections import defaultdict

from crossdock.twin.commercetools_bodies import stored_time, update_of
from crossdock.twin.commercetools_custom import set_custom_field, set_custom_type, stored_custom
from crossdock.twin.commercetools_drafts import Identifier
from crossdock.twin.commercetools_project import Project, Stamp, StockChange
from crossdock.twin.commercetools_refusals import (
    Json,
    duplicate_field,
    invalid_field,
    invalid_input,
    invalid_operation,
    out_of_stock,
)
from crossdock.twin.commercetools_updates import Act, Edit, apply, custom_shapes, setter, shape


def create_entry(project: Project, draft: Json, stamp: Stamp) -> Json:
    """Create an inventory entry; there is one for each SKU and supply channel."""
    fields = dict(draft)
    channel = draft.get("supplyChannel")
    if channel is not None:
        fields["supplyChannel"] = supply_channel(project, channel)
    _check_one_entry(project, draft["sku"], fields.get("supplyChannel"))
    if "expectedDelivery" in draft:
        fields["expectedDelivery"] = _moment(draft["expectedDelivery"])
    custom = stored_custom(project, fields.pop("custom", None), "inventory-entry")
    if custom is not None:
        fields["custom"] = custom
    fields["availableQuantity"] = draft["quantityOnStock"]
    entry = project.create(project.inventory, fields, stamp)
    project.tell(project.inventory, entry, "InventoryEntryCreated", {"inventoryEntry": entry}, stamp=stamp)
    return entry


def update_entry(project: Project, entry: Json, update: Json, stamp: Stamp) -> Json:
    """Update an inventory entry. An absolute quantity also overrides what orders took and does not show yet."""
    updated = apply(project, project.inventory, entry, update, actions=_ACTIONS, stamp=stamp)
    if any(action["action"] == "changeQuantity" for action in update["actions"]):
        _forget_changes(project, entry["id"])
    _tell_levels(project, entry, updated, stamp)
    return updated


def delete_entry(project: Project, entry: Json, stamp: Stamp) -> None:
    """Delete an inventory entry."""
    project.inventory.remove(entry["id"])
    _forget_changes(project, entry["id"])
    fields: Json = {name: entry[name] for name in ("sku", "supplyChannel") if name in entry}
    project.tell(project.inventory, entry, "InventoryEntryDeleted", fields, stamp=stamp)


def supply_channel(project: Project, identifier: Json) -> Json:
    """Make the reference to a channel that supplies inventory; refuse one that does not."""
    return channel_with_role(project, identifier, "InventorySupply")


def channel_with_role(project: Project, identifier: Json, *roles: str) -> Json:
    """Make the reference to a channel that has one of these roles."""
    channel = project.find("channel", identifier)
    if not set(roles) & set(channel["roles"]):
        raise invalid_input(f"The channel '{channel['key']}' has none of the roles: {', '.join(roles)}.")
    return {"typeId": "channel", "id": channel["id"]}


def take_stock(project: Project, order_mode: str, lines: list[Json]) -> None:
    """Take the lines of an order from stock, all of them or, if one cannot be, none."""
    missing: list[Json] = []
    wanted: defaultdict[str, int] = defaultdict(int)
    for line in lines:
        mode = line.get("inventoryMode", order_mode)
        if mode == "None":
            continue
        if mode == "ReserveOnCart":
            raise invalid_operation("ReserveOnCart needs a reservation expiration, which this project has not set.")
        entry = find_entry(project, line["variant"].get("sku", ""), line.get("supplyChannel"))
        if entry is None:
            missing.append(line)
            continue
        wanted[entry["id"]] += line["quantity"]
        short = available(project, entry) < wanted[entry["id"]]
        if mode == "ReserveOnOrder" and short and "restockableInDays" not in entry:
            missing.append(line)
    if missing:
        raise out_of_stock([line["id"] for line in missing], [line["variant"].get("sku", "") for line in missing])
    due = project.world.clock.now() + project.stock_lag
    shown = due.isoformat(timespec="milliseconds")[:-6] + "Z"
    for entry_id, quantity in wanted.items():
        project.stock_changes.append(StockChange(shown, entry_id, -quantity))
        project.hidden_stock[entry_id] = project.hidden_stock.get(entry_id, 0) - quantity


def find_entry(project: Project, sku: str, channel: Json | None) -> Json | None:
    """Find the entry of a SKU in a supply channel, or in none; None if there is no such entry."""
    channel_id = channel["id"] if channel else None
    for entry in project.inventory.find_all("sku", [sku]):
        if entry.get("supplyChannel", {}).get("id") == channel_id:
            return entry
    return None


def available(project: Project, entry: Json) -> int:
    """Tell how much an order could take now, whatever the entry shows."""
    shown: int = entry["availableQuantity"]
    return shown + project.hidden_stock.get(entry["id"], 0)


def show_due_changes(project: Project) -> None:
    """Let what orders took long enough ago show in the entries."""
    changes = project.stock_changes
    while changes and changes[0].due <= project.now():
        change = changes.popleft()
        before = project.inventory.get(change.entry_id)
        if before is None or not change.quantity:
            continue
        project.hidden_stock[change.entry_id] -= change.quantity
        after = before | {
            "quantityOnStock": before["quantityOnStock"] + change.quantity,
            "availableQuantity": before["availableQuantity"] + change.quantity,
        }
        if project.order_stock_changes_version:
            after |= {"version": before["version"] + 1, "lastModifiedAt": change.due}
        project.inventory.put(after)
        _tell_levels(project, before, after, project.stamp())


def _forget_changes(project: Project, entry_id: str) -> None:
    """Forget what orders took from an entry and does not show yet."""
    if project.hidden_stock.pop(entry_id, 0):
        for change in project.stock_changes:
            if change.entry_id == entry_id:
                change.quantity = 0


def _tell_levels(project: Project, before: Json, after: Json, stamp: Stamp) -> None:
    """Tell when the stock has fallen to nothing, or to one of the levels set for the entry."""
    old, new = before["quantityOnStock"], after["quantityOnStock"]
    fields: Json = {name: after[name] for name in ("sku", "supplyChannel") if name in after}
    if new <= 0 < old:
        project.tell(project.inventory, after, "InventoryEntryOutOfStock", fields, stamp=stamp)
    levels = after.get("stockLevels", {})
    for name, message in (("safetyStock", "SafetyStock"), ("reorderPoint", "ReorderPoint")):
        if name in levels and new <= levels[name] < old:
            told = fields | {"quantityOnStock": new}
            project.tell(project.inventory, after, f"InventoryEntry{message}", told, stamp=stamp)


def _check_one_entry(project: Project, sku: str, channel: Json | None, own_id: str | None = None) -> None:
    """Refuse a second entry for a SKU and supply channel."""
    existing = find_entry(project, sku, channel)
    if existing is not None and existing["id"] != own_id:
        raise duplicate_field("sku", sku)


def _moment(text: str) -> str:
    """Give a date and time as it is stored."""
    moment = stored_time(text)
    if moment is None:
        raise invalid_field("expectedDelivery", text)
    return moment


def _move(edit: Edit, by: int) -> None:
    """Change the quantities of an entry and tell about it."""
    entry = edit.resource
    old_stock, old_available = entry["quantityOnStock"], entry["availableQuantity"]
    entry["quantityOnStock"] += by
    entry["availableQuantity"] += by
    edit.tell(
        "InventoryEntryQuantitySet",
        oldQuantityOnStock=old_stock,
        newQuantityOnStock=entry["quantityOnStock"],
        oldAvailableQuantity=old_available,
        newAvailableQuantity=entry["availableQuantity"],
        sku=entry["sku"],
        supplyChannel=entry.get("supplyChannel"),
    )


def _change_quantity(edit: Edit, action: Json) -> None:
    """Set the quantity on stock; what is reserved stays reserved."""
    _move(edit, action["quantity"] - edit.resource["quantityOnStock"])


def _set_key(edit: Edit, action: Json) -> None:
    """Set or remove the key."""
    edit.project.inventory.check_unique("key", action.get("key"), edit.resource["id"])
    edit.set("key", action.get("key"))


def _set_supply_channel(edit: Edit, action: Json) -> None:
    """Move the entry to another supply channel, or to none."""
    draft = action.get("supplyChannel")
    channel = supply_channel(edit.project, draft) if draft else None
    _check_one_entry(edit.project, edit.resource["sku"], channel, edit.resource["id"])
    edit.set("supplyChannel", channel)


def _set_expected_delivery(edit: Edit, action: Json) -> None:
    """Set or remove when new stock is expected."""
    text = action.get("expectedDelivery")
    edit.set("expectedDelivery", _moment(text) if text else None)


def _set_limits(edit: Edit, action: Json) -> None:
    """Set or remove how many a cart may hold."""
    edit.set("minCartQuantity", action.get("minCartQuantity"))
    edit.set("maxCartQuantity", action.get("maxCartQuantity"))


def _set_custom_field(edit: Edit, action: Json) -> None:
    """Set or remove one custom field."""
    set_custom_field(edit.project, edit.resource, action)


def _set_level(name: str) -> Act:
    """Make the action that sets or removes one stock level."""

    def act(edit: Edit, action: Json) -> None:
        levels = {**edit.resource.get("stockLevels", {}), name: action.get("quantity")}
        edit.set("stockLevels", {each: value for each, value in levels.items() if value is not None} or None)

    return act


_ACTIONS: dict[str, Act] = {
    "addQuantity": lambda edit, action: _move(edit, action["quantity"]),
    "removeQuantity": lambda edit, action: _move(edit, -action["quantity"]),
    "changeQuantity": _change_quantity,
    "setRestockableInDays": setter("restockableInDays"),
    "setExpectedDelivery": _set_expected_delivery,
    "setSupplyChannel": _set_supply_channel,
    "setKey": _set_key,
    "setInventoryLimits": _set_limits,
    "setSafetyStock": _set_level("safetyStock"),
    "setReorderPoint": _set_level("reorderPoint"),
    "setReservationExpirationInMinutes": setter("reservationExpirationInMinutes"),
    "setCustomType": lambda edit, action: set_custom_type(edit.project, edit.resource, action, "inventory-entry"),
    "setCustomField": _set_custom_field,
}

INVENTORY_UPDATE = update_of(
    shape("addQuantity", quantity=int),
    shape("removeQuantity", quantity=int),
    shape("changeQuantity", quantity=int),
    shape("setRestockableInDays", restockableInDays=int | None),
    shape("setExpectedDelivery", expectedDelivery=str | None),
    shape("setSupplyChannel", supplyChannel=Identifier | None),
    shape("setKey", key=str | None),
    shape("setInventoryLimits", minCartQuantity=int | None, maxCartQuantity=int | None),
    shape("setSafetyStock", quantity=int | None),
    shape("setReorderPoint", quantity=int | None),
    shape("setReservationExpirationInMinutes", reservationExpirationInMinutes=int | None),
    *custom_shapes(),
)
