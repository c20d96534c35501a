"""Signals that end the program: turned into an exception, and held back where half of something would be left."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

ENDING = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
"""Signals by which a program is asked to end."""


NOTHING_WRITTEN = "Cancelled; nothing has been written."


class EndedBySignalError(KeyboardInterrupt):
    """The program was asked to end by a signal other than Ctrl-C, as `kill`, `scancel` and `docker stop` do.

    It is a KeyboardInterrupt, so that whatever cleans up after Ctrl-C also does so here.
    """


_received: list[int] = []


def received() -> int:
    """Return the number of the signal that asked this program to end; 0 if none has."""
    return _received[0] if _received else 0


def end_at_once() -> None:
    """From now on, end at a signal without more ado, in a word: for the start, where there is nothing to clean up.

    A KeyboardInterrupt would end up as whatever a package makes of it that is being imported.
    """
    _handle_by(_end)


def raise_on_signals() -> None:
    """From now on, raise KeyboardInterrupt at Ctrl-C, and EndedBySignalError at other signals that end a program."""
    _handle_by(_raise)


@contextmanager
def at_work() -> Iterator[None]:
    """After `end_at_once`: signals raise while the block works, as of `raise_on_signals`, and are ignored afterwards.

    For a command that has written its results: Python still takes a moment to end, and whoever sends a signal in that
    moment would be told that it was cancelled, or by which signal it died. In a program that handles signals by itself,
    such as Slicer, this does nothing.
    """
    ours = threading.current_thread() is threading.main_thread() and any(
        signal.getsignal(number) is _end for number in ENDING
    )
    told = sys.unraisablehook
    try:
        if ours:
            sys.unraisablehook = _send_again
            raise_on_signals()
        yield
    finally:
        if ours:
            _handle_by(signal.SIG_IGN)
            sys.unraisablehook = told


def _send_again(lost: sys.UnraisableHookArgs) -> None:
    """Send a signal again whose exception was raised where none can go any further, as in a callback of a library."""
    if not (_received and issubclass(lost.exc_type, KeyboardInterrupt)):
        sys.__unraisablehook__(lost)
        return
    again = threading.Timer(0.05, _send, (_received[-1],))
    again.daemon = True
    again.start()


def _send(number: int) -> None:
    if hasattr(signal, "pthread_kill"):  # wakes the main thread also where it waits
        signal.pthread_kill(threading.main_thread().ident or 0, number)
    else:
        signal.raise_signal(number)


def _handle_by(handler: Callable[[int, FrameType | None], None] | signal.Handlers) -> None:
    if threading.current_thread() is not threading.main_thread():  # others may not, and receive none
        return
    for number in ENDING:
        if signal.getsignal(number) not in (signal.SIG_IGN, None):  # `nohup` ignores some
            signal.signal(number, handler)


def _end(number: int, frame: FrameType | None) -> None:
    sys.stderr.write(f"{NOTHING_WRITTEN}\n")
    sys.stderr.flush()
    os._exit(128 + number)


def _raise(number: int, frame: FrameType | None) -> None:
    _received.append(number)
    raise KeyboardInterrupt if number == signal.SIGINT else EndedBySignalError


@contextmanager
def signals_wait() -> Iterator[None]:
    """Hold back signals that end the program until the block is done; Python delivers them to the main thread alone.

    Example:
        >>> with signals_wait():
        ...     pass  # move several files that belong together
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    waiting: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        waiting.append(number)

    before: dict[int, Any] = {}
    try:
        for number in ENDING:
            if callable(signal.getsignal(number)):
                before[number] = signal.signal(number, note)
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for number in waiting:
            signal.raise_signal(number)
