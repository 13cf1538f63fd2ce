"""A merchant's own history as a scene: what was sold, of which SKU, on which side and when, and what lay there when it began.

The file is CSV with the columns sku, at, channel, units. `channel` is amazon or shop, or stock: units that lay there or came in at that time. `at` is a
time with its offset. What was asked for in vain is in no history: where a SKU was sold out, its demand is told too low.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from crossdock.errors import DataError
from crossdock.simulation.peak import Order, Scene, Sku

COLUMNS = ("sku", "at", "channel", "units")
CHANNELS = ("amazon", "shop", "stock")
ROWS_MAX = 1_000_000
# Stock of the first minute lay there when it began.
FIRST_S = 60.0


def read_history(lines: Iterable[str], name: str) -> Scene:
    """The scene; DataError names the row that cannot be read without guessing."""
    table = csv.DictReader(lines)
    missing = [column for column in COLUMNS if column not in (table.fieldnames or ())]
    if missing:
        raise DataError(name, f"has no column {', '.join(missing)}; needed are {', '.join(COLUMNS)}")
    found = [_row(name, number, row) for number, row in enumerate(table, 2)]
    if not found:
        raise DataError(name, "has no rows")
    if len(found) > ROWS_MAX:
        raise DataError(name, f"has more than {ROWS_MAX:,} rows; give a shorter time")
    begins = min(at_s for _, at_s, _, _ in found)
    end_s = max(at_s for _, at_s, _, _ in found) - begins + 1.0
    orders: dict[str, list[Order]] = defaultdict(list)
    came: dict[str, list[tuple[float, int]]] = defaultdict(list)
    for sku, at_s, channel, units in found:
        if channel == "stock":
            came[sku].append((at_s - begins, units))
        else:
            orders[sku].append(Order(at_s - begins, channel == "amazon", units))
    sold = [order for of_sku in orders.values() for order in of_sku]
    on_amazon = sum(order.units for order in sold if order.on_amazon)
    share = on_amazon / max(1, sum(order.units for order in sold))
    skus = tuple(_sku(orders[sku], came[sku], end_s) for sku in sorted({*orders, *came}))
    return Scene(skus, end_s, amazon_share=min(0.95, max(0.05, share)))


def _sku(orders: list[Order], came: list[tuple[float, int]], end_s: float) -> Sku:
    """What lay there in the first minute is its stock; what came later restocked it. Its usual rate is taken from the history itself."""
    first = sum(units for at_s, units in came if at_s < FIRST_S)
    later = tuple((at_s, units) for at_s, units in sorted(came) if at_s >= FIRST_S)
    sold = sum(order.units for order in orders)
    return Sku(first, later, tuple(sorted(orders, key=lambda order: order.at_s)), None, max(sold, 1) / end_s)


def _row(name: str, number: int, row: dict[str, str]) -> tuple[str, float, str, int]:
    sku, channel = (row["sku"] or "").strip(), (row["channel"] or "").strip().lower()
    try:
        at, units = datetime.fromisoformat((row["at"] or "").strip()), int(row["units"] or "")
    except ValueError as fault:
        raise DataError(f"{name}, row {number}", "at or units cannot be read") from fault
    if not sku or channel not in CHANNELS or units < 0 or at.tzinfo is None:
        raise DataError(
            f"{name}, row {number}",
            f"needs a sku, a channel of {', '.join(CHANNELS)}, a time with its offset, and units of 0 or more",
        )
    return sku, at.timestamp(), channel, units
