"""The common base of the panel's sections."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import slicer
from slicer.i18n import tr as _

from temporal_interp.errors import TemporalInterpError
from TemporalInterpLib.add_slices import Images
from TemporalInterpLib.background import Steps
from TemporalInterpLib.job import Job, Report
from TemporalInterpLib.logic import InterpolationLogic
from TemporalInterpLib.parameter_node import TemporalInterpParameterNode
from TemporalInterpLib.sequence_browser import browsers_of


@dataclass(eq=False)
class Context:
    """The objects that all sections share.

    Attributes:
        ui: the widgets of the .ui file, by name.
        logic: does the work.
        parameters: the user's choices; None while no scene is open.
    """

    ui: Any
    logic: InterpolationLogic
    parameters: TemporalInterpParameterNode | None = None

    @property
    def images(self) -> Images | None:
        """The images that slices are added to."""
        return self.parameters.slicesInput or self.parameters.sequence


class Panel:
    """A section: it connects its widgets, follows the parameters, and stops its work on request."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.ui = context.ui
        self.logic = context.logic
        self.connect()

    @property
    def parameters(self) -> TemporalInterpParameterNode:
        """The user's choices."""
        return self.context.parameters

    @property
    def cyclic(self) -> bool | None:
        """Whether the user says that the sequence is a loop; None takes it as it is: a loop is one unticked, too."""
        return self.parameters.cyclic or None

    def connect(self) -> None:
        """Connect the widgets."""

    def update(self) -> None:
        """Show the parameters."""

    def stop(self) -> None:
        """Stop all work, as the scene or the application closes."""


class WorkButton:
    """A button that starts a job, turns into Cancel, and shows the progress of the job.

    Args:
        button: keeps its current text for while nothing runs.
        progress: a progress bar, shown while the job runs.
        message: a label for the current work and the time left.
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
        progress.visible = False
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
            self.message.text = _("Cancelled; nothing was added.")
            return
        try:
            steps = self._steps()
        except TemporalInterpError as error:
            self._tell(error)
            return
        self.button.text = _("Cancel")
        self.progress.value = 0
        self.progress.visible = True
        self.message.text = ""
        self._job = Job(
            steps, on_done=self._finish, on_error=self._tell, on_progress=self._report, on_end=self._end
        ).start()

    def cancel(self) -> None:
        """Stop the job, if it runs."""
        if self._job is not None:
            self._job.cancel()

    def _report(self, report: Report) -> None:
        self.progress.value = round(100 * report.fraction)
        self.message.text = ", ".join(part for part in (report.message, report.time_left) if part)

    def _finish(self, result: Any) -> None:
        self.message.text = self._done(result)

    def _tell(self, error: Exception) -> None:
        self.message.text = str(error)
        tell_error(error)

    def _end(self) -> None:
        self._job = None
        self.button.text = self._text
        self.progress.visible = False


def show_players(sequence_node: slicer.vtkMRMLSequenceNode | None, *players: Any) -> None:
    """Let players play what shows a sequence; they are hidden where there is none, or nothing that shows it."""
    browser = next(iter(browsers_of(sequence_node)), None) if sequence_node is not None else None
    for player in players:
        player.setMRMLSequenceBrowserNode(browser)
        player.visible = browser is not None


def tell_error(error: Exception) -> None:
    """Show an error: the message alone if the user can act on it, with a traceback if it is a fault of the program."""
    if isinstance(error, TemporalInterpError):
        slicer.util.errorDisplay(str(error))
        return
    import traceback

    details = "".join(traceback.format_exception(error))
    slicer.util.errorDisplay(_("Unexpected error: {error}").format(error=error), detailedText=details)
