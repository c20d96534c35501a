"""The section that shows the displacement fields of the result."""

from __future__ import annotations

from slicer.i18n import tr as _

from TemporalInterpLib.companions import Companion
from TemporalInterpLib.deformation_view import colour_field, companion, folds_of, show_field, show_jacobian
from TemporalInterpLib.section import SCENE, Section


class DeformationSection(Section):
    """How the field is drawn, Jacobian determinants, folds."""

    title = _("Deformation")
    place = 50
    collapsed = True
    watches = frozenset({"result", "fieldStyle", "fieldSpacing", "jacobian", SCENE})

    def connect(self) -> None:
        """Connect the widgets."""
        self._shown: tuple[object, ...] = ()
        self._over: object = None
        self._reported: object = None

    def update(self) -> None:
        """Draw the fields of the result as the parameters say."""
        result = self.parameters.result
        there = companion(result, Companion.DISPLACEMENT_FIRST_TO_T) is not None
        for widget in (self.ui.fieldStyle, self.ui.fieldSpacing, self.ui.jacobian):
            widget.enabled = there
        self._report(result, there)
        style, spacing = self.parameters.fieldStyle, self.parameters.fieldSpacing
        if there and self._shown != (result, style, spacing):
            if not self._shown or self._shown[0] is not result:
                colour_field(result)
            self._shown = (result, style, spacing)
            show_field(result, style, spacing)
        over = result if there and self.parameters.jacobian else None
        if over is not self._over:
            show_jacobian(over or self._over, shown=over is not None)
            self._over = over

    def stop(self) -> None:
        """Forget what is shown."""
        self._shown, self._over, self._reported = (), None, None

    def _report(self, result: object, there: bool) -> None:
        if not there:
            self.ui.deformationMessage.text = _(
                "Interpolate with displacement fields to see the motion. The linear blend has none."
            )
            self._reported = None
            return
        if self._reported is result:
            return
        self._reported = result
        folds = folds_of(result)
        if folds is None:
            self.ui.deformationMessage.text = ""
        elif folds.share == 0:
            self.ui.deformationMessage.text = _(
                "No folds: the smallest Jacobian determinant is {smallest:.2f}."
            ).format(smallest=folds.smallest)
        else:
            self.ui.deformationMessage.text = _(
                "The field folds in {share:.2%} of the voxels of frame {frame}: do not trust the motion there."
            ).format(share=folds.share, frame=folds.frame)


SECTION = DeformationSection
