"""Write DICOM: what is loaded from DICOM files, and interpolated, becomes a derived series."""

import shutil

import pydicom
import pytest
import slicer
from panels.panel_helpers import parameters_of

import temporal_interp as ti
from patient_files import patient_stack
from TemporalInterpLib import places
from TemporalInterpLib.dicom_export import SOURCE_KEY, source_files
from TemporalInterpLib.parameter_node import FillWhole, Span


@pytest.fixture
def study(tmp_path):
    return patient_stack(tmp_path / "study")


@pytest.fixture
def interpolated(open_panel, study, process_events_until):
    """The opened panel with a cine of DICOM files at twice its frame rate."""
    widget = open_panel()
    section = widget.panel.sections["sequence"]
    section.open_place(study)
    process_events_until(lambda: section._job is None, 30)
    slicer.app.processEvents()
    parameters = parameters_of(widget)
    parameters.engine, parameters.span, parameters.fields = "linear_blend", Span.WHOLE, False
    parameters.fillWhole, parameters.factor = FillWhole.FACTOR, 2
    widget.ui.interpolateButton.click()
    process_events_until(lambda: not widget.panel.sections["interpolate"].work.running, 30)
    slicer.app.processEvents()
    return widget


@pytest.fixture
def export(tmp_path, monkeypatch, process_events_until):
    """Function that presses Write DICOM, chooses a folder, and waits for the end."""
    (tmp_path / "archive").mkdir()
    choice = [str(tmp_path / "archive")]
    monkeypatch.setattr(
        places.qt, "QFileDialog", type("Dialog", (), {"getExistingDirectory": staticmethod(lambda *_: choice[0])})
    )

    def press(widget, chosen=None):
        choice[0] = choice[0] if chosen is None else chosen
        widget.ui.exportButton.click()
        process_events_until(lambda: not widget.panel.sections["export"].work.running, 30)
        return sorted((tmp_path / "archive").iterdir())

    return press


def test_a_result_becomes_a_series_in_the_study_of_its_source(interpolated, export):
    ui = interpolated.ui
    result = parameters_of(interpolated).result
    assert ui.exportButton.enabled
    assert ui.exportPlan.text == (
        f"'{result.GetName()}': a new series with 8 frames in the study of its source. 4 of them are synthetic and say "
        "so."
    )
    (folder,) = export(interpolated)
    assert folder.name.startswith("SYNTHETIC ")
    assert ui.exportMessage.text == f"Written: 8 frames in {folder}."
    read = ti.read(folder)
    assert (len(read), read.synthetic_frames, read.period) == (8, [1, 3, 5, 7], 160)
    assert pydicom.dcmread(next(folder.iterdir())).PatientID == "4711"


def test_acquired_frames_and_the_patient_may_be_left_out_and_no_folder_is_written_twice(interpolated, export):
    interpolated.ui.exportAcquired.checked = False
    interpolated.ui.exportAnonymised.checked = True
    assert "a new series with 4 frames" in interpolated.ui.exportPlan.text
    export(interpolated)
    first, second = export(interpolated)
    assert second.name == f"{first.name} (2)"
    header = pydicom.dcmread(next(second.iterdir()))
    assert (header.SyntheticData, header.PatientName) == ("YES", "ANONYMISED")


def test_no_folder_no_work(interpolated, export):
    assert export(interpolated, "") == []
    assert interpolated.ui.exportMessage.text == ""


def test_files_that_are_gone_are_told_of(interpolated, export, study, monkeypatch):
    shutil.rmtree(study)
    told = []
    monkeypatch.setattr(slicer.util, "errorDisplay", lambda text, **_: told.append(text))
    assert export(interpolated) == []
    assert "are not where they were, or have changed. Load them again." in told[0]


@pytest.mark.parametrize("kept", ["", "no JSON", "[]", '{"series": ["1.2"]}'], ids=["empty", "text", "list", "half"])
def test_an_attribute_that_makes_no_sense_counts_for_nothing(scene, kept):
    node = scene.AddNewNodeByClass("vtkMRMLSequenceNode")
    node.SetAttribute(SOURCE_KEY, kept)
    assert source_files(node) is None


def test_what_has_no_headers_cannot_be_written(cine, open_panel):
    widget = open_panel()
    assert not widget.ui.exportButton.enabled
    assert widget.ui.exportPlan.text == widget.ui.exportButton.toolTip == "Nothing is interpolated yet."
    assert source_files(cine.sequence) is None
    parameters_of(widget).result = cine.sequence
    assert widget.ui.exportButton.toolTip.endswith("has no synthetic frame.")
