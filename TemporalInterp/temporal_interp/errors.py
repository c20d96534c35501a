"""The errors a caller can act upon, and the report of progress through which a caller can stop the work."""

from collections.abc import Callable


class InvalidInputError(ValueError):
    """Input that cannot be worked with. The message says what was wrong, where, and what to do."""


class CancelledError(Exception):
    """Raised by a progress callback to stop the work. Nothing has been written when it reaches the caller.

    Where something is kept, as by a training, the exception says what.
    """


Progress = Callable[[float, str], None]
"""Called with the fraction done, from 0 to 1, and a few words on what is being done."""


def no_progress(fraction: float, message: str) -> None:
    """Ignore a report of progress."""


def part_of(progress: Progress, start: float, stop: float) -> Progress:
    """Return a progress callback that covers only the share from `start` to `stop` of `progress`."""

    def report(fraction: float, message: str) -> None:
        progress(start + (stop - start) * fraction, message)

    return report
