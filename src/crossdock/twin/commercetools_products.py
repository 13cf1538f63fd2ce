"""Product projections: what of the catalogue can be read, and the price that applies where a request asks for one."""

from collections.abc import Mapping

from crossdock.twin.commercetools_custom import custom_fields_of
from crossdock.twin.commercetools_fields import PRODUCT
from crossdock.twin.commercetools_project import Project
from crossdock.twin.commercetools_queries import answer
from crossdock.twin.commercetools_refusals import Json, malformed, not_found

Query = Mapping[str, list[str]]

_NOT_PROJECTED = ("createdBy", "lastModifiedBy")  # a projection does not say who changed its product


def query_projections(project: Project, query: Query) -> Json:
    """Give a page of product projections: the published ones, unless staged ones are asked for."""
    _check_selection(query)
    if not _staged(query):
        query = {**query, "where": [*query.get("where", ()), "published = true"]}
    page = answer(project.products, query, PRODUCT, custom_fields_of(project))
    page["results"] = [_with_prices(project, product, query) for product in page["results"]]
    return page


def get_projection(project: Project, product: Json, query: Query) -> Json:
    """Give one product projection; without a published version it is only there when staged ones are asked for."""
    _check_selection(query)
    if not (product["published"] or _staged(query)):
        raise not_found(f"with ID '{product['id']}'")
    return _with_prices(project, product, query)


def _staged(query: Query) -> bool:
    """Tell whether staged projections are asked for."""
    return query.get("staged", ["false"])[-1] == "true"


def _check_selection(query: Query) -> None:
    """Refuse a price selection without a currency."""
    for name in ("priceCountry", "priceChannel"):
        if name in query and "priceCurrency" not in query:
            raise malformed(name, "A price selection needs 'priceCurrency'.")


def _with_prices(project: Project, product: Json, query: Query) -> Json:
    """Give the projection of a product; with a price selection each variant carries the price that applies."""
    product = {name: value for name, value in product.items() if name not in _NOT_PROJECTED}
    if "priceCurrency" not in query:
        return product
    return product | {
        "masterVariant": _with_price(project, product["masterVariant"], query),
        "variants": [_with_price(project, variant, query) for variant in product["variants"]],
    }


def _with_price(project: Project, variant: Json, query: Query) -> Json:
    """Give a variant with the most specific of its prices that apply, if any does."""
    now = project.now()
    wanted = {name: query.get(name, [None])[-1] for name in ("priceCurrency", "priceCountry", "priceChannel")}

    def rank(price: Json) -> tuple[bool, bool, bool]:
        return "channel" in price, "country" in price, "validFrom" in price or "validUntil" in price

    applying = [
        price
        for price in variant["prices"]
        if price["value"]["currencyCode"] == wanted["priceCurrency"]
        and price.get("country") in (None, wanted["priceCountry"])
        and price.get("channel", {}).get("id") in (None, wanted["priceChannel"])
        and price.get("validFrom", now) <= now <= price.get("validUntil", now)
    ]
    return variant | {"price": max(applying, key=rank)} if applying else variant
