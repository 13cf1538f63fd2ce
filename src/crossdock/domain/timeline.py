"""What the desk shows of a record: what happened, in which state it is, and what came of the last run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from crossdock.domain.case import Case
from crossdock.domain.ids import OrderNumber


class State(StrEnum):
    """Invariant 1: a record is in sync, waiting with a time, or a case with an owner. Out of scope is a kind of in sync, counted and listed."""

    WAITING = "waiting"
    IN_SYNC = "in_sync"
    OUT_OF_SCOPE = "out_of_scope"
    CASE = "case"


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a record's history: a code and its facts, never personal data."""

    code: str
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Link:
    """The commercetools order that an Amazon order became."""

    commercetools_id: str
    order_number: OrderNumber
    version: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one run of a flow came to. The cases named here are all that are open for the record: others close, seen healthy.

    `due_at`: when the record is looked at again; always set while waiting. `keeps_cases`: nothing was seen of the record, so none closes.
    """

    state: State
    reason: str
    due_at: datetime | None = None
    cases: tuple[Case, ...] = ()
    events: tuple[Event, ...] = ()
    link: Link | None = None
    erase_at: datetime | None = None
    keeps_cases: bool = False
