"""`crossdock settlements`: one function a command; no logic."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from crossdock.cli_books import finances_of, with_settlement
from crossdock.cli_money import bars_of, print_bridge, print_order_money
from crossdock.console import EXIT_NEEDS_PERSON, AsJson, Connection, Limit, make_folder, print_table, say, show
from crossdock.domain.finance_desk import EntryRow, SettlementListRow
from crossdock.domain.ids import SettlementId
from crossdock.domain.ledger import COLUMNS
from crossdock.domain.money import Money
from crossdock.errors import ConfigError, DataError
from crossdock.flows.reconcile_settlements import Reconciled
from crossdock.joined_finance import JoinedFinance
from crossdock.policy_finance import DEFAULT_CHART, shipped_chart
from crossdock.start_up import open_app
from crossdock.store.order_money import find_order_money
from crossdock.store.settlement_sheets import find_settlement

settlements_cli = typer.Typer(
    no_args_is_help=True, help="Settlements, Amazon's payouts: list, show, import, accept, export, certificate."
)

Settlement = Annotated[str, typer.Argument(help="A settlement id, as Amazon has it.", metavar="SETTLEMENT")]
SAID = {
    "booked": "booked",
    "unchanged": "booked before, nothing changed",
    "same_rows": "other bytes, the same rows as are booked: nothing changed",
    "held": "NOT booked: its rows do not add up to its total",
    "differs": "NOT booked: it is booked already with other rows",
    "foreign": "NOT booked: its orders are another seller's",
    "unreadable": "NOT booked: it cannot be read",
    "absent": "NOT booked: it is no file that can be opened",
}
_DAY = ["%Y-%m-%d"]
_FIRST_DAY, _LAST_DAY = datetime(1995, 7, 16, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)
FINE = {"booked", "unchanged", "same_rows"}


@settlements_cli.command("import")
def settlements_import(
    files: Annotated[list[Path], typer.Argument(help="Settlement reports: flat file V2 or archived V1, gzip or not.")],
    connection: Connection = "",
    *,
    any_seller: Annotated[bool, typer.Option(help="Book it although none of its orders is known here.")] = False,
    as_json: AsJson = False,
) -> None:
    """Bring settlement files into the books, each once. A file that leaves a doubt is a case, and the others go on."""
    with open_app() as app:
        [finance] = finances_of(app, connection, one=True)
        done = [_import(finance, file, any_seller=any_seller) for file in files]
    columns = ["file", "settlement", "what became of it", "cases"]
    cells = [(each["file"], each["settlement_id"], _said(each), len(each["cases"])) for each in done]
    show(done, as_json=as_json, people=lambda: print_table(f"{len(done)} files", columns, cells, texts=1))
    if any(each["outcome"] not in FINE or each["cases"] for each in done):
        raise typer.Exit(EXIT_NEEDS_PERSON)


@settlements_cli.command("list")
def settlements_list(connection: Connection = "", *, limit: Limit = 50, as_json: AsJson = False) -> None:
    """List settlements, the newest first: period, total, and whether anything is open."""
    with open_app() as app:
        rows = [row for finance in finances_of(app, connection) for row in finance.sheets.settlements(limit)]
    rows = sorted(rows, key=lambda row: row.ends_at, reverse=True)[:limit]
    columns = ["settlement", "from", "to", "total", "rows", "in suspense", "state", "cases", "chain"]
    show(
        rows,
        as_json=as_json,
        people=lambda: (
            print_table(f"{len(rows)} settlements", columns, [_cells(row) for row in rows])
            if rows
            else say(
                "No settlements: `crossdock settlements import` takes files, and reports are fetched by themselves."
            )
        ),
    )


@settlements_cli.command("show")
def settlements_show(
    settlement: Settlement,
    connection: Connection = "",
    *,
    bridge: Annotated[bool, typer.Option("--bridge", help="From sales to the payout, step by step, instead.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show one settlement: its entries line by line, debits and credits."""
    with open_app() as app:
        finance = with_settlement(app, connection, settlement)
        sheet = find_settlement(app.database, [finance.connection_id], finance.connection_id, settlement)
    assert sheet is not None, "a settlement that was there is not"
    if bridge:
        show(bars_of(sheet), as_json=as_json, people=lambda: print_bridge(sheet))
        return
    columns = ["entry", "day", "account", "marketplace", "tax", "debit", "credit", "rows"]
    lines = [_line(each) for each in sheet.entries]
    show(sheet.entries, as_json=as_json, people=lambda: print_table(f"Settlement {settlement}", columns, lines))


@settlements_cli.command("order")
def settlements_order(
    order: Annotated[str, typer.Argument(help="An Amazon order id.", metavar="ORDER")],
    connection: Connection = "",
    *,
    as_json: AsJson = False,
) -> None:
    """Show one order's money over all settlements: sold, refunded, fees, what is left, and each row."""
    with open_app() as app:
        ids = [finance.connection_id for finance in finances_of(app, connection)]
        found = [money for each in ids if (money := find_order_money(app.database, ids, each, order)) is not None]
    if not found:
        raise ConfigError([f"{order[:40]!a}: no settlement here has an order of this id, such as 302-1234567-1234567"])
    show(found, as_json=as_json, people=lambda: print_order_money(found))


@settlements_cli.command("accept")
def settlements_accept(
    settlement: Settlement,
    difference: Annotated[str, typer.Option(help="The exact difference, as the case names it, such as -60.57.")],
    reason: Annotated[str, typer.Option(help="Why: stands in the certificate.")],
    connection: Connection = "",
    *,
    as_json: AsJson = False,
) -> None:
    """Take the difference between a settlement's rows and its total into suspense, and book it."""
    with open_app() as app:
        finance = with_settlement(app, connection, settlement)
        done = finance.accept(SettlementId(settlement), difference, reason)
    show(_told(settlement, done), as_json=as_json, people=lambda: say(f"{settlement}: {SAID[done.outcome]}"))


@settlements_cli.command("export")
def settlements_export(
    target: Annotated[
        str, typer.Option(help="The ledger: beancount, csv, datev, intacct, netsuite, quickbooks, sage50, xero.")
    ],
    settlements: Annotated[list[str] | None, typer.Argument(help="Only these settlements; all without.")] = None,
    *,
    to: Annotated[Path, typer.Option(help="A folder for the files.")] = Path(),
    since: Annotated[datetime, typer.Option(help="The first day of entries.", formats=_DAY)] = _FIRST_DAY,
    until: Annotated[datetime, typer.Option(help="The last day of entries.", formats=_DAY)] = _LAST_DAY,
    connection: Connection = "",
    currency: Annotated[str, typer.Option(help="Only entries in this currency, such as EUR.")] = "",
    again: Annotated[bool, typer.Option(help="Entries that were exported before, too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write entries as files for your ledger, each read again before it is handed over; entries that were exported before are left out."""
    make_folder(to)
    with open_app() as app:
        [finance] = finances_of(app, connection, one=True)
        for settlement in settlements or ():
            with_settlement(app, connection, settlement)
        done = finance.exports.export(
            target,
            since=since.date(),
            until=until.date(),
            settlements=settlements or (),
            currency=currency,
            again=again,
        )
        taken = [to / file.name for file in done.files if (to / file.name).exists()]
        if taken:
            raise ConfigError([f"--to: {path} exists already; nothing was written" for path in taken])
        for file in done.files:
            (to / file.name).write_bytes(file.content)
        finance.exports.gone(target, done)
    told = {"files": [str(to / file.name) for file in done.files], "entries": len(done.entries)}
    nothing = "No entries of these days" + (
        "." if again else " that were not exported before; `--again` writes them once more."
    )
    show(
        told,
        as_json=as_json,
        people=lambda: (
            say(f"{len(done.entries)} entries", *(str(to / file.name) for file in done.files))
            if done.files
            else say(nothing)
        ),
    )


@settlements_cli.command("ledger")
def settlements_ledger(*, as_json: AsJson = False) -> None:
    """Print a table of all accounts to fill in with the numbers of your ledger."""
    accounts = shipped_chart().chart.accounts.values()
    rows = [",".join(COLUMNS), *(f'{account.key},*,*,,"{account.name}",' for account in accounts)]
    show(rows, as_json=as_json, people=lambda: typer.echo("\n".join(rows)))


@settlements_cli.command("units")
def settlements_units(
    month: Annotated[datetime, typer.Option(help="A month, such as 2026-10.", formats=["%Y-%m"])],
    connection: Connection = "",
    *,
    as_json: AsJson = False,
) -> None:
    """Units sold and refunded in a month, by SKU, as settlements tell them: for those who book the cost of goods."""
    with open_app() as app:
        rows = [
            {"connection_id": finance.connection_id} | row._asdict()
            for finance in finances_of(app, connection)
            for row in finance.sheets.units(month.date())
        ]
    columns = ["connection_id", "sku", "sold", "refunded"]
    show(
        rows,
        as_json=as_json,
        people=lambda: (
            print_table(
                f"{month:%Y-%m}", ["connection", *columns[1:]], [[row[name] for name in columns] for row in rows]
            )
            if rows
            else say("No units: no settlement that is booked tells of goods sold or refunded in that month.")
        ),
    )


@settlements_cli.command("chart")
def settlements_chart(*, as_json: AsJson = False) -> None:
    """Print the shipped mapping of labels to accounts, as a file to begin one of your own from."""
    text = DEFAULT_CHART.read_text(encoding="utf-8")
    show({"chart": text}, as_json=as_json, people=lambda: typer.echo(text, nl=False))


@settlements_cli.command("certificate")
def settlements_certificate(
    settlement: Settlement,
    to: Annotated[Path, typer.Option(help="A folder for the certificates and files.")] = Path(),
    connection: Connection = "",
    *,
    as_json: AsJson = False,
) -> None:
    """Write the certificate of a settlement, those before it, and the files as received: what `crossdock-verify` reads."""
    make_folder(to)
    with open_app() as app:
        written = with_settlement(app, connection, settlement).write_audit(settlement, to)
    show(
        [str(path) for path in written],
        as_json=as_json,
        people=lambda: say(*map(str, written), "", f"crossdock-verify {to}"),
    )


def _import(finance: JoinedFinance, file: Path, *, any_seller: bool) -> dict[str, Any]:
    """One file; what cannot be read is told with line and column, and stops no other."""
    try:
        with file.open("rb") as stream:
            return _told(str(file), finance.import_file(stream, file.name, any_seller=any_seller))
    except OSError as fault:
        return {"file": str(file), "settlement_id": "", "outcome": "absent", "cases": [{"what": str(fault.strerror)}]}
    except DataError as fault:
        case = {"kind": "settlement.unreadable", "where": fault.where, "what": fault.what}
        return {"file": str(file), "settlement_id": "", "outcome": "unreadable", "cases": [case]}


def _told(file: str, done: Reconciled) -> dict[str, Any]:
    cases = [{"kind": case.kind, **case.facts} for case in done.cases]
    return {"file": file, "settlement_id": done.settlement_id, "outcome": done.outcome, "cases": cases}


def _said(told: dict[str, Any]) -> str:
    detail = [", ".join(f"{name} {value}" for name, value in case.items()) for case in told["cases"]]
    return "; ".join([SAID[told["outcome"]], *detail])


def _cells(row: SettlementListRow) -> tuple[object, ...]:
    total, suspense = Money(row.total, row.currency), Money(row.suspense, row.currency)
    how = "off by" if row.state == "held" else "accepted"
    held = f" ({how} {Money(row.difference, row.currency)})" if row.difference else ""
    return (
        row.settlement_id,
        f"{row.starts_at:%Y-%m-%d}",
        f"{row.ends_at:%Y-%m-%d}",
        str(total),
        row.rows,
        str(suspense) if suspense else "",
        row.state + held,
        row.cases or "",
        row.chain,
    )


def _line(row: EntryRow) -> tuple[object, ...]:
    amount = str(Money(abs(row.debit), row.currency))
    return (
        row.entry_id,
        row.on_day,
        row.account,
        row.marketplace,
        row.treatment,
        amount if row.debit > 0 else "",
        amount if row.debit < 0 else "",
        row.rows or "",
    )
