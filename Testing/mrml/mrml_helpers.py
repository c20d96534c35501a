"""Sequences, engines and scene snapshots for the MRML tests."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import slicer
import vtk
from scipy.ndimage import map_coordinates

from noise_sequences import rotation
from stand_in_engines import StandIn
from temporal_interp.data.displacement import DisplacementField
from temporal_interp.data.geometry import Geometry
from temporal_interp.data.scalar_type import to_scalar_type
from temporal_interp.engines.pairwise import PairwiseEngine, PreparedPair, Synthesised
from temporal_interp.errors import no_progress
from temporal_interp.workflows.request import BetweenPhases, WholeSequence
from TemporalInterpLib.background import run_to_end
from TemporalInterpLib.interpolate_sequence import interpolation_steps
from TemporalInterpLib.synthesis import InThisProcess

OBLIQUE_DIRECTION = rotation(0, 30) @ rotation(1, -20) @ rotation(2, 15)
OBLIQUE = Geometry((4, 12, 16), (1.5, 1.25, 6.0), (-31.0, 12.0, 7.0), tuple(map(tuple, OBLIQUE_DIRECTION)))


@dataclass
class Scenario:
    sequence: slicer.vtkMRMLSequenceNode
    browser: slicer.vtkMRMLSequenceBrowserNode
    proxy: slicer.vtkMRMLScalarVolumeNode
    parent: slicer.vtkMRMLLinearTransformNode


def ijk_to_ras(geometry: Geometry) -> vtk.vtkMatrix4x4:
    """Written here anew, so that the conversion under test is not tested against itself."""
    matrix = np.eye(4)
    matrix[:3, :3] = np.array(geometry.direction) * geometry.spacing
    matrix[:3, 3] = geometry.origin
    matrix[:2] *= -1
    return slicer.util.vtkMatrixFromArray(matrix)


def volume_node(array: np.ndarray, geometry: Geometry, name: str = "frame") -> slicer.vtkMRMLScalarVolumeNode:
    node = slicer.vtkMRMLScalarVolumeNode()
    node.SetName(name)
    slicer.util.updateVolumeFromArray(node, array)
    node.SetIJKToRASMatrix(ijk_to_ras(geometry))
    return node


def sequence_of(arrays: Sequence[np.ndarray], geometry: Geometry, times: Sequence) -> slicer.vtkMRMLSequenceNode:
    """A sequence node named 'cine', in ms, outside the scene."""
    sequence = slicer.vtkMRMLSequenceNode()
    sequence.SetName("cine")
    sequence.SetIndexName("trigger time")
    sequence.SetIndexUnit("ms")
    for number, (array, value) in enumerate(zip(arrays, times, strict=True)):
        node = volume_node(array, geometry, f"Phase {number}")
        node.SetAttribute("DICOM.instanceUIDs", f"1.2.{number}")
        sequence.SetDataNodeAtValue(node, str(value))
    return sequence


def put_in_scene(arrays: Sequence[np.ndarray], geometry: Geometry, times: Sequence) -> Scenario:
    scene = slicer.mrmlScene
    sequence = scene.AddNode(sequence_of(arrays, geometry, times))
    parent = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode", "Registration")
    matrix = vtk.vtkMatrix4x4()
    matrix.SetElement(0, 3, 40.0)
    parent.SetMatrixTransformToParent(matrix)
    browser = scene.AddNewNodeByClass("vtkMRMLSequenceBrowserNode", "cine browser")
    browser.SetAndObserveMasterSequenceNodeID(sequence.GetID())
    browser.SetPlaybackRateFps(17.0)
    browser.SetSelectedItemNumber(min(2, len(arrays) - 1))
    proxy = browser.GetProxyNode(sequence)
    proxy.SetAndObserveTransformNodeID(parent.GetID())
    proxy.GetDisplayNode().SetAutoWindowLevel(False)
    proxy.GetDisplayNode().SetWindowLevel(80.0, 45.0)
    return Scenario(sequence, browser, proxy, parent)


def item_arrays(sequence: slicer.vtkMRMLSequenceNode) -> list[np.ndarray]:
    count = sequence.GetNumberOfDataNodes()
    return [slicer.util.arrayFromVolume(sequence.GetNthDataNode(n)).copy() for n in range(count)]


def item_values(sequence: slicer.vtkMRMLSequenceNode) -> list[float]:
    return [float(sequence.GetNthIndexValue(n)) for n in range(sequence.GetNumberOfDataNodes())]


def synthetic_marks(sequence: slicer.vtkMRMLSequenceNode) -> list[bool]:
    items = [sequence.GetNthDataNode(n) for n in range(sequence.GetNumberOfDataNodes())]
    return [item.GetAttribute("TemporalInterp.Synthetic") == "true" for item in items]


def snapshot(scene: slicer.vtkMRMLScene) -> dict[str, object]:
    """Everything that the scene says of itself: its file, when nodes changed last, voxels and undo."""
    nodes = [scene.GetNthNode(n) for n in range(scene.GetNumberOfNodes())]
    # the subject hierarchy says that it has changed whenever it is written
    times = {node.GetID(): node.GetMTime() for node in nodes if not node.IsA("vtkMRMLSubjectHierarchyNode")}
    sequences = [node for node in nodes if node.IsA("vtkMRMLSequenceNode")]
    voxels = {
        node.GetID(): [a.tobytes() for a in item_arrays(node)]
        for node in sequences
        if node.GetDataNodeClassName() == "vtkMRMLScalarVolumeNode"
    }
    scene.SetSaveToXMLString(1)
    scene.Commit()
    return {"xml": scene.GetSceneXMLString(), "times": times, "voxels": voxels, "undo": scene.GetNumberOfUndoLevels()}


Motion = Callable[[np.ndarray], np.ndarray]
"""Resampling displacement in LPS mm, (..., 3), at points in LPS mm, (..., 3)."""


def known_motion(motion: Motion, **options: str) -> StandIn:
    """Engine: frame(x) = first(x + t d(x)), and the same from the last with (t - 1) d(x), sampled with scipy."""

    def answer(pair, t):
        geometry, first = pair.geometry, pair.first
        index = np.indices(geometry.shape).astype(float)
        to_lps = np.array(geometry.direction) * geometry.spacing
        points = np.einsum("xi,ikjl->kjlx", to_lps, index[::-1]) + geometry.origin
        displacement = motion(points)
        voxels = np.einsum("ix,kjlx->ikjl", np.linalg.inv(to_lps), displacement)[::-1]
        frame = map_coordinates(first.array.astype(float), index + t * voxels, order=1, mode="nearest")
        halves = [
            DisplacementField(
                (share * displacement).astype("float32"), np.full(geometry.shape, 1 + share, "float32"), geometry
            )
            for share in (t, t - 1)
        ]
        return Synthesised(first.with_array(to_scalar_type(frame, first.array.dtype)), *halves)

    return StandIn(answer, name="known_motion", settings="for tests", **options)


class EngineFailureError(RuntimeError):
    """Raised by FailingEngine."""


@dataclass
class FailingEngine(PairwiseEngine):
    """Engine that raises in prepare, or when it is asked for the n-th frame of its life, counted from 1."""

    engine: PairwiseEngine
    at_frame: int = 0
    name: str = "failing"
    frames: int = 0

    def prepare_pair(self, pair, **options):
        if self.at_frame == 0:
            raise EngineFailureError("prepare")
        return _FailingPair(self.engine.prepare_pair(pair, **options), self)


@dataclass
class _FailingPair:
    pair: PreparedPair
    engine: FailingEngine

    def at(self, t, *, fields=False):
        for _ in t:
            self.engine.frames += 1
            if self.engine.frames == self.engine.at_frame:
                raise EngineFailureError("frame")
        return self.pair.at(t, fields=fields)


def in_this_process(engine):
    """Return the synthesiser of an engine that exists already."""
    return InThisProcess(engine.name, lambda: engine)


def interpolate_between_items(sequence_node, first, last, frames, engine, *, progress=no_progress, **options):
    """Interpolate between two items at once, with an engine in this process."""
    steps = interpolation_steps(sequence_node, BetweenPhases(first, last, frames), in_this_process(engine), **options)
    return run_to_end(steps, progress)


def multiply_item_rate(sequence_node, factor, engine, *, cyclic=None, progress=no_progress, **options):
    """Fill every gap of a sequence at once, with an engine in this process."""
    steps = interpolation_steps(sequence_node, WholeSequence(factor, cyclic), in_this_process(engine), **options)
    return run_to_end(steps, progress)
