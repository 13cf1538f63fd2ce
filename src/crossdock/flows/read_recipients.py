"""Where FBM orders go: read from Amazon, sealed at once, and never more than is needed.

One order is one read (0.5/s, burst 30). When many wait, one page of the orders still to be shipped replaces a hundred reads.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from crossdock.domain.ids import AmazonOrderId
from crossdock.domain.order import NOBODY, AmazonOrder, PersonalData, ReadOrder
from crossdock.domain.retention import erase_at, may_hold_personal_data, needs_address
from crossdock.domain.window import SEARCH_LAG, Window
from crossdock.ports import AmazonOrders, Vault

# The burst of getOrder: more than this would wait for its 0.5/s.
PAGE_ABOVE = 30
# Twenty pages are two thousand orders, the whole burst of searchOrders; what is left is read one by one.
PAGES_MAX = 5


def personal_by_order(reads: Sequence[ReadOrder]) -> dict[AmazonOrderId, tuple[PersonalData, date]]:
    """What a page holds of buyers, with the day each must be erased: FBM orders still to be shipped, and no others."""
    return {
        read.order.order_id: (read.personal, erase_at(read.order).date())
        for read in reads
        if read.order is not None and may_hold_personal_data(read.order) and read.personal != NOBODY
    }


def discover_recipients(orders: Sequence[AmazonOrder], *, amazon: AmazonOrders, vault: Vault, now: datetime) -> int:
    """Read addresses by the page when more orders wait for one than single reads can serve. Answers how many pages were read."""
    wanting = _wanting(orders, vault)
    if len(wanting) <= PAGE_ABOVE:
        return 0
    window = Window(after=min(order.updated_at for order in wanting), before=now - SEARCH_LAG)
    token: str | None = None
    for page_number in range(1, PAGES_MAX + 1):
        if window.is_empty():
            return page_number - 1
        page = amazon.search_recipients(window, token)
        vault.save(personal_by_order(page.orders), now)
        token = page.next_token
        if token is None:
            return page_number
    return PAGES_MAX


def read_recipient(
    order: AmazonOrder, *, amazon: AmazonOrders, vault: Vault, held: Mapping[AmazonOrderId, PersonalData], now: datetime
) -> PersonalData:
    """What is known of the buyer of an order that is to be shipped: from the vault, else read from Amazon and sealed."""
    known = held.get(order.order_id, NOBODY)
    if known.recipient is not None and known.recipient.deliverable():
        return known
    read = amazon.get(order.order_id, with_recipient=True)
    if read is None or read.order is None:
        return known
    vault.save(personal_by_order([read]), now)
    return read.personal.merged_with(known)


def _wanting(orders: Sequence[AmazonOrder], vault: Vault) -> list[AmazonOrder]:
    candidates = [order for order in orders if needs_address(order)]
    held = vault.find([order.order_id for order in candidates])
    return [
        order for order in candidates if (personal := held.get(order.order_id)) is None or personal.recipient is None
    ]
