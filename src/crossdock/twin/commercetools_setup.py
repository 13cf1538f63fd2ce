"""What a project is set up with in commercetools: channels, states, and whether messages are kept."""

from crossdock.twin.commercetools_bodies import update_of
from crossdock.twin.commercetools_custom import set_custom_field, set_custom_type, stored_address, stored_custom
from crossdock.twin.commercetools_drafts import Address, ChannelRole, Identifier, Name
from crossdock.twin.commercetools_project import MESSAGE_DAYS, Project, Stamp
from crossdock.twin.commercetools_refusals import (
    Json,
    invalid_operation,
    version_conflict,
)
from crossdock.twin.commercetools_setup_drafts import MessagesConfiguration
from crossdock.twin.commercetools_updates import Act, Edit, apply, custom_shapes, setter, shape


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
    """Change the key of a channel or a state."""
    shelf = edit.project.states if "builtIn" in edit.resource else edit.project.channels
    shelf.check_unique("key", action["key"], edit.resource["id"])
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
STATE_UPDATE = update_of(
    shape("setTransitions", transitions=list[Identifier] | None),
    shape("setName", name=Name),
    shape("setDescription", description=Name),
    shape("changeKey", key=str),
    shape("changeInitial", initial=bool),
)
PROJECT_UPDATE = update_of(shape("changeMessagesConfiguration", messagesConfiguration=MessagesConfiguration))
