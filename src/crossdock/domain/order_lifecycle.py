"""One table: who fulfils x Amazon's status x our state -> what may happen next.

Rule: everything that moves an order from one state to another lives in this file. Read a row as "Amazon shows this, commercetools shows that: do this".
"""

from __future__ import annotations

from enum import StrEnum

from crossdock.domain.order import AmazonOrder, AmazonStatus, FulfilledBy, ImportedOrder


class Phase(StrEnum):
    """Our side of an order, as commercetools shows it."""

    ABSENT = "absent"
    OPEN = "open"
    PARTIAL = "partial"
    SHIPPED = "shipped"
    CANCELLED = "cancelled"


class Move(StrEnum):
    """What to do about an order."""

    WAIT = "wait"
    IMPORT_TO_SHIP = "import to ship"
    IMPORT_PARTIAL = "import, partly shipped"
    IMPORT_FENCED = "import behind the fence"
    IMPORT_CLOSED = "import, shipped"
    LEAVE_OUT = "leave out"
    KEEP = "keep"
    MARK_PARTIAL = "mark partly shipped"
    MARK_SHIPPED = "mark shipped"
    CANCEL = "cancel"
    ASK_CANCELLED_AFTER_SHIPMENT = "case: cancelled after shipment"
    ASK_CANCELLED_IN_SHOP = "case: cancelled in the shop"
    ASK_STATUS = "case: status unknown"


_FBM: dict[AmazonStatus, tuple[Move, Move, Move, Move, Move]] = {
    # Amazon shows            absent                our open            our partial         our shipped         our cancelled
    AmazonStatus.PENDING_AVAILABILITY: (Move.WAIT, Move.KEEP, Move.KEEP, Move.KEEP, Move.KEEP),
    AmazonStatus.PENDING: (Move.WAIT, Move.KEEP, Move.KEEP, Move.KEEP, Move.KEEP),
    AmazonStatus.UNSHIPPED: (Move.IMPORT_TO_SHIP, Move.KEEP, Move.KEEP, Move.KEEP, Move.ASK_CANCELLED_IN_SHOP),
    AmazonStatus.PARTIALLY_SHIPPED: (
        Move.IMPORT_PARTIAL,
        Move.MARK_PARTIAL,
        Move.KEEP,
        Move.KEEP,
        Move.ASK_CANCELLED_IN_SHOP,
    ),
    AmazonStatus.SHIPPED: (
        Move.IMPORT_CLOSED,
        Move.MARK_SHIPPED,
        Move.MARK_SHIPPED,
        Move.KEEP,
        Move.ASK_CANCELLED_IN_SHOP,
    ),
    AmazonStatus.CANCELLED: (
        Move.LEAVE_OUT,
        Move.CANCEL,
        Move.ASK_CANCELLED_AFTER_SHIPMENT,
        Move.ASK_CANCELLED_AFTER_SHIPMENT,
        Move.KEEP,
    ),
    AmazonStatus.UNFULFILLABLE: (Move.ASK_STATUS, Move.ASK_STATUS, Move.ASK_STATUS, Move.KEEP, Move.KEEP),
}

_FBA: dict[AmazonStatus, tuple[Move, Move, Move, Move, Move]] = {
    # Amazon shows            absent                fenced              our partial         our shipped         our cancelled
    AmazonStatus.PENDING_AVAILABILITY: (Move.WAIT, Move.KEEP, Move.KEEP, Move.KEEP, Move.KEEP),
    AmazonStatus.PENDING: (Move.WAIT, Move.KEEP, Move.KEEP, Move.KEEP, Move.KEEP),
    AmazonStatus.UNSHIPPED: (Move.IMPORT_FENCED, Move.KEEP, Move.KEEP, Move.KEEP, Move.KEEP),
    AmazonStatus.PARTIALLY_SHIPPED: (Move.IMPORT_FENCED, Move.KEEP, Move.KEEP, Move.KEEP, Move.KEEP),
    AmazonStatus.SHIPPED: (Move.IMPORT_CLOSED, Move.MARK_SHIPPED, Move.MARK_SHIPPED, Move.KEEP, Move.MARK_SHIPPED),
    AmazonStatus.CANCELLED: (Move.LEAVE_OUT, Move.CANCEL, Move.CANCEL, Move.ASK_CANCELLED_AFTER_SHIPMENT, Move.KEEP),
    # FBA orders not placed on Amazon's retail site (multi-channel) that Amazon cannot deliver: nothing was sold on Amazon.
    AmazonStatus.UNFULFILLABLE: (Move.LEAVE_OUT, Move.CANCEL, Move.CANCEL, Move.KEEP, Move.KEEP),
}

LIFECYCLE: dict[tuple[FulfilledBy, AmazonStatus, Phase], Move] = {
    (fulfilled_by, status, phase): move
    for fulfilled_by, rows in ((FulfilledBy.MERCHANT, _FBM), (FulfilledBy.AMAZON, _FBA))
    for status, moves in rows.items()
    for phase, move in zip(Phase, moves, strict=True)
}

_SHIPPED_STATES = frozenset({"Shipped", "Delivered"})

# What a warehouse's export may ask for; no FBA order is ever found by one of them (absent counts as not yet shipped).
WAREHOUSE_ORDER_STATES = ("Open", "Confirmed")
WAREHOUSE_SHIPMENT_STATES = ("Pending", "Ready", "Partial", None)


def phase_of(imported: ImportedOrder | None) -> Phase:
    """Our side of the order in one word."""
    if imported is None:
        return Phase.ABSENT
    if imported.order_state == "Cancelled" or imported.shipment_state == "Canceled":
        return Phase.CANCELLED
    if imported.shipment_state in _SHIPPED_STATES:
        return Phase.SHIPPED
    return Phase.PARTIAL if imported.shipment_state == "Partial" else Phase.OPEN


def is_ours_to_ship(order: AmazonOrder) -> bool:
    """Whether Amazon waits for a parcel of ours, or for the rest of one."""
    to_ship = {AmazonStatus.UNSHIPPED, AmazonStatus.PARTIALLY_SHIPPED}
    return order.fulfilled_by == FulfilledBy.MERCHANT and order.status in to_ship


def left_its_fence(imported: ImportedOrder) -> bool:
    """Whether a warehouse that has never heard of us could find this FBA order."""
    return imported.order_state in WAREHOUSE_ORDER_STATES or imported.shipment_state in WAREHOUSE_SHIPMENT_STATES
