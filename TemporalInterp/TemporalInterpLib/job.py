"""A job: steps taken in the event loop of Qt, with progress, time left and cancel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import qt

from TemporalInterpLib.background import Steps
from TemporalInterpLib.time_left import TimeLeft, in_words


@dataclass(frozen=True)
class Report:
    """The progress of a job.

    Attributes:
        fraction: from 0 to 1.
        message: its current work.
        seconds_left: estimated, None while that is unreliable.
    """

    fraction: float
    message: str
    seconds_left: float | None

    @property
    def time_left(self) -> str:
        """The time left in words, "" while it is not known."""
        return in_words(self.seconds_left)


def _ignore(*_arguments: object) -> None:
    pass


@dataclass(eq=False)
class Job:
    """Takes steps between the events of the application.

    Attributes:
        steps: the work.
        on_end: called first when the job has ended, whether it is done, failed or cancelled: what it said while it ran
            goes before anything else is told.
        on_done: called then with the result.
        on_error: called then with the exception where a step raised one.
        on_progress: called after every step.
    """

    steps: Steps[Any]
    on_done: Callable[[Any], None] = _ignore
    on_error: Callable[[Exception], None] = _ignore
    on_progress: Callable[[Report], None] = _ignore
    on_end: Callable[[], None] = _ignore
    running: bool = field(default=False, init=False)
    _left: TimeLeft = field(default_factory=TimeLeft, init=False)

    def start(self) -> Job:
        """Start; the event loop takes the first step."""
        self.running = True
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
            self.on_progress(Report(fraction, message, self._left.after(fraction)))

    def _end(self, tell: Callable[[], None] = _ignore) -> None:
        self.running = False
        try:
            self.steps.close()
        finally:
            self.on_end()
        tell()
