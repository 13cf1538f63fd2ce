"""The delays of one connection, kept: what its orders, its shop's sales and its sets took lately. Part of the composition root (`start_up.py`)."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from crossdock.amazon.notifications import QuantityChanged
from crossdock.domain.delays import Kind, delays_of, measured
from crossdock.domain.evidence import ROOM_EVERY_S, read_room
from crossdock.domain.ids import SellerSku
from crossdock.domain.sellable import Delays
from crossdock.domain.stock_record import StockRecord
from crossdock.ports import Clock
from crossdock.store.cursors import Cursors

DELAYS = "stock.delays"
READ_EVERY = "stock.read_every"


class MeasuredDelays:
    """What was measured, the newest of it, by what it is of."""

    def __init__(self, cursors: Cursors, clock: Clock) -> None:
        """Bind to one connection."""
        self._cursors = cursors
        self._clock = clock
        # Filled on a drain's threads.
        self._shown: deque[float] = deque()
        self._wanted: set[SellerSku] = set()
        self._shared_at = clock()

    def now(self) -> Delays:
        """What is reckoned with."""
        return replace(delays_of(self._kept()), read_every_s=self._read_every_s())

    def want_read(self, sku: SellerSku) -> None:
        """A read of this SKU is wanted, whether or not Amazon's rate has one left."""
        self._wanted.add(sku)

    def note(self, kind: Kind, happened: Sequence[datetime]) -> None:
        """These happened then, by the platform's clock, and are known now."""
        now = self._clock()
        self._keep(kind, [(now - at).total_seconds() for at in happened], now)

    def note_told(self, held: Mapping[SellerSku, StockRecord], changes: Sequence[QuantityChanged]) -> None:
        """Amazon says when these quantities changed: of a set that is under way, when it took effect. A feed's took the feed's time."""
        late_s = [
            (change.event_at - sent.at).total_seconds()
            for change in changes
            if (record := held.get(change.seller_sku)) is not None
            and (sent := record.sent) is not None
            and record.on_sale.is_under_way()
            and (sent.lane, sent.seen, sent.quantity) == ("patch", False, change.quantity)
        ]
        self._keep("sets", late_s, self._clock())

    def note_shown(self, late_s: float) -> None:
        """A read showed a set that took so long; kept with the next `keep`, for reads come on several threads."""
        self._shown.append(late_s)

    def keep(self) -> None:
        """Keep what reads showed, and how often the neediest SKUs can be read, where so many want to be: a plan in another process reckons with it too."""
        now = self._clock()
        self._keep("sets", [self._shown.popleft() for _ in range(len(self._shown))], now)
        span_s = (now - self._shared_at).total_seconds()
        if span_s < ROOM_EVERY_S:
            return
        before = self._read_every_s()
        # Nobody drained for longer: what is wanted is of the last moments all the same.
        every_s = read_room(before, len(self._wanted) / min(span_s, 2 * ROOM_EVERY_S))
        if every_s != before:
            self._cursors.save(READ_EVERY, {"s": every_s}, now)
        self._shared_at = now
        self._wanted.clear()

    def _read_every_s(self) -> float:
        kept = self._cursors.find(READ_EVERY)
        return float(kept["s"]) if kept else Delays().read_every_s

    def _kept(self) -> dict[str, list[float]]:
        return self._cursors.find(DELAYS) or {}

    def _keep(self, kind: Kind, late_s: Sequence[float], now: datetime) -> None:
        if late_s:
            kept = self._kept()
            self._cursors.save(DELAYS, kept | {kind: measured(kept.get(kind, []), late_s)}, now)
