"""All that Amazon lists, compared with what we hold: each listing on a page is a read of its SKU, twenty for one call.

Part of the composition root (`start_up.py`).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

from crossdock.domain.listed import ListedQuantity
from crossdock.domain.stock_look import with_read
from crossdock.domain.stock_record import StockRecord
from crossdock.errors import Conflict, Unavailable
from crossdock.flows.discover_listed import Found, discover_listed, was_compared
from crossdock.ports import AmazonListings, Clock
from crossdock.store.cursors import Cursors
from crossdock.store.records import Inbox
from crossdock.store.stock import StockStore

# Twenty listings a page: a thousand a run, then others have their turn.
PAGES_MAX = 50
# Five pages a second fit the rate: the next is waited for here, not until the next wake-up.
PATIENCE_S = 1.0
TRIES_MAX = 3


class Comparison:
    """The comparison of one connection."""

    def __init__(
        self, *, listings: AmazonListings, store: StockStore, inbox: Inbox, cursors: Cursors, clock: Clock
    ) -> None:
        """Nothing is read yet."""
        self._listings = listings
        self._store = store
        self._inbox = inbox
        self._cursors = cursors
        self._clock = clock

    def was_made(self) -> bool:
        """Whether all that Amazon lists was seen at least once."""
        return was_compared(self._cursors)

    def go_on(self) -> tuple[int, bool]:
        """The next stretch; answers how many SKUs it told of, and whether that was all."""
        found = 0
        is_first = not self.was_made()
        for _ in range(PAGES_MAX):
            page = self._page()
            found += self._take(page.listings, self._clock())
            if page.finished:
                if is_first:
                    # What no page showed is asked for one by one from now on.
                    self._inbox.wake_waiting(self._clock())
                return found, True
        return found, False

    def _page(self) -> Found:
        for _ in range(TRIES_MAX):
            try:
                return discover_listed(self._cursors, listings=self._listings, now=self._clock())
            except Unavailable as fault:
                if not fault.own_rate or (fault.retry_after_s or 0.0) > PATIENCE_S:
                    raise
                time.sleep(fault.retry_after_s or 0.0)
        return discover_listed(self._cursors, listings=self._listings, now=self._clock())

    def _take(self, listings: Sequence[ListedQuantity], at: datetime) -> int:
        """Use what a page showed. A SKU whose read is waited for, or that was looked at meanwhile, has better news than this."""
        held = self._store.find([listed.seller_sku for listed in listings])
        fresh = [
            (listed.seller_sku, with_read(record, listed, at))
            for listed in listings
            if not (record := held.get(listed.seller_sku, StockRecord())).on_sale.is_under_way()
        ]
        for sku, record in fresh:
            with suppress(Conflict):
                self._store.save(sku, record, at)
        self._inbox.expect([sku for sku, _ in fresh], at, at)
        return len(fresh)
