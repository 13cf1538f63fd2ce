"""The pictures of the day. Each is a table first; the script draws from the table what it says, so both always agree.

Pure: counts go in, rows come out. Hours are those of UTC, and an hour without an order is a row of zeroes, not a gap.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from crossdock.domain.desk import HourCount
from crossdock.domain.timeline import State
from crossdock.web import words

HOURS = 24
# The order in which a person wants to read them: what waits for whom first.
STATES = (State.CASE, State.WAITING, State.IN_SYNC, State.OUT_OF_SCOPE)


@dataclass(frozen=True, slots=True)
class Chart:
    """A table that can be drawn: `kind` is `columns` or `bars`, each row a label and one number for each series; `ticks` are short labels."""

    name: str
    kind: str
    title: str
    summary: str
    first: str
    series: tuple[str, ...]
    rows: tuple[tuple[str, str, tuple[int, ...]], ...]

    def totals(self) -> tuple[int, ...]:
        """The sum of each series."""
        return tuple(sum(row[2][n] for row in self.rows) for n in range(len(self.series)))

    def is_empty(self) -> bool:
        """Whether there is nothing to draw."""
        return not any(self.totals())


def first_hour(now: datetime) -> datetime:
    """The beginning of the first hour shown: 24 hours, this one, which is not over, the last of them."""
    return now.astimezone(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=HOURS - 1)


def orders_per_hour(counts: Sequence[HourCount], now: datetime) -> Chart:
    """Orders bought in each of the last 24 hours, FBM and FBA apart."""
    series = _series(counts)
    hours = [first_hour(now) + timedelta(hours=n) for n in range(HOURS)]
    rows = []
    for hour in hours:
        numbers = tuple(
            sum(count.orders for count in counts if count.hour == hour and _name(count) == name) for name in series
        )
        rows.append((f"{hour:%-d %b, %H:%M}", f"{hour:%H}", numbers))
    totals = [sum(row[2][n] for row in rows) for n in range(len(series))]
    return Chart(
        name="orders-per-hour",
        kind="columns",
        title="Orders per hour",
        summary=_summary(series, totals, "bought in the last 24 hours"),
        first="Hour (UTC)",
        series=series,
        rows=tuple(rows),
    )


def standing(counts: Sequence[HourCount]) -> Chart:
    """Where the orders of the last 24 hours stand now, FBM and FBA apart."""
    series = _series(counts)
    rows = []
    for state in STATES:
        numbers = tuple(
            sum(count.orders for count in counts if count.state is state and _name(count) == name) for name in series
        )
        rows.append((words.STATES[state], f"{words.STATES[state]}  {sum(numbers):,}", numbers))
    settled = sum(count.orders for count in counts if count.state in {State.IN_SYNC, State.OUT_OF_SCOPE})
    everything = sum(count.orders for count in counts)
    return Chart(
        name="state-of-the-inbox",
        kind="bars",
        title="Where they stand",
        summary=f"{settled:,} of {words.counted(everything, 'order')} need nothing more"
        if everything
        else "no orders in the last 24 hours",
        first="State",
        series=series,
        rows=tuple(rows),
    )


def _name(count: HourCount) -> str:
    return words.FULFILLED_BY.get(count.fulfilled_by, "not told")


def _series(counts: Sequence[HourCount]) -> tuple[str, ...]:
    """FBM and FBA always, what is neither only where there is any."""
    return ("FBM", "FBA", "not told") if any(_name(count) == "not told" for count in counts) else ("FBM", "FBA")


def _summary(series: Sequence[str], totals: Sequence[int], what: str) -> str:
    parts = ", ".join(f"{total:,} {name}" for name, total in zip(series, totals, strict=True))
    return f"{words.counted(sum(totals), 'order')} {what}: {parts}" if sum(totals) else f"no orders {what}"
