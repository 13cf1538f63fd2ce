"""What an operation of the simulated Selling Partner API is made of, beside those on orders: path, roles, plan, act."""

import re
from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from crossdock.twin.amazon_account import SellerAccount
from crossdock.twin.world import Request


class NotFound(Exception):
    """What the request is about does not exist: code and message, as this operation words them."""


class Answer(NamedTuple):
    """How an operation ends if it is not refused; without a value the answer has no body."""

    status: int
    value: object = None


Act: TypeAlias = Callable[[SellerAccount, Request, list[str]], Answer]
"""Does it: account, request, and the parts of the path that are named, decoded."""


class Operation(NamedTuple):
    """One operation on a seller's account. `act` may raise InvalidInput, AccessDenied, NotFound."""

    name: str
    method: str
    path: re.Pattern[str]
    act: Act
    roles: frozenset[str]
    plan: Callable[[Request], str] | None = None
    """Which usage plan a request counts for; None: that of the operation's name."""
