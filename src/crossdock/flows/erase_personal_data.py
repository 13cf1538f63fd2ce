"""What Amazon's data protection policy says must go, goes: from the vault and from commercetools, in one run, with a certificate.

The order in commercetools is redacted first and the sealed text deleted last, so that a run killed in between finds its work again. An order that
commercetools does not let us redact keeps none of the others: its sealed text stays as the mark of work to do, and a person is told.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from crossdock.domain.case import Case
from crossdock.domain.ids import AmazonOrderId, OrderNumber
from crossdock.domain.order import ImportedOrder
from crossdock.errors import Conflict, Rejected
from crossdock.ports import CommerceOrders, Inbox, Vault

# Redacted before the next certificates are written; a run goes on with the next so many until nothing is due.
BATCH_MAX = 200
NOT_ERASED = "order.not_erased"


def erase_personal_data(
    *,
    vault: Vault,
    orders: CommerceOrders,
    inbox: Inbox,
    order_number: Callable[[AmazonOrderId], OrderNumber],
    now: datetime,
) -> tuple[list[AmazonOrderId], list[str]]:
    """Erase all that is due: the orders it was, and their certificates, one a batch and day. Nothing to do is two empty lists."""
    erased: list[AmazonOrderId] = []
    certificates: list[str] = []
    left: list[AmazonOrderId] = []

    while due := vault.due(now.date(), BATCH_MAX, but=left):
        done = [
            order_id
            for order_id in due
            if _redact(order_number(order_id), order_id, orders=orders, inbox=inbox, now=now)
        ]
        certificates += vault.erase(done, now)
        inbox.clear_cases(done, NOT_ERASED, now)
        erased += done
        left += [order_id for order_id in due if order_id not in set(done)]

    return erased, certificates


def _redact(
    number: OrderNumber, order_id: AmazonOrderId, *, orders: CommerceOrders, inbox: Inbox, now: datetime
) -> bool:
    """Whether commercetools holds nothing of the person any more. A refusal is a case; an order that just moved is left to the next run."""
    try:
        imported = orders.find(number)
        if imported is not None and _is_ours(imported, order_id, inbox):
            orders.redact(imported)
    except Rejected as fault:
        facts = {
            "operation": fault.operation,
            "code": fault.code,
            "field": fault.pointer,
            "request_id": fault.request_id,
        }
        inbox.raise_case(order_id, Case(NOT_ERASED, {name: value for name, value in facts.items() if value}), now)
        return False
    except Conflict:
        return False
    return True


def _is_ours(imported: ImportedOrder, order_id: AmazonOrderId, inbox: Inbox) -> bool:
    """Whether the order under our number is the Amazon order: by its field, or where the merchant replaced our type, by our link."""
    if imported.fields.get("amazon-order-id") == order_id:
        return True
    record = inbox.find(order_id)
    return record is not None and record.link is not None and record.link.commercetools_id == imported.commercetools_id
