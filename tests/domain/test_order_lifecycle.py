"""The one transition table: whole, and never a way from Amazon's warehouse into ours."""

from __future__ import annotations

from itertools import product

import pytest

from crossdock.domain.ids import OrderNumber
from crossdock.domain.money import zero
from crossdock.domain.order import AmazonStatus, FulfilledBy, ImportedOrder
from crossdock.domain.order_lifecycle import LIFECYCLE, Move, Phase, left_its_fence, phase_of

IMPORTS = {Move.IMPORT_TO_SHIP, Move.IMPORT_PARTIAL, Move.IMPORT_FENCED, Move.IMPORT_CLOSED, Move.WAIT, Move.LEAVE_OUT}


def _held(order_state: str, shipment_state: str | None) -> ImportedOrder:
    return ImportedOrder(
        "an-id", 1, OrderNumber("1"), order_state, shipment_state, zero("EUR"), (), True, {}, False, None, None, "None"
    )


def test_table_answers_every_question() -> None:
    """Whoever ships, whatever Amazon shows and wherever our side is: there is exactly one move."""
    assert set(LIFECYCLE) == set(product(FulfilledBy, AmazonStatus, Phase))
    assert set(LIFECYCLE.values()) == set(Move)


def test_only_what_is_absent_is_imported() -> None:
    """Importing, waiting and leaving out belong to orders we do not have; keeping, marking and cancelling to those we have."""
    absent = {move for (_, _, phase), move in LIFECYCLE.items() if phase is Phase.ABSENT}
    present = {move for (_, _, phase), move in LIFECYCLE.items() if phase is not Phase.ABSENT}
    assert absent <= IMPORTS | {Move.ASK_STATUS}
    assert present & IMPORTS == set()


def test_amazons_own_orders_never_come_in_to_be_shipped() -> None:
    """No row of an FBA order imports it for a warehouse or marks it partly shipped, which a warehouse acts on."""
    moves = {move for (fulfilled_by, _, _), move in LIFECYCLE.items() if fulfilled_by is FulfilledBy.AMAZON}
    assert moves & {Move.IMPORT_TO_SHIP, Move.IMPORT_PARTIAL, Move.MARK_PARTIAL} == set()


def test_nothing_shipped_is_ever_cancelled_by_a_machine() -> None:
    """What we hold as shipped is only kept, or a person is asked."""
    moves = {move for (_, _, phase), move in LIFECYCLE.items() if phase is Phase.SHIPPED}
    assert moves == {Move.KEEP, Move.ASK_CANCELLED_AFTER_SHIPMENT}


@pytest.mark.parametrize(
    ("order_state", "shipment_state", "phase", "outside"),
    [
        ("Open", "Pending", Phase.OPEN, True),
        ("Confirmed", "Ready", Phase.OPEN, True),
        ("Complete", "Delayed", Phase.OPEN, False),
        ("Complete", "Backorder", Phase.OPEN, False),
        ("Complete", None, Phase.OPEN, True),
        ("Complete", "Partial", Phase.PARTIAL, True),
        ("Complete", "Shipped", Phase.SHIPPED, False),
        ("Open", "Delivered", Phase.SHIPPED, True),
        ("Cancelled", "Shipped", Phase.CANCELLED, False),
        ("Complete", "Canceled", Phase.CANCELLED, False),
    ],
)
def test_phase_and_fence(order_state: str, shipment_state: str | None, phase: Phase, outside: bool) -> None:  # noqa: FBT001 - a column
    """Our side of an order in one word, and whether a warehouse that never heard of us would find it."""
    held = _held(order_state, shipment_state)
    assert (phase_of(held), left_its_fence(held)) == (phase, outside)


def test_no_order_is_absent() -> None:
    """What commercetools does not have is absent."""
    assert phase_of(None) is Phase.ABSENT
