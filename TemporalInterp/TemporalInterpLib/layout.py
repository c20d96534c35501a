"""Slice views: the preview in all of them, or phase A, the instant and phase B beside one another."""

from __future__ import annotations

import qt
import slicer

SIDE_BY_SIDE = 58291
"""Number of our layout; Slicer's own are below 100, and extensions choose a number of their own."""

VIEWS = ("PhaseA", "Instant", "PhaseB")

BLUE, ORANGE = "#56B4E9", "#E69F00"
"""Acquired and synthetic, as in the figures."""

_VIEW = """
  <item><view class="vtkMRMLSliceNode" singletontag="{tag}">
    <property name="orientation" action="default">{orientation}</property>
    <property name="viewlabel" action="default">{label}</property>
    <property name="viewcolor" action="default">{color}</property>
  </view></item>"""


class SideBySide:
    """The layout of three linked slice views, and the way back from it."""

    def __init__(self) -> None:
        self._layout_before: int | None = None

    @property
    def is_shown(self) -> bool:
        """Whether the layout is ours at the moment."""
        manager = slicer.app.layoutManager()
        return manager is not None and manager.layout == SIDE_BY_SIDE

    def show(self, phases: list[slicer.vtkMRMLScalarVolumeNode], instant: slicer.vtkMRMLScalarVolumeNode) -> None:
        """Show three volumes beside one another; `phases` are A and B."""
        manager = slicer.app.layoutManager()
        if manager is None:
            return
        entering = not self.is_shown
        if entering:
            self._layout_before = manager.layout
            _register(manager.layoutLogic().GetLayoutNode())
            manager.setLayout(SIDE_BY_SIDE)
        for tag, volume in zip(VIEWS, (phases[0], instant, phases[1]), strict=True):
            composite = manager.sliceWidget(tag).sliceLogic().GetSliceCompositeNode()
            composite.SetBackgroundVolumeID(volume.GetID())
            composite.SetLinkedControl(True)
        if entering:  # later, the user has chosen slice and zoom
            qt.QTimer.singleShot(0, lambda: self._fit(instant))  # when the views have their size

    def _fit(self, volume: slicer.vtkMRMLScalarVolumeNode) -> None:
        if not self.is_shown or volume.GetScene() is None:
            return
        for tag in VIEWS:
            logic = slicer.app.layoutManager().sliceWidget(tag).sliceLogic()
            logic.GetSliceNode().RotateToVolumePlane(volume)
            logic.FitSliceToAll()

    def hide(self) -> None:
        """Go back to the layout there was."""
        manager = slicer.app.layoutManager()
        if manager is not None and self.is_shown and self._layout_before is not None:
            manager.setLayout(self._layout_before)


def show_in_slice_views(volume: slicer.vtkMRMLScalarVolumeNode, *, fit: bool) -> None:
    """Make a volume the background of the usual slice views, in its own plane where `fit` is set."""
    if slicer.app.layoutManager() is None:
        return
    slicer.util.setSliceViewerLayers(background=volume, fit=fit, rotateToVolumePlane=fit)


def _register(layout: slicer.vtkMRMLLayoutNode) -> None:
    labels = {"PhaseA": ("A", BLUE), "Instant": ("t", ORANGE), "PhaseB": ("B", BLUE)}
    views = "".join(
        _VIEW.format(tag=tag, orientation="Axial", label=label, color=color) for tag, (label, color) in labels.items()
    )
    description = f'<layout type="horizontal" split="true">{views}</layout>'
    if not layout.IsLayoutDescription(SIDE_BY_SIDE):
        layout.AddLayoutDescription(SIDE_BY_SIDE, description)
