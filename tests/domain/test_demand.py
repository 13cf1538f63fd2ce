"""Demand: learnt while on sale, multiplied by a peak, a deal and the last minutes, and spread as wide as buyers are."""

from __future__ import annotations

from functools import reduce

import pytest

from crossdock.domain import demand as asked
from crossdock.domain import peaks
from crossdock.domain.demand import Demand, Rate
from crossdock.domain.peaks import Boost

DAY_S = 86_400.0


def test_a_new_sku_starts_with_what_its_class_sells() -> None:
    """Before anything was seen, the prior is the rate."""
    demand = asked.prior(24.0, 12.0)
    assert demand.amazon.per_s * 3600 == pytest.approx(1.0)
    assert demand.shop.per_s * 3600 == pytest.approx(0.5)


def test_what_was_seen_overrules_the_prior() -> None:
    """After a few hours at another pace, the rate is what was seen."""
    rate = reduce(lambda rate, _: asked.seen(rate, 10.0, 1800.0, 1.0), range(24), asked.prior(1.0, 1.0).amazon)
    assert rate.per_s * 3600 == pytest.approx(20.0, rel=0.25)


def test_a_peak_is_no_usual_rate() -> None:
    """Four times as much, at four times the pace, teaches the same rate."""
    rate = Rate(2.0, 3600.0)
    assert asked.seen(rate, 8.0, 3600.0, 4.0).per_s == pytest.approx(asked.seen(rate, 2.0, 3600.0, 1.0).per_s, rel=0.2)


def test_time_without_stock_teaches_nothing() -> None:
    """No seconds of being on sale, no lesson; the other side still learns."""
    demand = asked.prior(24.0, 24.0)
    learnt = asked.learnt(demand, amazon=(0, 0.0), shop=(3, 600.0), pace=1.0)
    assert learnt.amazon == demand.amazon
    assert learnt.shop.per_s > demand.shop.per_s


def test_a_burst_is_noticed_at_once_and_fades() -> None:
    """Twenty units within a minute are no usual minute of this SKU; a quarter of an hour later they count for little."""
    demand = asked.sold(asked.prior(24.0, 24.0), 20, 1000.0)
    assert asked.pace(demand, 1000.0, 1.0) > 5.0
    assert asked.pace(demand, 1900.0, 1.0) < 2.0


def test_a_quiet_sku_keeps_its_usual_pace() -> None:
    """Nothing sold lately makes no SKU slower than its rate."""
    assert asked.pace(asked.prior(24.0, 24.0), 5000.0, 1.0) == 1.0


def test_a_sale_told_late_counts_by_when_it_was_made() -> None:
    """An older sale adds less to what was sold lately, and does not turn the clock back."""
    first = asked.sold(Demand(Rate(1.0, DAY_S), Rate(1.0, DAY_S)), 1, 1000.0)
    late = asked.sold(first, 1, 700.0)
    assert late.recent_at_s == 1000.0
    assert 1.0 < late.recent_units < 2.0


@pytest.mark.parametrize(("at_s", "factor"), [(0.0, 1.0), (950.0, 4.0), (1500.0, 100.0), (1700.0, 4.0), (2000.0, 1.0)])
def test_the_calendar_tells_of_what_is_near(at_s: float, factor: float) -> None:
    """A peak and a deal within it multiply; both are prepared for a little before, and are over when they end."""
    calendar = (Boost(1000.0, 2000.0, 4.0), Boost(1500.0, 1600.0, 25.0))
    assert peaks.announced(calendar, at_s, 60.0) == factor


def test_an_announced_peak_makes_the_time_to_sell_in_longer() -> None:
    """An hour of four times the usual sells as much as four hours."""
    assert peaks.selling_s((Boost(0.0, 3600.0, 4.0),), 0.0, 7200.0) == pytest.approx(5 * 3600.0)


RAMP = (Boost(1000.0, 2000.0, 2.0), Boost(2000.0, 3000.0, 5.0), Boost(3000.0, 4000.0, 0.5))


@pytest.mark.parametrize(
    ("at_s", "factor"),
    [(870.0, 1.0), (880.0, 2.0), (1879.0, 2.0), (1880.0, 5.0), (2999.0, 5.0), (3000.0, 0.5), (3880.0, 1.0)],
)
def test_one_peak_after_another_is_no_product(at_s: float, factor: float) -> None:
    """Only what overlaps multiplies; the highest moment of those near counts, so that what sells less is believed when it is there, and over in time."""
    assert peaks.announced(RAMP, at_s, 120.0) == factor


@pytest.mark.parametrize(
    ("at_s", "change_s"),
    [(0.0, 880.0), (880.0, 1880.0), (1500.0, 1880.0), (1880.0, 3000.0), (3000.0, 3880.0), (3880.0, None)],
)
def test_next_change_is_when_another_factor_counts(at_s: float, change_s: float | None) -> None:
    """From before each peak begins until it ends; between two nothing is looked at for nothing."""
    assert peaks.next_change_s(RAMP, at_s, 120.0) == change_s


@pytest.mark.parametrize(
    ("at_s", "boost"),
    [
        (0.0, Boost(1000.0, 1500.0, 4.0)),
        (1500.0, Boost(1500.0, 1600.0, 100.0)),
        (1600.0, Boost(1600.0, 2000.0, 4.0)),
        (2000.0, Boost(5000.0, 6000.0, 2.0)),
        (6000.0, None),
    ],
)
def test_next_boost_is_a_stretch_of_one_factor(at_s: float, boost: Boost | None) -> None:
    """On or to come, and what overlaps in it multiplied; the time between two is none."""
    calendar = (Boost(1000.0, 2000.0, 4.0), Boost(1500.0, 1600.0, 25.0), Boost(5000.0, 6000.0, 2.0))
    assert peaks.next_boost(calendar, at_s) == boost


@pytest.mark.parametrize(
    ("from_s", "left_s", "usual_s"),
    [(0.0, 1000.0, 1000.0), (1400.0, 300.0, 100 * 4.0 + 100 * 100.0 + 100 * 4.0), (1550.0, 10.0, 1000.0)],
)
def test_the_time_to_sell_in_multiplies_what_overlaps(from_s: float, left_s: float, usual_s: float) -> None:
    """A deal within a peak, stretch by stretch."""
    calendar = (Boost(1000.0, 2000.0, 4.0), Boost(1500.0, 1600.0, 25.0))
    assert peaks.selling_s(calendar, from_s, left_s) == pytest.approx(usual_s)


@pytest.mark.parametrize(("units", "usual", "pace"), [(40, 10.0, 4.0), (0, 10.0, 0.5), (900, 10.0, 8.0), (5, 0.0, 1.0)])
def test_the_pace_of_all_is_doubted_beyond_its_bounds(units: int, usual: float, pace: float) -> None:
    """What all SKUs sold over what they usually do, within reason."""
    assert asked.shared_pace(units, usual) == pace


@pytest.mark.parametrize("mean", [0.001, 0.1, 1.0, 7.0, 60.0])
def test_a_tail_falls_from_one_to_nothing(mean: float) -> None:
    """More units are asked for with less probability, whatever the mean."""
    tail = [asked.exceeds(mean, units) for units in range(-1, 400)]
    assert tail[0] == 1.0
    assert tail == sorted(tail, reverse=True)
    assert tail[-1] < 1e-3


def test_a_tail_has_its_mean() -> None:
    """The sum of the tail is what is expected, as near as the grid is fine."""
    assert sum(asked.exceeds(5.0, units) for units in range(400)) == pytest.approx(5.0, rel=0.06)


def test_demand_is_spread_wider_than_independent_buyers() -> None:
    """Where one unit is expected, five and more are no once-in-three-hundred event."""
    assert asked.exceeds(1.0, 4) > 0.02


def test_a_quantile_is_exceeded_no_more_than_it_says() -> None:
    """The smallest number of units that covers so much."""
    units = asked.quantile(3.0, 0.99)
    assert asked.exceeds(3.0, units) <= 0.01 < asked.exceeds(3.0, units - 1)


def test_a_shared_burst_makes_both_sides_rush_together() -> None:
    """Both selling much is more probable than if each had its own burst."""
    step = asked.step_of(1.0)
    assert asked.both_at_least(step, 3, step, 3) > asked.at_least(step, 3) ** 2


def test_bursts_even_out_in_the_long_run() -> None:
    """Half of what is expected in a day is sold more surely than half of what is expected in a burst."""
    step = asked.step_of(40.0)
    assert asked.in_the_long_run(step, 20) > asked.at_least(step, 20)


def test_both_sides_tell_of_either() -> None:
    """What sells well in the shop is taken to sell well on Amazon, in about the share of all SKUs; together they sell what both sold."""
    rates = asked.Demand(asked.Rate(2.0, 3600.0), asked.Rate(10.0, 3600.0))
    together = asked.pooled(rates, 0.6)
    assert together.amazon.per_s > rates.amazon.per_s
    assert together.shop.per_s < rates.shop.per_s
    assert together.amazon.per_s + together.shop.per_s == pytest.approx(12.0 / 3600.0)


def test_much_that_was_seen_of_a_sku_overrules_the_share_of_all() -> None:
    """A SKU that sells in the shop alone is believed once enough of it was sold."""
    little, much = (asked.Demand(asked.Rate(n, 3600.0), asked.Rate(9.0 * n, 3600.0)) for n in (0.5, 500.0))
    shares = [
        each.amazon.per_s / (each.amazon.per_s + each.shop.per_s)
        for each in (asked.pooled(d, 0.6) for d in (little, much))
    ]
    assert shares[0] > 0.4
    assert shares[1] < 0.11


def test_side_that_is_sold_out_is_told_of_by_the_other() -> None:
    """Amazon was open for a minute only; the shop's hour says what it sells."""
    rates = asked.Demand(asked.Rate(0.1, 60.0), asked.Rate(10.0, 3600.0))
    assert asked.pooled(rates, 0.5).amazon.per_s == pytest.approx(asked.pooled(rates, 0.5).shop.per_s, rel=0.3)


@pytest.mark.parametrize("fast", ["amazon", "shop"])
def test_side_that_never_sells_in_a_month_does_not_slow_the_other(fast: str) -> None:
    """One side was on sale for a month without an order; what the other sells in an hour is what it sells, and the slow side stays slow."""
    slow = asked.Rate(1.0, 30 * 86_400.0)
    quick = asked.Rate(240.0, 10_000.0)
    rates = asked.Demand(quick, slow) if fast == "amazon" else asked.Demand(slow, quick)
    together = asked.pooled(rates, 0.5)
    sells, lies = (together.amazon, together.shop) if fast == "amazon" else (together.shop, together.amazon)
    assert sells.per_s == pytest.approx(quick.per_s, rel=0.1)
    assert lies.per_s < quick.per_s / 100


def test_no_rate_is_nothing() -> None:
    """After months on sale without a sale a SKU can still be reckoned with."""
    rate = asked.seen(asked.Rate(2.0, 172_800.0), 0.0, 90 * 86_400.0, 1.0)
    demand = asked.pooled(asked.Demand(rate, rate), 0.5)
    assert demand.amazon.per_s > 0.0


def test_share_is_that_of_all() -> None:
    """Of the usual rates together; half of nothing."""
    assert asked.share_of([asked.prior(30.0, 10.0), asked.prior(30.0, 30.0)]) == pytest.approx(0.6)
    assert asked.share_of([]) == 0.5


def test_units_sold_on_average_are_no_more_than_there_are_nor_than_are_asked_for() -> None:
    """Each further unit is sold less often than the one before."""
    step = asked.step_of(5.0)
    sold = [asked.sold_of(step, units) for units in (0, 1, 2, 5, 1_000)]
    assert sold == sorted(sold)
    assert sold[0] == 0.0
    assert sold[1] < 1.0
    assert sold[-1] == pytest.approx(5.0, rel=0.1)
