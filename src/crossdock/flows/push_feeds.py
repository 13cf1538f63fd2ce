"""Many quantities -> one feed on Amazon: built, handed over once, followed until it has ended, and what became of each told to its SKU.

Rule: nothing here touches a hold. What is told of a set is noted beside it, and its SKU made due: the flow of stock, which alone writes holds, takes it up.
Killed between any two lines, the next run does the rest; a feed that may exist without our knowing its number is not created again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import assert_never

from crossdock.domain.case import Case
from crossdock.domain.feed import FOLLOWED_FOR, LATE_AFTER, FeedEnd, FeedSet, QuantityFeed, SetEnd, is_wanted
from crossdock.domain.ids import SellerSku
from crossdock.domain.listed import FeedDocument, FeedState, SetQuantity, Upload
from crossdock.domain.sellable import USUAL_S
from crossdock.errors import Rejected, Unauthorized, Unavailable
from crossdock.ports import Clock, Inbox, StockBook
from crossdock.ports_feeds import AmazonFeeds, FeedBook

# The record under which the feeds of a connection have their case.
FEEDS_RECORD = "feeds"
# Of five calls a second four: SKUs that a feed set are read back, or patched, beside everything else that goes on.
SKUS_AT_ONCE, EVERY = 20, timedelta(seconds=5)
UNTOLD: Mapping[SellerSku, str] = {}


def submit_feed(
    feed: QuantityFeed,
    *,
    amazon: AmazonFeeds,
    book: FeedBook,
    stock: StockBook,
    inbox: Inbox,
    document_of: Callable[[Sequence[SetQuantity]], FeedDocument],
    may_send: bool,
    clock: Clock,
) -> None:
    """A feed that takes no more is with Amazon, or has been given up; a set that is not wanted any more is left out. Faults leave it to be tried again.

    `may_send`: False while quantities are paused; then none of it goes.
    """
    sets = book.sets(feed.key)
    held = stock.find([each.seller_sku for each in sets])
    is_late = clock() - feed.made_at > LATE_AFTER
    wanted = [
        each
        for each in sets
        if each.end is None
        and may_send
        and not is_late
        and is_wanted(held.get(each.seller_sku), feed.key, each.quantity)
    ]
    going = {each.seller_sku for each in wanted}
    left = {each.seller_sku: _never for each in sets if each.seller_sku not in going}
    _tell(feed, left, book=book, inbox=inbox, now=clock())
    if not wanted:
        book.end(feed.key, "dropped" if is_late else "done", clock())
        return

    document = document_of([SetQuantity(each.seller_sku, each.quantity) for each in wanted])
    place = amazon.create_document()
    amazon.upload(place, document)
    _create(feed, place, wanted, amazon=amazon, book=book, inbox=inbox, clock=clock)


def _create(
    feed: QuantityFeed,
    place: Upload,
    wanted: Sequence[FeedSet],
    *,
    amazon: AmazonFeeds,
    book: FeedBook,
    inbox: Inbox,
    clock: Clock,
) -> None:
    """The feed is in Amazon's queue, once; whatever the fault says of that is noted before it goes up."""
    book.mark(feed.key, "creating")
    try:
        feed_id = amazon.create(place.document_id)
    except Unavailable as fault:
        if fault.own_rate:
            book.mark(feed.key, "closed")
        else:
            book.end(feed.key, "lost", clock())
        raise
    except Unauthorized:
        book.mark(feed.key, "closed")
        raise
    except Rejected:
        _end(feed, "refused", _all(wanted, _never), book=book, inbox=inbox, now=clock())
        raise
    book.submitted(feed.key, feed_id, clock())


def follow_feed(feed: QuantityFeed, *, amazon: AmazonFeeds, book: FeedBook, inbox: Inbox, clock: Clock) -> None:
    """What Amazon says of a feed by now is told to its SKUs. One that is late has a case, and is cancelled where that is possible still."""
    assert feed.submitted_at is not None, "only a feed with a number is followed"
    state = amazon.get(feed.feed_id)
    now = clock()
    sent = [each for each in book.sets(feed.key) if each.end != _never]

    match state.status:
        case "DONE":
            _take_report(feed, state, sent, amazon=amazon, book=book, inbox=inbox, clock=clock)
        case "FATAL":
            # Some, none or all of it was applied: reads tell.
            _end(feed, "fatal", _all(sent, _processed), book=book, inbox=inbox, now=now)
        case "CANCELLED":
            _end(feed, "cancelled", _all(sent, _never), book=book, inbox=inbox, now=now)
        case "IN_QUEUE" | "IN_PROGRESS" if now - feed.submitted_at < LATE_AFTER:
            pass
        case "IN_QUEUE":
            _raise_late(feed, len(sent), book=book, inbox=inbox, now=now)
            if amazon.cancel(feed.feed_id):
                _end(feed, "cancelled", _all(sent, _never), book=book, inbox=inbox, now=clock())
        case "IN_PROGRESS":
            _raise_late(feed, len(sent), book=book, inbox=inbox, now=now)
            if now - feed.submitted_at > FOLLOWED_FOR:
                book.end(feed.key, "lost", now)
        case _:
            assert_never(state.status)


def _take_report(
    feed: QuantityFeed,
    state: FeedState,
    sent: Sequence[FeedSet],
    *,
    amazon: AmazonFeeds,
    book: FeedBook,
    inbox: Inbox,
    clock: Clock,
) -> None:
    """Of each message whether it was refused. Accepted is not applied, and what the report does not tell may be: both are read back."""
    ended_at = clock()
    report = amazon.report(state.report_id, [each.seller_sku for each in sent]) if state.report_id else None
    messages = report.messages if report is not None else ()
    refused = {message.seller_sku: message.codes for message in messages if message.accepted is False}
    if report is not None and len(refused) == len(sent) > 1 and len(set(refused.values())) == 1:
        # All of it, for one reason: one case, not one of each SKU.
        codes_of_all = next(iter(refused.values())) or report.codes
        facts = {"operation": "JSON_LISTINGS_FEED", "code": ", ".join(codes_of_all)[:200], "skus": str(len(sent))}
        inbox.raise_case(FEEDS_RECORD, Case("stock.rejected", {k: v for k, v in facts.items() if v}), ended_at)
        _end(feed, "refused", _all(sent, _never), book=book, inbox=inbox, now=ended_at)
        return
    ends = {each.seller_sku: _refused if each.seller_sku in refused else _processed for each in sent}
    codes = {sku: ", ".join(found)[:200] for sku, found in refused.items()}
    _end(feed, "done", ends, book=book, inbox=inbox, now=ended_at, codes=codes)
    inbox.clear_case(FEEDS_RECORD, "stock.rejected", ended_at)


def _raise_late(feed: QuantityFeed, skus: int, *, book: FeedBook, inbox: Inbox, now: datetime) -> None:
    """One case, however many feeds wait; until it is over no other feed is begun."""
    book.late(feed.key, now)
    inbox.raise_case(FEEDS_RECORD, Case("stock.feed_late", {"feed_id": feed.feed_id, "skus": str(skus)}), now)


def _end(
    feed: QuantityFeed,
    outcome: FeedEnd,
    ends: Mapping[SellerSku, SetEnd],
    *,
    book: FeedBook,
    inbox: Inbox,
    now: datetime,
    codes: Mapping[SellerSku, str] = UNTOLD,
) -> None:
    _tell(feed, ends, book=book, inbox=inbox, now=now, codes=codes)
    book.end(feed.key, outcome, now)


def _tell(
    feed: QuantityFeed,
    ends: Mapping[SellerSku, SetEnd],
    *,
    book: FeedBook,
    inbox: Inbox,
    now: datetime,
    codes: Mapping[SellerSku, str] = UNTOLD,
) -> None:
    """Note what became of these sets, and make their SKUs due: to be read at their usual time, or decided about anew; not all at once."""
    if not ends:
        return
    book.tell(feed.key, ends, now, codes=codes)
    for end, first_at in ((_processed, now + timedelta(seconds=USUAL_S)), (_refused, now), (_never, now)):
        skus = [sku for sku, told in ends.items() if told == end]
        for start in range(0, len(skus), SKUS_AT_ONCE):
            at = first_at + EVERY * (start // SKUS_AT_ONCE)
            inbox.expect(skus[start : start + SKUS_AT_ONCE], at, now)


def _all(sets: Sequence[FeedSet], end: SetEnd) -> dict[SellerSku, SetEnd]:
    return {each.seller_sku: end for each in sets}


_processed: SetEnd = "processed"
_refused: SetEnd = "refused"
_never: SetEnd = "never"
