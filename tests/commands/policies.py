"""A policy without a mistake, and what is told of one with mistakes."""

from __future__ import annotations

from pathlib import Path

import pytest

from crossdock.errors import ConfigError
from crossdock.policy import load_policy

GOOD = """
[[connection]]
id = "eu"
[connection.amazon]
seller_id = "A1EXAMPLESELLER"
region = "EU"
marketplaces = ["DE"]
[connection.commercetools]
project_key = "example-shop"
region = "europe-west1.gcp"
[connection.orders]
import_from = 2026-11-01
"""


def problems(folder: Path, text: str) -> list[str]:
    """What is told of this file, without its name."""
    path = folder / "crossdock.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as refused:
        load_policy(path)
    return [problem.removeprefix(f"{path}:") for problem in refused.value.problems]
