"""Which SKUs' stock may have moved in commercetools: by its messages within seconds, by what was modified lately, and by looking at everything.

Rule: nothing here acts. A message may come late, twice or never, so it only says what to read again, and when: what an order took shows after some
seconds. The sweep finds what no message told, the listing what no sweep told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from crossdock.domain.ids import SellerSku
from crossdock.domain.inventory import MessagePlace, StockEntry, StockHint, StockPlace
from crossdock.ports import CommerceStock, Cursors, StockMessages

MESSAGES = "stock.messages"
SWEEP = "stock.sweep"
LISTING = "stock.listing"

# One run reads so many pages, so that other routines have their turn; it goes on where it was.
PAGES_MAX = 20
# A project without any entry begins to listen from a day ago.
FIRST_LOOK = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Moved:
    """SKUs in commercetools to be read again, each after its lag; and whether there is more to read now. `happened`: when, as far as messages tell it."""

    skus: Mapping[SellerSku, timedelta]
    finished: bool = True
    happened: tuple[datetime, ...] = ()


def moved_by(hints: Sequence[StockHint], our_client: str) -> Moved:
    """What these hints tell; our own writes tell nothing, for what we took we have counted already."""
    others = [hint for hint in hints if not our_client or hint.by_client != our_client]
    lags: dict[SellerSku, timedelta] = {}
    for hint in others:
        lags |= {sku: max(hint.lag, lags.get(sku, hint.lag)) for sku in hint.skus}
    # What shows only after its lag is as if it had been told so much later.
    return Moved(lags, happened=tuple(hint.at - hint.lag for hint in others if hint.skus))


def discover_by_messages(cursors: Cursors, *, messages: StockMessages, our_client: str, now: datetime) -> Moved:
    """What messages tell since the place they were read up to; nothing before the first listing gave a place. Our own writes tell nothing."""
    kept = cursors.find(MESSAGES)
    if kept is None:
        return Moved({})
    place = _place(kept)
    hints: list[StockHint] = []
    for _ in range(PAGES_MAX):
        page = messages.read(place)
        hints += page.hints
        place = page.place
        if place.after is None:
            break
    cursors.save(MESSAGES, _kept(place), now)
    return replace(moved_by(hints, our_client), finished=place.after is None)


def discover_by_sweep(cursors: Cursors, *, inventory: CommerceStock, now: datetime) -> Moved:
    """Entries modified since the last sweep; nothing before the first listing gave a mark."""
    kept = cursors.find(SWEEP)
    if kept is None:
        return Moved({})
    mark, place = datetime.fromisoformat(kept["mark"]), _stock_place(kept)
    skus: dict[SellerSku, timedelta] = {}
    newest = datetime.fromisoformat(kept.get("newest", kept["mark"]))
    for _ in range(PAGES_MAX):
        page = inventory.read_changed(mark, place)
        skus |= dict.fromkeys(_skus(page.entries), timedelta(0))
        newest, place = max(newest, page.newest_at or newest), page.place
        if place is None:
            break
    if place is None:
        cursors.save(SWEEP, {"mark": newest.isoformat()}, now)
    else:
        cursors.save(SWEEP, {"mark": kept["mark"], "newest": newest.isoformat(), **_place_kept(place)}, now)
    return Moved(skus, finished=place is None)


def discover_by_listing(cursors: Cursors, *, inventory: CommerceStock, now: datetime) -> Moved:
    """All entries, page by page over several runs. The first listing also gives messages and sweep the mark they begin from."""
    kept = cursors.find(LISTING) or {}
    place = _stock_place(kept) if "id" in kept else None
    begun = kept.get("begun")
    skus: dict[SellerSku, timedelta] = {}
    for _ in range(PAGES_MAX):
        page = inventory.read_all(place)
        # What changes on a page after it was read is later than anything on the first.
        begun = begun or (page.newest_at or now - FIRST_LOOK).isoformat()
        skus |= dict.fromkeys(_skus(page.entries), timedelta(0))
        place = page.place
        if place is None:
            break
    assert begun is not None, "a listing reads at least one page"
    if place is not None:
        cursors.save(LISTING, {"begun": begun, **_place_kept(place)}, now)
        return Moved(skus, finished=False)
    if cursors.find(MESSAGES) is None:
        cursors.save(MESSAGES, _kept(MessagePlace(datetime.fromisoformat(begun))), now)
        cursors.save(SWEEP, {"mark": begun}, now)
    cursors.save(LISTING, {"done": now.isoformat()}, now)
    return Moved(skus)


def _skus(entries: Sequence[StockEntry]) -> list[SellerSku]:
    return [entry.sku for entry in entries]


def _place(kept: Mapping[str, Any]) -> MessagePlace:
    after = kept.get("after")
    return MessagePlace(
        newest_at=datetime.fromisoformat(kept["newest_at"]),
        seen={message_id: datetime.fromisoformat(at) for message_id, at in kept["seen"].items()},
        after=(datetime.fromisoformat(after[0]), after[1]) if after else None,
    )


def _kept(place: MessagePlace) -> dict[str, Any]:
    return {
        "newest_at": place.newest_at.isoformat(),
        "seen": {message_id: at.isoformat() for message_id, at in place.seen.items()},
        "after": [place.after[0].isoformat(), place.after[1]] if place.after else None,
    }


def _stock_place(kept: Mapping[str, Any]) -> StockPlace | None:
    return StockPlace(kept["id"], datetime.fromisoformat(kept["changed_at"])) if "id" in kept else None


def _place_kept(place: StockPlace) -> dict[str, str]:
    return {"id": place.entry_id, "changed_at": place.changed_at.isoformat()}
