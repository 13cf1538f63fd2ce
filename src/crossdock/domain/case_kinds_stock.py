"""The cases of stock, a part of the catalogue in `case_kinds.py`."""

from __future__ import annotations

from crossdock.domain.case import CaseKind, Owner

_SOON_S = 15 * 60
_HOURLY_S = 60 * 60
_DAILY_S = 24 * 60 * 60

STOCK_CASE_KINDS: tuple[CaseKind, ...] = (
    CaseKind(
        code="stock.negative",
        owner=Owner.OPERATIONS,
        title="More is sold than there is",
        meaning=(
            "After everything Amazon sold, the SKU's stock in commercetools is below zero: some order cannot be served. "
            "Nothing of it is listed on Amazon until there is stock again."
        ),
        first_step=(
            "Count the goods. If they are there, correct the entry in commercetools; if not, find the newest order "
            "with this SKU that is not shipped, and tell its buyer."
        ),
        closes_when="the stock is not below zero any more",
        recheck_s=_HOURLY_S,
    ),
    CaseKind(
        code="stock.no_entry",
        owner=Owner.OPERATIONS,
        title="Amazon sold units that no stock entry can give",
        meaning=(
            "The SKU has no inventory entry in any channel that feeds Amazon, so the sold units are taken off nowhere. "
            "Nothing of it is listed."
        ),
        first_step=(
            "Create the inventory entry in the supply channel of [connection.stock], with the goods that are there; "
            "the sold units are then taken off by themselves."
        ),
        closes_when="the units are off an entry",
        recheck_s=_SOON_S,
    ),
    CaseKind(
        code="stock.not_applied",
        owner=Owner.OPERATIONS,
        title="Amazon accepts a quantity and does not show it",
        meaning=(
            "Two sets in a row were accepted and never seen in effect; with proof one is enough, where it holds all there "
            "is. What was sent may still take effect, so it stays held for a day; meanwhile too little is listed rather "
            "than too much."
        ),
        first_step=(
            "Look at the listing in Seller Central: it may be inactive, restricted, or blocked by another error. Mend "
            "that; the quantity follows by itself. With proof, Amazon's part of new goods on its shelf is listed."
        ),
        closes_when="a read shows what was sent",
        recheck_s=_SOON_S,
    ),
    CaseKind(
        code="stock.foreign_writer",
        owner=Owner.OPERATIONS,
        title="Somebody else sets this quantity on Amazon",
        meaning=(
            "Amazon shows more than anything Crossdock sent can explain: a person in Seller Central, or another program. "
            "Crossdock answered with 0, and lists nothing for an hour."
        ),
        first_step=(
            "Find who set it, and have quantities set in one place only. If a person did, nothing else is to be done: "
            "after an hour the right quantity is set."
        ),
        closes_when="an hour has passed without another such quantity",
        recheck_s=_HOURLY_S,
        stands_s=_HOURLY_S,
    ),
    CaseKind(
        code="stock.listing_unreadable",
        owner=Owner.CATALOGUE,
        title="Amazon does not say how much of a SKU is listed",
        meaning=(
            "The listing has no quantity, or a fulfilment channel Crossdock does not know, so nothing can be set without "
            "guessing who ships it."
        ),
        first_step="Open the listing in Seller Central and save its fulfilment channel and quantity once by hand.",
        closes_when="Amazon shows the merchant's channel with a quantity, or Amazon's own",
        recheck_s=_HOURLY_S,
    ),
    CaseKind(
        code="stock.shared_units",
        owner=Owner.CATALOGUE,
        title="Two SKUs on Amazon sell the same units",
        meaning=(
            "Two seller SKUs that the merchant ships stand for one SKU in commercetools, and each would list all of its "
            "units. The one in the facts sells them; this one is kept at 0, because Amazon would sell each unit twice."
        ),
        first_step=(
            "Close one of the two listings in Seller Central, or give each a SKU and stock of its own in commercetools. One "
            "that the merchant ships beside one that Amazon ships needs nothing."
        ),
        closes_when="the other SKU is not shipped by the merchant any more, or stands for another SKU",
        recheck_s=_DAILY_S,
    ),
    CaseKind(
        code="stock.rejected",
        owner=Owner.CATALOGUE,
        title="A platform refused a quantity or a claim",
        meaning=(
            "Amazon refused to set the quantity, or commercetools to take sold units off. The platform's own code and the "
            "field it names are in the facts."
        ),
        first_step=(
            "See the code in the facts. On Amazon it is mostly the listing itself that has errors; in commercetools a "
            "missing type is repaired by `crossdock provision`."
        ),
        closes_when="the platform accepts it",
        recheck_s=_SOON_S,
    ),
    CaseKind(
        code="stock.feed_late",
        owner=Owner.OPERATIONS,
        title="A feed of quantities waits far longer than usual",
        meaning=(
            "Amazon works on the feeds of a seller one after the other, and this one waited for twenty minutes. Crossdock "
            "cancelled it if that was possible still, otherwise what it sets stays held; quantities go one by one meanwhile, "
            "and 0 never waits in a feed."
        ),
        first_step=(
            "See in Seller Central which other feeds or uploads are being processed, and stop a program that sends large ones "
            "by day. Nothing of stock is to be repeated by hand."
        ),
        closes_when="for an hour no feed was late",
        closed_by_run=False,
    ),
    CaseKind(
        code="stock.unsafe_plan",
        owner=Owner.OPERATIONS,
        title="Too many SKUs would be set to 0 at once",
        meaning=(
            "More of the listed SKUs than the policy allows have run out within an hour, as when a wrong file emptied the "
            "stock. Crossdock sets no more of them until a person has looked."
        ),
        first_step=(
            "Look at `crossdock plan stock`. If the stock is right, let it go with `crossdock resume`; if not, repair it "
            "in commercetools."
        ),
        closes_when="a person lets it go, or the stock is back",
        recheck_s=_SOON_S,
        closed_by_run=False,
    ),
)
