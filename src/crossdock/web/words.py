"""How the desk says things: spans of time, amounts, the words for states and owners, and a sentence for every event of a record's history.

Rule: text that came from outside is cut and shown as it is; nothing here makes markup.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from crossdock.domain.case_kinds import CASE_KINDS
from crossdock.domain.marketplaces import MARKETPLACES
from crossdock.domain.money import Money
from crossdock.domain.timeline import Event, State

# Longer texts of a platform are cut: a page stays a page even when a field holds a megabyte.
TEXT_MAX = 300

# A smaller probability is shown as being smaller.
SHARE_SHOWN = 0.0001

MINUTE, HOUR, DAY = 60, 3600, 86400

STATES = {State.IN_SYNC: "in sync", State.WAITING: "waiting", State.CASE: "case", State.OUT_OF_SCOPE: "out of scope"}
FULFILLED_BY = {"MERCHANT": "FBM", "AMAZON": "FBA"}

# Words of the trade that are not written as they are spelt in a name.
_SPELT = {"sku": "SKU", "skus": "SKUs", "asin": "ASIN", "fba": "FBA", "fbm": "FBM", "url": "URL"}

EVENTS = {
    "order.seen": "Seen on Amazon: {status}, fulfilled by {fulfilled_by}",
    "order.text_cleaned": "Unreadable characters were replaced in {fields}",
    "order.amounts_read": "Amounts read: {reading}",
    "order.imported": "Imported into commercetools as {order_number}: {order_state}, shipment {shipment_state}",
    "order.changed": "Brought up to date in commercetools",
    "order.address_changed": "The delivery address changed on Amazon and was replaced in commercetools",
    "stock.sent": "Sent to Amazon: {quantity} to be listed, of {available} available",
    "stock.read": "Amazon shows {quantity}",
    "stock.claimed": "Claimed off the entry: {units} for order {order}",
    "stock.given_back": "Given back to the entry: order {order} takes fewer units, or none",
    "stock.covered": "Kept back in the shop: {units}",
    "stock.moved": "Moved: {units} units, now of the side {to}",
    "payment.written": "Payment in commercetools brought up to date: {transactions} transactions",
    "record.moved": "Changed meanwhile by somebody else ({operation}); decided again",
    "record.put_back": "Put back: {operation} did not answer; tried again later",
    "case.opened": "Case opened: {kind}",
    "case.closed": "Case closed: {kind}",
    "case.resolved": "Case resolved by a person: {kind}",
}


def span(length: timedelta) -> str:
    """A length of time in its two largest units: `45 s`, `4 min`, `3 h 20 min`, `2 d 4 h`."""
    seconds = round(abs(length.total_seconds()))
    if seconds < MINUTE:
        return f"{seconds} s"
    if seconds < 10 * MINUTE and seconds % MINUTE:
        return f"{seconds // MINUTE} min {seconds % MINUTE} s"
    if seconds < HOUR:
        return f"{seconds // MINUTE} min"
    large, name, small, smaller = (DAY, "d", HOUR, "h") if seconds >= DAY else (HOUR, "h", MINUTE, "min")
    whole, rest = divmod(seconds, large)
    return f"{whole} {name} {rest // small} {smaller}" if rest >= small and whole < 10 else f"{whole} {name}"  # noqa: PLR2004 - from ten on nobody asks


def ago(at: datetime, now: datetime) -> str:
    """How far a moment is from now: `4 min ago`, `in 3 h`, `now`."""
    length = at - now
    if abs(length) < timedelta(seconds=1):
        return "now"
    if abs(length) >= timedelta(seconds=2 * MINUTE):
        length = timedelta(
            minutes=round(length.total_seconds() / MINUTE)
        )  # nobody counts the seconds of what is minutes away
    return f"in {span(length)}" if length > timedelta() else f"{span(length)} ago"


def moment(at: datetime) -> str:
    """A moment in UTC: `20 Nov 2026, 08:15`."""
    return f"{at.astimezone(UTC):%-d %b %Y, %H:%M}"


def day(at: datetime) -> str:
    """A day of UTC: `20 Nov 2026`."""
    return f"{at.astimezone(UTC):%-d %b %Y}"


def period(starts_at: datetime, ends_at: datetime) -> str:
    """From day to day, the year once where it is one: `14 Aug to 28 Aug 2025`."""
    first, last = starts_at.astimezone(UTC), ends_at.astimezone(UTC)
    begins = f"{first:%-d %b}" if first.year == last.year else day(first)
    return f"{begins} to {day(last)}"


def clip(text: object, longest: int = TEXT_MAX) -> str:
    """The beginning of a text, and how much of it is not shown."""
    whole = str(text)
    return whole if len(whole) <= longest else f"{whole[:longest]}… ({len(whole):,} characters)"


def money(amount: Money) -> str:
    """As people read it: `1,234.50 EUR`, and a true minus sign before what is negative."""
    number, currency = str(amount).split()
    whole, dot, part = number.removeprefix("-").partition(".")
    return f"{'−' if amount.minor_units < 0 else ''}{int(whole):,}{dot}{part} {currency}"  # noqa: RUF001 - a true minus sign


def figure(amount: Money) -> str:
    """The number alone, where the currency stands at the head of its column."""
    return money(amount).rpartition(" ")[0]


def stake(amount: Money) -> str:
    """What is at stake has no sign: a difference is as large in either direction."""
    return money(-amount if amount.minor_units < 0 else amount)


def number(count: int) -> str:
    """As people read it, and a true minus sign before what is negative: `−1,204`."""  # noqa: RUF002 - a true minus sign
    return f"{'−' if count < 0 else ''}{abs(count):,}"  # noqa: RUF001 - a true minus sign


def percent(share: float) -> str:
    """A probability: `12 %`, `0.4 %`, `less than 0.01 %`; what is rounded away was never nothing."""
    return f"{share * 100:.2g} %" if share >= SHARE_SHOWN else "less than 0.01 %"


def rate(per_hour: float) -> str:
    """How many in an hour: `12`, `0.5`, `less than 0.01`."""
    return f"{per_hour:.2g}" if 0.01 <= per_hour < 10 else "less than 0.01" if per_hour < 10 else f"{per_hour:,.0f}"  # noqa: PLR2004 - two digits


def from_seconds(at_s: float | None) -> datetime | None:
    """A time of the hold, which counts seconds."""
    return None if at_s is None else datetime.fromtimestamp(at_s, UTC)


def short_span(length: timedelta) -> str:
    """The same of what may be shorter than a second: `0.2 s`."""
    return f"{length.total_seconds():.2g} s" if length < timedelta(seconds=1) else span(length)


def reason(text: str) -> str:
    """Why a SKU stands where it stands; one that ends with a case says the case's name."""
    return kind_title(text)


def counted(number: int, one: str, many: str = "") -> str:
    """`1 case`, `12 cases`, `no cases`."""
    if number == 1:
        return f"1 {one}"
    return f"{number:,} {many or one + 's'}" if number else f"no {many or one + 's'}"


def owner(name: str) -> str:
    """`customer_service` -> `customer service`; a name of the merchant's own stays."""
    return clip(name.replace("_", " "), 80)


def kind_title(code: str) -> str:
    """What a kind of case is called; the code itself where the catalogue no longer has it."""
    return CASE_KINDS[code].title if code in CASE_KINDS else code


def marketplace(marketplace_id: str) -> str:
    """`Amazon.de`; the id itself where it is not known."""
    known = {str(key): value.name for key, value in MARKETPLACES.items()}
    return known.get(marketplace_id, clip(marketplace_id, 40))


def fulfilled_by(code: str) -> str:
    """FBM, FBA, or what Amazon says where it is neither."""
    return FULFILLED_BY.get(code, clip(code, 40) or "not told")


def sentence(event: Event) -> str:
    """What happened, in a sentence; the bare code where there is none for it."""
    facts = {name: kind_title(value) if name == "kind" else clip(value, 120) for name, value in event.facts.items()}
    template = EVENTS.get(event.code)
    return event.code if template is None else template.format_map(defaultdict(lambda: "…", facts))


def other_facts(event: Event) -> Mapping[str, str]:
    """The facts that the sentence did not tell."""
    template = EVENTS.get(event.code, "")
    return {name: clip(value) for name, value in event.facts.items() if f"{{{name}}}" not in template}


def field_label(name: str) -> str:
    """`request_id` -> `request id`, `skus` -> `SKUs`."""
    return " ".join(_SPELT.get(word, word) for word in name.replace("_", " ").split(" "))


def initial(text: str) -> str:
    """With a capital letter where a sentence or a label begins; the rest stays as it is written."""
    return text[:1].upper() + text[1:]


def masked_email(address: str) -> str:
    """Enough to tell two apart, not enough to write to: `t…@m…`."""
    name, at, domain = address.partition("@")
    return f"{name[:1]}…{at}{domain[:1]}…" if at else "…"
