"""A queue of notifications, asked until it is to stop. They only make things faster: whatever fails or is dropped here is found by the sweep.

Rule: nothing that happens to a queue ends its listener. What arrived is acknowledged after it was taken, never before: what a fault interrupted comes again.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from crossdock import events
from crossdock.engine.attempt import Broken, attempt
from crossdock.engine.schedule import PAUSE
from crossdock.errors import CrossdockError, RemoteError, StoreError, Unauthorized

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Arrived:
    """What a queue handed out at once. `acknowledge` tells it that this need not come again; what is not acknowledged does."""

    bodies: Sequence[bytes]
    acknowledge: Callable[[], None]


# What there is to take; may wait a while for something to arrive.
Receive = Callable[[], Arrived]
Take = Callable[[Sequence[bytes]], None]

FLOW = "notifications"
# How often a queue is asked, where it does not wait by itself.
QUEUE_PAUSE_S = 0.2
# After a fault: as long as a person would take to try again.
REST_S = 30.0
# A few megabytes. Amazon lets thirty orders be read at once, and the sweep brings a hundred a call: more than this is not worth keeping.
WAITING_MAX = 1000


class Held:
    """A queue within this process: what arrived is held here until it is acknowledged, of more than is worth keeping the newest."""

    def __init__(self, arrivals: Callable[[], list[bytes]]) -> None:
        """`arrivals`: what came since the last time, told once."""
        self._arrivals = arrivals
        self._waiting: deque[bytes] = deque(maxlen=WAITING_MAX)

    def receive(self) -> Arrived:
        """All that waits."""
        self._waiting.extend(self._arrivals())
        return Arrived(list(self._waiting), self._waiting.clear)


def listen(receive: Receive, take: Take, stop: threading.Event) -> None:
    """Hand on what arrives until `stop` is set."""
    while not stop.is_set():
        stop.wait(hear(receive, take))


def hear(receive: Receive, take: Take) -> float:
    """Ask the queue once and hand on what it has; answers the seconds until the next time.

    What a platform or our database refused comes again. What breaks us is acknowledged: it would break us again for ever.
    """
    try:
        arrived = _try(receive)
        if isinstance(arrived, Broken):
            return REST_S
        taken = _try(lambda: take(arrived.bodies)) if arrived.bodies else None
        acknowledged = _try(arrived.acknowledge) if arrived.bodies else None
    except (RemoteError, StoreError) as fault:
        rest_s = PAUSE.total_seconds() if isinstance(fault, Unauthorized) else REST_S
        operation, request_id = getattr(fault, "operation", ""), getattr(fault, "request_id", "")
        events.emit("flow.put_back", flow=FLOW, operation=operation, request_id=request_id, wait_s=round(rest_s))
        return rest_s
    return REST_S if isinstance(taken, Broken) or isinstance(acknowledged, Broken) else QUEUE_PAUSE_S


def _try(act: Callable[[], T]) -> T | Broken:
    """What it answers, or where it broke, which is told; a fault of a platform or of our database goes up."""
    try:
        done = attempt(act)
    except (RemoteError, StoreError):
        raise
    except CrossdockError as fault:
        done = Broken(type(fault).__name__, "")
    if isinstance(done, Broken):
        events.emit("flow.failed", flow=FLOW, error=done.error, place=done.place)
    return done
