"""The simulated peak: what is drawn, what each policy comes to in it, and that proof sells no unit twice."""

from __future__ import annotations

import pytest

from crossdock.domain.sellable import StockRule
from crossdock.errors import DataError
from crossdock.simulation.baselines import Push, Schedule
from crossdock.simulation.history import read_history
from crossdock.simulation.market import Feed, Market
from crossdock.simulation.peak import END_S, draw
from crossdock.simulation.proof import Proof
from crossdock.simulation.report import figures, picture, rows, totals, worst
from crossdock.simulation.rules import Rules
from crossdock.simulation.trial import Tried, play

SMALL = draw(7, skus=120, units=2_400)
HISTORY = """sku,at,channel,units
MUG,2026-03-01T10:00:00+00:00,stock,5
MUG,2026-03-01T10:05:00+00:00,amazon,2
MUG,2026-03-01T10:06:00+00:00,shop,1
CUP,2026-03-01T10:00:10+00:00,stock,3
CUP,2026-03-01T10:30:00+00:00,shop,1
CUP,2026-03-01T11:00:00+00:00,stock,4
"""


def test_a_seed_draws_the_same_peak_again() -> None:
    """A result can be repeated: the same seed gives the same buyers, another gives others."""
    assert draw(7, skus=120, units=2_400) == SMALL
    assert draw(8, skus=120, units=2_400) != SMALL


def test_a_peak_is_as_large_as_it_is_said_to_be() -> None:
    """About the asked units, six of ten on Amazon, orders of one to six units, within the six hours."""
    orders = [order for sku in draw(3).skus for order in sku.orders]
    units = sum(order.units for order in orders)
    assert 27_000 < units < 33_000
    assert 0.57 < sum(order.units for order in orders if order.on_amazon) / units < 0.63
    assert {order.units for order in orders} == {1, 2, 3, 4, 5, 6}
    assert all(0.0 <= order.at_s < END_S for order in orders)


def test_a_policy_comes_to_the_same_under_the_same_seed() -> None:
    """Every draw comes from the seed, so a policy is compared and nothing else."""
    assert play("push", SMALL, 7) == play("push", SMALL, 7)


@pytest.mark.parametrize("seed", range(20, 26))
@pytest.mark.parametrize("feed", ["events", "polling"])
def test_proof_sells_no_unit_twice(seed: int, feed: Feed) -> None:
    """Whatever the buyers do and however late orders are known."""
    scene = draw(seed, skus=150, units=6_000)
    result = Market(scene, feed, seed).play(Proof(StockRule(mode="proof"), announced=True))
    assert result.oversold == 0
    assert result.sold > 0


def test_proof_sells_no_unit_twice_when_nothing_was_announced() -> None:
    """Proof rests on the hold, not on knowing what buyers will do."""
    result = Market(SMALL, "events", 7).play(Proof(StockRule(mode="proof"), announced=False))
    assert result.oversold == 0


def test_the_rules_oversell_less_than_a_push_at_fewer_calls() -> None:
    """Beside a push for every change: fewer units oversold, fewer sets."""
    scene = draw(11, skus=300, units=9_000)
    push = Market(scene, "events", 11).play(Push())
    ours = Market(scene, "events", 11).play(Rules(StockRule(), announced=True))
    assert ours.oversold < push.oversold
    assert ours.sets < push.sets / 2


@pytest.mark.parametrize("cover", [False, True])
def test_the_rules_in_the_dark_oversell_far_less_than_a_schedule(*, cover: bool) -> None:
    """With orders known minutes late, whether or not units are kept back in the shop: a fifth of what a schedule oversells, at most."""
    scene = draw(11, skus=300, units=9_000)
    schedule = Market(scene, "polling", 11).play(Schedule(900.0))
    ours = Market(scene, "polling", 11).play(Rules(StockRule(cover=cover), announced=True))
    assert 5 * ours.oversold < schedule.oversold
    assert ours.lost_percent < 6.0


def test_what_is_kept_back_in_the_shop_is_not_sold_twice() -> None:
    """With orders known minutes late, a third of what is oversold where the shop sells to the last unit, at most, and no more sets."""
    scene = draw(12, skus=600, units=15_000)
    covered, bare = (
        Market(scene, "polling", 12).play(Rules(StockRule(cover=cover), announced=True)) for cover in (True, False)
    )
    assert 3 * covered.oversold < bare.oversold
    assert covered.sets <= bare.sets


def test_a_schedule_oversells_more_the_rarer_it_runs() -> None:
    """What merchants have today: the market shows its price."""
    scene = draw(11, skus=300, units=9_000)
    rare = Market(scene, "polling", 11).play(Schedule(900.0))
    often = Market(scene, "polling", 11).play(Schedule(300.0))
    assert rare.oversold > often.oversold > 0


def test_a_buffer_trades_units_oversold_for_units_lost() -> None:
    """Two units kept back of every SKU are oversold less and sold less."""
    scene = draw(11, skus=300, units=9_000)
    plain = Market(scene, "polling", 11).play(Schedule(900.0))
    kept = Market(scene, "polling", 11).play(Schedule(900.0, 2))
    assert kept.oversold < plain.oversold
    assert kept.lost > plain.lost


def test_the_account_is_never_asked_faster_than_amazon_allows() -> None:
    """Five reads a second, whatever the rules would like to know."""
    result = Market(SMALL, "polling", 7).play(Rules(StockRule(), announced=True))
    assert result.reads <= 5 * (END_S + 3600.0)


def test_a_history_becomes_a_scene() -> None:
    """What lay there first is stock, what came later restocked it, and sales are orders of their side."""
    cup, mug = read_history(HISTORY.splitlines(), "history.csv").skus
    assert (mug.stock, mug.restocked) == (5, ())
    assert [(order.at_s, order.on_amazon, order.units) for order in mug.orders] == [(300.0, True, 2), (360.0, False, 1)]
    assert (cup.stock, cup.restocked) == (3, ((3600.0, 4),))


def test_a_history_is_replayed_like_a_peak() -> None:
    """Every policy plays it; what was sold in it is sold again where nothing is short."""
    result = play("events", read_history(HISTORY.splitlines(), "history.csv"), 1)
    assert (result.sold, result.oversold) == (4, 0)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("sku,at,units\n", "no column channel"),
        ("sku,at,channel,units\n", "no rows"),
        ("sku,at,channel,units\nMUG,yesterday,shop,1\n", "row 2"),
        ("sku,at,channel,units\nMUG,2026-03-01T10:00:00,shop,1\n", "offset"),
        ("sku,at,channel,units\nMUG,2026-03-01T10:00:00+00:00,ebay,1\n", "amazon, shop, stock"),
        ("sku,at,channel,units\nMUG,2026-03-01T10:00:00+00:00,shop,-1\n", "units of 0 or more"),
    ],
)
def test_a_history_that_cannot_be_read_without_guessing_says_where(text: str, says: str) -> None:
    """The file, the row and what was expected there."""
    with pytest.raises(DataError, match=says):
        read_history(text.splitlines(), "history.csv")


def test_a_report_tells_the_trade() -> None:
    """One row a policy in one order, the figures of those that were tried, the worst seed, and a picture."""
    tried = [Tried(name, 7, play(name, SMALL, 7)) for name in ("proof", "push", "schedule-15")]
    results = totals(tried)
    assert list(results) == ["schedule-15", "push", "proof"]
    assert [row[1] for row in rows(results, 1)] == ["polling", "events", "events"]
    assert figures(results)["proof_oversold"] == 0
    assert worst(tried, "push").seed == 7
    assert picture(results).count("<circle") == 3
