"""The section that fills a new sequence."""

from __future__ import annotations

import qt
from slicer.i18n import tr as _

from temporal_interp.engines.registry import AUTO_MEASURED
from TemporalInterpLib.add_sequence import AddedSequence
from TemporalInterpLib.background import Steps
from TemporalInterpLib.companions import Companion
from TemporalInterpLib.deformation_facts import DeformationFacts
from TemporalInterpLib.engines import engine_name
from TemporalInterpLib.expected_errors import errors_of, show_errors, told_of
from TemporalInterpLib.layout import show_in_next_turn
from TemporalInterpLib.parameter_node import WIDEST_ARROWS
from TemporalInterpLib.playback import play
from TemporalInterpLib.players import show_players
from TemporalInterpLib.section import Section
from TemporalInterpLib.sections.interpolate.presenter import State, present, request_of
from TemporalInterpLib.sequence_browser import browsers_of
from TemporalInterpLib.sequence_conversion import synthetic_items_of
from TemporalInterpLib.strip_label import StripLabel
from TemporalInterpLib.work_button import WorkButton


class InterpolateSection(Section):
    """Which frames, Interpolate, and the player of the result."""

    title = _("Interpolate")
    place = 40
    collapsed = False
    watches = frozenset(
        {
            *("sequence", "span", "fill", "firstPhase", "lastPhase", "frameCount", "times"),
            *("fillWhole", "factor", "framesInAll", "cyclic", "result", "errorsShown"),
        }
    )

    def connect(self) -> None:
        """Connect the widgets."""
        self.strip = StripLabel(self.ui.frameStrip)
        self.work = WorkButton(
            self.ui.interpolateButton,
            self.ui.interpolateProgress,
            self.ui.interpolateMessage,
            self._steps,
            self._done,
        )

    def update(self) -> None:
        """Show the widgets of what is interpolated, and what will be made."""
        ui, view = self.ui, present(self._state())
        for shown, widgets in (
            (view.fill, (ui.fillLabel, ui.fillSelector)),
            (view.frame_count, (ui.frameCountLabel, ui.frameCount)),
            (view.times, (ui.timesLabel, ui.times)),
            (view.fill_whole, (ui.fillWholeLabel, ui.fillWhole)),
            (view.factor, (ui.factorLabel, ui.factor)),
            (view.in_all, (ui.framesInAllLabel, ui.framesInAll)),
        ):
            for widget in widgets:
                widget.visible = shown
        ui.interpolatePlan.text = view.plan
        ui.interpolatePlan.visible = bool(view.plan)
        self.allow(ui.interpolateButton, unless="" if self.work.running else view.unless)
        self._show_player()

    def stop(self) -> None:
        """Stop interpolating, and release the browser of the result."""
        self.work.cancel()
        self.strip.follow(None)

    def _state(self) -> State:
        parameters, in_use = self.parameters, self.context.in_use
        return State(
            refusal=in_use.refusal,
            frames=in_use.frames,
            span=parameters.span,
            fill=parameters.fill,
            first=parameters.firstPhase,
            last=parameters.lastPhase,
            frame_count=parameters.frameCount,
            times=parameters.times,
            fill_whole=parameters.fillWhole,
            factor=parameters.factor,
            in_all=parameters.framesInAll,
            cyclic=self.cyclic,
        )

    def _show_player(self) -> None:
        result = self.parameters.result
        show_players(result, self.ui.playWidget, self.ui.seekWidget)
        told = told_of(result)
        self.ui.resultNote.text = " ".join(told)
        self.ui.resultNote.visible = bool(told)
        self.ui.errorsShown.visible = errors_of(result) is not None
        if result is not None:
            show_errors(result, shown=self.parameters.errorsShown)
        self.strip.follow(next(iter(browsers_of(result)), None) if result is not None else None)

    def _steps(self) -> Steps[AddedSequence]:
        parameters = self.parameters
        play(parameters.result, False)
        # which engine is measured to be the best is not known yet: it may have no fields
        fields = (
            parameters.fields
            and parameters.engine != AUTO_MEASURED
            and (engine_name(parameters.engine, parameters.sequence, parameters.adaptedModel) != "linear_blend")
        )
        return self.logic.interpolation_steps(
            parameters.sequence,
            request_of(self._state()),
            engine=parameters.engine,
            device=parameters.device,
            adapted_model=parameters.adaptedModel,
            companions=(Companion.DISPLACEMENT_FIRST_TO_T, Companion.JACOBIAN_FIRST_TO_T) if fields else (),
            errors=parameters.errors,
        )

    def _done(self, added: AddedSequence) -> str:
        self.parameters.result = added.sequence
        fields = added.companions.get(Companion.DISPLACEMENT_FIRST_TO_T)
        facts = DeformationFacts.of(fields) if fields is not None else None
        if facts is not None:
            self.parameters.fieldSpacing = min(facts.spacing_mm, WIDEST_ARROWS)
        show_in_next_turn(added.proxy)
        qt.QTimer.singleShot(0, self._show_errors)  # after that
        play(added.sequence)
        return _("Added '{name}': {count} frames, {synthetic} of them synthetic.").format(
            name=added.sequence.GetName(),
            count=added.sequence.GetNumberOfDataNodes(),
            synthetic=len(synthetic_items_of(added.sequence)),
        )

    def _show_errors(self) -> None:
        """Draw the errors of the result over it, once it is in the views."""
        parameters = self.context.parameters
        if parameters is not None and parameters.result is not None:
            show_errors(parameters.result, shown=parameters.errorsShown)


SECTION = InterpolateSection
