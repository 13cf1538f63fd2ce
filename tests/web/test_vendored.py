"""What is not ours is unchanged, named with its version, and has its licence beside it."""

from __future__ import annotations

import hashlib
import re

from crossdock.web.pages import STATIC

VENDORED = STATIC / "vendor"


def test_the_sums_are_those_of_the_table() -> None:
    """Every vendored script is in the table with its sum; a changed or forgotten one fails here."""
    told = dict(
        re.findall(r"^\| `([\w.]+)` .* `([0-9a-f]{64})` \|$", (VENDORED / "README.md").read_text(), re.MULTILINE)
    )
    assert told == {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in VENDORED.glob("*.js")}


def test_the_licences_are_there() -> None:
    """Each name the table gives for a licence is a file."""
    named = set(re.findall(r"`(\w+\.(?:LICENSE[\w-]*|NOTICE))`", (VENDORED / "README.md").read_text()))
    assert named == {path.name for path in VENDORED.iterdir() if "LICENSE" in path.name or "NOTICE" in path.name}
