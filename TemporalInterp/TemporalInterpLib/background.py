"""Heavy work alongside the event loop.

Work is a generator of steps, each of which reports its progress and gives the event loop its turn; `Job` steps it.
All MRML is touched between steps, in the main thread. Where a single step would take long, `in_background` runs it in
a thread and steps until that is done. Slicer's main thread holds Python's lock while it waits for events, so the thread
runs while a step waits for it: every step waits a little.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from contextlib import closing
from typing import TypeVar

from temporal_interp.errors import CancelledError, Progress

T = TypeVar("T")

Steps = Generator[tuple[float, str], None, T]
"""Yields the fraction done, from 0 to 1, and a few words; returns the result. Closing it cancels the work."""

WAIT = 0.02
"""Seconds a step waits for its thread or its child: long enough for progress, short enough for a slider to move."""

_threads: set[threading.Thread] = set()


class _Work(threading.Thread):
    """A function in a thread, with its latest report, its result or its exception."""

    def __init__(self, function: Callable[[Progress], T]) -> None:
        super().__init__(name="TemporalInterp", daemon=True)
        self.function = function
        self.latest = (0.0, "")
        self.cancelled = False
        self.result: T | None = None
        self.error: BaseException | None = None

    def run(self) -> None:
        """Call the function; what it raises is kept for the main thread."""
        try:
            self.result = self.function(self._report)
        except BaseException as error:
            self.error = error

    def _report(self, fraction: float, message: str) -> None:
        if self.cancelled:
            raise CancelledError
        self.latest = (fraction, message)


def in_background(function: Callable[[Progress], T]) -> Steps[T]:
    """Run a function in a thread, and step until it is done.

    Closing the steps tells the function to stop: its next report of progress raises CancelledError. Its result after
    that is dropped.

    Args:
        function: takes a progress callback; it must not touch the scene, nor anything of Qt.

    Returns:
        the result of the function; its exceptions are raised.
    """
    work = _Work(function)
    _threads.add(work)
    work.start()
    try:
        while work.is_alive():
            work.join(WAIT)
            yield work.latest
    finally:
        work.cancelled = True
        _threads.difference_update([thread for thread in _threads if not thread.is_alive()])
    if work.error is not None:
        raise work.error
    return work.result


def nothing() -> Steps[None]:
    """Return steps that do nothing, for a user who changes their mind."""
    yield from ()


def wait_for_threads(seconds: float) -> None:
    """Wait until cancelled work has stopped, so that the application can be closed."""
    for thread in list(_threads):
        thread.join(seconds)
        _threads.discard(thread)


def with_reports(steps: Steps[T], report: Callable[[float, str], tuple[float, str]]) -> Steps[T]:
    """Return steps whose reports pass through a function, called between steps."""
    with closing(steps):
        while True:
            try:
                fraction, message = next(steps)
            except StopIteration as end:
                return end.value
            yield report(fraction, message)


def share_of(steps: Steps[T], start: float, stop: float) -> Steps[T]:
    """Return steps that report only the share from `start` to `stop` of the whole."""
    return with_reports(steps, lambda fraction, message: (start + (stop - start) * fraction, message))


def run_to_end(steps: Steps[T], progress: Progress) -> T:
    """Take all steps at once, without an event loop; `progress` may raise to cancel."""
    with closing(steps):
        while True:
            try:
                report = next(steps)
            except StopIteration as end:
                return end.value
            progress(*report)
