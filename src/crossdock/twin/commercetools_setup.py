"""What a project is set up with in commercetools: channels, types, states, and whether messages are kept."""

import re
from collections.abc import Mapping
from typing import Any

from crossdock.twin.commercetools_custom import set_custom_field, set_custom_type, stored_custom
from crossdock.twin.commercetools_drafts import (
    Address,
    ChannelRole,
    FieldDefinition,
    Identifier,
    MessagesConfiguration,
    Name,
    update_of,
)
from crossdock.twin.commercetools_orders import stored_address
from crossdock.twin.commercetools_project import MESSAGE_DAYS, Project, Stamp
from crossdock.twin.commercetools_refusals import (
    Json,
    duplicate_field,
    invalid_field,
    invalid_input,
    invalid_operation,
    version_conflict,
)
from crossdock.twin.commercetools_updates import Act, Edit, apply, custom_shapes, setter, shape

_FIELD_NAME = re.compile(r"[A-Za-z0-9_-]{2,36}")
_KEY = re.compile(r"[A-Za-z0-9_-]{2,256}")
_FIELD_TYPES = frozenset(
    [
        "Boolean",
        "String",
        "LocalizedString",
        "Enum",
        "LocalizedEnum",
        "Number",
        "Money",
        "Date",
        "Time",
        "DateTime",
        "Reference",
        "Set",
    ]
)
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


def create_channel(project: Project, draft: Json, stamp: Stamp) -> Json:
    """Create a channel; without roles it supplies inventory."""
    if not draft["key"]:
        raise invalid_operation("The key of a channel must not be empty.")
    fields = {name: value for name, value in draft.items() if name not in ("custom", "address")}
    fields["roles"] = _roles(draft.get("roles", ["InventorySupply"]))
    if "address" in draft:
        fields["address"] = stored_address(project, draft["address"])
    custom = stored_custom(project, draft.get("custom"), "channel")
    if custom is not None:
        fields["custom"] = custom
    return project.create(project.channels, fields, stamp)


def update_channel(project: Project, channel: Json, update: Json, stamp: Stamp) -> Json:
    """Update a channel; give it as it is afterwards."""
    return apply(project, project.channels, channel, update, actions=_CHANNEL_ACTIONS, stamp=stamp)


def create_type(project: Project, draft: Json, stamp: Stamp) -> Json:
    """Create a type with its field definitions."""
    if not _KEY.fullmatch(draft["key"]):
        raise invalid_field("key", draft["key"], "A key must match [A-Za-z0-9_-]{2,256}.")
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


def create_state(project: Project, draft: Json, stamp: Stamp) -> Json:
    """Create a state of a workflow."""
    if not draft["key"]:
        raise invalid_operation("The key of a state must not be empty.")
    fields = draft | {"initial": draft.get("initial", True), "builtIn": False}
    if "transitions" in draft:
        fields["transitions"] = _transitions(project, draft["transitions"], draft["type"])
    return project.create(project.states, fields, stamp)


def update_state(project: Project, state: Json, update: Json, stamp: Stamp) -> Json:
    """Update a state; give it as it is afterwards."""
    return apply(project, project.states, state, update, actions=_STATE_ACTIONS, stamp=stamp)


def project_settings(project: Project) -> Json:
    """Give the project itself as the platform describes it."""
    return {
        "version": project.version,
        "key": project.key,
        "name": project.key,
        "countries": list(project.countries),
        "currencies": list(project.currencies),
        "languages": list(project.languages),
        "createdAt": project.created_at,
        "messages": {
            "enabled": project.messages_enabled,
            "deleteDaysAfterCreation": project.delete_days_after_creation,
        },
        "carts": {"deleteDaysAfterLastModification": 90, "countryTaxRateFallbackEnabled": False},
        "inventory": {"releaseExpiredReservations": True},
        "discounts": {"discountCombinationMode": "Stacking"},
        "productCatalogModel": project.product_catalog_model,
    }


def update_project(project: Project, update: Json) -> Json:
    """Switch messages on or off and say how long they are kept."""
    if update["version"] != project.version:
        raise version_conflict(project.key, update["version"], project.version)
    for action in update["actions"]:
        configuration = action["messagesConfiguration"]
        project.messages_enabled = configuration["enabled"]
        project.delete_days_after_creation = configuration.get("deleteDaysAfterCreation", MESSAGE_DAYS)
        project.version += 1
    return project_settings(project)


def _roles(roles: list[str]) -> list[str]:
    """Give the roles of a channel, each once; refuse none at all."""
    if not roles:
        raise invalid_operation("A channel must have at least one role.")
    return list(dict.fromkeys(roles))


def _change_roles(change: str) -> Act:
    """Make the action that adds, removes or sets roles."""

    def act(edit: Edit, action: Json) -> None:
        before, named = edit.resource["roles"], action["roles"]
        after = {
            "add": [*before, *named],
            "remove": [role for role in before if role not in named],
            "set": named,
        }[change]
        edit.resource["roles"] = _roles(after)

    return act


def _change_key(edit: Edit, action: Json) -> None:
    """Change the key of a channel, type or state."""
    shelf = {"roles": edit.project.channels, "fieldDefinitions": edit.project.types}
    holder = next((shelf[name] for name in shelf if name in edit.resource), edit.project.states)
    holder.check_unique("key", action["key"], edit.resource["id"])
    edit.set("key", action["key"])


def _set_address(edit: Edit, action: Json) -> None:
    """Set or remove where a channel is."""
    edit.set("address", stored_address(edit.project, action["address"]) if "address" in action else None)


def _set_channel_custom_type(edit: Edit, action: Json) -> None:
    """Replace or remove a channel's type and custom fields."""
    set_custom_type(edit.project, edit.resource, action, "channel")


def _set_channel_custom_field(edit: Edit, action: Json) -> None:
    """Set or remove one custom field of a channel."""
    set_custom_field(edit.project, edit.resource, action)


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
    """Refuse a field type that does not exist or lacks what it needs."""
    name = field_type.get("name")
    if name not in _FIELD_TYPES:
        raise invalid_field("type", name)
    needed = _NEEDED.get(name)
    if needed is not None and needed not in field_type:
        raise invalid_field("type", name, f"The field type {name} needs '{needed}'.")
    if name == "Set":
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
        if any(each["key"] == action["value"].get("key") for each in values):
            raise duplicate_field("key", action["value"].get("key"))
        values.append(action["value"])

    return act


def _change_label(edit: Edit, action: Json) -> None:
    """Change what a field is called."""
    for each in edit.resource["fieldDefinitions"]:
        if each["name"] == action["fieldName"]:
            each["label"] = action["label"]
            return
    raise invalid_operation(f"The type has no field '{action['fieldName']}'.")


def _transitions(project: Project, identifiers: list[Json], state_type: str) -> list[Json]:
    """Give the states that may follow, all of the same type."""
    states = [project.find("state", identifier) for identifier in identifiers]
    for state in states:
        if state["type"] != state_type:
            raise invalid_operation(f"The state '{state['key']}' is not a {state_type}.")
    return [{"typeId": "state", "id": state["id"]} for state in states]


def _set_transitions(edit: Edit, action: Json) -> None:
    """Say which states may follow; without a list, any may."""
    wanted = action.get("transitions")
    after = None if wanted is None else _transitions(edit.project, wanted, edit.resource["type"])
    edit.set("transitions", after)


_CHANNEL_ACTIONS: dict[str, Act] = {
    "addRoles": _change_roles("add"),
    "removeRoles": _change_roles("remove"),
    "setRoles": _change_roles("set"),
    "changeKey": _change_key,
    "changeName": setter("name"),
    "changeDescription": setter("description"),
    "setAddress": _set_address,
    "setCustomType": _set_channel_custom_type,
    "setCustomField": _set_channel_custom_field,
}
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
_STATE_ACTIONS: dict[str, Act] = {
    "setTransitions": _set_transitions,
    "setName": setter("name"),
    "setDescription": setter("description"),
    "changeKey": _change_key,
    "changeInitial": setter("initial"),
}

CHANNEL_UPDATE = update_of(
    shape("addRoles", roles=list[ChannelRole]),
    shape("removeRoles", roles=list[ChannelRole]),
    shape("setRoles", roles=list[ChannelRole]),
    shape("changeKey", key=str),
    shape("changeName", name=Name),
    shape("changeDescription", description=Name),
    shape("setAddress", address=Address | None),
    *custom_shapes(),
)
TYPE_UPDATE = update_of(
    shape("addFieldDefinition", fieldDefinition=FieldDefinition),
    shape("removeFieldDefinition", fieldName=str),
    shape("addEnumValue", fieldName=str, value=dict[str, Any]),
    shape("addLocalizedEnumValue", fieldName=str, value=dict[str, Any]),
    shape("changeLabel", fieldName=str, label=Name),
    shape("changeFieldDefinitionLabel", fieldName=str, label=Name),
    shape("changeKey", key=str),
    shape("changeName", name=Name),
    shape("setDescription", description=Name | None),
)
STATE_UPDATE = update_of(
    shape("setTransitions", transitions=list[Identifier] | None),
    shape("setName", name=Name),
    shape("setDescription", description=Name),
    shape("changeKey", key=str),
    shape("changeInitial", initial=bool),
)
PROJECT_UPDATE = update_of(shape("changeMessagesConfiguration", messagesConfiguration=MessagesConfiguration))
