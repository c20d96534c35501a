"""Errors that Slicer prints and goes on from, kept here so that they fail the test that caused them."""

import sys
import traceback

_recorded: list[BaseException] = []


def record(error: BaseException) -> None:
    """Keep an error until the end of the test, and print it now, as Slicer does."""
    traceback.print_exception(error, file=sys.stderr)
    _recorded.append(error)


def take() -> list[BaseException]:
    """The errors so far, which no longer fail the test: for tests that expect them."""
    errors = list(_recorded)
    _recorded.clear()
    return errors


def check() -> None:
    """Raise what was recorded, all together."""
    errors = take()
    if errors:
        raise BaseExceptionGroup("Slicer would have printed these and gone on", errors)
