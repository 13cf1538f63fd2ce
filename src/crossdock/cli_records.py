"""`crossdock orders`: one function a command; no logic. And which connections any command is about."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from itertools import islice
from typing import Annotated, TypeVar

import typer

from crossdock import backfill
from crossdock.app import App
from crossdock.console import (
    EXIT_NEEDS_PERSON,
    AsJson,
    Connection,
    DryRun,
    Limit,
    Problem,
    cell,
    exit_code,
    plain,
    print_table,
    say,
    show,
    show_rehearsal,
    teller,
)
from crossdock.domain.case_kinds import CASE_KINDS
from crossdock.domain.desk import OrderFilter, OrderRow, OrderSheet
from crossdock.domain.ids import AmazonOrderId
from crossdock.domain.timeline import State
from crossdock.engine.schedule import INGEST
from crossdock.errors import ConfigError, DataError, RemoteError, StoreError
from crossdock.joined import Joined
from crossdock.rehearsal import Rehearsed, rehearse_orders, unreadable_order
from crossdock.start_up import now, open_app
from crossdock.store.claims import claimed_units
from crossdock.store.sheets import find_order, find_orders

T = TypeVar("T")

orders_cli = typer.Typer(no_args_is_help=True, help="Orders: list, show, import, claims.")

# As Amazon spells them; what is none is not asked for, neither here nor there.
ORDER_ID = re.compile(r"[A-Z0-9]{3}-\d{7}-\d{7}", re.ASCII)
# Of what is no id, so much is quoted.
ID_SHOWN = 40
BY = {"MERCHANT": "FBM", "AMAZON": "FBA"}


def chosen(app: App, connection: str) -> list[Joined]:
    """The connection named, or all of them."""
    return [app.joined[app.policy.connection(connection).connection_id]] if connection else list(app.joined.values())


def for_each(app: App, connection: str, act: Callable[[Joined], T]) -> tuple[dict[str, T], list[Problem]]:
    """What `act` answers by connection, and what was in the way: what one connection meets stops no other. Our database is everybody's."""
    done: dict[str, T] = {}
    problems: list[Problem] = []
    for joined in chosen(app, connection):
        try:
            done[joined.connection_id] = act(joined)
        except (RemoteError, DataError, StoreError) as fault:
            problems.append(Problem(joined.connection_id, str(fault), exit_code(fault)))
            if isinstance(fault, StoreError):
                break
    return done, problems


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
    columns = ["order", "by", "on Amazon", "state", "reason"]
    several = len({row.connection_id for row in rows}) > 1
    cells = [
        (
            r.record_id,
            BY.get(r.fulfilled_by, r.fulfilled_by),
            r.status,
            r.state,
            f"{r.connection_id}: {r.reason}" if several else r.reason,
        )
        for r in rows
    ]
    show(
        rows,
        as_json=as_json,
        people=lambda: (
            print_table(f"{len(rows)} orders", columns, cells)
            if rows
            else say("No orders: `crossdock run` fetches them.")
        ),
    )


@orders_cli.command("show")
def orders_show(order_id: str, connection: Connection = "", *, as_json: AsJson = False) -> None:
    """Show one order: its state and why, its cases and its timeline."""
    order_id = _order_id("orders show", order_id)
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
    if order_id:
        order_id = _order_id("orders import", order_id)
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
    cells = [(row["units"], row["orders"], row["connection_id"], row["seller_sku"]) for row in rows]
    show(
        rows,
        as_json=as_json,
        people=lambda: (
            print_table("Claimed units", ["units", "orders", "connection", "SKU"], cells)
            if rows
            else say("Nothing is claimed.")
        ),
    )


def _all_orders(app: App, connection_ids: list[str], wanted: OrderFilter) -> Iterator[OrderRow]:
    while rows := find_orders(app.database, connection_ids, wanted):
        yield from rows
        wanted = replace(wanted, after=rows[-1].position())


def _order_id(command: str, text: str) -> AmazonOrderId:
    """An id as it was typed or pasted; ConfigError for what cannot be one."""
    order_id = text.strip()
    if ORDER_ID.fullmatch(order_id):
        return AmazonOrderId(order_id)
    shown = f"{plain(order_id[:ID_SHOWN])}…" if len(order_id) > ID_SHOWN else plain(order_id)
    problem = f"“{shown}” is no Amazon order id" if order_id else "no order id was given"
    raise ConfigError([f"{command}: {problem}; one looks like 302-1234567-1234567"])


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
