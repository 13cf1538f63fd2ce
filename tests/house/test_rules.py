"""The checkout keeps the rules of the house, and each rule bites."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.house import rules
from tests.house.rules import RULES, File, Rule

TOP = Path(__file__).parents[2]
ROOTS = ("src", "tests", "docs", "bench", ".ci")
TEXT = {".py", ".md", ".toml", ".html", ".css", ".sql", ".sh", ".yaml", ".yml", ".lock", ".mako", ""}
VENDORED = "src/crossdock/web/static/"


@cache
def checkout() -> list[File]:
    """Every text file that is ours: what git would keep, without the vendored and the binary."""
    return [File(str(path.relative_to(TOP)), path.read_text(encoding="utf-8")) for path in sorted(_paths())]


def _paths() -> Iterator[Path]:
    top = [path for path in TOP.iterdir() if path.is_file() and not path.name.startswith(".env")]
    below = [path for root in ROOTS for path in (TOP / root).rglob("*") if path.is_file()]
    for path in (*top, *below):
        name = str(path.relative_to(TOP))
        if path.suffix in TEXT and "__pycache__" not in name and not name.startswith((VENDORED, "tests/house/")):
            yield path


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__.removeprefix("check_"))
def test_rule_is_kept(rule: Rule) -> None:
    """No place in the checkout breaks the rule; the failure lists those that do."""
    broken = [place for file in checkout() for place in rule(file)]
    assert not broken, "\n" + "\n".join(broken)


DOMAIN, FLOW, TEST = "src/crossdock/domain/thing.py", "src/crossdock/flows/thing.py", "tests/domain/test_thing.py"


@pytest.mark.parametrize(
    ("rule", "path", "text", "problem"),
    [
        (rules.check_names, "src/crossdock/domain/order_utils.py", "", "`utils` says nothing"),
        (rules.check_names, FLOW, "class OrderManager: pass", "`manager` says nothing"),
        (rules.check_names, FLOW, "def base_price(): pass", "`base` says nothing"),
        (rules.check_clock, FLOW, "at = datetime.now(UTC)", "datetime.now"),
        (rules.check_clock, FLOW, "at = datetime.datetime.utcnow()", "datetime.utcnow"),
        (rules.check_clock, FLOW, "at = time.time()", "time.time"),
        (rules.check_broad_except, FLOW, "try: act()\nexcept Exception: pass", "except Exception"),
        (rules.check_broad_except, FLOW, "try: act()\nexcept (OSError, BaseException): pass", "BaseException"),
        (rules.check_broad_except, FLOW, "try: act()\nexcept: pass", "except everything"),
        (rules.check_one_colour, FLOW, "async def act(): pass", "async: only in"),
        (rules.check_no_float, DOMAIN, "def price(amount: float): pass", "float: the domain"),
        (rules.check_no_float, DOMAIN, "rate = 0.19", "float: the domain"),
        (rules.check_imports, FLOW, "from typing import TYPE_CHECKING\nif TYPE_CHECKING: pass", "TYPE_CHECKING"),
        (rules.check_imports, FLOW, "def act():\n    import json", "import inside act()"),
        (rules.check_inheritance, FLOW, "class FastFlow(Flow): pass", "class FastFlow(Flow)"),
        (rules.check_function_length, FLOW, "def act():\n" + "    pass\n" * 49, "act() has 50 lines"),
        (rules.check_file_length, FLOW, "pass\n" * 301, "301 lines"),
        (rules.check_depth, "src/crossdock/domain/more/thing.py", "", "deeper than"),
        (rules.check_docstrings, FLOW, "pass", "no docstring"),
        (rules.check_docstrings, TEST, '"""Things."""\ndef test_it(): pass', "test_it() has no sentence"),
        (rules.check_local, "docs/page.md", "as on my machine, /home/pat/shop", "/home/p"),
        (rules.check_local, "requirements.lock", "--extra-index-url https://packages.example/simple", "index-url"),
        (rules.check_local, "requirements.lock", "thing @ file:///wheels/thing.whl", "file://"),
        (rules.check_spelling, "docs/page.md", "The behavior of a fulfillment.", "we write behaviour"),
        (rules.check_spelling, FLOW, '"""Serialize."""', "we write serialise"),
        (rules.check_spelling, FLOW, "pass  # canceled", "we write cancelled"),
        (rules.check_no_mocks, TEST, "from unittest import mock", "mock: no mocks"),
        (rules.check_no_mocks, TEST, "def test_it(monkeypatch): pass", "monkeypatch: no mocks"),
        (rules.check_no_fixed_sleep, TEST, "time.sleep(1)", "sleep: wait for a condition"),
        (rules.check_flat_tests, TEST, "def test_it():\n    for x in y: pass", "no loops or branches"),
        (rules.check_flat_tests, TEST, "def test_it():\n    if x: pass", "no loops or branches"),
    ],
)
def test_rule_bites(rule: Rule, path: str, text: str, problem: str) -> None:
    """A few lines that break the rule are found."""
    assert problem in "\n".join(rule(File(path, text)))


@pytest.mark.parametrize(
    ("rule", "path", "text"),
    [
        (rules.check_names, "src/crossdock/flows/erase_personal_data.py", "class DataError(Exception): pass"),
        (rules.check_names, FLOW, "database = serviced = 1\ndef handle(): pass"),
        (rules.check_clock, "src/crossdock/start_up.py", "at = datetime.now(UTC)"),
        (rules.check_clock, FLOW, "at = clock.now()"),
        (rules.check_broad_except, "src/crossdock/engine/drain.py", "try: act()\nexcept Exception: pass"),
        (rules.check_broad_except, FLOW, "try: act()\nexcept ExceptionOfTheirs: pass"),
        (rules.check_one_colour, "src/crossdock/engine/jobs.py", "async def act(): pass"),
        (rules.check_no_float, "src/crossdock/twin/thing.py", "share = 0.5"),
        (rules.check_inheritance, FLOW, "class Late(RemoteError): pass\nclass Row(msgspec.Struct): pass"),
        (rules.check_function_length, FLOW, "def act():\n" + "    pass\n" * 48),
        (rules.check_file_length, FLOW, "pass\n" * 300),
        (rules.check_spelling, "docs/page.md", "The field `fulfillmentStatus`.\n```\ncolor\n```\n"),
        (rules.check_local, "docs/page.md", "See https://docs.example/home and ../home."),
        (rules.check_no_fixed_sleep, TEST, "while waiting():\n    time.sleep(0.01)"),
        (rules.check_flat_tests, TEST, "def test_it():\n    assert [x for x in y if x]"),
    ],
)
def test_rule_leaves_the_rest_alone(rule: Rule, path: str, text: str) -> None:
    """What only resembles a broken rule is let pass."""
    assert not list(rule(File(path, text)))


def test_every_rule_is_shown_to_bite() -> None:
    """A rule added without lines that break it fails here."""
    assert {rule.__name__ for rule in RULES} == {name for name in vars(rules) if name.startswith("check_")}
    examples = next(mark for mark in test_rule_bites.pytestmark if mark.name == "parametrize")  # type: ignore[attr-defined]
    assert {example[0] for example in examples.args[1]} == set(RULES)


def test_longer_files_are_still_longer() -> None:
    """An exception that is no longer needed goes."""
    lengths = {file.path: file.text.count("\n") for file in checkout()}
    assert [path for path in rules.LONGER_FILES if lengths.get(path, 0) <= rules.FILE_LINES_MAX] == []


def test_git_keeps_no_environment() -> None:
    """What set-up makes in the checkout is ignored."""
    ignored = (TOP / ".gitignore").read_text().splitlines()
    assert {".venv*/", "__pycache__/", ".env"} <= set(ignored)
