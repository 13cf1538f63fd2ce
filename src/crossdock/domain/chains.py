"""What one settlement hands to the next: a reserve that Amazon holds back, and a debt that it carries over. A break in the chain is a missing report.

Rule: settlements of a currency follow each other to the second; where two do at once (several marketplaces), the marketplaces they have in common tell.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

from crossdock.domain.accounts import CARRIED_OVER, RESERVE
from crossdock.domain.case import Case
from crossdock.domain.certificate import CHAINED, Chain, Chains, moved
from crossdock.domain.journal import Entry
from crossdock.domain.ledger_book import Neighbour
from crossdock.domain.money import Money
from crossdock.domain.settlement import RowGroup, Settlement

# What takes over the balance of the settlement before, as labels are compared: without case, spaces, `_` and `-`.
_BROUGHT = {RESERVE: "previousreserveamountbalance", CARRIED_OVER: "payabletoamazon"}


def find_predecessor(neighbours: Sequence[Neighbour], groups: Sequence[RowGroup]) -> Neighbour | None:
    """The settlement this one follows; None where none does, or where nothing tells which."""
    before = [neighbour for neighbour in neighbours if neighbour.is_before]
    ours = {group.marketplace for group in groups} - {""}
    alike = [neighbour for neighbour in before if ours & set(neighbour.marketplaces)]
    for candidates in (alike, before):
        if len(candidates) == 1:
            return candidates[0]
    return None


def check_gap(settlement: Settlement, last_before: datetime | None) -> Case | None:
    """A settlement that follows none, though others of its account are booked, has one missing before it."""
    if last_before is None:
        return None
    facts = {"from": last_before.isoformat(), "until": settlement.starts_at.isoformat()}
    return Case("settlement.gap", facts, at_stake=settlement.total)


def link_chains(
    settlement: Settlement, groups: Sequence[RowGroup], entries: Sequence[Entry], predecessor: Neighbour | None
) -> Chains:
    """Both balances through this settlement. Without a predecessor, what it takes over is the opening balance."""
    handed = _handed_on(predecessor) if predecessor is not None else None
    reserve, carried_over = (
        Chain(handed[name] if handed else -brought_forward(groups, account), moved(entries, account))
        for name, account in CHAINED.items()
    )
    return Chains(
        name=predecessor.chain if predecessor else _new_name(settlement, groups),
        predecessor=predecessor.settlement_id if predecessor else "",
        predecessor_certificate=predecessor.certificate_sha256 if predecessor else "",
        reserve=reserve,
        carried_over=carried_over,
    )


def check_chains(settlement: Settlement, groups: Sequence[RowGroup], chains: Chains) -> Case | None:
    """What the settlement before handed on is taken over exactly, or a case."""
    currency = settlement.total.currency
    off = {
        account: Money(chain.before + brought_forward(groups, account), currency)
        for account, chain in ((RESERVE, chains.reserve), (CARRIED_OVER, chains.carried_over))
    }
    broken = {account: amount for account, amount in off.items() if amount}
    if not broken:
        return None
    facts = {f"{account}.left": str(amount) for account, amount in broken.items()}
    at_stake = Money(sum(abs(amount.minor_units) for amount in broken.values()), currency)
    return Case("settlement.chain_broken", {"predecessor": chains.predecessor, **facts}, at_stake=at_stake)


def brought_forward(groups: Sequence[RowGroup], account: str) -> int:
    """The debit of the rows that take over the balance of the settlement before."""
    wanted = _BROUGHT[account]
    return -sum(group.amount for group in groups if _folded(group.label.description) == wanted)


def _folded(description: str) -> str:
    return "".join(description.split()).replace("_", "").replace("-", "").casefold()


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
