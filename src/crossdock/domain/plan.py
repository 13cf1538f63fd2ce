"""What would be set on Amazon, before it is: exact, kept as a file, and refused where too much would change at once.

Rule: a plan is pushed as it was shown or not at all. It carries its own checksum, and each change what it was decided from; where that has moved
the change is left out and said so.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import IntEnum
from typing import Any, Literal

from crossdock.domain.ids import SellerSku
from crossdock.domain.sellable import Decision, SetListed
from crossdock.domain.stock_record import StockRecord
from crossdock.errors import DataError, UnsafePlan

FORMAT = 1

Lane = Literal["patch", "feed"]
# patchListingsItem's published rate; what the lane serves within so long is not worth a feed, which takes minutes itself.
PATCHES_PER_S = 5.0
PATCHED_WITHIN_S = 60.0
# Sold out before then a SKU does not wait for a feed, which may be hours late.
SOON_EMPTY_S = 2 * 3600.0


class Harm(IntEnum):
    """What a set avoids, the worst first: units sold twice; soon nothing on sale; nothing on sale although there is stock; hardly anything."""

    OVERSOLD = 0
    SOON_EMPTY = 1
    SOLD_OUT = 2
    LITTLE = 3


@dataclass(frozen=True, slots=True)
class WaitingSet:
    """A set that waits for its call. `listed`: the most that can be on sale; `unit_s`: seconds in which Amazon sells one; `first`: nothing was ever sent."""

    seller_sku: SellerSku
    listed: int
    quantity: int
    unit_s: float
    first: bool = False

    @property
    def harm(self) -> Harm:
        """What sending it now avoids."""
        if self.quantity < self.listed or self.quantity == 0:
            return Harm.OVERSOLD
        if self.listed > 0:
            return Harm.SOON_EMPTY if self.listed * self.unit_s < SOON_EMPTY_S else Harm.LITTLE
        return Harm.LITTLE if self.first else Harm.SOLD_OUT

    @property
    def rank(self) -> tuple[int, float]:
        """Whose turn it is, the lowest first: by harm, and of the same harm what sells, or is empty, soonest."""
        return self.harm, max(self.listed, 1) * self.unit_s


@dataclass(frozen=True, slots=True)
class PlannedSet:
    """One quantity that would be sent. `listed`, `available`: what it was decided from."""

    seller_sku: SellerSku
    listed: int
    quantity: int
    available: int


@dataclass(frozen=True, slots=True)
class Plan:
    """The changes of one connection at one moment. `looked_at`: SKUs that were decided about; `listed`: those with something for sale."""

    connection_id: str
    made_at: datetime
    looked_at: int
    listed: int
    changes: tuple[PlannedSet, ...]

    @property
    def zeroes(self) -> int:
        """How many SKUs it would take off sale."""
        return sum(change.quantity == 0 and change.listed > 0 for change in self.changes)


def planned(sku: SellerSku, record: StockRecord, decision: Decision) -> PlannedSet | None:
    """The change a decision makes, if it makes one."""
    if not isinstance(decision, SetListed):
        return None
    return PlannedSet(sku, record.on_sale.most, decision.quantity, record.available)


def waiting_set(change: PlannedSet, record: StockRecord) -> WaitingSet:
    """The change as it waits for its call."""
    per_s = record.demand.amazon.per_s if record.demand is not None else 0.0
    unit_s = 1.0 / per_s if per_s > 0 else float("inf")
    return WaitingSet(change.seller_sku, change.listed, change.quantity, unit_s, first=record.sent is None)


def choose_lane(waiting: Sequence[WaitingSet], *, gathered: int, feeds_open: bool) -> Mapping[SellerSku, Lane]:
    """How each of these goes to Amazon, decided together: calls for what avoids harm, a feed for the rest where calls would take longer.

    `gathered`: how many wait in the next feed already; a few more cost it nothing. `feeds_open`: no feed is late. What lowers, and 0, never waits in a feed.
    """
    by_harm = sorted(waiting, key=lambda each: each.rank)
    hurried = [each for each in by_harm if each.harm <= Harm.SOON_EMPTY]
    others = [each for each in by_harm if each.harm > Harm.SOON_EMPTY]
    served = max(0, int(PATCHES_PER_S * PATCHED_WITHIN_S) - len(hurried))
    lanes: dict[SellerSku, Lane] = {each.seller_sku: "patch" for each in by_harm}
    if not feeds_open or len(others) + gathered <= served:
        return lanes
    for place, each in enumerate(others):
        if each.harm is Harm.LITTLE or place >= served:
            lanes[each.seller_sku] = "feed"
    return lanes


def zeroes_allowed(listed: int, *, max_percent: int, changes_min: int) -> int:
    """How many SKUs may be taken off sale at once: the share of those listed, and never so few that a small shop could not sell out."""
    return max(changes_min, listed * max_percent // 100)


def check_safe(plan: Plan, *, max_percent: int, changes_min: int) -> None:
    """UnsafePlan where it would take more SKUs off sale than the policy allows."""
    allowed = zeroes_allowed(plan.listed, max_percent=max_percent, changes_min=changes_min)
    if plan.zeroes > allowed:
        message = f"{plan.zeroes} of {plan.listed} listed SKUs would be set to 0, the policy allows {allowed} at once"
        raise UnsafePlan(message)


def encode_plan(plan: Plan) -> str:
    """The plan as a file: JSON for people and programs, with the checksum of everything else in it."""
    body = _body(plan)
    return json.dumps(body | {"checksum": _checksum(body)}, indent=1, ensure_ascii=False) + "\n"


def parse_plan(text: str) -> Plan:
    """A plan out of its file; DataError where it was changed, cut off, or is none."""
    try:
        body = json.loads(text)
        checksum = body.pop("checksum")
        is_whole = checksum == _checksum(body) and body["format"] == FORMAT
        plan = _plan(body) if is_whole else None
    except (ValueError, KeyError, TypeError, AttributeError) as fault:
        raise DataError("plan", "is no plan of Crossdock's, or is cut off") from fault
    if plan is None:
        raise DataError("plan.checksum", "the file was changed after it was made: make a new plan")
    return plan


def _plan(body: Mapping[str, Any]) -> Plan:
    changes = tuple(
        PlannedSet(SellerSku(each["seller_sku"]), each["listed"], each["quantity"], each["available"])
        for each in body["changes"]
    )
    made_at = datetime.fromisoformat(body["made_at"])
    return Plan(body["connection_id"], made_at, body["looked_at"], body["listed"], changes)


def _body(plan: Plan) -> dict[str, Any]:
    changes: Sequence[dict[str, Any]] = [asdict(change) for change in plan.changes]
    return {
        "format": FORMAT,
        "connection_id": plan.connection_id,
        "made_at": plan.made_at.isoformat(),
        "looked_at": plan.looked_at,
        "listed": plan.listed,
        "changes": changes,
    }


def _checksum(body: Mapping[str, Any]) -> str:
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()
