"""What set-up rests on: the locks, the Makefile, and the pages that say why a dependency is there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]
LOCKS = ["requirements.lock", "requirements-dev.lock"]
PARTS = ["## Context", "## Decision", "## Consequences", "## What would change our mind"]


def pins(lock: str) -> dict[str, str]:
    """The packages of a lock and the exact version of each."""
    return dict(re.findall(r"^([\w.-]+)==([^\s;]+)", (TOP / lock).read_text(), re.MULTILINE))


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_names_packages_and_hashes_only(lock: str) -> None:
    """Each package has its exact version and its hashes; no address, no option, nothing of one machine."""
    lines = [line for line in (TOP / lock).read_text().splitlines() if not line.startswith("#")]
    package = r"[a-z0-9-]+==\S+( ; [^\\]+)? \\"
    digest = r"    --hash=sha256:[0-9a-f]{64}( \\)?"
    assert [line for line in lines if not re.fullmatch(f"{package}|{digest}", line)] == []


def test_developers_have_what_runs() -> None:
    """The lock for developers is the one for running, and more: what was tested is what is used."""
    assert pins(LOCKS[0]).items() <= pins(LOCKS[1]).items()


def test_help_lists_every_target() -> None:
    """`make` alone says what there is."""
    text = (TOP / "Makefile").read_text()
    phony = re.search(r"^\.PHONY: (.+)$", text, re.MULTILINE)
    assert phony is not None
    assert set(phony.group(1).split()) == set(re.findall(r"^([a-z-]+):.*## ", text, re.MULTILINE))


@pytest.mark.parametrize("page", sorted((TOP / "docs/decisions").glob("*.md")), ids=lambda page: page.stem)
def test_decision_has_its_four_parts(page: Path) -> None:
    """Context, decision, consequences, what would change our mind, in this order."""
    assert re.findall(r"^## .+$", page.read_text(), re.MULTILINE) == PARTS


def test_old_python_is_told(tmp_path: Path) -> None:
    """An interpreter that is too old gets a sentence, not a traceback: the file reads in any Python 3.7 or newer."""
    script = tmp_path / "prepare.py"
    shutil.copy(TOP / ".ci/prepare.py", script)
    pretend = f"import sys, runpy; sys.version_info = (3, 9); runpy.run_path({str(script)!r}, run_name='__main__')"
    done = subprocess.run([sys.executable, "-c", pretend], capture_output=True, text=True, check=False)
    assert done.stderr.startswith("Crossdock needs Python 3.11 or newer")
    assert done.returncode == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make what belongs to somebody else")
def test_clean_leaves_what_belongs_to_another_user(tmp_path: Path) -> None:
    """Two users of one checkout: each removes what is theirs, and no refusal stands in the way."""
    shutil.copy(TOP / "Makefile", tmp_path)
    for name in (".venv", ".venv-12345", ".mypy_cache", "src/__pycache__", "tests"):
        (tmp_path / name).mkdir(parents=True)
    os.chown(tmp_path / ".venv-12345", 12345, 12345)
    make = shutil.which("make") or pytest.skip("no make here")

    subprocess.run([make, "clean"], cwd=tmp_path, check=True)

    assert {path.name for path in tmp_path.iterdir()} == {"Makefile", ".venv-12345", "src", "tests"}
    assert list((tmp_path / "src").iterdir()) == []
