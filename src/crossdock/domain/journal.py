"""The books: what a settlement comes to as entries, each of which balances or cannot be constructed.

Rule: entries are appended, never edited. A month that is closed is corrected by an entry on the first day that is open.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from crossdock.domain.accounts import BANK, CARRIED_OVER, SUSPENSE, UNSETTLED
from crossdock.domain.settlement import RowGroup, Settlement, TaxTreatment, month_after, month_of

EntryKind = Literal["settlement", "month_part", "accrual", "accrual_reversal"]


class PostingKey(NamedTuple):
    """What a posting is summed by: its account, the marketplace it was earned on, and how its tax was dealt with."""

    account: str
    marketplace: str
    treatment: TaxTreatment


@dataclass(frozen=True, slots=True)
class Posting:
    """One line of an entry: minor units, debit above zero. `rows`: how many rows of the settlement it is the sum of; none where booking itself wrote it."""

    key: PostingKey
    debit: int
    rows: int = 0


@dataclass(frozen=True, slots=True)
class Entry:
    """A balanced entry of one currency, on one day. `number` is its place among the settlement's entries, from 1; `month` is the month it tells of."""

    number: int
    kind: EntryKind
    on: date
    month: date
    currency: str
    postings: tuple[Posting, ...]

    def __post_init__(self) -> None:
        """Debits and credits are equal, or this is our own mistake."""
        assert self.postings, "an entry has at least one line"
        assert sum(posting.debit for posting in self.postings) == 0, "an entry does not balance"


@dataclass(frozen=True, slots=True)
class Books:
    """How the merchant keeps the books. `closed_until`: the last day that is closed; entries of that day or before go to the day after."""

    zone: ZoneInfo
    closed_until: date = date.min

    @property
    def has_closed(self) -> bool:
        """Whether any day is closed."""
        return self.closed_until > date.min

    def closing(self, accrued_until: date | None) -> Books:
        """The same books where a month that was accrued is closed too, whatever the policy says."""
        return self if accrued_until is None else replace(self, closed_until=max(self.closed_until, accrued_until))

    def open_day(self, on: date) -> date:
        """That day, or the first that is open after it."""
        return max(on, self.closed_until + timedelta(days=1)) if self.has_closed else on


def posting_key(group: RowGroup, account_of: Callable[[RowGroup], str]) -> PostingKey:
    """The line of the entry of its month into which a group of rows goes."""
    return PostingKey(account_of(group), group.marketplace, group.treatment)


def book(
    settlement: Settlement,
    groups: Sequence[RowGroup],
    *,
    account_of: Callable[[RowGroup], str],
    books: Books,
    accepted_difference: int = 0,
) -> list[Entry]:
    """The entries of a settlement whose rows add up to its total: one for each month its rows were posted in, and what is paid in the last.

    Months before (or after) that of the settlement's end go through `balance.unsettled`, so that the last entry meets the payout exactly.
    `accepted_difference`: declared total less rows, minor units, where a person in finance took it into suspense.
    """
    last, currency = month_of(settlement.ends_at, books.zone), settlement.total.currency
    by_month: dict[date, list[RowGroup]] = defaultdict(list)
    for group in groups:
        by_month[group.month].append(group)
    paid = by_month.pop(last, [])

    entries: list[Entry] = []
    carried = 0
    for month in sorted(by_month):
        lines = lines_of(by_month[month], account_of)
        earned = -sum(line.debit for line in lines)
        carried += earned
        postings = (*lines, *_line(UNSETTLED, earned))
        if postings:
            on = books.open_day(month_after(month) - timedelta(days=1))
            entries.append(Entry(len(entries) + 1, "month_part", on, month, currency, postings))

    total = settlement.total.minor_units
    postings = (
        *lines_of(paid, account_of),
        *_line(UNSETTLED, -carried),
        *_line(SUSPENSE, -accepted_difference),
        *_line(BANK if total > 0 else CARRIED_OVER, total),
    )
    if postings:
        on = books.open_day(settlement.ends_at.astimezone(books.zone).date())
        entries.append(Entry(len(entries) + 1, "settlement", on, last, currency, postings))
    return entries


def lines_of(groups: Iterable[RowGroup], account_of: Callable[[RowGroup], str]) -> list[Posting]:
    """One posting for each account, marketplace and treatment; credits what came to the seller, debits what left."""
    sums: dict[PostingKey, list[int]] = defaultdict(lambda: [0, 0])
    for group in groups:
        line = sums[posting_key(group, account_of)]
        line[0] -= group.amount
        line[1] += group.rows
    return [Posting(key, debit, rows) for key, (debit, rows) in sorted(sums.items())]


def _line(account: str, debit: int) -> tuple[Posting, ...]:
    """A line that booking itself writes; none for nothing."""
    return (Posting(PostingKey(account, "", ""), debit),) if debit else ()
