"""Examples of the cases of stock."""

from __future__ import annotations

from tests.house.case_play import ORDERS_LINE, STOCK_LINE, Example, Play, fault, lines_of

_IMPORT = "crossdock orders import $ORDER"
_RUN = "crossdock run"
# A set is looked for a minute after it was sent, when it has taken effect.
_LATER = "sleep 65"


def _list(*skus: str, quantity: int = 0) -> str:
    named = ", ".join(f'"{sku}"' for sku in skus)
    return f"""twin merchant/list '{{"skus": [{named}], "quantity": {quantity}}}'"""


def _buy(sku: str, quantity: int) -> str:
    return f"""buy '{{"skus": ["{sku}"], "quantity": {quantity}, "fulfilled_by": "MERCHANT", "settled": true}}'"""


def _unknown_channel(playing: Play) -> None:
    playing.scene.merchant.list_goods(["MUG-BLUE"], quantity=5)
    playing.scene.account.listings.by_sku["MUG-BLUE"].live = {"A_NEW_PROGRAMME": 5}
    playing.crossdock("run")
    playing.crossdock("run")


STOCK_EXAMPLES: dict[str, Example] = {
    "stock.negative": Example(
        lines_of(_list("MUG-BLUE", quantity=9000), _buy("MUG-BLUE", 5000), _IMPORT, _RUN),
        more="Somebody had listed far more than there is, before Crossdock was joined.",
    ),
    "stock.no_entry": Example(
        lines_of(_list("MUG-GONE", quantity=5), _buy("MUG-GONE", 2), _IMPORT, _RUN),
        more="The same order is `order.unknown_sku` as well: commercetools knows neither the product nor its stock.",
    ),
    "stock.not_applied": Example(
        lines_of("""twin listings '{"never_applied": 1.0}'""", _list("MUG-BLUE"), _RUN, _RUN, *[_LATER, _RUN] * 2),
        more="A pass that comes when a set should long be in effect sees nothing of it, and sends another.",
    ),
    "stock.foreign_writer": Example(
        lines_of(
            _list("MUG-BLUE"),
            _RUN,
            _RUN,
            _LATER,
            """twin merchant/edit_quantity '{"sku": "MUG-BLUE", "quantity": 9000}'""",
            _RUN,
        ),
    ),
    "stock.listing_unreadable": Example(
        "Amazon shows a listing under a fulfilment channel that nobody knows yet.", act=_unknown_channel
    ),
    "stock.shared_units": Example(
        lines_of(
            f'{ORDERS_LINE}sku_aliases = {{"MUG-BLUE-2" = "MUG-BLUE"}}',
            _list("MUG-BLUE", "MUG-BLUE-2"),
            _RUN,
            _RUN,
        ),
    ),
    "stock.rejected": Example(
        lines_of(fault("amazon.patchListingsItem", "too_large"), _list("MUG-BLUE"), _RUN, _RUN),
        more="commercetools refuses a claim in the same way: `amazon.patchListingsItem` is then `commercetools.updateInventoryEntry`.",
    ),
    "stock.feed_late": Example(
        lines_of(
            """twin feeds '{"stuck": true}'""",
            """twin merchant/stock '{"count": 400, "quantity": 50}'""",
            "twin merchant/list '{}'",
            *[_RUN, _LATER] * 5,
            "sleep 1300",
            _RUN,
        ),
        more="So many first quantities at once go by feed; one that waits for twenty minutes is late.",
    ),
    "stock.unsafe_plan": Example(
        lines_of(
            f"{STOCK_LINE}changes_min = 1",
            _list("MUG-BLUE", "MUG-RED", quantity=9000),
            _buy("MUG-BLUE", 5000),
            _IMPORT,
            _buy("MUG-RED", 5000),
            _IMPORT,
            _RUN,
        ),
        more="With the usual `changes_min` it takes more than twenty SKUs at once.",
    ),
}
