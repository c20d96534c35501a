"""Interpolates a sequence of the scene and adds what comes of it: frames, fields, browser and proxies, or nothing.

Everything is computed in nodes outside the scene and added at the end in one batch, so an error or a cancel leaves the
scene as it was. The source sequence, its browser and its proxy are only read.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import slicer

from temporal_interp.engines.protocol import InterpolationEngine
from temporal_interp.errors import InvalidInputError, Progress, no_progress, part_of
from temporal_interp.interpolation import OnFrame, evenly_spaced, interpolate_between, multiply_frame_rate
from temporal_interp.sequences import VolumeSequence
from temporal_interp.volumes import Volume
from TemporalInterpLib.add_sequence import AddedSequence, add_browsed_sequence
from TemporalInterpLib.companions import Companion, CompanionWriter
from TemporalInterpLib.scene_transaction import scene_transaction
from TemporalInterpLib.sequence_browser import SourceView
from TemporalInterpLib.sequence_conversion import (
    add_item,
    new_sequence_like,
    require_apart,
    sequence_from_node,
    set_attributes,
)
from TemporalInterpLib.volume_conversion import copy_meaning, copy_place, set_voxels

COMPUTING_SHARE = 0.95
"""Share of the progress bar that computing takes; adding the results to the scene takes the rest."""


@dataclass(frozen=True, eq=False)
class _Source:
    """An acquired sequence as it was when the work began; the user may change or delete it meanwhile.

    Attributes:
        node: the sequence node.
        scene: the scene it is in.
        view: how it is shown.
        acquired: its frames.
        items: the index value, as text, and the node of every frame. Not by index value as number: a synthetic frame
            between two distant phases may be asked for where an acquired one lies.
    """

    node: slicer.vtkMRMLSequenceNode
    scene: slicer.vtkMRMLScene
    view: SourceView
    acquired: VolumeSequence
    items: Mapping[Volume, tuple[str, slicer.vtkMRMLScalarVolumeNode]]

    @classmethod
    def of(cls, node: slicer.vtkMRMLSequenceNode, browser: slicer.vtkMRMLSequenceBrowserNode | None) -> _Source:
        acquired = sequence_from_node(node)
        if len(acquired) < 2:
            raise InvalidInputError(
                f"Sequence '{node.GetName()}' has one item; there is nothing to interpolate between."
            )
        if node.GetScene() is None:
            raise InvalidInputError(f"Sequence '{node.GetName()}' is not in a scene; add it first.")
        items = {
            volume: (node.GetNthIndexValue(n), node.GetNthDataNode(n)) for n, volume in enumerate(acquired.volumes)
        }
        return cls(node, node.GetScene(), SourceView.of(node, browser), acquired, items)


class _Synthesise(Protocol):
    """A function of `temporal_interp.interpolation` that only lacks its callbacks."""

    def __call__(self, *, on_frame: OnFrame | None, progress: Progress) -> VolumeSequence: ...


def interpolate_between_items(
    sequence_node: slicer.vtkMRMLSequenceNode,
    first: int,
    last: int,
    frames: int | Sequence[float],
    engine: InterpolationEngine,
    *,
    browser_node: slicer.vtkMRMLSequenceBrowserNode | None = None,
    companions: Collection[Companion] = (),
    progress: Progress = no_progress,
) -> AddedSequence:
    """Add to the scene a sequence of two acquired items, unchanged, and synthetic ones between them.

    Args:
        sequence_node: sequence of scalar volumes in the scene, two items or more.
        first: number of the item at t = 0.
        last: number of the item at t = 1, greater than `first`.
        frames: how many to synthesise, evenly spaced, or their index values in the sequence's unit.
        engine: how to synthesise.
        browser_node: the browser that shows the source; the first one found if None.
        companions: what to make beside the frames.
        progress: told how far it is; may raise CancelledError.

    Raises:
        InvalidInputError: the sequence cannot be interpolated, an item number or index value is out of place, index
            values would be merged by Slicer, or the engine does not give the companions.
    """
    source = _Source.of(sequence_node, browser_node)
    source.acquired.require_item(first, "The first phase")
    source.acquired.require_item(last, "The last phase")
    if first >= last:
        raise InvalidInputError(f"The first phase must come before the last, got items {first} and {last}.")
    start, stop = source.acquired.index_values[first], source.acquired.index_values[last]
    values = evenly_spaced(start, stop, frames) if isinstance(frames, int) else list(frames)
    require_apart([start, *values, stop], sequence_node)
    synthesise = partial(interpolate_between, source.acquired, first, last, values, engine)
    return _interpolate(source, synthesise, engine, companions, progress)


def multiply_item_rate(
    sequence_node: slicer.vtkMRMLSequenceNode,
    factor: int,
    engine: InterpolationEngine,
    *,
    cyclic: bool = False,
    browser_node: slicer.vtkMRMLSequenceBrowserNode | None = None,
    companions: Collection[Companion] = (),
    progress: Progress = no_progress,
) -> AddedSequence:
    """Add to the scene the whole sequence with `factor - 1` synthetic items in every gap.

    Args:
        sequence_node: sequence of scalar volumes in the scene, two items or more.
        factor: 2 or more.
        engine: how to synthesise.
        cyclic: also fill the gap from the last item back to the first (see `multiply_frame_rate`).
        browser_node: the browser that shows the source; the first one found if None.
        companions: what to make beside the frames.
        progress: told how far it is; may raise CancelledError.

    Raises:
        InvalidInputError: as in `interpolate_between_items`, or the factor is below 2.
    """
    source = _Source.of(sequence_node, browser_node)
    if factor >= 2:  # a lower one is refused below
        for start, stop in itertools.pairwise(source.acquired.index_values):
            require_apart([start, *evenly_spaced(start, stop, factor - 1), stop], sequence_node)
    synthesise = partial(multiply_frame_rate, source.acquired, factor, engine, cyclic=cyclic)
    return _interpolate(source, synthesise, engine, companions, progress)


def _interpolate(
    source: _Source,
    synthesise: _Synthesise,
    engine: InterpolationEngine,
    companions: Collection[Companion],
    progress: Progress,
) -> AddedSequence:
    name = f"{source.node.GetName()} interpolated"
    writer = CompanionWriter(companions, source.node, source.acquired.volumes[0].geometry, name, engine.name)
    result = synthesise(
        on_frame=writer.add_frame if companions else None, progress=part_of(progress, 0.0, COMPUTING_SHARE)
    )
    progress(COMPUTING_SHARE, "storing the frames")
    frames_node = _frames_node(name, result, source, writer)
    progress(1.0, "adding to the scene")
    with scene_transaction(source.scene):
        return add_browsed_sequence(
            frames_node, writer.sequences, f"{source.view.name} interpolated", source.view, source.scene
        )


def _frames_node(
    name: str, result: VolumeSequence, source: _Source, writer: CompanionWriter
) -> slicer.vtkMRMLSequenceNode:
    """Return a sequence node, outside the scene, of the source's own items and the synthetic frames."""
    frames_node = new_sequence_like(source.node, name)
    for value, volume, attributes in zip(result.index_values, result.volumes, result.item_attributes, strict=True):
        if volume in source.items:
            index_value, item = source.items[volume]
            frames_node.SetDataNodeAtValue(item, index_value).SetName(item.GetName())
            writer.complete(value)
        else:
            _add_synthetic(frames_node, source, value, volume, attributes)
            writer.mark(value, attributes)
    return frames_node


def _add_synthetic(
    frames_node: slicer.vtkMRMLSequenceNode,
    source: _Source,
    value: float,
    volume: Volume,
    attributes: Mapping[str, str],
) -> None:
    _, template = next(iter(source.items.values()))
    name = f"{source.node.GetName()} synthetic {value:.9g} {source.node.GetIndexUnit()}".strip()
    item = add_item(frames_node, slicer.vtkMRMLScalarVolumeNode(), name, value)
    set_voxels(item, volume.array, template.GetImageData().GetScalarType())
    copy_place(item, template)
    copy_meaning(item, template)
    set_attributes(item, attributes)
