"""The Listings Items API 2021-08-01, simulated: getListingsItem, patchListingsItem, searchListingsItems.

A patch for an unknown SKU is accepted without a word: the model of patchListingsItem has no 404, and none was seen
(amzn/selling-partner-api-models#4402, #2797). A patch that breaks a rule of an attribute is a 200 whose status is INVALID.
"""

import re
from dataclasses import replace
from datetime import timedelta

import msgspec

from crossdock.twin.amazon_account import LISTING_ROLES, PageToken, SellerAccount
from crossdock.twin.amazon_listing_items import ITEM_DATASETS, item
from crossdock.twin.amazon_listing_patches import Json, Malformed, Patch, change_of, check_form, find_issues
from crossdock.twin.amazon_listings import Listing
from crossdock.twin.amazon_operations import Answer, NotFound, Operation
from crossdock.twin.amazon_search import (
    AccessDenied,
    InvalidInput,
    Query,
    choice,
    first_value,
    time_value,
    values,
    whole_number,
)
from crossdock.twin.world import Request

IDENTIFIER_TYPES = frozenset({"ASIN", "EAN", "FNSKU", "GTIN", "ISBN", "JAN", "MINSAN", "SKU", "UPC"})
IDENTIFIERS_MAX = 20
PAGE_MAX = 20
PAGE_DEFAULT = 10
FOUND_MAX = 1000  # so many items of one query can be paged through
TOKEN_LIFE = timedelta(hours=24)
STATUSES = frozenset({"BUYABLE", "DISCOVERABLE"})
SORTS = {"sku": "sku", "createdDate": "created_at", "lastUpdatedDate": "updated_at"}
UNPARSED = "Request has missing or invalid parameters and cannot be parsed."


class PatchRequest(msgspec.Struct, rename="camel"):
    """The body of patchListingsItem."""

    product_type: str
    patches: list[Patch]


def get_item(account: SellerAccount, request: Request, parts: list[str]) -> Answer:
    """Answer getListingsItem."""
    sku = _sku_of(account, parts)
    marketplace_ids = _marketplace_ids(account, request.query)
    included = choice(request.query, "includedData", ITEM_DATASETS) or {"summaries"}
    listing = account.listings.by_sku.get(sku)
    if listing is None or not set(marketplace_ids) & set(listing.marketplace_ids):
        raise NotFound("NOT_FOUND", f"SKU '{sku}' not found in marketplace {', '.join(marketplace_ids)}")
    return Answer(200, item(listing, included, marketplace_ids))


def patch_item(account: SellerAccount, request: Request, parts: list[str]) -> Answer:
    """Answer patchListingsItem: accepted is not applied."""
    sku = _sku_of(account, parts)
    marketplace_ids = _marketplace_ids(account, request.query)
    preview = bool(choice(request.query, "mode", frozenset({"VALIDATION_PREVIEW"})))
    included = choice(request.query, "includedData", frozenset({"identifiers", "issues"})) or {"issues"}
    if "identifiers" in included and not preview:
        raise InvalidInput("identifiers can only be requested when mode is VALIDATION_PREVIEW.")
    patches = _patches(request.body)

    issues = find_issues(patches)
    status = "INVALID" if issues else "VALID" if preview else "ACCEPTED"
    listing = account.listings.by_sku.get(sku)
    if status == "ACCEPTED" and listing is not None:
        change = change_of(listing.attributes, patches)
        account.listings.submit(sku, change, lane="patch", at=account.world.clock.now())
    answer: Json = {"sku": sku, "status": status, "submissionId": account.world.new_id().replace("-", "")}
    if "issues" in included:
        answer["issues"] = issues
    if "identifiers" in included and listing is not None:
        answer["identifiers"] = [{"marketplaceId": one, "asin": listing.asin} for one in marketplace_ids]
    return Answer(200, answer)


def search_items(account: SellerAccount, request: Request, parts: list[str]) -> Answer:
    """Answer one page of searchListingsItems. Later pages go through the SKUs found for the first."""
    _own(account, parts[0])
    query = request.query
    marketplace_ids = _marketplace_ids(account, query)
    included = choice(query, "includedData", ITEM_DATASETS) or {"summaries"}
    size = whole_number(query, "pageSize", default=PAGE_DEFAULT, most=PAGE_MAX)
    search = (
        "searchListingsItems",
        *sorted((name, tuple(asked)) for name, asked in query.items() if name != "pageToken"),
    )
    expires_at = account.world.clock.now() + TOKEN_LIFE
    page = _known_page(account, search, first_value(query, "pageToken"))
    if page is None:
        page = PageToken(search, _found(account, query, marketplace_ids), 0, "", expires_at)

    end = page.offset + size
    last = min(len(page.ids), FOUND_MAX)
    shown = [account.listings.by_sku.get(sku) for sku in page.ids[page.offset : min(end, last)]]
    items = [item(listing, included, marketplace_ids) for listing in shown if listing is not None]
    turns = {"nextToken": end if end < last else None, "previousToken": page.offset - size if page.offset else None}
    pagination = {
        name: account.new_page_token(replace(page, offset=max(offset, 0), expires_at=expires_at))
        for name, offset in turns.items()
        if offset is not None
    }
    answer: Json = {"numberOfResults": len(page.ids), "items": items}
    return Answer(200, answer | ({"pagination": pagination} if pagination else {}))


def _found(account: SellerAccount, query: Query, marketplace_ids: list[str]) -> list[str]:
    """Find the SKUs that match now, sorted as asked."""
    _check_identifiers(query)
    sort = SORTS[next(iter(choice(query, "sortBy", frozenset(SORTS))), "lastUpdatedDate")]
    descending = "ASC" not in choice(query, "sortOrder", frozenset({"ASC", "DESC"}))
    identifiers, kind = set(values(query, "identifiers")), first_value(query, "identifiersType")
    if first_value(query, "variationParentSku") or first_value(query, "packageHierarchySku"):
        return []  # no listing here is related to another
    severities = choice(query, "withIssueSeverity", frozenset({"WARNING", "ERROR"}))
    present, absent = choice(query, "withStatus", STATUSES), choice(query, "withoutStatus", STATUSES)
    times = {
        name: time_value(query, name)
        for name in ("createdAfter", "createdBefore", "lastUpdatedAfter", "lastUpdatedBefore")
    }
    found = [
        listing
        for listing in account.listings.by_sku.values()
        if set(marketplace_ids) & set(listing.marketplace_ids)
        and (not identifiers or _identifier(listing, kind) in identifiers)
        and (not severities or any(issue.get("severity") in severities for issue in listing.issues))
        and present <= set(listing.statuses)
        and not absent & set(listing.statuses)
        and (times["createdAfter"] is None or listing.created_at >= times["createdAfter"])
        and (times["createdBefore"] is None or listing.created_at <= times["createdBefore"])
        and (times["lastUpdatedAfter"] is None or listing.updated_at >= times["lastUpdatedAfter"])
        and (times["lastUpdatedBefore"] is None or listing.updated_at <= times["lastUpdatedBefore"])
    ]
    found.sort(key=lambda listing: (getattr(listing, sort), listing.sku), reverse=descending)
    return [listing.sku for listing in found]


def _check_identifiers(query: Query) -> None:
    """Hold the ways to name items to the rules of the API."""
    identifiers = values(query, "identifiers")
    kinds = choice(query, "identifiersType", IDENTIFIER_TYPES)
    if bool(identifiers) != bool(kinds):
        raise InvalidInput("identifiers and identifiersType must be provided together.")
    if len(identifiers) > IDENTIFIERS_MAX:
        raise InvalidInput(f"identifiers must not name more than {IDENTIFIERS_MAX} items.")
    ways = (identifiers, values(query, "variationParentSku"), values(query, "packageHierarchySku"))
    if sum(map(bool, ways)) > 1:
        raise InvalidInput("identifiers, variationParentSku and packageHierarchySku exclude each other.")


def _identifier(listing: Listing, kind: str | None) -> str | None:
    """Give what identifies a listing in one way; barcodes are not known here."""
    return {"SKU": listing.sku, "ASIN": listing.asin, "FNSKU": f"X{listing.asin[1:]}"}.get(kind or "")


def _known_page(account: SellerAccount, search: tuple[object, ...], token: str | None) -> PageToken | None:
    """Find where a search goes on; None if it begins."""
    if token is None:
        return None
    page = account.page_tokens.get(token)
    if page is None or page.expires_at <= account.world.clock.now():
        raise InvalidInput("pageToken is invalid or has expired.")
    if page.search != search:
        raise InvalidInput("The parameters must be those of the request that gave the pageToken.")
    return page


def _patches(body: bytes) -> list[Patch]:
    """Read the patches of a request."""
    try:
        asked = msgspec.json.decode(body, type=PatchRequest)
        check_form(asked.patches)
    except msgspec.DecodeError:
        raise InvalidInput(UNPARSED) from None
    except Malformed as wrong:
        raise InvalidInput(str(wrong)) from None
    if not asked.patches or not asked.product_type:
        raise InvalidInput(UNPARSED)
    return asked.patches


def _sku_of(account: SellerAccount, parts: list[str]) -> str:
    """Read whose item is meant, and which."""
    seller_id, sku = parts
    _own(account, seller_id)
    return sku


def _own(account: SellerAccount, seller_id: str) -> None:
    """Let nobody ask for another seller's items."""
    if seller_id != account.seller_id:
        raise AccessDenied


def _marketplace_ids(account: SellerAccount, query: Query) -> list[str]:
    """Read the marketplaces, which must be the account's own."""
    marketplace_ids = values(query, "marketplaceIds")
    if not marketplace_ids or not set(marketplace_ids) <= set(account.marketplace_ids):
        raise InvalidInput("marketplaceIds is missing or names a marketplace the seller is not in.")
    return marketplace_ids


ITEM_PATH = re.compile(r"/listings/2021-08-01/items/([^/]+)/([^/]+)")
OPERATIONS = (
    Operation("getListingsItem", "GET", ITEM_PATH, get_item, LISTING_ROLES),
    Operation("patchListingsItem", "PATCH", ITEM_PATH, patch_item, LISTING_ROLES),
    Operation(
        "searchListingsItems", "GET", re.compile(r"/listings/2021-08-01/items/([^/]+)"), search_items, LISTING_ROLES
    ),
)
