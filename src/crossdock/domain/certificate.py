"""The certificate of a booked settlement: everything an auditor needs to derive it again from the file (docs/certificate.md).

Rule: its hash is that of its bytes, so the bytes are canonical; nothing of a person is in it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from crossdock.domain.accounts import CARRIED_OVER, RESERVE
from crossdock.domain.ids import AmazonOrderId, ConnectionId, SettlementId
from crossdock.domain.journal import Books, Entry
from crossdock.domain.money import MINOR_DIGITS
from crossdock.domain.settlement import FileFacts, OrderSums, Settlement

FORMAT = "crossdock-certificate-1"
# So much of the hash stands in the memo of every exported entry.
MARK_LENGTH = 16


@dataclass(frozen=True, slots=True)
class Chain:
    """A balance that is handed from settlement to settlement, in debits: before this one, what this one moves, and after."""

    before: int
    moved: int

    @property
    def after(self) -> int:
        """What the next settlement finds."""
        return self.before + self.moved


@dataclass(frozen=True, slots=True)
class Chains:
    """What a settlement takes over from the one before: its predecessor in time (empty for the first), and both balances."""

    name: str
    predecessor: str
    predecessor_certificate: str
    reserve: Chain
    carried_over: Chain


@dataclass(frozen=True, slots=True)
class Place:
    """Where the next certificate of a connection stands: its number, and the hash of the one before."""

    connection_id: ConnectionId
    sequence: int
    previous: str


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate as it is kept."""

    sequence: int
    settlement_id: SettlementId
    document: bytes

    @property
    def sha256(self) -> str:
        """Its hash, by which the next one names it."""
        return hashlib.sha256(self.document).hexdigest()

    @property
    def mark(self) -> str:
        """What exported entries carry of it."""
        return self.sha256[:MARK_LENGTH]


def certify(
    settlement: Settlement,
    facts: FileFacts,
    entries: Sequence[Entry],
    *,
    place: Place,
    books: Books,
    charts: Mapping[str, str],
    order_mode: Sequence[AmazonOrderId],
    accepted: tuple[int, str],
    digests: Mapping[tuple[int, int], str],
    orders: OrderSums,
    chains: Chains,
    rows: int,
) -> Certificate:
    """Write the certificate. `digests`: of each posting, by the number of its entry and its place in it from 0."""
    document = {
        "format": FORMAT,
        "connection": place.connection_id,
        "sequence": place.sequence,
        "previous": place.previous,
        "file": {**asdict(facts), "rows": rows},
        "settlement": {
            "settlement_id": settlement.settlement_id,
            "currency": settlement.total.currency,
            "digits": MINOR_DIGITS[settlement.total.currency],
            "starts_at": _moment(settlement.starts_at),
            "ends_at": _moment(settlement.ends_at),
            "deposit_at": _moment(settlement.deposit_at) if settlement.deposit_at else "",
            "total": settlement.total.minor_units,
        },
        "books": {
            "time_zone": books.zone.key,
            "closed_until": books.closed_until.isoformat() if books.has_closed else "",
        },
        "charts": [{"name": name, "text": text} for name, text in charts.items()],
        "order_mode": sorted(order_mode),
        "accepted_difference": {"amount": accepted[0], "reason": accepted[1]},
        "entries": [_entry(entry, digests) for entry in entries],
        "orders": asdict(orders),
        "chains": _chains(chains),
    }
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return Certificate(place.sequence, settlement.settlement_id, text.encode())


def moved(entries: Sequence[Entry], account: str) -> int:
    """What entries come to on an account, in debits."""
    return sum(posting.debit for entry in entries for posting in entry.postings if posting.key.account == account)


CHAINED = {"reserve": RESERVE, "carried_over": CARRIED_OVER}


def _entry(entry: Entry, digests: Mapping[tuple[int, int], str]) -> Mapping[str, object]:
    return {
        "number": entry.number,
        "kind": entry.kind,
        "on": entry.on.isoformat(),
        "month": entry.month.isoformat(),
        "postings": [
            {
                **posting.key._asdict(),
                "debit": posting.debit,
                "rows": posting.rows,
                "rows_sha256": digests.get((entry.number, place), ""),
            }
            for place, posting in enumerate(entry.postings)
        ],
    }


def _chains(chains: Chains) -> Mapping[str, object]:
    return {
        "name": chains.name,
        "predecessor": chains.predecessor,
        "predecessor_certificate": chains.predecessor_certificate,
        "reserve": _chain(chains.reserve),
        "carried_over": _chain(chains.carried_over),
    }


def _chain(chain: Chain) -> Mapping[str, int]:
    return {"before": chain.before, "moved": chain.moved, "after": chain.after}


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
