"""Reading crossdock.toml so that every problem can be told at once, each with its line."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from crossdock.errors import ConfigError

T = TypeVar("T")

_TABLE = re.compile(r"\s*\[(\[)?\s*([^\[\]]+?)\s*\]")
_KEY = re.compile(r'\s*(?:"([^"]+)"|([A-Za-z0-9_-]+))\s*=')


def read_toml(path: Path) -> tuple[dict[str, Any], dict[str, int]]:
    """The file's content, and the line of every table and key by its dotted path (`connection[0].orders.import_from`)."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as fault:
        raise ConfigError([f"{path}: cannot be read: {fault.strerror}; `crossdock init` writes one"]) from fault
    except UnicodeDecodeError as fault:
        raise ConfigError([f"{path}: is not UTF-8"]) from fault
    try:
        return tomllib.loads(text), _lines(text)
    except tomllib.TOMLDecodeError as fault:
        raise ConfigError([f"{path}: {fault}"]) from fault


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
            lines.setdefault(".".join(filter(None, (table, key[1] or key[2]))), number)
    return lines


def _numbered(name: str, counts: dict[str, int], *, is_array: bool) -> str:
    """`connection.orders` under the second `[[connection]]` is `connection[1].orders`."""
    first, _, rest = name.partition(".")
    if is_array and not rest:
        counts[first] = counts.get(first, -1) + 1
    place = f"[{counts[first]}]" if first in counts else ""
    return f"{first}{place}" + (f".{rest}" if rest else "")


@dataclass
class Section:
    """One table of the file, read key by key; problems are collected, and a key that nobody asked for is one of them."""

    path: Path
    place: str
    values: Mapping[str, Any]
    lines: Mapping[str, int]
    problems: list[str]
    asked: set[str] = field(default_factory=set)

    def section(self, name: str) -> Section:
        """A table inside this one; empty where there is none."""
        values = self._take(name, {})
        if not isinstance(values, dict):
            self.problem(name, "must be a table")
            values = {}
        return Section(self.path, self._at(name), values, self.lines, self.problems)

    def text(
        self, name: str, default: str | None = None, *, pattern: str = r".{1,200}", choices: Iterable[str] = ()
    ) -> str:
        """A text; required without a default."""
        value = self._take(name, default)
        allowed = tuple(choices)
        if value is None:
            self.problem(name, "is missing")
        elif not isinstance(value, str):
            self.problem(name, "must be a text in quotes")
        elif allowed and value not in allowed:
            self.problem(name, f"{value!r} is none of {', '.join(allowed)}")
        elif value != default and not re.fullmatch(pattern, value):
            self.problem(name, f"{value!r} has not the form {pattern}")
        else:
            return value
        return default or ""

    def value(self, name: str, read: Callable[[Any], T], default: T | None = None) -> T | None:
        """Any value, read by `read`, which raises ValueError with what is wrong."""
        value = self._take(name, None)
        if value is None:
            if default is None:
                self.problem(name, "is missing")
            return default
        try:
            return read(value)
        except ValueError as fault:
            self.problem(name, str(fault))
            return default

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

    def finish(self) -> None:
        """Every key that nobody asked for is a mistake, most often a typing one."""
        for name in sorted(set(self.values) - self.asked):
            known = ", ".join(sorted(self.asked))
            self.problem(name, f"is not known here; known are {known}")

    def problem(self, name: str, what: str) -> None:
        """Note a problem at a key's line, or at its table's where the key is not there."""
        line = self.lines.get(self._at(name)) or self.lines.get(self.place) or 1
        self.problems.append(f"{self.path}:{line}: {self._at(name)} {what}")

    def _take(self, name: str, default: Any) -> Any:
        self.asked.add(name)
        return self.values.get(name, default)

    def _at(self, name: str) -> str:
        return f"{self.place}.{name}" if self.place else name
