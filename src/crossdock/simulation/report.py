"""What the trial says: a table, one line of figures, and the picture of the trade: units oversold against units lost."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from crossdock.simulation.market import Result
from crossdock.simulation.trial import BY_NAME, CONTENDERS, Tried

COLUMNS = ("policy", "orders by", "oversold per 10,000", "lost %", "sets", "reads", "sets over push %")

ASSUMPTIONS = (
    "1,500 SKUs in six hours, about 30,000 units, six of ten on Amazon; one rush of four times the usual for an hour; deals of 25 times.",
    "A set takes effect after 2 to 60 seconds, one in a hundred never; an order is known after 1 to 10 seconds by events, 120 to 320 by polling.",
    "A sale of the shop is seen after 3 to 15 seconds. Sets and reads are 5 a second each, for the whole account.",
    "What Amazon may sell before its orders are known is off the shop's entry for as long; with all of it in the shop, when the order is known.",
    "Schedules get their orders by polling, as scheduled scripts do. Lost: asked for in vain while it lay there, and left at the end.",
)

WIDTH, HEIGHT, LEFT, TOP, INNER_W, INNER_H = 720, 420, 70, 30, 600, 320
# The scale of units oversold is logarithmic; what never oversold stands at its foot.
OVERSOLD_MIN, OVERSOLD_MAX, LOST_MAX = 0.1, 1000.0, 4.0


def totals(tried: Iterable[Tried]) -> dict[str, Result]:
    """The sum over seeds, in the order of the contenders."""
    found: dict[str, Result] = {}
    for one in tried:
        found[one.name] = found.get(one.name, Result()) + one.result
    return {contender.name: found[contender.name] for contender in CONTENDERS if contender.name in found}


def worst(tried: Sequence[Tried], name: str) -> Tried:
    """The seed under which a policy oversold most."""
    return max((one for one in tried if one.name == name), key=lambda one: (one.result.oversold_per_10k, one.seed))


def rows(results: Mapping[str, Result], seeds: int) -> list[tuple[str, ...]]:
    """The table: calls are those of one seed."""
    push = results.get("push")
    return [
        (
            BY_NAME[name].title,
            BY_NAME[name].feed,
            f"{result.oversold_per_10k:.2f}",
            f"{result.lost_percent:.2f}",
            f"{result.sets / seeds:,.0f}",
            f"{result.reads / seeds:,.0f}",
            f"{100 * result.sets / push.sets:.1f}" if push else "",
        )
        for name, result in results.items()
    ]


def figures(results: Mapping[str, Result]) -> dict[str, float]:
    """The line of figures, as far as its policies were tried."""
    told: dict[str, float] = {}
    for name, key in (("schedule-15", "schedule"), ("schedule-15-buffer-2", "schedule_buffer2"), ("push", "push")):
        if name in results:
            told[f"{key}_per_10k"] = round(results[name].oversold_per_10k, 3)
    for name in (
        "events",
        "events-unannounced",
        "polling",
        "polling-unannounced",
        "events-uncovered",
        "polling-uncovered",
    ):
        if name in results:
            key = name.replace("-", "_")
            told[f"{key}_per_10k"] = round(results[name].oversold_per_10k, 3)
            told[f"{key}_lost_pct"] = round(results[name].lost_percent, 3)
    for name in ("proof", "proof-polling"):
        if name in results:
            key = name.replace("-", "_")
            told[f"{key}_oversold"] = results[name].oversold
            told[f"{key}_lost_pct"] = round(results[name].lost_percent, 3)
    if "push" in results:
        for name, key in (
            ("events", "calls_ratio"),
            ("polling", "polling_calls_ratio"),
            ("proof", "proof_calls_ratio"),
        ):
            if name in results:
                told[key] = round(results[name].sets / results["push"].sets, 4)
    return told


def picture(results: Mapping[str, Result]) -> str:
    """The trade as SVG: to the right more is lost, upwards more is oversold."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">',
        "<title>Units oversold of 10,000, against per cent lost</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
    ]
    for per_10k in (0.1, 1.0, 10.0, 100.0, 1000.0):
        y = _y(per_10k)
        label = "0" if per_10k == OVERSOLD_MIN else f"{per_10k:g}"
        parts.append(f'<line x1="{LEFT}" x2="{LEFT + INNER_W}" y1="{y:.1f}" y2="{y:.1f}" stroke="#dddddd"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end" fill="#444444">{label}</text>')
    parts += [
        f'<text x="{_x(percent):.1f}" y="{TOP + INNER_H + 20}" text-anchor="middle" fill="#444444">{percent} %</text>'
        for percent in range(int(LOST_MAX) + 1)
    ]
    parts.append(f'<text x="{LEFT}" y="{TOP - 12}" fill="#444444">oversold of 10,000 units</text>')
    parts.append(
        f'<text x="{LEFT + INNER_W}" y="{TOP + INNER_H + 40}" text-anchor="end" fill="#444444">lost, of what was sold</text>'
    )
    for name, result in results.items():
        x, y = _x(result.lost_percent), _y(result.oversold_per_10k)
        ours = name.split("-")[0] in {"events", "polling", "proof"}
        colour = "#0b6e4f" if ours else "#b23a48"
        right = x > LEFT + INNER_W * 0.6
        anchor, shift = ("end", -8) if right else ("start", 8)
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="{colour}"/>')
        parts.append(f'<text x="{x + shift:.1f}" y="{y + 4:.1f}" text-anchor="{anchor}" fill="{colour}">{name}</text>')
    return "\n".join([*parts, "</svg>", ""])


def _x(percent: float) -> float:
    return LEFT + INNER_W * min(percent, LOST_MAX) / LOST_MAX


def _y(per_10k: float) -> float:
    at = math.log10(min(OVERSOLD_MAX, max(OVERSOLD_MIN, per_10k)) / OVERSOLD_MIN)
    return TOP + INNER_H * (1.0 - at / math.log10(OVERSOLD_MAX / OVERSOLD_MIN))
