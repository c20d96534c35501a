"""Tracks the motion through a sequence of the scene, in a child process.

Everything is computed in nodes outside the scene and added at the end in one batch, so an error or a cancel leaves the
scene as it was.
"""

from __future__ import annotations

import math
import tempfile
from collections import abc
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import slicer

from temporal_interp.data.provenance import is_synthetic
from temporal_interp.data.sequence import Sequence
from temporal_interp.errors import InvalidInputError
from TemporalInterpLib.background import Steps, in_background, share_of
from TemporalInterpLib.child_process import command_line, write_for_child
from TemporalInterpLib.motion_transforms import SOURCE_ROLE, TrackingFacts, point_transform
from TemporalInterpLib.region_mask import mask_on
from TemporalInterpLib.result_folder import put_in_folder
from TemporalInterpLib.result_marks import BROWSER_KEY, ResultKind, mark_result
from TemporalInterpLib.scene_transaction import scene_transaction
from TemporalInterpLib.sequence_browser import SourceView, add_browser, add_proxy
from TemporalInterpLib.sequence_conversion import new_sequence_like, sequence_from_node, set_attributes
from TemporalInterpLib.tracking_plan import tracked_part

KIND = "Motion"
"""What the names of tracked motions begin with, and the kind of their folders."""


@dataclass(frozen=True, eq=False)
class TrackedMotion:
    """The nodes that were added to the scene.

    Attributes:
        motion: the displacement to every phase, as a sequence of transforms; see `motion_transforms`.
        browser: the browser of the sequence that was tracked, which also shows the motion.
        proxy: the transform node that carries points of the reference phase to the phase shown.
    """

    motion: slicer.vtkMRMLSequenceNode
    browser: slicer.vtkMRMLSequenceBrowserNode
    proxy: slicer.vtkMRMLTransformNode


@dataclass(frozen=True, eq=False)
class _Source:
    """A sequence as it was when the work began; the user may change or delete it meanwhile.

    Attributes:
        node: the sequence node.
        scene: the scene it is in.
        acquired: its acquired frames.
        index_texts: the index value of each as Slicer keeps it.
        reference: number of the reference phase among them.
        mask: (K, J, I) bool, the region that the user chose; None for none.
        whole_image: without a region, track everywhere, not only in what moves.
        whole_beat: whether the frames cover one whole beat, None if as the sequence says.
    """

    node: slicer.vtkMRMLSequenceNode
    scene: slicer.vtkMRMLScene
    acquired: Sequence
    index_texts: abc.Sequence[str]
    reference: int
    mask: np.ndarray | None
    whole_image: bool
    whole_beat: bool | None


def tracking_steps(
    sequence_node: slicer.vtkMRMLSequenceNode,
    reference: int,
    *,
    region: slicer.vtkMRMLSegmentationNode | slicer.vtkMRMLMarkupsROINode | None = None,
    segment_id: str = "",
    whole_image: bool = False,
    whole_beat: bool | None = None,
    device: str = "auto",
) -> Steps[TrackedMotion]:
    """Check the request and return the steps that track the motion and add it to the browser of the sequence.

    Args:
        sequence_node: sequence of scalar volumes in the scene, with two acquired items or more.
        reference: number of the acquired item whose tissue is followed.
        region: to track in; None for what moves most, such as the heart, or the sector of an ultrasound picture.
        segment_id: the segment of a segmentation that counts, all if empty.
        whole_image: without a region, track in all of the images.
        whole_beat: the frames cover one whole beat: after the last comes the first. None takes them to where the
            sequence is a loop.
        device: as `temporal_interp.tensors.devices.choose_device` takes it.

    Raises:
        InvalidInputError: the sequence cannot be tracked, there is no such item, it is
            synthetic, or the region marks no voxel of the images.
    """
    sequence = sequence_from_node(sequence_node)
    if sequence_node.GetScene() is None:
        raise InvalidInputError(f"Sequence '{sequence_node.GetName()}' is not in a scene; add it first.")
    sequence.require_item(reference, "The reference phase")
    if is_synthetic(sequence.item_attributes[reference]):
        raise InvalidInputError(f"The reference phase, item {reference}, is itself synthetic; choose an acquired one.")
    items = sequence.acquired_frames
    if len(items) < 2:
        raise InvalidInputError(
            f"Sequence '{sequence_node.GetName()}' has one acquired frame; motion is tracked from frame to frame."
        )
    mask = region_mask(sequence_node, reference, region, segment_id)
    texts = [sequence_node.GetNthIndexValue(n) for n in items]
    scene, acquired = sequence_node.GetScene(), sequence.acquired()
    source = _Source(
        sequence_node, scene, acquired, texts, items.index(reference), mask, whole_image, whole_beat
    )  # fmt: skip
    return _steps(source, device)


def region_mask(
    sequence_node: slicer.vtkMRMLSequenceNode,
    reference: int,
    region: slicer.vtkMRMLSegmentationNode | slicer.vtkMRMLMarkupsROINode | None,
    segment_id: str = "",
) -> np.ndarray | None:
    """Return the voxels of a sequence in a region, (K, J, I) bool; None without one.

    Raises:
        InvalidInputError: the region marks no voxel of the images.
    """
    if region is None:
        return None
    shown = SourceView.of(sequence_node).proxy or sequence_node.GetNthDataNode(reference)
    return mask_on(shown, region, segment_id)


def _steps(source: _Source, device: str) -> Steps[TrackedMotion]:
    with tempfile.TemporaryDirectory(prefix="TemporalInterp-") as name:
        frames, mask, folder = (Path(name) / part for part in ("frames.seq.nrrd", "mask.nrrd", "tracked"))
        yield from share_of(write_for_child(source.acquired, frames), 0.0, 0.01)
        arguments = ["track", str(frames), "-o", str(folder), "--reference", str(source.reference)]
        arguments += ["--device", device]
        if source.whole_beat is not None:
            arguments.append("--cycle" if source.whole_beat else "--no-cycle")
        if (yield from share_of(in_background(lambda progress: _write_mask(source, mask)), 0.01, 0.02)):
            arguments += ["--mask", str(mask)]
        result = yield from share_of(command_line([*arguments, "--displacement-only"]), 0.02, 0.96)
        fields = yield from share_of(in_background(lambda progress: _read_fields(folder)), 0.96, 0.97)
    motion = yield from share_of(_motion_node(source, fields, result), 0.97, 1.0)
    yield 1.0, "adding to the scene"
    return _add(source, motion)


def _write_mask(source: _Source, path: Path) -> bool:
    """Write where to track; return False, and write nothing, where that is everywhere."""
    from temporal_interp.io import write_volume

    mask = tracked_part(source.acquired, source.mask, whole_image=source.whole_image).mask
    if mask is not None:
        write_volume(source.acquired.volumes[0].with_array(mask.astype(np.uint8)), path)
    return mask is not None


def _read_fields(folder: Path) -> abc.Sequence[np.ndarray]:
    from temporal_interp.io import read_field_sequence

    return read_field_sequence(folder / "displacement.seq.nrrd").fields


def _motion_node(
    source: _Source, fields: abc.Sequence[np.ndarray], result: Mapping[str, object]
) -> Steps[slicer.vtkMRMLSequenceNode]:
    """Fill a sequence node, outside the scene, with the transform to every phase, one a step."""
    geometry = source.acquired.volumes[0].geometry
    closing = result.get("closing_mm")
    attributes = TrackingFacts(
        sequence_name=source.node.GetName(),
        reference=source.acquired.times[source.reference],
        whole_beat=source.acquired.as_cyclic(source.whole_beat).period is not None,
        settings=str(result.get("settings", "")),
        forward_backward_mm=float(result["forward_backward_mm"]),
        closing_mm=math.nan if closing is None else float(closing),
    ).as_attributes()
    motion = new_sequence_like(source.node, f"{KIND} of {source.node.GetName()}")
    set_attributes(motion, attributes)
    for number, (text, field) in enumerate(zip(source.index_texts, fields, strict=True), 1):
        # not vtkMRMLGridTransformNode: Slicer reads transform sequences back as this class, and would replace proxies
        item = slicer.vtkMRMLTransformNode()
        item.SetName(motion.GetName())
        item = motion.SetDataNodeAtValue(item, text)
        item.SetAndObserveTransformToParent(point_transform(field, geometry))
        set_attributes(item, attributes)
        yield number / len(fields), "storing the motion"
    return motion


def _add(source: _Source, motion: slicer.vtkMRMLSequenceNode) -> TrackedMotion:
    if source.node.GetScene() is not source.scene:
        raise InvalidInputError("The sequence was deleted while its motion was tracked; nothing was added.")
    scene, view = source.scene, SourceView.of(source.node)
    with scene_transaction(scene):
        motion.SetName(scene.GenerateUniqueName(motion.GetName()))
        scene.AddNode(motion)
        motion.SetNodeReferenceID(SOURCE_ROLE, source.node.GetID())
        mark_result(motion, ResultKind.MOTION)
        proxy = add_proxy(motion, motion.GetName(), view, scene)
        browser, shows = view.browser, []
        if browser is None:
            shown = [(source.node, add_proxy(source.node, source.node.GetName(), view, scene))]
            browser = add_browser(f"{source.node.GetName()} browser", shown, view, scene)
            browser.SetAttribute(BROWSER_KEY, "true")
            shows = [browser]
        put_in_folder(motion.GetName(), KIND, [*shows, motion, proxy], scene)
        with slicer.util.NodeModify(browser):  # last: this changes a node that existed before
            browser.AddSynchronizedSequenceNodeID(motion.GetID())
            browser.AddProxyNode(proxy, motion, False)
    return TrackedMotion(motion, browser, proxy)
