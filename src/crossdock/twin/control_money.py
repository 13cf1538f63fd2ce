"""What whoever runs a world may do to a seller's money over HTTP, under `/_twin/`.

| request | does |
| --- | --- |
| `GET /_twin/settlements?seller_id=` | the settlements that are closed, each with the truth about it, and what is open |
| `POST /_twin/settlements/close {"currency"}` | close the settlement of a currency, or all in which something moved |
| `POST /_twin/money/refund {"order_id", "percent", "kind"}` | give a buyer money back |
| `POST /_twin/money/retrocharge {"order_id", "of_refund"}` | reckon the tax on an order again |
| `POST /_twin/money/charge {"name", "minor", "currency"}` | book an amount under a name of `settlement_charges.CHARGES` |
| `POST /_twin/money/post {"labels", "minor", "currency", "times"}` | book an amount under any labels |
| `POST /_twin/money/other_shop {"sku", "units", "currency"}` | book the fees of a multi-channel order |
| `POST /_twin/money/habits {"reserve_percent", "delivered_share", ...}` | how Amazon treats the seller from now on |
| `POST /_twin/money/month {"orders", "days"}` | a month of trade at once; the clock moves on |
"""

from collections import deque
from collections.abc import Callable
from typing import Annotated, Any, Literal, TypeAlias

import msgspec

from crossdock.twin.amazon_account import SellerAccount, timestamp
from crossdock.twin.both import Twin
from crossdock.twin.control_lookup import ControlError, account_of, merchant_of, seller_id_of
from crossdock.twin.settlement_charges import BALANCES, CHARGES
from crossdock.twin.settlement_ledger import Transaction
from crossdock.twin.settlements import Settlement
from crossdock.twin.trading_month import trade_a_month
from crossdock.twin.world import Request

ORDERS_MAX = 10_000  # in one request, so that no request keeps the world busy for minutes
TIMES_MAX = 100

Share: TypeAlias = Annotated[float, msgspec.Meta(ge=0, le=1)]
Percent: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=100)]
Count: TypeAlias = Annotated[int, msgspec.Meta(ge=1, le=TIMES_MAX)]


class Close(msgspec.Struct, forbid_unknown_fields=True):
    """Which settlement closes."""

    currency: str | None = None
    seller_id: str | None = None


class Refund(msgspec.Struct, forbid_unknown_fields=True):
    """What a buyer gets back."""

    order_id: str
    percent: Annotated[int, msgspec.Meta(ge=1, le=100)] = 100
    kind: Literal["Refund", "Chargeback Refund", "A-to-z Guarantee Refund"] = "Refund"
    seller_id: str | None = None


class Retrocharge(msgspec.Struct, forbid_unknown_fields=True):
    """Which order's tax is reckoned again."""

    order_id: str
    of_refund: bool = False
    seller_id: str | None = None


class Charged(msgspec.Struct, forbid_unknown_fields=True):
    """What is booked that belongs to no sale."""

    name: str
    minor: Annotated[int, msgspec.Meta(ge=1)]
    currency: str
    seller_id: str | None = None


class Post(msgspec.Struct, forbid_unknown_fields=True):
    """What is booked under any labels: transaction type, amount type, amount description."""

    labels: tuple[str, str, str]
    minor: int
    currency: str
    times: Count = 1
    seller_id: str | None = None


class OtherShop(msgspec.Struct, forbid_unknown_fields=True):
    """What Amazon sent for another shop."""

    sku: str
    currency: str
    units: Count = 1
    seller_id: str | None = None


class SetHabits(msgspec.Struct, forbid_unknown_fields=True):
    """How Amazon treats the seller from now on; what is left out stays."""

    reserve_percent: Percent | None = None
    delivered_share: Share | None = None
    invoiced_share: Share | None = None
    card_works: bool | None = None
    next_transfers: list[Literal["paid", "failed"]] | None = None
    seller_id: str | None = None


class TradeMonth(msgspec.Struct, forbid_unknown_fields=True):
    """How much happens in a month."""

    orders: Annotated[int, msgspec.Meta(ge=0, le=ORDERS_MAX)] = 100
    days: Annotated[int, msgspec.Meta(ge=1, le=366)] = 30
    seller_id: str | None = None


def _list(twin: Twin, request: Request) -> object:
    """List the settlements."""
    payments = account_of(twin, seller_id_of(request)).payments
    open_ones = {
        currency: {"start": timestamp(period.start), "balance": payments.balance(currency)}
        for currency, period in payments.periods.items()
    }
    return {"settlements": [_shown(one) for one in payments.settlements], "open": open_ones}


def _close(twin: Twin, request: Request) -> object:
    """Close settlements."""
    asked = msgspec.json.decode(request.body or b"{}", type=Close)
    account = account_of(twin, asked.seller_id)
    if asked.currency is not None:
        _must_sell_in(account, asked.currency)
    try:
        return {"settlements": [_shown(one) for one in account.payments.close(asked.currency)]}
    except ValueError as wrong:
        raise ControlError(str(wrong)) from None


def _refund(twin: Twin, request: Request) -> object:
    """Give a buyer money back."""
    asked = msgspec.json.decode(request.body, type=Refund)
    payments = account_of(twin, asked.seller_id).payments
    return _on_order(asked.order_id, lambda: payments.refund(asked.order_id, percent=asked.percent, kind=asked.kind))


def _retrocharge(twin: Twin, request: Request) -> object:
    """Reckon tax again."""
    asked = msgspec.json.decode(request.body, type=Retrocharge)
    payments = account_of(twin, asked.seller_id).payments
    return _on_order(asked.order_id, lambda: payments.retrocharge(asked.order_id, of_refund=asked.of_refund))


def _charge(twin: Twin, request: Request) -> object:
    """Book a charge."""
    asked = msgspec.json.decode(request.body, type=Charged)
    account = account_of(twin, asked.seller_id)
    _must_sell_in(account, asked.currency)
    names = CHARGES.keys() - BALANCES
    if asked.name not in names:
        raise ControlError(f"name must be one of {', '.join(sorted(names))}")
    return _booked(account.payments.charge(asked.name, asked.minor, asked.currency))


def _post(twin: Twin, request: Request) -> object:
    """Book under any labels."""
    asked = msgspec.json.decode(request.body, type=Post)
    account = account_of(twin, asked.seller_id)
    _must_sell_in(account, asked.currency)
    posted = account.payments.post(asked.labels, asked.minor, asked.currency, times=asked.times)
    return {"transactions": [_booked(one) for one in posted]}


def _other_shop(twin: Twin, request: Request) -> object:
    """Book a multi-channel order."""
    asked = msgspec.json.decode(request.body, type=OtherShop)
    account = account_of(twin, asked.seller_id)
    _must_sell_in(account, asked.currency)
    return _booked(account.payments.send_for_another_shop(asked.sku, asked.units, asked.currency))


def _set_habits(twin: Twin, request: Request) -> object:
    """Set how Amazon treats the seller."""
    asked = msgspec.json.decode(request.body or b"{}", type=SetHabits)
    payments = account_of(twin, asked.seller_id).payments
    payments.ledger.catch_up()
    for name in ("reserve_percent", "delivered_share", "invoiced_share", "card_works"):
        if getattr(asked, name) is not None:
            setattr(payments.ledger.habits, name, getattr(asked, name))
    if asked.next_transfers is not None:
        payments.next_transfers = deque(asked.next_transfers)
    return {"habits": payments.ledger.habits, "next_transfers": list(payments.next_transfers)}


def _trade(twin: Twin, request: Request) -> object:
    """Let a month pass."""
    asked = msgspec.json.decode(request.body or b"{}", type=TradeMonth)
    merchant = merchant_of(twin, asked.seller_id)
    if not merchant.goods:
        raise ControlError("there is nothing to buy: stock the shop first")
    month = trade_a_month(merchant, asked.orders, days=asked.days)
    return {"order_ids": month.order_ids, "settlements": [_shown(one) for one in month.settlements]}


def _on_order(order_id: str, book: Callable[[], Transaction]) -> object:
    """Book something on an order that may not be there."""
    try:
        return _booked(book())
    except KeyError:
        raise ControlError(f"nothing was shipped of order {order_id}") from None
    except ValueError as wrong:
        raise ControlError(str(wrong)) from None


def _must_sell_in(account: SellerAccount, currency: str) -> None:
    """Refuse a currency the seller does not sell in."""
    if currency not in account.payments.periods:
        raise ControlError(f"currency must be one of {', '.join(account.payments.periods)}")


def _booked(one: Transaction) -> dict[str, Any]:
    """Show what was booked."""
    return {"transaction_id": one.transaction_id, "minor": one.minor, "currency": one.currency}


def _shown(one: Settlement) -> dict[str, Any]:
    """Show a settlement that is closed."""
    return {
        "settlement_id": one.settlement_id,
        "start": timestamp(one.start),
        "end": timestamp(one.end),
        "transfer": one.transfer,
        "trace_id": one.trace_id,
        "truth": one.truth.as_json(),
    }


ACTS: dict[tuple[str, str], Callable[[Twin, Request], object]] = {
    ("GET", "settlements"): _list,
    ("POST", "settlements/close"): _close,
    ("POST", "money/refund"): _refund,
    ("POST", "money/retrocharge"): _retrocharge,
    ("POST", "money/charge"): _charge,
    ("POST", "money/post"): _post,
    ("POST", "money/other_shop"): _other_shop,
    ("POST", "money/habits"): _set_habits,
    ("POST", "money/month"): _trade,
}
