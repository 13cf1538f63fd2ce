"""The stock of one connection, wired: what is sold is claimed, what moved is looked at, and what may be sold is set on Amazon.

Part of the composition root (`start_up.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from crossdock import events
from crossdock.amazon.notifications import QuantityChanged
from crossdock.commercetools.inventory import Inventory
from crossdock.commercetools.messages import Messages
from crossdock.domain.cover import covers_of
from crossdock.domain.ids import SellerSku
from crossdock.domain.order import AmazonOrder
from crossdock.domain.order_policy import OrderPolicy
from crossdock.domain.outlook import Outlook
from crossdock.domain.plan import Harm
from crossdock.domain.record import Record
from crossdock.domain.seller_names import SellerNames
from crossdock.domain.stock_policy import StockPolicy
from crossdock.domain.stock_record import sold_lines
from crossdock.domain.timeline import Outcome
from crossdock.engine.access import Refusal
from crossdock.engine.drain import Flow, Report, drain, tell
from crossdock.engine.schedule import PUSH
from crossdock.errors import RemoteError
from crossdock.flows.discover_stock import (
    Moved,
    discover_by_listing,
    discover_by_messages,
    discover_by_sweep,
    moved_by,
)
from crossdock.flows.fix_claims import check_claims, fix_claims
from crossdock.flows.known_stock import KnownStock
from crossdock.flows.measure_pace import measure_pace
from crossdock.flows.measure_share import measure_share
from crossdock.flows.plan_stock import BatchPlan, plan_batch
from crossdock.flows.push_stock import push_stock
from crossdock.flows.read_stock import BatchStock
from crossdock.flows.wake_for_peaks import wake_for_peaks
from crossdock.joined_comparison import Comparison
from crossdock.joined_delays import MeasuredDelays
from crossdock.joined_feeds import JoinedFeeds
from crossdock.joined_plan import StockPlans
from crossdock.joined_zeroes import ZeroLimit
from crossdock.ports import AmazonListings, Clock, Lock
from crossdock.store.cursors import Cursors
from crossdock.store.records import Inbox
from crossdock.store.stock import StockStore

PAUSED = "stock.paused"
# commercetools shows what an order took after up to ten seconds; a hint's lag is that, and this is for its own clock.
LAG_MARGIN = timedelta(seconds=1)
# So few have their calls at once, whoever is first.
TOGETHER_MIN = 5
# Whoever sells the same units as a SKU that a platform failed looks at them so much later: not at once, or two that fail would wake each other for ever.
SHARED_AGAIN = timedelta(minutes=1)


class JoinedStock:
    """Stock and quantities of one connection."""

    def __init__(
        self,
        policy: StockPolicy,
        orders: OrderPolicy,
        *,
        inbox: Inbox,
        cursors: Cursors,
        store: StockStore,
        inventory: Inventory,
        messages: Messages,
        listings: AmazonListings,
        feeds: JoinedFeeds,
        lock: Lock,
        our_client: str,
        searched_until: Callable[[], datetime | None],
        clock: Clock,
        connection_id: str,
    ) -> None:
        """`our_client`: the API client we write with; `searched_until`: up to when all orders are known."""
        self.policy = policy
        self._connection_id = connection_id
        self._orders = orders
        self._names = SellerNames(orders.sku_aliases)
        self.inbox = inbox
        self.store = store
        self.inventory = inventory
        self.listings = listings
        self.feeds = feeds
        self._cursors = cursors
        self._messages = messages
        self._lock = lock
        self._our_client = our_client
        self._searched_until = searched_until
        self._clock = clock
        covers = covers_of(connection_id)
        self._batch = BatchStock(inventory, store, policy=policy, names=self._names, clock=clock, covers=covers)
        self._refusal = Refusal("amazon", clock)
        self._searched: datetime | None = None
        self._paused = ""
        self._plan = BatchPlan({}, {})
        self._compared = False
        self._comparison = Comparison(listings=listings, store=store, inbox=inbox, cursors=cursors, clock=clock)
        self._outlook = Outlook()
        self._delays = MeasuredDelays(cursors, clock)
        self.plans = self._plans()
        self._zeroes = ZeroLimit(lambda: self.policy, store=store, cursors=cursors, inbox=inbox, clock=clock)

    def _plans(self) -> StockPlans:
        """Plans are decided from what the drain would see."""
        return StockPlans(
            self.policy,
            connection_id=self._connection_id,
            read_ahead=self._look_around,
            known=self._known,
            store=self.store,
            inbox=self.inbox,
            clock=self._clock,
        )

    def take_in(self, orders: Sequence[AmazonOrder]) -> int:
        """Note what was sold, and have those SKUs looked at now; answers how many there are. Repeating is safe."""
        fix_claims(self._cursors, claims_from=self.policy.claims_from, now=self._clock())
        noted = [
            order for order in orders if self._orders.covers(order) and order.created_at >= self.policy.claims_from
        ]
        news = self.store.note([line for order in noted for line in sold_lines(order)])
        if news:
            now = self._clock()
            self.inbox.expect(news, now, now)
            moved = [order for order in noted if not order.skus().isdisjoint(news)]
            self._delays.note("orders", [order.updated_at for order in moved])
        return len(news)

    def check_claims(self, imported_since: Callable[[datetime], bool] = lambda _: False) -> None:
        """ConfigError where units of orders would leave the stock twice, or never."""
        check_claims(
            self._cursors, self._connection_id, claims_from=self.policy.claims_from, imported_since=imported_since
        )

    def look_at(self, skus: Sequence[SellerSku]) -> None:
        """Have these looked at now, on both sides."""
        now = self._clock()
        self.store.want_reading(skus)
        self.inbox.expect(skus, now, now)

    def discover(self) -> tuple[int, bool]:
        """What messages tell; answers how many SKUs are to be looked at, and whether that was all."""
        now = self._clock()
        moved = discover_by_messages(self._cursors, messages=self._messages, our_client=self._our_client, now=now)
        return self._expect(moved, now)

    def take_messages(self, bodies: Sequence[bytes]) -> int:
        """What a subscription's queue delivered; answers how many SKUs are to be looked at."""
        return self._expect(moved_by(self._messages.hints_in(bodies), self._our_client), self._clock())[0]

    def sweep(self) -> tuple[int, bool]:
        """The same of what was modified lately, whatever messages told; and where the policy announces other peaks, of all they are about."""
        now = self._clock()
        wake_for_peaks(self._cursors, inbox=self.inbox, peaks=self.policy.peaks, skus=self.store.skus, now=now)
        return self._expect(discover_by_sweep(self._cursors, inventory=self.inventory, now=now), now)

    def list_all(self) -> tuple[int, bool]:
        """The same of the next stretch of everything."""
        now = self._clock()
        return self._expect(discover_by_listing(self._cursors, inventory=self.inventory, now=now), now)

    def list_amazon(self) -> tuple[int, bool]:
        """The next stretch of what Amazon lists, each a read of its SKU; answers how many, and whether that was all."""
        return self._comparison.go_on()

    def take_quantity_changes(self, changes: Sequence[QuantityChanged]) -> int:
        """Have Amazon asked for SKUs whose change says something new: a set is under way, or more is on sale than can be; answers how many."""
        held = self.store.find([change.seller_sku for change in changes])
        self._delays.note_told(held, changes)
        told = [
            change.seller_sku
            for change in changes
            if (record := held.get(change.seller_sku)) is not None
            and (record.on_sale.is_under_way() or change.quantity > record.on_sale.most)
        ]
        self.look_at(told)
        return len(told)

    def pause(self, reason: str) -> None:
        """No quantity is set any more; claims go on."""
        self._cursors.save(PAUSED, {"reason": reason, "since": self._clock().isoformat()}, self._clock())

    def resume(self) -> None:
        """Quantities are set again, and for an hour as many to 0 as it takes; every SKU whose set was held back is looked at now."""
        now = self._clock()
        self._cursors.save(PAUSED, {}, now)
        self._zeroes.let_go()
        self.inbox.wake_waiting(now)

    def paused(self) -> str:
        """Why nothing is set; empty while sets may go."""
        kept = self._cursors.find(PAUSED) or {}
        return f"paused: {kept['reason']}" if kept else ""

    def drain(self, *, batches: int, linger_s: float = 0.0) -> Report:
        """Look at every SKU that is due, or due so soon that it is worth waiting for."""
        self.check_claims()
        flow = Flow(
            PUSH,
            self.run_record,
            self.prepare,
            rejected="stock.rejected",
            rank=self._rank,
            unauthorized=self._refusal.note,
        )
        report = drain(flow, inbox=self.inbox, lock=self._lock, clock=self._clock, batches=batches, linger_s=linger_s)
        self._delays.keep()
        tell(PUSH, report)
        return report

    def follow_feeds(self) -> int:
        """Every feed one step further; answers how many there are."""
        return self.feeds.follow(may_send=not self.paused())

    def prepare(self, batch: Sequence[Record]) -> None:
        """One query for the batch's entries, one for what we hold, one for what was sold; and which of its sets go by which lane."""
        self._plan, self._paused = BatchPlan({}, {}), self.paused() or self._refusal.reason()
        self._look_around([SellerSku(record.record_id) for record in batch])
        if len(batch) > TOGETHER_MIN:
            self._plan = plan_batch(
                self._batch.ahead(searched_until=self._searched, outlook=self._outlook, paused=self._paused),
                rule_of=self.policy.rule_of,
                split_shipping=self.policy.split_shipping,
                gathered=self.feeds.gathered(),
                feeds_open=self.feeds.is_open(),
                now=self._clock(),
            )

    def _look_around(self, skus: Sequence[SellerSku]) -> None:
        """What the next SKUs are decided by, these read together. Also for a plan, which shows what would be sent if nothing were paused."""
        self._searched = self._searched_until()
        self._zeroes.count_anew()
        pace = measure_pace(
            self._cursors,
            sold=self.store.sold_between,
            calendar_of=self.policy.calendar_of,
            searched_until=self._searched,
            now=self._clock(),
        )
        share = measure_share(self._cursors, demands=self.store.demands, now=self._clock())
        self._outlook = Outlook(self._delays.now(), pace=pace, amazon_share=share)
        self._compared = self._compared or self._comparison.was_made()
        self._batch.read_ahead(skus)

    def run_record(self, record: Record) -> Outcome:
        """One SKU through the flow; while Amazon refuses us, its claims alone. Whoever sells the same units looks again: of our own writes no message tells."""
        sku = SellerSku(record.record_id)
        try:
            outcome = push_stock(
                sku,
                self._known(sku),
                inventory=self.inventory,
                listings=self.listings,
                stock=self.store,
                rule=self.policy.rule_of(sku),
                split_shipping=self.policy.split_shipping,
                clock=self._clock,
            )
        except RemoteError:
            self.inbox.expect(self._names.beside(sku), self._clock() + SHARED_AGAIN, self._clock())
            raise
        if outcome.events:
            self.inbox.expect(self._names.beside(sku), self._clock(), self._clock())
        return self._refusal.put_off(outcome)

    def _known(self, sku: SellerSku) -> KnownStock:
        known = self._batch.known(sku, searched_until=self._searched, outlook=self._outlook, paused=self._paused)
        known = replace(known, may_zero=self._zeroes.take, compared=self._compared, want_read=self._delays.want_read)
        if refused := self._refusal.reason():
            known = replace(known, refused=True, paused=known.paused or refused)
        return replace(known, lane=self._plan.lanes.get(sku, "patch"), note_shown=self._delays.note_shown)

    def _rank(self, record: Record) -> tuple[int, float]:
        """What is not planned to be sent needs no call of a set: it is looked at after those that do."""
        return self._plan.ranks.get(SellerSku(record.record_id), (len(Harm), 0.0))

    def _expect(self, moved: Moved, now: datetime) -> tuple[int, bool]:
        """Make SKUs due, each when what moved it will show."""
        self._delays.note("shop", moved.happened)
        by_lag: dict[timedelta, list[SellerSku]] = {}
        for sku, lag in moved.skus.items():
            by_lag.setdefault(lag + LAG_MARGIN if lag else lag, []).extend(self._names.of(sku))
        for lag, skus in by_lag.items():
            self.inbox.expect(skus, now + lag, now)
        found = sum(len(skus) for skus in by_lag.values())
        if found:
            events.emit("stock.discovered", skus=found, finished=moved.finished)
        return found, moved.finished
