"""Units of one SKU between the shop's entry and Amazon's own, the escrow: in proof mode neither side can sell what is the other's.

Rule: a move is recorded, with its number, before it begins, and finished before anything else is decided. What the hold does not set free never moves
back. Its number leaves the entry it took from first: seen on the other alone, the move is over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

from crossdock.domain.escrow import LeaveSplit, MoveToAmazon, MoveToShop, TakeDown, decide_transfer
from crossdock.domain.ids import SellerSku
from crossdock.domain.inventory import StockEntry
from crossdock.domain.outlook import Outlook
from crossdock.domain.sellable import StockRule
from crossdock.domain.stock_look import sku_stock, to_move
from crossdock.domain.stock_record import PendingMove, StockRecord
from crossdock.domain.timeline import Event
from crossdock.ports import CommerceStock, StockBook

PREFIX = "move/"


@dataclass(frozen=True, slots=True)
class Split:
    """The two sides of a SKU in proof mode. `shop`: its entries in the policy's order; `escrow`: Amazon's own, None where there is none yet."""

    commerce_sku: SellerSku
    escrow_channel: str
    shop: tuple[StockEntry, ...]
    escrow: StockEntry | None


def move_units(
    sku: SellerSku,
    record: StockRecord,
    split: Split,
    *,
    inventory: CommerceStock,
    stock: StockBook,
    rule: StockRule,
    outlook: Outlook,
    now: datetime,
) -> tuple[StockRecord, bool, tuple[Event, ...]]:
    """Finish a move that was begun, or make the one that is due; the record with the escrow as it is then, and whether Amazon's units are to be taken down."""
    move = record.move
    if move is None:
        record, split = _tidied(sku, record, split, inventory=inventory, stock=stock, now=now)
        if not split.shop:
            return record, False, ()
        shop_units = sum(entry.available for entry in split.shop)
        transfer = decide_transfer(to_move(sku_stock(record, outlook, now), shop_units), shop_units, rule)
        match transfer:
            case MoveToAmazon(units):
                # From one shelf only: a move has one giver.
                units = min(units, max(entry.available for entry in split.shop))
                move = PendingMove(_number(sku, now), units, to_amazon=True) if units > 0 else None
            case MoveToShop(units):
                move = PendingMove(_number(sku, now), units, to_amazon=False)
            case TakeDown():
                return record, record.on_sale.most > 0 and record.on_sale.zero_at_s is None, ()
            case LeaveSplit():
                pass
            case _:
                assert_never(transfer)
    if move is None:
        return record, False, ()
    if record.move is None:
        record = stock.save(sku, replace(record, move=move), now)
    return _finish(sku, record, move, split, inventory=inventory, stock=stock, now=now)


def _finish(
    sku: SellerSku,
    record: StockRecord,
    move: PendingMove,
    split: Split,
    *,
    inventory: CommerceStock,
    stock: StockBook,
    now: datetime,
) -> tuple[StockRecord, bool, tuple[Event, ...]]:
    """The move is made once, whatever was killed before: each entry tells by the number whether it has its part."""
    escrow = split.escrow or inventory.create_entry(split.commerce_sku, split.escrow_channel)
    shop = _shelf(split.shop, move)
    giver, taker = (shop, escrow) if move.to_amazon else (escrow, shop)
    begun = move.number in giver.claims or move.number in taker.claims
    done = begun or giver.available >= move.units
    if done:
        moved = inventory.move(giver, taker, move.units, move.number)
        inventory.forget_claims(moved.taken_from, [move.number])
        # Of a move that was begun before, the entries show a part already.
        taken = giver.available - moved.taken_from.available
        given = moved.given_to.available - taker.available
        taker = moved.given_to
        record = replace(
            record,
            available=record.available + (given if move.to_amazon else -taken),
            shop_available=record.shop_available + (-taken if move.to_amazon else given),
        )
    record = stock.save(sku, replace(record, move=None), now)
    if not done:
        return record, False, ()
    inventory.forget_claims(taker, [move.number])
    told = {"units": str(move.units), "to": "amazon" if move.to_amazon else "shop"}
    return record, False, (Event("stock.moved", told),)


def _tidied(
    sku: SellerSku, record: StockRecord, split: Split, *, inventory: CommerceStock, stock: StockBook, now: datetime
) -> tuple[StockRecord, Split]:
    """The notes of this SKU's moves that are over leave the entries.

    The record is saved first: where that is no Conflict it is the newest, so no other run has begun a move since the entries were read.
    """
    entries = [*split.shop, *([split.escrow] if split.escrow is not None else [])]
    over = [number for entry in entries for number in entry.claims if _is_of(sku, number)]
    if not over:
        return record, split
    record = stock.save(sku, record, now)
    tidy = [inventory.forget_claims(entry, over) for entry in entries]
    shop, escrow = tuple(tidy[: len(split.shop)]), next(iter(tidy[len(split.shop) :]), None)
    return record, replace(split, shop=shop, escrow=escrow)


def _shelf(shop: Sequence[StockEntry], move: PendingMove) -> StockEntry:
    """The shop's entry of the move: the one that notes it; else, to Amazon the fullest, to the shop the first."""
    noted = next((entry for entry in shop if move.number in entry.claims), None)
    return noted or (max(shop, key=lambda entry: entry.available) if move.to_amazon else shop[0])


def _number(sku: SellerSku, now: datetime) -> str:
    """Of this move alone: where two SKUs of Amazon share entries, each has its own. Milliseconds, because a number has little room."""
    return f"{PREFIX}{round(now.timestamp() * 1000)}/{sku}"


def _is_of(sku: SellerSku, number: str) -> bool:
    return number.startswith(PREFIX) and number.split("/", 2)[2:] == [sku]
