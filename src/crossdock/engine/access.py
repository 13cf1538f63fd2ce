"""Whether the platforms let a connection in: one case for each platform that does not.

Rule: what was refused opens the case, and closes it when it is let in. Another routine's success says nothing: one platform may refuse while the other
accepts, and one platform may accept searches and refuse orders.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import get_args

from crossdock.domain.case import Case
from crossdock.domain.timeline import Outcome, State
from crossdock.engine.schedule import PAUSE
from crossdock.errors import Platform, Unauthorized
from crossdock.ports import Clock, Inbox

KIND = "connection.unauthorized"


def connection_record(platform: Platform) -> str:
    """The name under which a connection's access to a platform has its case: `connection/amazon`."""
    return f"connection/{platform}"


def note_refused(inbox: Inbox, flow: str, fault: Unauthorized, now: datetime) -> None:
    """A platform refused this flow: one case, however often."""
    facts = {
        "platform": fault.platform,
        "flow": flow,
        "operation": fault.operation,
        "code": fault.code,
        "request_id": fault.request_id,
    }
    case = Case(KIND, {name: value for name, value in facts.items() if value})
    inbox.raise_case(connection_record(fault.platform), case, now)


def note_let_in(inbox: Inbox, flow: str, now: datetime) -> None:
    """This flow ran through: what it was refused is over. A case that another flow was refused after it stays."""
    records = [connection_record(platform) for platform in get_args(Platform)]
    inbox.clear_cases(records, KIND, now, facts={"flow": flow})


class Refusal:
    """One platform's refusal, for a flow that has something to do without it: it is asked again after a pause, by whoever waits for it."""

    def __init__(self, platform: Platform, clock: Clock) -> None:
        """It lets us in until it says otherwise."""
        self._platform = platform
        self._clock = clock
        self._until: datetime | None = None

    def reason(self) -> str:
        """Why it is not asked now; empty where it may be."""
        is_on = self._until is not None and self._clock() < self._until
        return f"{self._platform} refuses the connection" if is_on else ""

    def note(self, fault: Unauthorized) -> Outcome | None:
        """What the record comes to that was refused; None where another platform refused."""
        if fault.platform != self._platform:
            return None
        self._until = self._clock() + PAUSE
        return Outcome(State.WAITING, str(fault)[:200], due_at=self._until, keeps_cases=True)

    def put_off(self, outcome: Outcome) -> Outcome:
        """What a record comes to without the platform: it has another turn after the pause, and proves nothing healthy."""
        return replace(outcome, due_at=self._until, keeps_cases=True) if self.reason() else outcome
