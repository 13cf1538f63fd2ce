"""What each side holds of one order, row by row beside each other, and the raw facts behind it.

Rule: every personal field is masked. Amazon's snapshot has none; of the order in commercetools, the address and the e-mail, gift messages and
whatever else is marked personal in `order_fields.py` are shown as being there, never as what they say.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime

from crossdock.domain.desk import OrderSheet
from crossdock.domain.money import Money
from crossdock.domain.order import AmazonOrder, ImportedLine, ImportedOrder, OrderItem
from crossdock.domain.order_fields import PERSONAL_LINE_FIELDS, PERSONAL_ORDER_FIELDS
from crossdock.web import words
from crossdock.web.amounts import parts_of_line

# Beyond this an order is no longer looked at fact by fact.
FACTS_MAX = 500
MASKED = "masked"
# How the keys of lines begin that the import makes of Amazon's amounts, and what they are.
_OF_OUR_MAKING = {"amazon-promotion-": "promotion", "amazon-shipping-": "shipping", "amazon-gift-wrap-": "gift wrap"}
_PERSONAL = frozenset((*PERSONAL_ORDER_FIELDS, *PERSONAL_LINE_FIELDS))


@dataclass(frozen=True, slots=True)
class Commerce:
    """The side of commercetools: the order, or the sentence that stands in its place. `is_trouble`: it should not be so."""

    order: ImportedOrder | None = None
    sentence: str = ""
    asked: bool = True
    is_trouble: bool = False


NOT_ASKED = Commerce(asked=False, sentence="Reading commercetools …")


@dataclass(frozen=True, slots=True)
class Side:
    """One row: what both sides say. `differs`: they say different things about what should be the same."""

    label: str
    amazon: str
    commercetools: str
    differs: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the order on both sides; empty where a side does not have it. `seller_sku`: as Amazon tells it, uncut."""

    sku: str
    title: str
    on_amazon: str
    price: str
    amounts: str
    in_commercetools: str
    stock: str
    differs: bool
    seller_sku: str = ""


def compare(sheet: OrderSheet, commerce: Commerce) -> list[Side]:
    """Both sides, what a person asks first at the top. A side that was not read says nothing and differs from nothing."""
    order, imported = sheet.order, commerce.order
    held = imported.fields if imported else {}
    pairs = [
        Side("Status", sheet.row.status, _state(imported)),
        _same("Amazon's status there", sheet.row.status, _text(held.get("amazon-status")), imported),
        _same("Fulfilled by", sheet.row.fulfilled_by, _text(held.get("amazon-fulfilled-by")), imported),
        _same("Total", _amount(sheet.row.total), _amount(imported.total_gross if imported else None), imported),
        _same("Units", _units(order), _units_imported(imported), imported),
        _same("Ship by", _text(sheet.row.ship_by_at), _text(held.get("amazon-ship-by")), imported),
        Side("Marketplace", words.marketplace(sheet.row.marketplace_id), _text(held.get("amazon-marketplace"))),
        Side("Programmes", ", ".join(order.programs) if order else "", _text(held.get("amazon-programs"))),
        Side("Stock effect", "", (imported.inventory_mode or "as each line says") if imported else ""),
        Side("Address", _kept_apart(sheet), ("there, masked" if imported.has_address else "none") if imported else ""),
        Side(
            "E-mail",
            _kept_apart(sheet),
            (words.masked_email(imported.customer_email) if imported.customer_email else "none") if imported else "",
        ),
        Side(
            "Known as",
            sheet.row.record_id,
            f"{imported.order_number}, version {imported.version}" if imported else _link(sheet),
        ),
    ]
    return [Side(side.label, words.clip(side.amazon), words.clip(side.commercetools), side.differs) for side in pairs]


def compare_lines(sheet: OrderSheet, commerce: Commerce) -> list[Line]:
    """Amazon's lines with their counterparts; then what only commercetools has, such as a tip."""
    held = {line.key: line for line in commerce.order.lines} if commerce.order else {}
    items = sheet.order.items if sheet.order else ()
    lines = [_line(item, held.pop(item.order_item_id, None), was_read=commerce.order is not None) for item in items]
    return lines + [_line_of_theirs(line) for line in held.values()]


def amazon_facts(sheet: OrderSheet) -> list[tuple[str, str]]:
    """Amazon's snapshot, fact by fact; it never holds personal data."""
    return facts_of(sheet.order)


def commercetools_facts(commerce: Commerce) -> list[tuple[str, str]]:
    """The order in commercetools, fact by fact, every personal one masked."""
    return [(path, _masked(path, value)) for path, value in facts_of(commerce.order)]


def facts_of(record: object) -> list[tuple[str, str]]:
    """A record of ours, fact by fact; nothing in it is masked."""
    found: list[tuple[str, str]] = []
    for path, value in _walk(record, ""):
        if len(found) == FACTS_MAX:
            found.append(("…", f"more than {FACTS_MAX} facts; the rest is not shown"))
            break
        found.append((words.clip(path, 120), words.clip(value)))
    return found


def _same(label: str, amazon: str, commercetools: str, imported: ImportedOrder | None) -> Side:
    return Side(label, amazon, commercetools, differs=imported is not None and amazon != commercetools)


def _state(imported: ImportedOrder | None) -> str:
    return f"{imported.order_state}, shipment {imported.shipment_state or 'not set'}" if imported else ""


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return f"{words.moment(value)} UTC"
    return ", ".join(map(str, value)) if isinstance(value, tuple | list) else "" if value is None else str(value)


def _amount(amount: Money | None) -> str:
    return words.money(amount) if amount is not None else ""


def _units(order: AmazonOrder | None) -> str:
    return f"{sum(item.quantity for item in order.items)} in {words.counted(len(order.items), 'line')}" if order else ""


def _units_imported(imported: ImportedOrder | None) -> str:
    lines = [line for line in imported.lines if line.key and not line.key.startswith("amazon-")] if imported else []
    return f"{sum(line.quantity for line in lines)} in {words.counted(len(lines), 'line')}" if imported else ""


def _kept_apart(sheet: OrderSheet) -> str:
    return "sealed apart, erased after delivery" if sheet.row.fulfilled_by == "MERCHANT" else "never kept"


def _link(sheet: OrderSheet) -> str:
    return f"{sheet.link.order_number}, version {sheet.link.version} when last written" if sheet.link else ""


def _line(item: OrderItem, line: ImportedLine | None, *, was_read: bool) -> Line:
    parts = [f"{item.quantity} ordered"]
    parts += [f"{item.quantity_fulfilled} shipped"] if item.quantity_fulfilled else []
    parts += [f"{item.quantity_cancelled()} cancelled"] if item.quantity_cancelled() else []
    return Line(
        sku=words.clip(item.seller_sku, 80),
        title=words.clip(item.title, 120),
        on_amazon=", ".join(parts),
        price=_amount(item.unit_price),
        amounts=words.clip(parts_of_line(item)),
        in_commercetools=str(line.quantity) if line else "",
        stock=_stock(line) if line else "",
        differs=was_read and (line is None or line.quantity != item.quantity),
        seller_sku=item.seller_sku,
    )


def _line_of_theirs(line: ImportedLine) -> Line:
    ours = next((name for slug, name in _OF_OUR_MAKING.items() if line.key.startswith(slug)), "")
    return Line(
        sku=words.clip(line.sku or line.key, 80),
        title=f"{ours}: Amazon states it with its lines, above" if ours else "only in commercetools",
        on_amazon="",
        price="",
        amounts="",
        in_commercetools=str(line.quantity),
        stock=_stock(line),
        differs=False,
    )


def _stock(line: ImportedLine) -> str:
    return (
        "custom line" if line.custom else f"stock: {words.clip(line.inventory_mode, 40)}" if line.inventory_mode else ""
    )


def _walk(value: object, path: str) -> Iterator[tuple[str, str]]:
    """Every leaf of a record with its path, what is empty left out."""
    if isinstance(value, Money):
        yield path, words.money(value)
    elif is_dataclass(value) and not isinstance(value, type):
        yield from _walk_named(((field.name, getattr(value, field.name)) for field in fields(value)), path)
    elif isinstance(value, Mapping):
        yield from _walk_named(value.items(), path)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        yield from _walk_named(((str(n), part) for n, part in enumerate(value, 1)), path)
    elif value not in {None, ""}:
        yield path, _text(value)


def _walk_named(parts: Iterable[tuple[str, object]], path: str) -> Iterator[tuple[str, str]]:
    for name, part in parts:
        yield from _walk(part, f"{path} › {name}" if path else name)  # noqa: RUF001 - a path of headings


def _masked(path: str, value: str) -> str:
    name = path.rpartition(" › ")[2]  # noqa: RUF001 - as above
    if name == "customer_email":
        return words.masked_email(value)
    return MASKED if _PERSONAL.intersection(path.split(" › ")) else value  # noqa: RUF001 - as above
