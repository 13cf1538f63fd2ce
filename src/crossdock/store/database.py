"""PostgreSQL: the pool, the transaction that sees one connection's rows only, migrations, and the lock of a drain.

Rule: every transaction names the connections it may see; row-level security, forced on every table, shows it nothing else. The process runs as a
role that owns nothing, is no superuser and cannot bypass that security, and refuses to start otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import TupleRow
from psycopg_pool import ConnectionPool, PoolTimeout
from sqlalchemy import create_engine, pool

from crossdock.errors import ConfigError, StoreError

Transaction = psycopg.Connection[TupleRow]

# Names of connections are joined with commas inside a setting, so they may hold none.
CONNECTION_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")

SCHEMA = "crossdock"
# A statement that has not answered by then is stuck; the longest of ours takes well under a second.
STATEMENT_TIMEOUT_MS = 60_000
# How long to wait for a free or a new connection; a database that is away longer ends the drain, which runs again later.
POOL_WAIT_S = 10.0


class Database:
    """The application's way to the database. Open it once a process and close it at the end."""

    def __init__(self, app_url: str, *, size_max: int = 12) -> None:
        """`app_url`: libpq URI of the application's role; `size_max`: connections at most."""
        self.app_url = app_url
        self._pool = ConnectionPool(
            app_url,
            min_size=1,
            max_size=size_max,
            open=False,
            timeout=POOL_WAIT_S,
            check=ConnectionPool.check_connection,
            kwargs={"options": _options()},
        )

    def open(self) -> None:
        """Connect, and refuse a role that row-level security does not bind (ConfigError)."""
        self._pool.open()
        with self._errors(), self._pool.connection() as connection:
            check_role(connection)
            made = connection.execute("select to_regclass(%s)", [f"{SCHEMA}.alembic_version"]).fetchone()
        if made is None or made[0] is None:
            raise ConfigError(
                [
                    "CROSSDOCK_DATABASE_URL: the database has no tables yet; set CROSSDOCK_OWNER_DATABASE_URL once, and they are made"
                ]
            )

    def close(self) -> None:
        """Give all connections back."""
        self._pool.close()

    @contextmanager
    def transaction(self, connection_ids: Sequence[str]) -> Iterator[Transaction]:
        """A transaction that sees the rows of these connections and of no other; StoreError when the database is away."""
        if not all(CONNECTION_ID.fullmatch(name) for name in connection_ids):
            # Not an assert: isolation must hold where asserts are switched off.
            message = "a connection id holds a character it may not"
            raise AssertionError(message)
        with self._errors(), self._pool.connection() as connection:
            connection.execute("select set_config('crossdock.connections', %s, true)", [",".join(connection_ids)])
            yield connection

    @contextmanager
    def lock(self, name: str) -> Iterator[DrainLock | None]:
        """An advisory lock on a database connection of its own, used for nothing else; None when another process holds it."""
        with self._errors():
            connection = psycopg.connect(self.app_url, autocommit=True, options=_options())
        try:
            with self._errors():
                row = connection.execute("select pg_try_advisory_lock(hashtextextended(%s, 0))", [name]).fetchone()
            yield DrainLock(connection) if row and row[0] else None
        finally:
            # Closing the session is what gives the lock back, also where the connection broke meanwhile.
            with suppress(psycopg.Error):
                connection.close()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """A database that is away is a StoreError; its text may quote an address but no row."""
        try:
            yield
        except (psycopg.OperationalError, PoolTimeout) as fault:
            message = f"the database does not answer: {type(fault).__name__}"
            raise StoreError(message) from fault


class DrainLock:
    """Proof that this process, and no other, drains one flow of one connection."""

    def __init__(self, connection: psycopg.Connection[TupleRow]) -> None:
        """Hold `connection`, whose session holds the lock."""
        self._connection = connection

    def is_held(self) -> bool:
        """Ask the database itself: a session that it still answers still holds its lock."""
        try:
            self._connection.execute("select 1")
        except psycopg.Error:
            return False
        return True


def check_role(connection: Transaction) -> None:
    """Refuse a role that could see past row-level security: superuser, BYPASSRLS, or owner of the tables (ConfigError)."""
    row = connection.execute(
        "select current_user, rolsuper, rolbypassrls from pg_roles where rolname = current_user"
    ).fetchone()
    assert row is not None, "the current role is not in pg_roles"
    name, is_superuser, bypasses = row
    owned = connection.execute(
        "select count(*) from pg_class where relnamespace = to_regnamespace(%s) and pg_has_role(current_user, relowner, 'member')",
        [SCHEMA],
    ).fetchone()
    problems = []
    if is_superuser:
        problems.append(
            f"CROSSDOCK_DATABASE_URL: role {name} is a superuser; use a role of its own that only may use the tables"
        )
    if bypasses:
        problems.append(f"CROSSDOCK_DATABASE_URL: role {name} has BYPASSRLS; alter role {name} nobypassrls")
    if owned and owned[0]:
        problems.append(
            f"CROSSDOCK_DATABASE_URL: role {name} owns the tables; use the owner in CROSSDOCK_OWNER_DATABASE_URL only"
        )
    if problems:
        raise ConfigError(problems)


def migrate(owner_url: str, app_url: str) -> None:
    """Bring the schema to the newest version, as its owner, and let the application's role use it. Repeating is safe."""
    app_role = str(conninfo_to_dict(app_url).get("user") or "")
    if not app_role:
        raise ConfigError(["CROSSDOCK_DATABASE_URL: names no user; the application needs a role of its own"])
    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(owner_url), poolclass=pool.NullPool)
    with engine.connect() as connection:
        config = _alembic()
        config.attributes["connection"] = connection
        config.attributes["app_role"] = app_role
        command.upgrade(config, "head")
        connection.commit()
    engine.dispose()


def is_migrated(database: Database) -> bool:
    """Whether the schema is at the version this program was written for; for `/readyz`."""
    head = ScriptDirectory.from_config(_alembic()).get_current_head()
    with database.transaction([]) as transaction:
        version = transaction.execute("select version_num from alembic_version").fetchone()
    return version is not None and version[0] == head


def _alembic() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


def _options() -> str:
    return f"-c search_path={SCHEMA} -c statement_timeout={STATEMENT_TIMEOUT_MS} -c timezone=UTC -c client_connection_check_interval=1s"


def rows_of(cursor: psycopg.Cursor[TupleRow]) -> list[dict[str, Any]]:
    """All rows as dictionaries by column name, for pages and `--json`."""
    assert cursor.description is not None, "a statement without a result"
    names = [column.name for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
