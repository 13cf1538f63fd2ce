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


@pytest.mark.parametrize(("turn", "wait_s"), [(0, 2), (1, 4), (9, 20), (29, 60), (30, 60), (100_000, 60)])
def test_those_that_wait_for_one_rate_come_back_one_after_the_other(turn: int, wait_s: float) -> None:
    """A call every two seconds is one record every two seconds, and nobody waits longer than a minute to ask again."""
    fault = Unavailable("our own rate", retry_after_s=2.0, own_rate=True)

    assert decide_retry(fault, 0, NOW, turn=turn) == after(wait_s, counts=False)


@pytest.mark.parametrize(("turn", "wait_s"), [(0, 0.5), (1, 0.5), (2, 1), (8, 2.5), (1_000, 60)])
def test_those_that_wait_for_a_quick_rate_come_back_a_few_together(turn: int, wait_s: float) -> None:
    """The next call is nearly due, each after it a step of the plan later; whose turn is within one half of a second comes at its end."""
    fault = Unavailable("our own rate", retry_after_s=0.125, own_rate=True, every_s=0.25)

    assert decide_retry(fault, 0, NOW, turn=turn) == after(wait_s, counts=False)


def test_rate_that_is_slower_than_the_spread_is_kept() -> None:
    """A call in three minutes is not asked for every minute."""
    assert decide_retry(OWN_RATE, 0, NOW, turn=7) == after(178.6, counts=False)


def test_tries_last_about_an_hour() -> None:
    """All pauses together: long enough for an ordinary outage, short enough that a person hears of a longer one the same morning."""
    pauses = [decide_retry(AWAY, attempts, NOW) for attempts in range(ATTEMPTS_MAX)]

    whole = sum((pause.at - NOW for pause in pauses if isinstance(pause, RetryAt)), timedelta())

    assert timedelta(minutes=30) < whole < timedelta(hours=2)
