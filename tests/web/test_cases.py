"""The list of cases and the page of one."""

from __future__ import annotations

from crossdock.domain.case_kinds import CASE_KINDS
from tests.joined_twin import Stage
from tests.web.conftest import Rehearsed
from tests.web.visitor import open_desk, read


def titles(html: str) -> list[str]:
    """The cases a list shows, from the top."""
    return [one.find("a")[0].text() for one in read(html).find("th", scope="row")]


def test_the_nearest_deadline_comes_first(rehearsed: Rehearsed) -> None:
    """What is overdue, then what is due next, then what has no deadline."""
    page = read(rehearsed.visitor.get("/cases").text)
    deadlines = [row.find("td")[1].text() for row in page.find("tr")[1:]]
    assert deadlines[0].endswith("ago")
    assert "in " in deadlines[1]
    assert deadlines[-1] == "Deadline none"


def test_by_owner_and_by_kind(rehearsed: Rehearsed) -> None:
    """Each filter shows its own and counts it in the label that leads there."""
    page = read(rehearsed.visitor.get("/cases?owner=catalogue").text)
    assert set(titles(rehearsed.visitor.get("/cases?owner=catalogue").text)) == {
        "An ordered SKU is not in commercetools"
    }
    assert "Catalogue 4" in page.text()
    assert titles(rehearsed.visitor.get("/cases?kind=order.no_stock").text) == ["No stock entry for an ordered SKU"] * 2
    assert titles(rehearsed.visitor.get("/cases?owner=finance&kind=order.no_stock").text) == []


def test_a_case_says_what_to_do(rehearsed: Rehearsed) -> None:
    """First step, meaning, when it closes, its facts, and the order it is about."""
    (address, *_) = [
        one
        for one in read(rehearsed.visitor.get("/cases?kind=order.unknown_sku").text).links()
        if one.startswith("/cases/")
    ]
    page = read(rehearsed.visitor.get(address).text)
    kind = CASE_KINDS["order.unknown_sku"]
    assert kind.first_step in page.text()
    assert kind.meaning in page.text()
    assert "BOWL-17" in page.text()
    assert [one for one in page.links() if one.startswith("/orders/eu/")]
    assert page.find("h2")[0].text() == "First step"


def test_a_case_of_the_connection_itself(rehearsed: Rehearsed) -> None:
    """It has no order, and says that nothing is lost."""
    (address, *_) = [
        one
        for one in read(rehearsed.visitor.get("/cases?kind=connection.unauthorized").text).links()
        if one.startswith("/cases/")
    ]
    assert (
        "The connection eu itself. Its orders wait; none is lost." in read(rehearsed.visitor.get(address).text).text()
    )


def test_a_closed_case_keeps_its_page(stage: Stage) -> None:
    """It leaves the list, and its page says when it closed and why."""
    scene = stage.scene()
    order_id = scene.merchant.buy(skus=["VASE-01"], fulfilled_by="MERCHANT", settled=True, programs=[])
    scene.after(minutes=5).run()
    scene.project.add_product("VASE-01", "Example article VASE-01")
    scene.project.add_inventory("VASE-01", 5, channel_key="warehouse")
    scene.after(minutes=20).run()
    visitor = open_desk(stage.database, scene)
    assert titles(visitor.get("/cases").text) == []
    assert "seen healthy" in visitor.get("/cases/1").text
    assert "Case closed" in visitor.get(f"/orders/eu/{order_id}").text
