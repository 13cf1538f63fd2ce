"""What commands print of other people's texts: as it stands, on a line of its own, and never obeyed."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from collections.abc import Callable

import pytest
from rich.console import Console

from crossdock import console
from tests.commands.operators import Desk

HOSTILE = "MUG[/red] [bold]x[/] :smile: \x1b[2J \x9b2J \u202e \udcff \n \r"
SHOWN = r"MUG[/red] [bold]x[/] :smile: \x1b[2J \x9b2J \u202e \udcff \n \r"


def printed(prints: Callable[[Console], None], width: int) -> list[str]:
    """The lines that a terminal of this width is given."""
    screen = Console(file=io.StringIO(), width=width, markup=False, emoji=False, highlight=False)
    prints(screen)
    assert isinstance(screen.file, io.StringIO)
    return [line.rstrip() for line in screen.file.getvalue().splitlines()]


@pytest.mark.parametrize("width", [80, 100_000])
def test_markup_and_control_codes_in_a_table_are_shown(width: int) -> None:
    """A SKU may look like markup or hold what a terminal obeys: it is shown, whole, beside its order."""
    rows = [("302-1234567-1234567", HOSTILE)]
    lines = printed(lambda to: console.print_table("Orders", ["order", "SKU"], rows, to=to), width)
    assert " ".join(line[21:].strip() for line in lines[3:]) == SHOWN


def test_hostile_line_stays_one_line() -> None:
    """A text with line breaks and control codes cannot write a line of its own or move the cursor."""
    assert printed(lambda to: console.say(HOSTILE, to=to), 40) == [SHOWN]


def test_json_is_one_line_that_no_terminal_obeys() -> None:
    """--json escapes what JSON itself would let through, and reads back as it was."""
    command = f"from crossdock.console import print_json; print_json({HOSTILE!a})"
    told = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, check=True).stdout
    assert told.count("\n") == 1
    assert told.isprintable() or told.rstrip("\n").isprintable()
    assert json.loads(told) == HOSTILE


def test_last_column_folds_at_eighty_columns() -> None:
    """On a narrow screen a sentence is folded between words, and ids, codes and times are whole."""
    row = ("302-1234567-1234567", "FBM", "PARTIALLY_SHIPPED", "out_of_scope", "bought before the day imports begin")
    lines = printed(
        lambda to: console.print_table("Orders", ["order", "by", "on Amazon", "state", "reason"], [row], to=to), 80
    )
    assert [line[60:] for line in lines[3:]] == ["ought before the day", "mports begin"]
    assert max(map(len, lines)) <= 80


def test_record_that_does_not_fit_is_written_field_by_field() -> None:
    """Where not even a folded sentence fits, no column is squeezed to nothing: each field has its line."""
    row = ("order.personal_data_masked", "customer_service", "Amazon masks the address of an order to ship")
    lines = printed(lambda to: console.print_table("Kinds", ["code", "owner", "title"], [row], to=to), 50)
    assert lines == ["Kinds", row[0], f"    owner: {row[1]}", f"    title: {row[2]}"]


def test_into_a_pipe_a_record_is_a_line(desk: Desk) -> None:
    """Nothing is wrapped into a pipe: no record is broken, and no sentence."""
    desk.run("run")
    listed = desk.run("orders", "list").stdout.splitlines()
    kinds = desk.run("cases", "kinds").stdout
    assert [line for line in listed[3:] if not re.match(r"\d{3}-\d{7}-\d{7}  F", line)] == []
    assert listed[0].strip() == f"{len(listed) - 3} orders"
    assert "or map it under [connection.orders.sku_aliases] in crossdock.toml, then retry the case." in kinds
