"""Which books a command means: those of the chosen connections, or those that have a settlement."""

from __future__ import annotations

from crossdock.app import App
from crossdock.cli_records import chosen
from crossdock.domain.ids import SettlementId
from crossdock.errors import ConfigError
from crossdock.joined_finance import JoinedFinance


def finances_of(app: App, connection: str, *, one: bool = False) -> list[JoinedFinance]:
    """The books of the chosen connections; ConfigError where none are kept, or where one is wanted and there are several."""
    found = [joined.finance for joined in chosen(app, connection) if joined.finance is not None]
    if not found:
        raise ConfigError(["crossdock.toml: no connection has a table [connection.finance], so no books are kept"])
    if one and len(found) > 1:
        names = ", ".join(finance.connection_id for finance in found)
        raise ConfigError([f"--connection: several keep books ({names}); say whose the files are"])
    return found


def with_settlement(app: App, connection: str, settlement: str) -> JoinedFinance:
    """The books that have this settlement; ConfigError where none has."""
    finances = finances_of(app, connection)
    for finance in finances:
        if "\0" not in settlement and finance.ledger.find(SettlementId(settlement)) is not None:
            return finance
    raise ConfigError([f"{settlement[:40]!a}: no such settlement here; `crossdock settlements list` lists them"])
