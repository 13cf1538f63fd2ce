"""The bank of one connection, wired: statements in, what they close out.

Part of the composition root (`start_up.py`).
"""

from __future__ import annotations

from crossdock import events
from crossdock.domain.finance_desk import BankRow
from crossdock.domain.finance_policy import FinancePolicy
from crossdock.domain.ids import ConnectionId
from crossdock.flows.match_bank import Matched, list_bank, match_bank
from crossdock.ports import Clock, Inbox
from crossdock.statements.statement_file import read_statement
from crossdock.store.bank import BankStore
from crossdock.store.database import Database


class JoinedBank:
    """The bank's side of the books."""

    def __init__(
        self, policy: FinancePolicy, *, database: Database, connection_id: ConnectionId, inbox: Inbox, clock: Clock
    ) -> None:
        """`inbox`: of the flow of settlements, whose cases these are too."""
        self.policy = policy
        self.connection_id = connection_id
        self.store = BankStore(database, connection_id)
        self._inbox = inbox
        self._clock = clock

    def import_statement(self, content: bytes, name: str) -> Matched:
        """Take in a statement, CAMT.053 or CSV, and match it. DataError, and nothing of it is taken in, where it cannot be read without guessing."""
        statement = read_statement(content, name, self.policy.bank.csv)
        done = match_bank(statement, bank=self.store, inbox=self._inbox, policy=self.policy, now=self._clock())
        assert done is not None, "a statement was given, and nothing was matched"
        _tell(done)
        return done

    def match(self) -> Matched | None:
        """Match what is kept once more, for settlements or payouts may be new; None where no statement was ever given."""
        done = match_bank(None, bank=self.store, inbox=self._inbox, policy=self.policy, now=self._clock())
        if done is not None:
            _tell(done)
        return done

    def rows(self) -> list[BankRow]:
        """Every payout, failed transfer and charge with what the bank shows of it, the newest first."""
        return list_bank(self.connection_id, bank=self.store, policy=self.policy, now=self._clock())


def _tell(done: Matched) -> None:
    events.emit(
        "bank.matched", lines=done.lines, new=done.new, matched=done.matched, open=done.open, cases=len(done.cases)
    )
