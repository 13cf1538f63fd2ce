"""What Amazon says of a merchant's listings: the quantity it shows, what became of one that was sent, and of a feed of many.

The rule: accepted is not applied. A submission or a report says that Amazon understood; only a ListedQuantity says what can be bought.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from crossdock.domain.ids import SellerSku
from crossdock.domain.inventory import UNITS_MAX
from crossdock.errors import DataError

# The channel of what the merchant ships himself; Amazon's own networks are called AMAZON_EU, AMAZON_NA and so on.
MERCHANT_CHANNEL = "DEFAULT"
AMAZON_CHANNELS = "AMAZON_"

# Amazon's forms allow 40 characters; so much more is no SKU but a misread file. It also keeps an address short.
SKU_LENGTH_MAX = 100
# As segments of an address these mean another address, however they are encoded.
_NO_SEGMENTS = frozenset({".", ".."})

FulfilledBy = Literal["MERCHANT", "AMAZON"]
FeedStatus = Literal["IN_QUEUE", "IN_PROGRESS", "DONE", "CANCELLED", "FATAL"]


@dataclass(frozen=True, slots=True)
class ListedQuantity:
    """What Amazon shows of one SKU now, by channel; None where it counts its own stock.

    `answered_at`: by when Amazon answered so, by its own clock; None where it did not tell.
    """

    seller_sku: SellerSku
    by_channel: Mapping[str, int | None]
    answered_at: datetime | None = field(default=None, compare=False)

    @property
    def fulfilled_by(self) -> FulfilledBy | None:
        """AMAZON where any channel is Amazon's own; None where no channel, or one that we do not know, is shown."""
        if any(channel.startswith(AMAZON_CHANNELS) for channel in self.by_channel):
            return "AMAZON"
        return "MERCHANT" if set(self.by_channel) == {MERCHANT_CHANNEL} else None

    @property
    def quantity(self) -> int | None:
        """What buyers can buy of the merchant's own units; None where Amazon does not tell, which is not 0."""
        return self.by_channel.get(MERCHANT_CHANNEL)


@dataclass(frozen=True, slots=True)
class UnreadableListing:
    """A listing that cannot be read without guessing; the SKU is empty where not even it can."""

    seller_sku: str
    problem: DataError


@dataclass(frozen=True, slots=True)
class ListedPage:
    """Listings out of one answer; an unreadable one stops no other. `token`: of the next page, None after the last.

    `found`: how many the whole query has. `beyond`: how many of them no page of it will ever show; ask by shorter windows.
    """

    listings: tuple[ListedQuantity, ...]
    found: int
    beyond: int = 0
    unreadable: tuple[UnreadableListing, ...] = ()
    token: str | None = None


@dataclass(frozen=True, slots=True)
class SetQuantity:
    """Set the merchant's quantity of one SKU, in all marketplaces of the seller. DataError for what can be no SKU."""

    seller_sku: SellerSku
    quantity: int

    def __post_init__(self) -> None:
        check_sku(self.seller_sku)
        assert 0 <= self.quantity <= UNITS_MAX, "a decision gives a quantity that exists"


@dataclass(frozen=True, slots=True)
class Submission:
    """Amazon has queued a set. `codes`: of what it remarks on it all the same; `answered_at`: by when, by its own clock, None where it did not tell."""

    submission_id: str
    status: Literal["ACCEPTED"] = "ACCEPTED"
    codes: tuple[str, ...] = ()
    answered_at: datetime | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class FeedDocument:
    """One feed to be uploaded; `skus` in the order of its messages, kept by whoever wants to read its report."""

    body: bytes = field(repr=False)
    skus: tuple[SellerSku, ...]


@dataclass(frozen=True, slots=True)
class Upload:
    """Where a feed's document goes, for five minutes. Whoever has the address may write there: it is never shown."""

    document_id: str
    url: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class FeedState:
    """Where a feed stands. FATAL: some, none or all of it may have been applied. `report_id`: its report, once there is one."""

    feed_id: str
    status: FeedStatus
    report_id: str | None = None


@dataclass(frozen=True, slots=True)
class MessageResult:
    """What became of one message. `accepted`: queued, not applied; None where the report does not tell."""

    seller_sku: SellerSku
    accepted: bool | None
    codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FeedReport:
    """What a report tells of each message, in the order they were sent. `codes`: of what concerns the feed as a whole.

    `incomplete`: it breaks off, is larger than its limit, or its sums do not agree; what it tells nothing of has `accepted` None.
    """

    messages: tuple[MessageResult, ...]
    codes: tuple[str, ...] = ()
    incomplete: bool = False


def check_sku(sku: SellerSku) -> None:
    """DataError for what can be no SKU: nothing, too much, half a character, a control character, or a step in an address."""
    fits = 0 < len(sku) <= SKU_LENGTH_MAX and sku not in _NO_SEGMENTS
    if not fits or any(character < " " or "\ud800" <= character <= "\udfff" for character in sku):
        raise DataError("seller_sku", f"{sku[:SKU_LENGTH_MAX]!a} can be no SKU")
