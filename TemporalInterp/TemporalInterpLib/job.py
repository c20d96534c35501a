"""A job: steps taken in the event loop of Qt, with progress, time left and cancel."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import qt
from slicer.i18n import tr as _

from TemporalInterpLib.background import Steps

SHOWN_FROM = 0.02
"""Fraction that has to be done before the remaining time is shown."""


@dataclass(frozen=True)
class Report:
    """The progress of a job.

    Attributes:
        fraction: from 0 to 1.
        message: its current work.
        seconds_left: estimated from the time so far, None while that is unreliable.
    """

    fraction: float
    message: str
    seconds_left: float | None

    @property
    def time_left(self) -> str:
        """The time left in words, "" while it is not known."""
        if self.seconds_left is None:
            return ""
        seconds = round(self.seconds_left)
        if seconds < 90:
            return _("{seconds} s left").format(seconds=seconds)
        return _("{minutes} min left").format(minutes=round(seconds / 60))


def _ignore(*_arguments: object) -> None:
    pass


@dataclass(eq=False)
class Job:
    """Takes steps between the events of the application.

    Attributes:
        steps: the work.
        on_done: called with the result.
        on_error: called with the exception where a step raises one.
        on_progress: called after every step.
        on_end: called last, whether it is done, failed or cancelled.
    """

    steps: Steps[Any]
    on_done: Callable[[Any], None] = _ignore
    on_error: Callable[[Exception], None] = _ignore
    on_progress: Callable[[Report], None] = _ignore
    on_end: Callable[[], None] = _ignore
    running: bool = field(default=False, init=False)
    _started: float = field(default=0.0, init=False)

    def start(self) -> Job:
        """Start; the event loop takes the first step."""
        self.running = True
        self._started = time.monotonic()
        self._next()
        return self

    def cancel(self) -> None:
        """Stop before the next step; closing the steps undoes what they have begun."""
        if self.running:
            self._end()

    def _next(self) -> None:
        qt.QTimer.singleShot(0, self._step)

    def _step(self) -> None:
        if not self.running:
            return
        try:
            fraction, message = next(self.steps)
        except StopIteration as end:
            self._end(partial(self.on_done, end.value))
        except Exception as error:  # any error is shown to the user, and the panel continues
            self._end(partial(self.on_error, error))
        else:
            self._next()
            self.on_progress(Report(fraction, message, self._seconds_left(fraction)))

    def _end(self, tell: Callable[[], None] = _ignore) -> None:
        self.running = False
        self.steps.close()
        try:
            tell()
        finally:
            self.on_end()

    def _seconds_left(self, fraction: float) -> float | None:
        if fraction < SHOWN_FROM:
            return None
        return (time.monotonic() - self._started) * (1 - fraction) / fraction
