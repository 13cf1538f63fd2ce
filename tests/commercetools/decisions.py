"""Import decisions for the tests of the door: an order, decided by the product's own rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from crossdock.domain.ids import MarketplaceId, SellerSku
from crossdock.domain.order import PersonalData, Recipient
from crossdock.domain.order_import import ImportOrder, decide_import
from crossdock.domain.order_policy import Known, OrderPolicy, Variant
from tests.build import Json, a_line, an_order, read

NOW = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
GERMANY = MarketplaceId("A1PA6795UKMFR9")
POLICY = OrderPolicy(
    import_from=datetime(2026, 1, 1, tzinfo=UTC),
    marketplaces=frozenset({GERMANY, MarketplaceId("ATVPDKIKX0DER"), MarketplaceId("A1VC38T7YXB528")}),
    supply_channel="warehouse",
    order_type="amazon",
    line_type="amazon-line",
    tax_rates={GERMANY: Decimal("0.19")},
)
RECIPIENT = Recipient(
    name="Ann Example Buyer",
    company="Example Company 7",
    line_1="1 Example Street",
    line_2="Flat 7",
    line_3="Back yard",
    city="Exampletown",
    district="Example district",
    state="Example state",
    postal_code="00000",
    country="DE",
    phone="+00 000 000000",
    instructions="At the door",
)
PERSONAL = PersonalData(
    recipient=RECIPIENT,
    buyer_email="test-buyer-7@marketplace.example",
    purchase_order_number="PO-7",
    tax_registrations=(("BUYER", "VAT", "XX7"),),
)
FBM = an_order("FBM UNSHIPPED in DE, total 19.99 EUR", a_line("1 x MUG-BLUE @ 19.99 EUR, TAX 3.19 (ITEM 3.19)"))
FBA = an_order("FBA UNSHIPPED in DE, total 19.99 EUR", a_line("1 x MUG-BLUE @ 19.99 EUR, TAX 3.19 (ITEM 3.19)"))


def an_import(
    order: Json = FBM,
    *,
    personal: PersonalData = PERSONAL,
    variants: Mapping[str, Variant] | None = None,
    **policy: Any,
) -> ImportOrder:
    """What importing this order comes to; every SKU is known unless `variants` says otherwise."""
    read_order = read(order)
    known = (
        {sku: Variant(sku) for sku in read_order.skus()}
        if variants is None
        else {SellerSku(sku): each for sku, each in variants.items()}
    )
    decision = decide_import(read_order, Known(variants=known, personal=personal), replace(POLICY, **policy), NOW)
    assert isinstance(decision, ImportOrder), decision
    return decision
