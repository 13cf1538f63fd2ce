"""PostgreSQL: the pool, the transaction that sees one connection's rows only, migrations, and the lock of a drain.

Rule: every transaction names the connections it may see; row-level security, forced on every table, shows it nothing else. The process runs as a
role that owns nothing, is no superuser and cannot bypass that security, and refuses to start otherwise.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec
import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import ExecStatus
from psycopg.rows import TupleRow
from psycopg_pool import ConnectionPool, PoolTimeout

from crossdock import quiet
from crossdock.errors import ConfigError, StoreError

Transaction = psycopg.Connection[TupleRow]

# Names of connections are joined with commas inside a setting, so they may hold none.
CONNECTION_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")

SCHEMA = "crossdock"
_UNSTORABLE = re.compile("[\\x00\\ud800-\\udfff]")
# A statement that has not answered by then is stuck; the longest of ours takes well under a second.
STATEMENT_TIMEOUT_MS = 60_000
# How long to wait for a free or a new connection; a database that is away longer ends the drain, which runs again later.
POOL_WAIT_S = 10.0
# The pool's own tries after a lost connection wait twice as long each time; whoever needs one begins them anew, so they are given up soon.
RECONNECT_S = 5.0
# At the start somebody waits for the answer: a host that says nothing for so long is told as such.
FIRST_CONNECT_S = 5

VERSIONS = Path(__file__).parent / "migrations" / "versions"


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
            reconnect_timeout=RECONNECT_S,
            check=quiet.check,
            kwargs={"options": _options()},
        )

    def open(self) -> None:
        """Connect, and refuse a role that row-level security does not bind (ConfigError); StoreError at once where nobody answers."""
        with _reach("CROSSDOCK_DATABASE_URL", self.app_url) as connection:
            check_role(connection)
            made = _has_tables(connection)
        if not made:
            raise ConfigError(
                [
                    "CROSSDOCK_DATABASE_URL: the database has no tables yet; set CROSSDOCK_OWNER_DATABASE_URL once, and they are made"
                ]
            )
        self._pool.open()

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
            # Closing the session gives the lock back, also where the connection broke meanwhile; saying it first gives it back before the next asks.
            with suppress(psycopg.Error):
                connection.execute("select pg_advisory_unlock_all()")
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
        self._guard = threading.Lock()

    def is_held(self) -> bool:
        """Ask the database itself: a session that it still answers still holds its lock.

        Asked before every record, so by libpq's own call: a cursor for each cost a twentieth of the worker's CPU (measured).
        """
        try:
            with self._guard:
                answer = self._connection.pgconn.exec_(b"select 1")
        except psycopg.Error:
            return False
        return answer.status == ExecStatus.TUPLES_OK


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
    app_role = str(_parts("CROSSDOCK_DATABASE_URL", app_url).get("user") or "")
    if not app_role:
        raise ConfigError(["CROSSDOCK_DATABASE_URL: names no user; the application needs a role of its own"])
    newest = newest_version()
    with _reach("CROSSDOCK_OWNER_DATABASE_URL", owner_url) as connection:
        found = _version(connection) if _has_tables(connection) else ""
    if found > newest:
        raise ConfigError(
            [
                f"CROSSDOCK_OWNER_DATABASE_URL: the schema has the version {found}, this program knows {newest}; run the newer program"
            ]
        )
    if found != newest:
        # Not at the top: Alembic and SQLAlchemy take 0.8 s to load, and are needed once a version.
        import_module("crossdock.store.migrate").upgrade(owner_url, app_role)


def is_migrated(database: Database) -> bool:
    """Whether the schema is at the version this program was written for; for `/readyz`."""
    with database.transaction([]) as transaction:
        return _version(transaction) == newest_version()


def newest_version() -> str:
    """The version of the newest migration: each file begins with its number (`v0001_inbox.py`), and each follows the one before."""
    return max(path.name[1:5] for path in VERSIONS.glob("v[0-9][0-9][0-9][0-9]_*.py"))


def _has_tables(connection: Transaction) -> bool:
    made = connection.execute("select to_regclass(%s)", [f"{SCHEMA}.alembic_version"]).fetchone()
    return made is not None and made[0] is not None


def _version(connection: Transaction) -> str:
    row = connection.execute("select version_num from crossdock.alembic_version").fetchone()
    return str(row[0]) if row else ""


@contextmanager
def _reach(variable: str, url: str) -> Iterator[Transaction]:
    """A first connection, asked for once: what stands in the way is said at once, with where and why, and never with the password."""
    parts = _parts(variable, url)
    try:
        connection = psycopg.connect(url, connect_timeout=int(parts.get("connect_timeout") or FIRST_CONNECT_S))
    except psycopg.OperationalError as fault:
        host, port = parts.get("host") or "the local socket", parts.get("port") or "5432"
        cause = str(fault).splitlines()[0].rpartition("failed: ")[2]
        if password := parts.get("password"):
            cause = cause.replace(str(password), "***")
        message = f"{variable}: the database at {host}, port {port}, cannot be reached: {cause}"
        raise StoreError(message) from fault
    with connection:
        yield connection


def _parts(variable: str, url: str) -> dict[str, Any]:
    """The parts of an address; what cannot be read of it is not quoted, because it may be the password."""
    try:
        return dict(conninfo_to_dict(url))
    except psycopg.ProgrammingError as fault:
        problem = f"{variable}: cannot be read as an address; letters such as % @ / : in a password are written as %25 %40 %2F %3A"
        raise ConfigError([problem]) from fault


def _options() -> str:
    return f"-c search_path={SCHEMA} -c statement_timeout={STATEMENT_TIMEOUT_MS} -c timezone=UTC -c client_connection_check_interval=1s"


def rows_of(cursor: psycopg.Cursor[TupleRow]) -> list[dict[str, Any]]:
    """All rows as dictionaries by column name, for pages and `--json`."""
    assert cursor.description is not None, "a statement without a result"
    names = [column.name for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def as_json(value: Any) -> str:
    """Rows, or one row, as one parameter: an array for each column took a twelfth of the worker's CPU to write (measured).

    What PostgreSQL cannot hold, NUL and lone surrogates, is replaced: a platform's error text must not stop the rows beside it.
    """
    try:
        text = msgspec.json.encode(value).decode()
    except UnicodeEncodeError:
        return msgspec.json.encode(_storable(value)).decode()
    return msgspec.json.encode(_storable(value)).decode() if "\\u0000" in text else text


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        return _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", value)
    if isinstance(value, Mapping):
        return {_storable(name): _storable(inner) for name, inner in value.items()}
    return [_storable(inner) for inner in value] if isinstance(value, list | tuple) else value
