"""Settlements: booked once, to the cent, or not at all; and what a person must look at is a case."""

from __future__ import annotations

import gzip
from dataclasses import replace
from datetime import UTC, date, datetime
from io import BytesIO

import pytest

from crossdock.domain.accounts import parse_chart
from crossdock.domain.finance_policy import OwnChart
from crossdock.domain.ids import AmazonOrderId, SettlementId, order_number_of
from crossdock.errors import DataError
from crossdock.flows.reconcile_settlements import Reconciled
from crossdock.joined_finance import JoinedFinance
from tests.flows.auditor import all_kinds, rows
from tests.flows.conftest import a_name
from tests.joined_twin import Scene, Stage
from tests.settlements import REAL, a_settlement, finance

SALE = "Order | 302-0000001-0000001 | ItemPrice | Principal | 19.99"
TAX = "Order | 302-0000001-0000001 | ItemPrice | Tax | 3.80"
FEE = "Order | 302-0000001-0000001 | ItemFees | Commission | -3.00"
real = pytest.mark.skipif(not REAL.is_dir(), reason="the samples of real settlements are not beside the checkout")


@pytest.fixture
def scene(shared_stage: Stage) -> Scene:
    """A scene whose books are kept."""
    return shared_stage.scene(connection_id=a_name(), finance=finance())


@pytest.fixture
def books(scene: Scene) -> JoinedFinance:
    """Its books."""
    assert scene.joined.finance is not None
    return scene.joined.finance


def give(books: JoinedFinance, content: bytes, *, any_seller: bool = False) -> Reconciled:
    """Import one file."""
    return books.import_file(BytesIO(content), "settlement.txt", any_seller=any_seller)


def balances(books: JoinedFinance) -> dict[str, int]:
    """What each account comes to, in debits."""
    return {account: debit for account, _, debit in books.sheets.balances()}


@real
def test_real_settlements_are_booked(books: JoinedFinance) -> None:
    """Four real settlements: each is booked, nothing is in suspense, debts are paid back, the card paid 416.09, and the missing one is missed."""
    names = ["50011020300", "50018020314", "50034020328", "50044020356"]
    done = [give(books, (REAL / f"{name}.txt").read_bytes()) for name in names]
    assert [each.outcome for each in done] == ["booked"] * 4
    assert [case.kind for each in done for case in each.cases] == ["settlement.gap"]
    found = balances(books)
    assert (found["balance.carried_over"], found["clearing.card"]) == (0, -41609)
    assert found["clearing.bank"] == 101608 + 463023 + 1
    assert "suspense" not in found
    assert [row.total for row in books.sheets.settlements(9)] == [463023, 101608, -6231, -32169]


@real
def test_real_settlement_without_a_line_is_refused(scene: Scene, books: JoinedFinance) -> None:
    """Without its line 100 a real settlement is off by 60.57: nothing of it is booked until the whole file comes."""
    whole = (REAL / "50034020328.txt").read_bytes()
    lines = whole.splitlines(keepends=True)
    cut = give(books, b"".join(lines[:99] + lines[100:]))
    assert (cut.outcome, cut.cases[0].facts["off"]) == ("held", "-60.57 CAD")
    assert balances(books) == {}
    assert give(books, whole).outcome == "booked"
    assert all_kinds(scene) == []


def test_the_same_file_again_does_nothing(books: JoinedFinance) -> None:
    """A file may be given as often as one likes, packed or not."""
    content = a_settlement(f"{SALE}\n{FEE}")
    outcomes = [give(books, each).outcome for each in (content, content, gzip.compress(content))]
    assert outcomes == ["booked", "unchanged", "unchanged"]
    assert balances(books)["clearing.bank"] == 1699


def test_the_same_rows_in_another_order_do_nothing(scene: Scene, books: JoinedFinance) -> None:
    """Other bytes with the rows that are booked, in whatever order, change nothing and are said to be that."""
    first, second = a_settlement(f"{SALE}\n{FEE}\n{SALE}"), a_settlement(f"{FEE}\n{SALE}\n{SALE}")
    assert [give(books, each).outcome for each in (first, second)] == ["booked", "same_rows"]
    assert all_kinds(scene) == []


@pytest.mark.parametrize(
    "other",
    [
        f"{SALE.replace('19.99', '20.00')}\n{FEE}",
        f"{SALE}\n{FEE}\n{FEE}",
        f"{SALE}\n{FEE.replace('Commission', 'FixedClosingFee')}",
        f"{SALE}\n{FEE.replace('0000001-', '0000002-')}",
        f"{SALE}\n{FEE} | sku=CUP",
        f"{SALE}\n{FEE} | posted-date-time=2026-10-21 10:00:01 UTC",
        f"{SALE}\n{FEE} | quantity-purchased=2",
    ],
    ids=["amount", "row twice", "label", "order", "sku", "time", "units"],
)
def test_other_rows_of_a_booked_settlement_are_a_case(scene: Scene, books: JoinedFinance, other: str) -> None:
    """A settlement that is booked comes again with other rows: a case, and what is booked stays."""
    give(books, a_settlement(f"{SALE}\n{FEE}"))
    before = balances(books)
    assert give(books, a_settlement(other)).outcome == "differs"
    assert (all_kinds(scene), balances(books)) == (["settlement.changed"], before)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (a_settlement(SALE).replace(b"19.99", b"1.999"), "line 2, column total-amount"),
        (a_settlement(SALE)[:-30], "line 3: has"),
        (gzip.compress(a_settlement(SALE))[:-12], "is a gzip file that was cut"),
        (gzip.compress(bytes(80 << 20)), "unpacks to far more"),
        (b"\x1f\x8bnot gzip at all", "is a broken gzip file"),
    ],
    ids=["doubt", "cut", "gzip cut", "gzip bomb", "no gzip"],
)
def test_unreadable_file_books_nothing(books: JoinedFinance, content: bytes, said: str) -> None:
    """A file that leaves a doubt is refused by name, and nothing of it is booked."""
    with pytest.raises(DataError) as refused:
        give(books, content)
    assert said in str(refused.value)
    assert (balances(books), books.sheets.settlements(9)) == ({}, [])


def test_unreadable_file_is_kept_with_a_case(scene: Scene, books: JoinedFinance) -> None:
    """What cannot be read is kept as it was received, and the case says where the doubt is."""
    content = a_settlement(SALE).replace(b"\t19.99\tAFN", b"\t19.9x\tAFN")
    with pytest.raises(DataError) as refused:
        give(books, content)
    assert all_kinds(scene) == ["settlement.unreadable"]
    assert "line 3, column amount" in str(refused.value)


def test_accepted_difference_is_booked_to_suspense(scene: Scene, books: JoinedFinance) -> None:
    """Finance takes the exact difference, with a reason: the settlement is booked, and its certificate says so."""
    give(books, a_settlement(SALE, total="20.00"))
    assert books.accept(SettlementId("28471003921"), "0.01", "Amazon case 1").outcome == "booked"
    assert {**balances(books), "balance.unsettled": 0} == {
        "balance.unsettled": 0,
        "clearing.bank": 2000,
        "sales.product": -1999,
        "suspense": -1,
    }
    [certificate] = books.sheets.certificates_up_to("28471003921")
    assert b'"accepted_difference":{"amount":1,"reason":"Amazon case 1"}' in certificate.document
    assert all_kinds(scene) == []


def test_unknown_label_is_in_suspense_with_a_case(scene: Scene, books: JoinedFinance) -> None:
    """Rows of a label that no rule fits are one case and one sum in suspense."""
    strange = "other-transaction | | other-transaction | Moon Shipping Surcharge | -1.50"
    done = give(books, a_settlement(f"{SALE}\n{strange}\n{strange}"))
    assert [(case.kind, case.facts["rows"], str(case.at_stake)) for case in done.cases] == [
        ("settlement.label_unknown", "2", "3.00 EUR")
    ]
    assert (balances(books)["suspense"], all_kinds(scene)) == (300, ["settlement.label_unknown"])


def test_lost_pair_of_tax_is_another_settlement(books: JoinedFinance) -> None:
    """A tax row lost together with its withheld tax leaves all sums as they were, and is seen all the same."""
    pair = f"{TAX}\nOrder | 302-0000001-0000001 | ItemWithheldTax | MarketplaceFacilitatorVAT-Principal | -3.80"
    give(books, a_settlement(f"{SALE}\n{pair}"))
    assert give(books, a_settlement(SALE)).outcome == "differs"


def test_order_mode_books_no_income(shared_stage: Stage) -> None:
    """Where another system invoices, income and tax of new orders clear its invoices; older orders and fees stay as they were."""
    policy = replace(finance(), invoiced_elsewhere_from={"AFN": datetime(2026, 10, 21, tzinfo=UTC)})
    books = shared_stage.scene(connection_id=a_name(), finance=policy).joined.finance
    assert books is not None
    old = f"{SALE.replace('0000001-0000001', '0000001-0000009')} | posted-date-time=2026-10-20 10:00:00 UTC"
    give(books, a_settlement(f"{SALE}\n{TAX}\n{FEE}\n{old}"))
    assert balances(books) == {
        "receivable.orders": -2379,
        "sales.product": -1999,
        "fees.selling": 300,
        "balance.unsettled": 0,
        "clearing.bank": 1999 + 1999 + 380 - 300,
    }


def test_order_keeps_its_mode_for_life(shared_stage: Stage) -> None:
    """A refund follows the sale: to the receivable where it was one, to refunds where it was income, whatever the policy says by then."""
    name = a_name()
    policy = replace(finance(), invoiced_elsewhere_from={"AFN": datetime(2026, 10, 21, tzinfo=UTC)})
    books = shared_stage.scene(connection_id=name, finance=policy).joined.finance
    assert books is not None
    old = SALE.replace("0000001-0000001", "0000001-0000009")
    give(books, a_settlement(f"{SALE}\n{old} | posted-date-time=2026-10-20 10:00:00 UTC"))
    books.policy = replace(policy, invoiced_elsewhere_from={"AFN": datetime(2026, 10, 1, tzinfo=UTC)})
    refunds = "\n".join(line.replace("Order |", "Refund |").replace("19.99", "-19.99") for line in (SALE, old))
    give(
        books,
        a_settlement(
            refunds, settlement_id="28471003922", starts="2026-11-03 00:00:00 UTC", ends="2026-11-17 00:00:00 UTC"
        ),
    )
    found = balances(books)
    assert (found["receivable.orders"], found["sales.product"], found["refunds.product"]) == (0, -1999, 1999)
    assert books.ledger.invoiced_elsewhere([order_number_of(AmazonOrderId("302-0000001-0000001"))]) != set()


def test_chain_goes_through_three_settlements(scene: Scene, books: JoinedFinance) -> None:
    """A reserve is handed on from settlement to settlement, in whatever order they are imported, and a gap closes when it is filled."""
    reserve = "other-transaction | | other-transaction | {} | {}"
    held, back = "Current Reserve Amount", "Previous Reserve Amount Balance"
    spans = ["2026-10-06", "2026-10-20", "2026-11-03", "2026-11-17"]
    rows = [
        f"{SALE}\n{reserve.format(held, '-5.00')}",
        f"{SALE}\n{reserve.format(back, '5.00')}\n{reserve.format(held, '-7.00')}",
        f"{SALE}\n{reserve.format(back, '7.00')}",
    ]
    files = [
        a_settlement(
            row, settlement_id=f"2847100392{n}", starts=f"{spans[n]} 00:00:00 UTC", ends=f"{spans[n + 1]} 00:00:00 UTC"
        )
        for n, row in enumerate(rows)
    ]
    give(books, files[0])
    give(books, files[2])
    assert all_kinds(scene) == ["settlement.gap"]
    give(books, files[1])
    assert (all_kinds(scene), balances(books)["balance.reserve"]) == ([], 0)


def test_another_sellers_file_is_not_booked(scene: Scene, books: JoinedFinance) -> None:
    """A file of orders none of which is known, though orders of its time are, is held until a person says it is ours."""
    scene.merchant.buy(fulfilled_by="MERCHANT", settled=True)
    scene.after(minutes=5).joined.discover()
    today = scene.twin.world.clock.now().strftime("%Y-%m-%d")
    rows = "\n".join(SALE.replace("0000001-0000001", f"0000001-000000{n}") for n in range(5))
    content = a_settlement(
        rows, starts=f"{today} 00:00:00 UTC", ends=f"{today} 23:59:59 UTC", posted_date_time=f"{today} 10:00:00 UTC"
    )
    assert (give(books, content).outcome, balances(books)) == ("foreign", {})
    assert give(books, content, any_seller=True).outcome == "booked"
    assert all_kinds(scene) == []


def test_books_of_two_connections_are_apart(shared_stage: Stage) -> None:
    """The same settlement of two connections is booked in each, and neither sees the other's."""
    mine, theirs = (shared_stage.scene(connection_id=a_name(), finance=finance()).joined.finance for _ in range(2))
    assert mine is not None
    assert theirs is not None
    give(mine, a_settlement(SALE))
    assert (theirs.sheets.settlements(9), theirs.ledger.find(SettlementId("28471003921"))) == ([], None)
    assert give(theirs, a_settlement(SALE)).outcome == "booked"


def test_closed_month_is_never_dated(shared_stage: Stage) -> None:
    """With October closed, what was earned in it is booked on the first of November."""
    books = shared_stage.scene(connection_id=a_name(), finance=finance(closed_until=date(2026, 10, 31))).joined.finance
    assert books is not None
    give(books, a_settlement(SALE))
    assert {line.on_day for line in books.sheets.entries(SettlementId("28471003921"))} == {
        date(2026, 11, 1),
        date(2026, 11, 3),
    }


# Settlements one after the other, by their place in time.
SPANS = ("2026-10-06", "2026-10-20", "2026-11-03", "2026-11-17")
HELD, BACK = "Current Reserve Amount", "Previous Reserve Amount Balance"


def a_part(place: int, *rows: str, marketplace: str = "Amazon.de", number: int = 0) -> bytes:
    """The settlement at a place in time, of a sale and these rows."""
    return a_settlement(
        "\n".join((SALE, *rows)),
        settlement_id=f"2847100392{number or place}",
        starts=f"{SPANS[place]} 00:00:00 UTC",
        ends=f"{SPANS[place + 1]} 00:00:00 UTC",
        posted_date_time=f"{SPANS[place]} 10:00:00 UTC",
        marketplace_name=marketplace,
    )


def reserve(name: str, amount: str) -> str:
    """A row of the reserve."""
    return f"other-transaction | | other-transaction | {name} | {amount}"


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["in order", "the other way round"])
@pytest.mark.parametrize(("back", "kinds"), [("10.00", []), ("9.00", ["settlement.chain_broken"])])
def test_reserve_that_shrinks_on_its_way_is_a_case(
    scene: Scene, books: JoinedFinance, order: tuple[int, int], back: str, kinds: list[str]
) -> None:
    """What one settlement holds back the next brings back, in whatever order they are imported."""
    files = (a_part(0, reserve(HELD, "-10.00")), a_part(1, reserve(BACK, back)))
    outcomes = [give(books, files[place]).outcome for place in order]
    assert (outcomes, all_kinds(scene)) == (["booked", "booked"], kinds)


def test_marketplaces_of_one_currency_have_chains_of_their_own(scene: Scene, books: JoinedFinance) -> None:
    """A marketplace whose first settlement begins when another's ends does not take that one's reserve."""
    give(books, a_part(0, reserve(HELD, "-10.00")))
    give(books, a_part(1, marketplace="Amazon.fr", number=8))
    give(books, a_part(1, reserve(BACK, "10.00")))
    assert (all_kinds(scene), {row.chain for row in books.sheets.settlements(9)}) == (
        [],
        {"EUR Amazon.de", "EUR Amazon.fr"},
    )


@pytest.mark.parametrize("order", [(0, 2), (2, 0)], ids=["in order", "the other way round"])
def test_gap_is_seen_in_whatever_order(scene: Scene, books: JoinedFinance, order: tuple[int, int]) -> None:
    """The settlement behind a gap has the case, whichever of both sides of it is booked first."""
    outcomes = [give(books, a_part(place)).outcome for place in order]
    cases = rows(scene, "select record_id, kind from cases where closed_at is null")
    assert (outcomes, [tuple(case.values()) for case in cases]) == (["booked"] * 2, [("28471003922", "settlement.gap")])


def test_gap_is_closed_by_its_own_marketplace_only(scene: Scene, books: JoinedFinance) -> None:
    """A settlement of another marketplace that fits the missing time fills no gap."""
    give(books, a_part(0))
    give(books, a_part(2))
    give(books, a_part(1, marketplace="Amazon.fr", number=8))
    assert all_kinds(scene) == ["settlement.gap"]
    give(books, a_part(1))
    assert all_kinds(scene) == []


def test_settlement_without_rows_is_booked(books: JoinedFinance) -> None:
    """A settlement in which nothing happened has a certificate and no entry."""
    assert give(books, a_settlement("", total="0.00")).outcome == "booked"
    assert (balances(books), len(books.sheets.certificates_up_to("28471003921"))) == ({}, 1)


def test_refund_without_fulfilment_follows_its_order(shared_stage: Stage) -> None:
    """A refund whose row names no fulfilment stays on the side of its order."""
    policy = replace(finance(), invoiced_elsewhere_from={"AFN": datetime(2026, 10, 1, tzinfo=UTC)})
    books = shared_stage.scene(connection_id=a_name(), finance=policy).joined.finance
    assert books is not None
    give(books, a_settlement(SALE))
    refund = f"{SALE.replace('Order |', 'Refund |').replace('19.99', '-19.99')} | fulfillment-id="
    later = {"starts": "2026-11-03 00:00:00 UTC", "ends": "2026-11-17 00:00:00 UTC"}
    give(books, a_settlement(refund, settlement_id="28471003922", posted_date_time="2026-11-04 10:00:00 UTC", **later))
    assert balances(books)["receivable.orders"] == 0


def test_refund_of_an_order_from_before_is_no_receivable(shared_stage: Stage) -> None:
    """A refund of an order that nobody here has seen is of an order from before: there is no invoice it could clear."""
    policy = replace(finance(), invoiced_elsewhere_from={"AFN": datetime(2026, 10, 1, tzinfo=UTC)})
    books = shared_stage.scene(connection_id=a_name(), finance=policy).joined.finance
    assert books is not None
    give(books, a_settlement(SALE.replace("Order |", "Refund |").replace("19.99", "-19.99")))
    assert balances(books)["refunds.product"] == 1999


def test_held_settlement_is_booked_as_the_right_file_has_it(books: JoinedFinance) -> None:
    """What a wrong file said of a settlement's time is gone once the right one is booked."""
    give(books, a_settlement(SALE, total="20.00", ends="2026-11-04 00:00:00 UTC"))
    give(books, a_settlement(SALE))
    [row] = books.sheets.settlements(9)
    assert (row.state, row.ends_at) == ("booked", datetime(2026, 11, 3, tzinfo=UTC))


def test_label_that_became_known_closes_its_case(scene: Scene, books: JoinedFinance) -> None:
    """Once a rule fits a label, the next settlement with it closes its case, however it is spelt."""
    strange = "other-transaction | | other-transaction | Moon Shipping {} | -1.50"
    give(books, a_part(0, strange.format("Surcharge")))
    assert all_kinds(scene) == ["settlement.label_unknown"]
    text = (
        "rule,transaction_type,amount_type,amount_description,account,account_name,kind,sign,order_related,order_mode,note\n"
        "regex,.*,.*,moon.*,fees.moon,Moon,expense,-,no,fees.moon,\n"
    )
    own = OwnChart("own", text, parse_chart(text, "own", books.policy.default.chart), date.min)
    books.policy = replace(books.policy, own=(own,))
    give(books, a_part(1, strange.format("SURCHARGE")))
    assert all_kinds(scene) == []


def test_units_are_counted_by_sku_and_month(books: JoinedFinance) -> None:
    """Units of goods sold and refunded: of the rows of their price alone, as others repeat the quantity; a month begins at midnight where the books are."""
    other = SALE.replace("0000001-0000001", "0000001-0000002")
    back = SALE.replace("Order |", "Refund |").replace("19.99", "-19.99")
    elsewhere = SALE.replace("302-0000001-0000001", "S01-0000001-0000001")
    give(
        books,
        a_settlement(
            f"{SALE} | quantity-purchased=2\n{FEE} | quantity-purchased=2\n{back}\n{elsewhere}\n{SALE.replace('Order |', 'Liquidations |')}\n"
            f"{other} | sku=CUP | quantity-purchased=3 | posted-date-time=2026-10-31 23:00:00 UTC"
        ),
    )
    october, november = books.sheets.units(date(2026, 10, 1)), books.sheets.units(date(2026, 11, 1))
    assert october == [("MUG-BLUE", date(2026, 10, 1), 2, 1)]
    assert november == [("CUP", date(2026, 11, 1), 3, 0)]


@real
def test_units_of_archived_files_are_on_lines_of_their_own(books: JoinedFinance) -> None:
    """An archived file tells units on lines without an amount."""
    give(books, (REAL / "50018020314.txt").read_bytes())
    assert books.sheets.units(date(2025, 8, 1)) == [("SALTT15-ALLT", date(2025, 8, 1), 1, 0)]
