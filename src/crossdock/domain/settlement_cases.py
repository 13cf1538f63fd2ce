"""What a person in finance must look at in a settlement: labels nobody knows, signs nobody expects, tax that does not cancel."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from zlib import crc32

from crossdock.domain.accounts import Chart, fold
from crossdock.domain.case import Case
from crossdock.domain.money import Money
from crossdock.domain.settlement import Label, RowGroup, Settlement

# So much of a list stands in a case; the rest is counted.
NAMED_MAX = 10
# Letters of a label in the name of its case; longer ones are told apart by a checksum.
RECORD_MAX = 150


def check_labels(settlement: Settlement, groups: Sequence[RowGroup], chart: Chart) -> Mapping[Label, Case]:
    """One case for each label that no rule fits; its rows are in suspense."""
    unknown: dict[Label, list[RowGroup]] = {}
    for group in groups:
        if chart.find(group.label) is None:
            unknown.setdefault(group.label, []).append(group)
    return {label: _unknown(settlement, label, found) for label, found in unknown.items()}


def check_signs(settlement: Settlement, groups: Sequence[RowGroup], chart: Chart) -> Case | None:
    """Rows whose sign is not the one their label usually has are booked as they stand, and looked at."""
    found = [group for group in groups if _is_unexpected(group, chart)]
    if not found:
        return None
    currency = settlement.total.currency
    at_stake = Money(sum(abs(group.amount) for group in found), currency)
    facts = {
        "rows": str(sum(group.rows for group in found)),
        "labels": _listed(dict.fromkeys(str(group.label) for group in found)),
        "first_row": str(min(group.first_row for group in found)),
    }
    return Case("settlement.sign_unexpected", facts, at_stake=at_stake)


def check_taxes(settlement: Settlement, left: Mapping[str, int]) -> Case | None:
    """Tax that Amazon remits cancels the tax collected, order by order; `left` is what does not, by order id."""
    if not left:
        return None
    currency = settlement.total.currency
    facts = {"orders": str(len(left)), "order_ids": _listed(left)}
    return Case("settlement.tax_differs", facts, at_stake=Money(sum(map(abs, left.values())), currency))


def label_record(label: Label) -> str:
    """The record under which the case of a label is kept, however it is spelt and whichever settlements have it."""
    text = " / ".join(fold(label))
    return f"label {text}" if len(text) <= RECORD_MAX else f"label {text[:RECORD_MAX]} {crc32(text.encode()):08x}"


def _unknown(settlement: Settlement, label: Label, groups: Sequence[RowGroup]) -> Case:
    amount = Money(sum(group.amount for group in groups), settlement.total.currency)
    facts = {
        "settlement_id": settlement.settlement_id,
        "transaction_type": label.transaction_type,
        "amount_type": label.amount_type,
        "amount_description": label.description,
        "rows": str(sum(group.rows for group in groups)),
        "amount": str(amount),
        "first_row": str(min(group.first_row for group in groups)),
    }
    at_stake = Money(sum(abs(group.amount) for group in groups), amount.currency)
    return Case("settlement.label_unknown", facts, at_stake=at_stake)


def _is_unexpected(group: RowGroup, chart: Chart) -> bool:
    rule = chart.find(group.label)
    return rule is not None and rule.sign != 0 and group.sign not in {0, rule.sign}


def _listed(names: Mapping[str, object]) -> str:
    shown = list(_first(names))
    more = len(names) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def _first(names: Mapping[str, object]) -> Iterator[str]:
    return (name for name, _ in zip(names, range(NAMED_MAX), strict=False))
