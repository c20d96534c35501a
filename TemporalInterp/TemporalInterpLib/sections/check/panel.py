"""The section that checks the engine on the frames of this patient."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import qt
import slicer
from slicer.i18n import tr as _

from temporal_interp.data.provenance import FIRST_KEY, LAST_KEY
from TemporalInterpLib.background import Steps, nothing
from TemporalInterpLib.check_report import report_steps
from TemporalInterpLib.check_results import PatientCheck, checks_of
from TemporalInterpLib.curve_picture import Curve, CurvePicture
from TemporalInterpLib.dependencies import reports_can_be_written
from TemporalInterpLib.follow_nodes import FollowedNodes
from TemporalInterpLib.parameter_node import Span
from TemporalInterpLib.places import ask_report
from TemporalInterpLib.players import show_players
from TemporalInterpLib.scale_picture import scale_picture
from TemporalInterpLib.section import SCENE, Section
from TemporalInterpLib.sections.check.presenter import CheckFacts, State, engine_in_words, present
from TemporalInterpLib.sequence_browser import proxy_of
from TemporalInterpLib.slice_views import back_to_images, is_shown, show_for_a_while, views_of
from TemporalInterpLib.work_button import WorkButton

PICTURE_WIDTH = 290
PICTURE_HEIGHT = 120
ROW_HEIGHT = 22
ENGINE_COLOR = "#3A87AD"
BLEND_COLOR = "#E69F00"


class CheckSection(Section):
    """Check; of the check that is chosen the result, its curve, its error maps and its table."""

    title = _("Check on this patient")
    place = 55
    collapsed = True
    watches = frozenset({"sequence", "firstPhase", "lastPhase", "span", SCENE})

    def connect(self) -> None:
        """Connect the widgets."""
        self.work = WorkButton(
            self.ui.checkButton, self.ui.checkProgress, self.ui.checkMessage, self._steps, self._done
        )
        self.saving = WorkButton(
            self.ui.reportButton, self.ui.checkProgress, self.ui.checkMessage, self._report_steps, self._saved
        )
        self._checks: list[PatientCheck] = []
        self._shown: PatientCheck | None = None
        self._choices: Sequence[str] = []
        self._drawn: slicer.vtkMRMLTableNode | None = None
        self._followed = FollowedNodes(self._apply)
        self.ui.checkSelector.connect("activated(int)", self._choose)
        self.ui.imagesButton.connect("clicked()", self._toggle_errors)
        self.ui.scoreTable.horizontalHeader().setSectionResizeMode(qt.QHeaderView.ResizeToContents)
        self.ui.scoreTable.verticalHeader().setDefaultSectionSize(ROW_HEIGHT)

    def update(self) -> None:
        """Show the check that is chosen, or the latest."""
        self._checks = checks_of(self.parameters.sequence)
        self._show(next((check for check in self._checks if self._is_shown(check)), None) or self._latest())

    def stop(self) -> None:
        """Stop checking, and forget the check that is shown."""
        self.work.cancel()
        self.saving.cancel()
        self.saving.forget()
        self._checks, self._drawn = [], None
        self._show(None)

    def _latest(self) -> PatientCheck | None:
        return self._checks[-1] if self._checks else None

    def _is_shown(self, check: PatientCheck) -> bool:
        return self._shown is not None and check.errors is self._shown.errors

    def _show(self, check: PatientCheck | None) -> None:
        self._shown = check
        errors = self._error_map()
        views = views_of(errors.GetScene()) if errors is not None else []
        self._followed.follow([*views, errors.GetDisplayNode() if errors is not None else None])
        show_players(check.errors if check is not None else None, self.ui.checkPlayWidget, self.ui.checkSeekWidget)
        self.ui.scoreTable.setMRMLTableNode(check.table if check is not None else None)
        self._draw_curve()
        self._apply()

    def _state(self) -> State:
        in_use, parameters, errors = self.context.in_use, self.parameters, self._error_map()
        display = errors.GetDisplayNode() if errors is not None else None
        return State(
            running=self.work.running,
            saving=self.saving.running,
            reports=reports_can_be_written(),
            refusal=in_use.refusal,
            hidden=sum(parameters.firstPhase < number < parameters.lastPhase for number in in_use.acquired),
            whole=parameters.span is Span.WHOLE,
            unit=self._unit(),
            checks=[_facts(check) for check in self._checks],
            chosen=next((n for n, check in enumerate(self._checks) if self._is_shown(check)), 0),
            errors_there=errors is not None,
            errors_shown=is_shown(errors),
            black=display.GetWindowLevelMin() if display is not None else 0.0,
            white=display.GetWindowLevelMax() if display is not None else 0.0,
        )

    def _apply(self) -> None:
        state = self._state() if self.parameters is not None else State()
        view, ui = present(state), self.ui
        self.allow(ui.checkButton, unless=view.unless)
        self.allow(ui.imagesButton, unless=view.images_unless)
        self.allow(ui.reportButton, unless=view.report_unless)
        if view.choices != self._choices:
            self._choices = view.choices
            ui.checkSelector.clear()
            ui.checkSelector.addItems(view.choices)
        ui.checkSelector.currentIndex = state.chosen if view.choices else -1
        ui.checkResult.text, ui.scoreKey.text = view.result, view.key
        ui.imagesButton.text, ui.errorScaleLabel.text = view.images_button, view.scale_title
        if view.has_check:
            ui.errorScale.pixmap = scale_picture(view.scale, PICTURE_WIDTH, _foreground(ui.errorScale))
            parts = (ui.scoreTable.horizontalHeader(), ui.scoreTable.horizontalScrollBar())
            height = sum(part.sizeHint.height() for part in parts)
            ui.scoreTable.setFixedHeight(ROW_HEIGHT * view.rows + height + 2 * ui.scoreTable.frameWidth)
        for widget in (
            *(ui.checkSelector, ui.checkResult, ui.scoreCurve, ui.imagesButton, ui.errorScaleLabel, ui.errorScale),
            *(ui.reportButton, ui.scoreTable, ui.scoreKey),
        ):
            widget.visible = view.has_check

    def _draw_curve(self) -> None:
        check, label = self._shown, self.ui.scoreCurve
        if check is None or self._drawn is check.table:  # not again at every node that comes
            return
        self._drawn = check.table
        values = [score.index_value for score in check.scores]
        moving = [score.engine["psnr_moving"] for score in check.scores]
        curves = [Curve(values, moving, ENGINE_COLOR, engine_in_words(check.engine))]
        if not check.is_of_blend:
            blend = [score.blend["psnr_moving"] for score in check.scores]
            curves.append(Curve(values, blend, BLEND_COLOR, _("linear blend")))
        picture = CurvePicture(curves, unit="dB", x_unit=self._unit())
        label.pixmap = picture.drawn(PICTURE_WIDTH, PICTURE_HEIGHT, _foreground(label))

    def _unit(self) -> str:
        sequence = self.parameters.sequence
        return (sequence.GetIndexUnit() or "") if sequence is not None else ""

    def _error_map(self) -> slicer.vtkMRMLScalarVolumeNode | None:
        return proxy_of(self._shown.errors) if self._shown is not None else None

    def _choose(self, number: int) -> None:
        errors_were_shown = is_shown(self._error_map())
        self._show(self._checks[number])
        if errors_were_shown and self._error_map() is not None:
            show_for_a_while(self._error_map())

    def _toggle_errors(self) -> None:
        errors = self._error_map()
        if is_shown(errors):
            back_to_images(errors, proxy_of(self.parameters.sequence))
        else:
            show_for_a_while(errors)

    def _steps(self) -> Steps[PatientCheck]:
        parameters = self.parameters
        return self.logic.check_steps(
            parameters.sequence,
            parameters.firstPhase,
            parameters.lastPhase,
            cyclic=self.cyclic,
            engine=parameters.engine,
            device=parameters.device,
            adapted_model=parameters.adaptedModel,
        )

    def _done(self, check: PatientCheck) -> str:
        self._shown = check
        self.context.announce(SCENE)
        show_for_a_while(proxy_of(check.errors))
        return ""  # the result is said beside the curve

    def _report_steps(self) -> Steps[Path | None]:
        sequence = self.parameters.sequence
        path = ask_report(sequence.GetName()) if self._shown is not None else None
        return nothing() if path is None else report_steps(self._shown, sequence, path)

    def _saved(self, path: Path | None) -> str:
        return "" if path is None else _("The report is in {path}.").format(path=path)


def _foreground(label: Any) -> Any:
    return label.palette.color(label.foregroundRole())


def _facts(check: PatientCheck) -> CheckFacts:
    moving = [score.engine["psnr_moving"] for score in check.scores]
    finite = [db for db in moving if math.isfinite(db)]
    return CheckFacts(
        engine=check.engine,
        first=check.scores[0].index_value,
        last=check.scores[-1].index_value,
        count=len(check.scores),
        moving_db=sum(finite) / len(finite) if finite else math.nan,
        gain_db=check.gain,
        start=_number(check.errors, FIRST_KEY),
        stop=_number(check.errors, LAST_KEY),
    )


def _number(errors: slicer.vtkMRMLSequenceNode, key: str) -> float:
    """Return what the error maps were marked with; NaN where they were not."""
    return float(errors.GetNthDataNode(0).GetAttribute(key) or math.nan)


SECTION = CheckSection
