"""The list of orders and the page of one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from crossdock.errors import RemoteError, Unauthorized, Unavailable
from crossdock.web.routes import build_desk
from tests.joined_twin import Stage
from tests.web.conftest import Rehearsed
from tests.web.rehearsed import desk_of
from tests.web.visitor import Element, open_desk, read, visit


def euros(amount: str) -> dict[str, str]:
    """An amount as Amazon writes it."""
    return {"amount": amount, "currencyCode": "EUR"}


FIRST_AMOUNTS = [
    {"type": "ITEM", "subtotal": euros("25.00")},
    {"type": "SHIPPING", "subtotal": euros("4.99")},
    {
        "type": "DISCOUNT",
        "subtotal": euros("-3.00"),
        "detailedBreakdowns": [{"subtype": "ITEM", "value": euros("-3.00")}],
    },
    {"type": "TAX", "subtotal": euros("6.70"), "detailedBreakdowns": [{"subtype": "ITEM", "value": euros("6.70")}]},
]


def ids(html: str) -> list[str]:
    """The orders a list shows, from the top."""
    return [one.text() for one in read(html).find("a", class_="id")]


def pages_from(rehearsed: Rehearsed, address: str) -> Iterator[str]:
    """A list, page after page, to its end."""
    while address:
        page = rehearsed.visitor.get(address).text
        yield page
        address = next((one.attributes["href"] for one in read(page).find("a", rel="next")), "")


def test_the_list_shows_the_newest_first(stage: Stage) -> None:
    """Each with who fulfils it, where it stands and what it is worth."""
    scene = stage.scene()
    first = scene.merchant.buy(
        skus=["MUG-BLUE"], fulfilled_by="MERCHANT", settled=True, marketplace_id="A1PA6795UKMFR9"
    )
    second = scene.after(minutes=9).merchant.buy(skus=["MUG-BLUE"], fulfilled_by="AMAZON", settled=True)
    scene.after(minutes=5).run()
    page = open_desk(stage.database, scene).get("/orders").text
    assert ids(page) == [second, first]
    row = next(row for row in read(page).find("tr") if first in row.text())
    assert "FBM" in row.text()
    assert "in sync" in row.text()
    assert "Amazon.de" in row.text()
    assert "EUR" in row.text()


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("state=in_sync", 2),
        ("state=waiting", 1),
        ("state=case", 1),
        ("state=out_of_scope", 0),
        ("fulfilled_by=AMAZON", 1),
        ("fulfilled_by=MERCHANT", 3),
        ("fulfilled_by=MERCHANT&state=in_sync", 1),
        ("connection=eu", 4),
    ],
)
def test_the_list_is_filtered(stage: Stage, query: str, found: int) -> None:
    """By state, by who fulfils, by connection, and by any of them together; none is a sentence."""
    scene = stage.scene()
    scene.merchant.buy(skus=["MUG-BLUE"], fulfilled_by="MERCHANT", settled=True, programs=[])
    scene.merchant.buy(skus=["MUG-BLUE"], fulfilled_by="AMAZON", settled=True, programs=[])
    scene.merchant.buy(skus=["MUG-BLUE"], fulfilled_by="MERCHANT")
    scene.merchant.buy(skus=["NOT-THERE"], fulfilled_by="MERCHANT", settled=True, programs=[])
    scene.after(minutes=5).run()
    page = open_desk(stage.database, scene).get(f"/orders?{query}").text
    assert len(ids(page)) == found
    assert bool(read(page).find("p", class_="empty")) == (found == 0)


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("/orders?state=nowhere", "No state is called “nowhere”."),
        ("/orders?fulfilled_by=NOBODY", "Nobody called “NOBODY” fulfils orders: it is MERCHANT or AMAZON."),
        ("/cases?kind=order.unknwon", "No kind of case is called “order.unknwon”."),
        (f"/orders?q={'+'.join(map(str, range(201)))}", "At most 200 ids are searched for at once."),
        (f"/orders?q={'W' * 20_000}", "At most 200 ids are searched for at once."),
    ],
)
def test_what_does_not_exist_is_not_filtered_by(rehearsed: Rehearsed, address: str, says: str) -> None:
    """A filter that no order can fit is a mistake in the address and answered as one, not with an empty list."""
    answer = rehearsed.visitor.get(address)
    assert answer.status_code == 400
    assert says in read(answer.text).text()


def test_an_order_explains_its_total(stage: Stage) -> None:
    """Goods, promotion, shipping and tax as Amazon states them, by line and together, up to the total; the import's own lines say what they are."""
    scene = stage.scene()
    order_id = scene.merchant.buy(skus=["MUG-BLUE", "MUG-RED"], fulfilled_by="MERCHANT", settled=True, programs=[])
    order = scene.account.orders[order_id]
    order["proceeds"] = {"grandTotal": euros("41.99")}
    order["orderItems"][0]["quantityOrdered"] = order["orderItems"][1]["quantityOrdered"] = 1
    order["orderItems"][0]["proceeds"] = {"breakdowns": FIRST_AMOUNTS}
    order["orderItems"][1]["proceeds"] = {"breakdowns": [{"type": "ITEM", "subtotal": euros("15.00")}]}
    scene.after(minutes=5).run()

    page = read(open_desk(stage.database, scene).get(f"/orders/eu/{order_id}?commercetools=now").text)

    (table,) = page.find("table", class_="parts")
    assert [tuple(cell.text() for cell in row.parts if isinstance(cell, Element)) for row in table.find("tr")[1:]] == [
        ("Goods", "40.00 EUR"),
        ("Promotion", "\N{MINUS SIGN}3.00 EUR"),
        ("Shipping", "4.99 EUR"),
        ("Tax inside the amounts above", "6.70 EUR"),
        ("Total", "41.99 EUR"),
    ]
    lines = page.find("table", class_="lines")[0].text()
    assert "shipping 4.99 EUR, promotion \N{MINUS SIGN}3.00 EUR, tax 6.70 EUR" in lines
    assert "promotion: Amazon states it with its lines, above" in lines


def test_an_id_leads_to_its_order(stage: Stage) -> None:
    """Amazon's id, the order number, commercetools' own id: one that names one order leads there at once."""
    scene = stage.scene(number_prefix="AMZ-")
    order_id = scene.merchant.buy(skus=["MUG-BLUE"], settled=True)
    scene.after(minutes=5).run()
    visitor = open_desk(stage.database, scene)
    commercetools_id = scene.order(f"AMZ-{order_id}")["id"]
    found = [visitor.get("/orders", params={"q": query}) for query in (order_id, f" AMZ-{order_id} ", commercetools_id)]
    assert [(one.status_code, one.headers["location"]) for one in found] == [(303, f"/orders/eu/{order_id}")] * 3


def test_many_ids_pasted_at_once(stage: Stage) -> None:
    """As they come out of a spreadsheet; those that are known are listed, an unknown one does not hide them."""
    scene = stage.scene()
    known = [scene.merchant.buy(settled=True) for _ in range(3)]
    scene.after(minutes=5).run()
    page = (
        open_desk(stage.database, scene)
        .get("/orders", params={"q": f"{known[0]}\n{known[1]},\tunknown; {known[0]}"})
        .text
    )
    assert sorted(ids(page)) == sorted(known[:2])


def test_a_case_is_found_by_its_number(stage: Stage) -> None:
    """`#1` is a case; a number that is neither order nor case is nothing."""
    scene = stage.scene()
    scene.merchant.buy(skus=["NOT-THERE"], fulfilled_by="MERCHANT", settled=True, programs=[])
    scene.after(minutes=5).run()
    visitor = open_desk(stage.database, scene)
    assert visitor.get("/orders", params={"q": "#1"}).headers["location"] == "/cases/1"
    assert "No order has the id" in read(visitor.get("/orders", params={"q": "4711"}).text).text()


def test_the_list_goes_on(rehearsed: Rehearsed) -> None:
    """Page after page along the last row seen, every order once, to an end that says so."""
    seen = [order_id for page in pages_from(rehearsed, "/orders") for order_id in ids(page)]
    assert len(seen) == len(set(seen)) == len(rehearsed.scene.account.orders)
    assert (
        "The list ends before here."
        in read(rehearsed.visitor.get("/orders?after=2020-01-01T00:00:00%2B00:00~eu~1").text).text()
    )


def test_both_sides_stand_beside_each_other(stage: Stage) -> None:
    """What Amazon told, what commercetools holds now, and a mark where they differ."""
    scene = stage.scene()
    order_id = scene.merchant.buy(skus=["MUG-BLUE"], quantity=2, fulfilled_by="MERCHANT", settled=True)
    scene.after(minutes=5).run()
    visitor = open_desk(stage.database, scene)
    agreed = read(visitor.get(f"/orders/eu/{order_id}?commercetools=now").text)
    assert "Open, shipment Pending" in agreed.text()
    assert "differs" not in agreed.text()
    scene.order(order_id)["custom"]["fields"]["amazon-status"] = "PENDING"
    page = read(visitor.get(f"/orders/eu/{order_id}?commercetools=now").text)
    assert [row.find("th")[0].text() for row in page.find("tr", class_="differs")] == ["Amazon's status there"]


def test_the_page_does_not_wait_for_commercetools(stage: Stage) -> None:
    """What we hold is there at once; the other side is read by the page itself, or by a link where there is no script."""
    scene = stage.scene()
    order_id = scene.merchant.buy(skus=["MUG-BLUE"], settled=True)
    scene.after(minutes=5).run()
    before = len(scene.twin.world.calls)
    page = read(open_desk(stage.database, scene).get(f"/orders/eu/{order_id}").text)
    assert len(scene.twin.world.calls) == before
    assert page.find("div", id="order")[0].attributes["hx-get"] == "?commercetools=now"
    assert page.find("noscript")[0].links() == ["?commercetools=now"]


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Unavailable("timed out", operation="getOrder"), "commercetools does not answer now"),
        (Unauthorized("no", platform="commercetools", code="invalid_token"), "does not let Crossdock in"),
    ],
)
def test_commercetools_is_not_reachable(stage: Stage, fault: RemoteError, said: str) -> None:
    """The page says so and shows the rest: Amazon's side, the decision, the timeline."""
    scene = stage.scene()
    order_id = scene.merchant.buy(skus=["MUG-BLUE"], settled=True)
    scene.after(minutes=5).run()

    def refuse(_connection_id: str, _order_id: str) -> None:
        raise fault

    desk = replace(desk_of(stage.database, [scene]), read_commercetools=refuse)
    answer = visit(build_desk(desk, connections=["eu"], clock=scene.twin.world.clock.now)).get(
        f"/orders/eu/{order_id}?commercetools=now"
    )
    assert answer.status_code == 200
    assert said in answer.text
    assert "Imported into commercetools" in answer.text


def test_an_order_that_left_commercetools(stage: Stage) -> None:
    """It was imported and is gone: that is said, not shown as if it had never been."""
    scene = stage.scene()
    order_id = scene.merchant.buy(skus=["MUG-BLUE"], settled=True)
    scene.after(minutes=5).run()
    scene.project.orders.remove(scene.order(order_id)["id"])
    page = open_desk(stage.database, scene).get(f"/orders/eu/{order_id}?commercetools=now").text
    assert f"commercetools no longer has the order {order_id}" in page


def test_the_decision_names_owner_deadline_money_and_first_step(stage: Stage) -> None:
    """An order that waits for a person says for whom, until when, what for, and what to do first."""
    scene = stage.scene()
    order_id = scene.merchant.buy(
        skus=["NOT-THERE"], fulfilled_by="MERCHANT", settled=True, programs=[], marketplace_id="A1PA6795UKMFR9"
    )
    scene.after(minutes=5).run()
    page = read(open_desk(stage.database, scene).get(f"/orders/eu/{order_id}").text)
    decided = page.find("section", aria_labelledby="h-decided")[0].text()
    assert "An ordered SKU is not in commercetools" in decided
    assert "catalogue" in decided
    assert "in 1 d 23 h" in decided
    assert "EUR" in decided
    assert "Create the variant with this SKU" in decided


def test_the_answers_stand_in_their_order(stage: Stage) -> None:
    """Both sides, the decision, what happened, the raw facts: always in this order."""
    scene = stage.scene()
    order_id = scene.merchant.buy(settled=True)
    scene.after(minutes=5).run()
    page = read(open_desk(stage.database, scene).get(f"/orders/eu/{order_id}").text)
    assert [one.text() for one in page.find("h2")] == [
        "What each side holds",
        "What was decided, and why",
        "What happened",
        "Raw facts",
    ]


def test_another_connections_order_does_not_exist(stage: Stage) -> None:
    """Its page, its case, its rows, its filter: the same answer as for what never was."""
    ours, theirs = stage.scene(connection_id="eu"), stage.scene(connection_id="us", seed=8)
    order_id = theirs.merchant.buy(skus=["NOT-THERE"], fulfilled_by="MERCHANT", settled=True, programs=[])
    theirs.after(minutes=5).run()
    ours.after(minutes=5).run()
    visitor = open_desk(stage.database, ours, theirs, see=("eu",))
    paths = [
        f"/orders/us/{order_id}",
        f"/orders/eu/{order_id}",
        f"/orders/us/{order_id}?commercetools=now",
        "/cases/1",
        "/orders?connection=us",
        "/?connection=us",
        "/cases?connection=us",
    ]
    absent = visitor.get("/orders/nowhere/0").text
    assert [(visitor.get(path).status_code, visitor.get(path).text) for path in paths] == [(404, absent)] * len(paths)
    assert [order_id in visitor.get(path).text for path in ("/", "/orders", "/cases", "/metrics")] == [False] * 4
    assert ids(visitor.get("/orders", params={"q": order_id}).text) == []
    assert visitor.get("/orders", params={"q": "#1"}).status_code == 200


def test_two_connections_are_one_list(stage: Stage) -> None:
    """Merged by time; a filter shows one of them alone, and each row says whose it is."""
    eu, us = stage.scene(connection_id="eu"), stage.scene(connection_id="us", seed=8)
    first, second = eu.merchant.buy(settled=True), us.after(minutes=1).merchant.buy(settled=True)
    eu.after(minutes=6).run()
    us.after(minutes=5).run()
    visitor = open_desk(stage.database, eu, us)
    assert ids(visitor.get("/orders").text) == [second, first]
    assert ids(visitor.get("/orders?connection=eu").text) == [first]


def test_an_unreadable_order_has_a_page(stage: Stage) -> None:
    """Where nothing can be shown of it, the page says so and names the case."""
    scene = stage.scene()
    order_id = scene.merchant.buy(settled=True)
    del scene.account.orders[order_id]["orderItems"][0]["quantityOrdered"]
    scene.after(minutes=5).run()
    page = read(open_desk(stage.database, scene).get(f"/orders/eu/{order_id}").text).text()
    assert "Amazon's order could not be read" in page
    assert "A record cannot be read without guessing" in page


def test_empty_is_a_sentence(stage: Stage) -> None:
    """Before the first order every page says in words what is not there yet."""
    scene = stage.scene()
    visitor = open_desk(stage.database, scene)
    sentences = {
        path: read(visitor.get(path).text).find("p", class_="empty")[0].text()
        for path in ("/", "/orders", "/orders?state=case", "/cases")
    }
    assert sentences["/orders"] == "No order has arrived yet. The first come within minutes of a sale on Amazon."
    assert sentences["/orders?state=case"] == "No order has an open case. Nothing needs a person."
    assert sentences["/cases"] == "No case is open. Nothing needs a person."
