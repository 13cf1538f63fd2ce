"""Who may import whom: the contracts of pyproject.toml hold, and each of the main ones bites."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]


def lint(sources: Path) -> subprocess.CompletedProcess[str]:
    """Check the contracts of this checkout against the package in that folder."""
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()"]
    environment = os.environ | {"PYTHONPATH": str(sources)}
    arguments = ["--no-cache", "--config", str(TOP / "pyproject.toml")]
    return subprocess.run(
        [*command, *arguments], cwd=sources, env=environment, capture_output=True, text=True, check=False
    )


def test_contracts_hold() -> None:
    """Down only, siblings never; what decides does no I/O; the twin knows none of our readers."""
    checked = lint(TOP / "src")
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize(
    ("file", "line", "contract"),
    [
        ("domain/money.py", "import crossdock.ports", "down only"),
        ("store/cursors.py", "import crossdock.amazon.client", "down only"),
        ("corner.py", '"""A new room nobody gave a floor."""', "down only"),
        ("store/cursors.py", "import crossdock.ports", "know no flow and no port"),
        ("flows/ingest_orders.py", "import psycopg", "what decides does no I/O"),
        ("ports.py", "import socket", "what decides does no I/O"),
        ("flows/ingest_orders.py", "import logging", "do not log"),
        ("domain/money.py", "import random", "the standard library only"),
        ("twin/world.py", "import crossdock.domain.money", "the twin imports nothing of ours"),
        ("store/cursors.py", "import sqlalchemy", "SQLAlchemy is Alembic's affair"),
    ],
)
def test_contract_bites(tmp_path: Path, file: str, line: str, contract: str) -> None:
    """One line that breaks the contract is found."""
    shutil.copytree(TOP / "src/crossdock", tmp_path / "crossdock", ignore=shutil.ignore_patterns("__pycache__"))
    with (tmp_path / "crossdock" / file).open("a") as source:
        source.write(f"\n{line}\n")
    checked = lint(tmp_path)
    assert checked.returncode == 1
    assert f"{contract}" in "".join(row for row in checked.stdout.splitlines() if "BROKEN" in row)
