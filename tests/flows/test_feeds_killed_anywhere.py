"""Feeds whose worker may die on any line: a feed that may exist is not created again, what was told is told once more, and every SKU ends listed right."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple, cast

import httpx2

from crossdock.domain.stock_policy import StockPolicy
from crossdock.doors import Outside
from crossdock.errors import RemoteError
from crossdock.joined import Joined
from crossdock.store.database import Database
from crossdock.twin.transport import transport
from tests.flows.auditor import all_kinds, rows, write
from tests.flows.conftest import a_name
from tests.flows.dying import DyingDatabase, Executioner, Killed
from tests.joined_twin import MASTER_KEY, START, Scene, Stage

RISK = StockPolicy(claims_from=START - timedelta(days=1), channels=("warehouse",))
GOODS = 6


@dataclass
class Shop:
    """Six SKUs whose raises go by feed, and a worker that dies once, in its drains of stock or while it follows feeds."""

    scene: Scene
    executioner: Executioner
    database: DyingDatabase
    died: int = 0

    def lived(self) -> Shop:
        """A worker at work for an hour, started again at once when it dies."""
        clock = self.scene.twin.world.clock
        ends_at = clock.now() + timedelta(hours=1)
        while clock.now() < ends_at:
            try:
                self._turn()
            except Killed:
                self.died += 1
                self._restart()
                continue
            self._wait()
        return self

    def _turn(self) -> None:
        self.executioner.looks = self.database.looks = True
        try:
            self.scene.stock.drain(batches=5)
            self.scene.stock.follow_feeds()
        except RemoteError as fault:
            self.scene.twin.world.record(f"refused.{type(fault).__name__}", 0)
        finally:
            self.executioner.looks = self.database.looks = False

    def _wait(self) -> None:
        """Until something is due; a minute where a feed is under way."""
        clock = self.scene.twin.world.clock
        again_at = clock.now() + timedelta(minutes=1 if self.scene.stock.feeds.book.under_way() else 20)
        due_at = self.scene.stock.inbox.next_due_at() or again_at
        clock.advance(max(min(due_at, again_at) - clock.now(), timedelta(seconds=1)))

    def _restart(self) -> None:
        """Another process: nothing is remembered that was not written down."""
        before, handle = self.scene.joined, self.executioner.stands_before(self.scene.twin.handle)
        before.close()
        self.scene.joined = Joined(
            before.policy,
            before._secrets,
            database=cast("Database", self.database),
            master_keys=[MASTER_KEY],
            owners={},
            outside=Outside(lambda: httpx2.Client(transport=transport(handle)), self.scene.twin.world.clock.now),
        )

    def end(self) -> dict[str, object]:
        """What an auditor would find."""
        self.scene.account.catch_up()
        records = self.scene.stock.store.find(self.scene.stock.store.skus()).values()
        return {
            "listed": [500 <= (each.quantity or 0) <= 1000 for each in self.scene.account.listings.by_sku.values()],
            "known": {each.on_sale.hold.live_max for each in records}
            == {each.quantity for each in self.scene.account.listings.by_sku.values()},
            "under way": sum(each.on_sale.is_under_way() for each in records),
            "created": min(1, len(self.scene.account.feeds.by_id)) == len(self.scene.account.feeds.by_id),
            "feeds": {row["stage"] for row in rows(self.scene, "select stage from feeds")},
            "cases": all_kinds(self.scene),
            "died": self.died,
        }


RIGHT_END = {
    "listed": [True] * GOODS,
    "known": True,
    "under way": 0,
    "created": True,
    "feeds": {"over"},
    "cases": [],
    "died": 1,
}


class Kill(NamedTuple):
    """Where the worker dies: at this call, or this transaction, before its effect or right after it."""

    call: int = 0
    transaction: int = 0
    after_effect: bool = False


def opened(stage: Stage, kill: Kill) -> Shop:
    """A shop that was looked at on both sides, with nothing for sale; a feed gathers already, so that six more cost it nothing."""
    executioner = Executioner(kill_at=kill.call, after_effect=kill.after_effect, looks=False)
    database = DyingDatabase(stage.database, kill_at=kill.transaction, after_effect=kill.after_effect, looks=False)
    scene = Stage(cast("Database", database)).scene(
        connection_id=a_name(), through=executioner.stands_before, stock=RISK
    )
    stage.scenes.append(scene)
    scene.merchant.stock_the_shop(GOODS - 4, quantity=1000, channel_key="warehouse")
    scene.merchant.list_goods(quantity=0)
    scene.joined.discover()
    scene.stock.list_all()
    scene.stock.list_amazon()
    values = "(%s, 'gathering', 300, %s)"
    statement = f"insert into feeds (connection_id, stage, size, made_at) values {values}"  # noqa: S608
    write(scene, statement, scene.joined.connection_id, scene.twin.world.clock.now())
    return Shop(scene, executioner, database)


def kills(what: str, count: int) -> Iterator[Kill]:
    """All of one kind."""
    for number in range(1, count + 1):
        for after_effect in (False, True):
            yield Kill(number, 0, after_effect) if what == "call" else Kill(0, number, after_effect)


def amiss(shop: Shop) -> dict[str, object]:
    """What is not as it must be; that nobody died is, because then the story shows nothing."""
    return {name: value for name, value in shop.lived().end().items() if value != RIGHT_END[name]}


def killed(stage: Stage, each: Iterable[Kill]) -> tuple[dict[Kill, object], int]:
    """The story once for each kill: what was amiss at the end of some, and in how many somebody died. Threads make one call more or one less of a story."""
    ends = {kill: amiss(opened(stage, kill)) for kill in each}
    return {kill: end for kill, end in ends.items() if end not in ({}, NOBODY_DIED)}, sum(
        end != NOBODY_DIED for end in ends.values()
    )


NOBODY_DIED = {"died": 0}


def test_killed_at_any_outside_call_every_sku_is_listed_right(shared_stage: Stage) -> None:
    """Each outside call from the gathering to the last read, before and after its effect: one feed's worth of sets, no case, nothing forgotten."""
    undisturbed = opened(shared_stage, Kill())
    found = amiss(undisturbed)
    calls = len(undisturbed.executioner.calls)

    ends, died = killed(shared_stage, kills("call", calls))

    assert found == NOBODY_DIED
    assert [call.rpartition("/")[2] for call in undisturbed.executioner.calls].count("feeds") == 1
    assert died >= 2 * (calls - 1) >= 20
    assert ends == {}


def test_killed_at_any_transaction_of_our_own_every_sku_is_listed_right(shared_stage: Stage) -> None:
    """Each transaction of the same story, before its commit and right after it."""
    undisturbed = opened(shared_stage, Kill())
    found = amiss(undisturbed)

    # The last ten are of turns with nothing to do.
    count = undisturbed.database.count - 10
    ends, died = killed(shared_stage, kills("transaction", count))

    assert found == NOBODY_DIED
    assert died >= 2 * (count - 10) >= 40
    assert ends == {}
