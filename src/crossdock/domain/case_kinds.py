"""The catalogue of cases: every code, its owner, its first step, and the check that closes it. Codes are never renamed."""

from __future__ import annotations

from crossdock.domain.case import CaseKind, Owner
from crossdock.domain.case_kinds_finance import FINANCE_CASE_KINDS
from crossdock.domain.case_kinds_stock import STOCK_CASE_KINDS

# How soon a record that waits for a repair elsewhere is looked at again by itself.
_SOON_S = 15 * 60
_HOURLY_S = 60 * 60
_DAILY_S = 24 * 60 * 60

ALL_CASE_KINDS: tuple[CaseKind, ...] = (
    CaseKind(
        code="order.unknown_sku",
        owner=Owner.CATALOGUE,
        title="An ordered SKU is not in commercetools",
        meaning=(
            "Amazon sold a seller SKU that no product variant in commercetools has. An FBM order waits; an "
            "FBA order is recorded with a custom line."
        ),
        first_step=(
            "Create the variant with this SKU, or map it under [connection.orders.sku_aliases] in "
            "crossdock.toml, then retry the case."
        ),
        closes_when="the SKU, or the one it is mapped to, is found in commercetools",
        recheck_s=_SOON_S,
    ),
    CaseKind(
        code="order.price_missing",
        owner=Owner.OPERATIONS,
        title="Amazon states no price",
        meaning=(
            "The order can be shipped but Amazon states neither a total nor the price of a line. It waits, "
            "because a sale at price zero is wrong in every ledger."
        ),
        first_step=(
            "Compare the order in Seller Central. If it shows a price, retry the case; if not, ship it by "
            "hand and tell finance."
        ),
        closes_when="Amazon states the price",
        recheck_s=_SOON_S,
    ),
    CaseKind(
        code="order.total_mismatch",
        owner=Owner.FINANCE,
        title="The order's parts do not sum to its total",
        meaning=(
            "No reading of tax and promotions explains Amazon's grand total. The order was imported; the "
            "difference is a custom line of its own."
        ),
        first_step=(
            "Compare the difference with the order's page in Seller Central and book it by hand if it is real."
        ),
        closes_when="Amazon's amounts sum to its total",
        recheck_s=_DAILY_S,
    ),
    CaseKind(
        code="order.tax_unmapped",
        owner=Owner.FINANCE,
        title="No tax rate for a line",
        meaning=(
            "Amazon states no tax, the price includes it, and neither the variant's tax category nor the "
            "policy has a rate. The line was imported without tax."
        ),
        first_step=(
            "Give the variant a tax category with a rate for the ship-to country, or set "
            "[connection.orders.tax_rates]; correct this order's tax in the ledger."
        ),
        closes_when="the line in commercetools has its tax",
        recheck_s=_DAILY_S,
    ),
    CaseKind(
        code="order.no_stock",
        owner=Owner.OPERATIONS,
        title="No stock entry for an ordered SKU",
        meaning=(
            "commercetools has no inventory entry, or not enough, for the SKU in the supply channel. The line"
            " was imported without stock effect, because a ship-by date does not wait."
        ),
        first_step=(
            "Check that the goods exist. Create or correct the inventory entry and take the sold units off by hand."
        ),
        closes_when="the order is shipped or cancelled",
        recheck_s=_DAILY_S,
    ),
    CaseKind(
        code="order.personal_data_masked",
        owner=Owner.ENGINEERING,
        title="Amazon hides the address of an order to ship",
        meaning=(
            "The order is to be shipped by you, but Amazon gave no usable address: the application lacks the "
            "role Direct-to-Consumer Delivery, or the refresh token is older than the role."
        ),
        first_step=(
            "Run `crossdock check`. Grant the role, re-authorise, and use the new refresh token; until then "
            "ship from Seller Central."
        ),
        closes_when="the address can be read, or the order needs none any more",
        recheck_s=_SOON_S,
    ),
    CaseKind(
        code="order.rejected",
        owner=Owner.ENGINEERING,
        title="commercetools or Amazon refused the order",
        meaning=(
            "The other side understood the request and refused it. Its own code and the field it names are in"
            " the facts."
        ),
        first_step=(
            "A missing channel or type is repaired by `crossdock provision`; for anything else see the code "
            "in the cases gallery. Then retry the case."
        ),
        closes_when="the same order is accepted",
        recheck_s=_HOURLY_S,
    ),
    CaseKind(
        code="order.number_taken",
        owner=Owner.ENGINEERING,
        title="The order number belongs to another order",
        meaning=("commercetools already has an order with this number that does not come from this Amazon order."),
        first_step="Set orders.number_prefix before the first import, or renumber the other source.",
        closes_when="the order under this number is the Amazon order",
        recheck_s=_DAILY_S,
    ),
    CaseKind(
        code="order.late_to_import",
        owner=Owner.OPERATIONS,
        title="An order to ship is late",
        meaning=(
            "Its ship-by date has passed and it is not shipped: it was first seen late, a part of it was "
            "shipped elsewhere before, or nobody shipped it."
        ),
        first_step=(
            "Ship what is left today, from where it was begun, and confirm it in Seller Central if the parcel"
            " is not in commercetools."
        ),
        closes_when="the order is shipped or cancelled",
        recheck_s=_DAILY_S,
    ),
    CaseKind(
        code="order.cancelled_after_shipment",
        owner=Owner.CUSTOMER_SERVICE,
        title="Cancelled on Amazon, but the goods are gone",
        meaning="Amazon cancelled an order that commercetools shows as shipped, in part or whole.",
        first_step=("Try to stop the parcel; if it cannot be stopped, open a SAFE-T claim or wait for the return."),
        closes_when="both sides agree",
    ),
    CaseKind(
        code="order.cancelled_in_shop",
        owner=Owner.OPERATIONS,
        title="Cancelled in commercetools, but Amazon still expects it",
        meaning=(
            "Somebody cancelled the order in commercetools; Amazon was not told and counts it as late after "
            "its ship-by date."
        ),
        first_step=(
            "Cancel the order in Seller Central with the right reason, or reopen it in commercetools and ship it."
        ),
        closes_when="Amazon shows the order cancelled, or commercetools shows it open",
        recheck_s=_HOURLY_S,
    ),
    CaseKind(
        code="order.cancellation_requested",
        owner=Owner.CUSTOMER_SERVICE,
        title="The buyer asks to cancel",
        meaning=(
            "The buyer asked to cancel an order that is not shipped yet. The order carries the field amazon-"
            "cancellation-requested."
        ),
        first_step=("If it is not packed: cancel it in Seller Central. Otherwise ship it and answer the buyer."),
        closes_when="the order is cancelled or shipped",
    ),
    CaseKind(
        code="order.changed_before_shipment",
        owner=Owner.OPERATIONS,
        title="The order changed before it was shipped",
        meaning=(
            "Amazon now shows other quantities than were imported. commercetools cannot change the lines of "
            "an order; the new quantities are in the line fields."
        ),
        first_step="Pack by the field amazon-quantity-to-ship of each line, not by its quantity.",
        closes_when="the order is shipped or cancelled",
    ),
    CaseKind(
        code="order.address_changed",
        owner=Owner.OPERATIONS,
        title="The address changed before the order was shipped",
        meaning=(
            "Amazon shows another delivery address than the order was imported with. Crossdock has put it into "
            "commercetools; a label or a packing slip made before has the old one."
        ),
        first_step="If it is packed already, stop the parcel and print its label anew; otherwise nothing is to be done.",
        closes_when="a day has passed since the change",
        recheck_s=_DAILY_S,
        stands_s=_DAILY_S,
    ),
    CaseKind(
        code="order.fba_left_its_fence",
        owner=Owner.OPERATIONS,
        title="An FBA order became visible to the warehouse",
        meaning=(
            "Somebody or something set an order that Amazon ships to a state a warehouse acts on. Crossdock "
            "put it back."
        ),
        first_step=(
            "Make sure the warehouse did not pick it, and find what changed the state (see the order's "
            "messages in commercetools)."
        ),
        closes_when="a day has passed with the order behind its fence",
        recheck_s=_DAILY_S,
        stands_s=_DAILY_S,
    ),
    CaseKind(
        code="order.vanished",
        owner=Owner.ENGINEERING,
        title="The order is gone from commercetools",
        meaning=(
            "Crossdock imported this order and commercetools no longer has it. It is never imported a second "
            "time by itself."
        ),
        first_step="Find out who deleted it. If it must come back: `crossdock orders import ID --again`.",
        closes_when="commercetools has the order",
        recheck_s=_DAILY_S,
    ),
    CaseKind(
        code="order.program_unsupported",
        owner=Owner.OPERATIONS,
        title="A programme that is not dispatched like the others",
        meaning=(
            "The order belongs to in-store pick-up or Easy Ship. Amazon expects other steps than a parcel "
            "with tracking."
        ),
        first_step=(
            'Handle it in Seller Central, or set the programme to "dispatch" under [connection.orders.programs].'
        ),
        closes_when="the policy says dispatch, or the order is shipped or cancelled",
        recheck_s=_HOURLY_S,
    ),
    CaseKind(
        code="order.status_unknown",
        owner=Owner.ENGINEERING,
        title="Amazon tells something Crossdock does not know",
        meaning=("A status, or who fulfils the order, has a value Crossdock has never seen. It is not guessed."),
        first_step=(
            "Look at the order in Seller Central and handle it there; tell the maintainers the value in the facts."
        ),
        closes_when="Amazon shows a known value",
        recheck_s=_HOURLY_S,
    ),
    CaseKind(
        code="order.missing",
        owner=Owner.ENGINEERING,
        title="An order of a closed day was never seen",
        meaning=(
            "The second, independent search of a closed day found an order that the first never brought. It "
            "is fetched now."
        ),
        first_step=(
            "If it stays: `crossdock orders import ID`. Several in one day point to a gap in polling; see the"
            " freshness page."
        ),
        closes_when="the order is in the inbox",
        recheck_s=_SOON_S,
    ),
    CaseKind(
        code="order.not_erased",
        owner=Owner.ENGINEERING,
        title="A buyer's data could not be erased on its day",
        meaning=(
            "commercetools refused to take address and e-mail off an order whose personal data is due to go, or has "
            "failed to for two days. Crossdock's own copy stays sealed meanwhile, and each hour tries again."
        ),
        first_step=(
            "See the facts. Take the addresses, the e-mail and the amazon- fields off the order by "
            "hand, or delete the order; the rest follows by itself."
        ),
        closes_when="the data is gone on both sides",
        closed_by_run=False,
    ),
    CaseKind(
        code="record.unreadable",
        owner=Owner.ENGINEERING,
        title="A record cannot be read without guessing",
        meaning=(
            "Amazon sent a record of a shape or with a value that Crossdock does not understand. The place is"
            " in the facts."
        ),
        first_step=(
            "Look at the record in Seller Central and handle it there if it is urgent; tell the maintainers "
            "the place in the facts."
        ),
        closes_when="the record arrives in a readable form",
    ),
    CaseKind(
        code="record.our_mistake",
        owner=Owner.ENGINEERING,
        title="Crossdock made a mistake",
        meaning="The code broke on this record. Only this record stopped.",
        first_step="Report it with the facts below; retry the case after the next release.",
        closes_when="the record runs through",
    ),
    CaseKind(
        code="record.stuck",
        owner=Owner.ENGINEERING,
        title="A record has been put back too often",
        meaning=(
            "The other side was unavailable, or kept changing, at every try. Crossdock goes on trying once an hour."
        ),
        first_step="Look at the other side's status page and at the freshness on the desk.",
        closes_when="the record runs through",
        recheck_s=_HOURLY_S,
    ),
    CaseKind(
        code="connection.refused",
        owner=Owner.ENGINEERING,
        title="A platform refuses a routine of this connection",
        meaning=(
            "A search or a check that runs by the clock was understood and refused. Nothing is lost; the "
            "routine is tried again at its next time."
        ),
        first_step=(
            "Compare this machine's clock with the real time, then look up the code in the facts. `crossdock "
            "check` tells more."
        ),
        closes_when="the routine runs through",
    ),
    CaseKind(
        code="connection.failed",
        owner=Owner.ENGINEERING,
        title="A routine of this connection broke",
        meaning=(
            "Something that is no platform's fault ended a search or a check that runs by the clock: a setting, as a "
            "master key that opens nothing, or a mistake of Crossdock's. Nothing is lost; the routine is tried again "
            "at its next time."
        ),
        first_step=(
            "Start the process anew: it names a setting that is wrong. If it starts and the case stays, report it with "
            "the facts below."
        ),
        closes_when="the routine runs through",
    ),
    CaseKind(
        code="connection.unauthorized",
        owner=Owner.ENGINEERING,
        title="A platform no longer lets Crossdock in",
        meaning=(
            "Token, consent, role or scope is missing on the platform in the facts. The flow that was refused pauses; "
            "nothing is lost, all of it waits."
        ),
        first_step=(
            "Run `crossdock check`: it names the missing role or scope. Renew the consent or the secret; the "
            "flow goes on by itself."
        ),
        closes_when="the flow that was refused is let in again",
        recheck_s=_SOON_S,
    ),
    *STOCK_CASE_KINDS,
    *FINANCE_CASE_KINDS,
)

CASE_KINDS: dict[str, CaseKind] = {kind.code: kind for kind in ALL_CASE_KINDS}
