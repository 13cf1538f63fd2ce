"""Stock in commercetools -> quantity on Amazon, for one SKU: never more than can be sold, and never what cannot be known to be there.

Rule: the hold is recorded before a set is sent, and only evidence clears it. A set that was certainly not sent is taken out of it again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import assert_never

from crossdock.domain import on_sale
from crossdock.domain.case import Case
from crossdock.domain.cover import release_at_s
from crossdock.domain.delays import shown_after
from crossdock.domain.feed import EXPECTED_AFTER, with_news
from crossdock.domain.ids import SellerSku
from crossdock.domain.listed import SetQuantity
from crossdock.domain.plan import Lane
from crossdock.domain.sellable import Decision, LeaveListed, SetListed, StockRule
from crossdock.domain.stock_look import (
    by_amazon,
    is_tied_up,
    learnt,
    pool_of,
    read_due_s,
    refused_by_feed,
    sku_stock,
    unreadable,
    view,
    with_read,
)
from crossdock.domain.stock_record import SentSet, StockRecord
from crossdock.domain.timeline import Event, Outcome, State
from crossdock.errors import DataError, Rejected, RemoteError, Unauthorized, Unavailable
from crossdock.flows.claim_units import Claimed, claim_units
from crossdock.flows.cover_units import cover_units
from crossdock.flows.known_stock import KnownStock, decide_known, use_read, wants_reading
from crossdock.flows.move_units import move_units
from crossdock.ports import AmazonListings, Clock, CommerceStock, StockBook

# A SKU that nothing happens to is looked at once a day all the same.
LOOK_AFTER = timedelta(days=1)
# A read that waits for orders to become known is used by the first run after the search has passed it.
SEARCH_AGAIN = timedelta(seconds=60)
# Two sets in a row that no read shows are no slowness any more.
UNSHOWN_MAX = 2
# How soon a SKU of which Amazon was not asked yet looks whether the first comparison is over; mostly that wakes it before.
COMPARED_SOON = timedelta(minutes=5)
# A set that Amazon refused in a feed is tried once more so much later, as one that it refused in a call.
REFUSED_FOR = timedelta(minutes=15)
# What could not be kept back beside a set that did not wait for it.
COVER_AGAIN = timedelta(seconds=5)
TOO_MANY = "too many SKUs would be set to 0 at once"


def push_stock(
    sku: SellerSku,
    known: KnownStock,
    *,
    inventory: CommerceStock,
    listings: AmazonListings,
    stock: StockBook,
    rule: StockRule,
    split_shipping: bool,
    clock: Clock,
) -> Outcome:
    """Let Amazon list of one SKU what may be sold there, or say who must look at it."""
    now = clock()
    claimed = _claim(known, inventory=inventory, stock=stock, split_shipping=split_shipping, now=now)
    refused = refused_by_feed(claimed.record, known.news)
    record = with_news(claimed.record, known.news)
    events, cases = list(claimed.events), [*claimed.cases, *refused]

    look = partial(_evidence, listings=listings, rule=rule, clock=clock, now=now)
    record, late, read, found = look(sku, record, known, claimed)
    events, cases = [*events, *read], [*cases, *found]
    move = partial(_move, inventory=inventory, stock=stock, rule=rule, now=now)
    record, take_down, moved = move(sku, record, known, claimed)

    decision = _unless_refused(_decide(record, known, rule, now=now, take_down=take_down), record, refused)
    cover = partial(cover_units, inventory=inventory, rule=rule, now=now)
    record, covered, fault = cover(sku, record, known, claimed.entries, decision=decision)
    events += [*moved, *covered]
    _check_late(decision, record, late or fault)

    match decision:
        case SetListed():
            lane = known.lane if decision.quantity > record.on_sale.most else "patch"
            send = partial(_send, listings=listings) if lane == "patch" else _gather
            record = send(sku, decision.quantity, record, stock=stock, clock=clock)
            events.append(_sent(decision, record, lane))
        case LeaveListed():
            pass
        case _:
            assert_never(decision)

    stock.save(sku, record, now, view=view(record, known.lines, decision, known.outlook, rule=rule, now=now))
    outcome = _outcome(record, decision, known, (*cases, *_cases(record, known, rule)))
    latest = now + (COVER_AGAIN if fault else REFUSED_FOR if refused else LOOK_AFTER)
    return replace(outcome, due_at=_due_at(record, known, rule, now, latest=latest), events=tuple(events))


def _claim(
    known: KnownStock, *, inventory: CommerceStock, stock: StockBook, split_shipping: bool, now: datetime
) -> Claimed:
    """What was sold is off the entries, and the record has learnt from the look."""
    news = sum(max(0, line.units - line.counted) for line in known.lines)
    claimed = claim_units(known.record, known.entries, known.lines, inventory=inventory, stock=stock, now=now)
    pool = pool_of(claimed.entries, split_shipping=split_shipping, covers=known.covers, missing=claimed.missing)
    shop = known.split.shop if known.split is not None else ()
    entries = (*claimed.entries, *shop)
    record = learnt(claimed.record, entries, shop, outlook=known.outlook, pool=pool, amazon_units=news, now=now)
    return replace(claimed, record=record)


def _evidence(
    sku: SellerSku,
    record: StockRecord,
    known: KnownStock,
    claimed: Claimed,
    *,
    listings: AmazonListings,
    rule: StockRule,
    clock: Clock,
    now: datetime,
) -> tuple[StockRecord, Unavailable | None, list[Event], list[Case]]:
    """The record with what Amazon shows in it, asked where that is worth a call; why it was not, where our rate has no read left."""
    late: Unavailable | None = None
    events: list[Event] = []
    cases: list[Case] = []
    if wants_reading(record, known, rule, restocked=claimed.restocked, now=now):
        record, late, events, cases = _ask(sku, record, known, listings=listings, clock=clock)
    record, foreign = use_read(record, known, rule, now)
    if (shown_after_s := shown_after(claimed.record, record)) is not None:
        known.note_shown(shown_after_s)
    return record, late, events, [*cases, *foreign]


def _ask(
    sku: SellerSku, record: StockRecord, known: KnownStock, *, listings: AmazonListings, clock: Clock
) -> tuple[StockRecord, Unavailable | None, list[Event], list[Case]]:
    """What Amazon shows now; the record as it was, and why, where our rate has no read left. With proof nothing goes on without it."""
    known.want_read(sku)
    try:
        listed = listings.read_quantity(sku, urgent=record.on_sale.is_under_way())
    except Unavailable as fault:
        if not fault.own_rate or known.split is not None:
            raise
        return record, fault, [], []
    read = with_read(record, listed, clock())
    # Where orders are known late a SKU is read every half minute: what is as it was fills no history.
    is_news = read.shown is not None and read.shown.quantity != record.on_sale.hold.live_max
    events = [Event("stock.read", {"quantity": str(read.shown.quantity)})] if read.shown and is_news else []
    return read, None, events, unreadable(listed)


def _move(
    sku: SellerSku,
    record: StockRecord,
    known: KnownStock,
    claimed: Claimed,
    *,
    inventory: CommerceStock,
    stock: StockBook,
    rule: StockRule,
    now: datetime,
) -> tuple[StockRecord, bool, tuple[Event, ...]]:
    """With proof, units change sides where that is due; and whether Amazon's are to be taken down."""
    if known.split is None or known.sold_as is not None or record.fulfilled_by != "MERCHANT":
        return record, False, ()
    split = replace(known.split, escrow=next(iter(claimed.entries), None))
    return move_units(sku, record, split, inventory=inventory, stock=stock, rule=rule, outlook=known.outlook, now=now)


def _check_late(decision: Decision, record: StockRecord, late: RemoteError | DataError | None) -> None:
    """Put back what waits for a read, or for its cover, except where less is to be on sale: that waits for nothing."""
    lowers = isinstance(decision, SetListed) and decision.quantity < record.on_sale.most
    if late is not None and not lowers:
        raise late


def _decide(record: StockRecord, known: KnownStock, rule: StockRule, *, now: datetime, take_down: bool) -> Decision:
    """What to send now. `take_down`: the units are needed in the shop."""
    decision = decide_known(record, known, rule, now)
    if take_down and not known.paused:
        decision = SetListed(0, 0, record.on_sale.hold.units)
    return _unless_too_many(decision, record, known)


def _unless_refused(decision: Decision, record: StockRecord, refused: Sequence[Case]) -> Decision:
    """A raise that Amazon has just refused is not sent again at once."""
    if not refused or not isinstance(decision, SetListed) or decision.quantity <= record.on_sale.most:
        return decision
    return LeaveListed(decision.quantity, decision.shop_margin, decision.unseen_margin, "Amazon refused it")


def _sent(decision: SetListed, record: StockRecord, lane: Lane) -> Event:
    return Event("stock.sent", {"quantity": str(decision.quantity), "available": str(record.available), "lane": lane})


def _unless_too_many(decision: Decision, record: StockRecord, known: KnownStock) -> Decision:
    """What is on sale is not taken off it where that would be too much at once: a wrong file may have emptied the stock."""
    empties = isinstance(decision, SetListed) and decision.quantity == 0 and record.on_sale.zero_at_s is None
    if not empties or known.may_zero():
        return decision
    return LeaveListed(0, decision.shop_margin, decision.unseen_margin, TOO_MANY)


def _send(
    sku: SellerSku,
    quantity: int,
    record: StockRecord,
    *,
    listings: AmazonListings,
    stock: StockBook,
    clock: Clock,
) -> StockRecord:
    """Record the hold, then send. What was certainly not sent, or was refused, leaves the hold again; what may have been stays in it."""
    at = clock()
    sent = replace(
        record,
        on_sale=on_sale.sent(record.on_sale, quantity, at.timestamp()),
        shown=None,
        sent=SentSet(quantity, at),
    )
    sent = stock.save(sku, sent, at)
    unsent = replace(record, version=sent.version)
    try:
        submission = listings.set_quantity(SetQuantity(sku, quantity), urgent=quantity < record.on_sale.most)
    except Unavailable as fault:
        if fault.own_rate:
            stock.save(sku, unsent, at)
        raise
    except (Rejected, Unauthorized):
        stock.save(sku, unsent, at)
        raise
    state = on_sale.taken(sent.on_sale, quantity, by_amazon(at, submission.answered_at).timestamp())
    return replace(sent, on_sale=state, sent=SentSet(quantity, at, submission_id=submission.submission_id))


def _gather(sku: SellerSku, quantity: int, record: StockRecord, *, stock: StockBook, clock: Clock) -> StockRecord:
    """Have the set join the feed that gathers, held from the same moment; until then it is certainly not sent."""
    at = clock()
    expected_at_s = (at + EXPECTED_AFTER).timestamp()
    held = replace(record, on_sale=on_sale.sent(record.on_sale, quantity, expected_at_s), shown=None)
    return stock.gather(sku, held, at, quantity=quantity, expected_at_s=expected_at_s)


def _cases(record: StockRecord, known: KnownStock, rule: StockRule) -> list[Case]:
    found = []
    if known.sold_as is not None and record.fulfilled_by == "MERCHANT" and record.managed:
        found.append(Case("stock.shared_units", {"sold_as": known.sold_as}))
    if record.available < 0 and record.managed:
        found.append(Case("stock.negative", {"available": str(record.available)}))
    if record.sent is not None and (record.unshown >= UNSHOWN_MAX or is_tied_up(record, rule)):
        facts = {"quantity": str(record.sent.quantity), "submission_id": record.sent.submission_id}
        found.append(Case("stock.not_applied", {name: value for name, value in facts.items() if value}))
    return found


def _outcome(record: StockRecord, decision: Decision, known: KnownStock, cases: tuple[Case, ...]) -> Outcome:
    if cases:
        return Outcome(State.CASE, cases[0].kind, cases=cases)
    reason = decision.reason if isinstance(decision, LeaveListed) else "a set is under way"
    if not record.fulfilled_by and not known.compared:
        return Outcome(State.WAITING, "waits for the first comparison with Amazon")
    if record.fulfilled_by != "MERCHANT" or not record.managed:
        return Outcome(State.OUT_OF_SCOPE, reason)
    waits = known.paused or reason == TOO_MANY or record.on_sale.is_under_way() or record.shown is not None
    return Outcome(State.WAITING if waits else State.IN_SYNC, reason)


def _due_at(record: StockRecord, known: KnownStock, rule: StockRule, now: datetime, *, latest: datetime) -> datetime:
    """When something can be learnt or done next, without news; a peak is never slept through."""
    times = [latest]
    if not record.fulfilled_by and not known.compared:
        times.append(now + COMPARED_SOON)
    if record.shown is not None:
        times.append(now + SEARCH_AGAIN)
    if record.foreign_until is not None and record.foreign_until > now:
        times.append(record.foreign_until)
    if record.fulfilled_by == "MERCHANT" and (changes_at := known.outlook.changes_at(now)) is not None:
        times.append(changes_at)
    if record.fulfilled_by == "MERCHANT" and record.shown is None:
        due_s = read_due_s(record, rule, known.outlook, now)
        times += [datetime.fromtimestamp(due_s, UTC)] if due_s is not None else []
    if record.covered:
        times.append(datetime.fromtimestamp(release_at_s(sku_stock(record, known.outlook, now)), UTC))
    return max(now, min(times))
