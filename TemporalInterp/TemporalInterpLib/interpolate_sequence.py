"""Interpolates a sequence of the scene and adds the results, frames, fields, browser and proxies, or nothing.

Everything is computed in nodes outside the scene and added at the end in one batch, so an error or a cancel leaves the
scene as it was. The source sequence, its browser and its proxy are only read. The work comes as steps (see
`background`), so that the event loop has its turn; `run_to_end` takes them at once.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import slicer

from temporal_interp.data.sequence import Sequence
from temporal_interp.data.volume import Volume
from temporal_interp.errors import InvalidInputError
from temporal_interp.workflows.request import BetweenPhases, FramesInAll, Request, result_times
from TemporalInterpLib.add_sequence import AddedSequence, add_browsed_sequence
from TemporalInterpLib.background import Steps, share_of
from TemporalInterpLib.companions import Companion, CompanionWriter
from TemporalInterpLib.deformation_facts import measure_companions
from TemporalInterpLib.expected_errors import CHOICE_KEY, add_errors, errors_node
from TemporalInterpLib.item_names import synthetic_name
from TemporalInterpLib.playback import set_natural_speed
from TemporalInterpLib.result_folder import TITLE_KEY, free_title, put_in_folder
from TemporalInterpLib.result_marks import ResultKind, mark_result
from TemporalInterpLib.scene_transaction import scene_transaction
from TemporalInterpLib.sequence_browser import SourceView
from TemporalInterpLib.sequence_conversion import (
    add_item,
    new_sequence_like,
    require_apart,
    sequence_from_node,
    set_attributes,
)
from TemporalInterpLib.short_time import short_time
from TemporalInterpLib.synthesis import Extras, Synthesiser
from TemporalInterpLib.volume_conversion import copy_meaning, copy_place, set_voxels

KIND = "Interpolated"
"""What the names of results begin with, and the kind of their folders."""

COMPUTING_SHARE = 0.9
"""Share of the progress bar that computing takes; adding the results to the scene takes the rest."""


@dataclass(frozen=True, eq=False)
class _Source:
    """An acquired sequence as it was when the work began; the user may change or delete it meanwhile.

    Attributes:
        node: the sequence node.
        scene: the scene it is in.
        view: of it.
        acquired: its frames.
        items: the index value, as text, and the node of every frame. Not by index value as number: a synthetic frame
            between two distant phases may be requested at the time of an acquired one.
    """

    node: slicer.vtkMRMLSequenceNode
    scene: slicer.vtkMRMLScene
    view: SourceView
    acquired: Sequence
    items: Mapping[Volume, tuple[str, slicer.vtkMRMLScalarVolumeNode]]

    @classmethod
    def of(cls, node: slicer.vtkMRMLSequenceNode) -> _Source:
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
        return cls(node, node.GetScene(), SourceView.of(node), acquired, items)


def interpolation_steps(
    sequence_node: slicer.vtkMRMLSequenceNode,
    request: Request,
    synthesiser: Synthesiser,
    *,
    companions: Collection[Companion] = (),
    errors: bool = False,
) -> Steps[AddedSequence]:
    """Check the request and return the steps that add to the scene a sequence of acquired and synthetic items.

    Nothing is in the scene before the last step; closing the steps leaves it as it was.

    Args:
        sequence_node: sequence of scalar volumes in the scene, two items or more.
        request: what to synthesise.
        synthesiser: who does it.
        companions: what to make beside the frames.
        errors: also make a sequence of the error to expect.

    Raises:
        InvalidInputError: the sequence cannot be interpolated, the request does not fit it, or (from a step) the engine
            cannot do it or does not give the companions.
    """
    source = _Source.of(sequence_node)
    return _steps(source, _needed(request, source), request, synthesiser, companions, Extras(wants_errors=errors))


def _needed(request: Request, source: _Source) -> Sequence:
    """Return the frames that a request needs, or refuse it: Slicer must be able to keep all items apart."""
    frames = source.acquired
    require_apart(result_times(request, frames), source.node)
    return frames if isinstance(request, BetweenPhases) else frames.acquired()


def _steps(
    source: _Source,
    acquired: Sequence,
    request: Request,
    synthesiser: Synthesiser,
    companions: Collection[Companion],
    extras: Extras,
) -> Steps[AddedSequence]:
    title = free_title(source.scene, KIND, _details(request, acquired), source.node.GetName())
    writer = CompanionWriter(companions, source.node, acquired.volumes[0].geometry, title, synthesiser.name)
    filling = synthesiser.fill(acquired, request, writer.add_frame if companions else None, extras)
    result = yield from share_of(filling, 0.0, COMPUTING_SHARE)
    storing = _frames_node(f"{KIND} {title}", result, source, writer)
    frames_node = yield from share_of(storing, COMPUTING_SHARE, 0.97)
    frames_node.SetAttribute(TITLE_KEY, title)
    if extras.choice_words:
        frames_node.SetAttribute(CHOICE_KEY, extras.choice_words)
    made = None if extras.errors is None else errors_node(frames_node, extras.errors, title, extras.error_words)
    yield from share_of(measure_companions(frames_node, writer.sequences), 0.97, 1.0)
    yield 1.0, "adding to the scene"
    with scene_transaction(source.scene):
        added = _added(frames_node, writer, title, source)
        if made is not None:
            add_errors(made, added.sequence)
        return added


def _details(request: Request, acquired: Sequence) -> str:
    """Return what tells this result from others of the same sequence, in few letters."""
    if isinstance(request, FramesInAll):
        return f"{request.frames} frames"
    if not isinstance(request, BetweenPhases):
        return f"x{request.factor}"
    first, last = (acquired.times[number] for number in (request.first, request.last))
    return f"{short_time(first)}-{short_time(last, acquired.unit)}"


def _added(
    frames_node: slicer.vtkMRMLSequenceNode, writer: CompanionWriter, title: str, source: _Source
) -> AddedSequence:
    added = add_browsed_sequence(
        frames_node, writer.sequences, frames_node.GetName(), source.view, source.scene, f"Player {title}"
    )
    set_natural_speed(added.browser)
    origin = source.node if source.node.GetScene() is source.scene else None  # the user may have deleted it
    mark_result(added.sequence, ResultKind.INTERPOLATION, origin)
    sequences = [added.sequence, *added.companions.values()]
    proxies = [added.browser.GetProxyNode(sequence) for sequence in sequences]
    put_in_folder(added.sequence.GetName(), KIND, [added.browser, *sequences, *proxies], source.scene)
    return added


def _frames_node(
    name: str, result: Sequence, source: _Source, writer: CompanionWriter
) -> Steps[slicer.vtkMRMLSequenceNode]:
    """Fill a sequence node, outside the scene, with the source's own items and the synthetic frames, one a step."""
    frames_node = new_sequence_like(source.node, name, period=result.period)
    for value, volume, attributes in zip(result.times, result.volumes, result.item_attributes, strict=True):
        if volume in source.items:
            index_value, item = source.items[volume]
            frames_node.SetDataNodeAtValue(item, index_value).SetName(item.GetName())
            writer.complete(value)
        else:
            _add_synthetic(frames_node, source, value, volume, attributes)
            writer.mark(value, attributes)
        yield frames_node.GetNumberOfDataNodes() / len(result), "storing the frames"
    return frames_node


def _add_synthetic(
    frames_node: slicer.vtkMRMLSequenceNode,
    source: _Source,
    value: float,
    volume: Volume,
    attributes: Mapping[str, str],
) -> None:
    _, template = next(iter(source.items.values()))
    name = synthetic_name(value, source.node.GetIndexUnit(), source.node.GetName())
    item = add_item(frames_node, slicer.vtkMRMLScalarVolumeNode(), name, value)
    set_voxels(item, volume.array, template.GetImageData().GetScalarType())
    copy_place(item, template)
    copy_meaning(item, template)
    set_attributes(item, attributes)
