"""Orders API v2026-01-01: search and get, and what their answers mean.

Source: the published model `orders_2026-01-01.json`. No restricted data token is needed: addresses come by role and `includedData`. A page is cut
into orders before any is parsed, so one order of wrong shape is one record with a problem and the others go on.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import quote

import msgspec

from crossdock.amazon.client import Client
from crossdock.amazon.order_parts import OrderWire, parse_time, to_order
from crossdock.amazon.rates import GET_ORDER, SEARCH_ORDERS
from crossdock.domain.ids import AmazonOrderId, MarketplaceId
from crossdock.domain.order import OrdersPage, ReadOrder
from crossdock.domain.window import Window
from crossdock.errors import DataError, Rejected, Unavailable

PATH = "/orders/2026-01-01/orders"
PAGE_SIZE_MAX = 100
DATASETS = ("FULFILLMENT", "PROCEEDS", "EXPENSE", "PROMOTION", "CANCELLATION", "TAX", "PACKAGES")
PERSONAL_DATASETS = (*DATASETS, "BUYER", "RECIPIENT")

T = TypeVar("T")

# What msgspec says to a text that is no JSON of the shape asked for, or is nested deeper than it follows.
_NOT_JSON = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
_QUOTES_AND_BRACKETS = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[][{}]', re.DOTALL)
_OPENING, _CLOSING = frozenset({b"[", b"{"}), frozenset({b"]", b"}"})


class _Pagination(msgspec.Struct, rename="camel"):
    next_token: str | None = None


class _Page(msgspec.Struct, rename="camel"):
    orders: list[msgspec.Raw]
    pagination: _Pagination | None = None
    last_updated_before: str | None = None
    created_before: str | None = None


class _Single(msgspec.Struct):
    order: msgspec.Raw


class _CutPage(msgspec.Struct, rename="camel"):
    """A page with a number in the place of each order."""

    orders: list[int]
    pagination: _Pagination | None = None
    last_updated_before: str | None = None
    created_before: str | None = None


class _CutSingle(msgspec.Struct):
    order: int


class _Glimpse(msgspec.Struct, rename="camel"):
    """The little that is needed to give an unreadable order its place."""

    order_id: Any = None
    last_updated_time: Any = None


class Orders:
    """The orders of one seller account."""

    def __init__(self, client: Client, marketplace_ids: Sequence[MarketplaceId]) -> None:
        """`marketplace_ids`: at most 50, all of one region."""
        self._client = client
        self._marketplace_ids = ",".join(marketplace_ids)

    def search(
        self, window: Window, token: str | None, *, by_creation: bool = False, urgent: bool = False
    ) -> OrdersPage:
        """One page of the orders updated, or created, in the window; no addresses are asked for."""
        query = self._query(window, token, by_creation=by_creation, datasets=DATASETS)
        return parse_orders_page(self._client.get(SEARCH_ORDERS, PATH, query, urgent=urgent).body)

    def search_recipients(self, window: Window, token: str | None) -> OrdersPage:
        """One page of the FBM orders still to be shipped, with buyers and addresses: a page replaces a hundred single reads."""
        query = self._query(window, token, by_creation=False, datasets=PERSONAL_DATASETS)
        filters = {"fulfilledBy": "MERCHANT", "fulfillmentStatuses": "UNSHIPPED,PARTIALLY_SHIPPED"}
        return parse_orders_page(self._client.get(SEARCH_ORDERS, PATH, query | filters).body)

    def get(self, order_id: AmazonOrderId, *, with_recipient: bool, urgent: bool = True) -> ReadOrder | None:
        """One order now; None where Amazon does not know it."""
        query = {"includedData": ",".join(PERSONAL_DATASETS if with_recipient else DATASETS)}
        try:
            body = self._client.get(GET_ORDER, f"{PATH}/{quote(order_id, safe='')}", query, urgent=urgent).body
        except Rejected as refused:
            if refused.status == 404:  # noqa: PLR2004 - the protocol's own number
                return None
            raise
        return parse_order_answer(body)

    def _query(
        self, window: Window, token: str | None, *, by_creation: bool, datasets: Sequence[str]
    ) -> dict[str, str]:
        name = "created" if by_creation else "lastUpdated"
        query = {
            f"{name}After": _timestamp(window.after),
            f"{name}Before": _timestamp(window.before),
            "marketplaceIds": self._marketplace_ids,
            "maxResultsPerPage": str(PAGE_SIZE_MAX),
            "includedData": ",".join(datasets),
        }
        if token is not None:
            query["paginationToken"] = token
        return query


def parse_orders_page(body: bytes) -> OrdersPage:
    """Cut an answer of searchOrders into orders and read each by itself. Unavailable where the answer is no such page at all."""
    page: _Page | _CutPage | None = _find(body, _Page)
    if isinstance(page, _Page):
        orders = [bytes(raw) for raw in page.orders]
    else:
        rest, parts = _cut(body, depth=3)
        page = _find(rest, _CutPage)
        if page is None or not set(page.orders) <= set(range(len(parts))):
            raise _no_answer(SEARCH_ORDERS)
        orders = [parts[n] for n in page.orders]
    return OrdersPage(
        orders=tuple(parse_order(raw) for raw in orders),
        next_token=page.pagination.next_token if page.pagination else None,
        mark=_find_time(page.last_updated_before or page.created_before),
    )


def parse_order_answer(body: bytes) -> ReadOrder:
    """Read the one order of an answer of getOrder. Unavailable where the answer is none at all."""
    answer = _find(body, _Single)
    if answer is not None:
        return parse_order(bytes(answer.order))
    rest, parts = _cut(body, depth=2)
    cut = _find(rest, _CutSingle)
    if cut is None or cut.order not in range(len(parts)):
        raise _no_answer(GET_ORDER)
    return parse_order(parts[cut.order])


def parse_order(raw: bytes) -> ReadOrder:
    """Read one order, or say in `problem` what stands in the way."""
    try:
        wire, cleaned = _read_wire(raw)
        order, personal = to_order(wire, cleaned)
    except DataError as problem:
        return _unreadable(raw, problem)
    return ReadOrder(record_id=order.order_id, order=order, personal=personal, updated_at=order.updated_at)


def _read_wire(raw: bytes) -> tuple[OrderWire, tuple[str, ...]]:
    """The typed order and the fields that had to be cleaned. NUL and lone surrogates exist in JSON but in no database text."""
    if b"\\u0000" not in raw:
        try:
            return msgspec.json.decode(raw, type=OrderWire), ()
        except msgspec.ValidationError as fault:
            raise DataError("order", str(fault)) from fault
        except _NOT_JSON:
            pass
    cleaned: list[str] = []
    try:
        value = _clean(_loads(raw), "", cleaned)
        return msgspec.convert(value, type=OrderWire), tuple(cleaned)
    except (ValueError, RecursionError) as fault:
        what = str(fault) if isinstance(fault, msgspec.ValidationError) else "not JSON, or nested too deep"
        raise DataError("order", what) from fault


def _loads(raw: bytes) -> Any:
    """The JSON of one order, whatever bytes are in its texts."""
    return json.loads(raw.decode(errors="surrogateescape"), strict=False)


def _clean(value: Any, path: str, cleaned: list[str]) -> Any:
    if isinstance(value, str):
        text = re.sub("[\x00\ud800-\udfff]", "\ufffd", value)
        if text != value:
            cleaned.append(path.lstrip("."))
        return text
    if isinstance(value, list):
        return [_clean(item, path, cleaned) for item in value]
    if isinstance(value, dict):
        return {_clean(key, path, cleaned): _clean(item, f"{path}.{key}"[:200], cleaned) for key, item in value.items()}
    return value


def _unreadable(raw: bytes, problem: DataError) -> ReadOrder:
    """Name the record by Amazon's id where there is one, else by its content, so that the same order is the same record."""
    glimpse = _glimpse(raw)
    known = isinstance(glimpse.order_id, str) and re.fullmatch(r"[A-Za-z0-9-]{1,64}", glimpse.order_id)
    record_id = glimpse.order_id if known else f"unreadable-{hashlib.sha256(raw).hexdigest()[:16]}"
    updated_at = _find_time(glimpse.last_updated_time) if isinstance(glimpse.last_updated_time, str) else None
    return ReadOrder(record_id=record_id, order=None, problem=problem, updated_at=updated_at)


def _glimpse(raw: bytes) -> _Glimpse:
    try:
        return msgspec.json.decode(raw, type=_Glimpse)
    except _NOT_JSON:
        pass
    try:
        return msgspec.convert(_loads(raw), type=_Glimpse)
    except (ValueError, RecursionError):
        return _Glimpse()


def _find(body: bytes, shape: type[T]) -> T | None:
    """The outer shape, or None where the body has another."""
    try:
        return msgspec.json.decode(body, type=shape)
    except _NOT_JSON:
        return None


def _cut(body: bytes, *, depth: int) -> tuple[bytes, list[bytes]]:
    """The body with a number in the place of each part at this depth of brackets, and the parts.

    By quotes and brackets alone: one order that no JSON reader takes (a lone surrogate, half a character, a thousand brackets) leaves the others whole.
    """
    rest: list[bytes] = []
    parts: list[bytes] = []
    now = begin = kept = 0
    for token in _QUOTES_AND_BRACKETS.finditer(body):
        if token.group() in _OPENING:
            now += 1
            begin = token.start() if now == depth else begin
        elif token.group() in _CLOSING:
            if now == depth:
                rest += [body[kept:begin], str(len(parts)).encode()]
                parts.append(body[begin : token.end()])
                kept = token.end()
            now -= 1
    return b"".join([*rest, body[kept:]]), parts


def _no_answer(operation: str) -> Unavailable:
    """A proxy's page or half a body may be an answer the next time."""
    return Unavailable(
        f"{operation}: Amazon answered with something else than the documented JSON", operation=operation
    )


def _timestamp(at: datetime) -> str:
    """`yyyy-MM-ddTHH:mm:ss.SSSZ`, as the model has it."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def _find_time(text: str | None) -> datetime | None:
    try:
        return parse_time(text or "", "time")
    except DataError:
        return None
