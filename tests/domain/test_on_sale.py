"""What may be on sale on Amazon: what was sent stays possible for its usual time, and what reads show as sold counts before its order is known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.domain import on_sale, stock
from crossdock.domain.on_sale import GONE_AFTER_S, OnSale
from crossdock.domain.stock import Hold

USUAL_S = 62.0
LIVE_10 = OnSale(Hold(units=10, live_max=10), read_at_s=100.0)


def seen(state: OnSale, quantity: int, at_s: float, sold_since: int = 0) -> OnSale:
    """A read, used at once."""
    return on_sale.seen(state, quantity, at_s, sold_since=sold_since, usual_s=USUAL_S)


def test_what_is_missing_without_an_order_was_sold() -> None:
    """A read shows two units fewer than known orders explain: they count as sold at once."""
    assert seen(LIVE_10, 8, 200.0).unseen == 2


def test_an_order_explains_what_a_read_showed() -> None:
    """The order that comes later was made before the read: it is no other sale, and takes nothing off what is live."""
    state = on_sale.sold(seen(LIVE_10, 8, 200.0), 2, 190.0)
    assert (state.unseen, state.hold.live_max) == (0, 8)


def test_an_order_made_after_the_read_is_off_what_is_live() -> None:
    """It is not in what the read showed."""
    assert on_sale.sold(LIVE_10, 3, 150.0).hold == Hold(units=7, live_max=7)


def test_evidence_without_an_order_is_forgotten() -> None:
    """A quarter of an hour later no order came: somebody lowered the quantity by hand, and nothing was sold."""
    state = seen(seen(LIVE_10, 8, 200.0), 8, 1200.0)
    assert state.unseen == 0


@pytest.mark.parametrize("quantity", [4, 20])
def test_a_set_is_possible_for_its_usual_time(quantity: int) -> None:
    """A read soon after it that shows the old quantity clears nothing; the most on sale is the larger of both."""
    state = seen(on_sale.sent(LIVE_10, quantity, 200.0), 10, 220.0)
    assert state.hold.raising == quantity
    assert state.most == max(10, quantity)
    assert state.is_under_way()


def test_a_raise_is_shown_by_more_than_could_be_without_it() -> None:
    """It is over at once; what is missing of it was sold since it took effect."""
    state = seen(on_sale.sent(LIVE_10, 20, 200.0), 17, 230.0)
    assert not state.is_under_way()
    assert (state.hold, state.unseen) == (Hold(units=17, live_max=17), 3)


def test_known_orders_are_no_evidence_twice() -> None:
    """An order made after the raise and known before the read explains what is missing of it."""
    state = on_sale.sold(on_sale.sent(LIVE_10, 20, 200.0), 3, 215.0)
    assert seen(state, 17, 230.0).unseen == 0


def test_a_lowering_that_may_be_in_effect_is_no_evidence() -> None:
    """Fewer units may be our own set; only fewer than that were sold."""
    state = on_sale.sent(LIVE_10, 4, 200.0)
    assert seen(state, 4, 230.0).unseen == 0
    assert seen(state, 3, 230.0).unseen == 1


def test_a_lowering_is_answered_after_its_time() -> None:
    """Past its usual time, what is shown is what is."""
    state = seen(on_sale.sent(LIVE_10, 4, 200.0), 4, 270.0)
    assert (state.hold, state.is_under_way()) == (Hold(units=4, live_max=4), False)


def test_a_set_that_nobody_saw_stays_in_the_hold() -> None:
    """Past its usual time another may follow; this one may come still, until it is taken to be gone."""
    state = seen(on_sale.sent(LIVE_10, 20, 200.0), 10, 270.0)
    assert (state.is_under_way(), state.hold.overdue, state.hold.units, state.most) == (False, 20, 30, 10)
    assert seen(state, 10, 200.0 + GONE_AFTER_S + 1.0).hold == Hold(units=10, live_max=10)


def test_a_0_is_under_way_until_its_time_is_over() -> None:
    """A read of 0 before then may be a sale or the set: nothing else is sent, and nothing is evidence."""
    state = seen(on_sale.sent(LIVE_10, 0, 200.0), 0, 220.0)
    assert (state.is_under_way(), state.unseen) == (True, 0)
    assert not seen(state, 0, 270.0).is_under_way()


@pytest.mark.parametrize(("quantity", "unseen"), [(12, 0), (10, 0), (9, 1)])
def test_a_cancelled_unit_may_be_on_sale_again(quantity: int, unseen: int) -> None:
    """It counts as live until a read; that it is not there is no evidence of a sale."""
    state = on_sale.cancelled(LIVE_10, 2)
    assert (state.most, state.in_doubt) == (12, 2)
    after = seen(state, quantity, 200.0)
    assert (after.unseen, after.in_doubt, after.most) == (unseen, 0, quantity)


@pytest.mark.parametrize("quantity", [0, 20])
def test_a_refused_set_leaves_nothing_behind_but_its_time(quantity: int) -> None:
    """It certainly never takes effect; that a set was near makes the next look more careful."""
    after = on_sale.unsent(on_sale.sent(LIVE_10, quantity, 200.0), quantity)

    assert after == replace(LIVE_10, set_at_s=200.0)


@pytest.mark.parametrize("use", [on_sale.seen, on_sale.proven])
def test_when_the_last_set_was_sent_is_kept_beyond_its_being_seen(use: Callable[..., OnSale]) -> None:
    """A read shows the set, and nothing of what was sold before it and put on sale again."""
    under_way = on_sale.sent(LIVE_10, 20, 200.0)

    after = use(under_way, 20, 300.0, sold_since=0, usual_s=62.0)

    assert (after.is_under_way(), after.set_at_s) == (False, 200.0)


HOLDS = st.builds(
    Hold,
    units=st.integers(0, 20),
    live_max=st.integers(0, 20),
    raising=st.none() | st.integers(1, 20),
    overdue=st.none(),
)


@given(HOLDS, st.integers(0, 25), st.integers(0, 5))
def test_proof_is_the_hold_of_the_exhaustive_test(hold: Hold, quantity: int, since: int) -> None:
    """Within its usual time, a read means what `stock.read_back` says, and nothing besides."""
    state = OnSale(hold, raising_at_s=None if hold.raising is None else 190.0)
    after = on_sale.proven(state, quantity, 200.0, sold_since=since, usual_s=USUAL_S)
    assert after.hold == stock.read_back(hold, quantity, sold_since=since)
    assert after.unseen == 0


@given(st.integers(1, 20), st.integers(0, 20))
def test_an_unproven_raise_goes_past_its_time(raising: int, live: int) -> None:
    """What a read does not prove stays in the hold, as `stock.past_its_time` says, and is gone after a day."""
    hold = Hold(units=live + raising, live_max=live, raising=raising)
    state = on_sale.proven(OnSale(hold, raising_at_s=100.0), live, 200.0, sold_since=0, usual_s=USUAL_S)
    assert state.hold == stock.past_its_time(hold)
    gone = on_sale.proven(state, 0, 100.0 + GONE_AFTER_S + 1.0, sold_since=0, usual_s=USUAL_S)
    assert gone.hold.overdue is None
    assert replace(gone, hold=Hold()).overdue_at_s is None


@pytest.mark.parametrize("shown", [3, 4, 5])
def test_a_smaller_set_after_a_lost_one_leaves_the_larger_of_the_two_overdue(shown: int) -> None:
    """Either may be what is shown: the other stays in the hold, and a day from the later of them it is gone."""
    lost = OnSale(Hold(units=11, overdue=11), overdue_at_s=100.0)
    state = on_sale.proven(on_sale.sent(lost, 5, 900.0), shown, 970.0, sold_since=0, usual_s=USUAL_S)
    assert (state.hold, state.overdue_at_s) == (Hold(units=shown + 11, live_max=shown, overdue=11), 900.0)
    kept = on_sale.proven(state, shown, 100.0 + GONE_AFTER_S + 1.0, sold_since=0, usual_s=USUAL_S)
    gone = on_sale.proven(kept, shown, 900.0 + GONE_AFTER_S + 1.0, sold_since=0, usual_s=USUAL_S)
    assert (kept.hold.overdue, gone.hold) == (11, Hold(units=shown, live_max=shown))


def test_of_two_equal_sets_the_older_is_gone_first() -> None:
    """A lost set that is sent again: a day after the first it no longer counts, and the second still does."""
    lost = OnSale(Hold(units=5, overdue=5), overdue_at_s=100.0)
    again = on_sale.sent(lost, 5, GONE_AFTER_S + 90.0)
    state = on_sale.proven(again, 0, GONE_AFTER_S + 101.0, sold_since=0, usual_s=USUAL_S)
    assert (state.hold, state.raising_at_s) == (Hold(units=5, raising=5), GONE_AFTER_S + 90.0)
