"""decide_import(): what becomes of one Amazon order, and where FBA and FBM part.

Pure: the order as Amazon shows it, the order as commercetools shows it, the policy and the time go in; one decision comes out. An order that
Amazon ships carries no address, no stock effect and no state that a warehouse acts on; who fulfils is never guessed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from crossdock.domain.case import Case
from crossdock.domain.ids import OrderNumber, SellerSku
from crossdock.domain.marketplaces import MARKETPLACES
from crossdock.domain.order import NOBODY, AmazonOrder, AmazonStatus, FulfilledBy, ImportedOrder, PersonalData
from crossdock.domain.order_cases import (
    money_cases,
    our_ship_by,
    standing_cases,
    status_unknown,
    time_cases,
    unknown_sku,
    unknown_sku_cases,
)
from crossdock.domain.order_changes import ChangeOrder, plan_changes
from crossdock.domain.order_fields import line_fields_of, order_fields_of
from crossdock.domain.order_lifecycle import LIFECYCLE, Move, left_its_fence, phase_of
from crossdock.domain.order_policy import Known, OrderPolicy, tax_rules, unknown_skus
from crossdock.domain.order_totals import OrderTotals, has_prices, order_totals
from crossdock.domain.timeline import Event

# A waiting order is looked at again by itself this often; news from Amazon wakes it at once.
WAIT_FOR_NEWS = timedelta(minutes=30)


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
        return _ask_status(order, known, policy)
    move = LIFECYCLE[FulfilledBy(order.fulfilled_by), AmazonStatus(order.status), phase_of(known.imported)]
    if known.imported is not None:
        return _decide_existing(order, known, policy, move=move, now=now)
    return _decide_new(order, known, policy, move=move, now=now)


def _never_imported(order: AmazonOrder, known: Known, policy: OrderPolicy) -> Decision | None:
    """The reasons not to import, before its status matters."""
    if known.linked:
        return NeedsPerson(
            Case("order.vanished", {"order_number": policy.order_number(order)}, our_ship_by(order), order.grand_total)
        )
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


def _decide_new(order: AmazonOrder, known: Known, policy: OrderPolicy, *, move: Move, now: datetime) -> Decision:
    unknown = unknown_skus(order, known, policy)
    return (
        _not_to_import(order, policy, move, now)
        or _needs_person(order, known, move, unknown)
        or _import(order, known, policy, move=move, unknown=unknown, now=now)
    )


def _not_to_import(order: AmazonOrder, policy: OrderPolicy, move: Move, now: datetime) -> Wait | OutOfScope | None:
    """Not now, or not at all."""
    if move is Move.WAIT:
        return Wait("waits for Amazon: not ready to ship", now + WAIT_FOR_NEWS)
    if move is Move.IMPORT_FENCED and policy.fba_import == "when_shipped":
        return Wait("waits for Amazon to ship it (fba.import)", now + WAIT_FOR_NEWS)
    if move is Move.LEAVE_OUT and order.status == AmazonStatus.UNFULFILLABLE:
        return OutOfScope("Amazon cannot deliver it, and it was not sold there")
    if move is Move.LEAVE_OUT:
        return OutOfScope("cancelled before it was imported")
    nothing_left = all(item.quantity <= item.quantity_cancelled() for item in order.items)
    if move is Move.IMPORT_TO_SHIP and order.items and nothing_left:
        return OutOfScope("every line was cancelled before it was imported")
    return None


def _needs_person(order: AmazonOrder, known: Known, move: Move, unknown: frozenset[SellerSku]) -> NeedsPerson | None:
    """What stands in the way of an import that would be right otherwise."""
    if move is Move.ASK_STATUS:
        return NeedsPerson(status_unknown(order))
    if not has_prices(order):
        return NeedsPerson(Case("order.price_missing", {"status": order.status}, our_ship_by(order)))
    if move is Move.IMPORT_TO_SHIP and not (known.personal.recipient and known.personal.recipient.deliverable()):
        return NeedsPerson(Case("order.personal_data_masked", {}, order.ship_by_at, order.grand_total))
    if unknown and order.fulfilled_by == FulfilledBy.MERCHANT and move is not Move.IMPORT_CLOSED:
        return NeedsPerson(unknown_sku(order, unknown))
    return None


def _decide_existing(order: AmazonOrder, known: Known, policy: OrderPolicy, *, move: Move, now: datetime) -> Decision:
    imported = known.imported
    assert imported is not None, "an existing order is missing"
    if not known.linked and not is_ours(order, imported):
        return NeedsPerson(
            Case("order.number_taken", {"order_number": imported.order_number}, our_ship_by(order), order.grand_total)
        )
    if move is Move.ASK_STATUS:
        return _ask_status(order, known, policy)
    cases = standing_cases(order, known, policy, move=move, now=now)
    wanted = _fields(order, known.personal)
    change = plan_changes(
        order,
        imported,
        move,
        fields=wanted,
        type_key=policy.order_type,
        sync_channel=policy.sync_channel,
        cases=cases,
        moved_to=known.moved_to,
    )
    return InSync(imported, cases) if change is None else change


def _ask_status(order: AmazonOrder, known: Known, policy: OrderPolicy) -> Decision:
    """A person must say what the status means. The fence does not wait for that: an FBA order that left it is put back at once."""
    case = status_unknown(order)
    imported = known.imported
    if imported is None or order.fulfilled_by != FulfilledBy.AMAZON or not left_its_fence(imported):
        return NeedsPerson(case)
    fields = _fields(order, known.personal)
    fenced = plan_changes(
        order, imported, Move.KEEP, fields=fields, type_key=policy.order_type, sync_channel=None, cases=(case,)
    )
    return NeedsPerson(case) if fenced is None else fenced


def _import(
    order: AmazonOrder, known: Known, policy: OrderPolicy, *, move: Move, unknown: frozenset[SellerSku], now: datetime
) -> ImportOrder:
    to_ship = move is Move.IMPORT_TO_SHIP
    fba = order.fulfilled_by == FulfilledBy.AMAZON
    personal = known.personal if to_ship else NOBODY
    totals = order_totals(order, tax_rules(order, known, policy), as_extras=unknown, to_ship=to_ship)
    order_state = policy.order_state if to_ship else "Complete"
    shipment_state = {
        Move.IMPORT_TO_SHIP: "Pending",
        Move.IMPORT_PARTIAL: "Partial",
        Move.IMPORT_FENCED: "Delayed",
        Move.IMPORT_CLOSED: "Shipped",
    }[move]
    marketplace = MARKETPLACES.get(order.marketplace_id)
    fields = _fields(order, personal)
    if totals.facilitator_tax():
        fields["amazon-facilitator-tax"] = totals.facilitator_tax()
    if invoiced_by := policy.invoiced_by(order):
        fields["amazon-invoiced-by"] = invoiced_by
    cases = (*money_cases(order, totals), *unknown_sku_cases(order, unknown), *time_cases(order, move, now))
    return ImportOrder(
        order=order,
        order_number=policy.order_number(order),
        order_state=order_state,
        shipment_state=shipment_state,
        inventory_mode=policy.inventory_mode_of(order) if to_ship else "None",
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
    case = Case(
        "order.no_stock", {"skus": ", ".join(sorted(skus))}, decision.order.ship_by_at, decision.order.grand_total
    )
    return replace(decision, without_stock=decision.without_stock | skus, cases=(*decision.cases, case))


def _fields(order: AmazonOrder, personal: PersonalData) -> dict[str, object]:
    marketplace = MARKETPLACES.get(order.marketplace_id)
    return order_fields_of(order, personal, marketplace.name if marketplace else "")


def _customer_key(order: AmazonOrder, customer: str) -> str | None:
    """One anonymous customer per marketplace, or none: Amazon's buyers are Amazon's customers."""
    return f"amazon-{order.marketplace_id}" if customer == "anonymous" else None


def is_ours(order: AmazonOrder, imported: ImportedOrder) -> bool:
    """Whether an order found under our number is this Amazon order: by its field, or by the keys of its lines."""
    return is_order(imported, order.order_id, frozenset(item.order_item_id for item in order.items))


def is_order(imported: ImportedOrder, order_id: str, item_ids: frozenset[str]) -> bool:
    """The same, of an order of which no more is known than its id and the ids of its items."""
    stated = imported.fields.get("amazon-order-id")
    if stated is not None:
        return stated == order_id
    return not item_ids.isdisjoint(line.key for line in imported.lines)
