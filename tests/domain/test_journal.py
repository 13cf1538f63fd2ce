"""Entries of a settlement: balanced, split by month to the cent, and never dated in a month that is closed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.domain.ids import SettlementId
from crossdock.domain.journal import Books, Entry, Posting, PostingKey, book
from crossdock.domain.money import Money
from crossdock.domain.settlement import Label, RowGroup, Settlement, month_of, month_starts
from crossdock.policy_finance import shipped_chart

CHART = shipped_chart().chart
BERLIN = ZoneInfo("Europe/Berlin")
ZONES = ["Europe/Berlin", "America/Los_Angeles", "Asia/Tokyo", "Australia/Sydney", "America/Toronto", "Asia/Kolkata"]
SALE, FEE = Label("Order", "ItemPrice", "Principal"), Label("Order", "ItemFees", "Commission")
STARTS = datetime(2026, 10, 20, tzinfo=UTC)
ENDS = datetime(2026, 11, 3, tzinfo=UTC)


def group(month: date, amount: int, label: Label = SALE) -> RowGroup:
    """Rows of one label in one month."""
    return RowGroup(
        label, "Amazon.de", "AFN", "order", month, "", order_mode=False, sign=1, amount=amount, rows=1, first_row=3
    )


def entries(*groups: RowGroup, total: int | None = None, books: Books | None = None, accepted: int = 0) -> list[Entry]:
    """The entries of a settlement of these rows."""
    declared = sum(each.amount for each in groups) if total is None else total
    settlement = Settlement(SettlementId("28471003921"), STARTS, ENDS, ENDS, Money(declared, "EUR"))
    return book(
        settlement, groups, account_of=CHART.account_of, books=books or Books(BERLIN), accepted_difference=accepted
    )


def balance(found: list[Entry], account: str) -> int:
    """What entries come to on an account, in debits."""
    return sum(posting.debit for entry in found for posting in entry.postings if posting.key.account == account)


OCTOBER, NOVEMBER = date(2026, 10, 1), date(2026, 11, 1)


def test_one_month_is_one_entry() -> None:
    """Rows of the month in which the settlement ends are one entry with the payout."""
    [entry] = entries(group(NOVEMBER, 1999), group(NOVEMBER, -300, FEE))
    assert [(line.key.account, line.debit) for line in entry.postings] == [
        ("fees.selling", 300),
        ("sales.product", -1999),
        ("clearing.bank", 1699),
    ]
    assert (entry.kind, entry.on) == ("settlement", date(2026, 11, 3))


def test_two_months_meet_the_payout() -> None:
    """What was earned in October passes through `balance.unsettled`, and the last entry has exactly what is paid."""
    october, november = entries(group(OCTOBER, 1999), group(NOVEMBER, 501))
    assert (october.kind, october.on, october.month) == ("month_part", date(2026, 10, 31), OCTOBER)
    assert (balance([october], "balance.unsettled"), balance([november], "balance.unsettled")) == (1999, -1999)
    assert balance([november], "clearing.bank") == 2500


def test_a_debt_is_carried_over() -> None:
    """Nothing is paid where the seller owes: the total waits on `balance.carried_over`."""
    found = entries(group(NOVEMBER, -6231, FEE))
    assert (balance(found, "balance.carried_over"), balance(found, "clearing.bank")) == (-6231, 0)


def test_accepted_difference_is_in_suspense() -> None:
    """What a person accepted stands in suspense, and the payout is the declared one."""
    found = entries(group(NOVEMBER, 2000), total=1943, accepted=-57)
    assert (balance(found, "suspense"), balance(found, "clearing.bank")) == (57, 1943)


def test_closed_month_is_corrected_later() -> None:
    """No entry is dated in a month that is closed: it goes to the first day after it."""
    october, november = entries(
        group(OCTOBER, 1999), group(NOVEMBER, 501), books=Books(BERLIN, closed_until=date(2026, 10, 31))
    )
    assert (october.on, october.month, november.on) == (date(2026, 11, 1), OCTOBER, date(2026, 11, 3))


def test_entry_that_does_not_balance_cannot_be() -> None:
    """An entry whose debits are not its credits is our own mistake."""
    lines = (Posting(PostingKey("clearing.bank", "", ""), 1), Posting(PostingKey("suspense", "", ""), -2))
    with pytest.raises(AssertionError, match="does not balance"):
        Entry(1, "settlement", date(2026, 11, 3), NOVEMBER, "EUR", lines)


MONTHS = st.sampled_from([date(2026, 8, 1), date(2026, 9, 1), OCTOBER, NOVEMBER, date(2026, 12, 1)])
GROUPS = st.lists(
    st.builds(group, MONTHS, st.integers(-(10**9), 10**9), st.sampled_from([SALE, FEE])), min_size=1, max_size=12
)


@given(groups=GROUPS, closed=st.sampled_from([date.min, date(2026, 9, 30), date(2026, 12, 31)]))
def test_months_always_meet_the_payout(groups: list[RowGroup], closed: date) -> None:
    """Whatever months the rows are of: each entry balances, nothing stays unsettled, the payout is the total, and no day is closed."""
    found = entries(*groups, books=Books(BERLIN, closed_until=closed))
    total = sum(each.amount for each in groups)
    assert balance(found, "balance.unsettled") == 0
    assert balance(found, "clearing.bank") + balance(found, "balance.carried_over") == total
    assert [entry.on for entry in found if entry.on <= closed] == []
    assert sum(line.rows for entry in found for line in entry.postings) == len(groups)


@pytest.mark.parametrize("zone", ZONES)
@given(at=st.datetimes(datetime(2024, 1, 1), datetime(2027, 12, 31)))  # noqa: DTZ001 - made aware below
def test_month_is_that_of_the_clock_on_the_wall(zone: str, at: datetime) -> None:
    """The month a moment is counted in by its bounds in UTC is the one the wall's calendar shows, through both changes of the clocks."""
    moment, where = at.replace(tzinfo=UTC), ZoneInfo(zone)
    starts = month_starts(moment - timedelta(days=70), moment + timedelta(days=40), where)
    within = max(month for month, begins in starts.items() if begins <= moment)
    assert within == month_of(moment, where) == moment.astimezone(where).date().replace(day=1)
