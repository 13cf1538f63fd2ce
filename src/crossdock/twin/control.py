"""What whoever runs a world may do to it over HTTP, under `/_twin/`: look, move the time, break things, let people act.

| request | does |
| --- | --- |
| `GET /_twin/state` | the time, orders by status, counts of calls, waiting faults, held calls |
| `GET /_twin/calls?limit=100`, `DELETE /_twin/calls` | the latest calls and all counts; begin anew |
| `GET`, `POST`, `DELETE /_twin/faults` | the faults that wait; add one; clear them |
| `POST /_twin/clock/advance {"seconds"}` | move the time forward |
| `POST /_twin/delivery {"lost", "doubled", "overtaking"}` | how carelessly messages are delivered, as shares |
| `GET`, `DELETE /_twin/notifications?seller_id=` | what waits in a seller's queue; take all of it |
| `POST /_twin/orders {"order", "seller_id", "notify"}` | put an order on Amazon as it is written |
| `POST /_twin/merchant/stock {"count", "quantity"}` | make goods and stock the shop with them |
| `POST /_twin/merchant/buy {"count", "skus", "marketplace_id", "fulfilled_by", "settled", ...}` | buyers order |
| `POST /_twin/merchant/settle {"at_once"}` | payments come through |
| `POST /_twin/merchant/ship {"order_id"}`, `.../request_cancellation` | what happens to an order |
| `POST /_twin/merchant/cancel {"order_id", "restock"}` | the same; Amazon puts the units back, or not |
| `POST /_twin/merchant/list {"skus", "quantity", "fulfilled_by"}` | list goods on Amazon, all unless told which |
| `POST /_twin/merchant/edit_quantity {"sku", "quantity"}` | somebody sets a quantity in Seller Central |
| `GET /_twin/listings?seller_id=` | what is live of each SKU, what its attributes say, and the sets under way |
| `POST /_twin/listings {"delay_s", "never_applied"}` | how long sets take, and the share of them that is ignored |
| `GET /_twin/feeds?seller_id=` | the feeds, the oldest first |
| `POST /_twin/feeds {"queue_s", "processing_s", "stuck", "next_outcomes"}` | make feeds slow, stuck, or end badly |
| `GET /_twin/holds`, `POST /_twin/holds/release {"hold_id"}` | the held calls; let one go on, or all |
| `.../settlements`, `.../money/...` | what Amazon books and pays: see `control_money` |

`seller_id` may be left out where there is only one.
"""

from collections import Counter, deque
from collections.abc import Callable
from datetime import timedelta

import msgspec

from crossdock.twin.amazon_account import SellerAccount, encoded, timestamp
from crossdock.twin.both import Twin
from crossdock.twin.control_bodies import (
    Advance,
    Buy,
    Cancel,
    EditQuantity,
    ListGoods,
    OnOrder,
    PutOrder,
    Release,
    SetFeeds,
    SetListings,
    Settle,
    Stock,
)
from crossdock.twin.control_lookup import ControlError, account_of, merchant_of, seller_id_of
from crossdock.twin.control_money import ACTS as MONEY_ACTS
from crossdock.twin.merchant import Merchant, SoldOut
from crossdock.twin.world import Delivery, Fault, Request, Response

CALLS_SHOWN = 100
BUY_MAX = 10_000  # in one request, so that no request keeps the world busy for minutes


def control(twin: Twin, request: Request) -> Response:
    """Answer one request under `/_twin/`, always in JSON; what makes no sense is a 400 that says why."""
    name = request.path.removeprefix("/_twin/").rstrip("/")
    act = ACTS.get((request.method, name))
    if act is None:
        return _answer(404, {"error": f"there is no {request.method} /_twin/{name}"})
    try:
        with twin.world.lock:
            return _answer(200, act(twin, request))
    except (ControlError, msgspec.DecodeError) as wrong:
        return _answer(400, {"error": str(wrong)})


def _state(twin: Twin, _: Request) -> object:
    """Sum the world up."""
    accounts = {
        account.seller_id: {
            "orders": len(account.orders),
            "orders_by_status": _by_status(account),
            "notifications": len(account.notifications),
            "listings": len(account.listings.by_sku),
            "feeds_by_status": Counter(feed.status for feed in account.feeds.by_id.values()),
        }
        for account in twin.amazon.accounts.values()
    }
    projects = {
        key: {"orders": len(project.orders), "messages": len(project.messages)}
        for key, project in twin.commercetools.projects.items()
    }
    return {
        "now": timestamp(twin.world.clock.now()),
        "seed": twin.world.seed,
        "amazon": accounts,
        "commercetools": projects,
        "calls": twin.world.counts(),
        "faults": twin.world.faults.waiting(),
        "delivery": twin.world.delivery,
        "holds": _list_holds(twin, _),
    }


def _by_status(account: SellerAccount) -> Counter[str]:
    """Count the orders of an account."""
    return Counter(str(order.get("fulfillment", {}).get("fulfillmentStatus")) for order in account.orders.values())


def _list_calls(twin: Twin, request: Request) -> object:
    """List the latest calls, the newest last."""
    limit = (request.query.get("limit") or [str(CALLS_SHOWN)])[0]
    if not limit.isascii() or not limit.isdigit():
        raise ControlError("limit is not a number")
    latest = twin.world.calls[-int(limit) :] if int(limit) else []
    calls = [{"at": timestamp(call.at), "operation": call.operation, "status": call.status} for call in latest]
    return {"counts": twin.world.counts(), "calls": calls}


def _forget_calls(twin: Twin, _: Request) -> object:
    """Begin the list of calls anew."""
    twin.world.forget_calls()
    return {}


def _list_faults(twin: Twin, _: Request) -> object:
    """List the faults that wait."""
    return {"faults": twin.world.faults.waiting()}


def _add_fault(twin: Twin, request: Request) -> object:
    """Add a fault."""
    twin.world.faults.add(msgspec.json.decode(request.body, type=Fault))
    return _list_faults(twin, request)


def _clear_faults(twin: Twin, request: Request) -> object:
    """Take all faults away."""
    twin.world.faults.clear()
    return _list_faults(twin, request)


def _advance(twin: Twin, request: Request) -> object:
    """Move the time forward."""
    seconds = msgspec.json.decode(request.body, type=Advance).seconds
    try:
        twin.world.clock.advance(timedelta(seconds=seconds))
    except OverflowError:
        raise ControlError("seconds goes beyond the end of time") from None
    return {"now": timestamp(twin.world.clock.now())}


def _deliver(twin: Twin, request: Request) -> object:
    """Set how messages are delivered."""
    twin.world.delivery = msgspec.json.decode(request.body, type=Delivery)
    return twin.world.delivery


def _list_notifications(twin: Twin, request: Request) -> object:
    """List what waits in a queue."""
    account = account_of(twin, seller_id_of(request))
    return {"notifications": [msgspec.Raw(message) for message in account.notifications]}


def _take_notifications(twin: Twin, request: Request) -> object:
    """Take everything out of a queue."""
    taken = _list_notifications(twin, request)
    account_of(twin, seller_id_of(request)).notifications.clear()
    return taken


def _put_order(twin: Twin, request: Request) -> object:
    """Put an order on Amazon."""
    asked = msgspec.json.decode(request.body, type=PutOrder)
    try:
        order = account_of(twin, asked.seller_id).put_order(asked.order, notify=asked.notify)
    except (KeyError, ValueError, TypeError, AttributeError) as wrong:
        raise ControlError(f"the order cannot be kept: {wrong!r}") from None
    return {"order_id": order["orderId"], "last_updated_time": order["lastUpdatedTime"]}


def _stock(twin: Twin, request: Request) -> object:
    """Stock the shop."""
    asked = msgspec.json.decode(request.body or b"{}", type=Stock)
    return {"skus": merchant_of(twin, asked.seller_id).stock_the_shop(asked.count, quantity=asked.quantity)}


def _buy(twin: Twin, request: Request) -> object:
    """Let buyers order."""
    asked = msgspec.json.decode(request.body or b"{}", type=Buy)
    merchant = merchant_of(twin, asked.seller_id)
    if not 0 <= asked.count <= BUY_MAX:
        raise ControlError(f"count must be from 0 to {BUY_MAX}")
    if not merchant.goods and not asked.skus:
        raise ControlError("there is nothing to buy: stock the shop first, or name skus")
    wishes = {name: getattr(asked, name) for name in ("skus", "quantity", "marketplace_id", "fulfilled_by", "programs")}
    order_ids = []
    for _ in range(asked.count):
        try:
            order_ids.append(merchant.buy(**wishes, settled=asked.settled))
        except SoldOut:
            continue
        except KeyError as unknown:
            raise ControlError(f"there is no marketplace {unknown}") from None
    return {"order_ids": order_ids, "sold_out": asked.count - len(order_ids)}


def _settle(twin: Twin, request: Request) -> object:
    """Let payments come through."""
    asked = msgspec.json.decode(request.body or b"{}", type=Settle)
    return {"order_ids": merchant_of(twin, asked.seller_id).settle(at_once=asked.at_once)}


def _on_order(act: Callable[[Merchant, str], object]) -> Callable[[Twin, Request], object]:
    """Make an act of one that a merchant does to an order."""

    def acts(twin: Twin, request: Request) -> object:
        asked = msgspec.json.decode(request.body, type=OnOrder)
        merchant = merchant_of(twin, asked.seller_id)
        if asked.order_id not in merchant.account.orders:
            raise ControlError(f"there is no order {asked.order_id}")
        act(merchant, asked.order_id)
        return {"order_id": asked.order_id}

    return acts


def _cancel(twin: Twin, request: Request) -> object:
    """Let an order be cancelled."""
    asked = msgspec.json.decode(request.body, type=Cancel)
    merchant = merchant_of(twin, asked.seller_id)
    if asked.order_id not in merchant.account.orders:
        raise ControlError(f"there is no order {asked.order_id}")
    merchant.cancel(asked.order_id, restock=asked.restock)
    return {"order_id": asked.order_id}


def _list_goods(twin: Twin, request: Request) -> object:
    """List goods on Amazon."""
    asked = msgspec.json.decode(request.body or b"{}", type=ListGoods)
    merchant = merchant_of(twin, asked.seller_id)
    return {"skus": merchant.list_goods(asked.skus, quantity=asked.quantity, fulfilled_by=asked.fulfilled_by)}


def _edit_quantity(twin: Twin, request: Request) -> object:
    """Set a quantity by hand."""
    asked = msgspec.json.decode(request.body, type=EditQuantity)
    try:
        merchant_of(twin, asked.seller_id).edit_quantity(asked.sku, asked.quantity)
    except KeyError:
        raise ControlError(f"the merchant does not list {asked.sku}") from None
    return {"sku": asked.sku, "quantity": asked.quantity}


def _list_listings(twin: Twin, request: Request) -> object:
    """List the listings, and what will become of them."""
    account = account_of(twin, seller_id_of(request))
    account.catch_up()
    listings = {
        sku: {"live": listing.live, "attributes": listing.attributes, "last_updated": timestamp(listing.updated_at)}
        for sku, listing in account.listings.by_sku.items()
    }
    under_way = [
        {"at": timestamp(one.at), "lane": one.lane, "sku": one.sku, "live": one.live, "ended": sorted(one.ended)}
        for one in account.listings.under_way()
    ]
    return {"listings": listings, "under_way": under_way}


def _set_listings(twin: Twin, request: Request) -> object:
    """Set how sets of quantities fare."""
    asked = msgspec.json.decode(request.body or b"{}", type=SetListings)
    listings = account_of(twin, asked.seller_id).listings
    listings.delay_s = asked.delay_s or listings.delay_s
    listings.never_applied = listings.never_applied if asked.never_applied is None else asked.never_applied
    return {"delay_s": listings.delay_s, "never_applied": listings.never_applied}


def _list_feeds(twin: Twin, request: Request) -> object:
    """List the feeds."""
    account = account_of(twin, seller_id_of(request))
    account.catch_up()
    feeds = [
        {"feed_id": feed.feed_id, "status": feed.status, "created": timestamp(feed.created_at)}
        for feed in account.feeds.by_id.values()
    ]
    return {"feeds": feeds, "stuck": account.feeds.stuck}


def _set_feeds(twin: Twin, request: Request) -> object:
    """Set how feeds fare."""
    asked = msgspec.json.decode(request.body or b"{}", type=SetFeeds)
    account = account_of(twin, asked.seller_id)
    account.catch_up()
    feeds = account.feeds
    feeds.queue_s = asked.queue_s or feeds.queue_s
    feeds.processing_s = asked.processing_s or feeds.processing_s
    if asked.next_outcomes is not None:
        feeds.next_outcomes = deque(asked.next_outcomes)
    if asked.stuck is not None:
        (feeds.stop if asked.stuck else feeds.go_on)()
    outcomes = list(feeds.next_outcomes)
    return {
        "queue_s": feeds.queue_s,
        "processing_s": feeds.processing_s,
        "stuck": feeds.stuck,
        "next_outcomes": outcomes,
    }


def _list_holds(twin: Twin, _: Request) -> object:
    """List the held calls."""
    return {
        hold_id: {"operation": held.operation, "since": timestamp(held.since)} for hold_id, held in twin.holds.items()
    }


def _release(twin: Twin, request: Request) -> object:
    """Let held calls go on."""
    wanted = msgspec.json.decode(request.body or b"{}", type=Release).hold_id
    released = list(twin.holds) if wanted is None else [wanted]
    if not twin.holds.keys() >= set(released):
        raise ControlError(f"there is no held call {wanted}")
    for hold_id in released:
        twin.holds[hold_id].release()
    return {"released": released}


def _answer(status: int, value: object) -> Response:
    """Give an answer in JSON."""
    return Response(status, encoded(value), {"content-type": "application/json"})


ACTS: dict[tuple[str, str], Callable[[Twin, Request], object]] = {
    ("GET", "state"): _state,
    ("GET", "calls"): _list_calls,
    ("DELETE", "calls"): _forget_calls,
    ("GET", "faults"): _list_faults,
    ("POST", "faults"): _add_fault,
    ("DELETE", "faults"): _clear_faults,
    ("POST", "clock/advance"): _advance,
    ("POST", "delivery"): _deliver,
    ("GET", "notifications"): _list_notifications,
    ("DELETE", "notifications"): _take_notifications,
    ("POST", "orders"): _put_order,
    ("POST", "merchant/stock"): _stock,
    ("POST", "merchant/buy"): _buy,
    ("POST", "merchant/settle"): _settle,
    ("POST", "merchant/ship"): _on_order(Merchant.ship),
    ("POST", "merchant/cancel"): _cancel,
    ("POST", "merchant/request_cancellation"): _on_order(Merchant.request_cancellation),
    ("POST", "merchant/list"): _list_goods,
    ("POST", "merchant/edit_quantity"): _edit_quantity,
    ("GET", "listings"): _list_listings,
    ("POST", "listings"): _set_listings,
    ("GET", "feeds"): _list_feeds,
    ("POST", "feeds"): _set_feeds,
    ("GET", "holds"): _list_holds,
    ("POST", "holds/release"): _release,
    **MONEY_ACTS,
}
