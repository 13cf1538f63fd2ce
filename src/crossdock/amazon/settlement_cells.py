"""What one cell of a settlement file says: an amount, a moment, a quantity. Digits are `[0-9]`, and what can be read in two ways is not read.

Rule: no library turns text into a number here; a shape is checked first, and anything else is a Doubt that names the text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from crossdock.domain.money import MINOR_DIGITS, MINOR_UNITS_MAX

QUOTED_MAX = 60

# -1.234.567,89 or 1,234.50 or 95,00 or 1500: groups of three share one separator, and at most two digits follow the other.
_AMOUNT = re.compile(r"(-?)(?:([0-9]{1,3}(?:([.,])[0-9]{3})(?:\3[0-9]{3})*)|([0-9]{1,15}))(?:([.,])([0-9]{1,2}))?")
_MOMENT = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})[ T]([0-9]{2}:[0-9]{2}:[0-9]{2})(?: UTC|\+00:00|Z)")
# Seen in files of Amazon.in.
_DOTTED = re.compile(r"([0-9]{2})\.([0-9]{2})\.([0-9]{4}) ([0-9]{2}:[0-9]{2}:[0-9]{2}) UTC")
# Amazon's first year, and one that nobody reading this will see.
_YEARS = range(1995, 2101)
# Days by themselves, as observed: ISO, Germany's, Japan's. Slashed days are read by nobody: 03/04 is two days.
_DAYS = (
    re.compile(r"(?P<y>[0-9]{4})-(?P<m>[0-9]{2})-(?P<d>[0-9]{2})"),
    re.compile(r"(?P<d>[0-9]{2})\.(?P<m>[0-9]{2})\.(?P<y>[0-9]{4})"),
    re.compile(r"(?P<y>[0-9]{4})/(?P<m>[0-9]{2})/(?P<d>[0-9]{2})"),
)
_QUANTITY = re.compile(r"-?[0-9]{1,7}")


class Doubt(Exception):
    """A cell that cannot be read without guessing; says why. Whoever knows its line makes a DataError of it."""


@dataclass
class DecimalStyle:
    """Which character divides whole from part in this file, once a cell has told; one file has one style."""

    mark: str = ""
    shown: str = ""

    def settle(self, mark: str, group_mark: str) -> None:
        """A cell shows its style: the file's, or a Doubt. `shown` is set by decimals alone; what groups thousands rules itself out before decimals."""
        told = mark or {",": ".", ".": ","}.get(group_mark, "")
        if self.mark and told and told != self.mark:
            raise Doubt(f"has {told!r} before its decimals, where the file has {self.mark!r} elsewhere")
        self.mark, self.shown = self.mark or told, self.shown or mark


def read_amount(text: str, currency: str, style: DecimalStyle) -> int:
    """Minor units of the currency; settles the file's decimal style."""
    match = _AMOUNT.fullmatch(text)
    if match is None:
        raise Doubt("is no amount")
    sign, grouped, group_mark, plain, mark, part = match.groups()
    digits = MINOR_DIGITS[currency]
    if group_mark == mark and mark is not None:
        raise Doubt("is no amount")
    if grouped and part is None and grouped.count(group_mark) == 1 and digits:
        raise Doubt("can be read as thousands or as a fraction")
    style.settle(mark or "", group_mark or "")
    if len(part or "") > digits and (part or "").strip("0"):
        raise Doubt(f"has more decimals than {currency}")
    whole = (grouped or plain).replace(group_mark or ".", "")
    minor_units = int(whole + (part or "")[:digits].ljust(digits, "0"))
    if minor_units > MINOR_UNITS_MAX:
        raise Doubt("is too large to be true")
    return -minor_units if sign else minor_units


def read_moment(text: str) -> datetime:
    """A moment in UTC, as settlement files write it: `2026-10-20 08:14:22 UTC`, or archived ones with `T` and `+00:00`."""
    dotted = _DOTTED.fullmatch(text)
    match = _MOMENT.fullmatch(f"{dotted[3]}-{dotted[2]}-{dotted[1]} {dotted[4]} UTC" if dotted else text)
    if match is None:
        raise Doubt("is no moment in UTC such as 2026-10-20 08:14:22 UTC")
    try:
        moment = datetime.fromisoformat(f"{match[1]}T{match[2]}+00:00")
    except ValueError as fault:
        raise Doubt("is no moment that there was") from fault
    return _of_our_time(moment)


def _of_our_time(moment: datetime) -> datetime:
    if moment.year not in _YEARS:
        raise Doubt("is not of our time")
    return moment


def read_day(text: str) -> datetime:
    """A day by itself, as its noon in UTC, which is on that day wherever Amazon has a marketplace."""
    for pattern in _DAYS:
        if match := pattern.fullmatch(text):
            try:
                day = date(int(match["y"]), int(match["m"]), int(match["d"]))
            except ValueError as fault:
                raise Doubt("is no day that there was") from fault
            return _of_our_time(datetime.combine(day, time(12), UTC))
    raise Doubt("is no day that can be read in one way only")


def read_moment_or_day(text: str) -> datetime:
    """A moment, or the noon of a day where the file gives no more."""
    return read_moment(text) if ":" in text else read_day(text)


def read_quantity(text: str) -> int:
    """Units; nothing for an empty cell."""
    if not text:
        return 0
    if not _QUANTITY.fullmatch(text):
        raise Doubt("is no whole number")
    return int(text)


def quoted(text: str) -> str:
    """A cell as an error quotes it: cut, and with what a terminal would act upon shown by its number."""
    return ascii(text[:QUOTED_MAX]) + ("..." if len(text) > QUOTED_MAX else "")
