"""What is refused, replaced, left out and left behind; and what other programs say of the files."""

import shutil
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pydicom
import pytest

import temporal_interp as ti
from patient_files import clip_file, enhanced_file, patient_stack
from temporal_interp.errors import CancelledError, UnwritableFileError
from temporal_interp.io.dicom.writing import stored
from temporal_interp.io.dicom.writing.source import dicom_source
from temporal_interp.io.dicom.writing.write import require_storable


@pytest.fixture
def made(stack):
    return ti.interpolate(ti.read(stack), factor=2, engine="linear_blend")


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_only_synthetic_frames_are_written_where_that_is_asked_for(stack, made, tmp_path):
    ti.write_dicom(made, tmp_path / "out", source=stack, acquired=False)
    read = ti.read(tmp_path / "out")
    assert read.times == made.times[1::2]
    assert read.synthetic_frames == [0, 1, 2, 3]
    with pytest.raises(ti.InvalidInputError, match="no synthetic one"):
        ti.write_dicom(made.acquired(), tmp_path / "none", source=stack, acquired=False)


def test_a_folder_that_holds_something_is_refused_or_what_is_of_an_earlier_series_replaced(stack, made, tmp_path):
    folder = tmp_path / "out"
    ti.write_dicom(made, folder, source=stack)
    (folder / "notes.txt").write_text("keep")
    before = names(folder)
    with pytest.raises(UnwritableFileError, match="not empty"):
        ti.write_dicom(made, folder, source=stack)
    assert names(folder) == before
    ti.write_dicom(made, folder, source=stack, acquired=False, overwrite=True)
    assert names(folder) == [*(f"SYN{number:05d}.dcm" for number in range(1, 13)), "notes.txt"]
    assert len(ti.read(folder)) == 4


def test_what_is_cancelled_half_way_leaves_nothing(stack, made, tmp_path):
    def cancel(fraction, message):
        if fraction > 0.5:
            raise CancelledError

    with pytest.raises(CancelledError):
        ti.write_dicom(made, tmp_path / "new" / "out", source=stack, progress=cancel)
    assert names(tmp_path) == ["study"]


def cropped(made):
    return ti.Sequence.from_numpy(made.to_numpy()[..., 1:], times=made.times)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (cropped, "does not have the voxel grid of its DICOM source"),
        (lambda made: replace(made, unit="s"), "are in 's', those of its DICOM source in 'ms'"),
        (lambda made: replace(made, item_attributes=()), "frame 1 at 20 ms is not marked as synthetic"),
    ],
    ids=["cropped", "seconds", "unmarked"],
)
def test_a_sequence_that_is_not_made_from_the_source_is_refused(stack, made, tmp_path, change, message):
    with pytest.raises(ti.InvalidInputError, match=message):
        ti.write_dicom(change(made), tmp_path / "out", source=stack)
    assert names(tmp_path) == ["study"]


def test_a_series_among_several_is_named(tmp_path):
    patient_stack(tmp_path / "study" / "rest")
    patient_stack(
        tmp_path / "study" / "stress",
        lambda dataset, k, phase: (
            setattr(dataset, "SeriesInstanceUID", f"1.2.9.{k}")
            or setattr(dataset, "SeriesNumber", 40 + k)
            or setattr(dataset, "SeriesDescription", "stress")
        ),
    )
    source = dicom_source(tmp_path / "study", series="stress")
    assert source.descriptions == {"stress"}
    made = ti.interpolate(ti.read(tmp_path / "study", series="stress"), between=(0, 3), count=2, engine="linear_blend")
    ti.write_dicom(made, tmp_path / "out", source=source)
    assert ti.read(tmp_path / "out").times == (0, 40, 80, 120)


def test_what_is_written_can_be_the_source_again(stack, made, tmp_path):
    ti.write_dicom(made, tmp_path / "once", source=stack)
    again = ti.interpolate(ti.read(tmp_path / "once"), factor=4, engine="linear_blend")
    ti.write_dicom(again, tmp_path / "twice", source=tmp_path / "once")
    assert ti.read(tmp_path / "twice").synthetic_frames == again.synthetic_frames


@pytest.mark.parametrize("kind", ["single", "enhanced", "clip"])
def test_the_acquired_cine_goes_before_what_was_made_from_it(tmp_path, kind):
    source = SOURCES[kind](tmp_path / "study" / "acquired")
    made = ti.interpolate(ti.read(source), factor=2, engine="linear_blend")
    ti.write_dicom(made, tmp_path / "study" / "derived", source=source)
    read = ti.read(tmp_path / "study")
    assert (len(read), read.synthetic_frames) == (4, [])
    assert [note for note in read.notes if note.startswith("Left out:") and "SYNTHETIC frames" in note]
    assert len(ti.read(tmp_path / "study", series=1001).synthetic_frames) == len(made) // 2


def test_files_of_more_than_4_gb_are_refused_before_the_work(stack, tmp_path, monkeypatch):
    clip, single = clip_file(tmp_path / "clip.dcm"), dicom_source(stack)
    monkeypatch.setattr(stored, "MOST_BYTES", 100)
    with pytest.raises(ti.InvalidInputError, match="no more than 4 GB"):
        require_storable(ti.read(clip), dicom_source(clip), 6)
    require_storable(ti.read(clip), dicom_source(clip), 5)
    require_storable(ti.read(stack), single, 1000)


SOURCES = {
    "single": lambda folder: patient_stack(folder),
    "enhanced": lambda folder: enhanced_file(folder / "one.dcm").parent,
    "clip": lambda folder: clip_file(folder / "one.dcm").parent,
}

KNOWN_LATER = "(0x0008,0x001c)"
"""SyntheticData, which older editions of dciodvfy do not know."""


def complaints(file):
    said = subprocess.run(["dciodvfy", str(file)], capture_output=True, check=False)
    lines = (said.stdout + said.stderr).decode(errors="replace").splitlines()
    return {line for line in lines if line.startswith("Error") and KNOWN_LATER not in line}


@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="needs dciodvfy of dicom3tools")
@pytest.mark.parametrize("kind", SOURCES)
@pytest.mark.parametrize("anonymise", [False, True])
def test_dciodvfy_finds_no_error_that_the_source_does_not_have(tmp_path, written, kind, anonymise):
    source = SOURCES[kind](tmp_path / "study")
    known = set().union(*(complaints(file) for file in source.rglob("*.dcm")))
    written(source, anonymise=anonymise)
    files = sorted((tmp_path / "out").iterdir())
    assert set().union(*(complaints(file) for file in files[:6])) - known == set()


@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="needs dciodvfy of dicom3tools")
@pytest.mark.parametrize("slices", [1, 2])
def test_dciodvfy_finds_no_error_in_a_secondary_capture(tmp_path, slices):
    made = ti.Sequence.from_numpy(np.arange(3 * slices * 20, dtype=np.int16).reshape(3, slices, 4, 5), times=[0, 9, 20])
    ti.write_dicom(made, tmp_path / "out", source=None)
    assert complaints(tmp_path / "out" / "SYN00001.dcm") == set()


@pytest.mark.parametrize("kind", ["single", "enhanced"])
def test_dcm2niix_reads_the_same_geometry_and_frames(tmp_path, written, kind):
    pytest.importorskip("dcm2niix")
    source = SOURCES[kind](tmp_path / "study")
    for file in source.rglob("*.dcm"):
        one = pydicom.dcmread(file)
        one.EchoTime = 1.5  # images with several are several files to dcm2niix
        one.save_as(file)
    made = ti.interpolate(ti.read(source), factor=2, engine="linear_blend")
    written(source)
    command = [sys.executable, "-m", "dcm2niix", "-f", "one", "-o", str(tmp_path), str(tmp_path / "out")]
    subprocess.run(command, check=True, capture_output=True)
    read = ti.read(tmp_path / "one.nii")
    assert len(read) == len(made)
    for volume, other in zip(read, made, strict=True):
        assert by_place(volume) == by_place(other)


def by_place(volume):
    """Voxels by their place in mm, whatever the axes of the grid."""
    places = [tuple(np.round(volume.geometry.physical_point(at), 1) + 0.0) for at in np.ndindex(*volume.array.shape)]
    return dict(zip(places, volume.array.ravel().tolist(), strict=True))
