"""What is kept back in the shop for what Amazon may sell before we hear of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.domain import demand as asked
from crossdock.domain.cover import cover_number, covered_on, covers_of, release_at_s, units_to_cover
from crossdock.domain.ids import SellerSku
from crossdock.domain.inventory import StockEntry
from crossdock.domain.on_sale import OnSale
from crossdock.domain.sellable import Delays, SkuStock, StockRule, exposure
from crossdock.domain.stock import Hold

FASTEST, FAST, SLOW = (asked.prior(a_day, a_day) for a_day in (30_000.0, 2_000.0, 2.0))
RISK = StockRule()
DARK = Delays(order_known_s=220.0)
COVERS = covers_of("eu")


def live(units: int) -> OnSale:
    """So many units on sale, seen at 100 s."""
    return OnSale(Hold(units=units, live_max=units), read_at_s=100.0)


def entry(**claims: int) -> StockEntry:
    """An entry with these notes, the numbers without their slashes."""
    notes = {number.replace("_", "/"): units for number, units in claims.items()}
    return StockEntry("id", 1, SellerSku("MUG"), None, 5, 5, datetime(2026, 12, 1, tzinfo=UTC), notes)


@pytest.mark.parametrize(
    ("stock", "rule", "least", "most"),
    [
        # Plenty lies there.
        (SkuStock(5_000, live(50), FAST), RISK, 0, 0),
        # Few lie there, Amazon sells fast: all that it lists.
        (SkuStock(6, live(3), FAST, at_s=100.0), RISK, 3, 3),
        (SkuStock(6, live(3), FAST, DARK, at_s=100.0), RISK, 3, 3),
        # Nothing is on sale there.
        (SkuStock(6, live(0), FAST, at_s=100.0), RISK, 0, 0),
        # A burst may take some of the many.
        (SkuStock(40, live(40), FASTEST, DARK, at_s=100.0), RISK, 10, 40),
        # The merchant wants the shop to sell to the last unit, or the units are Amazon's own.
        (SkuStock(6, live(3), FAST, at_s=100.0), StockRule(cover=False), 0, 0),
        (SkuStock(6, live(3), FAST, at_s=100.0), StockRule(mode="proof"), 0, 0),
        # There is nothing to keep back.
        (SkuStock(-2, live(3), FAST, at_s=100.0), RISK, 0, 0),
    ],
)
def test_what_is_kept_back(stock: SkuStock, rule: StockRule, least: int, most: int) -> None:
    """Never more than is there, and only what Amazon may sell."""
    assert least <= units_to_cover(stock, rule) <= most


def test_what_a_read_shows_as_sold_is_kept_back() -> None:
    """Its order is on its way; the shop must not sell it meanwhile, whatever is weighed."""
    listed = replace(live(50), unseen=4)
    assert units_to_cover(SkuStock(5_000, listed, FAST, DARK, at_s=100.0), RISK) == 4


def test_what_was_sold_before_a_set_may_be_more_than_is_live() -> None:
    """The set put it on sale again, and no read shows it; once orders up to then are known, what is live is the most."""
    listed = replace(live(1), set_at_s=100.0)
    soon, late = (
        units_to_cover(SkuStock(20, listed, FASTEST, DARK, at_s=at_s), RISK) for at_s in (110.0, 100.0 + 45.0 + 220.0)
    )
    assert soon > 1 >= late


def test_slow_sellers_keep_the_shop_open() -> None:
    """Where the shop would leave a unit rather than both sides sell it in one minute, the shop keeps it."""
    assert units_to_cover(SkuStock(3, live(1), SLOW, at_s=100.0), RISK) == 0


@given(
    available=st.integers(-5, 60),
    on_amazon=st.integers(0, 60),
    unseen=st.integers(0, 10),
    a_day=st.floats(0.1, 20_000.0),
    known_s=st.sampled_from([8.0, 220.0]),
    set_at_s=st.sampled_from([None, 90.0]),
)
def test_never_more_than_is_there_nor_less_than_is_shown_sold(
    *, available: int, on_amazon: int, unseen: int, a_day: float, known_s: float, set_at_s: float | None
) -> None:
    """Of any SKU in any state; and what is kept back whole leaves nothing exposed."""
    listed = replace(live(on_amazon), unseen=unseen, set_at_s=set_at_s)
    stock = SkuStock(available, listed, asked.prior(a_day, a_day), Delays(order_known_s=known_s), at_s=100.0)
    units = units_to_cover(stock, RISK)
    assert min(unseen, max(0, available)) <= units <= max(0, available)
    whole = replace(stock, listed=replace(listed, set_at_s=None), covered=unseen + on_amazon)
    assert exposure(whole, RISK, on_amazon).units == 0


def test_exposure_is_what_is_listed_and_not_kept_back() -> None:
    """Each unit kept back is one that only Amazon sells."""
    bare = SkuStock(5, live(4), FAST, at_s=100.0)
    assert [exposure(replace(bare, covered=units), RISK, 4).units for units in (0, 1, 4)] == [4, 3, 0]
    assert exposure(replace(bare, covered=4), RISK, 4).probability == 0.0


def test_what_a_set_hides_is_exposed_beside_what_is_listed() -> None:
    """All that is live is kept back, and what was sold before the set may be more; once orders up to then are known, it is not."""
    stock = SkuStock(20, replace(live(3), set_at_s=100.0), FASTEST, DARK, at_s=110.0, covered=3)
    assert exposure(stock, RISK, 3).units > 0
    assert exposure(replace(stock, at_s=100.0 + 45.0 + 220.0), RISK, 3).units == 0


@pytest.mark.parametrize("left", [60, 80, 100, 130])
def test_there_is_no_cliff_between_few_and_plenty(left: int) -> None:
    """Neither side is likely to sell all of it, and both together are: what is kept back goes down to nothing only where that is not likely."""
    fast = asked.prior(20_000.0, 20_000.0)
    assert units_to_cover(SkuStock(left, live(left), fast, at_s=100.0), RISK) >= 50
    assert units_to_cover(SkuStock(400, live(400), fast, at_s=100.0), RISK) == 0


def test_it_is_looked_at_again_when_fewer_may_be_enough() -> None:
    """When what a set hid is known, or a burst has faded; and once an hour, because what all SKUs sell changes too."""
    still = SkuStock(6, live(3), FAST, at_s=10_000.0)
    assert release_at_s(still) == 13_600.0
    assert release_at_s(replace(still, listed=replace(live(3), set_at_s=9_990.0))) == 9_990.0 + 45.0 + 8.0
    assert release_at_s(replace(still, demand=asked.sold(FAST, 9, 9_990.0))) == 10_000.0 + asked.BURST_S


def test_covers_are_told_from_claims_and_from_those_of_others() -> None:
    """One number for each connection and seller SKU: several may sell from one entry."""
    ours, theirs = cover_number(COVERS, SellerSku("MUG")), cover_number(covers_of("us"), SellerSku("MUG"))
    assert len({ours, theirs, cover_number(COVERS, SellerSku(" MUG "))}) == 3
    noted = replace(entry(), claims={ours: 3, theirs: 2, "302-1/1": 1})
    assert covered_on(noted, COVERS) == 3
