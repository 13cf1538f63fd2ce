"""Every order of a closed day is here, proven; and no FBA order is where a warehouse would find it.

The proof is a second, independent search by creation time: its ids must be in the inbox, and those that are in scope in commercetools.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from crossdock.domain.day_check import DayCheck
from crossdock.domain.ids import AmazonOrderId, OrderNumber
from crossdock.domain.timeline import State
from crossdock.domain.window import Window
from crossdock.errors import Rejected
from crossdock.ports import AmazonOrders, CommerceOrders, Inbox

# A day counts as closed when its last orders had an hour to arrive by the ordinary way.
CLOSED_AFTER = timedelta(hours=1)


def is_closed(day: date, now: datetime) -> bool:
    """Whether a day (UTC) may be checked."""
    return now >= datetime.combine(day + timedelta(days=1), time(), UTC) + CLOSED_AFTER


def check_day(
    day: date,
    position: dict[str, Any],
    *,
    amazon: AmazonOrders,
    inbox: Inbox,
    orders: CommerceOrders,
    order_number: Callable[[AmazonOrderId], OrderNumber],
) -> DayCheck:
    """Read the next page of a closed day and count it: on Amazon = in commercetools + out of scope + waiting.

    A page costs one of Amazon's rare searches, so the count goes on from `position` ({} at first), whenever the next call is free.
    """
    start = datetime.combine(day, time(), UTC)

    window = Window(start, start + timedelta(days=1))
    try:
        page = amazon.search(window, position.get("token"), by_creation=True)
    except Rejected:
        if "token" not in position:
            raise
        # Tokens die after a day: count the whole day anew.
        position, page = {}, amazon.search(window, None, by_creation=True)
    known = inbox.known([read.record_id for read in page.orders])
    in_scope = {
        order_number(AmazonOrderId(record_id)): record_id
        for record_id, state in known.items()
        if state is not State.OUT_OF_SCOPE
    }
    existing = orders.existing(sorted(in_scope))

    absent = [record_id for number, record_id in in_scope.items() if number not in existing]
    vanished = [record_id for record_id in absent if known[record_id] is State.IN_SYNC]
    missing = tuple(read for read in page.orders if read.record_id not in known)
    counts = {
        "on_amazon": len({read.record_id for read in page.orders}),
        "in_commercetools": len(existing),
        "out_of_scope": len(known) - len(in_scope),
        "waiting": len(absent) - len(vanished),
        "found_missing": len(missing),
    }
    sums = {name: count + position.get(name, 0) for name, count in counts.items()}
    lost = [*position.get("vanished", []), *vanished]
    onward = None if page.next_token is None else {**sums, "vanished": lost, "token": page.next_token}
    return DayCheck(day=day, **sums, vanished=tuple(lost), missing=missing, position=onward)
