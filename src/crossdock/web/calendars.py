"""The calendar of settlements: for each account of Amazon's the periods as bars over time, and the gaps between them by name.

Pure. An account is told by what its settlements hand on: they follow each other to the second, and a settlement without rows of a marketplace is of the
account of its currency that was free at the time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from crossdock.domain.money import Money
from crossdock.domain.settlement_desk import Period
from crossdock.web import words

# As far back as one looks for what is missing: Amazon's own archive is asked by the year.
SHOWN = timedelta(days=400)
TICKS_MAX = 5


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of an account's time: a settlement, or a gap, which has no settlement. `x`, `width`: hundredths of the picture."""

    kind: str
    settlement_id: str
    starts_at: datetime
    ends_at: datetime
    total: Money | None
    x: float
    width: float

    @property
    def days(self) -> str:
        """How long it is, in days where it is any."""
        length = self.ends_at - self.starts_at
        return words.counted(length.days, "day") if length.days else words.span(length)

    def title(self) -> str:
        """What it is, in one line."""
        period = words.period(self.starts_at, self.ends_at)
        if self.total is None:
            return f"Nothing from {period}: {self.days} without a settlement"
        held = ", held" if self.kind == "held" else ""
        return f"{self.settlement_id}, {period}: {words.money(self.total)}{held}"


@dataclass(frozen=True, slots=True)
class Lane:
    """One account: its connection, what it is called, and its time from the left to the right."""

    connection_id: str
    name: str
    spans: tuple[Span, ...]

    def gaps(self) -> list[Span]:
        """Where nothing is."""
        return [span for span in self.spans if span.kind == "gap"]


@dataclass(frozen=True, slots=True)
class Calendar:
    """All accounts over one axis; `ticks`: label and place of a month's first day."""

    lanes: tuple[Lane, ...]
    ticks: tuple[tuple[str, float], ...]

    def summary(self) -> str:
        """What there is to see, in a sentence without its full stop."""
        gaps = sum(len(lane.gaps()) for lane in self.lanes)
        shown = sum(len(lane.spans) for lane in self.lanes) - gaps
        accounts = words.counted(len(self.lanes), "account")
        return f"{words.counted(shown, 'settlement')} of {accounts}, {words.counted(gaps, 'gap')}"


def calendar_of(periods: Sequence[Period]) -> Calendar:
    """The newest 400 days of these periods, whatever their order."""
    if not periods:
        return Calendar((), ())
    until = max(period.ends_at for period in periods)
    since = max(min(period.starts_at for period in periods), until - SHOWN)
    shown = sorted((each for each in periods if each.ends_at > since), key=lambda each: (each.starts_at, each.ends_at))
    axis = _Axis(since, until)
    accounts = sorted(_accounts(shown), key=lambda each: (each[0].connection_id, _name(each)))
    lanes = tuple(Lane(each[0].connection_id, _name(each), tuple(_spans(each, axis))) for each in accounts)
    return Calendar(lanes, tuple(_ticks(axis)))


@dataclass(frozen=True, slots=True)
class _Axis:
    since: datetime
    until: datetime

    def place(self, at: datetime) -> float:
        """From 0 to 100."""
        whole = (self.until - self.since).total_seconds() or 1.0
        return round(100 * min(1.0, max(0.0, (at - self.since).total_seconds() / whole)), 2)


def _accounts(periods: Iterable[Period]) -> list[list[Period]]:
    """Each period to the account it follows: its predecessor's, one of its chain, or one of its currency whose marketplace, or its own, nobody knows."""
    accounts: list[list[Period]] = []
    for period in periods:
        ours = [
            each
            for each in accounts
            if (each[0].connection_id, each[0].currency) == (period.connection_id, period.currency)
        ]
        free = [each for each in ours if each[-1].ends_at <= period.starts_at]
        found = [each for each in ours if each[-1].settlement_id == period.predecessor_id]
        found = found or [each for each in free if period.chain and period.chain in {one.chain for one in each}]
        found = found or [each for each in free if _is_bare(period.chain, period) or _is_bare(_name(each), period)]
        if found:
            found[0].append(period)
        else:
            accounts.append([period])
    return accounts


def _is_bare(name: str, period: Period) -> bool:
    """Whether it names no marketplace."""
    return name in {"", period.currency}


def _name(account: Sequence[Period]) -> str:
    """Currency and marketplace, where one of its settlements tells it."""
    return max((*(each.chain for each in account), account[0].currency), key=len)


def _spans(account: Sequence[Period], axis: _Axis) -> Iterable[Span]:
    reached: datetime | None = None
    for period in account:
        if reached is not None and reached < period.starts_at:
            yield _span("gap", "", reached, period.starts_at, total=None, axis=axis)
        total = Money(period.total, period.currency)
        yield _span(period.state, period.settlement_id, period.starts_at, period.ends_at, total=total, axis=axis)
        reached = max(period.ends_at, reached or period.ends_at)


def _span(
    kind: str, settlement_id: str, starts_at: datetime, ends_at: datetime, *, total: Money | None, axis: _Axis
) -> Span:
    x = axis.place(starts_at)
    return Span(kind, settlement_id, starts_at, ends_at, total, x, round(max(0.3, axis.place(ends_at) - x), 2))


def _ticks(axis: _Axis) -> Iterable[tuple[str, float]]:
    """The first days of months, so few that their names stand beside each other on a phone."""
    months: list[datetime] = []
    at = axis.since.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    while at <= axis.until:
        if at >= axis.since:
            months.append(at)
        at = (at + timedelta(days=32)).replace(day=1)
    every = -(-len(months) // TICKS_MAX) or 1
    for month in months[::every]:
        yield f"{month:%b %Y}", axis.place(month)
