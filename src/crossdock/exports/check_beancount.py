"""Reading a Beancount file again, line by line: options, accounts that are opened, entries with their keys, and their amounts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from crossdock.exports.check_cells import Line, Text, read_day, read_text
from crossdock.exports.check_tables import Found
from crossdock.exports.targets import BeancountSettings, ExportedFile, ExportRefused

_STRING = r'"((?:[^"\\]|\\["\\])*)"'
_NOTHING = re.compile("")
_OPTION = re.compile(rf"option {_STRING} {_STRING}")
_OPEN = re.compile(r"(\d{4})-(\d\d)-(\d\d) open ([A-Z]\S+)", re.ASCII)
_HEAD = re.compile(rf"(\d{{4}})-(\d\d)-(\d\d) \* {_STRING} {_STRING}", re.ASCII)
_KEY = re.compile(rf"  ([a-z_]+): {_STRING}")
_POSTING = re.compile(r"  ([A-Z][A-Za-z]+(?::[A-Z0-9][A-Za-z0-9-]*)+)  (-?\d+(?:\.\d+)?) ([A-Z]{3})", re.ASCII)
_NOTE = re.compile(rf"    ([a-z_]+): {_STRING}")
_OPTIONS = {"title": "Entries of Crossdock", "tolerance_multiplier": "0"}


def read_beancount(file: ExportedFile, settings: BeancountSettings) -> Iterator[Found]:
    """What a file says; ExportRefused for a line that is nothing of ours, or an account that is not open."""
    text = read_text(file, "utf-8")
    if not text.endswith("\n"):
        raise ExportRefused(file.name, text.count("\n") + 1, "", "does not end with a line end")
    book = _Book(settings)
    for number, here in enumerate(text[:-1].split("\n"), 1):
        found = book.take(Line(file.name, number, {"": Text(here, quoted=False)}))
        if found is not None:
            yield found
    if book.options != _OPTIONS:
        raise ExportRefused(file.name, 1, "option", f"the options are not {_OPTIONS}")


@dataclass
class _Book:
    """What was read so far, and the entry whose lines are read."""

    settings: BeancountSettings
    options: dict[str, str] = field(default_factory=dict)
    opened: dict[str, date] = field(default_factory=dict)
    on: date | None = None
    memo: str = ""
    keys: dict[str, str] = field(default_factory=dict)

    def take(self, line: Line) -> Found | None:
        """What a line says of an entry's amounts, None where it says something else."""
        for pattern, read in (
            (_NOTHING, self._nothing),
            (_OPTION, self._option),
            (_OPEN, self._open),
            (_HEAD, self._head),
            (_KEY, self._key),
            (_POSTING, self._posting),
            (_NOTE, self._nothing),
        ):
            found = pattern.fullmatch(line.text(""))
            if found is not None:
                return read(line, found)
        raise line.refuse("", "is nothing that is written here")

    def _nothing(self, line: Line, found: re.Match[str]) -> None:
        if found.lastindex and self.on is None:
            raise line.refuse("", "stands outside of an entry")

    def _option(self, line: Line, found: re.Match[str]) -> None:
        if found[1] in self.options or self.opened or self.on:
            raise line.refuse("option", "is there twice, or below the top")
        self.options[found[1]] = found[2]

    def _open(self, line: Line, found: re.Match[str]) -> None:
        if found[4] in self.opened:
            raise line.refuse("account", "is opened twice")
        self.opened[found[4]] = read_day(line, "date", (int(found[1]), int(found[2]), int(found[3])))

    def _head(self, line: Line, found: re.Match[str]) -> None:
        self.on = read_day(line, "date", (int(found[1]), int(found[2]), int(found[3])))
        self.memo, self.keys = re.sub(r"\\(.)", r"\1", found[5]), {}

    def _key(self, line: Line, found: re.Match[str]) -> None:
        if self.on is None or found[1] in self.keys:
            raise line.refuse(found[1], "stands outside of an entry, or twice in it")
        self.keys[found[1]] = found[2]

    def _posting(self, line: Line, found: re.Match[str]) -> Found:
        if self.on is None or not {"entry", "posting_key"} <= self.keys.keys():
            raise line.refuse("amount", "stands outside of an entry, or of one without its keys")
        if self.settings.opens and self.opened.get(found[1], date.max) > self.on:
            raise line.refuse("account", "is not open")
        return Found(
            line=line,
            name=self.keys["entry"],
            amount=Decimal(found[2]),
            amount_column="amount",
            account=found[1],
            account_column="account",
            on=self.on,
            currency=found[3],
            memo=self.memo,
        )
