"""What buyers paid and got back, out of settlements, becomes one payment of each order in commercetools."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO

import pytest

from crossdock.checkup import wanted_scopes
from crossdock.routines import run_routine
from crossdock.twin.commercetools_payments import create_payment
from crossdock.twin.trading_month import trade_a_month
from crossdock.twin.world import Request, Response
from tests.build import a_line, an_order
from tests.flows.auditor import all_kinds, case, rows, write
from tests.flows.settled import (
    BACK,
    FIRST,
    NOTHING,
    ORDER,
    SALE,
    SECOND,
    a_month_later,
    books,
    bought,
    bring_over,
    imported,
    of,
    payment,
    settle,
    state,
    told,
    transactions,
    truth_of,
)
from tests.house.case_play import Play
from tests.joined_twin import Handle, Scene, Stage
from tests.sample_orders import Sent
from tests.settlements import a_settlement, finance

GERMANY, BRITAIN = "A1PA6795UKMFR9", "A1F83G8C2ARO7P"
NEXT = {"settlement_id": SECOND, "starts": "2026-11-27", "ends": "2026-12-11", "posted": "2026-11-28 10:00:00 UTC"}
UNDONE = SALE.replace("19.99", "-19.99")


@pytest.fixture
def scene(shared_stage: Stage) -> Scene:
    """A seller whose books are kept, and one order of 19.99 that was shipped and imported."""
    return bought(books(shared_stage))


def standing(scene: Scene, order_id: str = ORDER) -> tuple[str, str]:
    """The state and reason of an order's record of payments."""
    [row] = rows(scene, "select state, reason from inbox where flow = 'match_payments' and record_id = %s", order_id)
    return row["state"], row["reason"]


# --- what is paid


def test_paid_order_has_its_payment(scene: Scene) -> None:
    """One charge of what the buyer paid, known by its settlement, at the time of its posting; the order is paid and has it."""
    settle(scene, SALE)
    [charge] = payment(scene)["transactions"]
    assert (charge["type"], charge["state"], charge["interactionId"]) == ("Charge", "Success", FIRST)
    assert (charge["amount"]["centAmount"], charge["timestamp"]) == (1999, "2026-11-21T10:00:00.000Z")
    assert payment(scene)["paymentMethodInfo"] == {"paymentInterface": "Amazon"}
    assert payment(scene)["amountPlanned"]["centAmount"] == 1999
    assert (state(scene), all_kinds(scene)) == (("Paid", 1), [])


def test_charge_is_what_the_buyer_paid(shared_stage: Stage) -> None:
    """Prices, the tax on them and promotions are his; fees, points and tax that Amazon withholds are not."""
    head = "FBM SHIPPED in DE, total 27.29 EUR"
    scene = bought(books(shared_stage), head, "1 x MUG-BLUE @ 19.99 EUR, SHIPPING 4.90, GIFT_WRAP 3.40, DISCOUNT 1.00")
    settle(
        scene,
        f"""
        Order | {ORDER} | ItemPrice | Principal | 16.80
        Order | {ORDER} | ItemPrice | Tax | 3.19
        Order | {ORDER} | ItemPrice | Shipping | 4.12
        Order | {ORDER} | ItemPrice | ShippingTax | 0.78
        Order | {ORDER} | ItemPrice | GiftWrap | 2.86
        Order | {ORDER} | ItemPrice | GiftWrapTax | 0.54
        Order | {ORDER} | Promotion | Principal | -0.84
        Order | {ORDER} | Promotion | TaxDiscount | -0.16
        Order | {ORDER} | ItemWithheldTax | MarketplaceFacilitatorVAT-Principal | -3.03
        Order | {ORDER} | ItemWithheldTax | MarketplaceFacilitatorVAT-Shipping | -0.78
        Order | {ORDER} | Points | PointsGranted | -0.50
        Order | {ORDER} | ItemFees | Commission | -3.00
        Order_Retrocharge | {ORDER} | ItemPrice | Tax | 0.20
        """,
    )
    assert (transactions(scene), state(scene)) == ([("Charge", 2729, FIRST)], ("Paid", 1))


def test_order_paid_in_two_settlements_has_two_charges(shared_stage: Stage) -> None:
    """While a part is awaited the balance is due; the second settlement pays it, and nobody is asked."""
    scene = bought(books(shared_stage), "FBM SHIPPED in DE, total 39.98 EUR", "1 x MUG-BLUE @ 39.98 EUR")
    between = state(settle(scene, SALE))
    settle(scene, SALE, **NEXT)
    assert transactions(scene) == [("Charge", 1999, FIRST), ("Charge", 1999, SECOND)]
    assert (between, state(scene), all_kinds(scene)) == (("BalanceDue", 1), ("Paid", 1), [])


def test_order_that_is_shipped_in_part_stays_as_imported(shared_stage: Stage) -> None:
    """A warehouse that waits for `Paid` is not held up by a settlement of the first parcel."""
    scene = bought(books(shared_stage), "FBM PARTIALLY_SHIPPED in DE, total 39.98 EUR", "2 x MUG-BLUE @ 19.99 EUR")
    settle(scene, SALE)
    assert (transactions(scene), state(scene)) == ([("Charge", 1999, FIRST)], ("Paid", 1))


def test_each_transaction_is_written_once(scene: Scene) -> None:
    """Settlements that are imported again, and records that are looked at again, write nothing."""
    settle(scene, SALE)
    before = scene.order(ORDER)["version"], payment(scene)["version"]
    of(scene).inbox.wake([ORDER], scene.twin.world.clock.now())
    settle(scene, SALE)
    assert (scene.order(ORDER)["version"], payment(scene)["version"]) == before
    assert standing(scene) == ("in_sync", "commercetools has its payment")


@pytest.mark.parametrize("head", ["FBM SHIPPED in DE, total 19.99 EUR", "FBA SHIPPED in DE, total 19.99 EUR"])
def test_whoever_ships_the_order_is_paid(shared_stage: Stage, head: str) -> None:
    """FBA and FBM orders alike."""
    scene = settle(bought(books(shared_stage), head), SALE)
    assert (transactions(scene), state(scene)) == ([("Charge", 1999, FIRST)], ("Paid", 1))


def test_order_that_is_invoiced_elsewhere_has_its_payment(shared_stage: Stage) -> None:
    """In order mode another system books the sale; what the buyer paid is the same."""
    policy = replace(finance(), invoiced_elsewhere_from={"AFN": datetime(2020, 1, 1, tzinfo=UTC)})
    scene = settle(bought(books(shared_stage, finance=policy)), SALE)
    assert rows(scene, "select distinct account from settlement_groups") == [{"account": "receivable.orders"}]
    assert (transactions(scene), state(scene)) == ([("Charge", 1999, FIRST)], ("Paid", 1))


def test_currency_without_a_minor_unit(shared_stage: Stage) -> None:
    """Yen are whole."""
    scene = bought(books(shared_stage), "FBM SHIPPED in JP, total 1999 JPY", "1 x MUG-BLUE @ 1999 JPY")
    settle(scene, SALE.replace("19.99", "1999"), currency="JPY", marketplace_name="Amazon.co.jp")
    amount = payment(scene)["transactions"][0]["amount"]
    assert (amount["centAmount"], amount["currencyCode"], amount["fractionDigits"]) == (1999, "JPY", 0)
    assert (state(scene), all_kinds(scene)) == (("Paid", 1), [])


def test_payments_of_the_shop_stay(scene: Scene) -> None:
    """An order that has a payment of somebody else's has both."""
    own = create_payment(
        scene.project, {"amountPlanned": {"currencyCode": "EUR", "centAmount": 1}}, scene.project.stamp()
    )
    _add(scene, own["id"])
    settle(scene, SALE)
    assert (transactions(scene), state(scene)) == ([("Charge", 1999, FIRST)], ("Paid", 2))


# --- what is given back


def test_refund_in_part_and_in_full(scene: Scene) -> None:
    """What he got back of price, tax and promotion is one refund of its settlement; the rest is another; the order was paid all the same."""
    part = f"""
        Refund | {ORDER} | ItemPrice | Principal | -5.00
        Refund | {ORDER} | ItemPrice | Tax | -0.95
        Refund | {ORDER} | Promotion | Principal | 0.95
        Refund | {ORDER} | ItemFees | Commission | 0.75
        Refund | {ORDER} | ItemFees | RefundCommission | -0.15
    """
    settle(scene, SALE + "\n" + part)
    settle(scene, f"Refund | {ORDER} | ItemPrice | Principal | -14.99", **NEXT)
    assert transactions(scene) == [("Charge", 1999, FIRST), ("Refund", 500, FIRST), ("Refund", 1499, SECOND)]
    assert (state(scene), all_kinds(scene)) == (("Paid", 1), [])


@pytest.mark.parametrize("kind", ["Refund", "Chargeback Refund", "A-to-z Guarantee Refund"])
def test_every_way_of_giving_back_is_a_refund(scene: Scene, kind: str) -> None:
    """In a settlement of its own, later than the sale's."""
    settle(scene, SALE)
    settle(scene, BACK.replace("Refund", kind), **NEXT)
    assert transactions(scene) == [("Charge", 1999, FIRST), ("Refund", 1999, SECOND)]


def test_what_amazon_takes_back_goes_the_other_way(scene: Scene) -> None:
    """A sale that is undone is a refund, a refund that is undone a charge; nothing is below zero."""
    settle(scene, f"{SALE}\n{SALE.replace('19.99', '3.00')}")
    settle(
        scene, f"{UNDONE.replace('19.99', '3.00')}\n{SALE.replace('Order', 'Refund').replace('19.99', '1.00')}", **NEXT
    )
    assert transactions(scene) == [("Charge", 2299, FIRST), ("Charge", 100, SECOND), ("Refund", 300, SECOND)]


def test_refund_of_a_sale_before_the_books(scene: Scene) -> None:
    """Of an order whose charge no settlement has here the state stays as it is."""
    settle(scene, BACK)
    assert (transactions(scene), state(scene)) == ([("Refund", 1999, FIRST)], ("Paid", 1))


def test_rows_that_are_no_buyers_money_write_nothing(scene: Scene) -> None:
    """An order of which a settlement has fees alone has no payment: one that was shipped waits, any other has nothing to wait for."""
    bought(scene, "FBM UNSHIPPED in DE, total 19.99 EUR", order_id="302-0000002-0000002")
    fee = f"Order | {ORDER} | ItemFees | Commission | 3.00"
    settle(scene, f"{fee}\n{fee.replace(ORDER, '302-0000002-0000002')}")
    assert (list(scene.project.payments), standing(scene)) == ([], ("waiting", "waits for its settlement"))
    assert standing(scene, "302-0000002-0000002") == ("out_of_scope", "nothing was paid or given back")


# --- cases


def test_order_that_is_missing_is_a_case(shared_stage: Stage) -> None:
    """Somebody paid for an order that was bought since the import began, and commercetools does not have it."""
    scene = books(shared_stage)
    scene.after(days=60).run()
    settle(scene, SALE, starts="2026-12-20", ends="2027-01-03", posted="2026-12-25 10:00:00 UTC")
    found = case(scene, ORDER, "settlement.order_missing")
    assert (found["at_stake_minor_units"], found["facts"]) == (1999, {"paid": "19.99 EUR", "settlements": FIRST})


def test_missing_order_that_is_imported_is_paid(shared_stage: Stage) -> None:
    """The case closes by itself, and the payment is written."""
    scene = books(shared_stage)
    scene.after(days=60).run()
    settle(scene, SALE, starts="2026-12-20", ends="2027-01-03", posted="2026-12-25 10:00:00 UTC")
    bring_over(bought(scene).after(days=1))
    assert (all_kinds(scene), transactions(scene)) == ([], [("Charge", 1999, FIRST)])


def test_order_that_was_deleted_is_missing(scene: Scene) -> None:
    """It was imported once, and somebody deleted it."""
    scene.project.orders.remove(scene.order(ORDER)["id"])
    settle(scene, SALE)
    assert "settlement.order_missing" in all_kinds(scene)


def test_order_out_of_scope_is_no_case(shared_stage: Stage) -> None:
    """One that was bought before the import began is known, and left alone."""
    scene = bought(books(shared_stage), createdTime="2026-10-01T00:00:00.000Z")
    settle(scene, SALE)
    assert (standing(scene), all_kinds(scene)) == (("out_of_scope", "not in commercetools by policy"), [])


@pytest.mark.parametrize(
    ("rows_of", "posted", "reason"),
    [
        (SALE, "2026-11-21", "may have been bought before orders.import_from"),
        (BACK, "2027-01-10", "may have been bought before orders.import_from"),
        (f"{SALE} | marketplace-name=Amazon.it", "2027-01-10", "a marketplace that is not part of this connection"),
    ],
)
def test_unknown_order_that_may_be_none_of_ours_is_no_case(
    shared_stage: Stage, rows_of: str, posted: str, reason: str
) -> None:
    """A sale of the first weeks, a refund without its sale, and a marketplace of which no order is imported."""
    scene = books(shared_stage, marketplaces=(GERMANY,)).after(days=70)
    scene.run()
    settle(scene, rows_of, starts="2026-12-27", ends="2027-01-20", posted=f"{posted} 10:00:00 UTC")
    assert (standing(scene), all_kinds(scene)) == (("out_of_scope", reason), [])


def test_order_that_was_not_read_yet_waits(shared_stage: Stage) -> None:
    """While Amazon's orders are still being read nobody knows what is missing."""
    scene = books(shared_stage)
    settle(scene, SALE, starts="2026-12-20", ends="2027-01-03", posted="2026-12-25 10:00:00 UTC")
    assert standing(scene) == ("waiting", "waits for Amazon's orders to be read")


def test_order_that_is_not_imported_yet_waits(shared_stage: Stage) -> None:
    """It is in the inbox, and paid once it is in commercetools."""
    scene = books(shared_stage)
    order = an_order("FBM SHIPPED in DE, total 19.99 EUR", a_line("1 x MUG-BLUE @ 19.99 EUR"))
    scene.account.put_order(order)
    scene.after(minutes=5).joined.discover()
    settle(scene, SALE)
    waiting = standing(scene)
    scene.joined.drain()
    bring_over(scene.after(hours=1))
    assert (waiting, transactions(scene)) == (("waiting", "waits for its import"), [("Charge", 1999, FIRST)])


def test_more_than_the_order_says_is_a_case(scene: Scene) -> None:
    """At once, with both amounts; the payment shows what was paid."""
    settle(scene, SALE.replace("19.99", "24.99"))
    found = case(scene, ORDER, "settlement.amount_differs")
    assert found["facts"] == {"declared": "19.99 EUR", "found": "24.99 EUR", "settlements": FIRST}
    assert (found["at_stake_minor_units"], transactions(scene)) == (500, [("Charge", 2499, FIRST)])
    assert state(scene) == ("Paid", 1)


def test_less_than_the_order_says_is_a_case_when_all_must_have_come(scene: Scene) -> None:
    """Not before settlements are booked for a month after it was shipped; and the rest closes it."""
    settle(scene, SALE.replace("19.99", "15.00"))
    at_once = all_kinds(scene)
    a_month_later(scene)
    found = case(scene, ORDER, "settlement.amount_differs")
    rest = SALE.replace("19.99", "4.99")
    settle(
        scene,
        rest,
        settlement_id="28471003930",
        starts="2027-01-10",
        ends="2027-01-24",
        posted="2027-01-12 10:00:00 UTC",
    )
    assert (at_once, found["at_stake_minor_units"], all_kinds(scene)) == ([], 499, [])
    assert state(scene) == ("Paid", 1)


def test_another_currency_is_a_case(scene: Scene) -> None:
    """What cannot be compared is not: nothing is written."""
    settle(scene, SALE, currency="GBP")
    assert (all_kinds(scene), list(scene.project.payments)) == (["settlement.amount_differs"], [])


def test_order_whose_units_were_cancelled_is_paid(shared_stage: Stage) -> None:
    """Its total in commercetools has the units that were not sent, too: less is right."""
    scene = books(shared_stage)
    line = a_line("2 x MUG-BLUE @ 19.99 EUR", fulfillment={"quantityFulfilled": 1, "quantityUnfulfilled": 0})
    scene.account.put_order(an_order("FBM SHIPPED in DE, total 39.98 EUR", line))
    scene.after(minutes=5).run()
    a_month_later(settle(scene, SALE))
    assert (state(scene), all_kinds(scene)) == (("Paid", 1), [])


def test_shipped_order_that_was_never_paid_is_a_case(scene: Scene) -> None:
    """Once settlements are booked for a month after it was shipped; the settlement that pays it closes the case."""
    a_month_later(settle(scene, NOTHING))
    found = case(scene, ORDER, "settlement.unpaid")
    settle(
        scene,
        SALE,
        settlement_id="28471003930",
        starts="2027-01-10",
        ends="2027-01-24",
        posted="2027-01-12 10:00:00 UTC",
    )
    assert (found["at_stake_minor_units"], all_kinds(scene), state(scene)) == (1999, [], ("Paid", 1))


def test_unpaid_order_waits_while_settlements_are_missing(scene: Scene) -> None:
    """A settlement that is late makes no case of each of its orders."""
    settle(scene, NOTHING)
    bring_over(scene.after(days=60))
    assert (standing(scene), all_kinds(scene)) == (("waiting", "waits for its settlement"), [])


def test_order_of_a_time_before_the_books_is_not_awaited(scene: Scene) -> None:
    """What was bought before the first settlement that is booked was paid in another."""
    settle(
        scene.after(days=60),
        NOTHING,
        starts="2026-12-01",
        ends="2027-01-10",
        posted="2027-01-05 10:00:00 UTC",
    )
    assert standing(scene) == ("out_of_scope", "bought before the first settlement that is booked")


# --- what is no order, and what is in the way


@pytest.mark.parametrize(
    "order_id",
    ["S01-1234567-1234567", "FBA15ABCDEF", f"{ORDER}' or true --", "302-0000001-000000\u0661", "..%2F..%2Forders", ""],
)
def test_what_is_no_amazon_order_is_left_alone(scene: Scene, order_id: str) -> None:
    """Orders of other shops, deliveries to Amazon, and whatever else stands in the cell: nothing becomes due, nothing is asked for."""
    settle(scene, SALE.replace(ORDER, order_id))
    assert (list(scene.project.payments), rows(scene, "select 1 from inbox where flow = 'match_payments'")) == ([], [])


def test_payment_that_belongs_to_another_order_is_a_case(scene: Scene) -> None:
    """Somebody gave our payment to an order of the shop: commercetools refuses, and says why."""
    draft = {"key": f"amazon-{ORDER}", "amountPlanned": {"currencyCode": "EUR", "centAmount": 1999}}
    taken = create_payment(scene.project, draft, scene.project.stamp())
    bought(scene, order_id="302-0000002-0000002")
    _add(scene, taken["id"], "302-0000002-0000002")
    settle(scene, SALE, **NEXT)
    assert all_kinds(scene) == ["settlement.payment_refused"]


def test_project_without_the_scope_is_one_case(scene: Scene) -> None:
    """Orders are imported all the same, and once the scope is there the payments are written."""
    bought(scene, order_id="302-0000002-0000002")
    client = scene.project.clients.pop(f"worker-{scene.joined.connection_id}")
    scene.project.add_client(client.id, client.secret, *client.scopes - {"manage_payments"})
    scene.after(days=3)
    settle(scene, f"{SALE}\n{SALE.replace(ORDER, '302-0000002-0000002')}")
    without = all_kinds(scene)
    bought(scene, order_id="302-0000003-0000003")
    scene.project.add_client(client.id, client.secret, *client.scopes)
    bring_over(scene.after(days=3))
    assert (without, all_kinds(scene)) == (["connection.unauthorized"], [])
    assert (len(list(scene.project.payments)), scene.numbers()[-1]) == (2, "302-0000003-0000003")


def test_order_that_moves_meanwhile_is_decided_again(shared_stage: Stage) -> None:
    """Somebody changes the order between our read and our write: nothing is overwritten, and the payment is not written twice."""
    meddler = Meddler()
    scene = bought(books(shared_stage, through=meddler.through))
    meddler.scene = scene
    report = bring_over(settle(scene, SALE).after(minutes=5))
    assert meddler.scene is None
    assert report.cases == 0
    assert (transactions(scene), state(scene)) == ([("Charge", 1999, FIRST)], ("Paid", 1))
    assert scene.order(ORDER)["purchaseOrderNumber"] == "meanwhile"


class Meddler:
    """Changes the order, once, when our payment is created."""

    scene: Scene | None = None

    def through(self, handle: Handle) -> Handle:
        """Stand between the product and the twin."""

        def act(request: Request) -> Response:
            if self.scene is not None and request.path.endswith("/payments"):
                order = self.scene.order(ORDER)
                changed = order | {"purchaseOrderNumber": "meanwhile", "version": order["version"] + 1}
                self.scene.project.orders.put(changed)
                self.scene = None
            return handle(request)

        return act


def test_order_costs_three_calls_at_most(shared_stage: Stage) -> None:
    """Read, payment, order: for the first settlement, and for one that brings more."""
    sent = Sent()
    scene = bought(
        books(shared_stage, through=sent.through), "FBM SHIPPED in DE, total 39.98 EUR", "1 x MUG-BLUE @ 39.98 EUR"
    )
    sent.requests.clear()
    settle(scene, SALE)
    first = len(sent.requests)
    settle(scene, SALE, **NEXT)
    assert (first, len(sent.requests) - first) == (3, 3)


def test_check_asks_for_the_scope(shared_stage: Stage, scene: Scene) -> None:
    """`crossdock check` names it where books are kept, and only there."""
    without = books(shared_stage, finance=None)
    assert "manage_payments" in wanted_scopes(scene.joined.policy)
    assert "manage_payments" not in wanted_scopes(without.joined.policy)
    assert without.joined.payments is None


def test_walk_along_shipped_orders_goes_page_by_page(scene: Scene) -> None:
    """Every shipped order that no settlement spoke of is due once, however many there are; the walk begins again a day later."""
    shipped = """
        insert into inbox (connection_id, flow, record_id, snapshot, snapshot_at, created_at, status, state, first_seen_at, changed_at)
        select %s, 'ingest_orders', '303-0000000-' || lpad(n::text, 7, '0'), '{}', timestamptz '2026-11-14', '2026-11-13', 'SHIPPED', 'in_sync', now(), now()
        from generate_series(1, 10001) n
    """
    write(scene, shipped, scene.joined.connection_id)
    scene.after(days=60)
    found = of(scene).discover()
    again = of(scene).discover()
    next_day = of(scene.after(days=1)).discover()
    assert (found, again, next_day) == (10_002, 0, 0)


# --- the whole


def test_worker_brings_payments_over(shared_stage: Stage) -> None:
    """A settlement that Amazon lists becomes payments by the routines alone, each waking the next."""
    scene = books(shared_stage, marketplaces=(GERMANY,))
    clock = scene.twin.world.clock
    trade_a_month(scene.merchant, 20, days=20, notify=False)
    imported(scene)
    follows = run_routine(scene.joined, "collect_settlements", clock.now).follows
    then = run_routine(scene.joined, "discover_payments", clock.now).follows
    run_routine(scene.joined, "match_payments", clock.now)
    assert (follows, then) == (("discover_payments",), ("match_payments",))
    assert told(scene) == {name: sums for name, sums in truth_of(scene).items() if name in scene.numbers()}


def test_one_pass_brings_a_settlement_that_was_given_by_hand(stage: Stage) -> None:
    """`crossdock run` after `crossdock settlements import`: found, and paid, in the same pass."""
    scene = bought(stage.scene(finance=finance()))
    assert scene.joined.finance is not None
    dates = {"starts": "2026-11-13 00:00:00 UTC", "ends": "2026-11-27 00:00:00 UTC"}
    content = a_settlement(SALE, settlement_id=FIRST, posted_date_time="2026-11-21 10:00:00 UTC", **dates)
    scene.joined.finance.import_file(BytesIO(content), "settlement.txt", any_seller=True)
    Play(scene, stage.database).crossdock("run")
    assert (transactions(scene), state(scene)) == ([("Charge", 1999, FIRST)], ("Paid", 1))


def test_month_of_trade_is_paid_as_the_twin_knows(shared_stage: Stage) -> None:
    """Of three hundred orders of two marketplaces each payment is what its buyer paid and got back, to the cent, and no order is a case."""
    scene = books(shared_stage, marketplaces=(GERMANY, BRITAIN))
    scene.merchant.amazon_collects = {BRITAIN}
    trade_a_month(scene.merchant, 300, days=30, notify=False)
    assert scene.joined.finance is not None
    scene.joined.finance.collect()
    bring_over(imported(scene).after(days=1))
    assert told(scene) == truth_of(scene)
    assert set(all_kinds(scene)) <= {"settlement.label_unknown"}


def _add(scene: Scene, payment_id: str, order_id: str = ORDER) -> None:
    order = scene.order(order_id)
    info = {"payments": [{"typeId": "payment", "id": payment_id}]}
    scene.project.orders.put(order | {"paymentInfo": info, "version": order["version"] + 1})
