"""How a process dies in these stories: at an outside call, or at a transaction of our own; before its effect, or right after it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import cast

import httpx2

from crossdock.doors import Outside
from crossdock.joined import Joined
from crossdock.store.database import Database, DrainLock, Transaction
from crossdock.twin.transport import transport
from crossdock.twin.world import Request, Response
from tests.joined_twin import MASTER_KEY, Handle


class Killed(BaseException):
    """The process is gone: nothing of ours can catch this."""


@dataclass
class Executioner:
    """Stands between the product and the twin, and kills at the n-th outside call, before or after its effect. `looks`: whether calls count now.

    `watch`: is told of the moments before and after each call that counts and that writes.
    """

    kill_at: int
    after_effect: bool
    calls: list[str] = field(default_factory=list)
    looks: bool = True
    watch: Callable[[str], None] = lambda _: None

    def stands_before(self, handle: Handle) -> Handle:
        """The handle through which the product now speaks to the twin."""

        def act(request: Request) -> Response:
            if not self.looks:
                return handle(request)
            call = f"{request.method} {request.path}"
            self.calls.append(call)
            mine = len(self.calls) == self.kill_at
            if mine and not self.after_effect:
                raise Killed
            if request.method != "GET":
                self.watch(f"before {call}")
            response = handle(request)
            if request.method != "GET":
                self.watch(f"after {call}")
            if mine:
                raise Killed
            return response

        return act


@dataclass
class DyingDatabase:
    """The database as the product sees it, whose n-th transaction dies: before its commit, or right after it. `looks`: whether transactions count now."""

    database: Database
    kill_at: int
    after_effect: bool
    count: int = 0
    looks: bool = True

    @contextmanager
    def transaction(self, connection_ids: Sequence[str]) -> Iterator[Transaction]:
        """One transaction of the product's own."""
        self.count += self.looks
        mine = self.looks and self.count == self.kill_at
        with self.database.transaction(connection_ids) as transaction:
            yield transaction
            if mine and not self.after_effect:
                raise Killed
        if mine:
            raise Killed

    def lock(self, name: str) -> AbstractContextManager[DrainLock | None]:
        """The advisory lock, which a dead process gives back."""
        return self.database.lock(name)


def restarted(before: Joined, handle: Handle, database: object, clock: Callable[[], datetime]) -> Joined:
    """The same connection in another process: nothing is remembered that was not written down."""
    before.close()
    return Joined(
        before.policy,
        before._secrets,
        database=cast("Database", database),
        master_keys=[MASTER_KEY],
        owners={},
        outside=Outside(lambda: httpx2.Client(transport=transport(handle)), clock),
    )
