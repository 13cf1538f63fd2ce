"""The types and channels Crossdock needs in a project, created once. Needs scopes of its own (manage_types, manage_channels).

A type the merchant already uses is only ever added to: our fields begin with `amazon-`, and a field that exists is left as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from crossdock.commercetools.client import Client
from crossdock.domain.order_fields import LINE_FIELDS, ORDER_FIELDS, FieldSpec


class _Definition(msgspec.Struct):
    name: str


class _Type(msgspec.Struct, rename="camel"):
    id: str
    key: str
    version: int
    resource_type_ids: list[str] = []
    field_definitions: list[_Definition] = []


class _Channel(msgspec.Struct):
    id: str
    version: int
    roles: list[str] = []


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that is missing in the project: what `provision` would do, in words, and whether it was done."""

    what: str
    done: bool


class Provision:
    """The set-up of one project."""

    def __init__(self, client: Client) -> None:
        """`client`: the API client with the set-up scopes."""
        self._client = client

    def ensure(
        self, *, order_type: str, line_type: str, supply_channel: str | None, sync_channel: str | None, dry_run: bool
    ) -> list[Step]:
        """Create or complete what is missing, or with `dry_run` only say so. Repeating is safe; an empty list means all is there."""
        steps = [*self._type(order_type, "Amazon order", ["order"], ORDER_FIELDS, dry_run=dry_run)]
        steps += self._type(
            line_type, "Amazon order line", ["line-item", "custom-line-item"], LINE_FIELDS, dry_run=dry_run
        )
        if supply_channel is not None:
            steps += self._channel(supply_channel, ["InventorySupply"], dry_run=dry_run)
        if sync_channel is not None:
            steps += self._channel(sync_channel, ["OrderImport"], dry_run=dry_run)
        return steps

    def _type(
        self, key: str, name: str, resources: Sequence[str], fields: Sequence[FieldSpec], *, dry_run: bool
    ) -> list[Step]:
        found = self._client.find("getTypeByKey", f"/types/key={key}", _Type)
        if found is None:
            draft = {
                "key": key,
                "name": {"en": name},
                "resourceTypeIds": list(resources),
                "fieldDefinitions": [field_definition(spec) for spec in fields],
            }
            if not dry_run:
                self._client.post("createType", "/types", draft, _Type)
            return [
                Step(f"create the type {key} for {', '.join(resources)} with {len(fields)} fields", done=not dry_run)
            ]
        present = {definition.name for definition in found.field_definitions}
        missing = [spec for spec in fields if spec.name not in present]
        if missing and not dry_run:
            actions = [{"action": "addFieldDefinition", "fieldDefinition": field_definition(spec)} for spec in missing]
            self._client.post("updateType", f"/types/{found.id}", {"version": found.version, "actions": actions}, _Type)
        return [Step(f"add the field {spec.name} to the type {key}", done=not dry_run) for spec in missing]

    def _channel(self, key: str, roles: list[str], *, dry_run: bool) -> list[Step]:
        found = self._client.find("getChannelByKey", f"/channels/key={key}", _Channel)
        if found is None:
            if not dry_run:
                self._client.post(
                    "createChannel", "/channels", {"key": key, "roles": roles, "name": {"en": key}}, _Channel
                )
            return [Step(f"create the channel {key} with the role {', '.join(roles)}", done=not dry_run)]
        missing = [role for role in roles if role not in found.roles]
        if missing and not dry_run:
            body = {"version": found.version, "actions": [{"action": "addRoles", "roles": missing}]}
            self._client.post("updateChannel", f"/channels/{found.id}", body, _Channel)
        return [Step(f"give the channel {key} the role {role}", done=not dry_run) for role in missing]


class Channels:
    """The ids of the channels the policy names, read once each."""

    def __init__(self, client: Client, keys: Sequence[str]) -> None:
        """`keys`: the channels we may meet in an order's sync info."""
        self._client = client
        self._wanted = tuple(keys)
        self._keys: dict[str, str] = {}

    def key_of(self, channel_id: str) -> str:
        """The key of a channel id; the id itself for a channel the policy does not name."""
        for key in self._wanted if channel_id not in self._keys else ():
            found = self._client.find("getChannelByKey", f"/channels/key={key}", _Channel)
            if found is not None:
                self._keys[found.id] = key
        return self._keys.setdefault(channel_id, channel_id)


def field_definition(spec: FieldSpec) -> dict[str, Any]:
    """One field as commercetools defines it; never required, so that a merchant's own process may leave it out."""
    is_set = spec.type.startswith("Set:")
    kind: dict[str, Any] = {"name": "Set", "elementType": {"name": spec.type[4:]}} if is_set else {"name": spec.type}
    return {"name": spec.name, "label": {"en": spec.label}, "required": False, "type": kind}
