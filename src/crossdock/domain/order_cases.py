"""What needs a person about an order: each finding as a case, with its deadline and the money at stake."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from crossdock.domain.case import Case
from crossdock.domain.ids import SellerSku
from crossdock.domain.order import AmazonOrder, AmazonStatus, FulfilledBy, ImportedOrder
from crossdock.domain.order_lifecycle import Move, phase_of
from crossdock.domain.order_policy import Known, OrderPolicy, tax_rules, unknown_skus
from crossdock.domain.order_totals import GOODS_SLUG, OrderTotals, has_prices, order_totals


def standing_cases(
    order: AmazonOrder, known: Known, policy: OrderPolicy, *, move: Move, now: datetime
) -> tuple[Case, ...]:
    """What still needs a person about an order that is in commercetools. What is not named here any more closes."""
    imported = known.imported
    assert imported is not None, "an existing order is missing"
    totals = None
    if has_prices(order):
        unknown = unknown_skus(order, known, policy)
        totals = order_totals(order, tax_rules(order, known, policy), as_extras=unknown, to_ship=False)
    cases: list[Case] = []
    if totals is not None and totals.reading.difference:
        cases.extend(money_cases(order, replace(totals, untaxed_skus=())))
    untaxed = _untaxed_skus(order, imported)
    if untaxed and totals is not None:
        cases.append(Case("order.tax_unmapped", {"skus": ", ".join(untaxed)[:500]}, None, order.grand_total))
    cases.extend(unknown_sku_cases(order, unknown_skus(order, known, policy)))
    cases.extend(_lifecycle_cases(order, imported, policy, move=move, now=now))
    return tuple(cases)


def status_unknown(order: AmazonOrder) -> Case:
    """Amazon tells a status, or a fulfiller, that we do not know."""
    facts = {"status": order.status[:64], "fulfilled_by": order.fulfilled_by[:64]}
    return Case("order.status_unknown", facts, order.ship_by_at, order.grand_total)


def unknown_sku(order: AmazonOrder, unknown: frozenset[SellerSku]) -> Case:
    """commercetools lacks these SKUs."""
    return Case("order.unknown_sku", {"skus": ", ".join(sorted(unknown))[:500]}, our_ship_by(order), order.grand_total)


def unknown_sku_cases(order: AmazonOrder, unknown: frozenset[SellerSku]) -> tuple[Case, ...]:
    """The same, where there are any."""
    return (unknown_sku(order, unknown),) if unknown else ()


def money_cases(order: AmazonOrder, totals: OrderTotals) -> tuple[Case, ...]:
    """What finance must know about the order's amounts."""
    cases: list[Case] = []
    if totals.reading.difference:
        facts = {"difference": str(totals.reading.difference), "grand_total": str(order.grand_total)}
        cases.append(Case("order.total_mismatch", facts, None, totals.reading.difference))
    if totals.untaxed_skus:
        cases.append(
            Case("order.tax_unmapped", {"skus": ", ".join(sorted(totals.untaxed_skus))[:500]}, None, order.grand_total)
        )
    return tuple(cases)


def time_cases(order: AmazonOrder, move: Move, now: datetime) -> tuple[Case, ...]:
    """What a person must know about the deadline of an order that is still to be shipped, wholly or in part."""
    cases: list[Case] = []
    if move is Move.IMPORT_PARTIAL:
        cases.append(_late(order, "partly shipped before it was imported"))
    elif move is Move.IMPORT_TO_SHIP and order.ship_by_at is not None and order.ship_by_at < now:
        cases.append(_late(order, "first seen after its ship-by date"))
    if move is Move.IMPORT_TO_SHIP and order.cancellation_requested():
        cases.append(Case("order.cancellation_requested", {}, order.ship_by_at, order.grand_total))
    return tuple(cases)


def _lifecycle_cases(
    order: AmazonOrder, imported: ImportedOrder, policy: OrderPolicy, *, move: Move, now: datetime
) -> tuple[Case, ...]:
    if move is Move.ASK_CANCELLED_AFTER_SHIPMENT:
        return (Case("order.cancelled_after_shipment", {}, None, order.grand_total),)
    if move is Move.ASK_CANCELLED_IN_SHOP:
        return (Case("order.cancelled_in_shop", {}, order.ship_by_at, order.grand_total),)
    to_ship = order.fulfilled_by == FulfilledBy.MERCHANT and order.status in {
        AmazonStatus.UNSHIPPED,
        AmazonStatus.PARTIALLY_SHIPPED,
    }
    if not to_ship or phase_of(imported) in {"shipped", "cancelled"}:
        return ()
    cases: list[Case] = []
    if order.cancellation_requested():
        cases.append(Case("order.cancellation_requested", {}, order.ship_by_at, order.grand_total))
    if _quantities_changed(order, imported):
        cases.append(Case("order.changed_before_shipment", {}, order.ship_by_at, order.grand_total))
    stockless = sorted(line.sku for line in imported.lines if line.sku and line.inventory_mode == "None")
    if stockless and policy.inventory_mode_of(order) != "None" and imported.order_state != "Complete":
        cases.append(Case("order.no_stock", {"skus": ", ".join(stockless)[:500]}, order.ship_by_at, order.grand_total))
    if imported.order_state == "Complete" and phase_of(imported) == "partial":
        cases.append(_late(order, "partly shipped before it was imported"))
    elif order.ship_by_at is not None and order.ship_by_at < now and phase_of(imported) == "open":
        cases.append(_late(order, "its ship-by date has passed"))
    return tuple(cases)


def _untaxed_skus(order: AmazonOrder, imported: ImportedOrder) -> list[str]:
    """What stands in commercetools without a tax rate, by Amazon's SKU as the import named it. Goods that cost nothing have no tax to lack."""
    free = {
        item.order_item_id
        for item in order.items
        if not item.unit_price and not any(row.amount for row in item.proceeds)
    }
    return sorted(
        str(line.fields.get("amazon-seller-sku") or line.sku or line.key)
        for line in imported.lines
        if line.lacks_tax and line.key.removeprefix(GOODS_SLUG) not in free
    )


def _late(order: AmazonOrder, why: str) -> Case:
    return Case("order.late_to_import", {"why": why}, order.ship_by_at, order.grand_total)


def _quantities_changed(order: AmazonOrder, imported: ImportedOrder) -> bool:
    """Whether somebody who packs by the lines in commercetools would pack wrongly."""
    packed = {line.key: line.quantity for line in imported.lines if not line.custom}
    wanted = {str(item.order_item_id): item.quantity - item.quantity_cancelled() for item in order.items}
    return any(wanted.get(key, 0) != quantity for key, quantity in packed.items())


def our_ship_by(order: AmazonOrder) -> datetime | None:
    """The ship-by date where it is ours to keep: not of an order Amazon ships, and not of one that is shipped."""
    return (
        None if order.fulfilled_by == FulfilledBy.AMAZON or order.status == AmazonStatus.SHIPPED else order.ship_by_at
    )
