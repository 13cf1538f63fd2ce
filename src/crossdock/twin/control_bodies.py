"""What the requests under `/_twin/` say, each body checked as it is read: an unknown field is refused."""

from typing import Annotated, Any, Literal, TypeAlias

import msgspec

from crossdock.twin.amazon_feeds import Outcome

Quantity: TypeAlias = Annotated[int, msgspec.Meta(ge=0)]
Seconds: TypeAlias = Annotated[float, msgspec.Meta(ge=0)]


class Advance(msgspec.Struct, forbid_unknown_fields=True):
    """How far the time moves."""

    seconds: float


class PutOrder(msgspec.Struct, forbid_unknown_fields=True):
    """An order as Amazon shall know it."""

    order: dict[str, Any]
    seller_id: str | None = None
    notify: bool = True


class Stock(msgspec.Struct, forbid_unknown_fields=True):
    """What the shop is stocked with."""

    count: int = 0
    quantity: int = 100
    seller_id: str | None = None


class Buy(msgspec.Struct, forbid_unknown_fields=True):
    """What is ordered, and how often; what is left out is left to chance."""

    count: int = 1
    skus: list[str] | None = None
    quantity: int | None = None
    marketplace_id: str | None = None
    fulfilled_by: Literal["AMAZON", "MERCHANT"] | None = None
    programs: list[str] | None = None
    settled: bool = False
    seller_id: str | None = None


class Settle(msgspec.Struct, forbid_unknown_fields=True):
    """Whose payments come through."""

    at_once: bool = False
    seller_id: str | None = None


class OnOrder(msgspec.Struct, forbid_unknown_fields=True):
    """Which order something happens to."""

    order_id: str
    seller_id: str | None = None


class Cancel(msgspec.Struct, forbid_unknown_fields=True):
    """Which order is cancelled, and whether Amazon puts its units back."""

    order_id: str
    restock: bool = False
    seller_id: str | None = None


class ListGoods(msgspec.Struct, forbid_unknown_fields=True):
    """What is listed on Amazon."""

    skus: list[str] | None = None
    quantity: Quantity = 0
    fulfilled_by: Literal["AMAZON", "MERCHANT"] = "MERCHANT"
    seller_id: str | None = None


class EditQuantity(msgspec.Struct, forbid_unknown_fields=True):
    """Which quantity is set by hand."""

    sku: str
    quantity: Quantity
    seller_id: str | None = None


class SetListings(msgspec.Struct, forbid_unknown_fields=True):
    """How sets of quantities fare from now on; what is left out stays."""

    delay_s: tuple[Seconds, Seconds] | None = None
    never_applied: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None
    seller_id: str | None = None


class SetFeeds(msgspec.Struct, forbid_unknown_fields=True):
    """How feeds fare from now on; what is left out stays."""

    queue_s: tuple[Seconds, Seconds] | None = None
    processing_s: tuple[Seconds, Seconds] | None = None
    stuck: bool | None = None
    next_outcomes: list[Outcome] | None = None
    seller_id: str | None = None


class Release(msgspec.Struct, forbid_unknown_fields=True):
    """Which held call goes on; None: all of them."""

    hold_id: str | None = None
