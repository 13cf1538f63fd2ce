"""An import decision as a draft: every amount stated, an address people can read, and nobody in an order Amazon ships."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from crossdock.commercetools.order_draft import address_draft, field_value, import_draft
from crossdock.domain.ids import SellerSku
from crossdock.domain.money import Money
from crossdock.domain.order import Recipient
from crossdock.domain.order_policy import Variant
from tests.build import FACILITATED, a_line, an_order
from tests.commercetools.decisions import FBA, FBM, PERSONAL, RECIPIENT, an_import

Json = dict[str, Any]


def _draft(order: Json = FBM, customer_id: str | None = None, **more: Any) -> Json:
    """The draft as commercetools would receive it."""
    encoded = msgspec.json.Encoder(decimal_format="number").encode(import_draft(an_import(order, **more), customer_id))
    draft: Json = json.loads(encoded)
    return draft


def test_order_to_ship_says_everything() -> None:
    """The number, the states, the stock, the person and the purchase of an order our warehouse packs."""
    draft = _draft()
    assert (draft["orderNumber"], draft["orderState"], draft["shipmentState"], draft["paymentState"]) == (
        "302-0000001-0000001",
        "Open",
        "Pending",
        "Paid",
    )
    assert (draft["inventoryMode"], draft["country"], draft["completedAt"]) == (
        "TrackOnly",
        "DE",
        "2026-11-20T06:30:00.000Z",
    )
    assert (draft["customerEmail"], draft["purchaseOrderNumber"]) == ("test-buyer-7@marketplace.example", "PO-7")
    assert draft["custom"]["fields"]["amazon-delivery-instructions"] == "At the door"
    assert draft["lineItems"][0]["supplyChannel"] == {"typeId": "channel", "key": "warehouse"}


def test_order_amazon_ships_names_nobody_and_no_stock() -> None:
    """An FBA draft has no person in any field, no channel, and inventory mode None on the order and on every line."""
    draft = _draft(FBA, "customer-7")
    assert not {"customerEmail", "shippingAddress", "billingAddress", "purchaseOrderNumber"} & draft.keys()
    assert "Example" not in json.dumps(draft).replace("Example article", "")
    assert [draft["inventoryMode"], *(line["inventoryMode"] for line in draft["lineItems"])] == ["None", "None"]
    assert all("supplyChannel" not in line for line in draft["lineItems"])
    assert draft["customerId"] == "customer-7"


def test_customer_and_email_exclude_each_other() -> None:
    """Where the order belongs to a customer, no e-mail is written beside it."""
    assert "customerEmail" not in _draft(FBM, "customer-7")


@pytest.mark.parametrize(
    ("recipient", "address"),
    [
        (
            RECIPIENT,
            {
                "firstName": "Ann Example",
                "lastName": "Buyer",
                "company": "Example Company 7",
                "streetName": "1 Example Street",
                "additionalStreetInfo": "Flat 7",
                "additionalAddressInfo": "Back yard",
                "postalCode": "00000",
                "city": "Exampletown",
                "region": "Example district",
                "state": "Example state",
                "country": "DE",
                "phone": "+00 000 000000",
            },
        ),
        (
            Recipient(name="Buyer", line_2="Flat 7", municipality="Exampletown", country="BR"),
            {"lastName": "Buyer", "streetName": "Flat 7", "city": "Exampletown", "country": "BR"},
        ),
        (Recipient(country="DE"), {"country": "DE"}),
    ],
)
def test_address(recipient: Recipient, address: Json) -> None:
    """First and last name read together as Amazon's one; the street is the first line there is; what is empty is left out."""
    assert address_draft(recipient) == address


@pytest.mark.parametrize(("country", "taxed_in"), [("AT", "AT"), ("de", "DE"), ("DEU", "DE"), ("", "DE")])
def test_tax_arises_where_the_order_goes(country: str, taxed_in: str) -> None:
    """The country of a rate is the recipient's where it is a code, else the marketplace's."""
    draft = _draft(personal=replace(PERSONAL, recipient=replace(RECIPIENT, country=country or "DE")))
    assert draft["lineItems"][0]["taxRate"]["country"] == taxed_in


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        (datetime(2026, 11, 20, 8, 0, 0, 1999, tzinfo=UTC), "2026-11-20T08:00:00.001Z"),
        (Money(1999, "EUR"), {"centAmount": 1999, "currencyCode": "EUR"}),
        (("PRIME", "PRIME", "BUSINESS"), ["BUSINESS", "PRIME"]),
        (True, True),
        (3, 3),
        ("text", "text"),
    ],
)
def test_field_values(value: object, sent: object) -> None:
    """A field's value as JSON: times in milliseconds, sets sorted and without doubles."""
    assert field_value(value) == sent


@pytest.mark.parametrize(
    ("line", "price"),
    [
        (
            "3 x MUG-BLUE = 10.00 EUR",
            {"type": "highPrecision", "preciseAmount": 3333, "fractionDigits": 3, "currencyCode": "EUR"},
        ),
        (
            "7 x MUG-BLUE = 0.05 EUR",
            {"type": "highPrecision", "preciseAmount": 7, "fractionDigits": 3, "currencyCode": "EUR"},
        ),
        ("4 x MUG-BLUE = 10.00 EUR", {"centAmount": 250, "currencyCode": "EUR"}),
        (
            "3 x MUG-BLUE = 100 JPY",
            {"type": "highPrecision", "preciseAmount": 333, "fractionDigits": 1, "currencyCode": "JPY"},
        ),
    ],
)
def test_price_of_one_unit(line: str, price: Json) -> None:
    """Units that do not share the cents evenly have a price in high precision, of a known good and of an unknown one."""
    known = _draft(an_order("FBM UNSHIPPED in DE", a_line(line)))
    unknown = _draft(an_order("FBA UNSHIPPED in DE", a_line(line)), variants={})
    assert known["lineItems"][0]["price"]["value"] == price
    assert unknown["customLineItems"][0]["money"] == price
    assert unknown["customLineItems"][0]["quantity"] == known["lineItems"][0]["quantity"]


def test_shipping_is_always_there() -> None:
    """Without shipping info no delivery could be added later, so an order without shipping costs has it at zero."""
    assert _draft()["shippingInfo"] == {
        "shippingMethodName": "Amazon STANDARD",
        "price": {"centAmount": 0, "currencyCode": "EUR"},
        "shippingRate": {"price": {"centAmount": 0, "currencyCode": "EUR"}},
    }


def test_tax_amazon_remits_is_a_field_of_the_line() -> None:
    """The tax Amazon collects of a line stands in that line's field, beside who collects it, and in Amazon's portion only."""
    draft = _draft(
        an_order("FBM UNSHIPPED in US, total 21.65 USD", a_line("1 x MUG-BLUE @ 20.00 USD, TAX 1.65", **FACILITATED))
    )
    fields = draft["lineItems"][0]["custom"]["fields"]
    assert (fields["amazon-facilitator-tax"], fields["amazon-tax-collected-by"]) == (
        {"centAmount": 165, "currencyCode": "USD"},
        "Amazon Services, Inc.",
    )
    assert [portion["name"] for portion in draft["taxedPrice"]["taxPortions"]] == [
        "Amazon, collected by the marketplace"
    ]


def test_rates_are_plain_numbers() -> None:
    """A rate is a JSON number without needless zeros, and an amount of money a whole one."""
    encoded = msgspec.json.Encoder(decimal_format="number").encode(import_draft(an_import(), None))
    assert b'"amount":0.19,' in encoded
    assert b"E-" not in encoded


def test_sku_under_another_name() -> None:
    """An alias sells the shop's variant and keeps Amazon's SKU in a field."""
    draft = _draft(
        an_order("FBM UNSHIPPED in DE, total 1.00 EUR", a_line("1 x AMZ-7 @ 1.00 EUR")),
        variants={"MUG-BLUE": Variant(SellerSku("MUG-BLUE"))},
        sku_aliases={"AMZ-7": "MUG-BLUE"},
    )
    line = draft["lineItems"][0]
    assert (line["variant"], line["custom"]["fields"]["amazon-seller-sku"]) == ({"sku": "MUG-BLUE"}, "AMZ-7")
