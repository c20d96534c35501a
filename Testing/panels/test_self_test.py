"""The module's self-test, as Slicer runs it, on the stand-ins: with and without PyTorch, with and without a window."""

import importlib
import sys
import zipfile

import pytest
import slicer
import vtk

from TemporalInterpLib.sections import section_classes
from TemporalInterpLib.self_test import steps

OURS = ("torch", "temporal_interp", "TemporalInterpLib")


@pytest.fixture
def load_scene(tmp_path):
    """Function that adds a scene bundle to the scene, as Slicer does."""

    def load(path):
        with zipfile.ZipFile(path) as bundle:
            bundle.extractall(tmp_path)
        [scene_file] = tmp_path.rglob("*.mrml")
        slicer.mrmlScene.SetURL(str(scene_file))
        usual_window, complaints = vtk.vtkOutputWindow.GetInstance(), vtk.vtkStringOutputWindow()
        vtk.vtkOutputWindow.SetInstance(complaints)
        slicer.mrmlScene.Import()
        vtk.vtkOutputWindow.SetInstance(usual_window)
        # Slicer cannot read the orientation that it writes for an oblique slice view; it shows the view all the same
        assert complaints.GetOutput().count("ERROR") == complaints.GetOutput().count("preset name: Reformat")

    return load


@pytest.fixture
def run_self_test(open_module, slicer_session, load_scene, monkeypatch):
    """Function that starts the module and runs its self-test."""

    def run():
        widget = open_module()
        slicer_session.start_up()
        monkeypatch.setattr(slicer.util, "selectModule", lambda name: widget.enter())
        monkeypatch.setattr(slicer.util, "saveScene", lambda path: slicer.mrmlScene.WriteToMRB(path))
        monkeypatch.setattr(slicer.util, "loadScene", load_scene)
        slicer.selfTests["TemporalInterp"]()

    return run


@pytest.fixture
def without_pytorch():
    """What has seen PyTorch is imported anew, without it."""

    def take_out():
        return {name: sys.modules.pop(name) for name in list(sys.modules) if name.partition(".")[0] in OURS}

    usual = take_out()
    sys.modules["torch"] = None
    yield
    take_out()
    sys.modules.update(usual)


@pytest.mark.slow
def test_with_main_window(run_self_test):
    run_self_test()


@pytest.mark.slow
@pytest.mark.no_main_window
def test_without_main_window_and_pytorch(without_pytorch, run_self_test):
    run_self_test()


def test_every_section_brings_its_steps_which_go_with_it():
    names = set(section_classes())
    everything = steps(names)
    for name in names:
        own = importlib.import_module(f"TemporalInterpLib.sections.{name}.self_test").STEPS
        assert set(own) <= set(everything)
        assert all(names.issuperset(step.needs) for step in own)
        left = steps(names - {name})
        assert not set(own) & set(left)
        assert not [step for step in left if name in step.needs]


def test_steps_are_walked_in_the_order_of_work():
    told = [step.walk.__doc__ for step in steps(section_classes())]
    marks = (
        "Load the sample",
        "Drag the time",
        "the student network",
        "Interpolate ten",
        "Save the scene",
        "Without PyT",
    )
    places = [next(place for place, text in enumerate(told) if mark in text) for mark in marks]
    assert places == sorted(places)
    assert all(told)
