"""From which orders on units are claimed, fixed with the first order: those of older ones leave the stock by their import.

Rule: each unit leaves once. Under another moment an order that was imported would be claimed as well, or one that neither is nor was would be nobody's.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from crossdock.errors import ConfigError
from crossdock.ports import Cursors

CLAIMS_FROM = "stock.claims_from"


def fix_claims(cursors: Cursors, *, claims_from: datetime, now: datetime) -> None:
    """The moment is kept with the first order; repeating is safe."""
    if cursors.find(CLAIMS_FROM) is None:
        cursors.save(CLAIMS_FROM, {"at": claims_from.isoformat()}, now)


def check_claims(
    cursors: Cursors, connection_id: str, *, claims_from: datetime, imported_since: Callable[[datetime], bool]
) -> None:
    """ConfigError where this moment cannot be. `imported_since`: whether an order made from then on was imported, which took its units."""
    where, kept = f"connection {connection_id}: stock.claims_from", cursors.find(CLAIMS_FROM)
    if kept is None and imported_since(claims_from):
        raise ConfigError(
            [f"{where}: orders made after it were imported already; name a moment after the newest of them"]
        )
    if kept is not None and datetime.fromisoformat(kept["at"]) != claims_from:
        what = "was fixed with the first order, because units would else leave the stock twice or never"
        raise ConfigError([f"{where}: {what}; set it back to {kept['at']}"])
