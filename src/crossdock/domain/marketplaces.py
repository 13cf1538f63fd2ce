"""Amazon's marketplaces: their names, countries, currencies, and whether prices there usually hold the tax.

Source: the marketplace ids of the SP-API documentation. Whether tax is inside the price is only the reading of last resort: an order's own
equation decides first (`order_totals.py`), then the merchant's policy.
"""

from __future__ import annotations

from dataclasses import dataclass

from crossdock.domain.ids import MarketplaceId


@dataclass(frozen=True, slots=True)
class Marketplace:
    """One Amazon marketplace: ISO country and currency, language of its titles, and its usual price convention."""

    marketplace_id: MarketplaceId
    name: str
    country: str
    currency: str
    language: str
    region: str
    tax_included: bool


def _row(row: str) -> Marketplace:
    marketplace_id, name, country, currency, language, region = row.split()
    return Marketplace(
        marketplace_id=MarketplaceId(marketplace_id),
        name=name,
        country=country,
        currency=currency,
        language=language,
        region=region,
        tax_included=country not in {"US", "CA"},
    )


MARKETPLACES: dict[MarketplaceId, Marketplace] = {
    marketplace.marketplace_id: marketplace
    for marketplace in map(
        _row,
        (
            "ATVPDKIKX0DER Amazon.com US USD en NA",
            "A2EUQ1WTGCTBG2 Amazon.ca CA CAD en NA",
            "A1AM78C64UM0Y8 Amazon.com.mx MX MXN es NA",
            "A2Q3Y263D00KWC Amazon.com.br BR BRL pt NA",
            "A1F83G8C2ARO7P Amazon.co.uk GB GBP en EU",
            "A1PA6795UKMFR9 Amazon.de DE EUR de EU",
            "A13V1IB3VIYZZH Amazon.fr FR EUR fr EU",
            "APJ6JRA9NG5V4 Amazon.it IT EUR it EU",
            "A1RKKUPIHCS9HS Amazon.es ES EUR es EU",
            "A1805IZSGTT6HS Amazon.nl NL EUR nl EU",
            "AMEN7PMS3EDWL Amazon.com.be BE EUR fr EU",
            "A2NODRKZP88ZB9 Amazon.se SE SEK sv EU",
            "A1C3SOZRARQ6R3 Amazon.pl PL PLN pl EU",
            "A28R8C7NBKEWEA Amazon.ie IE EUR en EU",
            "A33AVAJ2PDY3EV Amazon.com.tr TR TRY tr EU",
            "A2VIGQ35RCS4UG Amazon.ae AE AED en EU",
            "A17E79C6D8DWNP Amazon.sa SA SAR ar EU",
            "ARBP9OOSHTCHU Amazon.eg EG EGP ar EU",
            "A21TJRUUN4KGV Amazon.in IN INR en EU",
            "AE08WJ6YKNBMC Amazon.co.za ZA ZAR en EU",
            "A1VC38T7YXB528 Amazon.co.jp JP JPY ja FE",
            "A39IBJ37TRP1C6 Amazon.com.au AU AUD en FE",
            "A19VAU5U5O7RUS Amazon.sg SG SGD en FE",
        ),
    )
}
