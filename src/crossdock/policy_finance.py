"""[connection.finance] of crossdock.toml -> how settlements are booked. Without it settlements are left alone."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from crossdock.domain.accounts import RULES_MAX, parse_chart
from crossdock.domain.finance_policy import FULFILMENTS, FinancePolicy, OwnChart
from crossdock.domain.journal import Books
from crossdock.errors import DataError
from crossdock.policy_file import Section, moment, quoted

DEFAULT_CHART = Path(__file__).parent / "accounts.csv"
# A rule has some two hundred characters.
_CHART_BYTES_MAX = RULES_MAX * 1_000


def read_finance(section: Section) -> FinancePolicy | None:
    """How one connection's settlements are booked; None where the table has a problem, which is told."""
    problems = len(section.problems)
    zone = section.value("time_zone", _zone)
    closed_until = section.value("closed_until", _day, date.min)
    default = read_chart(DEFAULT_CHART, "default", date.min)
    own = tuple(chart for table in section.sections("mapping") if (chart := _mapping(table, default)) is not None)
    if len({each.valid_from for each in own}) < len(own):
        section.problem("mapping", "has two files that are valid from the same day")
    elsewhere = section.pairs("invoiced_elsewhere_from", _elsewhere)
    section.finish()
    if len(section.problems) > problems or zone is None or closed_until is None:
        return None
    return FinancePolicy(Books(zone, closed_until), default, own, elsewhere)


def _mapping(table: Section, default: OwnChart) -> OwnChart | None:
    """A mapping of the merchant's own, read at once, so that what is wrong in it is told before anything is booked."""
    name = table.text("file", pattern=r"[^/\\\s]\S{0,199}")
    valid_from = table.value("valid_from", _day)
    table.finish()
    if not name or valid_from is None:
        return None
    try:
        return read_chart(table.path.parent / name, name, valid_from, default)
    except OSError as fault:
        table.problem("file", f"{quoted(name)} cannot be read: {fault.strerror}")
    except UnicodeDecodeError:
        table.problem("file", f"{quoted(name)} is not UTF-8")
    except DataError as fault:
        table.problem("file", str(fault))
    return None


def read_chart(path: Path, name: str, valid_from: date, default: OwnChart | None = None) -> OwnChart:
    """A chart of accounts from its file, asked before `default`; OSError, UnicodeDecodeError or DataError where it cannot be read."""
    with path.open("rb") as file:
        content = file.read(_CHART_BYTES_MAX + 1)
    if len(content) > _CHART_BYTES_MAX:
        raise DataError(name, f"is larger than {_CHART_BYTES_MAX} bytes")
    text = content.decode("utf-8-sig")
    return OwnChart(name, text, parse_chart(text, name, default.chart if default else None), valid_from)


def _zone(value: Any) -> ZoneInfo:
    try:
        return ZoneInfo(value)
    except (TypeError, ValueError, OSError, ZoneInfoNotFoundError) as fault:
        message = f'{quoted(value)} is no time zone, such as "Europe/Berlin"'
        raise ValueError(message) from fault


def _day(value: Any) -> date:
    if not isinstance(value, date) or isinstance(value, datetime):
        message = "must be a day without quotes, as in 2026-09-30"
        raise ValueError(message)  # noqa: TRY004 - Section collects ValueError, whatever is wrong
    return value


def _elsewhere(fulfilment: str, value: Any) -> tuple[str, datetime]:
    if fulfilment not in FULFILMENTS:
        message = f"is none of {', '.join(FULFILMENTS)}"
        raise ValueError(message)
    return fulfilment, moment(value)
