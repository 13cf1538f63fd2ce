"""Stock as commercetools holds it: entries, what is noted on them, pages of them, and hints that some have moved.

There is one entry for a SKU and supply channel, and one for the SKU without a channel. Units that Amazon sold are taken off an entry in the same update that
notes on it how many, under which number: what is noted was taken, once, whatever crashed in between.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from crossdock.domain.ids import SellerSku
from crossdock.domain.order_fields import FieldSpec
from crossdock.errors import DataError

CLAIMS_FIELD = "amazon-claims"
STOCK_FIELDS: tuple[FieldSpec, ...] = (FieldSpec(CLAIMS_FIELD, "Set:String", "Amazon claims taken off this stock"),)

# commercetools advises documents of some 100 kB: so many numbers of some 40 characters stay below it. A claim is forgotten once its order is settled.
CLAIMS_MAX = 2_000
# An Amazon order id with an order item id behind it has 34 characters.
CLAIM_NUMBER_MAX = 64
# No order has so many units of one line: a number above it was misread, and must not empty an entry.
UNITS_MAX = 1_000_000


@dataclass(frozen=True, slots=True)
class StockEntry:
    """One entry as commercetools shows it now; `supply_channel` is its channel's key, None for the entry without one.

    Quantities may be negative. `on_stock` less what is reserved is `available`; what orders took shows after up to ten seconds. `has_type`: some custom type
    is on the entry, ours or the merchant's. `claims`: the units taken off by claim number; negative where a move gave some.
    """

    entry_id: str
    version: int
    sku: SellerSku
    supply_channel: str | None
    on_stock: int
    available: int
    changed_at: datetime
    claims: Mapping[str, int] = field(default_factory=dict)
    has_type: bool = False


@dataclass(frozen=True, slots=True)
class UnreadableEntry:
    """An entry that cannot be read without guessing; id and SKU are empty where not even they can."""

    entry_id: str
    sku: str
    problem: DataError


@dataclass(frozen=True, slots=True)
class StockPlace:
    """Behind which entry the next page begins, in the order of changes or of ids."""

    entry_id: str
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class StockPage:
    """Entries out of one answer; an unreadable one stops no other. `place`: where the next page begins, None after the last.

    `newest_at`: the latest change on the page, by commercetools' clock; None on an empty page. After the last page it is the mark of the next sweep.
    """

    entries: tuple[StockEntry, ...]
    unreadable: tuple[UnreadableEntry, ...] = ()
    place: StockPlace | None = None
    newest_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Moved:
    """Both entries after a move."""

    taken_from: StockEntry
    given_to: StockEntry


@dataclass(frozen=True, slots=True)
class StockHint:
    """Stock of these SKUs moved, or is about to: read it again, `lag` after this hint was read.

    `at`: when, by commercetools' clock, which is not ours; hence a lag and no time. `why`: the message's type. `entry_id`: of the entry, also where the message
    tells no SKU and `skus` is empty. `by_client`: the API client that did it, empty where none is told; our own writes come back too.
    """

    skus: tuple[SellerSku, ...]
    at: datetime
    why: str
    lag: timedelta = timedelta(0)
    entry_id: str = ""
    by_client: str = ""


@dataclass(frozen=True, slots=True)
class MessagePlace:
    """How far a project's messages were read, by commercetools' clock. Begin with the time of the last full comparison.

    `newest_at`: of the newest message that was read. `seen`: messages that may come again because each pass begins before it, with their times.
    `after`: within a pass, time and id of the last message read; None between passes.
    """

    newest_at: datetime
    seen: Mapping[str, datetime] = field(default_factory=dict)
    after: tuple[datetime, str] | None = None


@dataclass(frozen=True, slots=True)
class HintPage:
    """Hints out of one page of messages, the oldest first. A pass is finished once `place.after` is None.

    `unreadable`: messages of a kind we know that tell nothing we can use; the sweep finds what they meant.
    """

    hints: tuple[StockHint, ...]
    place: MessagePlace
    unreadable: tuple[DataError, ...] = ()
