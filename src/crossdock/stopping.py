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

# How soon it is looked at whether a request to end was heard.
ASK_AGAIN_S = 0.01


def end_in_order() -> None:
    """From now on a command that is asked to end leaves through every `with` it is in, and ends with 130; `has_ended` is to be called when it is over."""

    def leave() -> None:
        for number in ASKED_TO_END:
            signal.signal(number, signal.SIG_IGN)
        # What is broken off between two lines complains; there is nothing in it for anybody.
        warnings.simplefilter("ignore")
        signal.setitimer(signal.ITIMER_REAL, ASK_AGAIN_S)
        raise SystemExit(EXIT_INTERRUPTED)

    def ask_again(_number: int, _frame: object) -> None:
        if not _is_leaving():
            leave()

    def unless_leaving(fault: sys.UnraisableHookArgs) -> None:
        if signal.getsignal(signal.SIGTERM) != signal.SIG_IGN:
            sys.__unraisablehook__(fault)

    _listen(leave)
    # Python throws an exception away where a finaliser runs (each first import of a module runs one) and in some calls written in C (`compile` is one): the
    # request would be lost, and every later one is ignored by then.
    signal.signal(signal.SIGALRM, ask_again)
    sys.unraisablehook = unless_leaving


def has_ended() -> None:
    """Nobody needs to be asked again."""
    signal.setitimer(signal.ITIMER_REAL, 0)


def _is_leaving() -> bool:
    """Whether what is running now is on the way out: in a `with`, a `finally` or an `except` that the request to end goes through."""
    fault = sys.exc_info()[1]
    while fault is not None and not isinstance(fault, SystemExit):
        fault = fault.__context__
    return fault is not None


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
