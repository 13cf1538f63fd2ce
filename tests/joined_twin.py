"""A connection joined to a twin, for stories: a stocked shop, an Amazon account, and the product in between, by hand-turned clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx2

from crossdock.domain.cover import PREFIX
from crossdock.domain.finance_policy import FinancePolicy
from crossdock.domain.ids import ConnectionId, MarketplaceId
from crossdock.domain.marketplaces import MARKETPLACES
from crossdock.domain.order_policy import OrderPolicy
from crossdock.domain.stock_policy import StockPolicy
from crossdock.doors import Outside
from crossdock.engine.drain import Report
from crossdock.joined import Joined
from crossdock.joined_stock import JoinedStock
from crossdock.policy import AmazonSide, CommercetoolsSide, ConnectionPolicy
from crossdock.settings import ConnectionSecrets
from crossdock.store.database import Database
from crossdock.twin.amazon_account import SellerAccount
from crossdock.twin.both import Twin
from crossdock.twin.commercetools_project import Project
from crossdock.twin.merchant import Merchant
from crossdock.twin.transport import transport
from crossdock.twin.world import Clock, Request, Response, World

START = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
MASTER_KEY = bytes(range(32))
SKUS = ("MUG-BLUE", "MUG-RED", "TEA-GREEN", "LAMP-01")

ROLES = (
    "inventory_and_order_tracking",
    "direct_to_consumer_delivery",
    "tax_remittance",
    "product_listing",
    "finance_and_accounting",
)
READ_SCOPES = (
    "manage_orders",
    "view_products",
    "manage_customers",
    "view_channels",
    "view_types",
    "view_tax_categories",
    "view_messages",
    "manage_products",
    "manage_payments",
)
SETUP_SCOPES = ("manage_types", "manage_channels", "manage_project_settings")

Handle = Callable[[Request], Response]


@dataclass
class Scene:
    """The twin, the people, and the product joined to them."""

    twin: Twin
    account: SellerAccount
    project: Project
    merchant: Merchant
    joined: Joined

    def after(self, **span: float) -> Scene:
        """Let time pass."""
        self.twin.world.clock.advance(timedelta(**span))
        return self

    def run(self) -> Report:
        """What a worker would do now: discover, then drain."""
        self.joined.discover()
        return self.joined.drain()

    @property
    def stock(self) -> JoinedStock:
        """The product's stock, in a scene that was given a policy of it."""
        assert self.joined.stock is not None, "the scene has no policy of stock"
        return self.joined.stock

    def order(self, order_id: str) -> dict[str, Any]:
        """The commercetools order of an Amazon order."""
        return self.project.orders_by_number()[order_id]

    def numbers(self) -> list[str]:
        """All order numbers in commercetools."""
        return sorted(self.project.orders_by_number())


def covers(entry: dict[str, Any]) -> list[int]:
    """The units of each cover that is noted on an entry: they lie there, and are kept back in the shop."""
    notes = entry.get("custom", {}).get("fields", {}).get("amazon-claims", [])
    return [int(note.rpartition(" x ")[2]) for note in notes if note.startswith(PREFIX)]


@dataclass
class Stage:
    """Builds scenes on one database and closes them at the end."""

    database: Database
    scenes: list[Scene] = field(default_factory=list)

    def scene(
        self,
        *,
        connection_id: str = "eu",
        seed: int = 7,
        twin: Twin | None = None,
        through: Callable[[Handle], Handle] = lambda handle: handle,
        marketplaces: tuple[str, ...] = tuple(MARKETPLACES),
        roles: tuple[str, ...] = ROLES,
        stock: StockPolicy | None = None,
        finance: FinancePolicy | None = None,
        ahead: timedelta = timedelta(0),
        **orders: Any,
    ) -> Scene:
        """A scene: `through` may stand between the product and the twin, whose clock is `ahead` of the world's; `orders` are fields of the order policy."""
        twin = twin or Twin(World(seed=seed, clock=Clock(START)))
        account = SellerAccount(
            twin.world,
            seller_id=f"A1{connection_id.upper().replace('-', '')}SELLER",
            marketplace_ids=marketplaces,
            refresh_token=f"Atzr|{connection_id}",
            client_id="amzn1.application-oa2-client.example",
            client_secret="amzn1.oa2-cs.v1.example",
            roles=roles,
        )
        twin.amazon.accounts[account.refresh_token] = account
        project = twin.commercetools.add_project(f"shop-{connection_id}")
        project.add_client(f"worker-{connection_id}", "worker-secret", *READ_SCOPES)
        project.add_client(f"setup-{connection_id}", "setup-secret", *SETUP_SCOPES)
        project.add_channel("warehouse", "InventorySupply")
        merchant = Merchant(twin.world, account, project, skus=SKUS)
        merchant.stock_the_shop(quantity=1000, channel_key="warehouse")
        settings: dict[str, Any] = {"import_from": START - timedelta(days=7), "supply_channel": "warehouse"} | orders
        policy = ConnectionPolicy(
            ConnectionId(connection_id),
            AmazonSide(
                account.seller_id,
                "EU",
                tuple(MarketplaceId(m) for m in marketplaces),
                "http://amazon.test",
                "http://amazon.test/auth/o2/token",
            ),
            CommercetoolsSide(project.key, "http://commercetools.test", "http://commercetools.test"),
            OrderPolicy(marketplaces=frozenset(MarketplaceId(m) for m in marketplaces), tax_rates=RATES, **settings),
            stock,
            finance=finance,
        )
        handle = through(twin.handle)
        joined = Joined(
            policy,
            ConnectionSecrets(
                account.client_id,
                account.client_secret,
                account.refresh_token,
                f"worker-{connection_id}",
                "worker-secret",
                f"setup-{connection_id}",
                "setup-secret",
            ),
            database=self.database,
            master_keys=[MASTER_KEY],
            owners={},
            outside=Outside(lambda: httpx2.Client(transport=transport(handle)), lambda: twin.world.clock.now() + ahead),
        )
        joined.provision(dry_run=False)
        scene = Scene(twin, account, project, merchant, joined)
        self.scenes.append(scene)
        return scene

    def close(self) -> None:
        """Give sockets back."""
        for scene in self.scenes:
            scene.joined.close()


RATES = {marketplace_id: Decimal("0.20") for marketplace_id in MARKETPLACES}


def with_policy(scene: Scene, **orders: Any) -> Scene:
    """The same scene under a changed order policy, as after a restart with another crossdock.toml."""
    scene.joined.policy = replace(scene.joined.policy, orders=replace(scene.joined.policy.orders, **orders))
    if scene.joined.stock is not None:
        scene.joined.stock = scene.joined._stock(scene.joined.stock.policy, scene.joined._clock)
    return scene
