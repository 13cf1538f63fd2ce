"""`crossdock simulate`: what a policy would oversell and lose, at the built-in peak or over the merchant's own history. No platform is asked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from crossdock.console import AsJson, print_table, say, show, teller
from crossdock.errors import ConfigError
from crossdock.simulation.history import read_history
from crossdock.simulation.market import Result
from crossdock.simulation.report import ASSUMPTIONS, COLUMNS, picture, rows, totals
from crossdock.simulation.trial import BY_NAME, CONTENDERS, Tried, play, try_all

SEEDS_MAX = 1_000
Teller: TypeAlias = Callable[[str], None]
Policies = Annotated[list[str] | None, typer.Option(help="Only this policy; may be repeated.")]
History = Annotated[
    Path | None, typer.Option(help="CSV of your own: sku, at, channel (amazon, shop or stock), units.", dir_okay=False)
]


def simulate(
    policy: Policies = None,
    *,
    seeds: Annotated[int, typer.Option(help="So many peaks are drawn.", min=1, max=SEEDS_MAX)] = 3,
    history: History = None,
    svg: Annotated[Path | None, typer.Option(help="Where the picture of the trade goes.", dir_okay=False)] = None,
    as_json: AsJson = False,
) -> None:
    """Try policies in a simulated peak, or in your own history: units oversold, units lost, calls."""
    names = policy or [contender.name for contender in CONTENDERS]
    unknown = sorted({name for name in names if name not in BY_NAME})
    if unknown:
        raise ConfigError([f"--policy: there is no {name!r}; there are {', '.join(BY_NAME)}" for name in unknown])
    tell = teller(silent=as_json)
    tried = _replayed(names, history, tell_of=tell) if history else _drawn(names, seeds, tell_of=tell)
    results, played = totals(tried), 1 if history else seeds
    if svg:
        _write(svg, picture(results))
    told = {
        "seeds": played,
        "history": str(history) if history else None,
        "assumptions": ASSUMPTIONS,
        "policies": {name: _told(result, played) for name, result in results.items()},
    }
    show(told, as_json=as_json, people=lambda: _print(results, played, history))


def _drawn(names: list[str], seeds: int, *, tell_of: Teller) -> list[Tried]:
    """Every policy in every peak; progress is told, because it takes a few seconds each."""
    tried: list[Tried] = []
    for one in try_all(names, range(1, seeds + 1)):
        tried.append(one)
        tell_of(f"{len(tried)} of {seeds * len(names)}: {one.name}, peak {one.seed}")
    return tried


def _replayed(names: list[str], history: Path, *, tell_of: Teller) -> list[Tried]:
    """Every policy in the merchant's own history."""
    try:
        with history.open(encoding="utf-8-sig", newline="") as lines:
            scene = read_history(lines, str(history))
    except (OSError, UnicodeDecodeError) as fault:
        raise ConfigError([f"--history: {history} cannot be read: {fault}"]) from fault
    tried: list[Tried] = []
    for name in names:
        tried.append(Tried(name, 1, play(name, scene, 1)))
        tell_of(f"{len(tried)} of {len(names)}: {name}")
    return tried


def _told(result: Result, seeds: int) -> dict[str, float]:
    return {
        "sold": result.sold,
        "oversold": result.oversold,
        "oversold_per_10k": round(result.oversold_per_10k, 3),
        "lost_percent": round(result.lost_percent, 3),
        "sets": round(result.sets / seeds, 1),
        "reads": round(result.reads / seeds, 1),
    }


def _print(results: dict[str, Result], seeds: int, history: Path | None) -> None:
    title = f"Your history, {history}" if history else f"{seeds} peaks; calls of one"
    print_table(title, COLUMNS, rows(results, seeds))
    say(*(ASSUMPTIONS[1:] if history else ASSUMPTIONS))


def _write(svg: Path, text: str) -> None:
    try:
        svg.write_text(text, encoding="utf-8")
    except OSError as fault:
        raise ConfigError([f"--svg: {svg} cannot be written: {fault.strerror}"]) from fault
