"""What a month earned and no settlement has told yet: the open settlement, and orders whose money Amazon defers. Accrued at its end, reversed on the first.

Rule: an estimate of its own, told by no certificate. Once a month is accrued its rows are booked on the first day after it, where the reversal stands:
what is left of both is the difference between estimate and truth.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from crossdock.domain.accounts import SUSPENSE, UNSETTLED, Chart
from crossdock.domain.ids import AmazonOrderId, order_number_of
from crossdock.domain.journal import Entry, Posting, PostingKey, lines_of
from crossdock.domain.settlement import Label, RowGroup, month_after

Status = Literal["DEFERRED", "RELEASED", "DEFERRED_RELEASED"]
# Orders of the last two days may be missing from what Amazon tells.
TOLD_AFTER = timedelta(hours=48)
# How transactions are called where rows of a settlement have another word.
_ROWS_OF = {"Shipment": "Order"}
# Transactions that move money and earn none.
_NO_EARNINGS = {"transfer", "disbursement", "payout", "charge", "debtrecovery", "reserve"}
# Where a part of an amount is called by no label of a settlement: the words of Amazon's own examples.
_BROADLY = {
    "sales": "sales.product",
    "productcharges": "sales.product",
    "refunds": "refunds.product",
    "tax": "tax.sales",
    "expenses": "fees.other",
    "fbafees": "fees.fulfilment",
    "amazonfees": "fees.selling",
}


@dataclass(frozen=True, slots=True)
class Transaction:
    """A transaction as Amazon tells it before its settlement closes. `parts`: amounts in minor units by what they are called, from the outside in.

    `release_id`: of one that was deferred and released, the transaction that released it. `fulfilled_by`: AFN, MFN, or empty.
    """

    transaction_id: str
    kind: str
    status: Status
    posted_at: datetime
    currency: str
    marketplace: str
    order_id: str
    fulfilled_by: str
    release_id: str
    parts: Sequence[tuple[tuple[str, ...], int]]


def open_transactions(
    told: Iterable[Transaction], *, until: datetime, settled_until: Callable[[Transaction], datetime | None]
) -> list[Transaction]:
    """Those of before `until` that no booked settlement has: posted since the last one ended, or deferred then.

    One that was released before `until` is told by its release; one that was released later was deferred still. Movements of money are none of it.
    """
    known = list(told)
    released = {each.transaction_id for each in known if each.posted_at < until}
    found = []
    for each in known:
        if each.posted_at >= until or _folded(each.kind) in _NO_EARNINGS:
            continue
        ended_at = settled_until(each)
        was_deferred = each.status == "DEFERRED" or (
            each.status == "DEFERRED_RELEASED" and each.release_id not in released
        )
        is_open = each.status == "RELEASED" and (ended_at is None or each.posted_at >= ended_at)
        if was_deferred or is_open:
            found.append(each)
    return found


def accrue(
    transactions: Iterable[Transaction], month: date, *, chart: Chart, order_mode: Collection[int]
) -> Mapping[str, tuple[Entry, Entry]]:
    """By currency: the accrual on the month's last day, and its reversal on the day after. None for a currency that earned nothing."""
    groups: dict[str, list[tuple[str, RowGroup]]] = defaultdict(list)
    for each in transactions:
        groups[each.currency] += _groups(each, month, chart, order_mode)
    return {currency: _pair(found, month, currency) for currency, found in sorted(groups.items()) if found}


def _pair(found: Sequence[tuple[str, RowGroup]], month: date, currency: str) -> tuple[Entry, Entry]:
    accounts = {id(group): account for account, group in found}
    lines = lines_of([group for _, group in found], lambda group: accounts[id(group)])
    earned = -sum(line.debit for line in lines)
    postings = (*lines, Posting(PostingKey(UNSETTLED, "", ""), earned))
    first = month_after(month)
    back = tuple(Posting(posting.key, -posting.debit) for posting in postings)
    on = first - timedelta(days=1)
    estimate = tuple(Posting(posting.key, posting.debit) for posting in postings)
    return (
        Entry(1, "accrual", on, month, currency, estimate),
        Entry(2, "accrual_reversal", first, first, currency, back),
    )


def _groups(each: Transaction, month: date, chart: Chart, order_mode: Collection[int]) -> list[tuple[str, RowGroup]]:
    """Each part as the books see rows of settlements, with its account."""
    by_order = bool(each.order_id) and order_number_of(AmazonOrderId(each.order_id)) in order_mode
    groups = []
    for path, amount in each.parts:
        label = _label(each.kind, path)
        group = RowGroup(
            label=label,
            marketplace=each.marketplace,
            fulfilled_by=each.fulfilled_by,
            owner="order" if each.order_id else "",
            month=month,
            treatment="",
            order_mode=by_order,
            sign=(amount > 0) - (amount < 0),
            amount=amount,
            rows=1,
            first_row=0,
        )
        known = chart.find(label) is not None
        groups.append((chart.account_of(group) if known else _broad_account(path), group))
    return groups


def _label(kind: str, path: tuple[str, ...]) -> Label:
    outer, inner = (*path, "")[:2]
    return Label(_ROWS_OF.get(kind, kind), outer, inner)


def _broad_account(path: tuple[str, ...]) -> str:
    """By the innermost word that says anything; suspense where none does: the settlement will say what it is."""
    for word in reversed(path):
        account = _BROADLY.get(_folded(word))
        if account is not None:
            return account
    return SUSPENSE


def _folded(word: str) -> str:
    return "".join(word.split()).casefold()
