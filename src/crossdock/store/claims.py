"""Claims: units that Amazon has sold and commercetools has not taken off yet, as a query over the inbox."""

from __future__ import annotations

from typing import Any

from crossdock.store.database import Database, rows_of


def claimed_units(database: Database, connection_id: str, flow: str) -> list[dict[str, Any]]:
    """Units that Amazon has sold and commercetools has not taken off yet, by SKU: FBM orders known and not imported.

    A claim is a fact of the inbox, not a row of its own, so it can neither be lost nor be counted twice.
    """
    with database.transaction([connection_id]) as transaction:
        return rows_of(
            transaction.execute(
                """
                select item ->> 'seller_sku' as seller_sku, sum((item ->> 'quantity')::int)::int as units, count(*)::int as orders
                from inbox i cross join lateral jsonb_array_elements(i.snapshot -> 'items') item
                left join links l on l.connection_id = i.connection_id and l.record_id = i.record_id
                where i.connection_id = %s and i.flow = %s and i.fulfilled_by = 'MERCHANT' and l.record_id is null
                    and i.state in ('waiting', 'case') and i.status in ('PENDING', 'PENDING_AVAILABILITY', 'UNSHIPPED')
                    and i.snapshot ->> 'channel_name' = 'AMAZON'
                group by 1 order by 2 desc, 1
                """,
                [connection_id, flow],
            )
        )
