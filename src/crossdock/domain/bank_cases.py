"""What a person in finance must look at between Amazon's payouts and the bank: lines that fit nothing, amounts that differ, payouts that did not arrive."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from crossdock.domain.bank import EARLY, LATE, BankState, Closing, Payout, Unmatched
from crossdock.domain.case import Case
from crossdock.domain.money import Money

BANK_CASES = ("bank.unmatched", "bank.amount_differs", "bank.payout_missing")
# So many candidates are named; the rest is counted.
NAMED_MAX = 10


@dataclass(frozen=True, slots=True)
class SeenDays:
    """The first and the last day of all statements that were given."""

    first: date
    last: date

    def with_days(self, first: date, last: date) -> SeenDays:
        """The same with the days of one more statement."""
        return SeenDays(min(self.first, first), max(self.last, last))


def find_bank_cases(
    state: BankState, payouts: Iterable[Payout], *, seen: SeenDays | None, today: date
) -> Mapping[tuple[str, str], Case]:
    """Every case there is now, by record and kind. The record of a line is its id, of all else its settlement."""
    status = {name: payout.status for payout in payouts for name in payout.settlement_ids}
    begins = min((closing.due.on for closing in state.closings), default=date.min + EARLY) - EARLY
    found: dict[tuple[str, str], Case] = {}
    for closing in state.closings:
        told = status.get(closing.due.settlement_id, "")
        for case in (check_amount(closing), check_arrival(closing, told, seen=seen, today=today)):
            if case is not None:
                found[closing.due.settlement_id, case.kind] = case
    for unmatched in state.unmatched:
        # Of a time whose settlements were never imported, nothing can fit.
        if unmatched.line.on_day >= begins:
            found[line_record(unmatched.line.line_id), "bank.unmatched"] = _unmatched(unmatched)
    return found


def check_amount(closing: Closing) -> Case | None:
    """What the bank shows of a payout or a charge is its amount in its currency, or a case with the difference."""
    due = closing.due
    if not closing.shares or not closing.open or not (closing.arrived or closing.foreign):
        return None
    facts = {
        "settlement_id": due.settlement_id,
        "what": due.kind,
        "amazon": str(Money(due.amount, due.currency)),
        "bank": ", ".join(str(Money(share.amount, share.line.currency)) for share in closing.shares[:NAMED_MAX]),
        "off": str(Money(closing.open, due.currency)),
    }
    return Case("bank.amount_differs", facts, at_stake=Money(abs(closing.open), due.currency))


def check_arrival(closing: Closing, status: str, *, seen: SeenDays | None, today: date) -> Case | None:
    """Some line of a payout arrived within a week of its deposit day, as far as statements tell of these days; `status`: Amazon's of the payout."""
    due = closing.due
    if due.kind != "payout" or closing.arrived or closing.foreign or not closing.open or closing.doubtful:
        return None
    if seen is None or not seen.first <= due.on <= min(seen.last, today - timedelta(days=1)) - LATE:
        return None
    facts = {
        "settlement_id": due.settlement_id,
        "amazon": str(Money(due.amount, due.currency)),
        "deposit_on": due.on.isoformat(),
        "age_days": str((today - due.on).days),
    }
    more = {"status": status} if status else {}
    return Case("bank.payout_missing", facts | more, at_stake=Money(due.amount, due.currency))


def line_record(line_id: str) -> str:
    """The record under which the case of a line is kept."""
    return f"bank line {line_id}"


def _unmatched(unmatched: Unmatched) -> Case:
    line, candidates = unmatched.line, unmatched.candidates
    amount = Money(line.amount, line.currency)
    facts = {"on": line.on_day.isoformat(), "amount": str(amount), "fits": str(len(candidates))}
    more = {"settlement_ids": ", ".join(candidates[:NAMED_MAX])} if candidates else {}
    return Case("bank.unmatched", facts | more, at_stake=Money(abs(line.amount), line.currency))
