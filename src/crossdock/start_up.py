"""Starting up: everything from the environment, and every problem there is told at once. Owns the real clock.

With `app.py` and what stands below it to `doors.py`, the composition root: only there are concrete classes named.
"""

from __future__ import annotations

import base64
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

import httpx2

from crossdock.app import App
from crossdock.doors import HTTP_TIMEOUT, Outside
from crossdock.errors import ConfigError
from crossdock.policy import find_connection_ids, load_policy
from crossdock.settings import (
    MASTER_KEY,
    MASTER_KEY_BYTES,
    Settings,
    load_connection_secrets,
    load_settings,
    parse_master_keys,
)
from crossdock.store import embedded
from crossdock.store.database import Database, migrate
from crossdock.store.personal_data import PersonalDataStore

MASTER_KEY_FILE = "master.key"
# A connection's calls run on the drain's threads; a few more for pages of the desk.
HTTP_CONNECTIONS_MAX = 16

T = TypeVar("T")


def now() -> datetime:
    """The real time, in UTC."""
    return datetime.now(UTC)


def http_client() -> httpx2.Client:
    """A client with time-outs; TLS is verified, always."""
    limits = httpx2.Limits(max_connections=HTTP_CONNECTIONS_MAX, max_keepalive_connections=HTTP_CONNECTIONS_MAX)
    return httpx2.Client(timeout=HTTP_TIMEOUT, limits=limits, follow_redirects=False)


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the database is, and where our own data lies."""

    app_url: str
    owner_url: str | None
    data_dir: Path


@contextmanager
def open_app(
    environment: Mapping[str, str] = os.environ,
    *,
    clock: Callable[[], datetime] = now,
    http: Callable[[], httpx2.Client] = http_client,
) -> Iterator[App]:
    """Everything from the environment: settings, policy, database, connections. ConfigError with every problem there is."""
    problems: list[str] = []
    settings = _collect(lambda: load_settings(environment), problems)
    policy_path = settings.policy_path if settings else Path(environment.get("CROSSDOCK_POLICY", "crossdock.toml"))
    policy = _collect(lambda: load_policy(policy_path), problems)
    keys = settings.master_keys if settings else ()
    if settings and not keys:
        keys = _collect(lambda: read_master_keys(embedded.default_data_dir()), problems) or ()
    for connection_id in find_connection_ids(policy_path):
        _collect(partial(load_connection_secrets, environment, connection_id), problems)
    if settings is None or policy is None or problems:
        raise ConfigError(problems)
    with ExitStack() as stack:
        settings = replace(settings, master_keys=keys)
        addresses = stack.enter_context(open_addresses(settings))
        if addresses.owner_url is not None:
            migrate(addresses.owner_url, addresses.app_url)
        database = Database(addresses.app_url)
        database.open()
        stack.callback(database.close)
        app = App(settings, policy, environment, database=database, outside=Outside(http, clock))
        stack.callback(app.close)
        app.check_prefixes()
        check_master_keys(app)
        yield app


def check_master_keys(app: App) -> None:
    """ConfigError where a connection holds what none of the master keys opens: its routines would break one by one instead."""
    problems = [
        f"CROSSDOCK_MASTER_KEY: the key is missing that sealed what connection {connection_id} holds until {day}; "
        "give it behind the first one"
        for connection_id in app.connection_ids
        if (day := PersonalDataStore(app.database, connection_id, app.settings.master_keys).find_sealed_day())
    ]
    if problems:
        raise ConfigError(problems)


@contextmanager
def open_addresses(settings: Settings) -> Iterator[Addresses]:
    """The database the settings name, or our own, started here or attached to."""
    data_dir = embedded.default_data_dir()
    if settings.database_url is not None:
        yield Addresses(settings.database_url, settings.owner_database_url, data_dir)
        return
    with embedded.running(data_dir, version=settings.postgres_version) as server:
        yield Addresses(server.app_url, server.owner_url, data_dir)


def read_master_keys(data_dir: Path) -> tuple[bytes, ...]:
    """The master key that `crossdock init` wrote beside our own database, or several in the order of the variable; ConfigError without."""
    path = data_dir / MASTER_KEY_FILE
    problems: list[str] = []
    try:
        keys = parse_master_keys(path.read_text(encoding="ascii"), str(path), problems)
    except FileNotFoundError as fault:
        problem = f"CROSSDOCK_MASTER_KEY: missing, and there is no {path}; `crossdock init` makes one"
        raise ConfigError([problem]) from fault
    except OSError as fault:
        problem = f"CROSSDOCK_MASTER_KEY: missing, and {path} cannot be read: {fault.strerror}"
        raise ConfigError([problem]) from fault
    except UnicodeDecodeError:
        keys = ()
    if problems or not keys:
        what = f"{path}: is no master key ({MASTER_KEY_BYTES} bytes in base64)"
        raise ConfigError(
            [f"{what}; put your copy of it back, or, where nothing was sealed yet, remove it and run `crossdock init`"]
        )
    return keys


def find_master_key(environment: Mapping[str, str], data_dir: Path) -> str:
    """Where a master key is given already: the variable or the file; empty where nowhere."""
    if environment.get(MASTER_KEY) or environment.get(f"{MASTER_KEY}_FILE"):
        return MASTER_KEY
    path = data_dir / MASTER_KEY_FILE
    return str(path) if path.exists() else ""


def write_master_key(data_dir: Path) -> Path:
    """Make the master key where there is none, whole or not at all; readable by its owner alone. ConfigError where it cannot be written."""
    path = data_dir / MASTER_KEY_FILE
    unfinished = path.with_name(f"{MASTER_KEY_FILE}.new")
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            unfinished.unlink(missing_ok=True)
            descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(base64.b64encode(secrets.token_bytes(MASTER_KEY_BYTES)).decode())
                file.flush()
                os.fsync(descriptor)
            unfinished.rename(path)
    except OSError as fault:
        problem = f"CROSSDOCK_DATA: {path} cannot be written: {fault.strerror}; name a folder this user can write to"
        raise ConfigError([problem]) from fault
    return path


def _collect(read: Callable[[], T], problems: list[str]) -> T | None:
    try:
        return read()
    except ConfigError as fault:
        problems += fault.problems
        return None
