"""The module's self-test, as Slicer runs it, on the stand-ins: with and without PyTorch, with and without a window."""

import sys
import zipfile

import pytest
import slicer
import vtk

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
