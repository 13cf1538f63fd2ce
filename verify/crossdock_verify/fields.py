"""The fields of a certificate, and the form of each: this is the whole list, and a certificate has no other."""

import re
from typing import TypedDict

FORMAT_NAME = "crossdock-certificate-1"


class FileFields(TypedDict):
    """Which bytes the certificate is about."""

    name: str
    sha256: str
    size: int
    encoding: str
    version: str
    decimal_mark: str
    lines: int
    blank: int
    unpriced: int
    rows: int


class SettlementFields(TypedDict):
    """What the summary line says."""

    settlement_id: str
    currency: str
    digits: int
    starts_at: str
    ends_at: str
    deposit_at: str
    total: int


class BooksFields(TypedDict):
    """On whose clock, and after which closing."""

    time_zone: str
    closed_until: str


class ChartFields(TypedDict):
    """A mapping in force."""

    name: str
    text: str


class DifferenceFields(TypedDict):
    """What a person accepted as missing between the declared total and the rows."""

    amount: int
    reason: str


class PostingFields(TypedDict):
    """One line of an entry."""

    account: str
    marketplace: str
    treatment: str
    debit: int
    rows: int
    rows_sha256: str


class EntryFields(TypedDict):
    """One entry."""

    number: int
    kind: str
    on: str
    month: str
    postings: list[PostingFields]


class OrdersFields(TypedDict):
    """What belongs to orders, and the rest."""

    count: int
    rows: int
    amount: int
    sha256: str
    rest_rows: int
    rest_amount: int


class MovementFields(TypedDict):
    """A balance from settlement to settlement."""

    before: int
    moved: int
    after: int


class ChainsFields(TypedDict):
    """Where the settlement stands in its chain."""

    name: str
    predecessor: str
    predecessor_certificate: str
    reserve: MovementFields
    carried_over: MovementFields


class CertificateFields(TypedDict):
    """The whole."""

    format: str
    connection: str
    sequence: int
    previous: str
    file: FileFields
    settlement: SettlementFields
    books: BooksFields
    charts: list[ChartFields]
    order_mode: list[str]
    accepted_difference: DifferenceFields
    entries: list[EntryFields]
    orders: OrdersFields
    chains: ChainsFields


_HASH = re.compile(r"[0-9a-f]{64}")
_HASH_OR_NONE = re.compile(r"(?:[0-9a-f]{64})?")
_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

# By the path of the field; `[]` is each item of a list.
FORMS = {
    "format": re.compile(re.escape(FORMAT_NAME)),
    "previous": _HASH_OR_NONE,
    "file.sha256": _HASH,
    "file.encoding": re.compile(r"utf-8|cp1252|cp932"),
    "file.version": re.compile(r"V[12]"),
    "file.decimal_mark": re.compile(r"[.,]?"),
    "settlement.settlement_id": re.compile(r"[!-~]{1,100}"),
    "settlement.currency": re.compile(r"[A-Z]{3}"),
    "settlement.starts_at": _INSTANT,
    "settlement.ends_at": _INSTANT,
    "settlement.deposit_at": re.compile(rf"(?:{_INSTANT.pattern})?"),
    "books.closed_until": re.compile(rf"(?:{_DAY.pattern})?"),
    "entries[].kind": re.compile(r"month_part|settlement"),
    "entries[].on": _DAY,
    "entries[].month": re.compile(r"[0-9]{4}-[0-9]{2}-01"),
    "entries[].postings[].account": re.compile(r".+", re.DOTALL),
    "entries[].postings[].rows_sha256": _HASH_OR_NONE,
    "orders.sha256": _HASH,
    "chains.predecessor_certificate": _HASH_OR_NONE,
}

# Counts, which are never below zero.
COUNTS = frozenset(
    (
        "sequence",
        "file.size",
        "file.lines",
        "file.blank",
        "file.unpriced",
        "file.rows",
        "settlement.digits",
        "entries[].number",
        "entries[].postings[].rows",
        "orders.count",
        "orders.rows",
        "orders.rest_rows",
    ),
)
