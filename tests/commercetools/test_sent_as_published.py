"""All that the product sends to commercetools in the life of many orders, against commercetools' own published model."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from crossdock.twin.world import Request
from tests.joined_twin import Stage
from tests.sample_orders import Sent

MODEL = Path(__file__).parents[3] / "shared" / "specs" / "commercetools" / "http-api.openapi.yaml"
SAMPLES = Path(__file__).parents[1] / "samples" / "orders"
pytestmark = pytest.mark.skipif(not MODEL.exists(), reason="commercetools' published models are not at hand")

Json = dict[str, Any]

# Newer than the model: order import takes taxed prices of lines, custom lines and shipping since the release note of 2026-09-03.
TAXED = {"taxedPrice": {"$ref": "#/$defs/TaxedItemPriceDraft"}}
NEWER = {"LineItemImportDraft": TAXED, "CustomLineItemImportDraft": TAXED, "ShippingInfoImportDraft": TAXED}
INT64 = {"type": "integer", "minimum": -(2**63), "maximum": 2**63 - 1}
# In the texts of the model though not in its schemas: an amount may be given in high precision, its cents left out; fields hold any JSON.
CENTS = {"centAmount": INT64, "currencyCode": {"type": "string", "pattern": "^[A-Z]{3}$"}}
PRECISE = {
    "type": {"const": "highPrecision"},
    "preciseAmount": INT64,
    "fractionDigits": {"type": "integer", "maximum": 20},
}
SPELT_OUT: dict[str, Json] = {
    "FieldContainer": {"type": "object", "propertyNames": {"pattern": "^[a-zA-Z0-9_-]{2,36}$"}},
    "Money": {
        "anyOf": [
            {
                "type": "object",
                "properties": CENTS,
                "required": ["centAmount", "currencyCode"],
                "additionalProperties": False,
            },
            {
                "type": "object",
                "properties": CENTS | PRECISE,
                "required": ["currencyCode", *PRECISE],
                "additionalProperties": False,
            },
        ]
    },
}
# Field by field what the model's texts say and its schemas do not.
PATTERNS = {"key": "^[A-Za-z0-9_-]{2,256}$", "slug": "^[a-zA-Z0-9_-]{2,256}$"}


@pytest.fixture(scope="session")
def model() -> Json:
    """The published model of the HTTP API."""
    with MODEL.open() as file:
        loaded: Json = yaml.load(file, yaml.CSafeLoader)
    return loaded


@pytest.fixture
def sent(stage: Stage) -> list[Request]:
    """What setting up, importing every sample, shipping, cancelling, looking after the fence and erasing made the product send."""
    seen = Sent()
    scene = stage.scene(through=seen.through, sync_channel="marketplace", customer_fbm="none")
    for path in sorted(SAMPLES.glob("*.json")):
        if not path.name.endswith(".expected.json"):
            scene.account.put_order(json.loads(path.read_text()))
    bought = [scene.merchant.buy(settled=True) for _ in range(40)]
    scene.after(minutes=3).run()
    _live(scene, bought)
    scene.after(minutes=3).run()
    scene.joined.checks.check_fence()
    scene.joined.checks.check_day((scene.twin.world.clock.now() - timedelta(days=1)).date())
    scene.after(days=60)
    scene.joined.erase()
    return [request for request in seen.requests if request.path.startswith("/shop-eu")]


def _live(scene: Any, bought: list[str]) -> None:
    """What happens to orders after they were bought; somebody opens one of Amazon's."""
    for order_id in bought[::4]:
        scene.merchant.ship(order_id)
    for order_id in bought[1::4]:
        scene.merchant.cancel(order_id)
    for order_id in bought[2::4]:
        scene.merchant.request_cancellation(order_id)
    fenced = next(order for order in scene.project.orders_by_number().values() if order["shipmentState"] == "Delayed")
    fenced["orderState"] = "Open"


def _definitions(model: Json) -> Json:
    schemas = model["components"]["schemas"]
    return {name: SPELT_OUT.get(name) or _closed(name, schemas) for name in schemas}


def _closed(name: str, schemas: Json) -> Json:
    """One schema with those it extends merged into it, closed to fields it does not name; a union is any of its members."""
    merged = _merged(schemas[name], schemas)
    mapping = schemas[name].get("discriminator", {}).get("mapping")
    if mapping:
        return {
            "anyOf": [
                {"$ref": reference.replace("#/components/schemas/", "#/$defs/")}
                for reference in sorted(set(mapping.values()))
            ]
        }
    if not merged["properties"]:
        return {key: value for key, value in schemas[name].items() if key in {"type", "enum"}}
    properties = json.loads(json.dumps(merged["properties"]).replace("#/components/schemas/", "#/$defs/")) | NEWER.get(
        name, {}
    )
    for field, pattern in PATTERNS.items():
        if field in properties:
            properties[field] = properties[field] | {"pattern": pattern}
    action = [discriminated for discriminated, target in _actions(schemas).items() if target == name]
    if action:
        properties["action"] = {"const": action[0]}
    return {
        "type": "object",
        "properties": properties,
        "required": sorted(merged["required"]),
        "additionalProperties": False,
    }


def _actions(schemas: Json) -> dict[str, str]:
    """The order's update actions: their names and their schemas."""
    mapping: dict[str, str] = schemas["OrderUpdateAction"]["discriminator"]["mapping"]
    return {action: reference.rpartition("/")[2] for action, reference in mapping.items()}


def _merged(schema: Json, schemas: Json) -> Json:
    merged: Json = {"properties": dict(schema.get("properties", {})), "required": set(schema.get("required", ()))}
    for part in schema.get("allOf", ()):
        inner = _merged(schemas[part["$ref"].rpartition("/")[2]] if "$ref" in part else part, schemas)
        merged["properties"] = inner["properties"] | merged["properties"]
        merged["required"] |= inner["required"]
    return merged


def _template(request: Request, paths: Json) -> str:
    """The path of the model a request goes to: the one with the most of its words."""
    path = request.path.replace("/shop-eu", "/{projectKey}", 1)
    fitting = [
        each
        for each in paths
        if re.fullmatch(re.sub(r"\\{[^/]*?\\}", "[^/]+", re.escape(each)), path.replace("{projectKey}", "x"))
    ]
    return min(fitting, key=lambda each: each.count("{"))


def _faults(requests: list[Request], model: Json) -> list[str]:
    """Every way in which what was sent is not what the model describes."""
    definitions, paths = _definitions(model), model["paths"]
    faults: list[str] = []
    for request in requests:
        template = _template(request, paths)
        operation = paths[template].get(request.method.lower())
        if operation is None:
            faults.append(f"{request.method} {template}: no such operation")
            continue
        names = {parameter["name"] for parameter in operation.get("parameters", ())}
        faults += [f"{template}: unknown parameter {name}" for name in request.query if name not in names]
        if request.body:
            schema = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
            validator = Draft202012Validator({"$ref": f"#/$defs/{schema}", "$defs": definitions})
            faults += [
                f"{template} {error.json_path}: {error.message[:200]}"
                for error in validator.iter_errors(json.loads(request.body))
            ]
    return faults


def test_all_that_is_sent_is_in_the_model(sent: list[Request], model: Json) -> None:
    """Every path, parameter, draft and action the product uses is commercetools' own, closed to fields it does not know."""
    assert _faults(sent, model) == []


def test_the_life_of_orders_uses_what_we_think(sent: list[Request]) -> None:
    """The stories above reach every kind of write: imports, each update action, customers, types and channels."""
    posted = [(request.path, json.loads(request.body)) for request in sent if request.method == "POST"]
    actions = Counter(
        action["action"] for path, body in posted if "/orders/" in path for action in body.get("actions", ())
    )
    assert sum(path.endswith("/orders/import") for path, _ in posted) > 60
    assert set(actions) >= {
        "changeOrderState",
        "changeShipmentState",
        "setCustomField",
        "updateSyncInfo",
        "setShippingAddress",
        "setCustomerEmail",
        "setLineItemCustomField",
    }
    assert {path.rpartition("/")[2] for path, _ in posted} >= {"customers", "types", "channels"}
    assert any(
        price["type"] == "highPrecision"
        for _, body in posted
        for line in body.get("lineItems", ())
        if "type" in (price := line["price"]["value"])
    )


def test_a_fault_would_be_seen(model: Json) -> None:
    """A wrong action, a wrong field and a parameter nobody knows are found: the check bites."""
    body = {"version": 1, "actions": [{"action": "changeOrderState", "state": "Open"}]}
    wrong = Request("POST", "/shop-eu/orders/1", {"dry": ["true"]}, {}, json.dumps(body).encode())
    draft = {"totalPrice": {"centAmount": 1.5, "currencyCode": "EUR"}, "lineItems": [{"quantity": 1}]}
    odd = Request("POST", "/shop-eu/orders/import", {}, {}, json.dumps(draft).encode())
    assert len(_faults([wrong], model)) >= 2
    assert len(_faults([odd], model)) >= 2
