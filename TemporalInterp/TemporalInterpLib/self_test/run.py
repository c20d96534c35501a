"""What all steps of the self-test share: the run, and looks at nodes."""

# ruff: noqa: PT009 - the assertions of unittest, which is what Slicer runs, name the values that differ

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

import numpy as np
import slicer
import vtk

from temporal_interp.data.provenance import PREFIX, is_synthetic
from temporal_interp.engines.registry import find_engine
from TemporalInterpLib.engines import automatic_choice
from TemporalInterpLib.longest_turn import LongestTurn
from TemporalInterpLib.scene_transaction import nodes_of
from TemporalInterpLib.sequence_browser import browsers_of, proxy_of
from TemporalInterpLib.sequence_conversion import attributes_of

if TYPE_CHECKING:
    import unittest

    from TemporalInterpLib.parameter_node import TemporalInterpParameterNode

PATIENCE_S = 120
"""Longest time of a single wait on a slow machine."""

CYCLE_MS = 900.0
"""Duration of the sample."""

END_SYSTOLE = 8
"""Number of the sample's frame closest to end-systole, at 0.4 of the cycle."""

END_MS = CYCLE_MS * 0.4
"""Its time."""


@dataclass(frozen=True)
class Step:
    """A step of the path.

    Attributes:
        place: steps are walked in this order; each continues with the result of those before.
        walk: does the step; the first line of its docstring tells the user.
        needs: the other sections that it goes through.
    """

    place: int
    walk: Callable[[Run], None]
    needs: tuple[str, ...] = ("sequence",)


@dataclass(eq=False)
class Run:
    """The objects that the steps share.

    Attributes:
        test: the unit test; its assertions name the values.
        widget: the module's widget, set up.
        folder: for files; it goes with the run.
        turns: of the event loop while the test waits, or presses a button.
        saved: what was saved, for the comparison with what is loaded.
    """

    test: unittest.TestCase
    widget: Any
    folder: Path
    turns: LongestTurn = field(default_factory=LongestTurn)
    saved: dict[str, object] = field(default_factory=dict)

    @property
    def ui(self) -> Any:
        """The widgets of the panel by name."""
        return self.widget.ui

    @property
    def panel(self) -> Any:
        """The panel, with its sections."""
        return self.widget.panel

    @property
    def parameters(self) -> TemporalInterpParameterNode:
        """The user's choices."""
        return self.panel.context.parameters

    @property
    def engine(self) -> str:
        """Name of the engine that "Automatic" is for the sequence."""
        return automatic_choice(self.parameters.sequence).name

    @property
    def moves(self) -> bool:
        """Whether the engine estimates motion."""
        return self.engine != "linear_blend"

    def wait_until(self, condition: Callable[[], bool], what: str) -> None:
        """Let the application run until something has happened."""
        end = time.monotonic() + PATIENCE_S
        self.turns.begin(what)
        try:
            while not condition():
                self.test.assertLess(time.monotonic(), end, f"{what}: not within {PATIENCE_S} s")
                slicer.app.processEvents()
                time.sleep(0.005)
        finally:
            self.turns.end()

    def press(self, work: Any) -> None:
        """Press a button that starts a job, and wait until it is done."""
        self.turns.begin(f"a press of '{work.button.text}'")
        work.button.click()
        self.turns.end()
        self.test.assertTrue(work.running, work.message.text)
        self.wait_until(lambda: not work.running, work.button.text)

    def remove_all(self) -> None:
        """Press "Remove all" of Clean up, and agree to its question."""
        slicer.app.processEvents()  # the list follows the scene
        with mock.patch.object(slicer.util, "confirmOkCancelDisplay", return_value=True) as asked:
            self.ui.removeAllButton.click()
        self.test.assertIn("Acquired frames stay", asked.call_args.args[0])

    def assert_marked(
        self, item: slicer.vtkMRMLNode, origin: tuple[float, float, float], engine: str | None = None
    ) -> None:
        """The attributes of a frame say that it is synthetic, and from what and how it was made."""
        marks, engine = attributes_of(item), engine or self.engine
        self.test.assertTrue(is_synthetic(marks))
        self.test.assertEqual(marks[PREFIX + "Engine"], engine)
        numbers = [float(marks[PREFIX + key]) for key in ("FirstIndexValue", "LastIndexValue", "T")]
        np.testing.assert_allclose(numbers, origin, atol=1e-6)
        self.test.assertEqual(len(marks.get(PREFIX + "ModelSHA256", "")), 64 if find_engine(engine).needs_model else 0)

    def assert_place_and_type(
        self, volume: slicer.vtkMRMLScalarVolumeNode, template: slicer.vtkMRMLScalarVolumeNode
    ) -> None:
        """A frame has the extent, the scalar type and the geometry of another."""
        images = [node.GetImageData() for node in (volume, template)]
        self.test.assertEqual(*(image.GetDimensions() for image in images))
        self.test.assertEqual(*(image.GetScalarTypeAsString() for image in images))
        self.test.assertEqual(matrix(volume), matrix(template))


def items(sequence: slicer.vtkMRMLSequenceNode) -> list[slicer.vtkMRMLNode]:
    """Return the items of a sequence."""
    return [sequence.GetNthDataNode(n) for n in range(sequence.GetNumberOfDataNodes())]


def array(volume: slicer.vtkMRMLScalarVolumeNode) -> np.ndarray:
    """Return the voxels of a volume, (K, J, I)."""
    return slicer.util.arrayFromVolume(volume)


def matrix(volume: slicer.vtkMRMLScalarVolumeNode) -> list[list[float]]:
    """Return the matrix of a volume from (I, J, K) to RAS."""
    ijk_to_ras = vtk.vtkMatrix4x4()
    volume.GetIJKToRASMatrix(ijk_to_ras)
    return slicer.util.arrayFromVTKMatrix(ijk_to_ras).tolist()


def red_view() -> slicer.vtkMRMLSliceCompositeNode | None:
    """Return what the red slice view shows; None where there are no views."""
    manager = slicer.app.layoutManager()
    return manager.sliceWidget("Red").sliceLogic().GetSliceCompositeNode() if manager is not None else None


def remove_cine(sequence: slicer.vtkMRMLSequenceNode) -> None:
    """Remove a sequence with its browsers and its proxy."""
    for node in (*browsers_of(sequence), proxy_of(sequence), sequence):
        slicer.mrmlScene.RemoveNode(node)


def scene_state() -> dict[str, object]:
    """Return the state of the scene: every node, its attributes, and the last changes of its data and storage.

    Views, which layouts add, and the preview are excluded. The parameters change while the user waits.
    """
    views = ("vtkMRMLAbstractViewNode", "vtkMRMLSliceCompositeNode")
    data = ("vtkMRMLVolumeNode", "vtkMRMLSequenceNode", "vtkMRMLTransformNode", "vtkMRMLStorageNode")
    return {
        node.GetID(): (
            node.GetName(),
            attributes_of(node),
            node.GetMTime() if any(node.IsA(name) for name in data) else None,
        )
        for node in nodes_of(slicer.mrmlScene)
        if node.GetSaveWithScene() and not any(node.IsA(name) for name in views)
    }
