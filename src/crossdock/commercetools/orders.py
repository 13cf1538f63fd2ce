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
from crossdock.commercetools.order_draft import field_value, import_draft
from crossdock.domain.ids import OrderNumber, SellerSku
from crossdock.domain.money import Money
from crossdock.domain.order import ImportedLine, ImportedOrder
from crossdock.domain.order_changes import ChangeOrder
from crossdock.domain.order_fields import LINE_FIELDS, ORDER_FIELDS, PERSONAL_LINE_FIELDS, PERSONAL_ORDER_FIELDS
from crossdock.domain.order_import import ImportOrder
from crossdock.domain.order_lifecycle import WAREHOUSE_ORDER_STATES, WAREHOUSE_SHIPMENT_STATES

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

    def __init__(self, client: Client, customer_id: Callable[[str], str], channel_key: Callable[[str], str]) -> None:
        """`customer_id`: the id of the anonymous customer with this key, made where there is none; `channel_key`: the key of a channel id."""
        self._client = client
        self._customer_id = customer_id
        self._channel_key = channel_key

    def find(self, order_number: OrderNumber) -> ImportedOrder | None:
        """The order under this number; None means commercetools does not have it."""
        found = self._client.find(
            "getOrderByOrderNumber", f"/orders/order-number={quote(order_number, safe='')}", _Order
        )
        return None if found is None else self._imported(found)

    def import_order(self, decision: ImportOrder) -> ImportedOrder | frozenset[SellerSku]:
        """Create the order. The SKUs without stock where that is why nothing was created; Conflict where the number is taken."""
        customer_id = self._customer_id(decision.customer_key) if decision.customer_key else None
        try:
            return self._imported(
                self._client.post("importOrder", IMPORT_PATH, import_draft(decision, customer_id), _Order)
            )
        except OutOfStock as refused:
            missing = frozenset(SellerSku(sku) for sku in refused.skus)
            if missing <= decision.without_stock:
                raise
            return missing

    def change(self, decision: ChangeOrder) -> ImportedOrder:
        """Apply all changes to the version that was read, or none; Conflict where it has moved."""
        return self._update(decision.imported, _actions(decision))

    def redact(self, imported: ImportedOrder) -> ImportedOrder:
        """Take address, e-mail and our personal fields off the order; repeating is safe."""
        actions: list[dict[str, Any]] = [
            {"action": "setShippingAddress"},
            {"action": "setBillingAddress"},
            {"action": "setCustomerEmail"},
            {"action": "setPurchaseOrderNumber"},
        ]
        actions += [
            {"action": "setCustomField", "name": name} for name in PERSONAL_ORDER_FIELDS if name in imported.fields
        ]
        for line in imported.lines:
            held = [name for name in PERSONAL_LINE_FIELDS if name in line.fields]
            actions += [_line_action(line.line_id, name, None, custom=line.custom) for name in held]
        return self._update(imported, actions)

    def existing(self, order_numbers: Sequence[OrderNumber]) -> frozenset[OrderNumber]:
        """Which of these numbers commercetools has."""
        found: set[OrderNumber] = set()
        for some in _chunks(order_numbers):
            found.update(self._query(f"orderNumber in ({_quoted(some)})"))
        return frozenset(found)

    def find_unfenced(self) -> list[OrderNumber]:
        """FBA orders that one of a warehouse's usual filters would find."""
        shipment = " or ".join(
            "shipmentState is not defined" if state is None else f'shipmentState = "{state}"'
            for state in WAREHOUSE_SHIPMENT_STATES
        )
        visible = f"orderState in ({_quoted(WAREHOUSE_ORDER_STATES)}) or {shipment}"
        return self._query(
            f'custom(fields(`amazon-fulfilled-by` = "AMAZON")) and orderState != "Cancelled" and ({visible})'
        )

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
        body = {"version": imported.version, "actions": actions}
        return self._imported(
            self._client.post("updateOrder", f"/orders/{quote(imported.commercetools_id, safe='')}", body, _Order)
        )

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
        lacks_tax=line.tax_rate is None and not custom,
        fields=_fields(line.custom),
    )


def _fields(custom: _Custom | None) -> dict[str, object]:
    """Our own fields only; the merchant's are none of our business."""
    held = custom.fields if custom else {}
    return {name: _read(name, value) for name, value in held.items() if name.startswith("amazon-")}


def _read(name: str, value: Any) -> object:
    if name in _TIMES and isinstance(value, str):
        return datetime.fromisoformat(value)
    return tuple(value) if isinstance(value, list) else value


def _actions(decision: ChangeOrder) -> list[dict[str, Any]]:
    actions: list[dict[str, Any]] = []
    if decision.order_state is not None:
        actions.append({"action": "changeOrderState", "orderState": decision.order_state})
    if decision.shipment_state is not None:
        actions.append({"action": "changeShipmentState", "shipmentState": decision.shipment_state})
    if decision.type_fields is not None:
        values = {name: field_value(value) for name, value in decision.type_fields.items()}
        actions.append(
            {"action": "setCustomType", "type": {"typeId": "type", "key": decision.type_key}, "fields": values}
        )
    for name, value in decision.fields.items():
        actions.append(
            {"action": "setCustomField", "name": name} | ({} if value is None else {"value": field_value(value)})
        )
    for line_id, fields in decision.line_fields.items():
        actions += [_line_action(line_id, name, value, custom=False) for name, value in fields.items()]
    if decision.sync_channel is not None:
        channel = {"typeId": "channel", "key": decision.sync_channel}
        actions.append({"action": "updateSyncInfo", "channel": channel, "externalId": decision.sync_id})
    return actions


def _line_action(line_id: str, name: str, value: object | None, *, custom: bool) -> dict[str, Any]:
    action = (
        {"action": "setCustomLineItemCustomField", "customLineItemId": line_id}
        if custom
        else {"action": "setLineItemCustomField", "lineItemId": line_id}
    )
    return action | {"name": name} | ({} if value is None else {"value": field_value(value)})


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
