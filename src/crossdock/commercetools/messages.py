"""What commercetools says has moved in its stock: direct changes, and orders, which take stock without a message of the stock itself.

A message is a hint to read again and decides nothing; what none tells (a reservation that ends, a line an edit takes off) the sweep and the full comparison
find. Each pass reads up to the newest message and begins a minute before where the last one ended, because a message may become visible after a later
one; what was read before is known by its id. Messages hold whole orders: SKUs are all that is taken from them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import msgspec

from crossdock.commercetools.client import Client
from crossdock.commercetools.queries import (
    Moment,
    Reference,
    Rows,
    behind,
    query_path,
    quoted,
    timestamp,
    unfit,
)
from crossdock.domain.ids import SellerSku
from crossdock.domain.inventory import HintPage, MessagePlace, StockHint
from crossdock.errors import DataError

# The last tells what an order did as well, once it shows; orders raise none of the others.
ENTRY_TYPES = (
    "InventoryEntryQuantitySet",
    "InventoryEntryCreated",
    "InventoryEntryDeleted",
    "InventoryEntryOutOfStock",
)
# An order of a recurring one is told by its own type *instead of* OrderCreated.
ORDER_TYPES = ("OrderCreated", "OrderCreatedFromRecurringOrder", "OrderImported", "OrderEditApplied")

# Asked again from before the newest message: one may become visible after a later one (the minute commercetools' own integration rules wait).
OVERLAP = timedelta(seconds=60)
# What an order took shows in the stock after up to ten seconds (release note of 2026-01-19); half as long again is waited.
ORDER_LAG = timedelta(seconds=15)
# Of 500 at most: a message of an order holds the whole order, some 10 kB.
PAGE_SIZE = 200
# A minute's messages at more than a hundred a second; what is dropped above it comes as a hint once more, which harms nobody.
SEEN_MAX = 10_000
# Orders read for one query: an id takes some 45 of its 7,000 bytes.
_ORDERS_AT_ONCE = 100


class _Delivered(msgspec.Struct, rename="camel"):
    """What every delivery of a subscription has, whatever it is about."""

    notification_type: str
    project_key: str


class _By(msgspec.Struct, rename="camel"):
    client_id: str | None = None


class _Sku(msgspec.Struct):
    sku: str | None = None


class _Line(msgspec.Struct, rename="camel"):
    variant: _Sku | None = None
    inventory_mode: str | None = None


class _Order(msgspec.Struct, rename="camel"):
    id: str = ""
    inventory_mode: str | None = None
    line_items: list[_Line] = []


class _Orders(msgspec.Struct):
    results: list[_Order] = []


class _Edit(msgspec.Struct, rename="camel"):
    staged_actions: list[_Sku] = []


class _Told(msgspec.Struct, rename="camel"):
    """What every message has, whatever its type."""

    id: str
    created_at: Moment
    type: str = ""


class _Message(msgspec.Struct, rename="camel"):
    resource: Reference
    sku: str | None = None
    inventory_entry: _Sku | None = None
    order: _Order | None = None
    edit: _Edit | None = None
    created_by: _By | None = None
    resource_user_provided_identifiers: _Sku | None = None


@dataclass(frozen=True, slots=True)
class _Read:
    """A message of ours, and what every message has."""

    told: _Told
    message: _Message


class Messages:
    """The messages of one project."""

    def __init__(self, client: Client) -> None:
        """`client`: may view messages and orders; the project keeps messages once `provision` has switched them on."""
        self._client = client

    def read(self, place: MessagePlace) -> HintPage:
        """The next page of hints from this place on. Repeating is safe: the same hints come again.

        Messages are kept for days only (as `provision` sets them: 15): a place that is older has lost some, and a full comparison is due.
        """
        rows = self._client.get("queryMessages", _path(place), Rows).results
        told = [(row, _told(row)) for row in rows]
        known = [(row, each) for row, each in told if each is not None]
        if len(rows) >= PAGE_SIZE and not known:
            raise DataError("messages page", "no message on it has an id and a time to go on from")
        read = [_read(row, each) for row, each in known if each.id not in place.seen and each.type in _TYPES]
        nameless = [DataError("message without an id", "has no id or no time") for _, each in told if each is None]
        fresh = [each for each in read if isinstance(each, _Read)]
        return HintPage(
            hints=tuple(self._hints(fresh)),
            place=_moved_on(place, [each for _, each in known], is_last=len(rows) < PAGE_SIZE),
            unreadable=(*nameless, *(each for each in read if isinstance(each, DataError))),
        )

    def hints_in(self, bodies: Sequence[bytes]) -> tuple[StockHint, ...]:
        """What messages out of a subscription's queue tell. One of another kind, or that cannot be read, tells nothing: the sweep finds what it meant."""
        told = [(body, each) for body in map(msgspec.Raw, bodies) if (each := _told(body)) is not None]
        read = [_read(body, each) for body, each in told if each.type in _TYPES]
        return tuple(self._hints([each for each in read if isinstance(each, _Read)]))

    def _hints(self, messages: Sequence[_Read]) -> Iterable[StockHint]:
        """One hint a message; none for an order that takes no stock."""
        orders = self._orders([each.message.resource.id for each in messages if _must_read_order(each)])
        for each in messages:
            if each.told.type in ENTRY_TYPES:
                yield _entry_hint(each)
                continue
            skus = _order_skus(each.message, orders)
            if skus:
                yield StockHint(skus, each.told.created_at, each.told.type, lag=ORDER_LAG, by_client=_by(each.message))

    def _orders(self, order_ids: Sequence[str]) -> Mapping[str, _Order]:
        """Orders as they are now, for messages that do not tell their lines."""
        wanted = sorted(set(order_ids))
        found: dict[str, _Order] = {}
        for start in range(0, len(wanted), _ORDERS_AT_ONCE):
            where = f"id in ({quoted(wanted[start : start + _ORDERS_AT_ONCE])})"
            page = self._client.get("queryOrders", query_path("/orders", where, ["id asc"]), _Orders)
            found.update({order.id: order for order in page.results})
        return found


_TYPES = frozenset({*ENTRY_TYPES, *ORDER_TYPES})


def is_delivery_of(body: bytes, project_key: str) -> bool:
    """Whether a message of a queue was sent by a subscription of this project."""
    try:
        return msgspec.json.decode(body, type=_Delivered).project_key == project_key
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False


def _path(place: MessagePlace) -> str:
    begin = f"createdAt >= {quoted([timestamp(place.newest_at - OVERLAP)])}"
    since = begin if place.after is None else behind("createdAt", *place.after)
    kinds = quoted([*ENTRY_TYPES, *ORDER_TYPES])
    return query_path("/messages", f"{since} and type in ({kinds})", ["createdAt asc", "id asc"], PAGE_SIZE)


def _moved_on(place: MessagePlace, told: Sequence[_Told], *, is_last: bool) -> MessagePlace:
    """The place behind these messages; between passes only those are remembered that the next one meets again."""
    newest_at = max([place.newest_at, *(each.created_at for each in told)])
    seen = {**place.seen, **{each.id: each.created_at for each in told}}
    again = [(message_id, at) for message_id, at in seen.items() if at >= newest_at - OVERLAP]
    after = None if is_last else (told[-1].created_at, told[-1].id)
    return MessagePlace(newest_at, dict(sorted(again, key=lambda pair: pair[1])[-SEEN_MAX:]), after)


def _told(row: msgspec.Raw) -> _Told | None:
    try:
        return msgspec.json.decode(row, type=_Told)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def _read(row: msgspec.Raw, told: _Told) -> _Read | DataError:
    """A message of a type we know, or why it tells us nothing."""
    where = f"message {told.id} ({told.type})"
    try:
        read = _Read(told, msgspec.json.decode(row, type=_Message))
    except (msgspec.MsgspecError, UnicodeDecodeError) as fault:
        return DataError(where, unfit(fault))
    if not read.message.resource.id and not _entry_sku(read.message):
        return DataError(where, "names neither a SKU nor what it is about")
    return read


def _entry_sku(message: _Message) -> str:
    """The SKU, wherever the message tells it: in itself (since October 2025), in the entry, or among the identifiers."""
    places = (message, message.inventory_entry, message.resource_user_provided_identifiers)
    return next((place.sku for place in places if place is not None and place.sku), "")


def _entry_hint(read: _Read) -> StockHint:
    sku = _entry_sku(read.message)
    return StockHint(
        skus=(SellerSku(sku),) if sku else (),
        at=read.told.created_at,
        why=read.told.type,
        entry_id=read.message.resource.id,
        by_client=_by(read.message),
    )


def _must_read_order(read: _Read) -> bool:
    """Whether the order must be read: an edit tells its actions only, and any message may come without its order."""
    return read.told.type in ORDER_TYPES and read.message.order is None and bool(read.message.resource.id)


def _order_skus(message: _Message, orders: Mapping[str, _Order]) -> tuple[SellerSku, ...]:
    """The SKUs of the lines that take stock, and of those an edit added."""
    order = message.order or orders.get(message.resource.id) or _Order()
    skus = [
        line.variant.sku
        for line in order.line_items
        if line.variant is not None and (line.inventory_mode or order.inventory_mode) != "None"
    ]
    skus += [action.sku for action in (message.edit.staged_actions if message.edit else ())]
    return tuple(SellerSku(sku) for sku in dict.fromkeys(skus) if sku)


def _by(message: _Message) -> str:
    return (message.created_by.client_id or "") if message.created_by else ""
