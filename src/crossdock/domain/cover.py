"""How many units are taken off the shop's entry for what Amazon may sell before we hear of it: the cover, in mode risk.

The rule: a unit of the shop's is kept back while it would rather be sold twice than left unsold. That acts at once and on commercetools, where a set takes a
minute; and what is kept back comes back with the next news. It is noted on the entry under a number of its own, in the update that takes it.
"""

from __future__ import annotations

import zlib

from crossdock.domain import demand as asked
from crossdock.domain.blind import NEGLIGIBLE
from crossdock.domain.ids import SellerSku
from crossdock.domain.inventory import StockEntry
from crossdock.domain.sellable import SkuStock, StockRule, blind_of, overwritten_s

PREFIX = "cover/"
# A burst this long ago is none any more.
FADED_S = 4 * asked.BURST_S
# What all SKUs sell, and how late we hear of it, changes too, and of that no news comes.
AGAIN_S = 3600.0


def units_to_cover(stock: SkuStock, rule: StockRule) -> int:
    """The units to be off the shop's entry now, those that reads show as sold among them; none with proof, where no unit is both sides'."""
    if rule.mode == "proof" or not rule.cover:
        return 0
    unseen = stock.listed.unseen
    left = stock.available - unseen
    return min(unseen + _units_at_risk(stock, rule, left), max(0, stock.available))


def release_at_s(stock: SkuStock) -> float:
    """When fewer units may be enough without any news: what was sold before a set is known, a burst has faded, or an hour is over."""
    at_s, set_at_s, sold_at_s = stock.at_s, stock.listed.set_at_s, stock.demand.recent_at_s
    known_at_s = (set_at_s or 0.0) + stock.delays.effect_s + stock.delays.order_known_s
    fades_at_s = [at_s + AGAIN_S, *([known_at_s] if known_at_s > at_s else [])]
    if at_s - sold_at_s < FADED_S:
        fades_at_s.append(at_s + asked.BURST_S)
    return min(fades_at_s)


def covers_of(connection_id: str) -> str:
    """With what the numbers of a connection's covers begin: two of them may sell from one entry."""
    return f"{PREFIX}{_short(connection_id)}/"


def cover_number(covers: str, sku: SellerSku) -> str:
    """Under which a SKU's cover is noted. `covers`: of its connection."""
    return f"{covers}{_short(sku)}"


def covered_on(entry: StockEntry, covers: str) -> int:
    """Units off an entry by this connection's covers: they lie there, and are Amazon's to sell."""
    return sum(units for number, units in entry.claims.items() if number.startswith(covers))


def _short(name: str) -> str:
    """A number has little room, and a seller SKU may begin or end with what none may."""
    return f"{zlib.crc32(name.encode()):08x}"


def _units_at_risk(stock: SkuStock, rule: StockRule, left: int) -> int:
    """The fewest units kept back with which the shop's last one is worth its risk."""
    hidden_s, blind, demand = overwritten_s(stock), blind_of(stock), stock.demand
    # Of what was sold before the last set no part is on sale now, so that what is live is no limit to it.
    most = left if hidden_s > 0.0 else min(left, stock.listed.most)
    amazon = max(blind.amazon, asked.step_of(demand.amazon.per_s * stock.pace * hidden_s))
    # Plenty: in no burst do both sides together sell it before we know.
    if most <= 0 or asked.at_least(asked.sum_of(amazon, blind.shop), left + 1) < NEGLIGIBLE:
        return 0
    lasting = asked.step_of((demand.amazon.per_s + demand.shop.per_s) * stock.selling_s)
    unsold = 1.0 - asked.in_the_long_run(lasting, left)
    # The shop never sells more than this meanwhile: to keep back less would keep back nothing.
    first = max(0, left + 1 - asked.negligible_from(blind.shop))
    for units in range(first, most):
        twice = asked.both_at_least(amazon, units + 1, blind.shop, left - units)
        if rule.oversell_cost * twice <= asked.at_least(blind.shop, left - units) * unsold:
            return units if units > first else 0
    return most if most > first else 0
