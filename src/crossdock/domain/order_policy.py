"""What the merchant decided about orders, and what is known of one order when it is decided about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from crossdock.domain.ids import MarketplaceId, OrderNumber, SellerSku
from crossdock.domain.marketplaces import MARKETPLACES
from crossdock.domain.order import NOBODY, AmazonOrder, ImportedOrder, PersonalData, Recipient
from crossdock.domain.order_totals import TaxRules


@dataclass(frozen=True, slots=True)
class OrderPolicy:
    """What the merchant decided about orders; `crossdock.example.toml` explains every field.

    `claims_from`: the units of orders made from then on are claimed on their entry as soon as they are known; None where the import takes them.
    `invoiced_elsewhere_from`: by fulfilment (AFN, MFN), from when on another system invoices orders; None where no books are kept here.
    """

    import_from: datetime
    marketplaces: frozenset[MarketplaceId]
    number_prefix: str = ""
    order_state: str = "Open"
    inventory_mode: str = "TrackOnly"
    supply_channel: str | None = None
    fba_import: str = "always"
    customer_fbm: str = "none"
    customer_fba: str = "anonymous"
    dispatch_programs: frozenset[str] = frozenset()
    sku_aliases: Mapping[SellerSku, SellerSku] = field(default_factory=dict)
    tax_included: Mapping[MarketplaceId, bool] = field(default_factory=dict)
    tax_rates: Mapping[MarketplaceId, Decimal] = field(default_factory=dict)
    order_type: str = "crossdock-amazon-order"
    line_type: str = "crossdock-amazon-line"
    sync_channel: str | None = None
    claims_from: datetime | None = None
    invoiced_elsewhere_from: Mapping[str, datetime] | None = None

    def inventory_mode_of(self, order: AmazonOrder) -> str:
        """How the import of an order that is to be shipped takes stock: not at all where its units are claimed."""
        is_claimed = self.claims_from is not None and order.created_at >= self.claims_from
        return "None" if is_claimed else self.inventory_mode

    def invoiced_by(self, order: AmazonOrder) -> str:
        """Who books the sale: `order` where another system invoices it, `settlement` where nobody may; empty where no books are kept here."""
        if self.invoiced_elsewhere_from is None:
            return ""
        begins = self.invoiced_elsewhere_from.get("AFN" if order.fulfilled_by == "AMAZON" else "MFN")
        return "order" if begins is not None and order.created_at >= begins else "settlement"

    def order_number(self, order: AmazonOrder) -> OrderNumber:
        """The order number in commercetools: Amazon's own id, behind the prefix fixed at the first import."""
        return OrderNumber(self.number_prefix + order.order_id)

    def covers(self, order: AmazonOrder) -> bool:
        """Whether an order is Amazon's own, of this connection's marketplaces, and not from before its beginning."""
        ours = order.channel_name == "AMAZON" and order.marketplace_id in self.marketplaces
        return ours and order.created_at >= self.import_from

    def commerce_sku(self, seller_sku: SellerSku) -> SellerSku:
        """The SKU in commercetools for a seller SKU on Amazon."""
        return self.sku_aliases.get(seller_sku, seller_sku)


@dataclass(frozen=True, slots=True)
class Variant:
    """A product variant in commercetools: its tax rates by ISO country, as shares, where the price includes them."""

    sku: SellerSku
    rates: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Known:
    """What commercetools and our store hold about the order now. `linked`: we imported it once.

    `moved_to`: where Amazon says it goes, if that is not where commercetools was told.
    """

    imported: ImportedOrder | None = None
    linked: bool = False
    variants: Mapping[SellerSku, Variant] = field(default_factory=dict)
    personal: PersonalData = NOBODY
    moved_to: Recipient | None = None


def tax_rules(order: AmazonOrder, known: Known, policy: OrderPolicy) -> TaxRules:
    """What applies to this order where Amazon is silent about tax."""
    marketplace = MARKETPLACES.get(order.marketplace_id)
    recipient = known.personal.recipient
    country = recipient.country if recipient and recipient.country else (marketplace.country if marketplace else "")
    rates = {
        item.seller_sku: variant.rates[country]
        for item in order.items
        if (variant := known.variants.get(policy.commerce_sku(item.seller_sku))) is not None
        and country in variant.rates
    }
    usual = marketplace.tax_included if marketplace else True
    return TaxRules(
        tax_included=policy.tax_included.get(order.marketplace_id, usual),
        rate_by_sku=rates,
        default_rate=policy.tax_rates.get(order.marketplace_id),
    )


def unknown_skus(order: AmazonOrder, known: Known, policy: OrderPolicy) -> frozenset[SellerSku]:
    """The order's SKUs that commercetools does not have, under their own name or the one they are mapped to."""
    return frozenset(sku for sku in order.skus() if policy.commerce_sku(sku) not in known.variants)
