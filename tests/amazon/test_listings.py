"""What Amazon offers of a SKU, and setting the merchant's quantity: through the twin, and asked as Amazon's own model has it."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.amazon.listings import PAGE_SIZE_MAX, QUERY_MAX, Listings, parse_listed_page
from crossdock.amazon.rates import PATCH_LISTINGS_ITEM, PLANS
from crossdock.domain.ids import SellerSku
from crossdock.domain.listed import SKU_LENGTH_MAX, ListedQuantity, SetQuantity, Submission
from crossdock.domain.window import Window
from crossdock.errors import DataError, Rejected, Unauthorized, Unavailable
from crossdock.twin.amazon_account import USAGE_PLANS
from crossdock.twin.world import Fault, Request, Response
from tests.amazon.doors import GERMANY, USA, Door
from tests.twin.amazon_models import published

MUG = SellerSku("MUG-BLUE")
PATH = "/listings/2021-08-01/items/ATWINSELLER001"
ODD_SKUS = ["a/b", "two words", "100%", "a%2Fb", "a+b", "Tasse-blau-ü-杯", "a?b#c", "a,b", "'\"\\", "..a", "%2E%2E"]
NO_SKUS = ["", ".", "..", "x" * (SKU_LENGTH_MAX + 1), "half\ud800", "line\nbreak", "nul\x00"]


def _door() -> Door:
    door = Door(roles=("product_listing",))
    door.tokens.get()
    door.requests.clear()
    return door


def _listings(door: Door) -> Listings:
    return Listings(door.client, door.account.seller_id, [GERMANY, USA])


def _body(answer: object, status: int = 200) -> Response:
    return Response(status, json.dumps(answer).encode(), {"x-amzn-requestid": "request-7"})


def _asked_as_published(request: Request, template: str) -> list[str]:
    """What of a request Amazon's model does not allow: parameters, their values, and the body."""
    model = published("models", "listings-items-api-model", "listingsItems_2021-08-01.json")
    parameters = {each["name"]: each for each in model["paths"][template][request.method.lower()]["parameters"]}
    wrong = [
        f"{name}={value}"
        for name, values in request.query.items()
        for value in values
        if not _fits(parameters.get(name, {}), value) or len(values) > 1
    ]
    wrong += [name for name, each in parameters.items() if each["in"] == "query" and _is_missing(each, request)]
    if "body" not in parameters:
        return wrong + ([] if request.body == b"" else ["a body"])
    schema = parameters["body"]["schema"] | {"definitions": model["definitions"]}
    errors = jsonschema.Draft4Validator(schema).iter_errors(json.loads(request.body))
    return wrong + [error.message for error in errors]


def _is_missing(parameter: dict[str, Any], request: Request) -> bool:
    return bool(parameter["required"]) and parameter["name"] not in request.query


def _fits(parameter: dict[str, Any], value: str) -> bool:
    if parameter.get("in") != "query":
        return False
    if parameter["type"] == "array":
        each = value.split(",")
        return set(each) <= set(parameter["items"].get("enum", each)) and len(each) <= parameter.get("maxItems", 99)
    if parameter["type"] == "integer":
        return bool(1 <= int(value) <= parameter.get("maximum", int(value)))
    return value in parameter.get("enum", [value])


# --- reading


def test_quantity_is_what_can_be_bought() -> None:
    """What was sent and is not in effect yet is not read, although Amazon's attributes echo it."""
    door = _door()
    door.account.listings.add(MUG, 5)
    door.account.listings.never_applied = 1.0
    _listings(door).set_quantity(SetQuantity(MUG, 9))
    door.world.clock.advance(timedelta(hours=1))

    listed = _listings(door).read_quantity(MUG, urgent=True)

    assert listed == ListedQuantity(MUG, {"DEFAULT": 5})
    assert (listed.quantity, listed.fulfilled_by) == (5, "MERCHANT")
    assert door.plan.urgent[-1]


def test_unknown_sku_is_none() -> None:
    """Amazon lists no such SKU: that is an answer."""
    assert _listings(_door()).read_quantity(SellerSku("NOBODY-KNOWS")) is None


def test_stock_of_amazons_has_no_number_of_ours() -> None:
    """A SKU that Amazon fulfils says so, and its quantity is not told, which is not 0."""
    door = _door()
    door.account.listings.add(MUG, fulfilled_by="AMAZON")
    listed = _listings(door).read_quantity(MUG)
    assert listed is not None
    assert (listed.fulfilled_by, listed.quantity) == ("AMAZON", None)


@pytest.mark.parametrize(
    ("channels", "fulfilled_by", "quantity"),
    [
        ({"DEFAULT": 3}, "MERCHANT", 3),
        ({"DEFAULT": 3, "AMAZON_EU": None}, "AMAZON", 3),
        ({"AMAZON_NA": 7}, "AMAZON", None),
        ({}, None, None),
        ({"DEFAULT": None}, "MERCHANT", None),
        ({"DEFAULT": 3, "a-warehouse-of-its-own": 4}, None, 3),
    ],
)
def test_who_fulfils(channels: dict[str, int | None], fulfilled_by: str | None, quantity: int | None) -> None:
    """Any channel of Amazon's makes it Amazon's; none, or one we do not know, makes it nobody's."""
    listed = ListedQuantity(MUG, channels)
    assert (listed.fulfilled_by, listed.quantity) == (fulfilled_by, quantity)


@pytest.mark.parametrize("sku", ODD_SKUS)
def test_any_sku_is_found_and_set(sku: str) -> None:
    """Whatever a merchant calls it: its own listing is read and set, no other."""
    door = _door()
    door.account.listings.add(sku, 5)
    listings = _listings(door)
    listings.set_quantity(SetQuantity(SellerSku(sku), 3))
    door.world.clock.advance(timedelta(hours=1))
    assert listings.read_quantity(SellerSku(sku)) == ListedQuantity(SellerSku(sku), {"DEFAULT": 3})


@pytest.mark.parametrize("sku", NO_SKUS)
def test_what_is_no_sku_is_never_asked(sku: str) -> None:
    """A text that would be another address, or none, does not leave the house."""
    door = _door()
    with pytest.raises(DataError, match="can be no SKU"):
        _listings(door).read_quantity(SellerSku(sku))
    with pytest.raises(DataError, match="can be no SKU"):
        SetQuantity(SellerSku(sku), 1)
    assert door.requests == []


@pytest.mark.parametrize("quantity", [-1, 1_000_001])
def test_quantity_that_cannot_be_is_our_mistake(quantity: int) -> None:
    """No decision gives less than nothing, or more units than exist."""
    with pytest.raises(AssertionError):
        SetQuantity(MUG, quantity)


@pytest.mark.parametrize(
    "answer",
    [
        {"sku": MUG},
        {"sku": MUG, "fulfillmentAvailability": None},
        {"sku": MUG, "fulfillmentAvailability": [{"quantity": 3}]},
        {"sku": MUG, "fulfillmentAvailability": [{"fulfillmentChannelCode": "DEFAULT", "quantity": "3"}]},
        {"sku": MUG, "fulfillmentAvailability": [{"fulfillmentChannelCode": "DEFAULT", "quantity": 2.5}]},
        {"sku": MUG, "fulfillmentAvailability": [{"fulfillmentChannelCode": "DEFAULT", "quantity": -1}]},
        {"sku": MUG, "fulfillmentAvailability": [{"fulfillmentChannelCode": "DEFAULT", "quantity": 1}] * 2},
        {"sku": "MUG-RED", "fulfillmentAvailability": []},
        {"fulfillmentAvailability": []},
        [],
    ],
)
def test_doubtful_quantity_is_not_guessed(answer: object) -> None:
    """A listing without its numbers, with odd ones, or of another SKU cannot be read."""
    door = _door()
    door.answers[f"{PATH}/{MUG}"] = lambda _: _body(answer)
    with pytest.raises(DataError):
        _listings(door).read_quantity(MUG)


@pytest.mark.parametrize("body", [b"<html>Please wait</html>", b"", b'{"sku": "MU', b"[" * 100_000])
def test_half_an_answer_may_be_one_the_next_time(body: bytes) -> None:
    """A proxy's page or a text that breaks off is no word of Amazon's."""
    door = _door()
    door.answer(f"{PATH}/{MUG}", 200, body)
    door.answer(PATH, 200, body)
    with pytest.raises(Unavailable, match="getListingsItem"):
        _listings(door).read_quantity(MUG)
    with pytest.raises(Unavailable, match="patchListingsItem"):
        _listings(door).set_quantity(SetQuantity(MUG, 1))
    with pytest.raises(Unavailable, match="searchListingsItems"):
        _listings(door).list_quantities()


# --- setting


def test_set_is_queued_and_in_effect_later() -> None:
    """ACCEPTED promises nothing: only what is read afterwards says what can be bought."""
    door = _door()
    door.account.listings.add(MUG, 5)
    sent = _listings(door).set_quantity(SetQuantity(MUG, 0), urgent=True)
    at_once = _listings(door).read_quantity(MUG)
    door.world.clock.advance(timedelta(minutes=2))
    later = _listings(door).read_quantity(MUG)

    assert (sent.status, sent.codes, bool(sent.submission_id)) == ("ACCEPTED", (), True)
    assert at_once is not None
    assert later is not None
    assert (at_once.quantity, later.quantity) == (5, 0)
    assert door.plan.urgent[0]


def test_set_of_an_unknown_sku_is_accepted() -> None:
    """Amazon takes it and forgets it: whoever sets a quantity has read the SKU before."""
    assert _listings(_door()).set_quantity(SetQuantity(SellerSku("NOBODY-KNOWS"), 3)).status == "ACCEPTED"


def test_invalid_is_refused_with_amazons_code() -> None:
    """A 200 whose status is INVALID is a refusal: the code of the error, the attribute, Amazon's request id, and no word of its text."""
    door = _door()
    issues = [
        {"code": "1", "severity": "WARNING", "message": "secret", "attributeNames": []},
        {"code": "90244", "severity": "ERROR", "message": "secret", "attributeNames": ["fulfillment_availability"]},
    ]
    answer = {"sku": MUG, "status": "INVALID", "submissionId": "s", "issues": issues}
    door.answers[f"{PATH}/{MUG}"] = lambda _: _body(answer)
    with pytest.raises(Rejected, match=r"^patchListingsItem: Amazon calls it invalid: 90244$") as refused:
        _listings(door).set_quantity(SetQuantity(MUG, 3))
    told = refused.value
    assert (told.code, told.pointer, told.request_id) == ("90244", "fulfillment_availability", "request-7")


def test_invalid_without_a_reason_is_refused_too() -> None:
    """Amazon may keep the reason to itself."""
    door = _door()
    door.answers[f"{PATH}/{MUG}"] = lambda _: _body({"sku": MUG, "status": "INVALID", "submissionId": "s"})
    with pytest.raises(Rejected) as refused:
        _listings(door).set_quantity(SetQuantity(MUG, 3))
    assert refused.value.code == "INVALID"


def test_remarks_come_along() -> None:
    """What Amazon remarks on an accepted set is kept, each code once."""
    door = _door()
    issues = [{"code": "18027", "severity": "WARNING", "message": "x"}] * 2
    answer = {"sku": MUG, "status": "ACCEPTED", "submissionId": "s", "issues": issues}
    door.answers[f"{PATH}/{MUG}"] = lambda _: _body(answer)
    assert _listings(door).set_quantity(SetQuantity(MUG, 3)) == Submission("s", codes=("18027",))


@pytest.mark.parametrize("status", ["VALID", "QUEUED", ""])
def test_unknown_status_is_not_taken_for_accepted(status: str) -> None:
    """VALID is for previews; anything else is new: somebody must look."""
    door = _door()
    door.answers[f"{PATH}/{MUG}"] = lambda _: _body({"sku": MUG, "status": status, "submissionId": "s"})
    with pytest.raises(DataError, match="is not known"):
        _listings(door).set_quantity(SetQuantity(MUG, 3))


def test_too_large_is_refused() -> None:
    """A 413 will be one again."""
    door = _door()
    door.world.faults.add(Fault("amazon.patchListingsItem", "too_large"))
    with pytest.raises(Rejected) as refused:
        _listings(door).set_quantity(SetQuantity(MUG, 3))
    assert (refused.value.status, refused.value.operation) == (413, PATCH_LISTINGS_ITEM)


def test_expired_token_is_renewed_once_for_a_write_too() -> None:
    """The set is sent a second time with a new token, and with a call of our rate; what was refused took no effect."""
    door = _door()
    door.account.listings.add(MUG, 5)
    door.world.faults.add(Fault("amazon.patchListingsItem", "forbidden"))
    _listings(door).set_quantity(SetQuantity(MUG, 3))
    sets = [request for request in door.requests if request.method == "PATCH"]
    assert door.plan.taken == [PATCH_LISTINGS_ITEM] * 2
    assert sets[0].body == sets[1].body
    assert sets[0].headers["x-amz-access-token"] != sets[1].headers["x-amz-access-token"]
    assert len(door.account.listings.under_way(MUG)) == 1


def test_missing_role_needs_a_person() -> None:
    """Without the role for listings a new token does not help."""
    door = Door(roles=("inventory_and_order_tracking",))
    with pytest.raises(Unauthorized) as refused:
        _listings(door).set_quantity(SetQuantity(MUG, 3))
    assert refused.value.request_id


def test_throttled_set_empties_its_bucket_and_was_not_sent() -> None:
    """A 429 waits for our rate; the set certainly took no effect."""
    door = _door()
    door.account.listings.add(MUG, 5)
    door.world.faults.add(Fault("amazon.patchListingsItem", "throttled"))
    with pytest.raises(Unavailable) as waited:
        _listings(door).set_quantity(SetQuantity(MUG, 3))
    assert (waited.value.own_rate, waited.value.retry_after_s) == (True, 179.0)
    assert door.plan.throttled == [PATCH_LISTINGS_ITEM]
    assert door.account.listings.under_way(MUG) == []


def test_lost_answer_is_not_taken_for_a_refusal() -> None:
    """The set took effect and its answer was lost: that is told apart from our own rate, and never sent again by the door."""
    door = _door()
    door.account.listings.add(MUG, 5)
    door.world.faults.add(Fault("amazon.patchListingsItem", "timed_out", after_effect=True))
    with pytest.raises(Unavailable) as unknown:
        _listings(door).set_quantity(SetQuantity(MUG, 3))
    assert not unknown.value.own_rate
    assert len(door.account.listings.under_way(MUG)) == 1


def test_no_set_without_our_own_rate() -> None:
    """While the plan has no call left nothing is sent."""
    door = _door()
    door.plan.wait_s = 42.0
    with pytest.raises(Unavailable):
        _listings(door).set_quantity(SetQuantity(MUG, 3))
    assert door.requests == []


# --- all of them


def test_all_are_paged_through() -> None:
    """Twenty a page, each SKU once, and the last page has no token."""
    door = _door()
    [door.account.listings.add(f"MUG-{number}", number) for number in range(45)]
    listings = _listings(door)
    first = listings.list_quantities()
    second = listings.list_quantities(token=first.token)
    third = listings.list_quantities(token=second.token)
    found = [*first.listings, *second.listings, *third.listings]
    assert [len(page.listings) for page in (first, second, third)] == [PAGE_SIZE_MAX, PAGE_SIZE_MAX, 5]
    assert {listed.seller_sku: listed.quantity for listed in found} == {f"MUG-{n}": n for n in range(45)}
    assert (first.found, first.beyond, third.token) == (45, 0, None)


def test_what_is_beyond_a_query_is_told_and_found_by_windows() -> None:
    """Of more than a thousand the rest is never shown: how many is told, and shorter windows show them."""
    door = _door()
    begin = door.world.clock.now()
    [door.account.listings.add(f"OLD-{number}") for number in range(QUERY_MAX)]
    door.world.clock.advance(timedelta(days=1))
    [door.account.listings.add(f"NEW-{number}") for number in range(7)]
    listings = _listings(door)

    everything = listings.list_quantities()
    new = listings.list_quantities(Window(begin + timedelta(hours=1), begin + timedelta(days=2)))

    assert (everything.found, everything.beyond) == (QUERY_MAX + 7, 7)
    assert {listed.seller_sku for listed in new.listings} == {f"NEW-{number}" for number in range(7)}
    assert (new.found, new.beyond) == (7, 0)


def test_unreadable_listing_stops_no_other() -> None:
    """It is told by its SKU, where even that can be read."""
    good = {"sku": MUG, "fulfillmentAvailability": [{"fulfillmentChannelCode": "DEFAULT", "quantity": 1}]}
    bad = [{"sku": "MUG-RED", "fulfillmentAvailability": 7}, {"sku": 7}, "MUG", {"sku": "MUG-GREEN"}]
    page = parse_listed_page(json.dumps({"numberOfResults": 5, "items": [*bad, good]}).encode())
    assert page.listings == (ListedQuantity(MUG, {"DEFAULT": 1}),)
    assert [each.seller_sku for each in page.unreadable] == ["MUG-RED", "", "", "MUG-GREEN"]


@given(
    st.binary() | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(lambda v: json.dumps(v).encode())
)
def test_any_bytes_are_a_page_or_none(body: bytes) -> None:
    """Whatever arrives, nothing else is raised."""
    with pytest.raises(Unavailable):
        parse_listed_page(body)


# --- as published


def test_every_request_is_in_the_model() -> None:
    """Names, values, lists and bounds of every query, and the body of the patch, are those Amazon's model allows."""
    door = _door()
    [door.account.listings.add(f"MUG-{number}", number) for number in range(21)]
    listings = _listings(door)
    now = door.world.clock.now()
    listings.read_quantity(SellerSku("MUG-1"))
    listings.set_quantity(SetQuantity(SellerSku("MUG-1"), 3))
    page = listings.list_quantities(Window(now - timedelta(days=1, microseconds=7), now))
    listings.list_quantities(Window(now - timedelta(days=1, microseconds=7), now), page.token)
    one, many = "/listings/2021-08-01/items/{sellerId}/{sku}", "/listings/2021-08-01/items/{sellerId}"
    assert page.token
    assert [_asked_as_published(*asked) for asked in zip(door.requests, [one, one, many, many], strict=True)] == [
        []
    ] * 4


def test_body_of_a_set() -> None:
    """One patch of the merchant's own channel, whatever the product is."""
    door = _door()
    _listings(door).set_quantity(SetQuantity(MUG, 3))
    assert json.loads(door.requests[0].body) == {
        "productType": "PRODUCT",
        "patches": [
            {
                "op": "replace",
                "path": "/attributes/fulfillment_availability",
                "value": [{"fulfillment_channel_code": "DEFAULT", "quantity": 3}],
            }
        ],
    }
    assert door.requests[0].headers["content-type"] == "application/json"


def test_plans_are_the_published_ones() -> None:
    """Rate and burst are those the twin holds us to, which were read from Amazon's model by itself."""
    assert {name: (plan.per_s, plan.burst) for name, plan in PLANS.items()}.items() <= USAGE_PLANS.items()
