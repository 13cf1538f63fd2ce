"""A settlement as Amazon writes it: the flat file V2, 24 columns, tab separated, one row an amount.

The first row is the summary and has only the first six cells; the others have none of those but the settlement's number.
Amounts are written as the marketplace writes them, without anything between thousands; nothing is quoted.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from crossdock.twin.settlement_rows import About, Row, digits_of

COLUMNS = (
    "settlement-id",
    "settlement-start-date",
    "settlement-end-date",
    "deposit-date",
    "total-amount",
    "currency",
    "transaction-type",
    "order-id",
    "merchant-order-id",
    "adjustment-id",
    "shipment-id",
    "marketplace-name",
    "amount-type",
    "amount-description",
    "amount",
    "fulfillment-id",
    "posted-date",
    "posted-date-time",
    "order-item-code",
    "merchant-order-item-id",
    "merchant-adjustment-item-id",
    "sku",
    "quantity-purchased",
    "promotion-id",
)


class Style(NamedTuple):
    """How dates and amounts look where a currency is at home."""

    point: str
    date: str
    hours_from_utc: int  # standard time: an hour off in summer, as a reader of local dates has to expect


STYLES = {
    "EUR": Style(",", "%d.%m.%Y", 1),
    "SEK": Style(",", "%Y-%m-%d", 1),
    "PLN": Style(",", "%d.%m.%Y", 1),
    "GBP": Style(".", "%d/%m/%Y", 0),
    "JPY": Style(".", "%Y/%m/%d", 9),
}
ELSEWHERE = Style(".", "%m/%d/%y", -8)


class Summary(NamedTuple):
    """The summary row; the total is in minor units."""

    settlement_id: str
    start: datetime
    end: datetime
    deposit_at: datetime
    total: int
    currency: str


def flat_file(summary: Summary, rows: Iterable[tuple[datetime, Row]]) -> bytes:
    """Write a settlement, each row with the time it was posted at."""
    currency = summary.currency
    style = STYLES.get(currency, ELSEWHERE)
    first = (
        summary.settlement_id,
        _time(summary.start),
        _time(summary.end),
        _time(summary.deposit_at),
        written_amount(summary.total, currency, style.point),
        currency,
    )
    empty = "\t" * (len(COLUMNS) - len(first))
    lines = ["\t".join(COLUMNS), "\t".join(first) + empty]
    opening = summary.settlement_id + "\t" * len(first)
    known: dict[tuple[About, datetime], tuple[str, str, str]] = {}
    for posted_at, row in rows:
        about = row.about
        if (about, posted_at) not in known:
            known = {(about, posted_at): _cells_about(about, posted_at, style)}  # rows about the same stand together
        before, between, after = known[about, posted_at]
        amount = written_amount(row.minor, currency, style.point)
        what = f"{row.amount_type}\t{row.description}\t{amount}"
        lines.append(f"{opening}{before}\t{what}\t{between}\t{after}\t{row.promotion_id}")
    return ("\n".join(lines) + "\n").encode()


def written_amount(minor: int, currency: str, point: str = ".") -> str:
    """Write an amount with exactly the digits its currency has."""
    digits = digits_of(currency)
    if not digits:
        return str(minor)
    whole, rest = divmod(abs(minor), 10**digits)
    return f"{'-' if minor < 0 else ''}{whole}{point}{rest:0{digits}d}"


def _cells_about(about: About, posted_at: datetime, style: Style) -> tuple[str, str, str]:
    """Write the cells before the amount's labels, those that tell the time, and those after it."""
    before = (
        about.transaction_type,
        about.order_id,
        about.merchant_order_id,
        about.adjustment_id,
        about.shipment_id,
        about.marketplace_name,
    )
    local = posted_at + timedelta(hours=style.hours_from_utc)
    between = (about.fulfillment_id, local.strftime(style.date), _time(posted_at))
    quantity = "" if about.quantity is None else str(about.quantity)
    after = (about.item_code, about.merchant_item_id, "", about.sku, quantity)
    return "\t".join(before), "\t".join(between), "\t".join(after)


def _time(at: datetime) -> str:
    """Write a time as Amazon's page has it."""
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"
