"""What an auditor asks of a scene, in the store's own rows and in commercetools; and a worker's day in a few lines."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

from crossdock.engine.drain import Report
from crossdock.errors import RemoteError
from crossdock.store.database import rows_of
from crossdock.twin.amazon_account import decoded, encoded
from crossdock.twin.world import Fault, Request, Response
from tests.joined_twin import Handle, Scene

DE = "A1PA6795UKMFR9"
US = "ATVPDKIKX0DER"

TABLES = (
    "inbox",
    "links",
    "history",
    "cases",
    "cursors",
    "rates",
    "erasures",
    "closed_days",
    "stock",
    "sold_lines",
    "feeds",
)


def rows(scene: Scene, statement: str, *arguments: object) -> list[dict[str, Any]]:
    """Rows of the scene's own connection."""
    with scene.joined._database.transaction([scene.joined.connection_id]) as transaction:
        return rows_of(transaction.execute(statement.encode(), list(arguments)))


def write(scene: Scene, statement: str, *arguments: object) -> int:
    """Change rows of the scene's own connection behind the product's back; answers how many."""
    with scene.joined._database.transaction([scene.joined.connection_id]) as transaction:
        return transaction.execute(statement.encode(), list(arguments)).rowcount


def state(scene: Scene, order_id: str) -> str:
    """The state of one record; empty where it is unknown."""
    found = rows(scene, "select state from inbox where record_id = %s", order_id)
    return str(found[0]["state"]) if found else ""


def reason(scene: Scene, order_id: str) -> str:
    """Why it is in that state."""
    return str(rows(scene, "select reason from inbox where record_id = %s", order_id)[0]["reason"])


def kinds(scene: Scene, order_id: str) -> list[str]:
    """The open cases of one record."""
    return [
        row["kind"]
        for row in rows(
            scene, "select kind from cases where record_id = %s and closed_at is null order by kind", order_id
        )
    ]


def all_kinds(scene: Scene) -> list[str]:
    """The open cases of the connection."""
    return [row["kind"] for row in rows(scene, "select kind from cases where closed_at is null order by kind")]


def case(scene: Scene, order_id: str, kind: str) -> dict[str, Any]:
    """The newest case of this kind, open or closed."""
    return rows(
        scene, "select * from cases where record_id = %s and kind = %s order by case_id desc limit 1", order_id, kind
    )[0]


def history(scene: Scene, order_id: str) -> list[str]:
    """What happened to one record, as codes."""
    return [
        row["code"]
        for row in rows(scene, "select code from history where record_id = %s order by history_id", order_id)
    ]


def unaccounted(scene: Scene) -> list[tuple[str, str]]:
    """Records that are neither in sync (and in commercetools), nor waiting with a time, nor a case with an owner. There must be none."""
    found = rows(
        scene,
        """
        select record_id, state, due_at, exists (
            select from cases c where c.record_id = i.record_id and c.closed_at is null and c.owner <> ''
        ) as has_case from inbox i order by record_id
        """,
    )
    numbers = {
        number.removeprefix(scene.joined.policy.orders.number_prefix) for number in scene.project.orders_by_number()
    }
    healthy: dict[str, Callable[[dict[str, Any]], bool]] = {
        "in_sync": lambda row: row["record_id"] in numbers,
        "waiting": lambda row: row["due_at"] is not None,
        "case": lambda row: row["has_case"],
        "out_of_scope": bool,
    }
    return [(row["record_id"], row["state"]) for row in found if not healthy[row["state"]](row)]


def unknown(scene: Scene) -> list[str]:
    """Orders on Amazon that are not in the inbox at all."""
    known = {row["record_id"] for row in rows(scene, "select record_id from inbox")}
    return sorted(set(scene.account.orders) - known)


def stored(scene: Scene) -> str:
    """All that is stored in the open, as one text."""
    return json.dumps({name: rows(scene, f"select * from {name}") for name in TABLES}, default=str, ensure_ascii=False)  # noqa: S608


def person_of(order: dict[str, Any]) -> set[str]:
    """Every text of an Amazon order by which its buyer could be known."""
    people = [order.get("buyer", {}), order.get("recipient", {}).get("deliveryAddress", {})]
    names = (
        "buyerName",
        "buyerEmail",
        "buyerCompanyName",
        "buyerPurchaseOrderNumber",
        "name",
        "addressLine1",
        "companyName",
        "phone",
    )
    texts = {people_part.get(name, "") for people_part in people for name in names}
    texts |= {
        registration["taxRegistrationNumber"] for registration in order.get("tax", {}).get("taxRegistrations", [])
    }
    gifts = [item.get("fulfillment", {}).get("packing", {}).get("giftOption", {}) for item in order["orderItems"]]
    return (texts | {gift.get("giftMessage", "") for gift in gifts}) - {""}


def people(scene: Scene) -> set[str]:
    """The same of all orders of the account."""
    return {text for order in scene.account.orders.values() for text in person_of(order)}


def found_in(text: str, words: Iterable[str]) -> list[str]:
    """Which of these words stand in a text."""
    return sorted(word for word in words if word in text)


def calls(scene: Scene, operation: str) -> int:
    """How often an operation was asked for."""
    return scene.twin.world.counts()[operation]


def throttled(scene: Scene) -> int:
    """How many calls a platform refused for their rate."""
    return sum(call.status == 429 for call in scene.twin.world.calls)


def fail(scene: Scene, operation: str, answer: Any, **more: Any) -> Scene:
    """Let an operation go wrong from now on, as `Fault` says."""
    scene.twin.world.faults.add(Fault(operation, answer, **more))
    return scene


def bought(scene: Scene, **wishes: Any) -> str:
    """One order that can be shipped, not yet found."""
    usual: dict[str, Any] = {
        "skus": ["MUG-BLUE"],
        "quantity": 1,
        "marketplace_id": DE,
        "fulfilled_by": "MERCHANT",
        "settled": True,
    }
    return scene.merchant.buy(**usual | wishes)


def imported(scene: Scene, **wishes: Any) -> str:
    """One order bought, arrived and worked on."""
    order_id = bought(scene, **wishes)
    scene.after(minutes=5).run()
    return order_id


def put(scene: Scene, order: dict[str, Any], **more: Any) -> str:
    """An order on Amazon as it is written, however odd, new now unless it says otherwise; nobody is notified."""
    times = {name: str(value) for name, value in more.items() if name == "lastUpdatedTime"}
    made_at = scene.account.by_creation.time_of(order["orderId"]).isoformat()
    kept = scene.account.put_order({"orderId": order["orderId"], "createdTime": made_at} | times, notify=False)
    odd = order | {"lastUpdatedTime": kept["lastUpdatedTime"]} | more
    scene.account.orders[order["orderId"]] = decoded(encoded(odd))
    return str(order["orderId"])


def work(scene: Scene, *, rounds: int = 1, minutes: float = 5) -> list[Report]:
    """A worker's rounds: search, then drain; a platform that refuses a search is asked again in the next round."""
    return [_round(scene, minutes) for _ in range(rounds)]


def _round(scene: Scene, minutes: float) -> Report:
    scene.after(minutes=minutes)
    try:
        scene.joined.discover()
    except RemoteError as fault:
        scene.twin.world.record(f"refused.{type(fault).__name__}", 0)
    return scene.joined.drain()


def listening(heard: list[Request]) -> Callable[[Handle], Handle]:
    """Stands between the product and the twin, and notes every request."""

    def through(handle: Handle) -> Handle:
        def act(request: Request) -> Response:
            heard.append(request)
            return handle(request)

        return act

    return through


def later(scene: Scene, **span: float) -> Any:
    """The time of the twin after a span."""
    return scene.twin.world.clock.now() + timedelta(**span)
