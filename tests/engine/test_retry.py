"""decide_retry: one row a rule."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from crossdock.engine.retry import ATTEMPTS_MAX, CONFLICTS_MAX, PAUSE_MAX_S, GiveUp, RetryAt, decide_retry
from crossdock.errors import Conflict, RemoteError, Unavailable

NOW = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)


def after(seconds: float, *, counts: bool = True) -> RetryAt:
    """Put back for so long."""
    return RetryAt(NOW + timedelta(seconds=seconds), counts)


AWAY = Unavailable("away")
TOLD = Unavailable("away", retry_after_s=90.0)
OWN_RATE = Unavailable("our own rate", retry_after_s=178.6, own_rate=True)
MOVED = Conflict("moved")


@pytest.mark.parametrize(
    ("fault", "attempts", "decided"),
    [
        (AWAY, 0, after(1)),
        (AWAY, 1, after(2)),
        (AWAY, 5, after(32)),
        (AWAY, ATTEMPTS_MAX - 1, after(PAUSE_MAX_S)),
        (AWAY, ATTEMPTS_MAX, GiveUp("record.stuck")),
        (AWAY, 10_000, GiveUp("record.stuck")),
        (TOLD, 0, after(90)),
        (TOLD, 9, after(512)),
        (Unavailable("away", retry_after_s=86_400.0), 0, after(86_400)),
        (OWN_RATE, 0, after(178.6, counts=False)),
        (OWN_RATE, ATTEMPTS_MAX + 5, after(178.6, counts=False)),
        (Unavailable("our own rate", own_rate=True), 3, after(1, counts=False)),
        (MOVED, 0, after(0)),
        (MOVED, CONFLICTS_MAX - 1, after(0)),
        (MOVED, CONFLICTS_MAX, GiveUp("record.stuck")),
    ],
)
def test_decide_retry(fault: RemoteError, attempts: int, decided: RetryAt | GiveUp) -> None:
    """What follows from a fault after so many tries."""
    assert decide_retry(fault, attempts, NOW) == decided


def test_tries_last_about_an_hour() -> None:
    """All pauses together: long enough for an ordinary outage, short enough that a person hears of a longer one the same morning."""
    pauses = [decide_retry(AWAY, attempts, NOW) for attempts in range(ATTEMPTS_MAX)]

    whole = sum((pause.at - NOW for pause in pauses if isinstance(pause, RetryAt)), timedelta())

    assert timedelta(minutes=30) < whole < timedelta(hours=2)
