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
from crossdock.settings import MASTER_KEY_BYTES, Settings, load_connection_secrets, load_settings
from crossdock.store import embedded
from crossdock.store.database import Database, migrate

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
    for connection_id in find_connection_ids(policy_path):
        _collect(partial(load_connection_secrets, environment, connection_id), problems)
    if settings is None or policy is None or problems:
        raise ConfigError(problems)
    with ExitStack() as stack:
        addresses = stack.enter_context(open_addresses(settings))
        if not settings.master_keys:
            settings = replace(settings, master_keys=(read_master_key(addresses.data_dir),))
        if addresses.owner_url is not None:
            migrate(addresses.owner_url, addresses.app_url)
        database = Database(addresses.app_url)
        database.open()
        stack.callback(database.close)
        app = App(settings, policy, environment, database=database, outside=Outside(http, clock))
        stack.callback(app.close)
        app.check_prefixes()
        yield app


@contextmanager
def open_addresses(settings: Settings) -> Iterator[Addresses]:
    """The database the settings name, or our own, started here or attached to."""
    data_dir = embedded.default_data_dir()
    if settings.database_url is not None:
        yield Addresses(settings.database_url, settings.owner_database_url, data_dir)
        return
    with embedded.running(data_dir, version=settings.postgres_version) as server:
        yield Addresses(server.app_url, server.owner_url, data_dir)


def read_master_key(data_dir: Path) -> bytes:
    """The master key that `crossdock init` wrote beside our own database; ConfigError where there is none."""
    path = data_dir / MASTER_KEY_FILE
    try:
        return base64.b64decode(path.read_text())
    except OSError as fault:
        raise ConfigError(
            [f"CROSSDOCK_MASTER_KEY: missing, and {path} cannot be read; run `crossdock init`"]
        ) from fault


def write_master_key(data_dir: Path) -> Path:
    """Make the master key where there is none; readable by its owner alone."""
    data_dir.mkdir(parents=True, exist_ok=True)
    path = data_dir / MASTER_KEY_FILE
    if not path.exists():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(base64.b64encode(secrets.token_bytes(MASTER_KEY_BYTES)).decode())
    return path


def _collect(read: Callable[[], T], problems: list[str]) -> T | None:
    try:
        return read()
    except ConfigError as fault:
        problems += fault.problems
        return None
