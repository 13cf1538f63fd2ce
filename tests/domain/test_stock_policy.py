"""Which rule a SKU has, and from where its units come."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from crossdock.domain.ids import SellerSku
from crossdock.domain.peaks import Boost
from crossdock.domain.sellable import StockRule
from crossdock.domain.stock_policy import Peak, StockPolicy, hides

POLICY = StockPolicy(
    claims_from=datetime(2026, 12, 1, tzinfo=UTC),
    channels=("warehouse", None),
    escrow_channel="amazon",
    rule=StockRule(buffer_units=1),
    rules={
        "TEA-GREEN": StockRule(cap=1),
        "TEA-*": StockRule(cap=2),
        "MUG-?": StockRule(cap=3),
        "BOX[12]": StockRule(mode="proof"),
    },
)


@pytest.mark.parametrize(
    ("sku", "rule"),
    [
        ("TEA-GREEN", StockRule(cap=1)),
        ("TEA-BLACK", StockRule(cap=2)),
        ("TEA-", StockRule(cap=2)),
        ("tea-green", StockRule(buffer_units=1)),
        ("MY-TEA-GREEN", StockRule(buffer_units=1)),
        ("MUG-1", StockRule(cap=3)),
        ("MUG-12", StockRule(buffer_units=1)),
        ("BOX[12]", StockRule(mode="proof")),
        ("BOX1", StockRule(buffer_units=1)),
    ],
)
def test_first_pattern_that_fits_counts(sku: str, rule: StockRule) -> None:
    """In the file's order, upper and lower case told apart, the whole SKU; brackets are themselves; else the connection's own."""
    assert POLICY.rule_of(SellerSku(sku)) == rule


@pytest.mark.parametrize(("sku", "factors"), [("TEA-GREEN", [4.0, 9.0]), ("MUG-1", [4.0, 2.0]), ("BOX1", [4.0])])
def test_peaks_of_a_sku_are_all_whose_patterns_fit(sku: str, factors: list[float]) -> None:
    """Not the first alone, as with rules: they overlap, and each is of its own time."""
    announced = ((4.0, ("*",)), (9.0, ("TEA-*", "TEA-GREEN")), (2.0, ("BOX[1]", "MUG-?")))
    peaks = tuple(Peak(Boost(0.0, 60.0, factor), skus) for factor, skus in announced)
    assert [boost.factor for boost in replace(POLICY, peaks=peaks).calendar_of(SellerSku(sku))] == factors


def test_proof_sells_from_its_own_channel_alone() -> None:
    """With risk the channels of the policy, in their order."""
    assert POLICY.pool("proof") == ("amazon",)
    assert POLICY.pool("risk") == ("warehouse", None)


@pytest.mark.parametrize(
    ("before", "pattern", "hidden"),
    [
        ("*", "TEA-*", True),
        ("TEA-*", "TEA-GREEN", True),
        ("TEA-*", "TEA-?", True),
        ("TEA-*", "TEA*", False),
        ("TEA-GREEN", "TEA-*", False),
        ("TEA-?", "TEA-*", False),
    ],
)
def test_pattern_that_leaves_nothing_over_is_known(before: str, pattern: str, hidden: bool) -> None:  # noqa: FBT001 - a column of the table
    """What comes later and means the same SKUs or fewer is never used."""
    assert hides(before, pattern) is hidden
