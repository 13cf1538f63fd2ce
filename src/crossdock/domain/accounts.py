"""Which account a row of a settlement belongs to, by its three labels: the merchant's own mapping first, then the default chart.

Rule: an exact rule goes before a pattern, patterns count in their order, and a label that no rule fits is nobody's to guess: it goes to suspense.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

from crossdock.domain.settlement import Label, RowGroup
from crossdock.errors import DataError

Kind = Literal["income", "expense", "tax", "asset", "liability", "balance"]
# What a row's order-id means for this label: an order, another shop's order, an order only where it has the form of one, or never an order.
OrderRelation = Literal["order", "mcf", "if-id", "no"]

SUSPENSE = "suspense"
BANK = "clearing.bank"
CARD = "clearing.card"
CARRIED_OVER = "balance.carried_over"
UNSETTLED = "balance.unsettled"
RESERVE = "balance.reserve"
RECEIVABLE = "receivable.orders"
TAX_COLLECTED = "tax.sales"
TAX_REMITTED = "tax.marketplace"

COLUMNS = (
    "rule",
    "transaction_type",
    "amount_type",
    "amount_description",
    "account",
    "account_name",
    "kind",
    "sign",
    "order_related",
    "order_mode",
    "note",
)
# More rules than this are no mapping but a mistake.
RULES_MAX = 5_000
# A longer pattern is no pattern of a label.
PATTERN_MAX = 500
_KINDS: dict[str, Kind] = {kind: kind for kind in get_args(Kind)}
_RELATIONS: dict[str, OrderRelation] = {related: related for related in get_args(OrderRelation)}
_SIGNS = {"+": 1, "-": -1, "any": 0}
# Of an account, never renamed.
KEY = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*")


@dataclass(frozen=True, slots=True)
class Account:
    """An account by its stable key; the merchant's own number stands beside it in the policy."""

    key: str
    name: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Rule:
    """Where rows of a label go. `sign`: expected of each row (1, -1, or 0 for either); `order_mode`: the account where another system invoices the order."""

    account: str
    sign: int
    related: OrderRelation
    order_mode: str


# Of a label that no rule fits: a person says what it is, and its order is its order's still.
UNKNOWN = Rule(SUSPENSE, 0, "if-id", SUSPENSE)


@dataclass(frozen=True, slots=True)
class Chart:
    """A mapping as it is in force: its accounts, its exact rules by folded label, its patterns in their order, and the chart asked after it."""

    accounts: Mapping[str, Account]
    exact: Mapping[Label, Rule]
    patterns: Sequence[tuple[tuple[re.Pattern[str], ...], Rule]]
    fallback: Chart | None = None

    def find(self, label: Label) -> Rule | None:
        """The rule for a label, or None where nothing fits."""
        rule = self.exact.get(fold(label)) or next(self._fitting(label), None)
        return rule or (self.fallback.find(label) if self.fallback is not None else None)

    def _fitting(self, label: Label) -> Iterator[Rule]:
        for patterns, rule in self.patterns:
            if all(pattern.fullmatch(text) for pattern, text in zip(patterns, label, strict=True)):
                yield rule

    def account_of(self, group: RowGroup) -> str:
        """The account a group of rows is booked to; suspense where no rule fits."""
        rule = self.find(group.label) or UNKNOWN
        return rule.order_mode if group.order_mode else rule.account


def is_treated(account: str) -> bool:
    """Whether the tax treatment of its rows is told apart: sales, refunds, and the tax on them."""
    return account.startswith(("sales.", "refunds.")) or account in {TAX_COLLECTED, TAX_REMITTED}


def fold(label: Label) -> Label:
    """Labels are compared without case, spaces, `_` and `-`: Amazon renames them by these."""
    return Label(*(re.sub(r"[\s_-]", "", part).casefold() for part in label))


def parse_chart(text: str, where: str, fallback: Chart | None = None) -> Chart:
    """Read a chart of accounts, CSV with `#` comments and the columns of the default (`accounts.csv`); DataError at file and line.

    An empty pattern fits anything; a pattern is matched whole, without case, as `re` does. `fallback`: asked where nothing here fits.
    """
    numbered = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line and not line.startswith("#")]
    if len(numbered) > RULES_MAX:
        raise DataError(where, f"more than {RULES_MAX} rules")
    reader = csv.DictReader((line for _, line in numbered), strict=True)
    if reader.fieldnames is None or not set(COLUMNS[:-1]) <= set(reader.fieldnames):
        raise DataError(where, f"the first line must name the columns {', '.join(COLUMNS)}")
    chart = _Draft()
    try:
        for row in reader:
            chart.add(row, f"{where}, line {numbered[reader.line_num - 1][0]}")
    except csv.Error as fault:
        raise DataError(where, f"cannot be read as CSV: {fault}") from fault
    named = {**(fallback.accounts if fallback is not None else {}), **chart.accounts}
    for rule in (*chart.exact.values(), *(rule for _, rule in chart.patterns)):
        if rule.order_mode not in named:
            raise DataError(where, f"order_mode {rule.order_mode} is no account that a line names")
    return Chart(chart.accounts, chart.exact, tuple(chart.patterns), fallback)


@dataclass
class _Draft:
    """A chart while it is read."""

    accounts: dict[str, Account] = field(default_factory=dict)
    exact: dict[Label, Rule] = field(default_factory=dict)
    patterns: list[tuple[tuple[re.Pattern[str], ...], Rule]] = field(default_factory=list)

    def add(self, row: Mapping[str, str], at: str) -> None:
        """One line of the file."""
        if None in row.values():
            raise DataError(at, "has fewer columns than the first line")
        _add_account(self.accounts, row, at)
        rule = _rule(row, at)
        label = Label(*(row[name].strip() for name in COLUMNS[1:4]))
        if row["rule"] == "exact":
            if self.exact.setdefault(fold(label), rule) != rule:
                raise DataError(at, f"the label {label} has two rules")
        elif row["rule"] == "regex":
            self.patterns.append((tuple(_pattern(part, at) for part in label), rule))
        elif row["rule"] != "system":
            raise DataError(at, f"rule must be exact, regex or system, not {row['rule'][:20]!r}")


def _add_account(accounts: dict[str, Account], row: Mapping[str, str], at: str) -> None:
    """One key, one name, one kind; a key is never two accounts."""
    key, name, kind = row["account"], row["account_name"], _KINDS.get(row["kind"])
    if not KEY.fullmatch(key) or not name or kind is None:
        raise DataError(at, "account must be a key such as fees.selling, with a name and a kind")
    account = Account(key, name, kind)
    if accounts.setdefault(key, account) != account:
        raise DataError(at, f"account {key} has two names or two kinds")


def _rule(row: Mapping[str, str], at: str) -> Rule:
    sign, related, order_mode = row["sign"], _RELATIONS.get(row["order_related"]), row["order_mode"]
    if sign not in _SIGNS or related is None or not KEY.fullmatch(order_mode):
        raise DataError(at, "sign must be +, - or any; order_related order, mcf, if-id or no; order_mode an account")
    return Rule(row["account"], _SIGNS[sign], related, order_mode)


def _pattern(text: str, at: str) -> re.Pattern[str]:
    if len(text) > PATTERN_MAX:
        raise DataError(at, f"has a pattern of more than {PATTERN_MAX} letters")
    try:
        return re.compile(text or r".*", re.IGNORECASE | re.DOTALL)
    except re.error as fault:
        raise DataError(at, f"{text[:80]!r} is no pattern: {fault}") from fault
