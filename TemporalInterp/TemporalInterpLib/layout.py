"""Slice views: the preview in all of them, or volumes side by side in layouts of our own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import qt
import slicer
import vtk

from TemporalInterpLib.scene_transaction import nodes_of
from TemporalInterpLib.slice_views import forget_images, passes, remember_images

SIDE_BY_SIDE = 58291
COMPARISON = 58292
"""Numbers of our layouts; Slicer's own are below 100, and extensions choose numbers of their own."""

BLUE, ORANGE = "#56B4E9", "#E69F00"
"""Acquired and synthetic, as in the figures."""

_PHASES = {"PhaseA": ("A", BLUE), "Instant": ("t", ORANGE), "PhaseB": ("B", BLUE)}
_SLICES = {"GivenSlices": ("1", BLUE), "AddedSlices": ("2", ORANGE)}

VIEWS = tuple(_PHASES)
COMPARED_VIEWS = tuple(_SLICES)
"""Names of the slice views, from left to right."""

USUAL_VIEWS = {"Red": "Axial", "Green": "Coronal", "Yellow": "Sagittal"}
"""Slicer's usual slice views, and their orientations."""

_VIEW = """
  <item><view class="vtkMRMLSliceNode" singletontag="{tag}">
    <property name="orientation" action="default">{orientation}</property>
    <property name="viewlabel" action="default">{label}</property>
    <property name="viewcolor" action="default">{color}</property>
    <property name="viewgroup" action="default">{group}</property>
  </view></item>"""


class _Beside:
    """A layout of linked slice views side by side, and the return to the layout before.

    Args:
        number: of the layout.
        views: label and colour of every view, by name, from left to right.
        orientation: initial orientation of the views.
        group: linked views move together within a group; 0 is that of the usual views.
    """

    def __init__(self, number: int, views: Mapping[str, tuple[str, str]], orientation: str, group: int) -> None:
        self.number, self.views, self.orientation, self.group = number, views, orientation, group
        self._layout_before = slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpView  # where a scene was saved in this layout

    @property
    def is_shown(self) -> bool:
        """Whether the layout is this one at the moment."""
        manager = slicer.app.layoutManager()
        return manager is not None and manager.layout == self.number

    def hide(self) -> None:
        """Restore the previous layout."""
        if self.is_shown:
            slicer.app.layoutManager().setLayout(self._layout_before)

    def register(self) -> None:
        """Make the layout known to Slicer, unless it is."""
        layout = slicer.app.layoutManager().layoutLogic().GetLayoutNode()
        if not layout.IsLayoutDescription(self.number):
            layout.AddLayoutDescription(self.number, self._description())

    def _enter(self) -> bool:
        """Choose the layout; return False if it is already chosen."""
        manager = slicer.app.layoutManager()
        if self.is_shown:
            return False
        self._layout_before = manager.layout
        self.register()
        manager.setLayout(self.number)
        return True

    def _description(self) -> str:
        views = "".join(
            _VIEW.format(tag=tag, orientation=self.orientation, label=label, color=color, group=self.group)
            for tag, (label, color) in self.views.items()
        )
        return f'<layout type="horizontal" split="true">{views}</layout>'

    def _put(self, volumes: Sequence[slicer.vtkMRMLScalarVolumeNode]) -> None:
        for logic, volume in zip(self._logics(), volumes, strict=True):
            composite = logic.GetSliceCompositeNode()
            composite.SetBackgroundVolumeID(volume.GetID())
            composite.SetLinkedControl(True)

    def _arrange_when_shown(
        self, volume: slicer.vtkMRMLScalarVolumeNode, arrange: Callable[[slicer.vtkMRMLSliceLogic], None]
    ) -> None:
        """Arrange every view when it has its size, unless the layout or the volume has gone by then."""

        def later() -> None:
            if self.is_shown and volume.GetScene() is not None:
                for logic in self._logics():
                    arrange(logic)

        qt.QTimer.singleShot(0, later)

    def _logics(self) -> list[slicer.vtkMRMLSliceLogic]:
        return [slicer.app.layoutManager().sliceWidget(tag).sliceLogic() for tag in self.views]


class SideBySide(_Beside):
    """Phase A, the instant and phase B."""

    def __init__(self) -> None:
        super().__init__(SIDE_BY_SIDE, _PHASES, "Axial", 0)

    def show(self, phases: list[slicer.vtkMRMLScalarVolumeNode], instant: slicer.vtkMRMLScalarVolumeNode) -> None:
        """Show three volumes side by side; `phases` are A and B."""
        if slicer.app.layoutManager() is None:
            return
        entering = self._enter()
        if entering:
            remember_images(instant.GetScene())
            for tag in self.views:  # with their numbers, three views are too wide for a small screen
                slicer.app.layoutManager().sliceWidget(tag).sliceController().sliceOffsetSlider().spinBoxVisible = False
        self._put((phases[0], instant, phases[1]))

        def arrange(logic: slicer.vtkMRMLSliceLogic) -> None:
            logic.GetSliceNode().RotateToVolumePlane(instant)
            logic.FitSliceToAll()

        if entering:  # later, the user has chosen slice and zoom
            self._arrange_when_shown(instant, arrange)


class SliceComparison(_Beside):
    """A volume, and the same one with closer slices, cut across their slices: sagittally, where they are axial."""

    def __init__(self) -> None:
        super().__init__(COMPARISON, _SLICES, "Sagittal", COMPARISON)

    def show(self, given: slicer.vtkMRMLScalarVolumeNode, result: slicer.vtkMRMLScalarVolumeNode) -> None:
        """Show both in the same cut, zoom, window and level; the views move together."""
        if slicer.app.layoutManager() is None:
            return
        given.CreateDefaultDisplayNodes()  # does nothing if there are some
        result.GetDisplayNode().CopyContent(given.GetDisplayNode())
        result.GetDisplayNode().SetAutoWindowLevel(False)  # an automatic level of other slices would differ
        self._enter()
        self._put((given, result))
        across = slice_to_ras_across(given)

        def arrange(logic: slicer.vtkMRMLSliceLogic) -> None:
            logic.GetSliceCompositeNode().SetHotLinkedControl(True)
            node = logic.GetSliceNode()
            node.GetSliceToRAS().DeepCopy(across)
            node.UpdateMatrices()
            logic.FitSliceToVolume(given, *node.GetDimensions()[:2])
            logic.SnapSliceOffsetToIJK()

        self._arrange_when_shown(given, arrange)


def register_layouts() -> None:
    """Register our layouts with Slicer: otherwise a scene saved in one of them opens without any view."""
    if slicer.app.layoutManager() is not None:
        for layout in (SideBySide(), SliceComparison()):
            layout.register()


def show_in_slice_views(volume: slicer.vtkMRMLScalarVolumeNode, *, fit: bool) -> None:
    """Make a volume the background of the usual slice views, in its own plane where `fit` is set."""
    if slicer.app.layoutManager() is None:
        return
    if passes(volume):
        remember_images(volume.GetScene())
    if fit:
        _turn_back(volume.GetScene())
    slicer.util.setSliceViewerLayers(background=volume, fit=fit, rotateToVolumePlane=fit)
    forget_images(volume.GetScene())


def _turn_back(scene: slicer.vtkMRMLScene) -> None:
    """Turn the usual views to their own orientations: a single slice before has left them all in its plane."""
    for node in nodes_of(scene, "vtkMRMLSliceNode"):
        if node.GetLayoutName() in USUAL_VIEWS:
            node.SetOrientation(USUAL_VIEWS[node.GetLayoutName()])


def show_in_next_turn(volume: slicer.vtkMRMLScalarVolumeNode) -> None:
    """Show a volume that was just added, in its own plane, once the event loop has had its turn.

    Slicer takes as long to turn its views as the panel takes to follow a new sequence.
    """

    def show() -> None:
        if volume.GetScene() is not None:  # it may have been removed meanwhile
            show_in_slice_views(volume, fit=True)

    qt.QTimer.singleShot(0, show)


class ShownVolumes:
    """The volumes in the background of the slice views of the layout, and when they have changed.

    Args:
        on_change: called without arguments, once for all changes of a turn of the event loop.
    """

    def __init__(self, on_change: Callable[[], None]) -> None:
        self._on_change = on_change
        self._observed: dict[vtk.vtkObject, int] = {}
        self._known: list[slicer.vtkMRMLVolumeNode] | None = None
        self._waits = False

    def follow(self, scene: slicer.vtkMRMLScene) -> None:
        """Observe the views that there are; call it again when nodes were added or removed."""
        self._known = None
        for node in [*nodes_of(scene, "vtkMRMLSliceCompositeNode"), *nodes_of(scene, "vtkMRMLLayoutNode")]:
            if node not in self._observed:
                self._observed[node] = node.AddObserver(vtk.vtkCommand.ModifiedEvent, self._changed)

    def release(self) -> None:
        """Observe nothing any more."""
        for node, tag in self._observed.items():
            node.RemoveObserver(tag)
        self._observed, self._known = {}, None

    def __call__(self) -> list[slicer.vtkMRMLVolumeNode]:
        """Return the volumes; none where there are no views."""
        if self._known is None:
            self._known = volumes_in_slice_views()
        return self._known

    def _changed(self, *_event: object) -> None:
        self._known = None
        if not self._waits:
            self._waits = True
            qt.QTimer.singleShot(0, self._tell)

    def _tell(self) -> None:
        self._waits, self._known = False, None  # by now the layout has shown and hidden its views
        if self._observed:
            self._on_change()


def volumes_in_slice_views() -> list[slicer.vtkMRMLVolumeNode]:
    """Return the volumes in the background of the slice views of the layout; none where there are no views."""
    if slicer.app.layoutManager() is None:
        return []
    scene = slicer.mrmlScene
    names = {node.GetLayoutName() for node in nodes_of(scene, "vtkMRMLSliceNode") if node.IsMappedInLayout()}
    composites = [node for node in nodes_of(scene, "vtkMRMLSliceCompositeNode") if node.GetLayoutName() in names]
    volumes = (scene.GetNodeByID(node.GetBackgroundVolumeID() or "") for node in composites)
    return [volume for volume in volumes if volume is not None]


def slice_to_ras_across(volume: slicer.vtkMRMLVolumeNode) -> vtk.vtkMatrix4x4:
    """Return the orientation of a slice view that cuts across the slices of a volume, along its voxels.

    Of the two such cuts it is the one that is closer to sagittal; the slices of an oblique stack need not be cut by a
    sagittal plane at all. Superior is up and posterior or left is right, as far as the volume's axes allow.
    """
    to_world = vtk.vtkMatrix4x4()
    slicer.vtkMRMLTransformNode.GetMatrixTransformBetweenNodes(volume.GetParentTransformNode(), None, to_world)
    ijk_to_ras = vtk.vtkMatrix4x4()
    volume.GetIJKToRASMatrix(ijk_to_ras)
    axes = (slicer.util.arrayFromVTKMatrix(to_world) @ slicer.util.arrayFromVTKMatrix(ijk_to_ras))[:3, :3].T
    along_i, along_j, along_k = (axis / np.linalg.norm(axis) for axis in axes)
    kept = along_j if abs(along_i[0]) >= abs(along_j[0]) else along_i
    across, up = sorted((kept, along_k), key=lambda axis: abs(axis[2]) - abs(axis[0]))
    across = across if across @ (-1, -1, 0) >= 0 else -across
    up = up if up @ (0, 1, 1) >= 0 else -up
    matrix = np.eye(4)
    matrix[:3, :3] = np.column_stack([across, up, np.cross(across, up)])
    return slicer.util.vtkMatrixFromArray(matrix)
