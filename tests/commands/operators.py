"""What an operator has before the first command: a folder, settings, and both platforms."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from crossdock.demo import POLICY
from crossdock.twin.both import Twin


class Desk:
    """A folder with settings, joined to a served twin that has been selling for a day."""

    def __init__(self, folder: Path, twin: Twin, environment: dict[str, str]) -> None:
        """Hold what a command needs."""
        self.folder = folder
        self.twin = twin
        self.environment = environment

    def join_away(self, *, first: bool) -> None:
        """A second connection, `away`, whose platforms do not answer: the first of the file or the last."""
        away = POLICY.format(url="http://127.0.0.1:9", seller_id="A1AWAYSELLER", import_from="2020-01-01")
        away = away[away.index("[[connection]]") :].replace('id = "demo"', 'id = "away"')
        policy = self.folder / "crossdock.toml"
        here = policy.read_text()
        policy.write_text(away + here if first else here + away)
        own = {name: value for name, value in self.environment.items() if "_DEMO_" in name}
        self.environment |= {name.replace("_DEMO_", "_AWAY_"): value for name, value in own.items()}

    def write_stock(self, keys: str) -> None:
        """Give the policy a table of stock with these keys."""
        policy = self.folder / "crossdock.toml"
        policy.write_text(f"{policy.read_text()}\n[connection.stock]\n{keys}")

    def join_client(self, *scopes: str) -> None:
        """Let commands use an API client with these scopes and no other."""
        self.twin.commercetools.projects["demo-shop"].add_client("narrow", "narrow-secret", *scopes)
        self.environment["CROSSDOCK_DEMO_CT_CLIENT_ID"] = "narrow"
        self.environment["CROSSDOCK_DEMO_CT_CLIENT_SECRET"] = "narrow-secret"

    def run(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        command = [sys.executable, "-m", "crossdock", *arguments]
        return subprocess.run(
            command,
            cwd=self.folder,
            env={**self.environment, **more},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def read(self, *arguments: str, **more: str) -> Any:
        """Run a command with --json and read what it says."""
        done = self.run(*arguments, "--json", **more)
        assert done.returncode in {0, 1}, done.stderr
        return json.loads(done.stdout)
