"""[connection.finance] of crossdock.toml -> how entries leave for the merchant's ledger: its accounts, rates of exchange, and each target's settings."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, get_args

from crossdock.domain.ledger import Ledger, parse_ledger
from crossdock.domain.money import MINOR_DIGITS
from crossdock.exports.targets import (
    CSV_COLUMNS,
    INTACCT_COLUMNS,
    BeancountSettings,
    CsvSettings,
    DateForm,
    DatevSettings,
    IntacctSettings,
    NetSuiteSettings,
    QuickBooksSettings,
    Sage50Settings,
    Settings,
    XeroSettings,
)
from crossdock.policy_file import Section, quoted

# An account for each key, marketplace and treatment is some hundred lines of some hundred characters.
_LEDGER_BYTES_MAX = 1 << 20
_RATE = re.compile(r"[0-9]{1,7}(\.[0-9]{1,10})?")
_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")
# Stands in a DATEV file; whoever exports sets the time.
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ExportPolicy:
    """`currency`: of the books; `rates`: units of it for one of a currency, by currency and month; `targets`: settings by the target's name."""

    currency: str = "EUR"
    ledger: Ledger = field(default_factory=dict)
    rates: Mapping[tuple[str, date], Decimal] = field(default_factory=dict)
    targets: Mapping[str, Settings] = field(default_factory=dict)

    def rate(self, currency: str, month: date) -> Decimal | None:
        """What one unit of a currency is worth in a month; None where it is the books' own, or was not said."""
        return None if currency == self.currency else self.rates.get((currency, month))


def read_exports(section: Section) -> ExportPolicy:
    """How one connection's entries leave; what is wrong is told."""
    currency = section.text("currency", "EUR", choices=MINOR_DIGITS)
    ledger = section.beside("ledger", parse_ledger, bytes_max=_LEDGER_BYTES_MAX) or {}
    by_currency = section.pairs("rates", _rates)
    rates = {(code, month): rate for code, months in by_currency.items() for month, rate in months.items()}
    export = section.section("export")
    targets = {name: read(export, currency) for name, read in _READERS.items() if name in export.values}
    export.asked |= set(_READERS)
    export.finish()
    return ExportPolicy(currency, ledger, rates, {name: made for name, made in targets.items() if made is not None})


def _rates(currency: str, value: Any) -> tuple[str, Mapping[date, Decimal]]:
    if currency not in MINOR_DIGITS or not isinstance(value, dict):
        message = 'must be a table of months under a currency, as in rates.CAD."2026-10" = "0.6241"'
        raise ValueError(message)
    return currency, dict(_rate(month, rate) for month, rate in value.items())


def _rate(month: str, rate: Any) -> tuple[date, Decimal]:
    if not _MONTH.fullmatch(month) or not isinstance(rate, str) or not _RATE.fullmatch(rate) or not Decimal(rate):
        message = f'{quoted(month)} = {quoted(str(rate))} is no rate, such as "2026-10" = "0.6241"'
        raise ValueError(message)
    return date(int(month[:4]), int(month[5:]), 1), Decimal(rate)


def _made(section: Section, make: Callable[[], Settings]) -> Settings | None:
    """The settings of a target, or None where they cannot be, which is told at the target's line."""
    problems = len(section.problems)
    section.finish()
    if len(section.problems) > problems:
        return None
    try:
        return make()
    except ValueError as fault:
        # Each begins with the name of its key.
        name, _, what = str(fault).partition(" ")
        section.problem(name, what)
        return None


def _date_form(section: Section, default: DateForm) -> DateForm:
    forms: dict[str, DateForm] = {form: form for form in get_args(DateForm)}
    return forms[section.text("date_form", default, choices=forms)]


def _datev(export: Section, currency: str) -> Settings | None:
    section = export.section("datev")
    numbers = {
        "consultant": section.whole("consultant", 0, least=1001, most=9_999_999),
        "client": section.whole("client", 0, least=1, most=99_999),
        "account_length": section.whole("account_length", 4, least=4, most=8),
        "fiscal_year_month": section.whole("fiscal_year_month", 1, least=1, most=12),
    }
    texts = {
        "clearing_account": section.text("clearing_account"),
        "label": section.text("label", "Amazon"),
        "chart": section.text("chart", ""),
    }
    locked = section.flag("locked", default=False)
    return _made(section, lambda: DatevSettings(**numbers, **texts, locked=locked, currency=currency, made_at=_NEVER))  # type: ignore[arg-type] # by name


def _xero(export: Section, currency: str) -> Settings | None:
    section = export.section("xero")
    form, tracking = _date_form(section, "dd/mm/yyyy"), section.text("tracking", "")
    return _made(section, lambda: XeroSettings(currency, form, tracking))


def _quickbooks(export: Section, currency: str) -> Settings | None:
    section = export.section("quickbooks")
    form, several = _date_form(section, "mm/dd/yyyy"), section.flag("multicurrency", default=False)
    names = section.pairs("names", _text_pair)
    return _made(section, lambda: QuickBooksSettings(currency, several, form, names))


def _netsuite(export: Section, currency: str) -> Settings | None:
    section = export.section("netsuite")
    form = _date_form(section, "mm/dd/yyyy")
    subsidiary, department = section.text("subsidiary", ""), section.text("department", "")
    class_name, location = section.text("class_name", ""), section.text("location", "")
    return _made(
        section,
        lambda: NetSuiteSettings(
            currency, subsidiary, department, class_name=class_name, location=location, date_form=form
        ),
    )


def _sage50(export: Section, currency: str) -> Settings | None:
    section = export.section("sage50")
    department = section.whole("department", 0, most=999)
    user_name = section.text("user_name", "Crossdock")
    return _made(section, lambda: Sage50Settings(currency, department, user_name))


def _intacct(export: Section, currency: str) -> Settings | None:
    section = export.section("intacct")
    form, journal = _date_form(section, "mm/dd/yyyy"), section.text("journal", "GJ")
    columns = section.value("columns", _texts, tuple[str, ...](INTACCT_COLUMNS)) or ()
    fixed = section.pairs("fixed", _text_pair)
    return _made(section, lambda: IntacctSettings(currency, journal, columns, fixed=fixed, date_form=form))


def _beancount(export: Section, _currency: str) -> Settings | None:
    section = export.section("beancount")
    opens, payee = section.flag("opens", default=True), section.text("payee", "Amazon")
    return _made(section, lambda: BeancountSettings(opens, payee))


def _csv(export: Section, _currency: str) -> Settings | None:
    section = export.section("csv")
    form = _date_form(section, "yyyy-mm-dd")
    columns = section.pairs("columns", _text_pair)
    delimiter = section.text("delimiter", ",", choices=[",", ";", "\t", "|"])
    mark = section.text("decimal_mark", ".", choices=[".", ","])
    encoding = section.text("encoding", "utf-8", choices=["utf-8", "utf-8-sig", "cp1252"])
    return _made(
        section,
        lambda: CsvSettings(
            tuple(columns.items()) or CSV_COLUMNS,
            delimiter,  # type: ignore[arg-type] # one of the choices
            mark,  # type: ignore[arg-type] # one of the choices
            date_form=form,
            encoding=encoding,  # type: ignore[arg-type] # one of the choices
        ),
    )


_READERS: Mapping[str, Callable[[Section, str], Settings | None]] = {
    "beancount": _beancount,
    "csv": _csv,
    "datev": _datev,
    "intacct": _intacct,
    "netsuite": _netsuite,
    "quickbooks": _quickbooks,
    "sage50": _sage50,
    "xero": _xero,
}


def _text_pair(key: str, value: Any) -> tuple[str, str]:
    if not isinstance(value, str):
        message = "must be a text in quotes"
        raise ValueError(message)  # noqa: TRY004 - Section collects ValueError, whatever is wrong
    return key, value


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        message = "must be a list of texts in quotes"
        raise ValueError(message)
    return tuple(value)
