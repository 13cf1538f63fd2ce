"""A queue of notifications, asked until it is to stop. They only make things faster: whatever fails or is dropped here is found by the sweep.

Rule: nothing that happens to a queue ends its listener, and what waits while a platform is away is bounded.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence

from crossdock import events
from crossdock.engine.attempt import Broken, attempt
from crossdock.engine.schedule import PAUSE
from crossdock.errors import CrossdockError, RemoteError, StoreError, Unauthorized

# What arrived since the last time; may wait a while for something to arrive.
Receive = Callable[[], list[bytes]]
Take = Callable[[Sequence[bytes]], None]

FLOW = "notifications"
# How often a queue is asked, where it does not wait by itself.
QUEUE_PAUSE_S = 0.2
# After a fault: as long as a person would take to try again.
REST_S = 30.0
# A few megabytes. Amazon lets thirty orders be read at once, and the sweep brings a hundred a call: more than this is not worth keeping.
WAITING_MAX = 1000


def listen(receive: Receive, take: Take, stop: threading.Event) -> None:
    """Hand on what arrives until `stop` is set."""
    waiting: deque[bytes] = deque(maxlen=WAITING_MAX)
    while not stop.is_set():
        stop.wait(hear(receive, take, waiting))


def hear(receive: Receive, take: Take, waiting: deque[bytes]) -> float:
    """Ask the queue once and hand on what waits; answers the seconds until the next time. What a platform or our database refused waits, the oldest goes."""
    try:
        heard = attempt(lambda: _hand_on(receive, take, waiting))
    except (RemoteError, StoreError) as fault:
        rest_s = PAUSE.total_seconds() if isinstance(fault, Unauthorized) else REST_S
        operation, request_id = getattr(fault, "operation", ""), getattr(fault, "request_id", "")
        events.emit("flow.put_back", flow=FLOW, operation=operation, request_id=request_id, wait_s=round(rest_s))
        return rest_s
    except CrossdockError as fault:
        heard = Broken(type(fault).__name__, "")
    if isinstance(heard, Broken):
        waiting.clear()
        events.emit("flow.failed", flow=FLOW, error=heard.error, place=heard.place)
        return REST_S
    return QUEUE_PAUSE_S


def _hand_on(receive: Receive, take: Take, waiting: deque[bytes]) -> None:
    waiting.extend(receive())
    if waiting:
        take(list(waiting))
        waiting.clear()
