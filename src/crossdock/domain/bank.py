"""Which line of the bank closes what a settlement says was paid, failed or charged; what stays open stays open, with its age.

Rule: nothing is guessed. A line goes by the settlement or trace id it names; without one by amount, currency and day, where exactly one payout and one
line fit each other. All lines are looked at anew every time, so the order in which statements and settlements come changes nothing.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Literal, TypeAlias, TypeVar

from crossdock.domain.ids import SettlementId
from crossdock.domain.statement import BankLine

# A transfer takes up to five working days; the day before is that of a bank in another time zone.
EARLY, LATE = timedelta(days=1), timedelta(days=7)
# A transfer that fails comes back within weeks, and stands in the settlement that is open by then.
FAILED_WITHIN = timedelta(days=60)

DueKind = Literal["payout", "failed", "charge"]
DueKey: TypeAlias = tuple[SettlementId, int]
One = TypeVar("One", "BankLine", "Due")
Other = TypeVar("Other", "BankLine", "Due")


@dataclass(frozen=True, slots=True)
class Due:
    """What a settlement says goes over the bank: its payout, a payout that failed and came back, a charge to the card.

    `amount`: minor units as the bank shows them, + where money comes in, and as they stand on the clearing account in debits; `number`: the row of the
    settlement, 0 for its payout; `on`: the deposit day, or the day the row was posted.
    """

    settlement_id: SettlementId
    number: int
    kind: DueKind
    amount: int
    currency: str
    on: date

    @property
    def key(self) -> DueKey:
        """What it is known by."""
        return self.settlement_id, self.number


@dataclass(frozen=True, slots=True)
class Payout:
    """A payout as Amazon's Transfers API tells it. `trace_id`: what the bank shows of it, empty until it is sent; `amount` in minor units."""

    payout_id: str
    status: str
    amount: int
    currency: str
    created_at: datetime
    trace_id: str
    settlement_ids: tuple[SettlementId, ...]


@dataclass(frozen=True, slots=True)
class Share:
    """A line, or its part, that belongs to one due; in minor units of the line's currency."""

    line: BankLine
    amount: int


@dataclass(frozen=True, slots=True)
class Closing:
    """What became of a due. `returned_by`: the settlement of the failed transfer that closes it, or of the payout that one closes.

    `doubtful`: lines may be of it that may be of another, too.
    """

    due: Due
    shares: tuple[Share, ...] = ()
    returned_by: str = ""
    doubtful: bool = False

    @property
    def arrived(self) -> int:
        """What the bank shows of it, in its own currency."""
        return sum(share.amount for share in self.shares if share.line.currency == self.due.currency)

    @property
    def foreign(self) -> tuple[Share, ...]:
        """What the bank shows of it in another currency."""
        return tuple(share for share in self.shares if share.line.currency != self.due.currency)

    @property
    def open(self) -> int:
        """What is still open on the clearing account."""
        return 0 if self.returned_by else self.due.amount - self.arrived


@dataclass(frozen=True, slots=True)
class Unmatched:
    """A line of Amazon's that nothing fits, or of which several may be (`candidates`, settlement ids)."""

    line: BankLine
    candidates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BankState:
    """Every due with what closes it, and the lines that close nothing. `settlements`: of each line, by its id."""

    closings: Sequence[Closing]
    unmatched: Sequence[Unmatched]
    settlements: Mapping[str, tuple[str, ...]]


def decide_matches(lines: Iterable[BankLine], dues: Iterable[Due], payouts: Iterable[Payout]) -> BankState:
    """Which line closes which due."""
    matching = _Matching(sorted(dues, key=lambda due: (due.on, due.key)), payouts)
    left = sorted(lines, key=lambda line: (line.on_day, line.line_id))
    left = matching.place_named(left)
    left = matching.pair_reversals(left)
    left = matching.place_by_amount(left)
    matching.pair_failed()
    return matching.state(left)


def choose_kept(new: Iterable[BankLine], state: BankState) -> list[BankLine]:
    """Of new lines those that are kept: money that comes in, and of money that goes out only what is, or may be, a charge.

    What the merchant buys at Amazon is a debit of Amazon's too, and none of our business.
    """
    of_charges = {*state.settlements, *(each.line.line_id for each in state.unmatched if each.candidates)}
    return [line for line in new if line.line_id in of_charges or (line.amount > 0) != line.is_reversal]


@dataclass
class _Matching:
    """One matching: each step places what it can, and hands on what is left."""

    dues: Sequence[Due]
    payouts: Iterable[Payout]
    shares: dict[DueKey, list[Share]] = field(default_factory=lambda: defaultdict(list))
    placed: dict[str, list[tuple[Due, int]]] = field(default_factory=lambda: defaultdict(list))
    returned: dict[DueKey, str] = field(default_factory=dict)
    several: dict[str, list[Due]] = field(default_factory=dict)
    by_name: dict[str, set[SettlementId]] = field(default_factory=lambda: defaultdict(set))
    of: dict[SettlementId, list[Due]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        """Learn the names by which lines find settlements."""
        for due in self.dues:
            self.of[due.settlement_id].append(due)
            self.by_name[due.settlement_id].add(due.settlement_id)
        for payout in self.payouts:
            if payout.trace_id:
                self.by_name[payout.trace_id.upper()].update(payout.settlement_ids)

    def place_named(self, lines: Sequence[BankLine]) -> list[BankLine]:
        """A line that names a settlement belongs to it, whatever its amount; one that names several, only where it is their sum."""
        left = []
        for line in lines:
            named = {name for each in line.ids for name in self.by_name.get(each, ())}
            dues = [due for name in sorted(named) if (due := _named_due(line, self.of[name])) is not None]
            total = sum(due.amount for due in dues)
            if len(dues) == 1:
                self._place(line, dues[0], line.amount)
            elif dues and abs(total) == abs(line.amount):
                for due in dues:
                    self._place(line, due, due.amount if total == line.amount else -due.amount)
            else:
                self.several |= {line.line_id: dues} if dues else {}
                left.append(line)
        return left

    def pair_reversals(self, lines: Sequence[BankLine]) -> list[BankLine]:
        """A reversal takes back the one line of its amount before it: both are nothing, or both belong to what that line names."""
        standing = {
            share.line.line_id: share.line for key in self.shares if self._arrived(key) for share in self.shares[key]
        }
        before = [line for line in (*standing.values(), *lines) if not line.is_reversal]
        pairs = _fitting_pairs([line for line in lines if line.is_reversal], before, _takes_back)
        for back, line in pairs:
            for due, amount in list(self.placed[line.line_id]):
                self._place(back, due, -amount)
        gone = {line.line_id for pair in pairs for line in pair}
        return [line for line in lines if line.line_id not in gone]

    def place_by_amount(self, lines: Sequence[BankLine]) -> list[BankLine]:
        """A line without a name closes the one payout or charge of its amount and days, where it is the only such line."""
        free = [due for due in self.dues if due.kind != "failed" and not self.shares[due.key]]
        nameless = [line for line in lines if not line.is_reversal and line.line_id not in self.several]
        for line, due in _fitting_pairs(nameless, free, _is_in_time):
            self._place(line, due, line.amount)
        left = [line for line in lines if not self.placed[line.line_id]]
        open_still = [line for line in nameless if not self.placed[line.line_id]]
        for line, dues in _candidates(open_still, free, _is_in_time):
            self.several |= {line.line_id: dues} if dues else {}
        return left

    def pair_failed(self) -> None:
        """A transfer that failed closes the one payout before it of its amount of which nothing stayed on the bank's side."""
        failed = [due for due in self.dues if due.kind == "failed"]
        paid = [due for due in self.dues if due.kind == "payout" and not self._arrived(due.key)]
        for back, due in _fitting_pairs(failed, paid, _came_back):
            self.returned[back.key], self.returned[due.key] = due.settlement_id, back.settlement_id

    def state(self, left: Sequence[BankLine]) -> BankState:
        """What it came to."""
        several = {line.line_id: self.several.get(line.line_id, []) for line in left}
        doubtful = {due.key for dues in several.values() for due in dues}
        closings = [
            Closing(due, tuple(self.shares[due.key]), self.returned.get(due.key, ""), due.key in doubtful)
            for due in self.dues
        ]
        unmatched = [Unmatched(line, tuple(due.settlement_id for due in several[line.line_id])) for line in left]
        named = {name: tuple(due.settlement_id for due, _ in dues) for name, dues in self.placed.items() if dues}
        return BankState(closings, unmatched, named)

    def _place(self, line: BankLine, due: Due, amount: int) -> None:
        self.shares[due.key].append(Share(line, amount))
        self.placed[line.line_id].append((due, amount))

    def _arrived(self, key: DueKey) -> int:
        return sum(share.amount for share in self.shares[key])


def _named_due(line: BankLine, dues: Iterable[Due]) -> Due | None:
    """Of a settlement that a line names, what it is of: what has its direction (a reversal's is turned round), then its amount; the payout goes first."""
    direction = -line.amount if line.is_reversal else line.amount
    usual = sorted((due for due in dues if due.kind != "failed"), key=lambda due: due.number)
    usual = [due for due in usual if due.amount * direction > 0] or usual
    exact = (due for due in usual if (abs(due.amount), due.currency) == (abs(line.amount), line.currency))
    return next(exact, usual[0] if usual else None)


def _takes_back(back: BankLine, line: BankLine) -> bool:
    return line.amount == -back.amount and timedelta(0) <= back.on_day - line.on_day <= FAILED_WITHIN


def _is_in_time(line: BankLine, due: Due) -> bool:
    return line.amount == due.amount and -EARLY <= line.on_day - due.on <= LATE


def _came_back(back: Due, due: Due) -> bool:
    return due.amount == -back.amount and timedelta(0) <= back.on - due.on <= FAILED_WITHIN


def _candidates(
    ones: Sequence[One], others: Sequence[Other], fits: Callable[[One, Other], bool]
) -> list[tuple[One, list[Other]]]:
    """For each of these, those of the others that fit; never of another currency or size."""
    by_size: dict[tuple[str, int], list[Other]] = defaultdict(list)
    for other in others:
        by_size[other.currency, abs(other.amount)].append(other)
    return [(one, [each for each in by_size[one.currency, abs(one.amount)] if fits(one, each)]) for one in ones]


def _fitting_pairs(
    ones: Sequence[One], others: Sequence[Other], fits: Callable[[One, Other], bool]
) -> list[tuple[One, Other]]:
    """Those of which each fits the other alone: what could be told in two ways is left."""
    found = _candidates(ones, others, fits)
    asked = Counter(id(other) for _, fitting in found for other in fitting)
    return [(one, fitting[0]) for one, fitting in found if len(fitting) == 1 and asked[id(fitting[0])] == 1]
