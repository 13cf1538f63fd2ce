"""What the merchant decided about stock: from where Amazon's units come, how many may be listed, and when a person is asked first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from fnmatch import fnmatchcase

from crossdock.domain.ids import SellerSku
from crossdock.domain.peaks import Boost, Calendar
from crossdock.domain.sellable import Mode, StockRule

DEFAULT_RULE = StockRule()


@dataclass(frozen=True, slots=True)
class Peak:
    """A peak or a deal that is announced, of the SKUs that fit one of these patterns."""

    boost: Boost
    skus: tuple[str, ...] = ("*",)


@dataclass(frozen=True, slots=True)
class StockPolicy:
    """`crossdock.example.toml` explains every field. `channels`: supply channels that feed Amazon, in the order of claims; None is no channel.

    `rules`: by a pattern of seller SKUs; the first that fits is used, and it is whole: what the file leaves out of it is filled in already.
    """

    claims_from: datetime
    channels: tuple[str | None, ...]
    escrow_channel: str | None = None
    stock_type: str = "crossdock-stock"
    rule: StockRule = DEFAULT_RULE
    rules: Mapping[str, StockRule] = field(default_factory=dict)
    peaks: tuple[Peak, ...] = ()
    split_shipping: bool = False
    pool_overwritten: bool = False
    zeroes_max_percent: int = 20
    changes_min: int = 20

    def rule_of(self, sku: SellerSku) -> StockRule:
        """The first rule whose pattern fits, or the connection's own."""
        return next((rule for pattern, rule in self.rules.items() if fits(pattern, sku)), self.rule)

    def calendar_of(self, sku: SellerSku) -> Calendar:
        """Every peak and deal that is announced for a SKU."""
        return tuple(peak.boost for peak in self.peaks if any(fits(pattern, sku) for pattern in peak.skus))

    def pool(self, mode: Mode) -> tuple[str | None, ...]:
        """The channels whose units Amazon may sell: with proof its own alone."""
        return (self.escrow_channel,) if mode == "proof" else self.channels

    def channel_keys(self) -> list[str]:
        """Every channel it names."""
        return [key for key in (*self.channels, self.escrow_channel) if key is not None]

    def may_prove(self) -> bool:
        """Whether any SKU is sold from units that are Amazon's own."""
        return any(rule.mode == "proof" for rule in (self.rule, *self.rules.values()))


def fits(pattern: str, sku: str) -> bool:
    """Whether a SKU is one the pattern means: * is any characters, ? is one, every other is itself."""
    return fnmatchcase(sku, pattern.replace("[", "[[]"))


def hides(before: str, pattern: str) -> bool:
    """Whether a pattern certainly leaves nothing over for one that comes after it; a ? in it is not looked into."""
    return "?" not in before and fits(before, pattern)
