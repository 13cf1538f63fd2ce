"""Types, channels, customers and variants: made once, added to and never overwritten, asked for as seldom as may be."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal

import pytest

from crossdock.commercetools.customers import Customers
from crossdock.commercetools.products import KEPT_FOR
from crossdock.commercetools.provision import Channels, Provision
from crossdock.domain.ids import SellerSku
from crossdock.domain.order_fields import LINE_FIELDS, ORDER_FIELDS
from crossdock.errors import Conflict, DataError
from crossdock.twin.world import Fault
from tests.commercetools.doors import Door

MUG, NONE = SellerSku("MUG-BLUE"), SellerSku("NOT-THERE")


@pytest.fixture
def door() -> Door:
    """A provisioned shop."""
    return Door()


def _ensure(door: Door, *, dry_run: bool, order_type: str = "amazon", line_type: str = "amazon-line") -> list[str]:
    provision = Provision(door.client)
    return [
        step.what
        for step in provision.ensure(
            order_type=order_type,
            line_type=line_type,
            supply_channels=["warehouse"],
            sync_channel="marketplace",
            dry_run=dry_run,
        )
    ]


def test_provisioning_twice_does_nothing_more(door: Door) -> None:
    """All fields are there, and the second run finds nothing to do."""
    names = [
        definition["name"]
        for key in ("amazon", "amazon-line")
        for definition in door.client.get("getTypeByKey", f"/types/key={key}", dict)["fieldDefinitions"]
    ]
    assert names == [spec.name for spec in (*ORDER_FIELDS, *LINE_FIELDS)]
    assert _ensure(door, dry_run=False) == []


def test_dry_run_only_says_so(door: Door) -> None:
    """What would be made is told, and nothing is."""
    told = _ensure(door, dry_run=True, order_type="another")
    assert told == [f"create the type another for order with {len(ORDER_FIELDS)} fields"]
    assert door.sent("/types") == []


def test_type_of_the_merchants_is_only_added_to(door: Door) -> None:
    """Fields the merchant has stay as they are; ours are added beside them."""
    door.project.add_type("mine", ["order"], {"gift": "Boolean", "amazon-status": "String"})
    told = _ensure(door, dry_run=False, order_type="mine")
    fields = [
        definition["name"]
        for definition in door.client.get("getTypeByKey", "/types/key=mine", dict)["fieldDefinitions"]
    ]
    assert len(told) == len(ORDER_FIELDS) - 1
    assert fields[:2] == ["gift", "amazon-status"]
    assert set(fields[2:]) == {spec.name for spec in ORDER_FIELDS} - {"amazon-status"}


def test_channel_gets_the_role_it_lacks(door: Door) -> None:
    """A channel that exists keeps its roles and gets the missing one."""
    door.project.add_channel("depot", "ProductDistribution")
    Provision(door.client).ensure(
        order_type="amazon", line_type="amazon-line", supply_channels=["depot"], sync_channel=None, dry_run=False
    )
    depot = door.project.channels.find("key", "depot")
    assert depot is not None
    assert set(depot["roles"]) == {"ProductDistribution", "InventorySupply"}


def test_channel_is_known_by_its_key(door: Door) -> None:
    """A channel the policy names is told by key; any other by its id."""
    channels = Channels(door.client, ["marketplace"])
    known = door.project.channels.find("key", "marketplace")
    assert known is not None
    assert [channels.key_of(known["id"]), channels.key_of("strange"), channels.key_of(known["id"])] == [
        "marketplace",
        "strange",
        "marketplace",
    ]


# --- customers


def test_one_customer_a_marketplace_for_eight_threads(door: Door) -> None:
    """Eight threads that need the same anonymous customer make one, whose mail reaches nobody."""
    customers = Customers(door.client)
    with ThreadPoolExecutor(8) as pool:
        ids = set(pool.map(lambda _: customers.id_of("amazon-A1PA6795UKMFR9"), range(8)))
    stored = list(door.project.customers)
    assert ids == {stored[0]["id"]}
    assert [(each["key"], each["email"]) for each in stored] == [
        ("amazon-A1PA6795UKMFR9", "amazon-a1pa6795ukmfr9@crossdock.invalid")
    ]


def test_customer_made_by_another_process_is_found(door: Door) -> None:
    """Two processes that do not see each other end with one customer."""
    first, second = Customers(door.client).id_of("amazon-7"), Customers(door.client).id_of("amazon-7")
    door.world.faults.add(Fault("commercetools.getCustomerByKey", "not_found"))
    third = Customers(door.client).id_of("amazon-7")
    assert first == second == third


def test_customer_whose_address_is_taken_is_no_other_customer(door: Door) -> None:
    """Where the e-mail belongs to somebody else, nobody is taken for our customer."""
    Customers(door.client).id_of("AMAZON-7")
    with pytest.raises(Conflict):
        Customers(door.client).id_of("amazon-7")


# --- variants


def test_variants_with_their_rates(door: Door) -> None:
    """A known SKU has the rates of its tax category by country; a state's rate says nothing about its country; an unknown SKU is left out."""
    rates = [
        {"name": "VAT", "amount": 0.07, "includedInPrice": True, "country": "DE"},
        {"name": "NY", "amount": 0.08, "includedInPrice": False, "country": "US", "state": "NY"},
    ]
    door.project.add_tax_category("reduced", *rates)
    door.project.add_product("BOOK", "Book", tax_category="reduced", more_skus=("BOOK-XL",))
    found = door.products.find_variants(frozenset({MUG, NONE, SellerSku("BOOK"), SellerSku("BOOK-XL")}))
    assert {sku: dict(variant.rates) for sku, variant in found.items()} == {
        "MUG-BLUE": {"DE": Decimal("0.19")},
        "BOOK": {"DE": Decimal("0.07")},
        "BOOK-XL": {"DE": Decimal("0.07")},
    }


def test_what_exists_is_asked_once_and_what_does_not_each_time(door: Door) -> None:
    """A product made a moment ago is found at once; one that is known is not asked for again for minutes."""
    door.products.find_variants(frozenset({MUG, NONE}))
    door.products.find_variants(frozenset({MUG}))
    assert door.calls()["/product-projections"] == 1
    door.project.add_product(NONE, "Now there")
    assert NONE in door.products.find_variants(frozenset({MUG, NONE}))
    door.world.clock.advance(KEPT_FOR + timedelta(seconds=1))
    door.products.find_variants(frozenset({MUG}))
    assert door.calls()["/product-projections"] == 3


@pytest.mark.parametrize("sku", ['a" or sku = "MUG-BLUE', "back\\slash", "(", "\u2603" * 256, "%22", ":sku", ""])
def test_no_sku_breaks_out_of_its_quotes(door: Door, sku: str) -> None:
    """A hostile SKU is looked for as it stands and finds only itself."""
    assert door.products.find_variants(frozenset({SellerSku(sku)})) == {}
    door.project.add_product(sku or "-", "Odd")
    assert set(door.products.find_variants(frozenset({SellerSku(sku or "-")}))) == {sku or "-"}


def test_many_skus_are_cut_into_queries_of_bearable_length(door: Door) -> None:
    """A batch of long SKUs never makes a query the platform refuses for its length."""
    skus = frozenset(SellerSku(f"{n:04d}-" + "\u2603" * 200) for n in range(20)) | {MUG}
    assert set(door.products.find_variants(skus)) == {MUG}
    assert door.calls()["/product-projections"] > 3


def test_modular_catalogue_is_refused(door: Door) -> None:
    """A project whose products have no variants inside is not read as an empty shop."""
    door.products.check_model()
    door.project.product_catalog_model = "Modular"
    with pytest.raises(DataError, match="Modular is not supported yet"):
        door.products.check_model()
