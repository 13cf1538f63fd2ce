"""The twin: Amazon and commercetools in one world, behind one door.

A request goes to the platform that its path belongs to. What is done to the world itself is done by calling it, or
over HTTP through `control`.
"""

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from crossdock.twin.amazon import Amazon
from crossdock.twin.commercetools import Commercetools
from crossdock.twin.merchant import Merchant
from crossdock.twin.world import Request, Response, World

AMAZON_PATHS = frozenset(  # how the paths of Amazon's operations begin
    {
        "auth",
        "catalog",
        "definitions",
        "fba",
        "feed-documents",  # the storage the feeds are put to
        "feeds",
        "finances",
        "listings",
        "notifications",
        "orders",
        "report-documents",  # the storage the reports are taken from
        "reports",
        "sellers",
        "tokens",
        "transfers",
    }
)


class Held(NamedTuple):
    """A call whose answer a server keeps back until `release` is called."""

    operation: str
    since: datetime
    release: Callable[[], None]


class Twin:
    """Both platforms, and the people between them."""

    def __init__(self, world: World | None = None) -> None:
        """Begin with empty platforms, in a world of its own unless one is given."""
        self.world = world or World()
        self.amazon = Amazon(self.world)
        self.commercetools = Commercetools(self.world)
        self.merchants: dict[str, Merchant] = {}
        """The merchants by seller id: those whom a control request may tell to act."""
        self.holds: dict[str, Held] = {}
        """The calls a server holds back at this moment."""

    def add_merchant(self, merchant: Merchant) -> Merchant:
        """Let control requests tell this merchant to act."""
        self.merchants[merchant.account.seller_id] = merchant
        return merchant

    def handle(self, request: Request) -> Response:
        """Answer one request, as the platform it is meant for would."""
        segment = request.path.split("/", 2)[1] if request.path.startswith("/") else ""
        if segment in AMAZON_PATHS:
            return self.amazon.handle(request)
        return self.commercetools.handle(request)
