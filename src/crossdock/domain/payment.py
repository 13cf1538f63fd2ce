"""What a buyer paid and got back for an Amazon order, and what commercetools is told of it.

One payment an order; of each settlement that moved it one transaction for what was paid and one for what was given back, gross of fees and of tax
withheld. A settlement never changes, so a transaction that is there is never looked at again.

The order's payment state: `Paid` once what was charged comes to its total, or it is wholly shipped and units of it were cancelled. `BalanceDue` where
less was charged of an order that is wholly shipped. Until then it stays as it was imported: Amazon vouches for what is not shipped yet, and a warehouse
that waits for `Paid` must not be held up. Money that was given back changes nothing: the order was paid. `Pending` and `CreditOwed` (an order on
credit, by commercetools' own words) are never set.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from crossdock.domain.case import Case
from crossdock.domain.ids import AmazonOrderId, SettlementId
from crossdock.domain.money import Money
from crossdock.domain.movement import Movement, sum_of
from crossdock.domain.order_import import NeedsPerson, OutOfScope, Wait
from crossdock.domain.timeline import State

# Amazon settles every fortnight, and may hold a sale back until a week after it was delivered: what is shipped is paid within this time.
SETTLED_WITHIN = timedelta(days=30)
# Settlements close every few days: how soon an order that waits for one is looked at again.
LOOK_AGAIN = timedelta(days=7)
# An order that has not come to commercetools yet.
IMPORT_AGAIN = timedelta(hours=1)
# One that is missing there may be imported any time.
MISSING_AGAIN = timedelta(days=1)
# So many settlements are named in a case.
NAMED_MAX = 10

TransactionType = Literal["Charge", "Refund"]

_SHIPPED = frozenset({"Shipped", "Delivered"})


@dataclass(frozen=True, slots=True)
class Transaction:
    """One transaction of a payment, above zero. `settlement_id` is its `interactionId`: with the type it says which one it is."""

    type: TransactionType
    settlement_id: SettlementId
    amount: Money
    at: datetime

    @property
    def name(self) -> tuple[str, str]:
        """By which it is known again."""
        return (self.type, self.settlement_id)


@dataclass(frozen=True, slots=True)
class ShopPayment:
    """Our payment as commercetools holds it: `names` of its transactions."""

    payment_id: str
    version: int
    names: frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class ShopOrder:
    """An order as commercetools holds it, with our payment where it has it. `cancelled`: units of it were cancelled, so less is paid than its total."""

    commercetools_id: str
    version: int
    total: Money
    payment_state: str | None
    shipment_state: str | None
    cancelled: bool
    payment: ShopPayment | None

    @property
    def is_shipped(self) -> bool:
        """Whether all of it has left."""
        return self.shipment_state in _SHIPPED


@dataclass(frozen=True, slots=True)
class SeenOrder:
    """An Amazon order as our inbox has it. `told_at`: Amazon's last word on it."""

    state: State
    status: str
    made_at: datetime
    told_at: datetime


@dataclass(frozen=True, slots=True)
class Span:
    """The time that the booked settlements of one currency cover."""

    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class ShippedPage:
    """Orders that are shipped and that no settlement spoke of; and where the next page begins, None where there is none."""

    order_ids: tuple[AmazonOrderId, ...]
    at: datetime | None = None
    record_id: str = ""


@dataclass(frozen=True, slots=True)
class KnownPayment:
    """All that is known here of one order's money. `spans` by currency; `searched_until`: up to when Amazon's orders have been read."""

    order_id: AmazonOrderId
    movements: Sequence[Movement]
    seen: SeenOrder | None
    spans: Mapping[str, Span]
    searched_until: datetime | None


@dataclass(frozen=True, slots=True)
class PaymentPolicy:
    """Which orders are expected in commercetools: bought from then on, on these marketplaces, by the names settlements give them."""

    import_from: datetime
    marketplaces: frozenset[str]


@dataclass(frozen=True, slots=True)
class WritePayment:
    """The payment is to have these transactions, and the order this payment and this state (None: as it is)."""

    order: ShopOrder
    key: str
    transactions: tuple[Transaction, ...]
    payment_state: str | None
    cases: tuple[Case, ...]
    look_at: datetime | None

    def missing_in(self, payment: ShopPayment) -> tuple[Transaction, ...]:
        """Those that a payment does not have yet."""
        return tuple(each for each in self.transactions if each.name not in payment.names)


@dataclass(frozen=True, slots=True)
class Recorded:
    """commercetools has all of it, but for the cases named."""

    cases: tuple[Case, ...]
    look_at: datetime | None


Decision = WritePayment | Recorded | OutOfScope | Wait | NeedsPerson


def payment_key(order_id: AmazonOrderId) -> str:
    """The key of an order's payment: a second one of this key cannot be."""
    return f"amazon-{order_id}"


def decide_payment(known: KnownPayment, order: ShopOrder | None, policy: PaymentPolicy, now: datetime) -> Decision:
    """What to tell commercetools about one order's money. `order`: None where it does not have it."""
    if not known.movements:
        return _decide_unpaid(known, order, now)
    if order is None:
        return _decide_missing(known, policy, now)
    transactions = transactions_of(known.movements, order.total.currency)
    state = payment_state(order, sum_of(known.movements, "paid", order.total.currency))
    cases = tuple(filter(None, [_check_amount(known, order)]))
    look_at = None if cases else _look_at(known, order, now)
    write = WritePayment(order, payment_key(known.order_id), transactions, state, cases, look_at)
    # An order whose settlements are all in another currency has no payment: its case says so.
    is_linked = order.payment is not None and not write.missing_in(order.payment)
    if (is_linked or not transactions) and state in {None, order.payment_state}:
        return Recorded(cases, look_at)
    return write


def transactions_of(movements: Iterable[Movement], currency: str) -> tuple[Transaction, ...]:
    """One transaction for each way in which a settlement moved money; what Amazon took back goes the other way."""
    found: defaultdict[tuple[TransactionType, SettlementId], list[Movement]] = defaultdict(list)
    for each in movements:
        if each.amount.currency == currency:
            charges = (each.side == "paid") == (each.amount.minor_units > 0)
            found["Charge" if charges else "Refund", each.settlement_id].append(each)
    made = [
        Transaction(
            kind,
            settlement_id,
            Money(sum(abs(each.amount.minor_units) for each in moved), currency),
            min(each.at for each in moved),
        )
        for (kind, settlement_id), moved in found.items()
    ]
    return tuple(sorted(made, key=lambda each: (each.at, each.settlement_id, each.type)))


def payment_state(order: ShopOrder, paid: Money) -> str | None:
    """The state by the rule above; None where the order stays as it is."""
    if paid.minor_units <= 0:
        return None
    if paid.minor_units >= order.total.minor_units or (order.is_shipped and order.cancelled):
        return "Paid"
    return "BalanceDue" if order.is_shipped else None


def _check_amount(known: KnownPayment, order: ShopOrder) -> Case | None:
    """Whether what was paid is what the order says: more at once, less when all that was shipped must have been settled."""
    declared = order.total
    others = sorted({each.amount.currency for each in known.movements} - {declared.currency})
    paid = sum_of(known.movements, "paid", declared.currency)
    short = declared - paid
    less = short.minor_units > 0 and order.is_shipped and not order.cancelled and _is_settled(known, declared.currency)
    if not others and not less and short.minor_units >= 0:
        return None
    found = [paid, *(sum_of(known.movements, "paid", currency) for currency in others)]
    facts = {
        "declared": str(declared),
        "found": ", ".join(str(each) for each in found if each or not others),
        "settlements": _named(known.movements),
    }
    return Case("settlement.amount_differs", facts, at_stake=Money(abs(short.minor_units), declared.currency))


def _is_settled(known: KnownPayment, currency: str) -> bool:
    """Whether the settlements that are booked cover the order's whole life, and the time in which Amazon pays after it was shipped."""
    span, seen = known.spans.get(currency), known.seen
    if span is None or seen is None or seen.status != "SHIPPED":
        return False
    return span.starts_at <= seen.made_at and seen.told_at + SETTLED_WITHIN <= span.ends_at


def _look_at(known: KnownPayment, order: ShopOrder, now: datetime) -> datetime | None:
    """When to look whether the rest has come, without news; None where nothing is awaited."""
    span = known.spans.get(order.total.currency)
    is_paid = sum_of(known.movements, "paid", order.total.currency) == order.total
    if is_paid or span is None or known.seen is None or known.seen.made_at < span.starts_at:
        return None
    return None if order.is_shipped and order.cancelled else _when_settled(known.seen, now)


def _when_settled(seen: SeenOrder, now: datetime) -> datetime:
    return max(now + LOOK_AGAIN, seen.told_at + SETTLED_WITHIN)


def _decide_unpaid(known: KnownPayment, order: ShopOrder | None, now: datetime) -> OutOfScope | Wait | NeedsPerson:
    """Of an order without a row of a buyer's money: whether that is as it should be."""
    seen = known.seen
    if seen is None or order is None or seen.status != "SHIPPED":
        return OutOfScope("nothing was paid or given back")
    if order.total.minor_units <= 0:
        return OutOfScope("costs nothing")
    span = known.spans.get(order.total.currency)
    if span is None or seen.made_at < span.starts_at:
        return OutOfScope("bought before the first settlement that is booked")
    if not _is_settled(known, order.total.currency):
        return Wait("waits for its settlement", _when_settled(seen, now))
    facts = {"shipped_before": f"{seen.told_at:%Y-%m-%d}", "settled_until": f"{span.ends_at:%Y-%m-%d}"}
    return NeedsPerson(Case("settlement.unpaid", facts, at_stake=order.total))


def _decide_missing(known: KnownPayment, policy: PaymentPolicy, now: datetime) -> OutOfScope | Wait | NeedsPerson:
    """Of an order that was paid and is not in commercetools: whether it should be."""
    seen = known.seen
    first = next((each for each in known.movements if each.side == "paid"), known.movements[0])
    if seen is not None and seen.state is State.OUT_OF_SCOPE:
        return OutOfScope("not in commercetools by policy")
    if seen is not None and seen.state is State.WAITING:
        return Wait("waits for its import", now + IMPORT_AGAIN)
    if seen is None:
        if first.marketplace and first.marketplace.casefold() not in policy.marketplaces:
            return OutOfScope("a marketplace that is not part of this connection")
        # A refund comes months after its order. A sale that is settled late may be of an order that is too old to have been read.
        if first.side == "given_back" or first.at < policy.import_from + SETTLED_WITHIN:
            return OutOfScope("may have been bought before orders.import_from")
        if known.searched_until is None or known.searched_until < first.at:
            return Wait("waits for Amazon's orders to be read", now + IMPORT_AGAIN)
    moved = sum_of(known.movements, first.side, first.amount.currency)
    facts = {"settlements": _named(known.movements), first.side: str(moved)}
    return NeedsPerson(Case("settlement.order_missing", facts, at_stake=Money(abs(moved.minor_units), moved.currency)))


def _named(movements: Collection[Movement]) -> str:
    """Settlements as a case names them."""
    names = list(dict.fromkeys(each.settlement_id for each in movements))
    more = len(names) - NAMED_MAX
    return ", ".join(names[:NAMED_MAX]) + (f" and {more} more" if more > 0 else "")
