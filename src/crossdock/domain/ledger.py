"""The merchant's own ledger: which number, name and tax code a posting has there, and entries as every export writes them.

Rule: what the ledger lacks stops the export and is told completely; it never stops the booking, and no number is guessed.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal, NamedTuple, TypeAlias, get_args

from crossdock.domain.accounts import KEY as ACCOUNT_KEY
from crossdock.domain.certificate import MARK_LENGTH
from crossdock.domain.journal import Entry, EntryKind, PostingKey
from crossdock.domain.money import MINOR_DIGITS
from crossdock.domain.settlement import TaxTreatment
from crossdock.errors import DataError

# In a key of the ledger: whatever the marketplace or treatment.
ANY = "*"

AccountField = Literal["number", "name", "tax_code"]

# An accrual is an estimate, and no certificate tells of it.
_ESTIMATES: tuple[EntryKind, ...] = ("accrual", "accrual_reversal")


class LedgerKey(NamedTuple):
    """Which postings an account of the ledger is for: an account of ours, on a marketplace (or `ANY`), with a tax treatment (or `ANY`)."""

    account: str
    marketplace: str = ANY
    treatment: str = ANY


@dataclass(frozen=True, slots=True)
class LedgerAccount:
    """An account as the merchant's ledger knows it. `number` is what an import finds it by: for Beancount its whole name."""

    number: str
    name: str = ""
    tax_code: str = ""


Ledger: TypeAlias = Mapping[LedgerKey, LedgerAccount]


@dataclass(frozen=True, slots=True)
class Demands:
    """What a target cannot do without: how long its memo may be, and which fields every account must have."""

    memo_length: int
    fields: tuple[AccountField, ...] = ("number",)


@dataclass(frozen=True, slots=True)
class Booked:
    """An entry as it was booked.

    `certificate`: the hash of its settlement's; empty for an estimate. `rate`: units of the books' currency for one of the entry's.
    """

    settlement_id: str
    entry: Entry
    certificate: str = ""
    rate: Decimal | None = None


@dataclass(frozen=True, slots=True)
class ExportLine:
    """One line of an exported entry: minor units, debit above zero, never 0. `text` says in our words what it is."""

    account: str
    number: str
    name: str
    tax_code: str
    marketplace: str
    treatment: TaxTreatment
    debit: int
    text: str


@dataclass(frozen=True, slots=True)
class ExportEntry:
    """A balanced entry with the merchant's own accounts. `posting_key` is the same whenever the entry is exported, so that a ledger can tell a repetition."""

    entry_id: str
    posting_key: str
    on: date
    month: date
    currency: str
    rate: Decimal | None
    memo: str
    lines: tuple[ExportLine, ...]

    def __post_init__(self) -> None:
        """Debits and credits are equal and no line is empty, or this is our own mistake."""
        assert self.lines, "an exported entry has lines"
        assert all(line.debit for line in self.lines), "a line of 0 is exported"
        assert sum(line.debit for line in self.lines) == 0, "an exported entry does not balance"

    @property
    def digits(self) -> int:
        """The digits of the currency's minor unit."""
        return MINOR_DIGITS[self.currency]


class Missing(NamedTuple):
    """What the ledger does not say: a field, for the postings of an account on a marketplace with a treatment."""

    account: str
    marketplace: str
    treatment: str
    field: AccountField


@dataclass(frozen=True, slots=True)
class MissingAccounts:
    """All that the ledger lacks for an export: each once, sorted."""

    missing: tuple[Missing, ...]


def plan_export(
    booked: Iterable[Booked], ledger: Ledger, demands: Demands
) -> tuple[ExportEntry, ...] | MissingAccounts:
    """The entries with the merchant's own accounts, each posting that is not 0 one line in its order; or everything the ledger lacks."""
    entries = list(booked)
    missing = {gap for each in entries for key in _keys(each.entry) for gap in _gaps(key, ledger, demands)}
    if missing:
        return MissingAccounts(tuple(sorted(missing)))
    return tuple(_export(each, ledger, demands) for each in entries if any(_keys(each.entry)))


COLUMNS = ("account", "marketplace", "treatment", "number", "name", "tax_code")
# Every account on every marketplace with every treatment is less.
ACCOUNTS_MAX = 5_000


def parse_ledger(text: str, where: str) -> Ledger:
    """Read the merchant's accounts, CSV with `#` comments and these columns (`*` or nothing: any marketplace, any treatment); DataError at file and line."""
    numbered = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line and not line.startswith("#")]
    if len(numbered) > ACCOUNTS_MAX:
        raise DataError(where, f"has more than {ACCOUNTS_MAX} lines")
    reader = csv.DictReader((line for _, line in numbered), strict=True)
    if reader.fieldnames is None or set(COLUMNS) != set(reader.fieldnames):
        raise DataError(where, f"the first line must name the columns {', '.join(COLUMNS)}")
    ledger: dict[LedgerKey, LedgerAccount] = {}
    try:
        for row in reader:
            at = f"{where}, line {numbered[reader.line_num - 1][0]}"
            if None in row or None in row.values():
                raise DataError(at, "has not the columns of the first line")
            key = LedgerKey(row["account"].strip(), row["marketplace"].strip() or ANY, row["treatment"].strip() or ANY)
            if not ACCOUNT_KEY.fullmatch(key.account) or key.treatment not in {ANY, *get_args(TaxTreatment)}:
                raise DataError(
                    at, "account must be a key such as sales.product, treatment seller, amazon, untaxed or *"
                )
            if key in ledger:
                raise DataError(at, "says the same posting once more")
            ledger[key] = LedgerAccount(row["number"].strip(), row["name"].strip(), row["tax_code"].strip())
    except csv.Error as fault:
        raise DataError(where, f"cannot be read as CSV: {fault}") from fault
    return ledger


def find_account(ledger: Ledger, key: PostingKey) -> LedgerAccount | None:
    """The account of a posting, the most specific first: a marketplace goes before a treatment; None where nothing fits."""
    account, marketplace, treatment = key
    for marketplace_or_any, treatment_or_any in (
        (marketplace, treatment),
        (marketplace, ANY),
        (ANY, treatment),
        (ANY, ANY),
    ):
        found = ledger.get(LedgerKey(account, marketplace_or_any, treatment_or_any))
        if found is not None:
            return found
    return None


def posting_key(settlement_id: str, number: int) -> str:
    """The key of an entry: 21 characters at most for the settlement ids there are (11 to 14 digits) and 999 entries."""
    return f"CD-{settlement_id}-{number}"


def memo_of(booked: Booked, length: int) -> str:
    """`Amazon settlement 24288684721 2026-11 0123456789abcdef`, shortened from its beginning so that the mark of the certificate survives whole."""
    month = f"{booked.entry.month:%Y-%m}"
    if booked.entry.kind in _ESTIMATES:
        return f"Amazon {booked.entry.kind.replace('_', ' ')} {booked.settlement_id} {month}"[:length]
    mark = booked.certificate[:MARK_LENGTH]
    assert len(mark) == MARK_LENGTH <= length, "a memo without the mark of a certificate"
    for told in (f"Amazon settlement {booked.settlement_id} {month}", f"{booked.settlement_id} {month}", month):
        if len(told) + 1 + MARK_LENGTH <= length:
            return f"{told} {mark}"
    return mark


def _keys(entry: Entry) -> Iterator[PostingKey]:
    return (posting.key for posting in entry.postings if posting.debit)


def _gaps(key: PostingKey, ledger: Ledger, demands: Demands) -> Iterator[Missing]:
    account = find_account(ledger, key)
    for field in demands.fields:
        if account is None or not getattr(account, field).strip():
            yield Missing(*key, field)


def _export(booked: Booked, ledger: Ledger, demands: Demands) -> ExportEntry:
    entry = booked.entry
    lines = []
    for posting in entry.postings:
        if posting.debit:
            account = find_account(ledger, posting.key)
            assert account is not None, "an account is missing that was looked for"
            text = " ".join(filter(None, posting.key))
            lines.append(
                ExportLine(
                    account=posting.key.account,
                    number=account.number,
                    name=account.name,
                    tax_code=account.tax_code,
                    marketplace=posting.key.marketplace,
                    treatment=posting.key.treatment,
                    debit=posting.debit,
                    text=text,
                )
            )
    return ExportEntry(
        entry_id=f"{booked.settlement_id}-{entry.number}",
        posting_key=posting_key(booked.settlement_id, entry.number),
        on=entry.on,
        month=entry.month,
        currency=entry.currency,
        rate=booked.rate,
        memo=memo_of(booked, demands.memo_length),
        lines=tuple(lines),
    )
