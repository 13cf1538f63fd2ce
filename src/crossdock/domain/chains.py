"""What one settlement hands to the next: a reserve that Amazon holds back, and a debt that it carries over. A break in the chain is a missing report.

Rule: settlements of a currency follow each other to the second; where several end or begin at once, the marketplaces they have in common tell. In whatever
order they are booked, what one hands on is held against what the other takes over.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from crossdock.domain.accounts import CARRIED_OVER, RESERVE, fold
from crossdock.domain.case import Case
from crossdock.domain.certificate import CHAINED, Chain, Chains, moved
from crossdock.domain.journal import Entry
from crossdock.domain.ledger_book import Later, Neighbour
from crossdock.domain.money import Money
from crossdock.domain.settlement import RowGroup, Settlement

# What takes over the balance of the settlement before, as labels are compared: without case, spaces, `_` and `-`.
_BROUGHT = {RESERVE: "previousreserveamountbalance", CARRIED_OVER: "payabletoamazon"}


def find_predecessor(neighbours: Sequence[Neighbour], groups: Sequence[RowGroup]) -> Neighbour | None:
    """The settlement this one follows; None where none does, or where nothing tells which. One that has a follower already is nobody's any more."""
    free = [neighbour for neighbour in neighbours if neighbour.is_before and not neighbour.has_follower]
    return _fitting(free, marketplaces_of(groups))


def find_follower(neighbours: Sequence[Neighbour], groups: Sequence[RowGroup]) -> Neighbour | None:
    """The settlement that follows this one and was booked before it, without a predecessor of its own; None where none does."""
    waiting = [neighbour for neighbour in neighbours if not neighbour.is_before and not neighbour.has_predecessor]
    return _fitting(waiting, marketplaces_of(groups))


def _fitting(candidates: Sequence[Neighbour], ours: frozenset[str]) -> Neighbour | None:
    """The only one with a marketplace in common; where that does not tell, the only one, if it or ours names none."""
    alike = [candidate for candidate in candidates if ours & set(candidate.marketplaces)]
    if len(alike) == 1:
        return alike[0]
    if len(candidates) == 1 and not (ours and any(candidates[0].marketplaces)):
        return candidates[0]
    return None


def marketplaces_of(groups: Sequence[RowGroup]) -> frozenset[str]:
    """The marketplaces that rows name."""
    return frozenset(group.marketplace for group in groups) - {""}


def check_follower(settlement: Settlement, chains: Chains, follower: Neighbour) -> Case | None:
    """A settlement that was booked before the one it follows takes over exactly what that one hands on, or a case of its own."""
    told = json.loads(follower.document)["chains"]
    off = {
        CHAINED[name]: Money(chain.after - int(told[name]["before"]), settlement.total.currency)
        for name, chain in (("reserve", chains.reserve), ("carried_over", chains.carried_over))
    }
    return _broken(settlement.settlement_id, off, settlement.total.currency)


def check_gap(settlement: Settlement, last_before: datetime | None) -> Case | None:
    """A settlement that follows none, though others of its account are booked, has one missing before it."""
    if last_before is None:
        return None
    facts = {"from": last_before.isoformat(), "until": settlement.starts_at.isoformat()}
    return Case("settlement.gap", facts)


def check_gap_after(settlement: Settlement, later: Later) -> Case:
    """A settlement that was booked before this one, begins after it ends and follows none: one between the two is missing."""
    facts = {"from": settlement.ends_at.isoformat(), "until": later.starts_at.isoformat()}
    return Case("settlement.gap", facts)


def link_chains(
    settlement: Settlement,
    groups: Sequence[RowGroup],
    entries: Sequence[Entry],
    predecessor: Neighbour | None,
    *,
    account_of: Callable[[RowGroup], str],
) -> Chains:
    """Both balances through this settlement. Without a predecessor, what it takes over is the opening balance."""
    handed = _handed_on(predecessor) if predecessor is not None else None
    reserve, carried_over = (
        Chain(
            handed[name] if handed else -brought_forward(groups, account, account_of=account_of),
            moved(entries, account),
        )
        for name, account in CHAINED.items()
    )
    return Chains(
        name=predecessor.chain if predecessor else _new_name(settlement, groups),
        predecessor=predecessor.settlement_id if predecessor else "",
        predecessor_certificate=predecessor.certificate_sha256 if predecessor else "",
        reserve=reserve,
        carried_over=carried_over,
    )


def check_chains(
    settlement: Settlement, groups: Sequence[RowGroup], chains: Chains, *, account_of: Callable[[RowGroup], str]
) -> Case | None:
    """What the settlement before handed on is taken over exactly, or a case."""
    off = {
        account: Money(
            chain.before + brought_forward(groups, account, account_of=account_of), settlement.total.currency
        )
        for account, chain in ((RESERVE, chains.reserve), (CARRIED_OVER, chains.carried_over))
    }
    return _broken(chains.predecessor, off, settlement.total.currency)


def _broken(predecessor: str, off: Mapping[str, Money], currency: str) -> Case | None:
    broken = {account: amount for account, amount in off.items() if amount}
    if not broken:
        return None
    facts = {f"{account}.left": str(amount) for account, amount in broken.items()}
    at_stake = Money(sum(abs(amount.minor_units) for amount in broken.values()), currency)
    return Case("settlement.chain_broken", {"predecessor": predecessor, **facts}, at_stake=at_stake)


def brought_forward(groups: Sequence[RowGroup], account: str, *, account_of: Callable[[RowGroup], str]) -> int:
    """The debit of the rows on this account that take over the balance of the settlement before."""
    wanted = _BROUGHT[account]
    return -sum(
        group.amount for group in groups if fold(group.label).description == wanted and account_of(group) == account
    )


def _handed_on(predecessor: Neighbour) -> dict[str, int]:
    """Both balances as the certificate of the settlement before has them."""
    chains = json.loads(predecessor.document)["chains"]
    return {name: int(chains[name]["after"]) for name in CHAINED}


def _new_name(settlement: Settlement, groups: Sequence[RowGroup]) -> str:
    """A chain is called by its currency and the marketplace that most of its rows are of."""
    rows: dict[str, int] = {}
    for group in groups:
        rows[group.marketplace] = rows.get(group.marketplace, 0) + group.rows
    named = sorted((-count, marketplace) for marketplace, count in rows.items() if marketplace)
    return " ".join([settlement.total.currency, *(marketplace for _, marketplace in named[:1])])
