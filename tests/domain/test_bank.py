"""Which line of the bank closes which payout: by name, else by amount and days where one fits one; what is in doubt stays open."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.domain.bank import BankState, Due, Payout, choose_kept, decide_matches
from crossdock.domain.bank_cases import SeenDays, find_bank_cases
from crossdock.domain.ids import SettlementId
from crossdock.domain.statement import BankLine

D = date(2026, 11, 3)
ONE, TWO, THREE = (SettlementId(f"2847100392{n}") for n in range(1, 4))


def due(settlement_id: SettlementId = ONE, amount: int = 10000, on: date = D, **more: object) -> Due:
    """A payout of 100.00 EUR, unless it says otherwise."""
    usual: dict[str, object] = {"number": 0, "kind": "payout", "currency": "EUR"}
    return Due(settlement_id, amount=amount, on=on, **{**usual, **more})  # type: ignore[arg-type]


def failed(settlement_id: SettlementId = TWO, amount: int = 10000, days: int = 10) -> Due:
    """A transfer that failed, as a row of a later settlement."""
    return due(settlement_id, -amount, D + timedelta(days=days), kind="failed", number=7)


def line(amount: int = 10000, days: int = 2, ids: str = "", **more: object) -> BankLine:
    """A line so many days after the deposit day."""
    usual: dict[str, object] = {"line_id": f"{amount} {days} {ids} {more}", "currency": "EUR"}
    told = {**usual, **more}
    return BankLine(on_day=D + timedelta(days=days), amount=amount, ids=tuple(ids.split()), **told)  # type: ignore[arg-type]


def back(amount: int = -10000, days: int = 4, ids: str = "") -> BankLine:
    """A line that the bank marks as reversed."""
    return line(amount, days, ids, is_reversal=True)


def open_of(state: BankState) -> list[int]:
    """What is open of each due."""
    return [closing.open for closing in state.closings]


SMALL = due(TWO, 3000, D + timedelta(days=14))


@pytest.mark.parametrize(
    ("dues", "lines", "left", "unmatched"),
    [
        ([due()], [line(ids=ONE)], [0], 0),
        ([due()], [line(ids=ONE, days=40)], [0], 0),
        ([due()], [line(ids="4B03616UONXSAWP", days=40)], [0], 0),
        ([due()], [line(9850, ids=ONE)], [150], 0),
        ([due()], [line(4000, ids=ONE), line(6000, ids=ONE, days=3)], [0], 0),
        ([due()], [line(8700, ids=ONE, currency="GBP")], [10000], 0),
        ([due()], [line()], [0], 0),
        ([due()], [line(days=-1)], [0], 0),
        ([due()], [line(days=7)], [0], 0),
        ([due()], [line(days=-2)], [10000], 1),
        ([due()], [line(days=8)], [10000], 1),
        ([due()], [line(9999)], [10000], 1),
        ([due()], [line(currency="GBP")], [10000], 1),
        ([due()], [line(days=1), line(days=2)], [10000], 2),
        ([due(), due(TWO)], [line()], [10000, 10000], 1),
        ([due(), due(TWO)], [line(ids=TWO), line(days=3)], [0, 0], 0),
        ([due(), SMALL], [line(), line(3000, days=15)], [0, 0], 0),
        ([due(), SMALL], [line(13000, ids=f"{ONE} {TWO}")], [0, 0], 0),
        ([due(), SMALL], [line(12000, ids=f"{ONE} {TWO}")], [10000, 3000], 1),
        ([due()], [line(ids=ONE), back(ids=ONE)], [10000], 0),
        ([due()], [line(ids=ONE), back()], [10000], 0),
        ([due()], [line(), back()], [10000], 0),
        ([due()], [line(), back(), line(days=6)], [0], 0),
        ([due()], [line(), line(days=3), back()], [10000], 3),
        ([due()], [line(ids=ONE), back(), line(days=6, ids=ONE)], [0], 0),
        ([due()], [back(days=1), line(days=2)], [0], 1),
        ([due()], [line(ids=ONE), line(-10000, days=5, ids=ONE)], [10000], 0),
        ([due(amount=-500, kind="charge", number=3)], [line(-500)], [0], 0),
        ([due(amount=-500, kind="charge", number=3)], [line(-500, ids=ONE, days=20)], [0], 0),
        ([due(amount=-500, kind="charge", number=3)], [line(500)], [-500], 1),
        ([due(), failed()], [], [0, 0], 0),
        ([due(), failed()], [line(ids=ONE), back(ids=ONE)], [0, 0], 0),
        ([due(), failed()], [line(ids=ONE)], [0, -10000], 0),
        ([due(), failed(amount=9000)], [], [10000, -9000], 0),
        ([due(), failed(days=61)], [], [10000, -10000], 0),
        ([due(), due(THREE), failed()], [], [10000, 10000, -10000], 0),
        ([due(), due(THREE), failed()], [line(ids=THREE)], [0, 0, 0], 0),
        ([due(), due(TWO, 15000, D + timedelta(days=14)), failed()], [line(15000, days=16)], [0, 0, 0], 0),
        ([], [line(ids=ONE)], [], 1),
    ],
)  # fmt: skip
def test_what_closes_what(dues: list[Due], lines: list[BankLine], left: list[int], unmatched: int) -> None:
    """One row a rule: what is open of each due afterwards, by its day, and how many lines close nothing."""
    state = decide_matches(lines, dues, [TRACED])
    order = [next(c.open for c in state.closings if c.due == each) for each in dues]
    assert (order, len(state.unmatched)) == (left, unmatched)


TRACED = Payout("P1", "SUCCEEDED", 10000, "EUR", datetime(2026, 11, 3, tzinfo=UTC), "4b03616uonxsawp", (ONE,))


def test_money_that_goes_out_for_something_else_is_not_kept() -> None:
    """What the merchant buys at Amazon is forgotten, and its refund by the bank too; money that comes in and fits nothing is kept and told."""
    lines = [line(-4999), back(4999, 6), line(777), back(-888)]
    state = decide_matches(lines, [due()], [])
    assert choose_kept(lines, state) == lines[2:]


def test_charge_in_doubt_is_kept() -> None:
    """Money that goes out and may be one of two charges is kept, for it may become certain."""
    charges = [due(name, -500, kind="charge", number=1) for name in (ONE, TWO)]
    lines = [line(-500)]
    assert choose_kept(lines, decide_matches(lines, charges, [])) == lines


MONTH = SeenDays(date(2026, 11, 1), date(2026, 11, 30))


@pytest.mark.parametrize(
    ("lines", "seen", "today", "kinds"),
    [
        ([], MONTH, date(2026, 11, 11), ["bank.payout_missing"]),
        ([], MONTH, date(2026, 11, 10), []),
        ([], None, date(2026, 12, 30), []),
        ([], SeenDays(date(2026, 11, 1), date(2026, 11, 9)), date(2026, 12, 30), []),
        ([], SeenDays(date(2026, 11, 4), date(2026, 11, 30)), date(2026, 12, 30), []),
        ([line(ids=ONE)], MONTH, date(2026, 12, 30), []),
        ([line(9850, ids=ONE)], MONTH, date(2026, 12, 30), ["bank.amount_differs"]),
        ([line(8700, ids=ONE, currency="GBP")], MONTH, date(2026, 12, 30), ["bank.amount_differs"]),
        ([line(ids=ONE), back(ids=ONE)], MONTH, date(2026, 12, 30), ["bank.payout_missing"]),
        ([line(777)], MONTH, date(2026, 11, 6), ["bank.unmatched"]),
        ([line(777, days=-2)], MONTH, date(2026, 11, 6), []),
        ([line(days=1), line(days=2)], MONTH, date(2026, 12, 30), ["bank.unmatched", "bank.unmatched"]),
    ],
)
def test_what_a_person_must_look_at(
    lines: list[BankLine], seen: SeenDays | None, today: date, kinds: list[str]
) -> None:
    """A payout is missing once statements tell of seven days after its deposit; a line may fit nothing, an amount may differ."""
    cases = find_bank_cases(decide_matches(lines, [due()], []), [], seen=seen, today=today)
    assert [case.kind for case in cases.values()] == kinds


def test_case_of_a_missing_payout_tells_its_age_and_amazons_word() -> None:
    """The facts are the deposit day, the age, and what Amazon says of the payout."""
    state = decide_matches([], [due()], [TRACED])
    [case] = find_bank_cases(state, [TRACED], seen=MONTH, today=date(2026, 11, 20)).values()
    assert case.facts == {
        "settlement_id": ONE,
        "amazon": "100.00 EUR",
        "deposit_on": "2026-11-03",
        "age_days": "17",
        "status": "SUCCEEDED",
    }


_AMOUNTS = st.sampled_from([10000, 3000, 500])
_DAYS = st.integers(-10, 40)
_DUES = st.lists(
    st.builds(
        lambda n, amount, days, kind: due(
            SettlementId(f"2847100{n:04}"), amount if kind == "payout" else -amount, D + timedelta(days=days), kind=kind
        ),
        st.integers(1, 6),
        _AMOUNTS,
        _DAYS,
        st.sampled_from(["payout", "payout", "failed", "charge"]),
    ),
    max_size=6,
    unique_by=lambda each: each.settlement_id,
)
_LINES = st.lists(
    st.builds(
        lambda number, amount, days, *, sign, named, reversed_: line(
            amount * sign,
            days,
            f"2847100{number % 10:04}" if named else "",
            line_id=str(number),
            is_reversal=reversed_,
            currency="EUR" if number % 7 else "GBP",
        ),
        st.integers(0, 10**6),
        _AMOUNTS,
        _DAYS,
        sign=st.sampled_from([1, 1, -1]),
        named=st.booleans(),
        reversed_=st.sampled_from([False, False, True]),
    ),
    max_size=8,
    unique_by=lambda each: each.line_id,
)


@given(_DUES, _LINES)
def test_clearing_account_is_what_is_open(dues: list[Due], lines: list[BankLine]) -> None:
    """Whatever closes whatever: what is open is all that was due less what the bank shows of it, and no line counts twice."""
    state = decide_matches(lines, dues, [])
    shown = [share for closing in state.closings for share in closing.shares if share.line.currency == "EUR"]
    assert sum(open_of(state)) == sum(each.amount for each in dues) - sum(share.amount for share in shown)
    placed = {share.line.line_id for closing in state.closings for share in closing.shares}
    assert placed == set(state.settlements)
    assert placed.isdisjoint(each.line.line_id for each in state.unmatched)
    assert sum(share.amount for share in shown) == sum(
        each.amount for each in lines if each.line_id in placed and each.currency == "EUR"
    )


@given(_DUES.flatmap(lambda dues: st.tuples(st.just(dues), st.permutations(dues))), _LINES)
def test_order_changes_nothing(dues: tuple[list[Due], list[Due]], lines: list[BankLine]) -> None:
    """Statements and settlements may come in any order: the end is the same."""
    told, shuffled = dues
    assert decide_matches(lines[::-1], shuffled, []) == decide_matches(lines, told, [])
