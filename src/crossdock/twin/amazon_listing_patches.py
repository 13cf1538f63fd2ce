"""What a submission does to the attributes of a listing: which patches are valid, and what they change.

Pure. Entries of an attribute are told apart by their selectors, as the tutorials of the Listings Items API have it:
`replace` and `add` put an entry in the place of the one with the same selectors and leave the others (seen in
amzn/selling-partner-api-models#2061), `merge` keeps what it does not name of that entry, `delete` takes it away.
Of all attributes only `fulfillment_availability` reaches the buyers here.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any, Literal, NamedTuple

import msgspec

Json = dict[str, Any]

MERCHANT_CHANNEL = "DEFAULT"
AMAZON_CHANNEL = re.compile(r"AMAZON_[A-Z]{2,3}")
AVAILABILITY = "fulfillment_availability"
ATTRIBUTE_NAME = re.compile(r"[a-z][a-z0-9_]*")
SELECTORS = ("marketplace_id", "language_tag", "audience")
SELECTORS_OF = {AVAILABILITY: ("fulfillment_channel_code",)}
PATH = "/attributes/"


class Patch(msgspec.Struct, frozen=True):
    """One operation on one attribute."""

    op: Literal["add", "replace", "merge", "delete"]
    path: str
    value: list[Json] | None = None

    @property
    def attribute(self) -> str:
        """The attribute it is about."""
        return self.path.removeprefix(PATH)


class Change(NamedTuple):
    """What a listing shows at once, and what becomes of its channels once the change takes effect."""

    attributes: Json
    live: dict[str, int | None]
    """The new quantity of each channel; None where the seller's number means nothing."""
    ended: frozenset[str]
    """The channels the listing leaves."""


class Malformed(Exception):
    """A patch breaks the form of the API itself; the text says how."""


def check_form(patches: Iterable[Patch]) -> None:
    """Hold patches to the form of the API: whole attributes, and a value. Raises Malformed."""
    for number, patch in enumerate(patches):
        if not patch.path.startswith(PATH) or "/" in patch.attribute or not patch.attribute:
            raise Malformed(f"Path is invalid for patch at index of {number}.")
        if patch.value is None:
            raise Malformed(f"Value is missing for patch at index of {number}.")


def find_issues(patches: Iterable[Patch]) -> list[Json]:
    """Tell what makes a submission invalid, as the issues of the API tell it; empty if it is valid."""
    return [issue for patch in patches for issue in _issues_of(patch)]


def change_of(attributes: Json, patches: Iterable[Patch]) -> Change:
    """Apply valid patches to the attributes as they are."""
    changed = dict(attributes)
    live: dict[str, int | None] = {}
    ended: set[str] = set()
    for patch in patches:
        changed[patch.attribute] = _entries(changed.get(patch.attribute, []), patch)
        if patch.attribute == AVAILABILITY:
            named = [str(entry["fulfillment_channel_code"]) for entry in patch.value or []]
            for channel in named:
                live.pop(channel, None)
            ended = ended | set(named) if patch.op == "delete" else ended - set(named)
            live |= {} if patch.op == "delete" else quantities(patch.value or [])
    return Change({name: entries for name, entries in changed.items() if entries}, live, frozenset(ended))


def replaced(attributes: Json, whole: Json) -> Change:
    """Put `whole` in the place of all attributes: channels that it does not name end."""
    change = change_of({}, as_patches(whole))
    before = {str(entry.get("fulfillment_channel_code")) for entry in attributes.get(AVAILABILITY, [])}
    return change._replace(ended=frozenset(before - change.live.keys()))


def as_patches(attributes: Json) -> list[Patch]:
    """Give the patches that set these attributes."""
    return [
        Patch("replace", f"{PATH}{name}", value if isinstance(value, list) else [value])
        for name, value in attributes.items()
    ]


def quantities(entries: Sequence[Json]) -> dict[str, int | None]:
    """Read the quantity of each channel: Amazon counts its own network itself, a missing number changes none."""
    known: dict[str, int | None] = {}
    for entry in entries:
        channel = str(entry["fulfillment_channel_code"])
        if channel != MERCHANT_CHANNEL:
            known[channel] = None
        elif entry.get("quantity") is not None:
            known[channel] = entry["quantity"]
    return known


def _entries(before: list[Json], patch: Patch) -> list[Json]:
    """Give the entries of an attribute after one patch."""
    names = SELECTORS_OF.get(patch.attribute, SELECTORS)
    kept = {_key(entry, names): entry for entry in before}
    for entry in patch.value or []:
        key = _key(entry, names)
        if patch.op == "delete":
            kept.pop(key, None)
        elif patch.op == "merge":
            merged = kept.get(key, {}) | entry
            kept[key] = {name: value for name, value in merged.items() if value is not None}
        else:
            kept[key] = entry
    return list(kept.values())


def _key(entry: Json, names: Sequence[str]) -> tuple[str, ...]:
    """Tell an entry apart from the others of its attribute."""
    return tuple(str(entry.get(name)) for name in names)


def _issues_of(patch: Patch) -> list[Json]:
    """Tell what is wrong with one patch."""
    if ATTRIBUTE_NAME.fullmatch(patch.attribute) is None:
        return [_issue("90000900", "The attributes are invalid.", patch.attribute, [])]
    if patch.attribute != AVAILABILITY:
        return []
    return [issue for entry in patch.value or [] for issue in _issues_of_entry(entry, deletes=patch.op == "delete")]


def _issues_of_entry(entry: Json, *, deletes: bool) -> list[Json]:
    """Tell what is wrong with one channel's availability."""
    channel = entry.get("fulfillment_channel_code")
    if channel in (None, ""):
        missing = (
            f"The field 'fulfillment_channel_code' for the attribute '{AVAILABILITY}' does not have enough values. "
            "The required minimum is '1' value(s)."
        )
        return [_issue("99022", missing, AVAILABILITY, ["MISSING_ATTRIBUTE"])]
    if channel != MERCHANT_CHANNEL and AMAZON_CHANNEL.fullmatch(str(channel)) is None:
        return [_invalid("fulfillment_channel_code", channel)]
    quantity = entry.get("quantity")
    if deletes or quantity is None:
        return []
    if isinstance(quantity, bool) or not isinstance(quantity, int):
        return [_invalid("quantity", quantity)]
    if quantity < 0:
        too_small = f"Value for '{quantity}' is lesser than the required minimum '0' for the field 'quantity'."
        return [_issue("90004114", too_small, AVAILABILITY, ["INVALID_ATTRIBUTE"])]
    return []


def _invalid(field: str, value: object) -> Json:
    """Word the issue of a field that holds what it cannot hold."""
    message = f"The value '{value}' specified for the field '{field}' of '{AVAILABILITY}' is invalid."
    return _issue("90244", message, AVAILABILITY, ["INVALID_ATTRIBUTE"])


def _issue(code: str, message: str, attribute: str, categories: list[str]) -> Json:
    """Give an issue in the form of the API."""
    return {
        "code": code,
        "message": message,
        "severity": "ERROR",
        "attributeNames": [attribute],
        "categories": categories,
    }
