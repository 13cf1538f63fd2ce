"""The twin's one door to both platforms."""

from __future__ import annotations

import pytest

from crossdock.twin.both import Twin
from crossdock.twin.world import Request


@pytest.mark.parametrize(
    ("method", "path", "operation"),
    [
        ("POST", "/auth/o2/token", "amazon.token"),
        ("GET", "/orders/2026-01-01/orders", "amazon.searchOrders"),
        ("GET", "/listings/2021-08-01/items/A/B", "amazon.getListingsItem"),
        ("POST", "/oauth/token", "commercetools.token"),
    ],
)
def test_the_path_decides_which_platform_answers(method: str, path: str, operation: str) -> None:
    """Each platform has its own paths, and both stand in one world."""
    twin = Twin()
    twin.handle(Request(method, path, {}, {}))
    assert [call.operation for call in twin.world.calls] == [operation]
