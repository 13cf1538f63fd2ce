"""What a screen reader needs of every page: landmarks, one heading above the others, names for fields and tables, ids that are unique."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tests.web.conftest import Rehearsed
from tests.web.visitor import Element, read

PAGES = (
    "/",
    "/orders",
    "/orders?state=waiting",
    "/orders?q=nothing",
    "/cases",
    "/cases?owner=operations",
    "/cases/1",
    "/nowhere",
    "the first order",
)


@pytest.fixture(params=PAGES)
def page(request: pytest.FixtureRequest, rehearsed: Rehearsed) -> Element:
    """Each page in turn; that of an order with both of its sides."""
    orders = read(rehearsed.visitor.get("/orders?state=case").text).find("a", class_="id")
    first = f"{orders[0].attributes['href']}?commercetools=now"
    return read(rehearsed.visitor.get(first if request.param == "the first order" else request.param).text)


def test_landmarks(page: Element) -> None:
    """One header, one main, one footer, a search, and a name for each navigation; a language, a title, a way to the content."""
    assert [len(page.find(tag)) for tag in ("header", "main", "footer")] == [1, 1, 1]
    assert len(page.find("head")[0].find("title")) == 1
    assert page.find("html")[0].attributes["lang"] == "en"
    assert len(page.find("form", role="search")) == 1
    assert all(one.attributes.get("aria-label") for one in page.find("nav"))
    assert page.find("a", class_="skip")[0].attributes["href"] == f"#{page.find('main')[0].attributes['id']}"


def test_headings(page: Element) -> None:
    """One of the first rank; none leaves a rank out; none is empty."""
    headings = [one for one in page.all() if one.tag in {"h1", "h2", "h3", "h4"}]
    ranks = [int(one.tag[1]) for one in headings]
    assert ranks.count(1) == 1
    assert ranks[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(ranks))
    assert all(one.text() for one in headings)


def test_names(page: Element) -> None:
    """Every field has a label, every link and button says something, every picture an alternative, every group and section a name."""
    ids = [one.attributes["id"] for one in page.all() if "id" in one.attributes]
    labelled = {one.attributes["for"] for one in page.find("label")}
    assert len(ids) == len(set(ids))
    assert all(
        one.attributes["id"] in labelled
        for one in page.all()
        if one.tag in {"input", "select"} and one.attributes.get("type") != "hidden"
    )
    assert all(one.text() for one in page.all() if one.tag in {"a", "button", "summary"})
    assert all("alt" in one.attributes for one in page.find("img"))
    assert all(one.attributes.get("aria-labelledby") in ids for one in page.find("section"))
    assert all(one.attributes.get("aria-label") for one in page.find("div", role="group"))


def test_tables(page: Element) -> None:
    """Every table has headed rows, and columns of one length."""
    tables = page.find("table")
    assert all(
        row.find("th", scope="row") for table in tables for body in table.find("tbody") for row in body.find("tr")
    )
    widths = [
        {len([cell for cell in row.all() if cell.tag in {"th", "td"}]) for row in table.find("tr")} for table in tables
    ]
    assert all(len(width) == 1 for width in widths)
