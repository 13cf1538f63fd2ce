"""The lines of an order in commercetools: what a draft says of a line, what the platform adds, what each must be.

What the platform computes is each line's `totalPrice`, and `taxedPrice` where a line has a tax rate and brings no
taxed price.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from crossdock.twin import commercetools_money as money
from crossdock.twin.commercetools_bodies import stored_time
from crossdock.twin.commercetools_custom import checked_key, stored_custom
from crossdock.twin.commercetools_inventory import channel_with_role, supply_channel
from crossdock.twin.commercetools_project import Project, Stamp
from crossdock.twin.commercetools_refusals import (
    Json,
    RefusedError,
    duplicate_field,
    invalid_field,
    invalid_input,
    invalid_json,
    no_such_reference,
)

_SLUG = re.compile(r"[a-zA-Z0-9_-]{2,256}")


@dataclass(frozen=True)
class Importing:
    """What every part of one import needs: the project, the time, and the order's modes of computing."""

    project: Project
    stamp: Stamp
    modes: Mapping[str, str]


def stored_line(importing: Importing, draft: Json, where: str) -> Json:
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


def stored_custom_line(importing: Importing, draft: Json, where: str) -> Json:
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


def _with_amounts(importing: Importing, line: Json, draft: Json, *, where: str, price: Json, kind: str) -> Json:
    """Complete a line of either kind: its quantity, its total, its tax, its state and its custom fields."""
    project, modes = importing.project, importing.modes
    quantity = draft["quantity"]
    line |= {"quantity": quantity, "totalPrice": money.times(price, quantity, modes["priceRoundingMode"])}
    line |= {"discountedPricePerQuantity": [], "taxedPricePortions": [], "perMethodTaxRate": []}
    line["state"] = draft.get("state") or [{"quantity": quantity, "state": project.initial_line_state}]
    for each in draft.get("state", ()):
        each["state"] = project.reference("state", each["state"])
    if "key" in draft:
        line["key"] = checked_key(draft["key"])
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


def check_distinct_keys(lines: list[Json]) -> None:
    """Refuse two lines with the same key."""
    keys = [line["key"] for line in lines if "key" in line]
    for key in keys:
        if keys.count(key) > 1:
            raise duplicate_field("key", key)
