"""The feeds of one account on the simulated Amazon: they wait, and are processed one after the other.

How long each waits and takes is drawn from the world's seed when it is created. Whoever runs the world can make them
slow (`queue_s`, `processing_s`), stop them (`stop`, `go_on`), or decide how the next ones end (`next_outcomes`).
What a feed changes reaches the listings after it is done, with the delay every change has.
"""

import gzip
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Literal, NamedTuple, TypeAlias

from crossdock.twin.amazon_feed_messages import read_feed, write_report
from crossdock.twin.amazon_listings import Listings
from crossdock.twin.amazon_wire import encoded
from crossdock.twin.world import World

Status: TypeAlias = Literal["IN_QUEUE", "IN_PROGRESS", "DONE", "CANCELLED", "FATAL"]
Outcome: TypeAlias = Literal[
    "done",
    "fatal",  # FATAL, without a report; of its messages some, none or all were applied
    "cut_report",  # DONE, and the report breaks off in its middle
]

LISTINGS_FEED = "JSON_LISTINGS_FEED"
URL_LIFE = timedelta(minutes=5)
UPLOADS_KEPT = timedelta(minutes=15)  # no page tells how long: enough for whoever asks for a feed twice


@dataclass
class Document:
    """What is fed or reported: without a body it was not uploaded yet."""

    document_id: str
    content_type: str
    created_at: datetime
    body: bytes | None = None
    result: bool = False
    compressed: bool = False


class Link(NamedTuple):
    """What a presigned address stands for."""

    document: Document
    expires_at: datetime
    content_encoding: str


@dataclass
class Feed:
    """One feed from its creation to its end."""

    feed_id: str
    feed_type: str
    marketplace_ids: list[str]
    body: bytes
    """What was fed, until the feed has ended."""
    created_at: datetime
    queue_s: float
    processing_s: float
    outcome: Outcome
    status: Status = "IN_QUEUE"
    started_at: datetime | None = None
    ended_at: datetime | None = None
    result_document_id: str | None = None


class Feeds:
    """All feeds and feed documents of one account."""

    def __init__(
        self,
        world: World,
        *,
        random: Random,
        seller_id: str,
        listings: Listings,
        tell: Callable[[Feed, datetime], None],
    ) -> None:
        """Begin without feeds; `tell` notifies the seller of one that has ended."""
        self.by_id: dict[str, Feed] = {}
        self.documents: dict[str, Document] = {}
        self.links: dict[str, Link] = {}
        self.queue_s = (2.0, 20.0)
        """The least and the most time a feed waits, if none is before it: for feeds created from now on."""
        self.processing_s = (10.0, 120.0)
        """The least and the most time its processing takes: for feeds created from now on."""
        self.next_outcomes: deque[Outcome] = deque()
        """How the feeds created next will end; those after them are done."""
        self.compressed = True
        """Whether reports are kept with GZIP."""
        self._stopped_at: datetime | None = None
        self._uploads: deque[Document] = deque()
        self._world = world
        self._random = random
        self._seller_id = seller_id
        self._listings = listings
        self._tell = tell
        self._waiting: deque[Feed] = deque()
        self._free_at = world.clock.now()

    def new_document(self, content_type: str, body: bytes | None = None) -> Document:
        """Make a document; with a body it is a report."""
        document_id = f"amzn1.tortuga.4.eu.{self._world.new_id()}.T{self._random.getrandbits(64):016X}"
        now = self._world.clock.now()
        document = Document(document_id, content_type, now, body, result=body is not None)
        self.documents[document_id] = document
        if not document.result:
            self._uploads.append(document)
        while self._uploads and self._uploads[0].created_at < now - UPLOADS_KEPT:
            self._uploads.popleft().body = None
        return document

    def new_link(self, document: Document, content_encoding: str = "identity") -> str:
        """Give a document an address for five minutes, and forget the addresses that have expired long ago."""
        now = self._world.clock.now()
        self.links = {key: link for key, link in self.links.items() if link.expires_at > now - URL_LIFE}
        key = f"{self._random.getrandbits(160):040x}"
        self.links[key] = Link(document, now + URL_LIFE, content_encoding)
        return key

    def create(self, feed_type: str, marketplace_ids: Iterable[str], document: Document) -> Feed:
        """Put a feed at the end of the queue."""
        feed = Feed(
            feed_id=str(self._random.randrange(10**10, 10**11)),
            feed_type=feed_type,
            marketplace_ids=list(marketplace_ids),
            body=document.body or b"",
            created_at=self._world.clock.now(),
            queue_s=self._random.uniform(*self.queue_s),
            processing_s=self._random.uniform(*self.processing_s),
            outcome=self.next_outcomes.popleft() if self.next_outcomes else "done",
        )
        self.by_id[feed.feed_id] = feed
        self._waiting.append(feed)
        return feed

    def cancel(self, feed: Feed) -> bool:
        """Take a feed out of the queue; False if it is too late."""
        if feed.status != "IN_QUEUE":
            return False
        self._waiting.remove(feed)
        self._end(feed, "CANCELLED", self._world.clock.now())
        return True

    @property
    def stuck(self) -> bool:
        """Whether no feed goes on."""
        return self._stopped_at is not None

    def stop(self) -> None:
        """Let no feed go on from now, wherever it stands."""
        self._stopped_at = self._stopped_at or self._world.clock.now()

    def go_on(self) -> None:
        """Let the feeds go on from here: what was due meanwhile happens now."""
        if self._stopped_at is not None:
            self._stopped_at = None
            self._free_at = self._world.clock.now()

    def due_at(self) -> datetime | None:
        """Tell when the feed at the head of the queue starts or ends; None while nothing moves."""
        if not self._waiting:
            return None
        feed = self._waiting[0]
        since, wait_s = (
            (feed.created_at, feed.queue_s) if feed.started_at is None else (feed.started_at, feed.processing_s)
        )
        at = max(self._free_at, since + timedelta(seconds=wait_s))
        return None if self._stopped_at is not None and at > self._stopped_at else at

    def step(self) -> None:
        """Let the feed at the head of the queue start or end."""
        at = self.due_at()
        assert at is not None
        feed = self._waiting[0]
        if feed.started_at is None:
            feed.status, feed.started_at = "IN_PROGRESS", at
            return
        self._waiting.popleft()
        self._free_at = at
        self._process(feed, at)

    def _process(self, feed: Feed, at: datetime) -> None:
        """Take what a feed holds, and end it with a report."""
        if feed.feed_type != LISTINGS_FEED:  # removed in July 2025
            self._end(feed, "FATAL", at)
            return
        reading = read_feed(feed.body, self._seller_id)
        taken = len(reading.accepted)
        if feed.outcome == "fatal":
            taken = self._random.randint(0, taken)
        for message in reading.accepted[:taken]:
            listing = self._listings.by_sku.get(message.sku)
            if listing is not None:
                self._listings.submit(message.sku, message.change(listing.attributes), lane="feed", at=at)
        if feed.outcome == "fatal":
            self._end(feed, "FATAL", at)
            return
        written = encoded(write_report(reading, feed.feed_id, self._listings.by_sku.get, feed.marketplace_ids))
        if feed.outcome == "cut_report":
            written = written[: len(written) // 2]
        body = gzip.compress(written, mtime=0) if self.compressed else written
        report = self.new_document("application/json", body)
        report.created_at, report.compressed = at, self.compressed
        feed.result_document_id = report.document_id
        self._end(feed, "DONE", at)

    def _end(self, feed: Feed, status: Status, at: datetime) -> None:
        """End a feed, forget what was fed, and tell the seller."""
        feed.status, feed.ended_at = status, at
        feed.body = b""
        self._tell(feed, at)
