"""The delays that are reckoned with: as assumed until enough was measured, then as most of them were."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.domain.delays import KEPT_MAX, KEPT_MIN, LATE_S_MAX, UNMEASURED_S, delays_of, measured, shown_after
from crossdock.domain.on_sale import OnSale
from crossdock.domain.sellable import Delays
from crossdock.domain.stock_record import SentSet, StockRecord

SENT_AT = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
UNDER_WAY = StockRecord(sent=SentSet(5, SENT_AT))


def seen(late_s: float) -> StockRecord:
    """The set as a read shows it so long after it was sent."""
    return StockRecord(on_sale=OnSale(read_at_s=SENT_AT.timestamp() + late_s), sent=SentSet(5, SENT_AT, seen=True))


def test_before_anything_was_measured_orders_are_late() -> None:
    """An order is reckoned to be known as late as a search would find it; the others as they are assumed."""
    assert delays_of({}) == Delays(order_known_s=UNMEASURED_S)


@pytest.mark.parametrize(
    ("kind", "reckoned"),
    [
        ("orders", Delays(order_known_s=19.0)),
        ("shop", Delays(order_known_s=UNMEASURED_S, shop_seen_s=15.0)),
        ("sets", Delays(order_known_s=UNMEASURED_S, effect_s=15.0)),
    ],
)
def test_measured_ones_count(kind: str, reckoned: Delays) -> None:
    """Of twenty delays of 1 to 20 seconds: 19 of 20 for orders, three of four for what the shop sells and for sets; one fewer says nothing yet."""
    kept = [float(second) for second in range(20, 0, -1)]

    assert delays_of({kind: kept}) == reckoned
    assert delays_of({kind: kept[: KEPT_MIN - 1]}) == delays_of({})


@given(st.lists(st.floats(-100, 2 * LATE_S_MAX), max_size=3 * KEPT_MAX))
def test_the_newest_that_can_be_are_kept(news: list[float]) -> None:
    """What came before it happened, or an hour late, is no delay; of the others the last hundred stay, in their order."""
    kept = measured([], news)

    assert kept == [round(late_s, 1) for late_s in news if 0 <= late_s <= LATE_S_MAX][-KEPT_MAX:]
    assert measured(kept, []) == kept


@pytest.mark.parametrize(("late_s", "delay_s"), [(62.0, 45.0), (93.0, 45.0), (94.0, 94.0), (600.0, 600.0)])
def test_read_in_time_says_no_more_than_that(late_s: float, delay_s: float) -> None:
    """A set seen by the read at its usual time may have been in effect long before; one seen later was not there at that time."""
    assert shown_after(UNDER_WAY, seen(late_s)) == delay_s


def test_set_before_it_that_nobody_saw_may_be_the_one() -> None:
    """Two were sent a usual time apart, and then a third, and a read a minute later shows what each can be: it took three times as long."""
    assert shown_after(replace(UNDER_WAY, unshown=2), seen(60.0)) == 184.0


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (UNDER_WAY, UNDER_WAY),
        (seen(62.0), seen(600.0)),
        (UNDER_WAY, replace(seen(600.0), sent=SentSet(5, SENT_AT, lane="feed", seen=True))),
        (StockRecord(), StockRecord()),
    ],
    ids=["not seen", "seen before", "in a feed", "never sent"],
)
def test_read_that_says_nothing_of_a_delay(before: StockRecord, after: StockRecord) -> None:
    """Only the first read that shows a set, and one that was sent by itself, tells how long sets take."""
    assert shown_after(before, after) is None
