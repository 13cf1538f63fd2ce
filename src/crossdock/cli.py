"""The commands, one function each; no logic. Every command has `--json`; errors say what, where, and what to do.

Exit codes: 0 done; 1 done, and something needs a person; 2 wrong use or wrong settings; 3 a platform or the database did not answer; 130 interrupted.
"""

from __future__ import annotations

import json
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from importlib import metadata
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.live import Live
from rich.table import Table

from crossdock import backfill, checkup, events
from crossdock.app import App, now, open_app, write_master_key
from crossdock.demo import CONNECTION, Demo, live, open_demo, progress
from crossdock.desk_server import serve_desk
from crossdock.domain.case_kinds import ALL_CASE_KINDS
from crossdock.domain.ids import AmazonOrderId
from crossdock.errors import ConfigError, CrossdockError, Rejected, RemoteError, StoreError
from crossdock.joined import Joined
from crossdock.rehearsal import Rehearsed, rehearse_orders, rehearse_run
from crossdock.store import embedded
from crossdock.store.lists import find_order, list_cases, list_orders
from crossdock.twin.both import Twin
from crossdock.twin.merchant import Merchant
from crossdock.twin.serve import serve as serve_the_twin

EXIT_NEEDS_PERSON, EXIT_WRONG_USE, EXIT_UNAVAILABLE, EXIT_INTERRUPTED = 1, 2, 3, 130
DESK_PORT = 8642

cli = typer.Typer(no_args_is_help=True, help="Amazon Seller Central and commercetools, joined.", pretty_exceptions_enable=False)
orders_cli = typer.Typer(no_args_is_help=True, help="Orders: list, show, import.")
cases_cli = typer.Typer(no_args_is_help=True, help="Cases: what needs a person.")
twin_cli = typer.Typer(no_args_is_help=True, help="Both platforms, simulated, for training and for other clients.")
cli.add_typer(orders_cli, name="orders")
cli.add_typer(cases_cli, name="cases")
cli.add_typer(twin_cli, name="twin")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on standard output.")]
Connection = Annotated[str, typer.Option("--connection", help="Only this connection; all of them without it.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print what would happen, exactly, and write nothing.")]
Limit = Annotated[int, typer.Option(min=1, max=1000, help="At most so many rows.")]

out = Console()
err = Console(stderr=True)


def main() -> None:
    """Run a command and turn its fault into a sentence and an exit code."""
    try:
        cli()
    except ConfigError as fault:
        _fail(fault.problems, EXIT_WRONG_USE)
    except (RemoteError, StoreError) as fault:
        _fail([str(fault)], EXIT_UNAVAILABLE)
    except CrossdockError as fault:
        _fail([str(fault)], EXIT_NEEDS_PERSON)
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)


@cli.callback(invoke_without_command=True)
def root(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    """Print the version, or go on to the command."""
    events.configure()
    if version:
        typer.echo(f"crossdock {metadata.version('crossdock')}")
        raise typer.Exit


@cli.command()
def demo(
    *,
    port: Annotated[int, typer.Option(help="Port of the desk on this machine.")] = DESK_PORT,
    seconds: Annotated[float, typer.Option(help="Stop by itself after so long; 0 runs until Ctrl-C.")] = 0.0,
    as_json: AsJson = False,
) -> None:
    """Both platforms simulated, a worker and the desk: orders arrive while you look. Ctrl-C ends it."""
    stop = _stop_on_signals()
    if as_json or not out.is_terminal:
        events.configure()
    else:
        events.silence()
    with open_demo() as shown:
        threads = [
            threading.Thread(target=shown.app.work, args=(stop, {CONNECTION: shown.queue}), daemon=True),
            threading.Thread(target=live, args=(shown, stop), daemon=True),
        ]
        for thread in threads:
            thread.start()
        with serve_desk(shown.app, "127.0.0.1", port) as address:
            _watch(shown, address, stop, seconds, as_json=as_json)
        stop.set()
        for thread in threads:
            thread.join(timeout=30)


@cli.command()
def init(
    folder: Annotated[Path, typer.Argument(help="Where crossdock.toml goes.")] = Path(), *, as_json: AsJson = False
) -> None:
    """Write a crossdock.toml to fill in, and make the master key that seals buyers' data."""
    target = folder / "crossdock.toml"
    if target.exists():
        raise ConfigError([f"{target}: exists already; nothing was changed"])
    example = Path(__file__).parent / "crossdock.example.toml"
    target.write_text(example.read_text(encoding="utf-8"), encoding="utf-8")
    data_dir = embedded.default_data_dir()
    data_dir.mkdir(parents=True, exist_ok=True)
    key = write_master_key(data_dir)
    result = {"policy": str(target), "master_key_file": str(key)}
    steps = [
        f"1. Fill in {target}: every key is explained there.",
        "2. Set the secrets it names in the environment, or as files.",
        f"3. Keep a copy of {key} apart from the database: without it sealed addresses cannot be opened.",
        "4. crossdock check, then crossdock provision, then crossdock run --dry-run.",
    ]
    _show(result, as_json, lambda: out.print("\n".join(steps), highlight=False))


@cli.command()
def check(connection: Connection = "", *, as_json: AsJson = False) -> None:
    """Look at roles and scopes on both sides, and say what will not work."""
    findings: list[checkup.Finding] = []
    with open_app() as app:
        for joined in _chosen(app, connection):
            for finding in checkup.check_connection(joined, now()):
                findings.append(finding)
                if not as_json:
                    _print_finding(finding)
    result = checkup.worst(findings)
    if as_json:
        _print_json(result)
    if not result["ok"]:
        raise typer.Exit(EXIT_NEEDS_PERSON)


@cli.command()
def provision(connection: Connection = "", *, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """Create the types and channels Crossdock needs in commercetools. Repeating is safe."""
    with open_app() as app:
        steps = {joined.connection_id: joined.provision(dry_run=dry_run) for joined in _chosen(app, connection)}
    verb = "would" if dry_run else "did"
    lines = [f"{name}: {verb} {step}" for name, done in steps.items() for step in done] or ["Everything is there already."]
    _show(steps, as_json, lambda: out.print("\n".join(lines), highlight=False))


@cli.command()
def run(connection: Connection = "", *, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """One pass: fetch what changed, bring it into commercetools, erase what is due. For cron, and with --dry-run the rehearsal."""
    with open_app() as app:
        if dry_run:
            rehearsed = [row for joined in _chosen(app, connection) for row in rehearse_run(joined, now())]
            _show_rehearsal(rehearsed, as_json)
            return
        result = {}
        for joined in _chosen(app, connection):
            news = joined.discover()
            report = joined.drain()
            erased, _ = joined.erase()
            result[joined.connection_id] = {
                "news": news,
                "settled": report.settled,
                "put_back": report.put_back,
                "cases": report.cases,
                "erased": len(erased),
            }
    table = _table("One pass", ["connection", "news", "settled", "put back", "cases", "erased"])
    for name, row in result.items():
        table.add_row(name, *(str(value) for value in row.values()))
    _show(result, as_json, lambda: out.print(table))
    if any(row["cases"] for row in result.values()):
        raise typer.Exit(EXIT_NEEDS_PERSON)


@cli.command()
def work(*, as_json: AsJson = False) -> None:
    """Work until stopped: any number of these processes share one database. Events go to standard error as JSON lines."""
    del as_json
    stop = _stop_on_signals()
    with open_app() as app:
        app.work(stop)


@cli.command()
def serve(
    *,
    host: Annotated[str, typer.Option(help="A loopback address; the desk has no sign-in yet.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port on this machine.")] = DESK_PORT,
    as_json: AsJson = False,
) -> None:
    """Serve the desk, read-only, on this machine."""
    stop = _stop_on_signals()
    with open_app() as app, serve_desk(app, host, port) as address:
        _show({"desk": address}, as_json, lambda: out.print(f"The desk is at {address} — Ctrl-C ends it.", highlight=False))
        stop.wait()


@cli.command()
def erase(connection: Connection = "", *, as_json: AsJson = False) -> None:
    """Erase the personal data whose day has come, here and in commercetools; print the certificates."""
    with open_app() as app:
        result = {joined.connection_id: joined.erase()[1] for joined in _chosen(app, connection)}
    lines = [certificate for certificates in result.values() for certificate in certificates] or ["Nothing is due."]
    _show(result, as_json, lambda: out.print("\n".join(lines), highlight=False))


@orders_cli.command("list")
def orders_list(
    connection: Connection = "",
    *,
    state: Annotated[str, typer.Option(help="waiting, in_sync, out_of_scope or case.")] = "",
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """List orders, the newest first."""
    with open_app() as app:
        rows = list_orders(app.database, [joined.connection_id for joined in _chosen(app, connection)], state, limit)
    table = _table(f"{len(rows)} orders", ["connection", "order", "by", "on Amazon", "state", "reason", "bought"])
    for row in rows:
        cells = ("connection_id", "record_id", "fulfilled_by", "status", "state", "reason", "created_at")
        table.add_row(*(_cell(row[name]) for name in cells))
    _show(rows, as_json, lambda: out.print(table if rows else "No orders yet: `crossdock run` fetches them."))


@orders_cli.command("show")
def orders_show(order_id: str, connection: Connection = "", *, as_json: AsJson = False) -> None:
    """Show one order: both sides, its state and why, its cases and its timeline."""
    with open_app() as app:
        found = find_order(app.database, [joined.connection_id for joined in _chosen(app, connection)], order_id)
        if found is None:
            raise ConfigError([f"{order_id}: not in the inbox; `crossdock orders import {order_id}` fetches it"])
    _show(found, as_json, lambda: _print_order(found))


@orders_cli.command("import")
def orders_import(
    order_id: Annotated[str, typer.Argument(help="One Amazon order id.")] = "",
    connection: Connection = "",
    *,
    since: Annotated[datetime | None, typer.Option(help="Back-fill: orders bought from this day (UTC) on.")] = None,
    until: Annotated[datetime | None, typer.Option(help="Back-fill: up to this day (UTC), not included.")] = None,
    again: Annotated[bool, typer.Option("--again", help="Although it was imported before and deleted in commercetools.")] = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Import one order now, or back-fill a stretch of time. --dry-run prints the exact drafts and cases."""
    if bool(order_id) == bool(since):
        raise ConfigError(["orders import: give one order id, or --since (and --until), not both"])
    with open_app() as app:
        chosen = list(_chosen(app, connection))
        if since is not None:
            window = backfill.window(since, until, now())
            rows = [row for joined in chosen for row in backfill.run(joined, window, now(), dry_run=dry_run, tell=_progress(as_json))]
        else:
            rows = [row for joined in chosen if (row := _import_one(joined, AmazonOrderId(order_id), again=again, dry_run=dry_run))]
    if not rows and order_id:
        raise ConfigError([f"{order_id}: Amazon does not know this order in {', '.join(joined.connection_id for joined in chosen)}"])
    _show_rehearsal(rows, as_json)


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
    with open_app() as app:
        rows = list_cases(app.database, [joined.connection_id for joined in _chosen(app, connection)], owner, kind, limit)
    table = _table(f"{len(rows)} open cases", ["case", "kind", "owner", "record", "deadline", "at stake", "facts"])
    for row in rows:
        table.add_row(*(_cell(row[name]) for name in ("case_id", "kind", "owner", "record_id", "deadline", "at_stake", "facts")))
    _show(rows, as_json, lambda: out.print(table if rows else "No open cases."))


@cases_cli.command("show")
def cases_show(case_id: int, *, as_json: AsJson = False) -> None:
    """Show one case: what it means, who looks at it, the first step, what closes it."""
    with open_app() as app:
        row = _case(app, case_id)
    _show(row, as_json, lambda: out.print("\n".join(f"{name}: {_cell(value)}" for name, value in row.items()), highlight=False))


@cases_cli.command("retry")
def cases_retry(
    case_id: Annotated[int, typer.Argument(help="One case; 0 with --kind retries all of a kind.")] = 0,
    *,
    kind: Annotated[str, typer.Option(help="All open cases of this kind.")] = "",
    as_json: AsJson = False,
) -> None:
    """Take the record of a case up again, now."""
    if bool(case_id) == bool(kind):
        raise ConfigError(["cases retry: give one case number, or --kind, not both"])
    with open_app() as app:
        rows = [_case(app, case_id)] if case_id else list_cases(app.database, app.connection_ids, "", kind, 1000)
        for joined in app.joined.values():
            mine = [row["record_id"] for row in rows if row["connection_id"] == joined.connection_id]
            if mine:
                joined.inbox.wake(mine, now())
                joined.drain()
        left = {row["case_id"] for row in list_cases(app.database, app.connection_ids, "", kind, 1000)}
    closed = [row["case_id"] for row in rows if row["case_id"] not in left]
    result = {"retried": len(rows), "closed": closed}
    _show(result, as_json, lambda: out.print(f"{len(rows)} retried, {len(closed)} closed."))
    if len(closed) < len(rows):
        raise typer.Exit(EXIT_NEEDS_PERSON)


@cases_cli.command("kinds")
def cases_kinds(*, as_json: AsJson = False) -> None:
    """List every kind of case, its owner and its first step."""
    rows = [{"code": k.code, "owner": str(k.owner), "title": k.title, "first_step": k.first_step} for k in ALL_CASE_KINDS]
    table = _table(f"{len(rows)} kinds of case", ["code", "owner", "title", "first step"])
    for row in rows:
        table.add_row(*row.values())
    _show(rows, as_json, lambda: out.print(table))


@twin_cli.command("serve")
def twin_serve(
    *, port: Annotated[int, typer.Option(help="Port on this machine; 0 takes a free one.")] = 8700, as_json: AsJson = False
) -> None:
    """Serve both platforms on one loopback port, for training and for other people's clients."""
    twin = Twin()
    account = twin.amazon.add_account()
    project = twin.commercetools.add_project("twin-shop")
    project.add_client("twin", "twin-secret")
    merchant = twin.add_merchant(Merchant(twin.world, account, project))
    merchant.stock_the_shop(20)

    def ready(url: str) -> None:
        told = {
            "url": url,
            "refresh_token": account.refresh_token,
            "client_id": account.client_id,
            "client_secret": account.client_secret,
            "project_key": project.key,
            "ct_client_id": "twin",
            "ct_client_secret": "twin-secret",
            "control": f"{url}/_twin/",
        }
        _show(told, as_json, lambda: out.print("\n".join(f"{name}: {value}" for name, value in told.items()), highlight=False))

    serve_the_twin(twin, port, on_ready=ready)


def _import_one(joined: Joined, order_id: AmazonOrderId, *, again: bool, dry_run: bool) -> Rehearsed | None:
    if dry_run:
        read = joined.amazon.get(order_id, with_recipient=False)
        return rehearse_orders(joined, [read.order], now())[0] if read and read.order else None
    try:
        known = joined.import_one(order_id, again=again)
    except Rejected:
        known = False
    if not known:
        return None
    joined.drain()
    return backfill.state_of(joined, order_id)


def _case(app: App, case_id: int) -> dict[str, Any]:
    row = next((row for row in list_cases(app.database, app.connection_ids, "", "", 1, case_id=case_id)), None)
    if row is None:
        raise ConfigError([f"case {case_id}: there is none; `crossdock cases list` lists the open ones"])
    return row


def _chosen(app: App, connection: str) -> Iterator[Joined]:
    if not connection:
        yield from app.joined.values()
        return
    yield app.joined[app.policy.connection(connection).connection_id]


def _watch(shown: Demo, address: str, stop: threading.Event, seconds: float, *, as_json: bool) -> None:
    """Progress until told to stop: a live table for a terminal, JSON lines for a program, one line a change for a log."""
    deadline = time.monotonic() + seconds if seconds else float("inf")
    said: dict[str, Any] = {}
    with _live_table(enabled=out.is_terminal and not as_json) as draw:
        while not stop.is_set() and time.monotonic() < deadline:
            seen = progress(shown)
            row = {"on_amazon": seen.on_amazon, "fbm_imported": seen.fbm_imported, "fba_imported": seen.fba_imported, "desk": address}
            if draw is not None:
                draw(row)
            elif row != said:
                _show(row, as_json, lambda row=row: out.print(_demo_line(row), highlight=False))  # type: ignore[misc]
                said = row
            stop.wait(0.5)


@contextmanager
def _live_table(*, enabled: bool) -> Iterator[Callable[[dict[str, Any]], None] | None]:
    if not enabled:
        yield None
        return
    with Live(console=out, refresh_per_second=4) as shown:
        yield lambda row: shown.update(_demo_table(row))


def _demo_line(row: dict[str, Any]) -> str:
    imported = f"{row['fbm_imported']} FBM and {row['fba_imported']} FBA orders in commercetools"
    return f"{row['on_amazon']} orders on Amazon, {imported}; the desk is at {row['desk']}"


def _demo_table(row: dict[str, Any]) -> Table:
    table = _table("Crossdock, joined to a simulated Amazon and commercetools", ["", ""])
    table.show_header = False
    table.add_row("Orders on Amazon", str(row["on_amazon"]))
    table.add_row("FBM in commercetools, to be picked", str(row["fbm_imported"]))
    table.add_row("FBA in commercetools, behind their fence", str(row["fba_imported"]))
    table.add_row("The desk", row["desk"])
    table.caption = "Ctrl-C ends it and leaves nothing behind."
    return table


def _stop_on_signals() -> threading.Event:
    """Ctrl-C and SIGTERM end the work cleanly: running records are finished, the rest stays due."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    return stop


def _progress(as_json: bool) -> Callable[[str], None]:
    return lambda text: None if as_json else err.print(text, highlight=False)


def _show_rehearsal(rows: Sequence[Rehearsed], as_json: bool) -> None:
    def people() -> None:
        for row in rows:
            out.print(f"[bold]{row.order_id}[/]  {row.state}: {row.reason}")
            for case in row.cases:
                out.print(f"  case {case['kind']}: {case['title']} {case['facts'] or ''}", highlight=False, markup=False)
            for name, shown in (("draft", row.draft), ("change", row.change)):
                if shown:
                    out.print(f"  {name}:")
                    out.print_json(data=shown, default=str)
        out.print(f"{len(rows)} orders." if rows else "Nothing to do.")

    _show([row.as_json() for row in rows], as_json, people)


def _print_finding(finding: checkup.Finding) -> None:
    colour = {"ok": "green", "warning": "yellow", "failed": "red"}[finding.verdict]
    out.print(f"[{colour}]{finding.verdict:8}[/] {finding.connection_id}: {finding.what}: ", end="")
    out.print(finding.says, highlight=False, markup=False)


def _print_order(found: dict[str, Any]) -> None:
    for name in ("connection_id", "record_id", "fulfilled_by", "status", "state", "reason", "order_number", "due_at"):
        out.print(f"{name}: {_cell(found[name])}", highlight=False, markup=False)
    for case in found["cases"]:
        out.print(f"case {case['case_id']}: {case['kind']}, {case['owner']}, by {_cell(case['deadline'])}", highlight=False, markup=False)
    for line in found["history"]:
        out.print(f"  {_cell(line['at'])}  {line['code']}  {_cell(line['facts'])}", highlight=False, markup=False)


def _table(title: str, columns: Sequence[str]) -> Table:
    table = Table(title=title, title_justify="left", header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, dict):
        return ", ".join(f"{name} {item}" for name, item in value.items())
    return str(value)


def _show(result: Any, as_json: bool, people: Callable[[], None]) -> None:
    if as_json:
        _print_json(result)
    else:
        people()


def _print_json(result: Any) -> None:
    typer.echo(json.dumps(result, default=_jsonable, ensure_ascii=False))


def _jsonable(value: Any) -> Any:
    return value.isoformat() if isinstance(value, (datetime, date)) else str(value)


def _fail(problems: Sequence[str], code: int) -> None:
    for problem in problems:
        err.print(f"[red]error[/] ", end="")
        err.print(problem, highlight=False, markup=False)
    sys.exit(code)
