"""The gallery of cases, `docs/cases.md`: the catalogue, with an example of every kind that a test plays.

An example is what one would type against `crossdock twin serve`, or, where time or an accident of ours is needed, a few words and the act itself. Each
line is a method of `Play` for the test and a shell function for people, so that the page and the test cannot part.
"""

from __future__ import annotations

import json

from crossdock.domain.case import CaseKind
from crossdock.domain.case_kinds import ALL_CASE_KINDS
from crossdock.domain.record import Record
from crossdock.domain.timeline import Outcome
from crossdock.engine.drain import Flow, drain
from crossdock.engine.schedule import INGEST
from crossdock.store.personal_data import PersonalDataStore
from crossdock.store.vault import Vault
from tests.house.case_gallery_finance import FINANCE_EXAMPLES
from tests.house.case_gallery_stock import STOCK_EXAMPLES
from tests.house.case_play import ORDERS_LINE, Example, Play, fault, lines_of
from tests.joined_twin import MASTER_KEY

# --- the examples


def _changed_before_shipment(playing: Play) -> None:
    scene = playing.scene
    playing.buy(json.dumps({"skus": ["MUG-BLUE"], "quantity": 2, "fulfilled_by": "MERCHANT", "settled": True}))
    playing.crossdock("orders", "import", playing.order)
    order = json.loads(json.dumps(scene.account.orders[playing.order]))
    del order["lastUpdatedTime"]
    order["orderItems"][0]["fulfillment"] = order["orderItems"][0]["fulfillment"] | {"quantityUnfulfilled": 1}
    scene.after(minutes=1).account.put_order(order)
    playing.crossdock("orders", "import", playing.order)


def _address_changed(playing: Play) -> None:
    scene = playing.scene
    playing.buy(_FBM)
    playing.crossdock("orders", "import", playing.order)
    order = json.loads(json.dumps(scene.account.orders[playing.order]))
    del order["lastUpdatedTime"]
    order["recipient"]["deliveryAddress"]["addressLine1"] = "99 Corrected Street"
    scene.after(minutes=1).account.put_order(order)
    playing.crossdock("orders", "import", playing.order)


def _missing(playing: Play) -> None:
    scene = playing.scene
    bought_on = scene.twin.world.clock.now().date()
    scene.after(days=1).joined.discover()
    playing.sample("three_for_ten")
    scene.joined.checks.check_day(bought_on)


def _our_mistake(playing: Play) -> None:
    scene = playing.scene
    playing.buy(json.dumps({"fulfilled_by": "MERCHANT", "settled": True}))
    scene.after(minutes=5).joined.discover()

    def breaks(record: Record) -> Outcome:
        raise ZeroDivisionError(record.record_id)

    lock = playing.database.lock
    drain(
        Flow(INGEST, run=breaks),
        inbox=scene.joined.inbox,
        lock=lambda: lock("gallery"),
        clock=scene.twin.world.clock.now,
    )


def _routine_broke(playing: Play) -> None:
    joined = playing.scene.joined
    playing.buy(_FBM)
    playing.crossdock("orders", "import", playing.order)
    joined.vault = Vault(PersonalDataStore(playing.database, joined.connection_id, [b"another" + MASTER_KEY[7:]]))
    playing.happens("cancel")
    playing.scene.after(minutes=5)
    playing.crossdock("work")


_FBM = '{"skus": ["MUG-BLUE"], "fulfilled_by": "MERCHANT", "settled": true}'
_FBA = '{"skus": ["MUG-BLUE"], "fulfilled_by": "AMAZON", "settled": true}'
_IMPORT = "crossdock orders import $ORDER"


def _update(*actions: str) -> str:
    return f"""shop POST orders/order-number=$ORDER '{{"version": 1, "actions": [{", ".join(actions)}]}}'"""


_CODES = """\
The code in the facts is the platform's own. What it usually means for an import:

| code | usually |
| --- | --- |
| `ReferencedResourceNotFound` | the channel or type named in the facts is not in the project: `crossdock provision` |
| `MissingRoleOnChannel` | the channel is there without its role: `crossdock provision` |
| `InvalidField`, `InvalidInput`, `InvalidOperation` | a value the project does not take: compare the named field with its definition |
| `RequiredField` | a type named in the policy has a required field that is not ours: make it optional |
| `CountryNotConfiguredInStore` | the order's country is not one of the store's |
| `MaxResourceLimitExceeded`, `ResourceSizeLimitExceeded` | a limit of the project: ask commercetools to raise it |
| `413`, `ContentTooLarge` | the order is larger than the platform takes: import it by hand |
"""

EXAMPLES: dict[str, Example] = {
    "order.unknown_sku": Example(
        lines_of("""buy '{"skus": ["MUG-GONE"], "fulfilled_by": "MERCHANT", "settled": true}'""", _IMPORT),
        more="An FBA order with such a SKU is imported all the same: `sample unknown_sku_fba`.",
    ),
    "order.price_missing": Example(lines_of("sample without_a_price", _IMPORT)),
    "order.total_mismatch": Example(lines_of("sample difference_nobody_explains", _IMPORT)),
    "order.tax_unmapped": Example(lines_of(f"{ORDERS_LINE}tax_rates = {{}}", "sample tax_unmapped", _IMPORT)),
    "order.no_stock": Example(
        lines_of(f'{ORDERS_LINE}supply_channel = "empty-shelf"', "crossdock provision", f"buy '{_FBM}'", _IMPORT),
    ),
    "order.personal_data_masked": Example(lines_of("sample without_address", _IMPORT)),
    "order.rejected": Example(
        lines_of(fault("commercetools.importOrder", "too_large"), f"buy '{_FBM}'", _IMPORT), more=_CODES
    ),
    "order.number_taken": Example(
        lines_of(
            f"buy '{_FBM}'",
            """shop POST orders/import '{"orderNumber": "'$ORDER'", "totalPrice": {"centAmount": 100, "currencyCode": "EUR"}, """
            """"customLineItems": [{"name": {"en": "Another"}, "slug": "another", "quantity": 1, "money": {"centAmount": 100, "currencyCode": "EUR"}}]}'""",
            _IMPORT,
        ),
    ),
    "order.late_to_import": Example(lines_of("sample fbm_first_seen_partly_shipped", _IMPORT)),
    "order.cancelled_after_shipment": Example(
        lines_of(
            f"buy '{_FBM}'",
            _IMPORT,
            _update('{"action": "changeShipmentState", "shipmentState": "Shipped"}'),
            "happens cancel",
            _IMPORT,
        ),
    ),
    "order.cancelled_in_shop": Example(
        lines_of(
            f"buy '{_FBM}'", _IMPORT, _update('{"action": "changeOrderState", "orderState": "Cancelled"}'), _IMPORT
        ),
    ),
    "order.cancellation_requested": Example(lines_of(f"buy '{_FBM}'", "happens request_cancellation", _IMPORT)),
    "order.changed_before_shipment": Example(
        "An order of two units is imported, then Amazon shows one of them cancelled.", act=_changed_before_shipment
    ),
    "order.address_changed": Example(
        "An order is imported, then the buyer has Amazon correct the street.", act=_address_changed
    ),
    "order.fba_left_its_fence": Example(
        lines_of(f"buy '{_FBA}'", _IMPORT, _update('{"action": "changeOrderState", "orderState": "Open"}'), _IMPORT),
        more="A worker looks for such orders every hour by itself.",
    ),
    "order.vanished": Example(
        lines_of(f"buy '{_FBM}'", _IMPORT, "shop DELETE orders/order-number=$ORDER?version=1", _IMPORT)
    ),
    "order.program_unsupported": Example(
        lines_of(
            """buy '{"skus": ["MUG-BLUE"], "fulfilled_by": "MERCHANT", "programs": ["IN_STORE_PICK_UP"], "settled": true}'""",
            _IMPORT,
        ),
    ),
    "order.status_unknown": Example(lines_of("sample unknown_status", _IMPORT)),
    "order.missing": Example(
        "A search lost an order of yesterday; the proof of the closed day, an hour after midnight UTC, finds it.",
        act=_missing,
    ),
    "order.not_erased": Example(
        lines_of(
            f"buy '{_FBM}'",
            _IMPORT,
            "happens cancel",
            _IMPORT,
            fault("commercetools.updateOrder", "too_large"),
            "crossdock erase",
        ),
        more="A cancelled order's data is due at once, which is why this one need not wait for 30 days.",
    ),
    "record.unreadable": Example(
        lines_of(
            """twin orders '{"order": {"orderId": "302-0000000-0000000"}}'""",
            "crossdock orders import 302-0000000-0000000",
        )
    ),
    "record.our_mistake": Example(
        "Not to be made on purpose; the test lets the flow divide by zero.", act=_our_mistake
    ),
    "record.stuck": Example(
        lines_of(fault("commercetools.importOrder", "conflict"), f"buy '{_FBM}'", _IMPORT),
        more="A platform that does not answer leads here as well, after twelve tries in a little over an hour.",
    ),
    "connection.failed": Example(
        "The buyer of a sealed address cancels, and a worker that cannot open it reads that; with the wrong master key none starts any more.",
        act=_routine_broke,
    ),
    "connection.refused": Example(lines_of(fault("amazon.searchOrders", "too_large"), "crossdock work")),
    "connection.unauthorized": Example(
        lines_of(fault("commercetools.importOrder", "forbidden"), f"buy '{_FBM}'", _IMPORT)
    ),
    **STOCK_EXAMPLES,
    **FINANCE_EXAMPLES,
}


# --- the page


HEAD = """\
# Cases: what needs a person

<!-- Written by `make golden` from the catalogue (`src/crossdock/domain/case_kinds.py`) and the examples
     (`tests/house/case_gallery.py`, `tests/house/case_gallery_stock.py`). -->

A case is a record a person must look at. It is no error: the other records go on, and the first step is in the case. `crossdock cases list` and the
desk show the open ones, nearest deadline first; `crossdock cases show NUMBER` shows one; `crossdock cases retry NUMBER` takes its record up again now.
Raising a case twice is one case. A case closes by itself when the check that opened it passes; nobody has to tick it off.

The owner is the usual one. Name another under `[owners]` in `crossdock.toml`.

{table}

## To see them

Each kind below has an example that the tests play. To play it by hand, serve the twin and join it as
[CONTRIBUTING](../CONTRIBUTING.md#the-twin-by-hand) says, and in a shell at the top of the checkout define the words the examples use:

```sh
{words}
```

A line that begins with `# [connection.orders]:` or `# [connection.stock]:` is a key to set in that table of `crossdock.toml` first; `{}` means: leave it out.
Cases of stock need the table `[connection.stock]` with a `claims_from` that has passed and `channels = ["warehouse", ""]`, and `crossdock provision` once more.
`twin faults` lets an operation fail until `curl -X DELETE $TWIN/_twin/faults`.

"""

WORDS = """\
TWIN=http://127.0.0.1:8700
twin() { curl -s "$TWIN/_twin/$1" -d "$2"; echo; }
read_id() { python3 -c 'import json, sys; told = json.load(sys.stdin); print(told.get("order_id") or told["order_ids"][0])'; }
buy() { ORDER=$(twin merchant/buy "$1" | read_id); echo "$ORDER"; }
sample() { ORDER=$(twin orders "{\\"order\\": $(cat "tests/samples/orders/$1.json")}" | read_id); echo "$ORDER"; }
happens() { twin "merchant/$1" "{\\"order_id\\": \\"$ORDER\\"}"; }
read_token() { python3 -c 'import json, sys; print(json.load(sys.stdin)["access_token"])'; }
TOKEN=$(curl -s -u demo:demo-secret "$TWIN/oauth/token" -d grant_type=client_credentials | read_token)
shop() { curl -s -X "$1" "$TWIN/demo-shop/$2" -H "authorization: Bearer $TOKEN" -d "$3"; echo; }"""


def gallery() -> str:
    """The page."""
    rows = [f"| [`{kind.code}`](#{_anchor(kind)}) | {kind.title} | {_owner(kind)} |" for kind in ALL_CASE_KINDS]
    table = "\n".join(["| kind | what | owner |", "| --- | --- | --- |", *rows])
    return HEAD.replace("{table}", table).replace("{words}", WORDS) + "\n".join(
        _section(kind) for kind in ALL_CASE_KINDS
    )


def _section(kind: CaseKind) -> str:
    example = EXAMPLES[kind.code]
    shown = example.text if example.act else f"```sh\n{example.text}\n```"
    more = f"\n{example.more.rstrip()}\n" if example.more else ""
    return f"""\
## {kind.code}

**{kind.title}.** {kind.meaning}

| | |
| --- | --- |
| Owner | {_owner(kind)} |
| First step | {kind.first_step} |
| Closes | when {kind.closes_when} |
| Looked at again | {_again(kind)} |

{shown}
{more}"""


def _again(kind: CaseKind) -> str:
    stands = f"; stays open for {_lasting(kind.stands_s)}, as a trace of what was put right" if kind.stands_s else ""
    return (
        f"by itself every {_span(kind.recheck_s)}" if kind.recheck_s else "on news, or when a person retries it"
    ) + stands


def _span(seconds: int) -> str:
    return {900: "15 minutes", 3600: "hour", 86400: "day"}.get(seconds, f"{seconds} s")


def _lasting(seconds: int) -> str:
    return {3600: "an hour", 86400: "a day"}.get(seconds, f"{seconds} s")


def _owner(kind: CaseKind) -> str:
    return kind.owner.replace("_", " ")


def _anchor(kind: CaseKind) -> str:
    return kind.code.replace(".", "")
