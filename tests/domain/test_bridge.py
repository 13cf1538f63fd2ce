"""The bridge from sales to the payout: every account in one bar, and all bars together the total, to the cent."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.domain.bridge import TITLES, AccountSum, bar_of, bridge_of, settlement_bridge
from crossdock.policy_finance import shipped_chart

ACCOUNTS = sorted(shipped_chart().chart.accounts)
SUMS = st.lists(
    st.builds(
        AccountSum,
        st.one_of(st.sampled_from(ACCOUNTS), st.from_regex(r"[a-z]{1,6}(\.[a-z_]{1,6})?", fullmatch=True)),
        st.integers(-(10**14), 10**14),
        st.integers(1, 9),
    )
)


@pytest.mark.parametrize(
    ("account", "bar"),
    [
        ("sales.product", "sales"),
        ("sales.shipping", "sales"),
        ("sales.liquidation", "sales"),
        ("sales.discounts", "discounts"),
        ("refunds.product", "refunds"),
        ("refunds.shipping", "refunds"),
        ("tax.sales", "tax-collected"),
        ("tax.marketplace", "tax-remitted"),
        ("tax.creditable", "tax-withheld"),
        ("tax.on_fees", "other-fees"),
        ("receivable.orders", "invoiced-elsewhere"),
        ("fees.selling", "selling-fees"),
        ("fees.fulfilment", "fulfilment-fees"),
        ("fees.advertising", "advertising"),
        ("fees.storage", "other-fees"),
        ("income.reimbursements", "reimbursements"),
        ("suspense", "suspense"),
        ("balance.reserve", "reserve"),
        ("balance.carried_over", "carried-over"),
        ("balance.transfer", "transfers"),
        ("balance.loan", "transfers"),
        ("clearing.bank", "transfers"),
        ("clearing.card", "card"),
        ("balance.unsettled", "other-months"),
        ("sales.books_of_my_own", "sales"),
        ("erloese", "other"),
    ],
)
def test_the_bar_of_an_account(account: str, bar: str) -> None:
    """Each account of the shipped chart has its bar; one of the merchant's own goes by its family, or to the other accounts."""
    assert bar_of(account) == bar
    assert bar in TITLES


def test_no_account_of_the_shipped_chart_is_among_the_others() -> None:
    """Whoever uses the shipped chart sees every amount under its own name."""
    assert [account for account in ACCOUNTS if bar_of(account) == "other"] == []


def test_a_bridge_is_walked_from_sales_to_the_payout() -> None:
    """Bars in the order in which one reads them, whatever order the sums come in, each beginning where the one before ended."""
    sums = [
        AccountSum("fees.selling", -300, 2),
        AccountSum("sales.product", 1999, 1),
        AccountSum("sales.shipping", 1, 1),
    ]
    bars = bridge_of(sums).bars
    assert [(bar.title, bar.amount, bar.before, bar.after, bar.rows) for bar in bars] == [
        ("Sales", 2000, 0, 2000, 2),
        ("Selling fees", -300, 2000, 1700, 2),
    ]


def test_an_accepted_difference_is_a_bar_of_its_own() -> None:
    """What a person took into suspense is shown, and the bridge ends at the declared total."""
    bridge = settlement_bridge([AccountSum("sales.product", 1999, 1)], total=1939, accepted_difference=-60)
    assert [(bar.title, bar.amount, bar.rows) for bar in bridge.bars] == [
        ("Sales", 1999, 1),
        ("Accepted difference", -60, 0),
    ]
    assert bridge.payout == 1939


def test_a_bridge_that_misses_the_total_is_our_mistake() -> None:
    """Nothing is shown that does not add up."""
    with pytest.raises(AssertionError, match="not its total"):
        settlement_bridge([AccountSum("sales.product", 1999, 1)], total=2000, accepted_difference=0)


@given(SUMS, st.integers(-1000, 1000))
def test_bars_add_up_to_the_payout(sums: list[AccountSum], accepted: int) -> None:
    """Whatever accounts a mapping names: the bars are the rows and the accepted difference, to the cent, and no row is lost or counted twice."""
    bridge = bridge_of(sums, accepted_difference=accepted)
    assert bridge.payout == sum(each.amount for each in sums) + accepted
    assert sum(bar.rows for bar in bridge.bars) == sum(each.rows for each in sums)
    assert all(before.after == after.before for before, after in pairwise(bridge.bars))
    assert [bar.before for bar in bridge.bars[:1]] in ([], [0])
    assert len({bar.key for bar in bridge.bars}) == len(bridge.bars)


@given(st.permutations([AccountSum(account, n, 1) for n, account in enumerate(ACCOUNTS)]))
def test_the_order_of_sums_does_not_matter(sums: list[AccountSum]) -> None:
    """The same rows are the same bridge."""
    assert bridge_of(sums) == bridge_of(sorted(sums))
