"""Product variants by SKU, with the tax rates of their category. Published products only; a batch is one query, and answers are kept for minutes.

Products are read by query, never by search: Product Projection Search is deprecated since August 2026.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from urllib.parse import quote

import msgspec

from crossdock.commercetools.client import QUERY_BYTES_MAX, Client
from crossdock.domain.ids import SellerSku
from crossdock.domain.order_policy import Variant
from crossdock.errors import DataError

KEPT_FOR = timedelta(minutes=10)
# Above this many kept variants the oldest half is dropped: a process never grows with the catalogue.
KEPT_MAX = 50_000
PAGE_SIZE_MAX = 500


class _Rate(msgspec.Struct, rename="camel"):
    amount: Decimal
    included_in_price: bool
    country: str
    state: str | None = None


class _TaxCategory(msgspec.Struct):
    rates: list[_Rate] = []


class _TaxReference(msgspec.Struct):
    obj: _TaxCategory | None = None


class _ProductVariant(msgspec.Struct):
    sku: str = ""


class _Product(msgspec.Struct, rename="camel"):
    master_variant: _ProductVariant | None = None
    variants: list[_ProductVariant] = []
    tax_category: _TaxReference | None = None


class _Products(msgspec.Struct):
    results: list[_Product] = []


class _Project(msgspec.Struct, rename="camel"):
    product_catalog_model: str | None = None


class Products:
    """The catalogue of one project."""

    def __init__(self, client: Client, clock: Callable[[], datetime]) -> None:
        """`clock`: tells when a kept answer is too old."""
        self._client = client
        self._clock = clock
        self._guard = threading.Lock()
        self._kept: dict[SellerSku, tuple[datetime, Variant]] = {}

    def find_variants(self, skus: frozenset[SellerSku]) -> Mapping[SellerSku, Variant]:
        """The variants with these SKUs. What exists is kept for minutes; what does not is asked again each time."""
        now = self._clock()
        with self._guard:
            known = {sku: kept[1] for sku in skus if (kept := self._kept.get(sku)) and kept[0] > now - KEPT_FOR}
        missing = sorted(skus - known.keys())
        found = {variant.sku: variant for some in _chunks(missing) for variant in self._query(some)}
        fresh = {sku: found[sku] for sku in missing if sku in found}
        with self._guard:
            if len(self._kept) > KEPT_MAX:
                self._kept = dict(sorted(self._kept.items(), key=lambda pair: pair[1][0])[KEPT_MAX // 2 :])
            self._kept.update({sku: (now, variant) for sku, variant in fresh.items()})
        return known | fresh

    def check_model(self) -> None:
        """DataError where the project's catalogue is of the modular kind, which has no variants inside products."""
        model = self._client.get("getProject", "", _Project).product_catalog_model
        if model not in {None, "Classic"}:
            raise DataError("project.productCatalogModel", f"{model} is not supported yet: only Classic")

    def _query(self, skus: list[SellerSku]) -> Iterable[Variant]:
        listed = ", ".join('"' + sku.replace("\\", "\\\\").replace('"', '\\"') + '"' for sku in skus)
        query = {
            "where": f"masterVariant(sku in ({listed})) or variants(sku in ({listed}))",
            "expand": "taxCategory",
            "limit": str(PAGE_SIZE_MAX),
            "withTotal": "false",
        }
        for product in self._client.get("queryProductProjections", "/product-projections", _Products, query).results:
            rates = _rates(product.tax_category)
            for variant in (product.master_variant, *product.variants):
                if variant is not None and variant.sku:
                    yield Variant(SellerSku(variant.sku), rates)


def _rates(reference: _TaxReference | None) -> dict[str, Decimal]:
    """Rates by country. One of a state only (US sales tax) says nothing about the country and is left out."""
    category = reference.obj if reference else None
    return {rate.country: rate.amount for rate in (category.rates if category else ()) if rate.state is None}


def _chunks(skus: list[SellerSku]) -> Iterable[list[SellerSku]]:
    """As many SKUs as fit a query's length; each stands in it twice, percent-encoded."""
    some: list[SellerSku] = []
    size = 0
    for sku in skus:
        cost = 2 * (len(quote(sku)) + 12)
        if some and (size + cost > QUERY_BYTES_MAX or len(some) == PAGE_SIZE_MAX):
            yield some
            some, size = [], 0
        some.append(sku)
        size += cost
    if some:
        yield some
