"""Anonymous customers: one per marketplace, so that reports by customer work and no buyer is ever stored as one.

Amazon's buyers are Amazon's customers; the address of each marketplace's customer is one that can receive nothing.
"""

from __future__ import annotations

import threading

import msgspec

from crossdock.commercetools.client import Client
from crossdock.errors import Conflict

# RFC 2606 reserves this domain for ever: no mail can reach anybody.
EMAIL_DOMAIN = "crossdock.invalid"


class _Customer(msgspec.Struct):
    id: str


class _SignedIn(msgspec.Struct):
    customer: _Customer


class Customers:
    """The anonymous customers of one project."""

    def __init__(self, client: Client) -> None:
        """Ids are kept: a customer's never changes. One that somebody deleted is made again."""
        self._client = client
        self._guard = threading.Lock()
        self._ids: dict[str, str] = {}

    def id_of(self, key: str) -> str:
        """The id of the customer with this key, created where there is none. Repeating is safe: key and e-mail are unique."""
        with self._guard:
            if key not in self._ids:
                self._ids[key] = self._find(key) or self._create(key)
            return self._ids[key]

    def forget(self, key: str) -> None:
        """Look for it anew next time: commercetools says that the id belongs to nobody any more."""
        with self._guard:
            self._ids.pop(key, None)

    def _find(self, key: str) -> str | None:
        found = self._client.find("getCustomerByKey", f"/customers/key={key}", _Customer)
        return found.id if found else None

    def _create(self, key: str) -> str:
        draft = {
            "key": key,
            "email": f"{key.lower()}@{EMAIL_DOMAIN}",
            "authenticationMode": "ExternalAuth",
            "lastName": "Amazon",
            "companyName": "Amazon marketplace orders",
        }
        try:
            return self._client.post("createCustomer", "/customers", draft, _SignedIn).customer.id
        except Conflict:
            # Another process was quicker; if it is not under this key, the e-mail belongs to somebody else.
            found = self._find(key)
            if found is None:
                raise
            return found
