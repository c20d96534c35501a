"""The self-test of the scene: what is saved comes back."""

# ruff: noqa: PT009 - the assertions of unittest, which is what Slicer runs, name the values that differ

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import slicer

from temporal_interp.data.provenance import PREFIX
from TemporalInterpLib.companions import Companion, companion_of
from TemporalInterpLib.parameter_node import Fill
from TemporalInterpLib.scene_transaction import nodes_of
from TemporalInterpLib.self_test.run import Run, Step, array, items, matrix
from TemporalInterpLib.sequence_browser import browsers_of, proxy_of
from TemporalInterpLib.sequence_conversion import attributes_of, index_values_of

if TYPE_CHECKING:
    from TemporalInterpLib.parameter_node import TemporalInterpParameterNode

BUNDLE = "scene.mrb"


def _save_and_close(run: Run) -> None:
    """Save the scene and close it"""
    parameters = run.parameters
    parameters.engine, parameters.fill = "linear_blend", Fill.AT_TIMES
    parameters.instant, parameters.frameCount, parameters.times = 90.0, 7, "100, 120.5"
    run.saved = _state(parameters)
    run.test.assertTrue(slicer.util.saveScene(str(run.folder / BUNDLE)))
    slicer.mrmlScene.Clear(0)
    run.test.assertIsNone(run.parameters.sequence)


def _load(run: Run) -> None:
    """Load the scene: all is there, the parameters too"""
    slicer.util.loadScene(str(run.folder / BUNDLE))
    loaded = _state(run.parameters)
    for what, value in run.saved.items():
        run.test.assertEqual(loaded[what], value, what)
    for view in nodes_of(slicer.mrmlScene, "vtkMRMLSliceCompositeNode"):
        background = slicer.mrmlScene.GetNodeByID(view.GetBackgroundVolumeID() or "")
        run.test.assertFalse(background is not None and background.GetName().startswith("Errors of"), view.GetName())


def _state(parameters: TemporalInterpParameterNode) -> dict[str, object]:
    """Return what has to come back. Identifiers may change, and Slicer renames the items of sequences."""
    names = (
        "firstPhase",
        "lastPhase",
        "instant",
        "engine",
        "fill",
        "frameCount",
        "times",
        "fillWhole",
        "factor",
        "cyclic",
    )
    state: dict[str, object] = {name: getattr(parameters, name) for name in names}
    for role in ("sequence", "result"):
        node = getattr(parameters, role)
        if node is None:
            continue
        state[f"{role}: name"] = node.GetName()
        state[f"{role}: index"] = (node.GetIndexName(), node.GetIndexUnit(), index_values_of(node))
        state[f"{role}: marks"] = [_marks(item) for item in items(node)]
        state[f"{role}: voxels"] = [(str(array(item).dtype), array(item).tobytes()) for item in items(node)]
        state[f"{role}: place"] = [np.round(matrix(item), 6).tolist() for item in items(node)]
        state[f"{role}: browsers"] = [browser.GetName() for browser in browsers_of(node)]
        state[f"{role}: proxy"] = proxy_of(node).GetName()
    made = [companion_of(parameters.result, kind.value) for kind in Companion]
    state["companions"] = [(node.GetName(), index_values_of(node)) for node in made if node is not None]
    return state


def _marks(item: slicer.vtkMRMLNode) -> dict[str, str]:
    return {key: value for key, value in attributes_of(item).items() if key.startswith(PREFIX)}


STEPS = (Step(60, _save_and_close), Step(65, _load))
