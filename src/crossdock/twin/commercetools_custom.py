"""Custom fields: a type is used only where it may be, and each value is what its field definition says.

Addresses are here because they can have custom fields, wherever they are.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from crossdock.twin.commercetools_bodies import stored_time
from crossdock.twin.commercetools_fields import (
    FLAG,
    MONEY,
    NUMBER,
    REFERENCE,
    TEXT,
    TIME,
    Fields,
    Kind,
    Localized,
)
from crossdock.twin.commercetools_money import stored
from crossdock.twin.commercetools_predicates import CustomFields
from crossdock.twin.commercetools_project import Project
from crossdock.twin.commercetools_refusals import (
    Json,
    RefusedError,
    invalid_field,
    invalid_operation,
    no_such_reference,
    required_field,
)

_KEY = re.compile(r"[A-Za-z0-9_-]{2,256}")
_KINDS: Mapping[str, Kind] = {
    "Boolean": FLAG,
    "Number": NUMBER,
    "DateTime": TIME,
    "LocalizedString": Localized(),
    "Money": MONEY,
    "Reference": REFERENCE,
}
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_TIME = re.compile(r"\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?")


def custom_fields_of(project: Project) -> CustomFields:
    """Tell which custom fields a project's types define for a kind of resource, and what each holds."""

    def known(resource_type_id: str) -> Fields:
        return {
            definition["name"]: _kind_of(definition["type"])
            for resource_type in project.types
            if resource_type_id in resource_type["resourceTypeIds"]
            for definition in resource_type["fieldDefinitions"]
        }

    return known


def stored_custom(project: Project, draft: Json | None, resource_type_id: str) -> Json | None:
    """Check the custom fields of a draft and give them as they are stored, None if there are none."""
    if draft is None or not draft.get("type"):
        return None
    custom_type = project.find("type", draft["type"])
    if resource_type_id not in custom_type["resourceTypeIds"]:
        raise invalid_operation(f"The type '{custom_type['key']}' is not defined for '{resource_type_id}'.")
    fields = {
        name: _stored_value(project, custom_type, name, value)
        for name, value in draft.get("fields", {}).items()
        if value is not None
    }
    for definition in custom_type["fieldDefinitions"]:
        if definition["required"] and definition["name"] not in fields:
            raise required_field(definition["name"])
    return {"type": {"typeId": "type", "id": custom_type["id"]}, "fields": fields}


def stored_address(project: Project, draft: Json) -> Json:
    """Give an address as it is stored."""
    if "custom" not in draft:
        return draft
    custom = stored_custom(project, draft["custom"], "address")
    return {name: value for name, value in draft.items() if name != "custom"} | ({"custom": custom} if custom else {})


def checked_key(key: str) -> str:
    """Give a key; refuse one that is no key."""
    if not _KEY.fullmatch(key):
        raise invalid_field("key", key, "A key must match [A-Za-z0-9_-]{2,256}.")
    return key


def set_custom_type(project: Project, resource: Json, action: Json, resource_type_id: str) -> None:
    """Replace the type and the custom fields of a resource; without a type, remove them."""
    custom = stored_custom(project, action, resource_type_id)
    if custom is None:
        resource.pop("custom", None)
    else:
        resource["custom"] = custom


def set_custom_field(project: Project, resource: Json, action: Json) -> tuple[Any, Any]:
    """Set or remove one custom field of a resource; give its value before and after."""
    custom = resource.get("custom")
    name, value = action["name"], action.get("value")
    if custom is None:
        raise invalid_operation(f"The resource has no custom type, so the field '{name}' cannot be set.")
    custom_type = project.find("type", custom["type"])
    definition = _definition(custom_type, name)
    before = custom["fields"].get(name)
    if value is None:
        if definition is not None and definition["required"]:
            raise required_field(name)
        if before is None:
            raise invalid_operation(f"The field '{name}' does not exist and cannot be removed.")
        del custom["fields"][name]
        return before, None
    custom["fields"][name] = _stored_value(project, custom_type, name, value)
    return before, custom["fields"][name]


def _definition(custom_type: Json, name: str) -> Json | None:
    """Find the definition of a field in its type."""
    return next((each for each in custom_type["fieldDefinitions"] if each["name"] == name), None)


def _stored_value(project: Project, custom_type: Json, name: str, value: object) -> object:
    """Check one value and give it as it is stored."""
    definition = _definition(custom_type, name)
    if definition is None:
        # The code for a field that its type does not define is not published; this is the nearest one that is.
        raise invalid_field(name, value, f"The field '{name}' is not defined in the type '{custom_type['key']}'.")
    return _fitting(project, definition["type"], name, value)


def _fitting(project: Project, field_type: Mapping[str, Any], name: str, value: object) -> object:
    """Give a value of a field type as it is stored; refuse one that does not fit."""
    fits = _FITS.get(field_type["name"])
    if fits is not None:
        if not fits(field_type, value):
            raise invalid_field(name, value)
        return value
    match field_type["name"], value:
        case "DateTime", str() if (moment := stored_time(value)) is not None:
            return moment
        case "Money", dict() if isinstance(value.get("currencyCode"), str):
            return _fitting_money(name, value)
        case "Reference", dict() if value.get("typeId") == field_type["referenceTypeId"]:
            return _fitting_reference(project, name, value)
        case "Set", list():
            return [_fitting(project, field_type["elementType"], name, element) for element in value]
        case _:
            raise invalid_field(name, value)


def _fitting_money(name: str, value: Json) -> Json:
    """Give a money value as it is stored."""
    if any(type(value.get(each, 0)) is not int for each in ("centAmount", "preciseAmount", "fractionDigits")):
        raise invalid_field(name, value)
    try:
        return stored(value, name)
    except RefusedError as error:
        raise invalid_field(name, value) from error


def _fitting_reference(project: Project, name: str, value: Json) -> Json:
    """Give a reference as it is stored; what the twin has no shelf for cannot be there."""
    type_id, identifier = value["typeId"], value.get("id")
    if not isinstance(identifier, str):
        raise invalid_field(name, value)
    if project.resolve(type_id, identifier) is None:
        raise no_such_reference(type_id, by_id=identifier)
    return {"typeId": type_id, "id": identifier}


def _is_localized(value: object) -> bool:
    """Tell whether a value is a text in several languages."""
    return isinstance(value, dict) and all(isinstance(text, str) for text in value.values())


def _is_key(field_type: Mapping[str, Any], value: object) -> bool:
    """Tell whether a value is one of an enum's keys."""
    return any(each["key"] == value for each in field_type["values"])


_FITS: Mapping[str, Callable[[Mapping[str, Any], object], bool]] = {
    "Boolean": lambda _, value: isinstance(value, bool),
    "String": lambda _, value: isinstance(value, str),
    "LocalizedString": lambda _, value: _is_localized(value),
    "Enum": _is_key,
    "LocalizedEnum": _is_key,
    "Number": lambda _, value: isinstance(value, int | float) and not isinstance(value, bool),
    "Date": lambda _, value: isinstance(value, str) and bool(_DATE.fullmatch(value)),
    "Time": lambda _, value: isinstance(value, str) and bool(_TIME.fullmatch(value)),
}


def _kind_of(field_type: Mapping[str, Any]) -> Kind:
    """Tell what a predicate may compare a custom field of this type with."""
    if field_type["name"] == "Set":
        return _kind_of(field_type["elementType"])
    return _KINDS.get(field_type["name"], TEXT)
