"""A bank statement, and the few of its lines that are Amazon's: all others are forgotten as soon as they were read.

Rule: of a line no more is kept than matching needs: its day, its amount, and the ids in its text. Names, texts and account numbers are not kept.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

# What may be an id of Amazon's: a settlement id has 9 to 14 digits, a trace id some fifteen letters and digits.
_WORD = re.compile(r"[A-Z0-9](?:[A-Z0-9-]{5,38}[A-Z0-9])", re.ASCII)
_DIGITS = re.compile(r"(?<![0-9])[0-9]{9,20}(?![0-9])", re.ASCII)
_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}", re.ASCII)
_CARD = re.compile(r"[3-6][0-9]{15}", re.ASCII)
# So many ids of one line: a text has a handful.
IDS_MAX = 20


@dataclass(frozen=True, slots=True)
class StatementLine:
    """A line as the statement has it. `amount`: minor units, + where money came in. `names`: whoever is on the other side; `texts`: all else that is said."""

    on_day: date
    amount: int
    currency: str
    names: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    bank_reference: str = ""
    is_reversal: bool = False
    value_on: date | None = None


@dataclass(frozen=True, slots=True)
class Statement:
    """All lines that are booked, how many are not yet (`pending`), and the first and last day it tells of; None where it has no line and names no day."""

    lines: Sequence[StatementLine]
    pending: int
    first: date | None
    last: date | None


@dataclass(frozen=True, slots=True)
class BankLine:
    """A line of Amazon's as it is kept. `ids`: what in its text may be a settlement or a trace id, in capitals, sorted."""

    line_id: str
    on_day: date
    amount: int
    currency: str
    ids: tuple[str, ...] = ()
    bank_reference: str = ""
    is_reversal: bool = False


def choose_lines(lines: Iterable[StatementLine], payers: Sequence[str]) -> list[BankLine]:
    """The lines that are Amazon's, by the name of the other side, or by the text where no name is told; they have no `line_id` yet."""
    wanted = [_folded(payer) for payer in payers]
    return [_as_kept(line) for line in lines if line.amount and _is_of(line, wanted)]


def find_disowned(lines: Iterable[StatementLine], payers: Sequence[str], kept: Iterable[BankLine]) -> list[BankLine]:
    """Kept lines that the statement has and that are not Amazon's any more, because the policy names fewer payers now."""
    wanted = [_folded(payer) for payer in payers]
    known: dict[tuple[date, int, str], list[BankLine]] = defaultdict(list)
    for line in kept:
        known[_money(line)].append(line)
    told = [line for line in lines if (line.on_day, line.amount, line.currency) in known]
    ours = [_as_kept(line) for line in told if _is_of(line, wanted)]
    others = [_as_kept(line) for line in told if not _is_of(line, wanted)]
    return [
        line
        for same in known.values()
        for line in same
        if any(_money(each) == _money(line) and _told(each) == _told(line) for each in others)
        and not any(_money(each) == _money(line) and _may_be_same(each, line) for each in ours)
    ]


def _as_kept(line: StatementLine) -> BankLine:
    ids = ids_in((*line.texts, *line.names))
    return BankLine("", line.on_day, line.amount, line.currency, ids, line.bank_reference, line.is_reversal)


def _is_of(line: StatementLine, payers: Sequence[str]) -> bool:
    if line.names:
        # A collective entry that could not be split is Amazon's only where nobody else is in it.
        return all(any(payer in _folded(name) for payer in payers) for name in line.names)
    text = _folded(" ".join(line.texts))
    return any(payer in text for payer in payers)


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())


def ids_in(texts: Iterable[str]) -> tuple[str, ...]:
    """What may be an id of Amazon's: words of letters and digits, and runs of digits in them; never the number of an account or a card."""
    found: dict[str, None] = {}
    for word in _WORD.findall(" ".join(texts).upper()):
        if any(map(str.isdigit, word)) and not _is_account(word):
            found |= dict.fromkeys([word, *_DIGITS.findall(word)])
    return tuple(sorted(list(found)[:IDS_MAX]))


def _is_account(word: str) -> bool:
    """Whether it is an IBAN (its check digits are right) or the number of a card (its last digit is)."""
    bare = word.replace("-", "")
    if _IBAN.fullmatch(bare):
        return int("".join(str(int(letter, 36)) for letter in bare[4:] + bare[:4])) % 97 == 1
    if not _CARD.fullmatch(bare):
        return False
    doubled = [int(digit) * (2 - n % 2) for n, digit in enumerate(bare)]
    return sum(part - 9 if part > 9 else part for part in doubled) % 10 == 0  # noqa: PLR2004 - Luhn's nine


def find_new(given: Sequence[BankLine], kept: Iterable[BankLine]) -> list[BankLine]:
    """The lines of a statement that are not kept yet, each with its `line_id`.

    The same statement again, one whose days overlap, and the same account in the bank's other format bring nothing twice: a line is known by its day
    and amount, and by its references where both have any. Two lines of one statement are two, however alike.
    """
    known: dict[tuple[date, int, str], list[BankLine]] = defaultdict(list)
    for line in kept:
        known[_money(line)].append(line)
    told: dict[tuple[date, int, str], list[BankLine]] = defaultdict(list)
    for line in given:
        told[_money(line)].append(line)
    return [new for money, lines in told.items() for new in _new(lines, known[money])]


def _money(line: BankLine) -> tuple[date, int, str]:
    return line.on_day, line.amount, line.currency


def _new(given: Sequence[BankLine], kept: Sequence[BankLine]) -> list[BankLine]:
    """Lines of one day and amount: first those that are the same in everything pair off, then those that may be."""
    left = list(kept)
    unlike = [line for line in given if not _pair_off(left, [k for k in left if _told(k) == _told(line)])]
    news = [line for line in unlike if not _pair_off(left, [k for k in left if _may_be_same(line, k)])]
    taken = {line.line_id for line in kept}
    named = []
    for line in sorted(news, key=_told):
        number = next(n for n in range(len(given) + len(kept) + 1) if _name(line, n) not in taken)
        taken.add(_name(line, number))
        named.append(_with_name(line, _name(line, number)))
    return named


def _pair_off(left: list[BankLine], same: Sequence[BankLine]) -> bool:
    if same:
        left.remove(same[0])
    return bool(same)


def _told(line: BankLine) -> tuple[str, tuple[str, ...], bool]:
    return line.bank_reference, line.ids, line.is_reversal


def _may_be_same(one: BankLine, other: BankLine) -> bool:
    if one.bank_reference and other.bank_reference:
        return one.bank_reference == other.bank_reference
    return not one.ids or not other.ids or bool(set(one.ids) & set(other.ids))


def _name(line: BankLine, number: int) -> str:
    told = (line.on_day.isoformat(), str(line.amount), line.currency, line.bank_reference, *line.ids, str(number))
    return hashlib.sha256("\n".join(told).encode()).hexdigest()[:16]


def _with_name(line: BankLine, line_id: str) -> BankLine:
    return BankLine(line_id, line.on_day, line.amount, line.currency, line.ids, line.bank_reference, line.is_reversal)
