"""The longest turn of the event loop: how long the application could not react to the user."""

from __future__ import annotations

import time

import qt


class LongestTurn:
    """Measures the time between two turns of a timer of 0 ms, while something is waited for or done.

    Attributes:
        seconds: the longest so far.
        during: what was waited for or done then.
    """

    def __init__(self) -> None:
        self.seconds, self.during = 0.0, ""
        self._what = ""
        self._last = 0.0
        self._timer = qt.QTimer()
        self._timer.connect("timeout()", self._turn)

    def begin(self, what: str) -> None:
        """Measure from now on, while `what` is waited for or done."""
        self._what, self._last = what, time.perf_counter()
        self._timer.start(0)

    def end(self) -> None:
        """Measure no more; the time since the last turn counts."""
        self._timer.stop()
        self._turn()

    def _turn(self) -> None:
        now = time.perf_counter()
        if now - self._last > self.seconds:
            self.seconds, self.during = now - self._last, self._what
        self._last = now
