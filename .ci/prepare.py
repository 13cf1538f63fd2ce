"""The virtual environment of this checkout: made once, and made again when what it rests on has changed.

`python3 .ci/prepare.py requirements.lock` prints the folder of its programs; a second run takes no time. It is yours
alone: a `.venv` that another user made (root, say) is left as it is, and yours stands beside it, or in your cache where
the checkout is not yours to write to. Nothing unpinned enters it: every package comes by hash and ready built, and the
checkout itself is installed with the pinned build backend.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator

CHECKOUT = pathlib.Path(__file__).resolve().parent.parent
PYTHON = getattr(
    sys, "_base_executable", sys.executable
)  # not that of an activated environment, which may be the one we clear


def main() -> None:
    """Print the folder of the programs, after set-up where it is due."""
    if sys.version_info < (3, 11):  # noqa: UP036 - whoever runs this may have another
        version = sys.version.split()[0]
        sys.exit(f"Crossdock needs Python 3.11 or newer; this is {version}. Name another: make PYTHON=python3.12 ...")
    lock = CHECKOUT / sys.argv[1]
    place = choose_place()
    with only_one(place):
        prepare(place, lock)
    print(place / "bin")


def choose_place() -> pathlib.Path:
    """The first of these folders that is ours, or that we may make."""
    user = os.geteuid()
    name = f"crossdock-{user}-{hashlib.sha256(os.fsencode(CHECKOUT)).hexdigest()[:12]}"
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path("~/.cache").expanduser())
    places = [CHECKOUT / ".venv", CHECKOUT / f".venv-{user}", cache / name, pathlib.Path(tempfile.gettempdir()) / name]
    for place in places:
        with contextlib.suppress(OSError):
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
            if place.lstat().st_uid == user and os.access(place, os.W_OK | os.X_OK):
                return place
    sys.exit(f"no place for a virtual environment; tried {', '.join(map(str, places))}")


@contextlib.contextmanager
def only_one(place: pathlib.Path) -> Iterator[None]:
    """Two `make` at once: the second waits, then finds the work done."""
    folder = os.open(place, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def prepare(place: pathlib.Path, lock: pathlib.Path) -> None:
    """The environment holds what the lock names and the checkout; the stamp, written last, says what it rests on."""
    stamp = place / "prepared.json"
    done = json.loads(stamp.read_text()) if stamp.exists() else {}
    base = [sys.version, PYTHON, str(CHECKOUT), str(place)]
    pins = re.findall(r"^\S+==\S+", lock.read_text(), re.MULTILINE)
    packages = [CHECKOUT, CHECKOUT / "verify"]
    package = hashlib.sha256(b"".join((folder / "pyproject.toml").read_bytes() for folder in packages)).hexdigest()
    before = set(done.get("pins", []))
    if done.get("base") == base and done.get("package") == package and before.issuperset(pins):
        return
    stamp.unlink(missing_ok=True)
    fresh = done.get("base") != base or not (before.issuperset(pins) or before.issubset(pins))
    pip = [
        str(place / "bin" / "python"),
        "-m",
        "pip",
        "--disable-pip-version-check",
        "--no-input",
        "-qq",
        "install",
        "--no-compile",
    ]
    if fresh:
        say(f"virtual environment in {place} (Python {sys.version.split()[0]})")
        run([PYTHON, "-m", "venv", "--clear", str(place)])
    if fresh or not before.issuperset(pins):
        say(f"{len(pins)} packages from {lock.name}")
        run([*pip, "--require-hashes", "--only-binary=:all:", "-r", str(lock)])
    say("Crossdock itself, and crossdock-verify")
    run([*pip, "--no-deps", "--no-build-isolation", "--no-index", *(f"--editable={folder}" for folder in packages)])
    kept = pins if fresh else sorted(before.union(pins))
    stamp.write_text(json.dumps({"base": base, "package": package, "pins": kept}))


def run(command: list[str]) -> None:
    """Run it, with its output on our error stream; another project's Python settings do not reach it."""
    hidden = ("PYTHONHOME", "PYTHONPATH", "PIP_TARGET", "PIP_PREFIX")
    environment = {name: value for name, value in os.environ.items() if name not in hidden} | {"PIP_USER": "0"}
    if subprocess.run(command, cwd=CHECKOUT, env=environment, stdout=sys.stderr, check=False).returncode:  # noqa: S603
        sys.exit(f"set-up stopped at: {' '.join(command)}")


def say(line: str) -> None:
    """Progress, for a person."""
    print(f"set-up: {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
