"""`crossdock stock`, `pause` and `resume`: one function a command; no logic."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import islice
from typing import Annotated, Any

import typer

from crossdock.app import App
from crossdock.cli_records import chosen
from crossdock.console import (
    EXIT_NEEDS_PERSON,
    EXIT_UNAVAILABLE,
    AsJson,
    Connection,
    Limit,
    cell,
    plain,
    print_table,
    say,
    show,
)
from crossdock.domain.case_kinds import CASE_KINDS
from crossdock.domain.desk import HistoryLine, StockFilter, StockRow, StockSheet
from crossdock.domain.ids import SellerSku
from crossdock.domain.timeline import State
from crossdock.engine.drain import BATCHES_MAX, Report
from crossdock.errors import ConfigError
from crossdock.joined import Joined
from crossdock.joined_stock import JoinedStock
from crossdock.start_up import now, open_app
from crossdock.store.stock_sheets import find_sku, find_skus
from crossdock.web.stock_sums import exposure_of, peak_of, sentence_of

stock_cli = typer.Typer(no_args_is_help=True, help="Stock: list, show, push one SKU now.")

Sku = Annotated[str, typer.Argument(help="A seller SKU, spelt as Amazon spells it.")]
# Of what is no SKU, so much is quoted.
SKU_SHOWN = 60


@stock_cli.command("list")
def stock_list(
    connection: Connection = "",
    *,
    state: Annotated[State | None, typer.Option(help="Only SKUs in this state.")] = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """List SKUs, the most exposed first: how many units could be sold twice before Amazon follows."""
    with open_app() as app:
        joined = stocked(app, connection)
        names = [one.connection_id for one, _ in joined]
        rows = list(islice(_all_skus(app, names, StockFilter(state=state)), limit))
        paused = [f"{one.connection_id}: {stock.paused()}" for one, stock in joined if stock.paused()]
    columns = ["SKU", "available", "may list", "listed", "under way", "exposed", "state", "reason"]
    several = len({row.connection_id for row in rows}) > 1

    def people() -> None:
        say(*(f"No quantity is set in {line}" for line in paused), style="yellow")
        if rows:
            print_table(f"{len(rows)} SKUs", columns, [_cells(row, several=several) for row in rows])
        else:
            say("No SKUs." if state else "No SKUs: `crossdock run` looks through all stock.")

    show(rows, as_json=as_json, people=people)


@stock_cli.command("show")
def stock_show(sku: Sku, connection: Connection = "", *, as_json: AsJson = False) -> None:
    """Show one SKU: what may be listed and why, what is sent and not seen, its cases and its timeline."""
    with open_app() as app:
        joined = stocked(app, connection)
        found = (find_sku(app.database, app.connection_ids, one.connection_id, sku) for one, _ in joined)
        sheets = [sheet for sheet in found if sheet is not None] if "\0" not in sku else []
    if not sheets:
        raise ConfigError([f"{_unknown(sku, joined)}; `crossdock stock push` looks at one that is new"])
    show(sheets if len(sheets) > 1 else sheets[0], as_json=as_json, people=lambda: _print_sheets(sheets))


@stock_cli.command("push")
def stock_push(sku: Sku, connection: Connection = "", *, as_json: AsJson = False) -> None:
    """Look at one SKU now, on both sides, and send its quantity if one is to be sent. Repeating is safe."""
    with open_app() as app:
        joined = stocked(app, connection)
        known = [(one, stock) for one, stock in joined if "\0" not in sku and _is_known(one, stock, SellerSku(sku))]
        if not known:
            raise ConfigError([f"{_unknown(sku, joined)}, and no entry in commercetools either"])
        pushed = [_push(app, one, stock, SellerSku(sku)) for one, stock in known]
    show(pushed if len(pushed) > 1 else pushed[0], as_json=as_json, people=lambda: say(*map(_told, pushed)))
    if any(row["not_looked_at"] for row in pushed):
        raise typer.Exit(EXIT_UNAVAILABLE)
    if any(row["state"] == State.CASE for row in pushed):
        raise typer.Exit(EXIT_NEEDS_PERSON)


def pause(
    connection: Connection = "",
    *,
    reason: Annotated[str, typer.Option(help="Why, for whoever looks at a SKU meanwhile.")],
    as_json: AsJson = False,
) -> None:
    """Set no quantity on Amazon any more, not even 0, until `crossdock resume`. Sold units are claimed all the same."""
    if not reason.strip():
        raise ConfigError(["pause: --reason is empty; say why, for whoever looks at a SKU meanwhile"])
    with open_app() as app:
        joined = stocked(app, connection)
        for _, stock in joined:
            stock.pause(reason.strip())
    names = [one.connection_id for one, _ in joined]
    lines = [f"{name}: no quantity is set any more; `crossdock resume` ends it." for name in names]
    show({"paused": names, "reason": reason.strip()}, as_json=as_json, people=lambda: say(*lines))


def resume(connection: Connection = "", *, as_json: AsJson = False) -> None:
    """Set quantities again, and for an hour let go to 0 whatever has to; what was held back goes with the next run."""
    with open_app() as app:
        joined = stocked(app, connection)
        for _, stock in joined:
            stock.resume()
    names = [one.connection_id for one, _ in joined]
    lines = [
        f"{name}: quantities are set again; `crossdock work`, or the next `crossdock run`, sends them."
        for name in names
    ]
    show({"resumed": names}, as_json=as_json, people=lambda: say(*lines))


def stocked(app: App, connection: str) -> list[tuple[Joined, JoinedStock]]:
    """The connection named, or all whose stock is ours; ConfigError where there is none."""
    joined = chosen(app, connection)
    found = [(one, one.stock) for one in joined if one.stock is not None]
    if not found:
        names = ", ".join(one.connection_id for one in joined)
        raise ConfigError(
            [
                f"connection {names}: has no [connection.stock], so quantities on Amazon are left alone; add the table to crossdock.toml"
            ]
        )
    return found


def _all_skus(app: App, connection_ids: Sequence[str], wanted: StockFilter) -> Iterator[StockRow]:
    while rows := find_skus(app.database, connection_ids, wanted):
        yield from rows
        wanted = replace(wanted, after=rows[-1].position())


def _is_known(joined: Joined, stock: JoinedStock, sku: SellerSku) -> bool:
    """Whether it was ever looked at, or commercetools has stock of it."""
    return bool(stock.inbox.known([sku])) or bool(
        stock.inventory.read([joined.policy.orders.commerce_sku(sku)]).entries
    )


def _unknown(sku: str, joined: list[tuple[Joined, JoinedStock]]) -> str:
    names = ", ".join(one.connection_id for one, _ in joined)
    shown = f"{plain(sku[:SKU_SHOWN])}…" if len(sku) > SKU_SHOWN else plain(sku)
    return f"“{shown}”: no such SKU in {names}; SKUs are spelt as Amazon spells them"


def _push(app: App, joined: Joined, stock: JoinedStock, sku: SellerSku) -> dict[str, Any]:
    """Look at it, and say what was decided and why. `not_looked_at`: why it was not, where it was not."""
    asked_at = now()
    stock.look_at([sku])
    report = stock.drain(batches=BATCHES_MAX)
    sheet = find_sku(app.database, app.connection_ids, joined.connection_id, sku)
    assert sheet is not None, "it was just put in the inbox"
    sent = next((line.event.facts for line in sheet.history if _is_set_since(line, asked_at)), {})
    return {
        "connection_id": joined.connection_id,
        "seller_sku": sku,
        "state": sheet.row.state,
        "reason": sheet.row.reason,
        "sent": int(sent["quantity"]) if sent else None,
        "says": sentence_of(sheet),
        "view": sheet.row.view,
        "not_looked_at": _why_not(report, sheet, asked_at),
    }


def _is_set_since(line: HistoryLine, at: datetime) -> bool:
    return line.event.code == "stock.sent" and line.at >= at


def _why_not(report: Report, sheet: StockSheet, asked_at: datetime) -> str:
    if report.busy:
        return "a worker is at it and takes it up within seconds; `crossdock stock show` tells what came of it"
    if report.paused is not None:
        return f"{report.paused}"
    if sheet.row.changed_at < asked_at or (sheet.attempts and sheet.row.state == State.WAITING):
        return f"put back, and looked at again {cell(sheet.row.due_at)}"
    return ""


def _told(row: dict[str, Any]) -> str:
    """What a push came to, in one line."""
    if row["not_looked_at"]:
        return f"{row['connection_id']}: not looked at yet: {row['not_looked_at']}"
    sent = f"Sent {row['sent']}." if row["sent"] is not None else f"Nothing was sent: {row['reason']}."
    return f"{row['connection_id']}: {sent} {row['says']}"


def _cells(row: StockRow, *, several: bool) -> tuple[Any, ...]:
    view = row.view
    exposed = f"{row.exposure} ({view.probability * 100:.2g} %)" if view and row.exposure else row.exposure
    return (
        row.seller_sku,
        view.available if view else None,
        view.sellable if view and row.listed is not None else None,
        row.listed,
        view.under_way if view else None,
        exposed,
        row.state,
        f"{row.connection_id}: {row.reason}" if several else row.reason,
    )


def _print_sheets(sheets: list[StockSheet]) -> None:
    for sheet in sheets:
        row, view = sheet.row, sheet.row.view
        say(f"{row.seller_sku}  {row.connection_id}")
        say(f"{row.state}: {row.reason}" + (f", looked at again {cell(row.due_at)}" if row.due_at else ""))
        say(sentence_of(sheet))
        if view and row.listed is not None:
            under_way = "".join(
                f", {name.replace('_', ' ')} {units}"
                for name in ("under_way", "overdue")
                if (units := getattr(view, name)) is not None
            )
            say(
                f"listed {row.listed}, hold {view.hold}{under_way}; claimed {view.claims}, kept back in the shop {view.covered}",
                exposure_of(view),
            )
            say(*filter(None, [peak_of(view, now())]))
        for case in sheet.cases:
            say(f"case {case.case_id}: {case.kind}, {case.owner}, {'closed' if case.closed_at else 'open'}")
            if not case.closed_at:
                say(f"  first step: {CASE_KINDS[case.kind].first_step}")
        for line in sheet.history:
            say(f"  {cell(line.at)}  {line.event.code}  {cell(dict(line.event.facts))}")
