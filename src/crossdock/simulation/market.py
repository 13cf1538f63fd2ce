"""The market: buyers take what each side offers, Amazon follows with its delays, and a policy is told what a product would be told, when it would be.

What happens is hidden from the policy but for its own five calls. Times are seconds from the start; every draw comes from the seed.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from crossdock.simulation.peak import Order, Scene

Feed = Literal["events", "polling"]

# From an order made until it is known: by Amazon's notifications, or by searching every two minutes what is two minutes old.
ORDER_KNOWN_S: dict[Feed, tuple[float, float]] = {"events": (1.0, 10.0), "polling": (120.0, 320.0)}
SHOP_SEEN_S = (3.0, 15.0)
EFFECT_S = (2.0, 60.0)
# So many sets are accepted and never take effect.
NO_EFFECT_SHARE = 0.01
PENDING_S = 1800.0
# What Amazon allows an account: 5 sets and 5 reads a second.
CALL_EVERY_S = 0.2
# After the last buyer: until everything under way is known.
QUIET_S = 3600.0


@dataclass(slots=True)
class Shelf:
    """The truth about one SKU. `in_shop`: units the shop may sell; `live`: on sale on Amazon; `refused`: asked for in vain while units lay there."""

    stock: int
    in_shop: int
    live: int = 0
    sold: int = 0
    refused: int = 0

    @property
    def left(self) -> int:
        """Units that lie there and are not sold; negative ones were sold twice."""
        return self.stock - self.sold


@dataclass(frozen=True, slots=True)
class Result:
    """What a policy came to: units sold, oversold, lost; calls that set and calls that read."""

    sold: int = 0
    oversold: int = 0
    lost: int = 0
    sets: int = 0
    reads: int = 0

    def __add__(self, other: Result) -> Result:
        return Result(
            self.sold + other.sold,
            self.oversold + other.oversold,
            self.lost + other.lost,
            self.sets + other.sets,
            self.reads + other.reads,
        )

    @property
    def oversold_per_10k(self) -> float:
        """Units oversold of 10,000 sold."""
        return 10_000 * self.oversold / max(1, self.sold)

    @property
    def lost_percent(self) -> float:
        """Units not sold though they lay there and were asked for, per cent of those sold."""
        return 100 * self.lost / max(1, self.sold)


class Policy(Protocol):
    """What is told of a market. Every call names the SKU by its place in the scene."""

    def begin(self, market: Market) -> None:
        """The shelves are filled; what is listed now is live at once."""

    def on_order_known(self, sku: int, units: int, made_at_s: float) -> None:
        """An Amazon order became known."""

    def on_cancelled(self, sku: int, units: int, at_s: float) -> None:
        """An Amazon order's cancellation became known."""

    def on_shop_sold(self, sku: int, units: int) -> None:
        """A sale of the shop became known; commercetools took the units off when it was made."""

    def on_restocked(self, sku: int, units: int) -> None:
        """Units came in; commercetools has them already."""

    def on_read(self, sku: int, quantity: int) -> None:
        """What Amazon shows now, as it was asked."""

    def on_alarm(self, sku: int, what: str, told: Any) -> None:
        """An alarm of the policy's own."""


@dataclass(slots=True)
class Market:
    """One scene, played once by one policy."""

    scene: Scene
    feed: Feed
    seed: int
    now_s: float = 0.0
    sets: int = 0
    reads: int = 0
    shelves: list[Shelf] = field(default_factory=list)
    _events: list[tuple[float, int, Callable[..., None], int, Any]] = field(default_factory=list)
    _count: int = 0
    _set_free_s: float = 0.0
    _read_free_s: float = 0.0
    _chance: random.Random = field(default_factory=random.Random)
    _policy: Any = None

    def play(self, policy: Policy) -> Result:
        """Let everybody buy, until it is quiet again."""
        self._chance = random.Random(self.seed * 7919 + 1)
        self._policy = policy
        self.shelves = [Shelf(sku.stock, sku.stock) for sku in self.scene.skus]
        for place, sku in enumerate(self.scene.skus):
            for order in sku.orders:
                self._at(order.at_s, self._bought, place, order)
            for at_s, units in sku.restocked:
                self._at(at_s, self._restocked, place, units)
        policy.begin(self)
        until_s = self.scene.end_s + QUIET_S
        while self._events and self._events[0][0] <= until_s:
            self.now_s, _, happens, place, told = heapq.heappop(self._events)
            happens(place, told)
        return Result(
            sold=sum(shelf.sold for shelf in self.shelves),
            oversold=sum(max(0, -shelf.left) for shelf in self.shelves),
            lost=sum(min(shelf.refused, max(0, shelf.left)) for shelf in self.shelves),
            sets=self.sets,
            reads=self.reads,
        )

    # --- what a policy may do

    def set_listed(self, sku: int, quantity: int) -> None:
        """Send a quantity: it waits for the account's rate, and takes effect when Amazon likes."""
        self.sets += 1
        self._set_free_s = max(self.now_s, self._set_free_s) + CALL_EVERY_S
        if self._chance.random() >= NO_EFFECT_SHARE:
            self._at(self._set_free_s + self._chance.uniform(*EFFECT_S), self._took_effect, sku, quantity)

    def read_listed(self, sku: int) -> None:
        """Ask what is live; the answer comes when the account's rate allows."""
        self.reads += 1
        self._read_free_s = max(self.now_s, self._read_free_s) + CALL_EVERY_S
        self._at(self._read_free_s, self._shown, sku, None)

    @property
    def reads_wait_s(self) -> float:
        """How long a read asked for now would wait for its turn."""
        return max(0.0, self._read_free_s - self.now_s)

    def take(self, sku: int, units: int) -> None:
        """Take units off what the shop may sell; negative ones are given back."""
        self.shelves[sku].in_shop -= units

    def wake(self, at_s: float, sku: int, what: str, told: Any = None) -> None:
        """Tell the policy at this time."""
        self._at(at_s, self._alarm, sku, (what, told))

    # --- what happens

    def _at(self, at_s: float, happens: Callable[..., None], sku: int, told: Any) -> None:
        self._count += 1
        heapq.heappush(self._events, (at_s, self._count, happens, sku, told))

    def _bought(self, sku: int, order: Order) -> None:
        shelf = self.shelves[sku]
        got = min(order.units, shelf.live if order.on_amazon else max(0, shelf.in_shop))
        if got < order.units:
            shelf.refused += max(0, min(order.units, shelf.left) - got)
        if not got:
            return
        shelf.sold += got
        if not order.on_amazon:
            shelf.in_shop -= got
            self._at(self.now_s + self._chance.uniform(*SHOP_SEEN_S), self._shop_sold, sku, got)
            return
        shelf.live -= got
        self._at(self._known_at_s(), self._order_known, sku, (got, self.now_s))
        if order.is_cancelled:
            self._at(self.now_s + PENDING_S, self._cancelled, sku, (got, order.restocks))

    def _cancelled(self, sku: int, told: tuple[int, bool]) -> None:
        units, restocks = told
        shelf = self.shelves[sku]
        shelf.sold -= units
        shelf.live += units if restocks else 0
        self._at(self._known_at_s(), self._cancellation_known, sku, (units, self.now_s))

    def _known_at_s(self) -> float:
        return self.now_s + self._chance.uniform(*ORDER_KNOWN_S[self.feed])

    def _restocked(self, sku: int, units: int) -> None:
        self.shelves[sku].stock += units
        self.shelves[sku].in_shop += units
        self._at(self.now_s + self._chance.uniform(*SHOP_SEEN_S), self._restock_known, sku, units)

    def _took_effect(self, sku: int, quantity: int) -> None:
        self.shelves[sku].live = quantity

    def _shown(self, sku: int, _told: None) -> None:
        self._policy.on_read(sku, self.shelves[sku].live)

    def _order_known(self, sku: int, told: tuple[int, float]) -> None:
        self._policy.on_order_known(sku, *told)

    def _cancellation_known(self, sku: int, told: tuple[int, float]) -> None:
        self._policy.on_cancelled(sku, *told)

    def _shop_sold(self, sku: int, units: int) -> None:
        self._policy.on_shop_sold(sku, units)

    def _restock_known(self, sku: int, units: int) -> None:
        self._policy.on_restocked(sku, units)

    def _alarm(self, sku: int, told: tuple[str, Any]) -> None:
        self._policy.on_alarm(sku, *told)
