"""What the simulated Amazon pays: files that add up, a truth that is told beside them, and chains that go on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from crossdock.twin.amazon import Amazon, SellerAccount
from crossdock.twin.amazon_account import Order
from crossdock.twin.merchant import Merchant
from crossdock.twin.settlement_file import COLUMNS
from crossdock.twin.settlement_truth import OrderTruth
from crossdock.twin.settlements import Payments
from crossdock.twin.trading_month import Month, trade_a_month
from crossdock.twin.world import World
from tests.twin.settlement_reader import PARTS, Told, minor, read

US, DE, GB, JP = "ATVPDKIKX0DER", "A1PA6795UKMFR9", "A1F83G8C2ARO7P", "A1VC38T7YXB528"
UNKNOWN = ("other-transaction", "Quantum Fee", "Entanglement")


class Seller:
    """A seller in a world of its own, of whom nothing is kept back unless a test wants it."""

    def __init__(self, *marketplace_ids: str, seed: int = 5) -> None:
        """Open the account."""
        self.world = World(seed=seed)
        self.account: SellerAccount = Amazon(self.world).add_account(marketplace_ids=marketplace_ids or (DE,))
        self.merchant = Merchant(self.world, self.account, skus=[f"MUG-{number}" for number in range(1, 9)])
        self.payments: Payments = self.account.payments
        habits = self.payments.ledger.habits
        habits.reserve_percent, habits.delivered_share, habits.invoiced_share = 0, 0.0, 0.0

    def shipped(self, n: int = 1, marketplace_id: str | None = None) -> list[str]:
        """Let some orders be placed and shipped."""
        orders = [self.merchant.buy(settled=True, notify=False, marketplace_id=marketplace_id) for _ in range(n)]
        [self.merchant.ship(order_id) for order_id in orders]
        return orders

    def wait(self, **by: float) -> None:
        """Let time pass."""
        self.world.clock.advance(timedelta(**by))

    def closed(self, *, after_days: float = 14, currency: str | None = None) -> Told:
        """Close the only settlement in which something moved, and read its file."""
        self.wait(days=after_days)
        [settlement] = self.payments.close(currency)
        return read(settlement.flat_file())


@pytest.fixture
def seller() -> Seller:
    """A seller in Germany."""
    return Seller()


@pytest.fixture(scope="module")
def traded() -> tuple[Seller, Month]:
    """A seller in four marketplaces after six weeks, with everything that Amazon keeps back."""
    seller = Seller(US, DE, GB, JP)
    habits = seller.payments.ledger.habits
    habits.reserve_percent, habits.delivered_share, habits.invoiced_share = 10, 0.1, 0.5
    seller.merchant.amazon_collects = {GB}
    return seller, trade_a_month(seller.merchant, 900, days=42)


@pytest.fixture(scope="module")
def files(traded: tuple[Seller, Month]) -> list[Told]:
    """The files of those weeks."""
    return [read(settlement.flat_file()) for settlement in traded[1].settlements]


def _parts(truth: OrderTruth) -> dict[str, int]:
    told = {name: getattr(truth, name, 0) for name in PARTS}
    told["refunded"] += truth.refunded_tax
    return told | {"retrocharged": truth.retrocharged_tax + truth.retrocharged_withheld}


def _grand_total(order: Order) -> int:
    """Tell what an order comes to without its tip."""
    proceeds = order["proceeds"]
    tips = [part["subtotal"] for part in proceeds["breakdowns"] if part["type"] == "DELIVERY_TIP"]
    [total, *rest] = [minor(one["amount"], one["currencyCode"]) for one in (proceeds["grandTotal"], *tips)]
    return total - sum(rest)


def _tax_left(payments: Payments, marketplace_name: str) -> int:
    """Add up the taxes of a marketplace's orders, those on promotions, and those that are withheld."""
    rows = [row for settlement in payments.settlements for _, row in settlement.rows]
    return sum(
        row.minor
        for row in rows
        if (row.about.transaction_type, row.about.marketplace_name) == ("Order", marketplace_name)
        and (row.kind in ("tax", "tax_withheld") or row.description == "TaxDiscount")
    )


def _live(seller: Seller, *, looking: bool) -> bytes:
    """Let three weeks pass, looking at the balance every day or never, and give the settlement's file."""
    seller.payments.ledger.habits.delivered_share = 0.5
    for _ in range(21):
        seller.shipped()
        seller.wait(days=1)
        if looking:
            seller.payments.balance("EUR")
    [settlement] = seller.payments.close()
    return settlement.flat_file()


# --- the file


def test_every_file_adds_up(traded: tuple[Seller, Month], files: list[Told]) -> None:
    """The rows of each file add up to its total to the minor unit, and that is the total the twin knows."""
    added = [sum(told.amount(row) for row in told.rows) for told in files]
    assert added == [told.total for told in files] == [one.total for one in traded[1].settlements]
    assert len(files) == 12
    assert min(len(told.rows) for told in files) > 100


def test_every_file_has_the_columns_in_their_order(files: list[Told]) -> None:
    """All lines have the 24 cells of the header, which is the published one with the promotion at its end."""
    assert [told.header for told in files] == [list(COLUMNS)] * 12
    assert {width for told in files for width in told.widths} == {24}


def test_only_the_summary_has_a_total(files: list[Told]) -> None:
    """The first row fills its six cells and no others; of the rest each has a type, an amount and the same number."""
    filled = {tuple(name for name, cell in told.summary.items() if cell) for told in files}
    assert filled == {COLUMNS[:6]}
    rows = [(told.summary["settlement-id"], row) for told in files for row in told.rows]
    assert {row["settlement-id"] == number for number, row in rows} == {True}
    assert {"".join(row[name] for name in COLUMNS[1:6]) for _, row in rows} == {""}
    assert all(row["transaction-type"] and row["amount"] and row["posted-date-time"] for _, row in rows)


def test_amounts_are_written_as_at_home(files: list[Told]) -> None:
    """Euros have a comma, pounds and dollars a point, and yen neither."""
    styles = {
        told.summary["currency"]: {mark for row in told.rows for mark in row["amount"] if mark in ",."}
        for told in files
    }
    assert styles == {"EUR": {","}, "GBP": {"."}, "USD": {"."}, "JPY": set()}


@pytest.mark.parametrize(("marketplace_id", "local"), [(JP, "2026/11/03"), (US, "11/02/26"), (GB, "02/11/2026")])
def test_local_dates_differ_from_the_time_in_utc(marketplace_id: str, local: str) -> None:
    """What is posted in the evening by UTC has the next day's local date in Japan, and that day's own in the US."""
    seller = Seller(marketplace_id)
    seller.wait(hours=14)
    seller.payments.charge("subscription", 3900, next(iter(seller.payments.periods)))
    [row] = seller.closed().rows
    assert (row["posted-date"], row["posted-date-time"]) == (local, "2026-11-02 23:00:00 UTC")


# --- the truth


def test_truth_of_orders_is_what_the_rows_say(traded: tuple[Seller, Month], files: list[Told]) -> None:
    """Of each order: what was paid, refunded, withheld and charged is in the file as it is in truth."""
    truths = [
        {order_id: _parts(truth) for order_id, truth in one.truth.orders.items()} for one in traded[1].settlements
    ]
    assert [told.orders() for told in files] == truths
    assert sum(len(orders) for orders in truths) > 700


def test_truth_of_movements_is_what_the_rows_say(traded: tuple[Seller, Month], files: list[Told]) -> None:
    """Reserves, charges, adverts, fees and reimbursements are in the files as they are in truth."""
    truths = [dict(one.truth.movements) for one in traded[1].settlements]
    assert [told.movements() for told in files] == truths
    seen = set().union(*truths)
    assert seen >= {"orders", "refunds", "retrocharges", "reserve", "reserve_back", "advertising", "storage"}
    assert seen >= {"inbound", "subscription", "reimbursement", "micro_deposit", "multichannel"}
    assert [sum(one.truth.movements.values()) for one in traded[1].settlements] == [told.total for told in files]


def test_what_was_paid_is_what_the_order_tells(traded: tuple[Seller, Month]) -> None:
    """Prices, taxes and promotions of an order's rows are its grand total, but for the tip, which is not paid out."""
    seller, month = traded
    paid = {
        order_id: truth.paid
        for one in month.settlements
        for order_id, truth in one.truth.orders.items()
        if truth.principal
    }
    told = {order_id: _grand_total(seller.account.orders[order_id]) for order_id in paid}
    assert paid == told
    assert len(paid) > 700


def test_tax_that_amazon_remits_comes_to_nothing(traded: tuple[Seller, Month]) -> None:
    """Where Amazon collects the tax, an order's tax, less that on its promotions, is withheld again."""
    payments = traded[0].payments
    left = [_tax_left(payments, name) for name in ("Amazon.com", "Amazon.co.uk", "Amazon.de")]
    assert left[:2] == [0, 0]
    assert left[2] > 0
    rows = [row for one in payments.settlements for _, row in one.rows if row.about.transaction_type == "Order"]
    labels = {(row.about.marketplace_name, row.description.split("-")[0]) for row in rows if row.kind == "tax_withheld"}
    assert labels == {("Amazon.com", "MarketplaceFacilitatorTax"), ("Amazon.co.uk", "MarketplaceFacilitatorVAT")}


# --- the chain


def test_a_settlement_begins_where_the_one_before_ended(traded: tuple[Seller, Month]) -> None:
    """In each currency the periods follow each other without a gap, and every row was posted within its own."""
    month = traded[1]
    lines = {
        one.currency: [each for each in month.settlements if each.currency == one.currency] for one in month.settlements
    }
    assert {currency: len(line) for currency, line in lines.items()} == dict.fromkeys(("USD", "EUR", "GBP", "JPY"), 3)
    assert [line[n].end for line in lines.values() for n in (0, 1)] == [
        line[n].start for line in lines.values() for n in (1, 2)
    ]
    assert all(one.start <= at <= one.end for one in month.settlements for at, _ in one.rows)


def test_a_reserve_comes_back_in_the_next(seller: Seller) -> None:
    """What a settlement keeps back at its end is the first row of the next one."""
    seller.payments.ledger.habits.reserve_percent = 10
    seller.shipped(3)
    first = seller.closed()
    second = seller.closed(currency="EUR")
    [kept] = first.with_label("Current Reserve Amount")
    assert kept == -(first.total - kept) // 10 or kept == -((first.total - kept) // 10)
    assert second.with_label("Previous Reserve Amount Balance") == [-kept]
    assert second.rows[0]["posted-date-time"] == first.summary["settlement-end-date"]


def test_a_debt_is_charged_to_the_card(seller: Seller) -> None:
    """After a settlement below nothing the next begins with what is owed, and with the charge of as much."""
    seller.payments.charge("advertising", 32_169, "EUR")
    first, second = seller.closed(), seller.closed()
    assert (first.total, second.total) == (-32_169, 0)
    assert second.with_label("Payable to Amazon") == [-32_169]
    assert second.with_label("Successful charge") == [32_169]
    assert [row["posted-date-time"][-12:] for row in second.rows] == ["09:00:00 UTC", "10:20:00 UTC"]


def test_without_a_card_a_debt_lessens_what_comes_next(seller: Seller) -> None:
    """A debt that is not charged goes over until sales outweigh it."""
    seller.payments.ledger.habits.card_works = False
    seller.payments.charge("advertising", 1_000, "EUR")
    totals = [seller.closed().total, seller.closed().total]
    seller.payments.post(UNKNOWN, 5_000, "EUR")
    assert [*totals, seller.closed().total] == [-1_000, -1_000, 4_000]


def test_a_transfer_that_failed_comes_back(seller: Seller) -> None:
    """The total of a settlement the bank would not take is a row of a later one, in the bank's words."""
    seller.payments.next_transfers.append("failed")
    seller.shipped()
    first, second = seller.closed(), seller.closed()
    assert [one.transfer for one in seller.payments.settlements] == ["failed", "paid"]
    assert second.movements() == {"failed_transfer": first.total}
    assert second.rows[0]["amount-description"].startswith("Transfer of funds unsuccessful: We could not transfer")


def test_a_transfer_that_failed_waits_for_its_settlement(seller: Seller) -> None:
    """A settlement that closes before the bank has said no holds nothing of it; the one after does."""
    seller.payments.next_transfers.append("failed")
    seller.shipped()
    first = seller.closed()
    soon = seller.closed(after_days=1, currency="EUR")
    assert (soon.rows, soon.total) == ([], 0)
    assert seller.closed().total == first.total


def test_only_what_was_posted_before_the_end_is_settled(seller: Seller) -> None:
    """A settlement may be closed for an earlier time; what was posted since is in the next."""
    seller.payments.post(UNKNOWN, 100, "EUR")
    seller.wait(days=1)
    end = seller.world.clock.now()
    seller.payments.post(UNKNOWN, 200, "EUR")
    seller.wait(days=1)
    [first] = seller.payments.close(at=end)
    [second] = seller.payments.close()
    assert [(one.total, one.start, one.end) for one in (first, second)] == [
        (100, datetime(2026, 11, 2, 9, tzinfo=UTC), end),
        (200, end, end + timedelta(days=1)),
    ]


def test_a_settlement_cannot_end_before_it_began_or_later_than_now(seller: Seller) -> None:
    """Such an end is refused, and so is a currency the seller does not sell in."""
    now = seller.world.clock.now()
    with pytest.raises(ValueError, match="it began at"):
        seller.payments.close("EUR", at=now)
    with pytest.raises(ValueError, match="it began at"):
        seller.payments.close("EUR", at=now + timedelta(days=1))
    with pytest.raises(KeyError):
        seller.payments.close("CHF")


def test_where_nothing_moved_nothing_closes(seller: Seller) -> None:
    """Without a row to write, settlements stay open, unless one is closed by its currency."""
    seller.wait(days=14)
    assert seller.payments.close() == []
    assert seller.closed(currency="EUR").rows == []


def test_a_long_settlement_spans_months(seller: Seller) -> None:
    """A settlement holds what was posted in three months, each row with its own time, in the order of time."""
    seller.payments.charge("subscription", 3_900, "EUR")
    seller.wait(days=29)
    seller.shipped()
    seller.wait(days=31)
    seller.payments.charge("subscription", 3_900, "EUR")
    times = [row["posted-date-time"] for row in seller.closed().rows]
    assert {time[:7] for time in times} == {"2026-11", "2026-12", "2027-01"}
    assert times == sorted(times)


# --- orders


def test_parts_of_a_shipment_add_up_to_the_whole(seller: Seller) -> None:
    """An order that is shipped unit by unit is paid in parts, each with its own shipment, to the same sum."""
    order_id = seller.merchant.buy(skus=["MUG-1"], quantity=7, settled=True)
    [item] = seller.account.orders[order_id]["orderItems"]
    [seller.merchant.ship(order_id, quantities={item["orderItemId"]: 1}) for _ in range(7)]
    told = seller.closed()
    grand_total = seller.account.orders[order_id]["proceeds"]["grandTotal"]
    assert told.orders()[order_id]["paid"] == minor(grand_total["amount"], "EUR")
    assert len({row["shipment-id"] for row in told.rows}) == 7
    assert {row["quantity-purchased"] for row in told.rows} == {"1"}


def test_nothing_is_paid_before_it_is_shipped(seller: Seller) -> None:
    """An order that waits, or is cancelled, is in no settlement."""
    seller.merchant.buy(settled=True)
    seller.merchant.cancel(seller.merchant.buy(settled=True))
    assert seller.closed(currency="EUR").rows == []


def test_an_order_amazon_fulfils_is_charged_for_it(seller: Seller) -> None:
    """Its rows say AFN and have the fee of each unit; the buyer's shipping is taken back."""
    orders = [seller.merchant.buy(settled=True, fulfilled_by="AMAZON") for _ in range(12)]
    [seller.merchant.ship(order_id) for order_id in orders]
    told = seller.closed()
    sums = told.sums("amount-description")
    assert {row["fulfillment-id"] for row in told.rows} == {"AFN"}
    assert sums["FBAPerUnitFulfillmentFee",] < 0
    assert sums["ShippingChargeback",] == -sums["Shipping",] - sums["ShippingTax",]


def test_refunds_give_back_all_that_was_paid_and_no_more(seller: Seller) -> None:
    """A refund in part and one of the rest give back prices, taxes and commission; then nothing is left."""
    [order_id] = seller.shipped()
    seller.payments.refund(order_id, percent=30)
    seller.wait(days=1)
    seller.payments.refund(order_id)
    with pytest.raises(ValueError, match="nothing is left"):
        seller.payments.refund(order_id)
    told = seller.closed()
    parts = told.orders()[order_id]
    sums = told.sums("transaction-type", "amount-description")
    assert parts["refunded"] == -parts["paid"]
    assert sums["Refund", "Commission"] == -sums["Order", "Commission"]
    assert sums["Refund", "RefundCommission"] < 0
    assert len({row["adjustment-id"] for row in told.rows} - {""}) == 2


def test_what_was_never_shipped_cannot_be_refunded(seller: Seller) -> None:
    """Neither a refund nor a retro-charge finds an order that was not paid."""
    order_id = seller.merchant.buy(settled=True)
    with pytest.raises(KeyError):
        seller.payments.refund(order_id)
    with pytest.raises(KeyError):
        seller.payments.retrocharge(order_id)


def test_a_refund_lies_in_a_later_settlement_than_its_order(seller: Seller) -> None:
    """What was settled before can be given back after."""
    [order_id] = seller.shipped()
    first = seller.closed()
    seller.payments.refund(order_id)
    second = seller.closed()
    assert first.orders()[order_id]["paid"] == -second.orders()[order_id]["refunded"]


@pytest.mark.parametrize(("of_refund", "name"), [(False, "Order_Retrocharge"), (True, "Refund_Retrocharge")])
def test_a_retrocharge_comes_to_nothing(seller: Seller, name: str, *, of_refund: bool) -> None:
    """The tax that is reckoned again is withheld at once."""
    [order_id] = seller.shipped()
    seller.payments.retrocharge(order_id, of_refund=of_refund)
    told = seller.closed()
    sums = told.sums("transaction-type", "amount-type")
    assert sums[name, "ItemPrice"] == -sums[name, "ItemWithheldTax"] != 0
    assert (sums[name, "ItemPrice"] < 0) is of_refund


def test_deferred_money_is_settled_when_it_is_released(seller: Seller) -> None:
    """What is kept until after delivery posts late: in a settlement of another month than the order's."""
    seller.payments.ledger.habits.delivered_share = 1.0
    seller.wait(days=25)
    [order_id] = seller.shipped()
    first = seller.closed(after_days=2, currency="EUR")
    second = seller.closed(after_days=14)
    assert first.rows == []
    assert list(second.orders()) == [order_id]
    assert {row["posted-date-time"][:7] for row in second.rows} == {"2026-12"}


def test_business_orders_are_paid_a_month_later(seller: Seller) -> None:
    """An invoiced order is released after thirty days."""
    seller.payments.ledger.habits.invoiced_share = 1.0
    order_id = seller.merchant.buy(programs=["AMAZON_BUSINESS"], settled=True)
    seller.merchant.ship(order_id)
    first = seller.closed(after_days=30, currency="EUR")
    second = seller.closed(after_days=1)
    assert first.rows == []
    assert {row["posted-date-time"] for row in second.rows} == {"2026-12-02 09:00:00 UTC"}


# --- what belongs to no order


def test_rows_may_be_the_same_in_every_cell(seller: Seller) -> None:
    """Two bookings alike are two rows alike, and both count."""
    seller.payments.post(UNKNOWN, -250, "EUR", times=2)
    told = seller.closed()
    assert told.rows[0] == told.rows[1]
    assert told.total == -500


def test_labels_may_be_unknown(seller: Seller) -> None:
    """Whatever labels are wanted are written as they are, and the truth calls them unknown."""
    seller.payments.post(UNKNOWN, -1_234, "EUR")
    told = seller.closed()
    assert told.sums("transaction-type", "amount-type", "amount-description") == {UNKNOWN: -1_234}
    assert seller.payments.settlements[0].truth.movements == {"unknown": -1_234}


def test_another_shops_order_has_fees_only(seller: Seller) -> None:
    """A multi-channel order has an id of its own form, a marketplace that is none, and the other shop's number."""
    seller.payments.send_for_another_shop("MUG-1", 2, "EUR")
    told = seller.closed()
    assert {row["order-id"][:4] for row in told.rows} == {"S01-"}
    assert {row["marketplace-name"] for row in told.rows} == {"Non-Amazon DE"}
    assert all(row["merchant-order-id"].startswith("SHOP-") and row["merchant-order-item-id"] for row in told.rows)
    assert told.movements() == {"multichannel": told.total}
    assert told.total < 0


def test_a_fee_on_goods_that_came_in_names_their_delivery(seller: Seller) -> None:
    """The order's cell holds an FBA shipment id, which is no order."""
    seller.payments.charge_inbound(2_000, "EUR")
    [row] = seller.closed().rows
    assert row["order-id"].startswith("FBA15")
    assert (row["transaction-type"], row["amount"]) == ("FBAFees", "-20,00")


def test_new_fees_have_their_tax_apart(seller: Seller) -> None:
    """Storage is a fee and the tax on it; the bank account is tried with a cent."""
    seller.payments.charge("storage", 10_000, "EUR")
    seller.payments.charge("micro_deposit", 1, "EUR")
    sums = seller.closed().sums("transaction-type", "amount-description")
    assert sums == {
        ("FBAFees", "Base fee"): -10_000,
        ("FBAFees", "Tax on fee"): -1_900,
        ("Transfers", "Micro Deposit"): -1,
    }


# --- the seed


def test_a_seed_repeats_every_byte() -> None:
    """Two worlds of one seed write the same files, whoever looks in between; another seed writes others."""
    first, second, third = Seller(DE, US), Seller(DE, US), Seller(DE, US, seed=6)
    months = [trade_a_month(first.merchant, 100)]
    second.payments.ledger.transactions()
    months.append(trade_a_month(second.merchant, 100, notify=True))
    months.append(trade_a_month(third.merchant, 100))
    written = [b"".join(one.flat_file() for one in month.settlements) for month in months]
    assert written[0] == written[1] != written[2]
    assert len(written[0]) > 100_000


def test_looking_changes_nothing(seller: Seller) -> None:
    """When somebody looks at the balance does not change what is drawn, nor the order of what is posted."""
    assert _live(seller, looking=True) == _live(Seller(), looking=False)


def test_the_orders_of_a_month_are_on_amazon(traded: tuple[Seller, Month]) -> None:
    """All orders of a month can be read as any others, and some of them were refunded."""
    seller, month = traded
    assert len(month.order_ids) == 900
    assert seller.account.orders.keys() == set(month.order_ids)
    assert set(month.refunded) < set(month.order_ids)
    assert len(month.refunded) > 20
