"""What settlements' rows come to as a payment: a table with one line a rule."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.domain.ids import AmazonOrderId, SettlementId
from crossdock.domain.money import Money
from crossdock.domain.movement import LabelSum, Movement, movements_of, side_of, sum_of
from crossdock.domain.order_import import NeedsPerson, OutOfScope, Wait
from crossdock.domain.payment import (
    SETTLED_WITHIN,
    KnownPayment,
    PaymentPolicy,
    Recorded,
    SeenOrder,
    ShopOrder,
    ShopPayment,
    Span,
    WritePayment,
    decide_payment,
    payment_key,
    payment_state,
    transactions_of,
)
from crossdock.domain.settlement import Label
from crossdock.domain.timeline import State

ORDER = AmazonOrderId("302-0000001-0000001")
ONE, TWO = SettlementId("28471003921"), SettlementId("28471003922")
DAY = timedelta(days=1)
MADE = datetime(2026, 11, 1, tzinfo=UTC)
SHIPPED = MADE + DAY
NOW = SHIPPED + 60 * DAY
POLICY = PaymentPolicy(MADE - 60 * DAY, frozenset({"amazon.de"}))
SHOP = ShopOrder("order-1", 3, Money(1999, "EUR"), "Paid", "Shipped", cancelled=False, payment=None)
SEEN = SeenOrder(State.IN_SYNC, "SHIPPED", MADE, SHIPPED)


def paid(
    amount: int, settlement_id: SettlementId = ONE, *, at: datetime = SHIPPED, currency: str = "EUR", site: str = ""
) -> Movement:
    """A charge."""
    return Movement(settlement_id, "paid", Money(amount, currency), at, site)


def back(amount: int, settlement_id: SettlementId = ONE, *, at: datetime = SHIPPED) -> Movement:
    """Money given back."""
    return Movement(settlement_id, "given_back", Money(amount, "EUR"), at, "")


def known(
    *movements: Movement, seen: SeenOrder | None = SEEN, until: datetime = NOW, since: datetime = MADE
) -> KnownPayment:
    """What is known of an order; settlements are booked from its making until now."""
    return KnownPayment(ORDER, movements, seen, {"EUR": Span(since, until)}, searched_until=NOW)


@pytest.mark.parametrize(
    ("label", "side"),
    [
        (("Order", "ItemPrice", "Principal"), "paid"),
        (("Order", "ItemPrice", "GiftWrapTax"), "paid"),
        (("Order", "ItemPrice", "A price that Amazon invents"), "paid"),
        (("Order", "Promotion", "TaxDiscount"), "paid"),
        (("order", "item-price", "principal"), "paid"),
        (("Refund", "ItemPrice", "RestockingFee"), "given_back"),
        (("Chargeback Refund", "ItemPrice", "Tax"), "given_back"),
        (("A-to-z Guarantee Refund", "Promotion", "Shipping"), "given_back"),
        (("Order", "ItemFees", "Commission"), None),
        (("Order", "ItemWithheldTax", "MarketplaceFacilitatorVAT-Principal"), None),
        (("Order", "Points", "PointsGranted"), None),
        (("Order", "Shipment-Fees", "Shipping"), None),
        (("Order_Retrocharge", "ItemPrice", "Tax"), None),
        (("Liquidations", "ItemPrice", "Principal"), None),
        (("other-transaction", "other-transaction", "BuyerRecharge"), None),
    ],
)
def test_side_of_a_label(label: tuple[str, str, str], side: str | None) -> None:
    """Prices, tax and promotions of sales and refunds are the buyer's; the rest is not."""
    assert side_of(Label(*label)) == side


def test_movements_are_sums_by_settlement() -> None:
    """Seen by the buyer: what he paid, what he got back, each above zero, at its first posting; what is nothing is left out."""
    sums = [
        LabelSum(ONE, "EUR", Label("Order", "ItemPrice", "Principal"), "Amazon.de", 1680, SHIPPED + DAY),
        LabelSum(ONE, "EUR", Label("Order", "ItemPrice", "Tax"), "Amazon.de", 319, SHIPPED),
        LabelSum(ONE, "EUR", Label("Order", "ItemFees", "Commission"), "Amazon.de", -300, SHIPPED),
        LabelSum(TWO, "EUR", Label("Refund", "ItemPrice", "Principal"), "", -500, SHIPPED + 9 * DAY),
        LabelSum(TWO, "EUR", Label("Order", "ItemPrice", "Tax"), "", 0, SHIPPED + 9 * DAY),
    ]
    assert movements_of(sums) == (paid(1999, site="Amazon.de"), back(500, TWO, at=SHIPPED + 9 * DAY))


@given(
    st.lists(
        st.builds(
            Movement,
            st.sampled_from([ONE, TWO]),
            st.sampled_from(["paid", "given_back"]),
            st.integers(-(10**9), 10**9).filter(bool).map(lambda amount: Money(amount, "EUR")),
            st.just(SHIPPED),
            st.just(""),
        ),
        max_size=6,
        unique_by=lambda each: (each.settlement_id, each.side),
    )
)
def test_transactions_come_to_what_was_moved(movements: list[Movement]) -> None:
    """Every transaction is above zero, its name is its own, and charges less refunds are what the buyer is poorer by."""
    made = transactions_of(movements, "EUR")
    signed = sum(each.amount.minor_units * (1 if each.type == "Charge" else -1) for each in made)
    poorer = sum_of(movements, "paid", "EUR") - sum_of(movements, "given_back", "EUR")
    assert signed == poorer.minor_units
    assert all(each.amount.minor_units > 0 for each in made)
    assert len({each.name for each in made}) == len(made)


@pytest.mark.parametrize(
    ("charged", "order", "state"),
    [
        (1999, SHOP, "Paid"),
        (2499, SHOP, "Paid"),
        (1000, SHOP, "BalanceDue"),
        (1000, replace(SHOP, shipment_state="Delivered"), "BalanceDue"),
        (1000, replace(SHOP, shipment_state="Partial"), None),
        (1000, replace(SHOP, shipment_state=None), None),
        (1000, replace(SHOP, cancelled=True), "Paid"),
        (1000, replace(SHOP, cancelled=True, shipment_state="Pending"), None),
        (1999, replace(SHOP, shipment_state="Pending"), "Paid"),
        (0, SHOP, None),
        (-100, SHOP, None),
    ],
)
def test_payment_state(charged: int, order: ShopOrder, state: str | None) -> None:
    """Paid when the total is there; a balance is due of what is shipped; else the order stays as it is."""
    assert payment_state(order, Money(charged, "EUR")) == state


def test_payment_that_is_there_is_not_written_again() -> None:
    """All transactions are known by type and settlement, and the state is right."""
    held = ShopPayment("payment-1", 2, frozenset({("Charge", ONE), ("Refund", TWO), ("Charge", "somebody's")}))
    order = replace(SHOP, payment=held)
    assert decide_payment(known(paid(1999), back(500, TWO)), order, POLICY, NOW) == Recorded((), None)


def test_what_is_missing_is_written() -> None:
    """The payment's key is the order's; a transaction that is there is not added again."""
    held = ShopPayment("payment-1", 2, frozenset({("Charge", ONE)}))
    written = decide_payment(known(paid(1999), back(500, TWO)), replace(SHOP, payment=held), POLICY, NOW)
    assert isinstance(written, WritePayment)
    assert (written.key, payment_key(ORDER)) == ("amazon-302-0000001-0000001", written.key)
    assert [each.name for each in written.missing_in(held)] == [("Refund", TWO)]


@pytest.mark.parametrize(
    ("what", "order", "is_case"),
    [
        (known(paid(1999)), SHOP, False),
        (known(paid(2000)), SHOP, True),
        (known(paid(2000), until=SHIPPED), SHOP, True),
        (known(paid(1998)), SHOP, True),
        (known(paid(1998), until=SHIPPED + SETTLED_WITHIN - DAY), SHOP, False),
        (known(paid(1998), since=MADE + DAY), SHOP, False),
        (known(paid(1998), seen=replace(SEEN, status="PARTIALLY_SHIPPED")), SHOP, False),
        (known(paid(1998), seen=None), SHOP, False),
        (known(paid(1998)), replace(SHOP, shipment_state="Partial"), False),
        (known(paid(1998)), replace(SHOP, cancelled=True), False),
        (known(paid(1000), paid(999, TWO)), SHOP, False),
        (known(back(500)), SHOP, True),
        (known(paid(1999), paid(1, TWO, currency="GBP")), SHOP, True),
    ],
)
def test_amount_that_differs(what: KnownPayment, order: ShopOrder, *, is_case: bool) -> None:
    """More is a case at once; less once all that was shipped must have been settled, and no unit was cancelled."""
    decision = decide_payment(what, order, POLICY, NOW)
    assert isinstance(decision, WritePayment | Recorded)
    assert [each.kind for each in decision.cases] == ["settlement.amount_differs"] * is_case


def test_rest_that_is_awaited_is_looked_for() -> None:
    """When a month has passed since it was shipped, then every week; not where nothing can tell any more."""
    soon = known(paid(1000), until=SHIPPED)
    assert [
        getattr(decide_payment(what, SHOP, POLICY, now), "look_at", None)
        for what, now in [
            (soon, SHIPPED + DAY),
            (soon, NOW),
            (known(paid(1999)), NOW),
            (known(paid(1000), since=NOW), NOW),
        ]
    ] == [SHIPPED + SETTLED_WITHIN, NOW + 7 * DAY, None, None]


@pytest.mark.parametrize(
    ("what", "order", "kind"),
    [
        (known(), SHOP, NeedsPerson),
        (known(until=SHIPPED + SETTLED_WITHIN - DAY), SHOP, Wait),
        (known(since=MADE + DAY), SHOP, OutOfScope),
        (known(), replace(SHOP, total=Money(0, "EUR")), OutOfScope),
        (known(), replace(SHOP, total=Money(100, "GBP")), OutOfScope),
        (known(seen=replace(SEEN, status="UNSHIPPED")), SHOP, OutOfScope),
        (known(seen=None), SHOP, OutOfScope),
        (known(), None, OutOfScope),
    ],
)
def test_order_that_no_settlement_speaks_of(what: KnownPayment, order: ShopOrder | None, kind: type) -> None:
    """Unpaid only where it was shipped, costs something, and all the time in which it had to be paid is booked."""
    assert isinstance(decide_payment(what, order, POLICY, NOW), kind)


OLD = replace(POLICY, import_from=SHIPPED - DAY)


@pytest.mark.parametrize(
    ("what", "policy", "kind"),
    [
        (known(paid(1999)), POLICY, NeedsPerson),
        (known(paid(1999), seen=replace(SEEN, state=State.CASE)), POLICY, NeedsPerson),
        (known(paid(1999), seen=replace(SEEN, state=State.OUT_OF_SCOPE)), POLICY, OutOfScope),
        (known(paid(1999), seen=replace(SEEN, state=State.WAITING)), POLICY, Wait),
        (known(paid(1999), seen=None), POLICY, NeedsPerson),
        (known(paid(1999, site="Amazon.DE"), seen=None), POLICY, NeedsPerson),
        (known(paid(1999, site="Amazon.it"), seen=None), POLICY, OutOfScope),
        (known(paid(1999), seen=None), OLD, OutOfScope),
        (known(paid(1999), seen=SEEN), OLD, NeedsPerson),
        (known(back(1999), seen=None), POLICY, OutOfScope),
        (known(back(100), paid(1999, TWO), seen=None), POLICY, NeedsPerson),
        (replace(known(paid(1999), seen=None), searched_until=None), POLICY, Wait),
        (replace(known(paid(1999), seen=None), searched_until=SHIPPED - DAY), POLICY, Wait),
    ],
)
def test_order_that_commercetools_does_not_have(what: KnownPayment, policy: PaymentPolicy, kind: type) -> None:
    """Missing only where nothing says that it is out of scope, on its way, or older than the import."""
    assert isinstance(decide_payment(what, None, policy, NOW), kind)


def test_case_names_ten_settlements_and_counts_the_rest() -> None:
    """A case stays a page."""
    many = [paid(1, SettlementId(str(number))) for number in range(12)]
    decision = decide_payment(known(*many), None, POLICY, NOW)
    assert isinstance(decision, NeedsPerson)
    assert decision.case.facts["settlements"] == "0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 2 more"
    assert decision.case.at_stake == Money(12, "EUR")
