"""Reading the body of a request to commercetools into the shape its operation takes.

A body that has not its shape is refused with the path of the first thing wrong. Fields the platform does not know are
dropped, as it drops them.
"""

import re
from datetime import UTC, datetime
from functools import cache
from typing import Any

import msgspec

from crossdock.twin.commercetools_refusals import Json, invalid_json

_MISSING = re.compile(r"Object missing required field `(?P<field>[^`]+)`(?: - at `\$\.?(?P<path>.*)`)?")
_AT = re.compile(r"(?P<why>.*?) - at `\$\.?(?P<path>.*)`")
_STEP = re.compile(r"[^.\[\]]+")


def read(body: bytes, shape: Any) -> Json:
    """Read a body into the fields its shape knows; refuse what is no JSON or has not the shape."""
    try:
        draft: Json = msgspec.to_builtins(_decoder(shape).decode(body))
    except msgspec.ValidationError as error:
        raise invalid_json(_in_their_words(str(error))) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise invalid_json(str(error)) from error
    if b"\\u0000" in body and _has_nul(draft):
        # What the platform does with NUL is not published; its databases cannot hold it, so the twin refuses it.
        raise invalid_json("The character U+0000 is not allowed")
    return draft


@cache
def _decoder(shape: Any) -> msgspec.json.Decoder[Any]:
    """Make what reads a shape, once."""
    return msgspec.json.Decoder(shape)


def update_of(*actions: Any) -> Any:
    """Make the shape of an update whose actions are these."""
    one_of: Any = actions[0]
    for action in actions[1:]:
        one_of = one_of | action
    return msgspec.defstruct("Update", [("version", int), ("actions", list[one_of])])


def stored_time(text: str) -> str | None:
    """Write a date and time as the platform stores it: UTC, milliseconds, `Z`; None if it is none."""
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return moment.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"
    except (ValueError, OverflowError):  # overflow: the first or last day of all, in another time zone
        return None


def _in_their_words(error: str) -> str:
    """Word what is wrong as the platform does: the path, then the reason."""
    if found := _MISSING.fullmatch(error):
        return " -> ".join([*_steps(found["path"] or ""), found["field"]]) + ": Missing required value"
    if found := _AT.fullmatch(error):
        return " -> ".join(_steps(found["path"])) + ": " + found["why"]
    return error


def _steps(path: str) -> list[str]:
    """Cut a path into field names and indexes."""
    return _STEP.findall(path)


def _has_nul(value: object) -> bool:
    """Tell whether a NUL character is anywhere in a value."""
    if isinstance(value, str):
        return "\x00" in value
    if isinstance(value, dict):
        return any(_has_nul(name) or _has_nul(inner) for name, inner in value.items())
    return isinstance(value, list) and any(_has_nul(inner) for inner in value)
