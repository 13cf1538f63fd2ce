"""A miniature language of settlement files: a row is a line such as `Order 302-0000001-0000001 ItemPrice/Principal 19.99`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

from crossdock.domain.finance_policy import FinancePolicy
from crossdock.domain.journal import Books
from crossdock.policy_finance import shipped_chart

COLUMNS = (  # noqa: SIM905 - in the order of the file, as one reads it
    "settlement-id settlement-start-date settlement-end-date deposit-date total-amount currency transaction-type order-id merchant-order-id "
    "adjustment-id shipment-id marketplace-name amount-type amount-description amount fulfillment-id posted-date posted-date-time order-item-code "
    "merchant-order-item-id merchant-adjustment-item-id sku quantity-purchased promotion-id"
).split()
REAL = Path(__file__).parents[2] / "shared" / "samples" / "amazon" / "settlement"


def finance(zone: str = "Europe/Berlin", closed_until: date = date.min) -> FinancePolicy:
    """A policy with the shipped chart."""
    return FinancePolicy(Books(ZoneInfo(zone), closed_until), shipped_chart())


def a_settlement(
    rows: str,
    *,
    settlement_id: str = "28471003921",
    currency: str = "EUR",
    starts: str = "2026-10-20 00:00:00 UTC",
    ends: str = "2026-11-03 00:00:00 UTC",
    total: str = "",
    **more: str,
) -> bytes:
    """A V2 file. Each line: transaction type | order id | amount type | description | amount, and then `column=value` where it is not the usual.

    `total` is the sum of the rows where it is not given; `more`: cells of every row, with `_` for `-`.
    """
    lines = [line.strip() for line in rows.strip().splitlines()]
    cells = [_row(line, settlement_id, more) for line in lines if line]
    declared = total or str(sum((Decimal(row["amount"]) for row in cells), Decimal("0.00")))
    summary = {
        "settlement-id": settlement_id,
        "settlement-start-date": starts,
        "settlement-end-date": ends,
        "deposit-date": ends,
        "total-amount": declared,
        "currency": currency,
    }
    return a_file([summary, *cells])


def a_file(rows: Iterable[dict[str, str]], columns: Iterable[str] = COLUMNS) -> bytes:
    """Rows as a tab-separated file."""
    names = list(columns)
    lines = ["\t".join(names), *("\t".join(row.get(name, "") for name in names) for row in rows)]
    return ("\n".join(lines) + "\n").encode()


def _row(line: str, settlement_id: str, more: dict[str, str]) -> dict[str, str]:
    parts = [part.strip() for part in line.split("|")]
    usual = {
        "settlement-id": settlement_id,
        "transaction-type": parts[0],
        "order-id": parts[1],
        "amount-type": parts[2],
        "amount-description": parts[3],
        "amount": parts[4],
        "marketplace-name": "Amazon.de",
        "fulfillment-id": "AFN",
        "posted-date": "21.10.2026",
        "posted-date-time": "2026-10-21 10:00:00 UTC",
        "sku": "MUG-BLUE",
        "quantity-purchased": "1",
    }
    given = dict(part.split("=", 1) for part in parts[5:])
    return usual | {name.replace("_", "-"): value for name, value in more.items()} | given
