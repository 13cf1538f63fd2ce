"""Which of an order's addresses the units of a line go to, where they do not all go to one.

An address is removed only when no line names it any more.
"""

from crossdock.twin.commercetools_custom import stored_address
from crossdock.twin.commercetools_refusals import Json, duplicate_field, invalid_json, invalid_operation
from crossdock.twin.commercetools_updates import Act, Edit


def line_of(edit: Edit, action: Json, kind: str) -> Json:
    """Find the line an action names by id or key."""
    item_id, key = action.get(f"{kind}Id"), action.get(f"{kind}Key")
    if item_id is None and key is None:
        raise invalid_json(f"actions -> {kind}Id: Missing required value")
    for item in edit.resource[f"{kind}s"]:
        if item["id"] == item_id or (key is not None and item.get("key") == key):
            found: Json = item
            return found
    raise invalid_operation(f"The order has no {kind} with the id or key '{item_id or key}'.")


def add_item_address(edit: Edit, action: Json) -> None:
    """Add an address that lines may name; its key must be new."""
    address = stored_address(edit.project, action["address"])
    if "key" not in address:
        raise invalid_operation("An item shipping address needs a key.")
    if address["key"] in _item_address_keys(edit):
        raise duplicate_field("itemShippingAddresses.key", address["key"])
    edit.resource["itemShippingAddresses"].append(address)


def remove_item_address(edit: Edit, action: Json) -> None:
    """Remove an address; one that a line still names cannot be removed."""
    key = action["addressKey"]
    if key not in _item_address_keys(edit):
        raise invalid_operation(f"The order has no item shipping address with the key '{key}'.")
    if key in _named_addresses(edit.resource):
        raise invalid_operation(f"The item shipping address '{key}' is used by a line item.")
    kept = [address for address in edit.resource["itemShippingAddresses"] if address.get("key") != key]
    edit.resource["itemShippingAddresses"] = kept


def set_shipping_details(kind: str) -> Act:
    """Make the action that says, or no longer says, which addresses the units of a line go to."""

    def act(edit: Edit, action: Json) -> None:
        item = line_of(edit, action, kind)
        details = action.get("shippingDetails")
        if details is None:
            item.pop("shippingDetails", None)
            return
        if not {target["addressKey"] for target in details["targets"]} <= _item_address_keys(edit):
            raise invalid_operation("A target names an address that the order does not have.")
        if sum(target["quantity"] for target in details["targets"]) != item["quantity"]:
            raise invalid_operation("The targets do not sum to the quantity of the line item.")
        item["shippingDetails"] = {"valid": True, **details}

    return act


def _item_address_keys(edit: Edit) -> set[str]:
    """Give the keys of the addresses lines may name."""
    return {address.get("key", "") for address in edit.resource["itemShippingAddresses"]}


def _named_addresses(order: Json) -> set[str]:
    """Give the keys of the addresses that lines do name."""
    lines = [*order["lineItems"], *order["customLineItems"]]
    return {target["addressKey"] for line in lines for target in line.get("shippingDetails", {}).get("targets", ())}
