"""What is sent to Amazon and what is left alone, in both modes, one rule a row."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.domain import demand as asked
from crossdock.domain import on_sale
from crossdock.domain.evidence import read_again_at, read_room
from crossdock.domain.on_sale import OnSale
from crossdock.domain.sellable import (
    SENT_SHARED,
    USUAL_S,
    Delays,
    LeaveListed,
    SetListed,
    SkuStock,
    StockRule,
    decide_set,
    exposure,
    sellable,
)
from crossdock.domain.stock import Hold

SLOW = asked.prior(2.0, 2.0)
FAST = asked.prior(2_000.0, 2_000.0)
# The shop sells to the last unit: the cover has its own file.
RISK, PROOF = StockRule(cover=False), StockRule(mode="proof")
DARK = Delays(order_known_s=220.0)


def live(units: int) -> OnSale:
    """So many units on sale, seen at 100 s."""
    return OnSale(Hold(units=units, live_max=units), read_at_s=100.0)


@pytest.mark.parametrize(
    ("available", "rule", "margin", "units"),
    [
        (10, StockRule(), 0, 10),
        (10, StockRule(), 3, 7),
        (10, StockRule(buffer_units=4), 3, 6),
        (10, StockRule(buffer_percent=25), 1, 7),
        (10, StockRule(share_percent=55), 0, 5),
        (10, StockRule(cap=4), 0, 4),
        (-2, StockRule(), 0, 0),
    ],
)
def test_what_may_be_listed(available: int, rule: StockRule, margin: int, units: int) -> None:
    """Share and cap first, then the largest of buffer, per cent and margin; never below nothing."""
    assert sellable(available, rule, margin) == units


@pytest.mark.parametrize(("rule", "units"), [(RISK, 375), (PROOF, 500)])
def test_what_lies_there_is_listed_where_nothing_was(rule: StockRule, units: int) -> None:
    """A first look: nothing is on sale, plenty lies there. With proof all of it is Amazon's; with risk half of the shop's part is left to the shop."""
    assert decide_set(SkuStock(500, OnSale(), SLOW), rule) == SetListed(units, 0, 0)


def test_a_set_of_less_than_may_be_listed_says_why() -> None:
    """Nothing was ever sold, a thousand lie there, 750 are sent: a merchant sees that this is no buffer."""
    decision = decide_set(SkuStock(1_000, OnSale(), SLOW), RISK)
    assert isinstance(decision, SetListed)
    assert (decision.quantity, decision.reason) == (750, SENT_SHARED)


@pytest.mark.parametrize("available", [500, 480, 900])
def test_enough_is_left_alone(available: int) -> None:
    """No echo: Amazon counts its own sales down, and the shop's far from empty are no reason for a call."""
    assert isinstance(decide_set(SkuStock(available, live(470), SLOW), RISK), LeaveListed)


@pytest.mark.parametrize(("on_amazon", "available"), [(750, 100), (750, 749), (101, 100), (3, 2), (2, 1)])
def test_what_is_not_there_is_lowered_however_unlikely_it_is_to_be_sold(on_amazon: int, available: int) -> None:
    """Nobody bought a hundred at once so far; somebody may, and stock on Amazon is right."""
    decision = decide_set(SkuStock(available, live(on_amazon), SLOW), RISK)
    assert isinstance(decision, SetListed)
    assert decision.quantity <= available


def test_what_reads_show_as_sold_is_not_there_either() -> None:
    """A hundred available, one of them sold whose order is on its way: a hundred live are one too many."""
    state = on_sale.seen(live(101), 100, 200.0, sold_since=0, usual_s=USUAL_S)
    assert isinstance(decide_set(SkuStock(100, state, SLOW), RISK), SetListed)


@given(st.integers(0, 2_000), st.integers(1, 2_000), st.floats(0.1, 5_000.0), st.floats(0.1, 5_000.0))
def test_more_than_is_there_is_never_left(available: int, more: int, amazon: float, shop: float) -> None:
    """Whatever the demand: where nothing is under way, more live than available is answered with less."""
    decision = decide_set(SkuStock(available, live(available + more), asked.prior(amazon, shop)), RISK)
    assert isinstance(decision, SetListed)
    assert decision.quantity <= available


def test_a_listing_that_is_mostly_empty_is_filled_up() -> None:
    """Three times what is live may be sent; at twice, it is left."""
    assert decide_set(SkuStock(500, live(125), SLOW), RISK) == SetListed(375, 0, 0)
    assert isinstance(decide_set(SkuStock(500, live(190), SLOW), RISK), LeaveListed)


@pytest.mark.parametrize(("on_amazon", "kind"), [(0, LeaveListed), (3, LeaveListed), (4, SetListed), (8, SetListed)])
def test_up_and_down_are_at_different_marks(on_amazon: int, kind: type) -> None:
    """A few units that would not be listed anew are no reason for a call while they are on sale; more of them are."""
    decision = decide_set(SkuStock(8, live(on_amazon), asked.prior(100.0, 100.0)), RISK)
    assert isinstance(decision, kind)
    assert decision.quantity == 0


@pytest.mark.parametrize("read_every_s", [30.0, 240.0])
def test_a_quantity_does_not_follow_the_reads_of_its_own_sku(read_every_s: float) -> None:
    """In the dark S is weighed over a time that all SKUs share, so it is the same whatever is on sale and read."""
    dark = Delays(order_known_s=220.0, read_every_s=read_every_s)
    margins = {
        decide_set(SkuStock(12, live(units), asked.prior(40.0, 40.0), dark), RISK).shop_margin for units in range(1, 4)
    }
    assert len(margins) == 1


@pytest.mark.parametrize(("set_at_s", "held_back"), [(None, 11), (950.0, 46), (735.0, 11)])
def test_what_a_set_put_on_sale_again_is_held_back_until_its_orders_are_known(
    set_at_s: float | None, held_back: int
) -> None:
    """Orders are known after 220 s: a set of 50 seconds ago hides what Amazon sold before it, one of four and a half minutes ago nothing."""
    state = replace(live(10), hold=Hold(units=200, live_max=10), set_at_s=set_at_s)

    decision = decide_set(SkuStock(60, state, asked.prior(20_000.0, 600.0), DARK, at_s=1_000.0), RISK)

    assert decision.unseen_margin == held_back


def test_nothing_left_is_0() -> None:
    """What is sold out in the shop is taken off Amazon at once."""
    assert decide_set(SkuStock(0, live(3), SLOW), RISK) == SetListed(0, 0, 0)


def test_what_reads_show_as_sold_is_not_left() -> None:
    """Units whose orders are on their way are gone."""
    state = on_sale.seen(live(3), 1, 200.0, sold_since=0, usual_s=USUAL_S)
    assert decide_set(SkuStock(2, state, SLOW), RISK) == SetListed(0, 0, 0)


def test_0_is_sent_once_and_may_follow_a_set() -> None:
    """It does not wait for a set under way; it is not repeated."""
    under_way = on_sale.sent(live(3), 9, 100.0)
    assert decide_set(SkuStock(0, under_way, SLOW), RISK) == SetListed(0, 0, 0)
    assert isinstance(decide_set(SkuStock(0, on_sale.sent(under_way, 0, 101.0), SLOW), RISK), LeaveListed)


@pytest.mark.parametrize("rule", [RISK, PROOF])
def test_one_set_at_a_time(rule: StockRule) -> None:
    """Nothing but 0 is sent beside a set under way."""
    assert isinstance(decide_set(SkuStock(500, on_sale.sent(live(3), 9, 100.0), SLOW), rule), LeaveListed)


def test_the_last_units_of_a_fast_seller_are_held_back() -> None:
    """Both sides may sell them in the same minute, and the shop sells them anyway."""
    decision = decide_set(SkuStock(8, OnSale(), FAST), RISK)
    assert decision.shop_margin > 0
    assert decision.quantity < 8


def test_the_last_unit_that_the_shop_may_never_sell_is_listed() -> None:
    """A slow seller with little time left: holding back would lose it."""
    assert decide_set(SkuStock(1, OnSale(), SLOW, selling_s=600.0), RISK) == SetListed(1, 0, 0)


@pytest.mark.parametrize("rule", [StockRule(cap=5), StockRule(buffer_units=200), StockRule(share_percent=40)])
def test_what_the_merchant_does_not_allow_is_lowered(rule: StockRule) -> None:
    """A buffer, a cap or a share that was made smaller is followed, however far from empty the stock is."""
    decision = decide_set(SkuStock(300, live(290), SLOW), rule)
    assert isinstance(decision, SetListed)
    assert decision.quantity <= sellable(300, rule, 0)


@given(st.integers(-5, 60), st.integers(0, 60), st.floats(0.1, 5_000.0), st.floats(0.1, 5_000.0))
def test_never_more_is_listed_than_is_left(available: int, on_amazon: int, amazon: float, shop: float) -> None:
    """Whatever the demand, with risk: what is sent is never more than lies there, and lowers or raises."""
    decision = decide_set(SkuStock(available, live(on_amazon), asked.prior(amazon, shop)), RISK)
    assert 0 <= decision.quantity <= max(0, available)
    assert isinstance(decision, LeaveListed) or decision.quantity != on_amazon


@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 40), st.none() | st.integers(1, 20))
def test_proof_sends_only_what_the_hold_allows(escrow: int, on_amazon: int, more: int, overdue: int | None) -> None:
    """A raise beside all that may be sold already, more than could be live; or 0."""
    hold = Hold(units=on_amazon + more + (overdue or 0), live_max=on_amazon, overdue=overdue)
    decision = decide_set(SkuStock(escrow, OnSale(hold), SLOW), PROOF)
    assert (decision.shop_margin, decision.unseen_margin) == (0, hold.units)
    assert isinstance(decision, LeaveListed) or decision.quantity == 0 or escrow >= hold.units + decision.quantity
    assert isinstance(decision, LeaveListed) or decision.quantity == 0 or decision.quantity > on_amazon


def test_exposure_says_how_much_and_how_likely() -> None:
    """With proof nothing; with risk no more than is listed, the likelier the faster it sells."""
    assert exposure(SkuStock(5, live(5), FAST), PROOF, 5).units == 0
    slow, fast = exposure(SkuStock(5, live(5), SLOW), RISK, 5), exposure(SkuStock(5, live(5), FAST), RISK, 5)
    assert slow.units == fast.units == 5
    assert 0.0 <= slow.probability < fast.probability <= 1.0


def test_a_set_is_read_back_at_its_usual_time() -> None:
    """With orders by events there is nothing else to learn from a read."""
    assert read_again_at(SkuStock(5, live(5), FAST), RISK) is None
    assert read_again_at(SkuStock(5, on_sale.sent(live(5), 9, 150.0), FAST), RISK) == 150.0 + USUAL_S


def test_a_cancellation_is_read_back_at_once() -> None:
    """Whether its units are on sale again only a read tells."""
    assert read_again_at(SkuStock(5, on_sale.cancelled(live(5), 1), SLOW), RISK) == 100.0


def test_in_the_dark_only_what_could_be_oversold_is_read() -> None:
    """With orders known minutes late, the last units of a seller are read as evidence; a full shelf is not, nor what is not on sale."""
    due = read_again_at(SkuStock(5, live(5), FAST, DARK), RISK)
    assert due is not None
    assert due > 100.0
    assert read_again_at(SkuStock(5_000, live(5_000), SLOW, DARK), RISK) is None
    assert read_again_at(SkuStock(5, OnSale(), FAST, DARK), RISK) is None


def test_reads_are_shared_by_all_that_ask() -> None:
    """Where more are asked for than can be had, each SKU is read more rarely, and the other way round."""
    assert read_room(40.0, 8.0) > 40.0 > read_room(40.0, 2.0)
