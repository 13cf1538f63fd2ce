"""Totals: no order, of whatever reading, loses or gains a cent on its way into commercetools' amounts."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from crossdock.domain.ids import SellerSku
from crossdock.domain.money import MINOR_DIGITS, Money
from crossdock.domain.order import AmazonOrder
from crossdock.domain.order_totals import (
    FACILITATOR_RATE_NAME,
    OrderTotals,
    TaxRules,
    has_prices,
    order_totals,
    unit_price,
)
from tests.build import FACILITATED, a_line, an_order, read
from tests.domain.drawn_orders import orders

INSIDE = TaxRules(tax_included=True, rate_by_sku={}, default_rate=Decimal("0.19"))
ON_TOP = TaxRules(tax_included=False, rate_by_sku={}, default_rate=Decimal("0.19"))
UNKNOWN_RATE = TaxRules(tax_included=True, rate_by_sku={})
RULES = st.sampled_from(
    (INSIDE, ON_TOP, UNKNOWN_RATE, TaxRules(tax_included=True, rate_by_sku={SellerSku("MUG-BLUE"): Decimal("0.07")}))
)
UNKNOWN_SKUS = st.sets(st.sampled_from((SellerSku("MUG-BLUE"), SellerSku("MUG-RED")))).map(frozenset)


def _totals(order: AmazonOrder, rules: TaxRules = INSIDE) -> OrderTotals:
    return order_totals(order, rules, as_extras=frozenset(), to_ship=True)


# --- the price of one unit


@given(st.integers(-(10**14), 10**14), st.integers(1, 10**6), st.sampled_from(("EUR", "JPY", "BHD")))
@example(1000, 3, "EUR")
@example(5, 7, "EUR")
@example(1, 1_000_000, "EUR")
@example(-(10**14), 999_999, "BHD")
@example(10**14 - 1, 999_983, "JPY")
def test_units_at_their_price_round_to_the_amount(amount: int, quantity: int, currency: str) -> None:
    """Price x quantity, rounded once half to even as commercetools does, is the amount, for every quantity up to a million."""
    price = unit_price(Money(amount, currency), quantity)
    exact = Fraction(price.amount * quantity, 10 ** (price.fraction_digits - MINOR_DIGITS[currency]))
    assert round(exact) == amount
    assert abs(price.amount) < 2**63
    assert price.fraction_digits <= 20


@given(st.integers(-(10**9), 10**9), st.integers(1, 10**6))
def test_a_price_is_precise_only_where_it_must(units: int, quantity: int) -> None:
    """Whole cents a unit stay whole cents."""
    assert unit_price(Money(units * quantity, "EUR"), quantity).amount == units
    assert not unit_price(Money(units * quantity, "EUR"), quantity).high_precision()


# --- whole orders


@settings(max_examples=400)
@given(orders().filter(has_prices), RULES, UNKNOWN_SKUS, st.booleans())
def test_no_order_loses_a_cent(
    order: AmazonOrder,
    rules: TaxRules,
    unknown: frozenset[SellerSku],
    to_ship: bool,  # noqa: FBT001 - drawn
) -> None:
    """Gross is Amazon's total; price is the sum of the parts; tax is on top of it or inside it; portions are the taxes; slugs are unique."""
    totals = order_totals(order, rules, as_extras=unknown, to_ship=to_ship)
    parts = [
        *(line.amount for line in totals.lines),
        *(extra.amount for extra in totals.extras),
        totals.shipping.amount,
    ]
    on_top = [tax.amount.minor_units for tax in totals.taxes() if not tax.included]
    slugs = Counter(extra.slug for extra in totals.extras)
    assert order.grand_total in {None, totals.total_gross}
    assert totals.total_price.minor_units == sum(part.minor_units for part in parts)
    assert totals.total_gross.minor_units == totals.total_price.minor_units + sum(on_top)
    assert sum(amount.minor_units for _, _, amount in totals.portions()) == totals.total_tax().minor_units
    assert all(0 <= rate <= 1 for _, rate, _ in totals.portions())
    assert set(slugs.values()) <= {1}
    assert {tax.included for tax in totals.taxes()} <= {totals.reading.tax_included}


@settings(max_examples=200)
@given(orders().filter(has_prices), RULES)
def test_stated_tax_is_never_changed(order: AmazonOrder, rules: TaxRules) -> None:
    """Where Amazon states tax for every item, the sum of all portions is that tax, and what Amazon remits is in its own portion."""
    items = tuple(item for item in order.items if any(row.type == "TAX" and row.amount for row in item.proceeds))
    whole = (
        replace(order, items=items, proceeds=(), grand_total=None)
        if items
        else read(an_order("FBM UNSHIPPED in DE", a_line("1 x MUG-BLUE = 1.00 EUR, TAX 0.10")))
    )
    totals = order_totals(whole, rules, as_extras=frozenset(), to_ship=False)
    stated = {
        item.order_item_id: sum(row.amount.minor_units for row in item.proceeds if row.type == "TAX")
        for item in whole.items
    }
    remitted = sum(stated[item.order_item_id] for item in whole.items if item.facilitator)
    assert totals.total_tax().minor_units == sum(stated.values())
    assert totals.facilitator_tax().minor_units == remitted
    assert sum(amount.minor_units for name, _, amount in totals.portions() if name == FACILITATOR_RATE_NAME) == remitted


# --- readings, one row a rule


@pytest.mark.parametrize(
    ("head", "line", "included", "sign", "certain", "difference"),
    [
        ("total 11.90 EUR", "1 x A @ 10.00 EUR, TAX 1.90", False, 1, True, 0),
        ("total 10.00 EUR", "1 x A @ 10.00 EUR, TAX 1.90", True, 1, True, 0),
        ("total 10.00 EUR", "1 x A @ 10.00 EUR", True, 1, False, 0),
        ("total 9.00 EUR", "1 x A @ 10.00 EUR, DISCOUNT -1.00, TAX 1.90", True, 1, True, 0),
        ("total 9.00 EUR", "1 x A @ 10.00 EUR, DISCOUNT 1.00, TAX 1.90", True, -1, True, 0),
        ("total 10.90 EUR", "1 x A @ 10.00 EUR, DISCOUNT 1.00, TAX 1.90", False, -1, True, 0),
        ("total 11.00 EUR", "1 x A @ 10.00 EUR, DISCOUNT 1.00, TAX 2.00", True, 1, False, 0),
        ("total 10.03 EUR", "1 x A @ 10.00 EUR, TAX 1.90", True, 1, False, 3),
        ("total 8.99 EUR", "1 x A @ 10.00 EUR, DISCOUNT 1.00, TAX 1.90", True, -1, False, -1),
    ],
)
def test_reading(head: str, line: str, included: bool, sign: int, certain: bool, difference: int) -> None:  # noqa: FBT001 - columns
    """The equation that holds says where tax is and how a promotion counts; where two hold, or none, the policy's usual convention decides."""
    reading = _totals(read(an_order(f"FBM UNSHIPPED in DE, {head}", a_line(line)))).reading
    assert (reading.tax_included, reading.discount_sign, reading.certain, reading.difference.minor_units) == (
        included,
        sign,
        certain,
        difference,
    )


def test_policy_decides_between_two_readings() -> None:
    """The same ambiguous order is read by each marketplace's own convention, and its timeline says so."""
    order = read(
        an_order("FBM UNSHIPPED in DE, total 11.00 EUR", a_line("1 x A @ 10.00 EUR, DISCOUNT -1.00, TAX 2.00"))
    )
    assert [_totals(order, rules).reading.tax_included for rules in (INSIDE, ON_TOP)] == [True, False]
    assert "by policy" in _totals(order, ON_TOP).reading.sentence()


@pytest.mark.parametrize(
    ("line", "portions"),
    [
        ("1 x A @ 11.90 EUR, TAX 1.90 (ITEM 1.90)", [("Amazon", "0.1900", 190)]),
        ("1 x A @ 11.90 EUR", [("Amazon", "0.1900", 190)]),
        ("1 x A @ 10.00 EUR, SHIPPING 5.00, TAX 3.00", [("Amazon", "0.2500", 300)]),
        (
            "1 x A @ 10.00 EUR, SHIPPING 5.00, TAX 3.00 (ITEM 2.00)",
            [("Amazon", "0.0000", 0), ("Amazon", "0.4286", 300)],
        ),
        (
            "1 x A @ 0.00 EUR, SHIPPING 5.00, TAX 0.80 (SHIPPING 0.80)",
            [("Amazon", "0.0000", 0), ("Amazon", "0.1905", 80)],
        ),
    ],
)
def test_rates_are_amount_over_net(line: str, portions: list[tuple[str, str, int]]) -> None:
    """A rate is the tax over the net, to four places; what Amazon's parts leave over belongs to the goods."""
    totals = _totals(read(an_order("FBM UNSHIPPED in DE", a_line(line))))
    assert [(name, f"{rate:.4f}", amount.minor_units) for name, rate, amount in totals.portions()] == portions


def test_silence_of_amazon_about_its_own_tax_is_no_tax_of_the_merchants() -> None:
    """Where Amazon collects the tax and states none, none is made up."""
    totals = _totals(read(an_order("FBM UNSHIPPED in DE, total 10.00 EUR", a_line("1 x A @ 10.00 EUR", **FACILITATED))))
    assert [(name, rate) for name, rate, _ in totals.portions()] == [(FACILITATOR_RATE_NAME, Decimal(0))]
    assert totals.untaxed_skus == ()


def test_order_without_items_has_no_prices() -> None:
    """An order that shows no items is not one whose lines were all cancelled."""
    assert not has_prices(read(an_order("FBM UNSHIPPED in DE, total 10.00 EUR")))
