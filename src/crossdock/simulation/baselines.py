"""What merchants have today: a schedule that copies the shop's stock, with or without a buffer, and a push for every change.

They know what commercetools says when they look, and nothing of what is under way.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from crossdock.simulation.market import Market


@dataclass(slots=True)
class Schedule:
    """Every so often, each SKU whose wanted quantity changed is set."""

    every_s: float
    buffer_units: int = 0
    _sent: dict[int, int] = field(default_factory=dict)
    _market: Market | None = None

    def begin(self, market: Market) -> None:
        """All is listed; the runs of the SKUs are spread over the interval, as one long run spreads them."""
        self._market = market
        for sku, shelf in enumerate(market.shelves):
            shelf.live = self._sent[sku] = max(0, shelf.in_shop - self.buffer_units)
            market.wake(self.every_s * (sku + 1) / len(market.shelves), sku, "run")

    def on_alarm(self, sku: int, what: str, _told: Any) -> None:
        """A run comes to this SKU."""
        market = _of(self._market)
        quantity = max(0, market.shelves[sku].in_shop - self.buffer_units)
        if quantity != self._sent[sku]:
            self._sent[sku] = quantity
            market.set_listed(sku, quantity)
        if market.now_s < market.scene.end_s:
            market.wake(market.now_s + self.every_s, sku, what)

    def on_order_known(self, sku: int, units: int, _made_at_s: float) -> None:
        """Orders are claimed when they are known; the next run sees it."""
        _of(self._market).take(sku, units)

    def on_cancelled(self, sku: int, units: int, _at_s: float) -> None:
        """The units are back in the shop."""
        _of(self._market).take(sku, -units)

    def on_shop_sold(self, sku: int, units: int) -> None:
        """The next run sees it."""

    def on_restocked(self, sku: int, units: int) -> None:
        """The next run sees it."""

    def on_read(self, sku: int, quantity: int) -> None:
        """It never reads."""


@dataclass(slots=True)
class Push:
    """Every change is sent at once."""

    _market: Market | None = None

    def begin(self, market: Market) -> None:
        """All is listed."""
        self._market = market
        for shelf in market.shelves:
            shelf.live = shelf.in_shop

    def on_order_known(self, sku: int, units: int, _made_at_s: float) -> None:
        """Claim, and send what is left."""
        _of(self._market).take(sku, units)
        self._send(sku)

    def on_cancelled(self, sku: int, units: int, _at_s: float) -> None:
        """The units are back in the shop."""
        _of(self._market).take(sku, -units)
        self._send(sku)

    def on_shop_sold(self, sku: int, _units: int) -> None:
        """Send what is left."""
        self._send(sku)

    def on_restocked(self, sku: int, _units: int) -> None:
        """Send what is there."""
        self._send(sku)

    def on_read(self, sku: int, quantity: int) -> None:
        """It never reads."""

    def on_alarm(self, sku: int, what: str, told: Any) -> None:
        """It sets none."""

    def _send(self, sku: int) -> None:
        market = _of(self._market)
        market.set_listed(sku, max(0, market.shelves[sku].in_shop))


def _of(market: Market | None) -> Market:
    assert market is not None, "begun"
    return market
