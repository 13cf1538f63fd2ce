"""How often a platform may be asked: the published plan of an operation, and the limiter that keeps to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Plan:
    """A published usage plan: `per_s` calls a second, up to `burst` at once; `urgent_share` of the burst is kept for urgent calls."""

    per_s: float
    burst: float
    urgent_share: float = 0.25


@dataclass(frozen=True, slots=True)
class Limiter:
    """Doors are handed these and know no store.

    `take(operation, urgent)` answers 0.0 when one call may be made now, else the seconds until then; an urgent call may have the share that is kept.
    `throttled(operation)` empties the bucket after a 429 and answers the seconds until the next call; `observed(operation, per_s)` corrects the plan
    by what the platform's header says. `every(operation)`: the seconds from one call to the next, by the plan.
    """

    take: Callable[[str, bool], float]
    throttled: Callable[[str], float]
    observed: Callable[[str, float], None]
    every: Callable[[str], float]
