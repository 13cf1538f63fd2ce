"""What commercetools stores of an order's money, to the cent.

The rule: `taxedPrice.totalGross` is what the buyer paid, whatever happens. Whether tax is on top of the prices or inside them, and which sign a
promotion carries, is decided per order by the equation that holds:

    (A) grand total = all breakdowns, tax included      -> tax on top
    (B) grand total = all breakdowns without the tax    -> tax inside

A promotion lowers the price wherever that explains the total, by whichever equation; only where nothing else does may it raise it. If none holds,
the remainder becomes a line of its own and a case: a cent must not hold up a ship-by date.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

from crossdock.domain.ids import SellerSku
from crossdock.domain.marketplaces import MARKETPLACES
from crossdock.domain.money import MINOR_DIGITS, Money, allocate, round_half_even, total, zero
from crossdock.domain.order import AmazonOrder, Breakdown, OrderItem

TAX = "TAX"
DISCOUNT = "DISCOUNT"
ITEM = "ITEM"
SHIPPING = "SHIPPING"
DELIVERY_TIP = "DELIVERY_TIP"

RATE_NAME = "Amazon"
FACILITATOR_RATE_NAME = "Amazon, collected by the marketplace"

# How the slug of a line begins that holds an item's goods without being a line item; gift wraps, promotions and the order's own lines begin otherwise.
GOODS_SLUG = "amazon-item-"

# commercetools stores tax rates as a number between 0 and 1; four places tell 19 % from 18.99 %.
_RATE_PLACES = Decimal("0.0001")

_EXTRA_NAMES = {
    "GIFT_WRAP": "Gift wrap",
    "COD_FEE": "Cash on delivery fee",
    "OTHER": "Other charge",
    DELIVERY_TIP: "Delivery tip",
    SHIPPING: "Shipping",
    ITEM: "Cancelled line",
}


@dataclass(frozen=True, slots=True)
class UnitPrice:
    """Price of one unit: `amount` x 10^-`fraction_digits` of `currency`; more digits than the currency has where n units share a cent."""

    amount: int
    fraction_digits: int
    currency: str

    def high_precision(self) -> bool:
        """Whether it is finer than the currency's own smallest unit."""
        return self.fraction_digits > MINOR_DIGITS[self.currency]


@dataclass(frozen=True, slots=True)
class Tax:
    """The tax of one amount. `rate` is a share (0.1900 for 19 %); `amount` is Amazon's own wherever Amazon states one."""

    name: str
    rate: Decimal
    included: bool
    amount: Money
    net: Money

    def gross(self) -> Money:
        """What the buyer pays for this part."""
        return self.net + self.amount


@dataclass(frozen=True, slots=True)
class LineTotal:
    """A line of goods: `quantity` units at `unit_price` round to `amount`, which is Amazon's ITEM, or the share of it that units to be sent have."""

    item: OrderItem
    quantity: int
    unit_price: UnitPrice
    amount: Money
    tax: Tax | None


@dataclass(frozen=True, slots=True)
class ExtraTotal:
    """A line that is no goods: gift wrap, promotion, tip, an unknown SKU, a difference. `slug` is unique in the order."""

    slug: str
    name: str
    amount: Money
    tax: Tax | None
    item: OrderItem | None = None
    quantity: int = 1


@dataclass(frozen=True, slots=True)
class ShippingTotal:
    """What the buyer paid for shipping."""

    amount: Money
    tax: Tax | None


class Grounds(StrEnum):
    """Why the amounts are read as they are, in words for the timeline."""

    ONLY_READING = "tax is {where}"
    LOWERS_PRICE = (
        "more than one reading of the amounts fits: tax taken as {where}, because a promotion lowers the price"
    )
    POLICY = "more than one reading of the amounts fits: tax taken as {where} by policy"
    RAISES_PRICE = "a promotion raises the price, because nothing else explains the total: tax taken as {where}"
    NOTHING_FITS = "no reading of the amounts fits: tax taken as {where}, {difference} left over"


@dataclass(frozen=True, slots=True)
class Reading:
    """How the order's amounts were understood, and why; `difference`: what no reading explains."""

    tax_included: bool
    discount_sign: int
    grounds: Grounds
    difference: Money

    @property
    def certain(self) -> bool:
        """Whether exactly one reading fits, and it is one that can be believed."""
        return self.grounds is Grounds.ONLY_READING

    def sentence(self) -> str:
        """For the timeline."""
        where = "inside the prices" if self.tax_included else "on top of the prices"
        return self.grounds.format(where=where, difference=self.difference)


@dataclass(frozen=True, slots=True)
class OrderTotals:
    """All amounts of the commercetools order. `total_price` = lines + shipping + extras; `total_gross` = Amazon's grand total."""

    currency: str
    lines: tuple[LineTotal, ...]
    extras: tuple[ExtraTotal, ...]
    shipping: ShippingTotal
    reading: Reading
    total_price: Money
    total_gross: Money
    untaxed_skus: tuple[SellerSku, ...]

    def taxes(self) -> tuple[Tax, ...]:
        """The tax of every part that has one."""
        taxes = [*(line.tax for line in self.lines), *(extra.tax for extra in self.extras), self.shipping.tax]
        return tuple(tax for tax in taxes if tax is not None)

    def total_tax(self) -> Money:
        """All tax the buyer paid, whoever remits it."""
        return total((tax.amount for tax in self.taxes()), self.currency)

    def facilitator_tax(self) -> Money:
        """The part of it that Amazon remits: never what the merchant owes."""
        return total((tax.amount for tax in self.taxes() if tax.name == FACILITATOR_RATE_NAME), self.currency)

    def portions(self) -> tuple[tuple[str, Decimal, Money], ...]:
        """Tax by name and rate, in a fixed order."""
        sums: dict[tuple[str, Decimal], Money] = {}
        for tax in self.taxes():
            key = (tax.name, tax.rate)
            sums[key] = sums.get(key, zero(self.currency)) + tax.amount
        return tuple((name, rate, amount) for (name, rate), amount in sorted(sums.items(), key=lambda pair: pair[0]))


@dataclass(frozen=True, slots=True)
class TaxRules:
    """What applies where Amazon is silent: the usual convention of the marketplace, rates by SKU, and one rate for the rest."""

    tax_included: bool
    rate_by_sku: Mapping[SellerSku, Decimal]
    default_rate: Decimal | None = None


def order_totals(order: AmazonOrder, rules: TaxRules, *, as_extras: frozenset[SellerSku], to_ship: bool) -> OrderTotals:
    """Read every amount of the order.

    `as_extras`: SKUs commercetools does not know, which become custom lines; `to_ship`: cancelled units are left out, because somebody will pack this.
    """
    order = _attributed(order)
    currency = order_currency(order)
    reading = read_amounts(order, currency, tax_included=rules.tax_included)
    lines: list[LineTotal] = []
    extras: list[ExtraTotal] = []
    shipping: list[_Part] = []
    untaxed: list[SellerSku] = []
    zero_counts = _states_tax(order)
    for item in order.items:
        parts = _taxed_parts(item, currency, reading, rules, zero_counts=zero_counts)
        if any(part.tax is None and part.amount for part in parts):
            untaxed.append(item.seller_sku)
        goods, more = _split_goods(item, parts, as_extras=as_extras, to_ship=to_ship)
        lines.extend(goods)
        extras.extend(more)
        shipping.extend(part for part in parts if part.kind == SHIPPING and not part.discount)
    extras.extend(_only_on_the_order(order))
    extras.extend(_difference(reading))
    shipping_total, more_shipping = _shipping(shipping, currency, included=reading.tax_included)
    extras = _distinct([*extras, *more_shipping])
    amounts = [*(line.amount for line in lines), *(extra.amount for extra in extras), shipping_total.amount]
    total_price = total(amounts, currency)
    taxes = [*(line.tax for line in lines), *(extra.tax for extra in extras), shipping_total.tax]
    total_gross = total_price + total((tax.amount for tax in taxes if tax and not tax.included), currency)
    assert order.grand_total in {None, total_gross}, "the parts of an order do not sum to its total"
    return OrderTotals(
        currency=currency,
        lines=tuple(lines),
        extras=tuple(extras),
        shipping=shipping_total,
        reading=reading,
        total_price=total_price,
        total_gross=total_gross,
        untaxed_skus=tuple(untaxed),
    )


def order_currency(order: AmazonOrder) -> str:
    """The one currency of an order; parsing has made sure there is only one. An order without any amount has none: empty.

    A replacement costs nothing and may say so by no amount at all: its zero is in its marketplace's currency.
    """
    amounts = [order.grand_total, *(row.amount for row in order.proceeds)]
    for item in order.items:
        amounts.extend(row.amount for row in item.proceeds)
        amounts.append(item.unit_price)
    stated = next((amount.currency for amount in amounts if amount is not None), "")
    marketplace = MARKETPLACES.get(order.marketplace_id)
    return marketplace.currency if not stated and order.replaces is not None and marketplace is not None else stated


def has_prices(order: AmazonOrder) -> bool:
    """Whether Amazon has told what the goods cost. A replacement costs nothing and says nothing."""
    if not order.items or not order_currency(order):
        return False
    return order.replaces is not None or all(
        item.quantity == 0 or item.unit_price is not None or _amount_of(item.proceeds, ITEM) is not None
        for item in order.items
    )


def read_amounts(order: AmazonOrder, currency: str, *, tax_included: bool) -> Reading:
    """Which equation holds; `tax_included` is the marketplace's convention, for orders whose tax is not stated, or that no reading fits.

    The sign that lowers the price goes before the convention: a marketplace's habit is no reason to believe that a promotion made goods dearer.
    """
    plain, discount, tax = _sums(order, currency)
    lowering = -1 if discount.minor_units > 0 else 1
    signs = (lowering, -lowering) if discount else (1,)
    conventions = (tax_included, not tax_included) if tax else (tax_included,)

    def explained(sign: int, *, included: bool) -> Money:
        return plain + Money(sign * discount.minor_units, currency) + (zero(currency) if included else tax)

    if order.grand_total is None:
        return Reading(tax_included, lowering, Grounds.POLICY, zero(currency))
    fitting = [
        (included, sign)
        for sign in signs
        for included in conventions
        if explained(sign, included=included) == order.grand_total
    ]
    if not fitting:
        left_over = order.grand_total - explained(lowering, included=tax_included)
        return Reading(tax_included, lowering, Grounds.NOTHING_FITS, left_over)
    included, sign = fitting[0]
    if discount and sign != lowering:
        grounds = Grounds.RAISES_PRICE
    elif len(fitting) > 1:
        grounds = Grounds.LOWERS_PRICE
    else:
        grounds = Grounds.ONLY_READING if tax else Grounds.POLICY
    return Reading(included, sign, grounds, zero(currency))


def unit_price(amount: Money, quantity: int) -> UnitPrice:
    """The price of one of `quantity` units that cost `amount` together, with as few digits as make the product round to it.

    An error of half a unit in the last digit, `quantity` times, stays below half a cent as soon as 10^digits exceeds `quantity`.
    """
    digits = MINOR_DIGITS[amount.currency]
    if amount.minor_units % quantity == 0:
        return UnitPrice(amount.minor_units // quantity, digits, amount.currency)
    more = len(str(quantity))
    precise = round_half_even(Decimal(amount.minor_units * 10**more) / quantity)
    return UnitPrice(precise, digits + more, amount.currency)


@dataclass(frozen=True, slots=True)
class _Part:
    """One taxed amount of one item: the goods, their shipping, a gift wrap, or a promotion on one of these."""

    kind: str
    discount: bool
    amount: Money
    tax: Tax | None

    def matters(self) -> bool:
        """Whether dropping it would lose a cent."""
        return bool(self.amount) or (self.tax is not None and bool(self.tax.amount))


def _sums(order: AmazonOrder, currency: str) -> tuple[Money, Money, Money]:
    """All plain amounts, all discounts as given, all tax: of the items, and of what exists only on the order."""
    plain, discount, tax = zero(currency), zero(currency), zero(currency)
    rows = [row for item in order.items for row in _item_rows(item)]
    for row in (*rows, *_order_only_rows(order)):
        if row.type == TAX:
            tax += row.amount
        elif row.type == DISCOUNT:
            discount += row.amount
        else:
            plain += row.amount
    return plain, discount, tax


def _item_rows(item: OrderItem) -> tuple[Breakdown, ...]:
    """The item's proceeds; where Amazon gives a unit price but no ITEM row, that price times the units stands in."""
    if _amount_of(item.proceeds, ITEM) is not None or item.unit_price is None:
        return item.proceeds
    goods = Money(item.unit_price.minor_units * item.quantity, item.unit_price.currency)
    return (Breakdown(ITEM, goods), *item.proceeds)


def _order_only_rows(order: AmazonOrder) -> tuple[Breakdown, ...]:
    """Rows whose type no item has: the tip, or whatever else Amazon does not attribute to an item."""
    of_items = {row.type for item in order.items for row in _item_rows(item)}
    return tuple(row for row in order.proceeds if row.type not in of_items)


def _attributed(order: AmazonOrder) -> AmazonOrder:
    """The same order with tax, shipping and promotions that Amazon states for the order alone spread over its items by value."""
    rows = [row for row in _order_only_rows(order) if row.type in {TAX, DISCOUNT, SHIPPING}]
    if not rows or not order.items:
        return order
    values = [_amount_of(_item_rows(item), ITEM) for item in order.items]
    weights = [0 if value is None else value.minor_units for value in values]
    items = order.items
    for row in rows:
        shares = allocate(row.amount, weights)
        items = tuple(
            replace(item, proceeds=(*item.proceeds, Breakdown(row.type, share)))
            for item, share in zip(items, shares, strict=True)
        )
    kept = tuple(row for row in order.proceeds if row not in rows)
    return replace(order, items=items, proceeds=kept)


def _amount_of(rows: Iterable[Breakdown], kind: str) -> Money | None:
    return next((row.amount for row in rows if row.type == kind), None)


def _amounts(item: OrderItem, currency: str, discount_sign: int) -> dict[tuple[str, bool], Money]:
    """The item's amounts by (kind, is a discount), discounts with the sign they count with."""
    amounts: dict[tuple[str, bool], Money] = {(ITEM, False): zero(currency)}
    for row in _item_rows(item):
        if row.type == TAX:
            continue
        if row.type != DISCOUNT:
            amounts[row.type, False] = amounts.get((row.type, False), zero(currency)) + row.amount
            continue
        for kind, amount in _parts_summing_to(row):
            key = (kind, True)
            amounts[key] = amounts.get(key, zero(currency)) + Money(discount_sign * amount.minor_units, currency)
    return amounts


def _parts_summing_to(row: Breakdown) -> tuple[tuple[str, Money], ...]:
    """The row's parts where they sum to it, in the sign it has; else the whole row on the goods."""
    summed = total((amount for _, amount in row.parts), row.amount.currency)
    if row.parts and summed == row.amount:
        return row.parts
    if row.parts and summed == -row.amount:
        return tuple((kind, -amount) for kind, amount in row.parts)
    return ((ITEM, row.amount),)


def _taxed_parts(
    item: OrderItem, currency: str, reading: Reading, rules: TaxRules, *, zero_counts: bool
) -> tuple[_Part, ...]:
    amounts = _amounts(item, currency, reading.discount_sign)
    stated = _stated(item, currency, zero_counts=zero_counts)
    name = FACILITATOR_RATE_NAME if item.facilitator else RATE_NAME
    if stated is not None:
        shares = _tax_shares(stated, amounts, currency)
        known = _known_rate(item, amounts, shares, rules, included=reading.tax_included)
        taxes: dict[tuple[str, bool], Tax | None] = {
            key: _stated_tax(name, amount, shares[key], included=reading.tax_included, known=known)
            for key, amount in amounts.items()
        }
    else:
        rate = _silent_rate(item, rules, included=reading.tax_included)
        taxes = {
            key: None if rate is None else _computed_tax(name, amount, rate, included=reading.tax_included)
            for key, amount in amounts.items()
        }
    return tuple(_Part(kind, discount, amount, taxes[kind, discount]) for (kind, discount), amount in amounts.items())


def _states_tax(order: AmazonOrder) -> bool:
    """Whether Amazon states any tax for any item, so that a bare zero beside it is a rate and not silence.

    Where every zero is bare, nothing tells goods that are zero-rated from tax that Amazon does not compute for this merchant: the merchant's own
    rates know better.
    """
    return any(row.type == TAX and row.amount for item in order.items for row in item.proceeds)


def _stated(item: OrderItem, currency: str, *, zero_counts: bool) -> Breakdown | None:
    """All tax Amazon states for the item as one row; None where it states none, or nothing but a bare zero that does not count."""
    rows = [row for row in item.proceeds if row.type == TAX and (zero_counts or row.amount or row.parts)]
    if not rows:
        return None
    return Breakdown(
        TAX, total((row.amount for row in rows), currency), tuple(part for row in rows for part in row.parts)
    )


def _known_rate(
    item: OrderItem,
    amounts: Mapping[tuple[str, bool], Money],
    shares: Mapping[tuple[str, bool], Money],
    rules: TaxRules,
    *,
    included: bool,
) -> Decimal | None:
    """The rate the merchant uses for this item, where it gives the tax Amazon states for every part of it.

    Whole cents hide a rate: 19 % of 1.99 reads as 19.16 %, and each such line would be a tax portion of its own. Less than one smallest unit off
    is rounding, up or down as each country has it; a part without tax says nothing.
    """
    taxed = [(amounts[key].minor_units, tax.minor_units) for key, tax in shares.items() if tax]
    for rate in (rules.rate_by_sku.get(item.seller_sku), rules.default_rate):
        if rate is not None:
            of_amount = rate / (1 + rate) if included else rate
            if all(abs(amount * of_amount - tax) < 1 for amount, tax in taxed):
                return rate
    return None


def _silent_rate(item: OrderItem, rules: TaxRules, *, included: bool) -> Decimal | None:
    """The rate of an item for which Amazon states no tax: none on top, none where Amazon collects it, else the merchant's own."""
    if not included or item.facilitator:
        return Decimal(0)
    return rules.rate_by_sku.get(item.seller_sku, rules.default_rate)


def _tax_shares(
    stated: Breakdown, amounts: Mapping[tuple[str, bool], Money], currency: str
) -> dict[tuple[str, bool], Money]:
    """Amazon's tax by part. Given by subtype it is taken as given; else spread by value. What is left over goes to the goods."""
    shares = dict.fromkeys(amounts, zero(currency))
    rest = stated.amount
    if stated.parts:
        for kind, amount in _signed_tax_parts(stated):
            key = (ITEM, True) if kind == DISCOUNT else (kind, False)
            if key not in shares:
                key = (
                    next((other for other in shares if other[1]), (ITEM, False)) if kind == DISCOUNT else (ITEM, False)
                )
            shares[key] += amount
            rest -= amount
    else:
        whole = sum(amount.minor_units for amount in amounts.values())
        for key, amount in amounts.items():
            if whole and key != (ITEM, False):
                shares[key] = Money(
                    round_half_even(Decimal(stated.amount.minor_units * amount.minor_units) / whole), currency
                )
                rest -= shares[key]
    shares[ITEM, False] += rest
    return shares


def _signed_tax_parts(stated: Breakdown) -> tuple[tuple[str, Money], ...]:
    """The tax parts with the sign of a promotion's tax turned where that makes them sum to the whole."""
    turned = tuple((kind, -amount if kind == DISCOUNT else amount) for kind, amount in stated.parts)
    if total((amount for _, amount in turned), stated.amount.currency) == stated.amount:
        return turned
    return stated.parts


def _stated_tax(name: str, amount: Money, tax: Money, *, included: bool, known: Decimal | None = None) -> Tax:
    """Amazon's tax; its rate is the known one, else tax over net. No tax at all is no rate's."""
    net = amount - tax if included else amount
    if known is not None and tax:
        return Tax(name, known.quantize(_RATE_PLACES), included, tax, net)
    rate = (Decimal(tax.minor_units) / net.minor_units).quantize(_RATE_PLACES) if net else Decimal(0)
    # A rate outside 0..1 is no rate (commercetools refuses it); the amount stands all the same.
    return Tax(name, rate if 0 <= rate <= 1 else Decimal(0), included, tax, net)


def _computed_tax(name: str, amount: Money, rate: Decimal, *, included: bool) -> Tax:
    if not included:
        return Tax(name, rate, included, zero(amount.currency), amount)
    tax = Money(round_half_even(amount.minor_units * rate / (1 + rate)), amount.currency)
    return Tax(name, rate.quantize(_RATE_PLACES), included, tax, amount - tax)


def _split_goods(
    item: OrderItem, parts: tuple[_Part, ...], *, as_extras: frozenset[SellerSku], to_ship: bool
) -> tuple[list[LineTotal], list[ExtraTotal]]:
    """The item's line of goods and its other lines; shipping is summed over the order elsewhere."""
    lines: list[LineTotal] = []
    extras: list[ExtraTotal] = []
    quantity = item.quantity - (item.quantity_cancelled() if to_ship else 0)
    for part in parts:
        if part.discount:
            extras.extend(_promotion(item, part))
        elif part.kind == SHIPPING:
            continue
        elif part.kind != ITEM or quantity <= 0:
            extras.extend(_charge(item, part))
        else:
            goods, cancelled = _without_cancelled(item, part, quantity)
            extras.extend(cancelled)
            if item.seller_sku in as_extras:
                extras.append(_goods_as_extra(item, goods, quantity))
            else:
                lines.append(LineTotal(item, quantity, unit_price(goods.amount, quantity), goods.amount, goods.tax))
    return lines, extras


def _without_cancelled(item: OrderItem, goods: _Part, quantity: int) -> tuple[_Part, list[ExtraTotal]]:
    """The goods that are sent, and what Amazon still charges for units that are not: spread over the others it would make them dearer than sold."""
    if not _covers_cancelled(item, goods.amount, quantity):
        return goods, []
    kept, cancelled = _shared(goods, (quantity, item.quantity - quantity))
    slug = f"amazon-cancelled-{item.order_item_id}"
    return kept, [ExtraTotal(slug, "Cancelled", cancelled.amount, cancelled.tax, item)]


def _covers_cancelled(item: OrderItem, amount: Money, quantity: int) -> bool:
    """Whether an ITEM amount is for all units ordered, not for the `quantity` that is left, as far as Amazon's unit price shows.

    Without a unit price only an amount shows it that all units share evenly and those left do not. Where nothing shows it, it is for those left.
    """
    units, price = amount.minor_units, item.unit_price
    if price is None:
        return units % item.quantity == 0 and units % quantity != 0
    of_all, of_left = (abs(units - price.minor_units * count) for count in (item.quantity, quantity))
    # A unit price is rounded, up or down: less than one smallest unit off for each unit.
    return of_all < min(item.quantity, of_left)


def _shared(part: _Part, units: tuple[int, int]) -> tuple[_Part, _Part]:
    """The same amount and tax as two parts, by units, at one rate."""
    first, second = allocate(part.amount, units)
    if part.tax is None:
        return replace(part, amount=first), replace(part, amount=second)
    tax = part.tax
    taxes = (
        replace(tax, amount=share, net=amount - share if tax.included else amount)
        for amount, share in zip((first, second), allocate(tax.amount, units), strict=True)
    )
    return replace(part, amount=first, tax=next(taxes)), replace(part, amount=second, tax=next(taxes))


def _goods_as_extra(item: OrderItem, part: _Part, quantity: int) -> ExtraTotal:
    """Goods commercetools does not know."""
    return ExtraTotal(
        f"{GOODS_SLUG}{item.order_item_id}", item.title or item.seller_sku, part.amount, part.tax, item, quantity
    )


def _charge(item: OrderItem, part: _Part) -> list[ExtraTotal]:
    if not part.matters():
        return []
    slug = f"{GOODS_SLUG if part.kind == ITEM else f'amazon-{_slug(part.kind)}-'}{item.order_item_id}"
    return [ExtraTotal(slug, _EXTRA_NAMES.get(part.kind, _EXTRA_NAMES["OTHER"]), part.amount, part.tax, item)]


def _promotion(item: OrderItem, part: _Part) -> list[ExtraTotal]:
    if not part.matters():
        return []
    name = "Promotion" if part.kind == ITEM else f"Promotion on {_EXTRA_NAMES.get(part.kind, part.kind).lower()}"
    return [ExtraTotal(f"amazon-promotion-{_slug(part.kind)}-{item.order_item_id}", name, part.amount, part.tax, item)]


def _slug(kind: str) -> str:
    """A breakdown type as part of a slug (`[a-zA-Z0-9_-]{2,256}`); Amazon may add types at any time."""
    return "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in kind.lower())[:40]


def _only_on_the_order(order: AmazonOrder) -> list[ExtraTotal]:
    """The tip and its like: no tax is stated for them and none is made up."""
    return [
        ExtraTotal(f"amazon-order-{_slug(row.type)}", _EXTRA_NAMES.get(row.type, "Other charge"), row.amount, None)
        for row in _order_only_rows(order)
        if row.amount
    ]


def _distinct(extras: list[ExtraTotal]) -> list[ExtraTotal]:
    """The same lines, each slug once: Amazon may state a type twice, and two unknown types may read alike."""
    seen: Counter[str] = Counter()
    distinct: list[ExtraTotal] = []
    for extra in extras:
        slug = extra.slug
        while seen[slug]:
            seen[extra.slug] += 1
            slug = f"{extra.slug}-{seen[extra.slug]}"
        seen[slug] += 1
        distinct.append(replace(extra, slug=slug))
    return distinct


def _difference(reading: Reading) -> list[ExtraTotal]:
    if not reading.difference:
        return []
    return [ExtraTotal("amazon-difference", "Difference to Amazon's total", reading.difference, None)]


def _shipping(parts: list[_Part], currency: str, *, included: bool) -> tuple[ShippingTotal, list[ExtraTotal]]:
    """One shipping amount for the order. Where Amazon collects the tax of some items only, theirs is a line of its own."""
    groups: dict[str, list[_Part]] = {}
    for part in parts:
        groups.setdefault(part.tax.name if part.tax else "", []).append(part)
    totals = [_shipping_group(group, currency, included=included) for _, group in sorted(groups.items())]
    if not totals:
        return ShippingTotal(zero(currency), None), []
    extras = [
        ExtraTotal(f"amazon-shipping-{n}", "Shipping", more.amount, more.tax) for n, more in enumerate(totals[1:], 2)
    ]
    return totals[0], extras


def _shipping_group(parts: list[_Part], currency: str, *, included: bool) -> ShippingTotal:
    amount = total((part.amount for part in parts), currency)
    taxes = [part.tax for part in parts if part.tax is not None]
    if not taxes:
        return ShippingTotal(amount, None)
    if len({tax.rate for tax in taxes}) == 1:
        tax_amount = total((tax.amount for tax in taxes), currency)
        net = total((tax.net for tax in taxes), currency)
        return ShippingTotal(amount, Tax(taxes[0].name, taxes[0].rate, included, tax_amount, net))
    return ShippingTotal(
        amount, _stated_tax(taxes[0].name, amount, total((tax.amount for tax in taxes), currency), included=included)
    )
