"""An import decision as commercetools' OrderImportDraft. Nothing is recomputed there, so every amount is stated here.

Source: OrderImportDraft of the published API model; `taxedPrice` of lines, custom lines and shipping since the release of 2026-09-03.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from crossdock.commercetools.client import money_draft, rate_number
from crossdock.domain.money import Money
from crossdock.domain.order import Recipient
from crossdock.domain.order_import import ImportOrder
from crossdock.domain.order_totals import ExtraTotal, LineTotal, Tax, UnitPrice, unit_price

NAME_MAX = 500


def import_draft(decision: ImportOrder, customer_id: str | None) -> dict[str, Any]:
    """The whole draft. An FBA order names no stock, no channel and no person, on the order and on every line."""
    totals = decision.totals
    recipient = decision.personal.recipient
    country = tax_country(decision)
    draft = {
        "orderNumber": decision.order_number,
        "totalPrice": _money(totals.total_price),
        "taxedPrice": _taxed_price(decision),
        "orderState": decision.order_state,
        "shipmentState": decision.shipment_state,
        "paymentState": "Paid",
        "inventoryMode": decision.inventory_mode,
        "country": country,
        "completedAt": _time(decision.order.created_at),
        "lineItems": [_line(line, decision, country) for line in totals.lines],
        "customLineItems": [_extra(extra, decision, country) for extra in totals.extras],
        "shippingInfo": _shipping_info(decision, country),
        "custom": _custom(decision.order_type, decision.fields),
        "customerId": customer_id,
        "customerEmail": decision.personal.buyer_email or None if customer_id is None else None,
        "purchaseOrderNumber": decision.personal.purchase_order_number or None,
        "shippingAddress": address_draft(recipient) if recipient else None,
    }
    return {name: value for name, value in draft.items() if value not in (None, [])}


def tax_country(decision: ImportOrder) -> str:
    """Where the tax arises: where the order goes, else the marketplace's own country."""
    recipient = decision.personal.recipient
    if recipient is not None and re.fullmatch(r"[A-Z]{2}", recipient.country):
        return recipient.country
    return decision.country


def address_draft(recipient: Recipient) -> dict[str, str]:
    """commercetools has two names and Amazon one: parted at the last blank, so that both together read as Amazon's."""
    first, _, last = recipient.name.rpartition(" ")
    address = {
        "country": recipient.country,
        "firstName": first,
        "lastName": last,
        "company": recipient.company,
        "streetName": recipient.line_1 or recipient.line_2,
        "additionalStreetInfo": recipient.line_2 if recipient.line_1 else "",
        "additionalAddressInfo": recipient.line_3,
        "postalCode": recipient.postal_code,
        "city": recipient.city or recipient.municipality,
        "region": recipient.district,
        "state": recipient.state,
        "phone": recipient.phone,
    }
    return {name: value for name, value in address.items() if value}


def field_value(value: object) -> Any:
    """A custom field's value as JSON."""
    if isinstance(value, datetime):
        return _time(value)
    if isinstance(value, Money):
        return _money(value)
    if isinstance(value, tuple):
        return sorted(set(value))
    return value


def _line(line: LineTotal, decision: ImportOrder, country: str) -> dict[str, Any]:
    sku = decision.commerce_skus[line.item.seller_sku]
    draft: dict[str, Any] = {
        "key": line.item.order_item_id,
        "name": {decision.language: (line.item.title or sku)[:NAME_MAX]},
        "variant": {"sku": sku},
        "quantity": line.quantity,
        "price": {"value": _unit_price(line.unit_price)},
        "inventoryMode": "None" if sku in decision.without_stock else decision.inventory_mode,
        "custom": _custom(decision.line_type, _line_fields(decision, line.item.order_item_id, line.tax)),
    }
    if decision.supply_channel is not None:
        draft["supplyChannel"] = {"typeId": "channel", "key": decision.supply_channel}
    return draft | _taxed(line.tax, country)


def _extra(extra: ExtraTotal, decision: ImportOrder, country: str) -> dict[str, Any]:
    fields = _line_fields(decision, extra.item.order_item_id, extra.tax) if extra.item else {}
    draft: dict[str, Any] = {
        "key": extra.slug,
        "slug": extra.slug,
        "name": {"en": extra.name[:NAME_MAX]},
        "quantity": extra.quantity,
        "money": _unit_price(unit_price(extra.amount, extra.quantity)),
        "priceMode": "Standard",
    }
    if fields:
        draft["custom"] = _custom(decision.line_type, fields)
    return draft | _taxed(extra.tax, country)


def _line_fields(decision: ImportOrder, order_item_id: str, tax: Tax | None) -> dict[str, object]:
    fields = dict(decision.line_fields.get(order_item_id, {}))
    if "amazon-tax-collected-by" in fields and tax is not None and tax.amount:
        fields["amazon-facilitator-tax"] = tax.amount
    return fields


def _shipping_info(decision: ImportOrder, country: str) -> dict[str, Any]:
    """Always there: without it no delivery can ever be added to the order."""
    shipping = decision.totals.shipping
    return {
        "shippingMethodName": f"Amazon {decision.order.service_level}".strip()[:NAME_MAX],
        "price": _money(shipping.amount),
        "shippingRate": {"price": _money(shipping.amount)},
    } | _taxed(shipping.tax, country)


def _taxed(tax: Tax | None, country: str) -> dict[str, Any]:
    if tax is None:
        return {}
    return {
        "taxRate": {
            "name": tax.name,
            "amount": rate_number(tax.rate),
            "includedInPrice": tax.included,
            "country": country,
        },
        "taxedPrice": {"totalNet": _money(tax.net), "totalGross": _money(tax.gross())},
    }


def _taxed_price(decision: ImportOrder) -> dict[str, Any]:
    totals = decision.totals
    portions = [
        {"name": name, "rate": rate_number(rate), "amount": _money(amount)} for name, rate, amount in totals.portions()
    ]
    net = totals.total_gross - totals.total_tax()
    return {
        "totalNet": _money(net),
        "totalGross": _money(totals.total_gross),
        "taxPortions": portions,
        "totalTax": {"type": "centPrecision", **_money(totals.total_tax())},
    }


def _unit_price(price: UnitPrice) -> dict[str, Any]:
    if not price.high_precision():
        return money_draft(price.amount, price.currency)
    return {
        "type": "highPrecision",
        "preciseAmount": price.amount,
        "fractionDigits": price.fraction_digits,
        "currencyCode": price.currency,
    }


def _custom(type_key: str, fields: Mapping[str, object]) -> dict[str, Any]:
    return {
        "type": {"typeId": "type", "key": type_key},
        "fields": {name: field_value(value) for name, value in fields.items()},
    }


def _money(amount: Money) -> dict[str, Any]:
    return money_draft(amount.minor_units, amount.currency)


def _time(at: datetime) -> str:
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
