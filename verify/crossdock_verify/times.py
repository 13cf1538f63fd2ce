"""Moments and months: the month of a row is the month on the wall clock of the books' time zone."""

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from crossdock_verify.faults import Unreadable

_CLOCK = r"(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2}):(?P<second>[0-9]{2})"
_DASHED = r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})"
_DOTTED = r"(?P<day>[0-9]{2})\.(?P<month>[0-9]{2})\.(?P<year>[0-9]{4})"
_SLASHED = r"(?P<year>[0-9]{4})/(?P<month>[0-9]{2})/(?P<day>[0-9]{2})"
_CERTIFIED = re.compile(rf"{_DASHED}T{_CLOCK}Z")
_INSTANTS = (re.compile(rf"{_DASHED}[ T]{_CLOCK}(?: UTC|\+00:00|Z)"), re.compile(rf"{_DOTTED} {_CLOCK} UTC"))
_DAYS = (re.compile(_DASHED), re.compile(_DOTTED), re.compile(_SLASHED))
_YEARS = range(1995, 2101)  # Amazon sold nothing before, and a year beyond is a slip
_DAY_LENGTH = len("2026-11-03")


def certified_instant(text: str) -> datetime:
    """The instant of `2026-11-03T00:00:00Z`."""
    match = _CERTIFIED.fullmatch(text)
    if match is None:
        raise Unreadable(f"{text[:60]!a} is not a time")
    return _on_calendar(match)


def moment(text: str) -> datetime:
    """The instant in a cell of a settlement file; a day by itself is its noon."""
    for form in (*_INSTANTS, *_DAYS):
        if match := form.fullmatch(text):
            if int(match["year"]) not in _YEARS:
                raise Unreadable(f"{text!a} is not of the years {_YEARS[0]} to {_YEARS[-1]}")
            return _on_calendar(match)
    raise Unreadable(f"{text[:60]!a} is not a time")


def last_day(month: date) -> date:
    """The last day of the month that begins on this day."""
    return (month.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


class Months:
    """Finds the month of each row; where on a day the month begins is worked out once a day."""

    def __init__(self, zone: ZoneInfo, ends_at: datetime) -> None:
        """`ends_at` stands for rows without a day of their own."""
        self._zone = zone
        # Of a UTC day: the month before, the month from an instant on, and the clock at that instant.
        self._days: dict[str, tuple[str, str, str]] = {}
        self._clocks: tuple[set[str], set[str]] = (set(), set())  # after a day with dashes, after one with dots
        self._noons: dict[str, str] = {}
        self._end = self.at(ends_at)

    def at(self, instant: datetime) -> str:
        """The first day of the month on the books' clock, as `2026-11-01`."""
        try:
            local = instant.astimezone(self._zone)
        except OverflowError:
            raise Unreadable("the year is beyond the calendar") from None
        return f"{local.year:04}-{local.month:02}-01"

    def of(self, posted: str) -> str:
        """The month of a row by the cell that says when it was posted."""
        if not posted:
            return self._end
        day, clock = posted[:_DAY_LENGTH], posted[_DAY_LENGTH:]
        if not clock:
            if day not in self._noons:
                self._noons[day] = self.at(moment(day))
            return self._noons[day]
        clocks = self._clocks[day[2] == "."]
        if clock not in clocks or day not in self._days:
            instant = moment(posted)
            clocks.add(clock)
            if day not in self._days:
                self._days[day] = self._split(instant.replace(hour=0, minute=0, second=0))
        before, after, begins = self._days[day]
        return before if clock[1:9] < begins else after

    def _split(self, midnight: datetime) -> tuple[str, str, str]:
        """A month begins at most once on a day; the second at which it does is found by halving the day."""
        low, high = 0, 24 * 60 * 60 - 1
        before, after = (self.at(midnight + timedelta(seconds=second)) for second in (low, high))
        if before == after:
            return before, after, ""
        while high - low > 1:
            middle = (low + high) // 2
            is_after = self.at(midnight + timedelta(seconds=middle)) == after
            low, high = (low, middle) if is_after else (middle, high)
        return before, after, (midnight + timedelta(seconds=high)).strftime("%H:%M:%S")


def _on_calendar(match: re.Match[str]) -> datetime:
    parts = {"hour": "12", "minute": "0", "second": "0", **match.groupdict()}
    year, month, day, hour, minute, second = (
        int(parts[name]) for name in ("year", "month", "day", "hour", "minute", "second")
    )
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        raise Unreadable(f"{match[0]!a} is not on the calendar") from None
