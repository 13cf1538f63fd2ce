"""What a look reckons with beside the SKU: the peaks announced for it, from before they begin."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from crossdock.domain import demand as asked
from crossdock.domain.outlook import AnnouncedPeak, Outlook
from crossdock.domain.peaks import Boost
from crossdock.domain.stock_look import sku_stock
from crossdock.domain.stock_record import StockRecord

NOON = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
PEAK = Boost(NOON.timestamp(), (NOON + HOUR).timestamp(), 4.0)


@pytest.mark.parametrize(
    ("before", "pace", "hours"), [(7 * HOUR, 1.0, 6.0), (HOUR, 1.0, 9.0), (timedelta(minutes=2), 4.0, 9.0)]
)
def test_weighing_knows_of_the_peak(before: timedelta, pace: float, hours: float) -> None:
    """The time to sell in is longer as soon as the peak is within its six hours, the pace is higher two minutes before."""
    stock = sku_stock(StockRecord(), Outlook(calendar=(PEAK,)), NOON - before)
    assert (stock.pace, stock.selling_s / 3600) == (pace, hours)


def test_what_all_skus_sell_now_multiplies_the_calendar() -> None:
    """A peak that is only half of what was announced is reckoned with as half."""
    assert sku_stock(StockRecord(), Outlook(calendar=(PEAK,), pace=0.5), NOON).pace == 2.0


@pytest.mark.parametrize(("from_s", "until_s", "factor"), [(-3600.0, 3600.0, 2.5), (0.0, 60.0, 4.0), (60.0, 60.0, 4.0)])
def test_what_is_divided_out_is_the_average_of_the_time(from_s: float, until_s: float, factor: float) -> None:
    """An hour of four times the usual after a usual one is two and a half times the usual."""
    assert Outlook(calendar=(PEAK,)).lately(PEAK.from_s + from_s, PEAK.from_s + until_s) == factor


@pytest.mark.parametrize(("times", "counts_from"), [(4.0, NOON - timedelta(minutes=2)), (0.5, NOON)])
def test_more_is_prepared_for_and_less_is_not(times: float, counts_from: datetime) -> None:
    """What sells less than usual counts when it is there: before it, too much would be listed."""
    assert AnnouncedPeak(NOON, NOON + HOUR, times).counts_from() == counts_from


def test_a_sku_is_reckoned_with_in_the_share_of_all() -> None:
    """What its two sides sold tells of either; the share of all SKUs says how much."""
    record = StockRecord(demand=asked.prior(10.0, 10.0))
    rates = [
        sku_stock(record, Outlook(amazon_share=share), datetime(2026, 12, 1, tzinfo=UTC)).demand
        for share in (0.1, 0.5, 0.9)
    ]
    assert [rate.amazon.per_s > rate.shop.per_s for rate in rates] == [False, False, True]
    assert rates[0].amazon.per_s < rates[1].amazon.per_s < rates[2].amazon.per_s
