"""Orders in commercetools: import, find, change, redact, list.

The order number is unique in a project and is Amazon's own id, so importing twice is refused by commercetools itself. There is no update action for
lines, quantities or prices.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

import msgspec

from crossdock.commercetools.client import IMPORT_PATH, QUERY_BYTES_MAX, Client, OutOfStock
from crossdock.commercetools.customers import Customers
from crossdock.commercetools.order_actions import change_actions, redact_actions, slices
from crossdock.commercetools.order_draft import import_draft
from crossdock.domain.ids import OrderNumber, SellerSku
from crossdock.domain.money import Money
from crossdock.domain.order import ImportedLine, ImportedOrder
from crossdock.domain.order_changes import ChangeOrder
from crossdock.domain.order_fields import LINE_FIELDS, ORDER_FIELDS
from crossdock.domain.order_import import ImportOrder
from crossdock.domain.order_lifecycle import WAREHOUSE_ORDER_STATES, WAREHOUSE_SHIPMENT_STATES
from crossdock.domain.order_totals import GOODS_SLUG
from crossdock.errors import Conflict, Rejected

PAGE_SIZE_MAX = 500

_TIMES = frozenset(spec.name for spec in (*ORDER_FIELDS, *LINE_FIELDS) if spec.type == "DateTime")


class _Money(msgspec.Struct, rename="camel"):
    cent_amount: int
    currency_code: str


class _TaxedPrice(msgspec.Struct, rename="camel"):
    total_gross: _Money


class _Custom(msgspec.Struct):
    fields: dict[str, Any] = {}


class _Variant(msgspec.Struct):
    sku: str = ""


class _Line(msgspec.Struct, rename="camel"):
    id: str
    quantity: int
    key: str = ""
    variant: _Variant | None = None
    inventory_mode: str | None = None
    custom: _Custom | None = None
    tax_rate: Any = None
    shipping_details: Any = None


class _Delivery(msgspec.Struct):
    id: str
    address: Any = None


class _ShippingInfo(msgspec.Struct):
    deliveries: list[_Delivery] = []


class _Address(msgspec.Struct):
    key: str = ""


class _Reference(msgspec.Struct):
    id: str = ""


class _Sync(msgspec.Struct):
    channel: _Reference


class _Order(msgspec.Struct, rename="camel"):
    id: str
    version: int
    order_state: str
    total_price: _Money
    order_number: str = ""
    shipment_state: str | None = None
    taxed_price: _TaxedPrice | None = None
    line_items: list[_Line] = []
    custom_line_items: list[_Line] = []
    custom: _Custom | None = None
    shipping_address: Any = None
    billing_address: Any = None
    item_shipping_addresses: list[_Address] = []
    shipping_info: _ShippingInfo | None = None
    customer_email: str | None = None
    customer_id: str | None = None
    purchase_order_number: str | None = None
    inventory_mode: str | None = None
    sync_info: list[_Sync] = []


class _Number(msgspec.Struct, rename="camel"):
    id: str
    order_number: str = ""


class _Numbers(msgspec.Struct):
    results: list[_Number] = []


class Orders:
    """The orders of one project."""

    def __init__(self, client: Client, customers: Customers, channel_key: Callable[[str], str]) -> None:
        """`customers`: the anonymous ones; `channel_key`: the key of a channel id."""
        self._client = client
        self._customers = customers
        self._channel_key = channel_key

    def find(self, order_number: OrderNumber) -> ImportedOrder | None:
        """The order under this number; None means commercetools does not have it."""
        found = self._client.find(
            "getOrderByOrderNumber", f"/orders/order-number={quote(order_number, safe='')}", _Order
        )
        return None if found is None else self._imported(found)

    def import_order(self, decision: ImportOrder) -> ImportedOrder | frozenset[SellerSku]:
        """Create the order. The SKUs without stock where that is why nothing was created; Conflict where the number is taken."""
        customer_id = self._customers.id_of(decision.customer_key) if decision.customer_key else None
        try:
            return self._imported(
                self._client.post("importOrder", IMPORT_PATH, import_draft(decision, customer_id), _Order)
            )
        except OutOfStock as refused:
            missing = frozenset(SellerSku(sku) for sku in refused.skus)
            if missing <= decision.without_stock:
                raise
            return missing
        except Rejected as refused:
            if decision.customer_key is None or not _is_gone(refused, "customer"):
                raise
            # Somebody deleted the anonymous customer: the next try makes it again.
            self._customers.forget(decision.customer_key)
            message = "importOrder: the anonymous customer is gone"
            raise Conflict(message, operation=refused.operation, request_id=refused.request_id) from refused

    def change(self, decision: ChangeOrder) -> ImportedOrder:
        """Apply all changes to the version that was read, or none; Conflict where it has moved. Of more than fit one update a part may be done then."""
        return self._update(decision.imported, change_actions(decision))

    def redact(self, imported: ImportedOrder) -> ImportedOrder:
        """Take addresses, e-mail and our personal fields off the order; repeating is safe."""
        return self._update(imported, redact_actions(imported))

    def existing(self, order_numbers: Sequence[OrderNumber]) -> frozenset[OrderNumber]:
        """Which of these numbers commercetools has."""
        found: set[OrderNumber] = set()
        for some in _chunks(order_numbers):
            found.update(self._query(f"orderNumber in ({_quoted(some)})"))
        return frozenset(found)

    def find_unfenced(self, fba: Sequence[OrderNumber] = ()) -> list[OrderNumber]:
        """FBA orders that one of a warehouse's usual filters would find: by our field, and of `fba` those whose type somebody replaced, too."""
        shipment = " or ".join(
            "shipmentState is not defined" if state is None else f'shipmentState = "{state}"'
            for state in WAREHOUSE_SHIPMENT_STATES
        )
        visible = f'orderState != "Cancelled" and (orderState in ({_quoted(WAREHOUSE_ORDER_STATES)}) or {shipment})'
        found = dict.fromkeys(self._query(f'custom(fields(`amazon-fulfilled-by` = "AMAZON")) and {visible}'))
        for some in _chunks(fba):
            found.update(dict.fromkeys(self._query(f"orderNumber in ({_quoted(some)}) and {visible}")))
        return list(found)

    def _query(self, where: str) -> list[OrderNumber]:
        """Order numbers by predicate, page by page along the id, which is the only way past 10,000."""
        numbers: list[OrderNumber] = []
        last = ""
        while True:
            page_where = f'({where}) and id > "{last}"' if last else where
            query = {"where": page_where, "sort": "id asc", "limit": str(PAGE_SIZE_MAX), "withTotal": "false"}
            page = self._client.get("queryOrders", "/orders", _Numbers, query).results
            numbers += [OrderNumber(row.order_number) for row in page]
            if len(page) < PAGE_SIZE_MAX:
                return numbers
            last = page[-1].id

    def _update(self, imported: ImportedOrder, actions: list[dict[str, Any]]) -> ImportedOrder:
        """One update, or where there are too many actions for one, several: each on the version that the one before answered."""
        for some in slices(actions):
            body = {"version": imported.version, "actions": some}
            path = f"/orders/{quote(imported.commercetools_id, safe='')}"
            imported = self._imported(self._client.post("updateOrder", path, body, _Order))
        return imported

    def _imported(self, order: _Order) -> ImportedOrder:
        gross = order.taxed_price.total_gross if order.taxed_price else order.total_price
        return ImportedOrder(
            commercetools_id=order.id,
            version=order.version,
            order_number=OrderNumber(order.order_number),
            order_state=order.order_state,
            shipment_state=order.shipment_state,
            total_gross=Money(gross.cent_amount, gross.currency_code),
            lines=tuple(
                _imported_line(line, custom=custom)
                for lines, custom in ((order.line_items, False), (order.custom_line_items, True))
                for line in lines
            ),
            has_type=order.custom is not None,
            fields=_fields(order.custom),
            has_address=order.shipping_address is not None or order.billing_address is not None,
            customer_email=order.customer_email,
            customer_id=order.customer_id,
            inventory_mode=order.inventory_mode,
            synced_channels=tuple(self._channel_key(sync.channel.id) for sync in order.sync_info),
            addressed_deliveries=tuple(
                delivery.id
                for delivery in (order.shipping_info.deliveries if order.shipping_info else ())
                if delivery.address is not None
            ),
            item_addresses=tuple(address.key for address in order.item_shipping_addresses),
        )


def _imported_line(line: _Line, *, custom: bool) -> ImportedLine:
    return ImportedLine(
        line_id=line.id,
        key=line.key,
        sku=line.variant.sku if line.variant else "",
        quantity=line.quantity,
        custom=custom,
        inventory_mode=line.inventory_mode,
        has_type=line.custom is not None,
        # Of custom lines only goods: a tip or a difference never has a rate, and a gift wrap or promotion shares its goods'.
        lacks_tax=line.tax_rate is None and (not custom or line.key.startswith(GOODS_SLUG)),
        fields=_fields(line.custom),
        names_addresses=line.shipping_details is not None,
    )


def _fields(custom: _Custom | None) -> dict[str, object]:
    """Our own fields only; the merchant's are none of our business."""
    held = custom.fields if custom else {}
    return {name: _read(name, value) for name, value in held.items() if name.startswith("amazon-")}


def _read(name: str, value: Any) -> object:
    if name in _TIMES and isinstance(value, str):
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            # A merchant's own type may have a text under our name: it differs from every time, and stops nobody.
            return value
    return tuple(value) if isinstance(value, list) else value


def _is_gone(refused: Rejected, kind: str) -> bool:
    """Whether the refusal says that a referenced resource of this kind does not exist."""
    return refused.code == "ReferencedResourceNotFound" and refused.pointer.split(" ")[0] == kind


def _quoted(values: Iterable[str]) -> str:
    return ", ".join('"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"' for value in values)


def _chunks(numbers: Sequence[OrderNumber]) -> Iterable[Sequence[OrderNumber]]:
    """As many at once as fit a query's length, percent-encoding included."""
    some: list[OrderNumber] = []
    size = 0
    for number in numbers:
        size += len(quote(number)) + 12
        if some and (size > QUERY_BYTES_MAX or len(some) == PAGE_SIZE_MAX):
            yield some
            some, size = [], len(quote(number)) + 12
        some.append(number)
    if some:
        yield some
