"""Running one order of Amazon's through the joined twin, what commercetools holds then in a form people can review, and what must be true of it.

Nothing here computes with the product's own money: amounts are whole minor units, read digit by digit from what Amazon sent.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from crossdock.twin.world import Request, Response
from tests.joined_twin import Handle, Scene, Stage, with_policy

Json = dict[str, Any]

MINOR_DIGITS = {"JPY": 0, "BHD": 3}
COLLECTED_BY_AMAZON = "Amazon, collected by the marketplace"
PERSONAL_FIELDS = {"amazon-gift-message", "amazon-customization", "amazon-delivery-instructions", "amazon-buyer-tax-id"}
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
NOISE = {
    "createdAt",
    "lastModifiedAt",
    "createdBy",
    "lastModifiedBy",
    "version",
    "addedAt",
    "productId",
    "productKey",
    "productType",
    "productSlug",
    "state",
}


@dataclass
class Sent:
    """Every request the product sends, on its way to the twin."""

    requests: list[Request] = field(default_factory=list)

    def through(self, handle: Handle) -> Handle:
        """Stand between the product and the twin."""

        def pass_on(request: Request) -> Response:
            self.requests.append(request)
            return handle(request)

        return pass_on

    def bodies(self, path_end: str) -> list[Json]:
        """What was POSTed to paths with this end."""
        return [
            json.loads(request.body)
            for request in self.requests
            if request.method == "POST" and request.path.endswith(path_end)
        ]


@dataclass
class Story:
    """What became of one order: what was sent, the record's state, its open cases, its history, the order in commercetools or None."""

    amazon: Json
    drafts: list[Json]
    state: str
    reason: str
    cases: list[Json]
    reading: str
    order: Json | None
    scene: Scene

    def facts(self) -> Json:
        """The same for a golden file: ids and the twin's own notes left out, amounts as people write them."""
        told: Json = {"state": self.state, "reason": self.reason, "cases": self.cases, "reading": self.reading}
        return {name: value for name, value in told.items() if value} | {
            "order": None if self.order is None else readable(self.order)
        }


def run(stage: Stage, amazon: Json, *, rates: Json | None = None, policy: Json | None = None) -> Story:
    """Let one order arrive on Amazon and the product do its work. `rates`: the tax category of every good; `policy`: fields of the order policy."""
    sent = Sent()
    scene = with_policy(stage.scene(through=sent.through), **(policy or {}))
    if rates is not None:
        _tax(scene, rates)
    scene.account.put_order(amazon)
    scene.run()
    return story_of(scene, amazon, sent)


def story_of(scene: Scene, amazon: Json, sent: Sent) -> Story:
    """What became of an order in a scene."""
    order_id = amazon["orderId"]
    with scene.joined._database.transaction([scene.joined.connection_id]) as tx:
        row = tx.execute("select state, reason from inbox where record_id = %s", [order_id]).fetchone()
        cases = tx.execute(
            "select kind, facts, deadline, at_stake_minor_units, at_stake_currency from cases where record_id = %s and closed_at is null order by kind",
            [order_id],
        ).fetchall()
        reading = tx.execute(
            "select facts->>'reading' from history where record_id = %s and code = 'order.amounts_read'", [order_id]
        ).fetchone()
    assert row is not None, "the order never arrived"
    return Story(
        amazon=amazon,
        drafts=[draft for draft in sent.bodies("/orders/import") if draft["orderNumber"] == order_id],
        state=row[0],
        reason=row[1],
        cases=[_case(*case) for case in cases],
        reading=reading[0] if reading else "",
        order=scene.project.orders_by_number().get(order_id),
        scene=scene,
    )


def _case(kind: str, facts: Json, deadline: Any, minor_units: int | None, currency: str | None) -> Json:
    case: Json = {"kind": kind}
    if facts:
        case["facts"] = facts
    if deadline is not None:
        case["deadline"] = deadline.isoformat()
    if minor_units is not None and currency is not None:
        case["at_stake"] = written(minor_units, currency)
    return case


def _tax(scene: Scene, rates: Json) -> None:
    scene.project.add_tax_category(
        "standard",
        *(
            {"name": "VAT", "amount": rate, "includedInPrice": True, "country": country}
            for country, rate in rates.items()
        ),
    )
    for product in scene.project.products:
        product["taxCategory"] = scene.project.reference("tax-category", {"key": "standard"})


# --- for reading


def readable(value: Any) -> Any:
    """The order without ids, times and the twin's own notes; an amount is one text, `3.3333 EUR`, a set of fields is just them."""
    if isinstance(value, list):
        return [readable(each) for each in value]
    if isinstance(value, str):
        return UUID.sub("<id>", value)
    if not isinstance(value, dict):
        return value
    if "currencyCode" in value:
        precise = value.get("type") == "highPrecision"
        return (
            written(value["preciseAmount"], value["currencyCode"], value["fractionDigits"])
            if precise
            else written(value["centAmount"], value["currencyCode"])
        )
    if set(value) == {"type", "fields"}:
        return readable(value["fields"])
    kept = {name: each for name, each in value.items() if name not in NOISE and each not in ([], {})}
    if "variant" in kept:
        kept["variant"] = kept["variant"]["sku"]
    return {name: readable(each) for name, each in kept.items() if name != "id"}


def written(minor_units: int, currency: str, digits: int | None = None) -> str:
    """An amount as people write it."""
    places = MINOR_DIGITS.get(currency, 2) if digits is None else digits
    whole, part = divmod(abs(minor_units), 10**places)
    sign = "-" if minor_units < 0 else ""
    return f"{sign}{whole}.{part:0{places}d} {currency}" if places else f"{sign}{whole} {currency}"


# --- what must be true, by arithmetic of our own


def broken_rules(story: Story) -> list[str]:
    """Every rule of the money and of the fence that the imported order breaks, in words; empty for a healthy one."""
    order, amazon = story.order, story.amazon
    assert order is not None, "no order was imported"
    checks = {
        "taxedPrice.totalGross is Amazon's grand total": _gross(order) == _grand_total(amazon, order),
        "totalPrice is lines + shipping + custom lines": _cents(order["totalPrice"]) == sum(_parts(order)),
        "a line's total, as commercetools computes it, is Amazon's ITEM": _lines_are_items(story),
        "a line's total is price x quantity, rounded half even once": all(
            _line_total(line) == _cents(line["totalPrice"]) for line in (*order["lineItems"], *order["customLineItems"])
        ),
        "the taxes of all parts are the portions": sum(_taxes(order)) == sum(_portions(order).values()),
        "the portions are Amazon's TAX": _stated_tax(amazon) in {None, sum(_portions(order).values())},
        "total tax is gross less net": _cents(order["taxedPrice"]["totalTax"])
        == _gross(order) - _cents(order["taxedPrice"]["totalNet"]),
        "total tax is the portions": _cents(order["taxedPrice"]["totalTax"]) == sum(_portions(order).values()),
        "tax on top is what gross has above the price, tax inside nothing": _gross(order) - _cents(order["totalPrice"])
        == sum(_taxes_on_top(order)),
        "what Amazon remits stands in Amazon's portion, and nothing else does": _facilitated(amazon)
        in {None, _portion_of_amazon(order)},
        "and in a field of the order": _in_field(order) == _portion_of_amazon(order),
        "every part's net and tax are its gross": all(_part_is_whole(part) for part in _taxed_parts(order)),
        "one import was sent": len(story.drafts) == 1,
        "an order Amazon ships names no stock, no channel, no person, no state a warehouse acts on": _is_fenced(story),
    }
    return [rule for rule, holds in checks.items() if not holds]


def minor(amount: Json) -> int:
    """Whole minor units of an amount as Amazon writes it."""
    digits = MINOR_DIGITS.get(amount["currencyCode"], 2)
    value = Fraction(amount["amount"]) * Fraction(10**digits)
    assert value.denominator == 1, amount
    return int(value)


def _cents(amount: Json) -> int:
    cents: int = amount["centAmount"]
    return cents


def _gross(order: Json) -> int:
    return _cents(order["taxedPrice"]["totalGross"])


def _grand_total(amazon: Json, order: Json) -> int:
    """Amazon's own; where it states none, whatever we summed must at least be ours everywhere."""
    stated = amazon.get("proceeds", {}).get("grandTotal")
    return minor(stated) if stated else _cents(order["totalPrice"])


def _parts(order: Json) -> list[int]:
    lines = [_cents(line["totalPrice"]) for line in (*order["lineItems"], *order["customLineItems"])]
    return [*lines, _cents(order["shippingInfo"]["price"])]


def _lines_are_items(story: Story) -> bool:
    order = story.order or {}
    held: Counter[str] = Counter({line["key"]: _cents(line["totalPrice"]) for line in order["lineItems"]})
    for line in order["customLineItems"]:
        kind, _, item = line["key"].rpartition("-")
        # What is charged for units that are not sent is Amazon's ITEM too.
        if kind in {"amazon-item", "amazon-cancelled"}:
            held[item] += _cents(line["totalPrice"])
    wanted = {item["orderItemId"]: _item_amount(item) for item in story.amazon["orderItems"]}
    return dict(held) == {key: amount for key, amount in wanted.items() if key in held or amount}


def _item_amount(item: Json) -> int:
    rows = [minor(row["subtotal"]) for row in item.get("proceeds", {}).get("breakdowns", ()) if row["type"] == "ITEM"]
    price = item["product"].get("price", {}).get("unitPrice")
    return sum(rows) if rows else minor(price) * int(item["quantityOrdered"]) if price else 0


def _line_total(line: Json) -> int:
    price = line["price"]["value"] if "price" in line else line["money"]
    if price["type"] == "centPrecision":
        return _cents(price) * int(line["quantity"])
    exact = Fraction(
        price["preciseAmount"] * line["quantity"],
        10 ** (price["fractionDigits"] - MINOR_DIGITS.get(price["currencyCode"], 2)),
    )
    return round(exact)  # of a fraction: to the even neighbour


def _taxed_parts(order: Json) -> list[Json]:
    return [
        part for part in (*order["lineItems"], *order["customLineItems"], order["shippingInfo"]) if "taxedPrice" in part
    ]


def _taxes(order: Json) -> list[int]:
    return [
        _cents(part["taxedPrice"]["totalGross"]) - _cents(part["taxedPrice"]["totalNet"])
        for part in _taxed_parts(order)
    ]


def _taxes_on_top(order: Json) -> list[int]:
    return [
        tax
        for part, tax in zip(_taxed_parts(order), _taxes(order), strict=True)
        if not part["taxRate"]["includedInPrice"]
    ]


def _part_is_whole(part: Json) -> bool:
    taxed, amount = part["taxedPrice"], _cents(part.get("totalPrice") or part["price"])
    side = "totalGross" if part["taxRate"]["includedInPrice"] else "totalNet"
    return _cents(taxed[side]) == amount and 0 <= part["taxRate"]["amount"] <= 1


def _portions(order: Json) -> dict[str, int]:
    sums: dict[str, int] = {}
    for portion in order["taxedPrice"]["taxPortions"]:
        sums[portion["name"]] = sums.get(portion["name"], 0) + _cents(portion["amount"])
    return sums


def _portion_of_amazon(order: Json) -> int:
    return _portions(order).get(COLLECTED_BY_AMAZON, 0)


def _in_field(order: Json) -> int:
    held = order["custom"]["fields"].get("amazon-facilitator-tax")
    return _cents(held) if held else 0


def _tax_rows(item: Json) -> Iterable[int]:
    return [minor(row["subtotal"]) for row in item.get("proceeds", {}).get("breakdowns", ()) if row["type"] == "TAX"]


def _stated_tax(amazon: Json) -> int | None:
    """All tax Amazon states, of items or of the order; None where an item is left for the merchant's own rates."""
    rows = [list(_tax_rows(item)) for item in amazon["orderItems"]]
    of_the_order = _tax_rows(amazon)
    if any(rows):
        return sum(sum(each) for each in rows)
    return sum(of_the_order) if of_the_order else None


def _facilitated(amazon: Json) -> int | None:
    items = [
        item
        for item in amazon["orderItems"]
        if any(row["model"] == "MARKETPLACE_FACILITATOR" for row in item.get("tax", {}).get("taxCollections", ()))
    ]
    return sum(sum(_tax_rows(item)) for item in items)


def _is_fenced(story: Story) -> bool:
    if story.amazon["fulfillment"]["fulfilledBy"] != "AMAZON":
        return True
    order, draft = story.order or {}, story.drafts[0]
    lines = (*draft.get("lineItems", ()), *draft.get("customLineItems", ()))
    names = {name for part in (draft, *lines) for name in part.get("custom", {}).get("fields", {})}
    return (
        order["orderState"] not in {"Open", "Confirmed"}
        and order.get("shipmentState") not in {None, "Pending", "Ready", "Partial"}
        and draft["inventoryMode"] == "None"
        and all(line["inventoryMode"] == "None" for line in draft.get("lineItems", ()))
        and not any("supplyChannel" in line for line in lines)
        and not {"shippingAddress", "billingAddress", "customerEmail", "purchaseOrderNumber"} & draft.keys()
        and not names & PERSONAL_FIELDS
        and "Test Buyer" not in json.dumps(draft)
    )
