"""Listings Items API 2021-08-01: what Amazon offers of a SKU, and setting the merchant's quantity.

Source: the published model `listingsItems_2021-08-01.json`. The quantity is read from `fulfillmentAvailability`: `attributes` merely echo what was sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import quote

import msgspec

from crossdock.amazon.client import Answer, Client
from crossdock.amazon.rates import GET_LISTINGS_ITEM, PATCH_LISTINGS_ITEM, SEARCH_LISTINGS_ITEMS
from crossdock.domain.ids import MarketplaceId, SellerSku
from crossdock.domain.listed import (
    MERCHANT_CHANNEL,
    ListedPage,
    ListedQuantity,
    SetQuantity,
    Submission,
    UnreadableListing,
    check_sku,
)
from crossdock.domain.window import Window
from crossdock.errors import DataError, Rejected, Unavailable

PATH = "/listings/2021-08-01/items"
# Both from the model: so many a page, and so many of one query however many there are.
PAGE_SIZE_MAX = 20
QUERY_MAX = 1000
# A product type Amazon takes for patches of the offer alone, whatever the product is (selling-partner-api-docs#2167).
ANY_PRODUCT_TYPE = "PRODUCT"
# More remarks than that on one number are not worth keeping, and a code has some ten characters.
CODES_MAX = 10
CODE_LENGTH_MAX = 64

T = TypeVar("T")

# What msgspec says to a text that is no JSON of the shape asked for, or is nested deeper than it follows.
NOT_JSON = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


class _Availability(msgspec.Struct, rename="camel"):
    fulfillment_channel_code: str
    quantity: int | None = None


class _Item(msgspec.Struct, rename="camel"):
    sku: str
    fulfillment_availability: list[_Availability]


class _Named(msgspec.Struct):
    """The little that is needed to name an unreadable listing."""

    sku: Any = None


class _Pagination(msgspec.Struct, rename="camel"):
    next_token: str | None = None


class _Page(msgspec.Struct, rename="camel"):
    number_of_results: int
    items: list[msgspec.Raw]
    pagination: _Pagination | None = None


class _Issue(msgspec.Struct, rename="camel"):
    code: str = ""
    severity: str = ""
    attribute_names: list[str] = []


class _Submitted(msgspec.Struct, rename="camel"):
    status: str
    submission_id: str = ""
    issues: list[_Issue] = []


class Listings:
    """The listings of one seller account."""

    def __init__(self, client: Client, seller_id: str, marketplace_ids: Sequence[MarketplaceId]) -> None:
        """`seller_id`: Amazon's name of the account; `marketplace_ids`: all of one region."""
        self._client = client
        self._path = f"{PATH}/{quote(seller_id, safe='')}"
        self._marketplaces = {"marketplaceIds": ",".join(marketplace_ids)}

    def read_quantity(self, sku: SellerSku, *, urgent: bool = False) -> ListedQuantity | None:
        """What Amazon shows of one SKU now; None where it lists none such in these marketplaces. DataError where it cannot be read."""
        query = self._marketplaces | {"includedData": "fulfillmentAvailability"}
        try:
            answer = self._client.get(GET_LISTINGS_ITEM, self._item_path(sku), query, urgent=urgent)
        except Rejected as refused:
            if refused.status == 404:  # noqa: PLR2004 - the protocol's own number
                return None
            raise
        listed = parse_listing(read_answer(GET_LISTINGS_ITEM, answer.body, msgspec.Raw), answer.at)
        if listed.seller_sku != sku:
            raise DataError("listing.sku", f"{sku!a} was asked for and another answered")
        return listed

    def list_quantities(
        self, created: Window | None = None, token: str | None = None, *, urgent: bool = False
    ) -> ListedPage:
        """One page of what Amazon shows of all SKUs, or of those created in the window: their times never change, so windows part them for good.

        A query shows QUERY_MAX at most; `beyond` of the page says how many are hidden. `token`: of the page before, with the same window.
        """
        query = self._marketplaces | {
            "includedData": "fulfillmentAvailability",
            "pageSize": str(PAGE_SIZE_MAX),
            "sortBy": "createdDate",
            "sortOrder": "ASC",
        }
        if created is not None:
            query |= {"createdAfter": _timestamp(created.after), "createdBefore": _timestamp(created.before)}
        if token is not None:
            query["pageToken"] = token
        answer = self._client.get(SEARCH_LISTINGS_ITEMS, self._path, query, urgent=urgent)
        return parse_listed_page(answer.body, answer.at)

    def set_quantity(self, change: SetQuantity, *, urgent: bool = False) -> Submission:
        """Amazon has queued the set; what it makes of it only `read_quantity` tells. Absolute, so repeating it overwrites what was sold meanwhile.

        Rejected where Amazon calls it invalid, with the code of its issue and the attribute. An unknown SKU is accepted and forgotten; the set of a SKU
        that Amazon fulfils would list the merchant's own beside it: whoever calls has read the SKU before.
        """
        answer = self._client.patch(
            PATCH_LISTINGS_ITEM,
            self._item_path(change.seller_sku),
            self._marketplaces | {"includedData": "issues"},
            change={"productType": ANY_PRODUCT_TYPE, "patches": quantity_patches(change.quantity)},
            urgent=urgent,
        )
        return _submission(answer)

    def _item_path(self, sku: SellerSku) -> str:
        check_sku(sku)
        return f"{self._path}/{quote(sku, safe='')}"


def quantity_patches(quantity: int) -> list[dict[str, Any]]:
    """The patch that sets the merchant's quantity, in a call and in a feed; other channels stay as they are."""
    value = [{"fulfillment_channel_code": MERCHANT_CHANNEL, "quantity": quantity}]
    return [{"op": "replace", "path": "/attributes/fulfillment_availability", "value": value}]


def parse_listing(raw: msgspec.Raw, answered_at: datetime | None = None) -> ListedQuantity:
    """One item of the Listings Items API, in an answer of this time. DataError where it cannot be read without guessing."""
    try:
        item = msgspec.json.decode(raw, type=_Item)
    except msgspec.ValidationError as fault:
        raise DataError("listing", str(fault)) from fault
    except NOT_JSON as fault:
        raise DataError("listing", "not JSON, or nested too deep") from fault
    by_channel = {each.fulfillment_channel_code: each.quantity for each in item.fulfillment_availability}
    if len(by_channel) != len(item.fulfillment_availability):
        raise DataError("listing.fulfillmentAvailability", "one channel twice")
    if any(quantity is not None and quantity < 0 for quantity in by_channel.values()):
        raise DataError("listing.fulfillmentAvailability", "a quantity below 0")
    return ListedQuantity(SellerSku(item.sku), by_channel, answered_at)


def parse_listed_page(body: bytes, answered_at: datetime | None = None) -> ListedPage:
    """An answer of searchListingsItems, each listing read by itself. Unavailable where it is no such page at all."""
    page = read_answer(SEARCH_LISTINGS_ITEMS, body, _Page)
    listings: list[ListedQuantity] = []
    unreadable: list[UnreadableListing] = []
    for raw in page.items:
        try:
            listings.append(parse_listing(raw, answered_at))
        except DataError as problem:
            unreadable.append(UnreadableListing(_name_of(raw), problem))
    return ListedPage(
        listings=tuple(listings),
        found=page.number_of_results,
        beyond=max(0, page.number_of_results - QUERY_MAX),
        unreadable=tuple(unreadable),
        token=page.pagination.next_token if page.pagination else None,
    )


def read_answer(operation: str, body: bytes, shape: type[T]) -> T:
    """The answer in its shape. Unavailable where it has another: a proxy's page or half a body may be an answer the next time."""
    try:
        return msgspec.json.decode(body, type=shape)
    except NOT_JSON as fault:
        message = f"{operation}: Amazon answered with something else than the documented JSON"
        raise Unavailable(message, operation=operation) from fault


def _submission(answer: Answer) -> Submission:
    submitted = read_answer(PATCH_LISTINGS_ITEM, answer.body, _Submitted)
    if submitted.status == "ACCEPTED":
        codes = dict.fromkeys(issue.code[:CODE_LENGTH_MAX] for issue in submitted.issues)
        return Submission(submitted.submission_id, codes=tuple(codes)[:CODES_MAX], answered_at=answer.at)
    if submitted.status != "INVALID":
        raise DataError(f"{PATCH_LISTINGS_ITEM}.status", f"{submitted.status[:CODE_LENGTH_MAX]!a} is not known")
    errors = [issue for issue in submitted.issues if issue.severity == "ERROR"] or submitted.issues
    worst = errors[0] if errors else _Issue()
    code = worst.code[:CODE_LENGTH_MAX] or submitted.status
    raise Rejected(
        f"{PATCH_LISTINGS_ITEM}: Amazon calls it invalid: {code}",
        code=code,
        operation=PATCH_LISTINGS_ITEM,
        request_id=answer.request_id,
        pointer=worst.attribute_names[0][:CODE_LENGTH_MAX] if worst.attribute_names else "",
        status=200,
    )


def _name_of(raw: msgspec.Raw) -> str:
    try:
        sku = msgspec.json.decode(raw, type=_Named).sku
    except NOT_JSON:
        return ""
    return sku if isinstance(sku, str) else ""


def _timestamp(at: datetime) -> str:
    """`yyyy-MM-ddTHH:mm:ss.SSSZ`, as the model has it."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
