"""A folder with one file per frame and an index.csv."""

import csv

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

from temporal_interp.errors import InvalidInputError, MissingFileError, UnreadableFileError
from temporal_interp.io import read_sequence, write_sequence


@pytest.fixture
def loop(make_sequence):
    return make_sequence(period=100)


@pytest.fixture
def folder(tmp_path, loop):
    write_sequence(loop, tmp_path / "cine")
    return tmp_path / "cine"


def test_index_says_which_frames_are_synthetic_and_how_they_were_made(folder):
    with (folder / "index.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["number"] for row in rows] == ["0", "1", "2"]
    assert [row["file"] for row in rows] == ["frame_0000.nrrd", "frame_0001.nrrd", "frame_0002.nrrd"]
    assert [float(row["index_value"]) for row in rows] == [0, 33.3, 70]
    assert {row["unit"] for row in rows} == {"ms"}
    assert [row["synthetic"] for row in rows] == ["false", "true", "false"]
    assert [row["TemporalInterp.Engine"] for row in rows] == ["", "linear_blend", ""]
    assert rows[1]["TemporalInterp.T"] == "0.5"


def test_every_frame_is_a_volume_that_says_itself_whether_it_is_synthetic(folder, make_sequence):
    for number, synthetic in enumerate([False, True, False]):
        image = sitk.ReadImage(str(folder / f"frame_{number:04d}.nrrd"))
        np.testing.assert_array_equal(sitk.GetArrayFromImage(image), make_sequence().volumes[number].array)
        assert image.HasMetaDataKey("TemporalInterp.Synthetic") == synthetic


def test_folder_that_went_through_a_spreadsheet_is_read(folder, loop, assert_same):
    text = (folder / "index.csv").read_text(encoding="utf-8")
    (folder / "index.csv").write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert_same(read_sequence(folder), loop)


def test_folder_of_an_earlier_version_has_no_period(folder, make_sequence, assert_same):
    text = (folder / "index.csv").read_text()
    (folder / "index.csv").write_text(text.replace(",period,", ",").replace(",100.0,", ","))
    assert_same(read_sequence(folder), make_sequence())


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("33.3", "soon", "soon"),
        ("33.3", "nan", "finite"),
        ("33.3", "0.0", "must rise"),
        ("frame_0001.nrrd", "frame_0007.nrrd", r"frame_0007\.nrrd: there is no such file"),
        ("index_value", "time", "the columns number, file"),
        (",6.0,", ",thick,", "thick"),
        (",100.0,", ",long,", "long"),
        (",100.0,", ",60.0,", "period of a loop must be longer"),
        ("1,frame_0001.nrrd,", "1,", "in every line the columns"),
    ],
)
def test_damaged_index_is_refused(old, new, what, folder):
    text = (folder / "index.csv").read_text()
    assert old in text
    (folder / "index.csv").write_text(text.replace(old, new))
    with pytest.raises((InvalidInputError, MissingFileError, UnreadableFileError), match=what):
        read_sequence(folder)


@pytest.mark.parametrize("content", [b"", b"number,file\n", b"\xff\xfe\x00\x01"])
def test_index_that_is_none_is_refused(content, folder):
    (folder / "index.csv").write_bytes(content)
    with pytest.raises(UnreadableFileError, match=r"index\.csv"):
        read_sequence(folder)


def test_frame_cut_short_is_named(folder):
    path = folder / "frame_0002.nrrd"
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(UnreadableFileError, match=r"frame_0002\.nrrd: .*damaged"):
        read_sequence(folder)
