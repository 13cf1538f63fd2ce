"""The syntax of the `where` parameter of commercetools: from a text to a tree of conditions.

A name with other characters than letters, digits and `_` stands in backticks. Keywords may be in capitals.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, TypeAlias

from crossdock.twin.commercetools_refusals import RefusedError, malformed

DIGITS_MAX = 40  # no number of the platform is longer
DEPTH_MAX = 50  # nesting no honest query reaches; it keeps the parser off Python's own limit

Value: TypeAlias = str | int | float | bool


@dataclass(frozen=True)
class Variable:
    """An input variable, `:name`."""

    name: str


Operand: TypeAlias = "Value | Variable"


@dataclass(frozen=True)
class Compare:
    """A field against a value."""

    field: str
    op: str
    value: Operand


@dataclass(frozen=True)
class Among:
    """A field among values; `how` is `in` for a single value, `any` or `all` for a list of values."""

    field: str
    how: Literal["in", "any", "all"]
    values: tuple[Operand, ...]


@dataclass(frozen=True)
class Present:
    """A field that is defined, or is not empty."""

    field: str
    what: Literal["defined", "empty"]


@dataclass(frozen=True)
class Nested:
    """A predicate about what a field holds; of a list, about any of its elements."""

    field: str
    inner: "Node"


@dataclass(frozen=True)
class Both:
    """All of these."""

    parts: tuple["Node", ...]


@dataclass(frozen=True)
class Either:
    """Any of these."""

    parts: tuple["Node", ...]


@dataclass(frozen=True)
class Not:
    """The opposite."""

    inner: "Node"


Node: TypeAlias = Compare | Among | Present | Nested | Both | Either | Not

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<text>"(?:[^"\\]|\\.)*") | (?P<number>-?\d+(?:\.\d+)?) | (?P<op><=|>=|!=|<>|=|<|>)
      | (?P<punctuation>[(),]) | :(?P<variable>[A-Za-z0-9_]+) | `(?P<quoted>[^`]+)` | (?P<word>[A-Za-z_][A-Za-z0-9_]*)
    )""",
    re.VERBOSE,
)
_ESCAPED = re.compile(r"\\(.)")


@lru_cache(maxsize=512)
def parse(text: str) -> Node:
    """Parse a predicate."""
    parser = _Parser(text)
    node = parser.either(0)
    parser.end()
    return node


class _Parser:
    """Reads one predicate from left to right."""

    def __init__(self, text: str) -> None:
        """Cut the text into tokens, each with its kind and its position."""
        self.text = text
        self.tokens: list[tuple[str, str, int]] = []
        self.position = 0
        at = 0
        stop = len(text.rstrip())
        while at < stop:
            found = _TOKEN.match(text, at)
            if found is None:
                raise self.failure(len(text) - len(text[at:].lstrip()), "a field, a value or an operator")
            kind = found.lastgroup or ""
            self.tokens.append((kind, found[kind], found.start(kind)))
            at = found.end()

    def failure(self, at: int, expected: str) -> RefusedError:
        """Say what is wrong at a position."""
        found = f"Invalid input '{self.text[at]}'" if at < len(self.text) else "Unexpected end of input"
        return malformed(
            "where",
            f"Syntax error while parsing 'where'. {found}, expected {expected} (line 1, column {at + 1}):\n{self.text}",
        )

    def failure_here(self, expected: str) -> RefusedError:
        """Say what is wrong at the next token."""
        at = self.tokens[self.position][2] if self.position < len(self.tokens) else len(self.text)
        return self.failure(at, expected)

    def peek(self) -> tuple[str, str]:
        """Look at the next token; keywords in lower case."""
        if self.position >= len(self.tokens):
            return "end", ""
        kind, text, _ = self.tokens[self.position]
        return kind, text.lower() if kind == "word" else text

    def take(self, kind: str, text: str) -> bool:
        """Take the next token if it is this one."""
        if self.peek() != (kind, text):
            return False
        self.position += 1
        return True

    def must(self, kind: str, text: str) -> None:
        """Take the next token, which must be this one."""
        if not self.take(kind, text):
            raise self.failure_here(f"'{text}'")

    def end(self) -> None:
        """Refuse anything that is left."""
        if self.position < len(self.tokens):
            raise self.failure_here("end of input, 'and' or 'or'")

    def either(self, depth: int) -> Node:
        """Read alternatives."""
        if depth > DEPTH_MAX:
            raise malformed("where", "The predicate is nested too deeply.")
        parts = [self.both(depth)]
        while self.take("word", "or"):
            parts.append(self.both(depth))
        return Either(tuple(parts)) if len(parts) > 1 else parts[0]

    def both(self, depth: int) -> Node:
        """Read what must hold together."""
        parts = [self.single(depth)]
        while self.take("word", "and"):
            parts.append(self.single(depth))
        return Both(tuple(parts)) if len(parts) > 1 else parts[0]

    def single(self, depth: int) -> Node:
        """Read one condition."""
        if self.take("word", "not"):
            return Not(self.group(depth))
        if self.peek() == ("punctuation", "("):
            return self.group(depth)
        if self.peek()[0] not in ("word", "quoted"):
            raise self.failure_here("not or conditional expression")
        field = self.tokens[self.position][1]
        self.position += 1
        return self.condition(field, depth)

    def group(self, depth: int) -> Node:
        """Read what stands in parentheses."""
        self.must("punctuation", "(")
        node = self.either(depth + 1)
        self.must("punctuation", ")")
        return node

    def condition(self, field: str, depth: int) -> Node:
        """Read what is said about a field."""
        kind, text = self.peek()
        if kind == "op":
            self.position += 1
            return Compare(field, text, self.operand())
        if (kind, text) == ("punctuation", "("):
            return Nested(field, self.group(depth))
        if (kind, text) in (("word", "in"), ("word", "not")):
            return self.membership(field)
        if self.take("word", "contains"):
            return self.content(field)
        if self.take("word", "is"):
            return self.presence(field)
        raise self.failure_here("comparison operator, not, in, contains, is, within or matches")

    def membership(self, field: str) -> Node:
        """Read `in` with its `not`."""
        opposite = self.take("word", "not")
        self.must("word", "in")
        node = Among(field, "in", self.operands())
        return Not(node) if opposite else node

    def content(self, field: str) -> Node:
        """Read what a list must contain."""
        if self.take("word", "any"):
            return Among(field, "any", self.operands())
        self.must("word", "all")
        return Among(field, "all", self.operands())

    def presence(self, field: str) -> Node:
        """Read `defined` or `empty` with its `not`."""
        opposite = self.take("word", "not")
        if self.take("word", "defined"):
            node: Node = Present(field, "defined")
        else:
            self.must("word", "empty")
            node = Present(field, "empty")
        return Not(node) if opposite else node

    def operands(self) -> tuple[Operand, ...]:
        """Read a list of values, or a variable that stands for one."""
        if self.peek()[0] == "variable":
            return (self.operand(),)
        self.must("punctuation", "(")
        values = [self.operand()]
        while self.take("punctuation", ","):
            values.append(self.operand())
        if not self.take("punctuation", ")"):
            raise self.failure_here("comma or ')'")
        return tuple(values)

    def operand(self) -> Operand:
        """Read one value."""
        kind, text = self.peek()
        self.position += 1
        if kind == "text":
            return _ESCAPED.sub(r"\1", text[1:-1])
        if kind == "number" and len(text) <= DIGITS_MAX:
            return float(text) if "." in text else int(text)
        if kind == "variable":
            return Variable(text)
        if kind == "word" and text in ("true", "false"):
            return text == "true"
        self.position -= 1
        raise self.failure_here("a value")
