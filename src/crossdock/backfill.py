"""`crossdock orders import --since --until`: orders bought in a stretch of time, page by page, interruptible and resumable.

Every page is put in the inbox before the next is asked for, and what is known changes nothing: begin it again and it goes on.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

from crossdock.domain.case_kinds import CASE_KINDS
from crossdock.domain.ids import AmazonOrderId
from crossdock.domain.order import OrdersPage
from crossdock.domain.window import SEARCH_LAG, Window
from crossdock.errors import ConfigError, Unavailable
from crossdock.joined import Joined
from crossdock.rehearsal import Rehearsed, rehearse_orders

# 100 orders a page; more than this in one go is a matter for Amazon's reports.
PAGES_MAX = 500

Tell = Callable[[str], None]


def window(since: datetime, until: datetime | None, now: datetime) -> Window:
    """The stretch of time meant; ConfigError where it is none."""
    after = since.replace(tzinfo=UTC)
    before = min(until.replace(tzinfo=UTC) if until else now, now - SEARCH_LAG)
    if after >= before:
        raise ConfigError([f"--since {after:%Y-%m-%d}: is not before --until, or lies in the future"])
    return Window(after, before)


def run(joined: Joined, span: Window, now: datetime, *, dry_run: bool, tell: Tell) -> list[Rehearsed]:
    """Fetch and import, or with `dry_run` only show what would become of each order."""
    rows: list[Rehearsed] = []
    token: str | None = None
    for page_number in range(1, PAGES_MAX + 1):
        page = _page(joined, span, token, tell)
        ids = [AmazonOrderId(read.record_id) for read in page.orders]
        if dry_run:
            rows += rehearse_orders(joined, [read.order for read in page.orders if read.order], now)
        else:
            joined.take_in(page.orders)
            joined.drain()
            rows += [row for order_id in ids if (row := state_of(joined, order_id))]
        tell(f"{joined.connection_id}: page {page_number}, {len(rows)} orders so far")
        token = page.next_token
        if token is None:
            break
    return rows


def state_of(joined: Joined, order_id: AmazonOrderId) -> Rehearsed | None:
    """What became of an order, as its record says, with the cases that are open for it."""
    sheet = joined.sheet(order_id)
    if sheet is None:
        return None
    cases = tuple(
        {"kind": case.kind, "title": CASE_KINDS[case.kind].title, "facts": dict(case.facts)} for case in sheet.cases
    )
    place = f"commercetools order {sheet.link.order_number}" if sheet.link else "not in commercetools"
    return Rehearsed(order_id, str(sheet.row.state), f"{sheet.row.reason}; {place}", cases, None, None)


def _page(joined: Joined, span: Window, token: str | None, tell: Tell) -> OrdersPage:
    """One page, waiting for Amazon's plan where its burst is spent: a call in three minutes."""
    while True:
        try:
            return joined.amazon.search(span, token, by_creation=True)
        except Unavailable as fault:
            if not fault.own_rate:
                raise
            wait_s = fault.retry_after_s or 1.0
            tell(f"Amazon's plan allows the next page in {wait_s:.0f} s; Ctrl-C is safe, beginning again goes on")
            time.sleep(wait_s)
