"""`crossdock check` where the policy speaks of stock: the role and the scopes it needs besides, and what does not work without them."""

from __future__ import annotations

import pytest

from crossdock.twin.amazon_account import SellerAccount
from tests.commands.operators import Desk

LISTINGS, SCOPES, MESSAGES = "Amazon: listings", "commercetools: sign-in and scopes", "commercetools: messages"
SET_UP = "commercetools: types and channels"


@pytest.fixture
def selling(desk: Desk) -> Desk:
    """An operator whose policy has a table of stock, and whose goods are on Amazon."""
    desk.write_stock('claims_from = 2030-01-01\nchannels = ["warehouse"]\n')
    desk.twin.merchants["A1DEMOSELLER"].list_goods()
    return desk


def account_of(desk: Desk) -> SellerAccount:
    """The seller account of the twin."""
    (account,) = desk.twin.amazon.accounts.values()
    return account


def findings(desk: Desk) -> dict[str, tuple[str, str]]:
    """What check finds: verdict and words of each thing it looked at."""
    return {each["what"]: (each["verdict"], each["says"]) for each in desk.read("check")["findings"]}


def test_without_a_policy_of_stock_nothing_is_asked_of_listings(desk: Desk) -> None:
    """Neither the role nor the scopes are missed where nobody needs them."""
    desk.join_client("manage_orders", "view_products", "manage_customers", "view_channels", "view_project_settings")
    account_of(desk).roles = {"inventory_and_order_tracking", "direct_to_consumer_delivery"}

    found = findings(desk)

    assert LISTINGS not in found
    assert found[SCOPES][0] == "ok"
    assert found[MESSAGES] == ("ok", "messages do not outlive personal data")


def test_set_up_that_has_everything_is_found_good(selling: Desk) -> None:
    """After provision, with the role and the scopes, nothing is left to do."""
    selling.read("provision")
    selling.join_client(
        "manage_orders",
        "manage_products",
        "view_messages",
        "manage_customers",
        "view_channels",
        "view_project_settings",
    )

    found = findings(selling)

    assert found[LISTINGS] == ("ok", "listings can be read, and set by the same role; there are 8")
    assert found[SCOPES][0] == "ok"
    assert found[MESSAGES] == ("ok", "messages do not outlive personal data")


def test_role_that_is_missing_is_named_with_what_to_do(selling: Desk) -> None:
    """Listings have a role of their own, and consent is given anew after it is granted."""
    account_of(selling).roles = {"inventory_and_order_tracking", "direct_to_consumer_delivery"}

    verdict, says = findings(selling)[LISTINGS]

    assert verdict == "failed"
    assert "no quantity can be read or set. Grant the application the role Product Listing" in says
    assert "set the new CROSSDOCK_DEMO_LWA_REFRESH_TOKEN" in says


def test_account_that_lists_nothing_is_pointed_at(desk: Desk) -> None:
    """Nothing listed is no fault, and most often another account or marketplace than was meant."""
    desk.write_stock("claims_from = 2030-01-01\n")

    verdict, says = findings(desk)[LISTINGS]

    assert verdict == "warning"
    assert says.startswith("nothing is listed in these marketplaces, so no quantity is set")


def test_scopes_that_are_missing_are_named_with_what_does_not_work(selling: Desk) -> None:
    """Who manages products views them, so that one scope is asked for and not two."""
    selling.join_client("manage_orders", "manage_customers", "view_channels", "view_project_settings")

    verdict, says = findings(selling)[SCOPES]

    assert verdict == "failed"
    assert says == (
        "manage_products is missing: no SKU can be looked up: every order waits as order.unknown_sku, "
        "and units sold on Amazon are not taken off the stock; "
        "view_messages is missing: stock that moves is noticed by the sweep alone, minutes later"
    )


def test_client_that_may_do_everything_is_told_what_stock_needs(selling: Desk) -> None:
    """The advice holds the two scopes of stock, and not the one they include."""
    verdict, says = findings(selling)[SCOPES]

    assert verdict == "warning"
    assert (
        "make one that has manage_orders, manage_products, view_messages, manage_customers, view_channels, view_project"
        in says
    )


def test_messages_that_are_off_are_a_warning(selling: Desk) -> None:
    """The project tells nobody that stock moved until provision has switched its messages on."""
    selling.twin.commercetools.projects["demo-shop"].messages_enabled = False

    assert findings(selling)[MESSAGES] == (
        "warning",
        "are off, so stock that moves is noticed by the sweep alone, minutes later; `crossdock provision` switches them on",
    )


def test_set_up_client_is_told_the_scope_that_messages_need(selling: Desk) -> None:
    """Switching messages on is a setting of the project."""
    selling.join_client("manage_orders", "manage_products")

    verdict, says = findings(selling)[SET_UP]

    assert verdict == "warning"
    assert says.endswith("the scopes manage_types, manage_channels and manage_project_settings")
