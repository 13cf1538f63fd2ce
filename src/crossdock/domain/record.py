"""A record of the inbox, at its three stations: as it arrives, as it is taken up, and as it is settled."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from crossdock.domain.timeline import Event, Link, Outcome, State


@dataclass(frozen=True, slots=True)
class Arrival:
    """What a platform told about one record: the snapshot (JSON, no personal data) and the platform's own time of it."""

    record_id: str
    snapshot: bytes
    snapshot_at: datetime
    created_at: datetime
    fulfilled_by: str = ""
    status: str = ""
    outcome: Outcome | None = None
    events: tuple[Event, ...] = ()


@dataclass(frozen=True, slots=True)
class Record:
    """A record that is due. `attempts`: how often it was put back since its last news."""

    record_id: str
    snapshot: bytes
    version: int
    attempts: int
    state: State
    link: Link | None


@dataclass(frozen=True, slots=True)
class Settled:
    """A record and what its run came to. `attempts`: None starts counting anew."""

    record: Record
    outcome: Outcome
    attempts: int = 0
