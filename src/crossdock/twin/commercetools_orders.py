"""Orders in commercetools: importing one, placing one in the shop, deleting one.

An import takes the amounts it is given: totals of the order are stored as they are, never recomputed. What the platform
does compute is each line's `totalPrice`, and `taxedPrice` where a line has a tax rate and brings no taxed price.
"""

from collections.abc import Mapping

from crossdock.twin import commercetools_money as money
from crossdock.twin.commercetools_bodies import stored_time
from crossdock.twin.commercetools_custom import stored_address, stored_custom
from crossdock.twin.commercetools_deliveries import stored_delivery
from crossdock.twin.commercetools_inventory import take_stock
from crossdock.twin.commercetools_lines import Importing, check_distinct_keys, stored_custom_line, stored_line
from crossdock.twin.commercetools_project import Project, Stamp
from crossdock.twin.commercetools_refusals import (
    Json,
    invalid_input,
    invalid_json,
    invalid_operation,
)

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
    importing = Importing(project, stamp, modes)
    fields["lineItems"] = [
        stored_line(importing, line, f"lineItems -> {position}")
        for position, line in enumerate(draft.get("lineItems", ()))
    ]
    fields["customLineItems"] = [
        stored_custom_line(importing, line, f"customLineItems -> {position}")
        for position, line in enumerate(draft.get("customLineItems", ()))
    ]
    for name in ("lineItems", "customLineItems"):
        check_distinct_keys(fields[name])
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


def _ship(importing: Importing, draft: Json, fields: Json) -> None:
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
