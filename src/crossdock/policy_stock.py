"""[connection.stock] -> StockPolicy: from where Amazon's units come and how many may be listed; and what connections of one project must not share."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import permutations
from typing import Any

from crossdock.domain.inventory import UNITS_MAX
from crossdock.domain.order_policy import OrderPolicy
from crossdock.domain.peaks import Boost
from crossdock.domain.sellable import StockRule
from crossdock.domain.stock_policy import Peak, StockPolicy, hides
from crossdock.policy_file import KEY, Section, moment, moment_of_a_zone, quoted

# A unit that is oversold costs an account's standing, not the company: beyond that a number is a typing mistake.
OVERSELL_COST_MAX = 100_000
# A deal sells a slow SKU some hundred times as fast as usual; beyond that a number is a typing mistake.
TIMES_MAX = 1_000
# Every look at a SKU goes through all of them. A year of weekly deals is fewer.
PEAKS_MAX = 200
ALL_SKUS: tuple[str, ...] = ("*",)


@dataclass(frozen=True, slots=True)
class Shelf:
    """What a connection takes from which project; `project` is None where the file does not tell. `section`: the connection's table."""

    name: str
    project: tuple[str, str] | None
    orders: OrderPolicy
    stock: StockPolicy | None
    section: Section

    def channels_for_all(self) -> set[str | None]:
        """Supply channels it takes units from, beside its own of Amazon."""
        by_import = {self.orders.supply_channel} if self.orders.inventory_mode != "None" else set()
        return by_import | set(self.stock.channels if self.stock else ())


def read_stock(section: Section, orders: OrderPolicy) -> StockPolicy:
    """What the table says. Without `channels` Amazon's units come from where the import takes stock."""
    overwritten = section.flag("pool_overwritten", default=False)
    rule = _rule(section, StockRule(cover=not overwritten))
    policy = StockPolicy(
        claims_from=section.value("claims_from", moment) or datetime(1970, 1, 1, tzinfo=UTC),
        channels=section.value("channels", _channels, default=(orders.supply_channel,)) or (),
        escrow_channel=section.text("escrow_channel", "", pattern=KEY) or None,
        stock_type=section.text("stock_type", "crossdock-stock", pattern=KEY),
        rule=rule,
        rules=_rules(section.section("rules"), rule),
        peaks=_peaks(section),
        split_shipping=section.flag("split_shipping", default=False),
        pool_overwritten=overwritten,
        zeroes_max_percent=section.whole("zeroes_max_percent", 20, most=100),
        changes_min=section.whole("changes_min", 20, least=1, most=UNITS_MAX),
    )
    section.finish()
    _check_proof(section, policy)
    _check_cover(section, policy)
    return policy


def check_with_orders(section: Section, policy: StockPolicy, orders: OrderPolicy) -> None:
    """What contradicts the policy of orders; to be asked where both are told without a mistake. Each unit leaves once, from where it is counted."""
    if policy.stock_type in {orders.order_type, orders.line_type}:
        section.problem("stock_type", f"{policy.stock_type!r} is the type of orders or lines already: name another")
    if orders.inventory_mode == "None" and not policy.pool_overwritten:
        section.problem(
            "pool_overwritten",
            "is not true, and with orders.inventory_mode None an ERP takes sold units off, which a claim would take off again: "
            "say true if the ERP sets whole quantities, or choose another inventory_mode",
        )
    if orders.inventory_mode != "None" and orders.supply_channel not in policy.channels:
        channel = quoted(orders.supply_channel or "")
        section.problem(
            "channels", f"lacks {channel}, from which the import takes units of older orders (orders.supply_channel)"
        )
    for sku in _shared_by_proof(policy, orders):
        section.problem(
            "mode",
            f"cannot be proof for the seller SKUs that orders.sku_aliases maps to {sku}: each would list the same units",
        )


def check_shelves(shelves: Sequence[Shelf]) -> None:
    """Units that are Amazon's own are one connection's alone: whoever else takes them breaks the proof."""
    for (place, shelf), (earlier, other) in permutations(enumerate(shelves), 2):
        escrow = shelf.stock.escrow_channel if shelf.stock else None
        if escrow is None or shelf.project is None or shelf.project != other.project:
            continue
        name = other.name or "another connection"
        if escrow in other.channels_for_all():
            shelf.section.problem("stock.escrow_channel", f"{escrow!r} is taken from by {name} too: let it be its own")
        elif earlier < place and other.stock and escrow == other.stock.escrow_channel:
            shelf.section.problem(
                "stock.escrow_channel", f"{escrow!r} is that of {name} too: both would sell the same units"
            )


def _rules(section: Section, otherwise: StockRule) -> Mapping[str, StockRule]:
    """Every pattern's rule, in the file's order."""
    rules: dict[str, StockRule] = {}
    for pattern in section.values:
        inside = section.section(pattern)
        before = next((each for each in rules if hides(each, pattern)), None)
        if not pattern or pattern != pattern.strip():
            section.problem(pattern, "must be a seller SKU, with * for any characters and ? for one")
        elif before is not None:
            section.problem(pattern, f"is never used: {before} stands before it and fits the same SKUs")
        rules[pattern] = _rule(inside, otherwise)
        inside.finish()
    return rules


def _rule(section: Section, otherwise: StockRule) -> StockRule:
    """A rule; what it does not say is as it is otherwise."""
    mode = section.text("mode", otherwise.mode, choices=("risk", "proof"))
    return StockRule(
        mode="proof" if mode == "proof" else "risk",
        share_percent=section.whole("share_percent", otherwise.share_percent, most=100),
        cap=section.whole("cap", otherwise.cap, most=UNITS_MAX),
        buffer_units=section.whole("buffer_units", otherwise.buffer_units, most=UNITS_MAX),
        buffer_percent=section.whole("buffer_percent", otherwise.buffer_percent, most=100),
        oversell_cost=section.whole("oversell_cost", otherwise.oversell_cost, least=1, most=OVERSELL_COST_MAX),
        cover=section.flag("cover", default=otherwise.cover),
    )


def _peaks(section: Section) -> tuple[Peak, ...]:
    """Every announced peak and deal, in the file's order; those that are over too, because they may stay in the file."""
    tables = section.sections("peaks")
    if len(tables) > PEAKS_MAX:
        section.problem(
            "peaks", f"are {len(tables)}, more than the {PEAKS_MAX} that can be: remove those that are over"
        )
    return tuple(_peak(table) for table in tables)


def _peak(section: Section) -> Peak:
    begins, ends = section.value("from", moment_of_a_zone), section.value("until", moment_of_a_zone)
    times = section.value("times", _times)
    skus = section.value("skus", _patterns, default=ALL_SKUS) or ()
    section.finish()
    if begins and ends and ends <= begins:
        section.problem("until", "is not later than from, so the peak would never be")
    return Peak(Boost(begins.timestamp() if begins else 0.0, ends.timestamp() if ends else 0.0, times or 1.0), skus)


def _check_proof(section: Section, policy: StockPolicy) -> None:
    """What proof stands on: units of Amazon's own, that nobody else counts or sets."""
    escrow = policy.escrow_channel
    if escrow is not None and escrow in policy.channels:
        section.problem(
            "escrow_channel", f"{escrow!r} is among channels too: Amazon's own units lie apart from the shop's"
        )
    if not policy.may_prove():
        return
    if not section.values.get("escrow_channel"):
        section.missing("escrow_channel", ": with mode proof Amazon's own units lie in a supply channel of their own")
    if policy.pool_overwritten:
        section.problem(
            "pool_overwritten", "cannot be true with mode proof: the units set aside would be counted twice"
        )


def _check_cover(section: Section, policy: StockPolicy) -> None:
    """What is kept back is given back later: onto a whole quantity that an ERP set meanwhile, it would be there twice."""
    if policy.pool_overwritten and any(rule.cover for rule in (policy.rule, *policy.rules.values())):
        section.problem(
            "cover", "cannot be true with pool_overwritten: what is kept back in the shop would be counted twice"
        )


def _shared_by_proof(policy: StockPolicy, orders: OrderPolicy) -> Iterator[str]:
    """SKUs in commercetools with several names on Amazon, one of them sold with proof."""
    names = Counter(orders.sku_aliases.values())
    for sku in sorted(sku for sku, count in names.items() if count > 1):
        sellers = [seller for seller, commerce in orders.sku_aliases.items() if commerce == sku]
        if any(policy.rule_of(seller).mode == "proof" for seller in sellers):
            yield sku


def _times(value: Any) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not 0.0 < value <= TIMES_MAX:
        message = f"must be a number above 0 and up to {TIMES_MAX}, without quotes: so many times the usual is sold"
        raise ValueError(message)
    return float(value)


def _patterns(value: Any) -> tuple[str, ...]:
    is_list = isinstance(value, list) and bool(value)
    if not is_list or not all(isinstance(sku, str) and sku and sku == sku.strip() for sku in value):
        message = 'must be a list of seller SKUs, as in ["TEA-*"], with * for any characters and ? for one; leave it out for all'
        raise ValueError(message)
    return tuple(value)


def _channels(value: Any) -> tuple[str | None, ...]:
    is_list = isinstance(value, list) and bool(value)
    if not is_list or not all(isinstance(key, str) and re.fullmatch(f"({KEY})?", key) for key in value):
        message = (
            'must be a list of keys of supply channels, as in ["warehouse", "outlet"]; "" is for entries without one'
        )
        raise ValueError(message)
    if len(set(value)) < len(value):
        message = "names a channel twice"
        raise ValueError(message)
    return tuple(key or None for key in value)
