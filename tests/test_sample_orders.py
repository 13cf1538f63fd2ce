"""The table of the money: one order a rule, as Amazon would send it, and what commercetools holds of it then.

`samples/orders/<name>.json` is the order, `<name>.expected.json` what became of it; `make golden` writes the latter anew, review reads the difference.
"""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import jsonschema
import pytest

from crossdock.twin.commercetools_inventory import show_due_changes
from crossdock.twin.commercetools_project import Project
from tests.joined_twin import Stage
from tests.sample_orders import Json, Story, broken_rules, run

FOLDER = Path(__file__).parent / "samples" / "orders"
MODEL = (
    Path(__file__).parents[2] / "shared" / "specs" / "amazon" / "models" / "orders-api-model" / "orders_2026-01-01.json"
)
NAMES = sorted(path.stem for path in FOLDER.glob("*.json") if not path.stem.endswith(".expected"))

GERMANY = "A1PA6795UKMFR9"
# What differs from the usual scene: the rates of the goods' tax category, or fields of the order policy. The usual policy's rate is 20 % everywhere.
SETTINGS: dict[str, Json] = {
    "tax_inside_by_category": {"rates": {"DE": 0.19}},
    "tax_inside_by_policy": {"policy": {"tax_rates": {GERMANY: Decimal("0.07")}}},
    "tax_unmapped": {"policy": {"tax_rates": {}}},
    "discount_on_the_order_only": {"rates": {"DE": 0.07}},
    "another_marketplace": {"policy": {"marketplaces": frozenset({GERMANY})}},
    "pick_up_in_store_dispatched": {"policy": {"dispatch_programs": frozenset({"IN_STORE_PICK_UP"})}},
}
# Not imported, by design; the golden file says why.
NOT_IMPORTED = {
    "another_marketplace",
    "before_import_from",
    "cancelled",
    "cancelled_line_by_line",
    "easy_ship",
    "fba_pending",
    "not_an_amazon_sale",
    "pending",
    "pick_up_in_store",
    "unfulfillable",
    "unknown_fulfiller",
    "unknown_sku_fbm",
    "unknown_status",
    "without_a_price",
    "without_address",
    "without_items",
}
IMPORTED = sorted(set(NAMES) - NOT_IMPORTED)
# Values the model does not know, on purpose.
BEYOND_THE_MODEL = {"unknown_status"}


def story(stage: Stage, name: str) -> Story:
    """Let the sample arrive, under its settings."""
    return run(stage, json.loads((FOLDER / f"{name}.json").read_text()), **SETTINGS.get(name, {}))


@pytest.fixture(scope="session")
def model() -> jsonschema.Draft4Validator:
    """Amazon's own schema of an order, closed to fields it does not know."""
    if not MODEL.exists():
        pytest.skip("Amazon's published models are not at hand")
    definitions: Json = json.loads(MODEL.read_text())["definitions"]
    closed = {
        name: schema | ({"additionalProperties": False} if "properties" in schema else {})
        for name, schema in definitions.items()
    }
    return jsonschema.Draft4Validator({"$ref": "#/definitions/Order", "definitions": closed})


def expected(request: pytest.FixtureRequest, name: str, facts: Json) -> Json:
    """The golden file's content, written anew first where the run was asked to."""
    path = FOLDER / f"{name}.expected.json"
    if request.config.getoption("--golden"):
        path.write_text(json.dumps(facts, indent=2, ensure_ascii=False) + "\n")
    content: Json = json.loads(path.read_text())
    return content


@pytest.mark.parametrize("name", sorted(set(NAMES) - BEYOND_THE_MODEL))
def test_sample_is_what_amazon_would_send(name: str, model: jsonschema.Draft4Validator) -> None:
    """Every sample fits Amazon's published model of an order."""
    model.validate(json.loads((FOLDER / f"{name}.json").read_text()))


@pytest.mark.parametrize("name", IMPORTED)
def test_sample_is_imported_to_the_cent(stage: Stage, request: pytest.FixtureRequest, name: str) -> None:
    """The order in commercetools is the one in the golden file, and breaks no rule of the money or of the fence."""
    told = story(stage, name)
    assert broken_rules(told) == []
    assert json.loads(json.dumps(told.facts())) == expected(request, name, told.facts())


@pytest.mark.parametrize("name", sorted(NOT_IMPORTED))
def test_sample_is_not_imported(stage: Stage, request: pytest.FixtureRequest, name: str) -> None:
    """The order is left out, waits, or is a case, as the golden file says; commercetools has been sent nothing."""
    told = story(stage, name)
    assert (told.order, told.drafts) == (None, [])
    assert json.loads(json.dumps(told.facts())) == expected(request, name, told.facts())


def test_every_golden_file_has_its_sample() -> None:
    """No expected result is left behind by a sample that went."""
    left = {path.name.removesuffix(".expected.json") for path in FOLDER.glob("*.expected.json")} - set(NAMES)
    assert left == set()


def test_cart_split_by_amazon_is_two_orders(stage: Stage) -> None:
    """A cart Amazon splits becomes two orders: one open with its stock taken, one behind the fence without."""
    scene = stage.scene()
    fba, fbm = (json.loads((FOLDER / f"cart_split_{kind}.json").read_text()) for kind in ("fba", "fbm"))
    scene.account.put_order(fba)
    scene.account.put_order(fbm)

    scene.run()

    orders = scene.project.orders_by_number()
    assert _states(orders[fba["orderId"]]) == ("Complete", "Delayed", "None")
    assert _states(orders[fbm["orderId"]]) == ("Open", "Pending", "TrackOnly")
    assert {sku: _stock(scene.project, sku) for sku in ("MUG-BLUE", "MUG-RED")} == {"MUG-BLUE": 1000, "MUG-RED": 998}


def _states(order: Json) -> tuple[str, str, str]:
    return order["orderState"], order["shipmentState"], order["inventoryMode"]


def _stock(project: Project, sku: str) -> int:
    """What is on stock once orders show in it."""
    project.world.clock.advance(project.stock_lag)
    show_due_changes(project)
    entry = project.inventory.find("sku", sku)
    assert entry is not None
    return int(entry["quantityOnStock"])
