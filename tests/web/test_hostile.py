"""Hostile text in every field is shown as text, cut, on every page that shows it; and nothing personal is shown at all."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from crossdock.web.routes import build_desk
from tests.joined_twin import Stage
from tests.web.hostile import TEXTS, imported, put
from tests.web.rehearsed import desk_of
from tests.web.visitor import read, visit

OUR_SCRIPTS = ("htmx", "echarts", "desk.js")


def desk_with(stage: Stage, text: str) -> tuple[TestClient, str]:
    """A desk with one hostile order, in commercetools too; and the order's address."""
    scene = stage.scene()
    order_id = put(scene, text)
    desk = replace(desk_of(stage.database, [scene]), read_commercetools=lambda _connection, _order: imported(text))
    return visit(
        build_desk(desk, connections=["eu"], clock=scene.twin.world.clock.now)
    ), f"/orders/eu/{quote(order_id, safe='')}?commercetools=now"


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_hostile_text_stays_text(stage: Stage, text: str) -> None:
    """No script, no handler, no style, no foreign address comes out of any field; a page stays small."""
    visitor, order = desk_with(stage, text)
    answers = [
        visitor.get(path)
        for path in (
            "/",
            "/orders",
            order,
            "/cases",
            "/cases/1",
            f"/orders?q={quote(text[:500])}",
            f"/cases?owner={quote(text[:500])}",
        )
    ]
    assert {answer.status_code for answer in answers} <= {200, 303}
    assert max(len(answer.text) for answer in answers) < 100_000
    elements = [element for answer in answers for element in read(answer.text).all()]
    assert all(any(name in one.attributes["src"] for name in OUR_SCRIPTS) for one in elements if one.tag == "script")
    assert not [one for one in elements if one.tag in {"b", "style", "iframe", "object"}]
    assert not [name for one in elements for name in one.attributes if name.startswith("on") or name == "style"]
    assert {one.attributes["href"][:1] for one in elements if one.tag == "a"} <= {"/", "#", "?"}
    assert {one.attributes["src"][:8] for one in elements if one.tag == "img"} == {"/static/"}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_hostile_text_is_shown(stage: Stage, text: str) -> None:
    """It is not swallowed either: the beginning stands on the page as it came, so that a person sees what Amazon sent."""
    visitor, order = desk_with(stage, text)
    page = read(visitor.get(order).text)
    assert " ".join(text[:60].split()) in page.text()


def test_nothing_personal_is_shown(stage: Stage) -> None:
    """Address, e-mail, tax id, gift message, instructions: there, and masked."""
    visitor, order = desk_with(stage, "plain")
    page = visitor.get(order).text
    assert "PERSONAL" not in page
    assert page.count("<bdi>masked</bdi>") == 3
    assert "there, masked" in page
    assert "P…@P…" in page


@pytest.mark.parametrize(
    "path",
    [
        "/orders?q=%00",
        "/orders/eu/%00",
        "/orders?q=%ff%fe",
        "/cases?owner=%00&kind=%00",
        "/orders?fulfilled_by=%00",
        "/cases/99999999999999999999999",
    ],
)
def test_odd_addresses_are_answered(stage: Stage, path: str) -> None:
    """What a database would refuse never reaches it."""
    visitor, _ = desk_with(stage, "plain")
    assert visitor.get(path).status_code in {200, 404}


@pytest.mark.parametrize(
    "path",
    [
        "/orders?state=odd",
        "/orders?after=yesterday",
        "/orders?after=2026-11-20~eu~1",
        "/cases?after=1",
        "/cases?after=2026-11-20~1",
    ],
)
def test_an_address_that_means_nothing_says_so(stage: Stage, path: str) -> None:
    """A refusal in a sentence, not a fault."""
    visitor, _ = desk_with(stage, "plain")
    answer = visitor.get(path)
    assert answer.status_code == 400
    assert "That does not work" in answer.text
