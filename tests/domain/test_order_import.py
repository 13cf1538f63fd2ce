"""decide_import(): every order gets one answer, Amazon's orders stay behind the fence, and a second look finds nothing left to do."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from crossdock.domain.ids import MarketplaceId, SellerSku
from crossdock.domain.order import (
    NOBODY,
    AmazonOrder,
    AmazonStatus,
    FulfilledBy,
    ImportedOrder,
    PersonalData,
    Recipient,
)
from crossdock.domain.order_changes import LIVING_FIELDS, LIVING_LINE_FIELDS, ChangeOrder
from crossdock.domain.order_fields import PERSONAL_LINE_FIELDS, PERSONAL_ORDER_FIELDS, line_fields_of
from crossdock.domain.order_import import (
    Decision,
    ImportOrder,
    InSync,
    NeedsPerson,
    OutOfScope,
    Wait,
    decide_import,
    without_stock,
)
from crossdock.domain.order_lifecycle import WAREHOUSE_ORDER_STATES, WAREHOUSE_SHIPMENT_STATES, left_its_fence
from crossdock.domain.order_policy import Known, OrderPolicy, Variant
from crossdock.domain.retention import erase_at, may_hold_personal_data, needs_address
from tests.build import a_line, an_order, read
from tests.domain.applied import changed_by, imported_by
from tests.domain.drawn_orders import GERMANY, NOW, SKUS, importable, orders

POLICY = OrderPolicy(
    import_from=NOW - timedelta(days=7),
    marketplaces=frozenset({GERMANY, MarketplaceId("ATVPDKIKX0DER")}),
    supply_channel="warehouse",
    tax_rates={GERMANY: Decimal("0.19")},
)
BUYER = PersonalData(
    recipient=Recipient(
        name="Test Buyer 7", line_1="1 Example Street", city="Exampletown", country="DE", instructions="At the door"
    ),
    buyer_email="test-buyer-7@marketplace.example",
    gift_messages=((read(an_order("FBM UNSHIPPED in DE", a_line("1 x A EUR"))).items[0].order_item_id, "Greetings"),),
    tax_registrations=(("BUYER", "VAT", "XX000000007"),),
)
POLICIES = st.sampled_from(
    (
        POLICY,
        replace(POLICY, fba_import="when_shipped", customer_fbm="anonymous", customer_fba="none"),
        replace(
            POLICY,
            dispatch_programs=frozenset({"IN_STORE_PICK_UP", "AMAZON_EASY_SHIP"}),
            order_state="Confirmed",
            inventory_mode="None",
        ),
        replace(POLICY, sync_channel="amazon", tax_rates={}),
    )
)
EVERYTHING = st.just({sku: Variant(sku) for sku in SKUS})
VARIANTS = st.sets(st.sampled_from(SKUS)).map(lambda skus: {sku: Variant(sku) for sku in skus})
ORDER_STATES = st.sampled_from(("Open", "Confirmed", "Complete", "Cancelled"))
SHIPMENT_STATES = st.sampled_from(
    (None, "Shipped", "Delivered", "Ready", "Pending", "Delayed", "Partial", "Backorder", "Canceled")
)


def _new(order: AmazonOrder, known: Known, policy: OrderPolicy) -> ImportOrder:
    """The import of an order, where it comes to one."""
    decision = decide_import(order, known, policy, NOW)
    assume(isinstance(decision, ImportOrder))
    assert isinstance(decision, ImportOrder)
    return decision


def _settled(order: AmazonOrder, held: ImportedOrder, known: Known, policy: OrderPolicy) -> tuple[Decision, Decision]:
    """The decision about an order we have, and the one after it was carried out, and after it the sync info, which goes alone."""
    first = decide_import(order, replace(known, imported=held, linked=True), policy, NOW)
    after = changed_by(first) if isinstance(first, ChangeOrder) else held
    second = decide_import(order, replace(known, imported=after, linked=True), policy, NOW)
    if not isinstance(second, ChangeOrder) or second.sync_channel is None:
        return first, second
    assert replace(second, sync_channel=None).is_empty()
    return first, decide_import(order, replace(known, imported=changed_by(second), linked=True), policy, NOW)


# --- one answer, and the fence


@settings(max_examples=100)
@given(orders(), POLICIES, VARIANTS, st.sampled_from((NOBODY, BUYER)))
def test_every_new_order_gets_an_answer(
    order: AmazonOrder, policy: OrderPolicy, variants: dict[SellerSku, Variant], personal: PersonalData
) -> None:
    """No order that can be read makes the decision fail; what is unknown needs a person, and nothing is changed that is not there."""
    decision = decide_import(order, Known(variants=variants, personal=personal), policy, NOW)
    unknown = order.status not in set(AmazonStatus) or order.fulfilled_by not in set(FulfilledBy)
    assert isinstance(decision, ImportOrder | OutOfScope | Wait | NeedsPerson)
    assert isinstance(decision, NeedsPerson) or not unknown


@settings(max_examples=100)
@given(importable(by=(FulfilledBy.AMAZON,)), POLICIES, VARIANTS)
def test_no_order_of_amazons_reaches_a_warehouse(
    order: AmazonOrder, policy: OrderPolicy, variants: dict[SellerSku, Variant]
) -> None:
    """An FBA order is imported with no stock, no channel, no person, and in no state a warehouse acts on, even if a person's data is at hand."""
    decision = _new(order, Known(variants=variants, personal=BUYER), policy)
    fields = {*decision.fields, *(name for held in decision.line_fields.values() for name in held)}
    assert decision.order_state not in WAREHOUSE_ORDER_STATES
    assert decision.shipment_state not in WAREHOUSE_SHIPMENT_STATES
    assert (decision.inventory_mode, decision.supply_channel, decision.personal) == ("None", None, NOBODY)
    assert fields.isdisjoint((*PERSONAL_ORDER_FIELDS, *PERSONAL_LINE_FIELDS))


@settings(max_examples=100)
@given(importable(by=(FulfilledBy.MERCHANT,)), POLICIES, VARIANTS | EVERYTHING | EVERYTHING)
def test_only_what_can_be_packed_is_opened(
    order: AmazonOrder, policy: OrderPolicy, variants: dict[SellerSku, Variant]
) -> None:
    """An order that takes stock is unshipped, ours to ship, addressed, of goods the shop knows, and of the units still to be sent."""
    known = Known(variants=variants, personal=BUYER)
    decision = decide_import(order, known, replace(policy, inventory_mode="TrackOnly"), NOW)
    opened = isinstance(decision, ImportOrder) and decision.inventory_mode == "TrackOnly"
    packable = (order.fulfilled_by, order.status) == (FulfilledBy.MERCHANT, AmazonStatus.UNSHIPPED)
    event(f"opened: {opened}")
    assert opened == (packable and order.skus() <= variants.keys())
    assert not isinstance(decision, ImportOrder) or not opened or _says_what_to_pack(order, decision)


def _says_what_to_pack(order: AmazonOrder, decision: ImportOrder) -> bool:
    to_send = {item.order_item_id: item.quantity - item.quantity_cancelled() for item in order.items}
    lines = {line.item.order_item_id: line.quantity for line in decision.totals.lines}
    addressed = (decision.shipment_state, decision.personal) == ("Pending", BUYER)
    return addressed and lines == {key: units for key, units in to_send.items() if units}


# --- looking again


@settings(max_examples=100)
@given(importable(), POLICIES, EVERYTHING)
def test_an_import_needs_nothing_more(
    order: AmazonOrder, policy: OrderPolicy, variants: dict[SellerSku, Variant]
) -> None:
    """Straight after its import the same order is in sync, but for the channel it is noted in."""
    decision = _new(order, Known(variants=variants, personal=BUYER), replace(policy, sync_channel=None))
    again = decide_import(
        order, Known(imported_by(decision), linked=True, variants=variants), replace(policy, sync_channel=None), NOW
    )
    assert isinstance(again, InSync)


@settings(max_examples=100)
@given(importable(), orders(), POLICIES, EVERYTHING, ORDER_STATES, SHIPMENT_STATES)
def test_a_change_carried_out_leaves_nothing_to_do(
    before: AmazonOrder,
    now: AmazonOrder,
    policy: OrderPolicy,
    variants: dict[SellerSku, Variant],
    order_state: str,
    shipment_state: str | None,
) -> None:
    """Whatever became of the order on either side since its import: one change, and both sides agree; Amazon's orders are fenced again."""
    first = _new(before, Known(variants=variants, personal=BUYER), policy)
    held = replace(imported_by(first), order_state=order_state, shipment_state=shipment_state)
    now = replace(now, fulfilled_by=before.fulfilled_by)
    _, after = _settled(now, held, Known(variants=variants), policy)
    assert isinstance(after, InSync | NeedsPerson)
    assert (
        isinstance(after, NeedsPerson)
        or now.fulfilled_by == FulfilledBy.MERCHANT
        or after.imported.order_state == "Cancelled"
        or not left_its_fence(after.imported)
    )


@settings(max_examples=100)
@given(importable(), orders(), EVERYTHING)
def test_living_fields_follow_amazon(before: AmazonOrder, now: AmazonOrder, variants: dict[SellerSku, Variant]) -> None:
    """After a change the status and the cancelled units in commercetools are those a fresh import would write."""
    held = imported_by(_new(before, Known(variants=variants, personal=BUYER), POLICY))
    now = replace(now, fulfilled_by=before.fulfilled_by)
    _, after = _settled(now, held, Known(variants=variants), POLICY)
    assume(isinstance(after, InSync))
    assert isinstance(after, InSync)
    wanted = {str(item.order_item_id): line_fields_of(item, NOBODY) for item in now.items}
    lines = {line.key: line.fields for line in after.imported.lines if not line.custom and line.key in wanted}
    assert after.imported.fields["amazon-status"] == now.status
    assert {name: after.imported.fields.get(name) for name in LIVING_FIELDS}["amazon-ship-by"] == now.ship_by_at
    assert [[held.get(name) for name in LIVING_LINE_FIELDS] for held in lines.values()] == [
        [wanted[key].get(name) for name in LIVING_LINE_FIELDS] for key in lines
    ]


@settings(max_examples=100)
@given(importable(), EVERYTHING)
def test_order_without_our_type_is_marked_once(order: AmazonOrder, variants: dict[SellerSku, Variant]) -> None:
    """An order of ours that lost all its fields gets them back in one change."""
    held = replace(
        imported_by(_new(order, Known(variants=variants, personal=BUYER), POLICY)), has_type=False, fields={}
    )
    first, after = _settled(order, held, Known(variants=variants), POLICY)
    assert isinstance(first, ChangeOrder)
    assert first.type_fields is not None
    assert isinstance(after, InSync)


# --- one row a rule

FBM = an_order("FBM UNSHIPPED in DE, total 11.90 EUR", a_line("1 x MUG-BLUE @ 11.90 EUR, TAX 1.90"))
KNOWN = Known(variants={SellerSku("MUG-BLUE"): Variant(SellerSku("MUG-BLUE"))}, personal=BUYER)


@pytest.mark.parametrize(
    ("change", "known", "kind"),
    [
        ({}, replace(KNOWN, linked=True), "order.vanished"),
        ({}, replace(KNOWN, personal=NOBODY), "order.personal_data_masked"),
        (
            {},
            replace(KNOWN, personal=PersonalData(recipient=Recipient(city="Exampletown", country="DE"))),
            "order.personal_data_masked",
        ),
        ({}, replace(KNOWN, variants={}), "order.unknown_sku"),
        ({"items": ()}, KNOWN, "order.price_missing"),
        ({"programs": ("IN_STORE_PICK_UP",)}, KNOWN, "order.program_unsupported"),
        ({"programs": ("AMAZON_EASY_SHIP",)}, KNOWN, "order.program_unsupported"),
        ({"status": "SENT_BY_ROCKET"}, KNOWN, "order.status_unknown"),
        ({"fulfilled_by": ""}, KNOWN, "order.status_unknown"),
        ({"fulfilled_by": "merchant"}, KNOWN, "order.status_unknown"),
        ({"status": AmazonStatus.UNFULFILLABLE}, KNOWN, "order.status_unknown"),
    ],
)
def test_case_instead_of_an_import(change: dict[str, object], known: Known, kind: str) -> None:
    """What cannot be imported as it stands is a case with the order's ship-by date."""
    order = replace(read(FBM), **change)  # type: ignore[arg-type]
    decision = decide_import(order, known, POLICY, NOW)
    assert isinstance(decision, NeedsPerson)
    assert (decision.case.kind, decision.case.deadline) == (kind, order.ship_by_at)


@pytest.mark.parametrize("change", [{"fulfilled_by": FulfilledBy.AMAZON}, {"status": AmazonStatus.SHIPPED}])
def test_no_deadline_where_nothing_is_ours_to_ship(change: dict[str, object]) -> None:
    """The unknown SKU of an order that Amazon ships, or that is shipped, is imported with a case that has no ship-by date."""
    decision = decide_import(replace(read(FBM), **change), replace(KNOWN, variants={}), POLICY, NOW)  # type: ignore[arg-type]
    assert isinstance(decision, ImportOrder)
    assert [(case.kind, case.deadline) for case in decision.cases] == [("order.unknown_sku", None)]


@pytest.mark.parametrize(("status", "decided"), [("UNSHIPPED", OutOfScope), ("SHIPPED", ImportOrder)])
def test_cancelled_line_by_line(status: str, decided: type[Decision]) -> None:
    """An order whose every unit was cancelled is left out while nothing was sent; one Amazon calls shipped is a sale and comes in."""
    order = an_order(
        f"FBM {status} in DE, total 0.00 EUR", a_line("1 x MUG-BLUE @ 0.00 EUR", fulfillment={"quantityUnfulfilled": 0})
    )
    assert isinstance(decide_import(read(order), KNOWN, POLICY, NOW), decided)


def test_cases_quote_no_more_than_codes() -> None:
    """Raw texts of an unknown status, and long lists of SKUs, are cut."""
    order = replace(read(FBM), status="S" * 1000, fulfilled_by="F" * 1000)
    decision = decide_import(order, KNOWN, POLICY, NOW)
    assert isinstance(decision, NeedsPerson)
    assert {len(fact) for fact in decision.case.facts.values()} == {64}


def test_number_taken_by_another_order_is_left_alone() -> None:
    """An order under our number that we never imported and that is not this one is not touched."""
    first = decide_import(read(FBM), KNOWN, POLICY, NOW)
    assert isinstance(first, ImportOrder)
    strange = replace(imported_by(first), fields={"amazon-order-id": "302-9999999-9999999"})
    decision = decide_import(read(FBM), replace(KNOWN, imported=strange), POLICY, NOW)
    assert isinstance(decision, NeedsPerson)
    assert decision.case.kind == "order.number_taken"


def test_restoring_the_fence_keeps_what_is_shipped() -> None:
    """An FBA order somebody opened by hand is closed again; that it was delivered stays."""
    fba = read(an_order("FBA SHIPPED in DE, total 11.90 EUR", a_line("1 x MUG-BLUE @ 11.90 EUR, TAX 1.90")))
    first = decide_import(fba, KNOWN, POLICY, NOW)
    assert isinstance(first, ImportOrder)
    opened = replace(imported_by(first), order_state="Open", shipment_state="Delivered")
    change = decide_import(fba, replace(KNOWN, imported=opened, linked=True), POLICY, NOW)
    assert isinstance(change, ChangeOrder)
    assert (change.order_state, change.shipment_state) == ("Complete", None)
    assert [case.kind for case in change.cases] == ["order.fba_left_its_fence"]


def test_import_without_stock_says_so() -> None:
    """SKUs without an entry are imported without taking stock, and the case names them and the ship-by date."""
    first = decide_import(read(FBM), KNOWN, POLICY, NOW)
    assert isinstance(first, ImportOrder)
    decision = without_stock(first, frozenset({SellerSku("MUG-BLUE")}))
    assert decision.without_stock == {"MUG-BLUE"}
    assert [(case.kind, case.facts, case.deadline) for case in decision.cases] == [
        ("order.no_stock", {"skus": "MUG-BLUE"}, decision.order.ship_by_at)
    ]


# --- personal data


@given(orders())
def test_nobody_is_kept_for_amazons_orders(order: AmazonOrder) -> None:
    """Personal data may be held only for orders of Amazon's channel that the merchant still ships; an address is asked for even fewer."""
    held = may_hold_personal_data(order)
    assert not held or order.fulfilled_by == FulfilledBy.MERCHANT
    assert held or not needs_address(order)
    assert not may_hold_personal_data(replace(order, channel_name="NON_AMAZON"))
    assert erase_at(order) >= order.created_at


@pytest.mark.parametrize(
    ("begins", "says"),
    [
        (None, ""),
        ({}, "settlement"),
        ({"MFN": NOW - timedelta(days=4000)}, "order"),
        ({"MFN": NOW + timedelta(days=4000)}, "settlement"),
        ({"AFN": NOW - timedelta(days=4000)}, "settlement"),
    ],
    ids=["no books", "by settlement", "invoiced elsewhere", "later", "FBA invoiced elsewhere"],
)
def test_order_says_who_books_the_sale(begins: dict[str, datetime] | None, says: str) -> None:
    """With books kept here an order says whether the settlement books it, so that nobody invoices it twice."""
    order = read(an_order("FBM UNSHIPPED in DE", a_line("1 x A EUR")))
    assert replace(POLICY, invoiced_elsewhere_from=begins).invoiced_by(order) == says
