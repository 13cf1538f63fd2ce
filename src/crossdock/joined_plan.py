"""What would be set on Amazon now, and a plan of it sent as it was shown.

Part of the composition root (`start_up.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from crossdock.domain.ids import SellerSku
from crossdock.domain.plan import Plan, check_safe
from crossdock.domain.stock_policy import StockPolicy
from crossdock.flows.known_stock import KnownStock
from crossdock.flows.plan_stock import plan_set
from crossdock.ports import Clock
from crossdock.store.records import Inbox
from crossdock.store.stock import StockStore

# So many SKUs are read at once.
BATCH = 500


class StockPlans:
    """The plans of one connection."""

    def __init__(
        self,
        policy: StockPolicy,
        *,
        connection_id: str,
        read_ahead: Callable[[Sequence[SellerSku]], None],
        known: Callable[[SellerSku], KnownStock],
        store: StockStore,
        inbox: Inbox,
        clock: Clock,
    ) -> None:
        """`read_ahead`, `known`: what is known of SKUs, read as the drain reads it."""
        self._policy = policy
        self._connection_id = connection_id
        self._read_ahead = read_ahead
        self._known = known
        self._store = store
        self._inbox = inbox
        self._clock = clock

    def make(self, skus: Sequence[SellerSku] = ()) -> Plan:
        """What would be sent now, for these SKUs or for all we know of; nothing is claimed, asked of Amazon or written."""
        wanted = list(skus) or self._store.skus()
        now, looked_at, listed, changes = self._clock(), 0, 0, []
        for start in range(0, len(wanted), BATCH):
            batch = wanted[start : start + BATCH]
            self._read_ahead(batch)
            for sku in batch:
                record, change = plan_set(
                    sku,
                    self._known(sku),
                    rule=self._policy.rule_of(sku),
                    split_shipping=self._policy.split_shipping,
                    now=now,
                )
                looked_at += 1
                listed += record.on_sale.most > 0
                changes += [change] if change is not None else []
        return Plan(self._connection_id, now, looked_at, listed, tuple(changes))

    def push(self, plan: Plan) -> dict[SellerSku, str]:
        """Have sent what the plan says and nothing else, each change only where it would be decided the same now; answers why for those left out."""
        check_safe(plan, max_percent=self._policy.zeroes_max_percent, changes_min=self._policy.changes_min)
        wanted = [change.seller_sku for change in plan.changes]
        now_planned = {change.seller_sku: change for change in (self.make(wanted).changes if wanted else ())}
        left_out = {
            change.seller_sku: "decided otherwise by now"
            for change in plan.changes
            if now_planned.get(change.seller_sku) != change
        }
        now = self._clock()
        self._inbox.expect([sku for sku in wanted if sku not in left_out], now, now)
        return left_out
