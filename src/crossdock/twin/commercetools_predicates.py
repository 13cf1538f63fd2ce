"""The language of the `where` parameter: parse a predicate, check it against a resource's fields, and match with it.

Covered: comparisons, `in`, `is (not) defined`, `is (not) empty`, `contains any|all`, `and`, `or`, `not`, nested fields,
input variables. A name with other characters than letters, digits and `_` stands in backticks. A field that is absent
differs from every value, so `!=` and `not` match it.
"""

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, TypeAlias

from crossdock.twin.commercetools_drafts import stored_time
from crossdock.twin.commercetools_fields import (
    ANY,
    FLAG,
    NUMBER,
    TEXT,
    TIME,
    Choice,
    CustomFieldsOf,
    Fields,
    Kind,
    Localized,
)
from crossdock.twin.commercetools_refusals import Json, RefusedError, malformed

_DIGITS_MAX = 40  # no number of the platform is longer
DEPTH_MAX = 50  # nesting no honest query reaches; it keeps the parser off Python's own limit

Value: TypeAlias = str | int | float | bool
Inputs: TypeAlias = Mapping[str, list[str]]
CustomFields: TypeAlias = Callable[[str], Fields]


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
Match: TypeAlias = Callable[[Json], bool]

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<text>"(?:[^"\\]|\\.)*") | (?P<number>-?\d+(?:\.\d+)?) | (?P<op><=|>=|!=|<>|=|<|>)
      | (?P<punctuation>[(),]) | :(?P<variable>[A-Za-z0-9_]+) | `(?P<quoted>[^`]+)` | (?P<word>[A-Za-z_][A-Za-z0-9_]*)
    )""",
    re.VERBOSE,
)
_OPERATIONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<>": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}
_ESCAPED = re.compile(r"\\(.)")


@dataclass(frozen=True)
class Predicate:
    """A checked predicate with its input variables filled in."""

    node: Node
    matches: Match

    def values(self, paths: frozenset[tuple[str, ...]]) -> set[str] | None:
        """Tell the values one of these paths must have for a match, None if it may have any: what an index can use."""
        return _values(self.node, paths, ())

    def floor(self, field: str) -> str | None:
        """Tell the text below which a field at the top cannot be in a match, None if there is none."""
        return _floor(self.node, field)


def predicate(text: str, fields: Fields, inputs: Inputs, custom_fields: CustomFields) -> Predicate:
    """Read a predicate about a resource with these fields; refuse what the platform would refuse."""
    node = _bind(_parse(text), fields, inputs, custom_fields)
    return Predicate(node, _match(node))


@lru_cache(maxsize=512)
def _parse(text: str) -> Node:
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
        if kind == "number" and len(text) <= _DIGITS_MAX:
            return float(text) if "." in text else int(text)
        if kind == "variable":
            return Variable(text)
        if kind == "word" and text in ("true", "false"):
            return text == "true"
        self.position -= 1
        raise self.failure_here("a value")


def _bind(node: Node, fields: Fields | Localized, inputs: Inputs, custom_fields: CustomFields) -> Node:
    """Check a predicate against the fields of a resource and fill in its variables."""
    match node:
        case Both(parts) | Either(parts):
            return type(node)(tuple(_bind(part, fields, inputs, custom_fields) for part in parts))
        case Not(inner):
            return Not(_bind(inner, fields, inputs, custom_fields))
        case Present(field):
            _kind(fields, field)
            return node
        case Nested(field, inner):
            return Nested(field, _bind(inner, _within(fields, field, custom_fields), inputs, custom_fields))
        case Compare(field, op, value):
            kind = _kind(fields, field)
            values = _filled(value, inputs)
            if len(values) > 1:
                raise malformed("where", f"The field '{field}' cannot be compared with several values.")
            return Compare(field, op, _checked(field, kind, values[0], from_input=isinstance(value, Variable)))
        case Among(field, how, operands):
            kind = _kind(fields, field)
            return Among(
                field,
                how,
                tuple(
                    _checked(field, kind, value, from_input=isinstance(operand, Variable))
                    for operand in operands
                    for value in _filled(operand, inputs)
                ),
            )


def _kind(fields: Fields | Localized, field: str) -> Kind:
    """Tell what a field holds; refuse one that does not exist. Of a localized field every language may be named."""
    if isinstance(fields, Localized):
        return TEXT
    kind = fields.get(field)
    if kind is None:
        raise malformed("where", f"The field '{field}' does not exist.")
    return kind


def _within(fields: Fields | Localized, field: str, custom_fields: CustomFields) -> Fields | Localized:
    """Tell which fields there are inside a field."""
    kind = _kind(fields, field)
    if isinstance(kind, CustomFieldsOf):
        return custom_fields(kind.resource_type_id)
    if isinstance(kind, str | Choice):
        raise malformed("where", f"The field '{field}' has no fields.")
    return kind


def _filled(operand: Operand, inputs: Inputs) -> list[Value]:
    """Give the values an operand stands for."""
    if not isinstance(operand, Variable):
        return [operand]
    values = inputs.get(operand.name)
    if not values:
        raise malformed("where", f"The input variable '{operand.name}' is not defined.")
    return list(values)


def _checked(field: str, kind: Kind, value: Value, *, from_input: bool) -> Value:
    """Give a value in the form in which the field holds it; refuse one of another kind."""
    if from_input and kind in (NUMBER, FLAG):
        value = _read_input(field, kind, str(value))
    if isinstance(kind, Choice):
        if value not in kind.values:
            raise malformed("where", f"Invalid enum value for {kind.name}: {value}")
        return value
    fits = {
        TEXT: isinstance(value, str),
        TIME: isinstance(value, str),
        FLAG: isinstance(value, bool),
        NUMBER: isinstance(value, int | float) and not isinstance(value, bool),
        ANY: True,
    }
    if not (isinstance(kind, str) and fits[kind]):
        raise malformed("where", f"The value '{value}' cannot be compared with the field '{field}'.")
    if kind != TIME:
        return value
    moment = stored_time(str(value))
    if moment is None:
        raise malformed("where", f"The value '{value}' is not a valid date and time.")
    return moment


def _read_input(field: str, kind: Kind, text: str) -> Value:
    """Read an input variable, which always arrives as text, as a number or a flag."""
    if kind == FLAG and text in ("true", "false"):
        return text == "true"
    try:
        return float(text) if "." in text else int(text[:_DIGITS_MAX])
    except ValueError:
        raise malformed("where", f"The value '{text}' cannot be compared with the field '{field}'.") from None


def _match(node: Node) -> Match:  # noqa: PLR0911 (one for each kind of node)
    """Make the function that matches a resource with a bound predicate."""
    match node:
        case Both(parts):
            conditions = [_match(part) for part in parts]
            return lambda resource: all(condition(resource) for condition in conditions)
        case Either(parts):
            conditions = [_match(part) for part in parts]
            return lambda resource: any(condition(resource) for condition in conditions)
        case Not(inner):
            opposite = _match(inner)
            return lambda resource: not opposite(resource)
        case Nested(field, inner):
            return _match_nested(field, _match(inner))
        case Present(field, "defined"):
            return lambda resource: resource.get(field) is not None
        case Present(field):
            return lambda resource: not resource.get(field)
        case Among(field, "in", values):
            members = frozenset(values)
            return lambda resource: _single(resource.get(field)) in members
        case Among(field, how, values):
            quantor = any if how == "any" else all
            return lambda resource: quantor(value in (resource.get(field) or ()) for value in values)
        case Compare(field, op, value):
            return _match_compare(field, op, value)


def _match_nested(field: str, inner: Match) -> Match:
    """Match what a field holds, or any element of the list it holds."""

    def matches(resource: Json) -> bool:
        held = resource.get(field)
        if isinstance(held, list):
            return any(inner(element) for element in held)
        return inner(held if isinstance(held, dict) else {})

    return matches


def _match_compare(field: str, op: str, value: Operand) -> Match:
    """Compare a field; one that is absent only differs."""
    compares = _OPERATIONS[op]
    if op in ("!=", "<>"):
        return lambda resource: bool(resource.get(field) != value)

    def matches(resource: Json) -> bool:
        held = resource.get(field)
        try:
            return held is not None and compares(held, value)
        except TypeError:  # an attribute may hold a value of any kind
            return False

    return matches


def _single(held: object) -> Value | None:
    """Give what can be a member of a set; an enum attribute counts by its key."""
    return held if isinstance(held, str | int | float) else None


def _values(node: Node, paths: frozenset[tuple[str, ...]], above: tuple[str, ...]) -> set[str] | None:
    """Tell the values one of these paths must have, or None."""
    match node:
        case Compare(field, "=", str() as value) if (*above, field) in paths:
            return {value}
        case Among(field, "in", values) if (*above, field) in paths:
            return {str(value) for value in values}
        case Nested(field, inner):
            return _values(inner, paths, (*above, field))
        case Both(parts):
            found = (_values(part, paths, above) for part in parts)
            return next((values for values in found if values is not None), None)
        case Either(parts):
            alternatives = [_values(part, paths, above) for part in parts]
            known = [values for values in alternatives if values is not None]
            return set().union(*known) if len(known) == len(alternatives) else None
        case _:
            return None


def _floor(node: Node, field: str) -> str | None:
    """Tell the text below which a field cannot match, or None."""
    match node:
        case Compare(named, ">" | ">=" | "=", str() as value) if named == field:
            return value
        case Both(parts):
            return max((floor for part in parts if (floor := _floor(part, field)) is not None), default=None)
        case Either(parts):
            floors = [floor for part in parts if (floor := _floor(part, field)) is not None]
            return min(floors) if len(floors) == len(parts) else None
        case _:
            return None
