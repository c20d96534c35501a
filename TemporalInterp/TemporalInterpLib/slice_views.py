"""What the slice views show, and the way back to it after something that passes: an error map, the preview.

A slice view keeps the images that it showed before as references of its composite node, so they are saved with the
scene: an error map is never alone on the screen, and a view of the preview, which is not saved, is not empty.
"""

from __future__ import annotations

from collections.abc import Iterable

import slicer

from temporal_interp.data.provenance import PREFIX
from TemporalInterpLib.scene_transaction import nodes_of

BACKGROUND_ROLE = PREFIX + "ImagesBefore"
FOREGROUND_ROLE = PREFIX + "OverlayBefore"
OPACITY_KEY = PREFIX + "OpacityBefore"

PREVIEW_KEY = PREFIX + "ShowedPreview"
"""Attribute of a view that showed the preview when the scene was saved: identifier of the images it shows instead, or
NOTHING."""

NOTHING = "nothing"

ERROR_MAP_KEY = PREFIX + "ErrorMap"
"""Attribute of the items of an error map, which Slicer copies to the volume that shows them."""


def views_of(scene: slicer.vtkMRMLScene | None) -> list[slicer.vtkMRMLSliceCompositeNode]:
    """Return the composite nodes of all slice views: they say which volumes a view shows."""
    return nodes_of(scene, "vtkMRMLSliceCompositeNode")


def passes(volume: slicer.vtkMRMLNode | None) -> bool:
    """Tell whether a volume is shown only for a while: an error map, or the preview, which is not saved."""
    return volume is not None and (bool(volume.GetAttribute(ERROR_MAP_KEY)) or not volume.GetSaveWithScene())


def remember_images(scene: slicer.vtkMRMLScene | None) -> None:
    """Let the slice views remember what they show, where that does not pass itself."""
    for view in views_of(scene):
        if not passes(_node(view, view.GetBackgroundVolumeID())):
            view.SetNodeReferenceID(BACKGROUND_ROLE, view.GetBackgroundVolumeID())
            view.SetNodeReferenceID(FOREGROUND_ROLE, view.GetForegroundVolumeID())
            view.SetAttribute(OPACITY_KEY, f"{view.GetForegroundOpacity():.6g}")


def forget_images(scene: slicer.vtkMRMLScene | None) -> None:
    """Let the slice views forget what they showed, where what they show now does not pass."""
    for view in views_of(scene):
        if not passes(_node(view, view.GetBackgroundVolumeID())):
            _forget(view)


def show_for_a_while(volume: slicer.vtkMRMLVolumeNode) -> None:
    """Show a volume alone in the slice views, which remember what they showed."""
    remember_images(volume.GetScene())
    for view in views_of(volume.GetScene()):
        view.SetBackgroundVolumeID(volume.GetID())
        view.SetForegroundVolumeID(None)
        view.SetForegroundOpacity(0.0)


def is_shown(volume: slicer.vtkMRMLVolumeNode | None) -> bool:
    """Tell whether a slice view shows a volume."""
    if volume is None:
        return False
    return any(view.GetBackgroundVolumeID() == volume.GetID() for view in views_of(volume.GetScene()))


def back_to_images(volume: slicer.vtkMRMLVolumeNode, otherwise: slicer.vtkMRMLVolumeNode | None) -> None:
    """Show again in every view of a volume what it showed before, or another volume where that is gone."""
    for view in views_of(volume.GetScene()):
        if view.GetBackgroundVolumeID() == volume.GetID():
            _restore(view, otherwise)


def leave_views(nodes: Iterable[slicer.vtkMRMLNode], otherwise: slicer.vtkMRMLVolumeNode | None) -> None:
    """Take nodes that are about to be removed out of all views; see `back_to_images`."""
    leaving = {node.GetID(): node for node in nodes}
    scene = next(iter(leaving.values())).GetScene() if leaving else None
    for view in views_of(scene):
        if view.GetNodeReferenceID(BACKGROUND_ROLE) in leaving:
            view.SetNodeReferenceID(BACKGROUND_ROLE, None)
        if view.GetNodeReferenceID(FOREGROUND_ROLE) in leaving:
            view.SetNodeReferenceID(FOREGROUND_ROLE, None)
            view.SetAttribute(OPACITY_KEY, "0")
        if view.GetForegroundVolumeID() in leaving:
            view.SetForegroundVolumeID(None)
            view.SetForegroundOpacity(0.0)
        if view.GetBackgroundVolumeID() in leaving:
            _restore(view, otherwise)


def bring_images_back(scene: slicer.vtkMRMLScene, images_of: dict[str, slicer.vtkMRMLVolumeNode]) -> None:
    """Show images in every view that a loaded scene leaves empty, or with an error map alone.

    Args:
        scene: has been loaded.
        images_of: the volume that shows the images an error map was made from, by the identifier of the map's volume.
    """
    before = [view.GetNodeReference(BACKGROUND_ROLE) for view in views_of(scene)]
    usual = next((images for images in before if images is not None), None)
    for view in views_of(scene):
        shown = _node(view, view.GetBackgroundVolumeID())
        if shown is None and view.GetAttribute(OPACITY_KEY):
            _restore(view, usual)
            view.SetAttribute(PREVIEW_KEY, _background(view))
        elif shown is not None and shown.GetAttribute(ERROR_MAP_KEY):
            _restore(view, images_of.get(shown.GetID()))


def took_preview_away(scene: slicer.vtkMRMLScene) -> bool:
    """Tell, once, whether views of a loaded scene showed the preview, and the user has chosen nothing else since."""
    waiting = [view for view in views_of(scene) if view.GetAttribute(PREVIEW_KEY)]
    as_loaded = [view for view in waiting if _background(view) == view.GetAttribute(PREVIEW_KEY)]
    for view in waiting:
        view.RemoveAttribute(PREVIEW_KEY)
    return bool(as_loaded)


def _background(view: slicer.vtkMRMLSliceCompositeNode) -> str:
    return view.GetBackgroundVolumeID() or NOTHING


def _restore(view: slicer.vtkMRMLSliceCompositeNode, otherwise: slicer.vtkMRMLVolumeNode | None) -> None:
    before = view.GetNodeReference(BACKGROUND_ROLE)
    if before is None:
        view.SetBackgroundVolumeID(otherwise.GetID() if otherwise is not None else None)
    else:
        view.SetBackgroundVolumeID(before.GetID())
        overlay = view.GetNodeReference(FOREGROUND_ROLE)
        if overlay is not None:
            view.SetForegroundVolumeID(overlay.GetID())
            view.SetForegroundOpacity(float(view.GetAttribute(OPACITY_KEY)))
    _forget(view)


def _forget(view: slicer.vtkMRMLSliceCompositeNode) -> None:
    for role in (BACKGROUND_ROLE, FOREGROUND_ROLE):
        view.SetNodeReferenceID(role, None)
    view.RemoveAttribute(OPACITY_KEY)


def _node(view: slicer.vtkMRMLNode, node_id: str | None) -> slicer.vtkMRMLNode | None:
    return view.GetScene().GetNodeByID(node_id) if node_id else None
