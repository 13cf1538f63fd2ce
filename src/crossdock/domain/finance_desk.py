"""What people see of the books, row by row."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class SettlementListRow:
    """A settlement in a list. Amounts in minor units of `currency`; `difference`: declared total less rows, of one that is held; `cases`: open ones."""

    connection_id: str
    settlement_id: str
    state: str
    currency: str
    total: int
    starts_at: datetime
    ends_at: datetime
    deposit_at: datetime | None
    rows: int
    chain: str
    difference: int
    source: str | None
    certificate: str
    suspense: int
    cases: int


@dataclass(frozen=True, slots=True)
class EntryRow:
    """One line of an entry, in debits; `rows`: of the settlement it is the sum of."""

    entry_id: str
    number: int
    kind: str
    on_day: date
    month: date
    currency: str
    line: int
    account: str
    marketplace: str
    treatment: str
    debit: int
    rows: int


@dataclass(frozen=True, slots=True)
class BankRow:
    """What a settlement sends over the bank (`kind`: payout, failed, charge), and what the bank shows of it; in minor units of `currency`.

    `amount`: + where money comes in; `arrived`: of it on the bank's side; `open`: what is left on the clearing account; `age_days`: since the deposit day,
    None where nothing is open; `lines`: of the bank; `status`: Amazon's of the payout, empty where it was not told.
    """

    connection_id: str
    settlement_id: str
    kind: str
    currency: str
    amount: int
    arrived: int
    open: int
    on_day: date
    age_days: int | None
    lines: int
    status: str
