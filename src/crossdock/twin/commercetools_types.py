"""Types in commercetools: which custom fields there are, for which resources, and what each may hold."""

import re
from collections.abc import Mapping
from typing import Any

from crossdock.twin.commercetools_bodies import update_of
from crossdock.twin.commercetools_custom import checked_key
from crossdock.twin.commercetools_drafts import Name
from crossdock.twin.commercetools_project import Project, Stamp
from crossdock.twin.commercetools_refusals import (
    Json,
    duplicate_field,
    invalid_field,
    invalid_input,
    invalid_json,
    invalid_operation,
)
from crossdock.twin.commercetools_setup_drafts import EnumValue, FieldDefinition
from crossdock.twin.commercetools_updates import Act, Edit, apply, setter, shape

_FIELD_NAME = re.compile(r"[A-Za-z0-9_-]{2,36}")
_NEEDED = {"Enum": "values", "LocalizedEnum": "values", "Reference": "referenceTypeId", "Set": "elementType"}
_RESOURCE_TYPES = frozenset(
    [
        "address",
        "asset",
        "approval-flow",
        "approval-rule",
        "associate-role",
        "business-unit",
        "cart-discount",
        "category",
        "channel",
        "customer",
        "customer-group",
        "custom-line-item",
        "discount-code",
        "inventory-entry",
        "line-item",
        "order",
        "order-edit",
        "order-delivery",
        "order-parcel",
        "order-return-item",
        "payment",
        "payment-interface-interaction",
        "payment-method",
        "payment-method-info",
        "product-price",
        "product-selection",
        "product-tailoring",
        "quote",
        "reservation",
        "review",
        "recurring-order",
        "shipping",
        "shipping-method",
        "shopping-list",
        "shopping-list-text-line-item",
        "standalone-price",
        "store",
        "transaction",
    ]
)


def create_type(project: Project, draft: Json, stamp: Stamp) -> Json:
    """Create a type with its field definitions."""
    checked_key(draft["key"])
    for resource_type_id in draft["resourceTypeIds"]:
        if resource_type_id not in _RESOURCE_TYPES:
            raise invalid_field("resourceTypeIds", resource_type_id)
    fields = draft | {"fieldDefinitions": []}
    for definition in draft.get("fieldDefinitions", ()):
        _add_definition(project, fields, definition)
    return project.create(project.types, fields, stamp)


def update_type(project: Project, custom_type: Json, update: Json, stamp: Stamp) -> Json:
    """Update a type; give it as it is afterwards."""
    return apply(project, project.types, custom_type, update, actions=_TYPE_ACTIONS, stamp=stamp)


def _add_definition(project: Project, custom_type: Json, definition: Json) -> None:
    """Add a field to a type; a field of that name in another type of the same resource must have the same type."""
    name = definition["name"]
    if not _FIELD_NAME.fullmatch(name):
        raise invalid_field("name", name, "The name of a field must match [A-Za-z0-9_-]{2,36}.")
    _check_field_type(definition["type"])
    if any(each["name"] == name for each in custom_type["fieldDefinitions"]):
        raise duplicate_field("name", name)
    for other in project.types:
        if other["id"] == custom_type.get("id") or not (
            set(other["resourceTypeIds"]) & set(custom_type["resourceTypeIds"])
        ):
            continue
        for each in other["fieldDefinitions"]:
            if each["name"] == name and each["type"]["name"] != definition["type"]["name"]:
                raise invalid_input(f"The type '{other['key']}' defines the field '{name}' with another type.")
    custom_type["fieldDefinitions"].append({"inputHint": "SingleLine", **definition})


def _check_field_type(field_type: Mapping[str, Any]) -> None:
    """Refuse a field type that lacks what it needs."""
    needed = _NEEDED.get(field_type["name"])
    if needed is not None and needed not in field_type:
        raise invalid_json(f"fieldDefinition -> type -> {needed}: Missing required value")
    if field_type["name"] == "Set":
        _check_field_type(field_type["elementType"])


def _add_field(edit: Edit, action: Json) -> None:
    """Add a field to a type."""
    _add_definition(edit.project, edit.resource, action["fieldDefinition"])


def _remove_field(edit: Edit, action: Json) -> None:
    """Remove a field from a type; the platform then also removes its values, in its own time, and the twin does not."""
    definitions = edit.resource["fieldDefinitions"]
    left = [each for each in definitions if each["name"] != action["fieldName"]]
    if len(left) == len(definitions):
        raise invalid_operation(f"The type has no field '{action['fieldName']}'.")
    edit.resource["fieldDefinitions"] = left


def _field_type(edit: Edit, action: Json, kind: str) -> Json:
    """Find the enum of a field, which may also be the elements of a set."""
    for each in edit.resource["fieldDefinitions"]:
        if each["name"] == action["fieldName"]:
            held: Json = each["type"]["elementType"] if each["type"]["name"] == "Set" else each["type"]
            if held["name"] == kind:
                return held
    raise invalid_operation(f"The type has no field '{action['fieldName']}' of the type {kind}.")


def _add_enum_value(kind: str) -> Act:
    """Make the action that adds a value to an enum."""

    def act(edit: Edit, action: Json) -> None:
        values = _field_type(edit, action, kind)["values"]
        if any(each["key"] == action["value"]["key"] for each in values):
            raise duplicate_field("key", action["value"]["key"])
        values.append(action["value"])

    return act


def _change_label(edit: Edit, action: Json) -> None:
    """Change what a field is called."""
    for each in edit.resource["fieldDefinitions"]:
        if each["name"] == action["fieldName"]:
            each["label"] = action["label"]
            return
    raise invalid_operation(f"The type has no field '{action['fieldName']}'.")


def _change_key(edit: Edit, action: Json) -> None:
    """Change the key."""
    edit.project.types.check_unique("key", action["key"], edit.resource["id"])
    edit.set("key", checked_key(action["key"]))


_TYPE_ACTIONS: dict[str, Act] = {
    "addFieldDefinition": _add_field,
    "removeFieldDefinition": _remove_field,
    "addEnumValue": _add_enum_value("Enum"),
    "addLocalizedEnumValue": _add_enum_value("LocalizedEnum"),
    "changeLabel": _change_label,
    "changeFieldDefinitionLabel": _change_label,
    "changeKey": _change_key,
    "changeName": setter("name"),
    "setDescription": setter("description"),
}

TYPE_UPDATE = update_of(
    shape("addFieldDefinition", fieldDefinition=FieldDefinition),
    shape("removeFieldDefinition", fieldName=str),
    shape("addEnumValue", fieldName=str, value=EnumValue),
    shape("addLocalizedEnumValue", fieldName=str, value=EnumValue),
    shape("changeLabel", fieldName=str, label=Name),
    shape("changeFieldDefinitionLabel", fieldName=str, label=Name),
    shape("changeKey", key=str),
    shape("changeName", name=Name),
    shape("setDescription", description=Name | None),
)
