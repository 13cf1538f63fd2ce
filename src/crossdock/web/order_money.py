"""One order's money: what all settlements have of it, on a page of its own and in short on the order's page."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from crossdock.domain.bridge import bridge_of
from crossdock.domain.settlement_desk import OrderMoney
from crossdock.web.pages import NOT_FOUND, Viewer, render
from crossdock.web.waterfall import Waterfall, draw

PAID, OWED = "Paid out for this order", "Taken back for this order"


@dataclass(frozen=True, slots=True)
class Sum:
    """What came of the order in one currency."""

    currency: str
    waterfall: Waterfall


def show(viewer: Viewer, request: Request) -> Response:
    """`GET /orders/eu/302-.../money`: sold, refunded, fees and what is left, and each row with its settlement."""
    connection_id, order_id = viewer.of_theirs(request.path_params["connection_id"]), request.path_params["record_id"]
    money = viewer.desk.money.find_order_money(viewer.may_see, connection_id, order_id)
    if money is None:
        raise HTTPException(NOT_FOUND)
    return render(
        viewer,
        "order_money.html",
        active="orders",
        title=f"Money of {order_id}",
        money=money,
        sums=sums_of(money),
        is_imported=viewer.desk.find_order(viewer.may_see, connection_id, order_id) is not None,
    )


def sums_of(money: OrderMoney | None) -> list[Sum]:
    """By currency, which is one as a rule; none where no settlement has the order."""
    if money is None:
        return []
    bridges = {currency: bridge_of(sums) for currency, sums in money.sums.items()}
    return [
        Sum(currency, draw(each, currency, OWED if each.payout < 0 else PAID)) for currency, each in bridges.items()
    ]
