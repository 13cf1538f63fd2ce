"""What is written is what is there: commands, settings, keys, kinds of case, metrics, events and targets, in both directions."""

from __future__ import annotations

import ast
import inspect
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer

import crossdock
from crossdock import console
from crossdock.cli import cli
from crossdock.domain.case_kinds import ALL_CASE_KINDS
from crossdock.domain.order_fields import LINE_FIELDS, ORDER_FIELDS
from crossdock.engine.jobs import CONCURRENCY
from crossdock.engine.schedule import ROUTINES
from crossdock.events import EVENTS
from crossdock.policy import load_policy
from crossdock.store.database import Database
from tests.house.case_gallery import EXAMPLES, gallery
from tests.house.case_play import TOP, play, scene_of
from tests.joined_twin import Stage

SOURCE = TOP / "src" / "crossdock"
PAGES = sorted([*TOP.glob("*.md"), *(TOP / "docs").rglob("*.md")])
# Decisions and the changelog tell of the past, when things may have had other names.
PRESENT = [page for page in PAGES if page.parent.name != "decisions" and page.name != "CHANGELOG.md"]
OPERATING = TOP / "docs" / "operating.md"
EXAMPLE = TOP / "crossdock.example.toml"


@cache
def read(page: Path) -> str:
    """A page."""
    return page.read_text(encoding="utf-8")


@cache
def present() -> str:
    """All that is said of today."""
    return "\n".join(read(page) for page in PRESENT)


@cache
def code() -> str:
    """What stands as code in these pages: blocks, and what is between backticks."""
    text = re.sub(r"^```sql\n.*?^```", "", present(), flags=re.MULTILINE | re.DOTALL)
    blocks = re.findall(r"^```\w*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    spans = re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL))
    return "\n".join([*blocks, *spans])


def rows(page: Path, heading: str) -> list[list[str]]:
    """The cells of the first table under a heading."""
    part = read(page).split(f" {heading}\n", 1)[1]
    lines = re.search(r"(?:^\|.*\n)+", part, re.MULTILINE)
    assert lines is not None, f"{page.name}: no table under {heading}"
    cells = [re.split(r"(?<!\\)\|", line)[1:-1] for line in lines.group().splitlines()]
    return [[cell.strip() for cell in row] for row in cells[2:]]


def names(cell: str) -> list[str]:
    """What is between backticks in a cell."""
    return re.findall(r"`([^`]+)`", cell)


# --- commands


def commands(command: Any, path: str = "crossdock") -> Iterator[tuple[str, frozenset[str]]]:
    """Every command and its options."""
    inside = getattr(command, "commands", {})
    for name, below in inside.items():
        yield from commands(below, f"{path} {name}")
    if not inside or path == "crossdock":
        yield (
            path,
            frozenset(option for parameter in command.params for option in parameter.opts if option.startswith("--")),
        )


COMMANDS = dict(commands(typer.main.get_command(cli)))
GROUPS = {name.rsplit(" ", 1)[0] for name in COMMANDS if name.count(" ") > 1}
EVERYWHERE = {"--help", "--json", "--connection", "--version", "--install-completion", "--show-completion"}


def spoken() -> list[tuple[str, str, set[str]]]:
    """Every command the pages tell to type: its name, the word after it where it has none of that name, and its options."""
    found = []
    for line in re.findall(r"(?<![\w./-])crossdock(?: [^\n#|;)]*)?", code()):
        words = line.split()
        length = next(n for n in (3, 2, 1) if " ".join(words[:n]) in {"crossdock", *COMMANDS, *GROUPS})
        name = " ".join(words[:length])
        rest = words[length : length + 1] if name in {"crossdock", *GROUPS} else []
        left_over = "".join(word for word in rest if not word.startswith("--"))
        found.append((name, left_over, {word.split("=")[0] for word in words if word.startswith("--")}))
    return found


def test_every_command_is_documented() -> None:
    """The table of commands in docs/operating.md has each command, and no other."""
    assert {names(row[0])[0] for row in rows(OPERATING, "Commands")} == COMMANDS.keys() - {"crossdock"}


def test_every_option_is_documented() -> None:
    """Each option of each command is told in docs/operating.md."""
    told = set(re.findall(r"--[a-z-]+", read(OPERATING)))
    assert set().union(*COMMANDS.values()) - EVERYWHERE - told == set()


def test_every_command_spoken_of_exists() -> None:
    """What the pages tell to type can be typed, with these options."""
    assert [f"{name} {word}" for name, word, _ in spoken() if word] == []
    assert [
        (name, odd) for name, _, options in spoken() if (odd := options - COMMANDS.get(name, set()) - EVERYWHERE)
    ] == []


@pytest.mark.parametrize(
    ("number", "what"),
    [(0, "done"), *[(value, name) for name, value in vars(console).items() if name.startswith("EXIT_")]],
)
def test_every_exit_code_is_documented(number: int, what: str) -> None:
    """The table of exit codes has it."""
    assert str(number) in [row[0] for row in rows(OPERATING, "Exit codes")], what


# --- settings and policy


def constants(pattern: str, *paths: Path) -> set[str]:
    """Texts of the code that are wholly of this form."""
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in paths]
    texts = {
        node.value
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    return {text for text in texts if re.fullmatch(pattern, text)}


def variables() -> set[str]:
    """Every variable of the environment that the product reads; a connection's with `<ID>` for its id."""
    of_process = constants(r"CROSSDOCK_[A-Z_]+", *SOURCE.rglob("*.py"))
    of_connection = constants(r"(AWS|LWA|CT)_[A-Z_]+", SOURCE / "settings.py")
    return {name for name in of_process if "_DEMO_" not in name} | {f"CROSSDOCK_<ID>_{name}" for name in of_connection}


def variables_in(text: str) -> set[str]:
    """Those a text speaks of; the connection of the examples is called demo."""
    told = re.findall(r"CROSSDOCK_(?:<ID>_)?[A-Z_]*[A-Z]", text)
    return {name.replace("_DEMO_", "_<ID>_").removesuffix("_FILE") for name in told}


def test_every_variable_is_documented() -> None:
    """Each variable of the environment is in docs/operating.md, and each one there is read by the product."""
    assert variables_in(read(OPERATING)) == variables()


def test_every_variable_of_the_tests_is_documented() -> None:
    """What the tests read besides is in CONTRIBUTING, and no page speaks of another."""
    of_tests = constants(
        r"CROSSDOCK_[A-Z_]+", TOP / "tests" / "conftest.py", *(TOP / "tests" / "simulation").glob("*.py")
    )
    assert variables_in(read(TOP / "CONTRIBUTING.md")) - variables() == of_tests
    assert variables_in(present()) - variables() == of_tests


def test_connections_of_a_worker_are_counted_right() -> None:
    """A pool, the wake-ups with their three spare ones, and a lock for every running drain."""
    pool = inspect.signature(Database).parameters["size_max"].default
    most = pool + (CONCURRENCY + 3) + CONCURRENCY
    assert f"at most {most} database connections (a pool of {pool}, {CONCURRENCY + 3} for wake-ups" in read(OPERATING)
    assert f"most {most} database connections and the desk {pool}" in read(TOP / "docs" / "scale.md")


def policy_keys() -> set[str]:
    """Every key and table that `policy.py`, and what reads its large tables, asks the file for."""
    asks = {"beside", "text", "value", "whole", "flag", "section", "sections", "pairs"}
    trees = [ast.parse(path.read_text()) for path in SOURCE.glob("policy*.py")]
    calls = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)]
    of_section = [
        call for call in calls if isinstance(call.func, ast.Attribute) and call.func.attr in asks and call.args
    ]
    return {call.args[0].value for call in of_section if isinstance(call.args[0], ast.Constant)}  # type: ignore[misc]


def test_every_policy_key_is_documented() -> None:
    """Each key and table of crossdock.toml is in docs/operating.md, and none there is unknown."""
    table = rows(OPERATING, "The policy, `crossdock.toml`")
    tables = {part for row in table for part in re.findall(r"[a-z0-9_]+", row[0])}
    keys = {name for row in table for name in names(row[1])} - {"IN_STORE_PICK_UP", "AMAZON_EASY_SHIP"}
    assert tables | keys == policy_keys()


def test_every_policy_key_is_in_the_example() -> None:
    """crossdock.example.toml names each key, commented out or not, and is a policy."""
    assert {key for key in policy_keys() if not re.search(rf"\b{key}\b", read(EXAMPLE))} == set()
    assert [connection.connection_id for connection in load_policy(EXAMPLE).connections] == ["eu"]


def test_example_that_is_installed_is_the_example() -> None:
    """`crossdock init` writes the same file."""
    assert read(SOURCE / "crossdock.example.toml") == read(EXAMPLE)


@pytest.mark.parametrize("block", re.findall(r"^```toml\n(.*?)^```", present(), re.MULTILINE | re.DOTALL))
def test_toml_in_pages_is_a_policy(tmp_path: Path, block: str) -> None:
    """Every crossdock.toml on a page can be read."""
    path = tmp_path / "crossdock.toml"
    path.write_text(block)
    assert [connection.connection_id for connection in load_policy(path).connections] == [
        tomllib.loads(block)["connection"][0]["id"]
    ]


# --- what can be watched


def metrics() -> dict[str, list[str]]:
    """Every metric of the desk and its labels."""
    calls = [
        node for node in ast.walk(ast.parse((SOURCE / "web" / "health.py").read_text())) if isinstance(node, ast.Call)
    ]
    gauges = [
        [ast.literal_eval(argument) for argument in call.args]
        for call in calls
        if getattr(call.func, "id", "") == "gauge"
    ]
    return {f"crossdock_{name}": labels for name, _, *labels in gauges}


def test_every_metric_is_documented() -> None:
    """The table of metrics has each with its labels, and no other."""
    assert {names(row[0])[0]: names(row[1]) for row in rows(OPERATING, "What to watch")} == metrics()


def test_every_event_is_documented() -> None:
    """The table of events has each with its fields, and no other."""
    assert {names(row[0])[0]: set(names(row[1])) for row in rows(OPERATING, "Events")} == EVENTS


def test_every_routine_is_documented() -> None:
    """The table of routines has each with its interval and its target."""
    told = [(names(row[0])[0], row[1], row[2]) for row in rows(OPERATING, "What runs when")]
    assert told == [
        (routine.name, _span(routine.every.total_seconds()), _span(routine.target_s)) for routine in ROUTINES
    ]


def _span(seconds: float) -> str:
    return f"{seconds / 3600:g} h" if seconds >= 3600 else f"{seconds / 60:g} min"


@pytest.mark.parametrize(
    ("heading", "fields"), [("Fields on the order", ORDER_FIELDS), ("Fields on a line", LINE_FIELDS)]
)
def test_every_field_is_in_the_glossary(heading: str, fields: Any) -> None:
    """Each custom field with its type, and whether it is erased, in the order in which it is created."""
    told = [(names(row[0])[0], row[1], "erased" in row[2]) for row in rows(TOP / "docs" / "glossary.md", heading)]
    assert told == [(field.name, field.type, field.personal) for field in fields]


# --- cases


def test_gallery_is_what_is_generated(request: pytest.FixtureRequest) -> None:
    """docs/cases.md says what the catalogue says; `make golden` writes it anew."""
    page = TOP / "docs" / "cases.md"
    if request.config.getoption("--golden"):
        page.write_text(gallery(), encoding="utf-8")
    assert page.read_text(encoding="utf-8") == gallery()


def test_every_kind_has_an_example() -> None:
    """A kind of case without an example, or an example without its kind, fails here."""
    assert EXAMPLES.keys() == {kind.code for kind in ALL_CASE_KINDS}


@pytest.mark.parametrize("kind", sorted(EXAMPLES))
def test_example_shows_its_case(stage: Stage, database: Database, kind: str) -> None:
    """Playing an example opens a case of its kind."""
    assert kind in play(EXAMPLES[kind], scene_of(kind, stage), database)


def test_every_kind_spoken_of_exists() -> None:
    """No page names a kind of case that is not in the catalogue."""
    told = set(re.findall(r"`((?:order|record|connection|stock)\.[a-z_]+)`", present()))
    spans_of_fields = {
        f"connection.{table}" for table in ("orders", "stock", "amazon", "commercetools")
    } | EVENTS.keys()
    assert told - spans_of_fields - {kind.code for kind in ALL_CASE_KINDS} == set()


# --- the house


def test_every_target_is_documented() -> None:
    """The table in CONTRIBUTING has each target of the Makefile; every `make` on a page is one of them."""
    targets = set(re.findall(r"^([a-z-]+):.*## ", (TOP / "Makefile").read_text(), re.MULTILINE))
    told = set(re.findall(r"\bmake ([a-z][a-z-]*)", code()))
    listed = {word.removeprefix("make ") for row in rows(TOP / "CONTRIBUTING.md", "Commands") for word in names(row[0])}
    assert listed == targets
    assert told - targets == set()


def test_map_of_the_house_has_every_room() -> None:
    """The docstring of the package names every room and module at its top, and no other."""
    here = {
        f"{path.name}/" if path.is_dir() else path.name for path in SOURCE.iterdir() if not path.name.startswith("__p")
    }
    table = "\n".join(line for line in (crossdock.__doc__ or "").splitlines() if line.startswith("    "))
    told = set(re.findall(r"(?<![\w/])([a-z_]+(?:\.py|/))(?=[\s`])", table))
    assert told == {name for name in here if name.endswith((".py", "/"))} - {"__init__.py"}


def test_package_exports_nothing() -> None:
    """Its `__init__` is the map and nothing else."""
    assert len(ast.parse((SOURCE / "__init__.py").read_text()).body) == 1


def test_every_decision_is_listed() -> None:
    """ARCHITECTURE lists each page of docs/decisions with its number, without gaps."""
    pages = sorted(path.name for path in (TOP / "docs" / "decisions").glob("*.md"))
    listed = re.findall(r"\[(\d+)\]\(docs/decisions/(.+?)\)", read(TOP / "ARCHITECTURE.md"))
    assert listed == [(str(number), page) for number, page in enumerate(pages, 1)]
    assert [int(page[:4]) for page in pages] == list(range(1, len(pages) + 1))


def test_every_dependency_has_its_reason() -> None:
    """Each package the product needs is named in docs/decisions."""
    project = tomllib.loads((TOP / "pyproject.toml").read_text())["project"]
    extras = [line for lines in project["optional-dependencies"].values() for line in lines]
    declared = [*project["dependencies"], *extras]
    reasons = "\n".join(read(page) for page in (TOP / "docs" / "decisions").glob("*.md")).lower()
    packages = {re.split(r"[^\w-]", line)[0] for line in declared}
    assert {name for name in packages if name.replace("jinja2", "jinja").replace("-pool", "") not in reasons} == set()


def test_every_measurement_is_documented() -> None:
    """docs/benchmarks.md has each figure a measurement prints."""
    printed = re.search(r"figures = \{(.*?)\n    \}", read(TOP / "bench" / "orders.py"), re.DOTALL)
    assert printed is not None, "bench/orders.py prints no figures"
    figures = set(re.findall(r'"(\w+)": ', printed.group(1)))
    assert {
        names(row[0])[0] for row in rows(TOP / "docs" / "benchmarks.md", "Orders a second: `make bench-orders`")
    } == figures


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(TOP)))
def test_links_resolve(page: Path) -> None:
    """Every link within the checkout leads to a file, and to a heading where it names one."""
    text = re.sub(r"^```.*?^```", "", read(page), flags=re.MULTILINE | re.DOTALL)
    targets = [target for target in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in target]
    assert [target for target in targets if not _leads_somewhere(page, target)] == []


def _leads_somewhere(page: Path, target: str) -> bool:
    where, _, anchor = target.partition("#")
    path = (page.parent / where).resolve() if where else page
    return path.exists() and (
        not anchor or anchor in {_slug(line) for line in re.findall(r"^#+ (.+)$", read(path), re.MULTILINE)}
    )


def _slug(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def test_files_spoken_of_exist() -> None:
    """Every path of the checkout between backticks is there."""
    told = set(
        re.findall(
            r"`((?:src|tests|bench|docs|flows|domain|engine|amazon|commercetools|store|web|twin)/[\w./-]+)`", present()
        )
    )
    assert [
        path for path in told if not (TOP / path).exists() and not (SOURCE / path).exists() and "NAME" not in path
    ] == []


def test_changelog_has_what_is_not_released_on_top() -> None:
    """Keep a Changelog: the first section is what comes next."""
    assert re.findall(r"^## (.+)$", read(TOP / "CHANGELOG.md"), re.MULTILINE)[0] == "[Unreleased]"
