"""What the tests of the panel share: engines that wait to be let go, users' gestures, and pictures of a scene."""

import textwrap
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import qt
import slicer
from mrml_helpers import item_arrays, known_motion

from pairs import prepare
from temporal_interp.engines import registry
from temporal_interp.engines.pairwise import PairwiseEngine, PreparedPair
from TemporalInterpLib import child_process
from TemporalInterpLib import engines as library_engines
from TemporalInterpLib.background import wait_for_threads

SHIFT = known_motion(lambda points: np.broadcast_to([1.0, -2.0, 0.5], points.shape), model="shifter 1.0")
"""Engine whose frames and fields are known: everything moves by (1, -2, 0.5) mm in LPS."""

PATIENCE = 30.0
"""Seconds after which an engine that was never let go gives up."""


class HeldEngine(PairwiseEngine):
    """Engine that prepares and answers only when the test lets it.

    Attributes:
        asked: every t it was asked for, in order.
        prepared: how many pairs it was asked to prepare.
    """

    name, settings = "held", "held"

    def __init__(self, engine: PairwiseEngine = SHIFT, name: str = "held") -> None:
        self.name = name
        self.asked: list[float] = []
        self.prepared = 0
        self._engine = engine
        self._may_prepare = threading.Event()
        self._may_answer = threading.Semaphore(0)

    def let_prepare(self) -> None:
        self._may_prepare.set()

    def let_answer(self, count: int = 1) -> None:
        self._may_answer.release(count)

    def let_go(self) -> None:
        self.let_prepare()
        self.let_answer(10_000)

    def prepare_pair(self, pair, *, progress):
        self.prepared += 1
        for _ in range(int(PATIENCE / 0.005)):
            progress(0.5, "preparing")
            if self._may_prepare.wait(0.005):
                return _HeldPair(self, self._engine.prepare_pair(pair, progress=progress))
        raise TimeoutError

    def wait_to_answer(self, t: float) -> None:
        self.asked.append(t)
        if not self._may_answer.acquire(timeout=PATIENCE):
            raise TimeoutError


@dataclass(frozen=True)
class _HeldPair:
    engine: HeldEngine
    pair: PreparedPair

    def at(self, t, *, fields=False):
        for share in t:
            self.engine.wait_to_answer(share)
        return self.pair.at(t, fields=fields)


class Engines:
    """Stands in for `create_engine`: gives the engine of the test, whatever is asked for.

    Attributes:
        made: (name, device) of every engine that was asked for.
    """

    def __init__(self) -> None:
        self.engine: object = SHIFT
        self.made: list[tuple[str, str]] = []

    def create(self, name: str, *, device: str = "cpu") -> object:
        self.made.append((name, device))
        return self.engine

    def hold(self, engine: object = SHIFT) -> HeldEngine:
        """From now on give an engine that waits to be let go."""
        self.engine = HeldEngine(engine)
        return self.engine


@pytest.fixture
def engines(monkeypatch, tmp_path) -> Iterator[Engines]:
    """The engines of the panel, which move everything by SHIFT; "automatic" means the student."""
    stand_in = Engines()
    monkeypatch.setattr(library_engines, "create_engine", stand_in.create)
    student = registry.engine_specs()["student"]
    ahead = replace(student, scores=dict.fromkeys(registry.Kind, 9.0))
    monkeypatch.setitem(registry._declared(), "student", ahead)
    monkeypatch.setenv("TEMPORAL_INTERP_MODELS", str(tmp_path / "models"))
    yield stand_in
    if isinstance(stand_in.engine, HeldEngine):
        stand_in.engine.let_go()
    wait_for_threads(PATIENCE)


@pytest.fixture
def open_panel(open_module, engines) -> Callable:
    """Function that opens the module with the student chosen, and returns its widget."""

    def opened(engine: str = "student"):
        widget = open_module()
        widget.enter()
        widget.panel.context.parameters.engine = engine
        return widget

    return opened


def parameters_of(widget):
    return widget.panel.context.parameters


def preview_of(widget):
    """The preview's volume node, None where there is none."""
    return widget.panel.sections["preview"].preview.node


def pick(box, index: int) -> None:
    """Choose an entry of a QComboBox as a user does."""
    box.currentIndex = index
    box.activated.emit(index)


def tick(table, *rows: int) -> None:
    """Tick rows of a list of Clean up, and no others."""
    for row in range(table.rowCount):
        table.item(row, 0).setCheckState(qt.Qt.Checked if row in rows else qt.Qt.Unchecked)


def remove_all(widget, dialogs) -> None:
    """Remove all results by Clean up, and agree to its question."""
    slicer.app.processEvents()  # the list follows the scene
    dialogs.answer = True
    widget.ui.removeAllButton.click()
    dialogs.answer = None


def attributes(node) -> dict[str, str]:
    return {key: node.GetAttribute(key) for key in node.GetAttributeNames() or ()}


def ids(scene) -> list[str]:
    return [scene.GetNthNode(n).GetID() for n in range(scene.GetNumberOfNodes())]


def picture(scene) -> dict[str, object]:
    """Of every node but the module's parameters: name, change time, attributes, number of storage nodes, voxels."""
    nodes = [scene.GetNthNode(n) for n in range(scene.GetNumberOfNodes())]
    return {node.GetID(): _facts(node) for node in nodes if not node.IsA("vtkMRMLScriptedModuleNode")}


def _facts(node) -> tuple:
    storage = node.GetNumberOfStorageNodes() if node.IsA("vtkMRMLStorableNode") else 0
    voxels = ()
    if node.IsA("vtkMRMLSequenceNode") and node.GetDataNodeClassName() == "vtkMRMLScalarVolumeNode":
        voxels = tuple(array.tobytes() for array in item_arrays(node))
    elif node.IsA("vtkMRMLScalarVolumeNode") and node.GetImageData() is not None:
        voxels = (slicer.util.arrayFromVolume(node).tobytes(),)
    return node.GetName(), node.GetMTime(), tuple(sorted(attributes(node).items())), storage, voxels


def blend(first: np.ndarray, last: np.ndarray, t: float) -> np.ndarray:
    """The linear blend in the type of its ends, written here anew."""
    mixed = (1 - t) * first.astype(float) + t * last.astype(float)
    return (np.rint(mixed) if np.issubdtype(first.dtype, np.integer) else mixed).astype(first.dtype)


def shifted(sequence, first: int, last: int, t: float) -> np.ndarray:
    """The frame of SHIFT between two items of a sequence in the scene."""
    from TemporalInterpLib.sequence_conversion import sequence_from_node

    frames = sequence_from_node(sequence)
    return prepare(SHIFT, frames[first], frames[last]).at(t).volume.array


@pytest.fixture
def child_program(monkeypatch) -> Callable:
    """Function that sets the Python program which runs instead of the command line, with its arguments in sys.argv.

    `say(event, **values)` is there for it to report as the command line does.
    """

    def use(program: str) -> None:
        say = (
            "import json, os, subprocess, sys, time\n"
            "def say(event, **values):\n"
            "    print(json.dumps({'event': event, **values}), flush=True)\n"
        )
        monkeypatch.setattr(child_process, "PROGRAM", say + textwrap.dedent(program))

    return use


def is_running(pid: int) -> bool:
    """Whether a process runs; one that has ended and waits for its parent does not."""
    status = Path(f"/proc/{pid}/status")
    try:
        return "State:\tZ" not in status.read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
