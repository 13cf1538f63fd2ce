"""`crossdock bank`: one function a command; no logic."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from crossdock.cli_books import finances_of
from crossdock.console import EXIT_NEEDS_PERSON, AsJson, Connection, Limit, print_table, say, show
from crossdock.domain.finance_desk import BankRow
from crossdock.domain.money import Money
from crossdock.errors import ConfigError, DataError
from crossdock.joined_bank import JoinedBank
from crossdock.start_up import open_app
from crossdock.statements.xml_tree import SIZE_MAX

bank_cli = typer.Typer(no_args_is_help=True, help="The bank: import statements, list what is open.")

COUNTS = ("lines", "pending", "amazon", "new", "matched", "unmatched", "open")


@bank_cli.command("import")
def bank_import(
    files: Annotated[list[Path], typer.Argument(help="Bank statements: CAMT.053 (XML), or CSV as the policy has it.")],
    connection: Connection = "",
    *,
    as_json: AsJson = False,
) -> None:
    """Match bank statements with payouts and card charges. Only Amazon's lines are kept; a statement given twice does nothing."""
    missing = [f"{file}: is no file that can be read" for file in files if not file.is_file()]
    if missing:
        raise ConfigError(missing)
    with open_app() as app:
        [finance] = finances_of(app, connection, one=True)
        bank = finance.bank
        done = [_import(bank, file) for file in files]
    cells = [(each["file"], *(each.get(name, "") for name in COUNTS), _said(each)) for each in done]
    columns = ["file", "lines", "not booked", "Amazon's", "new", "matched", "unmatched", "open", "cases"]
    show(done, as_json=as_json, people=lambda: print_table(f"{len(done)} statements", columns, cells))
    if any(each["problem"] or each["cases"] for each in done):
        raise typer.Exit(EXIT_NEEDS_PERSON)


@bank_cli.command("list")
def bank_list(
    connection: Connection = "",
    *,
    closed: Annotated[bool, typer.Option("--closed", help="Those that nothing is open of, too.")] = False,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """List payouts and card charges that the bank has not closed, the newest first, each with its age."""
    with open_app() as app:
        rows = [
            row
            for bank in [finance.bank for finance in finances_of(app, connection)]
            for row in bank.rows()
            if row.open or closed
        ]
    rows = sorted(rows, key=lambda row: row.on_day, reverse=True)[:limit]
    columns = ["settlement", "what", "day", "Amazon", "bank", "open", "days", "lines", "status"]
    show(
        rows,
        as_json=as_json,
        people=lambda: (
            print_table(f"{len(rows)} payouts and charges", columns, [_cells(row) for row in rows])
            if rows
            else say("Nothing is open: the bank has closed every payout and charge that is booked.")
        ),
    )


def _import(bank: JoinedBank, file: Path) -> dict[str, Any]:
    """One file; what cannot be read is told with line and column, and stops no other."""
    try:
        with file.open("rb") as stream:
            # One byte more than is read at most, so that a larger file is refused as such.
            content = stream.read(SIZE_MAX + 1)
        done = bank.import_statement(content, file.name)
    except DataError as fault:
        return {"file": str(file), "problem": str(fault), "cases": []}
    cases = [{"kind": case.kind, **case.facts} for case in done.cases]
    return {"file": str(file), "problem": "", **asdict(done), "cases": cases}


def _said(told: dict[str, Any]) -> str:
    cases = [", ".join(f"{name} {value}" for name, value in case.items()) for case in told["cases"]]
    return told["problem"] or "; ".join(cases)


def _cells(row: BankRow) -> tuple[object, ...]:
    amounts = (str(Money(amount, row.currency)) for amount in (row.amount, row.arrived, row.open))
    age = "" if row.age_days is None else row.age_days
    return (row.settlement_id, row.kind, row.on_day, *amounts, age, row.lines, row.status)
