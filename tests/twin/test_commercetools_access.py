"""Getting into the simulated commercetools: tokens, scopes, bodies that are none, and what goes wrong in a world."""

from __future__ import annotations

import msgspec
import pytest

from crossdock.twin.world import Fault, FaultAnswer, Request
from tests.twin.commercetools_caller import Shop, a_line, an_order, json_of


@pytest.fixture
def shop() -> Shop:
    """A project with three goods."""
    return Shop()


def test_a_client_gets_all_its_scopes_when_it_asks_for_none(shop: Shop) -> None:
    """Without a scope the token has all of the client's, and it says how long it is valid."""
    shop.project.add_client("orders", "secret", "manage_orders", "view_products")
    answer = json_of(shop.ask_for_token("orders", "secret"))
    assert answer["scope"] == "manage_orders:shop view_products:shop"
    assert answer["expires_in"] == 172_800
    assert answer["token_type"] == "Bearer"


def test_a_client_may_ask_for_less_but_not_for_more(shop: Shop) -> None:
    """A token carries the scopes asked for; a scope the client has not is refused."""
    shop.project.add_client("orders", "secret", "manage_orders", "view_products")
    less = json_of(shop.ask_for_token("orders", "secret", "view_products:shop"))
    more = shop.ask_for_token("orders", "secret", "manage_project:shop")
    assert less["scope"] == "view_products:shop"
    assert (more.status, json_of(more)["error"]) == (400, "invalid_scope")


def test_a_wrong_secret_gets_no_token(shop: Shop) -> None:
    """A client that does not prove itself is refused."""
    answer = shop.ask_for_token("everything", "guessed")
    assert (answer.status, json_of(answer)["error"]) == (401, "invalid_client")


def test_a_token_ends_by_the_clock_of_the_world(shop: Shop) -> None:
    """A token that has expired, or was never given, is invalid."""
    shop.project.add_client("short", "secret", token_valid_s=3600)
    shop.token = shop.sign_in("short", "secret")
    shop.wait(seconds=3599)
    assert shop.send("GET", "").status == 200
    shop.wait(seconds=1)
    assert shop.refused("GET", "")["code"] == "invalid_token"
    shop.token = "made-up"
    assert shop.refused("GET", "")["status"] == 401


def test_an_operation_needs_its_scope(shop: Shop) -> None:
    """Reading orders is no right to import them, and the refusal names the scope that is missing."""
    shop.project.add_client("reader", "secret", "view_orders")
    shop.token = shop.sign_in("reader", "secret")
    assert shop.send("GET", "/orders").status == 200
    refused = shop.refused("POST", "/orders/import", an_order())
    assert (refused["status"], refused["code"]) == (403, "insufficient_scope")
    assert "manage_orders:shop" in refused["message"]


def test_managing_includes_viewing(shop: Shop) -> None:
    """Whoever manages orders may read them, and products include channels."""
    shop.project.add_client("manager", "secret", "manage_orders", "view_products")
    shop.token = shop.sign_in("manager", "secret")
    answers = [shop.send("GET", path).status for path in ("/orders", "/channels", "/product-projections", "/types")]
    assert answers == [200, 200, 200, 403]


def test_a_token_is_for_one_project(shop: Shop) -> None:
    """Another project cannot be entered with it."""
    shop.platform.add_project("other")
    headers = {"authorization": f"Bearer {shop.token}"}
    assert shop.platform.handle(Request("GET", "/other/orders", {}, headers)).status == 403
    assert shop.platform.handle(Request("GET", "/nowhere/orders", {}, headers)).status == 404


def test_the_project_describes_itself(shop: Shop) -> None:
    """Languages, currencies and whether messages are kept can be read, and messages switched."""
    action = {"action": "changeMessagesConfiguration", "messagesConfiguration": {"enabled": False}}
    assert shop.get("")["messages"] == {"enabled": True, "deleteDaysAfterCreation": 15}
    changed = shop.update("", 1, action)
    assert (changed["version"], changed["messages"]["enabled"]) == (2, False)


def test_the_correlation_id_comes_back(shop: Shop) -> None:
    """What a caller sends to recognise its request is in the answer, in a refusal too."""
    headers = {"authorization": "Bearer none", "x-correlation-id": "crossdock-7", "host": "anything"}
    answer = shop.platform.handle(Request("GET", "/shop/orders", {}, headers))
    assert (answer.status, answer.headers["x-correlation-id"]) == (401, "crossdock-7")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"[]",
        b'{"totalPrice": ',
        msgspec.json.encode(an_order(orderNumber="NUL\x00")),
        b'{"orderNumber": "\\ud800 alone", "totalPrice": {"currencyCode": "EUR", "centAmount": 1}}',
        b'{"orderNumber": "\xff", "totalPrice": {"currencyCode": "EUR", "centAmount": 1}}',
        b'{"custom": {"type": {"key": "x"}, "fields": {"deep": ' + b"[" * 100_000 + b"}}}",
    ],
    ids=["empty", "text", "array", "truncated", "NUL", "lone surrogate", "not UTF-8", "deep"],
)
def test_a_body_that_is_no_json_is_refused(shop: Shop, body: bytes) -> None:
    """Whatever arrives, the answer is a refusal the caller can read."""
    refused = shop.refused("POST", "/orders/import", body)
    assert (refused["status"], refused["code"]) == (400, "InvalidJsonInput")


def test_a_body_of_more_than_16_mb_is_refused(shop: Shop) -> None:
    """Too much is 413."""
    assert shop.refused("POST", "/orders/import", b" " * (16 * 1024 * 1024 + 1))["status"] == 413


def test_a_backslash_before_u0000_is_no_nul(shop: Shop) -> None:
    """Text that only looks like an escaped NUL is kept."""
    assert shop.import_order(customerEmail="\\u0000@example.com")["customerEmail"] == "\\u0000@example.com"


def test_an_address_of_more_than_8_kb_is_not_taken(shop: Shop) -> None:
    """The platform's front answers, and not in JSON."""
    where = "sku in (" + ",".join(f'"SKU-{number:06d}"' for number in range(600)) + ")"
    answer = shop.send("GET", "/inventory", query={"where": [where]})
    assert answer.status == 414
    assert answer.headers["content-type"] == "text/html"


@pytest.mark.parametrize("path", ["/nothing", "/orders/a/b", "/orders/import/x", "/orders/order-number=none"])
def test_what_is_not_there_is_not_found(shop: Shop, path: str) -> None:
    """An unknown address and an unknown resource are 404."""
    assert shop.refused("GET", path)["code"] == "ResourceNotFound"


@pytest.mark.parametrize(
    ("answer", "status", "code"),
    [
        ("unavailable", 503, "OverCapacity"),
        ("broken", 500, "General"),
        ("throttled", 429, "TooManyRequests"),
        ("unauthorized", 401, "invalid_token"),
        ("forbidden", 403, "insufficient_scope"),
        ("not_found", 404, "ResourceNotFound"),
        ("too_large", 413, "ContentTooLarge"),
        ("conflict", 409, "ConcurrentModification"),
    ],
)
def test_faults_speak_as_the_platform_does(shop: Shop, answer: FaultAnswer, status: int, code: str) -> None:
    """A fault of the world is worded as commercetools would word it."""
    shop.world.faults.add(Fault("commercetools.getProject", answer))
    refused = shop.refused("GET", "")
    assert (refused["status"], refused["code"]) == (status, code)
    assert shop.send("GET", "").status == 200


def test_an_order_may_be_there_after_a_500(shop: Shop) -> None:
    """With a fault after the effect the import took place, and the next one is a duplicate."""
    shop.world.faults.add(Fault("commercetools.importOrder", "broken", after_effect=True))
    draft = an_order(orderNumber="303-1", lineItems=[a_line()])
    assert shop.refused("POST", "/orders/import", draft)["status"] == 500
    assert shop.get("/orders/order-number=303-1")["version"] == 1
    assert shop.refused("POST", "/orders/import", draft)["code"] == "DuplicateField"


def test_an_order_is_not_there_after_a_500_without_effect(shop: Shop) -> None:
    """A fault before the effect leaves nothing behind."""
    shop.world.faults.add(Fault("commercetools.importOrder", "broken"))
    shop.refused("POST", "/orders/import", an_order(orderNumber="303-1"))
    assert shop.project.orders_by_number() == {}


def test_no_answer_at_all(shop: Shop) -> None:
    """A call that times out is held back, and what it did is done."""
    shop.world.faults.add(Fault("commercetools.importOrder", "timed_out", after_effect=True))
    answer = shop.send("POST", "/orders/import", an_order(orderNumber="303-1"))
    assert answer.hold is not None
    assert "303-1" in shop.project.orders_by_number()


def test_every_call_is_remembered_by_its_name(shop: Shop) -> None:
    """The world counts the calls by operation."""
    shop.world.forget_calls()
    shop.import_order(orderNumber="303-1")
    shop.get("/orders/order-number=303-1")
    shop.get("/channels/key=warehouse")
    assert shop.world.counts() == {
        "commercetools.importOrder": 1,
        "commercetools.getOrderByOrderNumber": 1,
        "commercetools.getChannelByKey": 1,
    }
