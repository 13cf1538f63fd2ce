"""When a read of what Amazon lists is worth its call: to see what became of a set, and where orders are known late, to see what was sold.

The rule: all SKUs share the account's rate of reads, so one shortest time between two of a SKU follows the room there is, and SKUs that need it less are read
so many times more rarely. Rates are per second, times seconds.
"""

from __future__ import annotations

import math

from crossdock.domain import demand as asked
from crossdock.domain.sellable import DARK_S, USUAL_S, SkuStock, StockRule

# SKUs that need reads less are read so many times more rarely.
READ_LADDER = (1.0, 2.0, 4.0, 8.0)
# Between two reads both sides sell the same units with no more than this probability, where the rate has room for it.
CLASH = 4e-5
# What a read showed so long ago is news still.
FRESH_S = 10.0
# How often the room for reads is shared anew, and how much of Amazon's 5 a second evidence may use.
ROOM_EVERY_S, READS_PER_S = 30.0, 4.0
READ_EVERY_S_MIN, READ_EVERY_S_MAX = 30.0, 240.0


def read_again_at(stock: SkuStock, rule: StockRule) -> float | None:
    """When a read of what is listed is worth its call, by Amazon's clock; None while there is nothing to learn.

    A set is looked for at its usual time, a cancellation at once. Where orders are known late, SKUs that could be oversold before are read as evidence.
    """
    listed = stock.listed
    sent_at_s = [at_s for at_s in (listed.raising_at_s, listed.zero_at_s) if at_s is not None]
    usual_at_s = min(sent_at_s) + USUAL_S if sent_at_s else None
    if listed.in_doubt:
        return listed.read_at_s
    if rule.mode == "proof" or stock.delays.order_known_s < DARK_S or listed.most <= 0:
        return usual_at_s
    every_s = _read_every_s(stock)
    if every_s is None:
        return usual_at_s
    evidence_at_s = listed.read_at_s + every_s
    return evidence_at_s if usual_at_s is None else min(usual_at_s, evidence_at_s)


def is_stale(stock: SkuStock, rule: StockRule) -> bool:
    """Whether a set waits for a read: where orders are known late it puts on sale again what nobody told us was sold. A 0 does not wait.

    With proof a read is no news before its orders are known.
    """
    if rule.mode == "proof" or stock.delays.order_known_s < DARK_S:
        return False
    return stock.listed.most > 0 and stock.at_s - stock.listed.read_at_s > FRESH_S


def read_room(read_every_s: float, asked_per_s: float) -> float:
    """The next `Delays.read_every_s`, where lately so many reads a second were asked for; it moves by halves, so that it settles."""
    wanted = read_every_s * math.sqrt(max(0.25, asked_per_s / READS_PER_S))
    return min(READ_EVERY_S_MAX, max(READ_EVERY_S_MIN, wanted))


def _read_every_s(stock: SkuStock) -> float | None:
    """How often the dark is worth a read: the rarest at which both sides hardly ever sell the same units between two; None where they do not anyway."""
    left, soonest_s = stock.available - stock.listed.unseen, stock.delays.read_every_s
    amazon, shop = stock.demand.amazon.per_s * stock.pace, stock.demand.shop.per_s * stock.pace
    if left > 12 + 4 * (amazon + shop) * soonest_s * READ_LADDER[-1]:
        return None
    live, every_s = stock.listed.most, soonest_s
    slowest_s = soonest_s * READ_LADDER[-1]
    if _clash(left, live, amazon * slowest_s, shop * slowest_s) <= CLASH:
        return None
    for times in READ_LADDER[:-1]:
        if _clash(left, live, amazon * soonest_s * times, shop * soonest_s * times) > CLASH:
            break
        every_s = soonest_s * times
    return every_s


def _clash(left: int, live: int, amazon: float, shop: float) -> float:
    """The probability that both sides sell, and more together than is left."""
    both, one, other = asked.step_of(amazon + shop), asked.step_of(amazon), asked.step_of(shop)
    most = min(live, left)
    each = asked.both_at_least(one, most, other, left - most + 1) + asked.both_at_least(one, 1, other, left)
    return min(asked.at_least(both, left + 1), each)
