"""What a caller of the simulated Orders API v2026-01-01 gets to see: which orders, in which pages, and what of each.

An answer holds a dataset only if `includedData` asked for it, personal data only if the application's roles allow it,
and of an order that is still pending neither price nor person.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from crossdock.twin.amazon_account import (
    DIRECT_TO_CONSUMER_DELIVERY,
    Order,
    PageToken,
    SellerAccount,
    parse_time,
    timestamp,
)

DATASETS = frozenset(
    {
        "BUYER",
        "RECIPIENT",
        "PROCEEDS",
        "EXPENSE",
        "PROMOTION",
        "CANCELLATION",
        "FULFILLMENT",
        "PACKAGES",
        "TAX",
        "PAYMENT",
        "FULFILLMENT_ORDERS",
    }
)
STATUSES = frozenset(
    {"PENDING_AVAILABILITY", "PENDING", "UNSHIPPED", "PARTIALLY_SHIPPED", "SHIPPED", "CANCELLED", "UNFULFILLABLE"}
)
ORDER_DATASET = {  # a field of the order that is in none of them is always shown
    "buyer": "BUYER",
    "recipient": "RECIPIENT",
    "proceeds": "PROCEEDS",
    "payment": "PAYMENT",
    "tax": "TAX",
    "fulfillment": "FULFILLMENT",
    "packages": "PACKAGES",
    "fulfillmentOrders": "FULFILLMENT_ORDERS",
}
ITEM_DATASET = {
    "proceeds": "PROCEEDS",
    "expense": "EXPENSE",
    "promotion": "PROMOTION",
    "cancellation": "CANCELLATION",
    "fulfillment": "FULFILLMENT",
    "tax": "TAX",
}
PENDING = frozenset({"PENDING", "PENDING_AVAILABILITY"})
UNKNOWN_WHILE_PENDING = frozenset({"buyer", "recipient", "proceeds", "payment", "tax", "packages"})
UNKNOWN_OF_ITEMS_WHILE_PENDING = frozenset({"proceeds", "expense", "promotion", "tax"})

NAME_ROLES = frozenset({DIRECT_TO_CONSUMER_DELIVERY, "tax_invoicing", "tax_remittance"})
EMAIL_STATUSES = frozenset({"UNSHIPPED", "PARTIALLY_SHIPPED", "SHIPPED"})
PERSONAL_IN_ADDRESS = frozenset(
    {"name", "addressLine1", "addressLine2", "addressLine3", "postalCode", "phone", "extendedFields"}
)

PAGE_MAX = 100
MARKETPLACES_MAX = 50
SETTLES_AFTER = timedelta(minutes=2)  # a window must end at least so long ago
TOKEN_LIFE = timedelta(hours=24)
SHOWN_FOR = timedelta(days=2 * 365)
SHOWN_SINCE_2016 = frozenset({"A1VC38T7YXB528", "A39IBJ37TRP1C6", "A19VAU5U5O7RUS"})  # JP, AU, SG
YEAR_2016 = datetime(2016, 1, 1, tzinfo=UTC)

Query = Mapping[str, list[str]]


class InvalidInput(Exception):
    """The request breaks a rule of the API; the text says which; a second one is Amazon's message, if it has its own."""


class AccessDenied(Exception):
    """The request is about something this account has no part in."""


class Search(NamedTuple):
    """The conditions of one search; the pages of a search must all name the same ones."""

    by_creation: bool
    after: datetime
    before: datetime | None
    marketplace_ids: frozenset[str]
    statuses: frozenset[str]
    fulfilled_by: frozenset[str]


def search_orders(account: SellerAccount, query: Query) -> dict[str, Any]:
    """Answer one page of `searchOrders`. Raises InvalidInput, AccessDenied."""
    now = account.world.clock.now()
    search = _parse_search(account, query, now)
    size = whole_number(query, "maxResultsPerPage", default=PAGE_MAX, most=PAGE_MAX)
    included = included_data(query)
    token = first_value(query, "paginationToken")
    page = _first_page(account, search, now) if token is None else _known_page(account, search, token, now)

    end = page.offset + size
    orders = [account.orders[order_id] for order_id in page.ids[page.offset : end] if order_id in account.orders]
    answer: dict[str, Any] = {"orders": [shown(order, included, account.roles, now) for order in orders]}
    if end < len(page.ids):
        rest = PageToken(page.search, page.ids, end, page.mark, now + TOKEN_LIFE)
        answer["pagination"] = {"nextToken": account.new_page_token(rest)}
    answer["createdBefore" if search.by_creation else "lastUpdatedBefore"] = page.mark
    return answer


def find_order(account: SellerAccount, order_id: str) -> Order | None:
    """Give the order unless it is unknown or too old to be shown."""
    order = account.orders.get(order_id)
    return order if order and _still_shown(account, order_id, account.world.clock.now()) else None


def included_data(query: Query) -> frozenset[str]:
    """Read which datasets were asked for. Raises InvalidInput."""
    return choice(query, "includedData", DATASETS)


def shown(order: Order, included: frozenset[str], roles: Iterable[str], now: datetime) -> Order:
    """Give what a caller with these roles who asked for these datasets sees of an order."""
    allowed = frozenset(roles)
    fulfillment = order.get("fulfillment", {})
    status = fulfillment.get("fulfillmentStatus")
    by_amazon = fulfillment.get("fulfilledBy") == "AMAZON"
    hidden = UNKNOWN_WHILE_PENDING if status in PENDING else frozenset()
    answer = {
        name: value
        for name, value in order.items()
        if name not in hidden and (name not in ORDER_DATASET or ORDER_DATASET[name] in included)
    }
    if by_amazon:
        answer.pop("packages", None)
    if "AMAZON_EASY_SHIP" not in order.get("programs", ()):
        answer.pop("fulfillmentOrders", None)
    if "buyer" in answer:
        with_email = not by_amazon and status in EMAIL_STATUSES and DIRECT_TO_CONSUMER_DELIVERY in allowed
        _put_or_drop(answer, "buyer", _buyer(answer["buyer"], with_name=bool(allowed & NAME_ROLES), email=with_email))
    if "recipient" in answer:
        may_see = DIRECT_TO_CONSUMER_DELIVERY in allowed
        with_phone = not by_amazon and not (status == "SHIPPED" and _delivery_is_over(fulfillment, now))
        _put_or_drop(answer, "recipient", _recipient(answer["recipient"], personal=may_see, phone=with_phone))
    if "orderItems" in order:
        pending = status in PENDING
        answer["orderItems"] = [_item(item, included, allowed, pending=pending) for item in order["orderItems"]]
    return answer


def _item(item: Order, included: frozenset[str], roles: frozenset[str], *, pending: bool) -> Order:
    """Give what is seen of an item."""
    hidden = UNKNOWN_OF_ITEMS_WHILE_PENDING if pending else frozenset()
    answer = {
        name: value
        for name, value in item.items()
        if name not in hidden and (name not in ITEM_DATASET or ITEM_DATASET[name] in included)
    }
    product = item.get("product", {})
    if pending and "price" in product:
        product = _without(product, "price")
    if "customization" in product and DIRECT_TO_CONSUMER_DELIVERY not in roles:
        product = _without(product, "customization")
    if product:
        answer["product"] = product
    packing = answer.get("fulfillment", {}).get("packing")
    if packing and pending:
        answer["fulfillment"] = _without(answer["fulfillment"], "packing")
    elif packing and "giftOption" in packing and DIRECT_TO_CONSUMER_DELIVERY not in roles:
        gift = _without(packing["giftOption"], "giftMessage")
        answer["fulfillment"] = {**answer["fulfillment"], "packing": {**packing, "giftOption": gift}}
    return answer


def _buyer(buyer: Order, *, with_name: bool, email: bool) -> Order:
    """Give what is seen of the buyer."""
    hidden = {"buyerName": not with_name, "buyerEmail": not email}
    return {name: value for name, value in buyer.items() if not hidden.get(name)}


def _recipient(recipient: Order, *, personal: bool, phone: bool) -> Order:
    """Give what is seen of the recipient: without the role, no more than the town."""
    address = recipient.get("deliveryAddress", {})
    hidden = (frozenset() if personal else PERSONAL_IN_ADDRESS) | (frozenset() if phone else {"phone"})
    answer = {"deliveryAddress": {name: value for name, value in address.items() if name not in hidden}}
    if personal and "deliveryPreference" in recipient:
        answer["deliveryPreference"] = recipient["deliveryPreference"]
    return answer


def _parse_search(account: SellerAccount, query: Query, now: datetime) -> Search:
    """Read the conditions of a search and hold them to the rules of the API."""
    created, updated = time_value(query, "createdAfter"), time_value(query, "lastUpdatedAfter")
    if (created is None) == (updated is None):
        raise InvalidInput("Exactly one of createdAfter and lastUpdatedAfter must be provided.")
    own, other = ("createdBefore", "lastUpdatedBefore") if created else ("lastUpdatedBefore", "createdBefore")
    if first_value(query, other) is not None:
        raise InvalidInput(f"{other} must not be provided here.")
    after, before = created or updated or now, time_value(query, own)
    if before is not None and before > now - SETTLES_AFTER:
        raise InvalidInput(f"{own} must be at least two minutes before the time of the request.")
    if before is not None and before < after:
        raise InvalidInput(f"{own} must not be before the beginning of the window.")

    marketplace_ids = frozenset(values(query, "marketplaceIds"))
    if len(marketplace_ids) > MARKETPLACES_MAX:
        raise InvalidInput(f"marketplaceIds must not name more than {MARKETPLACES_MAX} marketplaces.")
    if not marketplace_ids <= set(account.marketplace_ids):
        raise AccessDenied
    statuses = choice(query, "fulfillmentStatuses", STATUSES)
    fulfilled_by = choice(query, "fulfilledBy", frozenset({"MERCHANT", "AMAZON"}))
    return Search(created is not None, after, before, marketplace_ids, statuses, fulfilled_by)


def _first_page(account: SellerAccount, search: Search, now: datetime) -> PageToken:
    """Find what matches now: later pages go through the same orders, whatever changes meanwhile."""
    before = search.before or now - SETTLES_AFTER
    index = account.by_creation if search.by_creation else account.by_update
    order_ids = [
        order_id
        for order_id in index.between(search.after, before)
        if _matches(account.orders[order_id], search) and _still_shown(account, order_id, now)
    ]
    return PageToken(search, order_ids, 0, timestamp(before), now + TOKEN_LIFE)


def _known_page(account: SellerAccount, search: Search, token: str, now: datetime) -> PageToken:
    """Find where a search goes on."""
    page = account.page_tokens.get(token)
    if page is None or page.expires_at <= now:
        raise InvalidInput("paginationToken is invalid or has expired.")
    if page.search != search:
        raise InvalidInput("The parameters must be those of the request that gave the paginationToken.")
    return page


def _matches(order: Order, search: Search) -> bool:
    """Tell whether an order meets the filters."""
    fulfillment = order.get("fulfillment", {})
    if search.statuses and fulfillment.get("fulfillmentStatus") not in search.statuses:
        return False
    if search.fulfilled_by and fulfillment.get("fulfilledBy") not in search.fulfilled_by:
        return False
    return not search.marketplace_ids or order.get("salesChannel", {}).get("marketplaceId") in search.marketplace_ids


def _still_shown(account: SellerAccount, order_id: str, now: datetime) -> bool:
    """Tell whether an order is young enough: two years, in some marketplaces more."""
    created_at = account.by_creation.time_of(order_id)
    if created_at >= now - SHOWN_FOR:
        return True
    marketplace_id = account.orders[order_id].get("salesChannel", {}).get("marketplaceId")
    return marketplace_id in SHOWN_SINCE_2016 and created_at >= YEAR_2016


def _delivery_is_over(fulfillment: Order, now: datetime) -> bool:
    """Tell whether the latest delivery date has passed."""
    latest = fulfillment.get("deliverByWindow", {}).get("latestDateTime")
    return latest is not None and parse_time(latest) < now


def whole_number(query: Query, name: str, *, default: int, most: int) -> int:
    """Read a number from 1 to `most`."""
    text = first_value(query, name)
    if text is None:
        return default
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= most:
        raise InvalidInput(f"{name} must be between 1 and {most}.")
    return int(text)


def time_value(query: Query, name: str) -> datetime | None:
    """Read a time; None if the parameter is absent."""
    text = first_value(query, name)
    if text is None:
        return None
    try:
        return parse_time(text).astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidInput(f"{name} is not a date and time in ISO 8601.") from None


def choice(query: Query, name: str, allowed: frozenset[str]) -> frozenset[str]:
    """Read a list of values from a closed set."""
    chosen = frozenset(values(query, name))
    if not chosen <= allowed:
        raise InvalidInput(f"{name} holds an unknown value.")
    return chosen


def values(query: Query, name: str) -> list[str]:
    """Read a list: comma-separated, or the parameter repeated, or both."""
    return [part for value in query.get(name, ()) for part in value.split(",") if part]


def first_value(query: Query, name: str) -> str | None:
    """Read a single value; an empty one counts as absent."""
    values = query.get(name)
    return values[0] or None if values else None


def _without(value: Order, name: str) -> Order:
    """Give a copy that lacks one field."""
    return {key: part for key, part in value.items() if key != name}


def _put_or_drop(answer: Order, name: str, value: Order) -> None:
    """Set a field, or leave it out where nothing of it is left."""
    if any(value.values()):
        answer[name] = value
    else:
        del answer[name]
