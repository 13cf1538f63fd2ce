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
from crossdock.domain.order import AmazonOrder, Breakdown
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
        ("total 11.00 EUR", "1 x A @ 10.00 EUR, DISCOUNT 1.00, TAX 2.00", False, -1, False, 0),
        ("total 11.00 EUR", "1 x A @ 10.00 EUR, DISCOUNT -1.00, TAX 2.00", False, 1, False, 0),
        ("total 11.00 EUR", "1 x A @ 10.00 EUR, DISCOUNT 1.00, TAX 0.50", True, 1, False, 0),
        ("total 11.00 EUR", "1 x A @ 10.00 EUR, DISCOUNT -1.00, TAX 0.50", True, -1, False, 0),
        ("total 11.50 EUR", "1 x A @ 10.00 EUR, DISCOUNT 1.00, TAX 0.50", False, 1, False, 0),
        ("total 11.00 EUR", "1 x A @ 10.00 EUR, DISCOUNT 1.00", True, 1, False, 0),
        ("total 9.00 EUR", "1 x A @ 10.00 EUR, DISCOUNT 1.00", True, -1, False, 0),
        ("total 10.03 EUR", "1 x A @ 10.00 EUR, TAX 1.90", True, 1, False, 3),
        ("total 8.99 EUR", "1 x A @ 10.00 EUR, DISCOUNT 1.00, TAX 1.90", True, -1, False, -1),
    ],
)
def test_reading(head: str, line: str, included: bool, sign: int, certain: bool, difference: int) -> None:  # noqa: FBT001 - columns
    """The equation that holds says where tax is and how a promotion counts: it lowers the price wherever it can; where none holds, policy decides."""
    reading = _totals(read(an_order(f"FBM UNSHIPPED in DE, {head}", a_line(line)))).reading
    assert (reading.tax_included, reading.discount_sign, reading.certain, reading.difference.minor_units) == (
        included,
        sign,
        certain,
        difference,
    )


@pytest.mark.parametrize("rules", [INSIDE, ON_TOP])
@pytest.mark.parametrize("stated", ["1.00", "-1.00"])
def test_promotion_lowers_the_price_whatever_the_policy(rules: TaxRules, stated: str) -> None:
    """Where two readings fit and one has the promotion raise the price, the other is taken by every policy, and the timeline says why."""
    line = a_line(f"1 x A @ 10.00 EUR, DISCOUNT {stated}, TAX 2.00")
    totals = _totals(read(an_order("FBM UNSHIPPED in DE, total 11.00 EUR", line)), rules)
    assert [extra.amount.minor_units for extra in totals.extras] == [-100]
    assert totals.reading.sentence() == (
        "more than one reading of the amounts fits: tax taken as on top of the prices, because a promotion lowers the price"
    )


@pytest.mark.parametrize("rules", [INSIDE, ON_TOP])
@pytest.mark.parametrize(
    ("total", "tax", "where"), [("11.00", "0.50", "inside"), ("12.00", "1.00", "on top of"), ("11.00", "0.00", "")]
)
def test_promotion_that_raises_the_price_is_told(rules: TaxRules, total: str, tax: str, where: str) -> None:
    """Only where nothing else explains the total does a promotion raise the price: never certain, and the timeline says so."""
    line = a_line(f"1 x A @ 10.00 EUR, DISCOUNT -1.00, TAX {tax}")
    totals = _totals(read(an_order(f"FBM UNSHIPPED in DE, total {total} EUR", line)), rules)
    sentence = totals.reading.sentence()
    assert [extra.amount.minor_units for extra in totals.extras] == [100]
    assert not totals.reading.certain
    assert sentence.startswith("a promotion raises the price, because nothing else explains the total: tax taken as ")
    assert f"{where} the prices" in sentence


@pytest.mark.parametrize("head", ["total 10.00 EUR", "total 9.00 EUR, DISCOUNT 1.00"])
def test_policy_decides_where_no_tax_is_stated(head: str) -> None:
    """An order without tax is read by each marketplace's own convention, and its timeline says so."""
    order = read(an_order(f"FBM UNSHIPPED in DE, {head}", a_line("1 x A @ 10.00 EUR")))
    assert [_totals(order, rules).reading.tax_included for rules in (INSIDE, ON_TOP)] == [True, False]
    assert "by policy" in _totals(order, ON_TOP).reading.sentence()


@given(
    st.integers(1, 10_000),
    st.integers(1, 10_000),
    st.integers(0, 10_000),
    st.sampled_from((1, -1)),
    st.booleans(),
    st.sampled_from((INSIDE, ON_TOP)),
)
@example(1000, 100, 200, -1, False, INSIDE)
@example(1000, 100, 200, 1, True, ON_TOP)
def test_no_promotion_raises_a_price_that_is_explained_without(
    goods: int,
    discount: int,
    tax: int,
    sign: int,
    included: bool,  # noqa: FBT001 - drawn
    rules: TaxRules,
) -> None:
    """Whatever sign Amazon gives it and wherever the tax is: a total that holds with the promotion taken off is read so, by every policy."""
    whole = Money(goods - discount + (0 if included else tax), "EUR")
    rows = (
        Breakdown("ITEM", Money(goods, "EUR")),
        Breakdown("DISCOUNT", Money(sign * discount, "EUR")),
        Breakdown("TAX", Money(tax, "EUR")),
    )
    order = read(an_order("FBM UNSHIPPED in DE", a_line("1 x A @ 1.00 EUR")))
    order = replace(order, items=(replace(order.items[0], proceeds=rows, unit_price=None),), grand_total=whole)
    totals = _totals(order, rules)
    assert [extra.amount.minor_units for extra in totals.extras if "promotion" in extra.slug] == [-discount]
    assert not totals.reading.difference


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
            [("Amazon", "0.0000", 0), ("Amazon", "0.1900", 80)],
        ),
    ],
)
def test_rates_are_amount_over_net(line: str, portions: list[tuple[str, str, int]]) -> None:
    """A rate is the tax over the net, to four places; what Amazon's parts leave over belongs to the goods."""
    totals = _totals(read(an_order("FBM UNSHIPPED in DE", a_line(line))))
    assert [(name, f"{rate:.4f}", amount.minor_units) for name, rate, amount in totals.portions()] == portions


@pytest.mark.parametrize(
    ("lines", "portions"),
    [
        # the tax of 1.99 and 4.99 at 19 % is whole cents only roughly: 0.1916 and 0.1909 are no rates of anybody's
        (
            ["1 x A @ 1.99 EUR, TAX 0.32 (ITEM 0.32)", "1 x B @ 4.99 EUR, TAX 0.80 (ITEM 0.80)"],
            [("Amazon", "0.1900", 112)],
        ),
        # rounded up or down, by the whole order or by the unit: less than one smallest unit off is still that rate
        (["1 x A @ 10.00 EUR, TAX 1.59 (ITEM 1.59)"], [("Amazon", "0.1900", 159)]),
        (["1 x A @ 10.00 EUR, TAX 1.60 (ITEM 1.60)"], [("Amazon", "0.1900", 160)]),
        (["1 x A @ 10.00 EUR, TAX 1.61 (ITEM 1.61)"], [("Amazon", "0.1919", 161)]),
        (["1 x A @ 10.00 EUR, TAX 1.58 (ITEM 1.58)"], [("Amazon", "0.1876", 158)]),
        # a small part is of the rate of the whole item: 0.04 of 0.25 would be 19 % as well
        (
            ["1 x A @ 12.00 EUR, GIFT_WRAP 0.25, TAX 2.04 (ITEM 2.00 GIFT_WRAP 0.04)"],
            [("Amazon", "0.1905", 4), ("Amazon", "0.2000", 200)],
        ),
        (
            ["1 x A @ 11.90 EUR, GIFT_WRAP 0.25, TAX 1.94 (ITEM 1.90 GIFT_WRAP 0.04)"],
            [("Amazon", "0.1900", 194)],
        ),
        (
            ["1 x A @ 11.90 EUR, GIFT_WRAP 0.25, TAX 1.90 (ITEM 1.90)"],
            [("Amazon", "0.0000", 0), ("Amazon", "0.1900", 190)],
        ),
        # another rate than the usual one, and none at all
        (["1 x A @ 10.70 EUR, TAX 0.70 (ITEM 0.70)"], [("Amazon", "0.0700", 70)]),
        (["1 x A @ 0.04 EUR, TAX 0.00 (ITEM 0.00)"], [("Amazon", "0.0000", 0)]),
        # the SKU's own rate goes before the usual one
        (["1 x TEA @ 0.08 EUR, TAX 0.01 (ITEM 0.01)"], [("Amazon", "0.0700", 1)]),
        (["1 x TEA @ 3.33 EUR, TAX 0.22 (ITEM 0.22)"], [("Amazon", "0.0700", 22)]),
        (["1 x TEA @ 3.33 EUR, TAX 0.53 (ITEM 0.53)"], [("Amazon", "0.1900", 53)]),
    ],
)
def test_tax_that_a_known_rate_gives_has_that_rate(lines: list[str], portions: list[tuple[str, str, int]]) -> None:
    """Whole cents hide the rate of small amounts; where one the merchant uses gives Amazon's tax it stands, the amount is Amazon's all the same."""
    rules = replace(INSIDE, rate_by_sku={SellerSku("TEA"): Decimal("0.07")})
    total = sum(
        read(an_order("FBM UNSHIPPED in DE", a_line(line))).items[0].proceeds[0].amount.minor_units for line in lines
    )
    order = read(an_order(f"FBM UNSHIPPED in DE, total {Decimal(total) / 100} EUR", *map(a_line, lines)))
    told = _totals(order, rules).portions()
    assert [(name, f"{rate:.4f}", amount.minor_units) for name, rate, amount in told] == portions


def test_rate_on_top_is_known_too() -> None:
    """8.25 % of 10.00 is 0.83, which looks like 8.3 %."""
    order = read(an_order("FBM UNSHIPPED in US, total 10.83 USD", a_line("1 x A @ 10.00 USD, TAX 0.83 (ITEM 0.83)")))
    rates = [
        [f"{rate:.4f}" for _, rate, _ in _totals(order, replace(ON_TOP, default_rate=rate)).portions()]
        for rate in (None, Decimal("0.0825"))
    ]
    assert rates == [["0.0830"], ["0.0825"]]


ZERO = TaxRules(tax_included=True, rate_by_sku={}, default_rate=Decimal("0.20"))


@pytest.mark.parametrize(
    ("head", "lines", "portions"),
    [
        (
            "total 17.00 GBP",
            ["1 x A @ 12.00 GBP, TAX 2.00", "1 x BOOK @ 5.00 GBP, TAX 0.00"],
            [("0.0000", 0), ("0.2000", 200)],
        ),
        ("total 17.00 GBP", ["1 x A @ 12.00 GBP, TAX 2.00", "1 x BOOK @ 5.00 GBP"], [("0.2000", 283)]),
        ("total 5.00 GBP", ["1 x BOOK @ 5.00 GBP, TAX 0.00"], [("0.2000", 83)]),
        ("total 10.00 GBP", ["1 x A @ 5.00 GBP, TAX 0.00", "1 x B @ 5.00 GBP, TAX 0.00"], [("0.2000", 166)]),
        ("total 5.00 GBP", ["1 x BOOK @ 5.00 GBP, TAX 0.00 (ITEM 0.00)"], [("0.0000", 0)]),
        # one penny for the whole order, spread over two equal items: the second's share is none
        (
            "total 10.00 GBP, TAX 0.01",
            ["1 x A @ 5.00 GBP", "1 x B @ 5.00 GBP"],
            [("0.0000", 0), ("0.0020", 1)],
        ),
    ],
)
def test_zero_is_a_rate_beside_goods_that_are_taxed(
    head: str, lines: list[str], portions: list[tuple[str, int]]
) -> None:
    """A stated 0.00 is believed where Amazon taxes anything of the order; where all is 0.00, or nothing is said, the merchant's rates stand in."""
    totals = _totals(read(an_order(f"FBM UNSHIPPED in GB, {head}", *map(a_line, lines))), ZERO)
    assert [(f"{rate:.4f}", amount.minor_units) for _, rate, amount in totals.portions()] == portions
    assert totals.untaxed_skus == ()


# --- units cancelled before the import


@pytest.mark.parametrize(
    ("line", "left", "kept", "cancelled"),
    [
        ("3 x A @ 10.00 EUR", 2, (2, "10.00 EUR", 2000), [1000]),
        ("3 x A @ 10.00 = 20.00 EUR", 2, (2, "10.00 EUR", 2000), []),
        ("3 x A @ 10.00 EUR", 1, (1, "10.00 EUR", 1000), [2000]),
        ("3 x A @ 10.00 EUR", 3, (3, "10.00 EUR", 3000), []),
        # the unit price is rounded
        ("3 x A @ 3.33 = 10.00 EUR", 2, (2, "3.335 EUR", 667), [333]),
        ("3 x A @ 3.34 = 10.00 EUR", 2, (2, "3.335 EUR", 667), [333]),
        ("3 x A @ 3.33 = 6.67 EUR", 2, (2, "3.335 EUR", 667), []),
        # units at one cent: what is left explains it better
        ("3 x A @ 0.01 = 0.02 EUR", 2, (2, "0.01 EUR", 2), []),
        # neither is shown: nothing is made up
        ("3 x A @ 10.00 = 26.00 EUR", 2, (2, "13.00 EUR", 2600), []),
        ("3 x A @ 0.00 EUR", 2, (2, "0.00 EUR", 0), []),
        # no unit price: only a price that all share evenly, and those left do not, shows it
        ("3 x A = 29.97 EUR", 2, (2, "9.99 EUR", 1998), [999]),
        ("3 x A = 30.00 EUR", 2, (2, "15.00 EUR", 3000), []),
        ("3 x A = 20.00 EUR", 2, (2, "10.00 EUR", 2000), []),
    ],
)
def test_cancelled_units_amazon_still_charges(
    line: str, left: int, kept: tuple[int, str, int], cancelled: list[int]
) -> None:
    """Where ITEM still holds the units nobody will send, those to send keep their price, and the rest of the total is a line of its own."""
    totals = _totals(read(an_order("FBM UNSHIPPED in DE", a_line(line, fulfillment={"quantityUnfulfilled": left}))))
    (goods,) = totals.lines
    price = Decimal(goods.unit_price.amount).scaleb(-goods.unit_price.fraction_digits)
    shown = f"{price.normalize():f}" if goods.unit_price.high_precision() else f"{price:.2f}"
    assert (goods.quantity, f"{shown} EUR", goods.amount.minor_units) == kept
    assert [(extra.name, extra.amount.minor_units) for extra in totals.extras] == [("Cancelled", n) for n in cancelled]


def test_cancelled_units_keep_their_tax() -> None:
    """Line and cancelled units share Amazon's tax to the cent, at one rate, whoever collects it; shipping and total stay."""
    line = a_line(
        "3 x A @ 11.90 EUR, SHIPPING 5.95, TAX 6.65 (ITEM 5.70 SHIPPING 0.95)", fulfillment={"quantityUnfulfilled": 1}
    )
    totals = _totals(read(an_order("FBM UNSHIPPED in DE, total 41.65 EUR", line | FACILITATED)))
    taxes = [(tax.amount.minor_units, tax.net.minor_units, f"{tax.rate:.4f}") for tax in totals.taxes()]
    assert taxes == [(190, 1000, "0.1900"), (380, 2000, "0.1900"), (95, 500, "0.1900")]
    assert (totals.facilitator_tax().minor_units, totals.total_gross.minor_units) == (665, 4165)


def test_cancelled_units_share_tax_that_is_on_top() -> None:
    """Net is the amount where tax is on top, and what does not divide stays with the units that are sent."""
    line = a_line("3 x A @ 10.00 EUR, TAX 2.48 (ITEM 2.48)", fulfillment={"quantityUnfulfilled": 2})
    totals = _totals(read(an_order("FBM UNSHIPPED in DE, total 32.48 EUR", line)), UNKNOWN_RATE)
    taxes = [(tax.amount.minor_units, tax.net.minor_units, f"{tax.rate:.4f}") for tax in totals.taxes()]
    assert taxes == [(166, 2000, "0.0827"), (82, 1000, "0.0827")]
    assert totals.total_gross.minor_units == 3248


def test_cancelled_units_have_no_tax_where_there_is_none() -> None:
    """Untaxed goods are untaxed in both lines, and named once."""
    line = a_line("3 x A @ 10.00 EUR", fulfillment={"quantityUnfulfilled": 2})
    totals = _totals(read(an_order("FBM UNSHIPPED in DE, total 30.00 EUR", line)), UNKNOWN_RATE)
    assert (totals.taxes(), len(totals.extras), totals.untaxed_skus) == ((), 1, ("A",))


def test_all_that_was_ordered_stands_in_an_order_nobody_packs() -> None:
    """Recorded as history, a line has all its units: nothing is told apart."""
    line = a_line("3 x A @ 10.00 EUR", fulfillment={"quantityFulfilled": 2, "quantityUnfulfilled": 0})
    order = read(an_order("FBM SHIPPED in DE, total 30.00 EUR", line))
    totals = order_totals(order, INSIDE, as_extras=frozenset(), to_ship=False)
    assert ([(each.quantity, each.amount.minor_units) for each in totals.lines], totals.extras) == ([(3, 3000)], ())


def test_silence_of_amazon_about_its_own_tax_is_no_tax_of_the_merchants() -> None:
    """Where Amazon collects the tax and states none, none is made up."""
    totals = _totals(read(an_order("FBM UNSHIPPED in DE, total 10.00 EUR", a_line("1 x A @ 10.00 EUR", **FACILITATED))))
    assert [(name, rate) for name, rate, _ in totals.portions()] == [(FACILITATOR_RATE_NAME, Decimal(0))]
    assert totals.untaxed_skus == ()


def test_order_without_items_has_no_prices() -> None:
    """An order that shows no items is not one whose lines were all cancelled."""
    assert not has_prices(read(an_order("FBM UNSHIPPED in DE, total 10.00 EUR")))
