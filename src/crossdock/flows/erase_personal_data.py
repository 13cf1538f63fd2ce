"""What Amazon's data protection policy says must go, goes: from the vault and from commercetools, in one run, with a certificate.

The order in commercetools is redacted first and the sealed text deleted last, so that a run killed in between finds its work again.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from crossdock.domain.ids import AmazonOrderId, OrderNumber
from crossdock.ports import CommerceOrders, Vault

# One run's worth; the rest follows in the next.
BATCH_MAX = 200


def erase_personal_data(
    *, vault: Vault, orders: CommerceOrders, order_number: Callable[[AmazonOrderId], OrderNumber], now: datetime
) -> tuple[list[AmazonOrderId], list[str]]:
    """Erase what is due: the orders it was, and one certificate a day of erasure. Nothing to do is two empty lists."""
    due = vault.due(now.date(), BATCH_MAX)

    for order_id in due:
        imported = orders.find(order_number(order_id))
        if imported is not None:
            orders.redact(imported)

    return due, vault.erase(due, now)
