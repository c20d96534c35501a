"""A button that starts a job, and what is said when one fails."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import slicer
from slicer.i18n import tr as _

from temporal_interp.errors import TemporalInterpError
from TemporalInterpLib.background import Steps
from TemporalInterpLib.job import Job, Report


class WorkButton:
    """A button that starts a job, turns into Cancel, and shows the progress of the job.

    Args:
        button: keeps its current text for while nothing runs.
        progress: a progress bar, shown while the job runs.
        message: a label for the current work and the time left; hidden while it says nothing.
        steps: returns the steps of the job, or raises InvalidInputError.
        done: called with the result; returns the message to show.
    """

    def __init__(
        self, button: Any, progress: Any, message: Any, steps: Callable[[], Steps[Any]], done: Callable[[Any], str]
    ) -> None:
        self.button, self.progress, self.message = button, progress, message
        self._steps, self._done = steps, done
        self._text = button.text
        self._job: Job | None = None
        progress.visible = message.visible = False
        progress.maximum = 100
        button.connect("clicked()", self.press)

    @property
    def running(self) -> bool:
        """Whether the job runs."""
        return self._job is not None

    def press(self) -> None:
        """Start the job, or cancel it."""
        if self.running:
            self.cancel()
            self._say(_("Cancelled; nothing was added."))
            return
        try:
            steps = self._steps()
        except TemporalInterpError as error:
            self._tell(error)
            return
        self.button.text = _("Cancel")
        self.progress.value = 0
        self.progress.visible = True
        self._say("")
        self._job = Job(
            steps, on_done=self._finish, on_error=self._tell, on_progress=self._report, on_end=self._end
        ).start()

    def cancel(self) -> None:
        """Stop the job, if it runs."""
        if self._job is not None:
            self._job.cancel()

    def forget(self) -> None:
        """Say nothing any more of what was done, as the scene closes."""
        self._say("")

    def _say(self, text: str) -> None:
        self.message.text, self.message.visible = text, bool(text)

    def _report(self, report: Report) -> None:
        self.progress.value = round(100 * report.fraction)
        self._say(", ".join(part for part in (report.message, report.time_left) if part))

    def _finish(self, result: Any) -> None:
        self._say(self._done(result))

    def _tell(self, error: Exception) -> None:
        self._say(_("Nothing was added."))  # the dialog says why
        tell_error(error)

    def _end(self) -> None:
        self._job = None
        self.button.text = self._text
        self.progress.visible = False


def tell_error(error: Exception) -> None:
    """Show an error in words: what the user can act upon, or that the program is at fault, with details on demand."""
    if isinstance(error, TemporalInterpError):
        details = getattr(error, "details", "")
        slicer.util.errorDisplay(str(error), detailedText=details)
        return
    import traceback

    words = (
        _("There is not enough memory for this. Close what is not needed, or choose smaller images or a region.")
        if isinstance(error, MemoryError)
        else _("Something went wrong in TemporalInterp. The details say where, for a report to its developers.")
    )
    slicer.util.errorDisplay(words, detailedText="".join(traceback.format_exception(error)))
