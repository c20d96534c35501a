"""What the module has made in a scene, result by result: what belongs to it, its memory, and its removal.

Results are known by their marks, not by their names, so also after saving and loading.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import slicer
import vtk

from temporal_interp.data.provenance import PREFIX, SYNTHETIC_SLICES_KEY
from TemporalInterpLib.add_slices import SOURCE_ROLE as SLICES_ROLE
from TemporalInterpLib.charts import leave_plot_layout
from TemporalInterpLib.check_results import CHECK_KEY, ENGINE_KEY, check_nodes
from TemporalInterpLib.companions import FRAMES_ROLE, KIND_KEY, companions_of
from TemporalInterpLib.follow_points import followers_of, let_go
from TemporalInterpLib.motion_transforms import SOURCE_ROLE as MOTION_ROLE
from TemporalInterpLib.motion_transforms import is_motion
from TemporalInterpLib.remove_generated import (
    remove_browsed_sequence,
    remove_generated_frames,
    remove_with_belongings,
)
from TemporalInterpLib.result_folder import leave_hierarchy, remove_empty_folders
from TemporalInterpLib.result_marks import BROWSER_KEY, ORIGIN_ROLE, RESULT_KEY, ResultKind, is_result, made_at
from TemporalInterpLib.scene_transaction import nodes_of
from TemporalInterpLib.sequence_browser import browsers_of, proxies_in, proxy_of
from TemporalInterpLib.sequence_conversion import items_of, synthetic_items_of
from TemporalInterpLib.slice_views import leave_views
from TemporalInterpLib.strain_curves import strain_nodes
from TemporalInterpLib.temporary_volume import temporary_volumes

ENGINE = PREFIX + "Engine"


@dataclass(frozen=True, eq=False)
class Result:
    """One result.

    Attributes:
        kind: what it is.
        nodes: its sequences, volumes, tables and plots, the one that is named first; not what only shows them.
        origin: the images it was made from, None where they are gone.
    """

    kind: ResultKind
    nodes: Sequence[slicer.vtkMRMLNode]
    origin: slicer.vtkMRMLNode | None = None

    @property
    def name(self) -> str:
        """The name of its first node."""
        return self.nodes[0].GetName()

    @property
    def made(self) -> str:
        """When it was made, "" where that is not known."""
        return made_at(self.nodes[0])

    @property
    def engine(self) -> str:
        """The engine of its frames, "" where it has none."""
        first = self.nodes[0]
        if first.GetAttribute(ENGINE_KEY):
            return first.GetAttribute(ENGINE_KEY)
        items = items_of(first) if first.IsA("vtkMRMLSequenceNode") else []
        return next((engine for item in items if (engine := item.GetAttribute(ENGINE))), "")

    @property
    def frames(self) -> int:
        """Number of its synthetic frames."""
        first = self.nodes[0]
        return len(synthetic_items_of(first)) if first.IsA("vtkMRMLSequenceNode") else 0

    @property
    def bytes(self) -> int:
        """Memory that removing it frees, as VTK counts it."""
        counted = {id(data): data for node in self._data_nodes() if (data := _data(node)) is not None}
        return sum(1024 * data.GetActualMemorySize() for data in counted.values())  # fields may share one grid

    def _data_nodes(self) -> Iterator[slicer.vtkMRMLNode]:
        for node in self.nodes:
            if not node.IsA("vtkMRMLSequenceNode"):
                yield node
            elif self.kind is ResultKind.FRAMES and node is self.nodes[0]:
                yield from (node.GetNthDataNode(number) for number in synthetic_items_of(node))
            else:
                yield from (*items_of(node), *_proxies_of(node))

    def remove(self) -> None:
        """Remove it with all that belongs to it; views that show it show again what they showed before."""
        scene = self.nodes[0].GetScene()
        if self.kind is ResultKind.FRAMES and len(synthetic_items_of(self.nodes[0])) < len(items_of(self.nodes[0])):
            leave_views([p for node in self.nodes[1:] for p in _proxies_of(node)], None)
            remove_generated_frames(self.nodes[0])
            return
        sequences = [node for node in self.nodes if node.IsA("vtkMRMLSequenceNode")]
        browsers = {browser for sequence in sequences for browser in browsers_of(sequence)}
        leaving = [*self.nodes, *(proxy for sequence in sequences for proxy in _proxies_of(sequence))]
        leave_views(leaving, _shown(self.origin))
        leave_hierarchy(leaving)
        for sequence in reversed(sequences):
            if is_motion(sequence):
                for node in followers_of(sequence):
                    let_go(node)
            remove_browsed_sequence(sequence)
        others = [node for node in self.nodes if node not in sequences]
        for node in sorted(others, key=lambda node: not node.IsA("vtkMRMLPlotChartNode")):  # it releases its series
            remove_with_belongings(node, scene)
        for browser in browsers:
            _remove_browser_in_vain(browser)


def results_in(scene: slicer.vtkMRMLScene | None) -> list[Result]:
    """Return what this module has made in a scene, kind by kind, the latest last."""
    sequences = nodes_of(scene, "vtkMRMLSequenceNode")
    results = [
        *_interpolations(sequences),
        *_checks(scene),
        *_motions(sequences),
        *_slices(scene),
        *_instants(scene),
    ]
    known = {node for result in results for node in result.nodes}
    results += [
        Result(ResultKind(node.GetAttribute(RESULT_KEY)), [node])  # a region, or a part of a result that was deleted
        for node in nodes_of(scene)
        if node not in known and node.GetAttribute(RESULT_KEY) and not node.IsA("vtkMRMLSequenceBrowserNode")
    ]
    known = {node for result in results for node in result.nodes}
    results += [
        Result(ResultKind.FRAMES, [node, *companions_of(node, sequences)])
        for node in sequences
        if node not in known and not node.GetAttribute(KIND_KEY) and synthetic_items_of(node)
    ]
    return results


def remove_results(results: Iterable[Result]) -> None:
    """Remove results; where Slicer can undo, the state before is saved, though it cannot bring sequences back."""
    results = list(results)
    if not results:
        return
    scene = results[0].nodes[0].GetScene()
    if scene.GetUndoFlag():
        scene.SaveStateForUndo()
    for result in results:
        result.remove()
    if nodes_of(scene, "vtkMRMLSubjectHierarchyNode"):
        remove_empty_folders(scene)
    leave_plot_layout(scene)


def remove_results_of(node: slicer.vtkMRMLNode | None, kind: ResultKind) -> int:
    """Remove the results of a kind that were made from images, which stay as they are; return their number."""
    results = [result for result in results_in(_scene_of(node)) if result.kind is kind and result.origin is node]
    remove_results(results)
    return len(results)


def _interpolations(sequences: Sequence[slicer.vtkMRMLSequenceNode]) -> list[Result]:
    results = [
        Result(ResultKind.INTERPOLATION, [node, *companions_of(node, sequences)], node.GetNodeReference(ORIGIN_ROLE))
        for node in sequences
        if is_result(node, ResultKind.INTERPOLATION)
    ]
    left = [node for node in sequences if node.GetAttribute(KIND_KEY) and node.GetNodeReference(FRAMES_ROLE) is None]
    return results + [Result(ResultKind.INTERPOLATION, [node]) for node in left]


def _checks(scene: slicer.vtkMRMLScene | None) -> list[Result]:
    first = {}
    for node in nodes_of(scene):
        if node.GetAttribute(CHECK_KEY):
            first.setdefault(node.GetAttribute(CHECK_KEY), node)
    results = []
    for node in first.values():
        parts = [part for part in check_nodes(node) if not part.IsA("vtkMRMLSequenceBrowserNode")]
        if parts:
            parts.sort(key=lambda part: (part.GetAttribute(ENGINE_KEY) is None, not part.IsA("vtkMRMLSequenceNode")))
            results.append(Result(ResultKind.CHECK, parts, parts[0].GetNodeReference(ORIGIN_ROLE)))
    return results


def _motions(sequences: Sequence[slicer.vtkMRMLSequenceNode]) -> list[Result]:
    return [
        Result(ResultKind.MOTION, [node, *strain_nodes(node)], node.GetNodeReference(MOTION_ROLE))
        for node in sequences
        if is_motion(node)
    ]


def _slices(scene: slicer.vtkMRMLScene | None) -> list[Result]:
    shown = set(proxies_in(scene))
    return [
        Result(ResultKind.SLICES, [node], node.GetNodeReference(SLICES_ROLE))
        for node in nodes_of(scene, "vtkMRMLStorableNode")
        if node.GetAttribute(SYNTHETIC_SLICES_KEY)
        and node not in shown
        and (node.GetNodeReference(SLICES_ROLE) is not None or is_result(node, ResultKind.SLICES))
    ]


def _instants(scene: slicer.vtkMRMLScene | None) -> list[Result]:
    volumes = temporary_volumes(scene)
    return [Result(ResultKind.INSTANT, volumes, volumes[0].GetNodeReference(ORIGIN_ROLE))] if volumes else []


def _remove_browser_in_vain(browser: slicer.vtkMRMLSequenceBrowserNode) -> None:
    """Remove a browser that shows nothing any more, or nothing but the images that it was made beside."""
    left = browser.GetNumberOfSynchronizedSequenceNodes(True)
    if left > 1 or (left == 1 and not browser.GetAttribute(BROWSER_KEY)):
        return
    scene, shown = browser.GetScene(), vtk.vtkCollection()
    browser.GetAllProxyNodes(shown)
    proxies = [shown.GetItemAsObject(number) for number in range(shown.GetNumberOfItems())]
    leave_hierarchy([browser, *proxies])
    scene.RemoveNode(browser)  # first: it would make itself new proxies
    for proxy in proxies:
        leave_views([proxy], None)
        remove_with_belongings(proxy, scene)


def _proxies_of(sequence: slicer.vtkMRMLSequenceNode) -> list[slicer.vtkMRMLNode]:
    return [proxy for b in browsers_of(sequence) if (proxy := b.GetProxyNode(sequence)) is not None]


def _shown(origin: slicer.vtkMRMLNode | None) -> slicer.vtkMRMLVolumeNode | None:
    """Return the volume that shows the images a result was made from."""
    shown = proxy_of(origin) if origin is not None and origin.IsA("vtkMRMLSequenceNode") else origin
    return shown if shown is not None and shown.IsA("vtkMRMLVolumeNode") else None


def _scene_of(node: slicer.vtkMRMLNode | None) -> slicer.vtkMRMLScene | None:
    return node.GetScene() if node is not None else None


def _data(node: slicer.vtkMRMLNode) -> vtk.vtkDataObject | None:
    """Return what takes the memory of a node."""
    if node.IsA("vtkMRMLVolumeNode"):
        return node.GetImageData()
    if node.IsA("vtkMRMLTableNode"):
        return node.GetTable()
    if node.IsA("vtkMRMLTransformNode"):
        transform = node.GetTransformToParent()
        return transform.GetDisplacementGrid() if transform.IsA("vtkOrientedGridTransform") else None
    return None
