"""A settlement report -> entries that balance, a certificate, and cases for what nobody can say: booked once, to the cent, or not at all.

Rule: the control total goes before everything; a settlement that is off by a cent waits for a person, and nothing of it is booked. What is booked is
never edited: the same settlement with other rows is a case.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal

from crossdock.domain.accounts import TAX_COLLECTED, TAX_REMITTED, UNKNOWN, Chart, is_treated
from crossdock.domain.case import Case
from crossdock.domain.certificate import Place, certify
from crossdock.domain.chains import check_chains, check_gap, find_predecessor, link_chains
from crossdock.domain.finance_policy import FULFILMENTS, FinancePolicy
from crossdock.domain.ids import SettlementId, order_id_of
from crossdock.domain.journal import Books, Entry, book, posting_key
from crossdock.domain.ledger_book import BookedSettlement, KeptSettlement, Neighbour, PostingPlace, RowColumns
from crossdock.domain.money import Money
from crossdock.domain.settlement import Label, LabelUse, RowGroup, Settlement, check_control_total, month_starts
from crossdock.domain.settlement_cases import check_labels, check_signs, check_taxes
from crossdock.ports import Inbox
from crossdock.ports_finance import KnownOrders, Ledger, SettlementFile

# A file of fewer orders may be of any time before the import.
STRANGERS_MIN = 5
Booked = Literal["booked", "unchanged", "same_rows", "held", "differs", "foreign"]


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What became of a file. `same_rows`: other bytes, the rows that are booked; `differs`: booked already, with other rows; `foreign`: another seller's."""

    settlement_id: SettlementId
    outcome: Booked
    entries: Sequence[Entry] = ()
    cases: Sequence[Case] = ()


def reconcile_settlement(
    file: SettlementFile,
    *,
    ledger: Ledger,
    inbox: Inbox,
    policy: FinancePolicy,
    orders: KnownOrders,
    by_hand: bool,
    now: datetime,
) -> Reconciled:
    """Bring one settlement into the books, once. `by_hand`: a person gave the file, so it may be another seller's."""
    settlement, rows = file.settlement, file.rows
    settlement_id = settlement.settlement_id
    kept = ledger.find(settlement_id)
    if kept is not None and kept.state == "booked":
        return _again(kept, file, ledger=ledger, inbox=inbox, now=now)
    if by_hand and (foreign := _check_seller(settlement, rows, orders)) is not None:
        inbox.raise_case(settlement_id, foreign, now)
        return Reconciled(settlement_id, "foreign", cases=(foreign,))

    # What was accrued stands: rows of such a month are booked where the reversal is.
    closed = policy.books.closing(ledger.accrued_until(settlement.total.currency))
    policy = replace(policy, books=closed)
    read = _read(file, ledger=ledger, policy=policy, orders=orders)
    accepted = ledger.accepted(settlement_id, file.facts.sha256)
    off = check_control_total(settlement, read.groups)
    if off is not None and accepted[0] != read.difference:
        ledger.hold(settlement, file.facts, rows=len(rows), difference=read.difference, now=now)
        inbox.raise_case(settlement_id, off, now)
        return Reconciled(settlement_id, "held", cases=(off,))

    with ledger.booking() as booking:
        found = booking.find(settlement_id)
        if found is not None and found.state == "booked":
            return Reconciled(settlement_id, "unchanged")
        neighbours = booking.find_neighbours(settlement)
        predecessor = find_predecessor(neighbours, read.groups)
        marketplaces = {group.marketplace for group in read.groups} - {""}
        last_before = booking.find_last_before(settlement, marketplaces) if predecessor is None else None
        booked = _book(read, predecessor, booking.next_place(), policy=policy, accepted=accepted)
        # The cases first: once it is booked, a run that was killed would not look again.
        cases = _tell(read, booked, check_gap(settlement, last_before), inbox=inbox, now=now)
        booking.save(booked, rows, now)
    for follower in neighbours:
        if not follower.is_before:
            inbox.clear_case(follower.settlement_id, "settlement.gap", now)
    for kind in ("settlement.total_differs", "settlement.foreign"):
        inbox.clear_case(settlement_id, kind, now)
    return Reconciled(settlement_id, "booked", booked.entries, cases)


@dataclass(frozen=True, slots=True)
class _Read:
    """A settlement as the books see it, before anything is booked."""

    file: SettlementFile
    chart: Chart
    uses: Sequence[LabelUse]
    groups: Sequence[RowGroup]
    order_mode: Collection[int]

    @property
    def difference(self) -> int:
        """Declared total less rows."""
        return self.file.settlement.total.minor_units - sum(group.amount for group in self.groups)


def _read(file: SettlementFile, *, ledger: Ledger, policy: FinancePolicy, orders: KnownOrders) -> _Read:
    """The sums of the rows, by everything the books tell apart."""
    chart = policy.chart_on(file.settlement.ends_at)
    order_mode = _order_mode(file.rows, ledger=ledger, policy=policy, orders=orders)
    uses, groups = group_rows(file.rows, chart, policy.books, order_mode)
    return _Read(file, chart, uses, groups, order_mode)


def group_rows(
    rows: RowColumns, chart: Chart, books: Books, order_mode: Collection[int]
) -> tuple[list[LabelUse], list[RowGroup]]:
    """What the books make of each label, and the sums of the rows. `order_mode`: orders, as numbers, that another system invoices."""
    uses = [_use(chart, label.label) for label in rows.labels]
    first, last = (datetime.fromtimestamp(second, UTC) for second in rows.posted())
    return uses, rows.group(month_starts(first, last, books.zone), uses, order_mode)


def _use(chart: Chart, label: Label) -> LabelUse:
    rule = chart.find(label) or UNKNOWN
    return LabelUse(
        is_collected_tax=rule.account == TAX_COLLECTED,
        is_remitted_tax=rule.account == TAX_REMITTED,
        treated=is_treated(rule.account),
        treated_by_order=is_treated(rule.order_mode),
        of_order=rule.related != "no",
        of_channel_order=rule.related in {"order", "mcf"},
    )


def _order_mode(rows: RowColumns, *, ledger: Ledger, policy: FinancePolicy, orders: KnownOrders) -> Collection[int]:
    """The orders another system invoices: what was said of an order once is true for its life, of a new one the policy says it by its day of purchase."""
    posted = rows.orders(FULFILMENTS)
    elsewhere = ledger.invoiced_elsewhere(list(posted))
    for fulfilment in FULFILMENTS:
        begins = policy.invoiced_elsewhere_from.get(fulfilment)
        if begins is None:
            continue
        new = rows.orders([fulfilment]).keys() - elsewhere
        new -= ledger.booked_orders(list(new))
        made_at = orders.made_at(list(new))
        # Of an order that was never seen, its first posting is the nearest thing to its day.
        elsewhere |= {n for n in new if made_at.get(n, datetime.fromtimestamp(posted[n], UTC)) >= begins}
    return elsewhere


def _book(
    read: _Read,
    predecessor: Neighbour | None,
    place: Place,
    *,
    policy: FinancePolicy,
    accepted: tuple[int, str],
) -> BookedSettlement:
    """Entries, certificate, and where each group of rows went."""
    file, settlement = read.file, read.file.settlement
    entries = book(
        settlement,
        read.groups,
        account_of=read.chart.account_of,
        books=policy.books,
        accepted_difference=read.difference,
    )
    found = {
        (entry.month, posting.key): (entry.number, number)
        for entry in entries
        for number, posting in enumerate(entry.postings)
        if posting.rows
    }
    keys = [posting_key(group, read.chart.account_of) for group in read.groups]
    places = [PostingPlace(key.account, *found[group.month, key]) for group, key in zip(read.groups, keys, strict=True)]
    numbered = {(place.entry_number, place.posting_number): n for n, place in enumerate(dict.fromkeys(places))}
    digests = file.rows.digests([numbered[where.entry_number, where.posting_number] for where in places])
    chains = link_chains(settlement, read.groups, entries, predecessor)
    certificate = certify(
        settlement,
        file.facts,
        entries,
        place=place,
        books=policy.books,
        charts=policy.charts_on(settlement.ends_at),
        order_mode=[order_id_of(number) for number in read.order_mode],
        accepted=(read.difference, accepted[1] if read.difference else ""),
        digests={where: digests[n] for where, n in numbered.items()},
        orders=file.rows.order_sums(read.uses),
        chains=chains,
        rows=len(file.rows),
    )
    return BookedSettlement(
        settlement, file.facts, read.groups, places, entries, certificate, chains, order_mode=read.order_mode
    )


def _tell(read: _Read, booked: BookedSettlement, gap: Case | None, *, inbox: Inbox, now: datetime) -> tuple[Case, ...]:
    """One case for each thing a person must look at; what is in order closes its case."""
    settlement, settlement_id = booked.settlement, booked.settlement.settlement_id
    by_label = check_labels(settlement, read.groups, read.chart)
    for label, case in by_label.items():
        inbox.raise_case(label_record(label), case, now)
    left = {str(order_id_of(number)): amount for number, amount in read.file.rows.tax_left(read.uses).items()}
    found = {
        "settlement.sign_unexpected": check_signs(settlement, read.groups, read.chart),
        "settlement.tax_differs": check_taxes(settlement, left),
        "settlement.gap": gap,
        "settlement.chain_broken": check_chains(settlement, read.groups, booked.chains),
    }
    for kind, each in found.items():
        if each is None:
            inbox.clear_case(settlement_id, kind, now)
        else:
            inbox.raise_case(settlement_id, each, now)
    return (*by_label.values(), *filter(None, found.values()))


def _again(kept: KeptSettlement, file: SettlementFile, *, ledger: Ledger, inbox: Inbox, now: datetime) -> Reconciled:
    """A settlement that is booked already: the same bytes or the same rows change nothing, and other rows are a case."""
    settlement_id = kept.settlement_id
    inbox.clear_case(settlement_id, "settlement.total_differs", now)
    same = kept.sha256 == file.facts.sha256
    if same or (_is_same(kept, file.settlement) and ledger.has_same_rows(kept.key, file.rows)):
        return Reconciled(settlement_id, "unchanged" if same else "same_rows")
    total = file.settlement.total
    facts = {"booked": str(Money(kept.total, kept.currency)), "given": str(total), "file": file.facts.sha256[:16]}
    case = Case("settlement.changed", facts, at_stake=total)
    inbox.raise_case(settlement_id, case, now)
    return Reconciled(settlement_id, "differs", cases=(case,))


def _is_same(kept: KeptSettlement, settlement: Settlement) -> bool:
    """Whether the summary says what was booked."""
    told = (settlement.total, settlement.starts_at, settlement.ends_at, settlement.deposit_at)
    return told == (Money(kept.total, kept.currency), kept.starts_at, kept.ends_at, kept.deposit_at)


def _check_seller(settlement: Settlement, rows: RowColumns, orders: KnownOrders) -> Case | None:
    """Orders of which none is known here, where others of that time are, are another seller's."""
    named = rows.orders(FULFILMENTS)
    if len(named) < STRANGERS_MIN or not orders.were_made(settlement.starts_at, settlement.ends_at):
        return None
    if orders.made_at(list(named)):
        return None
    return Case("settlement.foreign", {"orders": str(len(named))}, at_stake=settlement.total)


def label_record(label: Label) -> str:
    """The record under which the case of a label is kept, whichever settlements have it."""
    return f"label {label}"[:200]
