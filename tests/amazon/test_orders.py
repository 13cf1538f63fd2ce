"""What Amazon tells about orders, read: every order by itself, hostile ones as records with a problem, and nothing ever guessed."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossdock.amazon.orders import parse_order, parse_order_answer, parse_orders_page
from crossdock.domain.ids import AmazonOrderId
from crossdock.domain.money import Money
from crossdock.domain.order import NOBODY
from crossdock.domain.window import Window
from crossdock.errors import DataError, Rejected, Unavailable
from crossdock.store.snapshots import decode_order, encode_order
from tests.amazon.doors import Door
from tests.build import FACILITATED, a_line, an_order, encoded, read, read_personal

GOOD = an_order(
    "FBM UNSHIPPED in DE, total 24.99 EUR",
    a_line(
        "2 x MUG-BLUE @ 10.00 EUR, SHIPPING 4.99, TAX 3.99 (ITEM 3.19 SHIPPING 0.80)",
        expense={"pointsCost": {"pointsGranted": {"pointsNumber": 7}}},
    ),
)
SENT = encoded(GOOD)
DEEP = b"[" * 100_000 + b"]" * 100_000


def _page(*orders: bytes) -> bytes:
    return (
        b'{"orders": ['
        + b", ".join(orders)
        + b'], "pagination": {"nextToken": "next"}, "lastUpdatedBefore": "2026-11-20T07:58:00.000Z"}'
    )


def _with(value: object, *path: str | int) -> bytes:
    """The good order with another value at a path."""
    order: Any = copy.deepcopy(GOOD)
    inner = order
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    return encoded(order)


ITEM = ("orderItems", 0)
AMOUNT = ("proceeds", "grandTotal", "amount")

# hostile order -> where, and what is said of it
UNREADABLE: dict[str, tuple[bytes, str]] = {
    "no grand total's amount": (
        _with({"currencyCode": "EUR"}, "proceeds", "grandTotal"),
        "order: Object missing required field `amount`",
    ),
    "a float": (_with(24.99, *AMOUNT), "order: Expected `str`, got `float` - at `$.proceeds.grandTotal.amount`"),
    "a number": (_with(2499, *AMOUNT), "order: Expected `str`, got `int` - at `$.proceeds.grandTotal.amount`"),
    "no amount": (_with("free", *AMOUNT), "proceeds.grandTotal: not a decimal amount"),
    "a tenth of a cent": (_with("24.999", *AMOUNT), "proceeds.grandTotal: more than 2 decimal places for EUR"),
    "an endless amount": (_with("9" * 1_000_000, *AMOUNT), "proceeds.grandTotal: not a decimal amount"),
    "a huge amount": (_with("99999999999999.99", *AMOUNT), "proceeds.grandTotal: amount too large"),
    "unknown currency": (
        _with("XXX", "proceeds", "grandTotal", "currencyCode"),
        "proceeds.grandTotal: unknown currency 'XXX'",
    ),
    "two currencies": (_with("USD", "proceeds", "grandTotal", "currencyCode"), "proceeds: amounts in EUR and USD"),
    "negative quantity": (_with(-1, *ITEM, "quantityOrdered"), "orderItems[0].quantityOrdered: no quantity"),
    "a million and one": (_with(1_000_001, *ITEM, "quantityOrdered"), "orderItems[0].quantityOrdered: no quantity"),
    "half a unit": (
        _with(1.5, *ITEM, "quantityOrdered"),
        "order: Expected `int`, got `float` - at `$.orderItems[0].quantityOrdered`",
    ),
    "huge quantity": (
        SENT.replace(b'"quantityOrdered": 2', b'"quantityOrdered": ' + b"9" * 5000),
        "order: Integer value out of range",
    ),
    "negative units sent": (
        _with(-3, *ITEM, "fulfillment", "quantityFulfilled"),
        "orderItems[0].fulfillment.quantityFulfilled: no quantity",
    ),
    "negative units left": (
        _with(-1, *ITEM, "fulfillment", "quantityUnfulfilled"),
        "orderItems[0].fulfillment.quantityUnfulfilled: no quantity",
    ),
    "points beyond counting": (_with(10**30, *ITEM, "expense", "pointsCost", "pointsGranted", "pointsNumber"), "order"),
    "a price beyond counting": (
        _with("999999999999.00", *ITEM, "product", "price", "unitPrice", "amount"),
        "orderItems[0].product.price.unitPrice: amount too large for so many units",
    ),
    "two items with one id": (
        _with([GOOD["orderItems"][0]] * 2, "orderItems"),
        "orderItems: two items with one orderItemId",
    ),
    "too many items": (
        _with([a_line("1 x A EUR") | {"orderItemId": f"{n:014d}"} for n in range(501)], "orderItems"),
        "orderItems: more than 500",
    ),
    "too many amounts": (
        _with(
            [{"type": "ITEM", "subtotal": {"amount": "1", "currencyCode": "EUR"}}] * 51, *ITEM, "proceeds", "breakdowns"
        ),
        "orderItems[0].proceeds: more than 50",
    ),
    "no items": (SENT.replace(b'"orderItems"', b'"orderTimes"'), "order: Object missing required field `orderItems`"),
    "items of the wrong shape": (
        _with({"0": "MUG-BLUE"}, "orderItems"),
        "order: Expected `array`, got `object` - at `$.orderItems`",
    ),
    "a SKU of a megabyte": (
        _with("S" * 1_000_000, *ITEM, "product", "sellerSku"),
        "orderItems[0].product.sellerSku: longer than 256",
    ),
    "no time": (_with("yesterday", "createdTime"), "createdTime: not a time"),
    "no zone": (_with("2026-11-20T06:30:00", "createdTime"), "createdTime: a time without its zone"),
    "before all time": (_with("0001-01-01T00:00:00+05:00", "createdTime"), "createdTime: a time no order can have"),
    "after all time": (
        _with("9999-12-31T23:59:59Z", "fulfillment", "deliverByWindow", "latestDateTime"),
        "fulfillment.deliverByWindow: a time no order can have",
    ),
    "an id of another form": (_with("302/../../orders", "orderId"), "orderId: not an id of Amazon's form"),
    "NUL in the id": (_with("302-0000001-\x000000001", "orderId"), "orderId: not an id of Amazon's form"),
    "a lone surrogate in the id": (_with("302-\ud800000001-0000001", "orderId"), "orderId: not an id of Amazon's form"),
    "an empty id": (_with("", "orderId"), "orderId: not an id of Amazon's form"),
    "NUL in an item's id": (
        _with("1\x00", *ITEM, "orderItemId"),
        "orderItems[0].orderItemId: not an id of Amazon's form",
    ),
    "nested without end": (SENT[:-1] + b', "x": ' + DEEP + b"}", "order: not JSON, or nested too deep"),
    "a text": (b'"order"', "order: Expected `object`, got `str`"),
    "nothing": (b"null", "order: Expected `object`, got `null`"),
    "a list": (b"[]", "order: Expected `object`, got `array`"),
    "an empty object": (b"{}", "order: Object missing required field `orderId`"),
}

# hostile text -> the field it was cleaned in
CLEANED: dict[str, tuple[bytes, tuple[str, ...]]] = {
    "NUL in the title": (_with("Mug\x00", *ITEM, "product", "title"), ("orderItems.product.title",)),
    "NUL in the SKU": (_with("MUG\x00BLUE", *ITEM, "product", "sellerSku"), ("orderItems.product.sellerSku",)),
    "a lone surrogate in the title": (_with("Mug\udfff", *ITEM, "product", "title"), ("orderItems.product.title",)),
    "a lone surrogate in the SKU": (
        _with("MUG\ud83dBLUE", *ITEM, "product", "sellerSku"),
        ("orderItems.product.sellerSku",),
    ),
    "a lone surrogate in a field we do not know": (_with("\ud800", "somethingNew"), ("somethingNew",)),
    "half a character": (SENT.replace(b"Example article", b"Ex\xc3mple \xff"), ("orderItems.product.title",)),
    "a raw NUL": (SENT.replace(b"Example article", b"Ex\x00mple"), ("orderItems.product.title",)),
    "a key with NUL": (SENT.replace(b'"title"', b'"ti\\u0000tle"'), ("orderItems.product",)),
}

# odd, and read as it stands
READ: dict[str, bytes] = {
    "unknown status": _with("SENT_BY_ROCKET", "fulfillment", "fulfillmentStatus"),
    "nobody ships": _with("", "fulfillment", "fulfilledBy"),
    "no price": _with({}, *ITEM, "product", "price"),
    "an unknown kind of amount": _with("RECYCLING", *ITEM, "proceeds", "breakdowns", 0, "type"),
    "a title of a megabyte": _with("T" * 1_000_000, *ITEM, "product", "title"),
    "a status of a megabyte": _with("S" * 1_000_000, "fulfillment", "fulfillmentStatus"),
    "programmes of a megabyte": _with(["P" * 1_000_000] * 3, "programs"),
    "a thousand programmes": _with(["PRIME"] * 1000, "programs"),
    "an amount's name of a megabyte": _with("K" * 1_000_000, *ITEM, "proceeds", "breakdowns", 1, "type"),
    "fields we do not know": _with({"deep": [{"er": None}]}, "somethingNew"),
    "an endless number in a field we do not know": SENT[:-1] + b', "x": ' + b"9" * 5000 + b"}",
    "no number in a field we do not know": SENT[:-1] + b', "x": NaN}',
    "nulls": _with(None, "programs"),
}


def _named(rows: dict[str, Any]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("name", list(rows))


@_named(UNREADABLE)
def test_hostile_order_is_a_record_with_a_problem(name: str) -> None:
    """An order that cannot be read without guessing keeps a place of its own, named, and says where it is wrong and never what a person wrote."""
    raw, problem = UNREADABLE[name]
    answer = parse_order(raw)
    assert answer.order is None
    assert str(answer.problem).startswith(problem)
    assert len(str(answer.problem)) < 200
    assert 1 <= len(answer.record_id) <= 64


@_named(UNREADABLE)
def test_one_bad_order_among_a_hundred_leaves_the_others_whole(name: str) -> None:
    """A page with one unreadable order gives ninety-nine orders, one problem, the token and the mark."""
    goods = [encoded(GOOD | {"orderId": f"302-0000001-{n:07d}"}) for n in range(99)]
    page = parse_orders_page(_page(*goods[:50], UNREADABLE[name][0], *goods[50:]))
    assert [answer.problem is None for answer in page.orders] == [True] * 50 + [False] + [True] * 49
    assert {answer.record_id for answer in page.orders if answer.order} == {f"302-0000001-{n:07d}" for n in range(99)}
    assert (page.next_token, page.mark) == ("next", datetime(2026, 11, 20, 7, 58, tzinfo=UTC))


@_named(CLEANED)
def test_text_no_database_takes_is_cleaned_and_noted(name: str) -> None:
    """NUL, lone surrogates and broken UTF-8 become the replacement character; the order is read, alone and on a page, and names the field."""
    raw, fields = CLEANED[name]
    answers = [
        parse_order(raw),
        *parse_orders_page(_page(SENT, raw, SENT)).orders,
        parse_order_answer(b'{"order": ' + raw + b"}"),
    ]
    assert [answer.problem for answer in answers] == [None] * 5
    assert [answer.order and answer.order.cleaned_fields for answer in answers] == [fields, (), fields, (), fields]
    assert all(decode_order(encode_order(answer.order)) == answer.order for answer in answers if answer.order)


@_named(READ)
def test_odd_order_is_read_as_it_stands(name: str) -> None:
    """What Amazon may add at any time is no problem of parsing, and no text of Amazon's own is longer than a word."""
    answer = parse_order(READ[name])
    assert answer.problem is None
    assert answer.order is not None
    assert len(encode_order(answer.order)) < 10_000


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>Please wait</html>",
        b"{}",
        b"[]",
        b"null",
        b'{"orders": null}',
        b'{"orders": {}}',
        b'{"orders": [7]}' + DEEP,
        SENT,
        b"\xff\xfe",
        DEEP,
        _page(SENT)[:-40],
    ],
)
def test_body_that_is_no_page_may_be_one_next_time(body: bytes) -> None:
    """A proxy's page, half a body or something else altogether is Unavailable, and its text is not in the message."""
    with pytest.raises(
        Unavailable, match=r"^searchOrders: Amazon answered with something else than the documented JSON$"
    ):
        parse_orders_page(body)


@pytest.mark.parametrize("body", [b"", b"<html>", b"{}", b'{"order"', b'{"order": 7' + DEEP, DEEP])
def test_body_that_is_no_order_may_be_one_next_time(body: bytes) -> None:
    """The same for the answer to a single read."""
    with pytest.raises(Unavailable, match=r"^getOrder: Amazon answered with something else than the documented JSON$"):
        parse_order_answer(body)


def test_the_same_unreadable_order_is_the_same_record() -> None:
    """An order without a readable id is named by its content; one with an id by the id, even if its texts are broken too."""
    nameless, other = _with("", "orderId"), _with("?", "orderId")
    assert parse_order(nameless).record_id == parse_order(nameless).record_id != parse_order(other).record_id
    broken = _with(-1, *ITEM, "quantityOrdered").replace(b"Example article", b"\xff")
    assert parse_order(broken).record_id == GOOD["orderId"]
    assert parse_order(broken).updated_at == read(GOOD).updated_at


@settings(max_examples=300)
@given(
    st.binary(max_size=200)
    | st.recursive(
        st.none() | st.booleans() | st.floats() | st.text() | st.integers(),
        lambda each: st.lists(each) | st.dictionaries(st.text(), each),
    ).map(lambda value: json.dumps(value).encode())
)
def test_no_bytes_at_all_break_the_reader(raw: bytes) -> None:
    """Whatever stands in the place of an order, there is an answer with an id and an order or a problem."""
    answer = parse_order(raw)
    assert answer.record_id
    assert isinstance(answer.problem, DataError)


@settings(max_examples=300)
@given(st.data())
def test_no_value_anywhere_in_an_order_breaks_the_reader(choice: st.DataObject) -> None:
    """Any value in the place of any other in an order gives an order that can be stored, or a problem."""
    order: Any = copy.deepcopy(GOOD)
    path = choice.draw(st.sampled_from(list(_paths(order))))
    value: object = choice.draw(
        st.sampled_from([None, True, -1, 10**20, 1.5, "", "\x00", "\ud800", "9" * 400, [], {}, [None], [[]]])
        | st.text()
    )
    _put(order, path, value)
    answer = parse_order(encoded(order))
    assert (answer.order is None) != (answer.problem is None)
    assert answer.order is None or decode_order(encode_order(answer.order)) == answer.order


def _paths(value: Any, path: tuple[str | int, ...] = ()) -> Any:
    """Every place in a piece of JSON."""
    steps = (
        list(value.items()) if isinstance(value, dict) else list(enumerate(value)) if isinstance(value, list) else []
    )
    for step, inner in steps:
        yield (*path, step)
        yield from _paths(inner, (*path, step))


def _put(value: Any, path: tuple[str | int, ...], new: object) -> None:
    for step in path[:-1]:
        value = value[step]
    value[path[-1]] = new


# --- what is read


def test_amounts_arrive_whole() -> None:
    """Every amount of an order is read to the cent, with its parts."""
    order = read(GOOD)
    assert order.grand_total == Money(2499, "EUR")
    assert [
        (row.type, row.amount.minor_units, [(kind, part.minor_units) for kind, part in row.parts])
        for row in order.items[0].proceeds
    ] == [
        ("ITEM", 2000, []),
        ("SHIPPING", 499, []),
        ("TAX", 399, [("ITEM", 319), ("SHIPPING", 80)]),
    ]


def test_times_are_kept_to_the_millisecond() -> None:
    """A finer time than commercetools keeps would never be in sync; another zone is the same time."""
    order = read(GOOD | {"createdTime": "2026-11-20T07:30:00.123999+01:00"})
    assert order.created_at == datetime(2026, 11, 20, 6, 30, 0, 123_000, tzinfo=UTC)


def test_who_collects_the_tax_is_read() -> None:
    """The marketplace facilitator of an item is kept by name; another model is none."""
    facilitated, other = (
        read(an_order("FBM UNSHIPPED in US", a_line("1 x A EUR", tax=tax)))
        for tax in (FACILITATED["tax"], {"taxCollections": [{"model": "SELF"}]})
    )
    assert [order.items[0].facilitator for order in (facilitated, other)] == ["Amazon Services, Inc.", ""]


GIFT = {
    "fulfillment": {
        "packing": {
            "giftOption": {"giftMessage": "<script>alert('Test Buyer 7')</script>", "giftWrapLevel": "STANDARD"}
        }
    }
}


def test_words_of_a_buyer_are_kept_as_written_for_our_own_parcels_only() -> None:
    """A gift message with HTML in it is a text like any other, beside the order, never in it."""
    order = an_order("FBM UNSHIPPED in DE, total 1.00 EUR", a_line("1 x A @ 1.00 EUR", **GIFT))
    personal = read_personal(order)
    assert personal.gift_message(read(order).items[0].order_item_id) == "<script>alert('Test Buyer 7')</script>"
    assert personal.recipient is not None
    assert personal.recipient.deliverable()
    assert b"Test Buyer" not in encode_order(read(order))


@pytest.mark.parametrize(
    ("head", "more"),
    [
        ("FBA UNSHIPPED in DE", {}),
        ("FBA SHIPPED in DE", {}),
        ("FBM SHIPPED in DE", {}),
        ("FBM CANCELLED in DE", {}),
        ("FBM SENT_BY_ROCKET in DE", {}),
        ("DRONE UNSHIPPED in DE", {}),
        ("FBM UNSHIPPED in DE", {"salesChannel": {"channelName": "NON_AMAZON"}}),
    ],
)
def test_person_is_dropped_where_no_parcel_of_ours_goes(head: str, more: dict[str, Any]) -> None:
    """Address, buyer, gift message and registrations of an order we do not ship are not even held in memory."""
    order = an_order(
        head,
        a_line("1 x A EUR", **GIFT),
        tax={"taxRegistrations": [{"entityType": "BUYER", "taxRegistrationNumber": "XX1"}]},
        **more,
    )
    assert read_personal(order) == NOBODY
    assert b"Test Buyer" not in encode_order(read(order))


# --- asking


def _window(door: Door) -> Window:
    now = door.world.clock.now()
    return Window(now - timedelta(days=1), now - timedelta(minutes=2))


def test_search_reads_page_by_page() -> None:
    """All orders of a window come, a hundred a page, and the last page brings the mark."""
    door = Door()
    bought = {door.merchant.buy() for _ in range(130)}
    door.world.clock.advance(timedelta(minutes=5))
    first = door.orders.search(_window(door), None)
    second = door.orders.search(_window(door), first.next_token)
    assert [len(first.orders), len(second.orders), second.next_token] == [100, 30, None]
    assert {answer.record_id for answer in (*first.orders, *second.orders)} == bought
    assert second.mark == door.world.clock.now() - timedelta(minutes=2)


def test_search_asks_for_no_person() -> None:
    """The sweep and the search by creation ask for no buyer and no address; only the page of recipients does, for orders of ours to ship."""
    door = Door()
    door.merchant.buy(settled=True, fulfilled_by="MERCHANT")
    door.merchant.buy(settled=True, fulfilled_by="AMAZON")
    door.world.clock.advance(timedelta(minutes=5))
    swept = [door.orders.search(_window(door), None), door.orders.search(_window(door), None, by_creation=True)]
    asked = [
        set(request.query["includedData"][0].split(",")) for request in door.requests if "/orders/" in request.path
    ]
    recipients = door.orders.search_recipients(_window(door), None)
    assert [answer.personal.recipient for page in swept for answer in page.orders] == [None] * 4
    assert [named & {"BUYER", "RECIPIENT"} for named in asked] == [set(), set()]
    assert [answer.personal.recipient is not None for answer in recipients.orders] == [True]


def test_single_read() -> None:
    """One order with its recipient; one Amazon does not know is None; what is no order id is refused and names no text of ours."""
    door = Door()
    order_id = AmazonOrderId(door.merchant.buy(settled=True, fulfilled_by="MERCHANT"))
    known = door.orders.get(order_id, with_recipient=True)
    assert known is not None
    assert known.personal.recipient is not None
    assert door.orders.get(AmazonOrderId("305-0000000-0000000"), with_recipient=True) is None
    with pytest.raises(Rejected, match=r"^getOrder: Amazon answered 400 InvalidInput$"):
        door.orders.get(AmazonOrderId("../x"), with_recipient=False)
    assert door.requests[-1].path == "/orders/2026-01-01/orders/..%2Fx"


def test_without_the_role_the_person_is_masked() -> None:
    """An application without the delivery role reads an order whose parcel could not be addressed."""
    door = Door(roles=("inventory_and_order_tracking",))
    answer = door.orders.get(
        AmazonOrderId(door.merchant.buy(settled=True, fulfilled_by="MERCHANT")), with_recipient=True
    )
    assert answer is not None
    assert answer.personal.recipient is not None
    assert not answer.personal.recipient.deliverable()
