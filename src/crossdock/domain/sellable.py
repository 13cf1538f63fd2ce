"""The quantity that may be listed: available, less what the shop may sell first (S), less what Amazon may have sold unseen (U).

Both modes are one function. With proof the units are Amazon's own, so S is 0 and U is the whole hold, and only a raise that can be proven, or 0, is sent.
With risk S and U are weighed: a unit is listed while what it may oversell costs less than what it may fail to sell. Rates are per second, times seconds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from crossdock.domain import demand as asked
from crossdock.domain import stock as holds
from crossdock.domain.blind import Blind
from crossdock.domain.demand import Demand
from crossdock.domain.on_sale import OnSale

Mode = Literal["risk", "proof"]

# A set is looked for after so long: it takes effect within a minute, as far as anybody measured.
USUAL_S = 62.0
# Soon sold out: with this probability before a raise that is sent later would be in effect.
SOON, SOON_S = 0.1, 120.0
# A search of orders that answers later than this leaves Amazon's sales dark, and reads are worth their calls.
DARK_S = 60.0
# What a read shows is reckoned with after so many of the shortest time between two: the same for all SKUs, so that no quantity follows its own reads.
READS_BLIND = 1.7
# Of the shop's part of what is left, so much is listed on Amazon as well. With all of it, each sale of the shop's would need a call to lower it.
SPARE = 0.5
# No echo: more is sent where so many times what is live may be listed, or what is live is soon sold out.
FILL = 3
# What is live is lowered where an oversold unit of it would be too dear at a cost of so many times less: what moves up and down by a unit is no news.
TOLERANCE = 3
# What a call costs, in units not sold.
CALL_COST = 0.002
# What a set hides is no more than this with this probability, where it is told.
HIDDEN = 0.99
# A unit listed oversells so many times more rarely where the shop's entry is covered (`cover.py`), as the simulated peaks have it.
COVERED = 5
# The desk knows this reason, and tells how many are listed of those available.
ENOUGH = "enough is live"
SENT = "sent"
SENT_SHARED = "sent; the rest is left to the shop, so that not each of its sales has to be followed at once"
# The weighing looks so far ahead: what the shop does not sell by then may as well be Amazon's now.
SELLING_S = 6 * 3600.0


@dataclass(frozen=True, slots=True)
class StockRule:
    """What the merchant decided about a SKU. Units and per cent; `oversell_cost`: one unit oversold is as bad as so many units not sold.

    `cover`: with mode risk, units that Amazon may sell before we hear of it are taken off the shop's entry for as long, see `cover.py`.
    """

    mode: Mode = "risk"
    share_percent: int = 100
    cap: int | None = None
    buffer_units: int = 0
    buffer_percent: int = 0
    oversell_cost: int = 180
    cover: bool = True

    @property
    def listing_cost(self) -> float:
        """What an oversold unit costs where a listed one is weighed: less where the cover keeps most of those from being sold twice."""
        return self.oversell_cost / COVERED if self.cover else self.oversell_cost


@dataclass(frozen=True, slots=True)
class Delays:
    """How long we are blind, as measured: from an order made to its claim, from a set sent to its effect, from a shop sale to our knowing it.

    `read_every_s`: how often the SKUs that need it most can be read, so that all that ask for reads find room in the account's rate; see `evidence.read_room`.
    """

    order_known_s: float = 8.0
    effect_s: float = 45.0
    shop_seen_s: float = 10.0
    read_every_s: float = 30.0


@dataclass(frozen=True, slots=True)
class SkuStock:
    """One SKU now. `available`: after the claims of known orders; with proof, of Amazon's own entry (the escrow).

    `pace`: the factor on the usual rates, see `demand.pace`. `selling_s`: until the stock is renewed, or as far as the demand reaches.
    `at_s`: now, by Amazon's clock. `covered`: so many of the units available are off the shop's entry, see `cover.py`.
    """

    available: int
    listed: OnSale
    demand: Demand
    delays: Delays = Delays()
    selling_s: float = SELLING_S
    pace: float = 1.0
    at_s: float = 0.0
    covered: int = 0


@dataclass(frozen=True, slots=True)
class SetListed:
    """Send this quantity. S and U as they were weighed; `reason` says so where it is less than they would allow."""

    quantity: int
    shop_margin: int
    unseen_margin: int
    reason: str = field(default=SENT, compare=False)


@dataclass(frozen=True, slots=True)
class LeaveListed:
    """Send nothing now. `quantity`: what may be listed, or what is where nothing had to be weighed."""

    quantity: int
    shop_margin: int
    unseen_margin: int
    reason: str


@dataclass(frozen=True, slots=True)
class Exposure:
    """What is stored and shown: at most `units` are oversold, and any at all with `probability`, before Amazon follows."""

    units: int
    probability: float


Decision: TypeAlias = SetListed | LeaveListed


def sellable(available: int, rule: StockRule, margin: int) -> int:
    """Units that may be listed out of those available, which may be negative; `margin` is S + U."""
    most = available * rule.share_percent // 100
    if rule.cap is not None:
        most = min(rule.cap, most)
    kept = max(rule.buffer_units, -(-available * rule.buffer_percent // 100), margin)
    return max(0, most - kept)


def decide_set(stock: SkuStock, rule: StockRule) -> Decision:
    """What to send for this SKU now, or why nothing."""
    return _decide_proof(stock, rule) if rule.mode == "proof" else _decide_risk(stock, rule)


def exposure(stock: SkuStock, rule: StockRule, listed: int) -> Exposure:
    """What listing so much may oversell: with proof nothing, with risk what both channels can sell of the same units while Amazon is blind."""
    left = max(0, stock.available - stock.listed.unseen)
    # What the shop does not have it cannot sell as well.
    kept = max(0, stock.covered - stock.listed.unseen)
    hidden_s = overwritten_s(stock)
    # What the last set hides was sold beside what is listed, and is known only later.
    hidden = asked.quantile(stock.demand.amazon.per_s * stock.pace * hidden_s, HIDDEN) if hidden_s > 0.0 else 0
    most = max(listed, min(listed + hidden, left))
    if rule.mode == "proof" or listed <= 0 or most <= kept:
        return Exposure(0, 0.0)
    blind = blind_of(stock)
    chances = (blind.both_sell(units, left - units + 1, unseen=False) for units in (kept + 1, most))
    return Exposure(most - kept, max(chances))


def _decide_proof(stock: SkuStock, rule: StockRule) -> Decision:
    """S = 0, U = the hold; only what `may_raise` allows, and 0 where the rule allows nothing."""
    listed, hold = stock.listed, stock.listed.hold
    quantity = sellable(stock.available, rule, hold.units)
    if listed.most > 0 and (stock.available < hold.live_max or sellable(stock.available, rule, 0) <= 0):
        return _zero(stock, 0, hold.units)
    if listed.is_under_way():
        return LeaveListed(quantity, 0, hold.units, "a set is under way")
    if not holds.may_raise(hold, stock.available, quantity):
        return LeaveListed(quantity, 0, hold.units, "no more than may be live already")
    if 2 * hold.live_max > stock.available and not _is_soon_sold_out(stock):
        return LeaveListed(quantity, 0, hold.units, ENOUGH)
    return SetListed(quantity, 0, hold.units)


def _decide_risk(stock: SkuStock, rule: StockRule) -> Decision:
    listed = stock.listed
    live = listed.most
    left = stock.available - listed.unseen
    if left <= 0:
        return _zero(stock, 0, 0)
    blind = blind_of(stock)
    permitted = sellable(left, rule, 0)
    # Far from empty: nothing to weigh. Most SKUs of most shops, most of the time.
    if live <= permitted < FILL * live and blind.is_far_from_sold_out(live):
        return LeaveListed(live, 0, 0, ENOUGH)
    shop_margin, unseen_margin = _margins(stock, rule, blind, left)
    most = sellable(left, rule, shop_margin + unseen_margin)
    quantity = _shared(stock, left, most)
    # What is not there may not be on sale, however unlikely it is that anybody asks for it; only below that do probabilities decide.
    lowers = live > permitted or (live > most and _costs_too_much(live, most, left, blind=blind, rule=rule))
    if listed.is_under_way():
        if lowers and most <= 0:
            return _zero(stock, shop_margin, unseen_margin)
        return LeaveListed(most, shop_margin, unseen_margin, "a set is under way")
    if lowers or (quantity > live and (FILL * live <= quantity or _is_soon_sold_out(stock))):
        return SetListed(quantity, shop_margin, unseen_margin, SENT_SHARED if quantity < most else SENT)
    return LeaveListed(most, shop_margin, unseen_margin, ENOUGH)


def _costs_too_much(live: int, most: int, left: int, *, blind: Blind, rule: StockRule) -> bool:
    """Whether the risk of what is live beyond what would be listed is worth a call to lower it."""
    if blind.is_worth(live, left - live + 1, rule.listing_cost / TOLERANCE, unseen=False):
        return False
    return blind.excess(live, most, left) * rule.listing_cost > CALL_COST


def _shared(stock: SkuStock, left: int, most: int) -> int:
    """Of what may be listed, what is sent: Amazon's part of what is left and some of the shop's, so that not every sale of the shop's asks for a call."""
    amazon, shop = stock.demand.amazon.per_s, stock.demand.shop.per_s
    part = amazon / (amazon + shop)
    return min(most, math.ceil(left * (part + (1.0 - part) * SPARE)))


def blind_of(stock: SkuStock) -> Blind:
    """What is asked for of this SKU while we are blind."""
    delays, demand = stock.delays, stock.demand
    amazon, shop = demand.amazon.per_s * stock.pace, demand.shop.per_s * stock.pace
    known_s = delays.order_known_s
    if known_s > DARK_S:
        known_s = min(known_s, READS_BLIND * delays.read_every_s)
    unseen_s = max(known_s, overwritten_s(stock))
    follow_s = max(delays.shop_seen_s + delays.effect_s, known_s)
    return Blind(
        asked.step_of(amazon * follow_s),
        asked.step_of(shop * follow_s),
        asked.step_of(shop * follow_s + amazon * (unseen_s + delays.effect_s)),
        # What was sold before the last set is no part of what is on sale now.
        stock.listed.most if unseen_s <= known_s else None,
        asked.step_of(demand.shop.per_s * stock.selling_s),
    )


def overwritten_s(stock: SkuStock) -> float:
    """For how long before the last set took effect orders may have been made that are not known yet: what they took is on sale again, and no read shows it."""
    set_at_s, known_s = stock.listed.set_at_s, stock.delays.order_known_s
    if set_at_s is None:
        return 0.0
    return max(0.0, min(known_s, set_at_s + stock.delays.effect_s - (stock.at_s - known_s)))


def _zero(stock: SkuStock, shop_margin: int, unseen_margin: int) -> Decision:
    """Nothing may be on sale: 0, once; it may follow a set that is under way."""
    if stock.listed.zero_at_s is not None:
        return LeaveListed(0, shop_margin, unseen_margin, "0 is under way")
    if stock.listed.most <= 0:
        return LeaveListed(0, shop_margin, unseen_margin, "nothing is live")
    return SetListed(0, shop_margin, unseen_margin)


def _margins(stock: SkuStock, rule: StockRule, blind: Blind, left: int) -> tuple[int, int]:
    """S and U: the fewest units held back that are worth it."""
    quantity = left
    while quantity > 0 and not blind.is_worth(quantity, left - quantity + 1, rule.listing_cost, unseen=False):
        quantity -= 1
    shop_margin = left - quantity
    while quantity > 0 and not blind.is_worth(quantity, left - quantity + 1, rule.listing_cost, unseen=True):
        quantity -= 1
    return shop_margin, min(left - quantity - shop_margin, stock.listed.hold.units)


def _is_soon_sold_out(stock: SkuStock) -> bool:
    listed = stock.listed
    return asked.exceeds(stock.demand.amazon.per_s * stock.pace * SOON_S, listed.most - 1) > SOON
