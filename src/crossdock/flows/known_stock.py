"""What is known of one SKU when its turn comes: read together for a batch, decided about one by one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from crossdock.domain.case import Case
from crossdock.domain.cover import PREFIX
from crossdock.domain.evidence import is_stale
from crossdock.domain.feed import FeedNews
from crossdock.domain.ids import SellerSku
from crossdock.domain.inventory import StockEntry
from crossdock.domain.outlook import Outlook
from crossdock.domain.plan import Lane
from crossdock.domain.sellable import Decision, SetListed, StockRule
from crossdock.domain.stock_look import decide_listed, edited, is_foreign, read_due_s, sku_stock, used
from crossdock.domain.stock_record import SoldLine, StockRecord
from crossdock.flows.move_units import Split


@dataclass(frozen=True, slots=True)
class KnownStock:
    """What is known of one SKU when its turn comes. `entries`: of its pool, in the policy's order. `searched_until`: up to when all orders are known.

    `split`: with proof, the shop's entries beside Amazon's own. `compared`: all that Amazon lists was seen once; before that pages of it tell of twenty
    SKUs what a read tells of one. `paused`: why nothing is sent, empty while sets may go.
    `may_zero`: takes one of the SKUs that may be taken off sale before a person is asked. `lane`: of a raise, as the batch was planned; all else is
    patched. `news`: what became of the SKU's newest set in a feed. `refused`: Amazon lets us not in, and is asked nothing. `sold_as`: another seller SKU
    that sells these units, and is the one to do so; `elsewhere`: units that are on sale as another while this one is. `note_shown`: keeps how long a set took;
    `want_read`: keeps that a read is wanted.
    `covers`: with what the numbers of the connection's covers begin; `beside`: entries that feed Amazon no more, and still keep something back.
    """

    record: StockRecord
    entries: tuple[StockEntry, ...]
    lines: tuple[SoldLine, ...]
    searched_until: datetime | None
    outlook: Outlook
    split: Split | None = None
    compared: bool = True
    paused: str = ""
    may_zero: Callable[[], bool] = lambda: True
    lane: Lane = "patch"
    news: FeedNews | None = None
    refused: bool = False
    sold_as: SellerSku | None = None
    elsewhere: int = 0
    note_shown: Callable[[float], None] = lambda _late_s: None
    want_read: Callable[[SellerSku], None] = lambda _sku: None
    covers: str = PREFIX
    beside: tuple[StockEntry, ...] = ()


def use_read(
    record: StockRecord, known: KnownStock, rule: StockRule, now: datetime
) -> tuple[StockRecord, tuple[Case, ...]]:
    """The record with its read in it, once it may be used: with proof not before every order up to it is known."""
    shown = record.shown
    if shown is None or (rule.mode == "proof" and not (known.searched_until and known.searched_until >= shown.at)):
        return record, ()
    if record.on_sale.read_at_s and is_foreign(record, known.lines, shown):
        expected = max(record.on_sale.most, record.on_sale.hold.overdue or 0)
        case = Case("stock.foreign_writer", {"shown": str(shown.quantity), "expected_at_most": str(expected)})
        return edited(record, known.lines, shown, now), (case,)
    return used(record, known.lines, shown, mode=rule.mode), ()


def decide_known(record: StockRecord, known: KnownStock, rule: StockRule, now: datetime) -> Decision:
    """What to send of a SKU whose units may be on sale under another name too: each unit is listed once."""
    left = replace(record, available=record.available - known.elsewhere)
    return decide_listed(left, rule, known.outlook, now, paused=known.paused, is_shared=known.sold_as is not None)


def wants_reading(record: StockRecord, known: KnownStock, rule: StockRule, *, restocked: bool, now: datetime) -> bool:
    """Whether Amazon is asked what it shows: at first, when units may be on sale again, and whenever evidence is worth the call."""
    if record.shown is not None or known.refused:
        return False
    if record.read_wanted or restocked:
        return True
    if not record.fulfilled_by:
        return known.compared
    due_s = read_due_s(record, rule, known.outlook, now)
    if due_s is not None and due_s <= now.timestamp():
        return True
    if not is_stale(sku_stock(record, known.outlook, now), rule):
        return False
    decision = decide_known(record, known, rule, now)
    # A feed takes minutes: what is read now is no news when it takes effect.
    by_feed = known.lane == "feed" and decision.quantity > record.on_sale.most
    return isinstance(decision, SetListed) and decision.quantity > 0 and not by_feed
