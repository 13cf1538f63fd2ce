"""What leaves with an order in commercetools: deliveries, their parcels, and how these are followed.

The platform does not check that no more is delivered than was ordered.
"""

from crossdock.twin.commercetools_custom import checked_key, stored_address, stored_custom
from crossdock.twin.commercetools_project import Project, Stamp
from crossdock.twin.commercetools_refusals import Json, duplicate_field, invalid_json, invalid_operation
from crossdock.twin.commercetools_updates import Edit


def stored_delivery(project: Project, draft: Json, order: Json, stamp: Stamp) -> Json:
    """Give a new delivery as it is stored; its items must be lines of the order."""
    delivery: Json = {
        "id": project.world.new_id(),
        "createdAt": stamp.at,
        "items": _checked_items(draft.get("items", []), order),
        "parcels": [_stored_parcel(project, parcel, order, stamp) for parcel in draft.get("parcels", ())],
    }
    if "key" in draft:
        delivery["key"] = checked_key(draft["key"])
    if "address" in draft:
        delivery["address"] = stored_address(project, draft["address"])
    custom = stored_custom(project, draft.get("custom"), "order-delivery")
    if custom is not None:
        delivery["custom"] = custom
    return delivery


def _stored_parcel(project: Project, draft: Json, order: Json, stamp: Stamp) -> Json:
    """Give a new parcel as it is stored."""
    parcel: Json = {"id": project.world.new_id(), "createdAt": stamp.at}
    if "key" in draft:
        parcel["key"] = checked_key(draft["key"])
    if "measurements" in draft:
        parcel["measurements"] = draft["measurements"]
    if "trackingData" in draft:
        parcel["trackingData"] = _stored_tracking(draft["trackingData"])
    parcel["items"] = _checked_items(draft.get("items", []), order)
    custom = stored_custom(project, draft.get("custom"), "order-parcel")
    if custom is not None:
        parcel["custom"] = custom
    return parcel


def _stored_tracking(draft: Json) -> Json:
    """Give tracking data as it is stored."""
    return {"isReturn": False, **draft}


def _checked_items(items: list[Json], order: Json) -> list[Json]:
    """Give the items of a delivery or parcel; refuse one that is no line of the order. Quantities are not checked."""
    known = {line["id"] for name in ("lineItems", "customLineItems") for line in order[name]}
    for item in items:
        if item["id"] not in known:
            raise invalid_operation(f"The order has no line item with the id '{item['id']}'.")
    return items


def _deliveries(edit: Edit) -> list[Json]:
    """Give the deliveries of an order that is shipped at all."""
    info = edit.resource.get("shippingInfo")
    if info is None:
        raise invalid_operation("A delivery needs an order with shippingInfo.")
    deliveries: list[Json] = info.setdefault("deliveries", [])
    return deliveries


def add_delivery(edit: Edit, action: Json) -> None:
    """Add a delivery with its parcels."""
    deliveries = _deliveries(edit)
    draft = action | ({"key": action["deliveryKey"]} if "deliveryKey" in action else {})
    delivery = stored_delivery(edit.project, draft, edit.resource, edit.stamp)
    _check_new_key(deliveries, delivery, "deliveryKey")
    parcels = [parcel for each in deliveries for parcel in each["parcels"]]
    for parcel in delivery["parcels"]:
        _check_new_key(parcels, parcel, "parcelKey")
        parcels.append(parcel)
    deliveries.append(delivery)
    edit.tell("DeliveryAdded", delivery=delivery | {"parcels": []})
    for parcel in delivery["parcels"]:
        edit.tell("ParcelAddedToDelivery", delivery=delivery, parcel=parcel)


def add_parcel(edit: Edit, action: Json) -> None:
    """Add a parcel to a delivery."""
    deliveries = _deliveries(edit)
    delivery = _found(deliveries, action, "delivery")
    draft = action | ({"key": action["parcelKey"]} if "parcelKey" in action else {})
    parcel = _stored_parcel(edit.project, draft, edit.resource, edit.stamp)
    _check_new_key([each for other in deliveries for each in other["parcels"]], parcel, "parcelKey")
    delivery["parcels"].append(parcel)
    edit.tell("ParcelAddedToDelivery", delivery=delivery, parcel=parcel)


def set_address(edit: Edit, action: Json) -> None:
    """Set or remove the address a delivery goes to."""
    delivery = _found(_deliveries(edit), action, "delivery")
    address = stored_address(edit.project, action["address"]) if "address" in action else None
    before = delivery.pop("address", None)
    if address is not None:
        delivery["address"] = address
    edit.tell("DeliveryAddressSet", deliveryId=delivery["id"], address=address, oldAddress=before)


def set_tracking(edit: Edit, action: Json) -> None:
    """Set or remove how a parcel can be followed."""
    deliveries = _deliveries(edit)
    parcel = _found([each for delivery in deliveries for each in delivery["parcels"]], action, "parcel")
    delivery = next(each for each in deliveries if parcel in each["parcels"])
    tracking = _stored_tracking(action["trackingData"]) if "trackingData" in action else None
    if tracking is None:
        parcel.pop("trackingData", None)
    else:
        parcel["trackingData"] = tracking
    edit.tell("ParcelTrackingDataUpdated", deliveryId=delivery["id"], parcelId=parcel["id"], trackingData=tracking)


def _found(among: list[Json], action: Json, kind: str) -> Json:
    """Find the delivery or parcel an action names by id or key."""
    wanted_id, key = action.get(f"{kind}Id"), action.get(f"{kind}Key")
    if wanted_id is None and key is None:
        raise invalid_json(f"actions -> {kind}Id: Missing required value")
    # The key of a parcel that is being added shares its field's name with the key of one that is looked for.
    for each in among:
        if each["id"] == wanted_id if wanted_id is not None else each.get("key") == key:
            return each
    raise invalid_operation(f"The order has no {kind} with the id or key '{wanted_id or key}'.")


def _check_new_key(among: list[Json], new: Json, field: str) -> None:
    """Refuse a key that another delivery or parcel of the order has."""
    key = new.get("key")
    if key is not None and any(each.get("key") == key for each in among):
        raise duplicate_field(field, key)
