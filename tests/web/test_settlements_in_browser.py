"""The pages of settlements in a real browser: on a phone, in the dark, drawn without a script, by keyboard, downloaded."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO

import pytest
from selenium.webdriver import ActionChains, Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from crossdock.store.database import Database
from crossdock.web.routes import build_desk
from tests.joined_twin import Stage
from tests.settlements import a_settlement, finance
from tests.web.browser import (
    LAPTOP,
    PHONE,
    look,
    missing,
    open_browser,
    scripts_off,
    see_on_a_phone,
    serve,
    wait_for,
)
from tests.web.rehearsed import desk_of

pytestmark = [pytest.mark.browser, pytest.mark.skipif(bool(missing()), reason=missing())]

FIRST, SECOND, HELD = "28471003921", "28471003922", "28471003923"
ORDER = "302-0000001-0000001"
LONG = "W" * 300
ROWS = f"""
    Order | {ORDER} | ItemPrice | Principal | 1234567.89
    Order | {ORDER} | ItemPrice | Tax | 380.11
    Order | {ORDER} | ItemFees | Commission | -300.00 | sku={LONG}
    Refund | {ORDER} | ItemPrice | Principal | -50.00 | marketplace-name={LONG}
    ServiceFee | | Cost of Advertising | TransactionTotalAmount | -2500.00
    {LONG} | {LONG} | {LONG} | {LONG} | 1.00
"""
PAGES = {
    "list": "/settlements",
    "none": "/settlements?chain=nothing",
    "one": f"/settlements/eu/{FIRST}",
    "rows": f"/settlements/eu/{FIRST}/rows",
    "held": f"/settlements/eu/{HELD}",
    "order": f"/orders/eu/{ORDER}/money",
    "case of a label": "/cases/1",
    "overview": "/",
}
WIDTHS = """
    const strip = document.querySelector(".strip .gap").closest(".strip");
    return [...strip.querySelectorAll("rect:not(.ground)")].map((one) => one.getBoundingClientRect().width);
"""
RECTS = "return [...document.querySelectorAll('{}')].map((one) => Math.round(one.getBoundingClientRect().{}))"


@pytest.fixture(scope="module")
def visited(shared_database: Database) -> Iterator[tuple[Chrome, str]]:
    """A browser, and the address of a desk with three settlements and a gap before it."""
    stage = Stage(shared_database)
    scene = stage.scene(finance=finance())
    books = scene.joined.finance
    assert books is not None
    times = {
        "starts": "2026-11-07 00:00:00 UTC",
        "ends": "2026-11-21 00:00:00 UTC",
        "posted_date_time": "2026-11-08 10:00:00 UTC",
    }
    books.import_file(BytesIO(a_settlement(ROWS)), f"{LONG}.txt")
    books.import_file(BytesIO(a_settlement(ROWS, settlement_id=SECOND, **times)), "second.txt")
    books.import_file(BytesIO(a_settlement(ROWS, settlement_id=HELD, total="1.00")), "held.txt")
    desk = build_desk(desk_of(shared_database, [scene]), connections=["eu"], clock=scene.twin.world.clock.now)
    with serve(desk) as address, open_browser() as browser:
        yield browser, address
    stage.close()


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES.keys())
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_nothing_is_wider_than_a_phone(visited: tuple[Chrome, str], page: str, dark: bool) -> None:  # noqa: FBT001 - a parameter of the table
    """At 360 pixels no page of money scrolls sideways, every detail opened, long words in it; nothing that is pressed is too small, and nothing complains."""
    browser, address = visited
    assert see_on_a_phone(browser, address + page, dark=dark) == (PHONE[0], [], [])


@pytest.mark.parametrize("size", [PHONE, LAPTOP], ids=["phone", "laptop"])
def test_the_bridge_is_drawn_without_a_script(visited: tuple[Chrome, str], size: tuple[int, int]) -> None:
    """Each step begins where the one before ended, the payout at zero, all within the picture; no script is needed for it."""
    browser, address = visited
    look(browser, size=size)
    with scripts_off(browser):
        browser.get(address + PAGES["one"])
        left, right = (browser.execute_script(RECTS.format(".bridge .step rect", side)) for side in ("left", "right"))
        [zero, *_] = browser.execute_script(RECTS.format(".bridge .zero", "left"))
    sales, refunds, tax, fees, *_ = zip(left, right, strict=True)
    assert abs(sales[0] - zero) <= 1
    assert abs(left[-1] - zero) <= 1
    assert abs(refunds[1] - sales[1]) <= 3
    assert abs(tax[0] - refunds[0]) <= 3
    assert abs(fees[1] - tax[1]) <= 3
    assert max(right) <= size[0]


def test_colours_of_the_dark(visited: tuple[Chrome, str]) -> None:
    """What adds and what takes away have the colours of the palette, in the dark those of the dark."""
    browser, address = visited
    look(browser, dark=True)
    browser.get(address + PAGES["one"])
    fills = "return ['up', 'down', 'payout'].map((kind) => getComputedStyle(document.querySelector(`.step.${kind} rect`)).fill)"
    assert browser.execute_script(fills) == ["rgb(92, 154, 236)", "rgb(226, 149, 74)", "rgb(107, 199, 153)"]


def test_the_calendar_shows_the_gap_between_its_neighbours(visited: tuple[Chrome, str]) -> None:
    """To scale: the gap of four days lies between two periods of fourteen, and a script is not needed to see it."""
    browser, address = visited
    look(browser)
    with scripts_off(browser):
        browser.get(address + PAGES["list"])
        first, gap, last = browser.execute_script(WIDTHS)
    assert abs(first - last) <= 2
    assert abs(gap * 14 / 4 - first) <= 14


def test_a_period_is_opened_by_mouse_and_by_keyboard(visited: tuple[Chrome, str]) -> None:
    """A bar of the calendar is a link like any other, and a step of the bridge opens its rows."""
    browser, address = visited
    look(browser)
    browser.get(address + PAGES["list"])
    browser.execute_script(f"document.querySelector('.strip a[href$=\"{SECOND}\"]').focus()")
    ActionChains(browser).send_keys(Keys.ENTER).perform()
    wait_for(browser, f"location.pathname === '/settlements/eu/{SECOND}'")
    browser.back()
    wait_for(browser, "location.pathname === '/settlements'")
    browser.find_element(By.CSS_SELECTOR, f".strip a[href$='{FIRST}'] rect").click()
    wait_for(browser, f"location.pathname === '/settlements/eu/{FIRST}'")
    browser.find_element(By.LINK_TEXT, "Advertising").click()
    wait_for(browser, "location.search === '?bar=advertising'")
    assert browser.execute_script("return document.querySelector('h1').textContent") == "Advertising"
