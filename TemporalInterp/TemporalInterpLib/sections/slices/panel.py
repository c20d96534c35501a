"""The section that adds slices: to a volume, or to every volume of a sequence, and compares both."""

from __future__ import annotations

import slicer
from slicer.i18n import tr as _

from temporal_interp.errors import TemporalInterpError
from TemporalInterpLib.add_slices import AddedSlices, Images, results_of, shown_pair, slice_plan
from TemporalInterpLib.background import Steps
from TemporalInterpLib.dependencies import engines_can_run
from TemporalInterpLib.layout import SliceComparison
from TemporalInterpLib.parameter_node import SliceFactor, SliceQuality
from TemporalInterpLib.players import show_players
from TemporalInterpLib.scene_transaction import nodes_of
from TemporalInterpLib.section import PACKAGES, SCENE, Section
from TemporalInterpLib.sections.slices.presenter import Stack, State, present
from TemporalInterpLib.sequence_browser import proxies_in
from TemporalInterpLib.work_button import WorkButton


class SlicesSection(Section):
    """The images, the expected result, and the comparison of both."""

    title = _("Add slices")
    place = 70
    collapsed = True
    watches = frozenset({"sequence", "slicesInput", "sliceFactor", "sliceQuality", "sideBySide", PACKAGES, SCENE})

    def connect(self) -> None:
        """Connect the widgets."""
        self.work = WorkButton(
            self.ui.slicesButton, self.ui.slicesProgress, self.ui.slicesMessage, self._steps, self._done
        )
        self.comparison = SliceComparison()
        self._compared: slicer.vtkMRMLScalarVolumeNode | None = None
        self._known: tuple[object, ...] = ()
        self._stack: Stack | None = None
        self._refusal = ""
        self.ui.slicesInput.addAttribute("vtkMRMLSequenceNode", "DataNodeClassName", "vtkMRMLScalarVolumeNode")
        self.ui.compareButton.connect("clicked()", self._compare)

    def update(self) -> None:
        """Show the expected result, and the result."""
        self._offer_images()
        self._forget_what_is_gone()
        node = self._images
        known = (node, node.GetMTime() if node is not None else 0)
        if known != self._known:  # not at every node that comes
            self._known = known
            self._stack, self._refusal = _stack_of(node)
        view = present(self._state())
        for number, text in enumerate(view.choices):
            self.ui.sliceFactor.setItemText(number, text)
        self.ui.slicesPlan.text = view.plan
        self.allow(self.ui.slicesButton, unless=view.unless)
        self.allow(self.ui.keepAcquired, unless=view.keep_unless)
        self.ui.compareButton.text = view.compare_button
        self.allow(self.ui.compareButton, unless=view.compare_unless)
        result = self.result
        is_sequence = result is not None and result.IsA("vtkMRMLSequenceNode")
        show_players(result if is_sequence else None, self.ui.slicesPlayWidget, self.ui.slicesSeekWidget)

    def stop(self) -> None:
        """Stop adding slices, and forget the comparison."""
        self.work.cancel()
        self.comparison.hide()
        self._compared, self._known = None, ()
        self.ui.slicesMessage.text = ""

    def _state(self) -> State:
        node = self._images
        return State(
            running=self.work.running,
            images=node.GetName() if node is not None else "",
            stack=self._stack,
            refusal=self._refusal,
            packages=engines_can_run(),
            factors=[factor.value for factor in SliceFactor],
            factor=self.parameters.sliceFactor.value,
            networks=self._networks,
            has_pair=self._pair is not None,
            is_compared=self.comparison.is_shown,
        )

    @property
    def _networks(self) -> bool:
        return self.parameters.sliceQuality is SliceQuality.FITTED

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

    def _steps(self) -> Steps[AddedSlices]:
        parameters = self.parameters
        return self.logic.slices_steps(
            self._images,
            parameters.sliceFactor.value,
            fitted=self._networks,
            keep_acquired=parameters.keepAcquired or not self._networks,
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


def _stack_of(node: Images | None) -> tuple[Stack | None, str]:
    """Return the slices of images, or why none can be added."""
    if node is None:
        return None, _("Choose a volume, or a sequence of volumes.")
    try:
        plan = slice_plan(node, SliceFactor.TWO.value)
    except TemporalInterpError as error:
        return None, str(error)
    return Stack(plan.before.shape[0], plan.before.spacing[2], plan.frames), ""


SECTION = SlicesSection
