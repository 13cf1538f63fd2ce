"""Where a project keeps the resources of one kind: by id, and by every field they are looked up with.

A stored resource is never changed in place: an update stores a changed copy under the same id. Messages and answers may
therefore hold on to what they were given.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from crossdock.twin.commercetools_refusals import Json, duplicate_field

Path = tuple[str, ...]


@dataclass(frozen=True)
class Index:
    """A way to find resources by a value: its name, the predicates it serves, and what a resource has there."""

    name: str
    paths: frozenset[Path]
    of: Callable[[Json], Iterable[str]]
    unique: bool = False


def by_field(name: str, *, unique: bool = False) -> Index:
    """Make an index of a field at the top of a resource."""

    def of(resource: Json) -> Iterable[str]:
        value = resource.get(name)
        return () if value is None else (value,)

    return Index(name, frozenset({(name,)}), of, unique)


def by_payment() -> Index:
    """Make an index of orders by the ids of their payments; no predicate is served by it."""

    def of(order: Json) -> Iterable[str]:
        return [payment["id"] for payment in order.get("paymentInfo", {}).get("payments", ())]

    return Index("payment", frozenset(), of)


@dataclass
class Shelf:
    """All resources of one kind in a project."""

    type_id: str
    indexes: tuple[Index, ...] = ()
    chronological: bool = False
    """Resources are only ever added, in the order of `createdAt` (messages)."""
    _log: list[Json] = field(default_factory=list)
    _rows: dict[str, Json] = field(default_factory=dict)
    _found: dict[str, dict[str, dict[str, None]]] = field(default_factory=dict)
    _sorted_ids: list[str] | None = None
    _numbers: dict[str, int] = field(default_factory=dict)
    _created: int = 0

    def __post_init__(self) -> None:
        """Begin every index empty."""
        self._found = {index.name: {} for index in self.indexes}

    def __len__(self) -> int:
        """Count the resources."""
        return len(self._rows)

    def __iter__(self) -> Iterator[Json]:
        """Go through all resources in the order in which they were created."""
        return iter(list(self._rows.values()))

    def __contains__(self, resource_id: object) -> bool:
        """Tell whether there is a resource with this id."""
        return resource_id in self._rows

    def get(self, resource_id: str) -> Json | None:
        """Give the resource with this id, or None."""
        return self._rows.get(resource_id)

    def find(self, index: str, value: str) -> Json | None:
        """Give the first resource an index has under this value, or None."""
        ids = self._found[index].get(value)
        return self._rows[next(iter(ids))] if ids else None

    def find_all(self, index: str, values: Iterable[str]) -> list[Json]:
        """Give every resource an index has under one of these values, each once, in the order of creation."""
        found = self._found[index]
        return self.get_all(resource_id for value in values for resource_id in found.get(value, ()))

    def get_all(self, resource_ids: Iterable[str]) -> list[Json]:
        """Give the resources with these ids, each once, in the order in which they were created."""
        known = sorted((self._numbers[each], each) for each in set(resource_ids) if each in self._rows)
        return [self._rows[resource_id] for _, resource_id in known]

    def check_unique(self, name: str, value: str | None, own_id: str | None = None) -> None:
        """Refuse a value that another resource already has under a unique field."""
        if value is None:
            return
        ids = self._found[name].get(value)
        if ids and set(ids) - {own_id}:
            raise duplicate_field(name, value)

    def put(self, resource: Json) -> None:
        """Store a resource, new or in place of the one with the same id."""
        resource_id = resource["id"]
        before = self._rows.get(resource_id)
        if before is None:
            self._sorted_ids = None
            self._numbers[resource_id] = self._created = self._created + 1
            if self.chronological:
                self._log.append(resource)
        else:
            self._unlist(before)
        self._rows[resource_id] = resource
        for index in self.indexes:
            found = self._found[index.name]
            for value in index.of(resource):
                found.setdefault(value, {})[resource_id] = None

    def remove(self, resource_id: str) -> None:
        """Forget a resource."""
        self._unlist(self._rows.pop(resource_id))
        del self._numbers[resource_id]
        self._sorted_ids = None

    def by_id(self, floor: str | None = None) -> Iterator[Json]:
        """Go through the resources in the order of their ids, from `floor` on."""
        if self._sorted_ids is None:
            self._sorted_ids = sorted(self._rows)
        ids = self._sorted_ids
        start = bisect_left(ids, floor) if floor else 0
        return (self._rows[ids[position]] for position in range(start, len(ids)))

    def since(self, floor: str | None = None) -> Iterator[Json]:
        """Go through what a chronological shelf was given from a time on."""
        start = bisect_left(self._log, floor, key=_created_at) if floor else 0
        return islice(self._log, start, None)

    def forget(self, resource_ids: set[str]) -> None:
        """Forget several resources of a chronological shelf."""
        if not resource_ids:
            return
        for resource_id in resource_ids:
            self.remove(resource_id)
        self._log = [resource for resource in self._log if resource["id"] not in resource_ids]

    def _unlist(self, resource: Json) -> None:
        """Take a resource out of every index."""
        for index in self.indexes:
            found = self._found[index.name]
            for value in index.of(resource):
                ids = found[value]
                del ids[resource["id"]]
                if not ids:
                    del found[value]


def _created_at(resource: Json) -> str:
    """Give the time at which a resource was created."""
    created_at: str = resource["createdAt"]
    return created_at
