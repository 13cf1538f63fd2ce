"""The course of one SKU: how many units were available and listed over time, out of its history. A table first; the script draws from it.

Pure. Listed is what Amazon showed, not what was sent: that takes its time. Between two lines of the history nothing is known, so each number stands
until the next one; before the first there is none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from crossdock.domain.desk import HistoryLine, StockSheet, StockView
from crossdock.web import words

CODES = frozenset({"stock.sent", "stock.read", "stock.claimed", "stock.given_back"})


@dataclass(frozen=True, slots=True)
class Point:
    """What stood after something happened; None is not known yet."""

    at: datetime
    what: str
    available: int | None
    listed: int | None


def course_of(history: Sequence[HistoryLine], view: StockView | None, now: datetime) -> list[Point]:
    """The points, the oldest first, the last one now. `history`: the newest first, as a sheet has it."""
    points: list[Point] = []
    claims: dict[str, int] = {}
    available = listed = None
    for line in reversed([line for line in history if line.event.code in CODES]):
        code, facts = line.event.code, line.event.facts
        units, order = _whole(facts.get("units")), facts.get("order", "")
        if code == "stock.sent":
            available = _whole(facts.get("available"), available)
        elif code == "stock.read":
            listed = _whole(facts.get("quantity"), listed)
        elif code == "stock.claimed" and available is not None:
            available -= units or 0
            claims[order] = claims.get(order, 0) + (units or 0)
        elif code == "stock.given_back" and available is not None:
            available += claims.pop(order, 0)
        stood = (points[-1].available, points[-1].listed) if points else None
        # A read that shows what was known draws nothing; some SKUs are read every few seconds.
        if code != "stock.read" or stood != (available, listed):
            points.append(Point(line.at, words.sentence(line.event), available, listed))
    if view is not None and points:
        points.append(Point(now, "Now", view.available, view.listed))
    return points


def without_repeats(sheet: StockSheet) -> StockSheet:
    """The sheet without reads that show what the read before them showed: some SKUs are read every few seconds."""
    kept: list[HistoryLine] = []
    shown = ""
    for line in reversed(sheet.history):
        quantity = line.event.facts.get("quantity", "") if line.event.code == "stock.read" else ""
        if not quantity or quantity != shown:
            kept.append(line)
        shown = quantity or shown
    left_out = len(sheet.history) - len(kept)
    return replace(sheet, history=tuple(reversed(kept)), history_lines=sheet.history_lines - left_out)


def summary_of(points: Sequence[Point]) -> str:
    """The picture in words."""
    known = [point for point in points if point.available is not None and point.listed is not None]
    if not known:
        return "nothing was sent yet"
    first, last = known[0], known[-1]
    return f"from {_stood(first)} to {_stood(last)}"


def _stood(point: Point) -> str:
    return f"{words.number(point.available or 0)} available and {words.number(point.listed or 0)} listed"


def _whole(text: str | None, otherwise: int | None = None) -> int | None:
    """A number out of the facts of an event; what is none changes nothing."""
    return int(text) if text and text.removeprefix("-").isdecimal() else otherwise
