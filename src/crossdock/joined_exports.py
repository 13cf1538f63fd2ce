"""Entries on their way to the merchant's ledger: chosen, given the merchant's accounts, written, read again, and noted as gone.

Part of the composition root (`start_up.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from crossdock.domain.ids import ConnectionId
from crossdock.domain.ledger import Booked, MissingAccounts, plan_export
from crossdock.domain.money import MINOR_DIGITS
from crossdock.errors import ConfigError
from crossdock.exports.offer import TARGETS, demands, export
from crossdock.exports.targets import BeancountSettings, CsvSettings, DatevSettings, ExportedFile, Settings
from crossdock.policy_export import ExportPolicy
from crossdock.ports import Clock
from crossdock.store.database import Database
from crossdock.store.exported import ExportBook

# What is missing in the merchant's ledger is told completely; a terminal shows so many lines of it.
MISSING_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Exported:
    """The files of an export, and the entries in them."""

    files: Sequence[ExportedFile]
    entries: Sequence[Booked]


class JoinedExports:
    """The exports of one connection."""

    def __init__(self, policy: ExportPolicy, *, database: Database, connection_id: ConnectionId, clock: Clock) -> None:
        """`policy`: the merchant's accounts, rates, and the settings of each target."""
        self._policy = policy
        self._connection_id = connection_id
        self._book = ExportBook(database, connection_id)
        self._clock = clock

    def export(
        self,
        target: str,
        *,
        since: date,
        until: date,
        settlements: Sequence[str] = (),
        currency: str = "",
        again: bool = False,
    ) -> Exported:
        """Entries of these days, and of a currency where one is named, as files of a target; ConfigError with everything the merchant's ledger lacks.

        Nothing is noted before `gone`.
        """
        settings = self._settings(target)
        if since > until:
            raise ConfigError([f"--since: {since} is after --until, {until}"])
        if currency and currency not in MINOR_DIGITS:
            raise ConfigError([f"--currency: {currency[:8]!a} is no currency"])
        booked = [
            replace(each, rate=self._policy.rate(each.entry.currency, each.entry.on.replace(day=1)))
            for each in self._book.entries(target, since=since, until=until, settlements=settlements, again=again)
            if each.entry.currency == (currency or each.entry.currency)
        ]
        entries = plan_export(booked, self._policy.ledger, demands(settings))
        if isinstance(entries, MissingAccounts):
            raise ConfigError(_missing(entries))
        return Exported(export(entries, settings), booked)

    def gone(self, target: str, exported: Exported) -> None:
        """The files are with the merchant: their entries are left out next time."""
        self._book.note(target, exported.entries, self._clock())

    def _settings(self, target: str) -> Settings:
        """Those of the policy, or those that need no word of the merchant's."""
        if target not in TARGETS:
            raise ConfigError([f"--target: {target!r} is none of {', '.join(TARGETS)}"])
        settings = self._policy.targets.get(target)
        if settings is None and target in {"beancount", "csv"}:
            return BeancountSettings() if target == "beancount" else CsvSettings()
        if settings is None:
            table = f"[connection.finance.export.{target}]"
            raise ConfigError(
                [f"crossdock.toml: connection {self._connection_id} has no table {table}; see docs/exports.md"]
            )
        return replace(settings, made_at=self._clock()) if isinstance(settings, DatevSettings) else settings


def _missing(found: MissingAccounts) -> list[str]:
    """Each line names a posting for which the merchant's ledger has no account, no name or no tax code."""
    lines = [
        f"ledger: no {gap.field.replace('_', ' ')} for {gap.account}"
        + (f" on {gap.marketplace}" if gap.marketplace else "")
        + (f", tax {gap.treatment}" if gap.treatment else "")
        for gap in found.missing
    ]
    more = len(lines) - MISSING_SHOWN
    hint = "`crossdock settlements ledger` prints a table of all accounts to fill in; name its file in [connection.finance], ledger"
    return [*lines[:MISSING_SHOWN], *([f"ledger: and {more} more"] if more > 0 else []), hint]
