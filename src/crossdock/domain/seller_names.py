"""Under which names Amazon may list a SKU of commercetools: its own, unless that is another's on Amazon, and those the policy maps to it. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from crossdock.domain.ids import SellerSku


class SellerNames:
    """Names on Amazon of SKUs in commercetools, by the policy's `sku_aliases`."""

    def __init__(self, aliases: Mapping[SellerSku, SellerSku]) -> None:
        """`aliases`: from a SKU on Amazon to the one in commercetools."""
        self._aliases = aliases
        self._mapped: dict[SellerSku, list[SellerSku]] = {}
        for seller, commerce in aliases.items():
            self._mapped.setdefault(commerce, []).append(seller)

    def commerce_sku(self, seller: SellerSku) -> SellerSku:
        """The SKU in commercetools of one on Amazon."""
        return self._aliases.get(seller, seller)

    def of(self, commerce: SellerSku) -> list[SellerSku]:
        """Of a SKU in commercetools. The first that the merchant ships sells the units: its own name, then as the policy has them."""
        mapped = self._mapped.get(commerce, [])
        return list(mapped) if commerce in self._aliases else [commerce, *mapped]

    def beside(self, seller: SellerSku) -> list[SellerSku]:
        """The others that stand for the same SKU in commercetools."""
        return [name for name in self.of_the_same(seller) if name != seller]

    def of_the_same(self, seller: SellerSku) -> list[SellerSku]:
        """Of the SKU in commercetools that one on Amazon stands for: itself among them."""
        return self.of(self.commerce_sku(seller))
