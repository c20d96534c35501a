"""A real MRML scene for every test, and sequences to put into it."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import slicer
import vtk

# the first as Slicer does with the folder of a scripted module, the second for helper modules of these tests
sys.path[:0] = [str(Path(__file__).parents[2] / "TemporalInterp"), str(Path(__file__).parent)]

if "slicer.i18n" not in sys.modules:  # the package slicer-core has none; the application's translates
    translation = ModuleType("slicer.i18n")
    translation.tr = lambda text: text
    sys.modules["slicer.i18n"] = slicer.i18n = translation


@pytest.fixture
def sequences_logic() -> Iterator[slicer.vtkSlicerSequencesLogic]:
    """Logic of the Sequences module on an empty slicer.mrmlScene.

    Fails the test if VTK complains of anything, a batch is left open or the scene cannot be cleared.
    """
    complaints = vtk.vtkStringOutputWindow()
    usual_window = vtk.vtkOutputWindow.GetInstance()
    vtk.vtkOutputWindow.SetInstance(complaints)
    scene = slicer.vtkMRMLScene()
    logic = slicer.vtkSlicerSequencesLogic()
    logic.SetMRMLScene(scene)
    slicer.mrmlScene = scene
    yield logic
    in_batch = scene.IsBatchProcessing()
    scene.Clear(0)
    left = [scene.GetNthNode(n).GetID() for n in range(scene.GetNumberOfNodes())]
    logic.SetMRMLScene(None)
    slicer.mrmlScene = None
    vtk.vtkOutputWindow.SetInstance(usual_window)
    assert not in_batch
    assert left == []
    assert complaints.GetOutput() == ""


@pytest.fixture
def scene(sequences_logic) -> slicer.vtkMRMLScene:
    """Empty slicer.mrmlScene, watched over by `sequences_logic`."""
    return sequences_logic.GetMRMLScene()


@pytest.fixture
def blob_frames() -> Callable[..., list[np.ndarray]]:
    """Function that draws frames, (K, J, I), of a Gaussian blob moving along I by 2 voxels a frame."""

    def draw(count: int = 3, shape: tuple[int, int, int] = (4, 12, 16), dtype: str = "int16") -> list[np.ndarray]:
        k, j, i = np.indices(shape)
        centre = (np.array(shape) - 1) / 2
        frames = []
        for number in range(count):
            distance = (k - centre[0]) ** 2 + (j - centre[1]) ** 2 + (i - centre[2] + count - 1 - 2 * number) ** 2
            frames.append((100 * np.exp(-distance / 18)).astype(dtype))
        return frames

    return draw


@pytest.fixture
def cine(scene, blob_frames):
    """The acquired sequence of most tests, named 'cine', as the user has it: browser, proxy, display, parent transform.

    Five oblique frames every 12.5 ms, of which frame 2 is selected.
    """
    from mrml_helpers import OBLIQUE, put_in_scene

    return put_in_scene(blob_frames(5), OBLIQUE, times=[0, 12.5, 25, 37.5, 50])


@pytest.fixture
def repeated(monkeypatch):
    """The command line is only repeated slices."""
    from slices_helpers import RepeatedSlices

    from TemporalInterpLib import add_slices

    monkeypatch.setattr(add_slices, "command_line", made := RepeatedSlices())
    return made


@pytest.fixture
def stand_in(monkeypatch):
    """Function that sets the known motion in place of the command line; it is there already with its defaults."""
    from tracking_helpers import StandIn

    from TemporalInterpLib import track_motion

    def use(*arguments, **options):
        monkeypatch.setattr(track_motion, "command_line", made := StandIn(*arguments, **options))
        return made

    use()
    return use


@pytest.fixture
def save_and_load(scene, tmp_path):
    """Function that saves the scene as a bundle, closes it, and loads it again."""
    files = slicer.vtkMRMLRemoteIOLogic()

    def run() -> None:
        bundle = tmp_path / "scene.mrb"
        assert scene.WriteToMRB(str(bundle))
        scene.Clear(0)
        files.SetMRMLScene(scene)
        files.AddDataIOToScene()
        cache = tmp_path / "cache"
        cache.mkdir()
        (cache / ".slicer-cache").touch()
        scene.GetCacheManager().SetRemoteCacheDirectory(str(cache))
        assert scene.ReadFromMRB(str(bundle))

    yield run
    if files.GetMRMLScene() is not None:
        files.RemoveDataIOFromScene()
