"""Payments in commercetools: one for an Amazon order, read together with the order it belongs to.

A payment's key is unique in a project, so creating it twice is refused by commercetools itself. Its transactions are only ever added.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import msgspec

from crossdock.commercetools.client import Client, money_draft
from crossdock.commercetools.order_actions import slices
from crossdock.commercetools.queries import timestamp
from crossdock.domain.ids import OrderNumber
from crossdock.domain.money import Money
from crossdock.domain.payment import ShopOrder, ShopPayment, Transaction, WritePayment

# By which name the payments of Amazon orders are told from those of the shop's own payment interfaces.
INTERFACE = "Amazon"
_CANCELLED = "amazon-quantity-cancelled"


class _Money(msgspec.Struct, rename="camel"):
    cent_amount: int
    currency_code: str


class _TaxedPrice(msgspec.Struct, rename="camel"):
    total_gross: _Money


class _Transaction(msgspec.Struct, rename="camel"):
    type: str
    interaction_id: str = ""


class _Payment(msgspec.Struct):
    id: str
    version: int
    key: str = ""
    transactions: list[_Transaction] = []


class _PaymentReference(msgspec.Struct):
    id: str
    obj: _Payment | None = None


class _PaymentInfo(msgspec.Struct):
    payments: list[_PaymentReference] = []


class _Custom(msgspec.Struct):
    fields: dict[str, Any] = {}


class _Line(msgspec.Struct):
    custom: _Custom | None = None


class _Order(msgspec.Struct, rename="camel"):
    id: str
    version: int
    total_price: _Money
    taxed_price: _TaxedPrice | None = None
    payment_state: str | None = None
    shipment_state: str | None = None
    payment_info: _PaymentInfo | None = None
    line_items: list[_Line] = []
    custom_line_items: list[_Line] = []


class Payments:
    """The payments of one project."""

    def __init__(self, client: Client) -> None:
        """Bind to one project."""
        self._client = client

    def find_order(self, order_number: OrderNumber, key: str) -> ShopOrder | None:
        """The order under this number with its payment of this key; None means commercetools does not have the order."""
        path = f"/orders/order-number={quote(order_number, safe='')}?expand=paymentInfo.payments%5B*%5D"
        found = self._client.find("getOrderByOrderNumber", path, _Order)
        return None if found is None else _shop_order(found, key)

    def create(self, write: WritePayment) -> ShopPayment:
        """The payment with its transactions; Conflict where there is one of this key."""
        total = write.order.total
        draft = {
            "key": write.key,
            "amountPlanned": money_draft(total.minor_units, total.currency),
            "paymentMethodInfo": {"paymentInterface": INTERFACE},
            "transactions": [_draft(each) for each in write.transactions],
        }
        return _shop_payment(self._client.post("createPayment", "/payments", draft, _Payment))

    def find(self, key: str) -> ShopPayment | None:
        """The payment of this key; None where there is none."""
        found = self._client.find("getPaymentByKey", f"/payments/key={quote(key, safe='')}", _Payment)
        return None if found is None else _shop_payment(found)

    def add(self, payment: ShopPayment, transactions: tuple[Transaction, ...]) -> ShopPayment:
        """Add transactions to the version that was read; Conflict where it has moved. Of more than fit one update a part may be done then."""
        path = f"/payments/{quote(payment.payment_id, safe='')}"
        for some in slices([{"action": "addTransaction", "transaction": _draft(each)} for each in transactions]):
            body = {"version": payment.version, "actions": some}
            payment = _shop_payment(self._client.post("updatePayment", path, body, _Payment))
        return payment

    def change_order(self, order: ShopOrder, *, payment_id: str | None, payment_state: str | None) -> None:
        """Let the payment belong to the order, and set its state, on the version that was read; Conflict where it has moved. None: as it is."""
        actions: list[dict[str, Any]] = []
        if payment_id is not None:
            actions.append({"action": "addPayment", "payment": {"typeId": "payment", "id": payment_id}})
        if payment_state is not None:
            actions.append({"action": "changePaymentState", "paymentState": payment_state})
        path = f"/orders/{quote(order.commercetools_id, safe='')}"
        self._client.post("updateOrder", path, {"version": order.version, "actions": actions}, msgspec.Raw)


def _draft(transaction: Transaction) -> dict[str, Any]:
    return {
        "type": transaction.type,
        "amount": money_draft(transaction.amount.minor_units, transaction.amount.currency),
        "timestamp": timestamp(transaction.at),
        "interactionId": transaction.settlement_id,
        "state": "Success",
    }


def _shop_order(order: _Order, key: str) -> ShopOrder:
    gross = order.taxed_price.total_gross if order.taxed_price else order.total_price
    payments = order.payment_info.payments if order.payment_info else []
    held = next((each.obj for each in payments if each.obj is not None and each.obj.key == key), None)
    lines = [line.custom.fields for line in (*order.line_items, *order.custom_line_items) if line.custom is not None]
    return ShopOrder(
        commercetools_id=order.id,
        version=order.version,
        total=Money(gross.cent_amount, gross.currency_code),
        payment_state=order.payment_state,
        shipment_state=order.shipment_state,
        cancelled=any(fields.get(_CANCELLED) for fields in lines),
        payment=None if held is None else _shop_payment(held),
    )


def _shop_payment(payment: _Payment) -> ShopPayment:
    names = frozenset((each.type, each.interaction_id) for each in payment.transactions)
    return ShopPayment(payment.id, payment.version, names)
