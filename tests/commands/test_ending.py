"""How commands end: asked by Ctrl-C, SIGTERM or a closed terminal, at any moment; and what a demonstration leaves behind, which is nothing."""

from __future__ import annotations

import json
import os
import pty
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import psutil
import pytest

from tests.commands.operators import Desk

TOP = Path(__file__).parents[2]
DEMO = [sys.executable, "-m", "crossdock", "demo", "--json", "--port", "0"]
WAIT_S_MAX = 60.0


@pytest.fixture(autouse=True, scope="module")
def told_of_closed_terminals() -> Iterator[None]:
    """Tests that run under `nohup` would hand its deafness for SIGHUP on to what they start."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_demo_brings_both_kinds_and_stops_cleanly(open_folder: Path, number: signal.Signals) -> None:
    """The demonstration imports orders of both kinds, serves the desk, and leaves no process and no folder behind, not even the data folder."""
    data_dir = open_folder / f"demo-{number}" / "share"
    environment = {**os.environ, "CROSSDOCK_DATA": str(data_dir)}
    with subprocess.Popen(
        DEMO, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        rows = takewhile_not(_both_kinds, map(json.loads, process.stdout))
        page = urlopen(rows[-1]["desk"]).read().decode()  # noqa: S310 - our own loopback address
        process.send_signal(number)
        process.send_signal(number)
        process.stdout.read()

    assert process.returncode == 0
    assert "Crossdock" in page
    assert not data_dir.parent.exists()
    assert _servers_in(data_dir) == []


def test_next_demo_clears_what_a_killed_one_left_behind(open_folder: Path) -> None:
    """A demonstration that was killed leaves PostgreSQL and files; the next one stops and removes them, and none that is alive."""
    data_dir = open_folder / "killed"
    environment = {**os.environ, "CROSSDOCK_DATA": str(data_dir)}
    with subprocess.Popen(DEMO, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.kill()
    left = _servers_in(data_dir)

    subprocess.run([*DEMO, "--seconds", "0.1"], env=environment, capture_output=True, check=True, timeout=120)

    assert left != []
    assert _servers_in(data_dir) == []
    assert list(data_dir.iterdir()) == []


def test_demo_on_a_taken_port_ends_before_it_begins(open_folder: Path) -> None:
    """A port that is taken is said at once: nothing is made, started or left."""
    data_dir = open_folder / "taken"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        told = subprocess.run(
            [*DEMO[:-1], port],
            env={**os.environ, "CROSSDOCK_DATA": str(data_dir)},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    assert told.returncode == 2
    assert (
        told.stderr == f"error --port: {port} on 127.0.0.1 cannot be used: Address already in use; give another one\n"
    )
    assert not data_dir.exists()


def test_worker_whose_terminal_is_closed_ends_in_order(desk: Desk) -> None:
    """A terminal that goes away takes the worker with it, in order: no line to it can break off the end."""
    desk.read("provision")
    leader, follower = pty.openpty()
    log = desk.folder / "worker.log"
    command = f"exec {sys.executable} -m crossdock work 2>{log}"
    with subprocess.Popen(
        ["/bin/sh", "-c", command],
        cwd=desk.folder,
        env=desk.environment,
        stdin=follower,
        stdout=follower,
        start_new_session=True,
        preexec_fn=_take_terminal,  # noqa: PLW1509 - a session of its own is what a terminal's process has
    ) as process:
        os.close(follower)
        _wait_for(lambda: log.exists() and "worker.started" in log.read_text())
        os.close(leader)

        assert process.wait(WAIT_S_MAX) == 0
    assert "worker.stopped" in log.read_text()


@pytest.mark.parametrize("after_s", [0.1, 0.3, 0.6, 0.9, 1.2])
def test_interrupted_while_it_is_loaded(after_s: float, tmp_path: Path) -> None:
    """Ctrl-C in the first second, while the program is still being loaded, is answered with 130 and not a word."""
    command = [sys.executable, "-m", "crossdock", "twin", "serve", "--port", "0"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(after_s)
        process.send_signal(signal.SIGINT)
        said = _last_words(process)

    assert process.returncode == 130
    assert said == ""


@pytest.mark.parametrize(
    "throws_away",
    [
        "gone = weakref.ref(Gone(), gone.interrupt)",
        "ctypes.pythonapi.PyObject_HasAttrString(ctypes.py_object(gone), b'x')",
    ],
)
def test_interrupted_where_python_throws_exceptions_away(throws_away: str) -> None:
    """Ctrl-C in a finaliser, whose exceptions Python prints and forgets, or in a call in C that clears them, is answered all the same."""
    program = f"""
import ctypes, signal, time, weakref
from crossdock.stopping import end_in_order
class Gone:
    def interrupt(self, _name): signal.raise_signal(signal.SIGINT)
    __getattr__ = interrupt
end_in_order()
gone = Gone()
{throws_away}
time.sleep(600)
"""
    with subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.PIPE, text=True) as process:
        said = _last_words(process)

    assert process.returncode == 130
    assert said == ""


def test_what_ends_in_order_is_not_asked_again() -> None:
    """Half a second in a `finally`, with a fault of its own in it, is not cut short by what looks whether the request was heard."""
    program = """
import signal, time
from crossdock.stopping import end_in_order
end_in_order()
try:
    signal.raise_signal(signal.SIGINT)
finally:
    try:
        raise ValueError
    except ValueError:
        time.sleep(0.5)
    print("in order")
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert (ended.returncode, ended.stdout, ended.stderr) == (130, "in order\n", "")


def test_program_takes_the_place_of_the_shell_that_make_starts() -> None:
    """SIGTERM to `make` reaches its child only, so the child is the program itself: each recipe ends in `exec`."""
    make = shutil.which("make") or pytest.skip("no make here")
    command = [make, "--dry-run", "--no-print-directory", "demo", "test"]
    planned = subprocess.run(command, cwd=TOP, capture_output=True, text=True, check=True).stdout.splitlines()
    assert [line.partition('; exec "$bin"/')[1] for line in planned] == ['; exec "$bin"/'] * 2


def takewhile_not(holds: Callable[[dict[str, Any]], bool], rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows up to and with the first for which it holds."""
    seen: list[dict[str, Any]] = []
    for row in rows:
        seen.append(row)
        if holds(row):
            return seen
    pytest.fail("orders of both kinds never came")


def _last_words(process: subprocess.Popen[str]) -> str:
    """What it said until it ended; one that never ends is killed, and fails the test, instead of keeping every test behind it."""
    try:
        return process.communicate(timeout=WAIT_S_MAX)[1]
    finally:
        process.kill()


def _both_kinds(row: dict[str, Any]) -> bool:
    return bool(row["fbm_imported"] and row["fba_imported"])


def _servers_in(folder: Path) -> list[int]:
    """The PostgreSQL processes that work in this folder."""
    return [
        process.pid
        for process in psutil.process_iter(["name", "cwd"])
        if process.info["name"] == "postgres" and str(process.info["cwd"]).startswith(str(folder))
    ]


def _take_terminal() -> None:
    """What follows is of the terminal on its standard input, and is told when that is closed."""
    os.close(os.open(os.ttyname(0), os.O_RDWR))


def _wait_for(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_S_MAX
    while not holds():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.05)
