"""One connection, wired: the doors of both platforms, the store of its rows, and each flow bound to what it touches.

Part of the composition root (`start_up.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from crossdock import doors, events
from crossdock.amazon.notifications import hear
from crossdock.commercetools.customers import Customers
from crossdock.commercetools.orders import Orders
from crossdock.commercetools.products import Products
from crossdock.commercetools.provision import Channels, Provision
from crossdock.domain.desk import OrderSheet
from crossdock.domain.ids import AmazonOrderId, OrderNumber
from crossdock.domain.order import AmazonOrder, ReadOrder
from crossdock.domain.record import Record
from crossdock.domain.retention import erase_at, may_hold_personal_data, needs_address
from crossdock.domain.stock_policy import StockPolicy
from crossdock.domain.timeline import Outcome
from crossdock.doors import Outside
from crossdock.engine.drain import BATCHES_MAX, Flow, Report, drain, tell
from crossdock.engine.schedule import INGEST
from crossdock.errors import ConfigError, DataError
from crossdock.flows.erase_personal_data import erase_personal_data
from crossdock.flows.ingest_orders import (
    CURSOR,
    PAGES_MAX,
    OrderRecord,
    discover_changed,
    discover_orders,
    ingest_order,
)
from crossdock.flows.read_recipients import BatchRecipients, personal_by_order
from crossdock.joined_checks import OrderChecks
from crossdock.joined_stock import JoinedStock
from crossdock.joins import join_finance, join_payments, join_stock
from crossdock.policy import ConnectionPolicy, with_its_own
from crossdock.ports import Clock
from crossdock.settings import ConnectionSecrets
from crossdock.store.cursors import Cursors
from crossdock.store.database import Database
from crossdock.store.days import save_day
from crossdock.store.links import Links
from crossdock.store.personal_data import PersonalDataStore
from crossdock.store.rates import Rates
from crossdock.store.records import Inbox
from crossdock.store.sheets import find_order
from crossdock.store.snapshots import arrival, decode_order
from crossdock.store.vault import Vault


class Joined:
    """One seller account joined to one project."""

    def __init__(
        self,
        policy: ConnectionPolicy,
        secrets: ConnectionSecrets,
        *,
        database: Database,
        master_keys: Sequence[bytes],
        owners: dict[str, str],
        outside: Outside,
    ) -> None:
        """Wire everything; no call is made yet."""
        policy = with_its_own(policy)
        self.policy = policy
        self.connection_id = policy.connection_id
        self._clock = outside.clock
        self._database = database
        self._secrets = secrets
        self._owners = owners
        self._http = outside.http()
        self._lock = partial(database.lock, f"{policy.connection_id}/{INGEST}")
        self.rates = Rates(database, policy.connection_id)
        self.inbox = Inbox(database, policy.connection_id, INGEST, owners)
        self.links = Links(database, policy.connection_id, INGEST)
        self.cursors = Cursors(database, policy.connection_id)
        self.vault = Vault(PersonalDataStore(database, policy.connection_id, master_keys))
        self.amazon = doors.amazon_orders(self._http, policy, secrets, rates=self.rates, clock=self._clock)
        self.commercetools = doors.commercetools(self._http, policy, secrets, clock=self._clock)
        channels = Channels(self.commercetools, [policy.orders.sync_channel] if policy.orders.sync_channel else [])
        self.orders = Orders(self.commercetools, Customers(self.commercetools), channels.key_of)
        self.products = Products(self.commercetools, outside.clock)
        self.recipients = BatchRecipients(self.amazon, self.vault, take_in=self.take_in, clock=outside.clock)
        self._decoded: dict[str, AmazonOrder | None] = {}
        self.checks = self._checks()
        self.stock = None if policy.stock is None else self._stock(policy.stock, outside.clock)
        self.finance = join_finance(
            policy, secrets, database=database, owners=owners, http=self._http, clock=outside.clock
        )
        self.payments = join_payments(
            policy,
            database=database,
            owners=owners,
            commercetools=self.commercetools,
            searched_until=self.searched_until,
            clock=outside.clock,
        )

    def _checks(self) -> OrderChecks:
        """The checks over many orders."""
        return OrderChecks(
            amazon=self.amazon,
            orders=self.orders,
            inbox=self.inbox,
            links=self.links,
            cursors=self.cursors,
            take_in=self.take_in,
            save_day=lambda check, at: save_day(self._database, self.connection_id, check, at),
            number_prefix=lambda: self.policy.orders.number_prefix,
            clock=self._clock,
        )

    def _stock(self, policy: StockPolicy, clock: Clock) -> JoinedStock:
        """The stock of this connection, where the merchant gave it to us."""
        return join_stock(
            self.policy,
            policy,
            self._secrets,
            database=self._database,
            owners=self._owners,
            http=self._http,
            commercetools=self.commercetools,
            searched_until=self.searched_until,
            clock=clock,
        )

    def close(self) -> None:
        """Give the sockets back."""
        self._http.close()

    def discover(self, *, urgent: bool = True) -> int:
        """Fetch what changed on Amazon since the mark; answers how many records are news. `urgent`: before all other searches."""
        news = restarts = 0
        for _ in range(PAGES_MAX):
            now = self._clock()
            import_from = self.policy.orders.import_from
            found = discover_orders(self.cursors, amazon=self.amazon, import_from=import_from, now=now, urgent=urgent)
            fresh = self.take_in(found.orders)
            self.cursors.save(CURSOR, found.position, now)
            news += fresh
            if found.dead_token is not None:
                restarts += 1
                # A fresh token that is refused did not die of age: somebody must know, and the calls are too rare to go on like this.
                if restarts > 1:
                    raise found.dead_token
            events.emit("orders.discovered", orders=len(found.orders), news=fresh, finished=found.finished)
            if found.finished:
                break
        return news

    def searched_until(self) -> datetime | None:
        """Up to when the ordinary search has seen everything; None before its first run."""
        position = self.cursors.find(CURSOR)
        return datetime.fromisoformat(position["mark"]) if position else None

    def take_in(self, reads: Sequence[ReadOrder]) -> int:
        """Put orders in the inbox and what belongs to their buyers under seal; answers how many are news."""
        now = self._clock()
        # Of an order that is never imported, nothing is needed of its buyer; of one whose day of erasure is over, nothing comes back.
        covered = [
            r for r in reads if r.order and self.policy.orders.covers(r.order) and erase_at(r.order).date() > now.date()
        ]
        self.vault.save(personal_by_order(covered), now)
        self._reschedule([read.order for read in reads if read.order is not None])
        news = self.inbox.put([arrival(read, now) for read in reads], now)
        if self.stock is not None:
            # Whatever was news: what was killed between the two is sold all the same.
            self.stock.take_in([read.order for read in reads if read.order is not None])
        return news

    def _reschedule(self, orders: Sequence[AmazonOrder]) -> None:
        """Bring forward the day of erasure of what nothing is shipped to any more."""
        done = [order for order in orders if order.fulfilled_by == "MERCHANT" and not may_hold_personal_data(order)]
        if done:
            self.vault.reschedule({order.order_id: erase_at(order).date() for order in done}, self._clock())

    def take_notifications(self, messages: Sequence[bytes]) -> tuple[int, int]:
        """Read again what notifications hint at; answers how many records are news, and how many feeds have ended. An unreadable one is logged and dropped."""
        heard = hear(messages, self.policy.amazon.seller_id)
        for fault in heard.unreadable:
            events.emit("notification.unreadable", where=fault.where, what=fault.what)
        news = self.take_in(discover_changed(heard.order_ids, amazon=self.amazon)) if heard.order_ids else 0
        if self.stock is not None and heard.quantities:
            news += self.stock.take_quantity_changes(heard.quantities)
        events.emit("orders.notified", messages=len(messages), news=news)
        return news, len(heard.feed_ids)

    def check_prefix(self) -> None:
        """ConfigError where orders were imported under another prefix: under a new number each would be imported once more."""
        if not self.links.is_numbered(self.policy.orders.number_prefix):
            where = f"connection {self.connection_id}: orders.number_prefix"
            raise ConfigError([f"{where}: was fixed with the first import and cannot be changed; set it back"])

    def drain(self, *, batches: int = BATCHES_MAX) -> Report:
        """Run the due orders through the flow."""
        self.check_prefix()
        flow = Flow(INGEST, run=self.run_record, prepare=self.prepare)
        report = drain(flow, inbox=self.inbox, lock=self._lock, clock=self._clock, batches=batches)
        tell(INGEST, report)
        return report

    def prepare(self, batch: Sequence[Record]) -> None:
        """One query for the batch's SKUs, one for its sealed addresses, and pages of addresses when many are wanting."""
        self._decoded = {record.record_id: decode_order(record.snapshot) for record in batch}
        orders = [order for order in self._decoded.values() if order is not None]
        linked = {AmazonOrderId(record.record_id) for record in batch if record.link is not None}
        # What a run sealed while the news of its order arrived was not there to be rescheduled.
        self._reschedule(orders)
        skus = frozenset(self.policy.orders.commerce_sku(sku) for order in orders for sku in order.skus())
        self.products.find_variants(skus)
        to_address = [order for order in orders if needs_address(order) and self.policy.orders.covers(order)]
        self.recipients.read_ahead(to_address, linked)

    def run_record(self, record: Record) -> Outcome:
        """One record through the flow."""
        order = (
            self._decoded.pop(record.record_id, None)
            or decode_order(record.snapshot)
            or self._read_again(AmazonOrderId(record.record_id))
        )
        return ingest_order(
            OrderRecord(order, record.link, maybe_written=record.attempts > 0),
            orders=self.orders,
            catalog=self.products,
            recipients=self.recipients,
            policy=self.policy.orders,
            now=self._clock(),
        )

    def sheet(self, order_id: AmazonOrderId) -> OrderSheet | None:
        """All that is known of one order; None where it is not in the inbox."""
        return find_order(self._database, [self.connection_id], self.connection_id, order_id)

    def order_number(self, order_id: AmazonOrderId) -> OrderNumber:
        """The order number an Amazon order has, or would have, in commercetools."""
        return OrderNumber(self.policy.orders.number_prefix + order_id)

    def erase(self) -> tuple[list[AmazonOrderId], list[str]]:
        """Erase what is due on both sides, and seal what stays under the newest master key."""
        now = self._clock()
        self.vault.renew_seals()
        erased, certificates = erase_personal_data(
            vault=self.vault,
            orders=self.orders,
            inbox=self.inbox,
            cursors=self.cursors,
            lock=self._lock,
            order_number=self.order_number,
            now=now,
        )
        if erased:
            events.emit("personal_data.erased", records=len(erased), certificates=len(certificates))
        return erased, certificates

    def import_one(self, order_id: AmazonOrderId, *, again: bool = False) -> bool:
        """Read one order now and make it due; False where Amazon does not know it. `again`: although it was imported and deleted."""
        read = self.amazon.get(order_id, with_recipient=False)
        if read is None:
            return False
        self.take_in([read])
        if again:
            self.links.unlink(order_id)
        self.inbox.wake([order_id], self._clock())
        return True

    def provision(self, *, dry_run: bool) -> list[str]:
        """Create what is missing in the project; the steps in words."""
        client = doors.commercetools(self._http, self.policy, self._secrets, clock=self._clock, setup=True)
        policy, stock = self.policy.orders, self.policy.stock
        of_stock = stock.channel_keys() if stock else []
        steps = Provision(client).ensure(
            order_type=policy.order_type,
            line_type=policy.line_type,
            supply_channels=list(dict.fromkeys(key for key in (policy.supply_channel, *of_stock) if key)),
            sync_channel=policy.sync_channel,
            dry_run=dry_run,
            stock_type=stock.stock_type if stock else None,
            messages=stock is not None,
        )
        return [step.what for step in steps]

    def _read_again(self, order_id: AmazonOrderId) -> AmazonOrder:
        """An order whose snapshot could not be read, from Amazon once more."""
        read = self.amazon.get(order_id, with_recipient=False)
        if read is None or read.order is None:
            raise (read.problem if read and read.problem else DataError("order", "Amazon does not know it"))
        self.take_in([read])
        return read.order
