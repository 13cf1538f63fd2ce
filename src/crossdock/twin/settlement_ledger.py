"""What Amazon has booked for one account: a transaction for each shipment, refund and charge, in the order it was posted.

A shipment is noted when the order changes and booked when somebody looks. Some are deferred, until some days after delivery or
until a business has paid its invoice: then a second transaction, the release, brings the money, and only that is settled.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import heappop, heappush
from random import Random
from typing import Any, Literal, NamedTuple, TypeAlias

from crossdock.twin.amazon_wire import parse_time
from crossdock.twin.settlement_charges import total
from crossdock.twin.settlement_rows import Row, currency_of, shipment_rows
from crossdock.twin.world import World

Status: TypeAlias = Literal["DEFERRED", "RELEASED", "DEFERRED_RELEASED"]

CURRENCIES = {  # of the marketplaces there are; one currency is one line of settlements
    "ATVPDKIKX0DER": "USD",
    "A2EUQ1WTGCTBG2": "CAD",
    "A1F83G8C2ARO7P": "GBP",
    "A1PA6795UKMFR9": "EUR",
    "A13V1IB3VIYZZH": "EUR",
    "APJ6JRA9NG5V4": "EUR",
    "A1RKKUPIHCS9HS": "EUR",
    "A1805IZSGTT6HS": "EUR",
    "AMEN7PMS3EDWL": "EUR",
    "A2NODRKZP88ZB9": "SEK",
    "A1C3SOZRARQ6R3": "PLN",
    "A1VC38T7YXB528": "JPY",
}
SHIPMENT_ID_SIGNS = "BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz0123456789"
DELIVERED_AFTER = timedelta(days=3)  # where an order tells no date
HELD_AFTER_DELIVERY = timedelta(days=7)
INVOICE_PERIOD = timedelta(days=30)
BUSINESS = "AMAZON_BUSINESS"


@dataclass
class Habits:
    """How Amazon treats a seller: whoever runs the world may change it at any time, for what comes after."""

    delivered_share: float = 0.1
    """The share of shipments whose money is kept until some days after delivery (DD7)."""
    invoiced_share: float = 0.5
    """The share of business orders that are invoiced, and paid a month later (B2B)."""
    reserve_percent: int = 10
    """How much of a settlement is kept back until the next."""
    card_works: bool = True
    """Whether what a seller owes is charged to a card; otherwise it lessens what comes next."""


class Deferral(NamedTuple):
    """Why a transaction is deferred, and until when."""

    reason: Literal["DD7", "B2B"]
    matures_at: datetime


@dataclass
class Transaction:
    """One booking. Of a deferred one and its release, only the release is settled."""

    transaction_id: str
    number: int
    """Its place among all that was booked; a release has that of what it releases."""
    kind: str
    description: str
    posted_at: datetime
    currency: str
    rows: list[Row]
    marketplace_id: str = ""
    order_id: str = ""
    status: Status = "RELEASED"
    deferral: Deferral | None = None
    other_id: str = ""
    """The release of a deferred one (which may still be to come), or what a release releases."""
    group_id: str = ""
    """The line of settlements it was settled in, or will be."""
    settlement_id: str = ""

    @property
    def place(self) -> tuple[datetime, bool, int]:
        """Tell where it stands among the others: the same, whenever somebody looked."""
        return (self.posted_at, self.deferral is None and bool(self.other_id), self.number)

    @property
    def minor(self) -> int:
        """Tell what it comes to."""
        return total(self.rows)


class Shipment(NamedTuple):
    """Units that were shipped: of each item id those before, and those after."""

    order: dict[str, Any]
    units: dict[str, tuple[int, int]]
    at: datetime


class Ledger:
    """The transactions of one account."""

    def __init__(self, world: World, *, random: Random) -> None:
        """Begin without any."""
        self.habits = Habits()
        self.by_order: defaultdict[str, list[Transaction]] = defaultdict(list)
        """What was booked for an order, without the releases."""
        self.open: defaultdict[str, list[Transaction]] = defaultdict(list)
        """What is not settled yet, by currency; what is still deferred is not among it."""
        self._world = world
        self._random = random
        self._noted: list[Shipment] = []
        self._deferred: list[tuple[datetime, int, Transaction]] = []
        self._transactions: list[Transaction] = []

    def note(self, before: dict[str, Any] | None, order: dict[str, Any], at: datetime) -> None:
        """Note what was shipped between two states of an order."""
        after = _shipped(order)
        if not any(after.values()):
            return
        earlier = _shipped(before) if before else {}
        units = {item_id: (earlier.get(item_id, 0), now) for item_id, now in after.items()}
        if any(now > then for then, now in units.values()):
            self._noted.append(Shipment(order, units, at))

    def transactions(self) -> list[Transaction]:
        """Give everything that was booked by now."""
        self.catch_up()
        return self._transactions

    def catch_up(self, now: datetime | None = None) -> None:
        """Book the shipments that were noted, and release what has matured."""
        self._book_noted()
        now = now or self._world.clock.now()
        while self._deferred and self._deferred[0][0] <= now:
            self._release(*heappop(self._deferred)[::2])

    def book(
        self,
        rows: list[Row],
        *,
        kind: str,
        description: str,
        currency: str,
        at: datetime | None = None,
        order_id: str = "",
        marketplace_id: str = "",
        deferral: Deferral | None = None,
        transaction_id: str = "",
    ) -> Transaction:
        """Book rows as one transaction, now unless told when, after whatever was noted before."""
        self._book_noted()
        transaction = Transaction(
            transaction_id=transaction_id or self._new_id(),
            number=len(self._transactions),
            other_id=self._new_id() if deferral else "",
            kind=kind,
            description=description,
            posted_at=at or self._world.clock.now(),
            currency=currency,
            rows=rows,
            marketplace_id=marketplace_id,
            order_id=order_id,
            status="DEFERRED" if deferral else "RELEASED",
            deferral=deferral,
        )
        self._transactions.append(transaction)
        if order_id:
            self.by_order[order_id].append(transaction)
        if deferral is None:
            self.open[currency].append(transaction)
        else:
            heappush(self._deferred, (deferral.matures_at, transaction.number, transaction))
        return transaction

    def rows_of(self, order_id: str) -> list[Row]:
        """Give everything that was booked for an order, each amount once. Raises KeyError."""
        self.catch_up()
        if order_id not in self.by_order:
            raise KeyError(order_id)
        return [row for transaction in self.by_order[order_id] for row in transaction.rows]

    def _book_noted(self) -> None:
        """Book the shipments that were noted: chance goes the same way, whenever somebody looks."""
        noted, self._noted = self._noted, []
        for shipment in noted:
            self._book_shipment(shipment)

    def _book_shipment(self, shipment: Shipment) -> None:
        """Book what was shipped, or defer it."""
        order = shipment.order
        shipment_id = "".join(self._random.choices(SHIPMENT_ID_SIGNS, k=9))
        deferral = self._deferral(order, shipment.at)
        rows = shipment_rows(order, shipment.units, shipment_id)
        if rows:
            self.book(
                rows,
                kind="Shipment",
                description="Order Payment",
                currency=currency_of(order),
                at=shipment.at,
                order_id=order["orderId"],
                marketplace_id=order.get("salesChannel", {}).get("marketplaceId", ""),
                deferral=deferral,
            )

    def _deferral(self, order: dict[str, Any], at: datetime) -> Deferral | None:
        """Draw whether a shipment is deferred."""
        invoiced, held = self._random.random(), self._random.random()
        if BUSINESS in order.get("programs", ()) and invoiced < self.habits.invoiced_share:
            return Deferral("B2B", at + INVOICE_PERIOD)
        if held >= self.habits.delivered_share:
            return None
        told = order.get("fulfillment", {}).get("deliverByWindow", {}).get("earliestDateTime")
        delivered_at = max(at, parse_time(told)) if told else at + DELIVERED_AFTER
        return Deferral("DD7", delivered_at + HELD_AFTER_DELIVERY)

    def _release(self, at: datetime, deferred: Transaction) -> None:
        """Bring the money of a deferred transaction."""
        release = self.book(
            deferred.rows,
            kind=deferred.kind,
            description=deferred.description,
            currency=deferred.currency,
            at=at,
            marketplace_id=deferred.marketplace_id,
            transaction_id=deferred.other_id,
        )
        release.order_id, release.other_id = deferred.order_id, deferred.transaction_id
        release.number = deferred.number
        deferred.status = "DEFERRED_RELEASED"

    def _new_id(self) -> str:
        """Draw the identifier of a transaction."""
        return f"amzn1:crow:{self._random.getrandbits(128):032x}"


def _shipped(order: dict[str, Any]) -> dict[str, int]:
    """Tell how many units of each item are shipped."""
    items: Iterable[dict[str, Any]] = order.get("orderItems") or ()
    return {item["orderItemId"]: item.get("fulfillment", {}).get("quantityFulfilled", 0) for item in items}
