"""Makes a sequence of what the scene has as volumes loaded one by one, or as a multi-volume node."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import slicer
from slicer.i18n import tr as _
from vtk.util.numpy_support import vtk_to_numpy

from temporal_interp.data.provenance import PREFIX
from temporal_interp.data.sequence import Sequence
from temporal_interp.data.time_text import time_text
from temporal_interp.data.volume import Volume
from temporal_interp.errors import InvalidInputError
from TemporalInterpLib.add_sequence import AddedSequence, add_sequence_steps
from TemporalInterpLib.background import Steps
from TemporalInterpLib.scene_transaction import nodes_of
from TemporalInterpLib.sequence_browser import proxies_in
from TemporalInterpLib.volume_conversion import geometry_from_node, volume_from_node

FRAME_LABELS, FRAME_COUNT = "MultiVolume.FrameLabels", "MultiVolume.NumberOfFrames"
LABEL_NAME, LABEL_UNIT = "MultiVolume.FrameIdentifyingDICOMTagName", "MultiVolume.FrameIdentifyingDICOMTagUnits"
"""Attributes of a multi-volume node: the index of its frames."""

INSTANCES_KEY = "DICOM.instanceUIDs"
TRIGGER_TIME, TEMPORAL_POSITION = "0018,1060", "0020,0100"

MOST_SHOWN = 12
"""Frames that a question lists."""


@dataclass(frozen=True, eq=False)
class FramesInScene:
    """Images of the scene that could be the frames of a sequence.

    Attributes:
        short: what they are, for a button.
        label: what they are, with their names.
        name: of the sequence.
        names: of the frames, in order.
        times: of the frames.
        index_name: of the times.
        unit: of the times.
        read: returns the volumes, in the same order.
    """

    short: str
    label: str
    name: str
    names: tuple[str, ...]
    times: tuple[float, ...]
    index_name: str
    unit: str
    read: Callable[[], list[Volume]]

    @property
    def in_words(self) -> str:
        """The frames with their times, a line each."""
        lines = [f"{name}:  {time_text(time, self.unit)}" for name, time in zip(self.names, self.times, strict=True)]
        if len(lines) > MOST_SHOWN:
            more = _("… {count} more …").format(count=len(lines) - MOST_SHOWN)
            lines = [*lines[: MOST_SHOWN - 1], more, lines[-1]]
        return "\n".join(lines)

    def sequence(self) -> Sequence:
        """Return the sequence.

        Raises:
            InvalidInputError: the volumes cannot be used, or their times do not rise.
        """
        return Sequence(self.read(), self.times, self.index_name, self.unit)


def frames_in(scene: slicer.vtkMRMLScene | None) -> list[FramesInScene]:
    """Return what sequences could be made of, multi-volume nodes first."""
    return [*map(_of_multi_volume, _multi_volumes(scene)), *map(_of_volumes, _alike(_single_volumes(scene)))]


def sequence_of_frames_steps(frames: FramesInScene) -> Steps[AddedSequence]:
    """Return the steps that add a sequence of copies of the frames to the scene.

    Raises:
        InvalidInputError: see `FramesInScene.sequence`.
    """
    yield 0.0, "copying the frames"
    return (yield from add_sequence_steps(frames.sequence(), frames.name))


def colour_sequences(scene: slicer.vtkMRMLScene | None) -> list[slicer.vtkMRMLSequenceNode]:
    """Return the sequences of colour images, which are not interpolated as they are."""
    nodes = nodes_of(scene, "vtkMRMLSequenceNode")
    return [node for node in nodes if "VectorVolume" in (node.GetDataNodeClassName() or "")]


def _components(node: slicer.vtkMRMLVolumeNode) -> int:
    image = node.GetImageData()
    scalars = image.GetPointData().GetScalars() if image is not None else None
    return scalars.GetNumberOfComponents() if scalars is not None and scalars.GetNumberOfTuples() else 0


def _multi_volumes(scene: slicer.vtkMRMLScene | None) -> list[slicer.vtkMRMLVolumeNode]:
    nodes = nodes_of(scene, "vtkMRMLVolumeNode")
    return [node for node in nodes if node.GetAttribute(FRAME_COUNT) and _components(node) > 1]


def _of_multi_volume(node: slicer.vtkMRMLVolumeNode) -> FramesInScene:
    count = _components(node)
    times, index_name, unit = _labels_of(node, count)

    def read() -> list[Volume]:
        geometry = geometry_from_node(node, f"'{node.GetName()}'")
        array = vtk_to_numpy(node.GetImageData().GetPointData().GetScalars()).reshape(*geometry.shape, count)
        return [Volume(np.ascontiguousarray(array[..., number]), geometry) for number in range(count)]

    return FramesInScene(
        short=_("the multi-volume"),
        label=_("multi-volume '{name}' ({count} frames)").format(name=node.GetName(), count=count),
        name=node.GetName(),
        names=tuple(_("frame {number}").format(number=number) for number in range(count)),
        times=times,
        index_name=index_name,
        unit=unit,
        read=read,
    )


def _labels_of(node: slicer.vtkMRMLVolumeNode, count: int) -> tuple[tuple[float, ...], str, str]:
    """Return times, index name and unit of a multi-volume; its frames are numbered where its labels do not rise."""
    try:
        times = tuple(float(text) for text in (node.GetAttribute(FRAME_LABELS) or "").split(","))
    except ValueError:
        times = ()
    if len(times) != count or not all(earlier < later for earlier, later in pairwise(times)):
        return tuple(map(float, range(count))), "frame", ""
    return times, node.GetAttribute(LABEL_NAME) or "time", node.GetAttribute(LABEL_UNIT) or ""


def _single_volumes(scene: slicer.vtkMRMLScene | None) -> list[slicer.vtkMRMLScalarVolumeNode]:
    """Return the volumes that a user has loaded: no labels, no frames of sequences, nothing that this module made."""
    of_sequences = {node.GetID() for node in proxies_in(scene)}
    return [
        node
        for node in nodes_of(scene, "vtkMRMLScalarVolumeNode")
        if not node.IsA("vtkMRMLLabelMapVolumeNode")
        and node.GetID() not in of_sequences
        and node.GetSaveWithScene()
        and not node.GetHideFromEditors()
        and _components(node) == 1
        and not any(key.startswith(PREFIX) for key in node.GetAttributeNames() or ())
    ]


def _alike(nodes: list[slicer.vtkMRMLScalarVolumeNode]) -> list[list[slicer.vtkMRMLScalarVolumeNode]]:
    """Return the groups of two volumes or more with the same voxel grid and scalar type."""
    groups: list[tuple[Volume, list[slicer.vtkMRMLScalarVolumeNode]]] = []
    for node in nodes:
        try:
            volume = volume_from_node(node)
        except InvalidInputError:
            continue
        for first, group in groups:
            if volume.array.dtype == first.array.dtype and volume.geometry.is_close(first.geometry):
                group.append(node)
                break
        else:
            groups.append((volume, [node]))
    return [group for _, group in groups if len(group) > 1]


def _of_volumes(nodes: list[slicer.vtkMRMLScalarVolumeNode]) -> FramesInScene:
    ordered, times, index_name, unit = _in_order(nodes)
    names = tuple(node.GetName() for node in ordered)
    return FramesInScene(
        short=_("{count} volumes").format(count=len(names)),
        label=_("{count} volumes, '{first}' to '{last}'").format(count=len(names), first=names[0], last=names[-1]),
        name=names[0],
        names=names,
        times=times,
        index_name=index_name,
        unit=unit,
        read=lambda: [volume_from_node(node) for node in ordered],
    )


def _in_order(
    nodes: list[slicer.vtkMRMLScalarVolumeNode],
) -> tuple[list[slicer.vtkMRMLScalarVolumeNode], tuple[float, ...], str, str]:
    """Return volumes in order of their phase, with its values: by DICOM where it tells, else by their names."""
    from temporal_interp.io.phase_names import index_of_names, natural

    for tag in (TRIGGER_TIME, TEMPORAL_POSITION):
        values = [_dicom_number(node, tag) for node in nodes]
        if None not in values and len(set(values)) == len(nodes):
            ordered = sorted(zip(values, nodes, strict=True), key=lambda one: one[0])
            if tag == TRIGGER_TIME:
                return [node for _, node in ordered], tuple(value for value, _ in ordered), "time", "ms"
            return [node for _, node in ordered], tuple(map(float, range(len(nodes)))), "frame", ""
    by_name = sorted(nodes, key=lambda node: natural(node.GetName()))
    index = index_of_names([node.GetName() for node in by_name])
    return by_name, tuple(index.values), index.name, index.unit


def _dicom_number(node: slicer.vtkMRMLVolumeNode, tag: str) -> float | None:
    """Return a number from the DICOM file that a volume was loaded from, None where it is not known."""
    database = getattr(slicer, "dicomDatabase", None)
    instances = (node.GetAttribute(INSTANCES_KEY) or "").split()
    if database is None or not instances:
        return None
    try:
        return float(database.instanceValue(instances[0], tag))
    except ValueError:
        return None
