"""The `where` parameter of commercetools: a predicate is checked against a resource's fields, then matched with it.

A field that is absent differs from every value, so `!=` and `not` match it.
"""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from crossdock.twin.commercetools_bodies import stored_time
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
from crossdock.twin.commercetools_refusals import Json, malformed
from crossdock.twin.commercetools_syntax import (
    DIGITS_MAX,
    Among,
    Both,
    Compare,
    Either,
    Nested,
    Node,
    Not,
    Operand,
    Present,
    Value,
    Variable,
    parse,
)

Inputs: TypeAlias = Mapping[str, list[str]]
CustomFields: TypeAlias = Callable[[str], Fields]
Match: TypeAlias = Callable[[Json], bool]

_OPERATIONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<>": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}


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
    node = _bind(parse(text), fields, inputs, custom_fields)
    return Predicate(node, _match(node))


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
        return float(text) if "." in text else int(text[:DIGITS_MAX])
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
