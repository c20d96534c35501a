"""The sequence that a command works on."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from temporal_interp.cli.console import Console

if TYPE_CHECKING:
    from temporal_interp.data.sequence import Sequence
    from temporal_interp.errors import Progress


def read_input(path: Path, console: Console, series: str | None = None, component: str | None = None) -> Sequence:
    """Return the sequence at a path; where there are many files, the progress is shown.

    Args:
        path: as in `read_sequence`.
        console: where to show it.
        series: as in `read_sequence`.
        component: as in `read_sequence`.

    Raises:
        InvalidInputError: as `read_sequence`.
    """
    from temporal_interp.io import read_sequence

    with ExitStack() as stack:
        bar: list[Progress] = []

        def report(fraction: float, message: str) -> None:
            if not bar:  # most inputs are read before a bar could be seen
                bar.append(stack.enter_context(console.progress("Reading")))
            bar[0](fraction, message)

        return read_sequence(path, series=series, component=component, progress=report)
