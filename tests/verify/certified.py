"""Settlement files and certificates in a few words, the means to change one thing in them, and to write them down.

Nothing here uses the verifier.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CHART = """\
# a comment
rule,transaction_type,amount_type,amount_description,account,account_name,kind,sign,order_related,order_mode,note
exact,order,Item Price,PRINCIPAL,sales.product,Sales,income,+,order,receivable.orders,
exact,Order,ItemPrice,Tax,tax.sales,Tax,tax,+,order,receivable.orders,
exact,Refund,ItemPrice,Principal,refunds.product,Refunds,income,-,order,receivable.orders,
exact,Refund,ItemPrice,Tax,tax.sales,Tax,tax,-,order,receivable.orders,
exact,Order,ItemFees,Commission,fees.selling,Fees,expense,-,order,fees.selling,
exact,Refund,ItemFees,Commission,fees.selling,Fees,expense,+,order,fees.selling,
exact,Order,Shipment-Fees,FBAPerOrderFulfillmentFee,fees.fulfilment,Fulfilment,expense,-,mcf,fees.fulfilment,
exact,ServiceFee,Cost of Advertising,TransactionTotalAmount,fees.advertising,Advertising,expense,-,no,fees.advertising,
exact,other-transaction,other-transaction,Subscription Fee,fees.account,Account,expense,-,no,fees.account,
regex,,,MarketplaceFacilitator(Tax|VAT)-.+,tax.marketplace,Tax withheld,tax,any,order,receivable.orders,
regex,,,current reserve amount,balance.reserve,Reserve,asset,-,no,balance.reserve,
regex,,,Previous Reserve Amount Balance,balance.reserve,Reserve,asset,+,no,balance.reserve,
regex,,,Payable to Amazon,balance.carried_over,Carried over,liability,-,no,balance.carried_over,
regex,FBAFees,.*Storage.*,.*,fees.storage,Storage,expense,any,no,fees.storage,
system,,,unknown,suspense,Suspense,balance,any,no,suspense,
"""
OWN_CHART = """\
rule,transaction_type,amount_type,amount_description,account,account_name,kind,sign,order_related,order_mode,note
exact,Gift,Gift,Gift,income.gifts,Gifts,income,+,no,income.gifts,
"""
HEADER = [
    *("settlement-id", "settlement-start-date", "settlement-end-date", "deposit-date", "total-amount", "currency"),
    *("transaction-type", "order-id", "marketplace-name", "amount-type", "amount-description", "amount"),
    *("posted-date", "posted-date-time", "sku"),
]


def a_line(cells: Sequence[str]) -> str:
    """A line of the file; what is not said is empty."""
    return "\t".join([*cells, *[""] * (len(HEADER) - len(cells))])


def a_row(
    settlement: str, label: str, amount: str, posted: str, *, order: str = "", at: str = "Amazon.de", day: str = ""
) -> str:
    """A row; `label` is the three labels, divided by `|`."""
    kind, amount_type, description = label.split("|")
    return a_line(
        [settlement, "", "", "", "", "", kind, order, at, amount_type, description, amount, day, posted, "MUG"]
    )


def a_posting(
    account: str, debit: int, lines: Iterable[int] = (), *, at: str = "", treatment: str = ""
) -> dict[str, Any]:
    """A posting of these lines; one of none is written by booking itself."""
    lines = list(lines)
    digest = hashlib.sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest() if lines else ""
    return {
        "account": account,
        "marketplace": at,
        "treatment": treatment,
        "debit": debit,
        "rows": len(lines),
        "rows_sha256": digest,
    }


def a_movement(before: int, moved: int, after: int) -> dict[str, int]:
    """A balance."""
    return {"before": before, "moved": moved, "after": after}


def some_orders(orders: dict[str, tuple[int, int]], amount: int, rest_rows: int, rest_amount: int) -> dict[str, Any]:
    """Sum and rows of each order."""
    text = "".join(f"{order}\t{total}\t{rows}\n" for order, (total, rows) in orders.items())
    return {
        "count": len(orders),
        "rows": sum(rows for _, rows in orders.values()),
        "amount": amount,
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
        "rest_rows": rest_rows,
        "rest_amount": rest_amount,
    }


@dataclass
class Settlement:
    """The text of a file, and what its certificate says but for the hashes, which come when all is written."""

    text: str
    certificate: dict[str, Any]


def a_settlement(number: int, text: str, said: dict[str, Any], **file: Any) -> Settlement:
    """A settlement of the connection; `said` is what this one says for itself."""
    certificate = {
        "format": "crossdock-certificate-1",
        "connection": "de",
        "sequence": number,
        "file": {
            "name": f"{1000000 + number}.txt",
            "encoding": "utf-8",
            "version": "V2",
            "decimal_mark": ".",
            "blank": 0,
            "unpriced": 0,
            "lines": len(text.split("\n")) - 1,
            **file,
        },
        "charts": [{"name": "own", "text": OWN_CHART}, {"name": "default", "text": CHART}],
        "order_mode": [],
        "accepted_difference": {"amount": 0, "reason": ""},
        **said,
    }
    return Settlement(text, certificate)


def the_settlement(number: int, starts: str, ends: str, deposit: str, total: int) -> dict[str, Any]:
    """What a summary says; days at midnight."""
    return {
        "settlement_id": f"{1000000 + number}",
        "currency": "EUR",
        "digits": 2,
        "starts_at": f"{starts}T00:00:00Z",
        "ends_at": f"{ends}T00:00:00Z",
        "deposit_at": f"{deposit}T00:00:00Z",
        "total": total,
    }


# --- changing one thing


@dataclass(frozen=True)
class Say:
    """The certificate says something else; `path` leads to the field."""

    which: int
    path: tuple[str | int, ...]
    value: Any


@dataclass(frozen=True)
class Write:
    """The file has another text in one place."""

    which: int
    old: str
    new: str


Change = Say | Write


def change(chain: list[Settlement], *changes: Change) -> list[Settlement]:
    """The chain, changed."""
    for one in changes:
        settlement = chain[one.which]
        if isinstance(one, Write):
            assert settlement.text.count(one.old) == 1, f"{one.old!r} is there {settlement.text.count(one.old)} times"
            settlement.text = settlement.text.replace(one.old, one.new)
        else:
            place: Any = settlement.certificate
            for step in one.path[:-1]:
                place = place[step]
            place[one.path[-1]] = one.value
    return chain


# --- writing it down


def to_json(certificate: dict[str, Any]) -> bytes:
    """The bytes of a certificate."""
    return json.dumps(certificate, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def write_all(folder: Path, chain: Iterable[Settlement]) -> list[str]:
    """Files and certificates, each with the hashes of what it names unless it says another; the certificates' hashes."""
    hashes: list[str] = []
    by_settlement: dict[str, str] = {}
    before = ""
    for settlement in chain:
        said = settlement.certificate
        content = settlement.text.encode(said["file"]["encoding"])
        said["file"] = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content), **said["file"]}
        said.setdefault("previous", before)
        named = said["chains"]["predecessor"]
        said["chains"].setdefault("predecessor_certificate", by_settlement.get(named, before) if named else "")
        (folder / said["file"]["name"]).write_bytes(content)
        written = to_json(said)
        (folder / f"{said['settlement']['settlement_id']}.json").write_bytes(written)
        before = hashlib.sha256(written).hexdigest()
        hashes.append(before)
        by_settlement[said["settlement"]["settlement_id"]] = before
    return hashes
