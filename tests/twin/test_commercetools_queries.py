"""Asking the simulated commercetools: the `where` language, sorting, pages, messages, the catalogue."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.twin.commercetools_caller import Json, Shop, a_custom_line, a_line, a_price, a_shipping, an_order, eur


@pytest.fixture
def shop() -> Shop:
    """A project with three goods."""
    return Shop()


@pytest.fixture
def sold(shop: Shop) -> Shop:
    """A shop with three orders, 303-1 to 303-3, a minute apart."""
    shop.project.add_type(
        "amazon", ["order", "line-item"], {"amazon-id": "String", "units": "Number", "tags": _set_of("String")}
    )
    custom = {"type": {"key": "amazon"}, "fields": {"amazon-id": "A", "units": 2, "tags": ["x", "y"]}}
    shop.import_order(
        orderNumber="303-1",
        custom=custom,
        shippingInfo=a_shipping(),
        shipmentState="Pending",
        shippingAddress={"country": "DE", "city": "Example"},
        customerEmail='say "hi"@example.com',
    )
    shop.wait(minutes=1)
    shop.import_order(orderNumber="303-2", lineItems=[a_line("POT", 5)], shipmentState="Shipped", orderState="Complete")
    shop.wait(minutes=1)
    shop.import_order(orderNumber="303-3", customLineItems=[a_custom_line("discount", -100)], totalPrice=eur(9))
    return shop


@pytest.mark.parametrize(
    ("where", "numbers"),
    [
        ('orderNumber = "303-1"', "1"),
        ('orderNumber != "303-1"', "23"),
        ('orderNumber <> "303-1"', "23"),
        ('orderNumber > "303-1" and orderNumber <= "303-2"', "2"),
        ('orderNumber in ("303-1", "303-3", "303-9")', "13"),
        ('orderNumber not in ("303-1")', "23"),
        ('orderNumber = "303-1" or orderNumber = "303-2"', "12"),
        ('not (orderNumber = "303-1")', "23"),
        ('orderNumber = "303-1" or orderNumber = "303-2" and orderState = "Open"', "1"),
        ('(orderNumber = "303-1" or orderNumber = "303-2") AND orderState = "Complete"', "2"),
        ("shipmentState is defined", "12"),
        ("shipmentState is not defined", "3"),
        ('shipmentState != "Shipped"', "13"),
        ("version = 1", "123"),
        ("totalPrice(centAmount < 10)", "3"),
        ('totalPrice(centAmount >= 10 and currencyCode = "EUR")', "12"),
        ('shippingInfo(shippingMethodName = "Standard")', "1"),
        ("shippingInfo is not defined", "23"),
        ('shippingAddress(country = "DE")', "1"),
        ('lineItems(variant(sku = "POT") and quantity > 4)', "2"),
        ('lineItems(variant(sku = "MUG-BLUE"))', "13"),
        ('customLineItems(slug = "discount" and money(centAmount < 0))', "3"),
        ("customLineItems is empty", "12"),
        ("customLineItems is not empty", "3"),
        ('custom(fields(`amazon-id` = "A"))', "1"),
        ("custom(fields(units > 1.5))", "1"),
        ('custom(fields(tags contains any ("y", "z")))', "1"),
        ('custom(fields(tags contains all ("y", "z")))', ""),
        ("custom is not defined", "23"),
        ('createdAt >= "2026-11-02T09:01:00Z"', "23"),
        ('createdAt > "2026-11-02T10:01:00+01:00"', "3"),
        ('customerEmail = "say \\"hi\\"@example.com"', "1"),
        ('lastModifiedBy(clientId = "everything")', "123"),
    ],
)
def test_a_predicate_finds_what_it_says(sold: Shop, where: str, numbers: str) -> None:
    """Comparisons, lists, presence, nesting, custom fields, times and escapes."""
    found = sold.find("/orders", where)
    assert [order["orderNumber"][-1] for order in found] == list(numbers)


@pytest.mark.parametrize(
    ("where", "why"),
    [
        ("", "Unexpected end of input"),
        ("orderNumber", "comparison operator"),
        ("orderNumber = ", "expected a value"),
        ('orderNumber = "303', "Invalid input '\"'"),
        ('orderNumber ilike "303%"', "Invalid input 'i'"),
        ('orderNumber = "a" orderState = "Open"', "Invalid input 'o'"),
        ('(orderNumber = "a"', "expected ')'"),
        ('orderNumber in ("a" "b")', "comma or ')'"),
        ('custom(fields(amazon-id = "A"))', "Invalid input '-'"),
        ('number = "303"', "The field 'number' does not exist."),
        ('shippingInfo(name = "x")', "The field 'name' does not exist."),
        ('custom(fields(unknown = "x"))', "The field 'unknown' does not exist."),
        ('orderNumber(x = "y")', "has no fields"),
        ('orderState = "Done"', "Invalid enum value for OrderState: Done"),
        ('orderState in ("Open", "Done")', "Invalid enum value for OrderState: Done"),
        ("orderNumber = 5", "cannot be compared"),
        ('version = "1"', "cannot be compared"),
        ("version = true", "cannot be compared"),
        ('createdAt > "yesterday"', "not a valid date"),
        ('createdAt > "0001-01-01T00:00:00+23:00"', "not a valid date"),
        ("orderNumber = :n", "'n' is not defined"),
        ("version = " + "9" * 5000, "expected a value"),
        ("not (" * 60 + "version = 1" + ")" * 60, "nested too deeply"),
    ],
)
def test_a_predicate_that_means_nothing_is_refused(sold: Shop, where: str, why: str) -> None:
    """Bad syntax, unknown fields and words, and values of another kind are named."""
    refused = sold.refused("GET", "/orders", where=where)
    assert (refused["status"], refused["code"]) == (400, "InvalidInput")
    assert refused["message"].startswith("Malformed parameter: where: ")
    assert why in refused["message"]


def test_a_long_list_of_alternatives_is_no_nesting(sold: Shop) -> None:
    """Hundreds of `or` are as good as a list."""
    where = " or ".join(["version = 9"] * 450 + ['orderNumber = "303-2"'])
    assert len(sold.find("/orders", where)) == 1


def test_variables_stand_for_values(sold: Shop) -> None:
    """A variable is one value, or in a list several; numbers and times are read as such."""
    assert len(sold.find("/orders", "orderNumber = :number", number="303-1")) == 1
    assert len(sold.find("/orders", "version >= :version", version="1")) == 3
    assert len(sold.find("/orders", "createdAt > :since", since="2026-11-02T09:00:30Z")) == 2
    several = {"where": ["orderNumber in (:numbers)"], "var.numbers": ["303-1", "303-3"]}
    bare = several | {"where": ["orderNumber in :numbers"]}
    answers = [sold.send("GET", "/orders", query=query).body for query in (several, bare)]
    assert answers[0] == answers[1]
    assert b'"count":2' in answers[0]


def test_several_predicates_must_all_hold(sold: Shop) -> None:
    """The parameter may be repeated."""
    query = {"where": ['orderNumber in ("303-1", "303-2")', 'orderState = "Open"']}
    assert b'"count":1' in sold.send("GET", "/orders", query=query).body


def test_pages_are_counted(sold: Shop) -> None:
    """A page says where it begins and how many there are in all, unless that is not wanted."""
    page = sold.get("/orders", limit="2", offset="1", sort="orderNumber desc")
    uncounted = sold.get("/orders", limit="1", withTotal="false")
    assert [order["orderNumber"] for order in page["results"]] == ["303-2", "303-1"]
    assert {name: page[name] for name in ("limit", "offset", "count", "total")} == {
        "limit": 2,
        "offset": 1,
        "count": 2,
        "total": 3,
    }
    assert uncounted["count"] == 1
    assert "total" not in uncounted


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("limit", "501"),
        ("limit", "-1"),
        ("limit", "many"),
        ("limit", "9" * 5000),
        ("offset", "10001"),
        ("sort", "orderNumber up"),
        ("sort", "nothing asc"),
        ("sort", "shippingInfo.price asc"),
        ("sort", ""),
    ],
)
def test_a_page_has_limits(sold: Shop, parameter: str, value: str) -> None:
    """At most 500 a page, not beyond 10,000, sorted by what exists."""
    refused = sold.refused("GET", "/orders", b"", **{parameter: value})
    assert f"Malformed parameter: {parameter}" in refused["message"]


def test_everything_is_read_in_the_order_of_ids(sold: Shop) -> None:
    """Page by page from the last id: the way past 10,000, and nothing is missing or seen twice."""
    _import_many(sold, 20)
    assert list(_read_by_id(sold)) == sorted(order["id"] for order in sold.project.orders)


def _import_many(shop: Shop, n: int) -> None:
    for number in range(n):
        shop.create("/orders/import", an_order(orderNumber=f"404-{number}", purchaseOrderNumber=f"po-{number}"))


def _read_by_id(shop: Shop) -> Iterator[str]:
    last = "0"
    while page := shop.get(
        "/orders",
        sort="id asc",
        limit="5",
        withTotal="false",
        where=f'id > "{last}" and orderState in ("Open", "Complete")',
    )["results"]:
        yield from (order["id"] for order in page)
        last = page[-1]["id"]


def test_sorting_by_several_keys(sold: Shop) -> None:
    """Each key in turn; what lacks the field comes first."""
    query = {"sort": ["orderState desc", "custom.fields.units asc", "orderNumber desc"]}
    answer = sold.send("GET", "/orders", query=query)
    order = [answer.body.index(f'"orderNumber":"303-{number}"'.encode()) for number in (3, 1, 2)]
    assert order == sorted(order)


def test_messages_are_numbered_for_each_resource(sold: Shop) -> None:
    """The first message of a resource has number 1, each further one the next, and it names the resource."""
    order = sold.project.orders_by_number()["303-1"]
    sold.update(f"/orders/{order['id']}", 1, {"action": "changeOrderState", "orderState": "Confirmed"})
    about = sold.find("/messages", f'resource(typeId = "order" and id = "{order["id"]}")')
    assert [(each["sequenceNumber"], each["resourceVersion"]) for each in about] == [(1, 1), (2, 2)]
    assert about[0]["order"]["orderNumber"] == "303-1"
    assert sold.get(f"/messages/{about[0]['id']}") == about[0]


def test_messages_are_polled_from_a_point_in_time(sold: Shop) -> None:
    """The keyset a poller uses finds what came after a time and an id, in order."""
    first = sold.get("/messages", where='type = "OrderImported"', sort="createdAt asc")["results"][0]
    where = (
        "(createdAt > :at or (createdAt = :at and id > :id)) and createdAt <= :until"
        ' and type in ("OrderImported", "OrderCreated")'
    )
    query = {
        "where": [where],
        "sort": ["createdAt asc", "id asc"],
        "var.at": [first["createdAt"]],
        "var.id": [first["id"]],
        "var.until": ["2026-11-02T09:01:30Z"],
        "withTotal": ["false"],
    }
    answer = sold.send("GET", "/messages", query=query)
    assert b'"count":1' in answer.body
    assert b'"orderNumber":"303-2"' in answer.body


def test_messages_that_are_switched_off_are_not_kept(shop: Shop) -> None:
    """What happened meanwhile cannot be asked for later."""
    shop.project.messages_enabled = False
    order = shop.import_order()
    shop.project.messages_enabled = True
    assert shop.messages(order["id"]) == []


def test_messages_are_kept_for_some_days(shop: Shop) -> None:
    """Then they are gone, and newer ones are not."""
    shop.project.delete_days_after_creation = 2
    old = shop.import_order()
    shop.wait(days=1)
    newer = shop.import_order()
    shop.wait(days=1, seconds=1)
    shop.token = shop.sign_in("everything", "its-secret")
    assert (shop.messages(old["id"]), shop.messages(newer["id"])) == ([], ["OrderImported"])


def test_products_are_found_by_their_skus(shop: Shop) -> None:
    """In the master variant or in another one; the tax category is named, or given when asked for."""
    shop.project.add_product("CUP-S", "Cup", tax_category="standard", more_skus=["CUP-L"])
    where = "masterVariant(sku in (:skus)) or variants(sku in (:skus))"
    query = {"where": [where], "var.skus": ["CUP-L", "POT", "GONE"], "expand": ["taxCategory"]}
    answer = shop.send("GET", "/product-projections", query=query)
    pot, cup = (
        shop.find("/product-projections", where, skus="POT")[0],
        shop.find("/product-projections", where, skus="CUP-L")[0],
    )
    assert b'"count":2' in answer.body
    assert b'"obj":{' in answer.body
    assert (pot["masterVariant"]["sku"], cup["variants"][0]["sku"]) == ("POT", "CUP-L")
    assert pot["taxCategory"]["typeId"] == "tax-category"
    assert "obj" not in pot["taxCategory"]
    assert shop.get("/product-projections/key=product-POT") == shop.get(f"/product-projections/{pot['id']}") == pot


def test_what_is_not_published_is_only_there_when_staged_is_asked_for(shop: Shop) -> None:
    """A product that was never published is not on sale."""
    hidden = shop.project.add_product("SECRET", "Secret", published=False)
    where = 'masterVariant(sku = "SECRET")'
    assert shop.find("/product-projections", where) == []
    assert shop.get("/product-projections", where=where, staged="true")["count"] == 1
    assert shop.refused("GET", f"/product-projections/{hidden['id']}")["status"] == 404


def test_the_price_that_applies_is_selected(shop: Shop) -> None:
    """The most specific price for a currency, a country and a channel."""
    channel = shop.get("/channels/key=amazon-de")["id"]
    prices: list[Json] = [
        a_price(1000),
        a_price(900) | {"country": "DE"},
        a_price(800) | {"channel": {"typeId": "channel", "id": channel}},
        a_price(700) | {"country": "DE", "validUntil": "2026-01-01T00:00:00.000Z"},
    ]
    shop.project.add_product("PLATE", "Plate", prices=prices)
    selected = [
        shop.get("/product-projections/key=product-PLATE", **query)["masterVariant"].get(
            "price", {"value": {"centAmount": 0}}
        )
        for query in (
            {"priceCurrency": "EUR"},
            {"priceCurrency": "EUR", "priceCountry": "DE"},
            {"priceCurrency": "EUR", "priceCountry": "DE", "priceChannel": channel},
            {"priceCurrency": "USD"},
        )
    ]
    assert [price["value"]["centAmount"] for price in selected] == [1000, 900, 800, 0]
    assert shop.refused("GET", "/product-projections", priceCountry="DE")["code"] == "InvalidInput"


def test_tax_categories_have_rates(shop: Shop) -> None:
    """They are found by key and by the country of a rate."""
    found = shop.find("/tax-categories", 'key = "standard" and rates(country = "DE" and amount > 0.1)')
    assert found[0]["rates"][0]["amount"] == 0.19
    assert shop.get("/tax-categories/key=standard") == found[0]


def test_localized_fields_are_named_by_language(shop: Shop) -> None:
    """A language with a hyphen stands in backticks."""
    shop.create("/channels", {"key": "shop-de", "name": {"de": "Laden", "de-AT": "Geschäft"}})
    assert len(shop.find("/channels", 'name(de = "Laden" and `de-AT` = "Geschäft")')) == 1
    assert len(shop.find("/channels", 'roles contains any ("OrderImport")')) == 1


def test_an_import_can_be_found_at_once(shop: Shop) -> None:
    """By number, through the index, as by anything else."""
    _import_many(shop, 30)
    by_index = shop.find("/orders", 'orderNumber = "404-17" and orderState = "Open"')
    by_search = shop.find("/orders", 'purchaseOrderNumber = "po-17"')
    assert by_index == by_search
    assert len(by_index) == 1


def _set_of(name: str) -> Json:
    return {"name": "Set", "elementType": {"name": name}}
