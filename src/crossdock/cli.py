"""The commands, one function each; no logic. Every command has `--json`; errors say what, where, and what to do.

Exit codes: 0 done; 1 done, and something needs a person; 2 wrong use or wrong settings; 3 a platform or the database did not answer; 130 interrupted.
"""

from __future__ import annotations

import io
import os
import sys
import threading
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Annotated, Any

import typer

from crossdock import checkup, events
from crossdock.cli_bank import bank_cli
from crossdock.cli_cases import cases_cli
from crossdock.cli_plan import plan_cli, push
from crossdock.cli_records import chosen, for_each, orders_cli
from crossdock.cli_settlements import settlements_cli
from crossdock.cli_simulate import simulate
from crossdock.cli_stock import pause, resume, stock_cli
from crossdock.cli_twin import twin_cli
from crossdock.console import (
    EXIT_NEEDS_PERSON,
    EXIT_UNAVAILABLE,
    EXIT_WRONG_USE,
    AsJson,
    Connection,
    DryRun,
    Problem,
    exit_code,
    fail,
    fail_by_connection,
    out,
    print_json,
    print_table,
    say,
    say_after,
    show,
    show_rehearsal,
)
from crossdock.demo import CONNECTION, live, open_demo, watch
from crossdock.desk_server import listen, serve_desk
from crossdock.engine import schedule
from crossdock.errors import ConfigError, CrossdockError
from crossdock.rehearsal import rehearse_run
from crossdock.routines import Ran, run_routine
from crossdock.start_up import find_master_key, now, open_app, write_master_key
from crossdock.stopping import end_in_order, has_ended, stop_on_signals
from crossdock.store import embedded

DESK_PORT = 8642

cli = typer.Typer(
    no_args_is_help=True, help="Amazon Seller Central and commercetools, joined.", pretty_exceptions_enable=False
)
cli.add_typer(orders_cli, name="orders")
cli.add_typer(cases_cli, name="cases")
cli.add_typer(stock_cli, name="stock")
cli.add_typer(settlements_cli, name="settlements")
cli.add_typer(bank_cli, name="bank")
cli.add_typer(twin_cli, name="twin")
cli.command()(pause)
cli.command()(resume)
cli.add_typer(plan_cli, name="plan")
cli.command()(push)
cli.command()(simulate)


def main() -> None:
    """Run a command and turn its fault into a sentence and an exit code; asked to end, end in order, so that our own database stops too."""
    end_in_order()
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A terminal that lacks a character is shown its number; that is no reason to break off.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        cli()
    except ConfigError as fault:
        fail(fault.problems, EXIT_WRONG_USE)
    except CrossdockError as fault:
        fail([str(fault)], exit_code(fault))
    finally:
        has_ended()


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
    if as_json or not out.is_terminal:
        events.configure()
    else:
        events.silence()
    with listen("127.0.0.1", port) as listening, open_demo() as shown:
        stop = stop_on_signals()
        threads = [
            threading.Thread(target=shown.app.work, args=(stop, {CONNECTION: [shown.queue]}), daemon=True),
            threading.Thread(target=live, args=(shown, stop), daemon=True),
        ]
        for thread in threads:
            thread.start()
        try:
            with serve_desk(shown.app, listening) as address:
                watch(shown, address, stop, seconds, as_json=as_json)
        finally:
            stop.set()
            for thread in threads:
                thread.join(timeout=30)


@cli.command()
def init(
    folder: Annotated[Path, typer.Argument(help="Where crossdock.toml goes.")] = Path(), *, as_json: AsJson = False
) -> None:
    """Write a crossdock.toml to fill in, and make the master key that seals buyers' data."""
    target, data_dir = folder / "crossdock.toml", embedded.default_data_dir()
    if not folder.is_dir():
        raise ConfigError([f"{folder}: is no folder; make it first"])
    had_policy, had_key = target.exists(), find_master_key(os.environ, data_dir)
    if had_policy and had_key:
        raise ConfigError([f"{target}: exists already, and so does {had_key}; nothing was changed"])
    # The key first: a policy without it would stand in the way of the next try.
    key = write_master_key(data_dir)
    if not had_policy:
        try:
            target.write_bytes((Path(__file__).parent / "crossdock.example.toml").read_bytes())
        except OSError as fault:
            raise ConfigError([f"{target}: cannot be written: {fault.strerror}; name a folder of your own"]) from fault
    fill_in = (
        f"{target} was there and is as it was; the master key was missing and is made."
        if had_policy
        else (f"Fill in {target}: every key is explained there.")
    )
    steps = [
        f"1. {fill_in}",
        "2. Set the secrets it names in the environment, or as files.",
        f"3. Keep a copy of {key} apart from the database: without it sealed addresses cannot be opened.",
        "4. crossdock check, then crossdock provision, then crossdock run --dry-run.",
    ]
    show({"policy": str(target), "master_key_file": str(key)}, as_json=as_json, people=lambda: say(*steps))


@cli.command()
def check(connection: Connection = "", *, as_json: AsJson = False) -> None:
    """Look at roles and scopes on both sides, and say what will not work."""
    findings: list[checkup.Finding] = []
    with open_app() as app:
        for joined in chosen(app, connection):
            for finding in checkup.check_connection(joined, now(), app.open_queues):
                findings.append(finding)
                if not as_json:
                    colour = {"ok": "green", "warning": "yellow", "failed": "red"}[finding.verdict]
                    say_after(
                        f"{finding.verdict:8}", colour, f"{finding.connection_id}: {finding.what}: {finding.says}"
                    )
    result = checkup.worst(findings)
    if as_json:
        print_json(result)
    if not result["ok"]:
        raise typer.Exit(EXIT_NEEDS_PERSON)


@cli.command()
def provision(connection: Connection = "", *, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """Create the types and channels Crossdock needs in commercetools. Repeating is safe."""
    with open_app() as app:
        steps, problems = for_each(app, connection, lambda joined: joined.provision(dry_run=dry_run))
    verb = "would" if dry_run else "did"
    lines = [f"{name}: {verb} {step}" for name, done in steps.items() for step in done]
    if not lines and not problems:
        lines = ["Everything is there already."]
    show(steps, as_json=as_json, people=lambda: say(*lines))
    fail_by_connection(problems)


@cli.command()
def run(connection: Connection = "", *, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """One pass: fetch what changed, import it, run the checks that are due, erase what is due. For cron; with --dry-run the rehearsal."""
    with open_app() as app:
        if dry_run:
            rehearsed, problems = for_each(app, connection, lambda joined: rehearse_run(joined, now()))
            rows = [row for found in rehearsed.values() for row in found]
            if rows or as_json or not problems:
                show_rehearsal(rows, as_json=as_json)
            fail_by_connection(problems)
            return
        passes, problems = for_each(app, connection, app.one_pass)
    _show_passes(passes, as_json=as_json)
    fail_by_connection([*problems, *_problems(passes)])
    if any(met.did.get("cases") for ran in passes.values() for met in ran.values()):
        raise typer.Exit(EXIT_NEEDS_PERSON)


def _show_passes(passes: Mapping[str, Mapping[str, Ran]], *, as_json: bool) -> None:
    """What each connection's pass did, and what waits for our own rate."""
    result = {name: _as_row(ran) for name, ran in passes.items()}
    columns = ["connection", "news", "settled", "put back", "cases", "erased"]
    rows = [(name, *(row[column.replace(" ", "_")] for column in columns[1:])) for name, row in result.items()]
    why = (
        f"{sum(row['put_back'] for row in result.values())} put back: each is due again within minutes. A rehearsal or a run just before uses up what Amazon's "
        "plan allows in one go; `crossdock work` takes them up by itself, and so does the next `crossdock run`."
    )

    def people() -> None:
        if rows:
            print_table("One pass", columns, rows)
        say(*([why] if any(row["put_back"] for row in result.values()) else []))
        say(*(f"{name}: {met.problem}" for name, ran in passes.items() for met in ran.values() if met.waits))

    show(result, as_json=as_json, people=people)


def _problems(passes: Mapping[str, Mapping[str, Ran]]) -> list[Problem]:
    """What was in the way of the routines, but for a wait for our own rate: nothing failed there."""
    return [
        Problem(name, met.problem, EXIT_NEEDS_PERSON if met.needs_person else EXIT_UNAVAILABLE)
        for name, ran in passes.items()
        for met in ran.values()
        if met.problem and not met.waits
    ]


def _as_row(ran: Mapping[str, Ran]) -> dict[str, Any]:
    """One connection's pass: what was done, and what was in the way."""
    nothing = dict.fromkeys(("news", "settled", "put_back", "cases", "erased"), 0)
    done = {name: count for each in ran.values() for name, count in each.did.items()}
    return nothing | done | {"problems": [each.problem for each in ran.values() if each.problem]}


@cli.command()
def work(*, as_json: AsJson = False) -> None:
    """Work until stopped: any number of these processes share one database. Events go to standard error as JSON lines."""
    del as_json
    with open_app() as app, app.open_queues(app.connection_ids) as opened:
        queues = {name: [queue.receive for queue in of_connection] for name, of_connection in opened.items()}
        app.work(stop_on_signals(), queues)


@cli.command()
def serve(
    *,
    host: Annotated[str, typer.Option(help="A loopback address; the desk has no sign-in yet.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port on this machine.", min=0, max=65535)] = DESK_PORT,
    as_json: AsJson = False,
) -> None:
    """Serve the desk, read-only, on this machine."""
    with listen(host, port) as listening, open_app() as app:
        stop = stop_on_signals()
        with serve_desk(app, listening) as address:
            show({"desk": address}, as_json=as_json, people=lambda: say(f"The desk is at {address} — Ctrl-C ends it."))
            stop.wait()


@cli.command()
def erase(connection: Connection = "", *, as_json: AsJson = False) -> None:
    """Erase the personal data whose day has come, here and in commercetools; print the certificates."""
    with open_app() as app:
        ran, problems = for_each(
            app, connection, lambda joined: {schedule.ERASE: run_routine(joined, schedule.ERASE, app.clock)}
        )
    problems += _problems(ran)
    result = {name: ended[schedule.ERASE].certificates for name, ended in ran.items()}
    lines = [certificate for certificates in result.values() for certificate in certificates]
    lines = lines or ([] if problems else ["Nothing is due."])
    show(result, as_json=as_json, people=lambda: say(*lines))
    fail_by_connection(problems)
