"""What both sides may sell of the same units while we are blind: the weighing behind S and U.

The rule: the last of the listed units is worth its risk while what it may oversell costs no more than what the shop may leave unsold of it.
"""

from __future__ import annotations

from dataclasses import dataclass

from crossdock.domain import demand as asked

# A joint rush into the same units that is rarer than this in one blind time is no reason to hold back, nor worth a call.
NEGLIGIBLE = 2e-6


@dataclass(frozen=True, slots=True)
class Blind:
    """What is asked for while we are blind, as places on the grid of means.

    `amazon`, `shop`: from a sale on one side until the other follows. `before`: the shop's, and what Amazon sells from an order made until a set sent now
    is in effect; `before_max`: the most that can be, None where nothing limits it. `lasting`: what the shop sells until the stock is renewed.
    """

    amazon: int
    shop: int
    before: int
    before_max: int | None
    lasting: int

    def is_far_from_sold_out(self, live: int) -> bool:
        """Whether Amazon cannot sell what is live before we know."""
        return live > asked.negligible_from(self.amazon)

    def both_sell(self, listed: int, beyond: int, *, unseen: bool) -> float:
        """The probability that Amazon sells all that is listed, and that so many units beyond it are gone to the shop, or unseen to Amazon itself."""
        if not unseen or self.before_max == 0:
            return asked.both_at_least(self.amazon, listed, self.shop, beyond)
        both = asked.both_at_least(self.amazon, listed, self.before, beyond)
        if self.before_max is None:
            return both
        return min(both, asked.both_at_least(self.amazon, listed, self.shop, beyond - self.before_max))

    def is_worth(self, listed: int, beyond: int, cost: float, *, unseen: bool) -> bool:
        """Whether the last of the listed units is worth its risk: what it may oversell costs no more than what the shop may leave unsold of it."""
        both = self.both_sell(listed, beyond, unseen=unseen)
        if both < NEGLIGIBLE:
            return True
        return cost * both <= asked.at_least(self.amazon, listed) * (1.0 - asked.in_the_long_run(self.lasting, beyond))

    def excess(self, live: int, most: int, left: int) -> float:
        """The units that may be oversold of those above the most, on average, in one blind time."""
        return sum(self.both_sell(listed, left - listed + 1, unseen=False) for listed in range(most + 1, live + 1))
