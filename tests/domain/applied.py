"""What commercetools would hold after a decision: a pure little commercetools, for asking whether deciding again finds nothing left to do."""

from __future__ import annotations

from dataclasses import replace

from crossdock.domain.money import zero
from crossdock.domain.order import ImportedLine, ImportedOrder
from crossdock.domain.order_changes import ChangeOrder
from crossdock.domain.order_import import ImportOrder


def imported_by(decision: ImportOrder) -> ImportedOrder:
    """The order an import makes."""
    totals = decision.totals
    lines = [
        ImportedLine(
            line_id=f"line-{line.item.order_item_id}",
            key=line.item.order_item_id,
            sku=decision.commerce_skus[line.item.seller_sku],
            quantity=line.quantity,
            custom=False,
            inventory_mode=decision.inventory_mode,
            has_type=True,
            lacks_tax=line.tax is None,
            fields=dict(decision.line_fields[line.item.order_item_id]),
        )
        for line in totals.lines
    ]
    lines += [
        ImportedLine(
            line_id=f"line-{extra.slug}",
            key=extra.slug,
            sku="",
            quantity=extra.quantity,
            custom=True,
            inventory_mode=None,
            has_type=extra.item is not None,
        )
        for extra in totals.extras
    ]
    return ImportedOrder(
        commercetools_id="an-id",
        version=1,
        order_number=decision.order_number,
        order_state=decision.order_state,
        shipment_state=decision.shipment_state,
        total_gross=totals.total_gross if totals.currency else zero("EUR"),
        lines=tuple(lines),
        has_type=True,
        fields=dict(decision.fields),
        has_address=decision.personal.recipient is not None,
        customer_email=decision.personal.buyer_email or None,
        customer_id=decision.customer_key,
        inventory_mode=decision.inventory_mode,
    )


def changed_by(change: ChangeOrder) -> ImportedOrder:
    """The order after a change: states set, fields set or removed, one version on."""
    held = change.imported
    fields = held.fields if change.type_fields is None else dict(change.type_fields)
    lines = tuple(
        replace(line, fields=_set(line.fields, change.line_fields.get(line.line_id, {}))) for line in held.lines
    )
    return replace(
        held,
        version=held.version + 1,
        order_state=change.order_state or held.order_state,
        shipment_state=change.shipment_state or held.shipment_state,
        lines=lines,
        has_type=held.has_type or change.type_fields is not None,
        fields=_set(fields, change.fields),
        synced_channels=held.synced_channels
        if change.sync_channel is None
        else (*held.synced_channels, change.sync_channel),
    )


def _set(fields: dict[str, object], changes: object) -> dict[str, object]:
    assert isinstance(changes, dict)
    return {name: value for name, value in (fields | changes).items() if value is not None}
