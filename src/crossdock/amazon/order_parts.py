"""One order as the Orders API v2026-01-01 spells it, and its reading into the domain.

Only what Crossdock uses is named; unknown fields are ignored and every enumeration is plain text, because Amazon adds to both at any time. Personal
data is parted from the order right here, and dropped for every order that Amazon ships.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

import msgspec

from crossdock.domain.ids import AmazonOrderId, MarketplaceId, OrderItemId, SellerSku
from crossdock.domain.money import MINOR_UNITS_MAX, Money, parse_money
from crossdock.domain.order import NOBODY, AmazonOrder, Breakdown, OrderItem, PersonalData, Recipient
from crossdock.domain.retention import may_hold_personal_data
from crossdock.errors import DataError

# Bounds on texts that other people write. Amazon's titles end at 500 characters, its SKUs at 40; commercetools' searchable texts at 10,922.
TITLE_MAX = 500
SKU_MAX = 256
TEXT_MAX = 2000
# Amazon's own words (a status, a programme, the type of an amount) are a few letters; what is longer is no word of Amazon's.
WORD_MAX = 64
WORDS_MAX = 50
# No cart has more; a larger number is a fault, and commercetools counts in 32 bits.
QUANTITY_MAX = 1_000_000
ITEMS_MAX = 500
# Amazon names eight types of amounts, and six parts of one.
ROWS_MAX = 50
# Where Amazon knows no date it has been seen to say 1970; beyond these years nothing can be added to a time.
YEARS = range(1970, 2200)

_ID = re.compile(r"[A-Za-z0-9-]{2,64}")


class MoneyWire(msgspec.Struct, rename="camel"):
    """Amount as a decimal text."""

    amount: str
    currency_code: str


class DetailWire(msgspec.Struct, rename="camel"):
    """One part of a TAX or DISCOUNT breakdown."""

    subtype: str = ""
    value: MoneyWire | None = None


class BreakdownWire(msgspec.Struct, rename="camel"):
    """One amount of the proceeds."""

    type: str
    subtotal: MoneyWire
    detailed_breakdowns: list[DetailWire] | None = None


class ProceedsWire(msgspec.Struct, rename="camel"):
    """The money of an order or of an item."""

    grand_total: MoneyWire | None = None
    breakdowns: list[BreakdownWire] | None = None


class WindowWire(msgspec.Struct, rename="camel"):
    """A stretch of time."""

    latest_date_time: str | None = None


class FulfillmentWire(msgspec.Struct, rename="camel"):
    """Who ships, by when, and how far it is."""

    fulfillment_status: str = ""
    fulfilled_by: str = ""
    fulfillment_service_level: str = ""
    ship_by_window: WindowWire | None = None
    deliver_by_window: WindowWire | None = None


class SalesChannelWire(msgspec.Struct, rename="camel"):
    """Where the order was placed."""

    channel_name: str
    marketplace_id: str = ""


class AssociationWire(msgspec.Struct, rename="camel"):
    """Another order this one belongs to."""

    order_id: str = ""
    association_type: str = ""


class AliasWire(msgspec.Struct, rename="camel"):
    """Another name of the order."""

    alias_id: str = ""
    alias_type: str = ""


class PriceWire(msgspec.Struct, rename="camel"):
    """Price of one unit."""

    unit_price: MoneyWire | None = None


class CustomizationWire(msgspec.Struct, rename="camel"):
    """A link to what the buyer wants made."""

    customized_url: str = ""


class ProductWire(msgspec.Struct, rename="camel"):
    """What was bought."""

    asin: str = ""
    title: str = ""
    seller_sku: str = ""
    price: PriceWire | None = None
    customization: CustomizationWire | None = None


class PointsWire(msgspec.Struct, rename="camel"):
    """Amazon points of one item."""

    points_number: int = 0
    points_monetary_value: MoneyWire | None = None


class PointsCostWire(msgspec.Struct, rename="camel"):
    """What points cost the seller."""

    points_granted: PointsWire | None = None


class ExpenseWire(msgspec.Struct, rename="camel"):
    """What an item costs the seller."""

    points_cost: PointsCostWire | None = None


class PromotionRowWire(msgspec.Struct, rename="camel"):
    """One promotion."""

    promotion_id: str = ""


class PromotionWire(msgspec.Struct, rename="camel"):
    """The promotions of an item."""

    breakdowns: list[PromotionRowWire] | None = None


class RequestWire(msgspec.Struct, rename="camel"):
    """Who asks to cancel."""

    requester: str = ""


class ExecutionWire(msgspec.Struct, rename="camel"):
    """Who cancelled."""

    cancelled_by: str = ""


class CancellationWire(msgspec.Struct, rename="camel"):
    """A cancellation of an item, asked for or done."""

    cancellation_request: RequestWire | None = None
    cancellation_execution: ExecutionWire | None = None


class GiftWire(msgspec.Struct, rename="camel"):
    """A gift: its wrapping and the buyer's words."""

    gift_message: str = ""
    gift_wrap_level: str = ""


class PackingWire(msgspec.Struct, rename="camel"):
    """How an item is packed."""

    gift_option: GiftWire | None = None


class ItemFulfillmentWire(msgspec.Struct, rename="camel"):
    """How far an item is."""

    quantity_fulfilled: int = 0
    quantity_unfulfilled: int | None = None
    packing: PackingWire | None = None


class CollectionWire(msgspec.Struct, rename="camel"):
    """Who collects the tax of an item."""

    model: str = ""
    responsible_party: str = ""


class SchemeWire(msgspec.Struct, rename="camel"):
    """Under which scheme the tax is reported."""

    reporting_scheme: str = ""


class ItemTaxWire(msgspec.Struct, rename="camel"):
    """The tax facts of an item."""

    tax_collections: list[CollectionWire] | None = None
    tax_calculation_breakdowns: list[SchemeWire] | None = None


class ItemWire(msgspec.Struct, rename="camel"):
    """One item."""

    order_item_id: str
    quantity_ordered: int
    product: ProductWire
    programs: list[str] | None = None
    proceeds: ProceedsWire | None = None
    expense: ExpenseWire | None = None
    promotion: PromotionWire | None = None
    cancellation: CancellationWire | None = None
    fulfillment: ItemFulfillmentWire | None = None
    tax: ItemTaxWire | None = None


class AddressWire(msgspec.Struct, rename="camel"):
    """An address of the buyer's."""

    name: str | None = None
    company_name: str | None = None
    address_line1: str | None = None
    address_line2: str | None = None
    address_line3: str | None = None
    city: str | None = None
    district_or_county: str | None = None
    municipality: str | None = None
    state_or_region: str | None = None
    postal_code: str | None = None
    country_code: str | None = None
    phone: str | None = None


class PreferenceWire(msgspec.Struct, rename="camel"):
    """Where the parcel may be left."""

    drop_off_location: str | None = None
    address_instruction: str | None = None


class RecipientWire(msgspec.Struct, rename="camel"):
    """Who receives the parcel."""

    delivery_address: AddressWire | None = None
    delivery_preference: PreferenceWire | None = None


class BuyerWire(msgspec.Struct, rename="camel"):
    """Who bought."""

    buyer_name: str | None = None
    buyer_email: str | None = None
    buyer_company_name: str | None = None
    buyer_purchase_order_number: str | None = None


class RegistrationWire(msgspec.Struct, rename="camel"):
    """A tax registration."""

    entity_type: str = ""
    tax_registration_type: str = ""
    tax_registration_number: str = ""


class OrderTaxWire(msgspec.Struct, rename="camel"):
    """The tax facts of an order."""

    tax_registrations: list[RegistrationWire] | None = None


class PackageStatusWire(msgspec.Struct, rename="camel"):
    """Where a parcel is."""

    status: str = ""


class PackageWire(msgspec.Struct, rename="camel"):
    """A parcel."""

    package_status: PackageStatusWire | None = None


class OrderWire(msgspec.Struct, rename="camel"):
    """One order."""

    order_id: str
    created_time: str
    last_updated_time: str
    sales_channel: SalesChannelWire
    order_items: list[ItemWire]
    order_aliases: list[AliasWire] | None = None
    programs: list[str] | None = None
    associated_orders: list[AssociationWire] | None = None
    buyer: BuyerWire | None = None
    recipient: RecipientWire | None = None
    proceeds: ProceedsWire | None = None
    fulfillment: FulfillmentWire | None = None
    tax: OrderTaxWire | None = None
    packages: list[PackageWire] | None = None


def to_order(wire: OrderWire, cleaned: tuple[str, ...]) -> tuple[AmazonOrder, PersonalData]:
    """The order and, apart from it, the person; DataError where it cannot be read without guessing."""
    _check_id(wire.order_id, "orderId")
    if len(wire.order_items) > ITEMS_MAX:
        raise DataError("orderItems", f"more than {ITEMS_MAX}")
    if len({item.order_item_id for item in wire.order_items}) < len(wire.order_items):
        raise DataError("orderItems", "two items with one orderItemId")
    fulfillment = wire.fulfillment or FulfillmentWire()
    proceeds = wire.proceeds or ProceedsWire()
    replaced = [
        row.order_id
        for row in wire.associated_orders or ()
        if row.association_type in {"REPLACEMENT_ORIGINAL_ID", "EXCHANGE_ORIGINAL_ID"}
    ]
    aliases = [alias.alias_id for alias in wire.order_aliases or () if alias.alias_type == "SELLER_ORDER_ID"]
    parcels = [package.package_status.status if package.package_status else "" for package in wire.packages or ()]
    order = AmazonOrder(
        order_id=AmazonOrderId(wire.order_id),
        created_at=parse_time(wire.created_time, "createdTime"),
        updated_at=parse_time(wire.last_updated_time, "lastUpdatedTime"),
        channel_name=wire.sales_channel.channel_name[:WORD_MAX],
        marketplace_id=MarketplaceId(wire.sales_channel.marketplace_id[:WORD_MAX]),
        status=fulfillment.fulfillment_status[:WORD_MAX],
        fulfilled_by=fulfillment.fulfilled_by[:WORD_MAX],
        items=tuple(_item(item, f"orderItems[{n}]") for n, item in enumerate(wire.order_items)),
        service_level=fulfillment.fulfillment_service_level[:WORD_MAX],
        ship_by_at=_latest(fulfillment.ship_by_window, "fulfillment.shipByWindow"),
        deliver_by_at=_latest(fulfillment.deliver_by_window, "fulfillment.deliverByWindow"),
        programs=_words(wire.programs),
        replaces=AmazonOrderId(replaced[0][:WORD_MAX]) if replaced else None,
        seller_order_id=aliases[0][:TEXT_MAX] if aliases else "",
        grand_total=_money(proceeds.grand_total, "proceeds.grandTotal"),
        proceeds=_breakdowns(proceeds, "proceeds"),
        delivered=bool(parcels) and all(status == "DELIVERED" for status in parcels),
        cleaned_fields=cleaned,
    )
    _check_one_currency(order)
    return order, _personal(wire) if may_hold_personal_data(order) else NOBODY


def _item(wire: ItemWire, where: str) -> OrderItem:
    _check_id(wire.order_item_id, f"{where}.orderItemId")
    if len(wire.product.seller_sku) > SKU_MAX:
        raise DataError(f"{where}.product.sellerSku", f"longer than {SKU_MAX} characters")
    fulfillment = wire.fulfillment or ItemFulfillmentWire()
    gift = (fulfillment.packing or PackingWire()).gift_option or GiftWire()
    cancellation = wire.cancellation or CancellationWire()
    points = ((wire.expense or ExpenseWire()).points_cost or PointsCostWire()).points_granted or PointsWire()
    tax = wire.tax or ItemTaxWire()
    left = fulfillment.quantity_unfulfilled
    collected_by = [
        row.responsible_party or row.model
        for row in tax.tax_collections or ()
        if row.model == "MARKETPLACE_FACILITATOR"
    ]
    return OrderItem(
        order_item_id=OrderItemId(wire.order_item_id),
        seller_sku=SellerSku(wire.product.seller_sku),
        asin=wire.product.asin[:TITLE_MAX],
        title=wire.product.title[:TITLE_MAX],
        quantity=_quantity(wire.quantity_ordered, f"{where}.quantityOrdered"),
        unit_price=_unit_price(wire, f"{where}.product.price.unitPrice"),
        proceeds=_breakdowns(wire.proceeds or ProceedsWire(), f"{where}.proceeds"),
        quantity_fulfilled=_quantity(fulfillment.quantity_fulfilled, f"{where}.fulfillment.quantityFulfilled"),
        quantity_unfulfilled=None if left is None else _quantity(left, f"{where}.fulfillment.quantityUnfulfilled"),
        points=_points(points.points_number, f"{where}.expense.pointsCost"),
        points_value=_money(points.points_monetary_value, f"{where}.expense.pointsCost"),
        promotion_ids=tuple(
            dict.fromkeys(
                row.promotion_id[:TITLE_MAX]
                for row in (wire.promotion or PromotionWire()).breakdowns or ()
                if row.promotion_id
            )
        ),
        gift_wrap_level=gift.gift_wrap_level[:TITLE_MAX],
        programs=_words(wire.programs),
        facilitator=collected_by[0][:TITLE_MAX] if collected_by else "",
        reporting_scheme=next((row.reporting_scheme[:TITLE_MAX] for row in tax.tax_calculation_breakdowns or ()), ""),
        cancellation_requested=cancellation.cancellation_request is not None
        and cancellation.cancellation_request.requester == "BUYER",
        cancelled_by=cancellation.cancellation_execution.cancelled_by[:TITLE_MAX]
        if cancellation.cancellation_execution
        else "",
    )


def _quantity(value: int, where: str) -> int:
    if not 0 <= value <= QUANTITY_MAX:
        raise DataError(where, "no quantity: below zero or above a million")
    return value


def _points(value: int, where: str) -> int:
    if not 0 <= value <= MINOR_UNITS_MAX:
        raise DataError(where, "no number of points")
    return value


def _unit_price(wire: ItemWire, where: str) -> Money | None:
    """The price of one unit; as many as were ordered must still be an amount."""
    price = _money(wire.product.price.unit_price if wire.product.price else None, where)
    if price is not None and abs(price.minor_units) * wire.quantity_ordered > MINOR_UNITS_MAX:
        raise DataError(where, "amount too large for so many units")
    return price


def _words(words: list[str] | None) -> tuple[str, ...]:
    return tuple(word[:WORD_MAX] for word in (words or ())[:WORDS_MAX])


def _breakdowns(wire: ProceedsWire, where: str) -> tuple[Breakdown, ...]:
    rows = wire.breakdowns or ()
    if max(len(rows), *(len(row.detailed_breakdowns or ()) for row in rows), 0) > ROWS_MAX:
        raise DataError(where, f"more than {ROWS_MAX} amounts")
    return tuple(
        Breakdown(
            type=row.type[:WORD_MAX],
            amount=parse_money(row.subtotal.amount, row.subtotal.currency_code, f"{where}.{row.type[:40]}"),
            parts=tuple(
                (
                    part.subtype[:WORD_MAX],
                    parse_money(
                        part.value.amount, part.value.currency_code, f"{where}.{row.type[:40]}.{part.subtype[:40]}"
                    ),
                )
                for part in row.detailed_breakdowns or ()
                if part.value is not None
            ),
        )
        for row in rows
    )


def _personal(wire: OrderWire) -> PersonalData:
    buyer = wire.buyer or BuyerWire()
    gifts = []
    links = []
    for item in wire.order_items:
        gift = ((item.fulfillment or ItemFulfillmentWire()).packing or PackingWire()).gift_option
        if gift and gift.gift_message:
            gifts.append((OrderItemId(item.order_item_id), gift.gift_message[:TEXT_MAX]))
        if item.product.customization and item.product.customization.customized_url:
            links.append((OrderItemId(item.order_item_id), item.product.customization.customized_url[:TEXT_MAX]))
    registrations = (wire.tax or OrderTaxWire()).tax_registrations or ()
    return PersonalData(
        recipient=_recipient(wire.recipient),
        buyer_name=_text(buyer.buyer_name),
        buyer_email=_text(buyer.buyer_email),
        buyer_company=_text(buyer.buyer_company_name),
        purchase_order_number=_text(buyer.buyer_purchase_order_number),
        gift_messages=tuple(gifts),
        customization_urls=tuple(links),
        tax_registrations=tuple(
            (row.entity_type[:WORD_MAX], row.tax_registration_type[:WORD_MAX], row.tax_registration_number[:TEXT_MAX])
            for row in registrations
        ),
    )


def _recipient(wire: RecipientWire | None) -> Recipient | None:
    if wire is None or wire.delivery_address is None:
        return None
    address = wire.delivery_address
    preference = wire.delivery_preference or PreferenceWire()
    instructions = "; ".join(filter(None, (_text(preference.drop_off_location), _text(preference.address_instruction))))
    return Recipient(
        name=_text(address.name),
        company=_text(address.company_name),
        line_1=_text(address.address_line1),
        line_2=_text(address.address_line2),
        line_3=_text(address.address_line3),
        city=_text(address.city),
        district=_text(address.district_or_county),
        municipality=_text(address.municipality),
        state=_text(address.state_or_region),
        postal_code=_text(address.postal_code),
        country=_text(address.country_code),
        phone=_text(address.phone),
        instructions=instructions,
    )


def _text(value: str | None) -> str:
    return (value or "").strip()[:TEXT_MAX]


def _money(wire: MoneyWire | None, where: str) -> Money | None:
    return None if wire is None else parse_money(wire.amount, wire.currency_code, where)


def parse_time(text: str, where: str) -> datetime:
    """Both of Amazon's spellings, with and without milliseconds, never without a zone; DataError at `where` otherwise.

    Whole milliseconds, as both platforms keep them: a finer time would differ from what commercetools shows of it for ever.
    """
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise DataError(where, "not a time") from None
    if at.tzinfo is None:
        raise DataError(where, "a time without its zone")
    if at.year not in YEARS:
        raise DataError(where, "a time no order can have")
    return at.astimezone(UTC).replace(microsecond=at.microsecond // 1000 * 1000)


def _latest(wire: WindowWire | None, where: str) -> datetime | None:
    return parse_time(wire.latest_date_time, where) if wire is not None and wire.latest_date_time else None


def _check_id(text: str, where: str) -> None:
    if not _ID.fullmatch(text):
        raise DataError(where, "not an id of Amazon's form")


def _check_one_currency(order: AmazonOrder) -> None:
    """Amounts of two currencies are never added; an order that holds two cannot be read."""
    amounts = [order.grand_total, *(row.amount for row in order.proceeds)]
    for item in order.items:
        amounts += [
            item.unit_price,
            *(row.amount for row in item.proceeds),
            *(part for row in item.proceeds for _, part in row.parts),
        ]
    currencies = {amount.currency for amount in amounts if amount is not None}
    if len(currencies) > 1:
        raise DataError("proceeds", f"amounts in {' and '.join(sorted(currencies))}")
