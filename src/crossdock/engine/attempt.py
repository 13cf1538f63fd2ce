"""A run that may break by our own mistake, or by a setting: told by its place, so that it neither ends a thread nor is silent.

With the drain's, where one record breaks, this is the only broad `except` of the product.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from crossdock.errors import DataError, RemoteError, StoreError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Broken:
    """What broke: the kind of the error and its place. Never its message, which may quote a record or a secret."""

    error: str
    place: str


def attempt(run: Callable[[], T]) -> T | Broken:
    """What `run` answers, or where it broke. A platform's faults, our database's and unreadable data go on to the caller: each has its own end."""
    try:
        return run()
    except (RemoteError, DataError, StoreError):
        raise
    except Exception as mistake:  # noqa: BLE001 - what breaks a routine would else be silent, and due again at every tick
        frames = traceback.extract_tb(mistake.__traceback__)
        return Broken(type(mistake).__name__, f"{Path(frames[-1].filename).name}:{frames[-1].lineno}")
