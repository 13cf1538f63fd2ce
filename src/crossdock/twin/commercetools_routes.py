"""Every operation of commercetools that the twin has: its address, its name in the world, its scopes, what answers it.

The scopes are those of the published specification; of several, one suffices, and managing includes viewing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from crossdock.twin import commercetools_fields as fields
from crossdock.twin import commercetools_setup_drafts as drafts
from crossdock.twin.commercetools_bodies import read
from crossdock.twin.commercetools_custom import custom_fields_of
from crossdock.twin.commercetools_customers import CUSTOMER_UPDATE, create_customer, delete_customer, update_customer
from crossdock.twin.commercetools_inventory import (
    INVENTORY_UPDATE,
    create_entry,
    delete_entry,
    update_entry,
)
from crossdock.twin.commercetools_order_drafts import OrderImport
from crossdock.twin.commercetools_order_updates import ORDER_UPDATE, update_order
from crossdock.twin.commercetools_orders import delete_order, import_order
from crossdock.twin.commercetools_payments import (
    PAYMENT,
    PAYMENT_UPDATE,
    PaymentDraft,
    create_payment,
    delete_payment,
    update_payment,
)
from crossdock.twin.commercetools_products import get_projection, query_projections
from crossdock.twin.commercetools_project import Project, Stamp
from crossdock.twin.commercetools_queries import answer
from crossdock.twin.commercetools_refusals import Json, malformed, not_found
from crossdock.twin.commercetools_setup import (
    CHANNEL_UPDATE,
    PROJECT_UPDATE,
    STATE_UPDATE,
    create_channel,
    create_state,
    project_settings,
    update_channel,
    update_project,
    update_state,
)
from crossdock.twin.commercetools_types import TYPE_UPDATE, create_type, update_type
from crossdock.twin.commercetools_updates import check_version
from crossdock.twin.world import Request

_DIGITS_MAX = 18  # of a version


class Ask(NamedTuple):
    """One authorized request to a project."""

    project: Project
    request: Request
    name: str
    """The id, key or order number in the address."""
    stamp: Stamp


@dataclass(frozen=True)
class Route:
    """An operation: its name in the world, the scopes of which one suffices, and what answers it."""

    operation: str
    scopes: tuple[str, ...]
    act: Callable[[Ask], tuple[int, Json]]

    def allowed(self) -> frozenset[str]:
        """Give every scope with which the operation may be called: managing includes viewing."""
        managing = {scope.replace("view_published_", "view_").replace("view_", "manage_") for scope in self.scopes}
        return frozenset({*self.scopes, *managing, "manage_project"})


def _version_of(ask: Ask) -> int:
    """Read the version a deletion must name."""
    text = ask.request.query.get("version", [""])[-1]
    if not text.isascii() or not text.isdigit() or len(text) > _DIGITS_MAX:
        raise malformed("version", "A version is required.")
    return int(text)


def _one(ask: Ask, shelf_name: str, kind: str) -> Json:
    """Find the resource an address names."""
    shelf = getattr(ask.project, shelf_name)
    index = {"key": "key", "order-number": "orderNumber"}.get(kind)
    found: Json | None = shelf.find(index, ask.name) if index else shelf.get(ask.name)
    if found is None:
        raise not_found(f"with {index or 'ID'} '{ask.name}'")
    return found


_Act = Callable[[Ask], tuple[int, Json]]
_Create = Callable[[Project, Json, Stamp], Json]
_Update = Callable[[Project, Json, Json, Stamp], Json]


def _query(shelf_name: str, known: fields.Fields) -> _Act:
    """Make what answers a query."""

    def act(ask: Ask) -> tuple[int, Json]:
        shelf = getattr(ask.project, shelf_name)
        return 200, answer(shelf, ask.request.query, known, custom_fields_of(ask.project))

    return act


def _get(shelf_name: str, kind: str) -> _Act:
    """Make what answers for one resource."""
    return lambda ask: (200, _one(ask, shelf_name, kind))


def _create(shape: Any, create: _Create) -> _Act:
    """Make what creates a resource."""
    return lambda ask: (201, create(ask.project, read(ask.request.body, shape), ask.stamp))


def _update(shelf_name: str, kind: str, shape: Any, update: _Update) -> _Act:
    """Make what updates a resource."""

    def act(ask: Ask) -> tuple[int, Json]:
        resource = _one(ask, shelf_name, kind)
        return 200, update(ask.project, resource, read(ask.request.body, shape), ask.stamp)

    return act


def _delete(shelf_name: str, kind: str, delete: Callable[[Ask, Json], None]) -> _Act:
    """Make what deletes a resource and answers with it as it was."""

    def act(ask: Ask) -> tuple[int, Json]:
        resource = _one(ask, shelf_name, kind)
        check_version(resource, _version_of(ask))
        delete(ask, resource)
        return 200, resource

    return act


def _erases(ask: Ask) -> bool:
    """Tell whether a deletion is to erase personal data too."""
    return ask.request.query.get("dataErasure", ["false"])[-1] == "true"


def _query_messages(ask: Ask) -> tuple[int, Json]:
    """Answer a query of messages, without those that are too old to be kept."""
    ask.project.drop_old_messages()
    return _query("messages", fields.MESSAGE)(ask)


def _sign_up(ask: Ask) -> tuple[int, Json]:
    """Create a customer; the platform answers as if the customer had signed in."""
    draft = read(ask.request.body, drafts.CustomerDraft)
    return 201, {"customer": create_customer(ask.project, draft, ask.stamp)}


def _delete_order(ask: Ask, order: Json) -> None:
    """Delete an order."""
    delete_order(ask.project, order, ask.stamp, data_erasure=_erases(ask))


def _delete_customer(ask: Ask, customer: Json) -> None:
    """Delete a customer."""
    delete_customer(ask.project, customer, ask.stamp, data_erasure=_erases(ask))


def _update_project(ask: Ask) -> tuple[int, Json]:
    """Change the settings of the project."""
    return 200, update_project(ask.project, read(ask.request.body, PROJECT_UPDATE))


_VIEW_CHANNELS = ("view_channels", "view_products")
_MANAGE_CHANNELS = ("manage_channels", "manage_products")
_VIEW_PROJECTIONS = ("view_published_products", "view_products")
_VIEW_TAXES = ("view_tax_categories", "view_products")

ROUTES: dict[tuple[str, str, str], Route] = {
    ("GET", "", ""): Route("getProject", ("view_project_settings",), lambda ask: (200, project_settings(ask.project))),
    ("POST", "", ""): Route("updateProject", ("manage_project_settings",), _update_project),
    ("POST", "orders", "import"): Route("importOrder", ("manage_orders",), _create(OrderImport, import_order)),
    ("GET", "orders", ""): Route("queryOrders", ("view_orders",), _query("orders", fields.ORDER)),
    ("GET", "orders", "id"): Route("getOrder", ("view_orders",), _get("orders", "id")),
    ("GET", "orders", "order-number"): Route("getOrderByOrderNumber", ("view_orders",), _get("orders", "order-number")),
    ("POST", "orders", "id"): Route(
        "updateOrder", ("manage_orders",), _update("orders", "id", ORDER_UPDATE, update_order)
    ),
    ("POST", "orders", "order-number"): Route(
        "updateOrderByOrderNumber",
        ("manage_orders",),
        _update("orders", "order-number", ORDER_UPDATE, update_order),
    ),
    ("DELETE", "orders", "id"): Route("deleteOrder", ("manage_orders",), _delete("orders", "id", _delete_order)),
    ("DELETE", "orders", "order-number"): Route(
        "deleteOrder", ("manage_orders",), _delete("orders", "order-number", _delete_order)
    ),
    ("GET", "inventory", ""): Route("queryInventory", ("view_products",), _query("inventory", fields.INVENTORY_ENTRY)),
    ("POST", "inventory", ""): Route(
        "createInventoryEntry", ("manage_products",), _create(drafts.InventoryDraft, create_entry)
    ),
    ("GET", "product-projections", ""): Route(
        "queryProductProjections",
        _VIEW_PROJECTIONS,
        lambda ask: (200, query_projections(ask.project, ask.request.query)),
    ),
    ("GET", "messages", ""): Route("queryMessages", ("view_messages",), _query_messages),
    ("GET", "messages", "id"): Route("getMessage", ("view_messages",), _get("messages", "id")),
    ("GET", "customers", ""): Route("queryCustomers", ("view_customers",), _query("customers", fields.CUSTOMER)),
    ("POST", "customers", ""): Route("createCustomer", ("manage_customers",), _sign_up),
    ("GET", "payments", ""): Route("queryPayments", ("view_payments",), _query("payments", PAYMENT)),
    ("POST", "payments", ""): Route("createPayment", ("manage_payments",), _create(PaymentDraft, create_payment)),
    ("GET", "channels", ""): Route("queryChannels", _VIEW_CHANNELS, _query("channels", fields.CHANNEL)),
    ("POST", "channels", ""): Route("createChannel", _MANAGE_CHANNELS, _create(drafts.ChannelDraft, create_channel)),
    ("GET", "types", ""): Route("queryTypes", ("view_types",), _query("types", fields.TYPE)),
    ("POST", "types", ""): Route("createType", ("manage_types",), _create(drafts.TypeDraft, create_type)),
    ("GET", "states", ""): Route("queryStates", ("view_states",), _query("states", fields.STATE)),
    ("POST", "states", ""): Route("createState", ("manage_states",), _create(drafts.StateDraft, create_state)),
    ("GET", "tax-categories", ""): Route(
        "queryTaxCategories", _VIEW_TAXES, _query("tax_categories", fields.TAX_CATEGORY)
    ),
}


def _get_projection(kind: str) -> _Act:
    """Make what answers for one product projection."""
    return lambda ask: (200, get_projection(ask.project, _one(ask, "products", kind), ask.request.query))


def _delete_entry(ask: Ask, entry: Json) -> None:
    """Delete an inventory entry."""
    delete_entry(ask.project, entry, ask.stamp)


def _delete_payment(ask: Ask, payment: Json) -> None:
    """Delete a payment."""
    delete_payment(ask.project, payment)


for _kind, _by in (("id", ""), ("key", "ByKey")):
    ROUTES |= {
        ("GET", "inventory", _kind): Route(f"getInventoryEntry{_by}", ("view_products",), _get("inventory", _kind)),
        ("POST", "inventory", _kind): Route(
            "updateInventoryEntry", ("manage_products",), _update("inventory", _kind, INVENTORY_UPDATE, update_entry)
        ),
        ("DELETE", "inventory", _kind): Route(
            "deleteInventoryEntry", ("manage_products",), _delete("inventory", _kind, _delete_entry)
        ),
        ("GET", "product-projections", _kind): Route(
            f"getProductProjection{_by}", _VIEW_PROJECTIONS, _get_projection(_kind)
        ),
        ("GET", "customers", _kind): Route(f"getCustomer{_by}", ("view_customers",), _get("customers", _kind)),
        ("POST", "customers", _kind): Route(
            "updateCustomer", ("manage_customers",), _update("customers", _kind, CUSTOMER_UPDATE, update_customer)
        ),
        ("DELETE", "customers", _kind): Route(
            "deleteCustomer", ("manage_customers",), _delete("customers", _kind, _delete_customer)
        ),
        ("GET", "payments", _kind): Route(f"getPayment{_by}", ("view_payments",), _get("payments", _kind)),
        ("POST", "payments", _kind): Route(
            "updatePayment", ("manage_payments",), _update("payments", _kind, PAYMENT_UPDATE, update_payment)
        ),
        ("DELETE", "payments", _kind): Route(
            "deletePayment", ("manage_payments",), _delete("payments", _kind, _delete_payment)
        ),
        ("GET", "channels", _kind): Route(f"getChannel{_by}", _VIEW_CHANNELS, _get("channels", _kind)),
        ("POST", "channels", _kind): Route(
            "updateChannel", _MANAGE_CHANNELS, _update("channels", _kind, CHANNEL_UPDATE, update_channel)
        ),
        ("GET", "types", _kind): Route(f"getType{_by}", ("view_types",), _get("types", _kind)),
        ("POST", "types", _kind): Route(
            "updateType", ("manage_types",), _update("types", _kind, TYPE_UPDATE, update_type)
        ),
        ("GET", "states", _kind): Route(f"getState{_by}", ("view_states",), _get("states", _kind)),
        ("POST", "states", _kind): Route(
            "updateState", ("manage_states",), _update("states", _kind, STATE_UPDATE, update_state)
        ),
        ("GET", "tax-categories", _kind): Route(f"getTaxCategory{_by}", _VIEW_TAXES, _get("tax_categories", _kind)),
    }

ALLOWED = {route.operation: route.allowed() for route in ROUTES.values()}
