"""The section that adds slices: to a volume, or to every volume of a sequence, and compares both."""

from __future__ import annotations

import slicer
from slicer.i18n import tr as _

from temporal_interp.errors import TemporalInterpError
from TemporalInterpLib.add_slices import AddedSlices, Images, SlicePlan, results_of, shown_pair, slice_plan
from TemporalInterpLib.background import Steps
from TemporalInterpLib.layout import SliceComparison
from TemporalInterpLib.parameter_node import SliceQuality
from TemporalInterpLib.players import show_players
from TemporalInterpLib.scene_transaction import nodes_of
from TemporalInterpLib.section import SCENE, Section
from TemporalInterpLib.sequence_browser import proxies_in
from TemporalInterpLib.work_button import WorkButton


class SlicesSection(Section):
    """The images, the expected result, and the comparison of both."""

    title = _("Add slices")
    place = 70
    collapsed = True
    watches = frozenset({"sequence", "slicesInput", "sliceFactor", "sideBySide", SCENE})

    def connect(self) -> None:
        """Connect the widgets."""
        self.work = WorkButton(
            self.ui.slicesButton, self.ui.slicesProgress, self.ui.slicesMessage, self._steps, self._done
        )
        self.comparison = SliceComparison()
        self._compared: slicer.vtkMRMLScalarVolumeNode | None = None
        self._known: tuple[object, ...] = ()
        self._can_run = False
        self.ui.slicesInput.addAttribute("vtkMRMLSequenceNode", "DataNodeClassName", "vtkMRMLScalarVolumeNode")
        self.ui.compareButton.connect("clicked()", self._compare)

    def update(self) -> None:
        """Show the expected result, and the result."""
        self._offer_images()
        self._forget_what_is_gone()
        node = self._images
        known = (node, node.GetMTime() if node is not None else 0, self.parameters.sliceFactor)
        if known != self._known:  # not at every move of the time slider
            self._known = known
            self._show_plan()
        self.ui.slicesButton.enabled = self.work.running or self._can_run
        result = self.result
        self.ui.compareButton.enabled = self.comparison.is_shown or self._pair is not None
        is_sequence = result is not None and result.IsA("vtkMRMLSequenceNode")
        show_players(result if is_sequence else None, self.ui.slicesPlayWidget, self.ui.slicesSeekWidget)

    def stop(self) -> None:
        """Stop adding slices, and forget the comparison."""
        self.work.cancel()
        self.comparison.hide()
        self._compared, self._known = None, ()
        self.ui.slicesMessage.text = ""

    @property
    def result(self) -> Images | None:
        """The latest result of adding slices to the chosen images, None if there is none."""
        return next(reversed(results_of(self._images)), None)

    @property
    def _images(self) -> Images | None:
        return self.context.images

    @property
    def _pair(self) -> tuple[slicer.vtkMRMLScalarVolumeNode, slicer.vtkMRMLScalarVolumeNode] | None:
        """The two volumes to compare."""
        result = self.result
        return shown_pair(result) if result is not None else None

    def _offer_images(self) -> None:
        """Leave out volumes that only show a frame of a sequence or of the preview."""
        scene = self.parameters.parameterNode.GetScene()
        temporary = [node for node in nodes_of(scene, "vtkMRMLScalarVolumeNode") if not node.GetSaveWithScene()]
        hidden = {node.GetID() for node in (*proxies_in(scene), *temporary)}
        self.ui.slicesInput.sortFilterProxyModel().hiddenNodeIDs = sorted(hidden)

    def _forget_what_is_gone(self) -> None:
        if self._compared is not None and self._compared.GetScene() is None:
            self._compared = None
            self.comparison.hide()
            self.ui.slicesMessage.text = ""

    def _show_plan(self) -> None:
        try:
            self.ui.slicesPlan.text = _in_words(slice_plan(self._images, self.parameters.sliceFactor.value))
            self._can_run = True
        except TemporalInterpError as error:
            self.ui.slicesPlan.text = str(error)
            self._can_run = False

    def _steps(self) -> Steps[AddedSlices]:
        parameters = self.parameters
        return self.logic.slices_steps(
            self._images,
            parameters.sliceFactor.value,
            fitted=parameters.sliceQuality is SliceQuality.FITTED,
            keep_acquired=parameters.keepAcquired,
            device=parameters.device,
        )

    def _done(self, added: AddedSlices) -> str:
        self.context.announce(SCENE)
        self._show(added.given_volume, added.result_volume)
        return _("Added '{name}'.").format(name=added.result.GetName())

    def _compare(self) -> None:
        if self.comparison.is_shown:
            self.comparison.hide()
        elif (pair := self._pair) is not None:
            self._show(*pair)
        self.update()

    def _show(self, given: slicer.vtkMRMLScalarVolumeNode, result: slicer.vtkMRMLScalarVolumeNode) -> None:
        self.parameters.sideBySide = False  # otherwise the preview would restore its layout
        self.comparison.show(given, result)
        self._compared = result


def _in_words(plan: SlicePlan) -> str:
    """Short lines: Qt cuts off long ones in a full panel."""
    before, after = plan.before, plan.after
    words = _("{before} slices every {wide:.4g} mm → {after} slices every {close:.4g} mm").format(
        before=before.shape[0], wide=before.spacing[2], after=after.shape[0], close=after.spacing[2]
    )
    return words if plan.frames == 1 else f"{words}\n{_('in each of {count} frames').format(count=plan.frames)}"


SECTION = SlicesSection
