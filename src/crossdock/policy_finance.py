"""[connection.finance] of crossdock.toml -> how settlements are booked. Without it settlements are left alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from crossdock.domain.accounts import RULES_MAX, parse_chart
from crossdock.domain.finance_policy import FULFILMENTS, FinancePolicy, OwnChart
from crossdock.domain.journal import Books
from crossdock.policy_export import ExportPolicy, read_exports
from crossdock.policy_file import Section, moment, quoted

DEFAULT_CHART = Path(__file__).parent / "accounts.csv"
# A rule has some two hundred characters.
_CHART_BYTES_MAX = RULES_MAX * 1_000


def read_finance(section: Section) -> tuple[FinancePolicy | None, ExportPolicy]:
    """How one connection's settlements are booked, None where the table has a problem, which is told; and how its entries leave."""
    problems = len(section.problems)
    zone = section.value("time_zone", _zone)
    closed_until = section.value("closed_until", _day, date.min)
    default = shipped_chart()
    own = tuple(chart for table in section.sections("mapping") if (chart := _mapping(table, default)) is not None)
    if len({each.valid_from for each in own}) < len(own):
        section.problem("mapping", "has two files that are valid from the same day")
    elsewhere = section.pairs("invoiced_elsewhere_from", _elsewhere)
    exports = read_exports(section)
    section.finish()
    if len(section.problems) > problems or zone is None or closed_until is None:
        return None, exports
    return FinancePolicy(Books(zone, closed_until), default, own, elsewhere), exports


def _mapping(table: Section, default: OwnChart) -> OwnChart | None:
    """A mapping of the merchant's own, read at once, so that what is wrong in it is told before anything is booked."""
    valid_from = table.value("valid_from", _day)
    own = table.beside("file", partial(_own, default=default), bytes_max=_CHART_BYTES_MAX, required=True)
    table.finish()
    return replace(own, valid_from=valid_from) if own is not None and valid_from is not None else None


def _own(text: str, name: str, default: OwnChart) -> OwnChart:
    return OwnChart(name, text, parse_chart(text, name, default.chart), date.min)


def shipped_chart() -> OwnChart:
    """The mapping that comes with the program."""
    text = DEFAULT_CHART.read_text(encoding="utf-8")
    return OwnChart("default", text, parse_chart(text, DEFAULT_CHART.name), date.min)


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
