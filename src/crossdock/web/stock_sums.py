"""How the quantity of one SKU comes about, as a reader adds it up; and what each side holds of it, in units.

Pure: the view of the last look goes in, sentences and sums come out. What is said always adds up: what S and U do not explain is the policy's or the shop's.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from crossdock.domain.desk import StockSheet, StockView
from crossdock.domain.sellable import ENOUGH, SENT_SHARED
from crossdock.domain.stock_look import NOT_LISTED
from crossdock.domain.stock_record import StockRecord
from crossdock.web import words


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the sum. `said`: the same within a sentence."""

    label: str
    units: int
    said: str


@dataclass(frozen=True, slots=True)
class Held:
    """One number that a side holds, and what it is."""

    label: str
    units: str
    note: str
    at: datetime | None = None


def steps_of(view: StockView, record: StockRecord | None) -> list[Step]:
    """What is taken off what is available, in the order of the rule; what takes nothing off is left out."""
    unseen = record.on_sale.unseen if record else 0
    # Nothing is sold of less than nothing: what is missing of it is no part of the policy.
    policy = max(0, view.available - unseen - view.shop_margin - view.unseen_margin) - view.sellable
    margin = (
        Step("Held: Amazon may have sold them unseen, or may still", view.unseen_margin, "Amazon may sell already")
        if view.mode == "proof"
        else Step("U: Amazon may have sold them unseen", view.unseen_margin, "Amazon may have sold unseen")
    )
    kept_back = (
        Step("Left to the shop, or kept back by the policy", policy, "left to the shop or kept back by the policy")
        if view.reason == SENT_SHARED
        else Step("Kept back by the policy: share, cap or buffer", policy, "the policy keeps back")
    )
    steps = [
        Step("Sold on Amazon, orders not known yet", unseen, "Amazon sold whose orders are not known yet"),
        Step("S: the shop may sell them first", view.shop_margin, "the shop may sell first"),
        margin,
        kept_back,
    ]
    return [step for step in steps if step.units > 0]


def is_weighed(sheet: StockSheet) -> bool:
    """Whether there is a sum to show: the merchant ships it, nobody else sets it, and it is not so far from sold out that nothing had to be weighed."""
    view = sheet.row.view
    if view is None or _ships(sheet) != "MERCHANT" or _fought_over_until(sheet) is not None:
        return False
    return not (view.reason == ENOUGH and view.shop_margin == view.unseen_margin == 0)


def sentence_of(sheet: StockSheet) -> str:
    """What Amazon may list, and how that comes about."""
    view = sheet.row.view
    if view is None:
        return "Nobody has looked at this SKU yet, so nothing of it was decided."
    ships = _ships(sheet)
    if ships == "AMAZON":
        return "Amazon ships this SKU from its own warehouse and keeps its quantity; nothing of it is set."
    if ships != "MERCHANT":
        is_unlisted = view.reason == NOT_LISTED
        return f"Nothing of it is set: {'Amazon lists nothing under this SKU' if is_unlisted else words.clip(view.reason)}."
    fought_over_until = _fought_over_until(sheet)
    if fought_over_until is not None:
        return f"Amazon may list nothing until {words.moment(fought_over_until)} UTC: somebody else set this quantity."
    available = f"{words.number(view.available)} available"
    live = max(view.listed, view.under_way or 0)
    if not is_weighed(sheet):
        lists = "lists" if live == view.listed else "is about to list"
        return f"Amazon {lists} {words.number(live)}, which is enough: {available}."
    less = [f"less {words.number(step.units)} {step.said}" for step in steps_of(view, sheet.record)]
    may = f"Amazon may list {words.number(view.sellable) if view.sellable else 'nothing'}"
    stands = "listed" if live == view.listed else "about to be listed"
    listed = f" {words.number(live)} {'is' if live == 1 else 'are'} {stands}, and changing that is not worth a set."
    return f"{may}: {', '.join([available, *less])}.{listed if view.reason == ENOUGH else ''}"


def exposure_of(view: StockView) -> str:
    """What may be sold twice, and how likely that is."""
    if view.mode == "proof":
        return "Nothing of it can be sold twice: its units are Amazon's own."
    if not view.exposure:
        why = ": what Amazon may sell is kept back in the shop" if view.covered and view.listed else ""
        return f"Nothing of it can be sold twice now{why}."
    at_most = f"At most {words.counted(view.exposure, 'unit')} can be sold twice before Amazon follows"
    return f"{at_most}; that any is has a probability of {words.percent(view.probability)}."


def rests_on(view: StockView) -> str:
    """The rates and delays behind S, U and the exposure."""
    sells = f"Amazon sells {words.rate(view.amazon_per_hour)} an hour and the shop {words.rate(view.shop_per_hour)}"
    known = f"an order is known after {view.order_known_s} s, what the shop sells after {view.shop_seen_s} s"
    return f"{sells}; {known}, and a quantity is in effect {view.effect_s} s after it was sent."


def peak_of(view: StockView, now: datetime) -> str:
    """The announced peak that counts now, or the next one; empty where there is none, or it is over."""
    peak = view.peak
    if peak is None or peak.until_at <= now:
        return ""
    until = f"until {words.moment(peak.until_at)} UTC, {peak.times:g} times the usual"
    counts_from = peak.counts_from()
    if counts_from <= now:
        return f"An announced peak counts {until}."
    return f"The next announced peak counts from {words.moment(counts_from)} {until}."


def held(sheet: StockSheet) -> list[Held]:
    """What each side holds, in the order in which one asks for it; what is not there is left out."""
    view, record = sheet.row.view, sheet.record
    if view is None:
        return []
    known = "what orders known by then took is off already"
    available = f"what is kept back counted in; {known}" if view.covered else known
    rows = [
        Held("Available in commercetools", words.number(view.available), available),
        Held("Claimed for Amazon", words.number(view.claims), _claimed(sheet)),
    ]
    if _ships(sheet) != "MERCHANT":
        return rows
    if view.covered:
        rows.append(Held("Kept back in the shop", words.number(view.covered), _covers(view)))
    read_at, sent_at, zero_at, overdue_at = _times(record)
    rows.append(Held("Listed on Amazon", words.number(view.listed), "the most that can be on sale; last read", read_at))
    if view.under_way is not None:
        rows.append(Held("Under way", words.number(view.under_way), "not seen in effect yet; sent", sent_at))
    if zero_at is not None:
        rows.append(Held("Under way", "0", "not seen in effect yet; sent", zero_at))
    if view.overdue is not None:
        note = "past its usual time, and may take effect still; sent"
        rows.append(Held("Overdue", words.number(view.overdue), note, overdue_at))
    rows.append(Held("Hold", words.number(view.hold), "the most Amazon may have sold unseen or may still sell"))
    return rows


def _covers(view: StockView) -> str:
    """What it is kept back for, and what that leaves."""
    left = words.number(view.available - view.covered)
    return f"off the entry while Amazon may sell them before we hear of it; the shop can sell {left}"


def _ships(sheet: StockSheet) -> str:
    if sheet.record is not None:
        return sheet.record.fulfilled_by
    return "MERCHANT" if sheet.row.listed is not None else ""


def _fought_over_until(sheet: StockSheet) -> datetime | None:
    """Until when nothing is listed because somebody else set the quantity; None where nobody does."""
    until = sheet.record.foreign_until if sheet.record else None
    return until if until and sheet.looked_at and until > sheet.looked_at else None


def _claimed(sheet: StockSheet) -> str:
    orders = len({line.order_id for line in sheet.lines})
    if not sheet.lines_in_all:
        return "no order has units that could still come back"
    return f"of {words.counted(orders, 'order')}, off the entry; listed below until they are final"


def _times(record: StockRecord | None) -> tuple[datetime | None, datetime | None, datetime | None, datetime | None]:
    """When Amazon was last read, and when what is under way was sent."""
    if record is None:
        return None, None, None, None
    on_sale = record.on_sale
    return (
        words.from_seconds(on_sale.read_at_s or None),
        words.from_seconds(on_sale.raising_at_s),
        words.from_seconds(on_sale.zero_at_s),
        words.from_seconds(on_sale.overdue_at_s),
    )
