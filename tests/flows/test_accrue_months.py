"""The end of a month: what no settlement has told yet is accrued, reversed on the first, and trued up by the settlement that follows."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from crossdock.domain.accrual import Transaction, accrue, open_transactions
from crossdock.domain.journal import Entry
from crossdock.joined_finance import JoinedFinance
from crossdock.policy_finance import shipped_chart
from crossdock.routines import run_routine
from crossdock.twin.trading_month import trade_a_month
from tests.flows.auditor import rows
from tests.flows.conftest import a_name
from tests.joined_twin import Scene, Stage
from tests.settlements import finance

GERMANY = "A1PA6795UKMFR9"
CHART = shipped_chart().chart
AT = datetime(2026, 11, 20, tzinfo=UTC)
SALE = ("ItemPrice", "Principal")
NOVEMBER = date(2026, 11, 1)


def a_transaction(
    status: str = "RELEASED", at: datetime = AT, parts: tuple[tuple[tuple[str, ...], int], ...] = ((SALE, 1999),)
) -> Transaction:
    """A sale on Amazon.de."""
    return Transaction("T1", "Shipment", status, at, "EUR", "Amazon.de", "302-0000001-0000001", "AFN", "", parts)  # type: ignore[arg-type] # as the test says


def debits(entry: Entry) -> dict[str, int]:
    """What an entry comes to by account."""
    found: Counter[str] = Counter()
    for posting in entry.postings:
        found[posting.key.account] += posting.debit
    return dict(found)


@pytest.fixture
def scene(shared_stage: Stage) -> Scene:
    """A seller whose books accrue, in the middle of a settlement at the end of a month."""
    scene = shared_stage.scene(
        connection_id=a_name(), finance=replace(finance(), accruals=True), marketplaces=(GERMANY,)
    )
    trade_a_month(scene.merchant, 200, days=20, notify=False)
    books_of(scene).collect()
    return scene


def books_of(scene: Scene) -> JoinedFinance:
    """The books of a scene that keeps them."""
    assert scene.joined.finance is not None
    return scene.joined.finance


def to_next_month(scene: Scene) -> date:
    """Let the world go on to the fourth of the next month; answers the month that ended."""
    now = scene.twin.world.clock.now()
    fourth = (now.replace(day=1) + timedelta(days=32)).replace(day=4)
    scene.after(seconds=(fourth - now).total_seconds())
    return now.date().replace(day=1)


def accruals(scene: Scene) -> Counter[str]:
    """What accruals and reversals come to on each account."""
    found: Counter[str] = Counter()
    for row in rows(
        scene,
        """
        select e.kind, p.account, sum(p.debit)::bigint as debit from postings p join entries e using (connection_id, entry_id)
        where e.connection_id = %s and e.kind like 'accrual%%' group by 1, 2
        """,
        scene.joined.connection_id,
    ):
        found[f"{row['kind']} {row['account']}"] += row["debit"]
    return found


def test_month_is_accrued_once_and_reversed(scene: Scene) -> None:
    """Two days after its end a month is accrued: what is open and deferred, against `balance.unsettled`; the reversal undoes it on the first."""
    to_next_month(scene)
    first = run_routine(scene.joined, "accrue_months", scene.twin.world.clock.now)
    second = run_routine(scene.joined, "accrue_months", scene.twin.world.clock.now)
    assert (first.did, second.did) == ({"entries": 2}, {"entries": 0})
    found = accruals(scene)
    assert found["accrual balance.unsettled"] == -found["accrual_reversal balance.unsettled"] != 0


def test_what_was_accrued_is_trued_up(scene: Scene) -> None:
    """The settlement that follows is booked after the month that was accrued; what both come to is the settlement alone."""
    month = to_next_month(scene)
    books_of(scene).accrue()
    scene.account.payments.close()
    scene.after(days=1)
    books_of(scene).collect()
    dated = rows(
        scene,
        "select max(on_day) as last from entries where connection_id = %s and month = %s and kind = 'month_part'",
        scene.joined.connection_id,
        month,
    )
    assert dated[0]["last"] > month + timedelta(days=31) - timedelta(days=4)
    balances = {account: debit for account, _, debit in books_of(scene).sheets.balances()}
    assert balances["balance.unsettled"] == 0


def test_accruals_are_not_made_unasked(shared_stage: Stage) -> None:
    """Without the policy's word nothing is accrued."""
    scene = shared_stage.scene(connection_id=a_name(), finance=finance(), marketplaces=(GERMANY,))
    trade_a_month(scene.merchant, 30, days=20, notify=False)
    to_next_month(scene)
    assert books_of(scene).accrue() == 0


@pytest.mark.parametrize(
    ("status", "at", "counts"),
    [
        ("RELEASED", AT, True),
        ("RELEASED", AT - timedelta(days=9), False),
        ("DEFERRED", AT - timedelta(days=9), True),
        ("RELEASED", datetime(2026, 12, 1, tzinfo=UTC), False),
    ],
    ids=["open", "settled", "deferred", "of the next month"],
)
def test_what_counts_as_open(status: str, at: datetime, counts: bool) -> None:  # noqa: FBT001 - a column of the table
    """Open is what was posted since the last settlement, or is deferred; what was released is told by its release."""
    found = open_transactions(
        [a_transaction(status, at)],
        until=datetime(2026, 12, 1, tzinfo=UTC),
        settled_until=lambda _: AT - timedelta(days=5),
    )
    assert bool(found) == counts


@pytest.mark.parametrize(
    ("released_on", "open_ids"),
    [(datetime(2026, 11, 25, tzinfo=UTC), ["T2"]), (datetime(2026, 12, 3, tzinfo=UTC), ["T1"])],
    ids=["before the month's end", "after it"],
)
def test_order_that_was_deferred_counts_once(released_on: datetime, open_ids: list[str]) -> None:
    """Of an order that was deferred its release counts, where that was before the month's end, and else the deferral: never both, never neither."""
    deferred = replace(a_transaction("DEFERRED_RELEASED"), release_id="T2")
    release = replace(a_transaction("RELEASED", released_on), transaction_id="T2")
    found = open_transactions(
        [deferred, release], until=datetime(2026, 12, 1, tzinfo=UTC), settled_until=lambda _: AT - timedelta(days=5)
    )
    assert [each.transaction_id for each in found] == open_ids


def test_money_that_is_only_moved_is_not_earned() -> None:
    """A payout among the transactions is nothing a month earned."""
    payout = replace(a_transaction(), kind="Transfer")
    assert open_transactions([payout], until=datetime(2026, 12, 1, tzinfo=UTC), settled_until=lambda _: None) == []


@pytest.mark.parametrize(
    ("parts", "accounts"),
    [
        (
            ((("ItemPrice", "Principal"), 1999), (("ItemFees", "Commission"), -300)),
            {"sales.product": -1999, "fees.selling": 300},
        ),
        (
            ((("Sales", "Product Charges"), 1999), (("Expenses", "FBA fees"), -300)),
            {"sales.product": -1999, "fees.fulfilment": 300},
        ),
        (((("Something", "new"), -300),), {"suspense": 300}),
    ],
    ids=["labels of settlements", "words of Amazon's examples", "words nobody knows"],
)
def test_parts_have_their_account(parts: tuple[tuple[tuple[str, ...], int], ...], accounts: dict[str, int]) -> None:
    """Parts are booked by the mapping where a settlement would call them the same, else broadly."""
    accrual, reversal = accrue([a_transaction(parts=parts)], NOVEMBER, chart=CHART, order_mode=())["EUR"]
    unsettled = debits(accrual).pop("balance.unsettled")
    assert debits(accrual) == {**accounts, "balance.unsettled": unsettled}
    assert debits(reversal) == {account: -debit for account, debit in debits(accrual).items()}
    assert (accrual.on, reversal.on) == (date(2026, 11, 30), date(2026, 12, 1))


def test_orders_invoiced_elsewhere_are_accrued_as_receivables() -> None:
    """The income of an order that another system invoices is accrued as what clears its invoice."""
    [accrual, _] = accrue([a_transaction()], NOVEMBER, chart=CHART, order_mode=[30200000010000001])["EUR"]
    assert debits(accrual) == {"receivable.orders": -1999, "balance.unsettled": 1999}
