"""The section that fills a new sequence."""

from __future__ import annotations

from slicer.i18n import tr as _

from temporal_interp.errors import InvalidInputError
from temporal_interp.workflows.request import BetweenPhases, Request, WholeSequence
from TemporalInterpLib.add_sequence import AddedSequence
from TemporalInterpLib.background import Steps
from TemporalInterpLib.companions import Companion
from TemporalInterpLib.engines import engine_name
from TemporalInterpLib.layout import show_in_slice_views
from TemporalInterpLib.parameter_node import Fill
from TemporalInterpLib.players import show_players
from TemporalInterpLib.section import Section
from TemporalInterpLib.sequence_conversion import synthetic_items_of
from TemporalInterpLib.work_button import WorkButton


class InterpolateSection(Section):
    """Which frames, Interpolate, and the player of the result."""

    title = _("Interpolate")
    place = 40
    collapsed = False
    watches = frozenset({"sequence", "fill", "result"})

    def connect(self) -> None:
        """Connect the widgets."""
        self.work = WorkButton(
            self.ui.interpolateButton,
            self.ui.interpolateProgress,
            self.ui.interpolateMessage,
            self._steps,
            self._done,
        )

    def update(self) -> None:
        """Show the widgets of the chosen kind of filling."""
        fill = self.parameters.fill
        for widgets, kind in (
            ((self.ui.frameCountLabel, self.ui.frameCount), Fill.EVENLY),
            ((self.ui.timesLabel, self.ui.times), Fill.AT_TIMES),
            ((self.ui.factorLabel, self.ui.factor), Fill.WHOLE_SEQUENCE),
        ):
            for widget in widgets:
                widget.visible = fill is kind
        self.ui.interpolateButton.enabled = self.work.running or self.parameters.sequence is not None
        show_players(self.parameters.result, self.ui.playWidget, self.ui.seekWidget)

    def stop(self) -> None:
        """Stop interpolating."""
        self.work.cancel()

    def _steps(self) -> Steps[AddedSequence]:
        parameters = self.parameters
        fields = parameters.fields and (
            engine_name(parameters.engine, parameters.sequence, parameters.adaptedModel) != "linear_blend"
        )
        return self.logic.interpolation_steps(
            parameters.sequence,
            self._request(),
            engine=parameters.engine,
            device=parameters.device,
            adapted_model=parameters.adaptedModel,
            companions=(Companion.DISPLACEMENT_FIRST_TO_T, Companion.JACOBIAN_FIRST_TO_T) if fields else (),
        )

    def _request(self) -> Request:
        parameters = self.parameters
        if parameters.fill is Fill.WHOLE_SEQUENCE:
            return WholeSequence(parameters.factor, self.cyclic)
        frames = parameters.frameCount if parameters.fill is Fill.EVENLY else _numbers(parameters.times)
        return BetweenPhases(parameters.firstPhase, parameters.lastPhase, frames, self.cyclic)

    def _done(self, added: AddedSequence) -> str:
        self.parameters.result = added.sequence
        show_in_slice_views(added.proxy, fit=True)
        return _("Added '{name}': {count} frames, {synthetic} of them synthetic.").format(
            name=added.sequence.GetName(),
            count=added.sequence.GetNumberOfDataNodes(),
            synthetic=len(synthetic_items_of(added.sequence)),
        )


def _numbers(text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError as error:
        raise InvalidInputError(
            f"'{text}' is not a list of times. Write numbers separated by commas, such as 100, 120.5."
        ) from error


SECTION = InterpolateSection
