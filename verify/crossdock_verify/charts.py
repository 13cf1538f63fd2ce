"""From a row's label to its account by the charts in force, each asked in its order: exact rules first, then patterns."""

import csv
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from crossdock_verify.faults import Unreadable

Label = tuple[str, str, str]  # transaction type, amount type, amount description

SUSPENSE = "suspense"
_LABELS = ("transaction_type", "amount_type", "amount_description")
_COLUMNS = ("rule", *_LABELS, "account", "order_related", "order_mode")
_RELATED = ("order", "mcf", "if-id", "no")
_PATTERN_MAX = 1000  # twice what a chart may have; compiling a longer one may take for ever


@dataclass(frozen=True)
class Rule:
    """What a chart says of a label: its account, the account in order mode, and whether the row belongs to an order."""

    account: str
    order_mode: str
    order_related: str


NO_RULE = Rule(SUSPENSE, SUSPENSE, "if-id")


@dataclass(frozen=True)
class Chart:
    """One mapping."""

    exact: dict[Label, Rule]
    patterns: tuple[tuple[tuple[re.Pattern[str], ...], Rule], ...]


def read_chart(name: str, text: str) -> Chart:
    """The chart in this text; Unreadable where a rule cannot be understood."""
    exact: dict[Label, Rule] = {}
    patterns = []
    for number, cells in _rows(name, text):
        label = (cells[_LABELS[0]], cells[_LABELS[1]], cells[_LABELS[2]])
        if cells["rule"] == "system":
            continue
        if cells["order_related"] not in _RELATED or not cells["account"]:
            raise Unreadable(f"chart {name!a}, rule {number}: no account, or order_related is none of {_RELATED}")
        rule = Rule(cells["account"], cells["order_mode"] or cells["account"], cells["order_related"])
        if cells["rule"] == "exact":
            exact.setdefault(fold_label(label), rule)
        elif cells["rule"] == "regex":
            patterns.append((tuple(_compile(name, number, part) for part in label), rule))
        else:
            raise Unreadable(f"chart {name!a}, rule {number}: {cells['rule'][:60]!a} is no kind of rule")
    return Chart(exact, tuple(patterns))


def find_rule(charts: Iterable[Chart], label: Label) -> Rule:
    """The first rule that fits, NO_RULE where none does."""
    folded = fold_label(label)
    for chart in charts:
        if (rule := chart.exact.get(folded)) is not None:
            return rule
        for parts, rule in chart.patterns:
            if all(not part.pattern or part.fullmatch(text) for part, text in zip(parts, label, strict=True)):
                return rule
    return NO_RULE


def fold(text: str) -> str:
    """The text as exact rules compare it: without case, white space, `_` and `-`."""
    return "".join(text.casefold().split()).replace("_", "").replace("-", "")


def fold_label(label: Label) -> Label:
    """The three parts, each folded."""
    return fold(label[0]), fold(label[1]), fold(label[2])


def _rows(name: str, text: str) -> Iterable[tuple[int, dict[str, str]]]:
    lines = [line for line in text.split("\n") if line.strip() and not line.startswith("#")]
    try:
        rows = list(csv.reader(lines, strict=True))
    except csv.Error as error:
        raise Unreadable(f"chart {name!a}: {error}") from None
    header: Sequence[str] = [cell.strip() for cell in rows[0]] if rows else ()
    missing = [column for column in _COLUMNS if column not in header]
    if rows and missing:
        raise Unreadable(f"chart {name!a} has no column {missing[0]}")
    for number, row in enumerate(rows[1:], 1):
        if len(row) != len(header):
            raise Unreadable(f"chart {name!a}, rule {number} has {len(row)} cells, the header {len(header)}")
        yield number, dict(zip(header, (cell.strip() for cell in row), strict=True))


def _compile(name: str, number: int, text: str) -> re.Pattern[str]:
    if len(text) > _PATTERN_MAX:
        raise Unreadable(f"chart {name!a}, rule {number}: the pattern is too long")
    try:
        return re.compile(text, re.IGNORECASE)
    except (re.error, OverflowError, RecursionError, MemoryError) as error:
        raise Unreadable(f"chart {name!a}, rule {number}: {str(error)[:200]!a}") from None
