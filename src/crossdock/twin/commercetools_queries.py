"""Answering a query: filter with `where`, sort, cut out a page, expand references.

Where a predicate names the values of an indexed field, or pages run in the order of ids, only the rows concerned are
looked at; the answer is the same as from a search through everything.
"""

from collections.abc import Callable, Iterable, Mapping
from itertools import islice

import msgspec

from crossdock.twin.commercetools_fields import TEXT, Fields, Localized
from crossdock.twin.commercetools_predicates import CustomFields, Predicate, predicate
from crossdock.twin.commercetools_refusals import Json, malformed
from crossdock.twin.commercetools_shelf import Shelf

LIMIT_DEFAULT, LIMIT_MAX, OFFSET_MAX = 20, 500, 10_000
TOTAL_MAX = 10_000  # with a predicate the platform counts no further
_DIGITS_MAX = 9  # of a number in a parameter
EXPANSIONS_MAX = 20  # paths in one request; honest callers use a few

Query = Mapping[str, list[str]]
SortKey = tuple[tuple[str, ...], bool]
Resolve = Callable[[str, str], Json | None]

_BY_ID: list[SortKey] = [(("id",), False)]


def answer(shelf: Shelf, query: Query, fields: Fields, custom_fields: CustomFields) -> Json:
    """Give the page of a shelf a query asks for."""
    limit = _number(query, "limit", LIMIT_DEFAULT, LIMIT_MAX)
    offset = _number(query, "offset", 0, OFFSET_MAX)
    sort = [_sort_key(text, fields) for text in query.get("sort", ())]
    inputs = {name[4:]: values for name, values in query.items() if name.startswith("var.")}
    wheres = [predicate(text, fields, inputs, custom_fields) for text in query.get("where", ())]
    with_total = query.get("withTotal", ["true"])[-1] != "false"

    in_order = not sort or sort == _BY_ID  # as they are found
    matching = list(islice(_matching(shelf, wheres, sort), None if with_total or not in_order else offset + limit))
    if not in_order:
        matching = _sorted(matching, sort)
    results = matching[offset : offset + limit]

    page: Json = {"limit": limit, "offset": offset, "count": len(results), "results": results}
    if with_total:
        page["total"] = min(len(matching), TOTAL_MAX) if wheres else len(matching)
    return page


def expanded(answered: Json, paths: list[str], resolve: Resolve) -> Json:
    """Give a copy of a resource or a page in which the references at these paths carry their object.

    A path that leads nowhere is ignored, as the platform does.
    """
    copy: Json = msgspec.json.decode(msgspec.json.encode(answered))
    resources = copy["results"] if "results" in copy and "limit" in copy else [copy]
    for path in paths[:EXPANSIONS_MAX]:
        steps = path.split(".")
        for resource in resources:
            _expand(resource, steps, resolve)
    return copy


def _expand(held: object, steps: list[str], resolve: Resolve) -> None:
    """Follow a path and put the object into each reference found at its end."""
    if not steps:
        if isinstance(held, dict) and "typeId" in held and "id" in held:
            found = resolve(held["typeId"], held["id"])
            if found is not None:
                held["obj"] = found
        return
    name, rest = steps[0], steps[1:]
    if not isinstance(held, dict):
        return
    inner = held.get(name.removesuffix("[*]"))
    for element in inner if isinstance(inner, list) else [inner]:
        _expand(element, rest, resolve)


def _matching(shelf: Shelf, wheres: list[Predicate], sort: list[SortKey]) -> Iterable[Json]:
    """Go through the resources that match all predicates."""
    rows = _candidates(shelf, wheres, sort)
    for where in wheres:
        rows = filter(where.matches, rows)
    return rows


def _candidates(shelf: Shelf, wheres: list[Predicate], sort: list[SortKey]) -> Iterable[Json]:
    """Find the fewest rows that must be looked at, in the order of their ids if so sorted, else of their creation."""
    for where in wheres:
        found = _indexed(shelf, where)
        if found is not None:
            return sorted(found, key=_id) if sort == _BY_ID else found
    if sort == _BY_ID:
        return shelf.by_id(max((floor for where in wheres if (floor := where.floor("id"))), default=None))
    if shelf.chronological:
        return shelf.since(max((floor for where in wheres if (floor := where.floor("createdAt"))), default=None))
    return shelf


def _indexed(shelf: Shelf, where: Predicate) -> list[Json] | None:
    """Find the rows with the values a predicate names, if it names those of an index."""
    ids = where.values(frozenset({("id",)}))
    if ids is not None:
        return shelf.get_all(ids)
    for index in shelf.indexes:
        values = where.values(index.paths)
        if values is not None:
            return shelf.find_all(index.name, values)
    return None


def _id(row: Json) -> str:
    """Give the id of a resource."""
    identifier: str = row["id"]
    return identifier


def _sorted(rows: list[Json], sort: list[SortKey]) -> list[Json]:
    """Sort by each key in turn; what has no value comes first."""
    for path, descending in reversed(sort):

        def key(row: Json, path: tuple[str, ...] = path) -> tuple[int, object]:
            held: object = row
            for step in path:
                held = held.get(step) if isinstance(held, dict) else None
            if isinstance(held, str):
                return 2, held
            return (1, held) if isinstance(held, int | float) else (0, 0)

        rows.sort(key=key, reverse=descending)
    return rows


def _sort_key(text: str, fields: Fields) -> SortKey:
    """Read one sort expression, such as `createdAt desc`."""
    named, _, direction = text.strip().partition(" ")
    direction = direction.strip().lower()
    if not named or direction not in ("", "asc", "desc"):
        raise malformed("sort", f"Syntax error while parsing 'sort': {text}")
    path = tuple(named.replace("`", "").split("."))
    kind: object = fields
    for step in path:
        # Below a localized field stands a language, below custom fields one that types define: any name will do.
        kind = kind.get(step) if isinstance(kind, Mapping) else TEXT
        if kind is None:
            raise malformed("sort", f"The field '{named}' does not exist.")
    if isinstance(kind, Mapping | Localized):
        raise malformed("sort", f"The field '{named}' holds fields of its own.")
    return path, direction == "desc"


def _number(query: Query, name: str, default: int, maximum: int) -> int:
    """Read a number between 0 and its maximum."""
    text = query.get(name, [str(default)])[-1]
    if not text.isascii() or not text.isdigit() or len(text) > _DIGITS_MAX:
        raise malformed(name, f"'{text}' is not a number.")
    if int(text) > maximum:
        raise malformed(name, f"The value {text} must be between 0 and {maximum}.")
    return int(text)
