"""What the second, independent search of a closed day found."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from crossdock.domain.order import ReadOrder


@dataclass(frozen=True, slots=True)
class DayCheck:
    """What the second search of one day found, so far. `missing`: orders of this page that the first search never brought.

    `vanished`: orders that were imported and are no longer in commercetools. `position`: where the search goes on; None when the day is done.
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

    def is_proven(self) -> bool:
        """Whether the whole day was read and every order is in commercetools, out of scope, or waiting with a time or an owner."""
        return self.position is None and not self.found_missing and not self.vanished
