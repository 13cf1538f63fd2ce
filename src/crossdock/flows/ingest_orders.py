"""Amazon order -> commercetools order, exactly once, or a case that says who must look at it.

The idempotency key is the business key: the order number in commercetools is Amazon's order id. A record that was never tried is POSTed first; one that
has a link, or whose write may have been lost, is read first. So a flow killed on any line and run again ends the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import assert_never

from crossdock.domain.case import Case
from crossdock.domain.case_kinds import CASE_KINDS
from crossdock.domain.ids import AmazonOrderId
from crossdock.domain.order import NOBODY, AmazonOrder, ImportedOrder, ReadOrder, Recipient
from crossdock.domain.order_changes import ChangeOrder
from crossdock.domain.order_import import (
    Decision,
    ImportOrder,
    InSync,
    NeedsPerson,
    OutOfScope,
    Wait,
    decide_import,
    is_ours,
    without_stock,
)
from crossdock.domain.order_lifecycle import Phase, is_ours_to_ship, phase_of
from crossdock.domain.order_policy import Known, OrderPolicy
from crossdock.domain.retention import erase_at, needs_address
from crossdock.domain.timeline import Event, Link, Outcome, State
from crossdock.domain.window import Window, next_window
from crossdock.errors import Rejected, RemoteError, Unavailable
from crossdock.ports import AmazonOrders, CommerceCatalog, CommerceOrders, Cursors, Recipients

CURSOR = "orders.search"
# What people do to an order in commercetools is no news from Amazon: while it is to be shipped it is looked at so often, and when its ship-by date passes.
LOOK_AGAIN = timedelta(days=1)
# A page holds 100 orders and a call costs three minutes once the burst is spent: the rest of a long search waits for the next run.
PAGES_MAX = 20


@dataclass(frozen=True, slots=True)
class OrderRecord:
    """An order of the inbox as the flow takes it up. `maybe_written`: an earlier try may have reached commercetools."""

    order: AmazonOrder
    link: Link | None
    maybe_written: bool


@dataclass(frozen=True, slots=True)
class Found:
    """One page of news, and where the search stands after it. Save the position only when the orders are in the inbox.

    `dead_token`: Amazon's refusal of the token, after which the window is begun again.
    """

    orders: tuple[ReadOrder, ...]
    position: dict[str, str]
    finished: bool
    dead_token: Rejected | None = None


def discover_orders(
    cursors: Cursors, *, amazon: AmazonOrders, import_from: datetime, now: datetime, urgent: bool = True
) -> Found:
    """What changed on Amazon since the mark: the next page of it.

    The mark moves when the last page is in; until then the position holds the token and the window, so that a killed search goes on where it was.
    """
    position = cursors.find(CURSOR) or {"mark": import_from.isoformat()}
    token = position.get("token")
    window = next_window(datetime.fromisoformat(position["mark"]), now)
    if token is not None:
        window = Window(datetime.fromisoformat(position["after"]), datetime.fromisoformat(position["before"]))
    if window.is_empty():
        return Found((), position, finished=True)

    try:
        page = amazon.search(window, token, urgent=urgent)
    except Rejected as refused:
        if token is None:
            raise
        # Tokens die after a day: begin the window again; what came already is known and changes nothing.
        return Found((), {"mark": position["mark"]}, finished=False, dead_token=refused)

    if page.next_token is None:
        mark = min(page.mark or window.before, window.before)
        return Found(page.orders, {"mark": mark.isoformat()}, finished=True)
    bounds = {"after": window.after.isoformat(), "before": window.before.isoformat()}
    return Found(page.orders, {"mark": position["mark"], "token": page.next_token, **bounds}, finished=False)


def discover_changed(order_ids: Sequence[AmazonOrderId], *, amazon: AmazonOrders) -> tuple[ReadOrder, ...]:
    """Read again what notifications hinted at, as far as our own rate goes. What Amazon does not know, or refuses to read, is left to the sweep."""
    found: list[ReadOrder] = []
    for order_id in dict.fromkeys(order_ids):
        try:
            read = amazon.get(order_id, with_recipient=False, urgent=False)
        except Rejected:
            continue
        except Unavailable as fault:
            # The sweep finds the rest, a hundred at a call; addresses need these reads more.
            if fault.own_rate:
                break
            raise
        if read is not None:
            found.append(read)
    return tuple(found)


def ingest_order(
    record: OrderRecord,
    *,
    orders: CommerceOrders,
    catalog: CommerceCatalog,
    recipients: Recipients,
    policy: OrderPolicy,
    now: datetime,
) -> Outcome:
    """Bring one Amazon order into commercetools, once, or say who must look at it."""
    order = record.order
    tried = record.link is not None or record.maybe_written
    imported = orders.find(policy.order_number(order)) if tried else None
    to_address = imported is None and record.link is None and policy.covers(order) and needs_address(order)
    known = Known(
        imported=imported,
        linked=record.link is not None,
        variants=catalog.find_variants(frozenset(policy.commerce_sku(sku) for sku in order.skus())),
        personal=recipients.find(order) if to_address else NOBODY,
        moved_to=_moved_to(record, imported, recipients),
    )

    decision = decide_import(order, known, policy, now)
    if not tried and isinstance(decision, OutOfScope | NeedsPerson):
        # A write whose answer was lost leaves no trace with us: nothing is left out, or to a person, before commercetools was asked.
        imported = _find_ours(order, orders, policy)
        decision = decide_import(order, replace(known, imported=imported), policy, now)

    pending = False
    match decision:
        case ImportOrder():
            decision, imported = _import(decision, orders)
            recipients.keep(order)
            pending = decision.sync_channel is not None and not _sync(order, imported, decision.sync_channel, orders)
        case ChangeOrder(sync_channel=None):
            imported = orders.change(decision)
            recipients.keep(order)
            pending = policy.sync_channel is not None and policy.sync_channel not in imported.synced_channels
        case ChangeOrder():
            decision, imported = _sync_alone(decision, orders)
        case InSync() | OutOfScope() | Wait() | NeedsPerson():
            pass
        case _:
            assert_never(decision)

    outcome = _outcome(order, decision, imported, now)
    # Sync info that is still to be written: what was done is recorded first.
    return replace(outcome, due_at=now) if pending else outcome


def _find_ours(order: AmazonOrder, orders: CommerceOrders, policy: OrderPolicy) -> ImportedOrder | None:
    """The commercetools order that is this Amazon order; what stands under its number and is somebody else's is none."""
    found = orders.find(policy.order_number(order))
    return found if found is not None and is_ours(order, found) else None


def _moved_to(record: OrderRecord, imported: ImportedOrder | None, recipients: Recipients) -> Recipient | None:
    """Where an order of ours that is not packed yet goes now, if that is not where it went when it was imported."""
    order = record.order
    if imported is None or not needs_address(order) or phase_of(imported) is not Phase.OPEN:
        return None
    return recipients.find_moved(order) if record.link is not None or is_ours(order, imported) else None


def _sync(order: AmazonOrder, imported: ImportedOrder, channel: str, orders: CommerceOrders) -> bool:
    """Note the sync info. False where that failed: the order exists and must be recorded first; the next run does this again, and tells what is wrong."""
    try:
        orders.change(ChangeOrder(imported, sync_channel=channel, sync_id=order.order_id))
    except RemoteError:
        return False
    return True


def _sync_alone(decision: ChangeOrder, orders: CommerceOrders) -> tuple[ChangeOrder | InSync, ImportedOrder]:
    """Note the sync info of an order that needs nothing else. A refusal is one case beside the others: the order itself is right."""
    try:
        return decision, orders.change(decision)
    except Rejected as refused:
        facts = {"operation": refused.operation, "code": refused.code, "field": refused.pointer}
        case = Case("order.rejected", {name: value for name, value in facts.items() if value})
        return InSync(decision.imported, (*decision.cases, case)), decision.imported


def _import(decision: ImportOrder, orders: CommerceOrders) -> tuple[ImportOrder, ImportedOrder]:
    """Create the order. Where stock cannot be taken, once more without taking it from those SKUs: nothing was created the first time."""
    for _ in range(2):
        created = orders.import_order(decision)
        if isinstance(created, ImportedOrder):
            return decision, created
        decision = without_stock(decision, created)
    created = orders.import_order(replace(decision, inventory_mode="None"))
    assert isinstance(created, ImportedOrder), "an order without stock effect was refused for its stock"
    return decision, created


def _outcome(order: AmazonOrder, decision: Decision, imported: ImportedOrder | None, now: datetime) -> Outcome:
    link = Link(imported.commercetools_id, imported.order_number, imported.version) if imported else None
    match decision:
        case ImportOrder():
            facts = {
                "order_number": decision.order_number,
                "order_state": decision.order_state,
                "shipment_state": decision.shipment_state,
            }
            events = (*decision.events, Event("order.imported", facts))
            return _done(order, decision.cases, now, reason="imported", events=events, link=link)
        case ChangeOrder():
            events = (*decision.events, Event("order.changed", _change_facts(decision)))
            return _done(order, decision.cases, now, reason="brought up to date", events=events, link=link)
        case InSync():
            return _done(order, decision.cases, now, reason="both sides agree", link=link)
        case OutOfScope():
            return Outcome(State.OUT_OF_SCOPE, decision.reason)
        case Wait():
            return Outcome(State.WAITING, decision.reason, due_at=decision.until)
        case NeedsPerson():
            # No new link: what stands under the number may be somebody else's order.
            return _done(order, (decision.case,), now)
        case _:
            assert_never(decision)


def _done(
    order: AmazonOrder,
    cases: tuple[Case, ...],
    now: datetime,
    *,
    reason: str = "",
    events: tuple[Event, ...] = (),
    link: Link | None = None,
) -> Outcome:
    looks = [now + timedelta(seconds=each) for case in cases if (each := CASE_KINDS[case.kind].recheck_s) is not None]
    again_at = _look_again_at(order, now)
    due_at = min([*looks, *([again_at] if again_at else [])], default=None)
    if not cases:
        return Outcome(State.IN_SYNC, reason, due_at=due_at, events=events, link=link, erase_at=erase_at(order))
    title = CASE_KINDS[cases[0].kind].title
    return Outcome(State.CASE, title, due_at=due_at, cases=cases, events=events, link=link, erase_at=erase_at(order))


def _look_again_at(order: AmazonOrder, now: datetime) -> datetime | None:
    """When an order that is to be shipped by us is looked at without news; None for all others."""
    if not is_ours_to_ship(order):
        return None
    passes_at = order.ship_by_at
    return now + LOOK_AGAIN if passes_at is None or passes_at <= now else min(passes_at, now + LOOK_AGAIN)


def _change_facts(decision: ChangeOrder) -> dict[str, str]:
    facts = {
        "order_state": decision.order_state,
        "shipment_state": decision.shipment_state,
        "fields": ", ".join(sorted(decision.fields)) or None,
        "lines": str(len(decision.line_fields)) if decision.line_fields else None,
        "sync_info": decision.sync_channel,
    }
    return {name: value for name, value in facts.items() if value is not None}
