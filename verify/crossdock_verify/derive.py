"""From the rows of a file to postings, orders and what is brought forward: what a certificate must come to."""

import hashlib
import re
from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

from crossdock_verify.certificate import Certificate
from crossdock_verify.charts import Chart, Label, Rule, find_rule, fold, read_chart
from crossdock_verify.faults import Failure, Unreadable
from crossdock_verify.file import Reading, Row, read_lines
from crossdock_verify.patience import at_most
from crossdock_verify.times import Months

RESERVE, CARRIED_OVER = "balance.reserve", "balance.carried_over"
TAX_SOLD, TAX_WITHHELD = "tax.sales", "tax.marketplace"
_BRINGS_FORWARD = {fold("Previous Reserve Amount Balance"): RESERVE, fold("Payable to Amazon"): CARRIED_OVER}
_ORDER = re.compile(r"[0-9]{3}-[0-9]{7}-[0-9]{7}")
_OWN_ORDER = re.compile(r"S[0-9]{2}-[0-9]{7}-[0-9]{7}")
_LABEL_SECONDS_MAX = 2.0  # all rules of all charts take some microseconds
_SELLER, _AMAZON = 1, 2  # bits of a group: a row of tax.sales, of tax.marketplace, is not 0


@dataclass
class Posting:
    """The rows of one month, account, marketplace and treatment."""

    month: str
    account: str
    marketplace: str
    treatment: str
    debit: int = 0
    lines: "array[int]" = field(default_factory=lambda: array("L"))

    @cached_property
    def rows_sha256(self) -> str:
        """By which a certificate names these rows."""
        return digest_lines(self.lines)


@dataclass
class Totals:
    """What belongs to orders, and the rest; the fields are those of the certificate."""

    count: int = 0
    rows: int = 0
    amount: int = 0
    sha256: str = ""
    rest_rows: int = 0
    rest_amount: int = 0


@dataclass
class Derived:
    """All that follows from one file and one certificate's charts and clock."""

    problems: list[Failure] = field(default_factory=list)
    reading: Reading | None = None
    is_whole: bool = False  # every row was seen
    postings: list[Posting] = field(default_factory=list)
    amount: int = 0
    orders: Totals = field(default_factory=Totals)
    brought: dict[str, int] = field(default_factory=lambda: {RESERVE: 0, CARRIED_OVER: 0})
    unseen_order_mode: frozenset[str] = frozenset()


@dataclass(frozen=True)
class _Kind:
    """What all rows of one label have in common."""

    rule: Rule
    type_number: int
    brings_forward: str  # the account of whose balance it tells, where it is booked to it
    weighs: int  # the bit that a row which is not 0 sets for its group
    belongs: tuple[bool, bool, bool]  # by the form of the id: none, an order, an order of another shop


def digest_lines(lines: Iterable[int]) -> str:
    """Of line numbers, each as decimal digits and a line end."""
    return hashlib.sha256("".join([f"{line}\n" for line in lines]).encode()).hexdigest()


def derive(certificate: Certificate, blocks: Iterable[bytes]) -> Derived:
    """All that can be derived; what cannot be read is a problem of its equation."""
    derived = Derived()
    charts = []
    for chart in certificate.fields["charts"]:
        try:
            charts.append(read_chart(chart["name"], chart["text"]))
        except Unreadable as problem:
            derived.problems.append(Failure("E4", problem.message))
    try:
        lines = read_lines(blocks, certificate.fields["file"]["encoding"])
        derived.reading = Reading(lines, certificate.fields["settlement"]["digits"])
        months = Months(certificate.zone, certificate.ends_at)
        ledger = _Ledger(charts, certificate.fields["order_mode"], months)
        try:
            for row in derived.reading.rows():
                ledger.add(row)
            derived.is_whole = True
        finally:
            ledger.close(derived)
    except Unreadable as problem:
        derived.problems.append(Failure(problem.equation, problem.message, problem.line, problem.text))
    return derived


class _Ledger:
    """Takes rows one by one; only when all are seen is it known who accounts for an order's tax."""

    def __init__(self, charts: list[Chart], order_mode: list[str], months: Months) -> None:
        self._charts, self._months = charts, months
        self._kinds: dict[Label, _Kind] = {}
        self._type_numbers: dict[str, int] = {}
        self._order_mode, self._unseen = frozenset(order_mode), set(order_mode)
        # Columns with a place for each row: far smaller than an object each.
        self._amounts: list[int] = []
        self._lines, self._places, self._row_groups = array("L"), array("l"), array("l")
        self._place_numbers: dict[tuple[str, str, str], int] = {}
        self._groups: dict[int, int] = {}
        self._weights = bytearray()
        self._orders: dict[str, int] = {}
        self._order_sums: list[int] = []
        self._order_rows = array("l")
        self._brought = {RESERVE: 0, CARRIED_OVER: 0}
        # The rows of an order mostly stand together.
        self._last_posted, self._month = "", months.of("")
        self._last_order, self._order, self._form, self._in_mode = "", -1, 0, False

    def add(self, row: Row) -> None:
        """The row is counted where it belongs."""
        line, label, order, marketplace, amount, posted = row
        kind = self._kinds.get(label) or self._meet_kind(line, label)
        if posted != self._last_posted:
            self._meet_posted(line, posted)
        if order != self._last_order or self._order < 0:
            self._meet_order(order)
        rule = kind.rule
        belongs = kind.belongs[self._form]
        if belongs:
            self._order_sums[self._order] += amount
            self._order_rows[self._order] += 1
        account = rule.order_mode if belongs and self._in_mode else rule.account
        group = -1
        if kind.weighs or account.startswith(("sales.", "refunds.")) or account in (TAX_SOLD, TAX_WITHHELD):
            group = self._groups.setdefault(self._order << 24 | kind.type_number, len(self._weights))
            if group == len(self._weights):
                self._weights.append(0)
            if amount:
                self._weights[group] |= kind.weighs
        if kind.brings_forward and account == kind.brings_forward:
            self._brought[account] += amount
        place = (self._month, account, marketplace)
        self._places.append(self._place_numbers.setdefault(place, len(self._place_numbers)))
        self._row_groups.append(group)
        self._lines.append(line)
        self._amounts.append(amount)

    def close(self, derived: Derived) -> None:
        """What was counted stands in `derived`."""
        derived.postings = self._sum_postings()
        derived.amount = sum(self._amounts)
        derived.orders = self._sum_orders(derived.amount)
        derived.brought = self._brought
        derived.unseen_order_mode = frozenset(self._unseen)

    def _meet_kind(self, line: int, label: Label) -> _Kind:
        try:
            with at_most(_LABEL_SECONDS_MAX):
                rule = find_rule(self._charts, label)
        except TimeoutError:
            message = "a pattern of a chart takes too long"
            raise Unreadable(message, line, "\t".join(label)[:500], equation="E4") from None
        related = rule.order_related
        self._kinds[label] = _Kind(
            rule=rule,
            type_number=self._type_numbers.setdefault(label[0], len(self._type_numbers)),
            brings_forward=_BRINGS_FORWARD.get(fold(label[2]), ""),
            weighs={TAX_SOLD: _SELLER, TAX_WITHHELD: _AMAZON}.get(rule.account, 0),
            belongs=(False, related != "no", related in ("order", "mcf")),
        )
        return self._kinds[label]

    def _meet_posted(self, line: int, posted: str) -> None:
        try:
            self._month = self._months.of(posted)
        except Unreadable as problem:
            raise Unreadable(problem.message, line, posted) from None
        self._last_posted = posted

    def _meet_order(self, order: str) -> None:
        self._last_order = order
        self._order = self._orders.setdefault(order, len(self._order_sums))
        if self._order == len(self._order_sums):
            self._order_sums.append(0)
            self._order_rows.append(0)
        self._form = 1 if _ORDER.fullmatch(order) else 2 if _OWN_ORDER.fullmatch(order) else 0
        self._in_mode = order in self._order_mode
        if self._in_mode:
            self._unseen.discard(order)

    def _sum_postings(self) -> list[Posting]:
        places = list(self._place_numbers)
        treated = [
            account.startswith(("sales.", "refunds.")) or account in (TAX_SOLD, TAX_WITHHELD)
            for _, account, _ in places
        ]
        names = ("untaxed", "seller", "amazon", "amazon")  # by the bits of the group
        postings: dict[tuple[int, str], Posting] = {}
        for place, group, line, amount in zip(self._places, self._row_groups, self._lines, self._amounts, strict=True):
            treatment = names[self._weights[group]] if treated[place] else ""
            posting = postings.get((place, treatment))
            if posting is None:
                month, account, marketplace = places[place]
                posting = postings[place, treatment] = Posting(month, account, marketplace, treatment)
            posting.debit -= amount
            posting.lines.append(line)
        return list(postings.values())

    def _sum_orders(self, amount: int) -> Totals:
        totals, digest = Totals(), hashlib.sha256()
        for order, number in sorted(self._orders.items()):
            rows = self._order_rows[number]
            if rows:
                digest.update(f"{order}\t{self._order_sums[number]}\t{rows}\n".encode())
                totals.count += 1
                totals.rows += rows
                totals.amount += self._order_sums[number]
        totals.sha256 = digest.hexdigest()
        totals.rest_rows = len(self._lines) - totals.rows
        totals.rest_amount = amount - totals.amount
        return totals
