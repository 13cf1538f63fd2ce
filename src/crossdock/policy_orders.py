"""[connection.orders] -> OrderPolicy: which orders are imported, and how."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from crossdock.domain.ids import MarketplaceId, SellerSku
from crossdock.domain.marketplaces import MARKETPLACES
from crossdock.domain.order_policy import OrderPolicy
from crossdock.policy_file import KEY, Section, moment, quoted


def read_orders(section: Section, marketplace_ids: Iterable[MarketplaceId]) -> OrderPolicy:
    """What the table says about orders of these marketplaces."""
    customers, fba = section.section("customers"), section.section("fba")
    modes = ("None", "TrackOnly", "ReserveOnOrder")
    policy = OrderPolicy(
        import_from=section.value("import_from", moment) or datetime(1970, 1, 1, tzinfo=UTC),
        marketplaces=frozenset(marketplace_ids),
        number_prefix=section.text("number_prefix", "", pattern=r"[A-Za-z0-9_-]{0,40}"),
        order_state=section.text("order_state", "Open", choices=("Open", "Confirmed")),
        inventory_mode=section.text("inventory_mode", "TrackOnly", choices=modes),
        supply_channel=section.text("supply_channel", "", pattern=KEY) or None,
        fba_import=fba.text("import", "always", choices=("always", "when_shipped")),
        customer_fbm=customers.text("fbm", "none", choices=("none", "anonymous")),
        customer_fba=customers.text("fba", "anonymous", choices=("none", "anonymous")),
        dispatch_programs=frozenset(
            name for name, act in section.pairs("programs", _program).items() if act == "dispatch"
        ),
        sku_aliases=section.pairs("sku_aliases", _alias),
        tax_included=section.pairs("tax_included", _tax_included),
        tax_rates=section.pairs("tax_rates", _tax_rate),
        order_type=section.text("order_type", "crossdock-amazon-order", pattern=KEY),
        line_type=section.text("line_type", "crossdock-amazon-line", pattern=KEY),
        sync_channel=section.text("sync_channel", "", pattern=KEY) or None,
    )
    for inside in (customers, fba, section):
        inside.finish()
    return policy


def marketplace(name: str) -> MarketplaceId:
    """A marketplace by its country or its id; ValueError where it is none."""
    for known in MARKETPLACES.values():
        if name in {known.marketplace_id, known.country}:
            return known.marketplace_id
    message = f"{quoted(name)} is no marketplace; give its country (DE, US, GB ...) or its id"
    raise ValueError(message)


def _program(name: str, value: Any) -> tuple[str, str]:
    is_act = isinstance(value, str) and value in {"case", "dispatch"}
    if name not in {"IN_STORE_PICK_UP", "AMAZON_EASY_SHIP"} or not is_act:
        message = 'is IN_STORE_PICK_UP or AMAZON_EASY_SHIP, set to "case" or "dispatch"'
        raise ValueError(message)
    return name, value


def _alias(name: str, value: Any) -> tuple[SellerSku, SellerSku]:
    if not isinstance(value, str) or not value:
        message = "must be the SKU in commercetools, in quotes"
        raise ValueError(message)
    return SellerSku(name), SellerSku(value)


def _tax_included(name: str, value: Any) -> tuple[MarketplaceId, bool]:
    if not isinstance(value, bool):
        message = "must be true or false"
        raise ValueError(message)  # noqa: TRY004 - Section collects ValueError, whatever is wrong
    return marketplace(name), value


def _tax_rate(name: str, value: Any) -> tuple[MarketplaceId, Decimal]:
    try:
        rate = Decimal(value) if isinstance(value, str) else Decimal(-1)
    except InvalidOperation:
        rate = Decimal(-1)
    if not (rate.is_finite() and 0 <= rate < 1):
        message = 'must be a share in quotes, as in "0.19"'
        raise ValueError(message)
    return marketplace(name), rate
