"""`crossdock cases`: one function a command; no logic."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import Annotated, Any

import typer

from crossdock.app import App
from crossdock.cli_records import ids_of
from crossdock.console import EXIT_NEEDS_PERSON, AsJson, Connection, Limit, cell, print_table, say, show
from crossdock.domain.case import Owner
from crossdock.domain.case_kinds import ALL_CASE_KINDS, CASE_KINDS
from crossdock.domain.desk import CaseFilter, CaseRow
from crossdock.domain.ids import SellerSku
from crossdock.engine.drain import BATCHES_MAX
from crossdock.engine.schedule import INGEST, MATCH, PUSH
from crossdock.errors import ConfigError
from crossdock.joined import Joined
from crossdock.start_up import now, open_app
from crossdock.store.cases import resolve_case
from crossdock.store.sheets import find_case, find_cases

cases_cli = typer.Typer(no_args_is_help=True, help="Cases, what needs a person: list, show, retry, resolve, kinds.")

# Retrying every case of one kind at once: more than this is an incident, and its cause comes first.
RETRY_MAX = 1000
# Letters of what was done.
BECAUSE_MAX = 200


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
    columns = ["case", "record", "kind", "deadline", "at stake", "owner"]
    cells = [(r.case_id, r.record_id, r.kind, r.deadline, r.at_stake, r.owner) for r in rows]
    show(
        [_told(row) for row in rows],
        as_json=as_json,
        people=lambda: print_table(f"{len(rows)} open cases", columns, cells) if rows else say("No open cases."),
    )


@cases_cli.command("show")
def cases_show(case_id: int, *, as_json: AsJson = False) -> None:
    """Show one case: what it means, who looks at it, the first step, what closes it."""
    with open_app() as app:
        told = _told(_case(app, case_id))
    show(told, as_json=as_json, people=lambda: say(*(f"{name}: {cell(value)}" for name, value in told.items())))


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
            _retry(joined, [row for row in rows if row.connection_id == joined.connection_id])
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


@cases_cli.command("resolve")
def cases_resolve(
    case_id: Annotated[int, typer.Argument(help="One case that a person closes; `cases show` says so.")],
    because: Annotated[str, typer.Option(help="What was done, in one line; it is kept.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Close a case that no check closes, once it has been dealt with."""
    if not because.strip() or not because.isprintable() or len(because) > BECAUSE_MAX:
        raise ConfigError([f"--because: is needed, in one line of at most {BECAUSE_MAX} letters"])
    with open_app() as app:
        row = _case(app, case_id)
        if not CASE_KINDS[row.kind].by_person:
            raise ConfigError([f"case {case_id}: {row.kind} closes by itself, when {CASE_KINDS[row.kind].closes_when}"])
        closed = resolve_case(app.database, row, because.strip(), now())
    said = f"Case {case_id} is closed." if closed else f"Case {case_id} was closed before."
    show({"case_id": case_id, "closed": closed}, as_json=as_json, people=lambda: say(said))


@cases_cli.command("kinds")
def cases_kinds(*, as_json: AsJson = False) -> None:
    """List every kind of case, its owner and its first step."""
    cells = [(kind.code, kind.owner, kind.title, kind.first_step) for kind in ALL_CASE_KINDS]
    columns = ["code", "owner", "title", "first step"]
    show(
        ALL_CASE_KINDS,
        as_json=as_json,
        people=lambda: print_table(f"{len(cells)} kinds of case", columns, cells, texts=2),
    )


def _retry(joined: Joined, rows: list[CaseRow]) -> None:
    """Each record in the inbox of its own flow."""
    orders = [row.record_id for row in rows if row.flow == INGEST]
    skus = [SellerSku(row.record_id) for row in rows if row.flow == PUSH]
    if orders:
        joined.inbox.wake(orders, now())
        joined.drain()
    if skus and joined.stock is not None:
        joined.stock.store.want_reading(skus)
        joined.stock.inbox.wake(skus, now())
        joined.stock.drain(batches=BATCHES_MAX)
    paid = [row.record_id for row in rows if row.flow == MATCH]
    if paid and joined.payments is not None:
        joined.payments.inbox.wake(paid, now())
        joined.payments.drain()


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
