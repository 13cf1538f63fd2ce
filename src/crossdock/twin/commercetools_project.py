"""One simulated commercetools project: its resources, its settings, its messages, and what was put there beforehand.

Helpers named `add_*` put something there without a request, as if it had always been there: they check nothing.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NamedTuple

from crossdock.twin.commercetools_refusals import Json, invalid_json, no_such_reference
from crossdock.twin.commercetools_shelf import Index, Shelf, by_field, by_payment
from crossdock.twin.world import World

STOCK_LAG = timedelta(seconds=10)  # orders show in stock quantities after up to this long (release note 2026-01-19)
MESSAGE_DAYS = 15  # how long messages are kept unless the project says otherwise


class Stamp(NamedTuple):
    """When something happens, and which API client does it."""

    at: str
    by: Json


@dataclass(frozen=True)
class Client:
    """An API client of a project: what it proves itself with and what it may do, its scopes without the project key."""

    id: str
    secret: str
    scopes: frozenset[str]
    token_valid_s: int = 172_800


@dataclass
class StockChange:
    """What an order did to an inventory entry and does not show yet."""

    due: str
    entry_id: str
    quantity: int


def _skus(product: Json) -> Iterable[str]:
    """Give the SKUs of a product."""
    variants = [product["masterVariant"], *product["variants"]]
    return [variant["sku"] for variant in variants if "sku" in variant]


class Project:
    """The state of one project, and the few ways in which every kind of resource is created, found and told about."""

    def __init__(
        self,
        key: str,
        world: World,
        *,
        currencies: tuple[str, ...] = ("EUR",),
        countries: tuple[str, ...] = ("DE",),
        languages: tuple[str, ...] = ("en",),
    ) -> None:
        """Make an empty project, with messages switched on."""
        self.key = key
        self.world = world
        self.currencies, self.countries, self.languages = currencies, countries, languages
        self.version = 1
        self.created_at = self.now()
        self.messages_enabled = True
        self.delete_days_after_creation = MESSAGE_DAYS
        self.stock_lag = STOCK_LAG
        self.order_stock_changes_version = True
        """Whether stock that an order took raises the entry's version and `lastModifiedAt`: not published."""
        self.product_catalog_model = "Classic"
        self.clients: dict[str, Client] = {}
        self.stock_changes: deque[StockChange] = deque()
        self.hidden_stock: dict[str, int] = {}
        """How much of each entry orders took and does not show yet, as negative numbers: the sum of `stock_changes`."""
        self.sequence_numbers: dict[str, int] = {}

        keyed = (by_field("key", unique=True),)
        sku = Index("sku", frozenset({("masterVariant", "sku"), ("variants", "sku")}), _skus)
        self.orders = Shelf("order", (by_field("orderNumber", unique=True), by_payment()))
        self.payments = Shelf("payment", (*keyed, by_field("interfaceId")))
        self.inventory = Shelf("inventory-entry", (*keyed, by_field("sku")))
        self.products = Shelf("product", (*keyed, sku))
        self.customers = Shelf(
            "customer", (*keyed, by_field("email", unique=True), by_field("customerNumber", unique=True))
        )
        self.channels, self.types = Shelf("channel", keyed), Shelf("type", keyed)
        self.states = Shelf("state", keyed)
        self.tax_categories = Shelf("tax-category", keyed)
        self.product_types = Shelf("product-type", keyed)
        self.stores = Shelf("store", keyed)
        self.messages = Shelf("message", chronological=True)
        shelves = (
            *(self.orders, self.inventory, self.products, self.customers, self.channels, self.types),
            *(self.states, self.tax_categories, self.product_types, self.stores, self.payments),
        )
        self.shelves = {shelf.type_id: shelf for shelf in shelves}
        self.initial_line_state = {"typeId": "state", "id": self._add_initial_state()["id"]}

    # What every resource goes through

    def now(self) -> str:
        """Tell the time as the platform writes it."""
        return self.world.clock.now().isoformat(timespec="milliseconds")[:-6] + "Z"

    def stamp(self, client_id: str = "merchant-center") -> Stamp:
        """Tell the time and who acts; without a client, a person in the Merchant Center."""
        return Stamp(self.now(), {"clientId": client_id, "isPlatformClient": False})

    def create(self, shelf: Shelf, fields: Json, stamp: Stamp) -> Json:
        """Store a new resource with these fields."""
        resource = self._made(stamp) | fields
        for index in shelf.indexes:
            if index.unique:
                shelf.check_unique(index.name, resource.get(index.name))
        shelf.put(resource)
        return resource

    def _made(self, stamp: Stamp) -> Json:
        """Give what every resource begins with."""
        times = {"createdAt": stamp.at, "lastModifiedAt": stamp.at}
        return {"id": self.world.new_id(), "version": 1, **times, "createdBy": stamp.by, "lastModifiedBy": stamp.by}

    def tell(self, shelf: Shelf, resource: Json, message: str, fields: Json, *, stamp: Stamp) -> None:
        """Store a message about a resource, if messages are switched on."""
        if not self.messages_enabled:
            return
        number = self.sequence_numbers.get(resource["id"], 0) + 1
        self.sequence_numbers[resource["id"]] = number
        names = {
            name: resource[name]
            for name in ("key", "externalId", "orderNumber", "customerNumber", "sku")
            if name in resource
        }
        told: Json = {
            "sequenceNumber": number,
            "resource": {"typeId": shelf.type_id, "id": resource["id"]},
            "resourceVersion": resource["version"],
            "type": message,
        }
        if names:
            told["resourceUserProvidedIdentifiers"] = names
        self.messages.put(self._made(stamp) | told | fields)

    def drop_old_messages(self) -> None:
        """Forget the messages that are older than the project keeps them."""
        oldest = self.world.clock.now() - timedelta(days=self.delete_days_after_creation)
        limit = oldest.isoformat(timespec="milliseconds")[:-6] + "Z"
        old = set()
        for message in self.messages.since():
            if message["createdAt"] >= limit:
                break
            old.add(message["id"])
        self.messages.forget(old)

    def find(self, type_id: str, identifier: Mapping[str, Any]) -> Json:
        """Find what a draft refers to by id or key; refuse if it is not there."""
        if identifier.get("typeId", type_id) != type_id:
            raise invalid_json(f"typeId: Expected '{type_id}', got '{identifier['typeId']}'")
        identifier_id, key = identifier.get("id"), identifier.get("key")
        if identifier_id is None and key is None:
            raise invalid_json(f"{type_id}: A ResourceIdentifier needs an 'id' or a 'key'")
        shelf = self.shelves.get(type_id)
        found = None
        if shelf is not None:
            found = shelf.get(identifier_id) if identifier_id is not None else shelf.find("key", str(key))
        if found is None:
            raise no_such_reference(type_id, by_id=identifier_id, by_key=None if identifier_id is not None else key)
        return found

    def reference(self, type_id: str, identifier: Mapping[str, Any]) -> Json:
        """Make the reference by id to what a draft refers to."""
        return {"typeId": type_id, "id": self.find(type_id, identifier)["id"]}

    def resolve(self, type_id: str, resource_id: str) -> Json | None:
        """Give the resource a stored reference means, or None."""
        shelf = self.shelves.get(type_id)
        return shelf.get(resource_id) if shelf else None

    def variant(self, sku: str) -> tuple[Json, Json] | None:
        """Give the product and the variant with this SKU, or None."""
        product = self.products.find("sku", sku)
        if product is None:
            return None
        variants = (product["masterVariant"], *product["variants"])
        return product, next(variant for variant in variants if variant.get("sku") == sku)

    def orders_by_number(self) -> dict[str, Json]:
        """Give all orders that have a number, by it."""
        return {order["orderNumber"]: order for order in self.orders if "orderNumber" in order}

    # What was always there

    def add_client(self, client_id: str, secret: str, *scopes: str, token_valid_s: int = 172_800) -> Client:
        """Add an API client with these scopes, such as `manage_orders`; without any it may do everything."""
        client = Client(client_id, secret, frozenset(scopes or ("manage_project",)), token_valid_s)
        self.clients[client_id] = client
        return client

    def add_tax_category(self, key: str, *rates: Json, name: str | None = None) -> Json:
        """Add a tax category; a rate needs at least name, amount, includedInPrice and country."""
        stored = [{"id": self.world.new_id(), **rate} for rate in rates]
        return self.create(self.tax_categories, {"name": name or key, "key": key, "rates": stored}, self.stamp())

    def add_product(
        self,
        sku: str,
        name: str,
        *,
        tax_category: str | None = None,
        prices: Iterable[Json] = (),
        attributes: Iterable[Json] = (),
        published: bool = True,
        more_skus: Iterable[str] = (),
    ) -> Json:
        """Add a product whose master variant has this SKU, with further variants of the same price."""
        language = self.languages[0]
        variants = [
            {
                "id": number,
                "sku": each,
                "key": each,
                "prices": [{"id": self.world.new_id(), **price} for price in prices],
                "attributes": list(attributes),
                "images": [],
                "assets": [],
            }
            for number, each in enumerate((sku, *more_skus), start=1)
        ]
        product_type = self.product_types.find("key", "goods") or self._add_product_type()
        fields: Json = {
            "key": f"product-{sku}",
            "productType": {"typeId": "product-type", "id": product_type["id"]},
            "name": {language: name},
            "slug": {language: f"product-{len(self.products) + 1}"},
            "categories": [],
            "attributes": [],
            "priceMode": "Embedded",
            "published": published,
            "hasStagedChanges": not published,
            "masterVariant": variants[0],
            "variants": variants[1:],
        }
        if tax_category is not None:
            fields["taxCategory"] = self.reference("tax-category", {"key": tax_category})
        return self.create(self.products, fields, self.stamp())

    def add_inventory(self, sku: str, quantity: int, channel_key: str | None = None, *, key: str | None = None) -> Json:
        """Add an inventory entry for a SKU, in a supply channel or in none."""
        fields: Json = {"sku": sku, "quantityOnStock": quantity, "availableQuantity": quantity}
        if key is not None:
            fields["key"] = key
        if channel_key is not None:
            fields["supplyChannel"] = self.reference("channel", {"key": channel_key})
        stamp = self.stamp()
        entry = self.create(self.inventory, fields, stamp)
        self.tell(self.inventory, entry, "InventoryEntryCreated", {"inventoryEntry": entry}, stamp=stamp)
        return entry

    def add_channel(self, key: str, *roles: str) -> Json:
        """Add a channel; without a role it supplies inventory."""
        return self.create(self.channels, {"key": key, "roles": list(roles or ("InventorySupply",))}, self.stamp())

    def add_type(self, key: str, resource_type_ids: Iterable[str], fields: Mapping[str, str | Json]) -> Json:
        """Add a type; each field by its name with the name of its field type (`String`) or the whole field type."""
        definitions = [
            {
                "name": name,
                "type": {"name": field_type} if isinstance(field_type, str) else field_type,
                "label": {self.languages[0]: name},
                "required": False,
                "inputHint": "SingleLine",
            }
            for name, field_type in fields.items()
        ]
        body: Json = {
            "key": key,
            "name": {self.languages[0]: key},
            "resourceTypeIds": list(resource_type_ids),
            "fieldDefinitions": definitions,
        }
        return self.create(self.types, body, self.stamp())

    def add_store(self, key: str) -> Json:
        """Add a store that orders can belong to."""
        return self.create(self.stores, {"key": key}, self.stamp())

    def _add_product_type(self) -> Json:
        """Add the one product type all added products have."""
        fields = {"key": "goods", "name": "Goods", "description": "Everything in the shop", "attributes": []}
        return self.create(self.product_types, fields, self.stamp())

    def _add_initial_state(self) -> Json:
        """Add the state every line begins in, which belongs to every project."""
        fields = {"key": "Initial", "type": "LineItemState", "initial": True, "builtIn": True, "roles": []}
        return self.create(self.states, fields, self.stamp())
