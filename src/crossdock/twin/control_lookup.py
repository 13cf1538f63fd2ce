"""Whom a control request means: the seller it names, or the only one there is."""

from typing import Any

from crossdock.twin.amazon_account import SellerAccount
from crossdock.twin.both import Twin
from crossdock.twin.merchant import Merchant
from crossdock.twin.world import Request


class ControlError(Exception):
    """A control request makes no sense; the text says why."""


def seller_id_of(request: Request) -> str | None:
    """Read which seller is meant."""
    values = request.query.get("seller_id")
    return values[0] if values else None


def account_of(twin: Twin, seller_id: str | None) -> SellerAccount:
    """Find the account that is meant."""
    known = {account.seller_id: account for account in twin.amazon.accounts.values()}
    return known[_only(seller_id, known.keys(), "seller")]


def merchant_of(twin: Twin, seller_id: str | None) -> Merchant:
    """Find the merchant who is meant."""
    return twin.merchants[_only(seller_id, twin.merchants.keys(), "merchant")]


def _only(wanted: str | None, known: Any, what: str) -> str:
    """Give the one that is wanted, or the only one there is."""
    if wanted is None and len(known) == 1:
        return str(next(iter(known)))
    if wanted not in known:
        raise ControlError(f"say which {what} by seller_id: {', '.join(sorted(known)) or 'there is none'}")
    return str(wanted)
