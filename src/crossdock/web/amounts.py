"""What the total of an order is made of, as Amazon states it: for each line, and for the whole.

Rule: shown as it is told, kind by kind. Whether the tax is inside the other amounts or on top of them, and which sign a promotion carries, is read
from the total they must explain; where nothing explains it, that is said.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from crossdock.domain.money import Money, total
from crossdock.domain.order import AmazonOrder, OrderItem
from crossdock.domain.order_totals import DISCOUNT, ITEM, SHIPPING, TAX
from crossdock.web import words

KINDS = {ITEM: "goods", DISCOUNT: "promotion", SHIPPING: "shipping", "GIFT_WRAP": "gift wrap", TAX: "tax"}


@dataclass(frozen=True, slots=True)
class Part:
    """One kind of amount of the whole order. `note`: what has to be known to add it up."""

    label: str
    amount: str
    note: str = ""


def parts_of(order: AmazonOrder | None) -> list[Part]:
    """The kinds of amounts of all lines together, and the total they make; empty while Amazon tells no prices."""
    if order is None or order.grand_total is None:
        return []
    sums = _sums(order)
    currencies = {amount.currency for amount in (*sums.values(), order.grand_total)}
    if not sums or len(currencies) > 1:
        return []
    sign, tax_note = _reading(sums, order.grand_total)
    parts = [
        Part(
            _label(kind),
            words.money(-amount if kind == DISCOUNT and sign < 0 else amount),
            tax_note if kind == TAX else "",
        )
        for kind, amount in sums.items()
    ]
    note = "" if tax_note else "the amounts above do not make this total; the case says so where it matters"
    return [*parts, Part("Total", words.money(order.grand_total), note)]


def parts_of_line(item: OrderItem) -> str:
    """What belongs to one line beside its goods: `shipping 4.99 EUR, tax 0.70 EUR`."""
    rows = [(kind, amount) for kind, amount in _rows(item) if kind != ITEM and amount]
    return ", ".join(f"{_label(kind).lower()} {words.money(amount)}" for kind, amount in rows)


def _sums(order: AmazonOrder) -> dict[str, Money]:
    """By kind over all lines, in the order people add them up; then what Amazon states for the order alone, such as a tip."""
    rows = [row for item in order.items for row in _rows(item)]
    of_items = {kind for kind, _ in rows}
    rows += [(row.type, row.amount) for row in order.proceeds if row.type not in of_items]
    kinds = [*(kind for kind in KINDS if kind != TAX), *(kind for kind, _ in rows if kind not in KINDS), TAX]
    found = {kind: [amount for of, amount in rows if of == kind] for kind in dict.fromkeys(kinds)}
    return {kind: _sum(amounts) for kind, amounts in found.items() if amounts}


def _rows(item: OrderItem) -> Iterator[tuple[str, Money]]:
    """The line's amounts; where Amazon gives a unit price only, that price times the units stands for its goods."""
    if item.unit_price is not None and all(row.type != ITEM for row in item.proceeds):
        yield ITEM, Money(item.unit_price.minor_units * item.quantity, item.unit_price.currency)
    for row in item.proceeds:
        yield row.type, row.amount


def _sum(amounts: Iterable[Money]) -> Money:
    rows = list(amounts)
    return total(rows, rows[0].currency)


def _reading(sums: dict[str, Money], grand_total: Money) -> tuple[int, str]:
    """The sign promotions count with, and where the tax is; no note where nothing explains the total."""
    tax, discount = (sums[kind].minor_units if kind in sums else 0 for kind in (TAX, DISCOUNT))
    plain = sum(amount.minor_units for kind, amount in sums.items() if kind not in {TAX, DISCOUNT})
    for sign in (-1, 1) if discount > 0 else (1, -1):
        if plain + sign * discount == grand_total.minor_units:
            return sign, "inside the amounts above"
        if plain + sign * discount + tax == grand_total.minor_units:
            return sign, "on top of the amounts above"
    return 1, ""


def _label(kind: str) -> str:
    """As people call it; a kind we do not know as Amazon spells it."""
    name = KINDS.get(kind) or words.clip(kind, 40).replace("_", " ").lower()
    return words.initial(name)
