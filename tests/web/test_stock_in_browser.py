"""The pages of stock in a real browser: on a phone, in the dark, drawn, refreshed, by keyboard."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from selenium.webdriver import ActionChains, Chrome
from selenium.webdriver.common.keys import Keys

from crossdock.web.pages import link
from crossdock.web.routes import build_desk
from tests.joined_twin import Stage
from tests.web.browser import (
    PHONE,
    look,
    missing,
    open_browser,
    scripts_off,
    see_on_a_phone,
    serve,
    ticking,
    wait_for,
)
from tests.web.conftest import Rehearsed
from tests.web.rehearsed import desk_of
from tests.web.stocked import FOUGHT_OVER, ODD, POOL, SCARCE, SHIPPED_BY_AMAZON

pytestmark = [pytest.mark.browser, pytest.mark.skipif(bool(missing()), reason=missing())]

PAGES = {
    "list": "/stock",
    "none": "/stock?q=nothing",
    "scarce": link("stock", "eu", SCARCE),
    "case": link("stock", "eu", FOUGHT_OVER),
    "odd": link("stock", "eu", ODD),
    "by Amazon": link("stock", "eu", SHIPPED_BY_AMAZON),
    "overview": "/",
}


@pytest.fixture(scope="module")
def visited(stocked: Rehearsed) -> Iterator[tuple[Chrome, str]]:
    """A browser, and the address of the desk before it."""
    scene = stocked.scene
    reads = desk_of(scene.joined._database, [scene])
    desk = build_desk(reads, connections=["eu"], clock=ticking(scene.twin.world.clock.now()))
    with serve(desk) as address, open_browser() as browser:
        yield browser, address


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES.keys())
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_nothing_is_wider_than_a_phone(visited: tuple[Chrome, str], page: str, dark: bool) -> None:  # noqa: FBT001 - a parameter of the table
    """At 360 pixels no page of stock scrolls sideways, every detail opened; nothing that is pressed is too small, and nothing complains."""
    browser, address = visited
    assert see_on_a_phone(browser, address + page, dark=dark) == (PHONE[0], [], [])


def test_the_course_is_drawn_and_described(visited: tuple[Chrome, str]) -> None:
    """As SVG, with words for who does not see it, in the colours of the dark where it is dark; without script the table is open in its place."""
    browser, address = visited
    look(browser, dark=True)
    browser.get(address + PAGES["scarce"])
    wait_for(browser, "document.querySelectorAll('.chart svg path[stroke=\"#5c9aec\"]').length")
    described = browser.execute_script("const one = document.querySelector('.chart'); return [one.role, one.ariaLabel]")
    with scripts_off(browser):
        browser.get(address + PAGES["scarce"])
        shown = browser.execute_script(
            "return [...document.querySelectorAll('.chart, #table-course')].map((one) => one.checkVisibility())"
        )
    assert described[0] == "img"
    assert described[1].startswith("Available and listed: from ")
    assert shown == [False, True]


def test_the_page_refreshes_without_flicker(visited: tuple[Chrome, str]) -> None:
    """What a reader opened stays open, and the picture is the very same."""
    browser, address = visited
    look(browser)
    browser.get(address + PAGES["scarce"])
    wait_for(browser, "document.querySelectorAll('.chart svg').length")
    before = "document.querySelector('.facts').textContent"
    browser.execute_script(f"""
        window.kept = {{ chart: document.querySelector(".chart"), said: {before} }};
        document.querySelector("#raw-view").open = true;
    """)
    wait_for(browser, f"{before} !== window.kept.said")
    same = "return [window.kept.chart.isConnected, document.querySelector('#raw-view').open]"
    assert browser.execute_script(same) == [True, True]


def test_a_sku_is_found_by_keyboard(visited: tuple[Chrome, str]) -> None:
    """`/`, a SKU and Enter, on any page; blanks, slashes and per cent signs lead to the right one."""
    browser, address = visited
    browser.get(address)
    ActionChains(browser).send_keys("/").send_keys(ODD + Keys.ENTER).perform()
    wait_for(browser, "location.pathname.startsWith('/stock/eu/')")
    assert browser.execute_script("return document.querySelector('h1').textContent") == ODD


def test_one_long_word_does_not_widen_a_page(visited: tuple[Chrome, str], stage: Stage) -> None:
    """A SKU and a reason without a blank are broken and not followed."""
    browser, _ = visited
    scene = stage.scene(stock=POOL)
    now = scene.twin.world.clock.now()
    scene.stock.inbox.expect(["W" * 1000], now, now)
    scene.stock.pause("W" * 1000)
    desk = build_desk(desk_of(stage.database, [scene]), connections=["eu"], clock=scene.twin.world.clock.now)
    with serve(desk) as address:
        look(browser, size=PHONE)
        browser.get(f"{address}/stock/eu/{'W' * 1000}")
        assert browser.execute_script("return document.documentElement.scrollWidth") == PHONE[0]
