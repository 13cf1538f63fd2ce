"""Whose fault it is: ours, theirs, or the data's.

CrossdockError
├─ RemoteError             the other side, with its request id
│  ├─ Unavailable          time-out, 5xx, throttled; may carry retry_after_s     -> put back
│  ├─ Conflict             version moved, already exists                         -> run again: it re-reads and re-decides
│  ├─ Rejected             refused, with their code, message and pointer         -> case, owner by code
│  └─ Unauthorized         token, consent, role, scope                           -> one case, that connection pauses
├─ DataError               cannot be read without guessing: where and what       -> case
├─ UnsafePlan              too much would change: counts and limits              -> shown, waits for a person
├─ StoreError              our database refuses or is gone                       -> the drain ends, the worker runs it again
└─ ConfigError             settings or policy; lists every problem               -> does not start
AssertionError             our own mistake                                       -> the record stops, case for engineering

What needs a person is no error but a Case (`domain/case.py`). No message holds personal data: adapters quote codes and field names only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

# `aws`: whoever keeps the queues; Seller Central, which is Amazon's too, has other roles and other secrets.
Platform = Literal["amazon", "aws", "commercetools"]


class CrossdockError(Exception):
    """Everything Crossdock raises on purpose."""


class RemoteError(CrossdockError):
    """The other side answered badly or not at all."""

    def __init__(self, message: str, *, operation: str = "", request_id: str = "") -> None:
        """Say what went wrong, in which operation, under which of their request ids (empty where they gave none)."""
        super().__init__(message)
        self.operation = operation
        self.request_id = request_id


class Unavailable(RemoteError):
    """Time-out, 5xx or throttled: the same call may work later."""

    def __init__(
        self,
        message: str,
        *,
        operation: str = "",
        request_id: str = "",
        retry_after_s: float | None = None,
        own_rate: bool = False,
        every_s: float | None = None,
    ) -> None:
        """`retry_after_s`: seconds until it is worth asking again; `own_rate`: we wait for our own rate, which gives a call `every_s`; nothing failed."""
        super().__init__(message, operation=operation, request_id=request_id)
        self.retry_after_s = retry_after_s
        self.own_rate = own_rate
        self.every_s = every_s


class Conflict(RemoteError):
    """What we decided on has moved: a version, or the thing is already there. Read again and decide again."""


class Rejected(RemoteError):
    """They understood and refused; the same call will be refused again."""

    def __init__(
        self, message: str, *, code: str, operation: str = "", request_id: str = "", pointer: str = "", status: int = 0
    ) -> None:
        """`code`: their own code; `pointer`: the field or reference they name; `status`: the HTTP status."""
        super().__init__(message, operation=operation, request_id=request_id)
        self.code = code
        self.pointer = pointer
        self.status = status


class Unauthorized(RemoteError):
    """Token, consent, role or scope is missing: every call of this kind fails until a person acts."""

    def __init__(
        self, message: str, *, platform: Platform, code: str = "", operation: str = "", request_id: str = ""
    ) -> None:
        """`platform`: who refuses, set by its door; `code`: their own code (`invalid_grant`, `insufficient_scope`, ...)."""
        super().__init__(message, operation=operation, request_id=request_id)
        self.platform = platform
        self.code = code


class DataError(CrossdockError):
    """Something cannot be read without guessing."""

    def __init__(self, where: str, what: str) -> None:
        """`where`: file, row, column or field path; `what`: what is wrong there, without the content of a personal field."""
        super().__init__(f"{where}: {what}")
        self.where = where
        self.what = what


class UnsafePlan(CrossdockError):
    """Too much would change at once; a person must look first."""


class StoreError(CrossdockError):
    """Our own database refuses or is gone."""


class ConfigError(CrossdockError):
    """Settings or policy are wrong; every problem is listed, each with the place to mend it."""

    def __init__(self, problems: Sequence[str]) -> None:
        """`problems`: one line each, beginning with the file and line or the variable's name."""
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)
