"""Which settlement comes before which, chosen among all certificates of one connection by the one rule of the page."""

from collections import Counter
from collections.abc import Sequence

from crossdock_verify.certificate import Certificate


def settlement_before(mine: Certificate, certificates: Sequence[Certificate]) -> Certificate | None:
    """The one that the rule gives among certificates with a smaller number."""
    return _choose(mine, candidates_before(mine, certificates))


def candidates_before(mine: Certificate, certificates: Sequence[Certificate]) -> list[Certificate]:
    """Those with a smaller number that end where this one begins, and that none with a smaller number names."""
    smaller = [other for other in certificates if other.sequence < mine.sequence]
    named = {other.fields["chains"]["predecessor"] for other in smaller}
    return [other for other in smaller if _meet(other, mine) and other.settlement_id not in named]


def go_together(one: Certificate, other: Certificate) -> bool:
    """Whether the rule could give the one for the other if there were no third."""
    return _choose(one, [other]) is not None


def certified_later(mine: Certificate, certificates: Sequence[Certificate]) -> Certificate | None:
    """The settlement before one that names none, where it has a greater number; none before one that names another.

    The rule the other way round: each that ends here, in the order of numbers, takes one among those that begin here, have a
    smaller number, name none before them, and were not taken.
    """
    ending = [other for other in certificates if _meet(other, mine)]
    beginning = [other for other in certificates if _begin_together(other, mine)]
    waiting = [other for other in beginning if not other.fields["chains"]["predecessor"]]
    for before in sorted(ending, key=lambda it: it.sequence):
        taken = _choose(before, [other for other in waiting if other.sequence < before.sequence])
        if taken is mine:
            return before
        waiting = [other for other in waiting if other is not taken]
    return None


def has_all_before(number: int, certificates: Sequence[Certificate]) -> bool:
    """Whether every certificate with a smaller number is here."""
    return len({other.sequence for other in certificates if 1 <= other.sequence < number}) == number - 1


def first_name(mine: Certificate) -> str:
    """The name of a chain that begins here: the currency and the marketplace of most rows."""
    rows = Counter[str]()
    for posting in mine.postings:
        if posting["marketplace"]:
            rows[posting["marketplace"]] += posting["rows"]
    most = min(rows, key=lambda marketplace: (-rows[marketplace], marketplace), default="")
    currency = mine.fields["settlement"]["currency"]
    return f"{currency} {most}" if most else currency


def _choose(mine: Certificate, candidates: Sequence[Certificate]) -> Certificate | None:
    common = [other for other in candidates if other.marketplaces & mine.marketplaces]
    if len(common) == 1:
        return common[0]
    if len(candidates) == 1 and not (mine.marketplaces and candidates[0].marketplaces):
        return candidates[0]
    return None


def _begin_together(one: Certificate, other: Certificate) -> bool:
    mine, theirs = one.fields["settlement"], other.fields["settlement"]
    return mine["currency"] == theirs["currency"] and mine["starts_at"] == theirs["starts_at"]


def _meet(before: Certificate, after: Certificate) -> bool:
    ends, starts = before.fields["settlement"], after.fields["settlement"]
    return ends["currency"] == starts["currency"] and ends["ends_at"] == starts["starts_at"]
