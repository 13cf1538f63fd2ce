"""decide_import(): what becomes of one Amazon order, and where FBA and FBM part.

Pure: the order as Amazon shows it, the order as commercetools shows it, the policy and the time go in; one decision comes out. An order that
Amazon ships carries no address, no stock effect and no state that a warehouse acts on; who fulfils is never guessed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal

from crossdock.domain.case import Case
from crossdock.domain.ids import MarketplaceId, OrderNumber, SellerSku
from crossdock.domain.marketplaces import MARKETPLACES
from crossdock.domain.order import NOBODY, AmazonOrder, AmazonStatus, FulfilledBy, ImportedOrder, PersonalData
from crossdock.domain.order_changes import ChangeOrder, plan_changes
from crossdock.domain.order_fields import line_fields_of, order_fields_of
from crossdock.domain.order_lifecycle import LIFECYCLE, Move, phase_of
from crossdock.domain.order_totals import OrderTotals, TaxRules, has_prices, order_totals
from crossdock.domain.timeline import Event

# A waiting order is looked at again by itself this often; news from Amazon wakes it at once.
WAIT_FOR_NEWS = timedelta(minutes=30)
# Amazon keeps an address for FBM orders only; personal data goes this long after delivery (Data Protection Policy).
ERASE_AFTER_DELIVERY = timedelta(days=30)
# Without any delivery date: the longest delivery window Amazon offers is weeks; counted from the last news of the order.
DELIVERY_ASSUMED_AFTER = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class OrderPolicy:
    """What the merchant decided about orders; `crossdock.example.toml` explains every field."""

    import_from: datetime
    marketplaces: frozenset[MarketplaceId]
    number_prefix: str = ""
    order_state: str = "Open"
    inventory_mode: str = "TrackOnly"
    supply_channel: str | None = None
    fba_import: str = "always"
    customer_fbm: str = "none"
    customer_fba: str = "anonymous"
    dispatch_programs: frozenset[str] = frozenset()
    sku_aliases: Mapping[SellerSku, SellerSku] = field(default_factory=dict)
    tax_included: Mapping[MarketplaceId, bool] = field(default_factory=dict)
    tax_rates: Mapping[MarketplaceId, Decimal] = field(default_factory=dict)
    order_type: str = "crossdock-amazon-order"
    line_type: str = "crossdock-amazon-line"
    sync_channel: str | None = None

    def order_number(self, order: AmazonOrder) -> OrderNumber:
        """The order number in commercetools: Amazon's own id, behind the prefix fixed at the first import."""
        return OrderNumber(self.number_prefix + order.order_id)

    def commerce_sku(self, seller_sku: SellerSku) -> SellerSku:
        """The SKU in commercetools for a seller SKU on Amazon."""
        return self.sku_aliases.get(seller_sku, seller_sku)


@dataclass(frozen=True, slots=True)
class Variant:
    """A product variant in commercetools: its tax rates by ISO country, as shares, where the price includes them."""

    sku: SellerSku
    rates: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Known:
    """What commercetools and our store hold about the order now. `linked`: we imported it once."""

    imported: ImportedOrder | None = None
    linked: bool = False
    variants: Mapping[SellerSku, Variant] = field(default_factory=dict)
    personal: PersonalData = NOBODY


@dataclass(frozen=True, slots=True)
class ImportOrder:
    """Write this order. `without_stock`: SKUs whose line is imported with inventory mode None, because there is no entry to take from."""

    order: AmazonOrder
    order_number: OrderNumber
    order_state: str
    shipment_state: str
    inventory_mode: str
    supply_channel: str | None
    country: str
    language: str
    order_type: str
    line_type: str
    customer_key: str | None
    totals: OrderTotals
    fields: Mapping[str, object]
    line_fields: Mapping[str, Mapping[str, object]]
    commerce_skus: Mapping[SellerSku, SellerSku]
    personal: PersonalData
    sync_channel: str | None = None
    cases: tuple[Case, ...] = ()
    events: tuple[Event, ...] = ()
    without_stock: frozenset[SellerSku] = frozenset()


@dataclass(frozen=True, slots=True)
class InSync:
    """Both sides agree, but for the cases named."""

    imported: ImportedOrder
    cases: tuple[Case, ...] = ()


@dataclass(frozen=True, slots=True)
class OutOfScope:
    """Not ours to import; counted and listed."""

    reason: str


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to do before `until`, or before news."""

    reason: str
    until: datetime


@dataclass(frozen=True, slots=True)
class NeedsPerson:
    """Nothing is written; a person must look first."""

    case: Case


Decision = ImportOrder | ChangeOrder | InSync | OutOfScope | Wait | NeedsPerson


def decide_import(order: AmazonOrder, known: Known, policy: OrderPolicy, now: datetime) -> Decision:
    """What to do about one Amazon order now."""
    if known.imported is None:
        held = _never_imported(order, known, policy)
        if held is not None:
            return held
    if order.fulfilled_by not in set(FulfilledBy) or order.status not in set(AmazonStatus):
        return NeedsPerson(_status_unknown(order))
    move = LIFECYCLE[FulfilledBy(order.fulfilled_by), AmazonStatus(order.status), phase_of(known.imported)]
    if known.imported is not None:
        return _decide_existing(order, known, policy, move, now)
    return _decide_new(order, known, policy, move, now)


def needs_address(order: AmazonOrder) -> bool:
    """Whether the next step needs to know where the order goes: only FBM, only while it is to be shipped."""
    return order.fulfilled_by == FulfilledBy.MERCHANT and order.status == AmazonStatus.UNSHIPPED


def may_hold_personal_data(order: AmazonOrder) -> bool:
    """Whether we may keep the buyer's data at all: an FBM order of Amazon's own channel that is still to be shipped."""
    to_ship = {AmazonStatus.PENDING, AmazonStatus.PENDING_AVAILABILITY, AmazonStatus.UNSHIPPED, AmazonStatus.PARTIALLY_SHIPPED}
    return order.fulfilled_by == FulfilledBy.MERCHANT and order.channel_name == "AMAZON" and order.status in to_ship


def erase_at(order: AmazonOrder) -> datetime:
    """When the buyer's data must be gone: 30 days after delivery, after the latest delivery date while that is unknown, at once where nothing is sent."""
    if order.status == AmazonStatus.CANCELLED:
        return order.updated_at
    if order.delivered:
        return order.updated_at + ERASE_AFTER_DELIVERY
    delivery_at = order.deliver_by_at or order.ship_by_at or order.updated_at + DELIVERY_ASSUMED_AFTER
    return delivery_at + ERASE_AFTER_DELIVERY


def _never_imported(order: AmazonOrder, known: Known, policy: OrderPolicy) -> Decision | None:
    """The reasons not to import, before its status matters."""
    if known.linked:
        return NeedsPerson(Case("order.vanished", {"order_number": policy.order_number(order)}, _our_ship_by(order), order.grand_total))
    if order.channel_name != "AMAZON":
        return OutOfScope("an order of another sales channel that Amazon only ships")
    if order.created_at < policy.import_from:
        return OutOfScope("bought before orders.import_from")
    if order.marketplace_id not in policy.marketplaces:
        return OutOfScope("a marketplace that is not part of this connection")
    unsupported = set(order.programs) & {"IN_STORE_PICK_UP", "AMAZON_EASY_SHIP"} - policy.dispatch_programs
    if unsupported and order.status not in {AmazonStatus.CANCELLED, AmazonStatus.SHIPPED}:
        facts = {"program": min(unsupported)}
        return NeedsPerson(Case("order.program_unsupported", facts, order.ship_by_at, order.grand_total))
    return None


def _decide_new(order: AmazonOrder, known: Known, policy: OrderPolicy, move: Move, now: datetime) -> Decision:
    if move is Move.WAIT:
        return Wait("waits for Amazon: not ready to ship", now + WAIT_FOR_NEWS)
    if move is Move.LEAVE_OUT:
        undelivered = order.status == AmazonStatus.UNFULFILLABLE
        return OutOfScope("Amazon cannot deliver it, and it was not sold there" if undelivered else "cancelled before it was imported")
    if move is Move.ASK_STATUS:
        return NeedsPerson(_status_unknown(order))
    if move is Move.IMPORT_FENCED and policy.fba_import == "when_shipped":
        return Wait("waits for Amazon to ship it (fba.import)", now + WAIT_FOR_NEWS)
    if move is Move.IMPORT_TO_SHIP and order.items and all(item.quantity <= item.quantity_cancelled() for item in order.items):
        return OutOfScope("every line was cancelled before it was imported")
    if not has_prices(order):
        return NeedsPerson(Case("order.price_missing", {"status": order.status}, _our_ship_by(order)))
    if move is Move.IMPORT_TO_SHIP and not (known.personal.recipient and known.personal.recipient.deliverable()):
        return NeedsPerson(Case("order.personal_data_masked", {}, order.ship_by_at, order.grand_total))
    unknown = _unknown_skus(order, known, policy)
    if unknown and order.fulfilled_by == FulfilledBy.MERCHANT and move is not Move.IMPORT_CLOSED:
        return NeedsPerson(_unknown_sku(order, unknown))
    return _import(order, known, policy, move, unknown, now)


def _decide_existing(order: AmazonOrder, known: Known, policy: OrderPolicy, move: Move, now: datetime) -> Decision:
    imported = known.imported
    assert imported is not None, "an existing order is missing"
    if not known.linked and not _is_ours(order, imported):
        return NeedsPerson(Case("order.number_taken", {"order_number": imported.order_number}, _our_ship_by(order), order.grand_total))
    if move is Move.ASK_STATUS:
        return NeedsPerson(_status_unknown(order))
    cases = _standing_cases(order, known, policy, move, now)
    wanted = _fields(order, policy, known.personal)
    change = plan_changes(
        order, imported, move, fields=wanted, type_key=policy.order_type, sync_channel=policy.sync_channel, cases=cases
    )
    return InSync(imported, cases) if change is None else change


def _import(
    order: AmazonOrder, known: Known, policy: OrderPolicy, move: Move, unknown: frozenset[SellerSku], now: datetime
) -> ImportOrder:
    to_ship = move is Move.IMPORT_TO_SHIP
    fba = order.fulfilled_by == FulfilledBy.AMAZON
    personal = known.personal if to_ship else NOBODY
    totals = order_totals(order, _tax_rules(order, known, policy), as_extras=unknown, to_ship=to_ship)
    order_state = policy.order_state if to_ship else "Complete"
    shipment_state = {
        Move.IMPORT_TO_SHIP: "Pending",
        Move.IMPORT_PARTIAL: "Partial",
        Move.IMPORT_FENCED: "Delayed",
        Move.IMPORT_CLOSED: "Shipped",
    }[move]
    marketplace = MARKETPLACES.get(order.marketplace_id)
    fields = _fields(order, policy, personal)
    if totals.facilitator_tax():
        fields["amazon-facilitator-tax"] = totals.facilitator_tax()
    cases = (*_money_cases(order, totals), *_unknown_sku_cases(order, unknown), *_time_cases(order, move, now))
    return ImportOrder(
        order=order,
        order_number=policy.order_number(order),
        order_state=order_state,
        shipment_state=shipment_state,
        inventory_mode=policy.inventory_mode if to_ship else "None",
        supply_channel=policy.supply_channel if to_ship else None,
        country=marketplace.country if marketplace else "US",
        language=marketplace.language if marketplace else "en",
        order_type=policy.order_type,
        line_type=policy.line_type,
        customer_key=_customer_key(order, policy.customer_fba if fba else policy.customer_fbm),
        totals=totals,
        fields=fields,
        line_fields={item.order_item_id: line_fields_of(item, personal) for item in order.items},
        commerce_skus={item.seller_sku: policy.commerce_sku(item.seller_sku) for item in order.items},
        personal=personal,
        sync_channel=policy.sync_channel,
        cases=cases,
        events=(Event("order.amounts_read", {"reading": totals.reading.sentence()}),),
    )


def without_stock(decision: ImportOrder, skus: frozenset[SellerSku]) -> ImportOrder:
    """The same import with no stock effect on these SKUs, and the case that says so: a ship-by date does not wait."""
    case = Case("order.no_stock", {"skus": ", ".join(sorted(skus))}, decision.order.ship_by_at, decision.order.grand_total)
    return replace(decision, without_stock=decision.without_stock | skus, cases=(*decision.cases, case))


def _fields(order: AmazonOrder, policy: OrderPolicy, personal: PersonalData) -> dict[str, object]:
    marketplace = MARKETPLACES.get(order.marketplace_id)
    return order_fields_of(order, personal, marketplace.name if marketplace else "")


def _tax_rules(order: AmazonOrder, known: Known, policy: OrderPolicy) -> TaxRules:
    marketplace = MARKETPLACES.get(order.marketplace_id)
    recipient = known.personal.recipient
    country = recipient.country if recipient and recipient.country else (marketplace.country if marketplace else "")
    rates = {
        item.seller_sku: variant.rates[country]
        for item in order.items
        if (variant := known.variants.get(policy.commerce_sku(item.seller_sku))) is not None and country in variant.rates
    }
    usual = marketplace.tax_included if marketplace else True
    return TaxRules(
        tax_included=policy.tax_included.get(order.marketplace_id, usual),
        rate_by_sku=rates,
        default_rate=policy.tax_rates.get(order.marketplace_id),
    )


def _unknown_skus(order: AmazonOrder, known: Known, policy: OrderPolicy) -> frozenset[SellerSku]:
    return frozenset(sku for sku in order.skus() if policy.commerce_sku(sku) not in known.variants)


def _customer_key(order: AmazonOrder, customer: str) -> str | None:
    """One anonymous customer per marketplace, or none: Amazon's buyers are Amazon's customers."""
    return f"amazon-{order.marketplace_id}" if customer == "anonymous" else None


def _is_ours(order: AmazonOrder, imported: ImportedOrder) -> bool:
    """Whether an order found under our number is this Amazon order: by its field, or by the keys of its lines."""
    stated = imported.fields.get("amazon-order-id")
    if stated is not None:
        return stated == order.order_id
    return bool({line.key for line in imported.lines} & {item.order_item_id for item in order.items})


def _status_unknown(order: AmazonOrder) -> Case:
    facts = {"status": order.status[:64], "fulfilled_by": order.fulfilled_by[:64]}
    return Case("order.status_unknown", facts, order.ship_by_at, order.grand_total)


def _unknown_sku(order: AmazonOrder, unknown: frozenset[SellerSku]) -> Case:
    return Case("order.unknown_sku", {"skus": ", ".join(sorted(unknown))[:500]}, _our_ship_by(order), order.grand_total)


def _our_ship_by(order: AmazonOrder) -> datetime | None:
    """The ship-by date where it is ours to keep: not of an order Amazon ships, and not of one that is shipped."""
    return None if order.fulfilled_by == FulfilledBy.AMAZON or order.status == AmazonStatus.SHIPPED else order.ship_by_at


def _unknown_sku_cases(order: AmazonOrder, unknown: frozenset[SellerSku]) -> tuple[Case, ...]:
    return (_unknown_sku(order, unknown),) if unknown else ()


def _money_cases(order: AmazonOrder, totals: OrderTotals) -> tuple[Case, ...]:
    cases: list[Case] = []
    if totals.reading.difference:
        facts = {"difference": str(totals.reading.difference), "grand_total": str(order.grand_total)}
        cases.append(Case("order.total_mismatch", facts, None, totals.reading.difference))
    if totals.untaxed_skus:
        cases.append(Case("order.tax_unmapped", {"skus": ", ".join(sorted(totals.untaxed_skus))[:500]}, None, order.grand_total))
    return tuple(cases)


def _time_cases(order: AmazonOrder, move: Move, now: datetime) -> tuple[Case, ...]:
    """What a person must know about the deadline of an order that is still to be shipped, wholly or in part."""
    cases: list[Case] = []
    if move is Move.IMPORT_PARTIAL:
        cases.append(Case("order.late_to_import", {"why": "partly shipped before it was imported"}, order.ship_by_at, order.grand_total))
    elif move is Move.IMPORT_TO_SHIP and order.ship_by_at is not None and order.ship_by_at < now:
        cases.append(Case("order.late_to_import", {"why": "first seen after its ship-by date"}, order.ship_by_at, order.grand_total))
    if move is Move.IMPORT_TO_SHIP and order.cancellation_requested():
        cases.append(Case("order.cancellation_requested", {}, order.ship_by_at, order.grand_total))
    return tuple(cases)


def _standing_cases(order: AmazonOrder, known: Known, policy: OrderPolicy, move: Move, now: datetime) -> tuple[Case, ...]:
    """What still needs a person about an order that is in commercetools. What is not named here any more closes."""
    imported = known.imported
    assert imported is not None, "an existing order is missing"
    totals = None
    if has_prices(order):
        unknown = _unknown_skus(order, known, policy)
        totals = order_totals(order, _tax_rules(order, known, policy), as_extras=unknown, to_ship=False)
    cases: list[Case] = []
    if totals is not None and totals.reading.difference:
        cases.extend(_money_cases(order, replace(totals, untaxed_skus=())))
    untaxed = sorted(line.sku or line.key for line in imported.lines if line.lacks_tax)
    if untaxed and totals is not None and totals.reading.tax_included:
        cases.append(Case("order.tax_unmapped", {"skus": ", ".join(untaxed)[:500]}, None, order.grand_total))
    cases.extend(_unknown_sku_cases(order, _unknown_skus(order, known, policy)))
    cases.extend(_lifecycle_cases(order, imported, policy, move, now))
    return tuple(cases)


def _lifecycle_cases(
    order: AmazonOrder, imported: ImportedOrder, policy: OrderPolicy, move: Move, now: datetime
) -> tuple[Case, ...]:
    if move is Move.ASK_CANCELLED_AFTER_SHIPMENT:
        return (Case("order.cancelled_after_shipment", {}, None, order.grand_total),)
    if move is Move.ASK_CANCELLED_IN_SHOP:
        return (Case("order.cancelled_in_shop", {}, order.ship_by_at, order.grand_total),)
    to_ship = order.fulfilled_by == FulfilledBy.MERCHANT and order.status in {AmazonStatus.UNSHIPPED, AmazonStatus.PARTIALLY_SHIPPED}
    if not to_ship or phase_of(imported) in {"shipped", "cancelled"}:
        return ()
    cases: list[Case] = []
    if order.cancellation_requested():
        cases.append(Case("order.cancellation_requested", {}, order.ship_by_at, order.grand_total))
    if _quantities_changed(order, imported):
        cases.append(Case("order.changed_before_shipment", {}, order.ship_by_at, order.grand_total))
    stockless = sorted(line.sku for line in imported.lines if line.sku and line.inventory_mode == "None")
    if stockless and policy.inventory_mode != "None" and imported.order_state != "Complete":
        cases.append(Case("order.no_stock", {"skus": ", ".join(stockless)[:500]}, order.ship_by_at, order.grand_total))
    if imported.order_state == "Complete" and phase_of(imported) == "partial":
        cases.append(Case("order.late_to_import", {"why": "partly shipped before it was imported"}, order.ship_by_at, order.grand_total))
    elif order.ship_by_at is not None and order.ship_by_at < now and phase_of(imported) == "open":
        cases.append(Case("order.late_to_import", {"why": "its ship-by date has passed"}, order.ship_by_at, order.grand_total))
    return tuple(cases)


def _quantities_changed(order: AmazonOrder, imported: ImportedOrder) -> bool:
    """Whether somebody who packs by the lines in commercetools would pack wrongly."""
    packed = {line.key: line.quantity for line in imported.lines if not line.custom}
    wanted = {str(item.order_item_id): item.quantity - item.quantity_cancelled() for item in order.items}
    return any(wanted.get(key, 0) != quantity for key, quantity in packed.items())
