"""A month of a seller's trade, quickly: orders, shipments, refunds, charges and the settlements about them.

Everything happens on the simulated Amazon itself, without HTTP, as the world's clock moves on; so the orders are there to be read
as any others are. What happens when is drawn from the world's seed.
"""

import gc
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from heapq import heappop, heappush
from itertools import count

from crossdock.twin.merchant import Merchant, SoldOut
from crossdock.twin.settlement_rows import About
from crossdock.twin.settlements import Settlement

SHARE_REFUNDED = 0.06
SHARE_REFUNDED_IN_PART = 0.3  # of those: twice, where the second time gives back the rest
SHARE_CLAIMED = 0.05  # of those: as a chargeback, or under Amazon's guarantee
SHARE_RETROCHARGED = 0.004
SHARE_REIMBURSED = 0.003
SEEN_IN_CLAIMS = frozenset(
    {
        "Principal",
        "Tax",
        "Commission",
        "RefundCommission",
        "FBAPerUnitFulfillmentFee",
        "MarketplaceFacilitatorTax-Principal",
    }
)
PARTS = (10, 25, 50)  # percent of a refund in part
SHIPPED_AFTER_H = (2, 40)
REFUNDED_AFTER_D = (2, 20)
CLOSED_EVERY = timedelta(days=14)
ADVERTISED_EVERY = timedelta(days=7)


@dataclass
class Month:
    """What has happened: order ids, and the settlements that closed meanwhile, the oldest first."""

    order_ids: list[str] = field(default_factory=list)
    refunded: list[str] = field(default_factory=list)
    settlements: list[Settlement] = field(default_factory=list)


def trade_a_month(merchant: Merchant, n: int, *, days: int = 30, notify: bool = False) -> Month:
    """Let `n` orders be placed evenly over so many days from now, and all that follows from them; the clock moves on.

    The merchant must have goods. Settlements close every 14 days and at the end. Orders of the last hours are not shipped
    yet, and what is deferred is not settled yet. Unless told so Amazon notifies the seller of none of the orders.
    """
    collects = gc.isenabled()
    gc.disable()  # all that is made stays: looking through it again and again for what is not needed would double the time
    try:
        return _Trade(merchant, days).run(n, notify=notify)
    finally:
        if collects:
            gc.enable()


class _Trade:
    """The month while it goes on: an agenda of what is to happen, by time."""

    def __init__(self, merchant: Merchant, days: int) -> None:
        """Put on the agenda what happens anyway."""
        self._merchant = merchant
        self._payments = merchant.account.payments
        self._random = merchant.world.stream(f"month/{merchant.account.seller_id}/{merchant.world.clock.now()}")
        self._agenda: list[tuple[datetime, int, Callable[[], object]]] = []
        self._numbers = count()
        self._start = merchant.world.clock.now()
        self._end = self._start + timedelta(days=days)
        self._month = Month()
        for currency in self._payments.periods:
            self._plan_charges(currency)
        self._every(CLOSED_EVERY, self._close)

    def run(self, n: int, *, notify: bool) -> Month:
        """Let the time pass."""
        step = (self._end - self._start) / max(n, 1)
        for number in range(n):
            self._go_on_until(self._start + step * number)
            self._buy(notify=notify)
        self._go_on_until(self._end)
        self._close()
        return self._month

    def _buy(self, *, notify: bool) -> None:
        """Let somebody order, and plan what becomes of it."""
        random = self._random
        try:
            order_id = self._merchant.buy(settled=True, notify=notify)
        except SoldOut:
            return
        self._month.order_ids.append(order_id)
        shipped_at = self._now() + timedelta(hours=random.uniform(*SHIPPED_AFTER_H))
        self._at(shipped_at, partial(self._merchant.ship, order_id, notify=notify))
        refunded_at = shipped_at + timedelta(days=random.uniform(*REFUNDED_AFTER_D))
        if random.random() < SHARE_REFUNDED:
            self._plan_refunds(order_id, refunded_at)
        if random.random() < SHARE_RETROCHARGED:
            self._at(refunded_at, partial(self._payments.retrocharge, order_id))
        if random.random() < SHARE_REIMBURSED:
            self._at(refunded_at, partial(self._reimburse, order_id))

    def _plan_refunds(self, order_id: str, at: datetime) -> None:
        """Plan one refund, or one in part and one of the rest."""
        random = self._random
        claims = ("Chargeback Refund", "A-to-z Guarantee Refund")
        kind = random.choice(claims) if random.random() < SHARE_CLAIMED else "Refund"
        if random.random() < SHARE_REFUNDED_IN_PART:
            self._at(at, partial(self._refund, order_id, random.choice(PARTS), kind))
            at += timedelta(days=random.uniform(1, 10))
        self._at(at, partial(self._refund, order_id, 100, kind))

    def _plan_charges(self, currency: str) -> None:
        """Plan what a seller is charged whether anything is sold or not."""
        random, charge = self._random, self._payments.charge
        self._every(ADVERTISED_EVERY, lambda: charge("advertising", random.randrange(1_000, 30_000), currency))
        planned: tuple[tuple[float, Callable[[], object]], ...] = (
            (1.5, lambda: charge("subscription", 3_900, currency)),
            (2.5, lambda: charge("micro_deposit", 1, currency)),
            (6.5, lambda: charge("storage", random.randrange(2_000, 9_000), currency)),
            (9.5, lambda: self._payments.charge_inbound(random.randrange(1_000, 4_000), currency)),
            (11.5, lambda: self._lose_two_alike(currency)),
            (12.5, lambda: self._payments.send_for_another_shop(self._sku(), random.randint(1, 3), currency)),
            (20.5, lambda: charge("clawback", random.randrange(500, 2_000), currency)),
        )
        for day, act in planned:
            self._at(self._start + timedelta(days=day), act)

    def _lose_two_alike(self, currency: str) -> None:
        """Pay for two units that were lost in one hour: rows that are the same in every cell."""
        about = About("", sku=self._sku(), quantity=1)
        minor = self._random.randrange(500, 3_000)
        for _ in range(2):
            self._payments.charge("reimbursement", minor, currency, about=about)

    def _refund(self, order_id: str, percent: int, kind: str) -> None:
        """Give a buyer money back; a claim is one only of what claims were seen to hold."""
        if not {row.description for row in self._payments.ledger.rows_of(order_id)} <= SEEN_IN_CLAIMS:
            kind = "Refund"
        self._payments.refund(order_id, percent=percent, kind=kind)
        if self._month.refunded[-1:] != [order_id]:
            self._month.refunded.append(order_id)

    def _reimburse(self, order_id: str) -> None:
        """Pay for a unit that was damaged on its way back."""
        row = self._payments.ledger.rows_of(order_id)[0]
        about = About("", order_id=order_id, adjustment_id=f"{self._random.randrange(10**9):09d}", sku=row.about.sku)
        currency = self._payments.ledger.by_order[order_id][0].currency
        self._payments.charge("damage", max(row.minor, 1), currency, about=about._replace(quantity=1))

    def _close(self) -> None:
        """Close all settlements."""
        self._month.settlements += self._payments.close()

    def _sku(self) -> str:
        """Draw one of the goods."""
        return self._random.choice(self._merchant.goods).sku

    def _now(self) -> datetime:
        """Tell the time."""
        return self._merchant.world.clock.now()

    def _every(self, time: timedelta, act: Callable[[], object]) -> None:
        """Plan something again and again, until the end."""
        at = self._start + time
        while at < self._end:
            self._at(at, act)
            at += time

    def _at(self, at: datetime, act: Callable[[], object]) -> None:
        """Plan something."""
        heappush(self._agenda, (at, next(self._numbers), act))

    def _go_on_until(self, at: datetime) -> None:
        """Do what is due by then, each at its time."""
        while self._agenda and self._agenda[0][0] <= at:
            due, _, act = heappop(self._agenda)
            self._wait_until(due)
            act()
        self._wait_until(at)

    def _wait_until(self, at: datetime) -> None:
        """Let the time pass."""
        self._merchant.world.clock.advance(max(at - self._now(), timedelta()))
