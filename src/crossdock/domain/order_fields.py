"""The custom fields Crossdock keeps on a commercetools order and its lines, in one table.

All begin with `amazon-`, so that they can be added to a type the merchant already uses. `personal` fields are set for FBM orders only and are
removed when the order's personal data is erased.
"""

from __future__ import annotations

from dataclasses import dataclass

from crossdock.domain.order import AmazonOrder, OrderItem, PersonalData


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """One field: its name, commercetools' field type (`String`, `DateTime`, `Boolean`, `Number`, `Money`, `Set:String`) and its label."""

    name: str
    type: str
    label: str
    personal: bool = False


ORDER_FIELDS: tuple[FieldSpec, ...] = (
    FieldSpec("amazon-order-id", "String", "Amazon order id"),
    FieldSpec("amazon-fulfilled-by", "String", "Fulfilled by (AMAZON or MERCHANT)"),
    FieldSpec("amazon-status", "String", "Status on Amazon"),
    FieldSpec("amazon-marketplace-id", "String", "Marketplace id"),
    FieldSpec("amazon-marketplace", "String", "Marketplace"),
    FieldSpec("amazon-purchased-at", "DateTime", "Bought on Amazon at"),
    FieldSpec("amazon-ship-by", "DateTime", "Ship by"),
    FieldSpec("amazon-deliver-by", "DateTime", "Deliver by"),
    FieldSpec("amazon-service-level", "String", "Service level"),
    FieldSpec("amazon-programs", "Set:String", "Programmes"),
    FieldSpec("amazon-prime", "Boolean", "Prime"),
    FieldSpec("amazon-business", "Boolean", "Amazon Business"),
    FieldSpec("amazon-replaces", "String", "Replaces the Amazon order"),
    FieldSpec("amazon-seller-order-id", "String", "Seller order id"),
    FieldSpec("amazon-cancellation-requested", "Boolean", "The buyer asks to cancel"),
    FieldSpec("amazon-facilitator-tax", "Money", "Tax collected and remitted by Amazon"),
    FieldSpec("amazon-invoiced-by", "String", "Who books the sale: settlement (send no invoice) or order"),
    FieldSpec("amazon-delivery-instructions", "String", "Delivery instructions", personal=True),
    FieldSpec("amazon-buyer-tax-id", "String", "The buyer's tax registration", personal=True),
)

LINE_FIELDS: tuple[FieldSpec, ...] = (
    FieldSpec("amazon-order-item-id", "String", "Amazon order item id"),
    FieldSpec("amazon-seller-sku", "String", "Seller SKU on Amazon"),
    FieldSpec("amazon-asin", "String", "ASIN"),
    FieldSpec("amazon-quantity-ordered", "Number", "Quantity ordered on Amazon"),
    FieldSpec("amazon-quantity-cancelled", "Number", "Quantity cancelled on Amazon"),
    FieldSpec("amazon-quantity-to-ship", "Number", "Quantity to ship"),
    FieldSpec("amazon-points", "Number", "Amazon points granted"),
    FieldSpec("amazon-facilitator-tax", "Money", "Tax collected and remitted by Amazon"),
    FieldSpec("amazon-tax-collected-by", "String", "Tax collected by"),
    FieldSpec("amazon-tax-scheme", "String", "Tax reporting scheme (IOSS, UOSS)"),
    FieldSpec("amazon-promotions", "Set:String", "Promotion ids"),
    FieldSpec("amazon-gift-wrap", "String", "Gift wrap level"),
    FieldSpec("amazon-gift-message", "String", "Gift message", personal=True),
    FieldSpec("amazon-customization", "String", "Link to the buyer's customisation", personal=True),
)

PERSONAL_ORDER_FIELDS = tuple(spec.name for spec in ORDER_FIELDS if spec.personal)
PERSONAL_LINE_FIELDS = tuple(spec.name for spec in LINE_FIELDS if spec.personal)

# Texts that buyers and sellers write have no bound on Amazon's side; commercetools refuses a searchable text above 10,922 characters.
TEXT_MAX = 2000


def order_fields_of(order: AmazonOrder, personal: PersonalData, marketplace: str) -> dict[str, object]:
    """The order's fields with a value. Personal ones only where `personal` holds them, which it does for FBM alone."""
    registration = next((number for entity, _, number in personal.tax_registrations if entity == "BUYER"), "")
    values: dict[str, object] = {
        "amazon-order-id": order.order_id,
        "amazon-fulfilled-by": order.fulfilled_by,
        "amazon-status": order.status,
        "amazon-marketplace-id": order.marketplace_id,
        "amazon-marketplace": marketplace,
        "amazon-purchased-at": order.created_at,
        "amazon-ship-by": order.ship_by_at,
        "amazon-deliver-by": order.deliver_by_at,
        "amazon-service-level": order.service_level,
        "amazon-programs": order.programs,
        "amazon-prime": "PRIME" in order.programs or None,
        "amazon-business": "AMAZON_BUSINESS" in order.programs or None,
        "amazon-replaces": order.replaces,
        "amazon-seller-order-id": "" if order.seller_order_id == order.order_id else order.seller_order_id,
        "amazon-cancellation-requested": order.cancellation_requested() or None,
        "amazon-delivery-instructions": personal.recipient.instructions[:TEXT_MAX] if personal.recipient else "",
        "amazon-buyer-tax-id": registration[:TEXT_MAX],
    }
    return {name: value for name, value in values.items() if value not in (None, "", ())}


def line_fields_of(item: OrderItem, personal: PersonalData) -> dict[str, object]:
    """The line's fields with a value."""
    cancelled = item.quantity_cancelled()
    values: dict[str, object] = {
        "amazon-order-item-id": item.order_item_id,
        "amazon-seller-sku": item.seller_sku,
        "amazon-asin": item.asin,
        "amazon-quantity-ordered": item.quantity,
        "amazon-quantity-cancelled": cancelled or None,
        "amazon-quantity-to-ship": item.quantity - cancelled if cancelled else None,
        "amazon-points": item.points or None,
        "amazon-tax-collected-by": item.facilitator,
        "amazon-tax-scheme": item.reporting_scheme,
        "amazon-promotions": item.promotion_ids,
        "amazon-gift-wrap": item.gift_wrap_level,
        "amazon-gift-message": personal.gift_message(item.order_item_id)[:TEXT_MAX],
        "amazon-customization": dict(personal.customization_urls).get(item.order_item_id, "")[:TEXT_MAX],
    }
    return {name: value for name, value in values.items() if value not in (None, "", ())}
