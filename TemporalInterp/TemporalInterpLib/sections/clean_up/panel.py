"""The section that removes the results of the module."""

from __future__ import annotations

import slicer
from slicer.i18n import tr as _

from temporal_interp.errors import TemporalInterpError
from TemporalInterpLib.add_slices import results_of
from TemporalInterpLib.motion_transforms import motions_of
from TemporalInterpLib.parameter_node import ADAPTED, AUTOMATIC
from TemporalInterpLib.section import SCENE, Section
from TemporalInterpLib.work_button import tell_error


class CleanUpSection(Section):
    """Remove generated frames, tracked motion, added slices, models."""

    title = _("Clean up")
    place = 90
    collapsed = True
    watches = frozenset({"sequence", "result", "slicesInput", SCENE})

    def connect(self) -> None:
        """Connect the widgets."""
        self.ui.removeFramesButton.connect("clicked()", self._remove_frames)
        self.ui.removeMotionButton.connect("clicked()", self._remove_motion)
        self.ui.removeSlicesButton.connect("clicked()", self._remove_slices)
        self.ui.removeModelsButton.connect("clicked()", self._remove_models)

    def update(self) -> None:
        """Enable the buttons that have something to remove."""
        self.ui.removeFramesButton.enabled = self._target() is not None
        self.ui.removeMotionButton.enabled = bool(motions_of(self.parameters.sequence))
        self.ui.removeSlicesButton.enabled = bool(results_of(self.context.images))

    def _target(self) -> object:
        """The sequence made last, or the one chosen."""
        return self.parameters.result or self.parameters.sequence

    def _remove_frames(self) -> None:
        sequence = self._target()
        try:
            count = self.logic.remove_generated_frames(sequence)
        except TemporalInterpError as error:
            tell_error(error)
            return
        self.context.announce(SCENE)
        self.ui.cleanUpMessage.text = _("{count} synthetic frames removed from '{name}'.").format(
            count=count, name=sequence.GetName()
        )

    def _remove_motion(self) -> None:
        sequence = self.parameters.sequence
        count = self.logic.remove_tracked_motion(sequence)
        self.context.announce(SCENE)
        self.ui.cleanUpMessage.text = _(
            "{count} tracked motions removed from '{name}', with their strain curves; points are back at their place."
        ).format(count=count, name=sequence.GetName())

    def _remove_slices(self) -> None:
        images = self.context.images
        count = self.logic.remove_added_slices(images)
        self.context.announce(SCENE)
        self.ui.cleanUpMessage.text = _("{count} results of Add slices removed; '{name}' is as it was.").format(
            count=count, name=images.GetName()
        )

    def _remove_models(self) -> None:
        try:
            self._ask_and_remove_models(self.logic.removable_models())
        except TemporalInterpError as error:
            tell_error(error)

    def _ask_and_remove_models(self, names: list[str]) -> None:
        if not names:
            self.ui.cleanUpMessage.text = _("All models came with the program; there is none to remove.")
            return
        question = _("Delete these models from this computer?\n\n{names}").format(names="\n".join(names))
        if not slicer.util.confirmOkCancelDisplay(question, windowTitle=_("Remove models")):
            return
        self.logic.remove_models()
        if self.parameters.adaptedModel in names:
            self.parameters.adaptedModel = ""
            if self.parameters.engine == ADAPTED:
                self.parameters.engine = AUTOMATIC
        self.ui.cleanUpMessage.text = _("{count} models removed.").format(count=len(names))


SECTION = CleanUpSection
