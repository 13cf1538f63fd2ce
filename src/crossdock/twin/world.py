"""What both simulated platforms share: the time, the chance, the faults, and the memory of every call.

Everything in a world follows from its seed and its clock, so a run that failed can be repeated. Each operation of
either platform passes through `perform`, the one place where a fault strikes, before or after the effect.
Several threads may call one world: `perform` holds `World.lock`, and so does whoever changes a platform from outside.
"""

import time
import uuid
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from random import Random
from threading import RLock
from typing import Literal, NamedTuple, TypeAlias

FaultAnswer: TypeAlias = Literal[
    "unavailable",  # 503
    "broken",  # 500
    "throttled",  # 429
    "unauthorized",  # 401
    "forbidden",  # 403
    "not_found",  # 404
    "too_large",  # 413
    "not_json",  # 200 with a page of HTML, as a proxy on the way would answer
    "conflict",  # 409, commercetools only
    "timed_out",  # no answer at all
    "hold",  # no answer until it is released
]

STATUS_OF_FAULT: dict[FaultAnswer, int] = {
    "unavailable": 503,
    "broken": 500,
    "throttled": 429,
    "unauthorized": 401,
    "forbidden": 403,
    "not_found": 404,
    "too_large": 413,
    "not_json": 200,
    "conflict": 409,
    "timed_out": 0,
    "hold": 0,
}

CALLS_REMEMBERED_MAX = 200_000  # a benchmark makes millions of calls; older ones are kept as counts only

START = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)  # where a clock begins that was not told: a Monday morning


class Request(NamedTuple):
    """One HTTP request as it arrived: the path still percent-encoded, the query decoded, header names in lower case."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes = b""


class Hold(NamedTuple):
    """An answer that is kept back: `lost` for ever, or until somebody calls `finish` and sends what it returns."""

    operation: str
    lost: bool
    finish: Callable[[], "Response"]


class Response(NamedTuple):
    """One HTTP answer; with `hold` set nothing is sent yet, and status and body are empty."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = {}  # noqa: RUF012 (read only, as every field of a tuple)
    hold: Hold | None = None


class Call(NamedTuple):
    """One call a platform was asked for; status 0 means that no answer was sent at the time."""

    at: datetime
    operation: str
    status: int


class Clock:
    """The time in a world: stepped by hand (speed 0), or real time at some speed."""

    def __init__(self, start: datetime = START, *, speed: float = 0.0) -> None:
        """Begin at `start`, aware; each real second then counts `speed` seconds."""
        self._start = start.astimezone(UTC)
        self._speed = speed
        self._began_s = time.monotonic()

    def now(self) -> datetime:
        """Tell the time, aware, in UTC."""
        if not self._speed:
            return self._start
        return self._start + timedelta(seconds=(time.monotonic() - self._began_s) * self._speed)

    def advance(self, by: timedelta) -> None:
        """Move the time forward at once."""
        self._start += by


@dataclass(frozen=True)
class Fault:
    """What goes wrong with the operations that match, when, and how often."""

    operation: str
    """A pattern such as `amazon.searchOrders` or `commercetools.*`."""
    answer: FaultAnswer
    after_effect: bool = False
    """True: the request took effect and only its answer goes wrong."""
    skip: int = 0
    """So many matching calls pass first."""
    times: int | None = 1
    """So many calls are struck; None: for ever."""
    share: float = 1.0
    """The probability that a matching call is struck, drawn from the world's seed."""


class Faults:
    """The faults that wait in a world, in the order in which they were added."""

    def __init__(self, random: Random) -> None:
        """Begin without any; `random` decides for faults with a share."""
        self._random = random
        self._waiting: list[tuple[Fault, list[int | None]]] = []  # beside each: calls still to skip, strikes still left

    def add(self, fault: Fault) -> None:
        """Let this fault wait for its operations too."""
        self._waiting.append((fault, [fault.skip, fault.times]))

    def clear(self) -> None:
        """Let nothing go wrong from now on."""
        self._waiting.clear()

    def waiting(self) -> list[Fault]:
        """Tell which faults may still strike."""
        return [fault for fault, _ in self._waiting]

    def take(self, operation: str) -> Fault | None:
        """Tell the fault that strikes this call, and count it as spent; None if the call goes well."""
        for entry in self._waiting:
            fault, left = entry
            if not fnmatchcase(operation, fault.operation):
                continue
            skip, times = left
            if skip:
                left[0] = skip - 1
                continue
            if fault.share < 1.0 and self._random.random() >= fault.share:
                continue
            if times is not None:
                left[1] = times - 1
                if times <= 1:
                    self._waiting.remove(entry)
            return fault
        return None


@dataclass
class Delivery:
    """How carelessly messages are delivered: the share of them that is lost, comes twice, or overtakes another."""

    lost: float = 0.0
    doubled: float = 0.0
    overtaking: float = 0.0


class World:
    """The seed, the clock, the faults and the calls of one simulated world."""

    def __init__(self, *, seed: int = 0, clock: Clock | None = None) -> None:
        """Make a world in which nothing goes wrong yet; without a clock, time is stepped by hand."""
        self.seed = seed
        self.random = self.stream("world")
        self.clock = clock or Clock()
        self.faults = Faults(self.stream("faults"))
        self.calls: list[Call] = []
        self.lock = RLock()
        self.delivery = Delivery()
        self._chance_of_delivery = self.stream("delivery")
        self._ids = self.stream("ids")
        self._forgotten: Counter[str] = Counter()

    def stream(self, name: str) -> Random:
        """Give a source of chance of its own, so that one user of chance does not disturb another."""
        return Random(f"{self.seed}/{name}")

    def new_id(self) -> str:
        """Make an identifier in the form of a UUID, the same ones for the same seed."""
        return str(uuid.UUID(int=self._ids.getrandbits(128), version=4))

    def deliver(self, queue: deque[bytes], message: bytes) -> None:
        """Put a message into a queue, as reliably as `delivery` says: at least once and in any order, if at all."""
        chance = self._chance_of_delivery.random
        if chance() < self.delivery.lost:
            return
        copies = 2 if chance() < self.delivery.doubled else 1
        for _ in range(copies):
            overtakes = queue and chance() < self.delivery.overtaking
            queue.insert(self._chance_of_delivery.randrange(len(queue)) if overtakes else len(queue), message)

    def counts(self) -> Counter[str]:
        """Count all calls by operation."""
        return Counter(call.operation for call in self.calls) + self._forgotten

    def forget_calls(self) -> None:
        """Begin the list of calls, and the counts, anew."""
        with self.lock:
            self.calls.clear()
            self._forgotten.clear()

    def record(self, operation: str, status: int) -> None:
        """Remember one call."""
        if len(self.calls) >= CALLS_REMEMBERED_MAX:
            oldest = self.calls[: CALLS_REMEMBERED_MAX // 2]
            self._forgotten.update(call.operation for call in oldest)
            del self.calls[: CALLS_REMEMBERED_MAX // 2]
        self.calls.append(Call(self.clock.now(), operation, status))


def perform(
    world: World, operation: str, act: Callable[[], Response], refuse: Callable[[FaultAnswer], Response]
) -> Response:
    """Answer one call of `operation`: `act` takes effect and answers, unless a fault of the world strikes.

    `refuse` words a fault as the platform would, with the status of `STATUS_OF_FAULT`. It is not asked for
    `not_json`, `timed_out` and `hold`, which look the same on every platform.
    """
    with world.lock:
        fault = world.faults.take(operation)
        if fault is None:
            response = act()
        elif fault.answer == "not_json":
            _effect_of(fault, act)
            response = Response(200, b"<html><body>Please wait</body></html>", {"content-type": "text/html"})
        elif fault.answer in ("timed_out", "hold"):
            lost = fault.answer == "timed_out"
            response = Response(0, hold=Hold(operation, lost, _rest_of(world, act, _effect_of(fault, act))))
        else:
            _effect_of(fault, act)
            response = refuse(fault.answer)
        world.record(operation, response.status)
        return response


def _effect_of(fault: Fault, act: Callable[[], Response]) -> Response | None:
    """Let the call take effect now if the fault strikes after it."""
    return act() if fault.after_effect else None


def _rest_of(world: World, act: Callable[[], Response], done: Response | None) -> Callable[[], Response]:
    """Give what is left of a call that is held: its answer, and its effect unless that has happened."""

    def finish() -> Response:
        with world.lock:
            return act() if done is None else done

    return finish
