"""Beancount: entries as plain text that an auditor can check with a program that is not ours.

Rule: an account's number is its whole name in Beancount (`Income:Amazon:Sales`), amounts are exact, and the tolerance is 0.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from crossdock.domain.ledger import Demands, ExportEntry, ExportLine
from crossdock.errors import DataError
from crossdock.exports.table import exact, file_name
from crossdock.exports.targets import BeancountSettings, ExportedFile
from crossdock.exports.text import plain

DEMANDS = Demands(memo_length=200)

_ACCOUNT = re.compile(r"(Assets|Liabilities|Equity|Income|Expenses)(:[A-Z0-9][A-Za-z0-9-]*)+", re.ASCII)


def write_beancount(entries: Sequence[ExportEntry], settings: BeancountSettings) -> Iterator[ExportedFile]:
    """One file; DataError for an account that Beancount could not have."""
    opens = sorted({_account(entry, line) for entry in entries for line in entry.lines}) if settings.opens else []
    first = min((entry.on for entry in entries), default=None)
    lines = [
        'option "title" "Entries of Crossdock"',
        # The least difference is an error: amounts are exact.
        'option "tolerance_multiplier" "0"',
        "",
        *(f"{first} open {account}" for account in opens),
    ]
    for entry in sorted(entries, key=lambda entry: entry.on):
        lines += ["", *_entry(entry, settings)]
    yield ExportedFile(file_name("beancount", entries, "beancount"), ("\n".join(lines) + "\n").encode())


def _entry(entry: ExportEntry, settings: BeancountSettings) -> Iterator[str]:
    yield f"{entry.on} * {_text(settings.payee)} {_text(entry.memo)}"
    yield f"  entry: {_text(entry.entry_id)}"
    yield f"  posting_key: {_text(entry.posting_key)}"
    if entry.rate is not None:
        yield f"  rate: {_text(f'{entry.rate:f}')}"
    for line in entry.lines:
        yield f"  {_account(entry, line)}  {exact(line.debit, entry.digits):f} {entry.currency}"
        for name, value in (
            ("account", line.account),
            ("account_name", line.name),
            ("marketplace", line.marketplace),
            ("tax_treatment", line.treatment),
            ("tax_code", line.tax_code),
        ):
            if value:
                yield f"    {name}: {_text(value)}"


def _account(entry: ExportEntry, line: ExportLine) -> str:
    if not _ACCOUNT.fullmatch(line.number):
        raise DataError(
            f"beancount, entry {entry.entry_id}, account {line.account}",
            "has a number that is no account of Beancount, such as Income:Amazon:Sales",
        )
    return line.number


def _text(text: str) -> str:
    """In quotes, in one line."""
    return '"' + plain(text, "utf-8").replace("\\", "\\\\").replace('"', '\\"') + '"'
