"""The rehearsal: what a run would do, exactly, without writing a record on either platform or in our store.

The flow is the real one; only what writes is replaced. (Amazon's rates are counted all the same, because the reads are real.) Drafts are shown with
every personal field masked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from crossdock.commercetools.client import as_sent
from crossdock.commercetools.order_draft import field_value, import_draft
from crossdock.domain.case_kinds import CASE_KINDS
from crossdock.domain.ids import AmazonOrderId, OrderNumber, SellerSku
from crossdock.domain.order import NOBODY, AmazonOrder, ImportedOrder, PersonalData, ReadOrder
from crossdock.domain.order_changes import ChangeOrder
from crossdock.domain.order_fields import PERSONAL_LINE_FIELDS, PERSONAL_ORDER_FIELDS
from crossdock.domain.order_import import ImportOrder
from crossdock.domain.retention import needs_address
from crossdock.errors import CrossdockError, Unauthorized
from crossdock.flows.ingest_orders import OrderRecord, discover_orders, ingest_order
from crossdock.flows.read_recipients import BatchRecipients
from crossdock.joined import Joined
from crossdock.store.snapshots import decode_order

MASK = "•••"
# A rehearsal reads what is there; more than this is a back-fill, which is rehearsed in parts.
RECORDS_MAX = 2_000

_PERSONAL_DRAFT_FIELDS = ("shippingAddress", "customerEmail", "purchaseOrderNumber")


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What would happen to one order."""

    order_id: str
    state: str
    reason: str
    cases: tuple[dict[str, Any], ...]
    draft: dict[str, Any] | None
    change: dict[str, Any] | None

    def as_json(self) -> dict[str, Any]:
        """For `--json` and for the screen."""
        return {
            "order_id": self.order_id,
            "state": self.state,
            "reason": self.reason,
            "cases": list(self.cases),
            "draft": self.draft,
            "change": self.change,
        }


def rehearse_run(joined: Joined, now: datetime) -> list[Rehearsed]:
    """What the next run would do: the records that are due, and what Amazon shows since the mark."""
    due = [
        order for record in joined.inbox.due(now, RECORDS_MAX) if (order := decode_order(record.snapshot)) is not None
    ]
    found = discover_orders(joined.cursors, amazon=joined.amazon, import_from=joined.policy.orders.import_from, now=now)
    fresh = [read.order for read in found.orders if read.order is not None]
    unreadable = [unreadable_order(read) for read in found.orders if read.order is None]
    newest = {order.order_id: order for order in (*due, *fresh)}
    return unreadable + rehearse_orders(joined, list(newest.values()), now)


def rehearse_orders(joined: Joined, orders: Sequence[AmazonOrder], now: datetime) -> list[Rehearsed]:
    """What would happen to these orders; addresses are read as a run reads them, by the page when many are wanting."""
    policy = joined.policy.orders
    to_address = [order for order in orders if needs_address(order) and policy.covers(order)]
    vault = _Memory(dict(joined.vault.find([order.order_id for order in to_address])))
    # What Amazon shows meanwhile is not taken in: nothing is written.
    recipients = BatchRecipients(joined.amazon, vault, take_in=lambda _: 0, clock=lambda: now)
    recipients.read_ahead(to_address, frozenset())
    return [_rehearse(joined, order, recipients, now) for order in orders]


def _rehearse(joined: Joined, order: AmazonOrder, recipients: BatchRecipients, now: datetime) -> Rehearsed:
    stage = _Stage(joined)
    record = joined.inbox.find(order.order_id)
    try:
        outcome = ingest_order(
            OrderRecord(order, record.link if record else None, maybe_written=True),
            orders=stage,
            catalog=joined.products,
            recipients=recipients,
            policy=joined.policy.orders,
            now=now,
        )
    except Unauthorized:
        raise
    except CrossdockError as fault:
        return Rehearsed(order.order_id, "put back", str(fault), (), None, None)
    cases = tuple(
        {"kind": case.kind, "title": CASE_KINDS[case.kind].title, "facts": dict(case.facts)} for case in outcome.cases
    )
    return Rehearsed(order.order_id, str(outcome.state), outcome.reason, cases, stage.draft, stage.change_shown)


def unreadable_order(read: ReadOrder) -> Rehearsed:
    """What becomes of an order that cannot be read: a record with a case."""
    facts = {"where": read.problem.where, "what": read.problem.what} if read.problem else {}
    case = {"kind": "record.unreadable", "title": CASE_KINDS["record.unreadable"].title, "facts": facts}
    return Rehearsed(read.record_id, "case", CASE_KINDS["record.unreadable"].title, (case,), None, None)


def mask_draft(draft: Mapping[str, Any]) -> dict[str, Any]:
    """The draft as it would be sent, with every personal value masked."""
    masked = dict(draft)
    for name in _PERSONAL_DRAFT_FIELDS:
        if name in masked:
            masked[name] = dict.fromkeys(masked[name], MASK) if isinstance(masked[name], dict) else MASK
    masked["custom"] = _mask_fields(masked["custom"], PERSONAL_ORDER_FIELDS)
    for name in ("lineItems", "customLineItems"):
        if name in masked:
            masked[name] = [
                line | {"custom": _mask_fields(line["custom"], PERSONAL_LINE_FIELDS)} if "custom" in line else line
                for line in masked[name]
            ]
    return masked


def _mask_fields(custom: Mapping[str, Any], personal: Sequence[str]) -> dict[str, Any]:
    fields = {name: MASK if name in personal else value for name, value in custom["fields"].items()}
    return {**custom, "fields": fields}


@dataclass(slots=True)
class _Stage:
    """commercetools' orders: reads are real, writes are kept here to be shown (the port `CommerceOrders`)."""

    joined: Joined
    draft: dict[str, Any] | None = None
    change_shown: dict[str, Any] | None = field(default=None)

    def find(self, order_number: OrderNumber) -> ImportedOrder | None:
        return self.joined.orders.find(order_number)

    def import_order(self, decision: ImportOrder) -> ImportedOrder | frozenset[SellerSku]:
        customer = f"(the id of the customer with key {decision.customer_key})" if decision.customer_key else None
        self.draft = mask_draft(as_sent(import_draft(decision, customer)))
        return ImportedOrder(
            commercetools_id="",
            version=0,
            order_number=decision.order_number,
            order_state=decision.order_state,
            shipment_state=decision.shipment_state,
            total_gross=decision.totals.total_gross,
            lines=(),
            has_type=True,
            fields={},
            has_address=False,
            customer_email=None,
            customer_id=None,
            inventory_mode=decision.inventory_mode,
        )

    def change(self, decision: ChangeOrder) -> ImportedOrder:
        shown = {
            "orderState": decision.order_state,
            "shipmentState": decision.shipment_state,
            "shippingAddress": MASK if decision.recipient else None,
            "fields": _mask_fields(
                {"fields": {name: field_value(value) for name, value in decision.fields.items()}}, PERSONAL_ORDER_FIELDS
            )["fields"],
            "lineFields": {line: dict(fields) for line, fields in decision.line_fields.items()},
            "syncInfo": decision.sync_channel,
        }
        self.change_shown = {name: value for name, value in shown.items() if value}
        return decision.imported

    def redact(self, imported: ImportedOrder) -> ImportedOrder:
        return imported

    def existing(self, order_numbers: Sequence[OrderNumber]) -> frozenset[OrderNumber]:
        return self.joined.orders.existing(order_numbers)

    def find_unfenced(self, fba: Sequence[OrderNumber] = ()) -> list[OrderNumber]:
        return self.joined.orders.find_unfenced(fba)


@dataclass(frozen=True, slots=True)
class _Memory:
    """A vault that forgets with the rehearsal, and has nothing to erase (the port `Vault`)."""

    held: dict[AmazonOrderId, PersonalData]

    def save(self, personal: Mapping[AmazonOrderId, tuple[PersonalData, date]], now: datetime) -> None:
        del now
        for order_id, (told, _) in personal.items():
            self.held[order_id] = told.merged_with(self.held.get(order_id, NOBODY))

    def find(self, order_ids: Sequence[AmazonOrderId]) -> Mapping[AmazonOrderId, PersonalData]:
        return {order_id: self.held[order_id] for order_id in order_ids if order_id in self.held}

    def due(self, today: date, limit: int, *, but: Sequence[AmazonOrderId] = ()) -> list[AmazonOrderId]:
        del today, limit, but
        return []

    def erase(self, order_ids: Sequence[AmazonOrderId], now: datetime) -> list[str]:
        del order_ids, now
        return []
