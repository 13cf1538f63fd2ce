"""A month of 20,000 orders, paid out by the twin: every cent of every settlement is where the twin's own truth says it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import UTC, datetime
from io import BytesIO

import pytest

from crossdock.domain.ids import AmazonOrderId, order_number_of
from crossdock.domain.record import Arrival
from crossdock.joined_finance import JoinedFinance
from crossdock.store.database import Database
from crossdock.store.records import Inbox
from crossdock.twin.settlements import Settlement
from crossdock.twin.trading_month import trade_a_month
from tests.flows.auditor import all_kinds, rows
from tests.joined_twin import Scene, Stage
from tests.settlements import finance

ORDERS = 20_000
GERMANY, BRITAIN, FRANCE = "A1PA6795UKMFR9", "A1F83G8C2ARO7P", "A13V1IB3VIYZZH"
# What the twin calls a movement that the books call a fee.
FEES = ("advertising", "storage", "inbound", "vine", "subscription", "multichannel")
SALE = ("principal", "shipping", "gift_wrap", "cash_on_delivery", "promotions", "points", "refunded")
COLLECTED, REMITTED = (
    ("tax", "refunded_tax", "retrocharged_tax"),
    ("tax_withheld", "refund_tax_withheld", "retrocharged_withheld"),
)


@pytest.fixture(scope="module")
def stage(shared_database: Database) -> Iterator[Stage]:
    """One database for both ways of booking the same month."""
    built = Stage(shared_database)
    yield built
    built.close()


@pytest.fixture(scope="module")
def scene(stage: Stage) -> Scene:
    """The month, booked by settlements; Amazon remits the tax of British orders."""
    scene = stage.scene(finance=finance(), marketplaces=(GERMANY, BRITAIN, FRANCE), seed=4)
    scene.merchant.amazon_collects = {BRITAIN}
    trade_a_month(scene.merchant, ORDERS, days=30, notify=False)
    books_of(scene).collect()
    return scene


@pytest.fixture(scope="module")
def invoiced(stage: Stage, scene: Scene) -> JoinedFinance:
    """The same files in books where another system invoices every order."""
    since = datetime(2020, 1, 1, tzinfo=UTC)
    policy = replace(finance(), invoiced_elsewhere_from={"AFN": since, "MFN": since})
    books = books_of(stage.scene(connection_id="invoiced", finance=policy, marketplaces=(GERMANY, BRITAIN, FRANCE)))
    know_orders(stage, scene)
    give_all(books, scene)
    return books


def know_orders(stage: Stage, scene: Scene) -> None:
    """The orders of a scene are known to the books in which another system invoices, with the day of their purchase."""
    made = {name: datetime.fromisoformat(order["createdTime"]) for name, order in scene.account.orders.items()}
    arrivals = [Arrival(name, b"{}", at, at) for name, at in made.items()]
    Inbox(stage.database, "invoiced", "ingest_orders", {}).put(arrivals, max(made.values()))


def give_all(books: JoinedFinance, scene: Scene) -> None:
    """Import the files of a scene's settlements."""
    from_amazon = [one.flat_file() for one in settlements(scene)]
    for content in from_amazon:
        books.import_file(BytesIO(content), "settlement.txt", any_seller=True)


def books_of(scene: Scene) -> JoinedFinance:
    """The books of a scene that keeps them."""
    assert scene.joined.finance is not None
    return scene.joined.finance


def settlements(scene: Scene) -> list[Settlement]:
    """What the twin paid out."""
    return list(scene.account.payments.settlements)


def truth(scene: Scene, *kinds: str) -> Counter[str]:
    """What orders came to in truth, of these kinds, by currency."""
    found: Counter[str] = Counter()
    for one in settlements(scene):
        found[one.currency] += sum(sum(asdict(order)[kind] for kind in kinds) for order in one.truth.orders.values())
    return found


def moved(scene: Scene, *movements: str) -> Counter[str]:
    """What these movements came to in truth, by currency."""
    found: Counter[str] = Counter()
    for one in settlements(scene):
        found[one.currency] += sum(one.truth.movements[name] for name in movements)
    return found


def totals(scene: Scene) -> dict[int, int]:
    """What each order brought in truth, over all settlements, by its number."""
    found: Counter[int] = Counter()
    for one in settlements(scene):
        found.update({order_number_of(AmazonOrderId(name)): order.total for name, order in one.truth.orders.items()})
    return dict(found)


def booked(books: JoinedFinance, *accounts: str) -> Counter[str]:
    """What accounts, or all that begin like them, came to as credits, by currency."""
    found: Counter[str] = Counter()
    for account, currency, debit in books.sheets.balances():
        found[currency] -= debit if account.startswith(accounts) else 0
    return found


def test_every_settlement_is_booked_without_a_doubt(scene: Scene) -> None:
    """All settlements are booked, nothing but the new label that the twin invented is a case, and it alone is in suspense."""
    booked_ids = {row.settlement_id for row in books_of(scene).sheets.settlements(1000)}
    assert booked_ids == {one.settlement_id for one in settlements(scene)}
    assert set(all_kinds(scene)) <= {"settlement.label_unknown"}
    assert booked(books_of(scene), "suspense") == moved(scene, "unknown")


def test_sales_refunds_and_tax_are_what_buyers_paid(scene: Scene) -> None:
    """Income and collected tax are what buyers paid and got back, to the cent: a discount on tax is tax that was never collected."""
    assert booked(books_of(scene), "sales.", "refunds.", "tax.sales") == truth(scene, *SALE, *COLLECTED)


def test_tax_that_amazon_remits_is_kept_apart(scene: Scene) -> None:
    """Tax that Amazon remits stands on its own account, to the cent."""
    assert booked(books_of(scene), "tax.marketplace") == truth(scene, *REMITTED)


def test_fees_are_what_amazon_kept(scene: Scene) -> None:
    """Fees, with the tax on them, are what the twin charged and gave back."""
    found = booked(books_of(scene), "fees.", "tax.on_fees")
    charged = truth(scene, "fees", "refund_fees")
    charged.update(moved(scene, *FEES))
    assert found == charged


def test_balances_are_where_they_should_be(scene: Scene) -> None:
    """Reserve, card and reimbursements as the twin moved them; nothing stays unsettled."""
    books = books_of(scene)
    assert booked(books, "balance.reserve") == moved(scene, "reserve", "reserve_back")
    assert booked(books, "clearing.card") == moved(scene, "card_charge")
    assert booked(books, "income.reimbursements") == moved(scene, "reimbursement")
    assert set(booked(books, "balance.unsettled").values()) == {0}


def test_payouts_are_on_the_bank(scene: Scene) -> None:
    """What was paid out is on `clearing.bank`, what is owed on `balance.carried_over`."""
    paid: Counter[str] = Counter()
    owed: Counter[str] = Counter()
    paid.update(moved(scene, "failed_transfer", "micro_deposit"))
    owed.update(moved(scene, "payable"))
    paid.subtract({c: sum(max(0, one.total) for one in settlements(scene) if one.currency == c) for c in paid})
    owed.subtract({c: sum(min(0, one.total) for one in settlements(scene) if one.currency == c) for c in owed})
    assert booked(books_of(scene), "clearing.bank") == paid
    assert booked(books_of(scene), "balance.carried_over") == owed


def test_every_order_is_paid_as_the_twin_knows(scene: Scene) -> None:
    """Of each order, over all settlements, the rows come to what the twin says it brought; reimbursements of lost goods beside it."""
    expected = totals(scene)
    found = rows(
        scene,
        """
        select r.order_no, sum(r.amount)::bigint as amount
        from settlement_rows r join settlement_groups g using (connection_id, settlement_key, group_no)
        where connection_id = %s and r.order_no > 0 and g.account <> 'income.reimbursements' group by 1
        """,
        scene.joined.connection_id,
    )
    assert {row["order_no"]: row["amount"] for row in found} == expected


def test_order_mode_books_no_income_and_no_tax(scene: Scene, invoiced: JoinedFinance) -> None:
    """Where another system invoices, the same files book no income and no tax of orders: `receivable.orders` has all of it."""
    assert set(booked(invoiced, "sales.", "refunds.", "tax.sales", "tax.marketplace").values()) == {0}
    assert booked(invoiced, "receivable.orders") == truth(scene, *SALE, *COLLECTED, *REMITTED)


def test_order_mode_leaves_everything_else_alone(scene: Scene, invoiced: JoinedFinance) -> None:
    """A sale is in exactly one of both: fees, balances and payouts are the same either way."""
    others = ("fees.", "tax.on_fees", "clearing.", "balance.", "income.", "suspense")
    assert booked(invoiced, *others) == booked(books_of(scene), *others)
