"""Single volumes."""

import sys

import nibabel
import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

from temporal_interp.data.provenance import Provenance
from temporal_interp.errors import InvalidInputError, MissingFileError, UnreadableFileError, UnwritableFileError
from temporal_interp.io import read_sequence, read_volume, read_volume_with_notes, write_volume
from temporal_interp.io.format_registry import volume_extensions

MARK = Provenance("velocity_field", 0.0, 40.0, 0.25, "folds=0").as_attributes()


@pytest.mark.parametrize("ending", volume_extensions())
@pytest.mark.parametrize("shape", [(2, 3, 4), (1, 3, 4)])
@pytest.mark.parametrize("dtype", ["int16", "uint8", "float32", "float64"])
def test_volume_comes_back(ending, shape, dtype, tmp_path, make_sequence):
    volume = make_sequence(shape=shape, dtype=dtype).volumes[1]
    write_volume(volume, tmp_path / f"v{ending}", MARK)
    back = read_volume(tmp_path / f"v{ending}")
    assert back.array.dtype == dtype
    np.testing.assert_array_equal(back.array, volume.array)
    assert back.geometry.is_close(volume.geometry)


@pytest.mark.parametrize("ending", [".nrrd", ".mha"])
def test_metadata_is_in_the_header(ending, tmp_path, make_sequence):
    write_volume(make_sequence().volumes[0], tmp_path / f"v{ending}", MARK)
    image = sitk.ReadImage(str(tmp_path / f"v{ending}"))
    assert {key: image.GetMetaData(key) for key in MARK} == MARK


@pytest.mark.parametrize(
    ("metadata", "mark"),
    [
        (MARK, "TemporalInterp: synthetic"),
        ({"TemporalInterp.SyntheticSlices": "all"}, "TemporalInterp: synthetic slices"),
        (None, ""),
        ({"A": "b"}, ""),
    ],
)
def test_synthetic_volume_is_marked_in_nifti(metadata, mark, tmp_path, make_sequence):
    write_volume(make_sequence().volumes[0], tmp_path / "v.nii.gz", metadata)
    assert sitk.ReadImage(str(tmp_path / "v.nii.gz")).GetMetaData("descrip") == mark


def test_volume_is_replaced_only_on_request(tmp_path, make_sequence):
    first, other = make_sequence().volumes[:2]
    write_volume(first, tmp_path / "v.nrrd")
    with pytest.raises(UnwritableFileError, match=r"v\.nrrd: this file exists"):
        write_volume(other, tmp_path / "v.nrrd")
    np.testing.assert_array_equal(read_volume(tmp_path / "v.nrrd").array, first.array)
    write_volume(other, tmp_path / "v.nrrd", overwrite=True)
    np.testing.assert_array_equal(read_volume(tmp_path / "v.nrrd").array, other.array)


def test_unknown_ending_is_refused(tmp_path, make_sequence):
    with pytest.raises(InvalidInputError, match=r"must end in \.nrrd"):
        write_volume(make_sequence().volumes[0], tmp_path / "v.jpg")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("ending", volume_extensions())
@pytest.mark.parametrize("share", [0.3, 0.8, 0.99])
def test_volume_cut_short_is_refused(ending, share, tmp_path, make_sequence):
    path = tmp_path / f"v{ending}"
    write_volume(make_sequence(shape=(4, 20, 30)).volumes[0], path)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(UnreadableFileError, match=rf"v\{ending}: "):
        read_volume(path)


def test_missing_file_folder_and_other_images_are_refused(tmp_path):
    with pytest.raises(MissingFileError, match="no such file"):
        read_volume(tmp_path / "absent.nrrd")
    with pytest.raises((InvalidInputError, UnreadableFileError), match="this is a folder"):
        read_volume(tmp_path)
    sitk.WriteImage(sitk.Image([4, 3, 2, 5], sitk.sitkInt16), str(tmp_path / "4d.nii.gz"))
    with pytest.raises(
        InvalidInputError, match=r"4d\.nii\.gz: this is a sequence of 5 frames, one volume was expected"
    ):
        read_volume(tmp_path / "4d.nii.gz")


def test_nan_in_nifti_stays(tmp_path):
    voxels = np.array([[[np.nan, np.inf], [-np.inf, -1024]]], np.float32)
    nibabel.save(nibabel.Nifti1Image(voxels.T, np.eye(4)), tmp_path / "ct.nii.gz")
    assert read_volume(tmp_path / "ct.nii.gz").array.tobytes() == voxels.tobytes()


def test_what_is_assumed_of_a_volume_can_be_asked_for(tmp_path):
    nibabel.save(nibabel.Nifti1Image(np.zeros((4, 3, 2), np.int16), None), tmp_path / "a.nii")
    volume, notes = read_volume_with_notes(tmp_path / "a.nii")
    assert volume.array.shape == (2, 3, 4)
    assert any("does not say where the voxels lie" in note for note in notes)
    sitk.WriteImage(sitk.Image([4, 3], sitk.sitkUInt8), str(tmp_path / "a.png"))
    assert read_volume_with_notes(tmp_path / "a.png")[1] == ()


NOT_TEXT = ("\udcfcbung.nrrd", "\udcfcbung.mha", "\udcfcbung/volume.nrrd", "\udcfcbung.png", "\udcfcbung.nii")


@pytest.mark.skipif(sys.platform != "linux", reason="names are text there")
@pytest.mark.parametrize("name", NOT_TEXT, ids=["nrrd", "mha", "folder", "png", "nii"])
def test_a_name_that_is_not_text_is_told_of_and_does_not_end_the_program(tmp_path, make_sequence, name):
    volume = make_sequence().volumes[0]
    write_volume(volume, tmp_path / "volume.nrrd")
    (tmp_path / name).parent.mkdir(exist_ok=True)
    with pytest.raises(UnwritableFileError, match="not text in UTF-8; choose another"):
        write_volume(volume, (tmp_path / name).with_suffix(".nrrd"))
    (tmp_path / "volume.nrrd").rename(tmp_path / name)
    for read in (read_volume, read_sequence):
        try:
            read(tmp_path / name)
        except UnreadableFileError as error:
            assert "\udcfcbung" in str(error)  # noqa: PT017 - or a reader of ours reads it
