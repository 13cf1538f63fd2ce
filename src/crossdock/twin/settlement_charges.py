"""What Amazon books that belongs to no sale: adverts, storage, subscription, reimbursements, and the seller's own bank.

Each has the labels it was seen under. Both styles of Amazon's fees occur: the old one, under `other-transaction`, and the new
one, with the tax on a fee in a row of its own.
"""

from collections.abc import Iterable
from typing import NamedTuple

from crossdock.twin.settlement_rows import About, Row

TAX_ON_FEES = {"EUR": 19, "GBP": 20, "JPY": 10}  # percent, where Amazon puts tax on its fees


class Charge(NamedTuple):
    """How one kind of booking is labelled; `sign` is what it is to the seller, `taxed` whether it has a tax row."""

    kind: str
    transaction_type: str
    amount_type: str
    description: str
    sign: int = -1
    taxed: bool = False


OTHER = "other-transaction"
REIMBURSEMENT = "FBA Inventory Reimbursement"
FAILED_TRANSFER = (
    "Transfer of funds unsuccessful: We could not transfer funds to your bank account because the account information "
    "on file is invalid. Please update your bank account information."
)
CHARGES = {
    "advertising": Charge("advertising", "ServiceFee", "Cost of Advertising", "TransactionTotalAmount"),
    "advertising_refund": Charge("advertising", "ServiceFee", "Refund for Advertiser", "TransactionTotalAmount", 1),
    "storage": Charge("storage", "FBAFees", "FBA Inventory Storage Fee", "Base fee", taxed=True),
    "storage_old": Charge("storage", OTHER, OTHER, "Storage Fee"),
    "inbound": Charge("inbound", "FBAFees", "FBA Inbound Placement Service Fee", "Base fee"),
    "vine": Charge("vine", "AmazonFees", "Vine Enrollment Fee", "Base fee", taxed=True),
    "subscription": Charge("subscription", OTHER, OTHER, "Subscription Fee"),
    "reimbursement": Charge("reimbursement", OTHER, REIMBURSEMENT, "WAREHOUSE_LOST", 1),
    "damage": Charge("reimbursement", OTHER, REIMBURSEMENT, "WAREHOUSE_DAMAGE", 1),
    "clawback": Charge("reimbursement", OTHER, REIMBURSEMENT, "COMPENSATED_CLAWBACK"),
    "micro_deposit": Charge("micro_deposit", "Transfers", "Micro Deposit", "Micro Deposit"),
    "reserve": Charge("reserve", OTHER, OTHER, "Current Reserve Amount"),
    "reserve_back": Charge("reserve_back", OTHER, OTHER, "Previous Reserve Amount Balance", 1),
    "payable": Charge("payable", OTHER, OTHER, "Payable to Amazon"),
    "card_charge": Charge("card_charge", OTHER, OTHER, "Successful charge", 1),
    "failed_transfer": Charge("failed_transfer", OTHER, OTHER, FAILED_TRANSFER, 1),
}
BALANCES = frozenset({"reserve", "reserve_back", "payable", "card_charge", "failed_transfer"})
"""The bookings that only move the balance between settlements, bank and card: a settlement makes them itself."""


def charge_rows(name: str, minor: int, currency: str, about: About | None = None) -> list[Row]:
    """Book an amount, positive as it is agreed upon, under a name of `CHARGES`. Raises KeyError."""
    charge = CHARGES[name]
    told = (about or About(""))._replace(transaction_type=charge.transaction_type)
    rows = [Row(charge.kind, told, charge.amount_type, charge.description, charge.sign * minor)]
    tax = minor * TAX_ON_FEES.get(currency, 0) // 100 if charge.taxed else 0
    if tax:
        rows.append(Row(charge.kind, told, charge.amount_type, "Tax on fee", charge.sign * tax))
    return rows


def multichannel_rows(order_id: str, merchant_order_id: str, *, sku: str, units: int, country: str) -> list[Row]:
    """Charge for an order of another shop that Amazon's warehouse sent: no price, only fees."""
    about = About(
        transaction_type="Order",
        order_id=order_id,
        merchant_order_id=merchant_order_id,
        marketplace_name=f"Non-Amazon {country}",
        fulfillment_id="AFN",
        merchant_item_id=f"{merchant_order_id}-1",
        sku=sku,
        quantity=units,
    )
    fees = (("FBAPerOrderFulfillmentFee", 295), ("FBATransportationFee", 310 * units))
    return [Row("multichannel", about, "Shipment-Fees", label, -fee) for label, fee in fees]


def total(rows: Iterable[Row]) -> int:
    """Add rows up."""
    return sum(row.minor for row in rows)
