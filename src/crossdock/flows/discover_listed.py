"""What Amazon lists of everything, page by page: the first look at all SKUs, and every night what no read of one SKU has told.

Amazon shows a thousand listings of a query and hides the rest, so time is cut in halves, by when listings were created, until each piece shows all of
its own. A listing's time of creation never changes, so no piece loses one to another.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from crossdock.domain.listed import ListedQuantity
from crossdock.domain.window import Window
from crossdock.errors import Rejected
from crossdock.ports import AmazonListings, Cursors

LISTED = "stock.listed"
# Before the first seller sold anything on Amazon.
BEGINNING = datetime(1994, 7, 5, tzinfo=UTC)
# A piece of time so short is not cut any further: what it hides is found by reads of single SKUs.
SHORTEST = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Found:
    """Listings of one page, and whether that was the last of all."""

    listings: tuple[ListedQuantity, ...]
    finished: bool


def discover_listed(cursors: Cursors, *, listings: AmazonListings, now: datetime) -> Found:
    """The next page. Where we are is kept: pieces of time still to be read, and the token within the first of them."""
    kept = cursors.find(LISTED) or {}
    before = {"compared": kept["compared"]} if "compared" in kept else {}
    pieces: list[list[str]] = kept.get("pieces") or [[BEGINNING.isoformat(), now.isoformat()]]
    window = Window(*(datetime.fromisoformat(at) for at in pieces[0]))
    token = kept.get("token")
    try:
        page = listings.list_quantities(window, token)
    except Rejected:
        if token is None:
            raise
        # Tokens die; what the piece showed already is known and changes nothing.
        cursors.save(LISTED, {"pieces": pieces, **before}, now)
        return Found((), finished=False)
    if page.beyond and token is None and window.before - window.after > SHORTEST:
        middle = window.after + (window.before - window.after) / 2
        halves = [[window.after.isoformat(), middle.isoformat()], [middle.isoformat(), window.before.isoformat()]]
        cursors.save(LISTED, {"pieces": [*halves, *pieces[1:]], **before}, now)
        return Found((), finished=False)
    rest = pieces if page.token is not None else pieces[1:]
    position: dict[str, Any] = {"pieces": rest, **before} | ({"token": page.token} if page.token is not None else {})
    cursors.save(LISTED, position if rest else {"compared": now.isoformat()}, now)
    return Found(page.listings, finished=not rest)


def was_compared(cursors: Cursors) -> bool:
    """Whether all that Amazon lists was seen at least once."""
    return "compared" in (cursors.find(LISTED) or {})
