"""How a process is asked to end: Ctrl-C, SIGTERM, or the terminal that is closed (SIGHUP). All three end it in order.

Rule: only the first of them counts. What ends in order takes its time (our own PostgreSQL is stopped), and must not be cut short by the second.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable

EXIT_INTERRUPTED = 130

ASKED_TO_END = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

# How soon a request to end is made again that Python threw away.
ASK_AGAIN_S = 0.01


def end_in_order() -> None:
    """From now on a command that is asked to end leaves through every `with` it is in, and ends with 130."""
    leaving = threading.Event()

    def leave() -> None:
        leaving.set()
        for number in ASKED_TO_END:
            signal.signal(number, signal.SIG_IGN)
        # What is broken off between two lines complains; there is nothing in it for anybody.
        warnings.simplefilter("ignore")
        sys.exit(EXIT_INTERRUPTED)

    def unless_thrown_away(fault: sys.UnraisableHookArgs) -> None:
        if isinstance(fault.exc_value, SystemExit):
            signal.setitimer(signal.ITIMER_REAL, ASK_AGAIN_S)
        elif not leaving.is_set():
            sys.__unraisablehook__(fault)

    _listen(leave)
    # Where Python runs a finaliser (each first import of a module runs one) it prints an exception and goes on: the request would be lost, and every
    # later one is ignored by then.
    signal.signal(signal.SIGALRM, lambda *_: leave())
    sys.unraisablehook = unless_thrown_away


def stop_on_signals() -> threading.Event:
    """From now on what asks to end sets this: running records are finished, the rest stays due."""
    stop = threading.Event()
    _listen(stop.set)
    return stop


def notice_closed_terminal() -> None:
    """Ask ourselves to end where the terminal we write to is gone and told only whoever started us (`make`, which then waits for us)."""
    if not os.isatty(1):
        signal.raise_signal(signal.SIGHUP)


def _listen(asked: Callable[[], None]) -> None:
    terminals = [number for number in (1, 2) if os.isatty(number)]

    def on_signal(number: int, _frame: object) -> None:
        if number == signal.SIGHUP:
            _write_nowhere(terminals)
        asked()

    for number in ASKED_TO_END:
        # `nohup` means that a closed terminal is not to end it.
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, on_signal)


def _write_nowhere(terminals: list[int]) -> None:
    """A terminal that is gone answers every line with an error, which would cut short what ends in order."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for number in terminals:
        os.dup2(nowhere, number)
    os.close(nowhere)
