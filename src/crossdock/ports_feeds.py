"""What the flow of feeds needs from outside, as Protocols; faults as in `ports.py`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from crossdock.domain.feed import FeedEnd, FeedSet, FeedStage, SetEnd
from crossdock.domain.ids import SellerSku
from crossdock.domain.listed import FeedDocument, FeedReport, FeedState, Upload


class AmazonFeeds(Protocol):
    """Feeds of listings on Amazon."""

    def create_document(self) -> Upload:
        """A place for one document. Repeating it makes another; one that is not used does no harm."""

    def upload(self, place: Upload, document: FeedDocument) -> None:
        """The document is in its place; repeating it is safe."""

    def create(self, document_id: str) -> str:
        """The id of the feed that waits now. Not to be repeated: after an Unavailable without `own_rate` it may be there already."""

    def get(self, feed_id: str) -> FeedState:
        """Where the feed stands. Rejected where Amazon does not know it; DataError for a status that is not known."""

    def cancel(self, feed_id: str) -> bool:
        """Whether the feed certainly never takes effect; False where it is too late."""

    def report(self, report_id: str, skus: Sequence[SellerSku]) -> FeedReport:
        """What became of each message; repeating it is safe."""


class FeedBook(Protocol):
    """Which feeds are under way, and what became of their sets."""

    def sets(self, feed_key: int) -> list[FeedSet]:
        """All that joined it, in the order of their messages."""

    def mark(self, feed_key: int, stage: FeedStage) -> None:
        """Where it stands before Amazon's number of it is known."""

    def submitted(self, feed_key: int, feed_id: str, now: datetime) -> None:
        """Amazon has it, under this number."""

    def late(self, feed_key: int, now: datetime) -> None:
        """It is past its usual time; repeating it changes nothing."""

    def tell(
        self, feed_key: int, ends: Mapping[SellerSku, SetEnd], now: datetime, *, codes: Mapping[SellerSku, str]
    ) -> None:
        """What became of these sets; what was told of one before stands."""

    def end(self, feed_key: int, outcome: FeedEnd, now: datetime) -> None:
        """It is over."""
