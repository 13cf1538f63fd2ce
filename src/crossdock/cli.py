"""The commands, one function each; no logic. Every command has `--json`; errors say what, where, and what to do.

Exit codes: 0 done; 1 done, and something needs a person; 2 wrong use or wrong settings; 3 a platform or the database did not answer; 130 interrupted.
"""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.live import Live
from rich.table import Table

from crossdock import checkup, events
from crossdock.cli_records import cases_cli, chosen, orders_cli
from crossdock.console import (
    EXIT_INTERRUPTED,
    EXIT_NEEDS_PERSON,
    EXIT_UNAVAILABLE,
    EXIT_WRONG_USE,
    AsJson,
    Connection,
    DryRun,
    fail,
    out,
    print_json,
    say,
    show,
    show_rehearsal,
    table,
)
from crossdock.demo import CONNECTION, Demo, live, open_demo, progress, selling_shop
from crossdock.desk_server import serve_desk
from crossdock.errors import ConfigError, CrossdockError, RemoteError, StoreError
from crossdock.rehearsal import rehearse_run
from crossdock.start_up import now, open_app, write_master_key
from crossdock.store import embedded
from crossdock.twin.serve import serve as serve_the_twin

DESK_PORT = 8642

cli = typer.Typer(
    no_args_is_help=True, help="Amazon Seller Central and commercetools, joined.", pretty_exceptions_enable=False
)
twin_cli = typer.Typer(no_args_is_help=True, help="Both platforms, simulated, for training and for other clients.")
cli.add_typer(orders_cli, name="orders")
cli.add_typer(cases_cli, name="cases")
cli.add_typer(twin_cli, name="twin")


def main() -> None:
    """Run a command and turn its fault into a sentence and an exit code; asked to end, end in order, so that our own database stops too."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(EXIT_INTERRUPTED))
    try:
        cli()
    except ConfigError as fault:
        fail(fault.problems, EXIT_WRONG_USE)
    except (RemoteError, StoreError) as fault:
        fail([str(fault)], EXIT_UNAVAILABLE)
    except CrossdockError as fault:
        fail([str(fault)], EXIT_NEEDS_PERSON)
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)


@cli.callback(invoke_without_command=True)
def root(*, version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    """Print the version, or go on to the command."""
    events.configure()
    if version:
        typer.echo(f"crossdock {metadata.version('crossdock')}")
        raise typer.Exit


@cli.command()
def demo(
    *,
    port: Annotated[int, typer.Option(help="Port of the desk on this machine.", min=0, max=65535)] = DESK_PORT,
    seconds: Annotated[float, typer.Option(help="Stop by itself after so long; 0 runs until Ctrl-C.", min=0)] = 0.0,
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
    if not folder.is_dir():
        raise ConfigError([f"{folder}: is no folder; make it first"])
    target.write_bytes((Path(__file__).parent / "crossdock.example.toml").read_bytes())
    key = write_master_key(embedded.default_data_dir())
    result = {"policy": str(target), "master_key_file": str(key)}
    steps = [
        f"1. Fill in {target}: every key is explained there.",
        "2. Set the secrets it names in the environment, or as files.",
        f"3. Keep a copy of {key} apart from the database: without it sealed addresses cannot be opened.",
        "4. crossdock check, then crossdock provision, then crossdock run --dry-run.",
    ]
    show(result, as_json=as_json, people=lambda: say("\n".join(steps)))


@cli.command()
def check(connection: Connection = "", *, as_json: AsJson = False) -> None:
    """Look at roles and scopes on both sides, and say what will not work."""
    findings: list[checkup.Finding] = []
    with open_app() as app:
        for joined in chosen(app, connection):
            for finding in checkup.check_connection(joined, now()):
                findings.append(finding)
                if not as_json:
                    _print_finding(finding)
    result = checkup.worst(findings)
    if as_json:
        print_json(result)
    if not result["ok"]:
        raise typer.Exit(EXIT_NEEDS_PERSON)


@cli.command()
def provision(connection: Connection = "", *, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """Create the types and channels Crossdock needs in commercetools. Repeating is safe."""
    with open_app() as app:
        steps = {joined.connection_id: joined.provision(dry_run=dry_run) for joined in chosen(app, connection)}
    verb = "would" if dry_run else "did"
    lines = [f"{name}: {verb} {step}" for name, done in steps.items() for step in done] or [
        "Everything is there already."
    ]
    show(steps, as_json=as_json, people=lambda: say("\n".join(lines)))


@cli.command()
def run(connection: Connection = "", *, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """One pass: fetch what changed, import it, run the checks that are due, erase what is due. For cron; with --dry-run the rehearsal."""
    with open_app() as app:
        if dry_run:
            rehearsed = [row for joined in chosen(app, connection) for row in rehearse_run(joined, now())]
            show_rehearsal(rehearsed, as_json=as_json)
            return
        result = {joined.connection_id: app.one_pass(joined) for joined in chosen(app, connection)}
    columns = ["connection", "news", "settled", "put back", "cases", "erased"]
    rows = [(name, *row.values()) for name, row in result.items()]
    show(result, as_json=as_json, people=lambda: out.print(table("One pass", columns, rows)))
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
    port: Annotated[int, typer.Option(help="Port on this machine.", min=0, max=65535)] = DESK_PORT,
    as_json: AsJson = False,
) -> None:
    """Serve the desk, read-only, on this machine."""
    stop = _stop_on_signals()
    with open_app() as app, serve_desk(app, host, port) as address:
        show({"desk": address}, as_json=as_json, people=lambda: say(f"The desk is at {address} — Ctrl-C ends it."))
        stop.wait()


@cli.command()
def erase(connection: Connection = "", *, as_json: AsJson = False) -> None:
    """Erase the personal data whose day has come, here and in commercetools; print the certificates."""
    with open_app() as app:
        result = {joined.connection_id: joined.erase()[1] for joined in chosen(app, connection)}
    lines = [certificate for certificates in result.values() for certificate in certificates] or ["Nothing is due."]
    show(result, as_json=as_json, people=lambda: say("\n".join(lines)))


@twin_cli.command("serve")
def twin_serve(
    *,
    port: Annotated[int, typer.Option(help="Port on this machine; 0 takes a free one.", min=0, max=65535)] = 8700,
    orders: Annotated[int, typer.Option(help="Orders of the last day to begin with.", min=0, max=10_000)] = 60,
    seed: Annotated[int, typer.Option(help="Another seed, another day.")] = 1,
    as_json: AsJson = False,
) -> None:
    """Serve both platforms on one loopback port, for training and for other people's clients."""
    twin, account, project, _ = selling_shop(seed, orders)

    def ready(url: str) -> None:
        told = {
            "url": url,
            "refresh_token": account.refresh_token,
            "client_id": account.client_id,
            "client_secret": account.client_secret,
            "project_key": project.key,
            "seller_id": account.seller_id,
            "ct_client_id": "demo",
            "ct_client_secret": "demo-secret",
            "control": f"{url}/_twin/",
        }
        show(told, as_json=as_json, people=lambda: say("\n".join(f"{name}: {value}" for name, value in told.items())))

    try:
        serve_the_twin(twin, port, on_ready=ready)
    except OSError as fault:
        raise ConfigError([f"--port: {port} cannot be used: {fault.strerror}; give another one"]) from fault


def _watch(shown: Demo, address: str, stop: threading.Event, seconds: float, *, as_json: bool) -> None:
    """Progress until told to stop: a live table for a terminal, JSON lines for a program, one line a change for a log."""
    deadline = time.monotonic() + seconds if seconds else float("inf")
    said: dict[str, Any] = {}
    with _live_table(enabled=out.is_terminal and not as_json) as draw:
        while not stop.is_set() and time.monotonic() < deadline:
            seen = progress(shown)
            row = {
                "on_amazon": seen.on_amazon,
                "fbm_imported": seen.fbm_imported,
                "fba_imported": seen.fba_imported,
                "desk": address,
            }
            if draw is not None:
                draw(row)
            elif row != said:
                show(row, as_json=as_json, people=lambda row=row: say(_demo_line(row)))  # type: ignore[misc]
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
    rows = [
        ("Orders on Amazon", row["on_amazon"]),
        ("FBM in commercetools, to be picked", row["fbm_imported"]),
        ("FBA in commercetools, behind their fence", row["fba_imported"]),
        ("The desk", row["desk"]),
    ]
    drawn = table("Crossdock, joined to a simulated Amazon and commercetools", ["", ""], rows)
    drawn.show_header = False
    drawn.caption = "Ctrl-C ends it and leaves nothing behind."
    return drawn


def _stop_on_signals() -> threading.Event:
    """Ctrl-C and SIGTERM end the work cleanly: running records are finished, the rest stays due."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    return stop


def _print_finding(finding: checkup.Finding) -> None:
    colour = {"ok": "green", "warning": "yellow", "failed": "red"}[finding.verdict]
    out.print(f"[{colour}]{finding.verdict:8}[/] ", end="")
    say(f"{finding.connection_id}: {finding.what}: {finding.says}")
