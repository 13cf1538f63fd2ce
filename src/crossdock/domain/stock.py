"""How many units may be listed on Amazon, so that none is sold twice: the hold, and what may be listed beside it.

The rule: an absolute set that takes effect after a sale nobody saw puts sold units on sale again. So what was sent counts as sellable from before it is
sent until it is seen; nothing else clears it. Sure up to units raised by hand on Amazon, orders that never reach us, and units that do not exist.
"""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Hold:
    """What Amazon may do with one SKU, in units, as far as we can know.

    `units`: the most it may have sold unseen, or may still sell. `live_max`: the most that can be on sale if nothing under way has taken effect.
    `raising`: the quantity of the set that was sent and not seen yet. `overdue`: the most that one before it, past its usual time, may still put on sale.
    """

    units: int = 0
    live_max: int = 0
    raising: int | None = None
    overdue: int | None = None


def may_raise(hold: Hold, escrow: int, quantity: int) -> bool:
    """Whether `quantity` may be sent: Amazon's own units cover it beside all that may be sold already, no other raise is under way, and it can be proven.

    A quantity that could be live without any set proves nothing when it is read back, so only more than that is ever sent; or 0, which needs no leave.
    """
    return hold.raising is None and quantity > hold.live_max and escrow >= hold.units + quantity


def raised(hold: Hold, quantity: int) -> Hold:
    """The hold from before the set is sent."""
    assert hold.raising is None, "one set in flight a SKU"
    return replace(hold, units=hold.units + quantity, raising=quantity)


def past_its_time(hold: Hold) -> Hold:
    """The raise was not seen in its usual time: another may follow, this one stays in the hold. At most one is kept like that."""
    if hold.raising is None or hold.overdue is not None:
        return hold
    return replace(hold, raising=None, overdue=hold.raising)


def withdrawn(hold: Hold, quantity: int) -> Hold:
    """A set that certainly never takes effect any more: its feed was cancelled, or it was refused."""
    if hold.raising == quantity:
        return replace(hold, units=hold.units - quantity, raising=None)
    assert hold.overdue == quantity, "no such set is under way"
    return replace(hold, units=hold.units - quantity, overdue=None)


def gone(hold: Hold) -> Hold:
    """The overdue set is taken to take effect no more."""
    return replace(hold, units=hold.units - (hold.overdue or 0), overdue=None)


def sold(hold: Hold, units: int) -> Hold:
    """An order became known; the escrow goes down by the same units in the same moment."""
    return replace(hold, units=max(0, hold.units - units), live_max=max(0, hold.live_max - units))


def cancelled(hold: Hold, units: int) -> Hold:
    """A known order was cancelled. Amazon may have put the units on sale again, so they are held; they go to the escrow, never to the shop."""
    return replace(hold, units=hold.units + units, live_max=hold.live_max + units)


def read_back(hold: Hold, quantity: int, *, sold_since: int = 0) -> Hold:
    """The hold after Amazon showed `quantity`, to be used only when every order and cancellation up to the read is known, and nothing was sent after it.

    `sold_since`: units of known orders made after the read, less those of cancellations made after it. A raise is proven by more than could be live
    without it; a quantity that merely equals what was sent proves nothing. One that an overdue set may have made just as well proves that one of the two is
    in effect: the other, no more than the larger, stays overdue.
    """
    live = max(0, quantity - sold_since)
    unmoved = hold.live_max + sold_since
    if hold.raising is not None:
        overdue = hold.overdue or 0
        if quantity <= unmoved or quantity <= overdue < hold.raising:
            return hold
        return Hold(units=live + overdue, live_max=live, overdue=hold.overdue)
    if hold.overdue is not None and quantity <= unmoved:
        return hold
    return Hold(units=live, live_max=live)


def releasable(hold: Hold, escrow: int) -> int:
    """Units of the escrow that may go back to the shop."""
    return max(0, escrow - hold.units)
