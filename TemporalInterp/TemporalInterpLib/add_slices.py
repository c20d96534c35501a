"""Adds slices between those of a volume of the scene, or of every volume of a sequence, in a child process.

Everything is computed in nodes outside the scene and added at the end in one batch, so an error or a cancel leaves the
scene as it was.
"""

from __future__ import annotations

import tempfile
from collections import abc
from dataclasses import dataclass, replace
from pathlib import Path

import slicer
import vtk

from temporal_interp.data.geometry import Geometry
from temporal_interp.data.provenance import PREFIX, SYNTHETIC_SLICES_KEY, has_synthetic_slices
from temporal_interp.data.sequence import Sequence
from temporal_interp.errors import InvalidInputError
from temporal_interp.slices.choices import require_factor
from temporal_interp.slices.slice_grid import closer_slices
from TemporalInterpLib.background import Steps, share_of
from TemporalInterpLib.child_process import command_line, read_from_child, write_for_child
from TemporalInterpLib.result_folder import put_in_folder
from TemporalInterpLib.result_marks import BROWSER_KEY, ResultKind, mark_result
from TemporalInterpLib.scene_transaction import nodes_of, scene_transaction
from TemporalInterpLib.sequence_browser import (
    SourceView,
    add_browser,
    add_proxy,
    proxy_of,
    put_under_same_parent,
    show_like,
)
from TemporalInterpLib.sequence_conversion import (
    attributes_of,
    items_of,
    new_sequence_like,
    sequence_from_node,
    set_attributes,
)
from TemporalInterpLib.volume_conversion import copy_meaning, set_voxels, volume_from_node

KIND = "Synthetic slices"
"""What the names of results begin with, and the kind of their folders."""

SOURCE_ROLE = PREFIX + "SlicesAddedTo"
"""Node reference of a result to its source volume or sequence."""

INSTANCES_KEY = "DICOM.instanceUIDs"
"""Attribute that Slicer gives to volumes read from DICOM files: the instance of every slice, in their order."""

Images = slicer.vtkMRMLScalarVolumeNode | slicer.vtkMRMLSequenceNode
"""A volume, or a sequence of volumes."""


@dataclass(frozen=True)
class SlicePlan:
    """The expected result.

    Attributes:
        before: the voxel grid of every volume.
        after: that with the added slices.
        frames: number of volumes.
    """

    before: Geometry
    after: Geometry
    frames: int


@dataclass(frozen=True, eq=False)
class AddedSlices:
    """The nodes that were added to the scene.

    Attributes:
        result: a volume, or a sequence with the index values of its source.
        given_volume: the volume that shows the source: the source itself, or the proxy of the sequence.
        result_volume: the volume that shows the result, likewise.
        browser: shows source and result of a sequence together; None for a volume.
    """

    result: Images
    given_volume: slicer.vtkMRMLScalarVolumeNode
    result_volume: slicer.vtkMRMLScalarVolumeNode
    browser: slicer.vtkMRMLSequenceBrowserNode | None


@dataclass(frozen=True, eq=False)
class _Source:
    """Images as they were when the work began; the user may change or delete them meanwhile.

    Attributes:
        node: a volume or a sequence.
        scene: the scene it is in.
        frames: its volumes.
        items: the node of every one of them.
        index_texts: the index value of each as Slicer keeps it; none for a volume.
        factor: how many times closer slices become.
    """

    node: Images
    scene: slicer.vtkMRMLScene
    frames: Sequence
    items: abc.Sequence[slicer.vtkMRMLScalarVolumeNode]
    index_texts: abc.Sequence[str]
    factor: int

    @property
    def is_sequence(self) -> bool:
        return self.node.IsA("vtkMRMLSequenceNode")


def slice_plan(node: Images | None, factor: int) -> SlicePlan:
    """Return the expected result of bringing slices closer by a factor.

    Raises:
        InvalidInputError: slices cannot be added to these images; the message says why.
    """
    frames = _frames_of(node, factor)
    geometry = frames.volumes[0].geometry
    return SlicePlan(geometry, closer_slices(geometry, factor), len(frames))


def slices_steps(
    node: Images,
    factor: int,
    *,
    fitted: bool = False,
    keep_acquired: bool = True,
    device: str = "auto",
    fitting_steps: int | None = None,
) -> Steps[AddedSlices]:
    """Check the request and return the steps that add images with closer slices to the scene.

    Args:
        node: a volume, or a sequence of volumes, in the scene, with two slices or more.
        factor: how many times closer the slices become; one of `temporal_interp.slices.choices.FACTORS`.
        fitted: fit the networks to these images first, which takes minutes; otherwise tissue moves from slice to
            slice.
        keep_acquired: leave acquired slices as they are, bit for bit; only networks can make them anew.
        device: as `temporal_interp.tensors.devices.choose_device` takes it.
        fitting_steps: of the optimiser, if networks are fitted; the default if None.

    Raises:
        InvalidInputError: as `slice_plan`, or the images are not in a scene; or (from a step) there is no model for
            this factor, the images are too small to learn from, or they were deleted meanwhile.
    """
    frames = _frames_of(node, factor)
    if node.GetScene() is None:
        raise InvalidInputError(f"'{node.GetName()}' is not in a scene; add it first.")
    items, texts = [node], []
    if node.IsA("vtkMRMLSequenceNode"):
        items, texts = items_of(node), [node.GetNthIndexValue(number) for number in range(len(frames))]
    source = _Source(node, node.GetScene(), frames, items, texts, factor)
    options = ["--quality", "fitted" if fitted else "quick", "--device", device]
    if not keep_acquired:
        options.append("--all-synthetic")
    if fitting_steps is not None:
        options += ["--steps", str(fitting_steps)]
    return _steps(source, options)


def results_of(node: Images | None) -> list[Images]:
    """Return what slices were added to these images for, the latest last."""
    if node is None or node.GetScene() is None:
        return []
    return [
        other
        for other in nodes_of(node.GetScene(), "vtkMRMLStorableNode")
        if other.GetAttribute(SYNTHETIC_SLICES_KEY) and other.GetNodeReferenceID(SOURCE_ROLE) == node.GetID()
    ]


def shown_pair(result: Images) -> tuple[slicer.vtkMRMLScalarVolumeNode, slicer.vtkMRMLScalarVolumeNode] | None:
    """Return the volumes that show source and result; None where one of them is gone."""
    pair = tuple(
        proxy_of(node) if node is not None and node.IsA("vtkMRMLSequenceNode") else node
        for node in (result.GetNodeReference(SOURCE_ROLE), result)
    )
    return None if None in pair else pair


def _frames_of(node: Images | None, factor: int) -> Sequence:
    """Return the volumes of a volume node or a sequence node, if slices can be added to them."""
    require_factor(factor)
    if node is None:
        raise InvalidInputError("Choose a volume, or a sequence of volumes.")
    if node.IsA("vtkMRMLSequenceNode"):
        frames = sequence_from_node(node)
    elif node.IsA("vtkMRMLScalarVolumeNode"):
        frames = Sequence([volume_from_node(node)], [0.0], "frame", "", [attributes_of(node)])
    else:
        raise InvalidInputError(f"'{node.GetName()}' is neither a volume nor a sequence of volumes.")
    if any(has_synthetic_slices(attributes) for attributes in frames.item_attributes):
        raise InvalidInputError(
            f"'{node.GetName()}' has synthetic slices already. Add slices to the acquired images, by a larger factor."
        )
    if frames.volumes[0].geometry.shape[0] < 2:
        raise InvalidInputError(f"'{node.GetName()}' has one slice; slices can be added between two or more.")
    return frames


def _made(frames: Sequence, factor: int, options: abc.Sequence[str]) -> Steps[Sequence]:
    with tempfile.TemporaryDirectory(prefix="TemporalInterp-") as folder:
        given, made = Path(folder) / "given.seq.nrrd", Path(folder) / "made.seq.nrrd"
        # without attributes, which may come from other programs and have any length
        yield from share_of(write_for_child(replace(frames, item_attributes=()), given), 0.0, 0.01)
        arguments = ["slices", "apply", str(given), "-o", str(made), "--factor", str(factor), *options]
        yield from share_of(command_line(arguments), 0.01, 0.98)
        return (yield from share_of(read_from_child(made), 0.98, 1.0))


def _steps(source: _Source, options: abc.Sequence[str]) -> Steps[AddedSlices]:
    made = yield from share_of(_made(source.frames, source.factor, options), 0.0, 0.98)
    if source.is_sequence:
        result = yield from share_of(_sequence_node(source, made), 0.98, 1.0)
    else:
        result = slicer.vtkMRMLScalarVolumeNode()
        _fill(result, source, made, 0)
        result.SetName(_name(source))
    yield 1.0, "adding to the scene"
    if source.node.GetScene() is not source.scene:
        raise InvalidInputError("The images were deleted while slices were added; nothing was added.")
    return _add_sequence(source, result) if source.is_sequence else _add_volume(source, result)


def _name(source: _Source) -> str:
    """The mark comes first: slice views shorten long names in the middle."""
    return f"{KIND} in {source.node.GetName()}"


def _sequence_node(source: _Source, made: Sequence) -> Steps[slicer.vtkMRMLSequenceNode]:
    """Fill a sequence node, outside the scene, with the volumes, one a step."""
    result = new_sequence_like(source.node, _name(source), period=source.frames.period)
    set_attributes(result, made.item_attributes[0])  # the same for all
    for number, text in enumerate(source.index_texts):
        item = slicer.vtkMRMLScalarVolumeNode()
        item.SetName(result.GetName())
        item = result.SetDataNodeAtValue(item, text)
        _fill(item, source, made, number)
        yield (number + 1) / len(made), "storing the volumes"
    return result


def _fill(node: slicer.vtkMRMLScalarVolumeNode, source: _Source, made: Sequence, number: int) -> None:
    """Give a node voxels, place, meaning and attributes of a volume with added slices."""
    template = source.items[number]
    set_voxels(node, made.volumes[number].array, template.GetImageData().GetScalarType())
    ijk_to_ras = vtk.vtkMatrix4x4()
    template.GetIJKToRASMatrix(ijk_to_ras)
    for row in range(3):  # the position of the first slice stays as it was, to the last bit
        ijk_to_ras.SetElement(row, 2, ijk_to_ras.GetElement(row, 2) / source.factor)
    node.SetIJKToRASMatrix(ijk_to_ras)
    copy_meaning(node, template)
    set_attributes(node, {**source.frames.item_attributes[number], **made.item_attributes[number]})
    # Slicer takes the n-th instance for the n-th slice, names all in DICOM segmentations as their source, and
    # shows patient and series of the first in the corner of slice views, as if all had been acquired
    node.RemoveAttribute(INSTANCES_KEY)


def _add_volume(source: _Source, result: slicer.vtkMRMLScalarVolumeNode) -> AddedSlices:
    view = SourceView(source.node.GetName(), None, source.node)
    with scene_transaction(source.scene):
        result.SetName(source.scene.GenerateUniqueName(result.GetName()))
        source.scene.AddNode(result)
        result.SetNodeReferenceID(SOURCE_ROLE, source.node.GetID())
        mark_result(result, ResultKind.SLICES)
        put_under_same_parent(result, view)
        show_like(result, view)
        put_in_folder(result.GetName(), KIND, [result], source.scene)
    return AddedSlices(result, source.node, result, None)


def _add_sequence(source: _Source, result: slicer.vtkMRMLSequenceNode) -> AddedSlices:
    """Add the result to the browser of its source, which has the same index values: both play together."""
    scene, view = source.scene, SourceView.of(source.node)
    with scene_transaction(scene):
        result.SetName(scene.GenerateUniqueName(result.GetName()))
        scene.AddNode(result)
        result.SetNodeReferenceID(SOURCE_ROLE, source.node.GetID())
        mark_result(result, ResultKind.SLICES)
        browser, given_volume, shows = view.browser, view.proxy, []
        if given_volume is None:
            given_volume = add_proxy(source.node, source.node.GetName(), view, scene)
            show_like(given_volume, view)
            browser = add_browser(f"{source.node.GetName()} browser", [(source.node, given_volume)], view, scene)
            browser.SetAttribute(BROWSER_KEY, "true")
            shows = [browser]
        proxy = add_proxy(result, result.GetName(), view, scene)
        show_like(proxy, replace(view, proxy=given_volume))
        put_in_folder(result.GetName(), KIND, [*shows, result, proxy], scene)
        with slicer.util.NodeModify(browser):  # last: this changes a node that existed before
            browser.AddSynchronizedSequenceNodeID(result.GetID())
            browser.AddProxyNode(proxy, result, False)
            browser.SetOverwriteProxyName(result, view.overwrite_proxy_name)
    return AddedSlices(result, given_volume, proxy, browser)
