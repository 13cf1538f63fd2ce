"""What every test of commands may ask for: a folder with settings, joined to a twin."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from crossdock.demo import POLICY
from crossdock.demo_shop import selling_shop
from crossdock.twin.serve import start
from tests.commands.operators import Desk


@pytest.fixture
def desk(tmp_path: Path, addresses: tuple[str, str]) -> Iterator[Desk]:
    """Everything an operator has set up before the first command."""
    twin, account, _, _ = selling_shop(3, 24)
    with start(twin) as served:
        policy = tmp_path / "crossdock.toml"
        policy.write_text(POLICY.format(url=served.url, seller_id=account.seller_id, import_from="2020-01-01"))
        own = {
            "CROSSDOCK_DATABASE_URL": addresses[0],
            "CROSSDOCK_OWNER_DATABASE_URL": addresses[1],
            "CROSSDOCK_DATA": str(tmp_path / "data"),
            "CROSSDOCK_MASTER_KEY": base64.b64encode(bytes(range(32))).decode(),
            "CROSSDOCK_DEMO_LWA_CLIENT_ID": account.client_id,
            "CROSSDOCK_DEMO_LWA_CLIENT_SECRET": account.client_secret,
            "CROSSDOCK_DEMO_LWA_REFRESH_TOKEN": account.refresh_token,
            "CROSSDOCK_DEMO_CT_CLIENT_ID": "demo",
            "CROSSDOCK_DEMO_CT_CLIENT_SECRET": "demo-secret",
        }
        yield Desk(tmp_path, twin, {**os.environ, **own})
