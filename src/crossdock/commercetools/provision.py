"""The types, channels and messages Crossdock needs in a project, made once. Needs scopes of its own: manage_types, manage_channels, manage_project_settings.

A type the merchant already uses is only ever added to: our fields begin with `amazon-`, and a field that exists is left as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from crossdock.commercetools.client import Client
from crossdock.commercetools.queries import PAGE_SIZE_MAX, query_path, quoted
from crossdock.domain.inventory import STOCK_FIELDS
from crossdock.domain.order_fields import LINE_FIELDS, ORDER_FIELDS, FieldSpec
from crossdock.errors import DataError

STOCK_RESOURCE = "inventory-entry"
# Messages of an import hold the whole order, address included, so they go before personal data does (30 days); two weeks bear a long outage of ours.
MESSAGE_DAYS = 15


class _Kind(msgspec.Struct, rename="camel"):
    name: str = ""
    element_type: _Kind | None = None


class _Definition(msgspec.Struct):
    name: str
    type: _Kind | None = None


class _Type(msgspec.Struct, rename="camel"):
    id: str
    key: str
    version: int
    resource_type_ids: list[str] = []
    field_definitions: list[_Definition] = []


class _Types(msgspec.Struct):
    results: list[_Type] = []


class _MessagesKept(msgspec.Struct):
    enabled: bool = False


class _Project(msgspec.Struct):
    version: int
    messages: _MessagesKept | None = None


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
        self,
        *,
        order_type: str,
        line_type: str,
        supply_channels: Sequence[str],
        sync_channel: str | None,
        dry_run: bool,
        stock_type: str | None = None,
        messages: bool = False,
    ) -> list[Step]:
        """Create or complete what is missing, or with `dry_run` only say so. Repeating is safe; an empty list means all is there.

        `stock_type`: the type for our note on stock, where stock is written. `messages`: whether stock changes are to be heard of by polling.
        DataError where a type that exists cannot hold the note.
        """
        steps = [*self._type(order_type, "Amazon order", ["order"], ORDER_FIELDS, dry_run=dry_run)]
        steps += self._type(
            line_type, "Amazon order line", ["line-item", "custom-line-item"], LINE_FIELDS, dry_run=dry_run
        )
        for key in supply_channels:
            steps += self._channel(key, ["InventorySupply"], dry_run=dry_run)
        if sync_channel is not None:
            steps += self._channel(sync_channel, ["OrderImport"], dry_run=dry_run)
        if messages:
            steps += self._messages(dry_run=dry_run)
        if stock_type is not None:
            steps += self._stock_types(stock_type, dry_run=dry_run)
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
        return self._complete(found, fields, dry_run=dry_run)

    def _complete(self, found: _Type, fields: Sequence[FieldSpec], *, dry_run: bool) -> list[Step]:
        """Add the fields that a type lacks."""
        present = {definition.name for definition in found.field_definitions}
        missing = [spec for spec in fields if spec.name not in present]
        if missing and not dry_run:
            actions = [{"action": "addFieldDefinition", "fieldDefinition": field_definition(spec)} for spec in missing]
            self._client.post("updateType", f"/types/{found.id}", {"version": found.version, "actions": actions}, _Type)
        return [Step(f"add the field {spec.name} to the type {found.key}", done=not dry_run) for spec in missing]

    def _stock_types(self, key: str, *, dry_run: bool) -> list[Step]:
        """The type for stock that has none, and our field on every other type that stock may have already: a resource has one type at a time."""
        types = list(self._types())
        in_use = [each for each in types if STOCK_RESOURCE in each.resource_type_ids]
        _check_stock_types(next((each for each in types if each.key == key), None), in_use)
        steps = self._type(key, "Amazon stock", [STOCK_RESOURCE], STOCK_FIELDS, dry_run=dry_run)
        for found in in_use:
            if found.key != key:
                steps += self._complete(found, STOCK_FIELDS, dry_run=dry_run)
        return steps

    def _types(self) -> Iterator[_Type]:
        """All types of the project, page by page."""
        where = ""
        while True:
            page = self._client.get("queryTypes", query_path("/types", where, ["id asc"]), _Types).results
            yield from page
            if len(page) < PAGE_SIZE_MAX:
                return
            where = f"id > {quoted([page[-1].id])}"

    def _messages(self, *, dry_run: bool) -> list[Step]:
        """Messages switched on; where they are on, how long they are kept stays the merchant's affair."""
        project = self._client.get("getProject", "", _Project)
        if project.messages is not None and project.messages.enabled:
            return []
        if not dry_run:
            kept = {"enabled": True, "deleteDaysAfterCreation": MESSAGE_DAYS}
            actions = [{"action": "changeMessagesConfiguration", "messagesConfiguration": kept}]
            self._client.post("updateProject", "", {"version": project.version, "actions": actions}, _Project)
        what = f"switch on the project's messages, each kept {MESSAGE_DAYS} days: the list of changes where Crossdock hears of stock and orders"
        return [Step(what, done=not dry_run)]

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


def _check_stock_types(wanted: _Type | None, in_use: Sequence[_Type]) -> None:
    """DataError before anything is made, where a type of that key is for something else, or a field of that name is something else."""
    if wanted is not None and STOCK_RESOURCE not in wanted.resource_type_ids:
        raise DataError(
            f"type {wanted.key}", f"is there and not for {STOCK_RESOURCE}, which no update changes: name another"
        )
    for found in in_use:
        for spec in STOCK_FIELDS:
            held = next((each.type for each in found.field_definitions if each.name == spec.name), None)
            kind = f"{held.name}:{held.element_type.name}" if held and held.element_type else held and held.name
            if kind not in {None, spec.type}:
                raise DataError(f"type {found.key}, field {spec.name}", f"is a {kind} and must be a {spec.type}")


def field_definition(spec: FieldSpec) -> dict[str, Any]:
    """One field as commercetools defines it; never required, so that a merchant's own process may leave it out."""
    is_set = spec.type.startswith("Set:")
    kind: dict[str, Any] = {"name": "Set", "elementType": {"name": spec.type[4:]}} if is_set else {"name": spec.type}
    return {"name": spec.name, "label": {"en": spec.label}, "required": False, "type": kind}
