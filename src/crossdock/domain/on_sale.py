"""What may be on sale on Amazon of one SKU: what was sent, what was seen, and which orders explain the difference.

The rule: when a set took effect nobody tells. Until a read made after its usual time shows what became of it, it is possible beside what was seen last.
Times are seconds by Amazon's clock, quantities units. The hold inside is the same in both modes; what differs is when a read may be used: with proof only
once all orders up to it are known, with risk at once, and what it shows sold before its order is known counts as sold (`unseen`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from crossdock.domain import stock
from crossdock.domain.stock import Hold

# A set that was not seen for so long is taken to be gone. Amazon promises nothing: an assumption, shown to the merchant.
GONE_AFTER_S = 24 * 3600.0
# An order that a read showed and that is not known so long after does not exist: somebody lowered the quantity by hand, or a cancellation came first.
EXPLAINED_AFTER_S = 900.0


NOTHING_SENT = Hold()


@dataclass(frozen=True, slots=True)
class OnSale:
    """`raising_at_s`, `overdue_at_s`: when the sets of the hold were sent; `zero_at_s`: a 0 that was sent and not seen since. None where there is none.

    `read_at_s`: of the last read that was used. `unseen`: units that reads show as sold, whose orders are not known yet. `sold_since_raise`: units of known
    orders made after the raise was sent. `in_doubt`: units cancelled since, which may or may not be on sale again. `unseen_at_s`: of the last such evidence.
    `set_at_s`: when the last set was sent: it puts on sale again what was sold by then, so that no read shows that any more.
    """

    hold: Hold = NOTHING_SENT
    raising_at_s: float | None = None
    overdue_at_s: float | None = None
    zero_at_s: float | None = None
    read_at_s: float = 0.0
    unseen: int = 0
    sold_since_raise: int = 0
    in_doubt: int = 0
    unseen_at_s: float = 0.0
    set_at_s: float | None = None

    @property
    def most(self) -> int:
        """The most that can be on sale now, sets of unusual slowness aside."""
        return max(self.hold.live_max, self.hold.raising or 0)

    def is_under_way(self) -> bool:
        """Whether a set was sent that no read made after its usual time has answered."""
        return self.hold.raising is not None or self.zero_at_s is not None


def sent(state: OnSale, quantity: int, at_s: float) -> OnSale:
    """The state from before a set is sent; a 0 may follow a raise that is under way, nothing else may."""
    if quantity == 0:
        return replace(state, zero_at_s=at_s, set_at_s=at_s)
    return replace(state, hold=stock.raised(state.hold, quantity), raising_at_s=at_s, sold_since_raise=0, set_at_s=at_s)


def taken(state: OnSale, quantity: int, at_s: float) -> OnSale:
    """Amazon says by when it took the set that was just sent; where our clock told less, it is behind."""
    if quantity == 0:
        return replace(state, zero_at_s=max(at_s, state.zero_at_s or 0.0))
    return replace(state, raising_at_s=max(at_s, state.raising_at_s or 0.0))


def unsent(state: OnSale, quantity: int) -> OnSale:
    """A set that certainly never takes effect: it was refused, or its feed was cancelled. `set_at_s` stays: another may have been as near."""
    if quantity == 0:
        return replace(state, zero_at_s=None)
    hold = stock.withdrawn(state.hold, quantity)
    return replace(
        state,
        hold=hold,
        raising_at_s=state.raising_at_s if hold.raising is not None else None,
        overdue_at_s=state.overdue_at_s if hold.overdue is not None else None,
    )


def sold(state: OnSale, units: int, made_at_s: float) -> OnSale:
    """An order became known. One made before the last read is in what that read showed; in doubt it was made before."""
    since = state.sold_since_raise
    if state.raising_at_s is not None and made_at_s > state.raising_at_s:
        since += units
    if made_at_s <= state.read_at_s:
        return replace(state, unseen=max(0, state.unseen - units), sold_since_raise=since)
    return replace(state, hold=stock.sold(state.hold, units), sold_since_raise=since)


def cancelled(state: OnSale, units: int) -> OnSale:
    """A known order was cancelled: Amazon may have put its units on sale again."""
    return replace(state, hold=stock.cancelled(state.hold, units), in_doubt=state.in_doubt + units)


def seen(state: OnSale, quantity: int, at_s: float, *, sold_since: int, usual_s: float) -> OnSale:
    """What Amazon showed is used at once, in risk mode: a set sent less than `usual_s` before the read stays possible, an older one has had its time.

    `sold_since`: units of known orders made after the read. What is missing beside them was sold, and its orders are on their way.
    """
    hold, unmoved = state.hold, state.hold.live_max + sold_since
    live = max(0, quantity - sold_since)
    found = _sold_unseen(state, quantity, unmoved, sold_since)
    is_explained = at_s - state.unseen_at_s > EXPLAINED_AFTER_S
    unseen = found + (0 if is_explained else state.unseen)
    overdue, overdue_at_s = hold.overdue, state.overdue_at_s
    if overdue_at_s is not None and at_s - overdue_at_s > GONE_AFTER_S:
        overdue = overdue_at_s = None
    raising, raising_at_s = hold.raising, state.raising_at_s
    if raising is not None and quantity > max(unmoved, overdue or 0):
        # More than could be without it: it is in effect.
        raising = raising_at_s = None
    elif raising is not None and not _is_fresh(raising_at_s, at_s, usual_s):
        if not quantity <= raising < unmoved:
            # It may be in effect, or never come, or come yet.
            overdue, overdue_at_s = max(raising, overdue or 0), raising_at_s
        raising = raising_at_s = None
    units = live + (raising or 0) + (overdue or 0)
    zero_at_s = state.zero_at_s if _is_fresh(state.zero_at_s, at_s, usual_s) else None
    since_raise = state.sold_since_raise if raising is not None else 0
    return OnSale(
        Hold(units, live, raising, overdue),
        raising_at_s,
        overdue_at_s,
        zero_at_s,
        at_s,
        unseen,
        since_raise,
        unseen_at_s=at_s if found else state.unseen_at_s,
        set_at_s=state.set_at_s,
    )


def proven(state: OnSale, quantity: int, at_s: float, *, sold_since: int, usual_s: float) -> OnSale:
    """The same in proof mode, once every order and cancellation up to the read is known and where nothing was sent after it.

    `sold_since`: units of known orders made after the read, less those of cancellations made after it.
    """
    hold = stock.read_back(state.hold, quantity, sold_since=sold_since)
    if hold is state.hold and not _is_fresh(state.raising_at_s, at_s, usual_s):
        hold = stock.past_its_time(hold)
    overdue_at_s = state.overdue_at_s
    if state.hold.raising is not None and hold.raising is None and state.hold.raising <= (hold.overdue or 0):
        # It is overdue itself now; or one of the two is in effect, and the other may be the later one.
        overdue_at_s = state.raising_at_s
    if overdue_at_s is not None and at_s - overdue_at_s > GONE_AFTER_S:
        hold = stock.gone(hold)
    return OnSale(
        hold,
        state.raising_at_s if hold.raising is not None else None,
        overdue_at_s if hold.overdue is not None else None,
        state.zero_at_s if _is_fresh(state.zero_at_s, at_s, usual_s) else None,
        at_s,
        0,
        set_at_s=state.set_at_s,
    )


def doubted_at_s(state: OnSale) -> float | None:
    """From when on a read tells whether units that no order explains were sold at all; None where there are none."""
    return state.unseen_at_s + EXPLAINED_AFTER_S + 1.0 if state.unseen else None


def _sold_unseen(state: OnSale, quantity: int, unmoved: int, sold_since: int) -> int:
    """The fewest units that must have been sold, beside known orders, where Amazon shows no more than this."""
    raising = state.hold.raising
    least = unmoved - state.in_doubt
    if state.zero_at_s is not None:
        return 0
    if raising is None:
        return max(0, least - quantity)
    if quantity > unmoved:
        # The raise is in effect; what is missing of it was sold after.
        return max(0, raising - quantity - (state.sold_since_raise - sold_since))
    return max(0, min(least, raising) - quantity)


def _is_fresh(sent_at_s: float | None, at_s: float, usual_s: float) -> bool:
    return sent_at_s is not None and at_s - sent_at_s < usual_s
