"""A shop whose stock the product may read and write, with the fewest scopes that takes, and the published model to hold against what it sends."""

from __future__ import annotations

import json
from datetime import timedelta
from functools import cache
from typing import Any

import yaml
from jsonschema import Draft202012Validator

from crossdock.commercetools.client import Credentials
from crossdock.commercetools.inventory import Inventory
from crossdock.commercetools.messages import Messages
from crossdock.commercetools.provision import Channels, Provision
from crossdock.domain.ids import SellerSku
from crossdock.domain.inventory import StockEntry
from crossdock.twin.world import Request, Response
from tests.commercetools import test_sent_as_published as published
from tests.commercetools.doors import Door

Json = dict[str, Any]

STOCK_TYPE = "amazon-stock"
# What stock takes of the everyday client: `manage_products` to write it, the others to hear of it and to name its channels.
SCOPES = ("manage_products", "view_channels", "view_messages", "view_orders")
MUG = SellerSku("MUG-BLUE")


class Stockroom:
    """A hundred of each good in the warehouse and an empty escrow for the blue mug; set up by `provision`."""

    def __init__(self) -> None:
        """Open it; the clock stands where nothing that was set up is swept any more."""
        self.door = Door()
        self.project, self.world = self.door.project, self.door.world
        self.project.add_client("stock", "stock-secret", *SCOPES)
        self.project.add_client("set-up", "set-up-secret", "manage_types", "manage_channels", "manage_project_settings")
        self.project.add_channel("escrow", "InventorySupply")
        self.provision()
        client = self.door.signed_in(Credentials("stock", "stock-secret"))
        self.inventory = Inventory(client, Channels(client, ["warehouse", "escrow"]).key_of, STOCK_TYPE)
        self.messages = Messages(client)
        self.project.add_inventory(MUG, 0, channel_key="escrow")
        self.wait(minutes=10)
        self.door.requests.clear()

    def provision(self, *, dry_run: bool = False, messages: bool = False) -> list[str]:
        """Set the project up as the client for that; the steps in words."""
        steps = Provision(self.door.signed_in(Credentials("set-up", "set-up-secret"))).ensure(
            order_type="amazon",
            line_type="amazon-line",
            supply_channels=["warehouse"],
            sync_channel=None,
            stock_type=STOCK_TYPE,
            messages=messages,
            dry_run=dry_run,
        )
        return [step.what for step in steps]

    def entry(self, channel: str | None = "warehouse", sku: str = MUG) -> StockEntry:
        """The entry of a SKU in a channel, read now."""
        [found] = [each for each in self.inventory.read([SellerSku(sku)]).entries if each.supply_channel == channel]
        return found

    def stored(self, entry: StockEntry) -> Json:
        """An entry as commercetools stores it."""
        found = self.project.inventory.get(entry.entry_id)
        assert found is not None
        return found

    def put(self, entry: StockEntry, **changes: Any) -> None:
        """Let somebody change an entry who says nothing."""
        self.project.inventory.put(self.stored(entry) | changes)

    def updates(self) -> list[list[str]]:
        """The actions of each update that was sent."""
        bodies = [json.loads(each.body) for each in _to_the_project(self.door.requests) if each.body]
        return [[action["action"] for action in body["actions"]] for body in bodies if "actions" in body]

    def answer(self, path: str, *rows: Json | str) -> None:
        """Let a query's path answer with these rows, a text as it stands."""
        texts = [row if isinstance(row, str) else json.dumps(row) for row in rows]
        body = f'{{"limit": 500, "offset": 0, "count": 1, "results": [{", ".join(texts)}]}}'
        self.door.answers[path] = lambda _: Response(200, body.encode(), {})

    def wait(self, **by: float) -> None:
        """Let time pass."""
        self.world.clock.advance(timedelta(**by))


@cache
def model() -> Json:
    """The published model of the HTTP API."""
    with published.MODEL.open() as file:
        loaded: Json = yaml.load(file, yaml.CSafeLoader)
    return loaded


def faults(requests: list[Request]) -> list[str]:
    """Every way in which what was sent is not what the model describes: its path, its parameters, its draft, and each of its actions by its own name."""
    sent = [each._replace(path=each.path.replace("/shop", "/shop-eu", 1)) for each in _to_the_project(requests)]
    return [*published._faults(sent, model()), *(fault for each in sent for fault in _action_faults(each))]


def _to_the_project(requests: list[Request]) -> list[Request]:
    return [each for each in requests if each.path.startswith("/shop")]


def _action_faults(request: Request) -> list[str]:
    definitions, schemas = published._definitions(model()), model()["components"]["schemas"]
    collection = request.path.split("/")[2] if request.path.count("/") > 1 else ""
    kind = {"inventory": "InventoryEntry", "types": "Type", "channels": "Channel"}.get(collection, "Project")
    mapping = schemas[f"{kind}UpdateAction"]["discriminator"]["mapping"]
    body = json.loads(request.body) if request.method == "POST" else {}
    return [
        f"{action['action']} {error.json_path}: {error.message[:200]}"
        for action in body.get("actions", ())
        for error in Draft202012Validator(
            {"$ref": mapping[action["action"]].replace("#/components/schemas/", "#/$defs/"), "$defs": definitions}
        ).iter_errors(action)
    ]
