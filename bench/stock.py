"""Stock: a million SKUs decided about and written into feeds; how soon a change is accepted; how much of Amazon's rate is used; what idleness costs.

Beside each other in one run: the twin (both platforms, over HTTP), PostgreSQL, and the worker as `crossdock work` runs it. The million are decided on one
core of this process, from records as the store keeps them.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec

from bench.stock_at_work import Worked, at_work
from crossdock import events
from crossdock.amazon.feeds import feed_documents
from crossdock.domain import demand
from crossdock.domain.ids import SellerSku
from crossdock.domain.listed import SetQuantity
from crossdock.domain.on_sale import OnSale
from crossdock.domain.outlook import Outlook
from crossdock.domain.plan import planned
from crossdock.domain.sellable import StockRule
from crossdock.domain.stock import Hold
from crossdock.domain.stock_look import decide_listed
from crossdock.domain.stock_record import StockRecord

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
# So many different records, taken in turn: a prime, so that no pattern of the rest falls in step with it.
KINDS = 9973


def records(seed: int) -> list[bytes]:
    """Records as the store keeps them: most far from empty, some scarce, some sold out, some with a set under way, a tenth not listed as they should be."""
    chance = random.Random(seed)  # noqa: S311 - drawn, so that a run can be repeated
    return [msgspec.json.encode(_record(chance)) for _ in range(KINDS)]


def _record(chance: random.Random) -> StockRecord:
    a_day = chance.lognormvariate(0.0, 1.5)
    available = round(a_day * chance.uniform(0.0, 30.0))
    live = available if chance.random() < 0.9 else round(available * chance.uniform(0.0, 2.0))  # noqa: PLR2004 - a tenth
    raising = available + 1 if chance.random() < 0.02 else None  # noqa: PLR2004 - one of fifty
    hold = Hold(live + (raising or 0), live, raising)
    at_s = NOW.timestamp()
    return StockRecord(
        on_sale=OnSale(hold, at_s - 30.0 if raising else None, read_at_s=at_s - 3600.0),
        fulfilled_by="MERCHANT",
        managed=True,
        demand=demand.prior(a_day * 0.6, a_day * 0.4),
        looked_at=NOW,
        available=available,
    )


def decided(count: int, kinds: list[bytes]) -> Iterator[SetQuantity]:
    """What would be sent for so many SKUs."""
    decode = msgspec.json.Decoder(StockRecord).decode
    rule, outlook = StockRule(), Outlook()
    for number in range(count):
        sku = SellerSku(f"BENCH-{number:07d}")
        record = decode(kinds[number % KINDS])
        change = planned(sku, record, decide_listed(record, rule, outlook, NOW))
        if change is not None:
            yield SetQuantity(sku, change.quantity)


def million(count: int) -> dict[str, float]:
    """Decide, compare with what is listed, and write the feeds: seconds, and the most memory this process ever had."""
    kinds = records(seed=5)
    began = time.process_time()
    size = messages = 0
    for document in feed_documents("A1BENCHSELLER", decided(count, kinds)):
        size += len(document.body)
        messages += len(document.skus)
    seconds = time.process_time() - began
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{count} SKUs: {messages} changes, {size / 2**20:.0f} MiB of feeds, {seconds:.1f} s", file=sys.stderr)
    return {"skus": count, "seconds": round(seconds, 1), "peak_mib": round(peak_mib)}


def main() -> None:
    """Measure, tell on standard error, and print one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--skus", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=60.0, help="how long each part at work is watched")
    parser.add_argument("--decide-only", action="store_true", help="leave out the parts with twin and worker")
    asked = parser.parse_args()
    events.silence()
    figures = million(asked.skus)
    if not asked.decide_only:
        worked: Worked = at_work(asked.seconds)
        figures |= worked.figures()
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
