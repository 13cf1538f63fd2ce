"""The listings of the simulated Amazon: what a patch says, what is live, and what buyers leave of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from crossdock.twin.amazon_listings import Listings
from crossdock.twin.amazon_wire import parse_time
from crossdock.twin.merchant import SoldOut
from crossdock.twin.world import STATUS_OF_FAULT, Fault, FaultAnswer, Response
from tests.twin.amazon_caller import Caller, json_of, messages_of
from tests.twin.amazon_models import Check, checker, problems

MODEL = "listings-items-api-model/listingsItems_2021-08-01.json"
DE = "A1PA6795UKMFR9"
US = "ATVPDKIKX0DER"
ALL = "summaries,attributes,issues,offers,fulfillmentAvailability,procurement,relationships,productTypes"
QUANTITY_CHANGE = "LISTINGS_ITEM_MFN_QUANTITY_CHANGE"

Json = dict[str, Any]


@pytest.fixture
def check() -> Check:
    """Hold an answer against the published model of the Listings Items API."""
    return checker(MODEL)


def _path(caller: Caller, sku: str = "") -> str:
    return f"/listings/2021-08-01/items/{caller.account.seller_id}" + (f"/{sku}" if sku else "")


def _get(caller: Caller, sku: str = "MUG-1", **query: str) -> Response:
    asked = {"marketplaceIds": DE, "includedData": "fulfillmentAvailability,attributes"} | query
    return caller.send("GET", _path(caller, sku), **asked)


def _search(caller: Caller, **query: str) -> Response:
    return caller.send("GET", _path(caller), **({"marketplaceIds": DE} | query))


def _patch(
    caller: Caller, *value: Json, sku: str = "MUG-1", op: str = "replace", path: str = "", **query: str
) -> Response:
    patch = {"op": op, "path": path or "/attributes/fulfillment_availability", "value": list(value)}
    body = {"productType": "PRODUCT", "patches": [patch]}
    return caller.send("PATCH", _path(caller, sku), body, **({"marketplaceIds": DE} | query))


def _units(quantity: Any, channel: str = "DEFAULT", **more: Any) -> Json:
    return {"fulfillment_channel_code": channel, "quantity": quantity, **more}


def _set(caller: Caller, quantity: int, sku: str = "MUG-1") -> str:
    status = str(json_of(_patch(caller, _units(quantity), sku=sku))["status"])
    assert status == "ACCEPTED"
    return status


def _live(caller: Caller, sku: str = "MUG-1") -> int | None:
    caller.account.catch_up()
    return caller.account.listings.by_sku[sku].quantity


def _pages(caller: Caller, **query: str) -> Iterator[Json]:
    page = json_of(_search(caller, **query))
    yield page
    while token := page["pagination"].get("nextToken"):
        page = json_of(_search(caller, pageToken=token, **query))
        yield page


def _skus(response: Response) -> list[str]:
    return [item["sku"] for item in json_of(response)["items"]]


def _listed(caller: Caller, quantity: int = 10) -> Listings:
    caller.merchant.list_goods(["MUG-1"], quantity=quantity)
    return caller.account.listings


# Accepted is not applied


def test_attributes_echo_a_set_at_once_and_what_is_live_follows(caller: Caller) -> None:
    """Between the two lies a delay from 2 to 60 seconds: only `fulfillmentAvailability` tells what buyers can buy."""
    _listed(caller)
    _set(caller, 7)
    at_once = json_of(_get(caller))
    caller.wait(seconds=1.9)
    early = _live(caller)
    caller.wait(seconds=58.2)
    after = json_of(_get(caller))
    assert at_once["attributes"]["fulfillment_availability"] == [_units(7)]
    assert at_once["fulfillmentAvailability"] == [{"fulfillmentChannelCode": "DEFAULT", "quantity": 10}]
    assert early == 10
    assert after["fulfillmentAvailability"] == [{"fulfillmentChannelCode": "DEFAULT", "quantity": 7}]


def test_the_delay_is_drawn_from_the_seed(caller: Caller) -> None:
    """Delays differ from set to set, and another world of the same seed draws the same ones."""
    twin = Caller()
    _listed(caller).add("MUG-2", 10)
    _listed(twin).add("MUG-2", 10)
    [_set(one, 5, sku) for sku in ("MUG-1", "MUG-2") for one in (caller, twin)]
    first, second = caller.account.listings.under_way()
    assert first.at != second.at
    assert [one.at for one in twin.account.listings.under_way()] == [first.at, second.at]


def test_a_share_of_the_sets_never_takes_effect(caller: Caller) -> None:
    """Amazon accepts, echoes, reports nothing, and the quantity stays (amzn/selling-partner-api-models#5327)."""
    listings = _listed(caller)
    listings.never_applied = 1.0
    _set(caller, 7)
    caller.wait(minutes=10)
    shown = json_of(_get(caller, includedData="attributes,issues"))
    assert (_live(caller), shown["issues"]) == (10, [])
    assert shown["attributes"]["fulfillment_availability"] == [_units(7)]


def test_about_so_many_sets_as_the_share_says_are_ignored(caller: Caller) -> None:
    """With a share of 0.3 three of ten sets are lost, by chance."""
    caller.merchant.list_goods([f"S-{number}" for number in range(200)], quantity=1)
    caller.account.listings.never_applied = 0.3
    caller.account.set_rate("patchListingsItem", 1000.0, 1000)
    [_set(caller, 2, f"S-{number}") for number in range(200)]
    assert 110 < len(caller.account.listings.under_way()) < 170


def test_sets_of_one_lane_reach_a_sku_in_their_order(caller: Caller) -> None:
    """A patch sent later never takes effect before an earlier one, however the delays were drawn."""
    listings = _listed(caller)
    listings.delay_s = (60.0, 60.0)
    _set(caller, 1)
    listings.delay_s = (0.0, 0.0)
    _set(caller, 2)
    first, second = listings.under_way()
    assert (first.live, second.live, first.at) == ({"DEFAULT": 1}, {"DEFAULT": 2}, second.at)
    caller.wait(minutes=1)
    assert _live(caller) == 2


def test_a_late_set_overwrites_what_was_sold_meanwhile(caller: Caller) -> None:
    """A set is absolute: units sold between sending and effect are for sale again."""
    _listed(caller)
    _set(caller, 9)
    caller.merchant.buy(skus=["MUG-1"], quantity=4)
    sold = _live(caller)
    caller.wait(minutes=1)
    assert (sold, _live(caller)) == (6, 9)


# What a patch may say


def test_merge_keeps_what_it_does_not_name_and_replace_does_not(caller: Caller) -> None:
    """Within a channel `merge` leaves the other fields; `replace` puts a new entry in its place."""
    _listed(caller)
    _patch(caller, _units(5, restock_date="2026-12-24"))
    _patch(caller, _units(6), op="merge")
    merged = json_of(_get(caller))["attributes"]["fulfillment_availability"]
    _patch(caller, _units(7))
    replaced = json_of(_get(caller))["attributes"]["fulfillment_availability"]
    assert (merged, replaced) == ([_units(6, restock_date="2026-12-24")], [_units(7)])


@pytest.mark.parametrize("op", ["replace", "merge", "add"])
def test_other_channels_stay_whatever_sets_one(caller: Caller, op: str) -> None:
    """An entry is told apart by its channel (amzn/selling-partner-api-models#2061): a set of DEFAULT adds to FBA."""
    caller.merchant.list_goods(["MUG-1"], fulfilled_by="AMAZON")
    _patch(caller, _units(5), op=op)
    caller.wait(minutes=1)
    caller.account.catch_up()
    assert caller.account.listings.by_sku["MUG-1"].live == {"AMAZON_NA": None, "DEFAULT": 5}


def test_delete_ends_a_channel(caller: Caller) -> None:
    """The selector names which entry goes; after the delay nobody can buy through it."""
    _listed(caller)
    deleted = json_of(_patch(caller, {"fulfillment_channel_code": "DEFAULT"}, op="delete"))
    echoed = json_of(_get(caller))["attributes"]
    caller.wait(minutes=1)
    assert (deleted["status"], echoed) == ("ACCEPTED", {})
    assert json_of(_get(caller))["fulfillmentAvailability"] == []


def test_a_quantity_for_amazons_network_changes_nothing(caller: Caller) -> None:
    """Amazon counts its own stock: the number is taken and means nothing."""
    caller.merchant.list_goods(["MUG-1"], fulfilled_by="AMAZON")
    accepted = json_of(_patch(caller, _units(5, "AMAZON_NA")))["status"]
    caller.wait(minutes=1)
    shown = json_of(_get(caller))["fulfillmentAvailability"]
    assert (accepted, shown) == ("ACCEPTED", [{"fulfillmentChannelCode": "AMAZON_NA"}])


def test_other_attributes_are_echoed_and_touch_no_quantity(caller: Caller) -> None:
    """A price is shown among the attributes as it was sent."""
    _listed(caller)
    price = {"marketplace_id": DE, "currency": "EUR", "our_price": [{"schedule": [{"value_with_tax": 9.9}]}]}
    _patch(caller, price, path="/attributes/purchasable_offer")
    assert json_of(_get(caller))["attributes"]["purchasable_offer"] == [price]
    assert caller.account.listings.under_way() == []


@pytest.mark.parametrize(
    ("value", "path", "code"),
    [
        ({"quantity": 1}, "", "99022"),
        (_units(1, "NOWHERE"), "", "90244"),
        (_units("1"), "", "90244"),
        (_units(1.5), "", "90244"),
        (_units(True), "", "90244"),
        (_units(-1), "", "90004114"),
        (_units(1), "/attributes/fulfillmentAvailability", "90000900"),
    ],
)
def test_a_patch_that_breaks_a_rule_is_a_200_that_is_invalid(caller: Caller, value: Json, path: str, code: str) -> None:
    """The status of the answer tells, with an issue; nothing is echoed, nothing takes effect."""
    _listed(caller)
    answered = _patch(caller, value, path=path)
    body = json_of(answered)
    assert (answered.status, body["status"], body["issues"][0]["code"]) == (200, "INVALID", code)
    assert body["issues"][0]["severity"] == "ERROR"
    assert caller.account.listings.under_way() == []
    assert json_of(_get(caller))["attributes"]["fulfillment_availability"] == [_units(10)]


def test_a_patch_for_an_unknown_sku_is_accepted_without_a_word(caller: Caller) -> None:
    """The model has no 404 here, and Amazon says ACCEPTED (amzn/selling-partner-api-models#4402); reading is a 404."""
    patched, read = _patch(caller, _units(5), sku="NOBODY%20KNOWS"), _get(caller, "NOBODY%20KNOWS")
    body = json_of(patched)
    assert (patched.status, body["status"], body["issues"], body["sku"]) == (200, "ACCEPTED", [], "NOBODY KNOWS")
    assert (read.status, json_of(read)["errors"][0]["code"]) == (404, "NOT_FOUND")
    assert "NOBODY KNOWS" in json_of(read)["errors"][0]["message"]


def test_a_preview_validates_and_changes_nothing(caller: Caller) -> None:
    """VALID or INVALID, with the identifiers where they are asked for; nothing is echoed."""
    _listed(caller)
    valid = json_of(_patch(caller, _units(5), mode="VALIDATION_PREVIEW", includedData="identifiers,issues"))
    invalid = json_of(_patch(caller, _units(-5), mode="VALIDATION_PREVIEW"))
    asin = caller.account.listings.by_sku["MUG-1"].asin
    assert (valid["status"], valid["issues"], invalid["status"]) == ("VALID", [], "INVALID")
    assert valid["identifiers"] == [{"marketplaceId": DE, "asin": asin}]
    assert caller.account.listings.under_way() == []
    assert json_of(_get(caller))["attributes"]["fulfillment_availability"] == [_units(10)]


@pytest.mark.parametrize(
    ("body", "query"),
    [
        ({"productType": "PRODUCT", "patches": []}, {}),
        ({"patches": [{"op": "delete", "path": "/attributes/x", "value": []}]}, {}),
        ({"productType": "PRODUCT", "patches": [{"op": "move", "path": "/attributes/x", "value": []}]}, {}),
        ({"productType": "PRODUCT", "patches": [{"op": "delete", "path": "/attributes/x"}]}, {}),
        ({"productType": "PRODUCT", "patches": [{"op": "replace", "path": "/attributes/x/0", "value": []}]}, {}),
        ({"productType": "PRODUCT", "patches": [{"op": "replace", "path": "/summaries", "value": []}]}, {}),
        ({"productType": "PRODUCT", "patches": [{"op": "add", "path": "/attributes/x", "value": {}}]}, {}),
        ({"productType": "PRODUCT", "patches": [{"op": "add", "path": "/attributes/x", "value": []}]}, {"mode": "X"}),
        (
            {"productType": "PRODUCT", "patches": [{"op": "add", "path": "/attributes/x", "value": []}]},
            {"includedData": "identifiers"},
        ),
        (
            {"productType": "PRODUCT", "patches": [{"op": "add", "path": "/attributes/x", "value": []}]},
            {"marketplaceIds": "NOWHERE"},
        ),
    ],
)
def test_a_patch_without_form_is_a_400(caller: Caller, check: Check, body: Json, query: dict[str, str]) -> None:
    """What the model of the API itself forbids is refused as invalid input."""
    answered = caller.send("PATCH", _path(caller, "MUG-1"), body, **({"marketplaceIds": DE} | query))
    assert check("patchListingsItem", answered) == 400
    assert json_of(answered)["errors"][0]["code"] == "InvalidInput"


# Reading


def test_summaries_are_shown_unless_something_else_is_asked_for(caller: Caller) -> None:
    """One summary for each marketplace asked for; what can be bought is BUYABLE."""
    _listed(caller, 0)
    shown = json_of(_get(caller, marketplaceIds=f"{DE},{US}", includedData=""))
    caller.merchant.edit_quantity("MUG-1", 3)
    stocked = json_of(_get(caller, includedData="summaries"))
    assert shown.keys() == {"sku", "summaries"}
    assert [(one["marketplaceId"], one["status"]) for one in shown["summaries"]] == [
        (DE, ["DISCOVERABLE"]),
        (US, ["DISCOVERABLE"]),
    ]
    assert stocked["summaries"][0]["status"] == ["BUYABLE", "DISCOVERABLE"]


def test_a_listing_is_not_found_in_a_marketplace_it_is_not_in(caller: Caller) -> None:
    """Listings belong to marketplaces."""
    caller.account.listings.add("MUG-1", 5, marketplace_ids=[DE])
    assert _get(caller, marketplaceIds=DE).status == 200
    assert _get(caller, marketplaceIds=US).status == 404


def test_a_sku_may_hold_what_a_path_may_not(caller: Caller) -> None:
    """Slashes, spaces and percent signs arrive encoded, and are the SKU's own."""
    caller.account.listings.add("A/B 50%+", 5)
    shown = _get(caller, "A%2FB%2050%25%2B")
    assert json_of(shown)["sku"] == "A/B 50%+"


def test_nobody_asks_for_another_sellers_items(caller: Caller, check: Check) -> None:
    """The seller of the path must be the seller of the token."""
    query = {"marketplaceIds": DE}
    read = caller.send("GET", "/listings/2021-08-01/items/SOMEBODY/MUG-1", **query)
    searched = caller.send("GET", "/listings/2021-08-01/items/SOMEBODY", **query)
    assert (check("getListingsItem", read), check("searchListingsItems", searched)) == (403, 403)


def test_the_role_product_listing_is_needed(caller: Caller, check: Check) -> None:
    """Roles of orders do not open listings, and orders stay open without it."""
    caller.account.roles.discard("product_listing")
    assert check("getListingsItem", _get(caller)) == 403
    assert caller.search().status == 200


def test_the_published_rates_throttle(caller: Caller) -> None:
    """Bursts of 10 reads, 5 patches and 5 searches, then a call every 200 ms; the header tells the rate."""
    _listed(caller)
    reads = [_get(caller) for _ in range(11)]
    patches = [_patch(caller, _units(1)) for _ in range(6)]
    searches = [_search(caller) for _ in range(6)]
    caller.wait(seconds=0.2)
    again = [_patch(caller, _units(1)).status for _ in range(2)]
    assert [answer.status for answer in reads] == [200] * 10 + [429]
    assert [answer.status for answer in patches] == [200] * 5 + [429]
    assert [answer.status for answer in searches] == [200] * 5 + [429]
    assert {answer.headers.get("x-amzn-ratelimit-limit") for answer in patches} == {"5", None}
    assert again == [200, 429]


@pytest.mark.parametrize("answer", ["unavailable", "broken", "throttled", "forbidden", "too_large"])
def test_faults_speak_the_models_language(caller: Caller, check: Check, answer: FaultAnswer) -> None:
    """A fault looks like an error of the API, and its call had no effect."""
    _listed(caller)
    caller.token()
    caller.world.faults.add(Fault("amazon.*Listings*", answer, times=3))
    assert check("patchListingsItem", _patch(caller, _units(1))) == STATUS_OF_FAULT[answer]
    assert check("getListingsItem", _get(caller)) == STATUS_OF_FAULT[answer]
    assert check("searchListingsItems", _search(caller)) == STATUS_OF_FAULT[answer]
    assert caller.account.listings.under_way() == []


def test_a_patch_whose_answer_is_lost_has_taken_effect(caller: Caller) -> None:
    """A time-out after the effect: nobody heard it, and it is under way."""
    _listed(caller)
    caller.world.faults.add(Fault("amazon.patchListingsItem", "timed_out", after_effect=True))
    assert _patch(caller, _units(1)).hold is not None
    assert [one.live for one in caller.account.listings.under_way()] == [{"DEFAULT": 1}]


# Searching


def test_search_goes_through_pages_in_both_directions(caller: Caller) -> None:
    """The last changed first, ten on a page unless told otherwise; tokens lead on and back."""
    skus = [f"S-{number:02d}" for number in range(25)]
    [(caller.wait(seconds=1), caller.account.listings.add(sku, 1)) for sku in skus]
    first = json_of(_search(caller))
    second = json_of(_search(caller, pageToken=first["pagination"]["nextToken"]))
    third = json_of(_search(caller, pageToken=second["pagination"]["nextToken"]))
    back = json_of(_search(caller, pageToken=third["pagination"]["previousToken"]))
    found = [item["sku"] for page in (first, second, third) for item in page["items"]]
    assert (first["numberOfResults"], found) == (25, skus[::-1])
    assert "previousToken" not in first["pagination"]
    assert "nextToken" not in third["pagination"]
    assert back["items"] == second["items"]


def test_only_a_thousand_items_of_a_query_can_be_paged_through(caller: Caller) -> None:
    """The number tells how many there are; the fiftieth page of twenty is the last."""
    [caller.account.listings.add(f"S-{number:04d}", 1) for number in range(1010)]
    caller.account.set_rate("searchListingsItems", 1000.0, 1000)
    pages = list(_pages(caller, pageSize="20", sortBy="sku", sortOrder="ASC"))
    found = [item["sku"] for page in pages for item in page["items"]]
    assert found == [f"S-{number:04d}" for number in range(1000)]
    assert pages[-1]["numberOfResults"] == 1010
    assert "nextToken" not in pages[-1]["pagination"]


def test_a_token_belongs_to_its_filters(caller: Caller) -> None:
    """The filters are to be sent again with the token, and a token dies."""
    [caller.account.listings.add(f"S-{number}", 1) for number in range(3)]
    token = json_of(_search(caller, pageSize="2", withStatus="BUYABLE"))["pagination"]["nextToken"]
    other = _search(caller, pageSize="2", pageToken=token)
    same = _search(caller, pageSize="2", withStatus="BUYABLE", pageToken=token)
    caller.wait(hours=25)
    late = _search(caller, pageSize="2", withStatus="BUYABLE", pageToken=token)
    assert (other.status, same.status, late.status) == (400, 200, 400)


def test_search_finds_by_identifier_status_issue_and_time(caller: Caller) -> None:
    """Each filter by itself."""
    caller.account.set_rate("searchListingsItems", 1000.0, 1000)
    begun = caller.beginning.isoformat()
    old = caller.account.listings.add("OLD", 0, asin="B00000OLD0")
    old.issues.append({"code": "1", "message": "Old", "severity": "ERROR", "categories": []})
    later = caller.wait(minutes=1).isoformat()
    caller.account.listings.add("NEW", 5)
    found = {
        name: _skus(_search(caller, **query))
        for name, query in {
            "sku": {"identifiers": "OLD,NEW,NONE", "identifiersType": "SKU", "sortBy": "sku", "sortOrder": "ASC"},
            "asin": {"identifiers": "B00000OLD0", "identifiersType": "ASIN"},
            "ean": {"identifiers": "4006381333931", "identifiersType": "EAN"},
            "buyable": {"withStatus": "BUYABLE"},
            "not buyable": {"withoutStatus": "BUYABLE"},
            "with errors": {"withIssueSeverity": "ERROR"},
            "with warnings": {"withIssueSeverity": "WARNING"},
            "created before": {"createdBefore": begun},
            "created after": {"createdAfter": later},
            "updated before": {"lastUpdatedBefore": begun},
            "updated after": {"lastUpdatedAfter": later},
            "children": {"variationParentSku": "OLD"},
        }.items()
    }
    assert found == {
        "sku": ["NEW", "OLD"],
        "asin": ["OLD"],
        "ean": [],
        "buyable": ["NEW"],
        "not buyable": ["OLD"],
        "with errors": ["OLD"],
        "with warnings": [],
        "created before": ["OLD"],
        "created after": ["NEW"],
        "updated before": ["OLD"],
        "updated after": ["NEW"],
        "children": [],
    }


@pytest.mark.parametrize(
    "query",
    [
        {"pageSize": "21"},
        {"pageSize": "0"},
        {"identifiers": "A"},
        {"identifiersType": "SKU"},
        {"identifiers": ",".join(f"S-{number}" for number in range(21)), "identifiersType": "SKU"},
        {"identifiers": "A", "identifiersType": "SKU", "variationParentSku": "B"},
        {"packageHierarchySku": "A", "variationParentSku": "B"},
        {"identifiers": "A", "identifiersType": "NAME"},
        {"withStatus": "SOLD"},
        {"withIssueSeverity": "INFO"},
        {"sortBy": "price"},
        {"createdAfter": "yesterday"},
        {"includedData": "everything"},
        {"marketplaceIds": ""},
        {"pageToken": "unknown"},
    ],
)
def test_a_search_that_breaks_a_rule_is_a_400(caller: Caller, check: Check, query: dict[str, str]) -> None:
    """Twenty on a page, twenty identifiers with their type, one way to name items, known values."""
    assert check("searchListingsItems", _search(caller, **query)) == 400


def test_every_answer_fits_the_model(caller: Caller, check: Check) -> None:
    """Listings of both kinds with every dataset, alone and found, before and after sales, sets and refusals."""
    caller.merchant.list_goods(["MUG-1", "MUG-2"], quantity=3)
    caller.merchant.list_goods(["MUG-3"], fulfilled_by="AMAZON")
    listing = caller.account.listings.by_sku["MUG-2"]
    listing.issues.append(json_of(_patch(caller, _units(-1)))["issues"][0])
    listing.offers.append({"marketplaceId": DE, "offerType": "B2C", "price": {"currencyCode": "EUR", "amount": "9.90"}})
    caller.merchant.buy(skus=["MUG-1"], quantity=5)
    answers = [
        check("getListingsItem", _get(caller, "MUG-1", includedData=ALL)),
        check("getListingsItem", _get(caller, "MUG-2", includedData=ALL)),
        check("getListingsItem", _get(caller, "MUG-3", includedData=ALL, marketplaceIds=f"{DE},{US}")),
        check("getListingsItem", _get(caller, "NONE")),
        check("searchListingsItems", _search(caller, includedData=ALL, pageSize="2")),
        check("searchListingsItems", _search(caller, withIssueSeverity="WARNING")),
        check("patchListingsItem", _patch(caller, _units(5))),
        check("patchListingsItem", _patch(caller, {"quantity": 1})),
        check("patchListingsItem", _patch(caller, _units(5), mode="VALIDATION_PREVIEW", includedData="identifiers")),
    ]
    assert answers == [200, 200, 200, 404, 200, 200, 200, 200, 200]


# Buyers and people


def test_a_purchase_takes_what_is_live_and_no_more(caller: Caller) -> None:
    """A buyer who wants more than there is gets what there is; the next one gets nothing."""
    _listed(caller, 3)
    order_id = caller.merchant.buy(skus=["MUG-1"], quantity=5)
    [item] = caller.account.orders[order_id]["orderItems"]
    with pytest.raises(SoldOut):
        caller.merchant.buy(skus=["MUG-1"])
    assert (item["quantityOrdered"], _live(caller), len(caller.account.orders)) == (3, 0, 1)
    assert json_of(_get(caller))["attributes"]["fulfillment_availability"] == [_units(3)]


def test_what_is_listed_decides_who_fulfils(caller: Caller) -> None:
    """Chance has no say where a SKU is listed: the merchant's goes out by the merchant, Amazon's by Amazon."""
    caller.merchant.list_goods(["MUG-1"], quantity=100)
    caller.merchant.list_goods(["MUG-2"], fulfilled_by="AMAZON")
    bought = [caller.merchant.buy(skus=[sku]) for sku in ("MUG-1", "MUG-2") for _ in range(10)]
    fulfilled = [caller.account.orders[order_id]["fulfillment"]["fulfilledBy"] for order_id in bought]
    with pytest.raises(SoldOut):
        caller.merchant.buy(skus=["MUG-2"], fulfilled_by="MERCHANT")
    with pytest.raises(SoldOut):
        caller.merchant.buy(skus=["MUG-1"], fulfilled_by="AMAZON")
    assert fulfilled == ["MERCHANT"] * 10 + ["AMAZON"] * 10


def test_a_cart_loses_the_lines_that_are_sold_out(caller: Caller) -> None:
    """The rest of the cart is bought, the same SKU twice at most as often as it is there; unlisted SKUs have no end."""
    caller.merchant.list_goods(["MUG-1"], quantity=0)
    caller.merchant.list_goods(["MUG-2"], quantity=3)
    order_id = caller.merchant.buy(skus=["MUG-2", "MUG-1", "MUG-2", "MUG-9"], quantity=2)
    items = caller.account.orders[order_id]["orderItems"]
    assert [(item["product"]["sellerSku"], item["quantityOrdered"]) for item in items] == [
        ("MUG-2", 2),
        ("MUG-2", 1),
        ("MUG-9", 2),
    ]


def test_buyers_draw_the_same_whether_or_not_something_else_is_listed(caller: Caller) -> None:
    """Listings take no chance from the merchant: what is not listed is bought as if there were none."""
    without = Caller()
    caller.merchant.list_goods(["ELSE"], quantity=5)
    orders = [(one.account.orders[one.merchant.buy()]) for one in (caller, without)]
    assert orders[0] == orders[1]


@pytest.mark.parametrize(("restock", "live"), [(True, 10), (False, 8)])
def test_a_cancellation_restocks_by_choice(caller: Caller, *, restock: bool, live: int) -> None:
    """Amazon may put the units of a cancelled order back, or not."""
    _listed(caller)
    order_id = caller.merchant.buy(skus=["MUG-1"], quantity=2)
    caller.merchant.cancel(order_id, restock=restock)
    assert _live(caller) == live


def test_only_units_that_did_not_ship_are_restocked(caller: Caller) -> None:
    """A partly shipped order gives back its rest."""
    _listed(caller)
    order_id = caller.merchant.buy(skus=["MUG-1"], quantity=3, settled=True)
    [item] = caller.account.orders[order_id]["orderItems"]
    caller.merchant.ship(order_id, quantities={item["orderItemId"]: 2})
    caller.merchant.cancel(order_id, restock=True)
    assert _live(caller) == 8


def test_somebody_sets_a_quantity_by_hand(caller: Caller) -> None:
    """In Seller Central it is live at once, and a set that was under way overwrites it all the same."""
    _listed(caller)
    _set(caller, 7)
    caller.merchant.edit_quantity("MUG-1", 99)
    edited = json_of(_get(caller))
    caller.wait(minutes=1)
    assert edited["fulfillmentAvailability"] == [{"fulfillmentChannelCode": "DEFAULT", "quantity": 99}]
    assert edited["attributes"]["fulfillment_availability"] == [_units(99)]
    assert _live(caller) == 7
    with pytest.raises(KeyError):
        caller.merchant.edit_quantity("NONE", 1)


# Notifications


def test_every_change_of_what_is_live_is_notified(caller: Caller) -> None:
    """Own sets, Amazon's decrements, cancellations and edits by hand, in their order; what changes nothing is silent."""
    _listed(caller)
    order_id = caller.merchant.buy(skus=["MUG-1"], quantity=2)
    caller.merchant.cancel(order_id, restock=True)
    caller.merchant.edit_quantity("MUG-1", 20)
    caller.merchant.edit_quantity("MUG-1", 20)
    _set(caller, 5)
    sent_at = caller.world.clock.now()
    caller.wait(hours=1)
    told = messages_of(caller.account, QUANTITY_CHANGE)
    assert [message["Payload"]["Quantity"] for message in told] == [8, 10, 20, 5]
    assert {message["Payload"]["Sku"] for message in told} == {"MUG-1"}
    assert timedelta(seconds=2) <= parse_time(told[-1]["EventTime"]) - sent_at <= timedelta(seconds=60)


def test_quantity_changes_fit_their_schema(caller: Caller) -> None:
    """The message is what its published schema describes."""
    _listed(caller)
    caller.merchant.buy(skus=["MUG-1"])
    [told] = messages_of(caller.account, QUANTITY_CHANGE)
    assert problems("notifications/ListingsItemMfnQuantityChange.json", told) == []


def test_a_silent_purchase_says_nothing_of_quantities_either(caller: Caller) -> None:
    """Without notification the queue stays empty."""
    _listed(caller)
    caller.merchant.buy(skus=["MUG-1"], notify=False)
    assert not caller.account.notifications
