"""The output of a command: progress, notes, results and errors, for a person or, with --json, for a program.

A person reads results on standard output and everything else on standard error. A program reads one JSON object a
line on standard output: {"event": "progress", "fraction": ..., "message": ...} and {"event": "note", "message": ...}
while it works, then {"event": "result", ...} or {"event": "error", "message": ...}.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from temporal_interp.errors import Progress

if TYPE_CHECKING:
    from rich.console import RenderableType

PLAIN_INTERVAL = 10.0
"""Seconds between two lines of progress if there is no terminal for a progress bar."""

EVENT_INTERVAL = 0.2
"""Seconds between two progress events of --json."""


@dataclass(frozen=True)
class Console:
    """Where a command reports to.

    Attributes:
        machine_readable: JSON lines instead of words.
    """

    machine_readable: bool = False

    def note(self, message: str) -> None:
        """Show a note to the user."""
        self._show("note", message)

    def error(self, message: str) -> None:
        """Show why the command stops."""
        self._show("error", message)

    def result(self, values: dict[str, object], *shown: RenderableType) -> None:
        """Show the result: `values` to a program, `shown` (lines or rich tables) to a person."""
        if self.machine_readable:
            _print_event("result", **values)
            return
        from rich.console import Console as RichConsole

        console = RichConsole(highlight=False, soft_wrap=True)
        for part in shown:
            console.print(part, markup=False)

    @contextmanager
    def progress(self, title: str) -> Iterator[Progress]:
        """Yield a progress callback for the duration of the work."""
        if self.machine_readable:
            yield _Paced(
                EVENT_INTERVAL, lambda share, message: _print_event("progress", fraction=share, message=message)
            )
        elif sys.stderr.isatty():
            with _progress_bar(title) as report:
                yield report
        else:
            yield _Paced(PLAIN_INTERVAL, lambda share, text: _print_line(f"{title}: {share:4.0%}  {text}"))

    def _show(self, kind: str, message: str) -> None:
        if self.machine_readable:
            _print_event(kind, message=message)
        else:
            _print_line(f"{kind.capitalize()}: {message}")


def _print_line(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _print_event(event: str, **values: object) -> None:
    print(json.dumps({"event": event, **values}, default=str), flush=True)


@dataclass
class _Paced:
    """Passes on progress at intervals, and the end always, once."""

    interval: float
    show: Progress
    _last_time: float = field(default=-float("inf"))
    _done: bool = False

    def __call__(self, fraction: float, message: str) -> None:
        now, done = time.monotonic(), fraction >= 1.0
        if (done and not self._done) or (not done and now - self._last_time >= self.interval):
            self._last_time, self._done = now, done
            self.show(round(min(fraction, 1.0), 4), message)


@contextmanager
def _progress_bar(title: str) -> Iterator[Progress]:
    from rich.console import Console as RichConsole
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as RichProgress

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[message]}", markup=False),
    )
    with RichProgress(*columns, console=RichConsole(stderr=True)) as bar:
        task = bar.add_task(title, total=1.0, message="")
        yield lambda fraction, message: bar.update(task, completed=min(fraction, 1.0), message=message)
