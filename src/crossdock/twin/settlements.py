"""What Amazon pays a seller for all that: settlements, one line of them for each currency, each from the end of the one before.

A settlement takes up whatever was posted before its end. What is kept back, owed, or could not be transferred goes over into the
next one, where it is the first thing to stand: so each settlement can be held against the one before it.
"""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Literal, TypeAlias

from crossdock.twin.settlement_charges import CHARGES, charge_rows, multichannel_rows, total
from crossdock.twin.settlement_file import Summary, flat_file
from crossdock.twin.settlement_ledger import CURRENCIES, Ledger, Transaction
from crossdock.twin.settlement_rows import About, Row, refund_rows, retrocharge_rows
from crossdock.twin.settlement_truth import Truth, truth_of
from crossdock.twin.world import World

Transfer: TypeAlias = Literal["paid", "failed", "none"]

TRANSFER_TAKES = timedelta(days=2)  # as in the files that were seen
CARD_CHARGED_AFTER = timedelta(minutes=80)  # the same
TAX_LABELS = {"USD": "MarketplaceFacilitatorTax", "CAD": "MarketplaceFacilitatorTax"}
COUNTRIES = {"USD": "US", "CAD": "CA", "GBP": "GB", "EUR": "DE", "JPY": "JP", "SEK": "SE", "PLN": "PL"}
ACCOUNT_TAIL = "042"


@dataclass(frozen=True)
class Settlement:
    """One settlement that is closed, with the truth about it; all amounts in minor units."""

    settlement_id: str
    group_id: str
    currency: str
    marketplace_ids: list[str]
    start: datetime
    end: datetime
    total: int
    beginning: int
    """What was taken over from the one before: a reserve, or a debt."""
    rows: list[tuple[datetime, Row]]
    transfer: Transfer
    """How the transfer of the total ends; `none` where there is nothing to transfer."""
    trace_id: str
    payout_id: str
    truth: Truth

    @property
    def deposit_at(self) -> datetime:
        """Tell when the bank has the money."""
        return self.end + TRANSFER_TAKES

    def flat_file(self) -> bytes:
        """Write the file."""
        summary = Summary(self.settlement_id, self.start, self.end, self.deposit_at, self.total, self.currency)
        return flat_file(summary, self.rows)


@dataclass
class Period:
    """A settlement that is still open, and what it takes over."""

    group_id: str
    start: datetime
    reserve: int = 0
    debt: int = 0
    """Negative: what the seller owes Amazon."""
    returning: list[tuple[datetime, int]] = field(default_factory=list)
    """Transfers that failed: when, and how much comes back."""


class Payments:
    """Everything Amazon books and pays for one account."""

    def __init__(
        self, world: World, *, random: Random, marketplace_ids: Iterable[str], tell: Callable[[Settlement], None]
    ) -> None:
        """Open a settlement for each currency; `tell` is told of each that closes."""
        self.ledger = Ledger(world, random=Random(random.getrandbits(64)))
        self.settlements: list[Settlement] = []
        """Those that are closed, the oldest first."""
        self.next_transfers: deque[Literal["paid", "failed"]] = deque()
        """How the transfers of the settlements closed next end; those after them are paid."""
        self._world = world
        self._random = random
        self._tell = tell
        self._marketplace_ids = [one for one in marketplace_ids if one in CURRENCIES]
        now = world.clock.now().replace(microsecond=0)
        currencies = dict.fromkeys(CURRENCIES[one] for one in self._marketplace_ids)
        self.periods = {currency: Period(self._new_group_id(), now) for currency in currencies}
        """The open settlement of each currency."""

    def refund(self, order_id: str, *, percent: int = 100, kind: str = "Refund") -> Transaction:
        """Give a buyer back so much of every hundred of what is left of an order.

        `kind`: `Refund`, `Chargeback Refund` or `A-to-z Guarantee Refund`. Raises KeyError before anything was shipped,
        ValueError where nothing is left.
        """
        with self._world.lock:
            rows = self.ledger.rows_of(order_id)
            first = self.ledger.by_order[order_id][0]
            adjustment_id = f"amzn1:crow:{self._random.getrandbits(96):024x}"
            given = refund_rows(rows, percent, transaction_type=kind, adjustment_id=adjustment_id)
            return self._book_on(first, given, "Refund", "Refund Order")

    def retrocharge(self, order_id: str, *, of_refund: bool = False) -> Transaction:
        """Reckon the tax on an order again: rows that come to nothing. Raises as `refund` does."""
        with self._world.lock:
            rows = self.ledger.rows_of(order_id)
            first = self.ledger.by_order[order_id][0]
            label = TAX_LABELS.get(first.currency, "MarketplaceFacilitatorVAT")
            charged = retrocharge_rows(rows, of_refund=of_refund, tax_label=label)
            return self._book_on(first, charged, "Retrocharge", "Tax reckoned again")

    def charge(self, name: str, minor: int, currency: str, *, about: About | None = None) -> Transaction:
        """Book an amount under a name of `CHARGES`. Raises KeyError."""
        with self._world.lock:
            rows = charge_rows(name, minor, currency, about)
            return self.ledger.book(rows, kind="ServiceFee", description=CHARGES[name].kind, currency=currency)

    def charge_inbound(self, minor: int, currency: str) -> Transaction:
        """Book a fee on goods that came in: the order's cell holds the number of that delivery."""
        inbound = f"FBA15{self._random.getrandbits(36):07X}"[:12]
        return self.charge("inbound", minor, currency, about=About("", order_id=inbound))

    def send_for_another_shop(self, sku: str, units: int, currency: str) -> Transaction:
        """Book the fees of a multi-channel order."""
        with self._world.lock:
            number = self._random.randrange(10**14)
            order_id = f"S01-{number // 10**7:07d}-{number % 10**7:07d}"
            country = COUNTRIES.get(currency, "US")
            rows = multichannel_rows(order_id, f"SHOP-{number % 10**6:06d}", sku=sku, units=units, country=country)
            return self.ledger.book(rows, kind="Shipment", description="Multi-channel order", currency=currency)

    def post(self, labels: tuple[str, str, str], minor: int, currency: str, *, times: int = 1) -> list[Transaction]:
        """Book an amount under any labels, known or not; several `times` make rows that are the same in every cell."""
        with self._world.lock:
            transaction_type, amount_type, description = labels
            row = Row("unknown", About(transaction_type), amount_type, description, minor)
            return [
                self.ledger.book([row], kind="Adjustment", description=description, currency=currency)
                for _ in range(times)
            ]

    def close(self, currency: str | None = None, *, at: datetime | None = None) -> list[Settlement]:
        """Close the settlement of a currency, or all in which something is to settle, now or `at` some time before.

        The next ones begin at that very time. Raises KeyError for a currency the seller does not sell in, ValueError
        unless the end lies after the beginning and not in the future.
        """
        with self._world.lock:
            now = self._world.clock.now()
            end = (at or now).replace(microsecond=0)
            self.ledger.catch_up(now)
            chosen = [one for one in self.periods if self._moves(one)] if currency is None else [currency]
            for one in chosen:
                if not self.periods[one].start < end <= now:
                    raise ValueError(f"the settlement cannot end at {end}: it began at {self.periods[one].start}")
            return [self._close(one, end) for one in chosen]

    def balance(self, currency: str) -> int:
        """Tell what the open settlement comes to so far, without what is deferred."""
        self.ledger.catch_up()
        period = self.periods[currency]
        booked = sum(one.minor for one in self.ledger.open[currency])
        return booked + period.reserve + period.debt + sum(minor for _, minor in period.returning)

    def first_marketplace_of(self, currency: str) -> str:
        """Tell in which marketplace a currency is at home for this seller."""
        return next(one for one in self._marketplace_ids if CURRENCIES[one] == currency)

    def _close(self, currency: str, end: datetime) -> Settlement:
        """Close one settlement and open the next."""
        period = self.periods[currency]
        taken: list[Transaction] = []
        left: list[Transaction] = []
        for one in self.ledger.open[currency]:
            (taken if one.posted_at < end else left).append(one)
        self.ledger.open[currency] = left
        taken.sort(
            key=lambda one: (one.posted_at, bool(one.other_id), one.number)
        )  # the same, whenever somebody looked
        rows = self._taken_over(period, currency, end)
        rows += [(max(one.posted_at, period.start), row) for one in taken for row in one.rows]
        rows.sort(key=lambda one: one[0])
        kept = total(row for _, row in rows) * self.ledger.habits.reserve_percent // 100
        if kept > 0:
            rows += [(end, row) for row in charge_rows("reserve", kept, currency)]
        settlement = self._settlement(period, currency, end, rows)
        for one in taken:
            one.settlement_id, one.group_id = settlement.settlement_id, settlement.group_id
        returning = [one for one in period.returning if one[0] >= end]
        if settlement.transfer == "failed":
            returning.append((settlement.deposit_at + TRANSFER_TAKES / 2, settlement.total))
        self.periods[currency] = Period(
            self._new_group_id(), end, max(kept, 0), min(settlement.total, 0), returning=returning
        )
        self.settlements.append(settlement)
        self._tell(settlement)
        return settlement

    def _taken_over(self, period: Period, currency: str, end: datetime) -> list[tuple[datetime, Row]]:
        """Give the rows that stand for what a settlement takes over."""
        rows = []
        if period.reserve:
            rows += [(period.start, row) for row in charge_rows("reserve_back", period.reserve, currency)]
        if period.debt:
            rows += [(period.start, row) for row in charge_rows("payable", -period.debt, currency)]
            charged_at = period.start + CARD_CHARGED_AFTER
            if self.ledger.habits.card_works and charged_at < end:
                rows += [(charged_at, row) for row in charge_rows("card_charge", -period.debt, currency)]
        for at, minor in period.returning:
            if at < end:
                rows += [(at, row) for row in charge_rows("failed_transfer", minor, currency)]
        return rows

    def _settlement(self, period: Period, currency: str, end: datetime, rows: list[tuple[datetime, Row]]) -> Settlement:
        """Make the settlement of these rows."""
        truth = truth_of(currency, (row for _, row in rows))
        planned = self.next_transfers.popleft() if truth.total > 0 and self.next_transfers else "paid"
        return Settlement(
            settlement_id=str(self._random.randrange(10**10, 10**11)),
            group_id=period.group_id,
            currency=currency,
            marketplace_ids=[one for one in self._marketplace_ids if CURRENCIES[one] == currency],
            start=period.start,
            end=end,
            total=truth.total,
            beginning=period.reserve + period.debt,
            rows=rows,
            transfer=planned if truth.total > 0 else "none",
            trace_id=f"{self._random.randrange(10**14, 10**15)}",
            payout_id=f"{self._random.getrandbits(128):032x}",
            truth=truth,
        )

    def _moves(self, currency: str) -> bool:
        """Tell whether there is anything to settle."""
        period = self.periods[currency]
        return bool(self.ledger.open[currency] or period.reserve or period.debt or period.returning)

    def _book_on(self, first: Transaction, rows: list[Row], kind: str, description: str) -> Transaction:
        """Book what comes after the first transaction of an order. Raises ValueError where there is nothing to book."""
        if not rows:
            raise ValueError(f"nothing is left of order {first.order_id}")
        return self.ledger.book(
            rows,
            kind=kind,
            description=description,
            currency=first.currency,
            order_id=first.order_id,
            marketplace_id=first.marketplace_id,
        )

    def _new_group_id(self) -> str:
        """Draw the identifier of a group of financial events."""
        return f"{self._random.getrandbits(200):050x}"
