"""What is known of the SKUs of a batch: one query for their entries, one for what we hold, one for what was sold. Read again where it is no longer fresh."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import chain, takewhile

from crossdock.domain.cover import covered_on
from crossdock.domain.feed import FeedNews
from crossdock.domain.ids import SellerSku
from crossdock.domain.inventory import StockEntry
from crossdock.domain.outlook import Outlook
from crossdock.domain.seller_names import SellerNames
from crossdock.domain.stock_policy import StockPolicy
from crossdock.domain.stock_record import SoldLine, StockRecord
from crossdock.errors import DataError
from crossdock.flows.known_stock import KnownStock
from crossdock.flows.move_units import Split
from crossdock.ports import Clock, CommerceStock, StockBook

# A batch may wait for Amazon's rate; entries older than this are read again, one SKU at a time.
FRESH_FOR = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class _Read:
    at: datetime
    entries: tuple[StockEntry, ...]
    split: Split | None
    problem: DataError | None
    record: StockRecord
    lines: tuple[SoldLine, ...]
    news: FeedNews | None
    sold_as: SellerSku | None
    elsewhere: int
    beside: tuple[StockEntry, ...]


class BatchStock:
    """The stock of a batch's SKUs; each is asked for once, by the thread that runs it."""

    def __init__(
        self,
        inventory: CommerceStock,
        stock: StockBook,
        *,
        policy: StockPolicy,
        names: SellerNames,
        clock: Clock,
        covers: str,
    ) -> None:
        """Nothing is read yet. `covers`: with what the numbers of the connection's covers begin."""
        self._inventory = inventory
        self._stock = stock
        self._policy = policy
        self._names = names
        self._clock = clock
        self._covers = covers
        self._read: dict[SellerSku, _Read] = {}

    def read_ahead(self, skus: Sequence[SellerSku]) -> None:
        """Read what a batch needs."""
        self._read = self._look(skus)

    def known(self, sku: SellerSku, *, searched_until: datetime | None, outlook: Outlook, paused: str) -> KnownStock:
        """One SKU now, and its own peaks; DataError where an entry of it cannot be read without guessing, because what it holds would be missing."""
        read = self._read.pop(sku, None)
        if read is None or self._clock() - read.at > FRESH_FOR:
            read = self._look([sku])[sku]
        if read.problem is not None:
            raise read.problem
        return self._known(sku, read, searched_until=searched_until, outlook=outlook, paused=paused)

    def ahead(
        self, *, searched_until: datetime | None, outlook: Outlook, paused: str
    ) -> Mapping[SellerSku, KnownStock]:
        """All of the batch that can be read, as it was read ahead; none is used up."""
        readable = {sku: read for sku, read in self._read.items() if read.problem is None}
        return {
            sku: self._known(sku, read, searched_until=searched_until, outlook=outlook, paused=paused)
            for sku, read in readable.items()
        }

    def _known(
        self, sku: SellerSku, read: _Read, *, searched_until: datetime | None, outlook: Outlook, paused: str
    ) -> KnownStock:
        return KnownStock(
            read.record,
            read.entries,
            read.lines,
            searched_until,
            replace(outlook, calendar=self._policy.calendar_of(sku)),
            read.split,
            paused=paused,
            news=read.news,
            sold_as=read.sold_as,
            elsewhere=read.elsewhere,
            covers=self._covers,
            beside=read.beside,
        )

    def _look(self, skus: Sequence[SellerSku]) -> dict[SellerSku, _Read]:
        # The entries before the lines: whatever another run claims, settles or forgets in between moves its entry, and a claim onto what was read
        # here is a Conflict. Read the other way round, a line that it settled and forgot would be claimed once more.
        at = self._clock()
        page = self._inventory.read({self._names.commerce_sku(sku) for sku in skus})
        names = {sku: self._names.of_the_same(sku) for sku in skus}
        lines = self._stock.lines(skus)
        records = self._stock.find(list({*skus, *chain.from_iterable(names.values())}))
        news = self._stock.feed_news(skus)
        entries: dict[str, list[StockEntry]] = {}
        for entry in page.entries:
            entries.setdefault(entry.sku, []).append(entry)
        problems = {unreadable.sku: unreadable.problem for unreadable in page.unreadable}
        return {
            sku: _Read(
                at=at,
                entries=self._pool(sku, entries.get(self._names.commerce_sku(sku), [])),
                split=self._split(sku, entries.get(self._names.commerce_sku(sku), [])),
                problem=problems.get(self._names.commerce_sku(sku)),
                record=records.get(sku, StockRecord()),
                lines=tuple(lines.get(sku, ())),
                news=news.get(sku),
                sold_as=_sold_as(sku, names[sku], records),
                elsewhere=sum(_may_sell(records.get(name)) for name in names[sku] if name != sku),
                beside=self._beside(sku, entries.get(self._names.commerce_sku(sku), [])),
            )
            for sku in skus
        }

    def _pool(self, sku: SellerSku, entries: Sequence[StockEntry]) -> tuple[StockEntry, ...]:
        """The entries that feed Amazon, in the policy's order."""
        channels = self._policy.pool(self._policy.rule_of(sku).mode)
        return _of(channels, entries)

    def _beside(self, sku: SellerSku, entries: Sequence[StockEntry]) -> tuple[StockEntry, ...]:
        """Entries that feed Amazon no more, or never do with proof, and keep something back from before."""
        channels = self._policy.pool(self._policy.rule_of(sku).mode)
        return tuple(
            entry for entry in entries if entry.supply_channel not in channels and covered_on(entry, self._covers)
        )

    def _split(self, sku: SellerSku, entries: Sequence[StockEntry]) -> Split | None:
        """The shop's entries beside Amazon's own, with proof."""
        escrow_channel = self._policy.escrow_channel
        if self._policy.rule_of(sku).mode != "proof" or escrow_channel is None:
            return None
        return Split(self._names.commerce_sku(sku), escrow_channel, _of(self._policy.channels, entries), None)


def _sold_as(sku: SellerSku, names: Sequence[SellerSku], records: Mapping[SellerSku, StockRecord]) -> SellerSku | None:
    """The one of its names that sells the units, where it is another: the first that the merchant ships. What Amazon ships sells none of them."""
    before = takewhile(lambda name: name != sku, names)
    return next((name for name in before if records.get(name, StockRecord()).fulfilled_by == "MERCHANT"), None)


def _may_sell(record: StockRecord | None) -> int:
    """Units that may be on sale of the merchant's stock under this name."""
    return record.on_sale.hold.units if record is not None and record.fulfilled_by != "AMAZON" else 0


def _of(channels: Sequence[str | None], entries: Sequence[StockEntry]) -> tuple[StockEntry, ...]:
    return tuple(entry for channel in channels for entry in entries if entry.supply_channel == channel)
