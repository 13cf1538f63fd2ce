"""One inventory entry as commercetools writes it, and our note on it: read row by row, so that one nobody can read stops no other.

Source: InventoryEntry of the published API model; quantities are whole numbers of 64 bits and may be negative.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any

import msgspec

from crossdock.commercetools.queries import Moment, Reference, unfit
from crossdock.domain.ids import SellerSku
from crossdock.domain.inventory import CLAIMS_FIELD, StockEntry, StockPlace, UnreadableEntry
from crossdock.errors import DataError

# How a claim is noted, for a person to read as well: `303-1234567-1234567/1 x 2`.
_TIMES = " x "
_NOTE = re.compile(rf"(.+){_TIMES}(-?[1-9][0-9]{{0,6}})", re.DOTALL)

_Int64 = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]


class _Custom(msgspec.Struct):
    fields: dict[str, Any] = {}


class Entry(msgspec.Struct, rename="camel"):
    """An entry in an answer; only what we use."""

    id: str
    version: int
    sku: str
    quantity_on_stock: _Int64
    available_quantity: _Int64
    last_modified_at: Moment
    supply_channel: Reference | None = None
    custom: _Custom | None = None


class _Place(msgspec.Struct, rename="camel"):
    id: str
    last_modified_at: Moment


def read_row(row: msgspec.Raw, channel_key: Callable[[str], str]) -> StockEntry | UnreadableEntry:
    """The entry of a row, or why it cannot be read. `channel_key`: the key of a channel id."""
    try:
        return stock_entry(msgspec.json.decode(row, type=Entry), channel_key)
    except DataError as problem:
        what = problem
    except (msgspec.MsgspecError, UnicodeDecodeError) as fault:
        # msgspec names the place and the kinds that do not fit, never the value.
        what = DataError(named(_text_of(row, "id")), unfit(fault))
    return UnreadableEntry(_text_of(row, "id"), _text_of(row, "sku"), what)


def stock_entry(entry: Entry, channel_key: Callable[[str], str]) -> StockEntry:
    """The entry as we speak of it. DataError where what is noted on it is no note of ours."""
    channel = entry.supply_channel
    return StockEntry(
        entry_id=entry.id,
        version=entry.version,
        sku=SellerSku(entry.sku),
        supply_channel=None if channel is None else channel_key(channel.id),
        on_stock=entry.quantity_on_stock,
        available=entry.available_quantity,
        changed_at=entry.last_modified_at,
        claims=_claims(entry),
        has_type=entry.custom is not None,
    )


def place_of(row: msgspec.Raw) -> StockPlace | None:
    """The place behind a row; None where it has no id or no time."""
    try:
        place = msgspec.json.decode(row, type=_Place)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
    return StockPlace(place.id, place.last_modified_at)


def note_action(entry: StockEntry, claims: Mapping[str, int], stock_type: str) -> dict[str, Any]:
    """The action that notes these claims and no other. A type that is on the entry stays: `provision` adds our field to it."""
    texts = [f"{number}{_TIMES}{units}" for number, units in sorted(claims.items())]
    if not entry.has_type:
        given = {"typeId": "type", "key": stock_type}
        return {"action": "setCustomType", "type": given, "fields": {CLAIMS_FIELD: texts}}
    return {"action": "setCustomField", "name": CLAIMS_FIELD} | ({"value": texts} if texts else {})


def named(entry_id: str) -> str:
    """How a problem names an entry."""
    return f"inventory entry {entry_id or 'without an id'}"


def _claims(entry: Entry) -> dict[str, int]:
    """What is noted. Read as nothing where it cannot be read, every claim would be taken once more: so that is a DataError."""
    held = entry.custom.fields.get(CLAIMS_FIELD) if entry.custom else None
    texts = held if isinstance(held, list) else [] if held is None else [held]
    notes = [_NOTE.fullmatch(text) if isinstance(text, str) else None for text in texts]
    claims = {note[1]: int(note[2]) for note in notes if note is not None}
    if len(claims) < len(texts):
        raise DataError(
            f"{named(entry.id)}, field {CLAIMS_FIELD}", "holds something else than each number once with its units"
        )
    return claims


def _text_of(row: msgspec.Raw, name: str) -> str:
    """A text at the top of a row that could not be read as a whole; empty where there is none."""
    try:
        held = msgspec.json.decode(row)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return ""
    value = held.get(name) if isinstance(held, dict) else None
    return value if isinstance(value, str) else ""
