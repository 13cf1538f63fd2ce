"""One connection, wired: the doors of both platforms, the store of its rows, and each flow bound to what it touches.

Part of the composition root (`start_up.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from crossdock import doors, events
from crossdock.amazon.notifications import parse_notification
from crossdock.commercetools.customers import Customers
from crossdock.commercetools.orders import Orders
from crossdock.commercetools.products import Products
from crossdock.commercetools.provision import Channels, Provision
from crossdock.domain.case import Case
from crossdock.domain.day_check import DayCheck
from crossdock.domain.desk import OrderSheet
from crossdock.domain.ids import AmazonOrderId, OrderNumber
from crossdock.domain.order import AmazonOrder, PersonalData, ReadOrder
from crossdock.domain.record import Record
from crossdock.domain.retention import erase_at, may_hold_personal_data, needs_address
from crossdock.domain.timeline import Outcome
from crossdock.doors import Outside
from crossdock.engine.drain import Flow, Report, drain
from crossdock.errors import ConfigError, DataError
from crossdock.flows.check_days import check_day
from crossdock.flows.erase_personal_data import erase_personal_data
from crossdock.flows.ingest_orders import (
    CURSOR,
    PAGES_MAX,
    OrderRecord,
    discover_changed,
    discover_orders,
    ingest_order,
)
from crossdock.flows.read_recipients import discover_recipients, personal_by_order, read_recipient
from crossdock.policy import ConnectionPolicy
from crossdock.settings import ConnectionSecrets
from crossdock.store.cursors import Cursors
from crossdock.store.database import Database
from crossdock.store.days import save_day
from crossdock.store.personal_data import PersonalDataStore
from crossdock.store.rates import Rates
from crossdock.store.records import Inbox
from crossdock.store.sheets import find_order
from crossdock.store.snapshots import arrival, decode_order
from crossdock.store.vault import Vault

INGEST = "ingest_orders"


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
        self.policy = policy
        self.connection_id = policy.connection_id
        self._clock = outside.clock
        self._database = database
        self._secrets = secrets
        self._http = outside.http()
        self.rates = Rates(database, policy.connection_id)
        self.inbox = Inbox(database, policy.connection_id, INGEST, owners)
        self.cursors = Cursors(database, policy.connection_id)
        self.vault = Vault(PersonalDataStore(database, policy.connection_id, master_keys))
        self.amazon = doors.amazon_orders(self._http, policy, secrets, rates=self.rates, clock=self._clock)
        self.commercetools = doors.commercetools(self._http, policy, secrets, clock=self._clock)
        channels = Channels(self.commercetools, [policy.orders.sync_channel] if policy.orders.sync_channel else [])
        self.orders = Orders(self.commercetools, Customers(self.commercetools).id_of, channels.key_of)
        self.products = Products(self.commercetools, outside.clock)
        self._decoded: dict[str, AmazonOrder | None] = {}
        self._held: dict[AmazonOrderId, PersonalData] = {}

    def close(self) -> None:
        """Give the sockets back."""
        self._http.close()

    def discover(self) -> int:
        """Fetch what changed on Amazon since the mark; answers how many records are news."""
        news = restarts = 0
        for _ in range(PAGES_MAX):
            now = self._clock()
            found = discover_orders(
                self.cursors, amazon=self.amazon, import_from=self.policy.orders.import_from, now=now
            )
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
        # Of an order that is never imported, nothing is needed of its buyer.
        covered = [read for read in reads if read.order is not None and self.policy.orders.covers(read.order)]
        self.vault.save(personal_by_order(covered), now)
        done = [read.order for read in reads if read.order is not None and not may_hold_personal_data(read.order)]
        self.vault.reschedule(
            {order.order_id: erase_at(order).date() for order in done if order.fulfilled_by == "MERCHANT"}, now
        )
        return self.inbox.put([arrival(read, now) for read in reads], now)

    def take_notifications(self, messages: Sequence[bytes]) -> int:
        """Read again what notifications hint at; an unreadable one is logged and dropped, because the sweep finds its order too."""
        order_ids: list[AmazonOrderId] = []
        for message in messages:
            try:
                changed = parse_notification(message)
            except DataError as fault:
                events.emit("notification.unreadable", where=fault.where, what=fault.what)
                continue
            if changed is not None and changed.seller_id == self.policy.amazon.seller_id:
                order_ids.append(changed.order_id)
        news = self.take_in(discover_changed(order_ids, amazon=self.amazon)) if order_ids else 0
        events.emit("orders.notified", messages=len(messages), news=news)
        return news

    def check_prefix(self) -> None:
        """ConfigError where orders were imported under another prefix: under a new number each would be imported once more."""
        if not self.inbox.is_numbered(self.policy.orders.number_prefix):
            where = f"connection {self.connection_id}: orders.number_prefix"
            raise ConfigError([f"{where}: was fixed with the first import and cannot be changed; set it back"])

    def drain(self, *, batches: int | None = None) -> Report:
        """Run the due orders through the flow."""
        self.check_prefix()
        flow = Flow(INGEST, run=self.run_record, prepare=self.prepare)
        limits = {} if batches is None else {"batches": batches}
        report = drain(
            flow,
            inbox=self.inbox,
            lock=lambda: self._database.lock(f"{self.connection_id}/{INGEST}"),
            clock=self._clock,
            **limits,
        )
        if report.busy:
            events.emit("drain.busy", flow=INGEST)
        elif report.settled or report.put_back or report.cases:
            events.emit(
                "drain.finished",
                flow=INGEST,
                settled=report.settled,
                put_back=report.put_back,
                cases=report.cases,
                lost_lock=report.lost_lock,
            )
        for place in report.mistakes:
            events.emit("record.our_mistake", flow=INGEST, place=place)
        return report

    def prepare(self, batch: Sequence[Record]) -> None:
        """One query for the batch's SKUs, one for its sealed addresses, and pages of addresses when many are wanting."""
        self._decoded = {record.record_id: decode_order(record.snapshot) for record in batch}
        orders = [order for order in self._decoded.values() if order is not None]
        linked = {record.record_id for record in batch if record.link is not None}
        to_address = [
            order
            for order in orders
            if needs_address(order) and self.policy.orders.covers(order) and order.order_id not in linked
        ]
        self._held = dict(self.vault.find([order.order_id for order in to_address]))
        skus = frozenset(self.policy.orders.commerce_sku(sku) for order in orders for sku in order.skus())
        self.products.find_variants(skus)
        wanting = [
            order for order in to_address if (held := self._held.get(order.order_id)) is None or held.recipient is None
        ]
        if discover_recipients(wanting, amazon=self.amazon, vault=self.vault, now=self._clock()):
            self._held = dict(self.vault.find([order.order_id for order in to_address]))

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
            recipients=self,
            policy=self.policy.orders,
            now=self._clock(),
        )

    def find(self, order: AmazonOrder) -> PersonalData:
        """Where an order goes: read ahead for the batch, else from Amazon (the port `Recipients`)."""
        return read_recipient(order, amazon=self.amazon, vault=self.vault, held=self._held, now=self._clock())

    def sheet(self, order_id: AmazonOrderId) -> OrderSheet | None:
        """All that is known of one order; None where it is not in the inbox."""
        return find_order(self._database, [self.connection_id], self.connection_id, order_id)

    def order_number(self, order_id: AmazonOrderId) -> OrderNumber:
        """The order number an Amazon order has, or would have, in commercetools."""
        return OrderNumber(self.policy.orders.number_prefix + order_id)

    def erase(self) -> tuple[list[AmazonOrderId], list[str]]:
        """Erase what is due on both sides."""
        erased, certificates = erase_personal_data(
            vault=self.vault, orders=self.orders, inbox=self.inbox, order_number=self.order_number, now=self._clock()
        )
        if erased:
            events.emit("personal_data.erased", records=len(erased), certificates=len(certificates))
        return erased, certificates

    def check_day(self, day: date) -> DayCheck:
        """Prove one closed day, page by page as Amazon's rate allows; what was missing is in the inbox afterwards, with a case."""
        name = f"orders.day.{day.isoformat()}"
        check = None
        for _ in range(PAGES_MAX):
            position = self.cursors.find(name) or {}
            check = check_day(
                day, position, amazon=self.amazon, inbox=self.inbox, orders=self.orders, order_number=self.order_number
            )
            now = self._clock()
            # The case first: once the order is in the inbox, a run that was killed would not find it missing any more.
            for read in check.missing:
                self.inbox.raise_case(read.record_id, Case("order.missing", {"day": day.isoformat()}), now)
            self.take_in(check.missing)
            self.inbox.wake(check.vanished, now)
            self.cursors.save(name, check.position or {}, now)
            if check.position is None:
                break
        assert check is not None, "a day check reads at least one page"
        return check

    def note_day(self, check: DayCheck) -> None:
        """Keep the proof of a day, for the desk."""
        save_day(self._database, self.connection_id, check, self._clock())

    def check_fence(self) -> list[OrderNumber]:
        """FBA orders a warehouse would find; each is due at once, and its flow puts it back behind its fence."""
        found = self.orders.find_unfenced()
        prefix = self.policy.orders.number_prefix
        self.inbox.wake([number.removeprefix(prefix) for number in found], self._clock())
        events.emit("fence.checked", found=len(found))
        return found

    def import_one(self, order_id: AmazonOrderId, *, again: bool = False) -> bool:
        """Read one order now and make it due; False where Amazon does not know it. `again`: although it was imported and deleted."""
        read = self.amazon.get(order_id, with_recipient=False)
        if read is None:
            return False
        self.take_in([read])
        if again:
            self.inbox.unlink(order_id)
        self.inbox.wake([order_id], self._clock())
        return True

    def provision(self, *, dry_run: bool) -> list[str]:
        """Create what is missing in the project; the steps in words."""
        client = doors.commercetools(self._http, self.policy, self._secrets, clock=self._clock, setup=True)
        policy = self.policy.orders
        steps = Provision(client).ensure(
            order_type=policy.order_type,
            line_type=policy.line_type,
            supply_channel=policy.supply_channel,
            sync_channel=policy.sync_channel,
            dry_run=dry_run,
        )
        return [step.what for step in steps]

    def _read_again(self, order_id: AmazonOrderId) -> AmazonOrder:
        """An order whose snapshot could not be read, from Amazon once more."""
        read = self.amazon.get(order_id, with_recipient=False)
        if read is None or read.order is None:
            raise (read.problem if read and read.problem else DataError("order", "Amazon does not know it"))
        self.take_in([read])
        return read.order
