"""How commands speak: tables for people, JSON for programs, one line and an exit code for what went wrong."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from crossdock.domain.money import Money
from crossdock.rehearsal import Rehearsed

EXIT_NEEDS_PERSON, EXIT_WRONG_USE, EXIT_UNAVAILABLE, EXIT_INTERRUPTED = 1, 2, 3, 130

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on standard output.")]
Connection = Annotated[str, typer.Option("--connection", help="Only this connection; all of them without it.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print what would happen, exactly, and write nothing.")]
Limit = Annotated[int, typer.Option(min=1, max=1000, help="At most so many rows.")]

out = Console()
err = Console(stderr=True)


def show(result: Any, *, as_json: bool, people: Callable[[], None]) -> None:
    """The result for a program, or what `people` prints."""
    if as_json:
        print_json(result)
    else:
        people()


def print_json(result: Any) -> None:
    """One JSON document on standard output."""
    typer.echo(json.dumps(result, default=_jsonable, ensure_ascii=False))


def say(text: str) -> None:
    """A line as it stands: no markup, no highlighting, no wrapping of addresses and ids."""
    out.print(text, highlight=False, markup=False, soft_wrap=True)


def teller(*, silent: bool) -> Callable[[str], None]:
    """Tells progress on standard error, or nothing to a program."""
    return lambda text: None if silent else err.print(text, highlight=False)


def fail(problems: Sequence[str], code: int) -> None:
    """Say each problem on standard error, and end with this code."""
    for problem in problems:
        err.print("[red]error[/] ", end="")
        err.print(problem, highlight=False, markup=False, soft_wrap=True)
    sys.exit(code)


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]] = ()) -> Table:
    """A table whose last column gives way on a narrow screen: ids and times are never broken."""
    drawn = Table(title=title, title_justify="left", header_style="bold")
    for column in columns[:-1]:
        drawn.add_column(column, no_wrap=True)
    drawn.add_column(columns[-1], overflow="fold")
    for row in rows:
        drawn.add_row(*(cell(value) for value in row))
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
            out.print(f"[bold]{row.order_id}[/]  {row.state}: {row.reason}")
            for case in row.cases:
                say(f"  case {case['kind']}: {case['title']} {cell(case['facts'])}")
            for name, shown in (("draft", row.draft), ("change", row.change)):
                if shown:
                    say(f"  {name}:")
                    out.print_json(data=shown, default=str)
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
