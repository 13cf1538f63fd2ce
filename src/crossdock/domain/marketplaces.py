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


def _row(marketplace_id: str, name: str, country: str, currency: str, language: str, region: str) -> Marketplace:
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
    row.marketplace_id: row
    for row in (
        _row("ATVPDKIKX0DER", "Amazon.com", "US", "USD", "en", "NA"),
        _row("A2EUQ1WTGCTBG2", "Amazon.ca", "CA", "CAD", "en", "NA"),
        _row("A1AM78C64UM0Y8", "Amazon.com.mx", "MX", "MXN", "es", "NA"),
        _row("A2Q3Y263D00KWC", "Amazon.com.br", "BR", "BRL", "pt", "NA"),
        _row("A1F83G8C2ARO7P", "Amazon.co.uk", "GB", "GBP", "en", "EU"),
        _row("A1PA6795UKMFR9", "Amazon.de", "DE", "EUR", "de", "EU"),
        _row("A13V1IB3VIYZZH", "Amazon.fr", "FR", "EUR", "fr", "EU"),
        _row("APJ6JRA9NG5V4", "Amazon.it", "IT", "EUR", "it", "EU"),
        _row("A1RKKUPIHCS9HS", "Amazon.es", "ES", "EUR", "es", "EU"),
        _row("A1805IZSGTT6HS", "Amazon.nl", "NL", "EUR", "nl", "EU"),
        _row("AMEN7PMS3EDWL", "Amazon.com.be", "BE", "EUR", "fr", "EU"),
        _row("A2NODRKZP88ZB9", "Amazon.se", "SE", "SEK", "sv", "EU"),
        _row("A1C3SOZRARQ6R3", "Amazon.pl", "PL", "PLN", "pl", "EU"),
        _row("A28R8C7NBKEWEA", "Amazon.ie", "IE", "EUR", "en", "EU"),
        _row("A33AVAJ2PDY3EV", "Amazon.com.tr", "TR", "TRY", "tr", "EU"),
        _row("A2VIGQ35RCS4UG", "Amazon.ae", "AE", "AED", "en", "EU"),
        _row("A17E79C6D8DWNP", "Amazon.sa", "SA", "SAR", "ar", "EU"),
        _row("ARBP9OOSHTCHU", "Amazon.eg", "EG", "EGP", "ar", "EU"),
        _row("A21TJRUUN4KGV", "Amazon.in", "IN", "INR", "en", "EU"),
        _row("AE08WJ6YKNBMC", "Amazon.co.za", "ZA", "ZAR", "en", "EU"),
        _row("A1VC38T7YXB528", "Amazon.co.jp", "JP", "JPY", "ja", "FE"),
        _row("A39IBJ37TRP1C6", "Amazon.com.au", "AU", "AUD", "en", "FE"),
        _row("A19VAU5U5O7RUS", "Amazon.sg", "SG", "SGD", "en", "FE"),
    )
}
