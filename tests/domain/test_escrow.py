"""Between the shop's entry and Amazon's: what moves, and that nothing moves that may be sold already."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.domain import demand as asked
from crossdock.domain import on_sale, stock
from crossdock.domain.escrow import LeaveSplit, MoveToAmazon, MoveToShop, TakeDown, decide_transfer, first_split
from crossdock.domain.on_sale import OnSale
from crossdock.domain.sellable import SkuStock, StockRule
from crossdock.domain.stock import Hold

RULE = StockRule(mode="proof")
EVEN, MOSTLY_SHOP = asked.prior(20.0, 20.0), asked.prior(2.0, 80.0)


def escrow(units: int, hold: int, demand: asked.Demand = EVEN) -> SkuStock:
    """An escrow of so many units, of which so many may be on sale."""
    return SkuStock(units, OnSale(Hold(units=hold, live_max=hold)), demand, selling_s=6 * 3600.0)


@pytest.mark.parametrize(("units", "amazons"), [(0, 0), (1, 0), (10, 5), (11, 6)])
def test_the_first_split_follows_demand(units: int, amazons: int) -> None:
    """Each side begins with its part of what is asked for."""
    assert abs(first_split(units, escrow(0, 0)) - amazons) <= 1


def test_an_empty_escrow_is_filled_from_a_full_shop() -> None:
    """Amazon has nothing on sale, the shop more than it sells: it gives Amazon's part."""
    assert decide_transfer(escrow(0, 0), 40, RULE) == MoveToAmazon(20)


def test_a_move_is_large_enough_to_be_listed() -> None:
    """A raise is more than may be live, beside it; fewer units would only lie there."""
    move = decide_transfer(escrow(1, 1, asked.prior(20_000.0, 2.0)), 40, RULE)
    assert isinstance(move, MoveToAmazon)
    assert stock.may_raise(Hold(units=1, live_max=1), 1 + move.units, move.units)


def test_a_shop_that_sells_all_it_has_gives_nothing() -> None:
    """What is short on both sides is sold where it lies."""
    assert isinstance(decide_transfer(escrow(0, 0, MOSTLY_SHOP), 3, RULE), LeaveSplit)


@pytest.mark.parametrize(("in_shop", "move"), [(3, LeaveSplit("the shop sells as many")), (4, MoveToAmazon(2))])
def test_a_move_is_worth_its_set(in_shop: int, move: object) -> None:
    """Ten are asked for in the time that is left, half of them on Amazon: of three units the shop alone sells nearly as many as both sides would."""
    assert decide_transfer(escrow(0, 0), in_shop, RULE) == move


def test_what_the_hold_sets_free_goes_back_to_an_empty_shop() -> None:
    """No more than that, and no more than Amazon's part leaves over."""
    assert decide_transfer(escrow(10, 2), 0, RULE) == MoveToShop(5)
    assert decide_transfer(escrow(10, 8), 0, RULE) == MoveToShop(2)


def test_what_amazon_does_not_sell_is_taken_down_for_an_empty_shop() -> None:
    """All is on sale on Amazon, which hardly sells it, and the shop has nothing."""
    assert decide_transfer(escrow(10, 10, MOSTLY_SHOP), 0, RULE) == TakeDown()


def test_what_amazon_sells_itself_stays_there() -> None:
    """An empty shop is no reason where Amazon sells all it has."""
    assert isinstance(decide_transfer(escrow(10, 10, asked.prior(200.0, 20.0)), 0, RULE), LeaveSplit)


def test_nothing_moves_while_a_set_is_under_way() -> None:
    """What is free is not known then."""
    under_way = SkuStock(30, on_sale.sent(OnSale(), 10, 5.0), EVEN)
    assert isinstance(decide_transfer(under_way, 0, RULE), LeaveSplit)


@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 40))
def test_never_more_moves_than_is_free_on_its_side(units: int, held: int, shop_units: int) -> None:
    """Back to the shop what the hold sets free, to Amazon what the shop has."""
    move = decide_transfer(escrow(units, min(units, held)), shop_units, RULE)
    assert not isinstance(move, MoveToShop) or 0 < move.units <= stock.releasable(Hold(units=min(units, held)), units)
    assert not isinstance(move, MoveToAmazon) or 0 < move.units <= shop_units
