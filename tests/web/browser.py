"""A real browser: Debian's Chromium without a window, driven over its own protocol; and the desk on a port for it to visit."""

from __future__ import annotations

import json
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import uvicorn
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from starlette.types import ASGIApp

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
PHONE, LAPTOP = (360, 740), (1280, 800)
WAIT_S_MAX = 20.0
FLAGS = ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--hide-scrollbars", "--force-color-profile=srgb")


def missing() -> str:
    """Why there is no browser here, or nothing."""
    return (
        ""
        if CHROMIUM and DRIVER
        else "Chromium and its driver are not installed (apt-get install chromium chromium-driver)"
    )


@contextmanager
def open_browser() -> Iterator[Chrome]:
    """A browser that remembers what it logged and what it asked for."""
    options = ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for flag in FLAGS:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    browser = Chrome(options=options, service=Service(DRIVER))
    try:
        yield browser
    finally:
        browser.quit()


@contextmanager
def serve(desk: ASGIApp) -> Iterator[str]:
    """The desk on a free port of this machine, as the composition root serves it; gives its address."""
    # The protocol is named, so that asyncio sets TCP_NODELAY and small answers go at once.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    listening.listen()
    config = uvicorn.Config(desk, log_config=None, access_log=False, lifespan="off", http="httptools")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(WAIT_S_MAX)
        listening.close()


def ticking(start: datetime) -> Callable[[], datetime]:
    """A clock that goes on from there as fast as a real one."""
    began_s = time.monotonic()
    return lambda: start + timedelta(seconds=time.monotonic() - began_s)


def look(browser: Chrome, *, size: tuple[int, int] = LAPTOP, dark: bool = False, scale: float = 1.0) -> None:
    """Look through a screen of this size, in the light or in the dark."""
    phone = size == PHONE
    metrics = {"width": size[0], "height": size[1], "deviceScaleFactor": scale, "mobile": phone}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})


def see_on_a_phone(browser: Chrome, address: str, *, dark: bool) -> tuple[int, list[str], list[str]]:
    """A page at 360 pixels, every detail opened: how wide it is, what is too small to be pressed, and what the browser complains of."""
    look(browser, size=PHONE, dark=dark)
    logged(browser, "browser")
    browser.get(address)
    browser.execute_script("document.querySelectorAll('details').forEach((one) => { one.open = true })")
    small = """
        return [...document.querySelectorAll("nav a, .chip, button, input, select, summary, .pager a")]
            .filter((one) => one.checkVisibility() && one.getBoundingClientRect().height < 24).map((one) => one.outerHTML)
    """
    wide = browser.execute_script("return document.documentElement.scrollWidth")
    return wide, browser.execute_script(small), logged(browser, "browser")


@contextmanager
def scripts_off(browser: Chrome) -> Iterator[None]:
    """Pages that are opened here run no script of their own."""
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        yield
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def wait_for(browser: Chrome, condition: str) -> Any:
    """What an expression says once it says something."""
    until = time.monotonic() + WAIT_S_MAX
    while time.monotonic() < until:
        found = browser.execute_script(f"return {condition}")
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"never: {condition}")


def asked_for(browser: Chrome) -> list[str]:
    """Every address the browser asked for since this was last called."""
    messages = [json.loads(message)["message"] for message in logged(browser, "performance")]
    return [one["params"]["request"]["url"] for one in messages if one["method"] == "Network.requestWillBeSent"]


def logged(browser: Chrome, kind: str) -> list[str]:
    """What the browser logged of one kind since this was last called."""
    return [entry["message"] for entry in browser.get_log(kind)]  # type: ignore[no-untyped-call]
