"""The pages in a real browser: on a phone, in the dark, by keyboard, with and without script, alone and refreshed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from urllib.parse import quote

import pytest
from selenium.webdriver import ActionChains, Chrome
from selenium.webdriver.common.keys import Keys

from crossdock.web.routes import build_desk
from tests.joined_twin import Stage
from tests.web.browser import (
    LAPTOP,
    PHONE,
    asked_for,
    logged,
    look,
    missing,
    open_browser,
    scripts_off,
    serve,
    ticking,
    wait_for,
)
from tests.web.conftest import Rehearsed
from tests.web.hostile import imported, put
from tests.web.rehearsed import desk_of
from tests.web.visitor import read

pytestmark = [pytest.mark.browser, pytest.mark.skipif(bool(missing()), reason=missing())]

PAGES = ("overview", "orders", "waiting", "nothing", "order", "cases", "case", "absent")


@dataclass(frozen=True)
class Visit:
    """A browser before the desk, and the addresses of its pages by name."""

    browser: Chrome
    address: str
    pages: dict[str, str]

    def open(self, name: str, **how: object) -> Chrome:
        """Go to a page, as `look` says how, and forget what was logged before."""
        look(self.browser, **how)  # type: ignore[arg-type]
        self.browser.get("about:blank")
        logged(self.browser, "browser")
        asked_for(self.browser)
        self.browser.get(self.address + self.pages[name])
        return self.browser


@pytest.fixture(scope="module")
def visit(rehearsed: Rehearsed) -> Iterator[Visit]:
    """One browser for all of these tests; it takes a second to start."""
    links = read(rehearsed.visitor.get("/cases").text).links()
    case = next(link for link in links if link.startswith("/cases/"))
    order = next(link for link in links if link.startswith("/orders/"))
    pages = {
        "overview": "/",
        "orders": "/orders",
        "waiting": "/orders?state=waiting",
        "nothing": "/orders?q=nothing-is-called-so",
        "order": order,
        "cases": "/cases?owner=operations",
        "case": case,
        "absent": "/nowhere",
    }
    scene = rehearsed.scene
    reads = desk_of(scene.joined._database, [scene])
    desk = build_desk(reads, connections=["eu"], clock=ticking(scene.twin.world.clock.now()))
    with serve(desk) as address, open_browser() as browser:
        yield Visit(browser, address, pages)


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_nothing_is_wider_than_a_phone(visit: Visit, page: str, dark: bool) -> None:  # noqa: FBT001 - a parameter of the table
    """At 360 pixels no page scrolls sideways, and every detail opened does not make it."""
    browser = visit.open(page, size=PHONE, dark=dark)
    browser.execute_script("document.querySelectorAll('details').forEach((one) => { one.open = true })")
    assert browser.execute_script("return [document.documentElement.scrollWidth, innerWidth]") == [360, 360]


@pytest.mark.parametrize("page", PAGES)
def test_no_complaint_and_nothing_from_elsewhere(visit: Visit, page: str) -> None:
    """The browser's console stays empty under our own policy, and every request goes to the desk."""
    browser = visit.open(page)
    wait_for(browser, "document.readyState === 'complete'")
    complaints = [message for message in logged(browser, "browser") if "status of 404" not in message]
    assert complaints == []
    assert [address for address in asked_for(browser) if not address.startswith((visit.address, "about:"))] == []


@pytest.mark.parametrize("page", PAGES)
def test_what_is_pressed_is_large_enough(visit: Visit, page: str) -> None:
    """Whatever stands alone to be pressed is at least 24 pixels high (WCAG 2.5.8); links inside a sentence are exempt."""
    browser = visit.open(page, size=PHONE)
    small = """
        return [...document.querySelectorAll("nav a, .chip, button, input, select, summary, .pager a")]
            .filter((one) => one.checkVisibility() && one.getBoundingClientRect().height < 24).map((one) => one.outerHTML)
    """
    assert browser.execute_script(small) == []


def test_the_pictures_are_drawn_and_described(visit: Visit) -> None:
    """Both are there, drawn as SVG, and say in words what they show; their tables are folded away."""
    browser = visit.open("overview")
    wait_for(browser, "document.querySelectorAll('.chart svg').length === 2")
    described = (
        "return [...document.querySelectorAll('.chart')].map((one) => `${one.role} ${one.ariaLabel}`.slice(0, 20))"
    )
    assert browser.execute_script(described) == ["img Orders per hour:", "img Where they stand"]
    assert browser.execute_script("return document.querySelector('details table').checkVisibility()") is False


def test_the_pictures_follow_the_dark(visit: Visit) -> None:
    """When the machine turns dark the page and its pictures turn with it, without a reload."""
    browser = visit.open("overview")
    colours = "[getComputedStyle(document.body).backgroundColor, document.querySelector('.chart svg path[fill=\"#5c9aec\"]') !== null]"
    wait_for(browser, "document.querySelectorAll('.chart svg').length === 2")
    assert browser.execute_script(f"return {colours}") == ["rgb(246, 246, 244)", False]
    look(browser, dark=True)
    wait_for(browser, f"{colours}[1]")
    assert browser.execute_script(f"return {colours}") == ["rgb(18, 20, 24)", True]


def test_without_script_there_are_tables(visit: Visit) -> None:
    """No picture, no gap, the tables open; the rest of the page is the same."""
    with scripts_off(visit.browser):
        browser = visit.open("overview")
        shown = "return [...document.querySelectorAll('.chart, details table, h1')].map((one) => `${one.tagName} ${one.checkVisibility()}`)"
        assert browser.execute_script(shown) == ["H1 true", "DIV false", "TABLE true", "DIV false", "TABLE true"]


def test_the_overview_refreshes_without_flicker(visit: Visit) -> None:
    """What did not change stays the very same: the picture, the table somebody opened, the place they scrolled to, the focus."""
    browser = visit.open("overview", size=PHONE)
    wait_for(browser, "document.querySelectorAll('.chart svg').length === 2")
    before = "document.querySelector('.asof').textContent"
    browser.execute_script(f"""
        window.kept = {{ chart: document.querySelector(".chart svg"), row: document.querySelector("tbody tr"), said: {before} }};
        document.querySelector("details").open = true;
        document.querySelector("summary").focus();
        scrollTo(0, 400);
    """)
    wait_for(browser, f"{before} !== window.kept.said")
    same = """return [window.kept.chart.isConnected, window.kept.row.isConnected, document.querySelector("details").open,
        document.activeElement.tagName, scrollY]"""
    assert browser.execute_script(same) == [True, True, True, "SUMMARY", 400]


def test_a_desk_that_does_not_answer_says_so(visit: Visit) -> None:
    """A page that can no longer refresh itself does not go on looking fresh; when the desk is back the words go."""
    browser = visit.open("overview")
    assert browser.execute_script("return document.getElementById('offline').hidden") is True
    network = {"latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
    browser.execute_cdp_cmd("Network.emulateNetworkConditions", {"offline": True, **network})
    wait_for(browser, "document.getElementById('offline').checkVisibility()")
    browser.execute_cdp_cmd("Network.emulateNetworkConditions", {"offline": False, **network})
    wait_for(browser, "document.getElementById('offline').hidden")


def test_an_order_reads_its_other_side_by_itself(visit: Visit) -> None:
    """The page is there before commercetools answers, and then holds both sides."""
    browser = visit.open("order")
    wait_for(browser, "document.body.textContent.includes('read just now')")
    assert browser.execute_script("return document.querySelectorAll('[hx-trigger=load], [aria-busy]').length") == 0


def test_by_keyboard_alone(visit: Visit) -> None:
    """`/` and an id and Enter lead to an order; the first Tab offers to skip the top; what has the focus is seen."""
    browser = visit.open("overview", size=LAPTOP)
    keys = ActionChains(browser)
    order_id = visit.pages["order"].rpartition("/")[2]
    keys.send_keys(Keys.TAB).perform()
    assert browser.execute_script(
        "return [document.activeElement.className, document.activeElement.getBoundingClientRect().top >= 0]"
    ) == ["skip", True]
    keys.send_keys(Keys.ENTER).perform()
    assert browser.execute_script("return document.activeElement.id") == "main"
    keys.send_keys("/").perform()
    assert browser.execute_script(
        "return [document.activeElement.id, getComputedStyle(document.activeElement).outlineStyle]"
    ) == ["q", "solid"]
    keys.send_keys(order_id + Keys.ENTER).perform()
    wait_for(browser, f"location.pathname === '{visit.pages['order']}'")


def test_every_stop_of_the_keyboard_is_seen(visit: Visit) -> None:
    """Along all of the overview with Tab: no trap, and each stop has an outline."""
    browser = visit.open("overview")
    stops = browser.execute_script(
        "return [...document.querySelectorAll('a, button, input, summary')].filter((one) => one.checkVisibility()).length"
    )
    keys = ActionChains(browser)
    seen = [_next_outline(browser, keys) for _ in range(stops)]
    assert seen == ["solid"] * stops


def test_one_long_word_does_not_widen_a_page(visit: Visit, stage: Stage) -> None:
    """Text without a blank, in every field of an order and its case, is broken and not followed."""
    scene = stage.scene()
    order_id = put(scene, "W" * 5000)
    reads = replace(
        desk_of(stage.database, [scene]), read_commercetools=lambda _connection, _order: imported("W" * 5000)
    )
    paths = (
        "/",
        "/orders",
        f"/orders/eu/{quote(order_id)}?commercetools=now",
        "/cases",
        "/cases/1",
        f"/orders?q={'W' * 400}",
    )
    with serve(build_desk(reads, connections=["eu"], clock=scene.twin.world.clock.now)) as address:
        look(visit.browser, size=PHONE)
        assert {path: _width(visit.browser, address + path) for path in paths} == dict.fromkeys(paths, PHONE[0])


def _next_outline(browser: Chrome, keys: ActionChains) -> object:
    keys.send_keys(Keys.TAB).perform()
    return browser.execute_script("return getComputedStyle(document.activeElement).outlineStyle")


def _width(browser: Chrome, address: str) -> object:
    browser.get(address)
    return browser.execute_script(
        "document.querySelectorAll('details').forEach((one) => { one.open = true }); return document.documentElement.scrollWidth"
    )
