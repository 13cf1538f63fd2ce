"""Plans are exact or refused, and each set of a batch goes by the lane that avoids the most harm per call."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.domain.demand import prior
from crossdock.domain.ids import SellerSku
from crossdock.domain.on_sale import OnSale
from crossdock.domain.plan import (
    Harm,
    Plan,
    PlannedSet,
    WaitingSet,
    check_safe,
    choose_lane,
    encode_plan,
    parse_plan,
    planned,
    waiting_set,
    zeroes_allowed,
)
from crossdock.domain.sellable import LeaveListed, SetListed
from crossdock.domain.stock import Hold
from crossdock.domain.stock_record import SentSet, StockRecord
from crossdock.errors import DataError, UnsafePlan

NOW = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
MUG, TEA = SellerSku("MUG-BLUE"), SellerSku('a/b "ü" 杯')
DAY_S = 86_400.0
HOUR_S = 3600.0
PLAN = Plan("eu", NOW, 900, 100, (PlannedSet(MUG, 10, 0, 0), PlannedSet(TEA, 0, 7, 12)))


def a_set(sku: str = "S", listed: int = 100, quantity: int = 1000, **more: Any) -> WaitingSet:
    """A raise of a SKU that sells one unit a day and has a hundred on sale."""
    return WaitingSet(SellerSku(sku), listed, quantity, **{"unit_s": DAY_S} | more)


def many(number: int, **what: Any) -> list[WaitingSet]:
    """So many of them."""
    return [a_set(f"S{n:04}", **what) for n in range(number)]


def by_feed(waiting: list[WaitingSet], *, gathered: int = 0, feeds_open: bool = True) -> int:
    """How many of them go by feed."""
    return list(choose_lane(waiting, gathered=gathered, feeds_open=feeds_open).values()).count("feed")


# --- lanes


@pytest.mark.parametrize(
    ("waiting", "harm"),
    [
        (a_set(quantity=0), Harm.OVERSOLD),
        (a_set(listed=0, quantity=0), Harm.OVERSOLD),
        (a_set(quantity=99), Harm.OVERSOLD),
        (a_set(listed=1, unit_s=HOUR_S), Harm.SOON_EMPTY),
        (a_set(listed=2, unit_s=HOUR_S), Harm.LITTLE),
        (a_set(listed=0), Harm.SOLD_OUT),
        (a_set(listed=0, first=True), Harm.LITTLE),
        (a_set(), Harm.LITTLE),
    ],
)
def test_harm_that_a_set_avoids(waiting: WaitingSet, harm: Harm) -> None:
    """Units sold twice, then soon nothing on sale, then nothing on sale although it sold before; a first load and the well stocked wait."""
    assert waiting.harm is harm


def test_turns_go_by_harm() -> None:
    """Whatever order they come in: what may oversell, soonest empty, sold out and selling fastest, the rest."""
    turns = [
        a_set("lowered", quantity=50, unit_s=60.0),
        a_set("zero", quantity=0),
        a_set("empty in a minute", listed=1, unit_s=60.0),
        a_set("empty in an hour", listed=1, unit_s=HOUR_S),
        a_set("sold out, sells hourly", listed=0, unit_s=HOUR_S),
        a_set("sold out, sells daily", listed=0),
        a_set("first, sells hourly", listed=0, unit_s=HOUR_S, first=True),
        a_set("first, sells daily", listed=0, first=True),
        a_set("well stocked"),
    ]

    shuffled = [*turns[1::2], *turns[::2]]

    assert sorted(shuffled, key=lambda each: each.rank) == turns


def test_few_are_patched_and_many_fed() -> None:
    """What calls serve in a minute is patched; one more and all of it goes by feed."""
    assert by_feed(many(300)) == 0
    assert by_feed(many(301)) == 301


def test_a_few_more_join_the_feed_that_gathers() -> None:
    """A feed that goes anyhow takes them for nothing."""
    assert by_feed(many(10), gathered=290) == 0
    assert by_feed(many(10), gathered=291) == 10


def test_no_feed_while_one_is_late() -> None:
    """Behind a queue that stands still nothing is put."""
    assert by_feed(many(1000), feeds_open=False) == 0


def test_sold_out_are_patched_as_far_as_calls_go() -> None:
    """They lose sales now: the fastest selling take the minute's calls, and only the others wait for the feed."""
    fast = [a_set(f"F{n:03}", listed=0, unit_s=60.0) for n in range(250)]
    slow = [a_set(f"W{n:03}", listed=0) for n in range(250)]

    lanes = choose_lane([*slow, *fast], gathered=0, feeds_open=True)

    assert {lanes[each.seller_sku] for each in fast} == {"patch"}
    assert [lanes[each.seller_sku] for each in slow].count("feed") == 200


def test_hurried_sets_take_calls_from_the_others() -> None:
    """Three hundred that are soon empty fill the minute: one more that is not goes by feed."""
    hurried = [a_set(f"H{n:03}", listed=1, unit_s=60.0) for n in range(300)]

    assert by_feed(hurried) == 0
    assert by_feed([*hurried, a_set()]) == 1


WAITING = st.builds(
    WaitingSet,
    seller_sku=st.integers(0, 10**9).map(lambda number: SellerSku(f"S{number}")),
    listed=st.integers(0, 5),
    quantity=st.integers(0, 5),
    unit_s=st.floats(1.0, 1e6) | st.just(float("inf")),
    first=st.booleans(),
)


@given(st.lists(WAITING, unique_by=lambda each: each.seller_sku), st.integers(0, 1000), st.booleans())
def test_nothing_that_lowers_ever_waits_in_a_feed(waiting: list[WaitingSet], gathered: int, feeds_open: bool) -> None:  # noqa: FBT001
    """Whatever waits beside it, a 0 or a lowering is patched, and so is what is soon empty; each SKU has one lane."""
    lanes = choose_lane(waiting, gathered=gathered, feeds_open=feeds_open)

    assert lanes.keys() == {each.seller_sku for each in waiting}
    assert {lanes[each.seller_sku] for each in waiting if each.harm <= Harm.SOON_EMPTY} <= {"patch"}


def test_waiting_set_knows_how_fast_it_sells() -> None:
    """From the record: its demand, and whether anything was ever sent of it."""
    record = StockRecord(on_sale=OnSale(Hold(4, 4)), demand=prior(1.0, 1.0))
    sent = replace(record, demand=None, sent=SentSet(4, NOW))

    first = waiting_set(PlannedSet(MUG, 4, 9, 9), record)
    later = waiting_set(PlannedSet(MUG, 4, 9, 9), sent)

    assert (first.listed, first.quantity, first.first) == (4, 9, True)
    assert first.unit_s == pytest.approx(DAY_S, rel=0.5)
    assert (later.unit_s, later.first) == (float("inf"), False)


# --- plans


def test_plan_is_read_as_it_was_written() -> None:
    """Through its file and back, odd SKUs included."""
    assert parse_plan(encode_plan(PLAN)) == PLAN


@pytest.mark.parametrize(
    "changed",
    [
        {"quantity": 1},
        {"listed": 11},
        {"available": 1},
        {"seller_sku": "MUG-RED"},
    ],
)
def test_plan_that_was_changed_is_refused(changed: dict[str, object]) -> None:
    """One number or name that is not what was shown: a new plan must be made."""
    body = json.loads(encode_plan(PLAN))
    body["changes"][0] |= changed

    with pytest.raises(DataError, match="changed after it was made"):
        parse_plan(json.dumps(body))


@pytest.mark.parametrize("field", ["connection_id", "made_at", "looked_at", "listed", "changes"])
def test_plan_that_lacks_a_part_is_refused(field: str) -> None:
    """Its checksum is of everything in it."""
    body = json.loads(encode_plan(PLAN))
    del body[field]

    with pytest.raises(DataError):
        parse_plan(json.dumps(body))


@given(st.integers(0, len(encode_plan(PLAN)) - 3))
def test_plan_that_is_cut_off_is_refused(length: int) -> None:
    """Wherever it breaks off."""
    with pytest.raises(DataError):
        parse_plan(encode_plan(PLAN)[:length])


@pytest.mark.parametrize("text", ["", "[]", "7", "null", '{"checksum": "x"}', "[" * 5])
def test_what_is_no_plan_is_refused(text: str) -> None:
    """Other files are told as such."""
    with pytest.raises(DataError):
        parse_plan(text)


def test_plan_of_another_format_is_refused() -> None:
    """A plan of a later program, whose numbers may mean something else."""
    with pytest.raises(DataError):
        parse_plan(encode_plan(PLAN).replace('"format": 1', '"format": 2'))


def zeroing(number: int, *, listed: int = 100) -> Plan:
    """A plan that takes so many SKUs off sale."""
    return replace(PLAN, listed=listed, changes=tuple(PlannedSet(SellerSku(f"S{n}"), 5, 0, 0) for n in range(number)))


def test_too_many_zeroes_are_unsafe() -> None:
    """Ten of a hundred may go where ten per cent are allowed; the eleventh stops the plan, and the message counts."""
    check_safe(zeroing(10), max_percent=10, changes_min=5)

    with pytest.raises(UnsafePlan, match="11 of 100 listed SKUs would be set to 0, the policy allows 10"):
        check_safe(zeroing(11), max_percent=10, changes_min=5)


def test_small_shop_may_sell_out() -> None:
    """However few are listed, some may always go."""
    check_safe(zeroing(5, listed=5), max_percent=10, changes_min=5)

    assert zeroes_allowed(0, max_percent=10, changes_min=5) == 5


def test_zero_of_what_is_not_listed_endangers_nothing() -> None:
    """Only what is on sale can be taken off it."""
    assert replace(PLAN, changes=(PlannedSet(MUG, 0, 0, 0),)).zeroes == 0


def test_decision_that_sends_nothing_is_no_change() -> None:
    """A change is what is sent, with what it was decided from."""
    record = StockRecord(on_sale=OnSale(Hold(4, 4)), available=9)

    assert planned(MUG, record, LeaveListed(9, 0, 0, "enough is live")) is None
    assert planned(MUG, record, SetListed(9, 0, 0)) == PlannedSet(MUG, 4, 9, 9)
