"""The product in a process of its own, joined to a twin that is served over HTTP: what an operator starts, and what an operator kills."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from tests.waiting import WAIT_S_MAX

CONNECTION = """
[[connection]]
id = "{connection_id}"
[connection.amazon]
seller_id = "A1{name}SELLER"
region = "EU"
marketplaces = ["DE"]
endpoint = "{url}"
token_url = "{url}/auth/o2/token"
[connection.commercetools]
project_key = "shop-{connection_id}"
api_url = "{url}"
auth_url = "{url}"
[connection.orders]
import_from = 2020-01-01
supply_channel = "warehouse"
[connection.orders.tax_rates]
DE = "0.19"
"""


@dataclass
class Processes:
    """Starts `crossdock` as others would, and ends what it started."""

    folder: Path
    url: str
    addresses: tuple[str, str]
    connection_ids: Sequence[str]
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    def environment(self) -> dict[str, str]:
        """What an operator sets."""
        policy = self.folder / "crossdock.toml"
        tables = [
            CONNECTION.format(connection_id=name, name=name.upper().replace("-", ""), url=self.url)
            for name in self.connection_ids
        ]
        policy.write_text("".join(tables))
        own = {
            "CROSSDOCK_POLICY": str(policy),
            "CROSSDOCK_DATABASE_URL": self.addresses[0],
            "CROSSDOCK_OWNER_DATABASE_URL": self.addresses[1],
            "CROSSDOCK_MASTER_KEY": base64.b64encode(bytes(range(32))).decode(),
        }
        for name in self.connection_ids:
            prefix = f"CROSSDOCK_{name.upper().replace('-', '_')}_"
            own |= {
                f"{prefix}LWA_CLIENT_ID": "amzn1.application-oa2-client.example",
                f"{prefix}LWA_CLIENT_SECRET": "amzn1.oa2-cs.v1.example",
                f"{prefix}LWA_REFRESH_TOKEN": f"Atzr|{name}",
                f"{prefix}CT_CLIENT_ID": f"worker-{name}",
                f"{prefix}CT_CLIENT_SECRET": "worker-secret",
            }
        return {**os.environ, **own}

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a command that runs until it is ended; its events go to a file."""
        command = [sys.executable, "-m", "crossdock", *arguments]
        with (self.folder / f"process-{len(self.started)}.log").open("w") as log:
            process = subprocess.Popen(command, env=self.environment(), stderr=log, text=True)
        self.started.append(process)
        return process

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        command = [sys.executable, "-m", "crossdock", *arguments]
        return subprocess.run(
            command, env=self.environment(), capture_output=True, text=True, timeout=WAIT_S_MAX, check=False
        )

    def kill(self, process: subprocess.Popen[str]) -> None:
        """kill -9: no line of ours runs after it."""
        process.send_signal(signal.SIGKILL)
        process.wait()

    def events(self, number: int, name: str) -> list[dict[str, Any]]:
        """The events of one name that the process of this number has written."""
        lines = (self.folder / f"process-{number}.log").read_text().splitlines()
        found = [json.loads(line) for line in lines if line.startswith("{")]
        return [line for line in found if line["event"] == name]

    def waiting_wake_ups(self, lock: str) -> int:
        """Wake-ups of one (connection, flow) that wait for their turn."""
        with psycopg.connect(self.addresses[1]) as owner:
            row = owner.execute(
                "select count(*) from procrastinate.procrastinate_jobs where lock = %s and status = 'todo'", [lock]
            ).fetchone()
        return int(row[0]) if row else 0

    def states(self, connection_id: str) -> set[str]:
        """In which states the records of one connection are."""
        with psycopg.connect(self.addresses[0], options="-c search_path=crossdock") as app:
            app.execute("select set_config('crossdock.connections', %s, true)", [connection_id])
            return {row[0] for row in app.execute("select distinct state from inbox").fetchall()}

    def close(self) -> None:
        """End everything that was started."""
        for process in self.started:
            if process.poll() is None:
                process.terminate()
        for process in self.started:
            process.wait(timeout=30)
