"""The books in short, for the overview: the newest settlement, when the next should come, what is in suspense, and what waits for finance."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from crossdock.domain.case_kinds_finance import FINANCE_CASE_KINDS
from crossdock.domain.desk import CaseCount
from crossdock.domain.money import Money
from crossdock.domain.settlement_desk import BooksCount

# A report is there within a day or two of the settlement's end.
LATE = timedelta(days=3)
_KINDS = frozenset(kind.code for kind in FINANCE_CASE_KINDS)


@dataclass(frozen=True, slots=True)
class Panel:
    """The books of the connections looked at. `owner`: whose the open cases are, where they are one owner's."""

    newest: BooksCount
    next_expected_at: datetime
    is_late: bool
    held: int
    suspense: tuple[Money, ...]
    cases: int
    owner: str


def panel_of(counts: Sequence[BooksCount], cases: Iterable[CaseCount], now: datetime) -> Panel | None:
    """All of them together; None where nobody's books are kept. The connection whose next settlement is due first speaks for all."""
    if not counts:
        return None
    first = min(counts, key=BooksCount.next_expected_at)
    sums: dict[str, int] = {}
    for count in counts:
        for currency, amount in count.suspense:
            sums[currency] = sums.get(currency, 0) + amount
    ours = [count for count in cases if count.kind in _KINDS]
    owners = {count.owner for count in ours}
    return Panel(
        newest=max(counts, key=lambda each: each.ends_at),
        next_expected_at=first.next_expected_at(),
        is_late=first.next_expected_at() + LATE < now,
        held=sum(count.held for count in counts),
        suspense=tuple(Money(amount, currency) for currency, amount in sorted(sums.items()) if amount),
        cases=sum(count.cases for count in ours),
        owner=owners.pop() if len(owners) == 1 else "",
    )
