"""Adds a sequence made elsewhere to the scene, with its own browser and a proxy volume."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import slicer

from temporal_interp.data.sequence import Sequence
from temporal_interp.errors import no_progress
from TemporalInterpLib.background import Steps, run_to_end
from TemporalInterpLib.companions import Companion, mark_companion, show_companion
from TemporalInterpLib.playback import set_natural_speed
from TemporalInterpLib.scene_transaction import scene_transaction
from TemporalInterpLib.sequence_browser import SourceView, add_browser, add_proxy, show_like
from TemporalInterpLib.sequence_conversion import sequence_node_steps


@dataclass(frozen=True)
class AddedSequence:
    """The nodes that were added to the scene.

    Attributes:
        sequence: the frames.
        browser: their own browser, which also has the companions.
        proxy: the volume node that shows the browser's current frame.
        companions: the sequence of every requested companion.
    """

    sequence: slicer.vtkMRMLSequenceNode
    browser: slicer.vtkMRMLSequenceBrowserNode
    proxy: slicer.vtkMRMLScalarVolumeNode
    companions: Mapping[Companion, slicer.vtkMRMLSequenceNode]


def add_sequence_steps(sequence: Sequence, name: str, scene: slicer.vtkMRMLScene | None = None) -> Steps[AddedSequence]:
    """Return the steps that add a sequence of the core to the scene: frame by frame beside it, and then all at once.

    On an error, or if the steps are closed, the scene stays as it was.

    Args:
        sequence: the frames; their voxels are copied.
        name: name of the sequence and its proxy.
        scene: where to add it, slicer.mrmlScene if None.

    Raises:
        InvalidInputError: Slicer cannot hold the scalar type or would merge items.
    """
    scene = scene or slicer.mrmlScene
    sequence_node = yield from sequence_node_steps(sequence, name)
    yield 1.0, "adding to the scene"
    with scene_transaction(scene):
        added = add_browsed_sequence(sequence_node, {}, name, SourceView(name), scene)
        set_natural_speed(added.browser)
        return added


def add_sequence_to_scene(sequence: Sequence, name: str, scene: slicer.vtkMRMLScene | None = None) -> AddedSequence:
    """Add a sequence of the core to the scene at once; see `add_sequence_steps`."""
    return run_to_end(add_sequence_steps(sequence, name, scene), no_progress)


def add_browsed_sequence(
    frames_node: slicer.vtkMRMLSequenceNode,
    companions: Mapping[Companion, slicer.vtkMRMLSequenceNode],
    proxy_name: str,
    source: SourceView,
    scene: slicer.vtkMRMLScene,
    browser_name: str = "",
) -> AddedSequence:
    """Add sequence nodes of frames and companions to the scene, with one browser and a proxy each.

    Call it inside a `scene_transaction`. Names of the sequences are made unique in the scene; the proxies of companions
    are named like them, and the browser like the frames where it is given no name.
    """
    for node in (frames_node, *companions.values()):
        node.SetName(scene.GenerateUniqueName(node.GetName()))
        scene.AddNode(node)
    proxy = add_proxy(frames_node, proxy_name, source, scene)
    show_like(proxy, source)
    shown = [(frames_node, proxy)]
    for kind, node in companions.items():
        mark_companion(node, kind, frames_node)
        companion_proxy = add_proxy(node, node.GetName(), source, scene)
        show_companion(companion_proxy, kind)
        shown.append((node, companion_proxy))
    browser = add_browser(browser_name or f"{frames_node.GetName()} browser", shown, source, scene)
    return AddedSequence(frames_node, browser, proxy, companions)
