"""The list of SKUs and the page of one."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest

from crossdock.domain.case import Case
from crossdock.domain.desk import (
    ALL_SKUS,
    STOCK_FLOW,
    HistoryLine,
    LastRun,
    StockFilter,
    StockRow,
    StockSheet,
    StockView,
)
from crossdock.domain.ids import SellerSku
from crossdock.domain.on_sale import OnSale
from crossdock.domain.outlook import AnnouncedPeak
from crossdock.domain.sellable import SENT_SHARED
from crossdock.domain.stock_record import StockRecord
from crossdock.domain.timeline import Event, State
from crossdock.engine.schedule import PUSH
from crossdock.joined_stock import PAUSED
from crossdock.joined_zeroes import PLAN_RECORD
from crossdock.store import stock_sheets
from crossdock.store.stock_sheets import find_sku, find_skus
from crossdock.web.courses import course_of, without_repeats
from crossdock.web.overview import freshness
from crossdock.web.stock_sums import exposure_of, sentence_of, steps_of
from tests.joined_twin import START, Scene, Stage
from tests.web.conftest import Rehearsed
from tests.web.hostile import TEXTS
from tests.web.stocked import FOUGHT_OVER, ODD, POOL, SCARCE, SHIPPED_BY_AMAZON
from tests.web.visitor import Element, open_desk, read

NOW = datetime(2026, 11, 20, 8, 15, tzinfo=UTC)
VIEW = StockView(20, 2, 5, 3, 12, 10, 13, None, None, 3, 0.0002, "risk", "sent", 0.5, 2.1, 8, 10, 45)
ROW = StockRow("eu", "MUG", State.IN_SYNC, "sent", None, NOW, 10, 3, VIEW)
SHEET = StockSheet(ROW, StockRecord(fulfilled_by="MERCHANT"), NOW, NOW, 0, (), 0, (), (), 0)


def skus(html: str) -> list[str]:
    """The SKUs a list shows, from the top."""
    return [one.text() for one in read(html).find("a", class_="id")]


def page_of(shown: Rehearsed, sku: str) -> Element:
    """The page of one SKU."""
    return read(shown.visitor.get(f"/stock/eu/{quote(sku, safe='')}").text)


def put(scene: Scene, sku: str, view: dict[str, object], record: StockRecord | None = None) -> None:
    """A SKU that was looked at, and came to this."""
    now = scene.twin.world.clock.now()
    scene.stock.inbox.expect([sku], now, now)
    scene.stock.store.save(SellerSku(sku), record or StockRecord(fulfilled_by="MERCHANT"), now, view=view)


def put_all(scenes: list[Scene], exposures: list[tuple[str, int]]) -> None:
    """The same of many SKUs with so many units exposed."""
    for scene in scenes:
        for sku, units in exposures:
            put(scene, sku, view_of(exposure=units))


def view_of(**changed: object) -> dict[str, object]:
    """A view as it is stored."""
    shown = replace(VIEW, **changed)  # type: ignore[arg-type]
    return {name: getattr(shown, name) for name in StockView.__dataclass_fields__}


def test_the_names_are_those_of_the_engine() -> None:
    """The domain and the store name the flow, its record of all SKUs and its pause for the pages; engine and composition root mean the same."""
    assert (STOCK_FLOW, ALL_SKUS, stock_sheets._PAUSED) == (PUSH, PLAN_RECORD, PAUSED)


# --- words


@pytest.mark.parametrize(
    ("changed", "unseen", "said"),
    [
        (
            {},
            0,
            "Amazon may list 12: 20 available, less 5 the shop may sell first, less 3 Amazon may have sold unseen.",
        ),
        (
            {"sellable": 6},
            2,
            (
                "Amazon may list 6: 20 available, less 2 Amazon sold whose orders are not known yet, less 5 the shop may sell first, "
                "less 3 Amazon may have sold unseen, less 4 the policy keeps back."
            ),
        ),
        (
            {"available": 235, "shop_margin": 0, "unseen_margin": 0, "sellable": 177, "reason": SENT_SHARED},
            0,
            "Amazon may list 177: 235 available, less 58 left to the shop or kept back by the policy.",
        ),
        (
            {"available": 1000, "shop_margin": 0, "unseen_margin": 0, "sellable": 1000},
            0,
            "Amazon may list 1,000: 1,000 available.",
        ),
        (
            {"shop_margin": 0, "unseen_margin": 0, "sellable": 10, "reason": "enough is live"},
            0,
            "Amazon lists 10, which is enough: 20 available.",
        ),
        (
            {
                "shop_margin": 0,
                "unseen_margin": 0,
                "sellable": 20,
                "listed": 0,
                "under_way": 20,
                "reason": "enough is live",
            },
            0,
            "Amazon is about to list 20, which is enough: 20 available.",
        ),
        (
            {"reason": "enough is live"},
            0,
            (
                "Amazon may list 12: 20 available, less 5 the shop may sell first, less 3 Amazon may have sold unseen. "
                "10 are listed, and changing that is not worth a set."
            ),
        ),
        (
            {"available": -4, "shop_margin": 0, "unseen_margin": 0, "sellable": 0},
            0,
            "Amazon may list nothing: \N{MINUS SIGN}4 available.",
        ),
        (
            {"mode": "proof", "shop_margin": 0, "unseen_margin": 8},
            0,
            "Amazon may list 12: 20 available, less 8 Amazon may sell already.",
        ),
    ],
)
def test_the_quantity_as_a_reader_adds_it_up(changed: dict[str, object], unseen: int, said: str) -> None:
    """What is available, less each part of what is kept back, in one sentence."""
    view = replace(VIEW, **changed)  # type: ignore[arg-type]
    record = StockRecord(OnSale(unseen=unseen), fulfilled_by="MERCHANT")
    assert sentence_of(replace(SHEET, row=replace(ROW, view=view), record=record)) == said


def test_the_sum_adds_up() -> None:
    """What is available less every step is what may be listed, whatever the policy keeps back."""
    view = replace(VIEW, sellable=6)
    assert view.available - sum(step.units for step in steps_of(view, None)) == 6


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (StockRecord(fulfilled_by="AMAZON"), "Amazon ships this SKU from its own warehouse"),
        (StockRecord(fulfilled_by=""), "Nothing of it is set: waits for the first comparison with Amazon."),
        (
            StockRecord(fulfilled_by="MERCHANT", foreign_until=NOW + timedelta(minutes=45)),
            "Amazon may list nothing until 20 Nov 2026, 09:00 UTC: somebody else set this quantity.",
        ),
    ],
)
def test_where_nothing_is_weighed_that_is_said(record: StockRecord, said: str) -> None:
    """A SKU that is not ours to set, or that somebody else sets, has no sum."""
    view = replace(VIEW, reason="waits for the first comparison with Amazon")
    assert said in sentence_of(replace(SHEET, row=replace(ROW, view=view), record=record))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({}, "At most 3 units can be sold twice before Amazon follows; that any is has a probability of 0.02 %."),
        ({"probability": 0.0}, "a probability of less than 0.01 %."),
        ({"exposure": 0}, "Nothing of it can be sold twice now."),
        ({"mode": "proof"}, "Nothing of it can be sold twice: its units are Amazon's own."),
    ],
)
def test_what_may_be_sold_twice_is_a_number(changed: dict[str, object], said: str) -> None:
    """With its probability; and what cannot happen is said too."""
    assert said in exposure_of(replace(VIEW, **changed))  # type: ignore[arg-type]


def test_the_course_is_read_out_of_the_history() -> None:
    """What was sent, read, claimed and given back, the oldest first; a read that shows what is known is left out, and the last point is now."""
    told = [
        ("stock.read", {"quantity": "0"}),
        ("stock.sent", {"quantity": "15", "available": "20"}),
        ("stock.read", {"quantity": "15"}),
        ("stock.read", {"quantity": "15"}),
        ("case.opened", {"kind": "stock.negative"}),
        ("stock.claimed", {"order": "302-1", "units": "2"}),
        ("stock.given_back", {"order": "302-1"}),
        ("stock.sent", {"quantity": "many"}),
    ]
    history = [HistoryLine(NOW + timedelta(minutes=n), Event(code, facts)) for n, (code, facts) in enumerate(told)]
    points = course_of(history[::-1], VIEW, NOW + timedelta(hours=1))
    assert [(point.available, point.listed) for point in points] == [
        (None, 0),
        (20, 0),
        (20, 15),
        (18, 15),
        (20, 15),
        (20, 15),
        (20, 10),
    ]
    assert points[-1].what == "Now"


def test_reads_that_show_the_same_are_one_line() -> None:
    """Of reads in a row that all show one quantity the first is told; what is left out is not counted as older."""
    told = [("stock.read", {"quantity": units}) for units in ("9", "9", "8", "9")]
    history = tuple(HistoryLine(NOW + timedelta(minutes=n), Event(*one)) for n, one in enumerate(told))
    shown = without_repeats(replace(SHEET, history=history[::-1], history_lines=6))
    assert [line.at.minute for line in shown.history] == [18, 17, 15]
    assert shown.history_lines - len(shown.history) == 2


# --- the list


def test_the_most_exposed_come_first(stage: Stage) -> None:
    """Then by name, page after page along the last row seen, every SKU once, whatever stands between."""
    scene = stage.scene(stock=POOL)
    exposures = [(f"SKU-{n:03d}", n // 40) for n in range(160)]
    put_all([scene], exposures)
    visitor = open_desk(stage.database, scene)
    first = visitor.get("/stock").text
    second = visitor.get(read(first).find("a", rel="next")[0].attributes["href"]).text
    third = visitor.get(read(second).find("a", rel="next")[0].attributes["href"]).text
    fourth = visitor.get(read(third).find("a", rel="next")[0].attributes["href"]).text
    expected = [sku for sku, _ in sorted(exposures, key=lambda one: (-one[1], one[0]))]
    assert [*skus(first), *skus(second), *skus(third), *skus(fourth)] == expected
    assert read(fourth).find("a", rel="next") == []


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("state=case", [FOUGHT_OVER]),
        ("state=out_of_scope", [SHIPPED_BY_AMAZON]),
        (f"q={FOUGHT_OVER}+{SCARCE}", [SCARCE, FOUGHT_OVER]),
        ("q=nothing", []),
        (f"q={FOUGHT_OVER}+{SCARCE}&state=case", [FOUGHT_OVER]),
    ],
)
def test_the_list_is_filtered(stocked: Rehearsed, query: str, found: list[str]) -> None:
    """By state, by several SKUs, by both; none is a sentence."""
    page = stocked.visitor.get(f"/stock?{query}").text
    assert skus(page) == found
    assert bool(read(page).find("p", class_="empty")) == (not found)


@pytest.mark.parametrize(
    "address",
    [
        "/stock?state=nowhere",
        "/stock?after=here",
        "/stock?after=1~eu",
        f"/stock?after={10**12}~eu~A",
        f"/stock?q={'+'.join(map(str, range(201)))}",
        f"/stock?q={'W' * 20_000}",
    ],
)
def test_what_does_not_exist_is_not_filtered_by(stocked: Rehearsed, address: str) -> None:
    """A mistake in the address is answered as one, not with an empty list."""
    assert stocked.visitor.get(address).status_code == 400


@pytest.mark.parametrize("path", ["/stock", "/orders"])
def test_a_sku_leads_to_its_page(stocked: Rehearsed, path: str) -> None:
    """Searched for in the list or at the top of any page, with blanks, slashes and all."""
    answer = stocked.visitor.get(path, params={"q": ODD})
    assert (answer.status_code, answer.headers["location"]) == (303, f"/stock/eu/{quote(ODD, safe='')}")


def test_two_connections_are_one_list(stage: Stage) -> None:
    """Merged by exposure, each with its own page; a filter shows one alone, and pages go on behind equal rows of both."""
    eu, us = stage.scene(connection_id="eu", stock=POOL), stage.scene(connection_id="us", stock=POOL, seed=8)
    put_all([eu, us], [("A", 1), ("B", 4)])
    ids = ("eu", "us")
    rows = [(row.seller_sku, row.connection_id) for row in find_skus(stage.database, ids, StockFilter())]
    after = [
        (row.seller_sku, row.connection_id) for row in find_skus(stage.database, ids, StockFilter(after=(4, "B", "eu")))
    ]
    visitor = open_desk(stage.database, eu, us)
    assert rows == [("B", "eu"), ("B", "us"), ("A", "eu"), ("A", "us")]
    assert after == rows[1:]
    assert skus(visitor.get("/stock?connection=us").text) == ["B", "A"]
    assert visitor.get("/orders?q=A").headers["location"] == "/stock?q=A"


def test_another_connections_sku_does_not_exist(stage: Stage) -> None:
    """Its page, its row, its count: the same answer as for what never was."""
    ours, theirs = stage.scene(connection_id="eu", stock=POOL), stage.scene(connection_id="us", stock=POOL, seed=8)
    put(theirs, "SECRET-1", view_of())
    visitor = open_desk(stage.database, ours, theirs, see=("eu",))
    absent = visitor.get("/stock/eu/nowhere").text
    paths = ["/stock/us/SECRET-1", "/stock/eu/SECRET-1", "/stock?connection=us"]
    assert [(visitor.get(path).status_code, visitor.get(path).text) for path in paths] == [(404, absent)] * 3
    assert ["SECRET-1" in visitor.get(path).text for path in ("/", "/stock", "/metrics")] == [False] * 3
    assert "crossdock_stock_listed{" not in visitor.get("/metrics").text
    assert find_skus(stage.database, ["eu"], StockFilter(skus=("SECRET-1",))) == []
    assert find_sku(stage.database, ["eu"], "us", "SECRET-1") is None
    assert stock_sheets.stock_counts(stage.database, ["eu"]) == []


# --- the page


def test_the_answers_stand_in_their_order(stocked: Rehearsed) -> None:
    """Both sides, the decision, what happened with its picture, what is left of Amazon's rates, the raw facts."""
    page = page_of(stocked, SCARCE)
    assert [one.text() for one in page.find("h2")] == [
        "What each side holds",
        "What was decided, and why",
        "What happened",
        "Rate budget of eu",
        "Raw facts",
    ]
    rates = page.find("section", aria_labelledby="h-rates")[0].text()
    assert "patchListingsItem" in rates
    assert "getListingsItem" in rates


def test_the_page_shows_which_orders_have_its_units(stocked: Rehearsed) -> None:
    """Each claimed order leads to its page, and the order's line leads back."""
    order = next(one for one in page_of(stocked, SCARCE).links() if one.startswith("/orders/eu/"))
    assert f"/stock/eu/{SCARCE}" in read(stocked.visitor.get(order).text).links()


def test_the_picture_has_its_table(stocked: Rehearsed) -> None:
    """Drawn from the table beside it, which is there without any script: one row a moment, with numbers or none known."""
    page = page_of(stocked, SCARCE)
    place = page.find("div", class_="chart")[0].attributes
    rows = page.find("table", id=place["data-from"])[0].find("tbody")[0].find("tr")
    times = [int(row.attributes["data-at"]) for row in rows]
    assert place["data-kind"] == "steps"
    assert times == sorted(times)
    assert {len(row.find("td")) for row in rows} == {2}
    assert rows[-1].find("th")[0].text().endswith("Now")


def test_a_sku_that_somebody_else_sets_names_its_case(stocked: Rehearsed) -> None:
    """With its first step; the case leads to the SKU, in the list and on its own page."""
    page = page_of(stocked, FOUGHT_OVER)
    case = next(one for one in page.links() if one.startswith("/cases/"))
    assert "Find who set it" in page.text()
    assert f"/stock/eu/{FOUGHT_OVER}" in read(stocked.visitor.get(case).text).links()
    assert f"/stock/eu/{FOUGHT_OVER}" in read(stocked.visitor.get("/cases").text).links()


def test_a_case_of_all_skus_leads_to_their_list(stage: Stage) -> None:
    """It is about no SKU, and its page says what waits."""
    scene = stage.scene(stock=POOL)
    now = scene.twin.world.clock.now()
    scene.stock.inbox.raise_case(PLAN_RECORD, Case("stock.unsafe_plan", {"allowed": "20"}), now)
    visitor = open_desk(stage.database, scene)
    assert "/stock?connection=eu" in read(visitor.get("/cases").text).links()
    assert "waits for a person's word" in read(visitor.get("/cases/1").text).text()


@pytest.mark.parametrize(
    ("after", "told"),
    [
        (
            0.0,
            "The next announced peak counts from 20 Nov 2026, 08:58 until 20 Nov 2026, 10:00 UTC, 4 times the usual.",
        ),
        (58.0, "An announced peak counts until 20 Nov 2026, 10:00 UTC, 4 times the usual."),
        (119.0, "An announced peak counts until 20 Nov 2026, 10:00 UTC, 4 times the usual."),
    ],
)
def test_a_peak_is_told_on_the_page(stage: Stage, after: float, told: str) -> None:
    """That it comes, and from two minutes before it begins that it counts; when it is over, nothing."""
    scene = stage.scene(stock=POOL)
    peak = AnnouncedPeak(START + timedelta(hours=1), START + timedelta(hours=2), 4.0)
    put(scene, "MUG", view_of(peak=peak))
    visitor = open_desk(stage.database, scene)
    scene.after(minutes=after)

    page = read(visitor.get("/stock/eu/MUG").text).text()
    scene.after(hours=2)
    over = read(visitor.get("/stock/eu/MUG").text).text()

    assert told in page
    assert "announced peak" not in over


def test_what_is_kept_back_in_the_shop_is_told_on_the_page(stage: Stage) -> None:
    """How many units, what for, and what that leaves the shop; of a SKU of which none is, nothing."""
    scene = stage.scene(stock=POOL)
    put(scene, "MUG", view_of(covered=10, exposure=0))
    put(scene, "CUP", view_of())
    visitor = open_desk(stage.database, scene)

    page, other = (read(visitor.get(f"/stock/eu/{sku}").text).text() for sku in ("MUG", "CUP"))

    assert "what is kept back counted in; what orders known by then took is off already" in page
    assert "Kept back in the shop" in page
    assert "off the entry while Amazon may sell them before we hear of it; the shop can sell 10" in page
    assert "Nothing of it can be sold twice now: what Amazon may sell is kept back in the shop." in page
    assert "Kept back" not in other


def test_a_sku_nobody_looked_at_has_a_page(stage: Stage) -> None:
    """Known because it moved, and not looked at: that is said, without a number."""
    scene = stage.scene(stock=POOL)
    now = scene.twin.world.clock.now()
    scene.stock.inbox.expect(["NEW"], now, now)
    page = read(open_desk(stage.database, scene).get("/stock/eu/NEW").text)
    assert "Nobody has looked at this SKU yet" in page.text()
    assert "Nothing has happened to this SKU yet." in page.text()


def test_what_another_version_stored_is_no_fault(stage: Stage) -> None:
    """A view that lacks what this version shows is shown as missing."""
    scene = stage.scene(stock=POOL)
    put(scene, "OLD", {"available": "many"})
    visitor = open_desk(stage.database, scene)
    assert "not looked at by this version" in visitor.get("/stock").text
    assert "the next look fills this in" in visitor.get("/stock/eu/OLD").text


def test_a_pause_is_seen(stage: Stage) -> None:
    """On the overview and above the list, with its reason, until it ends."""
    scene = stage.scene(stock=POOL)
    put(scene, "MUG", view_of())
    visitor = open_desk(stage.database, scene)
    scene.stock.pause("moving <b>house</b>")
    paused = [read(visitor.get(path).text).text() for path in ("/", "/stock")]
    scene.stock.resume()
    resumed = [read(visitor.get(path).text).text() for path in ("/", "/stock")]
    assert ["No quantity is set: moving <b>house</b>." in text for text in paused] == [True, True]
    assert ["No quantity is set" in text for text in resumed] == [False, False]


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_hostile_text_stays_text(stage: Stage, text: str) -> None:
    """In the SKU, its history, its reason for a pause and its case: no script, no handler, no foreign address, and a page stays small."""
    scene = stage.scene(stock=POOL)
    sku = f"h {text[:60]}".replace("\0", "")
    now = scene.twin.world.clock.now()
    put(scene, sku, view_of(reason=text[:2000]))
    scene.stock.pause(text[:2000])
    scene.stock.inbox.raise_case(sku, Case("stock.rejected", {"code": text, text[:50]: text}), now)
    visitor = open_desk(stage.database, scene)
    address = f"/stock/eu/{quote(sku, safe='')}"
    answers = [visitor.get(path) for path in ("/", "/stock", address, "/cases/1", f"/stock?q={quote(text[:500])}")]
    elements = [element for answer in answers for element in read(answer.text).all()]
    assert {answer.status_code for answer in answers} == {200}
    assert max(len(answer.text) for answer in answers) < 100_000
    assert not [one for one in elements if one.tag in {"b", "style", "iframe", "object"}]
    assert not [name for one in elements for name in one.attributes if name.startswith("on") or name == "style"]
    assert {one.attributes["href"][:1] for one in elements if one.tag == "a"} <= {"/", "#", "?"}
    assert " ".join(sku.split()) in read(answers[2].text).find("h1")[0].text()


# --- overview and measurements


def test_the_overview_tells_of_stock(stocked: Rehearsed) -> None:
    """How many SKUs are listed and exposed, under way and with a case, each leading to its list."""
    part = read(stocked.visitor.get("/").text).find("section", aria_labelledby="h-stock")[0]
    assert "SKUs listed" in part.text()
    assert "of 7 looked at" in part.text()
    assert set(part.links()) == {"/stock", "/stock?state=waiting", "/stock?state=case"}


def test_stock_is_measured(stocked: Rehearsed) -> None:
    """Listed, exposed and due, for each connection that has stock."""
    told = stocked.visitor.get("/metrics").text
    assert re.search(r'crossdock_stock_listed\{connection="eu"\} [1-9]', told)
    assert 'crossdock_stock_exposed_units{connection="eu"}' in told
    assert 'crossdock_stock_due{connection="eu"}' in told
    assert 'crossdock_stock_due_age_seconds{connection="eu"}' in told


def test_routines_of_stock_are_shown_where_they_ran(rehearsed: Rehearsed) -> None:
    """A connection whose stock is not ours is late with none of them, on the overview and in the measurements."""
    flows = freshness(["eu", "us"], [LastRun("eu", "sweep_stock", NOW), LastRun("us", "sweep_stock", None)], [], NOW)
    of_stock = {flow.flow: (flow.in_time, flow.connections) for flow in flows if "stock" in flow.flow}
    assert of_stock == {"sweep_stock": (1, 1), "push_stock": (1, 1)}
    assert "Quantities" not in rehearsed.visitor.get("/").text
    assert not re.search(r"crossdock_stock|flow=\"\w*stock", rehearsed.visitor.get("/metrics").text)


def test_orders_are_still_found_by_several_ids(stocked: Rehearsed) -> None:
    """An order comes before a SKU where both are asked for at once."""
    order_id = next(iter(stocked.scene.account.orders))
    page = stocked.visitor.get("/orders", params={"q": f"{order_id} {SCARCE}"})
    assert (page.status_code, skus(page.text)) == (200, [order_id])
