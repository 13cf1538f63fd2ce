"""Applying an update: the version must be the current one, and either every action takes effect or none does.

The actions of each kind of resource are a table from the action's name to a function that changes a copy.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from crossdock.twin.commercetools_drafts import Identifier
from crossdock.twin.commercetools_project import Project, Stamp
from crossdock.twin.commercetools_refusals import Json, invalid_input, version_conflict
from crossdock.twin.commercetools_shelf import Shelf

ACTIONS_MAX = 500  # update actions in one request


@dataclass
class Edit:
    """A resource while it is being updated: a copy to change, and what will be told about it."""

    project: Project
    resource: Json
    stamp: Stamp
    news: list[tuple[int, str, Json]] = field(default_factory=list)

    def tell(self, message: str, **fields: object) -> None:
        """Tell about a change once the update is done; what is None is left out."""
        told = {name: value for name, value in fields.items() if value is not None}
        self.news.append((self.resource["version"], message, told))

    def set(self, name: str, value: object) -> Any:
        """Set a field, or remove it if the value is None; give what it held before."""
        before = self.resource.get(name)
        if value is None:
            self.resource.pop(name, None)
        else:
            self.resource[name] = value
        return before


Act = Callable[[Edit, Json], None]


def setter(name: str, message: str | None = None, *, given: str | None = None, old: str | None = None) -> Act:
    """Make the action that sets one field from the input of the same name, or removes it without an input."""
    given = given or name

    def act(edit: Edit, action: Json) -> None:
        before = edit.set(name, action.get(given))
        if message is not None:
            told = {given: action.get(given)}
            edit.tell(message, **(told | {old: before} if old else told))

    return act


def shape(name: str, /, **fields: Any) -> Any:
    """Make the shape of an action; a field whose type allows None may be absent."""
    required = [(field_name, kind) for field_name, kind in fields.items() if not _optional(kind)]
    optional = [(field_name, kind, None) for field_name, kind in fields.items() if _optional(kind)]
    return msgspec.defstruct(name, [*required, *optional], tag_field="action", tag=name, omit_defaults=True)


def custom_shapes(**also: Any) -> tuple[Any, Any]:
    """Make the shapes of `setCustomType` and `setCustomField`."""
    return (
        shape("setCustomType", type=Identifier | None, fields=dict[str, Any] | None, **also),
        shape("setCustomField", name=str, value=Any, **also),
    )


def check_version(resource: Json, version: int) -> None:
    """Refuse a version that is not the current one."""
    if version != resource["version"]:
        raise version_conflict(resource["id"], version, resource["version"])


def apply(
    project: Project, shelf: Shelf, resource: Json, update: Json, *, actions: Mapping[str, Act], stamp: Stamp
) -> Json:
    """Apply an update and give the resource as it is afterwards; one that changes nothing raises no version."""
    if len(update["actions"]) > ACTIONS_MAX:
        raise invalid_input(f"An update may have at most {ACTIONS_MAX} actions, got {len(update['actions'])}.")
    check_version(resource, update["version"])
    copy: Json = msgspec.json.decode(msgspec.json.encode(resource))
    edit = Edit(project, copy, stamp)
    for action in update["actions"]:
        copy["version"] += 1
        actions[action["action"]](edit, action)
    if copy == resource | {"version": copy["version"]}:
        return resource
    copy["lastModifiedAt"], copy["lastModifiedBy"] = stamp.at, stamp.by
    shelf.put(copy)
    for version, message, fields in edit.news:
        project.tell(shelf, copy | {"version": version}, message, fields, stamp=stamp)
    return copy


def _optional(kind: object) -> bool:
    """Tell whether a field of an action may be absent."""
    return kind is Any or type(None) in getattr(kind, "__args__", ())
