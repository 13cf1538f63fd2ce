"""Exports as they are handed over: written, read again, and found to say what was given.

Rule: nothing leaves here that the checker refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import assert_never

from crossdock.domain.ledger import Demands, ExportEntry
from crossdock.exports import beancount, csv, datev, netsuite, quickbooks, sage, xero
from crossdock.exports.check import confirm
from crossdock.exports.targets import (
    BeancountSettings,
    CsvSettings,
    DatevSettings,
    ExportedFile,
    IntacctSettings,
    NetSuiteSettings,
    QuickBooksSettings,
    Sage50Settings,
    Settings,
    XeroSettings,
)

TARGETS: Mapping[str, type[Settings]] = {
    "beancount": BeancountSettings,
    "csv": CsvSettings,
    "datev": DatevSettings,
    "intacct": IntacctSettings,
    "netsuite": NetSuiteSettings,
    "quickbooks": QuickBooksSettings,
    "sage50": Sage50Settings,
    "xero": XeroSettings,
}
_DEMANDS: Mapping[type[Settings], Demands] = {
    BeancountSettings: beancount.DEMANDS,
    CsvSettings: csv.DEMANDS,
    DatevSettings: datev.DEMANDS,
    IntacctSettings: sage.INTACCT_DEMANDS,
    NetSuiteSettings: netsuite.DEMANDS,
    QuickBooksSettings: quickbooks.DEMANDS,
    Sage50Settings: sage.SAGE50_DEMANDS,
    XeroSettings: xero.DEMANDS,
}


def demands(settings: Settings) -> Demands:
    """What the entries of a target must have: for `plan_export`."""
    return _DEMANDS[type(settings)]


def export(entries: Sequence[ExportEntry], settings: Settings) -> tuple[ExportedFile, ...]:
    """The entries as files of the target that the settings are of; none for no entries.

    DataError where the target cannot say something of an entry (with target, entry and column); ExportRefused where what was written is not
    what was given, which is our own mistake and never handed over.
    """
    if not entries:
        return ()
    files = tuple(_write(entries, settings))
    confirm(files, entries, settings)
    return files


def _write(entries: Sequence[ExportEntry], settings: Settings) -> Iterator[ExportedFile]:
    match settings:
        case BeancountSettings():
            yield from beancount.write_beancount(entries, settings)
        case CsvSettings():
            yield from csv.write_csv(entries, settings)
        case DatevSettings():
            yield from datev.write_datev(entries, settings)
        case IntacctSettings():
            yield from sage.write_intacct(entries, settings)
        case NetSuiteSettings():
            yield from netsuite.write_netsuite(entries, settings)
        case QuickBooksSettings():
            yield from quickbooks.write_quickbooks(entries, settings)
        case Sage50Settings():
            yield from sage.write_sage50(entries, settings)
        case XeroSettings():
            yield from xero.write_xero(entries, settings)
        case _:
            assert_never(settings)
