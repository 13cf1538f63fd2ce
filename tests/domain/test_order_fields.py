"""The one table of custom fields: whatever is written is defined there, and what is personal is marked as such."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given

from crossdock.domain.order import NOBODY, AmazonOrder, PersonalData, Recipient
from crossdock.domain.order_fields import (
    LINE_FIELDS,
    ORDER_FIELDS,
    PERSONAL_LINE_FIELDS,
    PERSONAL_ORDER_FIELDS,
    TEXT_MAX,
    FieldSpec,
    line_fields_of,
    order_fields_of,
)
from tests.build import a_line, an_order, read
from tests.domain.drawn_orders import orders

ORDER = read(
    an_order(
        "FBM UNSHIPPED in DE",
        a_line("3 x A EUR", fulfillment={"quantityFulfilled": 1, "quantityUnfulfilled": 1}),
        programs=["PRIME"],
    )
)
ITEM = ORDER.items[0]
PERSONAL = PersonalData(
    recipient=Recipient(instructions="At the door"),
    gift_messages=((ITEM.order_item_id, "Greetings " * 1000),),
    customization_urls=((ITEM.order_item_id, "https://marketplace.example/7"),),
    tax_registrations=(("MERCHANT", "VAT", "XX1"), ("BUYER", "VAT", "XX7")),
)


@pytest.mark.parametrize("spec", [*ORDER_FIELDS, *LINE_FIELDS])
def test_every_field_can_be_defined(spec: FieldSpec) -> None:
    """A name fits commercetools' rule and begins so that it never meets one of the merchant's."""
    assert re.fullmatch(r"amazon-[a-z-]{2,29}", spec.name)


@given(orders())
def test_only_defined_fields_are_written(order: AmazonOrder) -> None:
    """No order writes a field that is not in the table, an empty one, or without a person a personal one."""
    fields = order_fields_of(order, NOBODY, "Amazon.de")
    lines = [line_fields_of(item, NOBODY) for item in order.items]
    assert set(fields) <= {spec.name for spec in ORDER_FIELDS} - set(PERSONAL_ORDER_FIELDS)
    assert {name for line in lines for name in line} <= {spec.name for spec in LINE_FIELDS} - set(PERSONAL_LINE_FIELDS)
    assert not [value for value in fields.values() if value in (None, "", ())]


def test_words_of_a_person_are_in_personal_fields_only() -> None:
    """Instructions, the buyer's own registration, the gift message and the link, each cut to a bearable length."""
    fields, line = order_fields_of(ORDER, PERSONAL, "Amazon.de"), line_fields_of(ITEM, PERSONAL)
    assert {name: fields[name] for name in PERSONAL_ORDER_FIELDS} == {
        "amazon-delivery-instructions": "At the door",
        "amazon-buyer-tax-id": "XX7",
    }
    assert {name: len(str(line[name])) for name in PERSONAL_LINE_FIELDS} == {
        "amazon-gift-message": TEXT_MAX,
        "amazon-customization": 29,
    }


def test_cancelled_units_are_told() -> None:
    """Of three units, one sent and one left, one was cancelled and two count."""
    line = line_fields_of(ITEM, NOBODY)
    assert [
        line[name] for name in ("amazon-quantity-ordered", "amazon-quantity-cancelled", "amazon-quantity-to-ship")
    ] == [3, 1, 2]


def test_what_two_reads_tell_is_put_together() -> None:
    """A later read wins field by field; what it lacks comes from the earlier one."""
    earlier = replace(PERSONAL, buyer_name="Test Buyer 7")
    later = PersonalData(recipient=Recipient(name="Test Buyer 8"), buyer_email="test-buyer-8@marketplace.example")
    both = later.merged_with(earlier)
    assert (both.recipient, both.buyer_name, both.buyer_email) == (
        later.recipient,
        "Test Buyer 7",
        "test-buyer-8@marketplace.example",
    )
    assert both.gift_messages == earlier.gift_messages
