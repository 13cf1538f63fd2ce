"""What the second, independent search of a closed day found, and how far days are proven."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from crossdock.domain.order import ReadOrder

# A day costs one of the rare searches, or several: at its first start a connection proves so many days, about a day's worth of searches beside the
# sweep's. What is older was found by the first search alone.
LOOK_BACK = timedelta(days=30)
# Hourly checks of a day that is not proven. What stands in its way has been woken a day long and has cases of its own that say why; more searches say no more.
CHECKS_MAX = 24


@dataclass(frozen=True, slots=True)
class DayCheck:
    """What the second search of one day found, so far. `missing`: orders of this page that the first search never brought.

    `vanished`: orders that were imported and are no longer in commercetools. `strays`: orders that were left out and are in commercetools all the
    same, as after a write whose answer was lost. `position`: where the search goes on; None when the day is done.
    """

    day: date
    on_amazon: int
    in_commercetools: int
    out_of_scope: int
    waiting: int
    found_missing: int
    vanished: tuple[str, ...]
    missing: tuple[ReadOrder, ...]
    position: dict[str, Any] | None
    strays: tuple[str, ...] = ()

    def amiss(self) -> int:
        """How many orders are not where they belong."""
        return self.found_missing + len(self.vanished) + len(self.strays)

    def is_proven(self) -> bool:
        """Whether the whole day was read and every order is in commercetools, out of scope, or waiting with a time or an owner."""
        return self.position is None and self.amiss() == 0


@dataclass(frozen=True, slots=True)
class ProofMark:
    """How far closed days are proven. `until`: the first day that was not checked yet; `again`: checked and not proven, and how often."""

    until: date
    again: Mapping[date, int] = field(default_factory=dict)

    def due(self, first_open: date) -> list[date]:
        """The closed days to check now, the oldest first."""
        new = [self.until + timedelta(days=n) for n in range((first_open - self.until).days)]
        return [*sorted(self.again), *new]

    def after(self, check: DayCheck) -> ProofMark:
        """The mark after a day was checked to its end."""
        again = {day: checks for day, checks in self.again.items() if day != check.day}
        checks = self.again.get(check.day, 0) + 1
        if not check.is_proven() and checks < CHECKS_MAX:
            again[check.day] = checks
        return ProofMark(max(self.until, check.day + timedelta(days=1)), again)

    def as_json(self) -> dict[str, Any]:
        """As a cursor keeps it."""
        return {
            "until": self.until.isoformat(),
            "again": {day.isoformat(): checks for day, checks in self.again.items()},
        }


def first_mark(import_from: datetime, now: datetime) -> ProofMark:
    """Where a new connection begins: days wholly before its beginning have no orders of its own."""
    return ProofMark(max(import_from.astimezone(UTC).date(), (now - LOOK_BACK).date()))


def read_mark(value: Mapping[str, Any]) -> ProofMark:
    """The opposite of `as_json`."""
    return ProofMark(
        date.fromisoformat(value["until"]),
        {date.fromisoformat(day): checks for day, checks in value["again"].items()},
    )
