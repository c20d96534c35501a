"""Checks an engine on this patient: acquired frames between two phases are hidden, predicted and compared."""

from __future__ import annotations

import math
from collections import abc
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import slicer
import vtk

from temporal_interp.data.sequence import Sequence
from temporal_interp.engines.blend import LinearBlend
from temporal_interp.engines.protocol import Engine
from temporal_interp.errors import InvalidInputError, Progress
from TemporalInterpLib.add_sequence import AddedSequence
from TemporalInterpLib.background import Steps, in_background, share_of
from TemporalInterpLib.charts import add_chart, add_table, index_heading
from TemporalInterpLib.instants import SHOWS_KEY
from TemporalInterpLib.scene_transaction import scene_transaction
from TemporalInterpLib.sequence_browser import SourceView, add_browser, add_proxy, show_like
from TemporalInterpLib.sequence_conversion import (
    add_item,
    new_sequence_like,
    sequence_from_node,
    set_attributes,
)
from TemporalInterpLib.volume_conversion import copy_place, set_voxels

MEASURES = {"psnr": "PSNR dB", "psnr_moving": "PSNR (moving region)", "ssim": "SSIM"}
"""The measures in the table, and their headings."""

DIGITS = 3
"""Decimals in the table."""

BLEND = "linear blend"
"""Name of the columns of the linear blend."""

COLORS = ((0.0, 0.45, 0.70), (0.90, 0.62, 0.0))
"""Of the engine and of the blend (Okabe and Ito: safe for colour-blind readers)."""


@dataclass(frozen=True)
class FrameScore:
    """One hidden frame and the scores of its predictions.

    Attributes:
        frame: number of the item.
        index_value: in the unit of the sequence.
        t: its place between the phases.
        engine: measures of the engine, by the keys of MEASURES.
        blend: measures of the linear blend.
    """

    frame: int
    index_value: float
    t: float
    engine: Mapping[str, float]
    blend: Mapping[str, float]


@dataclass(frozen=True, eq=False)
class PatientCheck:
    """The result of a check.

    Attributes:
        engine: name of the engine.
        scores: one for every hidden frame, in order.
        table: the scores, as a node.
        chart: the scores over the index, as a plot chart node.
        errors: sequence of |predicted - acquired|, with its browser.
    """

    engine: str
    scores: abc.Sequence[FrameScore]
    table: slicer.vtkMRMLTableNode
    chart: slicer.vtkMRMLPlotChartNode
    errors: AddedSequence

    @property
    def gain(self) -> float:
        """Mean gain over the linear blend in dB, in the moving region; NaN where nothing moves."""
        gains = [s.engine["psnr_moving"] - s.blend["psnr_moving"] for s in self.scores]
        finite = [gain for gain in gains if math.isfinite(gain)]
        return sum(finite) / len(finite) if finite else math.nan


@dataclass(frozen=True, eq=False)
class _Predicted:
    """The prediction of a hidden frame.

    Attributes:
        number: of the frame among the acquired ones.
        marks: the attributes that mark it as synthetic.
        voxels: (K, J, I) float32, scaled to [0, 1].
        error: |voxels - acquired|, likewise.
    """

    number: int
    marks: Mapping[str, str]
    voxels: np.ndarray
    error: np.ndarray


def check_steps(
    sequence_node: slicer.vtkMRMLSequenceNode,
    first: int,
    last: int,
    create: Callable[[], Engine],
    *,
    cyclic: bool | None = None,
) -> Steps[PatientCheck]:
    """Check the request and return the steps that add the result of a check to the scene.

    Args:
        sequence_node: an acquired sequence in the scene.
        first: number of the item at t = 0.
        last: number of the item at t = 1; at least one acquired item has to lie between.
        create: makes the engine; called in a thread.
        cyclic: whether the sequence is a loop; None takes it as it is.

    Raises:
        InvalidInputError: the sequence is not valid, or no acquired item lies between the phases.
    """
    whole = sequence_from_node(sequence_node)
    whole.require_item(first, "The first phase")
    whole.require_item(last, "The last phase")
    acquired = whole.acquired_frames
    if first not in acquired or last not in acquired:
        raise InvalidInputError("A phase is itself synthetic; choose acquired ones.")
    kept_first, kept_last = acquired.index(first), acquired.index(last)
    if kept_last - kept_first < 2:
        raise InvalidInputError(
            "No acquired frame lies between the phases, so none can be hidden; choose phases further apart."
        )
    return _steps(sequence_node, whole.acquired().as_cyclic(cyclic), acquired, (kept_first, kept_last), create)


def _steps(
    sequence_node: slicer.vtkMRMLSequenceNode,
    sequence: Sequence,
    items: abc.Sequence[int],
    phases: tuple[int, int],
    create: Callable[[], Engine],
) -> Steps[PatientCheck]:
    view, scene = SourceView.of(sequence_node), sequence_node.GetScene()
    engine, scores, frames = yield from share_of(
        in_background(lambda progress: _predict(sequence, items, phases, create, progress)), 0.0, 0.98
    )
    yield 0.99, "adding to the scene"
    with scene_transaction(scene):
        errors = _add_errors(sequence_node, sequence, items, frames, view)
        table = _add_table(sequence_node, scores, engine.name)
        return PatientCheck(engine.name, scores, table, _add_chart(table, engine.name), errors)


def _predict(
    sequence: Sequence,
    items: abc.Sequence[int],
    phases: tuple[int, int],
    create: Callable[[], Engine],
    progress: Progress,
) -> tuple[Engine, list[FrameScore], list[_Predicted]]:
    """Return the engine, the scores and the predicted frames with their errors; called in a thread."""
    from temporal_interp.evaluation.evaluate import evaluate
    from temporal_interp.evaluation.hold_out import between
    from temporal_interp.evaluation.presets import NATIVE

    engine, hold_out = create(), between(sequence, *phases)
    hidden = list(hold_out.gaps[0].held_out)
    engines = [engine] if isinstance(engine, LinearBlend) else [engine, LinearBlend()]
    evaluation = evaluate(sequence, hold_out, engines, keep_frames=hidden, progress=progress)
    by_name = {(row.engine, row.frame): row for row in evaluation.rows}
    scores = []
    for number in hidden:
        row = by_name[engine.name, number]
        blend = by_name["linear_blend", number].measures
        scores.append(FrameScore(items[number], row.index_value, row.t, row.measures, blend))
    acquired = NATIVE.scale(sequence).volumes
    frames = []
    for number in hidden:
        frame = evaluation.kept[NATIVE.name, engine.name, number]
        error = np.abs(frame.volume.array - acquired[number].array)
        frames.append(_Predicted(number, frame.attributes, frame.volume.array, error))
    return engine, scores, frames


def _add_errors(
    sequence_node: slicer.vtkMRMLSequenceNode,
    sequence: Sequence,
    items: abc.Sequence[int],
    frames: abc.Sequence[_Predicted],
    view: SourceView,
) -> AddedSequence:
    """Add the sequences of predicted frames and of their errors, with one browser: scrolling shows both."""
    scene = sequence_node.GetScene()
    frames_node = new_sequence_like(sequence_node, scene.GenerateUniqueName(f"{sequence_node.GetName()} predicted"))
    errors_node = new_sequence_like(sequence_node, scene.GenerateUniqueName(f"{sequence_node.GetName()} error"))
    for frame in frames:
        value, template = sequence.times[frame.number], sequence_node.GetNthDataNode(items[frame.number])
        for node, array, what in ((frames_node, frame.voxels, "SYNTHETIC"), (errors_node, frame.error, "error")):
            name = f"{sequence_node.GetName()} {what} {value:.9g} {sequence.unit}".strip()
            item = add_item(node, slicer.vtkMRMLScalarVolumeNode(), name, value)
            set_voxels(item, array, vtk.VTK_FLOAT)
            copy_place(item, template)
            set_attributes(item, frame.marks)
    errors_node.SetAttribute(SHOWS_KEY, "error")
    for node in (frames_node, errors_node):
        scene.AddNode(node)
    shown = [(node, add_proxy(node, node.GetName(), view, scene)) for node in (errors_node, frames_node)]
    for _, proxy in shown:
        show_like(proxy, replace(view, proxy=None))
    shown[0][1].GetDisplayNode().SetWindowLevelMinMax(0.0, 0.4)
    shown[1][1].GetDisplayNode().SetWindowLevelMinMax(0.0, 1.0)
    browser = add_browser(f"{errors_node.GetName()} browser", shown, view, scene)
    return AddedSequence(errors_node, browser, shown[0][1], {})


def _add_table(
    sequence_node: slicer.vtkMRMLSequenceNode, scores: abc.Sequence[FrameScore], engine: str
) -> slicer.vtkMRMLTableNode:
    scene = sequence_node.GetScene()
    columns = {index_heading(sequence_node): [s.index_value for s in scores], "t": [s.t for s in scores]}
    for key, heading in MEASURES.items():
        columns[f"{heading}, {engine}"] = [s.engine[key] for s in scores]
        columns[f"{heading}, {BLEND}"] = [s.blend[key] for s in scores]
    name = scene.GenerateUniqueName(f"{sequence_node.GetName()} check of {engine}")
    rounded = {heading: [round(value, DIGITS) for value in values] for heading, values in columns.items()}
    return add_table(scene, name, rounded)


def _add_chart(table: slicer.vtkMRMLTableNode, engine: str) -> slicer.vtkMRMLPlotChartNode:
    """Add a chart of the PSNR of the moving region, of the engine and of the blend, over the index."""
    heading = MEASURES["psnr_moving"]
    curves = {f"{heading}, {name}": (name, color) for name, color in zip((engine, BLEND), COLORS, strict=True)}
    return add_chart(table, heading, curves)
