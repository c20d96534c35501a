"""The module's panel: its sections, and the parameter node they share."""

from __future__ import annotations

from typing import Any

import slicer
import vtk

from TemporalInterpLib.background import wait_for_threads
from TemporalInterpLib.logic import InterpolationLogic
from TemporalInterpLib.panels.check_panel import CheckPanel
from TemporalInterpLib.panels.clean_up_panel import CleanUpPanel
from TemporalInterpLib.panels.deformation_panel import DeformationPanel
from TemporalInterpLib.panels.engine_panel import EnginePanel
from TemporalInterpLib.panels.interpolate_panel import InterpolatePanel
from TemporalInterpLib.panels.packages_panel import PackagesPanel
from TemporalInterpLib.panels.panel import Context
from TemporalInterpLib.panels.preview_panel import PreviewPanel
from TemporalInterpLib.panels.sequence_panel import SequencePanel
from TemporalInterpLib.panels.slices_panel import SlicesPanel
from TemporalInterpLib.panels.track_panel import TrackPanel
from TemporalInterpLib.parameter_node import TemporalInterpParameterNode

CLOSING_SECONDS = 5.0
"""Time to wait for cancelled work when the panel is closed."""


class ModulePanel:
    """Keeps sections and parameters synchronised.

    Args:
        ui: the widgets of the .ui file, by name.
        logic: does the work.
    """

    def __init__(self, ui: Any, logic: InterpolationLogic) -> None:
        self.context = Context(ui, logic)
        self.packages = PackagesPanel(self.context)
        self.sequence = SequencePanel(self.context)
        self.preview = PreviewPanel(self.context)
        self.engine = EnginePanel(self.context)
        self.interpolate = InterpolatePanel(self.context)
        self.deformation = DeformationPanel(self.context)
        self.track = TrackPanel(self.context)
        self.slices = SlicesPanel(self.context)
        self.check = CheckPanel(self.context)
        self.clean_up = CleanUpPanel(self.context)
        self._sections = (
            self.packages,
            self.sequence,
            self.preview,
            self.engine,
            self.interpolate,
            self.deformation,
            self.track,
            self.slices,
            self.check,
            self.clean_up,
        )
        self._observation: tuple[slicer.vtkMRMLNode, int] | None = None
        self._gui_tag: int | None = None
        self._updating = self._changed = False

    def use(self, parameters: TemporalInterpParameterNode | None) -> None:
        """Follow these parameters from now on, or none while there is no scene."""
        if self.context.parameters is not None:
            self.context.parameters.disconnectGui(self._gui_tag)
            node, tag = self._observation
            node.RemoveObserver(tag)
        self.context.parameters = parameters
        if parameters is None:
            self._observation = self._gui_tag = None
            return
        self._gui_tag = parameters.connectGui(self.context.ui)
        node = parameters.parameterNode
        self._observation = (node, node.AddObserver(vtk.vtkCommand.ModifiedEvent, self._parameters_changed))
        self.update()

    def update(self) -> None:
        """Show the parameters; a change made meanwhile is shown in another round, not within this one."""
        if self.context.parameters is None:
            return
        self._changed = True
        if self._updating:
            return
        self._updating = True
        try:
            while self._changed and self.context.parameters is not None:
                self._changed = False
                for section in self._sections:
                    section.update()
        finally:
            self._updating = False

    def stop(self) -> None:
        """Release the parameters, cancel all work and remove the preview from the scene."""
        self.use(None)  # first: a selector may change as the preview is removed, and its followers would start again
        for section in self._sections:
            section.stop()

    def close(self) -> None:
        """Stop finally."""
        self.stop()
        wait_for_threads(CLOSING_SECONDS)

    def _parameters_changed(self, *_event: object) -> None:
        self.update()
