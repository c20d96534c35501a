"""The images in a folder: what is looked at, passed over and refused."""

import shutil
from contextlib import suppress
from pathlib import Path

import pydicom
import pydicom.data
import pytest
from pydicom.uid import ImplicitVRLittleEndian

from dicom_files import assert_is_the_stack
from temporal_interp.errors import CancelledError, InvalidInputError, TemporalInterpError, UnreadableFileError
from temporal_interp.io import read_sequence
from temporal_interp.io.dicom import scan
from temporal_interp.io.dicom.sniff import begins_like_dicom

ODD_FILES = sorted(
    file
    for folder in ("test_files", "charset_files", "palettes")
    for file in (Path(pydicom.data.__file__).parent / folder).rglob("*")
    if file.is_file() and file.suffix != ".py"
)


def without_preamble(folder, *, meta):
    """Rewrite files as some archives keep them: without the preamble, and without any word on how they are written."""
    for path in folder.rglob("*.dcm"):
        dataset = pydicom.dcmread(path)
        if not meta:
            dataset.file_meta = pydicom.dataset.FileMetaDataset()
        dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
        dataset.save_as(path, implicit_vr=True, little_endian=True)
        content = path.read_bytes()
        start = content.index(b"\x08\x00\x16\x00")  # SOP Class UID
        path.write_bytes(content[start:] if not meta else content[132:])


@pytest.mark.parametrize("meta", [True, False])
@pytest.mark.parametrize("ending", [".dcm", ""])
def test_files_without_a_preamble_are_recognised_by_their_first_entry(meta, ending, dicom_folder, pixels_of):
    folder = dicom_folder()
    without_preamble(folder, meta=meta)
    for path in list(folder.rglob("*.dcm")):
        path.rename(path.with_suffix(ending))
    assert_is_the_stack(read_sequence(folder), pixels_of)


@pytest.mark.parametrize(
    "content",
    [b"", b"\x08\x00\x16\x00\x1a\x00\x00\x00", bytes(200), b"\x08\x00" + 200 * b"\xff", b"not DICOM at all " * 20],
)
def test_other_files_do_not_begin_like_dicom(content):
    assert not begins_like_dicom(content[:132])


def test_only_the_first_bytes_of_other_files_are_read(dicom_folder, pixels_of, monkeypatch):
    folder = dicom_folder()
    for number in range(20):
        (folder / f"notes{number}.txt").write_bytes(b"something else " * 100)
    looked_at = []
    usual = scan.read_partial
    monkeypatch.setattr(scan, "read_partial", lambda file, **how: looked_at.append(file.name) or usual(file, **how))
    assert_is_the_stack(read_sequence(folder), pixels_of)
    assert len(looked_at) == 12


def test_headers_are_read_without_the_pixels(dicom_folder):
    dataset = scan.read_header(next(dicom_folder().rglob("*.dcm")))
    assert "Rows" in dataset
    assert "PixelData" not in dataset


@pytest.mark.parametrize("file", ODD_FILES, ids=lambda file: file.name)
def test_odd_files_are_read_or_refused(file):
    with suppress(TemporalInterpError):
        assert len(read_sequence(file)) > 1


@pytest.mark.parametrize("named", [True, False])
def test_odd_files_beside_a_cine_do_not_stop_it(named, dicom_folder, pixels_of):
    folder = dicom_folder()
    clips = {
        "SC_rgb_rle_2frame.dcm",
        "SC_rgb_rle_16bit_2frame.dcm",
        "SC_rgb_rle_32bit_2frame.dcm",
        "examples_ybr_color.dcm",
    }
    for number, file in enumerate(ODD_FILES):
        if file.name not in clips:
            shutil.copy(file, folder / f"{number}{'.dcm' if named else ''}")
    sequence = read_sequence(folder, series="10,11,12")
    assert_is_the_stack(sequence, pixels_of)
    assert "Passed over: " in sequence.notes[-1]


def test_a_file_of_the_cine_that_cannot_be_used_is_refused_even_if_the_rest_is_whole(dicom_folder):
    """The images of a single slice do not show that one is missing."""

    def edit(dataset, slice_number, phase):
        if phase == 2:
            del dataset.PixelSpacing

    with pytest.raises(UnreadableFileError, match=r"PixelSpacing must be 2 numbers, it is missing\). It belongs to"):
        read_sequence(dicom_folder(edit, slices=1))


@pytest.mark.parametrize(
    ("entry", "value", "words"),
    [
        ("Rows", 0, "it has 0 Rows and 5 Columns"),
        ("PixelSpacing", [1e15, 1e15], r"PixelSpacing is 1e\+15 and 1e\+15 mm"),
        ("PixelSpacing", [0, 0], "PixelSpacing is 0 and 0 mm"),
        ("ImageOrientationPatient", [0, 0, 0, 0, 1, 0], "axis of zeros"),
        ("ImagePositionPatient", [1, 2], "ImagePositionPatient must be 3 numbers"),
        ("RescaleSlope", [1, 2], r"RescaleSlope is \[1\.0, 2\.0\], not a number"),
        ("NumberOfFrames", 10**9, "cut short"),
    ],
)
def test_an_entry_that_makes_no_sense_is_named(entry, value, words, dicom_folder):
    def edit(dataset, slice_number, phase):
        if (slice_number, phase) == (1, 2):
            setattr(dataset, entry, value)

    with pytest.raises((UnreadableFileError, InvalidInputError), match=words):
        read_sequence(dicom_folder(edit))


def test_progress_is_reported_and_can_cancel(dicom_folder, monkeypatch):
    monkeypatch.setattr(scan, "REPORTED", 5)
    reports = []
    read_sequence(dicom_folder(), progress=lambda fraction, message: reports.append((fraction, message)))
    assert reports[:2] == [(pytest.approx(4 / 12), "file 4 of 12"), (pytest.approx(9 / 12), "file 9 of 12")]

    def stop(fraction, message):
        raise CancelledError

    with pytest.raises(CancelledError):
        read_sequence(dicom_folder(name="again"), progress=stop)
