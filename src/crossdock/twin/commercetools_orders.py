"""Orders in commercetools: importing one, placing one in the shop, deleting one.

An import takes the amounts it is given: totals of the order are stored as they are, never recomputed. What the platform
does compute is each line's `totalPrice`, and `taxedPrice` where a line has a tax rate and brings no taxed price.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from crossdock.twin import commercetools_money as money
from crossdock.twin.commercetools_custom import stored_custom
from crossdock.twin.commercetools_drafts import stored_time
from crossdock.twin.commercetools_inventory import channel_with_role, supply_channel, take_stock
from crossdock.twin.commercetools_project import Project, Stamp
from crossdock.twin.commercetools_refusals import (
    Json,
    RefusedError,
    duplicate_field,
    invalid_field,
    invalid_input,
    invalid_json,
    invalid_operation,
    no_such_reference,
)

_SLUG = re.compile(r"[a-zA-Z0-9_-]{2,256}")
_KEY = re.compile(r"[A-Za-z0-9_-]{2,256}")


@dataclass(frozen=True)
class _Importing:
    """What every part of one import needs: the project, the time, and the order's modes of computing."""

    project: Project
    stamp: Stamp
    modes: Mapping[str, str]


_AS_GIVEN = ("orderNumber", "purchaseOrderNumber", "customerEmail", "paymentState", "shipmentState", "country")
_DEFAULTS = {
    "orderState": "Open",
    "inventoryMode": "None",
    "origin": "Customer",
    "priceRoundingMode": "HalfEven",
    "taxRoundingMode": "HalfEven",
    "taxCalculationMode": "LineItemLevel",
}


def import_order(project: Project, draft: Json, stamp: Stamp, *, message: str = "OrderImported") -> Json:
    """Import an order: checked against the project, taken from stock as its inventory modes say, and told about."""
    project.orders.check_unique("orderNumber", draft.get("orderNumber"))
    if not draft.get("lineItems") and not draft.get("customLineItems"):
        raise invalid_input("An order needs at least one line item or custom line item.")
    fields: Json = {"type": "Order"}
    fields |= {name: draft[name] for name in _AS_GIVEN if name in draft}
    modes = {name: draft.get(name, default) for name, default in _DEFAULTS.items()}
    fields |= modes
    _refer(project, draft, fields)
    fields["totalPrice"] = money.stored_cents(draft["totalPrice"], "totalPrice")
    if "taxedPrice" in draft:
        fields["taxedPrice"] = money.stored_taxed(draft["taxedPrice"], "taxedPrice")
    fields |= {"taxMode": "External", "shippingMode": "Single", "shipping": []}
    importing = _Importing(project, stamp, modes)
    fields["lineItems"] = [
        _line(importing, line, f"lineItems -> {position}") for position, line in enumerate(draft.get("lineItems", ()))
    ]
    fields["customLineItems"] = [
        _custom_line(importing, line, f"customLineItems -> {position}")
        for position, line in enumerate(draft.get("customLineItems", ()))
    ]
    for name in ("lineItems", "customLineItems"):
        _check_distinct_keys(fields[name])
    if "shippingInfo" in draft:
        _ship(importing, draft["shippingInfo"], fields)
    _address(project, draft, fields)
    fields |= {"syncInfo": [], "returnInfo": [], "refusedGifts": [], "discountCodes": [], "directDiscounts": []}
    custom = stored_custom(project, draft.get("custom"), "order")
    if custom is not None:
        fields["custom"] = custom

    take_stock(project, modes["inventoryMode"], fields["lineItems"])
    order = project.create(project.orders, fields, stamp)
    project.tell(project.orders, order, message, {"order": order}, stamp=stamp)
    return order


def place_order(
    project: Project,
    units: Mapping[str, int],
    *,
    channel_key: str | None = None,
    cent_amount: int = 1000,
    inventory_mode: str = "ReserveOnOrder",
    order_number: str | None = None,
) -> Json:
    """Let somebody buy so many units of each SKU in the shop itself: an order with its message OrderCreated.

    Raises RefusedError (OutOfStock) if the stock does not suffice.
    """
    currency, language = project.currencies[0], project.languages[0]
    price = {"value": {"currencyCode": currency, "centAmount": cent_amount}}
    supply = {} if channel_key is None else {"supplyChannel": {"typeId": "channel", "key": channel_key}}
    lines = [
        {"name": {language: sku}, "variant": {"sku": sku}, "quantity": quantity, "price": price, **supply}
        for sku, quantity in units.items()
    ]
    draft: Json = {
        "lineItems": lines,
        "totalPrice": {"currencyCode": currency, "centAmount": cent_amount * sum(units.values())},
        "inventoryMode": inventory_mode,
    }
    if order_number is not None:
        draft["orderNumber"] = order_number
    return import_order(project, draft, project.stamp("shop"), message="OrderCreated")


def delete_order(project: Project, order: Json, stamp: Stamp, *, data_erasure: bool) -> None:
    """Delete an order; with data erasure nothing that was told about it remains either. Stock is not given back."""
    project.orders.remove(order["id"])
    if data_erasure:
        project.messages.forget(
            {message["id"] for message in project.messages if message["resource"]["id"] == order["id"]}
        )
    else:
        project.tell(project.orders, order, "OrderDeleted", {"order": order}, stamp=stamp)


def stored_address(project: Project, draft: Json) -> Json:
    """Give an address as it is stored."""
    if "custom" not in draft:
        return draft
    custom = stored_custom(project, draft["custom"], "address")
    return {name: value for name, value in draft.items() if name != "custom"} | ({"custom": custom} if custom else {})


def stored_delivery(project: Project, draft: Json, order: Json, stamp: Stamp) -> Json:
    """Give a new delivery as it is stored; its items must be lines of the order."""
    delivery: Json = {
        "id": project.world.new_id(),
        "createdAt": stamp.at,
        "items": checked_items(draft.get("items", []), order),
        "parcels": [stored_parcel(project, parcel, order, stamp) for parcel in draft.get("parcels", ())],
    }
    if "key" in draft:
        delivery["key"] = _checked_key(draft["key"])
    if "address" in draft:
        delivery["address"] = stored_address(project, draft["address"])
    custom = stored_custom(project, draft.get("custom"), "order-delivery")
    if custom is not None:
        delivery["custom"] = custom
    return delivery


def stored_parcel(project: Project, draft: Json, order: Json, stamp: Stamp) -> Json:
    """Give a new parcel as it is stored."""
    parcel: Json = {"id": project.world.new_id(), "createdAt": stamp.at}
    if "key" in draft:
        parcel["key"] = _checked_key(draft["key"])
    if "measurements" in draft:
        parcel["measurements"] = draft["measurements"]
    if "trackingData" in draft:
        parcel["trackingData"] = stored_tracking(draft["trackingData"])
    parcel["items"] = checked_items(draft.get("items", []), order)
    custom = stored_custom(project, draft.get("custom"), "order-parcel")
    if custom is not None:
        parcel["custom"] = custom
    return parcel


def stored_tracking(draft: Json) -> Json:
    """Give tracking data as it is stored."""
    return {"isReturn": False, **draft}


def checked_items(items: list[Json], order: Json) -> list[Json]:
    """Give the items of a delivery or parcel; refuse one that is no line of the order. Quantities are not checked."""
    known = {line["id"] for name in ("lineItems", "customLineItems") for line in order[name]}
    for item in items:
        if item["id"] not in known:
            raise invalid_operation(f"The order has no line item with the id '{item['id']}'.")
    return items


def _refer(project: Project, draft: Json, fields: Json) -> None:
    """Store what an order refers to, each checked to be there."""
    if "customerId" in draft:
        fields["customerId"] = project.find("customer", {"id": draft["customerId"]})["id"]
    if "customerGroup" in draft:
        fields["customerGroup"] = project.reference("customer-group", draft["customerGroup"])
    if "store" in draft:
        fields["store"] = {"typeId": "store", "key": project.find("store", draft["store"])["key"]}
    if "state" in draft:
        state = project.find("state", draft["state"])
        if state["type"] != "OrderState":
            raise invalid_operation(f"The state '{state['key']}' is not an OrderState.")
        fields["state"] = {"typeId": "state", "id": state["id"]}
    if "paymentInfo" in draft:
        payments = draft["paymentInfo"]["payments"]
        fields["paymentInfo"] = {"payments": [project.reference("payment", payment) for payment in payments]}
    if "completedAt" in draft:
        moment = stored_time(draft["completedAt"])
        if moment is None:
            raise invalid_json("completedAt: Invalid date and time")
        fields["completedAt"] = moment


def _address(project: Project, draft: Json, fields: Json) -> None:
    """Store the addresses of an order."""
    for name in ("billingAddress", "shippingAddress"):
        if name in draft:
            fields[name] = stored_address(project, draft[name])
    fields["itemShippingAddresses"] = [
        stored_address(project, address) for address in draft.get("itemShippingAddresses", ())
    ]


def _line(importing: _Importing, draft: Json, where: str) -> Json:
    """Make a line that sells a variant of the catalogue."""
    project, stamp, modes = importing.project, importing.stamp, importing.modes
    product, variant = _variant(project, draft)
    price = {"id": project.world.new_id(), **_price(project, draft["price"], f"{where} -> price")}
    line: Json = {
        "id": project.world.new_id(),
        "productId": product["id"],
        "productKey": product.get("key"),
        "name": draft["name"],
        "productType": product["productType"],
        "productSlug": product["slug"],
        "variant": variant,
        "price": price,
        "priceMode": "Platform",
        "lineItemMode": "Standard",
        "addedAt": stamp.at,
        "lastModifiedAt": stamp.at,
    }
    if line["productKey"] is None:
        del line["productKey"]
    if "supplyChannel" in draft:
        line["supplyChannel"] = supply_channel(project, draft["supplyChannel"])
    if "distributionChannel" in draft:
        line["distributionChannel"] = channel_with_role(project, draft["distributionChannel"], "ProductDistribution")
    mode = draft.get("inventoryMode", modes["inventoryMode"])
    if mode != modes["inventoryMode"]:
        line["inventoryMode"] = mode
    return _with_amounts(importing, line, draft, where=where, price=price["value"], kind="line-item")


def _custom_line(importing: _Importing, draft: Json, where: str) -> Json:
    """Make a line of no product."""
    if not _SLUG.fullmatch(draft["slug"]):
        raise invalid_field("slug", draft["slug"], "A slug must match [a-zA-Z0-9_-]{2,256}.")
    price = money.stored(draft["money"], f"{where} -> money", importing.modes["priceRoundingMode"])
    line: Json = {
        "id": importing.project.world.new_id(),
        "name": draft["name"],
        "money": price,
        "slug": draft["slug"],
        "priceMode": draft.get("priceMode", "Standard"),
    }
    if "taxCategory" in draft:
        line["taxCategory"] = importing.project.reference("tax-category", draft["taxCategory"])
    return _with_amounts(importing, line, draft, where=where, price=price, kind="custom-line-item")


def _with_amounts(importing: _Importing, line: Json, draft: Json, *, where: str, price: Json, kind: str) -> Json:
    """Complete a line of either kind: its quantity, its total, its tax, its state and its custom fields."""
    project, modes = importing.project, importing.modes
    quantity = draft["quantity"]
    line |= {"quantity": quantity, "totalPrice": money.times(price, quantity, modes["priceRoundingMode"])}
    line |= {"discountedPricePerQuantity": [], "taxedPricePortions": [], "perMethodTaxRate": []}
    line["state"] = draft.get("state") or [{"quantity": quantity, "state": project.initial_line_state}]
    for each in draft.get("state", ()):
        each["state"] = project.reference("state", each["state"])
    if "key" in draft:
        line["key"] = _checked_key(draft["key"])
    if "shippingDetails" in draft:
        line["shippingDetails"] = {"valid": True, **draft["shippingDetails"]}
    if "taxRate" in draft:
        line["taxRate"] = draft["taxRate"]
    if "taxedPrice" in draft:
        if "taxRate" not in draft:
            raise invalid_input(f"{where}: a taxedPrice needs a taxRate.")  # release note of 2026-09-03
        line["taxedPrice"] = money.stored_taxed(draft["taxedPrice"], f"{where} -> taxedPrice")
    elif "taxRate" in draft:
        line["taxedPrice"] = _taxed(line, price, modes)
    custom = stored_custom(project, draft.get("custom"), kind)
    if custom is not None:
        line["custom"] = custom
    return line


def _taxed(line: Json, price: Json, modes: Mapping[str, str]) -> Json:
    """Compute the taxed price of a line in the order's tax calculation mode."""
    if modes["taxCalculationMode"] == "UnitPriceLevel":
        return money.taxed_times(price, line["quantity"], line["taxRate"], modes["taxRoundingMode"])
    return money.taxed(line["totalPrice"], line["taxRate"], modes["taxRoundingMode"])


def _variant(project: Project, draft: Json) -> tuple[Json, Json]:
    """Find the product and the variant a line sells, with what the line overrides; refuse one that does not exist."""
    wanted = draft["variant"]
    if "sku" in wanted:
        found = project.variant(wanted["sku"])
        if found is None:
            # The specification says that the variant must exist but names no code; this is the nearest it has.
            message = f"No published product with an sku '{wanted['sku']}' exists."
            raise RefusedError(400, "ReferencedResourceNotFound", message, typeId="product")
        product, variant = found
    elif "id" in wanted and "productId" in draft:
        product = project.find("product", {"id": draft["productId"]})
        variants = [each for each in (product["masterVariant"], *product["variants"]) if each["id"] == wanted["id"]]
        if not variants:
            raise no_such_reference("product", by_id=draft["productId"])
        variant = variants[0]
    else:
        raise invalid_input("A line item needs a variant with a 'sku', or a 'productId' and a variant with an 'id'.")
    overridden = {name: wanted[name] for name in ("attributes", "images") if name in wanted}
    if "prices" in wanted:
        overridden["prices"] = [
            {"id": project.world.new_id(), **_price(project, price, "variant -> prices")} for price in wanted["prices"]
        ]
    return product, variant | overridden if overridden else variant


def _price(project: Project, draft: Json, where: str) -> Json:
    """Give a price as it is stored."""
    price: Json = {**draft, "value": money.stored(draft["value"], f"{where} -> value")}
    for name in ("validFrom", "validUntil"):
        if name in draft:
            price[name] = stored_time(draft[name])
            if price[name] is None:
                raise invalid_json(f"{where} -> {name}: Invalid date and time")
    if "channel" in draft:
        price["channel"] = channel_with_role(project, draft["channel"], "ProductDistribution")
    if "custom" in draft:
        price["custom"] = stored_custom(project, draft["custom"], "product-price")
    return price


def _ship(importing: _Importing, draft: Json, fields: Json) -> None:
    """Store how an order is shipped and what that costs."""
    project = importing.project
    price = money.stored_cents(draft["price"], "shippingInfo -> price")
    rate = draft["shippingRate"]
    info: Json = {
        "shippingMethodName": draft["shippingMethodName"],
        "price": price,
        "shippingRate": {
            "price": money.stored_cents(rate["price"], "shippingInfo -> shippingRate -> price"),
            "tiers": rate.get("tiers", []),
        },
        "shippingMethodState": draft.get("shippingMethodState", "MatchesCart"),
    }
    if "freeAbove" in rate:
        info["shippingRate"]["freeAbove"] = money.stored_cents(rate["freeAbove"], "shippingInfo -> freeAbove")
    if "taxCategory" in draft:
        info["taxCategory"] = project.reference("tax-category", draft["taxCategory"])
    if "shippingMethod" in draft:
        info["shippingMethod"] = project.reference("shipping-method", draft["shippingMethod"])
    if "taxRate" in draft:
        info["taxRate"] = draft["taxRate"]
    if "taxedPrice" in draft:
        info["taxedPrice"] = money.stored_taxed(draft["taxedPrice"], "shippingInfo -> taxedPrice")
    elif "taxRate" in draft:
        info["taxedPrice"] = money.taxed(price, draft["taxRate"], importing.modes["taxRoundingMode"])
    if "taxedPrice" in info:
        fields["taxedShippingPrice"] = info["taxedPrice"]
    info["deliveries"] = [
        stored_delivery(project, each, fields, importing.stamp) for each in draft.get("deliveries", ())
    ]
    fields["shippingInfo"] = info


def _checked_key(key: str) -> str:
    """Give a key; refuse one that is no key."""
    if not _KEY.fullmatch(key):
        raise invalid_field("key", key, "A key must match [A-Za-z0-9_-]{2,256}.")
    return key


def _check_distinct_keys(lines: list[Json]) -> None:
    """Refuse two lines with the same key."""
    keys = [line["key"] for line in lines if "key" in line]
    for key in keys:
        if keys.count(key) > 1:
            raise duplicate_field("key", key)
