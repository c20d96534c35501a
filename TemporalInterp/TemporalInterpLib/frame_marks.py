"""Marks in the slice views: whether the frame that is shown is synthetic or acquired, and its instant.

They are there as long as the module is loaded, whatever module the user is in, and follow every frame that is played.
The text is an actor of its own, since Slicer writes its corner annotations anew whenever it likes.
"""

from __future__ import annotations

from typing import Any

import slicer
import vtk

from TemporalInterpLib.instants import mark_of
from TemporalInterpLib.layout import BLUE, ORANGE

MODULE = "TemporalInterp"
FONT_SIZE = 18
TOP = 0.985
"""Height of the text in the view, as a share: its upper edge, in the middle, where Slicer writes nothing."""

_marks: FrameMarks | None = None


def mark_frames() -> None:
    """Mark the frames in all slice views, now and until the module is unloaded; nothing where there are no views."""
    global _marks
    if _marks is None and slicer.app.layoutManager() is not None:
        _marks = FrameMarks(slicer.mrmlScene, slicer.app.layoutManager())
        slicer.app.moduleManager().connect("moduleAboutToBeUnloaded(QString)", _unloading)


def _unloading(name: str) -> None:
    global _marks
    if name == MODULE and _marks is not None:
        slicer.app.moduleManager().disconnect("moduleAboutToBeUnloaded(QString)", _unloading)
        _marks.remove()
        _marks = None


class FrameMarks:
    """The marks of all slice views.

    Args:
        scene: that they show.
        layout_manager: that has them.
    """

    def __init__(self, scene: slicer.vtkMRMLScene, layout_manager: Any) -> None:
        self._scene, self._manager = scene, layout_manager
        self._views: dict[str, _MarkedView] = {}
        events = (scene.EndCloseEvent, scene.EndImportEvent, scene.EndRestoreEvent)
        self._tags = [scene.AddObserver(event, self._find_views) for event in events]
        layout_manager.connect("layoutChanged(int)", self._find_views)
        self._find_views()

    def remove(self) -> None:
        """Take all marks away."""
        self._manager.disconnect("layoutChanged(int)", self._find_views)
        for tag in self._tags:
            self._scene.RemoveObserver(tag)
        for view in self._views.values():
            view.remove()
        self._views = {}

    def texts(self) -> dict[str, str]:
        """Return what is written in every slice view, by its name; "" where nothing is."""
        return {name: view.text for name, view in self._views.items()}

    def _find_views(self, *_event: object) -> None:
        """Mark the views that are new, and look again at the others: the scene may have changed as a whole."""
        for name in self._manager.sliceViewNames():
            if name not in self._views:
                self._views[name] = _MarkedView(self._manager.sliceWidget(name))
            self._views[name].follow()


class _MarkedView:
    """The mark of one slice view: it follows the background volume."""

    def __init__(self, widget: Any) -> None:
        self._widget, self._view = widget, widget.sliceView()
        self._composite = self._volume = None
        self._tags: dict[vtk.vtkObject, int] = {}
        self._actor = _text_actor()
        self._renderer = self._view.renderWindow().GetRenderers().GetItemAsObject(0)
        self._renderer.AddViewProp(self._actor)

    @property
    def text(self) -> str:
        return (self._actor.GetInput() or "") if self._actor.GetVisibility() else ""

    def follow(self, *_event: object) -> None:
        """Follow the volume that the view shows now."""
        self._composite = self._observe(self._widget.mrmlSliceCompositeNode(), self._composite, self.follow)
        volume = None
        if self._composite is not None and self._composite.GetBackgroundVolumeID():
            volume = self._composite.GetScene().GetNodeByID(self._composite.GetBackgroundVolumeID())
        self._volume = self._observe(volume, self._volume, self._show)
        self._show()

    def remove(self) -> None:
        self._observe(None, self._composite, self.follow)
        self._observe(None, self._volume, self._show)
        self._renderer.RemoveViewProp(self._actor)
        if self._view:  # False where Slicer has destroyed it, as it quits
            self._view.scheduleRender()

    def _observe(self, node: Any, before: Any, function: Any) -> Any:
        """Observe a node in place of another, and return it."""
        if node is not before:
            if before is not None:
                before.RemoveObserver(self._tags.pop(before))
            if node is not None:
                self._tags[node] = node.AddObserver(vtk.vtkCommand.ModifiedEvent, function)
        return node

    def _show(self, *_event: object) -> None:
        mark = mark_of(self._volume)
        text, color = (mark.text, BLUE if mark.acquired else ORANGE) if mark is not None else ("", ORANGE)
        if text == self.text:
            return
        self._actor.SetInput(text)
        self._actor.SetVisibility(bool(text))
        self._actor.GetTextProperty().SetColor(*(int(color[n : n + 2], 16) / 255 for n in (1, 3, 5)))
        self._view.scheduleRender()


def _text_actor() -> vtk.vtkTextActor:
    actor = vtk.vtkTextActor()
    actor.SetVisibility(False)
    actor.PickableOff()
    actor.SetLayerNumber(1)  # above the picture
    actor.GetPositionCoordinate().SetCoordinateSystemToNormalizedViewport()
    actor.SetPosition(0.5, TOP)
    style = actor.GetTextProperty()
    style.SetJustificationToCentered()
    style.SetVerticalJustificationToTop()
    style.SetFontSize(FONT_SIZE)
    style.SetFontFamilyToArial()
    style.BoldOn()
    style.ShadowOn()
    style.SetBackgroundColor(0.0, 0.0, 0.0)
    style.SetBackgroundOpacity(0.55)  # readable over bright tissue
    return actor
