"""Whether an export says what it was given: its bytes are read again, and each entry compared line by line, to the cent.

Rule: it shares nothing with the writers but the entries and the settings; the first difference refuses the export, with file, line and column.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import groupby
from typing import assert_never

from crossdock.domain.ledger import ExportEntry, ExportLine
from crossdock.domain.money import MINOR_DIGITS
from crossdock.exports import check_datev
from crossdock.exports.check_beancount import read_beancount
from crossdock.exports.check_datev import read_datev
from crossdock.exports.check_tables import (
    Found,
    Reading,
    intacct,
    letters,
    netsuite,
    plain_table,
    quickbooks,
    read_again,
    sage50,
    xero,
)
from crossdock.exports.targets import (
    BeancountSettings,
    CsvSettings,
    DatevSettings,
    ExportedFile,
    ExportRefused,
    IntacctSettings,
    NetSuiteSettings,
    QuickBooksSettings,
    Sage50Settings,
    Settings,
    XeroSettings,
)

# The mark of a certificate at the end of a memo.
_MARK = 16


def confirm(files: Sequence[ExportedFile], entries: Sequence[ExportEntry], settings: Settings) -> None:
    """The files have exactly these entries in the target's form; ExportRefused otherwise."""
    wanted = {entry.entry_id: entry for entry in entries} | {entry.posting_key: entry for entry in entries}
    if len(wanted) != 2 * len(entries) or len({file.name for file in files}) != len(files):
        raise ExportRefused(files[0].name if files else "", 1, "", "an entry or a file is there twice")
    seen: set[str] = set()
    totals: dict[str, Decimal] = defaultdict(Decimal)
    for file in files:
        for name, group in groupby(_read(file, settings), key=lambda found: found.name):
            lines = list(group)
            entry = wanted.get(name)
            if entry is None or entry.entry_id in seen:
                raise lines[0].line.refuse("", f"the entry {name[:40]} was not given, or is there twice")
            seen.add(entry.entry_id)
            _compare(lines, entry)
            if isinstance(settings, DatevSettings):
                _compare_in_books(lines, entry)
            totals[entry.currency] += sum((found.amount for found in lines if found.amount > 0), Decimal(0))
    last = files[-1].name if files else ""
    for entry in entries:
        if entry.entry_id not in seen:
            raise ExportRefused(last, 1, "", f"the entry {entry.entry_id} is missing")
    if dict(totals) != dict(_totals(entries)):
        raise ExportRefused(last, 1, "", "the totals differ")


def _read(file: ExportedFile, settings: Settings) -> Iterator[Found]:
    match settings:
        case DatevSettings():
            return read_datev(file, settings)
        case BeancountSettings():
            return read_beancount(file, settings)
        case _:
            return read_again(file, _reading(settings))


def _reading(
    settings: XeroSettings | QuickBooksSettings | NetSuiteSettings | Sage50Settings | IntacctSettings | CsvSettings,
) -> Reading:
    match settings:
        case XeroSettings():
            return xero(settings)
        case QuickBooksSettings():
            return quickbooks(settings)
        case NetSuiteSettings():
            return netsuite(settings)
        case Sage50Settings():
            return sage50(settings)
        case IntacctSettings():
            return intacct(settings)
        case CsvSettings():
            return plain_table(settings)
        case _:
            assert_never(settings)


def _compare(lines: Sequence[Found], entry: ExportEntry) -> None:
    """One entry: its balance, then every line in its order."""
    digits = MINOR_DIGITS[entry.currency]
    for found, line in zip(lines, entry.lines, strict=False):
        if found.amount.as_tuple().exponent != -(digits if found.decimals is None else found.decimals):
            raise found.line.refuse(found.amount_column, f"has not the decimals of {entry.currency}")
        if found.amount * 10**digits != line.debit:
            raise found.line.refuse(found.amount_column, f"is not the amount of line {line.text}")
        _compare_line(found, line, entry)
    if len(lines) != len(entry.lines):
        what = f"the entry {entry.entry_id} has {len(lines)} lines, not {len(entry.lines)}"
        raise lines[-1].line.refuse("", what)
    if sum((found.amount for found in lines), Decimal(0)) != 0:
        raise lines[-1].line.refuse(lines[-1].amount_column, f"the entry {entry.entry_id} does not balance")


def _compare_line(found: Found, line: ExportLine, entry: ExportEntry) -> None:
    """What a line says beside its amount, as far as the target has a place for it."""
    if found.account_column:
        same = letters(found.account) == letters(line.name) if found.named else found.account == line.number
        if not same:
            raise found.line.refuse(found.account_column, "is not the account of this line")
    if found.on is not None and found.on != entry.on:
        raise found.line.refuse("", f"is not on {entry.on}")
    if found.currency and found.currency != entry.currency:
        raise found.line.refuse("", f"is not in {entry.currency}")
    if found.tax_code is not None and letters(found.tax_code) != letters(line.tax_code):
        raise found.line.refuse("", "has not the tax code of this account")
    if found.rate_column and found.rate != entry.rate:
        is_own = entry.currency == found.home and found.rate in {None, Decimal(1)}
        if not is_own:
            raise found.line.refuse(found.rate_column, "is not the entry's rate")
    if found.memo is not None and not found.memo.endswith(entry.memo[-_MARK:]):
        raise found.line.refuse("", "has not the mark of the certificate")


def _compare_in_books(lines: Sequence[Found], entry: ExportEntry) -> None:
    """DATEV's amounts in the books' currency: they balance, and each is the rate's but for rounding."""
    cells = [(found, found.line.amount(check_datev.BASE_AMOUNT, ",")) for found in lines]
    if all(base is None for _, base in cells):
        return
    if entry.rate is None or sum(
        ((base or 0) if found.amount > 0 else -(base or 0) for found, base in cells), Decimal(0)
    ):
        raise lines[-1].line.refuse(check_datev.BASE_AMOUNT, "the amounts in the books' currency do not balance")
    # Each line may be off by half a cent, and one of them has what that came to.
    off_most = Decimal("0.005") * (len(lines) + 1)
    for found, base in cells:
        rate = found.line.amount(check_datev.RATE, ",") or Decimal(0)
        if abs(abs(found.amount) * entry.rate - (base or 0)) > off_most:
            raise found.line.refuse(check_datev.BASE_AMOUNT, "is not what the rate gives")
        if abs(rate * entry.rate - 1) > entry.rate * Decimal("0.000001"):
            raise found.line.refuse(check_datev.RATE, "is not the entry's rate")


def _totals(entries: Sequence[ExportEntry]) -> Iterator[tuple[str, Decimal]]:
    sums: dict[str, int] = defaultdict(int)
    for entry in entries:
        sums[entry.currency] += sum(line.debit for line in entry.lines if line.debit > 0)
    for currency, minor_units in sums.items():
        yield currency, Decimal(minor_units) / 10 ** MINOR_DIGITS[currency]
