"""How commands speak: tables for people, JSON for programs, one line and an exit code for what went wrong."""

from __future__ import annotations

import dataclasses
import json
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from crossdock.domain.money import Money
from crossdock.errors import ConfigError, CrossdockError, StoreError, Unavailable
from crossdock.rehearsal import Rehearsed
from crossdock.stopping import EXIT_INTERRUPTED as EXIT_INTERRUPTED  # noqa: PLC0414 - the fourth of the exit codes, told with the others

EXIT_NEEDS_PERSON, EXIT_WRONG_USE, EXIT_UNAVAILABLE = 1, 2, 3

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on standard output.")]
Connection = Annotated[str, typer.Option("--connection", help="Only this connection; all of them without it.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print what would happen, exactly, and write nothing.")]
Limit = Annotated[int, typer.Option(min=1, max=1000, help="At most so many rows.")]

# Into a pipe or a file nothing is wrapped: a record is a line, however long.
PIPE_WIDTH = 100_000
# A column of sentences that is narrower than this is no longer read.
TEXT_WIDTH_MIN = 16
# Between two columns.
GAP = 2

# What a terminal would obey or be deceived by instead of showing: control codes, changes of direction, halves of characters.
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def _console(*, stderr: bool) -> Console:
    """Nothing in what is printed is an instruction: no markup, no emoji, no colours of its own finding."""
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else PIPE_WIDTH
    return Console(stderr=stderr, width=width, markup=False, emoji=False, highlight=False)


out = _console(stderr=False)
err = _console(stderr=True)


def plain(text: str) -> str:
    """A text of somebody else's as one line that a terminal shows and does not obey: what is unseen in it is spelt out."""
    return _UNSEEN.sub(_spelt, text)


def _spelt(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode()


def show(result: Any, *, as_json: bool, people: Callable[[], None]) -> None:
    """The result for a program, or what `people` prints."""
    if as_json:
        print_json(result)
    else:
        people()


def print_json(result: Any) -> None:
    """One JSON document on standard output, on one line."""
    text = json.dumps(result, default=_jsonable, ensure_ascii=False)
    # JSON escapes the oldest control codes itself, not the rest of what a terminal obeys.
    typer.echo(_UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text))


def say(*lines: str, style: str = "", to: Console = out) -> None:
    """Each line as it stands: no markup, no highlighting, no wrapping of sentences, addresses and ids."""
    for line in lines:
        to.print(Text(plain(line), style=style), soft_wrap=True)


def say_after(word: str, colour: str, line: str, to: Console = out) -> None:
    """A coloured word and what is to be said after it, on one line."""
    to.print(Text.assemble((word, colour), " ", plain(line)), soft_wrap=True)


def teller(*, silent: bool) -> Callable[[str], None]:
    """Tells progress on standard error, or nothing to a program."""
    return lambda text: None if silent else say(text, to=err)


@dataclass(frozen=True, slots=True)
class Problem:
    """What was in the way of one connection, in words, and the exit code that says so."""

    connection_id: str
    says: str
    code: int


def exit_code(fault: CrossdockError) -> int:
    """3 for what did not answer and may answer later, 1 for what was refused or cannot be read: a person must look."""
    return EXIT_UNAVAILABLE if isinstance(fault, (Unavailable, StoreError)) else EXIT_NEEDS_PERSON


def fail_by_connection(problems: Sequence[Problem]) -> None:
    """Say each with its connection, and end; a platform that did not answer outweighs what waits for a person. None is no end."""
    if problems:
        fail([f"{met.connection_id}: {met.says}" for met in problems], max(met.code for met in problems))


def fail(problems: Sequence[str], code: int) -> None:
    """Say each problem on standard error, and end with this code."""
    for problem in problems:
        say_after("error", "red", problem, to=err)
    sys.exit(code)


def print_table(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], *, texts: int = 1, to: Console = out
) -> None:
    """Rows for people. The last columns (`texts` of them) are sentences and fold; ids, codes and times are never broken.

    Where the screen is too narrow even so, each record is written below the one before, field by field.
    """
    fixed = [
        max(map(cell_len, [name, *(plain(cell(row[n])) for row in rows)])) for n, name in enumerate(columns[:-texts])
    ]
    words = [[word for row in rows for word in plain(cell(row[-n])).split()] for n in range(1, texts + 1)]
    folding = [max(TEXT_WIDTH_MIN, *map(cell_len, [*some, ""])) for some in words]
    if sum(fixed) + sum(folding) + GAP * (len(columns) - 1) <= to.width:
        to.print(table(title, columns, rows, texts=texts))
        return
    say(title, style="bold", to=to)
    for first, *rest in rows:
        say(cell(first), style="bold", to=to)
        for column, value in zip(columns[1:], rest, strict=True):
            say(f"    {column}: {cell(value)}", to=to)


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]] = (), *, texts: int = 1) -> Table:
    """A table whose last columns give way on a narrow screen."""
    drawn = Table(title=title, title_justify="left", header_style="bold", box=box.SIMPLE_HEAD)
    drawn.show_edge = drawn.pad_edge = False
    drawn.padding = (0, GAP - 1, 0, 0)
    for number, column in enumerate(columns):
        is_text = number >= len(columns) - texts
        drawn.add_column(column, no_wrap=not is_text, overflow="fold")
    for row in rows:
        drawn.add_row(*(plain(cell(value)) for value in row))
    return drawn


def cell(value: Any) -> str:
    """A value as people read it."""
    if value is None:
        return "-"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M")
    if isinstance(value, dict):
        return ", ".join(f"{name} {item}" for name, item in value.items())
    return str(value)


def show_rehearsal(rows: Sequence[Rehearsed], *, as_json: bool) -> None:
    """What would become, or became, of each order."""

    def people() -> None:
        for row in rows:
            say_after(plain(row.order_id), "bold", f" {row.state}: {row.reason}")
            for case in row.cases:
                say(f"  case {case['kind']}: {case['title']} {cell(case['facts'])}")
            for name, shown in (("draft", row.draft), ("change", row.change)):
                if shown:
                    text = json.dumps(shown, default=_jsonable, ensure_ascii=False, indent=2)
                    say(f"  {name}:", *text.split("\n"))
        say(f"{len(rows)} orders." if rows else "Nothing to do.")

    show([row.as_json() for row in rows], as_json=as_json, people=people)


def _jsonable(value: Any) -> Any:
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, Money):
        return {"minor_units": value.minor_units, "currency": value.currency}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    return str(value)


def make_folder(to: Path) -> None:
    """The folder is there; ConfigError, naming the option, where it cannot be made."""
    try:
        to.mkdir(exist_ok=True)
    except OSError as fault:
        raise ConfigError([f"--to: {to}: {fault.strerror}"]) from fault
