"""A settlement report -> entries that balance, a certificate, and cases for what nobody can say: booked once, to the cent, or not at all.

Rule: the control total goes before everything; a settlement that is off by a cent waits for a person, and nothing of it is booked. What is booked is
never edited: the same settlement with other rows is a case.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Literal

from crossdock.domain.accounts import TAX_COLLECTED, TAX_REMITTED, UNKNOWN, Chart, is_treated
from crossdock.domain.case import Case
from crossdock.domain.certificate import certify
from crossdock.domain.chains import (
    check_chains,
    check_follower,
    check_gap,
    check_gap_after,
    find_follower,
    find_predecessor,
    link_chains,
    marketplaces_of,
)
from crossdock.domain.finance_policy import FinancePolicy
from crossdock.domain.ids import SettlementId, order_id_of
from crossdock.domain.journal import Books, Entry, book, posting_key
from crossdock.domain.ledger_book import BookedSettlement, KeptSettlement, PostingPlace, RowColumns, Seen
from crossdock.domain.money import Money
from crossdock.domain.settlement import Label, LabelUse, RowGroup, Settlement, check_control_total, month_starts
from crossdock.domain.settlement_cases import check_labels, check_signs, check_taxes, label_record
from crossdock.errors import Conflict
from crossdock.flows.who_invoices import orders_invoiced_elsewhere
from crossdock.ports import Inbox
from crossdock.ports_finance import KnownOrders, Ledger, SettlementFile

# A file of fewer orders may be of any time before the import.
STRANGERS_MIN = 5
# So often a booking is decided anew because another one came between.
TRIES = 5
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
    settlement = file.settlement
    settlement_id = settlement.settlement_id
    kept = ledger.find(settlement_id)
    if kept is not None and kept.state == "booked":
        return _again(kept, file, ledger=ledger, inbox=inbox, now=now)
    if by_hand and (foreign := _check_seller(settlement, file.rows, orders)) is not None:
        inbox.raise_case(settlement_id, foreign, now)
        return Reconciled(settlement_id, "foreign", cases=(foreign,))

    read = _read(file, ledger=ledger, policy=policy, orders=orders)
    accepted = ledger.accepted(settlement_id, file.facts.sha256)
    off = check_control_total(settlement, read.groups)
    if off is not None and accepted[0] != read.difference:
        if ledger.hold(settlement, file.facts, rows=len(file.rows), difference=read.difference, now=now):
            inbox.raise_case(settlement_id, off, now)
            return Reconciled(settlement_id, "held", cases=(off,))
        # Another process booked it meanwhile.
        return reconcile_settlement(
            file, ledger=ledger, inbox=inbox, policy=policy, orders=orders, by_hand=by_hand, now=now
        )
    return _book_once(read, accepted, ledger=ledger, inbox=inbox, policy=policy, now=now)


def _book_once(
    read: _Read,
    accepted: tuple[int, str],
    *,
    ledger: Ledger,
    inbox: Inbox,
    policy: FinancePolicy,
    now: datetime,
) -> Reconciled:
    """Decide from what is booked by now, raise the cases, and book if nothing moved meanwhile; else decide anew."""
    settlement, settlement_id = read.file.settlement, read.file.settlement.settlement_id
    marketplaces = marketplaces_of(read.groups)
    for _ in range(TRIES):
        with ledger.booking() as booking:
            seen = booking.look(settlement, marketplaces)
        if seen.kept is not None and seen.kept.state == "booked":
            return _again(seen.kept, read.file, ledger=ledger, inbox=inbox, now=now)
        booked = _book(read, seen, policy=policy, accepted=accepted)
        # The cases first: once it is booked, a run that was killed would not look again.
        cases = _tell(read, booked, seen, inbox=inbox, now=now)
        with ledger.booking() as booking:
            if booking.look(settlement, marketplaces) == seen:
                booking.save(booked, read.file.rows, now)
                break
    else:
        message = f"settlement {settlement_id}: another process books on this connection all the time"
        raise Conflict(message)
    _close(settlement_id, inbox=inbox, now=now)
    return Reconciled(settlement_id, "booked", booked.entries, cases)


def _close(settlement_id: SettlementId, *, inbox: Inbox, now: datetime) -> None:
    """What stood in the way of booking does not any more."""
    for kind in ("settlement.total_differs", "settlement.foreign"):
        inbox.clear_case(settlement_id, kind, now)


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
    order_mode = orders_invoiced_elsewhere(file.rows, ledger=ledger, policy=policy, orders=orders)
    uses, groups = group_rows(file.rows, chart, policy.books, order_mode)
    return _Read(file, chart, uses, groups, order_mode)


def group_rows(
    rows: RowColumns, chart: Chart, books: Books, order_mode: Collection[int]
) -> tuple[list[LabelUse], list[RowGroup]]:
    """What the books make of each label, and the sums of the rows. `order_mode`: orders, as numbers, that another system invoices."""
    uses = [_use(chart, label.label) for label in rows.labels]
    return uses, rows.group(_months(rows, books), uses, order_mode)


def _months(rows: RowColumns, books: Books) -> Mapping[date, datetime]:
    """When each month begins in which a row was posted."""
    first, last = (datetime.fromtimestamp(second, UTC) for second in rows.posted())
    return month_starts(first, last, books.zone)


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


def _book(read: _Read, seen: Seen, *, policy: FinancePolicy, accepted: tuple[int, str]) -> BookedSettlement:
    """Entries, certificate, and where each group of rows went."""
    file, settlement, account_of = read.file, read.file.settlement, read.chart.account_of
    # What was accrued stands: rows of such a month are booked where the reversal is.
    books = policy.books.closing(seen.accrued_until)
    entries = book(
        settlement,
        read.groups,
        account_of=account_of,
        books=books,
        accepted_difference=read.difference,
    )
    places = _places(read.groups, entries, account_of)
    numbered = {(place.entry_number, place.posting_number): n for n, place in enumerate(dict.fromkeys(places))}
    digests = file.rows.digests([numbered[where.entry_number, where.posting_number] for where in places])
    predecessor = find_predecessor(seen.neighbours, read.groups)
    chains = link_chains(settlement, read.groups, entries, predecessor, account_of=account_of)
    certificate = certify(
        settlement,
        file.facts,
        entries,
        place=seen.place,
        books=books,
        charts=policy.charts_on(settlement.ends_at),
        order_mode=[order_id_of(number) for number in read.order_mode],
        accepted=(read.difference, accepted[1] if read.difference else ""),
        digests={where: digests[n] for where, n in numbered.items()},
        orders=file.rows.order_sums(read.uses),
        chains=chains,
        rows=len(file.rows),
    )
    return BookedSettlement(
        settlement,
        file.facts,
        read.groups,
        places,
        entries,
        certificate,
        chains,
        order_mode=read.order_mode,
        difference=read.difference,
        units=file.rows.units(_months(file.rows, books)),
    )


def _places(
    groups: Sequence[RowGroup], entries: Sequence[Entry], account_of: Callable[[RowGroup], str]
) -> list[PostingPlace]:
    """Entry and posting of each group of rows, in the order of the groups."""
    found = {
        (entry.month, posting.key): (entry.number, number)
        for entry in entries
        for number, posting in enumerate(entry.postings)
        if posting.rows
    }
    keys = [posting_key(group, account_of) for group in groups]
    return [PostingPlace(key.account, *found[group.month, key]) for group, key in zip(groups, keys, strict=True)]


def _tell(read: _Read, booked: BookedSettlement, seen: Seen, *, inbox: Inbox, now: datetime) -> tuple[Case, ...]:
    """One case for each thing a person must look at; what is in order closes its case, also that of the settlement that follows."""
    settlement, settlement_id = booked.settlement, booked.settlement.settlement_id
    by_label = check_labels(settlement, read.groups, read.chart)
    for label, case in by_label.items():
        inbox.raise_case(label_record(label), case, now)
    known = {label_record(group.label) for group in read.groups} - {label_record(label) for label in by_label}
    inbox.clear_cases(sorted(known), "settlement.label_unknown", now)
    left = {str(order_id_of(number)): amount for number, amount in read.file.rows.tax_left(read.uses).items()}
    last_before = None if booked.chains.predecessor else seen.last_before
    chains = booked.chains
    found = {
        (settlement_id, "settlement.sign_unexpected"): check_signs(settlement, read.groups, read.chart),
        (settlement_id, "settlement.tax_differs"): check_taxes(settlement, left),
        (settlement_id, "settlement.gap"): check_gap(settlement, last_before),
        (settlement_id, "settlement.chain_broken"): check_chains(
            settlement, read.groups, chains, account_of=read.chart.account_of
        ),
    }
    follower = find_follower(seen.neighbours, read.groups)
    if follower is not None:
        found[follower.settlement_id, "settlement.gap"] = None
        found[follower.settlement_id, "settlement.chain_broken"] = check_follower(settlement, chains, follower)
    elif seen.next_after is not None:
        found[seen.next_after.settlement_id, "settlement.gap"] = check_gap_after(settlement, seen.next_after)
    for (record, kind), each in found.items():
        if each is None:
            inbox.clear_case(record, kind, now)
        else:
            inbox.raise_case(record, each, now)
    return (*by_label.values(), *filter(None, found.values()))


def _again(kept: KeptSettlement, file: SettlementFile, *, ledger: Ledger, inbox: Inbox, now: datetime) -> Reconciled:
    """A settlement that is booked already: the same bytes or the same rows change nothing, and other rows are a case."""
    settlement_id = kept.settlement_id
    _close(settlement_id, inbox=inbox, now=now)
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
    named = rows.orders()
    if len(named) < STRANGERS_MIN or not orders.were_made(settlement.starts_at, settlement.ends_at):
        return None
    if orders.made_at(named):
        return None
    return Case("settlement.foreign", {"orders": str(len(named))}, at_stake=settlement.total)
