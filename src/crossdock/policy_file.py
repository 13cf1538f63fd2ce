"""Reading crossdock.toml so that every problem can be told at once, each with its line."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any, TypeVar

from crossdock.errors import ConfigError, DataError

T = TypeVar("T")

# What commercetools takes as a key.
KEY = r"[A-Za-z0-9_-]{2,256}"
# Without TLS only to a twin on this machine.
URL = r"https://[^\s/?#]+(/[^\s?#]*)?|http://(127\.0\.0\.1|localhost|\[::1\])(:\d+)?(/[^\s?#]*)?"

_TABLE = re.compile(r"\s*\[(\[)?\s*([^\[\]]+?)\s*\]")
_NAME = r"""(?:"[^"]+"|'[^']+'|[A-Za-z0-9_-]+)"""
_KEY = re.compile(rf"\s*({_NAME}(?:\s*\.\s*{_NAME})*)\s*=")
_AT_LINE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")
_INDEX = re.compile(r"\[\d+\]$")
# Of a value that is wrong, so much is quoted.
QUOTED_MAX = 80


def read_toml(path: Path) -> tuple[dict[str, Any], dict[str, int]]:
    """The file's content, and the line of every table and key by its dotted path (`connection[0].orders.import_from`)."""
    try:
        # Some editors put a mark before the first character.
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as fault:
        raise ConfigError([f"{path}: is not there; `crossdock init` writes one"]) from fault
    except OSError as fault:
        raise ConfigError([f"{path}: cannot be read: {fault.strerror}"]) from fault
    except UnicodeDecodeError as fault:
        raise ConfigError([f"{path}: is not UTF-8"]) from fault
    try:
        return tomllib.loads(text), _lines(text)
    except tomllib.TOMLDecodeError as fault:
        at = _AT_LINE.search(str(fault))
        line = (at[1] if at else None) or len(text.splitlines()) or 1
        raise ConfigError([f"{path}:{line}: is no TOML: {_AT_LINE.sub('', str(fault))}"]) from fault


def _lines(text: str) -> dict[str, int]:
    """Good enough for the form of our example: a table header or a key begins its line. What is not found has line 1."""
    lines: dict[str, int] = {}
    counts: dict[str, int] = {}
    table = ""
    for number, line in enumerate(text.splitlines(), 1):
        header = _TABLE.match(line)
        if header:
            table = _numbered(header[2].replace('"', ""), counts, is_array=bool(header[1]))
            lines[table] = number
            continue
        key = _KEY.match(line)
        if key:
            place = table
            for part in re.findall(_NAME, key[1]):
                place = ".".join(filter(None, (place, part.strip("\"'"))))
                lines.setdefault(place, number)
    return lines


def _numbered(name: str, counts: dict[str, int], *, is_array: bool) -> str:
    """`connection.orders` under the second `[[connection]]` is `connection[1].orders`; the arrays inside it are counted for themselves."""
    outside, dot, last = name.rpartition(".")
    place = (_numbered(outside, counts, is_array=False) if outside else "") + dot + last
    if is_array:
        counts[place] = counts.get(place, -1) + 1
    return f"{place}[{counts[place]}]" if place in counts else place


@dataclass
class Section:
    """One table of the file, read key by key; problems are collected, and a key that nobody asked for is one of them.

    `place`: where it stands, for its line; `title`: what people call it, before the name of a key. `is_broken`: it is no table, which is
    told already, so nothing is missing in it.
    """

    path: Path
    place: str
    title: str
    values: Mapping[str, Any]
    lines: Mapping[str, int]
    problems: list[str]
    asked: set[str] = field(default_factory=set)
    is_broken: bool = False

    def section(self, name: str) -> Section:
        """A table inside this one; empty where there is none."""
        values = self._take(name, {})
        is_table = isinstance(values, dict)
        if not is_table:
            self.problem(name, "must be a table")
        return Section(
            self.path,
            self._at(name),
            f"{self.title}{name}.",
            values if is_table else {},
            self.lines,
            self.problems,
            is_broken=self.is_broken or not is_table,
        )

    def sections(self, name: str) -> list[Section]:
        """The tables of an array of tables; none where there is no such array. People count them from 1."""
        values = self._take(name, [])
        if not isinstance(values, list) or not all(isinstance(table, dict) for table in values):
            self.problem(
                name, f"must be written as [[{'.'.join(_INDEX.sub('', part) for part in self._at(name).split('.'))}]]"
            )
            return []
        return [
            Section(
                self.path,
                f"{self._at(name)}[{number}]",
                f"{self.title}{name} {number + 1}: ",
                table,
                self.lines,
                self.problems,
            )
            for number, table in enumerate(values)
        ]

    def text(
        self, name: str, default: str | None = None, *, pattern: str = r".{1,200}", choices: Iterable[str] = ()
    ) -> str:
        """A text; required without a default. What is wrong is told, and the default (or nothing) stands in its place."""
        value = self._take(name, default)
        allowed = tuple(choices)
        if value is None:
            self.missing(name)
        elif not isinstance(value, str):
            self.problem(name, "must be a text in quotes")
        elif allowed and value not in allowed:
            self.problem(name, f"{quoted(value)} is none of {', '.join(filter(None, allowed))}")
        elif value != default and not re.fullmatch(pattern, value):
            self.problem(name, f"{quoted(value)} has not the form {pattern}")
        else:
            return value
        return default or ""

    def value(self, name: str, read: Callable[[Any], T], default: T | None = None) -> T | None:
        """Any value, read by `read`, which raises ValueError with what is wrong."""
        value = self._take(name, None)
        if value is None:
            if default is None:
                self.missing(name)
            return default
        try:
            return read(value)
        except ValueError as fault:
            self.problem(name, str(fault))
            return default

    def whole(self, name: str, default: T, *, least: int = 0, most: int) -> int | T:
        """A whole number in these bounds."""
        value = self._take(name, None)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            self.problem(name, f"must be a whole number from {least} to {most}, without quotes")
            return default
        return value

    def flag(self, name: str, *, default: bool) -> bool:
        """Yes or no."""
        value = self._take(name, default)
        if not isinstance(value, bool):
            self.problem(name, "must be true or false, without quotes")
            return default
        return value

    def pairs(self, name: str, read: Callable[[str, Any], tuple[Any, Any]]) -> dict[Any, Any]:
        """A table of free keys, each pair read by `read`, which raises ValueError with what is wrong."""
        inside = self.section(name)
        result: dict[Any, Any] = {}
        for key, value in inside.values.items():
            try:
                new_key, new_value = read(key, value)
            except ValueError as fault:
                inside.problem(key, str(fault))
            else:
                result[new_key] = new_value
        return result

    def beside(self, name: str, parse: Callable[[str, str], T], *, bytes_max: int, required: bool = False) -> T | None:
        """What `parse` makes of text and name of a UTF-8 file beside the policy, which a key names; None where it cannot be read, which is told."""
        file = self.text(name, None if required else "", pattern=r"[^/\\\s]\S{0,199}")
        if not file:
            return None
        try:
            with (self.path.parent / file).open("rb") as opened:
                content = opened.read(bytes_max + 1)
            if len(content) > bytes_max:
                self.problem(name, f"{quoted(file)} is larger than {bytes_max} bytes")
                return None
            return parse(content.decode("utf-8-sig"), file)
        except OSError as fault:
            self.problem(name, f"{quoted(file)} cannot be read: {fault.strerror}")
        except UnicodeDecodeError:
            self.problem(name, f"{quoted(file)} is not UTF-8")
        except DataError as fault:
            self.problem(name, str(fault))
        return None

    def finish(self) -> None:
        """Every key that nobody asked for is a mistake, most often a typing one."""
        for name in sorted(set(self.values) - self.asked):
            known = ", ".join(sorted(self.asked))
            self.problem(name, f"is not known here; known are {known}")

    def missing(self, name: str, otherwise: str = "") -> None:
        """Note that a key is not there, unless there is no table it could be in."""
        if not self.is_broken:
            self.problem(name, f"is missing{otherwise}")

    def problem(self, name: str, what: str) -> None:
        """Note a problem at a key's line, or at that of the nearest table around it where the key is not there."""
        at = self._at(name)
        while at and at not in self.lines:
            # Tables of an array that is written as one value stand at its line.
            outside = _INDEX.sub("", at)
            at = outside if outside != at else at.rpartition(".")[0]
        self.problems.append(f"{self.path}:{self.lines.get(at, 1)}: {self.title}{name} {what}")

    def _take(self, name: str, default: Any) -> Any:
        self.asked.add(name)
        return self.values.get(name, default)

    def _at(self, name: str) -> str:
        return f"{self.place}.{name}" if self.place else name


def quoted(value: str) -> str:
    """A wrong value as it is written, its beginning where it is long."""
    return repr(value) if len(value) <= QUOTED_MAX else f"{value[:QUOTED_MAX]!r}…"


def moment_of_a_zone(value: Any) -> datetime:
    """A time of the file that says its zone; ValueError for anything else."""
    if isinstance(value, datetime) and value.tzinfo:
        return value
    message = "must be a time with its zone, without quotes, as in 2026-11-27T18:00:00+01:00"
    raise ValueError(message)


def moment(value: Any) -> datetime:
    """A date or a time of the file, UTC where it says no zone; ValueError for anything else."""
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, date):
        return datetime.combine(value, time(), UTC)
    message = "must be a date or a time without quotes, as in 2026-11-01"
    raise ValueError(message)
