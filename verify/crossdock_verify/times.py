"""Instants and months: the month of a row is the month on the wall clock of the books' time zone."""

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from crossdock_verify.faults import Unreadable

_INSTANTS = {
    "V2": re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}) ([0-9]{2}:[0-9]{2}:[0-9]{2}) UTC"),
    "V1": re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})T([0-9]{2}:[0-9]{2}:[0-9]{2})\+00:00"),
}
_CERTIFIED = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})T([0-9]{2}:[0-9]{2}:[0-9]{2})Z")
_DAYS = (
    re.compile(r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})"),
    re.compile(r"(?P<day>[0-9]{2})\.(?P<month>[0-9]{2})\.(?P<year>[0-9]{4})"),
    re.compile(r"(?P<year>[0-9]{4})/(?P<month>[0-9]{2})/(?P<day>[0-9]{2})"),
)
_DAY_LENGTH = len("2026-11-03")


def certified_instant(text: str) -> datetime:
    """The instant of `2026-11-03T00:00:00Z`."""
    return _instant(_CERTIFIED, text)


def summary_instant(text: str) -> datetime | None:
    """The instant in a cell of the summary, in either version's form; None where the cell is empty."""
    if not text:
        return None
    return _instant(_INSTANTS["V1" if "T" in text[:11] else "V2"], text)


def last_day(month: date) -> date:
    """The last day of the month that begins on this day."""
    return (month.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


class Months:
    """Finds the month of each row; where on a day the month begins is worked out once a day."""

    def __init__(self, zone: ZoneInfo, ends_at: datetime, version: str) -> None:
        """`ends_at` stands for rows without a day of their own."""
        self._zone = zone
        self._form = _INSTANTS[version]
        # Of a UTC day: the month before, the month from an instant on, and the clock at that instant.
        self._days: dict[str, tuple[str, str, str]] = {}
        self._clocks: set[str] = set()
        self._end = self.at(ends_at)

    def at(self, instant: datetime) -> str:
        """The first day of the month on the books' clock, as `2026-11-01`."""
        try:
            local = instant.astimezone(self._zone)
        except OverflowError:
            raise Unreadable("the year is beyond the calendar") from None
        return f"{local.year:04}-{local.month:02}-01"

    def of(self, posted: str, posted_on: str) -> str:
        """The month of a row by its cells `posted-date-time` (V1: `posted-date`) and `posted-date`."""
        if not posted:
            return self.at(_noon(posted_on)) if posted_on else self._end
        day, clock = posted[:_DAY_LENGTH], posted[_DAY_LENGTH:]
        if clock not in self._clocks or day not in self._days:
            instant = _instant(self._form, posted)
            self._clocks.add(clock)
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


def _instant(form: re.Pattern[str], text: str) -> datetime:
    match = form.fullmatch(text)
    if match is None:
        raise Unreadable(f"{text[:60]!a} is not a time")
    try:
        return datetime.fromisoformat(f"{match[1]}T{match[2]}+00:00")
    except ValueError:
        raise Unreadable(f"{text!a} is not on the calendar") from None


def _noon(text: str) -> datetime:
    for form in _DAYS:
        if match := form.fullmatch(text):
            try:
                return datetime(int(match["year"]), int(match["month"]), int(match["day"]), 12, tzinfo=UTC)
            except ValueError:
                break
    raise Unreadable(f"{text[:60]!a} is not a day")
