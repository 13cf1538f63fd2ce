"""Waiting for what another process does: for a condition, with a bound, never for a time."""

from __future__ import annotations

import time
from collections.abc import Callable

WAIT_S_MAX = 90.0


def wait_until(holds: Callable[[], bool], what: str) -> None:
    """Return once the condition holds; fail, naming what was awaited, when it never does."""
    deadline = time.monotonic() + WAIT_S_MAX
    while not holds():
        assert time.monotonic() < deadline, f"never came: {what}"
        time.sleep(0.05)
