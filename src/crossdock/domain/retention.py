"""What may be held of a buyer, and until when: Amazon's Data Protection Policy as rules.

Only orders the merchant ships, only while they are to be shipped, and gone 30 days after delivery.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from crossdock.domain.order import AmazonOrder, AmazonStatus, FulfilledBy, PersonalData

# Amazon keeps an address for FBM orders only; personal data goes this long after delivery (Data Protection Policy).
ERASE_AFTER_DELIVERY = timedelta(days=30)
# Without any delivery date: the longest delivery window Amazon offers is weeks; counted from the last news of the order.
DELIVERY_ASSUMED_AFTER = timedelta(days=14)


def needs_address(order: AmazonOrder) -> bool:
    """Whether the next step needs to know where the order goes: only FBM, only while it is to be shipped."""
    return order.fulfilled_by == FulfilledBy.MERCHANT and order.status == AmazonStatus.UNSHIPPED


def is_addressed(order: AmazonOrder, personal: PersonalData) -> bool:
    """Whether a parcel could be addressed by what is known: fully, and as of this version of the order."""
    recipient, read_at = personal.recipient, personal.recipient_at
    return recipient is not None and recipient.deliverable() and read_at is not None and read_at >= order.updated_at


def may_hold_personal_data(order: AmazonOrder) -> bool:
    """Whether we may keep the buyer's data at all: an FBM order of Amazon's own channel that is still to be shipped."""
    to_ship = {
        AmazonStatus.PENDING,
        AmazonStatus.PENDING_AVAILABILITY,
        AmazonStatus.UNSHIPPED,
        AmazonStatus.PARTIALLY_SHIPPED,
    }
    return order.fulfilled_by == FulfilledBy.MERCHANT and order.channel_name == "AMAZON" and order.status in to_ship


def erase_at(order: AmazonOrder) -> datetime:
    """When the buyer's data must be gone: 30 days after delivery, after the latest delivery date while that is unknown, at once where nothing is sent."""
    if order.status == AmazonStatus.CANCELLED:
        return order.updated_at
    if order.delivered:
        return order.updated_at + ERASE_AFTER_DELIVERY
    delivery_at = order.deliver_by_at or order.ship_by_at or order.updated_at + DELIVERY_ASSUMED_AFTER
    return delivery_at + ERASE_AFTER_DELIVERY
