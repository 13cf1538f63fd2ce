"""A settlement of a million rows: parsed, booked, stored, verified; beside a scan by Polars and the script that people write on pandas.

Each part is a process of its own, so that its peak is its own. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NoReturn
from zoneinfo import ZoneInfo

from crossdock import events
from crossdock.amazon.settlement_file import read_settlement
from crossdock.domain.finance_policy import FinancePolicy
from crossdock.domain.ids import ConnectionId
from crossdock.domain.journal import Books, book
from crossdock.flows.reconcile_settlements import group_rows
from crossdock.joined_finance import AmazonMoney, JoinedFinance
from crossdock.policy_export import ExportPolicy
from crossdock.policy_finance import shipped_chart
from crossdock.store.database import Database, migrate
from crossdock.store.embedded import running
from crossdock.store.known_orders import KnownOrderStore
from crossdock.store.records import Inbox

ROWS = 1_000_000
SEED = 1
COLUMNS = (
    "settlement-id settlement-start-date settlement-end-date deposit-date total-amount currency transaction-type order-id merchant-order-id "
    "adjustment-id shipment-id marketplace-name amount-type amount-description amount fulfillment-id posted-date posted-date-time order-item-code "
    "merchant-order-item-id merchant-adjustment-item-id sku quantity-purchased promotion-id"
)
STARTS, ENDS = datetime(2026, 10, 20, tzinfo=UTC), datetime(2026, 11, 3, tzinfo=UTC)
PARTS = ("scan", "pandas", "book", "store", "verify")


def main() -> None:
    """Write the file, run each part, print what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--runs", type=int, default=3, help="of the short parts; the fastest counts")
    parser.add_argument("--part", choices=PARTS, help="one part, as a process of its own")
    parser.add_argument("--folder", type=Path)
    asked = parser.parse_args()
    events.silence()
    if asked.part:
        print(json.dumps(globals()[f"part_{asked.part}"](asked.folder)))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        size = write_settlement(folder / "settlement.txt", asked.rows)
        say(f"{asked.rows} rows, {size / 1e6:.0f} MB")
        took = {part: best(part, folder, asked.runs) for part in PARTS}
    report(asked.rows, took)


def report(rows: int, took: dict[str, dict[str, float]]) -> None:
    """The measurements as one line."""
    book, store, verify = took["book"], took["store"], took["verify"]
    line = {
        "rows": rows,
        "parse_book_s": round(book["s"], 2),
        "stored_s": round(store["s"], 2),
        "cpu_s": round(book["cpu_s"], 2),
        "verify_s": round(verify["s"], 2),
        "peak_mib": round(max(book["peak_mib"], store["peak_mib"])),
        "verify_peak_mib": round(verify["peak_mib"]),
        "ratio_to_scan": round(book["s"] / took["scan"]["s"], 2),
        "ratio_to_pandas": round(book["s"] / took["pandas"]["s"], 2),
    }
    print(json.dumps(line))


def best(part: str, folder: Path, runs: int) -> dict[str, float]:
    """The fastest run of a part; what takes a database is run once."""
    found = [run(part, folder) for _ in range(1 if part in {"store", "verify"} else runs)]
    fastest = min(found, key=lambda took: took["s"])
    say(f"{part}: {fastest['s']:.2f} s, {fastest['peak_mib']:.0f} MiB")
    return fastest


def run(part: str, folder: Path) -> dict[str, float]:
    """One part in a process of its own."""
    command = [sys.executable, "-m", "bench.settlements", "--part", part, "--folder", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - this very file
    if done.returncode:
        sys.exit(f"{part} failed:\n{done.stderr[-2000:]}")
    return dict(json.loads(done.stdout.splitlines()[-1]))


def measured(began: float) -> dict[str, float]:
    """Seconds since then, the process's own CPU, and its peak memory."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "s": time.perf_counter() - began,
        "cpu_s": usage.ru_utime + usage.ru_stime,
        "peak_mib": usage.ru_maxrss / 1024,
    }


def part_scan(folder: Path) -> dict[str, float]:
    """Polars reads all columns as text, and nothing else."""
    import polars as pl  # noqa: PLC0415 - loaded before the clock begins

    began = time.perf_counter()
    pl.read_csv(folder / "settlement.txt", separator="\t", quote_char=None, infer_schema=False)
    return measured(began)


def part_pandas(folder: Path) -> dict[str, float]:
    """The script that people write: read, drop the summary, sum by label."""
    import pandas as pd  # noqa: PLC0415 - loaded before the clock begins, and in no other part's memory

    began = time.perf_counter()
    frame = pd.read_csv(folder / "settlement.txt", sep="\t", dtype=str, quoting=3)
    rows = frame[frame["transaction-type"].notna()].copy()
    rows["amount"] = pd.to_numeric(rows["amount"])
    rows["posted"] = pd.to_datetime(rows["posted-date-time"], format="%Y-%m-%d %H:%M:%S UTC", utc=True)
    rows["month"] = rows["posted"].dt.tz_convert("Europe/Berlin").dt.strftime("%Y-%m")
    rows.groupby(["transaction-type", "amount-type", "amount-description", "marketplace-name", "month"])["amount"].sum()
    rows.groupby("order-id")["amount"].sum()
    return measured(began)


def part_book(folder: Path) -> dict[str, float]:
    """The file read without a guess, and its entries."""
    policy = FinancePolicy(Books(ZoneInfo("Europe/Berlin")), shipped_chart())
    began = time.perf_counter()
    with (folder / "settlement.txt").open("rb") as stream:
        file = read_settlement(stream, "settlement.txt")
    chart = policy.chart_on(file.settlement.ends_at)
    _, groups = group_rows(file.rows, chart, policy.books, ())
    book(file.settlement, groups, account_of=chart.account_of, books=policy.books)
    return measured(began)


def part_store(folder: Path) -> dict[str, float]:
    """All of it: bytes kept, rows and entries in PostgreSQL, certificate written for the next part."""
    (folder / "data").mkdir(exist_ok=True)
    with running(folder / "data") as server:
        migrate(server.owner_url, server.app_url)
        database = Database(server.app_url)
        database.open()
        books = books_in(database)
        began = time.perf_counter()
        with (folder / "settlement.txt").open("rb") as stream:
            done = books.import_file(stream, "settlement.txt")
        took = measured(began)
        assert done.outcome == "booked", done
        [certificate] = books.sheets.certificates_up_to(done.settlement_id)
        (folder / "audit").mkdir()
        (folder / "audit" / "1.json").write_bytes(certificate.document)
        database.close()
    (folder / "settlement.txt").rename(folder / "audit" / "settlement.txt")
    return took


def books_in(database: Database) -> JoinedFinance:
    """Books that nobody sends reports to."""
    connection_id = ConnectionId("bench")
    return JoinedFinance(
        FinancePolicy(Books(ZoneInfo("Europe/Berlin")), shipped_chart()),
        ExportPolicy(),
        AmazonMoney(Nobody(), Nobody(), Nobody()),
        database=database,
        connection_id=connection_id,
        inbox=Inbox(database, connection_id, "reconcile_settlements", {}),
        orders=KnownOrderStore(database, connection_id, "ingest_orders"),
        clock=lambda: datetime.now(UTC),
    )


class Nobody:
    """Amazon is not part of this measurement."""

    def settlements(self, *_: object) -> NoReturn:
        """Not asked."""
        raise AssertionError

    def since(self, *_: object) -> NoReturn:
        """Not asked."""
        raise AssertionError

    def transactions(self, *_: object) -> NoReturn:
        """Not asked."""
        raise AssertionError

    def download(self, *_: object) -> NoReturn:
        """Not asked."""
        raise AssertionError


def part_verify(folder: Path) -> dict[str, float]:
    """`crossdock-verify`, as an auditor runs it."""
    began = time.perf_counter()
    command = [str(Path(sys.executable).with_name("crossdock-verify")), str(folder / "audit")]
    subprocess.run(command, check=True, stdout=sys.stderr)  # noqa: S603 - our own program
    took = measured(began)
    return took | {"peak_mib": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024}


def write_settlement(path: Path, rows: int) -> int:
    """A V2 file of so many rows, two hundred thousand orders of five rows in a million; answers its size. The same seed makes the same file."""
    chance = random.Random(SEED)  # noqa: S311 - drawn from a seed, so that it can be repeated
    total, lines = 0, list[str]()
    for amount, line in _rows(chance, rows):
        total += amount
        lines.append(line)
    summary = ["28471003921", *(f"{at:%Y-%m-%d %H:%M:%S} UTC" for at in (STARTS, ENDS, ENDS)), _decimal(total), "EUR"]
    with path.open("w", newline="") as file:
        file.write("\t".join(COLUMNS.split()) + "\n" + "\t".join([*summary, *[""] * 18]) + "\n")
        file.writelines(lines)
    return path.stat().st_size


def _rows(chance: random.Random, count: int) -> Iterator[tuple[int, str]]:
    made = 0
    while made < count:
        order = f"{chance.randrange(302, 307):03d}-{chance.randrange(10**7):07d}-{chance.randrange(10**7):07d}"
        at = STARTS + timedelta(seconds=chance.randrange(14 * 86_400))
        price, refund = chance.randrange(500, 9_000), chance.random() < 0.05  # noqa: PLR2004 - one order in twenty
        tax, sign = price * 19 // 100, -1 if refund else 1
        told = (order, at, f"SKU-{chance.randrange(5_000):05d}-BLUE", str(chance.randrange(10**13, 10**14)))
        labels = (
            ("ItemPrice", "Principal", sign * price),
            ("ItemPrice", "Tax", sign * tax),
            ("ItemWithheldTax", "MarketplaceFacilitatorVAT-Principal", -sign * tax),
            ("ItemFees", "Commission", -sign * price * 15 // 100),
            ("ItemFees", "FBAPerUnitFulfillmentFee", -349),
        )
        for kind, what, amount in labels[: count - made]:
            made += 1
            yield amount, _line("Refund" if refund else "Order", (kind, what, _decimal(amount)), told)


def _line(transaction: str, label: tuple[str, str, str], told: tuple[str, datetime, str, str]) -> str:
    order, at, sku, item = told
    shipment = f"D{int(item) % 10**8:08d}Q"
    return (
        f"28471003921\t\t\t\t\t\t{transaction}\t{order}\t{order}\t\t{shipment}\tAmazon.de\t{label[0]}\t{label[1]}\t{label[2]}\tAFN\t"
        f"{at:%d.%m.%Y}\t{at:%Y-%m-%d %H:%M:%S} UTC\t{item}\t\t\t{sku}\t1\t\n"
    )


def _decimal(cents: int) -> str:
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02d}"


def say(line: str) -> None:
    """Progress, for a person."""
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
