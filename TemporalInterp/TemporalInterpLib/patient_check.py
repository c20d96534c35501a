"""Checks an engine on this patient: acquired frames between two phases are hidden, predicted and compared.

A check stays in the scene as two sequences, a table and a chart. They bear one mark, by which it is found again.
"""

from __future__ import annotations

import uuid
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
from TemporalInterpLib.background import Steps, in_background, share_of
from TemporalInterpLib.charts import add_chart, add_table, index_heading
from TemporalInterpLib.check_results import (
    BLEND,
    BLEND_ENGINE,
    CHECK_KEY,
    DIGITS,
    ENGINE_KEY,
    MEASURES,
    SHORT,
    FrameScore,
    PatientCheck,
)
from TemporalInterpLib.instants import SHOWS_KEY
from TemporalInterpLib.result_folder import put_in_folder
from TemporalInterpLib.result_marks import ResultKind, mark_result
from TemporalInterpLib.scene_transaction import scene_transaction
from TemporalInterpLib.sequence_browser import SourceView, add_browser, add_proxy, show_like
from TemporalInterpLib.sequence_conversion import (
    add_item,
    new_sequence_like,
    sequence_from_node,
    set_attributes,
)
from TemporalInterpLib.short_time import short_time
from TemporalInterpLib.slice_views import ERROR_MAP_KEY
from TemporalInterpLib.volume_conversion import copy_place, set_voxels

ERROR_TOP = 0.4
"""Error, as a share of the intensity range, that is shown white: one scale for all checks, to compare them."""

COLORS = ((0.0, 0.45, 0.70), (0.90, 0.62, 0.0))
"""Of the engine and of the blend (Okabe and Ito: safe for colour-blind readers)."""


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
        errors, frames_node, browser = _add_sequences(sequence_node, sequence, items, frames, view)
        table = _add_table(sequence_node, scores, engine.name)
        chart = _add_chart(table, engine.name)
        series = [chart.GetNthPlotSeriesNode(number) for number in range(chart.GetNumberOfPlotSeriesNodes())]
        parts = (errors, frames_node, browser, table, chart, *series)
        proxies = (browser.GetProxyNode(node) for node in (errors, frames_node))
        folder = scene.GenerateUniqueName(f"Check of {sequence_node.GetName()}")
        put_in_folder(folder, "Check", (*parts, *proxies), scene)
        _mark(parts, engine.name, sequence_node)
        return PatientCheck(engine.name, scores, table, errors)


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
        scores.append(FrameScore(row.index_value, row.measures, blend))
    acquired = NATIVE.scale(sequence).volumes
    frames = []
    for number in hidden:
        frame = evaluation.kept[NATIVE.name, engine.name, number]
        error = np.abs(frame.volume.array - acquired[number].array)
        frames.append(_Predicted(number, frame.attributes, frame.volume.array, error))
    return engine, scores, frames


def _mark(nodes: abc.Sequence[slicer.vtkMRMLNode], engine: str, sequence_node: slicer.vtkMRMLSequenceNode) -> None:
    """Mark the nodes of a check, the error maps first, as one result."""
    name = uuid.uuid4().hex
    for node in nodes:
        node.SetAttribute(CHECK_KEY, name)
        mark_result(node, ResultKind.CHECK, sequence_node)
    nodes[0].SetAttribute(ENGINE_KEY, engine)


def _add_sequences(
    sequence_node: slicer.vtkMRMLSequenceNode,
    sequence: Sequence,
    items: abc.Sequence[int],
    frames: abc.Sequence[_Predicted],
    view: SourceView,
) -> tuple[slicer.vtkMRMLSequenceNode, slicer.vtkMRMLSequenceNode, slicer.vtkMRMLSequenceBrowserNode]:
    """Add the sequences of errors and of predicted frames, with one browser: scrolling shows both."""
    scene = sequence_node.GetScene()
    errors_node, frames_node = (
        new_sequence_like(sequence_node, scene.GenerateUniqueName(f"{what} {sequence_node.GetName()}"))
        for what in ("Errors of", "Predicted")
    )
    for frame in frames:
        value, template = sequence.times[frame.number], sequence_node.GetNthDataNode(items[frame.number])
        for node, array, what in ((errors_node, frame.error, "Error"), (frames_node, frame.voxels, "SYNTHETIC")):
            name = f"{what} {short_time(value, sequence.unit)}"
            item = add_item(node, slicer.vtkMRMLScalarVolumeNode(), name, value)
            set_voxels(item, array, vtk.VTK_FLOAT)
            copy_place(item, template)
            set_attributes(item, frame.marks)
            if node is errors_node:
                item.SetAttribute(ERROR_MAP_KEY, "true")
    errors_node.SetAttribute(SHOWS_KEY, "error")
    for node in (errors_node, frames_node):
        scene.AddNode(node)
    shown = [(node, add_proxy(node, node.GetName(), view, scene)) for node in (errors_node, frames_node)]
    for (_, proxy), top in zip(shown, (ERROR_TOP, 1.0), strict=True):
        show_like(proxy, replace(view, proxy=None))
        proxy.GetDisplayNode().SetAutoWindowLevel(False)
        proxy.GetDisplayNode().SetWindowLevelMinMax(0.0, top)
    browser = add_browser(f"{errors_node.GetName()} browser", shown, view, scene)
    return errors_node, frames_node, browser


def _add_table(
    sequence_node: slicer.vtkMRMLSequenceNode, scores: abc.Sequence[FrameScore], engine: str
) -> slicer.vtkMRMLTableNode:
    scene = sequence_node.GetScene()
    columns = {index_heading(sequence_node): [s.index_value for s in scores]}
    titles = {}
    for key, name in MEASURES.items():
        columns[name] = [round(s.engine[key], DIGITS[key]) for s in scores]
        titles[name] = SHORT[key]
        if engine != BLEND_ENGINE:
            columns[f"{name}, {BLEND}"] = [round(s.blend[key], DIGITS[key]) for s in scores]
            titles[f"{name}, {BLEND}"] = f"{SHORT[key]} blend"
    name = scene.GenerateUniqueName(f"Scores of {sequence_node.GetName()}")
    return add_table(scene, name, columns, titles)


def _add_chart(table: slicer.vtkMRMLTableNode, engine: str) -> slicer.vtkMRMLPlotChartNode:
    """Add a chart of the PSNR of the moving region, of the engine and of the blend, over the index."""
    name = MEASURES["psnr_moving"]
    curves = {name: (engine.replace("_", " "), COLORS[0])}
    if engine != BLEND_ENGINE:
        curves[f"{name}, {BLEND}"] = (BLEND, COLORS[1])
    return add_chart(table, name, curves)
