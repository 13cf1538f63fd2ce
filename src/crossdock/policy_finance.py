"""[connection.finance] of crossdock.toml -> how settlements are booked. Without it settlements are left alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from crossdock.domain.accounts import RULES_MAX, parse_chart
from crossdock.domain.finance_policy import FULFILMENTS, BankPolicy, CsvForm, FinancePolicy, OwnChart
from crossdock.domain.journal import Books
from crossdock.domain.money import MINOR_DIGITS
from crossdock.policy_export import ExportPolicy, read_exports
from crossdock.policy_file import Section, moment, quoted
from crossdock.statements.csv_statement import DATE_FORMATS, ENCODINGS

DEFAULT_CHART = Path(__file__).parent / "accounts.csv"
# A rule has some two hundred characters.
_CHART_BYTES_MAX = RULES_MAX * 1_000
# A payer of one letter would be everybody.
TEXT_MIN = 3


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
    bank = _bank(section.section("bank"))
    accruals = section.flag("accruals", default=False)
    exports = read_exports(section)
    section.finish()
    if len(section.problems) > problems or zone is None or closed_until is None:
        return None, exports
    return FinancePolicy(Books(zone, closed_until), default, own, elsewhere, accruals, bank=bank), exports


def _bank(section: Section) -> BankPolicy:
    """Whose lines of a bank statement are Amazon's, and how the bank writes CSV."""
    usual, table = BankPolicy(), section.section("csv")
    payers = section.value("payers", _texts, usual.payers) or usual.payers
    section.finish()
    form = usual.csv
    column = r"\S(.{0,98}\S)?"
    own = CsvForm(
        date=table.text("date", form.date, pattern=column),
        amount=table.text("amount", form.amount, pattern=column),
        currency=table.text("currency", form.currency, pattern=column),
        reference=table.value("reference", _texts, form.reference) or form.reference,
        currency_code=table.text("currency_code", form.currency_code, choices=("", *MINOR_DIGITS)),
        date_format=table.text("date_format", form.date_format, choices=DATE_FORMATS),
        decimal_mark=table.text("decimal_mark", form.decimal_mark, choices=(".", ",")),
        delimiter=table.text("delimiter", form.delimiter, choices=(",", ";", "\t", "|")),
        encoding=table.text("encoding", form.encoding, choices=ENCODINGS),
    )
    table.finish()
    return BankPolicy(payers, own)


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


def _texts(value: Any) -> tuple[str, ...]:
    texts = [value] if isinstance(value, str) else value
    if (
        not isinstance(texts, list)
        or not texts
        or not all(isinstance(text, str) and len(text.strip()) >= TEXT_MIN for text in texts)
    ):
        message = f"must be a text in quotes, of at least {TEXT_MIN} letters, or a list of them"
        raise ValueError(message)
    return tuple(" ".join(text.split()) for text in texts)


def _elsewhere(fulfilment: str, value: Any) -> tuple[str, datetime]:
    if fulfilment not in FULFILMENTS:
        message = f"is none of {', '.join(FULFILMENTS)}"
        raise ValueError(message)
    return fulfilment, moment(value)
