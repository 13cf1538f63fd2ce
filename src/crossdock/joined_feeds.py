"""The feeds of one connection, wired: closed, handed to Amazon, and followed until each has ended.

Part of the composition root (`start_up.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from crossdock.amazon.feeds import feed_documents
from crossdock.domain.feed import KEPT_FOR, SHUT_FOR, QuantityFeed
from crossdock.domain.listed import FeedDocument, SetQuantity
from crossdock.engine.schedule import FEEDS
from crossdock.errors import DataError, Rejected, Unavailable
from crossdock.flows.push_feeds import FEEDS_RECORD, follow_feed, submit_feed
from crossdock.ports import Clock, Lock
from crossdock.ports_feeds import AmazonFeeds
from crossdock.store.database import Database
from crossdock.store.feeds import FeedStore
from crossdock.store.records import Inbox
from crossdock.store.stock import StockStore


class JoinedFeeds:
    """What goes to Amazon by feed, of one connection."""

    def __init__(
        self,
        amazon: AmazonFeeds,
        *,
        database: Database,
        connection_id: str,
        seller_id: str,
        inbox: Inbox,
        clock: Clock,
    ) -> None:
        """`inbox`: of the flow of stock, whose SKUs are told."""
        self.book = FeedStore(database, connection_id)
        self._amazon = amazon
        self._seller_id = seller_id
        self._stock = StockStore(database, connection_id)
        self._inbox = inbox
        self._lock: Lock = lambda: database.lock(f"{connection_id}/{FEEDS}")
        self._clock = clock

    def gathered(self) -> int:
        """How many sets wait for the next feed."""
        return self.book.gathered()

    def is_open(self) -> bool:
        """Whether feeds go through in their usual time, as far as anybody knows."""
        return not self.book.went_wrong(self._clock() - SHUT_FOR)

    def follow(self, *, may_send: bool) -> int:
        """Ask for every feed that is under way, and hand over what waits; answers how many there are. One that cannot be read stops no other.

        `may_send`: False while quantities are paused.
        """
        with self._lock() as held:
            if held is None:
                return 0
            feeds = self.book.under_way()
            faults: list[Exception] = []
            for feed in feeds:
                self._try(feed, self._follow, faults)
            if not any(feed.stage == "closed" for feed in feeds):
                # While one waits for its rate the next goes on gathering: few feeds, each of many.
                self.book.close()
            for feed in self.book.under_way():
                if feed.stage == "closed":
                    self._try(feed, partial(self._submit, may_send=may_send), faults)
            if self.is_open() and self.book.went_wrong(self._clock() - KEPT_FOR):
                self._inbox.clear_case(FEEDS_RECORD, "stock.feed_late", self._clock())
        if faults:
            raise faults[0]
        return len(feeds)

    def _follow(self, feed: QuantityFeed) -> None:
        if feed.stage == "creating":
            # Whoever created it died before he was told its number.
            self.book.end(feed.key, "lost", self._clock())
        elif feed.stage == "submitted":
            follow_feed(feed, amazon=self._amazon, book=self.book, inbox=self._inbox, clock=self._clock)

    def _submit(self, feed: QuantityFeed, *, may_send: bool) -> None:
        submit_feed(
            feed,
            amazon=self._amazon,
            book=self.book,
            stock=self._stock,
            inbox=self._inbox,
            document_of=partial(_document, self._seller_id),
            may_send=may_send,
            clock=self._clock,
        )

    def _try(self, feed: QuantityFeed, act: Callable[[QuantityFeed], None], faults: list[Exception]) -> None:
        """What one feed meets is said at the end, after the others had their turn."""
        try:
            act(feed)
        except (Unavailable, Rejected, DataError) as fault:
            faults.append(fault)


def _document(seller_id: str, changes: Sequence[SetQuantity]) -> FeedDocument:
    """All of it, which is one document: a feed gathers no more than fits."""
    [document] = feed_documents(seller_id, changes)
    return document
