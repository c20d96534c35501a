"""The section that checks the engine on the frames of this patient."""

from __future__ import annotations

import math

from slicer.i18n import tr as _

from TemporalInterpLib.background import Steps
from TemporalInterpLib.curve_picture import Curve, CurvePicture
from TemporalInterpLib.layout import show_in_slice_views
from TemporalInterpLib.patient_check import PatientCheck
from TemporalInterpLib.section import Section
from TemporalInterpLib.work_button import WorkButton

PICTURE_WIDTH = 300
PICTURE_HEIGHT = 130
ENGINE_COLOR = "#3A87AD"
BLEND_COLOR = "#E69F00"


class CheckSection(Section):
    """Check, its curve and its table."""

    title = _("Check on this patient")
    place = 80
    collapsed = True
    watches = frozenset({"sequence"})

    def connect(self) -> None:
        """Connect the widgets."""
        self.work = WorkButton(
            self.ui.checkButton, self.ui.checkProgress, self.ui.checkMessage, self._steps, self._done
        )
        self.ui.scoreCurve.visible = False
        self.ui.scoreTable.visible = False

    def update(self) -> None:
        """Enable the check if there is a frame to hide."""
        self.ui.checkButton.enabled = self.work.running or self.parameters.sequence is not None

    def stop(self) -> None:
        """Stop checking, and release the table."""
        self.work.cancel()
        self.ui.scoreTable.setMRMLTableNode(None)
        self.ui.scoreCurve.visible = False
        self.ui.scoreTable.visible = False

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
        values = [score.index_value for score in check.scores]
        name = check.engine.replace("_", " ")
        curves = [Curve(values, [s.engine["psnr_moving"] for s in check.scores], ENGINE_COLOR, name)]
        if check.engine != "linear_blend":
            blend = [s.blend["psnr_moving"] for s in check.scores]
            curves.append(Curve(values, blend, BLEND_COLOR, _("linear blend")))
        label = self.ui.scoreCurve
        unit = self.parameters.sequence.GetIndexUnit() or "" if self.parameters.sequence is not None else ""
        label.pixmap = CurvePicture(curves, unit="dB", x_unit=unit).drawn(
            PICTURE_WIDTH, PICTURE_HEIGHT, label.palette.color(label.foregroundRole())
        )
        label.visible = True
        self.ui.scoreTable.setMRMLTableNode(check.table)
        self.ui.scoreTable.visible = True
        show_in_slice_views(check.errors.proxy, fit=False)
        if check.engine == "linear_blend":
            gain = _("this is the linear blend itself")
        elif math.isnan(check.gain):
            gain = _("nothing moves in this sequence")
        else:
            gain = _("{gain:+.2f} dB over the linear blend in the moving region").format(gain=check.gain)
        return _(
            "{count} hidden frames: {gain}. The curve is the PSNR of the moving region; the slice views show the "
            "error, play it with '{browser}'."
        ).format(count=len(check.scores), gain=gain, browser=check.errors.browser.GetName())


SECTION = CheckSection
