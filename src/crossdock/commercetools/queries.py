"""How a page is asked for and cut up: predicates, several sort keys, and rows that are read one by one.

A page goes on behind its last row (by id, or by a time and then id), never by offset, which ends at 10,000.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import urlencode

import msgspec

# The most commercetools gives at once.
PAGE_SIZE_MAX = 500

Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class Reference(msgspec.Struct):
    """A reference to another resource."""

    id: str = ""


class Rows(msgspec.Struct):
    """A page, cut into its rows before any is read."""

    results: list[msgspec.Raw] = []


def query_path(path: str, where: str, sort: Iterable[str], limit: int = PAGE_SIZE_MAX) -> str:
    """The path of a query; it holds several sort keys, which a mapping could not."""
    query = [*(("sort", key) for key in sort), ("limit", str(limit)), ("withTotal", "false")]
    return f"{path}?{urlencode([*query, ('where', where)] if where else query)}"


def behind(field: str, at: datetime, row_id: str) -> str:
    """The predicate for rows after this one, in the order of a time and then of ids."""
    moment = quoted([timestamp(at)])
    return f"({field} > {moment} or ({field} = {moment} and id > {quoted([row_id])}))"


def timestamp(at: datetime) -> str:
    """A time as predicates take it; commercetools keeps milliseconds, and what is finer is not cut off: a page would come again for ever."""
    fine = at.microsecond % 1000
    return at.astimezone(UTC).isoformat(timespec="microseconds" if fine else "milliseconds")[:-6] + "Z"


def quoted(values: Iterable[str]) -> str:
    """Texts as predicates take them; none breaks out of its quotes."""
    return ", ".join('"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"' for value in values)


def unfit(fault: Exception) -> str:
    """Why a row cannot be read, without its content."""
    return str(fault) if isinstance(fault, msgspec.MsgspecError) else "not UTF-8"
