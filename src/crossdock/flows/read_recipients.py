"""Where FBM orders go: read from Amazon, sealed at once, and never more than is needed.

One order is one read (0.5/s, burst 30). When many wait, one page of the orders still to be shipped replaces a hundred reads. An address is as old as
the version of the order it was read with: where Amazon has news since, it is read again before it is used. Another address than the sealed one is
sealed when commercetools has it, and not before: what is sealed is what commercetools was told, however often a run is killed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import date

from crossdock.domain.ids import AmazonOrderId
from crossdock.domain.order import NOBODY, AmazonOrder, PersonalData, ReadOrder, Recipient
from crossdock.domain.retention import erase_at, is_addressed, may_hold_personal_data, needs_address
from crossdock.domain.window import SEARCH_LAG, Window
from crossdock.errors import Conflict
from crossdock.ports import AmazonOrders, Clock, Vault

# The burst of getOrder: more than this would wait for its 0.5/s.
PAGE_ABOVE = 30
# Twenty pages are two thousand orders, the whole burst of searchOrders; what is left is read one by one.
PAGES_MAX = 5


def personal_by_order(reads: Sequence[ReadOrder]) -> dict[AmazonOrderId, tuple[PersonalData, date]]:
    """What a page holds of buyers, with the day each must be erased: FBM orders still to be shipped, and no others."""
    return {
        read.order.order_id: (_dated(read.order, read.personal), erase_at(read.order).date())
        for read in reads
        if read.order is not None and may_hold_personal_data(read.order) and read.personal != NOBODY
    }


class BatchRecipients:
    """Where the orders of a batch go (the port `Recipients`); asked from several threads, each about orders of its own."""

    def __init__(
        self, amazon: AmazonOrders, vault: Vault, *, take_in: Callable[[Sequence[ReadOrder]], int], clock: Clock
    ) -> None:
        """`take_in`: puts into the inbox what Amazon shows of an order that has moved on."""
        self._amazon = amazon
        self._vault = vault
        self._take_in = take_in
        self._clock = clock
        self._looked_up: frozenset[AmazonOrderId] = frozenset()
        self._sealed: dict[AmazonOrderId, PersonalData] = {}
        self._moved: dict[AmazonOrderId, PersonalData] = {}

    def read_ahead(self, orders: Sequence[AmazonOrder], imported: AbstractSet[AmazonOrderId]) -> int:
        """One query for what is sealed, and pages of addresses where more are wanting than single reads can serve; answers how many pages.

        `imported`: those in commercetools already. An address is wanted of them only where a sealed one may be out of date.
        """
        self._looked_up = frozenset(order.order_id for order in orders)
        self._moved = {}
        self._sealed = dict(self._vault.find([order.order_id for order in orders]))
        wanting = [order for order in orders if self._wants_reading(order, imported=order.order_id in imported)]
        if len(wanting) <= PAGE_ABOVE:
            return 0
        window = Window(after=min(order.updated_at for order in wanting), before=self._clock() - SEARCH_LAG)
        token: str | None = None
        for page_number in range(1, PAGES_MAX + 1):
            if window.is_empty():
                return page_number - 1
            page = self._amazon.search_recipients(window, token)
            self._seal(page.orders)
            token = page.next_token
            if token is None:
                return page_number
        return PAGES_MAX

    def find(self, order: AmazonOrder) -> PersonalData:
        """What is known of the buyer of an order that is to be imported and shipped, as of this version of the order.

        Conflict where Amazon says that it is not to be shipped any more: that is in the inbox now.
        """
        held = self._held(order.order_id)
        known = self._moved.get(order.order_id, held)
        if is_addressed(order, known):
            return known
        read = self._amazon.get(order.order_id, with_recipient=True)
        # What is not confirmed is not shipped to.
        unaddressed = replace(held, recipient=None, recipient_at=None)
        if read is None or read.order is None:
            return unaddressed
        if not needs_address(read.order):
            return self._gone_on(order, read.order, unaddressed)
        self._seal([read])
        return _dated(read.order, read.personal).merged_with(unaddressed)

    def find_moved(self, order: AmazonOrder) -> Recipient | None:
        """Where Amazon says that an imported order goes, if that is not where commercetools was told; None where nothing is sealed of it."""
        held = self._held(order.order_id)
        if held.recipient is None or is_addressed(order, held):
            return None
        if not is_addressed(order, self._moved.get(order.order_id, NOBODY)):
            read = self._amazon.get(order.order_id, with_recipient=True)
            if read is None or read.order is None or not needs_address(read.order):
                return None
            self._seal([read])
        moved = self._moved.get(order.order_id, NOBODY).recipient
        return moved if moved is not None and moved.deliverable() else None

    def keep(self, order: AmazonOrder) -> None:
        """Seal the address that commercetools has been told now. Repeating is safe."""
        moved = self._moved.pop(order.order_id, None)
        if moved is not None:
            self._vault.save({order.order_id: (moved, erase_at(order).date())}, self._clock())
            self._sealed[order.order_id] = moved

    def _wants_reading(self, order: AmazonOrder, *, imported: bool) -> bool:
        recipient = self._sealed.get(order.order_id, NOBODY).recipient
        if recipient is None:
            return not imported
        # One that is hidden is hidden on the page as well.
        return recipient.deliverable() and not is_addressed(order, self._sealed[order.order_id])

    def _held(self, order_id: AmazonOrderId) -> PersonalData:
        if order_id in self._looked_up:
            return self._sealed.get(order_id, NOBODY)
        return self._vault.find([order_id]).get(order_id, NOBODY)

    def _seal(self, reads: Sequence[ReadOrder]) -> None:
        """Seal what is new or confirmed; what differs from the sealed address waits until commercetools has it."""
        told = personal_by_order(reads)
        held = self._vault.find(list(told))
        moved = {
            order_id: personal.merged_with(held[order_id])
            for order_id, (personal, _) in told.items()
            if order_id in held and _is_other(personal, held[order_id])
        }
        confirmed = {order_id: each for order_id, each in told.items() if order_id not in moved}
        self._vault.save(confirmed, self._clock())
        self._moved.update(moved)
        self._sealed.update(
            (order_id, personal.merged_with(held.get(order_id, NOBODY)))
            for order_id, (personal, _) in confirmed.items()
        )

    def _gone_on(self, order: AmazonOrder, shown: AmazonOrder, unaddressed: PersonalData) -> PersonalData:
        if shown.updated_at < order.updated_at:
            return unaddressed
        self._take_in([ReadOrder(shown.order_id, shown, updated_at=shown.updated_at)])
        message = "getOrder: Amazon shows that it is not to be shipped as it was"
        raise Conflict(message, operation="getOrder")


def _dated(order: AmazonOrder, personal: PersonalData) -> PersonalData:
    """The same with the version of the order its recipient was read with."""
    return personal if personal.recipient is None else replace(personal, recipient_at=order.updated_at)


def _is_other(told: PersonalData, held: PersonalData) -> bool:
    """Whether what is told now is another address than the sealed one, and not an older read of it."""
    both = told.recipient is not None and held.recipient is not None
    return both and told.recipient != held.recipient and not told.is_addressed_before(held)
