"""Every order of a closed day is here, proven; and no FBA order is where a warehouse would find it.

The proof is a second, independent search by creation time: its ids must be in the inbox, those that are in scope in commercetools, and the others not.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from crossdock.domain.day_check import DayCheck
from crossdock.domain.ids import AmazonOrderId, OrderNumber
from crossdock.domain.order import OrdersPage
from crossdock.domain.timeline import State
from crossdock.domain.window import Window
from crossdock.errors import Rejected
from crossdock.ports import AmazonOrders, CommerceOrders, Inbox

# A day counts as closed when its last orders had an hour to arrive by the ordinary way.
CLOSED_AFTER = timedelta(hours=1)


def first_open_day(now: datetime) -> date:
    """The first day (UTC) that may not be checked yet."""
    return (now.astimezone(UTC) - CLOSED_AFTER).date()


def is_closed(day: date, now: datetime) -> bool:
    """Whether a day (UTC) may be checked."""
    return day < first_open_day(now)


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

    A page costs one of Amazon's rare searches, so the count goes on from `position` ({} at first), whenever the next call is free. `looked` in it names
    strays of an earlier check: the flow has looked at each since, and what it left out again is somebody else's.
    """
    looked = position.get("looked", [])

    page, position = _next_page(day, position, amazon)
    known = inbox.known([read.record_id for read in page.orders])
    numbers = {order_number(AmazonOrderId(record_id)): record_id for record_id in known}
    existing = {numbers[number] for number in orders.existing(sorted(numbers))}

    left_out = {record_id for record_id, state in known.items() if state is State.OUT_OF_SCOPE}
    strays = sorted((left_out & existing).difference(looked))
    absent = known.keys() - left_out - existing
    vanished = sorted(record_id for record_id in absent if known[record_id] is State.IN_SYNC)
    missing = tuple(read for read in page.orders if read.record_id not in known)
    counts = {
        "on_amazon": len({read.record_id for read in page.orders}),
        "in_commercetools": len(existing - left_out),
        "out_of_scope": len(left_out) - len(strays),
        "waiting": len(absent) - len(vanished),
        "found_missing": len(missing),
    }
    sums = {name: count + position.get(name, 0) for name, count in counts.items()}
    found = {name: [*position.get(name, []), *ids] for name, ids in (("vanished", vanished), ("strays", strays))}
    onward = {**sums, **found, "looked": looked, "token": page.next_token} if page.next_token is not None else None
    return DayCheck(
        day=day,
        **sums,
        vanished=tuple(found["vanished"]),
        strays=tuple(found["strays"]),
        missing=missing,
        position=onward,
    )


def _next_page(day: date, position: dict[str, Any], amazon: AmazonOrders) -> tuple[OrdersPage, dict[str, Any]]:
    """The next page of the day, and the position it adds to: none where the token has died, as it does after a day; then the day is counted anew."""
    start = datetime.combine(day, time(), UTC)
    window = Window(start, start + timedelta(days=1))
    try:
        return amazon.search(window, position.get("token"), by_creation=True), position
    except Rejected:
        if "token" not in position:
            raise
        return amazon.search(window, None, by_creation=True), {}
