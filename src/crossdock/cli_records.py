"""`crossdock orders` and `crossdock cases`: one function a command; no logic."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from itertools import islice
from typing import Annotated, Any

import typer

from crossdock import backfill
from crossdock.app import App
from crossdock.console import (
    EXIT_NEEDS_PERSON,
    AsJson,
    Connection,
    DryRun,
    Limit,
    cell,
    out,
    say,
    show,
    show_rehearsal,
    table,
    teller,
)
from crossdock.domain.case import Owner
from crossdock.domain.case_kinds import ALL_CASE_KINDS, CASE_KINDS
from crossdock.domain.desk import CaseFilter, CaseRow, OrderFilter, OrderRow, OrderSheet
from crossdock.domain.ids import AmazonOrderId
from crossdock.domain.timeline import State
from crossdock.errors import ConfigError
from crossdock.joined import INGEST, Joined
from crossdock.rehearsal import Rehearsed, rehearse_orders, unreadable_order
from crossdock.start_up import now, open_app
from crossdock.store.records import claimed_units
from crossdock.store.sheets import find_case, find_cases, find_order, find_orders

orders_cli = typer.Typer(no_args_is_help=True, help="Orders: list, show, import, claims.")
cases_cli = typer.Typer(no_args_is_help=True, help="Cases, what needs a person: list, show, retry, kinds.")

# Retrying every case of one kind at once: more than this is an incident, and its cause comes first.
RETRY_MAX = 1000


def chosen(app: App, connection: str) -> list[Joined]:
    """The connection named, or all of them."""
    return [app.joined[app.policy.connection(connection).connection_id]] if connection else list(app.joined.values())


def ids_of(app: App, connection: str) -> list[str]:
    """Their ids."""
    return [joined.connection_id for joined in chosen(app, connection)]


@orders_cli.command("list")
def orders_list(
    connection: Connection = "",
    *,
    state: Annotated[State | None, typer.Option(help="Only orders in this state.")] = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """List orders, the newest first."""
    with open_app() as app:
        rows = list(islice(_all_orders(app, ids_of(app, connection), OrderFilter(state=state)), limit))
    columns = ["order", "by", "on Amazon", "state", "connection: reason"]
    cells = [(r.record_id, r.fulfilled_by, r.status, r.state, f"{r.connection_id}: {r.reason}") for r in rows]
    show(
        rows,
        as_json=as_json,
        people=lambda: out.print(
            table(f"{len(rows)} orders", columns, cells) if rows else "No orders: `crossdock run` fetches them."
        ),
    )


@orders_cli.command("show")
def orders_show(order_id: str, connection: Connection = "", *, as_json: AsJson = False) -> None:
    """Show one order: its state and why, its cases and its timeline."""
    with open_app() as app:
        found = (find_order(app.database, app.connection_ids, name, order_id) for name in ids_of(app, connection))
        sheet = next((sheet for sheet in found if sheet is not None), None)
    if sheet is None:
        raise ConfigError([f"{order_id}: not in the inbox; `crossdock orders import {order_id}` fetches it"])
    show(sheet, as_json=as_json, people=lambda: _print_sheet(sheet))


@orders_cli.command("import")
def orders_import(
    order_id: Annotated[str, typer.Argument(help="One Amazon order id.")] = "",
    connection: Connection = "",
    *,
    since: Annotated[datetime | None, typer.Option(help="Back-fill: orders bought from this day (UTC) on.")] = None,
    until: Annotated[datetime | None, typer.Option(help="Back-fill: up to this day (UTC), not included.")] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Although it was imported before and deleted in commercetools.")
    ] = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Import one order now, or back-fill a stretch of time. --dry-run prints the exact drafts and cases."""
    if bool(order_id) == bool(since):
        raise ConfigError(["orders import: give one order id, or --since (and --until), not both"])
    if (until and not since) or (again and since):
        raise ConfigError(["orders import: --until belongs to --since, and --again to one order id"])
    with open_app() as app:
        joined = chosen(app, connection)
        if since is not None:
            window = backfill.window(since, until, now())
            rows = [
                row
                for one in joined
                for row in backfill.run(one, window, now(), dry_run=dry_run, tell=teller(silent=as_json))
            ]
        else:
            rows = [
                row
                for one in joined
                if (row := _import_one(one, AmazonOrderId(order_id), again=again, dry_run=dry_run))
            ]
    if not rows and order_id:
        raise ConfigError(
            [f"{order_id}: Amazon does not know this order in {', '.join(one.connection_id for one in joined)}"]
        )
    show_rehearsal(rows, as_json=as_json)
    if not dry_run and any(row.state == State.CASE for row in rows):
        raise typer.Exit(EXIT_NEEDS_PERSON)


@orders_cli.command("claims")
def orders_claims(connection: Connection = "", *, as_json: AsJson = False) -> None:
    """List units Amazon has sold and commercetools has not taken off yet, by SKU: FBM orders that wait, Pending ones too."""
    with open_app() as app:
        rows = [
            row | {"connection_id": name}
            for name in ids_of(app, connection)
            for row in claimed_units(app.database, name, INGEST)
        ]
    cells = [(row["units"], row["orders"], f"{row['connection_id']}: {row['seller_sku']}") for row in rows]
    show(
        rows,
        as_json=as_json,
        people=lambda: out.print(
            table("Claimed units", ["units", "orders", "SKU"], cells) if rows else "Nothing is claimed."
        ),
    )


@cases_cli.command("list")
def cases_list(
    connection: Connection = "",
    *,
    owner: Annotated[str, typer.Option(help="Only this owner's.")] = "",
    kind: Annotated[str, typer.Option(help="Only this kind, as in order.unknown_sku.")] = "",
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """List open cases, the nearest deadline first."""
    _check_kind(kind)
    with open_app() as app:
        owners = {*Owner, *app.policy.owners.values()}
        if owner and owner not in owners:
            raise ConfigError([f"--owner: {owner!r} is nobody's name here; owners are {', '.join(sorted(owners))}"])
        rows = list(islice(_all_cases(app, ids_of(app, connection), CaseFilter(owner or None, kind or None)), limit))
    columns = ["case", "record", "deadline", "at stake", "kind, for whom"]
    cells = [(r.case_id, r.record_id, r.deadline, r.at_stake, f"{r.kind}, {r.owner}") for r in rows]
    show(
        [_told(row) for row in rows],
        as_json=as_json,
        people=lambda: out.print(table(f"{len(rows)} open cases", columns, cells) if rows else "No open cases."),
    )


@cases_cli.command("show")
def cases_show(case_id: int, *, as_json: AsJson = False) -> None:
    """Show one case: what it means, who looks at it, the first step, what closes it."""
    with open_app() as app:
        told = _told(_case(app, case_id))
    show(told, as_json=as_json, people=lambda: say("\n".join(f"{name}: {cell(value)}" for name, value in told.items())))


@cases_cli.command("retry")
def cases_retry(
    case_id: Annotated[int, typer.Argument(help="One case; none with --kind, which retries all of a kind.")] = 0,
    *,
    kind: Annotated[str, typer.Option(help="All open cases of this kind.")] = "",
    as_json: AsJson = False,
) -> None:
    """Take the record of a case up again, now."""
    if bool(case_id) == bool(kind):
        raise ConfigError(["cases retry: give one case number, or --kind, not both"])
    _check_kind(kind)
    with open_app() as app:
        rows = (
            [_case(app, case_id)]
            if case_id
            else list(islice(_all_cases(app, app.connection_ids, CaseFilter(kind=kind)), RETRY_MAX))
        )
        for joined in app.joined.values():
            mine = [row.record_id for row in rows if row.connection_id == joined.connection_id]
            if mine:
                joined.inbox.wake(mine, now())
                joined.drain()
        closed = [
            row.case_id
            for row in rows
            if (after := find_case(app.database, app.connection_ids, row.case_id)) and after.closed_at
        ]
    show(
        {"retried": len(rows), "closed": closed},
        as_json=as_json,
        people=lambda: say(f"{len(rows)} retried, {len(closed)} closed."),
    )
    if len(closed) < len(rows):
        raise typer.Exit(EXIT_NEEDS_PERSON)


@cases_cli.command("kinds")
def cases_kinds(*, as_json: AsJson = False) -> None:
    """List every kind of case, its owner and its first step."""
    cells = [(kind.code, kind.owner, kind.title, kind.first_step) for kind in ALL_CASE_KINDS]
    columns = ["code", "owner", "title", "first step"]
    show(
        ALL_CASE_KINDS, as_json=as_json, people=lambda: out.print(table(f"{len(cells)} kinds of case", columns, cells))
    )


def _all_orders(app: App, connection_ids: list[str], wanted: OrderFilter) -> Iterator[OrderRow]:
    while rows := find_orders(app.database, connection_ids, wanted):
        yield from rows
        wanted = replace(wanted, after=rows[-1].position())


def _all_cases(app: App, connection_ids: list[str], wanted: CaseFilter) -> Iterator[CaseRow]:
    while rows := find_cases(app.database, connection_ids, wanted):
        yield from rows
        wanted = replace(wanted, after=rows[-1].position())


def _check_kind(kind: str) -> None:
    if kind and kind not in CASE_KINDS:
        raise ConfigError([f"--kind: {kind!r} is no kind of case; `crossdock cases kinds` lists them"])


def _case(app: App, case_id: int) -> CaseRow:
    row = find_case(app.database, app.connection_ids, case_id)
    if row is None:
        raise ConfigError([f"case {case_id}: there is none; `crossdock cases list` lists the open ones"])
    return row


def _told(row: CaseRow) -> dict[str, Any]:
    """A case with what the catalogue says of its kind."""
    kind = CASE_KINDS[row.kind]
    return {
        "case_id": row.case_id,
        "connection_id": row.connection_id,
        "record_id": row.record_id,
        "kind": row.kind,
        "title": kind.title,
        "owner": row.owner,
        "deadline": row.deadline,
        "at_stake": str(row.at_stake) if row.at_stake else None,
        "facts": dict(row.facts),
        "meaning": kind.meaning,
        "first_step": kind.first_step,
        "closes_when": kind.closes_when,
        "opened_at": row.opened_at,
        "closed_at": row.closed_at,
    }


def _import_one(joined: Joined, order_id: AmazonOrderId, *, again: bool, dry_run: bool) -> Rehearsed | None:
    if dry_run:
        read = joined.amazon.get(order_id, with_recipient=False)
        if read is None:
            return None
        return rehearse_orders(joined, [read.order], now())[0] if read.order else unreadable_order(read)
    if not joined.import_one(order_id, again=again):
        return None
    joined.drain()
    return backfill.state_of(joined, order_id)


def _print_sheet(sheet: OrderSheet) -> None:
    row = sheet.row
    say(f"{row.record_id}  {row.fulfilled_by}  {row.status} on Amazon  {cell(row.total)}")
    say(f"{row.state}: {row.reason}" + (f", looked at again {cell(row.due_at)}" if row.due_at else ""))
    say(f"commercetools: {sheet.link.order_number}" if sheet.link else "not in commercetools")
    for case in sheet.cases:
        say(f"case {case.case_id}: {case.kind}, {case.owner}, by {cell(case.deadline)}")
        say(f"  first step: {CASE_KINDS[case.kind].first_step}")
    for line in sheet.history:
        say(f"  {cell(line.at)}  {line.event.code}  {cell(dict(line.event.facts))}")
