"""The rules of the house that a machine can see: each takes one file and answers what breaks it.

A rule is a pure function `(file) -> broken places`, so that it can be shown a few lines that break it. What ruff, mypy
and the import contracts see already is not here.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

PACKAGE = "src/crossdock/"

FUNCTION_LINES_MAX = 49
FILE_LINES_MAX = 300

LONGER_FILES: dict[str, str] = {
    # one subject each, and a reason; everything else is two subjects or too many words
    "src/crossdock/amazon/order_parts.py": "one struct after the other, as Amazon's order is made",
    "src/crossdock/domain/case_kinds.py": "a catalogue: one kind of case after the other",
    "src/crossdock/domain/order_totals.py": "one computation: Amazon's amounts to commercetools', to the cent",
    "src/crossdock/twin/amazon_search.py": "one operation, searchOrders, and its paging",
    "src/crossdock/twin/control.py": "one table of routes and what each does to the world",
    "src/crossdock/twin/purchases.py": "one purchase, from what is bought to the order as Amazon writes it",
}

FORBIDDEN_WORDS = {
    *("util", "utils", "helper", "helpers", "manager", "managers", "service", "services", "handler", "handlers"),
    *("processor", "processors", "base", "common", "misc", "data", "info", "impl"),
}
PHRASES_OF_THE_TRADE = (
    *("personal_data", "data_error", "data_dir", "data_folder"),
    # as the platforms and their clients spell them
    *(
        "base_url",
        "included_data",
        "payment_info",
        "return_info",
        "service_level",
        "shipping_info",
        "sync_info",
        "tracking_data",
    ),
)

AMERICAN = {
    "behavior": "behaviour",
    "behaviors": "behaviours",
    "canceled": "cancelled",
    "canceling": "cancelling",
    "catalog": "catalogue",
    "catalogs": "catalogues",
    "color": "colour",
    "colors": "colours",
    "favor": "favour",
    "fulfill": "fulfil",
    "fulfills": "fulfils",
    "fulfillment": "fulfilment",
    "gray": "grey",
    "honor": "honour",
    "initialize": "initialise",
    "labeled": "labelled",
    "modeled": "modelled",
    "normalize": "normalise",
    "normalized": "normalised",
    "organization": "organisation",
    "recognize": "recognise",
    "serialize": "serialise",
}

FRAMEWORK_BASES = {"Enum", "Flag", "Generic", "IntEnum", "NamedTuple", "Protocol", "StrEnum", "Struct", "TypedDict"}
EXCEPTION_BASE = re.compile(r"(Error|Exception|Warning|Conflict|Rejected|Unauthorized|Unavailable|UnsafePlan)$")

ASYNC_FILES = {"src/crossdock/engine/jobs.py", "src/crossdock/twin/serve.py", "src/crossdock/web/edge.py"}
BROAD_EXCEPT_FILES = {"src/crossdock/engine/attempt.py", "src/crossdock/engine/drain.py"}
CLOCK_FILES = {"src/crossdock/start_up.py"}

# Probabilities and seconds are not money.
FLOAT_FILES = {
    f"{PACKAGE}domain/{name}.py"
    for name in (
        "blind",
        "cover",
        "delays",
        "demand",
        "desk",
        "escrow",
        "evidence",
        "feed",
        "on_sale",
        "outlook",
        "peaks",
        "plan",
        "sellable",
        "stock_look",
    )
}

DEEPER_FOLDERS = ("src/crossdock/store/migrations/", "src/crossdock/web/templates/", "src/crossdock/web/static/")

LOCAL = re.compile(
    r"/work/|/root/|/home/\w|/opt/|/tmp/\w|\bfile://|"
    r"\bpypi\.org|pythonhosted\.org|registry\.\w+\.\w+|(?<!emit-)\b(index-url|find-links)\b"
)
"""Places of one machine, and the hosts packages were fetched from."""


@dataclass(frozen=True)
class File:
    """One file of the checkout: its path from the top, and its text."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """The syntax of a Python file."""
        return ast.parse(self.text)

    @property
    def is_ours(self) -> bool:
        """Whether it is Python of the product, as against tests and tools."""
        return self.path.startswith(PACKAGE) and self.path.endswith(".py")

    @property
    def is_test(self) -> bool:
        """Whether it is Python of the tests."""
        return self.path.startswith("tests/") and self.path.endswith(".py")

    def at(self, line: int, problem: str) -> str:
        """How a broken place is named."""
        return f"{self.path}:{line}: {problem}"


Rule: TypeAlias = Callable[[File], Iterator[str]]
Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef


# --- names


def check_names(file: File) -> Iterator[str]:
    """A module, function or class says what it is, not that it helps, manages, handles or is information."""
    if not (file.is_ours or file.is_test):
        return
    module = file.path.rsplit("/", 1)[-1].removesuffix(".py")
    names = [(1, module)] + [(node.lineno, node.name) for node in ast.walk(file.tree) if isinstance(node, Named)]
    for line, name in names:
        snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
        for phrase in PHRASES_OF_THE_TRADE:
            snake = snake.replace(phrase, "")
        for word in sorted(FORBIDDEN_WORDS.intersection(snake.split("_"))):
            yield file.at(line, f"{name}: `{word}` says nothing")


Named = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


# --- what only some files may do


def check_clock(file: File) -> Iterator[str]:
    """Time comes from a Clock: only the composition root asks the machine."""
    if not file.is_ours or file.path in CLOCK_FILES:
        return
    asks = {("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today"), ("date", "today"), ("time", "time")}
    for node in ast.walk(file.tree):
        if isinstance(node, ast.Attribute):
            owner = node.value.attr if isinstance(node.value, ast.Attribute) else getattr(node.value, "id", "")
            if (owner, node.attr) in asks:
                yield file.at(node.lineno, f"{owner}.{node.attr}: only start_up.py owns the real clock")


def check_broad_except(file: File) -> Iterator[str]:
    """Only the drain, and what runs a routine, catch everything: elsewhere it would hide our own mistakes."""
    if not file.is_ours or file.path in BROAD_EXCEPT_FILES:
        return
    for node in ast.walk(file.tree):
        if isinstance(node, ast.ExceptHandler):
            caught = "everything" if node.type is None else ast.unparse(node.type)
            if re.search(r"\b(everything|Exception|BaseException)\b", caught):
                yield file.at(
                    node.lineno, f"except {caught}: only engine/drain.py and engine/attempt.py have a broad except"
                )


def check_one_colour(file: File) -> Iterator[str]:
    """The code is synchronous, but for the edges whose library leaves no choice."""
    if not file.is_ours or file.path in ASYNC_FILES:
        return
    for node in ast.walk(file.tree):
        if isinstance(node, ast.AsyncFunctionDef | ast.AsyncFor | ast.AsyncWith | ast.Await):
            yield file.at(node.lineno, f"async: only in {', '.join(sorted(ASYNC_FILES))}")


def check_no_float(file: File) -> Iterator[str]:
    """Money is whole minor units: no float exists in the domain, but where probabilities and seconds are weighed."""
    if not file.path.startswith(f"{PACKAGE}domain/") or file.path in FLOAT_FILES:
        return
    for node in ast.walk(file.tree):
        if getattr(node, "id", "") == "float" or isinstance(getattr(node, "value", None), float):
            yield file.at(
                getattr(node, "lineno", 1), "float: the domain counts in whole minor units and exact fractions"
            )


# --- what stands at the top of a file and of a class


def check_imports(file: File) -> Iterator[str]:
    """Imports stand at the top: without cycles nothing has to hide."""
    if not (file.is_ours or file.is_test):
        return
    for node in ast.walk(file.tree):
        if "TYPE_CHECKING" in (getattr(node, "id", ""), getattr(node, "attr", "")):
            yield file.at(getattr(node, "lineno", 1), "TYPE_CHECKING: there is no cycle it would have to hide")
        if isinstance(node, Function):
            for inner in ast.walk(node):
                if isinstance(inner, ast.Import | ast.ImportFrom):
                    yield file.at(inner.lineno, f"import inside {node.name}(): imports stand at the top")


def check_inheritance(file: File) -> Iterator[str]:
    """No inheritance except exceptions; what a framework asks for is no base class of ours."""
    if not file.is_ours:
        return
    for node in ast.walk(file.tree):
        if isinstance(node, ast.ClassDef):
            for base in node.bases:
                name = ast.unparse(base).split("[")[0].rsplit(".", 1)[-1]
                if name not in FRAMEWORK_BASES and not EXCEPTION_BASE.search(name):
                    yield file.at(node.lineno, f"class {node.name}({name}): no inheritance except exceptions")


# --- sizes


def check_function_length(file: File) -> Iterator[str]:
    """A function is read at a glance."""
    if not file.is_ours:
        return
    for node in ast.walk(file.tree):
        if isinstance(node, Function):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > FUNCTION_LINES_MAX:
                yield file.at(node.lineno, f"{node.name}() has {lines} lines; at most {FUNCTION_LINES_MAX}")


def check_file_length(file: File) -> Iterator[str]:
    """A file has one subject; where that needs more room the list above says why."""
    lines = file.text.count("\n")
    if file.is_ours and lines > FILE_LINES_MAX and file.path not in LONGER_FILES:
        yield file.at(lines, f"{lines} lines; at most {FILE_LINES_MAX}, or a reason in LONGER_FILES")


def check_depth(file: File) -> Iterator[str]:
    """Nothing lies deeper than src/crossdock/<room>/<file>.py."""
    inside = file.path.removeprefix(PACKAGE)
    if inside != file.path and inside.count("/") > 1 and not file.path.startswith(DEEPER_FOLDERS):
        yield file.at(1, "deeper than src/crossdock/<room>/<file>.py")


# --- docstrings and prose


def check_docstrings(file: File) -> Iterator[str]:
    """Every module says what it is, and every test what it shows: the list of them is the specification."""
    if not file.path.endswith(".py"):
        return
    if file.text.strip() and not ast.get_docstring(file.tree):
        yield file.at(1, "no docstring: one sentence in the words of the trade")
    for test in _tests(file):
        if not ast.get_docstring(test):
            yield file.at(test.lineno, f"{test.name}() has no sentence that says what it shows")


def check_local(file: File) -> Iterator[str]:
    """The repository speaks of no particular machine and of no registry."""
    for line, text in enumerate(file.text.splitlines(), 1):
        for found in LOCAL.finditer(text):
            yield file.at(line, f"{found.group()}: a place of one machine, or a registry")


def check_spelling(file: File) -> Iterator[str]:
    """One spelling, the British one, in prose; a platform's own word stands in backticks."""
    for line, text in _prose(file):
        for word in re.findall(r"[A-Za-z]+", re.sub(r"`[^`]*`", "", text)):
            if word.lower() in AMERICAN:
                yield file.at(
                    line, f"{word}: we write {AMERICAN[word.lower()]}; a platform's own word stands in backticks"
                )


def _prose(file: File) -> Iterator[tuple[int, str]]:
    """What people read: comments and docstrings of Python, or a page of Markdown outside its code blocks."""
    if file.path.endswith(".md"):
        code = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
        text = code.sub(lambda block: "\n" * block.group().count("\n"), file.text)
        yield from enumerate(text.splitlines(), 1)
    elif file.path.endswith(".py"):
        for token in tokenize.generate_tokens(io.StringIO(file.text).readline):
            if token.type == tokenize.COMMENT:
                yield token.start[0], token.string
        for node in ast.walk(file.tree):
            if isinstance(node, ast.Module | ast.ClassDef | Function) and (docstring := ast.get_docstring(node)):
                yield getattr(node, "lineno", 1), docstring


# --- tests


def check_no_mocks(file: File) -> Iterator[str]:
    """Nothing is patched: a fake used in tests is product code with tests of its own."""
    if not file.is_test:
        return
    for node in ast.walk(file.tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
        names += [getattr(node, "module", None) or "", getattr(node, "arg", None) or "", getattr(node, "attr", "")]
        for name in {"mock", "unittest.mock", "monkeypatch", "mocker", "MagicMock"}.intersection(names):
            yield file.at(getattr(node, "lineno", 1), f"{name}: no mocks, no patching")


def check_no_fixed_sleep(file: File) -> Iterator[str]:
    """A test waits for a condition, with a bound: a sleep outside such a loop is a guess."""
    if not file.is_test:
        return
    loops = [node for node in ast.walk(file.tree) if isinstance(node, ast.While | ast.For)]
    waiting = {id(inner) for loop in loops for inner in ast.walk(loop)}
    for node in ast.walk(file.tree):
        if isinstance(node, ast.Call) and re.search(r"\bsleep$", ast.unparse(node.func)) and id(node) not in waiting:
            yield file.at(node.lineno, "sleep: wait for a condition, with a bound")


def check_flat_tests(file: File) -> Iterator[str]:
    """A test has no loops and no branches: it reads from top to bottom."""
    for test in _tests(file):
        for node in ast.walk(test):
            if isinstance(node, ast.For | ast.While | ast.If | ast.Try | ast.Match):
                yield file.at(node.lineno, f"{test.name}(): no loops or branches in a test")


def _tests(file: File) -> list[Function]:
    if not file.is_test:
        return []
    return [node for node in ast.walk(file.tree) if isinstance(node, Function) and node.name.startswith("test_")]


RULES: list[Rule] = [
    *(check_names, check_clock, check_broad_except, check_one_colour, check_no_float, check_imports, check_inheritance),
    *(check_function_length, check_file_length, check_depth, check_docstrings, check_local, check_spelling),
    *(check_no_mocks, check_no_fixed_sleep, check_flat_tests),
]
