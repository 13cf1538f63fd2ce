"""`crossdock plan stock` and `crossdock push`: one function a command; no logic."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from crossdock.cli_stock import stocked
from crossdock.console import EXIT_NEEDS_PERSON, AsJson, Connection, print_table, say, show
from crossdock.domain.ids import SellerSku
from crossdock.domain.plan import Plan, check_safe, encode_plan, parse_plan
from crossdock.domain.stock_policy import StockPolicy
from crossdock.engine.drain import BATCHES_MAX
from crossdock.errors import ConfigError, DataError, UnsafePlan
from crossdock.start_up import open_app

plan_cli = typer.Typer(no_args_is_help=True, help="What would be done, exactly, and nothing of it.")

# More rows than one reads; the file has them all.
ROWS_SHOWN = 50


@plan_cli.command("stock")
def plan_stock(
    skus: Annotated[list[str] | None, typer.Argument(help="Only these seller SKUs; all unless told which.")] = None,
    *,
    connection: Connection = "",
    out: Annotated[Path | None, typer.Option(help="Keep the plan in this file, for `crossdock push`.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show every quantity that would be set on Amazon now: nothing is claimed, asked of Amazon, or sent."""
    with open_app() as app:
        found = stocked(app, connection)
        if out is not None and len(found) > 1:
            names = ", ".join(one.connection_id for one, _ in found)
            raise ConfigError([f"--out: a plan is of one connection; name it with --connection, one of {names}"])
        plans = [(stock.plans.make([SellerSku(sku) for sku in skus or ()]), stock.policy) for _, stock in found]
    unsafe = ""
    for plan, policy in plans:
        if out is not None:
            _write(out, plan)
        try:
            check_safe(plan, max_percent=policy.zeroes_max_percent, changes_min=policy.changes_min)
        except UnsafePlan as fault:
            unsafe = f"{plan.connection_id}: {fault}"
    told = [asdict(plan) | {"zeroes": plan.zeroes} for plan, _ in plans]
    show(told, as_json=as_json, people=lambda: _print_all(plans, out))
    if unsafe:
        say(f"unsafe: {unsafe}; `crossdock push` refuses it")
        raise typer.Exit(EXIT_NEEDS_PERSON)


def push(
    plan: Annotated[Path, typer.Option(help="A file that `crossdock plan stock --out` wrote.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Send what a plan says and nothing else: a change that would be decided otherwise by now is left out and named."""
    kept = _read(plan)
    with open_app() as app:
        if kept.connection_id not in app.connection_ids:
            raise ConfigError(
                [f"--plan: it is of the connection {kept.connection_id!r}, which the policy does not have"]
            )
        [(_, stock)] = stocked(app, kept.connection_id)
        left_out = stock.plans.push(kept)
        report = stock.drain(batches=BATCHES_MAX)
    told = {"planned": len(kept.changes), "looked_at": report.settled, "left_out": left_out}
    lines = [f"{len(kept.changes)} planned, {report.settled} looked at, {len(left_out)} left out."]
    lines += [f"  {sku}: {why}" for sku, why in left_out.items()]
    show(told, as_json=as_json, people=lambda: say(*lines))
    if left_out:
        raise typer.Exit(EXIT_NEEDS_PERSON)


def _print_all(plans: list[tuple[Plan, StockPolicy]], out: Path | None) -> None:
    for plan, _ in plans:
        _print(plan, out)


def _print(plan: Plan, out: Path | None) -> None:
    cells = [(c.seller_sku, c.available, c.listed, c.quantity) for c in plan.changes[:ROWS_SHOWN]]
    title = f"{plan.connection_id}: {len(plan.changes)} of {plan.looked_at} SKUs would be set, {plan.zeroes} to 0"
    if cells:
        print_table(title, ["SKU", "available", "listed", "would be set"], cells)
    else:
        say(f"{title}.")
    if len(plan.changes) > ROWS_SHOWN:
        say(f"{len(plan.changes) - ROWS_SHOWN} more; `--json` or `--out` has them all.")
    if out is not None:
        say(f"Kept in {out}; `crossdock push --plan {out}` sends it.")


def _write(path: Path, plan: Plan) -> None:
    try:
        path.write_text(encode_plan(plan))
    except OSError as fault:
        raise ConfigError([f"--out: {path}: {fault.strerror}"]) from fault


def _read(path: Path) -> Plan:
    try:
        return parse_plan(path.read_text())
    except OSError as fault:
        raise ConfigError([f"--plan: {path}: {fault.strerror}"]) from fault
    except (DataError, UnicodeDecodeError) as fault:
        raise ConfigError([f"--plan: {path}: {fault}"]) from fault
