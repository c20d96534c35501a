"""temporal-interp interpolate --dicom."""

import sys

import numpy as np
import pydicom
import pytest

import temporal_interp as ti
from patient_files import clip_file, patient_stack
from temporal_interp.io.dicom.writing import stored

DOUBLED = ("--factor", 2, "--engine", "linear_blend")


@pytest.fixture
def study(tmp_path):
    return patient_stack(tmp_path / "study")


@pytest.mark.parametrize("value", [(), ("any",), ("strict",)], ids=["alone", "any", "strict"])
def test_a_dicom_study_becomes_a_derived_series(command, study, tmp_path, value):
    result = command("interpolate", study, "-o", tmp_path / "out", *DOUBLED, "--dicom", *value)
    assert result.exit_code == 0, result.stderr
    assert "8 frames, 4 of them synthetic" in result.stdout
    read = ti.read(tmp_path / "out")
    assert (len(read), read.synthetic_frames, read.period) == (8, [1, 3, 5, 7], 160)
    assert pydicom.dcmread(tmp_path / "out" / "SYN00001.dcm").PatientID == "4711"


def test_the_option_may_stand_before_others_and_before_the_input(command, study, tmp_path):
    result = command("interpolate", "--dicom", "-o", tmp_path / "out", *DOUBLED, study)
    assert result.exit_code == 0, result.stderr
    result = command("interpolate", *DOUBLED, "-o", tmp_path / "out2", "--dicom", study)
    assert result.exit_code == 0, result.stderr
    assert len(list((tmp_path / "out2").iterdir())) == 24


def test_acquired_frames_and_the_patient_are_left_out_on_request(command, study, tmp_path):
    result = command(
        "interpolate", study, "-o", tmp_path / "out", *DOUBLED, "--dicom", "--synthetic-only", "--anonymise", "--json"
    )
    assert result.exit_code == 0, result.stderr
    headers = [pydicom.dcmread(file) for file in (tmp_path / "out").iterdir()]
    assert {(one.SyntheticData, one.PatientName == "ANONYMISED") for one in headers} == {("YES", True)}
    assert len(headers) == 12


def test_a_source_without_headers_is_a_secondary_capture_with_a_note_or_refused(command, recording, tmp_path):
    strict = command("interpolate", recording, "-o", tmp_path / "out", *DOUBLED, "--dicom", "strict")
    assert strict.exit_code == 3
    assert "this input has no DICOM headers" in strict.stderr
    assert not (tmp_path / "out").exists()
    result = command("interpolate", recording, "-o", tmp_path / "out", *DOUBLED, "--dicom")
    assert result.exit_code == 0, result.stderr
    assert "Note: The source has no DICOM headers: it was written as Secondary Capture" in result.stderr
    assert ti.read(tmp_path / "out").synthetic_frames == [1, 3, 5, 7]


def test_what_cannot_be_kept_is_refused_before_the_work(command, sequence, tmp_path, monkeypatch):
    monkeypatch.setattr("temporal_interp.workflows.interpolation.run", lambda *_, **__: pytest.fail("it worked"))
    holes = ti.Sequence.from_numpy(sequence.to_numpy().astype(np.float32), times=sequence.times)
    holes[1].array[0, 0, 0] = np.nan
    ti.write(holes, tmp_path / "holes.seq.nrrd")
    result = command("interpolate", tmp_path / "holes.seq.nrrd", "-o", tmp_path / "out", *DOUBLED, "--dicom")
    assert result.exit_code == 3
    assert "Frame 1" in result.stderr
    monkeypatch.setattr(stored, "MOST_BYTES", 100)
    result = command("interpolate", clip_file(tmp_path / "clip.dcm"), "-o", tmp_path / "out", *DOUBLED, "--dicom")
    assert result.exit_code == 3
    assert "no more than 4 GB" in result.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("force", [(), ("--force",)], ids=["new", "force"])
def test_a_folder_that_holds_files_needs_force(command, study, tmp_path, force):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "SYN00099.dcm").write_text("of an earlier series")
    result = command("interpolate", study, "-o", tmp_path / "out", *DOUBLED, "--dicom", *force)
    assert result.exit_code == (0 if force else 3), result.stderr
    assert (tmp_path / "out" / "SYN00099.dcm").exists() == (not force)


def test_a_folder_in_that_of_the_input_is_refused(command, study):
    result = command("interpolate", study, "-o", study / "out", *DOUBLED, "--dicom")
    assert result.exit_code == 3
    assert "lies in the input" in result.stderr
    assert not (study / "out").exists()


@pytest.mark.parametrize("option", ["--synthetic-only", "--anonymise"])
def test_options_of_dicom_alone_are_a_usage_error(command, study, tmp_path, option):
    result = command("interpolate", study, "-o", tmp_path / "out.seq.nrrd", *DOUBLED, option)
    assert result.exit_code == 2
    assert "are for --dicom" in result.stderr


def test_without_the_package_that_anonymises_nothing_is_done(command, study, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "dicomanonymizer", None)
    result = command("interpolate", study, "-o", tmp_path / "out", *DOUBLED, "--dicom", "--anonymise")
    assert result.exit_code == 3
    assert "pip install 'temporal-interp[anonymise]'" in result.stderr
    assert not (tmp_path / "out").exists()
