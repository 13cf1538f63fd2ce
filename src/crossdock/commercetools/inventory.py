"""Stock in commercetools: entries by SKU, those changed since a time, all of them; and units taken off or given back, each claim exactly once.

The rule: a quantity is only ever changed by so many units, onto the version that was read, in one update with the note of how many under which number. So
what is noted was taken, what is not was not, and of two that try at once one is a Conflict. Absolute quantities are never set: they would undo what
orders took and does not show yet. The notes rest on our field: whoever replaces an entry's custom type by hand removes them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, quote_plus

import msgspec

from crossdock.commercetools.client import QUERY_BYTES_MAX, Client
from crossdock.commercetools.queries import (
    PAGE_SIZE_MAX,
    Rows,
    behind,
    query_path,
    quoted,
    timestamp,
)
from crossdock.commercetools.stock_rows import Entry, named, note_action, place_of, read_row, stock_entry
from crossdock.domain.ids import SellerSku
from crossdock.domain.inventory import (
    CLAIM_NUMBER_MAX,
    CLAIMS_MAX,
    UNITS_MAX,
    Moved,
    StockEntry,
    StockPage,
    StockPlace,
    UnreadableEntry,
)
from crossdock.errors import Conflict, DataError, Rejected

# Asked again from before the mark: a change may become visible after a later one. With the id as the second key no page loses one.
SWEEP_OVERLAP = timedelta(seconds=60)
# Between two SKUs in a query: a comma and a blank, percent-encoded.
_SEPARATOR_BYTES = 4


class Inventory:
    """The stock of one project."""

    def __init__(self, client: Client, channel_key: Callable[[str], str], stock_type: str) -> None:
        """`channel_key`: the key of a channel id; `stock_type`: the type an entry gets that has none, for our note."""
        self._client = client
        self._channel_key = channel_key
        self._stock_type = stock_type

    # --- reading

    def find(self, entry_id: str) -> StockEntry | None:
        """One entry now; None where it is gone. DataError where it cannot be read."""
        found = self._client.find("getInventoryEntry", f"/inventory/{quote(entry_id, safe='')}", msgspec.Raw)
        if found is None:
            return None
        read = read_row(found, self._channel_key)
        if isinstance(read, UnreadableEntry):
            raise read.problem
        return read

    def read(self, skus: Collection[SellerSku]) -> StockPage:
        """Every entry of these SKUs, with and without a channel, as one page; a SKU that is not in it has no stock at all."""
        pages = [page for some in _chunks(sorted(set(skus))) for page in self._pages(f"sku in ({quoted(some)})")]
        return StockPage(
            entries=tuple(entry for page in pages for entry in page.entries),
            unreadable=tuple(entry for page in pages for entry in page.unreadable),
            newest_at=max((page.newest_at for page in pages if page.newest_at is not None), default=None),
        )

    def read_changed(self, since: datetime, after: StockPlace | None = None) -> StockPage:
        """A page of the entries that changed since a mark, by commercetools' clock, the oldest change first. Repeating is safe.

        `after`: the place of the page before. Whether what an order took counts as a change is not published: the full listing is no luxury.
        """
        if after is None:
            where = f"lastModifiedAt >= {quoted([timestamp(since - SWEEP_OVERLAP)])}"
        else:
            where = behind("lastModifiedAt", after.changed_at, after.entry_id)
        return self._page(where, "lastModifiedAt asc", "id asc")

    def read_all(self, after: StockPlace | None = None) -> StockPage:
        """A page of all entries in the order of their ids, the only way past 10,000; `after`: the place of the page before."""
        return self._page("" if after is None else f"id > {quoted([after.entry_id])}", "id asc")

    # --- writing

    def create_entry(self, sku: SellerSku, supply_channel: str | None) -> StockEntry:
        """An empty entry for a SKU in a channel, such as the escrow's. Repeating is safe: the second time raises Conflict."""
        draft: dict[str, Any] = {"sku": sku, "quantityOnStock": 0}
        if supply_channel is not None:
            draft["supplyChannel"] = {"typeId": "channel", "key": supply_channel}
        return stock_entry(self._client.post("createInventoryEntry", "/inventory", draft, Entry), self._channel_key)

    def claim(self, entry: StockEntry, units: int, claim_number: str) -> StockEntry:
        """So many units are off the entry under this number, once: where they are noted already nothing is sent; where others are, the difference is.

        What Amazon sold is sold: the entry may fall below zero. Conflict where it has moved or is gone; after any other fault read it again, then repeat.
        DataError for units or a number that cannot be meant, and where no further number has room.
        """
        _check_meant(units, claim_number)
        return self._take(entry, units, claim_number)

    def unclaim(self, entry: StockEntry, claim_number: str) -> StockEntry:
        """What was taken under this number is back and the number is gone, once: where it is not noted nothing is sent. Faults as for a claim."""
        return self._take(entry, 0, claim_number)

    def move(self, taken_from: StockEntry, given_to: StockEntry, units: int, move_number: str) -> Moved:
        """The units are on the other entry of the same SKU, once. Take first, then give: killed in between they exist nowhere, never twice.

        Two updates, each noted under the number on its own entry. Run again with both entries read anew, what was done is not done again and what was taken
        is given, whatever `units` says then. The number on `given_to` means that all is done, so it is forgotten on `taken_from` first. Only where
        `given_to` is *gone* may the first half be undone, by `unclaim`: while it exists, a give that was sent may still arrive. DataError where fewer are
        available than are to be moved: what is not there would exist on the other side. Otherwise faults as for a claim.
        """
        assert taken_from.sku == given_to.sku, "units are moved between entries of one SKU"
        assert taken_from.entry_id != given_to.entry_id, "units are moved to another entry"
        _check_meant(units, move_number)
        if move_number in given_to.claims:
            return Moved(taken_from, given_to)
        _check_room(given_to)
        if move_number not in taken_from.claims:
            if taken_from.available < units:
                what = f"{units} units are to be moved and {taken_from.available} are available"
                raise DataError(named(taken_from.entry_id), what)
            taken_from = self._take(taken_from, units, move_number)
        return Moved(taken_from, self._take(given_to, -taken_from.claims[move_number], move_number))

    def forget_claims(self, entry: StockEntry, claim_numbers: Collection[str]) -> StockEntry:
        """These numbers are noted no more; quantities stay. Repeating is safe.

        For orders that are settled, whose claim is neither repeated nor taken back: one that is forgotten and claimed again is taken again.
        """
        kept = {number: units for number, units in entry.claims.items() if number not in set(claim_numbers)}
        return entry if len(kept) == len(entry.claims) else self._update(entry, kept)

    def _take(self, entry: StockEntry, units: int, number: str) -> StockEntry:
        """Let so many units be off the entry under the number, and none with no note for 0."""
        more = units - entry.claims.get(number, 0)
        if not more:
            return entry
        if number not in entry.claims:
            _check_room(entry)
        noted = {**entry.claims, number: units}
        if not units:
            del noted[number]
        action = "removeQuantity" if more > 0 else "addQuantity"
        return self._update(entry, noted, {"action": action, "quantity": abs(more)})

    def _update(self, entry: StockEntry, claims: Mapping[str, int], *quantity: dict[str, Any]) -> StockEntry:
        """One update of the version that was read: the quantity and the note, or neither."""
        body = {"version": entry.version, "actions": [*quantity, note_action(entry, claims, self._stock_type)]}
        path = f"/inventory/{quote(entry.entry_id, safe='')}"
        try:
            return stock_entry(self._client.post("updateInventoryEntry", path, body, Entry), self._channel_key)
        except Rejected as refused:
            if refused.status != HTTPStatus.NOT_FOUND:
                raise
            # What it was decided on has moved as far as it can: who reads again does not find it.
            message = "updateInventoryEntry: the entry is gone"
            raise Conflict(message, operation=refused.operation, request_id=refused.request_id) from refused

    # --- pages

    def _pages(self, where: str) -> Iterable[StockPage]:
        """All pages of a predicate, in the order of ids."""
        page = self._page(where, "id asc")
        yield page
        while page.place is not None:
            page = self._page(f"{where} and id > {quoted([page.place.entry_id])}", "id asc")
            yield page

    def _page(self, where: str, *sort: str) -> StockPage:
        rows = self._client.get("queryInventory", query_path("/inventory", where, sort), Rows).results
        read = [read_row(row, self._channel_key) for row in rows]
        places = [place for row in rows if (place := place_of(row)) is not None]
        if len(rows) >= PAGE_SIZE_MAX and not places:
            raise DataError("inventory page", "no entry on it has an id and a time to go on from")
        return StockPage(
            entries=tuple(each for each in read if isinstance(each, StockEntry)),
            unreadable=tuple(each for each in read if isinstance(each, UnreadableEntry)),
            place=places[-1] if len(rows) >= PAGE_SIZE_MAX else None,
            newest_at=max((place.changed_at for place in places), default=None),
        )


def _check_meant(units: int, number: str) -> None:
    """Refuse what can only be a misreading, before anything is sent."""
    if not 1 <= units <= UNITS_MAX:
        raise DataError("units", f"{units} is not between 1 and {UNITS_MAX}")
    if not number.strip() or number != number.strip() or len(number) > CLAIM_NUMBER_MAX or not number.isprintable():
        raise DataError(
            "claim number", f"is no text of 1 to {CLAIM_NUMBER_MAX} characters that show, blanks not at its ends"
        )


def _check_room(entry: StockEntry) -> None:
    if len(entry.claims) >= CLAIMS_MAX:
        raise DataError(
            named(entry.entry_id), f"holds {len(entry.claims)} claims: forget those of settled orders first"
        )


def _chunks(skus: list[SellerSku]) -> Iterable[list[SellerSku]]:
    """As many SKUs as fit a query's length, percent-encoding included."""
    some: list[SellerSku] = []
    size = 0
    for sku in skus:
        cost = len(quote_plus(quoted([sku]))) + _SEPARATOR_BYTES
        if some and size + cost > QUERY_BYTES_MAX:
            yield some
            some, size = [], 0
        some.append(sku)
        size += cost
    if some:
        yield some
