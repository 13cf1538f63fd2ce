"""A bank statement -> which line closes which payout, and cases for what does not fit: nothing is booked, the ledger's own bank line does that.

Rule: only Amazon's lines are kept, and of them no more than matching needs. All kept lines are matched anew every time, so a statement given twice does
nothing, and a run that was killed ends the same when it is run again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from crossdock.domain.bank import BankState, choose_kept, decide_matches
from crossdock.domain.bank_cases import BANK_CASES, SeenDays, find_bank_cases, line_record
from crossdock.domain.case import Case
from crossdock.domain.finance_desk import BankRow
from crossdock.domain.finance_policy import FinancePolicy
from crossdock.domain.ids import ConnectionId
from crossdock.domain.statement import Statement, choose_lines, find_disowned, find_new
from crossdock.errors import DataError
from crossdock.ports import Inbox
from crossdock.ports_finance import Bank

# Amazon pays a marketplace once a day at most: more lines than this are other people's.
AMAZON_LINES_MAX = 10_000


@dataclass(frozen=True, slots=True)
class Matched:
    """What became of a statement. `lines`, `pending`, `amazon`, `new`: of the statement; `matched`, `unmatched`, `open`: of all there is by now."""

    lines: int
    pending: int
    amazon: int
    new: int
    matched: int
    unmatched: int
    open: int
    cases: Sequence[Case] = ()


def match_bank(
    statement: Statement | None, *, bank: Bank, inbox: Inbox, policy: FinancePolicy, now: datetime
) -> Matched | None:
    """Take in a statement, and match all lines. Without one, match what is kept; None where no statement was ever given.

    DataError where `payers` of the policy takes too many lines for Amazon's.
    """
    given = choose_lines(statement.lines, policy.bank.payers) if statement is not None else []
    if len(given) > AMAZON_LINES_MAX:
        raise DataError("statement", f"has more than {AMAZON_LINES_MAX} lines of Amazon's: `payers` fits too many")
    with bank.matching() as book:
        seen = _seen(book.seen(), statement)
        if statement is None and seen is None:
            return None
        before, payouts = book.lines(), book.payouts()
        disowned = find_disowned(statement.lines, policy.bank.payers, before) if statement is not None else []
        kept = [line for line in before if line not in disowned]
        found = find_new(given, kept)

        state = decide_matches([*kept, *found], book.dues(policy.books.zone), payouts)
        new = choose_kept(found, state)
        forgotten = {line.line_id for line in found} - {line.line_id for line in new}
        state = _without(state, forgotten)
        today = now.astimezone(policy.books.zone).date()
        cases = find_bank_cases(state, payouts, seen=seen, today=today)

        book.forget([line.line_id for line in disowned])
        book.save(new, state.settlements, seen, now)

    records: list[str] = [closing.due.settlement_id for closing in state.closings]
    records += [line_record(line.line_id) for line in (*before, *new)]
    _tell(cases, records, inbox=inbox, now=now)
    return Matched(
        lines=len(statement.lines) if statement is not None else 0,
        pending=statement.pending if statement is not None else 0,
        amazon=len(given) - len(forgotten),
        new=len(new),
        matched=len(state.settlements),
        unmatched=len(state.unmatched),
        open=sum(1 for closing in state.closings if closing.open),
        cases=tuple(cases.values()),
    )


def list_bank(connection_id: ConnectionId, *, bank: Bank, policy: FinancePolicy, now: datetime) -> list[BankRow]:
    """Every payout, failed transfer and charge with what the bank shows of it, the newest first. Nothing is written."""
    with bank.matching() as book:
        payouts = book.payouts()
        state = decide_matches(book.lines(), book.dues(policy.books.zone), payouts)
    status = {name: payout.status for payout in payouts for name in payout.settlement_ids}
    today = now.astimezone(policy.books.zone).date()
    return [
        BankRow(
            connection_id=connection_id,
            settlement_id=closing.due.settlement_id,
            kind=closing.due.kind,
            currency=closing.due.currency,
            amount=closing.due.amount,
            arrived=closing.arrived,
            open=closing.open,
            on_day=closing.due.on,
            age_days=(today - closing.due.on).days if closing.open else None,
            lines=len(closing.shares),
            status=status.get(closing.due.settlement_id, ""),
        )
        for closing in reversed(state.closings)
    ]


def _seen(before: SeenDays | None, statement: Statement | None) -> SeenDays | None:
    if statement is None or statement.first is None or statement.last is None:
        return before
    now_seen = SeenDays(statement.first, statement.last)
    return now_seen if before is None else before.with_days(statement.first, statement.last)


def _without(state: BankState, forgotten: set[str]) -> BankState:
    """The same without lines that close nothing and are not kept."""
    unmatched = [each for each in state.unmatched if each.line.line_id not in forgotten]
    return BankState(state.closings, unmatched, state.settlements)


def _tell(cases: Mapping[tuple[str, str], Case], records: Sequence[str], *, inbox: Inbox, now: datetime) -> None:
    """One case for each thing a person must look at; what is in order closes its case."""
    for (record_id, _), case in cases.items():
        inbox.raise_case(record_id, case, now)
    for kind in BANK_CASES:
        healthy = [record_id for record_id in dict.fromkeys(records) if (record_id, kind) not in cases]
        inbox.clear_cases(healthy, kind, now)
